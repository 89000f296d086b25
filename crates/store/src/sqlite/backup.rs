//! Backups: one consistent state of the database, copied into one file.

use std::fs::File;
use std::path::Path;

use super::SqliteStore;
use super::open::{OpenError, check_store, connect_reader, database_file};

impl SqliteStore {
    /// Copies the store in `dir` to the file `to`, whether or not a process writes to it. The
    /// copy is compact, durable when this returns, and can itself be opened as a store under the
    /// name that the database has.
    ///
    /// Writers are not held up, but their log cannot start again from its beginning meanwhile.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::Io`] when `to` exists.
    pub fn backup(dir: &Path, to: &Path) -> Result<(), OpenError> {
        let file = database_file(dir);
        check_store(&file)?;
        // An empty file is what `VACUUM INTO` accepts, and making it anew claims the name.
        let copy = create(to)?;
        let connection = connect_reader(&file)?;
        // The pragma forbids the copy as well; the connection itself cannot write to the store.
        connection.pragma_update(None, "query_only", false)?;
        let name = to.to_str().ok_or_else(|| {
            OpenError::Io(std::io::Error::other("the name of the copy is not Unicode"))
        })?;
        connection.execute("VACUUM INTO ?", [name])?;
        // SQLite leaves the copy to the system's leisure.
        copy.sync_all()?;
        #[cfg(unix)]
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// Makes a file that only its owner may read.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
