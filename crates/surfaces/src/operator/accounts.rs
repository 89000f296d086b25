//! Accounts: opening, changing, their balances now and then, their statements and reservations.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use engine::queries::accounts::{AccountView, account, accounts, card};
use engine::queries::balances::{AsOfError, account_as_of};
use engine::queries::{Slice, entries};
use engine::{Command, SubmitError};
use ledger::{
    AccountId, AccountNo, AccountStatus, Balance, CardToken, ChangeAccount, Currency, OpenAccount,
    Refusal, RowId, Timestamp,
};

use super::callers::Operator;
use super::created;
use super::problem::{added, not_submitted};
use super::wire::accounts::{
    AccountBody, AccountChange, AccountFilter, AsOf, EntryBody, NewAccount, ReservationBody,
};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::{Params, instant};
use crate::http::paging::{List, Page, cursor};
use crate::http::problem::Problem;

/// Lists accounts, newest first; those of a company, or the one of a card.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(AccountFilter, Page),
    responses((status = 200, body = List<AccountBody>)))]
pub(super) async fn list_accounts(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<AccountBody>>, Problem> {
    let page = params.page();
    let filter = AccountFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let directory = platform.engine.directory();
    let company = filter.company_number.as_deref();
    let company = company.map(|number| directory.company(number).map(|company| company.id));
    let company = match company {
        Some(None) => return Ok(Json(List { items: Vec::new(), next: None })),
        Some(some) => some,
        None => None,
    };
    let slice = platform.queries.read(move |reader| {
        let Some(token) = filter.card_token else {
            return accounts(reader, company, page.after.map(AccountId), page.limit);
        };
        // A text that no card can have as its token is the token of no card.
        let found = CardToken::parse(&token).map(|token| card(reader, &token)).transpose()?;
        let number = found.flatten().map(|view| AccountNo::of(view.card.account));
        let found = number.map(|number| account(reader, number)).transpose()?.flatten();
        let found = found.filter(|view| company.is_none_or(|id| view.account.company == id));
        let found = found.filter(|view| page.after.is_none_or(|after| view.account.id.0 < after));
        Ok(Slice { items: found.into_iter().collect(), next: None })
    });
    let slice = slice.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |view| AccountBody::of(&view, &directory, None))))
}

/// Opens an account.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = NewAccount,
    params(super::wire::document::IdempotencyKey),
    responses((status = 201, body = AccountBody)))]
pub(super) async fn open_account(
    State(platform): State<Platform>,
    operator: Operator,
    body: Body<NewAccount>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = body;
    let command = OpenAccount {
        company: new.company_number.clone(),
        currency: new.currency.clone(),
        credit_limit: new.credit_limit,
        holder: new.holder.clone(),
        actor: operator.actor(),
        idempotency,
    };
    let answer = platform.engine.submit(Command::OpenAccount(command)).await;
    let (change, replayed) = added(answer.map_err(not_opened)?)?;
    // From the request and the row it wrote, so that a repeat gets the same, whatever has happened
    // to the account since.
    let currency = Currency::parse(&new.currency).ok_or_else(Problem::bug)?;
    let id = change.account.ok_or_else(Problem::bug)?;
    let credit_limit = new.credit_limit.minor(currency).map_err(|_| Problem::bug())?;
    let body = AccountBody::opened(AccountNo::of(id), new, currency, credit_limit, change.at);
    Ok(created(&format!("/accounts/{}", body.account_no), replayed, &body))
}

/// A company that the body names and that is not there is an error of the body.
fn not_opened(error: SubmitError) -> Problem {
    if error == SubmitError::Refused(Refusal::CompanyNotConfigured) {
        return Problem::field("/company_number", "no company has this number");
    }
    not_submitted(error)
}

/// Shows an account, now or as it stood.
#[utoipa::path(get, path = "/accounts/{account_no}", tag = "accounts",
    params(("account_no" = String, Path, description = "The account's number"), AsOf),
    responses((status = 200, body = AccountBody)))]
pub(super) async fn get_account(
    State(platform): State<Platform>,
    Segments(number): Segments<String>,
    mut params: Params,
) -> Result<Json<AccountBody>, Problem> {
    let expected = "a time, like 2026-11-20T12:00:00.000Z";
    let as_of = params.optional("as_of", expected, instant);
    params.finish()?;
    let as_of = as_of.ok_or_else(Problem::bug)?;
    let number = account_no(&number)?;
    let view = match as_of {
        None => view(&platform, number).await?,
        Some(as_of) => {
            let view = account_as_of(&platform.queries, number, as_of).await;
            let view = view.map_err(past_not_told)?;
            view.ok_or_else(|| Problem::not_found("no account had this number then"))?
        }
    };
    Ok(Json(AccountBody::of(&view, &platform.engine.directory(), as_of)))
}

