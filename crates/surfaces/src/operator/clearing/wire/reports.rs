//! Reports of batches, merchants and days.

use engine::queries::reports::{Booked, Report, Rows, Standing};
use ledger::money::format_minor;
use ledger::{Currency, Date};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::fields::Params;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operator) enum Format {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// For people.
    Table,
}

/// What is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::operator) enum Subject {
    /// An acquirer's batch.
    Batch(String),
    /// A merchant's days.
    Merchant {
        /// The company.
        company: String,
        /// The seller.
        seller: String,
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
    },
    /// A company's day.
    Day {
        /// The company.
        company: String,
        /// The day.
        day: Date,
    },
}

/// How a batch's report is written.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters that are read one by one")]
pub(in crate::operator) struct BatchFormat {
    /// `json`, `csv` or `table`.
    #[param(pattern = "^(json|csv|table)$", default = "json")]
    format: Option<String>,
}

/// Which days of a merchant, and how the report is written.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters that are read one by one")]
pub(in crate::operator) struct MerchantDays {
    /// The first day.
    #[param(format = Date, example = "2026-11-01")]
    from: String,
    /// The last day; the first one when absent.
    #[param(format = Date, example = "2026-11-30")]
    to: Option<String>,
    /// `json`, `csv` or `table`.
    #[param(pattern = "^(json|csv|table)$", default = "json")]
    format: Option<String>,
}

/// Whose day, and how the report is written.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes parameters that are read one by one")]
pub(in crate::operator) struct CompanyDay {
    /// The company.
    #[param(example = "100")]
    company_number: String,
    /// `json`, `csv` or `table`.
    #[param(pattern = "^(json|csv|table)$", default = "json")]
    format: Option<String>,
}

/// What a batch, a merchant or a day came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub(in crate::operator) struct ReportBody {
    /// The acquirer's batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::operator) acquirer_batch_id: Option<String>,
    /// The company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::operator) company_number: Option<String>,
    /// The seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::operator) seller_number: Option<String>,
    /// The first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub(in crate::operator) from: Option<String>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub(in crate::operator) to: Option<String>,
    /// What became of the rows of acquirers' files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::operator) rows: Option<RowsBody>,
    /// What is booked, by kind and currency.
    pub(in crate::operator) booked: Vec<BookedBody>,
    /// What does not agree, by reason.
    pub(in crate::operator) exceptions: Vec<StandingBody>,
    /// Whether all exceptions are counted; a report counts 100 000.
    pub(in crate::operator) complete: bool,
}

/// What became of rows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportRows)]
pub(in crate::operator) struct RowsBody {
    /// How many files.
    pub(in crate::operator) files: i64,
    /// How many rows they have.
    pub(in crate::operator) rows: i64,
    /// Those that are booked because of the file.
    pub(in crate::operator) posted: i64,
    /// Those that had been booked before.
    pub(in crate::operator) matched: i64,
    /// Those that are exceptions.
    pub(in crate::operator) refused: i64,
}

/// What is booked of one kind and currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportBooked)]
pub(in crate::operator) struct BookedBody {
    /// `purchase`, `cash-withdrawal`, `reversal`, or the correction of one.
    #[schema(example = "purchase")]
    pub(in crate::operator) kind: &'static str,
    /// ISO 4217.
    #[schema(example = "SEK")]
    pub(in crate::operator) currency: &'static str,
    /// How many.
    pub(in crate::operator) count: i64,
    /// The sum, in major units.
    #[schema(example = "300.00")]
    pub(in crate::operator) amount: String,
}

/// How many exceptions there are with a reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportExceptions)]
pub(in crate::operator) struct StandingBody {
    /// The reason.
    #[schema(example = "card-unknown")]
    pub(in crate::operator) reason: &'static str,
    /// Those that nobody has dealt with.
    pub(in crate::operator) open: i64,
    /// Those that somebody has.
    pub(in crate::operator) resolved: i64,
}

impl Format {
    /// Takes its parameter.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<Format> {
        let read = |word: &str| match word {
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            "table" => Some(Format::Table),
            _ => None,
        };
        let format = params.optional("format", "json, csv or table", read)?;
        Some(format.unwrap_or(Format::Json))
    }
}

impl ReportBody {
    /// A report as operators see it.
    pub(in crate::operator) fn of(subject: &Subject, report: &Report) -> ReportBody {
        let mut body = ReportBody {
            acquirer_batch_id: None,
            company_number: None,
            seller_number: None,
            from: None,
            to: None,
            rows: report.rows.map(RowsBody::of),
            booked: report.sums.iter().map(BookedBody::of).collect(),
            exceptions: report
                .exceptions
                .iter()
                .map(|(reason, standing)| StandingBody::of(reason.as_str(), *standing))
                .collect(),
            complete: report.is_whole,
        };
        match subject {
            Subject::Batch(batch) => body.acquirer_batch_id = Some(batch.clone()),
            Subject::Merchant { company, seller, from, to } => {
                body.company_number = Some(company.clone());
                body.seller_number = Some(seller.clone());
                (body.from, body.to) = (Some(from.to_string()), Some(to.to_string()));
            }
            Subject::Day { company, day } => {
                body.company_number = Some(company.clone());
                (body.from, body.to) = (Some(day.to_string()), Some(day.to_string()));
            }
        }
        body
    }
}

impl RowsBody {
    fn of(rows: Rows) -> RowsBody {
        let Rows { files, rows, posted, matched, refused } = rows;
        RowsBody { files, rows, posted, matched, refused }
    }
}

impl BookedBody {
    fn of(((kind, code), booked): (&(&'static str, &'static str), &Booked)) -> BookedBody {
        let amount = match Currency::parse(code) {
            Some(currency) => format_minor(booked.minor, currency),
            None => booked.minor.to_string(),
        };
        BookedBody { kind, currency: code, count: booked.count, amount }
    }
}

impl StandingBody {
    fn of(reason: &'static str, standing: Standing) -> StandingBody {
        StandingBody { reason, open: standing.open, resolved: standing.resolved }
    }
}
