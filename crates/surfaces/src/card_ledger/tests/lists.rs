//! Lists: what is on them, in what order, and a page at a time.

use super::*;

/// Books `count` offline purchases called 1 to `count`.
fn purchases(world: &World, count: usize) {
    for number in 1..=count {
        let source = number.to_string();
        let body = offline(json!({ "sourcePurchaseTransactionId": source, "amount": 1 }));
        world.create(&format!("{V1}/purchases"), &body);
    }
}

/// The source ids of a page of purchases.
fn sources(page: &Value) -> Vec<String> {
    let items = page["purchases"].as_array().unwrap();
    let sources = items.iter().map(|item| item["sourcePurchaseTransactionId"].as_str().unwrap());
    sources.map(str::to_owned).collect()
}

#[test]
fn lists_are_newest_first_a_page_at_a_time() {
    let world = world();
    purchases(&world, 5);
    let mut path = format!("{V1}/purchases?limit=2&ignored=x");
    let mut pages = Vec::new();
    loop {
        let page = world.show(&path);
        assert_eq!(page["@id"], format!("{V1}/purchases"));
        assert_eq!(page["operations"], json!([]));
        pages.push(sources(&page).join(" "));
        let Some(next) = page.get("next") else { break };
        path = next.as_str().unwrap().to_owned();
        // What comes in between does not shift the pages.
        let source = format!("new {}", pages.len());
        let body = offline(json!({ "sourcePurchaseTransactionId": source, "amount": 1 }));
        world.create(&format!("{V1}/purchases"), &body);
    }
    assert_eq!(pages, ["5 4", "3 2", "1"]);
}

#[test]
fn a_full_last_page_has_no_next() {
    let world = world();
    purchases(&world, 4);
    let page = world.show(&format!("{V1}/purchases?limit=4"));
    assert_eq!(sources(&page).len(), 4);
    assert_eq!(page.get("next"), None);
}

#[test]
fn the_default_is_fifty_and_the_most_two_hundred() {
    let world = world();
    purchases(&world, 201);
    let list = |query: &str| world.show(&format!("{V1}/purchases{query}"));
    assert_eq!(sources(&list("")).len(), 50);
    assert_eq!(sources(&list("?limit=200")).len(), 200);
    assert_eq!(sources(&list("?limit=1")).len(), 1);
}

#[test]
fn long_scans_go_on_where_they_stopped() {
    let world = world();
    let id = world.authorize(json!({}));
    world.create(
        &format!("{V1}/cash-withdrawals"),
        &json!({
            "sourceCashWithdrawalTransactionId": "the only one", "amount": 1,
            "offlineInfo": { "cardToken": CARD, "sellerNumber": "654", "currency": "SEK" },
        })
        .to_string(),
    );
    purchases(&world, engine::limits::PAGE_ROWS_SCANNED_MAX + 1);
    let mut path = format!("{V1}/cash-withdrawals");
    let mut pages = Vec::new();
    loop {
        let page = world.show(&path);
        pages.push(page["cash-withdrawals"].as_array().unwrap().len());
        let Some(next) = page.get("next") else { break };
        path = next.as_str().unwrap().to_owned();
    }
    assert_eq!(pages, [0, 1]);
    let on = world.show(&format!("{V1}/authorizations/{id}/purchases"));
    assert_eq!(on["purchases"], json!([]), "a chain of its own is not scanned");
}

#[test]
fn lists_of_an_authorization_follow_its_chain() {
    let world = world();
    let id = world.authorize(json!({}));
    let other = world.authorize(json!({ "sourceAuthorizationTransactionId": "auth-2" }));
    for (authorization, source) in [(&id, "1"), (&other, "2"), (&id, "3"), (&id, "4")] {
        let body = json!({ "sourcePurchaseTransactionId": source, "amount": 10 });
        world.create(&format!("{V1}/purchases"), &purchase(authorization, body));
    }
    world.create(&format!("{V1}/authorizations/{id}/cancellations"), "");
    for path in [
        format!("{V1}/authorizations/{id}/purchases"),
        format!("{V1}/purchases?authorizationId={id}"),
        format!("{V1}/authorizations/{id}/purchases?authorizationId={}", id.to_lowercase()),
    ] {
        assert_eq!(sources(&world.show(&path)), ["4", "3", "1"], "{path}");
    }
    let page = world.show(&format!("{V1}/authorizations/{id}/purchases?limit=2"));
    assert_eq!(sources(&page), ["4", "3"]);
    assert_eq!(sources(&world.show(page["next"].as_str().unwrap())), ["1"]);
    let page = world.show(&format!("{V1}/purchases?limit=2&authorizationId={id}"));
    assert_eq!(sources(&world.show(page["next"].as_str().unwrap())), ["1"]);
    for empty in ["cash-withdrawals", "reversals"] {
        let page = world.show(&format!("{V1}/authorizations/{id}/{empty}"));
        assert_eq!(page[empty], json!([]));
    }
    for unknown in ["ZZZZZZ", "A-1"] {
        let page = world.show(&format!("{V1}/purchases?authorizationId={unknown}"));
        assert_eq!(page["purchases"], json!([]));
        let reply = world.get(&format!("{V1}/authorizations/{unknown}/purchases"));
        assert_eq!(reply.problem(), "404 authorization-not-found");
    }
    let reply = world.get(&format!("{V1}/authorizations/{id}/purchases?authorizationId={other}"));
    assert_eq!(
        reply.problem(),
        "400 validation-error authorizationId: Invalid value: the path names another authorization"
    );
    // A cursor of another list leads nowhere.
    let page = world.show(&format!("{V1}/authorizations/{id}/purchases?limit=1"));
    let after = page["next"].as_str().unwrap().split("after=").nth(1).unwrap();
    let reply = world.get(&format!("{V1}/authorizations/{other}/purchases?after={after}"));
    assert_eq!(
        reply.problem(),
        "400 validation-error after: Invalid value: must come from a next link"
    );
}

