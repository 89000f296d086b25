//! What was measured, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bench::probe::Machine;
use bench::report::Table;
use serde::Serialize;

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) small: Measured,
    pub(super) large: Measured,
    pub(super) machine: Machine,
}

/// What one day came to.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// Reading the file alone, line by line.
    pub(super) reading: Speed,
    /// Reading it to its end as the server does before it keeps anything.
    pub(super) checking: Speed,
    /// From the first byte sent to its acceptance.
    pub(super) taking_in: Speed,
    /// From the first byte sent until its last row was applied.
    pub(super) applying: Speed,
    /// Comparing the ledger with it afterwards.
    pub(super) comparing: Speed,
    /// The server's.
    pub(super) memory: Memory,
    /// The faults that were found, all of them as what they were planted.
    pub(super) classified: BTreeMap<String, u64>,
}

/// How fast something was.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Speed {
    ms: u64,
    rows_per_second: u64,
}

/// The most memory of the server, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Memory {
    /// Before the file came.
    pub(super) before: u64,
    /// Until it was applied and compared.
    pub(super) peak: u64,
}

impl Speed {
    pub(super) fn new(rows: u64, took: Duration) -> Speed {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let per_second = rows.saturating_mul(1_000_000).checked_div(us).unwrap_or(0);
        Speed { ms: us / 1_000, rows_per_second: per_second }
    }

    /// As hundredths of another speed.
    fn of(self, other: Speed) -> String {
        let thousandths = self.rows_per_second.saturating_mul(1_000);
        let ratio = thousandths.checked_div(other.rows_per_second.max(1)).unwrap_or(0);
        format!("{}.{:03}", ratio / 1_000, ratio % 1_000)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for day in [&self.small, &self.large] {
            day.fmt(out)?;
        }
        writeln!(
            out,
            "Memory is the server's. A file ten times as long must not need ten times as much.\n\
             Compare the ratios between machines, not the rows."
        )
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| format!("{} MiB", bytes / (1 << 20));
        writeln!(out, "{} rows, {}\n", self.rows, mib(self.bytes))?;
        let mut table = Table::new(1, &["", "seconds", "rows/s", "of reading alone"]);
        for (name, speed) in [
            ("reading the file alone", self.reading),
            ("checking it", self.checking),
            ("taking it in", self.taking_in),
            ("taking it in and applying it", self.applying),
            ("comparing the ledger with it", self.comparing),
        ] {
            table.row(vec![
                name.to_owned(),
                format!("{}.{:03}", speed.ms / 1_000, speed.ms % 1_000),
                speed.rows_per_second.to_string(),
                speed.of(self.reading),
            ]);
        }
        writeln!(out, "{table}")?;
        let Memory { before, peak } = self.memory;
        writeln!(out, "memory at most {}, before {}", mib(peak), mib(before))?;
        let found: Vec<String> =
            self.classified.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        writeln!(out, "found, as planted, and nothing else: {}\n", found.join(", "))
    }
}
