//! The money path: batch → load → decide → write → reply.

use ledger::{Answer, ReadSet, Refusal, Timestamp};
use store::{Store, StoreError};

use crate::command::Command;

/// What one command came to.
pub type Reply = Result<Answer, Refusal>;

/// Runs `batch` in one transaction and returns one reply per command, in order.
///
/// Commands of a batch see each other's effects, exactly as if they had run one by one.
///
/// # Errors
/// [`StoreError`], for the batch as a whole.
pub fn run_batch<'c, B>(
    store: &mut dyn Store,
    batch: B,
    now: Timestamp,
) -> Result<Vec<Reply>, StoreError>
where
    B: IntoIterator<Item = &'c Command> + Clone,
{
    let mut reads = ReadSet::default();
    for command in batch.clone() {
        command.read(&mut reads);
    }
    let mut replies = Vec::new();
    store.transact(&reads, &mut |mut books| {
        replies.clear();
        replies.extend(batch.clone().into_iter().map(|command| command.decide(&mut books, now)));
        books.close(now)
    })?;
    Ok(replies)
}
