//! Documents: what is configured, ordered and reviewed, as fields by name. Money is never in one.
//!
//! A document has an id, fields, the names by which it alone is found, and the lists it is on. The
//! rules that give fields their meaning live with the types that are made of them; here is only
//! how they are kept, found and changed.
//!
//! Invariant: a name leads to one document; a document is on a list, or found by a name, exactly
//! when it says so itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::time::Timestamp;

/// The kinds of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The newest number of each kind that is numbered by itself.
    Numbers,
    /// A node of the customer tree.
    Customer,
    /// A request to onboard a customer.
    Request,
    /// A terminal.
    Terminal,
    /// Software for terminals.
    Package,
    /// A package that one terminal shall install.
    Update,
    /// The plan by which many terminals get a package.
    Rollout,
    /// What a rollout has come to so far.
    Tally,
    /// What a merchant has agreed with whom for payments over PSPs.
    Payee,
    /// A payment over a PSP, a refund or a reversal of one.
    Payment,
    /// The first answer to a request for a payment, byte by byte.
    FirstAnswer,
    /// What a merchant's payments of a day came to.
    BatchReport,
    /// Where a merchant is notified.
    Endpoint,
    /// How an endpoint has taken what it was sent.
    Reception,
    /// What a merchant is told of a change of a payment, and how far that has come.
    Notification,
    /// A card that is kept to be paid with again.
    Registration,
    /// A payment that the payer chooses how to make.
    Checkout,
    /// A file of an acquirer, and how far it is applied.
    AcquirerFile,
    /// Some of the rows of an acquirer's file.
    FileRows,
    /// What does not agree, until somebody has resolved it.
    Exception,
    /// One comparison of what two sides say of a day, and what it came to.
    Reconciliation,
    /// What a terminal says that its day came to.
    TerminalTotals,
    /// What a seller's postings of a day came to in one currency.
    SellerDay,
    /// What the postings of one acquirer's batch came to.
    AcquirerBatch,
    /// How far somebody who follows the journal has come.
    JournalMark,
    /// What a merchant pays for what it is paid.
    FeeTable,
    /// Where a merchant's money is sent.
    PayoutAccount,
    /// What a merchant was owed, and how it was paid out.
    Settlement,
    /// What the columns of a PSP's reports mean.
    ReportMapping,
    /// What a terminal has uploaded of a day, in one currency.
    TerminalDay,
    /// Settlements as a bank is told to pay them.
    PaymentFile,
    /// What a payment file says, byte by byte.
    PaymentMessage,
}

/// Names a document: its number among those of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId {
    /// The kind.
    pub kind: Kind,
    /// The number, from 1.
    pub number: i64,
}

/// Names and values, both text. What is absent has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, String>);

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which one.
    pub id: DocumentId,
    /// What it says.
    pub fields: Fields,
    /// What it alone is found by, in the whole installation.
    pub names: BTreeSet<String>,
    /// The lists it is on, in the order of numbers.
    pub lists: BTreeSet<String>,
}

/// What a document is found by: its names, and its lists.
pub type Marks = (BTreeSet<String>, BTreeSet<String>);

/// Documents, found by their ids, by their names, and by the lists they are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    by_id: BTreeMap<DocumentId, Arc<Document>>,
    pub(crate) names: BTreeMap<String, DocumentId>,
    pub(crate) lists: BTreeMap<String, BTreeSet<DocumentId>>,
}

/// A document that a batch writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenDocument {
    /// As it is now.
    pub document: Document,
    /// What it was found by before the batch. `None` when it is new.
    pub before: Option<Marks>,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 32] = [
        Kind::Numbers,
        Kind::Customer,
        Kind::Request,
        Kind::Terminal,
        Kind::Package,
        Kind::Update,
        Kind::Rollout,
        Kind::Tally,
        Kind::Payee,
        Kind::Payment,
        Kind::FirstAnswer,
        Kind::BatchReport,
        Kind::Endpoint,
        Kind::Reception,
        Kind::Notification,
        Kind::Registration,
        Kind::Checkout,
        Kind::AcquirerFile,
        Kind::FileRows,
        Kind::Exception,
        Kind::Reconciliation,
        Kind::TerminalTotals,
        Kind::SellerDay,
        Kind::AcquirerBatch,
        Kind::JournalMark,
        Kind::FeeTable,
        Kind::PayoutAccount,
        Kind::Settlement,
        Kind::ReportMapping,
        Kind::TerminalDay,
        Kind::PaymentFile,
        Kind::PaymentMessage,
    ];

    /// The word used in rows and changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Numbers => "numbers",
            Kind::Customer => "customer",
            Kind::Request => "request",
            Kind::Terminal => "terminal",
            Kind::Package => "package",
            Kind::Update => "update",
            Kind::Rollout => "rollout",
            Kind::Tally => "tally",
            Kind::Payee => "payee",
            Kind::Payment => "payment",
            Kind::FirstAnswer => "first_answer",
            Kind::BatchReport => "batch_report",
            Kind::Endpoint => "endpoint",
            Kind::Reception => "reception",
            Kind::Notification => "notification",
            Kind::Registration => "registration",
            Kind::Checkout => "checkout",
            Kind::AcquirerFile => "acquirer_file",
            Kind::FileRows => "file_rows",
            Kind::Exception => "exception",
            Kind::Reconciliation => "reconciliation",
            Kind::TerminalTotals => "terminal_totals",
            Kind::SellerDay => "seller_day",
            Kind::AcquirerBatch => "acquirer_batch",
            Kind::JournalMark => "journal_mark",
            Kind::FeeTable => "fee_table",
            Kind::PayoutAccount => "payout_account",
            Kind::Settlement => "settlement",
            Kind::ReportMapping => "report_mapping",
            Kind::TerminalDay => "terminal_day",
            Kind::PaymentFile => "payment_file",
            Kind::PaymentMessage => "payment_message",
        }
    }

    /// Whether documents of this kind are few, change seldom, and are wanted by so many commands
    /// that they are part of the directory.
    pub fn is_resident(self) -> bool {
        match self {
            Kind::Numbers
            | Kind::Customer
            | Kind::Package
            | Kind::Rollout
            | Kind::Payee
            | Kind::Endpoint
            | Kind::FeeTable
            | Kind::PayoutAccount => true,
            Kind::Request
            | Kind::Terminal
            | Kind::Update
            | Kind::Tally
            | Kind::Payment
            | Kind::FirstAnswer
            | Kind::BatchReport
            | Kind::Reception
            | Kind::Notification
            | Kind::Registration
            | Kind::Checkout
            | Kind::AcquirerFile
            | Kind::FileRows
            | Kind::Exception
            | Kind::Reconciliation
            | Kind::TerminalTotals
            | Kind::SellerDay
            | Kind::AcquirerBatch
            | Kind::JournalMark
            | Kind::Settlement
            | Kind::ReportMapping
            | Kind::TerminalDay
            | Kind::PaymentFile
            | Kind::PaymentMessage => false,
        }
    }

    /// The document of this kind with this number.
    pub fn id(self, number: i64) -> DocumentId {
        DocumentId { kind: self, number }
    }
}

