//! Updates: one package that one terminal shall install, and how far that is.

use ledger::document::Kind;
use ledger::{Books, Document, DocumentId, Fields, Timestamp};

/// One package for one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The row that ordered it.
    pub number: i64,
    /// The terminal's number.
    pub terminal: i64,
    /// The package's number.
    pub package: i64,
    /// The rollout it is part of. Without one, somebody ordered it for this very terminal.
    pub rollout: Option<i64>,
    /// Whether it brings back what a rollout had replaced.
    pub is_rollback: bool,
    /// The package that the terminal had before.
    pub previous: Option<i64>,
    /// How far it is.
    pub status: UpdateStatus,
    /// Whether it failed because nobody answered in time. If the device installed it after all,
    /// it may still say so.
    pub is_expired: bool,
    /// What the device says about it.
    pub message: Option<String>,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// When the device was first told of it.
    pub offered_at: Option<Timestamp>,
    /// When its status changed last.
    pub changed_at: Timestamp,
}

/// How far an update is. The order is that in which it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateStatus {
    /// The device does not know of it yet.
    Ordered,
    /// The device was told of it.
    Offered,
    /// The device has the bytes.
    Downloaded,
    /// The device runs it.
    Installed,
    /// The device could not install it, or did not answer in time.
    Failed,
    /// It was taken back before the device had begun.
    Cancelled,
}

/// Offered updates of rollouts, which are watched for answers that do not come.
pub const AWAITED: &str = "updates.awaited";

impl UpdateStatus {
    /// All of them.
    pub const ALL: [UpdateStatus; 6] = [
        UpdateStatus::Ordered,
        UpdateStatus::Offered,
        UpdateStatus::Downloaded,
        UpdateStatus::Installed,
        UpdateStatus::Failed,
        UpdateStatus::Cancelled,
    ];

    /// The word used in documents and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            UpdateStatus::Ordered => "ordered",
            UpdateStatus::Offered => "offered",
            UpdateStatus::Downloaded => "downloaded",
            UpdateStatus::Installed => "installed",
            UpdateStatus::Failed => "failed",
            UpdateStatus::Cancelled => "cancelled",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<UpdateStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether it will not change any more.
    pub fn is_final(self) -> bool {
        self >= UpdateStatus::Installed
    }
}

impl Update {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Update.id(number)
    }

    /// The list of a terminal's updates that have not ended. Its length is bounded.
    pub fn open_list(terminal: i64) -> String {
        format!("updates.open:{terminal}")
    }

    /// A terminal's updates that have not ended, oldest first. Its open list must be loaded.
    pub fn open_of(books: &Books, terminal: i64) -> Vec<Update> {
        books.listed(&Update::open_list(terminal)).filter_map(Update::of).collect()
    }

    /// The list of all updates of a terminal.
    pub fn terminal_list(terminal: i64) -> String {
        format!("updates.terminal:{terminal}")
    }

    /// The list of all updates of a rollout.
    pub fn rollout_list(rollout: i64) -> String {
        format!("updates.rollout:{rollout}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Update> {
        let fields = &document.fields;
        Some(Update {
            number: document.id.number,
            terminal: fields.number("terminal")?,
            package: fields.number("package")?,
            rollout: fields.number("rollout"),
            is_rollback: fields.is_true("is_rollback"),
            previous: fields.number("previous"),
            status: UpdateStatus::parse(fields.text("status")?)?,
            is_expired: fields.is_true("is_expired"),
            message: fields.text("message").map(str::to_owned),
            ordered_at: fields.time("ordered_at")?,
            offered_at: fields.time("offered_at"),
            changed_at: fields.time("changed_at")?,
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let fields = Fields::default()
            .with("terminal", number(Some(self.terminal)))
            .with("package", number(Some(self.package)))
            .with("rollout", number(self.rollout))
            .with("is_rollback", self.is_rollback.then_some("true"))
            .with("previous", number(self.previous))
            .with("status", Some(self.status.as_str()))
            .with("is_expired", self.is_expired.then_some("true"))
            .with("message", self.message.as_ref())
            .with("ordered_at", number(Some(self.ordered_at.0)))
            .with("offered_at", number(self.offered_at.map(|at| at.0)))
            .with("changed_at", number(Some(self.changed_at.0)));
        let mut document = Document::new(Update::id(self.number), fields);
        document.lists.insert(Update::terminal_list(self.terminal));
        document.lists.extend(self.rollout.map(Update::rollout_list));
        if !self.status.is_final() {
            document.lists.insert(Update::open_list(self.terminal));
            if self.rollout.is_some() && self.status != UpdateStatus::Ordered {
                document.lists.insert(AWAITED.to_owned());
            }
        }
        document
    }
}
