//! Tests of the contract over HTTP, on the memory store, with a clock that stands still.
//!
//! Transcripts show whole answers; tables show one line a case. Both name what the contract says,
//! not how it is done.

mod documentation;
mod hostile;
mod idempotency;
mod lifecycle;
mod limits;
mod lists;
mod problems;
mod tenants;

use serde_json::{Value, json};

use crate::testing::{CARD, Reply, TOKEN, World};

/// The contract's present name, for company 100.
const V1: &str = "/ledger/card-transaction/v1/100";
/// Its older name.
const OLD: &str = "/ledger/credit-account-acquiring/v1/100";

fn world() -> World {
    World::new(super::router)
}

/// A good body of POST authorizations with some fields replaced; null takes one away.
fn authorization(changes: Value) -> String {
    let body = json!({
        "sourceAuthorizationTransactionId": "auth-1",
        "sellerNumber": "654",
        "cardToken": CARD,
        "type": "purchase",
        "pointOfSale": "Testshop",
        "authorizationAmount": 300,
        "currency": "SEK",
    });
    changed(body, changes)
}

/// A good body of POST purchases on an authorization.
fn purchase(authorization: &str, changes: Value) -> String {
    let body = json!({
        "authorizationId": authorization,
        "sourcePurchaseTransactionId": "purchase-1",
        "amount": 200,
    });
    changed(body, changes)
}

/// A good body of POST purchases without an authorization.
fn offline(changes: Value) -> String {
    let body = json!({
        "sourcePurchaseTransactionId": "offline-1",
        "amount": 200,
        "offlineInfo": {
            "pointOfSale": "Kiosk",
            "cardToken": CARD,
            "sellerNumber": "654",
            "currency": "SEK",
        },
    });
    changed(body, changes)
}

/// A good body of POST corrections.
fn correction(changes: Value) -> String {
    changed(json!({ "sourceCorrectionTransactionId": "correction-1", "amount": 50 }), changes)
}

fn changed(mut body: Value, changes: Value) -> String {
    let Value::Object(changes) = changes else { panic!("{changes}") };
    for (name, value) in changes {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(&name);
        } else {
            body[name] = value;
        }
    }
    body.to_string()
}

impl World {
    fn post(&self, path: &str, body: &str) -> Reply {
        self.call("POST", path, TOKEN, body)
    }

    fn get(&self, path: &str) -> Reply {
        self.call("GET", path, TOKEN, "")
    }

    /// Creates something and returns its path.
    #[track_caller]
    fn create(&self, path: &str, body: &str) -> String {
        let reply = self.post(path, body);
        assert_eq!(reply.status, 201, "{path} {body} {reply:?}");
        reply.header("location").to_owned()
    }

    /// Authorizes and returns the `authorizationId`.
    #[track_caller]
    fn authorize(&self, changes: Value) -> String {
        let location = self.create(&format!("{V1}/authorizations"), &authorization(changes));
        location.rsplit('/').next().unwrap().to_owned()
    }

    /// What is at a path, as JSON.
    #[track_caller]
    fn show(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path} {reply:?}");
        reply.json()
    }

    /// `remainingAmount`, and the rels of the operations.
    #[track_caller]
    fn state(&self, authorization: &str) -> String {
        let shown = self.show(&format!("{V1}/authorizations/{authorization}"));
        format!("{} {}", shown["remainingAmount"], rels(&shown))
    }

    /// How much of the account of [`CARD`] is owed and reserved, in minor units.
    fn balance(&self) -> (i64, i64) {
        let id = self.account.id();
        let read = self.platform.queries.clone();
        let reads = ledger::ReadSet { accounts: vec![id], ..ledger::ReadSet::default() };
        let books = self.block_on(read.read(move |reader| reader.load(&reads))).unwrap();
        let balance = books.accounts[&id].balance;
        (balance.debt, balance.reserved)
    }
}

fn rels(shown: &Value) -> String {
    let operations = shown["operations"].as_array().unwrap();
    let rels: Vec<&str> = operations.iter().map(|it| it["rel"].as_str().unwrap()).collect();
    rels.join(" ")
}

impl Reply {
    /// Status, headers that matter, and body.
    fn transcript(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for name in
            ["content-type", "location", "idempotent-replayed", "www-authenticate", "retry-after"]
        {
            if let Some(value) = self.headers.get(name) {
                text.extend([name, ": ", value.to_str().unwrap(), "\n"]);
            }
        }
        // Pretty, but with numbers as they were written.
        text.push_str(&pretty(&self.body.replace(SCHEMA_URI, "(schema)")));
        text.push('\n');
        text
    }

    /// The problem's code, and what tells more about it.
    fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["Status"], self.status, "{self:?}");
        let code = body["Type"].as_str().unwrap().strip_prefix("ledger.card-transaction.").unwrap();
        let mut text = format!("{} {code}", self.status);
        for name in ["Reason", "AvailableAmount"] {
            if let Some(value) = body.get(name) {
                text.extend([" ", &value.to_string()]);
            }
        }
        for problem in body["Problems"].as_array().into_iter().flatten() {
            let (name, message) = problem.as_object().unwrap().iter().next().unwrap();
            text.extend([" ", name, ": ", message.as_str().unwrap()]);
        }
        text
    }
}

/// Too long for a line of a transcript.
const SCHEMA_URI: &str =
    "/ledger/invoice-purchase/v1/PayEx.AR.InvoicePurchase.Api.Resources.Authorizations.Resource";

/// Breaks compact JSON into lines.
fn pretty(json: &str) -> String {
    let (mut text, mut depth, mut is_string) = (String::new(), 0_usize, false);
    let mut before = ' ';
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '"' && before != '\\' {
            is_string = !is_string;
        }
        before = c;
        match c {
            '[' if !is_string && rest.next_if_eq(&']').is_some() => text.push_str("[]"),
            '{' | '[' if !is_string => {
                depth += 1;
                text.push(c);
                text.extend(["\n", &"  ".repeat(depth)]);
            }
            '}' | ']' if !is_string => {
                depth -= 1;
                text.extend(["\n", &"  ".repeat(depth), c.encode_utf8(&mut [0; 4])]);
            }
            ',' if !is_string => text.extend([",\n", &"  ".repeat(depth)]),
            ':' if !is_string => text.push_str(": "),
            c => text.push(c),
        }
    }
    text
}
