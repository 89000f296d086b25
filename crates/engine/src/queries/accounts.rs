//! Accounts and cards as lists and one by one.

use ledger::{
    Account, AccountId, AccountKind, AccountNo, Card, CardId, CardToken, CompanyId, ReadSet, RowId,
    Timestamp,
};
use store::{Reader, StoreError};

use super::{Slice, found};
use crate::limits::PAGE_ROWS_SCANNED_MAX;

/// How many accounts are read at a time.
const ACCOUNTS_AT_A_TIME: usize = 500;

/// A holder's account and when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// The account.
    pub account: Account,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A card, its account, and when it was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardView {
    /// The card.
    pub card: Card,
    /// When it was added.
    pub added_at: Timestamp,
}

/// A holder's account by its number.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn account(
    reader: &mut dyn Reader,
    number: AccountNo,
) -> Result<Option<AccountView>, StoreError> {
    let reads = ReadSet { accounts: vec![number.id()], ..ReadSet::default() };
    let account = reader.load(&reads)?.accounts.remove(&number.id());
    let account = account.filter(|account| account.kind == AccountKind::Credit);
    account.map(|account| view(reader, account)).transpose()
}

/// Holders' accounts, newest first, from the one before `before` on; of one company where one is
/// given.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn accounts(
    reader: &mut dyn Reader,
    company: Option<CompanyId>,
    before: Option<AccountId>,
    limit: usize,
) -> Result<Slice<AccountView>, StoreError> {
    let mut before = before.unwrap_or(AccountId(i64::MAX));
    let (mut items, mut scanned) = (Vec::new(), 0_usize);
    while scanned < PAGE_ROWS_SCANNED_MAX {
        let some = reader.accounts_before(before, ACCOUNTS_AT_A_TIME)?;
        let is_last = some.len() < ACCOUNTS_AT_A_TIME;
        scanned = scanned.saturating_add(some.len());
        for account in some {
            let is_wanted = account.kind == AccountKind::Credit
                && company.is_none_or(|company| account.company == company);
            if is_wanted && items.len() == limit {
                return Ok(Slice { items, next: Some(before.0) });
            }
            before = account.id;
            if is_wanted {
                items.push(view(reader, account)?);
            }
        }
        if is_last {
            return Ok(Slice { items, next: None });
        }
    }
    Ok(Slice { items, next: Some(before.0) })
}

/// The accounts of a company itself, in the order of their ids. Where their money came from is
/// told by their entries.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn house_accounts(
    reader: &mut dyn Reader,
    company: CompanyId,
) -> Result<Vec<Account>, StoreError> {
    let directory = reader.load(&ReadSet::default())?.directory;
    let houses = directory.company_by_id(company).into_iter().flat_map(|company| &company.houses);
    let accounts = houses.map(|house| house.account).collect();
    let loaded = reader.load(&ReadSet { accounts, ..ReadSet::default() })?.accounts;
    let mut accounts: Vec<Account> = loaded.into_values().collect();
    accounts.sort_unstable_by_key(|account| account.id);
    Ok(accounts)
}

/// A card by its token.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn card(reader: &mut dyn Reader, token: &CardToken) -> Result<Option<CardView>, StoreError> {
    let reads = ReadSet { cards: vec![token.clone()], ..ReadSet::default() };
    let card = reader.load(&reads)?.cards.remove(token);
    card.map(|card| card_view(reader, card)).transpose()
}

/// The cards of an account, newest first, from the one before `before` on.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn cards(
    reader: &mut dyn Reader,
    account: AccountId,
    before: Option<CardId>,
    limit: usize,
) -> Result<Slice<CardView>, StoreError> {
    let before = before.unwrap_or(CardId(i64::MAX));
    let mut cards = reader.cards_of(account, before, limit.saturating_add(1))?;
    let has_more = cards.len() > limit;
    cards.truncate(limit);
    let next = cards.last().filter(|_| has_more).map(|card| card.id.0);
    let items = cards.into_iter().map(|card| card_view(reader, card)).collect::<Result<_, _>>()?;
    Ok(Slice { items, next })
}

fn view(reader: &mut dyn Reader, account: Account) -> Result<AccountView, StoreError> {
    let opened_at = found(reader.row(RowId(account.id.0))?)?.at();
    Ok(AccountView { account, opened_at })
}

fn card_view(reader: &mut dyn Reader, card: Card) -> Result<CardView, StoreError> {
    let added_at = found(reader.row(RowId(card.id.0))?)?.at();
    Ok(CardView { card, added_at })
}
