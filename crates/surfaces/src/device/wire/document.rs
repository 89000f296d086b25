//! What the API's document says besides its routes.

use utoipa::Modify;
use utoipa::openapi::OpenApi;

use crate::http::document::{add_bearer, add_problem, close};
use crate::http::problem::ProblemBody;

pub(in crate::device) use crate::http::document::IdempotencyKey;

/// The bodies of requests and what is in them: they have no fields but those that are named.
pub(in crate::device) const REQUESTS: [&str; 8] = [
    "ActivationRequest",
    "CallHomeRequest",
    "NewTotal",
    "NewTotals",
    "OfflineTransaction",
    "OfflineUpload",
    "PackageReport",
    "UpdateReport",
];

/// The document without its routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Kassa device API",
        description = "What a terminal says and is told. JSON in snake_case; times are RFC 3339 \
            in UTC; amounts are decimal strings in major units beside a currency. Errors are \
            application/problem+json (RFC 9457). Unknown fields are refused. Every request but \
            the activation may be repeated as it is: it has one effect.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody<'static>)),
    security(("device_token" = [])),
    modifiers(&Token),
    tags(
        (name = "activation", description = "How a device becomes a terminal"),
        (name = "calls", description = "How it is, and what it shall do"),
        (name = "updates", description = "Packages and how far they are"),
        (name = "transactions", description = "What was accepted offline"),
    )
)]
pub(in crate::device) struct Document;

/// Adds how callers prove who they are.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        add_bearer(document, "device_token");
    }
}

/// Adds what holds for every operation: unknown fields are refused, and the answer can be a
/// problem.
pub(in crate::device) fn complete(mut document: OpenApi) -> OpenApi {
    close(&mut document, REQUESTS);
    add_problem(&mut document);
    document
}
