//! Errors of this contract: the one place that knows their statuses, codes and body.

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, extract::FromRequest, extract::Request};
use engine::limits::RETRY_AFTER_SECONDS;
use engine::{StoreError, SubmitError};
use estate::Refusal;
use estate::settings::Conflict;
use serde::Serialize;

use crate::http::terminal_configuration::{Fault, FaultCode};
use crate::http::throttle::Wait;

/// The field of a request that carries a terminal's settings.
pub(super) const CONFIGURATION: &str = "terminal_configuration";

/// An error, as its body says it.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    details: Vec<Detail>,
    retry_after_seconds: Option<u32>,
}

/// One cause of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Detail {
    message: String,
    reason_code: Reason,
    target: Vec<String>,
    target_type: Target,
}

/// The part of a request that a cause is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(clippy::enum_variant_names, reason = "the contract's own words")]
pub(super) enum Target {
    HttpRequestBody,
    HttpRequestPath,
    HttpRequestQueryString,
    HttpRequestHeader,
}

/// What a cause is. Where the contract does not name one, the word is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Reason {
    ParamIsMissing,
    ParamHasInvalidType,
    ParamHasInvalidValue,
    ParamCannotBeModified,
    BodyIsMalformed,
    BodyIsTooLarge,
    MediaTypeIsNotSupported,
    MethodIsNotAllowed,
    DuplicateResource,
    TerminalNotActive,
    TerminalIsActive,
    UniqueKeyReused,
    NotAuthorized,
    ResourceNotFound,
    AccountCannotCreateTerminals,
    ApplicationRequestThrottleExceeded,
    AccountRequestThrottleExceeded,
}

/// For whom calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The application that calls.
    Application,
    /// The account that a call names.
    Account,
}

#[derive(Serialize)]
struct Body<'a> {
    error_code: &'static str,
    error_message: &'static str,
    details: &'a [Detail],
}

impl Detail {
    pub(super) fn new(
        target_type: Target,
        target: &[&str],
        reason_code: Reason,
        message: impl Into<String>,
    ) -> Detail {
        let target = target.iter().map(|part| (*part).to_owned()).collect();
        Detail { message: message.into(), reason_code, target, target_type }
    }

    /// About a field of the body.
    pub(super) fn field(name: &str, reason: Reason, message: &str) -> Detail {
        Detail::new(Target::HttpRequestBody, &[name], reason, format!("{name} {message}"))
    }

    /// About a parameter of the query.
    pub(super) fn query(name: &str, message: &str) -> Detail {
        let (target, reason) = (Target::HttpRequestQueryString, Reason::ParamHasInvalidValue);
        Detail::new(target, &[name], reason, format!("{name} {message}"))
    }

    /// About a header.
    pub(super) fn header(name: &str, reason: Reason, message: &str) -> Detail {
        Detail::new(Target::HttpRequestHeader, &[name], reason, format!("{name} {message}"))
    }

    /// About a setting of the configuration.
    pub(super) fn setting(fault: Fault) -> Detail {
        let reason = match fault.code {
            FaultCode::Missing => Reason::ParamIsMissing,
            FaultCode::WrongType => Reason::ParamHasInvalidType,
            FaultCode::WrongValue => Reason::ParamHasInvalidValue,
        };
        let name = fault.path.last().map_or(CONFIGURATION, String::as_str);
        let message = format!("{name} {}", fault.message);
        let target = std::iter::once(CONFIGURATION.to_owned()).chain(fault.path).collect();
        Detail { message, reason_code: reason, target, target_type: Target::HttpRequestBody }
    }

