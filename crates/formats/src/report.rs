//! Settlement reports of PSPs: tables with separators, read as a [`Mapping`] says.
//!
//! No two PSPs have the same columns, and they change them. So the columns are declared by who
//! imports the report, and kept with the import. `docs/formats/psp-reports.md` explains the text.

pub(crate) mod csv;
mod error;
mod mapping;
mod read;
#[cfg(test)]
mod tests;

use ledger::transaction::Direction;
use ledger::{Currency, Date};

pub use error::{ReportError, ReportReason};
pub use mapping::{Mapping, MappingError};
pub use read::{ReportGroup, ReportLine, ReportReader, ReportSummary};

/// A line of a report that says something of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The line of the file where it begins, from 1.
    pub line: u64,
    /// What the merchant or we call the payment or refund; empty only for a fee.
    pub reference: String,
    /// What it is.
    pub kind: ItemKind,
    /// Credit is to the merchant, debit from the merchant.
    pub direction: Direction,
    /// How much, in minor units: never negative.
    pub amount_minor: i64,
    /// What the PSP has kept of it, in minor units, where the report has a column of it; below zero
    /// is what it gave back.
    pub kept_minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The day, where the report has a column of it.
    pub date: Option<Date>,
}

/// What a line of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// Money from a payer.
    Payment,
    /// Money back to a payer.
    Refund,
    /// What the PSP keeps.
    Fee,
}

impl ItemKind {
    /// All kinds.
    pub const ALL: [ItemKind; 3] = [ItemKind::Payment, ItemKind::Refund, ItemKind::Fee];

    /// The word used in mappings and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            ItemKind::Payment => "payment",
            ItemKind::Refund => "refund",
            ItemKind::Fee => "fee",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<ItemKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
