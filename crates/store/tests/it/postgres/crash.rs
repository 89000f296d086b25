//! The server dies under load: what was acknowledged is there, once, and writers go on by
//! themselves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cluster::{Cluster, Durability, Isolation};
use engine::{Command, run_batch};
use ledger::RowId;
use store::{PostgresStore, StoreError};

use super::{database, grant, node, source_of, verify, world};
use crate::commands::{World, authorize, by_card, capture};

/// What happens to the server, in this order.
const BLOWS: [Blow; 5] = [Blow::Kill, Blow::HangUp, Blow::Stop, Blow::HangUp, Blow::Kill];

enum Blow {
    /// All its processes end at once.
    Kill,
    /// It is shut down in order.
    Stop,
    /// It ends all connections, and takes new ones.
    HangUp,
}

impl Blow {
    fn strike(&self, cluster: &mut Cluster) {
        match self {
            Blow::Kill => {
                cluster.kill();
                cluster.restart();
            }
            Blow::Stop => cluster.restart(),
            Blow::HangUp => {
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                           WHERE application_name = 'kassa'";
                assert_ne!(cluster.psql("postgres", sql), "0");
            }
        }
    }
}

/// How many batches each writer gets acknowledged between two blows.
const BATCHES: usize = 15;

const POLL: Duration = Duration::from_millis(2);

/// What became of a batch, by the source id of its commands.
type Outcomes = Vec<(String, Result<(), StoreError>)>;

struct Progress {
    is_over: AtomicBool,
    acknowledged: [AtomicUsize; 2],
}

impl Progress {
    /// Waits until each writer has done some more.
    fn wait(&self) {
        let now = || self.acknowledged.each_ref().map(|count| count.load(Ordering::SeqCst));
        let start = now();
        while now().iter().zip(start).any(|(now, start)| *now < start + BATCHES) {
            thread::sleep(POLL);
        }
    }
}

fn work(
    number: usize,
    mut writer: PostgresStore,
    (world, basis): (&World, RowId),
    progress: &Progress,
) -> Outcomes {
    let mut outcomes = Vec::new();
    for batch in 0.. {
        if progress.is_over.load(Ordering::SeqCst) {
            break;
        }
        let source = format!("{number}-{batch}");
        let own = by_card(&world.tokens[number]);
        let commands: [Command; 3] = [
            authorize(&source, own, "1.00"),
            authorize(&format!("{source}-too"), by_card(&world.tokens[2]), "1.00"),
            capture(basis, &source, "0.01"),
        ];
        let outcome = run_batch(&mut writer, &commands, super::NOW);
        if let Ok(replies) = &outcome {
            assert!(replies.iter().all(|reply| reply.as_ref().is_ok_and(|done| !done.replayed)));
            progress.acknowledged[number].fetch_add(1, Ordering::SeqCst);
        }
        outcomes.push((source, outcome.map(drop)));
    }
    outcomes
}

fn check(isolation: Isolation) {
    let mut cluster = Cluster::start(Durability::Safe);
    let options = database(&cluster, isolation);
    let nodes = [node(&options), node(&options)];
    let mut reader = nodes[0].source().open().unwrap();
    let mut first = nodes[0].writer();
    let world = world(&mut first, 3);
    let basis = grant(&mut first, &authorize("basis", by_card(&world.tokens[2]), "900.00"));
    let progress = Progress {
        is_over: AtomicBool::new(false),
        acknowledged: [AtomicUsize::new(0), AtomicUsize::new(0)],
    };
    let outcomes: Outcomes = thread::scope(|scope| {
        let writers = [(0, first), (1, nodes[1].writer())].map(|(number, writer)| {
            let (world, progress) = (&world, &progress);
            scope.spawn(move || work(number, writer, (world, basis), progress))
        });
        for blow in BLOWS {
            progress.wait();
            blow.strike(&mut cluster);
        }
        progress.wait();
        progress.is_over.store(true, Ordering::SeqCst);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let rows = verify(&node(&options)).rows();
    let seen = reader.rows_before(RowId(i64::MAX), 1).unwrap();
    assert_eq!(seen.first(), rows.last(), "a reader goes on as well");
    let mut sources: Vec<&str> = rows.iter().filter_map(source_of).collect();
    sources.sort_unstable();
    for (source, outcome) in outcomes {
        let too = format!("{source}-too");
        let of = |source: &str| sources.iter().filter(|stored| **stored == source).count();
        let found = (of(&source), of(&too));
        let is_true = match outcome {
            Ok(()) => found == (2, 1),
            Err(StoreError::NotCommitted) => found == (0, 0),
            Err(StoreError::Unknown) => [(0, 0), (2, 1)].contains(&found),
        };
        assert!(is_true, "{source}: {outcome:?}, {found:?}");
    }
}

#[test]
fn nothing_is_lost_when_the_server_dies() {
    check(Isolation::ReadCommitted);
}

#[test]
fn nothing_is_lost_when_the_server_dies_and_serializes() {
    check(Isolation::Serializable);
}
