//! Swish, call by call.

use serde_json::{Value, json};

use crate::psp::PspName;
use crate::script::Outcome;
use crate::testing::{DELAY_MS, Expected, Trial, header, once, said, set};
use crate::truth::{Effect, Standing};

const ID: &str = "11A86BE70EA346E4B1C39C874173F088";
const REFUND_ID: &str = "22A86BE70EA346E4B1C39C874173F088";
const CREATE: &str = "PUT /v2/paymentrequests/11A86BE70EA346E4B1C39C874173F088";
const READ: &str = "GET /v1/paymentrequests/11A86BE70EA346E4B1C39C874173F088";
const CANCEL: &str = "PATCH /v1/paymentrequests/11A86BE70EA346E4B1C39C874173F088";
const REFUND: &str = "PUT /v2/refunds/22A86BE70EA346E4B1C39C874173F088";
const READ_REFUND: &str = "GET /v1/refunds/22A86BE70EA346E4B1C39C874173F088";

fn trial() -> Trial {
    Trial::new(PspName::Swish, &[("content-type", "application/json"), ("host", "psp:1")])
}

fn payment() -> Value {
    json!({
        "payeePaymentReference": "order-1",
        "callbackUrl": "https://shop.example/swish",
        "callbackIdentifier": "0123456789abcdef0123456789abcdef",
        "payerAlias": "46712345678",
        "payeeAlias": "1234679304",
        "amount": "100.50",
        "currency": "SEK",
        "message": "Kaffe, 2 st",
    })
}

fn refund(original: &Value) -> Value {
    json!({
        "originalPaymentReference": original,
        "payerPaymentReference": "refund-1",
        "callbackUrl": "https://shop.example/swish",
        "payerAlias": "1234679304",
        "amount": "40.25",
        "currency": "SEK",
        "message": "",
    })
}

/// A trial in which `order-1` is paid, and its bank reference.
fn paid() -> (Trial, Value) {
    let mut trial = trial();
    trial.send(CREATE, &payment(), 201);
    trial.wait(DELAY_MS);
    let read = trial.send(READ, &Value::Null, 200);
    (trial, read["paymentReference"].clone())
}

fn check_refusal(call: &str, trial: &mut Trial, body: &Value, codes: &[&str]) {
    let answer = trial.send(call, body, 422);
    let found: Vec<&str> =
        answer.as_array().unwrap().iter().map(|one| one["errorCode"].as_str().unwrap()).collect();
    assert_eq!(found, codes, "{body}");
}

#[test]
fn a_payment_is_created_paid_and_read() {
    let mut trial = trial();
    let answer = trial.answer(CREATE, &[], &payment());
    assert_eq!((answer.status, answer.body.as_str()), (201, ""));
    let location = format!("http://psp:1/swish/v1/paymentrequests/{ID}");
    assert_eq!(header(&answer, "location"), location);
    assert!(answer.headers.iter().all(|(name, _)| name != "paymentrequesttoken"));
    assert_eq!(trial.send(READ, &Value::Null, 200)["status"], "CREATED");
    assert!(trial.wait(DELAY_MS - 1).is_empty());
    let callbacks = trial.wait(1);
    assert_eq!(callbacks.len(), 1);
    assert_eq!(callbacks[0].url, "https://shop.example/swish");
    assert!(callbacks[0].headers.iter().any(|(name, _)| name == "callbackidentifier"));
    let read = trial.send(READ, &Value::Null, 200);
    assert_eq!(said(&callbacks[0]), read);
    assert_eq!(read["status"], "PAID");
    assert_eq!(read["amount"].to_string(), "100.5");
    assert_eq!(read["datePaid"], "2023-11-14T22:13:20.300Z");
    assert_eq!(read["errorCode"], Value::Null);
    let truth = trial.truth("order-1");
    assert_eq!((truth.standing, truth.captured), (Standing::Paid, once(10_050)));
    assert_eq!(truth.reserved, Effect::default());
}

#[test]
fn without_a_payer_there_is_a_token() {
    let mut trial = trial();
    let answer = trial.answer(CREATE, &[], &set(payment(), "payerAlias", Value::Null));
    assert_eq!(header(&answer, "paymentrequesttoken").len(), 32);
}

