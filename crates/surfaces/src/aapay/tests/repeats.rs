//! Goal: a request under a key has one effect and one answer.

use super::*;
use crate::testing::{CONSUMER_OTHER, MERCHANT_ID_OTHER, Mood, basic};

const KEYED: &str = "/ms/aapay/v2/transaction/payment/initializeWithIdempotency";

fn keyed(world: &World, key: &str, body: &Value) -> Reply {
    call_with(world, "POST", KEYED, &[("idempotency-key", key)], &body.to_string())
}

#[track_caller]
fn check_same(first: &Reply, again: &Reply) {
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("content-type"), "application/json");
}

#[test]
fn the_first_answer_is_the_answer() {
    let world = world();
    let told = swish(&world);
    let first = keyed(&world, "k", &payment());
    assert_eq!((first.status, first.header("idempotent-replayed")), (202, ""), "{first:?}");
    check_same(&first, &keyed(&world, "k", &payment()));
    *told.lock().unwrap() = ("PAID", None);
    turn(&world);
    assert_eq!(status(&world, number(&first))["state"], "FINALIZED");
    // The answer told how it stood then.
    check_same(&first, &keyed(&world, "k", &payment()));
    assert_ne!(number(&keyed(&world, "other", &payment())), number(&first));
}

#[test]
fn a_no_is_an_answer_too() {
    let world = world();
    swish_refuses(&world);
    let first = keyed(&world, "k", &payment());
    assert_eq!(first.status, 201);
    swish(&world);
    check_same(&first, &keyed(&world, "k", &payment()));
}

#[test]
fn requests_are_the_same_when_they_say_the_same() {
    let world = world();
    swish(&world);
    let first = keyed(&world, "k", &payment());
    let pretty = serde_json::to_string_pretty(&with(payment(), "/message", Value::Null)).unwrap();
    let path = KEYED.replace("payment", "purchase");
    let again = call_with(&world, "POST", &path, &[("idempotency-key", "k")], &pretty);
    check_same(&first, &again);
    let other = with(payment(), "/message", json!("x"));
    refused(&keyed(&world, "k", &other), 400, &["Idempotency-Key"]);
}

#[test]
fn a_key_is_one_merchants_for_one_type() {
    let world = world();
    let one = keyed(&world, "k", &on_card("T-1"));
    let refund = with(on_card("R-1"), "/originalReference", json!(number(&one).to_string()));
    let path = KEYED.replace("payment", "refund");
    let refund = call_with(&world, "POST", &path, &[("idempotency-key", "k")], &refund.to_string());
    assert_eq!((refund.status, refund.header("idempotent-replayed")), (202, ""), "{refund:?}");
    let other = with(on_card("T-1"), "/merchantId", json!(MERCHANT_ID_OTHER)).to_string();
    let bearer = format!("Bearer {}", basic(CONSUMER_OTHER));
    let headers = [("idempotency-key", "k"), ("authorization", bearer.as_str())];
    let other = call_with(&world, "POST", KEYED, &headers, &other);
    assert_eq!((other.status, other.header("idempotent-replayed")), (202, ""), "{other:?}");
}

#[test]
fn without_a_key_the_callers_own_names_are_one() {
    let world = world();
    swish(&world);
    let keyless = |body: &Value| call(&world, "POST", KEYED, &body.to_string());
    let by_terminal = with(payment(), "/terminalReference", json!("T-1"));
    let by_register = with(payment(), "/ecr2Naa/reference", json!("T-1"));
    let by_both = with(by_register.clone(), "/terminalReference", json!("T-2"));
    for body in [by_terminal.clone(), by_register, by_both] {
        let first = keyless(&body);
        assert_eq!((first.status, first.header("idempotent-replayed")), (202, ""), "{first:?}");
        check_same(&first, &keyless(&body));
    }
    let other = with(by_terminal, "/message", json!("x"));
    refused(&keyless(&other), 400, &["Idempotency-Key"]);
    refused(&keyless(&payment()), 400, &["Idempotency-Key"]);
    let empty = with(payment(), "/ecr2Naa/reference", json!(""));
    refused(&keyless(&empty), 400, &["Idempotency-Key"]);
}

#[test]
fn keys_have_a_length() {
    let world = world();
    for key in ["x", &"k".repeat(64), "a/b;\"~"] {
        let first = keyed(&world, key, &payment());
        assert_eq!(first.status, 202, "{key}");
        check_same(&first, &keyed(&world, key, &payment()));
    }
    for key in ["a b", "å", &"k".repeat(65)] {
        refused(&keyed(&world, key, &payment()), 400, &["Idempotency-Key"]);
    }
    let request = Request::post(KEYED)
        .header("authorization", format!("Bearer {}", basic(CONSUMER)))
        .header("content-type", "application/json")
        .header("idempotency-key", "");
    let request = request.body(Body::from(payment().to_string())).unwrap();
    refused(&world.send(request), 400, &["Idempotency-Key"]);
}

#[test]
fn a_refusal_leaves_its_key_free() {
    let world = world();
    swish(&world);
    let wrong = with(payment(), "/trigger", json!("9"));
    refused(&keyed(&world, "k", &wrong), 400, &["trigger"]);
    let euros = with(payment(), "/purchaseAmount/currencyCode", json!("EUR"));
    refused(&keyed(&world, "k", &euros), 400, &["purchaseAmount.currencyCode"]);
    assert_eq!(keyed(&world, "k", &payment()).status, 202);
}

#[test]
fn of_many_at_once_one_has_the_effect_and_all_have_its_answer() {
    let world = world();
    swish(&world);
    let named = with(payment(), "/terminalReference", json!("T-1"));
    let replies = at_once(&world, KEYED, &vec![named; 64]);
    let first = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1);
    for reply in &replies {
        assert_eq!((reply.status, &reply.body), (202, &replies[0].body));
    }
    assert_eq!(world.psps.seen.lock().unwrap().len(), 1);
    let list = payments::payment::PAYMENTS;
    let count = world
        .platform
        .queries
        .read(|reader| Ok(reader.documents(list, engine::Part::After(0), 10)?.len()));
    assert_eq!(world.block_on(count).unwrap(), 1);
}

#[test]
fn a_repeat_finds_out_what_became_of_a_request() {
    for (mood, status, was_done) in
        [(Mood::Refuses, 503, ""), (Mood::LosesTheNews, 503, "true"), (Mood::Panics, 500, "")]
    {
        let world = world();
        *world.mood.lock().unwrap() = mood;
        let failed = keyed(&world, "k", &payment());
        assert_eq!((failed.status, faults(&failed).len()), (status, 0));
        assert_eq!(failed.header("retry-after"), if status == 503 { "1" } else { "" });
        *world.mood.lock().unwrap() = Mood::Fine;
        // By then nobody waits any more for what the PSP might say at once.
        world.clock.advance_ms(2_000);
        let again = keyed(&world, "k", &payment());
        assert_eq!((again.status, again.header("idempotent-replayed")), (202, was_done));
        check_same(&again, &keyed(&world, "k", &payment()));
    }
}

#[test]
fn a_repeat_does_not_take_back_what_another_has_answered() {
    let world = world();
    swish(&world);
    let first = keyed(&world, "k", &payment());
    let answered =
        payments::FirstAnswer { payment: number(&first), status: 201, body: "another".to_owned() };
    let fix = payments::Command::FixAnswer(payments::FixAnswer(answered));
    assert!(world.submit_payments(fix).replayed);
    check_same(&first, &keyed(&world, "k", &payment()));
}
