//! The program is killed under load, again and again, on one store.
//!
//! Goal: what was acknowledged is there after every restart, what was not is there whole or not at
//! all, and every invariant of the ledger holds. Method: clients with random traffic, SIGKILL at a
//! random moment, a restart on the same directory, and then every request of the cycle once more.
//! A SIGKILL does not cut the power: what the kernel holds is not lost. That needs another test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::replay::{Books, Client, Numbers, Operation, Progress, find};
use crate::server::{CARD, Folder, Server, serve_on, verify};

/// Clients at work, on all servers together.
const CLIENTS: usize = 6;

/// How many operations of earlier cycles are asked for again in each cycle.
const EARLIER: usize = 50;

#[test]
fn a_crash_loses_nothing_that_was_acknowledged() {
    let cycles = number("KASSA_CRASH_CYCLES", 20);
    let seed = number("KASSA_CRASH_SEED", u64::from(std::process::id()));
    println!("{cycles} cycles; KASSA_CRASH_SEED={seed} gives the same traffic and moments");
    let folder = Folder::with_demo("crash");
    let mut numbers = Numbers::new(seed);
    let mut books = Books::default();
    let mut earlier: Vec<Operation> = Vec::new();
    let (mut answered, mut unanswered) = (0_usize, 0_usize);
    let server = Server::start(serve_on(folder.path()));
    server.raise_limit(CARD);
    server.kill();
    for cycle in 1..=cycles {
        let load = Duration::from_millis(30 + numbers.below(300));
        let server = Server::start(serve_on(folder.path()));
        let (at, place) = ([server.address], Place { cycle, cards: &[CARD] });
        let mut operations = under_load(&at, place, &mut numbers, |_| {
            thread::sleep(load);
            server.kill();
        });
        let lost = operations.iter().filter(|operation| operation.answer.is_none()).count();
        unanswered += lost;
        answered += operations.len() - lost;
        let server = Server::start(serve_on(folder.path()));
        books.settle(&server, &mut operations);
        check_earlier(&server, &earlier, &mut numbers);
        server.kill();
        earlier.append(&mut operations);
        if cycle % 5 == 0 || cycle == cycles {
            verify(folder.path());
        }
    }
    println!("{answered} answered operations found again, {unanswered} unanswered ones settled");
    assert!(answered > earlier.len() / 2, "there was too little traffic to show anything");
}

/// Which cycle it is, and the cards that its clients use in turn.
#[derive(Clone, Copy)]
pub(crate) struct Place<'c> {
    pub(crate) cycle: u64,
    pub(crate) cards: &'c [&'static str],
}

/// Runs clients, in turn on one of `addresses` each, while `during` does something to who they
/// work with. It sees how far they are, those of each address together.
pub(crate) fn under_load(
    addresses: &[SocketAddr],
    place: Place<'_>,
    numbers: &mut Numbers,
    during: impl FnOnce(&[Vec<Arc<Progress>>]),
) -> Vec<Operation> {
    let stop = AtomicBool::new(false);
    let mut progress = vec![Vec::new(); addresses.len()];
    thread::scope(|scope| {
        // Set even when `during` panics: else nobody would tell the clients.
        let stop_at_end = StopAtEnd(&stop);
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let name = format!("c{}-{number}", place.cycle);
            let at = number % addresses.len();
            let card = place.cards[number / addresses.len() % place.cards.len()];
            let client = Client::new(addresses[at], name, numbers.below(u64::MAX)).on_card(card);
            progress[at].push(client.progress());
            let stop = &stop;
            clients.push(scope.spawn(move || client.run(stop)));
        }
        during(&progress);
        drop(stop_at_end);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

struct StopAtEnd<'s>(&'s AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks for some operations of earlier cycles again.
pub(crate) fn check_earlier(server: &Server, earlier: &[Operation], numbers: &mut Numbers) {
    if earlier.is_empty() {
        return;
    }
    let mut connection = server.connection();
    for _ in 0..EARLIER {
        let at = numbers.below(u64::try_from(earlier.len()).unwrap());
        let operation = &earlier[usize::try_from(at).unwrap()];
        find(&mut connection, operation, operation.answer.as_ref().unwrap());
    }
}

/// A number from the environment, which `cargo xtask crash` sets.
pub(crate) fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect(variable))
}
