//! Who may call: every route, with no token, broken ones and those of others.

use super::*;
use crate::testing::{ACCESS_KEY, Mood, OPERATOR_KEY, TOKEN};

/// Every route of devices, with a body that is good, and one that is not.
const ROUTES: [(&str, &str, &str, &str); 5] = [
    ("POST", "/call-home", r#"{"application_version":"1"}"#, "{"),
    ("GET", "/packages/1", "", ""),
    ("POST", "/updates/1/status", r#"{"status":"installed"}"#, r#"{"x":1}"#),
    ("POST", "/transactions", r#"{"transactions":[]}"#, "[]"),
    (
        "POST",
        "/totals",
        r#"{"day":"2026-11-20","currency":"SEK","purchases":{"count":0,"amount":"0"}}"#,
        "{}",
    ),
];

#[test]
fn every_route_is_listed_here() {
    let paths: Vec<String> = crate::device::openapi().paths.paths.into_keys().collect();
    let mut listed: Vec<String> = ROUTES
        .iter()
        .map(|(_, path, ..)| path.replace("/packages/1", "/packages/{package_id}"))
        .map(|path| path.replace("/updates/1/", "/updates/{update_id}/"))
        .chain(["/activate".to_owned()])
        .map(|path| format!("{}{path}", crate::device::MOUNT))
        .collect();
    listed.sort();
    assert_eq!(paths, listed);
}

#[test]
fn the_document_says_that_unknown_fields_are_refused() {
    let document = crate::device::openapi().to_json().unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let schemas = &document["components"]["schemas"];
    for name in crate::device::wire::document::REQUESTS {
        assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
    }
    let security = &document["paths"]["/device/v1/activate"]["post"]["security"];
    assert_eq!(*security, json!([{}]), "whoever activates has no token yet");
}

#[test]
fn strangers_are_told_so_and_nothing_else() {
    let world = world();
    let device = Device::new(&world);
    let number = device.terminal.number;
    let secret = device.token.rsplit_once(&format!("{number}_")).unwrap().1;
    let other = terminal_of(&world, 4).number;
    let strangers = [
        String::new(),
        "x".to_owned(),
        TOKEN.to_owned(),
        OPERATOR_KEY.to_owned(),
        ACCESS_KEY.to_owned(),
        format!("kdt_{number}_"),
        format!("kdt_{number}_{}", "A".repeat(43)),
        format!("kdt_{other}_{secret}"),
        format!("kdt_999999_{secret}"),
        format!("kdt_{number}_{secret}x"),
        format!("kdt_0{number}_{secret}"),
        "kdt_".repeat(40),
    ];
    for (method, path, good, bad) in ROUTES {
        for token in &strangers {
            for body in [good, bad] {
                let path = format!("/device/v1{path}");
                let reply = world.call(method, &path, token, body);
                let expected = (401, "unauthenticated".to_owned());
                assert_eq!(problem(&reply), expected, "{method} {path} {token} {body}");
                assert!(reply.header("www-authenticate").starts_with("Bearer"));
            }
        }
    }
    assert_eq!(kept(&world, number).last_call_home, None);
}

#[test]
fn what_is_not_there_is_answered_in_the_same_shape() {
    let world = world();
    let device = Device::new(&world);
    let call = |method: &str, path: &str| {
        problem(&world.call(method, &format!("/device/v1{path}"), &device.token, ""))
    };
    assert_eq!(call("GET", "/nothing"), (404, "not-found".to_owned()));
    for path in ["/call-home", "/activate", "/transactions", "/totals", "/updates/1/status"] {
        assert_eq!(call("GET", path), (405, "method-not-allowed".to_owned()), "{path}");
    }
    assert_eq!(call("POST", "/packages/1"), (405, "method-not-allowed".to_owned()));
}

#[test]
fn bodies_that_are_no_json_objects_are_refused() {
    let world = world();
    let device = Device::new(&world);
    for (path, token) in [("/activate", ""), ("/call-home", &device.token)] {
        for body in ["[]", "{", "7", "null", r#"{"a":1,"a":2}"#] {
            let reply = world.call("POST", &format!("/device/v1{path}"), token, body);
            assert_eq!(reply.status, 400, "{path} {body}");
        }
        let request = Request::post(format!("/device/v1{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "text/plain");
        let reply = world.send(request.body(Body::from("{}")).unwrap());
        assert_eq!(problem(&reply), (415, "unsupported-media-type".to_owned()));
    }
}

#[test]
fn an_idempotency_key_must_be_one() {
    let world = world();
    let device = Device::new(&world);
    let body = json!({ "application_version": "1" });
    let reply = post_under(&world, &"k".repeat(256), "/call-home", &device.token, &body);
    assert_eq!(problem(&reply), (400, "idempotency-key-invalid".to_owned()));
    let reply = post_under(&world, &"k".repeat(255), "/call-home", &device.token, &body);
    assert_eq!(reply.status, 200);
}

#[test]
fn a_store_that_fails_is_no_refusal() {
    let world = world();
    let device = Device::new(&world);
    let body = json!({ "application_version": "1" });
    for (mood, status, kind) in [
        (Mood::Refuses, 503, "not-done"),
        (Mood::LosesTheNews, 504, "outcome-unknown"),
        (Mood::Panics, 500, "internal-error"),
    ] {
        *world.mood.lock().unwrap() = mood;
        let reply = device.post(&world, "/call-home", &body);
        assert_eq!(problem(&reply), (status, kind.to_owned()));
        *world.mood.lock().unwrap() = Mood::Fine;
        assert_eq!(device.post(&world, "/call-home", &body).status, 200);
    }
}
