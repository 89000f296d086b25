//! The keys in use, most of them in `used_key`, the newest in memory.
//!
//! Keys are hashes: each new one belongs on another page of `used_key`, and pages written are what
//! a commit costs. So a new key is appended to a table of fresh keys and kept in memory. When a
//! run of them is full it is sorted and, slice by slice with the next batches, merged into
//! `used_key`, where neighbours of a run share their pages; meanwhile the other table of fresh keys
//! takes what comes. A table whose run is merged is emptied.
//!
//! Invariant: a key in use is in `used_key` or in memory, or in both; what is in memory is in a
//! table of fresh keys. Memory changes after a commit, never before.

use std::collections::HashMap;

use ledger::{Key, RowId};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::rows::{FRESH_KEYS, KEYS, Table, read_all, read_key};

/// Keys merged with a batch beyond those it adds, so that a run is merged before the next is full.
const SLICE_EXTRA: usize = 16;

/// The keys that are not, or not all, in `used_key`.
#[derive(Debug, Default)]
pub(super) struct FreshKeys {
    /// Keys of the run that grows.
    young: HashMap<Key, RowId>,
    /// Which of the two tables it is in.
    young_table: usize,
    /// The run that is being merged; it is in the other table.
    merging: Option<Run>,
}

#[derive(Debug, Default)]
struct Run {
    keys: HashMap<Key, RowId>,
    sorted: Vec<(Key, RowId)>,
    /// How many of `sorted` are merged.
    merged: usize,
}

/// What a commit merges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    merged: usize,
    is_last: bool,
}

impl FreshKeys {
    /// Reads what a store has of them.
    pub(super) fn read(connection: &Connection) -> Result<FreshKeys> {
        let [first, second] = &FRESH_KEYS;
        let (first, second) = (read_run(connection, first)?, read_run(connection, second)?);
        // The run that is being merged is the older one. How far it is, is not known: merging
        // starts again, and passes over what is there.
        let oldest = |run: &[(Key, RowId)]| run.first().map_or(RowId(i64::MAX), |(_, row)| *row);
        let (old, young, young_table) =
            if oldest(&first) < oldest(&second) { (first, second, 1) } else { (second, first, 0) };
        if young.is_empty() {
            let young = old.into_iter().collect();
            return Ok(FreshKeys { young, young_table: 1 - young_table, merging: None });
        }
        let merging = (!old.is_empty()).then(|| Run::new(old.into_iter().collect()));
        Ok(FreshKeys { young: young.into_iter().collect(), young_table, merging })
    }

    /// The row that used a key, if it is in memory.
    pub(super) fn find(&self, key: &Key) -> Option<RowId> {
        let merging = || self.merging.as_ref()?.keys.get(key);
        self.young.get(key).or_else(merging).copied()
    }

    /// Writes new keys, and merges a slice.
    pub(super) fn write(&self, connection: &Connection, keys: &[(Key, RowId)]) -> Result<Slice> {
        let [first, second] = &FRESH_KEYS;
        let (young, old) = if self.young_table == 0 { (first, second) } else { (second, first) };
        let mut insert = connection.prepare_cached(&young.insert())?;
        for (key, row) in keys {
            if self.find(key).is_some() {
                return Err(used_twice());
            }
            insert.execute(params![key.0, row.0])?;
        }
        let Some(run) = &self.merging else { return Ok(Slice::default()) };
        let slice = run.slice(keys.len());
        merge(connection, slice)?;
        let is_last = run.merged.saturating_add(slice.len()) == run.sorted.len();
        if is_last {
            // Without a condition SQLite gives back whole pages and reads none.
            connection.prepare_cached(&format!("DELETE FROM {}", old.name))?.execute(())?;
        }
        Ok(Slice { merged: slice.len(), is_last })
    }

    /// Follows the commit of what [`FreshKeys::write`] has written. Starts to merge when the run
    /// has `run_length` keys.
    pub(super) fn follow(&mut self, keys: Vec<(Key, RowId)>, slice: Slice, run_length: usize) {
        self.young.extend(keys);
        if let Some(run) = &mut self.merging {
            run.merged = run.merged.saturating_add(slice.merged);
        }
        if slice.is_last {
            self.merging = None;
        }
        if self.merging.is_none() && self.young.len() >= run_length {
            self.merging = Some(Run::new(std::mem::take(&mut self.young)));
            self.young_table = 1 - self.young_table;
        }
    }
}

impl Run {
    fn new(keys: HashMap<Key, RowId>) -> Run {
        let mut sorted: Vec<(Key, RowId)> = keys.iter().map(|(key, row)| (*key, *row)).collect();
        sorted.sort_unstable();
        Run { keys, sorted, merged: 0 }
    }

