//! The Terminals contract: onboarding and configuring terminals.
//!
//! The way of a request: caller → throttle → version → body → command → engine → terminal, or a
//! problem.

mod calls;
mod list;
mod openapi;
mod problem;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use engine::SubmitError;
use engine::queries::documents::named;
use estate::command::Outcome;
use estate::onboard::{ChangeTerminal, OnboardTerminal, TerminalStep};
use estate::settings::{Effective, Layer, conflicts_of, effective, with_own};
use estate::{Command, Customer, Refusal, Terminal};

use self::calls::{Call, Caller};
use self::problem::{Detail, Problem};
use self::wire::{NewTerminal, Reference, TerminalBody, TerminalChange};
use crate::Platform;
use crate::http::body::mark_replayed;
use crate::http::requests::RequestId;
use crate::http::throttle::Throttle;

pub use crate::http::throttle::Throttling;
pub use openapi::openapi;

/// Where the contract is mounted.
pub const MOUNT: &str = "/terminals";

/// The version of the contract that is spoken here.
const API_VERSION: &str = "3.0";

/// Names a request to whoever is asked about it later.
const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

impl Throttling {
    /// What the contract says: thirty calls in ten seconds.
    pub const CONTRACT: Throttling = Throttling { calls: 30, window_ms: 10_000 };
}

/// What handlers use.
struct Contract {
    platform: Platform,
    throttle: Option<Throttle>,
}

type Shared = State<Arc<Contract>>;
/// What a path names; it may be no text at all.
type TerminalPath = Result<Path<String>, PathRejection>;
type Answer = Result<Response, Problem>;

/// Serves the contract.
pub fn router(platform: Platform, throttling: Option<Throttling>) -> Router {
    let contract = Arc::new(Contract { platform, throttle: throttling.map(Throttle::new) });
    let routes = Router::new()
        .route("/", get(list::list_terminals).post(onboard))
        .route("/{id}", get(show).post(update).delete(delete))
        .route("/{id}/deactivate", post(deactivate))
        .route("/{id}/activate", post(activate))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::no_method())
        .layer(from_fn_with_state(Arc::clone(&contract), guard))
        .with_state(Arc::clone(&contract));
    // What is nested does not take this path.
    let nothing = Router::new()
        .route(&format!("{MOUNT}/"), any(async || Problem::not_found()))
        .layer(from_fn_with_state(contract, guard));
    Router::new().nest(MOUNT, routes).merge(nothing)
}

