//! Closed and open loops over keep-alive connections, all on the calling thread; the clock of an
//! open loop has one of its own.
//!
//! Invariant: a loop ends with its time, its schedule or its workload, whichever is first, and then
//! waits a bounded time for the last answers; what is missing then is an error in the outcome.
//!
//! A closed loop gives the throughput: each connection sends the next request when it has its
//! answer. An open loop gives the latency at a load: requests arrive by a fixed schedule, and the
//! latency counts from the scheduled time, also while the request still waits for a connection.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{JoinError, JoinSet};
use tokio::time;

use crate::BenchError;
use crate::arrivals::{Arrivals, Schedule, pace};
use crate::client::{Answer, ClientError, Connection};
use crate::probe::{CpuTicks, process_cpu};
use crate::report::{float, median_whole};

/// How long the last answers are waited for after a loop's end.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// Failures in a row after which a connection takes no more part in its loop.
const FAILURES_IN_A_ROW_MAX: u32 = 3;
/// The longest latency that is told apart; longer ones count as this one.
const LATENCY_US_MAX: u64 = 600_000_000;
/// Significant decimal digits of a latency.
const LATENCY_DIGITS: u8 = 3;
/// Characters of an unexpected answer that the outcome keeps.
const EXAMPLE_CHARS_MAX: usize = 300;

/// Where the requests of a loop come from, and where the answers go that matter to later ones.
pub trait Workload {
    /// Appends the next request to `request`, which is empty; `None` when there are no more.
    fn write_next(&mut self, request: &mut Vec<u8>) -> Option<OnAnswer>;

    /// Takes the body of an answer with the expected status, if [`OnAnswer::Report`] asked for it.
    fn answered(&mut self, ticket: u64, body: &[u8]);
}

/// What to do with the answer of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAnswer {
    /// Nothing but counting it.
    Count,
    /// Give its body to the workload, with this number, which means something to it only.
    Report(u64),
}

/// A workload that all connections of a loop take requests from.
pub type SharedWorkload = Rc<RefCell<dyn Workload>>;

/// Whom to load, with how many connections, for how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The server's address.
    pub address: SocketAddr,
    /// The server's process, for its CPU time.
    pub server_pid: u32,
    /// Connections, each with one request under way at most.
    pub connections: usize,
    /// The HTTP status that counts as done.
    pub expected_status: u16,
    /// Load before the measured time, not counted.
    pub warmup: Duration,
    /// The measured time.
    pub measured: Duration,
    /// The clock.
    pub now: fn() -> Instant,
}

/// What came of a loop.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Answers with the expected status within the measured time.
    pub answered: u64,
    /// Answers with the expected status from the first request to the last.
    pub answered_in_all: u64,
    /// The measured time; shorter than planned if the workload ran dry.
    pub elapsed: Duration,
    /// CPU time of the server within the measured time.
    pub server_cpu: Duration,
    /// CPU time of this process within the measured time.
    pub client_cpu: Duration,
    /// Latency of the expected answers to requests that began within the measured time.
    pub latency: Latency,
    /// Everything else that happened, from the first request to the last.
    pub errors: Errors,
}

impl Outcome {
    /// Expected answers a second.
    pub fn requests_per_second(&self) -> f64 {
        float(self.answered) / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// CPU seconds of the server for 100 000 expected answers; `None` without an answer.
    pub fn server_cpu_seconds_per_100k(&self) -> Option<f64> {
        (self.answered > 0)
            .then(|| self.server_cpu.as_secs_f64() * 100_000.0 / float(self.answered))
    }

    /// The share of one core that this process used: near 1.0 the load generator is the limit.
    pub fn client_core_share(&self) -> f64 {
        self.client_cpu.as_secs_f64() / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Percentiles of latencies, in microseconds, to three significant digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50_us: u64,
    /// 99 % of the requests took no longer.
    pub p99_us: u64,
    /// 99.9 % of the requests took no longer.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
}

impl Latency {
    /// The medians of several, each figure by itself; `None` without one.
    pub(crate) fn medians(all: &[Latency]) -> Option<Latency> {
        let middle = |figure: fn(&Latency) -> u64| median_whole(all.iter().map(figure).collect());
        Some(Latency {
            p50_us: middle(|latency| latency.p50_us)?,
            p99_us: middle(|latency| latency.p99_us)?,
            p999_us: middle(|latency| latency.p999_us)?,
            max_us: middle(|latency| latency.max_us)?,
        })
    }
}

/// A histogram of latencies with a bounded relative error.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u64>,
}

impl Latencies {
    /// A histogram without a latency in it.
    ///
    /// # Panics
    /// Never: the bounds are constants that the histogram takes.
    #[expect(clippy::expect_used, reason = "the bounds are constants, and each test makes one")]
    pub fn new() -> Latencies {
        let histogram = Histogram::new_with_bounds(1, LATENCY_US_MAX, LATENCY_DIGITS);
        Latencies { histogram: histogram.expect("1 µs to 10 minutes with 3 digits is a range") }
    }

