//! Recorded answers of Swish, and what they come to.

use expect_test::{Expect, expect};
use ledger::Currency;
use payments::{Operation, Payment, Psp, Standing};

use super::{errors, wire};
use crate::exchange::Exchange;
use crate::testing::{
    INSTRUCTION, answer, answer_with, outcome, payment, placed, refund, repeated, transcript,
};

const PAID: &str = r#"{"id":"0123456789ABCDEF0123456789ABCDEF","payeePaymentReference":"1001",
    "paymentReference":"6D6C","callbackUrl":"https://kassa.test/c",
    "payerAlias":"46712345678","payeeAlias":"1234679304","amount":125,"currency":"SEK",
    "message":"Kaffe","status":"PAID","dateCreated":"2026-02-19T22:01:53+01:00",
    "datePaid":"2026-02-19T22:03:53+01:00"}"#;

const REFUNDED: &str = r#"{"id":"FEDCBA9876543210FEDCBA9876543210","paymentReference":null,
    "originalPaymentReference":"6D6C","payerPaymentReference":"1002","payerAlias":"1234679304",
    "amount":50.00,"currency":"SEK","status":"VALIDATED","errorCode":null}"#;

fn shown(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &Expect) {
    let original = placed(INSTRUCTION, "6D6C");
    let shown = transcript(Psp::Swish, operation, payment, Some(&original), answers);
    expected.assert_eq(&shown);
}

fn check(operation: Operation, payment: &Payment, answers: &[Exchange], expected: &str) {
    let original = placed(INSTRUCTION, "6D6C");
    let found = outcome(Psp::Swish, operation, payment, Some(&original), answers);
    assert_eq!(found, expected, "{operation:?} {answers:?}");
}

