//! The report of `kassa bench batching`, as a text for people and as JSON for machines.

use std::fmt;

use serde::Serialize;

use crate::batching::{BatchingOptions, Load, Sample, Way};
use crate::callers::Failures;
use crate::figures::{DiskProbe, write_disk};
use crate::load::Latency;
use crate::probe::{Machine, TICKS_PER_SECOND, machine};
use crate::report::{Table, cell, median, ratio};

/// Everything that one run found. Serialized, it is the JSON form.
#[derive(Clone, Debug, Serialize)]
pub struct BatchingReport {
    /// Where it ran.
    pub machine: Machine,
    /// What was asked for, and of whom.
    pub settings: Settings,
    /// The disk before and after the rounds.
    pub disk: Vec<DiskProbe>,
    /// One row for each load and way; medians over the rounds.
    pub rows: Vec<Row>,
    /// One for each load; medians over the rounds.
    pub comparisons: Vec<Comparison>,
    /// The naive path's transactions that were done again since others were in their way.
    pub naive_retries: u64,
    /// Everything that failed, of all phases and rounds.
    pub failures: Failures,
}

/// The options that shaped the figures, and the database's settings.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Callers at once.
    pub callers: usize,
    /// Connections of the naive path.
    pub connections: usize,
    /// Writers of the engine, each with a connection.
    pub writers: usize,
    /// Accounts in the store.
    pub accounts: u64,
    /// Cards in the store.
    pub cards: u64,
    /// Measured time of each phase, in seconds.
    pub measured_seconds: f64,
    /// Warm-up of each phase, in seconds.
    pub warmup_seconds: f64,
    /// Rounds that the medians are taken of.
    pub rounds: u32,
    /// Settings of the server, by name.
    pub server: Vec<(String, String)>,
}

impl Settings {
    pub(crate) fn of(options: &BatchingOptions, server: Vec<(String, String)>) -> Settings {
        Settings {
            callers: options.callers,
            connections: options.connections,
            writers: options.writers,
            accounts: options.accounts,
            cards: options.cards,
            measured_seconds: options.measured.as_secs_f64(),
            warmup_seconds: options.warmup.as_secs_f64(),
            rounds: options.rounds,
            server,
        }
    }

    fn is_durable(&self) -> bool {
        let is_off = |(name, value): &(String, String)| {
            matches!(name.as_str(), "fsync" | "synchronous_commit") && value == "off"
        };
        !self.server.iter().any(is_off)
    }
}

/// The figures of one load, made one way.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The load.
    pub load: Load,
    /// The way.
    pub way: Way,
    /// Authorizations within the measured time, of all rounds together.
    pub authorizations: u64,
    /// Authorizations a second.
    pub authorizations_per_second: f64,
    /// Authorizations in one transaction.
    pub authorizations_per_transaction: Option<f64>,
    /// CPU seconds of this process for 100 000 authorizations, the callers' included.
    pub process_cpu_seconds_per_100k: Option<f64>,
    /// CPU seconds of the database's server for as many, where it was found.
    pub database_cpu_seconds_per_100k: Option<f64>,
    /// Latency of the authorizations.
    pub latency: Latency,
    /// Bytes by which tables and indexes grew for each authorization.
    pub disk_bytes_per_authorization: Option<f64>,
    /// Bytes of the write-ahead log for each authorization.
    pub log_bytes_per_authorization: Option<f64>,
    /// Everything that failed.
    pub failures: Failures,
}

/// Batched over naive.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The load.
    pub load: Load,
    /// Authorizations a second, over the naive path's of the same round.
    pub throughput: Option<f64>,
    /// CPU seconds of this process and the server together for an authorization, likewise.
    pub cpu: Option<f64>,
}

impl BatchingReport {
    pub(crate) fn new(
        settings: Settings,
        disk: Vec<DiskProbe>,
        samples: &[Sample],
        naive_retries: u64,
    ) -> BatchingReport {
        let failures = Failures::sum(samples.iter().map(|sample| &sample.failures));
        let phases = Load::ALL.into_iter().flat_map(|load| Way::ALL.map(|way| (load, way)));
        let rows = phases.filter_map(|(load, way)| {
            let of_phase = samples.iter().filter(|sample| (sample.load, sample.way) == (load, way));
            Row::of(&of_phase.collect::<Vec<_>>())
        });
        BatchingReport {
            machine: machine(),
            settings,
            disk,
            rows: rows.collect(),
            comparisons: Load::ALL.into_iter().map(|load| Comparison::of(load, samples)).collect(),
            naive_retries,
            failures,
        }
    }
}

