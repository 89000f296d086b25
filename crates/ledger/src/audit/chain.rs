//! The hash chains: every row belongs to one seal, in order, and in a lane time never goes back.

use std::collections::HashMap;

use super::Check;
use crate::ids::RowId;
use crate::journal::{Head, Lane, Row, Seal, Sealer};
use crate::time::Timestamp;

/// The chains up to the row that is audited.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The rows since the last seal.
    unsealed: Option<Unsealed>,
    lanes: HashMap<Lane, Head>,
    newest: RowId,
}

/// Rows without a seal so far.
#[derive(Debug)]
struct Unsealed {
    sealer: Sealer,
    /// The times of the oldest and the newest.
    oldest: Timestamp,
    at: Timestamp,
}

impl Chain {
    pub(super) fn newest(&self) -> RowId {
        self.newest
    }

    pub(super) fn row(&mut self, row: &Row, check: &mut Check) {
        let (id, newest, at) = (row.id(), self.newest, row.at());
        check.that(newest < id, || format!("row {} follows row {}", id.0, newest.0));
        self.newest = id;
        let new = || Unsealed { sealer: Sealer::default(), oldest: at, at };
        let unsealed = self.unsealed.get_or_insert_with(new);
        check_time(unsealed.at, at, id, check);
        unsealed.at = at;
        unsealed.sealer.add(row);
    }

    pub(super) fn seal(&mut self, seal: &Seal, check: &mut Check) {
        let head = self.lanes.entry(seal.lane).or_insert(Head::start(seal.lane));
        let rebuilt = self.unsealed.take().and_then(|unsealed| {
            check_time(unsealed.at, seal.at, seal.last, check);
            if let Some(before) = head.at {
                check_time(before, unsealed.oldest, seal.first, check);
            }
            unsealed.sealer.finish(*head, seal.at)
        });
        let is_same = rebuilt.as_ref() == Some(seal);
        check.that(is_same, || format!("the seal of row {} is not that of its rows", seal.last.0));
        *head = Head::after(seal);
    }

    /// What is left without a seal, after everything.
    pub(super) fn finish(&self, check: &mut Check) {
        let newest = self.newest;
        check.that(self.unsealed.is_none(), || format!("row {} is not sealed", newest.0));
    }
}

fn check_time(before: Timestamp, at: Timestamp, row: RowId, check: &mut Check) {
    check.that(at >= before, || format!("row {} is older than the one before", row.0));
}
