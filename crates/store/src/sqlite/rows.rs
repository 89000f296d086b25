//! Rows of the ledger in `SQLite`'s statements: cells are bound, and columns read.

use std::sync::Arc;

use ledger::{
    Account, AccountId, Authorization, Card, Change, Company, Credential, Currency, Document,
    DocumentId, Key, RowId, Seal, Seller, SellerId, Transaction,
};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Result, Row, Statement, params};

use crate::codes::Coded;
pub(super) use crate::rows::{
    ACCOUNTS, AUTHORIZATIONS, CARDS, CHANGES, COMPANIES, CREDENTIALS, DOCUMENT_LISTS,
    DOCUMENT_NAMES, DOCUMENTS, KEYS, PAYABLES, SEALS, SELLERS, TRANSACTIONS, Table,
};
use crate::rows::{
    Cell, Cells, HOUSES, Listed, directory, get_account, get_authorization, get_card, get_change,
    get_company, get_credential, get_document, get_house, get_key, get_lead, get_payable, get_seal,
    get_seller, get_transaction, is_resident, put_account, put_authorization, put_card, put_change,
    put_company, put_credential, put_document, put_payable, put_seal, put_seller, put_transaction,
};

/// The two tables of keys that are not yet among [`KEYS`].
pub(super) const FRESH_KEYS: [Table; 2] = [
    Table { name: "fresh_key_0", columns: KEYS.columns },
    Table { name: "fresh_key_1", columns: KEYS.columns },
];

impl Table {
    /// A statement that inserts one row.
    pub(super) fn insert(&self) -> String {
        let places = vec!["?"; self.columns.len()].join(", ");
        format!("INSERT INTO {} ({}) VALUES ({places})", self.name, self.names())
    }

    /// As [`Table::insert`], which replaces all of an older row with the same id.
    pub(super) fn upsert(&self) -> String {
        let columns = self.columns.iter().filter(|(name, _)| *name != "id");
        let new: Vec<String> =
            columns.map(|(name, _)| format!("{name} = excluded.{name}")).collect();
        format!("{} ON CONFLICT (id) DO UPDATE SET {}", self.insert(), new.join(", "))
    }
}

/// Runs a statement with a row's cells as its parameters.
fn execute(statement: &mut Statement<'_>, cells: &[Cell<'_>]) -> Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        let at = at + 1;
        match cell {
            Cell::Int(number) => statement.raw_bind_parameter(at, number)?,
            Cell::Text(text) => statement.raw_bind_parameter(at, text.as_deref())?,
            Cell::Bytes(bytes) => statement.raw_bind_parameter(at, bytes)?,
        }
    }
    statement.raw_execute()?;
    Ok(())
}

pub(super) fn write_authorization(insert: &mut Statement<'_>, row: &Authorization) -> Result<()> {
    execute(insert, &put_authorization(row))
}

pub(super) fn read_authorization(row: &Row<'_>) -> Result<Authorization> {
    get_authorization(&mut Columns::of(row))
}

pub(super) fn write_transaction(insert: &mut Statement<'_>, row: &Transaction) -> Result<()> {
    execute(insert, &put_transaction(row))
}

pub(super) fn read_transaction(row: &Row<'_>) -> Result<Transaction> {
    get_transaction(&mut Columns::of(row))
}

pub(super) fn write_change(insert: &mut Statement<'_>, row: &Change) -> Result<()> {
    execute(insert, &put_change(row))
}

pub(super) fn read_change(row: &Row<'_>) -> Result<Change> {
    get_change(&mut Columns::of(row))
}

pub(super) fn write_seal(insert: &mut Statement<'_>, seal: &Seal) -> Result<()> {
    execute(insert, &put_seal(seal))
}

pub(super) fn read_seal(row: &Row<'_>) -> Result<Seal> {
    get_seal(&mut Columns::of(row))
}

pub(super) fn write_account(insert: &mut Statement<'_>, account: &Account) -> Result<()> {
    execute(insert, &put_account(account))
}

pub(super) fn read_account(row: &Row<'_>) -> Result<Account> {
    get_account(&mut Columns::of(row))
}

pub(super) fn write_card(upsert: &mut Statement<'_>, card: &Card) -> Result<()> {
    execute(upsert, &put_card(card))
}

pub(super) fn read_card(row: &Row<'_>) -> Result<Card> {
    get_card(&mut Columns::of(row))
}

pub(super) fn write_company(upsert: &mut Statement<'_>, company: &Company) -> Result<()> {
    execute(upsert, &put_company(company))
}

pub(super) fn read_company(row: &Row<'_>) -> Result<Company> {
    get_company(&mut Columns::of(row))
}

pub(super) fn write_seller(upsert: &mut Statement<'_>, seller: &Seller) -> Result<()> {
    execute(upsert, &put_seller(seller))
}

pub(super) fn read_seller(row: &Row<'_>) -> Result<Seller> {
    get_seller(&mut Columns::of(row))
}

pub(super) fn write_credential(upsert: &mut Statement<'_>, row: &Credential) -> Result<()> {
    execute(upsert, &put_credential(row))
}

pub(super) fn read_credential(row: &Row<'_>) -> Result<Credential> {
    get_credential(&mut Columns::of(row))
}

pub(super) fn write_document(insert: &mut Statement<'_>, row: &Document) -> Result<()> {
    execute(insert, &put_document(row))
}

/// Updates what can change in a document.
pub(super) const UPDATE_DOCUMENT: &str =
    "UPDATE document SET fields = ?3, names = ?4, lists = ?5 WHERE kind = ?1 AND number = ?2";

