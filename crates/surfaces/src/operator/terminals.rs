//! The estate of terminals: who they are, what they run, and how devices become them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use engine::queries::documents::documents;
use engine::{Reader, StoreError};
use estate::activate::ResetActivation;
use estate::command::Outcome;
use estate::{Command, Refusal, Terminal, Update};
use ledger::ReadSet;

use super::accounts::shown;
use super::callers::Operator;
use super::mark;
use super::problem::{not_decided, not_granted};
use super::wire::document::Nothing;
use super::wire::terminals::{ActivationBody, TerminalBody, TerminalFilter};
use crate::Platform;
use crate::http::body::{BodyIfAny, Segments};
use crate::http::fields::Params;
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;

/// Lists terminals, newest first.
#[utoipa::path(get, path = "/terminals", tag = "terminals", params(TerminalFilter, Page),
    responses((status = 200, body = List<TerminalBody>)))]
pub(super) async fn list_terminals(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<TerminalBody>>, Problem> {
    let page = params.page();
    let filter = TerminalFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let directory = platform.engine.directory();
    let tree = directory.clone();
    let query = platform.queries.read(move |reader| {
        let pick = |document| Terminal::of(&document).filter(|it| filter.suits(it, &tree));
        let mut slice = documents(reader, &filter.list(), page.after, page.limit, pick)?;
        let updates = open_updates(reader, &slice.items)?;
        let items = slice.items.drain(..).zip(updates).collect();
        Ok(engine::queries::Slice { items, next: slice.next })
    });
    let slice = query.await.map_err(Problem::not_read)?;
    let show = |(terminal, updates): (Terminal, Vec<Update>)| {
        TerminalBody::of(&terminal, &updates, &directory, &platform.secrets)
    };
    Ok(Json(shown(slice, show)))
}

/// Shows a terminal.
#[utoipa::path(get, path = "/terminals/{id}", tag = "terminals",
    params(("id" = String, Path, description = "Its terminal id of eight characters, or its UUID")),
    responses((status = 200, body = TerminalBody)))]
pub(super) async fn get_terminal(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<TerminalBody>, Problem> {
    params.finish()?;
    let found = terminal(&platform, &id).await?;
    let query = platform.queries.read(move |reader| {
        let updates = open_updates(reader, std::slice::from_ref(&found))?.concat();
        Ok((found, updates))
    });
    let (found, updates) = query.await.map_err(Problem::not_read)?;
    let directory = platform.engine.directory();
    Ok(Json(TerminalBody::of(&found, &updates, &directory, &platform.secrets)))
}

/// Gives a terminal a new activation code, and unlocks its activation. A device that was activated
/// as this terminal is none any more, and has to be activated with the new code.
#[utoipa::path(post, path = "/terminals/{id}/reset-activation", tag = "terminals",
    params(("id" = String, Path, description = "Its terminal id of eight characters, or its UUID"),
        super::wire::document::IdempotencyKey),
    request_body = Nothing, responses((status = 200, body = ActivationBody)))]
pub(super) async fn reset_activation(
    State(platform): State<Platform>,
    operator: Operator,
    Segments(id): Segments<String>,
    BodyIfAny(body): BodyIfAny<Nothing>,
) -> Result<Response, Problem> {
    let command = ResetActivation {
        terminal: terminal(&platform, &id).await?.number,
        draw: platform.draw(),
        actor: operator.actor(),
        idempotency: body.idempotency,
    };
    let answer = platform.engine.submit(Command::ResetActivation(command)).await;
    let answer = answer.map_err(not_decided)?;
    let Outcome::Terminal(terminal) = answer.done else { return Err(Problem::bug()) };
    let body = ActivationBody::of(&terminal, &platform.secrets);
    Ok(mark(Json(body).into_response(), answer.replayed))
}

/// The terminal that a path names, by either of its ids.
pub(super) async fn terminal(platform: &Platform, id: &str) -> Result<Terminal, Problem> {
    let names = vec![Terminal::terminal_id_name(id), Terminal::uuid_name(id)];
    let query = platform.queries.read(move |reader| {
        let reads = ReadSet { names, ..ReadSet::default() };
        let books = reader.load(&reads)?;
        Ok(reads.names.iter().find_map(|name| books.named(name)).and_then(Terminal::of))
    });
    let found = query.await.map_err(Problem::not_read)?;
    found.ok_or_else(|| not_granted(&Refusal::TerminalNotFound))
}

/// For each of some terminals its updates that have not ended.
fn open_updates(
    reader: &mut dyn Reader,
    terminals: &[Terminal],
) -> Result<Vec<Vec<Update>>, StoreError> {
    let lists = terminals.iter().map(|terminal| Update::open_list(terminal.number)).collect();
    let books = reader.load(&ReadSet { lists, ..ReadSet::default() })?;
    Ok(terminals.iter().map(|terminal| Update::open_of(&books, terminal.number)).collect())
}
