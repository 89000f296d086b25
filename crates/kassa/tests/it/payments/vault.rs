//! The keys that seal merchants' agreements are changed, and one is lost.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::{
    MERCHANT, ask, initialize, keep_day_open, number, pay, reach, shown, stand_ins, with_psps,
};
use crate::server::{Folder, OPERATOR_KEY, Server, serve_on, wait_until};

const SECRET: &str = "easy-secret-that-nobody-may-see";

/// An installation whose keys change from start to start.
struct Vaulted {
    folder: Folder,
    logs: Folder,
    psps: Server,
}

impl Vaulted {
    /// A server with these keys, which are called by their ids.
    fn serve(&self, keys: &str) -> Command {
        let mut serve = with_psps(serve_on(self.folder.path()), self.psps.address);
        let keys: Vec<String> = keys.split(',').map(|id| format!("{id}:{}", digits(id))).collect();
        serve.env("KASSA_VAULT_KEYS", keys.join(",")).env("KASSA_LOG_LEVEL", "info");
        serve
    }

    /// Starts it, with a log of its own.
    fn start(&self, keys: &str) -> Server {
        let mut serve = self.serve(keys);
        serve.stderr(File::create(self.log(keys)).unwrap());
        Server::start(serve)
    }

    fn log(&self, keys: &str) -> PathBuf {
        self.logs.path().join(keys.replace(',', "-"))
    }

    fn logged(&self, keys: &str) -> String {
        fs::read_to_string(self.log(keys)).unwrap()
    }
}

/// 32 times the id's letter, which is a hexadecimal digit.
fn digits(id: &str) -> String {
    id.repeat(64)
}

/// Goal: keys can be changed without anybody noticing, and a lost one declines nobody. Method: an
/// agreement is sealed with key a; then the server is started with b and a, with b, with c, and
/// with b again, and each time somebody pays.
#[test]
fn keys_are_changed_and_a_lost_one_declines_nobody() {
    let vaulted = Vaulted {
        folder: Folder::with_demo("vault"),
        logs: Folder::new("vault-logs"),
        psps: stand_ins(),
    };
    let mut server = vaulted.start("a");
    keep_day_open(&server);
    let path = format!("/operator/v1/customers/{MERCHANT}/agreements/easy");
    let values = json!({ "values": { "EASY_SECRET_KEY": SECRET } }).to_string();
    let put = server.connection().call("PUT", &path, OPERATOR_KEY, &values).unwrap();
    assert_eq!(put.status, 200, "{}", put.body);
    check_pays(&server, "with-a");
    assert!(server.terminate().success());
    let mut server = vaulted.start("b,a");
    wait_until("it is sealed anew", || vaulted.logged("b,a").contains("sealed agreements anew"));
    check_pays(&server, "with-b-and-a");
    assert!(server.terminate().success());
    let mut server = vaulted.start("b");
    check_pays(&server, "with-b");
    assert!(server.terminate().success());
    let waiting = check_waits(&vaulted);
    let server = vaulted.start("b");
    reach(&server, waiting, "RESERVED");
    for keys in ["a", "b,a", "b", "c"] {
        let log = vaulted.logged(keys);
        for secret in [SECRET, &digits("a"), &digits("b"), &digits("c")] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}

#[track_caller]
fn check_pays(server: &Server, reference: &str) {
    reach(server, pay(server, &ask("EASY", reference)), "RESERVED");
}

/// Checks that a payment is neither taken nor declined where its key is missing; its number.
#[track_caller]
fn check_waits(vaulted: &Vaulted) -> i64 {
    let mut server = vaulted.start("c");
    let body = ask("EASY", "with-c");
    let reply = initialize(&mut server.connection(), "payment", "with-c", &body).unwrap();
    assert_eq!(reply.status, 202, "{}", reply.body);
    let number = number(&reply);
    // It is tried again, and again in vain.
    wait_until("it is tried again", || shown(&server, number)["task"]["attempts"] == 2);
    let shown = shown(&server, number);
    assert_eq!(
        (&shown["state"], &shown["task"]["operation"]),
        (&json!("INITIALIZED"), &json!("create"))
    );
    let log = vaulted.logged("c");
    assert!(log.contains("ERROR") && log.contains("no key opens an agreement"), "{log}");
    assert!(!log.contains("sealed agreements anew"), "{log}");
    assert!(server.terminate().success());
    number
}
