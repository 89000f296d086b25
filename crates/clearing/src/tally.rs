//! What sellers and acquirers' batches came to, kept by following the journal.
//!
//! A payable account has no balance in its row, so that no purchase waits for another seller's;
//! what a seller is owed is the sum of its entries. Whoever follows the journal sums up what is
//! new and adds it in one commit with how far it has come.
//!
//! Invariant: each transaction is counted once, whatever happens in between. The documents are
//! made of the journal alone and are no rows of it: summing it up again gives the same.

pub mod batch;
pub mod line;
pub mod seller_day;

use std::collections::BTreeMap;

use ledger::document::Kind;
use ledger::{Books, Directory, Document, DocumentId, Fields, Position, ReadSet, Transaction};

pub use batch::{AcquirerBatch, BatchContent, BatchKey};
pub use line::{Line, Sum, Sums};
pub use seller_day::{DayKey, SellerDay, SettledDay};

use crate::command::{Answer, Outcome};
use crate::refusal::Refusal;

/// How far the journal is summed up, and how many documents that has made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalMark {
    /// Up to where.
    pub position: Position,
    /// The number of the newest day.
    pub newest_day: i64,
    /// The number of the newest batch.
    pub newest_batch: i64,
}

/// Adds what is new in the journal. Where somebody else has done so, nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Up to where the journal had been summed up.
    pub from: Position,
    /// Up to where it is now.
    pub until: Position,
    /// What is between.
    pub deltas: Deltas,
}

/// What some rows of the journal came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deltas {
    /// By sellers' days.
    pub days: BTreeMap<DayKey, Sums>,
    /// By acquirers' batches.
    pub batches: BTreeMap<BatchKey, BatchContent>,
}

impl JournalMark {
    /// The one document.
    pub const ID: DocumentId = DocumentId { kind: Kind::JournalMark, number: 1 };

    /// The mark in loaded books. Where there is none, nothing is summed up yet.
    pub fn find(books: &Books) -> JournalMark {
        books.document(JournalMark::ID).and_then(JournalMark::of).unwrap_or_default()
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<JournalMark> {
        let fields = &document.fields;
        Some(JournalMark {
            position: Position::parse(fields.text("position")?)?,
            newest_day: fields.number("newest_day")?,
            newest_batch: fields.number("newest_batch")?,
        })
    }

    fn document(&self) -> Document {
        let fields = Fields::default()
            .with("position", Some(self.position.to_string()))
            .with("newest_day", Some(self.newest_day.to_string()))
            .with("newest_batch", Some(self.newest_batch.to_string()));
        Document::new(JournalMark::ID, fields)
    }

    /// The number of the next day.
    fn next_day(&mut self) -> i64 {
        self.newest_day = self.newest_day.saturating_add(1);
        self.newest_day
    }

    /// The number of the next batch.
    fn next_batch(&mut self) -> i64 {
        self.newest_batch = self.newest_batch.saturating_add(1);
        self.newest_batch
    }
}

impl Deltas {
    /// Counts a transaction. `None` where the directory does not know whose it is, or a sum is
    /// more than there are numbers for.
    pub fn add(&mut self, transaction: &Transaction, directory: &Directory) -> Option<()> {
        let Some(line) = Line::of(transaction.kind) else { return Some(()) };
        let company = directory.company_by_id(transaction.company)?;
        let seller = directory.seller_by_id(transaction.seller)?;
        let sum = Sum { count: 1, minor: transaction.posted };
        let key = DayKey {
            company: company.number.clone(),
            seller: seller.number.clone(),
            currency: transaction.currency.code(),
            day: company.day_of(transaction.at),
        };
        self.days.entry(key).or_default().add(line, sum)?;
        // No text that a name of a document cannot be made of: clients write it.
        let batch = transaction.references.batch.as_deref();
        if let Some(batch) = batch.filter(|batch| !batch.chars().any(char::is_control)) {
            let key = BatchKey { company: company.number.clone(), batch: batch.to_owned() };
            let content = self.batches.entry(key).or_default();
            content.sums.entry(transaction.currency.code()).or_default().add(line, sum)?;
            content.merchant(&seller.number);
        }
        Some(())
    }
}

impl Tally {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(JournalMark::ID);
        let days = self.deltas.days.keys();
        reads.names.extend(days.flat_map(|key| [key.open_name(), key.settled_name()]));
        reads.names.extend(self.deltas.batches.keys().map(BatchKey::name));
    }
}

/// Decides to add what is new, once.
///
/// # Errors
/// [`Refusal::SumOutOfRange`], with the books unchanged.
pub fn tally(command: &Tally, books: &mut Books) -> Result<Answer, Refusal> {
    let mut mark = JournalMark::find(books);
    if mark.position != command.from {
        return Ok(Answer::nothing());
    }
    let mut documents = Vec::new();
    for (key, sums) in &command.deltas.days {
        let day = day_after(key, sums, books, &mut mark).ok_or(Refusal::SumOutOfRange)?;
        documents.push(day.document());
    }
    for (key, content) in &command.deltas.batches {
        let batch = batch_after(key, content, books, &mut mark).ok_or(Refusal::SumOutOfRange)?;
        documents.push(batch.document());
    }
    mark.position = command.until.clone();
    documents.push(mark.document());
    for document in documents {
        books.put_document(document);
    }
    Ok(Answer::new(Outcome::Tallied))
}

/// The open day with some more; a new one where there is none.
fn day_after(
    key: &DayKey,
    sums: &Sums,
    books: &Books,
    mark: &mut JournalMark,
) -> Option<SellerDay> {
    if let Some(open) = books.named(&key.open_name()).and_then(SellerDay::of) {
        return Some(SellerDay { sums: open.sums.plus(sums)?, ..open });
    }
    Some(SellerDay {
        number: mark.next_day(),
        key: key.clone(),
        is_late: books.named(&key.settled_name()).is_some(),
        sums: sums.clone(),
        settled: None,
    })
}

/// A batch with some more; a new one where there is none.
fn batch_after(
    key: &BatchKey,
    content: &BatchContent,
    books: &Books,
    mark: &mut JournalMark,
) -> Option<AcquirerBatch> {
    if let Some(batch) = books.named(&key.name()).and_then(AcquirerBatch::of) {
        return Some(AcquirerBatch { content: batch.content.plus(content)?, ..batch });
    }
    Some(AcquirerBatch { number: mark.next_batch(), key: key.clone(), content: content.clone() })
}
