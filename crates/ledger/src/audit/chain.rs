//! The hash chain: every row belongs to one seal, in order, and time never goes back.

use super::Check;
use crate::ids::RowId;
use crate::journal::{Row, Seal, Sealer};
use crate::time::Timestamp;

/// The chain up to the row that is audited.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The rows since the last seal.
    sealer: Option<Sealer>,
    hash: [u8; 32],
    newest: RowId,
    at: Timestamp,
}

impl Chain {
    pub(super) fn newest(&self) -> RowId {
        self.newest
    }

    pub(super) fn row(&mut self, row: &Row, check: &mut Check) {
        let (id, newest) = (row.id(), self.newest);
        let what = || format!("row {} follows row {}", id.0, newest.0);
        check.that(newest.0.checked_add(1) == Some(id.0), what);
        self.pass(row.at(), id, check);
        self.newest = id;
        let hash = self.hash;
        self.sealer.get_or_insert_with(|| Sealer::new(hash, Timestamp(0))).add(row);
    }

    pub(super) fn seal(&mut self, seal: &Seal, check: &mut Check) {
        self.pass(seal.at, seal.last, check);
        let rebuilt = self.sealer.take().and_then(|sealer| sealer.dated(seal.at).finish());
        let is_same = rebuilt.as_ref() == Some(seal);
        check.that(is_same, || format!("the seal of row {} is not that of its rows", seal.last.0));
        self.hash = seal.hash;
    }

    /// What is left without a seal, after everything.
    pub(super) fn finish(&self, check: &mut Check) {
        let newest = self.newest;
        check.that(self.sealer.is_none(), || format!("row {} is not sealed", newest.0));
    }

    fn pass(&mut self, at: Timestamp, row: RowId, check: &mut Check) {
        check.that(at >= self.at, || format!("row {} is older than the one before", row.0));
        self.at = at;
    }
}
