//! The decision to book a monetary transaction: a purchase, a cash withdrawal or a reversal, on
//! an authorization or offline.

use crate::account::{Account, Balance};
use crate::authorization::{Authorization, CardAuthenticationMethod, Channel};
use crate::authorize::{blocked, card_and_account, positive_minor};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::card::CardToken;
use crate::directory::{Company, Seller};
use crate::ids::{AuthorizationId, CardId, Code, Fingerprint, Hasher, Key, RowId, TransactionId};
use crate::money::{Currency, Decimal, Money, MoneyError};
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::{AcquirerReferences, Mount, PostingKind, Transaction, TransactionKind};

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

impl Post {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
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

    fn fingerprint(&self) -> Fingerprint {
        let (digits, decimals) = self.amount.parts();
        let (part, part_decimals) = self.withdrawal.map_or((-1, 0), Decimal::parts);
        let hasher = match &self.basis {
            Basis::Authorization(code) => {
                Hasher::new("post on authorization").optional(code.as_ref().map(Code::as_str))
            }
            Basis::Offline(info) => Hasher::new("post offline")
                .text(info.card.as_str())
                .text(&info.seller)
                .text(&info.currency)
                .optional(info.method.map(|method| method.as_str()))
                .optional(info.channel.map(|channel| channel.as_str())),
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
            .finish();
        Fingerprint(hash)
    }
}

/// What the source id of a monetary transaction uses up.
pub fn posting_key(company: &str, kind: PostingKind, source: &str) -> Key {
    Key(Hasher::new(kind.as_str()).text(company).text(source).finish())
}

/// What the acquirer's references of a transaction use up, when both are given.
pub(crate) fn acquirer_key(
    company: &str,
    kind: &str,
    references: &AcquirerReferences,
) -> Option<Key> {
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
    let source_key = keys.first().copied();
    let first = source_key.and_then(|key| books.transaction(key));
    if let Some(first) = first.filter(|first| first.fingerprint == fingerprint) {
        return Ok(Answer::replayed(done(command, first.mount)));
    }
    let directory = &books.directory;
    let company = directory.company(&command.company).ok_or(Refusal::CompanyNotConfigured)?;
    if company.currencies.is_empty() {
        return Err(Refusal::CompanyIncomplete);
    }
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
    let authorization = code.and_then(|code| books.authorization(company.id, code));
    let authorization = authorization.ok_or(Refusal::AuthorizationNotFound)?;
    let seller = books.directory.seller_by_id(authorization.seller);
    let seller = seller.filter(|seller| is_in_scope(seller, command.seller_scope.as_deref()));
    let seller = seller.ok_or(Refusal::AuthorizationNotFound)?;
    let account = books.accounts.get(&authorization.account);
    let (amount, withdrawal) = amounts(command, authorization.currency)?;
    Ok(Checked {
        authorization: Some(authorization),
        account: account.ok_or(Refusal::AuthorizationNotFound)?,
        seller,
        card: authorization.card,
        currency: authorization.currency,
        amount,
        withdrawal,
        despite_block: false,
        method: None,
        channel: None,
    })
}

fn offline<'b>(
    command: &Post,
    info: &OfflineInfo,
    books: &'b Books,
    company: &Company,
    today: Date,
) -> Result<Checked<'b>, Refusal> {
    let currency = Currency::parse(&info.currency);
    let amounts = currency.map(|currency| amounts(command, currency)).transpose()?;
    let seller = books.directory.seller(company.id, &info.seller);
    let seller = seller.ok_or(Refusal::SellerNotRegistered)?;
    let (card, account) = card_and_account(&info.card, books, company)?;
    let currency = currency
        .filter(|currency| company.currencies.contains(currency) && account.currency == *currency)
        .ok_or(Refusal::CurrencyNotSupported)?;
    let (amount, withdrawal) = amounts.unwrap_or_default();
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

/// Whether a caller who may act for `scope` only, may act for this seller.
pub(crate) fn is_in_scope(seller: &Seller, scope: Option<&str>) -> bool {
    scope.is_none_or(|number| seller.number == number)
}

fn amounts(command: &Post, currency: Currency) -> Result<(i64, Option<i64>), Refusal> {
    let amount = positive_minor(command.amount, currency)?;
    let Some(withdrawal) = command.withdrawal else { return Ok((amount, None)) };
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
        let available = Money::from_minor(remaining, authorization.currency);
        let available = available.map_err(Refusal::Amount)?;
        return Err(Refusal::InsufficientDebitedAmount { available });
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
    Transaction {
        id: TransactionId(0),
        at: now,
        company: checked.account.company,
        seller: checked.seller.id,
        account: checked.account.id,
        payable: checked.seller.payable_or_panic(checked.currency),
        card: checked.card,
        kind: TransactionKind::Posting(command.kind),
        authorization: checked.authorization.map(|found| AuthorizationId(found.id.0)),
        corrects: None,
        source: command.source.clone(),
        fingerprint,
        posted: checked.amount,
        released: if reserves { checked.amount } else { 0 },
        withdrawal: checked.withdrawal,
        currency: checked.currency,
        references: command.references.clone(),
        receipt: command.receipt.clone(),
        point_of_sale: command.point_of_sale.clone(),
        method: checked.method,
        channel: checked.channel,
        value_date: command.value_date.unwrap_or(today),
        mount: command.mount,
        offline_info: command.offline_info,
        over_limit: false,
        despite_block: checked.despite_block,
        balance: Balance::default(),
        previous: RowId(0),
        sibling: RowId(0),
        corrected: 0,
        last_child: RowId(0),
    }
}
