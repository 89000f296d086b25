//! The feed: whoever follows it sees everything once, although commits are not in the order of
//! ids.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cluster::{Cluster, Durability, Isolation};
use engine::{Command, run_batch};
use ledger::{AccountId, Lane, Position, Row, RowId, Seal};
use store::{Postgres, PostgresStore, Reader};

use super::{clock, database, node, on_each_isolation, verify, world};
use crate::differential::{Random, command};
use crate::subject::Dump;

const WRITERS: u32 = 3;

/// What a follower has seen, and where it was after each page.
#[derive(Default)]
struct Seen {
    rows: Vec<Row>,
    positions: Vec<(Position, usize)>,
}

impl Seen {
    /// Reads on from the last position until there is nothing new.
    fn follow(&mut self, reader: &mut dyn Reader, limit: usize) {
        let mut position = self.positions.last().cloned().unwrap_or_default().0;
        loop {
            let (rows, next) = reader.news(&position, limit).unwrap();
            assert!(rows.len() <= limit);
            assert_eq!(rows.is_empty(), next == position);
            if rows.is_empty() {
                return;
            }
            self.rows.extend(rows);
            assert_eq!(Position::parse(&next.to_string()).as_ref(), Some(&next));
            self.positions.push((next.clone(), self.rows.len()));
            position = next;
        }
    }

    fn ids(&self) -> Vec<RowId> {
        self.rows.iter().map(Row::id).collect()
    }

    /// Each row once, and each account's in the order of its chain.
    fn check(&self, expected: &[Row]) {
        let mut ids = self.ids();
        ids.sort_unstable();
        assert_eq!(ids, expected.iter().map(Row::id).collect::<Vec<_>>());
        let mut last: HashMap<AccountId, RowId> = HashMap::new();
        for row in &self.rows {
            let account = match row {
                Row::Authorization(row) => Some(row.account),
                Row::Transaction(row) => Some(row.account),
                Row::Change(row) => row.account,
            };
            let Some(account) = account else { continue };
            let before = last.insert(account, row.id()).unwrap_or_default();
            assert_eq!(row.previous(), Some(before), "{row:?}");
        }
    }
}

#[test]
fn a_follower_misses_nothing_while_others_write() {
    on_each_isolation(|_, options| {
        let nodes = [node(options), node(options)];
        world(&mut nodes[0].writer(), 6);
        let working = AtomicUsize::new(0);
        let seen: Vec<Seen> = thread::scope(|scope| {
            for number in 0..WRITERS {
                working.fetch_add(1, Ordering::SeqCst);
                let (working, node) = (&working, &nodes[usize::try_from(number).unwrap() % 2]);
                scope.spawn(move || {
                    work(number, &mut node.writer());
                    working.fetch_sub(1, Ordering::SeqCst);
                });
            }
            let following: Vec<_> = [1, 2, 7]
                .map(|limit| {
                    let (nodes, working) = (&nodes, &working);
                    scope.spawn(move || follow_while(&nodes[1], limit, working))
                })
                .into();
            following.into_iter().map(|following| following.join().unwrap()).collect()
        });
        let dump = verify(&nodes[0]);
        let rows = dump.rows();
        assert!(rows.len() > 100);
        for seen in &seen {
            seen.check(&rows);
        }
        check_positions(&nodes[0], &seen[2], &dump);
    });
}

fn work(number: u32, writer: &mut PostgresStore) {
    let mut random = Random(u64::from(number));
    for batch in 0..40 {
        let newest = RowId(30 + i64::from(batch) * 10);
        let commands: Vec<Command> =
            (0..=random.below(6)).map(|_| command(&mut random, newest)).collect();
        run_batch(writer, &commands, clock(number, batch)).unwrap();
    }
}

fn follow_while(node: &Postgres, limit: usize, working: &AtomicUsize) -> Seen {
    let mut reader = node.source().open().unwrap();
    let mut seen = Seen::default();
    loop {
        // Looked at before reading: what is written after the last look is read all the same.
        let is_over = working.load(Ordering::SeqCst) == 0;
        seen.follow(reader.as_mut(), limit);
        if is_over {
            return seen;
        }
        thread::yield_now();
    }
}

/// Goal: any position goes on right, in the middle of a seal too, and one that never was does no
/// harm.
fn check_positions(node: &Postgres, seen: &Seen, dump: &Dump) {
    let rows = dump.rows();
    let mut reader = node.source().open().unwrap();
    for (position, count) in seen.positions.iter().step_by(9) {
        let mut rest = Seen { rows: Vec::new(), positions: vec![(position.clone(), 0)] };
        rest.follow(reader.as_mut(), 50);
        let before: BTreeSet<RowId> = seen.ids()[..*count].iter().copied().collect();
        let after: BTreeSet<RowId> = rest.ids().into_iter().collect();
        assert_eq!(after.len(), rest.rows.len(), "each once");
        assert!(before.is_disjoint(&after), "{position}");
        assert_eq!(before.len() + after.len(), rows.len(), "{position}");
    }
    let newest = rows.last().unwrap().id();
    for (lane, row) in [
        (Lane(0), RowId(i64::MAX)),
        (Lane(0), RowId(newest.0 + 5)),
        (Lane(1), RowId(newest.0 / 2)),
        (Lane(2), RowId(newest.0 / 2 + 1)),
        (Lane(99), RowId(3)),
        (Lane(i64::MAX), RowId(i64::MAX)),
    ] {
        let bogus = Position(BTreeMap::from([(lane, row)]));
        let mut rest = Seen { rows: Vec::new(), positions: vec![(bogus.clone(), 0)] };
        rest.follow(reader.as_mut(), 1_000);
        let is_read = |id: RowId| {
            let of = |seal: &&Seal| seal.first <= id && id <= seal.last;
            id <= row && dump.seals().iter().find(of).unwrap().lane == lane
        };
        let expected: Vec<RowId> = rows.iter().map(Row::id).filter(|id| !is_read(*id)).collect();
        let mut found = rest.ids();
        found.sort_unstable();
        assert_eq!(found, expected, "{bogus}");
    }
    let (rows, position) = reader.news(&Position::default(), 0).unwrap();
    assert!(rows.is_empty() && position.is_start());
}

/// Goal: a reader that is kept goes on reading, also when it has its plans made anew.
#[test]
fn a_reader_is_good_for_very_many_calls() {
    let cluster = Cluster::start(Durability::Fast);
    let node = node(&database(&cluster, Isolation::ReadCommitted));
    let mut reader = node.source().open().unwrap();
    for call in 1..=1_100 {
        assert_eq!(reader.row(RowId(1)), Ok(None), "call {call}");
    }
}
