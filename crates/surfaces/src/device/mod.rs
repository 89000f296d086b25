//! The device API: what a terminal says and is told. A device activates itself once as a terminal;
//! from then on it calls home, fetches the packages it is told of, and uploads what it accepted
//! offline.
//!
//! Invariant: a token is good for one terminal, and reaches nothing of any other.

mod activation;
mod call_home;
mod callers;
mod ceiling;
mod file_body;
mod packages;
mod problem;
mod range;
mod totals;
mod transactions;
mod updates;
mod wire;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::{Extension, Router};
use engine::limits::OFFLINE_UPLOAD_BYTES_MAX;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Platform;
use crate::http::requests::no_method;

pub use ceiling::ceiling;

/// Where the contract is mounted.
pub const MOUNT: &str = "/device/v1";

/// Serves the contract.
pub fn router(platform: Platform) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .method_not_allowed_fallback(no_method)
        .layer(Extension(Arc::new(callers::KnownDevices::default())))
        .with_state(platform)
}

/// Describes the contract.
pub fn openapi() -> OpenApi {
    let (_, document) = routes().split_for_parts();
    wire::document::complete(document)
}

/// Every route of this surface. Read it as the table of contents.
fn routes() -> OpenApiRouter<Platform> {
    let of_devices = OpenApiRouter::new()
        .routes(routes!(call_home::call_home))
        .routes(routes!(packages::get_package))
        .routes(routes!(updates::report_update))
        .routes(routes!(transactions::upload_transactions))
        .routes(routes!(totals::report_totals))
        .route_layer(from_fn(callers::identify))
        .layer(DefaultBodyLimit::max(OFFLINE_UPLOAD_BYTES_MAX));
    let of_anybody = OpenApiRouter::new().routes(routes!(activation::activate));
    let routes = OpenApiRouter::with_openapi(wire::document::Document::openapi());
    routes.nest(MOUNT, of_anybody.merge(of_devices))
}

#[cfg(test)]
mod tests;
