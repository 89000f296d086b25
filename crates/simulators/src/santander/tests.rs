//! The loan contract, call by call.

use serde_json::{Value, json};

use super::signature;
use crate::psp::PspName;
use crate::script::Outcome;
use crate::testing::{DELAY_MS, Expected, Trial, header, once, said, set};
use crate::truth::{Effect, Standing};

const CREATE: &str = "POST /applications";

fn trial() -> Trial {
    Trial::new(PspName::Santander, &[("authorization", "Bearer s3cret"), ("host", "psp:1")])
}

fn application() -> Value {
    json!({
        "merchantId": "m-1",
        "orderId": "order-1",
        "amount": 100_000,
        "currency": "SEK",
        "country": "SE",
        "customer": { "nationalId": "19900101-0017" },
        "orderLines": [
            { "name": "Sofa", "grossAmount": 90_000 },
            { "name": "Freight", "grossAmount": 10_000 },
        ],
        "returnUrl": "https://shop.example/ok",
        "cancelUrl": "https://shop.example/cancel",
        "callbackUrl": "https://shop.example/loan",
    })
}

/// A trial in which `order-1` is approved, and the path of its application.
fn approved() -> (Trial, String) {
    let mut trial = trial();
    let made = trial.send(CREATE, &application(), 201);
    trial.wait(DELAY_MS);
    (trial, format!("/applications/{}", made["applicationId"].as_str().unwrap()))
}

fn status(trial: &mut Trial, path: &str) -> Value {
    trial.send(&format!("GET {path}"), &Value::Null, 200)["status"].clone()
}

fn check_code(trial: &mut Trial, call: &str, body: &Value, status: u16, code: &str) {
    let answer = trial.send(call, body, status);
    assert_eq!(answer["code"], code, "{call}: {answer}");
}

#[test]
fn a_loan_is_approved_delivered_and_refunded() {
    let mut trial = trial();
    let made = trial.send(CREATE, &application(), 201);
    assert_eq!(made["status"], "CREATED");
    let id = made["applicationId"].as_str().unwrap().to_owned();
    assert_eq!(made["redirectUrl"], format!("http://psp:1/santander/pay/{id}"));
    let path = format!("/applications/{id}");
    assert_eq!(status(&mut trial, &path), "WAITING_FOR_CONSUMER");
    trial.wait(DELAY_MS / 2);
    assert_eq!(status(&mut trial, &path), "WAITING_FOR_BANK");
    let callbacks = trial.wait(DELAY_MS);
    assert_eq!(callbacks.len(), 1);
    let expected = json!({ "applicationId": id, "orderId": "order-1", "status": "APPROVED" });
    assert_eq!(said(&callbacks[0]), expected);
    let signed = ("x-signature".to_owned(), signature("s3cret", &callbacks[0].body));
    assert!(callbacks[0].headers.contains(&signed));
    trial.check_standing("order-1", Standing::Reserved);

    let deliver = format!("POST {path}/deliver");
    assert_eq!(trial.send(&deliver, &json!({ "amount": 60_000 }), 200)["status"], "DELIVERED");
    assert_eq!(trial.send(&deliver, &json!({ "amount": 40_000 }), 200)["status"], "DELIVERED");
    let refund = json!({ "amount": 100_000, "reference": "refund-1" });
    let answer = trial.send(&format!("POST {path}/refund"), &refund, 200);
    assert_eq!(
        (&answer["status"], &answer["refundedAmount"]),
        (&json!("REFUNDED"), &json!(100_000),)
    );
    assert_eq!(answer["refunds"][0]["reference"], "refund-1");
    assert_eq!(answer["redirectUrl"], Value::Null);
    assert_eq!(status(&mut trial, &path), "REFUNDED");
    let told = said(&trial.wait(DELAY_MS)[0]);
    assert_eq!((&told["status"], &told["reference"]), (&json!("REFUNDED"), &json!("refund-1")));
    let truth = trial.truth("order-1");
    assert_eq!((truth.standing, truth.reserved), (Standing::Paid, once(100_000)));
    assert_eq!(truth.captured, Effect { times: 2, amount_minor: 100_000 });
    assert_eq!(truth.refunded, once(100_000));
    assert_eq!(trial.truth("refund-1").standing, Standing::Paid);
}

#[test]
fn signatures_are_those_of_hmac() {
    // RFC 4231, test case 2.
    let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(signature("Jefe", "what do ya want for nothing?"), expected);
}

