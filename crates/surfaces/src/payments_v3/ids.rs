//! The ids that paths name.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

/// Digits of an id of this contract.
const DIGITS: usize = 32;

/// The id that a path names: 32 lower-case hexadecimal digits. Empty, which names nothing, where it
/// cannot be one: who asks is told so only after it is known who asks.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.map(|Path(id)| id).ok().filter(|id| is_id(id));
        Ok(Id(id.unwrap_or_default()))
    }
}

fn is_id(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == DIGITS && text.bytes().all(is_digit)
}
