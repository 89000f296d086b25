//! The frame of every answer: nested objects by dotted names, whose every scalar is a text.

use estate::draw::hex;
use ledger::money::format_minor;
use ledger::{Currency, Timestamp};
use payments::{Authentication, CardShown, Online, Payment, Registration, ResultCode};
use serde::Serialize;
use serde_json::{Map, Value};

/// An answer that is being written.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Frame(Map<String, Value>);

/// Most entries of an array: as many as a request may have parameters.
const ENTRIES_MAX: usize = super::form::PARAMETERS_MAX;

/// The build that answers, as the contract writes it: a hash and a time. The time of a build is
/// not kept, so that equal sources are built equal.
const BUILD_TIME: &str = "1970-01-01 00:00:00 +0000";

impl Frame {
    /// Sets a value by its dotted name: `a.b`, `a[0].b`, `a[NAME]`. What goes through a scalar
    /// that is there already is left out.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let mut steps = steps(name).into_iter();
        let Some(Step::Field(first)) = steps.next() else { return };
        let mut place = self.0.entry(first).or_insert(Value::Null);
        for step in steps {
            let Some(next) = enter(place, step) else { return };
            place = next;
        }
        if place.is_null() {
            *place = Value::String(value.to_owned());
        }
    }

    /// Sets what is there.
    pub(super) fn set_any(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Sets the result.
    pub(super) fn result(&mut self, code: ResultCode) {
        self.set("result.code", code.as_str());
        self.set("result.description", code.description());
    }

    /// Sets what may be shown of a card.
    pub(super) fn card(&mut self, card: &CardShown) {
        self.set("card.bin", &card.number.bin);
        self.set("card.last4Digits", &card.number.last4);
        self.set_any("card.holder", card.holder.as_deref());
        self.set("card.expiryMonth", &format!("{:02}", card.expiry.month));
        self.set("card.expiryYear", &card.expiry.year.to_string());
    }

    /// Ends the frame with what each has: which build answered, when, and under which name.
    #[must_use]
    pub(super) fn end(mut self, at: Timestamp, ndc: &str) -> Frame {
        self.set("buildNumber", &build_number());
        self.set("timestamp", &timestamp(at));
        self.set("ndc", ndc);
        // Numbers that were left out leave no gap.
        self.0.values_mut().for_each(close_gaps);
        self
    }

    /// Puts a frame into an array of this one.
    pub(super) fn push(&mut self, name: &str, entry: Frame) {
        let array = self.0.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(entries) = array {
            entries.push(Value::Object(entry.0));
        }
    }

    /// As it is sent.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A payment with all that is shown with it.
pub(super) struct View<'p> {
    pub(super) payment: &'p Payment,
    pub(super) entity_id: &'p str,
    /// Where the payer has to go, while there is something to do there.
    pub(super) redirect: Option<Redirect>,
}

/// Where a payer's browser is sent.
pub(super) struct Redirect {
    pub(super) url: String,
    pub(super) method: &'static str,
    pub(super) parameters: Vec<(String, String)>,
}

impl View<'_> {
    /// The answer that shows the payment as it is now (`Inquiry`).
    pub(super) fn frame(&self) -> Frame {
        let (payment, mut frame) = (self.payment, Frame::default());
        let Some(online) = &payment.online else { return frame };
        let id = payment.online_id();
        frame.set("id", &id);
        frame.set_any("referencedId", online.referenced.as_deref());
        frame.set_any("registrationId", online.registration.as_deref());
        frame.set("paymentType", online.kind.as_str());
        frame.set("paymentBrand", &online.brand);
        frame.set("amount", &amount(payment.amount.total_minor, payment.amount.currency));
        frame.set("currency", payment.amount.currency.code());
        frame.set_any("merchantTransactionId", online.merchant_transaction_id.as_deref());
        frame.result(payment.result());
        frame.set_any("resultDetails.ExtendedDescription", payment.told.info.as_deref());
        frame.set_any("resultDetails.ConnectorTxID1", payment.told.reference.as_deref());
        if let Some(card) = &online.card {
            frame.card(card);
        }
        authentication(&mut frame, online);
        if let Some(redirect) = &self.redirect {
            redirect.show(&mut frame);
        }
        for (name, value) in &online.echo {
            frame.set(name, value);
        }
        frame.end(payment.created_at, &format!("{}_{id}", self.entity_id))
    }
}

impl Redirect {
    pub(super) fn show(&self, frame: &mut Frame) {
        frame.set("redirect.url", &self.url);
        frame.set("redirect.method", self.method);
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            frame.set(&format!("redirect.parameters[{at}].name"), name);
            frame.set(&format!("redirect.parameters[{at}].value"), value);
        }
    }
}

