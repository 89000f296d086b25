//! Companies and their sellers.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use engine::Command;
use ledger::limits::{AUTHORIZATION_DAYS_DEFAULT, CURRENCIES_PER_COMPANY_MAX};
use ledger::{AddCompany, AddSeller, ChangeCompany, Company, Refusal, Seller, Zone};
use std::sync::Arc;

use super::callers::Operator;
use super::created;
use super::problem::{added, not_submitted};
use super::wire::companies::{
    CompanyBody, CompanyChange, NewCompany, NewSeller, SellerBody, company_body,
};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Lists companies, newest first.
#[utoipa::path(get, path = "/companies", tag = "companies", params(Page),
    responses((status = 200, body = List<CompanyBody>)))]
pub(super) async fn list_companies(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<CompanyBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let directory = platform.engine.directory();
    let companies = directory.companies().rev();
    Ok(Json(List::of(page, companies, |company| company.id.0, |company| company_body(company))))
}

/// Configures a company.
#[utoipa::path(post, path = "/companies", tag = "companies", request_body = NewCompany,
    params(super::wire::document::IdempotencyKey),
    responses((status = 201, body = CompanyBody)))]
pub(super) async fn add_company(
    State(platform): State<Platform>,
    operator: Operator,
    body: Body<NewCompany>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = body;
    let zone = match new.time_zone {
        Some(zone) => zone,
        None => Zone::parse(Zone::DEFAULT_NAME).ok_or_else(Problem::bug)?,
    };
    let command = AddCompany {
        number: new.company_number,
        name: new.name,
        zone,
        currencies: new.currencies,
        authorization_days: new.authorization_days.unwrap_or(AUTHORIZATION_DAYS_DEFAULT),
        actor: operator.actor(),
        idempotency,
    };
    let body = CompanyBody {
        company_number: command.number.clone(),
        name: command.name.clone(),
        currencies: command.currencies.iter().map(|currency| currency.code()).collect(),
        time_zone: command.zone.name().to_owned(),
        authorization_days: command.authorization_days,
    };
    let answer = platform.engine.submit(Command::AddCompany(command)).await;
    let (_, replayed) = added(answer.map_err(not_submitted)?)?;
    Ok(created(&format!("/companies/{}", body.company_number), replayed, &body))
}

/// Shows a company.
#[utoipa::path(get, path = "/companies/{company_number}", tag = "companies",
    params(("company_number" = String, Path, description = "The company's number")),
    responses((status = 200, body = CompanyBody)))]
pub(super) async fn get_company(
    State(platform): State<Platform>,
    Segments(number): Segments<String>,
    params: Params,
) -> Result<Json<CompanyBody>, Problem> {
    params.finish()?;
    Ok(Json(company_body(&*company(&platform, &number)?)))
}

/// Changes a company. Currencies are added; none is ever taken away.
#[utoipa::path(patch, path = "/companies/{company_number}", tag = "companies",
    params(("company_number" = String, Path, description = "The company's number")),
    request_body = CompanyChange, responses((status = 200, body = CompanyBody)))]
pub(super) async fn change_company(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(number): Segments<String>,
    body: Body<CompanyChange>,
) -> Result<Json<CompanyBody>, Problem> {
    let before = company(&platform, &number)?;
    let change = body.value;
    let added = change.currencies.iter().filter(|added| !before.currencies.contains(added));
    if before.currencies.len().saturating_add(added.count()) > CURRENCIES_PER_COMPANY_MAX {
        let detail = format!("a company has at most {CURRENCIES_PER_COMPANY_MAX} currencies");
        return Err(Problem::field("/currencies", detail));
    }
    let command = ChangeCompany {
        number: number.clone(),
        name: change.name,
        currencies: change.currencies,
        authorization_days: change.authorization_days,
        actor: operator.actor(),
    };
    platform.engine.submit(Command::ChangeCompany(command)).await.map_err(not_submitted)?;
    Ok(Json(company_body(&*company(&platform, &number)?)))
}

/// Lists a company's sellers, newest first.
#[utoipa::path(get, path = "/companies/{company_number}/sellers", tag = "companies",
    params(("company_number" = String, Path, description = "The company's number"), Page),
    responses((status = 200, body = List<SellerBody>)))]
pub(super) async fn list_sellers(
    State(platform): State<Platform>,
    Segments(number): Segments<String>,
    mut params: Params,
) -> Result<Json<List<SellerBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let company = company(&platform, &number)?;
    let directory = platform.engine.directory();
    let sellers = directory.sellers(company.id).rev();
    let show =
        |seller: &&Arc<Seller>| SellerBody::of(&company.number, &seller.number, &seller.name);
    Ok(Json(List::of(page, sellers, |seller| seller.id.0, show)))
}

/// Registers a seller.
#[utoipa::path(post, path = "/companies/{company_number}/sellers", tag = "companies",
    params(("company_number" = String, Path, description = "The company's number"),
        super::wire::document::IdempotencyKey),
    request_body = NewSeller, responses((status = 201, body = SellerBody)))]
pub(super) async fn add_seller(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(number): Segments<String>,
    body: Body<NewSeller>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = body;
    let body = SellerBody::of(&number, &new.seller_number, &new.name);
    let command = AddSeller {
        company: number,
        number: new.seller_number,
        name: new.name,
        actor: operator.actor(),
        idempotency,
    };
    let answer = platform.engine.submit(Command::AddSeller(command)).await;
    let (_, replayed) = added(answer.map_err(not_submitted)?)?;
    let path = format!("/companies/{}/sellers/{}", body.company_number, body.seller_number);
    Ok(created(&path, replayed, &body))
}

/// Shows a seller.
#[utoipa::path(get, path = "/companies/{company_number}/sellers/{seller_number}",
    tag = "companies",
    params(("company_number" = String, Path, description = "The company's number"),
        ("seller_number" = String, Path, description = "The seller's number")),
    responses((status = 200, body = SellerBody)))]
pub(super) async fn get_seller(
    State(platform): State<Platform>,
    Segments((number, seller)): Segments<(String, String)>,
    params: Params,
) -> Result<Json<SellerBody>, Problem> {
    params.finish()?;
    let company = company(&platform, &number)?;
    let directory = platform.engine.directory();
    let seller = directory.seller(company.id, &seller);
    let seller = seller.ok_or_else(|| not_submitted(Refusal::SellerNotRegistered.into()))?;
    Ok(Json(SellerBody::of(&company.number, &seller.number, &seller.name)))
}

fn company(platform: &Platform, number: &str) -> Result<Arc<Company>, Problem> {
    let directory = platform.engine.directory();
    let company = directory.company(number).cloned();
    company.ok_or_else(|| not_submitted(Refusal::CompanyNotConfigured.into()))
}
