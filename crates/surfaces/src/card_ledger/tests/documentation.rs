//! Every route is documented and every documented route answers; every link resolves.

use std::collections::BTreeSet;

use serde_json::Value;

use ledger::Mount;

use super::*;
use crate::card_ledger::openapi;
use crate::card_ledger::problem::Kind;
use crate::card_ledger::routes::{Verb, routes};

#[test]
fn routes_and_documentation_name_the_same() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert(format!("{method} {path}"));
        }
    }
    // Under each name of the contract and under the alias, the same routes are documented once.
    let routed = |mount: Mount, is_alias: bool| -> BTreeSet<String> {
        let routes = routes().into_iter();
        let routes = routes.filter(|route| route.mount == mount && route.is_alias == is_alias);
        routes
            .map(|route| {
                let verb = match route.verb {
                    Verb::Get => "get",
                    Verb::Post => "post",
                };
                let path = route.relative_path().replace("/authorization/", "/authorizations/");
                let path = path
                    .strip_suffix("/authorization")
                    .map_or(path.clone(), |company| format!("{company}/authorizations"));
                format!("{verb} {path}")
            })
            .collect()
    };
    for mount in [Mount::CardTransaction, Mount::CreditAccountAcquiring] {
        assert_eq!(routed(mount, false), documented);
        assert!(routed(mount, true).is_subset(&documented));
        // Authorizations, cancellations; transactions and corrections of three kinds, nested.
        assert_eq!(routed(mount, true).len(), 3 + 3 + 3 * 2 * 3);
    }
    // And transactions and corrections flat.
    assert_eq!(documented.len(), 3 + 3 + 3 * 2 * 3 * 2);
}

#[test]
fn documented_routes_answer_and_want_a_token() {
    let world = world();
    let document = serde_json::to_value(openapi()).unwrap();
    let servers = document["servers"].as_array().unwrap();
    let servers = servers.iter().map(|server| server["url"].as_str().unwrap());
    let paths = document["paths"].as_object().unwrap();
    for (server, (path, item)) in servers.flat_map(|server| paths.iter().map(move |p| (server, p)))
    {
        let path = path.replace("{companyNumber}", "100").replace(['{', '}'], "");
        let path = format!("{server}{path}");
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let reply = world.call(&method, &path, "", "{}");
            assert_eq!(reply.problem(), "401 token-invalid", "{method} {path}");
            let reply = world.call(&method, &path, TOKEN, "");
            assert!(reply.status < 500 && reply.status != 405, "{method} {path} {reply:?}");
            let responses = operation["responses"].as_object().unwrap();
            let status = reply.status.to_string();
            assert!(responses.contains_key(&status), "{method} {path} {status}");
        }
    }
}

#[test]
fn references_in_the_document_resolve() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut references = BTreeSet::new();
    collect(&document, "$ref", &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let ids: Vec<&Value> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| &operation["operationId"])
        .collect();
    let distinct: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn documented_schemas_have_the_contracts_limits() {
    let document = serde_json::to_value(openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    let request = &schemas["AuthorizationRequest"];
    let mut required: Vec<&str> =
        request["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    required.sort_unstable();
    assert_eq!(
        required,
        [
            "authorizationAmount",
            "currency",
            "pointOfSale",
            "sellerNumber",
            "sourceAuthorizationTransactionId",
            "type",
        ]
    );
    assert_eq!(request["properties"]["sourceAuthorizationTransactionId"]["maxLength"], 50);
    assert_eq!(request["properties"]["authorizationAmount"]["type"], "number");
    let purchase = schemas["PurchaseRequest"]["properties"].as_object().unwrap();
    assert!(purchase.contains_key("sourcePurchaseTransactionId"));
    assert!(!purchase.contains_key("sourceReversalTransactionId"));
    assert_eq!(schemas["Reversal"]["properties"]["amount"]["type"], "number");
    assert!(schemas["Problem"]["properties"]["Instance"].is_object());
    let example = &document["components"]["securitySchemes"]["bearer"];
    assert_eq!(example["scheme"], "bearer");
}

#[test]
fn problem_codes_are_distinct() {
    let codes: BTreeSet<&str> = Kind::ALL.into_iter().map(Kind::code).collect();
    assert_eq!(codes.len(), Kind::ALL.len());
}

#[test]
fn every_link_in_every_answer_resolves() {
    let world = world();
    for base in [V1, OLD] {
        let prefix = base.split('/').nth(2).unwrap();
        for (word, path, source) in [
            ("purchase", "purchases", "sourcePurchaseTransactionId"),
            ("cash-withdrawal", "cash-withdrawals", "sourceCashWithdrawalTransactionId"),
            ("reversal", "reversals", "sourceReversalTransactionId"),
        ] {
            let body = authorization(json!({
                "sourceAuthorizationTransactionId": format!("{prefix} {word}"),
                "type": word,
            }));
            let authorization = world.create(&format!("{base}/authorizations"), &body);
            let body = json!({ source: format!("a/b c?å {prefix}"), "amount": 100 }).to_string();
            let transaction = world.create(&format!("{authorization}/{path}"), &body);
            let body = json!({
                "sourceCorrectionTransactionId": format!("é%2F# {prefix} {word}"),
                "amount": 1,
            });
            let corrections = format!("{transaction}/corrections");
            world.create(&corrections, &body.to_string());
            world.create(&format!("{authorization}/cancellations"), "");
        }
    }
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<String> = [V1, OLD]
        .iter()
        .flat_map(|base| {
            ["authorizations", "purchases", "cash-withdrawals", "reversals"]
                .map(|list| format!("{base}/{list}?limit=1"))
        })
        .collect();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let shown = world.show(&path);
        let mut links = BTreeSet::new();
        for name in LINKS {
            collect(&shown, name, &mut links);
        }
        let mount = path.split('/').nth(2).unwrap();
        for link in &links {
            assert_eq!(link.split('/').nth(2), Some(mount), "links echo the name used");
        }
        waiting.extend(links);
    }
    let of = |part: &str| seen.iter().filter(|path| path.contains(part)).count();
    assert!(of("a%2Fb%20c%3F%C3%A5") >= 6, "{seen:#?}");
    assert!(of("corrections/%C3%A9%252F%23") >= 6, "{seen:#?}");
    assert!(of("cancellations/") >= 6, "{seen:#?}");
}

/// The members that hold paths.
const LINKS: [&str; 8] = [
    "@id",
    "href",
    "next",
    "purchases",
    "cash-withdrawals",
    "reversals",
    "cancellations",
    "corrections",
];

/// The strings that members called `name` hold, anywhere in `value`.
fn collect(value: &Value, name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                if let (true, Value::String(text)) = (member == name, value) {
                    found.insert(text.clone());
                }
                collect(value, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_ceiling_reads_and_answers_as_the_contract_does() {
    let world = World::new(crate::card_ledger::ceiling);
    let body = authorization(json!({}));
    let first = world.post("/bench/ceiling", &body);
    let again = world.post("/bench/ceiling", &body);
    assert_eq!((first.status, again.status), (201, 201));
    assert!(first.header("location").starts_with(&format!("{V1}/authorizations/")));
    assert_ne!(first.body, again.body);
    assert_eq!(world.balance(), (0, 0));
    assert_eq!(world.call("POST", "/bench/ceiling", "", &body).problem(), "401 token-invalid");
    let bad = authorization(json!({ "type": null }));
    assert_eq!(
        world.post("/bench/ceiling", &bad).problem(),
        "400 validation-error type: Argument required"
    );
}
