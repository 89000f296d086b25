//! The clock: what time it is for Kassa and, in the demo, moving it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use engine::{Desk, VirtualClock, run_due};
use ledger::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::not_submitted;
use super::remembered::Remembered;
use crate::Platform;
use crate::http::body::Body;
use crate::http::fields::{FromObject, Object, Params, whole};
use crate::http::problem::Problem;

/// Furthest that the clock is moved at a time: ten years.
const ADVANCE_SECONDS_MAX: i64 = 10 * 365 * 24 * 3_600;

/// Where the clock cannot be moved to or past: 9000-01-01T00:00:00Z. Everything that is counted
/// from now, an authorization's last day for one, is still a date with a year of four digits.
const CLOCK_END: Timestamp = Timestamp(221_845_392_000_000);

/// How long who moves the clock waits for what PSPs answer.
const PSPS_WAIT_MAX: Duration = Duration::from_secs(2);

/// What time it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Clock)]
pub(super) struct ClockBody {
    /// The time by which everything is decided.
    now: String,
    /// Whether it can be moved.
    is_virtual: bool,
}

/// How far to move the clock.
#[derive(Debug, ToSchema)]
pub(super) struct Advance {
    /// Forward, in seconds.
    #[schema(minimum = 1, maximum = 315_360_000, example = 86_400)]
    seconds: i64,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Advanced {
    /// The time now.
    now: String,
    /// Authorizations whose time was over, and that were released.
    released: usize,
}

impl FromObject for Advance {
    fn from_object(object: &mut Object) -> Option<Advance> {
        let seconds = object.required("seconds", whole(1, ADVANCE_SECONDS_MAX));
        Some(Advance { seconds: seconds? })
    }
}

/// Shows the clock.
#[utoipa::path(get, path = "/clock", tag = "clock",
    responses((status = 200, body = ClockBody)))]
pub(super) async fn get_clock(
    State(platform): State<Platform>,
    params: Params,
) -> Result<Json<ClockBody>, Problem> {
    params.finish()?;
    let is_virtual = platform.virtual_clock.is_some();
    Ok(Json(ClockBody { now: platform.now().rfc3339(), is_virtual }))
}

/// Moves the demo's clock forward, and does what is due by then, at PSPs too. 404 where the clock
/// is real.
#[utoipa::path(post, path = "/clock/advance", tag = "clock", request_body = Advance,
    params(super::wire::document::IdempotencyKey),
    responses((status = 200, body = Advanced)))]
pub(super) async fn advance_clock(
    State(platform): State<Platform>,
    Extension(remembered): Extension<Arc<Remembered>>,
    body: Body<Advance>,
) -> Result<Response, Problem> {
    let no_clock = || Problem::not_found("the clock of this installation cannot be moved");
    let clock = platform.virtual_clock.clone().ok_or_else(no_clock)?;
    let Body { value: Advance { seconds }, idempotency } = body;
    let ahead_ms = seconds.saturating_mul(1_000);
    let act = async {
        if platform.now().plus_ms(ahead_ms) >= CLOCK_END {
            return Err(Problem::field("/seconds", "would move the clock past the year 8999"));
        }
        advance(&clock, ahead_ms);
        let released = run_due(&platform.engine, &platform.queries, platform.clock.as_ref()).await;
        let released = released.map_err(not_submitted)?;
        do_at_psps(&platform.desk).await;
        Ok(Advanced { now: platform.now().rfc3339(), released })
    };
    remembered.once(idempotency, act).await
}

/// Does what is due at PSPs, and waits a little for what comes of it. What fails or takes longer
/// is done by the loop that does it all the time.
async fn do_at_psps(desk: &Desk) {
    if let Err(error) = desk.look().await {
        tracing::warn!(%error, "could not look for tasks at PSPs after moving the clock");
    }
    drop(tokio::time::timeout(PSPS_WAIT_MAX, desk.idle()).await);
}

fn advance(clock: &VirtualClock, mut left_ms: i64) {
    while left_ms > 0 {
        let step_ms = u32::try_from(left_ms).unwrap_or(u32::MAX);
        clock.advance(step_ms);
        left_ms = left_ms.saturating_sub(i64::from(step_ms));
    }
}
