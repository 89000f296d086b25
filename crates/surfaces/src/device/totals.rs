//! What a terminal says that its day came to.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use clearing::{Command, Outcome, ReportTotals};
use ledger::Date;

use super::callers::Device;
use super::problem::not_totalled;
use super::wire::totals::{NewTotals, TotalsBody};
use crate::Platform;
use crate::http::body::{Body, mark_replayed};
use crate::http::problem::Problem;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Says what the terminal has accepted offline on a day. It is said once for each day and currency,
/// after the day's last upload: the same again is a repeat, and other figures are refused.
#[utoipa::path(post, path = "/totals", tag = "transactions", request_body = NewTotals,
    responses((status = 200, body = TotalsBody)))]
pub(super) async fn report_totals(
    State(platform): State<Platform>,
    device: Device,
    body: Result<Body<NewTotals>, Problem>,
) -> Result<Response, Problem> {
    let new = device.body(&platform, body).await?;
    // Somewhere it may be tomorrow.
    let latest = platform.now().0.div_euclid(DAY_MS).saturating_add(1);
    if i64::from(new.day.0) > latest || new.day < Date(0) {
        return Err(Problem::field("/day", "must not be in the future, or before 1970"));
    }
    let command = ReportTotals {
        terminal: device.number,
        token_hash: device.token_hash,
        day: new.day,
        currency: new.currency,
        purchases: new.purchases,
        refunds: new.refunds,
    };
    let answer = platform.engine.submit(Command::ReportTotals(command)).await;
    let answer = answer.map_err(not_totalled)?;
    let Outcome::Totals(totals) = answer.done else { return Err(Problem::bug()) };
    let mut response = Json(TotalsBody::of(&totals)).into_response();
    mark_replayed(response.headers_mut(), answer.replayed);
    Ok(response)
}
