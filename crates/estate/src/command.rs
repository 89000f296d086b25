//! Everything that can change the estate.

use ledger::document::Kind;
use ledger::{Books, Change, Document, EstateChange, Idempotency, ReadSet, RowId, Timestamp};

use crate::activate::{ActivateTerminal, ResetActivation, activate_terminal, reset_activation};
use crate::add_merchant::{AddMerchant, add_merchant};
use crate::approve::approve_request;
use crate::call_home::{CallHome, call_home};
use crate::change_customer::{AddCustomer, ChangeCustomer, add_customer, change_customer};
use crate::offline::{OfflineOutcome, PostOffline, post_offline};
use crate::onboard::{ChangeTerminal, OnboardTerminal, change_terminal, onboard_terminal};
use crate::order_updates::{OrderUpdates, order_updates};
use crate::package::AddPackage;
use crate::refusal::Refusal;
use crate::report_update::{ReportUpdate, report_update};
use crate::review::{ApproveRequest, ClaimRequest, RejectRequest, claim_request, reject_request};
use crate::rollout::Tally;
use crate::steer_rollout::{
    ExpireUpdates, StartRollout, SteerRollout, expire_updates, start_rollout, steer_rollout,
};
use crate::submit::{SubmitRequest, submit_request};
use crate::{Customer, Effective, Package, Request, Rollout, Terminal, Update};

/// A request to change the estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Add a customer to the tree.
    AddCustomer(AddCustomer),
    /// Add a merchant that nobody has to approve.
    AddMerchant(AddMerchant),
    /// Change a customer's name or settings.
    ChangeCustomer(ChangeCustomer),
    /// Ask for a merchant to be onboarded.
    SubmitRequest(SubmitRequest),
    /// Begin to review a request.
    ClaimRequest(ClaimRequest),
    /// Approve a request.
    ApproveRequest(ApproveRequest),
    /// Reject a request.
    RejectRequest(RejectRequest),
    /// Onboard a terminal.
    OnboardTerminal(OnboardTerminal),
    /// Change, deactivate, activate or delete a terminal.
    ChangeTerminal(ChangeTerminal),
    /// Become a terminal.
    ActivateTerminal(ActivateTerminal),
    /// Give a terminal a new activation code.
    ResetActivation(ResetActivation),
    /// Call home.
    CallHome(CallHome),
    /// Add a package.
    AddPackage(AddPackage),
    /// Order terminals to install a package.
    OrderUpdates(OrderUpdates),
    /// Say how far an update is.
    ReportUpdate(ReportUpdate),
    /// Start a rollout.
    StartRollout(StartRollout),
    /// Pause, resume or roll back a rollout.
    SteerRollout(SteerRollout),
    /// Count updates as failed that nobody answered for.
    ExpireUpdates(ExpireUpdates),
    /// Book what a terminal accepted offline.
    PostOffline(PostOffline),
}

/// What a granted command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was done.
    pub done: Outcome,
    /// Whether it had been done before, and nothing was written now.
    pub replayed: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A customer as it is now.
    Customer(Customer),
    /// A request as it is now.
    Request(Request),
    /// A request was approved.
    Approved(Box<Approval>),
    /// A terminal as it is now.
    Terminal(Box<Terminal>),
    /// A device has become a terminal.
    Activated {
        /// As it is now.
        terminal: Box<Terminal>,
        /// What its merchant was called then.
        merchant: String,
    },
    /// A terminal as it is now, with what it uses.
    Configured {
        /// The terminal.
        terminal: Box<Terminal>,
        /// Its own settings and those it inherits.
        effective: Effective,
    },
    /// A terminal called home, and these updates are for it.
    CalledHome {
        /// As it is now.
        terminal: Box<Terminal>,
        /// What it shall install, in this order.
        updates: Vec<(Update, Package)>,
        /// When a rollout will have something for it, if not now.
        window_opens_at: Option<Timestamp>,
    },
    /// A package.
    Package(Package),
    /// Updates that were ordered.
    Updates(Vec<Update>),
    /// An update as it is now.
    Update(Update),
    /// A rollout as it is now.
    Rollout(Rollout, Tally),
    /// What became of each offline transaction, in order.
    Offline(Vec<OfflineOutcome>),
    /// There was nothing to do any more.
    Nothing,
}

/// What approval brought into being.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The request.
    pub request: i64,
    /// The merchant.
    pub customer: Customer,
    /// Its terminals, as they were ordered.
    pub terminals: Vec<Terminal>,
}

impl Answer {
    /// Something was done now.
    pub fn new(done: Outcome) -> Answer {
        Answer { done, replayed: false }
    }

    /// Something had been done before.
    pub fn replayed(done: Outcome) -> Answer {
        Answer { done, replayed: true }
    }
}

