//! Opening: the lock on the data directory, connections and their settings, migrations.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::Options;
use crate::copy::MARK_SOURCE;

/// The least `SQLite`: earlier ones can damage a database when the log starts again from its
/// beginning (sqlite.org, release 3.51.3).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Marks a database as ours (`PRAGMA application_id`): "Kass".
const APPLICATION_ID: i32 = 0x4b61_7373;

/// How long a connection waits for a lock that another one holds for a moment.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);

/// What a reader keeps in memory, in KiB: enough for the upper pages of each table. A commit
/// empties it, and the system keeps the file anyway.
const READER_CACHE_KIB: i64 = 2 * 1024;

/// Statements kept prepared per connection; there are some sixty.
const STATEMENTS_MAX: usize = 96;

/// All migrations, in order. A released one never changes.
const MIGRATIONS: [(&str, &str); 3] = [
    ("0001_card_ledger", include_str!("../../migrations/sqlite/0001_card_ledger.sql")),
    ("0002_estate", include_str!("../../migrations/sqlite/0002_estate.sql")),
    ("0003_settlement", include_str!("../../migrations/sqlite/0003_settlement.sql")),
];

const CREATE_MIGRATION: &str = "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, \
                                name TEXT NOT NULL, checksum BLOB NOT NULL) STRICT";

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or this one, has it open for writing.
    #[error("store is in use by another process")]
    Locked,
    /// There is no database in the directory.
    #[error("there is no store in {0}")]
    Missing(PathBuf),
    /// The file is something else.
    #[error("file is not a database of Kassa")]
    NotAStore,
    /// A newer program has changed the schema.
    #[error("schema {found} is newer than this program, which knows {known}")]
    NewerSchema {
        /// Of the store.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// The store waits for a migration, which only opening it for writing does.
    #[error("schema {found} is older than this program's, {known}: start the server once")]
    OlderSchema {
        /// Of the store.
        found: usize,
        /// The one that this program reads.
        known: usize,
    },
    /// The store was made by a migration that differs from this program's of the same number.
    #[error("migration {0} differs from the one this store was made with")]
    MigrationChanged(String),
    /// The store is the target of a copy that has not come to its end.
    #[error("a copy into this store is not finished: run `kassa store copy` again")]
    CopyUnfinished,
    /// The linked `SQLite` has a bug that can damage a database.
    #[error("SQLite {0} is too old: 3.51.3 is the least")]
    OldSqlite(&'static str),
    /// The directory or the lock file could not be made or read.
    #[error("data directory is out of reach")]
    Io(#[from] std::io::Error),
    /// The database said no.
    #[error("database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> OpenError {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::NotAStore,
            _ => OpenError::Database(Box::new(error)),
        }
    }
}

/// The database in a data directory.
pub(super) fn database_file(dir: &Path) -> PathBuf {
    dir.join("kassa.db")
}

/// Makes the directory if it is not there, and takes the lock that goes with the right to write.
/// The lock ends with the file, and so with the process at the latest.
pub(super) fn lock(dir: &Path) -> Result<File, OpenError> {
    if !dir.exists() {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)?;
    }
    let file = owners_file().create(true).truncate(false).open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(OpenError::Io(error)),
    }
}

/// Makes a file that only its owner may read, and there must be none: to open and close a file that
/// is in use would end the locks that `SQLite` has on it. `SQLite` takes an empty file as a new
/// database, and gives the files beside it the same mode.
pub(super) fn make_owners_file(file: &Path) -> std::io::Result<File> {
    owners_file().create_new(true).open(file)
}

/// Writes, and makes files that only their owner may read.
fn owners_file() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens the writer's connection, and makes or migrates the database as needed.
pub(super) fn connect_writer(file: &Path, options: &Options) -> Result<Connection, OpenError> {
    let connection = connect_importer(file, options)?;
    check_copied(&connection)?;
    Ok(connection)
}