    /// About a setting that does not go with the others.
    pub(super) fn conflict((setting, reason): Conflict) -> Detail {
        let path = setting.split('.').map(str::to_owned).collect();
        let message = reason.to_owned();
        Detail::setting(Fault { path, code: FaultCode::WrongValue, message })
    }
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: &'static str) -> Problem {
        Problem { status, code, message, details: Vec::new(), retry_after_seconds: None }
    }

    /// 400 with everything that is wrong.
    pub(super) fn invalid(details: Vec<Detail>) -> Problem {
        let status = StatusCode::BAD_REQUEST;
        let message = "The request is not valid. See the details.";
        Problem { details, ..Problem::new(status, "INVALID_PARAMS", message) }
    }

    fn invalid_one(detail: Detail) -> Problem {
        Problem::invalid(vec![detail])
    }

    /// 403: nobody who may do this. The same whatever is the reason.
    pub(super) fn not_authorized() -> Problem {
        let message = "The application is not authorized for this.";
        let (target, reason) = (Target::HttpRequestHeader, Reason::NotAuthorized);
        let detail = "check App-Id, App-Token and the account that is named";
        let details = vec![Detail::new(target, &["App-Id", "App-Token"], reason, detail)];
        Problem { details, ..Problem::new(StatusCode::FORBIDDEN, "NOT_AUTHORIZED", message) }
    }

    /// 404: no such terminal, or no such path.
    pub(super) fn not_found() -> Problem {
        let (target, reason) = (Target::HttpRequestPath, Reason::ResourceNotFound);
        let details = vec![Detail::new(target, &[], reason, "nothing has this path")];
        let message = "The resource was not found.";
        Problem { details, ..Problem::new(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND", message) }
    }

    /// 405.
    pub(super) fn no_method() -> Problem {
        let (target, reason) = (Target::HttpRequestPath, Reason::MethodIsNotAllowed);
        let detail = Detail::new(target, &[], reason, "the resource does not take this method");
        Problem { status: StatusCode::METHOD_NOT_ALLOWED, ..Problem::invalid_one(detail) }
    }

    /// 400: the body cannot be read at all.
    pub(super) fn malformed(message: impl Into<String>) -> Problem {
        let (target, reason) = (Target::HttpRequestBody, Reason::BodyIsMalformed);
        Problem::invalid_one(Detail::new(target, &[], reason, message))
    }

    /// 400: the body is of a media type that this contract does not have.
    pub(super) fn media_type() -> Problem {
        let reason = Reason::MediaTypeIsNotSupported;
        Problem::invalid_one(Detail::header("Content-Type", reason, "must be application/json"))
    }

    /// 429.
    pub(super) fn throttled(level: Level, wait: Wait) -> Problem {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let message = "There were too many requests. Wait a while before the next one.";
        let (reason, detail) = match level {
            Level::Application => (
                Reason::ApplicationRequestThrottleExceeded,
                "too many requests of this application",
            ),
            Level::Account => {
                (Reason::AccountRequestThrottleExceeded, "too many requests for this account")
            }
        };
        let target = Target::HttpRequestPath;
        Problem {
            details: vec![Detail::new(target, &[], reason, detail)],
            retry_after_seconds: Some(wait.seconds),
            ..Problem::new(status, "THROTTLE_EXCEEDED", message)
        }
    }

    /// 500: a bug of ours.
    pub(super) fn bug() -> Problem {
        let message = "The server hit an error that it did not expect.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "UNEXPECTED_ERROR", message)
    }

    /// 503: not now, and perhaps done.
    fn unavailable(message: &'static str) -> Problem {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNEXPECTED_ERROR", message);
        Problem { retry_after_seconds: Some(RETRY_AFTER_SECONDS), ..problem }
    }

    /// Why something could not be read.
    pub(super) fn not_read(_: StoreError) -> Problem {
        Problem::unavailable("The store does not answer. Send the request again later.")
    }

    /// Why a command was not done.
    pub(super) fn not_submitted(error: SubmitError<Refusal>) -> Problem {
        match error {
            SubmitError::Refused(refusal) => refused(&refusal),
            SubmitError::Overloaded | SubmitError::NotDone => {
                Problem::unavailable("Nothing was done. Send the request again later.")
            }
            SubmitError::Unknown => Problem::unavailable(
                "It may have been done. Send the request again with the same Unique-Key.",
            ),
            SubmitError::Bug => Problem::bug(),
        }
    }
}

fn refused(refusal: &Refusal) -> Problem {
    use Reason::{DuplicateResource, TerminalIsActive, TerminalNotActive, UniqueKeyReused};
    let state = |reason, message| {
        Problem::invalid_one(Detail::new(Target::HttpRequestPath, &[], reason, message))
    };
    match refusal {
        Refusal::CustomerNotFound => Problem::not_authorized(),
        Refusal::CannotHaveTerminals => {
            let message = "This account cannot have terminals.";
            let (code, reason) =
                ("ACCOUNT_CANNOT_CREATE_TERMINALS", Reason::AccountCannotCreateTerminals);
            let detail = Detail::field("account_id", reason, "is not approved for terminals");
            let problem = Problem::new(StatusCode::BAD_REQUEST, code, message);
            Problem { details: vec![detail], ..problem }
        }
        Refusal::TerminalNotFound => Problem::not_found(),
        Refusal::TerminalNotActive => state(TerminalNotActive, "the terminal is inactive"),
        Refusal::TerminalDeleted => state(TerminalNotActive, "the terminal is deleted"),
        Refusal::TerminalActive => state(TerminalIsActive, "the terminal is active"),
        Refusal::SerialTaken => {
            let message = "is that of another terminal of this model";
            Problem::invalid_one(Detail::field("serial_number", DuplicateResource, message))
        }
        Refusal::SettingsConflict { setting, reason } => {
            Problem::invalid_one(Detail::conflict((setting, reason)))
        }
        Refusal::IdempotencyKeyReused => {
            let message = "stands for another request";
            Problem::invalid_one(Detail::header("Unique-Key", UniqueKeyReused, message))
        }
        // None of the commands of this contract is refused for these.
        Refusal::RequestNotFound
        | Refusal::PackageNotFound
        | Refusal::UpdateNotFound
        | Refusal::RolloutNotFound
        | Refusal::CompanyNotConfigured
        | Refusal::AlreadyDecided
        | Refusal::AlreadyClaimed
        | Refusal::SubmittedBySame
        | Refusal::CustomerNotRejected
        | Refusal::IdentityTaken(_)
        | Refusal::WrongActivationCode
        | Refusal::ActivationLocked
        | Refusal::AlreadyActivated
        | Refusal::ModelDiffers
        | Refusal::NotThisDevice
        | Refusal::PackageDoesNotSuit { .. }
        | Refusal::SerialNotFound { .. }
        | Refusal::TooManyUpdates
        | Refusal::UpdateEnded
        | Refusal::RolloutState
        | Refusal::RolloutRunning
        | Refusal::TooManyRollouts
        | Refusal::NobodyMeant => Problem::bug(),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body =
            Body { error_code: self.code, error_message: self.message, details: &self.details };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The bytes of a body.
///
/// # Errors
/// 413 where there are too many; 400 where they ended early.
pub(super) async fn bytes(request: Request) -> Result<Bytes, Problem> {
    Bytes::from_request(request, &()).await.map_err(|error| {
        if error.status() != StatusCode::PAYLOAD_TOO_LARGE {
            return Problem::malformed("the body ended early");
        }
        let (target, reason) = (Target::HttpRequestBody, Reason::BodyIsTooLarge);
        let detail = Detail::new(target, &[], reason, "no request needs a body this large");
        Problem { status: StatusCode::PAYLOAD_TOO_LARGE, ..Problem::invalid_one(detail) }
    })
}
