//! The customer tree, and who reaches what in it.

use axum::body::Body;
use axum::http::Request;
use estate::change_customer::AddCustomer;
use estate::{Command, Draw};
use ledger::{Contract, IssueCredential, RevokeCredential, Scope};

use super::*;
use crate::http::secrets::secret_hash;
use crate::testing::{ACCESS_KEY_OTHER, APP, OPERATOR_KEY, TOKEN};

/// Adds a customer; its number.
fn add(world: &World, parent: i64, name: &str, draw: u8) {
    world.submit_estate(Command::AddCustomer(AddCustomer {
        parent,
        name: name.to_owned(),
        organisation_number: "1-Å 🦊".to_owned(),
        draw: Draw([draw; 32]),
        actor: "test".to_owned(),
        idempotency: None,
    }));
}

/// Issues a key of the contract.
fn key(world: &World, secret: &str, scope: Scope, expires_at: Option<ledger::Timestamp>) {
    world.submit(engine::Command::IssueCredential(IssueCredential {
        login: None,
        contract: Contract::Access,
        label: secret.to_owned(),
        scope,
        secret_hash: secret_hash(secret),
        salt: [0; 16],
        expires_at,
        actor: "test".to_owned(),
        idempotency: None,
    }));
}

fn numbers(reply: &Reply) -> Vec<i64> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    body.as_array().unwrap().iter().map(|customer| customer["Id"].as_i64().unwrap()).collect()
}

#[test]
fn a_customer_is_shown_with_its_parent() {
    let world = world();
    let reply = get(&world, "/customer/GetCustomers");
    let expected = json!([
        { "Id": 1, "Parent": 0, "Name": "Partner 1", "OrganisationNo": "556677-8899" },
        { "Id": 3, "Parent": 1, "Name": "Åkes Ägg & Öl 1", "OrganisationNo": "123456-7890" }
    ]);
    assert_eq!(reply.json(), expected);
}

#[test]
fn a_key_shows_its_whole_tree_or_the_children_of_one_customer() {
    let world = world();
    // 5 below 3, and so on: twenty levels; then a second child of 1, and one of customer 2's.
    let mut parent = 3;
    for number in 5..25 {
        add(&world, parent, &format!("Nivå {number} 🦊"), u8::try_from(number).unwrap());
        parent = number;
    }
    add(&world, 1, "Syskon", 90);
    add(&world, 2, "Främmande", 91);
    let mine: Vec<i64> = [1, 3].into_iter().chain(5..=25).collect();
    assert_eq!(numbers(&get(&world, "/customer/GetCustomers")), mine);
    for (query, expected) in [
        ("customerId=", &mine[..]),
        ("customerId", &mine),
        ("CustomerId=%20", &mine),
        ("other=2", &mine),
        ("customerId=1", &[3, 25]),
        ("CUSTOMERID=1", &[3, 25]),
        ("customerid=3", &[5]),
        ("customerId=003", &[5]),
        ("customerId=23", &[24]),
        ("customerId=24", &[]),
    ] {
        let reply = get(&world, &format!("/customer/GetCustomers?{query}"));
        assert_eq!(numbers(&reply), expected, "{query}");
    }
    key(&world, "deep", Scope::Customer(20), None);
    let reply = world.call_access("GET", "/access/v1/customer/GetCustomers", "deep", "");
    assert_eq!(numbers(&reply), [20, 21, 22, 23, 24]);
    for above in [19, 3, 1, 25] {
        let path = format!("/access/v1/customer/GetCustomers?customerId={above}");
        assert_eq!(world.call_access("GET", &path, "deep", "").status, 403, "{above}");
    }
}

#[test]
fn what_cannot_be_an_id_is_an_error() {
    let world = world();
    for path in ["/customer/GetCustomers", "/customer/GetRequests", "/terminal/GetPackages"] {
        for bad in ["x", "-1", "1.0", "%2B1", "0x1", "9999999999999999999", "1,2", "%F0%9F%A6%8A"] {
            let reply = get(&world, &format!("{path}?customerId={bad}"));
            assert_eq!(fields(&reply, 400), ["customerId"], "{path} {bad}");
        }
    }
}

