//! Reading JSON bodies.

use serde_json::Value;

use crate::limits::URL_BYTES_MAX;

/// A field, if it is there and not `null`.
pub(crate) fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).filter(|field| !field.is_null())
}

/// A field that is text.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

/// A field that is a whole number.
pub(crate) fn integer(value: &Value, name: &str) -> Option<i64> {
    value.get(name).and_then(Value::as_i64)
}

/// A field that is a list; empty where there is none.
pub(crate) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether the text has that many characters, all of them in `is_good`.
pub(crate) fn is_made_of(
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    is_good: impl Fn(char) -> bool,
) -> bool {
    length.contains(&text.chars().count()) && text.chars().all(is_good)
}

/// Whether the text is an absolute address of the web that is not too long.
pub(crate) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let is_clean = text.chars().all(|next| next.is_ascii_graphic());
    !host.is_empty() && is_clean && text.len() <= URL_BYTES_MAX
}

/// Whether the text is that many capital letters.
pub(crate) fn is_capitals(text: &str, count: usize) -> bool {
    is_made_of(text, count..=count, |next| next.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["http://127.0.0.1:1/x", "https://shop.example", "https://a?b={{session_id}}"] {
            assert!(is_url(good), "{good}");
        }
        let long = format!("https://a/{}", "b".repeat(URL_BYTES_MAX));
        for bad in ["", "http://", "ftp://a", "shop.example", "https:///x", "https://a/ b", &long] {
            assert!(!is_url(bad), "{bad}");
        }
    }
}
