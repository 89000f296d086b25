//! Errors of this contract: the one place that knows their statuses, words and frame.

use std::collections::BTreeMap;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::limits::RETRY_AFTER_SECONDS;
use engine::{StoreError, SubmitError};
use payments::Refusal;
use serde::Serialize;
use serde_json::Value;

use super::frame::Frame;

/// The challenge that goes with every 401 (RFC 9110 §11.6.1).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");

/// An error, as its frame says it.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: ErrorBody,
    retry_after_seconds: Option<u32>,
}

/// What is wrong (AAPay, `error`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorBody {
    /// The contract's own spelling.
    componsite_fault: CompositeFault,
    message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct CompositeFault {
    faults: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fault {
    explanation_text: String,
    params: BTreeMap<&'static str, Value>,
}

impl Fault {
    /// About the whole request.
    pub(super) fn new(explanation: impl Into<String>) -> Fault {
        Fault { explanation_text: explanation.into(), params: BTreeMap::new() }
    }

    /// About a field, which is named by its path: `purchaseAmount.vatAmount`.
    pub(super) fn field(path: &str, demand: &str) -> Fault {
        Fault::new(format!("{path} {demand}")).with("field", path)
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Fault {
        self.params.insert(name, value.into());
        self
    }
}

impl ErrorBody {
    pub(super) fn new(message: impl Into<String>, faults: Vec<Fault>) -> ErrorBody {
        ErrorBody { componsite_fault: CompositeFault { faults }, message: message.into() }
    }

    /// Why a transaction was created and is over.
    pub(super) fn ended(state: &str, why: &str) -> ErrorBody {
        let fault = Fault::new(why).with("state", state);
        ErrorBody::new(format!("The transaction is {state}."), vec![fault])
    }
}

impl Problem {
    fn new(status: StatusCode, message: &str, faults: Vec<Fault>) -> Problem {
        Problem { status, error: ErrorBody::new(message, faults), retry_after_seconds: None }
    }

    /// 400 with everything that is wrong.
    pub(super) fn invalid(faults: Vec<Fault>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "The request is not valid.", faults)
    }

    /// 400: one field is wrong.
    pub(super) fn field(path: &str, demand: &str) -> Problem {
        Problem::invalid(vec![Fault::field(path, demand)])
    }

    /// 400: the body cannot be read at all.
    pub(super) fn malformed(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "The body cannot be read.", vec![Fault::new(why)])
    }

    /// 401: nobody who may do this. The same whatever is the reason.
    pub(super) fn not_allowed() -> Problem {
        let fault = Fault::new("check the credentials and the merchantId that is named");
        Problem::new(StatusCode::UNAUTHORIZED, "Operation not allowed.", vec![fault])
    }

    /// 404: no such transaction.
    pub(super) fn no_transaction() -> Problem {
        let fault = Fault::new("no transaction is called that");
        Problem::new(StatusCode::NOT_FOUND, "The transaction was not found.", vec![fault])
    }

    /// 404: no such agreement.
    pub(super) fn no_agreement() -> Problem {
        let fault = Fault::new("the merchant has no such agreement");
        Problem::new(StatusCode::NOT_FOUND, "The agreement was not found.", vec![fault])
    }

    /// 404: no such path.
    pub(super) fn no_route() -> Problem {
        let fault = Fault::new("nothing has this path");
        Problem::new(StatusCode::NOT_FOUND, "The resource was not found.", vec![fault])
    }

    /// 405.
    pub(super) fn no_method() -> Problem {
        let fault = Fault::new("the resource does not take this method");
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed.", vec![fault])
    }

    /// 413.
    pub(super) fn too_large() -> Problem {
        let fault = Fault::new("no request needs a body this large");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.", vec![fault])
    }

    /// 415.
    pub(super) fn media_type() -> Problem {
        let fault = Fault::new("Content-Type must be application/json");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Problem::new(status, "The media type is not supported.", vec![fault])
    }

    /// 500: a bug of ours.
    pub(super) fn bug() -> Problem {
        let message = "The server hit an error that it did not expect.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, message, Vec::new())
    }

    /// 503: not now, and perhaps done.
    fn unavailable(message: &str) -> Problem {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, message, Vec::new());
        Problem { retry_after_seconds: Some(RETRY_AFTER_SECONDS), ..problem }
    }

    /// Why something could not be read.
    pub(super) fn not_read(_: StoreError) -> Problem {
        Problem::unavailable("The store does not answer. Send the request again later.")
    }

    /// Why a command about payments was not done.
    pub(super) fn not_submitted(error: SubmitError<Refusal>) -> Problem {
        Problem::not_done(error, refused)
    }

    /// Why a merchant was not added.
    pub(super) fn not_added(error: SubmitError<estate::Refusal>) -> Problem {
        Problem::not_done(error, |refusal| not_added(&refusal))
    }

    fn not_done<R>(error: SubmitError<R>, refused: impl FnOnce(R) -> Problem) -> Problem {
        match error {
            SubmitError::Refused(refusal) => refused(refusal),
            SubmitError::Overloaded | SubmitError::NotDone => {
                Problem::unavailable("Nothing was done. Send the request again later.")
            }
            SubmitError::Unknown => Problem::unavailable(
                "It may have been done. Send the request again with the same Idempotency-Key.",
            ),
            SubmitError::Bug => Problem::bug(),
        }
    }
}

