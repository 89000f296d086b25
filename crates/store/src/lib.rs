//! Where state lives, and the only crate that knows SQL. One trait, several stores: memory for
//! tests, `SQLite` embedded, `PostgreSQL` for many nodes.
//!
//! Invariant: a batch is written whole or not at all, and what is acknowledged is durable.

mod codes;
mod copy;
mod memory;
mod postgres;
mod rows;
mod sqlite;

pub use copy::{CopyError, CopyProgress, CopyStage, PARCEL_RECORDS, StoreAddress, StoreCopy};
pub use memory::MemoryStore;
pub use postgres::{Postgres, PostgresError, PostgresOptions, PostgresStore};
pub use sqlite::{OpenError, Options, SqliteStore, sqlite_version};

use std::sync::Arc;
use std::time::Duration;

use ledger::{
    Account, AccountId, AuthorizationId, Books, Card, CardId, Directory, Document, DocumentId, Key,
    Position, ReadSet, Row, RowId, Seal, Timestamp, WriteSet,
};

/// A writer of a store. Some stores have only one, others several, in one process or in many.
///
/// Synchronous on purpose: no `.await` can sneak between a check and the write that relies on it.
pub trait Store: Send {
    /// Runs one batch: loads and locks `reads`, calls `decide`, and commits what it returns, all
    /// in one transaction.
    ///
    /// `decide` must be pure apart from its own captured outputs, which it must reset first: a
    /// store may call it again when the database asks for a retry. It may unwind; then nothing is
    /// written and the store stays usable. An empty write set costs no commit.
    ///
    /// # Errors
    /// See [`StoreError`]. On `NotCommitted` nothing was written; on `Unknown` all of it or
    /// nothing was. Either way the next call sees what is really stored.
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError>;

    /// The directory as this writer last saw it committed.
    fn directory(&self) -> Arc<Directory>;

    /// Where to get readers from. They see everything that was acknowledged before they were asked.
    fn source(&self) -> Arc<dyn Source>;

    /// Upkeep that fits between two batches. Called after every batch, and may do nothing.
    fn maintain(&mut self) {}
}

/// Opens readers; shared by all threads.
pub trait Source: Send + Sync {
    /// Takes, or keeps, the turn to do what only one node does at a time. `None` when another
    /// node has it. A turn that is not taken again within [`TURN`] may go to another node.
    ///
    /// A store that serves one process always gives it.
    ///
    /// # Errors
    /// [`StoreError::NotCommitted`] when the store is out of reach.
    fn take_turn(&self, _duty: &str) -> Result<Option<Epoch>, StoreError> {
        Ok(Some(Epoch(0)))
    }

    /// Whether other nodes may write to the store: then what was read here may be out of date
    /// though nothing was written here.
    fn has_other_nodes(&self) -> bool {
        false
    }

    /// Opens one reader. A reader is worth keeping: it may hold a connection.
    ///
    /// # Errors
    /// [`StoreError::NotCommitted`] when the store is out of reach.
    fn open(&self) -> Result<Box<dyn Reader>, StoreError>;
}

/// Reads committed rows. Each call sees one consistent state; two calls may see two.
///
/// All errors are [`StoreError::NotCommitted`]: the store is out of reach or broken.
pub trait Reader: Send {
    /// Loads as a batch does, but locks nothing.
    fn load(&mut self, reads: &ReadSet) -> Result<Books, StoreError>;

    /// One row of the journal.
    fn row(&mut self, id: RowId) -> Result<Option<Row>, StoreError>;

    /// Rows of the journal after `after`, ascending, at most `limit`.
    fn rows_after(&mut self, after: RowId, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// What was committed after a position, at most `limit` rows, and the position after them.
    /// Whoever goes on from there misses nothing, however many writers there are.
    ///
    /// Where one writer commits after the other, the order of ids is that of commits.
    fn news(&mut self, after: &Position, limit: usize) -> Result<(Vec<Row>, Position), StoreError> {
        let rows = self.rows_after(after.oldest(), limit)?;
        let last = rows.last().map(|row| Position::at(row.id()));
        Ok((rows, last.unwrap_or_else(|| after.clone())))
    }

    /// Rows of the journal before `before`, descending, at most `limit`.
    fn rows_before(&mut self, before: RowId, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// One card by its id.
    fn card(&mut self, id: CardId) -> Result<Option<Card>, StoreError>;

    /// The cards of an account, newest first, with ids before `before`, at most `limit`.
    fn cards_of(
        &mut self,
        account: AccountId,
        before: CardId,
        limit: usize,
    ) -> Result<Vec<Card>, StoreError>;

    /// All accounts, payable ones included, newest first, with ids before `before`, at most
    /// `limit`.
    fn accounts_before(
        &mut self,
        before: AccountId,
        limit: usize,
    ) -> Result<Vec<Account>, StoreError>;

    /// Documents on a list, which are of one kind, at most `limit`.
    fn documents(
        &mut self,
        list: &str,
        part: Part,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError>;

    /// Live authorizations that still hold something and whose `expires_at <= now`, soonest
    /// first, at most `limit`.
    fn due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<AuthorizationId>, StoreError>;

    /// Shows everything there is, in one consistent state: rows ascending, each seal right after
    /// its last row, then accounts ascending, then keys in any order, then documents ascending by
    /// their ids, then what leads to documents in any order: names, then lists.
    fn audit(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError>;
}

/// A part of a list of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those with greater numbers than this one, ascending.
    After(i64),
    /// Those with smaller numbers than this one, descending.
    Before(i64),
}

/// Tells two turns of the same duty apart: each node that gets it has a greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);

/// How long a turn lasts that is not taken again.
pub const TURN: Duration = Duration::from_secs(15);

/// One thing that an audit sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and most are rows")]
pub enum Record {
    /// A row of the journal.
    Row(Row),
    /// The seal of the batch that the last rows were.
    Seal(Seal),
    /// An account as it stands.
    Account(Account),
    /// A key and the row that used it.
    Key(Key, RowId),
    /// A document.
    Document(Document),
    /// A name, and the document that is found by it.
    Name(String, DocumentId),
    /// A list, and a document that is on it.
    Listed(String, DocumentId),
    /// A stored row that cannot be read: where, and why.
    Unreadable(String),
}

/// How a transaction failed. The difference decides what a client may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Certainly not committed: safe to refuse, safe to retry.
    #[error("transaction was not committed")]
    NotCommitted,
    /// Perhaps committed: the caller must repeat with the same id to find out.
    #[error("transaction outcome is unknown")]
    Unknown,
}
