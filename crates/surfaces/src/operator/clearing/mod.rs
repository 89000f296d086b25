//! Clearing and settlement for operators: acquirers' files, exceptions, comparisons with what
//! others say, and what merchants are paid. Part of the operator API, described by a document of
//! its own.

mod files;
mod problem;
mod wire;

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::document::complete;
use super::{MOUNT, created};
use crate::Platform;

/// Describes this part of the API.
pub(crate) fn openapi() -> OpenApi {
    let (_, document) = routes().split_for_parts();
    complete(document)
}

/// Every route of this part. Read it as the table of contents.
pub(super) fn routes() -> OpenApiRouter<Platform> {
    let routes = OpenApiRouter::with_openapi(wire::document::Document::openapi());
    let inner = OpenApiRouter::new()
        .routes(routes!(files::list_files, files::add_file))
        .routes(routes!(files::get_file));
    routes.nest(MOUNT, inner)
}