impl Command {
    /// What the command needs to be decided. Resident documents are always there.
    pub fn read(&self, reads: &mut ReadSet) {
        match self {
            Command::AddCustomer(command) => read_key(command.idempotency, reads),
            Command::ChangeCustomer(_) | Command::AddMerchant(_) => {}
            Command::SubmitRequest(command) => command.read(reads),
            Command::ClaimRequest(command) => command.read(reads),
            Command::ApproveRequest(command) => command.read(reads),
            Command::RejectRequest(command) => command.read(reads),
            Command::OnboardTerminal(command) => command.read(reads),
            Command::ChangeTerminal(command) => command.read(reads),
            Command::ActivateTerminal(command) => command.read(reads),
            Command::ResetActivation(command) => command.read(reads),
            Command::CallHome(command) => command.read(reads),
            Command::AddPackage(command) => read_key(command.idempotency, reads),
            Command::OrderUpdates(command) => command.read(reads),
            Command::ReportUpdate(command) => command.read(reads),
            Command::StartRollout(command) => read_key(command.idempotency, reads),
            Command::SteerRollout(command) => command.read(reads),
            Command::ExpireUpdates(command) => command.read(reads),
            Command::PostOffline(command) => command.read(reads),
        }
    }

    /// Decides the command and places its effect in the books.
    ///
    /// # Errors
    /// [`Refusal`]. A wrong activation code has its effect all the same: it is counted.
    pub fn decide(&self, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
        match self {
            Command::AddCustomer(command) => add_customer(command, books, now),
            Command::AddMerchant(command) => add_merchant(command, books, now),
            Command::ChangeCustomer(command) => change_customer(command, books, now),
            Command::SubmitRequest(command) => submit_request(command, books, now),
            Command::ClaimRequest(command) => claim_request(command, books, now),
            Command::ApproveRequest(command) => approve_request(command, books, now),
            Command::RejectRequest(command) => reject_request(command, books, now),
            Command::OnboardTerminal(command) => onboard_terminal(command, books, now),
            Command::ChangeTerminal(command) => change_terminal(command, books, now),
            Command::ActivateTerminal(command) => activate_terminal(command, books, now),
            Command::ResetActivation(command) => reset_activation(command, books, now),
            Command::CallHome(command) => call_home(command, books, now),
            Command::AddPackage(command) => crate::package::add_package(command, books, now),
            Command::OrderUpdates(command) => order_updates(command, books, now),
            Command::ReportUpdate(command) => report_update(command, books, now),
            Command::StartRollout(command) => start_rollout(command, books, now),
            Command::SteerRollout(command) => steer_rollout(command, books, now),
            Command::ExpireUpdates(command) => expire_updates(command, books, now),
            Command::PostOffline(command) => post_offline(command, books, now),
        }
    }
}

pub(crate) fn read_key(idempotency: Option<Idempotency>, reads: &mut ReadSet) {
    reads.keys.extend(idempotency.map(|idempotency| idempotency.key));
}

/// The change that a caller's key stands for, if it was used.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`] when it stands for another request.
pub(crate) fn repeated(
    books: &Books,
    idempotency: Option<Idempotency>,
) -> Result<Option<Change>, Refusal> {
    let change = books.repeated_change(idempotency).map_err(|_| Refusal::IdempotencyKeyReused)?;
    Ok(change.cloned())
}

/// A change of a document, which tells all of its fields: so the journal has every version of it,
/// and a repeated request gets its first answer.
pub(crate) fn change_of(
    document: &Document,
    kind: EstateChange,
    actor: &str,
    now: Timestamp,
) -> Change {
    let change =
        Change::about(RowId(document.id.number), ledger::ChangeKind::Estate(kind), actor, now);
    let fields = document.fields.iter();
    fields.fold(change, |change, (name, value)| change.with(name, value))
}

/// The document as a change of [`change_of`] left it. Its names and lists are not told.
pub(crate) fn document_of(change: &Change, kind: Kind) -> Document {
    let fields = change.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Document::new(kind.id(change.subject.0), fields.collect())
}

/// Gives out the next number of a kind that is numbered by itself: small numbers, since callers
/// may keep them in 32 bits.
pub(crate) fn next_number(books: &mut Books, kind: Kind) -> i64 {
    let id = Kind::Numbers.id(1);
    let found = books.document(id).cloned();
    let mut numbers = found.unwrap_or_else(|| Document::new(id, ledger::Fields::default()));
    let number = numbers.fields.number(kind.as_str()).unwrap_or(0).saturating_add(1);
    numbers.fields.set(kind.as_str(), Some(number.to_string()));
    books.put_document(numbers);
    number
}
