//! Who calls, and what there is to learn from it.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use engine::Vault as _;
use hmac::{Hmac, KeyInit, Mac};
use payments::{Event, Payee, Payment, Psp};
use serde_json::Value;
use sha2::Sha256;

use crate::Platform;
use crate::http::secrets::is_same;

/// Swish: what was registered as `callbackIdentifier`.
const CALLBACK_IDENTIFIER: HeaderName = HeaderName::from_static("callbackidentifier");

/// Santander: `sha256=` and the HMAC of the body in hexadecimal digits.
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

/// Easy: a reservation came about in vain.
const RESERVATION_FAILED: &str = "payment.reservation.failed";

/// Longest name that a PSP may give a payment, in characters.
const REFERENCE_CHARS_MAX: usize = 128;

/// What a call tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// What the PSP calls the payment: of use where the answer that told it was lost.
    pub(super) reference: Option<String>,
    /// How it says that the payment has ended without money.
    pub(super) ends_as: Option<Event>,
}

/// Who says that it is the PSP.
pub(super) struct Sender<'s> {
    pub(super) platform: &'s Platform,
    pub(super) psp: Psp,
    pub(super) payment: &'s Payment,
}

impl Sender<'_> {
    /// What there is to learn. `None` where the call is not the PSP's.
    pub(super) fn news(&self, headers: &HeaderMap, body: &[u8]) -> Option<News> {
        let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
        let ours = self.platform.secrets.callback_secret(self.payment.number);
        let is_right = |name: &HeaderName| {
            headers.get(name).map(|header| is_same(ours.as_bytes(), header.as_bytes()))
        };
        // A header that is not there was lost on the way, and the secret in the address still
        // holds. A wrong one was not sent by the PSP.
        match self.psp {
            Psp::Swish => is_right(&CALLBACK_IDENTIFIER).unwrap_or(true).then(News::default),
            Psp::Easy => {
                let sent = is_right(&AUTHORIZATION);
                let ends_as = ends_as(&parsed).filter(|_| sent == Some(true));
                let reference = reference(&parsed, "/data/paymentId");
                sent.unwrap_or(true).then_some(News { reference, ends_as })
            }
            Psp::Klarna => {
                let reference = reference(&parsed, "/session/session_id");
                Some(News { reference, ends_as: None })
            }
            Psp::Santander => {
                let reference = reference(&parsed, "/applicationId");
                self.is_signed(headers, body).then_some(News { reference, ends_as: None })
            }
        }
    }

    /// Whether the merchant's secret signed the body.
    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let customer = self.payment.merchant.customer;
        let payee = Payee::find(&self.platform.engine.directory(), customer);
        let mut secrets = payee.terms(self.psp).filter(|(name, _)| *name == "SANTANDER_SECRET");
        let secret = secrets
            .next()
            .and_then(|(name, sealed)| self.platform.vault.open(customer, self.psp, name, sealed));
        let mac = secret.and_then(|it| Hmac::<Sha256>::new_from_slice(it.as_bytes()).ok());
        let Some((mut mac, sent)) = mac.zip(headers.get(SIGNATURE)) else { return false };
        mac.update(body);
        let ours = estate::draw::hex(&mac.finalize().into_bytes());
        is_same(format!("sha256={ours}").as_bytes(), sent.as_bytes())
    }
}

/// Easy's reading does not tell that the payer was declined: the payment looks new. The webhook
/// does.
fn ends_as(body: &Value) -> Option<Event> {
    if body.get("event")? != RESERVATION_FAILED {
        return None;
    }
    let source = body.pointer("/data/error/source").and_then(Value::as_str);
    let is_technical = source.is_some_and(|source| source.eq_ignore_ascii_case("internal"));
    Some(if is_technical { Event::Fail } else { Event::Reject })
}

fn reference(body: &Value, pointer: &str) -> Option<String> {
    let found = body.pointer(pointer)?.as_str()?;
    let is_plain = found.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_fit = is_plain && (1..=REFERENCE_CHARS_MAX).contains(&found.len());
    is_fit.then(|| found.to_owned())
}
