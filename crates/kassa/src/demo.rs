//! `kassa demo`: the fixed demo installation on an embedded store, with a clock that can be moved.

mod acquirer;
mod narration;
mod online;
mod payments;
pub(crate) mod seed;
mod terminals;
mod tour;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use engine::limits::CONNECTIONS_MAX;
use engine::{Clock as _, VirtualClock};
use ledger::{RowId, Timestamp};
use serde_json::json;
use store::Store;

use crate::clock::SystemClock;
use crate::command_line::DemoOptions;
use crate::installation::{Installation, Opening, Running};
use crate::logs;
use crate::notices::NoticeSettings;
use crate::post::networks::Networks;
use crate::psp::{PspSettings, Stage};
use crate::scratch::Scratch;
use crate::serve::{Signals, runtime, serve};
use crate::server::Server;
use crate::settings::{LogFormat, StoreSettings};
use crate::terminal::{note, say};

/// Where the demo listens when nobody says.
const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// Where the demo's PSPs listen: anywhere.
const STAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A small log, so that the demo starts in a moment.
const WAL_BYTES: u64 = 4 * 1024 * 1024;

/// Runs the demo until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub(crate) fn run(options: &DemoOptions) -> anyhow::Result<()> {
    logs::start(LogFormat::Text, "warn")?;
    let scratch = match &options.data_dir {
        Some(_) => None,
        None => Some(Scratch::new("demo")?),
    };
    let kept = options.data_dir.as_deref();
    let data_dir = scratch.as_ref().map(Scratch::path).or(kept).context("no data directory")?;
    let settings = StoreSettings::embedded(data_dir);
    let embedded = store::Options { wal_bytes: WAL_BYTES, ..store::Options::default() };
    let opening = Opening { embedded, ..Opening::default() };
    let installation = Installation::open(&settings, &opening)?;
    let facts = installation.facts.clone();
    let clock = Arc::new(VirtualClock::new(Arc::new(SystemClock)));
    catch_up(&clock, installation.store.as_ref())?;
    let stage = Stage::open(STAGE, Arc::<VirtualClock>::clone(&clock))?;
    let psps = PspSettings { bases: stage.bases(), ..PspSettings::default() };
    let running = installation.start(
        Arc::<VirtualClock>::clone(&clock),
        Some(clock),
        &psps,
        &NoticeSettings::of_demo(),
    )?;
    seed::seed(&running.platform)?;
    let throttling = (!options.no_throttle).then_some(surfaces::terminals::Throttling::CONTRACT);
    let options_of_surfaces = surfaces::Options {
        ceiling: false,
        store: facts,
        throttling,
        scripts: Some(Arc::new(stage.scripts())),
        is_test: true,
        simulated_psps: psps.simulated(),
        notify_networks: Networks::loopback().texts(),
    };
    let router = surfaces::router(running.platform.clone(), options_of_surfaces);
    runtime()?.block_on(async {
        let playing = tokio::spawn(stage.play());
        let outcome = play(options, running, router, data_dir).await;
        playing.abort();
        outcome
    })
}

/// Moves the clock to where an earlier run of the demo had moved it.
fn catch_up(clock: &VirtualClock, store: &dyn Store) -> anyhow::Result<()> {
    let mut reader = store.source().open().context("could not read the store")?;
    let newest = reader.rows_before(RowId(i64::MAX), 1).context("could not read the store")?;
    let Some(newest) = newest.first().map(ledger::Row::at) else { return Ok(()) };
    while let Some(behind) = behind(clock.now(), newest) {
        clock.advance(behind);
    }
    Ok(())
}

/// How far `now` is behind, in milliseconds, as far as the clock can be moved at once.
fn behind(now: Timestamp, newest: Timestamp) -> Option<u32> {
    let behind = newest.0.saturating_sub(now.0);
    (behind > 0).then(|| u32::try_from(behind).unwrap_or(u32::MAX))
}

async fn play(
    options: &DemoOptions,
    running: Running,
    router: Router,
    data_dir: &Path,
) -> anyhow::Result<()> {
    let server = bind(options.listen, router).await?;
    let address = server.address()?;
    running.platform.public_url.set(format!("http://{address}"));
    let signals = Signals::listen()?;
    if options.print_json {
        say(&credentials_json(address));
    }
    let places = terminals::places(&running.platform).await?;
    let now = running.platform.now();
    let tour = (!options.no_scenario).then(|| (names_of_run(now), places));
    let kept = options.data_dir.clone();
    let data_dir = data_dir.to_owned();
    let (end, ended) = channel::<()>();
    // The tour is a client like any other: it talks to the server over a socket, from outside.
    let guide = std::thread::spawn(move || {
        say(&narration::welcome(address, kept.as_deref()));
        let Some((run, places)) = tour else { return say(&narration::farewell(address)) };
        let cancelled = tour::play(address, &run);
        if let Err(error) = &cancelled {
            note(&format!("kassa: the tour stopped: {error:#}"));
        }
        if let Err(error) = payments::play(address, &run) {
            note(&format!("kassa: the payments stopped: {error:#}"));
        }
        if let Err(error) = online::play(address, &run) {
            note(&format!("kassa: the payments online stopped: {error:#}"));
        }
        if let Ok(authorization) = &cancelled {
            let toured = acquirer::Toured { run: &run, authorization };
            if let Err(error) = acquirer::play(address, &toured, now) {
                note(&format!("kassa: the acquirer's file stopped: {error:#}"));
            }
        }
        say(&narration::terminals());
        let devices = terminals::start(address, places, &data_dir);
        devices.wait_for_first_calls();
        say("");
        say(&narration::farewell(address));
        // They go on until the demo ends: then nobody is left to send anything.
        if ended.recv().is_err() {
            drop(devices);
        }
    });
    let outcome = serve(server, running, signals, Duration::ZERO).await;
    drop((guide, end));
    outcome
}