#[test]
fn creation_is_refused_for_each_field() {
    let cases = [
        ("merchantId", Value::Null, 400, "INVALID_FIELD"),
        ("orderId", json!(""), 400, "INVALID_FIELD"),
        ("amount", json!("1"), 400, "INVALID_FIELD"),
        ("currency", json!("kr"), 400, "INVALID_FIELD"),
        ("country", Value::Null, 400, "INVALID_FIELD"),
        ("customer", json!("x"), 400, "INVALID_FIELD"),
        ("orderLines", json!("x"), 400, "INVALID_FIELD"),
        ("orderLines.0.grossAmount", Value::Null, 400, "INVALID_FIELD"),
        ("callbackUrl", json!("x"), 400, "INVALID_FIELD"),
        ("orderLines.0.grossAmount", json!(1), 400, "INVALID_FIELD"),
        ("country", json!("DE"), 400, "INVALID_FIELD"),
        ("currency", json!("USD"), 422, "AMOUNT_LIMIT"),
    ];
    for (field, value, status, code) in cases {
        check_code(&mut trial(), CREATE, &set(application(), field, value), status, code);
    }
    check_code(&mut trial(), CREATE, &json!([]), 400, "INVALID_FIELD");
    let bare = set(application(), "orderLines", json!([]));
    for (amount, status) in [(53_999, 422), (54_000, 201), (10_000_000, 201), (10_000_001, 422)] {
        trial().send(CREATE, &set(bare.clone(), "amount", json!(amount)), status);
    }
}

