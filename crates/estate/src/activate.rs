//! The decisions by which a device becomes a terminal, once.

use ledger::document::Kind;
use ledger::{Books, Change, EstateChange, Idempotency, ReadSet, Timestamp};

use crate::command::{Answer, Outcome, change_of, document_of, read_key, repeated};
use crate::customer::Customer;
use crate::draw::Draw;
use crate::limits::WRONG_CODES_MAX;
use crate::reference::ONBOARDED_MODELS;
use crate::refusal::Refusal;
use crate::terminal::{Activation, Terminal, TerminalStatus};

/// The field of an activation's change that tells the merchant's name then, for a repeated request.
const MERCHANT_NAME: &str = "merchant_name";

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
    if let Some(first) = repeat(command, books, now)? {
        return Ok(first);
    }
    let terminal = books.document(Terminal::id(command.terminal)).and_then(Terminal::of);
    let terminal = terminal.filter(|found| found.status != TerminalStatus::Deleted);
    let mut terminal = terminal.ok_or(Refusal::WrongActivationCode)?;
    let salt = match &terminal.activation {
        Activation::Done { .. } => return Err(Refusal::AlreadyActivated),
        Activation::Waiting { code_salt, .. } => code_salt.clone(),
    };
    if terminal.activation.wrong_codes() >= WRONG_CODES_MAX {
        return Err(Refusal::ActivationLocked);
    }
    if command.code_salt.as_ref() != Some(&salt) {
        count_wrong_code(terminal, books, now);
        return Err(Refusal::WrongActivationCode);
    }
    match take_device(&mut terminal, command, books) {
        // Told as a wrong code, and so counted as one.
        Err(Refusal::WrongActivationCode) => {
            count_wrong_code(terminal, books, now);
            return Err(Refusal::WrongActivationCode);
        }
        Err(refusal) => return Err(refusal),
        Ok(()) => {}
    }
    terminal.application_version = Some(command.application_version.clone());
    terminal.activation = Activation::Done {
        at: now,
        token_salt: command.token_salt.clone(),
        token_hash: command.token_hash.clone(),
        wrong_codes: 0,
    };
    let document = terminal.document_in(&books.directory);
    let merchant = Customer::find(&books.directory, terminal.customer);
    let merchant = merchant.map(|customer| customer.name).unwrap_or_default();
    let change = change_of(&document, EstateChange::TerminalActivated, &terminal.actor(), now);
    books.place_change(change.with(MERCHANT_NAME, merchant.as_str()), command.idempotency);
    books.put_document(document);
    Ok(Answer::new(Outcome::Activated { terminal: Box::new(terminal), merchant }))
}

/// The first answer, where this is a repeat. It holds the device's token. Whoever knows the key can
/// guess at the code with it, so that wrong guesses are counted here too.
fn repeat(
    command: &ActivateTerminal,
    books: &mut Books,
    now: Timestamp,
) -> Result<Option<Answer>, Refusal> {
    let found = match repeated(books, command.idempotency) {
        Ok(None) => return Ok(None),
        Ok(Some(change)) => first_activation(&change).ok_or(Refusal::IdempotencyKeyReused),
        Err(refusal) => Err(refusal),
    };
    let terminal = books.document(Terminal::id(command.terminal)).and_then(Terminal::of);
    let is_activated = |it: &Terminal| matches!(it.activation, Activation::Done { .. });
    if let Some(terminal) = terminal.filter(is_activated) {
        if terminal.activation.wrong_codes() >= WRONG_CODES_MAX {
            return Err(Refusal::ActivationLocked);
        }
        if found.is_err() {
            count_wrong_code(terminal, books, now);
        }
    }
    found.map(Some)
}

/// The answer that an activation was.
fn first_activation(change: &Change) -> Option<Answer> {
    let terminal = Box::new(Terminal::of(&document_of(change, Kind::Terminal))?);
    let merchant = change.field(MERCHANT_NAME)?.to_owned();
    Some(Answer::replayed(Outcome::Activated { terminal, merchant }))
}

