//! A store with its key, and the platform that runs on them.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, bail};
use engine::{Clock, Queries, VirtualClock};
use ledger::RowId;
use store::{OpenError, Source, SqliteStore, Store};
use surfaces::{Platform, Secrets};

use crate::clock::{OsRandomness, monotonic};
use crate::installation_key::{self, Key};
use crate::settings::StoreSettings;

/// A store that is open for writing, and the key it is used with.
pub(crate) struct Installation {
    pub(crate) store: Box<dyn Store>,
    pub(crate) key: Key,
}

/// What a running platform leaves to be waited for.
pub(crate) struct Running {
    pub(crate) platform: Platform,
    /// Ends after the engine was closed, or by a bug.
    pub(crate) engine: JoinHandle<()>,
}

/// Who else has the store.
#[derive(Debug, thiserror::Error)]
#[error("the store in {} is in use by another process", .0.display())]
pub(crate) struct InUse(PathBuf);

impl Installation {
    /// Opens a store for writing, and makes it, and its key, where there is none.
    ///
    /// # Errors
    /// [`InUse`]; or when the directory, the store or the key is not to be had.
    pub(crate) fn open(
        settings: &StoreSettings,
        options: &store::Options,
    ) -> anyhow::Result<Installation> {
        let data_dir = settings.data_dir.as_path();
        let store = match SqliteStore::open(data_dir, options.clone()) {
            Ok(store) => store,
            Err(OpenError::Locked) => bail!(InUse(data_dir.to_owned())),
            Err(error) => {
                let error = anyhow::Error::new(error);
                return Err(error.context(format!("could not open {}", data_dir.display())));
            }
        };
        let mut reader = store.source().open().context("could not read the store")?;
        let is_new = reader.rows_after(RowId(0), 1).context("could not read the store")?.is_empty();
        drop(reader);
        let key = installation_key::read_or_make(&key_file(settings), is_new, &OsRandomness)?;
        Ok(Installation { store: Box::new(store), key })
    }

    /// Starts the engine on the store.
    pub(crate) fn start(
        self,
        clock: Arc<dyn Clock>,
        virtual_clock: Option<Arc<VirtualClock>>,
    ) -> Running {
        let queries = Queries::new(self.store.source());
        let (engine, thread) = engine::spawn(self.store, Arc::clone(&clock));
        let platform = Platform {
            engine,
            queries,
            clock,
            randomness: Arc::new(OsRandomness),
            secrets: Arc::new(Secrets::new(self.key)),
            uses: Arc::default(),
            virtual_clock,
            monotonic,
            draining: Arc::default(),
        };
        Running { platform, engine: thread }
    }
}

/// Opens a store for reading, whether or not a server runs on it.
///
/// # Errors
/// When there is no store, or it cannot be read.
pub(crate) fn open_for_reading(settings: &StoreSettings) -> anyhow::Result<Arc<dyn Source>> {
    let data_dir = settings.data_dir.as_path();
    SqliteStore::open_read_only(data_dir)
        .with_context(|| format!("could not read the store in {}", data_dir.display()))
}

/// Where the key is.
pub(crate) fn key_file(settings: &StoreSettings) -> PathBuf {
    let beside = || settings.data_dir.join(installation_key::FILE_NAME);
    settings.key_file.clone().unwrap_or_else(beside)
}
