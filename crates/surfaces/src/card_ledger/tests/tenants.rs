//! What belongs to somebody else looks like what does not exist.

use super::*;
use crate::testing::{
    CARD_200, TOKEN_200, TOKEN_300, TOKEN_400, TOKEN_654, TOKEN_655, TOKEN_HOUR, TOKEN_REVOKED,
};

/// The problem without its instance, which differs each time.
fn without_instance(reply: &Reply) -> String {
    let instance = reply.json()["Instance"].as_str().unwrap().to_owned();
    format!("{} {:?} {}", reply.status, reply.headers, reply.body.replace(&instance, ""))
}

#[test]
fn tokens_open_their_company_and_no_other() {
    let world = world();
    let path = format!("{V1}/authorizations");
    for (token, problem) in [
        ("", "401 token-invalid"),
        ("nonsense", "401 token-invalid"),
        (TOKEN_REVOKED, "401 token-invalid"),
        (crate::testing::OPERATOR_KEY, "401 token-invalid"),
        (TOKEN_200, "401 company-number-token-mismatch"),
        (TOKEN_300, "401 company-number-token-mismatch"),
    ] {
        for (method, body) in [("GET", ""), ("POST", "{}")] {
            let reply = world.call(method, &path, token, body);
            assert_eq!(reply.problem(), problem, "{method} {token}");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(world.call("GET", &path, TOKEN_HOUR, "").status, 200);
    world.clock.advance_ms(3_600_000);
    assert_eq!(world.call("GET", &path, TOKEN_HOUR, "").problem(), "401 token-expired");
}

#[test]
fn authorization_headers_are_bearer_tokens() {
    let world = world();
    let call = |header: &str| {
        let request = axum::http::Request::builder()
            .uri(format!("{V1}/authorizations"))
            .header("authorization", header)
            .body(axum::body::Body::empty())
            .unwrap();
        world.send(request).status
    };
    assert_eq!(call(&format!("bearer {TOKEN}")), 200);
    assert_eq!(call(&format!("BEARER  {TOKEN}")), 200);
    for bad in ["", "Bearer", "Bearer ", "Basic abc", TOKEN] {
        assert_eq!(call(bad), 401, "{bad}");
    }
}

#[test]
fn companies_must_be_configured() {
    let world = world();
    let body = authorization(json!({}));
    for base in ["/ledger/card-transaction/v1", "/ledger/credit-account-acquiring/v1"] {
        let path = format!("{base}/300/authorizations");
        let reply = world.call("POST", &path, TOKEN_300, &body);
        assert_eq!(reply.problem(), "501 company-not-configured");
        let reply = world.call("GET", &path, TOKEN_300, "");
        assert_eq!(reply.problem(), "501 company-not-configured");
        let path = format!("{base}/400/authorizations");
        let reply = world.call("POST", &path, TOKEN_400, &body);
        assert_eq!(reply.problem(), "501 company-missing-configuration");
        assert_eq!(world.call("GET", &path, TOKEN_400, "").status, 200);
    }
}

#[test]
fn another_company_is_nobody() {
    let world = world();
    let theirs = "/ledger/card-transaction/v1/200";
    let body = authorization(json!({ "cardToken": CARD_200 }));
    let reply = world.call("POST", &format!("{theirs}/authorizations"), TOKEN_200, &body);
    let id = reply.header("location").rsplit('/').next().unwrap().to_owned();
    let part = purchase(&id, json!({}));
    let reply = world.call("POST", &format!("{theirs}/purchases"), TOKEN_200, &part);
    assert_eq!(reply.status, 201);
    let compare = |method: &str, foreign: &str, unknown: &str, bodies: (&str, &str)| {
        let foreign = world.call(method, foreign, TOKEN, bodies.0);
        let unknown = world.call(method, unknown, TOKEN, bodies.1);
        assert_eq!(without_instance(&foreign), without_instance(&unknown));
        foreign.problem()
    };
    let of = |id: &str, rest: &str| format!("{V1}/authorizations/{id}{rest}");
    for rest in ["", "/purchases", "/cancellations", "/purchases/purchase-1"] {
        let problem = compare("GET", &of(&id, rest), &of("ZZZZZZ", rest), ("", ""));
        assert_eq!(problem, "404 authorization-not-found");
    }
    let cancellations = "/cancellations";
    compare("POST", &of(&id, cancellations), &of("ZZZZZZ", cancellations), ("", ""));
    let (path, other) = (format!("{V1}/purchases"), purchase("ZZZZZZ", json!({})));
    assert_eq!(compare("POST", &path, &path, (&part, &other)), "404 authorization-not-found");
    let found = format!("{path}/purchase-1");
    assert_eq!(world.get(&found).problem(), "404 purchase-not-found");
    let body = correction(json!({}));
    let reply = world.post(&format!("{found}/corrections"), &body);
    assert_eq!(reply.problem(), "404 purchase-not-found");
    // Their card, under our company.
    let body = authorization(json!({ "cardToken": CARD_200 }));
    let reply = world.post(&format!("{V1}/authorizations"), &body);
    assert_eq!(reply.problem(), "400 card-token-not-found");
    assert_eq!(world.show(&path)["purchases"], json!([]));
    assert_eq!(world.show(&format!("{V1}/authorizations"))["authorizations"], json!([]));
    // Ours may use the ids that theirs use.
    let ours = world.authorize(json!({}));
    world.create(&path, &purchase(&ours, json!({})));
}

#[test]
fn a_sellers_token_acts_for_that_seller() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let body = authorization(json!({}));
    let reply = world.call("POST", &path, TOKEN_655, &body);
    assert_eq!(reply.problem(), "401 seller-number-token-mismatch");
    let reply = world.call("POST", &format!("{V1}/purchases"), TOKEN_655, &offline(json!({})));
    assert_eq!(reply.problem(), "401 seller-number-token-mismatch");
    let reply = world.call("POST", &path, TOKEN_654, &body);
    assert_eq!(reply.status, 201, "{reply:?}");
    let location = reply.header("location").to_owned();
    let id = location.rsplit('/').next().unwrap().to_owned();
    let part = purchase(&id, json!({}));
    let reply = world.call("POST", &format!("{V1}/purchases"), TOKEN_655, &part);
    assert_eq!(reply.problem(), "404 authorization-not-found");
    let cancellations = format!("{location}/cancellations");
    let reply = world.call("POST", &cancellations, TOKEN_655, "");
    assert_eq!(reply.problem(), "404 authorization-not-found");
    let reply = world.call("POST", &format!("{V1}/purchases"), TOKEN_654, &part);
    assert_eq!(reply.status, 201, "{reply:?}");
    let corrections = format!("{V1}/purchases/purchase-1/corrections");
    let reply = world.call("POST", &corrections, TOKEN_655, &correction(json!({})));
    assert_eq!(reply.problem(), "404 purchase-not-found");
    let reply = world.call("POST", &corrections, TOKEN_654, &correction(json!({})));
    assert_eq!(reply.status, 201, "{reply:?}");
    for (path, problem) in [
        (location.clone(), "404 authorization-not-found"),
        (cancellations, "404 authorization-not-found"),
        (format!("{location}/purchases"), "404 authorization-not-found"),
        (format!("{V1}/purchases/purchase-1"), "404 purchase-not-found"),
        (corrections.clone(), "404 purchase-not-found"),
        (format!("{corrections}/correction-1"), "404 purchase-not-found"),
    ] {
        assert_eq!(world.call("GET", &path, TOKEN_655, "").problem(), problem, "{path}");
        assert_eq!(world.call("GET", &path, TOKEN_654, "").status, 200, "{path}");
    }
    for (list, name) in [("authorizations", "authorizations"), ("purchases", "purchases")] {
        let count = |token: &str, query: &str| {
            let reply = world.call("GET", &format!("{V1}/{list}{query}"), token, "");
            reply.json()[name].as_array().unwrap().len()
        };
        assert_eq!((count(TOKEN_654, ""), count(TOKEN_655, "")), (1, 0), "{list}");
        let query = format!("?authorizationId={id}");
        assert_eq!((count(TOKEN_654, &query), count(TOKEN_655, &query)), (1, 0), "{list}");
    }
    let query = format!("{path}?sourceAuthorizationTransactionId=auth-1");
    let reply = world.call("GET", &query, TOKEN_655, "");
    assert_eq!(reply.json()["authorizations"], json!([]));
}

#[test]
fn a_sellers_token_does_not_reach_another_sellers_answers_by_repeating() {
    let world = world();
    let id = world.authorize(json!({}));
    let part = purchase(&id, json!({}));
    world.create(&format!("{V1}/purchases"), &part);
    let reply = world.call("POST", &format!("{V1}/purchases"), TOKEN_655, &part);
    assert_eq!(reply.problem(), "404 authorization-not-found");
    let corrections = format!("{V1}/purchases/purchase-1/corrections");
    world.create(&corrections, &correction(json!({})));
    let reply = world.call("POST", &corrections, TOKEN_655, &correction(json!({})));
    assert_eq!(reply.problem(), "404 purchase-not-found");
}
