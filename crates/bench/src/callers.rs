//! A closed loop of many callers in this process: each asks for the next authorization when it
//! has the answer to its last one.
//!
//! Invariant: a loop ends with its time, and then waits a bounded time for the last answers; what
//! is missing then is a failure in the outcome.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time;

use crate::BenchError;
use crate::load::{Latencies, Latency};
use crate::probe::{CpuTicks, children_cpu, process_cpu};
use crate::report::float;

/// How long the last answers are waited for after a loop's end; longer than an engine lets its
/// callers wait.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(15);
/// Failures in a row after which a caller takes no more part in its loop.
const FAILURES_IN_A_ROW_MAX: u32 = 3;
/// Authorized amounts in minor units, from the first to below the second: small, so that accounts
/// bear many.
const AMOUNT_MINOR: (u64, u64) = (100, 2_000);

/// Something that authorizes, durably, one way or another.
pub trait Contender: Send + Sync + 'static {
    /// Authorizes, and answers when that is durable. An error is one for people.
    fn authorize(&self, request: &Request) -> impl Future<Output = Result<(), String>> + Send;

    /// How many transactions were committed so far.
    fn transactions(&self) -> u64;
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The card that is charged.
    pub card_token: String,
    /// The caller's id, which no other request has.
    pub source: String,
    /// How much, in minor units of SEK.
    pub amount_minor: u64,
}

/// The requests of one loop.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// The cards that are charged, each about as often as the others: from this one on...
    pub(crate) first_card: u64,
    /// ... so many, at least one.
    pub(crate) cards: u64,
    /// Appends the token of a card.
    pub(crate) write_card_token: fn(u64, &mut Vec<u8>),
    /// Tells the loops of one run apart: a part of each source id.
    pub(crate) name: String,
    /// Requests made so far.
    pub(crate) made: AtomicU64,
}

impl Traffic {
    fn next(&self) -> Request {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let (card, amount) = spread(number);
        let (least, bound) = AMOUNT_MINOR;
        let mut token = Vec::with_capacity(16);
        (self.write_card_token)(self.first_card + scale(card, self.cards), &mut token);
        Request {
            card_token: String::from_utf8_lossy(&token).into_owned(),
            source: format!("{}-{number:010}", self.name),
            amount_minor: least + scale(amount, bound - least),
        }
    }
}

/// Two numbers that look random, of a number (`SplitMix64`; Steele, Lea, Flood 2014).
fn spread(number: u64) -> (u64, u64) {
    let mix = |number: u64| {
        let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (mix(number.wrapping_mul(2).wrapping_add(1)), mix(number.wrapping_mul(2).wrapping_add(2)))
}

/// A number below `bound` from one of 64 bits; 0 for a bound of 0.
fn scale(number: u64, bound: u64) -> u64 {
    u64::try_from((u128::from(number) * u128::from(bound)) >> 64).unwrap_or_default()
}

/// How many callers, for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Callers, each with one request under way at most.
    pub(crate) callers: usize,
    /// Load before the measured time, not counted.
    pub(crate) warmup: Duration,
    /// The measured time.
    pub(crate) measured: Duration,
    /// The process whose children are the database's server, if it is known.
    pub(crate) database_pid: Option<u32>,
    /// The clock.
    pub(crate) now: fn() -> Instant,
}

/// What came of a loop.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Authorizations within the measured time.
    pub(crate) answered: u64,
    /// Authorizations from the first request to the last.
    pub(crate) answered_in_all: u64,
    /// Transactions within the measured time.
    pub(crate) transactions: u64,
    /// The measured time.
    pub(crate) elapsed: Duration,
    /// CPU time of this process within the measured time.
    pub(crate) process_cpu: Duration,
    /// CPU time of the database's server within the measured time.
    pub(crate) database_cpu: Option<Duration>,
    /// Latency of the authorizations that were asked for within the measured time.
    pub(crate) latency: Latency,
    /// Everything else that happened, from the first request to the last.
    pub(crate) failures: Failures,
}

