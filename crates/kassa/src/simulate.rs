//! `kassa simulate psp`: the PSPs' public APIs without any money, for a server somewhere else.

use std::net::SocketAddr;
use std::sync::Arc;

use payments::Psp;

use crate::clock::SystemClock;
use crate::logs;
use crate::psp::Stage;
use crate::serve::{Signals, runtime};
use crate::settings::LogFormat;
use crate::terminal::say;

/// Answers until it is told to stop.
///
/// # Errors
/// When the address is not to be had.
pub(crate) fn run(listen: SocketAddr) -> anyhow::Result<()> {
    logs::start(LogFormat::Text, "warn")?;
    runtime()?.block_on(async {
        let stage = Stage::open(listen, Arc::new(SystemClock))?;
        let mut signals = Signals::listen()?;
        let (address, bases) = (stage.address(), stage.bases());
        say(&format!("listening on http://{address}"));
        say("\nFor `kassa serve`, with psp-simulators set to allowed:\n");
        for psp in Psp::ALL {
            if let Some(base) = bases.get(&psp) {
                say(&format!("  KASSA_{}_URL={base}", psp.as_str().to_uppercase()));
            }
        }
        say(&format!(
            "\nWhat shall happen next:\n\n  curl -sS http://{address}/next/swish -d \
             '{{\"outcome\": \"decline\", \"delay_ms\": 300, \"count\": 1}}'"
        ));
        tokio::select! {
            outcome = stage.play() => outcome,
            () = signals.next() => Ok(()),
        }
    })
}
