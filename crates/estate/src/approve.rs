//! The decision to approve an onboarding request: the merchant comes into the tree with what every
//! contract knows it by, with its agreements, its seller on the ledger and its terminals.

use ledger::configure::add_seller;
use ledger::{
    AddSeller, Books, Change, Company, Directory, EstateChange, Fields, RowId, Timestamp,
};

use crate::application::Application;
use crate::command::{Answer, Approval, Outcome, change_of, repeated};
use crate::customer::{CUSTOMERS, Customer, Merchant};
use crate::reference::{country_alpha_2, model_by_id};
use crate::refusal::Refusal;
use crate::request::{Request, RequestStatus};
use crate::review::{ApproveRequest, ChosenIdentities, put, undecided};
use crate::settings::{Layer, setting};
use crate::submit::change_of_request;
use crate::terminal::{Activation, Terminal, TerminalStatus};

/// Decides one approval and places it in the books: the customer in the tree with its identities
/// and settings, its seller on the ledger, and its terminals with their activation codes.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::RequestNotFound`], [`Refusal::AlreadyDecided`],
/// [`Refusal::SubmittedBySame`], [`Refusal::CompanyNotConfigured`], [`Refusal::IdentityTaken`].
pub fn approve_request(
    command: &ApproveRequest,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(change) = repeated(books, command.idempotency)? {
        let first = first_approval(books, command.request, &change);
        let first = first.ok_or(Refusal::IdempotencyKeyReused)?;
        return Ok(Answer::replayed(Outcome::Approved(Box::new(first))));
    }
    let before = undecided(books, command.request, &command.reviewer)?;
    let customer = merchant(command, &before, &books.directory, now)?;
    let actor = &command.reviewer.actor;
    register_seller(books, &customer, actor, now)?;
    let document = customer.document();
    books.place_change(change_of(&document, EstateChange::CustomerAdded, actor, now), None);
    books.put_document(document);
    let line = Customer::line(&books.directory, customer.number);
    let mut terminals = Vec::new();
    for at in 0..ordered(&before.application) {
        let terminal = order_terminal(command, &before, books.coming_id(), at, now);
        let document = terminal.document(&line);
        books.place_change(change_of(&document, EstateChange::TerminalOrdered, actor, now), None);
        books.put_document(document);
        terminals.push(terminal);
    }
    let request = Request {
        status: RequestStatus::Approved,
        reviewer: Some(actor.clone()),
        decided_at: Some(now),
        ..before
    };
    let change = change_of_request(&request, EstateChange::RequestApproved, actor, now);
    let change = remember(change, &terminals);
    books.place_change(change, command.idempotency);
    put(books, &request);
    let approval = Approval { request: request.number, customer, terminals };
    Ok(Answer::new(Outcome::Approved(Box::new(approval))))
}

/// The customer that comes into the tree.
fn merchant(
    command: &ApproveRequest,
    request: &Request,
    directory: &Directory,
    now: Timestamp,
) -> Result<Customer, Refusal> {
    let (chosen, draw) = (&command.identities, &command.draw);
    let application = &request.application;
    let company = company(chosen, directory, application.parent)?;
    let seller_number = match &chosen.seller_number {
        Some(number) if is_named(directory, &Customer::seller_name(&company.number, number)) => {
            return Err(Refusal::IdentityTaken("seller_number"));
        }
        Some(number) => number.clone(),
        None => free_seller_number(directory, company, request.customer),
    };
    let account = |id: &str| Customer::account_name(id);
    let merchant = |id: &str| Customer::merchant_name(id);
    let entity = |id: &str| Customer::entity_name(id);
    let account_id = free(directory, chosen.account_id.as_ref(), "account_id", account, |at| {
        draw.uuid("account", at)
    })?;
    let merchant_id =
        free(directory, chosen.merchant_id.as_ref(), "merchant_id", merchant, |at| {
            let number = request.customer;
            if at == 0 { format!("M{number}") } else { format!("M{number}-{at}") }
        })?;
    let entity_id = free(directory, chosen.entity_id.as_ref(), "entity_id", entity, |at| {
        draw.hex("entity", at)
    })?;
    Ok(Customer {
        number: request.customer,
        parent: application.parent,
        name: application.address.company_name.clone(),
        organisation_number: application.organisation_number.clone(),
        created_at: now,
        account_id,
        settings: settings(application, company),
        merchant: Some(Merchant {
            company_number: company.number.clone(),
            seller_number,
            merchant_id,
            entity_id,
            mcc: application.mcc.clone(),
            agreements: application.agreements.clone(),
        }),
    })
}

