//! What goes over the wire, as plain values.

use serde_json::Value;

use crate::psp::PspName;

/// A request to one PSP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireRequest {
    /// The method, in upper case.
    pub method: String,
    /// The path below the PSP's base address, with its query. Begins with a slash.
    pub path: String,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// An answer of one PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireAnswer {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// The answer; `None`: the connection is dropped without one.
    pub answer: Option<WireAnswer>,
    /// How long to hold the answer, in milliseconds of real time.
    pub wait_ms: i64,
    /// What is to be delivered before the answer is sent.
    pub callbacks_first: Vec<Callback>,
}

/// Something to be posted to the merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// By which the outcome of its delivery is told. It stays the same when it is delivered again.
    pub id: u64,
    /// Where to.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl WireRequest {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(named, _)| named == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What stands between the slashes of the path.
    pub(crate) fn segments(&self) -> Vec<&str> {
        let path = self.path.split('?').next().unwrap_or_default();
        path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        form_field(self.path.split_once('?')?.1, name)
    }

    /// Where the PSP is, as the client sees it.
    pub(crate) fn base(&self, psp: PspName) -> String {
        format!("http://{}/{}", self.header("host").unwrap_or("localhost"), psp.as_str())
    }

    /// The body, where it is a JSON object.
    pub(crate) fn object(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok().filter(Value::is_object)
    }

    /// The body where it is a JSON object, or an empty one where there is no body.
    pub(crate) fn object_or_nothing(&self) -> Option<Value> {
        if self.body.trim().is_empty() {
            return Some(Value::Object(serde_json::Map::new()));
        }
        self.object()
    }

    /// Whether the body claims to be of that media type.
    pub(crate) fn is_of_type(&self, media_type: &str) -> bool {
        let claimed = self.header("content-type").unwrap_or_default();
        let claimed = claimed.split(';').next().unwrap_or_default();
        claimed.trim().eq_ignore_ascii_case(media_type)
    }
}

impl WireAnswer {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> WireAnswer {
        WireAnswer { status, headers: Vec::new(), body: String::new() }
    }

    /// An answer in JSON.
    pub(crate) fn json(status: u16, value: &Value) -> WireAnswer {
        let body = value.to_string();
        WireAnswer { status, headers: Vec::new(), body }.with("content-type", "application/json")
    }

    /// An answer for people.
    pub(crate) fn html(status: u16, body: impl Into<String>) -> WireAnswer {
        WireAnswer { status, headers: Vec::new(), body: body.into() }
            .with("content-type", "text/html; charset=utf-8")
    }

    /// With one more header.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> WireAnswer {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A field of a form or query, decoded.
pub(crate) fn form_field(form: &str, name: &str) -> Option<String> {
    let mut fields = form.split('&').map(|field| field.split_once('=').unwrap_or((field, "")));
    fields.find(|(named, _)| *named == name).map(|(_, value)| decode(value))
}

/// Undoes the escapes of a form. What is no escape stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high.wrapping_mul(16).wrapping_add(low));
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_field(form: &str, expected: Option<&str>) {
        assert_eq!(form_field(form, "a").as_deref(), expected, "{form}");
    }

    #[test]
    fn fields_are_decoded() {
        check_field("a=b", Some("b"));
        check_field("b=1&a=x%2Dy+z", Some("x-y z"));
        check_field("a=%c3%a5", Some("å"));
        check_field("a=%4", Some("%4"));
        check_field("a=%zz", Some("%zz"));
        check_field("a", Some(""));
        check_field("ab=1", None);
    }

    #[test]
    fn paths_are_split() {
        let request = WireRequest { path: "/a//b?c=/d".to_owned(), ..WireRequest::default() };
        assert_eq!(request.segments(), ["a", "b"]);
        assert_eq!(request.parameter("c").as_deref(), Some("/d"));
        assert_eq!(request.base(PspName::Easy), "http://localhost/easy");
    }
}
