//! Keys: what may be used once is used by one row, and that row says so.
//!
//! Keys come in any order, after all rows. Instead of every key of every row, each block of rows
//! keeps the sums of what its rows use less what is shown. A sum that is not zero is a finding;
//! one key too few or too many names its row, anything else its block.

use std::collections::BTreeMap;

use super::checks::Check;
use crate::ids::{Key, RowId};

/// Rows that share one tally. At 40 bytes a tally, a hundred million rows take 16 MB.
const ROWS_PER_TALLY: i64 = 256;

/// What is known about keys so far.
#[derive(Debug, Default)]
pub(super) struct Keys {
    tallies: BTreeMap<i64, Tally>,
    /// How many keys of unknown content each row still has to show.
    unknown: BTreeMap<RowId, i64>,
}

/// What the rows of a block use less what is shown for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    count: i64,
    rows: i64,
    mix: u128,
}

impl Keys {
    /// A row uses this key.
    pub(super) fn expect(&mut self, key: Key, row: RowId) {
        self.tally(row).add(key, row);
    }

    /// A row uses so many keys whose content cannot be known.
    pub(super) fn expect_unknown(&mut self, row: RowId, count: i64) {
        if count > 0 {
            self.unknown.insert(row, count);
        }
    }

    /// A key is shown.
    pub(super) fn key(&mut self, key: Key, row: RowId, newest: RowId, check: &mut Check) {
        let exists = row.0 > 0 && row <= newest;
        check.that(exists, || format!("a key names row {}, which is none", row.0));
        if !exists {
            return;
        }
        match self.unknown.get_mut(&row) {
            Some(left) if *left > 1 => *left = left.saturating_sub(1),
            Some(_) => drop(self.unknown.remove(&row)),
            None => self.tally(row).take(key, row),
        }
    }

    /// What does not add up, after everything.
    pub(super) fn finish(&self, check: &mut Check) {
        for (row, left) in &self.unknown {
            check.that(false, || format!("row {} lacks {left} of its keys", row.0));
        }
        for (block, tally) in self.tallies.iter().filter(|(_, tally)| **tally != Tally::default()) {
            check.that(false, || tally.finding(*block));
        }
    }

    fn tally(&mut self, row: RowId) -> &mut Tally {
        self.tallies.entry(row.0.div_euclid(ROWS_PER_TALLY)).or_default()
    }
}

impl Tally {
    fn add(&mut self, key: Key, row: RowId) {
        self.count = self.count.saturating_add(1);
        self.rows = self.rows.wrapping_add(row.0);
        self.mix = self.mix.wrapping_add(mix(key, row));
    }

    fn take(&mut self, key: Key, row: RowId) {
        self.count = self.count.saturating_sub(1);
        self.rows = self.rows.wrapping_sub(row.0);
        self.mix = self.mix.wrapping_sub(mix(key, row));
    }

    fn finding(self, block: i64) -> String {
        match self.count {
            1 => format!("row {} lacks a key", self.rows),
            -1 => format!("row {} has a key too many", self.rows.wrapping_neg()),
            _ => {
                let first = block.saturating_mul(ROWS_PER_TALLY);
                let last = first.saturating_add(ROWS_PER_TALLY).saturating_sub(1);
                format!("the keys of rows {first} to {last} are not theirs")
            }
        }
    }
}

/// Keys are hashes already; an odd factor of the row ties each to it.
fn mix(key: Key, row: RowId) -> u128 {
    let factor = u128::from(row.0.unsigned_abs()).wrapping_mul(2).wrapping_add(1);
    u128::from_be_bytes(key.0).wrapping_mul(factor)
}

#[cfg(test)]
mod tests {
    use crate::audit::story::{check, check_resealed, first, id_of, key_of, story, transaction};
    use crate::ids::{Key, RowId};
    use crate::journal::Row;
    use crate::transaction::TransactionKind;
    use crate::world::World;

    #[test]
    fn keys_must_be_used_once_and_by_who_says_so() {
        let is = |what| [("keys-used-once", what)];
        check(
            |w| {
                w.keys.remove(&key_of(w, id_of(w, "p1")));
            },
            &is("row @p1 lacks a key"),
        );
        check(
            |w| {
                w.keys.remove(&key_of(w, id_of(w, "o1")));
            },
            &is("row @o1 lacks a key"),
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), id_of(w, "c1"));
            },
            &is("row @c1 has a key too many"),
        );
        check(
            |w| {
                let cancellation = RowId(first(w, TransactionKind::Cancellation).id.0);
                w.keys.insert(Key([7; 16]), cancellation);
            },
            &is("row"),
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), RowId(9_999));
            },
            &is("a key names row 9999"),
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), RowId(0));
            },
            &is("a key names row 0"),
        );
        check(
            |w| {
                let key = key_of(w, id_of(w, "p1"));
                w.keys.insert(key, id_of(w, "p2"));
            },
            &is("the keys of rows 0 to 255 are not theirs"),
        );
        check_resealed(
            |w| transaction(w, "w1").source.push('x'),
            &is("the keys of rows 0 to 255 are not theirs"),
        );
        // The card that was added with its number, in a request with an idempotency key.
        let added = |w: &World| {
            let row = w.rows.values().find(|row| match row {
                Row::Change(row) => row.field("bin").is_some(),
                Row::Authorization(_) | Row::Transaction(_) => false,
            });
            row.unwrap().id()
        };
        check(
            |w| {
                w.keys.remove(&key_of(w, added(w)));
            },
            &[("keys-used-once", &format!("row {} lacks 1 of its keys", added(&story()).0))],
        );
        check(
            |w| {
                w.keys.insert(Key([7; 16]), added(w));
            },
            &[("keys-used-once", &format!("row {} has a key too many", added(&story()).0))],
        );
    }
}
