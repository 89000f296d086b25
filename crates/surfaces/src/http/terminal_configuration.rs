//! The JSON of a terminal's configuration (Terminals, `terminal_configuration`), as every surface
//! shows and takes it. What the settings are, and may be, the estate decides.

use estate::settings::{Effective, Form, Layer, SETTINGS, Setting};
use serde_json::{Map, Value};

/// What is wrong with a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The names that lead to it, from the configuration itself.
    pub path: Vec<String>,
    /// The kind of fault.
    pub code: FaultCode,
    /// For people: the end of a sentence that begins with the field's name.
    pub message: String,
}

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// A field that must be there is not.
    Missing,
    /// A field is of another type than it must be.
    WrongType,
    /// A field's value is not one that it may have.
    WrongValue,
}

/// What a configuration must and may say where it is sent to.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Fields that cannot be taken away.
    pub kept: &'static [&'static str],
    /// Whether these must be there.
    pub is_complete: bool,
    /// What `currency` may be. `None`: any currency.
    pub currencies: Option<&'static [&'static str]>,
}

impl Rules {
    /// Nothing must be there, and everything may be.
    pub const FREE: Rules = Rules { kept: &[], is_complete: false, currencies: None };
}

/// In an address of the United States, these must be there.
const US_ADDRESS: [&str; 4] = ["line1", "city", "region", "postal_code"];

/// Where settings of tips are; callers leave the inner name out as well.
const TIP_DISPLAY: &str = "tip.terminal_display.";

/// A configuration as JSON. Everything that a configuration can say is there; what has no value is
/// `null`. `sim_card_id` has none: no terminal tells us.
pub fn configuration_json(effective: &Effective) -> Value {
    let mut root = Map::new();
    root.insert("sim_card_id".to_owned(), Value::Null);
    for setting in SETTINGS {
        let value =
            effective.text(setting.name).map_or(Value::Null, |text| setting_json(setting, text));
        insert(&mut root, setting.name, value);
    }
    for group in ["maintenance_window", "address"] {
        let is_empty = |group: &Value| {
            group.as_object().is_some_and(|parts| parts.values().all(Value::is_null))
        };
        if let Some(value) = root.get_mut(group).filter(|value| is_empty(value)) {
            *value = Value::Null;
        }
    }
    Value::Object(root)
}

/// Puts a value where a dotted path leads.
fn insert(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(object.insert(path.to_owned(), value)),
        Some((name, rest)) => {
            let inner = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Some(inner) = inner.as_object_mut() {
                insert(inner, rest, value);
            }
        }
    }
}

/// The value of a setting as JSON.
pub fn setting_json(setting: &Setting, text: &str) -> Value {
    match setting.form {
        Form::Flag => Value::Bool(text == "true"),
        Form::Number { .. } => text.parse::<i64>().map_or(Value::Null, Value::from),
        Form::Words(_) => text.split(',').map(Value::from).collect(),
        Form::Text { .. } | Form::Word(_) | Form::TimeZone | Form::Country | Form::Currency => {
            Value::from(text)
        }
    }
}

/// Reads a configuration: what it chooses, what it withdraws by `null`, and everything that is
/// wrong with it. Fields that are not known are passed over, and so is `sim_card_id`, which nobody
/// can choose.
pub fn parse_configuration(value: &Value, rules: &Rules) -> (Layer, Vec<Fault>) {
    let mut reading = Reading { layer: Layer::default(), faults: Vec::new() };
    if !value.is_object() {
        reading.fault("", FaultCode::WrongType, "must be an object");
        return (reading.layer, reading.faults);
    }
    for setting in SETTINGS {
        reading.take(value, setting, rules);
    }
    reading.demand(value, rules);
    (reading.layer, reading.faults)
}

struct Reading {
    layer: Layer,
    faults: Vec<Fault>,
}

/// What a dotted path leads to.
enum Found<'v> {
    Absent,
    Null,
    /// Something on the way, whose path this is, is no object.
    Blocked(String),
    Value(&'v Value),
}

