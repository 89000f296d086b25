//! Goal: a call home notes what the device says and tells it what to install, to the right device
//! only. Method: commands on a fleet in memory.

use ledger::{Row, RowId};
use store::Reader as _;

use super::*;
use crate::Command;
use crate::fleet::{Fleet, plan};
use crate::order_updates::OrderUpdates;
use crate::terminal::Activation;

/// A fleet with an active terminal of customer 2, and a package for it.
fn fleet() -> (Fleet, i64, i64) {
    let mut fleet = Fleet::new();
    let package = fleet.package(1, "ALL Carbon");
    let terminal = fleet.terminal(2, "C100+");
    (fleet, terminal, package)
}

fn order(fleet: &mut Fleet, terminal: i64, package: i64) {
    let serial = fleet.read(terminal).serial.unwrap();
    let order = OrderUpdates {
        customer: 2,
        package,
        serials: vec![(serial, vec![terminal])],
        actor: "partner".to_owned(),
        idempotency: None,
    };
    fleet.run(Command::OrderUpdates(order)).unwrap();
}

fn call(fleet: &Fleet, terminal: i64, packages: &[(i64, UpdateStatus)]) -> CallHome {
    CallHome {
        terminal,
        token_hash: format!("{terminal:064x}"),
        application_version: "2.0 🦊".to_owned(),
        packages: packages.to_vec(),
        rollouts: Rollout::live(&fleet.directory()).map(|rollout| rollout.number).collect(),
    }
}

/// Calls; the updates that the device is told of.
#[track_caller]
fn told(fleet: &mut Fleet, terminal: i64, packages: &[(i64, UpdateStatus)]) -> Vec<Update> {
    let command = call(fleet, terminal, packages);
    let answer = fleet.run(Command::CallHome(command)).unwrap();
    let Outcome::CalledHome { terminal: after, updates, .. } = answer.done else { panic!() };
    assert_eq!(*after, fleet.read(terminal), "what is answered is what is kept");
    assert!(updates.iter().all(|(update, package)| update.package == package.number));
    updates.into_iter().map(|(update, _)| update).collect()
}

fn words(fleet: &mut Fleet, after: RowId) -> Vec<(&'static str, String)> {
    let rows = fleet.store.rows_after(after, 100).unwrap();
    let words = rows.into_iter().map(|row| {
        let Row::Change(change) = row else { panic!("{row:?}") };
        (change.kind.as_str(), change.field("status").unwrap_or_default().to_owned())
    });
    words.collect()
}

#[test]
fn a_call_alone_leaves_no_row() {
    let (mut fleet, terminal, _) = fleet();
    let before = fleet.newest();
    assert_eq!(told(&mut fleet, terminal, &[]), []);
    assert_eq!(fleet.newest(), before);
    let after = fleet.read(terminal);
    assert_eq!(after.last_call_home, Some(fleet.now));
    assert_eq!(after.application_version.as_deref(), Some("2.0 🦊"));
}

#[test]
fn what_a_device_said_of_an_earlier_try_is_not_said_of_the_next() {
    let (mut fleet, terminal, package) = fleet();
    order(&mut fleet, terminal, package);
    assert_eq!(told(&mut fleet, terminal, &[]).len(), 1);
    let failed = [(package, UpdateStatus::Failed)];
    assert_eq!(told(&mut fleet, terminal, &failed), []);
    order(&mut fleet, terminal, package);
    assert_eq!(told(&mut fleet, terminal, &failed).len(), 1, "it is to try again");
    assert_eq!(told(&mut fleet, terminal, &failed), []);
    order(&mut fleet, terminal, package);
    assert_eq!(told(&mut fleet, terminal, &[(package, UpdateStatus::Installed)]), []);
    assert_eq!(fleet.read(terminal).installed, Some(package));
}

#[test]
fn only_the_device_itself_may_call() {
    let (mut fleet, terminal, _) = fleet();
    let other = fleet.terminal(2, "C100+");
    let good = call(&fleet, terminal, &[]);
    let strangers = [
        CallHome { terminal: 99, ..good.clone() },
        CallHome { terminal: other, ..good.clone() },
        CallHome { token_hash: String::new(), ..good.clone() },
        CallHome { token_hash: format!("{terminal:063x}"), ..good.clone() },
    ];
    let before = fleet.read(terminal);
    for stranger in strangers {
        let answer = fleet.run(Command::CallHome(stranger));
        assert_eq!(answer, Err(Refusal::NotThisDevice));
    }
    for undo in [
        |terminal: &mut Terminal| terminal.status = TerminalStatus::Deleted,
        |terminal: &mut Terminal| {
            let code_salt = "0".repeat(32);
            terminal.activation = Activation::Waiting { code_salt, wrong_codes: 0 };
        },
    ] {
        fleet.edit(terminal, undo);
        let answer = fleet.run(Command::CallHome(good.clone()));
        assert_eq!(answer, Err(Refusal::NotThisDevice));
        fleet.edit(terminal, |terminal| *terminal = before.clone());
    }
    assert_eq!(fleet.read(terminal), before, "nothing is noted of strangers");
}

