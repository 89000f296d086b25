//! `kassa bench ledger`: a fresh store, or an empty database that it was given; a server of its own
//! on it, load, and a report.
//!
//! Invariant: nothing is filled but what was made for it or is empty. The server is gone when it
//! ends, and so is a fresh store.

mod batching;

pub(crate) use batching::batching;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bench::{LedgerOptions, Target, run_ledger};
use engine::{Clock as _, Command, run_batch};
use ledger::books::Done;
use ledger::limits::{AMOUNT_MINOR_MAX, AUTHORIZATION_DAYS_DEFAULT};
use ledger::{
    AccountId, AccountNo, AddCard, AddCompany, AddSeller, Answer, CardToken, Contract, Currency,
    Decimal, IssueCredential, OpenAccount, Scope, Zone,
};
use store::{SqliteStore, Store};
use surfaces::http::secrets::secret_hash;

use crate::client::{Request, send};
use crate::clock::{SystemClock, monotonic};
use crate::command_line::LedgerBenchOptions;
use crate::installation::{Installation, Opening, open_empty};
use crate::scratch::Scratch;
use crate::settings::{self, BenchSettings, StoreSettings};
use crate::terminal::{note, say};

const COMPANY: &str = "100";
const SELLER: &str = "654";
const TOKEN: &str = "bench-ledger-token-00000000000000";
const ACTOR: &str = "benchmark";

/// The cards of the one account that takes all load in its phase.
const HOT_CARDS: u64 = 16;

/// Commands of one batch while the store is filled.
const BATCH: usize = 1024;

/// How often the filling is told of, in commands.
const PROGRESS_EVERY: usize = 100_000;

/// How often, and how many times, the server is asked whether it is ready.
const READY_PAUSE: Duration = Duration::from_millis(20);
const READY_TRIES: u32 = 500;

/// Runs the benchmark and prints its report.
///
/// # Errors
/// When the store cannot be filled, the server does not start, or a phase has no answer at all.
pub(crate) fn ledger(options: &LedgerBenchOptions) -> anyhow::Result<()> {
    let scratch = Scratch::new_in(options.data_dir.as_deref(), "bench")?;
    let BenchSettings { database, writers } = options.database.resolve()?;
    let settings = StoreSettings { database, ..StoreSettings::embedded(scratch.path()) };
    let postgres = settings.database.as_ref().map(open_empty).transpose()?;
    let mut installation = Installation::open(&settings, &Opening::default())?;
    let filling = Filling { accounts: options.accounts, cards: options.cards };
    fill(installation.store.as_mut(), filling)?;
    drop(installation);
    let server = Server::start(&settings, writers)?;
    let target = Target {
        address: server.address,
        server_pid: server.child.id(),
        data_dir: scratch.path().to_owned(),
        bearer_token: TOKEN.to_owned(),
        company_number: COMPANY.to_owned(),
        seller_number: SELLER.to_owned(),
        write_card_token,
        hot_cards: (0..HOT_CARDS).map(|card| options.cards.saturating_add(card)).collect(),
        source_prefix: "bench-".to_owned(),
        bytes_on_disk: match postgres {
            None => Box::new(used_bytes),
            Some(postgres) => {
                Box::new(move |_| postgres.used_bytes().map_err(std::io::Error::other))
            }
        },
    };
    let report = run_ledger(&target, &ledger_options(options), &mut note)?;
    if options.json {
        say(&serde_json::to_string(&report).context("the report is no JSON")?);
    } else {
        say(report.to_string().trim_end());
    }
    Ok(())
}

/// The store's own count: the database grows ahead of its rows, so its length says less.
fn used_bytes(data_dir: &Path) -> std::io::Result<u64> {
    SqliteStore::used_bytes(data_dir).map_err(std::io::Error::other)
}

