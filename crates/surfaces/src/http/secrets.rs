//! What is derived from the installation's key: fingerprints of card numbers, and the secrets of
//! credentials that we issue.
//!
//! Invariant: the key itself is shown to nobody, and every purpose has its own derivation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::Randomness;
use hmac::{Hmac, KeyInit, Mac};
use ledger::{Fingerprint, PanFingerprint};
use sha2::{Digest, Sha256};

/// The installation's key, which is kept outside the store.
pub struct Secrets {
    key: [u8; 32],
}

impl Secrets {
    /// Takes the key: 256 random bits that never change for an installation.
    pub fn new(key: [u8; 32]) -> Secrets {
        Secrets { key }
    }

    /// By which nodes tell whether they have the same key. It says nothing about the key.
    pub fn key_fingerprint(&self) -> [u8; 32] {
        self.derive("key fingerprint", &[])
    }

    /// The keyed hash by which a card number is known (PCI DSS 4.0.1, 3.5.1.1).
    pub fn pan_fingerprint(&self, pan: &str) -> PanFingerprint {
        PanFingerprint(self.derive("pan fingerprint", pan.as_bytes()))
    }

    /// The keyed hash of a request that carries an idempotency key. Keyed, since requests may carry
    /// card numbers.
    pub fn request_fingerprint(&self, canonical: &[u8]) -> Fingerprint {
        let derived = self.derive("request fingerprint", canonical);
        let mut half = [0; 16];
        half.copy_from_slice(derived.split_at(16).0);
        Fingerprint(half)
    }

    /// The secret of a credential that was issued with this salt: 43 characters, 256 bits.
    pub fn credential_secret(&self, salt: &[u8; 16]) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("credential secret", salt))
    }

    /// The code with which a device activates itself as the terminal that was given this salt:
    /// eight digits.
    pub fn activation_code(&self, salt: &str) -> String {
        let derived = self.derive("activation code", salt.as_bytes());
        let first = derived.first_chunk().copied().unwrap_or_default();
        let number = u64::from_be_bytes(first) % 100_000_000;
        format!("{number:08}")
    }

    /// The token of the device that activated itself as a terminal, and was given this salt. It
    /// names the terminal, so that it can be looked up.
    pub fn device_token(&self, terminal: i64, salt: &str) -> String {
        let secret = URL_SAFE_NO_PAD.encode(self.derive("device token", salt.as_bytes()));
        format!("kdt_{terminal}_{secret}")
    }

    /// What a PSP shows when it calls about a payment: 32 hexadecimal digits.
    pub fn callback_secret(&self, payment: i64) -> String {
        let derived = self.derive("callback secret", &payment.to_be_bytes());
        estate::draw::hex(derived.split_at(16).0)
    }

    /// A token that stands for a credential until a moment, in milliseconds since the epoch.
    pub fn access_token(&self, credential: i64, until_ms: i64) -> String {
        let text = format!("{credential}_{until_ms}");
        let mac = URL_SAFE_NO_PAD.encode(self.derive("access token", text.as_bytes()));
        format!("kat_{text}_{mac}")
    }

    /// The credential that a token stands for, and until when. `None` where it is none of ours.
    pub fn read_access_token(&self, token: &str) -> Option<(i64, i64)> {
        let mut parts = token.strip_prefix("kat_")?.splitn(3, '_');
        let (credential, until_ms) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let ours = self.access_token(credential, until_ms);
        is_same(ours.as_bytes(), token.as_bytes()).then_some((credential, until_ms))
    }

    /// The key with which agreements are sealed where the installation has no other.
    pub fn vault_key(&self) -> [u8; 32] {
        self.derive("vault key", &[])
    }

    /// A UUID that belongs to a row, the same whenever it is asked for, and says nothing about it.
    pub fn row_uuid(&self, row: i64) -> String {
        let derived = self.derive("row uuid", &row.to_be_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(derived.split_at(16).0);
        estate::draw::uuid_text(bytes, 8)
    }

    fn derive(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        // HMAC takes keys of any length, so this cannot fail; an all-zero tag would still be safe.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return [0; 32] };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(data);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn is_same(ours: &[u8], theirs: &[u8]) -> bool {
    let differ = ours.iter().zip(theirs).fold(0, |differ, (a, b)| differ | (a ^ b));
    ours.len() == theirs.len() && differ == 0
}

/// What is kept of a secret: its SHA-256. Secrets are random, so no salt or stretching is needed.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Draws what an application is called (Terminals, `App-Id`): eight digits, the first of them not
/// 0, since clients may read them as a number.
pub fn login(randomness: &dyn Randomness) -> String {
    let mut bits = [0; 8];
    randomness.fill(&mut bits);
    let number = u64::from_be_bytes(bits) % 90_000_000;
    number.saturating_add(10_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivations_repeat_and_do_not_meet() {
        let secrets = Secrets::new([7; 32]);
        assert_eq!(secrets.credential_secret(&[1; 16]), secrets.credential_secret(&[1; 16]));
        assert_eq!(secrets.credential_secret(&[1; 16]).len(), 43);
        assert_ne!(secrets.credential_secret(&[1; 16]), secrets.credential_secret(&[2; 16]));
        assert_ne!(secrets.pan_fingerprint("4111"), Secrets::new([8; 32]).pan_fingerprint("4111"));
        assert_eq!(secrets.row_uuid(1).len(), 36);
        assert_eq!(secrets.callback_secret(1).len(), 32);
        assert_ne!(secrets.callback_secret(1), secrets.callback_secret(2));
        assert_ne!(secrets.vault_key(), Secrets::new([8; 32]).vault_key());
        let token = secrets.access_token(7, 1_000);
        assert_eq!(secrets.read_access_token(&token), Some((7, 1_000)));
        assert_eq!(Secrets::new([8; 32]).read_access_token(&token), None);
        for other in [token.replace("_7_", "_8_"), token.replace("1000", "9000"), token + "x"] {
            assert_eq!(secrets.read_access_token(&other), None, "{other}");
        }
        assert_eq!(format!("{secrets:?}"), "Secrets(hidden)");
    }
}
