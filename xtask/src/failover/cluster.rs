//! Three nodes, each with an etcd, a Patroni and its `PostgreSQL`, on free ports of this machine.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::folder::{Signal, signal_all};
use super::http::{Connection, Request};
use super::now;
use super::tools::{Tools, output};

/// Nodes in the cluster.
pub(super) const NODES: usize = 3;

/// Seconds without a word from the leader after which another one is elected.
pub(super) const TTL_SECONDS: u64 = 20;
/// Seconds between two rounds of Patroni.
pub(super) const LOOP_SECONDS: u64 = 5;
/// Seconds that Patroni tries to reach etcd or `PostgreSQL` before it gives up.
pub(super) const RETRY_SECONDS: u64 = 5;

/// How long the cluster may take to become whole.
const WHOLE_MAX: Duration = Duration::from_mins(3);

/// How long a look at a node may take.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// How often it is looked again.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Whether the leader has two standbys that stream, one of them synchronous.
const IS_WHOLE: &str = "SELECT count(*) = 2 AND coalesce(bool_or(sync_state = 'sync'), false) \
                        FROM pg_stat_replication WHERE state = 'streaming'";

/// The cluster.
pub(super) struct Cluster {
    tools: Tools,
    nodes: Vec<Node>,
}

/// One machine of it. All its processes work in its folder.
pub(super) struct Node {
    name: String,
    folder: PathBuf,
    ports: Ports,
    /// The value of etcd's `--initial-cluster`.
    peers: String,
    children: Vec<Child>,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    postgres: u16,
    patroni: u16,
    etcd: u16,
    etcd_peer: u16,
}

impl Cluster {
    /// Makes a new cluster under `folder` and waits until it is whole.
    pub(super) fn start(tools: &Tools, folder: &Path) -> anyhow::Result<Cluster> {
        let ports = free_ports(NODES)?;
        let names: Vec<String> = (1..=NODES).map(|number| format!("node{number}")).collect();
        let peers: Vec<String> = (names.iter().zip(&ports))
            .map(|(name, ports)| format!("{name}={}", url(ports.etcd_peer)))
            .collect();
        let peers = peers.join(",");
        let hosts: Vec<String> = ports.iter().map(|ports| local(ports.etcd).to_string()).collect();
        let mut cluster = Cluster { tools: tools.clone(), nodes: Vec::new() };
        for (name, ports) in names.into_iter().zip(ports) {
            let folder = folder.join(&name);
            fs::create_dir(&folder)?;
            let configuration = configuration(tools, &name, ports, &hosts.join(","), &folder);
            fs::write(folder.join("patroni.yml"), configuration)?;
            tools.hand_over(&folder)?;
            let node = Node { name, folder, ports, peers: peers.clone(), children: Vec::new() };
            cluster.nodes.push(node);
        }
        for at in 0..NODES {
            cluster.restart(at)?;
        }
        cluster.wait_until_whole()?;
        Ok(cluster)
    }

    /// The URL under which a client finds whoever leads.
    pub(super) fn url(&self, user: &str, database: &str) -> String {
        let hosts: Vec<String> =
            self.nodes.iter().map(|node| local(node.ports.postgres).to_string()).collect();
        let hosts = hosts.join(",");
        format!(
            "postgres://{user}@{hosts}/{database}?target_session_attrs=read-write&connect_timeout=2"
        )
    }

    /// Starts what a node consists of; it finds its data where it left them.
    pub(super) fn restart(&mut self, at: usize) -> anyhow::Result<()> {
        let tools = self.tools.clone();
        let node = self.node_mut(at)?;
        for mut child in node.children.drain(..) {
            child.kill().ok();
            child.wait().ok();
        }
        let etcd = node.start(&mut node.etcd(&tools), "etcd.log")?;
        let mut patroni = tools.command(&tools.patroni);
        let patroni = node.start(patroni.arg(node.folder.join("patroni.yml")), "patroni.log")?;
        node.children.extend([etcd, patroni]);
        Ok(())
    }

    /// Sends a signal to all processes of a node, as if it concerned the machine.
    pub(super) fn signal(&self, at: usize, what: Signal) -> anyhow::Result<()> {
        signal_all(&self.node(at)?.folder, what)
    }

    /// Kills `PostgreSQL` alone, so that Patroni sees it and starts it again.
    pub(super) fn kill_postgres(&self, at: usize) -> anyhow::Result<()> {
        signal_all(&self.node(at)?.data(), Signal::Kill)
    }

    /// The node that leads, if one says so.
    pub(super) fn leader(&self) -> Option<usize> {
        self.nodes.iter().position(|node| node.answers("/primary"))
    }

    /// The name of a node, for people.
    pub(super) fn name(&self, at: usize) -> &str {
        self.nodes.get(at).map_or("?", |node| &node.name)
    }

    /// Waits until one node leads and two others stream from it, and gives the leader.
    ///
    /// One of them must be synchronous, and etcd must know it: `PostgreSQL` waits for a standby
    /// some seconds before Patroni writes down that it may be promoted. A leader that is lost in
    /// between has no successor until it is back.
    pub(super) fn wait_until_whole(&self) -> anyhow::Result<usize> {
        let end = now() + WHOLE_MAX;
        while now() < end {
            if let Some(leader) = self.leader()
                && self.nodes.iter().any(|node| node.answers("/sync"))
                && self.sql(leader, "postgres", IS_WHOLE).is_ok_and(|answer| answer == "t")
            {
                return Ok(leader);
            }
            thread::sleep(LOOK_INTERVAL);
        }
        bail!("the cluster was not whole again within {} s", WHOLE_MAX.as_secs())
    }

