//! Whatever comes back instead of an answer, nothing is taken for success or failure.

use payments::{Operation, Payment, Psp, Standing};

use crate::exchange::{Exchange, Step};
use crate::testing::{answer, answer_with, next, payment, placed, refund, shown};

/// Bodies that no PSP sends.
fn bodies() -> Vec<String> {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let wrong_types = r#"{"status": {"a": []}, "amount": "x", "currency": 5, "payment": [],
        "order_id": {}, "session_id": 1, "redirect_url": 2, "paymentId": [], "refundId": 7,
        "chargeId": {}, "applications": "none", "applicationId": 0, "orderId": null,
        "hostedPaymentPageUrl": false, "purchase_currency": [], "orderDetails": 1}"#;
    let other_values = r#"{"status": "SOLD", "amount": 1e400, "currency": "SEK",
        "order_id": "1", "purchase_currency": "XXX", "applicationId": "a", "orderId": "1001",
        "payment": {"orderDetails": {"amount": -1, "currency": "SEK"}}}"#;
    [
        "",
        " ",
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "{}",
        "[{}]",
        "[[[]]]",
        "{\"status\":",
        "{\"status\": \"PAID\", \"amount\": 125",
        "\u{0}\u{fffd}\u{1f4a5}",
        "<html><body>502</body></html>",
        "<?xml version=\"1.0\"?><a/>",
        "OK",
        wrong_types,
        other_values,
        &deep,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// All that can come back and says nothing.
fn nothings() -> Vec<Exchange> {
    let mut nothings = vec![Exchange::Lost];
    for body in bodies() {
        for status in [200, 202, 206, 101, 301, 302, 307, 408, 429, 500, 502, 503, 504, 599, 999] {
            nothings.push(answer(status, &body));
        }
    }
    nothings.push(answer_with(302, &[("location", "/v1/paymentrequests/1")], ""));
    for status in [400, 401, 403, 404, 409, 418, 422] {
        nothings.push(answer(status, "<!doctype html>"));
    }
    nothings
}

/// Every operation of a PSP, on what it would be done with.
fn works(psp: Psp) -> Vec<(Operation, Payment, Option<Payment>)> {
    let mut fresh = payment();
    if psp == Psp::Santander {
        fresh.amount = crate::testing::amount(100_000, 20_000);
    }
    let named = |reference: &str, second: &str| Payment {
        amount: fresh.amount,
        ..placed(reference, second)
    };
    let known_refund = Payment { told: placed("r1", "").told, ..refund() };
    let mut works = vec![
        (Operation::Create, fresh.clone(), None),
        (Operation::Create, refund(), Some(named("p1", "s1"))),
        (Operation::Create, refund(), Some(named("p1", ""))),
        (Operation::Read, known_refund, Some(named("p1", "s1"))),
    ];
    for payment in [named("p1", "s1"), named("p1", "")] {
        works.push((Operation::Read, payment.clone(), None));
        works.push((Operation::Capture { minor: 100 }, payment.clone(), None));
        works.push((Operation::Cancel, payment.clone(), None));
        works.push((Operation::GiveUp, payment, None));
    }
    works
}

#[test]
fn nonsense_is_unknown_everywhere() {
    for psp in Psp::ALL {
        for (operation, payment, original) in works(psp) {
            for nothing in nothings() {
                let so_far = [nothing];
                let step = next(psp, operation, &payment, original.as_ref(), &so_far);
                let Step::Done(report) = &step else {
                    // A cancellation of Swish that did not succeed is read back.
                    let ends = matches!(operation, Operation::Cancel | Operation::GiveUp);
                    let is_read_back = psp == Psp::Swish && ends;
                    assert!(is_read_back, "{psp:?} {operation:?} {so_far:?} {}", shown(&step));
                    continue;
                };
                let context = format!("{psp:?} {operation:?} {so_far:?} {report:?}");
                assert_eq!(report.standing, Standing::Unknown, "{context}");
            }
        }
    }
}

/// The same after answers that made sense.
#[test]
fn later_nonsense_is_unknown_too() {
    let refused = || answer(422, r#"[{"errorCode":"RP09"}]"#);
    let session = || answer(200, r#"{"session_id":"kp-1"}"#);
    let completed = || answer(200, r#"{"status":"COMPLETED","order_id":"o-1"}"#);
    let reserved = r#"{"payment":{"summary":{"reservedAmount":12500},
        "orderDetails":{"amount":12500,"currency":"SEK"}}}"#;
    let (named, original) = (placed("p1", ""), placed("p1", "s1"));
    let capture = Operation::Capture { minor: 12_500 };
    let works = [
        (Psp::Swish, Operation::Create, payment(), refused()),
        (Psp::Swish, Operation::Create, refund(), refused()),
        (Psp::Swish, Operation::Cancel, named.clone(), refused()),
        (Psp::Klarna, Operation::Create, payment(), session()),
        (Psp::Klarna, Operation::Read, named.clone(), completed()),
        (Psp::Klarna, capture, named.clone(), completed()),
        (Psp::Klarna, capture, original.clone(), answer(403, "{}")),
        (Psp::Klarna, Operation::Cancel, named.clone(), answer(204, "")),
        (Psp::Klarna, Operation::Cancel, original.clone(), answer(403, "{}")),
        (Psp::Easy, capture, named.clone(), answer(402, "{}")),
        (Psp::Easy, Operation::Cancel, named.clone(), answer(200, reserved)),
        (Psp::Santander, capture, named.clone(), answer(409, "{}")),
        (Psp::Santander, Operation::Cancel, named, answer(409, "{}")),
    ];
    for (psp, operation, payment, first) in works {
        for nothing in nothings() {
            let so_far = [first.clone(), nothing];
            let step = next(psp, operation, &payment, Some(&original), &so_far);
            let Step::Done(report) = &step else {
                // What could not be ended is read back.
                let is_read_back = operation == Operation::Cancel;
                assert!(is_read_back, "{psp:?} {operation:?} {so_far:?} {}", shown(&step));
                continue;
            };
            let context = format!("{psp:?} {operation:?} {so_far:?} {report:?}");
            assert_eq!(report.standing, Standing::Unknown, "{context}");
        }
    }
}

#[test]
fn what_was_not_sent_was_not_done() {
    for psp in Psp::ALL {
        for (operation, payment, original) in works(psp) {
            let step = next(psp, operation, &payment, original.as_ref(), &[Exchange::NotSent]);
            let Step::Done(report) = step else { panic!("{psp:?} {operation:?}") };
            assert_eq!(report.standing, Standing::NotDone, "{psp:?} {operation:?}");
        }
    }
}

/// Feeds the same refusal again and again: a work comes to its end, and only the first request to
/// begin something can have been refused.
#[test]
fn every_work_ends_and_refusals_of_what_is_there_are_unknown() {
    for psp in Psp::ALL {
        for (operation, payment, original) in works(psp) {
            for status in [400, 401, 402, 403, 404, 405, 409, 410, 415, 418, 422, 451] {
                for body in ["", "{}", "[]", "nonsense"] {
                    let so_far = vec![answer(status, body); 4];
                    let step = next(psp, operation, &payment, original.as_ref(), &so_far);
                    let Step::Done(report) = &step else {
                        panic!("{psp:?} {operation:?} {status}: {}", shown(&step))
                    };
                    let context = format!("{psp:?} {operation:?} {status} {body} {report:?}");
                    let is_beginning = operation == Operation::Create;
                    let allowed = report.standing == Standing::Unknown
                        || (report.standing == Standing::Refused && is_beginning)
                        || (report.standing == Standing::Missing && !is_beginning && status == 404);
                    assert!(allowed, "{context}");
                }
            }
        }
    }
}

/// An incomplete agreement refuses what is new, and makes nothing of what is there.
#[test]
fn an_agreement_must_be_complete() {
    for psp in Psp::ALL {
        for (operation, payment, original) in works(psp) {
            let agreement = crate::exchange::Agreement::default();
            let addresses = crate::testing::addresses();
            let work = crate::exchange::Work {
                operation,
                payment: &payment,
                original: original.as_ref(),
                agreement: &agreement,
                addresses: &addresses,
            };
            let Step::Done(report) = crate::step(psp, &work, &[]) else { panic!("a call") };
            let is_first = operation == Operation::Create;
            let expected = if is_first { Standing::Refused } else { Standing::Unknown };
            assert_eq!(report.standing, expected, "{psp:?} {operation:?}");
            let name = crate::required(psp).first().unwrap();
            let info = format!("agreement is not complete: {name} is missing");
            assert_eq!(report.told.info, Some(info));
        }
    }
}

#[test]
fn a_refund_is_only_made_or_read() {
    let original = placed("p1", "s1");
    for psp in Psp::ALL {
        for operation in [Operation::Cancel, Operation::Capture { minor: 1 }] {
            let Step::Done(report) = next(psp, operation, &refund(), Some(&original), &[]) else {
                panic!("a call")
            };
            assert_eq!(report.standing, Standing::Unknown);
        }
        let Step::Done(report) = next(psp, Operation::Create, &refund(), None, &[]) else {
            panic!("a call")
        };
        assert_eq!(report.standing, Standing::Refused);
    }
}