fn ledger_options(options: &LedgerBenchOptions) -> LedgerOptions {
    let mut ledger = LedgerOptions::new(monotonic);
    ledger.connections.clone_from(&options.connections);
    ledger.measured = Duration::from_secs(options.seconds);
    ledger.warmup = Duration::from_secs(options.warmup);
    ledger.accounts = options.accounts;
    ledger.cards = options.cards;
    ledger.rounds = options.rounds;
    ledger
}

/// Appends the token of a card: spread like a random one, and never the same twice.
fn write_card_token(card: u64, token: &mut Vec<u8>) {
    // An odd factor maps 64-bit numbers one to one; this one scatters neighbours (2⁶⁴ / φ).
    let scattered = card.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    token.extend_from_slice(format!("{scattered:016x}").as_bytes());
}

fn card_token(card: u64) -> anyhow::Result<CardToken> {
    let mut token = Vec::new();
    write_card_token(card, &mut token);
    let token = str::from_utf8(&token).ok().and_then(CardToken::parse);
    token.context("a card token of the benchmark")
}

/// What a store is filled with, beside the hot account and its cards.
#[derive(Clone, Copy, Debug)]
struct Filling {
    accounts: u64,
    /// Spread over the accounts.
    cards: u64,
}

/// Fills the store the way that requests would, in large batches.
fn fill(store: &mut dyn Store, options: Filling) -> anyhow::Result<()> {
    ensure!(options.accounts <= options.cards, "there must be a card for each account");
    note(&format!("filling the store: {} accounts, {} cards", options.accounts, options.cards));
    submit(store, &[company()?, seller(), credential()])?;
    let limit = Decimal::parse(&(AMOUNT_MINOR_MAX / 100).to_string()).context("the limit")?;
    let hot = options.accounts;
    let mut accounts = Vec::new();
    let openings = (0..=hot).map(|_| Ok(open_account(limit)));
    each_batch(store, "accounts", openings, &mut |answers| {
        accounts.extend(answers.iter().filter_map(opened));
    })?;
    ensure!(accounts.len() > 1, "no account was opened");
    let hot_account = accounts.pop().context("no account was opened")?;
    let cards = (0..options.cards).map(|card| {
        let account = card.checked_rem(options.accounts).and_then(|at| usize::try_from(at).ok());
        let account = account.and_then(|at| accounts.get(at)).context("a card has no account")?;
        add_card(*account, card)
    });
    let hot_cards =
        (0..HOT_CARDS).map(|card| add_card(hot_account, options.cards.saturating_add(card)));
    each_batch(store, "cards", cards.chain(hot_cards), &mut |_| {})
}

fn each_batch(
    store: &mut dyn Store,
    what: &str,
    commands: impl Iterator<Item = anyhow::Result<Command>>,
    done: &mut dyn FnMut(Vec<Answer>),
) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut count = 0_usize;
    for command in commands {
        batch.push(command?);
        count = count.saturating_add(1);
        if batch.len() == BATCH {
            done(submit(store, &batch)?);
            batch.clear();
        }
        if count.is_multiple_of(PROGRESS_EVERY) {
            note(&format!("  {count} {what}"));
        }
    }
    done(submit(store, &batch)?);
    Ok(())
}

fn submit(store: &mut dyn Store, batch: &[Command]) -> anyhow::Result<Vec<Answer>> {
    let replies = run_batch(store, batch, SystemClock.now()).context("the store failed")?;
    store.maintain();
    let answers: Result<Vec<Answer>, _> = replies.into_iter().collect();
    answers.context("a command was refused")
}

fn opened(answer: &Answer) -> Option<AccountNo> {
    match &answer.done {
        Done::Changed(change) => Some(AccountNo::of(AccountId(change.id.0))),
        Done::Authorized { .. }
        | Done::Posted { .. }
        | Done::Corrected { .. }
        | Done::Cancelled { .. }
        | Done::Expired(_)
        | Done::Nothing => None,
    }
}

