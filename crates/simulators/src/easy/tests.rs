//! Nexi Checkout, call by call.

use serde_json::{Value, json};

use crate::psp::PspName;
use crate::script::Outcome;
use crate::testing::{DELAY_MS, Expected, Trial, header, once, said, set};
use crate::truth::{Effect, Standing};
use crate::wire::Callback;

const CREATE: &str = "POST /v1/payments";
const EVENTS: [&str; 6] = [
    "payment.reservation.created.v2",
    "payment.reservation.failed",
    "payment.charge.created.v2",
    "payment.cancel.created",
    "payment.refund.completed",
    "payment.refund.failed",
];

fn trial() -> Trial {
    Trial::new(PspName::Easy, &[("authorization", "secret-key"), ("host", "psp:1")])
}

fn payment() -> Value {
    let webhooks: Vec<Value> = EVENTS
        .iter()
        .map(|event| {
            json!({
                "eventName": event,
                "url": "https://shop.example/easy",
                "authorization": "0123456789abcdef",
                "headers": [{ "X-More": "1" }],
            })
        })
        .collect();
    json!({
        "order": {
            "amount": 25_000,
            "currency": "DKK",
            "reference": "order-1",
            "items": [{
                "reference": "1",
                "name": "Lamp",
                "quantity": 2,
                "unit": "pcs",
                "unitPrice": 10_000,
                "taxRate": 2500,
                "taxAmount": 5000,
                "netTotalAmount": 20_000,
                "grossTotalAmount": 25_000,
            }],
        },
        "checkout": {
            "integrationType": "HostedPaymentPage",
            "returnUrl": "https://shop.example/ok?a=1",
            "cancelUrl": "https://shop.example/cancel",
            "termsUrl": "https://shop.example/terms",
        },
        "notifications": { "webHooks": webhooks },
    })
}

fn charged_at_once() -> Value {
    set(payment(), "checkout.charge", json!(true))
}

/// A trial in which `order-1` was made and its payer has acted, and the path of its payment.
fn paid(body: &Value) -> (Trial, String) {
    let mut trial = trial();
    let made = trial.send(CREATE, body, 201);
    trial.wait(DELAY_MS);
    (trial, format!("/v1/payments/{}", made["paymentId"].as_str().unwrap()))
}

fn read(trial: &mut Trial, path: &str) -> Value {
    trial.send(&format!("GET {path}"), &Value::Null, 200)["payment"].clone()
}

fn events(callbacks: &[Callback]) -> Vec<Value> {
    callbacks.iter().map(|callback| said(callback)["event"].clone()).collect()
}

fn check_code(trial: &mut Trial, call: &str, body: &Value, status: u16, code: &str) {
    let answer = trial.send(call, body, status);
    assert_eq!(answer["code"], code, "{call}: {answer}");
}

