//! A `PostgreSQL` server of one's own, for tests.
//!
//! Invariant: no server outlives the process that started it, however that process ends.
//!
//! Each [`Cluster`] is a server with a folder of its own, on a loopback port of its own. Tests
//! share nothing, so they may kill it. A start takes about a fifth of a second.
//!
//! Everything here panics when something is wrong: the callers are tests.

#![expect(clippy::panic, clippy::expect_used, reason = "a test that lacks its server has failed")]

mod installation;

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub use installation::Installation;
use installation::output;

/// Where the ports are taken from: below those that the kernel gives to outgoing connections (on
/// Linux from 32768). From among those, a client that tries a killed server again and again would
/// one day be connected to itself, and hold the port when the server returns.
const PORTS: Range<u16> = 10_000..30_000;

/// How many ports a start tries. Another test may take one between the look and the start.
const PORT_TRIES: usize = 8;

/// How often to look, and how many times, until the server answers or has ended: a minute.
const POLL: Duration = Duration::from_millis(10);
const POLLS: usize = 6_000;

/// What the server runs with, whatever its durability. Its shared memory is in files in its folder,
/// so that a killed server leaves none behind.
const SETTINGS: [&str; 5] = [
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_buffers=128MB",
    "dynamic_shared_memory_type=mmap",
    "log_line_prefix=%m [%p] %d ",
];

/// What a crash of the machine may take. A killed server loses nothing in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing is synced to disk: for tests that are not about the disk.
    Fast,
    /// `PostgreSQL`'s defaults: what is committed is on disk.
    Safe,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Durability::Fast => &["fsync=off", "full_page_writes=off"],
            Durability::Safe => &["fsync=on", "full_page_writes=on"],
        }
    }
}

/// The isolation that a database's transactions have unless they ask for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// `PostgreSQL`'s own default.
    ReadCommitted,
    /// One snapshot for the whole transaction.
    RepeatableRead,
    /// As if the transactions ran one after the other.
    Serializable,
}

impl Isolation {
    fn name(self) -> &'static str {
        match self {
            Isolation::ReadCommitted => "read committed",
            Isolation::RepeatableRead => "repeatable read",
            Isolation::Serializable => "serializable",
        }
    }
}

/// A `PostgreSQL` server with its folder; both are gone when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    installation: Installation,
    durability: Durability,
    folder: PathBuf,
    port: u16,
    /// How many databases were created.
    databases: AtomicU32,
    /// The processes, while there are any.
    server: Option<Server>,
}

/// The running server's processes.
#[derive(Debug)]
struct Server {
    /// The shell around the server, see `supervisor.sh`.
    supervisor: Child,
    /// Ends when the last of the server's processes has ended.
    watch: JoinHandle<()>,
}

impl Cluster {
    /// A new, empty cluster, ready for connections.
    pub fn start(durability: Durability) -> Cluster {
        let installation =
            Installation::find().unwrap_or_else(|| panic!("{}", Installation::ADVICE));
        let folder = installation.new_cluster();
        let databases = AtomicU32::new(0);
        let mut cluster =
            Cluster { installation, durability, folder, port: 0, databases, server: None };
        for port in free_ports().take(PORT_TRIES) {
            cluster.port = port;
            if cluster.launch() {
                return cluster;
            }
        }
        panic!("the server does not start:\n{}", cluster.log());
    }

    /// The port on 127.0.0.1; it stays the same over a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A new database's URL.
    pub fn create_database(&self) -> String {
        self.create_database_with(Isolation::ReadCommitted)
    }

    /// The URL of a new database whose transactions are isolated so by default.
    pub fn create_database_with(&self, isolation: Isolation) -> String {
        let name = format!("kassa_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        self.psql(
            "postgres",
            &format!(
                "ALTER DATABASE {name} SET default_transaction_isolation = '{}'",
                isolation.name()
            ),
        );
        format!("postgres://kassa@127.0.0.1:{}/{name}", self.port)
    }

