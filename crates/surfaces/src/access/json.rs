//! Bodies of this contract: JSON objects whose members are found by name without regard to case,
//! and read one by one, so that everything that is wrong can be said at once.

use axum::body::Body;
use axum::http::HeaderMap;
use engine::limits::BODY_BYTES_MAX;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::problem::{FieldError, Problem};
use crate::http::body::is_json;
use crate::http::fields::wipe;

/// What a body says. It may hold a password, and is overwritten when it is dropped.
pub(super) struct Json(Value);

/// An object in a body, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Part<'b> {
    /// The path that leads to it, with a dot at the end; empty for the body itself.
    path: String,
    members: &'b Map<String, Value>,
}

/// Everything that is wrong with a body, as far as it is read.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<FieldError>);

/// Something is wrong, and was noted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted;

/// Says that a member is not there.
const REQUIRED: &str = "is required";

/// Reads a body.
///
/// # Errors
/// What is wrong with the body as a whole.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Json, Problem> {
    let bytes = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Problem::BodyTooLarge),
        Err(_) => return Err(Problem::Malformed("The body ended early.".to_owned())),
    };
    if bytes.is_empty() {
        return Err(Problem::Malformed("A JSON body is required.".to_owned()));
    }
    if !is_json(headers) {
        return Err(Problem::UnsupportedMediaType);
    }
    let parsed = serde_json::from_slice(&bytes).map(Json);
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.as_mut().zeroize();
    }
    let json = parsed.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::Malformed(format!("The body is not JSON: line {line}, column {column}."))
    })?;
    match json.0 {
        Value::Object(_) => Ok(json),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Problem::Malformed("The body must be a JSON object.".to_owned()))
        }
    }
}

impl Json {
    /// The body itself.
    pub(super) fn whole(&self) -> Option<Part<'_>> {
        Some(Part { path: String::new(), members: self.0.as_object()? })
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        wipe(std::mem::take(&mut self.0));
    }
}

impl<'b> Part<'b> {
    /// A member that is there and not null: the one of exactly this name, or one whose name
    /// differs from it in case alone.
    pub(super) fn get(&self, name: &str) -> Option<&'b Value> {
        let any_case = || {
            let mut members = self.members.iter();
            members.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let found = self.members.get(name).or_else(any_case);
        found.filter(|value| !value.is_null())
    }

    /// All members, as they are named.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'b str, &'b Value)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Where a member is.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }
}

