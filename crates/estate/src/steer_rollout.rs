//! The decisions to start a rollout and to steer it, by hand or because nobody answers.

use ledger::{Books, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, read_key};
use crate::refusal::Refusal;
use crate::rollout::Rollout;
use crate::terminal::Terminal;
use crate::update::Update;

/// Asks to start a rollout (operator API, POST rollouts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRollout {
    /// The customer whose terminals, and those of all below it, are meant.
    pub customer: i64,
    /// The package.
    pub package: i64,
    /// Percent of the terminals, ascending, the last 100.
    pub stages: Vec<i64>,
    /// Share of failures in percent above which it halts.
    pub failures_percent_max: i64,
    /// How long a terminal may take to answer, in milliseconds.
    pub answer_ms: i64,
    /// How many terminals are meant, as a look at the estate has counted.
    pub population: i64,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks for a rollout to do something (operator API, POST rollouts/{id}/pause and so on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SteerRollout {
    /// Which one.
    pub rollout: i64,
    /// What.
    pub step: RolloutStep,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// What a rollout shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutStep {
    /// Tell nobody more for now.
    Pause,
    /// Go on, also after a halt: the failures so far are forgiven.
    Resume,
    /// Give terminals back the package that they had before.
    RollBack,
}

/// Asks to count updates as failed that nobody answered for in time. Sent by the timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpireUpdates {
    /// The updates that seem to be due, with their terminals and rollouts.
    pub updates: Vec<(i64, i64, i64)>,
}

impl SteerRollout {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Rollout::tally_id(self.rollout));
        read_key(self.idempotency, reads);
    }
}

impl ExpireUpdates {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        for (update, terminal, rollout) in &self.updates {
            reads.documents.push(Update::id(*update));
            reads.documents.push(Terminal::id(*terminal));
            reads.documents.push(Rollout::tally_id(*rollout));
        }
    }
}

/// Decides one start and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CustomerNotFound`], [`Refusal::PackageNotFound`],
/// [`Refusal::NobodyMeant`], [`Refusal::RolloutRunning`].
pub fn start_rollout(
    command: &StartRollout,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

/// Decides one step and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::RolloutNotFound`], [`Refusal::RolloutState`].
pub fn steer_rollout(
    command: &SteerRollout,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

/// Decides and places in the books what the silence of devices means.
///
/// # Errors
/// None: what is not due any more is passed over.
pub fn expire_updates(
    command: &ExpireUpdates,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}
