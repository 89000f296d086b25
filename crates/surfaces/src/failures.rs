//! What clients are told when the store fails: never a decline, and a repeat always finds out.

use serde_json::json;

use crate::testing::{Mood, OPERATOR_KEY, Reply, TOKEN, World};
use crate::{Options, router};

const AUTHORIZATIONS: &str = "/ledger/card-transaction/v1/100/authorizations";
const ACCOUNTS: &str = "/operator/v1/accounts";

fn world() -> World {
    World::new(|platform| router(platform, Options::default()))
}

fn authorize(world: &World) -> Reply {
    let body = json!({
        "sourceAuthorizationTransactionId": "f-1", "sellerNumber": "654", "cardToken": "5646735165",
        "type": "purchase", "pointOfSale": "Testshop", "authorizationAmount": 300, "currency": "SEK"
    });
    world.call("POST", AUTHORIZATIONS, TOKEN, &body.to_string())
}

fn open_account(world: &World) -> Reply {
    let body = json!({
        "company_number": "100", "currency": "SEK", "credit_limit": "1.00", "holder": "Astrid"
    });
    let request = axum::http::Request::post(ACCOUNTS)
        .header("authorization", format!("Bearer {OPERATOR_KEY}"))
        .header("content-type", "application/json")
        .header("idempotency-key", "f-1");
    world.send(request.body(body.to_string().into()).unwrap())
}

fn add_customer(world: &World) -> Reply {
    let body = json!({ "name": "Åkes 🦊", "organisation_number": "1" });
    let request = axum::http::Request::post("/operator/v1/customers")
        .header("authorization", format!("Bearer {OPERATOR_KEY}"))
        .header("content-type", "application/json")
        .header("idempotency-key", "f-1");
    world.send(request.body(body.to_string().into()).unwrap())
}

/// Asks while the store is in `mood`, then again when it is well; checks both answers' status, the
/// first one's type, and whether the second is a repeat of what had been done.
#[track_caller]
fn check(
    ask: fn(&World) -> Reply,
    mood: Mood,
    (status, kind): (u16, &str),
    was_done: bool,
) -> Reply {
    let world = world();
    *world.mood.lock().unwrap() = mood;
    let failed = ask(&world);
    assert_eq!(failed.status, status, "{failed:?}");
    assert_eq!(failed.header("content-type"), "application/problem+json");
    let body = failed.json();
    let shown = body.get("Type").or(body.get("type")).unwrap();
    assert!(shown.as_str().unwrap().ends_with(kind), "{body}");
    *world.mood.lock().unwrap() = Mood::Fine;
    let again = ask(&world);
    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!(again.headers.contains_key("idempotent-replayed"), was_done, "{again:?}");
    failed
}

#[test]
fn a_batch_that_the_store_refused_may_be_sent_again() {
    let refused = (503, "service-unavailable");
    let reply = check(authorize, Mood::Refuses, refused, false);
    assert_eq!(reply.header("retry-after"), "1");
    for ask in [open_account, add_customer] {
        let reply = check(ask, Mood::Refuses, (503, "not-done"), false);
        assert_eq!(reply.header("retry-after"), "1");
    }
}

#[test]
fn an_outcome_that_is_not_known_is_not_a_decline() {
    let reply = check(authorize, Mood::LosesTheNews, (503, "outcome-unknown"), true);
    assert_eq!(reply.header("retry-after"), "1");
    check(open_account, Mood::LosesTheNews, (504, "outcome-unknown"), true);
    check(add_customer, Mood::LosesTheNews, (504, "outcome-unknown"), true);
}

#[test]
fn a_bug_is_answered_in_the_contracts_shape_and_did_nothing() {
    check(authorize, Mood::Panics, (500, "internal-error"), false);
    check(open_account, Mood::Panics, (500, "internal-error"), false);
    check(add_customer, Mood::Panics, (500, "internal-error"), false);
}
