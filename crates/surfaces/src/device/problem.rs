//! Errors of this surface: the one place here that knows which HTTP status a refusal is.

use axum::http::StatusCode;
use engine::SubmitError;
use estate::Refusal;

use crate::http::problem::Problem;

/// Why a command was not done.
pub(super) fn not_submitted(error: SubmitError<Refusal>) -> Problem {
    Problem::not_done(error, |refusal| refused(&refusal))
}

/// Why what a terminal says of its day was not kept.
pub(super) fn not_totalled(error: SubmitError<clearing::Refusal>) -> Problem {
    use clearing::Refusal;

    Problem::not_done(error, |refusal| match refusal {
        Refusal::NotThisDevice => not_this_device(),
        Refusal::NoMerchant => {
            let title = "The terminal's merchant cannot be booked for";
            Problem::new(StatusCode::FORBIDDEN, "merchant-not-ready", title, refusal.to_string())
        }
        Refusal::TotalsTold => {
            let title = "Other totals were told before";
            Problem::new(StatusCode::CONFLICT, "totals-differ", title, refusal.to_string())
        }
        Refusal::IdempotencyKeyReused => Problem::key_reused(),
        // None of these is about totals.
        Refusal::FileNotFound
        | Refusal::FileKnown { .. }
        | Refusal::FileIncomplete
        | Refusal::ExceptionNotFound
        | Refusal::ExceptionResolved
        | Refusal::NotesFull
        | Refusal::NothingToPost
        | Refusal::NothingToCorrect
        | Refusal::ReconciliationNotFound
        | Refusal::Ledger(_)
        | Refusal::CompanyNotFound
        | Refusal::SellerNotFound
        | Refusal::DayNotEnded
        | Refusal::NotSummedUp
        | Refusal::ExecutionDatePast
        | Refusal::NoDebtorAccount
        | Refusal::NothingToPay { .. }
        | Refusal::PaymentFileNotWritable
        | Refusal::SumOutOfRange
        | Refusal::SettlementNotFound
        | Refusal::NothingPaidOut
        | Refusal::PayoutReturned
        | Refusal::NotPaidOut(_) => Problem::bug(),
    })
}

/// A token that is not, or no longer, that of a terminal's device.
pub(super) fn not_this_device() -> Problem {
    Problem::unauthenticated("the device's token is not good")
}

/// A package that is not there, or that the device shall not have.
pub(super) fn no_package() -> Problem {
    Problem::not_found("no package with this id is ordered for this terminal")
}

/// An update that is not there, or is another terminal's.
pub(super) fn no_update() -> Problem {
    Problem::not_found("no update with this id is ordered for this terminal")
}

/// A wrong code, or a terminal that is not there: nobody shall learn which.
pub(super) fn wrong_code() -> Problem {
    Problem::unauthenticated("no terminal can be activated with this code")
}

fn refused(refusal: &Refusal) -> Problem {
    let conflict =
        |code, title| Problem::new(StatusCode::CONFLICT, code, title, refusal.to_string());
    let forbidden =
        |code, title| Problem::new(StatusCode::FORBIDDEN, code, title, refusal.to_string());
    match refusal {
        Refusal::NotThisDevice => not_this_device(),
        Refusal::WrongActivationCode => wrong_code(),
        Refusal::ActivationLocked => {
            let title = "The activation is locked";
            let detail = "too many wrong codes were tried; an operator can give out a new one";
            Problem::new(StatusCode::LOCKED, "activation-locked", title, detail)
        }
        Refusal::AlreadyActivated => {
            conflict("already-activated", "A device is this terminal already")
        }
        Refusal::ModelDiffers => conflict("model-differs", "The device is of another model"),
        Refusal::SerialTaken => conflict("serial-number-taken", "Another terminal is this device"),
        Refusal::UpdateNotFound => no_update(),
        Refusal::PackageNotFound => no_package(),
        Refusal::UpdateEnded => conflict("update-ended", "The update has ended"),
        Refusal::TerminalNotActive => {
            forbidden("terminal-not-active", "The terminal must not do that now")
        }
        Refusal::CannotHaveTerminals | Refusal::CompanyNotConfigured => {
            forbidden("merchant-not-ready", "The terminal's merchant cannot be booked for")
        }
        Refusal::IdempotencyKeyReused => Problem::key_reused(),
        Refusal::TerminalNotFound
        | Refusal::CustomerNotFound
        | Refusal::RequestNotFound
        | Refusal::RolloutNotFound => Problem::not_found("there is no such thing"),
        Refusal::AlreadyDecided
        | Refusal::AlreadyClaimed
        | Refusal::SubmittedBySame
        | Refusal::CustomerNotRejected
        | Refusal::IdentityTaken(_)
        | Refusal::TerminalActive
        | Refusal::TerminalDeleted
        | Refusal::SettingsConflict { .. }
        | Refusal::PackageDoesNotSuit { .. }
        | Refusal::SerialNotFound { .. }
        | Refusal::TooManyUpdates
        | Refusal::RolloutState
        | Refusal::RolloutRunning
        | Refusal::TooManyRollouts
        | Refusal::NobodyMeant => conflict("state-conflict", "The present state does not allow it"),
    }
}
