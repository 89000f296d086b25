//! The clients: authorizations with source ids of their own, and what became of each; at the end
//! every one of them once more.
//!
//! Invariant: a request follows from its number alone, so that it can be repeated as it was.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::http::{Connection, Failure, Reply, Request};
use super::now;
use super::servers::{ANSWER_MAX, COMPANY, SELLER, Shop};

/// Clients at once.
pub(super) const CLIENTS: usize = 8;

/// What a client waits after each answer: the machine is shared by three databases.
const PAUSE: Duration = Duration::from_millis(5);

/// What it waits when nothing was acknowledged, so that an outage is not a flood of failures.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// How often a request is repeated at the end until it is answered.
const REPEATS_MAX: u32 = 20;

/// What is shared by all clients.
pub(super) struct Load {
    shop: Shop,
    started: Instant,
    next: AtomicU64,
    acknowledged: AtomicU64,
    is_over: AtomicBool,
    outcomes: Mutex<Outcomes>,
}

/// What became of the requests, by number.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    /// The authorization, and when it was acknowledged, counted from the start.
    pub(super) acknowledged: BTreeMap<u64, (String, Duration)>,
    /// Answered with 5xx, or not at all.
    pub(super) unknown: Vec<u64>,
    /// No server was reached.
    pub(super) unsent: u64,
    /// Whatever else was answered.
    pub(super) refused: Vec<String>,
}

/// What was found when everything was asked for again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Acknowledged, and not there or not the same; each with what was answered.
    pub(super) lost: Vec<String>,
    /// Of the unknown requests, those that had been done.
    pub(super) committed: u64,
    /// Accounts on which something else is reserved than all authorizations together.
    pub(super) wrong_accounts: Vec<String>,
}

impl Load {
    pub(super) fn new(shop: Shop) -> Load {
        Load {
            shop,
            started: now(),
            next: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            outcomes: Mutex::default(),
        }
    }

    /// Since the start.
    pub(super) fn elapsed(&self) -> Duration {
        now().saturating_duration_since(self.started)
    }

    /// Acknowledged up to now.
    pub(super) fn count(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Tells the clients to end.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// What one client does until the end. Servers take turns, and so do cards on each of them.
    pub(super) fn run(&self) {
        let mut to = connections(&self.shop);
        let mut own = Outcomes::default();
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let answer = send(&self.shop, &mut to, number, 0);
            let is_acknowledged = answer.as_ref().is_ok_and(|reply| reply.status == 201);
            self.note(&mut own, number, answer);
            thread::sleep(if is_acknowledged { PAUSE } else { PAUSE_AFTER_FAILURE });
        }
        let mut all = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        all.acknowledged.append(&mut own.acknowledged);
        all.unknown.append(&mut own.unknown);
        all.refused.append(&mut own.refused);
        all.unsent += own.unsent;
    }

