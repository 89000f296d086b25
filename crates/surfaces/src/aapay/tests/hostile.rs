//! No request, however malformed, breaks anything: property tests that throw bytes and mutated
//! bodies at every POST and never see a status of 500 or above.

use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;

use super::*;
use crate::testing::basic;

/// Values that have broken parsers before.
const ODD: [&str; 24] = [
    "null",
    "true",
    "0",
    "-0",
    "1e400",
    "-1",
    "0.001",
    "1e-400",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"..\"",
    "[]",
    "{}",
    "[[[]]]",
    "{\"a\":{}}",
    "\"2026-02-30\"",
    "\"SEK\"",
    "123456",
    "\"\u{202e}\"",
    "1.0",
];

fn posts() -> Vec<(&'static str, String)> {
    let keyed = "/ms/aapay/v2/transaction/payment/initializeWithIdempotency";
    let mut full = on_card("T-1");
    full["ecr2Naa"]["order"] = json!({ "items": [{ "name": "Ägg", "quantity": 1 }], "amount": 1 });
    full["additionalProperties"] = json!([{ "key": "k", "value": "v" }]);
    full["trigger"] = json!("0");
    full["batch"] = json!(1);
    let reversal = with(on_card("V-1"), "/originalReference", json!("T-1"));
    let refund = with(on_card("R-1"), "/originalReference", json!("1"));
    let merchant = json!({
        "merchantId": "A", "prefix": "P", "name": "N", "active": 0, "createdBy": "me",
        "countryCode": "SE", "merchantCategoryCode": "5411"
    });
    let agreement = json!({ "userId": "me", "agreementLineDto": [{
        "lineFromType": "SWISH_E_COM", "lineFromId": "M3", "lineToType": "SWISH_ID",
        "lineToId": "1"
    }] });
    [
        ("/ms/aapay/v2/transaction/payment/initialize", payment()),
        (keyed, full),
        ("/ms/aapay/v2/transaction/reversal/initialize", reversal),
        ("/ms/aapay/v2/transaction/refund/initialize", refund),
        ("/ms/naa/admin/customer/v1/merchant", merchant),
        ("/ms/map/identifier/create", agreement),
    ]
    .map(|(path, body)| (path, body.to_string()))
    .into()
}

fn post(world: &World, path: &str, body: Vec<u8>) -> Reply {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", basic(CONSUMER)));
    world.send(request.body(Body::from(body)).unwrap())
}

fn assert_answered(reply: &Reply) {
    match reply.status {
        201 | 202 => drop(reply.json()),
        400..=499 => drop(faults(reply)),
        status => panic!("{status} {reply:?}"),
    }
}

#[test]
fn every_place_takes_every_odd_value() {
    let world = world();
    for (path, body) in posts() {
        let whole: Value = serde_json::from_str(&body).unwrap();
        let mut places = Vec::new();
        walk(&whole, String::new(), &mut places);
        for place in places {
            for odd in ODD {
                // What is no JSON value by itself stands where a text stood.
                let mut mutated = whole.clone();
                *mutated.pointer_mut(&place).unwrap() = json!("@odd@");
                let mutated = mutated.to_string().replace("\"@odd@\"", odd);
                assert_answered(&post(&world, path, mutated.into_bytes()));
            }
        }
    }
}

fn walk(value: &Value, at: String, places: &mut Vec<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        walk(inner, format!("{at}/{name}"), places);
    }
    for (number, inner) in value.as_array().into_iter().flatten().enumerate() {
        walk(inner, format!("{at}/{number}"), places);
    }
    places.push(at);
}

#[test]
fn any_bytes_are_answered() {
    let world = world();
    let posts = posts();
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    runner(500)
        .run(&(0..posts.len(), bytes), |(at, bytes)| {
            assert_answered(&post(&world, posts[at].0, bytes));
            Ok(())
        })
        .unwrap();
}

#[test]
fn mutated_bodies_are_answered() {
    let world = world();
    let posts = posts();
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), edit()), 1..4);
    runner(1_500)
        .run(&(0..posts.len(), edits), |(at, edits)| {
            let (path, body) = &posts[at];
            let mut bytes = body.clone().into_bytes();
            for (at, edit) in edits {
                apply(edit, &mut bytes, at);
            }
            assert_answered(&post(&world, path, bytes));
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_path_and_header_is_answered() {
    let world = world();
    let part = "[a-zA-Z0-9%/?&=.;~+:@!$'(),*_-]{0,40}";
    runner(1_500)
        .run(&(0..6_usize, part), |(at, part)| {
            let start = [
                "/ms/",
                "/ms/aapay/v2/transaction/",
                "/ms/aapay/v2/transaction/1/status?",
                "/ms/naa/terminal/method/list/",
                "/ms/naa/terminal/method/list/M3/1?exclude=",
                "/ms/map/identifier/delete/from/",
            ][at];
            for method in ["GET", "POST", "DELETE"] {
                for bearer in [basic(CONSUMER), part.clone()] {
                    let request = Request::builder()
                        .method(method)
                        .uri(format!("{start}{part}"))
                        .header("authorization", format!("Bearer {bearer}"))
                        .header("idempotency-key", part.as_str());
                    let Ok(request) = request.body(Body::empty()) else { continue };
                    let reply = world.send(request);
                    if ![200, 204].contains(&reply.status) {
                        assert_answered(&reply);
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_form_is_answered() {
    let world = world();
    let part = "[a-z_]{0,8}(grant_type|client_id|client_secret|=|&|%|\\+|[ -~åÅ]){0,12}";
    runner(500)
        .run(&(part, any::<bool>()), |(part, is_form)| {
            let media_type = if is_form { "application/x-www-form-urlencoded" } else { "a/b" };
            let request = Request::post("/oauth2/token").header("content-type", media_type);
            let reply = world.send(request.body(Body::from(part)).unwrap());
            assert!([400, 401].contains(&reply.status), "{reply:?}");
            assert!(reply.json()["error"].is_string());
            Ok(())
        })
        .unwrap();
}

/// A change of a body.
#[derive(Clone, Debug)]
enum Edit {
    Set(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Odd(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        any::<u8>().prop_map(Edit::Set),
        prop::sample::select(b"{}[],:\"\\ue-+.0 ".to_vec()).prop_map(Edit::Set),
        proptest::collection::vec(any::<u8>(), 1..6).prop_map(Edit::Insert),
        (1_usize..20).prop_map(Edit::Remove),
        (0..ODD.len()).prop_map(Edit::Odd),
    ]
}

fn apply(edit: Edit, bytes: &mut Vec<u8>, at: prop::sample::Index) {
    if bytes.is_empty() {
        return;
    }
    let at = at.index(bytes.len());
    match edit {
        Edit::Set(byte) => bytes[at] = byte,
        Edit::Insert(new) => drop(bytes.splice(at..at, new)),
        Edit::Remove(count) => drop(bytes.drain(at..(at + count).min(bytes.len()))),
        // Over the value that follows the next colon.
        Edit::Odd(odd) => {
            let Some(colon) = bytes[at..].iter().position(|byte| *byte == b':') else { return };
            let start = at + colon + 1;
            let end = bytes[start..].iter().position(|byte| b",}".contains(byte));
            let end = end.map_or(bytes.len(), |end| start + end);
            drop(bytes.splice(start..end, ODD[odd].bytes()));
        }
    }
}

/// A runner whose cases are the same in every run.
fn runner(cases: u32) -> proptest::test_runner::TestRunner {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}
