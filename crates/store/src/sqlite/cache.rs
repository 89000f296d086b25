//! Accounts and cards as last committed, so that most batches read neither.
//!
//! Invariant: an entry equals its stored row, or is absent. Copies are handed out; entries are
//! replaced only by what a commit has written, and all are forgotten when one failed.

use std::collections::HashMap;
use std::hash::Hash;

use ledger::{Account, AccountId, Card, CardToken, WriteSet};

/// The writer's cache.
#[derive(Debug)]
pub(super) struct Cache {
    accounts: Generations<AccountId, Account>,
    cards: Generations<CardToken, Card>,
}

impl Cache {
    pub(super) fn new(accounts_max: usize, cards_max: usize) -> Cache {
        Cache { accounts: Generations::new(accounts_max), cards: Generations::new(cards_max) }
    }

    pub(super) fn account(&mut self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(super) fn card(&mut self, token: &CardToken) -> Option<&Card> {
        self.cards.get(token)
    }

    /// Keeps an account that was read.
    pub(super) fn keep_account(&mut self, account: &Account) {
        self.accounts.put(account.id, account.clone());
    }

    /// Keeps a card that was read.
    pub(super) fn keep_card(&mut self, card: &Card) {
        self.cards.put(card.token.clone(), card.clone());
    }

    /// Follows a commit.
    pub(super) fn follow(&mut self, writes: WriteSet) {
        for account in writes.accounts {
            self.accounts.put(account.id, account);
        }
        for card in writes.cards {
            self.cards.put(card.token.clone(), card);
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.accounts.clear();
        self.cards.clear();
    }
}

/// A map of bounded size: when the young half is full it becomes the old half, and the old half
/// is forgotten. What is in use moves back into the young half.
#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Hash + Eq, V> Generations<K, V> {
    fn new(entries_max: usize) -> Generations<K, V> {
        let half = (entries_max / 2).max(1);
        Generations { young: HashMap::new(), old: HashMap::new(), half }
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.put(key, value);
        }
        self.young.get(key)
    }

    fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_bounded_and_keep_what_is_in_use() {
        let mut map = Generations::new(10);
        for key in 0..100 {
            map.put(key, key * 2);
            assert_eq!(map.get(&0), Some(&0), "in use all the time");
            assert_eq!(map.get(&key), Some(&(key * 2)));
            assert!(map.young.len() + map.old.len() <= 10);
        }
        assert_eq!(map.get(&50), None);
        map.put(0, 7);
        assert_eq!(map.get(&0), Some(&7), "the newest value wins");
        map.clear();
        assert_eq!(map.get(&0), None);
    }

    #[test]
    fn a_value_is_never_in_both_halves() {
        let mut map = Generations::new(4);
        for round in 0..50 {
            map.put(round % 5, round);
            assert_eq!(map.get(&(round % 5)), Some(&round));
            assert!(map.young.keys().all(|key| !map.old.contains_key(key)));
        }
    }
}
