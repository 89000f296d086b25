//! The decision to book a monetary transaction: a purchase, a cash withdrawal or a reversal, on
//! an authorization or offline.

use crate::account::Account;
use crate::authorization::{Authorization, CardAuthenticationMethod, Channel};
use crate::authorize::{blocked, card_and_account, complete_company, named_minor};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::card::CardToken;
use crate::directory::{Company, Seller};
use crate::ids::{CardId, Code, Fingerprint, Hasher, Key};
use crate::money::{Currency, Decimal, MoneyError};
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::{
    AcquirerReferences, Between, Mount, PostingKind, Transaction, TransactionKind,
};

/// Asks to book a monetary transaction (card ledger, POST purchases, cash-withdrawals, reversals).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The ledger, by number.
    pub company: String,
    /// The only seller that the caller may act for, by number.
    pub seller_scope: Option<String>,
    /// The name of the contract that was used.
    pub mount: Mount,
    /// Which kind.
    pub kind: PostingKind,
    /// What it is based on.
    pub basis: Basis,
    /// Whether the request carried `offlineInfo`.
    pub offline_info: bool,
    /// What `offlineInfo` says where it is not the basis.
    pub claims: OfflineClaims,
    /// The caller's id, unique per company and kind.
    pub source: String,
    /// How much, in major units of the account's currency.
    pub amount: Decimal,
    /// The cash part of a purchase, inside `amount`.
    pub withdrawal: Option<Decimal>,
    /// The acquirer's references.
    pub references: AcquirerReferences,
    /// The seller's receipt.
    pub receipt: Option<String>,
    /// Where it happened, for people.
    pub point_of_sale: Option<String>,
    /// The day for which it counts; today when absent.
    pub value_date: Option<Date>,
}

/// What a transaction is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// An authorization, by what clients call it. `None` is an id that none can have.
    Authorization(Option<Code>),
    /// Nothing but the word of a terminal that was offline.
    Offline(OfflineInfo),
}

/// What a terminal says about a transaction that it made offline (card ledger, `offlineInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineInfo {
    /// The card.
    pub card: CardToken,
    /// The seller, by number.
    pub seller: String,
    /// Three letters; may be no currency at all.
    pub currency: String,
    /// How the holder was authenticated.
    pub method: Option<CardAuthenticationMethod>,
    /// Through what channel.
    pub channel: Option<Channel>,
}

/// What a terminal says in `offlineInfo` beside an authorization, which knows the card, seller
/// and currency better. It tells this request from others; of the rest, the last two are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfflineClaims {
    /// The card.
    pub card: Option<CardToken>,
    /// The seller, by number.
    pub seller: Option<String>,
    /// Three letters; may be no currency at all.
    pub currency: Option<String>,
    /// How the holder was authenticated.
    pub method: Option<CardAuthenticationMethod>,
    /// Through what channel.
    pub channel: Option<Channel>,
}

impl Post {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.company(&self.company);
        reads.keys.extend(self.keys());
        match &self.basis {
            Basis::Authorization(code) => reads.codes.extend(*code),
            Basis::Offline(info) => reads.cards.push(info.card.clone()),
        }
    }

    /// The key of its source id, then that of its acquirer's references.
    fn keys(&self) -> Vec<Key> {
        let word = self.kind.as_str();
        let mut keys = vec![posting_key(&self.company, self.kind, &self.source)];
        keys.extend(acquirer_key(&self.company, word, &self.references));
        keys
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let (digits, decimals) = self.amount.parts();
        let (part, part_decimals) = self.withdrawal.map_or((-1, 0), Decimal::parts);
        let hasher = match &self.basis {
            Basis::Authorization(code) => {
                let claims = &self.claims;
                Hasher::new("post on authorization")
                    .optional(code.as_ref().map(Code::as_str))
                    .optional(claims.card.as_ref().map(CardToken::as_str))
                    .optional(claims.seller.as_deref())
                    .optional(claims.currency.as_deref())
                    .optional(claims.method.map(CardAuthenticationMethod::as_str))
                    .optional(claims.channel.map(Channel::as_str))
            }
            Basis::Offline(info) => Hasher::new("post offline")
                .text(info.card.as_str())
                .text(&info.seller)
                .text(&info.currency)
                .optional(info.method.map(CardAuthenticationMethod::as_str))
                .optional(info.channel.map(Channel::as_str)),
        };
        let hash = hasher
            .number(digits)
            .number(i64::from(decimals))
            .number(part)
            .number(i64::from(part_decimals))
            .optional(self.references.batch.as_deref())
            .optional(self.references.transaction.as_deref())
            .optional(self.receipt.as_deref())
            .optional(self.point_of_sale.as_deref())
            .optional(self.value_date.map(|day| day.to_string()).as_deref())
            .number(i64::from(self.offline_info))
            .finish();
        Fingerprint(hash)
    }
}

