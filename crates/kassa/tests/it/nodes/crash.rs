//! Nodes, and the database itself, are killed under load, again and again.
//!
//! Goal: what was acknowledged is there once, what was not is there whole or not at all, and who
//! was not killed goes on. Method: clients with random traffic on two nodes and two accounts,
//! SIGKILL at a random moment, and then every request of the cycle once more.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cluster::{Durability, Isolation};

use super::{Site, readiness, wait_at_most};
use crate::crash::{Place, check_earlier, number, under_load};
use crate::http::Reply;
use crate::replay::{Books, Numbers, Operation, Progress};
use crate::server::{CARD, LEDGER, LEDGER_TOKEN, SMALL_CARD, Server};

/// Each is used on both nodes.
const CARDS: [&str; 2] = [CARD, SMALL_CARD];

/// How soon a node answers again that was in the way of another's locks when that was killed.
const SURVIVOR_WAIT_MAX: Duration = Duration::from_secs(2);

/// How soon a node says that its database is gone: it gives it a second.
const NOT_READY_WITHIN: Duration = Duration::from_secs(4);

/// How soon a node works again when its database is back.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// A caller is told after ten seconds that the outcome is not known.
const EXCUSE_WAIT_MAX: Duration = Duration::from_secs(12);

#[test]
fn a_crash_of_a_node_leaves_the_other_at_work() {
    let mut rehearsal = Rehearsal::new(Isolation::ReadCommitted);
    rehearsal.run(4, Rehearsal::kill_a_node);
}

#[test]
fn a_crash_of_a_node_leaves_the_other_at_work_where_transactions_are_serializable() {
    let mut rehearsal = Rehearsal::new(Isolation::Serializable);
    rehearsal.run(4, Rehearsal::kill_a_node);
}

#[test]
fn a_crash_of_the_database_loses_nothing_that_was_acknowledged() {
    let mut rehearsal = Rehearsal::new(Isolation::ReadCommitted);
    rehearsal.run(4, Rehearsal::end_the_database);
}

#[test]
fn a_crash_of_the_database_loses_nothing_where_transactions_are_serializable() {
    let mut rehearsal = Rehearsal::new(Isolation::Serializable);
    rehearsal.run(2, Rehearsal::end_the_database);
}

/// Two nodes, and what they have acknowledged.
struct Rehearsal {
    site: Site,
    nodes: Vec<Server>,
    numbers: Numbers,
    books: Books,
    earlier: Vec<Operation>,
}

impl Rehearsal {
    fn new(isolation: Isolation) -> Rehearsal {
        let seed = number("KASSA_CRASH_SEED", u64::from(std::process::id()));
        println!("KASSA_CRASH_SEED={seed} gives the same traffic and moments");
        let site = Site::with_demo(Durability::Safe, isolation);
        let nodes = Vec::from(site.two_nodes());
        for card in CARDS {
            nodes[0].raise_limit(card);
        }
        let (numbers, books, earlier) = (Numbers::new(seed), Books::default(), Vec::new());
        Rehearsal { site, nodes, numbers, books, earlier }
    }

    /// Runs so many cycles, or as many as `cargo xtask crash` asks for.
    fn run(&mut self, cycles: u64, cycle: fn(&mut Rehearsal, u64) -> Vec<Operation>) {
        let cycles = number("KASSA_CRASH_CYCLES", cycles);
        let (mut answered, mut unanswered) = (0_usize, 0_usize);
        for at in 1..=cycles {
            let mut operations = cycle(self, at);
            let lost = operations.iter().filter(|operation| operation.answer.is_none()).count();
            unanswered += lost;
            answered += operations.len() - lost;
            // In turn on the one that was not killed and on the other.
            let node = &self.nodes[usize::from((at / 2).is_multiple_of(2))];
            self.books.settle(node, &mut operations);
            check_earlier(node, &self.earlier, &mut self.numbers);
            self.earlier.append(&mut operations);
            if at % 5 == 0 || at == cycles {
                self.site.verify();
            }
        }
        println!("{answered} answered operations found again, {unanswered} unanswered settled");
        assert!(answered > self.earlier.len() / 2, "there was too little traffic");
        self.site.check_logs();
    }

