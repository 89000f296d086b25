//! The report of `kassa bench ledger`, as a text for people and as JSON for machines.

use std::fmt;

use serde::Serialize;

use crate::ledger::{LedgerOptions, Phase, Sample};
use crate::load::{Errors, Latency};
use crate::probe::{Machine, TICKS_PER_SECOND, machine};
use crate::report::{Table, cell, float, median, ratio};

/// Everything that one run found. Serialized, it is the JSON form.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerReport {
    /// Where it ran.
    pub machine: Machine,
    /// What was asked for.
    pub settings: Settings,
    /// The disk before, between and after the phases.
    pub disk: Vec<DiskProbe>,
    /// One row for each number of connections and phase; medians over the rounds.
    pub rows: Vec<Row>,
    /// One for each number of connections; medians over the rounds.
    pub comparisons: Vec<Comparison>,
    /// Peak resident memory of the server at the end, in bytes.
    pub peak_memory_bytes: u64,
    /// Everything unexpected of all phases, rounds and preparations.
    pub errors: Errors,
}

/// The options that shaped the figures.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
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
    /// The open loop's share of the closed loop's rate.
    pub open_loop_share: f64,
}

impl Settings {
    pub(crate) fn of(options: &LedgerOptions) -> Settings {
        Settings {
            accounts: options.accounts,
            cards: options.cards,
            measured_seconds: options.measured.as_secs_f64(),
            warmup_seconds: options.warmup.as_secs_f64(),
            rounds: options.rounds,
            open_loop_share: options.open_loop_share,
        }
    }
}

/// How long `fdatasync` after 16 KiB took at one moment of the run.
#[derive(Clone, Debug, Serialize)]
pub struct DiskProbe {
    /// The moment.
    pub when: String,
    /// Percentiles of write and `fdatasync`.
    pub latency: Latency,
}

/// The figures of one phase with one number of connections.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Connections, each with one request under way at most.
    pub connections: usize,
    /// The phase.
    pub phase: Phase,
    /// Expected answers within the measured time, of all rounds together.
    pub requests: u64,
    /// Expected answers a second.
    pub requests_per_second: f64,
    /// Requests a second that the open loop's schedule offered.
    pub offered_per_second: Option<f64>,
    /// Its throughput over the ceiling's of the same round and number of connections.
    pub ratio_to_ceiling: Option<f64>,
    /// CPU seconds of the server for 100 000 expected answers.
    pub server_cpu_seconds_per_100k: Option<f64>,
    /// The share of one core that the load generator used.
    pub client_core_share: f64,
    /// Latency of the expected answers.
    pub latency: Latency,
    /// Bytes by which the store grew for each expected answer.
    pub disk_bytes_per_request: Option<f64>,
    /// Everything unexpected.
    pub errors: Errors,
}

/// Throughputs over each other.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Connections.
    pub connections: usize,
    /// Authorizations on one account over authorizations over all cards.
    pub hot_account_to_uniform: Option<f64>,
    /// Captures over authorizations.
    pub captures_to_authorizations: Option<f64>,
    /// The mix over authorizations.
    pub mix_to_authorizations: Option<f64>,
    /// CPU seconds of the server for an authorization over those for a ceiling's answer.
    pub cpu_to_ceiling: Option<f64>,
}

