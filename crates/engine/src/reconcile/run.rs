//! One run of a comparison: begun by a commit, its findings put on the list of exceptions by
//! others, ended by one. A run that is cut off may be made again.

use std::collections::BTreeMap;
use std::io;

use clearing::exception::{Exception, Origin};
use clearing::limits::RAISED_AT_ONCE_MAX;
use clearing::matching::Finding;
use clearing::reconciliation::{Fees, Sums, count};
use clearing::{
    BeginReconciliation, Command, EndReconciliation, NewException, Outcome, RaiseFindings,
    Reconciliation, Refusal, Remedy, ResolveException, Scope,
};
use store::{Part, Reader, StoreError};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::sides::Sides;
use crate::handle::{Handle, SubmitError};
use crate::limits::{EARLIER_FINDINGS_MAX, PAGE_ITEMS_MAX};

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
    /// What earlier runs have found, where it is gone if this one does not find it.
    pub(super) earlier: Earlier,
}

/// Open exceptions of a comparison, by the names by which they are found.
pub(super) type Earlier = BTreeMap<String, i64>;

/// The open exceptions of earlier runs, the first [`EARLIER_FINDINGS_MAX`] of them.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn earlier(reader: &mut dyn Reader, scope: &Scope) -> Result<Earlier, StoreError> {
    let of_scope = Origin::comparison_list(&scope.name());
    let (mut earlier, mut after) = (Earlier::new(), 0);
    loop {
        let page = reader.documents(&of_scope, Part::After(after), PAGE_ITEMS_MAX)?;
        let exceptions = page.iter().filter_map(Exception::of);
        let open = exceptions.filter(|exception| exception.resolution.is_none());
        earlier.extend(open.map(|exception| (exception.what.origin.name(), exception.number)));
        match page.last() {
            Some(last) if earlier.len() < EARLIER_FINDINGS_MAX => after = last.id.number,
            Some(_) | None => return Ok(earlier),
        }
    }
}

/// Compares both sides, and ends the comparison. Blocks.
pub(super) fn conclude(
    engine: &Handle,
    begun: &Reconciliation,
    compared: Compared,
) -> Result<Reconciliation, NotReconciled> {
    let Compared { sides, files, fees, mut earlier } = compared;
    let (mut sums, mut found) = (Sums::new(), Vec::new());
    sides.compare(|findings: Vec<Finding>| {
        for finding in &findings {
            count(&mut sums, finding);
            let Some(what) = begun.scope.exception(finding) else { continue };
            earlier.remove(&what.origin.name());
            found.push(what);
            if found.len() >= RAISED_AT_ONCE_MAX {
                raise(engine, std::mem::take(&mut found))?;
            }
        }
        Ok::<(), NotReconciled>(())
    })?;
    if !found.is_empty() {
        raise(engine, found)?;
    }
    for exception in earlier.into_values() {
        withdraw(engine, exception, &begun.actor)?;
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

/// Resolves what is not found any more: a later file may have told of it.
fn withdraw(engine: &Handle, exception: i64, actor: &str) -> Result<(), NotReconciled> {
    let command = ResolveException {
        exception,
        remedy: Remedy::Accept,
        note: "A later comparison does not find it any more".to_owned(),
        actor: actor.to_owned(),
        idempotency: None,
    };
    match engine.submit_blocking(Command::ResolveException(Box::new(command))) {
        // Somebody was faster.
        Ok(_) | Err(SubmitError::Refused(Refusal::ExceptionResolved)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
