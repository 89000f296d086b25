//! Klarna, call by call.

use serde_json::{Value, json};

use crate::psp::PspName;
use crate::script::Outcome;
use crate::testing::{DELAY_MS, Expected, Trial, header, once, said, set};
use crate::truth::{Effect, Standing};

const CREATE: &str = "POST /payments/v1/sessions";
const CREATE_PAGE: &str = "POST /hpp/v1/sessions";

fn trial() -> Trial {
    Trial::new(PspName::Klarna, &[("authorization", "Basic dTpw"), ("host", "psp:1")])
}

fn session() -> Value {
    json!({
        "purchase_country": "SE",
        "purchase_currency": "SEK",
        "locale": "sv-SE",
        "order_amount": 20_000,
        "order_tax_amount": 4000,
        "acquiring_channel": "IN_STORE",
        "merchant_reference1": "order-1",
        "order_lines": [
            {
                "name": "Chair",
                "quantity": 2,
                "unit_price": 12_500,
                "total_discount_amount": 5000,
                "total_amount": 20_000,
                "tax_rate": 2500,
                "total_tax_amount": 4000,
            },
        ],
    })
}

fn page(session: &Value) -> Value {
    let id = session["session_id"].as_str().unwrap();
    json!({
        "payment_session_url": format!("http://psp:1/klarna/payments/v1/sessions/{id}"),
        "merchant_urls": {
            "success": "https://shop.example/ok?order={{order_id}}",
            "cancel": "https://shop.example/cancel",
            "failure": "https://shop.example/failure",
            "error": "https://shop.example/error",
            "status_update": "https://shop.example/klarna?session={{session_id}}",
        },
        "options": { "place_order_mode": "PLACE_ORDER" },
    })
}

/// A trial with a page that was made, and what was answered.
fn open(place_order: &str) -> (Trial, Value) {
    let mut trial = trial();
    let session = trial.send(CREATE, &session(), 200);
    let page = set(page(&session), "options.place_order_mode", json!(place_order));
    let made = trial.send(CREATE_PAGE, &page, 201);
    (trial, made)
}

/// A trial in which `order-1` is authorized or captured, and the path of its order.
fn ordered(place_order: &str) -> (Trial, String) {
    let (mut trial, made) = open(place_order);
    trial.wait(DELAY_MS);
    let read = trial.send(&read_page(&made), &Value::Null, 200);
    (trial, format!("/ordermanagement/v1/orders/{}", read["order_id"].as_str().unwrap()))
}

fn read_page(made: &Value) -> String {
    format!("GET /hpp/v1/sessions/{}", made["session_id"].as_str().unwrap())
}

fn check_error(trial: &mut Trial, call: &str, body: &Value, status: u16, code: &str) {
    let answer = trial.send(call, body, status);
    assert_eq!(answer["error_code"], code, "{call}: {answer}");
    assert!(answer["correlation_id"].is_string());
}

#[test]
fn a_payment_is_authorized_captured_and_refunded() {
    let (mut trial, made) = open("PLACE_ORDER");
    let id = made["session_id"].as_str().unwrap().to_owned();
    assert_eq!(made["redirect_url"], format!("http://psp:1/klarna/pay/{id}"));
    assert_eq!(trial.send(&read_page(&made), &Value::Null, 200)["status"], "WAITING");
    trial.check_standing("order-1", Standing::Waiting);
    let callbacks = trial.wait(DELAY_MS);
    assert_eq!(callbacks.len(), 1);
    assert_eq!(callbacks[0].url, format!("https://shop.example/klarna?session={id}"));
    let read = trial.send(&read_page(&made), &Value::Null, 200);
    assert_eq!(said(&callbacks[0])["session"], read);
    assert_eq!(read["status"], "COMPLETED");
    let order = format!("/ordermanagement/v1/orders/{}", read["order_id"].as_str().unwrap());
    let read_order = format!("GET {order}");
    assert_eq!(trial.send(&read_order, &Value::Null, 200)["status"], "AUTHORIZED");

    let capture = format!("POST {order}/captures");
    let answer = trial.answer(&capture, &[], &json!({ "captured_amount": 15_000 }));
    let capture_id = header(&answer, "capture-id").to_owned();
    assert_eq!(trial.send(&read_order, &Value::Null, 200)["status"], "PART_CAPTURED");
    trial.send(&capture, &json!({ "captured_amount": 5000 }), 201);
    assert_eq!(trial.send(&read_order, &Value::Null, 200)["status"], "CAPTURED");
    let one = trial.send(&format!("GET {order}/captures/{capture_id}"), &Value::Null, 200);
    assert_eq!(one["captured_amount"], 15_000);
    assert_eq!(trial.send(&format!("GET {order}/captures"), &Value::Null, 200)[1], {
        trial.send(&read_order, &Value::Null, 200)["captures"][1].clone()
    });

    let refund = json!({ "refunded_amount": 7000, "reference": "refund-1" });
    let answer = trial.answer(&format!("POST {order}/refunds"), &[], &refund);
    let refund_id = header(&answer, "refund-id").to_owned();
    let one = trial.send(&format!("GET {order}/refunds/{refund_id}"), &Value::Null, 200);
    assert_eq!(one["refunded_amount"], 7000);
    let truth = trial.truth("order-1");
    assert_eq!((truth.standing, truth.reserved), (Standing::Paid, once(20_000)));
    assert_eq!(truth.captured, Effect { times: 2, amount_minor: 20_000 });
    assert_eq!(truth.refunded, once(7000));
    assert_eq!(trial.truth("refund-1").refunded, once(7000));
}

