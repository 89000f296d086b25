//! Payments, with their charges and refunds.

use serde_json::{Map, Value, json};

use super::error::{
    ALREADY_CANCELLED, ALREADY_CHARGED, ALREADY_REFUNDED, Code, Fault, INVALID_REFUND,
    NOT_RESERVED, OVER_CHARGE, PARTIAL_CANCEL, ZERO_CHARGE,
};
use super::webhook::Webhook;
use crate::fields::{integer, text};
use crate::limits::MOVEMENTS_MAX;
use crate::plan::{Ending, Plan};
use crate::shelf::Forgettable;
use crate::time;
use crate::truth::{Effect, Standing, Truth};

/// How long a payment page is open, in milliseconds: a day.
pub(super) const PAGE_MS: i64 = 24 * 60 * 60 * 1000;

/// A payment.
#[derive(Debug)]
pub(super) struct Payment {
    pub(super) id: String,
    /// What the merchant sent.
    pub(super) body: Value,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) plan: Plan,
    pub(super) state: State,
    pub(super) created_ms: i64,
    pub(super) terminated_ms: Option<i64>,
    pub(super) charges: Vec<Charge>,
    pub(super) refunds: Vec<Refund>,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is decided.
    New,
    Reserved,
    /// The reservation failed: the bank said no.
    Declined,
    /// The reservation failed for a technical reason.
    Failed,
    /// The payer, or the merchant, gave up before a reservation.
    Terminated,
    /// It was open for too long.
    Expired,
    /// The merchant let go of the reservation.
    Cancelled,
}

/// A charge.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) id: String,
    pub(super) amount_minor: i64,
    pub(super) at_ms: i64,
    /// What the merchant sent.
    pub(super) body: Value,
}

/// A refund.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) amount_minor: i64,
    pub(super) state: RefundState,
    pub(super) changed_ms: i64,
    pub(super) plan: Plan,
    pub(super) reference: Option<String>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefundState {
    Pending,
    Cancelled,
    Failed,
    Completed,
}

impl Payment {
    pub(super) fn amount_minor(&self) -> i64 {
        self.order().map_or(0, |order| integer(order, "amount").unwrap_or(0))
    }

    pub(super) fn currency(&self) -> &str {
        self.order().and_then(|order| text(order, "currency")).unwrap_or_default()
    }

    pub(super) fn reference(&self) -> &str {
        self.order().and_then(|order| text(order, "reference")).unwrap_or_default()
    }

    pub(super) fn expires_ms(&self) -> i64 {
        self.created_ms.saturating_add(PAGE_MS)
    }

    /// Whether it is charged as soon as it is reserved.
    pub(super) fn is_charged_at_once(&self) -> bool {
        let checkout = self.body.get("checkout");
        checkout.and_then(|checkout| checkout.get("charge")?.as_bool()).unwrap_or(false)
    }

    pub(super) fn charged_minor(&self) -> i64 {
        self.charges.iter().fold(0, |sum, charge| sum.saturating_add(charge.amount_minor))
    }

    /// What refunds have given back, or are about to.
    fn claimed_minor(&self) -> i64 {
        let claims = self.refunds.iter().filter(|refund| match refund.state {
            RefundState::Pending | RefundState::Completed => true,
            RefundState::Cancelled | RefundState::Failed => false,
        });
        claims.fold(0, |sum, refund| sum.saturating_add(refund.amount_minor))
    }

    /// Ends a payment that nobody has decided on.
    pub(super) fn end(&mut self, ending: Ending, at_ms: i64) {
        self.state = match ending {
            Ending::Approved => State::Reserved,
            Ending::Declined => State::Declined,
            Ending::Failed => State::Failed,
            Ending::Cancelled => State::Terminated,
            Ending::Expired => State::Expired,
        };
        match self.state {
            State::Terminated | State::Expired => self.terminated_ms = Some(at_ms),
            State::New | State::Reserved | State::Declined | State::Failed | State::Cancelled => {}
        }
    }

