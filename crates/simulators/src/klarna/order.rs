//! Orders: what was authorized, and what became of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::Fault;
use crate::fields::integer;
use crate::limits::MOVEMENTS_MAX;
use crate::shelf::Forgettable;
use crate::time;
use crate::truth::{Effect, Standing, Truth};

/// How long an authorization holds, in milliseconds: 28 days.
pub(super) const AUTHORIZATION_MS: i64 = 28 * 24 * 60 * 60 * 1000;

/// An order.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) id: String,
    /// What the payments session said.
    pub(super) ordered: Arc<Value>,
    pub(super) klarna_reference: String,
    pub(super) captures: Vec<Movement>,
    pub(super) refunds: Vec<Movement>,
    /// What was let go of the authorization, in minor units.
    pub(super) released_minor: i64,
    pub(super) is_cancelled: bool,
    pub(super) is_expired: bool,
    pub(super) created_ms: i64,
    pub(super) expires_ms: i64,
}

/// A capture or a refund.
#[derive(Clone, Debug)]
pub(super) struct Movement {
    pub(super) id: String,
    pub(super) amount_minor: i64,
    pub(super) at_ms: i64,
    /// What the merchant sent.
    pub(super) body: Value,
}

impl Order {
    pub(super) fn amount_minor(&self) -> i64 {
        integer(&self.ordered, "order_amount").unwrap_or(0)
    }

    pub(super) fn captured_minor(&self) -> i64 {
        sum(&self.captures)
    }

    pub(super) fn refunded_minor(&self) -> i64 {
        sum(&self.refunds)
    }

    /// What can still be captured.
    pub(super) fn remaining_minor(&self) -> i64 {
        let gone = self.captured_minor().saturating_add(self.released_minor);
        self.amount_minor().saturating_sub(gone)
    }

    /// Captures.
    ///
    /// # Errors
    /// When the authorization does not allow it.
    pub(super) fn capture(&mut self, movement: Movement) -> Result<(), Fault> {
        let code = "CAPTURE_NOT_ALLOWED";
        if self.is_cancelled || self.is_expired {
            return Err(Fault::forbidden(code, "The order is not authorized any more"));
        }
        if movement.amount_minor > self.remaining_minor() {
            return Err(Fault::forbidden(code, "Not enough is left of the authorization"));
        }
        push(&mut self.captures, movement)
    }

    /// Whether so much can be given back.
    ///
    /// # Errors
    /// When less was captured.
    pub(super) fn check_refund(&self, amount_minor: i64) -> Result<(), Fault> {
        let left_minor = self.captured_minor().saturating_sub(self.refunded_minor());
        if amount_minor > left_minor {
            let message = "More than what was captured and not refunded";
            return Err(Fault::forbidden("REFUND_NOT_ALLOWED", message));
        }
        Ok(())
    }

    /// Gives back.
    ///
    /// # Errors
    /// When less was captured.
    pub(super) fn refund(&mut self, movement: Movement) -> Result<(), Fault> {
        self.check_refund(movement.amount_minor)?;
        push(&mut self.refunds, movement)
    }

    /// Cancels.
    ///
    /// # Errors
    /// When something was captured, or it is over.
    pub(super) fn cancel(&mut self) -> Result<(), Fault> {
        if self.is_cancelled || self.is_expired || !self.captures.is_empty() {
            let message = "The order is captured or closed";
            return Err(Fault::forbidden("CANCEL_NOT_ALLOWED", message));
        }
        self.is_cancelled = true;
        self.released_minor = self.amount_minor();
        Ok(())
    }

    /// Lets go of what is not captured.
    ///
    /// # Errors
    /// When nothing is captured, or it is over.
    pub(super) fn release(&mut self) -> Result<(), Fault> {
        if self.is_cancelled || self.captures.is_empty() {
            let message = "The order is cancelled or has no capture";
            return Err(Fault::forbidden("NOT_ALLOWED", message));
        }
        self.released_minor = self.released_minor.saturating_add(self.remaining_minor());
        Ok(())
    }

    /// Holds for longer.
    ///
    /// # Errors
    /// When nothing is held.
    pub(super) fn extend(&mut self) -> Result<(), Fault> {
        if self.remaining_minor() == 0 {
            return Err(Fault::forbidden("NOT_ALLOWED", "Nothing is authorized"));
        }
        self.expires_ms = self.expires_ms.saturating_add(AUTHORIZATION_MS);
        Ok(())
    }

