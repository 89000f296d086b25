//! Goal: every documented operation answers, with a status that is documented, and the document
//! describes what is shown.

use super::*;
use crate::aapay::openapi::{document, openapi};

#[test]
fn the_document_is_one() {
    let read: Result<utoipa::openapi::OpenApi, _> = serde_json::from_value(document());
    assert_eq!(read.err().map(|error| error.to_string()), None);
}

#[test]
fn documented_operations_answer() {
    let world = world();
    let document = serde_json::to_value(openapi()).unwrap();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path
                .replace("{type}", "payment")
                .replace("{id}", "1")
                .replace("{merchantId}", "M3")
                .replace("{terminalId}", "1")
                .replace("{fromType}", "SWISH_E_COM")
                .replace("{fromId}", "M3")
                .replace("{toType}", "x");
            let reply = call(&world, &method.to_uppercase(), &path, "");
            assert_ne!(reply.status, 405, "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            let status = reply.status.to_string();
            assert!(responses.contains_key(&status), "{method} {path} {reply:?}");
            operations += 1;
        }
    }
    assert_eq!(operations, 8);
}

#[test]
fn the_document_describes_what_is_shown() {
    let world = world();
    let document = serde_json::to_value(openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    let names =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let reply = initialize(&world, "payment", &on_card("T-1"));
    let (first, status) = (reply.json(), status(&world, number(&reply)));
    assert_eq!(names(&schemas["Frame"]["properties"]), names(&first));
    assert_eq!(names(&schemas["Status"]["properties"]), names(&status));
    let response = &status["response"];
    assert_eq!(names(&schemas["Response"]["properties"]), names(response));
    let request = &schemas["Response"]["properties"]["request"]["properties"];
    assert_eq!(names(request), names(&response["request"]));
    let transaction = &response["request"]["transaction"];
    for (schema, shown) in [
        ("Transaction", transaction),
        ("Merchant", &transaction["merchant"]),
        ("Amount", &transaction["amount"]),
        ("Consumer", &transaction["consumer"]),
        ("Receipt", &transaction["receipt"]),
        ("Transition", &transaction["transitions"][0]),
        ("Register", &response["request"]["ecr2Naa"]),
        ("ToRegister", &response["naa2Ecr"]),
        ("NextLink", &status["nextLink"]),
    ] {
        assert_eq!(names(&schemas[schema]["properties"]), names(shown), "{schema}");
    }
}
