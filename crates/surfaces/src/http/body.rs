//! Bodies of requests to our own APIs: JSON objects whose every field is known, and the key under
//! which a request may be repeated.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ledger::ids::Hasher;
use ledger::{Credential, Fingerprint, Idempotency, Key};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::http::fields::{FromObject, Object};
use crate::http::platform::Platform;
use crate::http::problem::Problem;

/// Names a request, so that a repeat has no second effect.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks the answer to a repeat, on every contract.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Longest `Idempotency-Key`, in characters.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// What a request asks, and its idempotency key.
#[derive(Debug)]
pub struct Body<T> {
    /// What is asked.
    pub value: T,
    /// The caller's key with a keyed hash of the whole request, where it sent a key.
    pub idempotency: Option<Idempotency>,
}

/// As [`Body`], of a request that needs no body: one without any asks for what `{}` asks for.
#[derive(Debug)]
pub struct BodyIfAny<T>(pub Body<T>);

/// The number that a part of a path is, written as it is shown. What is written otherwise is the
/// number of nothing.
pub fn number_in_path(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| *number > 0 && number.to_string() == text)
}

/// The parameters of a path. What cannot be one names nothing: 404.
#[derive(Debug)]
pub struct Segments<T>(pub T);

impl<T: FromObject> FromRequest<Platform> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, platform: &Platform) -> Result<Body<T>, Problem> {
        let (key, headers) = (idempotency_key(&request)?, request.headers().clone());
        check_media_type(&headers)?;
        let bytes = Bytes::from_request(request, &()).await.map_err(|error| unreadable(&error))?;
        Body::of(key, object(bytes)?, platform)
    }
}

impl<T: FromObject> FromRequest<Platform> for BodyIfAny<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, platform: &Platform) -> Result<Self, Problem> {
        let (key, headers) = (idempotency_key(&request)?, request.headers().clone());
        let bytes = Bytes::from_request(request, &()).await.map_err(|error| unreadable(&error))?;
        if bytes.is_empty() {
            return Body::of(key, Object::of(Map::new()), platform).map(BodyIfAny);
        }
        check_media_type(&headers)?;
        Body::of(key, object(bytes)?, platform).map(BodyIfAny)
    }
}

impl<T: FromObject> Body<T> {
    fn of(key: Option<Key>, mut object: Object, platform: &Platform) -> Result<Body<T>, Problem> {
        let idempotency = key.map(|key| {
            let fingerprint = fingerprint(platform, object.fields());
            Idempotency { key, fingerprint }
        });
        let value = T::from_object(&mut object);
        object.finish()?;
        let value = value.ok_or_else(Problem::bug)?;
        Ok(Body { value, idempotency })
    }
}

/// By which a repeat of a request is told from another request.
pub(crate) fn fingerprint(platform: &Platform, fields: &Map<String, Value>) -> Fingerprint {
    let mut canonical = canonical(fields);
    let fingerprint = platform.secrets.request_fingerprint(canonical.as_bytes());
    canonical.zeroize();
    fingerprint
}

/// The object that a body is. The body itself is overwritten: it may carry a card
/// number.
fn object(bytes: Bytes) -> Result<Object, Problem> {
    let parsed = serde_json::from_slice(&bytes);
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.as_mut().zeroize();
    }
    parsed.map_err(|error: serde_json::Error| {
        if error.is_data() {
            return Problem::malformed("the body must be a JSON object");
        }
        let (line, column) = (error.line(), error.column());
        Problem::malformed(format!("the body is not JSON: line {line}, column {column}"))
    })
}

/// What a request says, in one way of writing it: fields in the order of their names, and none that
/// is `null`.
fn canonical(fields: &Map<String, Value>) -> String {
    let present: BTreeMap<&String, &Value> =
        fields.iter().filter(|(_, value)| !value.is_null()).collect();
    let mut canonical = String::new();
    for (name, value) in present {
        let mut value = value.to_string();
        canonical.extend([name.as_str(), "=", value.as_str(), "\n"]);
        value.zeroize();
    }
    canonical
}

/// The caller's key, scoped to the caller and the resource.
pub(crate) fn idempotency_key(request: &Request) -> Result<Option<Key>, Problem> {
    let Some(header) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key_text(header).ok_or_else(|| {
        let status = StatusCode::BAD_REQUEST;
        let title = "The idempotency key cannot be used";
        let detail = "Idempotency-Key must be 1 to 255 visible characters, quoted or not";
        Problem::new(status, "idempotency-key-invalid", title, detail)
    })?;
    let caller = request.extensions().get::<Arc<Credential>>();
    let hasher = Hasher::new("idempotency key")
        .number(caller.map_or(0, |caller| caller.id.0))
        .text(request.method().as_str())
        .text(request.uri().path())
        .text(key);
    Ok(Some(Key(hasher.finish())))
}

/// The key itself: raw as most clients send it, or as a quoted string (RFC 8941 §3.3.3).
fn key_text(header: &HeaderValue) -> Option<&str> {
    let text = header.to_str().ok()?;
    let unquoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let key = unquoted.unwrap_or(text);
    let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len());
    (fits && key.bytes().all(|byte| byte.is_ascii_graphic())).then_some(key)
}

/// Tells a client whether its request had been done before.
pub(crate) fn mark_replayed(headers: &mut HeaderMap, replayed: bool) {
    if replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
}

/// Whether the body is JSON by its media type, whatever its parameters.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let header = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = header.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) {
        return Ok(());
    }
    let title = "The media type is not supported";
    let detail = "send application/json";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", title, detail))
}

fn unreadable(error: &BytesRejection) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let (title, detail) = ("The body is too large", "no request needs a body this large");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", title, detail);
    }
    Problem::malformed("the body ended early")
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Segments<T>, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let Path(segments) = path.map_err(|_| Problem::not_found("no resource has this path"))?;
        Ok(Segments(segments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_raw_and_quoted() {
        let longest = "k".repeat(255);
        for (header, key) in [
            ("abc", Some("abc")),
            ("\"abc\"", Some("abc")),
            (longest.as_str(), Some(longest.as_str())),
            (&"k".repeat(256), None),
            ("", None),
            ("\"\"", None),
            ("a b", None),
        ] {
            assert_eq!(key_text(&HeaderValue::from_str(header).unwrap()), key, "{header}");
        }
        assert_eq!(key_text(&HeaderValue::from_bytes(b"\xe5").unwrap()), None);
    }
}
