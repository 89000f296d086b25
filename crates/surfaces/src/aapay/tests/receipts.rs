//! Goal: what is over has a receipt, in the language of the cash register.

use super::*;
use expect_test::{Expect, expect};

fn lines(receipt: &Value) -> String {
    let lines = receipt["receiptData"].as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap().to_owned() + "\n").collect()
}

fn check(language: Value, expected: &Expect) {
    let world = world();
    let reply = initialize(&world, "payment", &with(on_card("T-1"), "/ecr2Naa/lang", language));
    let shown = status(&world, number(&reply));
    let receipt = &shown["receipt"];
    assert_eq!(*receipt, shown["response"]["request"]["transaction"]["receipt"]);
    assert_eq!(receipt["timeStamp"], "2026-11-20T11:00:00.000Z");
    assert_eq!(receipt["receiptClass"], "CUSTOMER");
    assert_eq!(receipt["receiptId"], number(&reply));
    let without_numbers = |line: &str| match line.split_once(": ") {
        Some((
            name @ ("Transaktion" | "Transaction" | "Betalreferens" | "Payment reference"),
            _,
        )) => {
            format!("{name}: …\n")
        }
        Some(_) | None => line.to_owned() + "\n",
    };
    expected.assert_eq(&lines(receipt).lines().map(without_numbers).collect::<String>());
}

#[test]
fn receipts_are_swedish_where_the_register_is() {
    check(
        json!("sv-SE"),
        &expect![[r"
        Åkes Ägg & Öl 1
        Org.nr 123456-7890
        2026-11-20 12:00:00
        KÖP
        Betalsätt: Card ledger
        Exkl. moms: 80.00 SEK
        Moms: 20.00 SEK
        Totalt: 100.00 SEK
        Transaktion: …
        Referens: T-1
        Betalreferens: …
        GODKÄND
    "]],
    );
}

#[test]
fn receipts_are_english_elsewhere() {
    let expected = expect![[r"
        Åkes Ägg & Öl 1
        Org. no. 123456-7890
        2026-11-20 12:00:00
        PURCHASE
        Method: Card ledger
        Excl. VAT: 80.00 SEK
        VAT: 20.00 SEK
        Total: 100.00 SEK
        Transaction: …
        Reference: T-1
        Payment reference: …
        APPROVED
    "]];
    for language in [json!("en"), json!(""), json!("å"), Value::Null] {
        check(language, &expected);
    }
}

#[test]
fn what_is_held_or_undecided_has_none() {
    let world = world();
    swish(&world);
    for body in [payment(), without(on_card("T-1"), "/ecr2Naa")] {
        let number = created(&world, "payment", &body);
        assert_eq!(status(&world, number)["receipt"], Value::Null);
    }
}

#[test]
fn a_batch_report_changes_no_receipt() {
    let world = world();
    let number = created(&world, "payment", &on_card("T-1"));
    let before = status(&world, number)["receipt"].clone();
    world.clock.advance_ms(60_000);
    let report = world.close_day(3, &[&read(&world, number)]);
    let after = status(&world, number);
    assert_eq!((&after["state"], &after["receipt"]), (&json!("REPORTED"), &before));
    let parameter = json!({
        "parameterId": 1, "key": "batchReport", "value": report.number.to_string()
    });
    assert_eq!(after["response"]["request"]["transaction"]["parameters"], json!([parameter]));
    // It cannot be undone any more, but can be given back.
    let body = with(on_card("V-1"), "/originalReference", json!("T-1"));
    refused(&initialize(&world, "reversal", &body), 400, &["originalReference"]);
    let body = with(on_card("R-1"), "/originalReference", json!(number.to_string()));
    assert_eq!(initialize(&world, "refund", &body).status, 202);
}

#[test]
fn a_part_that_was_captured_is_told() {
    let world = world();
    let number = created(&world, "payment", &without(on_card("T-1"), "/ecr2Naa"));
    let capture = payments::Capture {
        payment: Box::new(read(&world, number)),
        minor: Some(4_000),
        actor: "test".to_owned(),
        idempotency: None,
    };
    world.submit_payments(payments::Command::Capture(capture));
    let receipt = lines(&status(&world, number)["receipt"]);
    assert!(receipt.contains("\nTotal: 100.00 SEK\nCharged: 40.00 SEK\n"), "{receipt}");
}
