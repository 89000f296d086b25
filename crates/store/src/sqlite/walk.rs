//! Walks along the journal: its tables and its seals, step by step side by side.
//!
//! Invariant: memory does not grow with what there is to see.

use ledger::{Row, RowId};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Result, Rows};

use super::rows::{
    ACCOUNTS, AUTHORIZATIONS, CHANGES, DOCUMENT_LISTS, DOCUMENT_NAMES, DOCUMENTS, FRESH_KEYS, KEYS,
    SEALS, TRANSACTIONS, Table, is_unreadable, read_account, read_authorization, read_change,
    read_document, read_key, read_lead, read_seal, read_transaction,
};
use crate::Record;

/// The rows of the journal after `after`, ascending.
pub(super) fn rows_after(connection: &Connection, after: RowId, limit: usize) -> Result<Vec<Row>> {
    rows(connection, "WHERE id > ? ORDER BY id", after, limit, |walks| {
        walks.iter_mut().filter(|walk| walk.next.is_some()).min_by_key(|walk| walk.id())
    })
}

/// The rows of the journal before `before`, descending.
pub(super) fn rows_before(
    connection: &Connection,
    before: RowId,
    limit: usize,
) -> Result<Vec<Row>> {
    rows(connection, "WHERE id < ? ORDER BY id DESC", before, limit, |walks| {
        walks.iter_mut().filter(|walk| walk.next.is_some()).max_by_key(|walk| walk.id())
    })
}

fn rows(
    connection: &Connection,
    range: &str,
    bound: RowId,
    limit: usize,
    nearest: for<'w, 's> fn(&'w mut [Walk<'s, Row>]) -> Option<&'w mut Walk<'s, Row>>,
) -> Result<Vec<Row>> {
    let mut authorizations = connection.prepare_cached(&AUTHORIZATIONS.select(range))?;
    let mut transactions = connection.prepare_cached(&TRANSACTIONS.select(range))?;
    let mut changes = connection.prepare_cached(&CHANGES.select(range))?;
    let mut walks = [
        Walk::new(&AUTHORIZATIONS, authorizations.query([bound.0])?, authorization_row)?,
        Walk::new(&TRANSACTIONS, transactions.query([bound.0])?, transaction_row)?,
        Walk::new(&CHANGES, changes.query([bound.0])?, change_row)?,
    ];
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(walk) = nearest(&mut walks)
        && let Some(step) = walk.step()?
    {
        found.push(step.row?);
    }
    Ok(found)
}

/// Shows everything: rows ascending with each seal after its last row, accounts, keys, documents,
/// and what leads to them. What cannot be read is shown as that.
pub(super) fn audit(connection: &Connection, visit: &mut dyn FnMut(Record)) -> Result<()> {
    let in_order = "ORDER BY 1";
    let mut authorizations = connection.prepare(&AUTHORIZATIONS.select(in_order))?;
    let mut transactions = connection.prepare(&TRANSACTIONS.select(in_order))?;
    let mut changes = connection.prepare(&CHANGES.select(in_order))?;
    let mut seals = connection.prepare(&SEALS.select(in_order))?;
    let mut walks = [
        Walk::new(&AUTHORIZATIONS, authorizations.query(())?, |row| {
            Ok(Record::Row(authorization_row(row)?))
        })?,
        Walk::new(&TRANSACTIONS, transactions.query(())?, |row| {
            Ok(Record::Row(transaction_row(row)?))
        })?,
        Walk::new(&CHANGES, changes.query(())?, |row| Ok(Record::Row(change_row(row)?)))?,
        Walk::new(&SEALS, seals.query(())?, |row| Ok(Record::Seal(read_seal(row)?)))?,
    ];
    loop {
        // Of two with the same id the first is found: the row before its seal.
        let waiting = walks.iter_mut().filter(|walk| walk.next.is_some());
        let Some(walk) = waiting.min_by_key(|walk| walk.id()) else { break };
        let Some(step) = walk.step()? else { break };
        visit(step.record()?);
    }
    let mut accounts = connection.prepare(&ACCOUNTS.select(in_order))?;
    let accounts =
        Walk::new(&ACCOUNTS, accounts.query(())?, |row| Ok(Record::Account(read_account(row)?)))?;
    accounts.visit(visit)?;
    let mut keys = connection.prepare(&KEYS.select(in_order))?;
    Walk::new(&KEYS, keys.query(())?, key_record)?.visit(visit)?;
    // While a run is merged, part of it is in both places.
    let unmerged = "AS fresh WHERE NOT EXISTS (SELECT 1 FROM used_key \
                    WHERE used_key.key = fresh.key AND used_key.row = fresh.row) ORDER BY n";
    for table in &FRESH_KEYS {
        let mut keys = connection.prepare(&table.select(unmerged))?;
        Walk::new(table, keys.query(())?, key_record)?.visit(visit)?;
    }
    let mut documents = connection.prepare(&DOCUMENTS.select("ORDER BY kind, number"))?;
    let document = |row: &rusqlite::Row<'_>| Ok(Record::Document(read_document(row)?));
    Walk::new(&DOCUMENTS, documents.query(())?, document)?.visit(visit)?;
    let mut names = connection.prepare(&DOCUMENT_NAMES.select_leads(""))?;
    let name = |row: &rusqlite::Row<'_>| read_lead(row).map(|(name, id)| Record::Name(name, id));
    Walk::new(&DOCUMENT_NAMES, names.query(())?, name)?.visit(visit)?;
    let mut lists = connection.prepare(&DOCUMENT_LISTS.select_leads(""))?;
    let list = |row: &rusqlite::Row<'_>| read_lead(row).map(|(list, id)| Record::Listed(list, id));
    Walk::new(&DOCUMENT_LISTS, lists.query(())?, list)?.visit(visit)
}

