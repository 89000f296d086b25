//! Recorded answers of Nexi Checkout, and what they come to.

use expect_test::{Expect, expect, expect_file};
use payments::{Operation, Payment, Psp};

use super::errors;
use crate::exchange::Exchange;
use crate::testing::{
    answer, item, outcome, payment, placed, refund, repeated, transcript, with_order,
};

const CAPTURE: Operation = Operation::Capture { minor: 12_500 };

const ALL: &str = r#""summary":{"reservedAmount":12500}"#;

/// A payment as it is shown, with these members between the others.
fn kept(members: &str) -> Exchange {
    answer(
        200,
        &format!(
            r#"{{"payment":{{"paymentId":"p-1","consumer":{{}},
            "orderDetails":{{"amount":12500,"currency":"SEK","reference":"1001"}},
            "checkout":{{"url":"https://kassa.test"}},"created":"2026-02-19T22:01:53Z",
            {members},"myReference":"1001"}}}}"#
        ),
    )
}

fn charged() -> Exchange {
    kept(
        r#""summary":{"reservedAmount":12500,"chargedAmount":12500},
        "charges":[{"chargeId":"c-1","amount":12500}]"#,
    )
}

fn refund_is(state: &str) -> Exchange {
    kept(&format!(
        r#""summary":{{"reservedAmount":12500,"chargedAmount":12500,"refundedAmount":5000}},
        "refunds":[{{"refundId":"r-0","amount":1,"refundState":"Completed"}},
        {{"refundId":"r-1","amount":5000,"refundState":"{state}"}}]"#
    ))
}

