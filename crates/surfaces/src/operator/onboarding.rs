//! Onboarding requests: the queue of what partners submitted, and what operators say to it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use engine::queries::documents::{document, documents};
use estate::command::Outcome;
use estate::request::REQUESTS;
use estate::review::{ApproveRequest, ClaimRequest, RejectRequest};
use estate::{Command, Refusal, Request};

use super::accounts::shown;
use super::callers::Operator;
use super::mark;
use super::problem::{not_decided, not_granted};
use super::wire::document::Nothing;
use super::wire::onboarding::{
    ApprovalBody, Identities, IdentitiesChoice, Rejection, RequestBody, RequestFilter,
};
use crate::Platform;
use crate::http::body::{Body, BodyIfAny, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Lists onboarding requests, newest first.
#[utoipa::path(get, path = "/onboarding-requests", tag = "onboarding",
    params(RequestFilter, Page), responses((status = 200, body = List<RequestBody>)))]
pub(super) async fn list_requests(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<RequestBody>>, Problem> {
    let page = params.page();
    let filter = RequestFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let list = filter.status.map_or(REQUESTS.to_owned(), Request::status_list);
    let query = platform.queries.read(move |reader| {
        documents(reader, &list, page.after, page.limit, |document| Request::of(&document))
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |request| RequestBody::of(&request))))
}

/// Shows an onboarding request with everything that was submitted, but for the password.
#[utoipa::path(get, path = "/onboarding-requests/{request_id}", tag = "onboarding",
    params(("request_id" = i64, Path, description = "The request's id")),
    responses((status = 200, body = RequestBody)))]
pub(super) async fn get_request(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<RequestBody>, Problem> {
    params.finish()?;
    let id = Request::id(request_number(&id)?);
    let query = platform.queries.read(move |reader| document(reader, id));
    let request = query.await.map_err(Problem::not_read)?.as_ref().and_then(Request::of);
    let request = request.ok_or_else(|| not_granted(&Refusal::RequestNotFound))?;
    Ok(Json(RequestBody::of(&request)))
}

/// Begins a review, so that other operators see that it is taken.
#[utoipa::path(post, path = "/onboarding-requests/{request_id}/claim", tag = "onboarding",
    params(("request_id" = i64, Path, description = "The request's id"),
        super::wire::document::IdempotencyKey),
    request_body = Nothing, responses((status = 200, body = RequestBody)))]
pub(super) async fn claim_request(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Nothing>,
) -> Result<Response, Problem> {
    let command = ClaimRequest {
        request: request_number(&id)?,
        reviewer: operator.reviewer(),
        idempotency: body.idempotency,
    };
    reviewed(&platform, Command::ClaimRequest(command)).await
}

/// Rejects a request. The partner sees the message, and may submit the customer again.
#[utoipa::path(post, path = "/onboarding-requests/{request_id}/reject", tag = "onboarding",
    params(("request_id" = i64, Path, description = "The request's id"),
        super::wire::document::IdempotencyKey),
    request_body = Rejection, responses((status = 200, body = RequestBody)))]
pub(super) async fn reject_request(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    body: Body<Rejection>,
) -> Result<Response, Problem> {
    let command = RejectRequest {
        request: request_number(&id)?,
        message: body.value.message,
        reviewer: operator.reviewer(),
        idempotency: body.idempotency,
    };
    reviewed(&platform, Command::RejectRequest(command)).await
}

/// Approves a request: its customer becomes a merchant, with a seller on the card ledger, and its
/// terminals are ordered. The activation codes in the answer are shown by the terminals too.
#[utoipa::path(post, path = "/onboarding-requests/{request_id}/approve", tag = "onboarding",
    params(("request_id" = i64, Path, description = "The request's id"),
        super::wire::document::IdempotencyKey),
    request_body = IdentitiesChoice, responses((status = 200, body = ApprovalBody)))]
pub(super) async fn approve_request(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Identities>,
) -> Result<Response, Problem> {
    let command = ApproveRequest {
        request: request_number(&id)?,
        identities: body.value.0,
        draw: platform.draw(),
        reviewer: operator.reviewer(),
        idempotency: body.idempotency,
    };
    let answer = platform.engine.submit(Command::ApproveRequest(command)).await;
    let answer = answer.map_err(not_decided)?;
    let Outcome::Approved(approval) = answer.done else { return Err(Problem::bug()) };
    let body = ApprovalBody::of(&approval, &platform.secrets);
    Ok(mark(Json(body).into_response(), answer.replayed))
}

async fn reviewed(platform: &Platform, command: Command) -> Result<Response, Problem> {
    let answer = platform.engine.submit(command).await.map_err(not_decided)?;
    let Outcome::Request(request) = answer.done else { return Err(Problem::bug()) };
    Ok(mark(Json(RequestBody::of(&request)).into_response(), answer.replayed))
}

fn request_number(id: &str) -> Result<i64, Problem> {
    number_in_path(id).ok_or_else(|| not_granted(&Refusal::RequestNotFound))
}
