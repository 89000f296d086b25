//! What a caller gets that gets nothing else: the contract's frame with a result code, and the only
//! place of this contract that knows HTTP statuses beside those of result codes.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::{StoreError, SubmitError};
use ledger::Timestamp;
use payments::{Refusal, ResultCode};

use super::form::FormError;
use super::frame::Frame;
use super::parameters::{BadParameter, BadParameters};
use super::sent;
use super::status::{NO_CREDENTIALS, status_of};
use crate::Platform;

/// What a caller gets. It becomes a body in [`render`], which knows the time.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: ResultCode,
    /// What goes on, where that is not what the code means.
    detail: Option<&'static str>,
    bad: Vec<BadParameter>,
}

impl Problem {
    /// A result code with the status that goes with it.
    pub(super) fn of(code: ResultCode) -> Problem {
        Problem { status: status_of(code), code, detail: None, bad: Vec::new() }
    }

    /// The `Authorization` header is missing or malformed.
    pub(super) fn no_credentials() -> Problem {
        Problem::of(ResultCode::NOT_AUTHENTICATED).with_status(NO_CREDENTIALS)
    }

    /// One bad parameter.
    pub(super) fn parameter(name: &str, message: &str, code: ResultCode) -> Problem {
        let bad =
            BadParameter { name: name.to_owned(), value: None, message: message.to_owned(), code };
        Problem { bad: vec![bad], ..Problem::of(code) }
    }

    /// A bug of ours.
    pub(super) fn bug() -> Problem {
        Problem::of(ResultCode::PLATFORM_ERROR)
    }

    /// The store cannot be read now.
    pub(super) fn not_read(_: StoreError) -> Problem {
        Problem::unavailable("The request was not carried out. Send it again.")
    }

    /// Why a command was not carried out.
    pub(super) fn not_submitted(error: SubmitError<Refusal>) -> Problem {
        match error {
            SubmitError::Refused(refusal) => Problem::refused(refusal),
            SubmitError::Overloaded | SubmitError::NotDone => {
                Problem::unavailable("The request was not carried out. Send it again.")
            }
            SubmitError::Unknown => Problem::unavailable(
                "It may have been done. Send the request again with the same Idempotency-Key.",
            ),
            SubmitError::Bug => Problem::bug(),
        }
    }

    /// The word for each reason why payments are refused.
    pub(super) fn refused(refusal: Refusal) -> Problem {
        let code = match refusal {
            Refusal::IdempotencyKeyReused => {
                let problem = Problem::of(ResultCode::DUPLICATE_ENTITY);
                let detail = "The Idempotency-Key stands for another request.";
                let problem = problem.with_status(StatusCode::UNPROCESSABLE_ENTITY);
                return Problem { detail: Some(detail), ..problem };
            }
            Refusal::MerchantNotFound => ResultCode::NO_RIGHTS,
            Refusal::MerchantInactive => ResultCode::CHANNEL_DISABLED,
            Refusal::NoAgreement => ResultCode::BRAND_NOT_SET_UP,
            Refusal::CurrencyNotSupported => ResultCode::CURRENCY_NOT_SET_UP,
            Refusal::ReferenceInUse | Refusal::Duplicate => ResultCode::DUPLICATE,
            Refusal::CheckoutNotFound
            | Refusal::PaymentNotFound
            | Refusal::OriginalNotFound
            | Refusal::RegistrationNotFound => ResultCode::NOT_FOUND,
            Refusal::CheckoutExpired => ResultCode::BAD_PARAMETER,
            Refusal::CheckoutBusy => ResultCode::ALREADY_PROCESSING,
            Refusal::CurrencyDiffers => ResultCode::REFERENCE_CURRENCY_DIFFERS,
            Refusal::OriginalNotPaid => ResultCode::REFUND_NEEDS_DEBIT,
            Refusal::OriginalNotPayment | Refusal::MethodDiffers => {
                ResultCode::REVERSAL_NEEDS_PAYMENT
            }
            Refusal::OriginalEnded | Refusal::AlreadyGivenBack | Refusal::NotWhole => {
                ResultCode::CANNOT_REVERSE
            }
            Refusal::OriginalReported => ResultCode::REVERSAL_TOO_LATE,
            Refusal::MoreThanRemains { .. } => ResultCode::CANNOT_REFUND,
            Refusal::CaptureTooLarge { .. } => ResultCode::CANNOT_CAPTURE,
            Refusal::NotReserved => ResultCode::CAPTURE_NEEDS_PA,
            Refusal::TooManyCaptures => ResultCode::TOO_MANY_TRANSACTIONS,
            Refusal::RegistrationDeleted => ResultCode::DEREGISTERED,
            // Somebody else has captured meanwhile, several times: the caller looks and asks again.
            Refusal::OriginalChanged => {
                let problem = Problem::of(ResultCode::CANNOT_CAPTURE);
                return problem.with_status(StatusCode::CONFLICT);
            }
            // No command of this contract is refused for these.
            Refusal::AgreementDeleted
            | Refusal::AgreementNotFound
            | Refusal::EndpointNotFound
            | Refusal::TooManyEndpoints
            | Refusal::EndpointTwice
            | Refusal::EndpointHasNoUrl
            | Refusal::EndpointDisabled
            | Refusal::NotificationNotFound => ResultCode::PLATFORM_ERROR,
        };
        Problem::of(code)
    }