fn past_not_told(error: AsOfError) -> Problem {
    match error {
        AsOfError::Store(error) => Problem::not_read(error),
        AsOfError::TooFarBack => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let title = "The past cannot be told";
            Problem::new(status, "too-far-back", title, error.to_string())
        }
    }
}

/// Changes an account's limit or status.
#[utoipa::path(patch, path = "/accounts/{account_no}", tag = "accounts",
    params(("account_no" = String, Path, description = "The account's number")),
    request_body = AccountChange, responses((status = 200, body = AccountBody)))]
pub(super) async fn change_account(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(number): Segments<String>,
    body: Body<AccountChange>,
) -> Result<Json<AccountBody>, Problem> {
    let account = account_no(&number)?;
    let AccountChange { credit_limit, status } = body.value;
    let command = ChangeAccount { account, credit_limit, status, actor: operator.actor() };
    platform.engine.submit(Command::ChangeAccount(command)).await.map_err(not_submitted)?;
    let view = view(&platform, account).await?;
    Ok(Json(AccountBody::of(&view, &platform.engine.directory(), None)))
}

/// Lists what has been booked on an account, newest first.
#[utoipa::path(get, path = "/accounts/{account_no}/entries", tag = "accounts",
    params(("account_no" = String, Path, description = "The account's number"), Page),
    responses((status = 200, body = List<EntryBody>)))]
pub(super) async fn list_entries(
    State(platform): State<Platform>,
    Segments(number): Segments<String>,
    mut params: Params,
) -> Result<Json<List<EntryBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let account = view(&platform, account_no(&number)?).await?.account;
    let query = platform
        .queries
        .read(move |reader| entries::entries(reader, &account, page.after.map(RowId), page.limit));
    let slice = query.await.map_err(Problem::not_read)?.ok_or_else(foreign_cursor)?;
    let directory = platform.engine.directory();
    Ok(Json(shown(slice, |entry| EntryBody::of(entry, &directory))))
}

/// Lists the authorizations that hold money on an account, newest first.
#[utoipa::path(get, path = "/accounts/{account_no}/reservations", tag = "accounts",
    params(("account_no" = String, Path, description = "The account's number"), Page),
    responses((status = 200, body = List<ReservationBody>)))]
pub(super) async fn list_reservations(
    State(platform): State<Platform>,
    Segments(number): Segments<String>,
    mut params: Params,
) -> Result<Json<List<ReservationBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let account = view(&platform, account_no(&number)?).await?.account;
    let query = platform.queries.read(move |reader| {
        entries::reservations(reader, &account, page.after.map(RowId), page.limit)
    });
    let slice = query.await.map_err(Problem::not_read)?.ok_or_else(foreign_cursor)?;
    let directory = platform.engine.directory();
    Ok(Json(shown(slice, |reservation| ReservationBody::of(reservation, &directory))))
}

/// A cursor of another list.
pub(super) fn foreign_cursor() -> Problem {
    Problem::field("?after", "must be the cursor of an earlier page of this list")
}

/// The number of an account; one that no account can have is the number of none.
pub(super) fn account_no(text: &str) -> Result<AccountNo, Problem> {
    AccountNo::parse(text).ok_or_else(|| not_submitted(Refusal::AccountNotFound.into()))
}

/// An account as it stands.
pub(super) async fn view(platform: &Platform, number: AccountNo) -> Result<AccountView, Problem> {
    let view = platform.queries.read(move |reader| account(reader, number)).await;
    view.map_err(Problem::not_read)?.ok_or_else(|| not_submitted(Refusal::AccountNotFound.into()))
}

/// A part of a list as clients see it.
pub(super) fn shown<I, T>(slice: Slice<I>, show: impl FnMut(I) -> T) -> List<T> {
    let next = slice.next.map(cursor);
    List { items: slice.items.into_iter().map(show).collect(), next }
}

impl AccountBody {
    /// A new account.
    fn opened(
        number: AccountNo,
        new: NewAccount,
        currency: Currency,
        credit_limit: i64,
        opened_at: Timestamp,
    ) -> AccountBody {
        let body = AccountBody {
            account_no: number.to_string(),
            company_number: new.company_number,
            currency: currency.code(),
            holder: new.holder,
            status: AccountStatus::Active.as_str(),
            credit_limit: String::new(),
            debt: String::new(),
            reserved_amount: String::new(),
            available_amount: String::new(),
            opened_at: opened_at.rfc3339(),
            as_of: None,
        };
        body.with_balance(currency, credit_limit, Balance::default(), credit_limit)
    }
}
