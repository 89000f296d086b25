//! The store for many nodes: a `PostgreSQL` database, any number of writers in any number of
//! processes, any of which may die at any time.
//!
//! A batch is one transaction in two round trips. It is given its ids and, in the first, locks
//! the accounts it may change and reads; then it is decided; in the second it writes everything
//! and commits. Whoever else wants the same accounts waits; what has no row yet to be locked is
//! guarded by unique keys, and a batch that runs into one is decided again.

mod bulk;
mod cells;
mod connect;
pub(crate) mod copy;
mod ids;
mod lease;
mod load;
mod migrate;
mod read;
mod walk;
mod write;
mod writer;

pub use writer::PostgresStore;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ledger::Directory;

use crate::{Source, StoreError};
use connect::{Connector, Error, Session};
use load::{one, read_directory};
use read::PostgresSource;

/// Where the database is, and how to get there.
#[derive(Clone, Default)]
pub struct PostgresOptions {
    /// A connection string as libpq has it: `postgres://user:password@host:port,host:port/database`
    /// with its parameters. Secret: it may hold a password.
    pub url: String,
    /// Certificates (PEM) of who may sign the server's; without it those that the system trusts.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions").field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The connection string, or the file of certificates, is none.
    #[error("{0}")]
    Options(String),
    /// It says no, and will until somebody does something about it.
    #[error("database refuses; {remedy}")]
    Refused {
        /// What to do.
        remedy: &'static str,
        /// What it says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nobody answers, or not what is needed; that may change by itself.
    #[error("database is out of reach")]
    OutOfReach(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no store in the database.
    #[error("there is no store in the database: its first server makes one")]
    Missing,
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
}

impl From<Error> for PostgresError {
    fn from(error: Error) -> PostgresError {
        match error.remedy() {
            Some(remedy) => PostgresError::Refused { remedy, source: Box::new(error) },
            None => PostgresError::OutOfReach(Box::new(error)),
        }
    }
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> PostgresError {
        Error::Database(error).into()
    }
}

/// A database with a store in it. Cheap to clone.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
    directory: Arc<Directory>,
}

/// What writers and readers of one process share.
struct Shared {
    connector: Connector,
    /// Tells this process's leases from others'.
    holder: String,
    /// A connection for what is short and part of no batch.
    aside: Mutex<Option<Session>>,
    /// The same for ids that are reserved outside of a batch.
    reserving: Mutex<Option<Session>>,
    /// Whether the last reading failed because the database was not to be had.
    is_out: AtomicBool,
}

impl Postgres {
    /// Opens the store in a database for writing; makes it, or brings it up to date, if need be.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn open(options: &PostgresOptions) -> Result<Postgres, PostgresError> {
        let connector = Connector::for_writing(options)?;
        Postgres::connect(connector, async |client, holder| {
            migrate::migrate(client, holder).await?;
            copy::check_copied(client).await
        })
    }

    /// Opens a store that is there and up to date, for reading: where it is written, or on another
    /// kind of host that the URL names by `target_session_attrs`.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn open_read_only(options: &PostgresOptions) -> Result<Arc<dyn Source>, PostgresError> {
        let connector = Connector::for_reading(options)?;
        let opened = Postgres::connect(connector, async |client, _| {
            migrate::check(client).await?;
            copy::check_copied(client).await
        });
        Ok(opened?.source())
    }

    fn connect(
        connector: Connector,
        prepare: impl AsyncFnOnce(&tokio_postgres::Client, &str) -> Result<(), PostgresError>,
    ) -> Result<Postgres, PostgresError> {
        let session = Session::open(&connector)?;
        let client = &session.client;
        let opened = session.wait_long(async {
            let holder = client.query_one("SELECT gen_random_uuid()::TEXT", &[]).await?;
            let holder: String = holder.try_get(0)?;
            if let Err(error) = prepare(client, &holder).await {
                return Ok(Err(error));
            }
            Ok(Ok((holder, read_directory(client, &Arc::default()).await?)))
        });
        let (holder, directory) = opened??;
        let shared = Shared {
            connector,
            holder,
            aside: Mutex::new(Some(session)),
            reserving: Mutex::default(),
            is_out: AtomicBool::new(false),
        };
        Ok(Postgres { shared: Arc::new(shared), directory })
    }

    /// A writer, with a lane of its own. There may be any number, here and in other processes.
    pub fn writer(&self) -> PostgresStore {
        PostgresStore::new(Arc::clone(&self.shared), Arc::clone(&self.directory))
    }

    /// Where to get readers from.
    pub fn source(&self) -> Arc<dyn Source> {
        Arc::new(PostgresSource::new(Arc::clone(&self.shared)))
    }

    /// How many bytes the store's tables and indexes take.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn used_bytes(&self) -> Result<u64, PostgresError> {
        let sql = "SELECT COALESCE(SUM(pg_total_relation_size(c.oid)), 0)::INT8 \
                   FROM pg_class AS c WHERE c.relkind = 'r' \
                   AND c.relnamespace = current_schema()::regnamespace";
        let bytes: i64 = self.shared.aside(|session| {
            session.wait(async { Ok(one(&session.client.query(sql, &[]).await?)?.try_get(0)?) })
        })?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    /// Remembers a hash of the key that the installation is used with or, where there is one,
    /// says whether it is the same.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn agree_on_key(&self, fingerprint: [u8; 32]) -> Result<bool, PostgresError> {
        let fingerprint = fingerprint.as_slice();
        let remember = "INSERT INTO installation (id, key_fingerprint) VALUES (1, $1) \
                        ON CONFLICT (id) DO NOTHING";
        let remembered = "SELECT key_fingerprint FROM installation WHERE id = 1";
        let agreed = self.shared.aside(|session| {
            session.wait(async {
                session.client.execute(remember, &[&fingerprint]).await?;
                let rows = session.client.query(remembered, &[]).await?;
                let known: Vec<u8> = one(&rows)?.try_get(0)?;
                Ok(known == fingerprint)
            })
        });
        Ok(agreed?)
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Shared {
    /// What a reading came to, with a line in the log where it failed. An outage has one line at
    /// its beginning and one at its end: it is asked for many times a second.
    fn told<T>(&self, outcome: Result<T, Error>) -> Result<T, StoreError> {
        match outcome {
            Ok(answer) => {
                if self.is_out.load(Ordering::Relaxed) && self.is_out.swap(false, Ordering::Relaxed)
                {
                    tracing::info!("database can be read again");
                }
                Ok(answer)
            }
            Err(error) => {
                let is_news = !error.is_outage() || !self.is_out.swap(true, Ordering::Relaxed);
                let error = &error as &dyn std::error::Error;
                if is_news {
                    tracing::error!(error, "read failed");
                } else {
                    tracing::debug!(error, "read failed again");
                }
                Err(StoreError::NotCommitted)
            }
        }
    }

    /// Runs something short on the connection for that, and makes it again where it is lost.
    fn aside<T>(&self, run: impl FnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
        self.on(&self.aside, run)
    }

    fn on<T>(
        &self,
        kept: &Mutex<Option<Session>>,
        run: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let session = match kept.take() {
            Some(session) if !session.client.is_closed() => session,
            Some(_) | None => Session::open(&self.connector)?,
        };
        let outcome = run(&session);
        // One that failed may be in the middle of something.
        if outcome.is_ok() {
            *kept = Some(session);
        }
        outcome
    }
}
