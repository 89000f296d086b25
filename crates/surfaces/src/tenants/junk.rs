//! No request breaks anything, however odd: every documented operation is called by its owner with
//! odd values in every place of its path, its query, its headers and its body. It is answered, with
//! no status of 500 or above but the documented ones, and nothing is stored that a database cannot
//! hold. The card ledger has tests of its own for this.

use serde_json::Value;

use super::callers::Header;
use super::things::Fixture;
use super::{Row, Scene, Surface, callers, fill, names, send, table};
use crate::testing::Reply;

/// Values that have broken parsers before, as JSON.
const ODD: [&str; 27] = [
    "null",
    "true",
    "0",
    "-1",
    "-0",
    "1e99",
    "0.5",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "\"\\u0007\"",
    "\"a\\nb\"",
    "\"a\\r\\nSet-Cookie: a\"",
    "\"\\u202e\"",
    "\"../../etc/passwd\"",
    "\"%s%n'; DROP TABLE document; --\"",
    "\"9223372036854775808\"",
    "\"1e99\"",
    "\"0001-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59Z\"",
    "[]",
    "{}",
    "[[[{\"a\":[null]}]]]",
];

/// The same in paths and queries.
const ODD_PARTS: [&str; 16] = [
    "%00",
    "a%00b",
    "0",
    "-1",
    "+1",
    "01",
    "9223372036854775807",
    "9223372036854775808",
    "1e99",
    "%ff%fe",
    "%2e%2e%2fetc",
    "a%0d%0ab",
    "%F0%9F%A6%8A",
    "%C3%A5",
    "'%22%3b--",
    "%20",
];

/// Names of parameters that some operation has.
const PARAMETERS: [&str; 16] = [
    "limit",
    "after",
    "page",
    "page_size",
    "create_time_start",
    "create_time_end",
    "account_id",
    "status",
    "model",
    "serial_number",
    "customerId",
    "customer_id",
    "parent_id",
    "card_token",
    "as_of",
    "gateway_id",
];

#[test]
fn aapay() {
    check(Surface::Aapay);
}

#[test]
fn access() {
    check(Surface::Access);
}

#[test]
fn clearing() {
    check(Surface::Clearing);
}

#[test]
fn device() {
    check(Surface::Device);
}

#[test]
fn operator() {
    check(Surface::Operator);
}

#[test]
fn terminals() {
    check(Surface::Terminals);
}

fn check(surface: Surface) {
    let fixture = Fixture::new();
    let good = callers::good(&fixture, surface);
    for row in table::rows(surface) {
        let scene = fixture.scenes(surface, &row).own;
        for odd in odd_lines(&row, &scene) {
            check_answered(&fixture, &odd, &scene, &good);
        }
        for body in odd_bodies(&fill(&row.body, &scene)) {
            // A dollar sign would be the name of a thing.
            let odd = Row { body: body.replace('$', ""), ..row.clone() };
            check_answered(&fixture, &odd, &scene, &good);
        }
        for (name, value) in odd_headers() {
            let mut headers = good.clone();
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value));
            check_answered(&fixture, &row, &scene, &headers);
        }
    }
    // The text of a record shows the character U+0000 so.
    let held = fixture.state().into_iter().filter(|record| record.contains("\\0"));
    assert_eq!(held.collect::<Vec<String>>(), Vec::<String>::new());
}

fn check_answered(fixture: &Fixture, row: &Row, scene: &Scene, headers: &[Header]) {
    let reply: Reply = send(fixture, row, scene, headers);
    let is_answered = reply.status < 500 || reply.status == 501;
    assert!(is_answered, "{} {} {headers:?}: {reply:?}", row.line, row.body);
    let is_json = |it: &str| it.contains("json");
    if !reply.body.is_empty() && is_json(reply.header("content-type")) {
        reply.json();
    }
    let injected = ["set-cookie", "x-injected"].map(|name| reply.headers.contains_key(name));
    assert_eq!(injected, [false; 2], "{reply:?}");
}

/// The row's line with odd values for each thing in it, and with odd parameters.
fn odd_lines(row: &Row, scene: &Scene) -> Vec<Row> {
    let line = |line: String| Row { line, ..row.clone() };
    let of_line = Row { body: String::new(), ..row.clone() };
    let mut odd = Vec::new();
    for name in names(&of_line) {
        for part in ODD_PARTS {
            odd.push(line(row.line.replace(&format!("${name}"), part)));
        }
    }
    if !row.line.starts_with("GET ") {
        return odd;
    }
    let filled = fill(&row.line, scene);
    let joint = if filled.contains('?') { '&' } else { '?' };
    for name in PARAMETERS {
        odd.extend(ODD_PARTS.map(|part| line(format!("{filled}{joint}{name}={part}"))));
    }
    odd.push(line(format!("{filled}{joint}%ff=%zz&=&&a")));
    odd
}

/// The body with odd values in each place, and others that are no such body at all.
fn odd_bodies(body: &str) -> Vec<String> {
    let mut odd: Vec<String> = ODD.map(str::to_owned).into();
    odd.extend(["{", "\u{feff}{}", "{\"a\":1,\"a\":1}", "{\"\\u0000\":1}"].map(str::to_owned));
    odd.push(format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)));
    let Ok(whole) = serde_json::from_str::<Value>(body) else {
        // A form: each line is left out, cut, or odd.
        let lines: Vec<&str> = body.split("\r\n").collect();
        for at in 0..lines.len() {
            for part in ["", "\0", "--frontier", "--frontier--", "a: b: c", "\u{feff}å\u{7}"] {
                let mut lines = lines.clone();
                lines[at] = part;
                odd.push(lines.join("\r\n"));
            }
        }
        return odd;
    };
    let mut places = Vec::new();
    walk(&whole, String::new(), &mut places);
    for place in places {
        for value in ODD {
            let value = serde_json::from_str::<Value>(value).unwrap();
            let mut mutated = whole.clone();
            *mutated.pointer_mut(&place).unwrap() = value;
            odd.push(mutated.to_string());
        }
        let mut long = whole.clone();
        *long.pointer_mut(&place).unwrap() = Value::from("å🦊".repeat(3_000));
        odd.push(long.to_string());
    }
    odd
}

/// Where values are, by their pointers (RFC 6901).
fn walk(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                walk(inner, format!("{at}/{}", name.replace('/', "~1")), places);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                walk(inner, format!("{at}/{number}"), places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    places.push(at);
}

fn odd_headers() -> Vec<Header> {
    let mut odd = Vec::new();
    for name in [
        "idempotency-key",
        "unique-key",
        "api-version",
        "content-type",
        "content-length",
        "range",
        "if-range",
        "if-none-match",
        "x-request-id",
        "x-correlation-id",
        "expect",
        "host",
    ] {
        for value in ["", " ", "\"", "\u{e5}", "a, b", "bytes=-", "99999999999999999999"] {
            odd.push((name, value.as_bytes().to_vec()));
        }
        odd.push((name, vec![0xff, 0xfe]));
        odd.push((name, vec![b'x'; 5_000]));
    }
    odd
}
