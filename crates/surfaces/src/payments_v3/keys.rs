//! What a request brings: who asks, for which merchant, its parameters, and the key under which it
//! may be sent again.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use engine::limits::{BODY_BYTES_MAX, PSP_ANSWER_WAIT_MAX};
use engine::queries::documents::document;
use ledger::{Idempotency, Key, ReadSet};
use payments::{FirstAnswer, ResultCode};
use zeroize::Zeroizing;

use super::callers::{Caller, Entity};
use super::form::Form;
use super::problem::Problem;
use super::{Answer, Shop, sent};
use crate::Platform;
use crate::http::body::{IDEMPOTENCY_KEY, mark_replayed};

/// Longest `Idempotency-Key`, in characters.
const KEY_CHARS_MAX: usize = 255;

/// How often a repeat looks for the answer that the first request has not been given yet.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// A request that somebody may make.
pub(super) struct Sent {
    pub(super) caller: Caller,
    pub(super) entity: Entity,
    pub(super) form: Form,
    pub(super) headers: HeaderMap,
    /// Its `Idempotency-Key`.
    pub(super) key: Option<String>,
}

impl Sent {
    /// Reads a request with a body, in the order: who, for whom, what.
    pub(super) async fn read(shop: &Shop, request: Request) -> Result<Sent, Problem> {
        let (parts, body) = request.into_parts();
        let caller = Caller::of(&shop.platform, &parts.headers)?;
        let key = key_text(&parts.headers)?;
        let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
            Problem::of(ResultCode::BAD_PARAMETER).with_status(StatusCode::PAYLOAD_TOO_LARGE)
        })?;
        let form = Form::of_body(&parts.headers, body)?;
        let entity = caller.entity(&shop.platform.engine.directory(), &form)?;
        Ok(Sent { caller, entity, form, headers: parts.headers, key })
    }

    /// Reads a request without a body.
    pub(super) fn read_query(shop: &Shop, request: &Request) -> Result<Sent, Problem> {
        let headers = request.headers().clone();
        let caller = Caller::of(&shop.platform, &headers)?;
        let form = Form::of_query(request.uri().query().unwrap_or_default())?;
        let entity = caller.entity(&shop.platform.engine.directory(), &form)?;
        Ok(Sent { caller, entity, form, headers, key: None })
    }
}

fn key_text(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(header) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = header.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
    let key = key.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
    let message = "must be 1 to 255 visible characters";
    let wrong = || Problem::parameter("Idempotency-Key", message, ResultCode::BAD_PARAMETER);
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}

impl Sent {
    /// The key under which a request of this path may be sent again. `None` without one, and where
    /// a parameter cannot be read, since nothing is done then.
    pub(super) fn key_for(&self, shop: &Shop, path: &str) -> Result<Option<Idempotency>, Problem> {
        let is_readable = self.form.parameters().iter().all(|it| it.value.is_ok());
        let Some(key) = self.key.as_ref().filter(|_| is_readable) else { return Ok(None) };
        key_of(shop, &self.caller, path, key, &self.form).map(Some)
    }
}

/// What a key stands for already: the payment, registration or checkout that was made. It is asked
/// before anything else is looked at, so that what has happened since changes no answer.
pub(super) async fn made_before(
    platform: &Platform,
    key: Option<Idempotency>,
) -> Result<Option<i64>, Problem> {
    let Some(key) = key else { return Ok(None) };
    let reads = ReadSet { keys: vec![key.key], ..ReadSet::default() };
    let found = platform
        .queries
        .read(move |reader| Ok(payments::command::repeated(&reader.load(&reads)?, Some(key))));
    found.await.map_err(Problem::not_read)?.map_err(Problem::refused)
}

/// A key of a caller's, for one path, with a keyed hash of what is asked: parameters in the order
/// of their names.
fn key_of(
    shop: &Shop,
    caller: &Caller,
    path: &str,
    key: &str,
    form: &Form,
) -> Result<Idempotency, Problem> {
    let mut lines = Vec::new();
    for parameter in form.parameters() {
        let value = form.text(&parameter.name).ok_or_else(Problem::bug)?;
        lines.push(Zeroizing::new(format!(
            "{} {}={} {value}",
            parameter.name.len(),
            parameter.name,
            value.len()
        )));
    }
    lines.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    let lines: Vec<&str> = lines.iter().map(|line| line.as_str()).collect();
    let canonical = Zeroizing::new(lines.join("\n"));
    let fingerprint = shop.platform.secrets.request_fingerprint(canonical.as_bytes());
    let hasher = caller.hasher("payments v3 idempotency key");
    Ok(Idempotency { key: Key(hasher.text(path).text(key).finish()), fingerprint })
}

/// The first answer to a request, waited for as long as the request that was first may still be
/// given it. `None` where nobody waits for it any more.
pub(super) async fn first_answer(
    platform: &Platform,
    payment: i64,
) -> Result<Option<FirstAnswer>, Problem> {
    let looks = PSP_ANSWER_WAIT_MAX.as_millis().div_ceil(LOOK_INTERVAL.as_millis());
    let id = FirstAnswer::id(payment);
    for _ in 0..=looks {
        let found = platform.queries.read(move |reader| document(reader, id));
        let found = found.await.map_err(Problem::not_read)?;
        if let Some(first) = found.as_ref().and_then(FirstAnswer::of) {
            return Ok(Some(first));
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    Ok(None)
}

/// Sends the first answer again.
pub(super) fn again(first: FirstAnswer) -> Answer {
    let status = StatusCode::from_u16(first.status).map_err(|_| Problem::bug())?;
    let mut response = sent(status, first.body);
    mark_replayed(response.headers_mut(), true);
    Ok(response)
}