/// The layer around every route: nothing behind it runs for strangers.
async fn guard(State(contract): Shared, mut request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = match contract.let_in(&request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(id) = id.and_then(|id| id.as_str().parse().ok()) {
        response.headers_mut().insert(X_CORRELATION_ID, id);
    }
    response
}

impl Contract {
    fn let_in(&self, request: &Request) -> Result<Caller, Problem> {
        let mut caller = Caller::of(&self.platform, request.headers())?;
        let route = request.extensions().get::<MatchedPath>().map_or(MOUNT, MatchedPath::as_str);
        caller.endpoint = format!("{} {route}", counted_method(request.method()));
        self.throttle_application(&caller)?;
        calls::check_version(request.headers())?;
        Ok(caller)
    }
}

/// What a method is counted as. Callers may make up methods, as many as they like.
fn counted_method(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Onboards a terminal.
async fn onboard(
    State(contract): Shared,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let platform = &contract.platform;
    let call = Call::read(platform, &caller, request).await?;
    let new = NewTerminal::read(call.fields()?)?;
    let directory = platform.engine.directory();
    let customer = caller.account(&directory, &new.account_id)?;
    contract.throttle_account(&caller, customer)?;
    let settings = new.settings.clone();
    let command = OnboardTerminal {
        customer,
        model: new.model,
        serial: new.serial,
        reference_id: new.reference_id,
        settings: new.settings,
        draw: platform.draw(),
        actor: caller.actor(),
        idempotency: call.idempotency,
    };
    let answer = platform.engine.submit(Command::OnboardTerminal(command)).await;
    if let Err(SubmitError::Refused(Refusal::SettingsConflict { .. })) = &answer {
        let own = with_own(&directory, customer, &settings);
        if let Some(problem) = all_conflicts(&settings, &own) {
            return Err(problem);
        }
    }
    answered(platform, answer, StatusCode::CREATED)
}

/// Shows a terminal, deleted ones too.
async fn show(
    State(contract): Shared,
    Extension(caller): Extension<Caller>,
    id: TerminalPath,
) -> Answer {
    let terminal = contract.find(&caller, terminal_id(id)?).await?;
    let directory = contract.platform.engine.directory();
    let effective = effective(&directory, &terminal);
    Ok(Json(TerminalBody::of(&directory, &terminal, &effective)).into_response())
}

/// Changes a terminal's reference and settings.
async fn update(
    State(contract): Shared,
    Extension(caller): Extension<Caller>,
    id: TerminalPath,
    request: Request,
) -> Answer {
    let uuid = terminal_id(id)?;
    let call = Call::read(&contract.platform, &caller, request).await?;
    let change = TerminalChange::read(call.fields()?)?;
    let TerminalChange { settings, reference } = change;
    let reference_id = match reference {
        Reference::Kept => None,
        Reference::Removed => Some(None),
        Reference::Set(text) => Some(Some(text)),
    };
    let step = TerminalStep::Update { settings: settings.clone(), reference_id };
    let answer = contract.change(&caller, uuid.clone(), step, call).await;
    if let Err(SubmitError::Refused(Refusal::SettingsConflict { .. })) = &answer {
        let terminal = contract.find(&caller, uuid).await?;
        let mut own = terminal.settings;
        own.merge(&settings);
        let directory = contract.platform.engine.directory();
        let own = with_own(&directory, terminal.customer, &own);
        if let Some(problem) = all_conflicts(&settings, &own) {
            return Err(problem);
        }
    }
    answered(&contract.platform, answer, StatusCode::OK)
}

/// Deletes a terminal, for good.
async fn delete(
    state: Shared,
    caller: Extension<Caller>,
    id: TerminalPath,
    request: Request,
) -> Answer {
    step(state, caller, id, request, TerminalStep::Delete).await
}

/// Makes an active terminal inactive.
async fn deactivate(
    state: Shared,
    caller: Extension<Caller>,
    id: TerminalPath,
    request: Request,
) -> Answer {
    step(state, caller, id, request, TerminalStep::Deactivate).await
}

/// Makes an inactive terminal active again.
async fn activate(
    state: Shared,
    caller: Extension<Caller>,
    id: TerminalPath,
    request: Request,
) -> Answer {
    step(state, caller, id, request, TerminalStep::Activate).await
}

async fn step(
    State(contract): Shared,
    Extension(caller): Extension<Caller>,
    id: TerminalPath,
    request: Request,
    step: TerminalStep,
) -> Answer {
    let uuid = terminal_id(id)?;
    let call = Call::read(&contract.platform, &caller, request).await?;
    let answer = contract.change(&caller, uuid, step, call).await;
    answered(&contract.platform, answer, StatusCode::OK)
}

type Submitted = Result<estate::Answer, SubmitError<Refusal>>;

impl Contract {
    async fn change(
        &self,
        caller: &Caller,
        uuid: String,
        step: TerminalStep,
        call: Call,
    ) -> Submitted {
        let command = ChangeTerminal {
            uuid,
            root: Some(caller.root),
            step,
            actor: caller.actor(),
            idempotency: call.idempotency,
        };
        self.platform.engine.submit(Command::ChangeTerminal(command)).await
    }

    /// A terminal that the caller may know of.
    async fn find(&self, caller: &Caller, uuid: String) -> Result<Terminal, Problem> {
        let name = Terminal::uuid_name(&uuid);
        let found = self.platform.queries.read(move |reader| named(reader, &name));
        let found = found.await.map_err(Problem::not_read)?.as_ref().and_then(Terminal::of);
        let directory = self.platform.engine.directory();
        let is_shown = |terminal: &Terminal| {
            terminal.is_onboarded && Customer::is_within(&directory, caller.root, terminal.customer)
        };
        found.filter(is_shown).ok_or_else(Problem::not_found)
    }
}

/// All settings that do not go together by a change; `None` where there are none.
fn all_conflicts(change: &Layer, effective: &Effective) -> Option<Problem> {
    let found = conflicts_of(change, effective).into_iter();
    let details: Vec<Detail> = found.map(Detail::conflict).collect();
    (!details.is_empty()).then(|| Problem::invalid(details))
}

/// The id in a path. What cannot be one names nothing.
fn terminal_id(id: TerminalPath) -> Result<String, Problem> {
    let id = id.map(|Path(id)| id).map_err(|_| Problem::not_found())?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_plain && wire::one_line(&id, estate::limits::ID_CHARS_MAX).is_ok() {
        return Ok(id);
    }
    Err(Problem::not_found())
}

/// The terminal that a command came to. A repeat gets the same bytes, and is told that it is one.
fn answered(platform: &Platform, answer: Submitted, status: StatusCode) -> Answer {
    let answer = answer.map_err(Problem::not_submitted)?;
    let Outcome::Configured { terminal, effective } = answer.done else {
        return Err(Problem::bug());
    };
    let directory = platform.engine.directory();
    let body = TerminalBody::of(&directory, &terminal, &effective);
    let mut response = (status, Json(body)).into_response();
    mark_replayed(response.headers_mut(), answer.replayed);
    Ok(response)
}
