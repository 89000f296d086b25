//! Clearing and settlement for operators: acquirers' files, exceptions, comparisons with what
//! others say, and what merchants are paid. Part of the operator API, described by a document of
//! its own.

mod exceptions;
mod fees;
mod files;
mod house_accounts;
mod owners;
mod payment_files;
mod payout_accounts;
mod problem;
mod psp_reports;
mod reconciliations;
mod reports;
mod settlements;
mod wire;

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::document::complete;
use super::{MOUNT, created};
use crate::Platform;

/// Describes this part of the API.
pub(crate) fn openapi() -> OpenApi {
    let (_, document) = routes().split_for_parts();
    complete(document)
}

/// Every route of this part. Read it as the table of contents.
pub(super) fn routes() -> OpenApiRouter<Platform> {
    let routes = OpenApiRouter::with_openapi(wire::document::Document::openapi());
    let inner = OpenApiRouter::new()
        .routes(routes!(files::list_files, files::add_file))
        .routes(routes!(files::get_file))
        .routes(routes!(exceptions::list_exceptions))
        .routes(routes!(exceptions::get_exception))
        .routes(routes!(exceptions::take_exception))
        .routes(routes!(exceptions::note_exception))
        .routes(routes!(exceptions::resolve_exception))
        .routes(routes!(
            reconciliations::list_reconciliations,
            reconciliations::start_reconciliation
        ))
        .routes(routes!(reconciliations::get_reconciliation))
        .routes(routes!(psp_reports::list_mappings))
        .routes(routes!(psp_reports::get_mapping, psp_reports::set_mapping))
        .routes(routes!(psp_reports::add_report))
        .routes(routes!(fees::get_company_fees, fees::set_company_fees))
        .routes(routes!(fees::get_seller_fees, fees::set_seller_fees))
        .routes(routes!(payout_accounts::get_company_account, payout_accounts::set_company_account))
        .routes(routes!(payout_accounts::get_seller_account, payout_accounts::set_seller_account))
        .routes(routes!(settlements::list_settlements, settlements::settle_day))
        .routes(routes!(settlements::get_settlement))
        .routes(routes!(settlements::get_statement))
        .routes(routes!(settlements::return_payout))
        .routes(routes!(house_accounts::list_house_accounts))
        .routes(routes!(house_accounts::get_house_account))
        .routes(routes!(house_accounts::list_house_entries))
        .routes(routes!(payment_files::list_payment_files, payment_files::make_payment_file))
        .routes(routes!(payment_files::get_payment_file))
        .routes(routes!(reports::report_batch))
        .routes(routes!(reports::report_merchant))
        .routes(routes!(reports::report_day));
    routes.nest(MOUNT, inner)
}
