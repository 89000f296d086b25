//! The decision what follows when the payer has come back from proving who they are (3-D Secure),
//! and what follows when they never do.

use ledger::{Books, ReadSet, Timestamp};

use crate::cards;
use crate::command::{Answer, Outcome, find, put};
use crate::method::Method;
use crate::on_ledger::{self, Charge};
use crate::online::Authentication;
use crate::payment::{Cause, Payment};
use crate::refusal::Refusal;
use crate::registration::{self, Registration};
use crate::result_code::ResultCode;
use crate::state::Event;

/// What the payer's issuer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The payer has proved it.
    Given,
    /// The payer could not.
    Failed,
    /// The payer did not want to.
    Cancelled,
}

/// Tells what became of the payer's proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticate {
    /// The payment, as it was read before. Only what never changes of it is relied on.
    pub payment: Box<Payment>,
    /// What the issuer says.
    pub proof: Proof,
}

impl Authenticate {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        let payment = &self.payment;
        reads.documents.push(Payment::id(payment.number));
        reads.documents.push(Registration::id(payment.number));
        if payment.method == Method::CardLedger {
            on_ledger::read_payment(&Charge::of(payment), reads);
        }
    }
}

/// Decides what follows from the proof. Told again, it changes nothing.
///
/// # Errors
/// [`Refusal::PaymentNotFound`].
pub fn authenticate(
    command: &Authenticate,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let before = find(books, command.payment.number).ok_or(Refusal::PaymentNotFound)?;
    let mut payment = before.clone();
    if is_awaited(&payment) {
        payment.task = None;
        match command.proof {
            Proof::Given => {
                set(&mut payment, Authentication::Passed, None);
                cards::charge(&mut payment, books, now);
            }
            Proof::Failed => {
                set(&mut payment, Authentication::Failed, Some(ResultCode::CHALLENGE_FAILED));
                payment.pass(Event::Reject, Cause::Callback, now);
            }
            Proof::Cancelled => {
                set(&mut payment, Authentication::Failed, Some(ResultCode::CANCELLED_BY_PAYER));
                payment.pass(Event::Cancel, Cause::Callback, now);
            }
        }
        put(books, &payment, &before, now);
        registration::confirm(books, payment.number, payment.is_successful());
    }
    Ok(Answer::new(Outcome::Payment(Box::new(payment), None)))
}

/// Ends a payment whose payer has never come back.
pub(crate) fn expire(payment: &mut Payment, now: Timestamp) {
    payment.task = None;
    if is_awaited(payment) {
        set(payment, Authentication::Failed, Some(ResultCode::PAYER_TIMED_OUT));
    }
    payment.pass(Event::TimeOut, Cause::Internal, now);
}

fn is_awaited(payment: &Payment) -> bool {
    let online = payment.online.as_ref();
    let authentication = online.and_then(|online| online.authentication);
    payment.state.is_open() && authentication == Some(Authentication::Awaited)
}

fn set(payment: &mut Payment, authentication: Authentication, result: Option<ResultCode>) {
    if let Some(online) = &mut payment.online {
        online.authentication = Some(authentication);
        online.result = result;
    }
}

#[cfg(test)]
mod tests;
