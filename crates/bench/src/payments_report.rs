//! The report of `kassa bench payments`, as a text for people and as JSON for machines.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::figures::{Figures, PaceTaken, compare, mebibytes};
use crate::payments::PaymentsOptions;
use crate::report::{Table, cell, float, ratio};
use crate::rounds::{Phase, Sample};

/// How much longer the others may take beside a PSP that hangs, at the 99th percentile.
const OTHERS_P99_MAX: f64 = 1.20;

/// Everything that one run found. Serialized, it is the JSON form.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentsReport {
    /// What was asked for.
    pub settings: PaymentsSettings,
    /// What the phases found.
    #[serde(flatten)]
    pub figures: Figures,
    /// The payments at the PSP that hangs, round by round.
    pub storms: Vec<StormFigures>,
    /// Medians over the rounds.
    pub comparisons: Vec<PaymentComparison>,
}

/// The options that shaped the figures.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentsSettings {
    /// Payments a second at the other PSP.
    pub others_per_second: f64,
    /// Tills with one Swish payment each.
    pub tills: usize,
    /// Payments at once at the PSP that hangs, at least.
    pub in_flight: u64,
    /// How long that one holds each answer, in seconds.
    pub latency_seconds: f64,
    /// How long its payers take, in seconds.
    pub payer_seconds: f64,
    /// How the figures were taken.
    #[serde(flatten)]
    pub pace: PaceTaken,
}

/// The payments of one round at the PSP that hangs.
#[derive(Clone, Debug, Serialize)]
pub struct StormFigures {
    /// The round.
    pub round: u32,
    /// Payments that were undecided when the others had been measured beside them, at least.
    pub undecided: u64,
    /// Payments that were begun in all.
    pub payments: u64,
    /// How many of them ended FINALIZED.
    pub finalized: u64,
    /// Until the last one did, from when the PSP held its answers no more.
    pub settled_seconds: f64,
    /// The server's peak resident memory while the others were alone, in bytes.
    pub memory_alone_bytes: u64,
    /// The same while the PSP hung.
    pub memory_beside_bytes: u64,
}

/// One figure over another.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentComparison {
    /// Which.
    pub what: Compared,
    /// The median of the rounds, unless its name says otherwise.
    pub ratio: Option<f64>,
    /// What it shall not be above.
    pub aim_max: Option<f64>,
    /// Whether it is not.
    pub meets_aim: Option<bool>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// The others' 99th percentile beside a PSP that hangs, over theirs alone.
    OthersP99,
    /// Their payments a second, likewise.
    OthersThroughput,
    /// The server's highest peak of memory while a PSP hung, over the one before the first time.
    Memory,
    /// Swish payments a second, over what the stand-in takes by itself.
    SwishPayments,
}

impl Compared {
    fn name(self) -> &'static str {
        match self {
            Compared::OthersP99 => "others' p99, beside over alone",
            Compared::OthersThroughput => "others' payments a second, beside over alone",
            Compared::Memory => "memory, highest beside over first alone",
            Compared::SwishPayments => "Swish payments a second over the ceiling",
        }
    }
}

impl PaymentsSettings {
    pub(crate) fn of(options: &PaymentsOptions, payer_time: Duration) -> PaymentsSettings {
        PaymentsSettings {
            others_per_second: options.rate,
            tills: options.tills,
            in_flight: options.in_flight,
            latency_seconds: options.latency.as_secs_f64(),
            payer_seconds: payer_time.as_secs_f64(),
            pace: PaceTaken::of(&options.pace),
        }
    }
}

impl PaymentComparison {
    fn free(what: Compared, ratio: Option<f64>) -> PaymentComparison {
        PaymentComparison { what, ratio, aim_max: None, meets_aim: None }
    }

    fn with_aim(what: Compared, ratio: Option<f64>, aim_max: f64) -> PaymentComparison {
        let meets_aim = ratio.map(|ratio| ratio <= aim_max);
        PaymentComparison { what, ratio, aim_max: Some(aim_max), meets_aim }
    }
}

