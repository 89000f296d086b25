//! Health, figures and documentation of the running program.

mod metrics;
mod store;
#[cfg(test)]
mod tests;

pub use store::{StoreBytes, StoreFacts, StoreKind};

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use engine::limits::QUEUE_LENGTH_MAX;
use serde::Serialize;
use serde_json::json;
use serde_json::ser::PrettyFormatter;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::http::requests::{Requests, no_method};
use crate::{
    Options, Platform, aapay, access, card_ledger, device, operator, payments_v3, terminals,
};

use store::Observer;

/// What a page of the documentation may load: what the program itself serves, and nothing else.
/// The viewer styles its elements inline.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// Everything that the service endpoints look at.
#[derive(Clone)]
struct Service {
    platform: Platform,
    requests: Arc<Requests>,
    store: Arc<Observer>,
    /// What everybody shall know about the installation, a line each; empty where it is nothing.
    remarks: Arc<str>,
}

/// One thing that must be so before requests are welcome.
struct Readiness {
    name: &'static str,
    /// What is said beside it; may be empty.
    remark: String,
    ok: bool,
}

/// The documents of all APIs: file name, and content as indented JSON.
pub fn documents() -> Vec<(&'static str, String)> {
    vec![
        ("aapay.json", indented(&aapay::openapi())),
        ("access.json", indented(&access::openapi())),
        ("card-ledger.json", indented(&card_ledger::openapi())),
        ("clearing.json", indented(&operator::clearing::openapi())),
        ("device.json", indented(&device::openapi())),
        ("operator.json", indented(&operator::openapi())),
        ("payments.json", indented(&payments_v3::openapi())),
        ("terminals.json", indented(&terminals::openapi())),
    ]
}

/// A document as text: a line for each value, so that differences can be read, and indented by one
/// space, so that long documents are no longer than they must be.
fn indented(document: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    let written = document.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "a document is JSON");
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// Serves health, figures, version and documentation.
pub fn router(platform: Platform, requests: Arc<Requests>, options: &Options) -> Router {
    let remarks = [
        ("simulated_psps", options.simulated_psps.join(", ")),
        ("online_payments", if options.is_test { "test".to_owned() } else { String::new() }),
        ("notify_networks", options.notify_networks.join(", ")),
    ];
    let remarks = remarks.iter().filter(|(_, what)| !what.is_empty());
    let remarks: Vec<String> = remarks.map(|(name, what)| format!("{name}: {what}\n")).collect();
    let facts = options.store.clone();
    let store = Arc::new(Observer::new(facts, platform.queries.clone(), platform.monotonic));
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(Service { platform, requests, store, remarks: remarks.concat().into() });
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

/// Whether requests are welcome, and what is in the way. With `?verbose`, each thing looked at.
async fn readyz(State(service): State<Service>, RawQuery(query): RawQuery) -> Response {
    let checks = service.readiness().await;
    let failed: Vec<&str> =
        checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
    let mut text = String::new();
    if query.is_some_and(|query| query.split('&').any(|part| part.starts_with("verbose"))) {
        for check in &checks {
            let verdict = if check.ok { ": ok\n" } else { ": not ready\n" };
            text.extend([check.name, &check.remark, verdict]);
        }
        text.push_str(&service.remarks);
    }
    if failed.is_empty() {
        return (StatusCode::OK, text + "ok\n").into_response();
    }
    let text = format!("{text}not ready: {}\n", failed.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// What is counted, in the text format of Prometheus.
async fn metrics(State(service): State<Service>) -> Response {
    let store = metrics::Store {
        kind: service.store.facts.kind,
        writers: service.store.facts.writers,
        bytes: service.store.bytes().await,
    };
    let engine = service.platform.engine.figures();
    let text = metrics::render(&service.requests.figures, engine, store);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What runs, and on which kind of store.
async fn version(State(service): State<Service>) -> Json<serde_json::Value> {
    let store = service.store.facts.kind.as_str();
    Json(json!({ "name": "kassa", "version": env!("CARGO_PKG_VERSION"), "store": store }))
}

impl Service {
    async fn readiness(&self) -> [Readiness; 3] {
        let platform = &self.platform;
        let waiting = usize::try_from(platform.engine.figures().waiting).unwrap_or(usize::MAX);
        let accepts = !platform.draining.load(Ordering::SeqCst);
        let kind = format!(" ({})", self.store.facts.kind.as_str());
        [
            Readiness { name: "accepting", remark: String::new(), ok: accepts },
            Readiness { name: "store", remark: kind, ok: self.store.answers().await },
            Readiness { name: "engine", remark: String::new(), ok: waiting < QUEUE_LENGTH_MAX },
        ]
    }
}