    /// Adds one latency, rounded down to microseconds.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LATENCY_US_MAX);
        self.histogram.saturating_record(micros);
    }

    /// Its percentiles; zeros without a latency.
    pub fn summary(&self) -> Latency {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        Latency {
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: self.histogram.max(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
    }
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies::new()
    }
}

/// What did not go as expected. All zero, or the figures mean little.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Errors {
    /// Answers with another status than the expected one, by status.
    pub unexpected_statuses: BTreeMap<u16, u64>,
    /// Requests whose connection failed.
    pub transport: u64,
    /// Requests sent or due that had no answer when the loop stopped waiting.
    pub unanswered: u64,
    /// The first unexpected answer's body or the first failure, shortened.
    pub first: Option<String>,
}

impl Errors {
    /// How many requests were not answered as expected.
    pub fn total(&self) -> u64 {
        self.unexpected_statuses.values().sum::<u64>() + self.transport + self.unanswered
    }

    /// Adds `other`'s figures to these.
    pub fn add(&mut self, other: &Errors) {
        for (status, count) in &other.unexpected_statuses {
            *self.unexpected_statuses.entry(*status).or_default() += count;
        }
        self.transport += other.transport;
        self.unanswered += other.unanswered;
        if self.first.is_none() {
            self.first.clone_from(&other.first);
        }
    }

    pub(crate) fn add_status(&mut self, answer: Answer<'_>) {
        *self.unexpected_statuses.entry(answer.status).or_default() += 1;
        self.first.get_or_insert_with(|| {
            let body = String::from_utf8_lossy(answer.body);
            format!(
                "{} {}",
                answer.status,
                body.chars().take(EXAMPLE_CHARS_MAX).collect::<String>()
            )
        });
    }

    pub(crate) fn add_failure(&mut self, failure: &ClientError) {
        self.transport += 1;
        self.first.get_or_insert_with(|| failure.to_string());
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (status, count) in &self.unexpected_statuses {
            write!(out, "{count} × status {status}, ")?;
        }
        write!(out, "{} transport, {} unanswered", self.transport, self.unanswered)?;
        self.first.iter().try_for_each(|first| write!(out, "; first: {}", first.trim_end()))
    }
}

/// Runs a closed loop: each connection sends its next request when it has its answer.
///
/// Must be called outside of an asynchronous runtime: it runs its own on this thread.
///
/// # Errors
/// [`BenchError`]; unexpected answers are no error of the loop but part of its outcome.
pub fn closed_loop(plan: &Plan, workload: &SharedWorkload) -> Result<Outcome, BenchError> {
    run(plan, workload, None)
}

/// Runs an open loop: requests arrive at `rate` a second, whether or not there are answers.
///
/// Must be called outside of an asynchronous runtime: it runs its own on this thread.
///
/// # Errors
/// [`BenchError`], also when `rate` is no rate for a schedule.
pub fn open_loop(plan: &Plan, workload: &SharedWorkload, rate: f64) -> Result<Outcome, BenchError> {
    let schedule = Schedule::new(rate, plan.warmup.saturating_add(plan.measured))?;
    run(plan, workload, Some(schedule))
}

fn run(
    plan: &Plan,
    workload: &SharedWorkload,
    schedule: Option<Schedule>,
) -> Result<Outcome, BenchError> {
    if !plan.address.ip().is_loopback() {
        return Err(BenchError::NotLoopback(plan.address));
    }
    let runtime =
        Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .map_err(|source| BenchError::Io { doing: "starting the load generator", source })?;
    runtime.block_on(async {
        let mut running = Running::start(plan, workload, schedule).await;
        let measured = running.measure(plan, schedule).await;
        running.stop.set(true);
        let drained = running.drain().await;
        let (start, end) = measured?;
        drained?;
        Ok(running.outcome(start, end))
    })
}

/// The connections of a loop at work.
struct Running {
    workers: JoinSet<()>,
    tally: Rc<RefCell<Tally>>,
    arrivals: Option<Rc<Arrivals>>,
    stop: Rc<Cell<bool>>,
}

/// What the connections of a loop count together.
struct Tally {
    latencies: Latencies,
    recorded_from: Instant,
    answered: u64,
    under_way: u64,
    errors: Errors,
}

impl Tally {
    /// Keeps latencies of requests from `start` on only.
    fn forget_before(&mut self, start: Instant) {
        self.recorded_from = start;
        self.latencies.clear();
    }
}