fn key_record(row: &rusqlite::Row<'_>) -> Result<Record> {
    let (key, row) = read_key(row)?;
    Ok(Record::Key(key, row))
}

fn authorization_row(row: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row::Authorization(read_authorization(row)?))
}

fn transaction_row(row: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row::Transaction(read_transaction(row)?))
}

fn change_row(row: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row::Change(read_change(row)?))
}

/// The rows of one table, and the one that comes next.
struct Walk<'s, T> {
    table: &'static Table,
    rows: Rows<'s>,
    read: fn(&rusqlite::Row<'_>) -> Result<T>,
    next: Option<Step<T>>,
    is_at_end: bool,
}

/// One row, read or not.
struct Step<T> {
    table: &'static str,
    id: Id,
    row: Result<T>,
}

/// What a row is called: its first column, and a document by its first two. A page of the database
/// that cannot be read hides rows whose names nobody knows; it is put after what was read before
/// it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Number(i64),
    Document(i64, i64),
    Bytes(Vec<u8>),
    After(Box<Id>),
}

impl<'s, T> Walk<'s, T> {
    fn new(
        table: &'static Table,
        rows: Rows<'s>,
        read: fn(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Walk<'s, T>> {
        let mut walk = Walk { table, rows, read, next: None, is_at_end: false };
        walk.step()?;
        Ok(walk)
    }

    fn id(&self) -> i64 {
        self.next.as_ref().map_or(i64::MAX, |step| step.id.number())
    }

    /// Takes what comes next, and steps on.
    fn step(&mut self) -> Result<Option<Step<T>>> {
        let table = self.table.name;
        let next = if self.is_at_end {
            None
        } else {
            match self.rows.next() {
                Ok(Some(row)) => {
                    Some(Step { table, id: Id::of(table, row)?, row: (self.read)(row) })
                }
                Ok(None) => None,
                Err(error) if is_corrupt(&error) => {
                    let before = self.next.as_ref().map_or(Id::Number(0), |step| step.id.clone());
                    Some(Step { table, id: Id::After(Box::new(before)), row: Err(error) })
                }
                Err(error) => return Err(error),
            }
        };
        self.is_at_end = next.as_ref().is_none_or(|step| matches!(step.id, Id::After(_)));
        Ok(std::mem::replace(&mut self.next, next))
    }
}

impl Walk<'_, Record> {
    fn visit(mut self, visit: &mut dyn FnMut(Record)) -> Result<()> {
        while let Some(step) = self.step()? {
            visit(step.record()?);
        }
        Ok(())
    }
}

impl Step<Record> {
    fn record(self) -> Result<Record> {
        match self.row {
            Ok(record) => Ok(record),
            Err(error) if is_unreadable(&error) || is_corrupt(&error) => {
                let Step { table, id, .. } = self;
                Ok(Record::Unreadable(format!("{table} {id}: {error}")))
            }
            Err(error) => Err(error),
        }
    }
}

impl Id {
    fn of(table: &str, row: &rusqlite::Row<'_>) -> Result<Id> {
        if table == DOCUMENTS.name {
            let number = |at| -> Result<i64> { Ok(row.get_ref(at)?.as_i64().unwrap_or_default()) };
            return Ok(Id::Document(number(0)?, number(1)?));
        }
        Ok(match row.get_ref(0)? {
            ValueRef::Integer(number) => Id::Number(number),
            ValueRef::Blob(bytes) => Id::Bytes(bytes.to_vec()),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) => Id::Number(0),
        })
    }

    fn number(&self) -> i64 {
        match self {
            Id::Number(number) => *number,
            Id::Document(..) | Id::Bytes(_) => 0,
            Id::After(id) => id.number(),
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Id::Number(number) => write!(f, "{number}"),
            Id::Document(kind, number) => write!(f, "{kind}/{number}"),
            Id::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Id::After(id) => write!(f, "after {id}"),
        }
    }
}

fn is_corrupt(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
