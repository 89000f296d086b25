//! Goal: every documented operation answers, with a status that is documented.

use super::*;
use crate::terminals::openapi::{document, openapi};

#[test]
fn the_document_is_one() {
    let read: Result<utoipa::openapi::OpenApi, _> = serde_json::from_value(document());
    assert_eq!(read.err().map(|error| error.to_string()), None);
}

#[test]
fn documented_operations_answer() {
    let world = world();
    let terminal = onboard(&world, "D-1");
    let id = terminal["id"].as_str().unwrap();
    let document = serde_json::to_value(openapi()).unwrap();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().iter();
        for (method, operation) in methods.filter(|(name, _)| *name != "parameters") {
            let path = path.replace("{id}", id);
            let reply = world.call_terminals(&method.to_uppercase(), &path, APP, "");
            assert!(![404, 405].contains(&reply.status), "{method} {path} {reply:?}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key(&reply.status.to_string()), "{method} {path}");
            operations += 1;
        }
    }
    assert_eq!(operations, 7);
}

#[test]
fn the_document_describes_what_is_shown() {
    let document = serde_json::to_value(openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    let names =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let shown = onboard(&world(), "D-1");
    assert_eq!(names(&schemas["Terminal"]["properties"]), names(&shown));
    let configuration = &shown["terminal_configuration"];
    let properties = &schemas["TerminalConfiguration"]["properties"];
    assert_eq!(names(properties), names(configuration));
    assert_eq!(
        names(&properties["deferred_authorization"]["properties"]),
        names(&configuration["deferred_authorization"])
    );
    let tip = &properties["tip"]["properties"]["terminal_display"]["properties"];
    assert_eq!(names(tip), names(&configuration["tip"]["terminal_display"]));
}
