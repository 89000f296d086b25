//! A store with its key, and the platform that runs on them.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use engine::limits::{PACKAGE_BYTES_MAX, SPOOLED_FILE_BYTES_MAX};
use engine::{Clock, Queries, Threads, VirtualClock};
use formats::rkha21::Profiles;
use ledger::RowId;
use store::{
    OpenError, Postgres, PostgresError, PostgresOptions, Source, SqliteStore, Store, StoreError,
};
use surfaces::{PackageFiles, Platform, Secrets, StoreBytes, StoreFacts, StoreKind, Uploads};

use crate::clock::{OsRandomness, monotonic};
use crate::installation_key::{self, Held, Key};
use crate::notices::NoticeSettings;
use crate::psp::{Counter, PspSettings};
use crate::settings::{DatabaseSettings, StoreSettings};

/// How long to wait between two tries to reach a database: at first, and at most.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The folder in the data directory for files that are read and not kept.
const SPOOL: &str = "spool";

/// A store that is open for writing, and the key it is used with.
pub(crate) struct Installation {
    pub(crate) store: Box<dyn Store>,
    /// Writers beside `store`, where the store has several.
    more_writers: Vec<Box<dyn Store>>,
    pub(crate) key: Key,
    /// What may be told of the store.
    pub(crate) facts: StoreFacts,
    /// Where the files of packages are.
    packages: PackageFiles,
    /// Where files are while they are read.
    spool: Uploads,
    /// The layouts of acquirers' files.
    rkha21: Arc<Profiles>,
    /// Where the key of a database was made just now: the other servers need a copy.
    pub(crate) new_shared_key: Option<PathBuf>,
}

/// How a store is opened for writing.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// For an embedded store.
    pub(crate) embedded: store::Options,
    /// The writers on a database, one at least.
    pub(crate) writers: usize,
    /// How long a database may be out of reach.
    pub(crate) patience: Duration,
    /// The longest package, in bytes.
    pub(crate) package_bytes_max: u64,
    /// The layouts of acquirers' files.
    pub(crate) rkha21: Arc<Profiles>,
}

/// What a running platform leaves to be waited for.
pub(crate) struct Running {
    pub(crate) platform: Platform,
    /// They end after the engine was closed, or by a bug.
    pub(crate) engine: Threads,
}

/// Who else has the store.
#[derive(Debug, thiserror::Error)]
#[error("the store in {} is in use by another process", .0.display())]
pub(crate) struct InUse(PathBuf);

impl Default for Opening {
    /// For a command that writes a little and ends.
    fn default() -> Opening {
        Opening {
            embedded: store::Options::default(),
            writers: 1,
            patience: Duration::ZERO,
            package_bytes_max: PACKAGE_BYTES_MAX,
            rkha21: Arc::default(),
        }
    }
}

impl Installation {
    /// Opens a store for writing, and makes it, and its key, where there is none.
    ///
    /// # Errors
    /// [`InUse`], of an embedded store; or when the directory, the store or the key is not to be
    /// had.
    pub(crate) fn open(
        settings: &StoreSettings,
        opening: &Opening,
    ) -> anyhow::Result<Installation> {
        match &settings.database {
            None => Installation::open_embedded(settings, opening),
            Some(database) => Installation::open_database(settings, database, opening),
        }
    }

    fn open_embedded(settings: &StoreSettings, opening: &Opening) -> anyhow::Result<Installation> {
        let data_dir = settings.data_dir.as_path();
        let store = match SqliteStore::open(data_dir, opening.embedded.clone()) {
            Ok(store) => store,
            Err(OpenError::Locked) => bail!(InUse(data_dir.to_owned())),
            Err(error) => {
                let error = anyhow::Error::new(error);
                return Err(error.context(format!("could not open {}", data_dir.display())));
            }
        };
        let is_new = is_empty(store.source().as_ref()).context("could not read the store")?;
        let held = installation_key::read_or_make(&key_file(settings), is_new, &OsRandomness)?;
        Ok(Installation {
            store: Box::new(store),
            more_writers: Vec::new(),
            key: held.key(),
            facts: StoreFacts {
                kind: StoreKind::Sqlite,
                writers: 1,
                bytes: Some(bytes_of_files(data_dir)),
            },
            packages: packages(settings, opening),
            spool: spool(settings),
            rkha21: Arc::clone(&opening.rkha21),
            new_shared_key: None,
        })
    }

