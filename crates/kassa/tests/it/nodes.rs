//! Several servers on one `PostgreSQL` database: what one does the others know, and any of them,
//! or the database, may be killed at any time.

mod clearing;
mod commands;
mod crash;
mod estate;
mod races;
mod secrecy;
mod together;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use cluster::{Cluster, Durability, Isolation};

use crate::server::{
    Folder, Server, check_verified, kassa, printed, serve_on, wait_at_most, wait_until,
};

/// A database, and all that a node needs to work on it. Gone after the test, which has looked
/// through the nodes' logs with [`Site::check_logs`].
pub(crate) struct Site {
    cluster: Cluster,
    url: String,
    /// The key's, and the logs'.
    folder: Folder,
    nodes: AtomicU32,
}

impl Site {
    /// An empty database, and a key.
    fn empty(durability: Durability, isolation: Isolation) -> Site {
        let cluster = Cluster::start(durability);
        let url = cluster.create_database_with(isolation);
        let folder = Folder::new("nodes");
        let site = Site { cluster, url, folder, nodes: AtomicU32::new(0) };
        write_key(&site.data_dir().join("installation.key"), "5a");
        site
    }

    /// The demo installation, moved to a database.
    pub(crate) fn with_demo(durability: Durability, isolation: Isolation) -> Site {
        let cluster = Cluster::start(durability);
        let url = cluster.create_database_with(isolation);
        let folder = Folder::with_demo("nodes");
        let mut copy = kassa(&["store", "copy", "--to", &url, "--from"]);
        printed(copy.arg(folder.path()));
        Site { cluster, url, folder, nodes: AtomicU32::new(0) }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// A command on the database.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = kassa(arguments);
        command.env("KASSA_DATABASE_URL", &self.url).arg("--data-dir").arg(self.data_dir());
        command
    }

    /// What a command prints that must succeed.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        printed(&mut self.command(arguments))
    }

    /// What a command says that must fail.
    #[track_caller]
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        error
    }

    #[track_caller]
    pub(crate) fn verify(&self) {
        check_verified(&self.run(&["verify"]));
    }

    /// Starts a node.
    fn node(&self) -> Server {
        Server::start(self.serve())
    }

    /// Starts two nodes at once.
    fn two_nodes(&self) -> [Server; 2] {
        thread::scope(|scope| {
            let second = scope.spawn(|| self.node());
            [self.node(), second.join().unwrap()]
        })
    }

    /// `kassa serve`, with a log of its own.
    pub(crate) fn serve(&self) -> Command {
        let mut command = serve_on(self.data_dir());
        let log = File::create(self.new_log()).unwrap();
        command.env("KASSA_DATABASE_URL", &self.url).stderr(log);
        command
    }

    fn new_log(&self) -> PathBuf {
        let number = self.nodes.fetch_add(1, Ordering::Relaxed);
        self.data_dir().join(format!("node-{number}.log"))
    }

    /// What all nodes have logged, the first one's first.
    pub(crate) fn logs(&self) -> String {
        let count = self.nodes.load(Ordering::Relaxed);
        let log = |number| self.data_dir().join(format!("node-{number}.log"));
        (0..count).map(|number| fs::read_to_string(log(number)).unwrap_or_default()).collect()
    }

    /// Checks that no node has met what should not happen.
    #[track_caller]
    pub(crate) fn check_logs(&self) {
        let logs = self.logs();
        for line in logs.lines() {
            assert!(!line.contains("hit a bug") && !line.contains("panicked"), "{line}");
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("what the nodes logged:\n{}", self.logs());
        }
    }
}

/// Writes a key of 32 times the same byte, which only its owner may read.
fn write_key(path: &Path, byte: &str) {
    fs::write(path, byte.repeat(32)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Whether a node says that it is ready; `None` when it says something else than yes or no.
fn readiness(node: &Server) -> Option<bool> {
    match node.get("/readyz", "").status {
        200 => Some(true),
        503 => Some(false),
        _ => None,
    }
}
