//! The decision to reserve money on an account.

use crate::account::{Account, AccountNo, AccountStatus, Balance};
use crate::authorization::{
    Authorization, AuthorizationKind, AuthorizationState, CardAuthenticationMethod, Channel,
    DeclineReason,
};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::card::{Card, CardStatus, CardToken};
use crate::directory::{Company, Seller};
use crate::ids::{AuthorizationId, Fingerprint, Hasher, Key, RowId};
use crate::limits::AUTHORIZATION_DAYS_MAX;
use crate::money::{Currency, Decimal, MoneyError};
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::Mount;

/// Asks to reserve an amount (card ledger, POST authorizations).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorize {
    /// The ledger, by number.
    pub company: String,
    /// The name of the contract that was used.
    pub mount: Mount,
    /// The caller's id, unique per company.
    pub source: String,
    /// The seller, by number.
    pub seller: String,
    /// What is charged.
    pub instrument: Instrument,
    /// What the authorization shall allow.
    pub kind: AuthorizationKind,
    /// Where it happens, for people.
    pub point_of_sale: String,
    /// How much, in major units of `currency`.
    pub amount: Decimal,
    /// Three letters; may be no currency at all.
    pub currency: String,
    /// The last day it shall be valid; the company's default when absent.
    pub valid_to: Option<Date>,
    /// How the holder was authenticated.
    pub method: Option<CardAuthenticationMethod>,
    /// Through what channel.
    pub channel: Option<Channel>,
}

/// What an authorization charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// A card, and through it its account.
    Card(CardToken),
    /// An account by its number. `None` is a number that no account can have.
    Account(Option<AccountNo>),
}

impl Authorize {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.push(self.key());
        match &self.instrument {
            Instrument::Card(token) => reads.cards.push(token.clone()),
            Instrument::Account(Some(number)) => reads.accounts.push(number.id()),
            Instrument::Account(None) => {}
        }
    }

    fn key(&self) -> Key {
        Key(Hasher::new("authorization").text(&self.company).text(&self.source).finish())
    }

    fn fingerprint(&self) -> Fingerprint {
        let (digits, decimals) = self.amount.parts();
        let hasher = match &self.instrument {
            Instrument::Card(token) => Hasher::new("authorize by card").text(token.as_str()),
            Instrument::Account(number) => {
                let number = number.map(|number| number.to_string());
                Hasher::new("authorize by account").optional(number.as_deref())
            }
        };
        let hash = hasher
            .text(&self.seller)
            .text(self.kind.as_str())
            .text(&self.point_of_sale)
            .number(digits)
            .number(i64::from(decimals))
            .text(&self.currency)
            .optional(self.valid_to.map(|day| day.to_string()).as_deref())
            .optional(self.method.map(|method| method.as_str()))
            .optional(self.channel.map(|channel| channel.as_str()))
            .finish();
        Fingerprint(hash)
    }
}

/// Decides one authorization and places it in the books.
///
/// A repeat gets its first answer, whatever has happened since. A declined authorization is
/// placed too, so that a repeat is declined again.
///
/// # Errors
/// [`Refusal`], in its order of precedence.
pub fn authorize(
    command: &Authorize,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let (key, fingerprint) = (command.key(), command.fingerprint());
    let earlier = books.keys.get(&key).copied();
    if let Some(answer) = earlier.and_then(|row| repeated(books, row, fingerprint)) {
        return answer;
    }
    let granted = check(command, books, now)?;
    if let (Some(_), Some(reason)) = (earlier, granted.declined) {
        return Err(Refusal::Declined { reason, authorization: None, replayed: false });
    }
    if earlier.is_some() {
        return Err(Refusal::DuplicateAuthorization);
    }
    let row = row(command, &granted, fingerprint, now);
    let (mount, declined) = (row.mount, row.declined);
    let authorization = books.place_authorization(row, key);
    match declined {
        None => Ok(Answer::new(Done::Authorized { authorization, mount })),
        Some(reason) => {
            Err(Refusal::Declined { reason, authorization: Some(authorization), replayed: false })
        }
    }
}

/// The first answer to the same request, if this is one.
fn repeated(
    books: &Books,
    row: RowId,
    fingerprint: Fingerprint,
) -> Option<Result<Answer, Refusal>> {
    let id = AuthorizationId(row.0);
    let first = books.authorizations.get(&id).filter(|row| row.fingerprint == fingerprint)?;
    Some(match first.declined {
        None => Ok(Answer::replayed(Done::Authorized { authorization: id, mount: first.mount })),
        Some(reason) => Err(Refusal::Declined { reason, authorization: Some(id), replayed: true }),
    })
}

/// A command whose names have been resolved and whose amounts are exact.
struct Checked<'b> {
    company: &'b Company,
    seller: &'b Seller,
    account: &'b Account,
    card: Option<&'b Card>,
    currency: Currency,
    amount: i64,
    valid_to: Date,
    declined: Option<DeclineReason>,
}

