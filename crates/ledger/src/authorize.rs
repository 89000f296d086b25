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
        reads.company(&self.company);
        reads.keys.push(self.key());
        match &self.instrument {
            Instrument::Card(token) => reads.cards.push(token.clone()),
            Instrument::Account(Some(number)) => reads.accounts.push(number.id()),
            Instrument::Account(None) => {}
        }
    }

    fn key(&self) -> Key {
        authorization_key(&self.company, &self.source)
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
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
            .optional(self.method.map(CardAuthenticationMethod::as_str))
            .optional(self.channel.map(Channel::as_str))
            .finish();
        Fingerprint(hash)
    }
}

/// What the source id of an authorization uses up.
pub fn authorization_key(company: &str, source: &str) -> Key {
    Key(Hasher::new("authorization").text(company).text(source).finish())
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
    let currency = Currency::parse(&command.currency);
    let amount = named_minor(command.amount, currency)?;
    let company = complete_company(books, &command.company)?;
    let today = company.day_of(now);
    let valid_to = last_day(command.valid_to, company, today)?;
    let seller = books.directory.seller(company.id, &command.seller);
    let seller = seller.ok_or(Refusal::SellerNotRegistered)?;
    let (account, card) = instrument(&command.instrument, books, company)?;
    let currency = currency
        .filter(|currency| company.currencies.contains(currency) && account.currency == *currency)
        .ok_or(Refusal::CurrencyNotSupported)?;
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

/// The company with this number, which must have a currency to book in.
pub(crate) fn complete_company<'b>(books: &'b Books, number: &str) -> Result<&'b Company, Refusal> {
    let company = books.directory.company(number).ok_or(Refusal::CompanyNotConfigured)?;
    if company.currencies.is_empty() { Err(Refusal::CompanyIncomplete) } else { Ok(company) }
}

/// An amount above zero in minor units (card ledger: the least amount is 0.01).
pub(crate) fn positive_minor(amount: Decimal, currency: Currency) -> Result<i64, Refusal> {
    match amount.minor(currency) {
        Ok(0) => Err(Refusal::Amount(MoneyError::OutOfRange)),
        Ok(minor) => Ok(minor),
        Err(error) => Err(Refusal::Amount(error)),
    }
}

