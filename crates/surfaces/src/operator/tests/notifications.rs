//! Where merchants are notified, whether it came, and what is sent anew, as operators see it.

use std::sync::atomic::Ordering;

use engine::effects::webhook::{Envelope, Message, Secret, post};
use serde_json::{Value, json};

use super::*;

const ENDPOINTS: &str = "/customers/3/notification-endpoints";
const URL: &str = "https://shop.example/hooks";

fn with_merchants() -> World {
    World::with_consumers(|platform| crate::router(platform, crate::Options::default()))
}

/// Adds an endpoint, and returns what is answered.
#[track_caller]
fn add(world: &World, body: &Value) -> Value {
    let reply = operate(world, &format!("POST {ENDPOINTS} {body}"));
    assert_eq!(reply.status, 201, "{reply:?}");
    let added = reply.json();
    let id = added["id"].as_str().unwrap();
    assert_eq!(reply.header("location"), format!("/operator/v1{ENDPOINTS}/{id}"));
    added
}

fn id(body: &Value) -> &str {
    body["id"].as_str().unwrap()
}

/// A payment of merchant 3 over payments v3, which the payer has paid a while later.
fn pay(world: &World) -> String {
    world.clock.advance_ms(10_000);
    world.pay_online(3).to_string()
}

/// Lets the courier do what there is to do.
fn deliver(world: &World) {
    world.block_on(async {
        while world.platform.courier.turn().await > 0 {
            world.platform.courier.idle().await;
        }
    });
}

