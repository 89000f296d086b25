//! Random traffic on the card ledger that remembers what it asked and what it was told, so that
//! everything can be asked again after the server has been gone.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::http::{Connection, Reply};
use crate::server::{CARD, LEDGER, LEDGER_TOKEN, Server, authorization, purchase};

/// The other name of the same contract.
const LEDGER_LATER: &str = "/ledger/card-transaction/v1/100";

/// What a request does where it is granted. Amounts are minor units.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Authorize { amount: i64 },
    Capture { authorization: String, amount: i64 },
    Correct { amount: i64 },
    Cancel { authorization: String },
}

/// A request, and its answer where there was one.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Whose account it is about.
    pub(crate) card: &'static str,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) effect: Effect,
    /// None: the connection ended first, or the server said that it did not know.
    pub(crate) answer: Option<Reply>,
    /// How the server said that it did not know, or has not done it.
    pub(crate) excuse: Option<Reply>,
    /// From the request to what it came to.
    pub(crate) took: Duration,
}

/// How far a client is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    granted: AtomicU64,
    excused: AtomicU64,
}

impl Progress {
    /// Requests that were done.
    pub(crate) fn granted(&self) -> u64 {
        self.granted.load(Ordering::SeqCst)
    }

    /// Requests of which the server said that it does not know, or has not done them.
    pub(crate) fn excused(&self) -> u64 {
        self.excused.load(Ordering::SeqCst)
    }
}

/// A random sequence that a seed repeats (Marsaglia, xorshift64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Numbers {
        // Zero would stay zero, and near seeds start alike: stir first.
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            numbers.below(2);
        }
        numbers
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least + 1).unwrap();
        least + i64::try_from(self.below(span)).unwrap()
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap())).unwrap()
    }
}

/// What became of a request.
enum Sent {
    /// It was done.
    Granted(Reply),
    /// The server said that it does not know, or has not done it.
    NotTold(Reply),
    /// The server is gone.
    Lost,
}

/// One client with a connection of its own.
pub(crate) struct Client {
    name: String,
    ledger: &'static str,
    card: &'static str,
    connection: Connection,
    progress: Arc<Progress>,
    numbers: Numbers,
    count: u32,
    open: Vec<Open>,
    done: Vec<Operation>,
}

/// An authorization that this client can go on with.
struct Open {
    id: String,
    remaining: i64,
    /// Captures by source id, with what can still be corrected.
    captures: Vec<(String, i64)>,
}

impl Client {
    /// `name` is the beginning of all its source ids.
    pub(crate) fn new(address: SocketAddr, name: String, seed: u64) -> Client {
        let mut numbers = Numbers::new(seed);
        let ledger = if numbers.below(2) == 0 { LEDGER } else { LEDGER_LATER };
        let connection = Connection::new(address);
        let (progress, open, done) = (Arc::default(), vec![], vec![]);
        Client { name, ledger, card: CARD, connection, progress, numbers, count: 0, open, done }
    }

    /// Uses another card than the demo's.
    pub(crate) fn on_card(self, card: &'static str) -> Client {
        Client { card, ..self }
    }

    /// How far it is, for who watches while it runs.
    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Sends requests until it is told to stop or the server is gone.
    pub(crate) fn run(mut self, stop: &AtomicBool) -> Vec<Operation> {
        while !stop.load(Ordering::Relaxed) && self.turn() {}
        self.done
    }

    /// Sends one request. False when the server is gone.
    fn turn(&mut self) -> bool {
        self.count += 1;
        let choice = self.numbers.below(10);
        if choice == 9 && !self.done.is_empty() {
            return self.repeat();
        }
        if self.open.is_empty() || choice < 4 {
            return self.authorize();
        }
        let at = self.numbers.index(self.open.len());
        match choice {
            8 => self.cancel(at),
            7 if !self.open[at].captures.is_empty() => self.correct(at),
            _ => self.capture(at),
        }
    }

    fn source(&self) -> String {
        format!("{}-{}", self.name, self.count)
    }

