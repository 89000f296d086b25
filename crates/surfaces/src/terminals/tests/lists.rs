//! Goal: every filter, and pages that neither repeat nor lose a terminal.

use super::*;
use crate::testing::{ACCOUNT_ID_OTHER, APP_OTHER};

/// The serial numbers that a list shows.
#[track_caller]
fn serials(world: &World, path: &str) -> Vec<String> {
    let reply = get(world, path);
    assert_eq!(reply.status, 200, "{path} {reply:?}");
    of(&reply.json())
}

fn of(list: &Value) -> Vec<String> {
    let results = list["results"].as_array().unwrap().iter();
    results.map(|found| found["serial_number"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn check(world: &World, query: &str, expected: &[&str]) {
    assert_eq!(serials(world, &format!("/terminals?{query}")), expected, "{query}");
}

/// L-1 to L-5, a second apart from the world's beginning on, which is 1795172400 in seconds.
fn five() -> (World, Vec<Value>) {
    let world = world();
    let terminals = (1..=5)
        .map(|number| {
            let reference = json!(format!("r {}&å", number % 2));
            let model = ["verifone_p400", "verifone_v400m"][number % 2];
            let body = with(new_terminal(&format!("L-{number}")), "/reference_id", reference);
            let reply = post(&world, "/terminals", &with(body, "/model", json!(model)));
            world.clock.advance_ms(1_000);
            reply.json()
        })
        .collect();
    (world, terminals)
}

#[test]
fn filters_choose() {
    let (world, terminals) = five();
    let begin = ledger::Timestamp::parse_rfc3339(crate::testing::BEGIN).unwrap().0 / 1000;
    let call = |method: &str, path: String| {
        assert_eq!(world.call_terminals(method, &path, APP, "").status, 200);
    };
    call("POST", format!("{}/deactivate", path_of(&terminals[0])));
    call("DELETE", path_of(&terminals[1]));
    check(&world, "", &["L-5", "L-4", "L-3", "L-1"]);
    check(&world, "status=active", &["L-5", "L-4", "L-3"]);
    check(&world, "status=inactive", &["L-1"]);
    check(&world, "status=deleted", &["L-2"]);
    check(&world, "status=inactive,deleted", &["L-2", "L-1"]);
    check(&world, "status=deleted&status=inactive&status=deleted", &["L-2", "L-1"]);
    check(&world, "status=active,inactive,deleted", &["L-5", "L-4", "L-3", "L-2", "L-1"]);
    check(&world, "serial_number=L-3", &["L-3"]);
    check(&world, "serial_number=l-3", &[]);
    check(&world, "model=verifone_p400", &["L-4"]);
    check(&world, "model=verifone_v400m", &["L-5", "L-3", "L-1"]);
    check(&world, "reference_id=r+0%26%C3%A5", &["L-4"]);
    check(&world, "reference_id=r", &[]);
    check(&world, &format!("account_id={ACCOUNT_ID}"), &["L-5", "L-4", "L-3", "L-1"]);
    let gateway_id = terminals[4]["gateway_id"].as_str().unwrap();
    check(&world, &format!("gateway_id={gateway_id}"), &["L-5"]);
    check(&world, "gateway_id=GW", &[]);
    let at = |number: i64| begin + number - 1;
    check(&world, &format!("create_time_start={}", at(4)), &["L-5", "L-4"]);
    check(&world, &format!("create_time_end={}", at(3)), &["L-3", "L-1"]);
    let span = format!("create_time_start={}&create_time_end={}", at(3), at(4));
    check(&world, &span, &["L-4", "L-3"]);
    check(&world, &format!("create_time_start={}&model=verifone_p400", at(3)), &["L-4"]);
    check(&world, "create_time_start=9223372036854775807", &[]);
    check(&world, "create_time_end=0", &[]);
    check(&world, "nobody_knows_this=1", &["L-5", "L-4", "L-3", "L-1"]);
    let list = get(&world, "/terminals").json();
    assert_eq!((&list["api_version"], &list["next"]), (&json!("3.0"), &Value::Null));
    assert_eq!(list["previous"], Value::Null);
    assert_eq!(list["results"][0], get(&world, &path_of(&terminals[4])).json());
}

#[test]
fn wrong_filters_are_all_named() {
    let world = world();
    let long = "x".repeat(256);
    let query = |query: &str, names: &[&str]| {
        let reply = get(&world, &format!("/terminals?{query}"));
        let causes: Vec<String> =
            names.iter().map(|name| format!("PARAM_HAS_INVALID_VALUE {name}")).collect();
        let causes: Vec<&str> = causes.iter().map(String::as_str).collect();
        refused(&reply, INVALID, &causes);
        assert_eq!(reply.json()["details"][0]["target_type"], "HTTP_REQUEST_QUERY_STRING");
    };
    for size in ["0", "51", "-1", "x", "", "1.0", "+5", "99999999999999999999"] {
        query(&format!("page_size={size}"), &["page_size"]);
    }
    for good in ["1", "50"] {
        check(&world, &format!("page_size={good}"), &[]);
    }
    for time in ["create_time_start", "create_time_end"] {
        for bad in ["-1", "x", "", "1.5", "9223372036854775808", "2026-01-01"] {
            query(&format!("{time}={bad}"), &[time]);
        }
    }
    for id in ["account_id", "reference_id", "gateway_id"] {
        query(&format!("{id}="), &[id]);
        query(&format!("{id}={long}"), &[id]);
        query(&format!("{id}=a%00b"), &[id]);
    }
    query("serial_number=a%20b", &["serial_number"]);
    query(&format!("serial_number={}", "x".repeat(33)), &["serial_number"]);
    query("model=C100", &["model"]);
    for bad in ["", "ordered", "Active", "active,", "active,x"] {
        query(&format!("status={bad}"), &["status"]);
    }
    query("page_size=1&page_size=2", &["page_size"]);
    query(
        "page_size=x&model=x&status=x&create_time_end=x",
        &["page_size", "model", "status", "create_time_end"],
    );
}

#[test]
fn pages_meet_in_both_directions() {
    let (world, _) = five();
    let page = |path: &str| get(&world, path).json();
    let link = |list: &Value, name: &str| list[name].as_str().unwrap().to_owned();
    let first = page("/terminals?page_size=2&status=active");
    assert_eq!((of(&first), &first["previous"]), (vec!["L-5".into(), "L-4".into()], &Value::Null));
    assert!(link(&first, "next").starts_with("/terminals?page="));
    let second = page(&link(&first, "next"));
    assert_eq!(of(&second), ["L-3", "L-2"]);
    let third = page(&link(&second, "next"));
    assert_eq!((of(&third), &third["next"]), (vec!["L-1".into()], &Value::Null));
    let back = page(&link(&third, "previous"));
    assert_eq!(of(&back), ["L-3", "L-2"]);
    assert_eq!(of(&page(&link(&back, "next"))), ["L-1"]);
    let back = page(&link(&back, "previous"));
    assert_eq!((of(&back), &back["previous"]), (vec!["L-5".into(), "L-4".into()], &Value::Null));
    assert_eq!(of(&page(&link(&back, "next"))), ["L-3", "L-2"]);
    // What is onboarded meanwhile moves nothing, and is found on the way back.
    onboard(&world, "L-6");
    assert_eq!(of(&page(&link(&first, "next"))), ["L-3", "L-2"]);
    let back = page(&link(&second, "previous"));
    assert_eq!(of(&back), ["L-5", "L-4"]);
    let newest = page(&link(&back, "previous"));
    assert_eq!((of(&newest), &newest["previous"]), (vec!["L-6".into()], &Value::Null));
    // A filter goes with the pages.
    let odd = page("/terminals?model=verifone_v400m&page_size=1");
    assert_eq!(of(&odd), ["L-5"]);
    assert_eq!(of(&page(&link(&odd, "next"))), ["L-3"]);
}

#[test]
fn a_page_that_has_become_empty_leads_on() {
    let (world, terminals) = five();
    let first = get(&world, "/terminals?page_size=4").json();
    let path = first["next"].as_str().unwrap();
    let deleted = world.call_terminals("DELETE", &path_of(&terminals[0]), APP, "");
    assert_eq!(deleted.status, 200);
    let empty = get(&world, path).json();
    assert_eq!((of(&empty).len(), &empty["next"]), (0, &Value::Null));
    let back = get(&world, empty["previous"].as_str().unwrap()).json();
    assert_eq!(of(&back), ["L-5", "L-4", "L-3", "L-2"]);
}

#[test]
fn ten_are_on_a_page_unless_asked_otherwise() {
    let world = world();
    (0..11).for_each(|number| drop(onboard(&world, &format!("T-{number}"))));
    assert_eq!(serials(&world, "/terminals").len(), 10);
    assert_eq!(serials(&world, "/terminals?page_size=50").len(), 11);
    assert_eq!(get(&world, "/terminals?page_size=11").json()["next"], Value::Null);
}

#[test]
fn a_page_is_named_alone_and_only_to_its_application() {
    let (world, _) = five();
    let next = get(&world, "/terminals?page_size=1").json()["next"].as_str().unwrap().to_owned();
    let page = ["PARAM_HAS_INVALID_VALUE page"];
    refused(
        &get(&world, &format!("{next}&page_size=1&model=x")),
        INVALID,
        &["PARAM_HAS_INVALID_VALUE page_size", "PARAM_HAS_INVALID_VALUE model"],
    );
    refused(&get(&world, &format!("{next}&page=x")), INVALID, &page);
    refused(&world.call_terminals("GET", &next, APP_OTHER, ""), INVALID, &page);
    let cut = &next[..next.len() - 4];
    let flipped = next.replace("page=", "page=A");
    for bad in ["/terminals?page=", "/terminals?page=MTIz", cut, &flipped] {
        refused(&get(&world, bad), INVALID, &page);
    }
}

#[test]
fn a_list_shows_its_own_tenant_and_only_what_was_onboarded() {
    let (world, _) = five();
    let body = with(new_terminal("O-1"), "/account_id", json!(ACCOUNT_ID_OTHER));
    let reply = world.call_terminals("POST", "/terminals", APP_OTHER, &body.to_string());
    assert_eq!(reply.status, 201);
    let other = world.call_terminals("GET", "/terminals?page_size=50", APP_OTHER, "").json();
    assert_eq!(of(&other), ["O-1"], "and not the terminal that was ordered");
    assert_eq!(serials(&world, "/terminals?page_size=50").len(), 5);
}
