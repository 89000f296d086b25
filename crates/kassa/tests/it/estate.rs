//! Merchants and terminals of a running server: what partners, operators and devices ask.

pub(crate) mod crash;
mod journey;

use std::fmt::Write as _;
use std::io::Result;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::http::{Connection, Reply};
use crate::server::OPERATOR_KEY;

/// What the demo's partner is known by.
pub(crate) const ACCESS_KEY: &str = "demo-access-key-0000000000000000000000000000000000";
pub(crate) const APP: (&str, &str) = ("121212", "demo_app_token_0000000000000000");
pub(crate) const PARTNER: i64 = 1;
pub(crate) const ACCOUNT_ID: &str = "00000000-0000-4000-8000-000000000002";

/// Where devices report what they accepted offline.
pub(crate) const TRANSACTIONS: &str = "/device/v1/transactions";

/// The model that merchants of these tests order, and a device of it says it is.
const MODEL: &str = "C100+";

/// A terminal that waits for its device.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) id: String,
    pub(crate) code: String,
}

/// A terminal with its device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// A partner asks for a merchant with so many terminals.
pub(crate) fn ask(
    to: &mut Connection,
    key: &str,
    parent: i64,
    name: &str,
    terminals: u32,
) -> Result<Reply> {
    let body = json!({
        "ParentId": parent,
        "OrganisationNo": "556677-8899",
        "Address": {
            "CompanyName": name, "Street": "Kanalvägen 14", "ZipCode": "19461", "City": "Malmö",
            "Country": "Sverige", "ContactName": "Åsa Öberg", "ContactPhone": "+46 8 123",
            "ContactEmail": "asa@example.se"
        },
        "TransactionTypes": { "Purchase": { "Active": true } },
        "AcquiringAgreements": [{ "CardBrandId": 1, "AgreementNumber": "1", "AcquirerId": 2 }],
        "Languages": [{ "LanguageId": 1, "IsDefault": true }],
        "MccCode": "5812",
        "CountryCodeNumeric": "752",
        "CurrencyCode": "SEK",
        "ReceiptMerchantName": name,
        "TerminalidOrder": {
            "Quantity": terminals, "TerminalModelId": 9, "TerminalOperatingModeId": 2
        }
    });
    call_access(to, key, "/access/v1/onboarding/CreateRequest", &body)
}

/// A partner asks for something on Access.
pub(crate) fn call_access(
    to: &mut Connection,
    key: &str,
    path: &str,
    body: &Value,
) -> Result<Reply> {
    let authorization = format!("apikey {key}");
    let headers = [("Content-Type", "application/json"), ("Authorization", authorization.as_str())];
    to.send("POST", path, &headers, &body.to_string())
}

/// The number of a request that was taken in.
#[track_caller]
pub(crate) fn request_of(reply: &Reply) -> i64 {
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()[0]["RequestId"].as_i64().unwrap()
}

/// Posts JSON under a key that makes it repeatable; no token where it is empty.
pub(crate) fn post_under(
    to: &mut Connection,
    path: &str,
    token: &str,
    key: &str,
    body: &str,
) -> Result<Reply> {
    let authorization = format!("Bearer {token}");
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
        ("Authorization", authorization.as_str()),
    ];
    let sent = if token.is_empty() { 2 } else { 3 };
    to.send("POST", path, &headers[..sent], body)
}

/// Where an operator approves a request.
pub(crate) fn approval_path(request: i64) -> String {
    format!("/operator/v1/onboarding-requests/{request}/approve")
}

/// The merchant that an approval made, and its terminals.
#[track_caller]
pub(crate) fn approved(reply: &Reply) -> (i64, Vec<Ordered>) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let body = reply.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let terminals = body["terminals"].as_array().unwrap().iter().map(|terminal| Ordered {
        id: text(&terminal["terminal_id"]),
        code: text(&terminal["activation_code"]),
    });
    (body["customer_id"].as_i64().unwrap(), terminals.collect())
}

