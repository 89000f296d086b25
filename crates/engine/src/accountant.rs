//! Follows the journal and keeps the sums that settlement is made of: what sellers' days and
//! acquirers' batches came to.
//!
//! It only reads, and submits one command for some thousands of rows; how far it has come is in
//! the store. So a restart, or an installation that is older than its sums, goes on from there.
//! Of many nodes, one at a time does it. Two would do no harm: what one adds the other finds added.

use clearing::tally::{Deltas, JournalMark, Tally};
use clearing::{Command, Outcome};
use ledger::{Position, ReadSet, Row, Timestamp};
use store::{Reader, StoreError};

use crate::handle::{Handle, SubmitError};
use crate::limits::{TALLY_INTERVAL, TALLY_PAUSE, TALLY_ROWS_MAX};
use crate::queries::Queries;

/// The duty of following the journal.
const DUTY: &str = "tally";

type Failure = SubmitError<clearing::Refusal>;

/// Follows the journal for ever: every [`TALLY_INTERVAL`], or after [`TALLY_PAUSE`] where there is
/// more to read.
pub async fn run_accountant(handle: Handle, queries: Queries) {
    let mut failure = None;
    loop {
        let outcome = follow(&handle, &queries).await;
        // An outage is told once, not every time that it is tried.
        match &outcome {
            Ok(_) if failure.is_some() => tracing::info!("the journal is followed again"),
            Err(error) if failure.as_ref() != Some(error) => {
                tracing::warn!(%error, "could not follow the journal; will try again");
            }
            Ok(_) | Err(_) => {}
        }
        let has_more = matches!(outcome, Ok(Followed { has_more: true, .. }));
        failure = outcome.err();
        tokio::time::sleep(if has_more { TALLY_PAUSE } else { TALLY_INTERVAL }).await;
    }
}

/// What came of following the journal for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// How many rows were read.
    pub rows: usize,
    /// Whether there may be more.
    pub has_more: bool,
}

/// Sums up the next rows of the journal, [`TALLY_ROWS_MAX`] at most; none where another node has
/// the turn to do it.
///
/// # Errors
/// When the store is out of reach, or a sum is out of range.
pub async fn follow(handle: &Handle, queries: &Queries) -> Result<Followed, Failure> {
    let turn = queries.take_turn(DUTY).await.map_err(|_| SubmitError::NotDone)?;
    if turn.is_none() {
        return Ok(Followed::default());
    }
    let next = queries.read(next).await.map_err(|_| SubmitError::NotDone)?;
    let Some(Next { rows, command }) = next else { return Ok(Followed::default()) };
    let answer = handle.submit(Command::Tally(command)).await?;
    let is_done = answer.done == Outcome::Tallied;
    Ok(Followed { rows, has_more: !is_done || rows >= TALLY_ROWS_MAX })
}

/// Whether everything is summed up that was booked before a moment and is committed by now.
///
/// # Errors
/// When the store is out of reach.
pub fn is_followed_to(reader: &mut dyn Reader, moment: Timestamp) -> Result<bool, StoreError> {
    let mark = mark(reader)?;
    let (rows, _) = reader.news(&mark, TALLY_ROWS_MAX)?;
    let is_before = |row: &Row| match row {
        Row::Transaction(row) => row.at < moment,
        Row::Authorization(_) | Row::Change(_) => false,
    };
    // Of several writers, each tells its rows in the order of time: what is beyond so many rows
    // may be of an earlier time than they are.
    Ok(rows.len() < TALLY_ROWS_MAX && !rows.iter().any(is_before))
}

/// What is to be summed up next.
struct Next {
    rows: usize,
    command: Tally,
}

fn next(reader: &mut dyn Reader) -> Result<Option<Next>, StoreError> {
    let from = mark(reader)?;
    let (rows, until) = reader.news(&from, TALLY_ROWS_MAX)?;
    if rows.is_empty() {
        return Ok(None);
    }
    // Read after the rows, so that it knows whom they name.
    let directory = reader.load(&ReadSet::default())?.directory;
    let mut deltas = Deltas::default();
    for row in &rows {
        let Row::Transaction(transaction) = row else { continue };
        if deltas.add(transaction, &directory).is_none() {
            tracing::error!(row = transaction.id.0, "a transaction cannot be summed up");
            return Err(StoreError::NotCommitted);
        }
    }
    Ok(Some(Next { rows: rows.len(), command: Tally { from, until, deltas } }))
}

fn mark(reader: &mut dyn Reader) -> Result<Position, StoreError> {
    let reads = ReadSet { documents: vec![JournalMark::ID], ..ReadSet::default() };
    Ok(JournalMark::find(&reader.load(&reads)?).position)
}

#[cfg(test)]
mod tests;