/// The ledger that the merchant's seller shall be in.
fn company<'d>(
    chosen: &ChosenIdentities,
    directory: &'d Directory,
    parent: i64,
) -> Result<&'d Company, Refusal> {
    let above = || {
        let line = Customer::line(directory, parent).into_iter();
        let mut above = line.filter_map(|number| Customer::find(directory, number)?.merchant);
        above.next().map(|merchant| merchant.company_number)
    };
    let only = || {
        let mut companies = directory.companies();
        let first = companies.next()?;
        companies.next().is_none().then(|| first.number.clone())
    };
    let number = chosen.company_number.clone().or_else(above).or_else(only);
    let company = number.and_then(|number| directory.company(&number));
    company.map(|company| &**company).ok_or(Refusal::CompanyNotConfigured)
}

pub(crate) fn is_named(directory: &Directory, name: &str) -> bool {
    directory.document_named(name).is_some()
}

/// The chosen identity unless it is in use, or the first of the others that is not.
pub(crate) fn free(
    directory: &Directory,
    chosen: Option<&String>,
    what: &'static str,
    name: impl Fn(&str) -> String,
    others: impl Fn(usize) -> String,
) -> Result<String, Refusal> {
    if let Some(chosen) = chosen {
        let is_taken = is_named(directory, &name(chosen));
        return if is_taken { Err(Refusal::IdentityTaken(what)) } else { Ok(chosen.clone()) };
    }
    // Each customer has one: of one more than there are, one is free.
    let customers = directory.documents_on(CUSTOMERS).count();
    let free = (0..=customers).map(others).find(|other| !is_named(directory, &name(other)));
    free.ok_or(Refusal::IdentityTaken(what))
}

/// The customer's number, or where a seller has it already, that number after the first of 1, 2
/// and so on which makes it new.
pub(crate) fn free_seller_number(
    directory: &Directory,
    company: &Company,
    customer: i64,
) -> String {
    let others = (1_u32..).map(|before| format!("{before}{customer:010}"));
    let mut numbers = std::iter::once(customer.to_string()).chain(others);
    let is_free = |number: &String| directory.seller(company.id, number).is_none();
    numbers.find(is_free).unwrap_or_default()
}

/// Registers the merchant's seller, unless it takes over one that is there.
pub(crate) fn register_seller(
    books: &mut Books,
    customer: &Customer,
    actor: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some(merchant) = &customer.merchant else { return Ok(()) };
    let add = AddSeller {
        company: merchant.company_number.clone(),
        number: merchant.seller_number.clone(),
        name: customer.name.clone(),
        actor: actor.to_owned(),
        idempotency: None,
    };
    match add_seller(&add, books, now) {
        Ok(_) | Err(ledger::Refusal::NameTaken) => Ok(()),
        Err(_) => Err(Refusal::CompanyNotConfigured),
    }
}

/// What the application says of how terminals shall work.
fn settings(application: &Application, company: &Company) -> Layer {
    let address = &application.address;
    let country = country_alpha_2(&application.country_numeric).unwrap_or_default();
    let tips = if application.tipping { "prompt_on_terminal" } else { "disabled" };
    let mut layer = Layer::default();
    for (name, value) in [
        ("name", address.company_name.clone()),
        ("receipt_header_merchant_name", application.receipt_name.clone()),
        ("address.line1", address.street.clone()),
        ("address.city", address.city.clone()),
        ("address.postal_code", address.zip_code.clone()),
        ("address.country", country.to_owned()),
        ("timezone", company.zone.name().to_owned()),
        ("currency", application.currency.clone()),
        ("supported_card_brands", card_brands(application)),
        ("signature_required", application.signature.to_string()),
        ("tip.mode", tips.to_owned()),
    ] {
        // An American address wants a region, which Access does not ask for.
        if name.starts_with("address.") && country == "US" {
            continue;
        }
        // Access allows texts that settings do not. Without its own, a terminal inherits others.
        if let Some(Ok(value)) = setting(name).map(|setting| setting.check(&value)) {
            layer.choose(name, value);
        }
    }
    layer
}

