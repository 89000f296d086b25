//! What the document of this part says besides its routes.

use utoipa::Modify;
use utoipa::openapi::OpenApi;

use crate::http::document::add_bearer;
use crate::http::problem::ProblemBody;

/// The document without its routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Kassa operator API: clearing and settlement",
        description = "Acquirers' files, exceptions, reconciliation and settlement. The same API \
            as operator.json describes, with the same rules.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody<'static>)),
    security(("operator_key" = [])),
    modifiers(&Key),
    tags(
        (name = "acquirer-files", description = "Files of card transactions"),
        (name = "exceptions", description = "What does not agree, until somebody deals with it"),
        (name = "reconciliation", description = "The ledger against files, PSPs and terminals"),
        (name = "settlement", description = "Fees, and what merchants are paid"),
    )
)]
pub(in crate::operator) struct Document;

/// Adds how callers prove who they are.
struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut OpenApi) {
        add_bearer(document, "operator_key");
    }
}
