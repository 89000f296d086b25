//! An account's statement and its reservations: the chain of its rows, walked back page by page.

use ledger::{
    Account, AccountId, Authorization, Card, CardId, Row, RowId, Transaction, TransactionId,
};
use store::{Reader, StoreError};

use super::{Slice, found};
use crate::limits::PAGE_ROWS_SCANNED_MAX;

/// One line of a statement, with the rows that it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was booked.
    pub transaction: Transaction,
    /// What it was made on, if anything.
    pub authorization: Option<Authorization>,
    /// What it takes back, if anything.
    pub corrected: Option<Transaction>,
    /// The card it was made with, if any.
    pub card: Option<Card>,
}

/// An authorization that holds money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The authorization.
    pub authorization: Authorization,
    /// The card it was made with, if any.
    pub card: Option<Card>,
}

/// The rows of an account that posted something, newest first, from row `from` on. `None` when
/// `from` is not one of the account's rows.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn entries(
    reader: &mut dyn Reader,
    account: &Account,
    from: Option<RowId>,
    limit: usize,
) -> Result<Option<Slice<Entry>>, StoreError> {
    let mut items = Vec::new();
    let next = walk(reader, account, from, &mut |reader, row| {
        if let Row::Transaction(transaction) = row
            && transaction.direction().is_some()
        {
            items.push(entry(reader, transaction)?);
        }
        Ok(items.len() < limit)
    })?;
    Ok(next.map(|next| Slice { items, next: next.map(|row| row.0) }))
}

/// The authorizations of an account that hold money now, newest first, from row `from` on. `None`
/// when `from` is not one of the account's rows.
///
/// # Errors
/// [`StoreError::NotCommitted`].
pub fn reservations(
    reader: &mut dyn Reader,
    account: &Account,
    from: Option<RowId>,
    limit: usize,
) -> Result<Option<Slice<Reservation>>, StoreError> {
    let mut items = Vec::new();
    // Where all that is reserved has been found, the rest of the chain need not be walked. What an
    // authorization holds only ever shrinks, so that finding it all means that it was all there is.
    let mut missing = from.is_none().then_some(account.balance.reserved);
    if missing == Some(0) {
        return Ok(Some(Slice { items, next: None }));
    }
    let next = walk(reader, account, from, &mut |reader, row| {
        if let Row::Authorization(authorization) = row
            && authorization.reserved() > 0
        {
            missing = missing.map(|missing| missing.saturating_sub(authorization.reserved()));
            let card = card(reader, authorization.card)?;
            items.push(Reservation { authorization, card });
        }
        Ok(items.len() < limit && missing != Some(0))
    })?;
    let next = next.map(|next| next.filter(|_| missing != Some(0)));
    Ok(next.map(|next| Slice { items, next: next.map(|row| row.0) }))
}

/// Walks an account's rows back until `visit` says that it is enough, and returns the row to go
/// on from, if there is one. `None` when `from` is not one of the account's rows.
#[expect(clippy::option_option, reason = "no such place and no more rows are not the same")]
fn walk(
    reader: &mut dyn Reader,
    account: &Account,
    from: Option<RowId>,
    visit: &mut dyn FnMut(&mut dyn Reader, Row) -> Result<bool, StoreError>,
) -> Result<Option<Option<RowId>>, StoreError> {
    let mut next = from.unwrap_or(account.last);
    for scanned in 0..PAGE_ROWS_SCANNED_MAX {
        if next == RowId(0) {
            return Ok(Some(None));
        }
        let row = match reader.row(next)? {
            Some(row) if scanned > 0 || account_of(&row) == Some(account.id) => row,
            Some(_) | None if scanned == 0 => return Ok(None),
            missing => found(missing)?,
        };
        next = row.previous().unwrap_or_default();
        if !visit(reader, row)? {
            break;
        }
    }
    Ok(Some(Some(next).filter(|next| *next != RowId(0))))
}

/// The account whose chain a row is part of.
pub(super) fn account_of(row: &Row) -> Option<AccountId> {
    match row {
        Row::Authorization(row) => Some(row.account),
        Row::Transaction(row) => Some(row.account),
        Row::Change(row) => row.account,
    }
}

fn entry(reader: &mut dyn Reader, transaction: Transaction) -> Result<Entry, StoreError> {
    let authorization = match transaction.authorization {
        Some(id) => match found(reader.row(RowId(id.0))?)? {
            Row::Authorization(row) => Some(row),
            Row::Transaction(_) | Row::Change(_) => None,
        },
        None => None,
    };
    let corrected = transaction_of(reader, transaction.corrects)?;
    let card = card(reader, transaction.card)?;
    Ok(Entry { transaction, authorization, corrected, card })
}

/// A transaction that another row names.
pub(super) fn transaction_of(
    reader: &mut dyn Reader,
    id: Option<TransactionId>,
) -> Result<Option<Transaction>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    match found(reader.row(RowId(id.0))?)? {
        Row::Transaction(row) => Ok(Some(row)),
        Row::Authorization(_) | Row::Change(_) => Ok(None),
    }
}

/// A card that a row names.
pub(super) fn card(
    reader: &mut dyn Reader,
    id: Option<CardId>,
) -> Result<Option<Card>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    found(reader.card(id)?).map(Some)
}
