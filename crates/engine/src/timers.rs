//! What happens because time passes. What is due is a row; the timer only finds it and submits
//! the command, so that a restart forgets nothing and a repeat does nothing.
//!
//! Of many nodes, one at a time does it. Two would do no harm, only work in vain.

use std::collections::HashSet;
use std::sync::Arc;

use ledger::books::Done;
use ledger::{AuthorizationId, Expire};
use store::Epoch;

use crate::clock::Clock;
use crate::command::Command;
use crate::handle::{Handle, SubmitError};
use crate::limits::{TIMER_BATCH_MAX, TIMER_FAILURES_MAX, TIMER_INTERVAL};
use crate::queries::Queries;
use crate::silence::Silence;

/// The duty of finding what is due.
const EXPIRY: &str = "expiry";

/// What one call has come to so far.
#[derive(Default)]
struct Outcome {
    done: usize,
    failures: usize,
    first_failure: Option<SubmitError>,
    /// What was tried and may be due still: it is not tried again.
    passed_by: HashSet<AuthorizationId>,
}

/// Submits everything that is due now, until nothing is, passing by what fails. Returns how much
/// was done: nothing where another node has the turn to do it.
///
/// # Errors
/// The first failure, where nothing was done. What is left is found again by the next call.
pub async fn run_due(
    handle: &Handle,
    queries: &Queries,
    clock: &dyn Clock,
) -> Result<usize, SubmitError> {
    let mut outcome = Outcome::default();
    if let Err(error) = run_rounds(handle, queries, clock, &mut outcome).await {
        outcome.fail(error);
    }
    let Outcome { done, failures, first_failure, .. } = outcome;
    match first_failure {
        Some(error) if done == 0 => Err(error),
        Some(error) => {
            tracing::warn!(done, failures, %error, "some expiries failed; timer will try again");
            Ok(done)
        }
        None => Ok(done),
    }
}

/// Runs for ever what is due, every [`TIMER_INTERVAL`].
pub async fn run_timers(handle: Handle, queries: Queries, clock: Arc<dyn Clock>) {
    let (mut failure, mut silence, mut unheard) = (None, Silence::default(), None);
    loop {
        let outcome = run_due(&handle, &queries, clock.as_ref()).await;
        // An outage is told once, not every time that it is tried.
        match &outcome {
            Ok(0) if failure.is_some() => tracing::info!("timer runs again"),
            Err(error) if failure != Some(*error) => {
                tracing::warn!(%error, "timer will try again");
            }
            Ok(0) | Err(_) => {}
            Ok(expired) => tracing::info!(expired, "released expired authorizations"),
        }
        failure = outcome.err();
        let silent = silence.look(&handle, &queries, clock.as_ref()).await;
        match &silent {
            Ok(0) => {}
            Ok(updates) => tracing::info!(updates, "counted silent terminals as failed"),
            Err(error) if unheard.as_ref() != Some(error) => {
                tracing::warn!(%error, "look for silent terminals will be tried again");
            }
            Err(_) => {}
        }
        unheard = silent.err();
        tokio::time::sleep(TIMER_INTERVAL).await;
    }
}

/// Round after round, until nothing is due that was not tried, or the turn is another node's.
async fn run_rounds(
    handle: &Handle,
    queries: &Queries,
    clock: &dyn Clock,
    outcome: &mut Outcome,
) -> Result<(), SubmitError> {
    let Some(epoch) = take_turn(queries).await? else { return Ok(()) };
    while outcome.passed_by.len() < TIMER_FAILURES_MAX {
        let now = clock.now();
        let limit = TIMER_BATCH_MAX.saturating_add(outcome.passed_by.len());
        let due = queries.read(move |reader| reader.due(now, limit)).await;
        let mut due = due.map_err(|_| SubmitError::NotDone)?;
        due.retain(|id| !outcome.passed_by.contains(id));
        due.truncate(TIMER_BATCH_MAX);
        if due.is_empty() {
            break;
        }
        run_round(handle, due, outcome).await;
        // A turn that was lost and taken back in between has another epoch.
        if take_turn(queries).await? != Some(epoch) {
            break;
        }
    }
    Ok(())
}

async fn take_turn(queries: &Queries) -> Result<Option<Epoch>, SubmitError> {
    queries.take_turn(EXPIRY).await.map_err(|_| SubmitError::NotDone)
}

/// Submits some expiries, all at once.
async fn run_round(handle: &Handle, due: Vec<AuthorizationId>, outcome: &mut Outcome) {
    let mut expiries = tokio::task::JoinSet::new();
    outcome.passed_by.extend(&due);
    for authorization in due {
        let handle = handle.clone();
        let command = Command::Expire(Expire { authorization });
        expiries.spawn(async move { (authorization, handle.submit(command).await) });
    }
    while let Some(joined) = expiries.join_next().await {
        match joined {
            // The clock went back in between, or another node was faster.
            Ok((_, Ok(answer))) if answer.done == Done::Nothing => {}
            Ok((authorization, Ok(_))) => {
                outcome.passed_by.remove(&authorization);
                outcome.done = outcome.done.saturating_add(1);
            }
            Ok((_, Err(error))) => outcome.fail(error),
            Err(_) => outcome.fail(SubmitError::Unknown),
        }
    }
}