    /// The authorization ends.
    pub(super) fn expire(&mut self) {
        self.is_expired = self.captures.is_empty() && !self.is_cancelled;
        self.released_minor = self.released_minor.saturating_add(self.remaining_minor());
    }

    pub(super) fn status(&self) -> &'static str {
        match (self.is_cancelled, self.is_expired, self.captures.is_empty()) {
            (true, _, _) => "CANCELLED",
            (_, true, _) => "EXPIRED",
            (_, _, true) => "AUTHORIZED",
            _ if self.remaining_minor() == 0 => "CAPTURED",
            _ => "PART_CAPTURED",
        }
    }

    /// The order as it is read.
    pub(super) fn to_json(&self) -> Value {
        let captures: Vec<Value> = self.captures.iter().map(|one| self.capture_json(one)).collect();
        let refunds: Vec<Value> = self.refunds.iter().map(Movement::refund_json).collect();
        let sent = |name: &str| self.ordered.get(name).cloned().unwrap_or(Value::Null);
        json!({
            "order_id": self.id,
            "status": self.status(),
            "fraud_status": "ACCEPTED",
            "order_amount": self.amount_minor(),
            "original_order_amount": self.amount_minor(),
            "captured_amount": self.captured_minor(),
            "refunded_amount": self.refunded_minor(),
            "remaining_authorized_amount": self.remaining_minor(),
            "purchase_currency": sent("purchase_currency"),
            "purchase_country": sent("purchase_country"),
            "locale": sent("locale"),
            "order_lines": sent("order_lines"),
            "merchant_reference1": sent("merchant_reference1"),
            "merchant_reference2": sent("merchant_reference2"),
            "klarna_reference": self.klarna_reference,
            "created_at": time::text(self.created_ms),
            "expires_at": time::text(self.expires_ms),
            "captures": captures,
            "refunds": refunds,
            "initial_payment_method": {
                "type": "INVOICE",
                "description": "Pay later",
                "number_of_installments": 1,
            },
        })
    }

    /// A capture as it is read.
    pub(super) fn capture_json(&self, capture: &Movement) -> Value {
        json!({
            "capture_id": capture.id,
            "klarna_reference": self.klarna_reference,
            "captured_amount": capture.amount_minor,
            "captured_at": time::text(capture.at_ms),
            "description": capture.body.get("description"),
            "reference": capture.body.get("reference"),
            "order_lines": capture.body.get("order_lines"),
        })
    }

    pub(super) fn truth(&self) -> Truth {
        let standing = match (self.is_cancelled, self.is_expired, self.captures.is_empty()) {
            (true, _, _) => Standing::Cancelled,
            (_, true, _) => Standing::Expired,
            (_, _, true) => Standing::Reserved,
            _ => Standing::Paid,
        };
        let amounts = |movements: &[Movement]| {
            Effect::of(movements.iter().map(|movement| movement.amount_minor))
        };
        Truth {
            standing,
            reserved: Effect::once(self.amount_minor()),
            captured: amounts(&self.captures),
            refunded: amounts(&self.refunds),
        }
    }
}

impl Movement {
    /// A refund as it is read.
    pub(super) fn refund_json(&self) -> Value {
        json!({
            "refund_id": self.id,
            "refunded_amount": self.amount_minor,
            "refunded_at": time::text(self.at_ms),
            "description": self.body.get("description"),
            "reference": self.body.get("reference"),
            "order_lines": self.body.get("order_lines"),
        })
    }
}

impl Forgettable for Order {
    fn is_at_rest(&self) -> bool {
        true
    }
}

/// What a movement of an order asks for.
///
/// # Errors
/// When there is no amount, or none that can be.
pub(super) fn amount(body: &Value, name: &str) -> Result<i64, Fault> {
    let amount = integer(body, name).filter(|amount| *amount > 0);
    amount.ok_or_else(|| Fault::bad_values(vec![name.to_owned()]))
}

fn push(movements: &mut Vec<Movement>, movement: Movement) -> Result<(), Fault> {
    if movements.len() >= MOVEMENTS_MAX {
        return Err(Fault::forbidden("NOT_ALLOWED", "The order has too many of them"));
    }
    movements.push(movement);
    Ok(())
}

fn sum(movements: &[Movement]) -> i64 {
    movements.iter().fold(0, |sum, movement| sum.saturating_add(movement.amount_minor))
}
