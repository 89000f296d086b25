//! The decisions by which a device becomes a terminal, once.

use ledger::{Books, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, read_key};
use crate::draw::Draw;
use crate::refusal::Refusal;
use crate::terminal::Terminal;

/// A device asks to become a terminal (device API, POST activate). The code itself never gets
/// here: the caller has looked the terminal up and compared it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivateTerminal {
    /// The terminal's number.
    pub terminal: i64,
    /// The salt of the code that the device has shown. `None` when it has shown a wrong one.
    pub code_salt: Option<String>,
    /// The device's serial number.
    pub serial: String,
    /// The device's model.
    pub model: String,
    /// What the device says it runs.
    pub application_version: String,
    /// What the device's token is derived from: 32 hexadecimal digits.
    pub token_salt: String,
    /// SHA-256 of the device's token: 64 hexadecimal digits.
    pub token_hash: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

/// Asks for a new activation code (operator API). A device that was activated is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetActivation {
    /// The terminal's number.
    pub terminal: i64,
    /// For the code.
    pub draw: Draw,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

impl ActivateTerminal {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Terminal::id(self.terminal));
        reads.names.push(Terminal::serial_name(&self.model, &self.serial));
        read_key(self.idempotency, reads);
    }
}

impl ResetActivation {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Terminal::id(self.terminal));
        read_key(self.idempotency, reads);
    }
}

/// Decides one activation and places it in the books. A wrong code is counted, and that is placed
/// in the books too.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::WrongActivationCode`] (also for a terminal that is
/// not there or deleted), [`Refusal::AlreadyActivated`], [`Refusal::ActivationLocked`],
/// [`Refusal::ModelDiffers`], [`Refusal::SerialTaken`].
pub fn activate_terminal(
    command: &ActivateTerminal,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}

/// Decides one reset and places it in the books.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::TerminalNotFound`], [`Refusal::TerminalDeleted`].
pub fn reset_activation(
    command: &ResetActivation,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let _ = (command, books, now);
    Err(Refusal::Unbuilt)
}
