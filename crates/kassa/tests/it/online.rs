//! Payments v3 from outside: what a card leaves behind, requests that meet, and a server that is
//! killed in the middle.

mod canary;
mod crash;
mod notices;
mod races;

use std::io::Result;
use std::process::Command;

use serde_json::Value;

use crate::http::{Connection, Reply};
use crate::server::{OPERATOR_KEY, Server};

/// The demo's token and its merchant.
const TOKEN: &str = "demo-payments-token-0000000000000";
const ENTITY: &str = "entityId=00000000000000000000000000000d30";

/// A card of the demo's ledger, and another one.
const LEDGER_CARD: &str = "4444333322221111";
const TEST_CARD: &str = "4200000000000000";

const SUCCESS: &str = "000.100.110";

/// Says that no real money moves, so that there is a test acquirer.
fn in_test_mode(mut serve: Command) -> Command {
    serve.env("KASSA_ONLINE_PAYMENTS", "test");
    serve
}

/// A payment by card.
fn card(number: &str, kind: &str, amount: &str) -> String {
    format!(
        "paymentType={kind}&amount={amount}&currency=SEK&paymentBrand=VISA&card.number={number}&\
         card.holder=Dag+Demo&card.expiryMonth=05&card.expiryYear=2034&card.cvv=123"
    )
}

/// Sends a form, under a key where there is one.
fn send(connection: &mut Connection, path: &str, form: &str, key: &str) -> Result<Reply> {
    let authorization = format!("Bearer {TOKEN}");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
        ("Idempotency-Key", key),
    ];
    let sent = if key.is_empty() { 2 } else { 3 };
    connection.send("POST", &format!("/v3/{path}"), &headers[..sent], &format!("{ENTITY}&{form}"))
}

/// As [`send`], of a request that must be answered.
#[track_caller]
fn ask(server: &Server, path: &str, form: &str) -> Reply {
    send(&mut server.connection(), path, form, "").unwrap()
}

#[track_caller]
fn show(server: &Server, path: &str) -> Reply {
    server.get(&format!("/v3/{path}{}{ENTITY}", if path.contains('?') { '&' } else { '?' }), TOKEN)
}

#[track_caller]
fn code(reply: &Reply) -> String {
    text(&reply.json(), "/result/code")
}

#[track_caller]
fn id(reply: &Reply) -> String {
    text(&reply.json(), "/id")
}

#[track_caller]
fn text(frame: &Value, at: &str) -> String {
    let found = frame.pointer(at).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {at} in {frame}")).to_owned()
}

/// What is reserved on, and owed for, the demo's card that is known by its number.
#[track_caller]
fn balances(server: &Server) -> (String, String) {
    let found = server.get("/operator/v1/accounts?card_token=546415646331", OPERATOR_KEY).json();
    (text(&found, "/items/0/reserved_amount"), text(&found, "/items/0/debt"))
}