/// Counters at one end of the measured time.
#[derive(Clone, Copy)]
struct Edge {
    at: Instant,
    answered: u64,
    server_cpu: CpuTicks,
    client_cpu: CpuTicks,
}

impl Running {
    async fn start(plan: &Plan, workload: &SharedWorkload, schedule: Option<Schedule>) -> Running {
        let tally = Rc::new(RefCell::new(Tally {
            latencies: Latencies::new(),
            recorded_from: (plan.now)(),
            answered: 0,
            under_way: 0,
            errors: Errors::default(),
        }));
        let stop = Rc::new(Cell::new(false));
        let arrivals = schedule.map(|_| Rc::new(Arrivals::default()));
        let mut opened = Vec::new();
        for _ in 0..plan.connections {
            let mut connection = Connection::new(plan.address);
            match connection.open().await {
                Ok(()) => opened.push(connection),
                Err(failure) => tally.borrow_mut().errors.add_failure(&failure),
            }
        }
        // From here on nothing waits, so that no request goes out before the counting begins.
        let mut workers = JoinSet::new();
        for connection in opened {
            let worker = Worker {
                connection,
                request: Vec::with_capacity(1024),
                workload: Rc::clone(workload),
                tally: Rc::clone(&tally),
                expected_status: plan.expected_status,
                failures_in_a_row: 0,
                now: plan.now,
            };
            match &arrivals {
                Some(arrivals) => workers.spawn_local(worker.open_loop(Rc::clone(arrivals))),
                None => workers.spawn_local(worker.closed_loop(Rc::clone(&stop))),
            };
        }
        Running { workers, tally, arrivals, stop }
    }

    /// Waits until the load has run its time or has ended by itself.
    async fn measure(
        &mut self,
        plan: &Plan,
        schedule: Option<Schedule>,
    ) -> Result<(Edge, Edge), BenchError> {
        let tally = Rc::clone(&self.tally);
        let arrivals = self.arrivals.clone();
        let first = edge(plan, &tally)?;
        let start = Cell::new(first);
        tally.borrow_mut().forget_before(first.at);
        let timed = async {
            if !plan.warmup.is_zero() {
                time::sleep(plan.warmup).await;
                start.set(edge(plan, &tally)?);
                tally.borrow_mut().forget_before(start.get().at);
            }
            time::sleep(plan.measured).await;
            Ok::<(), BenchError>(())
        };
        let paced = async {
            match (schedule, &arrivals) {
                (Some(schedule), Some(arrivals)) => {
                    pace(schedule, first.at, plan.now, arrivals).await
                }
                (Some(_) | None, _) => Ok(()),
            }
        };
        tokio::select! {
            ended = async { tokio::try_join!(timed, paced) } => { ended?; }
            ended = all_ended(&mut self.workers) => { ended?; }
        }
        Ok((start.get(), edge(plan, &tally)?))
    }

    /// Waits a bounded time for the answers under way and the arrivals not yet served.
    async fn drain(&mut self) -> Result<(), BenchError> {
        let ended = time::timeout(DRAIN_TIME_MAX, all_ended(&mut self.workers)).await;
        if let Ok(ended) = ended {
            // What a dry workload leaves of the schedule is not owed.
            return ended;
        }
        self.workers.abort_all();
        let waiting = self.arrivals.as_ref().map_or(0, |arrivals| arrivals.waiting());
        let mut tally = self.tally.borrow_mut();
        tally.errors.unanswered += tally.under_way + u64::try_from(waiting).unwrap_or(u64::MAX);
        Ok(())
    }

    fn outcome(&self, start: Edge, end: Edge) -> Outcome {
        let tally = self.tally.borrow();
        Outcome {
            answered: end.answered - start.answered,
            answered_in_all: tally.answered,
            elapsed: end.at.saturating_duration_since(start.at),
            server_cpu: end.server_cpu.since(start.server_cpu),
            client_cpu: end.client_cpu.since(start.client_cpu),
            latency: tally.latencies.summary(),
            errors: tally.errors.clone(),
        }
    }
}

fn edge(plan: &Plan, tally: &RefCell<Tally>) -> Result<Edge, BenchError> {
    Ok(Edge {
        at: (plan.now)(),
        answered: tally.borrow().answered,
        server_cpu: process_cpu(plan.server_pid)?,
        client_cpu: process_cpu(std::process::id())?,
    })
}

pub(crate) async fn all_ended(workers: &mut JoinSet<()>) -> Result<(), BenchError> {
    while let Some(ended) = workers.join_next().await {
        match ended {
            Ok(()) => {}
            Err(failed) if JoinError::is_cancelled(&failed) => {}
            Err(failed) => return Err(BenchError::Task(failed)),
        }
    }
    Ok(())
}

