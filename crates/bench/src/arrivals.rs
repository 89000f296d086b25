//! The fixed schedule of an open loop: when requests arrive, whether or not the server keeps up.
//!
//! Invariant: the schedule never waits for an answer, so a slow answer delays no arrival and hides
//! no latency ("coordinated omission").

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::BenchError;

/// The fastest schedule, in arrivals a second.
const RATE_MAX: f64 = 1_000_000.0;
/// The slowest schedule, in arrivals a second.
const RATE_MIN: f64 = 1.0;

/// The shortest sleep of the clock: a wake-up for each arrival of a fast schedule would take the
/// server a core. Arrivals may be late by as much, which counts in their latency.
const CLOCK_SLEEP_MIN: Duration = Duration::from_micros(50);

/// Evenly spaced arrivals: number `n`, from zero, is due at `(n + 1) × interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    interval: Duration,
    arrivals: u64,
}

impl Schedule {
    /// The arrivals of `length` at `rate` a second; the interval is rounded to whole nanoseconds.
    pub(crate) fn new(rate: f64, length: Duration) -> Result<Schedule, BenchError> {
        if !(RATE_MIN..=RATE_MAX).contains(&rate) {
            return Err(BenchError::Option {
                option: "open-loop rate",
                range: "between 1 and 1 000 000 a second",
            });
        }
        let interval = Duration::from_secs_f64(1.0 / rate);
        let arrivals = length.as_nanos() / interval.as_nanos().max(1);
        Ok(Schedule { interval, arrivals: u64::try_from(arrivals).unwrap_or(u64::MAX) })
    }

    /// How many arrivals there are.
    pub(crate) fn arrivals(self) -> u64 {
        self.arrivals
    }

    /// How many arrivals are due when `elapsed` has passed since the schedule's start.
    pub(crate) fn count_due(self, elapsed: Duration) -> u64 {
        let count = elapsed.as_nanos() / self.interval.as_nanos().max(1);
        u64::try_from(count).unwrap_or(u64::MAX).min(self.arrivals)
    }

    /// When arrival `number` is due, counted from the schedule's start.
    pub(crate) fn due(self, number: u64) -> Duration {
        let nanos = self.interval.as_nanos().saturating_mul(u128::from(number) + 1);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Arrivals that wait for an idle connection, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    due: RefCell<VecDeque<Instant>>,
    ended: Cell<bool>,
    changed: Notify,
}

impl Arrivals {
    /// The next arrival's scheduled time; waits for one. `None` after the last.
    pub(crate) async fn next(&self) -> Option<Instant> {
        loop {
            let due = self.due.borrow_mut().pop_front();
            if due.is_some() {
                return due;
            }
            if self.ended.get() {
                // Passed on, since one stored wake-up reaches one waiting connection only.
                self.changed.notify_one();
                return None;
            }
            self.changed.notified().await;
        }
    }

    /// How many arrivals no connection has taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.due.borrow().len()
    }

    fn push(&self, due: Instant) {
        self.due.borrow_mut().push_back(due);
        self.changed.notify_one();
    }

    fn end(&self) {
        self.ended.set(true);
        self.changed.notify_one();
    }
}

/// Lets `schedule` run from `start` on into `arrivals`, and ends them after the last.
pub(crate) async fn pace(
    schedule: Schedule,
    start: Instant,
    now: fn() -> Instant,
    arrivals: &Arrivals,
) -> Result<(), BenchError> {
    let mut due_count = start_clock(schedule, start, now)?;
    let mut number = 0;
    while number < schedule.arrivals() && due_count.changed().await.is_ok() {
        let until = *due_count.borrow_and_update();
        for due in number..until {
            arrivals.push(start + schedule.due(due));
        }
        number = until;
    }
    arrivals.end();
    Ok(())
}

