//! The embedded store: one `SQLite` database, one writer, any number of readers.
//!
//! Invariant: this process is the only writer, and what it remembers of the database (the end of
//! the journal, the directory, cached accounts and cards) is what was last committed.

mod cache;
pub(crate) mod copy;
mod documents;
mod keys;
mod load;
mod open;
mod read;
mod rows;
mod wal;
mod walk;
mod write;

pub use open::OpenError;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ledger::{Books, Directory, Head, Key, ReadSet, WriteSet};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::{Source, Store, StoreError};
use cache::Cache;
use keys::{FreshKeys, Slice, find_merged};
use load::{End, load, read_end};
use read::SqliteSource;
use rows::read_directory;
use wal::WalKeeper;
use write::write;

/// How much a store may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Length of the write-ahead log, allocated at the start. A reader that does not end can make
    /// it longer.
    pub wal_bytes: u64,
    /// Pages of the database that the writer keeps in memory. More is not better: where pages
    /// split, each commit looks through all that are kept, and the system keeps the file anyway.
    pub cache_bytes: u64,
    /// Accounts that the writer keeps in memory.
    pub cached_accounts_max: usize,
    /// Cards that the writer keeps in memory.
    pub cached_cards_max: usize,
    /// Keys that are collected in memory before they are sorted in; up to twice as many are kept.
    pub key_run_length: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            wal_bytes: 64 * 1024 * 1024,
            cache_bytes: 32 * 1024 * 1024,
            cached_accounts_max: 200_000,
            cached_cards_max: 200_000,
            key_run_length: 131_072,
        }
    }
}

