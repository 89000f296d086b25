//! Credentials: issued once with their secret, revoked at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use engine::Command;
use ledger::{Credential, CredentialId, IssueCredential, Refusal, RevokeCredential};

use super::callers::Operator;
use super::created;
use super::problem::{added, not_submitted};
use super::wire::credentials::{
    CredentialBody, IssuedCredentialBody, NewCredential, NewCredentialBody, Reach,
};
use crate::Platform;
use crate::http::body::{Body, Segments};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::http::secrets::secret_hash;

/// Lists credentials, newest first, revoked ones included.
#[utoipa::path(get, path = "/credentials", tag = "credentials", params(Page),
    responses((status = 200, body = List<CredentialBody>)))]
pub(super) async fn list_credentials(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<CredentialBody>>, Problem> {
    let page = params.page();
    params.finish()?;
    let page = page.ok_or_else(Problem::bug)?;
    let directory = platform.engine.directory();
    let credentials = directory.credentials().rev();
    let show = |credential: &&Arc<Credential>| body(&platform, credential);
    Ok(Json(List::of(page, credentials, |credential| credential.id.0, show)))
}

/// Issues a credential. Its secret is in this answer, and in no other.
#[utoipa::path(post, path = "/credentials", tag = "credentials", request_body = NewCredentialBody,
    params(super::wire::document::IdempotencyKey),
    responses((status = 201, body = IssuedCredentialBody)))]
pub(super) async fn issue_credential(
    State(platform): State<Platform>,
    operator: Operator,
    request: Body<NewCredential>,
) -> Result<Response, Problem> {
    let Body { value: new, idempotency } = request;
    let (contract, scope) = match new.reach {
        Reach::Built { contract, scope } => (contract, scope),
        Reach::NotBuilt(what) => return Err(not_built(what)),
    };
    let mut salt = [0; 16];
    platform.randomness.fill(&mut salt);
    let command = IssueCredential {
        contract,
        login: None,
        label: new.label,
        scope,
        secret_hash: secret_hash(&platform.secrets.credential_secret(&salt)),
        salt,
        expires_at: new.expires_at,
        actor: operator.actor(),
        idempotency,
    };
    let answer = platform.engine.submit(Command::IssueCredential(command)).await;
    let (change, replayed) = added(answer.map_err(not_submitted)?)?;
    let credential = credential(&platform, CredentialId(change.subject.0))?;
    // As it was when it was issued: a repeat gets the same, whatever has happened since.
    let first =
        Credential { revoked_at: None, last_used_at: None, ..Credential::clone(&credential) };
    let body = IssuedCredentialBody {
        secret: platform.secrets.credential_secret(&first.salt),
        credential: CredentialBody::of(&first, None),
    };
    Ok(created(&format!("/credentials/{}", first.id.0), replayed, &body))
}

fn not_built(what: &'static str) -> Problem {
    let title = "This is not built yet";
    let detail = format!("this installation has no {what} yet");
    Problem::new(StatusCode::NOT_IMPLEMENTED, "not-implemented", title, detail)
}

/// Shows a credential, without its secret.
#[utoipa::path(get, path = "/credentials/{id}", tag = "credentials",
    params(("id" = String, Path, description = "The credential's id")),
    responses((status = 200, body = CredentialBody)))]
pub(super) async fn get_credential(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<CredentialBody>, Problem> {
    params.finish()?;
    let credential = credential(&platform, credential_id(&id)?)?;
    Ok(Json(body(&platform, &credential)))
}

/// Revokes a credential, at once and for good.
#[utoipa::path(delete, path = "/credentials/{id}", tag = "credentials",
    params(("id" = String, Path, description = "The credential's id")),
    responses((status = 204, description = "It is good no more")))]
pub(super) async fn revoke_credential(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<StatusCode, Problem> {
    params.finish()?;
    let credential = credential_id(&id)?;
    let command = RevokeCredential { credential, actor: operator.actor() };
    platform.engine.submit(Command::RevokeCredential(command)).await.map_err(not_submitted)?;
    Ok(StatusCode::NO_CONTENT)
}

fn credential_id(text: &str) -> Result<CredentialId, Problem> {
    let id = text.parse().ok().filter(|id: &i64| id.to_string() == text);
    id.map(CredentialId).ok_or_else(no_credential)
}

fn credential(platform: &Platform, id: CredentialId) -> Result<Arc<Credential>, Problem> {
    platform.engine.directory().credential(id).cloned().ok_or_else(no_credential)
}

fn no_credential() -> Problem {
    not_submitted(Refusal::NotFound.into())
}

fn body(platform: &Platform, credential: &Credential) -> CredentialBody {
    let seen = platform.uses.last(credential.id);
    CredentialBody::of(credential, seen.max(credential.last_used_at))
}