impl PaymentsReport {
    pub(crate) fn new(
        settings: PaymentsSettings,
        figures: Figures,
        samples: &[Sample],
        storms: Vec<StormFigures>,
    ) -> PaymentsReport {
        let all: Vec<&Sample> = samples.iter().collect();
        let beside = (Phase::OthersBeside, Phase::OthersAlone);
        let p99 = compare(&all, beside, |sample| Some(float(sample.latency.p99_us)));
        let speed: fn(&Sample) -> Option<f64> = |sample| Some(sample.requests_per_second);
        let to_ceiling = compare(&all, (Phase::SwishPayments, Phase::Ceiling), speed);
        let highest = storms.iter().map(|storm| storm.memory_beside_bytes).max();
        let first = storms.first().map(|storm| storm.memory_alone_bytes);
        let memory = highest.zip(first);
        let memory = memory.and_then(|(highest, first)| ratio(float(highest), float(first)));
        // The peak was forgotten in between.
        let peak = figures.peak_memory_bytes.max(highest.unwrap_or(0));
        let comparisons = vec![
            PaymentComparison::with_aim(Compared::OthersP99, p99, OTHERS_P99_MAX),
            PaymentComparison::free(Compared::OthersThroughput, compare(&all, beside, speed)),
            PaymentComparison::free(Compared::Memory, memory),
            PaymentComparison::free(Compared::SwishPayments, to_ceiling),
        ];
        let figures = Figures { peak_memory_bytes: peak, ..figures };
        PaymentsReport { settings, figures, storms, comparisons }
    }
}

impl fmt::Display for PaymentsReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PaymentsSettings { others_per_second, in_flight, .. } = &self.settings;
        let PaymentsSettings { tills, latency_seconds, payer_seconds, .. } = &self.settings;
        let store = "one merchant with agreements; all its PSPs are stand-ins beside the load \
                     generator, on the same cores";
        let pace = self.settings.pace;
        self.figures.write_setting(out, ("Payments over PSPs", store), pace)?;
        writeln!(
            out,
            "Others: {others_per_second} payments a second at Nets Easy, by a fixed schedule well \
             below what the machine can do\n\
             Swish: {tills} tills; hanging: {latency_seconds} s for each answer, {in_flight} \
             payments or more at once, each payer takes {payer_seconds} s"
        )?;
        self.figures.write_rows(out)?;
        self.write_storms(out)?;
        self.write_comparisons(out)?;
        self.figures.write_end(out, PHASES)?;
        write!(out, "{COLUMNS}")
    }
}

impl PaymentsReport {
    fn write_storms(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings =
            ["round", "undecided", "begun", "FINALIZED", "after s", "MiB alone", "MiB beside"];
        let mut table = Table::new(0, &headings);
        for storm in &self.storms {
            table.row(vec![
                storm.round.to_string(),
                storm.undecided.to_string(),
                storm.payments.to_string(),
                storm.finalized.to_string(),
                cell(Some(storm.settled_seconds), 1),
                mebibytes(storm.memory_alone_bytes),
                mebibytes(storm.memory_beside_bytes),
            ]);
        }
        write!(out, "\n{table}")?;
        let in_flight = self.settings.in_flight;
        for StormFigures { round, undecided, payments, finalized, .. } in &self.storms {
            if undecided < &in_flight {
                writeln!(
                    out,
                    "\n!!! ROUND {round}: LESS THAN {in_flight} WERE SURELY UNDECIDED !!!"
                )?;
            }
            if finalized < payments {
                let lost = payments.saturating_sub(*finalized);
                writeln!(out, "\n!!! ROUND {round}: {lost} PAYMENTS DID NOT END FINALIZED !!!")?;
            }
        }
        Ok(())
    }

    fn write_comparisons(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(1, &["comparison", "ratio", "aim", ""]);
        for PaymentComparison { what, ratio, aim_max, meets_aim } in &self.comparisons {
            let aim = aim_max.map_or_else(|| "-".to_owned(), |aim| format!("<= {aim:.2}"));
            let verdict = match meets_aim {
                Some(true) => "meets its aim",
                Some(false) => "misses its aim",
                None => "",
            };
            table.row(vec![what.name().to_owned(), cell(*ratio, 2), aim, verdict.to_owned()]);
        }
        write!(out, "\n{table}")
    }
}

