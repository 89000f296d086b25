//! Runs commands: one thread, one loop, one transaction per batch.
//!
//! Invariant: nothing but [`run_batch`] changes state, and it has one way in: a [`Command`].

mod batch;
mod clock;
mod command;
mod handle;
pub mod limits;
pub mod queries;
mod runner;
mod timers;

pub use batch::{Reply, run_batch};
pub use clock::{Clock, Randomness, VirtualClock};
pub use command::Command;
pub use handle::{Figures, Handle, SubmitError, spawn};
pub use queries::Queries;
pub use runner::Runner;
pub use timers::{run_due, run_timers};
// What a query is written with: surfaces know how to read rows, not where they are kept.
pub use store::{Reader, StoreError};
