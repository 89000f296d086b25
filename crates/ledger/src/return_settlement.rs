//! The decision to take back a settlement that the bank has returned: all of it is owed to the
//! seller again. The company's fee stays with the company.

use crate::books::{Books, ReadSet};
use crate::ids::{Fingerprint, Hasher, Key, TransactionId};
use crate::pay_out::settlement_key;
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::{Transaction, TransactionKind};

/// Says that a settlement came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnSettlement {
    /// The ledger, by number.
    pub company: String,
    /// The source id of what was paid out.
    pub settlement: String,
    /// The caller's id of the return, unique per company.
    pub source: String,
    /// The day for which it counts.
    pub value_date: Date,
}

/// What a return came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The return.
    pub transaction: TransactionId,
    /// Whether it had been booked before, and nothing was written now.
    pub replayed: bool,
}

impl ReturnSettlement {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.company(&self.company);
        reads.keys.extend([self.settlement_key(), self.key()]);
    }

    fn settlement_key(&self) -> Key {
        settlement_key(&self.company, TransactionKind::Settlement, &self.settlement)
    }

    fn key(&self) -> Key {
        settlement_key(&self.company, TransactionKind::SettlementReturn, &self.source)
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let hash = Hasher::new("return settlement")
            .text(&self.settlement)
            .number(i64::from(self.value_date.0))
            .finish();
        Fingerprint(hash)
    }
}

/// Decides one return and places it in the books.
///
/// # Errors
/// [`Refusal::DuplicateSettlement`] where the source id stands for another return;
/// [`Refusal::SettlementNotFound`], [`Refusal::SettlementReturned`],
/// [`Refusal::BalanceOutOfRange`].
pub fn return_settlement(
    command: &ReturnSettlement,
    books: &mut Books,
    now: Timestamp,
) -> Result<Returned, Refusal> {
    let (key, fingerprint) = (command.key(), command.fingerprint());
    if let Some(first) = books.transaction(key) {
        let is_same = first.fingerprint == fingerprint;
        let returned = Returned { transaction: first.id, replayed: true };
        return if is_same { Ok(returned) } else { Err(Refusal::DuplicateSettlement) };
    }
    let settlement = books.transaction(command.settlement_key());
    let settlement = settlement.ok_or(Refusal::SettlementNotFound)?;
    if settlement.correctable() < settlement.posted {
        return Err(Refusal::SettlementReturned);
    }
    let (kind, between) = (TransactionKind::SettlementReturn, settlement.between());
    let row = Transaction {
        corrects: Some(settlement.id),
        source: command.source.clone(),
        fingerprint,
        posted: settlement.posted,
        mount: settlement.mount,
        ..Transaction::bare(kind, between, command.value_date, now)
    };
    let transaction = books.place_transaction(row, &[key])?;
    Ok(Returned { transaction, replayed: false })
}

#[cfg(test)]
mod tests {
    use crate::world::{World, check};

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before                    | request                     | answer              | balance
            pay-out; return           | return of=s9                | DuplicateSettlement |
                                      | return                      | SettlementNotFound  |
            pay-out net=0             | return                      | SettlementNotFound  |
            purchase offline source=s1 | return                     | SettlementNotFound  |
            pay-out                   | return company=200          | SettlementNotFound  |
            pay-out                   | return company=999          | SettlementNotFound  |
            pay-out; return           | return source=x2            | SettlementReturned  |
            pay-out                   | return                      | nothing             | S 0 0
            ",
        );
    }

    #[test]
    fn what_came_back_is_owed_again_and_the_fee_stays() {
        check(
            "
            before          | request                           | answer        | balance
            pay-out         | return                            | nothing       | S 0 0
            pay-out         | return                            | nothing       | E -100 0
                            | pay-out + return                  | nothing       | S 0 0
            pay-out; return | return                            | nothing again |
            pay-out         | return + return                   | nothing again | S 0 0
            pay-out; return | return date=2026-11-21            | DuplicateSettlement |
            pay-out; return | pay-out                           | nothing again |
            pay-out; return | pay-out source=s2                 | nothing       | S -900 0
            pay-out; pay-out source=s2; return | return of=s2   | DuplicateSettlement |
            pay-out; pay-out source=s2; return | return of=s2 source=x2 | nothing | S 0 0
            ",
        );
    }

    #[test]
    fn a_return_hangs_on_what_it_returns() {
        let mut world = World::new();
        world.run_all("pay-out; return; pay-out source=s2; return of=s2 source=x2");
        let sides = world.rows.values().filter_map(|row| match row {
            crate::Row::Transaction(row) => Some((row, row.debit_and_credit())),
            crate::Row::Authorization(_) | crate::Row::Change(_) => None,
        });
        let sides: Vec<_> = sides.collect();
        let [(paid, (debit, credit)), _, (returned, back), ..] = sides.as_slice() else {
            panic!("{sides:?}");
        };
        assert_eq!(*back, (*credit, *debit));
        assert_eq!((returned.corrects, returned.posted), (Some(paid.id), 900));
        assert_eq!(
            (paid.corrected, paid.correctable(), paid.last_child.0),
            (900, 0, returned.id.0)
        );
    }
}