    /// What `sql` prints: a line for each row, with `|` between columns.
    ///
    /// `database` is a name or a URL. Several statements are one transaction.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let mut command = self.installation.command("psql", &self.folder);
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "kassa"]);
        command.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]);
        output(command.args(["-d", database, "-c", sql])).trim_end().to_owned()
    }

    /// What the server logged since the cluster was made.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Ends every process of the server at once, as a crash does (SIGKILL), and waits until the
    /// last is gone. What had been committed is there after a [`Cluster::restart`].
    pub fn kill(&mut self) {
        self.end("KILL");
    }

    /// Shuts the server down in order (`PostgreSQL`'s *fast* shutdown): transactions that are open
    /// are rolled back, connections are closed, everything is written.
    pub fn stop(&mut self) {
        self.end("INT");
    }

    /// Starts the server again on the same port; one that runs is stopped first.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.launch(), "the server does not start again:\n{}", self.log());
    }

    /// Starts the server and waits for it; whether it takes connections, or has ended.
    fn launch(&mut self) -> bool {
        let mut command = self.installation.as_owner(Path::new("sh"), &self.folder);
        command.args(["-c", include_str!("supervisor.sh"), "sh"]).arg(&self.folder);
        command
            .arg(self.installation.program("postgres"))
            .args(["-D", "data", "-k"])
            .arg(&self.folder);
        command.args(["-p", &self.port.to_string()]);
        for setting in SETTINGS.iter().chain(self.durability.settings()) {
            command.args(["-c", setting]);
        }
        self.server = Some(Server::new(command.stderr(self.log_file())));
        for _ in 0..POLLS {
            if self.takes_connections() {
                return true;
            }
            if self.server.as_ref().is_none_or(|server| server.watch.is_finished()) {
                self.end("QUIT");
                return false;
            }
            std::thread::sleep(POLL);
        }
        panic!("the server neither starts nor ends:\n{}", self.log());
    }

    /// Asked over the socket in our own folder, where nobody else's server answers.
    fn takes_connections(&self) -> bool {
        let mut command = self.installation.command("pg_isready", &self.folder);
        command.arg("-q").arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]);
        command.status().is_ok_and(|status| status.success())
    }

    fn log_file(&self) -> File {
        let path = self.folder.join("log");
        let opened = File::options().create(true).append(true).open(path);
        opened.expect("a log can be made in the folder")
    }

    /// Ends the server, where one runs, by `signal`.
    fn end(&mut self, signal: &str) {
        if let Some(server) = self.server.take() {
            assert!(server.end(signal), "the server does not end:\n{}", self.log());
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            // A server that does not end is left to its supervisor; a second panic would end the
            // other tests of this process as well.
            server.end("");
        }
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

impl Server {
    fn new(supervisor: &mut Command) -> Server {
        // A group of its own, since whoever ends the test may end the test's whole group.
        supervisor.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut supervisor = supervisor.spawn().expect("there is a shell");
        let mut output = supervisor.stdout.take().expect("the output is a pipe");
        let watch = std::thread::spawn(move || {
            // The server prints nothing here: this waits until nobody could.
            std::io::copy(&mut output, &mut std::io::sink()).ok();
        });
        Server { supervisor, watch }
    }

    /// Ends the server by `signal`, or for good with its folder when that is empty; whether all its
    /// processes are gone.
    fn end(mut self, signal: &str) -> bool {
        if let Some(mut input) = self.supervisor.stdin.take()
            && !signal.is_empty()
        {
            writeln!(input, "{signal}").ok();
        }
        for _ in 0..POLLS {
            let ended = matches!(self.supervisor.try_wait(), Ok(Some(_)));
            if ended && self.watch.is_finished() {
                return true;
            }
            std::thread::sleep(POLL);
        }
        false
    }
}

/// Ports that nobody listens on, in an order that differs between processes and between calls.
fn free_ports() -> impl Iterator<Item = u16> {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let process = usize::try_from(std::process::id()).unwrap_or_default();
    let first = process.wrapping_mul(101).wrapping_add(CALLS.fetch_add(13, Ordering::Relaxed));
    PORTS
        .cycle()
        .skip(first % PORTS.len())
        .take(PORTS.len())
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};
    use std::process::{Child, Stdio};

    use super::{Cluster, Durability, Isolation};

    /// Goal: what was committed survives whatever ends the server. Method: a row each is written
    /// before the server is killed, with a connection in the middle of a statement, and before it
    /// is stopped; all are read after the last start.
    fn check_restarts(durability: Durability) {
        let mut cluster = Cluster::start(durability);
        let database = cluster.create_database();
        let url = cluster.create_database();
        assert_ne!(database, url);
        cluster.psql(&url, "CREATE TABLE entry (id INT8 PRIMARY KEY)");
        cluster.psql(&url, "INSERT INTO entry VALUES (1)");
        let port = cluster.port();
        let mut sleeper = sleeper(&cluster, &url);
        cluster.kill();
        assert!(!sleeper.wait().unwrap().success(), "a statement ends with its server");
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
        cluster.restart();
        assert_eq!(cluster.port(), port);
        cluster.psql(&url, "INSERT INTO entry VALUES (2)");
        cluster.stop();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
        cluster.restart();
        cluster.restart();
        assert_eq!(cluster.psql(&url, "SELECT id FROM entry ORDER BY id"), "1\n2");
    }

    /// A client in the middle of a statement of ten minutes.
    fn sleeper(cluster: &Cluster, url: &str) -> Child {
        let mut command = cluster.installation.command("psql", &cluster.folder);
        command.args(["-X", "-q", "-d", url, "-c", "SELECT pg_sleep(600)"]);
        let sleeper = command.stderr(Stdio::null()).spawn().unwrap();
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        while cluster.psql(url, sleeping) != "1" {
            std::thread::yield_now();
        }
        sleeper
    }

    #[test]
    fn what_is_committed_survives_without_syncing() {
        check_restarts(Durability::Fast);
    }

    #[test]
    fn what_is_committed_survives_with_syncing() {
        check_restarts(Durability::Safe);
    }

    #[test]
    fn a_database_has_the_isolation_it_was_created_with() {
        let cluster = Cluster::start(Durability::Fast);
        let check = |url: &str, expected: &str| {
            assert_eq!(cluster.psql(url, "SHOW transaction_isolation"), expected);
        };
        check(&cluster.create_database(), "read committed");
        let serializable = cluster.create_database_with(Isolation::Serializable);
        check(&serializable, "serializable");
        check(&cluster.create_database_with(Isolation::RepeatableRead), "repeatable read");
        assert_eq!(cluster.psql("postgres", "SHOW fsync"), "off");
        assert_eq!(cluster.psql("postgres", "SHOW synchronous_commit"), "on");
    }

    /// Goal: nothing is left when the test's process dies. Method: the kernel closes a dead
    /// process's pipes, so the test closes the supervisor's, and does nothing more.
    #[test]
    fn without_its_test_a_server_and_its_folder_go() {
        let mut cluster = Cluster::start(Durability::Fast);
        let mut server = cluster.server.take().unwrap();
        drop(server.supervisor.stdin.take());
        assert!(server.supervisor.wait().unwrap().success());
        server.watch.join().unwrap();
        assert!(!cluster.folder.exists());
    }

    #[test]
    fn a_dropped_cluster_leaves_nothing() {
        let running = Cluster::start(Durability::Fast);
        let mut killed = Cluster::start(Durability::Fast);
        killed.kill();
        assert_ne!(running.port(), killed.port());
        let folders = [running.folder.clone(), killed.folder.clone()];
        assert!(folders.iter().all(|folder| folder.exists()));
        drop((running, killed));
        assert!(!folders.iter().any(|folder| folder.exists()));
    }
}
