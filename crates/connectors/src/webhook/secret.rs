//! The secrets that notifications are signed with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Message;

/// How many bytes a secret may have (Standard Webhooks, "Signature scheme").
pub const SECRET_BYTES_MIN: usize = 24;
/// See [`SECRET_BYTES_MIN`].
pub const SECRET_BYTES_MAX: usize = 64;

/// How many bytes a secret has that we make: as many as the hash.
pub const SECRET_BYTES_DEFAULT: usize = 32;

/// What secrets begin with, so that people and scanners know them.
const PREFIX: &str = "whsec_";

/// A secret of [`SECRET_BYTES_MIN`] to [`SECRET_BYTES_MAX`] bytes, which signs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A secret of these bytes, which nobody else can guess. `None` where they are too few or too
    /// many.
    pub fn new(bytes: &[u8]) -> Option<Secret> {
        let is_good = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes.len());
        is_good.then(|| Secret(Zeroizing::new(bytes.to_vec())))
    }

    /// Reads `whsec_` and the bytes in base64. `None` where it is no secret.
    pub fn parse(text: &str) -> Option<Secret> {
        let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?);
        Secret::new(&bytes)
    }

    /// The secret as it is shown once, and as [`Secret::parse`] reads it.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = PREFIX.to_owned();
        STANDARD.encode_string(self.0.as_slice(), &mut text);
        Zeroizing::new(text)
    }

    /// `v1,` and the HMAC-SHA256 over `id.timestamp.body`, in base64.
    pub(super) fn sign(&self, message: Message<'_>) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{}.{}.", message.id, message.at_seconds).as_bytes());
        mac.update(message.body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
