//! Moves an installation from one store to another, parcel by parcel.
//!
//! Invariant: a target notes how far it is in the transaction of each parcel, so that a copy that
//! was cut off goes on as if it had not been; and it is no store to anybody before it equals its
//! source and every invariant of the ledger holds in it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ledger::audit::{Auditor, DOCUMENTS_FOUND, Verification};
use ledger::{
    Account, AccountId, Card, CardId, CompanyId, Directory, Document, DocumentId, Key, Row, RowId,
    Seal, WriteSet, WrittenDocument,
};
use sha2::{Digest, Sha256};

use crate::PostgresOptions;
use crate::codes::Coded;
use crate::postgres::copy as postgres;
use crate::rows::{DOCUMENT_LISTS, DOCUMENT_NAMES, Table};
use crate::sqlite::copy as sqlite;

/// Records of one parcel, where nobody has a reason for another number. A parcel is one
/// transaction, and is held in memory.
pub const PARCEL_RECORDS: usize = 5_000;

/// A parcel of documents ends with the one that brings it to so many bytes, however few they are:
/// some have fields of a hundred thousand.
const PARCEL_BYTES: usize = 8 * 1024 * 1024;

/// In `meta` of the target of a copy, until it is finished: a number that tells its source from
/// others, and the three numbers of the place where it goes on.
pub(crate) const MARK_SOURCE: &str = "copy_source";
pub(crate) const MARK_PLACE: [&str; 3] = ["copy_stage", "copy_after", "copy_after_low"];

/// Where a store is.
#[derive(Clone, Debug)]
pub enum StoreAddress {
    /// An embedded store, in this data directory.
    Directory(PathBuf),
    /// A database.
    Database(PostgresOptions),
}

/// A copy on its way. Dropped at any time it can be opened again, and goes on.
pub struct StoreCopy {
    source: Box<dyn Export>,
    target: Box<dyn Import>,
    /// The source when this began.
    summary: Summary,
    pages: Pages,
    work: Work,
    done: u64,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being done.
    pub stage: CopyStage,
    /// Records of this stage that are done: rows, accounts, cards, keys and documents.
    pub done: u64,
    /// Records that there are.
    pub total: u64,
}

/// The two parts of a copy; the second reads everything once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Records are written.
    Copying,
    /// What was written is compared with its source, and audited.
    Checking,
}