/// What a device with this serial number says to become a terminal.
pub(crate) fn activation(terminal: &Ordered, serial: &str) -> String {
    let body = json!({
        "terminal_id": terminal.id, "activation_code": terminal.code, "serial_number": serial,
        "model": MODEL, "application_version": "1.0.0"
    });
    body.to_string()
}

/// A device becomes a terminal.
pub(crate) fn activate(to: &mut Connection, terminal: &Ordered, key: &str) -> Result<Reply> {
    let serial = format!("SN-{}", terminal.id);
    post_under(to, "/device/v1/activate", "", key, &activation(terminal, &serial))
}

/// The device that was activated.
#[track_caller]
pub(crate) fn activated(reply: &Reply) -> Device {
    assert_eq!(reply.status, 201, "{}", reply.body);
    let body = reply.json();
    Device {
        id: body["terminal"]["terminal_id"].as_str().unwrap().to_owned(),
        token: body["device_token"].as_str().unwrap().to_owned(),
    }
}

/// A device calls home.
pub(crate) fn call_home(to: &mut Connection, device: &Device) -> Result<Reply> {
    let body = json!({ "application_version": "1.0.0" }).to_string();
    to.post("/device/v1/call-home", &device.token, &body)
}

/// What a device has accepted offline under these ids: 1.00 each.
pub(crate) fn offline(card: &str, ids: &[String]) -> String {
    let items = ids.iter().map(|id| {
        json!({
            "id": id, "card_token": card, "amount": "1.00", "currency": "SEK",
            "entry_mode": "chip", "accepted_at": "2026-11-20T12:00:00.000Z", "receipt": id
        })
    });
    json!({ "transactions": items.collect::<Vec<Value>>() }).to_string()
}

/// Settings by which terminals may accept what these tests upload.
pub(crate) fn offline_settings() -> String {
    let settings = json!({ "deferred_authorization": {
        "enabled": true, "max_transaction_count": 100, "max_transaction_amount": 100_000,
        "max_total_amount": 1_000_000, "supported_card_entry_modes": ["chip"]
    } });
    settings.to_string()
}

/// Changes a customer's settings.
#[track_caller]
pub(crate) fn choose(to: &mut Connection, key: &str, customer: i64, settings: &str) {
    let path = format!("/operator/v1/customers/{customer}/configuration");
    let changed = to.call("PATCH", &path, key, settings).unwrap();
    assert_eq!(changed.status, 200, "{}", changed.body);
}

/// The form of a package for terminals of any model.
pub(crate) fn package_form(customer: i64, name: &str, content: &str) -> String {
    let customer = customer.to_string();
    let parts = [
        ("customer_id", customer.as_str()),
        ("model_name", "ALL"),
        ("name", name),
        ("file", content),
    ];
    let part = |(name, content): &(&str, &str)| {
        let file = if *name == "file" { "; filename=\"package\"" } else { "" };
        let disposition = format!("Content-Disposition: form-data; name=\"{name}\"{file}");
        format!("--edge\r\n{disposition}\r\n\r\n{content}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--edge--\r\n"
}

/// What a package's form is sent with.
pub(crate) const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=edge");

/// An operator uploads a package.
pub(crate) fn upload(
    to: &mut Connection,
    operator_key: &str,
    key: &str,
    form: &str,
) -> Result<Reply> {
    let authorization = format!("Bearer {operator_key}");
    let headers = [FORM, ("Idempotency-Key", key), ("Authorization", authorization.as_str())];
    to.send("POST", "/operator/v1/packages", &headers, form)
}

/// Adds a merchant below the demo's partner, with the devices of its terminals.
#[track_caller]
pub(crate) fn merchant(to: &mut Connection, name: &str, terminals: u32) -> (i64, Vec<Ordered>) {
    let request = request_of(&ask(to, ACCESS_KEY, PARTNER, name, terminals).unwrap());
    approved(&to.post(&approval_path(request), OPERATOR_KEY, "{}").unwrap())
}

/// SHA-256 as hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
