//! Goal: every field has its type and its limits, and all that is wrong is told at once.

use super::*;

fn check(pointer: &str, good: &[Value], bad: &[Value]) {
    let world = world();
    swish(&world);
    let path = pointer[1..].replace('/', ".");
    let path = ["0", "1"]
        .iter()
        .fold(path, |path, at| path.replace(&format!(".{at}"), &format!("[{at}]")));
    for value in good {
        let reply = initialize(&world, "payment", &with(full(), pointer, value.clone()));
        assert_eq!(reply.status, 202, "{pointer} {value}: {reply:?}");
    }
    for value in bad {
        let reply = initialize(&world, "payment", &with(full(), pointer, value.clone()));
        assert_eq!((reply.status, faults(&reply)), (400, vec![path.clone()]), "{value}");
    }
}

/// A request with every field.
fn full() -> Value {
    let item = json!({
        "itemNo": "1", "reference": "r", "name": "Ägg", "quantity": 12, "unit": "pc",
        "unitPrice": 667, "taxRate": 2_500, "taxAmount": 2_000, "grossTotalAmount": 10_000,
        "netTotalAmount": 8_000
    });
    let mut full = payment();
    full["ecr2Naa"] = json!({
        "ver": "1.0", "reference": "register-1", "lang": "sv", "autoCapture": "true",
        "order": { "items": [item], "amount": 10_000, "currency": "SEK", "reference": "o-1" }
    });
    full["batch"] = json!(7);
    full["message"] = json!("Tack! 🦊");
    full["trigger"] = json!("0");
    full["additionalProperties"] = json!([{ "key": "lang", "value": "sv" }]);
    full
}

fn text(chars: usize) -> Value {
    json!("å".repeat(chars))
}

const NO_TEXTS: [&str; 4] = ["\u{0}", "a\nb", "a\u{7f}", "\u{85}"];

fn bad_texts(max: usize, is_free: bool) -> Vec<Value> {
    let mut bad = vec![json!(1), json!(true), json!([]), json!({}), text(max + 1)];
    bad.extend(NO_TEXTS.map(Value::from));
    if !is_free {
        bad.push(json!(""));
    }
    bad
}

#[test]
fn texts_are_texts() {
    for (pointer, max, is_free) in [
        ("/consumer/consumerId", 255, false),
        ("/consumer/name", 255, false),
        ("/terminalReference", 100, false),
        ("/originalReference", 100, false),
        ("/message", 255, true),
        ("/ecr2Naa/ver", 255, true),
        ("/ecr2Naa/reference", 100, true),
        ("/ecr2Naa/lang", 255, true),
        ("/ecr2Naa/autoCapture", 255, true),
        ("/ecr2Naa/order/currency", 255, true),
        ("/ecr2Naa/order/reference", 100, true),
        ("/ecr2Naa/order/items/0/itemNo", 100, true),
        ("/ecr2Naa/order/items/0/reference", 100, true),
        ("/ecr2Naa/order/items/0/name", 255, true),
        ("/ecr2Naa/order/items/0/unit", 255, true),
        ("/additionalProperties/0/key", 255, false),
        ("/additionalProperties/0/value", 1_000, true),
    ] {
        let mut good = vec![text(max), json!("x"), json!("\u{202e}")];
        if is_free {
            good.push(json!(""));
        }
        check(pointer, &good, &bad_texts(max, is_free));
    }
    let longest = with(payment(), "/merchantId", text(255));
    assert_eq!(initialize(&world(), "payment", &longest).status, 401, "nobody is called that");
    check("/merchantId", &[], &bad_texts(255, false));
}

#[test]
fn numbers_are_whole_numbers() {
    let no_numbers = [
        json!("1"),
        json!(1.5),
        json!(1.0),
        json!(true),
        json!([]),
        json!({}),
        json!(-1),
        json!(1e99),
        json!(u64::MAX),
    ];
    for (pointer, max) in [
        ("/batch", i64::MAX),
        ("/ecr2Naa/order/amount", 1_000_000_000_000),
        ("/ecr2Naa/order/items/0/quantity", i64::from(i32::MAX)),
        ("/ecr2Naa/order/items/0/unitPrice", 1_000_000_000_000),
        ("/ecr2Naa/order/items/0/taxRate", 100_000),
        ("/ecr2Naa/order/items/0/taxAmount", 1_000_000_000_000),
        ("/ecr2Naa/order/items/0/grossTotalAmount", 1_000_000_000_000),
        ("/ecr2Naa/order/items/0/netTotalAmount", 1_000_000_000_000),
    ] {
        let mut bad = no_numbers.to_vec();
        bad.extend(max.checked_add(1).map(Value::from));
        check(pointer, &[json!(0), json!(max), Value::Null], &bad);
    }
    for name in ["vatAmount", "nominalAmount", "totalAmount"] {
        let mut bad = no_numbers.to_vec();
        bad.extend([Value::Null, json!(1_000_000_000_001_i64)]);
        check(&format!("/purchaseAmount/{name}"), &[], &bad);
    }
}

#[test]
fn amounts_add_up() {
    let world = world();
    swish(&world);
    for (nominal, vat, total, is_good) in [
        (8_000, 2_000, 10_000, true),
        (10_000, 0, 10_000, true),
        (0, 1, 1, true),
        (999_999_999_999_i64, 1, 1_000_000_000_000_i64, true),
        (0, 0, 0, false),
        (8_000, 2_000, 10_001, false),
        (8_000, 2_000, 8_000, false),
        (1_000_000_000_000, 1_000_000_000_000_i64, 1_000_000_000_000, false),
    ] {
        let sum = json!({
            "currencyCode": "SEK", "vatAmount": vat, "nominalAmount": nominal,
            "totalAmount": total
        });
        let reply = initialize(&world, "payment", &with(payment(), "/purchaseAmount", sum));
        if is_good {
            assert_eq!(reply.status, 202, "{nominal} {vat} {total}");
        } else {
            refused(&reply, 400, &["purchaseAmount.totalAmount"]);
        }
    }
}

