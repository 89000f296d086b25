//! Goal: nobody gets in without a token of this contract, nobody gets at what is another's, and
//! what is asked for in a wrong way is told so in the contract's frame.

use super::*;
use crate::testing::{
    ACCESS_KEY, CONSUMER, OPERATOR_KEY, SHOP_TOKEN, SHOP_TOKEN_OTHER, TOKEN, basic,
};

const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn tokens_are_asked_for_first() {
    let world = world();
    let consumer = basic(CONSUMER);
    for (header, expected) in [
        ("", (401, "800.900.300")),
        ("Bearer", (401, "800.900.300")),
        ("Bearer ", (401, "800.900.300")),
        ("Basic abc", (401, "800.900.300")),
        ("no-scheme", (401, "800.900.300")),
        ("Bearer no-such-token", (403, "800.900.300")),
        (&format!("Bearer {TOKEN}"), (403, "800.900.300")),
        (&format!("Bearer {ACCESS_KEY}"), (403, "800.900.300")),
        (&format!("Bearer {OPERATOR_KEY}"), (403, "800.900.300")),
        (&format!("Bearer {consumer}"), (403, "800.900.300")),
    ] {
        for (method, path) in [
            ("POST", "/v3/payments"),
            ("POST", "/v3/payments/%FF"),
            ("GET", "/v3/payments/%FF"),
            ("PUT", "/v3/payments"),
            ("GET", "/v3/query"),
            ("GET", "/v3/nowhere"),
            ("GET", "/v3/"),
            ("DELETE", &format!("/v3/registrations/{UNKNOWN}")),
        ] {
            let reply = call_with(&world, method, path, &[("authorization", header)], "a=%");
            assert_eq!(told(&reply), owned(expected), "{header} {method} {path}: {reply:?}");
            check_frame(&reply);
            let challenge = if expected.0 == 401 { "Bearer" } else { "" };
            assert_eq!(reply.header("www-authenticate"), challenge, "{header} {path}");
        }
    }
    let body = world.call_shop("GET", "/v3/resultcodes", "", "");
    assert_eq!(
        (body.status, body.json()["resultCodes"][0]["code"].as_str()),
        (200, Some("000.000.000"))
    );
}

#[test]
fn a_request_is_for_one_entity() {
    let world = world();
    let (three, four) = (world.entity_id(3), world.entity_id(4));
    let form = card("DB", VISA);
    let check = |token: &str, entity: &str, expected| {
        let entity = if entity.is_empty() { String::new() } else { format!("&entityId={entity}") };
        let reply = world.call_shop("POST", "/v3/payments", token, &format!("{form}{entity}"));
        assert_eq!(told(&reply), owned(expected), "{token} {entity}: {reply:?}");
        check_frame(&reply);
    };
    check(SHOP_TOKEN_3, "", (200, "000.100.110"));
    check(SHOP_TOKEN_3, &three, (200, "000.100.110"));
    check(SHOP_TOKEN, &three, (200, "000.100.110"));
    check(SHOP_TOKEN, "", (400, "200.300.404"));
    check(SHOP_TOKEN_OTHER, &four, (200, "000.100.110"));
    for (token, entity) in [
        (SHOP_TOKEN_3, four.as_str()),
        (SHOP_TOKEN_3, UNKNOWN),
        (SHOP_TOKEN_3, "no entity"),
        (SHOP_TOKEN, &four),
        (SHOP_TOKEN_OTHER, &three),
    ] {
        check(token, entity, (403, "800.900.301"));
    }
    check(SHOP_TOKEN_3, &format!("{three}&entityId={three}"), (400, "200.300.404"));
}

#[test]
fn what_is_anothers_is_unknown() {
    let world = world();
    let payment = paid(&world, &card("PA", VISA), "000.100.110");
    let kept = id(&post(&world, "/v3/registrations", &card("DB", VISA)));
    let checkout = id(&post(&world, "/v3/checkouts", checkouts::FORM));
    let four = world.entity_id(4);
    for (method, path, form) in [
        ("GET", "/v3/payments/{}", ""),
        ("GET", "/v3/query/{}", ""),
        ("POST", "/v3/payments/{}", "paymentType=RV"),
        ("GET", "/v3/registrations/{}", ""),
        ("DELETE", "/v3/registrations/{}", ""),
        ("POST", "/v3/registrations/{}/payments", "paymentType=DB&amount=1.00&currency=SEK"),
        ("POST", "/v3/checkouts/{}", "amount=1.00"),
        ("GET", "/v3/checkouts/{}/payment", ""),
    ] {
        for id in [&payment, &kept, &checkout, &payment.to_uppercase(), UNKNOWN, "x", "%FF", "%00"]
        {
            let path = path.replace("{}", id);
            let (path, form) = match method {
                "POST" => (path, format!("{form}&entityId={four}")),
                _ => (format!("{path}?entityId={four}"), String::new()),
            };
            let reply = world.call_shop(method, &path, SHOP_TOKEN_OTHER, &form);
            assert_eq!(told(&reply), owned((404, "200.300.406")), "{method} {path}: {reply:?}");
            check_frame(&reply);
        }
    }
    assert_eq!(standing(&world, &payment), "000.100.110");
}

#[test]
fn requests_come_in_their_way() {
    let world = world();
    let check = |method: &str, path: &str, expected| {
        let reply = call(&world, method, path, "");
        assert_eq!(told(&reply), owned(expected), "{method} {path}: {reply:?}");
    };
    for path in ["/v3/", "/v3/nowhere", "/v3/payments/", "/v3/payments/a/b", "/v3/query/a/b"] {
        check("GET", path, (404, "200.300.406"));
    }
    for (method, path) in [
        ("GET", "/v3/payments"),
        ("PUT", "/v3/payments"),
        ("DELETE", "/v3/payments/x"),
        ("GET", "/v3/registrations"),
        ("POST", "/v3/registrations/x"),
        ("GET", "/v3/checkouts"),
        ("POST", "/v3/query"),
        ("POST", "/v3/resultcodes"),
    ] {
        check(method, path, (400, "200.300.403"));
    }
    let form = card("DB", VISA);
    for media_type in [
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=latin1",
        "nonsense",
    ] {
        for path in ["/v3/payments", "/v3/registrations", "/v3/checkouts", "/v3/payments/x"] {
            let reply = call_with(&world, "POST", path, &[("content-type", media_type)], &form);
            assert_eq!(told(&reply), owned((415, "200.300.404")), "{media_type} {path}");
            check_frame(&reply);
        }
    }
    let large = format!("{form}&x={}", "x".repeat(engine::limits::BODY_BYTES_MAX));
    assert_eq!(told(&pay(&world, &large)), owned((413, "200.300.404")));
    let many = "a&".repeat(401);
    assert_eq!(told(&pay(&world, &many)), owned((400, "200.300.404")));
}

#[test]
fn an_inactive_merchant_takes_nothing() {
    let world = world();
    let change = payments::ChangePayee {
        customer: 3,
        is_inactive: Some(true),
        actor: "test".to_owned(),
        ..payments::ChangePayee::default()
    };
    world.submit_payments(payments::Command::ChangePayee(change));
    assert_eq!(told(&pay(&world, &card("DB", VISA))), owned((400, "500.100.201")));
}

fn owned((status, code): (u16, &str)) -> (u16, String) {
    (status, code.to_owned())
}
