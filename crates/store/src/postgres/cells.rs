//! Rows of the ledger from what the database answers.

use ledger::{
    Account, Authorization, Card, Change, Company, Credential, Document, DocumentId, Key, RowId,
    Seal, Seller, Transaction,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::connect::Error;
use crate::rows::{
    Cells, get_account, get_authorization, get_card, get_change, get_company, get_credential,
    get_document, get_document_id, get_key, get_lead, get_seal, get_seller, get_transaction,
};

/// Reads the columns of a row one after the other.
pub(super) struct Columns<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row) -> Columns<'r> {
        Columns { row, next: 0 }
    }

    fn get<T: FromSql<'r>>(&mut self) -> Result<T, Error> {
        let at = self.next;
        self.next += 1;
        let cell = self.row.try_get(at);
        cell.map_err(|error| Error::Unreadable(format!("column {at}: {error}")))
    }
}

impl Cells for Columns<'_> {
    type Error = Error;

    fn next_int(&mut self) -> Result<Option<i64>, Error> {
        self.get()
    }

    fn next_text<T>(&mut self, read: impl FnOnce(&str) -> T) -> Result<Option<T>, Error> {
        Ok(self.get::<Option<&str>>()?.map(read))
    }

    fn next_bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Error> {
        let Some(bytes) = self.get::<Option<&[u8]>>()? else { return Ok(None) };
        let exact = bytes.try_into();
        exact.map(Some).map_err(|_| self.unknown("length", bytes.len()))
    }

    fn unreadable(&self, what: String) -> Error {
        Error::Unreadable(format!("column {}: {what}", self.next.saturating_sub(1)))
    }
}

pub(super) fn authorization(row: &Row) -> Result<Authorization, Error> {
    get_authorization(&mut Columns::of(row))
}

pub(super) fn transaction(row: &Row) -> Result<Transaction, Error> {
    get_transaction(&mut Columns::of(row))
}

pub(super) fn change(row: &Row) -> Result<Change, Error> {
    get_change(&mut Columns::of(row))
}

pub(super) fn seal(row: &Row) -> Result<Seal, Error> {
    get_seal(&mut Columns::of(row))
}

pub(super) fn account(row: &Row) -> Result<Account, Error> {
    get_account(&mut Columns::of(row))
}

pub(super) fn card(row: &Row) -> Result<Card, Error> {
    get_card(&mut Columns::of(row))
}

pub(super) fn key(row: &Row) -> Result<(Key, RowId), Error> {
    get_key(&mut Columns::of(row))
}

pub(super) fn company(row: &Row) -> Result<Company, Error> {
    get_company(&mut Columns::of(row))
}

pub(super) fn seller(row: &Row) -> Result<Seller, Error> {
    get_seller(&mut Columns::of(row))
}

pub(super) fn credential(row: &Row) -> Result<Credential, Error> {
    get_credential(&mut Columns::of(row))
}

pub(super) fn document(row: &Row) -> Result<Document, Error> {
    get_document(&mut Columns::of(row))
}

/// The kind and the number of a document.
pub(super) fn document_id(row: &Row) -> Result<DocumentId, Error> {
    get_document_id(&mut Columns::of(row))
}

/// What leads to a document.
pub(super) fn lead(row: &Row) -> Result<(String, DocumentId), Error> {
    get_lead(&mut Columns::of(row))
}

/// Reads every row.
pub(super) fn all<T>(
    rows: &[Row],
    read: impl FnMut(&Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    rows.iter().map(read).collect()
}
