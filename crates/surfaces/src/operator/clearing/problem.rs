//! Errors of this part: the one place here that knows which HTTP status a refusal is.

use axum::http::StatusCode;
use clearing::Refusal;
use engine::SubmitError;

use crate::http::problem::Problem;

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
    }
}

fn conflict(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, "The present state does not allow it", detail)
}