fn list(world: &World, query: &str) -> Vec<Value> {
    let reply = operate(world, &format!("GET /notifications?{query}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["items"].as_array().unwrap().clone()
}

#[test]
fn endpoints_are_added_changed_and_deleted() {
    let world = with_merchants();
    let first = add(&world, &json!({ "url": URL }));
    let own = add(&world, &json!({}));
    assert!(Secret::parse(first["secret"].as_str().unwrap()).is_some(), "{first}");
    assert_ne!(first["secret"], own["secret"]);
    let mut expected = json!({
        "id": first["id"], "customer_id": 3, "url": URL, "enciphered": false, "active": true,
        "disabled_reason": null, "failing_since": null, "previous_secret_until": null,
        "created_at": "2026-11-20T11:00:00.000Z", "changed_at": "2026-11-20T11:00:00.000Z",
    });
    let path = format!("{ENDPOINTS}/{}", id(&first));
    assert_eq!(operate(&world, &format!("GET {path}")).json(), expected);
    let all = operate(&world, &format!("GET {ENDPOINTS}")).json();
    assert_eq!((&all["items"][0]["url"], &all["next"]), (&Value::Null, &Value::Null));
    assert_eq!(all["items"][1], expected);
    for (body, status) in [
        (r#"{"active":false}"#, 200),
        (r#"{"url":"https://other.example/"}"#, 200),
        ("{}", 200),
        (r#"{"active":true,"url":"https://shop.example/hooks"}"#, 200),
    ] {
        let reply = operate(&world, &format!("PATCH {path} {body}"));
        assert_eq!(reply.status, status, "{body}");
        assert_eq!(reply.json(), operate(&world, &format!("GET {path}")).json());
    }
    let shown = operate(&world, &format!("GET {path}")).json();
    assert_eq!(shown, expected, "as it was");
    world.clock.advance_ms(1_000);
    let turned = operate(&world, &format!("POST {path}/rotate-secret"));
    assert_eq!(turned.status, 200, "{turned:?}");
    assert_ne!(turned.json()["secret"], first["secret"]);
    expected["previous_secret_until"] = json!("2026-11-21T11:00:01.000Z");
    expected["changed_at"] = json!("2026-11-20T11:00:01.000Z");
    assert_eq!(operate(&world, &format!("GET {path}")).json(), expected);
    let at_once = format!(r#"POST {path}/rotate-secret {{"overlap_seconds":0}}"#);
    assert_eq!(operate(&world, &at_once).json()["previous_secret_until"], Value::Null);
    assert_eq!(operate(&world, &format!("DELETE {path}")).status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(operate(&world, &format!("{method} {path}")).status, 404);
    }
    let url = format!(r#"PATCH {ENDPOINTS}/{} {{"url":"{URL}"}}"#, id(&own));
    assert_eq!(operate(&world, &url).json()["errors"][0]["pointer"], "/url");
}

#[test]
fn what_is_no_endpoint_is_refused() {
    let world = with_merchants();
    add(&world, &json!({ "url": URL }));
    for (line, status, word) in [
        (format!(r#"POST {ENDPOINTS} {{"url":"{URL}"}}"#), 409, "already-exists"),
        (r"POST /customers/1/notification-endpoints {}".to_owned(), 409, "not-a-merchant"),
        (r"POST /customers/99/notification-endpoints {}".to_owned(), 404, "not-found"),
        (r"GET /customers/99/notification-endpoints".to_owned(), 404, "not-found"),
        (format!("GET {ENDPOINTS}/1"), 404, "not-found"),
        (format!("GET {ENDPOINTS}/x"), 404, "not-found"),
        (format!("POST {ENDPOINTS}/1/redeliver {{\"since\":\"{BEGIN}\"}}"), 404, "not-found"),
        (format!(r"POST {ENDPOINTS}/1/rotate-secret {{}}"), 404, "not-found"),
        ("GET /notifications/1".to_owned(), 404, "not-found"),
        ("GET /notifications/å".to_owned(), 404, "not-found"),
        ("POST /notifications/1/redeliver".to_owned(), 404, "not-found"),
    ] {
        let reply = operate(&world, &line);
        let kind = reply.json()["type"].to_string();
        assert_eq!((reply.status, kind.contains(word)), (status, true), "{line}: {kind}");
    }
    for (body, pointer) in [
        (r#"{"url":"http://shop.example/"}"#, "/url"),
        (r#"{"url":"shop"}"#, "/url"),
        (r#"{"url":""}"#, "/url"),
        (r#"{"url":1}"#, "/url"),
        (r#"{"enciphered":"yes"}"#, "/enciphered"),
        (r#"{"secret":"mine"}"#, "/secret"),
    ] {
        let reply = operate(&world, &format!("POST {ENDPOINTS} {body}"));
        assert_eq!((reply.status, &reply.json()["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
    for query in ["status=sent", "status=", "customer_id=0", "payment_id=å", "x=1", "limit=0"] {
        assert_eq!(operate(&world, &format!("GET /notifications?{query}")).status, 400, "{query}");
    }
    // No merchant finds another's.
    let other = operate(&world, &format!("GET {ENDPOINTS}")).json()["items"][0].clone();
    let line = format!("GET /customers/4/notification-endpoints/{}", id(&other));
    assert_eq!(operate(&world, &line).status, 404);
}

#[test]
fn what_was_sent_is_shown_and_sent_anew() {
    let world = with_merchants();
    let first = add(&world, &json!({ "url": URL }));
    let own = add(&world, &json!({}));
    let payment = pay(&world);
    let pending = list(&world, "status=pending");
    assert_eq!(pending.len(), 2, "{pending:?}");
    deliver(&world);
    assert!(list(&world, "status=pending").is_empty());
    let delivered = list(&world, &format!("status=delivered&payment_id={payment}&customer_id=3"));
    let urls: Vec<&Value> = delivered.iter().map(|it| &it["url"]).collect();
    assert_eq!(urls, ["https://own.example/n", URL]);
    let it = &delivered[1];
    assert_eq!((&it["endpoint_id"], &it["payment_id"]), (&first["id"], &json!(payment)));
    assert_eq!(delivered[0]["endpoint_id"], own["id"]);
    let attempt = json!({
        "at": "2026-11-20T11:00:10.000Z", "status": 200, "duration_ms": 0, "error": null,
    });
    assert_eq!(it["attempts"], json!([attempt]));
    assert_eq!(it["next_attempt_at"], Value::Null);
    assert_eq!(operate(&world, &format!("GET /notifications/{}", id(it))).json(), *it);
    assert!(list(&world, "customer_id=4").is_empty() && list(&world, "status=failed").is_empty());
    // What was sent is what an inquiry answers, signed.
    let letter = world.post.letters.lock().unwrap()[0].clone();
    let body: Value = serde_json::from_slice(&letter.body).unwrap();
    let shown = operate(&world, &format!("GET /payments/{payment}")).json();
    let instruction = shown["instruction"].as_str().unwrap();
    assert_eq!(body["id"], instruction.to_ascii_lowercase(), "{body}");
    assert_eq!(body["result"]["code"], "000.000.000");
    let secret = [&first, &own].into_iter().find(|it| it["url"] == json!(letter.url));
    let secret = Secret::parse(secret.unwrap_or(&own)["secret"].as_str().unwrap()).unwrap();
    let header = |name| &letter.headers.iter().find(|(it, _)| *it == name).unwrap().1;
    let at_seconds = header("webhook-timestamp").parse().unwrap();
    let message = Message { id: header("webhook-id"), at_seconds, body: &letter.body };
    assert_eq!(post(message, &[secret]).headers, letter.headers);
    // The same again, under the same name.
    let again = operate(&world, &format!("POST /notifications/{}/redeliver", id(it)));
    assert_eq!((again.status, &again.json()["status"]), (200, &json!("pending")));
    deliver(&world);
    let now = operate(&world, &format!("GET /notifications/{}", id(it))).json();
    assert_eq!(now["attempts"].as_array().unwrap().len(), 2);
    assert_eq!((&now["status"], &now["webhook_id"]), (&json!("delivered"), &it["webhook_id"]));
    let letters = world.post.letters.lock().unwrap().clone();
    let same = letters.iter().filter(|it| it.url == URL).map(|it| &it.body);
    assert_eq!(same.collect::<std::collections::BTreeSet<_>>().len(), 1);
    let events = operate(&world, "GET /events?limit=200").body;
    for word in ["notification.written", "notification.redelivered", "endpoint.added"] {
        assert!(events.contains(word), "{word}");
    }
    let secrets = [&first, &own].map(|it| it["secret"].as_str().unwrap().to_owned());
    assert!(secrets.iter().all(|secret| !events.contains(secret.as_str())));
}

#[test]
fn all_that_was_given_up_is_sent_anew() {
    let world = with_merchants();
    let first = add(&world, &json!({ "url": URL, "enciphered": true }));
    let path = format!("{ENDPOINTS}/{}", id(&first));
    world.post.status.store(410, Ordering::SeqCst);
    pay(&world);
    deliver(&world);
    let failed = list(&world, "status=failed");
    assert_eq!((failed.len(), &failed[0]["attempts"][0]["status"]), (1, &json!(410)));
    let shown = operate(&world, &format!("GET {path}")).json();
    assert_eq!((&shown["active"], &shown["enciphered"]), (&json!(false), &json!(true)));
    let redeliver =
        |since: &str| operate(&world, &format!(r#"POST {path}/redeliver {{"since":"{since}"}}"#));
    assert_eq!(redeliver(BEGIN).status, 409);
    let one = operate(&world, &format!("POST /notifications/{}/redeliver", id(&failed[0])));
    assert_eq!(one.status, 409, "{one:?}");
    operate(&world, &format!(r#"PATCH {path} {{"active":true}}"#));
    world.post.status.store(204, Ordering::SeqCst);
    let none = redeliver("2026-11-20T11:00:11.000Z").json();
    assert_eq!(none, json!({ "redelivered": 0, "more": false }));
    assert_eq!(redeliver(BEGIN).json(), json!({ "redelivered": 1, "more": false }));
    deliver(&world);
    assert_eq!(list(&world, "status=delivered").len(), 1);
    // Enciphered anew, with the key that was shown.
    let letter = world.post.letters.lock().unwrap().last().unwrap().clone();
    let header = |name| {
        let found = letter.headers.iter().find(|(it, _)| *it == name);
        found.unwrap().1.clone()
    };
    let sealed = engine::effects::webhook::Sealed {
        vector: header("x-initialization-vector"),
        tag: header("x-authentication-tag"),
        ciphertext: String::from_utf8(letter.body.clone()).unwrap(),
    };
    let envelope = Envelope::parse(first["encryption_key"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(&envelope.open(&sealed).unwrap()).unwrap();
    assert_eq!(body["paymentBrand"], "SWISH");
}

#[test]
fn a_repeat_of_a_request_gets_the_first_answer() {
    let world = with_merchants();
    let line = format!(r#"POST {ENDPOINTS} {{"url":"{URL}","enciphered":true}}"#);
    let first = operate_under(&world, "one", &line);
    let again = operate_under(&world, "one", &line);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = operate_under(&world, "one", &format!(r"POST {ENDPOINTS} {{}}"));
    assert_eq!(other.status, 422);
    let path = format!("{ENDPOINTS}/{}", id(&first.json()));
    let line = format!("POST {path}/rotate-secret");
    let turned = operate_under(&world, "two", &line);
    let again = operate_under(&world, "two", &line);
    assert_eq!((again.status, &again.body), (200, &turned.body));
    pay(&world);
    deliver(&world);
    let it = list(&world, "status=delivered")[0].clone();
    let line = format!("POST /notifications/{}/redeliver", id(&it));
    assert_eq!(operate_under(&world, "three", &line).json()["status"], "pending");
    deliver(&world);
    let again = operate_under(&world, "three", &line);
    assert_eq!(again.json()["status"], "delivered", "it is not sent once more");
    assert_eq!(again.header("idempotent-replayed"), "true");
}
