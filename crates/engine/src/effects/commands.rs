//! The commands of one who works outside: so many of them at once and no more, since many answers
//! that come at once shall not keep others waiting.

use payments::{Answer, Command, Refusal};
use tokio::sync::Semaphore;

use crate::handle::{Handle, SubmitError};
use crate::limits::{RECORD_INTERVAL, RECORD_TRIES_MAX};

/// What a command comes to.
type Submitted = Result<Answer, SubmitError<Refusal>>;

/// Submits commands in their turn.
pub(super) struct Commands {
    engine: Handle,
    turns: Semaphore,
}

impl Commands {
    /// Of which at most so many wait for the engine at once.
    pub(super) fn new(engine: Handle, most: usize) -> Commands {
        Commands { engine, turns: Semaphore::new(most) }
    }

    /// Where they go.
    pub(super) fn engine(&self) -> &Handle {
        &self.engine
    }

    /// Submits a command, when it is its turn.
    pub(super) async fn submit(&self, command: Command) -> Submitted {
        let turn = self.turns.acquire().await;
        let answer = self.engine.submit(command).await;
        drop(turn);
        answer
    }

    /// Submits a command that says what has happened outside, again and again while it fails. It
    /// may be recorded twice; where it never is, it is found out anew.
    pub(super) async fn record(&self, command: Command) -> Submitted {
        for _ in 1..RECORD_TRIES_MAX {
            match self.submit(command.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(_) => tokio::time::sleep(RECORD_INTERVAL).await,
            }
        }
        self.submit(command).await
    }
}