/// The version of the linked `SQLite`.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// A store in a data directory.
pub struct SqliteStore {
    file: PathBuf,
    options: Options,
    /// None after it has failed in a way that leaves it in doubt, until the next batch.
    connection: Option<Connection>,
    end: End,
    directory: Arc<Directory>,
    cache: Cache,
    /// Shared with readers. Changed by the writer alone, after a commit.
    fresh: Arc<RwLock<FreshKeys>>,
    /// Ends before the lock does.
    wal: WalKeeper,
    /// Held as long as this store may write.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in `dir` for writing; makes the directory and the store if need be.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(dir: &Path, options: Options) -> Result<SqliteStore, OpenError> {
        let lock = open::lock(dir)?;
        let file = open::database_file(dir);
        let connection = open::connect_writer(&file, &options)?;
        wal::allocate(&connection, &file, options.wal_bytes);
        let (end, directory) = (read_end(&connection)?, read_directory(&connection)?);
        let fresh = FreshKeys::read(&connection)?;
        tracing::info!(
            newest = end.newest.0,
            sqlite = rusqlite::version(),
            dir = %dir.display(),
            "opened the store"
        );
        Ok(SqliteStore {
            connection: Some(connection),
            end,
            directory,
            cache: Cache::new(options.cached_accounts_max, options.cached_cards_max),
            fresh: Arc::new(RwLock::new(fresh)),
            wal: WalKeeper::new(options.wal_bytes, open::connect_copier(&file)),
            options,
            file,
            _lock: lock,
        })
    }

    /// Where to get readers of the store in `dir` from, whether or not a process writes to it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_read_only(dir: &Path) -> Result<Arc<dyn Source>, OpenError> {
        let file = open::database_file(dir);
        open::check_store(&file)?;
        Ok(Arc::new(SqliteSource { file, fresh: None }))
    }

    /// Copies the store in `dir`, as it is at one moment, into the new file `to`, whether or not a
    /// process writes to it. As `kassa.db` in a directory of its own the copy is a store.
    ///
    /// # Errors
    /// [`OpenError`]; when there is a file `to`, it is left as it is.
    pub fn back_up(dir: &Path, to: &Path) -> Result<(), OpenError> {
        let file = open::database_file(dir);
        open::check_store(&file)?;
        let name =
            to.to_str().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidFilename))?;
        let copy = open::make_owners_file(to)?;
        if let Err(error) = open::copy_store(&file, name) {
            // Half a copy is none, and would be in the way of the next one.
            drop(std::fs::remove_file(to));
            return Err(error.into());
        }
        copy.sync_all()?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }

    /// How many bytes the store in `dir` uses of its database: its length less what is free in it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn used_bytes(dir: &Path) -> Result<u64, OpenError> {
        let file = open::database_file(dir);
        open::check_store(&file)?;
        let connection = open::connect_reader(&file)?;
        let pragma = |name| {
            let value = connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
            value.map(u64::from)
        };
        let pages = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
        Ok(pages.saturating_mul(pragma("page_size")?))
    }

    /// Follows a commit.
    fn follow(&mut self, mut writes: WriteSet, slice: Slice) {
        let mut fresh = self.fresh.write().unwrap_or_else(PoisonError::into_inner);
        fresh.follow(std::mem::take(&mut writes.keys), slice, self.options.key_run_length);
        drop(fresh);
        if let Some(seal) = &writes.seal {
            self.end = End { newest: seal.last, head: Head::after(seal) };
        }
        if let Some(directory) = writes.directory.take() {
            self.directory = directory;
        }
        self.cache.follow(writes);
    }

    /// After a failure: forgets what may be wrong, and says what became of the batch.
    fn recover(&mut self, failure: Failure) -> StoreError {
        self.cache.forget_all();
        let (outcome, error) = match failure {
            Failure::BeforeCommit(error) => (StoreError::NotCommitted, error),
            Failure::Commit(error) => (outcome_of_commit(&error), error),
        };
        tracing::error!(
            error = &error as &dyn std::error::Error,
            code = error.sqlite_extended_error_code(),
            %outcome,
            "batch failed"
        );
        let is_in_doubt = outcome == StoreError::Unknown
            || self.connection.as_ref().is_none_or(|connection| !connection.is_autocommit());
        let settled = if is_in_doubt { self.reopen() } else { self.remember() };
        if let Err(error) = settled {
            tracing::error!(error = &error as &dyn std::error::Error, "store is out of reach");
            self.connection = None;
        }
        outcome
    }

    /// Replaces the connection.
    fn reopen(&mut self) -> Result<(), OpenError> {
        // The old connection ends first: it may still hold the right to write.
        self.connection = None;
        let connection = open::connect_writer(&self.file, &self.options)?;
        wal::allocate(&connection, &self.file, self.options.wal_bytes);
        // A batch that failed at the disk may lie complete behind the log's end, where a restart
        // after a crash would find it. A commit overwrites it before anyone is told more.
        connection.execute(write::COUNT_REOPENING, ())?;
        self.connection = Some(connection);
        self.remember()
    }

    /// Reads again what is kept in memory beside the cache, which [`SqliteStore::recover`] empties.
    fn remember(&mut self) -> Result<(), OpenError> {
        if let Some(connection) = &self.connection {
            self.end = read_end(connection)?;
            self.directory = read_directory(connection)?;
            let fresh = FreshKeys::read(connection)?;
            *self.fresh.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }
}

impl Store for SqliteStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        if self.connection.is_none()
            && let Err(error) = self.reopen()
        {
            tracing::error!(error = &error as &dyn std::error::Error, "store is out of reach");
            self.connection = None;
            return Err(StoreError::NotCommitted);
        }
        let Some(connection) = &self.connection else { return Err(StoreError::NotCommitted) };
        let batch =
            Batch { connection, end: self.end, directory: &self.directory, fresh: &self.fresh };
        match batch.run(&mut self.cache, reads, decide) {
            Ok(Some((writes, slice))) => self.follow(writes, slice),
            Ok(None) => {}
            Err(failure) => return Err(self.recover(failure)),
        }
        Ok(())
    }

    fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::new(SqliteSource { file: self.file.clone(), fresh: Some(Arc::clone(&self.fresh)) })
    }

    fn maintain(&mut self) {
        if let Some(connection) = &self.connection {
            self.wal.keep(connection);
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("file", &self.file)
            .field("newest", &self.end.newest)
            .finish_non_exhaustive()
    }
}

