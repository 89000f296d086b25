//! A store is set up from nothing with the program's commands, backed up, and kept from misuse.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::server::{
    CARD, Folder, LEDGER, LEDGER_TOKEN, Server, authorization, demo_on, kassa, run, run_well,
    serve_on, verify,
};

/// Method: company, seller, token and key come from the command line; account and card over HTTP
/// with that key; then the token authorizes, until it is revoked.
#[test]
fn a_store_is_set_up_from_nothing() {
    let folder = Folder::new("setup");
    let dir = folder.path();
    run_well(&["company", "add", "7", "--name", "Credit Ltd", "--currencies", "SEK,EUR"], dir);
    run_well(&["seller", "add", "12", "--company", "7", "--name", "Shop"], dir);
    let token = run_well(&["credential", "issue", "--company", "7", "--label", "till"], dir);
    let key = run_well(&["operator-key", "--label", "first key"], dir);
    let (token, key) = (token.trim(), key.trim());
    assert_eq!((token.len(), key.len()), (43, 43));
    let mut server = Server::start(serve_on(dir));
    let account = server.post(
        "/operator/v1/accounts",
        key,
        r#"{"company_number":"7","currency":"SEK","credit_limit":"100.00","holder":"A"}"#,
    );
    assert_eq!(account.status, 201, "{}", account.body);
    let account = account.json()["account_no"].as_str().unwrap().to_owned();
    let card = server.post(&format!("/operator/v1/accounts/{account}/cards"), key, "{}");
    assert_eq!(card.status, 201, "{}", card.body);
    let card = card.json()["card_token"].as_str().unwrap().to_owned();
    let body = authorization(&card, "one", "60.00").replace("654", "12");
    let path = "/ledger/card-transaction/v1/7/authorizations";
    let answer = server.post(path, token, &body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(server.terminate().success());
    let list = run_well(&["credential", "list"], dir);
    let line = list.lines().find(|line| line.ends_with("till")).unwrap();
    assert!(line.contains("card_ledger") && line.contains("good") && line.contains("company 7"));
    assert!(list.lines().any(|line| line.ends_with("first key") && line.contains("everything")));
    assert!(!list.contains(token) && !list.contains(key), "secrets are shown once");
    let id = line.split_whitespace().next().unwrap();
    run_well(&["credential", "revoke", id], dir);
    assert!(run_well(&["credential", "list"], dir).contains("revoked"));
    let server = Server::start(serve_on(dir));
    assert_eq!(server.post(path, token, &body).status, 401);
    verify(dir);
}

/// Method: a partner and its credentials come from the command line; the server knows them.
#[test]
fn a_partner_is_set_up_from_nothing() {
    let folder = Folder::new("partner");
    let dir = folder.path();
    let add = ["customer", "add", "Kedjan Å", "--organisation-number", "556677-8899"];
    assert_eq!(run_well(&add, dir), "added customer 1\n");
    assert_eq!(run_well(&[&add[..], &["--parent", "1"]].concat(), dir), "added customer 2\n");
    let issue = |contract: &str, customer: &str| {
        let flags = ["--contract", contract, "--customer", customer];
        run_well(&[&["credential", "issue"][..], &flags].concat(), dir)
    };
    assert_eq!(issue("access", "1").trim().len(), 43);
    let headers = issue("terminals", "2");
    let (id, token) = headers.trim().split_once('\n').unwrap();
    assert_eq!(id.strip_prefix("App-Id: ").unwrap().len(), 8);
    assert_eq!(token.strip_prefix("App-Token: ").unwrap().len(), 43);
    let list = run_well(&["credential", "list"], dir);
    assert!(list.contains("access key") && list.contains("customer 1"), "{list}");
    assert!(list.contains("terminals application") && list.contains("customer 2"), "{list}");
    let key = run_well(&["operator-key"], dir);
    let server = Server::start(serve_on(dir));
    let customer = server.get("/operator/v1/customers/2", key.trim()).json();
    assert_eq!((&customer["name"], &customer["parent_id"]), (&"Kedjan Å".into(), &1.into()));
    refuse(&add, dir, "POST /operator/v1/customers");
    let issue = ["credential", "issue", "--contract"];
    let refuse_issue = |more: &[&str], why: &str| refuse(&[&issue[..], more].concat(), dir, why);
    refuse_issue(&["access"], "say which --customer");
    refuse_issue(&["terminals", "--company", "7"], "say which --customer");
    refuse_issue(&["card_ledger"], "say which --company, or which --customer");
    drop(server);
    refuse_issue(&["access", "--customer", "9"], "there is no customer 9");
    refuse_issue(&["card_ledger", "--customer", "1"], "customer 1 is no merchant");
    refuse(&[&add[..], &["--parent", "9"]].concat(), dir, "customer 9: customer is unknown");
    refuse(&["customer", "add", " ", "--organisation-number", "1"], dir, "name must have");
}

#[test]
fn commands_refuse_what_they_cannot_do() {
    let folder = Folder::new("refusals");
    let dir = folder.path();
    run_well(&["company", "add", "7", "--name", "A", "--currencies", "SEK"], dir);
    refuse(&["company", "add", "7", "--name", "B", "--currencies", "SEK"], dir, "is taken");
    refuse(&["company", "add", "8", "--name", "B", "--currencies", "XYZ"], dir, "no currency");
    refuse(&["company", "add", "a b", "--name", "B", "--currencies", "SEK"], dir, "letters");
    refuse(&["seller", "add", "1", "--company", "9", "--name", "B"], dir, "not configured");
    refuse(&["credential", "issue", "--company", "7", "--expires-at", "soon"], dir, "not a time");
    refuse(&["credential", "revoke", "99"], dir, "credential 99");
    refuse(&["serve", "--listen", "nowhere"], dir, "listen: `nowhere` is not an address");
    refuse(&["serve", "--config", "/no/such.toml"], dir, "/no/such.toml");
    refuse(&["serve", "--log-level", "a=b=c"], dir, "log-level");
    let empty = Folder::new("empty");
    refuse(&["verify"], empty.path(), "there is no store");
}

/// While a server has the store, commands that would write say how the same is done over HTTP;
/// those that read go on.
#[test]
fn a_store_in_use_is_left_to_its_server() {
    let folder = Folder::new("in-use");
    let dir = folder.path();
    let server = Server::start(demo_on(dir));
    server.authorize(CARD, "in-use", "10.00");
    refuse(&["serve", "--listen", "127.0.0.1:0"], dir, "in use by another process");
    refuse(&["operator-key"], dir, "POST /operator/v1/credentials");
    let company = ["company", "add", "7", "--name", "A", "--currencies", "SEK"];
    refuse(&company, dir, "POST /operator/v1/companies");
    verify(dir);
    let report = run_well(&["verify", "--json"], dir);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["ok"], true);
    assert!(run_well(&["credential", "list"], dir).contains("demo"));
    server.authorize(CARD, "in-use-2", "10.00");
}

