//! The deterministic simulation.
//!
//! Goal: no fault of a store, a clock, a network or a process makes the ledger lose what it
//! acknowledged, do anything twice, or get stuck. Method: random clients, who repeat whatever has
//! no answer, against the real engine on a store that fails as each seed says; the whole journal is
//! checked every now and then; at last the faults end and everybody must get an answer.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::slice::from_ref;
use std::sync::Arc;

use engine::{Command, Decision, Failure, Runner, SubmitError, Verb, Work};
use ledger::books::Done;
use ledger::{AuthorizationId, Date, DeclineReason, Expire, Refusal, RowId, Seal, Timestamp};
use store::{MemoryStore, Options, Source, SqliteStore, Store};

use crate::faulty_store::{FaultyStore, Plan, Rates};
use crate::journal_check::check_journal;
use crate::office::Office;
use crate::options::{Announce, number, seeds};
use crate::prng::Prng;
use crate::traffic::Traffic;
use crate::treasury::{self, Treasury};

const SEEDS: u64 = 200;
const STEPS: u64 = 250;

/// 2026-11-20T09:00:00Z.
const START: i64 = 1_795_165_200_000;
const DAY_MS: i64 = 86_400_000;

/// How often the faults' end leaves a client without an answer before it counts as stuck.
const ROUNDS_MAX: u64 = 50;

/// How often what happened.
type Tally = BTreeMap<&'static str, u64>;

/// What must happen in a whole run, or the weather is too fine to prove anything.
const EVENTS: [&str; 12] = [
    "answer",
    "bug",
    "crash",
    "expiry",
    "lost reply",
    "not done",
    "payout return",
    "refusal",
    "replay",
    "settlement",
    "tally",
    "unknown",
];

#[test]
fn simulation_survives_faults() {
    let seeds = seeds(number("KASSA_SIM_SEEDS").unwrap_or(SEEDS));
    let (is_whole, mut tally) = (seeds.len() > 1, Tally::new());
    for seed in seeds {
        let content = MemoryStore::default();
        let (_, seen) = simulate(seed, &mut || Box::new(content.clone()));
        for (event, times) in seen {
            *tally.entry(event).or_default() += times;
        }
    }
    println!("{tally:#?}");
    for event in EVENTS.into_iter().filter(|_| is_whole) {
        assert!(tally.contains_key(event), "no seed had {event}: {tally:#?}");
    }
}

#[test]
fn simulation_repeats_byte_for_byte() {
    for seed in seeds(3) {
        let run = || {
            let content = MemoryStore::default();
            simulate(seed, &mut || Box::new(content.clone()))
        };
        assert_eq!(run(), run(), "seed {seed} went two ways");
    }
}

/// The embedded store comes to the same as memory does, answer for answer, through the same
/// faults and restarts.
#[test]
fn simulation_on_the_embedded_store_goes_the_same_way() {
    for seed in seeds(4) {
        let content = MemoryStore::default();
        let in_memory = simulate(seed, &mut || Box::new(content.clone()));
        let dir = Folder::new(seed);
        let options = Options {
            wal_bytes: 1 << 20,
            cached_accounts_max: 2,
            cached_cards_max: 3,
            ..Options::default()
        };
        let open = || SqliteStore::open(&dir.0, options.clone()).unwrap();
        let embedded = simulate(seed, &mut || Box::new(open()));
        assert_eq!(embedded, in_memory, "seed {seed}: the stores differ");
    }
}

