//! Secrets and card numbers go in by the front door and are found nowhere after.

use std::fs;

use crate::server::{CARD, Folder, LEDGER, LEDGER_TOKEN, OPERATOR_KEY, Server, serve_on};

/// A number that schemes publish for testing.
pub(crate) const PAN: &str = "4111111111111111";

/// Goal: no card number on disk or in the log, and no secret in the log. Method: a card is
/// registered with its number, requests of every outcome are sent, all at the most talkative log
/// level; then every file of the data directory and the log are searched.
#[test]
fn no_card_number_is_kept_and_no_secret_is_logged() {
    let folder = Folder::with_demo("secrecy");
    let log = Folder::new("secrecy-log");
    let log_file = log.path().join("log");
    let mut command = serve_on(folder.path());
    command.args(["--log-level", "trace", "--log-format", "json"]);
    command.stderr(fs::File::create(&log_file).unwrap());
    let mut server = Server::start(command);
    show_secrets(&server);
    assert!(server.terminate().success());
    let log = fs::read_to_string(&log_file).unwrap();
    check_log(&log);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in [PAN, LEDGER_TOKEN, OPERATOR_KEY] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}

/// Sends a card's number, and requests of every outcome.
pub(crate) fn show_secrets(server: &Server) {
    server.authorize(CARD, "secrecy", "10.00");
    let accounts = server.get(&format!("/operator/v1/accounts?card_token={CARD}"), OPERATOR_KEY);
    let account = accounts.json()["items"][0]["account_no"].as_str().unwrap().to_owned();
    let cards = format!("/operator/v1/accounts/{account}/cards");
    let card = server.post(&cards, OPERATOR_KEY, &format!(r#"{{"pan":"{PAN}"}}"#));
    assert_eq!(card.status, 201, "{}", card.body);
    assert_eq!(card.json()["last4"], "1111");
    for (path, token) in [
        (format!("{LEDGER}/authorizations/{PAN}"), LEDGER_TOKEN),
        (format!("/operator/v1/accounts?card_token={PAN}"), OPERATOR_KEY),
        (format!("/{PAN}"), "wrong-token-that-nobody-issued"),
    ] {
        server.get(&path, token);
    }
    server.post(&cards, OPERATOR_KEY, &format!(r#"{{"pan":"{PAN}","#));
}

/// Checks the form of a log, in JSON and at the most talkative level, and that no secret is in it.
pub(crate) fn check_log(log: &str) {
    assert!(log.lines().count() > 5, "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        let duration = &line["duration_ms"];
        assert!(duration.is_null() || duration.is_u64(), "{line}");
    }
    assert!(log.contains("\"request_id\":"), "{log}");
    assert!(log.contains("\"duration_ms\":"), "{log}");
    for secret in [PAN, LEDGER_TOKEN, OPERATOR_KEY, "wrong-token-that-nobody-issued"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
