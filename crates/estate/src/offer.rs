//! What rollouts have for a terminal that calls home: a package, or the way back from one.
//!
//! A terminal gets one thing at a time: while anything is open for it, no rollout offers more.

use ledger::{Books, EstateChange, Timestamp};

use crate::command::change_of;
use crate::customer::Customer;
use crate::package::Package;
use crate::progress::{ROLLOUT, advance, go_on, remember, tally_of};
use crate::rollout::{Rollout, RolloutState};
use crate::settings;
use crate::terminal::{Activation, Reached, Terminal, TerminalStatus};
use crate::update::{Update, UpdateStatus};

/// What rollouts have for a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    /// New updates, which are in the books and on the terminal's open list already.
    pub(crate) updates: Vec<Update>,
    /// When there is going to be one, if only its maintenance window is in the way.
    pub(crate) window_opens_at: Option<Timestamp>,
}

/// Decides what the rollouts with these numbers, whose tallies are loaded, have for a terminal
/// whose open list is loaded. Updates that a rollout has taken back are called off. All of it is
/// placed in the books but what the terminal remembers, which is changed in `terminal` alone: the
/// caller puts that into the books.
pub(crate) fn offers(
    books: &mut Books,
    terminal: &mut Terminal,
    rollouts: &[i64],
    now: Timestamp,
) -> Offers {
    let mut offers = Offers::default();
    let found = rollouts.iter().filter_map(|number| Rollout::find(&books.directory, *number));
    let (back, forth): (Vec<Rollout>, Vec<Rollout>) = found
        .filter(|rollout| !rollout.is_over)
        .filter(|rollout| matches!(rollout.state, RolloutState::Running | RolloutState::RolledBack))
        .partition(|rollout| rollout.state == RolloutState::RolledBack);
    for rollout in back {
        call_off(books, terminal, &rollout, now);
        if !rollout.is_ended {
            send_back(books, terminal, &rollout, now, &mut offers);
        }
    }
    for rollout in forth {
        offer(books, terminal, &rollout, now, &mut offers);
    }
    offers
}

/// Calls off what the terminal has not installed of a rollout that was rolled back.
fn call_off(books: &mut Books, terminal: &Terminal, rollout: &Rollout, now: Timestamp) {
    if tally_of(books, rollout.number).is_none() {
        return;
    }
    let open = Update::open_of(books, terminal.number).into_iter();
    let taken_back =
        open.filter(|update| update.rollout == Some(rollout.number) && !update.is_rollback);
    for mut update in taken_back {
        go_on(books, &mut update, UpdateStatus::Cancelled, ROLLOUT, now);
    }
}

/// Sends a terminal back to what it had before a rollout, or notes that it has nothing to go back
/// from or to. Either is done once.
fn send_back(
    books: &mut Books,
    terminal: &mut Terminal,
    rollout: &Rollout,
    now: Timestamp,
    offers: &mut Offers,
) {
    let reached = terminal.rollouts.iter().find(|reached| reached.rollout == rollout.number);
    let Some(reached) = reached.copied() else { return };
    let Some(mut tally) = tally_of(books, rollout.number) else { return };
    let previous = reached.previous.and_then(|number| Package::find(&books.directory, number));
    let previous = previous.filter(|package| package.suits(&terminal.model));
    match previous {
        _ if terminal.installed != Some(rollout.package) => {
            tally.unaffected = tally.unaffected.saturating_add(1);
        }
        None => tally.kept = tally.kept.saturating_add(1),
        Some(package) => {
            if !is_ready(books, terminal, now, offers) {
                return;
            }
            tally.sent_back = tally.sent_back.saturating_add(1);
            offers.updates.push(place(books, terminal, (rollout, package.number, true), now));
        }
    }
    terminal.rollouts.retain(|known| known.rollout != rollout.number);
    advance(books, rollout.number, &tally, now);
}

/// Tells a terminal of a rollout's package, if it is meant and there is room.
fn offer(
    books: &mut Books,
    terminal: &mut Terminal,
    rollout: &Rollout,
    now: Timestamp,
    offers: &mut Offers,
) {
    let is_reached = terminal.rollouts.iter().any(|reached| reached.rollout == rollout.number);
    if is_reached || terminal.installed == Some(rollout.package) {
        return;
    }
    let tally = tally_of(books, rollout.number);
    let Some(mut tally) = tally.filter(|tally| rollout.has_room(tally)) else { return };
    let package = Package::find(&books.directory, rollout.package);
    if !package.is_some_and(|package| package.suits(&terminal.model))
        || !Customer::is_within(&books.directory, rollout.customer, terminal.customer)
        || !is_ready(books, terminal, now, offers)
    {
        return;
    }
    offers.updates.push(place(books, terminal, (rollout, rollout.package, false), now));
    tally.reached = tally.reached.saturating_add(1);
    let reached = Reached { rollout: rollout.number, previous: terminal.installed };
    remember(terminal, reached);
    advance(books, rollout.number, &tally, now);
}

/// Whether a terminal may be told of something by a rollout now: it works, nothing else is open for
/// it, and its maintenance window is open. Notes when a closed one opens.
fn is_ready(books: &Books, terminal: &Terminal, now: Timestamp, offers: &mut Offers) -> bool {
    let is_activated = matches!(terminal.activation, Activation::Done { .. });
    if terminal.status != TerminalStatus::Active
        || !is_activated
        || !Update::open_of(books, terminal.number).is_empty()
    {
        return false;
    }
    let effective = settings::effective(&books.directory, terminal);
    let Some(window) = settings::window(&effective) else { return true };
    if window.is_open(now) {
        return true;
    }
    let opens_at = Some(window.opens_at(now));
    offers.window_opens_at = offers.window_opens_at.min(opens_at).or(opens_at);
    false
}

/// Places one update of a rollout: the rollout, the package, and whether it is the way back.
fn place(
    books: &mut Books,
    terminal: &Terminal,
    (rollout, package, is_rollback): (&Rollout, i64, bool),
    now: Timestamp,
) -> Update {
    let update = Update {
        number: books.coming_id().0,
        terminal: terminal.number,
        package,
        rollout: Some(rollout.number),
        is_rollback,
        previous: terminal.installed,
        status: UpdateStatus::Offered,
        is_expired: false,
        message: None,
        ordered_at: now,
        offered_at: Some(now),
        changed_at: now,
    };
    let document = update.document();
    let change = change_of(&document, EstateChange::UpdateOrdered, ROLLOUT, now);
    books.place_change(change, None);
    books.put_document(document);
    update
}