#[test]
fn a_session_is_refused_for_each_field() {
    let cases = [
        ("purchase_country", json!("SWE")),
        ("purchase_currency", Value::Null),
        ("locale", json!("svSE")),
        ("order_amount", json!(19_999)),
        ("order_amount", Value::Null),
        ("order_tax_amount", json!(-1)),
        ("merchant_reference1", json!("x".repeat(256))),
        ("order_lines.0.name", json!("")),
        ("order_lines.0.total_tax_amount", json!(4002)),
        ("order_lines.0.tax_rate", json!(10_001)),
        ("order_lines.0.total_amount", json!(20_001)),
    ];
    for (field, value) in cases {
        let body = set(session(), field, value);
        check_error(&mut trial(), CREATE, &body, 400, "BAD_VALUE");
    }
    let no_lines = set(session(), "order_lines", json!([]));
    check_error(&mut trial(), CREATE, &no_lines, 400, "BAD_VALUE");
    check_error(&mut trial(), CREATE, &json!([]), 400, "BAD_REQUEST");
    trial().send(CREATE, &set(session(), "order_lines.0.total_tax_amount", json!(3999)), 200);
}

#[test]
fn credentials_are_wanted() {
    for credentials in ["", "Basic ", "Bearer abc"] {
        let answer = trial().answer(CREATE, &[("authorization", credentials)], &session());
        assert_eq!(answer.status, 401, "{credentials}");
    }
}

#[test]
fn a_session_is_changed_until_it_is_complete() {
    let mut trial = trial();
    let made = trial.send(CREATE, &session(), 200);
    let path = format!("/payments/v1/sessions/{}", made["session_id"].as_str().unwrap());
    trial.send(&format!("POST {path}"), &json!({ "merchant_reference1": "order-2" }), 204);
    let read = trial.send(&format!("GET {path}"), &Value::Null, 200);
    assert_eq!(
        (&read["merchant_reference1"], &read["status"]),
        (&json!("order-2"), &json!("incomplete"),)
    );
    check_error(
        &mut trial,
        &format!("POST {path}"),
        &json!({ "order_amount": 1 }),
        400,
        "BAD_VALUE",
    );
    trial.send(CREATE_PAGE, &page(&made), 201);
    trial.wait(DELAY_MS);
    trial.check_standing("order-2", Standing::Reserved);
    let code = "SESSION_COMPLETED";
    check_error(&mut trial, &format!("POST {path}"), &json!({ "locale": "sv-SE" }), 404, code);
    check_error(&mut trial, CREATE_PAGE, &page(&made), 404, code);
}