/// Makes the terminal one of the device's model, with its serial number.
///
/// # Errors
/// [`Refusal::ModelDiffers`], [`Refusal::WrongActivationCode`] for another device than the one
/// that was onboarded, [`Refusal::SerialTaken`].
fn take_device(
    terminal: &mut Terminal,
    command: &ActivateTerminal,
    books: &Books,
) -> Result<(), Refusal> {
    // What was ordered is a place for any device of the model; what was onboarded is one device.
    let was_ordered =
        terminal.status == TerminalStatus::Ordered || terminal.operating_mode.is_some();
    let is_onboarded_model = ONBOARDED_MODELS.contains(&command.model.as_str());
    if terminal.model != command.model && !(was_ordered && is_onboarded_model) {
        return Err(Refusal::ModelDiffers);
    }
    if !was_ordered && terminal.serial.as_ref() != Some(&command.serial) {
        return Err(Refusal::WrongActivationCode);
    }
    let namesake = books.named(&Terminal::serial_name(&command.model, &command.serial));
    if namesake.is_some_and(|found| found.id.number != terminal.number) {
        return Err(Refusal::SerialTaken);
    }
    if terminal.serial.as_ref().is_some_and(|serial| *serial != command.serial) {
        // What the device before it had installed says nothing of this one.
        terminal.installed = None;
    }
    terminal.is_onboarded |= is_onboarded_model;
    terminal.model.clone_from(&command.model);
    terminal.serial = Some(command.serial.clone());
    if terminal.status == TerminalStatus::Ordered {
        terminal.status = TerminalStatus::Active;
    }
    Ok(())
}

/// Counts a wrong code; the last one that may be tried locks the activation.
fn count_wrong_code(mut terminal: Terminal, books: &mut Books, now: Timestamp) {
    terminal.activation.count_wrong_code();
    let document = terminal.document_in(&books.directory);
    if terminal.activation.wrong_codes() == WRONG_CODES_MAX {
        let change = change_of(&document, EstateChange::ActivationLocked, &terminal.actor(), now);
        books.place_change(change, None);
    }
    books.put_document(document);
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
    if let Some(change) = repeated(books, command.idempotency)? {
        let first = Terminal::of(&document_of(&change, Kind::Terminal));
        let first = first.ok_or(Refusal::IdempotencyKeyReused)?;
        return Ok(Answer::replayed(Outcome::Terminal(Box::new(first))));
    }
    let terminal = books.document(Terminal::id(command.terminal)).and_then(Terminal::of);
    let mut terminal = terminal.ok_or(Refusal::TerminalNotFound)?;
    if terminal.status == TerminalStatus::Deleted {
        return Err(Refusal::TerminalDeleted);
    }
    let code_salt = command.draw.hex("activation", 0);
    terminal.activation = Activation::Waiting { code_salt, wrong_codes: 0 };
    let document = terminal.document_in(&books.directory);
    let change = change_of(&document, EstateChange::ActivationReset, &command.actor, now);
    books.place_change(change, command.idempotency);
    books.put_document(document);
    Ok(Answer::new(Outcome::Terminal(Box::new(terminal))))
}

/// The terminal whose device calls.
///
/// # Errors
/// [`Refusal::NotThisDevice`] when there is no such terminal, it is deleted, or its device has
/// another token.
pub(crate) fn device(books: &Books, number: i64, token_hash: &str) -> Result<Terminal, Refusal> {
    let terminal = books.document(Terminal::id(number)).and_then(Terminal::of);
    let terminal = terminal.filter(|terminal| terminal.is_device(token_hash));
    terminal.ok_or(Refusal::NotThisDevice)
}

impl Terminal {
    /// Whether this is the hash of the token that the terminal's device has. A deleted terminal
    /// has no device.
    pub fn is_device(&self, token_hash: &str) -> bool {
        match &self.activation {
            Activation::Waiting { .. } => false,
            Activation::Done { token_hash: own, .. } => {
                self.status != TerminalStatus::Deleted && is_same(own, token_hash)
            }
        }
    }

    /// What the journal calls the terminal's device.
    pub(crate) fn actor(&self) -> String {
        format!("terminal {}", self.terminal_id)
    }
}

/// Compares in a time that says nothing about where the two differ.
fn is_same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    let differences = pairs.fold(0, |differences, (one, other)| differences | (one ^ other));
    one.len() == other.len() && differences == 0
}

#[cfg(test)]
mod tests;
