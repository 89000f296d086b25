//! The contract from outside: requests in, answers out, on the store in memory.

mod access;
mod changes;
mod documentation;
mod fields;
mod lists;
mod onboarding;
mod repeats;
mod throttling;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::testing::{ACCOUNT_ID, APP, Reply, World};
use crate::{Options, router};

/// Customers 3 and 4 are merchants of the applications [`APP`] and `APP_OTHER`.
fn world() -> World {
    World::with_estate(|platform| router(platform, Options::default()))
}

/// A request that is in order.
fn new_terminal(serial: &str) -> Value {
    json!({
        "account_id": ACCOUNT_ID,
        "serial_number": serial,
        "model": "verifone_p400",
        "reference_id": "Hörnkassan 🦊",
        "terminal_configuration": {
            "name": "Kassa Åäö 🧾",
            "address": {
                "line1": "1 Elm Street", "city": "Tahoe", "region": "CA", "postal_code": "96150",
                "country": "US"
            },
            "timezone": "US/Pacific",
            "currency": "USD"
        }
    })
}

/// The same with another value where a JSON pointer leads.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.insert(name.to_owned(), value);
    body
}

fn post(world: &World, path: &str, body: &Value) -> Reply {
    world.call_terminals("POST", path, APP, &body.to_string())
}

fn get(world: &World, path: &str) -> Reply {
    world.call_terminals("GET", path, APP, "")
}

/// Onboards a terminal and returns it.
#[track_caller]
fn onboard(world: &World, serial: &str) -> Value {
    let reply = post(world, "/terminals", &new_terminal(serial));
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

fn path_of(terminal: &Value) -> String {
    terminal["path"].as_str().unwrap().to_owned()
}

/// Calls with headers of the test's choice beside those that are in order.
fn call_with(world: &World, method: &str, path: &str, extra: &[(&str, &str)], body: &str) -> Reply {
    let mut headers = vec![("app-id", APP.0), ("app-token", APP.1), ("api-version", "3.0")];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    headers.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    let mut request = Request::builder().method(method).uri(path);
    // An empty value stands for a header that is left out.
    for (name, value) in headers.iter().chain(extra).filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::from(body.to_owned())).unwrap())
}

/// Status and code of an error, and its causes as `REASON target/of/it`, in order.
#[track_caller]
fn causes(reply: &Reply) -> (String, Vec<String>) {
    let body = reply.json();
    assert!(body["error_message"].is_string(), "{reply:?}");
    assert!(!body["error_message"].as_str().unwrap().is_empty(), "{body}");
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(!reply.header("x-correlation-id").is_empty());
    let detail = |detail: &Value| {
        assert!(!detail["message"].as_str().unwrap().is_empty(), "{detail}");
        assert!(detail["target_type"].as_str().unwrap().starts_with("HTTP_REQUEST_"));
        let target = detail["target"].as_array().unwrap().iter().map(|part| part.as_str().unwrap());
        let target: Vec<&str> = target.collect();
        format!("{} {}", detail["reason_code"].as_str().unwrap(), target.join("/"))
    };
    let details = body["details"].as_array().unwrap().iter().map(detail).collect();
    (format!("{} {}", reply.status, body["error_code"].as_str().unwrap()), details)
}

/// An error with exactly these causes, in any order.
#[track_caller]
fn refused(reply: &Reply, code: &str, expected: &[&str]) {
    let (found, mut details) = causes(reply);
    details.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(
        (found.as_str(), details),
        (code, expected.into_iter().map(str::to_owned).collect())
    );
}

const INVALID: &str = "400 INVALID_PARAMS";
const NOT_FOUND: &str = "404 RESOURCE_NOT_FOUND";
const NOT_AUTHORIZED: &str = "403 NOT_AUTHORIZED";