impl Reading {
    /// Notes a fault, once for each place.
    fn fault(&mut self, path: &str, code: FaultCode, message: &str) {
        let segments = path.split('.').filter(|segment| !segment.is_empty());
        let path: Vec<String> = segments.map(str::to_owned).collect();
        if !self.faults.iter().any(|fault| fault.path == path) {
            self.faults.push(Fault { path, code, message: message.to_owned() });
        }
    }

    fn take(&mut self, root: &Value, setting: &'static Setting, rules: &Rules) {
        let mut path = setting.name.to_owned();
        let mut found = find(root, &path);
        if let (Found::Absent, Some(rest)) = (&found, setting.name.strip_prefix(TIP_DISPLAY)) {
            path = format!("tip.{rest}");
            found = find(root, &path);
        }
        match found {
            Found::Absent => {}
            Found::Null => self.layer.withdraw(setting.name),
            Found::Blocked(at) => self.fault(&at, FaultCode::WrongType, "must be an object"),
            Found::Value(value) => match read(setting, value, rules) {
                Ok(text) => self.layer.choose(setting.name, text),
                Err((code, message)) => self.fault(&path, code, &message),
            },
        }
    }

    /// Asks for what must be there.
    fn demand(&mut self, root: &Value, rules: &Rules) {
        for name in rules.kept {
            match find(root, name) {
                Found::Null => self.fault(name, FaultCode::Missing, "cannot be null"),
                Found::Absent if rules.is_complete => {
                    self.fault(name, FaultCode::Missing, "is required");
                }
                Found::Absent | Found::Blocked(_) | Found::Value(_) => {}
            }
        }
        let parts = root.get("address").filter(|address| address.is_object());
        let is_us = parts.is_some_and(|address| address.get("country") == Some(&"US".into()));
        if !is_us || !rules.is_complete {
            return;
        }
        for part in US_ADDRESS {
            let path = format!("address.{part}");
            if matches!(find(root, &path), Found::Absent | Found::Null) {
                self.fault(&path, FaultCode::Missing, "is required with the country US");
            }
        }
    }
}

fn find<'v>(root: &'v Value, path: &str) -> Found<'v> {
    let mut value = root;
    let mut walked = String::new();
    for name in path.split('.') {
        match value {
            Value::Object(fields) => match fields.get(name) {
                None => return Found::Absent,
                Some(inner) => value = inner,
            },
            Value::Null => return Found::Null,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Found::Blocked(walked);
            }
        }
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(name);
    }
    if value.is_null() { Found::Null } else { Found::Value(value) }
}

/// The text of a value in the form of its setting.
fn read(setting: &Setting, value: &Value, rules: &Rules) -> Result<String, (FaultCode, String)> {
    let wrong_type = |expected: &str| (FaultCode::WrongType, format!("must be {expected}"));
    let text = match setting.form {
        Form::Flag => value.as_bool().map(|flag| flag.to_string()).ok_or("true or false"),
        Form::Number { .. } => whole(value).ok_or("a whole number"),
        Form::Words(_) => words(value).ok_or("an array of strings"),
        Form::Text { .. } | Form::Word(_) | Form::TimeZone | Form::Country | Form::Currency => {
            value.as_str().map(str::to_owned).ok_or("a string")
        }
    };
    let text = text.map_err(wrong_type)?;
    let text = setting.check(&text).map_err(|demand| (FaultCode::WrongValue, demand))?;
    match rules.currencies {
        Some(currencies) if setting.name == "currency" && !currencies.contains(&text.as_str()) => {
            let demand = format!("must be {}", currencies.join(" or "));
            Err((FaultCode::WrongValue, demand))
        }
        Some(_) | None => Ok(text),
    }
}

/// A whole number as text, however large: the setting says how large it may be.
fn whole(value: &Value) -> Option<String> {
    let number = value.as_number()?;
    (number.is_i64() || number.is_u64()).then(|| number.to_string())
}

