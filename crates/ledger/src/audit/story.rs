//! Books in which everything has happened, and what an audit says when they are tampered with.

use super::Verification;
use crate::account::Account;
use crate::authorization::Authorization;
use crate::change::{Change, ChangeKind};
use crate::ids::{Key, RowId};
use crate::journal::{Head, Row, Sealer};
use crate::transaction::{Transaction, TransactionKind};
use crate::world::World;

/// Books in which everything has happened: `full`, `empty`, `held` and so on are source ids.
const STORY: &str = "
    authorize source=full amount=500 card=new; purchase on=full source=p1 amount=100;
    purchase on=full source=p2 amount=50; correct of=p1 source=c1 amount=40;
    correct of=p1 source=c2 amount=10; authorize source=gone; cancel on=gone;
    authorize source=credit kind=reversal; reverse on=credit source=r1 amount=10;
    authorize source=refused amount=5000; authorize source=held amount=1;
    purchase offline source=o1 amount=2000 card=stolen batch=b ref=r;
    reverse offline source=r2 amount=3000; correct of=r2 kind=reversal source=c3 amount=1;
    authorize source=void kind=reversal; cancel on=void;
    add-card token=t pan=4111111111111111 key=k; change-card token=t;
    open name=N; add-card account=N token=n; authorize source=n card=n;
    change account=N limit=50; issue; add-seller number=656;
    authorize source=late valid-to=2026-11-20; at 2026-11-21T12:00:00Z; expire on=late;
    withdraw offline source=w1 amount=5;
    pay-out source=s1; pay-out source=s2 net=5 fee=0; return of=s2 source=x1;
    authorize source=last amount=2";

pub(super) fn story() -> World {
    let mut world = World::new();
    let answers = world.run_all(STORY);
    let refused = answers.iter().filter(|answer| answer.starts_with(char::is_uppercase));
    assert_eq!(refused.count(), 0, "{answers:?}");
    world
}

/// Tampers with the story, and demands that exactly these invariants are broken, each with a
/// finding that starts like this.
#[track_caller]
pub(super) fn check(tamper: impl FnOnce(&mut World), expected: &[(&str, &str)]) {
    let mut world = story();
    tamper(&mut world);
    check_findings(&world.verify(), &world, expected);
}

/// As `check`, with seals as if the tampered rows had been written like that.
#[track_caller]
pub(super) fn check_resealed(tamper: impl FnOnce(&mut World), expected: &[(&str, &str)]) {
    let mut world = story();
    tamper(&mut world);
    reseal(&mut world);
    check_findings(&world.verify(), &world, expected);
}

#[track_caller]
pub(super) fn check_findings(found: &Verification, world: &World, expected: &[(&str, &str)]) {
    let broken = found.invariants.iter().filter(|invariant| !invariant.ok);
    let broken: Vec<(&str, &str)> = broken
        .map(|invariant| (invariant.name, invariant.first_broken.as_deref().unwrap()))
        .collect();
    assert_eq!(broken.len(), expected.len(), "{broken:?}");
    for ((name, what), (expected_name, record)) in broken.iter().zip(expected) {
        assert_eq!(name, expected_name, "{broken:?}");
        let record = record.split(' ').map(|word| named(word, world));
        let record = record.collect::<Vec<_>>().join(" ");
        assert!(what.starts_with(&record), "{what:?} is not about {record:?}");
    }
    assert_eq!(found.is_ok(), expected.is_empty());
}

/// `@source` is the row with that source id, `%name` the account of that name.
fn named(text: &str, world: &World) -> String {
    if let Some(source) = text.strip_prefix('@') {
        return id_of(world, source).0.to_string();
    }
    match text.strip_prefix('%') {
        Some(name) => world.account(name).0.to_string(),
        None => text.to_owned(),
    }
}

pub(super) fn id_of(world: &World, source: &str) -> RowId {
    let found = world.rows.values().find(|row| match row {
        Row::Authorization(row) => row.source == source,
        Row::Transaction(row) => row.source == source,
        Row::Change(_) => false,
    });
    found.expect("a row with this source id").id()
}

pub(super) fn authorization<'w>(world: &'w mut World, source: &str) -> &'w mut Authorization {
    let id = id_of(world, source);
    match world.rows.get_mut(&id) {
        Some(Row::Authorization(row)) => row,
        other => panic!("{other:?}"),
    }
}

pub(super) fn transaction<'w>(world: &'w mut World, source: &str) -> &'w mut Transaction {
    let id = id_of(world, source);
    match world.rows.get_mut(&id) {
        Some(Row::Transaction(row)) => row,
        other => panic!("{other:?}"),
    }
}

/// The first transaction of a kind.
pub(super) fn first(world: &mut World, kind: TransactionKind) -> &mut Transaction {
    let found = world.rows.values_mut().find_map(|row| match row {
        Row::Transaction(row) if row.kind == kind => Some(row),
        Row::Authorization(_) | Row::Transaction(_) | Row::Change(_) => None,
    });
    found.expect("a transaction of this kind")
}

/// The newest change of a kind.
pub(super) fn change(world: &mut World, kind: ChangeKind) -> &mut Change {
    let found = world.rows.values_mut().rev().find_map(|row| match row {
        Row::Change(row) if row.kind == kind => Some(row),
        Row::Authorization(_) | Row::Transaction(_) | Row::Change(_) => None,
    });
    found.expect("a change of this kind")
}

pub(super) fn set(change: &mut Change, name: &str, value: &str) {
    let field = change.fields.iter_mut().find(|(named, _)| named == name);
    value.clone_into(&mut field.expect("a field").1);
}

pub(super) fn stored<'w>(world: &'w mut World, name: &str) -> &'w mut Account {
    let id = world.account(name);
    world.accounts.get_mut(&id).expect("an account")
}

pub(super) fn key_of(world: &World, row: RowId) -> Key {
    *world.keys.iter().find(|(_, user)| **user == row).expect("a key").0
}

fn reseal(world: &mut World) {
    let mut before = Head::default();
    for seal in world.seals.values_mut() {
        let mut sealer = Sealer::default();
        for (_, row) in world.rows.range(seal.first..=seal.last) {
            sealer.add(row);
        }
        *seal = sealer.finish(before, seal.at).expect("rows");
        before = Head::after(seal);
    }
}
