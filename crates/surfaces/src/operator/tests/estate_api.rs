//! Customers, what they and their terminals use, onboarding, and terminals, word for word where it
//! matters.

use serde_json::{Value, json};

use super::*;
use crate::testing::{ACCESS_KEY, ACCOUNT_ID, application};

/// Items of a list, by one of their fields.
fn listed(world: &World, path: &str, field: &str) -> Vec<Value> {
    let list = operate(world, &format!("GET {path}")).json();
    list["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
}

/// The first error's pointer.
#[track_caller]
fn refused_field(world: &World, line: &str) -> String {
    let reply = operate(world, line);
    assert_eq!(reply.status, 400, "{line} {reply:?}");
    reply.json()["errors"][0]["pointer"].as_str().unwrap().to_owned()
}

#[test]
fn customers_are_added_shown_and_renamed() {
    let world = with_customers();
    let add =
        r#"POST /customers {"parent_id":1,"name":"Åkes kedja 🦊","organisation_number":"5566"}"#;
    let added = operate(&world, add);
    assert_eq!((added.status, added.header("location")), (201, "/operator/v1/customers/3"));
    let body = added.json();
    let account = body["identities"]["account_id"].as_str().unwrap();
    assert_eq!(account.len(), 36);
    assert_eq!(
        body,
        json!({
            "id": 3, "parent_id": 1, "path": [1], "name": "Åkes kedja 🦊",
            "organisation_number": "5566", "created_at": "2026-11-20T11:00:00.000Z",
            "identities": {
                "company_number": null, "seller_number": null, "account_id": account,
                "merchant_id": null, "entity_id": null
            }
        })
    );
    let below = r#"POST /customers {"parent_id":3,"name":"Norr","organisation_number":"1"}"#;
    assert_eq!(operate(&world, below).json()["path"], json!([1, 3]));
    assert_eq!(listed(&world, "/customers", "id"), [4, 3, 2, 1]);
    assert_eq!(listed(&world, "/customers?parent_id=1", "id"), [3]);
    assert_eq!(listed(&world, "/customers?parent_id=0", "id"), [2, 1]);
    assert_eq!(listed(&world, "/customers?parent_id=99", "id"), Vec::<Value>::new());
    assert_eq!(pages(&world, "/customers", 3).len(), 4);
    let renamed = operate(&world, r#"PATCH /customers/3 {"name":"Ny"}"#).json();
    assert_eq!(
        (&renamed["name"], &renamed["identities"]["account_id"]),
        (&json!("Ny"), &json!(account))
    );
    assert_eq!(operate(&world, "PATCH /customers/3 {}").json(), renamed, "nothing to change");
    assert_eq!(operate(&world, "GET /customers/3").json(), renamed);
}

#[test]
fn customers_that_are_none_are_refused() {
    let world = with_customers();
    let customer = |parent: &str, name: &str, number: &str| {
        format!(
            r#"POST /customers {{"parent_id":{parent},"name":"{name}",
            "organisation_number":"{number}"}}"#
        )
    };
    let longest = "å".repeat(100);
    assert_eq!(operate(&world, &customer("null", &longest, &longest)).status, 201);
    assert_eq!(refused_field(&world, &customer("1", &format!("{longest}x"), "1")), "/name");
    assert_eq!(refused_field(&world, &customer("1", "", "1")), "/name");
    let long_number = customer("1", "x", &format!("{longest}x"));
    assert_eq!(refused_field(&world, &long_number), "/organisation_number");
    for parent in ["0", "-1", "99", "\"1\"", "1.5"] {
        assert_eq!(refused_field(&world, &customer(parent, "x", "1")), "/parent_id", "{parent}");
    }
    assert_eq!(refused_field(&world, "GET /customers?parent_id=-1"), "?parent_id");
    for id in ["99", "0", "-1", "x", "01", "9223372036854775808"] {
        for line in [
            format!("GET /customers/{id}"),
            format!(r#"PATCH /customers/{id} {{"name":"x"}}"#),
            format!("GET /customers/{id}/configuration"),
            format!("PATCH /customers/{id}/configuration {{}}"),
        ] {
            assert_eq!(operate(&world, &line).status, 404, "{line}");
        }
    }
}

#[test]
fn what_terminals_use_is_told_with_its_origin() {
    let world = world_with_estate();
    let terminal = listed(&world, "/terminals?customer_id=3", "terminal_id")[0].clone();
    let terminal = terminal.as_str().unwrap();
    let before = operate(&world, &format!("GET /terminals/{terminal}/configuration")).json();
    assert_eq!(before["values"]["quick_chip.enabled"]["origin"], json!({"kind": "default"}));
    let chosen = r#"PATCH /customers/1/configuration
        {"quick_chip":{"enabled":false},"supported_card_brands":["visa"],
        "maintenance_window":{"start":2,"duration":3}}"#;
    let above = operate(&world, &chosen.replace('\n', " "));
    assert_eq!(above.status, 200, "{above:?}");
    assert_eq!(
        above.json()["configuration"]["maintenance_window"],
        json!({"start":2,"duration":3})
    );
    let own = format!(
        r#"PATCH /terminals/{terminal}/configuration {{"name":"Disk å 🦊",
        "maintenance_window":{{"start":4}}}}"#
    );
    let after = operate(&world, &own);
    assert_eq!(after.status, 200, "{after:?}");
    let after = after.json();
    assert_eq!(operate(&world, &format!("GET /terminals/{terminal}/configuration")).json(), after);
    let value = |name: &str| after["values"][name].clone();
    let partner = json!({"kind": "customer", "id": 1, "name": "Partner 1"});
    assert_eq!(value("quick_chip.enabled"), json!({"value": false, "origin": partner}));
    assert_eq!(value("maintenance_window.duration"), json!({"value": 3, "origin": partner}));
    let here = json!({"kind": "terminal"});
    assert_eq!(value("maintenance_window.start"), json!({"value": 4, "origin": here}));
    assert_eq!(value("name"), json!({"value": "Disk å 🦊", "origin": here}));
    assert_eq!(after["configuration"]["name"], "Disk å 🦊");
    assert_ne!(after["version"], before["version"]);
    // What is withdrawn is inherited again.
    let withdraw = r#"{"name":null,"maintenance_window":{"start":null}}"#;
    let withdrawn =
        operate(&world, &format!("PATCH /terminals/{terminal}/configuration {withdraw}"));
    let start = &withdrawn.json()["values"]["maintenance_window.start"];
    assert_eq!(*start, json!({"value": 2, "origin": partner}));
    let withdraw = r#"{"quick_chip":null,"supported_card_brands":null,"maintenance_window":null}"#;
    operate(&world, &format!("PATCH /customers/1/configuration {withdraw}"));
    let last = operate(&world, &format!("GET /terminals/{terminal}/configuration")).json();
    assert_eq!(last, before);
}

