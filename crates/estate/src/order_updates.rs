//! The decision to order terminals to install a package.

use ledger::{Books, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, read_key};
use crate::refusal::Refusal;
use crate::terminal::Terminal;
use crate::update::Update;

/// Asks for a package to be installed on terminals (Access, `CreateUpdate`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUpdates {
    /// The customer with permissions on the package, which the caller may reach.
    pub customer: i64,
    /// The package.
    pub package: i64,
    /// The terminals' serial numbers, each once, with the terminals that a look at the estate
    /// found for it.
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
/// # Errors
/// [`Refusal::CustomerNotFound`], [`Refusal::PackageNotFound`], [`Refusal::SerialNotFound`],
/// [`Refusal::PackageDoesNotSuit`], [`Refusal::TooManyUpdates`].
pub fn order_updates(
    command: &OrderUpdates,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}
