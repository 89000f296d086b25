//! Where sellers are paid, and where their companies pay from.

use axum::Json;
use axum::extract::State;
use clearing::payout_account::AccountOwner;
use clearing::{Command, Outcome, PayoutAccount, SetPayoutAccount};

use super::owners::{check_company, check_seller};
use super::problem::not_cleared;
use super::wire::payout_accounts::{NewPayoutAccount, PayoutAccountBody};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::Params;
use crate::http::problem::Problem;
use crate::operator::callers::Operator;

/// Shows the account that a company pays its sellers from.
#[utoipa::path(get, path = "/companies/{company_number}/payout-account", tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number")),
    responses((status = 200, body = PayoutAccountBody)))]
pub(in crate::operator) async fn get_company_account(
    State(platform): State<Platform>,
    Segments(company): Segments<String>,
    params: Params,
) -> Result<Json<PayoutAccountBody>, Problem> {
    params.finish()?;
    check_company(&platform, &company)?;
    show(&platform, &AccountOwner { company, seller: None })
}

/// Sets the account that a company pays its sellers from.
#[utoipa::path(put, path = "/companies/{company_number}/payout-account", tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number")),
    request_body = NewPayoutAccount, responses((status = 200, body = PayoutAccountBody)))]
pub(in crate::operator) async fn set_company_account(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(company): Segments<String>,
    body: Body<NewPayoutAccount>,
) -> Result<Json<PayoutAccountBody>, Problem> {
    set(&platform, &operator, AccountOwner { company, seller: None }, body.value).await
}

/// Shows the account on which a seller is paid.
#[utoipa::path(get, path = "/companies/{company_number}/sellers/{seller_number}/payout-account",
    tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number"),
        ("seller_number" = String, Path, description = "The seller's number")),
    responses((status = 200, body = PayoutAccountBody)))]
pub(in crate::operator) async fn get_seller_account(
    State(platform): State<Platform>,
    Segments((company, seller)): Segments<(String, String)>,
    params: Params,
) -> Result<Json<PayoutAccountBody>, Problem> {
    params.finish()?;
    check_seller(&platform, &company, &seller)?;
    show(&platform, &AccountOwner { company, seller: Some(seller) })
}

/// Sets the account on which a seller is paid. It holds for payment files that are made from then
/// on. The journal tells the last four characters of it, and nothing else.
#[utoipa::path(put, path = "/companies/{company_number}/sellers/{seller_number}/payout-account",
    tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number"),
        ("seller_number" = String, Path, description = "The seller's number")),
    request_body = NewPayoutAccount, responses((status = 200, body = PayoutAccountBody)))]
pub(in crate::operator) async fn set_seller_account(
    State(platform): State<Platform>,
    operator: Operator,
    Segments((company, seller)): Segments<(String, String)>,
    body: Body<NewPayoutAccount>,
) -> Result<Json<PayoutAccountBody>, Problem> {
    set(&platform, &operator, AccountOwner { company, seller: Some(seller) }, body.value).await
}

fn show(platform: &Platform, owner: &AccountOwner) -> Result<Json<PayoutAccountBody>, Problem> {
    let found = PayoutAccount::find(&platform.engine.directory(), owner);
    let found = found.ok_or_else(|| Problem::not_found("no payout account was set"))?;
    Ok(Json(PayoutAccountBody::of(owner, &found.account)))
}

async fn set(
    platform: &Platform,
    operator: &Operator,
    owner: AccountOwner,
    new: NewPayoutAccount,
) -> Result<Json<PayoutAccountBody>, Problem> {
    let (account, actor) = (new.account(), operator.actor());
    let command = Command::SetPayoutAccount(SetPayoutAccount { owner, account, actor });
    let answer = platform.engine.submit(command).await.map_err(not_cleared)?;
    let Outcome::PayoutAccount(set) = answer.done else { return Err(Problem::bug()) };
    Ok(Json(PayoutAccountBody::of(&set.owner, &set.account)))
}