#[test]
fn creation_is_refused_for_each_field() {
    let cases = [
        ("payeePaymentReference", json!("a b"), "FF08"),
        ("payeePaymentReference", json!("x".repeat(36)), "FF08"),
        ("callbackUrl", Value::Null, "RP03"),
        ("callbackUrl", json!("ftp://shop"), "RP03"),
        ("callbackIdentifier", json!("short"), "PA01"),
        ("payerAlias", json!("0712345678"), "BE18"),
        ("payerAlias", json!("+46712345678"), "BE18"),
        ("payeeAlias", Value::Null, "RP01"),
        ("payeeAlias", json!("9994679304"), "PA01"),
        ("ageLimit", json!(100), "PA01"),
        ("amount", Value::Null, "PA02"),
        ("amount", json!("1.5"), "PA02"),
        ("amount", json!("0"), "AM06"),
        ("amount", json!("1000000000000"), "AM02"),
        ("currency", json!("EUR"), "AM03"),
        ("message", json!("a_b"), "RP02"),
        ("message", json!("x".repeat(51)), "RP02"),
    ];
    for (field, value, code) in cases {
        check_refusal(CREATE, &mut trial(), &set(payment(), field, value), &[code]);
    }
    let two = set(set(payment(), "amount", Value::Null), "currency", Value::Null);
    check_refusal(CREATE, &mut trial(), &two, &["PA02", "AM03"]);
    check_refusal("PUT /v2/paymentrequests/11a8", &mut trial(), &payment(), &["PA01"]);
}

#[test]
fn an_id_is_used_once() {
    let mut trial = trial();
    trial.send(CREATE, &payment(), 201);
    check_refusal(CREATE, &mut trial, &payment(), &["RP09"]);
    let refund = refund(&json!("A"));
    check_refusal(&format!("PUT /v2/refunds/{ID}"), &mut trial, &refund, &["RP09"]);
    assert_eq!(trial.wait(DELAY_MS).len(), 1);
    assert_eq!(trial.truth("order-1").captured, once(10_050));
}

#[test]
fn what_is_not_there_or_not_json_has_its_status() {
    let mut trial = trial();
    trial.send(READ, &Value::Null, 404);
    trial.send(READ_REFUND, &Value::Null, 404);
    trial.send("GET /v3/paymentrequests", &Value::Null, 404);
    trial.send(CREATE, &json!([]), 400);
    let answer = trial.answer(CREATE, &[("content-type", "text/plain")], &payment());
    assert_eq!(answer.status, 415);
}

#[test]
fn the_old_calls_choose_the_id() {
    let mut trial = trial();
    let answer = trial.answer("POST /v1/paymentrequests", &[], &payment());
    let id = header(&answer, "location").rsplit('/').next().unwrap().to_owned();
    trial.wait(DELAY_MS);
    let read = trial.send(&format!("GET /v1/paymentrequests/{id}"), &Value::Null, 200);
    assert_eq!(read["status"], "PAID");
    trial.send("POST /v1/refunds", &refund(&read["paymentReference"]), 201);
}

#[test]
fn each_outcome_of_a_payment() {
    let row =
        |outcome, status, callbacks, standing| Expected { outcome, status, callbacks, standing };
    let rows = [
        row(Outcome::Approve, Some(201), (0, 1), Standing::Paid),
        row(Outcome::Decline, Some(201), (0, 1), Standing::Declined),
        row(Outcome::Refuse, Some(422), (0, 0), Standing::Refused),
        row(Outcome::Cancel, Some(201), (0, 1), Standing::Cancelled),
        row(Outcome::Expire, Some(201), (0, 1), Standing::Expired),
        row(Outcome::Error, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Silence, Some(201), (0, 0), Standing::Paid),
        row(Outcome::LoseRequest, None, (0, 0), Standing::Unknown),
        row(Outcome::LoseResponse, None, (0, 1), Standing::Paid),
        row(Outcome::CallbackFirst, Some(201), (1, 1), Standing::Paid),
        row(Outcome::CallbackTwice, Some(201), (0, 2), Standing::Paid),
        row(Outcome::CallbackOnly, None, (0, 1), Standing::Paid),
    ];
    for expected in rows {
        let mut trial = trial();
        trial.script(expected.outcome);
        let (answer, first) = trial.send_with(CREATE, &[], &payment());
        assert_eq!(answer.map(|answer| answer.status), expected.status, "{expected:?}");
        let callbacks = (first.len(), first.len() + trial.wait(DELAY_MS).len());
        assert_eq!(callbacks, expected.callbacks, "{expected:?}");
        let truth = trial.truth("order-1");
        assert_eq!(truth.standing, expected.standing, "{expected:?}");
        let times = u32::from(expected.standing == Standing::Paid);
        assert_eq!(truth.captured.times, times, "{expected:?}");
        assert!(trial.wait(1_000_000).is_empty(), "{expected:?}");
        assert_eq!(trial.simulator.next_due_ms(), None, "{expected:?}");
    }
}

