//! From a [`WriteSet`] to rows, inside the transaction of its batch.

use ledger::{Account, Row, RowId, WriteSet};
use rusqlite::{Connection, Result};

use super::documents::write_documents;
use super::rows::{
    ACCOUNTS, AUTHORIZATIONS, CARDS, CHANGES, COMPANIES, CREDENTIALS, PAYABLES, SEALS, SELLERS,
    TRANSACTIONS, UPDATE_ACCOUNT, UPDATE_AUTHORIZATION, UPDATE_TRANSACTION, update_account,
    update_authorization, update_transaction, write_account, write_authorization, write_card,
    write_change, write_company, write_credential, write_payable, write_seal, write_seller,
    write_transaction,
};

/// Tells readers that the directory has changed, and with which row.
const SET_DIRECTORY: &str = "UPDATE meta SET value = ? WHERE name = ?";

/// Counts how often the store was opened again after a failure: a commit without meaning.
pub(super) const COUNT_REOPENING: &str =
    "UPDATE meta SET value = value + 1 WHERE name = 'reopenings'";

/// Writes everything but the keys. `newest` is the newest row before this batch.
pub(super) fn write(connection: &Connection, writes: &WriteSet, newest: RowId) -> Result<()> {
    write_old_rows(connection, writes)?;
    write_new_rows(connection, &writes.rows)?;
    write_accounts(connection, &writes.accounts, newest)?;
    if !writes.cards.is_empty() {
        let mut upsert = connection.prepare_cached(&CARDS.upsert())?;
        let mut cards: Vec<_> = writes.cards.iter().collect();
        cards.sort_unstable_by_key(|card| card.id);
        cards.into_iter().try_for_each(|card| write_card(&mut upsert, card))?;
    }
    write_documents(connection, &writes.documents)?;
    if let Some(directory) = &writes.directory {
        write_directory(connection, writes)?;
        let mut set = connection.prepare_cached(SET_DIRECTORY)?;
        set.execute((directory.version(), "directory_version"))?;
        set.execute((directory.newest().0, "directory_newest"))?;
    }
    if let Some(seal) = &writes.seal {
        write_seal(&mut *connection.prepare_cached(&SEALS.insert())?, seal)?;
    }
    Ok(())
}

fn write_old_rows(connection: &Connection, writes: &WriteSet) -> Result<()> {
    if !writes.authorizations.is_empty() {
        let mut update = connection.prepare_cached(UPDATE_AUTHORIZATION)?;
        for row in &writes.authorizations {
            update_authorization(&mut update, row)?;
        }
    }
    if !writes.transactions.is_empty() {
        let mut update = connection.prepare_cached(UPDATE_TRANSACTION)?;
        for row in &writes.transactions {
            update_transaction(&mut update, row)?;
        }
    }
    Ok(())
}

/// Appends; `rows` ascend, and so does each table.
fn write_new_rows(connection: &Connection, rows: &[Row]) -> Result<()> {
    let mut authorization = connection.prepare_cached(&AUTHORIZATIONS.insert())?;
    let mut transaction = connection.prepare_cached(&TRANSACTIONS.insert())?;
    let mut change = connection.prepare_cached(&CHANGES.insert())?;
    for row in rows {
        match row {
            Row::Authorization(row) => write_authorization(&mut authorization, row)?,
            Row::Transaction(row) => write_transaction(&mut transaction, row)?,
            Row::Change(row) => write_change(&mut change, row)?,
        }
    }
    Ok(())
}

/// Writes accounts in the order of their ids. An account is new if the row that opened it is.
fn write_accounts(connection: &Connection, accounts: &[Account], newest: RowId) -> Result<()> {
    let mut update = connection.prepare_cached(UPDATE_ACCOUNT)?;
    let mut insert = connection.prepare_cached(&ACCOUNTS.insert())?;
    let mut accounts: Vec<&Account> = accounts.iter().collect();
    accounts.sort_unstable_by_key(|account| account.id);
    for account in accounts {
        if account.id.0 > newest.0 {
            write_account(&mut insert, account)?;
        } else {
            update_account(&mut update, account)?;
        }
    }
    Ok(())
}

fn write_directory(connection: &Connection, writes: &WriteSet) -> Result<()> {
    let mut company = connection.prepare_cached(&COMPANIES.upsert())?;
    writes.companies.iter().try_for_each(|row| write_company(&mut company, row))?;
    let mut seller = connection.prepare_cached(&SELLERS.upsert())?;
    let mut payable = connection
        .prepare_cached(&format!("{} ON CONFLICT (account) DO NOTHING", PAYABLES.insert()))?;
    for row in &writes.sellers {
        write_seller(&mut seller, row)?;
        for held in &row.payables {
            write_payable(&mut payable, row.id, *held)?;
        }
    }
    let mut credential = connection.prepare_cached(&CREDENTIALS.upsert())?;
    writes.credentials.iter().try_for_each(|row| write_credential(&mut credential, row))?;
    Ok(())
}
