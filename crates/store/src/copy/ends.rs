//! What a copy has on its two ends: a store that is read whole, and one that is made.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::{
    Account, AccountId, Card, CardId, CompanyId, Directory, DocumentId, Key, Row, RowId, Seal,
};
use sha2::{Digest, Sha256};

use super::parcel::{DocumentPage, Parcel};
use super::place::Place;
use crate::rows::Table;

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

    /// Shows all that leads to documents: `DOCUMENT_NAMES` or `DOCUMENT_LISTS`.
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

impl Summary {
    /// Records, as progress counts them.
    pub(super) fn records(&self) -> u64 {
        self.counts().into_iter().fold(0, u64::saturating_add)
    }

    fn counts(&self) -> [u64; 5] {
        [self.rows, self.accounts, self.cards, self.keys, self.documents]
    }

    /// A number that another content of a store has only by chance.
    pub(super) fn id(&self) -> i64 {
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
    pub(super) fn difference(&self, other: &Summary) -> &'static str {
        if self.heads != other.heads {
            "the ends of the journal's chains"
        } else if self.directory_version == other.directory_version {
            "the numbers of records"
        } else {
            "the version of the directory"
        }
    }
}