impl LedgerReport {
    pub(crate) fn new(
        settings: Settings,
        disk: Vec<DiskProbe>,
        samples: &[Sample],
        mut errors: Errors,
        peak_memory_bytes: u64,
    ) -> LedgerReport {
        for sample in samples {
            errors.add(&sample.errors);
        }
        let mut connections: Vec<usize> = Vec::new();
        for sample in samples {
            if !connections.contains(&sample.connections) {
                connections.push(sample.connections);
            }
        }
        let mut rows = Vec::new();
        let mut comparisons = Vec::new();
        for connections in connections {
            let of_these = samples.iter().filter(|sample| sample.connections == connections);
            let samples: Vec<&Sample> = of_these.collect();
            comparisons.push(Comparison::of(connections, &samples));
            rows.extend(Phase::ALL.iter().filter_map(|phase| {
                let of_phase = samples.iter().copied().filter(|sample| sample.phase == *phase);
                Row::of(&of_phase.collect::<Vec<_>>())
            }));
        }
        LedgerReport {
            machine: machine(),
            settings,
            disk,
            rows,
            comparisons,
            peak_memory_bytes,
            errors,
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
        let mut errors = Errors::default();
        for sample in samples {
            errors.add(&sample.errors);
        }
        let latencies: Vec<Latency> = samples.iter().map(|sample| sample.latency).collect();
        Some(Row {
            connections: first.connections,
            phase: first.phase,
            requests: samples.iter().map(|sample| sample.requests).sum(),
            requests_per_second: middle(|sample| Some(sample.requests_per_second))?,
            offered_per_second: middle(|sample| sample.offered_per_second),
            ratio_to_ceiling: middle(|sample| sample.ratio_to_ceiling),
            server_cpu_seconds_per_100k: middle(|sample| sample.server_cpu_seconds_per_100k),
            client_core_share: middle(|sample| Some(sample.client_core_share))?,
            latency: Latency::medians(&latencies)?,
            disk_bytes_per_request: middle(|sample| sample.disk_bytes_per_request),
            errors,
        })
    }
}

impl Comparison {
    fn of(connections: usize, samples: &[&Sample]) -> Comparison {
        let compare = |part: Phase, whole: Phase, figure: fn(&Sample) -> Option<f64>| {
            let parts = samples.iter().filter(|sample| sample.phase == part);
            let ratios = parts.filter_map(|part| {
                let wholes = samples.iter().filter(|sample| sample.phase == whole);
                let of_round = wholes.filter(|sample| sample.round == part.round);
                let whole = median(of_round.filter_map(|sample| figure(sample)).collect())?;
                ratio(figure(part)?, whole)
            });
            median(ratios.collect())
        };
        let throughput = |sample: &Sample| Some(sample.requests_per_second);
        let cpu = |sample: &Sample| sample.server_cpu_seconds_per_100k;
        Comparison {
            connections,
            hot_account_to_uniform: compare(Phase::HotAccount, Phase::Authorizations, throughput),
            captures_to_authorizations: compare(Phase::Captures, Phase::Authorizations, throughput),
            mix_to_authorizations: compare(Phase::Mix, Phase::Authorizations, throughput),
            cpu_to_ceiling: compare(Phase::Authorizations, Phase::Ceiling, cpu),
        }
    }
}

impl fmt::Display for LedgerReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_setting(out)?;
        self.write_disk(out)?;
        self.write_rows(out)?;
        self.write_comparisons(out)?;
        writeln!(out, "\nPeak memory of the server: {} MiB", mebibytes(self.peak_memory_bytes))?;
        self.write_errors(out)?;
        self.write_columns(out)
    }
}

impl LedgerReport {
    fn write_setting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cpu_model, cores, memory_bytes, kernel } = &self.machine;
        let Settings { accounts, cards, measured_seconds, warmup_seconds, rounds, .. } =
            &self.settings;
        writeln!(out, "Card ledger over HTTP, each answer durable before it is sent")?;
        let memory = mebibytes(*memory_bytes);
        writeln!(out, "Machine: {cpu_model}, {cores} cores, {memory} MiB, kernel {kernel}")?;
        writeln!(out, "Store: {accounts} accounts, {cards} cards")?;
        writeln!(
            out,
            "Each phase: {warmup_seconds} s of warm-up, {measured_seconds} s measured, \
             median of {rounds} round(s)"
        )
    }

    fn write_disk(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\nDisk probe: 500 times overwrite 16 KiB and fdatasync")?;
        let mut table = Table::new(1, &["when", "p50 us", "p99 us"]);
        for DiskProbe { when, latency } in &self.disk {
            table.row(vec![when.clone(), latency.p50_us.to_string(), latency.p99_us.to_string()]);
        }
        write!(out, "{table}")
    }

    fn write_rows(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(
            1,
            &[
                "phase",
                "conns",
                "req/s",
                "ratio",
                "CPU-s/100k",
                "p50 us",
                "p99 us",
                "p99.9 us",
                "B/req",
                "client",
                "errors",
            ],
        );
        for row in &self.rows {
            let Latency { p50_us, p99_us, p999_us, .. } = row.latency;
            table.row(vec![
                row.phase.name().to_owned(),
                row.connections.to_string(),
                cell(Some(row.requests_per_second), 0),
                cell(row.ratio_to_ceiling, 2),
                cell(row.server_cpu_seconds_per_100k, 2),
                p50_us.to_string(),
                p99_us.to_string(),
                p999_us.to_string(),
                cell(row.disk_bytes_per_request, 0),
                cell(Some(row.client_core_share), 2),
                row.errors.total().to_string(),
            ]);
        }
        write!(out, "\n{table}")
    }

    fn write_comparisons(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings =
            ["conns", "hot/uniform", "captures/auths", "mix/auths", "CPU of auth/ceiling"];
        let mut table = Table::new(0, &headings);
        for comparison in &self.comparisons {
            table.row(vec![
                comparison.connections.to_string(),
                cell(comparison.hot_account_to_uniform, 2),
                cell(comparison.captures_to_authorizations, 2),
                cell(comparison.mix_to_authorizations, 2),
                cell(comparison.cpu_to_ceiling, 2),
            ]);
        }
        write!(out, "\n{table}")
    }

    fn write_errors(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.errors.total() == 0 {
            return writeln!(out, "Errors: none");
        }
        let (total, errors) = (self.errors.total(), &self.errors);
        writeln!(out, "\n!!! {total} ERRORS: THESE FIGURES ARE NOT VALID !!!\n!!! {errors}")
    }

    fn write_columns(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.settings.open_loop_share;
        write!(
            out,
            "
What the columns are
  phase       ceiling: the authorizations' requests and answers by the same server, without engine
              and store; mix: authorizations and captures in turn; hot account: authorizations on
              one account; open loop: authorizations that arrive by a fixed schedule, at {share} of
              the closed loop's rate. The others are closed loops.
  conns       keep-alive connections, each with one request under way at most
  req/s       answers with the expected status, a second
  ratio       req/s over the ceiling's, taken before and after the others in the same round:
              compare this between machines and days, not req/s
  CPU-s/100k  CPU seconds of the server, user and system, for 100 000 answers ({TICKS_PER_SECOND}
              clock ticks a second, so that short phases are coarse)
  p50 … p99.9 microseconds until the answer; in the open loop from the scheduled time, so that a
              stall counts for each request that it delays
  B/req       bytes that the store grew by for each answer, without the write-ahead log, which is
              allocated beforehand and overwritten; the growth may show in a later phase
  client      cores that the load generator used; its requests have one: near 1 it is the limit
  errors      requests without the expected answer, warm-up included
"
        )
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.0}", float(bytes) / float(1 << 20))
}

