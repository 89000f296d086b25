//! What terminals use and where it comes from.

use std::collections::BTreeMap;

use estate::settings::{SETTINGS, setting};
use estate::{Customer, Effective, Layer, Origin};
use ledger::Directory;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::fields::{FromObject, Object, shown_name};
use crate::http::terminal_configuration::{
    Rules, configuration_json, parse_configuration, setting_json,
};

/// Settings to choose and to withdraw.
#[derive(Debug)]
pub(in crate::operator) struct ConfigurationChange(pub(in crate::operator) Layer);

/// Settings to choose, as they are written: parts of a `terminal_configuration` of the Terminals
/// contract. What is absent stays, `null` withdraws a choice, and arrays are replaced whole.
#[derive(Debug, ToSchema)]
#[schema(as = ConfigurationChange)]
#[expect(dead_code, reason = "it is read as `ConfigurationChange`; this describes it")]
pub(in crate::operator) struct NewConfiguration {
    /// What the terminal is called.
    name: Option<String>,
    /// On receipts.
    receipt_header_merchant_name: Option<String>,
    /// When the terminal may be updated: `start` and `duration`, in hours of its own day.
    #[schema(value_type = Option<Object>)]
    maintenance_window: Option<Value>,
    /// What is asked for when a card is keyed in.
    #[schema(value_type = Option<Object>)]
    manual_entry_configuration: Option<Value>,
    /// Where the terminal is.
    #[schema(value_type = Option<Object>)]
    address: Option<Value>,
    /// A name of the time zone database.
    timezone: Option<String>,
    /// Three letters (ISO 4217).
    currency: Option<String>,
    /// The cards that it takes.
    supported_card_brands: Option<Vec<String>>,
    /// What a card is taken as that can be both.
    credit_debit_preference: Option<String>,
    /// Whether and how it asks for tips.
    #[schema(value_type = Option<Object>)]
    tip: Option<Value>,
    /// Whether it takes signatures.
    signature_required: Option<bool>,
    /// Whether and how it takes cards without contact.
    #[schema(value_type = Option<Object>)]
    contactless_payments: Option<Value>,
    /// Whether a chip card may be taken out early.
    #[schema(value_type = Option<Object>)]
    quick_chip: Option<Value>,
    /// What it may accept without a connection.
    #[schema(value_type = Option<Object>)]
    deferred_authorization: Option<Value>,
}

/// What a terminal uses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Configuration)]
pub(in crate::operator) struct ConfigurationBody {
    /// Each setting that has a value, by its dotted path.
    values: BTreeMap<&'static str, ValueBody>,
    /// The same, nested as terminals get it.
    #[schema(value_type = Object)]
    configuration: Value,
    /// Changes with any value.
    #[schema(example = "9f86d081884c7d65")]
    version: String,
}

/// The value of a setting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingValue)]
struct ValueBody {
    /// As the configuration has it.
    value: Value,
    /// Where it comes from.
    origin: OriginBody,
}

/// Where a value comes from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingOrigin)]
struct OriginBody {
    /// `default`, `customer` or `terminal`.
    #[schema(example = "customer")]
    kind: &'static str,
    /// Which customer has chosen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// That customer's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl FromObject for ConfigurationChange {
    fn from_object(object: &mut Object) -> Option<ConfigurationChange> {
        let fields = object.fields().clone();
        for name in fields.keys().filter(|name| is_group(name)) {
            object.optional(name, |_| Ok(()));
        }
        for path in unknown_within(&fields) {
            object.refuse(&path, "is not a field of this request");
        }
        let (layer, faults) = parse_configuration(&Value::Object(fields), &Rules::FREE);
        for fault in &faults {
            object.refuse(&fault.path.join("/"), &fault.message);
        }
        faults.is_empty().then_some(ConfigurationChange(layer))
    }
}

/// Whether a name is that of a setting, or of settings that belong together.
fn is_group(name: &str) -> bool {
    !name.contains('.') && is_known(name)
}

/// Whether a path is a setting, leads to one, or is one of those that are accepted for one.
fn is_known(path: &str) -> bool {
    let leads_to = |name: &str| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    let inner = path.strip_prefix("tip.").map(|rest| format!("tip.terminal_display.{rest}"));
    let is_one = |path: &str| setting(path).is_some() || path == "sim_card_id";
    is_one(path)
        || SETTINGS.iter().any(|setting| leads_to(setting.name))
        || inner.is_some_and(|inner| {
            SETTINGS.iter().any(|setting| setting.name.starts_with(inner.as_str()))
        })
}

/// The paths of fields that are in the object's objects and are no settings, parted by slashes.
fn unknown_within(fields: &Map<String, Value>) -> Vec<String> {
    let mut unknown = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| is_group(name)) {
        walk(name, name, value, &mut unknown);
    }
    unknown
}

fn walk(path: &str, pointer: &str, value: &Value, unknown: &mut Vec<String>) {
    let Some(fields) = value.as_object() else { return };
    // What is no group is refused for its type.
    if setting(path).is_some() {
        return;
    }
    for (name, value) in fields {
        let (path, pointer) = (format!("{path}.{name}"), format!("{pointer}/{}", shown_name(name)));
        if name.contains('.') || !is_known(&path) {
            unknown.push(pointer);
        } else {
            walk(&path, &pointer, value, unknown);
        }
    }
}

impl ConfigurationBody {
    /// What a terminal uses, as operators see it.
    pub(in crate::operator) fn of(
        effective: &Effective,
        directory: &Directory,
    ) -> ConfigurationBody {
        let value = |(name, text, origin): (&'static str, &str, Origin)| {
            let value = setting(name).map_or(Value::Null, |setting| setting_json(setting, text));
            (name, ValueBody { value, origin: OriginBody::of(origin, directory) })
        };
        ConfigurationBody {
            values: effective.iter().map(value).collect(),
            configuration: configuration_json(effective),
            version: effective.version(),
        }
    }
}

impl OriginBody {
    fn of(origin: Origin, directory: &Directory) -> OriginBody {
        match origin {
            Origin::Default => OriginBody { kind: "default", id: None, name: None },
            Origin::Terminal => OriginBody { kind: "terminal", id: None, name: None },
            Origin::Customer(number) => {
                let name = Customer::find(directory, number).map(|customer| customer.name);
                OriginBody { kind: "customer", id: Some(number), name }
            }
        }
    }
}
