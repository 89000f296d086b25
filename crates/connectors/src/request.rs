//! Building of requests.

use serde::Serialize;

use crate::exchange::{Request, Verb};

impl Request {
    /// A request without headers and body.
    pub(crate) fn new(verb: Verb, path: impl Into<String>) -> Request {
        Request { verb, path: path.into(), headers: Vec::new(), body: None }
    }

    /// The same with a header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a body.
    #[must_use]
    pub(crate) fn json<T: Serialize>(self, body: &T) -> Request {
        self.typed("application/json", body)
    }

    /// The same with a body of a media type that is built on JSON.
    #[must_use]
    pub(crate) fn typed<T: Serialize>(self, media_type: &str, body: &T) -> Request {
        let mut request = self.with("content-type", media_type);
        // Our bodies are plain structures, which cannot fail to be written.
        request.body = serde_json::to_string(body).ok();
        request
    }
}

/// A PSP's or our own name for something, as one part of a path or a value of a query: what could
/// end it is escaped (RFC 3986 §2.3).
pub(crate) fn segment(name: &str) -> String {
    let is_free = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| {
        if is_free(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    let escaped: String = name.bytes().map(escape).collect();
    // These two would name another resource.
    if escaped == "." || escaped == ".." { escaped.replace('.', "%2E") } else { escaped }
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_part_of_the_path() {
        let table = [
            ("AB-1._~", "AB-1._~"),
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("..", "%2E%2E"),
            ("å %", "%C3%A5%20%25"),
            ("", ""),
        ];
        for (name, expected) in table {
            assert_eq!(segment(name), expected);
        }
    }
}
