//! What must be read again and is secret: enciphered with a key that is not in the store.
//!
//! A sealed text is `v1.KEY-ID.BASE64`, and the base64 is a nonce and AES-256-GCM's output. What it
//! is for is authenticated with it, so that a value that was moved to another place does not open.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use engine::Randomness;
use engine::effects::notifications::{Opener, Purpose};
use payments::Psp;
use zeroize::Zeroizing;

const VERSION: &str = "v1";
const NONCE_BYTES: usize = 12;

/// Seals and opens. The first key seals; all of them open.
pub struct Vault {
    keys: Vec<(String, Aes256Gcm)>,
}

/// A key of a vault.
pub struct VaultKey {
    /// What sealed texts call it: 1 to 32 letters, digits, `-` and `_`.
    pub id: String,
    /// The key itself.
    pub key: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// A vault with these keys, the one that seals first.
    pub fn new(keys: Vec<VaultKey>) -> Vault {
        let cipher = |key: VaultKey| (key.id, Aes256Gcm::new(&(*key.key).into()));
        Vault { keys: keys.into_iter().map(cipher).collect() }
    }

    /// Seals a value of a merchant's agreement. `None` where there is no key.
    pub fn seal(
        &self,
        randomness: &dyn Randomness,
        customer: i64,
        psp: Psp,
        name: &str,
        value: &str,
    ) -> Option<String> {
        self.seal_for(randomness, &purpose(customer, psp, name), value)
    }

    /// Seals the number of a card that is kept for a merchant. `None` where there is no key.
    pub fn seal_card(
        &self,
        randomness: &dyn Randomness,
        customer: i64,
        registration: &str,
        number: &str,
    ) -> Option<String> {
        self.seal_for(randomness, &format!("card\n{customer}\n{registration}"), number)
    }

    /// Seals what one of a customer's endpoints signs or enciphers with. `None` where there is no
    /// key.
    pub fn seal_for_endpoint(
        &self,
        randomness: &dyn Randomness,
        customer: i64,
        purpose: Purpose,
        value: &str,
    ) -> Option<String> {
        self.seal_for(randomness, &purpose_of_endpoint(customer, purpose), value)
    }

    fn seal_for(&self, randomness: &dyn Randomness, purpose: &str, value: &str) -> Option<String> {
        let (id, cipher) = self.keys.first()?;
        let mut nonce = [0; NONCE_BYTES];
        randomness.fill(&mut nonce);
        let payload = Payload { msg: value.as_bytes(), aad: purpose.as_bytes() };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Some(format!("{VERSION}.{id}.{}", STANDARD_NO_PAD.encode(bytes)))
    }

    fn open_for(&self, purpose: &str, sealed: &str) -> Option<String> {
        let mut parts = sealed.split('.');
        let (version, id, text) = (parts.next()?, parts.next()?, parts.next()?);
        if version != VERSION {
            return None;
        }
        let (_, cipher) = self.keys.iter().find(|(known, _)| known == id)?;
        let bytes = STANDARD_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        let opened = cipher.decrypt(&Nonce::from(nonce), payload).ok()?;
        String::from_utf8(opened).ok()
    }

    /// Whether a sealed text was sealed with the key that seals now.
    pub fn is_current(&self, sealed: &str) -> bool {
        let id = sealed.split('.').nth(1);
        self.keys.first().map(|(current, _)| current.as_str()) == id
    }
}

impl engine::Vault for Vault {
    fn open(&self, customer: i64, psp: Psp, name: &str, sealed: &str) -> Option<String> {
        self.open_for(&purpose(customer, psp, name), sealed)
    }
}

impl Opener for Vault {
    fn open_sealed(&self, customer: i64, purpose: Purpose, sealed: &str) -> Option<String> {
        self.open_for(&purpose_of_endpoint(customer, purpose), sealed)
    }
}

fn purpose_of_endpoint(customer: i64, purpose: Purpose) -> String {
    let word = match purpose {
        Purpose::Signing => "signing",
        Purpose::Enciphering => "enciphering",
    };
    format!("endpoint\n{customer}\n{word}")
}

fn purpose(customer: i64, psp: Psp, name: &str) -> String {
    format!("agreement\n{customer}\n{}\n{name}", psp.as_str())
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Vault as _;

    struct Count;

    impl Randomness for Count {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, number) in bytes.iter_mut().zip(1..) {
                *byte = number;
            }
        }
    }

    fn vault(ids: &[(&str, u8)]) -> Vault {
        let key = |(id, byte): &(&str, u8)| VaultKey {
            id: (*id).to_owned(),
            key: Zeroizing::new([*byte; 32]),
        };
        Vault::new(ids.iter().map(key).collect())
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let old = vault(&[("a", 1)]);
        let sealed = old.seal(&Count, 2, Psp::Klarna, "KLARNA_PASSWORD", "hemligt å").unwrap();
        assert!(sealed.starts_with("v1.a.") && !sealed.contains("hemligt"));
        let open = |vault: &Vault, customer, psp, name, sealed: &str| {
            vault.open(customer, psp, name, sealed)
        };
        let (psp, name) = (Psp::Klarna, "KLARNA_PASSWORD");
        assert_eq!(open(&old, 2, psp, name, &sealed).as_deref(), Some("hemligt å"));
        assert_eq!(open(&old, 3, psp, name, &sealed), None);
        assert_eq!(open(&old, 2, Psp::Easy, name, &sealed), None);
        assert_eq!(open(&old, 2, psp, "KLARNA_MERCHANT_ID", &sealed), None);
        // Keys are rotated by their ids.
        let both = vault(&[("b", 2), ("a", 1)]);
        assert_eq!(open(&both, 2, psp, name, &sealed).as_deref(), Some("hemligt å"));
        assert!(old.is_current(&sealed) && !both.is_current(&sealed));
        assert_eq!(open(&vault(&[("b", 2)]), 2, psp, name, &sealed), None);
        assert_eq!(open(&vault(&[("a", 3)]), 2, psp, name, &sealed), None);
        assert_eq!(vault(&[]).seal(&Count, 2, psp, name, "x"), None);
        let sign = Purpose::Signing;
        let secret = old.seal_for_endpoint(&Count, 2, sign, "whsec_å").unwrap();
        assert_eq!(both.open_sealed(2, sign, &secret).as_deref(), Some("whsec_å"));
        assert_eq!(both.open_sealed(2, Purpose::Enciphering, &secret), None);
        assert_eq!(both.open_sealed(3, sign, &secret), None);
        assert_eq!(both.open_sealed(2, sign, &sealed), None);
        let broken = [sealed.replace("v1", "v2"), sealed.replace('a', "b"), "v1.a.AAAA".to_owned()];
        for broken in broken.iter().map(String::as_str).chain(["", "v1.a", "v1.a.å", "..."]) {
            assert_eq!(open(&old, 2, psp, name, broken), None, "{broken}");
        }
    }
}
