//! Activation: how a device becomes a terminal, once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use estate::activate::ActivateTerminal;
use estate::command::Outcome;
use estate::draw::hex;
use estate::terminal::Activation;
use estate::{Command, Terminal};
use ledger::ids::Hasher;
use ledger::{Idempotency, Key, ReadSet};

use super::problem::{not_submitted, wrong_code};
use super::wire::activation::{ActivatedBody, ActivationRequest};
use crate::Platform;
use crate::http::body::{Body, mark_replayed};
use crate::http::problem::Problem;
use crate::http::secrets::secret_hash;

/// Makes the caller the device of a terminal. Five wrong codes lock the terminal's activation until
/// an operator gives out a new code.
#[utoipa::path(post, path = "/activate", tag = "activation", request_body = ActivationRequest,
    params(super::wire::document::IdempotencyKey), security(()),
    responses((status = 201, body = ActivatedBody)))]
pub(super) async fn activate(
    State(platform): State<Platform>,
    body: Body<ActivationRequest>,
) -> Result<Response, Problem> {
    let Body { value: request, idempotency } = body;
    let terminal = find(&platform, &request).await?.ok_or_else(wrong_code)?;
    let mut bits = [0; 16];
    platform.randomness.fill(&mut bits);
    let token_salt = hex(&bits);
    let token = platform.secrets.device_token(terminal.number, &token_salt);
    let command = ActivateTerminal {
        terminal: terminal.number,
        code_salt: shown_salt(&platform, &terminal, &request.activation_code),
        serial: request.serial_number,
        model: request.model,
        application_version: request.application_version,
        token_salt,
        token_hash: hex(&secret_hash(&token)),
        idempotency: idempotency.map(|idempotency| of_terminal(idempotency, terminal.number)),
    };
    let answer = platform.engine.submit(Command::ActivateTerminal(command)).await;
    let answer = answer.map_err(not_submitted)?;
    let Outcome::Activated { terminal, merchant } = answer.done else {
        return Err(Problem::bug());
    };
    let Activation::Done { token_salt, .. } = &terminal.activation else {
        return Err(Problem::bug());
    };
    let token = platform.secrets.device_token(terminal.number, token_salt);
    let body = ActivatedBody::of(token, &terminal, merchant, &platform.engine.directory());
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    mark_replayed(response.headers_mut(), answer.replayed);
    Ok(response)
}

/// Finds the terminal that a device wants to be: by the id it was told, or else by what it is.
async fn find(
    platform: &Platform,
    request: &ActivationRequest,
) -> Result<Option<Terminal>, Problem> {
    let names = match &request.terminal_id {
        Some(id) => vec![Terminal::terminal_id_name(id), Terminal::uuid_name(id)],
        None => vec![Terminal::serial_name(&request.model, &request.serial_number)],
    };
    let reads = ReadSet { names: names.clone(), ..ReadSet::default() };
    let books = platform
        .queries
        .read(move |reader| reader.load(&reads))
        .await
        .map_err(Problem::not_read)?;
    Ok(names.iter().find_map(|name| books.named(name)).and_then(Terminal::of))
}

/// The salt of the code that was shown, where it is the terminal's. Hashes are compared, so that
/// the time it takes says nothing about how much of a code is right.
fn shown_salt(platform: &Platform, terminal: &Terminal, code: &str) -> Option<String> {
    let Activation::Waiting { code_salt, .. } = &terminal.activation else { return None };
    let expected = platform.secrets.activation_code(code_salt);
    (secret_hash(code) == secret_hash(&expected)).then(|| code_salt.clone())
}

/// The key of one terminal's device: devices draw their keys without knowing of each other.
fn of_terminal(idempotency: Idempotency, terminal: i64) -> Idempotency {
    let hasher = Hasher::new("activation key").number(terminal).text(&hex(&idempotency.key.0));
    Idempotency { key: Key(hasher.finish()), ..idempotency }
}
