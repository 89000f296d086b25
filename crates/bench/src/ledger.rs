//! `kassa bench ledger`: the card ledger's throughput and latency on a durable store.
//!
//! Invariant: each figure stands beside the ceiling of the same round and the same number of
//! connections, taken before and after it, since a machine's speed drifts by more than most changes
//! of the code.
//!
//! The caller starts the server, on a fresh store, in a process of its own, and stops it after.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::BenchError;
use crate::card_traffic::{CardTraffic, Kind};
pub use crate::ledger_report::{Comparison, DiskProbe, LedgerReport, Row, Settings};
use crate::load::{Errors, Latency, Outcome, Plan, SharedWorkload, closed_loop, open_loop};
use crate::probe;
use crate::report::{float, median, ratio};

/// The status of a created authorization or purchase, and of the ceiling's answer.
const CREATED: u16 = 201;
/// The longest time for authorizations that are made for captures only.
const PREPARATION_TIME_MAX: Duration = Duration::from_mins(10);
/// The most connections; each takes a port and two file descriptors.
const CONNECTIONS_MAX: usize = 4_096;
/// The longest measured time of one phase, and the longest warm-up.
const PHASE_TIME_MAX: Duration = Duration::from_mins(10);
/// The most rounds.
const ROUNDS_MAX: u32 = 100;

/// The server under load, and what it was filled with.
pub struct Target {
    /// Where it listens: a loopback address, plain HTTP.
    pub address: SocketAddr,
    /// Its process, for CPU time and peak memory.
    pub server_pid: u32,
    /// Its data directory, for the disk probe and [`Target::bytes_on_disk`].
    pub data_dir: PathBuf,
    /// A token bound to the company.
    pub bearer_token: String,
    /// The company of all accounts.
    pub company_number: String,
    /// The seller of all authorizations.
    pub seller_number: String,
    /// Appends the token of card `n`, from zero; it must need no escape in JSON.
    ///
    /// Each card's account must bear its share of all authorizations, 1.00 to 19.99 SEK each.
    pub write_card_token: fn(u64, &mut Vec<u8>),
    /// The cards of one account, for the load on a single account, which takes it all: its limit
    /// must be as good as none.
    pub hot_cards: Vec<u64>,
    /// The beginning of each source transaction id, up to 30 characters that need no escape in
    /// JSON; another one for each run on the same store.
    pub source_prefix: String,
    /// The bytes that the store needs on disk, of the data directory:
    /// [`probe::bytes_on_disk`], or better the store's own count of its pages in use.
    pub bytes_on_disk: BytesOnDisk,
}

/// Counts the bytes that a store in a directory needs on disk.
pub type BytesOnDisk = Box<dyn Fn(&Path) -> io::Result<u64>>;

/// What to measure, for how long.
#[derive(Clone, Debug)]
pub struct LedgerOptions {
    /// Numbers of connections, each with all phases.
    pub connections: Vec<usize>,
    /// The measured time of each phase.
    pub measured: Duration,
    /// Load before it, not counted.
    pub warmup: Duration,
    /// The most requests of one phase, its warm-up included; a phase may end by it.
    pub requests_max: u64,
    /// Accounts in the store, for the report.
    pub accounts: u64,
    /// Cards in the store: the uniform load goes over cards `0..cards`.
    pub cards: u64,
    /// Rounds over all of it; the report has their medians.
    pub rounds: u32,
    /// The open loop's rate as a share of the closed loop's authorizations.
    pub open_loop_share: f64,
    /// The beginning of the random numbers that spread the load.
    pub seed: u64,
    /// The clock.
    pub now: fn() -> Instant,
}

impl LedgerOptions {
    /// The defaults: 64 and 256 connections, 5 s a phase after 1 s of warm-up, one round.
    pub fn new(now: fn() -> Instant) -> LedgerOptions {
        LedgerOptions {
            connections: vec![64, 256],
            measured: Duration::from_secs(5),
            warmup: Duration::from_secs(1),
            requests_max: u64::MAX,
            accounts: 100_000,
            cards: 1_000_000,
            rounds: 1,
            open_loop_share: 0.5,
            seed: 1,
            now,
        }
    }
}

