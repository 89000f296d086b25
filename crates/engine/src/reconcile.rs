//! Comparing what the ledger has with what others say, of more rows than memory holds.

mod duplicates;
mod spill;

pub use duplicates::Duplicates;
