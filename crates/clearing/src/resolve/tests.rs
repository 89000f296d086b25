//! What the first reason is for which an exception is not dealt with. What is booked is tested
//! where there is a ledger: in the operator API's tests.

use std::sync::Arc;

use formats::rkha21::{Row, RowKind};
use ledger::journal::Head;
use ledger::{Currency, Date, Directory, Fingerprint};

use super::*;
use crate::command::Command;
use crate::exception::{NewException, Reason, raise};

/// Books with an exception, found at `origin` and about transaction 7.
fn with(origin: Origin) -> (Books, i64) {
    let mut books = Books::new(Arc::new(Directory::default()), RowId(0), Head::default());
    let what = NewException {
        transaction: Some(7),
        ..NewException::new(origin, Reason::AmountDiffers, "test")
    };
    let number = raise(&mut books, what, Timestamp(1)).unwrap().number;
    (books, number)
}

fn row(line: u64) -> PlacedRow {
    let row = Row {
        line,
        kind: RowKind::Purchase,
        date: Date::parse("2026-11-20").unwrap(),
        acquirer_reference: "00000000001".to_owned(),
        amount_minor: 100,
        currency: Currency::SEK,
        authorization: None,
        withdrawal_minor: None,
        seller: "654".to_owned(),
        card_token: "card".to_owned(),
        source: "p-1".to_owned(),
        point_of_sale: None,
        channel: None,
        method: None,
        corrects: None,
        receipt: None,
    };
    PlacedRow { row, company: Some("100".to_owned()) }
}

fn resolve(exception: i64, remedy: Remedy, key: Option<u8>) -> Command {
    let idempotency =
        key.map(|key| Idempotency { key: Key([key; 16]), fingerprint: Fingerprint([key; 16]) });
    let (note, actor) = ("note".to_owned(), "test".to_owned());
    Command::ResolveException(Box::new(ResolveException {
        exception,
        remedy,
        note,
        actor,
        idempotency,
    }))
}

fn post(line: u64) -> Remedy {
    let (row, batch) = (Box::new(row(line)), "261120885020".to_owned());
    Remedy::Post { row, batch, without_authorization: false }
}

fn correction(transaction: i64) -> Remedy {
    Remedy::Correct(Correction {
        transaction,
        company: "100".to_owned(),
        kind: PostingKind::Purchase,
        corrected: "p-1".to_owned(),
        source: "exc-1".to_owned(),
        amount: Decimal::parse("1").unwrap(),
    })
}

#[test]
fn the_first_reason_decides() {
    let of_row = Origin::FileRow { file: 3, line: 5 };
    let of_comparison = Origin::Comparison { scope: "batch:1".to_owned(), item: "x".to_owned() };
    let not_configured = Refusal::Ledger(ledger::Refusal::CompanyNotConfigured);
    for (origin, remedy, expected) in [
        (&of_comparison, post(5), Refusal::NothingToPost),
        (&of_row, post(6), Refusal::NothingToPost),
        (&of_row, post(5), not_configured),
        (&of_row, correction(8), Refusal::NothingToCorrect),
        (&of_row, correction(7), not_configured),
    ] {
        let (mut books, number) = with(origin.clone());
        let refused = resolve(number, remedy.clone(), None).decide(&mut books, Timestamp(2));
        assert_eq!(refused, Err(expected), "{remedy:?}");
        let kept = books.document(Exception::id(number)).and_then(Exception::of).unwrap();
        assert_eq!(kept.resolution, None, "it stays open");
        assert_eq!(books.coming_id(), RowId(number.saturating_add(1)), "nothing is written");
    }
}

#[test]
fn it_is_dealt_with_once() {
    let (mut books, number) = with(Origin::FileRow { file: 3, line: 5 });
    let now = Timestamp(2);
    assert_eq!(
        resolve(99, Remedy::Accept, Some(1)).decide(&mut books, now),
        Err(Refusal::ExceptionNotFound)
    );
    let accept = resolve(number, Remedy::Accept, Some(1));
    let first = accept.decide(&mut books, now).unwrap();
    let again = accept.decide(&mut books, now).unwrap();
    assert_eq!((again.replayed, &again.done), (true, &first.done));
    for (command, expected) in [
        (resolve(number, Remedy::Accept, Some(2)), Refusal::ExceptionResolved),
        (resolve(number, Remedy::Accept, None), Refusal::ExceptionResolved),
        (resolve(99, Remedy::Accept, Some(1)), Refusal::IdempotencyKeyReused),
    ] {
        assert_eq!(command.decide(&mut books, now), Err(expected), "{command:?}");
    }
}
