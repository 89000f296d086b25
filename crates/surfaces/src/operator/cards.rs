//! Cards. A card's number comes in here and goes no further: what is kept of it are its first six
//! and last four digits and a keyed hash.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use engine::Command;
use engine::queries::accounts::{CardView, card, cards};
use ledger::{AddCard, CardId, CardStatus, CardToken, ChangeCard, Refusal};
use payments::CardNumber;

use super::accounts::{account_no, shown, view};
use super::callers::Operator;
use super::created;
use super::problem::{added, not_submitted};
use super::wire::cards::{CardBody, CardChange, NewCard};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Lists the cards of an account, newest first.
#[utoipa::path(get, path = "/accounts/{account_no}/cards", tag = "accounts",
    params(("account_no" = String, Path, description = "The account's number"), Page),
    responses((status = 200, body = List<CardBody>)))]
pub(super) async fn list_cards(
    State(platform): State<Platform>,
    Segments(number): Segments<String>,
    mut params: Params,
) -> Result<Json<List<CardBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let account = view(&platform, account_no(&number)?).await?.account.id;
    let query = platform
        .queries
        .read(move |reader| cards(reader, account, page.after.map(CardId), page.limit));
    let slice = query.await.map_err(Problem::not_read)?;
    let directory = platform.engine.directory();
    Ok(Json(shown(slice, |view| CardBody::of(&view, &directory))))
}

/// Adds a card to an account, with or without its number. The number is never shown again.
#[utoipa::path(post, path = "/accounts/{account_no}/cards", tag = "accounts",
    params(("account_no" = String, Path, description = "The account's number"),
        super::wire::document::IdempotencyKey),
    request_body = NewCard, responses((status = 201, body = CardBody)))]
pub(super) async fn add_card(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(number): Segments<String>,
    body: Body<NewCard>,
) -> Result<Response, Problem> {
    let Body { value: NewCard { pan, expiry }, idempotency } = body;
    let account = account_no(&number)?;
    let fingerprint = |pan: &CardNumber| platform.secrets.pan_fingerprint(pan.reveal());
    let pan = pan.map(|pan| (pan.masked().clone(), fingerprint(&pan)));
    let command = AddCard {
        account,
        token: CardToken::parse(&platform.uuid()).ok_or_else(Problem::bug)?,
        pan,
        expiry,
        actor: operator.actor(),
        idempotency,
    };
    let answer = platform.engine.submit(Command::AddCard(command)).await;
    let (change, replayed) = added(answer.map_err(not_submitted)?)?;
    let company = view(&platform, account).await?.account.company;
    // From the row that was written, so that a repeat gets the same token.
    let field = |name| change.field(name).map(str::to_owned);
    let directory = platform.engine.directory();
    let body = CardBody {
        card_token: field("card_token").ok_or_else(Problem::bug)?,
        account_no: account.to_string(),
        company_number: directory
            .company_by_id(company)
            .map_or_else(String::new, |company| company.number.clone()),
        status: CardStatus::Active.as_str(),
        bin: field("bin"),
        last4: field("last4"),
        expiry: field("expiry"),
        added_at: change.at.rfc3339(),
    };
    Ok(created(&format!("/cards/{}", body.card_token), replayed, &body))
}

/// Shows a card.
#[utoipa::path(get, path = "/cards/{card_token}", tag = "accounts",
    params(("card_token" = String, Path, description = "The card's token")),
    responses((status = 200, body = CardBody)))]
pub(super) async fn get_card(
    State(platform): State<Platform>,
    Segments(token): Segments<String>,
    params: Params,
) -> Result<Json<CardBody>, Problem> {
    params.finish()?;
    let view = card_view(&platform, card_token(&token)?).await?;
    Ok(Json(CardBody::of(&view, &platform.engine.directory())))
}

/// Blocks or unblocks a card.
#[utoipa::path(patch, path = "/cards/{card_token}", tag = "accounts",
    params(("card_token" = String, Path, description = "The card's token")),
    request_body = CardChange, responses((status = 200, body = CardBody)))]
pub(super) async fn change_card(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(token): Segments<String>,
    body: Body<CardChange>,
) -> Result<Json<CardBody>, Problem> {
    let token = card_token(&token)?;
    let CardChange { status } = body.value;
    let command = ChangeCard { token: token.clone(), status, actor: operator.actor() };
    platform.engine.submit(Command::ChangeCard(command)).await.map_err(not_submitted)?;
    let view = card_view(&platform, token).await?;
    Ok(Json(CardBody::of(&view, &platform.engine.directory())))
}

fn card_token(text: &str) -> Result<CardToken, Problem> {
    CardToken::parse(text).ok_or_else(|| not_submitted(Refusal::CardNotFound.into()))
}

async fn card_view(platform: &Platform, token: CardToken) -> Result<CardView, Problem> {
    let view = platform.queries.read(move |reader| card(reader, &token)).await;
    view.map_err(Problem::not_read)?.ok_or_else(|| not_submitted(Refusal::CardNotFound.into()))
}