impl Row {
    /// The medians of one phase's rounds, each figure by itself.
    fn of(samples: &[&Sample]) -> Option<Row> {
        let first = samples.first()?;
        let middle = |figure: fn(&Sample) -> Option<f64>| {
            median(samples.iter().filter_map(|sample| figure(sample)).collect())
        };
        let failures = Failures::sum(samples.iter().map(|sample| &sample.failures));
        let latencies: Vec<Latency> = samples.iter().map(|sample| sample.latency).collect();
        Some(Row {
            load: first.load,
            way: first.way,
            authorizations: samples.iter().map(|sample| sample.answered).sum(),
            authorizations_per_second: middle(|sample| Some(sample.per_second))?,
            authorizations_per_transaction: middle(|sample| sample.per_transaction),
            process_cpu_seconds_per_100k: middle(|sample| sample.process_cpu_seconds_per_100k),
            database_cpu_seconds_per_100k: middle(|sample| sample.database_cpu_seconds_per_100k),
            latency: Latency::medians(&latencies)?,
            disk_bytes_per_authorization: middle(|sample| sample.disk_bytes),
            log_bytes_per_authorization: middle(|sample| sample.log_bytes),
            failures,
        })
    }
}

impl Comparison {
    fn of(load: Load, samples: &[Sample]) -> Comparison {
        let compare = |figure: fn(&Sample) -> Option<f64>| {
            let of_way =
                |way| samples.iter().filter(move |sample| (sample.load, sample.way) == (load, way));
            let ratios = of_way(Way::Batched).filter_map(|batched| {
                let naive = of_way(Way::Naive).find(|naive| naive.round == batched.round)?;
                ratio(figure(batched)?, figure(naive)?)
            });
            median(ratios.collect())
        };
        Comparison {
            load,
            throughput: compare(|sample| Some(sample.per_second)),
            cpu: compare(|sample| {
                let database = sample.database_cpu_seconds_per_100k?;
                Some(database + sample.process_cpu_seconds_per_100k?)
            }),
        }
    }
}

impl fmt::Display for BatchingReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_setting(out)?;
        write_disk(out, &self.disk)?;
        self.write_rows(out)?;
        self.write_comparisons(out)?;
        self.write_failures(out)?;
        write_columns(out)
    }
}

impl BatchingReport {
    fn write_setting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cpu_model, cores, memory_bytes, kernel } = &self.machine;
        let Settings { accounts, cards, measured_seconds, warmup_seconds, rounds, .. } =
            &self.settings;
        let Settings { callers, connections, writers, server, .. } = &self.settings;
        writeln!(out, "Authorizations on PostgreSQL without HTTP: batched against naive")?;
        let memory = memory_bytes >> 20;
        writeln!(out, "Machine: {cpu_model}, {cores} cores, {memory} MiB, kernel {kernel}")?;
        let server = server.iter().map(|(name, value)| format!("  {name} = {value}"));
        writeln!(out, "Server, on the same machine:\n{}", server.collect::<Vec<_>>().join("\n"))?;
        writeln!(out, "Store: {accounts} accounts, {cards} cards")?;
        writeln!(
            out,
            "{callers} callers; batched: {writers} writer(s), naive: {connections} connections"
        )?;
        writeln!(
            out,
            "Each phase: {warmup_seconds} s of warm-up, {measured_seconds} s measured, \
             median of {rounds} round(s)"
        )
    }

    fn write_rows(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings = [
            "load",
            "way",
            "auth/s",
            "auth/tx",
            "CPU-s/100k",
            "server's",
            "p50 us",
            "p99 us",
            "B/auth",
            "log B/auth",
            "failed",
        ];
        let mut table = Table::new(2, &headings);
        for row in &self.rows {
            table.row(vec![
                row.load.name().to_owned(),
                row.way.name().to_owned(),
                cell(Some(row.authorizations_per_second), 0),
                cell(row.authorizations_per_transaction, 1),
                cell(row.process_cpu_seconds_per_100k, 2),
                cell(row.database_cpu_seconds_per_100k, 2),
                row.latency.p50_us.to_string(),
                row.latency.p99_us.to_string(),
                cell(row.disk_bytes_per_authorization, 0),
                cell(row.log_bytes_per_authorization, 0),
                row.failures.count.to_string(),
            ]);
        }
        write!(out, "\n{table}")
    }

    fn write_comparisons(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(1, &["batched over naive", "auth/s", "CPU"]);
        for Comparison { load, throughput, cpu } in &self.comparisons {
            table.row(vec![load.name().to_owned(), cell(*throughput, 2), cell(*cpu, 2)]);
        }
        write!(out, "\n{table}")
    }

    fn write_failures(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\nTransactions that the naive path did again: {}", self.naive_retries)?;
        if !self.settings.is_durable() {
            writeln!(out, "\n!!! COMMITS OF THIS SERVER DO NOT WAIT FOR THE DISK !!!")?;
        }
        let Failures { count, first } = &self.failures;
        if *count == 0 {
            return writeln!(out, "Failures: none");
        }
        let first = first.as_deref().unwrap_or_default();
        writeln!(out, "\n!!! {count} FAILURES: THESE FIGURES ARE NOT VALID !!!\n!!! first: {first}")
    }
}