#[test]
fn results_carry_their_codes() {
    let cases = [
        (Outcome::Decline, "DECLINED", Value::Null),
        (Outcome::Cancel, "ERROR", json!("BANKIDCL")),
        (Outcome::Expire, "ERROR", json!("TM01")),
        (Outcome::Error, "ERROR", json!("FF10")),
    ];
    for (outcome, status, code) in cases {
        let mut trial = trial();
        trial.script(outcome);
        trial.send(CREATE, &payment(), 201);
        trial.wait(DELAY_MS);
        let read = trial.send(READ, &Value::Null, 200);
        assert_eq!((&read["status"], &read["errorCode"]), (&json!(status), &code));
        assert_eq!(read["paymentReference"], Value::Null);
    }
}

#[test]
fn a_message_can_ask_for_a_code() {
    for code in ["ACMT03", "RP06", "VR02"] {
        let mut trial = trial();
        check_refusal(CREATE, &mut trial, &set(payment(), "message", json!(code)), &[code]);
        trial.check_standing("order-1", Standing::Refused);
    }
    let results = [
        ("RF07", Standing::Declined),
        ("BANKIDCL", Standing::Cancelled),
        ("FF10", Standing::Failed),
        ("TM01", Standing::Expired),
        ("DS24", Standing::Failed),
    ];
    for (code, standing) in results {
        let mut trial = trial();
        trial.send(CREATE, &set(payment(), "message", json!(code)), 201);
        assert_eq!(said(&trial.wait(DELAY_MS)[0])["errorCode"], code);
        trial.check_standing("order-1", standing);
    }
}

#[test]
fn a_payer_that_is_too_slow_is_timed_out() {
    let mut trial = trial();
    let script = crate::Script { outcome: Outcome::Approve, delay_ms: 200_000 };
    trial.simulator.script(script, 1);
    trial.send(CREATE, &payment(), 201);
    assert!(trial.wait(179_999).is_empty());
    assert_eq!(said(&trial.wait(1)[0])["errorCode"], "TM01");
}

#[test]
fn only_what_is_open_is_cancelled() {
    let patch = json!([{ "op": "replace", "path": "/status", "value": "cancelled" }]);
    let of_patch = [("content-type", "application/json-patch+json")];
    let mut trial = trial();
    trial.send(CREATE, &payment(), 201);
    trial.send(CANCEL, &patch, 415);
    assert_eq!(trial.answer(CANCEL, &of_patch, &json!([])).status, 422);
    let answer = trial.answer(CANCEL, &of_patch, &patch);
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("CANCELLED"), "{}", answer.body);
    assert_eq!(said(&trial.wait(DELAY_MS)[0])["status"], "CANCELLED");
    trial.check_standing("order-1", Standing::Cancelled);
    assert!(trial.answer(CANCEL, &of_patch, &patch).body.contains("RP07"));

    let (mut trial, _) = paid();
    assert!(trial.answer(CANCEL, &of_patch, &patch).body.contains("RP07"));
    trial.check_standing("order-1", Standing::Paid);
    let missing = format!("PATCH /v1/paymentrequests/{REFUND_ID}");
    assert_eq!(trial.answer(&missing, &of_patch, &patch).status, 404);
}

#[test]
fn a_refund_goes_its_steps() {
    let (mut trial, original) = paid();
    let answer = trial.answer(REFUND, &[], &refund(&original));
    assert_eq!(header(&answer, "location"), format!("http://psp:1/swish/v1/refunds/{REFUND_ID}"));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let read = trial.send(READ_REFUND, &Value::Null, 200);
        let told: Vec<Value> =
            trial.wait(DELAY_MS / 3).iter().map(|one| said(one)["status"].clone()).collect();
        statuses.push((read["status"].clone(), told));
    }
    let expected = [
        (json!("CREATED"), vec![]),
        (json!("VALIDATED"), vec![json!("DEBITED")]),
        (json!("DEBITED"), vec![json!("PAID")]),
        (json!("PAID"), vec![]),
    ];
    assert_eq!(statuses, expected);
    let truth = trial.truth("refund-1");
    assert_eq!((truth.standing, truth.refunded), (Standing::Paid, once(4025)));
    assert_eq!(trial.truth("order-1").refunded, once(4025));
}

