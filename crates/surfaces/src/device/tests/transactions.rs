//! A device uploads what it accepted offline.

use super::*;
use crate::testing::{BEGIN, CARD, CARD_500, CARD_BLOCKED, CARD_EUR, OPERATOR_KEY};

/// A device that may accept purchases of at most 100.00 SEK offline, three at most.
pub(super) fn allowed(world: &World) -> Device {
    configure(
        world,
        3,
        &[
            ("currency", "SEK"),
            ("deferred_authorization.enabled", "true"),
            ("deferred_authorization.max_transaction_count", "3"),
            ("deferred_authorization.max_transaction_amount", "10000"),
            ("deferred_authorization.max_total_amount", "20000"),
            ("deferred_authorization.supported_card_entry_modes", "chip,contactless"),
        ],
    );
    Device::new(world)
}

pub(super) fn item(id: &str, amount: &str) -> Value {
    json!({
        "id": id, "card_token": CARD, "amount": amount, "currency": "SEK", "entry_mode": "chip",
        "accepted_at": "2026-11-20T10:00:00Z",
    })
}

pub(super) fn upload(world: &World, device: &Device, items: &[Value]) -> Reply {
    device.post(world, "/transactions", &json!({ "transactions": items }))
}

/// What became of each item: its status or its reason, and whether it was known.
#[track_caller]
fn outcomes(reply: &Reply) -> Vec<(String, bool)> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let items = body["transactions"].as_array().unwrap().iter();
    let word = |item: &Value| {
        assert_eq!(item["status"] == "posted", item["transaction_id"].is_string(), "{item}");
        let word = item.get("reason").unwrap_or(&item["status"]);
        (word.as_str().unwrap().to_owned(), item["replayed"].as_bool().unwrap())
    };
    items.map(word).collect()
}

fn debt(world: &World) -> Value {
    let path = format!("/operator/v1/accounts/{}", world.account);
    world.call("GET", &path, OPERATOR_KEY, "").json()["debt"].clone()
}

