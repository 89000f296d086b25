//! Answers of the neutral loan contract, and what they come to.

use expect_test::{Expect, expect};
use payments::{Operation, Payment, Psp};

use super::errors;
use crate::exchange::Exchange;
use crate::testing::{
    amount, answer, item, outcome, payment, placed, refund, repeated, transcript, with_order,
};

const CAPTURE: Operation = Operation::Capture { minor: 100_000 };

const REFUND: &str = r#""refunds":[{"reference":"0","amount":1},
    {"reference":"FEDCBA9876543210FEDCBA9876543210","amount":5000}],"#;

fn loan(payment: Payment) -> Payment {
    Payment { amount: amount(100_000, 20_000), ..payment }
}

fn body(status: &str, members: &str) -> String {
    format!(
        r#"{{"applicationId":"a-1",{members}"orderId":"1001","amount":100000,"currency":"SEK",
        "status":"{status}","redirectUrl":"https://loan.test/a-1"}}"#
    )
}

fn application(status: &str) -> Exchange {
    answer(200, &body(status, ""))
}

fn refunded() -> Exchange {
    answer(200, &body("DELIVERED", REFUND))
}

fn found(applications: &[String]) -> Exchange {
    answer(200, &format!(r#"{{"applications":[{}]}}"#, applications.join(",")))
}

fn refused(status: u16, code: &str) -> Exchange {
    answer(status, &format!(r#"{{"code":"{code}","message":"theirs"}}"#))
}

fn shown(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &Expect) {
    let original = loan(placed("a-1", ""));
    expected.assert_eq(&transcript(Psp::Santander, operation, payment, Some(&original), answers));
}

fn check(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &str) {
    let original = loan(placed("a-1", ""));
    let found = outcome(Psp::Santander, operation, payment, Some(&original), answers);
    let found = found.replace(" reference=a-1 redirect=https://loan.test/a-1", " (told)");
    assert_eq!(found, expected, "{operation:?} {answers:?}");
}

#[test]
fn a_payment_is_begun() {
    let made = answer(201, &body("CREATED", ""));
    shown(
        Operation::Create,
        &loan(payment()),
        &[made],
        &expect![[r#"
        POST /applications
        authorization: Bearer ...
        idempotency-key: 0123456789ABCDEF0123456789ABCDEF
        content-type: application/json
        {
          "amount": 100000,
          "callbackUrl": "https://kassa.test/callbacks/1001/s3cret",
          "cancelUrl": "https://kassa.test/given-up",
          "country": "SE",
          "currency": "SEK",
          "customer": {
            "id": "+46 71-234 56 78",
            "name": "Anna Ek"
          },
          "merchantId": "value of SANTANDER_MERCHANT_ID",
          "orderId": "1001",
          "orderLines": [
            {
              "grossAmount": 100000,
              "name": "Kaffe & bullar",
              "quantity": 1,
              "taxAmount": 20000
            }
          ],
          "returnUrl": "https://kassa.test/done"
        }

        Waiting reference=a-1 redirect=https://loan.test/a-1
    "#]],
    );
}

#[test]
fn an_order_is_passed_on() {
    let made = answer(201, &body("CREATED", ""));
    let items = vec![item("sofa", [1, 80_000, 2_500, 20_000, 100_000])];
    let ordered = with_order(loan(payment()), false, items);
    shown(
        Operation::Create,
        &ordered,
        &[made],
        &expect![[r#"
        POST /applications
        authorization: Bearer ...
        idempotency-key: 0123456789ABCDEF0123456789ABCDEF
        content-type: application/json
        {
          "amount": 100000,
          "callbackUrl": "https://kassa.test/callbacks/1001/s3cret",
          "cancelUrl": "https://kassa.test/given-up",
          "country": "SE",
          "currency": "SEK",
          "customer": {
            "id": "+46 71-234 56 78",
            "name": "Anna Ek"
          },
          "merchantId": "value of SANTANDER_MERCHANT_ID",
          "orderId": "1001",
          "orderLines": [
            {
              "grossAmount": 100000,
              "name": "sofa",
              "quantity": 1,
              "taxAmount": 20000
            }
          ],
          "returnUrl": "https://kassa.test/done"
        }

        Waiting reference=a-1 redirect=https://loan.test/a-1
    "#]],
    );
}

#[test]
fn a_payment_is_read() {
    let known = loan(placed("a-1", ""));
    shown(
        Operation::Read,
        &known,
        &[application("APPROVED")],
        &expect![[r"
        GET /applications/a-1
        authorization: Bearer ...

        Reserved reference=a-1 redirect=https://loan.test/a-1
    "]],
    );
    let answers = [found(&[body("WAITING_FOR_BANK", "")])];
    shown(
        Operation::Read,
        &loan(payment()),
        &answers,
        &expect![[r"
        GET /applications?orderId=1001
        authorization: Bearer ...

        Waiting reference=a-1 redirect=https://loan.test/a-1
    "]],
    );
}

#[test]
fn a_payment_is_delivered_and_cancelled() {
    let known = loan(placed("a-1", ""));
    shown(
        CAPTURE,
        &known,
        &[application("DELIVERED")],
        &expect![[r#"
        POST /applications/a-1/deliver
        authorization: Bearer ...
        idempotency-key: 0123456789ABCDEF0123456789ABCDEF-capture-100000
        content-type: application/json
        {
          "amount": 100000
        }

        Paid reference=a-1 redirect=https://loan.test/a-1
    "#]],
    );
    shown(
        Operation::Cancel,
        &known,
        &[application("CANCELLED")],
        &expect![[r"
        POST /applications/a-1/cancel
        authorization: Bearer ...
        idempotency-key: 0123456789ABCDEF0123456789ABCDEF-cancel

        Cancelled reference=a-1 redirect=https://loan.test/a-1
    "]],
    );
}

#[test]
fn a_refund_is_made_and_read() {
    shown(
        Operation::Create,
        &refund(),
        &[refunded()],
        &expect![[r#"
        POST /applications/a-1/refund
        authorization: Bearer ...
        idempotency-key: FEDCBA9876543210FEDCBA9876543210
        content-type: application/json
        {
          "amount": 5000,
          "reference": "FEDCBA9876543210FEDCBA9876543210"
        }

        Paid reference=FEDCBA9876543210FEDCBA9876543210
    "#]],
    );
    shown(
        Operation::Read,
        &refund(),
        &[refunded()],
        &expect![[r"
        GET /applications/a-1
        authorization: Bearer ...

        Paid reference=FEDCBA9876543210FEDCBA9876543210
    "]],
    );
}

#[test]
fn a_status_says_how_it_stands() {
    let known = loan(placed("a-1", ""));
    let table = [
        ("CREATED", "Waiting (told)"),
        ("WAITING_FOR_CONSUMER", "Waiting (told)"),
        ("WAITING_FOR_BANK", "Waiting (told)"),
        ("APPROVED", "Reserved (told)"),
        ("DECLINED", "Declined (told)"),
        ("FAILED", "Failed (told)"),
        ("CANCELLED", "Cancelled (told)"),
        ("EXPIRED", "Expired (told)"),
        ("DELIVERED", "Paid (told)"),
        ("REFUNDED", "Paid (told)"),
        ("SOLD", "Unknown (told) info=HTTP 200"),
    ];
    for (status, expected) in table {
        check(Operation::Read, &known, &[application(status)], expected);
        check(Operation::Create, &known, &[application(status)], expected);
    }
    check(Operation::Read, &known, &[refused(404, "NOT_FOUND")], "Missing");
    check(Operation::Read, &known, &[answer(401, "")], "Unknown info=HTTP 401");
    let partly = answer(200, &body("DELIVERED", r#""deliveredAmount":5000,"#));
    let part = Operation::Capture { minor: 5_000 };
    check(part, &known, std::slice::from_ref(&partly), "Paid (told)");
    check(CAPTURE, &known, &[partly], "Unknown (told) info=the PSP's amount differs");
    for (ours, theirs) in [("100000", "100001"), ("SEK", "NOK"), ("1001", "1003")] {
        let other = answer(200, &body("APPROVED", "").replace(ours, theirs));
        check(Operation::Read, &known, &[other], "Unknown info=the PSP's amount differs");
    }
}

#[test]
fn an_application_is_found_by_its_order() {
    let unnamed = loan(payment());
    let approved = || found(&[body("APPROVED", "")]);
    check(Operation::Read, &unnamed, &[approved()], "Reserved (told)");
    check(Operation::Read, &unnamed, &[found(&[])], "Missing");
    let other = body("APPROVED", "").replace("1001", "1003");
    check(Operation::Read, &unnamed, &[found(&[other])], "Missing");
    let two = [body("APPROVED", ""), body("CREATED", "")];
    let info = "Unknown info=the order has more than one application";
    check(Operation::Read, &unnamed, &[found(&two)], info);
    check(CAPTURE, &unnamed, &[approved(), application("DELIVERED")], "Paid (told)");
    check(Operation::Cancel, &unnamed, &[approved(), application("CANCELLED")], "Cancelled (told)");
    check(Operation::Cancel, &unnamed, &[found(&[])], "Missing");
}

#[test]
fn what_is_given_up_stays_where_it_is_approved() {
    let known = loan(placed("a-1", ""));
    check(Operation::GiveUp, &known, &[application("APPROVED")], "Reserved (told)");
    let waiting = || application("WAITING_FOR_CONSUMER");
    let answers = [waiting(), application("CANCELLED")];
    check(Operation::GiveUp, &known, &answers, "Cancelled (told)");
    let answers = [waiting(), refused(409, "NOT_ALLOWED"), application("APPROVED")];
    let info = "info=NOT_ALLOWED: the application's status does not allow it";
    check(Operation::GiveUp, &known, &answers, &format!("Reserved (told) {info}"));
}

#[test]
fn a_refused_write_is_read_back() {
    let known = loan(placed("a-1", ""));
    let info = "info=NOT_ALLOWED: the application's status does not allow it";
    let refused = || refused(409, "NOT_ALLOWED");
    let table = [
        (CAPTURE, "APPROVED", "Refused"),
        (CAPTURE, "DELIVERED", "Paid"),
        (CAPTURE, "CANCELLED", "Cancelled"),
        (Operation::Cancel, "APPROVED", "Reserved"),
        (Operation::Cancel, "DELIVERED", "Paid"),
    ];
    for (operation, status, expected) in table {
        let answers = [refused(), application(status)];
        check(operation, &known, &answers, &format!("{expected} (told) {info}"));
    }
}

#[test]
fn a_beginning_may_be_refused() {
    let too_small = "Refused info=AMOUNT_LIMIT: a loan is between 540.00 and 100000.00 SEK";
    check(Operation::Create, &payment(), &[], too_small);
    let fresh = loan(payment());
    check(Operation::Create, &fresh, &[answer(401, "")], "Refused info=HTTP 401");
    check(Operation::Create, &fresh, &[answer(201, "{}")], "Unknown info=HTTP 201");
    let again = repeated(loan(payment()));
    let answers = [refused(422, "KEY_REUSED"), found(&[body("APPROVED", "")])];
    let info = "info=KEY_REUSED: the idempotency key was used for something else";
    check(Operation::Create, &again, &answers, &format!("Reserved (told) {info}"));
    let answers = [refused(422, "KEY_REUSED"), found(&[])];
    check(Operation::Create, &again, &answers, &format!("Refused {info}"));
}

#[test]
fn a_refund_is_looked_for() {
    let paid = "Paid reference=FEDCBA9876543210FEDCBA9876543210";
    let none = || application("DELIVERED");
    check(Operation::Read, &refund(), &[none()], "Missing");
    check(Operation::Create, &refund(), &[none()], "Unknown");
    let differs = "Unknown info=the PSP's amount differs";
    let other = answer(200, &body("DELIVERED", &REFUND.replace("5000", "5001")));
    check(Operation::Read, &refund(), &[other], differs);
    let exceeded = || refused(422, "AMOUNT_EXCEEDED");
    let info = "info=AMOUNT_EXCEEDED: it is more than was approved or delivered";
    check(Operation::Create, &refund(), &[exceeded()], &format!("Refused {info}"));
    let again = repeated(refund());
    check(Operation::Create, &again, &[exceeded(), refunded()], paid);
    check(Operation::Create, &again, &[exceeded(), none()], &format!("Refused {info}"));
    let answers = [answer(401, ""), answer(401, "")];
    check(Operation::Create, &again, &answers, "Unknown info=HTTP 401; HTTP 401");
    let unnamed = loan(payment());
    let without = |operation, answers: &[Exchange]| {
        outcome(Psp::Santander, operation, &refund(), Some(&unnamed), answers)
    };
    let info = "info=the original has no application";
    assert_eq!(without(Operation::Create, &[found(&[])]), format!("Refused {info}"));
    assert_eq!(without(Operation::Read, &[found(&[])]), format!("Missing {info}"));
    assert_eq!(without(Operation::Read, &[answer(403, "")]), "Unknown info=HTTP 403");
    let answers = [found(&[body("DELIVERED", "")]), refunded()];
    assert_eq!(without(Operation::Read, &answers), paid);
}

#[test]
fn every_code_is_known() {
    let codes = "INVALID_FIELD UNAUTHORIZED FORBIDDEN NOT_FOUND NOT_ALLOWED AMOUNT_LIMIT \
        AMOUNT_EXCEEDED KEY_REUSED";
    for code in codes.split_whitespace() {
        let text = errors::text(code).unwrap_or_else(|| panic!("{code}"));
        let info = format!("Refused info={code}: {text}");
        check(Operation::Create, &loan(payment()), &[refused(400, code)], &info);
    }
    assert_eq!(errors::text("XX"), None);
}