/// The word for each reason why payments are refused.
pub(super) fn refused(refusal: Refusal) -> Problem {
    let original = |demand| Problem::field("originalReference", demand);
    match refusal {
        Refusal::IdempotencyKeyReused => {
            Problem::field("Idempotency-Key", "stands for another request")
        }
        Refusal::MerchantNotFound => Problem::not_allowed(),
        Refusal::MerchantInactive => Problem::field("merchantId", "is of an inactive merchant"),
        Refusal::NoAgreement => Problem::field("method", "is none that the merchant has agreed"),
        Refusal::CurrencyNotSupported => {
            Problem::field("purchaseAmount.currencyCode", "is not taken by this method")
        }
        Refusal::ReferenceInUse => {
            Problem::field("terminalReference", "is that of a transaction that is not final")
        }
        // It was captured further over payments v3 meanwhile: what was meant is not known.
        Refusal::OriginalChanged => original("names a payment that has just changed: ask again"),
        Refusal::OriginalNotFound | Refusal::PaymentNotFound => Problem::no_transaction(),
        Refusal::OriginalNotPayment => original("does not name a payment"),
        Refusal::MethodDiffers => Problem::field("method", "is not that of the original"),
        Refusal::CurrencyDiffers => {
            Problem::field("purchaseAmount.currencyCode", "is not that of the original")
        }
        Refusal::OriginalNotPaid => original("names a payment that is not paid"),
        Refusal::OriginalReported => original("names a payment that is reported: refund it"),
        Refusal::OriginalEnded => original("names a payment that has ended without money"),
        Refusal::AlreadyGivenBack => original("names a payment that is given back"),
        Refusal::NotWhole => {
            Problem::field("purchaseAmount.totalAmount", "must be the whole amount of the original")
        }
        Refusal::MoreThanRemains { minor } => {
            let demand = format!("must be at most {minor}, which remains of the original");
            let fault = Fault::field("purchaseAmount.totalAmount", &demand);
            Problem::invalid(vec![fault.with("remainingAmount", minor)])
        }
        Refusal::AgreementDeleted => {
            let fault = Fault::new("the entry is marked for deletion");
            Problem::new(StatusCode::CONFLICT, "The agreement is deleted.", vec![fault])
        }
        Refusal::AgreementNotFound => Problem::no_agreement(),
        // None of the commands of this contract is refused for these.
        Refusal::NotReserved
        | Refusal::CaptureTooLarge { .. }
        | Refusal::TooManyCaptures
        | Refusal::Duplicate
        | Refusal::CheckoutNotFound
        | Refusal::CheckoutExpired
        | Refusal::CheckoutBusy
        | Refusal::RegistrationNotFound
        | Refusal::RegistrationDeleted
        | Refusal::EndpointNotFound
        | Refusal::TooManyEndpoints
        | Refusal::EndpointTwice
        | Refusal::EndpointHasNoUrl
        | Refusal::EndpointDisabled
        | Refusal::NotificationNotFound => Problem::bug(),
    }
}

fn not_added(refusal: &estate::Refusal) -> Problem {
    use estate::Refusal;
    match refusal {
        Refusal::CustomerNotFound => Problem::not_allowed(),
        Refusal::IdentityTaken(_) => Problem::field("merchantId", "is in use"),
        Refusal::CompanyNotConfigured => {
            Problem::invalid(vec![Fault::new("no company is configured for new merchants")])
        }
        // The command of this contract is not refused for these.
        Refusal::RequestNotFound
        | Refusal::TerminalNotFound
        | Refusal::PackageNotFound
        | Refusal::UpdateNotFound
        | Refusal::RolloutNotFound
        | Refusal::IdempotencyKeyReused
        | Refusal::AlreadyDecided
        | Refusal::AlreadyClaimed
        | Refusal::SubmittedBySame
        | Refusal::CustomerNotRejected
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
        let mut response = (self.status, Frame::refused(self.error).text()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}
