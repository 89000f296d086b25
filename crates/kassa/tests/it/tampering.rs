//! Somebody edits the database behind the program's back: `kassa verify` names the record.

use std::process::Output;

use rusqlite::Connection;

use crate::server::{CARD, Folder, LEDGER, LEDGER_TOKEN, Server, demo_on, purchase, run, verify};

/// Edits of one row each, newest of its kind.
pub(crate) const EDITS: [&str; 7] = [
    "UPDATE transaction_ SET posted = 3999 WHERE id = (SELECT max(id) FROM transaction_)",
    "UPDATE transaction_ SET source = 'other' WHERE id = (SELECT max(id) FROM transaction_)",
    "DELETE FROM transaction_ WHERE id = (SELECT max(id) FROM transaction_)",
    "UPDATE account SET debt = debt - 100 WHERE debt > 0",
    "UPDATE authorization_ SET taken = 0",
    "UPDATE seal SET at = at + 1 WHERE last = (SELECT max(last) FROM seal)",
    "UPDATE change SET actor = 'somebody' WHERE id = 1",
];

/// Each edit on a store of its own; and what the report must name.
#[test]
fn an_edited_record_is_named() {
    let folder = Folder::new("tampering");
    let mut server = Server::start(demo_on(folder.path()));
    leave_something(&server);
    assert!(server.terminate().success());
    verify(folder.path());
    for edit in EDITS {
        check(&folder, edit);
    }
}

/// Leaves what can be edited.
pub(crate) fn leave_something(server: &Server) {
    let id = server.authorize(CARD, "edited", "100.00");
    let body = purchase(&id, "edited", "40.00");
    let captured = server.post(&format!("{LEDGER}/purchases"), LEDGER_TOKEN, &body);
    assert_eq!(captured.status, 201, "{}", captured.body);
}

/// Makes the edit on a copy of the store, and expects exit code 1 and the first broken record.
#[track_caller]
fn check(folder: &Folder, edit: &str) {
    let copy = Folder::new("tampered");
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let database = Connection::open(copy.path().join("kassa.db")).unwrap();
    let changed = database.execute(edit, []).unwrap();
    assert!(changed > 0, "{edit} changed nothing");
    drop(database);
    check_named(edit, run(&["verify"], copy.path()));
    let output = run(&["verify", "--json"], copy.path());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["ok"]), (Some(1), &serde_json::json!(false)));
}

/// Checks that `kassa verify` found the edit.
#[track_caller]
pub(crate) fn check_named(edit: &str, output: Output) {
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{edit}\n{report}");
    let first = report.lines().find_map(|line| line.trim().strip_prefix("first: "));
    let first = first.unwrap_or_else(|| panic!("{edit}: nothing is named in\n{report}"));
    assert!(first.contains(|c: char| c.is_ascii_digit()), "{edit}: `{first}` names no record");
}