/// Starts a thread that sleeps from arrival to arrival and tells how many are due so far.
///
/// The runtime's own timers are 1 ms coarse, which is more than most answers take; a thread's sleep
/// is exact to some microseconds. It ends with the schedule, or with its receiver.
fn start_clock(
    schedule: Schedule,
    start: Instant,
    now: fn() -> Instant,
) -> Result<watch::Receiver<u64>, BenchError> {
    let (sender, receiver) = watch::channel(0);
    let run = move || {
        wake_on_time();
        let mut count = 0;
        while count < schedule.arrivals() {
            let until_due = (start + schedule.due(count)).saturating_duration_since(now());
            thread::sleep(until_due.max(CLOCK_SLEEP_MIN));
            count = schedule.count_due(now().saturating_duration_since(start));
            if sender.send(count).is_err() {
                break;
            }
        }
    };
    thread::Builder::new()
        .name("bench-arrivals".to_owned())
        .spawn(run)
        .map_err(|source| BenchError::Io { doing: "starting the open loop's clock", source })?;
    Ok(receiver)
}

/// Asks Linux not to delay the calling thread's timers by its usual 50 µs (man 5 proc,
/// `timerslack_ns`). Where that fails, arrivals are a little late, and latencies as much longer.
fn wake_on_time() {
    let thread = fs::read_link("/proc/thread-self").ok();
    if let Some(id) = thread.as_deref().and_then(Path::file_name) {
        fs::write(Path::new("/proc").join(id).join("timerslack_ns"), "1").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the test stands in for `kassa`")]
    fn now() -> Instant {
        Instant::now()
    }

    fn check(rate: f64, length_ms: u64, arrivals: u64, third_due_ns: u64) {
        let schedule = Schedule::new(rate, Duration::from_millis(length_ms)).unwrap();
        assert_eq!(schedule.arrivals(), arrivals, "{rate}/s");
        assert_eq!(schedule.due(2), Duration::from_nanos(third_due_ns), "{rate}/s");
    }

    #[test]
    fn arrivals_are_evenly_spaced() {
        check(1.0, 5_000, 5, 3_000_000_000);
        check(1_000.0, 5_000, 5_000, 3_000_000);
        check(30_000.0, 1_000, 30_000, 99_999);
        check(1_000_000.0, 1, 1_000, 3_000);
        check(2.5, 1_000, 2, 1_200_000_000);
        check(1.0, 999, 0, 3_000_000_000);
    }

    #[test]
    fn the_last_arrival_is_due_within_the_schedule() {
        let length = Duration::from_secs(6);
        let schedule = Schedule::new(12_345.6, length).unwrap();
        assert!(schedule.due(schedule.arrivals() - 1) <= length);
        assert!(schedule.due(schedule.arrivals()) > length);
    }

    #[test]
    fn an_arrival_counts_from_the_moment_it_is_due() {
        let schedule = Schedule::new(1_000.0, Duration::from_millis(3)).unwrap();
        for (elapsed_us, count) in [(0, 0), (999, 0), (1_000, 1), (2_500, 2), (99_000, 3)] {
            assert_eq!(schedule.count_due(Duration::from_micros(elapsed_us)), count);
        }
        for number in 0..3 {
            assert_eq!(schedule.count_due(schedule.due(number)), number + 1);
        }
    }

    #[test]
    fn a_rate_without_a_schedule_is_refused() {
        for rate in [0.0, -1.0, 0.5, 1_000_001.0, f64::NAN, f64::INFINITY] {
            assert!(Schedule::new(rate, Duration::from_secs(1)).is_err(), "{rate}");
        }
    }

    #[test]
    fn the_schedule_runs_to_its_end_and_wakes_every_connection() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let schedule = Schedule::new(10_000.0, Duration::from_millis(20)).unwrap();
        let start = now();
        let arrivals = Arrivals::default();
        let take_all = async || {
            let mut taken = 0;
            while arrivals.next().await.is_some() {
                taken += 1;
            }
            taken
        };
        let (paced, first, second, third) = runtime.block_on(async {
            tokio::join!(pace(schedule, start, now, &arrivals), take_all(), take_all(), take_all())
        });
        paced.unwrap();
        assert_eq!(first + second + third, 200);
        assert_eq!(arrivals.waiting(), 0);
    }
}