fn company() -> anyhow::Result<Command> {
    Ok(Command::AddCompany(AddCompany {
        number: COMPANY.to_owned(),
        name: "Benchmark".to_owned(),
        zone: Zone::parse(Zone::DEFAULT_NAME).context("the time zone")?,
        currencies: vec![Currency::SEK],
        authorization_days: AUTHORIZATION_DAYS_DEFAULT,
        actor: ACTOR.to_owned(),
        idempotency: None,
    }))
}

fn seller() -> Command {
    Command::AddSeller(AddSeller {
        company: COMPANY.to_owned(),
        number: SELLER.to_owned(),
        name: "Benchmark".to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

fn credential() -> Command {
    Command::IssueCredential(IssueCredential {
        login: None,
        contract: Contract::CardLedger,
        label: "benchmark".to_owned(),
        scope: Scope::Company { number: COMPANY.to_owned(), seller: None },
        secret_hash: secret_hash(TOKEN),
        salt: [0; 16],
        expires_at: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

fn open_account(credit_limit: Decimal) -> Command {
    Command::OpenAccount(OpenAccount {
        company: COMPANY.to_owned(),
        currency: Currency::SEK.code().to_owned(),
        credit_limit,
        holder: "Benchmark".to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

fn add_card(account: AccountNo, card: u64) -> anyhow::Result<Command> {
    Ok(Command::AddCard(AddCard {
        account,
        token: card_token(card)?,
        pan: None,
        expiry: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    }))
}

/// A server in a process of its own, which ends with this value.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts this same program on a store and waits until it is ready.
    fn start(settings: &StoreSettings, writers: usize) -> anyhow::Result<Server> {
        let child = server_process(settings, writers)?.spawn();
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
fn server_process(settings: &StoreSettings, writers: usize) -> anyhow::Result<Process> {
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
    use std::collections::HashSet;

    use super::*;

    /// The URL is in the environment and not among the arguments; no setting of this process gets
    /// through.
    #[test]
    fn the_server_gets_its_database_and_nothing_else() {
        let scratch = Scratch::new("bench-server").unwrap();
        let url = "postgres://kassa:hunter2@db/kassa";
        let environment = |name: &str| (name == "KASSA_DATABASE_URL").then(|| url.to_owned());
        let database = settings::ForStore::default().resolve(&environment).unwrap().database;
        let settings = StoreSettings { database, ..StoreSettings::embedded(scratch.path()) };
        let process = server_process(&settings, 3).unwrap();
        let arguments: Vec<_> = process.get_args().map(|text| text.to_str().unwrap()).collect();
        assert!(!arguments.iter().any(|text| text.contains("hunter2")), "{arguments:?}");
        assert!(arguments.windows(2).any(|pair| pair == ["--writers", "3"]), "{arguments:?}");
        for (name, value) in process.get_envs() {
            let expected = (name == "KASSA_DATABASE_URL").then_some(url);
            assert_eq!(value.map(|value| value.to_str().unwrap()), expected);
        }
        assert_eq!(process.get_envs().count(), settings::variables().count());
    }

    #[test]
    fn tokens_are_spread_and_never_meet() {
        let tokens: HashSet<String> =
            (0..10_000).map(|card| card_token(card).unwrap().as_str().to_owned()).collect();
        assert_eq!(tokens.len(), 10_000);
        let starts: HashSet<&str> = tokens.iter().map(|token| &token[..2]).collect();
        assert_eq!(starts.len(), 256);
    }

    #[test]
    fn a_store_is_filled_as_asked() {
        let mut store = store::MemoryStore::default();
        fill(&mut store, Filling { accounts: 3, cards: 2_500 }).unwrap();
        let mut reader = store.source().open().unwrap();
        let accounts = reader.accounts_before(AccountId(i64::MAX), 10).unwrap();
        // Three, the hot one, and the seller's.
        assert_eq!(accounts.len(), 5);
        let reads = ledger::ReadSet {
            cards: [0, 2_499, 2_500, 2_515].map(|card| card_token(card).unwrap()).to_vec(),
            ..ledger::ReadSet::default()
        };
        assert_eq!(reader.load(&reads).unwrap().cards.len(), 4);
    }
}
