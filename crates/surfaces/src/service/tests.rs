//! The service endpoints, on the seeded world.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Request;

use super::*;
use crate::testing::{Reply, World};

fn world() -> World {
    World::new(|platform| {
        let bytes: Option<StoreBytes> = Some(Arc::new(|| Some(4_096)));
        let store = StoreFacts { kind: StoreKind::Postgresql, writers: 3, bytes };
        crate::router(platform, Options { store, ..Options::default() })
    })
}

fn get(world: &World, path: &str) -> Reply {
    world.call("GET", path, "", "")
}

#[test]
fn it_is_ready_until_it_drains() {
    let world = world();
    assert_eq!(get(&world, "/livez").body, "ok\n");
    assert_eq!(
        (get(&world, "/readyz").status, get(&world, "/readyz").body.as_str()),
        (200, "ok\n")
    );
    world.platform.draining.store(true, Ordering::SeqCst);
    let reply = get(&world, "/readyz?verbose");
    assert_eq!(reply.status, 503);
    let expected =
        "accepting: not ready\nstore (postgresql): ok\nengine: ok\nnot ready: accepting\n";
    assert_eq!(reply.body, expected);
    assert_eq!(get(&world, "/livez").status, 200, "it still lives");
}

#[test]
fn figures_are_shown_without_ids() {
    let world = world();
    get(&world, "/operator/v1/accounts/4111111111111111?as_of=5");
    get(&world, "/nothing/4111111111111111");
    let reply = get(&world, "/metrics");
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        r#"kassa_http_requests_total{surface="operator",method="GET",status="401"} 1"#,
        r#"kassa_http_requests_total{surface="none",method="GET",status="404"} 1"#,
        r#"http_route="/operator/v1/accounts/{account_no}""#,
        "kassa_store_bytes 4096",
        r#"kassa_store_info{kind="postgresql"} 1"#,
        "kassa_store_writers 3",
        "kassa_engine_queue_length 0",
        "kassa_build_info{version=",
    ] {
        assert!(reply.body.contains(line), "{line}\n{}", reply.body);
    }
    assert!(!reply.body.contains("4111"));
}

#[test]
fn documents_are_browsable_without_a_network() {
    let world = world();
    for (name, text) in documents() {
        let reply = get(&world, &format!("/openapi/{name}"));
        assert_eq!((reply.status, &reply.body), (200, &text));
        assert_eq!(reply.header("content-type"), "application/json");
        assert!(get(&world, "/docs/swagger-initializer.js").body.contains(name));
    }
    assert_eq!(get(&world, "/docs").header("location"), "/docs/");
    let page = get(&world, "/docs/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").starts_with("default-src 'none';"));
    assert!(!page.body.contains("//"), "{}", page.body);
    assert!(!page.body.contains("<script>") && !page.body.contains("style="));
    let version = get(&world, "/version").json();
    assert_eq!((&version["name"], &version["store"]), (&"kassa".into(), &"postgresql".into()));
}

#[test]
fn every_answer_has_its_id_and_is_not_cached() {
    let world = world();
    let ours = get(&world, "/livez").header("x-request-id").to_owned();
    assert_ne!(get(&world, "/livez").header("x-request-id"), ours);
    let theirs = |id: &str| {
        let request = Request::get("/nothing").header("x-request-id", id);
        world.send(request.body(Body::empty()).unwrap())
    };
    let reply = theirs("trace-7.a_b");
    assert_eq!(reply.header("x-request-id"), "trace-7.a_b");
    assert_eq!(reply.json()["instance"], "trace-7.a_b");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_ne!(theirs("5555555555554444").header("x-request-id"), "5555555555554444");
}
