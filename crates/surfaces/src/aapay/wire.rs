//! What a request for a payment, a refund or a reversal says, field by field.

use ledger::Currency;
use payments::limits::{
    AMOUNT_MINOR_MAX, MERCHANT_ID_CHARS_MAX, ORDER_ITEMS_MAX, PROPERTIES_MAX, PROPERTY_CHARS_MAX,
    REFERENCE_CHARS_MAX, TEXT_CHARS_MAX,
};
use payments::{Amount, Asked, Item, Method, Order, PaymentKind, Register};
use serde_json::{Map, Value};

use super::problem::Problem;
use super::reading::{Chars, Faults, Reading};

/// What callers choose to be empty, such as a message.
const FREE: Chars = Chars(0, TEXT_CHARS_MAX);
/// What something is called by.
const NAME: Chars = Chars(1, TEXT_CHARS_MAX);
const REFERENCE: Chars = Chars(1, REFERENCE_CHARS_MAX);

/// Largest `quantity`: the contract's integers of 32 bits.
const QUANTITY_MAX: i64 = 2_147_483_647;

/// Largest `taxRate`: more than a thousand percent is no tax.
const TAX_RATE_MAX: i64 = 100_000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) kind: PaymentKind,
    pub(super) method: Method,
    pub(super) merchant_id: String,
    pub(super) amount: Amount,
    pub(super) asked: Asked,
}

impl Ask {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 with every field that is wrong.
    pub(super) fn read(kind: PaymentKind, fields: &Map<String, Value>) -> Result<Ask, Problem> {
        let (body, mut faults) = (Reading::of(fields), Faults::default());
        let merchant_id =
            body.required_text("merchantId", Chars(1, MERCHANT_ID_CHARS_MAX), &mut faults);
        let method = method(&body, &mut faults);
        let amount = amount(&body, &mut faults);
        let asked = asked(kind, &body, &mut faults);
        let read = match (merchant_id, method, amount, asked) {
            (Some(merchant_id), Some(method), Some(amount), Some(asked)) => {
                Some(Ask { kind, method, merchant_id, amount, asked })
            }
            _ => None,
        };
        faults.end(read)
    }
}

fn method(body: &Reading<'_>, faults: &mut Faults) -> Option<Method> {
    let word = body.required_text("method", FREE, faults)?;
    let method = Method::AAPAY.into_iter().find(|method| method.as_str() == word);
    if method.is_none() {
        let words = Method::AAPAY.map(Method::as_str).join(", ");
        faults.note("method", &format!("must be one of {words}"));
    }
    method
}

fn amount(body: &Reading<'_>, faults: &mut Faults) -> Option<Amount> {
    body.require("purchaseAmount", faults);
    let amount = body.object("purchaseAmount", faults)?;
    let currency = amount.required_text("currencyCode", FREE, faults);
    let currency = currency.and_then(|code| currency_of(&amount, &code, faults));
    let vat = amount.required_whole("vatAmount", AMOUNT_MINOR_MAX, faults);
    let nominal = amount.required_whole("nominalAmount", AMOUNT_MINOR_MAX, faults);
    let total = amount.required_whole("totalAmount", AMOUNT_MINOR_MAX, faults);
    let (vat_minor, nominal_minor, total_minor) = (vat?, nominal?, total?);
    let path = amount.path("totalAmount");
    if total_minor == 0 {
        faults.note(&path, "must be more than 0");
    } else if nominal_minor.checked_add(vat_minor) != Some(total_minor) {
        faults.note(&path, "must be the sum of nominalAmount and vatAmount");
    }
    Some(Amount { currency: currency?, total_minor, vat_minor, nominal_minor })
}

/// Amounts of this contract are hundredths.
fn currency_of(amount: &Reading<'_>, code: &str, faults: &mut Faults) -> Option<Currency> {
    let currency = Currency::parse(code).filter(|currency| currency.exponent() == 2);
    if currency.is_none() {
        let demand = "must be a currency of ISO 4217 with two decimals";
        faults.note(&amount.path("currencyCode"), demand);
    }
    currency
}

