//! The decision to take what is paid into a merchant's batch report.

use std::collections::{BTreeMap, BTreeSet};

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, Date, Document, DocumentId, Fields, PaymentsChange, ReadSet, RowId,
    Timestamp,
};

use crate::command::{Answer, Outcome, find};
use crate::payment::{Cause, Payment, number, time};
use crate::refusal::Refusal;
use crate::state::{Event, State};

/// What a merchant's payments of a day came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchReport {
    /// The row that began it; the batch's number.
    pub number: i64,
    /// The customer's number.
    pub customer: i64,
    /// The day that it closes, where the merchant is.
    pub day: Date,
    /// What was created before this moment is in it.
    pub until: Timestamp,
    /// When it was begun.
    pub created_at: Timestamp,
    /// How many, and how much in minor units, by kind, method and currency: `payment KLARNA SEK`.
    pub sums: BTreeMap<String, (i64, i64)>,
}

/// Asks to take payments into a report. Those that are not paid are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseDay {
    /// The customer's number.
    pub customer: i64,
    /// The day that is closed.
    pub day: Date,
    /// When the day ended.
    pub until: Timestamp,
    /// The payments. At most [`crate::limits::REPORTED_AT_ONCE_MAX`].
    pub payments: Vec<i64>,
}

impl BatchReport {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::BatchReport.id(number)
    }

    /// The list of a merchant's reports.
    pub fn merchant_list(customer: i64) -> String {
        format!("reports.of:{customer}")
    }

    /// The name by which a merchant's report of a day is found.
    pub fn day_name(customer: i64, day: Date) -> String {
        format!("report:{customer}/{day}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<BatchReport> {
        let fields = &document.fields;
        let counts = fields.under("count.");
        let sums = fields.under("sum.");
        let line = |(name, _): (&str, &str)| {
            Some((name.to_owned(), (counts.number(name)?, sums.number(name)?)))
        };
        Some(BatchReport {
            number: document.id.number,
            customer: fields.number("customer")?,
            day: Date::parse(&fields.owned("day")?)?,
            until: fields.time("until")?,
            created_at: fields.time("created_at")?,
            sums: counts.iter().filter_map(line).collect(),
        })
    }

    fn document(&self) -> Document {
        let mut fields = Fields::default()
            .with("customer", number(self.customer))
            .with("day", Some(self.day.to_string()))
            .with("until", time(self.until))
            .with("created_at", time(self.created_at));
        for (name, (count, sum)) in &self.sums {
            fields.set(format!("count.{name}"), number(*count));
            fields.set(format!("sum.{name}"), number(*sum));
        }
        let mut document = Document::new(BatchReport::id(self.number), fields);
        document.names.insert(BatchReport::day_name(self.customer, self.day));
        document.lists.insert(BatchReport::merchant_list(self.customer));
        document
    }
}

impl CloseDay {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.extend(self.payments.iter().map(|number| Payment::id(*number)));
        reads.names.push(BatchReport::day_name(self.customer, self.day));
    }
}

/// Decides which payments come into a report, and places it in the books. A day has one report;
/// payments may come into it in several commands.
///
/// # Errors
/// None.
pub fn close_day(command: &CloseDay, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let numbers: BTreeSet<i64> = command.payments.iter().copied().collect();
    let found = numbers.into_iter().filter_map(|number| find(books, number));
    let payments: Vec<Payment> = found
        .filter(|it| it.merchant.customer == command.customer && it.state == State::Finalized)
        .collect();
    if payments.is_empty() {
        return Ok(Answer::nothing());
    }
    let name = BatchReport::day_name(command.customer, command.day);
    let mut report = books.named(&name).and_then(BatchReport::of).unwrap_or(BatchReport {
        number: books.coming_id().0,
        customer: command.customer,
        day: command.day,
        until: command.until,
        created_at: now,
        sums: BTreeMap::new(),
    });
    for mut payment in payments.iter().cloned() {
        if payment.pass(Event::Report, Cause::Internal, now) {
            payment.report = Some(report.number);
            let line =
                [payment.kind.as_str(), payment.method.as_str(), payment.amount.currency.code()];
            let (count, sum) = report.sums.entry(line.join(" ")).or_default();
            *count = count.saturating_add(1);
            *sum = sum.saturating_add(payment.captured_minor);
            books.put_document(payment.document());
        }
    }
    let kind = ChangeKind::Payments(PaymentsChange::Reported);
    let mut change = Change::about(RowId(report.number), kind, Cause::Internal.as_str(), now)
        .with("customer", command.customer.to_string())
        .with("day", command.day.to_string());
    let numbers = payments.iter().map(|payment| payment.number.to_string());
    change = change.with("payments", numbers.collect::<Vec<_>>().join(" "));
    books.place_change(change, None);
    books.put_document(report.document());
    Ok(Answer::new(Outcome::Report(report)))
}

#[cfg(test)]
mod tests;
