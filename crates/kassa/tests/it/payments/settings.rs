//! Where PSPs are: nobody takes a test system for the real one by mistake.

use super::once::Counted;
use super::{ask, initialize, with_psps};
use crate::server::{Folder, OPERATOR_KEY, Server, kassa, run, serve_on, wait_until};

/// Goal: money that nobody pays is not taken for money. Method: addresses of test systems and of
/// this machine, without the setting that allows them.
#[test]
fn a_server_refuses_psps_where_no_money_moves() {
    let folder = Folder::new("psps-refused");
    let serve =
        |more: &[&str]| run(&[&["serve", "--listen", "127.0.0.1:0"], more].concat(), folder.path());
    let test_systems = [
        "--swish-url=https://mss.cpc.getswish.net/swish-cpcapi/api",
        "--klarna-url=https://api.playground.klarna.com",
        "--santander-url=http://127.0.0.1:9/santander",
    ];
    let output = serve(&test_systems);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    let expected = "not where real money moves: swish, klarna, santander.";
    assert!(error.contains(expected) && error.contains("psp-simulators"), "{error}");
    let output = serve(&["--easy-url", "ftp://easy"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("easy-url: `ftp://easy`"), "{error}");
}

/// Method: the same where it is allowed. Everybody who asks is told, and no PSP is called before
/// somebody pays.
#[test]
fn a_server_that_may_says_which_psps_are_not_real() {
    let folder = Folder::with_demo("psps-allowed");
    let psps = Counted::start();
    let mut server = Server::start(with_psps(serve_on(folder.path()), psps.address));
    wait_until("it is ready", || server.get("/readyz", "").status == 200);
    let ready = server.get("/readyz?verbose", "");
    let expected = "simulated_psps: swish, klarna, easy, santander\n";
    assert!(ready.body.contains(expected), "{}", ready.body);
    assert_eq!(psps.connections(), 0, "nobody has paid");
    let asked = ask("SWISH_E_COM", "first");
    let taken = initialize(&mut server.connection(), "payment", "first", &asked).unwrap();
    assert_eq!(taken.status, 202, "{}", taken.body);
    assert!(psps.connections() > 0);
    assert!(server.terminate().success());
}

/// Method: no setting at all, and an empty store.
#[test]
fn a_server_starts_with_the_real_psps() {
    let folder = Folder::new("psps-default");
    let key = kassa(&["operator-key", "--data-dir"]).arg(folder.path()).output().unwrap();
    let key = String::from_utf8(key.stdout).unwrap();
    let mut server = Server::start(serve_on(folder.path()));
    wait_until("it is ready", || server.get("/readyz", "").status == 200);
    let ready = server.get("/readyz?verbose", "");
    assert!(!ready.body.contains("simulated_psps"), "{}", ready.body);
    let body = r#"{"outcome":"decline"}"#;
    let scripted = server.post("/operator/v1/simulators/swish/next", key.trim(), body);
    assert_eq!(scripted.status, 404, "{}", scripted.body);
    assert_eq!(server.get("/operator/v1/payments", OPERATOR_KEY).status, 401);
    assert!(server.terminate().success());
}
