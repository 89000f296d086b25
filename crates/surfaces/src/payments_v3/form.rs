//! Reading forms: `application/x-www-form-urlencoded` bodies, and query strings, which are written
//! the same way.
//!
//! Invariant: a parameter that cannot be read, or is given twice, is kept as such under its name,
//! so that it is told with whatever else is wrong. Values are overwritten when dropped and never
//! printed, since any of them may be a card's number.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use zeroize::{Zeroize, Zeroizing};

use crate::http::requests::has_card_number;

/// Most parameters in a request.
pub(crate) const PARAMETERS_MAX: usize = 400;

/// Longest name of a parameter, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 128;

/// What is shown for a name that could be a card number, or is too long.
const HIDDEN_NAME: &str = "…";

/// What a request sent, in the order in which it sent it.
#[derive(Debug)]
pub(crate) struct Form {
    parameters: Vec<Parameter>,
}

/// One parameter of a form.
pub(crate) struct Parameter {
    /// Its dotted name, which can be shown: one that could be a card number is `…`.
    pub(crate) name: String,
    /// What it says, or why it says nothing.
    pub(crate) value: Result<Zeroizing<String>, Unreadable>,
}

/// Why a parameter says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// A `%` without two hexadecimal digits behind it.
    Escape,
    /// What it stands for is not UTF-8, or holds a NUL.
    Text,
    /// The name is longer than [`NAME_CHARS_MAX`].
    Name,
    /// The name was given before. Whoever reads the first and whoever reads the last would do
    /// different things, so neither is taken.
    Repeated,
}

/// Why a form is not read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// The body has another media type, or another encoding than UTF-8: 415.
    #[error("the body is not a form in UTF-8")]
    Unsupported,
    /// There are more than [`PARAMETERS_MAX`] parameters: 400.
    #[error("the form has too many parameters")]
    TooMany,
}

impl Form {
    /// Reads a body by its media type. Where none is told, it is taken for a form. The body is
    /// overwritten, as far as nobody else holds it.
    pub(crate) fn of_body(headers: &HeaderMap, body: Bytes) -> Result<Form, FormError> {
        let form = if is_form(headers) { Form::read(&body) } else { Err(FormError::Unsupported) };
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        form
    }

    /// Reads what stands behind the `?` of an address.
    pub(crate) fn of_query(query: &str) -> Result<Form, FormError> {
        Form::read(query.as_bytes())
    }

    fn read(text: &[u8]) -> Result<Form, FormError> {
        let pieces = || text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
        if pieces().count() > PARAMETERS_MAX {
            return Err(FormError::TooMany);
        }
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut places = BTreeMap::new();
        for piece in pieces() {
            let read = Parameter::read(piece);
            let place = places.get(&read.name).copied().unwrap_or(parameters.len());
            if let Some(first) = parameters.get_mut(place) {
                first.value = Err(Unreadable::Repeated);
                continue;
            }
            if read.name != HIDDEN_NAME {
                places.insert(read.name.clone(), place);
            }
            parameters.push(read);
        }
        Ok(Form { parameters })
    }

    /// The parameters, in the order in which they were sent.
    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// What a parameter says. `None` where it is not there or cannot be read.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|parameter| parameter.name == name)?;
        found.value.as_ref().ok().map(|value| value.as_str())
    }

    /// Whether a parameter was sent, readable or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.name == name)
    }
}

impl Parameter {
    fn read(piece: &[u8]) -> Parameter {
        let mut halves = piece.splitn(2, |byte| *byte == b'=');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        match decode(name) {
            Ok(name) if name.chars().count() > NAME_CHARS_MAX => {
                Parameter { name: HIDDEN_NAME.to_owned(), value: Err(Unreadable::Name) }
            }
            Ok(name) => Parameter { name: shown(&name), value: decode(value) },
            Err(unreadable) => Parameter { name: shown(&printable(name)), value: Err(unreadable) },
        }
    }
}

impl std::fmt::Debug for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.name, if self.value.is_ok() { "(hidden)" } else { "(unreadable)" })
    }
}

impl Unreadable {
    /// What is told of it.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Unreadable::Escape => "has a % without two hexadecimal digits behind it",
            Unreadable::Text => "is not text in UTF-8",
            Unreadable::Name => "has too long a name",
            Unreadable::Repeated => "is given more than once",
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let Some(header) = headers.get(CONTENT_TYPE) else { return true };
    let Ok(text) = header.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let is_utf8 = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
        }
        Some(_) | None => true,
    };
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") && parts.all(is_utf8)
}

/// Undoes the encoding (WHATWG URL, `application/x-www-form-urlencoded` parsing), but takes no `%`
/// that escapes nothing.
fn decode(encoded: &[u8]) -> Result<Zeroizing<String>, Unreadable> {
    // As long as it can become, so that no copy is left behind when it grows.
    let mut decoded = Zeroizing::new(Vec::with_capacity(encoded.len()));
    let mut bytes = encoded.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (bytes.next().and_then(digit), bytes.next().and_then(digit));
                let (Some(high), Some(low)) = (high, low) else { return Err(Unreadable::Escape) };
                (high << 4) | low
            }
            plain => plain,
        });
    }
    let is_text = !decoded.contains(&0) && std::str::from_utf8(&decoded).is_ok();
    if !is_text {
        return Err(Unreadable::Text);
    }
    let text = String::from_utf8(std::mem::take(&mut *decoded));
    text.map(Zeroizing::new).map_err(|_| Unreadable::Text)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A name that cannot be decoded, as it came, without what cannot be printed.
