//! What is told of the store: which one it is, whether it answers, how large it is.
//!
//! Invariant: whatever the store does, whoever asks here gets an answer in time, and those who ask
//! take one reader and one thread, no more.

use std::sync::{Arc, Mutex as Locked, PoisonError};
use std::time::{Duration, Instant};

use engine::Queries;
use ledger::RowId;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long the store may take to answer before the program is not ready.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(1);

/// How long the store's size is as good as new. To measure a database costs it some work.
const SIZE_AGE_MAX: Duration = Duration::from_secs(10);

/// Tells the size of the store in bytes. `None` where it cannot be told now. May block.
pub type StoreBytes = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// The kinds of stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreKind {
    /// In memory, for tests.
    #[default]
    Memory,
    /// Embedded.
    Sqlite,
    /// For many nodes.
    Postgresql,
}

/// What is known of the store when the program starts.
#[derive(Clone)]
pub struct StoreFacts {
    /// Which one it is.
    pub kind: StoreKind,
    /// How many writers this program has.
    pub writers: usize,
    /// Its size. `None` where it has none.
    pub bytes: Option<StoreBytes>,
}

impl StoreKind {
    /// As figures and logs call it.
    pub fn as_str(self) -> &'static str {
        match self {
            StoreKind::Memory => "memory",
            StoreKind::Sqlite => "sqlite",
            StoreKind::Postgresql => "postgresql",
        }
    }
}

impl Default for StoreFacts {
    fn default() -> StoreFacts {
        StoreFacts { kind: StoreKind::default(), writers: 1, bytes: None }
    }
}

impl std::fmt::Debug for StoreFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let StoreFacts { kind, writers, bytes: _ } = self;
        let mut shown = f.debug_struct("StoreFacts");
        shown.field("kind", kind).field("writers", writers).finish_non_exhaustive()
    }
}

/// Asks the store, one question of a kind at a time.
pub(super) struct Observer {
    pub(super) facts: StoreFacts,
    queries: Queries,
    /// Held while a reader asks.
    asking: Arc<Mutex<()>>,
    /// Held while the size is measured.
    measuring: Arc<Mutex<()>>,
    size: Arc<Locked<Option<Size>>>,
    monotonic: fn() -> Instant,
}

/// What was measured.
#[derive(Clone, Copy)]
struct Size {
    bytes: u64,
    measured_at: Instant,
}

impl Observer {
    pub(super) fn new(facts: StoreFacts, queries: Queries, monotonic: fn() -> Instant) -> Observer {
        let (asking, measuring, size) = (Arc::default(), Arc::default(), Arc::default());
        Observer { facts, queries, asking, measuring, size, monotonic }
    }

    /// Whether the store answers in time. A question that it still owes an answer to is waited
    /// for, and not asked again.
    pub(super) async fn answers(&self) -> bool {
        let ask = async {
            let turn = Arc::clone(&self.asking).lock_owned().await;
            let asked = self.queries.read(move |reader| {
                // What has begun goes on after we stopped waiting, and the turn with it.
                let _turn = turn;
                reader.row(RowId(1))
            });
            asked.await.is_ok()
        };
        matches!(timeout(ANSWER_MAX, ask).await, Ok(true))
    }

    /// The size in bytes, not older than [`SIZE_AGE_MAX`]; `None` where it cannot be told in time.
    pub(super) async fn bytes(&self) -> Option<u64> {
        let measure = Arc::clone(self.facts.bytes.as_ref()?);
        let measured = async {
            let turn = Arc::clone(&self.measuring).lock_owned().await;
            if let Some(bytes) = self.known_bytes() {
                return Some(bytes);
            }
            let (size, monotonic) = (Arc::clone(&self.size), self.monotonic);
            let work = move || {
                let _turn = turn;
                let bytes = measure()?;
                let measured = Size { bytes, measured_at: monotonic() };
                *size.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
                Some(bytes)
            };
            tokio::task::spawn_blocking(work).await.ok().flatten()
        };
        timeout(ANSWER_MAX, measured).await.ok().flatten()
    }

    fn known_bytes(&self) -> Option<u64> {
        let size = (*self.size.lock().unwrap_or_else(PoisonError::into_inner))?;
        let age = (self.monotonic)().saturating_duration_since(size.measured_at);
        (age < SIZE_AGE_MAX).then_some(size.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use store::{MemoryStore, Reader, Source, Store as _, StoreError};

    use super::*;

    /// A store that says nothing until it is told to.
    #[derive(Default)]
    struct Silent {
        may_answer: Locked<bool>,
        told: Condvar,
        asked: AtomicUsize,
    }

    impl Silent {
        fn wait(&self) {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let may_answer = self.may_answer.lock().unwrap();
            drop(self.told.wait_while(may_answer, |may_answer| !*may_answer).unwrap());
        }

        fn answer(&self) {
            *self.may_answer.lock().unwrap() = true;
            self.told.notify_all();
        }
    }

    struct SilentSource(Arc<Silent>);

    impl Source for SilentSource {
        fn open(&self) -> Result<Box<dyn Reader>, StoreError> {
            self.0.wait();
            MemoryStore::default().source().open()
        }
    }

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn observer(silent: &Arc<Silent>) -> Observer {
        let measured = Arc::clone(silent);
        let bytes: StoreBytes = Arc::new(move || {
            measured.wait();
            Some(4_096)
        });
        let facts = StoreFacts { bytes: Some(bytes), ..StoreFacts::default() };
        Observer::new(facts, Queries::new(Arc::new(SilentSource(Arc::clone(silent)))), now)
    }

    /// Goal: a store that hangs is not asked again and again, and is seen when it is back. Method:
    /// it is asked twice while it says nothing, then once when it speaks.
    #[test]
    fn a_store_that_hangs_is_asked_once() {
        let silent = Arc::new(Silent::default());
        let observer = observer(&silent);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (first, second) = tokio::join!(observer.answers(), observer.answers());
            assert!(!first && !second);
            assert_eq!(silent.asked.load(Ordering::SeqCst), 1);
            silent.answer();
            assert!(observer.answers().await);
        });
    }

    #[test]
    fn the_size_is_measured_once_in_a_while() {
        let silent = Arc::new(Silent::default());
        let observer = observer(&silent);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            assert_eq!(tokio::join!(observer.bytes(), observer.bytes()), (None, None));
            silent.answer();
            for _ in 0..10 {
                assert_eq!(observer.bytes().await, Some(4_096));
            }
            assert_eq!(silent.asked.load(Ordering::SeqCst), 1);
        });
    }
}
