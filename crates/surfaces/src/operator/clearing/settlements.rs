//! Settlements: runs that make them, and what they say.

mod run;
mod statement;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use clearing::settlement::SETTLEMENTS;
use clearing::{BeginRun, Command, Outcome, Refusal, ReturnPayout, Settlement};
use engine::queries::documents::{document, documents};

use super::problem::{not_cleared, refused};
use super::wire::settlements::{NewReturn, NewRun, RunBody, SettlementBody, SettlementFilter};
use crate::Platform;
use crate::http::body::{Body, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::operator::accounts::shown;
use crate::operator::callers::Operator;
use crate::operator::mark;
use crate::operator::wire::document::IdempotencyKey;

/// Settles with every seller of a company that is owed something, or owes something, for days up to
/// and including this one. 409 while the day has not ended, or while what was booked on it is not
/// all summed up, which takes seconds.
///
/// The same run again changes nothing, and ends what an earlier one has not: under the same key
/// too.
#[utoipa::path(post, path = "/settlements", tag = "settlement", request_body = NewRun,
    params(IdempotencyKey),
    responses((status = 200, body = RunBody)))]
pub(in crate::operator) async fn settle_day(
    State(platform): State<Platform>,
    operator: Operator,
    body: Body<NewRun>,
) -> Result<Response, Problem> {
    let Body { value: NewRun { company_number, day }, idempotency } = body;
    let is_summed_up = run::is_summed_up(&platform, &company_number, day).await?;
    let (company, actor) = (company_number.clone(), operator.actor());
    let command = BeginRun { company, day, is_summed_up, actor, idempotency };
    let begun = platform.engine.submit(Command::BeginRun(command)).await.map_err(not_cleared)?;
    let not_settled = run::settle_all(&platform, &company_number, day, operator.actor()).await?;
    let totals = run::totals(&platform, &company_number, day).await?;
    let body = RunBody { company_number, day: day.to_string(), totals, not_settled };
    Ok(mark(Json(body).into_response(), begun.replayed))
}

/// Lists settlements, newest first.
#[utoipa::path(get, path = "/settlements", tag = "settlement", params(SettlementFilter, Page),
    responses((status = 200, body = List<SettlementBody>)))]
pub(in crate::operator) async fn list_settlements(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<SettlementBody>>, Problem> {
    let page = params.page();
    let filter = SettlementFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let SettlementFilter { company_number, seller_number, day } = filter;
    let list = match (&company_number, &seller_number, day) {
        (Some(company), Some(seller), _) => Settlement::seller_list(company, seller),
        (Some(company), None, Some(day)) => Settlement::day_list(company, day),
        (Some(company), None, None) => Settlement::company_list(company),
        (None, None, None) => SETTLEMENTS.to_owned(),
        (None, Some(_), _) | (None, None, Some(_)) => {
            return Err(Problem::field("?company_number", "is required with the others"));
        }
    };
    let is_meant = move |found: &Settlement| day.is_none_or(|day| found.key.day == day);
    let query = platform.queries.read(move |reader| {
        documents(reader, &list, page.after, page.limit, |document| {
            Settlement::of(&document).filter(is_meant)
        })
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |settlement| SettlementBody::of(&settlement))))
}

/// Shows a settlement.
#[utoipa::path(get, path = "/settlements/{id}", tag = "settlement",
    params(("id" = String, Path, description = "The settlement's id")),
    responses((status = 200, body = SettlementBody)))]
pub(in crate::operator) async fn get_settlement(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<SettlementBody>, Problem> {
    params.finish()?;
    Ok(Json(SettlementBody::of(&find(&platform, &id).await?)))
}

/// Shows the statement of a settlement, to be read, printed or sent to the seller.
#[utoipa::path(get, path = "/settlements/{id}/statement", tag = "settlement",
    params(("id" = String, Path, description = "The settlement's id"),
        ("format" = Option<String>, Query, description = "`html` (when absent) or `csv`")),
    responses((status = 200, description = "The statement",
        content((String = "text/html"), (String = "text/csv")))))]
pub(in crate::operator) async fn get_statement(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = params.optional("format", "`html` or `csv`", statement::Format::parse);
    params.finish()?;
    let format = format.flatten().unwrap_or(statement::Format::Html);
    let settlement = find(&platform, &id).await?;
    Ok(statement::answer(&settlement, &platform.engine.directory(), format))
}

/// Says that the payment of a settlement came back from the bank. What it paid out is owed again,
/// and the seller's next settlement pays it; a settlement that is in no payment file yet comes
/// into none. 409 where nothing was paid out, and where it came back before.
#[utoipa::path(post, path = "/settlements/{id}/return", tag = "settlement",
    params(("id" = String, Path, description = "The settlement's id"), IdempotencyKey),
    request_body = NewReturn, responses((status = 200, body = SettlementBody)))]
pub(in crate::operator) async fn return_payout(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<NewReturn>,
) -> Result<Response, Problem> {
    let Body { value: NewReturn { reason }, idempotency } = body;
    let Settlement { number, key, .. } = find(&platform, &id).await?;
    let actor = operator.actor();
    let command = ReturnPayout { settlement: number, key, reason, actor, idempotency };
    let answer = platform.engine.submit(Command::ReturnPayout(command)).await;
    let answer = answer.map_err(not_cleared)?;
    let Outcome::Settlement(settlement) = answer.done else { return Err(Problem::bug()) };
    let body = Json(SettlementBody::of(&settlement));
    Ok(mark(body.into_response(), answer.replayed))
}

async fn find(platform: &Platform, id: &str) -> Result<Settlement, Problem> {
    let id = Settlement::id(number_in_path(id).unwrap_or_default());
    let query = platform
        .queries
        .read(move |reader| Ok(document(reader, id)?.as_ref().and_then(Settlement::of)));
    let found = query.await.map_err(Problem::not_read)?;
    found.ok_or_else(|| refused(&Refusal::SettlementNotFound))
}
