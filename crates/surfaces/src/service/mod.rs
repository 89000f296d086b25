//! Health, figures and documentation of the running program.

mod metrics;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use engine::limits::QUEUE_LENGTH_MAX;
use ledger::RowId;
use serde_json::json;
use tokio::time::timeout;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::http::requests::{Requests, no_method};
use crate::{Platform, card_ledger, operator};

/// How long the store may take to answer before the program is not ready.
const STORE_ANSWER_MAX: Duration = Duration::from_secs(2);

/// What a page of the documentation may load: what the program itself serves, and nothing else.
/// The viewer styles its elements inline.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// Tells the size of the store in bytes.
pub type StoreBytes = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// Everything that the service endpoints look at.
#[derive(Clone)]
struct Service {
    platform: Platform,
    requests: Arc<Requests>,
    store_bytes: Option<StoreBytes>,
}

/// One thing that must be so before requests are welcome.
struct Readiness {
    name: &'static str,
    ok: bool,
}

/// The documents of all APIs: file name, and content as indented JSON.
pub fn documents() -> Vec<(&'static str, String)> {
    let documents =
        [("card-ledger.json", card_ledger::openapi()), ("operator.json", operator::openapi())];
    let pretty = documents.map(|(name, document)| {
        let mut text = document.to_pretty_json().unwrap_or_default();
        text.push('\n');
        (name, text)
    });
    pretty.into()
}

/// Serves health, figures, version and documentation.
pub fn router(
    platform: Platform,
    requests: Arc<Requests>,
    store_bytes: Option<StoreBytes>,
) -> Router {
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(Service { platform, requests, store_bytes });
    documentation().merge(router).method_not_allowed_fallback(no_method)
}

/// The documents, and a page to browse them that loads nothing from elsewhere.
fn documentation() -> Router {
    let mut router = Router::new();
    let mut urls = Vec::new();
    for (name, text) in documents() {
        let path = format!("/openapi/{name}");
        let text: Arc<str> = text.into();
        let answer = move || {
            let text = Arc::clone(&text);
            async move { ([(CONTENT_TYPE, "application/json")], text.to_string()) }
        };
        router = router.route(&path, get(answer));
        urls.push(Url::from(path));
    }
    let config = Config::new(urls).validator_url("none");
    let viewer: Router = SwaggerUi::new("/docs").config(config).into();
    router.merge(viewer.layer(map_response(guard)))
}

async fn guard(mut response: Response) -> Response {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, DOCS_POLICY);
    response
}

/// Whether the process runs. Asks nothing of anybody.
async fn livez() -> &'static str {
    "ok\n"
}

/// Whether requests are welcome. With `?verbose`, each reason.
async fn readyz(State(service): State<Service>, RawQuery(query): RawQuery) -> Response {
    let checks = service.readiness().await;
    let is_ready = checks.iter().all(|check| check.ok);
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = |ok: bool| if ok { "ok" } else { "not ready" };
    let mut text = String::new();
    if query.is_some_and(|query| query.split('&').any(|part| part.starts_with("verbose"))) {
        for check in checks {
            text.extend([check.name, ": ", word(check.ok), "\n"]);
        }
    }
    (status, format!("{text}{}\n", word(is_ready))).into_response()
}

/// What is counted, in the text format of Prometheus.
async fn metrics(State(service): State<Service>) -> Response {
    let store_bytes = service.store_bytes.as_ref().and_then(|store_bytes| store_bytes());
    let engine = service.platform.engine.figures();
    let text = metrics::render(&service.requests.figures, engine, store_bytes);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What runs.
async fn version() -> Json<serde_json::Value> {
    Json(json!({ "name": "kassa", "version": env!("CARGO_PKG_VERSION") }))
}

impl Service {
    async fn readiness(&self) -> [Readiness; 3] {
        let platform = &self.platform;
        let asked = platform.queries.read(|reader| reader.row(RowId(1)));
        let store_answers = matches!(timeout(STORE_ANSWER_MAX, asked).await, Ok(Ok(_)));
        let waiting = usize::try_from(platform.engine.figures().waiting).unwrap_or(usize::MAX);
        [
            Readiness { name: "not draining", ok: !platform.draining.load(Ordering::SeqCst) },
            Readiness { name: "store answers", ok: store_answers },
            Readiness { name: "engine keeps up", ok: waiting < QUEUE_LENGTH_MAX },
        ]
    }
}
