//! What happens by itself, and when.
//!
//! Invariant: each thing has one next time at most.

use std::collections::{BTreeMap, HashMap};

/// Whose time has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Due {
    /// A payment, or the session of one.
    Payment(String),
    /// A refund.
    Refund(String),
    /// An order whose reservation ends.
    Order(String),
}

/// What happens by itself, and when.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    by_time: BTreeMap<(i64, u64), Due>,
    times: HashMap<Due, (i64, u64)>,
    next: u64,
}

impl Agenda {
    /// Sets a thing's next time, instead of what it was.
    pub(crate) fn plan(&mut self, due: &Due, at_ms: i64) {
        self.cancel(due);
        let time = (at_ms, self.next);
        self.next = self.next.saturating_add(1);
        self.by_time.insert(time, due.clone());
        self.times.insert(due.clone(), time);
    }

    /// Takes a thing off.
    pub(crate) fn cancel(&mut self, due: &Due) {
        if let Some(time) = self.times.remove(due) {
            self.by_time.remove(&time);
        }
    }

    /// The next time of all.
    pub(crate) fn next_ms(&self) -> Option<i64> {
        self.by_time.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// Takes off what is next, where its time has come.
    pub(crate) fn take(&mut self, now_ms: i64) -> Option<(i64, Due)> {
        let first = self.by_time.first_entry().filter(|entry| entry.key().0 <= now_ms)?;
        let ((at_ms, _), due) = first.remove_entry();
        self.times.remove(&due);
        Some((at_ms, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_in_the_order_of_their_times() {
        let due = |name: &str| Due::Payment(name.to_owned());
        let mut agenda = Agenda::default();
        agenda.plan(&due("a"), 5);
        agenda.plan(&due("b"), 5);
        agenda.plan(&due("c"), 1);
        agenda.plan(&due("a"), 9);
        agenda.plan(&Due::Refund("b".to_owned()), 6);
        assert_eq!(agenda.next_ms(), Some(1));
        assert_eq!(agenda.take(0), None);
        assert_eq!(agenda.take(7), Some((1, due("c"))));
        assert_eq!(agenda.take(7), Some((5, due("b"))));
        assert_eq!(agenda.take(7), Some((6, Due::Refund("b".to_owned()))));
        assert_eq!(agenda.take(7), None);
        agenda.cancel(&due("a"));
        assert_eq!(agenda.next_ms(), None);
    }
}
