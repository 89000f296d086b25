//! The bytes of packages: files in one directory, named after their content.
//!
//! Invariant: a file with a hash for its name has that content, whole and on disk; what is on its
//! way has another name, and is locked by the process that writes it.

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

/// Where packages' bytes are.
#[derive(Clone, Debug)]
pub struct PackageFiles {
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

impl PackageFiles {
    /// Keeps files in `dir`, which is made when the first one comes; none longer than `bytes_max`.
    pub fn new(dir: PathBuf, bytes_max: u64) -> PackageFiles {
        PackageFiles { dir, bytes_max, places: Arc::new(Semaphore::new(UPLOADS_MAX)) }
    }

    /// Where the bytes with this SHA-256, as 64 lower-case hexadecimal digits, are kept.
    pub fn path_of(&self, sha256: &str) -> PathBuf {
        self.dir.join(sha256)
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

    /// Keeps a file under the name of its content. The same content twice is one file.
    ///
    /// # Errors
    /// [`UploadError::NoRoom`], [`UploadError::Disk`].
    pub async fn keep(&self, received: Received) -> Result<(), UploadError> {
        let path = self.path_of(&received.sha256);
        let dir = self.dir.clone();
        let keep = move || {
            received.incoming.file.sync_all()?;
            // One that is there already is replaced by its like: who reads it goes on with the old
            // one, and if the disk has spoilt that, it is whole again.
            std::fs::rename(&received.incoming.path, path)?;
            sync_dir(&dir)
        };
        spawn_blocking(keep).await.unwrap_or_else(|error| Err(io::Error::other(error)))?;
        Ok(())
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

    /// A directory of a test's own, and the files in it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let folder = format!("kassa-package-files-{name}-{}", std::process::id());
            Folder(std::env::temp_dir().join(folder))
        }

        fn files(&self) -> Vec<String> {
            let files = std::fs::read_dir(&self.0).into_iter().flatten();
            let name = |file: io::Result<std::fs::DirEntry>| file.unwrap().file_name();
            files.map(|file| name(file).into_string().unwrap()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    /// SHA-256 of `abc` (FIPS 180-4, example).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    async fn take_in(files: &PackageFiles, pieces: &[&str]) -> Result<Received, UploadError> {
        let mut upload = files.begin("1")?;
        for piece in pieces {
            upload = upload.write(piece.as_bytes().to_vec()).await?;
        }
        upload.end().await
    }

    #[tokio::test]
    async fn a_file_is_there_once_it_is_kept() {
        let folder = Folder::new("kept");
        let files = PackageFiles::new(folder.0.join("a"), 3);
        for _ in 0..2 {
            let received = take_in(&files, &["a", "bc"]).await.unwrap();
            assert_eq!((received.sha256.as_str(), received.size), (ABC, 3));
            files.keep(received).await.unwrap();
            assert_eq!(std::fs::read(files.path_of(ABC)).unwrap(), b"abc");
            assert_eq!(Folder(folder.0.join("a")).files(), [ABC]);
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_reads_files() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = Folder::new("owner");
        let files = PackageFiles::new(folder.0.clone(), 3);
        let received = take_in(&files, &["abc"]).await.unwrap();
        files.keep(received).await.unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.0), mode(&files.path_of(ABC))), (0o700, 0o600));
    }

    #[tokio::test]
    async fn what_is_not_kept_is_gone() {
        let folder = Folder::new("gone");
        let files = PackageFiles::new(folder.0.clone(), 3);
        let upload = files.begin("1").unwrap().write(b"a".to_vec()).await.unwrap();
        drop(upload.end().await.unwrap());
        assert_eq!(folder.files(), Vec::<String>::new());
        let error = take_in(&files, &["abc", "d"]).await.unwrap_err();
        assert!(matches!(error, UploadError::TooLong), "{error:?}");
        assert_eq!(folder.files(), Vec::<String>::new());
        // A client that leaves: the writer sees it, and ends.
        let upload = files.begin("2").unwrap().write(b"a".to_vec()).await.unwrap();
        let Upload { pieces, writing } = upload;
        drop(pieces);
        drop(writing.await.unwrap());
        assert_eq!(folder.files(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_start_clears_what_a_crash_left_and_nothing_else() {
        let folder = Folder::new("crash");
        let files = PackageFiles::new(folder.0.clone(), 3);
        assert_eq!(files.clear().unwrap(), 0, "nothing has come yet");
        let kept = take_in(&files, &["abc"]).await.unwrap();
        files.keep(kept).await.unwrap();
        std::fs::write(folder.0.join("incoming-crashed"), "x").unwrap();
        let coming = take_in(&files, &["ab"]).await.unwrap();
        assert_eq!(files.clear().unwrap(), 1);
        let mut left = folder.files();
        left.sort();
        assert_eq!(left, [ABC, "incoming-1"]);
        files.keep(coming).await.unwrap();
    }

    #[tokio::test]
    async fn uploads_have_a_limit() {
        let folder = Folder::new("limit");
        let files = PackageFiles::new(folder.0.clone(), 3);
        let begin = |number: usize| files.begin(&number.to_string());
        let uploads: Vec<Upload> = (0..UPLOADS_MAX).map(|number| begin(number).unwrap()).collect();
        assert!(matches!(begin(UPLOADS_MAX).unwrap_err(), UploadError::Busy));
        for upload in uploads {
            drop(upload.end().await.unwrap());
        }
        assert!(begin(UPLOADS_MAX).is_ok());
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_written_to_is_an_error() {
        let folder = Folder::new("no-dir");
        std::fs::create_dir(&folder.0).unwrap();
        std::fs::write(folder.0.join("file"), "").unwrap();
        let files = PackageFiles::new(folder.0.join("file"), 3);
        let error = take_in(&files, &["a"]).await.unwrap_err();
        assert!(matches!(error, UploadError::Disk(_)), "{error:?}");
        let full: UploadError = io::Error::from(ErrorKind::StorageFull).into();
        assert!(matches!(full, UploadError::NoRoom));
    }
}
