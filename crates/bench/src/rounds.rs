//! Rounds of phases against a server in a process of its own.
//!
//! Invariant: each figure stands beside the ceiling of the same round and the same number of
//! connections, taken before and after it, since a machine's speed drifts by more than most changes
//! of the code.
//!
//! The caller starts the server, on a fresh store, in a process of its own, and stops it after.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::BenchError;
use crate::figures::{DiskProbe, Figures};
use crate::load::{Errors, Latency, Outcome, Plan, SharedWorkload, closed_loop, open_loop};
use crate::probe;
use crate::report::{float, median, ratio};

/// The most connections; each takes a port and two file descriptors.
const CONNECTIONS_MAX: usize = 4_096;
/// The longest measured time of one phase, and the longest warm-up.
const PHASE_TIME_MAX: Duration = Duration::from_mins(10);
/// The most rounds.
const ROUNDS_MAX: u32 = 100;

/// The server under load.
pub struct Server {
    /// Where it listens: a loopback address, plain HTTP.
    pub address: SocketAddr,
    /// Its process, for CPU time and peak memory.
    pub pid: u32,
    /// Its data directory, for the disk probe and [`Server::bytes_on_disk`].
    pub data_dir: PathBuf,
    /// The bytes that the store needs on disk, of the data directory:
    /// [`probe::bytes_on_disk`], or better the store's own count of its pages in use.
    pub bytes_on_disk: BytesOnDisk,
}

/// Counts the bytes that a store in a directory needs on disk.
pub type BytesOnDisk = Box<dyn Fn(&Path) -> io::Result<u64>>;

/// How to measure, whatever is measured.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Numbers of connections, each with all phases.
    pub connections: Vec<usize>,
    /// The measured time of each phase.
    pub measured: Duration,
    /// Load before it, not counted.
    pub warmup: Duration,
    /// The most requests of one phase, its warm-up included; a phase may end by it.
    pub requests_max: u64,
    /// Rounds over all of it; the report has their medians.
    pub rounds: u32,
    /// The open loop's rate as a share of the closed loop's.
    pub open_loop_share: f64,
    /// The beginning of the random numbers that spread the load.
    pub seed: u64,
    /// The clock.
    pub now: fn() -> Instant,
}

impl Pace {
    /// The defaults: 64 and 256 connections, 5 s a phase after 1 s of warm-up, one round.
    pub fn new(now: fn() -> Instant) -> Pace {
        Pace {
            connections: vec![64, 256],
            measured: Duration::from_secs(5),
            warmup: Duration::from_secs(1),
            requests_max: u64::MAX,
            rounds: 1,
            open_loop_share: 0.5,
            seed: 1,
            now,
        }
    }
}

/// What may be measured; each benchmark has its own choice of these, and the ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The requests and answers of what is measured, without engine and store; of payments, those
    /// of a PSP's stand-in. It comes first, and again at the end.
    Ceiling,
    /// Durable authorizations over all cards.
    Authorizations,
    /// Durable captures, each of an authorization of its own.
    Captures,
    /// Authorizations and captures in turn.
    Mix,
    /// Authorizations on one account.
    HotAccount,
    /// Durable calls home over all terminals.
    CallsHome,
    /// Durable Swish payments, from initialize until they are paid.
    SwishPayments,
    /// Payments at another PSP, by a fixed schedule, while nothing else happens.
    OthersAlone,
    /// The same, beside a Swish that hangs.
    OthersBeside,
    /// The benchmark's first load again, by a fixed schedule.
    OpenLoop,
}

impl Phase {
    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Ceiling => "ceiling",
            Phase::Authorizations => "authorizations",
            Phase::Captures => "captures",
            Phase::Mix => "mix",
            Phase::HotAccount => "hot account",
            Phase::CallsHome => "calls home",
            Phase::SwishPayments => "Swish payments",
            Phase::OthersAlone => "others alone",
            Phase::OthersBeside => "others beside",
            Phase::OpenLoop => "open loop",
        }
    }
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

/// One round with one number of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) number: u32,
    pub(crate) connections: usize,
}

