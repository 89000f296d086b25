//! How updates go on, and what that means for the rollouts that they are part of.

use ledger::{Books, Change, EstateChange, Idempotency, Timestamp};

use crate::command::change_of;
use crate::refusal::Refusal;
use crate::rollout::{Rollout, RolloutState, Tally};
use crate::terminal::{Reached, Terminal};
use crate::update::{Update, UpdateStatus};

/// Who makes a rollout go on or halt: nobody but its figures.
pub(crate) const ROLLOUT: &str = "rollout";

/// Takes over what a device says of one of its updates, and counts it where the update is part of
/// a rollout, whose tally must be loaded. The update is placed in the books with its change; the
/// terminal is changed only in `terminal`, and the caller puts it into the books.
///
/// An update goes forward only, and what has ended stays as it is; but a device that has installed
/// an update after we stopped waiting for it, or called it off, is believed. Saying again what was
/// said before changes nothing.
///
/// # Errors
/// [`Refusal::UpdateEnded`]; [`Refusal::UpdateNotFound`] where the tally is not loaded.
pub(crate) fn apply_status(
    books: &mut Books,
    terminal: &mut Terminal,
    update: &mut Update,
    status: UpdateStatus,
    message: Option<&str>,
    now: Timestamp,
) -> Result<(), Refusal> {
    if status == update.status {
        return Ok(());
    }
    let is_late = update.is_expired || update.status == UpdateStatus::Cancelled;
    let is_possible = match status {
        UpdateStatus::Ordered | UpdateStatus::Offered | UpdateStatus::Cancelled => false,
        UpdateStatus::Downloaded | UpdateStatus::Failed => !update.status.is_final(),
        UpdateStatus::Installed => !update.status.is_final() || is_late,
    };
    if !is_possible {
        return Err(Refusal::UpdateEnded);
    }
    if update.rollout.is_some_and(|rollout| tally_of(books, rollout).is_none()) {
        return Err(Refusal::UpdateNotFound);
    }
    if status == UpdateStatus::Installed {
        terminal.installed = Some(update.package);
        if is_late {
            remember_again(books, terminal, update);
        }
    }
    update.is_expired = false;
    update.message = message.map(str::to_owned);
    go_on(books, update, status, &terminal.actor(), now);
    Ok(())
}

/// A terminal that was thought not to have the package has it, though its rollout is rolled back:
/// it is to go back after all.
fn remember_again(books: &mut Books, terminal: &mut Terminal, update: &Update) {
    let rollout = update.rollout.and_then(|number| Rollout::find(&books.directory, number));
    let Some(rollout) = rollout.filter(|_| !update.is_rollback) else { return };
    let is_remembered = terminal.rollouts.iter().any(|reached| reached.rollout == rollout.number);
    if rollout.state != RolloutState::RolledBack || is_remembered {
        return;
    }
    remember(terminal, Reached { rollout: rollout.number, previous: update.previous });
    if let Some(mut tally) = tally_of(books, rollout.number) {
        tally.unaffected = tally.unaffected.saturating_sub(1).max(0);
        books.put_document(tally.document(rollout.number));
    }
}

/// Makes a terminal remember that a rollout has reached it.
pub(crate) fn remember(terminal: &mut Terminal, reached: Reached) {
    let at = terminal.rollouts.partition_point(|known| known.rollout < reached.rollout);
    terminal.rollouts.insert(at, reached);
    let forgotten = terminal.rollouts.len().saturating_sub(crate::limits::REMEMBERED_ROLLOUTS_MAX);
    terminal.rollouts.drain(..forgotten);
}

/// Moves an update on, places that in the books, and lets its rollout follow.
pub(crate) fn go_on(
    books: &mut Books,
    update: &mut Update,
    status: UpdateStatus,
    actor: &str,
    now: Timestamp,
) {
    let before = std::mem::replace(&mut update.status, status);
    update.changed_at = now;
    let document = update.document();
    books.place_change(change_of(&document, EstateChange::UpdateChanged, actor, now), None);
    books.put_document(document);
    let Some(number) = update.rollout else { return };
    let Some(mut tally) = tally_of(books, number) else { return };
    if let Some(figure) = tally.figure(update.is_rollback, before) {
        *figure = figure.saturating_sub(1);
    }
    if let Some(figure) = tally.figure(update.is_rollback, status) {
        *figure = figure.saturating_add(1);
    }
    advance(books, number, &tally, now);
}

/// Puts a changed tally into the books, and lets its rollout follow: to the next stage, to a halt,
/// to its end.
pub(crate) fn advance(books: &mut Books, number: i64, tally: &Tally, now: Timestamp) {
    books.put_document(tally.document(number));
    let Some(before) = Rollout::find(&books.directory, number) else { return };
    let rollout = before.after(tally, now);
    if rollout != before {
        let kind = EstateChange::RolloutChanged;
        books.place_change(rollout_change(&rollout, tally, kind, ROLLOUT, now), None);
        books.put_document(rollout.document());
    }
}

/// Places a rollout that somebody has started or steered, and lets it follow its figures.
pub(crate) fn put_rollout(
    books: &mut Books,
    rollout: &Rollout,
    tally: &Tally,
    (kind, actor): (EstateChange, &str),
    idempotency: Option<Idempotency>,
    now: Timestamp,
) {
    let change = rollout_change(rollout, tally, kind, actor, now);
    books.place_change(change, idempotency);
    books.put_document(rollout.document());
    books.put_document(tally.document(rollout.number));
}

/// A change of a rollout, which tells its figures too.
fn rollout_change(
    rollout: &Rollout,
    tally: &Tally,
    kind: EstateChange,
    actor: &str,
    now: Timestamp,
) -> Change {
    let change = change_of(&rollout.document(), kind, actor, now);
    let figures = tally.fields();
    figures
        .iter()
        .fold(change, |change, (name, value)| change.with(&format!("tally.{name}"), value))
}

/// What a rollout has come to, where that is loaded.
pub(crate) fn tally_of(books: &Books, rollout: i64) -> Option<Tally> {
    books.document(Rollout::tally_id(rollout)).and_then(Tally::of)
}

impl Tally {
    /// The figure in which an update of this status is counted.
    fn figure(&mut self, is_rollback: bool, status: UpdateStatus) -> Option<&mut i64> {
        match (status, is_rollback) {
            (UpdateStatus::Ordered | UpdateStatus::Offered | UpdateStatus::Downloaded, _) => None,
            (UpdateStatus::Installed, false) => Some(&mut self.installed),
            (UpdateStatus::Failed, false) => Some(&mut self.failed),
            (UpdateStatus::Cancelled, false) => Some(&mut self.cancelled),
            (UpdateStatus::Installed, true) => Some(&mut self.restored),
            (UpdateStatus::Failed | UpdateStatus::Cancelled, true) => Some(&mut self.not_restored),
        }
    }
}