/// As [`connect_writer`], also where a copy into the store is not finished.
pub(super) fn connect_importer(file: &Path, options: &Options) -> Result<Connection, OpenError> {
    check_version(rusqlite::version_number(), rusqlite::version())?;
    match make_owners_file(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        Ok(_) | Err(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(LOCK_WAIT_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    if !is_ours(&connection)? {
        connection.pragma_update(None, "page_size", 4096)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(OpenError::Database(format!("journal mode is {mode}, not WAL").into()));
    }
    wait_for_the_disk(&connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let cache_kib = i64::try_from(options.cache_bytes / 1024).unwrap_or(i64::MAX);
    connection.pragma_update(None, "cache_size", cache_kib.saturating_neg())?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Durable before it is acknowledged: with anything less than FULL a commit does not wait for the
/// disk, and on macOS the disk itself waits with what it has, unless it is told not to.
fn wait_for_the_disk(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)
}

/// Opens a connection for checkpoints alone.
pub(super) fn connect_copier(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(LOCK_WAIT_MAX)?;
    wait_for_the_disk(&connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

/// Opens a connection that can only read, on a database that was checked by [`check_store`] or
/// by its writer.
pub(super) fn connect_reader(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(LOCK_WAIT_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", READER_CACHE_KIB.saturating_neg())?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Copies a database, as it is at one moment, into the empty file `to`.
pub(super) fn copy_store(file: &Path, to: &str) -> rusqlite::Result<()> {
    let connection = connect_reader(file)?;
    connection.pragma_update(None, "query_only", false)?;
    connection.execute("VACUUM INTO ?", [to]).map(drop)
}

/// Checks that there is a database which this program can read.
pub(super) fn check_store(file: &Path) -> Result<(), OpenError> {
    check_version(rusqlite::version_number(), rusqlite::version())?;
    if !file.exists() {
        return Err(OpenError::Missing(file.to_owned()));
    }
    let connection = connect_reader(file)?;
    if !is_ours(&connection)? {
        return Err(OpenError::NotAStore);
    }
    let found = check_migrations(&connection)?;
    if found < MIGRATIONS.len() {
        return Err(OpenError::OlderSchema { found, known: MIGRATIONS.len() });
    }
    check_copied(&connection)
}

fn check_copied(connection: &Connection) -> Result<(), OpenError> {
    match find_meta(connection, MARK_SOURCE)? {
        Some(_) => Err(OpenError::CopyUnfinished),
        None => Ok(()),
    }
}

/// One of the numbers that a store remembers.
pub(super) fn find_meta(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let mut find = connection.prepare_cached("SELECT value FROM meta WHERE name = ?")?;
    find.query_row([name], |row| row.get(0)).optional()
}

fn check_version(number: i32, text: &'static str) -> Result<(), OpenError> {
    if number < SQLITE_VERSION_MIN { Err(OpenError::OldSqlite(text)) } else { Ok(()) }
}

/// Whether the database is ours. False when it is new; an error when it is someone else's.
fn is_ours(connection: &Connection) -> Result<bool, OpenError> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, (), |row| row.get(0))?;
    match (id, tables) {
        (APPLICATION_ID, _) => Ok(true),
        (0, 0) => Ok(false),
        _ => Err(OpenError::NotAStore),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    connection.execute(CREATE_MIGRATION, ())?;
    let done = check_migrations(connection)?;
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS).skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        let insert = "INSERT INTO migration (number, name, checksum) VALUES (?, ?, ?)";
        transaction.execute(insert, (number, name, checksum(sql)))?;
        transaction.commit()?;
        tracing::info!(migration = name, "migrated the store");
    }
    Ok(())
}

/// How many migrations are done; each was the one that this program knows.
fn check_migrations(connection: &Connection) -> Result<usize, OpenError> {
    let exists = "SELECT 1 FROM sqlite_schema WHERE name = 'migration'";
    if connection.query_row(exists, (), |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    let mut select = connection.prepare("SELECT name, checksum FROM migration ORDER BY number")?;
    let done = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let done: Vec<(String, [u8; 32])> = done.collect::<rusqlite::Result<_>>()?;
    if done.len() > MIGRATIONS.len() {
        return Err(OpenError::NewerSchema { found: done.len(), known: MIGRATIONS.len() });
    }
    for ((name, sum), (_, sql)) in done.iter().zip(MIGRATIONS) {
        if *sum != checksum(sql) {
            return Err(OpenError::MigrationChanged(name.clone()));
        }
    }
    Ok(done.len())
}

fn checksum(sql: &str) -> [u8; 32] {
    Sha256::digest(sql).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_sqlite_is_refused() {
        assert!(check_version(3_051_003, "3.51.3").is_ok());
        let error = check_version(3_051_002, "3.51.2").unwrap_err();
        assert_eq!(error.to_string(), "SQLite 3.51.2 is too old: 3.51.3 is the least");
        assert!(check_version(rusqlite::version_number(), rusqlite::version()).is_ok());
    }
}
