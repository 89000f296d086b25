//! The decision to order terminals to install a package.

use std::collections::BTreeMap;

use ledger::document::Kind;
use ledger::{Books, Change, EstateChange, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, Outcome, change_of, document_of, read_key, repeated};
use crate::customer::Customer;
use crate::limits::OPEN_UPDATES_MAX;
use crate::package::Package;
use crate::refusal::Refusal;
use crate::terminal::{Terminal, TerminalStatus};
use crate::update::{Update, UpdateStatus};

/// The field of an order's first change that names all of its updates, for a repeated request.
const ORDER: &str = "order";

/// Asks for a package to be installed on terminals (Access, `CreateUpdate`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUpdates {
    /// The customer with permissions on the package, which the caller may reach.
    pub customer: i64,
    /// The package.
    pub package: i64,
    /// The terminals' serial numbers, with the terminals that a look at the estate found for
    /// each. What came into the estate after the look is not there.
    pub serials: Vec<(String, Vec<i64>)>,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

impl OrderUpdates {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        for (serial, terminals) in &self.serials {
            reads.lists.push(Terminal::serial_list(serial));
            reads.lists.extend(terminals.iter().map(|number| Update::open_list(*number)));
        }
        read_key(self.idempotency, reads);
    }
}

/// Decides one order and places it in the books: one update for each terminal, or none at all. A
/// terminal that has an open order for the package gets no second one.
///
/// The answer names the new updates. A request that gave none is no repeat of anything.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CustomerNotFound`], [`Refusal::PackageNotFound`],
/// [`Refusal::SerialNotFound`], [`Refusal::PackageDoesNotSuit`], [`Refusal::TooManyUpdates`].
pub fn order_updates(
    command: &OrderUpdates,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(change) = repeated(books, command.idempotency)? {
        let first = order_of(&change).ok_or(Refusal::IdempotencyKeyReused)?;
        return Ok(Answer::replayed(Outcome::Updates(first)));
    }
    let directory = &books.directory;
    let package = Package::find_for(directory, command.customer, command.package)?;
    let terminals = meant(command, &package, books)?;
    let mut wanting = Vec::new();
    for terminal in terminals.into_values() {
        let open = Update::open_of(books, terminal.number);
        if open.iter().any(|update| update.package == package.number) {
            continue;
        }
        if open.len() >= OPEN_UPDATES_MAX {
            return Err(Refusal::TooManyUpdates);
        }
        wanting.push(terminal);
    }
    Ok(Answer::new(Outcome::Updates(place(command, &wanting, books, now))))
}

/// The terminals that the package is for, by their numbers.
fn meant(
    command: &OrderUpdates,
    package: &Package,
    books: &Books,
) -> Result<BTreeMap<i64, Terminal>, Refusal> {
    let mut known = Vec::with_capacity(command.serials.len());
    for (serial, numbers) in &command.serials {
        let found = numbers.iter().filter_map(|number| books.document(Terminal::id(*number)));
        let found = found.filter_map(Terminal::of).filter(|terminal| {
            terminal.serial.as_ref() == Some(serial)
                && terminal.status != TerminalStatus::Deleted
                && Customer::is_within(&books.directory, command.customer, terminal.customer)
        });
        let found: Vec<Terminal> = found.collect();
        if found.is_empty() {
            return Err(Refusal::SerialNotFound { serial: serial.clone() });
        }
        known.push((serial, found));
    }
    let mut meant = BTreeMap::new();
    for (serial, found) in known {
        let suited = found.into_iter().filter(|terminal| package.suits(&terminal.model));
        let suited: Vec<Terminal> = suited.collect();
        if suited.is_empty() {
            return Err(Refusal::PackageDoesNotSuit { serial: serial.clone() });
        }
        meant.extend(suited.into_iter().map(|terminal| (terminal.number, terminal)));
    }
    Ok(meant)
}

/// Places one update for each terminal. The first one's change stands for the whole order.
fn place(
    command: &OrderUpdates,
    terminals: &[Terminal],
    books: &mut Books,
    now: Timestamp,
) -> Vec<Update> {
    let first = books.coming_id().0;
    let updates = (first..).zip(terminals).map(|(number, terminal)| Update {
        number,
        terminal: terminal.number,
        package: command.package,
        rollout: None,
        is_rollback: false,
        previous: terminal.installed,
        status: UpdateStatus::Ordered,
        is_expired: false,
        message: None,
        ordered_at: now,
        offered_at: None,
        changed_at: now,
    });
    let updates: Vec<Update> = updates.collect();
    let order: Vec<String> = updates.iter().map(member).collect();
    let mut order = Some(order.join(",")).filter(|_| command.idempotency.is_some());
    let mut key = command.idempotency;
    for update in &updates {
        let document = update.document();
        let change = change_of(&document, EstateChange::UpdateOrdered, &command.actor, now);
        let change = match order.take() {
            Some(order) => change.with(ORDER, order),
            None => change,
        };
        let row = books.place_change(change, key.take());
        debug_assert_eq!(row.id.0, update.number, "an update has the number of its row");
        books.put_document(document);
    }
    updates
}

/// One update of an order: `number:terminal` or `number:terminal:previous`.
fn member(update: &Update) -> String {
    let member = format!("{}:{}", update.number, update.terminal);
    update.previous.map_or(member.clone(), |previous| format!("{member}:{previous}"))
}

/// The updates of the order that a change stands for, as they were then.
fn order_of(change: &Change) -> Option<Vec<Update>> {
    let first = Update::of(&document_of(change, Kind::Update))?;
    let members = change.field(ORDER)?.split(',').map(|member| {
        let mut numbers = member.split(':').map(str::parse);
        let number = numbers.next()?.ok()?;
        let terminal = numbers.next()?.ok()?;
        let previous = numbers.next().transpose().ok()?;
        Some(Update { number, terminal, previous, ..first.clone() })
    });
    members.collect()
}

#[cfg(test)]
mod tests;
