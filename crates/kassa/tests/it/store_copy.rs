//! An installation is moved with `kassa store copy`, which is killed on its way, and goes on at its
//! new place as if nothing had been.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cluster::{Cluster, Durability};
use rusqlite::{Connection, OpenFlags};

use crate::server::{
    CARD, Folder, LEDGER, LEDGER_TOKEN, Server, authorization, demo_on, kassa, run, run_well,
    serve_on, verify,
};

/// Enough that a copy in parcels of one is killed on its way.
const AUTHORIZATIONS: u32 = 120;

/// A store of the demo with something in it.
fn demo(name: &str) -> Folder {
    let folder = Folder::new(name);
    let mut server = Server::start(demo_on(folder.path()));
    for number in 0..AUTHORIZATIONS {
        server.authorize(CARD, &format!("a{number}"), "1.00");
    }
    assert!(server.terminate().success());
    folder
}

fn copy(from: &Path, to: &Path) -> Command {
    let mut command = kassa(&["store", "copy", "--parcel-records", "1"]);
    command.arg("--from").arg(from).arg("--to").arg(to);
    command
}

/// Starts a copy and kills it as soon as its target has so many authorizations.
fn kill_at(from: &Path, to: &Path, authorizations: u32) {
    let mut child = copy(from, to).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // It says how far it is once it has begun.
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !line.contains("copying") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let target = Connection::open_with_flags(to.join("kassa.db"), flags).unwrap();
    let mut count = target.prepare("SELECT count(*) FROM authorization_").unwrap();
    while count.query_row((), |row| row.get::<_, u32>(0)).unwrap() < authorizations {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[track_caller]
fn refused(output: &Output, expected: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains(expected), "{error}");
}

#[test]
fn a_copy_that_is_killed_goes_on_and_is_as_if_it_had_not_been() {
    let (from, to) = (demo("copy-from"), Folder::new("copy-to"));
    let (from, to) = (from.path(), to.path());
    for part in 1..5 {
        kill_at(from, to, AUTHORIZATIONS / 5 * part);
        refused(&run(&["verify"], to), "copy into this store is not finished");
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        refused(&run(&serve, to), "copy into this store is not finished");
    }
    let output = copy(from, to).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert!(error.contains("was cut off before") && error.contains("checking"), "{error}");
    assert!(error.contains("installation.key"), "{error}");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("lane 0, seal ") && report.contains("every invariant"), "{report}");
    verify(to);
    assert_eq!(run_well(&["verify", "--json"], to), run_well(&["verify", "--json"], from));
    refused(&copy(from, to).output().unwrap(), "store of its own");
    // The new place answers as the old one did.
    fs::copy(from.join("installation.key"), to.join("installation.key")).unwrap();
    let server = Server::start(serve_on(to));
    let body = authorization(CARD, "a7", "1.00");
    let again = server.post(&format!("{LEDGER}/authorizations"), LEDGER_TOKEN, &body);
    assert!(again.status == 201 && again.is_replayed(), "{}", again.body);
    server.authorize(CARD, "new", "1.00");
}

#[test]
fn a_store_that_a_server_works_on_is_not_copied() {
    let (from, to) = (Folder::new("copy-used"), Folder::new("copy-unused"));
    let server = Server::start(demo_on(from.path()));
    refused(&copy(from.path(), to.path()).output().unwrap(), "stop every server");
    drop(server);
    let none = copy(Path::new("/no/such"), to.path()).output().unwrap();
    refused(&none, "there is no store in /no/such");
    refused(&kassa(&["store", "copy", "--from", "/no/such"]).output().unwrap(), "--to");
}

/// Method: moved to a database, a server goes on there; moved back, another goes on here.
#[test]
fn an_installation_moves_to_a_database_and_back() {
    let (from, to) = (demo("copy-there"), Folder::new("copy-back"));
    let (key, keys) = ("installation.key", Folder::new("copy-keys"));
    let cluster = Cluster::start(Durability::Fast);
    let url = cluster.create_database();
    let move_all = |from: &str, to: &str| {
        kassa(&["store", "copy", "--from", from, "--to", to]).output().unwrap()
    };
    let moved = move_all(from.path().to_str().unwrap(), &url);
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    let report = String::from_utf8_lossy(&moved.stdout);
    assert!(report.contains("postgresql://127.0.0.1:") && !report.contains("kassa@"), "{report}");
    fs::copy(from.path().join(key), keys.path().join(key)).unwrap();
    let serve = |keys: &Folder| {
        let mut serve = serve_on(keys.path());
        serve.env("KASSA_DATABASE_URL", &url);
        serve
    };
    // The database knows which key is its own before a server has been there.
    let (stranger, other) = (demo("copy-stranger"), Folder::new("copy-stranger-key"));
    fs::copy(stranger.path().join(key), other.path().join(key)).unwrap();
    refused(&serve(&other).output().unwrap(), "is not the one that the database is used with");
    let mut server = Server::start(serve(&keys));
    let body = authorization(CARD, "a7", "1.00");
    let again = server.post(&format!("{LEDGER}/authorizations"), LEDGER_TOKEN, &body);
    assert!(again.status == 201 && again.is_replayed(), "{}", again.body);
    server.authorize(CARD, "in the database", "1.00");
    assert!(server.terminate().success());
    // What a server does alone is its own for a while after it has ended.
    cluster.psql(&url, "UPDATE turn SET until = 0");
    let moved = move_all(&url, to.path().to_str().unwrap());
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    verify(to.path());
    fs::copy(from.path().join(key), to.path().join(key)).unwrap();
    let server = Server::start(serve_on(to.path()));
    let body = authorization(CARD, "in the database", "1.00");
    let again = server.post(&format!("{LEDGER}/authorizations"), LEDGER_TOKEN, &body);
    assert!(again.status == 201 && again.is_replayed(), "{}", again.body);
    server.authorize(CARD, "back", "1.00");
}
