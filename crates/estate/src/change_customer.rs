//! The decisions to add a customer to the tree and to change one.

use ledger::document::Kind;
use ledger::{Books, EstateChange, Idempotency, Timestamp};

use crate::command::{Answer, Outcome, change_of, document_of, next_number, repeated};
use crate::customer::Customer;
use crate::draw::Draw;
use crate::refusal::Refusal;
use crate::settings::{Layer, conflicts_of, with_own};

/// Asks to add a customer that is no merchant: a partner, a chain, a region (operator API, POST
/// customers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCustomer {
    /// Below whom; 0 for a new root.
    pub parent: i64,
    /// For people.
    pub name: String,
    /// As its country's register has it.
    pub organisation_number: String,
    /// For its account id.
    pub draw: Draw,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks to change a customer (operator API, PATCH customers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCustomer {
    /// Which one.
    pub customer: i64,
    /// Its new name.
    pub name: Option<String>,
    /// Settings to be merged into its own.
    pub settings: Layer,
    /// Who asks.
    pub actor: String,
}

/// Decides one addition and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CustomerNotFound`].
pub fn add_customer(
    command: &AddCustomer,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(change) = repeated(books, command.idempotency)? {
        let first = Customer::of(&document_of(&change, Kind::Customer));
        let first = first.ok_or(Refusal::IdempotencyKeyReused)?;
        return Ok(Answer::replayed(Outcome::Customer(first)));
    }
    if command.parent != 0 && Customer::find(&books.directory, command.parent).is_none() {
        return Err(Refusal::CustomerNotFound);
    }
    let customer = Customer {
        number: next_number(books, Kind::Customer),
        parent: command.parent,
        name: command.name.clone(),
        organisation_number: command.organisation_number.clone(),
        created_at: now,
        account_id: command.draw.uuid("account", 0),
        merchant: None,
        settings: Layer::default(),
    };
    let document = customer.document();
    let change = change_of(&document, EstateChange::CustomerAdded, &command.actor, now);
    books.place_change(change, command.idempotency);
    books.put_document(document);
    Ok(Answer::new(Outcome::Customer(customer)))
}

/// Decides one change and places it in the books. What changes nothing leaves no row.
///
/// # Errors
/// [`Refusal::CustomerNotFound`], [`Refusal::SettingsConflict`].
pub fn change_customer(
    command: &ChangeCustomer,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let before = Customer::find(&books.directory, command.customer);
    let before = before.ok_or(Refusal::CustomerNotFound)?;
    let mut customer = before.clone();
    customer.name = command.name.clone().unwrap_or(customer.name);
    customer.settings.merge(&command.settings);
    if customer.settings != before.settings {
        // What its terminals are to use must go together, with what comes from above.
        let effective = with_own(&books.directory, customer.parent, &customer.settings);
        let mut found = conflicts_of(&command.settings, &effective).into_iter();
        if let Some((setting, reason)) = found.next() {
            return Err(Refusal::SettingsConflict { setting, reason });
        }
    }
    if customer != before {
        let document = customer.document();
        let change = change_of(&document, EstateChange::CustomerChanged, &command.actor, now);
        books.place_change(change, None);
        books.put_document(document);
    }
    Ok(Answer::new(Outcome::Customer(customer)))
}
