//! Goal: nobody gets in without a consumer's key and secret, and nobody sees what is another's.

use super::*;
use crate::testing::{CONSUMER_OTHER, MERCHANT_ID_OTHER, basic};

#[test]
fn keys_and_secrets_are_written_in_any_base64() {
    let world = world();
    let path = format!("{TRANSACTION}/1/status");
    let padded = basic(CONSUMER);
    let other = padded.trim_end_matches('=').replace('+', "-").replace('/', "_");
    for header in [
        format!("Bearer {padded}"),
        format!("bearer  {padded}"),
        format!("BEARER {}", padded.trim_end_matches('=')),
        format!("Bearer {other}"),
    ] {
        let reply = call_with(&world, "GET", &path, &[("authorization", &header)], "");
        assert_eq!(reply.status, 404, "{header}");
    }
}

#[test]
fn strangers_get_one_answer_everywhere() {
    let world = world();
    let foreign = with(payment(), "/merchantId", json!(MERCHANT_ID_OTHER));
    let first = initialize(&world, "payment", &foreign);
    assert_eq!((first.status, first.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(faults(&first).len(), 1);
    let unknown = with(payment(), "/merchantId", json!("nobody"));
    assert_eq!(
        initialize(&world, "refund", &with(unknown.clone(), "/originalReference", json!("1"))).body,
        first.body
    );
    assert_eq!(initialize(&world, "payment", &unknown).body, first.body);
    let (key, secret) = CONSUMER;
    for bearer in [
        String::new(),
        "x".to_owned(),
        basic((key, "wrong")),
        basic(("wrong", secret)),
        basic((key, CONSUMER_OTHER.1)),
        basic(("", "")),
        secret.to_owned(),
    ] {
        for (method, path) in [
            ("GET", format!("{TRANSACTION}/1/status")),
            ("POST", format!("{TRANSACTION}/payment/initialize")),
            ("POST", format!("{TRANSACTION}/payment/initializeWithIdempotency")),
            ("POST", "/ms/naa/admin/customer/v1/merchant".to_owned()),
            ("GET", "/ms/naa/terminal/method/list/M3/1".to_owned()),
            ("POST", "/ms/map/identifier/create".to_owned()),
            ("DELETE", "/ms/map/identifier/delete/from/KLARNA/M3/to/x".to_owned()),
            ("GET", "/ms/nothing".to_owned()),
            ("GET", "/ms/".to_owned()),
        ] {
            let reply = world.call(method, &path, &bearer, "");
            assert_eq!((reply.status, &reply.body), (401, &first.body), "{bearer} {path}");
        }
    }
}

#[test]
fn anothers_transaction_is_nobodys() {
    let world = world();
    swish(&world);
    let number = created(&world, "payment", &payment());
    let ask = |path: &str, consumer| {
        world.call_aapay("GET", &format!("{TRANSACTION}/{path}/status"), consumer, "")
    };
    assert_eq!(ask(&number.to_string(), CONSUMER).status, 200);
    let foreign = ask(&number.to_string(), CONSUMER_OTHER);
    assert_eq!(foreign.status, 404);
    faults(&foreign);
    for unknown in
        ["987654321", "0", "-1", "01", "x", "%ff", "99999999999999999999", "%20", "1%2f2"]
    {
        let reply = ask(unknown, CONSUMER);
        assert_eq!((reply.status, &reply.body), (404, &foreign.body), "{unknown}");
    }
    let refund = with(payment(), "/originalReference", json!(number.to_string()));
    let refund = with(refund, "/merchantId", json!(MERCHANT_ID_OTHER));
    let path = format!("{TRANSACTION}/refund/initialize");
    let reply = world.call_aapay("POST", &path, CONSUMER_OTHER, &refund.to_string());
    assert_eq!((reply.status, &reply.body), (404, &foreign.body));
}

#[test]
fn a_transaction_is_asked_for_by_its_method_or_by_none() {
    let world = world();
    swish(&world);
    let number = created(&world, "payment", &payment());
    for (query, status) in [
        ("", 200),
        ("?method=SWISH_E_COM", 200),
        ("?method=", 200),
        ("?other=x&method=SWISH_E_COM", 200),
        ("?method=KLARNA", 404),
        ("?method=swish_e_com", 404),
        ("?method=SWISH_E_COM&method=KLARNA", 404),
        ("?method=%ff", 404),
    ] {
        let reply = call(&world, "GET", &format!("{TRANSACTION}/{number}/status{query}"), "");
        assert_eq!(reply.status, status, "{query}");
    }
}

#[test]
fn what_is_not_there_is_told_in_the_frame() {
    let world = world();
    for path in ["/ms", "/ms/", "/ms/x", TRANSACTION, "/ms/naa/admin/customer/v1/merchant/1"] {
        let reply = call(&world, "GET", path, "");
        assert_eq!(reply.status, 404, "{path}");
        faults(&reply);
    }
    for (method, path) in [
        ("GET", "payment/initialize"),
        ("PUT", "payment/initialize"),
        ("DELETE", "payment/initializeWithIdempotency"),
        ("POST", "1/status"),
    ] {
        let reply = call(&world, method, &format!("{TRANSACTION}/{path}"), "");
        assert_eq!(reply.status, 405, "{method} {path}");
        faults(&reply);
    }
}

#[test]
fn bodies_have_a_type_a_size_and_a_form() {
    let world = world();
    let path = format!("{TRANSACTION}/payment/initialize");
    let body = payment().to_string();
    for (media_type, status) in [
        ("application/json;charset=utf-8;version=2.0", 202),
        ("Application/JSON", 202),
        ("text/plain", 415),
        ("", 415),
    ] {
        let reply = call_with(&world, "POST", &path, &[("content-type", media_type)], &body);
        assert_eq!(reply.status, status, "{media_type}");
        if status != 202 {
            faults(&reply);
        }
    }
    for broken in ["", "{", "[]", "null", "1", "{}}", "\u{feff}{}", "{\"a\":\"\\ud800\"}"] {
        let reply =
            call_with(&world, "POST", &path, &[("content-type", "application/json")], broken);
        assert_eq!((reply.status, faults(&reply).len()), (400, 1), "{broken}");
    }
    let long = with(payment(), "/message", json!("x".repeat(70_000)));
    let reply = initialize(&world, "payment", &long);
    assert_eq!(reply.status, 413);
    faults(&reply);
}
