//! `kassa serve`: from the settings to a running server, and its orderly end.
//!
//! The end: /readyz says no, no connection is taken any more, what was taken is answered, the
//! engine finishes what it has, and the store is closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use engine::imports::run_imports;
use engine::reconcile::{Room, run_comparisons};
use engine::{Command, Days, run_accountant, run_courier, run_desk, run_timers, run_watch};
use ledger::credentials::NoteUses;
use surfaces::Platform;
use surfaces::terminals::Throttling;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::clock::SystemClock;
use crate::command_line::Tuning;
use crate::installation::{Installation, Opening, Running};
use crate::logs;
use crate::notices::NoticeSettings;
use crate::psp::seal_anew;
use crate::rkha21;
use crate::server::{Server, tls};
use crate::settings::ServeSettings;
use crate::terminal::say;

/// How long a server waits at its start for a database that is out of reach.
const DATABASE_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long the end waits for reads that nobody waits for.
const READS_WAIT_MAX: Duration = Duration::from_secs(1);

/// How often the uses of credentials are written down.
const NOTE_USES_INTERVAL: Duration = Duration::from_mins(1);

/// How often it is looked whether a merchant's day has ended.
const END_DAYS_INTERVAL: Duration = Duration::from_secs(5);

/// Runs the server until it is told to stop.
///
/// # Errors
/// When it cannot start, or the engine ended by itself.
pub(crate) fn run(settings: &ServeSettings, tuning: &Tuning) -> anyhow::Result<()> {
    logs::start(settings.log_format, &settings.log_level)?;
    let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let opening = Opening {
        embedded: store_options(tuning),
        writers: settings.writers,
        patience: DATABASE_WAIT_MAX,
        package_bytes_max: settings.package_bytes_max,
        rkha21: Arc::new(rkha21::profiles_in(&settings.rkha21_profiles)?),
    };
    let installation = Installation::open(&settings.store, &opening)?;
    if let Some(path) = &installation.new_shared_key {
        tracing::info!(
            path = %path.display(),
            "made the installation key: each server of this database needs a copy of it"
        );
    }
    let facts = installation.facts.clone();
    let throttling = settings.terminals_throttle.map(|throttle| Throttling {
        calls: throttle.calls,
        window_ms: i64::from(throttle.seconds).saturating_mul(1_000),
    });
    let options = surfaces::Options {
        ceiling: tuning.bench_ceiling,
        store: facts.clone(),
        throttling,
        scripts: None,
        is_test: settings.is_test,
        simulated_psps: settings.psps.simulated(),
        notify_networks: settings.notify_networks.texts(),
    };
    if !options.simulated_psps.is_empty() {
        let psps = options.simulated_psps.join(", ");
        tracing::warn!(psps, "these PSPs are not where real money moves");
    }
    if options.is_test {
        tracing::warn!("payments v3 is in test mode: no real money moves there");
    }
    let notices = NoticeSettings::of_server(settings.notify_networks.clone());
    let running = installation.start(Arc::new(SystemClock), None, &settings.psps, &notices)?;
    let router = surfaces::router(running.platform.clone(), options);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let server = Server::bind(settings.listen, router, tls, settings.connections_max).await?;
        let signals = Signals::listen()?;
        let url = format!("{scheme}://{}", server.address()?);
        running.platform.public_url.set(&*url);
        say(&format!("listening on {url}"));
        tracing::info!(
            url,
            store = facts.kind.as_str(),
            store_at = %settings.store,
            writers = facts.writers,
            version = env!("CARGO_PKG_VERSION"),
            "serving"
        );
        serve(server, running, signals, settings.shutdown_delay).await
    });
    // A reader may wait for a database that does not answer, with nobody left to wait for it.
    runtime.shutdown_timeout(READS_WAIT_MAX);
    outcome
}

fn store_options(tuning: &Tuning) -> store::Options {
    let mut options = store::Options::default();
    if let Some(bytes) = tuning.wal_bytes {
        options.wal_bytes = bytes;
    }
    options
}

/// The runtime for sockets and timers; the engine has threads of its own.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("could not start the runtime")
}