#[test]
fn corrections_are_listed() {
    let world = world();
    let path = world.create(&format!("{V1}/purchases"), &offline(json!({})));
    for source in ["1", "2", "3"] {
        let body = json!({ "sourceCorrectionTransactionId": source, "amount": 1 });
        world.create(&format!("{path}/corrections"), &correction(body));
    }
    let page = world.show(&format!("{path}/corrections?limit=2"));
    let ids = |page: &Value| {
        let items = page["corrections"].as_array().unwrap().iter();
        let ids: Vec<String> =
            items.map(|it| it["sourceCorrectionTransactionId"].to_string()).collect();
        ids.join(" ")
    };
    assert_eq!(ids(&page), r#""3" "2""#);
    let page = world.show(page["next"].as_str().unwrap());
    assert_eq!((ids(&page).as_str(), page.get("next")), (r#""1""#, None));
}

#[test]
fn days_are_inclusive() {
    let world = world();
    for (source, day) in [("1", "2026-11-18"), ("2", "2026-11-19"), ("3", "2026-11-20")] {
        let body = json!({ "sourcePurchaseTransactionId": source, "amount": 1, "date": day });
        world.create(&format!("{V1}/purchases"), &offline(body));
    }
    let list = |query: &str| sources(&world.show(&format!("{V1}/purchases?{query}"))).join(" ");
    assert_eq!(list("fromDate=2026-11-19"), "3 2");
    assert_eq!(list("toDate=2026-11-19"), "2 1");
    assert_eq!(list("fromDate=2026-11-19&toDate=2026-11-19"), "2");
    assert_eq!(list("fromDate=2026-11-20&toDate=2026-11-19"), "");
    let page = world.show(&format!("{V1}/purchases?fromDate=2026-11-19&limit=1"));
    let next = world.show(page["next"].as_str().unwrap());
    assert_eq!((sources(&next), next.get("next")), (vec!["2".to_owned()], None));
}

#[test]
fn authorizations_are_listed() {
    let world = world();
    for source in ["1", "2", "3"] {
        world.authorize(json!({ "sourceAuthorizationTransactionId": source }));
    }
    let list = |query: &str| {
        let page = world.show(&format!("{V1}/authorizations{query}"));
        let items = page["authorizations"].as_array().unwrap().iter();
        let ids: Vec<String> = items
            .map(|it| it["sourceAuthorizationTransactionId"].as_str().unwrap().to_owned())
            .collect();
        (ids.join(" "), page)
    };
    assert_eq!(list("").0, "3 2 1");
    assert_eq!(list("?sourceAuthorizationTransactionId=2").0, "2");
    assert_eq!(list("?sourceAuthorizationTransactionId=4").0, "");
    assert_eq!(list("?fromDate=2026-11-20&toDate=2026-11-20").0, "3 2 1");
    assert_eq!(list("?fromDate=2026-11-21").0, "");
    assert_eq!(list("?toDate=2026-11-19").0, "");
    let (shown, page) = list("?limit=2");
    assert_eq!(shown, "3 2");
    let next = page["next"].as_str().unwrap();
    assert_eq!(list(next.strip_prefix(&format!("{V1}/authorizations")).unwrap()).0, "1");
    let id = page["authorizations"][0]["authorizationId"].as_str().unwrap();
    assert_eq!(list(&format!("?authorizationId={id}")).0, "3");
}

#[test]
fn bad_queries_are_problems() {
    let world = world();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("fromDate=2026-13-01", "fromDate"),
        ("toDate=yesterday", "toDate"),
        ("toDate=", "toDate"),
        ("after=x", "after"),
        ("after=", "after"),
        ("after=ffffffffffffffff0", "after"),
        ("authorizationId=1234567", "authorizationId"),
        ("authorizationId=", "authorizationId"),
        ("sourceAuthorizationTransactionId=", "sourceAuthorizationTransactionId"),
    ] {
        for list in ["authorizations", "purchases", "cash-withdrawals", "reversals"] {
            let problem = world.get(&format!("{V1}/{list}?{query}")).problem();
            let start = format!("400 validation-error {field}: Invalid value: ");
            assert!(problem.starts_with(&start), "{list} {query} {problem}");
        }
    }
    let reply = world.get(&format!("{V1}/purchases?limit=0&fromDate=x"));
    assert_eq!(reply.json()["Problems"].as_array().unwrap().len(), 2);
    let status = world.get(&format!("{V1}/purchases?%FF=%FF&%zz")).status;
    assert!(status < 500, "{status}");
}
