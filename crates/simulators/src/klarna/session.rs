//! Payments sessions: what is to be paid.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::Fault;
use crate::fields::{field, integer, is_capitals, is_url, list, text};
use crate::limits::{AMOUNT_MINOR_MAX, ORDER_LINES_MAX};
use crate::shelf::Forgettable;
use crate::time;

/// Largest price or total of a line, in minor units.
const LINE_AMOUNT_MAX: i64 = 200_000_000;

/// How long a session can be used, in milliseconds.
const SESSION_MS: i64 = 48 * 60 * 60 * 1000;

const ADDRESSES: [&str; 4] = ["confirmation", "notification", "push", "authorization"];

/// A payments session.
#[derive(Debug)]
pub(super) struct Session {
    /// What the merchant sent.
    pub(super) order: Arc<Value>,
    pub(super) client_token: String,
    pub(super) created_ms: i64,
    /// Whether an order came of it.
    pub(super) is_complete: bool,
}

impl Session {
    /// The session as it is read.
    pub(super) fn to_json(&self) -> Value {
        let mut read = (*self.order).clone();
        if let Some(fields) = read.as_object_mut() {
            let status = if self.is_complete { "complete" } else { "incomplete" };
            fields.insert("status".to_owned(), json!(status));
            fields.insert("client_token".to_owned(), json!(self.client_token));
            let expires_ms = self.created_ms.saturating_add(SESSION_MS);
            fields.insert("expires_at".to_owned(), json!(time::text(expires_ms)));
        }
        read
    }
}

impl Forgettable for Session {
    fn is_at_rest(&self) -> bool {
        true
    }
}

/// Checks what the merchant sends.
///
/// # Errors
/// All fields whose values cannot be.
pub(super) fn check(order: &Value) -> Result<(), Fault> {
    let mut wrong = Vec::new();
    if !text(order, "purchase_country").is_some_and(|country| is_capitals(country, 2)) {
        wrong.push("purchase_country".to_owned());
    }
    if !text(order, "purchase_currency").is_some_and(|currency| is_capitals(currency, 3)) {
        wrong.push("purchase_currency".to_owned());
    }
    if field(order, "locale").is_some_and(|locale| !is_locale(locale)) {
        wrong.push("locale".to_owned());
    }
    if field(order, "order_tax_amount").is_some_and(|tax| tax.as_i64().is_none_or(|tax| tax < 0)) {
        wrong.push("order_tax_amount".to_owned());
    }
    for name in ["merchant_reference1", "merchant_reference2"] {
        let is_good = |value: &Value| value.as_str().is_some_and(|text| text.len() <= 255);
        if field(order, name).is_some_and(|value| !is_good(value)) {
            wrong.push(name.to_owned());
        }
    }
    let urls = order.get("merchant_urls").unwrap_or(&Value::Null);
    for name in ADDRESSES {
        if field(urls, name).is_some_and(|url| !url.as_str().is_some_and(is_url)) {
            wrong.push(format!("merchant_urls.{name}"));
        }
    }
    let lines = list(order, "order_lines");
    if lines.is_empty() || lines.len() > ORDER_LINES_MAX {
        wrong.push("order_lines".to_owned());
    }
    for (at, line) in lines.iter().enumerate() {
        wrong.extend(line_faults(line).into_iter().map(|name| format!("order_lines[{at}].{name}")));
    }
    if !is_sum(order, lines) {
        wrong.push("order_amount".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(Fault::bad_values(wrong)) }
}

fn is_sum(order: &Value, lines: &[Value]) -> bool {
    let totals = lines.iter().filter_map(|line| integer(line, "total_amount"));
    let sum = totals.fold(0_i64, i64::saturating_add);
    let amount = integer(order, "order_amount");
    amount.is_some_and(|amount| amount == sum && (0..=AMOUNT_MINOR_MAX).contains(&amount))
}

/// The fields of a line whose values cannot be.
fn line_faults(line: &Value) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let has_name = |name: &str| !name.is_empty() && name.chars().count() <= 255;
    if !text(line, "name").is_some_and(has_name) {
        wrong.push("name");
    }
    let is_price = |price: &i64| price.saturating_abs() <= LINE_AMOUNT_MAX;
    let quantity = integer(line, "quantity").filter(|quantity| *quantity >= 0);
    let price = integer(line, "unit_price").filter(is_price);
    let total = integer(line, "total_amount").filter(is_price);
    let discount = integer(line, "total_discount_amount").unwrap_or(0);
    if quantity.is_none() {
        wrong.push("quantity");
    }
    if price.is_none() {
        wrong.push("unit_price");
    }
    if discount < 0 {
        wrong.push("total_discount_amount");
    }
    let product = price.unwrap_or(0).saturating_mul(quantity.unwrap_or(0));
    let expected = product.saturating_sub(discount);
    if total != Some(expected) {
        wrong.push("total_amount");
    }
    let rate = integer(line, "tax_rate").unwrap_or(0);
    if !(0..=10_000).contains(&rate) {
        wrong.push("tax_rate");
        return wrong;
    }
    // What is in a total with tax is the total less the total without it.
    let without = i128::from(expected) * 10_000 / (10_000 + i128::from(rate));
    let tax = i128::from(integer(line, "total_tax_amount").unwrap_or(0));
    if (tax - (i128::from(expected) - without)).abs() > 1 {
        wrong.push("total_tax_amount");
    }
    wrong
}

fn is_locale(locale: &Value) -> bool {
    let parts = locale.as_str().and_then(|locale| locale.split_once('-'));
    parts.is_some_and(|(language, country)| {
        is_capitals(&language.to_uppercase(), 2) && is_capitals(country, 2)
    })
}