impl Checks {
    /// Notes that something is wrong.
    pub(super) fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// Ends reading.
    ///
    /// # Errors
    /// 400 with everything that was wrong.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::Invalid(self.0)) }
    }

    /// A member that must be there.
    fn required<'b>(&mut self, part: &Part<'b>, name: &str) -> Option<&'b Value> {
        let value = part.get(name);
        if value.is_none() {
            self.refuse(part.path(name), REQUIRED);
        }
        value
    }

    /// What a member reads as; notes what is wrong with it.
    fn noted<T>(&mut self, field: impl Into<String>, read: Result<T, String>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(field, message);
                None
            }
        }
    }

    /// A text on one line that must be there and say something.
    pub(super) fn text(&mut self, part: &Part<'_>, name: &str, chars_max: usize) -> Option<String> {
        let value = self.required(part, name)?;
        self.noted(part.path(name), text(value, chars_max))
    }

    /// As [`Checks::text`], of a code, which may be given as a whole number.
    pub(super) fn code(&mut self, part: &Part<'_>, name: &str, chars_max: usize) -> Option<String> {
        let value = self.required(part, name)?;
        self.noted(part.path(name), code(value).and_then(|value| text(&value, chars_max)))
    }

    /// As [`Checks::code`], where it may be left out, or empty.
    pub(super) fn optional_code(
        &mut self,
        part: &Part<'_>,
        name: &str,
        chars_max: usize,
    ) -> Result<Option<String>, Noted> {
        let read = |value: &Value| code(value).and_then(|value| text(&value, chars_max));
        self.optional(part, name, read)
    }

    /// A text of some lines that may be left out, or empty.
    pub(super) fn notes(
        &mut self,
        part: &Part<'_>,
        name: &str,
        chars_max: usize,
    ) -> Result<Option<String>, Noted> {
        self.optional(part, name, |value| lines(value, chars_max))
    }

    /// What a member reads as that may be left out, or empty.
    fn optional(
        &mut self,
        part: &Part<'_>,
        name: &str,
        read: impl FnOnce(&Value) -> Result<String, String>,
    ) -> Result<Option<String>, Noted> {
        let Some(value) = part.get(name).filter(|value| !is_empty(value)) else {
            return Ok(None);
        };
        self.noted(part.path(name), read(value)).map(Some).ok_or(Noted)
    }

    /// One of some words; the first when it is left out.
    pub(super) fn word(&mut self, part: &Part<'_>, name: &str, words: &[&str]) -> Option<String> {
        let Some(value) = part.get(name) else {
            return words.first().map(|word| (*word).to_owned());
        };
        let found = value.as_str().filter(|word| words.contains(word)).map(str::to_owned);
        let expected = || format!("must be one of: {}", words.join(", "));
        self.noted(part.path(name), found.ok_or_else(expected))
    }

    /// `true` or `false`; `false` when it is left out.
    pub(super) fn flag(&mut self, part: &Part<'_>, name: &str) -> Option<bool> {
        let Some(value) = part.get(name) else { return Some(false) };
        let read = value.as_bool().ok_or_else(|| "must be true or false".to_owned());
        self.noted(part.path(name), read)
    }

    /// A whole number that must be there, as a number or as its digits in a string.
    pub(super) fn number(&mut self, part: &Part<'_>, name: &str) -> Option<i64> {
        let value = self.required(part, name)?;
        self.noted(part.path(name), number(value))
    }

    /// As [`Checks::number`], where it may be left out, or empty.
    pub(super) fn optional_number(
        &mut self,
        part: &Part<'_>,
        name: &str,
    ) -> Result<Option<i64>, Noted> {
        let Some(value) = part.get(name).filter(|value| !is_empty(value)) else {
            return Ok(None);
        };
        self.noted(part.path(name), number(value)).map(Some).ok_or(Noted)
    }

    /// An object that must be there.
    pub(super) fn object<'b>(&mut self, part: &Part<'b>, name: &str) -> Option<Part<'b>> {
        let value = self.required(part, name)?;
        self.part(value, part.path(name))
    }

    /// A value that must be an object.
    pub(super) fn part<'b>(&mut self, value: &'b Value, field: String) -> Option<Part<'b>> {
        let Some(members) = value.as_object() else {
            self.refuse(field, "must be an object");
            return None;
        };
        Some(Part { path: format!("{field}."), members })
    }

    /// A list that must be there, with `1` to `items_max` items.
    pub(super) fn list<'b>(
        &mut self,
        part: &Part<'b>,
        name: &str,
        items_max: usize,
    ) -> Option<&'b [Value]> {
        let value = self.required(part, name)?;
        let Some(items) = value.as_array() else {
            self.refuse(part.path(name), "must be a list");
            return None;
        };
        if !(1..=items_max).contains(&items.len()) {
            let expected = match items_max {
                1 => "must have exactly one item".to_owned(),
                _ => format!("must have 1 to {items_max} items"),
            };
            self.refuse(part.path(name), expected);
            return None;
        }
        Some(items)
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A text of 1 to `chars_max` characters on one line.
pub(super) fn text(value: &Value, chars_max: usize) -> Result<String, String> {
    let text = value.as_str().ok_or("must be a string")?;
    if text.trim().is_empty() {
        return Err(REQUIRED.to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters".to_owned());
    }
    short(text, chars_max)
}

/// A text of at most `chars_max` characters, which may have line breaks.
fn lines(value: &Value, chars_max: usize) -> Result<String, String> {
    let text = value.as_str().ok_or("must be a string")?;
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(|c| c.is_control() && !is_break(c)) {
        return Err("must not contain control characters".to_owned());
    }
    short(text, chars_max)
}

fn short(text: &str, chars_max: usize) -> Result<String, String> {
    if text.chars().count() > chars_max {
        return Err(format!("must be at most {chars_max} characters"));
    }
    Ok(text.to_owned())
}

/// A code in a string, also where it is given as a whole number.
fn code(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(number) if number.is_u64() => Ok(Value::from(number.to_string())),
        Value::String(text) => Ok(Value::from(text.as_str())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err("must be a string".to_owned())
        }
    }
}

/// A whole number from 0, also as its digits in a string.
pub(super) fn number(value: &Value) -> Result<i64, String> {
    let digits = value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok()).or_else(|| value.as_i64());
    number.filter(|number| *number >= 0).ok_or_else(|| "must be a whole number".to_owned())
}