fn asked(kind: PaymentKind, body: &Reading<'_>, faults: &mut Faults) -> Option<Asked> {
    body.require("consumer", faults);
    let consumer = body.object("consumer", faults);
    let mut of_consumer = |name| consumer.as_ref()?.required_text(name, NAME, faults);
    let (consumer_id, consumer_name) = (of_consumer("consumerId"), of_consumer("name"));
    let is_reversal = kind == PaymentKind::Reversal;
    for (name, is_required) in
        [("terminalReference", is_reversal), ("originalReference", kind != PaymentKind::Payment)]
    {
        if is_required {
            body.require(name, faults);
        }
    }
    let asked = Asked {
        terminal_reference: body.text("terminalReference", REFERENCE, faults),
        original_reference: original_reference(kind, body, faults),
        message: body.text("message", FREE, faults),
        trigger: trigger(body, faults),
        batch: body.whole("batch", i64::MAX, faults),
        register: body.object("ecr2Naa", faults).map(|register| register_of(&register, faults)),
        properties: properties(body, faults),
        ..Asked::default()
    };
    Some(Asked { consumer_id: consumer_id?, consumer_name: consumer_name?, ..asked })
}

/// Of a refund it is a transaction's number, of a reversal the caller's own name for it. Of a
/// payment it says nothing.
fn original_reference(
    kind: PaymentKind,
    body: &Reading<'_>,
    faults: &mut Faults,
) -> Option<String> {
    let reference = body.text("originalReference", REFERENCE, faults)?;
    let is_number = reference.bytes().all(|byte| byte.is_ascii_digit());
    if kind == PaymentKind::Refund && !is_number {
        faults.note("originalReference", "must be the transactionId of the original");
    }
    Some(reference)
}

fn trigger(body: &Reading<'_>, faults: &mut Faults) -> Option<String> {
    let trigger = body.text("trigger", FREE, faults)?;
    if trigger != "0" && trigger != "2" {
        faults.note("trigger", "must be 0 or 2");
    }
    Some(trigger)
}

fn properties(body: &Reading<'_>, faults: &mut Faults) -> Vec<(String, String)> {
    let items = body.list("additionalProperties", PROPERTIES_MAX, faults);
    let read = |item: Reading<'_>| {
        let key = item.required_text("key", NAME, faults);
        let value = item.required_text("value", Chars(0, PROPERTY_CHARS_MAX), faults);
        key.zip(value)
    };
    items.into_iter().filter_map(read).collect()
}

fn register_of(register: &Reading<'_>, faults: &mut Faults) -> Register {
    Register {
        version: register.text("ver", FREE, faults),
        reference: register.text("reference", Chars(0, REFERENCE_CHARS_MAX), faults),
        language: register.text("lang", FREE, faults),
        auto_capture: register.text("autoCapture", FREE, faults),
        order: register.object("order", faults).map(|order| order_of(&order, faults)),
    }
}

fn order_of(order: &Reading<'_>, faults: &mut Faults) -> Order {
    let items = order.list("items", ORDER_ITEMS_MAX, faults);
    Order {
        items: items.into_iter().map(|item| item_of(&item, faults)).collect(),
        amount_minor: order.whole("amount", AMOUNT_MINOR_MAX, faults),
        currency: order.text("currency", FREE, faults),
        reference: order.text("reference", Chars(0, REFERENCE_CHARS_MAX), faults),
    }
}

fn item_of(item: &Reading<'_>, faults: &mut Faults) -> Item {
    let reference = Chars(0, REFERENCE_CHARS_MAX);
    let mut minor = |name| item.whole(name, AMOUNT_MINOR_MAX, faults);
    let (unit_price_minor, tax_minor) = (minor("unitPrice"), minor("taxAmount"));
    let (gross_minor, net_minor) = (minor("grossTotalAmount"), minor("netTotalAmount"));
    Item {
        item_no: item.text("itemNo", reference, faults),
        reference: item.text("reference", reference, faults),
        name: item.text("name", FREE, faults),
        quantity: item.whole("quantity", QUANTITY_MAX, faults),
        unit: item.text("unit", FREE, faults),
        unit_price_minor,
        tax_rate: item.whole("taxRate", TAX_RATE_MAX, faults),
        tax_minor,
        gross_minor,
        net_minor,
    }
}