#[test]
fn an_order_is_told_until_it_has_ended() {
    let (mut fleet, terminal, package) = fleet();
    order(&mut fleet, terminal, package);
    let ordered = fleet.newest();
    let updates = told(&mut fleet, terminal, &[]);
    let statuses: Vec<UpdateStatus> = updates.iter().map(|update| update.status).collect();
    assert_eq!(statuses, [UpdateStatus::Offered]);
    assert_eq!(updates[0].offered_at, Some(fleet.now));
    assert_eq!(told(&mut fleet, terminal, &[]), updates, "it is told again");
    let downloaded = [(package, UpdateStatus::Downloaded)];
    assert_eq!(told(&mut fleet, terminal, &downloaded)[0].status, UpdateStatus::Downloaded);
    assert_eq!(told(&mut fleet, terminal, &downloaded).len(), 1, "said twice, noted once");
    assert_eq!(told(&mut fleet, terminal, &[(package, UpdateStatus::Installed)]), []);
    assert_eq!(fleet.read(terminal).installed, Some(package));
    assert_eq!(told(&mut fleet, terminal, &[(package, UpdateStatus::Failed)]), []);
    let changes = ["offered", "downloaded", "installed"];
    let changes = changes.map(|status| ("update.changed", status.to_owned()));
    assert_eq!(words(&mut fleet, ordered), changes);
}

#[test]
fn updates_are_told_in_the_order_of_their_orders() {
    let (mut fleet, terminal, first) = fleet();
    let second = fleet.package(2, "C100+");
    order(&mut fleet, terminal, second);
    order(&mut fleet, terminal, first);
    let packages = |updates: Vec<Update>| -> Vec<i64> {
        updates.into_iter().map(|update| update.package).collect()
    };
    assert_eq!(packages(told(&mut fleet, terminal, &[])), [second, first]);
    let failed = [(second, UpdateStatus::Failed), (77, UpdateStatus::Installed)];
    assert_eq!(packages(told(&mut fleet, terminal, &failed)), [first]);
    assert_eq!(fleet.read(terminal).installed, None);
}

#[test]
fn an_inactive_terminal_may_call_and_is_told_nothing() {
    let (mut fleet, terminal, package) = fleet();
    order(&mut fleet, terminal, package);
    fleet.edit(terminal, |terminal| terminal.status = TerminalStatus::Inactive);
    let before = fleet.newest();
    assert_eq!(told(&mut fleet, terminal, &[]), []);
    assert_eq!(fleet.newest(), before);
    assert_eq!(fleet.read(terminal).last_call_home, Some(fleet.now));
    fleet.edit(terminal, |terminal| terminal.status = TerminalStatus::Active);
    assert_eq!(told(&mut fleet, terminal, &[]).len(), 1);
}

#[test]
fn a_rollout_reaches_who_calls() {
    let (mut fleet, terminal, package) = fleet();
    let rollout = fleet.start(plan(1, package, 1)).unwrap();
    let updates = told(&mut fleet, terminal, &[]);
    let found: Vec<_> = updates.iter().map(|update| (update.rollout, update.status)).collect();
    assert_eq!(found, [(Some(rollout.number), UpdateStatus::Offered)]);
    assert_eq!(fleet.tally(rollout.number).reached, 1);
    assert_eq!(told(&mut fleet, terminal, &[(package, UpdateStatus::Installed)]), []);
    assert_eq!(fleet.tally(rollout.number).installed, 1);
    assert!(fleet.rollout(rollout.number).is_over);
}

#[test]
fn a_closed_window_says_when_it_opens() {
    let (mut fleet, terminal, package) = fleet();
    fleet.start(plan(1, package, 1)).unwrap();
    fleet.edit(terminal, |terminal| {
        terminal.settings.choose("timezone", "UTC");
        terminal.settings.choose("maintenance_window.start", "2");
        terminal.settings.choose("maintenance_window.duration", "1");
    });
    let command = call(&fleet, terminal, &[]);
    let answer = fleet.run(Command::CallHome(command)).unwrap();
    let Outcome::CalledHome { updates, window_opens_at, .. } = answer.done else { panic!() };
    assert_eq!(updates, []);
    assert_eq!(window_opens_at, Some(fleet.now.plus_ms(2 * crate::fleet::HOUR_MS)));
}