#[test]
fn purchases_are_booked_once_however_often_they_are_uploaded() {
    let world = world();
    let device = allowed(&world);
    let items = [item("1", "99.50"), item("2", "0.01")];
    let first = upload(&world, &device, &items);
    assert_eq!(outcomes(&first), [("posted".to_owned(), false), ("posted".to_owned(), false)]);
    assert_eq!(debt(&world), "99.51");
    let again = upload(&world, &device, &items);
    assert_eq!(outcomes(&again), [("posted".to_owned(), true), ("posted".to_owned(), true)]);
    assert_eq!(debt(&world), "99.51");
    let ids = |reply: &Reply| {
        let body = reply.json();
        let items = body["transactions"].as_array().unwrap().iter();
        items.map(|item| item["transaction_id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ids(&again));
    let changed = upload(&world, &device, &[item("1", "98")]);
    assert_eq!(outcomes(&changed), [("id_used_before".to_owned(), false)]);
}

#[test]
fn a_booking_is_found_on_the_card_ledger_by_terminal_and_id() {
    let world = world();
    let device = allowed(&world);
    let mut bought = item("A-1", "99.50");
    bought["receipt"] = "Kvitto åäö".into();
    upload(&world, &device, &[bought]);
    let id = &device.terminal.terminal_id;
    let path = format!("/ledger/card-transaction/v1/100/purchases/{id}-A-1");
    let reply = world.call("GET", &path, crate::testing::TOKEN, "");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.body.contains("\"amount\":99.50"), "{}", reply.body);
    assert_eq!(reply.json()["sellerReceiptId"], "Kvitto åäö");
}

#[test]
fn each_item_has_its_own_answer() {
    let world = world();
    let device = allowed(&world);
    for (field, value, expected) in [
        ("amount", "100.01", "amount_exceeded"),
        ("amount", "0", "amount_invalid"),
        ("amount", "0.001", "amount_invalid"),
        ("entry_mode", "manual", "entry_mode"),
        ("entry_mode", "magnetic_stripe", "entry_mode"),
        ("currency", "EUR", "currency"),
        ("card_token", "no-such-card", "card_unknown"),
        ("card_token", CARD_EUR, "currency_not_supported"),
        ("card_token", crate::testing::CARD_200, "card_unknown"),
    ] {
        let items = [with(&item("bad", "1"), field, value.into()), item("good", "1")];
        let outcomes = outcomes(&upload(&world, &device, &items));
        assert_eq!((outcomes[0].0.as_str(), outcomes[1].0.as_str()), (expected, "posted"));
    }
    // The money has moved: neither a block nor a limit keeps it from being booked.
    for (id, card) in [("blocked", CARD_BLOCKED), ("over", CARD_500)] {
        let items = [with(&item(id, "100"), "card_token", card.into())];
        assert_eq!(outcomes(&upload(&world, &device, &items))[0].0, "posted");
    }
}

#[test]
fn an_upload_is_bounded_as_the_terminal_is() {
    let world = world();
    let device = allowed(&world);
    let four = ["a", "b", "c", "d"].map(|id| item(id, "1"));
    let found = outcomes(&upload(&world, &device, &four));
    assert_eq!(found[3], ("count_exceeded".to_owned(), false));
    assert_eq!(outcomes(&upload(&world, &device, &four))[3].0, "count_exceeded");
    let sum = [item("e", "100"), item("f", "100"), item("g", "0.01")];
    assert_eq!(outcomes(&upload(&world, &device, &sum))[2].0, "total_exceeded");
    configure(&world, 3, &[("deferred_authorization.enabled", "false")]);
    let found = outcomes(&upload(&world, &device, &[item("a", "1"), item("h", "1")]));
    assert_eq!(found, [("posted".to_owned(), true), ("not_allowed".to_owned(), false)]);
}

#[test]
fn a_terminal_may_accept_nothing_offline_unless_it_is_told_so() {
    let world = world();
    let device = Device::new(&world);
    assert_eq!(outcomes(&upload(&world, &device, &[item("a", "1")]))[0].0, "not_allowed");
}

#[test]
fn an_inactive_terminal_uploads_nothing() {
    let world = world();
    let device = allowed(&world);
    change(&world, &device.terminal, TerminalStep::Deactivate);
    let reply = upload(&world, &device, &[item("a", "1")]);
    assert_eq!(problem(&reply), (403, "terminal-not-active".to_owned()));
    assert_eq!(debt(&world), "0.00");
}

#[test]
fn every_field_is_checked_at_its_edge() {
    let world = world();
    let device = allowed(&world);
    for (field, bad) in [
        ("id", Value::Null),
        ("id", json!("")),
        ("id", json!("i".repeat(33))),
        ("id", json!("a b")),
        ("id", json!("å")),
        ("card_token", Value::Null),
        ("card_token", json!("c".repeat(65))),
        ("amount", Value::Null),
        ("amount", json!(1)),
        ("amount", json!("-1")),
        ("amount", json!("1e2")),
        ("currency", Value::Null),
        ("currency", json!("sek")),
        ("currency", json!("XYZ")),
        ("entry_mode", Value::Null),
        ("entry_mode", json!("nfc")),
        ("accepted_at", Value::Null),
        ("accepted_at", json!("2026-11-20")),
        ("accepted_at", json!("1999-12-31T23:59:59.999Z")),
        ("accepted_at", json!("2026-11-21T11:00:00.001Z")),
        ("receipt", json!("")),
        ("receipt", json!("r".repeat(51))),
        ("pan", json!("4111111111111111")),
    ] {
        let items = [item("0", "1"), with(&item("1", "1"), field, bad)];
        refuses_field(&upload(&world, &device, &items), &format!("/transactions/1/{field}"));
    }
    assert_eq!(debt(&world), "0.00", "a faulty upload books nothing");
    let mut edge = item(&"i".repeat(32), "1");
    edge["receipt"] = "r".repeat(50).into();
    edge["accepted_at"] = "2026-11-21T11:00:00Z".into();
    let mut old = item("old", "1");
    old["accepted_at"] = "2000-01-01T00:00:00Z".into();
    let found = outcomes(&upload(&world, &device, &[edge, old]));
    assert!(found.iter().all(|(word, _)| word == "posted"), "{found:?}");
    assert_eq!(BEGIN, "2026-11-20T11:00:00.000Z", "the edge above is a day after it");
}

#[test]
fn the_list_is_checked_at_its_edge() {
    let world = world();
    let device = allowed(&world);
    let send =
        |value: Value| device.post(&world, "/transactions", &json!({ "transactions": value }));
    for bad in [Value::Null, json!([]), json!({}), json!(vec![item("a", "1"); 201])] {
        refuses_field(&send(bad), "/transactions");
    }
    refuses_field(&send(json!([item("a", "1"), 7])), "/transactions/1");
    // As many as there may be, each as long as it may be, fit into one body.
    let longest = |number: usize| {
        let mut item = item(&format!("{number:032}"), "1");
        item["card_token"] = "c".repeat(64).into();
        item["receipt"] = "å".repeat(50).into();
        item["entry_mode"] = "magnetic_stripe".into();
        item["accepted_at"] = "2026-11-20T10:00:00.000000+01:00".into();
        item
    };
    let all: Vec<Value> = (0..200).map(longest).collect();
    assert_eq!(outcomes(&send(all.into())).len(), 200);
    let long = "x".repeat(200 * 1024);
    let reply = device.post(&world, "/transactions", &json!({ "transactions": long }));
    assert_eq!(problem(&reply), (413, "payload-too-large".to_owned()));
}
