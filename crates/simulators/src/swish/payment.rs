//! Payment requests.

use serde_json::{Value, json};

use super::amount;
use super::codes::{
    AM03, BANKIDCL, BE18, Code, FF08, FF10, PA01, RF07, RP01, RP02, RP03, Step, TM01, trigger,
};
use crate::fields::{field, is_made_of, is_url, text};
use crate::outbox::Letter;
use crate::plan::{Ending, Plan};
use crate::shelf::Forgettable;
use crate::time;
use crate::truth::{Effect, Standing, Truth};

/// A payment request.
#[derive(Debug)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) order: Order,
    pub(super) plan: Plan,
    pub(super) status: Status,
    pub(super) error: Option<Code>,
    pub(super) created_ms: i64,
    pub(super) paid_ms: Option<i64>,
    /// The bank's reference, by which refunds name the payment. Empty until paid.
    pub(super) bank_reference: String,
    /// What refunds have given back, or are about to, in öre.
    pub(super) claimed_minor: i64,
    /// What refunds have given back, in öre each.
    pub(super) refunded: Vec<i64>,
}

/// What the merchant asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) reference: Option<String>,
    pub(super) callback_url: String,
    pub(super) callback_identifier: Option<String>,
    pub(super) payer_alias: Option<String>,
    pub(super) payee_alias: String,
    pub(super) amount_minor: i64,
    pub(super) message: Option<String>,
}

/// Where a payment request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Created,
    Paid,
    Declined,
    Error,
    Cancelled,
}

impl Payment {
    /// Ends a payment that is open, as planned or as the payer chose.
    pub(super) fn end(&mut self, ending: Ending, bank_reference: String, at_ms: i64) {
        let asked_for = trigger(self.order.message.as_deref());
        let asked_for = asked_for.filter(|code| code.step == Step::Result);
        let (status, error) = match (asked_for, ending) {
            (Some(code), _) => (Status::Error, Some(code)),
            (None, Ending::Approved) => (Status::Paid, None),
            (None, Ending::Declined) => (Status::Declined, None),
            (None, Ending::Cancelled) => (Status::Error, Some(BANKIDCL)),
            (None, Ending::Expired) => (Status::Error, Some(TM01)),
            (None, Ending::Failed) => (Status::Error, Some(FF10)),
        };
        (self.status, self.error) = (status, error);
        if self.status == Status::Paid {
            self.paid_ms = Some(at_ms);
            self.bank_reference = bank_reference;
        }
    }

    /// The object, as it is read and called back.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "payeePaymentReference": self.order.reference,
            "paymentReference": self.paid_ms.map(|_| self.bank_reference.as_str()),
            "callbackUrl": self.order.callback_url,
            "callbackIdentifier": self.order.callback_identifier,
            "payerAlias": self.order.payer_alias,
            "payeeAlias": self.order.payee_alias,
            "amount": amount::write(self.order.amount_minor),
            "currency": "SEK",
            "message": self.order.message,
            "status": self.status.as_str(),
            "dateCreated": time::text(self.created_ms),
            "datePaid": self.paid_ms.map(time::text),
            "errorCode": self.error.map(|code| code.word),
            "errorMessage": self.error.map(|code| code.text),
            "additionalInformation": null,
        })
    }

    /// The callback that tells where it stands.
    pub(super) fn letter(&self) -> Letter {
        let order = &self.order;
        letter(&order.callback_url, order.callback_identifier.as_deref(), &self.to_json())
    }

    pub(super) fn truth(&self) -> Truth {
        let captured =
            self.paid_ms.map_or_else(Effect::default, |_| Effect::once(self.order.amount_minor));
        Truth {
            captured,
            refunded: Effect::of(self.refunded.iter().copied()),
            ..Truth::standing(self.standing())
        }
    }

    pub(super) fn standing(&self) -> Standing {
        match self.status {
            Status::Created => Standing::Waiting,
            Status::Paid => Standing::Paid,
            Status::Declined => Standing::Declined,
            Status::Cancelled => Standing::Cancelled,
            Status::Error if self.error == Some(RF07) => Standing::Declined,
            Status::Error if self.error == Some(BANKIDCL) => Standing::Cancelled,
            Status::Error if self.error == Some(TM01) => Standing::Expired,
            Status::Error => Standing::Failed,
        }
    }
}