/// What one batch starts from.
struct Batch<'s> {
    connection: &'s Connection,
    end: End,
    directory: &'s Arc<Directory>,
    fresh: &'s RwLock<FreshKeys>,
}

/// Where a batch failed.
#[derive(Debug)]
enum Failure {
    BeforeCommit(rusqlite::Error),
    Commit(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::BeforeCommit(error)
    }
}

impl Batch<'_> {
    /// Runs the batch. Returns what was committed; nothing is, when there is nothing to write.
    fn run(
        &self,
        cache: &mut Cache,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<Option<(WriteSet, Slice)>, Failure> {
        // Rolls back when it is dropped, also when `decide` unwinds.
        let transaction =
            Transaction::new_unchecked(self.connection, TransactionBehavior::Immediate)?;
        let fresh = self.fresh.read().unwrap_or_else(PoisonError::into_inner);
        let find_key = |key: &Key| match fresh.find(key) {
            Some(row) => Ok(Some(row)),
            None => find_merged(&transaction, key),
        };
        let books = self.end.books(self.directory);
        let books = load(&transaction, cache, find_key, books, reads)?;
        let writes = decide(books);
        if writes.is_empty() {
            transaction.rollback()?;
            return Ok(None);
        }
        write(&transaction, &writes, self.end.newest)?;
        let slice = fresh.write(&transaction, &writes.keys)?;
        transaction.commit().map_err(Failure::Commit)?;
        Ok(Some((writes, slice)))
    }
}

