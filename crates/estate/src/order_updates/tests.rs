//! Goal: a package is ordered for every terminal that is named, or for none. Method: one order a
//! row, in the order of precedence, on one fleet.

use super::*;
use crate::Command;
use crate::fleet::Fleet;

/// Terminals: 1 (C100+ of 2), 2 (C100+ of 4), 3 (T103 of 3), 4 (C100+ of 5, another root).
/// Packages: 1 of 1 for Carbon, 2 of 4 for all, 3 of 5 for all.
fn fleet() -> Fleet {
    let mut fleet = Fleet::new();
    for (customer, model) in [(2, "C100+"), (4, "C100+"), (3, "T103"), (5, "C100+")] {
        fleet.terminal(customer, model);
    }
    for (customer, model_name) in [(1, "ALL Carbon"), (4, "ALL"), (5, "ALL")] {
        fleet.package(customer, model_name);
    }
    fleet
}

fn order(customer: i64, package: i64, terminals: &[i64]) -> OrderUpdates {
    OrderUpdates {
        customer,
        package,
        serials: terminals.iter().map(|number| (serial(*number), vec![*number])).collect(),
        actor: "partner".to_owned(),
        idempotency: None,
    }
}

fn serial(number: i64) -> String {
    format!("A{number:09}")
}

/// What an order comes to: the terminals that got an update, or the refusal.
fn check(fleet: &mut Fleet, order: &OrderUpdates, expected: Result<&[i64], Refusal>) {
    let before = fleet.newest();
    let answer = fleet.run(Command::OrderUpdates(order.clone()));
    let terminals = answer.map(|answer| {
        let Outcome::Updates(updates) = answer.done else { panic!("{:?}", answer.done) };
        updates.iter().map(|update| update.terminal).collect::<Vec<i64>>()
    });
    assert_eq!(terminals, expected.map(<[i64]>::to_vec), "{order:?}");
    let rows = terminals.map_or(0, |terminals| terminals.len());
    assert_eq!(
        fleet.newest().0,
        before.0.saturating_add(i64::try_from(rows).unwrap()),
        "a row for each"
    );
}

#[test]
fn orders_are_refused_in_the_order_of_precedence() {
    let unknown = |number| Err(Refusal::SerialNotFound { serial: serial(number) });
    let unsuited = |number| Err(Refusal::PackageDoesNotSuit { serial: serial(number) });
    let cases = [
        (order(9, 9, &[9]), Err(Refusal::CustomerNotFound)),
        (order(2, 9, &[9]), Err(Refusal::PackageNotFound)),
        // Of another tree, and of a customer below.
        (order(2, 3, &[9]), Err(Refusal::PackageNotFound)),
        (order(2, 2, &[1]), Err(Refusal::PackageNotFound)),
        // Nowhere, and outside the subtree: the same.
        (order(1, 1, &[3, 9]), unknown(9)),
        (order(1, 1, &[3, 4]), unknown(4)),
        (order(2, 1, &[3]), unknown(3)),
        (order(4, 1, &[2, 1]), unknown(1)),
        (order(1, 1, &[1, 3]), unsuited(3)),
    ];
    let mut fleet = fleet();
    for (order, expected) in cases {
        check(&mut fleet, &order, expected);
    }
}

#[test]
fn all_terminals_get_the_package_once() {
    let mut fleet = fleet();
    check(&mut fleet, &order(2, 1, &[1]), Ok(&[1]));
    check(&mut fleet, &order(1, 1, &[1, 2]), Ok(&[2]));
    check(&mut fleet, &order(1, 1, &[1, 2]), Ok(&[]));
    check(&mut fleet, &order(4, 2, &[2, 2]), Ok(&[2]));
    // The look at the estate came before the terminal.
    let mut early = order(2, 1, &[1]);
    early.serials[0].1.clear();
    check(&mut fleet, &early, Err(Refusal::SerialNotFound { serial: serial(1) }));
}

#[test]
fn deleted_terminals_are_not_there() {
    let mut fleet = fleet();
    fleet.edit(1, |terminal| terminal.status = TerminalStatus::Inactive);
    check(&mut fleet, &order(2, 1, &[1]), Ok(&[1]));
    fleet.edit(1, |terminal| terminal.status = TerminalStatus::Deleted);
    check(&mut fleet, &order(2, 1, &[1]), Err(Refusal::SerialNotFound { serial: serial(1) }));
    // Deleted by another command of the batch, it is loaded still.
    let (order, now) = (order(2, 1, &[1]), fleet.now);
    fleet.change(|books| {
        let refusal = Refusal::SerialNotFound { serial: serial(1) };
        assert_eq!(order_updates(&order, books, now), Err(refusal));
    });
}

#[test]
fn a_terminal_has_so_many_open_updates_and_no_more() {
    let mut fleet = fleet();
    let packages: Vec<i64> =
        (0..=OPEN_UPDATES_MAX).map(|_| fleet.package(1, "ALL Carbon")).collect();
    let (last, first) = packages.split_last().unwrap();
    for package in first {
        check(&mut fleet, &order(2, *package, &[1]), Ok(&[1]));
    }
    check(&mut fleet, &order(2, *last, &[1]), Err(Refusal::TooManyUpdates));
    check(&mut fleet, &order(2, *last, &[2, 1]), Err(Refusal::TooManyUpdates));
    check(&mut fleet, &order(2, first[0], &[1]), Ok(&[]));
}

#[test]
fn a_repeat_gets_the_first_answer() {
    let mut fleet = fleet();
    fleet.edit(2, |terminal| terminal.installed = Some(2));
    let order = OrderUpdates { idempotency: Some(fleet.key()), ..order(1, 1, &[2, 1]) };
    let first = fleet.run(Command::OrderUpdates(order.clone())).unwrap();
    fleet.edit(2, |terminal| terminal.installed = None);
    let again = fleet.run(Command::OrderUpdates(order.clone())).unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(first.done, again.done);
    let mut other = order;
    other.idempotency.as_mut().unwrap().fingerprint = ledger::Fingerprint([1; 16]);
    assert_eq!(fleet.run(Command::OrderUpdates(other)), Err(Refusal::IdempotencyKeyReused));
}
