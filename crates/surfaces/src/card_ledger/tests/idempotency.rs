//! Repeats get the first answer, to the last byte; another request under the same id gets none.

use super::*;
use crate::testing::{CARD_500, CARD_BLOCKED};

/// A repeat of `first`, with its mark.
#[track_caller]
fn assert_replay(first: &Reply, again: &Reply) {
    assert_eq!(again.header("idempotent-replayed"), "true", "{again:?}");
    assert_eq!(first.header("idempotent-replayed"), "", "{first:?}");
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(first.header("content-type"), again.header("content-type"));
}

#[test]
fn every_post_with_a_source_id_is_replayed() {
    let world = world();
    let id = world.authorize(json!({ "sourceAuthorizationTransactionId": "first" }));
    let offline_path = world.create(&format!("{V1}/purchases"), &offline(json!({})));
    let steps = [
        ("authorizations".to_owned(), authorization(json!({}))),
        ("purchases".to_owned(), purchase(&id, json!({}))),
        ("purchases".to_owned(), offline(json!({ "sourcePurchaseTransactionId": "off-2" }))),
        (
            format!("{}/corrections", offline_path.strip_prefix(V1).unwrap().trim_matches('/')),
            correction(json!({})),
        ),
    ];
    for (path, body) in steps {
        let first = world.post(&format!("{V1}/{path}"), &body);
        assert_eq!(first.status, 201, "{first:?}");
        let before = world.balance();
        assert_replay(&first, &world.post(&format!("{V1}/{path}"), &body));
        // The other name of the contract gives the first one's links.
        assert_replay(&first, &world.post(&format!("{OLD}/{path}"), &body));
        assert_eq!(world.balance(), before, "{path}");
    }
}

#[test]
fn requests_are_compared_by_what_they_mean() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let first = world.post(&path, &authorization(json!({})));
    let same = r#" { "currency":"SEK", "authorizationAmount": 3.000e2, "accountNo": null,
        "pointOfSale":"Test\u0073hop", "type": "PURCHASE", "cardToken":"5646735165",
        "validToDate": null, "sellerNumber":"654", "unknown": [{}], "channel": null,
        "sourceAuthorizationTransactionId":"auth-1", } "#;
    assert_replay(&first, &world.post(&path, same));
    let nested = format!(
        "{V1}/authorizations/{}/purchases",
        first.header("location").rsplit('/').next().unwrap()
    );
    let first = world
        .post(&format!("{V1}/purchases"), &purchase(nested.split('/').nth(6).unwrap(), json!({})));
    let same = r#"{"amount": 200.000, "sourcePurchaseTransactionId": "purchase-1"}"#;
    assert_replay(&first, &world.post(&nested, same));
}

#[test]
fn a_replay_outlives_cancellation_and_expiry() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let body = authorization(json!({}));
    let first = world.post(&path, &body);
    let id = first.header("location").rsplit('/').next().unwrap().to_owned();
    let part = purchase(&id, json!({ "amount": 1 }));
    let first_purchase = world.post(&format!("{V1}/purchases"), &part);
    world.create(&format!("{path}/{id}/cancellations"), "");
    assert_replay(&first, &world.post(&path, &body));
    assert_replay(&first_purchase, &world.post(&format!("{V1}/purchases"), &part));
    world.clock.advance_ms(30 * 86_400_000);
    world.run_timers();
    assert_replay(&first, &world.post(&path, &body));
}