impl Outcome {
    /// Authorizations a second.
    pub(crate) fn per_second(&self) -> f64 {
        float(self.answered) / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Requests that were not authorized. None, or the figures mean little.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// What became of the first one.
    pub first: Option<String>,
}

impl Failures {
    /// All of several.
    pub(crate) fn sum<'f>(several: impl IntoIterator<Item = &'f Failures>) -> Failures {
        let mut sum = Failures::default();
        several.into_iter().for_each(|failures| sum.add(failures));
        sum
    }

    /// Adds `other`'s to these.
    pub(crate) fn add(&mut self, other: &Failures) {
        self.count += other.count;
        if self.first.is_none() {
            self.first.clone_from(&other.first);
        }
    }

    fn note(&mut self, count: u64, what: String) {
        self.count += count;
        self.first.get_or_insert(what);
    }
}

/// What the callers of a loop count together.
struct Tally {
    latencies: Latencies,
    recorded_from: Instant,
    answered: u64,
    failures: Failures,
}

/// Counters at one end of the measured time.
struct Edge {
    at: Instant,
    answered: u64,
    transactions: u64,
    process_cpu: CpuTicks,
    database_cpu: Option<CpuTicks>,
}

/// Runs a closed loop.
///
/// # Errors
/// [`BenchError`]; requests that fail are no error of the loop but part of its outcome.
pub(crate) async fn closed_loop<C: Contender>(
    contender: &Arc<C>,
    traffic: Traffic,
    plan: Plan,
) -> Result<Outcome, BenchError> {
    let tally = Arc::new(Mutex::new(Tally {
        latencies: Latencies::new(),
        recorded_from: (plan.now)(),
        answered: 0,
        failures: Failures::default(),
    }));
    let (stop, traffic) = (Arc::new(AtomicBool::new(false)), Arc::new(traffic));
    let mut callers = JoinSet::new();
    for _ in 0..plan.callers {
        let contender = Arc::clone(contender);
        let (tally, stop) = (Arc::clone(&tally), Arc::clone(&stop));
        let traffic = Arc::clone(&traffic);
        callers.spawn(async move { call(&*contender, &traffic, &stop, &tally, plan.now).await });
    }
    time::sleep(plan.warmup).await;
    let start = edge(&**contender, &tally, plan)?;
    {
        let mut tally = lock(&tally);
        tally.recorded_from = start.at;
        tally.latencies.clear();
    }
    time::sleep(plan.measured).await;
    let end = edge(&**contender, &tally, plan)?;
    stop.store(true, Ordering::Relaxed);
    drain(callers, &tally).await?;
    let tally = lock(&tally);
    Ok(Outcome {
        answered: end.answered - start.answered,
        answered_in_all: tally.answered,
        transactions: end.transactions.saturating_sub(start.transactions),
        elapsed: end.at.saturating_duration_since(start.at),
        process_cpu: end.process_cpu.since(start.process_cpu),
        database_cpu: end.database_cpu.zip(start.database_cpu).map(|(end, start)| end.since(start)),
        latency: tally.latencies.summary(),
        failures: tally.failures.clone(),
    })
}

async fn call<C: Contender>(
    contender: &C,
    traffic: &Traffic,
    stop: &AtomicBool,
    tally: &Mutex<Tally>,
    now: fn() -> Instant,
) {
    let mut failures_in_a_row = 0;
    while !stop.load(Ordering::Relaxed) && failures_in_a_row < FAILURES_IN_A_ROW_MAX {
        let request = traffic.next();
        let started = now();
        let answer = contender.authorize(&request).await;
        let took = now().saturating_duration_since(started);
        let mut tally = lock(tally);
        match answer {
            Ok(()) => {
                failures_in_a_row = 0;
                tally.answered += 1;
                if started >= tally.recorded_from {
                    tally.latencies.record(took);
                }
            }
            Err(what) => {
                failures_in_a_row += 1;
                tally.failures.note(1, what);
            }
        }
    }
}

/// Waits a bounded time for the answers under way.
async fn drain(mut callers: JoinSet<()>, tally: &Mutex<Tally>) -> Result<(), BenchError> {
    let ended = time::timeout(DRAIN_TIME_MAX, async {
        while let Some(ended) = callers.join_next().await {
            ended.map_err(BenchError::Task)?;
        }
        Ok(())
    });
    if let Ok(ended) = ended.await {
        return ended;
    }
    let waiting = u64::try_from(callers.len()).unwrap_or(u64::MAX);
    callers.abort_all();
    lock(tally).failures.note(waiting, "no answer when the loop stopped waiting".to_owned());
    Ok(())
}

