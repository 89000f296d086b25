//! Everything that can change payments over PSPs.

use ledger::{Books, Change, ChangeKind, Idempotency, PaymentsChange, ReadSet, RowId, Timestamp};

use crate::authenticate::{Authenticate, authenticate};
use crate::begin::{Age, Begin, Wake, age, begin, wake};
use crate::capture::{Capture, capture};
use crate::checkout::{Checkout, Extend, Prepare, Rearrange, extend, prepare, rearrange};
use crate::close_day::{BatchReport, CloseDay, close_day};
use crate::deliver::{
    BeginDelivery, RecordDelivery, Redeliver, begin_delivery, record_delivery, redeliver,
};
use crate::endpoint::{
    AddEndpoint, ChangeEndpoint, DeleteEndpoint, Endpoint, RotateSecret, add_endpoint,
    change_endpoint, delete_endpoint, rotate_secret,
};
use crate::first_answer::{FirstAnswer, FixAnswer, fix_answer};
use crate::initialize::{Initialize, initialize};
use crate::notification::{Notification, notify};
use crate::payee::{ChangePayee, Payee, change_payee};
use crate::payment::Payment;
use crate::record::{Record, record};
use crate::refusal::Refusal;
use crate::registration::{ForgetCard, KeepCard, Registration, forget_card, keep_card};
use crate::settle::{Settle, settle};

/// A request to change payments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the engine holds commands of this kind boxed")]
pub enum Command {
    /// Create a payment, a refund or a reversal.
    Initialize(Initialize),
    /// Begin what has to be done at the PSP.
    Begin(Begin),
    /// Take in what came of it.
    Record(Record),
    /// Ask the PSP soon: it says that something has happened.
    Wake(Wake),
    /// Count payments as stale that nothing was heard of.
    Age(Age),
    /// Take what is reserved.
    Capture(Capture),
    /// Keep the first answer to a request.
    FixAnswer(FixAnswer),
    /// Take what is paid into a batch report.
    CloseDay(CloseDay),
    /// Change what a merchant has agreed.
    ChangePayee(ChangePayee),
    /// Note that people have looked at a payment.
    Settle(Settle),
    /// Tell what became of a payer's proof who they are.
    Authenticate(Authenticate),
    /// Keep a card.
    KeepCard(KeepCard),
    /// Forget a card.
    ForgetCard(ForgetCard),
    /// Prepare a checkout.
    Prepare(Prepare),
    /// Change what a checkout is for.
    Rearrange(Rearrange),
    /// Give a checkout's payer more time.
    Extend(Extend),
    /// Notify a merchant somewhere.
    AddEndpoint(AddEndpoint),
    /// Change where or how.
    ChangeEndpoint(ChangeEndpoint),
    /// Sign with another secret.
    RotateSecret(RotateSecret),
    /// Notify nobody there any more.
    DeleteEndpoint(DeleteEndpoint),
    /// Begin an attempt to deliver a notification.
    BeginDelivery(BeginDelivery),
    /// Take in how it ended.
    RecordDelivery(RecordDelivery),
    /// Send notifications anew.
    Redeliver(Redeliver),
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
    /// A payment as it is now, and what it is about where it is a refund or reversal.
    Payment(Box<Payment>, Option<Box<Payment>>),
    /// A payment that was created before.
    Repeated(i64),
    /// Payments that are stale now.
    Aged(Vec<i64>),
    /// The first answer to a request.
    FirstAnswer(FirstAnswer),
    /// A batch report as it is now.
    Report(BatchReport),
    /// A merchant's agreements as they are now.
    Payee(Payee),
    /// A card that is kept, or was.
    Registration(Box<Registration>),
    /// A checkout as it is now.
    Checkout(Box<Checkout>),
    /// An endpoint as it is now.
    Endpoint(Endpoint),
    /// A notification as it is now, and the one that may go because this one has ended.
    Delivery(Box<Notification>, Option<i64>),
    /// Notifications that are sent anew.
    Redelivered(Vec<i64>),
    /// There was nothing to do any more.
    Nothing,
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

    /// There was nothing to do.
    pub(crate) fn nothing() -> Answer {
        Answer::new(Outcome::Nothing)
    }
}

