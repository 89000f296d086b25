//! `kassa bench payments`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bench::{Pace, PaymentsOptions, PaymentsTarget, run_payments};
use engine::Command;
use estate::add_merchant::AddMerchant;
use estate::change_customer::AddCustomer;
use estate::command::Outcome;
use ledger::{Contract, Currency, IssueCredential, Scope};
use payments::{ChangePayee, Psp, TermStep};
use surfaces::Platform;
use surfaces::http::secrets::secret_hash;

use super::estate::draw;
use super::seed::company;
use super::stand_ins::StandIns;
use super::{ACTOR, on_server, print};
use crate::clock::{SystemClock, monotonic};
use crate::command_line::PaymentsBenchOptions;
use crate::installation::{Installation, Running};
use crate::notices::NoticeSettings;
use crate::psp::PspSettings;
use crate::terminal::note;

pub(super) const MERCHANT_ID: &str = "BENCHMARK";
const CONSUMER_KEY: &str = "bench";
const CONSUMER_SECRET: &str = "bench-consumer-secret-00000000000";
const SWISH_MERCHANT: &str = "1234679304";

/// What the merchant has from PSPs. The stand-ins take anything.
const AGREEMENTS: [(Psp, &str, &str); 2] =
    [(Psp::Swish, "SWISH_ID", SWISH_MERCHANT), (Psp::Easy, "EASY_SECRET_KEY", "bench-secret-key")];

/// Runs the benchmark and prints its report.
///
/// # Errors
/// When the store cannot be filled, the server does not start, or a phase has no answer at all.
pub(crate) fn payments(options: &PaymentsBenchOptions) -> anyhow::Result<()> {
    let stand_ins = StandIns::start()?;
    on_server(&options.ground, &stand_ins.bases(), fill, |server, ()| {
        let token = format!("{CONSUMER_KEY}:{CONSUMER_SECRET}");
        let target = PaymentsTarget {
            server,
            bearer_token: STANDARD.encode(token),
            merchant_id: MERCHANT_ID.to_owned(),
            stand_ins: stand_ins.for_bench(SWISH_MERCHANT),
        };
        let report = run_payments(&target, &bench_options(options), &mut note)?;
        print(options.json, &report, || serde_json::to_string(&report))
    })
}

fn bench_options(options: &PaymentsBenchOptions) -> PaymentsOptions {
    PaymentsOptions {
        pace: Pace {
            connections: vec![options.connections],
            measured: Duration::from_secs(options.seconds),
            warmup: Duration::from_secs(options.warmup),
            rounds: options.rounds,
            ..Pace::new(monotonic)
        },
        rate: f64::from(options.rate),
        tills: options.tills,
        in_flight: options.in_flight,
        latency: Duration::from_millis(options.latency_ms),
    }
}

/// Fills a store the way that requests would: a ledger, a partner, its merchant with agreements,
/// and a consumer's credential. Agreements are sealed, so that it needs more than a store.
fn fill(installation: Installation) -> anyhow::Result<()> {
    let running = installation.start(
        Arc::new(SystemClock),
        None,
        &PspSettings::default(),
        &NoticeSettings::default(),
    )?;
    let Running { platform, engine: threads } = running;
    let filled = fill_platform(&platform);
    platform.engine.close();
    // Who panicked has said so.
    drop(threads.join());
    filled
}

fn fill_platform(platform: &Platform) -> anyhow::Result<()> {
    let engine = &platform.engine;
    engine.submit_blocking(company(&[Currency::SEK])?).context("could not add a company")?;
    let partner = customer(platform, estate::Command::AddCustomer(partner()))?;
    let merchant = customer(platform, estate::Command::AddMerchant(merchant(partner)))?;
    engine.submit_blocking(credential(partner)).context("could not issue a credential")?;
    let mut terms = Vec::new();
    for (psp, name, value) in AGREEMENTS {
        let chance = platform.randomness.as_ref();
        let sealed = platform.vault.seal(chance, merchant, psp, name, value);
        terms.push((psp, name.to_owned(), TermStep::Set(sealed.context("no vault key")?)));
    }
    let actor = ACTOR.to_owned();
    let change = ChangePayee { customer: merchant, terms, actor, ..ChangePayee::default() };
    let changed = engine.submit_blocking(payments::Command::ChangePayee(change));
    changed.map(drop).context("could not keep agreements")
}

/// Runs a command that comes to a customer; its number.
pub(super) fn customer(platform: &Platform, command: estate::Command) -> anyhow::Result<i64> {
    let answer = platform.engine.submit_blocking(command).context("could not add a customer")?;
    let Outcome::Customer(customer) = answer.done else {
        anyhow::bail!("adding a customer came to something else")
    };
    Ok(customer.number)
}

pub(super) fn partner() -> AddCustomer {
    AddCustomer {
        parent: 0,
        name: "Benchmark".to_owned(),
        organisation_number: "556000-0003".to_owned(),
        draw: draw(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    }
}

pub(super) fn merchant(partner: i64) -> AddMerchant {
    AddMerchant {
        parent: partner,
        merchant_id: MERCHANT_ID.to_owned(),
        name: "Benchmark".to_owned(),
        organisation_number: "556000-0004".to_owned(),
        mcc: "5411".to_owned(),
        created_by: ACTOR.to_owned(),
        draw: draw(),
        actor: ACTOR.to_owned(),
    }
}

fn credential(partner: i64) -> Command {
    Command::IssueCredential(IssueCredential {
        contract: Contract::Aapay,
        login: Some(CONSUMER_KEY.to_owned()),
        label: "benchmark".to_owned(),
        scope: Scope::Customer(partner),
        secret_hash: secret_hash(CONSUMER_SECRET),
        salt: [0; 16],
        expires_at: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}