impl Forgettable for Payment {
    fn is_at_rest(&self) -> bool {
        self.status != Status::Created
    }
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Created => "CREATED",
            Status::Paid => "PAID",
            Status::Declined => "DECLINED",
            Status::Error => "ERROR",
            Status::Cancelled => "CANCELLED",
        }
    }
}

impl Order {
    /// Reads what the merchant asks for.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(super) fn read(body: &Value) -> Result<Order, Vec<Code>> {
        let mut wrong = Vec::new();
        if !is_reference(body, "payeePaymentReference") {
            wrong.push(FF08);
        }
        wrong.extend(callback_fault(body));
        if !is_optional(body, "payerAlias", is_payer_alias) {
            wrong.push(BE18);
        }
        match field(body, "payeeAlias").map(|alias| alias.as_str().unwrap_or_default()) {
            None | Some("") => wrong.push(RP01),
            Some(alias) if !is_payee_alias(alias) => wrong.push(PA01),
            Some(_) => {}
        }
        if field(body, "ageLimit").is_some_and(|limit| !is_age_limit(limit)) {
            wrong.push(PA01);
        }
        let amount = amount::read(field(body, "amount"));
        wrong.extend(amount.err());
        if text(body, "currency") != Some("SEK") {
            wrong.push(AM03);
        }
        if !is_optional(body, "message", is_message) {
            wrong.push(RP02);
        }
        match amount {
            Ok(amount_minor) if wrong.is_empty() => Ok(Order::of(body, amount_minor)),
            _ => Err(wrong),
        }
    }

    fn of(body: &Value, amount_minor: i64) -> Order {
        let owned = |name| text(body, name).map(str::to_owned);
        Order {
            reference: owned("payeePaymentReference"),
            callback_url: owned("callbackUrl").unwrap_or_default(),
            callback_identifier: owned("callbackIdentifier"),
            payer_alias: owned("payerAlias"),
            payee_alias: owned("payeeAlias").unwrap_or_default(),
            amount_minor,
            message: owned("message"),
        }
    }
}

/// What is wrong with where the callback goes.
pub(super) fn callback_fault(body: &Value) -> Option<Code> {
    if !text(body, "callbackUrl").is_some_and(is_url) {
        return Some(RP03);
    }
    let is_identifier =
        |id: &str| is_made_of(id, 32..=36, |next| next.is_ascii_alphanumeric() || next == '-');
    (!is_optional(body, "callbackIdentifier", is_identifier)).then_some(PA01)
}

/// A callback with an object.
pub(super) fn letter(url: &str, identifier: Option<&str>, object: &Value) -> Letter {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(identifier) = identifier {
        headers.push(("callbackidentifier".to_owned(), identifier.to_owned()));
    }
    Letter { url: url.to_owned(), headers, body: object.to_string() }
}

/// Whether a field is absent, or text that is good.
pub(super) fn is_optional(body: &Value, name: &str, is_good: impl Fn(&str) -> bool) -> bool {
    field(body, name).is_none_or(|field| field.as_str().is_some_and(is_good))
}

/// Whether a field is absent, or a reference.
pub(super) fn is_reference(body: &Value, name: &str) -> bool {
    let is_good = |next: char| next.is_ascii_alphanumeric() || "-.".contains(next);
    is_optional(body, name, |reference| is_made_of(reference, 1..=35, is_good))
}

/// Whether the text may be a message.
pub(super) fn is_message(message: &str) -> bool {
    let is_good = |next: char| {
        next.is_ascii_alphanumeric() || ('À'..='ö').contains(&next) || " :;.,?!()\"".contains(next)
    };
    is_made_of(message, 0..=50, is_good)
}

/// Whether the text is a merchant's number.
pub(super) fn is_payee_alias(alias: &str) -> bool {
    alias.starts_with("123") && is_made_of(alias, 10..=10, |next| next.is_ascii_digit())
}

fn is_payer_alias(alias: &str) -> bool {
    !alias.starts_with('0') && is_made_of(alias, 8..=15, |next| next.is_ascii_digit())
}

fn is_age_limit(limit: &Value) -> bool {
    let limit = limit.as_i64().or_else(|| limit.as_str()?.parse().ok());
    limit.is_some_and(|limit| (1..=99).contains(&limit))
}
