//! Acquirers' files: read to their end and found to be in order, kept in the store, promised, and
//! applied chunk by chunk.
//!
//! Invariant: what was accepted is applied, once, whatever happens in between: the file itself says
//! which chunk is next, and that moves in the commit that applies one.

mod apply;
mod check;
mod keep;

pub(crate) use apply::placed_rows;
pub use apply::{NotApplied, apply_waiting, run_imports};
pub use check::{Checked, Faults, NotChecked, check};
pub use keep::{Begin, keep};

#[cfg(test)]
mod tests;