/// A folder of its own for one test, gone afterwards.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(seed: u64) -> Folder {
        let name = format!("kassa-sim-{}-{seed}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Runs one seed. Returns a hash over everything that happened, and how often it did.
fn simulate(seed: u64, open: &mut dyn FnMut() -> Box<dyn Store>) -> (u64, Tally) {
    let mut announce = Announce { seed, step: 0 };
    let mut simulation = Simulation::new(seed, open);
    for step in 0..STEPS {
        announce.step = step;
        simulation.step();
        if step % 50 == 49 {
            simulation.check();
        }
    }
    announce.step = STEPS;
    simulation.settle();
    (simulation.trace.hash, simulation.tally)
}

/// What can happen in this seed, and how often, per thousand chances. Swarm: many things never
/// happen in one seed, so that they cannot hide each other.
#[derive(Debug)]
struct Weather {
    rates: Rates,
    /// The engine dies in the middle of a batch.
    crash: u64,
    /// A reply does not reach its client.
    lost_reply: u64,
    /// A request arrives twice.
    duplicate: u64,
    /// The clock leaps, ahead or back.
    leap: u64,
    /// The timer looks for what is due.
    timer: u64,
    /// A client repeats what it knows the answer to.
    repeat: u64,
    /// The office asks for something in a batch.
    office: u64,
    /// Those who settle ask for something in a batch.
    treasury: u64,
    batch_max: u64,
}

impl Weather {
    fn draw(prng: &mut Prng) -> Weather {
        let mut rate = |max: u64| if prng.per_mille(500) { prng.below(max) } else { 0 };
        Weather {
            rates: Rates {
                refuse: rate(150),
                lose_commit: rate(100),
                lose_all: rate(100),
                lose_news: rate(150),
                retry: rate(150),
                unwind: rate(100),
                unwind_in_decide: rate(100),
                no_reader: rate(300),
            },
            crash: rate(60),
            lost_reply: rate(200),
            duplicate: rate(200),
            leap: rate(60),
            timer: 50 + rate(300),
            repeat: 50 + rate(300),
            office: rate(100),
            treasury: rate(300),
            batch_max: 1 + rate(30),
        }
    }
}

/// Someone with at most one request that has no answer yet.
#[derive(Default)]
struct Client {
    waiting: Option<Command>,
    /// What the answer must be, where it is known.
    expects: Option<Outcome>,
}

/// An answer that can never change: what was done, or that it was declined.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Done(Done),
    Declined(DeclineReason, AuthorizationId),
}

/// A hash over everything that happened (FNV-1a, 64 bits).
struct Trace {
    hash: u64,
}