#[test]
fn a_foreign_customer_is_answered_like_an_unknown_one() {
    let world = world();
    let mut parent = request();
    let mut update = json!({ "packageIds": [1], "serialNumbers": ["A"] });
    for (foreign, unknown) in [(2, 99), (4, 0), (2, i64::MAX)] {
        for path in [
            "/customer/GetCustomers",
            "/customer/GetRequests",
            "/onboarding/GetRequests",
            "/terminal/GetPackages",
        ] {
            let ask = |customer: i64| get(&world, &format!("{path}?customerId={customer}"));
            let (foreign, unknown) = (ask(foreign), ask(unknown));
            assert_eq!(fields(&foreign, 403), [""; 0], "{path}");
            assert_eq!(foreign, unknown, "{path}");
        }
        let mut create = |customer: i64| {
            parent["ParentId"] = customer.into();
            post(&world, "/onboarding/CreateRequest", &parent)
        };
        let (one, other) = (create(foreign), create(unknown));
        assert_eq!(fields(&one, 403), [""; 0]);
        assert_eq!(one, other);
        let mut create = |customer: i64| {
            update["customerId"] = customer.into();
            post(&world, "/terminal/CreateUpdate", &update)
        };
        let (one, other) = (create(foreign), create(unknown));
        assert_eq!(fields(&one, 403), [""; 0]);
        assert_eq!(one, other);
    }
}

#[test]
fn every_route_wants_a_good_key_of_this_contract() {
    let world = world();
    key(&world, "company", Scope::Company { number: "100".to_owned(), seller: None }, None);
    let end = ledger::Timestamp::parse_rfc3339(crate::testing::BEGIN).unwrap().plus_ms(1000);
    key(&world, "short", Scope::Customer(1), Some(end));
    key(&world, "revoked", Scope::Customer(1), None);
    let directory = world.platform.engine.directory();
    let revoked = directory.credential_by_hash(&secret_hash("revoked")).unwrap().id;
    let revoke = RevokeCredential { credential: revoked, actor: "test".to_owned() };
    world.submit(engine::Command::RevokeCredential(revoke));
    let good = world.call_access("GET", "/access/v1/customer/GetCustomers", "short", "");
    assert_eq!(good.status, 200);
    world.clock.advance_ms(1000);
    let headers = [
        String::new(),
        "apikey".to_owned(),
        "apikey ".to_owned(),
        "apikey nobody".to_owned(),
        "apikey revoked".to_owned(),
        "apikey short".to_owned(),
        format!("Bearer {ACCESS_KEY}"),
        format!("apikey{ACCESS_KEY}"),
        ACCESS_KEY.to_owned(),
        format!("apikey {TOKEN}"),
        format!("apikey {OPERATOR_KEY}"),
        format!("apikey {}", APP.1),
    ];
    for route in crate::access::routes::ROUTES {
        let method = match route.verb {
            crate::access::routes::Verb::Get => "GET",
            crate::access::routes::Verb::Post => "POST",
        };
        let path = format!("/access/v1{}", route.path.replace("{type}", "CardBrands"));
        let send = |header: &str| {
            let mut request = Request::builder().method(method).uri(&path);
            if !header.is_empty() {
                request = request.header("authorization", header);
            }
            world.send(request.body(Body::empty()).unwrap())
        };
        let missing = send("");
        for header in &headers {
            let reply = send(header);
            assert_eq!(fields(&reply, 401), [""; 0], "{method} {path} {header}");
            assert_eq!(reply.header("www-authenticate"), "apikey");
            assert_eq!(reply, missing, "{header}");
        }
        assert_eq!(fields(&send("apikey company"), 403), [""; 0], "{path}");
        assert_ne!(send(&format!("APIKEY {ACCESS_KEY}")).status, 401, "{path}");
        assert_ne!(send(&format!("ApiKey {ACCESS_KEY_OTHER}")).status, 401, "{path}");
    }
}

#[test]
fn other_paths_and_methods_are_answered_in_shape() {
    let world = world();
    for path in [
        "",
        "/",
        "/customer",
        "/customer/GetCustomers/1",
        "/onboarding/getinfo",
        "/å",
        "/%ff",
        "/../operator",
    ] {
        let reply = get(&world, path);
        assert_eq!(fields(&reply, 404), [""; 0], "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/customer/GetCustomers", "GET, HEAD"),
        ("PUT", "/onboarding/getinfo/CardBrands", "GET, HEAD"),
        ("DELETE", "/onboarding/CreateRequest", "POST"),
        ("GET", "/onboarding/createrequest", "POST"),
        ("PATCH", "/terminal/CreateUpdate", "POST"),
        ("OPTIONS", "/TERMINAL/GetPackages", "GET, HEAD"),
    ] {
        let reply = world.call_access(method, &format!("/access/v1{path}"), ACCESS_KEY, "");
        assert_eq!(fields(&reply, 405), [""; 0], "{method} {path}");
        assert_eq!(reply.header("allow"), allow);
    }
    let head = world.call_access("HEAD", "/access/v1/customer/GetCustomers", ACCESS_KEY, "");
    assert_eq!(head.status, 200);
}
