//! How fast calls to one PSP may begin. Calls that begin together are answered together, and a wave
//! of answers takes the machine from everybody else: so the more slowly a PSP answers, the further
//! apart its calls begin. At that pace as many calls are under way as may be, spread evenly.

use std::time::Duration;

use ledger::Timestamp;
use payments::limits::CALL_MS_MAX;

use crate::limits::{PSP_CALLS_MAX, PSP_PACE_MIN};

/// [`PSP_CALLS_MAX`], to divide by.
#[expect(clippy::as_conversions, clippy::cast_possible_wrap, reason = "a small constant")]
const CALLS: i64 = PSP_CALLS_MAX as i64;

/// What share of what a call took is learnt from it: an eighth.
const SMOOTHING: i64 = 8;

/// The pace of one PSP's calls, by how long they take.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// How long a call takes, smoothed: one that is lost among many slows nobody down.
    call_us: i64,
    next_at_us: i64,
}

impl Pace {
    /// Takes the next place, and tells how long it is until then.
    pub(super) fn place(&mut self, now: Timestamp) -> Duration {
        let now_us = now.0.saturating_mul(1_000);
        // However the clock jumped, nobody waits longer than calls take.
        let latest_us = now_us.saturating_add(CALL_MS_MAX.saturating_mul(1_000));
        let at_us = self.next_at_us.clamp(now_us, latest_us);
        self.next_at_us = at_us.saturating_add(self.call_us / CALLS);
        let wait_us = u64::try_from(at_us.saturating_sub(now_us)).unwrap_or(0);
        let wait = Duration::from_micros(wait_us);
        if wait < PSP_PACE_MIN { Duration::ZERO } else { wait }
    }

    /// Learns how long a call took.
    pub(super) fn learn(&mut self, began: Timestamp, ended: Timestamp) {
        let took_ms = ended.0.saturating_sub(began.0).clamp(0, CALL_MS_MAX);
        let more_us = took_ms.saturating_mul(1_000).saturating_sub(self.call_us);
        self.call_us = self.call_us.saturating_add(more_us / SMOOTHING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000);

    fn waits(pace: &mut Pace, now: Timestamp, calls: usize) -> Vec<u64> {
        (0..calls).map(|_| u64::try_from(pace.place(now).as_micros()).unwrap()).collect()
    }

    fn learn(pace: &mut Pace, calls: usize, took_ms: i64) {
        for _ in 0..calls {
            pace.learn(START, START.plus_ms(took_ms));
        }
    }

    #[test]
    fn calls_to_a_fast_psp_begin_at_once() {
        let mut pace = Pace::default();
        assert_eq!(waits(&mut pace, START, 3), [0, 0, 0]);
        learn(&mut pace, 99, 1);
        assert!(waits(&mut pace, START, PSP_CALLS_MAX).into_iter().all(|wait| wait == 0));
        // A lost call among fast ones is soon made good.
        learn(&mut pace, 1, CALL_MS_MAX);
        learn(&mut pace, 40, 1);
        assert!(waits(&mut pace, START, 50).into_iter().all(|wait| wait < 5_000));
    }

    #[test]
    fn calls_to_a_slow_psp_begin_apart_and_lose_no_time() {
        let mut pace = Pace::default();
        learn(&mut pace, 200, 5_120);
        let (spacing, now) = (9_999, START);
        assert_eq!(waits(&mut pace, now, 3), [0, spacing, 2 * spacing]);
        assert_eq!(waits(&mut pace, now.plus_ms(25), 1), [3 * spacing - 25_000]);
        // Who comes late has lost its place, and no place is saved up.
        assert_eq!(waits(&mut pace, now.plus_ms(90), 2), [0, spacing]);
        // As many as may be under way begin within the time that one takes.
        let last = *waits(&mut pace, now.plus_ms(10_000), PSP_CALLS_MAX).last().unwrap();
        assert!((5_000_000..5_120_000).contains(&last), "{last}");
    }

    #[test]
    fn a_clock_that_jumps_makes_nobody_wait_for_long() {
        let mut pace = Pace::default();
        learn(&mut pace, 99, 5_120);
        pace.place(START);
        let longest = Duration::from_millis(u64::try_from(CALL_MS_MAX).unwrap());
        assert!(pace.place(Timestamp(0)) <= longest);
        learn(&mut pace, 99, -50_000);
        assert_eq!(waits(&mut pace, START.plus_ms(CALL_MS_MAX * 2), 9), [0; 9]);
    }
}