impl Outcome {
    fn fail(&mut self, error: SubmitError) {
        self.failures = self.failures.saturating_add(1);
        self.first_failure.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use ledger::{Date, Timestamp};
    use store::{MemoryStore, Reader, Source, Store as _, StoreError};

    use super::*;
    use crate::testing::{SharedStore, StillClock, authorize, by_card, installation};
    use crate::{run_batch, spawn};

    const DAY_MS: i64 = 86_400_000;

    /// Answers the question whose turn it is as it was told to, then with the last answer for ever.
    struct Turns {
        content: MemoryStore,
        answers: Mutex<Vec<Option<i64>>>,
    }

    impl Source for Turns {
        fn take_turn(&self, duty: &str) -> Result<Option<Epoch>, StoreError> {
            assert_eq!(duty, EXPIRY);
            let mut answers = self.answers.lock().unwrap();
            let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
            match answer {
                Some(-1) => Err(StoreError::NotCommitted),
                answer => Ok(answer.map(Epoch)),
            }
        }

        fn open(&self) -> Result<Box<dyn Reader>, StoreError> {
            self.content.source().open()
        }
    }

    /// So many authorizations valid on the first day only, soonest first in the order of ids.
    fn with_due(count: usize) -> (SharedStore, Vec<AuthorizationId>) {
        let (mut store, _) = installation(1);
        let today = Some(Date::parse("1970-01-01").unwrap());
        let commands: Vec<Command> =
            (0..count).map(|number| authorize(&number.to_string(), by_card(0), today)).collect();
        let replies = run_batch(&mut store, &commands, Timestamp(0)).unwrap();
        let ids = replies.into_iter().map(|reply| {
            let done = reply.unwrap().done;
            let Done::Authorized { authorization, .. } = done else { panic!("{done:?}") };
            authorization
        });
        let ids = ids.collect();
        (store, ids)
    }

    /// Runs what is due with these turns; what it came to, and how much is due still.
    fn check(store: &SharedStore, turns: &[Option<i64>]) -> (Result<usize, SubmitError>, usize) {
        let (mut content, answers) = (store.content.clone(), Mutex::new(turns.to_vec()));
        let queries = Queries::new(Arc::new(Turns { content: content.clone(), answers }));
        let clock = Arc::new(StillClock(Timestamp(2 * DAY_MS)));
        let (handle, threads) = spawn(vec![Box::new(store.clone())], Arc::clone(&clock) as _);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let outcome = runtime.block_on(run_due(&handle, &queries, clock.as_ref()));
        handle.close();
        threads.join().unwrap();
        (outcome, content.due(clock.0, usize::MAX).unwrap().len())
    }

    #[test]
    fn everything_due_is_done_by_who_has_the_turn() {
        let all = TIMER_BATCH_MAX + 3;
        let cases: [(&[Option<i64>], _, usize); 6] = [
            (&[Some(7)], Ok(all), 0),
            (&[None], Ok(0), all),
            // Lost in the middle, and lost and taken back.
            (&[Some(7), None], Ok(TIMER_BATCH_MAX), 3),
            (&[Some(7), Some(9)], Ok(TIMER_BATCH_MAX), 3),
            // The store is out of reach at first, or in the middle.
            (&[Some(-1)], Err(SubmitError::NotDone), all),
            (&[Some(7), Some(-1)], Ok(TIMER_BATCH_MAX), 3),
        ];
        for (turns, expected, left) in cases {
            let (store, _) = with_due(all);
            assert_eq!(check(&store, turns), (expected, left), "{turns:?}");
            assert_eq!(check(&store, &[Some(7)]), (Ok(left), 0), "nothing is forgotten");
        }
    }

    #[test]
    fn what_fails_does_not_keep_back_the_rest() {
        let (mut store, ids) = with_due(TIMER_BATCH_MAX + 4);
        store.poison = ids.iter().take(TIMER_BATCH_MAX + 1).copied().collect();
        assert_eq!(check(&store, &[Some(7)]), (Ok(3), TIMER_BATCH_MAX + 1));
        assert_eq!(check(&store, &[Some(7)]), (Err(SubmitError::Bug), TIMER_BATCH_MAX + 1));
    }

    #[test]
    fn failures_are_passed_by_in_bounds() {
        let (mut store, ids) = with_due(TIMER_FAILURES_MAX + 1);
        store.poison = ids.iter().take(TIMER_FAILURES_MAX).copied().collect();
        assert_eq!(check(&store, &[Some(7)]), (Err(SubmitError::Bug), ids.len()));
    }
}
