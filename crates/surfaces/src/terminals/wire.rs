//! Bodies of this contract: what callers write, and a terminal as they read it.

use estate::limits::{ID_CHARS_MAX, SERIAL_CHARS_MAX};
use estate::reference::ONBOARDED_MODELS;
use estate::settings::{Effective, Layer};
use estate::{Customer, Terminal};
use ledger::Directory;
use serde::Serialize;
use serde_json::{Map, Value};

use super::API_VERSION;
use super::problem::{CONFIGURATION, Detail, Problem, Reason};
use crate::http::terminal_configuration::{
    Fault, FaultCode, Rules, configuration_json, parse_configuration,
};

/// What a configuration must have; the contract's only currency.
const KEPT: &[&str] = &["name", "address", "address.country", "timezone", "currency"];
const CURRENCIES: Option<&[&str]> = Some(&["USD"]);

/// What cannot be changed.
const FIXED: [&str; 3] = ["account_id", "serial_number", "model"];

/// A terminal as it is asked for.
#[derive(Debug)]
pub(super) struct NewTerminal {
    pub(super) account_id: String,
    pub(super) serial: String,
    pub(super) model: String,
    pub(super) reference_id: Option<String>,
    pub(super) settings: Layer,
}

/// A change of a terminal as it is asked for.
#[derive(Debug)]
pub(super) struct TerminalChange {
    pub(super) reference: Reference,
    pub(super) settings: Layer,
}

/// What a body says about a terminal's reference.
#[derive(Debug)]
pub(super) enum Reference {
    /// Nothing.
    Kept,
    /// There shall be none: `null`.
    Removed,
    /// It shall be this.
    Set(String),
}

/// A terminal as callers see it.
#[derive(Debug, Serialize)]
pub(super) struct TerminalBody {
    id: String,
    resource: &'static str,
    path: String,
    owner: Option<Owner>,
    api_version: &'static str,
    status: &'static str,
    serial_number: Option<String>,
    model: String,
    reference_id: Option<String>,
    last_call_home: Option<i64>,
    terminal_application_version: Option<String>,
    terminal_configuration: Value,
    gateway_id: String,
}

#[derive(Debug, Serialize)]
struct Owner {
    id: String,
    path: String,
    resource: &'static str,
}

impl TerminalBody {
    /// `effective` is what the terminal uses, its own settings and inherited ones: that is what
    /// somebody who looks at it wants to know.
    pub(super) fn of(
        directory: &Directory,
        terminal: &Terminal,
        effective: &Effective,
    ) -> TerminalBody {
        let owner = Customer::find(directory, terminal.customer).map(|customer| Owner {
            path: format!("/accounts/{}", customer.account_id),
            id: customer.account_id,
            resource: "accounts",
        });
        TerminalBody {
            id: terminal.uuid.clone(),
            resource: "terminals",
            path: format!("{}/{}", super::MOUNT, terminal.uuid),
            owner,
            api_version: API_VERSION,
            status: terminal.status.as_str(),
            serial_number: terminal.serial.clone(),
            model: terminal.model.clone(),
            reference_id: terminal.reference_id.clone(),
            last_call_home: terminal.last_call_home.map(|at| at.0.div_euclid(1000)),
            terminal_application_version: terminal.application_version.clone(),
            terminal_configuration: configuration_json(effective),
            gateway_id: terminal.gateway_id(),
        }
    }
}

/// Reads a body's fields and notes what is wrong with them.
struct Reading<'b> {
    fields: &'b Map<String, Value>,
    details: Vec<Detail>,
}

impl NewTerminal {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 with every field that is wrong.
    pub(super) fn read(fields: &Map<String, Value>) -> Result<NewTerminal, Problem> {
        let mut reading = Reading { fields, details: Vec::new() };
        let account_id = reading.required("account_id", |text| one_line(text, ID_CHARS_MAX));
        let serial = reading.required("serial_number", serial_number);
        let model = reading.required("model", model);
        let reference_id = match reading.reference() {
            Reference::Set(text) => Some(text),
            Reference::Kept | Reference::Removed => None,
        };
        let rules = Rules { kept: KEPT, is_complete: true, currencies: CURRENCIES };
        let settings = reading.configuration(&rules);
        if settings.is_none() && reading.is_absent(CONFIGURATION) {
            reading.missing(CONFIGURATION);
        }
        let read = |account_id, serial, model, settings| NewTerminal {
            account_id,
            serial,
            model,
            reference_id,
            settings,
        };
        match (account_id, serial, model, settings) {
            (Some(account_id), Some(serial), Some(model), Some(settings))
                if reading.details.is_empty() =>
            {
                Ok(read(account_id, serial, model, settings))
            }
            _ => Err(Problem::invalid(reading.details)),
        }
    }
}

