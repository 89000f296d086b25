//! Reading what clients of this contract write: fields of JSON objects, each with its type exactly,
//! fields that are not known passed over, and all that is wrong noted under its path.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::problem::{Fault, Problem};
use crate::http::body::is_json;

/// An object that is being read, with the path that leads to it.
pub(super) struct Reading<'b> {
    fields: &'b Map<String, Value>,
    path: String,
}

/// All that is wrong with a body.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

/// The lengths that a text may have, in characters.
#[derive(Clone, Copy)]
pub(super) struct Chars(pub(super) usize, pub(super) usize);

/// The fields of a request's body. The body itself is overwritten: it may carry a secret.
///
/// # Errors
/// 400, 413 or 415.
pub(super) async fn object(request: Request) -> Result<Map<String, Value>, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::media_type());
    }
    let bytes = bytes(request).await?;
    let parsed = serde_json::from_slice(&bytes);
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.as_mut().zeroize();
    }
    match parsed {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::malformed("the body must be a JSON object")),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(Problem::malformed(format!("it is not JSON: line {line}, column {column}")))
        }
    }
}

async fn bytes(request: Request) -> Result<Bytes, Problem> {
    Bytes::from_request(request, &()).await.map_err(|error| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Problem::too_large();
        }
        Problem::malformed("the body ended early")
    })
}

impl Faults {
    /// Notes that a field is wrong.
    pub(super) fn note(&mut self, path: &str, demand: &str) {
        self.0.push(Fault::field(path, demand));
    }

    /// What was read, unless something was wrong with it.
    ///
    /// # Errors
    /// 400 with all faults.
    pub(super) fn end<T>(self, read: Option<T>) -> Result<T, Problem> {
        if !self.0.is_empty() {
            return Err(Problem::invalid(self.0));
        }
        read.ok_or_else(Problem::bug)
    }
}

impl<'b> Reading<'b> {
    /// A whole body.
    pub(super) fn of(fields: &'b Map<String, Value>) -> Reading<'b> {
        Reading { fields, path: String::new() }
    }

    /// The path of a field.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A field; `null` is not there.
    fn field(&self, name: &str) -> Option<&'b Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Notes a field that must be there and is not.
    pub(super) fn require(&self, name: &str, faults: &mut Faults) {
        if self.field(name).is_none() {
            faults.note(&self.path(name), "is required");
        }
    }

    /// A text that may be there.
    pub(super) fn text(&self, name: &str, chars: Chars, faults: &mut Faults) -> Option<String> {
        let read = text(self.field(name)?, chars);
        read.map_err(|demand| faults.note(&self.path(name), &demand)).ok()
    }

    /// A text that must be there.
    pub(super) fn required_text(
        &self,
        name: &str,
        chars: Chars,
        faults: &mut Faults,
    ) -> Option<String> {
        self.require(name, faults);
        self.text(name, chars, faults)
    }

    /// A whole number from 0 to `max` that may be there.
    pub(super) fn whole(&self, name: &str, max: i64, faults: &mut Faults) -> Option<i64> {
        let value = self.field(name)?;
        let number = value.as_i64().filter(|number| (0..=max).contains(number));
        if number.is_none() {
            faults.note(&self.path(name), &format!("must be a whole number from 0 to {max}"));
        }
        number
    }

    /// A whole number that must be there.
    pub(super) fn required_whole(&self, name: &str, max: i64, faults: &mut Faults) -> Option<i64> {
        self.require(name, faults);
        self.whole(name, max, faults)
    }

    /// An object that may be there.
    pub(super) fn object(&self, name: &str, faults: &mut Faults) -> Option<Reading<'b>> {
        inner(self.field(name)?, self.path(name), faults)
    }

    /// The objects of a list that may be there, and may have so many.
    pub(super) fn list(&self, name: &str, max: usize, faults: &mut Faults) -> Vec<Reading<'b>> {
        let Some(value) = self.field(name) else { return Vec::new() };
        let Some(items) = value.as_array().filter(|items| items.len() <= max) else {
            let demand = format!("must be a list of at most {max} objects");
            faults.note(&self.path(name), &demand);
            return Vec::new();
        };
        let path = |at: usize| format!("{}[{at}]", self.path(name));
        let items = items.iter().enumerate();
        items.filter_map(|(at, item)| inner(item, path(at), faults)).collect()
    }
}

fn inner<'b>(value: &'b Value, path: String, faults: &mut Faults) -> Option<Reading<'b>> {
    let Some(fields) = value.as_object() else {
        faults.note(&path, "must be an object");
        return None;
    };
    Some(Reading { fields, path })
}

/// A text on one line.
fn text(value: &Value, Chars(min, max): Chars) -> Result<String, String> {
    let text = value.as_str().ok_or("must be a string")?;
    if !(min..=max).contains(&text.chars().count()) {
        return Err(format!("must be {min} to {max} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not have control characters".to_owned());
    }
    Ok(text.to_owned())
}
