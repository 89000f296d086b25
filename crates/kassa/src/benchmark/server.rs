//! The server under load: this same program, in a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use payments::Psp;

use crate::client::{Request, send};
use crate::settings::{self, StoreSettings};

/// How often, and how many times, the server is asked whether it is ready.
const READY_PAUSE: Duration = Duration::from_millis(20);
const READY_TRIES: u32 = 500;

/// A server in a process of its own, which ends with this value.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts this same program on a store, with PSPs that are stand-ins, if any, and waits until
    /// it is ready.
    pub(super) fn start(
        settings: &StoreSettings,
        writers: usize,
        psps: &BTreeMap<Psp, String>,
    ) -> anyhow::Result<Server> {
        let child = server_process(settings, writers, psps)?.spawn();
        let child = child.context("could not start the server")?;
        let mut server = Server { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let stdout = server.child.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("the server says nothing")?;
        let address = line.trim().rsplit("http://").next().and_then(|text| text.parse().ok());
        server.address = address.context("the server does not say where it listens")?;
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let request = Request { method: "GET", path: "/readyz", token: "", body: "" };
        for _ in 0..READY_TRIES {
            if send(self.address, request).is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            std::thread::sleep(READY_PAUSE);
        }
        bail!("the server at {} did not become ready", self.address)
    }
}

/// How the server is started: with its settings and no others, whatever the environment and the
/// file on this machine say. The database's URL goes where other users cannot see it.
fn server_process(
    settings: &StoreSettings,
    writers: usize,
    psps: &BTreeMap<Psp, String>,
) -> anyhow::Result<Process> {
    let program: PathBuf = std::env::current_exe().context("where is this program?")?;
    let empty = settings.data_dir.join("bench.toml");
    std::fs::write(&empty, "").with_context(|| format!("could not write {}", empty.display()))?;
    let mut process = Process::new(program);
    process
        .args(["serve", "--bench-ceiling", "--listen", "127.0.0.1:0", "--log-level", "warn"])
        .args(["--writers", &writers.to_string()])
        .arg("--data-dir")
        .arg(&settings.data_dir)
        .arg("--config")
        .arg(&empty)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for (psp, base) in psps {
        process.arg(format!("--{}-url", psp.as_str())).arg(base);
    }
    if !psps.is_empty() {
        process.args(["--psp-simulators", "allowed"]);
    }
    for variable in settings::variables() {
        process.env_remove(variable);
    }
    if let Some(database) = &settings.database {
        process.env(settings::DATABASE_URL_VARIABLE, database.url.secret());
        if let Some(file) = &database.ca_file {
            process.arg("--database-ca-file").arg(file);
        }
    }
    Ok(process)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody goes on with its store, so there is nothing to end in order.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// The URL is in the environment and not among the arguments; no setting of this process gets
    /// through.
    #[test]
    fn the_server_gets_its_database_and_nothing_else() {
        let scratch = Scratch::new("bench-server").unwrap();
        let url = "postgres://kassa:hunter2@db/kassa";
        let environment = |name: &str| (name == "KASSA_DATABASE_URL").then(|| url.to_owned());
        let database = settings::ForStore::default().resolve(&environment).unwrap().database;
        let settings = StoreSettings { database, ..StoreSettings::embedded(scratch.path()) };
        let psps = [(Psp::Swish, "http://127.0.0.1:1/swish".to_owned())].into();
        let process = server_process(&settings, 3, &psps).unwrap();
        let arguments: Vec<_> = process.get_args().map(|text| text.to_str().unwrap()).collect();
        assert!(!arguments.iter().any(|text| text.contains("hunter2")), "{arguments:?}");
        for expected in [
            ["--writers", "3"],
            ["--swish-url", "http://127.0.0.1:1/swish"],
            ["--psp-simulators", "allowed"],
        ] {
            assert!(arguments.windows(2).any(|pair| pair == expected), "{arguments:?}");
        }
        for (name, value) in process.get_envs() {
            let expected = (name == "KASSA_DATABASE_URL").then_some(url);
            assert_eq!(value.map(|value| value.to_str().unwrap()), expected);
        }
        assert_eq!(process.get_envs().count(), settings::variables().count());
    }
}
