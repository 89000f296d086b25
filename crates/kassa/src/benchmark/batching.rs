//! `kassa bench batching`: an engine of this process on a database that was empty, and beside it
//! an ordinary application on the same database.

use anyhow::Context as _;
use bench::{BatchingOptions, Contender, Database, Request, run_batching};
use engine::{Clock as _, Command, Handle};
use ledger::{AuthorizationKind, Authorize, CardToken, Currency, Decimal, Instrument, Mount};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

use super::ledger::{Filling, HOT_CARDS, fill, write_card_token};
use super::print;
use super::seed::{COMPANY, SELLER};
use crate::clock::{SystemClock, monotonic};
use crate::command_line::BatchingBenchOptions;
use crate::installation::open_empty;
use crate::scratch::Scratch;
use crate::settings::BenchSettings;
use crate::terminal::note;

/// Runs the benchmark and prints its report.
///
/// # Errors
/// When there is no empty database on this machine, it fails, or a phase has no answer at all.
pub(crate) fn batching(options: &BatchingBenchOptions) -> anyhow::Result<()> {
    let BenchSettings { database, writers } = options.database.resolve()?;
    let database = database.context("name an empty database, with --database-url")?;
    let scratch = Scratch::new_in(options.data_dir.as_deref(), "bench")?;
    let postgres = open_empty(&database)?;
    let filling = Filling { accounts: options.accounts, cards: options.cards };
    fill(&mut postgres.writer(), filling)?;
    let writer = |_| -> Box<dyn Store> { Box::new(postgres.writer()) };
    let stores = (0..writers).map(writer).collect();
    let (handle, threads) = engine::spawn(stores, Arc::new(SystemClock));
    let database = Database {
        url: database.url.secret().to_owned(),
        data_dir: scratch.path().to_owned(),
        write_card_token,
        first_hot_card: options.cards,
        hot_cards: HOT_CARDS,
        used_bytes: Box::new(move || postgres.used_bytes().map_err(std::io::Error::other)),
        clock_ms: || SystemClock.now().0,
    };
    let engine = Batched(handle.clone());
    let report = run_batching(engine, &database, &batching_options(options, writers), &mut note);
    handle.close();
    // Who panicked has said so.
    drop(threads.join());
    let report = report?;
    print(options.json, &report, || serde_json::to_string(&report))
}

fn batching_options(options: &BatchingBenchOptions, writers: usize) -> BatchingOptions {
    BatchingOptions {
        callers: options.callers,
        connections: options.connections,
        writers,
        measured: Duration::from_secs(options.seconds),
        warmup: Duration::from_secs(options.warmup),
        accounts: options.accounts,
        cards: options.cards,
        rounds: options.rounds,
        now: monotonic,
    }
}

/// The engine, as the benchmark calls it.
struct Batched(Handle);

impl Contender for Batched {
    async fn authorize(&self, request: &Request) -> Result<(), String> {
        let command = authorize(request).ok_or("a request of the benchmark is none")?;
        self.0.submit(command).await.map(drop).map_err(|error| error.to_string())
    }

    fn transactions(&self) -> u64 {
        self.0.figures().batches
    }
}

/// What the surface makes of a request that says as little.
fn authorize(request: &Request) -> Option<Command> {
    let Request { card_token, source, amount_minor } = request;
    let (whole, cents) = (amount_minor / 100, amount_minor % 100);
    Some(Command::Authorize(Authorize {
        company: COMPANY.to_owned(),
        mount: Mount::CardTransaction,
        source: source.clone(),
        seller: SELLER.to_owned(),
        instrument: Instrument::Card(CardToken::parse(card_token)?),
        kind: AuthorizationKind::Purchase,
        point_of_sale: "Testshop".to_owned(),
        amount: Decimal::parse(&format!("{whole}.{cents:02}")).ok()?,
        currency: Currency::SEK.code().to_owned(),
        valid_to: None,
        method: None,
        channel: None,
    }))
}
