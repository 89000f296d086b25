//! Goal: what is onboarded is shown whole, to its own application, once for each device.

use serde_json::json;

use super::*;
use crate::testing::{ACCOUNT_ID_OTHER, APP_OTHER};

#[test]
fn a_terminal_is_shown_whole() {
    let world = world();
    let reply = post(&world, "/terminals", &new_terminal("FA-1"));
    assert_eq!(reply.status, 201, "{reply:?}");
    assert!(!reply.header("x-correlation-id").is_empty());
    let shown = reply.json();
    let id = shown["id"].as_str().unwrap().to_owned();
    let gateway_id = shown["gateway_id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), gateway_id.len()), (36, 10));
    let display = json!({
        "amount_guide_type": "percentage_guide",
        "percentage_guide": {
            "show_amount": false, "percentage_low": 15, "percentage_medium": 18,
            "percentage_high": 20
        }
    });
    let configuration = json!({
        "name": "Kassa Åäö 🧾",
        "receipt_header_merchant_name": shown["terminal_configuration"]
            ["receipt_header_merchant_name"],
        "maintenance_window": null,
        "manual_entry_configuration": { "avs_prompt_enabled": true, "cvd_prompt_enabled": true },
        "address": {
            "line1": "1 Elm Street", "line2": null, "city": "Tahoe", "region": "CA",
            "postal_code": "96150", "country": "US"
        },
        "timezone": "US/Pacific",
        "currency": "USD",
        "supported_card_brands": shown["terminal_configuration"]["supported_card_brands"],
        "credit_debit_preference": "prompt",
        "sim_card_id": null,
        "tip": { "mode": "disabled", "terminal_display": display },
        "signature_required": false,
        "contactless_payments": { "enabled": true, "credit_debit_preference": "prompt" },
        "quick_chip": { "enabled": true },
        "deferred_authorization": {
            "enabled": false, "international_enabled": false, "max_transaction_count": 20,
            "max_total_amount": 250_000, "max_transaction_amount": 12_500,
            "supported_card_entry_modes": ["chip", "contactless"]
        }
    });
    let expected = json!({
        "id": id,
        "resource": "terminals",
        "path": format!("/terminals/{id}"),
        "owner": {
            "id": ACCOUNT_ID, "path": format!("/accounts/{ACCOUNT_ID}"), "resource": "accounts"
        },
        "api_version": "3.0",
        "status": "active",
        "serial_number": "FA-1",
        "model": "verifone_p400",
        "reference_id": "Hörnkassan 🦊",
        "last_call_home": null,
        "terminal_application_version": null,
        "terminal_configuration": configuration,
        "gateway_id": gateway_id
    });
    assert_eq!(shown, expected);
    let again = get(&world, &format!("/terminals/{id}"));
    assert_eq!((again.status, again.json()), (200, expected));
}

#[test]
fn everything_that_is_sent_is_shown_again() {
    let world = world();
    let configuration = json!({
        "name": "Disk 🧾",
        "receipt_header_merchant_name": "Åkes Ägg & Öl",
        "maintenance_window": { "start": 23, "duration": 24 },
        "manual_entry_configuration": { "avs_prompt_enabled": false, "cvd_prompt_enabled": false },
        "address": {
            "line1": "Storgatan 1", "line2": "2 tr", "city": "Växjö", "region": "Småland",
            "postal_code": "352 30", "country": "SE"
        },
        "timezone": "Europe/Stockholm",
        "currency": "USD",
        "supported_card_brands": ["jcb", "visa"],
        "credit_debit_preference": "debit",
        "sim_card_id": null,
        "tip": { "mode": "prompt_on_terminal", "terminal_display": {
            "amount_guide_type": "no_guide",
            "percentage_guide": {
                "show_amount": true, "percentage_low": 0, "percentage_medium": 50,
                "percentage_high": 100
            }
        } },
        "signature_required": true,
        "contactless_payments": { "enabled": false, "credit_debit_preference": "credit" },
        "quick_chip": { "enabled": false },
        "deferred_authorization": {
            "enabled": true, "international_enabled": true, "max_transaction_count": 1,
            "max_total_amount": 2, "max_transaction_amount": 1,
            "supported_card_entry_modes": ["manual", "magnetic_stripe", "chip", "contactless"]
        }
    });
    let body = with(new_terminal("FA-2"), "/terminal_configuration", configuration.clone());
    let reply = post(&world, "/terminals", &body);
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.json()["terminal_configuration"], configuration);
}

#[test]
fn a_receipt_that_asks_for_a_tip_always_shows_amounts() {
    let world = world();
    let tip = json!({
        "mode": "prompt_on_receipt", "percentage_guide": { "show_amount": false },
        "amount_guide_type": "percentage_guide"
    });
    let body = with(new_terminal("FA-3"), "/terminal_configuration/tip", tip);
    let shown = post(&world, "/terminals", &body).json();
    let tip = &shown["terminal_configuration"]["tip"];
    assert_eq!(tip["terminal_display"]["percentage_guide"]["show_amount"], true);
    assert!(tip.get("percentage_guide").is_none());
}

#[test]
fn a_device_is_onboarded_once_until_it_is_deleted() {
    let world = world();
    let first = onboard(&world, "FA-4");
    let taken = ["DUPLICATE_RESOURCE serial_number"];
    refused(&post(&world, "/terminals", &new_terminal("FA-4")), INVALID, &taken);
    // On another model, the number is another device's; elsewhere, it is the same device.
    let other = with(new_terminal("FA-4"), "/model", json!("xac_at170r"));
    assert_eq!(post(&world, "/terminals", &other).status, 201);
    let foreign = with(new_terminal("FA-4"), "/account_id", json!(ACCOUNT_ID_OTHER));
    let reply = world.call_terminals("POST", "/terminals", APP_OTHER, &foreign.to_string());
    refused(&reply, INVALID, &taken);
    assert_eq!(world.call_terminals("DELETE", &path_of(&first), APP, "").status, 200);
    let second = onboard(&world, "FA-4");
    assert_ne!(first["id"], second["id"]);
    assert_ne!(first["gateway_id"], second["gateway_id"]);
}

#[test]
fn an_account_that_may_not_have_terminals_is_told_so() {
    let world = world();
    let directory = world.platform.engine.directory();
    let partner = estate::Customer::find(&directory, 1).unwrap().account_id;
    let body = with(new_terminal("FA-5"), "/account_id", json!(partner));
    let code = "400 ACCOUNT_CANNOT_CREATE_TERMINALS";
    let expected = ["ACCOUNT_CANNOT_CREATE_TERMINALS account_id"];
    refused(&post(&world, "/terminals", &body), code, &expected);
}

#[test]
fn what_customers_choose_is_inherited() {
    let world = world();
    let terminal = onboard(&world, "FA-6");
    let mut settings = estate::Layer::default();
    settings.choose("quick_chip.enabled", "false");
    settings.choose("name", "Kedjan");
    let change = estate::change_customer::ChangeCustomer {
        customer: 1,
        name: None,
        settings,
        actor: "test".to_owned(),
    };
    world.submit_estate(estate::Command::ChangeCustomer(change));
    let shown = get(&world, &path_of(&terminal)).json();
    assert_eq!(shown["terminal_configuration"]["quick_chip"]["enabled"], false);
    assert_eq!(shown["terminal_configuration"]["name"], "Kassa Åäö 🧾");
}