fn refused(code: &str) -> Exchange {
    let body = format!(r#"[{{"errorCode":"{code}","errorMessage":"theirs"}}]"#);
    answer(422, &body)
}

#[test]
fn a_payment_is_asked_for() {
    let location = "https://psp.test/api/v1/paymentrequests/0123456789ABCDEF0123456789ABCDEF";
    let made = answer_with(201, &[("location", location)], "");
    shown(
        Operation::Create,
        &payment(),
        &[made],
        &expect![[r#"
        PUT /v2/paymentrequests/0123456789ABCDEF0123456789ABCDEF
        content-type: application/json
        {
          "amount": "125.00",
          "callbackIdentifier": "00112233445566778899aabbccddeeff",
          "callbackUrl": "https://kassa.test/callbacks/1001/s3cret",
          "currency": "SEK",
          "message": "Kaffe bullar",
          "payeeAlias": "1234679304",
          "payeePaymentReference": "1001",
          "payerAlias": "46712345678"
        }

        Waiting reference=0123456789ABCDEF0123456789ABCDEF
    "#]],
    );
    let mut qr = payment();
    qr.asked.trigger = Some("2".to_owned());
    qr.asked.message = None;
    let made = answer_with(201, &[("paymentrequesttoken", "tok")], "");
    shown(
        Operation::Create,
        &qr,
        &[made],
        &expect![[r#"
        PUT /v2/paymentrequests/0123456789ABCDEF0123456789ABCDEF
        content-type: application/json
        {
          "amount": "125.00",
          "callbackIdentifier": "00112233445566778899aabbccddeeff",
          "callbackUrl": "https://kassa.test/callbacks/1001/s3cret",
          "currency": "SEK",
          "payeeAlias": "1234679304",
          "payeePaymentReference": "1001"
        }

        Waiting reference=0123456789ABCDEF0123456789ABCDEF token=tok
    "#]],
    );
}

#[test]
fn a_payment_is_read() {
    shown(
        Operation::Read,
        &payment(),
        &[answer(200, PAID)],
        &expect![[r"
        GET /v1/paymentrequests/0123456789ABCDEF0123456789ABCDEF

        Paid reference=0123456789ABCDEF0123456789ABCDEF second=6D6C payer=46712345678
    "]],
    );
}

#[test]
fn a_payment_is_cancelled() {
    let cancelled = answer(200, &PAID.replace("PAID", "CANCELLED"));
    shown(
        Operation::Cancel,
        &payment(),
        &[cancelled],
        &expect![[r#"
        PATCH /v1/paymentrequests/0123456789ABCDEF0123456789ABCDEF
        content-type: application/json-patch+json
        [
          {
            "op": "replace",
            "path": "/status",
            "value": "cancelled"
          }
        ]

        Cancelled reference=0123456789ABCDEF0123456789ABCDEF second=6D6C payer=46712345678
    "#]],
    );
    let answers = [refused("RP07"), answer(200, PAID)];
    shown(
        Operation::Cancel,
        &payment(),
        &answers,
        &expect![[r#"
        PATCH /v1/paymentrequests/0123456789ABCDEF0123456789ABCDEF
        content-type: application/json-patch+json
        [
          {
            "op": "replace",
            "path": "/status",
            "value": "cancelled"
          }
        ]

        GET /v1/paymentrequests/0123456789ABCDEF0123456789ABCDEF

        Paid reference=0123456789ABCDEF0123456789ABCDEF second=6D6C payer=46712345678
    "#]],
    );
}

#[test]
fn a_refund_is_made_and_read() {
    let location = "https://psp.test/api/v1/refunds/FEDCBA9876543210FEDCBA9876543210";
    let made = answer_with(201, &[("location", location)], "");
    shown(
        Operation::Create,
        &refund(),
        &[made],
        &expect![[r#"
        PUT /v2/refunds/FEDCBA9876543210FEDCBA9876543210
        content-type: application/json
        {
          "amount": "50.00",
          "callbackIdentifier": "00112233445566778899aabbccddeeff",
          "callbackUrl": "https://kassa.test/callbacks/1001/s3cret",
          "currency": "SEK",
          "message": "Kaffe bullar",
          "originalPaymentReference": "6D6C",
          "payerAlias": "1234679304",
          "payerPaymentReference": "1002"
        }

        Waiting reference=FEDCBA9876543210FEDCBA9876543210
    "#]],
    );
    shown(
        Operation::Read,
        &refund(),
        &[answer(200, REFUNDED)],
        &expect![[r"
            GET /v1/refunds/FEDCBA9876543210FEDCBA9876543210

            Waiting reference=FEDCBA9876543210FEDCBA9876543210
        "]],
    );
    let unnamed = placed(INSTRUCTION, "");
    let answers = [answer(200, PAID), answer(201, "")];
    let shown = transcript(Psp::Swish, Operation::Create, &refund(), Some(&unnamed), &answers);
    expect![[r#"
        GET /v1/paymentrequests/0123456789ABCDEF0123456789ABCDEF

        PUT /v2/refunds/FEDCBA9876543210FEDCBA9876543210
        content-type: application/json
        {
          "amount": "50.00",
          "callbackIdentifier": "00112233445566778899aabbccddeeff",
          "callbackUrl": "https://kassa.test/callbacks/1001/s3cret",
          "currency": "SEK",
          "message": "Kaffe bullar",
          "originalPaymentReference": "6D6C",
          "payerAlias": "1234679304",
          "payerPaymentReference": "1002"
        }

        Waiting reference=FEDCBA9876543210FEDCBA9876543210
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_status_says_how_it_stands() {
    let with = |status: &str, code: &str| {
        let fields = format!(r#""status":"{status}","errorCode":"{code}""#);
        answer(200, &PAID.replace(r#""status":"PAID""#, &fields))
    };
    let table = [
        ("CREATED", "", "Waiting"),
        ("PENDING", "", "Waiting"),
        ("DECLINED", "", "Declined"),
        ("CANCELLED", "", "Cancelled"),
        ("ERROR", "RF07", "Declined"),
        ("ERROR", "BANKIDCL", "Cancelled"),
        ("ERROR", "RP08", "Cancelled"),
        ("ERROR", "TM01", "Expired"),
        ("ERROR", "DS24", "Unknown"),
        ("ERROR", "FF10", "Failed"),
        ("ERROR", "ACMT03", "Failed"),
        ("ERROR", "XX99", "Failed"),
        ("SOLD", "", "Unknown"),
    ];
    for (status, code, expected) in table {
        let answers = [with(status, code)];
        let found = outcome(Psp::Swish, Operation::Read, &payment(), None, &answers);
        assert_eq!(found.split(' ').next(), Some(expected), "{status} {code}");
    }
    let failed = answer(200, &PAID.replace("\"PAID\"", "\"ERROR\""));
    let found = outcome(Psp::Swish, Operation::Read, &payment(), None, &[failed]);
    assert!(found.starts_with("Failed"), "{found}");
    let refunds = [
        ("CREATED", "Waiting"),
        ("INITIATED", "Waiting"),
        ("DEBITED", "Waiting"),
        ("PAID", "Paid"),
        ("ERROR", "Failed"),
    ];
    for (status, expected) in refunds {
        let answers = [answer(200, &REFUNDED.replace("VALIDATED", status))];
        let original = placed(INSTRUCTION, "6D6C");
        let found = outcome(Psp::Swish, Operation::Read, &refund(), Some(&original), &answers);
        assert_eq!(found.split(' ').next(), Some(expected), "{status}");
    }
}

#[test]
fn what_is_read_must_be_ours() {
    let differs = "Unknown info=the PSP's amount differs";
    let amounts = ["125.00", "125.0", "1.25e2", "\"125.00\""];
    for amount in amounts {
        let body = PAID.replace("\"amount\":125", &format!("\"amount\":{amount}"));
        let found = outcome(Psp::Swish, Operation::Read, &payment(), None, &[answer(200, &body)]);
        assert!(found.starts_with("Paid"), "{amount}: {found}");
    }
    for amount in ["125.01", "125.001", "12500", "1.25", "-125", "1e999", "null", "{}"] {
        let body = PAID.replace("\"amount\":125", &format!("\"amount\":{amount}"));
        check(Operation::Read, &payment(), &[answer(200, &body)], differs);
    }
    let foreign = answer(200, &PAID.replace("SEK", "NOK"));
    check(Operation::Read, &payment(), &[foreign], differs);
    let other = answer(200, &PAID.replace("\"1001\"", "\"1003\""));
    check(Operation::Read, &payment(), &[other], differs);
    let other = answer(200, &REFUNDED.replace("6D6C", "7E7E"));
    check(Operation::Read, &refund(), &[other], differs);
    check(Operation::Read, &refund(), &[answer(404, "")], "Missing");
    check(Operation::Read, &payment(), &[answer(401, "")], "Unknown info=HTTP 401");
}

#[test]
fn a_refusal_tells_its_code() {
    let mut euro = payment();
    euro.amount.currency = Currency::parse("EUR").unwrap();
    let info = "Refused info=AM03: the currency is missing or not SEK";
    check(Operation::Create, &euro, &[], info);
    let unknown = "Refused info=XX99: theirs";
    check(Operation::Create, &payment(), &[refused("XX99")], unknown);
    check(Operation::Create, &payment(), &[answer(401, "")], "Refused info=HTTP 401");
    check(Operation::Create, &payment(), &[answer(404, "")], "Unknown info=HTTP 404");
    let two = answer(422, r#"[{"errorCode":"BE18"},{"errorCode":"PA02"}]"#);
    let info = "Refused info=BE18: the payer's number is invalid; \
                PA02: the amount is missing or not a number";
    check(Operation::Create, &payment(), &[two], info);
    let info = "NotDone info=RF09: a refund of the payment is being made";
    check(Operation::Create, &refund(), &[refused("RF09")], info);
}

#[test]
fn what_may_be_there_is_read_back() {
    let paid = "Paid reference=0123456789ABCDEF0123456789ABCDEF \
                second=6D6C payer=46712345678";
    for code in ["RP09", "RP06"] {
        let answers = [refused(code), answer(200, PAID)];
        check(Operation::Create, &payment(), &answers, paid);
    }
    let again = repeated(payment());
    check(Operation::Create, &again, &[refused("ACMT03"), answer(200, PAID)], paid);
    check(Operation::Create, &again, &[answer(401, ""), answer(200, PAID)], paid);
    let info = "Refused info=ACMT03: the payer has no Swish";
    check(Operation::Create, &again, &[refused("ACMT03"), answer(404, "")], info);
    let info = "Refused info=RP06: the payer has another payment request open";
    check(Operation::Create, &payment(), &[refused("RP06"), answer(404, "")], info);
    let info = "Missing info=RP09: the instruction was used before";
    check(Operation::Create, &payment(), &[refused("RP09"), answer(404, "")], info);
    let info = "Unknown info=HTTP 401; HTTP 401";
    check(Operation::Create, &again, &[answer(401, ""), answer(401, "")], info);
    let info = "Unknown info=no answer";
    check(Operation::Create, &payment(), &[refused("RP09"), Exchange::NotSent], info);
    check(Operation::Create, &payment(), &[refused("RP09"), Exchange::Lost], info);
    let waiting = "Waiting reference=FEDCBA9876543210FEDCBA9876543210";
    check(Operation::Create, &refund(), &[refused("RP09"), answer(200, REFUNDED)], waiting);
    let again = repeated(refund());
    check(Operation::Create, &again, &[refused("RF08"), answer(200, REFUNDED)], waiting);
    let info = "NotDone info=RF09: a refund of the payment is being made";
    check(Operation::Create, &again, &[refused("RF09"), answer(404, "")], info);
}

/// Each code: its step, and what it comes to there.
#[test]
fn every_code_is_known() {
    let of_requests = [
        ("Refused", "FF08 RP01 RP02 RP03 RP04 PA01 PA02 AM02 AM03 AM06 BE18 ACMT01 ACMT03"),
        ("Refused", "ACMT07 VR01 VR02 RF02 RF03 RF04 RF06 RF08"),
        ("Unknown", "RP06 RP09"),
        ("NotDone", "RF09"),
    ];
    let of_results = [
        ("Declined", "RF07"),
        ("Cancelled", "BANKIDCL RP08"),
        ("Expired", "TM01"),
        ("Unknown", "DS24"),
        ("Failed", "FF10 AM04 BANKIDONGOING BANKIDUNKN"),
    ];
    let check = |table: &[(&str, &str)], comes_to: fn(&str) -> Standing| {
        for (expected, codes) in table {
            for code in codes.split(' ') {
                assert!(errors::text(code).is_some(), "{code}");
                assert_eq!(format!("{:?}", comes_to(code)), *expected, "{code}");
            }
        }
    };
    check(&of_requests, errors::of_request);
    check(&of_results, errors::of_result);
    assert_eq!(errors::text("XX99"), None);
}

#[test]
fn the_payers_number_becomes_an_alias() {
    let table = [
        ("46712345678", "46712345678"),
        ("+46 71-234 56 78", "46712345678"),
        ("0046712345678", "46712345678"),
        ("0712345678", "46712345678"),
        ("(071) 234 56 78", "46712345678"),
        ("4512345678", "4512345678"),
        ("1234567", "1234567"),
        ("07", "07"),
        ("1234567890123456", "1234567890123456"),
        ("Anna", "Anna"),
        ("", ""),
        ("07\u{661}2345678", "07\u{661}2345678"),
    ];
    for (consumer_id, expected) in table {
        assert_eq!(wire::alias(consumer_id), expected, "{consumer_id}");
    }
}

#[test]
fn a_message_is_cut_and_cleaned() {
    let table = [
        ("Smör & bröd – 2 st!", Some("Smör bröd 2 st!")),
        ("a\n\tb", Some("a b")),
        ("é€", None),
        ("", None),
    ];
    for (message, expected) in table {
        let mut payment = payment();
        payment.asked.message = Some(message.to_owned());
        assert_eq!(wire::message(&payment).as_deref(), expected);
    }
    let mut payment = payment();
    payment.asked.message = Some("å".repeat(49) + " bcd");
    assert_eq!(wire::message(&payment), Some("å".repeat(49)));
}
