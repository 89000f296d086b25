//! Goal: nobody reaches what is not theirs, and a stranger learns nothing.

use ledger::{Contract, IssueCredential, RevokeCredential, Scope, Timestamp};

use super::*;
use crate::http::secrets::secret_hash;
use crate::testing::{ACCOUNT_ID_OTHER, APP_OTHER, BEGIN, OPERATOR_KEY};

const NOBODY: [&str; 1] = ["NOT_AUTHORIZED App-Id/App-Token"];

/// Every route, with a body that is in order.
fn routes(terminal: &Value) -> Vec<(&'static str, String, String)> {
    let path = path_of(terminal);
    vec![
        ("GET", "/terminals".to_owned(), String::new()),
        ("POST", "/terminals".to_owned(), new_terminal("A-2").to_string()),
        ("GET", path.clone(), String::new()),
        ("POST", path.clone(), "{}".to_owned()),
        ("POST", format!("{path}/deactivate"), String::new()),
        ("POST", format!("{path}/activate"), String::new()),
        ("DELETE", path, String::new()),
    ]
}

fn application(world: &World, login: &str, secret: &str, expires_at: Option<Timestamp>) {
    world.submit(engine::Command::IssueCredential(IssueCredential {
        login: Some(login.to_owned()),
        contract: Contract::Terminals,
        label: login.to_owned(),
        scope: Scope::Customer(1),
        secret_hash: secret_hash(secret),
        salt: [0; 16],
        expires_at,
        actor: "test".to_owned(),
        idempotency: None,
    }));
}

#[test]
fn strangers_are_turned_away_on_every_route() {
    let world = world();
    let terminal = onboard(&world, "A-1");
    let hour = Timestamp::parse_rfc3339(BEGIN).unwrap().plus_ms(3_600_000);
    application(&world, "hour", "hour-secret", Some(hour));
    application(&world, "revoked", "revoked-secret", None);
    let directory = world.platform.engine.directory();
    let credential = directory.credential_by_hash(&secret_hash("revoked-secret")).unwrap().id;
    let revoke = RevokeCredential { credential, actor: "test".to_owned() };
    world.submit(engine::Command::RevokeCredential(revoke));
    assert_eq!(world.call_terminals("GET", "/terminals", ("hour", "hour-secret"), "").status, 200);
    world.clock.advance_ms(3_600_000);
    let strangers = [
        ("", ""),
        (APP.0, ""),
        ("", APP.1),
        (APP.0, "wrong"),
        ("wrong", APP.1),
        (APP.0, APP_OTHER.1),
        (APP.0, OPERATOR_KEY),
        ("hour", "hour-secret"),
        ("revoked", "revoked-secret"),
    ];
    for (method, path, body) in routes(&terminal) {
        for (id, token) in strangers {
            let headers = [("app-id", id), ("app-token", token)];
            let reply = call_with(&world, method, &path, &headers, &body);
            refused(&reply, NOT_AUTHORIZED, &NOBODY);
        }
    }
    assert_eq!(get(&world, &path_of(&terminal)).json()["status"], "active");
}

#[test]
fn the_version_must_be_named() {
    let world = world();
    let terminal = onboard(&world, "A-1");
    for (method, path, body) in routes(&terminal) {
        let reply = call_with(&world, method, &path, &[("api-version", "")], &body);
        refused(&reply, INVALID, &["PARAM_IS_MISSING Api-Version"]);
        for version in ["3.1", "3", "3.0.rc.1.1", "v3.0"] {
            let reply = call_with(&world, method, &path, &[("api-version", version)], &body);
            refused(&reply, INVALID, &["PARAM_HAS_INVALID_VALUE Api-Version"]);
            let kind = &reply.json()["details"][0]["target_type"];
            assert_eq!(kind, "HTTP_REQUEST_HEADER");
        }
    }
}

#[test]
fn a_foreign_terminal_answers_as_an_unknown_one() {
    let world = world();
    let terminal = onboard(&world, "A-1");
    let unknown = "00000000-0000-4000-8000-00000000beef";
    for (method, path, body) in routes(&terminal).into_iter().skip(2) {
        let foreign = world.call_terminals(method, &path, APP_OTHER, &body);
        refused(&foreign, NOT_FOUND, &["RESOURCE_NOT_FOUND "]);
        let id = terminal["id"].as_str().unwrap();
        for other in [unknown, &id.to_uppercase(), "x", "%00", "a%2Fb", "%F0%9F%A6%8A", "%ff"] {
            let path = path.replace(id, other);
            let reply = world.call_terminals(method, &path, APP, &body);
            assert_eq!((reply.status, &reply.body), (404, &foreign.body), "{method} {path}");
        }
    }
    let listed = world.call_terminals("GET", "/terminals", APP_OTHER, "").json();
    assert_eq!(listed["results"], json!([]));
}

#[test]
fn a_foreign_account_answers_as_an_unknown_one() {
    let world = world();
    let unknown = "00000000-0000-4000-8000-00000000beef";
    let ask = |account: &str| {
        let body = with(new_terminal("A-1"), "/account_id", json!(account));
        let onboarded = post(&world, "/terminals", &body);
        refused(&onboarded, NOT_AUTHORIZED, &NOBODY);
        let path = format!("/terminals?account_id={}", account.replace('/', "%2F"));
        let listed = get(&world, &path);
        refused(&listed, NOT_AUTHORIZED, &NOBODY);
        (onboarded.body, listed.body)
    };
    let foreign = ask(ACCOUNT_ID_OTHER);
    assert_eq!(ask(unknown), foreign);
    assert_eq!(ask("a/b"), foreign);
    assert_eq!(get(&world, "/terminals").json()["results"], json!([]), "nothing was done");
}

#[test]
fn what_has_no_route_answers_in_the_contracts_shape() {
    let world = world();
    let terminal = onboard(&world, "A-1");
    let path = path_of(&terminal);
    for (method, path) in [
        ("GET", "/terminals/".to_owned()),
        ("GET", format!("{path}/configuration")),
        ("POST", format!("{path}/delete")),
        ("GET", format!("{path}/activate/x")),
        ("POST", "/terminals//deactivate".to_owned()),
    ] {
        let reply = world.call_terminals(method, &path, APP, "");
        refused(&reply, NOT_FOUND, &["RESOURCE_NOT_FOUND "]);
    }
    for (method, path) in [
        ("PUT", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", "/terminals".to_owned()),
        ("GET", format!("{path}/activate")),
        ("DELETE", format!("{path}/deactivate")),
    ] {
        let reply = world.call_terminals(method, &path, APP, "");
        refused(&reply, "405 INVALID_PARAMS", &["METHOD_IS_NOT_ALLOWED "]);
    }
    refused(
        &call_with(&world, "GET", "/terminals/x/y", &[("app-token", "wrong")], ""),
        NOT_AUTHORIZED,
        &NOBODY,
    );
}
