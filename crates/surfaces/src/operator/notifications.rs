//! What merchants are told, whether it came, and what is sent anew.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use engine::queries::documents::{document, documents};
use ledger::{Idempotency, Timestamp};
use payments::limits::REDELIVERED_AT_ONCE_MAX;
use payments::{Command, Notification, Outcome, Redeliver, Refusal};
use std::sync::Arc;

use super::accounts::shown;
use super::callers::Operator;
use super::endpoints::find as find_endpoint;
use super::mark;
use super::problem::{not_allowed, not_paid};
use super::remembered::Remembered;
use super::wire::document::Nothing;
use super::wire::endpoints::{RedeliveredBody, Since};
use super::wire::notifications::{NotificationBody, NotificationFilter};
use crate::Platform;
use crate::http::body::{Body, BodyIfAny, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Most notifications that one request sends anew.
const REDELIVERED_MAX: usize = 4_096;

/// Lists what merchants are told, newest first.
#[utoipa::path(get, path = "/notifications", tag = "notifications",
    params(NotificationFilter, Page), responses((status = 200, body = List<NotificationBody>)))]
pub(super) async fn list_notifications(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<NotificationBody>>, Problem> {
    let page = params.page();
    let filter = NotificationFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let query = platform.queries.read(move |reader| {
        let pick = |document| Notification::of(&document).filter(|it| filter.suits(it));
        documents(reader, &filter.list(), page.after, page.limit, pick)
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |notification| NotificationBody::of(&notification))))
}

/// Shows what a merchant is told of a change of a payment, and each attempt to tell it.
#[utoipa::path(get, path = "/notifications/{id}", tag = "notifications",
    params(("id" = String, Path, description = "The notification's id")),
    responses((status = 200, body = NotificationBody)))]
pub(super) async fn get_notification(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<NotificationBody>, Problem> {
    params.finish()?;
    Ok(Json(NotificationBody::of(&find(&platform, &id).await?)))
}

/// Sends a notification anew, whether or not it was delivered, under the same `webhook-id`. 409
/// where nothing is sent to its endpoint.
#[utoipa::path(post, path = "/notifications/{id}/redeliver", tag = "notifications",
    params(("id" = String, Path, description = "The notification's id"),
        super::wire::document::IdempotencyKey),
    request_body = Nothing, responses((status = 200, body = NotificationBody)))]
pub(super) async fn redeliver_notification(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Nothing>,
) -> Result<Response, Problem> {
    let number = find(&platform, &id).await?.number;
    let (_, replayed) = redeliver(&platform, &operator, vec![number], body.idempotency).await?;
    let now = find(&platform, &id).await?;
    Ok(mark(Json(NotificationBody::of(&now)).into_response(), replayed))
}

/// Sends everything anew that was given up for an endpoint since some time: the newest first, as
/// many as one request may.
#[utoipa::path(post,
    path = "/customers/{customer_id}/notification-endpoints/{endpoint_id}/redeliver",
    tag = "notifications", request_body = Since,
    params(("customer_id" = i64, Path, description = "The customer's id"),
        ("endpoint_id" = String, Path, description = "The endpoint's id"),
        super::wire::document::IdempotencyKey),
    responses((status = 200, body = RedeliveredBody)))]
pub(super) async fn redeliver_failed(
    State(platform): State<Platform>,
    operator: Operator,
    Extension(remembered): Extension<Arc<Remembered>>,
    Segments((id, endpoint)): Segments<(String, String)>,
    body: Body<Since>,
) -> Result<Response, Problem> {
    let endpoint = find_endpoint(&platform, &id, &endpoint)?;
    if !endpoint.is_active() {
        return Err(not_allowed(&Refusal::EndpointDisabled));
    }
    let Body { value: Since { since }, idempotency } = body;
    let act = async {
        let failed = failed(&platform, endpoint.number, since).await?;
        let more = failed.len() > REDELIVERED_MAX;
        let failed: Vec<i64> = failed.into_iter().take(REDELIVERED_MAX).collect();
        let mut redelivered = 0_usize;
        for some in failed.chunks(REDELIVERED_AT_ONCE_MAX) {
            let (sent, _) = redeliver(&platform, &operator, some.to_vec(), None).await?;
            redelivered = redelivered.saturating_add(sent.len());
        }
        Ok(RedeliveredBody { redelivered, more })
    };
    remembered.once(idempotency, act).await
}

/// What was given up for an endpoint since some time, newest first: one more than is sent anew.
async fn failed(platform: &Platform, endpoint: i64, since: Timestamp) -> Result<Vec<i64>, Problem> {
    let query = platform.queries.read(move |reader| {
        let is_meant = |it: &Notification| it.created_at >= since;
        let pick = |document| Notification::of(&document).filter(is_meant).map(|it| it.number);
        let list = Notification::failed_list(endpoint);
        documents(reader, &list, None, REDELIVERED_MAX.saturating_add(1), pick)
    });
    Ok(query.await.map_err(Problem::not_read)?.items)
}

/// Sends notifications anew, at once. Returns those that are, and whether they were before.
async fn redeliver(
    platform: &Platform,
    operator: &Operator,
    notifications: Vec<i64>,
    idempotency: Option<Idempotency>,
) -> Result<(Vec<i64>, bool), Problem> {
    let command = Redeliver { notifications, actor: operator.actor(), idempotency };
    let answer = platform.engine.submit(Command::Redeliver(command)).await.map_err(not_paid)?;
    let Outcome::Redelivered(sent) = answer.done else { return Err(Problem::bug()) };
    for number in &sent {
        platform.courier.due_now(*number);
    }
    Ok((sent, answer.replayed))
}

async fn find(platform: &Platform, id: &str) -> Result<Notification, Problem> {
    let none = || not_allowed(&Refusal::NotificationNotFound);
    let id = Notification::id(number_in_path(id).ok_or_else(none)?);
    let read = platform
        .queries
        .read(move |reader| Ok(document(reader, id)?.as_ref().and_then(Notification::of)));
    read.await.map_err(Problem::not_read)?.ok_or_else(none)
}
