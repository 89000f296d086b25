//! The error codes of Klarna (Klarna API reference, errors of Klarna Payments, the Hosted Payment
//! Page and Order Management).
//!
//! A code of a request that begins something comes to a refusal. After a code of a capture, a
//! cancellation or a refund the order is read, and decides. Codes that come with 5xx or 429 leave
//! the outcome unknown.
//!
//! | code | status | where |
//! |---|---|---|
//! | BAD_REQUEST BAD_VALUE | 400 (409) | payments, page |
//! | INVALID_OPERATION MERCHANT_INACTIVE REJECTED | 403 | payments |
//! | NOT_FOUND SESSION_COMPLETED | 404 | payments, page |
//! | CAPTURE_NOT_ALLOWED CANCEL_NOT_ALLOWED REFUND_NOT_ALLOWED NOT_ALLOWED | 403 | orders |
//! | NO_SUCH_ORDER NO_SUCH_CAPTURE NOT_FOUND | 404 (400) | orders |
//! | CONFLICT | 409 | orders |
//! | REQUEST_TOO_LARGE | 413 | orders |
//! | UNPROCESSABLE_ENTITY INVALID_ADDRESS | 422 | orders |
//! | TOO_MANY_REQUESTS | 429 | orders |
//! | INTERNAL_SERVER_ERROR UNEXPECTED_ERROR | 500 | all |
//! | TEMPORARILY_UNAVAILABLE | 502 503 504 | orders |

use serde::Deserialize;

use crate::answer::explained;
use crate::exchange::Response;

/// The codes and what they mean.
const TEXTS: [(&str, &str); 21] = [
    ("BAD_REQUEST", "the request is malformed"),
    ("BAD_VALUE", "a value is wrong"),
    ("INVALID_OPERATION", "the operation is not possible now"),
    ("MERCHANT_INACTIVE", "the merchant is not active at Klarna"),
    ("REJECTED", "Klarna rejects the purchase"),
    ("NOT_FOUND", "Klarna does not know it"),
    ("SESSION_COMPLETED", "the session has become an order"),
    ("CAPTURE_NOT_ALLOWED", "the order cannot be captured"),
    ("CANCEL_NOT_ALLOWED", "the order cannot be cancelled"),
    ("REFUND_NOT_ALLOWED", "the order cannot be refunded"),
    ("NOT_ALLOWED", "the order does not allow it"),
    ("NO_SUCH_ORDER", "Klarna does not know the order"),
    ("NO_SUCH_CAPTURE", "Klarna does not know the capture"),
    ("CONFLICT", "something else is being done with the order"),
    ("REQUEST_TOO_LARGE", "the request is too large"),
    ("UNPROCESSABLE_ENTITY", "the request makes no sense for the order"),
    ("INVALID_ADDRESS", "the address is invalid"),
    ("TOO_MANY_REQUESTS", "too many requests"),
    ("INTERNAL_SERVER_ERROR", "Klarna has an error"),
    ("UNEXPECTED_ERROR", "Klarna has an error that it did not expect"),
    ("TEMPORARILY_UNAVAILABLE", "Klarna is not available"),
];

#[derive(Deserialize)]
struct Problem {
    error_code: String,
    #[serde(default)]
    error_messages: Vec<String>,
}

/// What a code means, for people.
pub fn text(code: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// The code of an answer.
pub(super) fn code(response: &Response) -> Option<String> {
    response.read().map(|problem: Problem| problem.error_code)
}

/// What an answer says went wrong: the code, its text, and Klarna's own words, which name the
/// field.
pub(super) fn info(response: &Response) -> String {
    let Some(problem) = response.read::<Problem>() else {
        return format!("HTTP {}", response.status);
    };
    let ours = explained(&problem.error_code, text(&problem.error_code), None);
    let theirs = problem.error_messages.join("; ");
    if theirs.is_empty() { ours } else { format!("{ours} ({theirs})") }
}
