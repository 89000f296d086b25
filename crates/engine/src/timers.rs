//! What happens because time passes. What is due is a row; the timer only finds it and submits
//! the command, so that a restart forgets nothing and a repeat does nothing.

use std::sync::Arc;

use ledger::Expire;
use ledger::books::Done;

use crate::clock::Clock;
use crate::command::Command;
use crate::handle::{Handle, SubmitError};
use crate::limits::{TIMER_BATCH_MAX, TIMER_INTERVAL};
use crate::queries::Queries;

/// Submits everything that is due now, until nothing is. Returns how much was done.
///
/// # Errors
/// The first failure; what is left is found again by the next call.
pub async fn run_due(
    handle: &Handle,
    queries: &Queries,
    clock: &dyn Clock,
) -> Result<usize, SubmitError> {
    let mut done = 0_usize;
    loop {
        let now = clock.now();
        let due = queries.read(move |reader| reader.due(now, TIMER_BATCH_MAX)).await;
        let due = due.map_err(|_| SubmitError::NotDone)?;
        if due.is_empty() {
            return Ok(done);
        }
        let mut expiries = tokio::task::JoinSet::new();
        for authorization in due {
            let handle = handle.clone();
            let command = Command::Expire(Expire { authorization });
            expiries.spawn(async move { handle.submit(command).await });
        }
        let before = done;
        while let Some(outcome) = expiries.join_next().await {
            let answer = outcome.map_err(|_| SubmitError::Unknown)??;
            done = done.saturating_add(usize::from(answer.done != Done::Nothing));
        }
        if done == before {
            // The clock went back in between; a later call finds them again.
            return Ok(done);
        }
    }
}

/// Runs for ever what is due, every [`TIMER_INTERVAL`].
pub async fn run_timers(handle: Handle, queries: Queries, clock: Arc<dyn Clock>) {
    loop {
        match run_due(&handle, &queries, clock.as_ref()).await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "released expired authorizations"),
            Err(error) => tracing::warn!(%error, "timer will try again"),
        }
        tokio::time::sleep(TIMER_INTERVAL).await;
    }
}