/// The phases of one round, in their order; the ceiling comes again at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The authorizations' requests and answers without engine and store.
    Ceiling,
    /// Durable authorizations over all cards.
    Authorizations,
    /// Durable captures, each of an authorization of its own.
    Captures,
    /// Authorizations and captures in turn.
    Mix,
    /// Authorizations on one account.
    HotAccount,
    /// Authorizations over all cards by a fixed schedule.
    OpenLoop,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Phase; 6] = [
        Phase::Ceiling,
        Phase::Authorizations,
        Phase::Captures,
        Phase::Mix,
        Phase::HotAccount,
        Phase::OpenLoop,
    ];

    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Ceiling => "ceiling",
            Phase::Authorizations => "authorizations",
            Phase::Captures => "captures",
            Phase::Mix => "mix",
            Phase::HotAccount => "hot account",
            Phase::OpenLoop => "open loop",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Phase::Ceiling => Kind::Ceiling,
            Phase::Authorizations | Phase::OpenLoop => Kind::Authorizations,
            Phase::Captures => Kind::Captures,
            Phase::Mix => Kind::Mix,
            Phase::HotAccount => Kind::HotAuthorizations,
        }
    }
}

/// Runs all phases and tells `progress` of each in a line.
///
/// Blocks for the time of all phases; call it on a thread that runs no asynchronous runtime.
///
/// # Errors
/// [`BenchError`], when an option is wrong, a figure cannot be read, or a phase has no expected
/// answer at all. Single unexpected answers do not end the run: the report counts them.
pub fn run_ledger(
    target: &Target,
    options: &LedgerOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<LedgerReport, BenchError> {
    check_options(target, options)?;
    let traffic = CardTraffic::new(target, options.cards, options.seed);
    let mut run = Run {
        target,
        options,
        progress,
        traffic: Rc::new(RefCell::new(traffic)),
        disk: Vec::new(),
        samples: Vec::new(),
        preparation_errors: Errors::default(),
    };
    for round in 1..=options.rounds {
        for &connections in &options.connections {
            run.probe_disk(format!("round {round}, before {connections} connections"))?;
            run.all_phases(round, connections)?;
        }
    }
    run.probe_disk("after the run".to_owned())?;
    let peak_memory_bytes = probe::peak_memory_bytes(target.server_pid)?;
    Ok(LedgerReport::new(
        Settings::of(options),
        run.disk,
        &run.samples,
        run.preparation_errors,
        peak_memory_bytes,
    ))
}

fn check_options(target: &Target, options: &LedgerOptions) -> Result<(), BenchError> {
    if !target.address.ip().is_loopback() {
        return Err(BenchError::NotLoopback(target.address));
    }
    let connections = &options.connections;
    let in_range = |count: &usize| (1..=CONNECTIONS_MAX).contains(count);
    let times = [options.measured, options.warmup];
    let checks = [
        (
            !connections.is_empty() && connections.iter().all(in_range),
            "connections",
            "one or more numbers from 1 to 4096",
        ),
        (!options.measured.is_zero(), "time of a phase", "above zero"),
        (times.iter().all(|time| *time <= PHASE_TIME_MAX), "time of a phase", "600 s at most"),
        (options.requests_max > 0, "requests of a phase", "above zero"),
        ((1..=ROUNDS_MAX).contains(&options.rounds), "rounds", "from 1 to 100"),
        (options.cards > 0, "cards", "above zero"),
        (!target.hot_cards.is_empty(), "cards of the hot account", "one or more"),
        (
            options.open_loop_share > 0.0 && options.open_loop_share <= 1.0,
            "share of the open loop",
            "above 0 and up to 1",
        ),
    ];
    BenchError::unless(checks)
}

/// One phase of one round.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) round: u32,
    pub(crate) connections: usize,
    pub(crate) phase: Phase,
    pub(crate) requests: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) offered_per_second: Option<f64>,
    pub(crate) ratio_to_ceiling: Option<f64>,
    pub(crate) server_cpu_seconds_per_100k: Option<f64>,
    pub(crate) client_core_share: f64,
    pub(crate) latency: Latency,
    pub(crate) disk_bytes_per_request: Option<f64>,
    pub(crate) errors: Errors,
}

/// A run under way.
struct Run<'a> {
    target: &'a Target,
    options: &'a LedgerOptions,
    progress: &'a mut dyn FnMut(&str),
    traffic: Rc<RefCell<CardTraffic>>,
    disk: Vec<DiskProbe>,
    samples: Vec<Sample>,
    preparation_errors: Errors,
}