/// Words parted by commas. One that has a comma of its own is none that a setting knows.
fn words(value: &Value) -> Option<String> {
    let texts = value.as_array()?.iter().map(Value::as_str);
    let texts: Vec<&str> = texts.collect::<Option<_>>()?;
    let is_split = texts.iter().any(|text| text.contains(','));
    Some(if is_split { String::new() } else { texts.join(",") })
}

#[cfg(test)]
mod tests {
    use estate::settings::with_own;
    use ledger::Directory;
    use serde_json::json;

    use super::*;

    const STRICT: Rules = Rules {
        kept: &["name", "address", "address.country", "timezone", "currency"],
        is_complete: true,
        currencies: Some(&["USD"]),
    };

    /// A configuration that says everything.
    fn whole_configuration() -> Value {
        json!({
            "name": "Kassa Å 🦊",
            "receipt_header_merchant_name": "Åkes Ägg",
            "maintenance_window": { "start": 0, "duration": 1 },
            "manual_entry_configuration":
                { "avs_prompt_enabled": false, "cvd_prompt_enabled": true },
            "address": {
                "line1": "1 Main St", "line2": "Suite 5", "city": "Reno", "region": "NV",
                "postal_code": "89501", "country": "US"
            },
            "timezone": "US/Pacific",
            "currency": "USD",
            "supported_card_brands": ["jcb", "visa"],
            "credit_debit_preference": "debit",
            "sim_card_id": null,
            "tip": {
                "mode": "prompt_on_terminal",
                "terminal_display": {
                    "amount_guide_type": "percentage_guide",
                    "percentage_guide": {
                        "show_amount": true, "percentage_low": 5, "percentage_medium": 10,
                        "percentage_high": 15
                    }
                }
            },
            "signature_required": true,
            "contactless_payments": { "enabled": false, "credit_debit_preference": "credit" },
            "quick_chip": { "enabled": false },
            "deferred_authorization": {
                "enabled": true, "international_enabled": true, "max_transaction_count": 3,
                "max_total_amount": 3000, "max_transaction_amount": 1000,
                "supported_card_entry_modes": ["manual"]
            }
        })
    }

    #[test]
    fn what_was_sent_is_shown_again() {
        let sent = whole_configuration();
        let (layer, faults) = parse_configuration(&sent, &STRICT);
        assert_eq!(faults, []);
        let shown = configuration_json(&with_own(&Directory::default(), 0, &layer));
        assert_eq!(shown, sent);
    }

    #[test]
    fn everything_is_shown_though_nothing_was_chosen() {
        let shown = configuration_json(&with_own(&Directory::default(), 0, &Layer::default()));
        let names =
            |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(names(&shown), names(&whole_configuration()));
        assert_eq!((&shown["address"], &shown["maintenance_window"]), (&json!(null), &json!(null)));
        assert_eq!(shown["tip"]["mode"], "disabled");
        assert_eq!(shown["deferred_authorization"]["max_transaction_count"], 20);
    }

    /// The paths and kinds of fault of the whole configuration with one change.
    #[track_caller]
    fn check(pointer: &str, value: Value, rules: &Rules, expected: &[(&str, FaultCode)]) {
        let mut sent = whole_configuration();
        *sent.pointer_mut(pointer).unwrap() = value;
        check_whole(&sent, rules, expected);
    }

