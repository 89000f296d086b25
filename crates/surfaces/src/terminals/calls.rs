//! What every request of this contract carries: who calls, the contract's version, a key under
//! which it may be repeated, and a body.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use estate::Customer;
use estate::limits::ID_CHARS_MAX;
use ledger::ids::Hasher;
use ledger::{Credential, Directory, Idempotency, Key, Scope};
use serde_json::{Map, Value};

use super::problem::{Detail, Level, Problem, Reason, bytes};
use super::{API_VERSION, Contract};
use crate::Platform;
use crate::http::body::is_json;
use crate::http::callers::application;
use crate::http::throttle::Subject;

/// Who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    credential: Arc<Credential>,
    /// The customer that the application may reach, with all below it.
    pub(super) root: i64,
    /// What is called: a method and a route's template.
    pub(super) endpoint: String,
}

/// What is asked.
pub(super) struct Call {
    /// The body; `None` where there is none.
    body: Option<Value>,
    /// The caller's key with a keyed hash of the body, where it sent one.
    pub(super) idempotency: Option<Idempotency>,
}

impl Caller {
    /// # Errors
    /// 403 for everybody who is not an application of some customer.
    pub(super) fn of(platform: &Platform, headers: &HeaderMap) -> Result<Caller, Problem> {
        let credential = application(platform, headers).map_err(|_| Problem::not_authorized())?;
        match &credential.scope {
            Scope::Customer(root) => {
                let root = *root;
                Ok(Caller { credential, root, endpoint: String::new() })
            }
            Scope::Installation | Scope::Company { .. } => Err(Problem::not_authorized()),
        }
    }

    /// What the journal calls it.
    pub(super) fn actor(&self) -> String {
        self.credential.label.clone()
    }

    /// The number of an account's customer.
    ///
    /// # Errors
    /// 403, the same for one that is unknown and for one that the caller may not reach.
    pub(super) fn account(&self, directory: &Directory, id: &str) -> Result<i64, Problem> {
        let found = Customer::by_account(directory, id).map(|customer| customer.number);
        let found = found.filter(|number| Customer::is_within(directory, self.root, *number));
        found.ok_or_else(Problem::not_authorized)
    }

    /// The application, whatever its token is today. With the customer that it acts for, so that
    /// nobody gets another's answers though an id were given out again.
    pub(super) fn hasher(&self, purpose: &str) -> Hasher {
        let login = self.credential.login.as_deref().unwrap_or_default();
        Hasher::new(purpose).text(login).number(self.root)
    }
}

impl Contract {
    /// # Errors
    /// 429 where the application has called this too often.
    pub(super) fn throttle_application(&self, caller: &Caller) -> Result<(), Problem> {
        self.admit(&caller.endpoint, Level::Application, caller.credential.id.0)
    }

    /// # Errors
    /// 429 where this was called too often for the account, by whomever.
    pub(super) fn throttle_account(&self, caller: &Caller, number: i64) -> Result<(), Problem> {
        self.admit(&caller.endpoint, Level::Account, number)
    }

    fn admit(&self, endpoint: &str, level: Level, number: i64) -> Result<(), Problem> {
        let Some(throttle) = &self.throttle else { return Ok(()) };
        let word = match level {
            Level::Application => "application",
            Level::Account => "account",
        };
        let subject = Subject { endpoint: endpoint.to_owned(), level: word, number };
        let waits = |wait| Problem::throttled(level, wait);
        throttle.admit(subject, self.platform.now()).map_err(waits)
    }
}

/// # Errors
/// 400 unless the caller speaks this version of the contract.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    let name = "Api-Version";
    let detail = match headers.get("api-version") {
        Some(version) if version == API_VERSION => return Ok(()),
        Some(_) => Detail::header(name, Reason::ParamHasInvalidValue, "must be 3.0"),
        None => Detail::header(name, Reason::ParamIsMissing, "is required and must be 3.0"),
    };
    Err(Problem::invalid(vec![detail]))
}

impl Call {
    /// Reads a request that changes something.
    ///
    /// # Errors
    /// 400 or 413 where its key or body cannot be read.
    pub(super) async fn read(
        platform: &Platform,
        caller: &Caller,
        request: Request,
    ) -> Result<Call, Problem> {
        let key = unique_key(caller, &request)?;
        let is_json = is_json(request.headers());
        let bytes = bytes(request).await?;
        if bytes.is_empty() {
            return Ok(Call::of(platform, key, None));
        }
        if !is_json {
            return Err(Problem::media_type());
        }
        let body = serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Problem::malformed(format!("the body is not JSON: line {line}, column {column}"))
        })?;
        Ok(Call::of(platform, key, Some(body)))
    }

    fn of(platform: &Platform, key: Option<Key>, body: Option<Value>) -> Call {
        let idempotency = key.map(|key| {
            let mut canonical = String::new();
            write_canonical(body.as_ref().unwrap_or(&Value::Null), &mut canonical);
            let fingerprint = platform.secrets.request_fingerprint(canonical.as_bytes());
            Idempotency { key, fingerprint }
        });
        Call { body, idempotency }
    }

    /// The fields of the body.
    ///
    /// # Errors
    /// 400 where it is no JSON object.
    pub(super) fn fields(&self) -> Result<&Map<String, Value>, Problem> {
        let fields = self.body.as_ref().and_then(Value::as_object);
        fields.ok_or_else(|| Problem::malformed("the body must be a JSON object"))
    }
}

/// The caller's key, scoped to the application, the method and the path.
fn unique_key(caller: &Caller, request: &Request) -> Result<Option<Key>, Problem> {
    let Some(header) = request.headers().get("unique-key") else { return Ok(None) };
    let Some(key) = key_text(header) else {
        let message = format!("must be 1 to {ID_CHARS_MAX} characters");
        let reason = Reason::ParamHasInvalidValue;
        return Err(Problem::invalid(vec![Detail::header("Unique-Key", reason, &message)]));
    };
    let hasher = caller
        .hasher("terminals unique key")
        .text(request.method().as_str())
        .text(request.uri().path())
        .text(key);
    Ok(Some(Key(hasher.finish())))
}

fn key_text(header: &HeaderValue) -> Option<&str> {
    let key = str::from_utf8(header.as_bytes()).ok()?;
    (1..=ID_CHARS_MAX).contains(&key.chars().count()).then_some(key)
}

/// What a value says, in one way of writing it: fields in the order of their names, no white space.
/// A `null` counts: it takes a setting away, and a field that is not there does not.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            text.push('{');
            for name in names {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(fields.get(name).unwrap_or(&Value::Null), text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for value in values {
                write_canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_body_is_written_in_one_way() {
        let canonical = |text: &str| {
            let mut canonical = String::new();
            write_canonical(&serde_json::from_str(text).unwrap(), &mut canonical);
            canonical
        };
        let one = canonical(r#"{"b": [1, {"y": null, "x": "å\u0022"}], "a": true}"#);
        assert_eq!(one, canonical(r#"{"a":true,"b":[1,{"x":"å\"","y":null}]}"#));
        for other in ["{}", r#"{"a":true,"b":[{"x":"å\"","y":null},1]}"#, r#"{"a":true}"#] {
            assert_ne!(one, canonical(other));
        }
        assert_ne!(canonical(r#"{"a":null}"#), canonical("{}"));
    }
}
