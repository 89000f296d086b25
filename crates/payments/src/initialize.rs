//! The decision to create a payment, a refund or a reversal. What has to be done at a PSP is a task
//! on it, written in the same commit; what our own ledger decides, it decides here.

use ledger::{Books, Idempotency, PaymentsChange, ReadSet, Timestamp};

use crate::cards;
use crate::checkout::{Checkout, admit};
use crate::command::{Answer, Outcome, change_of, find, put, put_new, repeated};
use crate::limits::{CAPTURES_MAX, DUPLICATE_MS, OPEN_MS_MAX, TASK_LEASE_MS};
use crate::method::Method;
use crate::on_ledger::Charge;
use crate::online::{Authentication, Online};
use crate::payee::Payee;
use crate::payment::{Amount, Asked, Captured, Cause, MerchantName, Payment, PaymentKind, Task};
use crate::refusal::Refusal;
use crate::registration::{self, Kept};
use crate::report::{Operation, Told};
use crate::state::{Event, State};

/// Asks for a payment, a refund or a reversal (AAPay, `initialize`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialize {
    /// Which of the three.
    pub kind: PaymentKind,
    /// How.
    pub method: Method,
    /// Whose.
    pub merchant: MerchantName,
    /// How much.
    pub amount: Amount,
    /// What the caller says of it.
    pub asked: Asked,
    /// What a refund or reversal is about, as it was read before. Only what never changes of it is
    /// relied on: its number and what it is called.
    pub original: Option<Box<Payment>>,
    /// Drawn: 32 upper-case hexadecimal digits.
    pub instruction: String,
    /// What payments v3 says of it, where it comes in there.
    pub online: Option<Online>,
    /// The card that is to be kept where it is paid.
    pub kept: Option<Kept>,
    /// The checkout that it belongs to, as it was read before.
    pub checkout: Option<Box<Checkout>>,
    /// Who asks.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

impl Initialize {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
        reads.names.extend(self.reference_name());
        reads.names.extend(self.transaction_name());
        if let Some(checkout) = &self.checkout {
            reads.documents.push(Checkout::id(checkout.number));
            reads.documents.extend(checkout.newest().map(Payment::id));
        }
        reads.documents.extend(self.original.as_ref().map(|original| Payment::id(original.number)));
        cards::read(self, reads);
    }

    /// What it charges to whom.
    pub(crate) fn charge(&self) -> Charge<'_> {
        Charge {
            merchant: &self.merchant,
            instruction: &self.instruction,
            asked: &self.asked,
            amount: self.amount,
        }
    }

    fn transaction_name(&self) -> Option<String> {
        let online = self.online.as_ref()?;
        Payment::transaction_name(self.merchant.customer, online, self.amount)
    }

    fn reference_name(&self) -> Option<String> {
        let reference = self.asked.terminal_reference.as_ref()?;
        Some(Payment::reference_name(self.merchant.customer, self.kind, reference))
    }
}

/// Decides one payment, refund or reversal and places it in the books.
///
/// # Errors
/// [`Refusal`], in its order of precedence.
pub fn initialize(
    command: &Initialize,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(number) = repeated(books, command.idempotency)? {
        return Ok(Answer::replayed(Outcome::Repeated(number)));
    }
    let payee = Payee::find(&books.directory, command.merchant.customer);
    if payee.is_inactive {
        return Err(Refusal::MerchantInactive);
    }
    let number = books.coming_id().0;
    // Whether a checkout is busy says more than that its payment has come before.
    let admit = |known: &Checkout| admit(books, known, number, now);
    let checkout = command.checkout.as_deref().map(admit).transpose()?;
    let duplicate = duplicate(command, books, now)?;
    check_set_up(command, &payee)?;
    if command.reference_name().is_some_and(|name| books.named(&name).is_some()) {
        return Err(Refusal::ReferenceInUse);
    }
    let original = original(command, books)?;
    let mut payment = new(command, original.as_ref(), number, now);
    let change = change_of(&payment, PaymentsChange::Initialized, &command.actor, now)
        .with("kind", payment.kind.as_str())
        .with("method", payment.method.as_str())
        .with("customer", payment.merchant.customer.to_string())
        .with("amount_minor", payment.amount.total_minor.to_string())
        .with("currency", payment.amount.currency.code());
    books.place_change(change, command.idempotency);
    let before = payment.clone();
    if let Some(older) = duplicate {
        books.put_document(older.document());
    }
    if let Some(checkout) = checkout {
        books.put_document(checkout.document());
    }
    if let Some(kept) = &command.kept {
        registration::keep(books, number, command.merchant.customer, kept, now);
    }
    if payment.method.psp().is_some() {
        original.clone().map(|original| claim(&mut payment, original, books, now));
    } else {
        decide_here(&mut payment, original.clone(), books, now);
    }
    books.put_document(payment.document());
    put_new(books, &payment, &before, now);
    // It may have changed too.
    let original = original.and_then(|original| find(books, original.number));
    Ok(Answer::new(Outcome::Payment(Box::new(payment), original.map(Box::new))))
}