    #[track_caller]
    fn check_whole(sent: &Value, rules: &Rules, expected: &[(&str, FaultCode)]) {
        let (_, faults) = parse_configuration(sent, rules);
        let found: Vec<(String, FaultCode)> =
            faults.iter().map(|fault| (fault.path.join("/"), fault.code)).collect();
        let expected: Vec<(String, FaultCode)> =
            expected.iter().map(|(path, code)| ((*path).to_owned(), *code)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_setting_has_its_type_and_form() {
        use FaultCode::{WrongType, WrongValue};
        for setting in SETTINGS {
            let pointer = format!("/{}", setting.name.replace('.', "/"));
            let path = pointer.trim_start_matches('/');
            check(&pointer, json!({}), &Rules::FREE, &[(path, WrongType)]);
            let bad = match setting.form {
                Form::Flag => continue,
                Form::Number { .. } => json!(18_000_000_000_000_000_000_u64),
                Form::Words(_) => json!(["visa,jcb"]),
                Form::Text { .. }
                | Form::Word(_)
                | Form::TimeZone
                | Form::Country
                | Form::Currency => json!(""),
            };
            check(&pointer, bad, &Rules::FREE, &[(path, WrongValue)]);
        }
    }

    #[test]
    fn every_fault_is_named() {
        use FaultCode::{Missing, WrongType, WrongValue};
        check(
            "/maintenance_window/start",
            json!(1.5),
            &STRICT,
            &[("maintenance_window/start", WrongType)],
        );
        check(
            "/supported_card_brands",
            json!([]),
            &STRICT,
            &[("supported_card_brands", WrongValue)],
        );
        check(
            "/supported_card_brands",
            json!(["visa", 1]),
            &STRICT,
            &[("supported_card_brands", WrongType)],
        );
        check("/tip", json!("no"), &STRICT, &[("tip", WrongType)]);
        check("/tip/terminal_display", json!([]), &STRICT, &[("tip/terminal_display", WrongType)]);
        check("/currency", json!("SEK"), &STRICT, &[("currency", WrongValue)]);
        check("/currency", json!("SEK"), &Rules::FREE, &[]);
        check("/name", json!(null), &STRICT, &[("name", Missing)]);
        check("/name", json!(null), &Rules::FREE, &[]);
        check("/address/city", json!(null), &STRICT, &[("address/city", Missing)]);
        check(
            "/address",
            json!(null),
            &STRICT,
            &[("address", Missing), ("address/country", Missing)],
        );
        let sweden = json!({ "country": "SE" });
        check("/address", sweden, &STRICT, &[]);
        check(
            "/address",
            json!({ "country": "US", "line1": "x", "city": "y" }),
            &STRICT,
            &[("address/region", Missing), ("address/postal_code", Missing)],
        );
        check_whole(
            &json!({}),
            &STRICT,
            &[
                ("name", Missing),
                ("address", Missing),
                ("address/country", Missing),
                ("timezone", Missing),
                ("currency", Missing),
            ],
        );
        check_whole(&json!({}), &Rules { is_complete: false, ..STRICT }, &[]);
        check_whole(&json!([]), &STRICT, &[("", WrongType)]);
        check_whole(
            &json!({ "name": 1, "timezone": "Mars", "x": 1 }),
            &Rules::FREE,
            &[("name", WrongType), ("timezone", WrongValue)],
        );
    }

    #[test]
    fn the_guide_of_tips_is_taken_in_both_places() {
        let sent = json!({ "tip": {
            "amount_guide_type": "no_guide", "percentage_guide": { "percentage_low": 1 },
            "terminal_display": { "percentage_guide": { "percentage_high": 99 } }
        } });
        let (layer, faults) = parse_configuration(&sent, &Rules::FREE);
        assert_eq!(faults, []);
        let shown = configuration_json(&with_own(&Directory::default(), 0, &layer));
        let display = &shown["tip"]["terminal_display"];
        assert_eq!(display["amount_guide_type"], "no_guide");
        assert_eq!(display["percentage_guide"]["percentage_low"], 1);
        assert_eq!(display["percentage_guide"]["percentage_high"], 99);
        assert!(shown["tip"].get("amount_guide_type").is_none());
        let wrong = json!({ "tip": { "percentage_guide": { "percentage_low": 101 } } });
        let path = "tip/percentage_guide/percentage_low";
        check_whole(&wrong, &Rules::FREE, &[(path, FaultCode::WrongValue)]);
    }

    #[test]
    fn null_withdraws_a_whole_group() {
        let (layer, faults) = parse_configuration(&json!({ "tip": null }), &Rules::FREE);
        assert_eq!(faults, []);
        let mut own = parse_configuration(&whole_configuration(), &STRICT).0;
        own.merge(&layer);
        let shown = configuration_json(&with_own(&Directory::default(), 0, &own));
        assert_eq!(shown["tip"]["mode"], "disabled");
        assert_eq!(shown["name"], "Kassa Å 🦊");
    }
}
