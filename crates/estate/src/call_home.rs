//! The decision about a call home: what a device tells, and what it is told to install.

use ledger::{Books, ReadSet, Timestamp};

use crate::activate::device;
use crate::command::{Answer, Outcome};
use crate::offer::offers;
use crate::package::Package;
use crate::progress::{apply_status, go_on};
use crate::refusal::Refusal;
use crate::rollout::Rollout;
use crate::terminal::{Terminal, TerminalStatus};
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
    /// The rollouts that were not over when the call came: those whose tallies are looked at.
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
/// A terminal that is not active may call, and says how its updates are; it is told of none.
///
/// # Errors
/// [`Refusal::NotThisDevice`].
pub fn call_home(command: &CallHome, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let mut terminal = device(books, command.terminal, &command.token_hash)?;
    terminal.last_call_home = Some(now);
    terminal.application_version = Some(command.application_version.clone());
    take_reports(command, &mut terminal, books, now);
    let offers = offers(books, &mut terminal, &command.rollouts, now);
    let updates = tell_updates(&terminal, books, now);
    books.put_document(terminal.document_in(&books.directory));
    let (terminal, window_opens_at) = (Box::new(terminal), offers.window_opens_at);
    Ok(Answer::new(Outcome::CalledHome { terminal, updates, window_opens_at }))
}

/// Takes over what the device says of its packages. What cannot be any more is passed over: the
/// device has said it before, or is late.
fn take_reports(command: &CallHome, terminal: &mut Terminal, books: &mut Books, now: Timestamp) {
    for (package, status) in &command.packages {
        let open = Update::open_of(books, terminal.number).into_iter();
        // Of an update that it has not been told of, a device can know only that it has the
        // package: what else it says is about an earlier try.
        let is_known = |update: &Update| {
            update.status != UpdateStatus::Ordered || *status == UpdateStatus::Installed
        };
        for mut update in open.filter(|it| it.package == *package && is_known(it)) {
            let said = apply_status(books, terminal, &mut update, *status, None, now);
            // The answer is what the device is told next; there is nobody to refuse anything to.
            drop(said);
        }
    }
}

/// The open updates of a terminal with their packages, oldest first. The device knows of them
/// from now on. A terminal that is not active is told of none.
fn tell_updates(terminal: &Terminal, books: &mut Books, now: Timestamp) -> Vec<(Update, Package)> {
    let mut told = Vec::new();
    if terminal.status != TerminalStatus::Active {
        return told;
    }
    for mut update in Update::open_of(books, terminal.number) {
        let Some(package) = Package::find(&books.directory, update.package) else { continue };
        if update.status == UpdateStatus::Ordered {
            update.offered_at = Some(now);
            go_on(books, &mut update, UpdateStatus::Offered, &terminal.actor(), now);
        }
        told.push((update, package));
    }
    told
}

#[cfg(test)]
mod tests;
