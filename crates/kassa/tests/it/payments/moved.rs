//! An installation with payments moves to a database and back, and goes on with them.

use std::fs;
use std::path::Path;
use std::process::Command;

use cluster::{Cluster, Durability};
use serde_json::json;

use super::{
    ask, ask_back, capture, initialize, keep_day_open, make, pay, reach, shown, stand_ins,
    with_psps,
};
use crate::http::Reply;
use crate::server::{Folder, Server, kassa, printed, serve_on, verify};

/// Method: at each place a payment is made, and one of the place before is given back in part; and
/// the first request is sent again.
#[test]
fn payments_go_on_where_they_have_moved() {
    let (from, to) = (Folder::with_demo("payments-from"), Folder::new("payments-to"));
    let psps = stand_ins();
    let start = |serve: Command| Server::start(with_psps(serve, psps.address));
    let mut server = start(serve_on(from.path()));
    keep_day_open(&server);
    let first = first_request(&server);
    let number = super::number(&first);
    reach(&server, number, "RESERVED");
    let waiting = pay(&server, &ask("SANTANDER", "waiting"));
    reach(&server, waiting, "RESERVED");
    assert!(server.terminate().success());
    let cluster = Cluster::start(Durability::Fast);
    let url = cluster.create_database();
    move_all(from.path().to_str().unwrap(), &url);
    let mut serve = serve_on(from.path());
    serve.env("KASSA_DATABASE_URL", &url);
    let mut server = start(serve);
    check_repeated(&server, &first);
    capture(&server, number);
    reach(&server, number, "FINALIZED");
    give_back(&server, "back-there", number, 3_000);
    assert!(server.terminate().success());
    // What a server does alone is its own for a while after it has ended.
    cluster.psql(&url, "UPDATE turn SET until = 0");
    move_all(&url, to.path().to_str().unwrap());
    copy_key(from.path(), to.path());
    verify(to.path());
    let server = start(serve_on(to.path()));
    check_repeated(&server, &first);
    give_back(&server, "back-here", number, 97_000);
    capture(&server, waiting);
    reach(&server, waiting, "FINALIZED");
    reach(&server, pay(&server, &ask("KLARNA", "new")), "RESERVED");
    assert_eq!(shown(&server, number)["refunded_amount"], json!("1000.00"));
}

fn first_request(server: &Server) -> Reply {
    initialize(&mut server.connection(), "payment", "first", &ask("KLARNA", "first")).unwrap()
}

#[track_caller]
fn check_repeated(server: &Server, first: &Reply) {
    let again = first_request(server);
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert!(again.is_replayed());
}

#[track_caller]
fn give_back(server: &Server, reference: &str, original: i64, minor: i64) {
    let back = ask_back("KLARNA", reference, &original.to_string(), minor);
    reach(server, make(server, "refund", &back), "FINALIZED");
}

#[track_caller]
fn move_all(from: &str, to: &str) {
    printed(&mut kassa(&["store", "copy", "--from", from, "--to", to]));
}

fn copy_key(from: &Path, to: &Path) {
    let name = "installation.key";
    fs::copy(from.join(name), to.join(name)).unwrap();
}
