//! Where PSPs and payers are sent: to the PSP's own address, and back to us.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use axum::http::header::HOST;
use engine::effects::Addresses;
use payments::{Payment, Psp};

use crate::http::secrets::Secrets;

/// Where the world finds us: an absolute URL without a path. Set once, since a server may know it
/// only when it listens.
#[derive(Debug, Default)]
pub struct PublicUrl(OnceLock<String>);

/// Makes the addresses of payments.
#[derive(Clone, Debug)]
pub struct PspAddresses {
    /// Where we are found.
    pub public_url: Arc<PublicUrl>,
    /// Where each PSP's API is: absolute URLs without a slash at the end.
    pub psps: BTreeMap<Psp, String>,
    /// From which the secrets of callbacks are derived.
    pub secrets: Arc<Secrets>,
}

impl PublicUrl {
    /// One that is known from the start.
    pub fn known(url: impl Into<String>) -> PublicUrl {
        PublicUrl(OnceLock::from(url.into()))
    }

    /// Sets it, unless it is set.
    pub fn set(&self, url: impl Into<String>) {
        // What was set first is what was told to others.
        drop(self.0.set(url.into()));
    }

    /// The URL. Empty before it is known.
    pub fn get(&self) -> &str {
        self.0.get().map_or("", |url| url.trim_end_matches('/'))
    }
}

impl PublicUrl {
    /// Where the world finds us, or where this client has.
    pub fn or_host(&self, headers: &HeaderMap) -> String {
        let known = self.get();
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if known.is_empty() && !host.is_empty() {
            return format!("http://{host}");
        }
        known.to_owned()
    }
}

impl PspAddresses {
    /// The addresses of a payment. The payer comes back to us, so that we hear of it, and is sent
    /// on from there: see [`payers_way`].
    pub fn of(&self, payment: &Payment) -> Addresses {
        let base = self.public_url.get();
        let psp = payment.method.psp();
        let word = psp.map_or("none", Psp::as_str);
        let secret = self.secrets.callback_secret(payment.number);
        let at = |place: &str| format!("{base}/callbacks/{place}/{}/{secret}", payment.number);
        let terms = payers_way(payment, "termsUrl").map(str::to_owned);
        Addresses {
            psp: psp.and_then(|psp| self.psps.get(&psp).cloned()).unwrap_or_default(),
            callback: at(word),
            done: at("done"),
            given_up: at("given-up"),
            terms: terms.unwrap_or_else(|| format!("{base}/callbacks/terms")),
            callback_secret: secret,
        }
    }
}

/// Where the merchant wants its payer, as the payment says in the additional properties
/// `returnUrl`,
/// `cancelUrl` and `termsUrl`.
pub fn payers_way<'p>(payment: &'p Payment, name: &str) -> Option<&'p str> {
    payment.asked.property(name).filter(|url| is_web_address(url))
}

fn is_web_address(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && !url.bytes().any(|byte| byte.is_ascii_control() || byte == b' ')
}
