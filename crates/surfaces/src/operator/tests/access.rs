//! Every documented operation is called by nobody, by strangers, by those whose time is over, and
//! by callers of another contract. A new route is tried by itself, since the document lists it.

use std::collections::BTreeSet;

use super::*;
use crate::operator::openapi;

/// Every operation of the document with something in place of its parameters.
fn operations() -> Vec<(String, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "patch", "delete", "put"] {
            if item.get(method).is_some() {
                operations.push((method.to_uppercase(), path.replace(['{', '}'], "")));
            }
        }
    }
    operations
}

/// Issues an operator key and returns its secret and id.
fn issue(world: &World, more: &str) -> (String, String) {
    let line = format!(r#"POST /credentials {{"contract":"operator","label":"temp"{more}}}"#);
    let issued = operate(world, &line).json();
    (issued["secret"].as_str().unwrap().to_owned(), issued["id"].as_str().unwrap().to_owned())
}

#[test]
fn no_route_serves_strangers() {
    let world = world();
    let (expired, _) = issue(&world, r#","expires_at":"2026-11-20T10:59:59.999Z""#);
    let (revoked, id) = issue(&world, "");
    assert_eq!(operate(&world, &format!("DELETE /credentials/{id}")).status, 204);
    let bearer = |token: &str| format!("Bearer {token}");
    let callers = [
        ("no header", String::new()),
        ("another scheme", format!("Basic {OPERATOR_KEY}")),
        ("no token", "Bearer ".to_owned()),
        ("no scheme", OPERATOR_KEY.to_owned()),
        ("unknown", bearer("unknown")),
        ("expired", bearer(&expired)),
        ("revoked", bearer(&revoked)),
        ("of the card ledger", bearer(TOKEN)),
    ];
    let operations = operations();
    assert_eq!(operations.len(), 52, "the document lists every operation");
    for (method, path) in operations {
        for (who, header) in &callers {
            let mut request = Request::builder().method(method.as_str()).uri(&path);
            if !header.is_empty() {
                request = request.header("authorization", header);
            }
            let reply = world.send(request.body(Body::empty()).unwrap());
            assert_eq!(reply.status, 401, "{method} {path} by {who}: {reply:?}");
            assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"kassa\"");
            assert_eq!(reply.header("content-type"), "application/problem+json");
            assert_eq!(reply.json()["type"], "urn:kassa:problem:unauthenticated");
        }
    }
}

#[test]
fn every_documented_operation_is_routed() {
    let world = world();
    for (method, path) in operations() {
        let body = if method == "GET" || method == "DELETE" { "" } else { "{}" };
        let reply = world.call(&method, &path, OPERATOR_KEY, body);
        assert_ne!(reply.status, 405, "{method} {path}");
        let detail = reply.json();
        assert_ne!(detail["detail"], "no resource has this path", "{method} {path}");
        assert!(reply.status < 500, "{method} {path}: {reply:?}");
    }
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