/// Why a copy cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Somebody may write to the source.
    #[error("source is in use: stop every server that works on it")]
    SourceInUse,
    /// Somebody else writes to the target.
    #[error("target is in use")]
    TargetInUse,
    /// The target has a content that is no unfinished copy.
    #[error("target has a store of its own, with something in it")]
    TargetNotEmpty,
    /// The target has a part of a copy, and its source was another one.
    #[error(
        "target has a part of a copy of another source, or of this one before it changed: begin \
         again with an empty target"
    )]
    OtherSource,
    /// The source is no longer what it was when this began.
    #[error("source was changed while it was copied: begin again with an empty target")]
    SourceChanged,
    /// The target is no copy: this is the first difference.
    #[error("target differs from its source, first in {0}: begin again with an empty target")]
    Differs(String),
    /// The target equals its source, and neither is in order.
    #[error("target equals its source, but an invariant is broken in both: {0}")]
    Broken(String),
    /// The source could not be opened or read.
    #[error("source could not be read")]
    Source(#[source] Failure),
    /// The target could not be opened, read or written.
    #[error("target could not be written")]
    Target(#[source] Failure),
}

/// What a database or a disk says.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A store that is read whole, in pages. Nobody writes to it.
pub(crate) trait Export: Send {
    /// What is in it, in short.
    fn summary(&mut self) -> Result<Summary, Failure>;

    /// Rows of the journal after `after` and not after `until`, ascending.
    fn rows_between(&mut self, after: RowId, until: RowId) -> Result<Vec<Row>, Failure>;

    /// Seals whose last row is after `after` and not after `until`, ascending by it.
    fn seals_between(&mut self, after: RowId, until: RowId) -> Result<Vec<Seal>, Failure>;

    /// Accounts after `after`, ascending, at most `limit`.
    fn accounts_after(&mut self, after: AccountId, limit: usize) -> Result<Vec<Account>, Failure>;

    /// Cards after `after`, ascending, at most `limit`.
    fn cards_after(&mut self, after: CardId, limit: usize) -> Result<Vec<Card>, Failure>;

    /// Keys after `after`, where there is one, and not after `until`, where there is one,
    /// ascending.
    fn keys_between(
        &mut self,
        after: Option<Key>,
        until: Option<Key>,
    ) -> Result<Vec<(Key, RowId)>, Failure>;

    /// Documents after `after`, where there is one, ascending, until `page` is full.
    fn documents_after(
        &mut self,
        after: Option<DocumentId>,
        page: DocumentPage,
    ) -> Result<DocumentPage, Failure>;

    /// Shows all that leads to documents: [`DOCUMENT_NAMES`] or [`DOCUMENT_LISTS`].
    fn show_leads(
        &mut self,
        table: &'static Table,
        show: &mut dyn FnMut(&str, DocumentId),
    ) -> Result<(), Failure>;

    /// The directory.
    fn directory(&mut self) -> Result<Arc<Directory>, Failure>;

    /// The companies of the accounts that changes are about; those that are about none are not
    /// named.
    fn companies_of_changes(
        &mut self,
        changes: &[RowId],
    ) -> Result<HashMap<RowId, CompanyId>, Failure>;

    /// The companies of authorizations and transactions; what is neither is not named.
    fn companies_of_postings(
        &mut self,
        rows: &[RowId],
    ) -> Result<HashMap<RowId, CompanyId>, Failure>;
}

/// A store that is made by a copy.
pub(crate) trait Import: Send {
    /// What is in it so far.
    fn export(&mut self) -> &mut dyn Export;

    /// Whether parcels must say whose their rows and keys are.
    fn wants_owners(&self) -> bool;

    /// The copy that it is the target of; none where none was begun, or it is finished.
    fn mark(&mut self) -> Result<Option<Mark>, Failure>;

    /// Makes it the target of a copy. From now on nobody opens it.
    fn start(&mut self, mark: Mark) -> Result<(), Failure>;

    /// Writes a parcel and moves on from `before` to `after`, in one transaction. Fails where it
    /// is not at `before`: somebody else copies too.
    fn put(&mut self, parcel: Parcel, before: Place, after: Place) -> Result<(), Failure>;

    /// Makes a store of it that may be opened. `heads` are the newest seals of its lanes.
    fn finish(&mut self, heads: &[Seal]) -> Result<(), Failure>;
}

/// What tells two contents of a store apart, as far as that is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The newest seal of each lane, by lane.
    pub(crate) heads: Vec<Seal>,
    /// How often the directory was changed.
    pub(crate) directory_version: i64,
    /// Rows, by what the seals say.
    pub(crate) rows: u64,
    pub(crate) accounts: u64,
    pub(crate) cards: u64,
    pub(crate) keys: u64,
    pub(crate) documents: u64,
}

/// What the target of a copy remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Tells the source from others: [`Summary::id`].
    pub(crate) source: i64,
    pub(crate) place: Place,
}

/// What a copy takes next. The order is that in which an auditor wants to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Rows after this one, with their seals.
    Journal(RowId),
    /// Accounts after this one.
    Accounts(AccountId),
    /// Keys after this one.
    Keys(Option<Key>),
    /// Cards after this one.
    Cards(CardId),
    /// Documents after this one. Names and lists go with them.
    Documents(Option<DocumentId>),
    /// Companies, sellers and credentials.
    Directory,
    /// Nothing: everything is there.
    End,
}

/// How a store is cut into parcels. Source and target are cut at the same places.
#[derive(Clone, Copy, Debug)]
struct Pages {
    records: usize,
    /// The newest row that has a seal.
    newest: RowId,
    /// How far a parcel of keys reaches: they are hashes, and so evenly spread.
    key_step: u128,
}

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

enum Work {
    Copy(Place),
    Check(Place, Box<Auditor>),
    Over,
}