impl Trace {
    fn add(&mut self, event: &impl Debug) {
        for byte in format!("{event:?}").bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

struct Simulation<'s> {
    prng: Prng,
    weather: Weather,
    plan: Plan,
    traffic: Traffic,
    open: &'s mut dyn FnMut() -> Box<dyn Store>,
    /// `None` only while it is dead.
    runner: Option<Runner>,
    /// The store's own, which never fails.
    source: Option<Arc<dyn Source>>,
    clock: Timestamp,
    clients: Vec<Client>,
    office: Office,
    treasury: Treasury,
    /// Expiries on their way to the engine.
    timers: Vec<Command>,
    acknowledged: Vec<(Command, Outcome)>,
    /// The first answer about everything that can be done once.
    effects: BTreeMap<String, Outcome>,
    trace: Trace,
    tally: Tally,
}

impl<'s> Simulation<'s> {
    fn new(seed: u64, open: &'s mut dyn FnMut() -> Box<dyn Store>) -> Simulation<'s> {
        let mut prng = Prng::new(seed);
        let weather = Weather::draw(&mut prng);
        let clients = 2 + prng.index(12);
        let mut simulation = Simulation {
            plan: Plan::new(prng.split(), weather.rates),
            traffic: Traffic::new(prng.split()),
            prng,
            weather,
            open,
            runner: None,
            source: None,
            clock: Timestamp(START),
            clients: (0..clients).map(|_| Client::default()).collect(),
            office: Office::default(),
            treasury: Treasury::default(),
            timers: Vec::new(),
            acknowledged: Vec::new(),
            effects: BTreeMap::new(),
            trace: Trace { hash: 0xcbf2_9ce4_8422_2325 },
            tally: Tally::new(),
        };
        simulation.restart();
        for prepare in [Traffic::companies, Traffic::accounts, Traffic::cards] {
            for command in prepare(&mut simulation.traffic) {
                simulation.prepare(&command);
            }
        }
        simulation
    }

    /// Configures the installation, through the same faults, until it is done.
    fn prepare(&mut self, command: &Command) {
        loop {
            let replies = self.runner.as_mut().unwrap().run(from_ref(command), self.clock);
            self.trace.add(&replies);
            match replies.into_iter().next().unwrap() {
                Ok(answer) => return self.traffic.learn(command, &Ok(answer)),
                // It was done, and only the news were lost; or its key happens to be in use.
                Err(SubmitError::Refused(Refusal::NameTaken | Refusal::IdempotencyKeyReused)) => {
                    return;
                }
                Err(SubmitError::Refused(refusal)) => panic!("{command:?}: {refusal}"),
                Err(_) => {}
            }
        }
    }

    /// Starts the engine on what is stored; what it had in memory is gone.
    fn restart(&mut self) {
        (self.runner, self.source) = (None, None);
        let store = (self.open)();
        self.source = Some(store.source());
        let store = FaultyStore::new(store, self.plan.clone());
        self.runner = Some(Runner::new(Box::new(store)));
    }

    fn step(&mut self) {
        self.move_clock();
        self.think();
        if self.prng.per_mille(self.weather.timer) {
            self.wake_timer();
        }
        let mut queue = self.send();
        while !queue.is_empty() {
            let most = usize::try_from(self.weather.batch_max).unwrap();
            let size = (1 + self.prng.index(most)).min(queue.len());
            let batch: Vec<_> = queue.drain(..size).collect();
            if self.prng.per_mille(self.weather.crash) {
                self.crash(&batch);
                // Whatever waited for the dead engine has no answer.
                return;
            }
            self.run(batch);
        }
    }

    fn move_clock(&mut self) {
        let (least, most) = if self.prng.per_mille(self.weather.leap) {
            (-2 * DAY_MS, 4 * DAY_MS)
        } else {
            (-20, 2_000)
        };
        self.clock = self.clock.plus_ms(self.prng.between(least, most));
    }

    /// Clients without a request think of one: a new one, or one whose answer they know.
    fn think(&mut self) {
        let today = Date(i32::try_from(self.clock.0.div_euclid(DAY_MS)).unwrap());
        for client in 0..self.clients.len() {
            if self.clients[client].waiting.is_some() || self.prng.per_mille(400) {
                continue;
            }
            let known = self.prng.per_mille(self.weather.repeat);
            let known = if known { self.prng.recent(&self.acknowledged) } else { None };
            self.clients[client] = match known {
                Some((command, outcome)) => {
                    Client { waiting: Some(command), expects: Some(outcome) }
                }
                None => Client { waiting: Some(self.traffic.command(today)), expects: None },
            };
        }
    }

    /// Finds what is due; it is sent now or later, perhaps twice.
    fn wake_timer(&mut self) {
        let limit = 1 + self.prng.index(50);
        let due = self.source.as_ref().unwrap().open().unwrap().due(self.clock, limit).unwrap();
        for authorization in due {
            let copies = 1 + usize::from(self.prng.per_mille(200));
            let command = Command::Expire(Expire { authorization });
            self.timers.extend(std::iter::repeat_n(command, copies));
        }
    }

    /// What reaches the engine in this step, in the order in which it does, each with the client
    /// to answer.
    fn send(&mut self) -> Vec<(Option<usize>, Command)> {
        let mut queue = Vec::new();
        for (at, client) in self.clients.iter().enumerate() {
            let Some(command) = &client.waiting else { continue };
            let copies = 1 + usize::from(self.prng.per_mille(self.weather.duplicate));
            queue.extend((0..copies).map(|_| (Some(at), command.clone())));
        }
        let ready = self.prng.index(self.timers.len() + 1);
        queue.extend(self.timers.drain(..ready).map(|command| (None, command)));
        for at in (1..queue.len()).rev() {
            queue.swap(at, self.prng.index(at + 1));
        }
        queue
    }

    /// The engine dies, before or after it did what it was about to do.
    fn crash(&mut self, batch: &[(Option<usize>, Command)]) {
        if self.prng.per_mille(500) {
            let commands: Vec<Command> = batch.iter().map(|(_, command)| command.clone()).collect();
            drop(self.runner.as_mut().unwrap().run(&commands, self.clock));
        }
        self.trace.add(&"crash");
        self.count("crash");
        self.restart();
    }

    fn count(&mut self, event: &'static str) {
        *self.tally.entry(event).or_default() += 1;
    }

    fn run(&mut self, batch: Vec<(Option<usize>, Command)>) {
        let commands = batch.iter().map(|(_, command)| command.clone().work());
        let is_asked = self.prng.per_mille(self.weather.office);
        let asked = is_asked.then(|| self.office.ask(&mut self.prng));
        let counted = self.ask_treasury();
        let is_counted = counted.is_some();
        let work: Vec<Work> = commands.chain(asked).chain(counted).collect();
        let runner = self.runner.as_mut().unwrap();
        let mut replies = runner.run_work(&work, self.clock);
        runner.maintain();
        assert_eq!(replies.len(), work.len(), "one reply for each");
        if is_counted {
            self.answer_treasury(replies.pop().unwrap());
        }
        if is_asked {
            self.answer_office(replies.pop().unwrap());
        }
        let replies = replies.into_iter().map(reply_to::<Command>);
        for ((client, command), reply) in batch.into_iter().zip(replies) {
            self.trace.add(&(self.clock, client, &command, &reply));
            self.count(event(&reply));
            let is_lost = self.prng.per_mille(self.weather.lost_reply);
            if is_lost {
                self.count("lost reply");
            }
            if let Some(client) = client.filter(|_| !is_lost) {
                self.answer(client, &command, &reply);
            }
        }
    }

    fn answer_office(&mut self, decision: Result<Decision, Failure>) {
        let reply = reply_to::<estate::Command>(decision);
        self.trace.add(&reply);
        if !self.prng.per_mille(self.weather.lost_reply) {
            self.office.hear(reply);
        }
    }

    /// What those who settle ask for in this batch, if they do.
    fn ask_treasury(&mut self) -> Option<Work> {
        if !self.prng.per_mille(self.weather.treasury) {
            return None;
        }
        let mut reader = self.source.as_ref().unwrap().open().unwrap();
        self.treasury.ask(&mut self.prng, reader.as_mut())
    }

    fn answer_treasury(&mut self, decision: Result<Decision, Failure>) {
        let reply = reply_to::<clearing::Command>(decision);
        self.trace.add(&reply);
        if self.prng.per_mille(self.weather.lost_reply) {
            return;
        }
        if let Some(event) = self.treasury.hear(reply) {
            self.count(event);
        }
    }

    fn answer(
        &mut self,
        client: usize,
        command: &Command,
        reply: &Result<ledger::Answer, SubmitError>,
    ) {
        if self.clients[client].waiting.as_ref() != Some(command) {
            // The answer to a second copy; the client has moved on. It must be true all the same.
            if let Ok(answer) = reply {
                self.acknowledge(command, Outcome::Done(answer.done.clone()));
            }
            return;
        }
        let outcome = match reply {
            Ok(answer) => {
                self.traffic.learn(command, &Ok(answer.clone()));
                Some(Outcome::Done(answer.done.clone()))
            }
            Err(SubmitError::Refused(Refusal::Declined {
                reason,
                authorization: Some(id),
                ..
            })) => Some(Outcome::Declined(*reason, *id)),
            Err(SubmitError::Refused(_)) => None,
            // No answer: ask again.
            Err(SubmitError::NotDone | SubmitError::Unknown | SubmitError::Bug) => return,
            Err(SubmitError::Overloaded) => unreachable!("nothing here has a queue"),
        };
        let client = std::mem::take(&mut self.clients[client]);
        if let Some(expected) = client.expects {
            assert_eq!(outcome, Some(expected), "{command:?} was answered otherwise: {reply:?}");
        }
        if let Some(outcome) = outcome {
            self.acknowledge(command, outcome);
        }
    }

    /// Remembers an answer; whatever is done once has one answer for ever.
    fn acknowledge(&mut self, command: &Command, outcome: Outcome) {
        let effect = match (command, &outcome) {
            (Command::Authorize(asked), _) => {
                format!("authorization {} {}", asked.company, asked.source)
            }
            (Command::Post(asked), _) => {
                format!("{:?} {} {}", asked.kind, asked.company, asked.source)
            }
            (Command::Correct(asked), _) => {
                format!("correction of {:?} {} {}", asked.kind, asked.company, asked.source)
            }
            (Command::Cancel(_), Outcome::Done(Done::Cancelled { authorization, .. })) => {
                format!("cancellation {authorization:?}")
            }
            _ => return,
        };
        let first = self.effects.entry(effect).or_insert_with(|| outcome.clone());
        assert_eq!(*first, outcome, "{command:?} has two answers");
        if !matches!(command, Command::Cancel(_)) {
            self.acknowledged.push((command.clone(), outcome));
        }
    }

    /// Checks the whole journal, and that every acknowledged thing is in it.
    fn check(&mut self) -> Option<Seal> {
        let mut reader = self.source.as_ref().unwrap().open().unwrap();
        let newest = check_journal(reader.as_mut());
        let books = reader.load(&ledger::ReadSet::default()).unwrap();
        self.office.check(&books.directory);
        treasury::check(reader.as_mut());
        for outcome in self.effects.values() {
            if let Outcome::Done(Done::Authorized { authorization: id, .. })
            | Outcome::Declined(_, id) = outcome
            {
                assert!(reader.row(RowId(id.0)).unwrap().is_some(), "{outcome:?} is gone");
            }
        }
        self.trace.add(&newest);
        newest
    }

    /// The faults end: every client gets its answer, everything expires, nothing stays reserved,
    /// and all that was acknowledged is answered the same once more.
    fn settle(&mut self) {
        self.plan.end_faults();
        (self.weather.crash, self.weather.lost_reply, self.weather.duplicate) = (0, 0, 0);
        (self.weather.office, self.weather.treasury) = (0, 0);
        self.restart();
        if let Some(work) = self.treasury.waits_for() {
            let mut replies = self.runner.as_mut().unwrap().run_work(&[work], self.clock);
            self.answer_treasury(replies.remove(0));
        }
        assert!(self.treasury.waits_for().is_none(), "those who settle are stuck");
        if let Some(work) = self.office.waits_for() {
            let mut replies = self.runner.as_mut().unwrap().run_work(&[work], self.clock);
            self.answer_office(replies.remove(0));
        }
        assert!(self.office.waits_for().is_none(), "the office is stuck");
        for _ in 0..ROUNDS_MAX {
            let queue = self.send();
            self.run(queue);
        }
        assert!(self.clients.iter().all(|client| client.waiting.is_none()), "a client is stuck");
        self.clock = self.clock.plus_ms(DAY_MS * 500);
        for _ in 0..ROUNDS_MAX {
            self.wake_timer();
            let due = std::mem::take(&mut self.timers);
            self.run(due.into_iter().map(|command| (None, command)).collect());
        }
        let mut reader = self.source.as_ref().unwrap().open().unwrap();
        assert_eq!(reader.due(self.clock, 1).unwrap(), [], "something is due for ever");
        let accounts = reader.accounts_before(ledger::AccountId(i64::MAX), 10_000).unwrap();
        for account in accounts {
            assert_eq!(account.balance.reserved, 0, "reserved for ever: {account:?}");
        }
        let newest = self.check();
        for (command, outcome) in self.acknowledged.clone() {
            let reply = self.runner.as_mut().unwrap().run(from_ref(&command), self.clock);
            let again = match &reply[0] {
                Ok(answer) if answer.replayed => Outcome::Done(answer.done.clone()),
                Err(SubmitError::Refused(Refusal::Declined {
                    reason,
                    authorization: Some(id),
                    replayed: true,
                })) => Outcome::Declined(*reason, *id),
                other => panic!("{command:?} was {outcome:?}, and is {other:?}"),
            };
            assert_eq!(again, outcome, "{command:?}");
        }
        for (command, outcome) in self.office.answered() {
            let work = [command.clone().work()];
            let mut replies = self.runner.as_mut().unwrap().run_work(&work, self.clock);
            let again = reply_to::<estate::Command>(replies.remove(0)).unwrap();
            assert_eq!((again.replayed, &again.done), (true, outcome), "{command:?}");
        }
        assert_eq!(self.check(), newest, "a repeat wrote something");
    }
}

/// What whoever waits for a command is told.
fn reply_to<V: Verb>(
    decision: Result<Decision, Failure>,
) -> Result<V::Answer, SubmitError<V::Refusal>> {
    V::reply(decision?).map_err(SubmitError::Refused)
}

fn event(reply: &Result<ledger::Answer, SubmitError>) -> &'static str {
    match reply {
        Ok(answer) if answer.replayed => "replay",
        Ok(ledger::Answer { done: Done::Expired(_), .. }) => "expiry",
        Ok(_) => "answer",
        Err(SubmitError::Refused(_)) => "refusal",
        Err(SubmitError::Overloaded) => "overload",
        Err(SubmitError::NotDone) => "not done",
        Err(SubmitError::Unknown) => "unknown",
        Err(SubmitError::Bug) => "bug",
    }
}
