//! Rollouts: a package to many terminals, in stages, each larger than the one before, with a halt
//! when too many fail.
//!
//! ```text
//!              pause              every terminal of the last stage has answered, or: end
//!          ┌──────────> paused ──────┐        ┌───────────────> completed
//! start ─> running <───────────── resume      │                     │
//!          └──────────> halted ──────┘        │                     │ roll back
//!           too many fail     │               │                     v
//!                             └── any of running, paused, halted ─> rolled back
//! ```
//!
//! Answers that come while it is paused are counted, and may halt it. A halted one that is resumed
//! counts failures from there. A terminal that never calls, or got the package in another way,
//! keeps a rollout running, until an operator ends it: those who have the package keep it, nobody
//! more is told of it.
//!
//! The plan is part of the directory, since every terminal that calls home may be meant by it. What
//! it has come to is counted apart, in its [`Tally`], which changes with every answer.
//!
//! Invariant: what is told to terminals is decided in `offer`, what they answer is counted in
//! `progress`, and everything that follows from the figures is [`Rollout::after`].

use ledger::document::Kind;
use ledger::{Directory, Document, DocumentId, Fields, Timestamp};

use crate::limits::{ROLLOUT_SAMPLE, ROLLOUT_UNDER_WAY_MIN};

/// The plan of one rollout, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Its number: the row that started it.
    pub number: i64,
    /// The customer whose terminals, and those of all below it, are meant.
    pub customer: i64,
    /// The package they get.
    pub package: i64,
    /// Percent of the terminals that are meant, ascending; the last is 100.
    pub stages: Vec<i64>,
    /// The stage it is in, from 0.
    pub stage: usize,
    /// How many terminals were meant when it was started: no more are told of the package.
    pub population: i64,
    /// The share of failures, in percent, above which it halts.
    pub failures_percent_max: i64,
    /// How long a terminal may take to answer before that counts as a failure, in milliseconds.
    pub answer_ms: i64,
    /// How far it is.
    pub state: RolloutState,
    /// Why it halted, for people.
    pub reason: Option<String>,
    /// Whether an operator has ended it: nobody more is told of anything.
    pub is_ended: bool,
    /// Whether nothing of it is under way and nothing more will be. The calls of terminals do not
    /// look at it any more.
    pub is_over: bool,
    /// When it was started.
    pub started_at: Timestamp,
    /// When its state or stage changed last.
    pub changed_at: Timestamp,
}

/// How far a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RolloutState {
    /// Terminals are told of the package.
    Running,
    /// An operator has stopped it for a while.
    Paused,
    /// Too many terminals have failed.
    Halted,
    /// Every terminal that was meant has answered.
    Completed,
    /// Terminals get back the package that they had before.
    RolledBack,
}

/// What a rollout has come to so far. Each terminal that was reached has the package, failed, was
/// called off, or is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Terminals that were told of the package.
    pub reached: i64,
    /// Of these, how many installed it.
    pub installed: i64,
    /// Of these, how many failed, or did not answer in time.
    pub failed: i64,
    /// Of these, how many were told to forget it, since the rollout was rolled back.
    pub cancelled: i64,
    /// Answers that do not count for a halt any more: they were there when a halted rollout was
    /// resumed.
    pub forgiven_answers: i64,
    /// Of these, how many were failures.
    pub forgiven_failures: i64,
    /// Terminals that were told to go back.
    pub sent_back: i64,
    /// Of these, how many have.
    pub restored: i64,
    /// Of these, how many failed to, or did not answer in time.
    pub not_restored: i64,
    /// Terminals that keep the package after it was rolled back: they had none before, or none
    /// that suits them still.
    pub kept: i64,
    /// Terminals that had nothing to go back from: they had failed, were called off, or run
    /// something else by now.
    pub unaffected: i64,
}

/// All rollouts.
pub const ROLLOUTS: &str = "rollouts";
/// Rollouts that are not over: they may still have something for a terminal that calls home, or
/// count what it answers.
pub const LIVE_ROLLOUTS: &str = "rollouts.live";

impl RolloutState {
    /// All of them.
    pub const ALL: [RolloutState; 5] = [
        RolloutState::Running,
        RolloutState::Paused,
        RolloutState::Halted,
        RolloutState::Completed,
        RolloutState::RolledBack,
    ];

