//! The Terminals contract: onboarding and configuring terminals.

use axum::Router;
use utoipa::openapi::OpenApi;

use crate::Platform;

/// Where the contract is mounted.
pub const MOUNT: &str = "/terminals";

/// Serves the contract.
pub fn router(platform: Platform) -> Router {
    Router::new().with_state(platform)
}

/// Describes the contract.
pub fn openapi() -> OpenApi {
    OpenApi::default()
}