    fn unavailable(detail: &'static str) -> Problem {
        let problem = Problem::of(ResultCode::UNAVAILABLE);
        Problem { detail: Some(detail), ..problem.with_status(StatusCode::SERVICE_UNAVAILABLE) }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Problem {
        Problem { status, ..self }
    }

    /// Its result code, and what goes on. Nothing of it is the caller's own.
    pub(super) fn told(&self) -> (&str, &str) {
        (self.code.as_str(), self.detail.unwrap_or(self.code.description()))
    }

    fn body(&self, now: Timestamp, ndc: &str) -> Frame {
        let (code, description) = self.told();
        let mut frame = Frame::default();
        frame.set("result.code", code);
        frame.set("result.description", description);
        for (at, bad) in self.bad.iter().enumerate() {
            let name = |field: &str| format!("result.parameterErrors[{at}].{field}");
            frame.set(&name("name"), &bad.name);
            if let Some(value) = &bad.value {
                frame.set(&name("value"), value);
            }
            frame.set(&name("message"), &bad.message);
        }
        frame.end(now, ndc)
    }
}

impl From<BadParameters> for Problem {
    fn from(bad: BadParameters) -> Problem {
        Problem { bad: bad.all().to_vec(), ..Problem::of(bad.code()) }
    }
}

impl From<FormError> for Problem {
    fn from(error: FormError) -> Problem {
        match error {
            FormError::Unsupported => Problem {
                detail: Some("The body must be application/x-www-form-urlencoded in UTF-8."),
                ..Problem::of(ResultCode::BAD_PARAMETER)
                    .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            },
            FormError::TooMany => Problem {
                detail: Some("The request has too many parameters."),
                ..Problem::of(ResultCode::BAD_PARAMETER)
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Extension(self)).into_response()
    }
}

/// The layer around every route: gives problems their bodies.
pub(super) async fn render(
    State(platform): State<Platform>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let id = platform.uuid().replace('-', "");
    let body = problem.body(platform.now(), &format!("{}_{id}", "0".repeat(32)));
    let mut named = sent(problem.status, body.text());
    if problem.status == StatusCode::SERVICE_UNAVAILABLE || problem.status == StatusCode::CONFLICT {
        named.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    // RFC 9110 §11.6.1 wants a challenge with every 401.
    if problem.status == StatusCode::UNAUTHORIZED {
        named.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    named
}
