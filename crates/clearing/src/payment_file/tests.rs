//! Payment files: each settlement in one, and each file as it was made.

use ledger::{Fingerprint, Key, PostingKind};
use store::Part;

use super::*;
use crate::command::Command;
use crate::payout_account::{BankAccount, SetPayoutAccount};
use crate::settle::world::{COMPANY, World};

const IBAN: &str = "SE4550000000058398257466";

fn set_account(world: &mut World, seller: Option<&str>, holder: &str) {
    let owner = AccountOwner { company: COMPANY.to_owned(), seller: seller.map(str::to_owned) };
    let account = BankAccount {
        holder: holder.to_owned(),
        iban: IBAN.to_owned(),
        bic: Some("ESSESESS".to_owned()),
    };
    let command = SetPayoutAccount { owner, account, actor: "test".to_owned() };
    world.clear(&Command::SetPayoutAccount(command)).unwrap();
}

/// Both sellers are to be paid in both currencies; one of them, in one, owes.
fn world() -> (World, Date) {
    let mut world = World::new();
    for (seller, currency) in [("654", "SEK"), ("655", "SEK"), ("654", "EUR")] {
        world.sell(PostingKind::Purchase, seller, currency, 10_050);
    }
    world.sell(PostingKind::Reversal, "655", "EUR", 500);
    let day = world.day();
    world.next_day();
    world.tally_all(100);
    world.settle(day, usize::MAX);
    (world, day)
}

fn command(world: &mut World, day: Date, key: Option<u8>) -> MakePaymentFile {
    MakePaymentFile {
        company: COMPANY.to_owned(),
        day,
        execution_date: world.day(),
        settlements: world.settlements().iter().map(|settlement| settlement.number).collect(),
        actor: "test".to_owned(),
        idempotency: key
            .map(|key| Idempotency { key: Key([key; 16]), fingerprint: Fingerprint([1; 16]) }),
    }
}

fn make(world: &mut World, command: &MakePaymentFile) -> Result<Outcome, Refusal> {
    world.clear(&Command::MakePaymentFile(command.clone())).map(|answer| answer.done)
}

fn file(world: &World, number: i64) -> (PaymentFile, String) {
    let (file, message) = (PaymentFile::id(number), PaymentMessage::id(number));
    let books = world.books(&ReadSet { documents: vec![file, message], ..ReadSet::default() });
    let message = books.document(message).and_then(PaymentMessage::of).unwrap();
    (books.document(file).and_then(PaymentFile::of).unwrap(), message.xml)
}

#[test]
fn each_settlement_is_paid_once() {
    let (mut world, day) = world();
    let first = command(&mut world, day, Some(1));
    assert_eq!(make(&mut world, &first), Err(Refusal::NoDebtorAccount));
    set_account(&mut world, None, "Nordic Cards");
    assert_eq!(make(&mut world, &first), Err(Refusal::NothingToPay { left_out: 3 }));
    set_account(&mut world, Some("654"), "Åsa's <shop> & sons");
    let past = MakePaymentFile { execution_date: day, ..first.clone() };
    assert_eq!(make(&mut world, &past), Err(Refusal::ExecutionDatePast));
    let Ok(Outcome::PaymentFile(number)) = make(&mut world, &first) else { panic!("no file") };
    let (made, xml) = file(&world, number);
    let total = |code: &str| made.totals.get(code).copied();
    assert_eq!((total("SEK"), total("EUR")), (Some((1, 10_050)), Some((1, 10_050))));
    let sellers: Vec<&str> = made.left_out.values().map(String::as_str).collect();
    assert_eq!(sellers, ["655"]);
    assert_eq!((xml.matches("<CdtTrfTxInf>").count(), xml.matches(IBAN).count()), (2, 4));
    assert!(xml.contains(&PaymentFile::message_id(number)) && !xml.contains("<shop>"));
    // The same request is the same file, whatever has become of the rest since.
    set_account(&mut world, Some("654"), "Somebody else");
    assert_eq!(make(&mut world, &first), Ok(Outcome::Repeated(number)));
    assert_eq!(file(&world, number), (made, xml));
    let second = command(&mut world, day, None);
    assert_eq!(make(&mut world, &second), Err(Refusal::NothingToPay { left_out: 1 }));
    set_account(&mut world, Some("655"), "Corner shop");
    let Ok(Outcome::PaymentFile(other)) = make(&mut world, &second) else { panic!("no file") };
    assert_eq!(file(&world, other).0.totals.values().map(|total| total.0).sum::<i64>(), 1);
    let files: Vec<Option<i64>> =
        world.settlements().iter().map(|settlement| settlement.payment_file).collect();
    assert_eq!(files.iter().filter(|file| **file == Some(number)).count(), 2);
    assert_eq!(files.iter().filter(|file| file.is_none()).count(), 1, "who owes is not paid");
    assert_eq!(make(&mut world, &second), Err(Refusal::NothingToPay { left_out: 0 }));
    let list = PaymentFile::company_list(COMPANY);
    assert_eq!(world.reader().documents(&list, Part::After(0), 10).unwrap().len(), 2);
}

#[test]
fn a_key_stands_for_one_request() {
    let (mut world, day) = world();
    set_account(&mut world, None, "Nordic Cards");
    set_account(&mut world, Some("654"), "Corner shop");
    let first = command(&mut world, day, Some(1));
    make(&mut world, &first).unwrap();
    let idempotency =
        first.idempotency.map(|used| Idempotency { fingerprint: Fingerprint([2; 16]), ..used });
    let other = MakePaymentFile { idempotency, ..first };
    assert_eq!(make(&mut world, &other), Err(Refusal::IdempotencyKeyReused));
}

#[test]
fn the_journal_tells_no_account() {
    let (mut world, day) = world();
    set_account(&mut world, None, "Nordic Cards");
    set_account(&mut world, Some("654"), "Corner shop");
    let first = command(&mut world, day, None);
    make(&mut world, &first).unwrap();
    let rows = format!("{:?}", world.rows());
    assert!(rows.contains("7466") && !rows.contains("58398257466") && !rows.contains("Corner"));
}