#[test]
fn a_payment_is_reserved_charged_and_refunded() {
    let mut trial = trial();
    let made = trial.send(CREATE, &payment(), 201);
    let id = made["paymentId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 32);
    assert_eq!(made["hostedPaymentPageUrl"], format!("http://psp:1/easy/pay/{id}"));
    let path = format!("/v1/payments/{id}");
    assert_eq!(read(&mut trial, &path)["summary"], json!({}));
    let callbacks = trial.wait(DELAY_MS);
    assert_eq!(events(&callbacks), ["payment.reservation.created.v2"]);
    let told = said(&callbacks[0]);
    assert_eq!(told["data"]["amount"], json!({ "amount": 25_000, "currency": "DKK" }));
    assert_eq!(told["data"]["paymentId"], id);
    assert!(told["merchantNumber"].is_number() && told["merchantId"].is_null());
    let headers = &callbacks[0].headers;
    assert!(headers.contains(&("authorization".to_owned(), "0123456789abcdef".to_owned())));
    assert!(headers.contains(&("x-more".to_owned(), "1".to_owned())));
    assert_eq!(read(&mut trial, &path)["summary"], json!({ "reservedAmount": 25_000 }));
    trial.check_standing("order-1", Standing::Reserved);

    let charge = trial.send(&format!("POST {path}/charges"), &json!({ "amount": 25_000 }), 201);
    let callbacks = trial.wait(0);
    assert_eq!(events(&callbacks), ["payment.charge.created.v2"]);
    assert_eq!(said(&callbacks[0])["data"]["orderItems"][0]["name"], "Lamp");
    let refund = json!({ "amount": 9000, "myReference": "refund-1" });
    let call = format!("POST /v1/charges/{}/refunds", charge["chargeId"].as_str().unwrap());
    trial.send(&call, &refund, 201);
    assert_eq!(read(&mut trial, &path)["refunds"][0]["refundState"], "Pending");
    trial.check_standing("refund-1", Standing::Waiting);
    assert_eq!(events(&trial.wait(DELAY_MS)), ["payment.refund.completed"]);
    let after = read(&mut trial, &path);
    assert_eq!(after["refunds"][0]["refundState"], "Completed");
    let summary = json!({
        "reservedAmount": 25_000, "chargedAmount": 25_000, "refundedAmount": 9000,
    });
    assert_eq!(after["summary"], summary);
    assert_eq!(trial.truth("refund-1").refunded, once(9000));
    let truth = trial.truth("order-1");
    assert_eq!((truth.standing, truth.captured), (Standing::Paid, once(25_000)));
}

#[test]
fn creation_is_refused_for_each_field() {
    let cases = [
        ("order.amount", Value::Null),
        ("order.amount", json!(-1)),
        ("order.currency", json!("dkk")),
        ("order.reference", json!("x".repeat(129))),
        ("order.items.0.name", Value::Null),
        ("order.items.0.unitPrice", json!("1")),
        ("order.items.0.quantity", Value::Null),
        ("order.items.0.netTotalAmount", json!(1)),
        ("order.items.0.taxAmount", json!(1)),
        ("checkout.integrationType", json!("Fax")),
        ("checkout.returnUrl", Value::Null),
        ("checkout.termsUrl", json!("x")),
        ("checkout.cancelUrl", json!("x")),
        ("notifications.webHooks.0.eventName", json!("payment.forgotten")),
        ("notifications.webHooks.0.url", json!("x")),
        ("notifications.webHooks.0.authorization", json!("short")),
        ("notifications.webHooks.0.authorization", json!("with-dashes-in-it")),
    ];
    for (field, value) in cases {
        let answer = trial().send(CREATE, &set(payment(), field, value), 400);
        assert!(answer["errors"].is_object(), "{field}: {answer}");
    }
    let other_sum = set(payment(), "order.amount", json!(24_999));
    check_code(&mut trial(), CREATE, &other_sum, 400, "1005");
    let no_items = set(payment(), "order.items", json!([]));
    assert!(trial().send(CREATE, &no_items, 400)["errors"]["order.items"].is_array());
    trial().send(CREATE, &json!([]), 400);
}

#[test]
fn the_key_stands_alone() {
    for key in ["", "Bearer secret-key"] {
        let answer = trial().answer(CREATE, &[("authorization", key)], &payment());
        assert_eq!(answer.status, 401, "{key}");
    }
}

#[test]
fn each_outcome_of_a_payment() {
    let row =
        |outcome, status, callbacks, standing| Expected { outcome, status, callbacks, standing };
    let rows = [
        row(Outcome::Approve, Some(201), (0, 2), Standing::Paid),
        row(Outcome::Decline, Some(201), (0, 1), Standing::Declined),
        row(Outcome::Refuse, Some(402), (0, 0), Standing::Refused),
        row(Outcome::Cancel, Some(201), (0, 1), Standing::Cancelled),
        row(Outcome::Expire, Some(201), (0, 0), Standing::Expired),
        row(Outcome::Error, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Silence, Some(201), (0, 0), Standing::Paid),
        row(Outcome::LoseRequest, None, (0, 0), Standing::Unknown),
        row(Outcome::LoseResponse, None, (0, 0), Standing::Waiting),
        row(Outcome::CallbackFirst, Some(201), (2, 2), Standing::Paid),
        row(Outcome::CallbackTwice, Some(201), (0, 4), Standing::Paid),
        row(Outcome::CallbackOnly, None, (0, 2), Standing::Paid),
    ];
    for expected in rows {
        let mut trial = trial();
        trial.script(expected.outcome);
        let (answer, first) = trial.send_with(CREATE, &[], &charged_at_once());
        assert_eq!(answer.map(|answer| answer.status), expected.status, "{expected:?}");
        let callbacks = (first.len(), first.len() + trial.wait(DELAY_MS).len());
        assert_eq!(callbacks, expected.callbacks, "{expected:?}");
        let truth = trial.truth("order-1");
        assert_eq!(truth.standing, expected.standing, "{expected:?}");
        let times = u32::from(expected.standing == Standing::Paid);
        assert_eq!((truth.reserved.times, truth.captured.times), (times, times), "{expected:?}");
    }
}

#[test]
fn nobody_pays_before_the_address_is_there() {
    let mut trial = trial();
    trial.simulator.set_latency(5000);
    trial.send(CREATE, &payment(), 201);
    assert!(trial.wait(5000 + DELAY_MS - 1).is_empty());
    assert_eq!(trial.wait(1).len(), 1);
}

#[test]
fn a_decline_is_told_from_a_failure() {
    let cases = [(Outcome::Decline, "33", "Issuer"), (Outcome::Error, "1022", "Internal")];
    for (outcome, code, source) in cases {
        let mut trial = trial();
        trial.script(outcome);
        let made = trial.send(CREATE, &payment(), 201);
        let callbacks = trial.wait(DELAY_MS);
        assert_eq!(events(&callbacks), ["payment.reservation.failed"]);
        let error = said(&callbacks[0])["data"]["error"].clone();
        assert_eq!((&error["code"], &error["source"]), (&json!(code), &json!(source)));
        assert!(said(&callbacks[0])["merchantId"].is_number());
        let path = format!("/v1/payments/{}", made["paymentId"].as_str().unwrap());
        assert_eq!(read(&mut trial, &path)["terminated"], Value::Null);
        trial.send(&format!("PUT {path}/terminate"), &Value::Null, 204);
        assert!(read(&mut trial, &path)["terminated"].is_string());
        trial.check_standing(
            "order-1",
            if code == "33" { Standing::Declined } else { Standing::Failed },
        );
    }
}

#[test]
fn only_registered_events_are_told() {
    let few = set(
        payment(),
        "notifications.webHooks",
        json!([{
            "eventName": "payment.created",
            "url": "https://shop.example/easy",
            "authorization": "0123456789abcdef",
        }]),
    );
    let mut trial = trial();
    trial.send(CREATE, &few, 201);
    assert_eq!(events(&trial.wait(DELAY_MS)), ["payment.created"]);
    let mut silent = few;
    silent.as_object_mut().unwrap().remove("notifications");
    trial.send(CREATE, &silent, 201);
    assert!(trial.wait(DELAY_MS).is_empty());
    assert_eq!(trial.truth("order-1").reserved, Effect { times: 2, amount_minor: 50_000 });
}

#[test]
fn what_is_given_up_is_terminated() {
    for outcome in [Outcome::Cancel, Outcome::Expire] {
        let mut trial = trial();
        trial.script(outcome);
        let made = trial.send(CREATE, &payment(), 201);
        let visits: Vec<String> = trial.wait(DELAY_MS).into_iter().map(|it| it.url).collect();
        let expected: &[&str] =
            if outcome == Outcome::Cancel { &["https://shop.example/cancel"] } else { &[] };
        assert_eq!(visits, expected, "{outcome:?}");
        let path = format!("/v1/payments/{}", made["paymentId"].as_str().unwrap());
        assert!(read(&mut trial, &path)["terminated"].is_string());
        check_code(
            &mut trial,
            &format!("POST {path}/charges"),
            &json!({ "amount": 1 }),
            402,
            "1003",
        );
    }
}

#[test]
fn money_moves_only_as_it_may() {
    let (mut trial, path) = paid(&payment());
    let call = |what: &str| format!("POST {path}/{what}");
    let amount = |amount: i64| json!({ "amount": amount });
    check_code(&mut trial, &call("charges"), &amount(0), 402, "1002");
    check_code(&mut trial, &call("charges"), &amount(25_001), 402, "1001");
    check_code(&mut trial, &call("cancels"), &amount(1), 402, "1007");
    check_code(&mut trial, &call("refunds"), &amount(1), 402, "1009");
    check_code(&mut trial, &format!("PUT {path}/terminate"), &Value::Null, 402, "1004");
    let items = json!({ "amount": 100, "orderItems": [{ "grossTotalAmount": 99 }] });
    check_code(&mut trial, &call("charges"), &items, 402, "1005");
    let first = trial.send(&call("charges"), &amount(10_000), 201);
    check_code(&mut trial, &call("cancels"), &amount(25_000), 402, "1008");
    trial.send(&call("charges"), &amount(15_000), 201);
    check_code(&mut trial, &call("charges"), &amount(1), 402, "1008");
    let of_charge = format!("POST /v1/charges/{}/refunds", first["chargeId"].as_str().unwrap());
    check_code(&mut trial, &of_charge, &amount(10_001), 402, "1009");
    check_code(&mut trial, "POST /v1/charges/none/refunds", &amount(1), 402, "1011");
    check_code(&mut trial, &call("refunds"), &amount(25_001), 402, "1009");
    trial.send(&call("refunds"), &amount(25_000), 201);
    check_code(&mut trial, &call("refunds"), &amount(1), 402, "1023");
    trial.send("POST /v1/payments/none/charges", &amount(1), 404);
    trial.send("POST /v1/payments/none/refunds", &amount(1), 404);
    trial.send("GET /v1/payments/none", &Value::Null, 404);
    trial.send(&call("charges"), &json!({}), 400);
}

#[test]
fn a_reservation_is_let_go() {
    let (mut trial, path) = paid(&payment());
    let call = format!("POST {path}/cancels");
    trial.send(&call, &json!({ "amount": 25_000 }), 204);
    let callbacks = trial.wait(0);
    assert_eq!(events(&callbacks), ["payment.cancel.created"]);
    assert!(said(&callbacks[0])["data"]["cancelId"].is_string());
    check_code(&mut trial, &call, &json!({ "amount": 25_000 }), 402, "1019");
    let summary = json!({ "reservedAmount": 25_000, "cancelledAmount": 25_000 });
    assert_eq!(read(&mut trial, &path)["summary"], summary);
    trial.check_standing("order-1", Standing::Cancelled);
}

#[test]
fn a_key_charges_once() {
    let (mut trial, path) = paid(&payment());
    let call = format!("POST {path}/charges");
    let key = [("idempotency-key", "k1")];
    let first = trial.answer(&call, &key, &json!({ "amount": 500 }));
    assert_eq!(first.status, 201);
    assert_eq!(trial.answer(&call, &key, &json!({ "amount": 500 })), first);
    let other = trial.answer(&call, &key, &json!({ "amount": 501 }));
    assert!(other.status == 402 && other.body.contains("1026"), "{other:?}");
    assert_eq!(trial.truth("order-1").captured, once(500));
    let long = "k".repeat(65);
    let answer = trial.answer(&call, &[("idempotency-key", &long)], &json!({ "amount": 1 }));
    assert_eq!(answer.status, 400);
}

#[test]
fn each_outcome_of_a_refund() {
    let row =
        |outcome, status, callbacks, standing| Expected { outcome, status, callbacks, standing };
    let rows = [
        row(Outcome::Approve, Some(201), (0, 1), Standing::Paid),
        row(Outcome::Decline, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Refuse, Some(402), (0, 0), Standing::Refused),
        row(Outcome::Cancel, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Expire, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Error, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Silence, Some(201), (0, 0), Standing::Paid),
        row(Outcome::LoseRequest, None, (0, 0), Standing::Unknown),
        row(Outcome::LoseResponse, None, (0, 1), Standing::Paid),
        row(Outcome::CallbackFirst, Some(201), (1, 1), Standing::Paid),
        row(Outcome::CallbackTwice, Some(201), (0, 2), Standing::Paid),
        row(Outcome::CallbackOnly, None, (0, 1), Standing::Paid),
    ];
    for expected in rows {
        let (mut trial, path) = paid(&charged_at_once());
        trial.script(expected.outcome);
        let call = format!("POST {path}/refunds");
        let body = json!({ "amount": 25_000, "myReference": "refund-1" });
        let key = [("idempotency-key", "k1")];
        let (answer, first) = trial.send_with(&call, &key, &body);
        let status = answer.map(|answer| answer.status);
        assert_eq!(status, expected.status, "{expected:?}");
        let callbacks = (first.len(), first.len() + trial.wait(DELAY_MS).len());
        assert_eq!(callbacks, expected.callbacks, "{expected:?}");
        trial.check_standing("refund-1", expected.standing);
        // A repetition under the same key never makes it two.
        assert_eq!(trial.answer(&call, &key, &body).status, 201, "{expected:?}");
        trial.wait(DELAY_MS);
        assert!(trial.truth("order-1").refunded.times <= 1, "{expected:?}");
        let other = trial.answer(&call, &key, &json!({ "amount": 1 }));
        assert!(other.body.contains("1027"), "{other:?}");
    }
}

#[test]
fn a_pending_refund_can_be_taken_back() {
    let (mut trial, path) = paid(&charged_at_once());
    let body = json!({ "amount": 100, "myReference": "refund-1" });
    let made = trial.send(&format!("POST {path}/refunds"), &body, 201);
    let call = format!("POST /v1/pending-refunds/{}/cancel", made["refundId"].as_str().unwrap());
    trial.send(&call, &Value::Null, 204);
    check_code(&mut trial, &call, &Value::Null, 402, "1025");
    assert!(trial.wait(DELAY_MS).is_empty());
    trial.check_standing("refund-1", Standing::Cancelled);
    assert_eq!(trial.truth("order-1").refunded, Effect::default());
    trial.send("POST /v1/pending-refunds/none/cancel", &Value::Null, 404);
}

#[test]
fn references_can_be_changed() {
    let (mut trial, path) = paid(&payment());
    trial.send(&format!("PUT {path}/myreference"), &json!({ "myReference": "m" }), 204);
    let body = json!({ "reference": "order-2", "checkoutUrl": "https://shop.example/c" });
    trial.send(&format!("PUT {path}/referenceinformation"), &body, 204);
    let after = read(&mut trial, &path);
    assert_eq!(
        (&after["myReference"], &after["orderDetails"]["reference"]),
        (&json!("m"), &json!("order-2"),)
    );
}

#[test]
fn a_person_can_be_the_payer() {
    let mut trial = trial();
    let made = trial.send(CREATE, &payment(), 201);
    let id = made["paymentId"].as_str().unwrap();
    let page = format!("/pay/{id}");
    let shown = trial.answer(&format!("GET {page}"), &[], &Value::Null);
    assert!(shown.body.contains("250.00 DKK"), "{}", shown.body);
    let answer = trial.click(&page, "approve");
    let expected = format!("https://shop.example/ok?a=1&paymentid={id}");
    assert_eq!((answer.status, header(&answer, "location")), (303, expected.as_str()));
    assert_eq!(events(&trial.wait(DELAY_MS)), ["payment.reservation.created.v2"]);
    let made = trial.send(CREATE, &payment(), 201);
    let id = made["paymentId"].as_str().unwrap();
    let answer = trial.click(&format!("/pay/{id}"), "cancel");
    let expected = format!("https://shop.example/cancel?paymentid={id}");
    assert_eq!(header(&answer, "location"), expected);
}
