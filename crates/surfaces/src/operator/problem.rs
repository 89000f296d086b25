//! Errors of this surface: the one place here that knows which HTTP status a refusal is.

use axum::http::StatusCode;
use engine::SubmitError;
use engine::limits::RETRY_AFTER_SECONDS;
use ledger::books::Done;
use ledger::money::format_minor;
use ledger::{Answer, Change, Currency, Refusal};

use crate::http::problem::Problem;
use crate::http::uploads::UploadError;

/// Why a command of the ledger was not done.
pub(super) fn not_submitted(error: SubmitError) -> Problem {
    Problem::not_done(error, refused)
}

/// Why a command of the estate was not done.
pub(super) fn not_decided(error: SubmitError<estate::Refusal>) -> Problem {
    Problem::not_done(error, |refusal| not_granted(&refusal))
}

/// Why a command of payments over PSPs was not done.
pub(super) fn not_paid(error: SubmitError<payments::Refusal>) -> Problem {
    Problem::not_done(error, |refusal| not_allowed(&refusal))
}

/// As [`not_paid`], of a capture in a currency.
pub(super) fn not_captured(error: SubmitError<payments::Refusal>, currency: Currency) -> Problem {
    if let SubmitError::Refused(payments::Refusal::CaptureTooLarge { minor }) = error {
        let reserved = format_minor(minor, currency);
        let detail = format!("{reserved} {} is reserved, and no more", currency.code());
        return conflict("capture-too-large", detail);
    }
    not_paid(error)
}

/// A customer that takes no payments at all.
pub(super) fn not_a_merchant() -> Problem {
    conflict("not-a-merchant", "the customer is not approved as a merchant".to_owned())
}

/// The change that a command came to, and whether it had been made before. `None` where there was
/// nothing to change.
pub(super) fn changed(answer: Answer) -> Result<Option<(Change, bool)>, Problem> {
    match answer.done {
        Done::Changed(change) => Ok(Some((change, answer.replayed))),
        Done::Nothing => Ok(None),
        Done::Authorized { .. }
        | Done::Posted { .. }
        | Done::Corrected { .. }
        | Done::Cancelled { .. }
        | Done::Expired(_) => Err(Problem::bug()),
    }
}

/// The change that adds something.
pub(super) fn added(answer: Answer) -> Result<(Change, bool), Problem> {
    changed(answer)?.ok_or_else(Problem::bug)
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::CompanyNotConfigured => Problem::not_found("no company has this number"),
        Refusal::SellerNotRegistered => Problem::not_found("no seller has this number"),
        Refusal::CardNotFound => Problem::not_found("no card has this token"),
        Refusal::AccountNotFound => Problem::not_found("no account has this number"),
        Refusal::AuthorizationNotFound => Problem::not_found("no authorization has this id"),
        Refusal::TransactionNotFound(_) => Problem::not_found("no transaction has this id"),
        Refusal::SettlementNotFound => Problem::not_found("no settlement has this id"),
        Refusal::NotFound => Problem::not_found("no such thing"),
        Refusal::Amount(error) => Problem::field("/credit_limit", error.to_string()),
        Refusal::WithdrawalAmount(error) => Problem::field("/withdrawal_amount", error.to_string()),
        Refusal::ValidTo => Problem::field("/valid_to", "is out of range"),
        Refusal::CurrencyNotSupported => {
            Problem::field("/currency", "must be a currency of the company")
        }
        Refusal::IdempotencyKeyReused => Problem::key_reused(),
        Refusal::NameTaken => {
            let (title, detail) = ("It exists already", "another one has this number or name");
            Problem::new(StatusCode::CONFLICT, "already-exists", title, detail)
        }
        Refusal::StateConflict
        | Refusal::CompanyIncomplete
        | Refusal::Declined { .. }
        | Refusal::DuplicateAuthorization
        | Refusal::DuplicateTransaction(_)
        | Refusal::DuplicateCorrection
        | Refusal::DuplicateSettlement
        | Refusal::SettlementReturned
        | Refusal::AuthorizationTypeMismatch
        | Refusal::AuthorizationCancelled
        | Refusal::AuthorizationUsedUp
        | Refusal::AuthorizationExpired
        | Refusal::InsufficientDebitedAmount { .. }
        | Refusal::BalanceOutOfRange => conflict("state-conflict", refusal.to_string()),
    }
}

