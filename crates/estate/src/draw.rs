//! Chance, drawn by the caller and handed in, so that a decision can be made again.

use sha2::{Digest, Sha256};

/// 256 random bits, from which as many others are made as a decision needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Draw(pub [u8; 32]);

impl Draw {
    /// 128 bits for one purpose; `index` tells several of the same purpose apart.
    pub fn bits(&self, purpose: &str, index: usize) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(u64::try_from(index).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(purpose.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(digest.split_at(16).0);
        half
    }

    /// The same as 32 lower-case hexadecimal digits.
    pub fn hex(&self, purpose: &str, index: usize) -> String {
        hex(&self.bits(purpose, index))
    }

    /// The same as a random UUID (RFC 9562 §5.4, version 4).
    pub fn uuid(&self, purpose: &str, index: usize) -> String {
        uuid_text(self.bits(purpose, index), 4)
    }
}

impl std::fmt::Debug for Draw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draw(hidden)")
    }
}

/// Shows 16 bytes as a UUID of this version, 1 to 8 (RFC 9562 §4).
pub fn uuid_text(mut bytes: [u8; 16], version: u8) -> String {
    let [_, _, _, _, _, _, high, _, variant, ..] = &mut bytes;
    *high = (*high & 0x0f) | version.wrapping_shl(4);
    *variant = (*variant & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, digit) in hex(&bytes).chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

/// Reads hexadecimal digits of exactly `N` bytes, in lower case.
pub fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let pairs = text.as_bytes().chunks(2);
    if text.len() != N.checked_mul(2)?
        || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_repeat_and_do_not_meet() {
        let draw = Draw([7; 32]);
        assert_eq!(draw.bits("a", 0), draw.bits("a", 0));
        assert_ne!(draw.bits("a", 0), draw.bits("a", 1));
        assert_ne!(draw.bits("a", 0), draw.bits("b", 0));
        assert_eq!(format!("{draw:?}"), "Draw(hidden)");
    }

    #[test]
    fn uuids_have_their_form() {
        let uuid = Draw([1; 32]).uuid("terminal", 3);
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(uuid.chars().nth(14), Some('4'));
    }

    #[test]
    fn digits_are_read_again() {
        assert_eq!(parse_hex::<2>("0aff"), Some([0x0a, 0xff]));
        for bad in ["0AFF", "0af", "0aff0", "åå"] {
            assert_eq!(parse_hex::<2>(bad), None, "{bad}");
        }
    }
}
