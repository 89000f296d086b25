//! What batches, merchants and days came to: what is booked, by the tallies that are kept by
//! following the journal, and what does not agree.

use std::collections::BTreeMap;

use clearing::AcquirerFile;
use clearing::exception::{Exception, Reason};
use clearing::tally::{AcquirerBatch, BatchKey, SellerDay, Sums};
use ledger::{Date, ReadSet};
use store::{Part, Reader, StoreError};

use crate::limits::{BATCH_FILES_MAX, REPORT_EXCEPTIONS_MAX};

/// How many documents are read at a time.
const READ_AT_A_TIME: usize = 1_000;

/// What something came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What became of rows of acquirers' files. Absent where it is not about files.
    pub rows: Option<Rows>,
    /// What is booked, by kind and the code of the currency.
    pub sums: BTreeMap<(&'static str, &'static str), Booked>,
    /// What does not agree, by reason.
    pub exceptions: BTreeMap<Reason, Standing>,
    /// Whether all exceptions are counted.
    pub is_whole: bool,
}

/// What became of the rows of a batch's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// How many files.
    pub files: i64,
    /// How many rows they have.
    pub rows: i64,
    /// Those that are booked because of the file.
    pub posted: i64,
    /// Those that had been booked before.
    pub matched: i64,
    /// Those that are exceptions.
    pub refused: i64,
}

/// How many transactions, and what they sum up to in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// How many.
    pub count: i64,
    /// The sum, in minor units.
    pub minor: i64,
}

/// How many exceptions somebody has dealt with, and how many not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Nobody has.
    pub open: i64,
    /// Somebody has.
    pub resolved: i64,
}

impl Report {
    fn new(rows: Option<Rows>) -> Report {
        Report { rows, sums: BTreeMap::new(), exceptions: BTreeMap::new(), is_whole: true }
    }

    fn add(&mut self, currency: &'static str, sums: &Sums) {
        for (line, sum) in &sums.0 {
            let booked = self.sums.entry((line.as_str(), currency)).or_default();
            booked.count = booked.count.saturating_add(sum.count);
            booked.minor = booked.minor.saturating_add(sum.minor);
        }
    }

    /// Counts the exceptions on a list that `suits` says are meant.
    fn count(
        &mut self,
        reader: &mut dyn Reader,
        list: &str,
        suits: impl Fn(&Exception) -> bool,
    ) -> Result<(), StoreError> {
        let (mut after, mut looked_at) = (0, 0_usize);
        loop {
            let found = reader.documents(list, Part::After(after), READ_AT_A_TIME)?;
            let Some(newest) = found.last() else { return Ok(()) };
            after = newest.id.number;
            looked_at = looked_at.saturating_add(found.len());
            for exception in found.iter().filter_map(Exception::of).filter(&suits) {
                let standing = self.exceptions.entry(exception.what.reason).or_default();
                let is_open = exception.resolution.is_none();
                let count = if is_open { &mut standing.open } else { &mut standing.resolved };
                *count = count.saturating_add(1);
            }
            if looked_at >= REPORT_EXCEPTIONS_MAX {
                self.is_whole = false;
                return Ok(());
            }
        }
    }
}

/// What an acquirer's batch came to, of all companies. `None` where nobody has heard of it.
///
/// # Errors
/// When the store cannot be read.
pub fn batch_report(reader: &mut dyn Reader, batch: &str) -> Result<Option<Report>, StoreError> {
    let list = AcquirerFile::batch_list(batch);
    let files = reader.documents(&list, Part::After(0), BATCH_FILES_MAX)?;
    let mut rows = Rows::default();
    for file in files.iter().filter_map(AcquirerFile::of) {
        let (counts, sum) = (file.counts, |one: i64, other: i64| one.saturating_add(other));
        rows = Rows {
            files: sum(rows.files, 1),
            rows: sum(rows.rows, file.rows),
            posted: sum(rows.posted, counts.posted),
            matched: sum(rows.matched, counts.matched),
            refused: sum(rows.refused, counts.refused),
        };
    }
    let directory = reader.load(&ReadSet::default())?.directory;
    let key = |company: &str| BatchKey { company: company.to_owned(), batch: batch.to_owned() };
    let names: Vec<String> =
        directory.companies().map(|company| key(&company.number).name()).collect();
    let books = reader.load(&ReadSet { names: names.clone(), ..ReadSet::default() })?;
    let batches = names.iter().filter_map(|name| books.named(name).and_then(AcquirerBatch::of));
    let batches: Vec<AcquirerBatch> = batches.collect();
    if rows.files == 0 && batches.is_empty() {
        return Ok(None);
    }
    let mut report = Report::new(Some(rows));
    for batch in &batches {
        for (currency, sums) in &batch.content.sums {
            report.add(currency, sums);
        }
    }
    report.count(reader, &Exception::batch_list(batch), |_| true)?;
    Ok(Some(report))
}

/// What a merchant's days came to, from one to another.
///
/// # Errors
/// When the store cannot be read.
pub fn merchant_report(
    reader: &mut dyn Reader,
    (company, seller): (&str, &str),
    (from, to): (Date, Date),
) -> Result<Report, StoreError> {
    let mut report = Report::new(None);
    let is_meant = |day: Date| (from..=to).contains(&day);
    days(reader, &SellerDay::seller_list(company, seller), |day| {
        if is_meant(day.key.day) {
            report.add(day.key.currency, &day.sums);
        }
    })?;
    report.count(reader, &Exception::merchant_list(company, seller), |exception| {
        exception.what.day.is_some_and(is_meant)
    })?;
    Ok(report)
}

/// What a company's day came to.
///
/// # Errors
/// When the store cannot be read.
pub fn day_report(reader: &mut dyn Reader, company: &str, day: Date) -> Result<Report, StoreError> {
    let mut report = Report::new(None);
    days(reader, &SellerDay::day_list(company, day), |day| {
        report.add(day.key.currency, &day.sums);
    })?;
    report.count(reader, &Exception::day_list(company, day), |_| true)?;
    Ok(report)
}

/// Shows the days on a list.
fn days(
    reader: &mut dyn Reader,
    list: &str,
    mut take: impl FnMut(SellerDay),
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let found = reader.documents(list, Part::After(after), READ_AT_A_TIME)?;
        let Some(newest) = found.last() else { return Ok(()) };
        after = newest.id.number;
        found.iter().filter_map(SellerDay::of).for_each(&mut take);
    }
}
