//! The decisions to start a rollout and to steer it, by hand or because nobody answers.

use ledger::document::Kind;
use ledger::{Books, Change, Directory, EstateChange, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, Outcome, document_of, read_key, repeated};
use crate::customer::Customer;
use crate::limits::ROLLOUTS_MAX;
use crate::package::Package;
use crate::progress::{ROLLOUT, go_on, put_rollout, tally_of};
use crate::reference::{ONBOARDED_MODELS, TERMINAL_MODELS};
use crate::refusal::Refusal;
use crate::rollout::{Rollout, RolloutState, Tally, are_stages};
use crate::update::{Update, UpdateStatus};

/// What an update says that failed by silence.
const SILENCE: &str = "The terminal did not answer in time.";

/// Asks to start a rollout (operator API, POST rollouts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRollout {
    /// The customer whose terminals, and those of all below it, are meant.
    pub customer: i64,
    /// The package.
    pub package: i64,
    /// Percent of the terminals: see [`are_stages`].
    pub stages: Vec<i64>,
    /// Share of failures in percent above which it halts.
    pub failures_percent_max: i64,
    /// How long a terminal may take to answer, in milliseconds.
    pub answer_ms: i64,
    /// How many terminals are meant, as a look at the estate has counted: the active ones that the
    /// package suits and that do not run it already.
    pub population: i64,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks for a rollout to do something (operator API, POST rollouts/{id}/pause, resume, roll-back
/// and end).
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
    /// Tell nobody more of anything: what terminals have, they keep.
    End,
}

/// Asks to count updates as failed that nobody answered for in time. Sent by the timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpireUpdates {
    /// The updates that seem to be due, with their rollouts.
    pub updates: Vec<(i64, i64)>,
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
        for (update, rollout) in &self.updates {
            reads.documents.push(Update::id(*update));
            reads.documents.push(Rollout::tally_id(*rollout));
        }
    }
}

/// Decides one start and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CustomerNotFound`], [`Refusal::PackageNotFound`],
/// [`Refusal::NobodyMeant`], [`Refusal::RolloutRunning`] where another rollout that is neither
/// completed nor rolled back may mean one of the same terminals, [`Refusal::TooManyRollouts`].
pub fn start_rollout(
    command: &StartRollout,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    debug_assert!(are_stages(&command.stages), "{:?} are no stages", command.stages);
    if let Some(change) = repeated(books, command.idempotency)? {
        return replayed(&change);
    }
    let directory = &books.directory;
    let package = Package::find_for(directory, command.customer, command.package)?;
    if command.population < 1 {
        return Err(Refusal::NobodyMeant);
    }
    let others: Vec<Rollout> = Rollout::live(directory).collect();
    if others.iter().any(|other| is_in_the_way(directory, other, command.customer, &package)) {
        return Err(Refusal::RolloutRunning);
    }
    if others.len() >= ROLLOUTS_MAX {
        return Err(Refusal::TooManyRollouts);
    }
    let (rollout, tally) = (planned(command, books.coming_id().0, now), Tally::default());
    let kind = (EstateChange::RolloutStarted, command.actor.as_str());
    put_rollout(books, &rollout, &tally, kind, command.idempotency, now);
    Ok(Answer::new(Outcome::Rollout(rollout, tally)))
}

fn planned(command: &StartRollout, number: i64, now: Timestamp) -> Rollout {
    Rollout {
        number,
        customer: command.customer,
        package: command.package,
        stages: command.stages.clone(),
        stage: 0,
        population: command.population,
        failures_percent_max: command.failures_percent_max,
        answer_ms: command.answer_ms,
        state: RolloutState::Running,
        reason: None,
        is_ended: false,
        is_over: false,
        started_at: now,
        changed_at: now,
    }
}

/// Whether a rollout may still tell terminals of its package which a new one would mean too.
fn is_in_the_way(directory: &Directory, other: &Rollout, customer: i64, package: &Package) -> bool {
    let is_open = match other.state {
        RolloutState::Running | RolloutState::Paused | RolloutState::Halted => true,
        RolloutState::Completed | RolloutState::RolledBack => false,
    };
    is_open
        && (Customer::is_within(directory, other.customer, customer)
            || Customer::is_within(directory, customer, other.customer))
        && Package::find(directory, other.package)
            .is_some_and(|theirs| is_for_the_same(&theirs, package))
}

