//! Goal: a card of our own ledger pays as any other method does, and the ledger shows it.

use super::*;
use crate::testing::{CARD_500, CARD_BLOCKED, OPERATOR_KEY};

fn balance(world: &World) -> (String, String) {
    let path = format!("/operator/v1/accounts?card_token={CARD}");
    let account = world.call("GET", &path, OPERATOR_KEY, "").json()["items"][0].clone();
    let text = |name: &str| account[name].as_str().unwrap().to_owned();
    (text("debt"), text("reserved_amount"))
}

#[test]
fn a_card_pays_at_once_or_is_held() {
    let world = world();
    let reply = initialize(&world, "payment", &on_card("T-1"));
    assert_eq!(reply.status, 202, "{reply:?}");
    let body = reply.json();
    let transaction = &body["response"]["request"]["transaction"];
    assert_eq!(transaction["state"], "FINALIZED");
    assert_eq!(
        (&transaction["accountState"], &body["response"]["extendedResponseCode"]),
        (&json!("COMMIT"), &json!(0))
    );
    assert_eq!(balance(&world), ("100.00".to_owned(), "0.00".to_owned()));
    let held = initialize(&world, "payment", &without(on_card("T-2"), "/ecr2Naa"));
    let body = held.json();
    let transaction = &body["response"]["request"]["transaction"];
    assert_eq!((held.status, &transaction["state"]), (202, &json!("RESERVED")));
    assert_eq!(transaction["accountState"], "ROLLBACK");
    assert_eq!(body["response"]["extendedResponseCode"], 0);
    assert_eq!(balance(&world), ("100.00".to_owned(), "100.00".to_owned()));
    assert!(world.psps.seen.lock().unwrap().is_empty(), "nobody is called");
}

#[test]
fn a_card_that_cannot_pay_is_refused() {
    let world = world();
    for (card, sum) in
        [(CARD_500, amount(50_001, 0)), (CARD_BLOCKED, amount(1, 0)), ("no card", amount(1, 0))]
    {
        let body = with(on_card(card), "/consumer/consumerId", json!(card));
        let reply = initialize(&world, "payment", &with(body, "/purchaseAmount", sum));
        assert_eq!(reply.status, 201, "{card} {reply:?}");
        let body = reply.json();
        let state = &body["response"]["request"]["transaction"]["state"];
        assert_eq!((&body["valid"], state), (&json!(false), &json!("REJECTED")));
        assert!(body["response"]["naa2Ecr"]["additionalInfo"].is_string());
    }
}