/// The brands of the agreements as the Terminals contract names them, where it has a name.
fn card_brands(application: &Application) -> String {
    let brands: &[(i64, &str)] = &[
        (1, "visa"),
        (2, "american_express"),
        (3, "discover"),
        (1, "mastercard"),
        (3, "diners_club"),
        (4, "jcb"),
    ];
    let agreed =
        |id: i64| application.agreements.iter().any(|agreement| agreement.card_brand == id);
    let names: Vec<&str> =
        brands.iter().filter(|(id, _)| agreed(*id)).map(|(_, name)| *name).collect();
    names.join(",")
}

/// How many terminals are ordered.
fn ordered(application: &Application) -> usize {
    let quantity = application.order.as_ref().map_or(0, |order| order.quantity);
    usize::try_from(quantity).unwrap_or(0)
}

/// The terminal that the row `row` brings into the estate, the `at`th of the order.
fn order_terminal(
    command: &ApproveRequest,
    request: &Request,
    row: RowId,
    at: usize,
    now: Timestamp,
) -> Terminal {
    let order = request.application.order.as_ref();
    let model = order.and_then(|order| model_by_id(order.model));
    let drawn = Drawn {
        row,
        uuid: command.draw.uuid("terminal", at),
        code_salt: command.draw.hex("activation", at),
        model: model.map_or_else(String::new, |model| model.name.to_owned()),
        operating_mode: order.map(|order| order.operating_mode),
    };
    drawn.terminal(request.customer, now)
}

/// What makes one ordered terminal differ from another.
struct Drawn {
    row: RowId,
    uuid: String,
    code_salt: String,
    model: String,
    operating_mode: Option<i64>,
}

impl Drawn {
    fn terminal(self, customer: i64, now: Timestamp) -> Terminal {
        Terminal {
            number: self.row.0,
            terminal_id: Terminal::terminal_id_of(self.row),
            uuid: self.uuid,
            customer,
            status: TerminalStatus::Ordered,
            is_onboarded: false,
            model: self.model,
            serial: None,
            reference_id: None,
            operating_mode: self.operating_mode,
            created_at: now,
            last_call_home: None,
            application_version: None,
            installed: None,
            rollouts: Vec::new(),
            activation: Activation::Waiting { code_salt: self.code_salt, wrong_codes: 0 },
            settings: Layer::default(),
        }
    }
}

/// Puts into the approval's row what a repeat needs to answer as the first time, when the
/// terminals have long been changed.
fn remember(change: Change, terminals: &[Terminal]) -> Change {
    terminals.iter().enumerate().fold(change, |change, (at, terminal)| {
        let salt = match &terminal.activation {
            Activation::Waiting { code_salt, .. } => code_salt.as_str(),
            Activation::Done { .. } => "",
        };
        let change = change
            .with(&format!("terminal.{at}.row"), terminal.number.to_string())
            .with(&format!("terminal.{at}.uuid"), terminal.uuid.as_str())
            .with(&format!("terminal.{at}.code_salt"), salt)
            .with(&format!("terminal.{at}.model"), terminal.model.as_str());
        match terminal.operating_mode {
            Some(mode) => change.with(&format!("terminal.{at}.operating_mode"), mode.to_string()),
            None => change,
        }
    })
}

/// What [`remember`] remembers. The customer's identities never change, so that they are told as
/// the customer has them now.
fn first_approval(books: &Books, request: i64, change: &Change) -> Option<Approval> {
    let fields = change.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let fields: Fields = fields.collect();
    let number = fields.number("customer")?;
    let customer = Customer::find(&books.directory, number)?;
    let part = |at: usize| fields.under(&format!("terminal.{at}."));
    let parts = (0..).map(part).take_while(|part| !part.is_empty());
    let terminals = parts.map(|part| {
        let drawn = Drawn {
            row: RowId(part.number("row")?),
            uuid: part.text("uuid")?.to_owned(),
            code_salt: part.text("code_salt")?.to_owned(),
            model: part.text("model")?.to_owned(),
            operating_mode: part.number("operating_mode"),
        };
        Some(drawn.terminal(number, change.at))
    });
    let terminals: Option<Vec<Terminal>> = terminals.collect();
    Some(Approval { request, customer, terminals: terminals? })
}

#[cfg(test)]
mod tests;