fn edge<C: Contender>(contender: &C, tally: &Mutex<Tally>, plan: Plan) -> Result<Edge, BenchError> {
    Ok(Edge {
        at: (plan.now)(),
        answered: lock(tally).answered,
        transactions: contender.transactions(),
        process_cpu: process_cpu(std::process::id())?,
        database_cpu: plan.database_pid.and_then(children_cpu),
    })
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn now() -> Instant {
        time::Instant::now().into_std()
    }

    fn write_card_token(card: u64, token: &mut Vec<u8>) {
        token.extend_from_slice(format!("card-{card}").as_bytes());
    }

    fn traffic() -> Traffic {
        Traffic {
            first_card: 10,
            cards: 4,
            write_card_token,
            name: "t".to_owned(),
            made: AtomicU64::new(0),
        }
    }

    /// Fails each request whose number is in `bad`.
    #[derive(Default)]
    struct Fake {
        answered: AtomicU64,
        bad: Option<fn(u64) -> bool>,
    }

    impl Contender for Fake {
        async fn authorize(&self, request: &Request) -> Result<(), String> {
            time::sleep(Duration::from_millis(1)).await;
            let number: u64 = request.source.rsplit('-').next().unwrap().parse().unwrap();
            if self.bad.is_some_and(|bad| bad(number)) {
                return Err(format!("request {number} is bad"));
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }

        fn transactions(&self) -> u64 {
            self.answered.load(Ordering::Relaxed) / 2
        }
    }

    fn run(fake: Fake) -> (Outcome, u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let fake = Arc::new(fake);
        let plan = Plan {
            callers: 8,
            warmup: Duration::from_millis(20),
            measured: Duration::from_millis(80),
            database_pid: None,
            now,
        };
        let outcome = runtime.block_on(closed_loop(&fake, traffic(), plan)).unwrap();
        (outcome, fake.answered.load(Ordering::Relaxed))
    }

    #[test]
    fn requests_are_spread_and_never_the_same() {
        let traffic = traffic();
        let requests: Vec<Request> = (0..1_000).map(|_| traffic.next()).collect();
        let sources: HashSet<&str> = requests.iter().map(|made| made.source.as_str()).collect();
        assert_eq!(sources.len(), 1_000);
        for card in 10..14 {
            let token = format!("card-{card}");
            let count = requests.iter().filter(|made| made.card_token == token).count();
            assert!((200..300).contains(&count), "{token}: {count}");
        }
        assert!(requests.iter().all(|made| (100..2_000).contains(&made.amount_minor)));
        let amounts: HashSet<u64> = requests.iter().map(|made| made.amount_minor).collect();
        assert!(amounts.len() > 500, "{}", amounts.len());
    }

    #[test]
    fn what_is_measured_is_a_part_of_all() {
        let (outcome, answered) = run(Fake::default());
        assert_eq!(outcome.answered_in_all, answered);
        assert!(outcome.answered > 0 && outcome.answered < answered, "{outcome:?}");
        assert!(outcome.transactions <= outcome.answered, "{outcome:?}");
        assert!(outcome.per_second() > 0.0);
        assert!(outcome.latency.p50_us >= 1_000, "{outcome:?}");
        assert_eq!(outcome.failures, Failures::default());
        assert_eq!(outcome.database_cpu, None);
    }

    #[test]
    fn failures_are_counted_and_end_a_caller() {
        let (outcome, _) = run(Fake { bad: Some(|number| number == 3), ..Fake::default() });
        let first = Some("request 3 is bad".to_owned());
        assert_eq!(outcome.failures, Failures { count: 1, first });
        assert!(outcome.answered > 0);
        let (outcome, answered) = run(Fake { bad: Some(|_| true), ..Fake::default() });
        assert_eq!((outcome.failures.count, outcome.answered, answered), (24, 0, 0));
    }
}