/// Method: a backup is taken while the server runs, and a server started on it, with the key of
/// the first, gives the first server's answers.
#[test]
fn a_backup_of_a_running_store_is_a_store() {
    let folder = Folder::new("backup");
    let copy = Folder::new("backup-copy");
    let server = Server::start(demo_on(folder.path()));
    let body = authorization(CARD, "before", "10.00");
    let before = server.post(&format!("{LEDGER}/authorizations"), LEDGER_TOKEN, &body);
    let file = copy.path().join("kassa.db");
    run_well(&["backup", "--to", file.to_str().unwrap()], folder.path());
    server.authorize(CARD, "after", "10.00");
    refuse(&["backup", "--to", file.to_str().unwrap()], folder.path(), "exists");
    refuse(&["serve", "--listen", "127.0.0.1:0"], copy.path(), "put the key back");
    fs::copy(folder.path().join("installation.key"), copy.path().join("installation.key")).unwrap();
    verify(copy.path());
    let restored = Server::start(serve_on(copy.path()));
    let again = restored.post(&format!("{LEDGER}/authorizations"), LEDGER_TOKEN, &body);
    assert_eq!((again.status, &again.body), (201, &before.body));
    assert!(again.is_replayed());
    assert_eq!(restored.balances(CARD), ["0.00", "10.00", "49990.00"]);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_stops_the_server() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::with_demo("open-key");
    let key = folder.path().join("installation.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refuse(&["serve", "--listen", "127.0.0.1:0"], folder.path(), "may be read by others");
}

#[test]
fn serve_makes_no_demo_credentials() {
    let folder = Folder::new("no-demo");
    let server = Server::start(serve_on(folder.path()));
    let answer = server.get(&format!("{LEDGER}/authorizations"), LEDGER_TOKEN);
    assert_eq!(answer.status, 401);
    let advance = server.post("/operator/v1/clock/advance", "", r#"{"seconds":1}"#);
    assert!(advance.status == 401 || advance.status == 404, "{}", advance.status);
}

#[test]
fn the_version_is_told_with_that_of_what_is_inside() {
    let output = kassa(&["--version"]).output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    assert!(version.starts_with(concat!("kassa ", env!("CARGO_PKG_VERSION"), " (SQLite 3.")));
}

#[test]
fn the_help_of_serve_tells_of_every_setting() {
    let output = kassa(&["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for word in ["--data-dir", "KASSA_DATA_DIR", "/var/lib/kassa", "--tls-cert", "KASSA_LISTEN"] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    assert!(!help.contains("bench-ceiling"));
}

#[track_caller]
fn refuse(arguments: &[&str], data_dir: &Path, expected: &str) {
    let Output { status, stderr, .. } = run(arguments, data_dir);
    let error = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(1), "{arguments:?}: {error}");
    assert!(error.contains(expected), "{arguments:?}: {error}");
}
