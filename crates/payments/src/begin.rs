//! The decisions around what has to be done at a PSP: who does it, when it becomes due, and when
//! too long was nothing heard.

use ledger::{Books, ReadSet, Timestamp};

use crate::authenticate;
use crate::command::{Answer, Outcome, find, put};
use crate::limits::{OPEN_MS_MAX, STALE_AGE_PERCENT, TASK_LEASE_MS};
use crate::method::Method;
use crate::payment::{Cause, Payment, PaymentKind, Task};
use crate::refusal::Refusal;
use crate::registration::{self, Registration};
use crate::report::{Operation, Told};
use crate::state::{Event, State};

/// Asks for the right to do what a payment's task says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The payment.
    pub payment: i64,
    /// What a refund or reversal is about.
    pub original: Option<i64>,
    /// How it is paid.
    pub method: Method,
    /// How often it had been begun when it was found due.
    pub attempts: i64,
}

/// Says that the PSP has told that something happened. What it said is not believed: the PSP is
/// asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The payment.
    pub payment: i64,
    /// What the PSP calls it. Taken over where the answer that told it was lost; reading it back
    /// shows whether it is this payment's.
    pub reference: Option<String>,
    /// How it says that a payment has ended without money, where it says so: by a decline, a
    /// failure or the payer's leaving. The PSP is then told to end it, which shows whether it is
    /// so.
    pub ends_as: Option<Event>,
}

/// Asks to count payments as stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    /// The payments. At most [`crate::limits::REPORTED_AT_ONCE_MAX`].
    pub payments: Vec<i64>,
}

impl Begin {
    /// Asks for the task that a payment has.
    pub fn of(payment: &Payment, task: Task) -> Begin {
        let Payment { number, original, method, .. } = *payment;
        Begin { payment: number, original, method, attempts: task.attempts }
    }

    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Payment::id(self.payment));
        reads.documents.extend(self.original.map(Payment::id));
        // Where nobody is asked, the payer's time is over, and a card may have been kept meanwhile.
        if self.method.psp().is_none() {
            reads.documents.push(Registration::id(self.payment));
        }
    }
}

impl Wake {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Payment::id(self.payment));
    }
}

impl Age {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.extend(self.payments.iter().map(|number| Payment::id(*number)));
    }
}

impl Payment {
    /// When it is stale, if it is undecided still.
    pub fn stale_at(&self) -> Timestamp {
        let mean_ms = self.method.mean_delay_seconds().saturating_mul(1_000);
        let age_ms = mean_ms.saturating_mul(STALE_AGE_PERCENT).div_euclid(100);
        self.created_at.plus_ms(age_ms)
    }

    /// When a payment is given up, if it is undecided still.
    pub fn given_up_at(&self) -> Timestamp {
        self.created_at.plus_ms(OPEN_MS_MAX)
    }
}

/// Decides who does what is due: who comes first. The task is then left alone for a while, so that
/// a call is made by one only; when who had begun it is gone, it becomes due again.
///
/// # Errors
/// [`Refusal::PaymentNotFound`].
pub fn begin(command: &Begin, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let before = find(books, command.payment).ok_or(Refusal::PaymentNotFound)?;
    let mut payment = before.clone();
    let Some(mut task) = payment.task else { return Ok(Answer::nothing()) };
    if task.attempts != command.attempts || task.due_at > now {
        return Ok(Answer::nothing());
    }
    task.attempts = task.attempts.saturating_add(1);
    task.due_at = now.plus_ms(TASK_LEASE_MS);
    let is_unpaid_payment = payment.kind == PaymentKind::Payment && payment.state.is_open();
    let asks = matches!(task.operation, Operation::Create | Operation::Read);
    if asks && is_unpaid_payment && now >= payment.given_up_at() {
        task.operation = Operation::GiveUp;
    }
    if payment.method.psp().is_none() {
        // Nobody is asked: who had to prove who they are has not come back.
        authenticate::expire(&mut payment, now);
        put(books, &payment, &before, now);
        registration::confirm(books, payment.number, false);
        return Ok(Answer::new(Outcome::Payment(Box::new(payment), None)));
    }
    if payment.state == State::Stale {
        payment.pass(Event::Resend, task.cause, now);
    }
    payment.task = Some(task);
    put(books, &payment, &before, now);
    let original = command.original.and_then(|number| find(books, number));
    Ok(Answer::new(Outcome::Payment(Box::new(payment), original.map(Box::new))))
}

/// Decides what a call of the PSP's changes: the payment is to be read at once, unless nothing can
/// come of it any more or something else is being done with it.
///
/// # Errors
/// [`Refusal::PaymentNotFound`].
pub fn wake(command: &Wake, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let before = find(books, command.payment).ok_or(Refusal::PaymentNotFound)?;
    let mut payment = before.clone();
    if payment.told.reference.is_none() {
        payment.hear(Told { reference: command.reference.clone(), ..Told::default() });
    }
    let may_change = match payment.state {
        State::Initialized
        | State::Pending
        | State::Stale
        | State::Authorized
        | State::Reserved
        | State::TimedOut => true,
        State::Finalized | State::Reported | State::Rejected | State::Cancelled | State::Failed => {
            false
        }
    };
    let is_busy = payment.task.is_some_and(|task| match task.operation {
        Operation::Capture { .. } | Operation::Cancel | Operation::GiveUp => true,
        Operation::Create | Operation::Read => false,
    });
    let is_about_another = is_busy && payment.kind.is_about_its_original();
    let may_change = may_change && payment.method.psp().is_some();
    if !may_change || is_about_another || (is_busy && !payment.state.is_open()) {
        return Ok(Answer::nothing());
    }
    let attempts = payment.task.map_or(0, |task| task.attempts);
    let ends = command.ends_as.filter(|_| {
        payment.kind == PaymentKind::Payment
            && payment.state.is_open()
            && payment.told.reference.is_some()
    });
    payment.ends_as = ends.or(payment.ends_as);
    let operation = if ends.is_some() { Operation::GiveUp } else { Operation::Read };
    payment.task = Some(Task { operation, due_at: now, attempts, cause: Cause::Callback });
    put(books, &payment, &before, now);
    Ok(Answer::new(Outcome::Payment(Box::new(payment), None)))
}

/// Decides which payments are stale: those that nothing was heard of for longer than their method
/// usually takes (AAPay terminal service, `staleAgePercent` of `meanDelay`).
///
/// # Errors
/// None.
pub fn age(command: &Age, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let mut aged = Vec::new();
    for number in &command.payments {
        let Some(before) = find(books, *number) else { continue };
        if before.state != State::Initialized || before.stale_at() > now {
            continue;
        }
        let mut payment = before.clone();
        if payment.pass(Event::Age, Cause::Internal, now) {
            aged.push(payment.number);
            put(books, &payment, &before, now);
        }
    }
    Ok(Answer::new(if aged.is_empty() { Outcome::Nothing } else { Outcome::Aged(aged) }))
}

#[cfg(test)]
mod tests;