    fn open_database(
        settings: &StoreSettings,
        database: &DatabaseSettings,
        opening: &Opening,
    ) -> anyhow::Result<Installation> {
        let postgres = reach(database, opening.patience)?;
        let is_new = is_empty(postgres.source().as_ref()).context("could not read the database")?;
        make_folder_of_key(settings)?;
        let key_file = key_file(settings);
        let mut agree = |key| {
            let agreed = postgres.agree_on_key(Secrets::new(key).key_fingerprint());
            agreed.context("could not compare the installation key with the database's")
        };
        let held =
            installation_key::read_or_make_shared(&key_file, is_new, &OsRandomness, &mut agree)?;
        let writer = |_| -> Box<dyn Store> { Box::new(postgres.writer()) };
        let more_writers: Vec<_> = (1..opening.writers).map(writer).collect();
        Ok(Installation {
            store: Box::new(postgres.writer()),
            key: held.key(),
            facts: StoreFacts {
                kind: StoreKind::Postgresql,
                writers: more_writers.len().saturating_add(1),
                bytes: Some(bytes_of_database(postgres.clone())),
            },
            packages: packages(settings, opening),
            spool: spool(settings),
            rkha21: Arc::clone(&opening.rkha21),
            more_writers,
            new_shared_key: match held {
                Held::Found(_) => None,
                Held::Made(_) => Some(key_file),
            },
        })
    }

    /// Starts the engine on the store.
    ///
    /// # Errors
    /// When PSPs cannot be called at all, or nobody can be notified.
    pub(crate) fn start(
        self,
        clock: Arc<dyn Clock>,
        virtual_clock: Option<Arc<VirtualClock>>,
        psps: &PspSettings,
        notices: &NoticeSettings,
    ) -> anyhow::Result<Running> {
        // What a crash has left takes room and does no harm: no reason not to start.
        let cleared = self.packages.clear().and_then(|files| Ok((files, self.spool.clear()?)));
        match cleared.map(|(packages, spooled)| packages.saturating_add(spooled)) {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "removed uploads that a crash had cut off"),
            Err(error) => tracing::warn!(%error, "could not look for uploads that were cut off"),
        }
        let queries = Queries::new(self.store.source());
        let mut writers = vec![self.store];
        writers.extend(self.more_writers);
        let (engine, threads) = engine::spawn(writers, Arc::clone(&clock));
        let secrets = Arc::new(Secrets::new(self.key));
        let counter = Counter::open(psps, &engine, &queries, &clock, &secrets)?;
        let courier = notices.courier(&engine, &queries, &clock, &counter.vault)?;
        let platform = Platform {
            engine,
            queries,
            clock,
            randomness: Arc::new(OsRandomness),
            secrets,
            desk: counter.desk,
            courier,
            vault: counter.vault,
            public_url: counter.public_url,
            uses: Arc::default(),
            packages: Arc::new(self.packages),
            spool: Arc::new(self.spool),
            rkha21: self.rkha21,
            virtual_clock,
            monotonic,
            draining: Arc::default(),
        };
        Ok(Running { platform, engine: threads })
    }
}

/// Opens a store for reading, whether or not a server runs on it.
///
/// # Errors
/// When there is no store, or it cannot be read.
pub(crate) fn open_for_reading(settings: &StoreSettings) -> anyhow::Result<Arc<dyn Source>> {
    match &settings.database {
        None => SqliteStore::open_read_only(&settings.data_dir)
            .with_context(|| format!("could not read the store in {settings}")),
        Some(database) => Postgres::open_read_only(&postgres_options(database))
            .with_context(|| format!("could not read the store in {settings}")),
    }
}

/// Opens a database that must have nothing in it, and leaves an empty store.
///
/// # Errors
/// When something is in it, or it is out of reach.
pub(crate) fn open_empty(database: &DatabaseSettings) -> anyhow::Result<Postgres> {
    let postgres = reach(database, Duration::ZERO)?;
    let is_empty = is_empty(postgres.source().as_ref());
    ensure!(
        is_empty.context("could not read the database")?,
        "the database {} is in use: this needs an empty one of its own",
        database.url
    );
    Ok(postgres)
}

/// Where the key is.
pub(crate) fn key_file(settings: &StoreSettings) -> PathBuf {
    let beside = || settings.data_dir.join(installation_key::FILE_NAME);
    settings.key_file.clone().unwrap_or_else(beside)
}

