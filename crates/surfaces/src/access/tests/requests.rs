//! Onboarding requests: taken in, looked up under both paths, reviewed, and tried again.

use axum::body::Body;
use axum::http::Request as HttpRequest;
use engine::limits::BODY_BYTES_MAX;
use estate::review::{ApproveRequest, ChosenIdentities, ClaimRequest, RejectRequest, Reviewer};
use estate::{Command, Draw, Request};
use ledger::{CredentialId, ReadSet};

use super::*;
use crate::testing::{ACCESS_KEY_OTHER, Mood};

/// A merchant as a partner's documentation would show it: every field, numbers as strings where
/// the contract's own sample has them so, but with values of our own.
fn sample() -> Value {
    json!({
        "RequestNotes": "Öppnar i maj.\nRing först 🔔",
        "ParentId": 1,
        "OrganisationNo": "123456-7890",
        "Address": {
            "CompanyName": "Öl & Ägg i Båstad",
            "Street": "Kanalvägen 14",
            "ZipCode": "19461",
            "City": "UPPLANDS VÄSBY",
            "Country": "Sweden",
            "ContactName": "Test Testson",
            "ContactPhone": "08-50668400",
            "ContactEmail": "test.testson@example.se"
        },
        "TransactionTypes": {
            "Purchase": { "Active": true, "Password": true },
            "Refund": { "Active": true, "Password": true },
            "Reversed Acquiring": { "Active": false, "Password": null },
            "Cash advance": { "Active": true, "Password": true }
        },
        "AcquiringAgreements": [
            { "CardBrandId": "1", "AgreementNumber": "123456", "AcquirerId": "6" }
        ],
        "Languages": [{ "LanguageId": "1", "IsDefault": true }, { "LanguageId": "2" }],
        "SiteLanguage": "sv-SE",
        "MccCode": "6300",
        "CountryCodeNumeric": "752",
        "CurrencyCode": "SEK",
        "EndOfDayTime": "01:00",
        "Password": "010101",
        "ReceiptMerchantName": "ÖL & ÄGG",
        "TerminalSupportPhoneNumber": "0812345678",
        "ReceiptPhoneNumber": "08123456",
        "Tipping": true,
        "Signature": false,
        "TerminalidOrder": {
            "Quantity": "1",
            "TerminalModelId": "9",
            "TerminalOperatingModeId": "2",
            "CustomerNotes": "Lämnas i receptionen"
        }
    })
}

fn stored(world: &World, number: i64) -> Request {
    let id = Request::id(number);
    let reads = ReadSet { documents: vec![id], ..ReadSet::default() };
    let books = world.platform.queries.read(move |reader| reader.load(&reads));
    let books = world.block_on(books).unwrap();
    Request::of(books.document(id).unwrap()).unwrap()
}

fn reviewer() -> Reviewer {
    Reviewer { credential: CredentialId(9_999), actor: "op".to_owned() }
}

fn reject(world: &World, request: i64, message: &str) {
    let message = message.to_owned();
    let (reviewer, idempotency) = (reviewer(), None);
    let reject = RejectRequest { request, message, reviewer, idempotency };
    world.submit_estate(Command::RejectRequest(reject));
}

fn approve(world: &World, request: i64) {
    world.submit_estate(Command::ApproveRequest(ApproveRequest {
        request,
        identities: ChosenIdentities {
            company_number: Some("100".to_owned()),
            ..ChosenIdentities::default()
        },
        draw: Draw([99; 32]),
        reviewer: reviewer(),
        idempotency: None,
    }));
}

#[test]
fn a_full_request_is_taken_in_and_kept_whole() {
    let world = world();
    let reply = post(&world, "/onboarding/CreateRequest", &sample());
    assert_eq!(reply.status, 200, "{reply:?}");
    let expected = json!([{
        "CustomerId": 5, "RequestId": 3, "RejectMessage": null, "RequestStatus": "Submitted",
        "TimeCreated": "2026-11-20T11:00:00"
    }]);
    assert_eq!(reply.json(), expected);
    let application = *stored(&world, 3).application;
    assert_eq!(application.notes.as_deref(), Some("Öppnar i maj.\nRing först 🔔"));
    assert_eq!(application.address.company_name, "Öl & Ägg i Båstad");
    assert_eq!((application.site_language.as_str(), application.mcc.as_str()), ("sv-SE", "6300"));
    assert_eq!(application.languages.len(), 2);
    let types: Vec<(&str, bool, bool)> = application
        .transaction_types
        .iter()
        .map(|choice| (choice.kind.as_str(), choice.is_active, choice.wants_password))
        .collect();
    let expected = [
        ("Purchase", true, true),
        ("Refund", true, true),
        ("Reversed Acquiring", false, false),
        ("Cash advance", true, true),
    ];
    assert_eq!(types, expected);
    let order = application.order.unwrap();
    assert_eq!((order.quantity, order.model, order.operating_mode), (1, 9, 2));
    assert_eq!(order.notes.as_deref(), Some("Lämnas i receptionen"));
    assert!(application.tipping && !application.signature);
}

