//! Throttling: so many calls of one kind by one subject in any stretch of time.
//!
//! Counted in this process: with several nodes each counts what it serves. Only calls that were
//! let through count, so that whoever waits as long as it is told is let through.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use engine::limits::THROTTLE_SUBJECTS_MAX;
use ledger::Timestamp;

/// How many calls are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling {
    /// So many, at least 1,
    pub calls: usize,
    /// in any stretch of so many milliseconds, at least 1.
    pub window_ms: i64,
}

/// Counts calls.
#[derive(Debug)]
pub struct Throttle {
    throttling: Throttling,
    counted: Mutex<Counted>,
}

/// The calls that still count, oldest first, by their kind and subject.
#[derive(Debug, Default)]
struct Counted(HashMap<Subject, VecDeque<Timestamp>>);

/// Who calls what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The kind of call: a method and a route's template.
    pub endpoint: String,
    /// What the number below is of.
    pub level: &'static str,
    /// Who calls, or for whom.
    pub number: i64,
}

/// A call that must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// For so many whole seconds, at least 1.
    pub seconds: u32,
}

impl Throttle {
    /// Starts counting.
    pub fn new(throttling: Throttling) -> Throttle {
        Throttle { throttling, counted: Mutex::default() }
    }

    /// Counts a call at `now`, where it is let through.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn admit(&self, subject: Subject, now: Timestamp) -> Result<(), Wait> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.admit(self.throttling, subject, now, THROTTLE_SUBJECTS_MAX)
    }
}

impl Counted {
    fn admit(
        &mut self,
        throttling: Throttling,
        subject: Subject,
        now: Timestamp,
        subjects_max: usize,
    ) -> Result<(), Wait> {
        let counts = |at: &Timestamp| *at <= now && now < at.plus_ms(throttling.window_ms);
        if let Some(calls) = self.0.get_mut(&subject) {
            // A clock that was put back must not make anybody wait for it to catch up.
            calls.retain(counts);
            let is_full = calls.len() >= throttling.calls.max(1);
            if let Some(oldest) = calls.front().filter(|_| is_full) {
                let wait_ms = oldest.0.saturating_add(throttling.window_ms).saturating_sub(now.0);
                let seconds = wait_ms.saturating_add(999).div_euclid(1000).max(1);
                return Err(Wait { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) });
            }
            calls.push_back(now);
            return Ok(());
        }
        if self.0.len() >= subjects_max {
            self.0.retain(|_, calls| calls.back().is_some_and(counts));
        }
        if self.0.len() >= subjects_max {
            self.forget_one();
        }
        self.0.insert(subject, VecDeque::from([now]));
        Ok(())
    }

    /// Forgets who has called least lately.
    fn forget_one(&mut self) {
        let least = self.0.iter().min_by_key(|(_, calls)| calls.back().copied());
        if let Some(subject) = least.map(|(subject, _)| subject.clone()) {
            self.0.remove(&subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Throttling = Throttling { calls: 3, window_ms: 10_000 };

    fn subject(number: i64) -> Subject {
        Subject { endpoint: "GET /terminals".to_owned(), level: "application", number }
    }

    /// Calls at these milliseconds; 0 where a call is let through, or the seconds it must wait.
    #[track_caller]
    fn check(calls: &[(i64, u32)]) {
        let throttle = Throttle::new(THREE);
        for (at, wait) in calls {
            let found = throttle.admit(subject(1), Timestamp(*at));
            assert_eq!(found.map_or_else(|wait| wait.seconds, |()| 0), *wait, "at {at}");
        }
    }

    #[test]
    fn a_window_slides_with_every_call() {
        check(&[(0, 0), (1, 0), (2, 0), (3, 10), (9_000, 1), (9_999, 1), (10_000, 0), (10_000, 1)]);
        check(&[(0, 0), (0, 0), (0, 0), (0, 10), (1, 10), (1_000, 9), (1_001, 9)]);
        // Calls that were turned away do not count.
        check(&[(0, 0), (5_000, 0), (5_001, 0), (5_002, 5), (10_000, 0), (10_001, 5), (15_000, 0)]);
    }

    #[test]
    fn a_clock_that_was_put_back_makes_nobody_wait() {
        check(&[(100_000, 0), (100_000, 0), (100_000, 0), (0, 0), (1, 0), (2, 0), (3, 10)]);
        check(&[(i64::MAX, 0)]);
    }

    #[test]
    fn subjects_do_not_share() {
        let throttle = Throttle::new(Throttling { calls: 1, ..THREE });
        let other = Subject { level: "account", ..subject(1) };
        let elsewhere = Subject { endpoint: "POST /terminals".to_owned(), ..subject(1) };
        for subject in [subject(1), subject(2), other, elsewhere] {
            assert_eq!(throttle.admit(subject.clone(), Timestamp(0)), Ok(()));
            assert_eq!(throttle.admit(subject, Timestamp(0)), Err(Wait { seconds: 10 }));
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut counted = Counted::default();
        for at in 0..100 {
            counted.admit(THREE, subject(at), Timestamp(at), 10).unwrap();
            assert!(counted.0.len() <= 10);
        }
        assert!(counted.0.contains_key(&subject(99)) && counted.0.contains_key(&subject(90)));
        counted.admit(THREE, subject(0), Timestamp(1_000_000), 10).unwrap();
        assert_eq!(counted.0.len(), 1, "what no longer counts goes first");
    }
}
