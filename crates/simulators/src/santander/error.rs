//! The loan contract's errors.

use serde_json::json;

use crate::wire::WireAnswer;

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    status: u16,
    code: &'static str,
    message: String,
}

impl Fault {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Fault {
        Fault { status, code, message: message.into() }
    }

    /// No credential.
    pub(super) fn unauthorized() -> Fault {
        Fault::new(401, "UNAUTHORIZED", "the merchant's secret is missing")
    }

    /// No such thing.
    pub(super) fn missing() -> Fault {
        Fault::new(404, "NOT_FOUND", "there is no such thing")
    }

    /// The body is not JSON.
    pub(super) fn malformed() -> Fault {
        Fault::new(400, "INVALID_FIELD", "the body is no JSON object")
    }

    /// A field that cannot be.
    pub(super) fn invalid(name: &str, what: &str) -> Fault {
        Fault::new(400, "INVALID_FIELD", format!("{name}: {what}"))
    }

    /// A key that was used for something else.
    pub(super) fn key_reused() -> Fault {
        Fault::new(422, "KEY_REUSED", "the idempotency key was used for something else")
    }

    /// Something that the application's status does not allow.
    pub(super) fn not_allowed() -> Fault {
        Fault::new(409, "NOT_ALLOWED", "the application's status does not allow it")
    }

    /// An amount that is not lent.
    pub(super) fn amount_limit(message: impl Into<String>) -> Fault {
        Fault::new(422, "AMOUNT_LIMIT", message)
    }

    /// More than was approved, or than was delivered.
    pub(super) fn amount_exceeded(message: &str) -> Fault {
        Fault::new(422, "AMOUNT_EXCEEDED", message)
    }

    /// The bank does not want to.
    pub(super) fn refused() -> Fault {
        Fault::new(422, "REFUSED", "the bank refuses")
    }

    pub(super) fn answer(&self) -> WireAnswer {
        WireAnswer::json(self.status, &json!({ "code": self.code, "message": self.message }))
    }
}
