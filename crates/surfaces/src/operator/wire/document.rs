//! What the API's document says besides its routes.

use utoipa::openapi::{Content, OpenApi, RefOr, Required};
use utoipa::{Modify, ToSchema};

use crate::http::document::{add_bearer, add_problem, close};
use crate::http::fields::{FromObject, Object};
use crate::http::problem::ProblemBody;

pub(in crate::operator) use crate::http::document::IdempotencyKey;

/// The document without its routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Kassa operator API",
        description = "Operates a Kassa installation. JSON in snake_case; times are RFC 3339 in \
            UTC; amounts are decimal strings in major units beside a currency. Errors are \
            application/problem+json (RFC 9457). Unknown fields and parameters are refused.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody<'static>)),
    security(("operator_key" = [])),
    modifiers(&Key),
    tags(
        (name = "companies", description = "Ledgers and their sellers"),
        (name = "accounts", description = "Accounts, statements, reservations and cards"),
        (name = "credentials", description = "Keys and tokens"),
        (name = "customers", description = "The tree of customers, and what their terminals use"),
        (name = "onboarding", description = "Requests for new merchants, and their review"),
        (name = "terminals", description = "Terminals and what they use"),
        (name = "packages", description = "Software for terminals"),
        (name = "rollouts", description = "A package to many terminals, in stages"),
        (name = "payments", description = "Payments over PSPs, batch reports and agreements"),
        (name = "notifications", description = "What merchants are told, and where"),
        (name = "simulators", description = "The demo's simulated PSPs"),
        (name = "journal", description = "What happened, and whether it adds up"),
        (name = "clock", description = "The demo's clock"),
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

/// What a request may carry that needs nothing: an object without fields.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct Nothing {}

impl FromObject for Nothing {
    fn from_object(_: &mut Object) -> Option<Nothing> {
        Some(Nothing {})
    }
}

/// Adds what holds for every operation: unknown fields are refused, and the answer can be a
/// problem.
pub(in crate::operator) fn complete(mut document: OpenApi) -> OpenApi {
    close_requests(&mut document);
    spare_bodies(&mut document);
    add_problem(&mut document);
    document
}

/// Says of requests that may come without a body that they may.
fn spare_bodies(document: &mut OpenApi) {
    let posts = document.paths.paths.values_mut().filter_map(|item| item.post.as_mut());
    for body in posts.filter_map(|operation| operation.request_body.as_mut()) {
        if let RefOr::T(body) = body
            && body.content.values().filter_map(name_of_schema).any(|name| SPARED.contains(&name))
        {
            body.required = Some(Required::False);
        }
    }
}

/// The bodies that may be left out.
const SPARED: [&str; 5] = ["Nothing", "ChosenIdentities", "NewCapture", "NewSecret", "Taking"];

/// What a body is called among the schemas.
fn name_of_schema(content: &RefOr<Content>) -> Option<&str> {
    let RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) = content else {
        return None;
    };
    schema.ref_location.strip_prefix("#/components/schemas/")
}

/// Says of every body of a request that it has no fields but those that are named.
fn close_requests(document: &mut OpenApi) {
    let items = document.paths.paths.values();
    let bodies = items.flat_map(|item| [&item.post, &item.put, &item.patch]);
    let bodies = bodies.flatten().filter_map(|operation| operation.request_body.as_ref());
    let contents = bodies.filter_map(|body| match body {
        RefOr::T(body) => Some(body.content.values()),
        RefOr::Ref(_) => None,
    });
    let names = contents.flatten().filter_map(name_of_schema).map(str::to_owned);
    let names: Vec<String> = names.collect();
    close(document, names.iter().map(String::as_str));
}
