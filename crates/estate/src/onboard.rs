//! The decisions to onboard a terminal, to change it, and to end it (Terminals contract).

use ledger::{Books, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, read_key};
use crate::draw::Draw;
use crate::refusal::Refusal;
use crate::settings::Layer;
use crate::terminal::Terminal;

/// Asks to onboard a terminal (Terminals, POST terminals).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnboardTerminal {
    /// Whose it shall be: a customer that the caller may reach.
    pub customer: i64,
    /// A model of the contract.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// The caller's own reference.
    pub reference_id: Option<String>,
    /// Its own settings, complete as the contract demands.
    pub settings: Layer,
    /// For its UUID and activation code.
    pub draw: Draw,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks to change a terminal (Terminals, POST terminals/{id} and below).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeTerminal {
    /// Which one, by its UUID.
    pub uuid: String,
    /// The customer that the caller may reach, with all below it. `None`: all.
    pub root: Option<i64>,
    /// What shall become of it.
    pub step: TerminalStep,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// What shall become of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalStep {
    /// Its settings and its reference are merged with these.
    Update {
        /// Settings to be merged into its own.
        settings: Layer,
        /// Its new reference: `Some(None)` takes it away.
        reference_id: Option<Option<String>>,
    },
    /// Active to inactive.
    Deactivate,
    /// Inactive to active.
    Activate,
    /// Deleted for good.
    Delete,
}

impl OnboardTerminal {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.names.push(Terminal::serial_name(&self.model, &self.serial));
        read_key(self.idempotency, reads);
    }
}

impl ChangeTerminal {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.names.push(Terminal::uuid_name(&self.uuid));
        read_key(self.idempotency, reads);
    }
}

/// Decides one onboarding and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CustomerNotFound`],
/// [`Refusal::CannotHaveTerminals`], [`Refusal::SettingsConflict`], [`Refusal::SerialTaken`].
pub fn onboard_terminal(
    command: &OnboardTerminal,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

/// Decides one change and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::TerminalNotFound`], [`Refusal::TerminalDeleted`],
/// [`Refusal::TerminalNotActive`], [`Refusal::TerminalActive`], [`Refusal::SettingsConflict`].
pub fn change_terminal(
    command: &ChangeTerminal,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}
