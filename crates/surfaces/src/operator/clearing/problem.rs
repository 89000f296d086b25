//! Errors of this part: the one place here that knows which HTTP status a refusal is.

use std::fmt::Display;

use axum::http::StatusCode;
use clearing::Refusal;
use engine::SubmitError;
use engine::imports::NotChecked;
use engine::reconcile::NotReconciled;
use formats::report::ReportError;
use formats::rkha21::RowError;

use crate::http::problem::{Problem, RowFault};
use crate::operator::problem::not_received;

/// Why a command of clearing and settlement was not done.
pub(super) fn not_cleared(error: SubmitError<Refusal>) -> Problem {
    Problem::not_done(error, |refusal| refused(&refusal))
}

/// Why clearing and settlement say no.
pub(super) fn refused(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::IdempotencyKeyReused => Problem::key_reused(),
        Refusal::FileNotFound => Problem::not_found("no acquirer file has this id"),
        Refusal::FileKnown { file } => {
            let title = "The file was applied before";
            let detail = format!("{refusal}: it is /acquirer-files/{file}");
            Problem::new(StatusCode::CONFLICT, "file-known", title, detail)
        }
        Refusal::FileIncomplete => conflict("file-incomplete", refusal.to_string()),
        Refusal::ExceptionNotFound => Problem::not_found("no exception has this id"),
        Refusal::ReconciliationNotFound => Problem::not_found("no reconciliation has this id"),
        Refusal::ExceptionResolved => conflict("exception-resolved", refusal.to_string()),
        Refusal::NotesFull => conflict("notes-full", refusal.to_string()),
        Refusal::NothingToPost => conflict("nothing-to-post", refusal.to_string()),
        Refusal::NothingToCorrect => conflict("nothing-to-correct", refusal.to_string()),
        // What terminals say is their own contract's.
        Refusal::NotThisDevice | Refusal::NoMerchant | Refusal::TotalsTold => Problem::bug(),
        Refusal::Ledger(_) => conflict("ledger-refuses", refusal.to_string()),
        Refusal::CompanyNotFound => Problem::not_found("no company has this number"),
        Refusal::SellerNotFound => Problem::not_found("no seller of the company has this number"),
        Refusal::DayNotEnded => conflict("day-not-ended", refusal.to_string()),
        Refusal::NotSummedUp => conflict("not-summed-up", refusal.to_string()),
        Refusal::ExecutionDatePast => {
            Problem::field("/execution_date", "must not be before today, where the company is")
        }
        Refusal::NoDebtorAccount => conflict("no-debtor-account", refusal.to_string()),
        Refusal::NothingToPay { .. } => conflict("nothing-to-pay", refusal.to_string()),
        Refusal::PaymentFileNotWritable => conflict("file-not-writable", refusal.to_string()),
        Refusal::SumOutOfRange => conflict("out-of-range", refusal.to_string()),
        Refusal::SettlementNotFound => Problem::not_found("no settlement has this id"),
        Refusal::NothingPaidOut => conflict("nothing-paid-out", refusal.to_string()),
        Refusal::PayoutReturned => conflict("payout-returned", refusal.to_string()),
        Refusal::NotPaidOut(_) => conflict("not-booked", refusal.to_string()),
    }
}

/// Why a file is not taken.
pub(super) fn not_in_order(error: NotChecked) -> Problem {
    match error {
        NotChecked::Faulty(faults) => {
            let told = |it: RowError| fault(it.line, it.column, &it.reason);
            Problem::faulty_file(faults.first.into_iter().map(told).collect(), faults.count)
        }
        NotChecked::Disk(error) => not_received(error.into()),
    }
}

/// Why a report is not taken: all that is wrong with it, as far as it is told.
pub(super) fn not_a_report(faults: Vec<ReportError>, count: u64) -> Problem {
    let told = |it: ReportError| fault(it.line, it.column, &it.reason);
    Problem::faulty_file(faults.into_iter().map(told).collect(), count)
}

fn fault(row: u64, column: u32, reason: &impl Display) -> RowFault {
    RowFault { row, column, reason: reason.to_string() }
}

/// Why two sides were not compared.
pub(super) fn not_reconciled(error: NotReconciled) -> Problem {
    match error {
        NotReconciled::BatchNotFound => {
            Problem::not_found("no acquirer's file of this batch was accepted")
        }
        NotReconciled::BatchNotApplied => conflict("batch-not-applied", error.to_string()),
        NotReconciled::Store(error) => Problem::not_read(error),
        NotReconciled::Disk(error) => not_received(error.into()),
        NotReconciled::Submit(error) => not_cleared(error),
    }
}

fn conflict(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, "The present state does not allow it", detail)
}