fn refused(status: u16, code: &str) -> Exchange {
    answer(status, &format!(r#"{{"code":"{code}","message":"theirs","source":"internal"}}"#))
}

fn shown(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &Expect) {
    let original = placed("p-1", "c-1");
    expected.assert_eq(&transcript(Psp::Easy, operation, payment, Some(&original), answers));
}

fn check(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &str) {
    let original = placed("p-1", "c-1");
    let found = outcome(Psp::Easy, operation, payment, Some(&original), answers);
    assert_eq!(found, expected, "{operation:?} {answers:?}");
}

#[test]
fn a_payment_is_begun() {
    let made = answer(201, r#"{"paymentId":"p-1","hostedPaymentPageUrl":"https://pay.test/p-1"}"#);
    let items = vec![item("a", [2, 5_000, 2_500, 2_500, 12_500])];
    let payment = with_order(payment(), true, items);
    let shown = transcript(Psp::Easy, Operation::Create, &payment, None, &[made]);
    expect_file!["new_payment.txt"].assert_eq(&shown);
}

#[test]
fn a_payment_is_read() {
    shown(
        Operation::Read,
        &placed("p-1", ""),
        &[kept(ALL)],
        &expect![[r"
        GET /v1/payments/p-1
        authorization: ...

        Reserved
    "]],
    );
}

#[test]
fn a_payment_is_captured() {
    let made = answer(201, r#"{"chargeId":"c-1","invoice":null}"#);
    shown(
        CAPTURE,
        &placed("p-1", ""),
        std::slice::from_ref(&made),
        &expect![[r#"
        POST /v1/payments/p-1/charges
        authorization: ...
        idempotency-key: 0123456789ABCDEF0123456789ABCDEF-capture-12500
        content-type: application/json
        {
          "amount": 12500,
          "myReference": "1001"
        }

        Paid second=c-1
    "#]],
    );
    let part = Operation::Capture { minor: 5_000 };
    shown(
        part,
        &placed("p-1", ""),
        &[made],
        &expect![[r#"
        POST /v1/payments/p-1/charges
        authorization: ...
        idempotency-key: 0123456789ABCDEF0123456789ABCDEF-capture-5000
        content-type: application/json
        {
          "amount": 5000,
          "myReference": "1001",
          "orderItems": [
            {
              "grossTotalAmount": 5000,
              "name": "Kaffe bullar",
              "netTotalAmount": 4000,
              "quantity": 1,
              "reference": "1001",
              "taxAmount": 1000,
              "taxRate": 2500,
              "unit": "pcs",
              "unitPrice": 4000
            }
          ]
        }

        Paid second=c-1
    "#]],
    );
}

#[test]
fn a_payment_is_cancelled() {
    let known = placed("p-1", "");
    shown(
        Operation::Cancel,
        &known,
        &[kept(ALL), answer(204, "")],
        &expect![[r#"
        GET /v1/payments/p-1
        authorization: ...

        POST /v1/payments/p-1/cancels
        authorization: ...
        idempotency-key: 0123456789ABCDEF0123456789ABCDEF-cancel
        content-type: application/json
        {
          "amount": 12500
        }

        Cancelled
    "#]],
    );
    let answers = [kept(r#""summary":{}"#), answer(204, "")];
    shown(
        Operation::Cancel,
        &known,
        &answers,
        &expect![[r"
        GET /v1/payments/p-1
        authorization: ...

        PUT /v1/payments/p-1/terminate
        authorization: ...

        Cancelled
    "]],
    );
}

#[test]
fn a_refund_is_made_and_read() {
    let answers = [answer(201, r#"{"refundId":"r-1"}"#), refund_is("Completed")];
    shown(
        Operation::Create,
        &refund(),
        &answers,
        &expect![[r#"
        POST /v1/charges/c-1/refunds
        authorization: ...
        idempotency-key: FEDCBA9876543210FEDCBA9876543210
        content-type: application/json
        {
          "amount": 5000,
          "myReference": "1002",
          "orderItems": [
            {
              "grossTotalAmount": 5000,
              "name": "Kaffe bullar",
              "netTotalAmount": 4000,
              "quantity": 1,
              "reference": "1001",
              "taxAmount": 1000,
              "taxRate": 2500,
              "unit": "pcs",
              "unitPrice": 4000
            }
          ]
        }

        GET /v1/payments/p-1
        authorization: ...

        Paid reference=r-1
    "#]],
    );
    let known = Payment { told: placed("r-1", "").told, ..refund() };
    shown(
        Operation::Read,
        &known,
        &[refund_is("Pending")],
        &expect![[r"
        GET /v1/payments/p-1
        authorization: ...

        Waiting
    "]],
    );
}

#[test]
fn sums_say_how_it_stands() {
    let differs = "Unknown info=the PSP's amount differs";
    let table = [
        (r#""summary":{}"#, "Waiting"),
        (r#""summary":{"reservedAmount":0,"chargedAmount":0}"#, "Waiting"),
        (r#""summary":{},"terminated":"2026-02-19T22:01:53Z""#, "Expired"),
        (ALL, "Reserved"),
        (r#""summary":{"reservedAmount":12500,"cancelledAmount":12500}"#, "Cancelled"),
        (r#""summary":{"reservedAmount":12500,"cancelledAmount":100}"#, differs),
        (r#""summary":{"reservedAmount":12499}"#, differs),
        (r#""summary":{"reservedAmount":12500,"chargedAmount":12500}"#, "Paid"),
        (r#""summary":{"chargedAmount":12500}"#, "Paid"),
        (r#""summary":{"reservedAmount":12500,"chargedAmount":12499}"#, differs),
        (r#""summary":{"chargedAmount":12500,"refundedAmount":12500}"#, "Paid"),
        (r#""summary":{"reservedAmount":"12500"}"#, "Unknown info=HTTP 200"),
        (r#""summary":{"reservedAmount":12500.0}"#, "Unknown info=HTTP 200"),
    ];
    let known = placed("p-1", "");
    for (members, expected) in table {
        check(Operation::Read, &known, &[kept(members)], expected);
    }
    check(Operation::Read, &known, &[charged()], "Paid second=c-1");
    check(Operation::Read, &known, &[answer(404, "")], "Missing");
    check(Operation::Read, &known, &[answer(401, "")], "Unknown info=HTTP 401");
    check(Operation::Read, &payment(), &[], "Missing");
    // A page is not shown again once it may be paid for.
    check(Operation::Create, &known, &[charged()], "Paid second=c-1");
    for (ours, theirs) in [("12500,\"c", "12501,\"c"), ("SEK", "NOK"), ("e\":\"1001", "e\":\"1003")]
    {
        let Exchange::Answer(response) = kept(ALL) else { panic!("no answer") };
        let other = answer(200, &response.body.replacen(ours, theirs, 1));
        check(Operation::Read, &known, &[other], differs);
    }
}

#[test]
fn a_refused_charge_is_read_back() {
    let known = placed("p-1", "");
    for code in ["1001", "1008", "1020"] {
        let text = errors::text(code).unwrap();
        let answers = [refused(402, code), charged()];
        let paid = format!("Paid second=c-1 info={code}: {text}");
        check(CAPTURE, &known, &answers, &paid);
        let answers = [refused(402, code), kept(ALL)];
        check(CAPTURE, &known, &answers, &format!("Refused info={code}: {text}"));
    }
    let answers = [answer(401, ""), answer(401, "")];
    check(CAPTURE, &known, &answers, "Unknown info=HTTP 401; HTTP 401");
    check(CAPTURE, &known, &[refused(402, "1008"), Exchange::NotSent], "Unknown info=no answer");
    check(CAPTURE, &payment(), &[], "Missing");
}

#[test]
fn what_is_given_up_stays_where_something_is_held() {
    let known = placed("p-1", "");
    check(Operation::GiveUp, &known, &[kept(ALL)], "Reserved");
    check(Operation::GiveUp, &known, &[charged()], "Paid second=c-1");
    let new = || kept(r#""summary":{}"#);
    check(Operation::GiveUp, &known, &[new(), answer(204, "")], "Cancelled");
    let info = "Reserved info=1004: it is reserved already";
    check(Operation::GiveUp, &known, &[new(), refused(402, "1004"), kept(ALL)], info);
    check(Operation::GiveUp, &payment(), &[], "Missing");
}

#[test]
fn a_refused_cancellation_is_read_back() {
    let known = placed("p-1", "");
    let answers = [kept(ALL), refused(400, "1019")];
    check(Operation::Cancel, &known, &answers, "Cancelled");
    let answers = [kept(ALL), refused(400, "1008"), charged()];
    let paid = "Paid second=c-1 info=1008: it is charged already";
    check(Operation::Cancel, &known, &answers, paid);
    check(Operation::Cancel, &known, &[charged()], "Paid second=c-1");
    check(
        Operation::Cancel,
        &known,
        &[kept(ALL), Exchange::NotSent],
        "NotDone info=the PSP cannot be reached",
    );
    check(Operation::Cancel, &known, &[kept(ALL), Exchange::Lost], "Unknown info=no answer");
    check(Operation::Cancel, &payment(), &[], "Missing");
}

#[test]
fn a_refund_stands_as_its_state_says() {
    let known = Payment { told: placed("r-1", "").told, ..refund() };
    let made = answer(201, r#"{"refundId":"r-1"}"#);
    let table = [
        ("Pending", "Waiting"),
        ("Completed", "Paid"),
        ("Failed", "Failed info=refund is Failed"),
        ("Cancelled", "Failed info=refund is Cancelled"),
        ("Expired", "Failed info=refund is Expired"),
        ("Sold", "Unknown info=HTTP 200"),
    ];
    for (state, expected) in table {
        check(Operation::Read, &known, &[refund_is(state)], expected);
    }
    check(Operation::Read, &known, &[charged()], "Missing");
    check(Operation::Read, &refund(), &[], "Missing");
    check(Operation::Read, &known, &[answer(404, "")], "Unknown");
    // That it was made is known, whatever comes of the look after it.
    let waiting = [answer(404, ""), answer(401, ""), charged(), refund_is("Sold"), answer(200, "")];
    for after in waiting.into_iter().chain([Exchange::Lost, Exchange::NotSent, answer(500, "")]) {
        let found = outcome(
            Psp::Easy,
            Operation::Create,
            &refund(),
            Some(&placed("p-1", "c-1")),
            &[made.clone(), after],
        );
        assert!(found.starts_with("Waiting reference=r-1"), "{found}");
    }
}

#[test]
fn a_charge_is_found_where_its_name_is_not_known() {
    let unnamed = placed("p-1", "");
    let check = |answers: &[Exchange], expected: &str| {
        let found = outcome(Psp::Easy, Operation::Create, &refund(), Some(&unnamed), answers);
        assert_eq!(found, expected);
    };
    let made = answer(201, r#"{"refundId":"r-1"}"#);
    check(&[charged(), made, refund_is("Completed")], "Paid reference=r-1");
    check(&[kept(ALL)], "Refused info=the original was not charged");
    check(&[answer(404, "")], "Refused info=the original was not charged");
    check(&[Exchange::NotSent], "NotDone info=the PSP cannot be reached");
}

#[test]
fn a_refused_beginning_tells_its_code() {
    let fields = r#"{"errors":{"order.amount":["is required","is 0"],"checkout":["is wrong"]}}"#;
    let info = "Refused info=checkout: is wrong; order.amount: is required, is 0";
    check(Operation::Create, &payment(), &[answer(400, fields)], info);
    check(Operation::Create, &payment(), &[answer(401, "")], "Refused info=HTTP 401");
    check(Operation::Create, &payment(), &[refused(400, "9")], "Refused info=9: theirs");
    check(Operation::Create, &payment(), &[answer(404, "")], "Unknown info=HTTP 404");
    check(Operation::Create, &payment(), &[answer(201, "{}")], "Unknown info=HTTP 201");
    // What was perhaps refunded by a request before is not refused.
    let info = "1023: it is refunded already";
    let check_again = |then, standing: &str| {
        let expected = format!("{standing} info={info}");
        check(Operation::Create, &repeated(refund()), &[refused(400, "1023"), then], &expected);
    };
    let other = r#""refunds":[{"refundId":"R","amount":1,"refundState":"Completed"}]"#;
    check_again(kept(other), "Refused");
    let alike = format!(
        r#""refunds":[{{"refundId":"R","amount":{},"refundState":"Completed"}}]"#,
        refund().amount.total_minor
    );
    check_again(kept(&alike), "Unknown");
    check_again(answer(404, ""), "Unknown");
}

#[test]
fn every_code_is_known() {
    for code in 1_000..=1_032 {
        let code = code.to_string();
        let text = errors::text(&code).unwrap_or_else(|| panic!("{code}"));
        let info = format!("Refused info={code}: {text}");
        check(Operation::Create, &refund(), &[refused(402, &code)], &info);
    }
    assert_eq!((errors::text("999"), errors::text("1033")), (None, None));
}
