//! Goal: the thirty-first call in ten seconds waits, and is told how long and why.

use ledger::{Contract, IssueCredential, Scope};

use super::*;
use crate::http::secrets::secret_hash;
use crate::terminals::Throttling;
use crate::testing::APP_OTHER;

const APPLICATION: [&str; 1] = ["APPLICATION_REQUEST_THROTTLE_EXCEEDED "];
const ACCOUNT: [&str; 1] = ["ACCOUNT_REQUEST_THROTTLE_EXCEEDED "];
const EXCEEDED: &str = "429 THROTTLE_EXCEEDED";

fn throttled() -> World {
    let throttling = Some(Throttling::CONTRACT);
    let options = || Options { throttling, ..Options::default() };
    World::with_estate(|platform| router(platform, options()))
}

#[test]
fn the_thirty_first_call_waits_until_the_window_has_moved() {
    let world = throttled();
    for call in 0..30 {
        assert_eq!(get(&world, "/terminals").status, 200, "{call}");
        world.clock.advance_ms(100);
    }
    // 3 s after the first call: 7 s until it no longer counts.
    let reply = get(&world, "/terminals");
    refused(&reply, EXCEEDED, &APPLICATION);
    assert_eq!(reply.header("retry-after"), "7");
    // Another endpoint, and another application, are counted apart.
    assert_eq!(get(&world, "/terminals/x").status, 404);
    assert_eq!(world.call_terminals("GET", "/terminals", APP_OTHER, "").status, 200);
    world.clock.advance_ms(6_999);
    let reply = get(&world, "/terminals");
    assert_eq!((reply.status, reply.header("retry-after")), (429, "1"));
    world.clock.advance_ms(1);
    assert_eq!(get(&world, "/terminals").status, 200);
    assert_eq!(get(&world, "/terminals").status, 429, "the second call still counts");
}

#[test]
fn an_endpoint_is_a_method_and_a_route() {
    let world = throttled();
    for call in 0..30 {
        // Which terminal it is makes no difference.
        assert_eq!(get(&world, &format!("/terminals/{call}")).status, 404);
    }
    refused(&get(&world, "/terminals/another"), EXCEEDED, &APPLICATION);
    assert_eq!(world.call_terminals("DELETE", "/terminals/0", APP, "").status, 404);
    assert_eq!(world.call_terminals("POST", "/terminals/0/activate", APP, "").status, 404);
}

#[test]
fn other_methods_are_counted_together() {
    let world = throttled();
    let call = |method: &str| world.call_terminals(method, "/terminals", APP, "").status;
    // Each name counted apart would push what counts for others out of memory.
    for number in 0..30 {
        assert_eq!(call(&format!("X{number}")), 405);
    }
    assert_eq!(call("X30"), 429);
    for number in 0..30 {
        assert_eq!(call(if number % 2 == 0 { "GET" } else { "HEAD" }), 200);
    }
    assert_eq!((call("GET"), call("HEAD")), (429, 429));
}

#[test]
fn an_account_is_counted_over_all_applications() {
    let world = throttled();
    let second = ("565656", "another-app-of-customer-1");
    world.submit(engine::Command::IssueCredential(IssueCredential {
        login: Some(second.0.to_owned()),
        contract: Contract::Terminals,
        label: "second".to_owned(),
        scope: Scope::Customer(1),
        secret_hash: secret_hash(second.1),
        salt: [0; 16],
        expires_at: None,
        actor: "test".to_owned(),
        idempotency: None,
    }));
    let path = format!("/terminals?account_id={ACCOUNT_ID}");
    for call in 0..30 {
        let app = if call % 2 == 0 { APP } else { second };
        assert_eq!(world.call_terminals("GET", &path, app, "").status, 200, "{call}");
    }
    for app in [APP, second] {
        let reply = world.call_terminals("GET", &path, app, "");
        refused(&reply, EXCEEDED, &ACCOUNT);
        assert_eq!(reply.header("retry-after"), "10");
        assert_eq!(world.call_terminals("GET", "/terminals", app, "").status, 200);
    }
    // Onboarding is another endpoint.
    let reply = post(&world, "/terminals", &new_terminal("T-1"));
    assert_eq!(reply.status, 201);
}

#[test]
fn strangers_do_not_use_up_an_applications_calls() {
    let world = throttled();
    for _ in 0..40 {
        assert_eq!(world.call_terminals("GET", "/terminals", (APP.0, "wrong"), "").status, 403);
    }
    assert_eq!(get(&world, "/terminals").status, 200);
}

#[test]
fn it_can_be_left_out() {
    let world = world();
    for _ in 0..40 {
        assert_eq!(get(&world, "/terminals").status, 200);
    }
}
