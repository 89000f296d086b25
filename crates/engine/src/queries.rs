//! How async code reads: on a bounded pool of readers, off the async threads. What needs more than
//! a line to be read has a module here.

pub mod accounts;
pub mod balances;
pub mod documents;
pub mod entries;
pub mod events;
pub mod payments;
pub mod reports;
pub mod verification;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use store::{Epoch, Reader, Source, StoreError};
use tokio::sync::Semaphore;

use crate::limits::READERS_MAX;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next part begins. `None` when there is no more.
    pub next: Option<i64>,
}

/// Runs queries. Cheap to clone.
#[derive(Clone)]
pub struct Queries {
    pool: Arc<Pool>,
}

struct Pool {
    source: Arc<dyn Source>,
    idle: Mutex<Vec<Box<dyn Reader>>>,
    permits: Arc<Semaphore>,
}

impl Queries {
    /// A pool over `source`, empty at first.
    pub fn new(source: Arc<dyn Source>) -> Queries {
        let (idle, permits) = (Mutex::default(), Arc::new(Semaphore::new(READERS_MAX)));
        Queries { pool: Arc::new(Pool { source, idle, permits }) }
    }

    /// Runs `query` with a reader, on a thread that may block. What has begun is run to its end,
    /// and keeps its place, whether or not the caller still waits.
    ///
    /// # Errors
    /// What `query` says, or [`StoreError::NotCommitted`] when there is no reader to be had.
    pub async fn read<T, Q>(&self, query: Q) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Q: FnOnce(&mut dyn Reader) -> Result<T, StoreError> + Send + 'static,
    {
        let pool = Arc::clone(&self.pool);
        let permits = Arc::clone(&self.pool.permits);
        let permit = permits.acquire_owned().await.map_err(|_| StoreError::NotCommitted)?;
        let run = move || {
            let outcome = pool.run(query);
            drop(permit);
            outcome
        };
        tokio::task::spawn_blocking(run).await.unwrap_or(Err(StoreError::NotCommitted))
    }

    /// Takes, or keeps, the turn to do what only one node does at a time: [`Source::take_turn`],
    /// on a thread that may block. It waits for no reader: a turn must not be lost to busy readers.
    ///
    /// # Errors
    /// [`StoreError::NotCommitted`] when the store is out of reach.
    pub async fn take_turn(&self, duty: &'static str) -> Result<Option<Epoch>, StoreError> {
        let source = Arc::clone(&self.pool.source);
        let take = move || source.take_turn(duty);
        tokio::task::spawn_blocking(take).await.unwrap_or(Err(StoreError::NotCommitted))
    }

    /// Whether other nodes may write to the store.
    pub fn has_other_nodes(&self) -> bool {
        self.pool.source.has_other_nodes()
    }
}

impl Pool {
    fn run<T>(
        &self,
        query: impl FnOnce(&mut dyn Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => self.source.open()?,
        };
        let outcome = query(reader.as_mut())?;
        // A reader that failed is not used again.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        Ok(outcome)
    }
}

/// A row that must be there, since another one names it.
fn found<T>(row: Option<T>) -> Result<T, StoreError> {
    if row.is_none() {
        tracing::error!("a row is missing that another one names");
    }
    row.ok_or(StoreError::NotCommitted)
}

impl std::fmt::Debug for Queries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queries").finish_non_exhaustive()
    }
}
