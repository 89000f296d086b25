//! The decisions to onboard a terminal, to change it, and to end it (Terminals contract).

use ledger::document::Kind;
use ledger::{Books, Change, EstateChange, Idempotency, ReadSet, RowId, Timestamp};

use crate::command::{Answer, Outcome, change_of, document_of, read_key, repeated};
use crate::customer::Customer;
use crate::draw::Draw;
use crate::refusal::Refusal;
use crate::settings::{Effective, Layer, conflicts_of, effective, recalled};
use crate::terminal::{Activation, Terminal, TerminalStatus};

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

/// What a change tells of the settings that came from customers begins with this: a repeated
/// request is answered as it was, whatever customers choose later.
const FROM_CUSTOMERS: &str = "inherited.";

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
    if let Some(first) = repeated(books, command.idempotency)? {
        return told(&first);
    }
    let customer = Customer::find(&books.directory, command.customer);
    let customer = customer.ok_or(Refusal::CustomerNotFound)?;
    if customer.merchant.is_none() {
        return Err(Refusal::CannotHaveTerminals);
    }
    let terminal = onboarded(command, books.coming_id(), now);
    let effective = without_conflict(books, &terminal, &command.settings)?;
    if books.named(&Terminal::serial_name(&command.model, &command.serial)).is_some() {
        return Err(Refusal::SerialTaken);
    }
    let placing = Placing {
        kind: EstateChange::TerminalOnboarded,
        actor: &command.actor,
        idempotency: command.idempotency,
        now,
    };
    Ok(placing.place(books, terminal, effective))
}

/// The terminal that an onboarding brings into the estate: able to authorize at once, though no
/// device has activated itself as it yet.
fn onboarded(command: &OnboardTerminal, row: RowId, now: Timestamp) -> Terminal {
    let mut settings = Layer::default();
    settings.merge(&command.settings);
    Terminal {
        number: row.0,
        terminal_id: Terminal::terminal_id_of(row),
        uuid: command.draw.uuid("terminal", 0),
        customer: command.customer,
        status: TerminalStatus::Active,
        is_onboarded: true,
        model: command.model.clone(),
        serial: Some(command.serial.clone()),
        reference_id: command.reference_id.clone(),
        operating_mode: None,
        created_at: now,
        last_call_home: None,
        application_version: None,
        installed: None,
        rollouts: Vec::new(),
        activation: Activation::Waiting {
            code_salt: command.draw.hex("activation code", 0),
            wrong_codes: 0,
        },
        settings,
    }
}

/// Decides one change and places it in the books. What changes nothing leaves no row, unless the
/// caller may ask for it again.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::TerminalNotFound`], [`Refusal::TerminalDeleted`],
/// [`Refusal::TerminalNotActive`], [`Refusal::TerminalActive`], [`Refusal::SettingsConflict`].
pub fn change_terminal(
    command: &ChangeTerminal,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(first) = repeated(books, command.idempotency)? {
        return told(&first);
    }
    let before = shown(command, books).ok_or(Refusal::TerminalNotFound)?;
    let mut terminal = before.clone();
    command.step.take(&mut terminal)?;
    let effective = match &command.step {
        TerminalStep::Update { settings, .. } => without_conflict(books, &terminal, settings)?,
        TerminalStep::Deactivate | TerminalStep::Activate | TerminalStep::Delete => {
            effective(&books.directory, &terminal)
        }
    };
    if terminal == before && command.idempotency.is_none() {
        let terminal = Box::new(terminal);
        return Ok(Answer::new(Outcome::Configured { terminal, effective }));
    }
    let placing = Placing {
        kind: command.step.kind(),
        actor: &command.actor,
        idempotency: command.idempotency,
        now,
    };
    Ok(placing.place(books, terminal, effective))
}

