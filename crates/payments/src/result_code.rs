//! Result codes: what payments v3 answers in a word, `ddd.ddd.ddd`, and what kind of news it is.
//!
//! Invariant: a [`ResultCode`] is one of the published codes. A code's group follows from its first
//! digits by the published patterns, tried in one order, since some of them overlap.

mod group;
mod known;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub use group::{Group, Standing};

/// A published result code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultCode(&'static str);

/// A line of the published list.
struct Row {
    code: &'static str,
    description: &'static str,
}

const LIST: &str = include_str!("../data/result-codes.tsv");

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    LIST.lines().filter(|line| !line.starts_with('#')).filter_map(read_row).collect()
});

impl ResultCode {
    /// Reads a code. `None` where the text is none of the published codes.
    pub fn parse(text: &str) -> Option<ResultCode> {
        row(text).map(|row| ResultCode(row.code))
    }

    /// All of them, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = ResultCode> {
        ROWS.iter().map(|row| ResultCode(row.code))
    }

    /// The code as it is written, `800.100.153`.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// What it means, in the published words.
    pub fn description(self) -> &'static str {
        row(self.0).map_or("", |row| row.description)
    }

    /// The group it belongs to.
    pub fn group(self) -> Group {
        Group::of(self.0)
    }

    /// What it says of a payment.
    pub fn standing(self) -> Standing {
        self.group().standing()
    }
}

impl std::fmt::Display for ResultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::fmt::Debug for ResultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResultCode({})", self.0)
    }
}

fn row(code: &str) -> Option<&'static Row> {
    let place = ROWS.binary_search_by(|row| row.code.cmp(code)).ok()?;
    ROWS.get(place)
}

fn read_row(line: &'static str) -> Option<Row> {
    let mut cells = line.splitn(4, '\t');
    let code = cells.next()?;
    Some(Row { code, description: cells.nth(2)? })
}
