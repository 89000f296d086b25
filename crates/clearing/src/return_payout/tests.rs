//! What comes back from the bank is owed again, once.

use ledger::{Currency, Fingerprint, Key, PostingKind};

use super::*;
use crate::command::Command;
use crate::settle::world::{COMPANY, World};

/// 654 is paid 100.00, 655 owes 5.00: the settlements of both.
fn world() -> (World, [Settlement; 2]) {
    let mut world = World::new();
    world.sell(PostingKind::Purchase, "654", "SEK", 10_000);
    world.sell(PostingKind::Reversal, "655", "SEK", 500);
    settle(&mut world);
    let made = world.settlements();
    let of = |seller: &str| made.iter().find(|made| made.key.seller == seller).unwrap().clone();
    let settlements = [of("654"), of("655")];
    (world, settlements)
}

/// Ends the day, and settles it.
fn settle(world: &mut World) {
    let day = world.day();
    world.next_day();
    world.tally_all(100);
    world.settle(day, usize::MAX);
}

fn idempotency(key: u8, request: u8) -> Idempotency {
    Idempotency { key: Key([key; 16]), fingerprint: Fingerprint([request; 16]) }
}

fn command(of: &Settlement) -> ReturnPayout {
    ReturnPayout {
        settlement: of.number,
        key: of.key.clone(),
        reason: "The account of Åsa is closed".to_owned(),
        actor: "test".to_owned(),
        idempotency: None,
    }
}

/// What a command came to: whether it was a repeat. What is refused or repeated writes nothing.
fn submit(world: &mut World, command: ReturnPayout) -> Result<bool, Refusal> {
    let rows = world.rows().len();
    let answer = world.clear(&Command::ReturnPayout(command)).map(|answer| answer.replayed);
    let written = world.rows().len().saturating_sub(rows);
    assert_eq!(written, if answer == Ok(false) { 2 } else { 0 }, "{answer:?}");
    answer
}

#[test]
fn the_first_reason_decides_and_a_key_stands_for_one_return() {
    let (mut world, [paid, owing]) = world();
    let with = |of: &Settlement, idempotency| ReturnPayout { idempotency, ..command(of) };
    let unknown = ReturnPayout { settlement: 99, ..command(&paid) };
    let others = ReturnPayout { key: owing.key.clone(), ..command(&paid) };
    for (command, expected) in [
        (unknown.clone(), Err(Refusal::SettlementNotFound)),
        (others, Err(Refusal::SettlementNotFound)),
        (with(&owing, Some(idempotency(1, 1))), Err(Refusal::NothingPaidOut)),
        (with(&paid, Some(idempotency(1, 2))), Ok(false)),
        (with(&paid, Some(idempotency(1, 2))), Ok(true)),
        (with(&paid, Some(idempotency(1, 3))), Err(Refusal::IdempotencyKeyReused)),
        (
            ReturnPayout { idempotency: Some(idempotency(1, 3)), ..unknown },
            Err(Refusal::IdempotencyKeyReused),
        ),
        (with(&paid, Some(idempotency(2, 2))), Err(Refusal::PayoutReturned)),
        (with(&paid, None), Err(Refusal::PayoutReturned)),
    ] {
        assert_eq!(submit(&mut world, command.clone()), expected, "{command:?}");
    }
    let rows = format!("{:?}", world.rows());
    assert!(rows.contains("settlement.returned") || rows.contains("SettlementReturned"));
    assert!(!rows.contains("closed"), "the journal has no word of what people wrote");
}

#[test]
fn what_came_back_is_owed_again_and_settled_next() {
    let (mut world, [paid, _]) = world();
    let sek = Currency::SEK;
    assert_eq!(world.payable("654", sek), 0);
    assert_eq!(submit(&mut world, command(&paid)), Ok(false));
    assert_eq!(world.payable("654", sek), 10_000);
    let returned = world.settlements().into_iter().find(|made| made.number == paid.number).unwrap();
    let fact = returned.returned.clone().unwrap();
    assert_eq!((fact.actor.as_str(), fact.at), ("test", world.now));
    assert_eq!((returned.outcome, returned.is_to_pay()), (paid.outcome, false));
    settle(&mut world);
    let newest = world.settlements().pop().unwrap();
    assert_eq!((newest.outcome.net_minor, newest.is_to_pay()), (10_000, true));
    assert_eq!((newest.days, world.payable("654", sek)), (1, 0));
    // It may come back again: each settlement once.
    assert_eq!(submit(&mut world, command(&newest)), Ok(false));
    assert_eq!(submit(&mut world, command(&newest)), Err(Refusal::PayoutReturned));
    assert_eq!(world.payable("654", sek), 10_000);
}

/// Somebody has used the source id of the return.
#[test]
fn what_was_booked_back_by_others_is_not_booked_again() {
    let (mut world, [paid, _]) = world();
    assert!(world.bounce(&paid));
    let refused = submit(&mut world, command(&paid));
    assert_eq!(refused, Err(Refusal::NotPaidOut(ledger::Refusal::SettlementReturned)));
    let (mut world, [paid, _]) = self::world();
    let posting = command(&paid).posting(world.day());
    world
        .run(|reads| posting.read(reads), |books, now| return_settlement(&posting, books, now))
        .unwrap();
    let refused = submit(&mut world, command(&paid));
    assert_eq!(refused, Err(Refusal::NotPaidOut(ledger::Refusal::DuplicateSettlement)));
    assert_eq!(paid.key.company, COMPANY);
}
