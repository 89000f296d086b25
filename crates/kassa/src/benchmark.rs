//! `kassa bench`: a fresh store, or an empty database that it was given; a server of its own on it,
//! load, and a report.
//!
//! Invariant: nothing is filled but what was made for it or is empty. The server is gone when it
//! ends, and so is a fresh store.

mod batching;
mod estate;
mod ledger;
mod notifications;
mod payments;
mod reconcile;
mod seed;
mod server;
mod stand_ins;

pub(crate) use batching::batching;
pub(crate) use estate::estate;
pub(crate) use ledger::ledger;
pub(crate) use notifications::notifications;
pub(crate) use payments::payments;
pub(crate) use reconcile::reconcile;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use ::payments::Psp;
use anyhow::Context as _;
use bench::Pace;
use engine::{Clock as _, Verb, Work, run_work};
use store::{SqliteStore, Store};

use self::server::Server;
use crate::clock::{SystemClock, monotonic};
use crate::command_line::{BenchGroundOptions, BenchRunOptions};
use crate::installation::{Installation, Opening, open_empty};
use crate::scratch::Scratch;
use crate::settings::{BenchSettings, StoreSettings};
use crate::terminal::{note, say};

const ACTOR: &str = "benchmark";

/// Commands of one batch while the store is filled.
const BATCH: usize = 1024;

/// How often the filling is told of, in commands.
const PROGRESS_EVERY: usize = 100_000;

/// Fills a store, starts a server on it, whose PSPs are where `psps` says, and lets `measure` load
/// it; both get on with what `fill` has left.
fn on_server<T>(
    options: &BenchGroundOptions,
    psps: &BTreeMap<Psp, String>,
    fill: impl FnOnce(Installation) -> anyhow::Result<T>,
    measure: impl FnOnce(bench::Server, T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let scratch = Scratch::new_in(options.data_dir.as_deref(), "bench")?;
    let BenchSettings { database, writers } = options.database.resolve()?;
    let settings = StoreSettings { database, ..StoreSettings::embedded(scratch.path()) };
    let postgres = settings.database.as_ref().map(open_empty).transpose()?;
    let filled = fill(Installation::open(&settings, &Opening::default())?)?;
    let server = Server::start(&settings, writers, psps)?;
    let under_load = bench::Server {
        address: server.address,
        pid: server.pid(),
        data_dir: scratch.path().to_owned(),
        bytes_on_disk: match postgres {
            None => Box::new(used_bytes),
            Some(postgres) => {
                Box::new(move |_| postgres.used_bytes().map_err(std::io::Error::other))
            }
        },
    };
    measure(under_load, filled)
}

/// The store's own count: the database grows ahead of its rows, so its length says less.
fn used_bytes(data_dir: &Path) -> std::io::Result<u64> {
    SqliteStore::used_bytes(data_dir).map_err(std::io::Error::other)
}

fn pace(options: &BenchRunOptions) -> Pace {
    Pace {
        connections: options.connections.clone(),
        measured: Duration::from_secs(options.seconds),
        warmup: Duration::from_secs(options.warmup),
        rounds: options.rounds,
        ..Pace::new(monotonic)
    }
}

/// Prints a report, for people or as JSON.
fn print(
    is_json: bool,
    report: &dyn Display,
    as_json: impl FnOnce() -> serde_json::Result<String>,
) -> anyhow::Result<()> {
    if is_json {
        say(&as_json().context("the report is no JSON")?);
    } else {
        say(report.to_string().trim_end());
    }
    Ok(())
}

/// Runs commands the way that requests would, in large batches, and gives each answer to `done`.
fn each_batch<C: Verb>(
    store: &mut dyn Store,
    what: &str,
    commands: impl Iterator<Item = anyhow::Result<C>>,
    done: &mut dyn FnMut(C::Answer),
) -> anyhow::Result<()>
where
    C::Refusal: std::error::Error + Send + Sync + 'static,
{
    let mut commands = commands.map(|command| command.map(Verb::work)).peekable();
    let mut count = 0_usize;
    while commands.peek().is_some() {
        let batch: Vec<Work> = commands.by_ref().take(BATCH).collect::<anyhow::Result<_>>()?;
        let decisions = run_work(store, &batch, SystemClock.now()).context("the store failed")?;
        store.maintain();
        for decision in decisions {
            done(C::reply(decision).context("a command was refused")?);
            count = count.saturating_add(1);
            if count.is_multiple_of(PROGRESS_EVERY) {
                note(&format!("  {count} {what}"));
            }
        }
    }
    Ok(())
}
