//! The failover rehearsal: three `PostgreSQL` nodes under Patroni, two `kassa serve` on them, load,
//! and a fault in each cycle.
//!
//! Goal: what was acknowledged is there afterwards, what was not is there once or not at all, and
//! every invariant of the ledger holds. Method: every request is remembered with its outcome, and
//! sent once more at the end. It takes about a minute for each cycle and is not part of CI.

mod cluster;
mod folder;
mod http;
mod load;
mod report;
mod servers;
mod tools;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::options::Options;
use cluster::Cluster;
use folder::{Folder, Signal};
use load::{CLIENTS, Load};
use report::{Cycle, Report};
use servers::{SERVERS, Servers};
use tools::Tools;

/// Cycles when nobody says.
const CYCLES: u64 = 10;

/// Load between two faults.
const QUIET: Duration = Duration::from_secs(4);

/// Acknowledgements after a fault from which on the load is said to flow again.
const FLOWING: u64 = 100;

/// How long it may take until then.
const FLOWING_MAX: Duration = Duration::from_mins(2);

/// How long the load may stand still before the leader that is gone or frozen comes back.
const AWAY_MAX: Duration = Duration::from_mins(1);

/// What befalls the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// All that runs on the leader's machine is killed: etcd, Patroni, `PostgreSQL`.
    Machine,
    /// The leader's `PostgreSQL` is killed, and its Patroni starts it again.
    Postgres,
    /// All that runs on the leader's machine stands still, and goes on after another one leads.
    Freeze,
    /// A server of ours is killed.
    Server,
}

impl Fault {
    const ALL: [Fault; 4] = [Fault::Machine, Fault::Postgres, Fault::Freeze, Fault::Server];

    /// Faults take turns; the loss of the leader's machine comes most often.
    const TURNS: [Fault; 5] =
        [Fault::Machine, Fault::Postgres, Fault::Machine, Fault::Freeze, Fault::Server];

    fn description(self) -> &'static str {
        match self {
            Fault::Machine => "leader's machine killed",
            Fault::Postgres => "leader's PostgreSQL killed",
            Fault::Freeze => "leader's machine frozen",
            Fault::Server => "one kassa killed",
        }
    }
}

/// Runs the rehearsal: `--cycles` says how many faults, `--keep` leaves all files.
pub(crate) fn failover(arguments: &[String]) -> anyhow::Result<()> {
    let (flags, numbers): (Vec<String>, Vec<String>) =
        arguments.iter().cloned().partition(|argument| argument == "--keep");
    let cycles = Options::read(&numbers, &["--cycles"])?.get("--cycles").unwrap_or(CYCLES);
    let tools = Tools::find()?;
    println!("{}", tools.versions()?);
    let folder = Folder::new()?;
    println!("{cycles} cycles in {}", folder.path().display());
    let verdict = rehearse(&tools, &folder, cycles);
    if !flags.is_empty() || verdict.is_err() {
        println!("its files are kept: {}", folder.keep()?.display());
    }
    verdict
}

fn rehearse(tools: &Tools, folder: &Folder, cycles: u64) -> anyhow::Result<()> {
    tools.hand_over(folder.path())?;
    let mut cluster = Cluster::start(tools, folder.path())?;
    let leader = cluster.leader().context("nobody leads")?;
    cluster.sql(leader, "postgres", "CREATE ROLE kassa LOGIN")?;
    cluster.sql(leader, "postgres", "CREATE DATABASE kassa OWNER kassa")?;
    let mut servers = Servers::new(tools, folder.path(), cluster.url("kassa", "kassa"))?;
    let load = Load::new(servers.open_shop()?);
    let cycles = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| load.run());
        }
        let cycles = under_load(&mut cluster, &mut servers, &load, cycles);
        load.end();
        cycles
    })?;
    let duration = load.elapsed();
    servers.check_running()?;
    println!("asking for everything once more");
    let (shop, outcomes) = load.outcomes();
    let settled = load::settle(&shop, &outcomes)?;
    let verify = servers.verify().map_err(|error| format!("{error:#}"));
    let report = Report { cycles, outcomes, settled, load: duration, verify };
    print!("{}", report.text());
    report.verdict()
}

/// Lets one fault after the other happen, and waits each time until all is whole again.
fn under_load(
    cluster: &mut Cluster,
    servers: &mut Servers,
    load: &Load,
    count: u64,
) -> anyhow::Result<Vec<Cycle>> {
    let mut cycles = Vec::new();
    wait_for_flow(load)?;
    for (number, fault) in (1..=count).zip(Fault::TURNS.into_iter().cycle()) {
        thread::sleep(QUIET);
        let leader = cluster.wait_until_whole()?;
        let before = load.count();
        let struck_at = load.elapsed();
        cycles.push(Cycle { fault, struck_at });
        match fault {
            Fault::Machine => {
                cluster.signal(leader, Signal::Kill)?;
                wait_while_away(load);
                cluster.restart(leader)?;
            }
            Fault::Postgres => cluster.kill_postgres(leader)?,
            Fault::Freeze => {
                cluster.signal(leader, Signal::Stop)?;
                wait_while_away(load);
                cluster.signal(leader, Signal::Continue)?;
            }
            Fault::Server => {
                let at = usize::try_from(number)? % SERVERS;
                servers.kill(at)?;
                wait_for_flow(load)?;
                servers.start(at)?;
            }
        }
        wait_for_flow(load)?;
        let next = cluster.wait_until_whole()?;
        servers.check_running()?;
        println!(
            "{number:>4}  {:<28} {} -> {}, whole after {:.1} s, {} acknowledged meanwhile",
            fault.description(),
            cluster.name(leader),
            cluster.name(next),
            load.elapsed().saturating_sub(struck_at).as_secs_f64(),
            load.count().saturating_sub(before),
        );
    }
    thread::sleep(QUIET);
    Ok(cycles)
}

/// Waits until the load flows without the leader. That it does not is an outage, and no loss.
fn wait_while_away(load: &Load) {
    if let Err(error) = wait_for_flow_at_most(load, AWAY_MAX) {
        println!("      {error:#} without the leader: it comes back now");
    }
}

fn wait_for_flow(load: &Load) -> anyhow::Result<()> {
    wait_for_flow_at_most(load, FLOWING_MAX)
}

/// Waits until the load flows. What was under way when a fault struck does not count.
fn wait_for_flow_at_most(load: &Load, wait_max: Duration) -> anyhow::Result<()> {
    let start = now();
    thread::sleep(Duration::from_secs(1));
    let before = load.count();
    while load.count() < before.saturating_add(FLOWING) {
        let waited = now().saturating_duration_since(start);
        ensure!(waited < wait_max, "the load does not flow after {} s", waited.as_secs());
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the rehearsal measures how long something takes")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_turn() {
        for fault in Fault::ALL {
            assert!(Fault::TURNS.contains(&fault), "{fault:?}");
        }
    }
}
