//! Recorded answers of Klarna, and what they come to.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use payments::{Operation, Payment, Psp};

use super::errors;
use crate::exchange::{Agreement, Exchange, Step, Work};
use crate::testing::{
    addresses, answer, answer_with, item, outcome, payment, placed, refund, repeated, transcript,
    with_order,
};

const CAPTURE: Operation = Operation::Capture { minor: 12_500 };

const SESSION: &str =
    r#"{"session_id":"kp-1","client_token":"eyJ","payment_method_categories":[]}"#;

const PAGE: &str = r#"{"session_id":"hpp-1","redirect_url":"https://pay.klarna.test/hpp-1",
    "session_url":"https://api.klarna.test/hpp/v1/sessions/hpp-1",
    "expires_at":"2026-02-21T00:00:00Z"}"#;

const ORDER: &str = r#"{"order_id":"o-1","status":"AUTHORIZED","fraud_status":"ACCEPTED",
    "order_amount":12500,"original_order_amount":12500,"captured_amount":0,"refunded_amount":0,
    "remaining_authorized_amount":12500,"purchase_currency":"SEK","merchant_reference1":"1001",
    "klarna_reference":"K4MADNY","captures":[],"refunds":[],
    "initial_payment_method":{"type":"INVOICE"}}"#;

fn page(status: &str) -> Exchange {
    answer(200, &format!(r#"{{"session_id":"hpp-1","status":"{status}"}}"#))
}

fn completed() -> Exchange {
    answer(200, r#"{"session_id":"hpp-1","status":"COMPLETED","order_id":"o-1"}"#)
}

fn order(status: &str, captured: i64) -> Exchange {
    let order = ORDER.replace("AUTHORIZED", status);
    answer(200, &order.replace("captured_amount\":0", &format!("captured_amount\":{captured}")))
}

fn order_with_refund() -> Exchange {
    let refund = r#""refunds":[{"refund_id":"r-0","reference":null,"refunded_amount":1},
        {"refund_id":"r-1","reference":"FEDCBA9876543210FEDCBA9876543210",
        "refunded_amount":5000}]"#;
    answer(200, &ORDER.replace(r#""refunds":[]"#, refund))
}

fn refused(status: u16, code: &str) -> Exchange {
    let body =
        format!(r#"{{"error_code":"{code}","error_messages":["why"],"correlation_id":"c"}}"#);
    answer(status, &body)
}

fn shown(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &Expect) {
    let original = placed("hpp-1", "o-1");
    expected.assert_eq(&transcript(Psp::Klarna, operation, payment, Some(&original), answers));
}

fn check(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &str) {
    let original = placed("hpp-1", "o-1");
    let found = outcome(Psp::Klarna, operation, payment, Some(&original), answers);
    assert_eq!(found, expected, "{operation:?} {answers:?}");
}

#[test]
fn a_payment_is_begun() {
    let answers = [answer(200, SESSION), answer(201, PAGE)];
    shown(
        Operation::Create,
        &payment(),
        &answers,
        &expect![[r#"
        POST /payments/v1/sessions
        authorization: Basic ...
        content-type: application/json
        {
          "acquiring_channel": "IN_STORE",
          "intent": "buy",
          "locale": "sv-SE",
          "merchant_reference1": "1001",
          "merchant_reference2": "T-17",
          "order_amount": 12500,
          "order_lines": [
            {
              "name": "Kaffe & bullar",
              "quantity": 1,
              "tax_rate": 2500,
              "total_amount": 12500,
              "total_discount_amount": 0,
              "total_tax_amount": 2500,
              "type": "physical",
              "unit_price": 12500
            }
          ],
          "order_tax_amount": 2500,
          "purchase_country": "SE",
          "purchase_currency": "SEK"
        }

        POST /hpp/v1/sessions
        authorization: Basic ...
        content-type: application/json
        {
          "merchant_urls": {
            "back": "https://kassa.test/given-up",
            "cancel": "https://kassa.test/given-up",
            "error": "https://kassa.test/given-up",
            "failure": "https://kassa.test/given-up",
            "status_update": "https://kassa.test/callbacks/1001/s3cret",
            "success": "https://kassa.test/done"
          },
          "options": {
            "place_order_mode": "PLACE_ORDER"
          },
          "payment_session_url": "https://psp.test/payments/v1/sessions/kp-1"
        }

        Waiting reference=hpp-1 redirect=https://pay.klarna.test/hpp-1
    "#]],
    );
}

#[test]
fn an_order_is_passed_on() {
    let answers = [answer(200, SESSION), answer(201, PAGE)];
    let mut ordered =
        with_order(payment(), true, vec![item("a", [2, 5_000, 2_500, 2_500, 12_500])]);
    ordered.asked.properties =
        vec![("lang".to_owned(), "en".to_owned()), ("country".to_owned(), "NO".to_owned())];
    shown(
        Operation::Create,
        &ordered,
        &answers,
        &expect![[r#"
        POST /payments/v1/sessions
        authorization: Basic ...
        content-type: application/json
        {
          "acquiring_channel": "IN_STORE",
          "intent": "buy",
          "locale": "en-NO",
          "merchant_reference1": "1001",
          "merchant_reference2": "T-17",
          "order_amount": 12500,
          "order_lines": [
            {
              "name": "a",
              "quantity": 2,
              "quantity_unit": "pc",
              "reference": "no-a",
              "tax_rate": 2500,
              "total_amount": 12500,
              "total_discount_amount": 0,
              "total_tax_amount": 2500,
              "type": "physical",
              "unit_price": 6250
            }
          ],
          "order_tax_amount": 2500,
          "purchase_country": "NO",
          "purchase_currency": "SEK"
        }

        POST /hpp/v1/sessions
        authorization: Basic ...
        content-type: application/json
        {
          "merchant_urls": {
            "back": "https://kassa.test/given-up",
            "cancel": "https://kassa.test/given-up",
            "error": "https://kassa.test/given-up",
            "failure": "https://kassa.test/given-up",
            "status_update": "https://kassa.test/callbacks/1001/s3cret",
            "success": "https://kassa.test/done"
          },
          "options": {
            "place_order_mode": "CAPTURE_ORDER"
          },
          "payment_session_url": "https://psp.test/payments/v1/sessions/kp-1"
        }

        Waiting reference=hpp-1 redirect=https://pay.klarna.test/hpp-1
    "#]],
    );
}

#[test]
fn a_payment_is_read() {
    let answers = [completed(), order("AUTHORIZED", 0)];
    shown(
        Operation::Read,
        &placed("hpp-1", ""),
        &answers,
        &expect![[r"
        GET /hpp/v1/sessions/hpp-1
        authorization: Basic ...

        GET /ordermanagement/v1/orders/o-1
        authorization: Basic ...

        Reserved second=o-1 payer=K4MADNY
    "]],
    );
    shown(
        Operation::Read,
        &placed("hpp-1", "o-1"),
        &[order("CAPTURED", 12_500)],
        &expect![[r"
        GET /ordermanagement/v1/orders/o-1
        authorization: Basic ...

        Paid second=o-1 payer=K4MADNY
    "]],
    );
}

#[test]
fn a_payment_is_captured_and_cancelled() {
    let captured = answer_with(201, &[("capture-id", "c-1")], "");
    shown(
        CAPTURE,
        &placed("hpp-1", "o-1"),
        &[captured],
        &expect![[r#"
        POST /ordermanagement/v1/orders/o-1/captures
        authorization: Basic ...
        klarna-idempotency-key: 01234567-89ab-4def-9123-456789abfd3b
        content-type: application/json
        {
          "captured_amount": 12500,
          "reference": "1001"
        }

        Paid second=o-1
    "#]],
    );
    shown(
        Operation::Cancel,
        &placed("hpp-1", "o-1"),
        &[answer(204, "")],
        &expect![[r"
        POST /ordermanagement/v1/orders/o-1/cancel
        authorization: Basic ...
        klarna-idempotency-key: 01234567-89ab-4def-a123-456789abcdef

        Cancelled second=o-1
    "]],
    );
    let answers = [answer(204, ""), page("DISABLED")];
    shown(
        Operation::Cancel,
        &placed("hpp-1", ""),
        &answers,
        &expect![[r"
        DELETE /hpp/v1/sessions/hpp-1
        authorization: Basic ...

        GET /hpp/v1/sessions/hpp-1
        authorization: Basic ...

        Cancelled
    "]],
    );
    let paid = [refused(400, "BAD_REQUEST"), completed(), order("AUTHORIZED", 0)];
    check(Operation::GiveUp, &placed("hpp-1", ""), &paid, "Reserved second=o-1 payer=K4MADNY");
    let answers = [paid.as_slice(), &[answer(204, "")]].concat();
    shown(
        Operation::Cancel,
        &placed("hpp-1", ""),
        &answers,
        &expect![[r"
            DELETE /hpp/v1/sessions/hpp-1
            authorization: Basic ...

            GET /hpp/v1/sessions/hpp-1
            authorization: Basic ...

            GET /ordermanagement/v1/orders/o-1
            authorization: Basic ...

            POST /ordermanagement/v1/orders/o-1/cancel
            authorization: Basic ...
            klarna-idempotency-key: 01234567-89ab-4def-a123-456789abcdef

            Cancelled second=o-1 payer=K4MADNY
        "]],
    );
}

#[test]
fn a_refund_is_made_and_read() {
    let made = answer_with(201, &[("refund-id", "r-1")], "");
    shown(
        Operation::Create,
        &refund(),
        &[made],
        &expect![[r#"
        POST /ordermanagement/v1/orders/o-1/refunds
        authorization: Basic ...
        klarna-idempotency-key: fedcba98-7654-4210-8edc-ba9876543210
        content-type: application/json
        {
          "reference": "FEDCBA9876543210FEDCBA9876543210",
          "refunded_amount": 5000
        }

        Paid reference=r-1
    "#]],
    );
    shown(
        Operation::Read,
        &refund(),
        &[order_with_refund()],
        &expect![[r"
        GET /ordermanagement/v1/orders/o-1
        authorization: Basic ...

        Paid reference=r-1
    "]],
    );
}

#[test]
fn a_page_says_how_it_stands() {
    let table = [
        ("WAITING", "Waiting"),
        ("IN_PROGRESS", "Waiting"),
        ("MANUAL_ID_CHECK", "Waiting"),
        ("BACK", "Waiting"),
        ("CANCELLED", "Cancelled"),
        ("FAILED", "Declined"),
        ("DISABLED", "Expired"),
        ("TIMEOUT", "Expired"),
        ("ERROR", "Failed"),
        ("COMPLETED", "Unknown info=HTTP 200"),
        ("SOLD", "Unknown info=HTTP 200"),
    ];
    for (status, expected) in table {
        check(Operation::Read, &placed("hpp-1", ""), &[page(status)], expected);
    }
    check(Operation::Read, &payment(), &[], "Missing");
    check(Operation::Read, &placed("hpp-1", ""), &[refused(404, "NOT_FOUND")], "Missing");
    let lost = "Unknown second=o-1 info=no answer";
    check(Operation::Read, &placed("hpp-1", ""), &[completed(), Exchange::Lost], lost);
    let not_sent = "NotDone second=o-1 info=the PSP cannot be reached";
    check(Operation::Read, &placed("hpp-1", ""), &[completed(), Exchange::NotSent], not_sent);
    // A page is not shown again once it may be paid for.
    check(Operation::Create, &placed("hpp-1", ""), &[page("WAITING")], "Waiting");
}

#[test]
fn an_order_says_how_it_stands() {
    let differs = "Unknown second=o-1 payer=K4MADNY info=the PSP's amount differs";
    let table = [
        ("AUTHORIZED", 0, "Reserved second=o-1 payer=K4MADNY"),
        ("PART_CAPTURED", 12_499, differs),
        ("CAPTURED", 12_500, "Paid second=o-1 payer=K4MADNY"),
        ("CAPTURED", 12_501, differs),
        ("CANCELLED", 0, "Cancelled second=o-1 payer=K4MADNY"),
        ("EXPIRED", 0, "Expired second=o-1 payer=K4MADNY"),
        ("CLOSED", 0, "Cancelled second=o-1 payer=K4MADNY"),
        ("CLOSED", 12_500, "Paid second=o-1 payer=K4MADNY"),
        ("EXPIRED", 12_500, "Paid second=o-1 payer=K4MADNY"),
        ("AUTHORIZED", 1, "Unknown second=o-1 payer=K4MADNY info=HTTP 200"),
        ("SOLD", 0, "Unknown second=o-1 payer=K4MADNY info=HTTP 200"),
    ];
    let known = placed("hpp-1", "o-1");
    for (status, captured, expected) in table {
        check(Operation::Read, &known, &[order(status, captured)], expected);
    }
    for (fraud, expected) in [("PENDING", "Waiting"), ("REJECTED", "Declined")] {
        let answers = [answer(200, &ORDER.replace("ACCEPTED", fraud))];
        let expected = format!("{expected} second=o-1 payer=K4MADNY");
        check(Operation::Read, &known, &answers, &expected);
    }
    let partly = Payment { captured_minor: 5_000, ..known.clone() };
    let paid = "Paid second=o-1 payer=K4MADNY";
    check(Operation::Read, &partly, &[order("PART_CAPTURED", 5_000)], paid);
    let missing = "Unknown second=o-1 info=HTTP 404";
    check(Operation::Read, &known, &[refused(404, "NO_SUCH_ORDER")], missing);
}

#[test]
fn what_is_read_must_be_ours() {
    let known = placed("hpp-1", "o-1");
    for (ours, theirs) in [
        ("original_order_amount\":12500", "original_order_amount\":12501"),
        ("SEK", "NOK"),
        ("\"1001\"", "\"1003\""),
    ] {
        let answers = [answer(200, &ORDER.replace(ours, theirs))];
        let differs = "Unknown second=o-1 info=the PSP's amount differs";
        check(Operation::Read, &known, &answers, differs);
    }
}

#[test]
fn a_refused_write_is_read_back() {
    let known = placed("hpp-1", "o-1");
    let not_allowed = refused(403, "CAPTURE_NOT_ALLOWED");
    let info = "info=CAPTURE_NOT_ALLOWED: the order cannot be captured (why)";
    let table = [
        (order("CAPTURED", 12_500), format!("Paid second=o-1 payer=K4MADNY {info}")),
        (order("AUTHORIZED", 0), format!("Refused second=o-1 payer=K4MADNY {info}")),
        (order("CANCELLED", 0), format!("Cancelled second=o-1 payer=K4MADNY {info}")),
        (Exchange::NotSent, "Unknown second=o-1 info=no answer".to_owned()),
    ];
    for (read, expected) in table {
        check(CAPTURE, &known, &[not_allowed.clone(), read], &expected);
    }
    let answers = [answer(401, ""), answer(401, "")];
    check(CAPTURE, &known, &answers, "Unknown second=o-1 info=HTTP 401; HTTP 401");
    let answers = [refused(403, "CANCEL_NOT_ALLOWED"), order("CAPTURED", 12_500)];
    let info = "info=CANCEL_NOT_ALLOWED: the order cannot be cancelled (why)";
    let paid = format!("Paid second=o-1 payer=K4MADNY {info}");
    check(Operation::Cancel, &known, &answers, &paid);
    check(CAPTURE, &placed("hpp-1", ""), &[page("WAITING")], "Waiting");
    check(Operation::Cancel, &payment(), &[], "Missing");
}

#[test]
fn a_refused_refund_is_looked_for() {
    let info = "info=REFUND_NOT_ALLOWED: the order cannot be refunded (why)";
    let not_allowed = || refused(403, "REFUND_NOT_ALLOWED");
    for refund in [refund(), repeated(refund())] {
        let answers = [not_allowed(), order("CAPTURED", 12_500)];
        check(Operation::Create, &refund, &answers, &format!("Refused {info}"));
        let answers = [not_allowed(), order_with_refund()];
        check(Operation::Create, &refund, &answers, "Paid reference=r-1");
    }
    check(Operation::Create, &refund(), &[answer(401, "")], "Refused info=HTTP 401");
    check(Operation::Create, &repeated(refund()), &[answer(401, "")], "Unknown info=HTTP 401");
    check(Operation::Read, &refund(), &[order("CAPTURED", 12_500)], "Missing");
    let unnamed = placed("hpp-1", "");
    let without = |operation, answers: &[Exchange]| {
        outcome(Psp::Klarna, operation, &refund(), Some(&unnamed), answers)
    };
    let info = "info=the original has no order at Klarna";
    let found = without(Operation::Create, &[page("WAITING")]);
    assert_eq!(found, format!("Refused {info}"));
    assert_eq!(without(Operation::Read, &[page("FAILED")]), format!("Missing {info}"));
    assert_eq!(without(Operation::Read, &[answer(403, "")]), "Unknown info=HTTP 403");
    assert_eq!(without(Operation::Read, &[completed(), order_with_refund()]), "Paid reference=r-1");
}

#[test]
fn a_refused_beginning_tells_its_code() {
    let info = "Refused info=BAD_VALUE: a value is wrong (why)";
    check(Operation::Create, &payment(), &[refused(400, "BAD_VALUE")], info);
    let answers = [answer(200, SESSION), refused(404, "NOT_FOUND")];
    let info = "Refused info=NOT_FOUND: Klarna does not know it (why)";
    check(Operation::Create, &payment(), &answers, info);
    let not_sent = "NotDone info=the PSP cannot be reached";
    let answers = [answer(200, SESSION), Exchange::NotSent];
    check(Operation::Create, &payment(), &answers, not_sent);
    let answers = [answer(200, SESSION), Exchange::Lost];
    check(Operation::Create, &payment(), &answers, "Unknown info=no answer");
    let answers = [answer(200, SESSION), answer(201, "{}")];
    check(Operation::Create, &payment(), &answers, "Unknown info=HTTP 201");
}

#[test]
fn a_key_stands_alone() {
    let check = |values: &[(&str, &str)], expected: &str| {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let agreement = Agreement(values.collect::<BTreeMap<_, _>>());
        let (payment, addresses) = (placed("hpp-1", ""), addresses());
        let work = Work {
            operation: Operation::Read,
            payment: &payment,
            original: None,
            agreement: &agreement,
            addresses: &addresses,
        };
        let found = match crate::step(Psp::Klarna, &work, &[]) {
            Step::Call(request) => request.headers.into_iter().next().unwrap().1,
            Step::Done(report) => report.told.info.unwrap(),
        };
        assert_eq!(found, expected);
    };
    let key = ("KLARNA_PASSWORD", "klarna_test_api_abc");
    check(&[key], "Basic klarna_test_api_abc");
    check(&[key, ("KLARNA_MERCHANT_ID", "")], "Basic klarna_test_api_abc");
    check(&[key, ("KLARNA_MERCHANT_ID", "K1")], "Basic SzE6a2xhcm5hX3Rlc3RfYXBpX2FiYw==");
    let missing = "agreement is not complete: KLARNA_MERCHANT_ID is missing";
    check(&[("KLARNA_PASSWORD", "pw")], missing);
}

#[test]
fn every_code_is_known() {
    let codes = "BAD_REQUEST BAD_VALUE INVALID_OPERATION MERCHANT_INACTIVE REJECTED NOT_FOUND \
        SESSION_COMPLETED INTERNAL_SERVER_ERROR CAPTURE_NOT_ALLOWED CANCEL_NOT_ALLOWED \
        REFUND_NOT_ALLOWED NOT_ALLOWED NO_SUCH_ORDER NO_SUCH_CAPTURE CONFLICT REQUEST_TOO_LARGE \
        UNPROCESSABLE_ENTITY INVALID_ADDRESS TOO_MANY_REQUESTS UNEXPECTED_ERROR \
        TEMPORARILY_UNAVAILABLE";
    for code in codes.split_whitespace() {
        let text = errors::text(code).unwrap_or_else(|| panic!("{code}"));
        let info = format!("Refused info={code}: {text} (why)");
        check(Operation::Create, &payment(), &[refused(400, code)], &info);
    }
    assert_eq!(codes.split_whitespace().count(), 21);
    assert_eq!(errors::text("XX"), None);
}
