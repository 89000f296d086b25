//! What a new payment must look like.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{AMOUNT_DIFFERS, Fault};
use super::webhook::is_event;
use crate::fields::{field, integer, is_capitals, is_made_of, is_url, list, text};
use crate::limits::{AMOUNT_MINOR_MAX, ORDER_LINES_MAX};

/// Fields with what is wrong with them.
type Wrong = BTreeMap<String, String>;

/// Webhooks of one payment.
const WEBHOOKS_MAX: usize = 32;

/// Checks what the merchant sends.
///
/// # Errors
/// All fields that cannot be; then, when the amount is not that of the items.
pub(super) fn check(body: &Value) -> Result<(), Fault> {
    let mut wrong = Wrong::new();
    check_order(body.get("order").unwrap_or(&Value::Null), &mut wrong);
    check_checkout(body.get("checkout").unwrap_or(&Value::Null), &mut wrong);
    let webhooks =
        body.get("notifications").map_or(&[][..], |notifications| list(notifications, "webHooks"));
    if webhooks.len() > WEBHOOKS_MAX {
        say(&mut wrong, "notifications.webHooks", "Too many");
    }
    for (at, webhook) in webhooks.iter().enumerate() {
        check_webhook(at, webhook, &mut wrong);
    }
    if !wrong.is_empty() {
        return Err(Fault::Fields(wrong));
    }
    let order = body.get("order").unwrap_or(&Value::Null);
    if integer(order, "amount") != Some(sum(list(order, "items"))) {
        return Err(Fault::Creation(AMOUNT_DIFFERS));
    }
    Ok(())
}

/// Checks the items of a charge or refund against its amount.
///
/// # Errors
/// When they do not add up. No items are fine: the amount alone says it.
pub(super) fn check_items(body: &Value, amount_minor: i64) -> Result<(), Fault> {
    let items = list(body, "orderItems");
    if !items.is_empty() && sum(items) != amount_minor {
        return Err(Fault::Business(AMOUNT_DIFFERS));
    }
    Ok(())
}

fn check_order(order: &Value, wrong: &mut Wrong) {
    let is_amount = |amount: i64| (0..=AMOUNT_MINOR_MAX).contains(&amount);
    if !integer(order, "amount").is_some_and(is_amount) {
        say(wrong, "order.amount", "A whole number, not negative");
    }
    if !text(order, "currency").is_some_and(|currency| is_capitals(currency, 3)) {
        say(wrong, "order.currency", "Three letters");
    }
    let is_reference = |value: &Value| value.as_str().is_some_and(|text| text.len() <= 128);
    if field(order, "reference").is_some_and(|reference| !is_reference(reference)) {
        say(wrong, "order.reference", "At most 128 characters");
    }
    let items = list(order, "items");
    if items.is_empty() || items.len() > ORDER_LINES_MAX {
        say(wrong, "order.items", "At least one");
    }
    for (at, item) in items.iter().enumerate() {
        check_item(at, item, wrong);
    }
}

fn check_item(at: usize, item: &Value, wrong: &mut Wrong) {
    let name = |name: &str| format!("order.items[{at}].{name}");
    for required in ["reference", "name", "unit"] {
        let is_good = |text: &str| !text.is_empty() && text.chars().count() <= 128;
        if !text(item, required).is_some_and(is_good) {
            say(wrong, name(required), "From 1 to 128 characters");
        }
    }
    for required in ["unitPrice", "grossTotalAmount", "netTotalAmount"] {
        if integer(item, required).is_none() {
            say(wrong, name(required), "A whole number");
        }
    }
    if !item.get("quantity").is_some_and(Value::is_number) {
        say(wrong, name("quantity"), "A number");
    }
    let amount = |name: &str| integer(item, name).unwrap_or(0);
    // A quantity with a fraction makes a net amount that somebody has rounded.
    let net = integer(item, "quantity").map(|count| count.saturating_mul(amount("unitPrice")));
    if net.is_some_and(|net| net != amount("netTotalAmount")) {
        say(wrong, name("netTotalAmount"), "Not the price by the quantity");
    }
    let gross = amount("netTotalAmount").saturating_add(amount("taxAmount"));
    if gross != amount("grossTotalAmount") {
        say(wrong, name("grossTotalAmount"), "Not the net amount and the tax");
    }
}

fn check_checkout(checkout: &Value, wrong: &mut Wrong) {
    let required: &[&str] = match text(checkout, "integrationType") {
        Some("HostedPaymentPage") => &["returnUrl", "termsUrl"],
        None | Some("EmbeddedCheckout") => &["url", "termsUrl"],
        Some(_) => {
            say(wrong, "checkout.integrationType", "Unknown");
            &[]
        }
    };
    for name in required {
        if !text(checkout, name).is_some_and(is_url) {
            say(wrong, format!("checkout.{name}"), "An address is required");
        }
    }
    if field(checkout, "cancelUrl").is_some_and(|url| !url.as_str().is_some_and(is_url)) {
        say(wrong, "checkout.cancelUrl", "No address");
    }
}

fn check_webhook(at: usize, webhook: &Value, wrong: &mut Wrong) {
    let name = |name: &str| format!("notifications.webHooks[{at}].{name}");
    if !text(webhook, "eventName").is_some_and(is_event) {
        say(wrong, name("eventName"), "Unknown");
    }
    if !text(webhook, "url").is_some_and(is_url) {
        say(wrong, name("url"), "An address is required");
    }
    let is_secret = |secret: &str| is_made_of(secret, 8..=32, |next| next.is_ascii_alphanumeric());
    if !text(webhook, "authorization").is_some_and(is_secret) {
        say(wrong, name("authorization"), "From 8 to 32 letters and digits");
    }
}

fn sum(items: &[Value]) -> i64 {
    let amounts = items.iter().filter_map(|item| integer(item, "grossTotalAmount"));
    amounts.fold(0, i64::saturating_add)
}

fn say(wrong: &mut Wrong, name: impl Into<String>, what: impl Into<String>) {
    wrong.insert(name.into(), what.into());
}
