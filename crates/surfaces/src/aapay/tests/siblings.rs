//! Goal: the services beside payments add merchants, keep agreements, and list methods.

use engine::Vault as _;

use super::*;
use crate::testing::{CONSUMER_OTHER, MERCHANT_ID_OTHER};

const MERCHANT: &str = "/ms/naa/admin/customer/v1/merchant";
const CREATE: &str = "/ms/map/identifier/create";

fn merchant() -> Value {
    json!({ "merchantId": "SHOP1", "name": "Åkes Ägg 🥚", "active": 0, "createdBy": "me" })
}

fn add(world: &World, body: &Value) -> Reply {
    call(world, "POST", MERCHANT, &body.to_string())
}

fn agreement(psp: &str, merchant: &str, key: &str, value: &str) -> Value {
    json!({ "userId": "me", "agreementLineDto": [{
        "lineFromType": psp, "lineFromId": merchant, "lineToType": key, "lineToId": value
    }] })
}

fn agree(world: &World, body: &Value) -> Reply {
    call(world, "POST", CREATE, &body.to_string())
}

fn methods(world: &World, rest: &str) -> Vec<String> {
    let reply = call(world, "GET", &format!("/ms/naa/terminal/method/list/{rest}"), "");
    assert_eq!(reply.status, 200, "{rest} {reply:?}");
    let list = reply.json();
    let names = list.as_array().unwrap().iter().map(|item| item["method"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn a_merchant_that_was_added_takes_payments() {
    let world = world();
    let full = json!({
        "merchantId": "1", "prefix": "PRE-", "name": "Åkes Ägg 🥚", "active": 0,
        "createdBy": "me", "orgNumber": "556677-8899", "vatNumber": "SE556677889901",
        "merchantCategoryCode": "5411", "merchantCity": "Väsby", "countryCode": "SE",
        "createdOn": "2026-11-20", "unknown": [1]
    });
    let reply = add(&world, &full);
    assert_eq!((reply.status, reply.json()), (201, json!({ "id": "PRE-1" })), "{reply:?}");
    let payment = with(on_card("T-1"), "/merchantId", json!("PRE-1"));
    let shown = initialize(&world, "payment", &payment).json();
    assert_eq!(
        shown["response"]["request"]["transaction"]["merchant"],
        json!({
            "merchantId": "PRE-1", "name": "Åkes Ägg 🥚", "orgNumber": "556677-8899",
            "vatNumber": "SE556677889901", "active": 0, "countryCode": "SE",
            "merchantCatCode": "5411", "merchantCity": "Väsby"
        })
    );
    refused(
        &initialize(&world, "payment", &with(payment.clone(), "/method", json!("EASY"))),
        400,
        &["method"],
    );
    assert_eq!(agree(&world, &agreement("EASY", "PRE-1", "EASY_SECRET_KEY", "s")).status, 201);
    let easy =
        with(with(payment.clone(), "/method", json!("EASY")), "/terminalReference", json!("T-2"));
    assert_eq!(initialize(&world, "payment", &easy).status, 202);
    let path = format!("{TRANSACTION}/payment/initialize");
    let foreign = world.call_aapay("POST", &path, CONSUMER_OTHER, &payment.to_string());
    assert_eq!(foreign.status, 401);
    // What is not told is as an approval would have it, or null.
    assert_eq!(add(&world, &merchant()).status, 201);
    let payment = with(on_card("T-3"), "/merchantId", json!("SHOP1"));
    let shown = initialize(&world, "payment", &payment).json();
    assert_eq!(
        shown["response"]["request"]["transaction"]["merchant"],
        json!({
            "merchantId": "SHOP1", "name": "Åkes Ägg 🥚", "orgNumber": null, "vatNumber": null,
            "active": 0, "countryCode": null, "merchantCatCode": "5999", "merchantCity": null
        })
    );
}

#[test]
fn an_inactive_merchant_takes_none() {
    let world = world();
    assert_eq!(add(&world, &with(merchant(), "/active", json!(1))).status, 201);
    let payment = with(on_card("T-1"), "/merchantId", json!("SHOP1"));
    refused(&initialize(&world, "payment", &payment), 400, &["merchantId"]);
}

#[test]
fn a_merchants_id_is_one_merchants() {
    let world = world();
    assert_eq!(add(&world, &merchant()).status, 201);
    refused(&add(&world, &merchant()), 400, &["merchantId"]);
    let split = with(with(merchant(), "/merchantId", json!("P1")), "/prefix", json!("SHO"));
    refused(&add(&world, &split), 400, &["merchantId"]);
    let theirs = with(merchant(), "/merchantId", json!(MERCHANT_ID_OTHER));
    refused(&add(&world, &theirs), 400, &["merchantId"]);
}

#[test]
fn a_merchants_fields_have_limits() {
    let world = world();
    let long = |chars: usize| json!("å".repeat(chars));
    for (name, bad) in [
        ("merchantId", vec![json!(""), json!("a b"), json!("å"), json!("x".repeat(256)), json!(1)]),
        ("name", vec![json!(""), long(101), json!(1), json!("a\n")]),
        ("active", vec![json!(2), json!(-1), json!("0"), json!(true), json!(0.0)]),
        ("createdBy", vec![json!(""), json!(1), long(256)]),
        ("prefix", vec![json!(1), json!("a b"), json!("/")]),
        ("orgNumber", vec![json!(1), long(12)]),
        ("vatNumber", vec![json!(1), long(256)]),
        ("merchantCategoryCode", vec![json!("541"), json!("54111"), json!("abcd"), json!(5411)]),
        ("merchantCity", vec![json!(1), long(256)]),
        ("countryCode", vec![json!("SWE"), json!("se"), json!("S"), json!(752)]),
    ] {
        for bad in bad {
            refused(&add(&world, &with(merchant(), &format!("/{name}"), bad)), 400, &[name]);
        }
    }
    for name in ["merchantId", "name", "active", "createdBy"] {
        refused(&add(&world, &without(merchant(), &format!("/{name}"))), 400, &[name]);
    }
    let long = with(merchant(), "/merchantId", json!("x".repeat(255)));
    refused(&add(&world, &with(long.clone(), "/prefix", json!("p"))), 400, &["merchantId"]);
    assert_eq!(add(&world, &long).status, 201);
    let all = json!({ "prefix": "/", "merchantCategoryCode": "x" });
    let expected = ["active", "createdBy", "merchantCategoryCode", "merchantId", "name", "prefix"];
    refused(&add(&world, &all), 400, &expected);
}

#[test]
fn agreements_are_kept_and_their_values_never_shown() {
    let world = world();
    let body = agreement("KLARNA", MERCHANT_ID, "KLARNA_MERCHANT_ID", "very-secret");
    let reply = agree(&world, &body);
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(
        reply.json(),
        json!({ "agreementLineDto": [{
        "lineFromType": "KLARNA", "lineFromId": MERCHANT_ID, "lineToType": "KLARNA_MERCHANT_ID"
    }] })
    );
    let payee = payments::Payee::find(&world.platform.engine.directory(), 3);
    let shown = format!("{payee:?}");
    assert!(shown.contains("KLARNA_MERCHANT_ID") && !shown.contains("very-secret"), "{shown}");
    let (_, sealed) = payee.terms(payments::Psp::Klarna).next().unwrap();
    let psp = payments::Psp::Klarna;
    let opened = world.platform.vault.open(3, psp, "KLARNA_MERCHANT_ID", sealed);
    assert_eq!(opened.as_deref(), Some("very-secret"));
}

#[test]
fn agreements_have_a_form() {
    let world = world();
    let good = agreement("SWISH_E_COM", MERCHANT_ID, "SWISH_ID", "1231181189");
    let line = |name: &str| format!("agreementLineDto[0].{name}");
    for (name, bad) in [
        (
            "lineFromType",
            vec![json!("VIPPS"), json!("CARD_LEDGER"), json!("swish"), json!(1), json!("")],
        ),
        ("lineFromId", vec![json!(1), json!(""), json!("x".repeat(256))]),
        ("lineToType", vec![json!("KLARNA_PASSWORD"), json!("swish_id"), json!(1), json!("")]),
        ("lineToId", vec![json!(""), json!(1), json!("a\u{0}"), json!("x".repeat(32_001))]),
    ] {
        for bad in bad {
            let body = with(good.clone(), &format!("/agreementLineDto/0/{name}"), bad);
            refused(&agree(&world, &body), 400, &[&line(name)]);
        }
        let missing = without(good.clone(), &format!("/agreementLineDto/0/{name}"));
        refused(&agree(&world, &missing), 400, &[&line(name)]);
    }
    refused(&agree(&world, &without(good.clone(), "/userId")), 400, &["userId"]);
    let lines = |value| with(good.clone(), "/agreementLineDto", value);
    for bad in [Value::Null, json!({}), json!(vec![good["agreementLineDto"][0].clone(); 51])] {
        refused(&agree(&world, &lines(bad)), 400, &["agreementLineDto"]);
    }
    let foreign = agreement("SWISH_E_COM", MERCHANT_ID_OTHER, "SWISH_ID", "1231181189");
    let unknown = agreement("SWISH_E_COM", "nobody", "SWISH_ID", "1231181189");
    let (foreign, unknown) = (agree(&world, &foreign), agree(&world, &unknown));
    assert_eq!((foreign.status, &foreign.body), (401, &unknown.body));
}

#[test]
fn agreements_are_switched_marked_and_deleted() {
    let world = world();
    let path = "/ms/map/identifier/delete/from/KLARNA/M3/to/KLARNA_PASSWORD?userId=me";
    let remove = |rest: &str| call(&world, "DELETE", &format!("{path}{rest}"), "");
    let is_listed = || methods(&world, "M3/1").contains(&"KLARNA".to_owned());
    for (rest, status, listed) in [
        ("&enabledDisabled=false", 204, false),
        ("&enabledDisabled=true&hardDelete=false", 204, true),
        ("", 204, false),
        ("", 409, false),
        ("&enabledDisabled=true", 409, false),
        ("&hardDelete=true", 204, false),
        ("&hardDelete=true", 404, false),
        ("&hardDelete=yes", 400, false),
        ("&hardDelete=true&hardDelete=true", 400, false),
        ("&enabledDisabled=1", 400, false),
    ] {
        let reply = remove(rest);
        assert_eq!((reply.status, is_listed()), (status, listed), "{rest} {reply:?}");
        if status == 204 {
            assert_eq!(reply.body, "");
        } else {
            faults(&reply);
        }
    }
    for (path, status) in [
        ("KLARNA/M4/to/KLARNA_PASSWORD", 401),
        ("KLARNA/nobody/to/KLARNA_PASSWORD", 401),
        ("VIPPS/M3/to/KLARNA_PASSWORD", 404),
        ("CARD_LEDGER/M3/to/x", 404),
        ("SWISH_E_COM/M3/to/x", 404),
        ("SWISH_E_COM/M3/to/%ff", 404),
    ] {
        let reply = call(&world, "DELETE", &format!("/ms/map/identifier/delete/from/{path}"), "");
        assert_eq!(reply.status, status, "{path}");
    }
}

#[test]
fn methods_are_those_that_are_agreed_and_the_ledger() {
    let world = world();
    let all = ["SWISH_E_COM", "KLARNA", "SANTANDER", "EASY", "CARD_LEDGER"];
    assert_eq!(methods(&world, "M3/1"), owned(&all));
    assert_eq!(methods(&world, "M3/any?caller=x&lang=sv"), owned(&all));
    assert_eq!(
        methods(&world, "M3/1?exclude=201,%20203,"),
        owned(&["KLARNA", "EASY", "CARD_LEDGER"])
    );
    assert_eq!(methods(&world, "M3/1?exclude=201,202,203,204,205,206,999"), owned(&[]));
    assert_eq!(add(&world, &merchant()).status, 201);
    assert_eq!(methods(&world, "SHOP1/1"), owned(&["CARD_LEDGER"]));
    let first = call(&world, "GET", "/ms/naa/terminal/method/list/M3/1", "").json()[0].clone();
    let need = |kind: &str| json!({ "fiTxnTypes": kind, "req": "NOT_REQUIRED" });
    assert_eq!(
        first,
        json!({
            "priority": 1, "paymentProviderId": 201, "name": "Swish", "meanDelay": 10,
            "schemeId": "201", "method": "SWISH_E_COM",
            "merchRcptReq": [need("PAYMENT"), need("REFUND"), need("REVERSAL")]
        })
    );
    let path = "/ms/naa/terminal/method/list/M3/1?exclude=x";
    refused(&call(&world, "GET", path, ""), 400, &["exclude"]);
    for unknown in ["M4/1", "nobody/1", "%ff/1"] {
        let reply = call(&world, "GET", &format!("/ms/naa/terminal/method/list/{unknown}"), "");
        assert_eq!((reply.status, faults(&reply).len()), (401, 1), "{unknown}");
    }
}
