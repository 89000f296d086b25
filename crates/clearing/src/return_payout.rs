//! The decision to take back a settlement whose payment came back from the bank: what was paid out
//! is owed again, and the seller's next settlement pays it.

use ledger::return_settlement::{ReturnSettlement, return_settlement};
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Date, Idempotency, ReadSet, RowId, Timestamp,
};

use crate::command::{Answer, Outcome, repeated};
use crate::refusal::Refusal;
use crate::settlement::{PayoutReturn, Settlement, SettlementKey};

/// Says that the bank could not pay a settlement. It is returned once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPayout {
    /// The settlement.
    pub settlement: i64,
    /// Whose it was found to be.
    pub key: SettlementKey,
    /// Why it came back, for people. At most [`crate::limits::NOTE_CHARS_MAX`] characters.
    pub reason: String,
    /// Who says so.
    pub actor: String,
    /// The caller's key for the request.
    pub idempotency: Option<Idempotency>,
}

impl ReturnPayout {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Settlement::id(self.settlement));
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
        // The day for which it counts is none of what is read.
        self.posting(self.key.day).read(reads);
    }

    fn posting(&self, value_date: Date) -> ReturnSettlement {
        ReturnSettlement {
            company: self.key.company.clone(),
            settlement: self.key.source(),
            source: self.key.return_source(),
            value_date,
        }
    }
}

/// Decides to take back a settlement: what it paid out is booked back, and the settlement says so,
/// in one commit.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::SettlementNotFound`],
/// [`Refusal::NothingPaidOut`], [`Refusal::PayoutReturned`], [`Refusal::CompanyNotFound`],
/// [`Refusal::NotPaidOut`]; always with the books unchanged.
pub fn return_payout(
    command: &ReturnPayout,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let used = repeated(books, command.idempotency)?;
    let found = books.document(Settlement::id(command.settlement)).and_then(Settlement::of);
    let settlement = found.filter(|settlement| settlement.key == command.key);
    let settlement = settlement.ok_or(Refusal::SettlementNotFound)?;
    if used.is_some() {
        return Ok(Answer::replayed(Outcome::Settlement(Box::new(settlement))));
    }
    if settlement.transfer.is_none() {
        return Err(Refusal::NothingPaidOut);
    }
    if settlement.returned.is_some() {
        return Err(Refusal::PayoutReturned);
    }
    let company = books.directory.company(&command.key.company).ok_or(Refusal::CompanyNotFound)?;
    let posting = command.posting(company.day_of(now));
    let booked = return_settlement(&posting, books, now).map_err(Refusal::NotPaidOut)?;
    if booked.replayed {
        // The settlement has no return, so that somebody else has used its source id.
        return Err(Refusal::NotPaidOut(ledger::Refusal::DuplicateSettlement));
    }
    let kind = ChangeKind::Clearing(ClearingChange::SettlementReturned);
    let change = Change::about(RowId(settlement.number), kind, &command.actor, now)
        .with("company", command.key.company.as_str())
        .with("seller", command.key.seller.as_str())
        .with("transaction", booked.transaction.0.to_string());
    books.place_change(change, command.idempotency);
    let returned = PayoutReturn {
        transaction: booked.transaction.0,
        reason: command.reason.clone(),
        at: now,
        actor: command.actor.clone(),
    };
    let settlement = Settlement { returned: Some(returned), ..settlement };
    books.put_document(settlement.document());
    Ok(Answer::new(Outcome::Settlement(Box::new(settlement))))
}

#[cfg(test)]
mod tests;
