//! Notifications that this process has just written, so that their first attempt does not wait
//! until somebody looks for it. Nothing depends on it: what it forgets is found in the store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::limits::FRESH_NOTIFICATIONS_MAX;

/// Their numbers.
#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<Vec<i64>>);

impl Fresh {
    /// Adds those of a batch that was committed.
    pub(crate) fn add(&self, numbers: &[i64]) {
        if !numbers.is_empty() {
            let mut known = self.lock();
            let room = FRESH_NOTIFICATIONS_MAX.saturating_sub(known.len());
            known.extend(numbers.iter().take(room));
        }
    }

    /// Takes them all.
    pub(crate) fn take(&self) -> Vec<i64> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many() {
        let fresh = Fresh::default();
        let many: Vec<i64> = (0..=i64::try_from(FRESH_NOTIFICATIONS_MAX).unwrap()).collect();
        fresh.add(&[]);
        fresh.add(&many[..2]);
        fresh.add(&many[2..]);
        fresh.add(&many);
        assert_eq!(fresh.take(), many[..FRESH_NOTIFICATIONS_MAX]);
        assert!(fresh.take().is_empty());
    }
}
