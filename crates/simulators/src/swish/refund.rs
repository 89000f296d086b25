//! Refunds.

use serde_json::{Value, json};

use super::amount;
use super::codes::{AM03, Code, FF08, PA01, RF02, RP01, RP02};
use super::payment::{
    callback_fault, is_message, is_optional, is_payee_alias, is_reference, letter,
};
use crate::fields::text;
use crate::outbox::Letter;
use crate::plan::Plan;
use crate::shelf::Forgettable;
use crate::time;
use crate::truth::{Effect, Standing, Truth};

/// A refund.
#[derive(Debug)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) order: RefundOrder,
    pub(super) plan: Plan,
    pub(super) status: RefundStatus,
    /// Why it fails, or would.
    pub(super) failure: Option<Code>,
    pub(super) payee_alias: Option<String>,
    pub(super) created_ms: i64,
    pub(super) paid_ms: Option<i64>,
    pub(super) bank_reference: String,
}

/// What the merchant asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RefundOrder {
    pub(super) original: String,
    pub(super) reference: Option<String>,
    pub(super) callback_url: String,
    pub(super) callback_identifier: Option<String>,
    /// The merchant, who pays this time.
    pub(super) payer_alias: String,
    pub(super) amount_minor: i64,
    pub(super) message: Option<String>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefundStatus {
    Created,
    Validated,
    Debited,
    Paid,
    Error,
}

impl Refund {
    /// Takes the next step.
    pub(super) fn step(&mut self, at_ms: i64) {
        self.status = match self.status {
            RefundStatus::Created => RefundStatus::Validated,
            RefundStatus::Validated if self.failure.is_some() => RefundStatus::Error,
            RefundStatus::Validated => RefundStatus::Debited,
            RefundStatus::Debited | RefundStatus::Paid => RefundStatus::Paid,
            RefundStatus::Error => RefundStatus::Error,
        };
        if self.status == RefundStatus::Paid {
            self.paid_ms = Some(at_ms);
        }
    }

    /// When the next step is due; `None` when there is none.
    pub(super) fn next_step_ms(&self) -> Option<i64> {
        let delay_ms = self.plan.delay_ms;
        let after_ms = match self.status {
            RefundStatus::Created => delay_ms / 3,
            RefundStatus::Validated => delay_ms - delay_ms / 3,
            RefundStatus::Debited => delay_ms,
            RefundStatus::Paid | RefundStatus::Error => return None,
        };
        Some(self.created_ms.saturating_add(after_ms))
    }

    /// Whether the merchant is told that it stands there.
    pub(super) fn is_told(&self) -> bool {
        match self.status {
            RefundStatus::Debited | RefundStatus::Paid | RefundStatus::Error => true,
            RefundStatus::Created | RefundStatus::Validated => false,
        }
    }

    /// The object, as it is read and called back.
    pub(super) fn to_json(&self) -> Value {
        let error = self.failure.filter(|_| self.status == RefundStatus::Error);
        json!({
            "id": self.id,
            "originalPaymentReference": self.order.original,
            "payerPaymentReference": self.order.reference,
            "paymentReference": self.paid_ms.map(|_| self.bank_reference.as_str()),
            "callbackUrl": self.order.callback_url,
            "callbackIdentifier": self.order.callback_identifier,
            "payerAlias": self.order.payer_alias,
            "payeeAlias": self.payee_alias,
            "amount": amount::write(self.order.amount_minor),
            "currency": "SEK",
            "message": self.order.message,
            "status": self.status.as_str(),
            "dateCreated": time::text(self.created_ms),
            "datePaid": self.paid_ms.map(time::text),
            "errorCode": error.map(|code| code.word),
            "errorMessage": error.map(|code| code.text),
            "additionalInformation": null,
        })
    }

    pub(super) fn letter(&self) -> Letter {
        let order = &self.order;
        letter(&order.callback_url, order.callback_identifier.as_deref(), &self.to_json())
    }

    pub(super) fn truth(&self) -> Truth {
        match self.status {
            RefundStatus::Created | RefundStatus::Validated | RefundStatus::Debited => {
                Truth::standing(Standing::Waiting)
            }
            RefundStatus::Error => Truth::standing(Standing::Failed),
            RefundStatus::Paid => Truth {
                refunded: Effect::once(self.order.amount_minor),
                ..Truth::standing(Standing::Paid)
            },
        }
    }
}

impl Forgettable for Refund {
    fn is_at_rest(&self) -> bool {
        self.next_step_ms().is_none()
    }
}

impl RefundStatus {
    fn as_str(self) -> &'static str {
        match self {
            RefundStatus::Created => "CREATED",
            RefundStatus::Validated => "VALIDATED",
            RefundStatus::Debited => "DEBITED",
            RefundStatus::Paid => "PAID",
            RefundStatus::Error => "ERROR",
        }
    }
}

impl RefundOrder {
    /// Reads what the merchant asks for.
    ///
    /// # Errors
    /// All that is wrong with it, but for what only the original payment can tell.
    pub(super) fn read(body: &Value) -> Result<RefundOrder, Vec<Code>> {
        let mut wrong = Vec::new();
        if text(body, "originalPaymentReference").is_none_or(str::is_empty) {
            wrong.push(RF02);
        }
        if !is_reference(body, "payerPaymentReference") {
            wrong.push(FF08);
        }
        wrong.extend(callback_fault(body));
        match text(body, "payerAlias").unwrap_or_default() {
            "" => wrong.push(RP01),
            alias if !is_payee_alias(alias) => wrong.push(PA01),
            _ => {}
        }
        let amount = amount::read(body.get("amount"));
        wrong.extend(amount.err());
        if text(body, "currency") != Some("SEK") {
            wrong.push(AM03);
        }
        if !is_optional(body, "message", is_message) {
            wrong.push(RP02);
        }
        match amount {
            Ok(amount_minor) if wrong.is_empty() => Ok(RefundOrder::of(body, amount_minor)),
            _ => Err(wrong),
        }
    }

    fn of(body: &Value, amount_minor: i64) -> RefundOrder {
        let owned = |name| text(body, name).map(str::to_owned);
        RefundOrder {
            original: owned("originalPaymentReference").unwrap_or_default(),
            reference: owned("payerPaymentReference"),
            callback_url: owned("callbackUrl").unwrap_or_default(),
            callback_identifier: owned("callbackIdentifier"),
            payer_alias: owned("payerAlias").unwrap_or_default(),
            amount_minor,
            message: owned("message"),
        }
    }
}
