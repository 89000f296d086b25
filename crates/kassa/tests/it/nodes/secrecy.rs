//! A database's password and cards' numbers go in by the front door and are found nowhere after.

use std::fs::{self, File};

use cluster::{Durability, Isolation};

use super::{Site, readiness, wait_until};
use crate::secrecy::{PAN, check_log, show_secrets};
use crate::server::{CARD, LEDGER_TOKEN, OPERATOR_KEY, Server};

const PASSWORD: &str = "hunter2-of-the-database";

/// Goal: the password is in nothing that a node or a command says, whether the database is there or
/// not; nor is a card's number in the database. Method: requests of every outcome at the most
/// talkative log level, the database is killed, and everything that was said is searched.
#[test]
fn the_password_of_the_database_is_told_to_nobody() {
    let mut site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    site.url = site.url.replace("kassa@", &format!("kassa:{PASSWORD}@"));
    let log_file = site.new_log();
    let mut serve = site.serve();
    serve.args(["--log-level", "trace", "--log-format", "json"]);
    serve.stderr(File::create(&log_file).unwrap());
    let mut node = Server::start(serve);
    show_secrets(&node);
    let content = content(&site);
    assert!(content.contains(CARD), "the database was searched");
    let mut said = vec![site.run(&["verify"]), site.run(&["credential", "list"])];
    said.extend(shown(&node));
    site.cluster.kill();
    wait_until("it is not ready", || readiness(&node) == Some(false));
    said.extend(shown(&node));
    said.push(site.refusal(&["verify"]));
    said.push(site.refusal(&["operator-key"]));
    said.push(site.refusal(&["backup", "--to", "/no/such/file"]));
    said.push(site.refusal(&["serve", "--database-url-file", "/no/such/file"]));
    site.cluster.restart();
    wait_until("it is ready", || readiness(&node) == Some(true));
    assert!(node.terminate().success());
    let log = fs::read_to_string(&log_file).unwrap();
    check_log(&log);
    said.push(log);
    for text in &said {
        assert!(!text.contains(PASSWORD), "the password is in\n{text}");
    }
    for secret in [PASSWORD, PAN, LEDGER_TOKEN, OPERATOR_KEY] {
        assert!(!content.contains(secret), "{secret} is in the database");
        assert!(!site.cluster.log().contains(secret), "{secret} is in the database's log");
    }
}

/// What the node says of itself.
fn shown(node: &Server) -> Vec<String> {
    ["/readyz?verbose", "/metrics", "/version"].map(|path| node.get(path, "").body).into()
}

/// All rows of all tables, as text.
fn content(site: &Site) -> String {
    let tables = "SELECT relname FROM pg_class WHERE relkind = 'r' \
                  AND relnamespace = 'public'::regnamespace";
    let tables = site.cluster.psql(&site.url, tables);
    let rows = tables.lines().map(|table| {
        site.cluster.psql(&site.url, &format!("SELECT row::TEXT FROM \"{table}\" AS row"))
    });
    rows.collect()
}