impl StoreCopy {
    /// Begins a copy, or goes on with one that was cut off.
    ///
    /// # Errors
    /// [`CopyError`]; nothing was written then.
    pub fn open(
        from: &StoreAddress,
        to: &StoreAddress,
        parcel_records: usize,
    ) -> Result<StoreCopy, CopyError> {
        let mut source = match from {
            StoreAddress::Directory(dir) => sqlite::export(dir)?,
            StoreAddress::Database(options) => postgres::export(options)?,
        };
        let summary = source.summary().map_err(CopyError::Source)?;
        let mut target = match to {
            StoreAddress::Directory(dir) => sqlite::import(dir)?,
            StoreAddress::Database(options) => postgres::import(options)?,
        };
        let place = find_place(target.as_mut(), summary.id())?;
        let so_far = target.export().summary().map_err(CopyError::Target)?;
        let mut copy = StoreCopy {
            source,
            target,
            pages: Pages::of(&summary, parcel_records.max(1)),
            summary,
            work: Work::Copy(place),
            done: so_far.records(),
        };
        if place == Place::End {
            copy.start_check();
        }
        Ok(copy)
    }

    /// How far it is. `None` when it is finished, and the target is a store.
    pub fn progress(&self) -> Option<CopyProgress> {
        let stage = match self.work {
            Work::Copy(_) => CopyStage::Copying,
            Work::Check(..) => CopyStage::Checking,
            Work::Over => return None,
        };
        Some(CopyProgress { stage, done: self.done, total: self.summary.records() })
    }

    /// What is copied, for people: how many records of each kind, and where the chains end.
    pub fn report(&self) -> Vec<String> {
        let Summary { rows, accounts, cards, keys, documents, .. } = &self.summary;
        let mut lines = vec![format!(
            "{rows} rows, {accounts} accounts, {cards} cards, {keys} keys, {documents} documents"
        )];
        lines.extend(self.summary.heads.iter().map(|head| {
            let mut line = format!("lane {}, seal {}: ", head.lane.0, head.number);
            line.extend(head.hash.iter().map(|byte| format!("{byte:02x}")));
            line
        }));
        lines
    }

    /// Copies, or checks, one parcel.
    ///
    /// # Errors
    /// [`CopyError`]; what was copied so far stays, and it may be tried again.
    pub fn step(&mut self) -> Result<(), CopyError> {
        match self.work {
            Work::Copy(place) => self.copy(place),
            Work::Check(place, _) => self.check(place),
            Work::Over => Ok(()),
        }
    }

    fn copy(&mut self, place: Place) -> Result<(), CopyError> {
        let read = Parcel::read(self.source.as_mut(), place, self.pages);
        let (mut parcel, next) = read.map_err(CopyError::Source)?;
        if self.target.wants_owners() {
            parcel.find_owners(self.source.as_mut()).map_err(CopyError::Source)?;
        }
        let records = parcel.records();
        self.target.put(parcel, place, next).map_err(CopyError::Target)?;
        self.done = self.done.saturating_add(records);
        self.work = Work::Copy(next);
        if next == Place::End {
            self.start_check();
        }
        Ok(())
    }

    fn start_check(&mut self) {
        self.work = Work::Check(Place::START, Box::default());
        self.done = 0;
    }

    fn check(&mut self, place: Place) -> Result<(), CopyError> {
        let read = Parcel::read(self.source.as_mut(), place, self.pages);
        let (expected, next) = read.map_err(CopyError::Source)?;
        let read = Parcel::read(self.target.export(), place, self.pages);
        let (found, _) = read.map_err(CopyError::Target)?;
        if let Some(difference) = expected.difference(&found) {
            self.check_source()?;
            return Err(CopyError::Differs(difference));
        }
        let Work::Check(at, auditor) = &mut self.work else { return Ok(()) };
        found.show(auditor);
        *at = next;
        self.done = self.done.saturating_add(found.records());
        if next == Place::End {
            show_leads(self.target.export(), auditor).map_err(CopyError::Target)?;
            let verification = std::mem::take(auditor.as_mut()).finish();
            self.finish(&verification)?;
        }
        Ok(())
    }

    fn finish(&mut self, verification: &Verification) -> Result<(), CopyError> {
        // Should it fail below, it is checked from the start when it is tried again.
        self.start_check();
        self.check_source()?;
        let found = self.target.export().summary().map_err(CopyError::Target)?;
        if found != self.summary {
            return Err(CopyError::Differs(self.summary.difference(&found).to_owned()));
        }
        let broken = verification.invariants.iter().find(|invariant| !invariant.ok);
        if let Some(broken) = broken {
            let first = broken.first_broken.as_deref().unwrap_or_default();
            if broken.name == DOCUMENTS_FOUND {
                // The documents are equal, and what leads to them was made anew.
                return Err(CopyError::Differs(first.to_owned()));
            }
            return Err(CopyError::Broken(format!("{}, {first}", broken.name)));
        }
        self.target.finish(&found.heads).map_err(CopyError::Target)?;
        self.work = Work::Over;
        Ok(())
    }

