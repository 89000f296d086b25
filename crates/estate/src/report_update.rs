//! The decision about what a device says of an update.

use ledger::{Books, ReadSet, Timestamp};

use crate::activate::device;
use crate::command::{Answer, Outcome};
use crate::progress::apply_status;
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
    /// The rollout of the update, if it is part of one, as a look at the update has found. Others
    /// may be named too.
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
/// goes on or halts by it. What was said before changes nothing.
///
/// # Errors
/// [`Refusal::NotThisDevice`], [`Refusal::UpdateNotFound`], [`Refusal::UpdateEnded`].
pub fn report_update(
    command: &ReportUpdate,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut terminal = device(books, command.terminal, &command.token_hash)?;
    let update = books.document(Update::id(command.update)).and_then(Update::of);
    let update = update.filter(|update| update.terminal == terminal.number);
    let mut update = update.ok_or(Refusal::UpdateNotFound)?;
    let before = (terminal.clone(), update.clone());
    let message = command.message.as_deref();
    apply_status(books, &mut terminal, &mut update, command.status, message, now)?;
    if terminal != before.0 {
        books.put_document(terminal.document_in(&books.directory));
    }
    let replayed = update == before.1;
    Ok(Answer { done: Outcome::Update(update), replayed })
}