#[cfg(test)]
mod tests {
    use expect_test::{expect, expect_file};

    use super::*;

    fn sample(round: u32, connections: usize, phase: Phase, requests_per_second: f64) -> Sample {
        let micros = if round == 1 { 400 } else { 500 };
        let open_loop = phase == Phase::OpenLoop;
        Sample {
            round,
            connections,
            phase,
            requests: 1_000,
            requests_per_second,
            offered_per_second: open_loop.then_some(requests_per_second),
            ratio_to_ceiling: ratio(requests_per_second, 100_000.0),
            server_cpu_seconds_per_100k: Some(1_000_000.0 / requests_per_second / 10.0),
            client_core_share: 0.5,
            latency: Latency { p50_us: micros, p99_us: 2_000, p999_us: 9_000, max_us: 12_345 },
            disk_bytes_per_request: (phase != Phase::Ceiling).then_some(141.6),
            errors: Errors::default(),
        }
    }

    fn report(errors: Errors) -> LedgerReport {
        let speeds = [100_000.0, 40_000.0, 44_000.0, 42_000.0, 38_000.0, 20_000.0];
        let mut samples = Vec::new();
        for round in 1..=2 {
            for connections in [64, 256] {
                for (phase, speed) in Phase::ALL.into_iter().zip(speeds) {
                    let speed = if round == 1 { speed } else { speed * 1.1 };
                    samples.push(sample(round, connections, phase, speed));
                }
            }
        }
        let settings = Settings {
            accounts: 100_000,
            cards: 1_000_000,
            measured_seconds: 5.0,
            warmup_seconds: 1.0,
            rounds: 2,
            open_loop_share: 0.5,
        };
        let latency = Latency { p50_us: 94, p99_us: 210, p999_us: 400, max_us: 500 };
        let disk = ["round 1, before 64 connections", "after the run"]
            .map(|when| DiskProbe { when: when.to_owned(), latency });
        let machine = Machine {
            cpu_model: "Example CPU".to_owned(),
            cores: 2,
            memory_bytes: 24 << 30,
            kernel: "6.18.0".to_owned(),
        };
        let report = LedgerReport::new(settings, disk.into(), &samples, errors, 300 << 20);
        LedgerReport { machine, ..report }
    }

    #[test]
    fn people_read_a_table() {
        expect_file!["../snapshots/ledger_report.txt"]
            .assert_eq(&report(Errors::default()).to_string());
    }

    #[test]
    fn errors_are_shouted() {
        let errors = Errors {
            unexpected_statuses: [(503, 7)].into(),
            transport: 1,
            first: Some("503 overloaded".to_owned()),
            ..Errors::default()
        };
        let text = report(errors).to_string();
        let shouted: Vec<&str> = text.lines().filter(|line| line.starts_with("!!!")).collect();
        expect![[r"
            !!! 8 ERRORS: THESE FIGURES ARE NOT VALID !!!
            !!! 7 × status 503, 1 transport, 0 unanswered; first: 503 overloaded"]]
        .assert_eq(&shouted.join("\n"));
    }

    #[test]
    fn machines_read_json() {
        let mut report = report(Errors::default());
        report.rows.truncate(1);
        report.comparisons.truncate(1);
        report.disk.truncate(1);
        expect_file!["../snapshots/ledger_report.json"]
            .assert_eq(&serde_json::to_string_pretty(&report).unwrap());
    }
}
