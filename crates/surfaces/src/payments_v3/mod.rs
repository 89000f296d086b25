//! The payments v3 contract: payments from a merchant's server or over a hosted page, cards that
//! are kept, checkouts, and reports. Forms in, JSON of texts out.
//!
//! The way of a request: route → caller → merchant → parameters → command → desk → frame, or a
//! problem.

mod callers;
mod cashier;
mod challenges;
mod checkouts;
pub(crate) mod form;
mod frame;
mod ids;
mod keys;
mod openapi;
mod parameters;
mod payments;
mod problem;
mod query;
mod references;
mod registrations;
mod result_codes;
mod status;
#[cfg(test)]
mod tests;
mod till;
mod urls;

use std::sync::Arc;

use ::payments::{Payment, ResultCode};
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use estate::Customer;
use ledger::Directory;

use self::callers::Caller;
use self::frame::View;
use self::problem::{Problem, render};
use self::result_codes::ResultCodes;
use crate::Platform;
use crate::checkout::{self, Checkouts};

pub use self::openapi::openapi;

/// Where the contract is mounted.
pub const MOUNT: &str = "/v3";

type Answer = Result<Response, Problem>;

/// The platform as this contract is served on it.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    platform: Platform,
    /// Whether no real money can move: there is a test acquirer, and results say so.
    is_test: bool,
}

impl Shop {
    /// The code of what has succeeded.
    fn success(&self) -> ResultCode {
        if self.is_test { ResultCode::SUCCESS_TEST } else { ResultCode::SUCCESS }
    }
}

/// Serves the contract. With `is_test`, cards that are not the ledger's are paid with at a test
/// acquirer, and payers prove who they are on a stand-in of an issuer's page.
pub fn router(platform: &Platform, is_test: bool) -> Router {
    let shop = Shop { platform: platform.clone(), is_test };
    let routes = Router::new()
        .route("/payments", post(payments::create))
        .route("/payments/{id}", get(payments::show).post(payments::follow_up))
        .route("/registrations", post(registrations::create))
        .route("/registrations/{id}", get(registrations::show).delete(registrations::delete))
        .route("/registrations/{id}/payments", post(payments::create_by_token))
        .route("/checkouts", post(checkouts::create))
        .route("/checkouts/{id}", post(checkouts::update))
        .route("/checkouts/{id}/payment", get(checkouts::result))
        .route("/query", get(query::by_name))
        .route("/query/{id}", get(query::by_id))
        .route("/resultcodes", get(all_codes))
        .route("/threeDSecure/{id}", post(challenges::answered))
        .route("/threeDSecure/{id}/challenge", get(challenges::page).post(challenges::page))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(platform.clone(), render))
        .with_state(shop.clone());
    // What is nested does not take this path.
    let nothing = Router::new()
        .route(&format!("{MOUNT}/"), any(no_route))
        .layer(from_fn_with_state(platform.clone(), render))
        .with_state(shop.clone());
    let page = checkout::router(Checkouts {
        till: Arc::new(shop.clone()),
        randomness: Arc::clone(&platform.randomness),
    });
    Router::new().nest(MOUNT, routes).merge(nothing).merge(page)
}

/// What a merchant is told of a payment: what an inquiry answers once there is nowhere for the
/// payer to go any more. The same of the same payment, whenever it is asked.
pub fn notification(directory: &Directory, payment: &Payment) -> String {
    let customer = Customer::find(directory, payment.merchant.customer);
    let entity_id = customer.and_then(|customer| Some(customer.merchant?.entity_id));
    let entity_id = entity_id.unwrap_or_default();
    View { payment, entity_id: &entity_id, redirect: None }.frame().text()
}

/// A stranger is told nothing of what there is.
async fn no_route(State(shop): State<Shop>, headers: HeaderMap) -> Problem {
    match Caller::of(&shop.platform, &headers) {
        Ok(_) => Problem::of(ResultCode::NOT_FOUND),
        Err(problem) => problem,
    }
}

async fn no_method(State(shop): State<Shop>, headers: HeaderMap) -> Problem {
    match Caller::of(&shop.platform, &headers) {
        Ok(_) => Problem::of(ResultCode::WRONG_HTTP_METHOD),
        Err(problem) => problem,
    }
}

/// All result codes, in their order (`GET resultcodes`). Anybody may read them.
async fn all_codes() -> Response {
    sent(StatusCode::OK, serde_json::to_string(&ResultCodes::all()).unwrap_or_default())
}

/// Sends a frame.
fn sent(status: StatusCode, body: String) -> Response {
    let json = HeaderValue::from_static("application/json;charset=utf-8");
    (status, [(CONTENT_TYPE, json)], body).into_response()
}
