//! Tables of fees: a company's, and those of sellers that have agreed on something else.

use axum::Json;
use axum::extract::State;
use clearing::fees::{FeeOwner, FeeTable};
use clearing::{Command, Outcome, SetFees};

use super::problem::not_cleared;
use super::wire::fees::{FeesBody, NewFees};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::Params;
use crate::http::problem::Problem;
use crate::operator::callers::Operator;
use crate::operator::clearing::owners::{check_company, check_seller};

/// Shows what holds for the sellers of a company that have no fees of their own.
#[utoipa::path(get, path = "/companies/{company_number}/fees", tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number")),
    responses((status = 200, body = FeesBody)))]
pub(in crate::operator) async fn get_company_fees(
    State(platform): State<Platform>,
    Segments(company): Segments<String>,
    params: Params,
) -> Result<Json<FeesBody>, Problem> {
    params.finish()?;
    check_company(&platform, &company)?;
    Ok(Json(show(&platform, &FeeOwner { company, seller: None })))
}

/// Sets what holds for the sellers of a company that have no fees of their own. It holds for
/// everything that is settled from then on.
#[utoipa::path(put, path = "/companies/{company_number}/fees", tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number")),
    request_body = NewFees, responses((status = 200, body = FeesBody)))]
pub(in crate::operator) async fn set_company_fees(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(company): Segments<String>,
    body: Body<NewFees>,
) -> Result<Json<FeesBody>, Problem> {
    set(&platform, &operator, FeeOwner { company, seller: None }, body.value).await
}

/// Shows a seller's own fees. In a currency that they do not name, its company's hold.
#[utoipa::path(get, path = "/companies/{company_number}/sellers/{seller_number}/fees",
    tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number"),
        ("seller_number" = String, Path, description = "The seller's number")),
    responses((status = 200, body = FeesBody)))]
pub(in crate::operator) async fn get_seller_fees(
    State(platform): State<Platform>,
    Segments((company, seller)): Segments<(String, String)>,
    params: Params,
) -> Result<Json<FeesBody>, Problem> {
    params.finish()?;
    check_seller(&platform, &company, &seller)?;
    Ok(Json(show(&platform, &FeeOwner { company, seller: Some(seller) })))
}

/// Sets a seller's own fees. In a currency that they do not name, its company's hold.
#[utoipa::path(put, path = "/companies/{company_number}/sellers/{seller_number}/fees",
    tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number"),
        ("seller_number" = String, Path, description = "The seller's number")),
    request_body = NewFees, responses((status = 200, body = FeesBody)))]
pub(in crate::operator) async fn set_seller_fees(
    State(platform): State<Platform>,
    operator: Operator,
    Segments((company, seller)): Segments<(String, String)>,
    body: Body<NewFees>,
) -> Result<Json<FeesBody>, Problem> {
    set(&platform, &operator, FeeOwner { company, seller: Some(seller) }, body.value).await
}

fn show(platform: &Platform, owner: &FeeOwner) -> FeesBody {
    let table = FeeTable::find(&platform.engine.directory(), owner);
    FeesBody::of(owner, &table.map(|table| table.currencies).unwrap_or_default())
}

async fn set(
    platform: &Platform,
    operator: &Operator,
    owner: FeeOwner,
    new: NewFees,
) -> Result<Json<FeesBody>, Problem> {
    let command = SetFees { owner, currencies: new.currencies, actor: operator.actor() };
    let answer = platform.engine.submit(Command::SetFees(command)).await.map_err(not_cleared)?;
    let Outcome::Fees(table) = answer.done else { return Err(Problem::bug()) };
    Ok(Json(FeesBody::of(&table.owner, &table.currencies)))
}
