//! The bodies of Klarna (Klarna API reference: Payments v1, HPP v1, Order Management v1).

use payments::Payment;
use serde::{Deserialize, Serialize};

use super::lines::{Line, lines};
use crate::exchange::Work;
use crate::locale;

/// A session to be made.
#[derive(Serialize)]
pub(super) struct NewSession {
    acquiring_channel: &'static str,
    intent: &'static str,
    purchase_country: String,
    purchase_currency: &'static str,
    locale: String,
    order_amount: i64,
    order_tax_amount: i64,
    order_lines: Vec<Line>,
    merchant_reference1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_reference2: Option<String>,
}

/// A page to be made that shows a session.
#[derive(Serialize)]
pub(super) struct NewHostedPage<'a> {
    payment_session_url: &'a str,
    merchant_urls: MerchantUrls<'a>,
    options: Options,
}

#[derive(Serialize)]
struct MerchantUrls<'a> {
    success: &'a str,
    cancel: &'a str,
    back: &'a str,
    failure: &'a str,
    error: &'a str,
    status_update: &'a str,
}

#[derive(Serialize)]
struct Options {
    place_order_mode: &'static str,
}

/// A capture to be made.
#[derive(Serialize)]
pub(super) struct Capture {
    pub(super) captured_amount: i64,
    pub(super) reference: String,
}

/// A refund to be made.
#[derive(Serialize)]
pub(super) struct Refund {
    pub(super) refunded_amount: i64,
    pub(super) reference: String,
}

/// A session that was made.
#[derive(Deserialize)]
pub(super) struct Session {
    pub(super) session_id: String,
}

/// A page that was made.
#[derive(Deserialize)]
pub(super) struct NewPage {
    pub(super) session_id: String,
    pub(super) redirect_url: String,
}

/// How a page stands.
#[derive(Deserialize)]
pub(super) struct HostedPage {
    pub(super) status: String,
    pub(super) order_id: Option<String>,
}

/// How an order stands.
#[derive(Deserialize)]
pub(super) struct Order {
    pub(super) status: String,
    pub(super) fraud_status: Option<String>,
    #[serde(rename = "order_amount")]
    pub(super) amount: Option<i64>,
    /// The amount before any change of the order.
    #[serde(rename = "original_order_amount")]
    pub(super) original_amount: Option<i64>,
    #[serde(default)]
    pub(super) captured_amount: i64,
    pub(super) purchase_currency: String,
    pub(super) merchant_reference1: Option<String>,
    pub(super) klarna_reference: Option<String>,
    #[serde(default)]
    pub(super) refunds: Vec<MadeRefund>,
}

/// A refund of an order.
#[derive(Deserialize)]
pub(super) struct MadeRefund {
    pub(super) refunded_amount: i64,
    pub(super) reference: Option<String>,
    pub(super) refund_id: Option<String>,
}

/// The session for a payment.
pub(super) fn new_session(payment: &Payment) -> NewSession {
    let order_lines = lines(payment);
    let taxes = order_lines.iter().map(Line::tax_minor);
    NewSession {
        acquiring_channel: "IN_STORE",
        intent: "buy",
        purchase_country: locale::country(payment),
        purchase_currency: payment.amount.currency.code(),
        locale: locale::locale(payment),
        order_amount: payment.amount.total_minor,
        order_tax_amount: taxes.fold(0, i64::saturating_add),
        order_lines,
        merchant_reference1: payment.number.to_string(),
        merchant_reference2: payment.asked.terminal_reference.clone(),
    }
}

/// The page that shows the session at this address.
pub(super) fn new_page<'a>(work: &Work<'a>, session: &'a str) -> NewHostedPage<'a> {
    let addresses = work.addresses;
    let is_auto_capture = work.payment.is_taken_at_once();
    let place_order_mode = if is_auto_capture { "CAPTURE_ORDER" } else { "PLACE_ORDER" };
    NewHostedPage {
        payment_session_url: session,
        merchant_urls: MerchantUrls {
            success: &addresses.done,
            cancel: &addresses.given_up,
            back: &addresses.given_up,
            failure: &addresses.given_up,
            error: &addresses.given_up,
            status_update: &addresses.callback,
        },
        options: Options { place_order_mode },
    }
}
