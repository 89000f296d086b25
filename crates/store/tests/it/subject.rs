//! A store under test, which can be closed and opened again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use cluster::{Cluster, Durability, Isolation};
use engine::{Command, Reply, run_batch};
use ledger::{
    Account, AccountId, AuthorizationId, Books, Card, CardToken, Change, Document, DocumentId, Key,
    ReadSet, Row, RowId, Seal, Timestamp, TransactionId,
};
use store::{
    MemoryStore, OpenError, Options, Postgres, PostgresOptions, Reader, Record, SqliteStore, Store,
    StoreError,
};

use crate::commands;

/// A store, its name for messages, and how to open it again.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    store: Option<Box<dyn Store>>,
    open: Box<dyn Fn() -> Box<dyn Store>>,
    _dir: Option<TempDir>,
    /// Ends after the store.
    _cluster: Option<Cluster>,
}

/// Everything in a store, in the order of an audit; keys, names and lists sorted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Dump {
    pub(crate) journal: Vec<Record>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) keys: Vec<(Key, RowId)>,
    pub(crate) documents: Vec<Document>,
    /// Names, and lists, sorted.
    pub(crate) names: Vec<(String, DocumentId)>,
    pub(crate) lists: Vec<(String, DocumentId)>,
    pub(crate) unreadable: Vec<String>,
}

/// What books hold, in order, so that they can be compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Loaded {
    pub(crate) newest: RowId,
    pub(crate) directory: Arc<ledger::Directory>,
    pub(crate) accounts: Vec<(AccountId, Account)>,
    pub(crate) cards: Vec<(CardToken, Card)>,
    pub(crate) authorizations: Vec<(AuthorizationId, ledger::Authorization)>,
    pub(crate) transactions: Vec<(TransactionId, ledger::Transaction)>,
    pub(crate) changes: Vec<(RowId, Change)>,
    pub(crate) keys: Vec<(Key, RowId)>,
    pub(crate) documents: Vec<Document>,
}

/// One of each store, all empty.
pub(crate) fn subjects() -> Vec<Subject> {
    let postgres = Subject::postgres(Isolation::ReadCommitted);
    vec![Subject::memory(), Subject::sqlite(), postgres]
}

/// Small enough to start fast; two cached entries, so that caches are filled, emptied and missed.
pub(crate) fn small() -> Options {
    Options {
        wal_bytes: 256 * 1024,
        cache_bytes: 1024 * 1024,
        cached_accounts_max: 4,
        cached_cards_max: 4,
        key_run_length: 30,
    }
}

impl Subject {
    pub(crate) fn memory() -> Subject {
        let store = MemoryStore::default();
        Subject::new("memory", Box::new(move || Box::new(store.clone())), None)
    }

    pub(crate) fn sqlite() -> Subject {
        let dir = TempDir::new();
        let subject = Subject::sqlite_in(dir.path());
        Subject { _dir: Some(dir), ..subject }
    }

    /// The embedded store in a directory that outlives it.
    pub(crate) fn sqlite_in(dir: &Path) -> Subject {
        let path = dir.to_owned();
        let open = move || -> Box<dyn Store> { Box::new(open_free(&path).unwrap()) };
        Subject::new("sqlite", Box::new(open), None)
    }

    /// A database in a cluster of its own.
    pub(crate) fn postgres(isolation: Isolation) -> Subject {
        let cluster = Cluster::start(Durability::Fast);
        let url = cluster.create_database_with(isolation);
        let options = PostgresOptions { url, ca_file: None };
        let open =
            move || -> Box<dyn Store> { Box::new(Postgres::open(&options).unwrap().writer()) };
        let subject = Subject::new("postgres", Box::new(open), None);
        Subject { _cluster: Some(cluster), ..subject }
    }

    fn new(
        name: &'static str,
        open: Box<dyn Fn() -> Box<dyn Store>>,
        dir: Option<TempDir>,
    ) -> Subject {
        Subject { name, store: Some(open()), open, _dir: dir, _cluster: None }
    }

    pub(crate) fn store(&mut self) -> &mut dyn Store {
        self.store.as_deref_mut().unwrap()
    }

    /// Closes the store and opens it again.
    pub(crate) fn reopen(&mut self) {
        self.store = None;
        self.store = Some((self.open)());
    }

    /// Runs one batch.
    pub(crate) fn run(&mut self, commands: &[Command]) -> Vec<Reply> {
        self.run_at(commands, commands::NOW)
    }

    pub(crate) fn run_at(&mut self, commands: &[Command], now: Timestamp) -> Vec<Reply> {
        let replies = run_batch(self.store(), commands, now).unwrap();
        self.store().maintain();
        replies
    }