impl Basis {
    /// The currency that the request names, where it names one.
    fn currency(&self) -> Option<Currency> {
        match self {
            Basis::Authorization(_) => None,
            Basis::Offline(info) => Currency::parse(&info.currency),
        }
    }
}

/// What the source id of a monetary transaction uses up.
pub fn posting_key(company: &str, kind: PostingKind, source: &str) -> Key {
    Key(Hasher::new(kind.as_str()).text(company).text(source).finish())
}

/// What the acquirer's references of a transaction use up, when both are given.
pub fn acquirer_key(company: &str, kind: &str, references: &AcquirerReferences) -> Option<Key> {
    let (batch, transaction) = references.both()?;
    let hasher = Hasher::new("acquirer references").text(kind).text(company);
    Some(Key(hasher.text(batch).text(transaction).finish()))
}

/// Decides one monetary transaction and places it in the books.
///
/// What happened offline is booked even over the limit and on a blocked card, since the money
/// has moved; the row says so.
///
/// # Errors
/// [`Refusal`], in its order of precedence.
pub fn post(command: &Post, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let (keys, fingerprint) = (command.keys(), command.fingerprint());
    let scope = command.seller_scope.as_deref();
    let source_key = keys.first().copied();
    let first = source_key.and_then(|key| books.transaction(key));
    let first = first.filter(|first| first.fingerprint == fingerprint);
    if let Some(first) = first.filter(|first| is_visible(first, books, scope)) {
        return Ok(Answer::replayed(done(command, first.mount)));
    }
    // What is wrong with the request itself comes first, as far as it can be told from it.
    amounts(command, command.basis.currency())?;
    let company = complete_company(books, &command.company)?;
    let today = company.day_of(now);
    let basis = match &command.basis {
        Basis::Authorization(code) => on_authorization(command, *code, books, company)?,
        Basis::Offline(info) => offline(command, info, books, company, today)?,
    };
    if keys.iter().any(|key| books.keys.contains_key(key)) {
        return Err(Refusal::DuplicateTransaction(command.kind));
    }
    if let Some(authorization) = basis.authorization {
        check_remaining(authorization, command.kind, basis.amount, now)?;
    }
    let row = row(command, &basis, fingerprint, today, now);
    books.place_transaction(row, &keys)?;
    Ok(Answer::new(done(command, command.mount)))
}

fn done(command: &Post, mount: Mount) -> Done {
    Done::Posted { kind: command.kind, source: command.source.clone(), mount }
}

/// A command whose names have been resolved and whose amounts are exact.
struct Checked<'b> {
    authorization: Option<&'b Authorization>,
    account: &'b Account,
    seller: &'b Seller,
    card: Option<CardId>,
    currency: Currency,
    amount: i64,
    withdrawal: Option<i64>,
    despite_block: bool,
    method: Option<CardAuthenticationMethod>,
    channel: Option<Channel>,
}

fn on_authorization<'b>(
    command: &Post,
    code: Option<Code>,
    books: &'b Books,
    company: &Company,
) -> Result<Checked<'b>, Refusal> {
    let scope = command.seller_scope.as_deref();
    let (authorization, seller) = find_authorization(code, books, company, scope)?;
    let account = books.accounts.get(&authorization.account);
    let (amount, withdrawal) = amounts(command, Some(authorization.currency))?;
    Ok(Checked {
        authorization: Some(authorization),
        account: account.ok_or(Refusal::AuthorizationNotFound)?,
        seller,
        card: authorization.card,
        currency: authorization.currency,
        amount,
        withdrawal,
        despite_block: false,
        method: command.claims.method,
        channel: command.claims.channel,
    })
}

