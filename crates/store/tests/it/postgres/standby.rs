//! A server that has a standby to wait for, and none that answers: what is said to be done is on
//! both.

use std::thread;

use cluster::{Cluster, Durability, Isolation};
use engine::run_batch;
use store::{PostgresOptions, StoreError};

use super::locks::wait_for;
use super::{database, newest, node, verify, world};
use crate::commands::{NOW, authorize, by_card};

/// What backends do that have committed and wait for the standby.
const WAITING: &str = "wait_event = 'SyncRep'";

fn wait_for_standby(cluster: &mut Cluster, standby: &str) {
    let set = format!("ALTER SYSTEM SET synchronous_standby_names = '{standby}'");
    cluster.psql("postgres", &set);
    cluster.restart();
}

/// Goal: a batch that was cut off while it waited for its standby can be seen by everybody, and is
/// done only when the standby has it; a repeat of it likewise. Method: end the backend that waits.
#[test]
fn what_no_standby_has_is_not_done() {
    let mut cluster = Cluster::start(Durability::Fast);
    let options = database(&cluster, Isolation::ReadCommitted);
    let node = node(&options);
    let mut writer = node.writer();
    let world = world(&mut writer, 1);
    let batch = [authorize("a", by_card(&world.tokens[0]), "1.00")];
    let start = newest(&node);
    wait_for_standby(&mut cluster, "nobody");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| run_batch(&mut writer, &batch, NOW));
        wait_for(&cluster, &options, WAITING);
        end_waiting(&cluster, &options);
        assert_eq!(waiting.join().unwrap(), Err(StoreError::Unknown));
    });
    assert!(newest(&node) > start, "it can be seen");
    assert!(run_batch(&mut writer, &batch, NOW).is_err(), "which is not enough");
    wait_for_standby(&mut cluster, "");
    let replies = run_batch(&mut writer, &batch, NOW).unwrap();
    assert!(replies[0].as_ref().unwrap().replayed);
    verify(&node);
}

fn end_waiting(cluster: &Cluster, options: &PostgresOptions) {
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WAITING}");
    cluster.psql(&options.url, &end);
}