#[test]
fn what_is_left_out_has_its_default() {
    let world = world();
    let reply = post(&world, "/onboarding/CreateRequest", &request());
    assert_eq!(reply.status, 200, "{reply:?}");
    let application = *stored(&world, 3).application;
    let defaults = (application.site_language.as_str(), application.end_of_day.as_str());
    assert_eq!(defaults, ("en-GB", "01:00"));
    assert!(!application.tipping && !application.signature);
    let absent = (application.notes, application.password_hash, application.order);
    assert_eq!(absent, (None, None, None));
    assert_eq!(application.address.contact_email, "åsa@exempel.se");
    assert_eq!(application.receipt_name, "Räksmörgås 🦐");
}

#[test]
fn the_password_is_kept_as_a_salted_hash_alone() {
    use argon2::{Argon2, PasswordVerifier, password_hash::phc::PasswordHash};
    let world = world();
    post(&world, "/onboarding/CreateRequest", &sample());
    post(&world, "/onboarding/CreateRequest", &sample());
    let hashes = [3, 4].map(|number| stored(&world, number).application.password_hash.unwrap());
    for hash in &hashes {
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let hash = PasswordHash::new(hash).unwrap();
        assert!(Argon2::default().verify_password(b"010101", &hash).is_ok());
        assert!(Argon2::default().verify_password(b"010102", &hash).is_err());
    }
    assert_ne!(hashes[0], hashes[1], "salted");
    assert!(!format!("{:?}", stored(&world, 3)).contains("010101"));
}

#[test]
fn requests_are_looked_up_under_both_paths() {
    let world = world();
    world.clock.advance_ms(61_999);
    post(&world, "/onboarding/CreateRequest", &request());
    post(&world, "/onboarding/CreateRequest", &changed("/ParentId", Some("3".into())));
    reject(&world, 4, "Avtalet är inte aktivt 🚫");
    let first = json!({
        "CustomerId": 3, "RequestId": 1, "RejectMessage": null, "RequestStatus": "Approved",
        "TimeCreated": "2026-11-20T11:00:00"
    });
    let second = json!({
        "CustomerId": 5, "RequestId": 3, "RejectMessage": null, "RequestStatus": "Submitted",
        "TimeCreated": "2026-11-20T11:01:01"
    });
    let third = json!({
        "CustomerId": 6, "RequestId": 4, "RejectMessage": "Avtalet är inte aktivt 🚫",
        "RequestStatus": "Rejected", "TimeCreated": "2026-11-20T11:01:01"
    });
    for path in ["/customer/GetRequests", "/onboarding/GetRequests", "/Onboarding/getrequests/"] {
        for (query, expected) in [
            ("", json!([first, second, third])),
            ("?customerId", json!([first, second, third])),
            ("?customerId=", json!([first, second, third])),
            ("?customerId=3", json!([first])),
            ("?CustomerId=5", json!([second])),
            ("?customerId=6", json!([third])),
            ("?customerId=1", json!([])),
        ] {
            let reply = get(&world, &format!("{path}{query}"));
            assert_eq!((reply.status, reply.json()), (200, expected), "{path}{query}");
        }
    }
    let theirs = |query: &str| {
        let path = format!("/access/v1/customer/GetRequests{query}");
        world.call_access("GET", &path, ACCESS_KEY_OTHER, "")
    };
    let numbers: Vec<i64> = theirs("")
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request["RequestId"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [2]);
    for foreign in [3, 5, 6, 99] {
        assert_eq!(fields(&theirs(&format!("?customerId={foreign}")), 403), [""; 0], "{foreign}");
    }
}