/// Whether two packages suit one model.
fn is_for_the_same(one: &Package, other: &Package) -> bool {
    let ordered = TERMINAL_MODELS.iter().map(|model| model.name);
    let mut models = ordered.chain(ONBOARDED_MODELS.iter().copied());
    models.any(|model| one.suits(model) && other.suits(model))
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
    if let Some(change) = repeated(books, command.idempotency)? {
        return replayed(&change);
    }
    let before = Rollout::find(&books.directory, command.rollout);
    let before = before.ok_or(Refusal::RolloutNotFound)?;
    let mut tally = tally_of(books, command.rollout).ok_or(Refusal::RolloutNotFound)?;
    let rollout = stepped(&before, &mut tally, command.step).ok_or(Refusal::RolloutState)?;
    let rollout = Rollout { changed_at: now, ..rollout.after(&tally, now) };
    let kind = (EstateChange::RolloutChanged, command.actor.as_str());
    put_rollout(books, &rollout, &tally, kind, command.idempotency, now);
    Ok(Answer::new(Outcome::Rollout(rollout, tally)))
}

/// What becomes of a rollout by a step, before its figures are looked at. `None` where its state
/// does not allow the step.
fn stepped(before: &Rollout, tally: &mut Tally, step: RolloutStep) -> Option<Rollout> {
    let mut rollout = before.clone();
    match (step, before.state) {
        (RolloutStep::Pause, RolloutState::Running) => rollout.state = RolloutState::Paused,
        (RolloutStep::Resume, RolloutState::Paused) => rollout.state = RolloutState::Running,
        (RolloutStep::Resume, RolloutState::Halted) => {
            (rollout.state, rollout.reason) = (RolloutState::Running, None);
            (tally.forgiven_answers, tally.forgiven_failures) = (tally.answered(), tally.failed);
        }
        (
            RolloutStep::RollBack,
            RolloutState::Running
            | RolloutState::Paused
            | RolloutState::Halted
            | RolloutState::Completed,
        ) => (rollout.state, rollout.is_ended) = (RolloutState::RolledBack, false),
        (RolloutStep::End, RolloutState::Running | RolloutState::Paused | RolloutState::Halted) => {
            (rollout.state, rollout.is_ended) = (RolloutState::Completed, true);
        }
        (RolloutStep::End, RolloutState::RolledBack) if !before.is_over && !before.is_ended => {
            rollout.is_ended = true;
        }
        (
            RolloutStep::Pause | RolloutStep::Resume | RolloutStep::RollBack | RolloutStep::End,
            RolloutState::Running
            | RolloutState::Paused
            | RolloutState::Halted
            | RolloutState::Completed
            | RolloutState::RolledBack,
        ) => return None,
    }
    Some(rollout)
}

/// The first answer to a request that is repeated.
fn replayed(change: &Change) -> Result<Answer, Refusal> {
    let document = document_of(change, Kind::Rollout);
    let (rollout, tally) =
        (Rollout::of(&document), Tally::of_fields(&document.fields.under("tally.")));
    let first = rollout.zip(tally).ok_or(Refusal::IdempotencyKeyReused)?;
    Ok(Answer::replayed(Outcome::Rollout(first.0, first.1)))
}

/// Decides and places in the books what the silence of devices means. The answer names the
/// updates that failed by it.
///
/// # Errors
/// None: what is not due any more is passed over.
pub fn expire_updates(
    command: &ExpireUpdates,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut expired = Vec::new();
    for (number, _) in &command.updates {
        let update = books.document(Update::id(*number)).and_then(Update::of);
        let Some(mut update) = update.filter(|update| is_due(&books.directory, update, now)) else {
            continue;
        };
        if update.rollout.and_then(|rollout| tally_of(books, rollout)).is_none() {
            continue;
        }
        update.is_expired = true;
        update.message = Some(SILENCE.to_owned());
        go_on(books, &mut update, UpdateStatus::Failed, ROLLOUT, now);
        expired.push(update);
    }
    let done = if expired.is_empty() { Outcome::Nothing } else { Outcome::Updates(expired) };
    Ok(Answer::new(done))
}

/// Whether a rollout has waited long enough for an answer about an update.
pub fn is_due(directory: &Directory, update: &Update, now: Timestamp) -> bool {
    let rollout = update.rollout.and_then(|number| Rollout::find(directory, number));
    let told_at = update.offered_at.filter(|_| !update.status.is_final());
    rollout.zip(told_at).is_some_and(|(rollout, told_at)| told_at.plus_ms(rollout.answer_ms) <= now)
}