impl Run<'_> {
    fn probe_disk(&mut self, when: String) -> Result<(), BenchError> {
        let latency = probe::disk(&self.target.data_dir, self.options.now)?;
        let Latency { p50_us, p99_us, .. } = latency;
        (self.progress)(&format!("{when}: fdatasync p50 {p50_us} us, p99 {p99_us} us"));
        self.disk.push(DiskProbe { when, latency });
        Ok(())
    }

    fn all_phases(&mut self, round: u32, connections: usize) -> Result<(), BenchError> {
        let first = self.samples.len();
        let at = (round, connections);
        self.measure(at, Phase::Ceiling, None)?;
        let uniform = self.measure(at, Phase::Authorizations, None)?;
        // Half as many again: captures may be faster than authorizations.
        let authorized = uniform.answered_in_all;
        self.prepare(connections, authorized.saturating_add(authorized / 2))?;
        self.measure(at, Phase::Captures, None)?;
        self.prepare(connections, 0)?;
        self.measure(at, Phase::Mix, None)?;
        self.measure(at, Phase::HotAccount, None)?;
        let rate = uniform.requests_per_second() * self.options.open_loop_share;
        self.measure(at, Phase::OpenLoop, Some(rate))?;
        self.measure(at, Phase::Ceiling, None)?;
        relate_to_ceiling(self.samples.get_mut(first..).unwrap_or_default());
        Ok(())
    }

    /// Runs one phase and keeps its figures.
    fn measure(
        &mut self,
        (round, connections): (u32, usize),
        phase: Phase,
        rate: Option<f64>,
    ) -> Result<Outcome, BenchError> {
        let (outcome, disk_bytes) = self.phase(phase, connections, rate)?;
        let sample = Sample {
            round,
            connections,
            phase,
            requests: outcome.answered,
            requests_per_second: outcome.requests_per_second(),
            offered_per_second: rate,
            ratio_to_ceiling: None,
            server_cpu_seconds_per_100k: outcome.server_cpu_seconds_per_100k(),
            client_core_share: outcome.client_core_share(),
            latency: outcome.latency,
            disk_bytes_per_request: (phase != Phase::Ceiling)
                .then(|| float(disk_bytes) / float(outcome.answered_in_all)),
            errors: outcome.errors.clone(),
        };
        (self.progress)(&format!(
            "round {round}, {connections} connections, {}: {:.0} req/s, p99 {} us, {} errors",
            phase.name(),
            sample.requests_per_second,
            sample.latency.p99_us,
            sample.errors.total(),
        ));
        self.samples.push(sample);
        Ok(outcome)
    }

    /// Makes authorizations to capture, `wanted` and some for each connection. Not measured.
    fn prepare(&mut self, connections: usize, wanted: u64) -> Result<(), BenchError> {
        let spare = u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(2);
        let requests = wanted.saturating_add(spare);
        (self.progress)(&format!("making {requests} authorizations to capture"));
        let mut traffic = self.traffic.borrow_mut();
        traffic.forget_open();
        traffic.turn_to(Kind::Preparation, requests);
        drop(traffic);
        let plan = Plan {
            warmup: Duration::ZERO,
            measured: PREPARATION_TIME_MAX,
            ..self.plan(connections)
        };
        let outcome = closed_loop(&plan, &self.workload())?;
        if self.traffic.borrow().open() == 0 {
            let errors = outcome.errors.to_string();
            return Err(BenchError::NothingAnswered { phase: "preparation", errors });
        }
        self.preparation_errors.add(&outcome.errors);
        Ok(())
    }

    /// Runs one phase; gives its outcome and by how many bytes the store grew.
    fn phase(
        &mut self,
        phase: Phase,
        connections: usize,
        rate: Option<f64>,
    ) -> Result<(Outcome, u64), BenchError> {
        self.traffic.borrow_mut().turn_to(phase.kind(), self.options.requests_max);
        let plan = self.plan(connections);
        let bytes_before = self.bytes_on_disk()?;
        let outcome = match rate {
            Some(rate) => open_loop(&plan, &self.workload(), rate)?,
            None => closed_loop(&plan, &self.workload())?,
        };
        let bytes_after = self.bytes_on_disk()?;
        if outcome.answered_in_all == 0 {
            let errors = outcome.errors.to_string();
            return Err(BenchError::NothingAnswered { phase: phase.name(), errors });
        }
        Ok((outcome, bytes_after.saturating_sub(bytes_before)))
    }

    fn plan(&self, connections: usize) -> Plan {
        Plan {
            address: self.target.address,
            server_pid: self.target.server_pid,
            connections,
            expected_status: CREATED,
            warmup: self.options.warmup,
            measured: self.options.measured,
            now: self.options.now,
        }
    }

    fn workload(&self) -> SharedWorkload {
        Rc::<RefCell<CardTraffic>>::clone(&self.traffic)
    }

    fn bytes_on_disk(&self) -> Result<u64, BenchError> {
        (self.target.bytes_on_disk)(&self.target.data_dir)
            .map_err(|source| BenchError::Io { doing: "counting the store's bytes", source })
    }
}