impl Fields {
    /// The text of a field.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The text of a field, for who keeps it.
    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// The number that a field is.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// The time that a field is: milliseconds since the epoch.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        self.number(name).map(Timestamp)
    }

    /// Whether a field is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// Sets a field, or takes it away.
    pub fn set(&mut self, name: impl Into<String>, value: Option<String>) {
        let name = name.into();
        match value {
            Some(value) => drop(self.0.insert(name, value)),
            None => drop(self.0.remove(&name)),
        }
    }

    /// The same fields and one more, where it has a value.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: Option<impl Into<String>>) -> Fields {
        self.set(name, value.map(Into::into));
        self
    }

    /// The fields whose names begin with `prefix`, without it.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Fields {
        let after = self.0.range(prefix.to_owned()..);
        let under = after.map_while(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        Fields(under.map(|(name, value)| (name.to_owned(), value.clone())).collect())
    }

    /// Adds all of `others` under `prefix`.
    #[must_use]
    pub fn with_all(mut self, prefix: &str, others: &Fields) -> Fields {
        let others = others.0.iter();
        self.0.extend(others.map(|(name, value)| (format!("{prefix}{name}"), value.clone())));
        self
    }

    /// All fields, in the order of their names.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Fields {
        Fields(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Document {
    /// A document that is found by its id alone.
    pub fn new(id: DocumentId, fields: Fields) -> Document {
        Document { id, fields, names: BTreeSet::new(), lists: BTreeSet::new() }
    }
}

impl Documents {
    /// Finds a document by its id.
    pub fn get(&self, id: DocumentId) -> Option<&Arc<Document>> {
        self.by_id.get(&id)
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Document>> {
        self.by_id.values()
    }

    /// Finds a document by a name.
    pub fn named(&self, name: &str) -> Option<&Arc<Document>> {
        self.get(*self.names.get(name)?)
    }

    /// The documents on a list, in the order of their ids.
    pub fn listed(&self, list: &str) -> impl DoubleEndedIterator<Item = &Arc<Document>> {
        let ids = self.lists.get(list).into_iter().flatten();
        ids.filter_map(|id| self.get(*id))
    }

    /// Adds or replaces a document.
    pub fn put(&mut self, document: Document) {
        let id = document.id;
        if let Some(before) = self.by_id.get(&id) {
            for name in before.names.difference(&document.names) {
                // Another document may have taken it a moment ago.
                if self.names.get(name) == Some(&id) {
                    self.names.remove(name);
                }
            }
            for list in before.lists.difference(&document.lists) {
                if let Some(members) = self.lists.get_mut(list) {
                    members.remove(&id);
                    if members.is_empty() {
                        self.lists.remove(list);
                    }
                }
            }
        }
        self.names.extend(document.names.iter().map(|name| (name.clone(), id)));
        for list in &document.lists {
            self.lists.entry(list.clone()).or_default().insert(id);
        }
        self.by_id.insert(id, Arc::new(document));
    }

    /// Takes a document out, when nobody looks for it any more.
    pub(crate) fn take(&mut self, id: DocumentId) -> Option<Document> {
        self.by_id.remove(&id).map(Arc::unwrap_or_clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_what_they_are() {
        let fields = Fields::default()
            .with("a", Some("7"))
            .with("b", None::<String>)
            .with("c", Some("true"))
            .with("d", Some("Åsa 🦊"));
        assert_eq!((fields.number("a"), fields.time("a")), (Some(7), Some(Timestamp(7))));
        assert_eq!((fields.text("b"), fields.number("d")), (None, None));
        assert!(fields.is_true("c") && !fields.is_true("a"));
        assert_eq!(fields.iter().count(), 3);
    }

    #[test]
    fn parts_are_taken_out_and_put_in() {
        let part: Fields = [("x", "1"), ("y", "2")].into_iter().collect();
        let whole = Fields::default().with("a", Some("0")).with_all("part.", &part);
        assert_eq!(whole.text("part.y"), Some("2"));
        assert_eq!(whole.under("part."), part);
        assert!(whole.under("b.").is_empty());
    }

    #[test]
    fn words_tell_kinds_apart() {
        let words: BTreeSet<&str> = Kind::ALL.into_iter().map(Kind::as_str).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
