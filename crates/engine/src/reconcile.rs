//! Comparing what the ledger has with what others say, of more rows than memory holds.

mod after_import;
mod batch;
mod duplicates;
mod journal;
mod psp;
mod run;
mod sides;
mod spill;
#[cfg(test)]
mod tests;

pub use after_import::{compare_waiting, run_comparisons};
pub use batch::{Room, files_of_batch, reconcile_batch, row_of_file};
pub use duplicates::Duplicates;
pub use psp::{PspDay, PspReport, reconcile_psp};
pub use run::{NotReconciled, begin_reconciliation};