    /// Runs a statement on a node, and gives its one answer.
    pub(super) fn sql(&self, at: usize, database: &str, statement: &str) -> anyhow::Result<String> {
        let port = self.node(at)?.ports.postgres.to_string();
        let mut psql = Command::new(self.tools.postgres.join("psql"));
        psql.args(["-XqAt", "-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", database]);
        psql.env("PGCONNECT_TIMEOUT", "2").args(["-v", "ON_ERROR_STOP=1", "-c", statement]);
        Ok(output(&mut psql)?.trim().to_owned())
    }

    fn node(&self, at: usize) -> anyhow::Result<&Node> {
        self.nodes.get(at).context("there is no such node")
    }

    fn node_mut(&mut self, at: usize) -> anyhow::Result<&mut Node> {
        self.nodes.get_mut(at).context("there is no such node")
    }
}

impl Node {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Whether the node's Patroni says yes to what `path` asks.
    fn answers(&self, path: &str) -> bool {
        let request = Request { method: "GET", path, token: "", body: "" };
        let reply = Connection::new(local(self.ports.patroni), LOOK_MAX).call(request);
        reply.is_ok_and(|reply| reply.status == 200)
    }

    fn etcd(&self, tools: &Tools) -> Command {
        let (client, peer) = (url(self.ports.etcd), url(self.ports.etcd_peer));
        let mut command = tools.command(&tools.etcd);
        command.args(["--name", &self.name, "--data-dir", "etcd"]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &self.peers, "--initial-cluster-state", "new"]);
        command
    }

    /// Starts a program in the node's folder, its output going to the end of a file there.
    fn start(&self, command: &mut Command, log: &str) -> anyhow::Result<Child> {
        start_in(&self.folder, command, log)
    }
}

/// Starts a program in `folder`, its output going to the end of the file `log` there.
pub(super) fn start_in(folder: &Path, command: &mut Command, log: &str) -> anyhow::Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join(log))?;
    command.current_dir(folder).stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log);
    command.spawn().with_context(|| format!("cannot start `{}`", crate::process::describe(command)))
}

/// Ports that nobody uses.
pub(super) fn free_ports_of(count: usize) -> anyhow::Result<Vec<u16>> {
    let listeners: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind(local(0))).collect::<Result<_, _>>()?;
    Ok(listeners
        .iter()
        .map(|held| Ok(held.local_addr()?.port()))
        .collect::<std::io::Result<_>>()?)
}

fn free_ports(nodes: usize) -> anyhow::Result<Vec<Ports>> {
    let ports = free_ports_of(nodes * 4)?;
    let of_node = |ports: &[u16]| match *ports {
        [postgres, patroni, etcd, etcd_peer] => Some(Ports { postgres, patroni, etcd, etcd_peer }),
        _ => None,
    };
    ports.chunks(4).map(of_node).collect::<Option<_>>().context("too few free ports")
}

/// A port of this machine.
pub(super) fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn url(port: u16) -> String {
    format!("http://{}", local(port))
}

/// What Patroni reads. JSON strings are YAML too, and need no care for indentation.
fn configuration(tools: &Tools, name: &str, ports: Ports, etcd: &str, folder: &Path) -> String {
    let (api, postgres) = (local(ports.patroni), local(ports.postgres));
    let (bin, data, pgpass) = (&tools.postgres, folder.join("data"), folder.join("pgpass"));
    let (bin, data, pgpass) = (bin.display(), data.display(), pgpass.display());
    let mut text = format!(
        "scope: kassa\nname: {name}\n\
         restapi: {{listen: \"{api}\", connect_address: \"{api}\"}}\n\
         etcd3: {{hosts: \"{etcd}\"}}\n"
    );
    let shared = format!(
        "bootstrap:\n  dcs:\n    ttl: {TTL_SECONDS}\n    loop_wait: {LOOP_SECONDS}\n    \
         retry_timeout: {RETRY_SECONDS}\n    maximum_lag_on_failover: 1048576\n    \
         synchronous_mode: true\n    synchronous_mode_strict: true\n    postgresql:\n      \
         use_pg_rewind: true\n      use_slots: true\n      \
         parameters: {{synchronous_commit: \"on\", wal_log_hints: \"on\", \
         max_connections: 100}}\n  \
         initdb: [data-checksums, {{encoding: UTF8}}, {{locale: C}}]\n"
    );
    let own = format!(
        "postgresql:\n  listen: \"{postgres}\"\n  connect_address: \"{postgres}\"\n  \
         data_dir: \"{data}\"\n  bin_dir: \"{bin}\"\n  pgpass: \"{pgpass}\"\n  \
         authentication:\n    superuser: {{username: postgres}}\n    \
         replication: {{username: replicator}}\n    rewind: {{username: rewinder}}\n  \
         parameters: {{unix_socket_directories: \"\", shared_buffers: 64MB}}\n"
    );
    let trust = "  pg_hba: [\"host all all 127.0.0.1/32 trust\", \
                 \"host replication all 127.0.0.1/32 trust\"]\n";
    write!(text, "{shared}{own}{trust}").ok();
    text
}
