//! Problems: the one place of this surface that knows HTTP statuses. Shape: the contract's
//! `{"Message", "Errors": [{"Field", "Message"}]}`.
//!
//! Invariant: nothing internal reaches a client, and a foreign customer is refused in the same
//! words as one that does not exist.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::limits::RETRY_AFTER_SECONDS;
use engine::{StoreError, SubmitError};
use estate::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use super::JSON;
use super::routes::Verb;
use crate::http::callers::CallerError;

/// Why a request has no other answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Every field that is missing or wrong.
    Invalid(Vec<FieldError>),
    /// The body cannot be read, and why.
    Malformed(String),
    /// No key, or none that is good.
    Unauthorized,
    /// A customer that the caller may not reach, or that does not exist.
    Forbidden,
    NoSuchRoute,
    NoSuchList,
    MethodNotAllowed(Verb),
    UnsupportedMediaType,
    BodyTooLarge,
    /// Nothing was done.
    Unavailable,
    /// Perhaps something was done.
    OutcomeUnknown,
    Internal,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FieldError {
    /// The path of the field, or the name of the parameter.
    #[schema(example = "Languages[1].LanguageId")]
    pub(super) field: String,
    /// What is wrong with it.
    #[schema(example = "is not an id of the list")]
    pub(super) message: String,
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Error)]
pub(super) struct Body<'p> {
    /// What is wrong.
    #[schema(example = "The request has errors; each is listed.")]
    message: &'p str,
    /// Every field that is missing or wrong.
    errors: &'p [FieldError],
}

impl FieldError {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), message: message.into() }
    }
}

impl Problem {
    /// Its HTTP status.
    fn status(&self) -> StatusCode {
        match self {
            Problem::Invalid(_) | Problem::Malformed(_) => StatusCode::BAD_REQUEST,
            Problem::Unauthorized => StatusCode::UNAUTHORIZED,
            Problem::Forbidden => StatusCode::FORBIDDEN,
            Problem::NoSuchRoute | Problem::NoSuchList => StatusCode::NOT_FOUND,
            Problem::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Problem::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Problem::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Problem::OutcomeUnknown => StatusCode::GATEWAY_TIMEOUT,
            Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn message(&self) -> &str {
        match self {
            Problem::Invalid(_) => "The request has errors; each is listed.",
            Problem::Malformed(message) => message,
            Problem::Unauthorized => "A valid API key is required.",
            Problem::Forbidden => "The customer is unknown, or your API key does not reach it.",
            Problem::NoSuchRoute => "There is nothing at this path.",
            Problem::NoSuchList => "There is no list of this type.",
            Problem::MethodNotAllowed(_) => "This path does not take this method.",
            Problem::UnsupportedMediaType => "The body must be application/json.",
            Problem::BodyTooLarge => "The body is too large.",
            Problem::Unavailable => "Nothing was done. Try again in a moment.",
            Problem::OutcomeUnknown => {
                "The outcome is not known. Look the requests up before you try again."
            }
            Problem::Internal => "The server has a problem of its own.",
        }
    }

    /// What becomes of a refused command.
    pub(super) fn refused(refusal: Refusal) -> Problem {
        let field =
            |field: &str, message: &str| Problem::Invalid(vec![FieldError::new(field, message)]);
        match refusal {
            Refusal::CustomerNotFound => Problem::Forbidden,
            Refusal::CustomerNotRejected => {
                field("CustomerId", "must be a customer whose last request was rejected")
            }
            Refusal::PackageNotFound => field("packageIds[0]", "is not a package of the customer"),
            Refusal::SerialNotFound { serial } => {
                field("serialNumbers", &format!("{serial} is not a terminal of the customer"))
            }
            Refusal::PackageDoesNotSuit { serial } => {
                field("serialNumbers", &format!("the package does not suit {serial}"))
            }
            Refusal::TooManyUpdates => {
                field("serialNumbers", "a terminal has too many updates waiting")
            }
            // Of other commands; none of this contract's is refused for them.
            Refusal::RequestNotFound
            | Refusal::TerminalNotFound
            | Refusal::UpdateNotFound
            | Refusal::RolloutNotFound
            | Refusal::CompanyNotConfigured
            | Refusal::IdempotencyKeyReused
            | Refusal::AlreadyDecided
            | Refusal::AlreadyClaimed
            | Refusal::SubmittedBySame
            | Refusal::IdentityTaken(_)
            | Refusal::CannotHaveTerminals
            | Refusal::SerialTaken
            | Refusal::TerminalNotActive
            | Refusal::TerminalActive
            | Refusal::TerminalDeleted
            | Refusal::SettingsConflict { .. }
            | Refusal::WrongActivationCode
            | Refusal::ActivationLocked
            | Refusal::AlreadyActivated
            | Refusal::ModelDiffers
            | Refusal::NotThisDevice
            | Refusal::UpdateEnded
            | Refusal::RolloutState
            | Refusal::RolloutRunning
            | Refusal::TooManyRollouts
            | Refusal::NobodyMeant => Problem::Internal,
        }
    }
}

impl From<SubmitError<Refusal>> for Problem {
    fn from(error: SubmitError<Refusal>) -> Problem {
        match error {
            SubmitError::Refused(refusal) => Problem::refused(refusal),
            SubmitError::Overloaded | SubmitError::NotDone => Problem::Unavailable,
            SubmitError::Unknown => Problem::OutcomeUnknown,
            SubmitError::Bug => Problem::Internal,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            // Of a read; so nothing is unknown.
            StoreError::NotCommitted | StoreError::Unknown => Problem::Unavailable,
        }
    }
}

impl From<CallerError> for Problem {
    fn from(error: CallerError) -> Problem {
        match error {
            CallerError::Missing | CallerError::Unknown | CallerError::Expired => {
                Problem::Unauthorized
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors: &[FieldError] = match &self {
            Problem::Invalid(errors) => errors,
            Problem::Malformed(_)
            | Problem::Unauthorized
            | Problem::Forbidden
            | Problem::NoSuchRoute
            | Problem::NoSuchList
            | Problem::MethodNotAllowed(_)
            | Problem::UnsupportedMediaType
            | Problem::BodyTooLarge
            | Problem::Unavailable
            | Problem::OutcomeUnknown
            | Problem::Internal => &[],
        };
        let body = serde_json::to_string(&Body { message: self.message(), errors });
        let body = body.unwrap_or_default();
        let mut response = (self.status(), [(CONTENT_TYPE, JSON)], body).into_response();
        let headers = response.headers_mut();
        match self {
            Problem::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("apikey"));
            }
            Problem::MethodNotAllowed(verb) => {
                let (name, value) = verb.allowed();
                headers.insert(name, value);
            }
            Problem::Unavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            Problem::Invalid(_)
            | Problem::Malformed(_)
            | Problem::Forbidden
            | Problem::NoSuchRoute
            | Problem::NoSuchList
            | Problem::UnsupportedMediaType
            | Problem::BodyTooLarge
            | Problem::OutcomeUnknown
            | Problem::Internal => {}
        }
        response
    }
}
