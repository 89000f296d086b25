//! The write-ahead log: allocated once, then overwritten for ever.
//!
//! A commit waits for the disk, and the disk answers sooner when the file does not grow. So the
//! log is made as long as it may become, and brought back to its beginning in time: whatever is
//! in it is copied into the database by a checkpoint between two batches, and when nothing is
//! left and no reader looks at it, the next commit starts at its beginning again.

use std::path::Path;

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

/// Bytes of one page in the log: the page and its header (sqlite.org, WAL format).
const FRAME_BYTES: u64 = 4096 + 24;

/// Bytes of one row that fills the log.
const FILLER_BYTES: u64 = 1024 * 1024;

/// Decides when to checkpoint.
#[derive(Debug)]
pub(super) struct WalKeeper {
    /// Frames in the log from which on it is copied.
    frames_high: i64,
    /// Frames not yet copied from which on it is tried again, when a reader was in the way.
    frames_step: i64,
}

/// What is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frames {
    written: i64,
    copied: i64,
}

impl WalKeeper {
    /// A keeper for a log of about `wal_bytes`.
    pub(super) fn new(wal_bytes: u64) -> WalKeeper {
        let frames = i64::try_from(wal_bytes / FRAME_BYTES).unwrap_or(i64::MAX);
        WalKeeper { frames_high: (frames / 4 * 3).max(8), frames_step: (frames / 16).max(1) }
    }

    /// Checkpoints if it is time. Never waits for a reader.
    pub(super) fn keep(&self, connection: &Connection) {
        let outcome = self.keep_or_fail(connection);
        if let Err(error) = outcome {
            // Nothing is lost: the log grows, and the next call tries again.
            tracing::warn!(error = &error as &dyn std::error::Error, "checkpoint failed");
        }
    }

    fn keep_or_fail(&self, connection: &Connection) -> Result<()> {
        let frames = checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)")?;
        let left = frames.written.saturating_sub(frames.copied);
        if frames.written >= self.frames_high && left >= self.frames_step {
            let after = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
            tracing::debug!(frames = left, left = after.written - after.copied, "checkpoint");
        }
        Ok(())
    }
}

fn checkpoint(connection: &Connection, pragma: &str) -> Result<Frames> {
    let mut statement = connection.prepare_cached(pragma)?;
    statement.query_row((), |row| Ok(Frames { written: row.get(1)?, copied: row.get(2)? }))
}

/// Makes the log `wal_bytes` long, if it is not: writes as much into a table and drops it. The
/// database grows with it, and has the room for later.
pub(super) fn allocate(connection: &Connection, file: &Path, wal_bytes: u64) {
    if let Err(error) = allocate_or_fail(connection, file, wal_bytes) {
        // Commits are slower for it, and no less durable.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            wal_bytes,
            "write-ahead log could not be allocated"
        );
    }
}

fn allocate_or_fail(connection: &Connection, file: &Path, wal_bytes: u64) -> Result<()> {
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    // Its length only: to open and close the file would end the locks that SQLite has on it.
    let length = std::fs::metadata(&wal).map_or(0, |wal| wal.len());
    if length >= wal_bytes {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "DROP TABLE IF EXISTS wal_filler; CREATE TABLE wal_filler (filler BLOB NOT NULL) STRICT",
    )?;
    let mut insert = transaction.prepare("INSERT INTO wal_filler VALUES (zeroblob(?))")?;
    let mut left = wal_bytes;
    while left > 0 {
        let bytes = left.min(FILLER_BYTES);
        insert.execute([i64::try_from(bytes).unwrap_or(i64::MAX)])?;
        left -= bytes;
    }
    drop(insert);
    transaction.commit()?;
    connection.execute_batch("DROP TABLE wal_filler")?;
    // The log keeps its length, and the next commit starts at its beginning.
    checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)")?;
    Ok(())
}
