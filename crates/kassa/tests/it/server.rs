//! The program as a process: started on a directory of its own, and ended in several ways.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::http::{Connection, Reply};

/// What the demo installation is known by.
pub(crate) const LEDGER_TOKEN: &str = "demo-ledger-token-000000000000000";
pub(crate) const OPERATOR_KEY: &str = "demo-operator-key-00000000000000";
pub(crate) const CARD: &str = "5646735165";
pub(crate) const SMALL_CARD: &str = "546415646315";

/// Under which the card ledger of the demo's company is.
pub(crate) const LEDGER: &str = "/ledger/credit-account-acquiring/v1/100";

/// A log that is quick to make, since tests start many servers.
const WAL_BYTES: &str = "2097152";

/// A directory under target/, on a real disk, that is gone after the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// A folder with the store of the demo installation in it.
    pub(crate) fn with_demo(name: &str) -> Folder {
        let folder = Folder::new(name);
        let mut demo = Server::start(demo_on(folder.path()));
        assert!(demo.terminate().success(), "the demo ends in order");
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The program, with nothing of the environment that could be a setting.
pub(crate) fn kassa(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kassa"));
    for (name, _) in std::env::vars() {
        if name.starts_with("KASSA_") {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

/// `kassa serve` on a directory, on any free port.
pub(crate) fn serve_on(data_dir: &Path) -> Command {
    let mut command = kassa(&["serve", "--listen", "127.0.0.1:0", "--wal-bytes", WAL_BYTES]);
    command.env("KASSA_LOG_LEVEL", "warn").arg("--data-dir").arg(data_dir);
    command
}

/// `kassa demo` on a directory, without its tour.
pub(crate) fn demo_on(data_dir: &Path) -> Command {
    let mut command = kassa(&["demo", "--print-json", "--no-scenario"]);
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    command
}

/// Runs a command on a store to its end.
pub(crate) fn run(arguments: &[&str], data_dir: &Path) -> Output {
    kassa(arguments).arg("--data-dir").arg(data_dir).output().unwrap()
}

/// Runs a command that must succeed, and gives what it printed.
#[track_caller]
pub(crate) fn run_well(arguments: &[&str], data_dir: &Path) -> String {
    printed(kassa(arguments).arg("--data-dir").arg(data_dir))
}

/// What a command prints that must succeed.
#[track_caller]
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Checks every invariant of a store with the program's own command.
#[track_caller]
pub(crate) fn verify(data_dir: &Path) {
    check_verified(&run_well(&["verify"], data_dir));
}

/// Checks what `kassa verify` said.
#[track_caller]
pub(crate) fn check_verified(report: &str) {
    assert!(report.contains("invariants hold."), "{report}");
}

/// Asks until it is so, for ten seconds.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    wait_at_most(Duration::from_secs(10), what, is_so);
}

/// Asks until it is so; how long that took.
#[track_caller]
pub(crate) fn wait_at_most(
    most: Duration,
    what: &str,
    mut is_so: impl FnMut() -> bool,
) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < most, "{most:?} have passed, and not yet: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The first line that it printed.
    pub(crate) first_line: String,
    child: Child,
    /// Kept open: a program whose reader has gone might notice.
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts `command` and reads from its first line where it listens.
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Server {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.split("://").nth(1).and_then(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
            rest.get(..end?)?.parse().ok()
        });
        let address = address.unwrap_or_else(|| panic!("no address in `{line}`"));
        Server { address, first_line: line, child, stdout }
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection::new(self.address)
    }

    /// Sends one request on a connection of its own.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, token: &str, body: &str) -> Reply {
        self.connection().post(path, token, body).unwrap()
    }

    /// Sends one request on a connection of its own.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, token: &str) -> Reply {
        self.connection().get(path, token).unwrap()
    }

    /// Debt, reserved and available amount of a card's account, as the operator API shows them.
    #[track_caller]
    pub(crate) fn balances(&self, card: &str) -> [String; 3] {
        let path = format!("/operator/v1/accounts?card_token={card}");
        let answer = self.get(&path, OPERATOR_KEY);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer = answer.json();
        let account = answer.pointer("/items/0").unwrap_or(&answer);
        ["debt", "reserved_amount", "available_amount"]
            .map(|name| account[name].as_str().unwrap().to_owned())
    }

    /// Reserves an amount on a card and returns the authorization's id.
    #[track_caller]
    pub(crate) fn authorize(&self, card: &str, source: &str, amount: &str) -> String {
        let path = format!("{LEDGER}/authorizations");
        let answer = self.post(&path, LEDGER_TOKEN, &authorization(card, source, amount));
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.id()
    }

    /// Gives a card's account room for any amount of traffic.
    #[track_caller]
    pub(crate) fn raise_limit(&self, card: &str) {
        let path = format!("/operator/v1/accounts?card_token={card}");
        let found = self.get(&path, OPERATOR_KEY).json();
        let account = found.pointer("/items/0").unwrap_or(&found);
        let path = format!("/operator/v1/accounts/{}", account["account_no"].as_str().unwrap());
        let body = r#"{"credit_limit":"1000000000.00"}"#;
        let raised = self.connection().call("PATCH", &path, OPERATOR_KEY, body).unwrap();
        assert_eq!(raised.status, 200, "{}", raised.body);
    }

    /// SIGKILL, as a power cut for the process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As [`Server::kill`], while others still talk to it.
    pub(crate) fn kill_in_place(&self) {
        self.signal("KILL");
    }

    /// Sends SIGTERM.
    pub(crate) fn signal_terminate(&self) {
        self.signal("TERM");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status();
        assert!(status.unwrap().success());
    }

    /// Reads what it prints up to a line.
    #[track_caller]
    pub(crate) fn read_until(&mut self, last: &str) -> String {
        let mut text = String::new();
        while !text.contains(last) {
            let read = self.stdout.read_line(&mut text).unwrap();
            assert!(read > 0, "it ended before `{last}`:\n{text}");
        }
        text
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        // A full pipe would keep it from ending.
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.signal_terminate();
        self.wait()
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The body of an authorization in SEK.
pub(crate) fn authorization(card: &str, source: &str, amount: &str) -> String {
    format!(
        "{{\"sourceAuthorizationTransactionId\":\"{source}\",\"sellerNumber\":\"654\",\
         \"cardToken\":\"{card}\",\"type\":\"purchase\",\"pointOfSale\":\"Testshop\",\
         \"authorizationAmount\":{amount},\"currency\":\"SEK\"}}"
    )
}

/// The body of a capture.
pub(crate) fn purchase(authorization: &str, source: &str, amount: &str) -> String {
    format!(
        "{{\"authorizationId\":\"{authorization}\",\
         \"sourcePurchaseTransactionId\":\"{source}\",\"amount\":{amount}}}"
    )
}
