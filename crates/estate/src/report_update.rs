//! The decision about what a device says of an update.

use ledger::{Books, ReadSet, Timestamp};

use crate::command::Answer;
use crate::refusal::Refusal;
use crate::rollout::Rollout;
use crate::terminal::Terminal;
use crate::update::{Update, UpdateStatus};

/// A device says how far an update is (device API, POST updates/{id}/status).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportUpdate {
    /// The terminal's number, from its token.
    pub terminal: i64,
    /// SHA-256 of its token: 64 hexadecimal digits.
    pub token_hash: String,
    /// Which update.
    pub update: i64,
    /// How far it is: downloaded, installed or failed.
    pub status: UpdateStatus,
    /// What the device says about it.
    pub message: Option<String>,
    /// The rollouts that are not over: the update's may be one of them.
    pub rollouts: Vec<i64>,
}

impl ReportUpdate {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Terminal::id(self.terminal));
        reads.documents.push(Update::id(self.update));
        reads.documents.extend(self.rollouts.iter().map(|number| Rollout::tally_id(*number)));
    }
}

/// Decides one report and places it in the books: the update, and the tally of its rollout, which
/// goes on or halts by it.
///
/// # Errors
/// [`Refusal::NotThisDevice`], [`Refusal::UpdateNotFound`], [`Refusal::UpdateEnded`].
pub fn report_update(
    command: &ReportUpdate,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}
