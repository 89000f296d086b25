//! What merchants have agreed with PSPs, and who pays them, goes in by the front door and is found
//! nowhere after where it does not belong.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::{
    CONSUMER, MERCHANT, ask, ask_back, capture, initialize, keep_day_open, make, pay, reach,
    script, stand_ins, with_psps,
};
use crate::secrecy::check_log;
use crate::server::{Folder, OPERATOR_KEY, Server, serve_on};

/// Values of agreements; the PSPs' stand-ins take anything.
const VALUES: [(&str, &str, &str); 4] = [
    ("KLARNA", "KLARNA_PASSWORD", "klarna-hunter2-aaaaaaaaaaaa"),
    ("EASY", "EASY_SECRET_KEY", "easy-hunter2-bbbbbbbbbbbbbb"),
    ("SANTANDER", "SANTANDER_SECRET", "santander-hunter2-cccccccccc"),
    ("SANTANDER", "SANTANDER_MERCHANT_ID", "santander-merchant-ddddddd"),
];

const NAME: &str = "Zebedeus Kvistström";
const PHONE: &str = "46731234567";

/// Method: agreements are made over both contracts; payments of every method and outcome, with
/// refunds and a capture, at the most talkative log level; then the log, the feed of events, every
/// file and every table are searched.
#[test]
fn agreements_and_payers_are_kept_to_themselves() {
    let folder = Folder::with_demo("payments-secrecy");
    let log = Folder::new("payments-secrecy-log");
    let log_file = log.path().join("log");
    let psps = stand_ins();
    let mut serve = with_psps(serve_on(folder.path()), psps.address);
    serve.args(["--log-level", "trace", "--log-format", "json"]);
    serve.stderr(File::create(&log_file).unwrap());
    let mut server = Server::start(serve);
    keep_day_open(&server);
    agree(&server);
    pay_in_all_ways(&server, &psps);
    let events = events(&server);
    assert!(server.terminate().success());
    let log = fs::read_to_string(&log_file).unwrap();
    check_log(&log);
    let values = VALUES.map(|(_, _, value)| value);
    let tables = tables(folder.path());
    let payers = [NAME, PHONE, "Kvistström", "731234567", "Zebedeus"];
    for secret in values.iter().chain(&payers) {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!events.contains(secret), "{secret} is in the events");
        for (table, content) in tables.iter().filter(|(table, _)| !table.starts_with("document")) {
            assert!(!content.contains(secret), "{secret} is in {table}");
        }
    }
    let documents = tables.iter().find(|(table, _)| table == "document").unwrap();
    assert!(documents.1.contains(NAME), "the tables were searched");
    check_files(folder.path(), &values);
}

/// One value over the operator's contract, the others over the lookup service.
#[track_caller]
fn agree(server: &Server) {
    let (_, name, value) = VALUES[0];
    let path = format!("/operator/v1/customers/{MERCHANT}/agreements/klarna");
    let body = json!({ "values": { name: value } }).to_string();
    let put = server.connection().call("PUT", &path, OPERATOR_KEY, &body).unwrap();
    assert_eq!(put.status, 200, "{}", put.body);
    let lines = VALUES[1..].iter().map(|(method, name, value)| {
        json!({
            "lineFromType": method, "lineFromId": "DEMO-MERCHANT", "lineToType": name,
            "lineToId": value
        })
    });
    let lines: Vec<Value> = lines.collect();
    let body = json!({ "userId": "it", "agreementLineDto": lines }).to_string();
    let made = server.post("/ms/map/identifier/create", CONSUMER, &body);
    assert_eq!(made.status, 201, "{}", made.body);
    // What cannot be read is not shown either.
    server.post("/ms/map/identifier/create", CONSUMER, body.get(..body.len() - 1).unwrap());
}

fn pay_in_all_ways(server: &Server, psps: &Server) {
    for (method, psp, paid) in [
        ("SWISH_E_COM", "swish", "FINALIZED"),
        ("KLARNA", "klarna", "RESERVED"),
        ("EASY", "easy", "RESERVED"),
        ("SANTANDER", "santander", "RESERVED"),
    ] {
        script(psps, psp, "approve", 1);
        let number = pay(server, &by_payer(ask(method, &format!("{psp}-paid"))));
        reach(server, number, paid);
        if paid == "RESERVED" {
            capture(server, number);
            reach(server, number, "FINALIZED");
        }
        let back = ask_back(method, &format!("{psp}-back"), &number.to_string(), 4_000);
        reach(server, make(server, "refund", &by_payer(back)), "FINALIZED");
        for (outcome, state) in
            [("decline", "REJECTED"), ("refuse", "REJECTED"), ("error", "FAILED")]
        {
            script(psps, psp, outcome, 1);
            let body = by_payer(ask(method, &format!("{psp}-{outcome}")));
            reach(server, pay(server, &body), state);
        }
        let mut wrong = by_payer(ask(method, &format!("{psp}-wrong")));
        wrong["purchaseAmount"]["totalAmount"] = json!(0);
        let refused = initialize(&mut server.connection(), "payment", "wrong", &wrong).unwrap();
        assert_eq!(refused.status, 400, "{}", refused.body);
    }
}

fn by_payer(mut body: Value) -> Value {
    body["consumer"] = json!({ "consumerId": PHONE, "name": NAME });
    body
}

/// All events, as the feed tells them.
fn events(server: &Server) -> String {
    let (mut all, mut after) = (String::new(), String::new());
    loop {
        let page = server.get(&format!("/operator/v1/events?limit=200{after}"), OPERATOR_KEY);
        assert_eq!(page.status, 200, "{}", page.body);
        all.push_str(&page.body);
        let page = page.json();
        match page["next"].as_str() {
            Some(next) if !page["items"].as_array().unwrap().is_empty() => {
                after = format!("&after={next}");
            }
            _ => break,
        }
    }
    assert!(all.contains("payment"), "payments are told: {all}");
    all
}

/// Each table of a store, with all that is in it.
fn tables(dir: &Path) -> Vec<(String, String)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = Connection::open_with_flags(dir.join("kassa.db"), flags).unwrap();
    let mut names = store.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names = names.query_map((), |row| row.get::<_, String>(0)).unwrap();
    let content = |name: &str| {
        let mut rows = store.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = rows.column_count();
        let (mut rows, mut content) = (rows.query(()).unwrap(), String::new());
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(column).unwrap()
                {
                    content.push_str(&String::from_utf8_lossy(bytes));
                    content.push(' ');
                }
            }
        }
        content
    };
    names.map(|name| name.unwrap()).map(|name| (name.clone(), content(&name))).collect()
}

/// Checks that nothing of this is in a file of the data directory.
#[track_caller]
fn check_files(dir: &Path, secrets: &[&str]) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}