/// Decides what needs nobody else, unless the payer has to prove first who they are.
fn decide_here(
    payment: &mut Payment,
    original: Option<Payment>,
    books: &mut Books,
    now: Timestamp,
) {
    let authentication = payment.online.as_ref().and_then(|online| online.authentication);
    if authentication == Some(Authentication::Awaited) {
        payment.task = Some(Task {
            operation: Operation::GiveUp,
            due_at: now.plus_ms(OPEN_MS_MAX),
            attempts: 0,
            cause: Cause::Internal,
        });
        return;
    }
    cards::decide(payment, original, books, now);
    registration::confirm(books, payment.number, payment.is_successful());
}

/// Whether the merchant has asked for the same before, by its own name for it (payments v3,
/// `merchantTransactionId`): of one type and one amount, within a day, and not in vain. An older
/// payment gives up the name, and is returned without it.
fn duplicate(
    command: &Initialize,
    books: &Books,
    now: Timestamp,
) -> Result<Option<Payment>, Refusal> {
    let found = command.transaction_name().and_then(|name| books.named(&name).cloned());
    let Some(mut older) = found.as_ref().and_then(Payment::of) else { return Ok(None) };
    if now < older.created_at.plus_ms(DUPLICATE_MS) {
        return Err(Refusal::Duplicate);
    }
    if let Some(online) = &mut older.online {
        online.is_displaced = true;
    }
    Ok(Some(older))
}

fn check_set_up(command: &Initialize, payee: &Payee) -> Result<(), Refusal> {
    let Some(psp) = command.method.psp() else { return Ok(()) };
    if !payee.has(psp) {
        return Err(Refusal::NoAgreement);
    }
    let is_taken = command.method.takes_currency(command.amount.currency);
    if is_taken { Ok(()) } else { Err(Refusal::CurrencyNotSupported) }
}

/// What a refund or reversal is about, where it may be.
fn original(command: &Initialize, books: &Books) -> Result<Option<Payment>, Refusal> {
    if matches!(command.kind, PaymentKind::Payment | PaymentKind::Credit) {
        return Ok(None);
    }
    let named = command.original.as_ref().ok_or(Refusal::OriginalNotFound)?;
    let original = find(books, named.number);
    let original = original.filter(|it| it.merchant.customer == command.merchant.customer);
    let original = original.ok_or(Refusal::OriginalNotFound)?;
    if original.kind != PaymentKind::Payment {
        return Err(Refusal::OriginalNotPayment);
    }
    if original.method != command.method {
        return Err(Refusal::MethodDiffers);
    }
    if original.amount.currency != command.amount.currency {
        return Err(Refusal::CurrencyDiffers);
    }
    match command.kind {
        PaymentKind::Payment | PaymentKind::Credit => {}
        PaymentKind::Reversal => check_reversal(command, &original)?,
        PaymentKind::Capture => check_capture(command, &original)?,
        PaymentKind::Refund => check_refund(command, &original)?,
    }
    cards::check(command, &original)?;
    Ok(Some(original))
}

fn check_refund(command: &Initialize, original: &Payment) -> Result<(), Refusal> {
    if !original.state.is_committed() {
        return Err(Refusal::OriginalNotPaid);
    }
    let minor = original.refundable_minor();
    if command.amount.total_minor > minor {
        return Err(Refusal::MoreThanRemains { minor });
    }
    Ok(())
}

/// A PSP takes the whole or a part once, and lets go of the rest in its own time.
fn check_capture(command: &Initialize, original: &Payment) -> Result<(), Refusal> {
    let is_held = matches!(original.state, State::Reserved | State::Authorized);
    if !is_held && !original.state.is_committed() {
        return Err(Refusal::NotReserved);
    }
    if original.reversal.is_some() {
        return Err(Refusal::AlreadyGivenBack);
    }
    let is_asked = original.task.is_some_and(|task| task.operation.is_capture());
    let is_taken = is_asked || original.state.is_committed() || !original.captures.is_empty();
    let is_over = is_taken && !original.is_taken_in_parts();
    let minor = if is_over { 0 } else { original.capturable_minor() };
    if command.amount.total_minor > minor {
        return Err(Refusal::CaptureTooLarge { minor });
    }
    if original.captures.len() >= CAPTURES_MAX {
        return Err(Refusal::TooManyCaptures);
    }
    Ok(())
}

