//! A part of a store: how it is read, compared with another and shown to an auditor.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::audit::Auditor;
use ledger::{
    Account, AccountId, Card, CardId, CompanyId, Directory, Document, DocumentId, Key, Row, RowId,
    Seal, WriteSet, WrittenDocument,
};

use super::ends::{Export, Failure};
use super::place::{Pages, Place};

/// A parcel of documents ends with the one that brings it to so many bytes, however few they are:
/// some have fields of a hundred thousand.
const PARCEL_BYTES: usize = 8 * 1024 * 1024;

/// A part of a store, small enough for one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parcel {
    pub(crate) rows: Vec<Row>,
    /// The seals of those rows whose batch ends in this parcel.
    pub(crate) seals: Vec<Seal>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) keys: Vec<(Key, RowId)>,
    pub(crate) cards: Vec<Card>,
    pub(crate) documents: Vec<Document>,
    pub(crate) directory: Option<Arc<Directory>>,
    /// The companies that those changes belong to, or those keys by the rows that use them, where
    /// the target wants to know. What is not named belongs to the installation: so do the keys of
    /// changes.
    pub(crate) owners: HashMap<RowId, CompanyId>,
}

/// Documents of one parcel. What they take is told by what they say, and not by how a store keeps
/// it, so that source and target are cut at the same places.
#[derive(Debug)]
pub(crate) struct DocumentPage {
    documents: Vec<Document>,
    bytes: usize,
    records_max: usize,
    bytes_max: usize,
}

impl Parcel {
    /// Reads what is at `place`, and where to go on.
    pub(super) fn read(
        from: &mut dyn Export,
        place: Place,
        pages: Pages,
    ) -> Result<(Parcel, Place), Failure> {
        let mut parcel = Parcel::default();
        let limit = pages.records;
        let next = match place {
            Place::Journal(after) => {
                let until = pages.row_after(after);
                let last = until.unwrap_or(RowId(i64::MAX));
                parcel.rows = from.rows_between(after, last)?;
                parcel.seals = from.seals_between(after, last)?;
                until.map_or(Place::Accounts(AccountId(i64::MIN)), Place::Journal)
            }
            Place::Accounts(after) => {
                parcel.accounts = from.accounts_after(after, limit)?;
                let last = last_of_many(&parcel.accounts, limit);
                last.map_or(Place::Keys(None), |last| Place::Accounts(last.id))
            }
            Place::Keys(after) => {
                let until = pages.key_after(after);
                parcel.keys = from.keys_between(after, until)?;
                until.map_or(Place::Cards(CardId(i64::MIN)), |key| Place::Keys(Some(key)))
            }
            Place::Cards(after) => {
                parcel.cards = from.cards_after(after, limit)?;
                let last = last_of_many(&parcel.cards, limit);
                last.map_or(Place::Documents(None), |last| Place::Cards(last.id))
            }
            Place::Documents(after) => {
                let page = DocumentPage::new(limit, PARCEL_BYTES);
                let page = from.documents_after(after, page)?;
                let last = page.last().filter(|_| page.records_left() == 0);
                parcel.documents = page.documents;
                last.map_or(Place::Directory, |last| Place::Documents(Some(last)))
            }
            Place::Directory => {
                parcel.directory = Some(from.directory()?);
                Place::End
            }
            Place::End => Place::End,
        };
        Ok((parcel, next))
    }

    /// Finds whose changes and keys are, which do not say it themselves.
    pub(super) fn find_owners(&mut self, from: &mut dyn Export) -> Result<(), Failure> {
        let changes = self.rows.iter().filter(|row| matches!(row, Row::Change(_)));
        let changes: Vec<RowId> = changes.map(Row::id).collect();
        let users: Vec<RowId> = self.keys.iter().map(|(_, row)| *row).collect();
        if !changes.is_empty() {
            self.owners = from.companies_of_changes(&changes)?;
        }
        if !users.is_empty() {
            // No parcel has both.
            self.owners = from.companies_of_postings(&users)?;
        }
        Ok(())
    }

    /// As what a batch writes. Its seals and keys are left, since a batch has one seal, and keys
    /// that are in no order.
    pub(crate) fn take_writes(&mut self) -> WriteSet {
        let mut writes = WriteSet {
            rows: std::mem::take(&mut self.rows),
            accounts: std::mem::take(&mut self.accounts),
            cards: std::mem::take(&mut self.cards),
            documents: std::mem::take(&mut self.documents)
                .into_iter()
                .map(|document| WrittenDocument { document, before: None })
                .collect(),
            ..WriteSet::default()
        };
        if let Some(directory) = self.directory.take() {
            for company in directory.companies() {
                writes.companies.push(Arc::clone(company));
                writes.sellers.extend(directory.sellers(company.id).map(Arc::clone));
            }
            writes.credentials.extend(directory.credentials().map(Arc::clone));
            writes.directory = Some(directory);
        }
        writes
    }

