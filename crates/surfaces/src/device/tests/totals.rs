//! A device says what its day came to.

use super::transactions::{allowed, item, upload};
use super::*;
use crate::testing::OPERATOR_KEY;

fn totals(count: i64, amount: &str) -> Value {
    json!({
        "day": "2026-11-20", "currency": "SEK", "purchases": {"count": count, "amount": amount},
    })
}

/// What came of it, and the exceptions that there are: `differs: missing terminal-purchases`.
fn tell(world: &World, device: &Device, body: &Value) -> String {
    let reply = device.post(world, "/totals", body);
    let json = reply.json();
    let status = json["status"].as_str().unwrap_or_default().to_owned();
    let path = "/operator/v1/exceptions?status=open";
    let list = world.call("GET", path, OPERATOR_KEY, "").json();
    let exceptions =
        list["items"].as_array().unwrap().iter().map(|it| {
            format!("{} {}", it["reason"].as_str().unwrap(), it["kind"].as_str().unwrap())
        });
    let exceptions: Vec<String> = exceptions.collect();
    format!("{} {status}: {}", reply.status, exceptions.join(", "))
}

#[test]
fn what_agrees_is_kept_and_known_again() {
    let world = world();
    let device = allowed(&world);
    upload(&world, &device, &[item("1", "99.50"), item("2", "0.50"), item("1", "99.50")]);
    // Booked once, however often it is uploaded.
    upload(&world, &device, &[item("2", "0.50")]);
    assert_eq!(tell(&world, &device, &totals(2, "100.00")), "200 agrees: ");
    let again = device.post(&world, "/totals", &totals(2, "100"));
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(again.json()["booked"], json!({"count": 2, "amount": "100.00"}));
    let other = device.post(&world, "/totals", &totals(2, "100.01"));
    assert_eq!(other.status, 409, "{other:?}");
    assert!(other.body.contains("totals-differ"));
    // Another currency, and another day, are told for themselves.
    let eur = with(&totals(0, "0"), "currency", "EUR".into());
    assert_eq!(tell(&world, &device, &eur), "200 agrees: ");
    let before = with(&totals(0, "0"), "day", "2026-11-19".into());
    assert_eq!(tell(&world, &device, &before), "200 agrees: ");
}

#[test]
fn what_differs_is_looked_at() {
    for (uploaded, told, expected) in [
        ("99.50", totals(1, "99.51"), "200 differs: amount-differs terminal-purchases"),
        ("99.50", totals(2, "99.50"), "200 differs: amount-differs terminal-purchases"),
        ("99.50", totals(0, "0"), "200 differs: missing terminal-purchases"),
        ("", totals(1, "5.00"), "200 differs: extra terminal-purchases"),
        (
            "99.50",
            with(&totals(1, "99.50"), "refunds", json!({"count": 1, "amount": "1.00"})),
            "200 differs: extra terminal-refunds",
        ),
    ] {
        let world = world();
        let device = allowed(&world);
        if !uploaded.is_empty() {
            upload(&world, &device, &[item("1", uploaded)]);
        }
        assert_eq!(tell(&world, &device, &told), expected);
        device.post(&world, "/totals", &told);
        assert_eq!(tell(&world, &device, &told), expected, "it is found once");
        let list = world.call("GET", "/operator/v1/exceptions", OPERATOR_KEY, "").json();
        let one = &list["items"][0];
        assert_eq!((&one["seller_number"], &one["day"]), (&"3".into(), &"2026-11-20".into()));
    }
}

#[test]
fn totals_must_be_in_order_and_the_terminals_own() {
    let world = world();
    let device = allowed(&world);
    let good = totals(1, "1.00");
    for bad in [
        json!({}),
        json!([]),
        with(&good, "day", "2026-11-22".into()),
        with(&good, "day", "1969-12-31".into()),
        with(&good, "day", "20261120".into()),
        with(&good, "currency", "XXX".into()),
        with(&good, "purchases", Value::Null),
        with(&good, "purchases", json!({"count": -1, "amount": "1.00"})),
        with(&good, "purchases", json!({"count": 1, "amount": "-1.00"})),
        with(&good, "purchases", json!({"count": 1, "amount": "0.001"})),
        with(&good, "purchases", json!({"count": 1, "amount": 1})),
        with(&good, "purchases", json!({"count": 0, "amount": "1.00"})),
        with(&good, "purchases", json!({"count": 1, "amount": "0"})),
        with(&good, "purchases", json!({"count": 1, "amount": "1.00", "more": 1})),
        with(&good, "purchases", json!({"count": 1, "amount": "99999999999999999999"})),
        with(&good, "more", 1.into()),
    ] {
        assert_eq!(device.post(&world, "/totals", &bad).status, 400, "{bad}");
    }
    let body = good.to_string();
    for token in ["", "kdt_1_none", "kdt_999_none", OPERATOR_KEY] {
        let reply = world.call("POST", "/device/v1/totals", token, &body);
        assert_eq!(reply.status, 401, "{token}");
    }
}

#[test]
fn what_is_uploaded_late_is_looked_at_again() {
    let world = world();
    let device = allowed(&world);
    upload(&world, &device, &[item("1", "99.50")]);
    let told = totals(2, "100.00");
    let differs = "200 differs: amount-differs terminal-purchases";
    assert_eq!(tell(&world, &device, &told), differs);
    // What was found stays on the list until somebody has dealt with it.
    upload(&world, &device, &[item("2", "0.50")]);
    assert_eq!(tell(&world, &device, &told), differs.replace("differs:", "agrees:"));
    let list = world.call("GET", "/operator/v1/exceptions?status=open", OPERATOR_KEY, "").json();
    let id = list["items"][0]["id"].as_str().unwrap();
    let path = format!("/operator/v1/exceptions/{id}/resolve");
    let body = r#"{"means":"accepted","note":"It came late"}"#;
    assert_eq!(world.call("POST", &path, OPERATOR_KEY, body).status, 200);
    assert_eq!(tell(&world, &device, &told), "200 agrees: ");
    // One more, of which the terminal did not know: found anew, and once.
    for _ in 0..2 {
        upload(&world, &device, &[item("3", "1.00")]);
        assert_eq!(tell(&world, &device, &told), differs);
    }
}