#[test]
fn a_secret_is_wanted_and_keeps_others_out() {
    for credentials in ["", "Bearer ", "Basic abc"] {
        let answer = trial().answer(CREATE, &[("authorization", credentials)], &application());
        assert_eq!(answer.status, 401, "{credentials}");
    }
    let (mut trial, path) = approved();
    let other = [("authorization", "Bearer other")];
    for call in [format!("GET {path}"), format!("POST {path}/cancel")] {
        assert_eq!(trial.answer(&call, &other, &Value::Null).status, 404, "{call}");
    }
    let found = trial.answer("GET /applications?orderId=order-1", &other, &Value::Null);
    assert_eq!(found.body, r#"{"applications":[]}"#);
}

#[test]
fn each_outcome_of_an_application() {
    let row =
        |outcome, status, callbacks, standing| Expected { outcome, status, callbacks, standing };
    let rows = [
        row(Outcome::Approve, Some(201), (0, 1), Standing::Reserved),
        row(Outcome::Decline, Some(201), (0, 1), Standing::Declined),
        row(Outcome::Refuse, Some(422), (0, 0), Standing::Refused),
        row(Outcome::Cancel, Some(201), (0, 1), Standing::Cancelled),
        row(Outcome::Expire, Some(201), (0, 1), Standing::Expired),
        row(Outcome::Error, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Silence, Some(201), (0, 0), Standing::Reserved),
        row(Outcome::LoseRequest, None, (0, 0), Standing::Unknown),
        row(Outcome::LoseResponse, None, (0, 0), Standing::Waiting),
        row(Outcome::CallbackFirst, Some(201), (1, 1), Standing::Reserved),
        row(Outcome::CallbackTwice, Some(201), (0, 2), Standing::Reserved),
        row(Outcome::CallbackOnly, None, (0, 1), Standing::Reserved),
    ];
    for expected in rows {
        let mut trial = trial();
        trial.script(expected.outcome);
        let key = [("idempotency-key", "k1")];
        let (answer, first) = trial.send_with(CREATE, &key, &application());
        assert_eq!(answer.map(|answer| answer.status), expected.status, "{expected:?}");
        let callbacks = (first.len(), first.len() + trial.wait(DELAY_MS).len());
        assert_eq!(callbacks, expected.callbacks, "{expected:?}");
        trial.check_standing("order-1", expected.standing);
        // Whatever became of it, a repetition makes it one application.
        assert_eq!(trial.answer(CREATE, &key, &application()).status, 201, "{expected:?}");
        trial.wait(DELAY_MS);
        assert!(trial.truth("order-1").reserved.times <= 1, "{expected:?}");
        let found = trial.send("GET /applications?orderId=order%2D1", &Value::Null, 200);
        assert_eq!(found["applications"].as_array().unwrap().len(), 1, "{expected:?}");
    }
}

#[test]
fn a_lost_address_is_found_by_repeating_or_by_reading() {
    let key = [("idempotency-key", "k1")];
    for call in [CREATE, "GET /applications?orderId=order-1"] {
        let mut trial = trial();
        trial.script(Outcome::LoseResponse);
        assert_eq!(trial.send_with(CREATE, &key, &application()).0, None);
        assert!(trial.wait(DELAY_MS).is_empty());
        trial.check_standing("order-1", Standing::Waiting);
        trial.answer(call, &key, &application());
        assert_eq!(trial.wait(DELAY_MS).len(), 1, "{call}");
        assert_eq!(trial.truth("order-1").reserved, once(100_000), "{call}");
    }
    let mut trial = trial();
    trial.script(Outcome::LoseResponse);
    trial.send_with(CREATE, &key, &application());
    assert_eq!(said(&trial.wait(super::application::OPEN_MS)[0])["status"], "EXPIRED");
}

#[test]
fn a_key_is_for_one_thing() {
    let (mut trial, path) = approved();
    let key = [("idempotency-key", "k1")];
    let deliver = format!("POST {path}/deliver");
    let first = trial.answer(&deliver, &key, &json!({ "amount": 500 }));
    assert_eq!(trial.answer(&deliver, &key, &json!({ "amount": 500 })), first);
    assert_eq!(trial.answer(&deliver, &key, &json!({ "amount": 501 })).status, 422);
    assert_eq!(trial.truth("order-1").captured, once(500));
}

#[test]
fn money_moves_only_as_it_may() {
    let (mut trial, path) = approved();
    let call = |what: &str| format!("POST {path}/{what}");
    let amount = |amount: i64| json!({ "amount": amount, "reference": "refund-1" });
    check_code(&mut trial, &call("deliver"), &amount(0), 400, "INVALID_FIELD");
    check_code(&mut trial, &call("deliver"), &amount(100_001), 422, "AMOUNT_EXCEEDED");
    check_code(&mut trial, &call("refund"), &amount(1), 422, "AMOUNT_EXCEEDED");
    check_code(&mut trial, &call("nonsense"), &amount(1), 404, "NOT_FOUND");
    trial.send(&call("deliver"), &amount(30_000), 200);
    // What is not delivered is let go.
    assert_eq!(trial.send(&call("cancel"), &Value::Null, 200)["status"], "DELIVERED");
    check_code(&mut trial, &call("deliver"), &amount(1), 409, "NOT_ALLOWED");
    check_code(&mut trial, &call("cancel"), &Value::Null, 409, "NOT_ALLOWED");
    check_code(&mut trial, &call("refund"), &amount(30_001), 422, "AMOUNT_EXCEEDED");
    check_code(&mut trial, &call("refund"), &json!({ "amount": 1 }), 400, "INVALID_FIELD");
    trial.send(&call("refund"), &amount(1), 200);
    assert_eq!(status(&mut trial, &path), "DELIVERED");

    let (mut trial, path) = approved();
    trial.send(&format!("POST {path}/cancel"), &Value::Null, 200);
    assert_eq!(status(&mut trial, &path), "CANCELLED");
    trial.check_standing("order-1", Standing::Cancelled);
    trial.send("GET /applications/none", &Value::Null, 404);
    check_code(&mut trial, "GET /applications", &Value::Null, 400, "INVALID_FIELD");
}

#[test]
fn each_outcome_of_a_refund() {
    let rows = [
        (Outcome::Approve, Some(200), (0, 1)),
        (Outcome::Decline, Some(422), (0, 0)),
        (Outcome::Refuse, Some(422), (0, 0)),
        (Outcome::Cancel, Some(422), (0, 0)),
        (Outcome::Expire, Some(422), (0, 0)),
        (Outcome::Error, Some(422), (0, 0)),
        (Outcome::Silence, Some(200), (0, 0)),
        (Outcome::LoseRequest, None, (0, 0)),
        (Outcome::LoseResponse, None, (0, 1)),
        (Outcome::CallbackFirst, Some(200), (1, 1)),
        (Outcome::CallbackTwice, Some(200), (0, 2)),
        (Outcome::CallbackOnly, None, (0, 1)),
    ];
    for (outcome, status, callbacks) in rows {
        let (mut trial, path) = approved();
        trial.send(&format!("POST {path}/deliver"), &json!({ "amount": 100_000 }), 200);
        trial.script(outcome);
        let call = format!("POST {path}/refund");
        let key = [("idempotency-key", "k1")];
        let body = json!({ "amount": 500, "reference": "refund-1" });
        let (answer, first) = trial.send_with(&call, &key, &body);
        assert_eq!(answer.map(|answer| answer.status), status, "{outcome:?}");
        let found = (first.len(), first.len() + trial.wait(DELAY_MS).len());
        assert_eq!(found, callbacks, "{outcome:?}");
        assert_eq!(trial.answer(&call, &key, &body).status, 200, "{outcome:?}");
        assert_eq!(trial.truth("order-1").refunded, once(500), "{outcome:?}");
    }
}

#[test]
fn a_person_can_be_the_applicant() {
    let mut trial = trial();
    let made = trial.send(CREATE, &application(), 201);
    let page = format!("/pay/{}", made["applicationId"].as_str().unwrap());
    assert!(trial.answer(&format!("GET {page}"), &[], &Value::Null).body.contains("<form"));
    let answer = trial.click(&page, "decline");
    assert_eq!(header(&answer, "location"), "https://shop.example/cancel");
    assert_eq!(said(&trial.wait(DELAY_MS)[0])["status"], "DECLINED");
}