    /// What is merged with a batch that adds `added` keys.
    fn slice(&self, added: usize) -> &[(Key, RowId)] {
        let left = self.sorted.get(self.merged..).unwrap_or_default();
        let length = added.saturating_add(added / 4).saturating_add(SLICE_EXTRA);
        left.get(..length).unwrap_or(left)
    }
}

/// Finds the row that used a key, whatever a store's writer has in memory. Slow for fresh keys,
/// which have no index.
pub(super) fn find_stored(connection: &Connection, key: &Key) -> Result<Option<RowId>> {
    for table in &FRESH_KEYS {
        let sql = format!("SELECT row FROM {} WHERE key = ?", table.name);
        if let Some(row) = find(connection, &sql, key)? {
            return Ok(Some(row));
        }
    }
    find_merged(connection, key)
}

/// Finds the row that used a key in `used_key`.
pub(super) fn find_merged(connection: &Connection, key: &Key) -> Result<Option<RowId>> {
    find(connection, "SELECT row FROM used_key WHERE key = ?", key)
}

fn find(connection: &Connection, sql: &str, key: &Key) -> Result<Option<RowId>> {
    let mut find = connection.prepare_cached(sql)?;
    find.query_row([key.0], |row| Ok(RowId(row.get(0)?))).optional()
}

fn read_run(connection: &Connection, table: &Table) -> Result<Vec<(Key, RowId)>> {
    read_all(connection, &table.select("ORDER BY n"), read_key)
}

fn merge(connection: &Connection, slice: &[(Key, RowId)]) -> Result<()> {
    let sql = format!("{} ON CONFLICT (key) DO NOTHING", KEYS.insert());
    let mut insert = connection.prepare_cached(&sql)?;
    for (key, row) in slice {
        // It is there already when a merge was interrupted by a restart.
        let is_new = insert.execute(params![key.0, row.0])? == 1;
        if !is_new && find_merged(connection, key)? != Some(*row) {
            return Err(used_twice());
        }
    }
    Ok(())
}

/// As if `used_key` had refused it at once.
fn used_twice() -> rusqlite::Error {
    let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY);
    rusqlite::Error::SqliteFailure(error, Some("a key is used twice".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: usize = 40;

    fn store() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let sql = include_str!("../../migrations/sqlite/0001_card_ledger.sql");
        connection.execute_batch(sql).unwrap();
        connection
    }

    /// Keys of a batch, in no order.
    fn batch(first: i64, count: i64) -> Vec<(Key, RowId)> {
        let key = |row: i64| {
            let mut key = [0; 16];
            key[..8].copy_from_slice(&row.wrapping_mul(0x9e37_79b9).to_le_bytes());
            (Key(key), RowId(row))
        };
        (first..first + count).map(key).collect()
    }

    fn count(connection: &Connection, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_key_is_found_at_every_time_and_after_every_restart() {
        let connection = store();
        let mut fresh = FreshKeys::default();
        let mut all = Vec::new();
        for number in 0..60 {
            let keys = batch(number * 10 + 1, number % 11);
            let slice = fresh.write(&connection, &keys).unwrap();
            fresh.follow(keys.clone(), slice, RUN);
            all.extend(keys);
            if number % 7 == 3 {
                fresh = FreshKeys::read(&connection).unwrap();
            }
            for (key, row) in &all {
                let merged = find_merged(&connection, key).unwrap();
                assert_eq!(fresh.find(key).or(merged), Some(*row));
                assert_eq!(find_stored(&connection, key).unwrap(), Some(*row));
            }
            let in_memory = fresh.young.len() + fresh.merging.as_ref().map_or(0, |m| m.keys.len());
            assert!(in_memory <= 3 * RUN, "{in_memory}");
        }
        assert!(count(&connection, "used_key") > 100);
        let in_tables = count(&connection, "fresh_key_0") + count(&connection, "fresh_key_1");
        assert!(in_tables <= 3 * 40, "{in_tables}: what is merged is deleted");
        assert_eq!(fresh.find(&Key([9; 16])), None);
    }

    #[test]
    fn a_key_that_is_used_twice_is_refused() {
        let connection = store();
        let mut fresh = FreshKeys::default();
        let keys = batch(1, 10);
        let slice = fresh.write(&connection, &keys).unwrap();
        fresh.follow(keys.clone(), slice, 10);
        assert!(fresh.write(&connection, &keys[..1]).is_err(), "while it is merged");
        let slice = fresh.write(&connection, &[]).unwrap();
        assert!(slice.is_last);
        fresh.follow(Vec::new(), slice, 10);
        assert_eq!(count(&connection, "fresh_key_0"), 0);
        let again = [(keys[0].0, RowId(99))];
        let slice = fresh.write(&connection, &again).unwrap();
        fresh.follow(again.to_vec(), slice, 1);
        assert!(fresh.write(&connection, &[]).is_err(), "at the latest when it is merged");
    }
}