fn offline<'b>(
    command: &Post,
    info: &OfflineInfo,
    books: &'b Books,
    company: &Company,
    today: Date,
) -> Result<Checked<'b>, Refusal> {
    let seller = books.directory.seller(company.id, &info.seller);
    let seller = seller.filter(|seller| is_in_scope(seller, command.seller_scope.as_deref()));
    let seller = seller.ok_or(Refusal::SellerNotRegistered)?;
    let (card, account) = card_and_account(&info.card, books, company)?;
    let currency = Currency::parse(&info.currency)
        .filter(|currency| company.currencies.contains(currency) && account.currency == *currency)
        .ok_or(Refusal::CurrencyNotSupported)?;
    let (amount, withdrawal) = amounts(command, Some(currency))?;
    Ok(Checked {
        authorization: None,
        account,
        seller,
        card: Some(card.id),
        currency,
        amount,
        withdrawal,
        despite_block: blocked(account, Some(card), today).is_some(),
        method: info.method,
        channel: info.channel,
    })
}

/// The authorization of a company that clients call `code`, and its seller. One of a seller for
/// whom the caller may not act is none.
pub(crate) fn find_authorization<'b>(
    code: Option<Code>,
    books: &'b Books,
    company: &Company,
    scope: Option<&str>,
) -> Result<(&'b Authorization, &'b Seller), Refusal> {
    let authorization = code.and_then(|code| books.authorization(company.id, code));
    let authorization = authorization.ok_or(Refusal::AuthorizationNotFound)?;
    let seller = books.directory.seller_by_id(authorization.seller);
    let seller = seller.filter(|seller| is_in_scope(seller, scope));
    Ok((authorization, seller.ok_or(Refusal::AuthorizationNotFound)?))
}

/// Whether a caller who may act for `scope` only, may act for this seller.
fn is_in_scope(seller: &Seller, scope: Option<&str>) -> bool {
    scope.is_none_or(|number| seller.number == number)
}

/// Whether a caller who may act for `scope` only, may see this transaction.
pub(crate) fn is_visible(row: &Transaction, books: &Books, scope: Option<&str>) -> bool {
    let seller = books.directory.seller_by_id(row.seller);
    seller.is_some_and(|seller| is_in_scope(seller, scope))
}

/// The amount and its cash part in minor units; zeros where the currency is not known (yet).
fn amounts(command: &Post, currency: Option<Currency>) -> Result<(i64, Option<i64>), Refusal> {
    let amount = named_minor(command.amount, currency)?;
    let Some((withdrawal, currency)) = command.withdrawal.zip(currency) else {
        return Ok((amount, None));
    };
    match withdrawal.minor(currency) {
        Ok(part) if part <= amount => Ok((amount, Some(part))),
        Ok(_) => Err(Refusal::WithdrawalAmount(MoneyError::OutOfRange)),
        Err(error) => Err(Refusal::WithdrawalAmount(error)),
    }
}

/// What the authorization's state says to taking `amount` from it.
fn check_remaining(
    authorization: &Authorization,
    kind: PostingKind,
    amount: i64,
    now: Timestamp,
) -> Result<(), Refusal> {
    if authorization.kind.allows() != kind {
        return Err(Refusal::AuthorizationTypeMismatch);
    }
    authorization.check_usable(now)?;
    let remaining = authorization.remaining(now);
    if amount > remaining {
        return Err(Refusal::insufficient(remaining, authorization.currency));
    }
    Ok(())
}

