//! Reading what clients write: the fields of a JSON object and the parameters of a query. Each
//! reader takes one and says what is wrong with it; what is left over at the end is refused.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use ledger::{Decimal, Position, Timestamp};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::http::paging::{Page, parse_cursor, parse_journal_cursor};
use crate::http::problem::{FieldError, Problem};
use crate::http::requests::has_card_number;
use engine::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};

/// A JSON object that is being read.
pub struct Object {
    fields: Map<String, Value>,
    errors: Vec<FieldError>,
}

/// What can be read from a JSON object.
pub trait FromObject: Sized {
    /// Takes its fields. `None` only where the object has noted an error.
    fn from_object(object: &mut Object) -> Option<Self>;
}

/// The parameters of a query that is being read.
#[derive(Debug)]
pub struct Params {
    given: HashMap<String, String>,
    errors: Vec<FieldError>,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Reads a JSON object. A field that is given twice would mean one thing here and another to
/// whoever reads the first of them; it is an error.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
        let mut object = Object::of(Map::new());
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            object.put(name, value);
        }
        Ok(object)
    }
}

impl Object {
    /// An object of fields that came in another way than as JSON.
    pub fn of(fields: Map<String, Value>) -> Object {
        Object { fields, errors: Vec::new() }
    }

    /// Adds a field. One that is there already is an error.
    pub fn put(&mut self, name: String, value: Value) {
        let shown = shown_name(&name);
        if let Some(earlier) = self.fields.insert(name, value) {
            wipe(earlier);
            self.refuse(&shown, "is given twice");
        }
    }

    /// The fields that have not been read yet.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// A field that must be there. `null` is not there.
    pub fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        match self.optional(name, read) {
            Some(Some(value)) => return Some(value),
            Some(None) => self.refuse(name, "is required"),
            None => {}
        }
        None
    }

    /// A field that may be there. `None` is one that is there and wrong.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => match read(value) {
                Ok(value) => Some(Some(value)),
                Err(detail) => {
                    self.refuse(name, &detail);
                    None
                }
            },
        }
    }

    /// A field that must be a list of so many objects. All that is wrong with them is noted.
    pub fn required_list<T: FromObject>(
        &mut self,
        name: &str,
        counts: RangeInclusive<usize>,
    ) -> Option<Vec<T>> {
        let items = self.required(name, |value| objects(value, &counts))?;
        self.read_list(name, items)
    }

    /// As [`Object::required_list`], of a field that may be there. `None` is one that is wrong.
    pub fn optional_list<T: FromObject>(
        &mut self,
        name: &str,
        counts: RangeInclusive<usize>,
    ) -> Option<Option<Vec<T>>> {
        match self.optional(name, |value| objects(value, &counts))? {
            Some(items) => self.read_list(name, items).map(Some),
            None => Some(None),
        }
    }

    fn read_list<T: FromObject>(&mut self, name: &str, items: Vec<Value>) -> Option<Vec<T>> {
        let count = items.len();
        let mut read = Vec::with_capacity(count);
        for (at, item) in items.into_iter().enumerate() {
            let Value::Object(fields) = item else {
                wipe(item);
                self.refuse(&format!("{name}/{at}"), "must be an object");
                continue;
            };
            let mut object = Object::of(fields);
            read.extend(T::from_object(&mut object));
            for FieldError { pointer, detail } in object.end() {
                self.errors.push(FieldError { pointer: format!("/{name}/{at}{pointer}"), detail });
            }
        }
        (read.len() == count).then_some(read)
    }

    /// Notes that a field is wrong.
    pub fn refuse(&mut self, name: &str, detail: &str) {
        self.errors.push(FieldError { pointer: format!("/{name}"), detail: detail.to_owned() });
    }

    /// Ends reading.
    ///
    /// # Errors
    /// 400 with everything that was wrong, unknown fields included.
    pub fn finish(self) -> Result<(), Problem> {
        let errors = self.end();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }

    /// Everything that was wrong, unknown fields included.
    fn end(mut self) -> Vec<FieldError> {
        let unknown = std::mem::take(&mut self.fields);
        for (name, value) in unknown {
            wipe(value);
            self.errors.push(FieldError {
                pointer: format!("/{}", shown_name(&name)),
                detail: "is not a field of this request".to_owned(),
            });
        }
        self.errors
    }
}

