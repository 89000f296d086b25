//! Readers: connections of their own that can only read. Each call is one short transaction.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use ledger::{
    Account, AccountId, AuthorizationId, Books, Card, CardId, Directory, Document, Key, ReadSet,
    Row, RowId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Params, Transaction, TransactionBehavior};

use super::cache::Cache;
use super::documents::documents;
use super::keys::{FreshKeys, find_merged, find_stored};
use super::load::{RowFinder, load, read_end};
use super::open::connect_reader;
use super::rows::{ACCOUNTS, CARDS, DIRECTORY_VERSION, read_account, read_card, read_directory};
use super::walk::{audit, rows_after, rows_before};
use crate::{Part, Reader, Record, Source, StoreError};

/// Opens readers on one database file.
pub(super) struct SqliteSource {
    pub(super) file: PathBuf,
    /// What the writer knows, where it is in this process.
    pub(super) fresh: Option<Arc<RwLock<FreshKeys>>>,
}

impl Source for SqliteSource {
    fn open(&self) -> Result<Box<dyn Reader>, StoreError> {
        let connection = connect_reader(&self.file).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "no reader could be opened");
            StoreError::NotCommitted
        })?;
        Ok(Box::new(SqliteReader { connection, directory: None, fresh: self.fresh.clone() }))
    }
}

struct SqliteReader {
    connection: Connection,
    /// The directory as it was read last.
    directory: Option<Arc<Directory>>,
    fresh: Option<Arc<RwLock<FreshKeys>>>,
}

impl SqliteReader {
    /// Runs `query` in one transaction.
    fn read<T>(
        &mut self,
        query: impl FnOnce(&Connection, &mut Option<Arc<Directory>>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let run = || {
            // There is nothing to commit: the transaction ends where it is dropped.
            let behavior = TransactionBehavior::Deferred;
            let transaction = Transaction::new_unchecked(&self.connection, behavior)?;
            query(&transaction, &mut self.directory)
        };
        run().map_err(|error: rusqlite::Error| {
            tracing::error!(error = &error as &dyn std::error::Error, "read failed");
            StoreError::NotCommitted
        })
    }
}

impl Reader for SqliteReader {
    fn load(&mut self, reads: &ReadSet) -> Result<Books, StoreError> {
        // First memory, then the transaction: a key that is merged in between is found there.
        let fresh = self.fresh.as_deref().map(|fresh| {
            let fresh = fresh.read().unwrap_or_else(PoisonError::into_inner);
            let found = reads.keys.iter().filter_map(|key| Some((*key, fresh.find(key)?)));
            found.collect::<HashMap<Key, RowId>>()
        });
        self.read(|connection, known| {
            let directory = current_directory(connection, known)?;
            let find_key = |key: &Key| match &fresh {
                None => find_stored(connection, key),
                Some(fresh) => match fresh.get(key) {
                    Some(row) => Ok(Some(*row)),
                    // It may be of those that memory was not asked for.
                    None if reads.is_cleared_asked => find_stored(connection, key),
                    None => find_merged(connection, key),
                },
            };
            // What a cache holds must be true in the transaction, so it lives as long.
            let cache = &mut Cache::new(0, 0);
            let books = read_end(connection)?.books(&directory);
            load(connection, cache, find_key, books, reads)
        })
    }

    fn row(&mut self, id: RowId) -> Result<Option<Row>, StoreError> {
        self.read(|connection, _| RowFinder::new(connection)?.find(id))
    }

    fn rows_after(&mut self, after: RowId, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(|connection, _| rows_after(connection, after, limit))
    }

    fn rows_before(&mut self, before: RowId, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(|connection, _| rows_before(connection, before, limit))
    }

    fn card(&mut self, id: CardId) -> Result<Option<Card>, StoreError> {
        self.read(|connection, _| {
            let mut find = connection.prepare_cached(&CARDS.select("WHERE id = ?"))?;
            find.query_row([id.0], read_card).optional()
        })
    }

    fn cards_of(
        &mut self,
        account: AccountId,
        before: CardId,
        limit: usize,
    ) -> Result<Vec<Card>, StoreError> {
        let sql = CARDS.select("WHERE account = ? AND id < ? ORDER BY id DESC LIMIT ?");
        self.list(&sql, [account.0, before.0, count(limit)], read_card)
    }

    fn accounts_before(
        &mut self,
        before: AccountId,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let sql = ACCOUNTS.select("WHERE id < ? ORDER BY id DESC LIMIT ?");
        self.list(&sql, [before.0, count(limit)], read_account)
    }

    fn documents(
        &mut self,
        list: &str,
        part: Part,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.read(|connection, _| documents(connection, list, part, limit))
    }

    fn due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<AuthorizationId>, StoreError> {
        // Word for word the condition of the index, so that SQLite sees that it may use it.
        let sql = "SELECT id FROM authorization_ WHERE state = 0 AND taken < amount \
                   AND expires_at <= ? ORDER BY expires_at, id LIMIT ?";
        self.list(sql, [now.0, count(limit)], |row| Ok(AuthorizationId(row.get(0)?)))
    }

    fn audit(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        self.read(|connection, _| audit(connection, visit))
    }
}

impl SqliteReader {
    fn list<T>(
        &mut self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(|connection, _| {
            connection.prepare_cached(sql)?.query_map(params, read)?.collect()
        })
    }
}

/// The directory as this transaction sees it; read again only when it has changed.
fn current_directory(
    connection: &Connection,
    known: &mut Option<Arc<Directory>>,
) -> rusqlite::Result<Arc<Directory>> {
    let version: i64 =
        connection.prepare_cached(DIRECTORY_VERSION)?.query_row((), |row| row.get(0))?;
    if let Some(directory) = known
        && directory.version() == version
    {
        return Ok(Arc::clone(directory));
    }
    let directory = read_directory(connection)?;
    *known = Some(Arc::clone(&directory));
    Ok(directory)
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