    /// The source is what it was when this began.
    fn check_source(&mut self) -> Result<(), CopyError> {
        let now = self.source.summary().map_err(CopyError::Source)?;
        if now == self.summary { Ok(()) } else { Err(CopyError::SourceChanged) }
    }
}

impl std::fmt::Debug for StoreCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreCopy").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

/// Finds where a copy goes on in its target, or starts it there.
fn find_place(target: &mut dyn Import, source: i64) -> Result<Place, CopyError> {
    match target.mark().map_err(CopyError::Target)? {
        Some(mark) if mark.source == source => Ok(mark.place),
        Some(_) => Err(CopyError::OtherSource),
        None => {
            let found = target.export().summary().map_err(CopyError::Target)?;
            if found != Summary::default() {
                return Err(CopyError::TargetNotEmpty);
            }
            let mark = Mark { source, place: Place::START };
            target.start(mark).map_err(CopyError::Target)?;
            Ok(mark.place)
        }
    }
}

impl Summary {
    /// Records, as progress counts them.
    fn records(&self) -> u64 {
        self.counts().into_iter().fold(0, u64::saturating_add)
    }

    fn counts(&self) -> [u64; 5] {
        [self.rows, self.accounts, self.cards, self.keys, self.documents]
    }

    /// A number that another content of a store has only by chance.
    fn id(&self) -> i64 {
        let mut hash = Sha256::new();
        hash.update(self.directory_version.to_be_bytes());
        for count in self.counts() {
            hash.update(count.to_be_bytes());
        }
        for head in &self.heads {
            hash.update(head.hash);
        }
        let hash = <[u8; 32]>::from(hash.finalize());
        hash.first_chunk().map_or(0, |start| i64::from_be_bytes(*start))
    }

    /// What is not the same in another one.
    fn difference(&self, other: &Summary) -> &'static str {
        if self.heads != other.heads {
            "the ends of the journal's chains"
        } else if self.directory_version == other.directory_version {
            "the numbers of records"
        } else {
            "the version of the directory"
        }
    }
}

impl Place {
    /// Where a copy begins.
    pub(crate) const START: Place = Place::Journal(RowId(i64::MIN));

    /// As three numbers, which is what a target can keep.
    pub(crate) fn numbers(self) -> [i64; 3] {
        match self {
            Place::Journal(after) => [1, after.0, 0],
            Place::Accounts(after) => [2, after.0, 0],
            Place::Keys(None) => [3, 0, 0],
            Place::Keys(Some(after)) => {
                let after = u128::from_be_bytes(after.0);
                let half = |bits| u64::try_from(bits).unwrap_or_default().cast_signed();
                [4, half(after >> 64), half(after & u128::from(u64::MAX))]
            }
            Place::Cards(after) => [5, after.0, 0],
            Place::Directory => [6, 0, 0],
            Place::End => [7, 0, 0],
            Place::Documents(None) => [8, 0, 0],
            Place::Documents(Some(after)) => [9, after.kind.code(), after.number],
        }
    }

    /// The place of three numbers.
    pub(crate) fn of(numbers: [i64; 3]) -> Option<Place> {
        match numbers {
            [1, after, _] => Some(Place::Journal(RowId(after))),
            [2, after, _] => Some(Place::Accounts(AccountId(after))),
            [3, ..] => Some(Place::Keys(None)),
            [4, high, low] => {
                let half = |bits: i64| u128::from(bits.cast_unsigned());
                let after = (half(high) << 64) | half(low);
                Some(Place::Keys(Some(Key(after.to_be_bytes()))))
            }
            [5, after, _] => Some(Place::Cards(CardId(after))),
            [6, ..] => Some(Place::Directory),
            [7, ..] => Some(Place::End),
            [8, ..] => Some(Place::Documents(None)),
            [9, kind, number] => {
                Some(Place::Documents(Some(DocumentId { kind: Coded::of(kind)?, number })))
            }
            _ => None,
        }
    }
}

