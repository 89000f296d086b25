//! The operator API as its clients see it: transcripts on a seeded world with a still clock.

mod access;
mod acquirer_files;
mod balances;
mod estate_api;
mod exceptions;
mod house_accounts;
mod idempotency;
mod malformed;
mod notifications;
mod packages;
mod payees;
mod psp_payments;
mod reconciliations;
mod reports;
mod rollouts;
mod secrecy;
mod settlements;
mod simulators;
mod transcripts;

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Request;

use crate::testing::{BEGIN, OPERATOR_KEY, Reply, TOKEN, World};

fn world() -> World {
    World::new(|platform| crate::router(platform, crate::Options::default()))
}

/// As [`world`], with partners, merchants and a terminal for each.
fn world_with_estate() -> World {
    World::with_estate(|platform| crate::router(platform, crate::Options::default()))
}

/// As [`world`], with customers 1 and 2.
fn with_customers() -> World {
    let world = world();
    for name in ["Partner 1", "Partner 2"] {
        let line = format!(r#"POST /customers {{"name":"{name}","organisation_number":"1"}}"#);
        assert_eq!(operate(&world, &line).status, 201);
    }
    world
}

/// Sends one line as an operator.
fn operate(world: &World, line: &str) -> Reply {
    let line = line.replace("{A}", &world.account.to_string());
    let mut parts = line.splitn(3, ' ');
    let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
    world.call(method, &format!("/operator/v1{path}"), OPERATOR_KEY, parts.next().unwrap_or(""))
}

/// Sends one line as an operator, under an idempotency key.
fn operate_under(world: &World, key: &str, line: &str) -> Reply {
    let line = line.replace("{A}", &world.account.to_string());
    let mut parts = line.splitn(3, ' ');
    let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
    let request = Request::builder()
        .method(method)
        .uri(format!("/operator/v1{path}"))
        .header("authorization", format!("Bearer {OPERATOR_KEY}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    world.send(request.body(Body::from(parts.next().unwrap_or("").to_owned())).unwrap())
}

/// Sends a card-ledger request that must succeed, and returns the answer.
#[track_caller]
fn pay(world: &World, resource: &str, body: &str) -> Reply {
    let path = format!("/ledger/card-transaction/v1/100/{resource}");
    let reply = world.call("POST", &path, TOKEN, body);
    assert_eq!(reply.status, 201, "{reply:?}");
    reply
}

/// Authorizes an amount on the world's first card; returns the authorization's id.
#[track_caller]
fn authorize(world: &World, source: &str, amount: &str) -> String {
    let reply = pay(
        world,
        "authorizations",
        &format!(
            r#"{{"sourceAuthorizationTransactionId":"{source}","sellerNumber":"654",
            "type":"purchase","pointOfSale":"Shop 1","authorizationAmount":{amount},
            "currency":"SEK","cardToken":"{}"}}"#,
            crate::testing::CARD
        ),
    );
    let location = reply.header("location").to_owned();
    location.rsplit('/').next().unwrap().to_owned()
}

/// Takes an amount on an authorization.
#[track_caller]
fn purchase(world: &World, authorization: &str, source: &str, amount: &str) {
    let body = format!(
        r#"{{"sourcePurchaseTransactionId":"{source}","amount":{amount},
        "authorizationId":"{authorization}"}}"#
    );
    pay(world, "purchases", &body);
}

/// Takes back an amount of a purchase.
#[track_caller]
fn correct(world: &World, purchase: &str, source: &str, amount: &str) {
    let body = format!(r#"{{"sourceCorrectionTransactionId":"{source}","amount":{amount}}}"#);
    pay(world, &format!("purchases/{purchase}/corrections"), &body);
}

/// All items of a list, read in pages of `limit`.
fn pages(world: &World, path: &str, limit: usize) -> Vec<serde_json::Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let list = operate(world, &format!("GET {path}?limit={limit}{after}")).json();
        let page = list["items"].as_array().unwrap();
        assert!(page.len() <= limit);
        items.extend(page.iter().cloned());
        match list["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}
