//! The requests and bodies of Swish (Swish Merchant API, payment request and refund objects).

use ledger::money::format_minor;
use ledger::{Currency, Decimal};
use payments::Payment;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::errors;
use crate::exchange::{Request, Response, Verb, Work};
use crate::request::{cut, segment};

/// Longest message, in characters.
const MESSAGE_CHARS_MAX: usize = 50;

/// A payment or refund as Swish shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) status: String,
    /// A JSON number, kept as it was written so that it never becomes a float.
    amount: Box<RawValue>,
    pub(super) currency: String,
    pub(super) payment_reference: Option<String>,
    pub(super) payee_payment_reference: Option<String>,
    pub(super) original_payment_reference: Option<String>,
    pub(super) payer_alias: Option<String>,
    pub(super) error_code: Option<String>,
    pub(super) error_message: Option<String>,
}

/// One reason why a request was not taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Code {
    pub(super) error_code: String,
    error_message: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentRequest<'a> {
    payee_payment_reference: String,
    callback_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    callback_identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_alias: Option<String>,
    payee_alias: &'a str,
    amount: String,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refund<'a> {
    original_payment_reference: &'a str,
    payer_payment_reference: String,
    callback_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    callback_identifier: &'a str,
    payer_alias: &'a str,
    amount: String,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Serialize)]
struct Change {
    op: &'static str,
    path: &'static str,
    value: &'static str,
}

/// Asks for a payment.
pub(super) fn payment_request(work: &Work<'_>, merchant: &str) -> Request {
    let Work { payment, addresses, .. } = work;
    let payer = Some(alias(&payment.asked.consumer_id)).filter(|_| !payment.asked.is_qr());
    let body = PaymentRequest {
        payee_payment_reference: payment.number.to_string(),
        callback_url: &addresses.callback,
        callback_identifier: &addresses.callback_secret,
        payer_alias: payer,
        payee_alias: merchant,
        amount: format_minor(payment.amount.total_minor, payment.amount.currency),
        currency: payment.amount.currency.code(),
        message: message(payment),
    };
    Request::new(Verb::Put, path("v2/paymentrequests", payment)).json(&body)
}

/// Reads a payment.
pub(super) fn read_payment(payment: &Payment) -> Request {
    Request::new(Verb::Get, path("v1/paymentrequests", payment))
}

/// Cancels a payment that the payer has not approved yet.
pub(super) fn cancel(payment: &Payment) -> Request {
    let body = [Change { op: "replace", path: "/status", value: "cancelled" }];
    let request = Request::new(Verb::Patch, path("v1/paymentrequests", payment));
    request.typed("application/json-patch+json", &body)
}

/// Asks for a refund of a payment that the banks call `paid`.
pub(super) fn refund(work: &Work<'_>, merchant: &str, paid: &str) -> Request {
    let Work { payment, addresses, .. } = work;
    let body = Refund {
        original_payment_reference: paid,
        payer_payment_reference: payment.number.to_string(),
        callback_url: &addresses.callback,
        callback_identifier: &addresses.callback_secret,
        payer_alias: merchant,
        amount: format_minor(payment.amount.total_minor, payment.amount.currency),
        currency: payment.amount.currency.code(),
        message: message(payment),
    };
    Request::new(Verb::Put, path("v2/refunds", payment)).json(&body)
}

/// Reads a refund.
pub(super) fn read_refund(refund: &Payment) -> Request {
    Request::new(Verb::Get, path("v1/refunds", refund))
}

fn path(collection: &str, payment: &Payment) -> String {
    format!("/{collection}/{}", segment(&payment.instruction))
}

/// The payer's number as Swish wants it, country first: `46712345678`. What is no number is sent
/// as it is, for Swish to refuse it.
pub(super) fn alias(consumer_id: &str) -> String {
    let is_noise = |char: char| char.is_whitespace() || "+-()".contains(char);
    let digits: String = consumer_id.chars().filter(|char| !is_noise(*char)).collect();
    let number = match digits.strip_prefix("00") {
        Some(international) => international.to_owned(),
        None => match digits.strip_prefix('0') {
            Some(national) => format!("46{national}"),
            None => digits,
        },
    };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && (8..=15).contains(&number.len()) { number } else { consumer_id.to_owned() }
}

/// The message in the characters that Swish allows; others become spaces.
pub(super) fn message(payment: &Payment) -> Option<String> {
    let message = payment.asked.message.as_deref()?;
    let allowed = |char: char| {
        char.is_ascii_alphanumeric() || "åäöÅÄÖ".contains(char) || ":;.,?!()\"".contains(char)
    };
    let spaced: String =
        message.chars().map(|char| if allowed(char) { char } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let cut = cut(&words.join(" "), MESSAGE_CHARS_MAX).trim_end().to_owned();
    Some(cut).filter(|message| !message.is_empty())
}

/// The reasons that an answer gives.
pub(super) fn codes(response: &Response) -> Vec<Code> {
    response.read().unwrap_or_default()
}

/// The reasons for people.
pub(super) fn info(response: &Response, codes: &[Code]) -> String {
    if codes.is_empty() {
        return format!("HTTP {}", response.status);
    }
    let told = |code: &Code| errors::told(&code.error_code, code.error_message.as_deref());
    codes.iter().map(told).collect::<Vec<_>>().join("; ")
}

impl Code {
    /// Whether it says that the instruction is there.
    pub(super) fn is_taken(&self) -> bool {
        self.error_code == "RP09"
    }
}

impl Resource {
    /// The amount in minor units. `None` where it is none of its currency.
    pub(super) fn minor(&self) -> Option<i64> {
        let amount = Decimal::parse(self.amount.get().trim_matches('"')).ok()?;
        amount.minor(Currency::parse(&self.currency)?).ok()
    }
}
