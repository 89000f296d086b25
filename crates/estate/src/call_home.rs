//! The decision about a call home: what a device tells, and what it is told to install.

use ledger::{Books, ReadSet, Timestamp};

use crate::command::Answer;
use crate::refusal::Refusal;
use crate::rollout::Rollout;
use crate::terminal::Terminal;
use crate::update::{Update, UpdateStatus};

/// A device calls home (device API, POST call-home).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallHome {
    /// The terminal's number, from its token.
    pub terminal: i64,
    /// SHA-256 of its token: 64 hexadecimal digits.
    pub token_hash: String,
    /// What the device says it runs.
    pub application_version: String,
    /// How far the device says that packages are, by the packages' numbers.
    pub packages: Vec<(i64, UpdateStatus)>,
    /// The rollouts that were live when the call came: those whose tallies are looked at.
    pub rollouts: Vec<i64>,
}

impl CallHome {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Terminal::id(self.terminal));
        reads.documents.extend(self.rollouts.iter().map(|number| Rollout::tally_id(*number)));
        reads.lists.push(Update::open_list(self.terminal));
    }
}

/// Decides one call and places it in the books. That a device called is no row of the journal.
///
/// # Errors
/// [`Refusal::NotThisDevice`].
pub fn call_home(command: &CallHome, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}