/// The items of a list of so many.
fn objects(mut value: Value, counts: &RangeInclusive<usize>) -> Result<Vec<Value>, String> {
    let items = value.as_array_mut().filter(|items| counts.contains(&items.len()));
    let items = items.map(std::mem::take);
    wipe(value);
    let (least, most) = (counts.start(), counts.end());
    items.ok_or_else(|| format!("must be a list of {least} to {most} objects"))
}

/// A name as errors show it (RFC 6901 escapes). One that could be a card number is not shown.
pub(crate) fn shown_name(name: &str) -> String {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    if name.chars().count() > 64 || has_card_number(&digits) {
        return "…".to_owned();
    }
    name.replace('~', "~0").replace('/', "~1")
}

/// Overwrites the texts of a value that is no longer needed.
pub fn wipe(value: Value) {
    match value {
        Value::String(mut text) => text.zeroize(),
        Value::Array(values) => values.into_iter().for_each(wipe),
        Value::Object(fields) => fields.into_iter().for_each(|(_, value)| wipe(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Any text.
pub fn string(value: Value) -> Result<String, String> {
    if let Value::String(text) = value {
        return Ok(text);
    }
    wipe(value);
    Err("must be a string".to_owned())
}

/// A text for people of 1 to `chars_max` characters, none of them a control character.
pub fn text(chars_max: usize) -> impl FnOnce(Value) -> Result<String, String> {
    move |value| {
        let text = string(value)?;
        let fits = (1..=chars_max).contains(&text.chars().count());
        if !fits || text.chars().any(char::is_control) || text.trim().is_empty() {
            return Err(format!("must be 1 to {chars_max} characters on one line"));
        }
        Ok(text)
    }
}

/// A text for people of 1 to `chars_max` characters, which may have several lines.
pub fn lines(chars_max: usize) -> impl FnOnce(Value) -> Result<String, String> {
    move |value| {
        let lines = string(value)?;
        let is_other_control = |char: char| char.is_control() && !"\r\n\t".contains(char);
        let fits = (1..=chars_max).contains(&lines.chars().count());
        if !fits || lines.chars().any(is_other_control) || lines.trim().is_empty() {
            return Err(format!("must be 1 to {chars_max} characters"));
        }
        Ok(lines)
    }
}

/// A number or name that is part of paths: 1 to `chars_max` letters, digits, `-` and `_`.
pub fn name(chars_max: usize) -> impl FnOnce(Value) -> Result<String, String> {
    move |value| {
        let name = string(value)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=chars_max).contains(&name.len()) || !name.bytes().all(is_plain) {
            return Err(format!("must be 1 to {chars_max} letters, digits, '-' or '_'"));
        }
        Ok(name)
    }
}

/// A text that means something.
pub fn parsed<T>(
    expected: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> impl FnOnce(Value) -> Result<T, String> {
    move |value| {
        let mut text = string(value)?;
        let parsed = parse(&text);
        text.zeroize();
        parsed.ok_or_else(|| format!("must be {expected}"))
    }
}

/// A whole number from `min` to `max`.
pub fn whole(min: i64, max: i64) -> impl FnOnce(Value) -> Result<i64, String> {
    move |value| {
        let number = value.as_i64().filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| format!("must be a whole number from {min} to {max}"))
    }
}

/// An amount: digits, and perhaps a point and more digits, in a string.
pub fn decimal(value: Value) -> Result<Decimal, String> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let read = |text: &str| Decimal::parse(text).ok().filter(|_| plain(text));
    parsed("a decimal number in a string, like \"300.00\"", read)(value)
}

/// An instant.
pub fn timestamp(value: Value) -> Result<Timestamp, String> {
    parsed("a time, like \"2026-11-20T12:00:00.000Z\"", instant)(value)
}

/// Reads an instant as RFC 3339 §5.6 writes one, and not as ISO 8601 also might.
pub fn instant(text: &str) -> Option<Timestamp> {
    let shape = text.bytes().take(19).zip(*b"0000-00-00T00:00:00");
    let shaped = shape.filter(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte.eq_ignore_ascii_case(form),
    });
    let rest = text.get(19..).filter(|_| shaped.count() == 19)?;
    let zone = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let offset = |(at, byte): (usize, u8)| match at {
        0 => matches!(byte, b'+' | b'-'),
        3 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    let has_offset = zone.len() == 6 && zone.bytes().enumerate().all(offset);
    if !has_offset && !zone.eq_ignore_ascii_case("z") {
        return None;
    }
    Timestamp::parse_rfc3339(text)
}

impl Params {
    /// A parameter that may be there.
    pub fn optional<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        let Some(given) = self.given.remove(name) else { return Some(None) };
        let value = read(&given);
        if value.is_none() {
            self.refuse(name, &format!("must be {expected}"));
        }
        value.map(Some)
    }

    /// Which page of a list is asked for.
    pub fn page(&mut self) -> Option<Page> {
        let (limit, after) = self.part(parse_cursor)?;
        Some(Page { limit, after })
    }

    /// As [`Params::page`], for the feed of the journal: how many rows, and after which position.
    pub fn feed(&mut self) -> Option<(usize, Position)> {
        let (limit, after) = self.part(parse_journal_cursor)?;
        Some((limit, after.unwrap_or_default()))
    }

    fn part<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Option<(usize, Option<T>)> {
        let limits = 1..=PAGE_ITEMS_MAX;
        let expected = format!("a whole number from 1 to {PAGE_ITEMS_MAX}");
        let limit = self.optional("limit", &expected, |text| {
            text.parse().ok().filter(|limit| limits.contains(limit))
        });
        let after = self.optional("after", "the cursor of an earlier page", parse);
        Some((limit?.unwrap_or(PAGE_ITEMS_DEFAULT), after?))
    }

    /// Ends reading.
    ///
    /// # Errors
    /// 400 with everything that was wrong, unknown parameters included.
    pub fn finish(mut self) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.given).into_keys() {
            self.refuse(&shown_name(&name), "is not a parameter of this request");
        }
        self.errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }

    fn refuse(&mut self, name: &str, detail: &str) {
        self.errors.push(FieldError { pointer: format!("?{name}"), detail: detail.to_owned() });
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Ok(Query(pairs)) = pairs else {
            return Err(Problem::malformed("the query cannot be read"));
        };
        let mut params = Params { given: HashMap::new(), errors: Vec::new() };
        for (name, value) in pairs {
            if params.given.insert(name.clone(), value).is_some() {
                params.refuse(&shown_name(&name), "is given twice");
            }
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_plain_decimal_strings() {
        for good in ["0", "0.01", "300.00", "50000"] {
            assert!(decimal(Value::from(good)).is_ok(), "{good}");
        }
        for bad in ["", "-1", "3e2", "1,5", ".5", "5.", "01", "NaN", " 1"] {
            assert!(decimal(Value::from(bad)).is_err(), "{bad}");
        }
        assert!(decimal(Value::from(300)).is_err(), "a number is no string");
    }

    #[test]
    fn instants_are_written_as_rfc_3339_says() {
        for good in [
            "2026-11-20T12:00:00Z",
            "2026-11-20t12:00:00.5z",
            "2026-11-20T12:00:00.123456789+01:00",
            "2026-11-20T12:00:00-00:00",
        ] {
            assert!(instant(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2026-11-20",
            "2026-11-20T12:00:00",
            "2026-11-20T12:00Z",
            "2026-11-20 12:00:00Z",
            "20261120T120000Z",
            "2026-11-20T12:00:00+01",
            "2026-11-20T12:00:00+0100",
            "2026-11-20T12:00:00Z[Europe/Stockholm]",
            "2026-11-20T12:00:00..1Z",
            "2026-02-30T12:00:00Z",
            "2026-11-20T12:00:00å",
            "2026-11-20T12:00:0åZ",
            "+002026-11-20T12:00:00Z",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_field_given_twice_is_an_error() {
        let mut object: Object = serde_json::from_str(r#"{"a":"1","b":"2","a":"3"}"#).unwrap();
        object.required("a", string);
        object.required("b", string);
        assert!(object.finish().is_err());
        assert!(serde_json::from_str::<Object>("[]").is_err());
    }

    #[test]
    fn names_of_unknown_fields_are_shown_unless_they_could_be_card_numbers() {
        assert_eq!(shown_name("a/b~c"), "a~1b~0c");
        assert_eq!(shown_name("4111 1111 1111 1111"), "…");
        assert_eq!(shown_name(&"x".repeat(65)), "…");
    }
}