#[test]
fn a_page_is_refused_for_its_faults() {
    let mut trial = trial();
    let made = trial.send(CREATE, &session(), 200);
    let good = page(&made);
    let without = set(good.clone(), "payment_session_url", Value::Null);
    check_error(&mut trial, CREATE_PAGE, &without, 400, "BAD_VALUE");
    let unknown = set(good.clone(), "payment_session_url", json!("https://psp/none"));
    check_error(&mut trial, CREATE_PAGE, &unknown, 404, "NOT_FOUND");
    let address = set(good.clone(), "merchant_urls.status_update", json!("shop"));
    check_error(&mut trial, CREATE_PAGE, &address, 400, "BAD_VALUE");
    let unknown_mode = set(good, "options.place_order_mode", json!("SOON"));
    check_error(&mut trial, CREATE_PAGE, &unknown_mode, 400, "BAD_VALUE");
}

#[test]
fn each_outcome_of_a_page() {
    let row =
        |outcome, status, callbacks, standing| Expected { outcome, status, callbacks, standing };
    let rows = [
        row(Outcome::Approve, Some(201), (0, 1), Standing::Reserved),
        row(Outcome::Decline, Some(201), (0, 1), Standing::Declined),
        row(Outcome::Refuse, Some(403), (0, 0), Standing::Refused),
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
        let made = trial.send(CREATE, &session(), 200);
        trial.script(expected.outcome);
        let (answer, first) = trial.send_with(CREATE_PAGE, &[], &page(&made));
        assert_eq!(answer.map(|answer| answer.status), expected.status, "{expected:?}");
        let callbacks = (first.len(), first.len() + trial.wait(DELAY_MS).len());
        assert_eq!(callbacks, expected.callbacks, "{expected:?}");
        let truth = trial.truth("order-1");
        assert_eq!(truth.standing, expected.standing, "{expected:?}");
        let times = u32::from(expected.standing == Standing::Reserved);
        assert_eq!(truth.reserved.times, times, "{expected:?}");
    }
}

#[test]
fn pages_end_with_their_statuses() {
    let cases = [
        (Outcome::Decline, "FAILED", "FAILED"),
        (Outcome::Cancel, "CANCELLED", "CANCELLED"),
        (Outcome::Error, "ERROR", "ERROR"),
        (Outcome::Expire, "DISABLED", "TIMEOUT"),
    ];
    for (outcome, read, told) in cases {
        let mut trial = trial();
        let session = trial.send(CREATE, &session(), 200);
        trial.script(outcome);
        let made = trial.send(CREATE_PAGE, &page(&session), 201);
        assert_eq!(said(&trial.wait(DELAY_MS)[0])["session"]["status"], told);
        assert_eq!(trial.send(&read_page(&made), &Value::Null, 200)["status"], read);
    }
}

#[test]
fn a_page_that_nobody_found_expires_and_leaves_the_session_to_another() {
    let mut trial = trial();
    let session = trial.send(CREATE, &session(), 200);
    trial.script(Outcome::LoseResponse);
    assert_eq!(trial.send_with(CREATE_PAGE, &[], &page(&session)).0, None);
    trial.send(CREATE_PAGE, &page(&session), 201);
    assert_eq!(trial.wait(DELAY_MS).len(), 1);
    assert_eq!(said(&trial.wait(super::hosted::PAGE_MS)[0])["session"]["status"], "TIMEOUT");
    let truth = trial.truth("order-1");
    assert_eq!((truth.standing, truth.reserved), (Standing::Reserved, once(20_000)));
}

#[test]
fn one_session_is_paid_once() {
    let mut trial = trial();
    let session = trial.send(CREATE, &session(), 200);
    trial.script(Outcome::CallbackOnly);
    assert_eq!(trial.send_with(CREATE_PAGE, &[], &page(&session)).0, None);
    let made = trial.send(CREATE_PAGE, &page(&session), 201);
    trial.wait(DELAY_MS);
    assert_eq!(trial.send(&read_page(&made), &Value::Null, 200)["status"], "DISABLED");
    assert_eq!(trial.truth("order-1").reserved, once(20_000));
}

