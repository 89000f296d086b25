//! The envelope of contract 004's notifications: AES-256-GCM, a key for each listener.
//!
//! The vendor's listeners may ask for the ciphertext bare or inside JSON. Here it is bare: that is
//! the form that its documentation shows, and the other's field has no settled name.

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

pub(super) const VECTOR_HEADER: &str = "x-initialization-vector";
pub(super) const TAG_HEADER: &str = "x-authentication-tag";

/// Bytes of the key, of the initialization vector and of the authentication tag.
const KEY_BYTES: usize = 32;
const VECTOR_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// The key of a listener's envelopes.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope(Zeroizing<[u8; KEY_BYTES]>);

/// What an envelope holds, in upper-case hexadecimal digits, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The initialization vector, 24 digits.
    pub vector: String,
    /// The authentication tag, 32 digits.
    pub tag: String,
    /// As long as the text, in two digits a byte.
    pub ciphertext: String,
}

impl Envelope {
    /// A key of these bytes, which nobody else can guess.
    pub fn new(key: [u8; KEY_BYTES]) -> Envelope {
        Envelope(Zeroizing::new(key))
    }

    /// Reads 64 hexadecimal digits. `None` where it is no key.
    pub fn parse(text: &str) -> Option<Envelope> {
        let bytes = Zeroizing::new(bytes_of(text)?);
        Some(Envelope(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// The key as it is shown once, and as [`Envelope::parse`] reads it.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(digits_of(self.0.as_slice()))
    }

    /// Enciphers a text. `vector` is random: no two texts under one key may have the same. `None`
    /// only where the text is longer than the cipher takes, 64 GiB.
    pub fn seal(&self, vector: [u8; VECTOR_BYTES], text: &[u8]) -> Option<Sealed> {
        let sealed = self.cipher().encrypt(&Nonce::from(vector), text).ok()?;
        let (ciphertext, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        Some(Sealed {
            vector: digits_of(&vector),
            tag: digits_of(tag),
            ciphertext: digits_of(ciphertext),
        })
    }

    /// Deciphers, as a receiver does it. `None` where it is not what was sealed with this key.
    pub fn open(&self, sealed: &Sealed) -> Option<Vec<u8>> {
        let vector: [u8; VECTOR_BYTES] = bytes_of(&sealed.vector)?.try_into().ok()?;
        let tag = bytes_of(&sealed.tag).filter(|tag| tag.len() == TAG_BYTES)?;
        let bytes = [bytes_of(&sealed.ciphertext)?, tag].concat();
        self.cipher().decrypt(&Nonce::from(vector), bytes.as_slice()).ok()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&(*self.0).into())
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Envelope(hidden)")
    }
}

fn digits_of(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = halves.filter_map(|half| char::from_digit(u32::from(half), 16));
    digits.map(|digit| digit.to_ascii_uppercase()).collect()
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}
