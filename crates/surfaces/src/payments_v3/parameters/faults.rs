//! What is wrong with the parameters of a request.

use std::collections::BTreeMap;

use payments::ResultCode;
use zeroize::Zeroizing;

use crate::http::requests::has_card_number;
use crate::payments_v3::form::{Form, Parameter};

/// Longest value that is shown again beside what is wrong with it, in characters.
const SHOWN_CHARS_MAX: usize = 255;

/// One parameter that is missing or bad (payments v3, `result.parameterErrors`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadParameter {
    /// Its dotted name, as it was sent.
    pub(crate) name: String,
    /// What it said. Never of a card, a bank account or a password, and nothing long.
    pub(crate) value: Option<String>,
    /// What it should have been.
    pub(crate) message: String,
    /// The code that is the answer's where nothing else is wrong.
    pub(crate) code: ResultCode,
}

/// All that is wrong with a request's parameters.
///
/// Invariant: there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadParameters(Vec<BadParameter>);

/// What has been found wrong so far, by where it stood in the request.
#[derive(Debug)]
pub(super) struct Faults<'a> {
    form: &'a Form,
    by_place: BTreeMap<usize, BadParameter>,
    missing: Vec<BadParameter>,
}

impl BadParameters {
    /// Those that were sent in their order, then those that are missing.
    pub(crate) fn all(&self) -> &[BadParameter] {
        &self.0
    }

    /// The answer's code: the only one's own, or 200.300.404 for several.
    pub(crate) fn code(&self) -> ResultCode {
        match self.0.as_slice() {
            [only] => only.code,
            _ => ResultCode::BAD_PARAMETER,
        }
    }
}

impl<'a> Faults<'a> {
    pub(super) fn new(form: &'a Form) -> Faults<'a> {
        Faults { form, by_place: BTreeMap::new(), missing: Vec::new() }
    }

    /// Notes what is wrong with a parameter. What was noted of it first stays.
    pub(super) fn note(&mut self, name: &str, message: impl Into<String>, code: ResultCode) {
        let all = self.form.parameters();
        let Some(place) = all.iter().position(|parameter| parameter.name == name) else {
            return self.missing(name, message, code);
        };
        self.note_at(place, message, code);
    }

    /// Notes what is wrong with the parameter at a place of the request.
    pub(super) fn note_at(&mut self, place: usize, message: impl Into<String>, code: ResultCode) {
        let Some(parameter) = self.form.parameters().get(place) else { return };
        self.by_place.entry(place).or_insert_with(|| BadParameter {
            name: parameter.name.clone(),
            value: shown(parameter),
            message: message.into(),
            code,
        });
    }

    /// Notes that a parameter is missing.
    pub(super) fn missing(&mut self, name: &str, message: impl Into<String>, code: ResultCode) {
        if self.missing.iter().any(|noted| noted.name == name) {
            return;
        }
        let (name, message) = (name.to_owned(), message.into());
        self.missing.push(BadParameter { name, value: None, message, code });
    }

    pub(super) fn finish(self) -> Result<(), BadParameters> {
        let all: Vec<BadParameter> = self.by_place.into_values().chain(self.missing).collect();
        if all.is_empty() { Ok(()) } else { Err(BadParameters(all)) }
    }
}

fn shown(parameter: &Parameter) -> Option<String> {
    let (name, value) = (&parameter.name, parameter.value.as_ref().ok()?);
    let is_secret = name.starts_with("card.")
        || name.starts_with("bankAccount.")
        || name.to_ascii_lowercase().ends_with("password");
    if is_secret || value.chars().count() > SHOWN_CHARS_MAX {
        return None;
    }
    let digits = Zeroizing::new(value.replace(|character: char| !character.is_ascii_digit(), ""));
    (!has_card_number(&digits)).then(|| value.to_string())
}