fn check<'b>(
    command: &Authorize,
    books: &'b Books,
    now: Timestamp,
) -> Result<Checked<'b>, Refusal> {
    let directory = &books.directory;
    let company = directory.company(&command.company).ok_or(Refusal::CompanyNotConfigured)?;
    if company.currencies.is_empty() {
        return Err(Refusal::CompanyIncomplete);
    }
    let currency = Currency::parse(&command.currency);
    let amount = currency.map(|currency| positive_minor(command.amount, currency)).transpose()?;
    let valid_to = last_day(command.valid_to, company, now)?;
    let seller =
        directory.seller(company.id, &command.seller).ok_or(Refusal::SellerNotRegistered)?;
    let (account, card) = instrument(&command.instrument, books, company)?;
    let currency = currency
        .filter(|currency| company.currencies.contains(currency) && account.currency == *currency)
        .ok_or(Refusal::CurrencyNotSupported)?;
    let amount = amount.unwrap_or_default();
    let today = company.day_of(now);
    let reserves = command.kind.reserves();
    let declined = blocked(account, card, today)
        .or((reserves && amount > account.available()).then_some(DeclineReason::InsufficientFunds));
    Ok(Checked { company, seller, account, card, currency, amount, valid_to, declined })
}

fn row(
    command: &Authorize,
    checked: &Checked<'_>,
    fingerprint: Fingerprint,
    now: Timestamp,
) -> Authorization {
    Authorization {
        id: AuthorizationId(0),
        at: now,
        company: checked.company.id,
        seller: checked.seller.id,
        account: checked.account.id,
        card: checked.card.map(|card| card.id),
        source: command.source.clone(),
        fingerprint,
        kind: command.kind,
        amount: checked.amount,
        currency: checked.currency,
        point_of_sale: command.point_of_sale.clone(),
        method: command.method,
        channel: command.channel,
        valid_to: checked.valid_to,
        expires_at: checked.company.zone.end_of(checked.valid_to),
        mount: command.mount,
        declined: checked.declined,
        balance: Balance::default(),
        previous: RowId(0),
        state: match checked.declined {
            None => AuthorizationState::Live,
            Some(_) => AuthorizationState::Declined,
        },
        taken: 0,
        last_child: RowId(0),
    }
}

/// An amount above zero in minor units (card ledger: the least amount is 0.01).
pub(crate) fn positive_minor(amount: Decimal, currency: Currency) -> Result<i64, Refusal> {
    match amount.minor(currency) {
        Ok(0) => Err(Refusal::Amount(MoneyError::OutOfRange)),
        Ok(minor) => Ok(minor),
        Err(error) => Err(Refusal::Amount(error)),
    }
}

/// Why nothing new may be charged here, whatever the amount.
pub(crate) fn blocked(
    account: &Account,
    card: Option<&Card>,
    today: Date,
) -> Option<DeclineReason> {
    match account.status {
        AccountStatus::Closed => return Some(DeclineReason::AccountClosed),
        AccountStatus::Blocked => return Some(DeclineReason::AccountBlocked),
        AccountStatus::Active => {}
    }
    let card = card?;
    match card.status {
        CardStatus::Blocked => Some(DeclineReason::CardBlocked),
        CardStatus::Active => {
            card.expiry.filter(|expiry| expiry.is_past(today)).map(|_| DeclineReason::CardExpired)
        }
    }
}

fn instrument<'b>(
    instrument: &Instrument,
    books: &'b Books,
    company: &Company,
) -> Result<(&'b Account, Option<&'b Card>), Refusal> {
    match instrument {
        Instrument::Card(token) => {
            let (card, account) = card_and_account(token, books, company)?;
            Ok((account, Some(card)))
        }
        Instrument::Account(number) => {
            let account = number.and_then(|number| books.accounts.get(&number.id()));
            let account = account.filter(|account| account.is_credit_of(company.id));
            Ok((account.ok_or(Refusal::AccountNotFound)?, None))
        }
    }
}

/// The card of a company and its account. Another company's card is no card.
pub(crate) fn card_and_account<'b>(
    token: &CardToken,
    books: &'b Books,
    company: &Company,
) -> Result<(&'b Card, &'b Account), Refusal> {
    let card = books.cards.get(token).filter(|card| card.company == company.id);
    let card = card.ok_or(Refusal::CardNotFound)?;
    let account = books.accounts.get(&card.account).ok_or(Refusal::CardNotFound)?;
    Ok((card, account))
}

fn last_day(asked: Option<Date>, company: &Company, now: Timestamp) -> Result<Date, Refusal> {
    let today = company.day_of(now);
    let day = asked.unwrap_or(today.plus_days(company.authorization_days));
    if day < today || day > today.plus_days(AUTHORIZATION_DAYS_MAX) {
        return Err(Refusal::ValidTo);
    }
    Ok(day)
}
