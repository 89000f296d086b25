//! Credentials: issued once with their secret, revoked at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use engine::{Command, SubmitError};
use estate::Customer;
use ledger::{
    Answer, Contract, Credential, CredentialId, IssueCredential, Refusal, RevokeCredential, Scope,
};

use super::callers::Operator;
use super::created;
use super::problem::{added, not_submitted};
use super::wire::credentials::{
    CredentialBody, IssuedCredentialBody, NewCredential, NewCredentialBody, Reach,
};
use crate::Platform;
use crate::http::body::{Body, Segments, number_in_path};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::http::secrets::{login, secret_hash};

/// How often a login is drawn before it is given up.
const LOGIN_TRIES_MAX: usize = 16;

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
    let (contract, scope) = reach(&platform, new.reach)?;
    let mut command = IssueCredential {
        contract,
        login: None,
        label: new.label,
        scope,
        secret_hash: [0; 32],
        salt: [0; 16],
        expires_at: new.expires_at,
        actor: operator.actor(),
        idempotency,
    };
    let answer = issue(&platform, &mut command).await?;
    let (change, replayed) = added(answer)?;
    let credential = credential(&platform, CredentialId(change.subject.0))?;
    // As it was when it was issued: a repeat gets the same, whatever has happened since.
    let first =
        Credential { revoked_at: None, last_used_at: None, ..Credential::clone(&credential) };
    let body = IssuedCredentialBody::of(&first, platform.secrets.credential_secret(&first.salt));
    Ok(created(&format!("/credentials/{}", first.id.0), replayed, &body))
}

/// Where a new credential shall be good, and what it may reach there.
fn reach(platform: &Platform, reach: Reach) -> Result<(Contract, Scope), Problem> {
    let directory = platform.engine.directory();
    match reach {
        Reach::Built { contract, scope } => {
            if let Scope::Customer(number) = scope {
                Customer::find(&directory, number).ok_or_else(no_customer)?;
            }
            Ok((contract, scope))
        }
        Reach::Merchant(number) => {
            let customer = Customer::find(&directory, number).ok_or_else(no_customer)?;
            let merchant = customer.merchant.ok_or_else(|| {
                Problem::field("/customer_id", "must be a customer that is an approved merchant")
            })?;
            let (number, seller) = (merchant.company_number, Some(merchant.seller_number));
            Ok((Contract::CardLedger, Scope::Company { number, seller }))
        }
    }
}

/// Issues a credential with a secret, and where the contract has them a login, that were drawn for
/// it. Drawn again when they are taken, which is likely only for logins, and only among very many.
async fn issue(platform: &Platform, command: &mut IssueCredential) -> Result<Answer, Problem> {
    let mut tries_left = LOGIN_TRIES_MAX;
    loop {
        platform.randomness.fill(&mut command.salt);
        command.secret_hash = secret_hash(&platform.secrets.credential_secret(&command.salt));
        if matches!(command.contract, Contract::Terminals | Contract::Aapay) {
            command.login = Some(login(platform.randomness.as_ref()));
        }
        let answer = platform.engine.submit(Command::IssueCredential(command.clone())).await;
        tries_left = tries_left.saturating_sub(1);
        let is_taken = answer == Err(SubmitError::Refused(Refusal::NameTaken));
        if !is_taken || tries_left == 0 {
            return answer.map_err(not_submitted);
        }
    }
}

fn no_customer() -> Problem {
    Problem::field("/customer_id", "no customer has this id")
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
    number_in_path(text).map(CredentialId).ok_or_else(no_credential)
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
