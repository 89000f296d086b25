//! The demo's two terminals: virtual devices on threads of their own, clients like any other.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::Context as _;
use estate::Terminal;
use estate::terminal::Activation;
use store::Part;
use surfaces::Platform;

use super::seed::{LEDGER_TOKEN, MERCHANT, TERMINAL_CARD, TERMINALS};
use crate::command_line::TerminalOptions;
use crate::terminal::note;
use crate::virtual_terminal::{self, Stop};

/// What one purchase is about.
const AMOUNT: &str = "25.00";

/// A terminal of the demo's merchant, and the code that activates it while it is not.
pub(super) struct Place {
    terminal_id: String,
    code: Option<String>,
}

/// How long the demo waits for what its terminals have to say at first.
const FIRST_CALLS_MAX: Duration = Duration::from_secs(10);

/// Ends the terminals when it is dropped.
pub(super) struct Running {
    ends: Vec<Sender<()>>,
    waits: Receiver<()>,
}

impl Running {
    /// Waits until each terminal has called home once, or for a while.
    pub(super) fn wait_for_first_calls(&self) {
        for _ in &self.ends {
            if self.waits.recv_timeout(FIRST_CALLS_MAX).is_err() {
                return;
            }
        }
    }
}

/// The merchant's terminals that came with the demo.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn places(platform: &Platform) -> anyhow::Result<Vec<Place>> {
    let list = Terminal::under_list(MERCHANT);
    let most = usize::try_from(TERMINALS).unwrap_or(0);
    let read = platform.queries.read(move |reader| reader.documents(&list, Part::After(0), most));
    let found = read.await.context("could not read the demo's terminals")?;
    let place = |terminal: Terminal| {
        let code = match &terminal.activation {
            Activation::Waiting { code_salt, .. } => {
                Some(platform.secrets.activation_code(code_salt))
            }
            Activation::Done { .. } => None,
        };
        Place { terminal_id: terminal.terminal_id, code }
    };
    Ok(found.iter().filter_map(Terminal::of).map(place).collect())
}

/// Starts them. `data_dir` is where each remembers who it is.
pub(super) fn start(address: SocketAddr, places: Vec<Place>, data_dir: &Path) -> Running {
    let (waiting, waits) = channel();
    let start = |place: Place| {
        let ((end, ended), waiting) = (channel(), waiting.clone());
        let state_dir = data_dir.join("virtual-terminals").join(&place.terminal_id);
        std::thread::spawn(move || {
            let name = place.terminal_id.clone();
            let options = TerminalOptions {
                url: format!("http://{address}"),
                terminal_id: Some(place.terminal_id),
                activation_code: place.code,
                serial: None,
                model: "C100+".to_owned(),
                application_version: "1.0.0".to_owned(),
                state_dir: Some(state_dir),
                interval: None,
                calls: None,
                online: 1,
                ledger_token: Some(LEDGER_TOKEN.to_owned()),
                offline: 1,
                card_token: Some(TERMINAL_CARD.to_owned()),
                amount: AMOUNT.to_owned(),
                currency: "SEK".to_owned(),
                fail_updates: 0,
            };
            let stop = Stop::when(ended, waiting);
            if let Err(error) = virtual_terminal::play(&options, Some(&name), stop) {
                note(&format!("kassa: terminal {name} stopped: {error:#}"));
            }
        });
        end
    };
    Running { ends: places.into_iter().map(start).collect(), waits }
}
