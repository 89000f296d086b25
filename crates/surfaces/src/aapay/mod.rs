//! The AAPay contract: payments, refunds and reversals over alternative payment methods, and the
//! services beside it with which merchants are added, agreements kept and methods listed.
//!
//! The way of a request: caller → body → merchant → command → desk → frame, or a problem.

mod agreements;
mod callers;
mod frame;
mod initialize;
mod lookup;
mod merchants;
mod methods;
mod openapi;
mod problem;
mod reading;
mod receipt;
mod schemas;
mod status;
#[cfg(test)]
mod tests;
mod token;
mod wire;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};

use self::callers::Caller;
use self::problem::Problem;
use crate::Platform;

pub use openapi::openapi;

/// Where the contract and the services beside it are mounted.
pub const MOUNT: &str = "/ms";

type Answer = Result<Response, Problem>;

/// Serves the contract, the services beside it, and the tokens for them.
pub fn router(platform: Platform) -> Router {
    let transaction = "/aapay/v2/transaction";
    let line = "/map/identifier/delete/from/{from_type}/{from_id}/to/{to_type}";
    let routes = Router::new()
        .route(&format!("{transaction}/{{type}}/initialize"), post(initialize::initialize))
        .route(
            &format!("{transaction}/{{type}}/initializeWithIdempotency"),
            post(initialize::keyed),
        )
        .route(&format!("{transaction}/{{id}}/status"), get(status::show))
        .route("/naa/admin/customer/v1/merchant", post(merchants::create))
        .route("/naa/terminal/method/list/{merchant}/{terminal}", get(methods::list))
        .route("/map/identifier/create", post(agreements::create))
        .route(line, delete(agreements::remove))
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::no_method())
        .layer(from_fn_with_state(platform.clone(), guard))
        .with_state(platform.clone());
    // What is nested does not take this path.
    let nothing = Router::new()
        .route(&format!("{MOUNT}/"), any(async || Problem::no_route()))
        .layer(from_fn_with_state(platform.clone(), guard));
    let tokens = Router::new()
        .route("/oauth2/token", post(token::issue).fallback(token::no_method))
        .with_state(platform);
    Router::new().nest(MOUNT, routes).merge(nothing).merge(tokens)
}

/// The layer around every route: nothing behind it runs for strangers.
async fn guard(State(platform): State<Platform>, mut request: Request, next: Next) -> Response {
    match Caller::of(&platform, request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}
