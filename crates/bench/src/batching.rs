//! `kassa bench batching`: what batches bring on `PostgreSQL`, compared with one transaction for
//! each request.
//!
//! Invariant: each figure of batching stands beside one of the naive path from the same round,
//! taken right before it: same process, same server, same callers, same load.
//!
//! The caller brings an engine on a database that it has filled. There is no HTTP on either side.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Client;

use crate::BenchError;
pub use crate::batching_report::{BatchingReport, Comparison, Row, Settings};
use crate::callers::{Contender, Failures, Outcome, Plan, Traffic, closed_loop};
use crate::figures::DiskProbe;
use crate::load::Latency;
use crate::naive::{self, Naive};
use crate::probe;
use crate::report::{float, ratio};

/// The most callers, and the most connections of the naive path.
const CALLERS_MAX: usize = 4_096;
/// The longest measured time of one phase, and the longest warm-up.
const PHASE_TIME_MAX: Duration = Duration::from_mins(10);
/// The most rounds.
const ROUNDS_MAX: u32 = 100;

/// What of the server's settings the figures depend on.
const SERVER_SETTINGS: &str = "SELECT name, current_setting(name) FROM pg_settings \
     WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', \
     'shared_buffers', 'max_wal_size', 'wal_buffers', 'default_transaction_isolation') \
     ORDER BY name";

/// The database under load, and what it was filled with.
pub struct Database {
    /// Where it is: on this machine.
    pub url: String,
    /// A directory on its disk, for the disk probe.
    pub data_dir: PathBuf,
    /// Appends the token of card `n`, from zero.
    ///
    /// Each card's account must bear its share of all authorizations, 1.00 to 19.99 SEK each.
    pub write_card_token: fn(u64, &mut Vec<u8>),
    /// The cards of one account, for the load on a single account: this one and those after it.
    /// The account takes all of that load: its limit must be as good as none.
    pub first_hot_card: u64,
    /// How many those are.
    pub hot_cards: u64,
    /// Counts the bytes that tables and indexes take.
    pub used_bytes: Box<dyn Fn() -> io::Result<u64>>,
    /// The time, in milliseconds since 1970-01-01 UTC.
    pub clock_ms: fn() -> i64,
}

/// What to measure, for how long.
#[derive(Clone, Debug)]
pub struct BatchingOptions {
    /// Callers at once, on both sides.
    pub callers: usize,
    /// Connections that the naive path's callers share.
    pub connections: usize,
    /// The engine's writers, for the report.
    pub writers: usize,
    /// The measured time of each phase.
    pub measured: Duration,
    /// Load before it, not counted.
    pub warmup: Duration,
    /// Accounts in the store, for the report.
    pub accounts: u64,
    /// Cards in the store: the uniform load goes over cards `0..cards`.
    pub cards: u64,
    /// Rounds over all of it; the report has their medians.
    pub rounds: u32,
    /// The clock.
    pub now: fn() -> Instant,
}

/// Whose accounts the authorizations are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Spread over all cards.
    Uniform,
    /// All on one account.
    HotAccount,
}

/// How they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// One transaction for each request.
    Naive,
    /// By the engine: one transaction for all that wait.
    Batched,
}

impl Load {
    /// Both, in their order.
    pub const ALL: [Load; 2] = [Load::Uniform, Load::HotAccount];

    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Load::Uniform => "uniform",
            Load::HotAccount => "hot account",
        }
    }
}

impl Way {
    /// Both, in their order.
    pub const ALL: [Way; 2] = [Way::Naive, Way::Batched];

    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Way::Naive => "naive",
            Way::Batched => "batched",
        }
    }
}

/// Runs all rounds on an engine, `batched`, and on the naive path, and tells `progress` of each
/// phase in a line.
///
/// Blocks for the time of all phases; call it on a thread that runs no asynchronous runtime.
///
/// # Errors
/// [`BenchError`], when an option is wrong, the database fails, or nothing is answered in a phase.
/// Single failures do not end the run: the report counts them.
pub fn run_batching<C: Contender>(
    batched: C,
    database: &Database,
    options: &BatchingOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<BatchingReport, BenchError> {
    check_options(database, options)?;
    let config = naive::local(&database.url)?;
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime
        .map_err(|source| BenchError::Io { doing: "starting the load generator", source })?;
    let client = runtime.block_on(naive::connect(&config))?;
    progress("copying accounts and cards for the naive path");
    let report = runtime.block_on(naive::make_tables(&client)).and_then(|()| {
        let pool = Naive::open(&config, options.connections, database.clock_ms);
        let run = Run {
            database,
            batched: Arc::new(batched),
            naive: Arc::new(runtime.block_on(pool)?),
            options,
            runtime: &runtime,
            database_pid: runtime.block_on(server_pid(&client))?,
            client: &client,
            progress,
            disk: Vec::new(),
            samples: Vec::new(),
        };
        run.all_rounds()
    });
    // Before the outcome: what is there shall be the store's alone.
    runtime.block_on(naive::remove_tables(&client))?;
    report
}

fn check_options(database: &Database, options: &BatchingOptions) -> Result<(), BenchError> {
    let times = [options.measured, options.warmup];
    let some = 1..=CALLERS_MAX;
    let checks = [
        (some.contains(&options.callers), "callers", "from 1 to 4096"),
        (some.contains(&options.connections), "connections", "from 1 to 4096"),
        (!options.measured.is_zero(), "time of a phase", "above zero"),
        (times.iter().all(|time| *time <= PHASE_TIME_MAX), "time of a phase", "600 s at most"),
        ((1..=ROUNDS_MAX).contains(&options.rounds), "rounds", "from 1 to 100"),
        (options.cards > 0, "cards", "above zero"),
        (database.hot_cards > 0, "cards of the hot account", "above zero"),
    ];
    BenchError::unless(checks)
}

/// One phase of one round.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) round: u32,
    pub(crate) load: Load,
    pub(crate) way: Way,
    pub(crate) answered: u64,
    pub(crate) per_second: f64,
    pub(crate) per_transaction: Option<f64>,
    pub(crate) process_cpu_seconds_per_100k: Option<f64>,
    pub(crate) database_cpu_seconds_per_100k: Option<f64>,
    pub(crate) latency: Latency,
    pub(crate) disk_bytes: Option<f64>,
    pub(crate) log_bytes: Option<f64>,
    pub(crate) failures: Failures,
}