/// For [`UPDATE_DOCUMENT`].
pub(super) fn update_document(
    connection: &rusqlite::Connection,
    update: &mut Statement<'_>,
    row: &Document,
) -> Result<()> {
    execute(update, &put_document(row))?;
    only_one(usize::try_from(connection.changes()).unwrap_or(usize::MAX))
}

pub(super) fn read_document(row: &Row<'_>) -> Result<Document> {
    get_document(&mut Columns::of(row))
}

/// What leads to a document.
pub(super) fn read_lead(row: &Row<'_>) -> Result<(String, DocumentId)> {
    get_lead(&mut Columns::of(row))
}

pub(super) fn read_key(row: &Row<'_>) -> Result<(Key, RowId)> {
    get_key(&mut Columns::of(row))
}

/// Writes a seller's payable account, unless it is written.
pub(super) fn write_payable(
    insert: &mut Statement<'_>,
    seller: SellerId,
    held: (Currency, AccountId),
) -> Result<()> {
    execute(insert, &put_payable(seller, held))
}

pub(super) fn read_payable(row: &Row<'_>) -> Result<(SellerId, (Currency, AccountId))> {
    get_payable(&mut Columns::of(row))
}

/// Updates what can change in an account.
pub(super) const UPDATE_ACCOUNT: &str = "UPDATE account SET status = ?2, credit_limit = ?3, \
                                         debt = ?4, reserved = ?5, last = ?6, last_at = ?7 \
                                         WHERE id = ?1";

/// For [`UPDATE_ACCOUNT`].
pub(super) fn update_account(update: &mut Statement<'_>, account: &Account) -> Result<()> {
    only_one(update.execute(params![
        account.id.0,
        account.status.code(),
        account.credit_limit,
        account.balance.debt,
        account.balance.reserved,
        account.last.0,
        account.last_at.0,
    ])?)
}

/// Updates what can change in an authorization.
pub(super) const UPDATE_AUTHORIZATION: &str =
    "UPDATE authorization_ SET state = ?2, taken = ?3, last_child = ?4 WHERE id = ?1";

/// For [`UPDATE_AUTHORIZATION`].
pub(super) fn update_authorization(update: &mut Statement<'_>, row: &Authorization) -> Result<()> {
    only_one(update.execute([row.id.0, row.state.code(), row.taken, row.last_child.0])?)
}

/// Updates what can change in a transaction.
pub(super) const UPDATE_TRANSACTION: &str =
    "UPDATE transaction_ SET corrected = ?2, last_child = ?3 WHERE id = ?1";

/// For [`UPDATE_TRANSACTION`].
pub(super) fn update_transaction(update: &mut Statement<'_>, row: &Transaction) -> Result<()> {
    only_one(update.execute([row.id.0, row.corrected, row.last_child.0])?)
}

/// Whether an error is about what a row holds, and not about getting at it.
pub(super) fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    )
}

/// A row that is updated exists: the ledger has loaded it.
fn only_one(rows: usize) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(rows)) }
}

/// Reads the columns of a row one after the other.
struct Columns<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> Columns<'r, 's> {
    fn of(row: &'r Row<'s>) -> Columns<'r, 's> {
        Columns { row, next: 0 }
    }

    fn step(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
}

impl Cells for Columns<'_, '_> {
    type Error = rusqlite::Error;

    fn next_int(&mut self) -> Result<Option<i64>> {
        let at = self.step();
        self.row.get(at)
    }

    fn next_text<T>(&mut self, read: impl FnOnce(&str) -> T) -> Result<Option<T>> {
        let at = self.step();
        let text = self.row.get_ref(at)?.as_str_or_null();
        let text = text.map_err(|error| failure(at, error))?;
        Ok(text.map(read))
    }

    fn next_bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>> {
        let at = self.step();
        self.row.get(at)
    }

    fn unreadable(&self, what: String) -> rusqlite::Error {
        failure(self.next.saturating_sub(1), FromSqlError::Other(what.into()))
    }
}

fn failure(column: usize, error: FromSqlError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, Box::new(error))
}

/// Reads a whole small table.
pub(super) fn read_all<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map((), read)?.collect()
}

/// Reads how often companies, sellers and credentials have changed.
pub(super) const DIRECTORY_VERSION: &str =
    "SELECT value FROM meta WHERE name = 'directory_version'";

/// Reads the newest row that changed them.
const DIRECTORY_NEWEST: &str = "SELECT value FROM meta WHERE name = 'directory_newest'";

/// Reads companies, sellers and credentials.
pub(super) fn read_directory(connection: &rusqlite::Connection) -> Result<Arc<ledger::Directory>> {
    let number = |sql| connection.prepare_cached(sql)?.query_row((), |row| row.get(0));
    let (version, newest) = (number(DIRECTORY_VERSION)?, RowId(number(DIRECTORY_NEWEST)?));
    let residents = DOCUMENTS.select(&format!("WHERE {} ORDER BY kind, number", is_resident()));
    let house = |row: &Row<'_>| get_house(&mut Columns::of(row));
    let listed = Listed {
        companies: read_all(connection, &COMPANIES.select("ORDER BY id"), read_company)?,
        houses: read_all(connection, &HOUSES.select_houses(), house)?,
        sellers: read_all(connection, &SELLERS.select("ORDER BY id"), read_seller)?,
        payables: read_all(connection, &PAYABLES.select("ORDER BY account"), read_payable)?,
        credentials: read_all(connection, &CREDENTIALS.select("ORDER BY id"), read_credential)?,
        documents: read_all(connection, &residents, read_document)?,
    };
    Ok(Arc::new(directory((version, newest), listed)))
}
