//! An account as it stood: the chain of its rows, walked back from the newest.
//!
//! Every row holds the balance right after it, and every change of the account what was before it,
//! so that nothing has to be added up.

use ledger::{AccountNo, AccountStatus, Balance, Change, ChangeKind, Row, RowId, Timestamp};
use store::{Reader, StoreError};

use super::accounts::{AccountView, account};
use super::{Queries, found};
use crate::limits::{AS_OF_ROWS_SCANNED_MAX, PAGE_ROWS_SCANNED_MAX};

/// Why an account's past cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AsOfError {
    /// The store is out of reach or broken.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More rows than [`AS_OF_ROWS_SCANNED_MAX`] lie between then and now.
    #[error("too much has happened since")]
    TooFarBack,
}

/// A walk back in time, at `next`, with the account as it stood right after that row.
#[derive(Clone, Debug)]
struct Walk {
    view: AccountView,
    next: RowId,
}

/// Where a walk has come to.
enum Step {
    /// At the row that `as_of` falls after.
    There(Walk),
    /// Before the opening.
    NotOpened,
    /// On the way.
    OnTheWay(Walk),
}

/// An account as it stood at `as_of`: with all that was decided at that instant or before. `None`
/// when there was none.
///
/// Reads in parts, so that a long walk lets other readers in between.
///
/// # Errors
/// [`AsOfError`].
pub async fn account_as_of(
    queries: &Queries,
    number: AccountNo,
    as_of: Timestamp,
) -> Result<Option<AccountView>, AsOfError> {
    let now = queries.read(move |reader| account(reader, number)).await?;
    let Some(view) = now else { return Ok(None) };
    let mut walk = Walk { next: view.account.last, view };
    for _ in 0..AS_OF_ROWS_SCANNED_MAX.div_ceil(PAGE_ROWS_SCANNED_MAX) {
        let step = queries.read(move |reader| step(reader, walk, as_of)).await?;
        match step {
            Step::There(walk) => return Ok(Some(walk.view)),
            Step::NotOpened => return Ok(None),
            Step::OnTheWay(further) => walk = further,
        }
    }
    Err(AsOfError::TooFarBack)
}

fn step(reader: &mut dyn Reader, mut walk: Walk, as_of: Timestamp) -> Result<Step, StoreError> {
    for _ in 0..PAGE_ROWS_SCANNED_MAX {
        if walk.next == RowId(0) {
            return Ok(Step::NotOpened);
        }
        let row = found(reader.row(walk.next)?)?;
        if row.at() <= as_of {
            walk.view.account.balance = balance_after(&row);
            walk.view.account.last = row.id();
            return Ok(Step::There(walk));
        }
        if let Row::Change(change) = &row {
            undo(change, &mut walk.view);
        }
        walk.next = row.previous().unwrap_or_default();
    }
    Ok(Step::OnTheWay(walk))
}

fn balance_after(row: &Row) -> Balance {
    match row {
        Row::Authorization(row) => row.balance,
        Row::Transaction(row) => row.balance,
        Row::Change(row) => row.balance,
    }
}

/// Takes a change of the account back.
fn undo(change: &Change, view: &mut AccountView) {
    if change.kind != ChangeKind::AccountChanged {
        return;
    }
    let limit = change.field("credit_limit_before").and_then(|minor| minor.parse().ok());
    let status = change.field("status_before").and_then(AccountStatus::parse);
    let account = &mut view.account;
    account.credit_limit = limit.unwrap_or(account.credit_limit);
    account.status = status.unwrap_or(account.status);
}
