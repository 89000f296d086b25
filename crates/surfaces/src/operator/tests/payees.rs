//! What operators see and change of merchants and their agreements with PSPs.

use std::collections::BTreeSet;

use payments::{ChangePayee, Command, Payee, Psp, TermStep};
use serde_json::{Value, json};

use super::*;

/// Values of agreements, which nobody may see again.
const VALUES: [(&str, &str); 4] = [
    ("swish", r#"{"SWISH_ID":"1234679304","SWISH_PRIVATE_KEY":"-----BEGIN KEY-----\nhemligt-1"}"#),
    ("klarna", r#"{"KLARNA_MERCHANT_ID":"hemligt-2"}"#),
    ("easy", r#"{"EASY_SECRET_KEY":"hemligt-3"}"#),
    ("santander", r#"{"SANTANDER_MERCHANT_ID":"hemligt-4","SANTANDER_SECRET":"hemligt-5"}"#),
];

fn put(world: &World, psp: &str, values: &str) -> Reply {
    operate(world, &format!(r#"PUT /customers/3/agreements/{psp} {{"values":{values}}}"#))
}

fn payee(world: &World) -> Value {
    let reply = operate(world, "GET /customers/3/payee");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[test]
fn a_merchant_is_shown_and_changed() {
    let world = world_with_estate();
    let merchant_id =
        operate(&world, "GET /customers/3").json()["identities"]["merchant_id"].clone();
    let mut expected = json!({
        "customer_id": 3, "merchant_id": merchant_id, "active": true, "vat_number": null,
        "city": null, "country": null, "end_of_day": "01:00", "agreements": {},
        "return_origins": [],
    });
    assert_eq!(payee(&world), expected);
    for (field, value) in [
        ("active", json!(false)),
        ("vat_number", json!("SE556677889901")),
        ("city", json!("Väsby")),
        ("country", json!("SE")),
        ("end_of_day", json!("23:59")),
        ("return_origins", json!(["https://shop.example:8443", "https://*", "loopback"])),
        ("return_origins", json!([])),
        ("active", json!(true)),
    ] {
        expected[field] = value.clone();
        let body = json!({ field: value });
        let reply = operate(&world, &format!("PATCH /customers/3/payee {body}"));
        assert_eq!((reply.status, reply.json()), (200, expected.clone()), "{field}");
    }
    let reply = operate(&world, r#"PATCH /customers/3/payee {"city":null}"#);
    assert_eq!((reply.status, reply.json()), (200, expected.clone()), "null says nothing");
    assert_eq!(payee(&world), expected);
    let other = operate(&world, "GET /customers/4/payee").json();
    assert_eq!((&other["customer_id"], &other["city"]), (&json!(4), &Value::Null));
}

#[test]
fn changes_that_are_none_are_refused() {
    let world = world_with_estate();
    for (field, values) in [
        ("active", vec!["1", "\"true\"", "[]"]),
        ("vat_number", vec!["\"\"", "1", "\"123456789012345678901\"", "\"a\\nb\""]),
        ("city", vec!["\"\"", "\" \"", "{}"]),
        ("country", vec!["\"se\"", "\"SWE\"", "\"XX\"", "\"\"", "752", "\"S\""]),
        (
            "end_of_day",
            vec![
                "\"24:00\"",
                "\"1:00\"",
                "\"01:60\"",
                "\"01:00:00\"",
                "\"+1:00\"",
                "\"0100\"",
                "\"\"",
                "100",
                "\"å1:00\"",
            ],
        ),
        (
            "return_origins",
            vec![
                "\"https://a\"",
                "[1]",
                "[\"ftp://a\"]",
                "[\"https://a/b\"]",
                "[\"https://\"]",
                "[\"https://a b\"]",
            ],
        ),
        ("agreements", vec!["{}"]),
    ] {
        for value in values {
            let line = format!(r#"PATCH /customers/3/payee {{"{field}":{value}}}"#);
            let reply = operate(&world, &line);
            let pointer = reply.json()["errors"][0]["pointer"].clone();
            assert_eq!((reply.status, pointer), (400, json!(format!("/{field}"))), "{line}");
        }
    }
    assert_eq!(payee(&world)["country"], Value::Null);
}

#[test]
fn agreements_are_made_and_deleted() {
    let world = world_with_estate();
    let mut reply = put(&world, "klarna", r#"{"KLARNA_MERCHANT_ID":"PK1"}"#);
    let agreement = |reply: &Reply| reply.json()["agreements"].clone();
    let half = json!({"names": ["KLARNA_MERCHANT_ID"], "missing": ["KLARNA_PASSWORD"], "off": []});
    assert_eq!((reply.status, agreement(&reply)), (200, json!({"klarna": half})));
    reply = put(&world, "klarna", r#"{"KLARNA_PASSWORD":"first"}"#);
    let names = ["KLARNA_MERCHANT_ID", "KLARNA_PASSWORD"];
    let whole = json!({"names": names, "missing": [], "off": []});
    assert_eq!(
        (reply.status, agreement(&reply)),
        (200, json!({"klarna": whole})),
        "the rest stays"
    );
    reply = put(&world, "klarna", r#"{"KLARNA_PASSWORD":"second"}"#);
    assert_eq!((reply.status, agreement(&reply)), (200, json!({"klarna": whole})));
    assert_eq!(opened(&world, Psp::Klarna, "KLARNA_PASSWORD").as_deref(), Some("second"));
    world.submit_payments(Command::ChangePayee(ChangePayee {
        customer: 3,
        terms: vec![
            (Psp::Klarna, names[0].to_owned(), TermStep::Switch { off: true }),
            (Psp::Klarna, names[1].to_owned(), TermStep::MarkDeleted),
        ],
        actor: "test".to_owned(),
        ..ChangePayee::default()
    }));
    let off = json!({"names": [], "missing": ["KLARNA_PASSWORD"], "off": names});
    assert_eq!(payee(&world)["agreements"], json!({"klarna": off}));
    assert_eq!(put(&world, "swish", r#"{"SWISH_ID":"1234679304"}"#).status, 200);
    let delete = |psp: &str| operate(&world, &format!("DELETE /customers/3/agreements/{psp}"));
    let gone = delete("klarna");
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    let swish = json!({"swish": {"names": ["SWISH_ID"], "missing": [], "off": []}});
    assert_eq!(payee(&world)["agreements"], swish);
    for psp in ["klarna", "easy", "vipps", "SWISH"] {
        assert_eq!(delete(psp).status, 404, "{psp}");
    }
    assert_eq!(operate(&world, "DELETE /customers/3/agreements/swish?x=1").status, 400);
}

/// A value of merchant 3, as who does what has to be done at the PSP sees it.
fn opened(world: &World, psp: Psp, name: &str) -> Option<String> {
    use engine::Vault as _;

    let payee = Payee::find(&world.platform.engine.directory(), 3);
    let sealed = payee.agreements[&psp][name].sealed.clone();
    world.platform.vault.open(3, psp, name, &sealed)
}

#[test]
fn agreements_that_are_none_are_refused() {
    let world = world_with_estate();
    for (psp, values, pointer) in [
        ("klarna", r#"{"SWISH_ID":"1"}"#, "/values/SWISH_ID"),
        ("swish", r#"{"SWISH_ID":"1","swish_id":"1"}"#, "/values/swish_id"),
        ("swish", r#"{"":"1"}"#, "/values/"),
        ("swish", r#"{"a/b":"1"}"#, "/values/a~1b"),
        ("swish", r#"{"4111 1111 1111 1111":"1"}"#, "/values/…"),
        ("swish", r#"{"SWISH_ID":""}"#, "/values/SWISH_ID"),
        ("swish", r#"{"SWISH_ID":1}"#, "/values/SWISH_ID"),
        ("swish", r#"{"SWISH_ID":null}"#, "/values/SWISH_ID"),
        ("swish", "{}", "/values"),
        ("swish", "[]", "/values"),
        ("swish", "\"x\"", "/values"),
        ("swish", "null", "/values"),
    ] {
        let reply = put(&world, psp, values);
        let found = reply.json()["errors"][0]["pointer"].clone();
        assert_eq!((reply.status, found), (400, json!(pointer)), "{psp} {values}");
    }
    let certificate = |chars: usize| format!(r#"{{"SWISH_CERTIFICATE":"{}"}}"#, "x".repeat(chars));
    assert_eq!(put(&world, "swish", &certificate(32_769)).status, 400);
    assert_eq!(payee(&world)["agreements"], json!({}), "nothing of it is kept");
    assert_eq!(put(&world, "swish", &certificate(32_768)).status, 200);
    let opened = opened(&world, Psp::Swish, "SWISH_CERTIFICATE");
    assert_eq!(opened.map(|value| value.len()), Some(32_768));
    let wrong = operate(&world, r#"PUT /customers/3/agreements/swish {"value":{"SWISH_ID":"1"}}"#);
    assert_eq!(wrong.json()["errors"].as_array().map(Vec::len), Some(2), "{wrong:?}");
    for psp in ["vipps", "SWISH", "card_ledger"] {
        assert_eq!(put(&world, psp, r#"{"SWISH_ID":"1"}"#).status, 404, "{psp}");
    }
}

#[test]
fn only_merchants_are_payees() {
    let world = world_with_estate();
    let calls = |id: &str| {
        [
            format!("GET /customers/{id}/payee"),
            format!(r#"PATCH /customers/{id}/payee {{"active":false}}"#),
            format!(r#"PUT /customers/{id}/agreements/swish {{"values":{{"SWISH_ID":"1"}}}}"#),
            format!("DELETE /customers/{id}/agreements/swish"),
        ]
    };
    for (id, status, code) in [
        ("1", 409, "not-a-merchant"),
        ("99", 404, "not-found"),
        ("0", 404, "not-found"),
        ("x", 404, "not-found"),
    ] {
        for line in calls(id) {
            let reply = operate(&world, &line);
            let expected = json!(format!("urn:kassa:problem:{code}"));
            assert_eq!((reply.status, &reply.json()["type"]), (status, &expected), "{line}");
        }
    }
}

#[test]
fn no_value_is_seen_again() {
    let world = world_with_estate();
    let mut seen = String::new();
    for (psp, values) in VALUES {
        let reply = put(&world, psp, values);
        assert_eq!(reply.status, 200, "{reply:?}");
        writeln!(seen, "{reply:?}").unwrap();
        let refused = put(&world, psp, &values.replace("{\"", "{\"X\":\"hemligt-6\",\""));
        assert_eq!(refused.status, 400);
        writeln!(seen, "{refused:?}").unwrap();
    }
    let under = format!(r#"PUT /customers/3/agreements/swish {{"values":{}}}"#, VALUES[0].1);
    writeln!(seen, "{:?}", operate_under(&world, "k", &under)).unwrap();
    for line in ["GET /customers/3/payee", "GET /customers/3", "GET /events?limit=200"] {
        writeln!(seen, "{:?}", operate(&world, line)).unwrap();
    }
    assert_eq!(operate(&world, "DELETE /customers/3/agreements/klarna").status, 204);
    seen.extend(stored(&world));
    assert!(seen.contains("SWISH_PRIVATE_KEY") && seen.contains("v1.test."), "names, and ciphers");
    for secret in ["hemligt", "1234679304", "BEGIN KEY"] {
        assert!(!seen.contains(secret), "{secret}");
    }
    let events = operate(&world, "GET /events?limit=200").json();
    let told = events["items"].as_array().unwrap().iter();
    let told = told.filter(|event| event["kind"] == "payee.changed").map(|event| &event["data"]);
    let told: Vec<&Value> = told.filter(|data| data["actor"] == OPERATOR_KEY).collect();
    assert!(told.iter().any(|data| data["swish.SWISH_ID"] == "set"), "{told:?}");
    assert_eq!(told.last().unwrap()["klarna.KLARNA_MERCHANT_ID"], "deleted");
    assert!(told.iter().all(|data| data["customer_id"] == 3));
    let sealed = ["v1.test.", "sealed"];
    assert!(sealed.iter().all(|word| !events.to_string().contains(word)), "no ciphers either");
}

/// Everything that the store holds, as text.
fn stored(world: &World) -> BTreeSet<String> {
    let query = world.platform.queries.read(|reader| {
        let mut records = BTreeSet::new();
        reader.audit(&mut |record| {
            records.insert(format!("{record:?}"));
        })?;
        Ok(records)
    });
    let mut stored = world.block_on(query).unwrap();
    let payee = Payee::find(&world.platform.engine.directory(), 3);
    stored.insert(format!("{payee:?}"));
    stored
}