    /// Kills one of the nodes, and starts it again beside the other's load.
    fn kill_a_node(&mut self, cycle: u64) -> Vec<Operation> {
        let Rehearsal { site, nodes, numbers, .. } = self;
        let load = moment(numbers);
        let at = usize::from(cycle.is_multiple_of(2));
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        let place = Place { cycle, cards: &CARDS };
        under_load(&addresses, place, numbers, |progress| {
            thread::sleep(load);
            nodes.remove(at).kill();
            let survivors = &progress[1 - at];
            check_goes_on(survivors, SURVIVOR_WAIT_MAX);
            nodes.insert(at, site.node());
            check_goes_on(survivors, SURVIVOR_WAIT_MAX);
            for survivor in survivors {
                assert_eq!(survivor.excused(), 0, "a survivor's client was turned away");
            }
        })
    }

    /// Three ways in turn: the database is killed; it is stopped in order; it is killed and stays
    /// away until everybody has been told. In the first two it is back within the nodes' patience.
    fn end_the_database(&mut self, cycle: u64) -> Vec<Operation> {
        let Rehearsal { site, nodes, numbers, .. } = self;
        let load = moment(numbers);
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        let place = Place { cycle, cards: &CARDS };
        let operations = under_load(&addresses, place, numbers, |progress| {
            thread::sleep(load);
            if cycle % 3 == 2 {
                site.cluster.stop();
            } else {
                site.cluster.kill();
            }
            for node in nodes.iter() {
                wait_at_most(NOT_READY_WITHIN, "not ready", || readiness(node) == Some(false));
                let shown = node.get(&format!("{LEDGER}/purchases"), LEDGER_TOKEN);
                check_excuse(&shown);
            }
            if cycle.is_multiple_of(3) {
                for client in progress.iter().flatten() {
                    wait_at_most(EXCUSE_WAIT_MAX, "an excuse", || client.excused() > 0);
                }
            }
            site.cluster.restart();
            for node in nodes.iter() {
                wait_at_most(READY_WITHIN, "ready again", || readiness(node) == Some(true));
            }
            for clients in progress {
                check_goes_on(clients, EXCUSE_WAIT_MAX);
            }
        });
        for operation in operations.iter().filter(|operation| operation.answer.is_none()) {
            check_excuse(operation.excuse.as_ref().expect("a node that runs answers"));
            assert!(operation.took < EXCUSE_WAIT_MAX, "{operation:?}");
        }
        assert!(nodes.iter_mut().all(Server::is_running), "the nodes outlive their database");
        operations
    }
}

/// How long there is load before something happens.
fn moment(numbers: &mut Numbers) -> Duration {
    Duration::from_millis(50 + numbers.below(250))
}

/// Checks that each client is granted something that it had not been granted before.
#[track_caller]
fn check_goes_on(clients: &[Arc<Progress>], most: Duration) {
    let before: Vec<u64> = clients.iter().map(|client| client.granted()).collect();
    for (client, before) in clients.iter().zip(before) {
        // One answer may have been on its way; the second was asked for after it.
        wait_at_most(most, "it goes on", || client.granted() > before + 1);
    }
}

/// Checks that who was not answered was told so in the contract's words.
#[track_caller]
fn check_excuse(excuse: &Reply) {
    assert_eq!(excuse.status, 503, "{}", excuse.body);
    assert_eq!(excuse.header("content-type"), Some("application/problem+json"));
    assert_eq!(excuse.header("retry-after"), Some("1"));
    let body = excuse.json();
    let code = body["Type"].as_str().unwrap().rsplit('.').next().unwrap();
    assert!(matches!(code, "service-unavailable" | "outcome-unknown"), "{}", excuse.body);
}