impl Pages {
    fn of(summary: &Summary, records: usize) -> Pages {
        let newest = summary.heads.iter().map(|head| head.last).max();
        let parcels = u128::from(summary.keys) / u128::try_from(records).unwrap_or(u128::MAX);
        Pages {
            records,
            newest: newest.unwrap_or_default(),
            key_step: u128::MAX / parcels.saturating_add(1),
        }
    }

    /// The last row of the parcel after `after`; none where that is everything else.
    fn row_after(self, after: RowId) -> Option<RowId> {
        let records = i64::try_from(self.records).unwrap_or(i64::MAX);
        let until = RowId(after.0.max(0).saturating_add(records));
        (until < self.newest).then_some(until)
    }

    /// The last key of the parcel after `after`; none where that is everything else.
    fn key_after(self, after: Option<Key>) -> Option<Key> {
        let after = after.map_or(0, |key| u128::from_be_bytes(key.0));
        let until = after.checked_add(self.key_step).filter(|until| *until < u128::MAX);
        until.map(|until| Key(until.to_be_bytes()))
    }
}

impl Parcel {
    /// Reads what is at `place`, and where to go on.
    fn read(from: &mut dyn Export, place: Place, pages: Pages) -> Result<(Parcel, Place), Failure> {
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
    fn find_owners(&mut self, from: &mut dyn Export) -> Result<(), Failure> {
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
    fn records(&self) -> u64 {
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
    fn difference(&self, other: &Parcel) -> Option<String> {
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
    fn show(&self, auditor: &mut Auditor) {
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

/// Shows an auditor all that leads to documents.
fn show_leads(from: &mut dyn Export, auditor: &mut Auditor) -> Result<(), Failure> {
    from.show_leads(&DOCUMENT_NAMES, &mut |name, id| auditor.name(name, id))?;
    from.show_leads(&DOCUMENT_LISTS, &mut |list, id| auditor.listed(list, id))
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
    fn places_are_read_as_they_are_kept() {
        for place in [
            Place::START,
            Place::Journal(RowId(7)),
            Place::Accounts(AccountId(i64::MAX)),
            Place::Keys(None),
            Place::Keys(Some(Key([0; 16]))),
            Place::Keys(Some(Key([0xff; 16]))),
            Place::Keys(Some(Key(*b"0123456789abcdef"))),
            Place::Cards(CardId(0)),
            Place::Documents(None),
            Place::Documents(Some(Kind::Numbers.id(i64::MIN))),
            Place::Documents(Some(Kind::Tally.id(i64::MAX))),
            Place::Directory,
            Place::End,
        ] {
            assert_eq!(Place::of(place.numbers()), Some(place));
        }
        assert_eq!((Place::of([0; 3]), Place::of([10, 0, 0])), (None, None));
        assert_eq!(Place::of([9, -1, 0]), None, "a kind of a newer program");
    }

    /// Parcels follow each other without a gap, and the last one has no end.
    #[test]
    fn pages_cover_everything() {
        for (newest, keys, records) in [(0, 0, 1), (1, 1, 1), (10, 7, 3), (10, 1_000, 4)] {
            let head = Seal {
                lane: ledger::Lane(0),
                number: 1,
                first: RowId(1),
                last: RowId(newest),
                rows: 1,
                at: ledger::Timestamp(0),
                hash: [0; 32],
            };
            let summary = Summary { heads: vec![head], keys, ..Summary::default() };
            let pages = Pages::of(&summary, records);
            let (mut after, mut parcels) = (RowId(i64::MIN), 1);
            while let Some(until) = pages.row_after(after) {
                assert!(until > after && until < RowId(newest));
                (after, parcels) = (until, parcels + 1);
            }
            assert!(parcels <= 1 + usize::try_from(newest).unwrap() / records);
            let (mut after, mut parcels) = (None, 1);
            while let Some(until) = pages.key_after(after) {
                assert!(Some(until) > after);
                (after, parcels) = (Some(until), parcels + 1);
            }
            let expected = 1 + keys / u64::try_from(records).unwrap();
            assert!((expected..=expected + 1).contains(&parcels), "{parcels} of {expected}");
        }
    }

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