/// What a phase sends, and what it gets if all is well.
pub(crate) struct Load<'a> {
    pub(crate) workload: &'a SharedWorkload,
    pub(crate) expected_status: u16,
    /// Requests a second of an open loop; without it the loop is closed.
    pub(crate) rate: Option<f64>,
}

/// The rounds of a benchmark under way.
pub(crate) struct Rounds<'a> {
    server: &'a Server,
    pace: &'a Pace,
    progress: &'a mut dyn FnMut(&str),
    disk: Vec<DiskProbe>,
    samples: Vec<Sample>,
    /// Everything unexpected outside of the phases.
    other_errors: Errors,
}

impl<'a> Rounds<'a> {
    /// No round yet. Tells `progress` of each phase in a line.
    ///
    /// # Errors
    /// [`BenchError`], when the server is not on this machine or the pace is out of its ranges.
    pub(crate) fn new(
        server: &'a Server,
        pace: &'a Pace,
        progress: &'a mut dyn FnMut(&str),
    ) -> Result<Rounds<'a>, BenchError> {
        check(server, pace)?;
        let (disk, samples) = (Vec::new(), Vec::new());
        Ok(Rounds { server, pace, progress, disk, samples, other_errors: Errors::default() })
    }

    /// Runs all rounds, each with all numbers of connections, and gives their figures. `phases`
    /// measures the phases of one round, the ceiling first and last.
    ///
    /// # Errors
    /// [`BenchError`]. Single unexpected answers do not end the run: they are counted.
    pub(crate) fn run(
        mut self,
        phases: &mut dyn FnMut(&mut Rounds<'_>, Round) -> Result<(), BenchError>,
    ) -> Result<(Figures, Vec<Sample>), BenchError> {
        for number in 1..=self.pace.rounds {
            for &connections in &self.pace.connections {
                self.probe_disk(format!("round {number}, before {connections} connections"))?;
                let first = self.samples.len();
                phases(&mut self, Round { number, connections })?;
                relate_to_ceiling(self.samples.get_mut(first..).unwrap_or_default());
            }
        }
        self.probe_disk("after the run".to_owned())?;
        let peak_memory_bytes = probe::peak_memory_bytes(self.server.pid)?;
        let figures = Figures::new(self.disk, &self.samples, self.other_errors, peak_memory_bytes);
        Ok((figures, self.samples))
    }

    /// Says something in a line.
    pub(crate) fn say(&mut self, line: &str) {
        (self.progress)(line);
    }

    /// Counts what went wrong outside of a phase.
    pub(crate) fn add_errors(&mut self, errors: &Errors) {
        self.other_errors.add(errors);
    }

    fn probe_disk(&mut self, when: String) -> Result<(), BenchError> {
        let latency = probe::disk(&self.server.data_dir, self.pace.now)?;
        let Latency { p50_us, p99_us, .. } = latency;
        self.say(&format!("{when}: fdatasync p50 {p50_us} us, p99 {p99_us} us"));
        self.disk.push(DiskProbe { when, latency });
        Ok(())
    }

    /// Runs one phase and keeps its figures.
    ///
    /// # Errors
    /// [`BenchError`], also when nothing was answered as expected.
    pub(crate) fn measure(
        &mut self,
        round: Round,
        phase: Phase,
        load: &Load<'_>,
    ) -> Result<Outcome, BenchError> {
        let plan = self.plan(round.connections, load.expected_status);
        let run = || match load.rate {
            Some(rate) => open_loop(&plan, load.workload, rate),
            None => closed_loop(&plan, load.workload),
        };
        self.measure_run(round, phase, load.rate, run)
    }

    /// Runs one phase that is a loop of its own, and keeps its figures.
    ///
    /// # Errors
    /// [`BenchError`], also when nothing was answered as expected.
    pub(crate) fn measure_run(
        &mut self,
        Round { number, connections }: Round,
        phase: Phase,
        rate: Option<f64>,
        run: impl FnOnce() -> Result<Outcome, BenchError>,
    ) -> Result<Outcome, BenchError> {
        let (outcome, disk_bytes) = self.phase(phase, run)?;
        let sample = Sample {
            round: number,
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
        self.say(&format!(
            "round {number}, {connections} connections, {}: {:.0} req/s, p99 {} us, {} errors",
            phase.name(),
            sample.requests_per_second,
            sample.latency.p99_us,
            sample.errors.total(),
        ));
        self.samples.push(sample);
        Ok(outcome)
    }

    /// Runs one phase; gives its outcome and by how many bytes the store grew.
    fn phase(
        &mut self,
        phase: Phase,
        run: impl FnOnce() -> Result<Outcome, BenchError>,
    ) -> Result<(Outcome, u64), BenchError> {
        let bytes_before = self.bytes_on_disk()?;
        let outcome = run()?;
        let bytes_after = self.bytes_on_disk()?;
        if outcome.answered_in_all == 0 {
            let errors = outcome.errors.to_string();
            return Err(BenchError::NothingAnswered { phase: phase.name(), errors });
        }
        Ok((outcome, bytes_after.saturating_sub(bytes_before)))
    }

    /// How to load the server in a phase.
    pub(crate) fn plan(&self, connections: usize, expected_status: u16) -> Plan {
        Plan {
            address: self.server.address,
            server_pid: self.server.pid,
            connections,
            expected_status,
            warmup: self.pace.warmup,
            measured: self.pace.measured,
            now: self.pace.now,
        }
    }

    fn bytes_on_disk(&self) -> Result<u64, BenchError> {
        (self.server.bytes_on_disk)(&self.server.data_dir)
            .map_err(|source| BenchError::Io { doing: "counting the store's bytes", source })
    }
}

fn check(server: &Server, pace: &Pace) -> Result<(), BenchError> {
    if !server.address.ip().is_loopback() {
        return Err(BenchError::NotLoopback(server.address));
    }
    let connections = &pace.connections;
    let in_range = |count: &usize| (1..=CONNECTIONS_MAX).contains(count);
    let times = [pace.measured, pace.warmup];
    let checks = [
        (
            !connections.is_empty() && connections.iter().all(in_range),
            "connections",
            "one or more numbers from 1 to 4096",
        ),
        (!pace.measured.is_zero(), "time of a phase", "above zero"),
        (times.iter().all(|time| *time <= PHASE_TIME_MAX), "time of a phase", "600 s at most"),
        (pace.requests_max > 0, "requests of a phase", "above zero"),
        ((1..=ROUNDS_MAX).contains(&pace.rounds), "rounds", "from 1 to 100"),
        (
            pace.open_loop_share > 0.0 && pace.open_loop_share <= 1.0,
            "share of the open loop",
            "above 0 and up to 1",
        ),
    ];
    BenchError::unless(checks)
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
mod tests {
    use super::*;
    use crate::testing::{now, server};

    #[test]
    fn wrong_paces_are_refused_before_any_load() {
        let check = |change: fn(&mut Server, &mut Pace), expected: &str| {
            let mut server = server("127.0.0.1:1".parse().unwrap());
            let mut pace = Pace::new(now);
            change(&mut server, &mut pace);
            let refused = Rounds::new(&server, &pace, &mut |_| ()).map(drop).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        };
        check(
            |server, _| server.address = "192.0.2.1:80".parse().unwrap(),
            "192.0.2.1:80 is not a loopback address",
        );
        let connections = "connections must be one or more numbers from 1 to 4096";
        check(|_, pace| pace.connections.clear(), connections);
        check(|_, pace| pace.connections.push(0), connections);
        check(|_, pace| pace.connections.push(4_097), connections);
        check(|_, pace| pace.measured = Duration::ZERO, "time of a phase must be above zero");
        check(
            |_, pace| pace.warmup = Duration::from_secs(601),
            "time of a phase must be 600 s at most",
        );
        check(|_, pace| pace.rounds = 0, "rounds must be from 1 to 100");
        check(|_, pace| pace.rounds = 101, "rounds must be from 1 to 100");
        check(|_, pace| pace.requests_max = 0, "requests of a phase must be above zero");
        check(
            |_, pace| pace.open_loop_share = f64::NAN,
            "share of the open loop must be above 0 and up to 1",
        );
    }
}