const PHASES: &str = "\
ceiling: payment requests to Swish's stand-in directly, of which it calls nobody back;
              Swish payments: tills, each asking for a payment whose payer pays at once and looking
              every 50 ms until it is FINALIZED: that is what counts, and its latency; the server
              calls the stand-in twice for it and is called back, which takes up to 20 ms; others
              alone: payments at Nets Easy by a fixed schedule, until initialize is answered, which
              waits for the stand-in; others beside: the same while Swish hangs. Their rate is
              low, so that p99 tells of isolation and not of a machine that is full, and their
              ratio to the ceiling tells nothing";

const COLUMNS: &str = "
The payments at the Swish that hangs
  undecided   those that nobody could have decided when the others had been measured: all that were
              begun no longer ago than a payer takes
  begun       as many as were wanted, before the others were measured; while they are, an eighth of
              the tills goes on, so that there are always some that wait for an answer
  FINALIZED   how many ended so
  after s     seconds from when the stand-in holds no answer any more until the last one was; up to
              as long as a payer takes they are the payers'
  MiB         peak resident memory of the server in either time

The stand-ins run in the load generator's process: its column counts both.
";

#[cfg(test)]
mod tests {
    use expect_test::{expect, expect_file};

    use super::*;
    use crate::figures::tests::{figures, pace, sample};
    use crate::load::{Errors, Latency};

    fn storm(round: u32) -> StormFigures {
        StormFigures {
            round,
            undecided: 2_310,
            payments: 2_320,
            finalized: 2_320,
            settled_seconds: 21.25,
            memory_alone_bytes: 60 << 20,
            memory_beside_bytes: (70 + u64::from(round)) << 20,
        }
    }

    fn report(beside_p99_us: u64, storms: Vec<StormFigures>) -> PaymentsReport {
        let mut samples = Vec::new();
        for round in 1..=2 {
            samples.push(sample(round, 128, Phase::Ceiling, 10_000.0));
            samples.push(sample(round, 128, Phase::SwishPayments, 1_500.0));
            samples.push(sample(round, 32, Phase::OthersAlone, 200.0));
            let beside = sample(round, 32, Phase::OthersBeside, 200.0);
            let latency = Latency { p99_us: beside_p99_us, ..beside.latency };
            samples.push(Sample { latency, ..beside });
        }
        let settings = PaymentsSettings {
            others_per_second: 200.0,
            tills: 128,
            in_flight: 2_000,
            latency_seconds: 5.0,
            payer_seconds: 21.0,
            pace: pace(),
        };
        PaymentsReport::new(settings, figures(&samples, Errors::default()), &samples, storms)
    }

    #[test]
    fn people_read_tables() {
        let report = report(2_100, vec![storm(1), storm(2)]);
        expect_file!["../snapshots/payments_report.txt"].assert_eq(&report.to_string());
    }

    #[test]
    fn what_goes_wrong_is_shouted() {
        let lost = StormFigures { undecided: 1_999, finalized: 2_300, ..storm(2) };
        let text = report(4_000, vec![storm(1), lost]).to_string();
        let loud = |line: &&str| line.starts_with("!!!") || line.contains(" its aim");
        let loud: Vec<&str> = text.lines().filter(loud).collect();
        expect![[r"
            !!! ROUND 2: LESS THAN 2000 WERE SURELY UNDECIDED !!!
            !!! ROUND 2: 20 PAYMENTS DID NOT END FINALIZED !!!
            others' p99, beside over alone                 2.00  <= 1.20  misses its aim"]]
        .assert_eq(&loud.join("\n"));
    }

    #[test]
    fn machines_read_json() {
        let mut report = report(2_100, vec![storm(1)]);
        report.figures.rows.truncate(1);
        report.figures.disk.truncate(1);
        expect_file!["../snapshots/payments_report.json"]
            .assert_eq(&serde_json::to_string_pretty(&report).unwrap());
    }
}
