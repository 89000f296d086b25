//! Loan applications.

use serde_json::{Value, json};

use super::error::Fault;
use crate::fields::{field, integer, is_capitals, is_url, list, text};
use crate::limits::{MOVEMENTS_MAX, ORDER_LINES_MAX};
use crate::plan::{Ending, Plan};
use crate::shelf::Forgettable;
use crate::time;
use crate::truth::{Effect, Standing, Truth};

/// How long an application is open, in milliseconds: a day.
pub(super) const OPEN_MS: i64 = 24 * 60 * 60 * 1000;

/// Where loans are given.
const COUNTRIES: [&str; 4] = ["DK", "FI", "NO", "SE"];

/// From and to how much, in minor units.
const AMOUNTS: [(&str, i64, i64); 4] = [
    ("DKK", 200_000, 10_000_000),
    ("EUR", 30_000, 750_000),
    ("NOK", 199_000, 5_000_000),
    ("SEK", 54_000, 10_000_000),
];

/// A loan application.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) id: String,
    /// What the merchant sent.
    pub(super) body: Value,
    /// What callbacks are signed with.
    pub(super) secret: String,
    pub(super) redirect_url: String,
    pub(super) plan: Plan,
    pub(super) state: State,
    /// When the applicant got the address; `None` while nobody has it.
    pub(super) found_ms: Option<i64>,
    pub(super) created_ms: i64,
    pub(super) delivered: Vec<i64>,
    pub(super) refunds: Vec<Refund>,
}

/// Where an application stands, but for what its movements tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Approved,
    Declined,
    Cancelled,
    Expired,
    Failed,
    /// All that was not let go is delivered.
    Delivered,
}

/// A refund.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) amount_minor: i64,
    pub(super) reference: String,
}

impl Application {
    pub(super) fn amount_minor(&self) -> i64 {
        integer(&self.body, "amount").unwrap_or(0)
    }

    pub(super) fn order_id(&self) -> &str {
        text(&self.body, "orderId").unwrap_or_default()
    }

    pub(super) fn expires_ms(&self) -> i64 {
        self.created_ms.saturating_add(OPEN_MS)
    }

    /// When the applicant, or time, decides.
    pub(super) fn decided_ms(&self) -> i64 {
        let expires_ms = self.expires_ms();
        self.found_ms.map_or(expires_ms, |found_ms| {
            found_ms.saturating_add(self.plan.delay_ms).min(expires_ms)
        })
    }

    pub(super) fn delivered_minor(&self) -> i64 {
        self.delivered.iter().fold(0, |sum, amount| sum.saturating_add(*amount))
    }

    pub(super) fn refunded_minor(&self) -> i64 {
        self.refunds.iter().fold(0, |sum, refund| sum.saturating_add(refund.amount_minor))
    }

    /// Decides on an application that is open.
    pub(super) fn end(&mut self, ending: Ending) {
        self.state = match ending {
            Ending::Approved => State::Approved,
            Ending::Declined => State::Declined,
            Ending::Cancelled => State::Cancelled,
            Ending::Expired => State::Expired,
            Ending::Failed => State::Failed,
        };
    }

    /// Delivers, in part or whole.
    ///
    /// # Errors
    /// When it is not approved, or not for so much.
    pub(super) fn deliver(&mut self, amount_minor: i64) -> Result<(), Fault> {
        let left_minor = self.amount_minor().saturating_sub(self.delivered_minor());
        if self.state != State::Approved || self.delivered.len() >= MOVEMENTS_MAX {
            return Err(Fault::not_allowed());
        }
        if amount_minor > left_minor {
            let message = "more than what is left of the approved amount";
            return Err(Fault::amount_exceeded(message));
        }
        self.delivered.push(amount_minor);
        if amount_minor == left_minor {
            self.state = State::Delivered;
        }
        Ok(())
    }

    /// Lets go of what is not delivered.
    ///
    /// # Errors
    /// When nothing is left to let go of.
    pub(super) fn cancel(&mut self) -> Result<(), Fault> {
        self.state = match self.state {
            State::Open | State::Cancelled => State::Cancelled,
            State::Approved if self.delivered.is_empty() => State::Cancelled,
            State::Approved => State::Delivered,
            State::Declined | State::Expired | State::Failed | State::Delivered => {
                return Err(Fault::not_allowed());
            }
        };
        Ok(())
    }

    /// Whether so much can be given back.
    ///
    /// # Errors
    /// When less was delivered.
    pub(super) fn check_refund(&self, amount_minor: i64) -> Result<(), Fault> {
        let left_minor = self.delivered_minor().saturating_sub(self.refunded_minor());
        if amount_minor > left_minor || self.refunds.len() >= MOVEMENTS_MAX {
            let message = "more than what was delivered and not refunded";
            return Err(Fault::amount_exceeded(message));
        }
        Ok(())
    }

