//! The decision to create a payment, a refund or a reversal. What has to be done at a PSP is a task
//! on it, written in the same commit; what our own ledger decides, it decides here.

use ledger::{Books, Idempotency, PaymentsChange, ReadSet, Timestamp};

use crate::command::{Answer, Outcome, change_of, find, put, repeated};
use crate::limits::TASK_LEASE_MS;
use crate::method::Method;
use crate::on_ledger;
use crate::payee::Payee;
use crate::payment::{Amount, Asked, Cause, MerchantName, Payment, PaymentKind, Task};
use crate::refusal::Refusal;
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
        reads.documents.extend(self.original.as_ref().map(|original| Payment::id(original.number)));
        if self.method == Method::CardLedger {
            on_ledger::read(self, reads);
        }
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
    check_merchant(command, books)?;
    if command.reference_name().is_some_and(|name| books.named(&name).is_some()) {
        return Err(Refusal::ReferenceInUse);
    }
    let original = original(command, books)?;
    let mut payment = new(command, books, now);
    let change = change_of(&payment, PaymentsChange::Initialized, &command.actor, now)
        .with("kind", payment.kind.as_str())
        .with("method", payment.method.as_str())
        .with("customer", payment.merchant.customer.to_string())
        .with("amount_minor", payment.amount.total_minor.to_string())
        .with("currency", payment.amount.currency.code());
    books.place_change(change, command.idempotency);
    let before = payment.clone();
    let original = original.map(|original| claim(&mut payment, original, books, now));
    if payment.method == Method::CardLedger {
        on_ledger::initialize(command, &mut payment, original.as_ref(), books, now);
    }
    books.put_document(payment.document());
    put(books, &payment, &before, now);
    // The ledger may have changed the original too.
    let original = original.and_then(|original| find(books, original.number));
    Ok(Answer::new(Outcome::Payment(Box::new(payment), original.map(Box::new))))
}

fn check_merchant(command: &Initialize, books: &Books) -> Result<(), Refusal> {
    let payee = Payee::find(&books.directory, command.merchant.customer);
    if payee.is_inactive {
        return Err(Refusal::MerchantInactive);
    }
    let Some(psp) = command.method.psp() else { return Ok(()) };
    if !payee.has(psp) {
        return Err(Refusal::NoAgreement);
    }
    let currency = command.amount.currency;
    let is_taken = match command.method {
        Method::Swish => currency.code() == "SEK",
        Method::Klarna | Method::Santander | Method::Easy => {
            ["SEK", "NOK", "DKK", "EUR"].contains(&currency.code())
        }
        Method::CardLedger => true,
    };
    if is_taken { Ok(()) } else { Err(Refusal::CurrencyNotSupported) }
}

/// What a refund or reversal is about, where it may be.
fn original(command: &Initialize, books: &Books) -> Result<Option<Payment>, Refusal> {
    if command.kind == PaymentKind::Payment {
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
    if command.kind == PaymentKind::Reversal {
        check_reversal(command, &original)?;
    } else {
        if !original.state.is_committed() {
            return Err(Refusal::OriginalNotPaid);
        }
        let minor = original.refundable_minor();
        if command.amount.total_minor > minor {
            return Err(Refusal::MoreThanRemains { minor });
        }
    }
    Ok(Some(original))
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
    if original.reversal.is_some() || original.refunded_minor > 0 {
        return Err(Refusal::AlreadyGivenBack);
    }
    // A part may have been captured; what is given back is that part.
    let whole_minor = if original.state.is_committed() {
        original.captured_minor
    } else {
        original.amount.total_minor
    };
    if command.amount.total_minor == whole_minor { Ok(()) } else { Err(Refusal::NotWhole) }
}

/// The new payment with its first task, before anything else is said about it.
fn new(command: &Initialize, books: &Books, now: Timestamp) -> Payment {
    let mut payment = Payment {
        number: books.coming_id().0,
        kind: command.kind,
        method: command.method,
        merchant: command.merchant.clone(),
        amount: command.amount,
        asked: command.asked.clone(),
        original: command.original.as_ref().map(|original| original.number),
        instruction: command.instruction.clone(),
        state: State::Initialized,
        transitions: Vec::new(),
        told: Told::default(),
        captured_minor: 0,
        refunded_minor: 0,
        reversal: None,
        task: None,
        ends_as: None,
        is_placed: false,
        unsent: 0,
        attention: None,
        report: None,
        online: None,
        created_at: now,
        changed_at: now,
    };
    payment.pass(Event::Create, Cause::Call, now);
    if payment.method.psp().is_some() {
        // It is left to who created it, who begins at once.
        payment.task = Some(Task {
            operation: Operation::Create,
            due_at: now.plus_ms(TASK_LEASE_MS),
            attempts: 1,
            cause: Cause::Call,
        });
    }
    payment
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
    if payment.kind == PaymentKind::Reversal {
        original.reversal = Some(payment.number);
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
