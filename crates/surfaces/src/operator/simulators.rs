//! The demo's simulated PSPs: what the next payments there come to.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use payments::Psp;

use super::payees::psp_in_path;
use super::remembered::Remembered;
use super::wire::simulators::{NewScript, ScriptBody, an_outcome};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::problem::Problem;

/// Says what comes of payments at simulated PSPs.
pub trait PspScripts: std::fmt::Debug + Send + Sync {
    /// The next `count` payments and refunds at a PSP come to this, after so many milliseconds:
    /// first in, first out. False where there is no such outcome.
    fn next(&self, psp: Psp, outcome: &str, delay_ms: i64, count: u32) -> bool;
}

/// What scripts the simulated PSPs, where there are any.
#[derive(Clone, Debug)]
pub(super) struct Simulators(pub(super) Option<Arc<dyn PspScripts>>);

/// Says what the next payments and refunds at a simulated PSP come to; they queue behind what was
/// said before. 404 where PSPs are real.
#[utoipa::path(post, path = "/simulators/{psp}/next", tag = "simulators",
    params(("psp" = String, Path, description = "`swish`, `klarna`, `easy` or `santander`"),
        super::wire::document::IdempotencyKey),
    request_body = NewScript, responses((status = 200, body = ScriptBody)))]
pub(super) async fn script_psp(
    State(_): State<Platform>,
    Extension(simulators): Extension<Simulators>,
    Extension(remembered): Extension<Arc<Remembered>>,
    Segments(psp): Segments<String>,
    body: Body<NewScript>,
) -> Result<Response, Problem> {
    let no_simulators = || Problem::not_found("this installation has no simulated PSPs");
    let scripts = simulators.0.ok_or_else(no_simulators)?;
    let psp = psp_in_path(&psp)?;
    let Body { value: new, idempotency } = body;
    let script = async {
        let NewScript { outcome, delay_ms, count } = new;
        if !scripts.next(psp, outcome, delay_ms, count) {
            return Err(Problem::field("/outcome", format!("must be {}", an_outcome())));
        }
        Ok(ScriptBody { psp: psp.as_str(), outcome, delay_ms, count })
    };
    remembered.once(idempotency, script).await
}