fn check_reversal(command: &Initialize, original: &Payment) -> Result<(), Refusal> {
    match original.state {
        State::Reported => return Err(Refusal::OriginalReported),
        State::Rejected | State::Cancelled | State::Failed | State::TimedOut => {
            return Err(Refusal::OriginalEnded);
        }
        State::Initialized
        | State::Authorized
        | State::Finalized
        | State::Stale
        | State::Pending
        | State::Reserved => {}
    }
    let is_void = original.is_void_to_come();
    let online = command.online.as_ref();
    let names_capture =
        online.is_some_and(|online| online.referenced.as_deref() != Some(&original.online_id()));
    if original.reversal.is_some() {
        return Err(Refusal::AlreadyGivenBack);
    }
    // One capture of several is undone by itself: how much of it is left is looked at with it.
    if names_capture && original.is_taken_in_parts() {
        return Ok(());
    }
    if !is_void && original.refunded_minor > 0 {
        return Err(Refusal::AlreadyGivenBack);
    }
    // Payments v3 names no amount.
    let is_whole = match online {
        Some(_) => !names_capture || !is_void,
        None => command.amount.total_minor == original.reversible_minor(),
    };
    if is_whole { Ok(()) } else { Err(Refusal::NotWhole) }
}

/// The new payment with its first task, before anything else is said about it.
fn new(command: &Initialize, original: Option<&Payment>, number: i64, now: Timestamp) -> Payment {
    let mut payment = Payment {
        number,
        kind: command.kind,
        method: command.method,
        merchant: command.merchant.clone(),
        amount: amount(command, original),
        asked: command.asked.clone(),
        original: command.original.as_ref().map(|original| original.number),
        instruction: command.instruction.clone(),
        state: State::Initialized,
        transitions: Vec::new(),
        told: Told::default(),
        captured_minor: 0,
        captures: Vec::new(),
        refunded_minor: 0,
        reversal: None,
        task: None,
        ends_as: None,
        is_placed: false,
        unsent: 0,
        attention: None,
        report: None,
        online: command.online.clone(),
        created_at: now,
        changed_at: now,
    };
    payment.pass(Event::Create, Cause::Call, now);
    if payment.method.psp().is_some() {
        let minor = payment.amount.total_minor;
        let operation = match payment.kind {
            PaymentKind::Capture => Operation::Capture { minor },
            PaymentKind::Payment
            | PaymentKind::Refund
            | PaymentKind::Reversal
            | PaymentKind::Credit => Operation::Create,
        };
        // It is left to who created it, who begins at once.
        payment.task = Some(Task {
            operation,
            due_at: now.plus_ms(TASK_LEASE_MS),
            attempts: 1,
            cause: Cause::Call,
        });
    }
    payment
}

/// How much it is about. A reversal of payments v3 names no amount: it is about the payment, or the
/// capture that it names.
fn amount(command: &Initialize, original: Option<&Payment>) -> Amount {
    let online = command.online.as_ref();
    let (Some(original), Some(online)) = (original, online) else { return command.amount };
    if command.kind != PaymentKind::Reversal {
        return command.amount;
    }
    let referenced = online.referenced.as_deref().unwrap_or_default();
    let capture = original.captures.iter().find(|it| {
        it.instruction.eq_ignore_ascii_case(referenced) && original.online_id() != referenced
    });
    let minor = capture.map_or_else(|| original.reversible_minor(), |capture| capture.minor);
    let currency = original.amount.currency;
    Amount { currency, total_minor: minor, vat_minor: 0, nominal_minor: minor }
}

/// Claims what a refund or reversal gives back. A reversal of what was not taken yet ends the
/// original instead.
fn claim(
    payment: &mut Payment,
    mut original: Payment,
    books: &mut Books,
    now: Timestamp,
) -> Payment {
    let before = original.clone();
    match payment.kind {
        PaymentKind::Reversal => original.reversal = Some(payment.number),
        PaymentKind::Capture => {
            let (instruction, minor) = (payment.instruction.clone(), payment.amount.total_minor);
            original.captures.push(Captured { instruction, minor, refunded_minor: 0 });
            put(books, &original, &before, now);
            return original;
        }
        PaymentKind::Payment | PaymentKind::Refund | PaymentKind::Credit => {}
    }
    if original.state.is_committed() {
        let minor = payment.amount.total_minor;
        original.refunded_minor = original.refunded_minor.saturating_add(minor);
    } else if let Some(task) = &mut payment.task {
        task.operation = Operation::Cancel;
    }
    put(books, &original, &before, now);
    original
}

#[cfg(test)]
mod tests;
