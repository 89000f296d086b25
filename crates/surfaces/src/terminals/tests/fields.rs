//! Goal: every field at its edges, and every wrong field named at once.

use super::*;

const CONFIGURATION: &str = "/terminal_configuration";

/// Onboards with one value changed: granted, or refused for exactly these causes.
#[track_caller]
fn check(world: &World, pointer: &str, value: &Value, expected: &[&str]) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = format!("S-{}", SERIAL.fetch_add(1, Ordering::SeqCst));
    let reply = post(world, "/terminals", &with(new_terminal(&serial), pointer, value.clone()));
    if expected.is_empty() {
        assert_eq!(reply.status, 201, "{pointer} {value} {reply:?}");
    } else {
        refused(&reply, INVALID, expected);
    }
}

/// One cause for the place that is changed.
#[track_caller]
fn check_one(world: &World, pointer: &str, value: &Value, reason: &str) {
    check(world, pointer, value, &[&format!("{reason} {}", pointer.trim_start_matches('/'))]);
}

const VALUE: &str = "PARAM_HAS_INVALID_VALUE";
const TYPE: &str = "PARAM_HAS_INVALID_TYPE";
const MISSING: &str = "PARAM_IS_MISSING";

#[test]
fn fields_beside_the_configuration() {
    let world = world();
    for good in ["a", "Z", "0", "-", &"x".repeat(32)] {
        check(&world, "/serial_number", &json!(good), &[]);
    }
    for bad in ["", &"x".repeat(33), "a b", "å", "a_b", "a\u{0}b"] {
        check_one(&world, "/serial_number", &json!(bad), VALUE);
    }
    for good in ["verifone_p400", "verifone_v400m", "ingenico_lane3000", "xac_at170r"] {
        check(&world, "/model", &json!(good), &[]);
    }
    for bad in ["", "VERIFONE_P400", "DX8000", "C100+"] {
        check_one(&world, "/model", &json!(bad), VALUE);
    }
    for good in [json!(null), json!("r"), json!("å".repeat(255)), json!("🦊'\"<>&;--")] {
        check(&world, "/reference_id", &good, &[]);
    }
    for bad in ["", &"å".repeat(256), "a\nb", "\u{0}"] {
        check_one(&world, "/reference_id", &json!(bad), VALUE);
    }
    for name in ["/account_id", "/serial_number", "/model", "/reference_id"] {
        for bad in [json!(1), json!(true), json!([]), json!({})] {
            check_one(&world, name, &bad, TYPE);
        }
    }
    for name in ["/account_id", "/serial_number", "/model", CONFIGURATION] {
        check_one(&world, name, &json!(null), MISSING);
    }
    for bad in ["", &"x".repeat(256)] {
        check_one(&world, "/account_id", &json!(bad), VALUE);
    }
    check_one(&world, CONFIGURATION, &json!("x"), TYPE);
    check(&world, "/nobody_knows_this", &json!({ "a": [1] }), &[]);
}

#[test]
fn settings_at_their_edges() {
    let world = world();
    let one = |name: &str, good: &[Value], bad: &[Value]| {
        let pointer = format!("{CONFIGURATION}/{name}");
        for value in good {
            check(&world, &pointer, value, &[]);
        }
        for value in bad {
            check_one(&world, &pointer, value, VALUE);
        }
    };
    let text = [json!("Å"), json!("🦊".repeat(255))];
    let no_text = [json!(""), json!("🦊".repeat(256)), json!("a\u{0}"), json!("  ")];
    for name in ["name", "receipt_header_merchant_name", "address/line1", "address/line2"] {
        one(name, &text, &no_text);
    }
    for name in ["address/city", "address/region", "address/postal_code"] {
        one(name, &text, &no_text);
    }
    one("address/country", &[json!("US"), json!("SE")], &[json!("us"), json!("USA"), json!("XX")]);
    one("timezone", &[json!("US/Eastern"), json!("UTC")], &[json!("Mars"), json!("PST8")]);
    one("currency", &[json!("USD")], &[json!("SEK"), json!("usd"), json!("")]);
    let all = ["visa", "american_express", "discover", "mastercard", "diners_club", "jcb"];
    let brands = [json!(["visa"]), json!(all)];
    let no_brands = [json!([]), json!(["visa", "visa"]), json!(["amex"]), json!(["visa,jcb"])];
    one("supported_card_brands", &brands, &no_brands);
    let preferences = [json!("credit"), json!("debit"), json!("prompt")];
    one("credit_debit_preference", &preferences, &[json!(""), json!("CREDIT")]);
    let modes = [
        json!({ "mode": "disabled" }),
        json!({ "mode": "prompt_on_terminal" }),
        json!({
            "mode": "prompt_on_receipt"
        }),
    ];
    for tip in &modes {
        check(&world, "/terminal_configuration/tip", tip, &[]);
    }
    for name in ["sim_card_id", "firmware"] {
        check(&world, &format!("{CONFIGURATION}/{name}"), &json!("x"), &[]);
    }
}

