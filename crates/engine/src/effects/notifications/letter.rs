//! What is sent: the body as it was at the time of the change, signed and, where the merchant wants
//! it, enciphered anew for each attempt.

use ledger::Timestamp;
use payments::{Endpoint, Notification};

use super::{Office, Purpose};
use crate::effects::post::Letter;
use crate::effects::webhook::{self, Envelope, Message, Secret};

/// Writes one.
///
/// # Errors
/// What operators are told where it cannot be written.
pub(super) fn write(
    office: &Office,
    endpoint: Option<&Endpoint>,
    notification: &Notification,
    now: Timestamp,
) -> Result<Letter, &'static str> {
    // It was there when the attempt was begun.
    let endpoint = endpoint.ok_or("the endpoint is gone")?;
    let payment = notification.payment().ok_or("the notification cannot be read")?;
    let open = |purpose, sealed: &str| {
        let opened = office.opener.open_sealed(endpoint.customer, purpose, sealed);
        if opened.is_none() {
            let endpoint = endpoint.number;
            tracing::error!(endpoint, ?purpose, "no key opens what an endpoint has");
        }
        opened
    };
    let secrets =
        endpoint.secrets(now).map(|sealed| Secret::parse(&open(Purpose::Signing, sealed)?));
    let secrets: Option<Vec<Secret>> = secrets.collect();
    let secrets = secrets.ok_or("the secret cannot be opened")?;
    let body = (office.compose)(&payment);
    let at_seconds = now.0.div_euclid(1_000);
    let message = Message { id: &notification.webhook_id, at_seconds, body: body.as_bytes() };
    let posted = match &endpoint.key {
        None => webhook::post(message, &secrets),
        Some(key) => {
            let key = open(Purpose::Enciphering, key).and_then(|key| Envelope::parse(&key));
            let key = key.ok_or("the key cannot be opened")?;
            let mut vector = [0; 12];
            office.randomness.fill(&mut vector);
            let sealed = key.seal(vector, body.as_bytes()).ok_or("the body is too long")?;
            webhook::post_sealed(message, &secrets, &sealed)
        }
    };
    Ok(Letter { url: notification.url.clone(), headers: posted.headers, body: posted.body })
}