fn printable(name: &[u8]) -> String {
    let bytes = name.iter().copied().take(NAME_CHARS_MAX);
    bytes.map(|byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' }).collect()
}

fn shown(name: &str) -> String {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    if has_card_number(&digits) { HIDDEN_NAME.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_read_in_their_order() {
        check("a=1&b=2", &[("a", Ok("1")), ("b", Ok("2"))]);
        check("b=2&&a=1&", &[("b", Ok("2")), ("a", Ok("1"))]);
        check("", &[]);
        check("a", &[("a", Ok(""))]);
        check("a=", &[("a", Ok(""))]);
        check("a=b=c", &[("a", Ok("b=c"))]);
        check("=1", &[("", Ok("1"))]);
        check("card.number=4200+0000", &[("card.number", Ok("4200 0000"))]);
        check("n=%C3%85got%20%26+%2B%25", &[("n", Ok("Ågot & +%"))]);
        check("cart.items%5B0%5D.name=x", &[("cart.items[0].name", Ok("x"))]);
        check("n=Å", &[("n", Ok("Å"))]);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_name() {
        for bad in ["%", "%4", "%zz", "x%4g", "%+1", "%%41"] {
            check(&format!("a=1&b={bad}"), &[("a", Ok("1")), ("b", Err(Unreadable::Escape))]);
        }
        for bad in ["%ff", "%c3", "%ed%a0%80", "a%00b"] {
            check(&format!("b={bad}&a=1"), &[("b", Err(Unreadable::Text)), ("a", Ok("1"))]);
        }
        check("a%=1", &[("a%", Err(Unreadable::Escape))]);
        check("a%ff%20=1", &[("a%ff%20", Err(Unreadable::Text))]);
    }

    #[test]
    fn a_repeated_name_says_nothing() {
        check("a=1&b=2&a=3", &[("a", Err(Unreadable::Repeated)), ("b", Ok("2"))]);
        check("a=1&%61=1", &[("a", Err(Unreadable::Repeated))]);
        check("a=1&a=2&a=3", &[("a", Err(Unreadable::Repeated))]);
        check("a=1&A=2", &[("a", Ok("1")), ("A", Ok("2"))]);
    }

    #[test]
    fn names_are_short_and_no_card_numbers() {
        let longest = "n".repeat(NAME_CHARS_MAX);
        check(&format!("{longest}=1"), &[(&longest, Ok("1"))]);
        check(&format!("{longest}n=1"), &[("…", Err(Unreadable::Name))]);
        check("4200000000000000=1", &[("…", Ok("1"))]);
    }

    #[test]
    fn parameters_are_limited_in_number() {
        let of = |count: usize| {
            let pieces: Vec<String> = (0..count).map(|at| format!("p{at}=1")).collect();
            pieces.join("&")
        };
        assert_eq!(Form::of_query(&of(400)).unwrap().parameters().len(), 400);
        assert_eq!(Form::of_query(&of(401)).unwrap_err(), FormError::TooMany);
    }

    #[test]
    fn forms_are_told_from_other_bodies() {
        for (content_type, is_read) in [
            (None, true),
            (Some("application/x-www-form-urlencoded"), true),
            (Some("Application/X-WWW-Form-Urlencoded;charset=UTF-8"), true),
            (Some("application/x-www-form-urlencoded; charset=\"utf-8\"; x=y"), true),
            (Some("application/x-www-form-urlencoded; charset=ISO-8859-1"), false),
            (Some("application/json"), false),
            (Some("multipart/form-data; boundary=x"), false),
            (Some("text/plain"), false),
            (Some(""), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(content_type) = content_type {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            }
            let form = Form::of_body(&headers, Bytes::from_static(b"a=1"));
            match form {
                Ok(form) => assert!(is_read && form.text("a") == Some("1"), "{content_type:?}"),
                Err(error) => {
                    assert!(!is_read && error == FormError::Unsupported, "{content_type:?}");
                }
            }
        }
    }

    #[test]
    fn values_are_never_printed() {
        let text = "card.number=4200000000000000&card.cvv=1234&x=%zz&card.cvv=987";
        let form = Form::of_query(text).unwrap();
        let printed = format!("{form:?}");
        assert!(printed.contains("card.number=(hidden)") && printed.contains("x=(unreadable)"));
        for secret in ["4200000000000000", "1234", "987"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn absent_and_unreadable_are_told_apart() {
        let form = Form::of_query("a=1&b=%").unwrap();
        assert_eq!((form.text("a"), form.text("b"), form.text("c")), (Some("1"), None, None));
        assert!(form.has("a") && form.has("b") && !form.has("c"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            pairs in proptest::collection::btree_map("[^0-9\0]{1,12}", "[^\0]{0,40}", 0..12),
        ) {
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
                    .replace("%20", "+")
            };
            let pieces: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
                .collect();
            let form = Form::of_query(&pieces.join("&")).unwrap();
            prop_assert_eq!(form.parameters().len(), pairs.len());
            for (name, value) in &pairs {
                prop_assert_eq!(form.text(name), Some(value.as_str()));
            }
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(form) = Form::of_body(&HeaderMap::new(), Bytes::from(bytes)) {
                for parameter in form.parameters() {
                    prop_assert!(!parameter.name.contains('\0'));
                }
            }
        }
    }

    #[track_caller]
    fn check(query: &str, expected: &[(&str, Result<&str, Unreadable>)]) {
        let form = Form::of_query(query).unwrap();
        let read: Vec<_> = form
            .parameters()
            .iter()
            .map(|parameter| {
                let value = parameter.value.as_ref().map(|value| value.as_str());
                (parameter.name.as_str(), value.map_err(|unreadable| *unreadable))
            })
            .collect();
        assert_eq!(read, expected, "{query}");
    }
}
