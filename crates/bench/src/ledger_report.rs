//! The report of `kassa bench ledger`, as a text for people and as JSON for machines.

use std::fmt;

use serde::Serialize;

use crate::figures::{Figures, PaceTaken, compare, connections_of, with_connections};
use crate::ledger::LedgerOptions;
use crate::report::{Table, cell};
use crate::rounds::{Phase, Sample};

/// Everything that one run found. Serialized, it is the JSON form.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerReport {
    /// What was asked for.
    pub settings: Settings,
    /// What the phases found.
    #[serde(flatten)]
    pub figures: Figures,
    /// One for each number of connections; medians over the rounds.
    pub comparisons: Vec<Comparison>,
}

/// The options that shaped the figures.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Accounts in the store.
    pub accounts: u64,
    /// Cards in the store.
    pub cards: u64,
    /// How the figures were taken.
    #[serde(flatten)]
    pub pace: PaceTaken,
    /// The open loop's share of the closed loop's rate.
    pub open_loop_share: f64,
}

impl Settings {
    pub(crate) fn of(options: &LedgerOptions) -> Settings {
        let LedgerOptions { accounts, cards, pace } = options;
        Settings {
            accounts: *accounts,
            cards: *cards,
            pace: PaceTaken::of(pace),
            open_loop_share: pace.open_loop_share,
        }
    }
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
    pub(crate) fn new(settings: Settings, figures: Figures, samples: &[Sample]) -> LedgerReport {
        let comparisons = connections_of(samples).into_iter().map(|connections| {
            Comparison::of(connections, &with_connections(samples, connections))
        });
        LedgerReport { settings, figures, comparisons: comparisons.collect() }
    }
}

impl Comparison {
    fn of(connections: usize, samples: &[&Sample]) -> Comparison {
        let throughput = |sample: &Sample| Some(sample.requests_per_second);
        let cpu = |sample: &Sample| sample.server_cpu_seconds_per_100k;
        let to_authorizations =
            |phase| compare(samples, (phase, Phase::Authorizations), throughput);
        Comparison {
            connections,
            hot_account_to_uniform: to_authorizations(Phase::HotAccount),
            captures_to_authorizations: to_authorizations(Phase::Captures),
            mix_to_authorizations: to_authorizations(Phase::Mix),
            cpu_to_ceiling: compare(samples, (Phase::Authorizations, Phase::Ceiling), cpu),
        }
    }
}

impl fmt::Display for LedgerReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { accounts, cards, pace, .. } = &self.settings;
        let store = format!("{accounts} accounts, {cards} cards");
        self.figures.write_setting(out, ("Card ledger", &store), *pace)?;
        self.figures.write_rows(out)?;
        self.write_comparisons(out)?;
        let phases = format!(
            "ceiling: the authorizations' requests and answers by the same server, without engine
              and store; mix: authorizations and captures in turn; hot account: authorizations on
              one account; open loop: authorizations that arrive by a fixed schedule, at {} of
              the closed loop's rate. The others are closed loops.",
            self.settings.open_loop_share
        );
        self.figures.write_end(out, &phases)
    }
}

impl LedgerReport {
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
}

#[cfg(test)]
mod tests {
    use expect_test::{expect, expect_file};

    use super::*;
    use crate::figures::tests::{figures, pace, sample};
    use crate::ledger::tests::PHASES;
    use crate::load::Errors;

    fn report(errors: Errors) -> LedgerReport {
        let speeds = [100_000.0, 40_000.0, 44_000.0, 42_000.0, 38_000.0, 20_000.0];
        let mut samples = Vec::new();
        for round in 1..=2 {
            for connections in [64, 256] {
                for (phase, speed) in PHASES.into_iter().zip(speeds) {
                    let speed = if round == 1 { speed } else { speed * 1.1 };
                    samples.push(sample(round, connections, phase, speed));
                }
            }
        }
        let settings =
            Settings { accounts: 100_000, cards: 1_000_000, pace: pace(), open_loop_share: 0.5 };
        LedgerReport::new(settings, figures(&samples, errors), &samples)
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
        report.figures.rows.truncate(1);
        report.comparisons.truncate(1);
        report.figures.disk.truncate(1);
        expect_file!["../snapshots/ledger_report.json"]
            .assert_eq(&serde_json::to_string_pretty(&report).unwrap());
    }
}