/// As [`positive_minor`], where the currency may be none: then it is refused later, but an amount
/// that no currency makes acceptable is refused first.
pub(crate) fn named_minor(amount: Decimal, currency: Option<Currency>) -> Result<i64, Refusal> {
    match currency {
        Some(currency) => positive_minor(amount, currency),
        None if amount.is_zero() => Err(Refusal::Amount(MoneyError::OutOfRange)),
        None => Ok(0),
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

fn last_day(asked: Option<Date>, company: &Company, today: Date) -> Result<Date, Refusal> {
    let day = asked.unwrap_or(today.plus_days(company.authorization_days));
    if day < today || day > today.plus_days(AUTHORIZATION_DAYS_MAX) {
        return Err(Refusal::ValidTo);
    }
    Ok(day)
}

#[cfg(test)]
mod tests {
    use crate::world::check;

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before | request                                     | answer                  | balance
                   | authorize amount=0 currency=ZZZ company=999 | Amount(OutOfRange)      |
                   | authorize amount=0 company=999              | Amount(OutOfRange)      |
                   | authorize amount=0.001 company=999          | Amount(NotExact)        |
                   | authorize amount=10000000000000.01 company=999 | Amount(OutOfRange) |
                   | authorize company=999 valid-to=2020-01-01   | CompanyNotConfigured    |
                   | authorize company=300 valid-to=2020-01-01   | CompanyIncomplete       |
                   | authorize valid-to=2026-11-19 seller=999    | ValidTo                 |
                   | authorize seller=999 card=nobody            | SellerNotRegistered     |
                   | authorize card=nobody currency=ZZZ          | CardNotFound            |
                   | authorize card=card-f                       | CardNotFound            |
                   | authorize account=- currency=ZZZ            | AccountNotFound         |
                   | authorize account=0                         | AccountNotFound         |
                   | authorize account=F                         | AccountNotFound         |
                   | authorize account=payable                   | AccountNotFound         |
                   | authorize currency=ZZZ card=stolen          | CurrencyNotSupported    |
                   | authorize currency=EUR card=stolen          | CurrencyNotSupported    |
                   | authorize currency=JPY card=stolen          | CurrencyNotSupported    |
                   | authorize account=C amount=2000             | declined AccountClosed  | C 0 0
                   | authorize account=D amount=2000             | declined AccountBlocked | D 0 0
                   | authorize card=stolen amount=2000           | declined CardBlocked    | A 0 0
                   | authorize card=old amount=2000              | declined CardExpired    | A 0 0
                   | authorize amount=2000 | declined InsufficientFunds | A 0 0
            change-card token=card-c | authorize card=card-c | declined AccountClosed | C 0 0
            change-card token=card-d | authorize card=card-d | declined AccountBlocked | D 0 0
            change-card token=old | authorize card=old | declined CardBlocked | A 0 0
            ",
        );
    }

    #[test]
    fn what_is_available_can_be_reserved_and_no_more() {
        check(
            "
            before | request                           | answer                     | balance
                   | authorize                         | authorized                 | A 0 30000
                   | authorize account=A               | authorized                 | A 0 30000
                   | authorize kind=withdrawal         | authorized                 | A 0 30000
                   | authorize amount=1000             | authorized                 | A 0 100000
                   | authorize amount=1000.01          | declined InsufficientFunds | A 0 0
                   | authorize kind=withdrawal amount=1000.01 | declined InsufficientFunds | A 0 0
                   | authorize amount=0.01             | authorized                 | A 0 1
                   | authorize card=card-b amount=0.01 | declined InsufficientFunds | B 0 0
            authorize source=a0 amount=700 | \
                     authorize amount=300.01           | declined InsufficientFunds | A 0 70000
            authorize source=a0 amount=700 | authorize | authorized | A 0 100000
            authorize source=a0 kind=reversal | authorize amount=1000 | authorized | A 0 100000
            purchase offline amount=700 | \
                     authorize amount=300.01           | declined InsufficientFunds | A 70000 0
            purchase offline amount=700 | authorize | authorized | A 70000 30000
            purchase offline amount=2000 | \
                     authorize amount=0.01             | declined InsufficientFunds | A 200000 0
            reverse offline amount=100 | authorize amount=1100 | authorized | A -10000 110000
            reverse offline amount=100 | \
                     authorize amount=1100.01          | declined InsufficientFunds | A -10000 0
            change limit=100 | authorize amount=100.01 | declined InsufficientFunds | A 0 0
            change limit=100 | authorize amount=100 | authorized | A 0 10000
            authorize source=a0; change limit=100 | \
                     authorize amount=0.01             | declined InsufficientFunds | A 0 30000
            authorize source=a0; cancel on=a0 | authorize amount=1000 | authorized | A 0 100000
            ",
        );
    }

    #[test]
    fn a_reversal_holds_nothing_and_is_not_limited() {
        check(
            "
            before | request                             | answer               | balance
                   | authorize kind=reversal amount=5000 | authorized           | A 0 0
            purchase offline amount=5000 | authorize kind=reversal | authorized | A 500000 0
                   | authorize kind=reversal card=stolen | declined CardBlocked | A 0 0
                   | authorize kind=reversal card=old    | declined CardExpired | A 0 0
            ",
        );
    }

    #[test]
    fn amounts_are_exact_in_their_currency() {
        check(
            "
            before | request                                          | answer     | balance
                   | authorize amount=3e2                             | authorized | A 0 30000
                   | authorize amount=0.010                           | authorized | A 0 1
                   | authorize card=card-j currency=JPY amount=300    | authorized | J 0 300
                   | authorize card=card-j currency=JPY amount=300.00 | authorized | J 0 300
                   | authorize card=card-j currency=JPY amount=300.5 | Amount(NotExact) |
                   | authorize card=card-k currency=KWD amount=0.001  | authorized | K 0 1
                   | authorize card=card-k currency=KWD amount=0.0001 | Amount(NotExact) |
                   | authorize card=card-k currency=KWD amount=100    | authorized | K 0 100000
            ",
        );
    }

    #[test]
    fn the_last_day_is_today_to_four_hundred_days_ahead() {
        check(
            "
            before                      | request                       | answer     | balance
                                        | authorize valid-to=2026-11-19 | ValidTo    |
                                        | authorize valid-to=2026-11-20 | authorized | A 0 30000
                                        | authorize valid-to=2027-12-25 | authorized | A 0 30000
                                        | authorize valid-to=2027-12-26 | ValidTo    |
                                        | authorize valid-to=9999-12-31 | ValidTo    |
            at 2026-11-20T22:59:59.999Z | authorize valid-to=2026-11-20 | authorized | A 0 30000
            at 2026-11-20T23:00:00Z     | authorize valid-to=2026-11-20 | ValidTo    |
            change-company days=0       | authorize                     | authorized | A 0 30000
            change-company days=400     | authorize                     | authorized | A 0 30000
            change-company days=401     | authorize                     | ValidTo    |
            change-company days=401     | authorize valid-to=2026-11-21 | authorized | A 0 30000
            change-company days=-1      | authorize                     | ValidTo    |
            ",
        );
    }

    #[test]
    fn a_card_is_declined_after_its_last_month_in_the_companys_zone() {
        check(
            "
            before                      | request               | answer               | balance
                                        | authorize card=new    | authorized           | A 0 30000
            at 2026-11-30T22:59:59.999Z | authorize card=new    | authorized           | A 0 30000
            at 2026-11-30T23:00:00Z     | authorize card=new    | declined CardExpired | A 0 0
            at 2026-11-30T23:00:00Z     | authorize account=A   | authorized           | A 0 30000
            change-card token=stolen status=active | authorize card=stolen | authorized | A 0 30000
            ",
        );
    }

    #[test]
    fn a_repeat_gets_the_first_answer() {
        check(
            "
            before                           | request               | answer           | balance
            authorize                        | authorize             | authorized again |
            authorize                        | authorize amount=300  | authorized again |
            authorize mount=credit-account-acquiring | \
                authorize | authorized credit-account-acquiring again |
            authorize; cancel                | authorize             | authorized again |
            authorize; purchase              | authorize             | authorized again |
            authorize; at christmas; expire  | authorize             | authorized again |
            authorize; change status=blocked | authorize             | authorized again |
            authorize; change limit=0        | authorize             | authorized again |
            authorize amount=2000            | authorize amount=2000 | \
                                               declined InsufficientFunds again |
            authorize amount=2000; change limit=9000 | \
                authorize amount=2000 | declined InsufficientFunds again |
                                             | authorize + authorize | authorized again | A 0 30000
                                             | authorize amount=2000 + authorize amount=2000 | \
                                               declined InsufficientFunds again | A 0 0
            ",
        );
    }

    #[test]
    fn a_source_id_stands_for_one_request_of_a_company() {
        check(
            "
            before    | request                           | answer                 | balance
            authorize | authorize amount=300.01           | DuplicateAuthorization |
            authorize | authorize seller=655              | DuplicateAuthorization |
            authorize | authorize kind=withdrawal         | DuplicateAuthorization |
            authorize | authorize pos=Stall               | DuplicateAuthorization |
            authorize | authorize valid-to=2026-11-27     | DuplicateAuthorization |
            authorize | authorize method=ChipPin          | DuplicateAuthorization |
            authorize | authorize channel=POS             | DuplicateAuthorization |
            authorize | authorize card=new                | DuplicateAuthorization |
            authorize | authorize account=A               | DuplicateAuthorization |
            authorize | authorize amount=700.01 | declined InsufficientFunds, not remembered |
            authorize | authorize card=stolen | declined CardBlocked, not remembered |
            authorize | authorize currency=JPY            | CurrencyNotSupported   |
            authorize amount=2000 | authorize | DuplicateAuthorization |
            authorize | authorize source=A1               | authorized             | A 0 60000
            authorize | authorize company=200 card=card-f | authorized             | F 0 30000
                      | authorize + authorize amount=50   | DuplicateAuthorization | A 0 30000
            ",
        );
    }

    #[test]
    fn commands_of_a_batch_see_each_other() {
        check(
            "
            before | request                                     | answer               | balance
                   | authorize amount=700 + authorize source=a2 amount=300.01 | \
                     declined InsufficientFunds | A 0 70000
                   | authorize amount=700 + authorize source=a2  | authorized           | A 0 100000
                   | change limit=100 + authorize | declined InsufficientFunds | A 0 0
                   | change-card + authorize                     | declined CardBlocked | A 0 0
                   | add-card token=fresh + authorize card=fresh | authorized           | A 0 30000
            authorize | cancel + authorize source=a2 amount=1000 | authorized | A 0 100000
            authorize | purchase + authorize source=a2 amount=700.01 | \
                declined InsufficientFunds | A 30000 0
            ",
        );
    }
}
