//! What the API's document says besides its routes.

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder, Schema};
use utoipa::{IntoParams, Modify};

use crate::http::problem::ProblemBody;

/// The bodies of requests and what is in them: they have no fields but those that are named.
pub(in crate::device) const REQUESTS: [&str; 6] = [
    "ActivationRequest",
    "CallHomeRequest",
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
        let components = document.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("device_token", scheme);
    }
}

/// The header that makes an activation repeatable.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is read from the headers; this describes it")]
pub(in crate::device) struct IdempotencyKey {
    /// 1 to 255 visible characters. The same key with the same request gets the first answer again,
    /// with `Idempotent-Replayed: true`; with another request, 422.
    #[param(rename = "Idempotency-Key", value_type = Option<String>, min_length = 1,
        max_length = 255, pattern = "^[!-~]+$")]
    key: Option<String>,
}

/// Adds what holds for every operation: unknown fields are refused, and the answer can be a
/// problem.
pub(in crate::device) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    for name in REQUESTS {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(name) {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    let problem = ResponseBuilder::new()
        .description("A problem; see `type` and `status`")
        .content("application/problem+json", content)
        .build();
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), RefOr::T(problem.clone()));
        }
    }
    document
}
