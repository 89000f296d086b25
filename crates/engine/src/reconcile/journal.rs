//! The journal by time: ids ascend with it.

use ledger::{RowId, Timestamp};
use store::{Reader, StoreError};

/// How long one writer's clock may be behind another's, in milliseconds.
const CLOCKS_APART_MS: i64 = 60_000;

/// The row after which everything was decided at `at` or later. Where several writers share the
/// journal, some rows before `at` may come after it.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn row_before(reader: &mut dyn Reader, at: Timestamp) -> Result<RowId, StoreError> {
    let at = at.plus_ms(-CLOCKS_APART_MS);
    // Every row up to `low` is before `at`, and none after `high` is.
    let (mut low, mut high) = (RowId(0), newest(reader)?);
    while low < high {
        let middle = RowId(low.0.midpoint(high.0));
        let found = reader.rows_after(middle, 1)?;
        match found.first() {
            Some(row) if row.id() <= high && row.at() < at => low = row.id(),
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

/// The newest row of the journal.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn newest(reader: &mut dyn Reader) -> Result<RowId, StoreError> {
    let rows = reader.rows_before(RowId(i64::MAX), 1)?;
    Ok(rows.first().map_or(RowId(0), ledger::Row::id))
}
