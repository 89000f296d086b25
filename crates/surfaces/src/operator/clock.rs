//! The clock: what time it is for Kassa and, in the demo, moving it.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use engine::{VirtualClock, run_due};
use ledger::{Idempotency, Refusal, Timestamp};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::mark;
use super::problem::not_submitted;
use crate::Platform;
use crate::http::body::Body;
use crate::http::fields::{FromObject, Object, Params, whole};
use crate::http::problem::Problem;

/// Furthest that the clock is moved at a time: ten years.
const ADVANCE_SECONDS_MAX: i64 = 10 * 365 * 24 * 3_600;

/// Where the clock cannot be moved to or past: 9000-01-01T00:00:00Z. Everything that is counted
/// from now, an authorization's last day for one, is still a date with a year of four digits.
const CLOCK_END: Timestamp = Timestamp(221_845_392_000_000);

/// Most advances that are remembered for a repeat.
const ADVANCES_REMEMBERED_MAX: usize = 1_000;

/// The advances that carried an idempotency key. They are forgotten when the program ends, as is
/// how far the clock was moved.
#[derive(Debug, Default)]
pub(super) struct Advances(Mutex<VecDeque<(Idempotency, Advanced)>>);

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
#[derive(Clone, Debug, Serialize, ToSchema)]
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

/// Moves the demo's clock forward, and does what is due by then. 404 where the clock is real.
#[utoipa::path(post, path = "/clock/advance", tag = "clock", request_body = Advance,
    params(super::wire::document::IdempotencyKey),
    responses((status = 200, body = Advanced)))]
pub(super) async fn advance_clock(
    State(platform): State<Platform>,
    Extension(advances): Extension<Arc<Advances>>,
    body: Body<Advance>,
) -> Result<Response, Problem> {
    let no_clock = || Problem::not_found("the clock of this installation cannot be moved");
    let clock = platform.virtual_clock.clone().ok_or_else(no_clock)?;
    // Held to the end: two requests with one key move the clock once.
    let mut remembered = advances.0.lock().await;
    if let Some(idempotency) = body.idempotency {
        let known = remembered.iter().find(|(known, _)| known.key == idempotency.key);
        if let Some((known, advanced)) = known {
            if known.fingerprint != idempotency.fingerprint {
                return Err(not_submitted(Refusal::IdempotencyKeyReused.into()));
            }
            return Ok(mark(Json(advanced).into_response(), true));
        }
    }
    let ahead_ms = body.value.seconds.saturating_mul(1_000);
    if platform.now().plus_ms(ahead_ms) >= CLOCK_END {
        return Err(Problem::field("/seconds", "would move the clock past the year 8999"));
    }
    advance(&clock, ahead_ms);
    let released = run_due(&platform.engine, &platform.queries, platform.clock.as_ref()).await;
    let released = released.map_err(not_submitted)?;
    let outcome = Advanced { now: platform.now().rfc3339(), released };
    if let Some(idempotency) = body.idempotency {
        remembered.push_back((idempotency, outcome.clone()));
        if remembered.len() > ADVANCES_REMEMBERED_MAX {
            remembered.pop_front();
        }
    }
    Ok(Json(outcome).into_response())
}

fn advance(clock: &VirtualClock, mut left_ms: i64) {
    while left_ms > 0 {
        let step_ms = u32::try_from(left_ms).unwrap_or(u32::MAX);
        clock.advance(step_ms);
        left_ms = left_ms.saturating_sub(i64::from(step_ms));
    }
}
