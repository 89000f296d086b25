//! A terminal without a device: activates itself, calls home, installs updates and rings up
//! purchases, online and offline, and says in plain lines what happens. For demos, tests and
//! whoever writes the software of a real one.

mod device;
mod purchases;
mod state;
mod updates;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::client;
use crate::command_line::TerminalOptions;
use crate::scratch::Scratch;
use crate::serve::{Signals, runtime};
use crate::terminal::note;

use device::{Device, Told};
use state::State;

/// How long to wait for the next call after one that failed, at most.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Runs until a signal comes, or as many calls were made as were asked for.
///
/// # Errors
/// When it cannot activate itself, or its token is not good any more.
pub(crate) fn run(options: &TerminalOptions) -> anyhow::Result<()> {
    play(options, None, Stop::listen()?)
}

/// As [`run`], until `stop` says so. `name` stands before each line, where more than one speaks.
///
/// # Errors
/// As [`run`].
pub(crate) fn play(
    options: &TerminalOptions,
    name: Option<&str>,
    mut stop: Stop,
) -> anyhow::Result<()> {
    let address = client::resolve(&options.url)?;
    let scratch = match options.state_dir {
        Some(_) => None,
        None => Some(Scratch::new("terminal")?),
    };
    let dir = options.state_dir.as_deref().or(scratch.as_ref().map(Scratch::path));
    let dir = dir.context("there is no folder for the terminal's state")?;
    let state = State::open(dir)?;
    let mut device = Device { address, options, state, name };
    device.become_terminal()?;
    let mut rounds = 0_u64;
    loop {
        let outcome = device.round(&stop);
        rounds = rounds.saturating_add(1);
        let is_last = options.calls.is_some_and(|most| rounds >= most);
        let pause = match outcome {
            Ok(_) if is_last => return Ok(()),
            Ok(told) => options.interval.map_or(told.next_call, Duration::from_secs),
            Err(error) if is_last || error.is::<device::NotThisDevice>() => return Err(error),
            Err(error) => {
                note(&format!("something failed and is tried again: {error:#}"));
                options.interval.map_or(RETRY_MAX, Duration::from_secs).min(RETRY_MAX)
            }
        };
        if stop.wait(pause) {
            device.tell("stopped");
            return Ok(());
        }
    }
}

impl Device<'_> {
    /// One call home, and everything that follows from it.
    fn round(&mut self, stop: &Stop) -> anyhow::Result<Told> {
        let told = self.call_home()?;
        for update in &told.updates {
            self.install(update, stop)?;
        }
        self.ring_up_online()?;
        self.ring_up_offline(&told.configuration)?;
        self.upload_offline()?;
        Ok(told)
    }
}

/// Tells when somebody wants the terminal to stop.
pub(crate) struct Stop {
    asked: Receiver<()>,
    is_asked: bool,
    /// Is told each time that the terminal begins to wait for its next call.
    waits: Option<Sender<()>>,
    /// What listens for the signals, where it is they.
    _runtime: Option<Runtime>,
}

impl Stop {
    fn listen() -> anyhow::Result<Stop> {
        let runtime = runtime()?;
        let (ask, asked) = channel();
        let mut signals = runtime.block_on(async { Signals::listen() })?;
        runtime.spawn(async move {
            loop {
                signals.next().await;
                if ask.send(()).is_err() {
                    return;
                }
            }
        });
        Ok(Stop { asked, is_asked: false, waits: None, _runtime: Some(runtime) })
    }

    /// Stops when something is sent, or the sender is gone. `waits` is told each time that the
    /// terminal begins to wait for its next call.
    pub(crate) fn when(asked: Receiver<()>, waits: Sender<()>) -> Stop {
        Stop { asked, is_asked: false, waits: Some(waits), _runtime: None }
    }

    /// Whether somebody has asked by now.
    fn is_asked(&self) -> bool {
        self.is_asked || !matches!(self.asked.try_recv(), Err(TryRecvError::Empty))
    }

    /// Waits so long, or until somebody asks: true.
    fn wait(&mut self, pause: Duration) -> bool {
        // Who is gone does not want to know.
        let wants_to_know = |waits: &Sender<()>| waits.send(()).is_ok();
        self.waits = self.waits.take().filter(wants_to_know);
        self.is_asked = self.is_asked
            || !matches!(self.asked.recv_timeout(pause), Err(RecvTimeoutError::Timeout));
        self.is_asked
    }
}