#[test]
fn groups_at_their_edges() {
    let world = world();
    let group = |name: &str, group: Value, wrong: &[&str]| {
        let causes: Vec<String> = wrong
            .iter()
            .map(|wrong| {
                let (reason, path) = wrong.split_once(' ').unwrap();
                format!("{reason} terminal_configuration/{name}{path}")
            })
            .collect();
        let causes: Vec<&str> = causes.iter().map(String::as_str).collect();
        check(&world, &format!("{CONFIGURATION}/{name}"), &group, &causes);
    };
    let value = |path: &str| format!("{VALUE} /{path}");
    let (start, duration) = (value("start"), value("duration"));
    group("maintenance_window", json!({ "start": 0, "duration": 1 }), &[]);
    group("maintenance_window", json!({ "start": 23, "duration": 24 }), &[]);
    group("maintenance_window", json!({ "start": 24, "duration": 25 }), &[&start, &duration]);
    group("maintenance_window", json!({ "start": -1, "duration": 0 }), &[&start, &duration]);
    group("maintenance_window", json!({ "start": 3 }), &[&duration]);
    group("maintenance_window", json!({ "duration": 3 }), &[&start]);
    group(
        "maintenance_window",
        json!({ "start": "3", "duration": 1.5 }),
        &[&format!("{TYPE} /start"), &format!("{TYPE} /duration")],
    );
    group(
        "manual_entry_configuration",
        json!({ "avs_prompt_enabled": 1 }),
        &[&format!("{TYPE} /avs_prompt_enabled")],
    );
    let guide = |low: i64, medium: i64, high: i64| {
        json!({ "terminal_display": { "percentage_guide": {
            "percentage_low": low, "percentage_medium": medium, "percentage_high": high
        } } })
    };
    let at = |name: &str| value(&format!("terminal_display/percentage_guide/percentage_{name}"));
    group("tip", guide(0, 0, 0), &[]);
    group("tip", guide(100, 100, 100), &[]);
    group("tip", guide(-1, 50, 101), &[&at("low"), &at("high")]);
    group("tip", guide(3, 2, 1), &[&at("low"), &at("medium")]);
    group("tip", json!({ "mode": "always" }), &[&value("mode")]);
    let deferred = "deferred_authorization";
    let (total, each) = (value("max_total_amount"), value("max_transaction_amount"));
    group(deferred, json!({ "max_total_amount": 12_500 }), &[]);
    group(deferred, json!({ "max_total_amount": 12_499 }), &[&total]);
    group(deferred, json!({ "max_transaction_amount": 250_001 }), &[&total]);
    group(
        deferred,
        json!({ "max_transaction_amount": 0, "max_total_amount": 0 }),
        &[&total, &each],
    );
    let largest = 999_999_999_999_i64;
    let most = json!({ "max_transaction_amount": largest, "max_total_amount": largest });
    group(deferred, most, &[]);
    let more = json!({ "max_transaction_amount": largest + 1, "max_total_amount": u64::MAX });
    group(deferred, more, &[&total, &each]);
    group(deferred, json!({ "max_transaction_count": 10_000 }), &[]);
    group(deferred, json!({ "max_transaction_count": 10_001 }), &[&value("max_transaction_count")]);
    let modes = json!({ "supported_card_entry_modes": ["chip", "nfc"] });
    group(deferred, modes, &[&value("supported_card_entry_modes")]);
    group("contactless_payments", json!({ "credit_debit_preference": "prompt" }), &[]);
}

