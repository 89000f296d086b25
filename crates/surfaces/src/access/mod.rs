//! The Access contract: reference lists, the customer tree, onboarding requests, and updates of
//! terminals.
//!
//! The way of a request: path → caller → body or query → command or look-up → JSON, or a problem.
//! Paths, names of parameters and names of members are read without regard to case, since clients
//! of this contract write them in many ways.

mod application;
mod customers;
mod json;
mod lists;
mod openapi;
mod password;
mod problem;
mod query;
mod requests;
mod routes;
#[cfg(test)]
mod tests;
mod updates;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use ledger::{Credential, Scope};
use serde::Serialize;

use self::problem::Problem;
use self::query::Query;
use self::routes::{Endpoint, ROUTES, Verb, find};
use crate::Platform;
use crate::http::callers::api_key;

pub use openapi::openapi;

/// Where the contract is mounted.
pub const MOUNT: &str = "/access/v1";

/// The media type of every answer.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Who calls, and what it may reach.
#[derive(Clone, Debug)]
struct Caller {
    credential: Arc<Credential>,
    /// The customer that the key is bound to: it may reach it and all below it.
    root: i64,
}

/// Serves the contract.
pub fn router(platform: Platform) -> Router {
    let mut router = Router::new();
    // Under the names of the contract, so that figures and log lines tell them apart.
    for path in ROUTES.iter().map(|route| format!("{MOUNT}{}", route.path)) {
        router = router.route(&path, any(serve));
    }
    // However else they are written.
    for access in ["access", "Access", "ACCESS"] {
        for version in ["v1", "V1"] {
            for rest in ["", "/", "/{*rest}"] {
                router = router.route(&format!("/{access}/{version}{rest}"), any(serve));
            }
        }
    }
    router.with_state(platform)
}

async fn serve(State(platform): State<Platform>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match answer(&platform, &parts, body).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(platform: &Platform, parts: &Parts, body: Body) -> Result<Response, Problem> {
    let (endpoint, verb) = find(parts.uri.path()).ok_or(Problem::NoSuchRoute)?;
    if !verb.allows(&parts.method) {
        return Err(Problem::MethodNotAllowed(verb));
    }
    let caller = enter(platform, parts)?;
    match endpoint {
        Endpoint::List(name) => lists::list(&name, &parts.headers),
        Endpoint::Customers => customers::list(platform, &caller, &Query::of(&parts.uri)),
        Endpoint::Requests => {
            let query = Query::of(&parts.uri);
            requests::list(platform, &caller, &query).await
        }
        Endpoint::CreateRequest => {
            let body = json::read(&parts.headers, body).await?;
            requests::create(platform, &caller, body).await
        }
        Endpoint::Packages => updates::packages(platform, &caller, &Query::of(&parts.uri)),
        Endpoint::CreateUpdate => {
            let body = json::read(&parts.headers, body).await?;
            updates::create(platform, &caller, body).await
        }
    }
}

/// Lets in whoever has a good key for a customer.
fn enter(platform: &Platform, parts: &Parts) -> Result<Caller, Problem> {
    let credential = api_key(platform, &parts.headers)?;
    match credential.scope {
        Scope::Customer(root) => Ok(Caller { credential, root }),
        Scope::Installation | Scope::Company { .. } => Err(Problem::Forbidden),
    }
}

/// A good answer.
fn shown(body: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_string(body).map_err(|_| Problem::Internal)?;
    Ok(([(CONTENT_TYPE, JSON)], body).into_response())
}

impl Verb {
    fn allows(self, method: &Method) -> bool {
        match self {
            Verb::Get => method == Method::GET || method == Method::HEAD,
            Verb::Post => method == Method::POST,
        }
    }

    /// What `Allow` says of it.
    fn allowed(self) -> (axum::http::HeaderName, HeaderValue) {
        let methods = match self {
            Verb::Get => "GET, HEAD",
            Verb::Post => "POST",
        };
        (ALLOW, HeaderValue::from_static(methods))
    }
}
