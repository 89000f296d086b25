//! What happens around every request, whatever its contract: it gets an id, a log line, a place in
//! the figures, and an answer even where a handler has a bug.
//!
//! Invariant: no header, path, query or body is logged; only the method, the route's template, the
//! status, the request's id and the time it took.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::figures::Figures;
use crate::http::platform::Platform;
use crate::http::problem::Problem;

/// Carries the request's id, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from a caller, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// The route in figures and log lines of a request that met none.
const NO_ROUTE: &str = "none";

/// Names a request in the log and in problems. Found in the extensions of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

/// Numbers, measures and counts requests.
#[derive(Debug)]
pub struct Requests {
    /// Tells the requests of this run from those of another.
    prefix: String,
    count: AtomicU64,
    monotonic: fn() -> Instant,
    /// What has been counted.
    pub figures: Figures,
}

impl Requests {
    /// Starts counting.
    pub fn new(platform: &Platform) -> Requests {
        let mut prefix = [0; 4];
        platform.randomness.fill(&mut prefix);
        Requests {
            prefix: format!("{:08x}", u32::from_be_bytes(prefix)),
            count: AtomicU64::new(0),
            monotonic: platform.monotonic,
            figures: Figures::default(),
        }
    }

    /// The caller's id for the request if it is fit to be repeated, or one of ours.
    fn id(&self, headers: &HeaderMap) -> RequestId {
        if let Some(theirs) = headers.get(&X_REQUEST_ID).filter(|id| is_fit(id)) {
            return RequestId(theirs.clone());
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let ours = HeaderValue::try_from(format!("{}-{number:06x}", self.prefix));
        RequestId(ours.unwrap_or(HeaderValue::from_static("none")))
    }
}

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// The layer around all routes.
pub async fn observe(
    State(requests): State<Arc<Requests>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = (requests.monotonic)();
    let id = requests.id(request.headers());
    let method = method_word(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id.clone());
    let mut response = match or_bug(next.run(request)).await {
        Some(response) => response,
        None => Problem::bug().into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut named = problem.render(Some(id.as_str()));
        for (name, value) in response.headers() {
            named.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        response = named;
    }
    add_headers(&mut response, &id);
    let took = (requests.monotonic)().saturating_duration_since(started);
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    requests.figures.count(method, route, response.status(), took);
    log(&id, method, route, &response, took);
    response
}

fn log(id: &RequestId, method: &str, route: &str, response: &Response, took: Duration) {
    let (request_id, status) = (id.as_str(), response.status());
    // In 64 bits: the log writes wider numbers as texts.
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let status_code = status.as_u16();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(request_id, method, route, status_code, duration_ms, "request turned away");
    } else if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::error!(request_id, method, route, status_code, duration_ms, "request failed");
    } else if status.is_client_error() || status.is_server_error() {
        tracing::info!(request_id, method, route, status_code, duration_ms, "request refused");
    } else {
        tracing::debug!(request_id, method, route, status_code, duration_ms, "request answered");
    }
}

fn add_headers(response: &mut Response, id: &RequestId) {
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.0.clone());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Runs a handler; `None` when it panicked. The panic itself is reported by the process's hook.
async fn or_bug(handler: impl Future<Output = Response>) -> Option<Response> {
    let mut handler = pin!(handler);
    std::future::poll_fn(|context| {
        // The handler is not polled again after a panic, so that no broken state is seen.
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// Short, and without anything that could confuse a log.
fn is_fit(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len())
        && bytes.iter().all(is_plain)
        && !has_card_number(id.to_str().unwrap_or_default())
}

/// Whether a text could show a card number: twelve digits in a row.
pub(crate) fn has_card_number(text: &str) -> bool {
    let mut run = 0_usize;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run.saturating_add(1) } else { 0 };
        run >= 12
    })
}

/// The method as figures name it (OpenTelemetry HTTP conventions: unknown ones are `_OTHER`).
fn method_word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// Answers what met no route.
pub async fn no_route() -> Problem {
    Problem::not_found("no resource has this path")
}

/// Answers what met a route, but none of its methods.
pub async fn no_method() -> Problem {
    Problem::method_not_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_request_ids_are_repeated() {
        for (text, fit) in [
            ("abc-123_X.y", true),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("pan-4111111111111111", false),
        ] {
            assert_eq!(is_fit(&HeaderValue::from_str(text).unwrap()), fit, "{text}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let bug = async { panic!("a bug") };
        assert!(or_bug(bug).await.is_none());
        let fine = async { Problem::method_not_allowed().into_response() };
        assert!(or_bug(fine).await.is_some());
    }
}