/// The terminal that is meant, where the caller may know of it.
fn shown(command: &ChangeTerminal, books: &Books) -> Option<Terminal> {
    let terminal = Terminal::of(books.named(&Terminal::uuid_name(&command.uuid))?)?;
    let is_within = |root| Customer::is_within(&books.directory, root, terminal.customer);
    // An operator sees what was only ordered as well.
    let is_shown = command.root.is_none_or(|root| terminal.is_onboarded && is_within(root));
    is_shown.then_some(terminal)
}

/// What a terminal is to use after a change of its settings.
fn without_conflict(
    books: &Books,
    terminal: &Terminal,
    change: &Layer,
) -> Result<Effective, Refusal> {
    let effective = effective(&books.directory, terminal);
    match conflicts_of(change, &effective).into_iter().next() {
        Some((setting, reason)) => Err(Refusal::SettingsConflict { setting, reason }),
        None => Ok(effective),
    }
}

impl TerminalStep {
    fn take(&self, terminal: &mut Terminal) -> Result<(), Refusal> {
        match (self, terminal.status) {
            (TerminalStep::Delete, TerminalStatus::Deleted) => Err(Refusal::TerminalNotFound),
            (TerminalStep::Delete, _) => {
                terminal.status = TerminalStatus::Deleted;
                Ok(())
            }
            (_, TerminalStatus::Deleted) => Err(Refusal::TerminalDeleted),
            (TerminalStep::Activate, TerminalStatus::Active) => Err(Refusal::TerminalActive),
            (TerminalStep::Activate, TerminalStatus::Inactive) => {
                terminal.status = TerminalStatus::Active;
                Ok(())
            }
            // Only a device makes an ordered terminal active.
            (TerminalStep::Activate | TerminalStep::Deactivate, TerminalStatus::Ordered)
            | (_, TerminalStatus::Inactive) => Err(Refusal::TerminalNotActive),
            (TerminalStep::Deactivate, TerminalStatus::Active) => {
                terminal.status = TerminalStatus::Inactive;
                Ok(())
            }
            // What is only ordered is set up by operators before a device comes.
            (
                TerminalStep::Update { settings, reference_id },
                TerminalStatus::Active | TerminalStatus::Ordered,
            ) => {
                terminal.settings.merge(settings);
                if let Some(reference_id) = reference_id {
                    terminal.reference_id.clone_from(reference_id);
                }
                Ok(())
            }
        }
    }

    fn kind(&self) -> EstateChange {
        match self {
            TerminalStep::Delete => EstateChange::TerminalDeleted,
            TerminalStep::Update { .. } | TerminalStep::Deactivate | TerminalStep::Activate => {
                EstateChange::TerminalChanged
            }
        }
    }
}

/// How a terminal gets into the books.
struct Placing<'a> {
    kind: EstateChange,
    actor: &'a str,
    idempotency: Option<Idempotency>,
    now: Timestamp,
}

impl Placing<'_> {
    fn place(self, books: &mut Books, terminal: Terminal, effective: Effective) -> Answer {
        let document = terminal.document_in(&books.directory);
        let change = change_of(&document, self.kind, self.actor, self.now);
        let inherited = effective.from_customers();
        let change = inherited.iter().fold(change, |change, (name, value)| {
            change.with(&format!("{FROM_CUSTOMERS}{name}"), value)
        });
        books.place_change(change, self.idempotency);
        books.put_document(document);
        Answer::new(Outcome::Configured { terminal: Box::new(terminal), effective })
    }
}

/// The answer that a change was.
fn told(change: &Change) -> Result<Answer, Refusal> {
    let document = document_of(change, Kind::Terminal);
    let terminal = Terminal::of(&document).ok_or(Refusal::IdempotencyKeyReused)?;
    let effective = recalled(document.fields.under(FROM_CUSTOMERS), &terminal);
    Ok(Answer::replayed(Outcome::Configured { terminal: Box::new(terminal), effective }))
}

#[cfg(test)]
mod tests;
