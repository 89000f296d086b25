//! What the documents of our own APIs say alike.

use utoipa::IntoParams;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder, Schema};

/// What a problem is called among the schemas, and among the answers.
const PROBLEM: &str = "Problem";

/// The header that makes a POST repeatable.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is read from the headers; this describes it")]
pub(crate) struct IdempotencyKey {
    /// 1 to 255 visible characters. The same key with the same request gets the first answer again,
    /// with `Idempotent-Replayed: true`; with another request, 422.
    #[param(rename = "Idempotency-Key", value_type = Option<String>, min_length = 1,
        max_length = 255, pattern = "^[!-~]+$")]
    key: Option<String>,
}

/// Says that callers prove who they are by a bearer token.
pub(crate) fn add_bearer(document: &mut OpenApi, name: &str) {
    let components = document.components.get_or_insert_default();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme(name, scheme);
}

/// Says of schemas that they have no fields but those that are named.
pub(crate) fn close<'n>(document: &mut OpenApi, names: impl IntoIterator<Item = &'n str>) {
    let components = document.components.get_or_insert_default();
    for name in names {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(name) {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

/// Says of every operation that its answer can be a problem.
pub(crate) fn add_problem(document: &mut OpenApi) {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name(PROBLEM))));
    let problem = ResponseBuilder::new()
        .description("A problem; see `type` and `status`")
        .content("application/problem+json", content)
        .build();
    let components = document.components.get_or_insert_default();
    components.responses.insert(PROBLEM.to_owned(), RefOr::T(problem));
    for item in document.paths.paths.values_mut() {
        let writes = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in writes.into_iter().chain([&mut item.get]).flatten() {
            let responses = &mut operation.responses.responses;
            let problem = RefOr::Ref(Ref::from_response_name(PROBLEM));
            responses.insert("default".to_owned(), problem);
        }
    }
}
