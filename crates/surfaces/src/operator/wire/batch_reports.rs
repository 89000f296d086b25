//! Batch reports: what a merchant's payments of a day came to.

use ledger::Currency;
use ledger::money::format_minor;
use payments::BatchReport;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::customers::customer_id;
use crate::http::fields::Params;

/// Which reports are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct ReportFilter {
    /// Those of this merchant.
    #[param(value_type = i64, minimum = 1)]
    pub(in crate::operator) customer_id: Option<i64>,
}

/// A batch report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchReport)]
pub(in crate::operator) struct ReportBody {
    /// Names it.
    id: String,
    /// Whose it is.
    customer_id: i64,
    /// The day that it closes, where the merchant is.
    #[schema(format = Date, example = "2026-11-20")]
    day: String,
    /// What was created before this moment is in it.
    until: String,
    /// When it was begun.
    created_at: String,
    /// What the day came to.
    lines: Vec<LineBody>,
}

/// What the payments, refunds or reversals of a method in a currency came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchReportLine)]
struct LineBody {
    /// `payment`, `refund` or `reversal`.
    #[schema(example = "payment")]
    kind: String,
    /// The method.
    #[schema(example = "SWISH_E_COM")]
    method: String,
    /// ISO 4217.
    #[schema(example = "SEK")]
    currency: String,
    /// How many.
    count: i64,
    /// How much, in major units.
    #[schema(example = "300.00")]
    amount: String,
}

impl ReportFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<ReportFilter> {
        Some(ReportFilter { customer_id: customer_id(params)? })
    }
}

impl ReportBody {
    /// A report as operators see it.
    pub(in crate::operator) fn of(report: &BatchReport) -> ReportBody {
        let lines = report.sums.iter();
        ReportBody {
            id: report.number.to_string(),
            customer_id: report.customer,
            day: report.day.to_string(),
            until: report.until.rfc3339(),
            created_at: report.created_at.rfc3339(),
            lines: lines.filter_map(|(name, (count, sum))| line(name, *count, *sum)).collect(),
        }
    }
}

/// A line, from the name that a report has for it.
fn line(name: &str, count: i64, sum_minor: i64) -> Option<LineBody> {
    let mut words = name.split(' ').map(str::to_owned);
    let (kind, method, currency) = (words.next()?, words.next()?, words.next()?);
    let amount = format_minor(sum_minor, Currency::parse(&currency)?);
    Some(LineBody { kind, method, currency, count, amount })
}
