//! Ids that look random and are not: the seed says them all.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// A row of ids.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: String,
    count: u64,
}

impl Ids {
    /// The row of a seed. Other seeds have other ids.
    pub(crate) fn new(seed: impl Into<String>) -> Ids {
        Ids { seed: seed.into(), count: 0 }
    }

    /// The next one: 32 hexadecimal digits in lower case.
    pub(crate) fn hex(&mut self) -> String {
        self.count = self.count.wrapping_add(1);
        let hash = Sha256::digest(format!("{}/{}", self.seed, self.count));
        hex(hash.iter().take(16).copied())
    }

    /// The next one, written as a UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex();
        let mut uuid = String::with_capacity(36);
        for (at, digit) in hex.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                uuid.push('-');
            }
            uuid.push(match at {
                12 => '4',
                16 => 'a',
                _ => digit,
            });
        }
        uuid
    }
}

/// Bytes as hexadecimal digits in lower case.
pub(crate) fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        if write!(text, "{byte:02x}").is_err() {
            unreachable!("a string takes all");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_come_again() {
        let (mut one, mut other) = (Ids::new("1"), Ids::new("2"));
        let first = one.hex();
        assert_eq!(first.len(), 32);
        assert_ne!(first, one.hex());
        assert_ne!(first, other.hex());
        assert_eq!(first, Ids::new("1").hex());
    }

    #[test]
    fn uuids_have_their_form() {
        let uuid = Ids::new("1").uuid();
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(uuid.split('-').nth(2).unwrap().starts_with('4'));
    }
}
