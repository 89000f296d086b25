//! Acquirers' files.

use clearing::AcquirerFile;
use clearing::exception::{Exception, Origin};
use serde::Serialize;
use utoipa::ToSchema;

/// An acquirer's file, and what became of its rows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcquirerFile)]
pub(in crate::operator) struct FileBody {
    /// Names it.
    id: String,
    /// Processing date, sender and cycle: the acquirer's batch, in what it posts.
    #[schema(example = "200206885020")]
    acquirer_batch_id: String,
    /// The processing date.
    #[schema(format = Date, example = "2020-02-06")]
    processing_date: String,
    /// Who sent it.
    #[schema(example = "8850")]
    sender: String,
    /// The cycle of the day.
    #[schema(example = "20")]
    cycle: String,
    /// Its serial number.
    serial: i64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    sha256: String,
    /// Its length in bytes.
    bytes: i64,
    /// `applying` until every row is posted, matched or refused, then `applied`.
    #[schema(example = "applied")]
    status: &'static str,
    /// How many transactions it has.
    rows: i64,
    /// Those that are booked because of it.
    rows_posted: i64,
    /// Those that had been booked over the API, by the same references.
    rows_matched: i64,
    /// Those that are exceptions.
    rows_refused: i64,
    /// When it came.
    created_at: String,
    /// When its last row was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_at: Option<String>,
    /// The first of its exceptions, as many as a list may have; all of them are at
    /// `/exceptions?file_id=`.
    refused_rows: Vec<RefusedRow>,
}

/// A row that was not posted.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::operator) struct RefusedRow {
    /// The line of the file; the header is 1.
    row: i64,
    /// Why.
    #[schema(example = "card-unknown")]
    reason: &'static str,
    /// Why, for people.
    detail: String,
    /// The exception.
    exception_id: String,
}

impl FileBody {
    /// A file as operators see it, with the first of its exceptions in the order of its rows.
    pub(in crate::operator) fn of(file: &AcquirerFile, refused: &[Exception]) -> FileBody {
        let identity = &file.identity;
        FileBody {
            id: file.number.to_string(),
            acquirer_batch_id: identity.batch.clone(),
            processing_date: identity.date.to_string(),
            sender: identity.sender.clone(),
            cycle: identity.cycle.clone(),
            serial: identity.serial,
            sha256: file.sha256.clone(),
            bytes: file.bytes,
            status: status(file),
            rows: file.rows,
            rows_posted: file.counts.posted,
            rows_matched: file.counts.matched,
            rows_refused: file.counts.refused,
            created_at: file.created_at.rfc3339(),
            applied_at: file.applied_at.map(ledger::Timestamp::rfc3339),
            refused_rows: refused.iter().filter_map(RefusedRow::of).collect(),
        }
    }

    /// Whether nothing is left to be done.
    pub(in crate::operator) fn is_applied(&self) -> bool {
        self.applied_at.is_some()
    }
}

impl RefusedRow {
    fn of(exception: &Exception) -> Option<RefusedRow> {
        let Origin::FileRow { line, .. } = exception.what.origin else { return None };
        Some(RefusedRow {
            row: line,
            reason: exception.what.reason.as_str(),
            detail: exception.what.detail.clone(),
            exception_id: exception.number.to_string(),
        })
    }
}

/// Clients see one word for all that is still to be done.
fn status(file: &AcquirerFile) -> &'static str {
    if file.applied_at.is_some() { "applied" } else { "applying" }
}
