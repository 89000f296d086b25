//! The decision to take what is reserved.

use ledger::{Books, Change, Idempotency, PaymentsChange, ReadSet, Timestamp};

use crate::cards;
use crate::command::{Answer, Outcome, change_of, find, put, repeated};
use crate::limits::TASK_LEASE_MS;
use crate::method::Method;
use crate::on_ledger;
use crate::payment::{Cause, Payment, PaymentKind, Task};
use crate::refusal::Refusal;
use crate::report::Operation;
use crate::state::State;

/// Asks to take what is reserved. What is not taken is released by the PSP in its own time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The payment, as it was read before. Only what never changes of it is relied on.
    pub payment: Box<Payment>,
    /// How much, in minor units; all of it when absent.
    pub minor: Option<i64>,
    /// Who asks.
    pub actor: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
}

impl Capture {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
        reads.documents.push(Payment::id(self.payment.number));
        if self.payment.method == Method::CardLedger {
            let instruction = &self.payment.instruction;
            on_ledger::read_take(&self.payment, instruction, reads);
        }
    }
}

/// Decides one capture and places it in the books: as a task for the PSP, or booked where the
/// method is our own ledger. Asking again for what is being captured changes nothing.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::PaymentNotFound`], [`Refusal::NotReserved`],
/// [`Refusal::CaptureTooLarge`].
pub fn capture(command: &Capture, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let number = command.payment.number;
    let shown = |payment: Payment| Outcome::Payment(Box::new(payment), None);
    let is_repeated = repeated(books, command.idempotency)?.is_some();
    let before = find(books, number).ok_or(Refusal::PaymentNotFound)?;
    if is_repeated {
        return Ok(Answer::replayed(shown(before)));
    }
    let is_held = matches!(before.state, State::Reserved | State::Authorized);
    // A reversal is on its way: who comes first has it.
    // So is a capture that payments v3 has asked for.
    let is_free = before.reversal.is_none() && before.captures.is_empty();
    if before.kind != PaymentKind::Payment || !is_held || !is_free {
        return Err(Refusal::NotReserved);
    }
    let whole = before.amount.total_minor;
    let minor = command.minor.unwrap_or(whole);
    debug_assert!(minor > 0, "amounts are parsed at the edge");
    if minor > whole {
        return Err(Refusal::CaptureTooLarge { minor: whole });
    }
    let mut payment = before.clone();
    let capturing = |task: &Task| task.operation.is_capture();
    if payment.task.as_ref().is_some_and(capturing) {
        return Ok(Answer::new(shown(payment)));
    }
    let change = change_of(&payment, PaymentsChange::CaptureAsked, &command.actor, now);
    let change: Change = change.with("amount_minor", minor.to_string());
    books.place_change(change, command.idempotency);
    if payment.method.psp().is_none() {
        cards::capture_whole(&mut payment, minor, books, now);
    } else {
        let attempts = payment.task.map_or(0, |task| task.attempts).saturating_add(1);
        let due_at = now.plus_ms(TASK_LEASE_MS);
        let operation = Operation::Capture { minor };
        payment.task = Some(Task { operation, due_at, attempts, cause: Cause::Call });
    }
    put(books, &payment, &before, now);
    Ok(Answer::new(shown(payment)))
}

#[cfg(test)]
mod tests;
