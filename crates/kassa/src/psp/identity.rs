//! The certificate that a merchant shows to a PSP: as PEM, or as the PKCS#12 file that the PSP's
//! portal hands out.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::effects::psp::Agreement;
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use payments::Psp;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A certificate chain and its key, as PEM, as the agreement has them.
pub(super) struct Identity(Zeroizing<String>);

impl Identity {
    /// The identity that an agreement has. `None` where it has none: then none is shown.
    ///
    /// # Errors
    /// When what it has is no identity.
    pub(super) fn of(psp: Psp, agreement: &Agreement) -> anyhow::Result<Option<Identity>> {
        if psp != Psp::Swish {
            return Ok(None);
        }
        if let Some(archive) = agreement.get("SWISH_PKCS12") {
            let password = agreement.get("SWISH_PKCS12_PASSWORD").unwrap_or_default();
            return from_pkcs12(archive, password).map(Some);
        }
        let Some(certificate) = agreement.get("SWISH_CERTIFICATE") else { return Ok(None) };
        let key = agreement.get("SWISH_PRIVATE_KEY").context("the private key is missing")?;
        Ok(Some(Identity(Zeroizing::new(format!("{certificate}\n{key}\n")))))
    }

    /// Tells identities apart.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// As a client takes it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn for_client(&self) -> anyhow::Result<reqwest::Identity> {
        reqwest::Identity::from_pem(self.0.as_bytes()).context("the certificate cannot be read")
    }
}

/// Reads a PKCS#12 file, which comes in base64.
fn from_pkcs12(archive: &str, password: &str) -> anyhow::Result<Identity> {
    let text: String = archive.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(text).context("SWISH_PKCS12 is not base64")?;
    let Ok(store) = KeyStore::from_pkcs12(&bytes, password, Pkcs12ImportPolicy::Relaxed) else {
        // The library's own words may say something about the content.
        bail!("SWISH_PKCS12 is no PKCS#12 file, or the password is wrong");
    };
    let (_, chain) = store.private_key_chain().context("SWISH_PKCS12 has no key")?;
    let mut pem = Zeroizing::new(String::new());
    for certificate in chain.certs() {
        pem.push_str(&armoured("CERTIFICATE", certificate.as_der()));
    }
    pem.push_str(&Zeroizing::new(armoured("PRIVATE KEY", chain.key().as_der())));
    Ok(Identity(pem))
}

/// Writes DER as PEM (RFC 7468).
pub(super) fn armoured(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(str::from_utf8(line).unwrap_or_default());
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
