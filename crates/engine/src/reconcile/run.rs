//! One run of a comparison: begun by a commit, its findings put on the list of exceptions by
//! others, ended by one. A run that is cut off may be made again.

use std::io;

use clearing::limits::RAISED_AT_ONCE_MAX;
use clearing::matching::Finding;
use clearing::reconciliation::{Fees, Sums, count};
use clearing::{
    BeginReconciliation, Command, EndReconciliation, NewException, Outcome, RaiseFindings,
    Reconciliation, Refusal,
};
use store::StoreError;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::sides::Sides;
use crate::handle::{Handle, SubmitError};

/// Only one comparison is made at a time in a process; others wait for it.
static TURNS: Semaphore = Semaphore::const_new(1);

/// Why a comparison was not made. What it has found until then stays on the list of exceptions.
#[derive(Debug, thiserror::Error)]
pub enum NotReconciled {
    /// No file of the batch was accepted.
    #[error("no acquirer's file of the batch is there")]
    BatchNotFound,
    /// A file of the batch is not applied to its end.
    #[error("a file of the batch is being applied")]
    BatchNotApplied,
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] StoreError),
    /// The disk could not be written or read: it may be full.
    #[error("the disk has no room for what is compared, or does not work")]
    Disk(#[from] io::Error),
    /// A commit was not made.
    #[error("a commit was not made")]
    Submit(#[from] SubmitError<Refusal>),
}

/// Waits until no other comparison is made.
pub(super) async fn turn() -> Result<SemaphorePermit<'static>, NotReconciled> {
    TURNS.acquire().await.map_err(|_| NotReconciled::Store(StoreError::NotCommitted))
}

/// Begins a comparison. `true` where the request is a repeat: where the comparison has ended too,
/// nothing is left to do.
///
/// # Errors
/// When the commit is not made.
pub async fn begin_reconciliation(
    engine: &Handle,
    command: BeginReconciliation,
) -> Result<(Reconciliation, bool), SubmitError<Refusal>> {
    let answer = engine.submit(Command::BeginReconciliation(command)).await?;
    let Outcome::Reconciliation(found) = answer.done else { return Err(SubmitError::Bug) };
    Ok((*found, answer.replayed))
}

/// What is compared, and what the end of the comparison tells besides.
pub(super) struct Compared {
    /// Both sides.
    pub(super) sides: Sides,
    /// The acquirer's files that it is made with.
    pub(super) files: Vec<i64>,
    /// What a PSP says that it has kept.
    pub(super) fees: Fees,
}

/// Compares both sides, and ends the comparison. Blocks.
pub(super) fn conclude(
    engine: &Handle,
    begun: &Reconciliation,
    compared: Compared,
) -> Result<Reconciliation, NotReconciled> {
    let Compared { sides, files, fees } = compared;
    let (mut sums, mut found) = (Sums::new(), Vec::new());
    sides.compare(|findings: Vec<Finding>| {
        for finding in &findings {
            count(&mut sums, finding);
            found.extend(begun.scope.exception(finding));
            if found.len() >= RAISED_AT_ONCE_MAX {
                raise(engine, std::mem::take(&mut found))?;
            }
        }
        Ok::<(), NotReconciled>(())
    })?;
    if !found.is_empty() {
        raise(engine, found)?;
    }
    let command = EndReconciliation { reconciliation: begun.number, sums, fees, files };
    let answer = engine.submit_blocking(Command::EndReconciliation(command))?;
    let Outcome::Reconciliation(found) = answer.done else { return Err(SubmitError::Bug.into()) };
    Ok(*found)
}

fn raise(engine: &Handle, findings: Vec<NewException>) -> Result<(), NotReconciled> {
    engine.submit_blocking(Command::RaiseFindings(RaiseFindings { findings }))?;
    Ok(())
}