    /// Runs one batch of one command, which must be granted. Returns the newest row after it.
    pub(crate) fn grant(&mut self, command: Command) -> RowId {
        self.run(&[command]).remove(0).unwrap();
        self.load(&ReadSet::default()).newest
    }

    /// Writes documents in one batch, and nothing else.
    pub(crate) fn put(&mut self, documents: &[Document]) {
        put(self.store(), documents).unwrap();
        self.store().maintain();
    }

    pub(crate) fn reader(&mut self) -> Box<dyn Reader> {
        self.store().source().open().unwrap()
    }

    pub(crate) fn dump(&mut self) -> Dump {
        dump(self.reader().as_mut())
    }

    /// What a batch is given for `reads`; a reader must be given the same.
    pub(crate) fn load(&mut self, reads: &ReadSet) -> Loaded {
        let mut given = None;
        self.store()
            .transact(reads, &mut |books| {
                given = Some(Loaded::of(&books));
                books.close(commands::NOW)
            })
            .unwrap();
        let given = given.unwrap();
        let read = self.reader().load(reads).unwrap();
        assert_eq!(Loaded::of(&read), given, "{}: a reader loads as a batch does", self.name);
        given
    }
}

/// Writes documents in one batch, and nothing else.
pub(crate) fn put(store: &mut dyn Store, documents: &[Document]) -> Result<(), StoreError> {
    let documents_read = documents.iter().map(|document| document.id).collect();
    let reads = ReadSet { documents: documents_read, ..ReadSet::default() };
    store.transact(&reads, &mut |mut books| {
        for document in documents {
            books.put_document(document.clone());
        }
        books.close(commands::NOW)
    })
}

impl Loaded {
    pub(crate) fn of(books: &Books) -> Loaded {
        Loaded {
            newest: books.newest(),
            directory: Arc::clone(&books.directory),
            accounts: sorted(&books.accounts, |(id, _)| *id),
            cards: sorted(&books.cards, |(token, _)| token.clone()),
            authorizations: sorted(&books.authorizations, |(id, _)| *id),
            transactions: sorted(&books.transactions, |(id, _)| *id),
            changes: sorted(&books.changes, |(id, _)| *id),
            keys: sorted(&books.keys, |(key, _)| *key),
            documents: books.documents.iter().map(|found| Document::clone(found)).collect(),
        }
    }
}

fn sorted<K: Clone, V: Clone, O: Ord>(
    map: &std::collections::HashMap<K, V>,
    by: impl Fn(&(K, V)) -> O,
) -> Vec<(K, V)> {
    let mut all: Vec<(K, V)> =
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    all.sort_by_key(by);
    all
}

pub(crate) fn dump(reader: &mut dyn Reader) -> Dump {
    let mut dump = Dump::default();
    let visit = &mut |record| match record {
        Record::Row(_) | Record::Seal(_) => dump.journal.push(record),
        Record::Account(account) => dump.accounts.push(account),
        Record::Key(key, row) => dump.keys.push((key, row)),
        Record::Document(document) => dump.documents.push(document),
        Record::Name(name, id) => dump.names.push((name, id)),
        Record::Listed(list, id) => dump.lists.push((list, id)),
        Record::Unreadable(what) => dump.unreadable.push(what),
    };
    reader.audit(visit).unwrap();
    dump.keys.sort_unstable();
    dump.names.sort_unstable();
    dump.lists.sort_unstable();
    dump
}

impl Dump {
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for record in &self.journal {
            if let Record::Row(row) = record {
                rows.push(row.clone());
            }
        }
        rows
    }

    pub(crate) fn seals(&self) -> Vec<Seal> {
        let mut seals = Vec::new();
        for record in &self.journal {
            if let Record::Seal(seal) = record {
                seals.push(seal.clone());
            }
        }
        seals
    }
}

/// How often [`once_free`] tries: some seconds long.
const TRIES: u32 = 100_000;

/// Tries again while `is_held` says that somebody holds what was just given back: a process that
/// another test starts has all that is open here, until it is another program.
pub(crate) fn once_free<T, E>(
    mut open: impl FnMut() -> Result<T, E>,
    is_held: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 0..TRIES {
        match open() {
            Err(error) if is_held(&error) => thread::yield_now(),
            opened => return opened,
        }
    }
    open()
}

/// Opens the embedded store in a directory, once it is nobody's.
pub(crate) fn open_free(dir: &Path) -> Result<SqliteStore, OpenError> {
    let is_held = |error: &OpenError| matches!(error, OpenError::Locked);
    once_free(|| SqliteStore::open(dir, small()), is_held)
}

/// A directory that goes with its value.
pub(crate) struct TempDir(PathBuf);

static NEXT: AtomicU32 = AtomicU32::new(0);

impl TempDir {
    pub(crate) fn new() -> TempDir {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kassa-store-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        TempDir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What is left behind is in a directory for what may be left behind.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
