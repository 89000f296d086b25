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

use super::batch::{Room, compare_batch, files_of_batch};
use super::run::{NotReconciled, begin_reconciliation, turn};
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
/// The first failure, once all have been tried. What is left is found again by the next call.
pub async fn compare_waiting(
    engine: &Handle,
    queries: &Queries,
    room: &Room,
) -> Result<usize, NotReconciled> {
    let (mut compared, mut failure) = (0_usize, None);
    for batch in queries.read(batches_waiting).await? {
        if queries.take_turn(DUTY).await?.is_none() {
            break;
        }
        match keeping_turn(queries, compare(engine, queries, room, batch)).await {
            Ok(is_compared) => compared = compared.saturating_add(usize::from(is_compared)),
            // What is wrong with one batch keeps no other one from being compared.
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(compared), Err)
}

/// Compares the ledger with a batch once no other comparison is made here. `false` where that is
/// not wanted any more, or not possible yet.
async fn compare(
    engine: &Handle,
    queries: &Queries,
    room: &Room,
    batch: String,
) -> Result<bool, NotReconciled> {
    let turn = turn().await?;
    // What was made meanwhile may have been this one.
    let of_batch = batch.clone();
    let file = queries.read(move |reader| file_waiting(reader, &of_batch)).await?;
    let Some(file) = file else { return Ok(false) };
    let (begun, _) = begin_reconciliation(engine, BeginReconciliation::after(&file)).await?;
    let ended = compare_batch(engine.clone(), queries, room.clone(), batch, begun).await;
    drop(turn);
    match ended {
        Ok(_) => Ok(true),
        // Another file of the batch has come meanwhile.
        Err(NotReconciled::BatchNotApplied) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The batches of files that await a comparison.
fn batches_waiting(reader: &mut dyn Reader) -> Result<BTreeSet<String>, StoreError> {
    let found = reader.documents(FILES_TO_COMPARE, Part::After(0), FILES_LOOKED_AT_MAX)?;
    Ok(found.iter().filter_map(AcquirerFile::of).map(|file| file.identity.batch).collect())
}

/// A file of a batch that awaits a comparison which can be made.
fn file_waiting(reader: &mut dyn Reader, batch: &str) -> Result<Option<AcquirerFile>, StoreError> {
    match files_of_batch(reader, batch) {
        Ok(files) => Ok(files.into_iter().find(|file| file.awaits_comparison)),
        Err(NotReconciled::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
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
