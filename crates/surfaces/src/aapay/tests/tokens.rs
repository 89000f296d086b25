//! Goal: a consumer gets a token for its key and secret, and the token is as good as they are.

use super::*;
use crate::testing::basic;

const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";

fn ask(world: &World, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = Request::post("/oauth2/token");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::from(body.to_owned())).unwrap())
}

fn in_form(world: &World, body: &str) -> Reply {
    ask(world, &[("content-type", FORM)], body)
}

fn fields() -> String {
    format!("{GRANT}&client_id={}&client_secret={}", CONSUMER.0, CONSUMER.1)
}

#[track_caller]
fn check_no(reply: &Reply, status: u16, error: &str) {
    assert_eq!((reply.status, &reply.json()["error"]), (status, &json!(error)), "{reply:?}");
    let challenge = if status == 401 { "Basic realm=\"kassa\"" } else { "" };
    assert_eq!(reply.header("www-authenticate"), challenge);
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[test]
fn a_token_stands_for_the_consumer_for_an_hour() {
    let world = world();
    let header = format!("Basic {}", basic(CONSUMER));
    let by_header = ask(&world, &[("content-type", FORM), ("authorization", &header)], GRANT);
    let by_form = in_form(&world, &fields());
    for reply in [by_header, by_form] {
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
        let token = reply.json();
        assert_eq!(token["token_type"], "Bearer");
        assert_eq!(token["expires_in"], 3_600);
        let text = token["access_token"].as_str().unwrap().to_owned();
        let read =
            |token: &str| world.call("GET", &format!("{TRANSACTION}/1/status"), token, "").status;
        assert_eq!(read(&text), 404);
        assert_eq!(read(&(text.clone() + "x")), 401);
        assert_eq!(read(&text.replace("kat_", "")), 401);
    }
    let token = in_form(&world, &fields()).json()["access_token"].as_str().unwrap().to_owned();
    let path = format!("{TRANSACTION}/1/status");
    world.clock.advance_ms(3_599_999);
    assert_eq!(world.call("GET", &path, &token, "").status, 404);
    world.clock.advance_ms(1);
    assert_eq!(world.call("GET", &path, &token, "").status, 401);
}

#[test]
fn a_token_ends_with_its_consumer() {
    let world = world();
    let token = in_form(&world, &fields()).json()["access_token"].as_str().unwrap().to_owned();
    let directory = world.platform.engine.directory();
    let hash = crate::http::secrets::secret_hash(CONSUMER.1);
    let credential = directory.credential_by_hash(&hash).unwrap().id;
    assert!(world.platform.uses.last(credential).is_some(), "its use is noted");
    world.submit(engine::Command::RevokeCredential(ledger::RevokeCredential {
        credential,
        actor: "test".to_owned(),
    }));
    assert_eq!(world.call("GET", &format!("{TRANSACTION}/1/status"), &token, "").status, 401);
    check_no(&in_form(&world, &fields()), 401, "invalid_client");
}

#[test]
fn errors_are_those_of_the_standard() {
    let world = world();
    let (key, secret) = CONSUMER;
    for (body, status, error) in [
        (format!("{GRANT}&client_id={key}&client_secret=wrong"), 401, "invalid_client"),
        (format!("{GRANT}&client_id=wrong&client_secret={secret}"), 401, "invalid_client"),
        (format!("{GRANT}&client_id={key}"), 401, "invalid_client"),
        (GRANT.to_owned(), 401, "invalid_client"),
        (fields().replace("client_credentials", "password"), 400, "unsupported_grant_type"),
        (fields().replace(GRANT, ""), 400, "invalid_request"),
        (fields() + "&client_id=x", 400, "invalid_request"),
        (format!("{}&{GRANT}", fields()), 400, "invalid_request"),
        (fields() + "&x=%ff", 400, "invalid_request"),
        (String::new(), 400, "invalid_request"),
        ("x".repeat(70_000), 413, "invalid_request"),
    ] {
        check_no(&in_form(&world, &body), status, error);
    }
    check_no(&ask(&world, &[("content-type", "application/json")], "{}"), 400, "invalid_request");
    let header = format!("Basic {}", basic(CONSUMER));
    let both = [("content-type", FORM), ("authorization", header.as_str())];
    check_no(&ask(&world, &both, &fields()), 400, "invalid_request");
    let other = format!("{GRANT}&client_id=other");
    check_no(&ask(&world, &both, &other), 401, "invalid_client");
    for wrong in ["Basic x", "Basic ", "basic OjpX"] {
        let headers = [("content-type", FORM), ("authorization", wrong)];
        check_no(&ask(&world, &headers, GRANT), 401, "invalid_client");
    }
    let reply = world.call("GET", "/oauth2/token", "", "");
    check_no(&reply, 405, "invalid_request");
}

#[test]
fn forms_are_decoded() {
    let world = world();
    let encoded = fields().replace('-', "%2D") + "&scope=a+b&&x";
    assert_eq!(in_form(&world, &encoded).status, 200);
    let type_with_charset = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
    assert_eq!(ask(&world, &type_with_charset, &fields()).status, 200);
    // A bearer token that came along is none of the ways to authenticate here.
    let bearer = [("content-type", FORM), ("authorization", "Bearer x")];
    assert_eq!(ask(&world, &bearer, &fields()).status, 200);
}
