//! No request, however malformed, breaks anything: property tests that throw bytes and mutated
//! bodies at every POST and never see a status of 500 or above but the documented ones.

use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;

use super::*;

/// The places that take a body.
const POSTS: [&str; 6] = [
    "authorizations",
    "purchases",
    "cash-withdrawals",
    "reversals",
    "purchases/offline-1/corrections",
    "authorizations/ZZZZZZ/cancellations",
];

/// Values that have broken parsers before.
const ODD: [&str; 22] = [
    "null",
    "true",
    "0",
    "-0",
    "1e400",
    "-1",
    "0.001",
    "1e-400",
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

fn post(world: &World, path: &str, body: Vec<u8>) -> Reply {
    let request = Request::builder()
        .method("POST")
        .uri(format!("{V1}/{path}"))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {TOKEN}"));
    world.send(request.body(Body::from(body)).unwrap())
}

/// Well-formed answers only; 501 is the one status above 499 that a request can bring about.
fn assert_answered(reply: &Reply) {
    let location = reply.header("location");
    match reply.status {
        201 => assert!(location.starts_with(V1), "{reply:?}"),
        400..=499 | 501 => drop(reply.problem()),
        status => panic!("{status} {reply:?}"),
    }
}

fn good_bodies() -> Vec<(&'static str, String)> {
    vec![
        (POSTS[0], authorization(json!({ "validToDate": "2026-11-21", "channel": "POS" }))),
        (POSTS[1], offline(json!({ "withdrawalAmount": 1, "pointOfSale": "x" }))),
        (
            POSTS[1],
            purchase(
                "ZZZZZZ",
                json!({ "additionalReferences": {
            "acquirerBatchId": "b", "acquirerTransactionId": "t" } }),
            ),
        ),
        (POSTS[4], correction(json!({ "date": "2026-11-20" }))),
        (POSTS[5], json!({ "cancellationDate": "2026-11-20" }).to_string()),
    ]
}

#[test]
fn every_field_takes_every_odd_value() {
    let world = world();
    for (path, body) in good_bodies() {
        let body: Value = serde_json::from_str(&body).unwrap();
        for (name, value) in body.as_object().unwrap() {
            for odd in ODD {
                let mutated = body.to_string().replacen(
                    &format!("{}:{value}", json!(name)),
                    &format!("{}:{odd}", json!(name)),
                    1,
                );
                assert!(mutated.contains(odd), "{name} {odd}");
                assert_answered(&post(&world, path, mutated.into_bytes()));
            }
            for (inner, value) in value.as_object().into_iter().flatten() {
                for odd in ODD {
                    let mutated = body.to_string().replacen(
                        &format!("{}:{value}", json!(inner)),
                        &format!("{}:{odd}", json!(inner)),
                        1,
                    );
                    assert_answered(&post(&world, path, mutated.into_bytes()));
                }
            }
        }
    }
}

#[test]
fn any_bytes_are_answered() {
    let world = world();
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    runner(1_000)
        .run(&(0..POSTS.len(), bytes), |(at, bytes)| {
            assert_answered(&post(&world, POSTS[at], bytes));
            Ok(())
        })
        .unwrap();
}

#[test]
fn mutated_bodies_are_answered() {
    let world = world();
    let bodies = good_bodies();
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<Edit>()), 1..4);
    runner(3_000)
        .run(&(0..bodies.len(), edits), |(at, edits)| {
            let (path, body) = &bodies[at];
            let mut bytes = body.clone().into_bytes();
            for (at, edit) in edits {
                edit.apply(&mut bytes, at);
            }
            assert_answered(&post(&world, path, bytes));
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_path_and_query_is_answered() {
    let world = world();
    let part = "[a-zA-Z0-9%/?&=.;~+:@!$'(),*_-]{0,40}";
    runner(2_000)
        .run(&(0..7_usize, part), |(at, part)| {
            let start = [
                "/ledger/",
                "/ledger/card-transaction/v1/",
                "/ledger/card-transaction/v1/100/",
                "/ledger/card-transaction/v1/100/purchases/",
                "/ledger/card-transaction/v1/100/purchases?",
                "/ledger/card-transaction/v1/100/authorizations/",
                "/ledger/card-transaction/v1/100/authorizations?after=",
            ][at];
            let path = format!("{start}{part}");
            for method in ["GET", "POST"] {
                let Ok(request) = Request::builder()
                    .method(method)
                    .uri(&path)
                    .header("authorization", format!("Bearer {TOKEN}"))
                    .body(Body::empty())
                else {
                    continue;
                };
                let reply = world.send(request);
                if reply.status != 200 {
                    assert_answered(&reply);
                }
            }
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

impl Arbitrary for Edit {
    type Parameters = ();
    type Strategy = BoxedStrategy<Edit>;

    fn arbitrary_with((): ()) -> BoxedStrategy<Edit> {
        prop_oneof![
            any::<u8>().prop_map(Edit::Set),
            prop::sample::select(b"{}[],:\"\\ue-+.0 ".to_vec()).prop_map(Edit::Set),
            proptest::collection::vec(any::<u8>(), 1..6).prop_map(Edit::Insert),
            (1_usize..20).prop_map(Edit::Remove),
            (0..ODD.len()).prop_map(Edit::Odd),
        ]
        .boxed()
    }
}

impl Edit {
    fn apply(self, bytes: &mut Vec<u8>, at: prop::sample::Index) {
        if bytes.is_empty() {
            return;
        }
        let at = at.index(bytes.len());
        match self {
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
}

/// A runner whose cases are the same in every run.
fn runner(cases: u32) -> proptest::test_runner::TestRunner {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}
