//! Names of rows. Every row of the ledger draws its id from one ascending sequence, so that an id
//! is also the row's position in the journal.

use sha2::{Digest, Sha256};

/// A position in the journal: 1 is the first row ever written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub i64);

/// Names an account: the row that opened it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// Names a card: the row that added it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardId(pub i64);

/// Names a company: the row that configured it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompanyId(pub i64);

/// Names a seller: the row that registered it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SellerId(pub i64);

/// Names a credential: the row that issued it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(pub i64);

/// Names an authorization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorizationId(pub i64);

/// Names a financial transaction, a correction, a cancellation or an expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub i64);

/// How many codes there are: six characters of 36.
const CODES: i64 = 2_176_782_336;
/// Coprime with [`CODES`] (neither even nor a multiple of three), so that the map is a bijection.
const CODE_FACTOR: i64 = 1_301_758_441;
/// Inverse of [`CODE_FACTOR`] modulo [`CODES`]; a test proves it.
const CODE_FACTOR_INVERSE: i64 = 327_386_713;
/// Keeps the first rows from having codes full of zeros.
const CODE_OFFSET: i64 = 948_574_217;

/// What clients call `authorizationId`: six characters of `0-9A-Z` (card ledger, Maxlength: 6).
///
/// Derived from the row's id by a bijection over 36⁶ codes. After that many rows codes repeat;
/// the newest row wins, since an authorization lives far shorter than a cycle lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code([u8; 6]);

impl Code {
    /// The code of a row.
    pub fn of(row: RowId) -> Code {
        let id = row.0.rem_euclid(CODES);
        let mut number = multiply(id, CODE_FACTOR).saturating_add(CODE_OFFSET).rem_euclid(CODES);
        let mut code = [b'0'; 6];
        for place in code.iter_mut().rev() {
            let digit = u8::try_from(number.rem_euclid(36)).unwrap_or(0);
            *place = match digit {
                0..=9 => digit.saturating_add(b'0'),
                _ => digit.saturating_sub(10).saturating_add(b'A'),
            };
            number = number.div_euclid(36);
        }
        Code(code)
    }

    /// Reads a code as clients send it: up to six characters, letters in either case; shorter
    /// ones are filled with zeros, because a client may have turned the digits into a number.
    pub fn parse(text: &str) -> Option<Code> {
        if text.is_empty() || text.len() > 6 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let mut code = [b'0'; 6];
        for (place, byte) in code.iter_mut().rev().zip(text.bytes().rev()) {
            *place = byte.to_ascii_uppercase();
        }
        Some(Code(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The rows up to `newest` that bear this code, newest first.
    pub fn rows(self, newest: RowId) -> impl Iterator<Item = RowId> {
        let number = self.0.iter().fold(0_i64, |number, byte| {
            let digit = match byte {
                b'0'..=b'9' => byte.saturating_sub(b'0'),
                _ => byte.saturating_sub(b'A').saturating_add(10),
            };
            number.saturating_mul(36).saturating_add(i64::from(digit))
        });
        let shifted = number.saturating_sub(CODE_OFFSET).rem_euclid(CODES);
        let oldest = multiply(shifted, CODE_FACTOR_INVERSE);
        let cycles = newest.0.saturating_sub(oldest).div_euclid(CODES);
        (0..=cycles)
            .rev()
            .map(move |cycle| RowId(oldest.saturating_add(cycle.saturating_mul(CODES))))
            .filter(|row| row.0 > 0)
    }
}

/// `a * b` modulo [`CODES`]; both are below it, so the product needs 62 bits at most.
fn multiply(a: i64, b: i64) -> i64 {
    a.saturating_mul(b).rem_euclid(CODES)
}

/// What may be used once: a 128-bit hash over a kind, its owner and the caller's own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

/// A 128-bit hash over a parsed request: two requests that mean the same have the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

/// Hashes parts with their lengths, so that no two lists of parts give the same bytes.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// A hasher for one purpose; hashes of different purposes never meet.
    pub fn new(purpose: &str) -> Hasher {
        Hasher::default().text(purpose)
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Hasher {
        self.0.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// Adds a text that may be absent; absent differs from empty.
    #[must_use]
    pub fn optional(self, text: Option<&str>) -> Hasher {
        match text {
            Some(text) => self.number(1).text(text),
            None => self.number(0),
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: i64) -> Hasher {
        self.0.update(number.to_be_bytes());
        self
    }

    /// The first 128 bits.
    pub fn finish(self) -> [u8; 16] {
        let digest: [u8; 32] = self.0.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(digest.split_at(16).0);
        half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_factor_has_its_inverse() {
        assert_eq!(multiply(CODE_FACTOR, CODE_FACTOR_INVERSE), 1);
    }

    #[test]
    fn codes_name_their_rows_and_only_them() {
        for id in (1..5_000).chain([CODES - 1, CODES, CODES + 1, 3 * CODES + 17]) {
            let code = Code::of(RowId(id));
            assert_eq!(code.as_str().len(), 6);
            assert_eq!(Code::parse(code.as_str()), Some(code));
            let rows: Vec<RowId> = code.rows(RowId(id)).collect();
            assert_eq!(rows.first(), Some(&RowId(id)), "newest first");
            assert!(rows.iter().all(|row| Code::of(*row) == code && row.0 > 0));
        }
        assert_eq!(Code::of(RowId(CODES + 1)).rows(RowId(CODES)).collect::<Vec<_>>(), [RowId(1)]);
        assert_eq!(Code::of(RowId(9)).rows(RowId(8)).count(), 0, "not written yet");
    }

    #[test]
    fn codes_are_read_as_clients_send_them() {
        assert_eq!(Code::parse("AUTH71").unwrap().as_str(), "AUTH71");
        assert_eq!(Code::parse("auth71").unwrap().as_str(), "AUTH71");
        assert_eq!(Code::parse("123").unwrap().as_str(), "000123");
        for bad in ["", "1234567", "ÅUTH7", "AUTH-1", " "] {
            assert_eq!(Code::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn hashes_keep_parts_apart() {
        let one = Hasher::new("p").text("ab").text("c").finish();
        assert_ne!(one, Hasher::new("p").text("a").text("bc").finish());
        assert_ne!(one, Hasher::new("q").text("ab").text("c").finish());
        assert_ne!(
            Hasher::new("p").optional(None).finish(),
            Hasher::new("p").optional(Some("")).finish()
        );
    }
}
