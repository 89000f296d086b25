//! The comparison that follows an import: when an acquirer's file is applied, the ledger is
//! compared with its batch, without anybody's asking.
//!
//! A file awaits its comparison from the commit that ends applying it until the one that ends the
//! comparison. So what a crash cuts off is made again, and what was made is not.

use std::collections::BTreeSet;
use std::pin::pin;

use clearing::file::FILES_TO_COMPARE;
use clearing::{AcquirerFile, BeginReconciliation};
use store::{Part, Reader, StoreError, TURN};

use super::batch::{Room, files_of_batch, reconcile_batch};
use super::run::{NotReconciled, begin_reconciliation};
use crate::handle::Handle;
use crate::limits::{COMPARISON_INTERVAL, COMPARISON_INTERVAL_AFTER_FAILURE, FILES_LOOKED_AT_MAX};
use crate::queries::Queries;

/// The duty of comparing what was imported.
const DUTY: &str = "comparisons";

/// Compares for ever what awaits it.
pub async fn run_comparisons(engine: Handle, queries: Queries, room: Room) {
    let mut failure = None;
    loop {
        let outcome = compare_waiting(&engine, &queries, &room).await;
        let error = outcome.as_ref().err().map(ToString::to_string);
        // An outage is told once, not every time that it is tried.
        match &outcome {
            Ok(0) => {}
            Ok(batches) => tracing::info!(batches, "compared the ledger with acquirers' files"),
            Err(_) if failure == error => {}
            Err(error) => {
                tracing::warn!(%error, "could not compare an acquirer's file; will try again");
            }
        }
        failure = error;
        let is_failed = failure.is_some();
        let pause = if is_failed { COMPARISON_INTERVAL_AFTER_FAILURE } else { COMPARISON_INTERVAL };
        tokio::time::sleep(pause).await;
    }
}

/// Compares the ledger with each batch that has a file which awaits it, and says with how many. A
/// batch of which a file is being applied is left for later.
///
/// # Errors
/// The first failure. What is left is found again by the next call.
pub async fn compare_waiting(
    engine: &Handle,
    queries: &Queries,
    room: &Room,
) -> Result<usize, NotReconciled> {
    let mut compared = 0_usize;
    for file in queries.read(waiting).await? {
        if queries.take_turn(DUTY).await?.is_none() {
            break;
        }
        let (begun, _) = begin_reconciliation(engine, BeginReconciliation::after(&file)).await?;
        let batch = file.identity.batch;
        let run = reconcile_batch(engine.clone(), queries, room.clone(), batch, begun);
        match keeping_turn(queries, run).await {
            Ok(_) => compared = compared.saturating_add(1),
            // Another file of the batch has come meanwhile.
            Err(NotReconciled::BatchNotApplied) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(compared)
}

/// A file of each batch that can be compared.
fn waiting(reader: &mut dyn Reader) -> Result<Vec<AcquirerFile>, StoreError> {
    let found = reader.documents(FILES_TO_COMPARE, Part::After(0), FILES_LOOKED_AT_MAX)?;
    let (mut batches, mut files) = (BTreeSet::new(), Vec::new());
    for file in found.iter().filter_map(AcquirerFile::of) {
        if !batches.insert(file.identity.batch.clone()) {
            continue;
        }
        match files_of_batch(reader, &file.identity.batch) {
            Ok(_) => files.push(file),
            Err(NotReconciled::Store(error)) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(files)
}

/// Keeps the turn while something is done. Where it is lost all the same, two nodes compare:
/// neither finds anything twice.
async fn keeping_turn<T>(queries: &Queries, work: impl Future<Output = T>) -> T {
    let (mut work, often) = (pin!(work), TURN.checked_div(3).unwrap_or(TURN));
    loop {
        match tokio::time::timeout(often, &mut work).await {
            Ok(done) => return done,
            Err(_) => drop(queries.take_turn(DUTY).await),
        }
    }
}