    /// The word used in documents and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            RolloutState::Running => "running",
            RolloutState::Paused => "paused",
            RolloutState::Halted => "halted",
            RolloutState::Completed => "completed",
            RolloutState::RolledBack => "rolled_back",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<RolloutState> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl Rollout {
    /// Names its plan.
    pub fn id(number: i64) -> DocumentId {
        Kind::Rollout.id(number)
    }

    /// Names its tally.
    pub fn tally_id(number: i64) -> DocumentId {
        Kind::Tally.id(number)
    }

    /// Finds a rollout.
    pub fn find(directory: &Directory, number: i64) -> Option<Rollout> {
        directory.document(Rollout::id(number)).and_then(|found| Rollout::of(found))
    }

    /// The rollouts that are not over, oldest first.
    pub fn live(directory: &Directory) -> impl Iterator<Item = Rollout> {
        directory.documents_on(LIVE_ROLLOUTS).filter_map(|found| Rollout::of(found))
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Rollout> {
        let fields = &document.fields;
        let stages = fields.text("stages")?.split(',');
        Some(Rollout {
            number: document.id.number,
            customer: fields.number("customer")?,
            package: fields.number("package")?,
            stages: stages.map(|percent| percent.parse().ok()).collect::<Option<Vec<i64>>>()?,
            stage: fields.text("stage")?.parse().ok()?,
            population: fields.number("population")?,
            failures_percent_max: fields.number("failures_percent_max")?,
            answer_ms: fields.number("answer_ms")?,
            state: RolloutState::parse(fields.text("state")?)?,
            reason: fields.text("reason").map(str::to_owned),
            is_ended: fields.is_true("is_ended"),
            is_over: fields.is_true("is_over"),
            started_at: fields.time("started_at")?,
            changed_at: fields.time("changed_at")?,
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let stages: Vec<String> = self.stages.iter().map(i64::to_string).collect();
        let fields = Fields::default()
            .with("customer", Some(self.customer.to_string()))
            .with("package", Some(self.package.to_string()))
            .with("stages", Some(stages.join(",")))
            .with("stage", Some(self.stage.to_string()))
            .with("population", Some(self.population.to_string()))
            .with("failures_percent_max", Some(self.failures_percent_max.to_string()))
            .with("answer_ms", Some(self.answer_ms.to_string()))
            .with("state", Some(self.state.as_str()))
            .with("reason", self.reason.as_ref())
            .with("is_ended", self.is_ended.then_some("true"))
            .with("is_over", self.is_over.then_some("true"))
            .with("started_at", Some(self.started_at.0.to_string()))
            .with("changed_at", Some(self.changed_at.0.to_string()));
        let mut document = Document::new(Rollout::id(self.number), fields);
        document.lists.insert(ROLLOUTS.to_owned());
        if !self.is_over {
            document.lists.insert(LIVE_ROLLOUTS.to_owned());
        }
        document
    }
}

impl Rollout {
    /// How many terminals may have been told of the package in the stage it is in.
    pub fn reached_max(&self) -> i64 {
        self.reached_max_of(self.stage)
    }

    fn reached_max_of(&self, stage: usize) -> i64 {
        let percent = self.stages.get(stage).copied().unwrap_or(100);
        // Rounded up, so that every stage reaches somebody.
        let hundredths = self.population.saturating_mul(percent).saturating_add(99);
        hundredths.div_euclid(100).clamp(1, self.population.max(1))
    }

    /// How many terminals may be under way at a time: what the first stage has, or a few where it
    /// has fewer; in later stages too. A fault that shows late does not meet everybody at once.
    pub fn under_way_max(&self) -> i64 {
        self.reached_max_of(0).max(ROLLOUT_UNDER_WAY_MIN)
    }

    /// Whether one more terminal may be told of the package.
    pub fn has_room(&self, tally: &Tally) -> bool {
        self.state == RolloutState::Running
            && tally.reached < self.reached_max()
            && tally.under_way() < self.under_way_max()
            // Says the same as the state, but for a plan that is older than its tally.
            && self.halting(tally).is_none()
    }

    /// Why too many terminals have failed, if they have. The first few answers count as if there
    /// were [`ROLLOUT_SAMPLE`] of them, or all that are meant where these are fewer: one failure
    /// among three of a thousand is no verdict.
    fn halting(&self, tally: &Tally) -> Option<String> {
        let answered = tally.counted().1;
        let sample = ROLLOUT_SAMPLE.min(self.population);
        let few = if answered < sample {
            format!(" (counted as if {sample} had)")
        } else {
            String::new()
        };
        self.is_failing(tally, sample).then(|| self.too_many(tally, &few))
    }

    /// As [`Rollout::halting`], at the end of a stage: what has answered is the whole of it, and
    /// counts as what it is.
    fn failing_stage(&self, tally: &Tally) -> Option<String> {
        self.is_failing(tally, 0).then(|| self.too_many(tally, ", a whole stage,"))
    }

    fn is_failing(&self, tally: &Tally, sample: i64) -> bool {
        let (failed, answered) = tally.counted();
        let percent = self.failures_percent_max;
        failed.saturating_mul(100) > percent.saturating_mul(answered.max(sample))
    }

    fn too_many(&self, tally: &Tally, which: &str) -> String {
        let ((failed, answered), percent) = (tally.counted(), self.failures_percent_max);
        format!(
            "{failed} of {answered} terminals that answered{which} failed: more than {percent} %"
        )
    }

    /// What it becomes by what it has come to: a halt, the next stage, its end.
    #[must_use]
    pub fn after(&self, tally: &Tally, now: Timestamp) -> Rollout {
        let mut after = self.clone();
        match self.state {
            RolloutState::Running | RolloutState::Paused => {
                if let Some(reason) = self.halting(tally) {
                    after.halt(reason);
                }
            }
            RolloutState::Halted | RolloutState::Completed | RolloutState::RolledBack => {}
        }
        if after.state == RolloutState::Running {
            let last = self.stages.len().saturating_sub(1);
            while after.state == RolloutState::Running
                && after.stage < last
                && tally.answered() >= after.reached_max()
            {
                match self.failing_stage(tally) {
                    Some(reason) => after.halt(reason),
                    None => after.stage = after.stage.saturating_add(1),
                }
            }
        }
        let has_all = tally.reached >= self.population && tally.under_way() == 0;
        if after.state == RolloutState::Running && has_all {
            after.state = RolloutState::Completed;
        }
        after.is_over = tally.under_way() == 0
            && match after.state {
                RolloutState::Running | RolloutState::Paused | RolloutState::Halted => false,
                RolloutState::Completed => true,
                RolloutState::RolledBack => {
                    tally.going_back() == 0 && (self.is_ended || tally.to_settle() == 0)
                }
            };
        if after != *self {
            after.changed_at = now;
        }
        after
    }

    fn halt(&mut self, reason: String) {
        (self.state, self.reason) = (RolloutState::Halted, Some(reason));
    }
}

/// Whether these are stages: percentages that ascend to 100, no more than
/// [`crate::limits::ROLLOUT_STAGES_MAX`].
pub fn are_stages(stages: &[i64]) -> bool {
    stages.len() <= crate::limits::ROLLOUT_STAGES_MAX
        && stages.first().is_some_and(|percent| *percent >= 1)
        && stages.last() == Some(&100)
        && stages.is_sorted_by(|one, next| one < next)
}

impl Tally {
    /// How many failed of how many that answered, as far as these count for a halt.
    fn counted(&self) -> (i64, i64) {
        (
            self.failed.saturating_sub(self.forgiven_failures),
            self.answered().saturating_sub(self.forgiven_answers),
        )
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Tally> {
        Tally::of_fields(&document.fields)
    }

    /// Reads its fields.
    pub(crate) fn of_fields(fields: &Fields) -> Option<Tally> {
        let mut tally = Tally::default();
        for (name, number) in tally.figures_mut() {
            *number = fields.number(name)?;
        }
        Some(tally)
    }

    /// As a document: that of a rollout.
    pub fn document(&self, rollout: i64) -> Document {
        Document::new(Rollout::tally_id(rollout), self.fields())
    }

    /// Its figures by name.
    pub(crate) fn fields(mut self) -> Fields {
        let figures = self.figures_mut();
        figures.into_iter().map(|(name, number)| (name, number.to_string())).collect()
    }

    fn figures_mut(&mut self) -> [(&'static str, &mut i64); 11] {
        [
            ("reached", &mut self.reached),
            ("installed", &mut self.installed),
            ("failed", &mut self.failed),
            ("cancelled", &mut self.cancelled),
            ("forgiven_answers", &mut self.forgiven_answers),
            ("forgiven_failures", &mut self.forgiven_failures),
            ("sent_back", &mut self.sent_back),
            ("restored", &mut self.restored),
            ("not_restored", &mut self.not_restored),
            ("kept", &mut self.kept),
            ("unaffected", &mut self.unaffected),
        ]
    }

    /// Terminals that have the package or failed.
    pub fn answered(&self) -> i64 {
        self.installed.saturating_add(self.failed)
    }

    /// Terminals that were told of the package and have not answered.
    pub fn under_way(&self) -> i64 {
        self.reached.saturating_sub(self.answered()).saturating_sub(self.cancelled)
    }

    /// Terminals that were told to go back and have not answered.
    pub fn going_back(&self) -> i64 {
        self.sent_back.saturating_sub(self.restored).saturating_sub(self.not_restored)
    }

    /// Terminals that were reached and have not called since the rollout was rolled back.
    pub fn to_settle(&self) -> i64 {
        let settled = self.sent_back.saturating_add(self.kept).saturating_add(self.unaffected);
        self.reached.saturating_sub(settled)
    }
}

#[cfg(test)]
mod tests;
