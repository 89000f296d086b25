//! The money path: batch → load → decide → write → reply.

use ledger::{Answer, Books, ReadSet, Refusal, Timestamp};
use store::{Store, StoreError};

use crate::command::{Command, Decision, Verb, Work};

/// What one command of the ledger came to.
pub type Reply = Result<Answer, Refusal>;

/// Runs `batch` in one transaction and returns one reply per command, in order. Commands of the
/// estate are run alike, by [`run_work`].
///
/// Commands of a batch see each other's effects, exactly as if they had run one by one. They are
/// decided at one time: that of the clock, or of the newest thing they build on if that is later.
///
/// # Errors
/// [`StoreError`], for the batch as a whole.
pub fn run_batch<'c>(
    store: &mut dyn Store,
    batch: impl IntoIterator<Item = &'c Command>,
    clock: Timestamp,
) -> Result<Vec<Reply>, StoreError> {
    let batch: Vec<Work> = batch.into_iter().cloned().map(Work::Ledger).collect();
    Ok(run_work(store, &batch, clock)?.into_iter().map(Command::reply).collect())
}

/// As [`run_batch`], for commands of all kinds.
///
/// # Errors
/// [`StoreError`], for the batch as a whole.
pub fn run_work<'c>(
    store: &mut dyn Store,
    batch: impl IntoIterator<Item = &'c Work>,
    clock: Timestamp,
) -> Result<Vec<Decision>, StoreError> {
    run_batch_watched(store, batch, clock, &mut |_, _| {})
}

/// As [`run_work`]. Shows `watch` the books after the decisions and what these came to, before
/// it is known whether the batch will stand, and again when the store tries again.
///
/// # Errors
/// [`StoreError`], for the batch as a whole.
pub(crate) fn run_batch_watched<'c>(
    store: &mut dyn Store,
    batch: impl IntoIterator<Item = &'c Work>,
    clock: Timestamp,
    watch: &mut dyn FnMut(&Books, &[Decision]),
) -> Result<Vec<Decision>, StoreError> {
    let batch: Vec<&Work> = batch.into_iter().collect();
    let mut reads = ReadSet { commands: batch.len(), ..ReadSet::default() };
    for command in &batch {
        command.read(&mut reads);
    }
    let mut replies = Vec::with_capacity(batch.len());
    store.transact(&reads, &mut |mut books| {
        replies.clear();
        let now = books.time(clock);
        replies.extend(batch.iter().map(|command| command.decide(&mut books, now)));
        watch(&books, &replies);
        books.close(now)
    })?;
    Ok(replies)
}