/// What a failed COMMIT came to. Only where the database says no by itself is that certain; after
/// an error of the disk, what was written may or may not be found again.
fn outcome_of_commit(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::ConstraintViolation,
        ) => StoreError::NotCommitted,
        _ => StoreError::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use ledger::configure::add_company;
    use ledger::{AddCompany, Timestamp, Zone};
    use rusqlite::ffi;

    use super::*;

    /// A store in a directory that goes with it.
    struct Scratch {
        store: Option<SqliteStore>,
        dir: PathBuf,
    }

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let dir = std::env::temp_dir().join(format!("kassa-{name}-{}", std::process::id()));
            let options = Options { wal_bytes: 128 * 1024, ..Options::default() };
            Scratch { store: Some(SqliteStore::open(&dir, options).unwrap()), dir }
        }

        fn store(&mut self) -> &mut SqliteStore {
            self.store.as_mut().unwrap()
        }

        fn add(&mut self, number: &str) -> Result<(), StoreError> {
            let command = AddCompany {
                number: number.to_owned(),
                name: "x".repeat(20_000),
                zone: Zone::parse("UTC").unwrap(),
                currencies: Vec::new(),
                authorization_days: 7,
                actor: String::new(),
                idempotency: None,
            };
            self.store().transact(&ReadSet::default(), &mut |mut books| {
                add_company(&command, &mut books, Timestamp(0)).unwrap();
                books.close(Timestamp(0))
            })
        }

        fn pragma(&mut self, sql: &str) -> i64 {
            let connection = self.store().connection.as_ref().unwrap();
            connection.query_row(sql, (), |row| row.get(0)).unwrap()
        }

        /// What is remembered equals what a restart would find.
        fn check_remembers(&mut self, newest: i64) {
            let store = self.store();
            let (end, directory) = (store.end, store.directory());
            assert_eq!(end.newest.0, newest);
            store.remember().unwrap();
            assert_eq!(store.end, end);
            assert_eq!(store.directory(), directory);
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            self.store = None;
            drop(std::fs::remove_dir_all(&self.dir));
        }
    }

    #[test]
    fn a_full_disk_is_answered_and_survived() {
        let mut scratch = Scratch::new("full");
        scratch.add("before").unwrap();
        let pages = scratch.pragma("PRAGMA page_count");
        scratch.pragma(&format!("PRAGMA max_page_count = {pages}"));
        let mut added = 1;
        while scratch.add(&format!("{added}")).is_ok() {
            added += 1;
        }
        for _ in 0..3 {
            assert_eq!(scratch.add("full"), Err(StoreError::NotCommitted));
            scratch.store().maintain();
            scratch.check_remembers(added);
        }
        scratch.pragma("PRAGMA max_page_count = 100000");
        scratch.add("after").unwrap();
        scratch.check_remembers(added + 1);
    }

    #[test]
    fn a_log_that_cannot_be_allocated_gives_its_space_back() {
        let mut scratch = Scratch::new("space");
        scratch.add("before").unwrap();
        let pages = scratch.pragma("PRAGMA page_count");
        scratch.pragma(&format!("PRAGMA max_page_count = {pages}"));
        let store = scratch.store.as_ref().unwrap();
        let wal_bytes = store.options.wal_bytes * 100;
        wal::allocate(store.connection.as_ref().unwrap(), &store.file, wal_bytes);
        let log = std::fs::metadata(store.file.with_extension("db-wal")).unwrap();
        assert_eq!(log.len(), 0);
        scratch.pragma("PRAGMA max_page_count = 100000");
        scratch.add("after").unwrap();
        scratch.check_remembers(2);
    }

    /// Before and after the connection was replaced.
    #[test]
    fn a_commit_waits_for_the_disk() {
        let mut scratch = Scratch::new("sync");
        for _ in 0..2 {
            // 2 is FULL (sqlite.org, PRAGMA synchronous).
            assert_eq!(scratch.pragma("PRAGMA synchronous"), 2);
            assert_eq!(scratch.pragma("PRAGMA fullfsync"), 1);
            assert_eq!(scratch.pragma("PRAGMA checkpoint_fullfsync"), 1);
            scratch.store().reopen().unwrap();
        }
    }

    #[test]
    fn a_connection_in_doubt_is_replaced() {
        let mut scratch = Scratch::new("doubt");
        scratch.add("a").unwrap();
        let connection = scratch.store().connection.as_ref().unwrap();
        connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM company").unwrap();
        let error = sqlite_error(ffi::SQLITE_IOERR_FSYNC);
        assert_eq!(scratch.store().recover(Failure::Commit(error)), StoreError::Unknown);
        assert_eq!(scratch.store().directory().companies().count(), 1, "it never happened");
        scratch.add("b").unwrap();
        scratch.check_remembers(2);
    }

    #[test]
    fn a_store_that_cannot_be_reopened_refuses_until_it_can() {
        let mut scratch = Scratch::new("reopen");
        scratch.add("a").unwrap();
        let away = scratch.dir.with_extension("away");
        let file = scratch.store().file.clone();
        scratch.store().file = away.join("kassa.db");
        let error = sqlite_error(ffi::SQLITE_IOERR_WRITE);
        assert_eq!(scratch.store().recover(Failure::Commit(error)), StoreError::Unknown);
        assert_eq!(scratch.add("b"), Err(StoreError::NotCommitted));
        scratch.store().maintain();
        scratch.store().file = file;
        scratch.add("b").unwrap();
        scratch.check_remembers(2);
    }

    #[test]
    fn only_a_plain_no_to_a_commit_is_certain() {
        let check = |code, expected| {
            assert_eq!(outcome_of_commit(&sqlite_error(code)), expected, "{code}");
        };
        check(ffi::SQLITE_BUSY, StoreError::NotCommitted);
        check(ffi::SQLITE_BUSY_SNAPSHOT, StoreError::NotCommitted);
        check(ffi::SQLITE_FULL, StoreError::NotCommitted);
        check(ffi::SQLITE_CONSTRAINT_COMMITHOOK, StoreError::NotCommitted);
        check(ffi::SQLITE_NOMEM, StoreError::Unknown);
        check(ffi::SQLITE_IOERR, StoreError::Unknown);
        check(ffi::SQLITE_IOERR_FSYNC, StoreError::Unknown);
        check(ffi::SQLITE_CORRUPT, StoreError::Unknown);
        check(ffi::SQLITE_ERROR, StoreError::Unknown);
        let other = rusqlite::Error::InvalidQuery;
        assert_eq!(outcome_of_commit(&other), StoreError::Unknown);
    }

    fn sqlite_error(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }
}
