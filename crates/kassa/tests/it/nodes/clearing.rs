//! An acquirer's file on several nodes: sent to both, applied by one, and by the other when that
//! one is killed.

use std::thread;
use std::time::Duration;

use cluster::{Durability, Isolation};

use super::Site;
use crate::clearing::{applied, check_applied, day, send};
use crate::server::wait_at_most;

#[test]
fn a_file_is_applied_once_where_each_statement_has_its_snapshot() {
    check_file(Isolation::ReadCommitted);
}

#[test]
fn a_file_is_applied_once_where_transactions_are_serializable() {
    check_file(Isolation::Serializable);
}

/// Goal: a file that is sent to both nodes at once is applied once, and to its end though a node is
/// killed. Method: the node that holds the turn is not known: each is killed once, with a restart
/// in between, and a turn ends by itself when its node has gone.
fn check_file(isolation: Isolation) {
    let site = Site::with_demo(Durability::Fast, isolation);
    let [first, second] = site.two_nodes();
    let day = day(1, 6_000);
    thread::scope(|scope| {
        let sending = [scope.spawn(|| send(&first, &day)), scope.spawn(|| send(&second, &day))];
        thread::sleep(Duration::from_millis(1_500));
        first.kill_in_place();
        for sending in sending {
            drop(sending.join());
        }
    });
    let again = send(&second, &day);
    assert!([Some(201), Some(202), Some(409)].contains(&again), "{again:?}");
    let first = site.node();
    second.kill();
    wait_at_most(Duration::from_secs(90), "the file is applied", || applied(&first).is_some());
    check_applied(&first, &day);
    assert_eq!(send(&first, &day), Some(409));
    check_applied(&first, &day);
    site.verify();
    site.check_logs();
}
