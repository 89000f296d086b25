//! Rollouts: a package to many terminals, in stages, each larger than the one before, with a halt
//! when too many fail.
//!
//! The plan is part of the directory, since every terminal that calls home may be meant by it. What
//! it has come to is counted apart, in its [`Tally`], which changes with every answer.

use ledger::document::Kind;
use ledger::{Directory, Document, DocumentId, Fields, Timestamp};

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
    /// How many terminals were meant when it was started.
    pub population: i64,
    /// The share of failures, in percent, above which it halts.
    pub failures_percent_max: i64,
    /// How long a terminal may take to answer before that counts as a failure, in milliseconds.
    pub answer_ms: i64,
    /// How far it is.
    pub state: RolloutState,
    /// Why it halted.
    pub reason: Option<String>,
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

/// What a rollout has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Terminals that were told of the package.
    pub reached: i64,
    /// Of these, how many run it.
    pub installed: i64,
    /// Of these, how many failed, or did not answer in time.
    pub failed: i64,
    /// Terminals that were told to go back.
    pub sent_back: i64,
    /// Of these, how many have.
    pub restored: i64,
}

/// All rollouts.
pub const ROLLOUTS: &str = "rollouts";
/// Rollouts that may still have something for a terminal that calls home.
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

    /// The rollouts that may have something for a terminal that calls home, oldest first.
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
            .with("started_at", Some(self.started_at.0.to_string()))
            .with("changed_at", Some(self.changed_at.0.to_string()));
        let mut document = Document::new(Rollout::id(self.number), fields);
        document.lists.insert(ROLLOUTS.to_owned());
        match self.state {
            RolloutState::Running | RolloutState::RolledBack => {
                document.lists.insert(LIVE_ROLLOUTS.to_owned());
            }
            RolloutState::Paused | RolloutState::Halted | RolloutState::Completed => {}
        }
        document
    }
}

impl Tally {
    /// Reads a document.
    pub fn of(document: &Document) -> Option<Tally> {
        let fields = &document.fields;
        Some(Tally {
            reached: fields.number("reached")?,
            installed: fields.number("installed")?,
            failed: fields.number("failed")?,
            sent_back: fields.number("sent_back")?,
            restored: fields.number("restored")?,
        })
    }

    /// As a document: that of a rollout.
    pub fn document(&self, rollout: i64) -> Document {
        let fields = [
            ("reached", self.reached),
            ("installed", self.installed),
            ("failed", self.failed),
            ("sent_back", self.sent_back),
            ("restored", self.restored),
        ];
        let fields = fields.into_iter().map(|(name, number)| (name, number.to_string())).collect();
        Document::new(Rollout::tally_id(rollout), fields)
    }

    /// Terminals that were told of the package and have not answered.
    pub fn under_way(&self) -> i64 {
        self.reached.saturating_sub(self.installed).saturating_sub(self.failed)
    }
}
