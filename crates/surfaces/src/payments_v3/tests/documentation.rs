//! Goal: every documented operation answers, with a status that is documented, every route is
//! documented, and the document describes what is shown.

use std::collections::BTreeSet;

use super::*;
use crate::payments_v3::openapi::openapi;
use crate::payments_v3::parameters::Operation;

const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn documented_operations_answer() {
    let world = world();
    let document = openapi();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.replace("{id}", UNKNOWN);
            let reply = call(&world, &method.to_uppercase(), &path, "");
            assert_ne!(code(&reply), "200.300.403", "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            let status = reply.status.to_string();
            assert!(responses.contains_key(&status), "{method} {path} {reply:?}");
            operations += 1;
        }
        // Whatever is not documented is not there.
        for method in ["get", "put", "post", "delete", "patch"] {
            if item.get(method).is_none() {
                let path = path.replace("{id}", UNKNOWN);
                let reply = call(&world, &method.to_uppercase(), &path, "");
                assert_eq!(code(&reply), "200.300.403", "{method} {path}: {reply:?}");
            }
        }
    }
    assert_eq!(operations, 16);
}

#[test]
fn every_route_is_documented() {
    let source = include_str!("../mod.rs");
    let routes = source.split(".route(\"").skip(1).map(|it| it.split('"').next().unwrap());
    let routes: BTreeSet<String> = routes.map(|route| format!("/v3{route}")).collect();
    let document = openapi();
    let documented: BTreeSet<String> =
        document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(routes, documented);
}

#[test]
fn operations_have_names_of_their_own() {
    let document = openapi();
    let mut names = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn visit(value: &Value, document: &Value) {
        if let Some(name) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(name.strip_prefix('#').unwrap()).is_some(), "{name}");
        }
        match value {
            Value::Array(entries) => entries.iter().for_each(|it| visit(it, document)),
            Value::Object(fields) => fields.values().for_each(|it| visit(it, document)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = openapi();
    visit(&document, &document);
}

/// The limits in the document are those of the table.
#[test]
fn parameters_are_described_as_they_are_checked() {
    let form = crate::payments_v3::parameters::form_schema(Operation::Payment);
    for (name, expected) in [
        ("amount", json!("^[0-9]{1,10}(\\.[0-9]{2})?$")),
        ("card.number", json!("^[0-9]{12,19}$")),
        ("card.expiryMonth", json!("^(0[1-9]|1[0-2])$")),
        ("card.cvv", json!("^[0-9]{3,4}$")),
        ("customer.phone", json!("^[0-9+][a-zA-Z0-9+,.-]{6,24}$")),
    ] {
        assert_eq!(form["properties"][name]["pattern"], expected, "{name}");
    }
    let id = &form["properties"]["merchantTransactionId"];
    assert_eq!((&id["minLength"], &id["maxLength"]), (&json!(8), &json!(255)));
    let types = &form["properties"]["paymentType"]["enum"];
    assert_eq!(types, &json!(["PA", "DB", "CD"]));
    let follow_up = crate::payments_v3::parameters::form_schema(Operation::FollowUp);
    assert_eq!(
        follow_up["properties"]["paymentType"]["enum"],
        json!(["CD", "CP", "RF", "RV", "RB"])
    );
    let patterns: Vec<&String> = form["patternProperties"].as_object().unwrap().keys().collect();
    assert!(patterns.contains(&&r"^cart\.items\[[0-9]{1,3}\]\.name$".to_owned()), "{patterns:?}");
    assert!(patterns.contains(&&r"^customParameters\[[a-zA-Z0-9._]{3,64}\]$".to_owned()));
}

/// Nothing is shown of a payment that the document does not name.
#[test]
fn the_document_describes_what_is_shown() {
    let world = world();
    let document = openapi();
    let check = |reply: &Reply, schema: &str| {
        let known = &document["components"]["schemas"][schema]["properties"];
        for (name, _) in reply.json().as_object().unwrap() {
            assert!(known.get(name).is_some(), "{schema} has no {name}: {reply:?}");
        }
    };
    let form = format!(
        "{}&createRegistration=true&merchantTransactionId=order-4711&customer.email=a@b.se\
         &descriptor=x&customParameters[abc]=d&shopperResultUrl=https://shop.example/",
        card("PA", CHALLENGED)
    );
    check(&pay(&world, &form), "Payment");
    let payment = pay(&world, &card("PA", crate::testing::PAN));
    check(&payment, "Payment");
    let id = id(&payment);
    check(&follow(&world, &id, "paymentType=CP&amount=1.00"), "Payment");
    check(&post(&world, "/v3/registrations", &card("DB", VISA)), "Registration");
    check(&post(&world, "/v3/checkouts", checkouts::FORM), "Checkout");
    check(&get(&world, &format!("/v3/query/{id}")), "Report");
    check(&pay(&world, "x=y"), "Result");
    check(&get(&world, "/v3/resultcodes"), "ResultCodes");
}

#[test]
fn notifications_are_described() {
    let told = &openapi()["webhooks"]["paymentChanged"]["post"];
    let names: Vec<&str> = told["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["webhook-id", "webhook-timestamp", "webhook-signature"]);
    let schema = &told["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Payment");
}
