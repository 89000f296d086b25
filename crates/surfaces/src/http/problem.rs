//! Errors of our own APIs as clients see them (RFC 9457). Carries nothing internal.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::limits::RETRY_AFTER_SECONDS;
use engine::{StoreError, SubmitError};
use serde::Serialize;
use utoipa::ToSchema;

/// Where problem types live. Each is described in the API's documentation.
const TYPE_PREFIX: &str = "urn:kassa:problem:";

/// The challenge that goes with every 401 (RFC 9110 §11.6.1).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"kassa\"");

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    rows: Vec<RowFault>,
    retry_after_seconds: Option<u32>,
}

/// One thing that is wrong with a file that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowFault {
    /// The line of the file, from 1.
    pub row: u64,
    /// The position in it, from 1.
    pub column: u32,
    /// What is wrong there.
    #[schema(example = "the trailer is missing: the file may have been cut off")]
    pub reason: String,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body (RFC 6901), or `?` and the name of a query parameter.
    #[schema(example = "/credit_limit")]
    pub pointer: String,
    /// What is wrong with it.
    #[schema(example = "must be a decimal number in a string, like \"300.00\"")]
    pub detail: String,
}

/// The body of every error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'p> {
    /// Names the kind of problem, for ever.
    #[schema(example = "urn:kassa:problem:validation-error")]
    r#type: String,
    /// The kind of problem for people.
    title: &'p str,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// What happened this time.
    detail: &'p str,
    /// The request's id, which is also in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'p str>,
    /// All that is wrong with the request, where that is the problem.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'p [FieldError],
    /// What is wrong with a file that was sent, where that is the problem: the first faults.
    #[serde(skip_serializing_if = "<[RowFault]>::is_empty")]
    rows: &'p [RowFault],
}

impl Problem {
    /// A problem of some kind.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        let (detail, errors, rows) = (detail.into(), Vec::new(), Vec::new());
        Problem { status, code, title, detail, errors, rows, retry_after_seconds: None }
    }

    /// 422: a file is not in order, and nothing of it was kept. `rows` are the first of `count`
    /// faults.
    pub fn faulty_file(rows: Vec<RowFault>, count: u64) -> Problem {
        let title = "The file is not in order";
        let detail = format!("nothing of it was kept; it has {count} faults");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem { rows, ..Problem::new(status, "file-not-in-order", title, detail) }
    }

    /// 400: the request does not say what it must.
    pub fn invalid(errors: Vec<FieldError>) -> Problem {
        let detail = "the request has errors; each is listed";
        let status = StatusCode::BAD_REQUEST;
        let problem = Problem::new(status, "validation-error", "The request is not valid", detail);
        Problem { errors, ..problem }
    }

    /// 400: one thing is wrong.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem::invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// 400: the body cannot be read at all.
    pub fn malformed(detail: impl Into<String>) -> Problem {
        let status = StatusCode::BAD_REQUEST;
        Problem::new(status, "malformed-body", "The body cannot be read", detail)
    }

    /// 401: nobody we know.
    pub fn unauthenticated(detail: &'static str) -> Problem {
        let status = StatusCode::UNAUTHORIZED;
        Problem::new(status, "unauthenticated", "The caller is not known", detail)
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 405.
    pub fn method_not_allowed() -> Problem {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let detail = "the resource exists, but not for this method";
        Problem::new(status, "method-not-allowed", "The method is not allowed", detail)
    }

    /// 500: a bug of ours, which is in the log.
    pub fn bug() -> Problem {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let detail = "the server hit a bug; nothing was done unless a repeat says so";
        Problem::new(status, "internal-error", "Something is wrong with the server", detail)
    }

    /// 503: not now.
    pub fn unavailable(code: &'static str, detail: &'static str, retry_after_s: u32) -> Problem {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let problem = Problem::new(status, code, "The server cannot do it now", detail);
        Problem { retry_after_seconds: Some(retry_after_s), ..problem }
    }

    /// Why a command was not done; `refused` has the surface's own words for a refusal.
    pub fn not_done<R>(error: SubmitError<R>, refused: impl FnOnce(R) -> Problem) -> Problem {
        match error {
            SubmitError::Refused(refusal) => refused(refusal),
            SubmitError::Overloaded => {
                let detail = "there is too much work; nothing was done";
                Problem::unavailable("overloaded", detail, RETRY_AFTER_SECONDS)
            }
            SubmitError::NotDone => {
                Problem::unavailable("not-done", "nothing was done", RETRY_AFTER_SECONDS)
            }
            SubmitError::Unknown => {
                let title = "The outcome is not known";
                let detail = "it may have been done; \
                    repeat the request with the same Idempotency-Key to find out";
                Problem::new(StatusCode::GATEWAY_TIMEOUT, "outcome-unknown", title, detail)
            }
            SubmitError::Bug => Problem::bug(),
        }
    }

    /// Why something could not be read.
    pub fn not_read(_: StoreError) -> Problem {
        Problem::unavailable("not-read", "the store does not answer", RETRY_AFTER_SECONDS)
    }

    /// 422: a key that another request has used.
    pub fn key_reused() -> Problem {
        let title = "The idempotency key is in use";
        let detail = "this Idempotency-Key stands for another request";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, "idempotency-key-reused", title, detail)
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Builds the answer; `instance` names the request.
    pub fn render(&self, instance: Option<&str>) -> Response {
        let body = ProblemBody {
            r#type: format!("{TYPE_PREFIX}{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            errors: &self.errors,
            rows: &self.rows,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Leaves itself in the response, so that the outermost layer can add the request's id.
    fn into_response(self) -> Response {
        let mut response = self.render(None);
        response.extensions_mut().insert(self);
        response
    }
}
