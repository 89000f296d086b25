//! Keys that come more than once, among more of them than memory holds.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;

use ledger::Key;

use super::spill::{Spill, hash_of};
use crate::limits::SPILL_PARTITIONS;

/// Keys with the lines where they were seen.
#[derive(Debug)]
pub struct Duplicates(Spill);

/// The keys that were seen twice and more, as pairs of lines.
#[derive(Debug)]
struct Found {
    spill: Spill,
    partition: usize,
    pairs: VecDeque<(u64, u64)>,
}

impl Duplicates {
    /// Nothing seen yet. What does not fit in memory goes to an unnamed file in `directory`.
    pub fn new(directory: &Path) -> Duplicates {
        Duplicates(Spill::new(directory))
    }

    /// Notes that a line has a key.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn add(&mut self, key: Key, line: u64) -> io::Result<()> {
        let Key(bytes) = key;
        let mut record = [0; 24];
        let (first, last) = record.split_at_mut(16);
        first.copy_from_slice(&bytes);
        last.copy_from_slice(&line.to_be_bytes());
        self.0.add(hash_of(bytes), &record)
    }

    /// For each line whose key was seen on a line before: the first such line, and this one. In no
    /// particular order. Ends with the first error, which is that the disk cannot be read.
    pub fn finish(self) -> impl Iterator<Item = io::Result<(u64, u64)>> {
        Found { spill: self.0, partition: 0, pairs: VecDeque::new() }
    }
}

impl Iterator for Found {
    type Item = io::Result<(u64, u64)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(pair) = self.pairs.pop_front() {
                return Some(Ok(pair));
            }
            if self.partition >= SPILL_PARTITIONS {
                return None;
            }
            if let Err(error) = self.look() {
                self.partition = SPILL_PARTITIONS;
                self.pairs.clear();
                return Some(Err(error));
            }
            self.partition = self.partition.saturating_add(1);
        }
    }
}

impl Found {
    /// Finds the pairs of one partition.
    fn look(&mut self) -> io::Result<()> {
        let mut first_lines: HashMap<[u8; 16], u64> = HashMap::new();
        let mut records = self.spill.take(self.partition);
        while let Some(record) = records.next()? {
            let parts = record.split_first_chunk::<16>();
            let parsed = parts.and_then(|(key, line)| Some((*key, line.try_into().ok()?)));
            let Some((key, line)) = parsed else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            let line = u64::from_be_bytes(line);
            let first = *first_lines.entry(key).or_insert(line);
            if first != line {
                self.pairs.push_back((first, line));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ledger::ids::Hasher;

    use super::*;

    fn key(number: i64) -> Key {
        Key(Hasher::new("test").number(number).finish())
    }

    #[test]
    fn planted_pairs_are_found_and_no_others() {
        let mut duplicates = Duplicates::new(&std::env::temp_dir());
        let mut planted = Vec::new();
        for line in 2..300_000_u64 {
            // Every 1 000th line repeats the one 777 before it, which repeats nothing itself.
            let is_repeat = line % 1_000 == 900;
            let of = if is_repeat { line - 777 } else { line };
            if is_repeat {
                planted.push((of, line));
            }
            duplicates.add(key(i64::try_from(of).unwrap()), line).unwrap();
        }
        let mut found: Vec<_> = duplicates.finish().map(Result::unwrap).collect();
        found.sort_unstable();
        assert_eq!(found, planted);
    }

    #[test]
    fn the_third_names_the_first() {
        let mut duplicates = Duplicates::new(&std::env::temp_dir());
        for (number, line) in [(1, 2), (2, 3), (1, 4), (1, 5)] {
            duplicates.add(key(number), line).unwrap();
        }
        let found: Vec<_> = duplicates.finish().map(Result::unwrap).collect();
        assert_eq!(found, [(2, 4), (2, 5)]);
        assert_eq!(Duplicates::new(&std::env::temp_dir()).finish().count(), 0);
    }

    #[test]
    fn a_disk_that_cannot_be_written_is_an_error() {
        let mut duplicates = Duplicates::new(Path::new("/dev/null/directory"));
        let ends = (0..1_000_000).find_map(|number| duplicates.add(key(0), number).err());
        assert_eq!(ends.unwrap().kind(), io::ErrorKind::NotADirectory);
    }
}
