//! The error codes of the neutral loan contract. A body is `{"code", "message"}`.
//!
//! | code | status | meaning |
//! |---|---|---|
//! | `INVALID_FIELD` | 400 | a field is missing or wrong; the message names it |
//! | UNAUTHORIZED | 401 | the secret is wrong |
//! | FORBIDDEN | 403 | the merchant has no agreement |
//! | `NOT_FOUND` | 404 | there is no such application |
//! | `NOT_ALLOWED` | 409 | the status does not allow it |
//! | `AMOUNT_LIMIT` | 422 | the amount is outside what is lent |
//! | `AMOUNT_EXCEEDED` | 422 | more than was approved, or than was delivered |
//! | `KEY_REUSED` | 422 | the idempotency key came with another body before |
//!
//! A code of a request that begins something comes to a refusal. After a code of a delivery or a
//! cancellation the application is read, and decides.

use serde::Deserialize;

use crate::answer::explained;
use crate::exchange::Response;

/// The codes and what they mean.
const TEXTS: [(&str, &str); 8] = [
    ("INVALID_FIELD", "a field is missing or wrong"),
    ("UNAUTHORIZED", "the secret is wrong"),
    ("FORBIDDEN", "the merchant has no agreement"),
    ("NOT_FOUND", "there is no such application"),
    ("NOT_ALLOWED", "the application's status does not allow it"),
    ("AMOUNT_LIMIT", "the amount is outside what is lent"),
    ("AMOUNT_EXCEEDED", "it is more than was approved or delivered"),
    ("KEY_REUSED", "the idempotency key was used for something else"),
];

#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    message: String,
}

/// What a code means, for people.
pub fn text(code: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// What an answer says went wrong.
pub(super) fn info(response: &Response) -> String {
    match response.read::<Problem>() {
        Some(problem) => explained(&problem.code, text(&problem.code), Some(&problem.message)),
        None => format!("HTTP {}", response.status),
    }
}
