//! Comparisons of what we have with what others say.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use clearing::reconciliation::RECONCILIATIONS;
use clearing::{BeginReconciliation, Reconciliation, Refusal, Scope};
use engine::limits::IMPORT_WAIT_MAX;
use engine::queries::documents::{document, documents};
use engine::reconcile::{
    NotReconciled, Room, begin_reconciliation, files_of_batch, reconcile_batch,
};
use tokio::task::JoinHandle;

use super::created;
use super::problem::{not_cleared, not_reconciled, refused};
use super::wire::reconciliations::{NewReconciliation, ReconciliationBody};
use crate::Platform;
use crate::http::body::{Body, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::operator::accounts::shown;
use crate::operator::callers::Operator;
use crate::operator::wire::document::IdempotencyKey;

/// What a comparison comes to that is made in the background.
pub(super) type Run = JoinHandle<Result<Reconciliation, NotReconciled>>;

/// Lists the comparisons, newest first.
#[utoipa::path(get, path = "/reconciliations", tag = "reconciliation", params(Page),
    responses((status = 200, body = List<ReconciliationBody>)))]
pub(in crate::operator) async fn list_reconciliations(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<ReconciliationBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let query = platform.queries.read(move |reader| {
        let pick = |document| Reconciliation::of(&document);
        documents(reader, RECONCILIATIONS, page.after, page.limit, pick)
    });
    let slice = query.await.map_err(Problem::not_read)?;
    Ok(Json(shown(slice, |found| ReconciliationBody::of(&found))))
}

/// Shows a comparison.
#[utoipa::path(get, path = "/reconciliations/{id}", tag = "reconciliation",
    params(("id" = String, Path, description = "The comparison's id")),
    responses((status = 200, body = ReconciliationBody)))]
pub(in crate::operator) async fn get_reconciliation(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<ReconciliationBody>, Problem> {
    params.finish()?;
    let number = number_in_path(&id).unwrap_or_default();
    let found = find(&platform, number).await?;
    Ok(Json(ReconciliationBody::of(&found)))
}

/// Compares the ledger with the files of an acquirer's batch. It may be done again, and finds
/// nothing twice. Under a key that was used for it, only what was cut off is done again.
///
/// 201 where it has ended; 202 where it takes longer: it is done all the same.
#[utoipa::path(post, path = "/reconciliations", tag = "reconciliation",
    request_body = NewReconciliation, params(IdempotencyKey),
    responses((status = 201, body = ReconciliationBody),
        (status = 202, body = ReconciliationBody)))]
pub(in crate::operator) async fn start_reconciliation(
    State(platform): State<Platform>,
    operator: Operator,
    body: Body<NewReconciliation>,
) -> Result<Response, Problem> {
    let Body { value: NewReconciliation { batch }, idempotency } = body;
    let of_batch = batch.clone();
    // Whether there is something to compare is found before anything is noted.
    let look = platform.queries.read(move |reader| match files_of_batch(reader, &of_batch) {
        Err(NotReconciled::Store(error)) => Err(error),
        other => Ok(other.map(drop)),
    });
    look.await.map_err(Problem::not_read)?.map_err(not_reconciled)?;
    let scope = Scope::Batch(batch.clone());
    let command = BeginReconciliation { scope, sha256: None, actor: operator.actor(), idempotency };
    let begun = begin_reconciliation(&platform.engine, command).await;
    let (begun, replayed) = begun.map_err(not_cleared)?;
    if replayed && !begun.waits_for(None) {
        return Ok(shown_as(&begun, true));
    }
    let (number, engine) = (begun.number, platform.engine.clone());
    let (queries, profiles) = (platform.queries.clone(), Arc::clone(&platform.rkha21));
    let room = Room { directory: platform.spool.dir().to_owned(), profiles };
    let run = tokio::spawn(async move {
        let ended = reconcile_batch(engine, &queries, room, batch, begun).await;
        ended.inspect_err(told)
    });
    answer(&platform, number, run, replayed).await
}

/// Tells of a comparison that nobody may wait for any more.
pub(super) fn told(error: &NotReconciled) {
    tracing::warn!(%error, "a comparison was cut off; it may be started again");
}

/// Waits for a comparison for a while, and answers with it as it is then.
pub(super) async fn answer(
    platform: &Platform,
    number: i64,
    run: Run,
    replayed: bool,
) -> Result<Response, Problem> {
    match tokio::time::timeout(IMPORT_WAIT_MAX, run).await {
        Ok(Ok(ended)) => Ok(shown_as(&ended.map_err(not_reconciled)?, replayed)),
        Ok(Err(_)) => Err(Problem::bug()),
        Err(_) => Ok(shown_as(&find(platform, number).await?, replayed)),
    }
}

/// 201 with a comparison that has ended, 202 with another.
pub(super) fn shown_as(found: &Reconciliation, replayed: bool) -> Response {
    let body = ReconciliationBody::of(found);
    let status = if body.is_ended() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let mut response = created(&format!("/reconciliations/{}", found.number), replayed, &body);
    *response.status_mut() = status;
    response
}

async fn find(platform: &Platform, number: i64) -> Result<Reconciliation, Problem> {
    let id = Reconciliation::id(number);
    let query = platform.queries.read(move |reader| document(reader, id));
    let found = query.await.map_err(Problem::not_read)?.as_ref().and_then(Reconciliation::of);
    found.ok_or_else(|| refused(&Refusal::ReconciliationNotFound))
}