#[test]
fn words_are_words() {
    let path = "/purchaseAmount/currencyCode";
    check(
        path,
        &[json!("SEK")],
        &[
            json!("sek"),
            json!("JPY"),
            json!("KWD"),
            json!("XXX"),
            json!("ABC"),
            json!(""),
            json!(752),
        ],
    );
    check("/method", &[], &[json!("VIPPS"), json!("swish_e_com"), json!(""), json!(201)]);
    let trigger = [json!("1"), json!(""), json!(0), json!(" 0"), json!("00")];
    check("/trigger", &[json!("0"), json!("2"), Value::Null], &trigger);
}

#[test]
fn what_is_in_objects_and_lists_is_so() {
    for pointer in ["/ecr2Naa", "/ecr2Naa/order"] {
        check(
            pointer,
            &[Value::Null, json!({}), json!({ "unknown": [1] })],
            &[json!([]), json!("x"), json!(1)],
        );
    }
    check("/purchaseAmount", &[], &[json!([]), json!("x"), Value::Null]);
    check("/consumer", &[], &[json!([]), json!("x"), Value::Null]);
    let property = json!({ "key": "k", "value": "v" });
    let many = |count| Value::from(vec![property.clone(); count]);
    check(
        "/additionalProperties",
        &[Value::Null, many(0), many(50)],
        &[json!({}), json!("x"), many(51)],
    );
    check("/additionalProperties/0", &[], &[json!([]), json!("x"), Value::Null]);
    let items = |count| Value::from(vec![json!({}); count]);
    let order = "/ecr2Naa/order/items";
    check(order, &[Value::Null, items(0), items(200)], &[json!({}), items(201)]);
    check(&format!("{order}/0"), &[], &[json!([]), json!("x")]);
}

#[test]
fn what_is_required_must_be_there() {
    let world = world();
    for pointer in [
        "/merchantId",
        "/method",
        "/purchaseAmount",
        "/purchaseAmount/currencyCode",
        "/purchaseAmount/vatAmount",
        "/purchaseAmount/nominalAmount",
        "/purchaseAmount/totalAmount",
        "/consumer",
        "/consumer/consumerId",
        "/consumer/name",
    ] {
        let path = pointer[1..].replace('/', ".");
        refused(&initialize(&world, "payment", &without(payment(), pointer)), 400, &[&path]);
        let null = with(payment(), pointer, Value::Null);
        refused(&initialize(&world, "payment", &null), 400, &[&path]);
    }
    refused(&initialize(&world, "refund", &payment()), 400, &["originalReference"]);
    let both = ["originalReference", "terminalReference"];
    refused(&initialize(&world, "reversal", &payment()), 400, &both);
    let named = with(payment(), "/originalReference", json!("T-1"));
    refused(&initialize(&world, "refund", &named), 400, &["originalReference"]);
}

#[test]
fn all_faults_are_told_at_once() {
    let body = json!({
        "merchantId": "", "method": "VIPPS", "consumer": { "name": 1 }, "trigger": "1",
        "batch": "7",
        "purchaseAmount": { "currencyCode": "JPY", "vatAmount": "1", "totalAmount": 0 },
        "additionalProperties": [{ "key": "k", "value": "v" }, { "key": "" }],
        "ecr2Naa": { "order": { "items": [{}, { "quantity": 0.5 }] } }
    });
    refused(
        &initialize(&world(), "reversal", &body),
        400,
        &[
            "additionalProperties[1].key",
            "additionalProperties[1].value",
            "batch",
            "consumer.consumerId",
            "consumer.name",
            "ecr2Naa.order.items[1].quantity",
            "merchantId",
            "method",
            "originalReference",
            "purchaseAmount.currencyCode",
            "purchaseAmount.nominalAmount",
            "purchaseAmount.vatAmount",
            "terminalReference",
            "trigger",
        ],
    );
}

#[test]
fn there_are_three_types_and_an_older_name() {
    let world = world();
    swish(&world);
    created(&world, "purchase", &payment());
    for kind in ["Payment", "capture", "%ff", "%20", "payment%2f"] {
        refused(&initialize(&world, kind, &payment()), 400, &["type"]);
    }
}

#[test]
fn everything_that_was_said_comes_back() {
    let world = world();
    swish(&world);
    let sent = with(full(), "/unknown", json!({ "field": [1] }));
    let reply = initialize(&world, "payment", &with(sent, "/originalReference", json!("o")));
    let shown = reply.json();
    let request = &shown["response"]["request"];
    assert_eq!(request["ecr2Naa"], full()["ecr2Naa"]);
    assert_eq!(request["additionalProperties"], full()["additionalProperties"]);
    let transaction = &request["transaction"];
    assert_eq!(transaction["order"], full()["ecr2Naa"]["order"]);
    assert_eq!(transaction["consumer"], full()["consumer"]);
    assert_eq!(transaction["batch"], 7);
    assert_eq!(transaction["message"], "Tack! 🦊");
    assert_eq!(
        transaction["parameters"][0],
        json!({
            "parameterId": 1, "key": "lang", "value": "sv"
        })
    );
    assert_eq!(
        transaction["parameters"][1],
        json!({
            "parameterId": 2, "key": "qrToken", "value": "token-1"
        })
    );
}