fn packages(settings: &StoreSettings, opening: &Opening) -> PackageFiles {
    PackageFiles::new(settings.packages_dir(), opening.package_bytes_max)
}

fn spool(settings: &StoreSettings) -> Uploads {
    Uploads::new(settings.data_dir.join(SPOOL), SPOOLED_FILE_BYTES_MAX)
}

/// What the store calls the settings of a database.
fn postgres_options(database: &DatabaseSettings) -> PostgresOptions {
    PostgresOptions { url: database.url.secret().to_owned(), ca_file: database.ca_file.clone() }
}

/// Opens a database, and waits for one that is out of reach: it may be starting, or its standby
/// may be about to take over.
fn reach(database: &DatabaseSettings, patience: Duration) -> anyhow::Result<Postgres> {
    let options = postgres_options(database);
    let begun = monotonic();
    let mut pause = PAUSE_FIRST;
    loop {
        let waited = monotonic().saturating_duration_since(begun);
        let error = match Postgres::open(&options) {
            Ok(postgres) => return Ok(postgres),
            Err(error) => error,
        };
        let may_wait = matches!(error, PostgresError::OutOfReach(_)) && waited < patience;
        let error = anyhow::Error::new(error);
        if !may_wait {
            return Err(error.context(format!("could not open the database {}", database.url)));
        }
        tracing::warn!(
            database = %database.url,
            error = format!("{error:#}"),
            pause_ms = pause.as_millis(),
            "the database is out of reach; trying again"
        );
        std::thread::sleep(pause);
        pause = pause.saturating_mul(2).min(PAUSE_MAX);
    }
}

fn is_empty(source: &dyn Source) -> Result<bool, StoreError> {
    Ok(source.open()?.rows_after(RowId(0), 1)?.is_empty())
}

/// Beside a database, nothing else makes the data directory.
fn make_folder_of_key(settings: &StoreSettings) -> anyhow::Result<()> {
    if settings.key_file.is_some() || settings.data_dir.exists() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(&settings.data_dir);
    made.with_context(|| format!("could not make {}", settings.data_dir.display()))
}

fn bytes_of_files(data_dir: &Path) -> StoreBytes {
    let data_dir = data_dir.to_owned();
    Arc::new(move || {
        let files = std::fs::read_dir(&data_dir).ok()?;
        Some(files.flatten().filter_map(|file| Some(file.metadata().ok()?.len())).sum())
    })
}

fn bytes_of_database(postgres: Postgres) -> StoreBytes {
    Arc::new(move || postgres.used_bytes().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// Nobody listens at port 1: it is told at once what is wrong, the password is not, and no key
    /// is made for a store that was never seen.
    #[test]
    fn a_database_out_of_reach_is_named_without_its_password() {
        let folder = Scratch::new("reach").unwrap();
        let url = "postgres://kassa:hunter2@127.0.0.1:1/kassa?connect_timeout=1";
        let url =
            [("KASSA_DATABASE_URL", url), ("KASSA_DATA_DIR", folder.path().to_str().unwrap())];
        let environment =
            |name: &str| url.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        let settings = crate::settings::ForStore::default().resolve(&environment).unwrap();
        let open = Installation::open(&settings, &Opening::default()).err().unwrap();
        let read = open_for_reading(&settings).err().unwrap();
        let empty = open_empty(settings.database.as_ref().unwrap()).err().unwrap();
        for error in [open, read, empty].map(|error| format!("{error:#} {error:?}")) {
            assert!(error.contains("postgresql://127.0.0.1:1/kassa"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_embedded_store_has_one_writer_and_a_key_of_its_own() {
        let folder = Scratch::new("embedded").unwrap();
        let settings = StoreSettings::embedded(folder.path());
        let opening = Opening { writers: 5, ..Opening::default() };
        let installation = Installation::open(&settings, &opening).unwrap();
        assert_eq!((installation.facts.kind, installation.facts.writers), (StoreKind::Sqlite, 1));
        assert!(installation.facts.bytes.as_ref().unwrap()().unwrap() > 0);
        assert_eq!(installation.new_shared_key, None);
        let error = Installation::open(&settings, &opening).err().unwrap();
        assert!(error.is::<InUse>(), "{error:#}");
        drop(installation);
        assert!(key_file(&settings).exists());
    }
}
