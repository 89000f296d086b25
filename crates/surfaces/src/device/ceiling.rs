//! What the benchmark compares calls home with: the same request and an answer as long, without
//! engine and store.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use estate::settings::inherited;
use ledger::Directory;

use super::call_home::told;
use super::callers::{Device, identify};
use super::wire::call_home::CallHomeRequest;
use crate::Platform;
use crate::http::body::Body;
use crate::http::problem::Problem;

/// `POST /bench/call-home-ceiling`: reads a call home as the contract does, and gives everybody the
/// same answer: what a terminal of the newest customer is told. What a server could do at most; for
/// the benchmark only.
pub fn ceiling(platform: Platform) -> Router {
    let told_once = Arc::new(OnceLock::new());
    // Whether the device is one is not asked: that would be a read.
    let answer = move |State(platform): State<Platform>, _: Device, body| {
        let told_once = Arc::clone(&told_once);
        async move { answer_ceiling(&platform, body, &told_once) }
    };
    let router = Router::new().route("/bench/call-home-ceiling", post(answer));
    router.route_layer(from_fn(identify)).with_state(platform)
}

fn answer_ceiling(
    platform: &Platform,
    body: Result<Body<CallHomeRequest>, Problem>,
    told_once: &OnceLock<Bytes>,
) -> Result<Response, Problem> {
    body?;
    let answer = told_once.get_or_init(|| {
        let directory = platform.engine.directory();
        let effective = inherited(&directory, newest_customer(&directory));
        let told = told(&effective, &[], None, platform.now());
        serde_json::to_vec(&told).map(Bytes::from).unwrap_or_default()
    });
    Ok(([(CONTENT_TYPE, "application/json")], answer.clone()).into_response())
}

/// The customer that came last; 0 where there is none.
fn newest_customer(directory: &Directory) -> i64 {
    let newest = directory.documents_on(estate::customer::CUSTOMERS).last();
    newest.map_or(0, |document| document.id.number)
}