#[test]
fn a_request_goes_its_way_and_its_customer_appears_at_approval() {
    let world = world();
    post(&world, "/onboarding/CreateRequest", &request());
    let status = || get(&world, "/customer/GetRequests?customerId=5").json()[0].clone();
    let is_in_tree = || get(&world, "/customer/GetCustomers").body.contains("\"Id\":5,");
    assert_eq!((status()["RequestStatus"].as_str(), is_in_tree()), (Some("Submitted"), false));
    let (reviewer, idempotency) = (reviewer(), None);
    let claim = ClaimRequest { request: 3, reviewer, idempotency };
    world.submit_estate(Command::ClaimRequest(claim));
    assert_eq!((status()["RequestStatus"].as_str(), is_in_tree()), (Some("InProgress"), false));
    let below = changed("/ParentId", Some(5.into()));
    assert_eq!(post(&world, "/onboarding/CreateRequest", &below).status, 403);
    approve(&world, 3);
    assert_eq!((status()["RequestStatus"].as_str(), is_in_tree()), (Some("Approved"), true));
    assert_eq!(post(&world, "/onboarding/CreateRequest", &below).status, 200);
    let children = get(&world, "/customer/GetCustomers?customerId=1").json();
    assert_eq!(children[1]["Name"], "Räksmörgås AB 🦐");
}

#[test]
fn a_rejected_customer_is_tried_again_with_its_number() {
    let world = world();
    let again = |customer: Value| changed("/CustomerId", Some(customer));
    let create = |body: &Value| post(&world, "/onboarding/CreateRequest", body);
    create(&request());
    assert_eq!(fields(&create(&again(5.into())), 400), ["CustomerId"], "not decided yet");
    assert_eq!(fields(&create(&again(3.into())), 400), ["CustomerId"], "approved");
    reject(&world, 3, "Nej");
    let reply = create(&again("5".into()));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()[0]["CustomerId"], 5);
    assert_eq!(reply.json()[0]["RequestId"], 4);
    assert_eq!(get(&world, "/customer/GetRequests?customerId=5").json()[1], reply.json()[0]);
    for unknown in [2, 4, 99] {
        assert_eq!(fields(&create(&again(unknown.into())), 403), [""; 0], "{unknown}");
    }
    assert_eq!(create(&again(Value::Null)).json()[0]["CustomerId"], 6);
}

#[test]
fn bodies_that_cannot_be_read_are_refused_in_shape() {
    let world = world();
    let send = |media_type: &str, body: Vec<u8>| {
        let mut request = HttpRequest::post("/access/v1/onboarding/CreateRequest")
            .header("authorization", format!("apikey {ACCESS_KEY}"));
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        world.send(request.body(Body::from(body)).unwrap())
    };
    let json = "application/json;charset=UTF-8";
    let deep = "[".repeat(30_000);
    for bad in
        ["", " ", "{", "[]", "null", "1", "\"x\"", "{\"a\":1,}", "{'a':1}", "nul", &deep, "{}{}"]
    {
        assert_eq!(fields(&send(json, bad.into()), 400), [""; 0], "{bad:.20}");
    }
    assert_eq!(fields(&send(json, vec![b'"', 0xff, b'"']), 400), [""; 0]);
    for media_type in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        assert_eq!(fields(&send(media_type, b"{}".into()), 415), [""; 0], "{media_type}");
    }
    // One byte too many; the last that fits is read.
    let body = |bytes: usize| {
        let mut body = request().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        body.into_bytes()
    };
    assert_eq!(send(json, body(BODY_BYTES_MAX)).status, 200);
    assert_eq!(fields(&send(json, body(BODY_BYTES_MAX + 1)), 413), [""; 0]);
    // Of a name that is given twice, the last counts.
    let twice = request().to_string().replacen('{', "{\"ParentId\":2,", 1);
    assert_eq!(send("APPLICATION/JSON", twice.into_bytes()).status, 200);
}

#[test]
fn a_store_that_fails_is_no_refusal() {
    for (mood, status) in [(Mood::Refuses, 503), (Mood::LosesTheNews, 504), (Mood::Panics, 500)] {
        let world = world();
        *world.mood.lock().unwrap() = mood;
        let reply = post(&world, "/onboarding/CreateRequest", &request());
        assert_eq!(fields(&reply, status), [""; 0], "{mood:?}");
        assert_eq!(reply.header("retry-after"), if status == 503 { "1" } else { "" });
    }
}