fn write_columns(out: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        out,
        "
What the columns are
  way         naive: one transaction for each request, statement after statement, over a pool of
              connections, on tables of its own; batched: Kassa's engine and store. Both lock the
              account and answer after the COMMIT; only Kassa chains its rows by seals and knows
              a repeat by its content. They take turns within each round
  auth/s      authorizations a second. A machine's speed drifts: compare the ratios
  auth/tx     authorizations in one transaction
  CPU-s/100k  CPU seconds of this process, callers included, for 100 000 authorizations
              ({TICKS_PER_SECOND} clock ticks a second, so that short phases are coarse)
  server's    the same of all the server's processes
  p50, p99    microseconds until the answer; naive callers also wait for a connection
  B/auth      bytes by which tables and indexes grew for each authorization
  log B/auth  bytes of write-ahead log for each authorization; whole pages after a checkpoint
              make it vary
  failed      requests that were not authorized, warm-up included
"
    )
}

#[cfg(test)]
mod tests {
    use expect_test::{expect, expect_file};

    use super::*;

    fn sample(round: u32, load: Load, way: Way) -> Sample {
        let (speed, share) = match (load, way) {
            (Load::Uniform, Way::Naive) => (5_000.0, 1.0),
            (Load::Uniform, Way::Batched) => (25_000.0, 100.0),
            (Load::HotAccount, Way::Naive) => (1_500.0, 1.0),
            (Load::HotAccount, Way::Batched) => (30_000.0, 250.0),
        };
        let speed = if round == 1 { speed } else { speed * 1.1 };
        Sample {
            round,
            load,
            way,
            answered: 1_000,
            per_second: speed,
            per_transaction: Some(share),
            process_cpu_seconds_per_100k: Some(40_000.0 / speed),
            database_cpu_seconds_per_100k: Some(80_000.0 / speed),
            latency: Latency { p50_us: 900, p99_us: 2_000, p999_us: 9_000, max_us: 12_345 },
            disk_bytes: Some(415.4),
            log_bytes: Some(1_200.0),
            failures: Failures::default(),
        }
    }

    fn report(fsync: &str, failures: Failures) -> BatchingReport {
        let mut samples = Vec::new();
        for round in 1..=2 {
            for load in Load::ALL {
                samples.extend(Way::ALL.map(|way| sample(round, load, way)));
            }
        }
        samples[0].failures = failures;
        let settings = Settings {
            callers: 256,
            connections: 32,
            writers: 2,
            accounts: 100_000,
            cards: 1_000_000,
            measured_seconds: 5.0,
            warmup_seconds: 1.0,
            rounds: 2,
            server: vec![("fsync".to_owned(), fsync.to_owned())],
        };
        let latency = Latency { p50_us: 94, p99_us: 210, p999_us: 400, max_us: 500 };
        let disk =
            ["round 1", "after the run"].map(|when| DiskProbe { when: when.to_owned(), latency });
        let machine = Machine {
            cpu_model: "Example CPU".to_owned(),
            cores: 2,
            memory_bytes: 24 << 30,
            kernel: "6.18.0".to_owned(),
        };
        let report = BatchingReport::new(settings, disk.into(), &samples, 3);
        BatchingReport { machine, ..report }
    }

    #[test]
    fn people_read_a_table() {
        expect_file!["../snapshots/batching_report.txt"]
            .assert_eq(&report("on", Failures::default()).to_string());
    }

    #[test]
    fn what_makes_figures_worthless_is_shouted() {
        let first = Some("the pool is empty".to_owned());
        let text = report("off", Failures { count: 7, first }).to_string();
        let shouted: Vec<&str> = text.lines().filter(|line| line.starts_with("!!!")).collect();
        expect![[r"
            !!! COMMITS OF THIS SERVER DO NOT WAIT FOR THE DISK !!!
            !!! 7 FAILURES: THESE FIGURES ARE NOT VALID !!!
            !!! first: the pool is empty"]]
        .assert_eq(&shouted.join("\n"));
    }

    #[test]
    fn machines_read_json() {
        let mut report = report("on", Failures::default());
        report.rows.truncate(1);
        report.comparisons.truncate(1);
        report.disk.truncate(1);
        expect_file!["../snapshots/batching_report.json"]
            .assert_eq(&serde_json::to_string_pretty(&report).unwrap());
    }
}
