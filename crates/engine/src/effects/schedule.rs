//! When the tasks that this process knows of become due. Nothing depends on it: what it forgets is
//! found again in the store.

use std::collections::{BTreeSet, HashMap};

use ledger::Timestamp;

use crate::limits::SCHEDULED_TASKS_MAX;

/// Payments by the time at which their task is due.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    by_time: BTreeSet<(Timestamp, i64)>,
    by_number: HashMap<i64, Timestamp>,
}

impl Schedule {
    /// Notes when a payment's task is due. What is known to be due sooner stays: it is looked at
    /// then, and noted anew.
    pub(super) fn put(&mut self, number: i64, due_at: Timestamp) {
        if let Some(before) = self.by_number.get(&number) {
            if *before <= due_at {
                return;
            }
            self.by_time.remove(&(*before, number));
        } else if self.by_number.len() >= SCHEDULED_TASKS_MAX {
            return;
        }
        self.by_number.insert(number, due_at);
        self.by_time.insert((due_at, number));
    }

    /// Takes out what is due, soonest first, at most `limit`.
    pub(super) fn take_due(&mut self, now: Timestamp, limit: usize) -> Vec<i64> {
        let due = self.by_time.iter().take_while(|(due_at, _)| *due_at <= now);
        let due: Vec<i64> = due.take(limit).map(|(_, number)| *number).collect();
        for number in &due {
            if let Some(due_at) = self.by_number.remove(number) {
                self.by_time.remove(&(due_at, *number));
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_out_once_and_in_order() {
        let mut schedule = Schedule::default();
        for (number, at) in [(1, 30), (2, 40), (3, 20), (2, 10), (2, 50)] {
            schedule.put(number, Timestamp(at));
        }
        assert!(schedule.take_due(Timestamp(9), 10).is_empty());
        assert_eq!(schedule.take_due(Timestamp(40), 2), [2, 3]);
        assert_eq!(schedule.take_due(Timestamp(40), 2), [1]);
        assert!(schedule.take_due(Timestamp(1_000), 2).is_empty());
    }
}