    /// Records, as progress counts them.
    pub(super) fn records(&self) -> u64 {
        let counts = [
            self.rows.len(),
            self.accounts.len(),
            self.cards.len(),
            self.keys.len(),
            self.documents.len(),
        ];
        let counts = counts.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        counts.into_iter().fold(0, u64::saturating_add)
    }

    /// Names the first record that is not the same in another parcel.
    pub(super) fn difference(&self, other: &Parcel) -> Option<String> {
        first(&self.rows, &other.rows, |row| format!("row {}", row.id().0))
            .or_else(|| {
                let name = |seal: &Seal| format!("the seal of row {}", seal.last.0);
                first(&self.seals, &other.seals, name)
            })
            .or_else(|| {
                let name = |account: &Account| format!("account {}", account.id.0);
                first(&self.accounts, &other.accounts, name)
            })
            .or_else(|| {
                let name = |key: &(Key, RowId)| format!("a key of row {}", key.1.0);
                first(&self.keys, &other.keys, name)
            })
            .or_else(|| first(&self.cards, &other.cards, |card| format!("card {}", card.id.0)))
            .or_else(|| {
                let name =
                    |found: &Document| format!("{} {}", found.id.kind.as_str(), found.id.number);
                first(&self.documents, &other.documents, name)
            })
            .or_else(|| {
                let is_same = self.directory == other.directory;
                (!is_same).then(|| "companies, sellers or credentials".to_owned())
            })
    }

    /// Shows an auditor what it wants to see.
    pub(super) fn show(&self, auditor: &mut Auditor) {
        let mut seals = self.seals.iter().peekable();
        for row in &self.rows {
            while let Some(seal) = seals.next_if(|seal| seal.last < row.id()) {
                auditor.seal(seal);
            }
            auditor.row(row);
        }
        seals.for_each(|seal| auditor.seal(seal));
        self.accounts.iter().for_each(|account| auditor.account(account));
        self.keys.iter().for_each(|(key, row)| auditor.key(*key, *row));
        self.documents.iter().for_each(|document| auditor.document(document));
    }
}

impl DocumentPage {
    fn new(records_max: usize, bytes_max: usize) -> DocumentPage {
        DocumentPage { documents: Vec::new(), bytes: 0, records_max, bytes_max }
    }

    /// How many more there may be, as long as they are small.
    pub(crate) fn records_left(&self) -> usize {
        if self.bytes >= self.bytes_max {
            return 0;
        }
        self.records_max.saturating_sub(self.documents.len())
    }

    /// Adds the next one, unless it is full.
    pub(crate) fn add(&mut self, document: Document) {
        if self.records_left() == 0 {
            return;
        }
        let fields = document.fields.iter().map(|(name, value)| name.len() + value.len());
        let marks = document.names.iter().chain(&document.lists).map(String::len);
        self.bytes = fields.chain(marks).fold(self.bytes, usize::saturating_add);
        self.documents.push(document);
    }

    /// The last one so far.
    pub(crate) fn last(&self) -> Option<DocumentId> {
        self.documents.last().map(|document| document.id)
    }
}

/// The last record of a page, where more may follow.
fn last_of_many<T>(page: &[T], limit: usize) -> Option<&T> {
    page.last().filter(|_| page.len() >= limit)
}

fn first<T: PartialEq>(left: &[T], right: &[T], name: impl Fn(&T) -> String) -> Option<String> {
    let different = left.iter().zip(right).position(|(left, right)| left != right);
    let at = different.unwrap_or(left.len().min(right.len()));
    left.get(at).or(right.get(at)).map(name)
}

#[cfg(test)]
mod tests {
    use ledger::document::Kind;

    use super::*;

    #[test]
    fn a_page_is_full_of_records_or_of_bytes() {
        let document = |number, says: &str| {
            let fields = [("says", says)].into_iter().collect();
            Document::new(Kind::FileRows.id(number), fields)
        };
        for (records, bytes, expected) in [(3, 1_000, 3), (9, 12, 2), (9, 13, 3), (9, 1, 1)] {
            let mut page = DocumentPage::new(records, bytes);
            assert_eq!(page.last(), None);
            (1..9).for_each(|number| page.add(document(number, "so")));
            assert_eq!((page.documents.len(), page.records_left()), (expected, 0));
            let last = i64::try_from(expected).unwrap();
            assert_eq!(page.last(), Some(Kind::FileRows.id(last)));
        }
        let mut page = DocumentPage::new(3, 100);
        page.add(document(1, "so"));
        assert_eq!(page.records_left(), 2);
    }

    #[test]
    fn the_first_difference_is_named() {
        let name = |number: &i32| number.to_string();
        for (left, right, expected) in [
            (&[][..], &[][..], None),
            (&[1, 2], &[1, 2], None),
            (&[1, 2], &[1, 3], Some("2")),
            (&[1, 2], &[1], Some("2")),
            (&[1], &[1, 4], Some("4")),
        ] {
            assert_eq!(first(left, right, name).as_deref(), expected);
        }
    }
}