impl TerminalChange {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 with every field that is wrong.
    pub(super) fn read(fields: &Map<String, Value>) -> Result<TerminalChange, Problem> {
        let mut reading = Reading { fields, details: Vec::new() };
        for name in FIXED.into_iter().filter(|name| fields.contains_key(*name)) {
            let reason = Reason::ParamCannotBeModified;
            reading.details.push(Detail::field(name, reason, "cannot be changed"));
        }
        let reference = reading.reference();
        let rules = Rules { kept: KEPT, is_complete: false, currencies: CURRENCIES };
        let settings = reading.configuration(&rules).unwrap_or_default();
        if reading.details.is_empty() {
            Ok(TerminalChange { reference, settings })
        } else {
            Err(Problem::invalid(reading.details))
        }
    }
}

impl Reading<'_> {
    fn missing(&mut self, name: &str) {
        self.details.push(Detail::field(name, Reason::ParamIsMissing, "is required"));
    }

    fn is_absent(&self, name: &str) -> bool {
        self.fields.get(name).is_none_or(Value::is_null)
    }

    /// A text that must be there. `check` says what it must be.
    fn required(
        &mut self,
        name: &str,
        check: impl FnOnce(&str) -> Result<(), String>,
    ) -> Option<String> {
        if self.is_absent(name) {
            self.missing(name);
            return None;
        }
        self.text(name, check)
    }

    fn text(
        &mut self,
        name: &str,
        check: impl FnOnce(&str) -> Result<(), String>,
    ) -> Option<String> {
        let found = self.fields.get(name)?;
        let Some(text) = found.as_str() else {
            let reason = Reason::ParamHasInvalidType;
            self.details.push(Detail::field(name, reason, "must be a string"));
            return None;
        };
        match check(text) {
            Ok(()) => Some(text.to_owned()),
            Err(demand) => {
                let reason = Reason::ParamHasInvalidValue;
                self.details.push(Detail::field(name, reason, &demand));
                None
            }
        }
    }

    fn reference(&mut self) -> Reference {
        let name = "reference_id";
        if self.fields.get(name).is_some_and(Value::is_null) {
            return Reference::Removed;
        }
        let text = self.text(name, |text| one_line(text, ID_CHARS_MAX));
        text.map_or(Reference::Kept, Reference::Set)
    }

    fn configuration(&mut self, rules: &Rules) -> Option<Layer> {
        let value = self.fields.get(CONFIGURATION)?;
        if value.is_null() {
            if !rules.is_complete {
                let (code, message) = (FaultCode::WrongType, "must be an object".to_owned());
                let fault = Fault { path: Vec::new(), code, message };
                self.details.push(Detail::setting(fault));
            }
            return None;
        }
        let (layer, faults) = parse_configuration(value, rules);
        let is_good = faults.is_empty();
        self.details.extend(faults.into_iter().map(Detail::setting));
        is_good.then_some(layer)
    }
}

/// A text of so many characters that could stand on a receipt.
pub(super) fn one_line(text: &str, chars_max: usize) -> Result<(), String> {
    let fits = (1..=chars_max).contains(&text.chars().count());
    let is_good = fits && !text.chars().any(char::is_control);
    is_good.then_some(()).ok_or_else(|| format!("must be 1 to {chars_max} characters on one line"))
}

pub(super) fn serial_number(text: &str) -> Result<(), String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_good = is_plain && (1..=SERIAL_CHARS_MAX).contains(&text.len());
    is_good
        .then_some(())
        .ok_or_else(|| format!("must be 1 to {SERIAL_CHARS_MAX} letters, digits or hyphens"))
}

pub(super) fn model(text: &str) -> Result<(), String> {
    let is_known = ONBOARDED_MODELS.contains(&text);
    is_known.then_some(()).ok_or_else(|| format!("must be one of {}", ONBOARDED_MODELS.join(", ")))
}
