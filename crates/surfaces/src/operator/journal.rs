//! What happened, and whether it adds up.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use engine::limits::RETRY_AFTER_SECONDS;
use engine::queries::events::events;
use engine::queries::verification::verification;
use tokio::sync::Semaphore;

use super::wire::journal::{EventBody, EventList, VerificationBody};
use crate::Platform;
use crate::http::fields::Params;
use crate::http::paging::{Page, cursor};
use crate::http::problem::Problem;

/// Lets one verification run at a time: each reads the whole store, also when its caller is gone.
#[derive(Debug)]
pub(super) struct Verifications(Arc<Semaphore>);

impl Default for Verifications {
    fn default() -> Verifications {
        Verifications(Arc::new(Semaphore::new(1)))
    }
}

/// Checks all invariants over the whole ledger. Answers 200 whether they hold or not.
#[utoipa::path(get, path = "/ledger/verification", tag = "journal",
    responses((status = 200, body = VerificationBody)))]
pub(super) async fn verify_ledger(
    State(platform): State<Platform>,
    Extension(running): Extension<Arc<Verifications>>,
    params: Params,
) -> Result<Json<VerificationBody>, Problem> {
    params.finish()?;
    let Ok(permit) = Arc::clone(&running.0).try_acquire_owned() else {
        let detail = "another verification is running";
        return Err(Problem::unavailable("busy", detail, RETRY_AFTER_SECONDS));
    };
    let query = platform.queries.read(move |reader| {
        let verified = verification(reader);
        drop(permit);
        verified
    });
    let verified = query.await.map_err(Problem::not_read)?;
    if !verified.is_ok() {
        tracing::error!("the ledger does not add up; see GET /operator/v1/ledger/verification");
    }
    Ok(Json(VerificationBody::of(verified)))
}

/// Lists what happened, oldest first. The feed has no end: `next` is always where to ask for more.
#[utoipa::path(get, path = "/events", tag = "journal", params(Page),
    responses((status = 200, body = EventList)))]
pub(super) async fn list_events(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<EventList>, Problem> {
    let feed = params.feed();
    params.finish()?;
    let (limit, after) = feed.ok_or_else(Problem::bug)?;
    let query = platform.queries.read(move |reader| events(reader, &after, limit));
    let (items, next) = query.await.map_err(Problem::not_read)?;
    let directory = platform.engine.directory();
    let items = items.into_iter().map(|event| EventBody::of(event, &directory)).collect();
    // A feed that is asked for before anything has happened begins at the beginning again.
    let next = (!next.is_start()).then(|| cursor(next));
    Ok(Json(EventList { items, next }))
}
