//! Who waits for which receiver here.

use std::collections::{HashMap, HashSet, VecDeque};

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
}

#[derive(Debug, Default)]
struct Line {
    working: usize,
    waiting: VecDeque<BeginDelivery>,
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
    /// Too many wait. It must be offered again later.
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
            return Offered::Full;
        };
        self.known.insert(number);
        offered
    }

    /// Who works at a line is done with one, and asks for the next. Where there is none, it is to
    /// work there no more.
    pub(super) fn next(&mut self, receiver: &str, done: i64) -> Option<BeginDelivery> {
        self.known.remove(&done);
        let next = self.by_receiver.get_mut(receiver)?.waiting.pop_front();
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
