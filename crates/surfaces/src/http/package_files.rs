//! The bytes of packages: files in one directory, named after their content.
//!
//! Invariant: a file with a hash for its name has that content, whole and on disk; what is on its
//! way has another name.

use std::io;
use std::path::PathBuf;

use tokio::task::spawn_blocking;

use super::uploads::{Received, Upload, UploadError, Uploads};

/// Where packages' bytes are.
#[derive(Clone, Debug)]
pub struct PackageFiles {
    uploads: Uploads,
}

impl PackageFiles {
    /// Keeps files in `dir`, which is made when the first one comes; none longer than `bytes_max`.
    pub fn new(dir: PathBuf, bytes_max: u64) -> PackageFiles {
        PackageFiles { uploads: Uploads::new(dir, bytes_max) }
    }

    /// Where the bytes with this SHA-256, as 64 lower-case hexadecimal digits, are kept.
    pub fn path_of(&self, sha256: &str) -> PathBuf {
        self.uploads.dir().join(sha256)
    }

    /// The most bytes of one file.
    pub fn bytes_max(&self) -> u64 {
        self.uploads.bytes_max()
    }

    /// Begins to take in a file: see [`Uploads::begin`].
    ///
    /// # Errors
    /// [`UploadError::Busy`].
    pub fn begin(&self, name: &str) -> Result<Upload, UploadError> {
        self.uploads.begin(name)
    }

    /// Removes what uploads have left that a crash cut off: see [`Uploads::clear`].
    ///
    /// # Errors
    /// When the directory is there and cannot be read, or a file cannot be removed.
    pub fn clear(&self) -> io::Result<usize> {
        self.uploads.clear()
    }

    /// Keeps a file under the name of its content. The same content twice is one file.
    ///
    /// # Errors
    /// [`UploadError::NoRoom`], [`UploadError::Disk`].
    pub async fn keep(&self, received: Received) -> Result<(), UploadError> {
        let path = self.path_of(&received.sha256);
        let keep = spawn_blocking(move || received.keep_as(&path));
        keep.await.unwrap_or_else(|error| Err(io::Error::other(error)))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;

    use engine::limits::UPLOADS_MAX;

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
        drop(begin(UPLOADS_MAX).unwrap().end().await.unwrap());
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
