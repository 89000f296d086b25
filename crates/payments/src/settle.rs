//! The decision to take a payment off the list of those that people have to look at.

use ledger::{Books, PaymentsChange, ReadSet, Timestamp};

use crate::command::{Answer, Outcome, change_of, find};
use crate::payment::Payment;
use crate::refusal::Refusal;

/// Says that people have looked at a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// The payment.
    pub payment: i64,
    /// What they found, for people.
    pub note: String,
    /// Who says so.
    pub actor: String,
}

impl Settle {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Payment::id(self.payment));
    }
}

/// Decides one look. It changes no state: that takes evidence.
///
/// # Errors
/// [`Refusal::PaymentNotFound`].
pub fn settle(command: &Settle, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let mut payment = find(books, command.payment).ok_or(Refusal::PaymentNotFound)?;
    if let Some(reason) = payment.attention.take() {
        let change = change_of(&payment, PaymentsChange::Settled, &command.actor, now)
            .with("reason", reason)
            .with("note", command.note.clone());
        books.place_change(change, None);
        books.put_document(payment.document());
    }
    Ok(Answer::new(Outcome::Payment(Box::new(payment), None)))
}

#[cfg(test)]
mod tests;