#[test]
fn an_address_is_required_and_in_the_states_it_is_whole() {
    let world = world();
    let address = |value: Value, missing: &[&str]| {
        let missing: Vec<String> = missing
            .iter()
            .map(|part| format!("{MISSING} terminal_configuration/address{part}"))
            .collect();
        let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
        check(&world, "/terminal_configuration/address", &value, &missing);
    };
    address(json!({ "country": "SE" }), &[]);
    address(json!({ "country": "US" }), &["/line1", "/city", "/region", "/postal_code"]);
    address(json!({}), &["/country"]);
    address(json!(null), &["", "/country"]);
}

#[test]
fn all_wrong_fields_are_named_at_once() {
    let world = world();
    refused(
        &post(&world, "/terminals", &json!({})),
        INVALID,
        &[
            "PARAM_IS_MISSING account_id",
            "PARAM_IS_MISSING serial_number",
            "PARAM_IS_MISSING model",
            "PARAM_IS_MISSING terminal_configuration",
        ],
    );
    let body = json!({
        "account_id": 7, "serial_number": "a b", "model": "x", "reference_id": "",
        "terminal_configuration": { "name": "", "currency": "SEK", "quick_chip": { "enabled": 0 } }
    });
    refused(
        &post(&world, "/terminals", &body),
        INVALID,
        &[
            "PARAM_HAS_INVALID_TYPE account_id",
            "PARAM_HAS_INVALID_VALUE serial_number",
            "PARAM_HAS_INVALID_VALUE model",
            "PARAM_HAS_INVALID_VALUE reference_id",
            "PARAM_HAS_INVALID_VALUE terminal_configuration/name",
            "PARAM_HAS_INVALID_VALUE terminal_configuration/currency",
            "PARAM_HAS_INVALID_TYPE terminal_configuration/quick_chip/enabled",
            "PARAM_IS_MISSING terminal_configuration/address",
            "PARAM_IS_MISSING terminal_configuration/address/country",
            "PARAM_IS_MISSING terminal_configuration/timezone",
        ],
    );
}

#[test]
fn a_body_that_cannot_be_read_is_refused_in_the_contracts_shape() {
    let world = world();
    let malformed = ["BODY_IS_MALFORMED "];
    for body in ["{", "nul", "\u{feff}{}", "{\"a\":1}x", "[1]", "\"text\"", "7", "null"] {
        let reply = world.call_terminals("POST", "/terminals", APP, body);
        refused(&reply, INVALID, &malformed);
    }
    let deep = "[".repeat(20_000);
    refused(&world.call_terminals("POST", "/terminals", APP, &deep), INVALID, &malformed);
    refused(&world.call_terminals("POST", "/terminals", APP, ""), INVALID, &malformed);
    let good = new_terminal("M-1").to_string();
    let media = ["MEDIA_TYPE_IS_NOT_SUPPORTED Content-Type"];
    for kind in ["text/plain", "application/jsonx", "multipart/form-data; boundary=x", ""] {
        let headers = [("content-type", kind)];
        refused(&call_with(&world, "POST", "/terminals", &headers, &good), INVALID, &media);
    }
    let headers = [("content-type", "Application/JSON; charset=utf-8")];
    assert_eq!(call_with(&world, "POST", "/terminals", &headers, &good).status, 201);
    let large = with(new_terminal("M-2"), "/padding", json!("x".repeat(64 * 1024)));
    let reply = post(&world, "/terminals", &large);
    refused(&reply, "413 INVALID_PARAMS", &["BODY_IS_TOO_LARGE "]);
}

#[test]
fn bytes_that_are_no_text_are_no_json() {
    let world = world();
    let request = Request::post("/terminals")
        .header("app-id", APP.0)
        .header("app-token", APP.1)
        .header("api-version", "3.0")
        .header("content-type", "application/json");
    let reply = world.send(request.body(Body::from(vec![b'"', 0xff, b'"'])).unwrap());
    refused(&reply, INVALID, &["BODY_IS_MALFORMED "]);
}
