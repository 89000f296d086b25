//! The contract from outside, on the memory store.

mod documentation;
mod lists;
mod requests;
mod rules;
mod tree;
mod updates;

use serde_json::{Value, json};

use super::router;
use crate::testing::{ACCESS_KEY, Reply, World};

/// A world with an estate, served by this contract alone.
fn world() -> World {
    World::with_estate(router)
}

/// Asks for something with the key of customer 1.
fn get(world: &World, path: &str) -> Reply {
    world.call_access("GET", &format!("/access/v1{path}"), ACCESS_KEY, "")
}

/// Sends a body with the key of customer 1.
fn post(world: &World, path: &str, body: &Value) -> Reply {
    world.call_access("POST", &format!("/access/v1{path}"), ACCESS_KEY, &body.to_string())
}

/// Checks a problem's status and shape; its fields.
#[track_caller]
fn fields(reply: &Reply, status: u16) -> Vec<String> {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    let body = reply.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["Errors", "Message"], "{body}");
    assert!(!body["Message"].as_str().unwrap().is_empty());
    let errors = body["Errors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            assert!(!error["Message"].as_str().unwrap().is_empty(), "{error}");
            assert_eq!(error.as_object().unwrap().len(), 2, "{error}");
            error["Field"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// A request that is in order, without a password.
fn request() -> Value {
    json!({
        "ParentId": 1,
        "OrganisationNo": "556677-8899",
        "Address": {
            "CompanyName": "Räksmörgås AB 🦐",
            "Street": "Storgatan 1",
            "ZipCode": "11122",
            "City": "Malmö",
            "Country": "Sverige",
            "ContactName": "Åsa Öberg",
            "ContactPhone": "+46 8 123",
            "ContactEmail": "åsa@exempel.se"
        },
        "TransactionTypes": { "Purchase": { "Active": true } },
        "AcquiringAgreements": [{ "CardBrandId": 1, "AgreementNumber": "1", "AcquirerId": 2 }],
        "Languages": [{ "LanguageId": 1, "IsDefault": true }],
        "MccCode": "5812",
        "CountryCodeNumeric": "752",
        "CurrencyCode": "SEK",
        "ReceiptMerchantName": "Räksmörgås 🦐"
    })
}

/// The request with one place changed; a place is a JSON pointer. `None` takes it away.
fn changed(pointer: &str, value: Option<Value>) -> Value {
    let mut body = request();
    change(&mut body, pointer, value);
    body
}

fn change(body: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(members), Some(value)) => drop(members.insert(name.to_owned(), value)),
        (Value::Object(members), None) => drop(members.remove(name)),
        (Value::Array(items), Some(value)) => items[name.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{other}"),
    }
}
