//! What the transactions of one acquirer's batch came to.

use std::collections::{BTreeMap, BTreeSet};

use ledger::document::Kind;
use ledger::{Currency, Document, DocumentId, Fields};

use super::line::Sums;
use crate::limits::BATCH_MERCHANTS_MAX;

/// A batch, as far as it is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcquirerBatch {
    /// Its number: batches are counted from 1 as their first transaction is seen.
    pub number: i64,
    /// Which one.
    pub key: BatchKey,
    /// What it came to.
    pub content: BatchContent,
}

/// Which batch of whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchKey {
    /// The company's number.
    pub company: String,
    /// The acquirer's name for it (card ledger, `acquirerBatchId`).
    pub batch: String,
}

/// What transactions of a batch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchContent {
    /// By currency (ISO 4217) and kind.
    pub sums: BTreeMap<&'static str, Sums>,
    /// The numbers of the sellers: the first that were seen, [`BATCH_MERCHANTS_MAX`] at most.
    pub merchants: BTreeSet<String>,
    /// Whether there are more sellers.
    pub has_more_merchants: bool,
}

impl BatchKey {
    /// The name by which it is found.
    pub fn name(&self) -> String {
        format!("acquirer_batch:{}/{}", self.company, self.batch)
    }
}

impl BatchContent {
    /// Both together. `None` where a sum is more than there are numbers for.
    pub(crate) fn plus(mut self, other: &BatchContent) -> Option<BatchContent> {
        for (currency, sums) in &other.sums {
            let before = self.sums.remove(currency).unwrap_or_default();
            self.sums.insert(currency, before.plus(sums)?);
        }
        for merchant in &other.merchants {
            self.merchant(merchant);
        }
        self.has_more_merchants |= other.has_more_merchants;
        Some(self)
    }

    /// Notes a seller.
    pub(crate) fn merchant(&mut self, number: &str) {
        if self.merchants.contains(number) {
            return;
        }
        if self.merchants.len() < BATCH_MERCHANTS_MAX {
            self.merchants.insert(number.to_owned());
        } else {
            self.has_more_merchants = true;
        }
    }
}

impl AcquirerBatch {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::AcquirerBatch.id(number)
    }

    /// The list of a company's batches.
    pub fn company_list(company: &str) -> String {
        format!("acquirer_batches.of:{company}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<AcquirerBatch> {
        let fields = &document.fields;
        let codes = fields.text("currencies")?.split(' ').filter_map(Currency::parse);
        let sums = codes.map(|currency| {
            let code = currency.code();
            (code, Sums::of(&fields.under(&format!("{code}."))))
        });
        let merchants = fields.text("merchants")?.split(' ').map(str::to_owned);
        Some(AcquirerBatch {
            number: document.id.number,
            key: BatchKey {
                company: fields.text("company")?.to_owned(),
                batch: fields.text("batch")?.to_owned(),
            },
            content: BatchContent {
                sums: sums.collect(),
                merchants: merchants.collect(),
                has_more_merchants: fields.is_true("more_merchants"),
            },
        })
    }

    /// Its document.
    pub fn document(&self) -> Document {
        let content = &self.content;
        let joined = |words: &mut dyn Iterator<Item = &str>| words.collect::<Vec<_>>().join(" ");
        let fields = Fields::default()
            .with("company", Some(&self.key.company))
            .with("batch", Some(&self.key.batch))
            .with("currencies", Some(joined(&mut content.sums.keys().copied())))
            .with("merchants", Some(joined(&mut content.merchants.iter().map(String::as_str))))
            .with("more_merchants", content.has_more_merchants.then_some("true"));
        let fields = content.sums.iter().fold(fields, |fields, (currency, sums)| {
            fields.with_all(&format!("{currency}."), &sums.fields())
        });
        let mut document = Document::new(AcquirerBatch::id(self.number), fields);
        document.names.insert(self.key.name());
        document.lists.insert(AcquirerBatch::company_list(&self.key.company));
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::line::{Line, Sum};

    #[test]
    fn what_is_written_is_read_again() {
        let mut content = BatchContent::default();
        for (currency, line, minor) in [("SEK", Line::ALL[0], 5), ("EUR", Line::ALL[4], 6)] {
            let sums = content.sums.entry(currency).or_default();
            sums.add(line, Sum { count: 1, minor }).unwrap();
        }
        content.merchant("654");
        content.merchant("655");
        let key = BatchKey { company: "100".to_owned(), batch: "200206885020".to_owned() };
        let batch = AcquirerBatch { number: 1, key, content };
        assert_eq!(AcquirerBatch::of(&batch.document()), Some(batch.clone()));
        let twice = batch.content.clone().plus(&batch.content).unwrap();
        assert_eq!(twice.sums["SEK"].owed(), Some(10));
        assert_eq!(twice.merchants.len(), 2);
    }

    #[test]
    fn merchants_are_named_up_to_a_limit() {
        let mut content = BatchContent::default();
        (0..BATCH_MERCHANTS_MAX).for_each(|number| content.merchant(&number.to_string()));
        content.merchant("0");
        assert!(!content.has_more_merchants);
        content.merchant("one more");
        assert!(content.has_more_merchants);
        assert_eq!(content.merchants.len(), BATCH_MERCHANTS_MAX);
    }
}
