//! Ids in stock: a writer that is in a hurry is given more of them than its batch needs, and its
//! next batches take theirs from what is left.
//!
//! The counter is one row, and everybody walks over those of its old versions that a long
//! transaction keeps alive. So it is updated seldom when there is much to do; and when there is
//! little, nothing is kept, so that ids stay without gaps and in the order of time.
//!
//! Invariant: ids are used in ascending order, and what is left is forgotten with the connection
//! that they were given on: after a crash of the server others may be given them again.

use std::time::Duration;

use tokio::time::Instant;

/// Who asks the counter again so soon is given more.
const HURRY: Duration = Duration::from_millis(25);

/// How long ids are kept.
const KEPT: Duration = Duration::from_millis(100);

/// The most ids that are given at a time beyond what a batch needs.
const STOCK_MAX: i64 = 4096;

/// Ids that were given: up to `newest`, of which those up to `used` are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) newest: i64,
    pub(super) used: i64,
    /// Whether what is not used is kept for the next batch, or else given back.
    pub(super) is_kept: bool,
}

/// What to ask the counter for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// So many ids.
    pub(super) ids: i64,
    /// What is left of the last ones: where they are still the newest, they are given again.
    pub(super) newest: i64,
    pub(super) used: i64,
}

/// What a connection has left, and how fast it needs more.
#[derive(Debug, Default)]
pub(super) struct Ids {
    rest: Option<(Given, Instant)>,
    stock: i64,
    ordered: Option<Instant>,
}

impl Ids {
    /// Takes what a batch of so many ids needs from what is left, or says what to order.
    pub(super) fn take(&mut self, ids: i64, now: Instant) -> Result<Given, Order> {
        let rest = self.rest.take();
        if let Some((given, since)) = rest
            && given.newest.saturating_sub(given.used) >= ids
            && now < since + KEPT
        {
            self.rest = Some((given, since));
            return Ok(given);
        }
        self.stock = match self.ordered {
            Some(ordered) if now < ordered + HURRY => {
                self.stock.max(ids).saturating_mul(2).min(STOCK_MAX)
            }
            Some(ordered) if now < ordered + KEPT => self.stock,
            Some(_) | None => Some(self.stock.div_euclid(2)).filter(|s| *s > ids).unwrap_or(0),
        };
        self.ordered = Some(now);
        let (newest, used) = rest.map_or((-1, 0), |(given, _)| (given.newest, given.used));
        Err(Order { ids: ids.saturating_add(self.stock), newest, used })
    }

    /// The counter has given what was ordered, up to `newest`.
    pub(super) fn receive(&mut self, order: Order, newest: i64, now: Instant) -> Given {
        let used = newest.saturating_sub(order.ids);
        let given = Given { newest, used, is_kept: self.stock > 0 };
        self.rest = given.is_kept.then_some((given, now));
        given
    }

    /// A batch has ended and left these. What it was given by others' haste is not kept.
    pub(super) fn leave(&mut self, given: Given) {
        match &mut self.rest {
            Some((rest, _)) if given.is_kept && rest.newest == given.newest => *rest = given,
            Some(_) | None => self.forget(),
        }
    }

    /// Nothing of what is left may be used: others have used greater ids.
    pub(super) fn forget(&mut self) {
        self.rest = None;
        self.stock = 0;
    }

    /// What is left, to be given back at the end.
    pub(super) fn left(&self) -> Option<Given> {
        self.rest.map(|(given, _)| given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter, as the database keeps it.
    fn order(counter: &mut i64, order: Order) -> i64 {
        let from = if *counter == order.newest { order.used } else { *counter };
        *counter = from + order.ids;
        *counter
    }

    /// Runs a batch that uses all its ids; returns how far the counter was, if it was asked.
    fn batch(ids: &mut Ids, counter: &mut i64, count: i64, now: Instant) -> (Given, bool) {
        let (given, is_asked) = match ids.take(count, now) {
            Ok(given) => (given, false),
            Err(wanted) => {
                let newest = order(counter, wanted);
                (ids.receive(wanted, newest, now), true)
            }
        };
        assert!(given.newest - given.used >= count, "{given:?}");
        let left = Given { used: given.used + count, ..given };
        if !given.is_kept {
            assert_eq!(left.used, left.newest, "nothing is over");
        }
        ids.leave(left);
        (given, is_asked)
    }

    #[test]
    fn who_has_time_is_given_what_it_needs() {
        let (mut ids, mut counter, mut now) = (Ids::default(), 0, Instant::now());
        for number in 0..10 {
            let (given, is_asked) = batch(&mut ids, &mut counter, 7, now);
            assert_eq!((given.used, given.is_kept, is_asked), (number * 7, false, true));
            assert_eq!(ids.left(), None);
            now += HURRY;
        }
        assert_eq!(counter, 70);
    }

    #[test]
    fn who_is_in_a_hurry_seldom_asks_and_leaves_no_gap() {
        let (mut ids, mut counter, mut now) = (Ids::default(), 0, Instant::now());
        for (count, most) in [(70, 60), (17, 60), (1, 60)] {
            let (mut asked, mut used) = (0, counter);
            for batches in 0..1_000 {
                let (given, is_asked) = batch(&mut ids, &mut counter, count, now);
                let is_first = batches == 0;
                assert!(is_first || given.used == used, "no gap where nobody else asks");
                used = given.used + count;
                asked += i32::from(is_asked);
                now += Duration::from_millis(1);
            }
            assert!(asked < most, "{asked} for {count}");
        }
    }

    #[test]
    fn what_is_old_or_overtaken_is_not_used() {
        let (mut ids, mut counter, now) = (Ids::default(), 0, Instant::now());
        batch(&mut ids, &mut counter, 10, now);
        let (given, _) = batch(&mut ids, &mut counter, 10, now);
        assert!(given.is_kept && ids.left().is_some());
        counter += 1; // Somebody else.
        let before = counter;
        let (given, is_asked) = batch(&mut ids, &mut counter, 10, now + KEPT);
        assert!(is_asked && given.used >= before, "{given:?}");
        batch(&mut ids, &mut counter, 10, now + KEPT);
        ids.forget();
        assert_eq!(ids.left(), None);
        let before = counter;
        let (given, is_asked) = batch(&mut ids, &mut counter, 10, now + KEPT);
        assert!(is_asked && given.used >= before);
    }
}
