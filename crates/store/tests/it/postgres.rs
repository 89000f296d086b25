//! What only the store for many nodes has to do: others write at the same time, connections are
//! lost at the worst moment, and servers die.
//!
//! Each test makes its own server; what can differ by isolation runs on a database of each.

mod crash;
mod documents;
mod feed;
mod lanes;
mod locks;
mod migrations;
mod outcomes;
mod proxy;
mod races;
mod settlement;
mod standby;
mod tls;

use std::path::PathBuf;

use cluster::{Cluster, Durability, Isolation};
use engine::{Command, Reply, run_batch};
use ledger::books::Done;
use ledger::{
    AccountId, Answer, Books, PostingKind, ReadSet, Refusal, Row, RowId, Timestamp, TransactionKind,
};
use store::{Postgres, PostgresOptions, Store, StoreError};

use crate::commands::{self, NOW, World};
use crate::settlement::audit;
use crate::subject::{Dump, dump};

const ISOLATIONS: [Isolation; 3] =
    [Isolation::ReadCommitted, Isolation::RepeatableRead, Isolation::Serializable];

/// Shows `test` a new database of each isolation, on one server.
fn on_each_isolation(test: impl Fn(&Cluster, &PostgresOptions)) {
    let cluster = Cluster::start(Durability::Fast);
    for isolation in ISOLATIONS {
        test(&cluster, &database(&cluster, isolation));
    }
}

fn database(cluster: &Cluster, isolation: Isolation) -> PostgresOptions {
    options(cluster.create_database_with(isolation))
}

fn options(url: String) -> PostgresOptions {
    PostgresOptions { url, ca_file: None }
}

fn with_ca(options: &PostgresOptions, ca_file: PathBuf) -> PostgresOptions {
    PostgresOptions { ca_file: Some(ca_file), ..options.clone() }
}

/// A process of an installation, as far as the database can tell.
fn node(options: &PostgresOptions) -> Postgres {
    Postgres::open(options).unwrap()
}

/// A company with a seller, `accounts` accounts of 1 000 000.00 and a card on each: `card-0`...
fn world(store: &mut dyn Store, accounts: usize) -> World {
    grant(store, &commands::company(commands::COMPANY));
    grant(store, &commands::seller(commands::COMPANY, "1"));
    let mut world = World { accounts: Vec::new(), tokens: Vec::new() };
    for number in 0..accounts {
        let account = AccountId(grant(store, &commands::account("1000000.00")).0);
        let token = commands::token(&format!("card-{number}"));
        grant(store, &commands::card(account, &token));
        world.accounts.push(account);
        world.tokens.push(token);
    }
    world
}

/// Runs one command, which must be granted. Its row.
fn grant(store: &mut dyn Store, command: &Command) -> RowId {
    let answer = run_batch(store, [command], NOW).unwrap().remove(0).unwrap();
    if let Done::Authorized { authorization, .. } = answer.done {
        return RowId(authorization.0);
    }
    let Done::Changed(change) = answer.done else { panic!("{answer:?} names no row") };
    change.id
}

/// Does what `run_batch` does, and calls `interrupt` with the number of the try, from 1, when
/// everything is loaded and locked and nothing is decided.
fn run_interrupted(
    store: &mut dyn Store,
    batch: &[Command],
    interrupt: &mut dyn FnMut(u32),
) -> Result<Vec<Reply>, StoreError> {
    let mut reads = ReadSet { commands: batch.len(), ..ReadSet::default() };
    for command in batch {
        command.read(&mut reads);
    }
    let (mut replies, mut tries) = (Vec::new(), 0);
    store.transact(&reads, &mut |mut books: Books| {
        tries += 1;
        interrupt(tries);
        let now = books.time(NOW);
        replies = batch.iter().map(|command| command.decide(&mut books, now)).collect();
        books.close(now)
    })?;
    Ok(replies)
}

/// Audits everything, which must be in order.
fn verify(node: &Postgres) -> Dump {
    let dump = dump(node.source().open().unwrap().as_mut());
    let found = audit(&dump);
    let broken: Vec<_> = found.invariants.iter().filter(|invariant| !invariant.ok).collect();
    assert!(found.is_ok() && dump.unreadable.is_empty(), "{broken:?} {:?}", dump.unreadable);
    dump
}

/// What a reply says was written now, and what a row is: the same words for the same thing.
fn written(reply: &Reply) -> Option<String> {
    let Answer { done, replayed: false } = (match reply {
        Ok(answer) => answer,
        Err(Refusal::Declined { authorization: Some(id), replayed: false, .. }) => {
            return Some(format!("authorization {}", id.0));
        }
        Err(_) => return None,
    }) else {
        return None;
    };
    Some(match done {
        Done::Authorized { authorization, .. } => format!("authorization {}", authorization.0),
        Done::Posted { kind, source, .. } => posted(*kind, source),
        Done::Corrected { source, .. } => format!("correction {source}"),
        Done::Cancelled { authorization, .. } => format!("cancellation of {}", authorization.0),
        Done::Expired(authorization) => format!("expiry of {}", authorization.0),
        Done::Changed(change) => format!("change {}", change.id.0),
        Done::Nothing => return None,
    })
}

fn named(row: &Row) -> String {
    match row {
        Row::Authorization(row) => format!("authorization {}", row.id.0),
        Row::Change(row) => format!("change {}", row.id.0),
        Row::Transaction(row) => {
            let authorization = row.authorization.map_or(0, |id| id.0);
            match row.kind {
                TransactionKind::Posting(kind) => posted(kind, &row.source),
                TransactionKind::Correction(_) => format!("correction {}", row.source),
                TransactionKind::Cancellation => format!("cancellation of {authorization}"),
                TransactionKind::Expiry => format!("expiry of {authorization}"),
                TransactionKind::Settlement
                | TransactionKind::Fee
                | TransactionKind::SettlementReturn => {
                    format!("{} {}", row.kind.as_str(), row.source)
                }
            }
        }
    }
}

fn posted(kind: PostingKind, source: &str) -> String {
    format!("{kind:?} {source}")
}

/// Everything that the replies say was written is in the journal after `start` once, and nothing
/// else.
fn check_journal(dump: &Dump, start: RowId, replies: &[Reply]) {
    let mut said: Vec<String> = replies.iter().filter_map(written).collect();
    let rows = dump.rows();
    let mut stored: Vec<String> = rows.iter().filter(|row| row.id() > start).map(named).collect();
    said.sort_unstable();
    stored.sort_unstable();
    assert_eq!(said, stored);
}

fn newest(node: &Postgres) -> RowId {
    let mut reader = node.source().open().unwrap();
    let rows = reader.rows_before(RowId(i64::MAX), 1).unwrap();
    rows.first().map_or(RowId(0), Row::id)
}

fn source_of(row: &Row) -> Option<&str> {
    match row {
        Row::Authorization(row) => Some(&row.source),
        Row::Transaction(row) => Some(&row.source),
        Row::Change(_) => None,
    }
}

/// A clock that is a little off, as each node's is.
fn clock(node: u32, batch: u32) -> Timestamp {
    NOW.plus_ms(i64::from(batch) * 10_000 + i64::from(node) * 700)
}
