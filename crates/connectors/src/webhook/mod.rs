//! Notifications as they go over the wire: signed as Standard Webhooks 1.0 says, and enciphered
//! where the merchant wants it.
//!
//! What is enciphered is signed as it is sent, so that a receiver checks before it deciphers.

mod envelope;
mod secret;
#[cfg(test)]
mod tests;

pub use envelope::{Envelope, Sealed};
pub use secret::{SECRET_BYTES_DEFAULT, SECRET_BYTES_MAX, SECRET_BYTES_MIN, Secret};

/// Most secrets that one notification is signed with.
pub const SECRETS_MAX: usize = 4;

/// One notification.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// What a receiver knows it by, however often it comes: graphic ASCII without a full stop.
    pub id: &'m str,
    /// When this attempt is made, in seconds since 1970. Receivers refuse what is older or younger
    /// than some minutes.
    pub at_seconds: i64,
    /// The JSON text.
    pub body: &'m [u8],
}

/// What is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// `content-type`, the three of Standard Webhooks, and the two of the envelope where there is
    /// one.
    pub headers: Vec<(&'static str, String)>,
    /// As it was signed.
    pub body: Vec<u8>,
}

/// Writes a notification as it is posted. `secrets` are those that are good now, the newest first:
/// more than one while a secret is replaced, at most [`SECRETS_MAX`].
pub fn post(message: Message<'_>, secrets: &[Secret]) -> Posted {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    headers.extend(signed(message, secrets));
    Posted { headers, body: message.body.to_vec() }
}

/// As [`post`], with a body that was enciphered (contract 004, §2.9): its two headers, and as the
/// body the ciphertext in hexadecimal digits. `message.body` is not looked at.
pub fn post_sealed(message: Message<'_>, secrets: &[Secret], sealed: &Sealed) -> Posted {
    let body = sealed.ciphertext.as_bytes();
    let mut headers = vec![("content-type", "text/plain".to_owned())];
    headers.extend(signed(Message { body, ..message }, secrets));
    headers.push((envelope::VECTOR_HEADER, sealed.vector.clone()));
    headers.push((envelope::TAG_HEADER, sealed.tag.clone()));
    Posted { headers, body: body.to_vec() }
}

/// The three headers of Standard Webhooks.
fn signed(message: Message<'_>, secrets: &[Secret]) -> [(&'static str, String); 3] {
    debug_assert!(message.id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.'));
    debug_assert!(secrets.len() <= SECRETS_MAX);
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(message)).collect();
    [
        ("webhook-id", message.id.to_owned()),
        ("webhook-timestamp", message.at_seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}
