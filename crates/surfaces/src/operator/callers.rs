//! Who may call: bearers of an operator key, and nobody else.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use estate::review::Reviewer;
use ledger::{Contract, Credential};

use crate::Platform;
use crate::http::callers::{CallerError, bearer};
use crate::http::problem::Problem;

/// The credential of the operator who calls.
#[derive(Clone, Debug)]
pub(super) struct Operator(Arc<Credential>);

impl Operator {
    /// What the journal calls it.
    pub(super) fn actor(&self) -> String {
        self.0.label.clone()
    }

    /// Who reviews what partners submit.
    pub(super) fn reviewer(&self) -> Reviewer {
        Reviewer { credential: self.0.id, actor: self.actor() }
    }
}

/// The layer around every route: nothing behind it runs for strangers.
pub(super) async fn authenticate(
    State(platform): State<Platform>,
    mut request: Request,
    next: Next,
) -> Response {
    match bearer(&platform, Contract::Operator, request.headers()) {
        Ok(credential) => {
            request.extensions_mut().insert(credential);
            next.run(request).await
        }
        Err(error) => unauthenticated(error).into_response(),
    }
}

fn unauthenticated(error: CallerError) -> Problem {
    Problem::unauthenticated(match error {
        CallerError::Missing => "send an operator key as a bearer token in Authorization",
        CallerError::Unknown => "the key is not good",
        CallerError::Expired => "the key has expired",
    })
}

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Operator, Problem> {
        // A route that is not behind `authenticate` is a bug, and serves nobody.
        let credential = parts.extensions.get::<Arc<Credential>>().cloned();
        credential.map(Operator).ok_or_else(|| unauthenticated(CallerError::Missing))
    }
}