    /// What all clients have noted, once they have ended.
    pub(super) fn outcomes(self) -> (Shop, Outcomes) {
        (self.shop, self.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, own: &mut Outcomes, number: u64, answer: Result<Reply, Failure>) {
        match answer {
            Ok(reply) if reply.status == 201 => {
                own.acknowledged.insert(number, (id(&reply).to_owned(), self.elapsed()));
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(reply) if reply.status >= 500 => own.unknown.push(number),
            Ok(reply) => own.refused.push(format!("{number}: {} {}", reply.status, reply.body)),
            Err(Failure::Unknown(_)) => own.unknown.push(number),
            Err(Failure::NotSent(_)) => own.unsent += 1,
        }
    }
}

/// Repeats every request: first those whose fate is unknown, then those that were acknowledged,
/// each at another server than before. Then compares what is reserved on each account.
pub(super) fn settle(shop: &Shop, outcomes: &Outcomes) -> anyhow::Result<Settled> {
    let mut settled = Settled::default();
    let mut to = connections(shop);
    for number in &outcomes.unknown {
        let reply = repeat(shop, &mut to, *number)?;
        ensure!(reply.status == 201, "unknown request {number}: {} {}", reply.status, reply.body);
        settled.committed += u64::from(reply.is_replayed);
    }
    let all: Vec<(u64, &str)> =
        outcomes.acknowledged.iter().map(|(number, (id, _))| (*number, id.as_str())).collect();
    let parts = all.chunks(all.len().div_ceil(CLIENTS).max(1));
    let found: Vec<anyhow::Result<Vec<String>>> = thread::scope(|scope| {
        let threads: Vec<_> = parts.map(|part| scope.spawn(|| missing(shop, part))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(found) => found,
            Err(_) => bail!("a client panicked"),
        };
        threads.into_iter().map(join).collect()
    });
    for lost in found {
        settled.lost.extend(lost?);
    }
    settled.wrong_accounts = wrong_accounts(shop, outcomes)?;
    Ok(settled)
}

/// Of acknowledged requests, those that are not answered with what they were answered before.
fn missing(shop: &Shop, part: &[(u64, &str)]) -> anyhow::Result<Vec<String>> {
    let mut to = connections(shop);
    let mut lost = Vec::new();
    for (number, authorization) in part {
        let reply = repeat(shop, &mut to, *number)?;
        if reply.status != 201 || !reply.is_replayed || id(&reply) != *authorization {
            lost.push(format!("{number}: was {authorization}, is {} {}", reply.status, reply.body));
        }
    }
    Ok(lost)
}

/// Sends a request again until it is answered.
fn repeat(shop: &Shop, to: &mut [Connection], number: u64) -> anyhow::Result<Reply> {
    let mut last = String::new();
    for attempt in 0..REPEATS_MAX {
        match send(shop, to, number, 1) {
            Ok(reply) if reply.status < 500 => return Ok(reply),
            Ok(reply) => last = format!("{} {}", reply.status, reply.body),
            Err(failure) => last = failure.to_string(),
        }
        thread::sleep(Duration::from_millis(100) * attempt);
    }
    bail!("request {number} is not answered: {last}")
}

fn wrong_accounts(shop: &Shop, outcomes: &Outcomes) -> anyhow::Result<Vec<String>> {
    let mut expected: BTreeMap<&str, u64> = BTreeMap::new();
    for number in outcomes.acknowledged.keys().chain(&outcomes.unknown) {
        let (account, _) = account_of(shop, *number).context("there are no accounts")?;
        *expected.entry(account).or_default() += amount_minor(*number);
    }
    let mut wrong = Vec::new();
    let mut to = connections(shop);
    for (account, minor) in expected {
        let expected = format!("{}.{:02}", minor / 100, minor % 100);
        let path = format!("/operator/v1/accounts/{account}");
        let request = Request { method: "GET", path: &path, token: &shop.key, body: "" };
        for server in &mut to {
            let reply = server.call(request);
            let reply = reply.with_context(|| format!("GET {path}"))?;
            if reply.text("reserved_amount") != Some(&expected) {
                wrong.push(format!("{account}: {expected} expected, {}", reply.body));
            }
        }
    }
    Ok(wrong)
}

fn connections(shop: &Shop) -> Vec<Connection> {
    let open = |address: &SocketAddr| Connection::new(*address, ANSWER_MAX);
    shop.addresses.iter().map(open).collect()
}

/// Sends the request of a number to the server whose turn it is, or to one further on.
fn send(shop: &Shop, to: &mut [Connection], number: u64, shift: usize) -> Result<Reply, Failure> {
    let nobody = || Failure::NotSent(std::io::ErrorKind::NotFound.into());
    let turn = usize::try_from(number).unwrap_or(0).wrapping_add(shift) % to.len().max(1);
    let (_, card) = account_of(shop, number).ok_or_else(nobody)?;
    let minor = amount_minor(number);
    let path = format!("/ledger/card-transaction/v1/{COMPANY}/authorizations");
    let body = format!(
        "{{\"sourceAuthorizationTransactionId\":\"failover-{number}\",\
         \"sellerNumber\":\"{SELLER}\",\"cardToken\":\"{card}\",\"type\":\"purchase\",\
         \"pointOfSale\":\"Till\",\"authorizationAmount\":{}.{:02},\"currency\":\"SEK\"}}",
        minor / 100,
        minor % 100
    );
    let request = Request { method: "POST", path: &path, token: &shop.token, body: &body };
    to.get_mut(turn).ok_or_else(nobody)?.call(request)
}

/// The account of a request and its card. Every server meets every account.
fn account_of(shop: &Shop, number: u64) -> Option<(&str, &str)> {
    let servers = u64::try_from(shop.addresses.len()).ok()?.max(1);
    let at = usize::try_from(number / servers).ok()?.checked_rem(shop.accounts.len())?;
    shop.accounts.get(at).map(|(account, card)| (account.as_str(), card.as_str()))
}

fn amount_minor(number: u64) -> u64 {
    100 + number % 700
}

/// The last part of the link to what was made.
fn id(reply: &Reply) -> &str {
    reply.text("@id").and_then(|link| link.rsplit('/').next()).unwrap_or_default()
}
