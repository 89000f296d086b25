//! Every route is documented, and nothing in the documentation is lost or left hanging.

use std::collections::BTreeSet;

use super::*;
use crate::access::openapi;
use crate::access::routes::{ROUTES, Verb};

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

#[test]
fn routes_and_documentation_name_the_same() {
    let document = document();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        documented.extend(item.as_object().unwrap().keys().map(|method| (method.clone(), path)));
    }
    let routed: Vec<(String, String)> = ROUTES
        .iter()
        .map(|route| match route.verb {
            Verb::Get => ("get".to_owned(), route.path.to_owned()),
            Verb::Post => ("post".to_owned(), route.path.to_owned()),
        })
        .collect();
    let routed: BTreeSet<(String, &String)> =
        routed.iter().map(|(method, path)| (method.clone(), path)).collect();
    assert_eq!(documented, routed);
    assert_eq!(document["servers"][0]["url"], crate::access::MOUNT);
}

#[test]
fn references_lead_somewhere_and_no_schema_is_empty() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(!schema["properties"].as_object().unwrap().is_empty(), "{name}");
    }
    let properties = &document["components"]["schemas"]["CreateRequest"]["properties"];
    assert_eq!(properties["RequestNotes"]["maxLength"], 1000);
    assert_eq!(properties["Address"]["properties"]["City"]["maxLength"], 20);
    let types = properties["TransactionTypes"]["properties"].as_object().unwrap();
    assert_eq!(types.len(), 4);
}

#[test]
fn what_the_documentation_requires_is_what_the_contract_requires() {
    let world = world();
    let document = document();
    for (name, path) in
        [("CreateRequest", "/onboarding/CreateRequest"), ("CreateUpdate", "/terminal/CreateUpdate")]
    {
        let required = document["components"]["schemas"][name]["required"].as_array().unwrap();
        let required: BTreeSet<&str> = required.iter().map(|name| name.as_str().unwrap()).collect();
        let reply = post(&world, path, &json!({}));
        let named = fields(&reply, 400);
        assert_eq!(named.iter().map(String::as_str).collect::<BTreeSet<&str>>(), required);
    }
}
