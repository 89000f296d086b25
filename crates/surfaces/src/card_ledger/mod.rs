//! The card-ledger contract, under both of its names: authorizations, the transactions on them,
//! corrections and cancellations.
//!
//! The way of a request: route → caller → body → command → engine → `Location`, or a problem.

mod json;
mod links;
mod openapi;
mod problem;
mod query;
mod read;
mod routes;
#[cfg(test)]
mod tests;
mod views;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, any, on, post};
use engine::Command;
use engine::limits::BODY_BYTES_MAX;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use ledger::books::Done;
use ledger::{Answer, AuthorizationId, Code, Contract, Mount, PostingKind, RowId, Scope};

use self::links::Links;
use self::problem::{Kind, Problem};
use self::query::ListQuery;
use self::read::{Names, Viewer, read};
use self::routes::{Action, Endpoint, Route, Verb, routes};
use self::wire::Origin;
use crate::Platform;
use crate::http::body::{is_json, mark_replayed};
use crate::http::callers::bearer;

pub use openapi::openapi;

/// The whole contract, to be mounted at the root.
pub fn router(platform: Platform) -> Router {
    let mut router = Router::new();
    for (path, method_router) in method_routers() {
        router = router.route(&path, method_router);
    }
    for path in ["/ledger", "/ledger/", "/ledger/{*rest}"] {
        router = router.route(path, any(no_such_route));
    }
    router.with_state(Arc::new(platform))
}

/// `POST /bench/ceiling`: reads an authorization and answers it as the contract does, without
/// engine and store. What a server could do at most; for the benchmark only.
pub fn ceiling(platform: Platform) -> Router {
    let counter = Arc::new(AtomicI64::new(0));
    let answer = move |State(platform): State<Arc<Platform>>, request: Request| {
        let counter = Arc::clone(&counter);
        async move {
            let (parts, body) = request.into_parts();
            match answer_ceiling(&platform, &parts, body, &counter).await {
                Ok(response) => response,
                Err(problem) => problem.answer(&platform, &parts.extensions),
            }
        }
    };
    Router::new().route("/bench/ceiling", post(answer)).with_state(Arc::new(platform))
}

async fn answer_ceiling(
    platform: &Platform,
    parts: &Parts,
    body: Body,
    counter: &AtomicI64,
) -> Result<Response, Problem> {
    let credential = bearer(platform, Contract::CardLedger, &parts.headers)?;
    let company = match &credential.scope {
        Scope::Company { number, .. } => number.clone(),
        Scope::Installation | Scope::Customer(_) => String::new(),
    };
    let origin = Origin { company, seller_scope: None, mount: Mount::CardTransaction };
    let command = wire::authorization(&json_body(&parts.headers, body).await?, &origin)?;
    let authorization = AuthorizationId(counter.fetch_add(1, Ordering::Relaxed));
    let done = Done::Authorized { authorization, mount: command.mount };
    created(&Answer::new(done), &command.company)
}

/// One method router per path of the table.
fn method_routers() -> Vec<(String, MethodRouter<Arc<Platform>>)> {
    let mut routers: Vec<(String, MethodRouter<Arc<Platform>>)> = Vec::new();
    for Route { verb, path, mount, endpoint, .. } in routes() {
        let filter = match verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
        };
        let serve = move |State(platform): State<Arc<Platform>>, request: Request| {
            serve(platform, mount, endpoint, request)
        };
        match routers.iter_mut().find(|(known, _)| *known == path) {
            Some((_, router)) => *router = std::mem::take(router).on(filter, serve),
            None => routers.push((path, on(filter, serve).fallback(method_not_allowed))),
        }
    }
    routers
}

async fn no_such_route(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let problem = Problem::Plain(Kind::NoSuchRoute);
    problem.answer(&platform, request.extensions())
}

async fn method_not_allowed(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let problem = Problem::Plain(Kind::MethodNotAllowed);
    problem.answer(&platform, request.extensions())
}

async fn serve(
    platform: Arc<Platform>,
    mount: Mount,
    endpoint: Endpoint,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match answer(&platform, mount, endpoint, &mut parts, body).await {
        Ok(response) => response,
        Err(problem) => problem.answer(&platform, &parts.extensions),
    }
}

