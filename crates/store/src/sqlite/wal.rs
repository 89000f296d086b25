//! The write-ahead log: allocated once, then overwritten for ever.
//!
//! A commit waits for the disk, and the disk answers sooner when the file does not grow. So the
//! log is made as long as it may become, and brought back to its beginning in time: whatever is
//! in it is copied into the database beside and between the batches, and when nothing is left and
//! no reader looks at it, the next commit starts at its beginning again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

/// Bytes of one page in the log: the page and its header (sqlite.org, WAL format).
const FRAME_BYTES: u64 = 4096 + 24;

/// Bytes of one row that fills the log.
const FILLER_BYTES: u64 = 1024 * 1024;

/// Frames that the writer may copy itself between two batches: a millisecond or two.
const FRAMES_LITTLE: i64 = 256;

/// The most rounds of copying at a time.
const ROUNDS_MAX: u32 = 8;

/// Decides when to checkpoint, and who does it: most of the copying is done by a thread of its
/// own while batches go on, and the little that they add meanwhile by the writer between two.
#[derive(Debug)]
pub(super) struct WalKeeper {
    /// Frames in the log from which on it is copied.
    frames_high: i64,
    /// Frames more from which on it is tried again, when a reader was in the way.
    frames_step: i64,
    stage: Stage,
    /// None when there could be no thread; then the writer does it all.
    copier: Option<Copier>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing is to be done before the log has this many frames.
    Until(i64),
    /// The thread copies.
    Copying,
}

/// What is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frames {
    written: i64,
    copied: i64,
}

impl Frames {
    fn left(self) -> i64 {
        self.written.saturating_sub(self.copied)
    }
}

impl WalKeeper {
    /// A keeper for a log of about `wal_bytes`. `connection` is for the thread alone.
    pub(super) fn new(wal_bytes: u64, connection: Result<Connection>) -> WalKeeper {
        let frames = i64::try_from(wal_bytes / FRAME_BYTES).unwrap_or(i64::MAX);
        let frames_high = (frames / 2).max(8);
        WalKeeper {
            frames_high,
            frames_step: (frames / 16).max(1),
            stage: Stage::Until(frames_high),
            copier: connection.and_then(Copier::start).inspect_err(warn).ok(),
        }
    }

    /// Checkpoints if it is time. Never waits for a reader.
    pub(super) fn keep(&mut self, connection: &Connection) {
        // Nothing is lost by a failure: the log grows, and a later call tries again.
        let outcome = self.keep_or_fail(connection);
        outcome.inspect_err(warn).unwrap_or_default();
    }

    fn keep_or_fail(&mut self, connection: &Connection) -> Result<()> {
        if self.copier.as_ref().is_some_and(Copier::is_busy) {
            return Ok(());
        }
        let frames = checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)")?;
        match self.stage {
            _ if frames.written < self.frames_high => {
                self.stage = Stage::Until(self.frames_high);
            }
            Stage::Until(due) if frames.written < due => {}
            Stage::Until(_) if frames.left() > FRAMES_LITTLE && self.wake_copier() => {
                self.stage = Stage::Copying;
            }
            Stage::Until(_) | Stage::Copying => {
                self.stage = Stage::Until(frames.written.saturating_add(self.frames_step));
                checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
            }
        }
        Ok(())
    }

    fn wake_copier(&self) -> bool {
        self.copier.as_ref().is_some_and(Copier::wake)
    }
}

/// The thread that copies, and ends with its keeper.
#[derive(Debug)]
struct Copier {
    wake: Option<SyncSender<()>>,
    is_busy: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Copier {
    fn start(connection: Connection) -> Result<Copier> {
        let (wake, woken) = sync_channel(1);
        let is_busy = Arc::new(AtomicBool::new(false));
        let busy = Arc::clone(&is_busy);
        let thread = std::thread::Builder::new().name("checkpoint".to_owned());
        let thread = thread.spawn(move || copy(&connection, &woken, &busy));
        let thread =
            thread.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(Copier { wake: Some(wake), is_busy, thread: Some(thread) })
    }

    fn is_busy(&self) -> bool {
        let is_alive = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        is_alive && self.is_busy.load(Ordering::Acquire)
    }

    /// False when the thread has ended, by a bug.
    fn wake(&self) -> bool {
        self.is_busy.store(true, Ordering::Release);
        let is_awake = self.wake.as_ref().is_some_and(|wake| wake.try_send(()).is_ok());
        if !is_awake {
            self.is_busy.store(false, Ordering::Release);
        }
        is_awake
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("checkpoint thread hit a bug");
        }
    }
}

/// Copies on each wake, until only a little is left or a reader is in the way: what batches add
/// during one round is the work of the next, and each round is shorter.
fn copy(connection: &Connection, woken: &Receiver<()>, is_busy: &AtomicBool) {
    while woken.recv().is_ok() {
        let mut left = i64::MAX;
        for _ in 0..ROUNDS_MAX {
            let before = left;
            match copy_round(connection) {
                Ok(after) => left = after,
                Err(error) => warn(&error),
            }
            if left <= FRAMES_LITTLE || left > before / 2 {
                break;
            }
        }
        is_busy.store(false, Ordering::Release);
    }
}

/// Copies what there is. Returns how many frames have been added since.
fn copy_round(connection: &Connection) -> Result<i64> {
    checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    Ok(checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)")?.left())
}

fn warn(error: &rusqlite::Error) {
    tracing::warn!(error = error as &dyn std::error::Error, "checkpoint failed");
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
        // What is left of the disk is for what is worth storing.
        drop(checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)").inspect_err(warn));
    }
}

fn allocate_or_fail(connection: &Connection, file: &Path, wal_bytes: u64) -> Result<()> {
    // There is one when a start was cut off in the middle of this.
    connection.execute_batch("DROP TABLE IF EXISTS wal_filler")?;
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    // Its length only: to open and close the file would end the locks that SQLite has on it.
    let length = std::fs::metadata(&wal).map_or(0, |wal| wal.len());
    if length >= wal_bytes {
        return Ok(());
    }
    // What the log has is stored before the disk may be full, so that it can be emptied then.
    checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute_batch("CREATE TABLE wal_filler (filler BLOB NOT NULL) STRICT")?;
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