#[test]
fn a_page_is_closed_or_sent() {
    let (mut trial, made) = open("PLACE_ORDER");
    let path = format!("/hpp/v1/sessions/{}", made["session_id"].as_str().unwrap());
    let distribution = format!("POST {path}/distribution");
    check_error(&mut trial, &distribution, &json!({ "method": "pigeon" }), 400, "BAD_VALUE");
    trial.send(&distribution, &json!({ "method": "sms" }), 201);
    trial.send(&format!("DELETE {path}"), &Value::Null, 204);
    assert_eq!(said(&trial.wait(DELAY_MS)[0])["session"]["status"], "DISABLED");
    trial.check_standing("order-1", Standing::Cancelled);
    check_error(&mut trial, &distribution, &json!({ "method": "sms" }), 400, "BAD_REQUEST");
    let (mut trial, made) = open("PLACE_ORDER");
    trial.wait(DELAY_MS);
    let path = format!("/hpp/v1/sessions/{}", made["session_id"].as_str().unwrap());
    check_error(&mut trial, &format!("DELETE {path}"), &Value::Null, 400, "BAD_REQUEST");
    check_error(&mut trial, "DELETE /hpp/v1/sessions/none", &Value::Null, 404, "NOT_FOUND");
}

#[test]
fn a_merchant_can_place_the_order_itself() {
    let (mut trial, made) = open("NONE");
    trial.wait(DELAY_MS);
    let read = trial.send(&read_page(&made), &Value::Null, 200);
    assert_eq!(read["order_id"], Value::Null);
    let token = read["authorization_token"].as_str().unwrap();
    let place = format!("POST /payments/v1/authorizations/{token}/order");
    let other = set(session(), "order_amount", json!(1));
    check_error(&mut trial, &place, &other, 409, "BAD_VALUE");
    trial.check_standing("order-1", Standing::Waiting);
    let placed = trial.send(&place, &set(session(), "auto_capture", json!(true)), 200);
    assert_eq!(placed["fraud_status"], "ACCEPTED");
    assert_eq!(trial.truth("order-1").captured, once(20_000));
    check_error(&mut trial, &place, &session(), 404, "NOT_FOUND");
    let drop = format!("DELETE /payments/v1/authorizations/{token}");
    check_error(&mut trial, &drop, &Value::Null, 404, "NOT_FOUND");
}

#[test]
fn an_authorization_can_be_given_up() {
    let (mut trial, made) = open("NONE");
    trial.wait(DELAY_MS);
    let read = trial.send(&read_page(&made), &Value::Null, 200);
    let token = read["authorization_token"].as_str().unwrap();
    let path = format!("/payments/v1/authorizations/{token}");
    trial.send(&format!("DELETE {path}"), &Value::Null, 204);
    check_error(&mut trial, &format!("POST {path}/order"), &session(), 404, "NOT_FOUND");
    trial.check_standing("order-1", Standing::Cancelled);
}

#[test]
fn orders_refuse_what_they_do_not_allow() {
    let (mut trial, order) = ordered("PLACE_ORDER");
    let call = |what: &str| format!("POST {order}/{what}");
    let capture = |amount: i64| json!({ "captured_amount": amount });
    let refund = |amount: i64| json!({ "refunded_amount": amount });
    let none = Value::Null;
    check_error(&mut trial, &call("captures"), &capture(0), 400, "BAD_VALUE");
    check_error(&mut trial, &call("captures"), &capture(20_001), 403, "CAPTURE_NOT_ALLOWED");
    check_error(&mut trial, &call("refunds"), &refund(1), 403, "REFUND_NOT_ALLOWED");
    check_error(&mut trial, &call("release-remaining-authorization"), &none, 403, "NOT_ALLOWED");
    trial.send(&call("acknowledge"), &none, 204);
    trial.send(&call("extend-authorization-time"), &none, 204);
    trial.send(&call("captures"), &capture(5000), 201);
    check_error(&mut trial, &call("cancel"), &none, 403, "CANCEL_NOT_ALLOWED");
    check_error(&mut trial, &call("captures"), &capture(15_001), 403, "CAPTURE_NOT_ALLOWED");
    trial.send(&call("release-remaining-authorization"), &none, 204);
    check_error(&mut trial, &call("captures"), &capture(1), 403, "CAPTURE_NOT_ALLOWED");
    check_error(&mut trial, &call("extend-authorization-time"), &none, 403, "NOT_ALLOWED");
    check_error(&mut trial, &call("refunds"), &refund(5001), 403, "REFUND_NOT_ALLOWED");
    check_error(&mut trial, &call("nonsense"), &none, 404, "NOT_FOUND");
    let none_such = "POST /ordermanagement/v1/orders/none/cancel";
    check_error(&mut trial, none_such, &none, 404, "NO_SUCH_ORDER");
    let missing = format!("GET {order}/captures/none");
    check_error(&mut trial, &missing, &none, 404, "NO_SUCH_CAPTURE");
    assert_eq!(trial.truth("order-1").captured, once(5000));
}

