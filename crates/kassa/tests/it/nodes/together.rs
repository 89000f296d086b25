//! What one node writes the others read, from the first start on.

use std::time::Duration;

use cluster::{Durability, Isolation};
use serde_json::json;

use super::{Site, readiness, wait_at_most, wait_until, write_key};
use crate::http::Reply;
use crate::server::{
    CARD, Folder, LEDGER, LEDGER_TOKEN, OPERATOR_KEY, Server, authorization, kassa, purchase,
    serve_on,
};

/// A node looks every second for what others have changed of the directory.
const REVOKED_WITHIN: Duration = Duration::from_secs(3);

const COMPANY: [&str; 6] = ["company", "add", "7", "--name", "Credit Ltd", "--currencies=SEK"];
const SELLER: [&str; 6] = ["seller", "add", "12", "--company=7", "--name", "Shop"];
const TOKEN: [&str; 4] = ["credential", "issue", "--company=7", "--label=till"];

/// Where the company of this test has its card ledger.
const LEDGER_OF_7: &str = "/ledger/card-transaction/v1/7";

/// Goal: several nodes are as one, from an empty database on. Method: both make the schema at the
/// same moment; commands set the installation up beside them; then each step of a payment is sent
/// to the node that did not do the one before.
#[test]
fn two_nodes_start_on_an_empty_database_and_are_as_one() {
    let site = Site::empty(Durability::Fast, Isolation::ReadCommitted);
    let [first, second] = site.two_nodes();
    for node in [&first, &second] {
        wait_until("it is ready", || readiness(node) == Some(true));
        assert_eq!(node.get("/version", "").json()["store"], "postgresql");
    }
    site.run(&COMPANY);
    assert!(site.refusal(&COMPANY).contains("is taken"));
    site.run(&SELLER);
    let token = site.run(&TOKEN);
    let key = site.run(&["operator-key", "--label", "first key"]);
    let (token, key) = (token.trim(), key.trim());
    for node in [&first, &second] {
        wait_until("what commands did is known", || {
            node.get("/operator/v1/companies/7", key).status == 200
        });
    }
    let account = opened(&first, key);
    let card = posted(&second, &format!("/operator/v1/accounts/{account}/cards"), key, "{}");
    let card = card.json()["card_token"].as_str().unwrap().to_owned();
    let body = authorization(&card, "one", "60.00").replace("654", "12");
    let authorized = posted(&first, &format!("{LEDGER_OF_7}/authorizations"), token, &body);
    let id = authorized.id();
    let purchases = format!("{LEDGER_OF_7}/purchases");
    let captured = posted(&second, &purchases, token, &purchase(&id, "one", "25.00"));
    let correction = r#"{"sourceCorrectionTransactionId":"one","amount":5.00}"#;
    let path = format!("{purchases}/one/corrections");
    let corrected = posted(&first, &path, token, correction);
    let links = [&authorized, &captured, &corrected]
        .map(|reply| reply.json()["@id"].as_str().unwrap().to_owned());
    for link in &links {
        check_equal(&first, &second, link, token);
    }
    let account = format!("/operator/v1/accounts/{account}");
    check_equal(&first, &second, &account, key);
    let statement = check_equal(&first, &second, &format!("{account}/entries"), key);
    assert_eq!(statement.json()["items"].as_array().unwrap().len(), 2, "{}", statement.body);
    check_equal(&first, &second, "/operator/v1/events?limit=200", key);
    site.verify();
    site.check_logs();
}

#[track_caller]
fn opened(node: &Server, key: &str) -> String {
    let body = json!({
        "company_number": "7", "currency": "SEK", "credit_limit": "100.00", "holder": "A"
    });
    let opened = posted(node, "/operator/v1/accounts", key, &body.to_string());
    opened.json()["account_no"].as_str().unwrap().to_owned()
}

#[track_caller]
fn posted(node: &Server, path: &str, token: &str, body: &str) -> Reply {
    let reply = node.post(path, token, body);
    assert_eq!(reply.status, 201, "{path}: {}", reply.body);
    reply
}

/// Checks that both nodes show the same there.
#[track_caller]
fn check_equal(first: &Server, second: &Server, path: &str, token: &str) -> Reply {
    let [shown, same] = [first, second].map(|node| node.get(path, token));
    assert_eq!(shown.status, 200, "{path}: {}", shown.body);
    assert_eq!(same.body, shown.body, "{path}");
    shown
}

/// Goal: a credential that leaked is of no use for long, wherever it is used. Method: it is revoked
/// on one node, once over HTTP and once by a command, and tried on the others until they refuse it.
#[test]
fn a_credential_revoked_on_one_node_soon_is_good_on_none() {
    let site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let [first, second] = site.two_nodes();
    let purchases = format!("{LEDGER}/purchases");
    let mut issued = Vec::new();
    for label in ["one", "two"] {
        let body = json!({ "contract": "card_ledger", "company_number": "100", "label": label });
        let reply = posted(&first, "/operator/v1/credentials", OPERATOR_KEY, &body.to_string());
        let reply = reply.json();
        let [secret, id] = ["secret", "id"].map(|name| reply[name].as_str().unwrap().to_owned());
        assert_eq!(first.get(&purchases, &secret).status, 200);
        wait_until("it is good on the other node", || {
            second.get(&purchases, &secret).status == 200
        });
        issued.push((id, secret));
    }
    let (id, secret) = &issued[0];
    let path = format!("/operator/v1/credentials/{id}");
    let revoked = first.connection().call("DELETE", &path, OPERATOR_KEY, "").unwrap();
    assert!(matches!(revoked.status, 200 | 204), "{}", revoked.body);
    assert_eq!(first.get(&purchases, secret).status, 401);
    check_revoked(&second, secret);
    let (id, secret) = &issued[1];
    site.run(&["credential", "revoke", id]);
    check_revoked(&first, secret);
    check_revoked(&second, secret);
    assert_eq!(second.get(&purchases, LEDGER_TOKEN).status, 200);
}

#[track_caller]
fn check_revoked(node: &Server, secret: &str) {
    let path = format!("{LEDGER}/purchases");
    wait_at_most(REVOKED_WITHIN, "it is revoked", || node.get(&path, secret).status == 401);
}

/// Nodes with different keys would give one thing two ids. Each of these is told what to do.
#[test]
fn a_node_with_another_key_is_refused() {
    let site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let node = site.node();
    let id = node.authorize(CARD, "key", "10.00");
    let other = Folder::new("other-key");
    let key = other.path().join("installation.key");
    let refused = |expected: &str| {
        let mut serve = kassa(&["serve", "--listen", "127.0.0.1:0"]);
        serve.env("KASSA_DATABASE_URL", &site.url).arg("--data-dir").arg(other.path());
        let output = serve.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(expected) && error.contains(key.to_str().unwrap()), "{error}");
    };
    refused("put the key back");
    assert!(!key.exists(), "none is made");
    write_key(&key, "5b");
    refused("is not the one that the database is used with");
    // Its file may be anywhere.
    let mut serve = serve_on(other.path());
    serve.env("KASSA_DATABASE_URL", &site.url);
    serve.env("KASSA_INSTALLATION_KEY_FILE", site.data_dir().join("installation.key"));
    let second = Server::start(serve);
    let shown = second.get(&format!("{LEDGER}/authorizations/{id}"), LEDGER_TOKEN);
    assert_eq!(shown.status, 200, "{}", shown.body);
}