fn row(
    command: &Post,
    checked: &Checked<'_>,
    fingerprint: Fingerprint,
    today: Date,
    now: Timestamp,
) -> Transaction {
    let reserves = checked.authorization.is_some_and(|found| found.kind.reserves());
    let kind = TransactionKind::Posting(command.kind);
    let between = Between {
        company: checked.account.company,
        seller: checked.seller.id,
        account: checked.account.id,
        payable: checked.seller.payable_or_panic(checked.currency),
        currency: checked.currency,
    };
    Transaction {
        card: checked.card,
        authorization: checked.authorization.map(|found| found.id),
        source: command.source.clone(),
        fingerprint,
        posted: checked.amount,
        released: if reserves { checked.amount } else { 0 },
        withdrawal: checked.withdrawal,
        references: command.references.clone(),
        receipt: command.receipt.clone(),
        point_of_sale: command.point_of_sale.clone(),
        method: checked.method,
        channel: checked.channel,
        mount: command.mount,
        offline_info: command.offline_info,
        despite_block: checked.despite_block,
        ..Transaction::bare(kind, between, command.value_date.unwrap_or(today), now)
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::{AMOUNT_MINOR_MAX, BALANCE_MINOR_MAX};
    use crate::world::{Verb, World, check};
    use crate::{AccountStatus, Row};

    #[test]
    fn the_first_reason_decides_on_an_authorization() {
        check(
            "
            before    | request                            | answer                       | balance
                      | purchase on=- amount=0 company=999 | Amount(OutOfRange)           |
                      | purchase on=- company=999          | CompanyNotConfigured         |
                      | purchase on=- company=300          | CompanyIncomplete            |
                      | purchase on=- amount=0.001         | AuthorizationNotFound        |
                      | purchase on=nothing                | AuthorizationNotFound        |
            authorize amount=2000 | purchase | AuthorizationNotFound |
            authorize company=200 card=card-f | purchase on=200/a1 | AuthorizationNotFound |
            authorize | purchase company=200               | AuthorizationNotFound        |
            authorize | purchase scope=655 amount=0.001    | AuthorizationNotFound        |
            authorize | purchase amount=0.001 source=p1    | Amount(NotExact)             |
            authorize | purchase amount=10000000000000.01  | Amount(OutOfRange)           |
            authorize | purchase cash=0.001                | WithdrawalAmount(NotExact)   |
            authorize | purchase cash=300.01               | WithdrawalAmount(OutOfRange) |
            authorize; purchase | withdraw amount=1 source=p1 | AuthorizationTypeMismatch |
            authorize; purchase | purchase amount=1 | DuplicateTransaction(Purchase) |
            authorize; cancel | withdraw | AuthorizationTypeMismatch |
            authorize; cancel | reverse | AuthorizationTypeMismatch |
            authorize kind=withdrawal | purchase | AuthorizationTypeMismatch |
            authorize kind=withdrawal | reverse | AuthorizationTypeMismatch |
            authorize kind=reversal | purchase | AuthorizationTypeMismatch |
            authorize kind=reversal | withdraw | AuthorizationTypeMismatch |
            authorize; purchase amount=1; cancel; at christmas | \
                        purchase source=p2                 | AuthorizationCancelled       |
            authorize; purchase; at christmas | purchase source=p2 | AuthorizationUsedUp |
            authorize; at christmas | purchase amount=400 | AuthorizationExpired |
            authorize; at christmas; expire | purchase amount=400 | AuthorizationExpired |
            authorize | purchase amount=300.01             | only 30000 remains           |
            authorize; purchase amount=100 | purchase source=p2 amount=200.01 | only 20000 remains |
            ",
        );
    }

    #[test]
    fn the_first_reason_decides_offline() {
        check(
            "
            before | request                                   | answer               | balance
                   | purchase offline amount=0 currency=ZZZ company=999 | Amount(OutOfRange) |
                   | purchase offline amount=0.001 company=999 | Amount(NotExact)     |
                   | purchase offline cash=300.01 company=999 | WithdrawalAmount(OutOfRange) |
                   | purchase offline cash=0.001 company=999 | WithdrawalAmount(NotExact) |
                   | purchase offline company=999 seller=999   | CompanyNotConfigured |
                   | purchase offline company=300 seller=999   | CompanyIncomplete    |
                   | purchase offline seller=999 card=nobody   | SellerNotRegistered  |
                   | purchase offline scope=655 card=nobody    | SellerNotRegistered  |
                   | purchase offline card=nobody currency=ZZZ | CardNotFound         |
                   | purchase offline card=card-f currency=ZZZ | CardNotFound         |
                   | purchase offline currency=ZZZ cash=400    | CurrencyNotSupported |
                   | purchase offline currency=EUR             | CurrencyNotSupported |
                   | purchase offline currency=JPY             | CurrencyNotSupported |
            purchase offline | purchase offline amount=5 | DuplicateTransaction(Purchase) |
            ",
        );
    }

    #[test]
    fn money_moves_and_what_was_held_for_it_is_released() {
        check(
            "
            before    | request                         | answer             | balance
            authorize | purchase                        | purchase p1        | A 30000 0
            authorize | purchase scope=654              | purchase p1        | A 30000 0
            authorize | purchase amount=100             | purchase p1        | A 10000 20000
            authorize; purchase amount=100 | purchase source=p2 amount=200 | purchase p2 | A 30000 0
            authorize | purchase cash=300               | purchase p1        | A 30000 0
            authorize | purchase cash=0                 | purchase p1        | A 30000 0
            authorize | purchase offline-info           | purchase p1        | A 30000 0
            authorize kind=withdrawal | withdraw amount=100 | cash-withdrawal p1 | A 10000 20000
            authorize kind=reversal | reverse | reversal p1 | A -30000 0
            authorize kind=reversal; reverse amount=100 | \
                        reverse source=p2 amount=200.01 | only 20000 remains |
                      | purchase offline                | purchase p1        | A 30000 0
                      | purchase offline scope=654      | purchase p1        | A 30000 0
                      | withdraw offline                | cash-withdrawal p1 | A 30000 0
                      | reverse offline                 | reversal p1        | A -30000 0
            authorize | purchase offline                | purchase p1        | A 30000 30000
                      | purchase offline card=card-j currency=JPY | purchase p1 | J 300 0
                      | purchase offline card=card-k currency=KWD | purchase p1 | K 300000 0
            authorize; change status=blocked | purchase | purchase p1 | A 30000 0
            authorize; change-card | purchase | purchase p1 | A 30000 0
            authorize card=new; at 2026-11-27T22:00:00Z | purchase | purchase p1 | A 30000 0
            authorize; change limit=0 | purchase | purchase p1 | A 30000 0
            authorize | purchase mount=credit-account-acquiring | \
                        purchase p1 credit-account-acquiring | A 30000 0
            ",
        );
    }

    #[test]
    fn an_authorization_lasts_to_the_end_of_its_last_day() {
        check(
            "
            before                        | request  | answer               | balance
            authorize; at just-before-due | purchase | purchase p1          | A 30000 0
            authorize; at due             | purchase | AuthorizationExpired |
            authorize valid-to=2026-11-20; at 2026-11-20T22:59:59.999Z | \
                                            purchase | purchase p1          | A 30000 0
            authorize valid-to=2026-11-20; at 2026-11-20T23:00:00Z | \
                                            purchase | AuthorizationExpired |
            authorize valid-to=2027-03-27; at 2027-03-27T22:59:59.999Z | \
                                            purchase | purchase p1          | A 30000 0
            authorize valid-to=2027-03-27; at 2027-03-27T23:00:00Z | \
                                            purchase | AuthorizationExpired |
            authorize valid-to=2027-03-28; at 2027-03-28T21:59:59.999Z | \
                                            purchase | purchase p1          | A 30000 0
            authorize valid-to=2027-03-28; at 2027-03-28T22:00:00Z | \
                                            purchase | AuthorizationExpired |
            authorize valid-to=2027-10-31; at 2027-10-31T22:59:59.999Z | \
                                            purchase | purchase p1          | A 30000 0
            authorize valid-to=2027-10-31; at 2027-10-31T23:00:00Z | \
                                            purchase | AuthorizationExpired |
            ",
        );
    }

    #[test]
    fn a_repeat_gets_the_first_answer() {
        check(
            "
            before              | request                    | answer                | balance
            authorize; purchase | purchase                   | purchase p1 again     |
            authorize; purchase | purchase amount=300        | purchase p1 again     |
            authorize; purchase | purchase scope=654         | purchase p1 again     |
            authorize; purchase | purchase scope=655         | AuthorizationNotFound |
            authorize; purchase; correct | purchase | purchase p1 again |
            authorize; purchase amount=1; cancel | purchase amount=1 | purchase p1 again |
            authorize; purchase amount=1; at christmas; expire | \
                                  purchase amount=1          | purchase p1 again     |
            authorize; purchase mount=credit-account-acquiring | \
                purchase | purchase p1 credit-account-acquiring again |
            purchase offline    | purchase offline           | purchase p1 again     |
            purchase offline    | purchase offline scope=655 | SellerNotRegistered   |
            purchase offline; change-card | purchase offline | purchase p1 again |
                                | purchase offline + purchase offline | \
                                  purchase p1 again | A 30000 0
            ",
        );
    }

    #[test]
    fn references_stand_for_one_transaction_of_a_kind() {
        check(
            "
            before | request                            | answer                         | balance
            authorize; purchase amount=1 | purchase amount=2 | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 cash=0           | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 receipt=7        | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 pos=Stall        | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 date=2026-11-20  | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 batch=b          | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 ref=r            | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 offline-info     | DuplicateTransaction(Purchase) |
            authorize; purchase amount=1 | \
                     purchase amount=1 offline          | DuplicateTransaction(Purchase) |
            purchase offline | purchase offline method=ChipPin | DuplicateTransaction(Purchase) |
            purchase offline | purchase offline channel=POS | DuplicateTransaction(Purchase) |
            purchase offline | purchase offline seller=655 | DuplicateTransaction(Purchase) |
            purchase offline | purchase offline card=new | DuplicateTransaction(Purchase) |
            purchase offline batch=b ref=r | \
                     purchase offline source=p2 batch=b ref=r | DuplicateTransaction(Purchase) |
            purchase offline batch=b ref=r | \
                purchase offline source=p2 batch=b ref=s | purchase p2 | A 60000 0
            purchase offline batch=b | purchase offline source=p2 batch=b | purchase p2 | A 60000 0
            purchase offline ref=r | purchase offline source=p2 ref=r | purchase p2 | A 60000 0
            purchase offline batch=b ref=r | \
                     withdraw offline batch=b ref=r     | cash-withdrawal p1             | A 60000 0
            withdraw offline | withdraw offline amount=5 | DuplicateTransaction(CashWithdrawal) |
            reverse offline | reverse offline amount=5 | DuplicateTransaction(Reversal) |
            purchase offline | purchase offline company=200 card=card-f | purchase p1 | F 30000 0
            ",
        );
    }

    #[test]
    fn commands_of_a_batch_see_each_other() {
        check(
            "
            before    | request                        | answer                 | balance
                      | authorize + purchase on=next   | purchase p1            | A 30000 0
            authorize | purchase amount=200 + purchase source=p2 amount=200 | \
                        only 10000 remains | A 20000 10000
            authorize | purchase amount=200 + purchase source=p2 amount=100 | \
                        purchase p2 | A 30000 0
            authorize | cancel + purchase              | AuthorizationCancelled | A 0 0
                      | open name=N + purchase offline | purchase p1            | A 30000 0
            ",
        );
    }

    #[test]
    fn what_happened_offline_is_booked_and_flagged() {
        check_flags(
            "
            before | request                                  | over limit | despite block
                   | purchase offline                         | false      | false
                   | purchase offline amount=1000             | false      | false
                   | purchase offline amount=1000.01          | true       | false
                   | withdraw offline amount=1000.01          | true       | false
                   | purchase offline card=card-b amount=0.01 | true       | false
            authorize amount=900 | purchase offline amount=100.01 | true | false
            purchase offline amount=2000 | reverse offline amount=1 | false | false
                   | purchase offline card=stolen             | false      | true
                   | purchase offline card=stolen amount=2000 | true       | true
                   | purchase offline card=old                | false      | true
                   | purchase offline card=card-c             | false      | true
                   | purchase offline card=card-d             | false      | true
            authorize; change limit=0 | purchase | false | false
            authorize; change status=blocked | purchase | false | false
            ",
        );
    }

    #[track_caller]
    fn check_flags(table: &str) {
        for row in table.trim().lines().skip(1) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let mut world = World::new();
            world.run_all(cells[0]);
            world.run_all(cells[1]);
            let Some(Row::Transaction(booked)) = world.rows.values().next_back() else {
                panic!("nothing was booked: {row}");
            };
            assert_eq!(booked.over_limit.to_string(), cells[2], "{row}");
            assert_eq!(booked.despite_block.to_string(), cells[3], "{row}");
            assert!(world.verify().is_ok(), "{row}");
        }
    }

    #[test]
    fn a_balance_stays_in_range() {
        for (kind, correction) in [("purchase", "reverse"), ("reverse", "purchase")] {
            let mut world = World::new();
            let count = BALANCE_MINOR_MAX / AMOUNT_MINOR_MAX;
            let most = format!("{kind} offline amount=10000000000000");
            let verbs: Vec<Verb> =
                (0..count).map(|n| world.verb(&format!("{most} source=x{n}"))).collect();
            assert!(world.run(&verbs).iter().all(Result::is_ok));
            let before = world.clone();
            assert_eq!(world.run_all(&most), ["BalanceOutOfRange"]);
            assert_eq!((&world.accounts, &world.rows), (&before.accounts, &before.rows));
            assert_eq!(world.keys, before.keys);
            // The batch goes on with what fits.
            let answers = world.run_all(&format!("{most} + {correction} offline source=y"));
            assert_eq!(answers[0], "BalanceOutOfRange");
            assert_ne!(answers[1], "BalanceOutOfRange");
            assert!(world.verify().is_ok(), "{:#?}", world.verify());
        }
    }

    #[test]
    fn a_capture_that_no_longer_fits_changes_nothing() {
        let mut world = World::new();
        world.run_all("authorize; reverse offline source=r");
        let id = world.account("A");
        let account = world.accounts.get_mut(&id).unwrap();
        assert_eq!(account.status, AccountStatus::Active);
        account.balance.debt = BALANCE_MINOR_MAX;
        let before = world.clone();
        assert_eq!(world.run_all("purchase; cancel"), ["BalanceOutOfRange", "cancelled"]);
        assert_eq!(before.rows.len() + 1, world.rows.len());
    }
}