#[test]
fn an_order_is_cancelled_or_expires() {
    let (mut trial, order) = ordered("PLACE_ORDER");
    trial.send(&format!("POST {order}/cancel"), &Value::Null, 204);
    let read = trial.send(&format!("GET {order}"), &Value::Null, 200);
    assert_eq!(
        (&read["status"], &read["remaining_authorized_amount"]),
        (&json!("CANCELLED"), &json!(0),)
    );
    trial.check_standing("order-1", Standing::Cancelled);
    assert_eq!(trial.simulator.next_due_ms(), None);
    let (mut trial, order) = ordered("PLACE_ORDER");
    trial.wait(super::order::AUTHORIZATION_MS);
    assert_eq!(trial.send(&format!("GET {order}"), &Value::Null, 200)["status"], "EXPIRED");
    trial.check_standing("order-1", Standing::Expired);
}

#[test]
fn a_key_is_used_once_whatever_the_body() {
    let (mut trial, order) = ordered("PLACE_ORDER");
    let capture = format!("POST {order}/captures");
    let key = [("klarna-idempotency-key", "k1")];
    let too_much = trial.answer(&capture, &key, &json!({ "captured_amount": 20_001 }));
    assert_eq!(too_much.status, 403);
    let first = trial.answer(&capture, &key, &json!({ "captured_amount": 500 }));
    let again = trial.answer(&capture, &key, &json!({ "captured_amount": 900 }));
    assert_eq!(first, again);
    assert_eq!(trial.truth("order-1").captured, once(500));
}

#[test]
fn each_outcome_of_a_refund() {
    let rows = [
        (Outcome::Approve, Some(201), 1),
        (Outcome::Decline, Some(403), 0),
        (Outcome::Refuse, Some(403), 0),
        (Outcome::Cancel, Some(403), 0),
        (Outcome::Expire, Some(403), 0),
        (Outcome::Error, Some(403), 0),
        (Outcome::Silence, Some(201), 1),
        (Outcome::LoseRequest, None, 0),
        (Outcome::LoseResponse, None, 1),
        (Outcome::CallbackFirst, Some(201), 1),
        (Outcome::CallbackTwice, Some(201), 1),
        (Outcome::CallbackOnly, None, 1),
    ];
    for (outcome, status, times) in rows {
        let (mut trial, order) = ordered("CAPTURE_ORDER");
        trial.script(outcome);
        let call = format!("POST {order}/refunds");
        let body = json!({ "refunded_amount": 500, "reference": "refund-1" });
        let key = [("klarna-idempotency-key", "k1")];
        let (answer, _) = trial.send_with(&call, &key, &body);
        assert_eq!(answer.map(|answer| answer.status), status, "{outcome:?}");
        assert_eq!(trial.truth("order-1").refunded.times, times, "{outcome:?}");
        // Whatever became of it, a repetition makes it one refund.
        assert_eq!(trial.answer(&call, &key, &body).status, 201, "{outcome:?}");
        assert_eq!(trial.truth("order-1").refunded, once(500), "{outcome:?}");
        assert!(trial.wait(DELAY_MS).is_empty(), "{outcome:?}");
    }
}

#[test]
fn a_person_can_be_the_payer() {
    let (mut trial, made) = open("CAPTURE_ORDER");
    let page = format!("/pay/{}", made["session_id"].as_str().unwrap());
    let shown = trial.answer(&format!("GET {page}"), &[], &Value::Null);
    assert!(shown.body.contains("200.00 SEK"), "{}", shown.body);
    assert_eq!(said(&trial.wait(0)[0])["session"]["status"], "IN_PROGRESS");
    let answer = trial.click(&page, "approve");
    assert_eq!(answer.status, 303);
    assert!(header(&answer, "location").starts_with("https://shop.example/ok?order="));
    assert!(header(&answer, "location").len() > 40);
    assert_eq!(trial.wait(DELAY_MS).len(), 1);
    assert_eq!(trial.truth("order-1").captured, once(20_000));
    trial.click(&page, "cancel");
    trial.check_standing("order-1", Standing::Paid);
}
