//! Callbacks on their way, and again when they were not taken.

use std::collections::BTreeMap;

use crate::limits::{CALLBACKS_MAX, DELIVERIES_MAX, REDELIVERY_PAUSE_MS};
use crate::wire::Callback;

/// What is to be posted.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Callbacks on their way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// By the time of their next delivery.
    waiting: BTreeMap<(i64, u64), Sending>,
    /// Whose outcome is not known yet.
    under_way: BTreeMap<u64, Sending>,
    next: u64,
}

#[derive(Debug)]
struct Sending {
    callback: Callback,
    deliveries: u32,
}

impl Outbox {
    /// Posts a letter so many times.
    pub(crate) fn post(&mut self, letter: &Letter, copies: u32, at_ms: i64) {
        for _ in 0..copies {
            self.make_room();
            let id = self.next;
            self.next = self.next.saturating_add(1);
            let Letter { url, headers, body } = letter.clone();
            let callback = Callback { id, url, headers, body };
            self.waiting.insert((at_ms, id), Sending { callback, deliveries: 0 });
        }
    }

    /// A mark: what is posted from now on comes after it.
    pub(crate) fn mark(&self) -> u64 {
        self.next
    }

    /// Takes what was posted after the mark, whatever its time.
    pub(crate) fn take_after(&mut self, mark: u64) -> Vec<Callback> {
        let keys: Vec<(i64, u64)> =
            self.waiting.keys().filter(|(_, id)| *id >= mark).copied().collect();
        keys.into_iter().filter_map(|key| self.send(key)).collect()
    }

    /// Takes what is to be delivered by now.
    pub(crate) fn take_due(&mut self, now_ms: i64) -> Vec<Callback> {
        let keys: Vec<(i64, u64)> =
            self.waiting.keys().take_while(|(at_ms, _)| *at_ms <= now_ms).copied().collect();
        keys.into_iter().filter_map(|key| self.send(key)).collect()
    }

    /// The next delivery's time.
    pub(crate) fn next_ms(&self) -> Option<i64> {
        self.waiting.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// Learns what came of a delivery. What was not taken comes again, up to the limit.
    pub(crate) fn delivered(&mut self, id: u64, was_ok: bool, now_ms: i64) {
        let Some(sending) = self.under_way.remove(&id) else { return };
        if was_ok || sending.deliveries >= DELIVERIES_MAX {
            return;
        }
        let doublings = sending.deliveries.saturating_sub(1);
        let pause_ms = REDELIVERY_PAUSE_MS.saturating_mul(2_i64.saturating_pow(doublings));
        self.waiting.insert((now_ms.saturating_add(pause_ms), id), sending);
    }

    fn send(&mut self, key: (i64, u64)) -> Option<Callback> {
        let mut sending = self.waiting.remove(&key)?;
        sending.deliveries = sending.deliveries.saturating_add(1);
        let callback = sending.callback.clone();
        self.under_way.insert(callback.id, sending);
        Some(callback)
    }

    fn make_room(&mut self) {
        if self.waiting.len().saturating_add(self.under_way.len()) < CALLBACKS_MAX {
            return;
        }
        if self.under_way.pop_first().is_none() {
            self.waiting.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter { url: "http://a".to_owned(), headers: Vec::new(), body: "b".to_owned() }
    }

    #[test]
    fn what_is_not_taken_comes_again_with_growing_pauses() {
        let mut outbox = Outbox::default();
        outbox.post(&letter(), 1, 100);
        assert_eq!(outbox.take_due(99), []);
        let (mut now_ms, mut pauses) = (100, Vec::new());
        while let Some(at_ms) = outbox.next_ms() {
            pauses.push(at_ms - now_ms);
            now_ms = at_ms;
            let sent = outbox.take_due(now_ms);
            assert_eq!(sent.len(), 1);
            outbox.delivered(sent[0].id, false, now_ms);
        }
        let expected = [0, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000];
        assert_eq!(pauses, expected);
    }

    #[test]
    fn what_was_taken_does_not_come_again() {
        let mut outbox = Outbox::default();
        outbox.post(&letter(), 2, 0);
        let sent = outbox.take_due(0);
        assert_eq!(sent.len(), 2);
        assert_ne!(sent[0].id, sent[1].id);
        for callback in sent {
            outbox.delivered(callback.id, true, 0);
        }
        outbox.delivered(77, false, 0);
        assert_eq!(outbox.next_ms(), None);
    }

    #[test]
    fn only_what_came_after_the_mark_is_pressing() {
        let mut outbox = Outbox::default();
        outbox.post(&letter(), 1, 0);
        let mark = outbox.mark();
        outbox.post(&letter(), 1, 900);
        let pressing: Vec<u64> = outbox.take_after(mark).iter().map(|sent| sent.id).collect();
        assert_eq!(pressing, [1]);
        assert_eq!(outbox.next_ms(), Some(0));
    }
}