#[test]
fn settings_that_are_none_are_refused() {
    let world = world_with_estate();
    let terminal = listed(&world, "/terminals?customer_id=3", "terminal_id")[0].clone();
    let paths = ["/customers/3".to_owned(), format!("/terminals/{}", terminal.as_str().unwrap())];
    for path in paths {
        let change = |body: &str| format!("PATCH {path}/configuration {body}");
        let pointer = |body: &str| refused_field(&world, &change(body));
        assert_eq!(pointer(r#"{"colour":"red"}"#), "/colour");
        assert_eq!(pointer(r#"{"tip":{"colour":"red"}}"#), "/tip/colour");
        assert_eq!(pointer(r#"{"tip":{"terminal_display":{"x":1}}}"#), "/tip/terminal_display/x");
        assert_eq!(pointer(r#"{"tip.mode":"disabled"}"#), "/tip.mode");
        assert_eq!(pointer(r#"{"tip":{"mode":"never"}}"#), "/tip/mode");
        assert_eq!(pointer(r#"{"tip":1}"#), "/tip");
        assert_eq!(pointer(r#"{"currency":"XXX"}"#), "/currency");
        assert_eq!(pointer(r#"{"timezone":"Mars/Olympus"}"#), "/timezone");
        assert_eq!(pointer(r#"{"name":""}"#), "/name");
        assert_eq!(pointer(&format!(r#"{{"name":"{}"}}"#, "å".repeat(256))), "/name");
        let longest = format!(r#"{{"name":"{}"}}"#, "å".repeat(255));
        assert_eq!(operate(&world, &change(&longest)).status, 200);
        let both = operate(&world, &change(r#"{"name":1,"quick_chip":{"enabled":"yes"}}"#)).json();
        assert_eq!(both["errors"].as_array().unwrap().len(), 2, "{both}");
        assert_eq!(
            pointer(r#"{"maintenance_window":{"start":1}}"#),
            "/maintenance_window/duration"
        );
        assert_eq!(operate(&world, &change("{}")).status, 200);
        assert_eq!(operate(&world, &change("[]")).status, 400);
        let guide = r#"{"tip":{"percentage_guide":{"percentage_low":1}}}"#;
        assert_eq!(operate(&world, &change(guide)).status, 200, "as the other contract takes it");
    }
}

/// Submits an application below customer 1, and returns the request's id.
fn submit(world: &World) -> String {
    let submit = estate::submit::SubmitRequest {
        application: Box::new(estate::application::Application {
            password_hash: Some("$argon2id$v=19$secret".to_owned()),
            ..application(1)
        }),
        customer: None,
        root: 1,
        credential: ledger::CredentialId(i64::MAX),
        actor: "partner".to_owned(),
    };
    let answer = world.submit_estate(estate::Command::SubmitRequest(submit));
    let estate::command::Outcome::Request(request) = answer.done else { panic!("{answer:?}") };
    request.number.to_string()
}

#[test]
fn a_request_is_reviewed_once() {
    let world = world_with_estate();
    let id = submit(&world);
    assert_eq!(listed(&world, "/onboarding-requests?status=submitted", "request_id"), [3]);
    assert_eq!(listed(&world, "/onboarding-requests", "request_id"), [3, 2, 1]);
    assert_eq!(pages(&world, "/onboarding-requests", 2).len(), 3);
    let shown = operate(&world, &format!("GET /onboarding-requests/{id}"));
    assert!(!shown.body.contains("argon2"), "{}", shown.body);
    let shown = shown.json();
    assert_eq!(shown["application"]["has_password"], true);
    assert_eq!(shown["application"]["request_notes"], "Ring på dörren 🔔");
    assert_eq!(shown["application"]["address"]["city"], "UPPLANDS VÄSBY");
    let agreement = &shown["application"]["acquiring_agreements"][0];
    assert_eq!(agreement["acquirer"], json!({"id": 6, "name": "Elavon"}));
    let claimed = operate(&world, &format!("POST /onboarding-requests/{id}/claim"));
    assert_eq!((claimed.status, &claimed.json()["status"]), (200, &json!("in_progress")));
    assert_eq!(claimed.json()["reviewer"], OPERATOR_KEY);
    assert_eq!(listed(&world, "/onboarding-requests?status=in_progress", "request_id"), [3]);
    let approve = format!("POST /onboarding-requests/{id}/approve");
    let approve = format!(r#"{approve} {{"company_number":"100"}}"#);
    let approved = operate_under(&world, "k", &approve);
    assert_eq!(approved.status, 200, "{approved:?}");
    let approval = approved.json();
    let terminal = &approval["terminals"][0];
    assert_eq!(terminal["activation_code"].as_str().unwrap().len(), 8);
    assert_eq!(terminal["terminal_id"].as_str().unwrap().len(), 8);
    assert_eq!(
        (&terminal["model"], &terminal["operating_mode"]),
        (&json!("C100+"), &json!("Standalone"))
    );
    assert_eq!((&approval["request_id"], &approval["status"]), (&json!(3), &json!("approved")));
    let identities = &approval["identities"];
    assert_eq!(identities["company_number"], "100");
    assert_eq!(identities["entity_id"].as_str().unwrap().len(), 32);
    let customer = operate(&world, &format!("GET /customers/{}", approval["customer_id"])).json();
    assert_eq!(customer["identities"], *identities);
    let seller = identities["seller_number"].as_str().unwrap();
    assert_eq!(operate(&world, &format!("GET /companies/100/sellers/{seller}")).status, 200);
    // The same again is the same; anything else is too late.
    let again = operate_under(&world, "k", &approve);
    assert_eq!((again.status, &again.body), (200, &approved.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    for late in [
        approve.clone(),
        format!(r#"POST /onboarding-requests/{id}/reject {{"message":"no"}}"#),
        format!("POST /onboarding-requests/{id}/claim"),
    ] {
        assert_eq!(operate(&world, &late).status, 409, "{late}");
    }
    let events = operate(&world, "GET /events?limit=200").body;
    assert!(!events.contains("Ödman") && !events.contains("argon2"), "the journal has no persons");
    assert!(!events.contains("_salt") && !events.contains("_hash"), "nor what codes come from");
    let approvals = serde_json::from_str::<Value>(&events).unwrap()["items"].clone();
    let approvals = approvals.as_array().unwrap().iter();
    let mut approvals = approvals.filter(|event| event["kind"] == "request.approved");
    assert_eq!(approvals.next_back().unwrap()["data"]["request_id"], 3);
}

#[test]
fn a_request_is_rejected_with_a_message() {
    let world = world_with_estate();
    let id = submit(&world);
    let reject = format!("POST /onboarding-requests/{id}/reject");
    assert_eq!(refused_field(&world, &format!("{reject} {{}}")), "/message");
    let long = format!(r#"{reject} {{"message":"{}"}}"#, "å".repeat(1001));
    assert_eq!(refused_field(&world, &long), "/message");
    let most = format!(r#"{reject} {{"message":"{}"}}"#, "å".repeat(1000));
    let rejected = operate(&world, &most);
    assert_eq!((rejected.status, &rejected.json()["status"]), (200, &json!("rejected")));
    assert_eq!(rejected.json()["reject_message"], "å".repeat(1000));
    assert_eq!(rejected.json()["decided_at"], "2026-11-20T11:00:00.000Z");
    assert_eq!(operate(&world, &most).status, 409);
    assert_eq!(operate(&world, &format!("GET /customers/{}", 5)).status, 404, "not in the tree");
}

#[test]
fn an_approval_may_choose_identities_that_are_free() {
    let world = world_with_estate();
    let id = submit(&world);
    let approve = |body: &str| format!("POST /onboarding-requests/{id}/approve {body}");
    for (field, value) in [
        ("company_number", "1 2"),
        ("seller_number", "1234567890123456"),
        ("account_id", "00000000-0000-4000-8000-00000000000A"),
        ("account_id", "x"),
        ("merchant_id", ""),
        ("entity_id", "00000000000000000000000000000D30"),
        ("entity_id", "d30"),
        ("colour", "red"),
    ] {
        let line = approve(&format!(r#"{{"{field}":"{value}"}}"#));
        assert_eq!(refused_field(&world, &line), format!("/{field}"), "{value}");
    }
    assert_eq!(refused_field(&world, &approve(r#"{"company_number":"999"}"#)), "/company_number");
    assert_eq!(refused_field(&world, &approve("")), "/company_number", "there are several");
    let taken = json!({"company_number": "100", "account_id": ACCOUNT_ID});
    let taken = operate(&world, &approve(&taken.to_string()));
    assert_eq!(taken.status, 409, "{taken:?}");
    let chosen = json!({
        "company_number": "100", "seller_number": "655",
        "account_id": "00000000-0000-4000-8000-00000000000a",
        "merchant_id": "Åkes 🦊", "entity_id": "00000000000000000000000000000d30"
    });
    let approved = operate(&world, &approve(&chosen.to_string()));
    assert_eq!((approved.status, &approved.json()["identities"]), (200, &chosen));
}

#[test]
fn requests_that_are_not_there_are_not_found() {
    let world = world_with_estate();
    for id in ["99", "0", "x", "-1", "01"] {
        for line in [
            format!("GET /onboarding-requests/{id}"),
            format!("POST /onboarding-requests/{id}/claim"),
            format!("POST /onboarding-requests/{id}/approve"),
            format!(r#"POST /onboarding-requests/{id}/reject {{"message":"x"}}"#),
        ] {
            assert_eq!(operate(&world, &line).status, 404, "{line}");
        }
    }
    assert_eq!(refused_field(&world, "GET /onboarding-requests?status=new"), "?status");
}

#[test]
fn terminals_are_listed_and_shown() {
    let world = world_with_estate();
    let all = listed(&world, "/terminals", "terminal_id");
    assert_eq!(all.len(), 2);
    let list = |query: &str| listed(&world, &format!("/terminals?{query}"), "terminal_id");
    assert_eq!(list("status=ordered"), all);
    assert_eq!(list("status=active"), Vec::<Value>::new());
    assert_eq!(list("customer_id=1"), [all[1].clone()]);
    assert_eq!(list("customer_id=4"), [all[0].clone()]);
    assert_eq!(list("customer_id=99"), Vec::<Value>::new());
    assert_eq!(list("serial_number=none"), Vec::<Value>::new());
    assert_eq!(refused_field(&world, "GET /terminals?status=pending"), "?status");
    assert_eq!(refused_field(&world, "GET /terminals?customer_id=0"), "?customer_id");
    assert_eq!(pages(&world, "/terminals", 1).len(), 2);
    let id = all[1].as_str().unwrap();
    let shown = operate(&world, &format!("GET /terminals/{id}")).json();
    let uuid = shown["id"].as_str().unwrap();
    assert_eq!(operate(&world, &format!("GET /terminals/{uuid}")).json(), shown);
    let code = shown["activation_code"].as_str().unwrap();
    assert_eq!(
        shown,
        json!({
            "terminal_id": id, "id": uuid, "customer_id": 3, "status": "ordered",
            "model": "C100+", "serial_number": null, "reference_id": null,
            "operating_mode": "Standalone", "created_at": "2026-11-20T11:00:00.000Z",
            "activation_code": code, "activation_locked": false, "activated_at": null,
            "last_call_home": null, "application_version": null, "installed_package": null,
            "pending_updates": []
        })
    );
    let reset = format!("POST /terminals/{id}/reset-activation");
    let renewed = operate_under(&world, "k", &reset);
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let new_code = renewed.json()["activation_code"].clone();
    assert_ne!(new_code, code);
    assert_eq!(
        operate(&world, &format!("GET /terminals/{id}")).json()["activation_code"],
        new_code
    );
    assert_eq!(operate_under(&world, "k", &reset).body, renewed.body);
    for id in ["KTXXXXXX", "x", &id.to_lowercase(), &uuid.to_uppercase()] {
        for line in [
            format!("GET /terminals/{id}"),
            format!("GET /terminals/{id}/configuration"),
            format!("PATCH /terminals/{id}/configuration {{}}"),
            format!("POST /terminals/{id}/reset-activation"),
        ] {
            assert_eq!(operate(&world, &line).status, 404, "{line}");
        }
    }
}

#[test]
fn credentials_of_partners_reach_their_customers() {
    let world = world_with_estate();
    let issue = |body: &str| operate(&world, &format!("POST /credentials {body}"));
    let access = issue(r#"{"contract":"access","label":"A","customer_id":1}"#);
    assert_eq!(access.status, 201, "{access:?}");
    let access = access.json();
    assert_eq!((access["customer_id"].as_i64(), access.get("app_id")), (Some(1), None));
    assert_ne!(access["secret"], ACCESS_KEY);
    let terminals = issue(r#"{"contract":"terminals","label":"T","customer_id":3}"#).json();
    let app_id = terminals["app_id"].as_str().unwrap();
    assert!(app_id.len() == 8 && app_id.bytes().all(|byte| byte.is_ascii_digit()), "{app_id}");
    assert_eq!(terminals["app_token"], terminals["secret"]);
    let shown = operate(&world, &format!("GET /credentials/{}", terminals["id"].as_str().unwrap()));
    assert_eq!(shown.json()["app_id"], app_id);
    assert_eq!(shown.json()["customer_id"], 3);
    assert!(!shown.body.contains(terminals["secret"].as_str().unwrap()));
    let ledger = issue(r#"{"contract":"card_ledger","label":"L","customer_id":3}"#).json();
    assert_eq!((&ledger["company_number"], ledger.get("customer_id")), (&json!("100"), None));
    let merchant = operate(&world, "GET /customers/3").json();
    assert_eq!(ledger["seller_number"], merchant["identities"]["seller_number"]);
    for (body, field) in [
        (r#"{"contract":"access","label":"x"}"#, "/customer_id"),
        (r#"{"contract":"terminals","label":"x"}"#, "/customer_id"),
        (r#"{"contract":"terminals","label":"x","customer_id":99}"#, "/customer_id"),
        (r#"{"contract":"access","label":"x","customer_id":0}"#, "/customer_id"),
        (
            r#"{"contract":"access","label":"x","customer_id":1,"company_number":"1"}"#,
            "/company_number",
        ),
        (r#"{"contract":"card_ledger","label":"x"}"#, "/company_number"),
        (r#"{"contract":"card_ledger","label":"x","customer_id":1}"#, "/customer_id"),
        (r#"{"contract":"card_ledger","label":"x","customer_id":99}"#, "/customer_id"),
        (
            r#"{"contract":"card_ledger","label":"x","customer_id":3,"company_number":"100"}"#,
            "/company_number",
        ),
        (
            r#"{"contract":"card_ledger","label":"x","customer_id":3,"seller_number":"1"}"#,
            "/seller_number",
        ),
        (r#"{"contract":"operator","label":"x","customer_id":1}"#, "/customer_id"),
    ] {
        assert_eq!(refused_field(&world, &format!("POST /credentials {body}")), field, "{body}");
    }
}

#[test]
fn consumers_of_alternative_payments_get_a_key_and_a_secret() {
    let world = world_with_estate();
    let line = r#"POST /credentials {"contract":"aapay","label":"ECR","customer_id":3}"#;
    let issued = operate_under(&world, "k", line);
    assert_eq!(issued.status, 201, "{issued:?}");
    let body = issued.json();
    let key = body["consumer_key"].as_str().unwrap();
    assert!(key.len() == 8 && key.bytes().all(|byte| byte.is_ascii_digit()), "{key}");
    assert_eq!((&body["consumer_secret"], body.get("app_id")), (&body["secret"], None));
    assert_eq!((&body["contract"], &body["customer_id"]), (&json!("aapay"), &json!(3)));
    let id = body["id"].as_str().unwrap();
    let shown = operate(&world, &format!("GET /credentials/{id}"));
    assert_eq!(shown.json()["consumer_key"], key);
    let secret = body["secret"].as_str().unwrap();
    assert!(!shown.body.contains(secret) && !shown.body.contains("consumer_secret"));
    assert_eq!(operate(&world, &format!("DELETE /credentials/{id}")).status, 204);
    let again = operate_under(&world, "k", line);
    assert_eq!((again.status, &again.body), (201, &issued.body), "whatever happened since");
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("location"), issued.header("location"));
    let second = operate(&world, line).json();
    assert_ne!(
        (&second["consumer_key"], &second["secret"]),
        (&body["consumer_key"], &body["secret"])
    );
    for (more, field) in [
        ("", "/customer_id"),
        (r#","customer_id":99"#, "/customer_id"),
        (r#","customer_id":3,"company_number":"100""#, "/company_number"),
        (r#","customer_id":3,"seller_number":"1""#, "/seller_number"),
    ] {
        let line = format!(r#"POST /credentials {{"contract":"aapay","label":"x"{more}}}"#);
        assert_eq!(refused_field(&world, &line), field, "{more}");
    }
}

/// Method: chance that begins anew draws what another application has.
#[test]
fn an_application_that_is_taken_is_drawn_again() {
    let world = world_with_estate();
    let ids: std::collections::BTreeSet<String> = (0..20)
        .map(|_| {
            let line = r#"POST /credentials {"contract":"terminals","label":"T","customer_id":1}"#;
            operate(&world, line).json()["app_id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 20);
}
