//! The program is killed under load, again and again, on one store.
//!
//! Goal: what was acknowledged is there after every restart, what was not is there whole or not at
//! all, and every invariant of the ledger holds. Method: clients with random traffic, SIGKILL at a
//! random moment, a restart on the same directory, and then every request of the cycle once more.
//! A SIGKILL does not cut the power: what the kernel holds is not lost. That needs another test.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use crate::replay::{Books, Client, Numbers, Operation, find};
use crate::server::{CARD, Folder, OPERATOR_KEY, Server, serve_on, verify};

const CLIENTS: u64 = 6;

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
    raise_limit(&folder);
    for cycle in 1..=cycles {
        let load = Duration::from_millis(30 + numbers.below(300));
        let server = Server::start(serve_on(folder.path()));
        let mut operations = killed_under_load(server, cycle, &mut numbers, load);
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

/// Runs clients against the server and kills it after `load`.
fn killed_under_load(
    server: Server,
    cycle: u64,
    numbers: &mut Numbers,
    load: Duration,
) -> Vec<Operation> {
    let stop = AtomicBool::new(false);
    let address = server.address;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let name = format!("c{cycle}-{number}");
                let client = Client::new(address, name, numbers.below(u64::MAX));
                let stop = &stop;
                scope.spawn(move || client.run(stop))
            })
            .collect();
        thread::sleep(load);
        server.kill();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

/// Asks for some operations of earlier cycles again.
fn check_earlier(server: &Server, earlier: &[Operation], numbers: &mut Numbers) {
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

/// Gives the account room for any number of cycles.
fn raise_limit(folder: &Folder) {
    let server = Server::start(serve_on(folder.path()));
    let path = format!("/operator/v1/accounts?card_token={CARD}");
    let found = server.get(&path, OPERATOR_KEY).json();
    let account = found.pointer("/items/0").unwrap_or(&found);
    let path = format!("/operator/v1/accounts/{}", account["account_no"].as_str().unwrap());
    let body = r#"{"credit_limit":"1000000000.00"}"#;
    let raised = server.connection().call("PATCH", &path, OPERATOR_KEY, body).unwrap();
    assert_eq!(raised.status, 200, "{}", raised.body);
    server.kill();
}

/// A number from the environment, which `cargo xtask crash` sets.
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect(variable))
}