/// Binds to the address that was asked for; to another port when nobody asked.
async fn bind(asked: Option<SocketAddr>, router: Router) -> anyhow::Result<Server> {
    let default: SocketAddr = LISTEN_DEFAULT.parse().context("the default address")?;
    let address = asked.unwrap_or(default);
    let first = Server::bind(address, router.clone(), None, CONNECTIONS_MAX).await;
    if asked.is_some() || first.is_ok() {
        return first;
    }
    note(&format!("kassa: {address} is taken; using a free port"));
    let free = SocketAddr::new(address.ip(), 0);
    Server::bind(free, router, None, CONNECTIONS_MAX).await
}

/// What makes the ids of this run's tour differ from those of another on the same store.
fn names_of_run(now: Timestamp) -> String {
    let digits = |byte: &char| byte.is_ascii_digit();
    let digits: String = now.rfc3339().chars().filter(digits).take(17).collect();
    format!("demo-{digits}")
}

fn credentials_json(address: SocketAddr) -> String {
    json!({
        "base_url": format!("http://{address}"),
        "card_ledger": {
            "token": seed::LEDGER_TOKEN,
            "company_number": seed::COMPANY,
            "seller_number": seed::SELLER,
            "card_tokens": [seed::CARD, seed::SMALL_CARD],
        },
        "access": { "api_key": seed::ACCESS_KEY, "customer_id": seed::PARTNER },
        "terminals": {
            "app_id": seed::APP_ID,
            "app_token": seed::APP_TOKEN,
            "account_id": seed::ACCOUNT_ID,
        },
        "aapay": {
            "consumer_key": seed::CONSUMER_KEY,
            "consumer_secret": seed::CONSUMER_SECRET,
            "merchant_id": seed::MERCHANT_ID,
        },
        "notifications": { "secret": seed::NOTIFICATION_SECRET },
        "merchant": {
            "customer_id": seed::MERCHANT,
            "merchant_id": seed::MERCHANT_ID,
            "entity_id": seed::ENTITY_ID,
        },
        "operator": { "key": seed::OPERATOR_KEY },
        "payments": { "token": seed::PAYMENTS_TOKEN, "entity_id": seed::ENTITY_ID },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_catches_up_in_steps() {
        assert_eq!(behind(Timestamp(5), Timestamp(5)), None);
        assert_eq!(behind(Timestamp(6), Timestamp(5)), None);
        assert_eq!(behind(Timestamp(5), Timestamp(7)), Some(2));
        assert_eq!(behind(Timestamp(0), Timestamp(1 << 40)), Some(u32::MAX));
    }

    #[test]
    fn the_json_is_one_line_with_all_that_a_test_needs() {
        assert_eq!(
            credentials_json("127.0.0.1:8080".parse().unwrap()),
            concat!(
                r#"{"aapay":{"consumer_key":"demo","consumer_secret":"demo-consumer-secret","#,
                r#""merchant_id":"DEMO-MERCHANT"},"#,
                r#""access":{"api_key":"demo-access-key-0000000000000000000000000000000000","#,
                r#""customer_id":1},"base_url":"http://127.0.0.1:8080","card_ledger":{"#,
                r#""card_tokens":["5646735165","546415646315"],"company_number":"100","#,
                r#""seller_number":"654","token":"demo-ledger-token-000000000000000"},"#,
                r#""merchant":{"customer_id":2,"entity_id":"00000000000000000000000000000d30","#,
                r#""merchant_id":"DEMO-MERCHANT"},"#,
                r#""notifications":{"secret":"whsec_a2Fzc2EtZGVtby1ub3RpZmljYXRpb24tc2VjcmV0"},"#,
                r#""operator":{"key":"demo-operator-key-00000000000000"},"#,
                r#""payments":{"entity_id":"00000000000000000000000000000d30","#,
                r#""token":"demo-payments-token-0000000000000"},"#,
                r#""terminals":{"account_id":"00000000-0000-4000-8000-000000000002","#,
                r#""app_id":"121212","app_token":"demo_app_token_0000000000000000"}}"#,
            )
        );
    }
}
