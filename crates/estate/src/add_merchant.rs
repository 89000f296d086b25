//! The decision to add a merchant that nobody has to approve: a partner of alternative payments
//! brings it itself.

use ledger::document::Kind;
use ledger::{Books, Company, Directory, EstateChange, Timestamp};

use crate::approve::{free, free_seller_number, is_named, register_seller};
use crate::command::{Answer, Outcome, change_of, next_number};
use crate::customer::{Customer, Merchant};
use crate::draw::Draw;
use crate::refusal::Refusal;
use crate::settings::Layer;

/// Asks to add a merchant (AAPay administration service, POST merchant).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddMerchant {
    /// Below whom.
    pub parent: i64,
    /// What alternative payments shall call it.
    pub merchant_id: String,
    /// For people.
    pub name: String,
    /// As its country's register has it; empty where nobody has told.
    pub organisation_number: String,
    /// What it sells: four digits (ISO 18245).
    pub mcc: String,
    /// Who has asked for it at the caller's.
    pub created_by: String,
    /// For its other identities.
    pub draw: Draw,
    /// Who asks.
    pub actor: String,
}

/// Decides one addition and places it in the books: the customer in the tree with its identities,
/// and its seller on the ledger.
///
/// # Errors
/// [`Refusal::CustomerNotFound`], [`Refusal::IdentityTaken`], [`Refusal::CompanyNotConfigured`].
pub fn add_merchant(
    command: &AddMerchant,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if Customer::find(&books.directory, command.parent).is_none() {
        return Err(Refusal::CustomerNotFound);
    }
    if is_named(&books.directory, &Customer::merchant_name(&command.merchant_id)) {
        return Err(Refusal::IdentityTaken("merchant_id"));
    }
    if company(&books.directory, command.parent).is_none() {
        return Err(Refusal::CompanyNotConfigured);
    }
    let number = next_number(books, Kind::Customer);
    let customer = customer(command, number, &books.directory, now)?;
    register_seller(books, &customer, &command.actor, now)?;
    let document = customer.document();
    let change = change_of(&document, EstateChange::CustomerAdded, &command.actor, now);
    books.place_change(change.with("created_by", command.created_by.as_str()), None);
    books.put_document(document);
    Ok(Answer::new(Outcome::Customer(customer)))
}

fn customer(
    command: &AddMerchant,
    number: i64,
    directory: &Directory,
    now: Timestamp,
) -> Result<Customer, Refusal> {
    let company = company(directory, command.parent).ok_or(Refusal::CompanyNotConfigured)?;
    let draw = &command.draw;
    let account_id =
        free(directory, None, "account_id", Customer::account_name, |at| draw.uuid("account", at))?;
    let entity_id =
        free(directory, None, "entity_id", Customer::entity_name, |at| draw.hex("entity", at))?;
    Ok(Customer {
        number,
        parent: command.parent,
        name: command.name.clone(),
        organisation_number: command.organisation_number.clone(),
        created_at: now,
        account_id,
        settings: Layer::default(),
        merchant: Some(Merchant {
            company_number: company.number.clone(),
            seller_number: free_seller_number(directory, company, number),
            merchant_id: command.merchant_id.clone(),
            entity_id,
            mcc: command.mcc.clone(),
            agreements: Vec::new(),
        }),
    })
}

/// The ledger that the merchant's seller shall be in: that of the nearest customer above that has
/// one, that which all merchants below the same customer have, or the installation's only one.
fn company(directory: &Directory, parent: i64) -> Option<&Company> {
    let of = |customer: Customer| customer.merchant.map(|merchant| merchant.company_number);
    let mut line = Customer::line(directory, parent).into_iter();
    let above = line.find_map(|number| of(Customer::find(directory, number)?));
    let below = || only(Customer::subtree(directory, parent).into_iter().filter_map(of));
    let all = || only(directory.companies().map(|company| company.number.clone()));
    let number = above.or_else(below).or_else(all);
    directory.company(&number?).map(|company| &**company)
}

/// What all of them are, where they are one and the same.
fn only(mut numbers: impl Iterator<Item = String>) -> Option<String> {
    let first = numbers.next()?;
    numbers.all(|number| number == first).then_some(first)
}

#[cfg(test)]
mod tests;