/// One connection of a loop.
struct Worker {
    connection: Connection,
    request: Vec<u8>,
    workload: SharedWorkload,
    tally: Rc<RefCell<Tally>>,
    expected_status: u16,
    failures_in_a_row: u32,
    now: fn() -> Instant,
}

impl Worker {
    async fn closed_loop(mut self, stop: Rc<Cell<bool>>) {
        let mut next = Some((self.now)());
        while let Some(since) = next
            && !stop.get()
        {
            next = self.exchange(since).await;
        }
    }

    async fn open_loop(mut self, arrivals: Rc<Arrivals>) {
        while let Some(due) = arrivals.next().await {
            if self.exchange(due).await.is_none() {
                break;
            }
        }
    }

    /// Sends one request and counts its answer, with its latency from `since`. Returns when the
    /// exchange ended, or `None` if this connection has no more to do.
    async fn exchange(&mut self, since: Instant) -> Option<Instant> {
        self.request.clear();
        let on_answer = self.workload.borrow_mut().write_next(&mut self.request)?;
        self.tally.borrow_mut().under_way += 1;
        let exchanged = self.connection.exchange(&self.request).await;
        let ended = (self.now)();
        let mut tally = self.tally.borrow_mut();
        tally.under_way -= 1;
        match exchanged {
            Ok(answer) if answer.status == self.expected_status => {
                self.failures_in_a_row = 0;
                tally.answered += 1;
                if since >= tally.recorded_from {
                    tally.latencies.record(ended.saturating_duration_since(since));
                }
                match on_answer {
                    OnAnswer::Count => {}
                    OnAnswer::Report(ticket) => {
                        self.workload.borrow_mut().answered(ticket, answer.body);
                    }
                }
            }
            Ok(answer) => {
                self.failures_in_a_row = 0;
                tally.errors.add_status(answer);
            }
            Err(failure) => {
                self.failures_in_a_row += 1;
                tally.errors.add_failure(&failure);
                if self.failures_in_a_row >= FAILURES_IN_A_ROW_MAX {
                    return None;
                }
            }
        }
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(micros: impl Iterator<Item = u64>, expected: [u64; 4]) {
        let mut latencies = Latencies::new();
        micros.for_each(|micros| latencies.record(Duration::from_micros(micros)));
        let Latency { p50_us, p99_us, p999_us, max_us } = latencies.summary();
        assert_eq!([p50_us, p99_us, p999_us, max_us], expected);
    }

    #[test]
    fn percentiles_summarize_latencies() {
        check(std::iter::empty(), [0, 0, 0, 0]);
        check(std::iter::once(7), [7, 7, 7, 7]);
        check(1..=1_000, [500, 990, 999, 1_000]);
        check((0..999).map(|_| 100).chain([50_000]), [100, 100, 100, 50_015]);
        // Bounded: ten minutes, to the end of their bucket.
        check([10 * LATENCY_US_MAX].into_iter(), [600_309_759; 4]);
    }

    #[test]
    fn clearing_forgets_the_warm_up() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_secs(1));
        latencies.clear();
        assert_eq!(latencies.summary(), Latency::default());
    }

    #[test]
    fn errors_are_counted_by_status_and_keep_the_first() {
        let mut errors = Errors::default();
        assert_eq!((errors.total(), errors.to_string()), (0, "0 transport, 0 unanswered".into()));
        errors.add_status(Answer { status: 422, body: b"declined" });
        errors.add_status(Answer { status: 503, body: b"" });
        let mut other = Errors { unanswered: 2, ..Errors::default() };
        other.add_status(Answer { status: 422, body: b"later" });
        other.add_failure(&ClientError::Closed);
        errors.add(&other);
        assert_eq!(errors.total(), 6);
        assert_eq!(
            errors.to_string(),
            "2 × status 422, 1 × status 503, 1 transport, 2 unanswered; first: 422 declined"
        );
    }

    #[test]
    fn figures_are_taken_over_the_measured_time() {
        let outcome = Outcome {
            answered: 200_000,
            answered_in_all: 250_000,
            elapsed: Duration::from_secs(4),
            server_cpu: Duration::from_secs(5),
            client_cpu: Duration::from_secs(3),
            latency: Latency::default(),
            errors: Errors::default(),
        };
        let near = |seen: f64, expected: f64| (seen - expected).abs() < 1e-9;
        assert!(near(outcome.requests_per_second(), 50_000.0));
        assert!(near(outcome.server_cpu_seconds_per_100k().unwrap(), 2.5));
        assert!(near(outcome.client_core_share(), 0.75));
        let none = Outcome { answered: 0, ..outcome };
        assert_eq!(none.server_cpu_seconds_per_100k(), None);
    }
}
