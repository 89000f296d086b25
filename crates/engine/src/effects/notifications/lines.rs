//! Who waits for which receiver here.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use payments::BeginDelivery;

use crate::limits::{DELIVERIES_TO_ONE_MAX, DELIVERIES_WAITING_MAX};

/// The lines of all receivers.
///
/// Invariant: a receiver has a line as long as somebody works at it; so nobody waits in a line at
/// which nobody works.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_receiver: HashMap<String, Line>,
    /// Those that are on their way or wait.
    known: HashSet<i64>,
    /// Lines that had turned some away and have room again, and the first of those.
    drained: BTreeMap<String, i64>,
}

#[derive(Debug, Default)]
struct Line {
    working: usize,
    waiting: VecDeque<BeginDelivery>,
    /// The lowest number that was turned away since there was room.
    turned_away: Option<i64>,
}

/// What became of a notification that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// Who offers it must work at the line, with this one first.
    Go,
    /// It waits.
    Waits,
    /// It is on its way, or waits.
    Known,
    /// Too many wait. It must be offered again later, when the line has drained or at a look.
    Full,
}

impl Lines {
    /// Puts a notification into a line.
    pub(super) fn offer(&mut self, receiver: &str, begin: BeginDelivery) -> Offered {
        let number = begin.what.notification;
        if self.known.contains(&number) {
            return Offered::Known;
        }
        let line = self.by_receiver.entry(receiver.to_owned()).or_default();
        let offered = if line.working < DELIVERIES_TO_ONE_MAX {
            line.working = line.working.saturating_add(1);
            Offered::Go
        } else if line.waiting.len() < DELIVERIES_WAITING_MAX {
            line.waiting.push_back(begin);
            Offered::Waits
        } else {
            let first = line.turned_away.map_or(number, |first| first.min(number));
            line.turned_away = Some(first);
            return Offered::Full;
        };
        self.known.insert(number);
        offered
    }

    /// Who works at a line is done with one, and asks for the next. Where there is none, it is to
    /// work there no more.
    pub(super) fn next(&mut self, receiver: &str, done: i64) -> Option<BeginDelivery> {
        self.known.remove(&done);
        let line = self.by_receiver.get_mut(receiver)?;
        let next = line.waiting.pop_front();
        // While the other half is drained, the store is read.
        if line.waiting.len() <= DELIVERIES_WAITING_MAX.div_euclid(2) {
            let first = line.turned_away.take();
            self.drained.extend(first.map(|first| (receiver.to_owned(), first)));
        }
        if next.is_none() {
            self.end(receiver);
        }
        next
    }

    /// Who works at a line ends in the middle of one.
    pub(super) fn leave(&mut self, receiver: &str, number: i64) {
        self.known.remove(&number);
        self.end(receiver);
    }

    /// The lines that had turned some away and have room again: from which number on there is more
    /// for each. They are told once.
    pub(super) fn take_drained(&mut self) -> BTreeMap<String, i64> {
        std::mem::take(&mut self.drained)
    }

    /// Whether a line has drained since they were taken.
    pub(super) fn has_drained(&self) -> bool {
        !self.drained.is_empty()
    }

    /// Whether a line has turned some away and has no room yet.
    pub(super) fn is_full(&self, receiver: &str) -> bool {
        self.by_receiver.get(receiver).is_some_and(|line| line.turned_away.is_some())
    }

    fn end(&mut self, receiver: &str) {
        let Some(line) = self.by_receiver.get_mut(receiver) else { return };
        line.working = line.working.saturating_sub(1);
        if line.working == 0 {
            // They are found again in the store.
            for begin in self.by_receiver.remove(receiver).into_iter().flat_map(|it| it.waiting) {
                self.known.remove(&begin.what.notification);
            }
        }
    }

    /// How many are on their way or wait.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nobody works anywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.by_receiver.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use payments::InLine;

    use super::*;

    fn begin(notification: usize) -> BeginDelivery {
        let notification = i64::try_from(notification).unwrap();
        BeginDelivery { what: InLine { notification, payment: 1, endpoint: 1 }, begun: 0 }
    }

    #[test]
    fn so_many_go_so_many_wait_and_no_other_line_is_longer_for_it() {
        let mut lines = Lines::default();
        for number in 0..DELIVERIES_TO_ONE_MAX {
            assert_eq!(lines.offer("a", begin(number)), Offered::Go);
        }
        let first_waiting = DELIVERIES_TO_ONE_MAX;
        let end = first_waiting + DELIVERIES_WAITING_MAX;
        for number in first_waiting..end {
            assert_eq!(lines.offer("a", begin(number)), Offered::Waits);
        }
        assert_eq!(lines.offer("a", begin(end)), Offered::Full);
        assert_eq!(lines.offer("a", begin(0)), Offered::Known);
        assert_eq!(lines.offer("a", begin(first_waiting)), Offered::Known);
        assert_eq!(lines.offer("b", begin(end)), Offered::Go);
        assert_eq!(lines.len(), end + 1);
        // Who is done goes on with who has waited longest.
        assert_eq!(lines.next("a", 0), Some(begin(first_waiting)));
        assert_eq!(lines.offer("a", begin(0)), Offered::Waits, "it may come again");
        assert_eq!(lines.next("b", i64::try_from(end).unwrap()), None);
        assert!(!lines.is_empty());
    }

    #[test]
    fn a_line_that_has_turned_some_away_is_told_once_when_half_of_it_is_gone() {
        let mut lines = Lines::default();
        let end = DELIVERIES_TO_ONE_MAX + DELIVERIES_WAITING_MAX;
        let number = |number: usize| i64::try_from(number).unwrap();
        for number in (0..end).chain([end + 7, end + 3, end + 5]) {
            lines.offer("a", begin(number));
        }
        lines.offer("b", begin(end + 1));
        assert!(lines.is_full("a") && !lines.is_full("b"));
        for done in 0..DELIVERIES_WAITING_MAX / 2 {
            assert!(lines.is_full("a") && !lines.has_drained(), "{done}");
            assert!(lines.next("a", number(done)).is_some());
        }
        assert!(!lines.is_full("a") && lines.has_drained());
        assert_eq!(lines.take_drained(), BTreeMap::from([("a".to_owned(), number(end + 3))]));
        assert!(!lines.has_drained());
        // Nobody was turned away since.
        lines.next("a", number(DELIVERIES_WAITING_MAX / 2));
        assert!(!lines.has_drained());
    }

    #[test]
    fn where_nobody_works_any_more_nobody_waits() {
        let mut lines = Lines::default();
        for number in 0..=DELIVERIES_TO_ONE_MAX {
            lines.offer("a", begin(number));
        }
        for number in 0..DELIVERIES_TO_ONE_MAX {
            assert!(!lines.is_empty());
            lines.leave("a", i64::try_from(number).unwrap());
        }
        assert_eq!((lines.len(), lines.is_empty()), (0, true));
        assert_eq!(lines.next("a", 1), None, "there is no such line");
        lines.leave("a", 1);
    }
}