/// Sets each sample's ratio to the mean of the ceilings before and after it.
fn relate_to_ceiling(samples: &mut [Sample]) {
    let ceilings = samples.iter().filter(|sample| sample.phase == Phase::Ceiling);
    let ceiling = median(ceilings.map(|sample| sample.requests_per_second).collect());
    for sample in samples {
        sample.ratio_to_ceiling =
            ceiling.and_then(|ceiling| ratio(sample.requests_per_second, ceiling));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::sync::{Arc, Mutex};
    use std::thread::JoinHandle;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;

    use super::*;

    pub(crate) fn target(address: SocketAddr) -> Target {
        Target {
            address,
            server_pid: std::process::id(),
            data_dir: PathBuf::new(),
            bearer_token: "token".to_owned(),
            company_number: "100".to_owned(),
            seller_number: "654".to_owned(),
            write_card_token: |card, out| out.extend_from_slice(format!("{card:010}").as_bytes()),
            hot_cards: vec![5, 15, 25],
            source_prefix: "test".to_owned(),
            bytes_on_disk: Box::new(probe::bytes_on_disk),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the test stands in for `kassa`")]
    fn now() -> Instant {
        Instant::now()
    }

    fn small_options() -> LedgerOptions {
        LedgerOptions {
            connections: vec![1, 3],
            measured: Duration::from_mins(1),
            warmup: Duration::ZERO,
            requests_max: 20,
            accounts: 10,
            cards: 100,
            ..LedgerOptions::new(now)
        }
    }

    /// Answers each request on a thread of its own, with the status that `status` gives for the
    /// path and the number of the request.
    struct CannedServer {
        address: SocketAddr,
        seen: Arc<Mutex<BTreeMap<String, u64>>>,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<()>,
    }

    impl CannedServer {
        fn start(status: fn(&str, u64) -> u16) -> CannedServer {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let address = listener.local_addr().unwrap();
            let seen = Arc::new(Mutex::new(BTreeMap::new()));
            let (stop, stopped) = oneshot::channel();
            let shared = Arc::clone(&seen);
            let thread = std::thread::spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).unwrap();
                    let accept = async {
                        loop {
                            let (stream, _) = listener.accept().await.unwrap();
                            tokio::spawn(serve(stream, Arc::clone(&shared), status));
                        }
                    };
                    tokio::select! {
                        () = accept => {}
                        _ = stopped => {}
                    }
                });
            });
            CannedServer { address, seen, stop, thread }
        }

        fn stop(self) -> BTreeMap<String, u64> {
            self.stop.send(()).unwrap();
            self.thread.join().unwrap();
            let seen = self.seen.lock().unwrap();
            seen.clone()
        }
    }

    async fn serve(
        mut stream: TcpStream,
        seen: Arc<Mutex<BTreeMap<String, u64>>>,
        status: fn(&str, u64) -> u16,
    ) {
        stream.set_nodelay(true).unwrap();
        let mut received = Vec::new();
        while stream.read_buf(&mut received).await.unwrap_or(0) > 0 {
            let text = String::from_utf8(received.clone()).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.split_once("Content-Length: ").unwrap().1.parse().unwrap();
            if body.len() < length {
                continue;
            }
            assert_eq!(body.len(), length);
            received.clear();
            let _: serde_json::Value = serde_json::from_str(body).unwrap();
            let path = head.split(' ').nth(1).unwrap();
            let number = {
                let mut seen = seen.lock().unwrap();
                *seen.entry(path.to_owned()).or_default() += 1;
                seen.values().sum::<u64>()
            };
            let body = format!("{{\"@id\": \"{path}/N{number}\"}}");
            let length = body.len();
            let status = status(path, number);
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
            // In two parts, so that the client has to put the answer together.
            for part in [&answer[..30], &answer[30..]] {
                stream.write_all(part.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    }

    fn run(name: &str, status: fn(&str, u64) -> u16) -> (LedgerReport, BTreeMap<String, u64>) {
        let server = CannedServer::start(status);
        let directory = format!("kassa-bench-{name}-{}", std::process::id());
        let data_dir = std::env::temp_dir().join(directory);
        fs::create_dir_all(&data_dir).unwrap();
        let target = Target { data_dir: data_dir.clone(), ..target(server.address) };
        let mut lines = 0;
        let report = run_ledger(&target, &small_options(), &mut |_| lines += 1).unwrap();
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 0, "the probe leaves no file");
        fs::remove_dir_all(&data_dir).unwrap();
        // Three disk probes; for each number of connections seven phases and two preparations.
        assert_eq!(lines, 3 + 2 * (7 + 2));
        (report, server.stop())
    }

    #[test]
    fn a_run_measures_each_phase_for_each_number_of_connections() {
        let (report, seen) = run("whole", |_, _| 201);
        assert_eq!(report.errors, Errors::default());
        let rows: Vec<_> =
            report.rows.iter().map(|row| (row.connections, row.phase, row.requests)).collect();
        // The ceiling is measured twice.
        let requests = |phase| if phase == Phase::Ceiling { 40 } else { 20 };
        let phases = |connections| Phase::ALL.map(|phase| (connections, phase, requests(phase)));
        assert_eq!(rows, [phases(1), phases(3)].concat());
        assert_eq!(report.disk.len(), 3);
        assert_eq!(report.comparisons.len(), 2);
        assert!(report.peak_memory_bytes > 0);
        for row in &report.rows {
            assert!(row.ratio_to_ceiling.is_some(), "{row:?}");
            assert_eq!(row.offered_per_second.is_some(), row.phase == Phase::OpenLoop, "{row:?}");
        }
        // Of a phase's 20 requests, the mix has 10 captures; 30 + 2 and 0 + 2 are prepared with
        // one connection, 30 + 6 and 0 + 6 with three.
        let expected = [
            ("/bench/ceiling", 20 * 2 * 2),
            ("/ledger/card-transaction/v1/100/authorizations", 70 * 2 + 34 + 42),
            ("/ledger/card-transaction/v1/100/purchases", 30 * 2),
        ];
        assert_eq!(seen, expected.map(|(path, count)| (path.to_owned(), count)).into());
    }

    #[test]
    fn unexpected_answers_are_counted_and_shouted() {
        let status = |path: &str, _| if path == "/bench/ceiling" { 201 } else { 503 };
        let server = CannedServer::start(status);
        let target = Target { data_dir: std::env::temp_dir(), ..target(server.address) };
        let failed = run_ledger(&target, &small_options(), &mut |_| ()).unwrap_err();
        let text = failed.to_string();
        assert!(text.contains("authorizations phase"), "{text}");
        assert!(text.contains("20 × status 503"), "{text}");
        server.stop();

        let (report, seen) = run("errors", |_, number| if number % 10 == 0 { 422 } else { 201 });
        let total = seen.values().sum::<u64>();
        assert_eq!(report.errors.unexpected_statuses, BTreeMap::from([(422, total / 10)]));
        assert!(report.to_string().contains("NOT VALID"), "{report}");
    }

    #[test]
    fn a_server_that_hangs_up_is_an_error_of_each_request() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let target = Target { data_dir: std::env::temp_dir(), ..target(address) };
        let failed = run_ledger(&target, &small_options(), &mut |_| ()).unwrap_err();
        assert!(failed.to_string().contains("1 transport"), "{failed}");
    }

    #[test]
    fn wrong_options_are_refused_before_any_load() {
        let check = |change: fn(&mut Target, &mut LedgerOptions), expected: &str| {
            let mut target = target("127.0.0.1:1".parse().unwrap());
            let mut options = small_options();
            change(&mut target, &mut options);
            let refused = run_ledger(&target, &options, &mut |_| ()).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        };
        check(
            |target, _| target.address = "192.0.2.1:80".parse().unwrap(),
            "192.0.2.1:80 is not a loopback address",
        );
        let connections = "connections must be one or more numbers from 1 to 4096";
        check(|_, options| options.connections.clear(), connections);
        check(|_, options| options.connections.push(0), connections);
        check(|_, options| options.connections.push(5_000), connections);
        check(|_, options| options.measured = Duration::ZERO, "time of a phase must be above zero");
        check(
            |_, options| options.warmup = Duration::from_secs(601),
            "time of a phase must be 600 s at most",
        );
        check(|_, options| options.rounds = 0, "rounds must be from 1 to 100");
        check(|_, options| options.cards = 0, "cards must be above zero");
        check(|_, options| options.requests_max = 0, "requests of a phase must be above zero");
        check(|target, _| target.hot_cards.clear(), "cards of the hot account must be one or more");
        check(
            |_, options| options.open_loop_share = f64::NAN,
            "share of the open loop must be above 0 and up to 1",
        );
    }
}