#[test]
fn a_refund_needs_an_original_that_allows_it() {
    let (mut trial, original) = paid();
    let good = refund(&original);
    let cases = [
        ("originalPaymentReference", json!("ABC"), "RF02"),
        ("originalPaymentReference", json!(ID), "RF02"),
        ("originalPaymentReference", Value::Null, "RF02"),
        ("payerAlias", json!("1230000000"), "RF03"),
        ("payerAlias", Value::Null, "RP01"),
        ("payerAlias", json!("46712345678"), "PA01"),
        ("amount", json!("100.51"), "RF08"),
        ("amount", json!("a"), "PA02"),
        ("currency", json!("DKK"), "AM03"),
        ("callbackUrl", json!(""), "RP03"),
        ("payerPaymentReference", json!(""), "FF08"),
        ("message", json!("#"), "RP02"),
        ("message", json!("RF08"), "RF08"),
    ];
    for (field, value, code) in cases {
        check_refusal(REFUND, &mut trial, &set(good.clone(), field, value), &[code]);
    }
    trial.send(REFUND, &good, 201);
    let next = format!("PUT /v2/refunds/33{}", &REFUND_ID[2..]);
    let answer = trial.send(&next, &set(good, "amount", json!("60.26")), 422);
    assert_eq!(answer[0]["additionalInformation"], "60.25");
}

#[test]
fn each_outcome_of_a_refund() {
    let row =
        |outcome, status, callbacks, standing| Expected { outcome, status, callbacks, standing };
    let rows = [
        row(Outcome::Approve, Some(201), (0, 2), Standing::Paid),
        row(Outcome::Decline, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Refuse, Some(422), (0, 0), Standing::Refused),
        row(Outcome::Cancel, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Expire, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Error, Some(201), (0, 1), Standing::Failed),
        row(Outcome::Silence, Some(201), (0, 0), Standing::Paid),
        row(Outcome::LoseRequest, None, (0, 0), Standing::Unknown),
        row(Outcome::LoseResponse, None, (0, 2), Standing::Paid),
        row(Outcome::CallbackFirst, Some(201), (2, 2), Standing::Paid),
        row(Outcome::CallbackTwice, Some(201), (0, 4), Standing::Paid),
        row(Outcome::CallbackOnly, None, (0, 2), Standing::Paid),
    ];
    for expected in rows {
        let (mut trial, original) = paid();
        trial.script(expected.outcome);
        let (answer, first) = trial.send_with(REFUND, &[], &refund(&original));
        assert_eq!(answer.map(|answer| answer.status), expected.status, "{expected:?}");
        let callbacks = (first.len(), first.len() + trial.wait(DELAY_MS).len());
        assert_eq!(callbacks, expected.callbacks, "{expected:?}");
        trial.check_standing("refund-1", expected.standing);
        let times = u32::from(expected.standing == Standing::Paid);
        assert_eq!(trial.truth("order-1").refunded.times, times, "{expected:?}");
        // What failed can be tried again, with all of the amount.
        let again = format!("PUT /v2/refunds/33{}", &REFUND_ID[2..]);
        let whole = set(refund(&original), "amount", json!("100.50"));
        trial.send(&again, &whole, if times == 0 { 201 } else { 422 });
    }
}

#[test]
fn a_failed_refund_says_why() {
    let (mut trial, original) = paid();
    trial.script(Outcome::Error);
    trial.send(REFUND, &refund(&original), 201);
    trial.wait(DELAY_MS);
    let read = trial.send(READ_REFUND, &Value::Null, 200);
    assert_eq!((&read["status"], &read["errorCode"]), (&json!("ERROR"), &json!("AM04")));
}

#[test]
fn a_person_can_be_the_payer() {
    let mut trial = trial();
    trial.send(CREATE, &payment(), 201);
    let page = format!("GET /pay/{ID}");
    assert!(trial.answer(&page, &[], &Value::Null).body.contains("100.50 SEK"));
    assert!(trial.click(&format!("/pay/{ID}"), "decline").body.contains("declined"));
    assert_eq!(trial.wait(DELAY_MS).len(), 1);
    trial.check_standing("order-1", Standing::Declined);
    assert_eq!(trial.answer("GET /pay/none", &[], &Value::Null).status, 404);
}
