//! Who calls: a consumer's key and secret, or a token that stands for them.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use estate::Customer;
use ledger::ids::Hasher;
use ledger::{Contract, Credential, CredentialId, Directory, Scope};

use super::problem::Problem;
use crate::Platform;
use crate::http::callers::{credential, credential_by_id};

/// Who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    credential: Arc<Credential>,
    /// The customer that the consumer may act for, with all below it.
    pub(super) root: i64,
}

impl Caller {
    /// # Errors
    /// 401 for everybody who is not a consumer of some customer.
    pub(super) fn of(platform: &Platform, headers: &HeaderMap) -> Result<Caller, Problem> {
        let credential = bearer(headers).and_then(|token| of_token(platform, token));
        let credential = credential.ok_or_else(Problem::not_allowed)?;
        match credential.scope {
            Scope::Customer(root) => Ok(Caller { credential, root }),
            Scope::Installation | Scope::Company { .. } => Err(Problem::not_allowed()),
        }
    }

    /// What the journal calls it.
    pub(super) fn actor(&self) -> String {
        self.credential.label.clone()
    }

    /// The merchant that is called so.
    ///
    /// # Errors
    /// 401, the same for one that is unknown and for one that the caller may not act for.
    pub(super) fn merchant(&self, directory: &Directory, id: &str) -> Result<Customer, Problem> {
        let found = directory.document_named(&Customer::merchant_name(id));
        let found = found.and_then(|found| Customer::of(found));
        let found = found.filter(|customer| self.reaches(directory, customer.number));
        found.ok_or_else(Problem::not_allowed)
    }

    /// Whether it may act for a customer.
    pub(super) fn reaches(&self, directory: &Directory, customer: i64) -> bool {
        Customer::is_within(directory, self.root, customer)
    }

    /// A hasher that begins with the customer that the caller acts for: a consumer that is given
    /// another key finds its own answers again.
    pub(super) fn hasher(&self, purpose: &str) -> Hasher {
        Hasher::new(purpose).number(self.root)
    }
}

/// The consumer whose key and secret these are.
pub(super) fn consumer(platform: &Platform, key: &str, secret: &str) -> Option<Arc<Credential>> {
    let found = credential(platform, Contract::Aapay, secret).ok()?;
    (found.login.as_deref() == Some(key)).then_some(found)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn of_token(platform: &Platform, token: &str) -> Option<Arc<Credential>> {
    if let Some((credential, until_ms)) = platform.secrets.read_access_token(token) {
        let is_good = platform.now().0 < until_ms;
        let id = CredentialId(credential);
        return is_good.then(|| credential_by_id(platform, Contract::Aapay, id).ok()).flatten();
    }
    let (key, secret) = pair(token)?;
    consumer(platform, &key, &secret)
}

/// A key and a secret that are written as Base64, in either alphabet, padded or not.
pub(super) fn pair(text: &str) -> Option<(String, String)> {
    let standard = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let bytes = STANDARD_NO_PAD.decode(standard).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (key, secret) = text.split_once(':')?;
    Some((key.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_in_every_way_of_writing_them() {
        let expected = Some(("demo".to_owned(), "s?>:åäö".to_owned()));
        for text in ["ZGVtbzpzPz46w6XDpMO2", "ZGVtbzpzPz46w6XDpMO2=", "ZGVtbzpzPz46w6XDpMO2=="] {
            assert_eq!(pair(text), expected, "{text}");
        }
        let padded = STANDARD_NO_PAD.encode("a:~~??>>");
        let other = padded.replace('+', "-").replace('/', "_");
        assert_ne!(padded, other);
        for text in [padded.clone() + "=", other.clone(), other + "=", padded] {
            assert_eq!(pair(&text), Some(("a".to_owned(), "~~??>>".to_owned())), "{text}");
        }
        for text in ["", "=", "ZGVtbw", "*", "w6XDpMO", "/////w"] {
            assert_eq!(pair(text), None, "{text}");
        }
    }
}