/// Serves until a signal comes or the engine ends, and ends in order.
///
/// # Errors
/// When the engine ended by itself.
pub(crate) async fn serve(
    server: Server,
    running: Running,
    mut signals: Signals,
    shutdown_delay: Duration,
) -> anyhow::Result<()> {
    let Running { platform, engine } = running;
    let timers = tokio::spawn(run_timers(
        platform.engine.clone(),
        platform.queries.clone(),
        Arc::clone(&platform.clock),
    ));
    let watch = tokio::spawn(run_watch(platform.engine.clone(), platform.queries.clone()));
    let notes = tokio::spawn(note_uses(platform.clone()));
    let desk = tokio::spawn(run_desk(platform.desk.clone()));
    let courier = tokio::spawn(run_courier(platform.courier.clone()));
    let days = tokio::spawn(end_days(platform.clone()));
    let imports = tokio::spawn(run_imports(
        platform.engine.clone(),
        platform.queries.clone(),
        Arc::clone(&platform.rkha21),
    ));
    let comparisons = tokio::spawn(run_comparisons(
        platform.engine.clone(),
        platform.queries.clone(),
        Room { directory: platform.spool.dir().to_owned(), profiles: Arc::clone(&platform.rkha21) },
    ));
    let accountant =
        tokio::spawn(run_accountant(platform.engine.clone(), platform.queries.clone()));
    let sealing = tokio::spawn(seal_anew_now(platform.clone()));
    let mut engine = tokio::task::spawn_blocking(move || engine.join());
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = tokio::spawn(server.run(async { drop(stopped.await) }));
    tokio::select! {
        () = signals.next() => tracing::info!("stopping: answering what was taken"),
        _ = &mut engine => bail!("the engine ended by itself; see the log"),
        outcome = &mut serving => {
            // Else the process would wait for the engine, and the engine for work.
            platform.engine.close();
            bail!("the server ended by itself: {outcome:?}")
        }
    }
    platform.draining.store(true, Ordering::SeqCst);
    tokio::select! {
        () = sleep(shutdown_delay) => {}
        () = signals.next() => {}
    }
    drop(stop);
    tokio::select! {
        _ = &mut serving => {}
        () = signals.next() => tracing::warn!("told to stop again: requests are cut off"),
    }
    timers.abort();
    watch.abort();
    notes.abort();
    desk.abort();
    courier.abort();
    days.abort();
    imports.abort();
    comparisons.abort();
    accountant.abort();
    sealing.abort();
    note_uses_now(&platform).await;
    platform.engine.close();
    match engine.await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => return Err(anyhow!("the engine ended by a bug; see the log")),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Writes down, from time to time, when credentials were used.
async fn note_uses(platform: Platform) {
    loop {
        sleep(NOTE_USES_INTERVAL).await;
        note_uses_now(&platform).await;
    }
}

/// Ends merchants' days, when they have ended.
async fn end_days(platform: Platform) {
    let mut days = Days::default();
    loop {
        let Platform { engine, queries, clock, desk, .. } = &platform;
        match days.look(engine, queries, clock.as_ref(), desk).await {
            Ok(ended) if ended.captures == 0 && ended.reported == 0 => {}
            Ok(ended) => tracing::info!(
                captures = ended.captures,
                reported = ended.reported,
                "ended merchants' days"
            ),
            Err(error) => tracing::warn!(%error, "could not end merchants' days; will try again"),
        }
        sleep(END_DAYS_INTERVAL).await;
    }
}

/// Seals agreements anew that were sealed with older keys.
async fn seal_anew_now(platform: Platform) {
    match seal_anew(&platform).await {
        Ok(0) => {}
        Ok(values) => tracing::info!(values, "sealed agreements anew with the current key"),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::warn!(error, "could not seal agreements anew; will try at the next start");
        }
    }
}

async fn note_uses_now(platform: &Platform) {
    let uses = platform.uses.take();
    if uses.is_empty() {
        return;
    }
    let command = Command::NoteUses(NoteUses { uses });
    if let Err(error) = platform.engine.submit(command).await {
        // They are for people, to the minute or so: what is lost is not worth a repeat.
        tracing::warn!(%error, "could not note when credentials were used");
    }
}

/// The signals that ask a server to stop.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals over from the system's default, which is to die.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen() -> anyhow::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};

        let listen = |kind| signal(kind).context("could not listen for signals");
        let terminate = listen(SignalKind::terminate())?;
        Ok(Signals { terminate, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The signals that ask a server to stop.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Nothing to prepare.
    ///
    /// # Errors
    /// None.
    pub(crate) fn listen() -> anyhow::Result<Signals> {
        Ok(Signals)
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
