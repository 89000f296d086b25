//! Who gets in, and what the document says. That no operation serves strangers is shown in
//! `crate::tenants`, for all APIs at once.

use std::collections::BTreeSet;

use super::*;
use crate::operator::openapi;

/// Issues an operator key and returns its secret and id.
fn issue(world: &World, more: &str) -> (String, String) {
    let line = format!(r#"POST /credentials {{"contract":"operator","label":"temp"{more}}}"#);
    let issued = operate(world, &line).json();
    (issued["secret"].as_str().unwrap().to_owned(), issued["id"].as_str().unwrap().to_owned())
}

#[test]
fn keys_end_when_they_are_revoked_and_when_their_time_is_over() {
    let world = world();
    let (expiring, _) = issue(&world, r#","expires_at":"2026-11-20T12:00:00.000Z""#);
    let (revoked, id) = issue(&world, "");
    let status = |key: &str| world.call("GET", "/operator/v1/clock", key, "").status;
    assert_eq!((status(&expiring), status(&revoked)), (200, 200));
    assert_eq!(operate(&world, &format!("DELETE /credentials/{id}")).status, 204);
    assert_eq!((status(&expiring), status(&revoked)), (200, 401));
    world.clock.advance_ms(3_599_999);
    assert_eq!(status(&expiring), 200);
    world.clock.advance_ms(1);
    assert_eq!(status(&expiring), 401);
}

#[test]
fn the_document_is_complete() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} names two operations");
            assert!(operation["summary"].is_string(), "{method} {path} says what it does");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            let has_key = operation["parameters"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["name"] == "Idempotency-Key"));
            assert_eq!(has_key, method == "post", "{method} {path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["schema"].is_object(), "{method} {path} {parameter}");
            }
            let content = &operation["requestBody"]["content"];
            let form = &content["multipart/form-data"]["schema"]["$ref"];
            let json = &content["application/json"]["schema"]["$ref"];
            let body = if form.is_string() { form } else { json };
            if let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) {
                let schema = &document["components"]["schemas"][name];
                assert_eq!(schema["additionalProperties"], false, "{name} has no other fields");
            }
        }
    }
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is described");
    }
}

#[test]
fn unknown_paths_and_methods_are_problems_too() {
    let world = world();
    for (method, path, status) in [
        ("GET", "/operator/v1/nothing", 404),
        ("GET", "/operator/v2/accounts", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/operator/v1/accounts", 405),
        ("DELETE", "/operator/v1/clock", 405),
        ("POST", "/livez", 405),
    ] {
        let reply = world.call(method, path, OPERATOR_KEY, "");
        assert_eq!(reply.status, status, "{method} {path}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{method} {path}");
        assert_eq!(reply.json()["instance"], reply.header("x-request-id"));
    }
}
