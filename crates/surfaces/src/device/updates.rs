//! What a device says of an update while it installs it.

use axum::Json;
use axum::extract::State;
use engine::queries::documents::document;
use estate::command::Outcome;
use estate::report_update::ReportUpdate;
use estate::{Command, Update};

use super::callers::Device;
use super::problem::{no_update, not_submitted};
use super::wire::updates::{UpdateBody, UpdateReport};
use crate::Platform;
use crate::http::body::{Body, Segments, number_in_path};
use crate::http::problem::Problem;

/// Says how far an update is. To say the same again changes nothing.
#[utoipa::path(post, path = "/updates/{update_id}/status", tag = "updates",
    params(("update_id" = String, Path, description = "As the call home named it")),
    request_body = UpdateReport, responses((status = 200, body = UpdateBody)))]
pub(super) async fn report_update(
    State(platform): State<Platform>,
    device: Device,
    Segments(id): Segments<String>,
    body: Result<Body<UpdateReport>, Problem>,
) -> Result<Json<UpdateBody>, Problem> {
    device.terminal(&platform).await?;
    let report = body?.value;
    let number = number_in_path(&id).ok_or_else(no_update)?;
    let rollout = rollout_of(&platform, number).await?;
    let command = ReportUpdate {
        terminal: device.number,
        token_hash: device.token_hash,
        update: number,
        status: report.status,
        message: report.message,
        rollouts: rollout.into_iter().collect(),
    };
    let answer = platform.engine.submit(Command::ReportUpdate(command)).await;
    let Outcome::Update(update) = answer.map_err(not_submitted)?.done else {
        return Err(Problem::bug());
    };
    Ok(Json(UpdateBody::of(&update)))
}

/// The rollout that an update is part of: whose tally will be counted in.
async fn rollout_of(platform: &Platform, update: i64) -> Result<Option<i64>, Problem> {
    let found = platform.queries.read(move |reader| document(reader, Update::id(update)));
    let update = found.await.map_err(Problem::not_read)?.as_ref().and_then(Update::of);
    Ok(update.and_then(|update| update.rollout))
}