    /// The word for where it stands at `now_ms`.
    pub(super) fn status(&self, now_ms: i64) -> &'static str {
        match self.state {
            State::Open => self.found_ms.map_or("CREATED", |found_ms| {
                // The applicant takes one half of the time, and the bank the other.
                let half_ms = self.decided_ms().saturating_sub(found_ms) / 2;
                let is_scored = now_ms >= found_ms.saturating_add(half_ms) && now_ms > found_ms;
                if is_scored { "WAITING_FOR_BANK" } else { "WAITING_FOR_CONSUMER" }
            }),
            State::Declined => "DECLINED",
            State::Cancelled => "CANCELLED",
            State::Expired => "EXPIRED",
            State::Failed => "FAILED",
            State::Approved if self.delivered.is_empty() => "APPROVED",
            State::Approved | State::Delivered if self.is_refunded() => "REFUNDED",
            State::Approved | State::Delivered => "DELIVERED",
        }
    }

    /// The application as it is read.
    pub(super) fn to_json(&self, now_ms: i64) -> Value {
        self.with_status(self.status(now_ms))
    }

    /// The application as the call is answered that makes it.
    pub(super) fn creation(&self) -> Value {
        self.with_status("CREATED")
    }

    fn with_status(&self, status: &str) -> Value {
        let refunds: Vec<Value> = self.refunds.iter().map(Refund::to_json).collect();
        let sent = |name: &str| self.body.get(name).cloned().unwrap_or(Value::Null);
        json!({
            "applicationId": self.id,
            "merchantId": sent("merchantId"),
            "orderId": sent("orderId"),
            "status": status,
            "amount": self.amount_minor(),
            "currency": sent("currency"),
            "country": sent("country"),
            "deliveredAmount": self.delivered_minor(),
            "refundedAmount": self.refunded_minor(),
            "refunds": refunds,
            "redirectUrl": (self.state == State::Open).then_some(&self.redirect_url),
            "createdAt": time::text(self.created_ms),
            "expiresAt": time::text(self.expires_ms()),
        })
    }

    pub(super) fn truth(&self) -> Truth {
        let standing = match self.state {
            State::Open => Standing::Waiting,
            State::Approved if self.delivered.is_empty() => Standing::Reserved,
            State::Approved | State::Delivered => Standing::Paid,
            State::Declined => Standing::Declined,
            State::Cancelled => Standing::Cancelled,
            State::Expired => Standing::Expired,
            State::Failed => Standing::Failed,
        };
        let is_reserved = matches!(self.state, State::Approved | State::Delivered);
        Truth {
            standing,
            reserved: Effect::of(is_reserved.then(|| self.amount_minor())),
            captured: Effect::of(self.delivered.iter().copied()),
            refunded: Effect::of(self.refunds.iter().map(|refund| refund.amount_minor)),
        }
    }

    fn is_refunded(&self) -> bool {
        !self.refunds.is_empty() && self.refunded_minor() == self.delivered_minor()
    }
}

impl Forgettable for Application {
    fn is_at_rest(&self) -> bool {
        self.state != State::Open
    }
}

impl Refund {
    fn to_json(&self) -> Value {
        json!({
            "refundId": self.id,
            "amount": self.amount_minor,
            "reference": self.reference,
            "status": "REFUNDED",
        })
    }
}

/// Checks what the merchant sends.
///
/// # Errors
/// The first that is wrong.
pub(super) fn check(body: &Value) -> Result<(), Fault> {
    for name in ["merchantId", "orderId"] {
        let is_good = |text: &str| !text.is_empty() && text.chars().count() <= 64;
        if !text(body, name).is_some_and(is_good) {
            return Err(Fault::invalid(name, "from 1 to 64 characters"));
        }
    }
    for name in ["returnUrl", "cancelUrl", "callbackUrl"] {
        if !text(body, name).is_some_and(is_url) {
            return Err(Fault::invalid(name, "an absolute address"));
        }
    }
    let amount = integer(body, "amount");
    let amount_minor = amount.ok_or_else(|| Fault::invalid("amount", "a whole number"))?;
    for (name, length) in [("country", 2), ("currency", 3)] {
        if !text(body, name).is_some_and(|word| is_capitals(word, length)) {
            return Err(Fault::invalid(name, "capital letters"));
        }
    }
    if field(body, "customer").is_some_and(|customer| !customer.is_object()) {
        return Err(Fault::invalid("customer", "an object"));
    }
    check_lines(body, amount_minor)?;
    let country = text(body, "country").unwrap_or_default();
    if !COUNTRIES.contains(&country) {
        return Err(Fault::invalid("country", "no loans are given there"));
    }
    let currency = text(body, "currency").unwrap_or_default();
    let Some((_, from_minor, to_minor)) = AMOUNTS.iter().find(|(known, ..)| *known == currency)
    else {
        return Err(Fault::amount_limit(format!("no loans in {currency}")));
    };
    if !(*from_minor..=*to_minor).contains(&amount_minor) {
        let message = format!("from {from_minor} to {to_minor}, in minor units");
        return Err(Fault::amount_limit(message));
    }
    Ok(())
}

/// Lines are optional. Where there are any, they add up.
fn check_lines(body: &Value, amount_minor: i64) -> Result<(), Fault> {
    let lines = list(body, "orderLines");
    if field(body, "orderLines").is_some_and(|lines| !lines.is_array()) {
        return Err(Fault::invalid("orderLines", "a list"));
    }
    if lines.len() > ORDER_LINES_MAX {
        return Err(Fault::invalid("orderLines", "too many"));
    }
    let totals: Vec<i64> = lines.iter().filter_map(|line| integer(line, "grossAmount")).collect();
    if totals.len() < lines.len() {
        return Err(Fault::invalid("orderLines", "each needs a grossAmount"));
    }
    let sum = totals.into_iter().fold(0_i64, i64::saturating_add);
    if !lines.is_empty() && sum != amount_minor {
        return Err(Fault::invalid("orderLines", "they do not add up to the amount"));
    }
    Ok(())
}