impl Command {
    /// What the command needs to be decided. Merchants are always there.
    pub fn read(&self, reads: &mut ReadSet) {
        match self {
            Command::Initialize(command) => command.read(reads),
            Command::Begin(command) => command.read(reads),
            Command::Record(command) => command.read(reads),
            Command::Wake(command) => command.read(reads),
            Command::Age(command) => command.read(reads),
            Command::Capture(command) => command.read(reads),
            Command::FixAnswer(command) => command.read(reads),
            Command::CloseDay(command) => command.read(reads),
            Command::Settle(command) => command.read(reads),
            Command::Authenticate(command) => command.read(reads),
            Command::KeepCard(command) => command.read(reads),
            Command::ForgetCard(command) => command.read(reads),
            Command::Prepare(command) => command.read(reads),
            Command::Rearrange(command) => command.read(reads),
            Command::Extend(command) => command.read(reads),
            Command::AddEndpoint(command) => command.read(reads),
            Command::RotateSecret(command) => command.read(reads),
            Command::BeginDelivery(command) => command.read(reads),
            Command::RecordDelivery(command) => command.read(reads),
            Command::Redeliver(command) => command.read(reads),
            // These need the directory alone, which is always there.
            Command::ChangePayee(_) | Command::ChangeEndpoint(_) | Command::DeleteEndpoint(_) => {}
        }
    }

    /// Decides the command and places its effect in the books.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn decide(&self, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
        match self {
            Command::Initialize(command) => initialize(command, books, now),
            Command::Begin(command) => begin(command, books, now),
            Command::Record(command) => record(command, books, now),
            Command::Wake(command) => wake(command, books, now),
            Command::Age(command) => age(command, books, now),
            Command::Capture(command) => capture(command, books, now),
            Command::FixAnswer(command) => fix_answer(command, books),
            Command::CloseDay(command) => close_day(command, books, now),
            Command::ChangePayee(command) => change_payee(command, books, now),
            Command::Settle(command) => settle(command, books, now),
            Command::Authenticate(command) => authenticate(command, books, now),
            Command::KeepCard(command) => keep_card(command, books, now),
            Command::ForgetCard(command) => forget_card(command, books, now),
            Command::Prepare(command) => prepare(command, books, now),
            Command::Rearrange(command) => rearrange(command, books, now),
            Command::Extend(command) => extend(command, books, now),
            Command::AddEndpoint(command) => add_endpoint(command, books, now),
            Command::ChangeEndpoint(command) => change_endpoint(command, books, now),
            Command::RotateSecret(command) => rotate_secret(command, books, now),
            Command::DeleteEndpoint(command) => delete_endpoint(command, books, now),
            Command::BeginDelivery(command) => begin_delivery(command, books, now),
            Command::RecordDelivery(command) => record_delivery(command, books, now),
            Command::Redeliver(command) => redeliver(command, books, now),
        }
    }
}

/// The subject of the change that a caller's key stands for, if it was used.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`] when it stands for another request.
pub fn repeated(books: &Books, idempotency: Option<Idempotency>) -> Result<Option<i64>, Refusal> {
    let change = books.repeated_change(idempotency).map_err(|_| Refusal::IdempotencyKeyReused)?;
    Ok(change.map(|change| change.subject.0))
}

/// A loaded payment.
pub(crate) fn find(books: &Books, number: i64) -> Option<Payment> {
    books.document(Payment::id(number)).and_then(Payment::of)
}

/// A change of a payment. It tells no names and nothing of the payer's.
pub(crate) fn change_of(
    payment: &Payment,
    kind: PaymentsChange,
    actor: &str,
    now: Timestamp,
) -> Change {
    Change::about(RowId(payment.number), ChangeKind::Payments(kind), actor, now)
        .with("state", payment.state.as_str())
}

/// Puts a payment into the books. Where its state has changed since `before`, the journal tells
/// each step, and its merchant is notified.
pub(crate) fn put(books: &mut Books, payment: &Payment, before: &Payment, now: Timestamp) {
    put_new(books, payment, before, now);
    notify(books, payment, before, now);
}

/// As [`put`], for a payment that is created just now: what has become of it already is told in
/// the answer to who created it.
pub(crate) fn put_new(books: &mut Books, payment: &Payment, before: &Payment, now: Timestamp) {
    if payment == before {
        return;
    }
    let new = payment.transitions.get(before.transitions.len()..).unwrap_or_default();
    if !new.is_empty() {
        let events: Vec<&str> = new.iter().map(|it| it.event.as_str()).collect();
        let cause = new.last().map_or("", |it| it.cause.as_str());
        let change = change_of(payment, PaymentsChange::Moved, cause, now)
            .with("from", before.state.as_str())
            .with("events", events.join(" "));
        books.place_change(change, None);
    }
    if let (Some(reason), None) = (&payment.attention, &before.attention) {
        let change = change_of(payment, PaymentsChange::Raised, "INTERNAL", now);
        books.place_change(change.with("reason", reason), None);
    }
    books.put_document(payment.document());
}