    /// Whether so much can be charged.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) fn check_charge(&self, amount_minor: i64) -> Result<(), Fault> {
        self.check_reserved()?;
        let left_minor = self.amount_minor().saturating_sub(self.charged_minor());
        let code = match amount_minor {
            ..=0 => ZERO_CHARGE,
            _ if left_minor == 0 => ALREADY_CHARGED,
            _ if amount_minor > left_minor || self.charges.len() >= MOVEMENTS_MAX => OVER_CHARGE,
            _ => return Ok(()),
        };
        Err(Fault::Business(code))
    }

    /// Lets go of the reservation, of which nothing may be charged.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) fn cancel(&mut self, amount_minor: i64) -> Result<(), Fault> {
        self.check_reserved()?;
        if !self.charges.is_empty() {
            return Err(Fault::Business(ALREADY_CHARGED));
        }
        if amount_minor != self.amount_minor() {
            return Err(Fault::Business(PARTIAL_CANCEL));
        }
        self.state = State::Cancelled;
        Ok(())
    }

    /// Whether so much can be given back.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) fn check_refund(&self, amount_minor: i64) -> Result<(), Fault> {
        let left_minor = self.charged_minor().saturating_sub(self.claimed_minor());
        let code = match left_minor {
            _ if self.charges.is_empty() => INVALID_REFUND,
            0 => ALREADY_REFUNDED,
            _ if !(1..=left_minor).contains(&amount_minor) => INVALID_REFUND,
            _ if self.refunds.len() >= MOVEMENTS_MAX => INVALID_REFUND,
            _ => return Ok(()),
        };
        Err(Fault::Business(code))
    }

    /// The payment as it is read. What is nothing is left out of its summary.
    pub(super) fn to_json(&self) -> Value {
        let mut payment = json!({
            "paymentId": self.id,
            "summary": self.summary(),
            "consumer": self.checkout_field("consumer").cloned().unwrap_or(json!({})),
            "paymentDetails": self.details(),
            "orderDetails": {
                "amount": self.amount_minor(),
                "currency": self.currency(),
                "reference": self.reference(),
            },
            "checkout": {
                "url": self.checkout_field("url"),
                "cancelUrl": self.checkout_field("cancelUrl"),
            },
            "created": time::text(self.created_ms),
            "myReference": self.body.get("myReference"),
        });
        if let Some(fields) = payment.as_object_mut() {
            if let Some(at_ms) = self.terminated_ms {
                fields.insert("terminated".to_owned(), json!(time::text(at_ms)));
            }
            if !self.charges.is_empty() {
                let charges: Vec<Value> = self.charges.iter().map(Charge::to_json).collect();
                fields.insert("charges".to_owned(), json!(charges));
            }
            if !self.refunds.is_empty() {
                let refunds: Vec<Value> = self.refunds.iter().map(Refund::to_json).collect();
                fields.insert("refunds".to_owned(), json!(refunds));
            }
        }
        json!({ "payment": payment })
    }

    pub(super) fn checkout_field(&self, name: &str) -> Option<&Value> {
        self.body.get("checkout")?.get(name)
    }

    pub(super) fn truth(&self) -> Truth {
        let reserved = match self.state {
            State::Reserved | State::Cancelled => Effect::once(self.amount_minor()),
            State::New | State::Declined | State::Failed | State::Terminated | State::Expired => {
                Effect::default()
            }
        };
        Truth {
            standing: self.standing(),
            reserved,
            captured: Effect::of(self.charges.iter().map(|charge| charge.amount_minor)),
            refunded: Effect::of(self.completed().map(|refund| refund.amount_minor)),
        }
    }

    fn standing(&self) -> Standing {
        match self.state {
            State::New => Standing::Waiting,
            State::Reserved if self.charges.is_empty() => Standing::Reserved,
            State::Reserved => Standing::Paid,
            State::Declined => Standing::Declined,
            State::Failed => Standing::Failed,
            State::Terminated | State::Cancelled => Standing::Cancelled,
            State::Expired => Standing::Expired,
        }
    }

    fn check_reserved(&self) -> Result<(), Fault> {
        match self.state {
            State::Reserved => Ok(()),
            State::Cancelled => Err(Fault::Business(ALREADY_CANCELLED)),
            State::New | State::Declined | State::Failed | State::Terminated | State::Expired => {
                Err(Fault::Business(NOT_RESERVED))
            }
        }
    }

    fn summary(&self) -> Map<String, Value> {
        let truth = self.truth();
        let cancelled = if self.state == State::Cancelled { self.amount_minor() } else { 0 };
        let amounts = [
            ("reservedAmount", truth.reserved.amount_minor),
            ("chargedAmount", truth.captured.amount_minor),
            ("refundedAmount", truth.refunded.amount_minor),
            ("cancelledAmount", cancelled),
        ];
        let amounts = amounts.into_iter().filter(|(_, amount)| *amount != 0);
        amounts.map(|(name, amount)| (name.to_owned(), json!(amount))).collect()
    }

    fn details(&self) -> Value {
        match self.state {
            State::Reserved | State::Cancelled => json!({
                "paymentType": "CARD",
                "paymentMethod": "Visa",
                "invoiceDetails": {},
                "cardDetails": { "maskedPan": "492500******0004", "expiryDate": "1230" },
            }),
            State::New | State::Declined | State::Failed | State::Terminated | State::Expired => {
                json!({ "invoiceDetails": {}, "cardDetails": {} })
            }
        }
    }

    fn completed(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.state == RefundState::Completed)
    }

    fn order(&self) -> Option<&Value> {
        self.body.get("order")
    }
}

impl Forgettable for Payment {
    fn is_at_rest(&self) -> bool {
        self.state != State::New
    }
}

impl Charge {
    fn to_json(&self) -> Value {
        json!({
            "chargeId": self.id,
            "amount": self.amount_minor,
            "created": time::text(self.at_ms),
            "orderItems": self.body.get("orderItems"),
            "myReference": self.body.get("myReference"),
        })
    }
}

impl Refund {
    /// Where it stands.
    pub(super) fn truth(&self) -> Truth {
        match self.state {
            RefundState::Pending => Truth::standing(Standing::Waiting),
            RefundState::Cancelled => Truth::standing(Standing::Cancelled),
            RefundState::Failed => Truth::standing(Standing::Failed),
            RefundState::Completed => Truth {
                refunded: Effect::once(self.amount_minor),
                ..Truth::standing(Standing::Paid)
            },
        }
    }

    fn to_json(&self) -> Value {
        let state = match self.state {
            RefundState::Pending => "Pending",
            RefundState::Cancelled => "Cancelled",
            RefundState::Failed => "Failed",
            RefundState::Completed => "Completed",
        };
        json!({
            "refundId": self.id,
            "amount": self.amount_minor,
            "refundState": state,
            "lastUpdated": time::text(self.changed_ms),
            "myReference": self.reference,
        })
    }
}

/// Why a reservation failed.
pub(super) fn failure(state: State) -> Option<Code> {
    match state {
        State::Declined => Some(super::error::REFUSED_BY_ISSUER),
        State::Failed => Some(super::error::RESERVE_FAILED),
        State::New | State::Reserved | State::Terminated | State::Expired | State::Cancelled => {
            None
        }
    }
}
