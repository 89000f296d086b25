//! Payments over PSPs: what merchants ask for, what the PSPs' stand-ins do, and what both sides say
//! of it afterwards.

mod crash;
mod day;
mod moved;
mod once;
mod outcomes;
mod secrecy;
mod settings;
mod vault;

use std::io::Result;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ledger::{Timestamp, Zone};
use serde_json::{Value, json};

use crate::http::{Connection, Reply};
use crate::server::{OPERATOR_KEY, Server, kassa};

/// What the demo's consumer shows: its key and secret, in base64.
const CONSUMER: &str = "ZGVtbzpkZW1vLWNvbnN1bWVyLXNlY3JldA==";

/// The demo's merchant.
const MERCHANT: i64 = 2;

/// Where all payments are listed.
const PAYMENTS: &str = "/operator/v1/payments?";

/// How long anything is waited for.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// How often a payment is looked at meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_millis(30);

/// Starts stand-ins of all PSPs.
pub(crate) fn stand_ins() -> Server {
    Server::start(kassa(&["simulate", "psp", "--listen", "127.0.0.1:0"]))
}

/// Has a server take these stand-ins for the PSPs.
pub(crate) fn with_psps(mut serve: Command, psps: SocketAddr) -> Command {
    for psp in ["swish", "klarna", "easy", "santander"] {
        let variable = format!("KASSA_{}_URL", psp.to_uppercase());
        serve.env(variable, format!("http://{psps}/{psp}"));
    }
    serve.env("KASSA_PSP_SIMULATORS", "allowed");
    serve
}

/// Says what becomes of the next payments and refunds at a stand-in of its own.
#[track_caller]
pub(crate) fn script(psps: &Server, psp: &str, outcome: &str, count: u32) {
    let body = json!({ "outcome": outcome, "delay_ms": 50, "count": count }).to_string();
    let told = psps.post(&format!("/next/{psp}"), "", &body);
    assert_eq!(told.status, 200, "{}", told.body);
}

/// A payment of 1000.00 SEK: less is not lent.
fn ask(method: &str, reference: &str) -> Value {
    json!({
        "merchantId": "DEMO-MERCHANT",
        "method": method,
        "terminalReference": reference,
        "purchaseAmount": amount(100_000),
        "consumer": { "consumerId": "46712345678", "name": "Alma" }
    })
}

/// A refund or reversal of so much of a payment.
fn ask_back(method: &str, reference: &str, original: &str, minor: i64) -> Value {
    let mut body = ask(method, reference);
    body["originalReference"] = json!(original);
    body["purchaseAmount"] = amount(minor);
    body
}

fn amount(minor: i64) -> Value {
    let vat = minor / 5;
    json!({
        "currencyCode": "SEK", "vatAmount": vat, "nominalAmount": minor - vat, "totalAmount": minor
    })
}

/// Has it taken at once.
fn auto_capture(mut body: Value) -> Value {
    body["ecr2Naa"] = json!({ "autoCapture": "true" });
    body
}

/// Asks for a payment, a refund or a reversal under a key.
fn initialize(to: &mut Connection, kind: &str, key: &str, body: &Value) -> Result<Reply> {
    let authorization = format!("Bearer {CONSUMER}");
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
        ("Authorization", authorization.as_str()),
    ];
    let path = format!("/ms/aapay/v2/transaction/{kind}/initializeWithIdempotency");
    to.send("POST", &path, &headers, &body.to_string())
}

/// What a transaction that was made is called.
#[track_caller]
fn number(reply: &Reply) -> i64 {
    assert!(matches!(reply.status, 201 | 202), "{}: {}", reply.status, reply.body);
    reply.json()["response"]["request"]["transaction"]["transactionId"].as_i64().unwrap()
}

/// Makes a payment; it is called by its reference, which is its key as well.
#[track_caller]
fn pay(server: &Server, body: &Value) -> i64 {
    make(server, "payment", body)
}

/// Makes a payment, a refund or a reversal.
#[track_caller]
fn make(server: &Server, kind: &str, body: &Value) -> i64 {
    let key = body["terminalReference"].as_str().unwrap();
    number(&initialize(&mut server.connection(), kind, key, body).unwrap())
}

/// A payment, as operators see it.
#[track_caller]
fn shown(server: &Server, number: i64) -> Value {
    let reply = server.get(&format!("/operator/v1/payments/{number}"), OPERATOR_KEY);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

/// Waits until a payment is in a state.
#[track_caller]
fn reach(server: &Server, number: i64, state: &str) -> Value {
    // From these it does not get any further.
    let ends = ["REJECTED", "CANCELLED", "FAILED", "REPORTED"];
    let is_there = |state: &Value| ends.iter().any(|end| state == end);
    let has_come = |shown: &Value| shown["state"] == state || is_there(&shown["state"]);
    let shown = await_payment(server, number, state, has_come);
    assert_eq!(shown["state"], state, "{shown:#}");
    shown
}

/// Waits until something is so of a payment.
#[track_caller]
fn await_payment(
    server: &Server,
    number: i64,
    what: &str,
    is_so: impl Fn(&Value) -> bool,
) -> Value {
    let begun = Instant::now();
    loop {
        let shown = shown(server, number);
        if is_so(&shown) {
            return shown;
        }
        assert!(begun.elapsed() < WAIT_MAX, "not {what} after {WAIT_MAX:?}: {shown:#}");
        thread::sleep(LOOK_INTERVAL);
    }
}

/// Captures all that is reserved.
#[track_caller]
fn capture(server: &Server, number: i64) {
    let path = format!("/operator/v1/payments/{number}/capture");
    let reply = server.post(&path, OPERATOR_KEY, "{}");
    assert_eq!(reply.status, 200, "{}", reply.body);
}

/// Ends the merchant's day at the full hour after so many others, and says when that is. Tests that
/// are not about it would else meet it at night.
#[track_caller]
fn end_day_in(server: &Server, hours: i64) -> Timestamp {
    let zone = Zone::parse(Zone::DEFAULT_NAME).unwrap();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = Timestamp(i64::try_from(since.as_millis()).unwrap());
    let then = now.plus_ms((hours + 1) * 3_600_000);
    let hour: i64 = zone.wall_clock(then)[11..13].parse().unwrap();
    let body = json!({ "end_of_day": format!("{hour:02}:00") }).to_string();
    let path = format!("/operator/v1/customers/{MERCHANT}/payee");
    let changed = server.connection().call("PATCH", &path, OPERATOR_KEY, &body).unwrap();
    assert_eq!(changed.status, 200, "{}", changed.body);
    zone.at_hour(zone.day_of(then), hour)
}

/// Keeps the end of the merchant's day away.
#[track_caller]
fn keep_day_open(server: &Server) {
    end_day_in(server, 11);
}

/// An amount in minor units.
fn minor(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}
