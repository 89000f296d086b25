//! Others hold what a batch needs, or the batch itself comes to a bad end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use cluster::{Cluster, Durability, Isolation};
use engine::run_batch;
use store::{PostgresOptions, StoreError};

use super::{
    check_journal, database, newest, node, on_each_isolation, run_interrupted, verify, world,
};
use crate::commands::{NOW, authorize, by_account, by_card};

/// How often to look, and how many times.
const POLL: Duration = Duration::from_millis(5);
const POLLS: u32 = 1_000;

/// Waits until somebody in the database waits for a lock.
pub(super) fn wait_for_lock(cluster: &Cluster, options: &PostgresOptions) {
    wait_for(cluster, options, "wait_event_type = 'Lock'");
}

pub(super) fn wait_for(cluster: &Cluster, options: &PostgresOptions, what: &str) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {what}"
    );
    for _ in 0..POLLS {
        if cluster.psql(&options.url, &sql) != "0" {
            return;
        }
        thread::sleep(POLL);
    }
    panic!("nobody has {what}");
}

#[test]
fn a_batch_waits_for_a_row_that_somebody_holds() {
    on_each_isolation(|cluster, options| {
        let node = node(options);
        let mut writer = node.writer();
        let world = world(&mut writer, 2);
        let start = newest(&node);
        let hold = format!(
            "SELECT id FROM account WHERE id = {} FOR UPDATE; SELECT pg_sleep(1)",
            world.accounts[0].0
        );
        let batch = [
            authorize("b", by_account(world.accounts[1]), "1.00"),
            authorize("a", by_account(world.accounts[0]), "1.00"),
        ];
        thread::scope(|scope| {
            let holding = scope.spawn(|| cluster.psql(&options.url, &hold));
            wait_for(cluster, options, "wait_event = 'PgSleep'");
            let waiting = scope.spawn(|| run_batch(&mut writer, &batch, NOW));
            wait_for_lock(cluster, options);
            assert!(!holding.is_finished() && !waiting.is_finished());
            let replies = waiting.join().unwrap().unwrap();
            holding.join().unwrap();
            assert!(replies.iter().all(Result::is_ok), "{replies:?}");
            check_journal(&verify(&node), start, &replies);
        });
    });
}

/// Goal: a bug in a rule costs its batch and nothing else. Method: unwind in the middle of a batch
/// that has locked what the next ones of this and another writer need.
#[test]
fn a_batch_that_unwinds_gives_everything_back() {
    on_each_isolation(|_, options| {
        let node = node(options);
        let (mut writer, mut other) = (node.writer(), node.writer());
        let world = world(&mut writer, 1);
        for round in 0..3 {
            let start = newest(&node);
            let batch = |name: &str| {
                [authorize(&format!("{name} {round}"), by_card(&world.tokens[0]), "1.00")]
            };
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                run_interrupted(&mut writer, &batch("a"), &mut |_| {
                    std::panic::resume_unwind(Box::new("a bug"));
                })
            }));
            assert!(unwound.is_err());
            assert_eq!(newest(&node), start);
            let mut replies = run_batch(&mut writer, &batch("a"), NOW).unwrap();
            replies.extend(run_batch(&mut other, &batch("b"), NOW).unwrap());
            assert!(replies.iter().all(Result::is_ok));
            check_journal(&verify(&node), start, &replies);
        }
    });
}

/// Goal: a batch that cannot get its locks is refused while its callers still wait, and nothing of
/// it comes later.
#[test]
fn a_batch_does_not_wait_for_ever() {
    let cluster = Cluster::start(Durability::Fast);
    let options = database(&cluster, Isolation::ReadCommitted);
    let node = node(&options);
    let mut writer = node.writer();
    let world = world(&mut writer, 1);
    let start = newest(&node);
    let batch = [authorize("a", by_card(&world.tokens[0]), "1.00")];
    thread::scope(|scope| {
        let hold = "SELECT id FROM account FOR UPDATE; SELECT pg_sleep(600)";
        let holding = scope.spawn(|| cluster.psql(&options.url, hold));
        wait_for(&cluster, &options, "wait_event = 'PgSleep'");
        assert_eq!(run_batch(&mut writer, &batch, NOW), Err(StoreError::NotCommitted));
        assert!(!holding.is_finished());
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE wait_event = 'PgSleep'";
        cluster.psql(&options.url, end);
        assert!(holding.join().is_err(), "psql says that it was ended");
    });
    assert_eq!(newest(&node), start);
    let replies = run_batch(&mut writer, &batch, NOW).unwrap();
    check_journal(&verify(&node), start, &replies);
}

/// Goal: what the database itself refuses is not done, and harms nothing else. Method: a rule that
/// only this database has.
#[test]
fn a_batch_that_the_database_refuses_leaves_nothing() {
    on_each_isolation(|cluster, options| {
        let node = node(options);
        let mut writer = node.writer();
        let world = world(&mut writer, 1);
        let start = newest(&node);
        let rule = "ALTER TABLE authorization_ ADD CHECK (source <> 'poison')";
        cluster.psql(&options.url, rule);
        let by = || by_card(&world.tokens[0]);
        let batch = [authorize("a", by(), "1.00"), authorize("poison", by(), "1.00")];
        assert_eq!(run_batch(&mut writer, &batch, NOW), Err(StoreError::NotCommitted));
        assert_eq!(newest(&node), start);
        let replies = run_batch(&mut writer, &batch[..1], NOW).unwrap();
        check_journal(&verify(&node), start, &replies);
    });
}

/// Goal: a node that stops in the middle of a batch keeps nobody from what it holds for longer than
/// they wait, and when it goes on it finds out. Method: stop where everything is locked.
#[test]
fn who_stops_in_the_middle_is_cut_off() {
    let cluster = Cluster::start(Durability::Fast);
    let node = node(&database(&cluster, Isolation::ReadCommitted));
    let (mut writer, mut other) = (node.writer(), node.writer());
    let world = world(&mut writer, 1);
    let start = newest(&node);
    let batch = |name: &str| [authorize(name, by_card(&world.tokens[0]), "1.00")];
    let mut others = Vec::new();
    let replies = run_interrupted(&mut writer, &batch("stops"), &mut |tries| {
        if tries == 1 {
            // Waits for the lock, as long as it takes, and gets it.
            others = run_batch(&mut other, &batch("waits"), NOW).unwrap();
        }
    });
    others.extend(replies.unwrap());
    check_journal(&verify(&node), start, &others);
}
