//! Answers that are kept in memory for a repeat: of requests that leave nothing in the store by
//! which they would be known again.

use std::collections::VecDeque;

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use ledger::{Idempotency, Refusal};
use serde::Serialize;
use tokio::sync::Mutex;

use super::mark;
use super::problem::not_submitted;
use crate::http::problem::Problem;

/// Most answers that are remembered.
const ANSWERS_MAX: usize = 1_000;

/// The answers to requests that carried an idempotency key. They are forgotten when the program
/// ends.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<VecDeque<(Idempotency, String)>>);

impl Remembered {
    /// Does something, unless it was done under this key before, and answers 200.
    ///
    /// # Errors
    /// What `act` says, which is not remembered; 422 when the key stands for another request.
    pub(super) async fn once<T: Serialize>(
        &self,
        idempotency: Option<Idempotency>,
        act: impl Future<Output = Result<T, Problem>>,
    ) -> Result<Response, Problem> {
        let Some(idempotency) = idempotency else { return Ok(json(written(&act.await?)?)) };
        // Held to the end: two requests with one key act once.
        let mut answers = self.0.lock().await;
        let known = answers.iter().find(|(known, _)| known.key == idempotency.key);
        if let Some((known, body)) = known {
            if known.fingerprint != idempotency.fingerprint {
                return Err(not_submitted(Refusal::IdempotencyKeyReused.into()));
            }
            return Ok(mark(json(body.clone()), true));
        }
        let body = written(&act.await?)?;
        answers.push_back((idempotency, body.clone()));
        if answers.len() > ANSWERS_MAX {
            answers.pop_front();
        }
        Ok(json(body))
    }
}

fn written(answer: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(answer).map_err(|_| Problem::bug())
}

fn json(body: String) -> Response {
    let media_type = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, media_type)], body).into_response()
}
