//! A merchant's way from an empty store to a terminal that sells, with the program's own terminal
//! as its device.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{
    approval_path, approved, ask, call_access, choose, offline_settings, package_form, request_of,
    sha256, upload,
};
use crate::http::Reply;
use crate::server::{Folder, Server, kassa, printed, run_well, serve_on, verify};

/// What the commands have set up.
struct Keys {
    operator: String,
    access: String,
    partner: i64,
}

/// Goal: everything that a merchant needs is there, from the first command to the statement, and a
/// restart loses none of it. Method: each step as its person takes it; the device is the real one.
#[test]
fn a_merchant_is_onboarded_and_sells() {
    let folder = Folder::new("journey");
    let keys = set_up(folder.path());
    let mut server = Server::start(serve_on(folder.path()));
    let mut connection = server.connection();
    let asked = ask(&mut connection, &keys.access, keys.partner, "Åkes Ägg & Öl 🥚", 1);
    let approval = approval_path(request_of(&asked.unwrap()));
    let (merchant, terminals) = approved(&server.post(&approval, &keys.operator, "{}"));
    choose(&mut connection, &keys.operator, merchant, &offline_settings());
    let (account, card) = open_account(&server, &keys.operator);
    let body = json!({ "contract": "card_ledger", "customer_id": merchant, "label": "till" });
    let issued = posted(&server, "/operator/v1/credentials", &keys.operator, &body);
    let ledger_token = text(&issued, "secret");
    let state_dir = folder.path().join("device");
    let device = |address: SocketAddr| terminal(address, &state_dir);
    let mut first = device(server.address);
    first.args(["--terminal-id", &terminals[0].id, "--activation-code", &terminals[0].code]);
    first.args(["--serial", "VT-1", "--online=2", "--offline=3", "--amount=7.50"]);
    first.args(["--card-token", &card, "--ledger-token", &ledger_token]);
    let told = printed(&mut first);
    assert!(told.contains("activated as terminal") && told.contains("Åkes Ägg & Öl 🥚"), "{told}");
    assert_eq!(told.matches("online, authorized as").count(), 2, "{told}");
    assert_eq!(told.matches(": booked as ").count(), 3, "{told}");
    check_statement(&server, &keys.operator, &account);

    let content = "Åäö 🦊 ".repeat(20_000);
    let form = package_form(keys.partner, "Kassa Terminal 2.1.0 å", &content);
    let package = upload(&mut connection, &keys.operator, "package", &form).unwrap();
    assert_eq!(package.status, 201, "{}", package.body);
    assert_eq!(text(&package, "sha256"), sha256(content.as_bytes()));
    let order = json!({
        "customerId": merchant, "packageIds": [package.json()["id"]], "serialNumbers": ["VT-1"]
    });
    let path = "/access/v1/terminal/CreateUpdate";
    let ordered = call_access(&mut connection, &keys.access, path, &order).unwrap();
    assert_eq!(ordered.status, 200, "{}", ordered.body);
    assert!(server.terminate().success());

    // Started anew: who the device is, and what it shall install, both sides still know.
    let mut server = Server::start(serve_on(folder.path()));
    let told = printed(&mut device(server.address));
    assert!(told.contains("resumed as terminal"), "{told}");
    assert!(told.contains("SHA-256 is right") && told.contains("installed, running"), "{told}");
    let told = printed(&mut device(server.address));
    assert!(told.contains(", 0 updates"), "{told}");
    let shown = server.get(&format!("/operator/v1/terminals/{}", terminals[0].id), &keys.operator);
    let shown = shown.json();
    assert_eq!(shown["application_version"], "Kassa Terminal 2.1.0 å", "{shown}");
    assert_eq!(shown["installed_package"]["id"], package.json()["id"], "{shown}");
    assert_eq!((&shown["status"], &shown["serial_number"]), (&json!("active"), &json!("VT-1")));
    assert!(shown["last_call_home"].is_string() && shown["activation_code"].is_null(), "{shown}");
    assert_eq!(shown["pending_updates"], json!([]));
    check_statement(&server, &keys.operator, &account);
    check_nothing_stored(&state_dir);
    assert!(server.terminate().success());
    verify(folder.path());
}

/// What somebody does who has just installed the program.
fn set_up(dir: &Path) -> Keys {
    run_well(&["company", "add", "7", "--name", "Kredit AB", "--currencies=SEK"], dir);
    let added = ["customer", "add", "Åsas Partner", "--organisation-number=556000-0001"];
    let added = run_well(&added, dir);
    let partner = added.trim().strip_prefix("added customer ").unwrap();
    let customer = format!("--customer={partner}");
    let access = run_well(&["credential", "issue", "--contract=access", &customer], dir);
    let operator = run_well(&["operator-key", "--label", "first key"], dir);
    Keys {
        operator: operator.trim().to_owned(),
        access: access.trim().to_owned(),
        partner: partner.parse().unwrap(),
    }
}

/// The number of an account with room, and its card.
fn open_account(server: &Server, key: &str) -> (String, String) {
    let body = json!({
        "company_number": "7", "currency": "SEK", "credit_limit": "100.00", "holder": "Åsa 🦊"
    });
    let account = text(&posted(server, "/operator/v1/accounts", key, &body), "account_no");
    let path = format!("/operator/v1/accounts/{account}/cards");
    let card = text(&posted(server, &path, key, &json!({})), "card_token");
    (account, card)
}

/// The program as a device, for one call home.
fn terminal(address: SocketAddr, state_dir: &Path) -> Command {
    let mut command = kassa(&["terminal", "--calls=1", "--url", &format!("http://{address}")]);
    command.arg("--state-dir").arg(state_dir);
    command
}

/// Five purchases of 7.50 on a limit of 100.00, each once.
#[track_caller]
fn check_statement(server: &Server, key: &str, account: &str) {
    let path = format!("/operator/v1/accounts/{account}");
    let shown = server.get(&path, key).json();
    let figures = [&shown["debt"], &shown["reserved_amount"], &shown["available_amount"]];
    assert_eq!(figures, [&json!("37.50"), &json!("0.00"), &json!("62.50")], "{shown}");
    let entries = server.get(&format!("{path}/entries"), key).json();
    let entries = entries["items"].as_array().unwrap();
    let amounts: Vec<&Value> = entries.iter().map(|entry| &entry["amount"]).collect();
    assert_eq!(amounts, [&json!("7.50"); 5], "{entries:?}");
}

/// What the device had accepted offline, it has told.
#[track_caller]
fn check_nothing_stored(state_dir: &Path) {
    let state = fs::read_to_string(state_dir.join("terminal.json")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["stored"], json!([]));
}

#[track_caller]
fn posted(server: &Server, path: &str, key: &str, body: &Value) -> Reply {
    let reply = server.post(path, key, &body.to_string());
    assert_eq!(reply.status, 201, "{path}: {}", reply.body);
    reply
}

#[track_caller]
fn text(reply: &Reply, name: &str) -> String {
    reply.json()[name].as_str().unwrap_or_else(|| panic!("{}", reply.body)).to_owned()
}
