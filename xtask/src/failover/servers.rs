//! Two `kassa serve` on the cluster, and what they need to know before the first payment.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::cluster::{free_ports_of, local, start_in};
use super::http::{Connection, Reply, Request};
use super::now;
use super::tools::{Tools, output};

/// Servers on the one database.
pub(super) const SERVERS: usize = 2;

/// Accounts, each with one card.
pub(super) const ACCOUNTS: usize = 16;

/// The company and its seller, as paths and requests call them.
pub(super) const COMPANY: &str = "100";
pub(super) const SELLER: &str = "654";

/// How long a server may take to be ready.
const READY_MAX: Duration = Duration::from_mins(1);

/// How long an answer may take: longer than the server itself waits for an outcome.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(20);

/// The servers.
pub(super) struct Servers {
    program: PathBuf,
    database_url: String,
    key_file: PathBuf,
    all: Vec<Server>,
}

struct Server {
    folder: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
}

/// What the clients need.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) addresses: Vec<SocketAddr>,
    /// The token of the card ledger.
    pub(super) token: String,
    /// The key of the operator API.
    pub(super) key: String,
    /// Number of an account and token of its card.
    pub(super) accounts: Vec<(String, String)>,
}

impl Servers {
    /// Prepares the folders; nothing is started.
    pub(super) fn new(
        tools: &Tools,
        folder: &Path,
        database_url: String,
    ) -> anyhow::Result<Servers> {
        // A copy, so that a build meanwhile does not change what is rehearsed.
        let program = folder.join("kassa");
        fs::copy(&tools.kassa, &program)?;
        let key_file = folder.join("installation.key");
        fs::write(&key_file, "5a".repeat(32))?;
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600))?;
        let mut all = Vec::new();
        for (at, port) in free_ports_of(SERVERS)?.into_iter().enumerate() {
            let folder = folder.join(format!("server{}", at + 1));
            fs::create_dir(&folder)?;
            all.push(Server { folder, address: local(port), child: None });
        }
        Ok(Servers { program, database_url, key_file, all })
    }

    /// Configures company, seller and credentials, starts all servers, and opens the accounts.
    pub(super) fn open_shop(&mut self) -> anyhow::Result<Shop> {
        self.run(&["company", "add", COMPANY, "--name", "Credit", "--currencies", "SEK"])?;
        self.run(&["seller", "add", SELLER, "--company", COMPANY, "--name", "Shop"])?;
        let token = self.run(&["credential", "issue", "--company", COMPANY])?.trim().to_owned();
        let key = self.run(&["operator-key"])?.trim().to_owned();
        for at in 0..self.all.len() {
            self.start(at)?;
        }
        let addresses: Vec<SocketAddr> = self.all.iter().map(|server| server.address).collect();
        let first = *addresses.first().context("there is no server")?;
        let mut accounts = Vec::new();
        for number in 0..ACCOUNTS {
            accounts.push(open_account(first, &key, number)?);
        }
        Ok(Shop { addresses, token, key, accounts })
    }

    /// Starts a server and waits until it is ready.
    pub(super) fn start(&mut self, at: usize) -> anyhow::Result<()> {
        let mut command = self.command(&["serve"]);
        let server = self.all.get_mut(at).context("there is no such server")?;
        command.args(["--listen", &server.address.to_string()]);
        let child = start_in(&server.folder, &mut command, "log")?;
        let child = server.child.insert(child);
        let end = now() + READY_MAX;
        let ready = Request { method: "GET", path: "/readyz", token: "", body: "" };
        while now() < end {
            let log = server.folder.join("log");
            ensure!(child.try_wait()?.is_none(), "kassa has ended; see {}", log.display());
            let reply = Connection::new(server.address, ANSWER_MAX).call(ready);
            if reply.is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        bail!("kassa was not ready within {} s", READY_MAX.as_secs())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self, at: usize) -> anyhow::Result<()> {
        let server = self.all.get_mut(at).context("there is no such server")?;
        if let Some(mut child) = server.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Whether all servers still run that have been started.
    pub(super) fn check_running(&mut self) -> anyhow::Result<()> {
        for server in &mut self.all {
            if let Some(child) = server.child.as_mut()
                && let Some(status) = child.try_wait()?
            {
                bail!("a server has ended by itself ({status}); see {}", server.folder.display());
            }
        }
        Ok(())
    }

    /// Checks every invariant with the program's own command, and gives the last line it prints.
    pub(super) fn verify(&self) -> anyhow::Result<String> {
        let report = self.run(&["verify"])?;
        Ok(report.lines().last().unwrap_or_default().to_owned())
    }

    /// Runs one of the program's commands on the store.
    fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        output(&mut self.command(arguments))
    }

    /// The program with its settings, and with nothing of the environment that could be one.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KASSA_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).env("KASSA_DATABASE_URL", &self.database_url);
        command.env("KASSA_INSTALLATION_KEY_FILE", &self.key_file);
        command
    }
}

fn open_account(address: SocketAddr, key: &str, number: usize) -> anyhow::Result<(String, String)> {
    let body = format!(
        "{{\"company_number\":\"{COMPANY}\",\"currency\":\"SEK\",\
         \"credit_limit\":\"1000000000.00\",\"holder\":\"Holder {number}\"}}"
    );
    let account = create(address, "/operator/v1/accounts", key, &body)?;
    let account = account.text("account_no").context("an account without a number")?.to_owned();
    let card = create(address, &format!("/operator/v1/accounts/{account}/cards"), key, "{}")?;
    let card = card.text("card_token").context("a card without a token")?.to_owned();
    Ok((account, card))
}

fn create(address: SocketAddr, path: &str, token: &str, body: &str) -> anyhow::Result<Reply> {
    let request = Request { method: "POST", path, token, body };
    let reply = Connection::new(address, ANSWER_MAX).call(request);
    let reply = reply.with_context(|| format!("POST {path}"))?;
    ensure!(reply.status == 201, "POST {path}: {} {}", reply.status, reply.body);
    Ok(reply)
}
