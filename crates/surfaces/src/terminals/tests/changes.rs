//! Goal: updates merge, and a terminal's status decides what may be done to it.

use super::*;

#[test]
fn an_update_merges_into_what_there_is() {
    let world = world();
    let terminal = onboard(&world, "C-1");
    let path = path_of(&terminal);
    let change = json!({ "terminal_configuration": {
        "name": "Disk 2 🧾",
        "address": { "line2": "Suite 5" },
        "supported_card_brands": ["visa"],
        "tip": { "mode": "prompt_on_terminal" }
    } });
    let reply = post(&world, &path, &change);
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut expected = terminal.clone();
    let configuration = &mut expected["terminal_configuration"];
    configuration["name"] = json!("Disk 2 🧾");
    configuration["address"]["line2"] = json!("Suite 5");
    configuration["supported_card_brands"] = json!(["visa"]);
    configuration["tip"]["mode"] = json!("prompt_on_terminal");
    assert_eq!(reply.json(), expected);
    assert_eq!(get(&world, &path).json(), expected);
    // A list is replaced whole, a null takes a setting away.
    let change = json!({
        "reference_id": null,
        "terminal_configuration": {
            "supported_card_brands": ["jcb", "discover"],
            "address": { "line2": null },
            "tip": null
        }
    });
    let shown = post(&world, &path, &change).json();
    assert_eq!(shown["reference_id"], Value::Null);
    let configuration = &shown["terminal_configuration"];
    assert_eq!(configuration["supported_card_brands"], json!(["jcb", "discover"]));
    assert_eq!(configuration["address"], terminal["terminal_configuration"]["address"]);
    assert_eq!(configuration["tip"], terminal["terminal_configuration"]["tip"]);
    assert_eq!(configuration["name"], "Disk 2 🧾");
    let shown = post(&world, &path, &json!({ "reference_id": "Å".repeat(255) })).json();
    assert_eq!(shown["reference_id"], "Å".repeat(255));
    assert_eq!(post(&world, &path, &json!({})).json(), shown, "nothing asked, nothing changed");
    // What was shown may be sent back.
    let all = json!({ "terminal_configuration": shown["terminal_configuration"] });
    assert_eq!(post(&world, &path, &all).json(), shown);
}

#[test]
fn what_cannot_be_changed_is_named_with_everything_else() {
    let world = world();
    let path = path_of(&onboard(&world, "C-1"));
    let before = get(&world, &path).body;
    let change = json!({
        "account_id": ACCOUNT_ID, "serial_number": "C-1", "model": null, "reference_id": 1,
        "terminal_configuration": { "name": null, "address": null, "currency": "EUR" }
    });
    refused(
        &post(&world, &path, &change),
        INVALID,
        &[
            "PARAM_CANNOT_BE_MODIFIED account_id",
            "PARAM_CANNOT_BE_MODIFIED serial_number",
            "PARAM_CANNOT_BE_MODIFIED model",
            "PARAM_HAS_INVALID_TYPE reference_id",
            "PARAM_IS_MISSING terminal_configuration/name",
            "PARAM_IS_MISSING terminal_configuration/address",
            "PARAM_IS_MISSING terminal_configuration/address/country",
            "PARAM_HAS_INVALID_VALUE terminal_configuration/currency",
        ],
    );
    let address =
        json!({ "terminal_configuration": { "address": { "city": null, "line1": null } } });
    refused(
        &post(&world, &path, &address),
        INVALID,
        &[
            "PARAM_HAS_INVALID_VALUE terminal_configuration/address/city",
            "PARAM_HAS_INVALID_VALUE terminal_configuration/address/line1",
        ],
    );
    let empty = json!({ "terminal_configuration": null });
    let wrong = ["PARAM_HAS_INVALID_TYPE terminal_configuration"];
    refused(&post(&world, &path, &empty), INVALID, &wrong);
    for body in ["[]", "{"] {
        let reply = world.call_terminals("POST", &path, APP, body);
        refused(&reply, INVALID, &["BODY_IS_MALFORMED "]);
    }
    refused(&world.call_terminals("POST", &path, APP, ""), INVALID, &["BODY_IS_MALFORMED "]);
    assert_eq!(get(&world, &path).body, before);
}

/// Does a step; the status that the terminal has then, or the cause for which it is refused.
#[track_caller]
fn check(world: &World, path: &str, step: &str, expected: &str) {
    let reply = match step {
        "update" => post(world, path, &json!({ "reference_id": "x" })),
        "delete" => world.call_terminals("DELETE", path, APP, ""),
        step => world.call_terminals("POST", &format!("{path}/{step}"), APP, ""),
    };
    if let Some((code, cause)) = expected.split_once("! ") {
        return refused(&reply, code, &[cause]);
    }
    assert_eq!(reply.status, 200, "{step} {reply:?}");
    assert_eq!(reply.json()["status"], expected, "{step}");
    assert_eq!(get(world, path).json(), reply.json());
}

#[test]
fn steps_depend_on_the_status() {
    let world = world();
    let path = path_of(&onboard(&world, "C-1"));
    let not_active = "400 INVALID_PARAMS! TERMINAL_NOT_ACTIVE ";
    for (step, expected) in [
        ("activate", "400 INVALID_PARAMS! TERMINAL_IS_ACTIVE "),
        ("update", "active"),
        ("deactivate", "inactive"),
        ("deactivate", not_active),
        ("update", not_active),
        ("activate", "active"),
        ("update", "active"),
        ("deactivate", "inactive"),
        ("delete", "deleted"),
        ("delete", "404 RESOURCE_NOT_FOUND! RESOURCE_NOT_FOUND "),
        ("update", not_active),
        ("deactivate", not_active),
        ("activate", not_active),
    ] {
        check(&world, &path, step, expected);
    }
    assert_eq!(get(&world, &path).json()["status"], "deleted");
    let path = path_of(&onboard(&world, "C-1"));
    check(&world, &path, "delete", "deleted");
}

#[test]
fn a_step_needs_no_body_and_takes_any() {
    let world = world();
    let path = path_of(&onboard(&world, "C-1"));
    for (step, body) in [("deactivate", "{}"), ("activate", "{\"reason\": \"åter\"}")] {
        let reply = world.call_terminals("POST", &format!("{path}/{step}"), APP, body);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let reply = world.call_terminals("DELETE", &path, APP, "{");
    refused(&reply, INVALID, &["BODY_IS_MALFORMED "]);
}
