//! Goal: a request under a key has one effect and one answer.

use super::*;
use crate::testing::{ACCOUNT_ID_OTHER, APP_OTHER, Mood};

fn keyed(world: &World, method: &str, path: &str, key: &str, body: &str) -> Reply {
    call_with(world, method, path, &[("unique-key", key)], body)
}

/// Sends a request twice: the second answer is the first, byte for byte.
#[track_caller]
fn check(world: &World, method: &str, path: &str, body: &str) -> Reply {
    let first = keyed(world, method, path, "key-1", body);
    assert!(first.status < 300 && first.header("idempotent-replayed").is_empty(), "{first:?}");
    let again = keyed(world, method, path, "key-1", body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    first
}

#[test]
fn every_change_may_be_repeated() {
    let world = world();
    let body = new_terminal("R-1").to_string();
    let first = check(&world, "POST", "/terminals", &body);
    assert_eq!(first.status, 201);
    let path = path_of(&first.json());
    check(&world, "POST", &path, "{\"reference_id\": \"Ö\"}");
    check(&world, "POST", &format!("{path}/deactivate"), "");
    check(&world, "POST", &format!("{path}/activate"), "{}");
    check(&world, "DELETE", &path, "");
    // The terminal has changed; the first answers have not.
    let again = keyed(&world, "POST", "/terminals", "key-1", &body);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(get(&world, "/terminals?status=active,inactive,deleted").json()["results"][0], {
        let mut expected = first.json();
        expected["status"] = json!("deleted");
        expected["reference_id"] = json!("Ö");
        expected
    });
}

#[test]
fn requests_are_the_same_when_they_say_the_same() {
    let world = world();
    let first = keyed(&world, "POST", "/terminals", "k", &new_terminal("R-1").to_string());
    let body = serde_json::to_string_pretty(&new_terminal("R-1")).unwrap();
    let again = keyed(&world, "POST", "/terminals", "k", &body);
    assert_eq!((again.status, &again.body), (201, &first.body));
    let other = with(new_terminal("R-1"), "/reference_id", json!("x")).to_string();
    let reused = ["UNIQUE_KEY_REUSED Unique-Key"];
    refused(&keyed(&world, "POST", "/terminals", "k", &other), INVALID, &reused);
    // A null says something else than nothing.
    let path = path_of(&first.json());
    let null = "{\"reference_id\": null}";
    assert_eq!(keyed(&world, "POST", &path, "k", null).status, 200);
    refused(&keyed(&world, "POST", &path, "k", "{}"), INVALID, &reused);
}

#[test]
fn a_key_is_one_applications_for_one_method_and_path() {
    let world = world();
    let one = keyed(&world, "POST", "/terminals", "k", &new_terminal("R-1").to_string());
    let path = path_of(&one.json());
    for (method, path) in [("POST", format!("{path}/deactivate")), ("DELETE", path)] {
        let reply = keyed(&world, method, &path, "k", "");
        assert_eq!((reply.status, reply.header("idempotent-replayed")), (200, ""));
    }
    let other = with(new_terminal("R-2"), "/account_id", json!(ACCOUNT_ID_OTHER)).to_string();
    let headers = [("app-id", APP_OTHER.0), ("app-token", APP_OTHER.1), ("unique-key", "k")];
    let reply = call_with(&world, "POST", "/terminals", &headers, &other);
    assert_eq!((reply.status, reply.header("idempotent-replayed")), (201, ""));
    let case = keyed(&world, "POST", "/terminals", "K", &new_terminal("R-3").to_string());
    assert_eq!((case.status, case.header("idempotent-replayed")), (201, ""));
}

#[test]
fn a_refusal_leaves_its_key_free() {
    let world = world();
    let wrong = with(new_terminal("R-1"), "/model", json!("x")).to_string();
    assert_eq!(keyed(&world, "POST", "/terminals", "k", &wrong).status, 400);
    let good = new_terminal("R-1").to_string();
    assert_eq!(keyed(&world, "POST", "/terminals", "k", &good).status, 201);
    let taken = keyed(&world, "POST", "/terminals", "k2", &good);
    refused(&taken, INVALID, &["DUPLICATE_RESOURCE serial_number"]);
}

#[test]
fn keys_have_a_length() {
    let world = world();
    for (at, key) in ["x", &"k".repeat(255), "a b/ü;\"", "TR-123"].into_iter().enumerate() {
        let body = new_terminal(&format!("R-{at}")).to_string();
        let reply = keyed(&world, "POST", "/terminals", key, &body);
        assert_eq!(reply.status, 201, "{key} {reply:?}");
        let again = keyed(&world, "POST", "/terminals", key, &body);
        assert_eq!(again.header("idempotent-replayed"), "true");
    }
    let wrong = ["PARAM_HAS_INVALID_VALUE Unique-Key"];
    let long = "k".repeat(256);
    let body = new_terminal("R-9").to_string();
    refused(&keyed(&world, "POST", "/terminals", &long, &body), INVALID, &wrong);
    let request = Request::post("/terminals").header("unique-key", "");
    let request = request.header("app-id", APP.0).header("app-token", APP.1);
    let request = request.header("api-version", "3.0").header("content-type", "application/json");
    refused(&world.send(request.body(Body::from(body)).unwrap()), INVALID, &wrong);
}

#[test]
fn a_repeat_finds_out_what_became_of_a_request() {
    for (mood, status, was_done) in
        [(Mood::Refuses, 503, ""), (Mood::LosesTheNews, 503, "true"), (Mood::Panics, 500, "")]
    {
        let world = world();
        let body = new_terminal("R-1").to_string();
        *world.mood.lock().unwrap() = mood;
        let failed = keyed(&world, "POST", "/terminals", "k", &body);
        let (code, details) = causes(&failed);
        assert_eq!((code, details.len()), (format!("{status} UNEXPECTED_ERROR"), 0));
        *world.mood.lock().unwrap() = Mood::Fine;
        let again = keyed(&world, "POST", "/terminals", "k", &body);
        assert_eq!((again.status, again.header("idempotent-replayed")), (201, was_done));
    }
}