    fn authorize(&mut self) -> bool {
        let amount = self.numbers.between(1_000, 3_000);
        let path = format!("{}/authorizations", self.ledger);
        let body = authorization(self.card, &self.source(), &decimal(amount));
        let operation = self.operation(path, body, Effect::Authorize { amount });
        let sent = self.send(operation);
        if let Sent::Granted(reply) = &sent {
            self.open.push(Open { id: reply.id(), remaining: amount, captures: vec![] });
        }
        sent.goes_on()
    }

    fn capture(&mut self, at: usize) -> bool {
        let source = self.source();
        let amount = self.numbers.between(100, 900).min(self.open[at].remaining);
        let authorization = self.open[at].id.clone();
        let path = format!("{}/purchases", self.ledger);
        let body = purchase(&authorization, &source, &decimal(amount));
        let operation = self.operation(path, body, Effect::Capture { authorization, amount });
        let sent = self.send(operation);
        if let Sent::Granted(_) = &sent {
            self.open[at].remaining -= amount;
            self.open[at].captures.push((source, amount));
        }
        // Nothing is built on what is not known.
        if !sent.is_granted() || self.open[at].remaining == 0 {
            self.open.swap_remove(at);
        }
        sent.goes_on()
    }

    fn correct(&mut self, at: usize) -> bool {
        let source = self.source();
        let which = self.numbers.index(self.open[at].captures.len());
        let (captured, left) = self.open[at].captures[which].clone();
        let amount = self.numbers.between(1, left);
        let amount_text = decimal(amount);
        let path = format!("{}/purchases/{captured}/corrections", self.ledger);
        let body =
            format!(r#"{{"sourceCorrectionTransactionId":"{source}","amount":{amount_text}}}"#);
        let operation = self.operation(path, body, Effect::Correct { amount });
        let sent = self.send(operation);
        if let Sent::Granted(_) = &sent {
            self.open[at].captures[which].1 -= amount;
            if self.open[at].captures[which].1 == 0 {
                self.open[at].captures.swap_remove(which);
            }
        } else {
            self.open.swap_remove(at);
        }
        sent.goes_on()
    }

    fn cancel(&mut self, at: usize) -> bool {
        let authorization = self.open.swap_remove(at).id;
        let path = format!("{}/authorizations/{authorization}/cancellations", self.ledger);
        let operation = self.operation(path, "{}".to_owned(), Effect::Cancel { authorization });
        self.send(operation).goes_on()
    }

    fn operation(&self, path: String, body: String, effect: Effect) -> Operation {
        let (card, took) = (self.card, Duration::ZERO);
        Operation { card, path, body, effect, answer: None, excuse: None, took }
    }

    /// Asks again what was answered before; the answer must be the same bytes.
    fn repeat(&mut self) -> bool {
        let at = self.numbers.index(self.done.len());
        let Operation { path, body, effect, answer, .. } = &self.done[at];
        let (Some(first), false) = (answer, matches!(effect, Effect::Cancel { .. })) else {
            return true;
        };
        match self.connection.post(path, LEDGER_TOKEN, body) {
            Ok(again) if again.status == 503 => true,
            Ok(again) => {
                check_repeat(path, first, &again);
                true
            }
            Err(_) => false,
        }
    }

    /// Sends and remembers.
    fn send(&mut self, mut operation: Operation) -> Sent {
        let begun = Instant::now();
        let sent = self.connection.post(&operation.path, LEDGER_TOKEN, &operation.body);
        operation.took = begun.elapsed();
        let sent = match sent {
            Ok(reply) if reply.status == 201 => Sent::Granted(reply),
            Ok(reply) if reply.status == 503 => Sent::NotTold(reply),
            Ok(reply) => panic!("{} answered {}: {}", operation.path, reply.status, reply.body),
            Err(_) => Sent::Lost,
        };
        match &sent {
            Sent::Granted(reply) => {
                operation.answer = Some(reply.clone());
                self.progress.granted.fetch_add(1, Ordering::SeqCst);
            }
            Sent::NotTold(reply) => {
                operation.excuse = Some(reply.clone());
                self.progress.excused.fetch_add(1, Ordering::SeqCst);
            }
            Sent::Lost => {}
        }
        self.done.push(operation);
        sent
    }
}

impl Sent {
    fn is_granted(&self) -> bool {
        matches!(self, Sent::Granted(_))
    }

