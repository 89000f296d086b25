//! Terminals that were told to install something and do not answer. Like everything that is due,
//! such an update is a row: the timer finds it and submits a command, so that a restart forgets
//! nothing and a repeat does nothing.
//!
//! Awaited updates are in the order in which they were offered, but each rollout has its own
//! patience. So all of them are looked at in turn, a bounded number at a time.

use estate::steer_rollout::{ExpireUpdates, is_due};
use estate::update::{AWAITED, Update};
use store::Part;

use crate::clock::Clock;
use crate::handle::{Handle, SubmitError};
use crate::limits::{AWAITED_LOOKED_AT_MAX, SILENT_UPDATES_MAX};
use crate::queries::Queries;

/// The duty of finding updates that nobody answers for.
const DUTY: &str = "silence";

/// Where the look at awaited updates goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence {
    after: i64,
}

impl Silence {
    /// Looks at the next awaited updates, at most [`AWAITED_LOOKED_AT_MAX`] of them, and has those
    /// counted as failed that are due. Returns how many were: none where another node has the
    /// turn. After the last one it goes on with the first, in the next call.
    ///
    /// # Errors
    /// The first failure. What is left is found again in a later round.
    pub async fn look(
        &mut self,
        handle: &Handle,
        queries: &Queries,
        clock: &dyn Clock,
    ) -> Result<usize, SubmitError<estate::Refusal>> {
        let turn = queries.take_turn(DUTY).await.map_err(|_| SubmitError::NotDone)?;
        if turn.is_none() {
            return Ok(0);
        }
        let part = Part::After(self.after);
        let found =
            queries.read(move |reader| reader.documents(AWAITED, part, AWAITED_LOOKED_AT_MAX));
        let found = found.await.map_err(|_| SubmitError::NotDone)?;
        let is_whole = found.len() >= AWAITED_LOOKED_AT_MAX;
        let last = found.last().filter(|_| is_whole);
        self.after = last.map_or(0, |last| last.id.number);
        let (directory, now) = (handle.directory(), clock.now());
        let updates = found.iter().filter_map(Update::of);
        let due = updates.filter(|update| is_due(&directory, update, now));
        let due: Vec<(i64, i64)> =
            due.filter_map(|update| Some((update.number, update.rollout?))).collect();
        let mut failed = 0_usize;
        for some in due.chunks(SILENT_UPDATES_MAX) {
            let command = ExpireUpdates { updates: some.to_vec() };
            let answer = handle.submit(estate::Command::ExpireUpdates(command)).await?;
            if let estate::command::Outcome::Updates(updates) = answer.done {
                failed = failed.saturating_add(updates.len());
            }
        }
        Ok(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use estate::rollout::{RolloutState, Tally};
    use estate::update::UpdateStatus;
    use estate::{Package, Rollout};
    use ledger::{Books, ReadSet, Timestamp};
    use store::{MemoryStore, Reader as _, Store as _};

    use super::*;
    use crate::spawn;
    use crate::testing::{SharedStore, StillClock};

    const ANSWER_MS: i64 = 3_600_000;
    const ROLLOUT: i64 = 7;

    /// A store with updates of one rollout that were offered at these times.
    fn with_updates(offered_at: impl IntoIterator<Item = i64>) -> SharedStore {
        let mut store = SharedStore::default();
        let updates: Vec<Update> = (1..).zip(offered_at).map(update).collect();
        let reached = i64::try_from(updates.len()).unwrap();
        let mut write = |mut books: Books| {
            books.put_document(rollout().document());
            books.put_document(package().document());
            books.put_document(Tally { reached, ..Tally::default() }.document(ROLLOUT));
            for update in &updates {
                books.put_document(update.document());
            }
            books.close(Timestamp(0))
        };
        store.transact(&ReadSet::default(), &mut write).unwrap();
        store
    }

    fn rollout() -> Rollout {
        Rollout {
            number: ROLLOUT,
            customer: 1,
            package: 1,
            stages: vec![100],
            stage: 0,
            population: 100_000,
            failures_percent_max: 100,
            answer_ms: ANSWER_MS,
            state: RolloutState::Running,
            reason: None,
            is_ended: false,
            is_over: false,
            started_at: Timestamp(0),
            changed_at: Timestamp(0),
        }
    }

    fn package() -> Package {
        Package {
            number: 1,
            customer: 1,
            name: "Kassa".to_owned(),
            model_name: "ALL".to_owned(),
            notes: None,
            size: 1,
            sha256: "0".repeat(64),
            created_at: Timestamp(0),
        }
    }

    fn update((number, offered_at): (i64, i64)) -> Update {
        Update {
            number,
            terminal: number,
            package: 1,
            rollout: Some(ROLLOUT),
            is_rollback: false,
            previous: None,
            status: UpdateStatus::Offered,
            is_expired: false,
            message: None,
            ordered_at: Timestamp(offered_at),
            offered_at: Some(Timestamp(offered_at)),
            changed_at: Timestamp(offered_at),
        }
    }

    /// Looks so often at `now`; how many failed each time.
    fn look(store: &SharedStore, now: i64, times: usize) -> Vec<usize> {
        let queries = Queries::new(store.source());
        let clock = Arc::new(StillClock(Timestamp(now)));
        let (handle, threads) = spawn(vec![Box::new(store.clone())], Arc::clone(&clock) as _);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut silence = Silence::default();
        let looks = (0..times)
            .map(|_| runtime.block_on(silence.look(&handle, &queries, clock.as_ref())).unwrap());
        let looks = looks.collect();
        handle.close();
        threads.join().unwrap();
        looks
    }

    fn figures(content: &mut MemoryStore) -> (i64, i64, usize) {
        let reads = ReadSet { documents: vec![Rollout::tally_id(ROLLOUT)], ..ReadSet::default() };
        let books = content.load(&reads).unwrap();
        let tally = Tally::of(books.document(Rollout::tally_id(ROLLOUT)).unwrap()).unwrap();
        let awaited = content.documents(AWAITED, Part::After(0), usize::MAX).unwrap();
        (tally.failed, tally.under_way(), awaited.len())
    }

    #[test]
    fn what_is_due_fails_and_the_rest_is_awaited() {
        let mut store = with_updates([0, 1, 2, 50, 3]);
        assert_eq!(look(&store, ANSWER_MS - 1, 2), [0, 0]);
        assert_eq!(look(&store, ANSWER_MS + 2, 3), [3, 0, 0]);
        assert_eq!(figures(&mut store.content), (3, 2, 2));
    }

    #[test]
    fn all_are_looked_at_in_turn() {
        // What is not due fills the first look; what is comes after it.
        let count = AWAITED_LOOKED_AT_MAX;
        let late = std::iter::repeat_n(ANSWER_MS, count);
        let due = std::iter::repeat_n(0, SILENT_UPDATES_MAX + 1);
        let mut store = with_updates(late.chain(due));
        assert_eq!(look(&store, ANSWER_MS, 4), [0, SILENT_UPDATES_MAX + 1, 0, 0]);
        let left = i64::try_from(count).unwrap();
        assert_eq!(figures(&mut store.content).1, left);
        // A whole page is not the end, and from the end it begins again.
        assert_eq!(look(&store, 2 * ANSWER_MS, 3), [count, 0, 0]);
        assert_eq!(figures(&mut store.content).2, 0);
    }
}