/// What became of the payer's proof (3-D Secure 2).
fn authentication(frame: &mut Frame, online: &Online) {
    let (status, flow) = match online.authentication {
        None | Some(Authentication::Awaited) => return,
        Some(Authentication::Passed) => ("Y", "challenge"),
        Some(Authentication::Frictionless) => ("Y", "frictionless"),
        Some(Authentication::Failed) => ("N", "challenge"),
    };
    frame.set("threeDSecure.version", "2.2.0");
    frame.set("threeDSecure.flow", flow);
    frame.set("threeDSecure.authenticationStatus", status);
    if status == "Y" {
        let eci = if online.brand == "MASTER" { "02" } else { "05" };
        frame.set("threeDSecure.eci", eci);
    }
}

/// A registration as it is shown.
pub(super) fn registration(it: &Registration, code: ResultCode, entity_id: &str) -> Frame {
    let mut frame = Frame::default();
    frame.set("id", &it.kept.id);
    frame.set("paymentBrand", &it.kept.brand);
    frame.result(code);
    frame.card(&it.kept.card);
    frame.end(it.created_at, &format!("{entity_id}_{}", it.kept.id))
}

/// An amount in major units, with two decimals at least (payments v3, `amount`).
pub(super) fn amount(minor: i64, currency: Currency) -> String {
    let text = format_minor(minor, currency);
    if text.contains('.') { text } else { format!("{text}.00") }
}

/// A time as this contract writes it: seconds, in UTC.
fn timestamp(at: Timestamp) -> String {
    let text = at.rfc3339();
    let parts = text.get(..10).zip(text.get(11..19));
    parts.map_or(text.clone(), |(day, time)| format!("{day} {time}+0000"))
}

fn build_number() -> String {
    let hash = ledger::ids::Hasher::new("build").text(env!("CARGO_PKG_VERSION")).finish();
    let twenty: Vec<u8> = hash.iter().chain(&hash).take(20).copied().collect();
    format!("{}@{BUILD_TIME}", hex(&twenty))
}

fn close_gaps(value: &mut Value) {
    match value {
        Value::Array(entries) => {
            entries.retain(|entry| !entry.is_null());
            entries.iter_mut().for_each(close_gaps);
        }
        Value::Object(fields) => fields.values_mut().for_each(close_gaps),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A step on the way to a value.
enum Step {
    Field(String),
    Entry(usize),
}

fn steps(name: &str) -> Vec<Step> {
    let (mut steps, mut rest) = (Vec::new(), name);
    // What stands in its brackets are names, though they may be numbers.
    let is_map = name.starts_with("customParameters[");
    while !rest.is_empty() {
        if let Some((key, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let entry = key.parse().ok().filter(|at: &usize| *at < ENTRIES_MAX && !is_map);
            steps.push(entry.map_or_else(|| Step::Field(key.to_owned()), Step::Entry));
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).filter(|end| *end > 0).unwrap_or(rest.len());
            let (field, after) = rest.split_at(end);
            steps.push(Step::Field(field.to_owned()));
            rest = after.strip_prefix('.').unwrap_or(after);
        }
    }
    steps
}

fn enter(place: &mut Value, step: Step) -> Option<&mut Value> {
    match step {
        Step::Field(name) => {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            Some(place.as_object_mut()?.entry(name).or_insert(Value::Null))
        }
        Step::Entry(at) => {
            if place.is_null() {
                *place = Value::Array(Vec::new());
            }
            let entries = place.as_array_mut()?;
            if at >= entries.len() {
                entries.resize(at.saturating_add(1), Value::Null);
            }
            entries.get_mut(at)
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn dotted_names_become_objects() {
        let mut frame = Frame::default();
        frame.set("id", "1");
        frame.set("cart.items[0].name", "Ägg");
        frame.set("cart.items[0].price", "2.00");
        frame.set("cart.items[7].name", "Mjölk");
        frame.set("customParameters[SHOPPER_a.b]", "x");
        frame.set("customParameters[123]", "y");
        frame.set("id.beneath", "is left out");
        frame.set("id", "the first stays");
        frame.set("[0]", "has no name");
        frame.set("a[99999]", "is a name");
        frame.0.values_mut().for_each(close_gaps);
        let lines = frame.text().replace("},", "},\n").replace("],", "],\n");
        let expected = expect![[r#"
            {"a":{"99999":"is a name"},
            "cart":{"items":[{"name":"Ägg","price":"2.00"},
            {"name":"Mjölk"}]},
            "customParameters":{"123":"y","SHOPPER_a.b":"x"},
            "id":"1"}"#]];
        expected.assert_eq(&lines);
    }

    #[test]
    fn amounts_have_two_decimals_at_least() {
        let check = |code, minor, expected| {
            assert_eq!(amount(minor, Currency::parse(code).unwrap()), expected);
        };
        check("SEK", 9_200, "92.00");
        check("SEK", 5, "0.05");
        check("JPY", 92, "92.00");
        assert_eq!(timestamp(Timestamp(1_700_000_000_123)), "2023-11-14 22:13:20+0000");
        assert_eq!(build_number().len(), 40 + 1 + BUILD_TIME.len());
    }
}