async fn answer(
    platform: &Platform,
    mount: Mount,
    endpoint: Endpoint,
    parts: &mut Parts,
    body: Body,
) -> Result<Response, Problem> {
    let (company, names) = names(parts).await?;
    let origin = enter(platform, &parts.headers, company, mount)?;
    match endpoint {
        Endpoint::Authorizations(Action::Create) => {
            let body = json_body(&parts.headers, body).await?;
            create_authorization(platform, &origin, &body).await
        }
        Endpoint::Transactions(kind, Action::Create) => {
            let body = json_body(&parts.headers, body).await?;
            create_transaction(platform, &origin, kind, &names, &body).await
        }
        Endpoint::Corrections(kind, Action::Create) => {
            let body = json_body(&parts.headers, body).await?;
            create_correction(platform, &origin, kind, names, &body).await
        }
        Endpoint::Cancellations(Action::Create) => {
            let body = json_body(&parts.headers, body).await?;
            let authorization = names.authorization.unwrap_or_default();
            let command = wire::cancellation(&body, &authorization, &origin)?;
            submit(platform, Command::Cancel(command), "", &origin).await
        }
        Endpoint::Authorizations(Action::List | Action::Show)
        | Endpoint::Transactions(_, Action::List | Action::Show)
        | Endpoint::Corrections(_, Action::List | Action::Show)
        | Endpoint::Cancellations(Action::List | Action::Show) => {
            let query = match endpoint.action() {
                Action::List => Some(ListQuery::read(&parts.uri)?),
                Action::Show | Action::Create => None,
            };
            view(platform, &origin, endpoint, names, query).await
        }
    }
}

/// What the path names, and its company's number.
async fn names(parts: &mut Parts) -> Result<(String, Names), Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    // What cannot be decoded names nothing.
    let params = params.map_err(|_| Problem::Plain(Kind::NoSuchRoute))?;
    let (mut company, mut names) = (String::new(), Names::default());
    for (name, value) in &params {
        let value = value.to_owned();
        match name {
            routes::COMPANY => company = value,
            routes::AUTHORIZATION => names.authorization = Some(value),
            routes::TRANSACTION => names.transaction = Some(value),
            _ => names.child = Some(value),
        }
    }
    Ok((company, names))
}

/// Lets a caller in whose token acts for the company of the path.
fn enter(
    platform: &Platform,
    headers: &HeaderMap,
    company: String,
    mount: Mount,
) -> Result<Origin, Problem> {
    let credential = bearer(platform, Contract::CardLedger, headers)?;
    let seller_scope = match &credential.scope {
        Scope::Installation => None,
        Scope::Company { number, seller } if *number == company => seller.clone(),
        Scope::Company { .. } | Scope::Customer(_) => {
            return Err(Problem::Plain(Kind::CompanyTokenMismatch));
        }
    };
    Ok(Origin { company, seller_scope, mount })
}

/// The body; where there is one, it must be JSON by its media type.
async fn json_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let body = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(Problem::Plain(Kind::BodyTooLarge));
        }
        Err(_) => return Err(Problem::field("body", "Invalid value: it ended too early")),
    };
    if !body.is_empty() && !is_json(headers) {
        return Err(Problem::Plain(Kind::UnsupportedMediaType));
    }
    Ok(body)
}

async fn create_authorization(
    platform: &Platform,
    origin: &Origin,
    body: &[u8],
) -> Result<Response, Problem> {
    let command = wire::authorization(body, origin)?;
    check_seller(origin, Some(&command.seller))?;
    submit(platform, Command::Authorize(command), "authorizationAmount", origin).await
}

async fn create_transaction(
    platform: &Platform,
    origin: &Origin,
    kind: PostingKind,
    names: &Names,
    body: &[u8],
) -> Result<Response, Problem> {
    let post = wire::transaction(body, kind, names.authorization.as_deref(), origin)?;
    check_seller(origin, post.seller.as_deref())?;
    submit(platform, Command::Post(post.command), "amount", origin).await
}

