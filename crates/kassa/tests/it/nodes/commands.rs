//! Commands beside running nodes, and what `kassa verify` says of a database that was edited.

use cluster::{Durability, Isolation};

use super::Site;
use crate::server::{CARD, LEDGER, OPERATOR_KEY, Server, wait_until};
use crate::tampering::{EDITS, check_named, leave_something};

/// Nobody has to stop a node to set something up; and what copies files does not take a database.
#[test]
fn commands_work_beside_running_nodes() {
    let site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let node = site.node();
    let token = site.run(&["credential", "issue", "--company", "100", "--label", "beside"]);
    wait_until("it is good", || {
        node.get(&format!("{LEDGER}/purchases"), token.trim()).status == 200
    });
    let list = site.run(&["credential", "list"]);
    assert!(list.lines().any(|line| line.ends_with("beside") && line.contains("good")), "{list}");
    node.authorize(CARD, "beside", "10.00");
    let copy = site.data_dir().join("copy");
    let refused = site.refusal(&["backup", "--to", copy.to_str().unwrap()]);
    for part in ["pg_basebackup", "docs/operations.md", "postgresql://127.0.0.1:"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(!copy.exists());
    let metrics = node.get("/metrics", OPERATOR_KEY);
    assert!(metrics.body.contains("postgresql"), "{}", metrics.body);
    site.verify();
}

/// Each edit on a database of its own; and what the report must name.
#[test]
fn an_edited_record_of_a_database_is_named() {
    let mut site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let mut node: Server = site.node();
    leave_something(&node);
    assert!(node.terminate().success());
    site.verify();
    let url = site.url.clone();
    let (place, original) = url.rsplit_once('/').unwrap();
    for edit in EDITS {
        site.cluster.psql("postgres", "DROP DATABASE IF EXISTS tampered");
        let copy = format!("CREATE DATABASE tampered TEMPLATE {original}");
        site.cluster.psql("postgres", &copy);
        site.url = format!("{place}/tampered");
        let changed = format!("WITH edited AS ({edit} RETURNING 1) SELECT count(*) FROM edited");
        assert_ne!(site.cluster.psql(&site.url, &changed), "0", "{edit} changed nothing");
        check_named(edit, site.command(&["verify"]).output().unwrap());
    }
}
