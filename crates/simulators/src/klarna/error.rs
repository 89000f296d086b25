//! Klarna's errors.

use serde_json::json;

use crate::backstage::Backstage;
use crate::wire::WireAnswer;

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) messages: Vec<String>,
}

impl Fault {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Fault {
        Fault { status, code, messages: vec![message.into()] }
    }

    /// Fields with values that cannot be.
    pub(super) fn bad_values(fields: Vec<String>) -> Fault {
        let messages = fields.into_iter().map(|field| format!("Bad value: {field}")).collect();
        Fault { status: 400, code: "BAD_VALUE", messages }
    }

    /// Something is not there.
    pub(super) fn not_found(code: &'static str) -> Fault {
        Fault::new(404, code, "Not found")
    }

    /// Something cannot be done with an order.
    pub(super) fn forbidden(code: &'static str, message: impl Into<String>) -> Fault {
        Fault::new(403, code, message)
    }

    pub(super) fn answer(&self, backstage: &mut Backstage) -> WireAnswer {
        let body = json!({
            "error_code": self.code,
            "error_messages": self.messages,
            "correlation_id": backstage.ids.uuid(),
        });
        WireAnswer::json(self.status, &body)
    }
}