    fn goes_on(&self) -> bool {
        !matches!(self, Sent::Lost)
    }
}

/// What the accounts must show, from what was granted.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// By card.
    accounts: HashMap<&'static str, Account>,
}

/// What one account must show.
#[derive(Debug, Default)]
struct Account {
    debt: i64,
    /// What each authorization still holds.
    held: HashMap<String, i64>,
}

impl Account {
    /// Follows an operation that was granted.
    fn follow(&mut self, effect: &Effect, answer: &Reply) {
        match effect {
            Effect::Authorize { amount } => {
                assert_eq!(self.held.insert(answer.id(), *amount), None, "an id is given twice");
            }
            Effect::Capture { authorization, amount } => {
                self.debt += amount;
                *self.held.get_mut(authorization).unwrap() -= amount;
            }
            Effect::Correct { amount } => self.debt -= amount,
            Effect::Cancel { authorization } => {
                self.held.insert(authorization.clone(), 0);
            }
        }
    }
}

impl Books {
    /// Asks for every operation again: those that were answered are found, byte for byte; those
    /// that were not are there whole or not at all, and have one effect when they are repeated.
    pub(crate) fn settle(&mut self, server: &Server, operations: &mut [Operation]) {
        let mut connection = server.connection();
        for operation in operations {
            let first = match operation.answer.take() {
                Some(first) => first,
                None => ask(&mut connection, operation),
            };
            find(&mut connection, operation, &first);
            let account = self.accounts.entry(operation.card).or_default();
            account.follow(&operation.effect, &first);
            operation.answer = Some(first);
        }
        for (card, account) in &self.accounts {
            let reserved: i64 = account.held.values().sum();
            let [debt, reserved_shown, _] = server.balances(card);
            assert_eq!((debt, reserved_shown), (decimal(account.debt), decimal(reserved)));
        }
    }
}

/// Asks for what was not answered. A cancellation that was done says so by refusing a second one.
#[track_caller]
fn ask(connection: &mut Connection, operation: &Operation) -> Reply {
    let Operation { path, body, effect, .. } = operation;
    let answer = connection.post(path, LEDGER_TOKEN, body).unwrap();
    let was_done = matches!(effect, Effect::Cancel { .. }) && is_cancelled(&answer);
    assert!(answer.status == 201 || was_done, "{path}: {} {}", answer.status, answer.body);
    answer
}

/// Finds what was answered with `first`: by repeating the request, and by the link in the answer.
#[track_caller]
pub(crate) fn find(connection: &mut Connection, operation: &Operation, first: &Reply) {
    let Operation { path, body, effect, .. } = operation;
    let again = connection.post(path, LEDGER_TOKEN, body).unwrap();
    match effect {
        Effect::Cancel { .. } => {
            assert!(is_cancelled(&again), "{path}: {} {}", again.status, again.body);
        }
        Effect::Authorize { .. } | Effect::Capture { .. } | Effect::Correct { .. } => {
            check_repeat(path, first, &again);
        }
    }
    if first.status == 201 {
        let link = first.json()["@id"].as_str().unwrap().to_owned();
        let found = connection.get(&link, LEDGER_TOKEN).unwrap();
        assert_eq!(found.status, 200, "{link}: {}", found.body);
    }
}

#[track_caller]
fn check_repeat(path: &str, first: &Reply, again: &Reply) {
    assert_eq!((again.status, &again.body), (first.status, &first.body), "{path}");
    assert_eq!(again.header("location"), first.header("location"), "{path}");
    assert!(again.is_replayed(), "{path} does not say that it was answered before");
}

fn is_cancelled(answer: &Reply) -> bool {
    answer.status == 409 && answer.body.contains("authorization-cancelled")
}

fn decimal(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
}
