//! Batch reports: what merchants' payments of a day came to.

use axum::Json;
use axum::extract::State;
use engine::queries::documents::{document, documents};
use payments::BatchReport;

use super::accounts::shown;
use super::wire::batch_reports::{ReportBody, ReportFilter};
use crate::Platform;
use crate::http::body::{Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Lists the batch reports of a merchant, newest first.
#[utoipa::path(get, path = "/batch-reports", tag = "payments", params(ReportFilter, Page),
    responses((status = 200, body = List<ReportBody>)))]
pub(super) async fn list_batch_reports(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<ReportBody>>, Problem> {
    let page = params.page();
    let filter = ReportFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let customer =
        filter.customer_id.ok_or_else(|| Problem::field("?customer_id", "is required"))?;
    let query = platform.queries.read(move |reader| {
        let list = BatchReport::merchant_list(customer);
        documents(reader, &list, page.after, page.limit, |document| BatchReport::of(&document))
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |report| ReportBody::of(&report))))
}

/// Shows a batch report.
#[utoipa::path(get, path = "/batch-reports/{id}", tag = "payments",
    params(("id" = String, Path, description = "The report's id")),
    responses((status = 200, body = ReportBody)))]
pub(super) async fn get_batch_report(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<ReportBody>, Problem> {
    params.finish()?;
    let id = BatchReport::id(number_in_path(&id).unwrap_or_default());
    let query = platform
        .queries
        .read(move |reader| Ok(document(reader, id)?.as_ref().and_then(BatchReport::of)));
    let report = query.await.map_err(Problem::not_read)?;
    let report = report.ok_or_else(|| Problem::not_found("no batch report has this id"))?;
    Ok(Json(ReportBody::of(&report)))
}
