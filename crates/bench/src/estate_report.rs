//! The report of `kassa bench estate`, as a text for people and as JSON for machines.

use std::fmt;

use serde::Serialize;

use crate::estate::EstateOptions;
use crate::figures::{Figures, PaceTaken, compare, connections_of, with_connections};
use crate::report::{Table, cell};
use crate::rounds::{Phase, Sample};

/// Everything that one run found. Serialized, it is the JSON form.
#[derive(Clone, Debug, Serialize)]
pub struct EstateReport {
    /// What was asked for.
    pub settings: EstateSettings,
    /// What the phases found.
    #[serde(flatten)]
    pub figures: Figures,
    /// One for each number of connections; medians over the rounds.
    pub comparisons: Vec<CallComparison>,
}

/// The options that shaped the figures.
#[derive(Clone, Debug, Serialize)]
pub struct EstateSettings {
    /// Terminals that call.
    pub terminals: u64,
    /// Merchants that they are spread over.
    pub merchants: u64,
    /// Terminals with an update that waits for them.
    pub updates: u64,
    /// How the figures were taken.
    #[serde(flatten)]
    pub pace: PaceTaken,
    /// The open loop's share of the closed loop's rate.
    pub open_loop_share: f64,
}

/// Calls home over the ceiling.
#[derive(Clone, Debug, Serialize)]
pub struct CallComparison {
    /// Connections.
    pub connections: usize,
    /// CPU seconds of the server for a call home over those for a ceiling's answer.
    pub cpu_to_ceiling: Option<f64>,
}

impl EstateSettings {
    pub(crate) fn of(options: &EstateOptions, terminals: u64) -> EstateSettings {
        let EstateOptions { pace, merchants, updates } = options;
        let (merchants, updates) = (*merchants, *updates);
        EstateSettings {
            terminals,
            merchants,
            updates,
            pace: PaceTaken::of(pace),
            open_loop_share: pace.open_loop_share,
        }
    }
}

impl EstateReport {
    pub(crate) fn new(
        settings: EstateSettings,
        figures: Figures,
        samples: &[Sample],
    ) -> EstateReport {
        let cpu = |sample: &Sample| sample.server_cpu_seconds_per_100k;
        let comparisons = connections_of(samples).into_iter().map(|connections| {
            let samples = with_connections(samples, connections);
            let cpu_to_ceiling = compare(&samples, (Phase::CallsHome, Phase::Ceiling), cpu);
            CallComparison { connections, cpu_to_ceiling }
        });
        EstateReport { settings, figures, comparisons: comparisons.collect() }
    }
}

impl fmt::Display for EstateReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EstateSettings { terminals, merchants, updates, pace, .. } = &self.settings;
        let store = format!(
            "{terminals} terminals of {merchants} merchants, {updates} of them with an update to \
             install; one rollout whose stage is full"
        );
        self.figures.write_setting(out, ("Terminals that call home", &store), *pace)?;
        self.figures.write_rows(out)?;
        let mut table = Table::new(0, &["conns", "CPU of call/ceiling"]);
        for CallComparison { connections, cpu_to_ceiling } in &self.comparisons {
            table.row(vec![connections.to_string(), cell(*cpu_to_ceiling, 2)]);
        }
        write!(out, "\n{table}")?;
        let phases = format!(
            "ceiling: the calls' requests, and an answer as long as theirs, by the same server,
              without engine and store; calls home: terminals chosen at random, each as soon as a
              connection is free; open loop: calls that arrive by a fixed schedule, at {} of that
              rate. A terminal calls once an hour: 3.6 million of them make 1 000 calls a second.",
            self.settings.open_loop_share
        );
        self.figures.write_end(out, &phases)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use super::*;
    use crate::figures::tests::{figures, pace, sample};

    fn report() -> EstateReport {
        let speeds = [(Phase::Ceiling, 60_000.0), (Phase::CallsHome, 15_000.0)];
        let of_round = |round| speeds.map(|(phase, speed)| sample(round, 64, phase, speed));
        let samples: Vec<Sample> = (1..=2).flat_map(of_round).collect();
        let settings = EstateSettings {
            terminals: 10_000,
            merchants: 100,
            updates: 1_000,
            pace: pace(),
            open_loop_share: 0.5,
        };
        EstateReport::new(settings, figures(&samples, crate::load::Errors::default()), &samples)
    }

    #[test]
    fn people_read_a_table() {
        expect_file!["../snapshots/estate_report.txt"].assert_eq(&report().to_string());
    }

    #[test]
    fn machines_read_json() {
        let mut report = report();
        report.figures.rows.truncate(1);
        expect_file!["../snapshots/estate_report.json"]
            .assert_eq(&serde_json::to_string_pretty(&report).unwrap());
    }
}
