//! The neutral loan contract, which is ours. Bodies are JSON with names in camel case, and amounts
//! are minor units.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /applications` | a new application | 201, application |
//! | `GET /applications/{id}` | | 200, application; 404 |
//! | `GET /applications?orderId=` | | 200, `{"applications": [...]}`, the merchant's own |
//! | `POST /applications/{id}/deliver` | `{"amount"}` | 200, application; 409, 422 |
//! | `POST /applications/{id}/cancel` | | 200, application; 409 |
//! | `POST /applications/{id}/refund` | `{"amount", "reference"}` | 200, application; 409, 422 |
//!
//! `Authorization: Bearer` carries the merchant's secret. Each POST carries `Idempotency-Key`
//! (1-64): the same key and body give the first answer again. Callbacks are signed with HMAC-SHA256
//! under the same secret.
//!
//! An application is CREATED, `WAITING_FOR_CONSUMER`, `WAITING_FOR_BANK`, then APPROVED, DECLINED,
//! CANCELLED or EXPIRED; what was approved is DELIVERED, at once or in part, or CANCELLED; what was
//! delivered is REFUNDED when all of it has been given back.

use payments::Payment;
use serde::{Deserialize, Serialize};

use crate::exchange::Work;
use crate::locale;

/// An application to be made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewApplication<'a> {
    merchant_id: &'a str,
    order_id: String,
    amount: i64,
    currency: &'static str,
    country: String,
    customer: Customer<'a>,
    order_lines: Vec<OrderLine<'a>>,
    return_url: &'a str,
    cancel_url: &'a str,
    callback_url: &'a str,
}

#[derive(Serialize)]
struct Customer<'a> {
    id: &'a str,
    name: &'a str,
}

/// A line; with tax, and the lines make up the amount.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderLine<'a> {
    name: &'a str,
    quantity: i64,
    gross_amount: i64,
    tax_amount: i64,
}

/// So much to be paid out to the merchant.
#[derive(Serialize)]
pub(super) struct Deliver {
    pub(super) amount: i64,
}

/// So much to be given back.
#[derive(Serialize)]
pub(super) struct Refund {
    pub(super) amount: i64,
    pub(super) reference: String,
}

/// An application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Application {
    #[serde(rename = "applicationId")]
    pub(super) id: String,
    pub(super) order_id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: String,
    /// Where the payer applies, until that is done.
    pub(super) redirect_url: Option<String>,
    /// What was paid out. Absent where it is nothing, or all.
    pub(super) delivered_amount: Option<i64>,
    #[serde(default)]
    pub(super) refunds: Vec<MadeRefund>,
}

/// A refund of an application.
#[derive(Deserialize)]
pub(super) struct MadeRefund {
    pub(super) reference: String,
    pub(super) amount: i64,
}

/// What looking for an order gives.
#[derive(Deserialize)]
pub(super) struct Found {
    pub(super) applications: Vec<Application>,
}

/// The application for a payment.
pub(super) fn new_application<'a>(work: &Work<'a>, merchant: &'a str) -> NewApplication<'a> {
    let Work { payment, addresses, .. } = *work;
    NewApplication {
        merchant_id: merchant,
        order_id: payment.number.to_string(),
        amount: payment.amount.total_minor,
        currency: payment.amount.currency.code(),
        country: locale::country(payment),
        customer: Customer { id: &payment.asked.consumer_id, name: &payment.asked.consumer_name },
        order_lines: goods(payment).unwrap_or_else(|| vec![whole(payment)]),
        return_url: &addresses.done,
        cancel_url: &addresses.given_up,
        callback_url: &addresses.callback,
    }
}

/// The lines of the order, where they are complete and make up the amount.
fn goods(payment: &Payment) -> Option<Vec<OrderLine<'_>>> {
    let order = payment.asked.order().filter(|order| !order.items.is_empty())?;
    let mut missing = payment.amount.total_minor;
    let mut lines = Vec::new();
    for item in &order.items {
        let gross_amount = item.gross_minor?;
        missing = missing.checked_sub(gross_amount)?;
        let tax_amount = item.tax_minor.unwrap_or(0);
        let name = item.name.as_deref()?;
        lines.push(OrderLine { name, quantity: item.quantity?, gross_amount, tax_amount });
    }
    (missing == 0).then_some(lines)
}

fn whole(payment: &Payment) -> OrderLine<'_> {
    let amount = payment.amount;
    OrderLine {
        name: payment.asked.message.as_deref().unwrap_or("Order"),
        quantity: 1,
        gross_amount: amount.total_minor,
        tax_amount: amount.vat_minor,
    }
}