/// What grows.
#[derive(Clone, Copy)]
struct Sizes {
    tables: u64,
    log: u64,
}

/// A run under way.
struct Run<'a, C> {
    database: &'a Database,
    batched: Arc<C>,
    naive: Arc<Naive>,
    options: &'a BatchingOptions,
    runtime: &'a Runtime,
    client: &'a Client,
    database_pid: Option<u32>,
    progress: &'a mut dyn FnMut(&str),
    disk: Vec<DiskProbe>,
    samples: Vec<Sample>,
}

/// The server's process, where it is one of this machine's.
async fn server_pid(client: &Client) -> Result<Option<u32>, BenchError> {
    let backend: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
    Ok(u32::try_from(backend).ok().and_then(probe::parent_of_postgres))
}

impl<C: Contender> Run<'_, C> {
    fn all_rounds(mut self) -> Result<BatchingReport, BenchError> {
        for round in 1..=self.options.rounds {
            self.probe_disk(format!("round {round}"))?;
            for load in Load::ALL {
                for way in Way::ALL {
                    self.measure(round, load, way)?;
                }
            }
        }
        self.probe_disk("after the run".to_owned())?;
        let settings = self.runtime.block_on(self.client.query(SERVER_SETTINGS, &[]))?;
        let settings = settings.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let server: Vec<(String, String)> = settings.collect::<Result<_, BenchError>>()?;
        let settings = Settings::of(self.options, server);
        Ok(BatchingReport::new(settings, self.disk, &self.samples, self.naive.retries()))
    }

    fn probe_disk(&mut self, when: String) -> Result<(), BenchError> {
        let latency = probe::disk(&self.database.data_dir, self.options.now)?;
        let Latency { p50_us, p99_us, .. } = latency;
        (self.progress)(&format!("{when}: fdatasync p50 {p50_us} us, p99 {p99_us} us"));
        self.disk.push(DiskProbe { when, latency });
        Ok(())
    }

    /// Runs one phase and keeps its figures.
    fn measure(&mut self, round: u32, load: Load, way: Way) -> Result<(), BenchError> {
        let before = self.sizes()?;
        let outcome = self.phase(round, load, way)?;
        let after = self.sizes()?;
        if outcome.answered == 0 {
            let Failures { count, first } = outcome.failures;
            let errors = format!("{count} failed; first: {}", first.unwrap_or_default());
            return Err(BenchError::NothingAnswered { phase: way.name(), errors });
        }
        let (answered, in_all) = (float(outcome.answered), float(outcome.answered_in_all));
        let per_100k = |cpu: Duration| ratio(cpu.as_secs_f64() * 100_000.0, answered);
        let grown =
            |of: fn(Sizes) -> u64| ratio(float(of(after).saturating_sub(of(before))), in_all);
        let sample = Sample {
            round,
            load,
            way,
            answered: outcome.answered,
            per_second: outcome.per_second(),
            per_transaction: ratio(answered, float(outcome.transactions)),
            process_cpu_seconds_per_100k: per_100k(outcome.process_cpu),
            database_cpu_seconds_per_100k: outcome.database_cpu.and_then(per_100k),
            latency: outcome.latency,
            disk_bytes: grown(|sizes| sizes.tables),
            log_bytes: grown(|sizes| sizes.log),
            failures: outcome.failures,
        };
        (self.progress)(&format!(
            "round {round}, {}, {}: {:.0} a second, p99 {} us, {} failed",
            load.name(),
            way.name(),
            sample.per_second,
            sample.latency.p99_us,
            sample.failures.count,
        ));
        self.samples.push(sample);
        Ok(())
    }

    fn phase(&self, round: u32, load: Load, way: Way) -> Result<Outcome, BenchError> {
        let (first_card, cards, letter) = match load {
            Load::Uniform => (0, self.options.cards, 'u'),
            Load::HotAccount => (self.database.first_hot_card, self.database.hot_cards, 'h'),
        };
        let traffic = Traffic {
            first_card,
            cards,
            write_card_token: self.database.write_card_token,
            name: format!("bench-{letter}{round}"),
            made: AtomicU64::new(0),
        };
        let plan = Plan {
            callers: self.options.callers,
            warmup: self.options.warmup,
            measured: self.options.measured,
            database_pid: self.database_pid,
            now: self.options.now,
        };
        match way {
            Way::Naive => self.runtime.block_on(closed_loop(&self.naive, traffic, plan)),
            Way::Batched => self.runtime.block_on(closed_loop(&self.batched, traffic, plan)),
        }
    }

    fn sizes(&self) -> Result<Sizes, BenchError> {
        let tables = (self.database.used_bytes)();
        let tables = tables
            .map_err(|source| BenchError::Io { doing: "counting the tables' bytes", source })?;
        let position = "SELECT (pg_current_wal_insert_lsn() - '0/0'::PG_LSN)::INT8";
        let row = self.runtime.block_on(self.client.query_one(position, &[]))?;
        let log: i64 = row.try_get(0)?;
        Ok(Sizes { tables, log: u64::try_from(log).unwrap_or(0) })
    }
}
