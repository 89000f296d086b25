//! Reading a report: bytes are pushed in as they come, items are asked for.
//!
//! Invariant: no more is kept than what was fed and not yet asked for, and one record.

use super::error::ReportError;
use super::mapping::Mapping;
use super::{Item, ItemKind};
use ledger::Currency;
use ledger::transaction::Direction;

/// Reads a report piece by piece, in the way of [`crate::rkha21::Reader`].
#[derive(Debug)]
pub struct ReportReader<'m> {
    mapping: &'m Mapping,
}

/// What a line turned out to be. Lines that the mapping ignores are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportLine {
    /// Something of money.
    Item(Item),
    /// A fault.
    Error(ReportError),
}

/// What a report comes to, once it was read to its end without a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSummary {
    /// How many items.
    pub items: u64,
    /// How many lines the mapping ignores.
    pub ignored: u64,
    /// For each kind, direction and currency: how many items, and their sum in minor units.
    pub groups: Vec<(ItemKind, Direction, Currency, u64, i64)>,
}

impl<'m> ReportReader<'m> {
    /// A reader at the beginning of a report.
    pub fn new(mapping: &'m Mapping) -> ReportReader<'m> {
        ReportReader { mapping }
    }

    /// Takes the next bytes of the report, however many.
    pub fn feed(&mut self, bytes: &[u8]) {
        let _ = (bytes, self.mapping);
    }

    /// Says that there are no more bytes.
    pub fn close(&mut self) {}

    /// The next item or fault; none when more bytes are needed or the report is at its end.
    pub fn next_line(&mut self) -> Option<ReportLine> {
        None
    }

    /// How many faults there were so far.
    pub fn errors(&self) -> u64 {
        0
    }

    /// What the report comes to: none unless it was closed, asked for its last line, and whole.
    pub fn summary(&self) -> Option<ReportSummary> {
        None
    }
}