#[test]
fn a_decline_is_replayed_even_when_it_would_be_granted_now() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let body = authorization(json!({ "cardToken": CARD_500, "authorizationAmount": 500.01 }));
    let first = world.post(&path, &body);
    assert_eq!(first.problem(), r#"422 authorization-declined "insufficient-funds""#);
    let again = world.post(&path, &body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((again.status, &again.body), (422, &first.body));
    let again = world.post(&format!("{OLD}/authorizations"), &body);
    assert_eq!((again.status, &again.body), (422, &first.body));
    let instance = first.json()["Instance"].as_str().unwrap().to_owned();
    assert_eq!(instance.len(), 36);
    // Another request under the id of a declined one is a duplicate, or declined for itself.
    let other = authorization(json!({ "cardToken": CARD_500, "authorizationAmount": 1 }));
    assert_eq!(world.post(&path, &other).problem(), "409 duplicate-authorization");
    let other = authorization(json!({ "cardToken": CARD_BLOCKED }));
    let declined = world.post(&path, &other);
    assert_eq!(declined.problem(), r#"422 authorization-declined "card-blocked""#);
    assert_eq!(declined.header("idempotent-replayed"), "");
    assert_ne!(declined.json()["Instance"], instance.as_str());
}

#[test]
fn refusals_are_not_remembered() {
    let world = world();
    let path = format!("{V1}/authorizations");
    for bad in [
        json!({ "authorizationAmount": 0 }),
        json!({ "sellerNumber": "9" }),
        json!({ "cardToken": "nobody" }),
        json!({ "currency": "EUR" }),
    ] {
        let reply = world.post(&path, &authorization(bad));
        assert!(reply.status >= 400, "{reply:?}");
    }
    world.create(&path, &authorization(json!({})));
}

#[test]
fn an_id_stands_for_one_request() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let id = world.authorize(json!({}));
    for other in [
        json!({ "authorizationAmount": 300.01 }),
        json!({ "pointOfSale": "Elsewhere" }),
        json!({ "sellerNumber": "655" }),
        json!({ "type": "reversal" }),
        json!({ "channel": "POS" }),
        json!({ "cardToken": CARD_500 }),
        json!({ "validToDate": "2026-11-27" }),
        json!({ "cardToken": null, "accountNo": world.account.to_string() }),
    ] {
        let reply = world.post(&path, &authorization(other.clone()));
        assert_eq!(reply.problem(), "409 duplicate-authorization", "{other}");
    }
    let path = format!("{V1}/purchases");
    world.create(&path, &purchase(&id, json!({})));
    for other in
        [json!({ "amount": 1 }), json!({ "sellerReceiptId": "x" }), json!({ "date": "2026-11-20" })]
    {
        let reply = world.post(&path, &purchase(&id, other));
        assert_eq!(reply.problem(), "409 duplicate-purchase");
    }
    // The same id is another kind's to use.
    let withdrawal = json!({ "sourceCashWithdrawalTransactionId": "purchase-1", "amount": 1,
        "offlineInfo": { "cardToken": CARD, "sellerNumber": "654", "currency": "SEK" } });
    let path = format!("{V1}/cash-withdrawals");
    world.create(&path, &withdrawal.to_string());
    let other = changed(withdrawal, json!({ "amount": 2 }));
    assert_eq!(world.post(&path, &other).problem(), "409 duplicate-cash-withdrawal");
    let reversal = |amount: u32| {
        json!({ "sourceReversalTransactionId": "purchase-1", "amount": amount,
        "offlineInfo": { "cardToken": CARD, "sellerNumber": "654", "currency": "SEK" } })
        .to_string()
    };
    let path = format!("{V1}/reversals");
    world.create(&path, &reversal(1));
    assert_eq!(world.post(&path, &reversal(2)).problem(), "409 duplicate-reversal");
    let path = format!("{V1}/purchases/purchase-1/corrections");
    world.create(&path, &correction(json!({})));
    let other = correction(json!({ "amount": 1 }));
    assert_eq!(world.post(&path, &other).problem(), "409 duplicate-correction");
}

#[test]
fn offline_info_beside_an_authorization_is_compared_too() {
    let world = world();
    let id = world.authorize(json!({}));
    let path = format!("{V1}/purchases");
    let info = json!({ "cardToken": CARD, "sellerNumber": "654", "currency": "SEK",
        "cardAuthenticationMethod": "ChipPin", "channel": "POS" });
    let body = purchase(&id, json!({ "offlineInfo": info.clone() }));
    let first = world.post(&path, &body);
    assert_replay(&first, &world.post(&path, &body));
    let shown = world.get(first.header("location")).json();
    assert_eq!(shown["offlineInfo"]["cardAuthenticationMethod"], "ChipPin");
    assert_eq!(shown["offlineInfo"]["channel"], "POS");
    let changes = [
        ("cardToken", json!(CARD_500)),
        ("sellerNumber", json!("655")),
        ("currency", json!("EUR")),
        ("cardAuthenticationMethod", json!("ChipSign")),
        ("channel", json!(null)),
    ];
    for (field, value) in changes {
        let mut other = info.clone();
        other[field] = value;
        let other = world.post(&path, &purchase(&id, json!({ "offlineInfo": other })));
        assert_eq!(other.problem(), "409 duplicate-purchase", "{field}");
    }
}

#[test]
fn acquirer_references_are_used_once() {
    let world = world();
    let with = |source: &str, batch: Value, transaction: Value| {
        offline(json!({
            "sourcePurchaseTransactionId": source, "amount": 1,
            "additionalReferences": {
                "acquirerBatchId": batch, "acquirerTransactionId": transaction,
            },
        }))
    };
    let path = format!("{V1}/purchases");
    world.create(&path, &with("1", json!("b"), json!("t")));
    let reply = world.post(&path, &with("2", json!("b"), json!("t")));
    assert_eq!(reply.problem(), "409 duplicate-purchase");
    world.create(&path, &with("2", json!("b"), json!("t2")));
    // One of them alone is no name, and neither is an empty one.
    world.create(&path, &with("3", json!("b"), Value::Null));
    world.create(&path, &with("4", json!("b"), json!("")));
    world.create(&path, &with("5", json!(""), json!("")));
    world.create(&path, &with("6", json!(""), json!("")));
    let references = json!({ "acquirerBatchId": "b", "acquirerTransactionId": "t" });
    let first = correction(json!({ "amount": 1, "additionalReferences": references }));
    world.create(&format!("{path}/1/corrections"), &first);
    let second = correction(json!({ "sourceCorrectionTransactionId": "c2", "amount": 1,
        "additionalReferences": references }));
    let reply = world.post(&format!("{path}/2/corrections"), &second);
    assert_eq!(reply.problem(), "409 duplicate-correction");
}

/// Sends the same kind of request many times at once, and counts the answers by status.
fn at_once(world: &World, path: &str, bodies: Vec<String>) -> Vec<(u16, bool, String)> {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    world.block_on(async {
        let mut calls = tokio::task::JoinSet::new();
        for body in bodies {
            let request = Request::builder()
                .method("POST")
                .uri(format!("{V1}/{path}"))
                .header("content-type", "application/json")
                .header("authorization", format!("Bearer {TOKEN}"));
            let app = world.app.clone();
            let request = request.body(Body::from(body)).unwrap();
            calls.spawn(async move {
                let (head, body) = app.oneshot(request).await.unwrap().into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let replayed = head.headers.contains_key("idempotent-replayed");
                (head.status.as_u16(), replayed, String::from_utf8(body.to_vec()).unwrap())
            });
        }
        calls.join_all().await
    })
}

#[test]
fn many_identical_requests_have_one_effect() {
    let world = world();
    for (path, body, balance) in [
        ("authorizations", authorization(json!({})), (0, 30_000)),
        ("purchases", offline(json!({})), (20_000, 30_000)),
    ] {
        let answers = at_once(&world, path, vec![body; 64]);
        assert!(answers.iter().all(|(status, _, body)| (*status, body) == (201, &answers[0].2)));
        assert_eq!(answers.iter().filter(|(_, replayed, _)| !replayed).count(), 1);
        assert_eq!(world.balance(), balance);
    }
}

#[test]
fn many_captures_never_take_more_than_was_authorized() {
    let world = world();
    let id = world.authorize(json!({}));
    let bodies = (0..64).map(|number| {
        let source = format!("capture {number}");
        purchase(&id, json!({ "sourcePurchaseTransactionId": source, "amount": 70 }))
    });
    let answers = at_once(&world, "purchases", bodies.collect());
    let of = |status: u16| answers.iter().filter(|answer| answer.0 == status).count();
    assert_eq!((of(201), of(409)), (4, 60));
    assert_eq!(world.balance(), (28_000, 2_000));
}
