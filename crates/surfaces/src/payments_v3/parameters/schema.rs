//! The parameters as the documentation shows them: each with the limits that its format has.

use payments::PaymentType;
use serde_json::{Map, Value, json};

use super::format::{Format, Set};
use super::required::{Operation, Request, required};
use super::table::rules;

/// The schema of a form that asks for an operation.
pub(crate) fn form(operation: Operation) -> Value {
    let mut fields = Map::new();
    let mut patterns = Map::new();
    for (kind, format) in rules().filter(|(kind, _)| is_of_use(operation, kind)) {
        let schema = if kind == "paymentType" { types(operation) } else { schema(format) };
        if kind.contains("[]") {
            patterns.insert(pattern(&kind), schema);
        } else {
            fields.insert(kind, schema);
        }
    }
    let mut form = json!({
        "type": "object",
        "description": "Unknown parameters are passed over; one that is given twice is refused.",
        "properties": fields,
        "patternProperties": patterns
    });
    let names = required(request(operation));
    if !names.is_empty()
        && let Some(form) = form.as_object_mut()
    {
        form.insert("required".to_owned(), json!(names));
    }
    form
}

/// Whatever may be sent by name and is of use. The rest is checked, too, and shown again.
fn is_of_use(operation: Operation, kind: &str) -> bool {
    let is_card = kind.starts_with("card.");
    match operation {
        Operation::Payment | Operation::PagePayment => true,
        Operation::Registration => is_card || matches!(kind, "entityId" | "paymentBrand"),
        Operation::TokenPayment => !is_card || kind == "card.cvv",
        Operation::FollowUp | Operation::Checkout | Operation::CheckoutUpdate => !is_card,
    }
}

/// What a request needs at least: what it is paid with decides what else.
fn request(operation: Operation) -> Request {
    match operation {
        Operation::Payment | Operation::TokenPayment => Request::TokenPayment,
        Operation::PagePayment | Operation::CheckoutUpdate => Request::CheckoutUpdate,
        Operation::FollowUp => Request::Reversal,
        Operation::Registration => Request::Registration,
        Operation::Checkout => Request::Checkout,
    }
}

fn types(operation: Operation) -> Value {
    let taken = PaymentType::ALL.into_iter().filter(|kind| operation.takes(*kind));
    let words: Vec<&str> = taken.map(PaymentType::as_str).collect();
    json!({ "type": "string", "enum": words })
}

/// The names of a kind, as a pattern.
fn pattern(kind: &str) -> String {
    let key = match kind {
        "customParameters[]" => "[a-zA-Z0-9._]{3,64}",
        "overridePaymentType[]" => "[a-zA-Z0-9_]{1,32}",
        _ => "[0-9]{1,3}",
    };
    let (before, after) = kind.split_once("[]").unwrap_or((kind, ""));
    let literal = |text: &str| text.replace('.', r"\.");
    format!(r"^{}\[{key}\]{}$", literal(before), literal(after))
}

fn schema(format: Format) -> Value {
    let text = |min: usize, max: usize| json!({ "minLength": min, "maxLength": max });
    let of = |pattern: &str| json!({ "pattern": pattern });
    let mut schema = match format {
        Format::Text(min, max) => text(min, max),
        Format::Of(set, min, max) if min == max => of(&format!("^{}{{{min}}}$", characters(set))),
        Format::Of(set, min, max) => of(&format!("^{}{{{min},{max}}}$", characters(set))),
        Format::Word(words) => json!({ "enum": words }),
        Format::Decimal => of(DECIMAL),
        Format::Amount => json!({ "pattern": DECIMAL, "description": "Above zero." }),
        Format::Currency => json!({ "pattern": "^[A-Z]{3}$", "description": "ISO 4217." }),
        Format::Country => json!({ "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1." }),
        Format::Day => json!({ "format": "date" }),
        Format::Ip => json!({ "maxLength": 255, "description": "An IPv4 or IPv6 address." }),
        Format::Email => json!({ "format": "email", "minLength": 6, "maxLength": 128 }),
        Format::Phone(min, max) => {
            let pattern = format!(
                "^[0-9+][a-zA-Z0-9+,.-]{{{},{}}}$",
                min.saturating_sub(1),
                max.saturating_sub(1)
            );
            of(&pattern)
        }
        Format::CardNumber => {
            json!({ "pattern": "^[0-9]{12,19}$", "description": "With its check digit (Luhn)." })
        }
        Format::Holder => json!({
            "minLength": 3, "maxLength": 128,
            "description": "In test mode, a published code that does not begin with 000 is what \
                the payment comes to."
        }),
        Format::Month => of("^(0[1-9]|1[0-2])$"),
        Format::Year => of("^20[0-9]{2}$"),
        Format::Iban => of("^[a-zA-Z]{2}[0-9]{2}[a-zA-Z0-9]{11,27}$"),
        Format::Bic => of("^[a-zA-Z0-9]{8}([a-zA-Z0-9]{3})?$"),
        Format::VerificationId => of("^[a-zA-Z0-9+/]{26,27}={1,2}$"),
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("type".to_owned(), json!("string"));
    }
    schema
}

const DECIMAL: &str = r"^[0-9]{1,10}(\.[0-9]{2})?$";

fn characters(set: Set) -> &'static str {
    match set {
        Set::Digits => "[0-9]",
        Set::Hex => "[a-f0-9]",
        Set::Alphanumeric => "[a-zA-Z0-9]",
        Set::Word => "[a-zA-Z0-9_]",
        Set::Dotted => "[a-zA-Z0-9.]",
        Set::Signed => "[0-9-]",
    }
}
