//! Time and chance, as arguments. The real ones live in `kassa`; tests and simulations bring
//! their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ledger::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now. May jump; the engine never lets its own time go back.
    fn now(&self) -> Timestamp;
}

/// Draws numbers that nobody can guess.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A clock that runs ahead of another by as much as it was told to. The demo's one clock.
pub struct VirtualClock {
    base: Arc<dyn Clock>,
    ahead_ms: AtomicI64,
}

impl VirtualClock {
    /// Starts in step with `base`.
    pub fn new(base: Arc<dyn Clock>) -> VirtualClock {
        VirtualClock { base, ahead_ms: AtomicI64::new(0) }
    }

    /// Moves ahead, for good.
    pub fn advance(&self, milliseconds: u32) {
        self.ahead_ms.fetch_add(i64::from(milliseconds), Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.base.now().plus_ms(self.ahead_ms.load(Ordering::SeqCst))
    }
}

impl std::fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualClock").field("ahead_ms", &self.ahead_ms).finish_non_exhaustive()
    }
}
