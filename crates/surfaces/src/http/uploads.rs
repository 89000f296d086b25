//! Files on their way in: they go to the disk as they come, and are never held in memory.
//!
//! Invariant: what is on its way has a name of its own, and is locked by the process that writes
//! it; when nobody wants it any more, it is gone.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::limits::UPLOADS_MAX;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};

/// What the name of a file begins with that is on its way.
const INCOMING: &str = "incoming-";

/// The most pieces that wait to be written.
const PIECES_WAITING_MAX: usize = 2;

/// Where files are taken in.
#[derive(Clone, Debug)]
pub struct Uploads {
    dir: PathBuf,
    bytes_max: u64,
    places: Arc<Semaphore>,
}

/// A file that is being taken in. Dropped, it is gone.
#[derive(Debug)]
pub struct Upload {
    pieces: mpsc::Sender<Vec<u8>>,
    writing: JoinHandle<Result<Incoming, UploadError>>,
}

/// A file that has come whole, and is not kept yet. Dropped, it is gone.
#[derive(Debug)]
pub struct Received {
    incoming: Incoming,
    /// SHA-256 of its bytes, as 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
}

/// Why a file was not taken in. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// As many uploads as there may be are on their way.
    #[error("too many uploads are on their way")]
    Busy,
    /// It is longer than a file may be.
    #[error("the file is too long")]
    TooLong,
    /// The disk, or a quota, has no room for it.
    #[error("there is no room for the file")]
    NoRoom,
    /// The directory cannot be written to.
    #[error("the file could not be written")]
    Disk(#[source] io::Error),
}

/// A file under another name than it will have.
#[derive(Debug)]
struct Incoming {
    file: File,
    path: PathBuf,
    hash: Sha256,
    size: u64,
    _place: OwnedSemaphorePermit,
}

impl Uploads {
    /// Takes in files in `dir`, which is made when the first one comes; none longer than
    /// `bytes_max`.
    pub fn new(dir: PathBuf, bytes_max: u64) -> Uploads {
        Uploads { dir, bytes_max, places: Arc::new(Semaphore::new(UPLOADS_MAX)) }
    }

    /// Where they are taken in. There may be no such directory yet.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The most bytes of one file.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Begins to take in a file. `name` tells it apart from all others that are on their way.
    ///
    /// # Errors
    /// [`UploadError::Busy`]. What the disk says, the next calls tell.
    pub fn begin(&self, name: &str) -> Result<Upload, UploadError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| UploadError::Busy)?;
        let path = self.dir.join(format!("{INCOMING}{name}"));
        let (dir, bytes_max) = (self.dir.clone(), self.bytes_max);
        let (pieces, mut coming) = mpsc::channel::<Vec<u8>>(PIECES_WAITING_MAX);
        let writing = spawn_blocking(move || {
            make(&dir)?;
            let mut incoming = Incoming::create(path, place)?;
            while let Some(piece) = coming.blocking_recv() {
                incoming.write(&piece, bytes_max)?;
            }
            Ok(incoming)
        });
        Ok(Upload { pieces, writing })
    }

    /// Removes what uploads have left that a crash cut off, and says how many. An upload that is on
    /// its way, in this process or another, is left alone.
    ///
    /// # Errors
    /// When the directory is there and cannot be read, or a file cannot be removed.
    pub fn clear(&self) -> io::Result<usize> {
        let files = match std::fs::read_dir(&self.dir) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut cleared = 0_usize;
        for file in files {
            let file = file?;
            if !file.file_name().to_string_lossy().starts_with(INCOMING) {
                continue;
            }
            match OpenOptions::new().write(true).open(file.path())?.try_lock() {
                Ok(()) => {
                    std::fs::remove_file(file.path())?;
                    cleared = cleared.saturating_add(1);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(cleared)
    }
}

impl Upload {
    /// Takes in the next bytes, when those before them are written.
    ///
    /// # Errors
    /// [`UploadError`]; the upload is over then.
    pub async fn write(self, piece: Vec<u8>) -> Result<Upload, UploadError> {
        if self.pieces.send(piece).await.is_ok() {
            return Ok(self);
        }
        // Nobody takes more: the writer has ended, and it says why.
        self.end().await?;
        Err(UploadError::Disk(ErrorKind::BrokenPipe.into()))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn end(self) -> Result<Received, UploadError> {
        drop(self.pieces);
        let written =
            self.writing.await.unwrap_or_else(|error| Err(io::Error::other(error).into()));
        let incoming = written?;
        let sha256 = estate::draw::hex(&incoming.hash.clone().finalize());
        Ok(Received { sha256, size: incoming.size, incoming })
    }
}

impl Received {
    /// Opens it for reading, from its beginning.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.incoming.path)
    }

    /// Gives it another name, by which it stays.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn keep_as(&self, path: &Path) -> io::Result<()> {
        self.incoming.file.sync_all()?;
        // One that is there already is replaced by its like: who reads it goes on with the old
        // one, and if the disk has spoilt that, it is whole again.
        std::fs::rename(&self.incoming.path, path)?;
        path.parent().map_or(Ok(()), sync_dir)
    }
}

impl Incoming {
    fn create(path: PathBuf, place: OwnedSemaphorePermit) -> Result<Incoming, UploadError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let incoming = Incoming { file, path, hash: Sha256::new(), size: 0, _place: place };
        match incoming.file.try_lock() {
            Ok(()) => Ok(incoming),
            Err(TryLockError::WouldBlock) => Err(io::Error::from(ErrorKind::WouldBlock).into()),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    fn write(&mut self, piece: &[u8], bytes_max: u64) -> Result<(), UploadError> {
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(length);
        if self.size > bytes_max {
            return Err(UploadError::TooLong);
        }
        self.hash.update(piece);
        Ok(self.file.write_all(piece)?)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // One that is kept is not here any more. What cannot be removed now is, at the next start.
        drop(std::fs::remove_file(&self.path));
    }
}

impl From<io::Error> for UploadError {
    fn from(error: io::Error) -> UploadError {
        let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge];
        if full.contains(&error.kind()) { UploadError::NoRoom } else { UploadError::Disk(error) }
    }
}

/// Makes the directory, for its owner alone.
fn make(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    dir.parent().map_or(Ok(()), sync_dir)
}

/// Has the disk remember which files a directory has.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that leaves: the writer sees it, and ends.
    #[tokio::test]
    async fn what_nobody_ends_is_gone() {
        let dir = std::env::temp_dir().join(format!("kassa-uploads-{}", std::process::id()));
        let uploads = Uploads::new(dir.clone(), 3);
        let upload = uploads.begin("1").unwrap().write(b"a".to_vec()).await.unwrap();
        let Upload { pieces, writing } = upload;
        drop(pieces);
        drop(writing.await.unwrap());
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
        std::fs::remove_dir(dir).unwrap();
    }

    #[tokio::test]
    async fn what_has_come_is_read_again() {
        let dir = std::env::temp_dir().join(format!("kassa-uploads-again-{}", std::process::id()));
        let uploads = Uploads::new(dir.clone(), 3);
        let upload = uploads.begin("1").unwrap().write(b"abc".to_vec()).await.unwrap();
        let received = upload.end().await.unwrap();
        for _ in 0..2 {
            let read = io::read_to_string(received.open().unwrap()).unwrap();
            assert_eq!(read, "abc");
        }
        drop(received);
        std::fs::remove_dir(dir).unwrap();
    }
}