async fn create_correction(
    platform: &Platform,
    origin: &Origin,
    kind: PostingKind,
    names: Names,
    body: &[u8],
) -> Result<Response, Problem> {
    let corrected = names.transaction.as_deref().unwrap_or_default();
    let command = wire::correction(body, kind, corrected, origin)?;
    if names.authorization.is_some() {
        // The command does not know the nested path; on which authorization a transaction is,
        // never changes.
        let viewer = viewer(platform, origin)?;
        read(platform, move |reader| viewer.find_transaction(reader, kind, &names)).await?;
    }
    submit(platform, Command::Correct(command), "amount", origin).await
}

/// A caller who acts for one seller must not name another.
fn check_seller(origin: &Origin, named: Option<&str>) -> Result<(), Problem> {
    match (origin.seller_scope.as_deref(), named) {
        (Some(scope), Some(named)) if scope != named => {
            Err(Problem::Plain(Kind::SellerTokenMismatch))
        }
        _ => Ok(()),
    }
}

async fn submit(
    platform: &Platform,
    command: Command,
    amount_field: &'static str,
    origin: &Origin,
) -> Result<Response, Problem> {
    match platform.engine.submit(command).await {
        Ok(answer) => created(&answer, &origin.company),
        Err(error) => Err(Problem::of(error, amount_field)),
    }
}

/// Points to what was created, under the name of the contract by which it was first asked for.
fn created(answer: &Answer, company: &str) -> Result<Response, Problem> {
    let location = match &answer.done {
        Done::Authorized { authorization, mount } => {
            Links::new(*mount, company).authorization(Code::of(RowId(authorization.0)))
        }
        Done::Posted { kind, source, mount } => {
            Links::new(*mount, company).transaction(*kind, source)
        }
        Done::Corrected { kind, corrected, source, mount } => {
            Links::new(*mount, company).correction(*kind, corrected, source)
        }
        Done::Cancelled { authorization, cancellation, mount } => {
            let code = Code::of(RowId(authorization.0));
            let cancellation = Code::of(RowId(cancellation.0));
            Links::new(*mount, company).cancellation(code, cancellation)
        }
        // No command of this contract comes to these.
        Done::Expired(_) | Done::Changed(_) | Done::Nothing => {
            return Err(Problem::Plain(Kind::Internal));
        }
    };
    // Paths are percent-encoded: nothing in them needs escaping in JSON or a header.
    let body = format!("{{\"@id\":\"{location}\"}}");
    let location = HeaderValue::try_from(location).map_err(|_| Problem::Plain(Kind::Internal))?;
    let mut response = (StatusCode::CREATED, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(LOCATION, location);
    mark_replayed(headers, answer.replayed);
    Ok(response)
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn viewer(platform: &Platform, origin: &Origin) -> Result<Viewer, Problem> {
    let directory = platform.engine.directory();
    let company = directory.company(&origin.company).map(Arc::clone);
    Ok(Viewer {
        company: company.ok_or(Problem::Plain(Kind::CompanyNotConfigured))?,
        directory,
        seller_scope: origin.seller_scope.clone(),
        links: Links::new(origin.mount, &origin.company),
        now: platform.now(),
    })
}

/// Answers a GET; `query` is there for lists.
async fn view(
    platform: &Platform,
    origin: &Origin,
    endpoint: Endpoint,
    names: Names,
    query: Option<ListQuery>,
) -> Result<Response, Problem> {
    let viewer = viewer(platform, origin)?;
    let body = read(platform, move |reader| match (endpoint, query) {
        (Endpoint::Authorizations(_), None) => viewer.authorization(reader, &names),
        (Endpoint::Authorizations(_), Some(query)) => viewer.authorizations(reader, &query),
        (Endpoint::Transactions(kind, _), None) => viewer.transaction(reader, kind, &names),
        (Endpoint::Transactions(kind, _), Some(query)) => {
            viewer.transactions(reader, kind, &names, &query)
        }
        (Endpoint::Corrections(kind, _), None) => viewer.correction(reader, kind, &names),
        (Endpoint::Corrections(kind, _), Some(query)) => {
            viewer.corrections(reader, kind, &names, &query)
        }
        (Endpoint::Cancellations(_), None) => viewer.cancellation(reader, &names),
        (Endpoint::Cancellations(_), Some(query)) => viewer.cancellations(reader, &names, &query),
    });
    Ok(([(CONTENT_TYPE, JSON)], body.await?).into_response())
}
