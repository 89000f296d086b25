//! The real clock and the real randomness: the only place of the workspace that reads them.

#![expect(clippy::disallowed_methods, reason = "somebody has to read the clock, and it is here")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use engine::{Clock, Randomness};
use ledger::Timestamp;

/// The machine's clock, in UTC. May jump when somebody sets it.
#[derive(Debug)]
pub(crate) struct SystemClock;

/// The operating system's generator.
#[derive(Debug)]
pub(crate) struct OsRandomness;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Randomness for OsRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        // There is no way on: ids that are not random could collide, secrets could be guessed.
        assert!(getrandom::fill(bytes).is_ok(), "the system's random generator does not answer");
    }
}

/// A time that only goes forward, for durations.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
