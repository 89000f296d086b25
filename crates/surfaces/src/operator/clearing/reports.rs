//! Reports of batches, merchants and days: for programs, for spreadsheets and for people.

mod written;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use engine::limits::REPORT_DAYS_MAX;
use engine::queries::reports::{Report, batch_report, day_report, merchant_report};
use ledger::{Date, Directory};

use super::wire::reports::{BatchFormat, CompanyDay, Format, MerchantDays, ReportBody, Subject};
use crate::Platform;
use crate::http::body::Segments;
use crate::http::fields::Params;
use crate::http::problem::Problem;

/// Reports an acquirer's batch: what became of the rows of its files, what is booked of it, and
/// what does not agree.
#[utoipa::path(get, path = "/reports/batches/{batch}", tag = "reconciliation",
    params(("batch" = String, Path, description = "The acquirer's batch"), BatchFormat),
    responses((status = 200, body = ReportBody)))]
pub(in crate::operator) async fn report_batch(
    State(platform): State<Platform>,
    Segments(batch): Segments<String>,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = Format::take(&mut params);
    params.finish()?;
    let format = format.ok_or_else(Problem::bug)?;
    let subject = Subject::Batch(batch.clone());
    let query = platform.queries.read(move |reader| batch_report(reader, &batch));
    let report = query.await.map_err(Problem::not_read)?;
    let report = report.ok_or_else(|| Problem::not_found("nobody has heard of this batch"))?;
    Ok(answer(&subject, &report, format))
}

/// Reports a merchant's days: what is booked for it, and what does not agree.
#[utoipa::path(get, path = "/reports/merchants/{company_number}/{seller_number}",
    tag = "reconciliation",
    params(("company_number" = String, Path, description = "The company"),
        ("seller_number" = String, Path, description = "The seller"), MerchantDays),
    responses((status = 200, body = ReportBody)))]
pub(in crate::operator) async fn report_merchant(
    State(platform): State<Platform>,
    Segments((company, seller)): Segments<(String, String)>,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = Format::take(&mut params);
    let a_day = "a day, like 2026-11-20";
    let from = params.optional("from", a_day, Date::parse);
    let to = params.optional("to", a_day, Date::parse);
    params.finish()?;
    let format = format.ok_or_else(Problem::bug)?;
    check_seller(&platform.engine.directory(), &company, &seller)?;
    let from = from.flatten().ok_or_else(|| required("from"))?;
    let to = to.flatten().unwrap_or(from);
    if to < from || to.0.saturating_sub(from.0) >= REPORT_DAYS_MAX {
        let detail = format!("must not be before from, or {REPORT_DAYS_MAX} days after it");
        return Err(Problem::field("?to", detail));
    }
    let subject = Subject::Merchant { company: company.clone(), seller: seller.clone(), from, to };
    let query = platform
        .queries
        .read(move |reader| merchant_report(reader, (&company, &seller), (from, to)));
    let report = query.await.map_err(Problem::not_read)?;
    Ok(answer(&subject, &report, format))
}

/// Reports a company's day: what is booked for all its sellers, and what does not agree.
#[utoipa::path(get, path = "/reports/days/{day}", tag = "reconciliation",
    params(("day" = String, Path, description = "The day, like 2026-11-20"), CompanyDay),
    responses((status = 200, body = ReportBody)))]
pub(in crate::operator) async fn report_day(
    State(platform): State<Platform>,
    Segments(day): Segments<String>,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = Format::take(&mut params);
    let company =
        params.optional("company_number", "a company's number", |text| Some(text.to_owned()));
    params.finish()?;
    let format = format.ok_or_else(Problem::bug)?;
    let day = Date::parse(&day).ok_or_else(|| Problem::not_found("no day is written like this"))?;
    let company = company.flatten().ok_or_else(|| required("company_number"))?;
    if platform.engine.directory().company(&company).is_none() {
        return Err(Problem::field("?company_number", "no company has this number"));
    }
    let subject = Subject::Day { company: company.clone(), day };
    let query = platform.queries.read(move |reader| day_report(reader, &company, day));
    let report = query.await.map_err(Problem::not_read)?;
    Ok(answer(&subject, &report, format))
}

fn required(name: &str) -> Problem {
    Problem::field(format!("?{name}"), "is required")
}

fn check_seller(directory: &Directory, company: &str, seller: &str) -> Result<(), Problem> {
    let company = directory.company(company);
    let company = company.ok_or_else(|| Problem::not_found("no company has this number"))?;
    let seller = directory.seller(company.id, seller);
    seller.map(drop).ok_or_else(|| Problem::not_found("no seller has this number"))
}

/// A report as it was asked for. None is kept by who passes it on: it changes.
fn answer(subject: &Subject, report: &Report, format: Format) -> Response {
    let body = ReportBody::of(subject, report);
    let mut response = match format {
        Format::Json => Json(body).into_response(),
        Format::Csv => written::csv(&body).into_response(),
        Format::Table => written::table(&body).into_response(),
    };
    let headers = response.headers_mut();
    match format {
        Format::Json => {}
        Format::Csv => {
            let media_type = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
            headers.insert(CONTENT_TYPE, media_type);
            let attached = HeaderValue::from_static("attachment; filename=\"report.csv\"");
            headers.insert(CONTENT_DISPOSITION, attached);
        }
        Format::Table => {
            let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
            headers.insert(CONTENT_TYPE, media_type);
        }
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
