//! Tokens for consumers that do not want to show their secret with each call (RFC 6749 §4.4, client
//! credentials).

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::callers::{consumer, pair};
use crate::Platform;

/// How long a token is good, in seconds.
const TOKEN_SECONDS: i64 = 3_600;

/// The challenge of a client that could not prove who it is.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"kassa\"");

/// Why there is no token (RFC 6749 §5.2).
pub(super) struct TokenError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

type Pairs = Vec<(String, String)>;

/// Issues a token.
pub(super) async fn issue(
    State(platform): State<Platform>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, TokenError> {
    let pairs = form(&headers, &body.map_err(|error| unreadable(&error))?)?;
    let client = client(&headers, &pairs)?;
    match one(&pairs, "grant_type")? {
        None => return Err(invalid("grant_type is required")),
        Some("client_credentials") => {}
        Some(_) => {
            let description = "the only grant is client_credentials";
            let status = StatusCode::BAD_REQUEST;
            return Err(TokenError { status, error: "unsupported_grant_type", description });
        }
    }
    let (key, secret) = client.ok_or_else(wrong_client)?;
    let credential = consumer(&platform, &key, &secret).ok_or_else(wrong_client)?;
    let now = platform.now();
    let until = now.plus_ms(TOKEN_SECONDS.saturating_mul(1_000));
    let until = credential.expires_at.map_or(until, |expires_at| until.min(expires_at));
    let body = json!({
        "access_token": platform.secrets.access_token(credential.id.0, until.0),
        "token_type": "Bearer",
        "expires_in": until.0.saturating_sub(now.0).div_euclid(1_000)
    });
    Ok(Json(body).into_response())
}

/// Answers every method but POST.
pub(super) async fn no_method() -> TokenError {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    TokenError { status, error: "invalid_request", description: "tokens are got by POST" }
}

/// The client's key and secret, from the one place where it has put them. `None` where it has not.
fn client(headers: &HeaderMap, pairs: &Pairs) -> Result<Option<(String, String)>, TokenError> {
    let (id, secret) = (one(pairs, "client_id")?, one(pairs, "client_secret")?);
    let Some(basic) = basic(headers) else {
        return Ok(id.zip(secret).map(|(id, secret)| (id.to_owned(), secret.to_owned())));
    };
    if secret.is_some() {
        return Err(invalid("the client may authenticate in one way only"));
    }
    // Encoded as a form's values before they become Base64 (RFC 6749 §2.3.1).
    let decoded = |(id, secret): (String, String)| Some((decoded(&id)?, decoded(&secret)?));
    let basic = pair(basic).and_then(decoded);
    let names_another = |basic: &(String, String)| id.is_some_and(|id| id != basic.0);
    Ok(basic.filter(|basic| !names_another(basic)))
}

fn basic(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| text.trim())
}

fn form(headers: &HeaderMap, body: &[u8]) -> Result<Pairs, TokenError> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid("Content-Type must be application/x-www-form-urlencoded"));
    }
    let text = str::from_utf8(body).map_err(|_| invalid("the form cannot be read"))?;
    let parts = text.split('&').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    parts.map(pair).collect::<Option<Pairs>>().ok_or_else(|| invalid("the form cannot be read"))
}

/// A name or a value of a form.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}

/// A parameter, which may be given once.
fn one<'p>(pairs: &'p Pairs, name: &str) -> Result<Option<&'p str>, TokenError> {
    let mut given = pairs.iter().filter(|(given, _)| given == name);
    let first = given.next().map(|(_, value)| value.as_str());
    if given.next().is_some() {
        return Err(invalid("a parameter is given twice"));
    }
    Ok(first.filter(|value| !value.is_empty()))
}

fn invalid(description: &'static str) -> TokenError {
    TokenError { status: StatusCode::BAD_REQUEST, error: "invalid_request", description }
}

fn unreadable(error: &BytesRejection) -> TokenError {
    TokenError { status: error.status(), ..invalid("the body cannot be read") }
}

fn wrong_client() -> TokenError {
    let description = "the client is unknown, or its secret is wrong";
    TokenError { status: StatusCode::UNAUTHORIZED, error: "invalid_client", description }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}
