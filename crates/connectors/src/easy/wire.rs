//! The bodies of Nexi Checkout (Checkout API, Payment API v1). Amounts are minor units.

use payments::Payment;
use serde::{Deserialize, Serialize};

use super::items::{Line, lines, part_of};
use crate::exchange::Work;

/// The events that can change how a payment or refund stands.
const EVENTS: [&str; 10] = [
    "payment.reservation.created.v2",
    "payment.reservation.failed",
    "payment.checkout.completed",
    "payment.charge.created.v2",
    "payment.charge.failed",
    "payment.refund.initiated.v2",
    "payment.refund.failed",
    "payment.refund.completed",
    "payment.cancel.created",
    "payment.cancel.failed",
];

/// A payment to be made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPayment<'a> {
    order: Order,
    checkout: Checkout<'a>,
    notifications: Notifications<'a>,
    my_reference: String,
}

#[derive(Serialize)]
struct Order {
    items: Vec<Line>,
    amount: i64,
    currency: &'static str,
    reference: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checkout<'a> {
    integration_type: &'static str,
    return_url: &'a str,
    cancel_url: &'a str,
    terms_url: &'a str,
    charge: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notifications<'a> {
    web_hooks: Vec<WebHook<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebHook<'a> {
    event_name: &'static str,
    url: &'a str,
    authorization: &'a str,
}

/// So much to be charged or refunded.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    amount: i64,
    /// Where it is not the whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order_items: Vec<Line>,
    my_reference: String,
}

/// So much to be released.
#[derive(Serialize)]
pub(super) struct Cancel {
    pub(super) amount: i64,
}

/// A payment that was made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    pub(super) payment_id: String,
    pub(super) hosted_payment_page_url: String,
}

/// A charge that was made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charge {
    pub(super) charge_id: String,
}

/// A refund that was made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MadeRefund {
    pub(super) refund_id: String,
}

/// What reading a payment gives.
#[derive(Deserialize)]
pub(super) struct Shown {
    pub(super) payment: Kept,
}

/// A payment as it is kept there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    #[serde(default)]
    pub(super) summary: Summary,
    pub(super) order_details: OrderDetails,
    /// When it was terminated.
    pub(super) terminated: Option<String>,
    #[serde(default)]
    pub(super) charges: Vec<Charge>,
    #[serde(default)]
    pub(super) refunds: Vec<Refund>,
}

/// The sums of a payment. What is absent is nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Summary {
    #[serde(rename = "reservedAmount")]
    pub(super) reserved: i64,
    #[serde(rename = "chargedAmount")]
    pub(super) charged: i64,
    #[serde(rename = "cancelledAmount")]
    pub(super) cancelled: i64,
}

/// What a payment is for.
#[derive(Deserialize)]
pub(super) struct OrderDetails {
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) reference: Option<String>,
}

/// A refund as it is kept there.
#[derive(Deserialize)]
pub(super) struct Refund {
    #[serde(rename = "refundId")]
    pub(super) id: String,
    pub(super) amount: i64,
    #[serde(rename = "refundState")]
    pub(super) state: String,
}

/// The payment to be made.
pub(super) fn new_payment<'a>(work: &Work<'a>) -> NewPayment<'a> {
    let Work { payment, addresses, .. } = *work;
    let hook = |event_name| WebHook {
        event_name,
        url: &addresses.callback,
        authorization: &addresses.callback_secret,
    };
    NewPayment {
        order: Order {
            items: lines(payment),
            amount: payment.amount.total_minor,
            currency: payment.amount.currency.code(),
            reference: payment.number.to_string(),
        },
        checkout: Checkout {
            integration_type: "HostedPaymentPage",
            return_url: &addresses.done,
            cancel_url: &addresses.given_up,
            terms_url: &addresses.terms,
            charge: payment.is_taken_at_once(),
        },
        notifications: Notifications { web_hooks: EVENTS.into_iter().map(hook).collect() },
        my_reference: payment.number.to_string(),
    }
}

/// So much of a payment, for the charge or refund of this number.
pub(super) fn part(whole: &Payment, number: i64, minor: i64) -> Part {
    let is_whole = minor == whole.amount.total_minor;
    let order_items = if is_whole { Vec::new() } else { vec![part_of(whole, minor)] };
    Part { amount: minor, order_items, my_reference: number.to_string() }
}
