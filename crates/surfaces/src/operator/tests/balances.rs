//! Balances, now and at every instant of a scripted history; statements and reservations.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

/// What an account shows, in few words.
fn shown(account: &Value) -> String {
    let of = |name: &str| account[name].as_str().unwrap().to_owned();
    let (limit, debt) = (of("credit_limit"), of("debt"));
    let (reserved, available) = (of("reserved_amount"), of("available_amount"));
    format!("{limit} {debt} {reserved} {available} {}", of("status"))
}

/// A history of one step a minute, and what the account showed right after each.
fn history(world: &World) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    let mut authorization = String::new();
    for step in 0..8 {
        world.clock.advance_ms(60_000);
        match step {
            0 => authorization = authorize(world, "a-1", "300.00"),
            1 => purchase(world, &authorization, "p-1", "100.00"),
            2 => purchase(world, &authorization, "p-2", "50.00"),
            3 => assert_eq!(
                operate(world, r#"PATCH /accounts/{A} {"credit_limit":"200"}"#).status,
                200
            ),
            4 => correct(world, "p-1", "c-1", "30.00"),
            5 => assert_eq!(
                operate(world, r#"PATCH /accounts/{A} {"status":"blocked"}"#).status,
                200
            ),
            6 => assert_eq!(
                operate(world, r#"PATCH /accounts/{A} {"status":"active","credit_limit":"900.5"}"#)
                    .status,
                200
            ),
            _ => {
                // The authorization's last day ends; its rest is released.
                world.clock.set("2026-11-28T12:00:00.000Z");
                assert_eq!(world.run_timers(), 1);
            }
        }
        let clock = operate(world, "GET /clock").json();
        let account = operate(world, "GET /accounts/{A}").json();
        seen.push((clock["now"].as_str().unwrap().to_owned(), shown(&account)));
    }
    seen
}

#[test]
fn the_past_is_told_as_it_was_seen() {
    let world = world();
    let opened_at = operate(&world, "GET /accounts/{A}").json()["opened_at"].clone();
    let seen = history(&world);
    let told: Vec<&str> = seen.iter().map(|(_, account)| account.as_str()).collect();
    assert_eq!(
        told,
        [
            "50000.00 0.00 300.00 49700.00 active",
            "50000.00 100.00 200.00 49700.00 active",
            "50000.00 150.00 150.00 49700.00 active",
            "200.00 150.00 150.00 -100.00 active",
            "200.00 120.00 150.00 -70.00 active",
            "200.00 120.00 150.00 -70.00 blocked",
            "900.50 120.00 150.00 630.50 active",
            "900.50 120.00 0.00 780.50 active",
        ]
    );
    for (at, account) in &seen {
        let then = operate(&world, &format!("GET /accounts/{{A}}?as_of={at}")).json();
        assert_eq!((&shown(&then), &then["as_of"]), (account, &json!(at)));
        assert_eq!(then["opened_at"], opened_at);
    }
    // Between two steps it stood as after the first of them.
    for pair in seen.windows(2) {
        let before = ledger::Timestamp::parse_rfc3339(&pair[1].0).unwrap().plus_ms(-1).rfc3339();
        let then = operate(&world, &format!("GET /accounts/{{A}}?as_of={before}")).json();
        assert_eq!(shown(&then), pair[0].1);
    }
    let opening = opened_at.as_str().unwrap();
    let then = operate(&world, &format!("GET /accounts/{{A}}?as_of={opening}")).json();
    assert_eq!(shown(&then), "50000.00 0.00 0.00 50000.00 active");
    let earlier = ledger::Timestamp::parse_rfc3339(opening).unwrap().plus_ms(-1).rfc3339();
    let path = format!("GET /accounts/{{A}}?as_of={earlier}");
    assert_eq!(operate(&world, &path).status, 404);
    let later = operate(&world, "GET /accounts/{A}?as_of=2999-01-01T00:00:00Z").json();
    assert_eq!(shown(&later), seen.last().unwrap().1);
    assert_eq!(operate(&world, "GET /accounts/{A}?as_of=yesterday").status, 400);
}

#[test]
fn statements_are_the_same_in_pages_of_any_size() {
    let world = world();
    history(&world);
    let whole = pages(&world, "/accounts/{A}/entries", 200);
    let kinds: Vec<&str> = whole.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["purchase-correction", "purchase", "purchase"]);
    let running: Vec<&str> =
        whole.iter().map(|entry| entry["running_balance"].as_str().unwrap()).collect();
    assert_eq!(running, ["120.00", "150.00", "100.00"]);
    for limit in 1..4 {
        assert_eq!(pages(&world, "/accounts/{A}/entries", limit), whole);
    }
    let correction = &whole[0]["cause"];
    assert_eq!(correction["kind"], "correction");
    assert_eq!(correction["corrected_source_transaction_id"], "p-1");
    assert_eq!(correction["corrected_entry_id"], whole[2]["id"]);
    assert_eq!(whole[1]["cause"]["source_authorization_transaction_id"], "a-1");
    assert_eq!(whole[1]["cause"]["point_of_sale"], "Shop 1");
    assert_eq!(whole[1]["transfer"]["debit_account_no"], world.account.to_string());
    assert_eq!(whole[0]["transfer"]["credit_account_no"], world.account.to_string());
}

#[test]
fn reservations_are_what_is_reserved() {
    let world = world();
    assert_eq!(pages(&world, "/accounts/{A}/reservations", 2), Vec::<Value>::new());
    let first = authorize(&world, "a-1", "10");
    let used_up = authorize(&world, "a-2", "20");
    authorize(&world, "a-3", "30");
    purchase(&world, &first, "p-1", "4");
    purchase(&world, &used_up, "p-2", "20");
    let whole = pages(&world, "/accounts/{A}/reservations", 200);
    let held: Vec<(&str, &str)> = whole
        .iter()
        .map(|one| {
            let of = |name: &str| one[name].as_str().unwrap();
            (of("source_authorization_transaction_id"), of("reserved_amount"))
        })
        .collect();
    assert_eq!(held, [("a-3", "30.00"), ("a-1", "6.00")]);
    assert_eq!(pages(&world, "/accounts/{A}/reservations", 1), whole);
    let account = operate(&world, "GET /accounts/{A}").json();
    assert_eq!(account["reserved_amount"], "36.00");
    assert_eq!(whole[1]["authorization_id"], first);
}

#[test]
fn a_cursor_is_good_for_its_own_list_only() {
    let world = world();
    history(&world);
    let list = operate(&world, "GET /accounts/{A}/entries?limit=1").json();
    let next = list["next"].as_str().unwrap();
    let accounts = operate(&world, "GET /accounts").json();
    let other = accounts["items"][0]["account_no"].as_str().unwrap().to_owned();
    assert_ne!(other, world.account.to_string());
    for list in ["entries", "reservations"] {
        let line = format!("GET /accounts/{other}/{list}?after={next}");
        assert_eq!(operate(&world, &line).status, 400, "{list}");
    }
    assert_eq!(operate(&world, "GET /accounts/{A}/entries?after=nonsense").status, 400);
}

#[test]
fn lists_meet_at_their_edges() {
    let world = world();
    for path in
        ["/companies", "/companies/100/sellers", "/accounts", "/credentials", "/accounts/{A}/cards"]
    {
        let whole = pages(&world, path, 200);
        assert!(!whole.is_empty(), "{path}");
        for limit in [1, 2, 3] {
            assert_eq!(pages(&world, path, limit), whole, "{path} by {limit}");
        }
        for bad in
            ["limit=0", "limit=201", "limit=x", "limit=", "after=x", "limit=1&limit=1", "x=1"]
        {
            let reply = operate(&world, &format!("GET {path}?{bad}"));
            assert_eq!(reply.status, 400, "{path}?{bad}");
        }
    }
}

#[test]
fn the_feed_tells_everything_once_and_in_order() {
    let world = world();
    history(&world);
    let (mut ids, mut kinds, mut after) = (Vec::new(), BTreeSet::new(), String::new());
    loop {
        let list = operate(&world, &format!("GET /events?limit=7{after}")).json();
        let page = list["items"].as_array().unwrap();
        let next = list["next"].as_str().unwrap().to_owned();
        if page.is_empty() {
            assert_eq!(after, format!("&after={next}"), "the end is where to ask again");
            break;
        }
        after = format!("&after={next}");
        for event in page {
            ids.push(event["id"].as_str().unwrap().parse::<i64>().unwrap());
            let kind = event["kind"].as_str().unwrap();
            kinds.insert(kind.to_owned());
            let is_of_account = ["account.", "authorization.", "card.", "purchase."];
            if is_of_account.iter().any(|prefix| kind.starts_with(prefix)) {
                assert!(event["company_number"].is_string(), "{event}");
                assert!(event["account_no"].is_string(), "{event}");
            }
        }
    }
    assert_eq!(ids, (1..=i64::try_from(ids.len()).unwrap()).collect::<Vec<_>>());
    for kind in [
        "account.changed",
        "account.opened",
        "authorization.created",
        "authorization.expired",
        "card.added",
        "card.changed",
        "company.added",
        "credential.issued",
        "credential.revoked",
        "payable.opened",
        "purchase.corrected",
        "purchase.posted",
        "seller.added",
    ] {
        assert!(kinds.contains(kind), "{kind} in {kinds:?}");
    }
}

#[test]
fn the_ledger_adds_up() {
    let world = world();
    history(&world);
    let verification = operate(&world, "GET /ledger/verification").json();
    assert_eq!(verification["ok"], true, "{verification}");
    let invariants = verification["invariants"].as_array().unwrap();
    assert!(invariants.len() > 5);
    assert!(invariants.iter().all(|one| one["ok"] == true && one["figure"].is_i64()));
}
