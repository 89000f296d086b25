//! Runs commands: a thread for each writer of the store, one loop, one transaction per batch.
//!
//! Invariant: nothing but [`run_batch`] changes state, and it has one way in: a [`Command`].

pub mod accountant;
mod batch;
mod clock;
mod command;
pub mod effects;
mod fresh;
mod handle;
pub mod imports;
pub mod limits;
pub mod queries;
pub mod reconcile;
mod routes;
mod runner;
mod silence;
#[cfg(test)]
mod testing;
mod timers;
mod watch;

pub use accountant::run_accountant;
pub use batch::{Reply, run_batch, run_work};
pub use clock::{Clock, Randomness, VirtualClock};
pub use command::{Command, Decision, Verb, Work};
pub use effects::{Courier, Days, Desk, Office, Transport, Vault, run_courier, run_desk};
pub use handle::{Failure, Figures, Handle, SubmitError, Threads, spawn};
pub use queries::Queries;
pub use runner::Runner;
pub use silence::Silence;
pub use timers::{run_due, run_timers};
pub use watch::run_watch;
// What a query is written with: surfaces know how to read rows, not where they are kept.
pub use store::{Part, Reader, StoreError};
