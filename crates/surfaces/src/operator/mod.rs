//! The operator API: companies, sellers, accounts, cards, credentials; customers, onboarding
//! requests, terminals, packages and rollouts; payments over PSPs, batch reports and merchants'
//! agreements; notifications to merchants; clearing and settlement; the journal's events, and the
//! check of the whole ledger.

mod accounts;
mod batch_reports;
mod callers;
mod cards;
pub(crate) mod clearing;
mod clock;
mod companies;
mod configuration;
mod credentials;
mod customers;
mod endpoints;
mod journal;
mod notifications;
mod onboarding;
mod packages;
mod payees;
mod payments;
mod problem;
mod remembered;
mod rollouts;
mod simulators;
mod terminals;
mod wire;

pub use simulators::PspScripts;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Platform;
use crate::http::body::mark_replayed;
use crate::http::requests::no_method;

/// Where the API is mounted.
pub const MOUNT: &str = "/operator/v1";

/// Serves the API. `scripts` says what comes of payments at simulated PSPs, where there are any.
pub fn router(platform: Platform, scripts: Option<Arc<dyn PspScripts>>) -> Router {
    let (router, _) = routes().merge(clearing::routes()).split_for_parts();
    router
        .method_not_allowed_fallback(no_method)
        .route_layer(from_fn_with_state(platform.clone(), callers::authenticate))
        .layer(Extension(Arc::new(journal::Verifications::default())))
        .layer(Extension(Arc::new(remembered::Remembered::default())))
        .layer(Extension(simulators::Simulators(scripts)))
        .with_state(platform)
}

/// Describes the API.
pub fn openapi() -> OpenApi {
    let (_, document) = routes().split_for_parts();
    wire::document::complete(document)
}

/// Every route of this surface. Read it as the table of contents.
fn routes() -> OpenApiRouter<Platform> {
    let routes = OpenApiRouter::with_openapi(wire::document::Document::openapi());
    let inner = OpenApiRouter::new()
        .routes(routes!(companies::list_companies, companies::add_company))
        .routes(routes!(companies::get_company, companies::change_company))
        .routes(routes!(companies::list_sellers, companies::add_seller))
        .routes(routes!(companies::get_seller))
        .routes(routes!(accounts::list_accounts, accounts::open_account))
        .routes(routes!(accounts::get_account, accounts::change_account))
        .routes(routes!(accounts::list_entries))
        .routes(routes!(accounts::list_reservations))
        .routes(routes!(cards::list_cards, cards::add_card))
        .routes(routes!(cards::get_card, cards::change_card))
        .routes(routes!(credentials::list_credentials, credentials::issue_credential))
        .routes(routes!(credentials::get_credential, credentials::revoke_credential))
        .routes(routes!(customers::list_customers, customers::add_customer))
        .routes(routes!(customers::get_customer, customers::change_customer))
        .routes(routes!(
            configuration::get_configuration_of_customer,
            configuration::change_configuration_of_customer
        ))
        .routes(routes!(onboarding::list_requests))
        .routes(routes!(onboarding::get_request))
        .routes(routes!(onboarding::claim_request))
        .routes(routes!(onboarding::approve_request))
        .routes(routes!(onboarding::reject_request))
        .routes(routes!(terminals::list_terminals))
        .routes(routes!(terminals::get_terminal))
        .routes(routes!(
            configuration::get_configuration_of_terminal,
            configuration::change_configuration_of_terminal
        ))
        .routes(routes!(terminals::reset_activation))
        .routes(routes!(rollouts::list_rollouts, rollouts::start_rollout))
        .routes(routes!(rollouts::get_rollout))
        .routes(routes!(rollouts::list_results))
        .routes(routes!(rollouts::pause_rollout))
        .routes(routes!(rollouts::resume_rollout))
        .routes(routes!(rollouts::roll_back_rollout))
        .routes(routes!(rollouts::end_rollout))
        .routes(routes!(packages::list_packages, packages::add_package))
        .routes(routes!(packages::get_package))
        .routes(routes!(payments::list_payments))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::capture_payment))
        .routes(routes!(payments::settle_payment))
        .routes(routes!(batch_reports::list_batch_reports))
        .routes(routes!(batch_reports::get_batch_report))
        .routes(routes!(payees::get_payee, payees::change_payee))
        .routes(routes!(payees::set_agreement, payees::delete_agreement))
        .routes(routes!(endpoints::list_endpoints, endpoints::add_endpoint))
        .routes(routes!(
            endpoints::get_endpoint,
            endpoints::change_endpoint,
            endpoints::delete_endpoint
        ))
        .routes(routes!(endpoints::rotate_secret))
        .routes(routes!(notifications::redeliver_failed))
        .routes(routes!(notifications::list_notifications))
        .routes(routes!(notifications::get_notification))
        .routes(routes!(notifications::redeliver_notification))
        .routes(routes!(simulators::script_psp))
        .routes(routes!(journal::verify_ledger))
        .routes(routes!(journal::list_events))
        .routes(routes!(clock::get_clock))
        .routes(routes!(clock::advance_clock));
    routes.nest(MOUNT, inner)
}

/// 201 with where the new thing is. A repeat gets the same body, and is told that it is one.
fn created(path: &str, replayed: bool, body: &impl Serialize) -> Response {
    let location = [(LOCATION, format!("{MOUNT}{path}"))];
    mark((StatusCode::CREATED, location, Json(body)).into_response(), replayed)
}

fn mark(mut response: Response, replayed: bool) -> Response {
    mark_replayed(response.headers_mut(), replayed);
    response
}

#[cfg(test)]
mod tests;
