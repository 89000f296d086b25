//! The decision to settle with a seller in one currency, up to a day: what it is owed is put on
//! its way to its bank, and what the company keeps is booked, in one commit with the days that
//! are settled by it.

use std::collections::BTreeSet;

use ledger::pay_out::{PaidOut, PayOut, pay_out};
use ledger::{Books, Change, ChangeKind, ClearingChange, Date, ReadSet, RowId, Timestamp};

use crate::command::{Answer, Outcome};
use crate::fees::{DayFees, FeeTable};
use crate::refusal::Refusal;
use crate::settlement::{Settlement, SettlementKey, SettlementOutcome};
use crate::tally::line::Sums;
use crate::tally::seller_day::{SellerDay, SettledDay};

/// Asks to settle. The same settlement again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// With whom, in what, up to which day.
    pub key: SettlementKey,
    /// The seller's days that were found open, at most [`crate::limits::SETTLED_DAYS_MAX`]. Those
    /// that are not open any more, or not meant, are passed over.
    pub days: Vec<i64>,
    /// Who asks for it.
    pub actor: String,
}

/// What is settled together.
struct Whole {
    /// The days, with what is kept of each.
    days: Vec<(SellerDay, DayFees)>,
    sums: Sums,
    fees: DayFees,
    carried_in_minor: i64,
    outcome: SettlementOutcome,
}

impl Settle {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.extend(self.days.iter().map(|number| SellerDay::id(*number)));
        reads.names.extend([self.key.name(), self.key.newest_name()]);
        self.pay_out(0, 0, self.key.day).read(reads);
    }

    fn pay_out(&self, net_minor: i64, fee_minor: i64, value_date: Date) -> PayOut {
        PayOut {
            company: self.key.company.clone(),
            seller: self.key.seller.clone(),
            currency: self.key.currency,
            net_minor,
            fee_minor,
            source: self.key.source(),
            value_date,
        }
    }
}

/// Decides to settle. Where nothing is open, nothing is done.
///
/// # Errors
/// [`Refusal::CompanyNotFound`], [`Refusal::SellerNotFound`], [`Refusal::DayNotEnded`],
/// [`Refusal::SumOutOfRange`], [`Refusal::NotPaidOut`]; always with the books unchanged.
pub fn settle(command: &Settle, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    if let Some(made) = books.named(&command.key.name()).and_then(Settlement::of) {
        return Ok(Answer::replayed(Outcome::Settlement(Box::new(made))));
    }
    let today = today(&command.key, books, now)?;
    let newest = books.named(&command.key.newest_name()).and_then(Settlement::of);
    let carried_in = newest.as_ref().map_or(0, |newest| newest.outcome.carried_out_minor());
    let days = open_days(command, books);
    let Some(first_day) = days.iter().map(|day| day.key.day).min() else {
        return Ok(Answer::nothing());
    };
    let whole = sum_up(&command.key, days, carried_in, books);
    let whole = whole.ok_or(Refusal::SumOutOfRange)?;
    let paid = pay(command, whole.outcome, books, today, now)?;
    let mut settlement = Settlement {
        number: 0,
        key: command.key.clone(),
        first_day,
        days: i64::try_from(whole.days.len()).unwrap_or(i64::MAX),
        sums: whole.sums,
        fees: whole.fees.by_line,
        top_up_minor: whole.fees.top_up_minor,
        carried_in_minor: whole.carried_in_minor,
        outcome: whole.outcome,
        transfer: paid.settlement.map(|id| id.0),
        fee: paid.fee.map(|id| id.0),
        payment_file: None,
        returned: None,
        is_newest: true,
        at: now,
        actor: command.actor.clone(),
    };
    let kind = ChangeKind::Clearing(ClearingChange::Settled);
    let change = Change::about(RowId(0), kind, &command.actor, now);
    let fields = settlement.fields();
    let change = fields.iter().fold(change, |change, (name, value)| change.with(name, value));
    settlement.number = books.place_change(change, None).id.0;
    if let Some(newest) = newest {
        books.put_document(Settlement { is_newest: false, ..newest }.document());
    }
    books.put_document(settlement.document());
    for (day, fees) in whole.days {
        let settled = Some(SettledDay { settlement: settlement.number, fees });
        books.put_document(SellerDay { settled, ..day }.document());
    }
    Ok(Answer::new(Outcome::Settlement(Box::new(settlement))))
}

/// Which day it is for the company, where the day that is settled has ended.
fn today(key: &SettlementKey, books: &Books, now: Timestamp) -> Result<Date, Refusal> {
    let company = books.directory.company(&key.company).ok_or(Refusal::CompanyNotFound)?;
    books.directory.seller(company.id, &key.seller).ok_or(Refusal::SellerNotFound)?;
    if company.zone.end_of(key.day) > now {
        return Err(Refusal::DayNotEnded);
    }
    Ok(company.day_of(now))
}

/// The named days that are open and meant, oldest first.
fn open_days(command: &Settle, books: &Books) -> Vec<SellerDay> {
    let SettlementKey { company, seller, currency, day } = &command.key;
    let numbers: BTreeSet<i64> = command.days.iter().copied().collect();
    let found = numbers.into_iter().filter_map(|number| books.document(SellerDay::id(number)));
    let is_meant = |found: &SellerDay| {
        let key = &found.key;
        let is_whose = key.company == *company && key.seller == *seller;
        is_whose && key.currency == currency.code() && key.day <= *day && found.settled.is_none()
    };
    found.filter_map(SellerDay::of).filter(is_meant).collect()
}

/// Everything together. `None` where it is more than there are numbers for.
fn sum_up(
    key: &SettlementKey,
    days: Vec<SellerDay>,
    carried_in_minor: i64,
    books: &Books,
) -> Option<Whole> {
    let table = FeeTable::of_seller(&books.directory, &key.company, &key.seller, key.currency);
    let (mut sums, mut fees, mut whole) = (Sums::default(), DayFees::default(), Vec::new());
    for day in days {
        let kept = table.of_day(&day.sums, day.is_late)?;
        sums = sums.plus(&day.sums)?;
        fees = fees.plus(&kept)?;
        whole.push((day, kept));
    }
    let (owed_minor, fees_minor) = (sums.owed()?, fees.total()?);
    let net_minor = owed_minor.checked_sub(fees_minor)?.checked_add(carried_in_minor)?;
    let outcome = SettlementOutcome { owed_minor, fees_minor, net_minor };
    Some(Whole { days: whole, sums, fees, carried_in_minor, outcome })
}

/// Books what is paid out and what is kept, where there is either.
fn pay(
    command: &Settle,
    outcome: SettlementOutcome,
    books: &mut Books,
    today: Date,
    now: Timestamp,
) -> Result<PaidOut, Refusal> {
    let (net, fee) = (outcome.paid_minor(), outcome.fees_minor);
    if net == 0 && fee == 0 {
        return Ok(PaidOut { settlement: None, fee: None, replayed: false });
    }
    let transactions = command.pay_out(net, fee, today);
    let paid = pay_out(&transactions, books, now).map_err(Refusal::NotPaidOut)?;
    if paid.replayed {
        // There is no settlement of this name, so that somebody else has used its source id.
        return Err(Refusal::NotPaidOut(ledger::Refusal::DuplicateSettlement));
    }
    Ok(paid)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;
