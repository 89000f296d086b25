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
        reads.company(&self.number);
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl AddSeller {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.company(&self.company);
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
    let currencies = distinct(&command.currencies);
    let change = Change::about(RowId(0), ChangeKind::CompanyAdded, &command.actor, now)
        .with("company_number", command.number.as_str())
        .with("name", command.name.as_str())
        .with("time_zone", command.zone.name())
        .with("currencies", codes(&currencies))
        .with("authorization_days", command.authorization_days.to_string());
    let change = books.place_change(change, command.idempotency);
    books.put_company(Company {
        id: CompanyId(change.id.0),
        number: command.number.clone(),
        name: command.name.clone(),
        zone: command.zone.clone(),
        currencies,
        authorization_days: command.authorization_days,
        houses: Vec::new(),
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
    let mut added = distinct(&command.currencies);
    added.retain(|currency| !company.currencies.contains(currency));
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
    let company = books.directory.company_by_id(seller.company).cloned();
    let company_number = company.map(|company| company.number.clone()).unwrap_or_default();
    for currency in currencies {
        let id = AccountId(books.coming_id().0);
        let change = Change::about(RowId(0), ChangeKind::PayableOpened, actor, now)
            .with("company_number", company_number.as_str())
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
            last_at: now,
        });
        books.place_change(Change { account: Some(id), ..change }, None);
        seller.payables.push((*currency, id));
    }
    books.put_seller(seller);
}

/// The currencies, each once, in the order in which they were named.
fn distinct(currencies: &[Currency]) -> Vec<Currency> {
    currencies.iter().fold(Vec::new(), |mut distinct, currency| {
        if !distinct.contains(currency) {
            distinct.push(*currency);
        }
        distinct
    })
}

fn codes(currencies: &[Currency]) -> String {
    let codes: Vec<&str> = currencies.iter().map(|currency| currency.code()).collect();
    codes.join(",")
}

#[cfg(test)]
mod tests {
    use crate::Currency;
    use crate::world::{World, check};

    #[test]
    fn companies_are_configured_once() {
        check(
            "
            before            | request                      | answer               | balance
            add-company key=k | add-company key=k number=100 | IdempotencyKeyReused |
                              | add-company number=100       | NameTaken            |
                              | add-company                  | changed              | written
                              | add-company currencies=      | changed              | written
            add-company key=k | add-company key=k            | changed again        |
            add-company       | add-company                  | NameTaken            |
                              | add-company + add-company    | NameTaken            | written
            ",
        );
    }

    #[test]
    fn companies_change() {
        check(
            "
            before | request                                          | answer  | balance
                   | change-company number=999 | CompanyNotConfigured |
                   | change-company                                   | nothing |
                   | change-company name=Handel days=7 currencies=SEK | nothing |
                   | change-company name=Butik                        | changed | written
                   | change-company days=30                           | changed | written
                   | change-company currencies=EUR                    | changed | written
                   | change-company number=300 currencies=SEK,SEK     | changed | written
            ",
        );
    }

    #[test]
    fn a_company_without_currencies_is_completed_later() {
        let mut world = World::new();
        let answers = world.run_all(
            "change-company number=300 currencies=SEK; open company=300 name=N;
             add-card account=N token=n; authorize company=300 card=n",
        );
        assert_eq!(answers.last().map(String::as_str), Some("authorized"));
        assert!(world.verify().is_ok());
    }

    #[test]
    fn sellers_are_registered_once_a_company() {
        check(
            "
            before | request                                      | answer               | balance
            add-seller number=1 key=k | add-seller company=999 key=k | IdempotencyKeyReused |
                   | add-seller company=999                       | CompanyNotConfigured |
                   | add-seller                                   | NameTaken            |
                   | add-seller number=656                        | changed              | written
                   | add-seller company=200 number=655            | changed              | written
            add-seller number=1 key=k | add-seller number=1 key=k | changed again |
            add-seller number=656 | authorize seller=656 | authorized | A 0 30000
                   | add-seller number=656 + authorize seller=656 | authorized           | A 0 30000
                   | add-company + add-seller company=400         | changed              | written
            ",
        );
    }

    #[test]
    fn every_seller_has_one_payable_account_in_every_currency_of_its_company() {
        let mut world = World::new();
        world.run_all(
            "change-company currencies=EUR,EUR,SEK; add-seller number=656;
             add-company currencies=EUR,EUR; add-seller company=400",
        );
        for company in world.directory.companies() {
            for seller in world.directory.sellers(company.id) {
                let held: Vec<Currency> = seller.payables.iter().map(|(held, _)| *held).collect();
                assert_eq!(held, company.currencies, "{seller:?}");
                for (currency, id) in &seller.payables {
                    assert_eq!(seller.payable(*currency), Some(*id));
                    assert_eq!(world.accounts[id].currency, *currency);
                }
            }
        }
        assert!(world.verify().is_ok());
    }
}
