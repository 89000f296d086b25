//! A company's own accounts: where the money of settlements went, and what the company has earned.

use axum::Json;
use axum::extract::State;
use engine::queries::accounts::house_accounts;
use engine::queries::entries::entries;
use ledger::{Account, AccountNo, RowId};

use super::owners::check_company;
use super::wire::house_accounts::{HouseAccountBody, HouseEntryBody};
use crate::Platform;
use crate::http::body::Segments;
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::operator::accounts::{foreign_cursor, shown};

/// Lists a company's own accounts, newest first: one for each use and currency, opened by the first
/// settlement that needs it.
#[utoipa::path(get, path = "/companies/{company_number}/house-accounts", tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number"), Page),
    responses((status = 200, body = List<HouseAccountBody>)))]
pub(in crate::operator) async fn list_house_accounts(
    State(platform): State<Platform>,
    Segments(company): Segments<String>,
    mut params: Params,
) -> Result<Json<List<HouseAccountBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let accounts = of_company(&platform, &company).await?;
    let newest_first = accounts.iter().rev();
    let list = List::of(page, newest_first, |account| account.id.0, |it| HouseAccountBody::of(it));
    Ok(Json(list))
}

/// Shows one of a company's own accounts.
#[utoipa::path(get, path = "/companies/{company_number}/house-accounts/{account_no}",
    tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number"),
        ("account_no" = String, Path, description = "The account's number")),
    responses((status = 200, body = HouseAccountBody)))]
pub(in crate::operator) async fn get_house_account(
    State(platform): State<Platform>,
    Segments((company, number)): Segments<(String, String)>,
    params: Params,
) -> Result<Json<HouseAccountBody>, Problem> {
    params.finish()?;
    Ok(Json(HouseAccountBody::of(&find(&platform, &company, &number).await?)))
}

/// Lists what has been booked on one of a company's own accounts, newest first.
#[utoipa::path(get, path = "/companies/{company_number}/house-accounts/{account_no}/entries",
    tag = "settlement",
    params(("company_number" = String, Path, description = "The company's number"),
        ("account_no" = String, Path, description = "The account's number"), Page),
    responses((status = 200, body = List<HouseEntryBody>)))]
pub(in crate::operator) async fn list_house_entries(
    State(platform): State<Platform>,
    Segments((company, number)): Segments<(String, String)>,
    mut params: Params,
) -> Result<Json<List<HouseEntryBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let account = find(&platform, &company, &number).await?;
    let query = platform
        .queries
        .read(move |reader| entries(reader, &account, page.after.map(RowId), page.limit));
    let slice = query.await.map_err(Problem::not_read)?.ok_or_else(foreign_cursor)?;
    let directory = platform.engine.directory();
    Ok(Json(shown(slice, |entry| HouseEntryBody::of(&entry, &directory))))
}

/// A company's own accounts, oldest first.
async fn of_company(platform: &Platform, number: &str) -> Result<Vec<Account>, Problem> {
    let company = check_company(platform, number)?.id;
    let query = platform.queries.read(move |reader| house_accounts(reader, company));
    query.await.map_err(Problem::not_read)
}

/// The account of a company that a path names.
async fn find(platform: &Platform, company: &str, number: &str) -> Result<Account, Problem> {
    let mut accounts = of_company(platform, company).await?.into_iter();
    let wanted = AccountNo::parse(number).map(AccountNo::id);
    let found = accounts.find(|account| Some(account.id) == wanted);
    found.ok_or_else(|| Problem::not_found("the company has no account of its own of this number"))
}