/// Why the estate says no.
pub(super) fn not_granted(refusal: &estate::Refusal) -> Problem {
    use estate::Refusal;

    match refusal {
        Refusal::CustomerNotFound => Problem::not_found("no customer has this id"),
        Refusal::RequestNotFound => Problem::not_found("no onboarding request has this id"),
        Refusal::TerminalNotFound => Problem::not_found("no terminal has this id"),
        Refusal::PackageNotFound => Problem::not_found("no package of the customer has this id"),
        Refusal::UpdateNotFound => Problem::not_found("no update has this id"),
        Refusal::RolloutNotFound => Problem::not_found("no rollout has this id"),
        Refusal::SerialNotFound { .. } => {
            Problem::not_found("no terminal of the customer has this serial number")
        }
        Refusal::IdempotencyKeyReused => Problem::key_reused(),
        Refusal::SettingsConflict { setting, reason } => {
            Problem::field(format!("/{}", setting.replace('.', "/")), *reason)
        }
        Refusal::CompanyNotConfigured => {
            let detail =
                "must be a company that is there; say which, since none follows from the tree";
            Problem::field("/company_number", detail)
        }
        Refusal::SubmittedBySame => {
            let title = "The caller must not do it";
            let status = StatusCode::FORBIDDEN;
            Problem::new(status, "submitted-by-same", title, refusal.to_string())
        }
        Refusal::AlreadyDecided => conflict("already-decided", refusal.to_string()),
        Refusal::AlreadyClaimed => conflict("already-claimed", refusal.to_string()),
        Refusal::IdentityTaken(_) | Refusal::SerialTaken => {
            let title = "It exists already";
            Problem::new(StatusCode::CONFLICT, "already-exists", title, refusal.to_string())
        }
        Refusal::CustomerNotRejected
        | Refusal::CannotHaveTerminals
        | Refusal::TerminalNotActive
        | Refusal::TerminalActive
        | Refusal::TerminalDeleted
        | Refusal::WrongActivationCode
        | Refusal::ActivationLocked
        | Refusal::AlreadyActivated
        | Refusal::ModelDiffers
        | Refusal::NotThisDevice
        | Refusal::PackageDoesNotSuit { .. }
        | Refusal::TooManyUpdates
        | Refusal::UpdateEnded
        | Refusal::RolloutState
        | Refusal::RolloutRunning
        | Refusal::TooManyRollouts
        | Refusal::NobodyMeant => conflict("state-conflict", refusal.to_string()),
    }
}

/// Why payments over PSPs say no.
pub(super) fn not_allowed(refusal: &payments::Refusal) -> Problem {
    use payments::Refusal;

    match refusal {
        Refusal::PaymentNotFound => Problem::not_found("no payment has this id"),
        Refusal::MerchantNotFound => Problem::not_found("no customer has this id"),
        Refusal::AgreementNotFound => {
            Problem::not_found("the merchant has no such agreement with the PSP")
        }
        Refusal::OriginalNotFound => Problem::not_found("no original has this id"),
        Refusal::EndpointNotFound => Problem::not_found("the customer has no such endpoint"),
        Refusal::NotificationNotFound => Problem::not_found("no notification has this id"),
        Refusal::EndpointHasNoUrl => {
            Problem::field("/url", "must be absent: the endpoint has no address of its own")
        }
        Refusal::EndpointTwice => {
            let (title, detail) = ("It exists already", refusal.to_string());
            Problem::new(StatusCode::CONFLICT, "already-exists", title, detail)
        }
        Refusal::TooManyEndpoints => conflict("too-many-endpoints", refusal.to_string()),
        Refusal::EndpointDisabled => conflict("endpoint-disabled", refusal.to_string()),
        Refusal::IdempotencyKeyReused => Problem::key_reused(),
        Refusal::NotReserved => conflict("not-reserved", refusal.to_string()),
        Refusal::CaptureTooLarge { .. } => conflict("capture-too-large", refusal.to_string()),
        Refusal::MerchantInactive
        | Refusal::NoAgreement
        | Refusal::CurrencyNotSupported
        | Refusal::ReferenceInUse
        | Refusal::OriginalNotPayment
        | Refusal::MethodDiffers
        | Refusal::CurrencyDiffers
        | Refusal::OriginalNotPaid
        | Refusal::OriginalReported
        | Refusal::OriginalEnded
        | Refusal::AlreadyGivenBack
        | Refusal::NotWhole
        | Refusal::MoreThanRemains { .. }
        | Refusal::AgreementDeleted
        | Refusal::OriginalChanged
        | Refusal::TooManyCaptures
        | Refusal::Duplicate
        | Refusal::CheckoutNotFound
        | Refusal::CheckoutExpired
        | Refusal::CheckoutBusy
        | Refusal::RegistrationNotFound
        | Refusal::RegistrationDeleted => conflict("state-conflict", refusal.to_string()),
    }
}

fn conflict(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, "The present state does not allow it", detail)
}

/// Why a file could not be taken in.
pub(super) fn not_received(error: UploadError) -> Problem {
    match error {
        UploadError::TooLong => too_large("the file is longer than one may be"),
        UploadError::Busy => {
            let detail = "other files are being sent; nothing was done";
            Problem::unavailable("overloaded", detail, RETRY_AFTER_SECONDS)
        }
        UploadError::NoRoom => {
            tracing::error!("there is no room for a file");
            let detail = "there is no room for the file; nothing of it is kept";
            Problem::unavailable("storage-full", detail, RETRY_AFTER_SECONDS)
        }
        UploadError::Disk(error) => {
            tracing::error!(%error, "a file could not be written or read");
            let detail = "the file could not be taken in; nothing of it is kept";
            Problem::unavailable("not-done", detail, RETRY_AFTER_SECONDS)
        }
    }
}

/// Why a part of a request is too much to be read.
pub(super) fn too_large(detail: &'static str) -> Problem {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new(status, "payload-too-large", "The body is too large", detail)
}
