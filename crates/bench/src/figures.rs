//! What rounds of phases found, and how it is shown: the part that all reports share.

use std::fmt;

use serde::Serialize;

use crate::load::{Errors, Latency};
use crate::probe::{Machine, TICKS_PER_SECOND, machine};
use crate::report::{Table, cell, float, median, ratio};
use crate::rounds::{Pace, Phase, Sample};

/// Everything that the phases found. Serialized, it is a part of the JSON form.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Where it ran.
    pub machine: Machine,
    /// The disk before, between and after the phases.
    pub disk: Vec<DiskProbe>,
    /// One row for each number of connections and phase; medians over the rounds.
    pub rows: Vec<Row>,
    /// Peak resident memory of the server at the end, in bytes.
    pub peak_memory_bytes: u64,
    /// Everything unexpected of all phases, rounds and preparations.
    pub errors: Errors,
}

/// How the figures were taken.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PaceTaken {
    /// Measured time of each phase, in seconds.
    pub measured_seconds: f64,
    /// Warm-up of each phase, in seconds.
    pub warmup_seconds: f64,
    /// Rounds that the medians are taken of.
    pub rounds: u32,
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

impl PaceTaken {
    pub(crate) fn of(pace: &Pace) -> PaceTaken {
        PaceTaken {
            measured_seconds: pace.measured.as_secs_f64(),
            warmup_seconds: pace.warmup.as_secs_f64(),
            rounds: pace.rounds,
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

impl Figures {
    pub(crate) fn new(
        disk: Vec<DiskProbe>,
        samples: &[Sample],
        mut errors: Errors,
        peak_memory_bytes: u64,
    ) -> Figures {
        for sample in samples {
            errors.add(&sample.errors);
        }
        let mut rows = Vec::new();
        for connections in connections_of(samples) {
            let samples = with_connections(samples, connections);
            let mut phases: Vec<Phase> = Vec::new();
            for sample in &samples {
                if !phases.contains(&sample.phase) {
                    phases.push(sample.phase);
                }
            }
            rows.extend(phases.iter().filter_map(|phase| {
                let of_phase = samples.iter().copied().filter(|sample| sample.phase == *phase);
                Row::of(&of_phase.collect::<Vec<_>>())
            }));
        }
        Figures { machine: machine(), disk, rows, peak_memory_bytes, errors }
    }

    /// What was measured, where, on what and how.
    pub(crate) fn write_setting(
        &self,
        out: &mut fmt::Formatter<'_>,
        (what, store): (&str, &str),
        pace: PaceTaken,
    ) -> fmt::Result {
        let Machine { cpu_model, cores, memory_bytes, kernel } = &self.machine;
        let PaceTaken { measured_seconds, warmup_seconds, rounds } = pace;
        writeln!(out, "{what} over HTTP, each answer durable before it is sent")?;
        let memory = mebibytes(*memory_bytes);
        writeln!(out, "Machine: {cpu_model}, {cores} cores, {memory} MiB, kernel {kernel}")?;
        writeln!(out, "Store: {store}")?;
        writeln!(
            out,
            "Each phase: {warmup_seconds} s of warm-up, {measured_seconds} s measured, \
             median of {rounds} round(s)"
        )
    }

    /// The disk, and a row for each phase.
    pub(crate) fn write_rows(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_disk(out, &self.disk)?;
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

    /// Memory, errors, and what the columns are; `phases` says what the phases are, in the lines
    /// of that column.
    pub(crate) fn write_end(&self, out: &mut fmt::Formatter<'_>, phases: &str) -> fmt::Result {
        writeln!(out, "\nPeak memory of the server: {} MiB", mebibytes(self.peak_memory_bytes))?;
        let (total, errors) = (self.errors.total(), &self.errors);
        if total == 0 {
            writeln!(out, "Errors: none")?;
        } else {
            let shout = "ERRORS: THESE FIGURES ARE NOT VALID";
            writeln!(out, "\n!!! {total} {shout} !!!\n!!! {errors}")?;
        }
        write!(
            out,
            "
What the columns are
  phase       {phases}
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

/// The disk at each moment.
pub(crate) fn write_disk(out: &mut fmt::Formatter<'_>, disk: &[DiskProbe]) -> fmt::Result {
    writeln!(out, "\nDisk probe: 500 times overwrite 16 KiB and fdatasync")?;
    let mut table = Table::new(1, &["when", "p50 us", "p99 us"]);
    for DiskProbe { when, latency } in disk {
        table.row(vec![when.clone(), latency.p50_us.to_string(), latency.p99_us.to_string()]);
    }
    write!(out, "{table}")
}

/// The numbers of connections of all samples, in their order.
pub(crate) fn connections_of(samples: &[Sample]) -> Vec<usize> {
    let mut connections: Vec<usize> = Vec::new();
    for sample in samples {
        if !connections.contains(&sample.connections) {
            connections.push(sample.connections);
        }
    }
    connections
}

/// The samples with so many connections.
pub(crate) fn with_connections(samples: &[Sample], connections: usize) -> Vec<&Sample> {
    samples.iter().filter(|sample| sample.connections == connections).collect()
}

/// The median over the rounds of one phase's figure over another's of the same round.
pub(crate) fn compare(
    samples: &[&Sample],
    (part, whole): (Phase, Phase),
    figure: fn(&Sample) -> Option<f64>,
) -> Option<f64> {
    let parts = samples.iter().filter(|sample| sample.phase == part);
    let ratios = parts.filter_map(|part| {
        let wholes = samples.iter().filter(|sample| sample.phase == whole);
        let of_round = wholes.filter(|sample| sample.round == part.round);
        let whole = median(of_round.filter_map(|sample| figure(sample)).collect())?;
        ratio(figure(part)?, whole)
    });
    median(ratios.collect())
}

pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.0}", float(bytes) / float(1 << 20))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn pace() -> PaceTaken {
        PaceTaken { measured_seconds: 5.0, warmup_seconds: 1.0, rounds: 2 }
    }

    pub(crate) fn sample(
        round: u32,
        connections: usize,
        phase: Phase,
        requests_per_second: f64,
    ) -> Sample {
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

    pub(crate) fn figures(samples: &[Sample], errors: Errors) -> Figures {
        let latency = Latency { p50_us: 94, p99_us: 210, p999_us: 400, max_us: 500 };
        let disk = ["round 1, before 64 connections", "after the run"]
            .map(|when| DiskProbe { when: when.to_owned(), latency });
        let machine = Machine {
            cpu_model: "Example CPU".to_owned(),
            cores: 2,
            memory_bytes: 24 << 30,
            kernel: "6.18.0".to_owned(),
        };
        let figures = Figures::new(disk.into(), samples, errors, 300 << 20);
        Figures { machine, ..figures }
    }
}
