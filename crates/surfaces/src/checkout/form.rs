//! Forms and query strings (`application/x-www-form-urlencoded`, URL Standard §5.1).
//!
//! Invariant: values are wiped after use, since one of them may be a card number.

use axum::body::Bytes;
use percent_encoding::percent_decode_str;
use zeroize::{Zeroize, Zeroizing};

/// Most fields that are looked at.
const FIELDS_MAX: usize = 32;

/// The fields of a form, in their order.
pub(super) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads a body, and overwrites it.
    pub(super) fn of_body(body: Bytes) -> Form {
        let form = std::str::from_utf8(&body).map_or(Form(Vec::new()), Form::of_text);
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        form
    }

    /// Reads a query string or a body. What is no UTF-8 when decoded is left out.
    pub(super) fn of_text(text: &str) -> Form {
        let fields = text.split('&').filter(|field| !field.is_empty()).take(FIELDS_MAX);
        Form(fields.filter_map(field).collect())
    }

    /// The first value of this name, without white space around it; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.trim())
    }
}

fn field(text: &str) -> Option<(String, Zeroizing<String>)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let name = percent_decode_str(name).decode_utf8().ok()?.into_owned();
    // Decoding makes a text shorter, so this one does not move and leave copies behind.
    let mut plain = Zeroizing::new(String::with_capacity(value.len()));
    plain.extend(value.chars().map(|next| if next == '+' { ' ' } else { next }));
    let mut decoded = Zeroizing::new(Vec::with_capacity(plain.len()));
    decoded.extend(percent_decode_str(&plain));
    let decoded = std::str::from_utf8(&decoded).ok()?;
    Some((name, Zeroizing::new(decoded.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn fields_are_found_and_decoded() {
        let form = Form::of_text("a=1&b=x+y%2Bz%C3%A5&&c&d=%FF&a=2&e=+q+");
        for (name, value) in
            [("a", "1"), ("b", "x y+z\u{e5}"), ("c", ""), ("d", ""), ("e", "q"), ("f", "")]
        {
            assert_eq!(form.get(name), value, "{name}");
        }
    }

    #[test]
    fn no_form_is_too_large_to_be_read() {
        let form = Form::of_text(&"x=1&".repeat(100));
        assert_eq!(form.0.len(), 32);
        assert_eq!(Form::of_body(axum::body::Bytes::from_static(b"\xff")).get("x"), "");
    }
}
