//! The decisions to configure companies and to register their sellers.

use crate::account::{Account, AccountKind, AccountStatus, Balance};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::change::{Change, ChangeKind, Idempotency};
use crate::directory::{Company, Seller};
use crate::ids::{AccountId, CompanyId, RowId, SellerId};
use crate::money::Currency;
use crate::refusal::Refusal;
use crate::time::{Timestamp, Zone};

/// Asks to configure a company (operator API, POST companies).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCompany {
    /// What paths shall call it; unique in the installation.
    pub number: String,
    /// For people.
    pub name: String,
    /// Its zone.
    pub zone: Zone,
    /// What its accounts may be in. May be empty: then its configuration is missing.
    pub currencies: Vec<Currency>,
    /// Days an authorization is valid by default.
    pub authorization_days: i32,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks to change a company (operator API, PATCH companies).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCompany {
    /// Which company, by number.
    pub number: String,
    /// Its new name.
    pub name: Option<String>,
    /// Currencies to add; none is ever taken away.
    pub currencies: Vec<Currency>,
    /// Days an authorization is valid by default.
    pub authorization_days: Option<i32>,
    /// Who asks.
    pub actor: String,
}

/// Asks to register a seller (operator API, POST companies/{number}/sellers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddSeller {
    /// The ledger, by number.
    pub company: String,
    /// What requests shall call the seller; unique in the company.
    pub number: String,
    /// For people.
    pub name: String,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

impl AddCompany {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl AddSeller {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

/// Decides one configuration and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::NameTaken`].
pub fn add_company(
    command: &AddCompany,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(answer) = books.repeated(command.idempotency)? {
        return Ok(answer);
    }
    if books.directory.company(&command.number).is_some() {
        return Err(Refusal::NameTaken);
    }
    let change = Change::about(RowId(0), ChangeKind::CompanyAdded, &command.actor, now)
        .with("company_number", command.number.as_str())
        .with("name", command.name.as_str())
        .with("time_zone", command.zone.name())
        .with("currencies", codes(&command.currencies))
        .with("authorization_days", command.authorization_days.to_string());
    let change = books.place_change(change, command.idempotency);
    books.put_company(Company {
        id: CompanyId(change.id.0),
        number: command.number.clone(),
        name: command.name.clone(),
        zone: command.zone.clone(),
        currencies: command.currencies.clone(),
        authorization_days: command.authorization_days,
    });
    Ok(Answer::new(Done::Changed(change)))
}

/// Decides one change and places it in the books; opens a payable account for every seller in
/// every added currency.
///
/// # Errors
/// [`Refusal::CompanyNotConfigured`].
pub fn change_company(
    command: &ChangeCompany,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let before = books.directory.company(&command.number).ok_or(Refusal::CompanyNotConfigured)?;
    let mut company = Company::clone(before);
    company.name = command.name.clone().unwrap_or(company.name);
    company.authorization_days = command.authorization_days.unwrap_or(company.authorization_days);
    let added: Vec<Currency> =
        command.currencies.iter().copied().filter(|c| !company.currencies.contains(c)).collect();
    company.currencies.extend(&added);
    if company == **before {
        return Ok(Answer::new(Done::Nothing));
    }
    let sellers: Vec<Seller> =
        books.directory.sellers(company.id).map(|seller| Seller::clone(seller)).collect();
    let change = RowId(company.id.0);
    let change = Change::about(change, ChangeKind::CompanyChanged, &command.actor, now)
        .with("company_number", company.number.as_str())
        .with("name", company.name.as_str())
        .with("currencies", codes(&company.currencies))
        .with("authorization_days", company.authorization_days.to_string());
    let change = books.place_change(change, None);
    for seller in sellers {
        open_payables(seller, &added, &command.actor, books, now);
    }
    books.put_company(company);
    Ok(Answer::new(Done::Changed(change)))
}

/// Decides one registration and places it in the books, with a payable account for every
/// currency of the company.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CompanyNotConfigured`], [`Refusal::NameTaken`].
pub fn add_seller(
    command: &AddSeller,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(answer) = books.repeated(command.idempotency)? {
        return Ok(answer);
    }
    let company = books.directory.company(&command.company);
    let company = company.ok_or(Refusal::CompanyNotConfigured)?;
    if books.directory.seller(company.id, &command.number).is_some() {
        return Err(Refusal::NameTaken);
    }
    let (company, currencies) = (company.id, company.currencies.clone());
    let change = Change::about(RowId(0), ChangeKind::SellerAdded, &command.actor, now)
        .with("company_number", command.company.as_str())
        .with("seller_number", command.number.as_str())
        .with("name", command.name.as_str());
    let change = books.place_change(change, command.idempotency);
    let seller = Seller {
        id: SellerId(change.id.0),
        company,
        number: command.number.clone(),
        name: command.name.clone(),
        payables: Vec::new(),
    };
    open_payables(seller, &currencies, &command.actor, books, now);
    Ok(Answer::new(Done::Changed(change)))
}

fn open_payables(
    mut seller: Seller,
    currencies: &[Currency],
    actor: &str,
    books: &mut Books,
    now: Timestamp,
) {
    for currency in currencies {
        let id = AccountId(books.coming_id().0);
        let change = Change::about(RowId(0), ChangeKind::PayableOpened, actor, now)
            .with("seller_number", seller.number.as_str())
            .with("currency", currency.code());
        books.put_account(Account {
            id,
            company: seller.company,
            currency: *currency,
            kind: AccountKind::Payable(seller.id),
            status: AccountStatus::Active,
            holder: String::new(),
            credit_limit: 0,
            balance: Balance::default(),
            last: RowId(0),
        });
        books.place_change(Change { account: Some(id), ..change }, None);
        seller.payables.push((*currency, id));
    }
    books.put_seller(seller);
}

fn codes(currencies: &[Currency]) -> String {
    let codes: Vec<&str> = currencies.iter().map(|currency| currency.code()).collect();
    codes.join(",")
}
