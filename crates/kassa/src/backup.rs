//! `kassa backup`: a consistent copy of the store, whether or not a server runs on it.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use store::SqliteStore;

use crate::installation::key_file;
use crate::settings::StoreSettings;
use crate::terminal::{note, say};

/// Copies the store into one file.
///
/// # Errors
/// When the file exists, the copy fails, or the store is a database, which has better means.
pub(crate) fn run(settings: &StoreSettings, to: &Path) -> anyhow::Result<()> {
    if let Some(database) = &settings.database {
        bail!(
            "{} is backed up with PostgreSQL's own means: pg_basebackup and an archive of its WAL, \
             as docs/operations.md says; this command copies an embedded store",
            database.url
        );
    }
    ensure!(!to.exists(), "{} exists; a backup never replaces a file", to.display());
    let (from, name) = (settings.data_dir.display(), to.display());
    SqliteStore::back_up(&settings.data_dir, to)
        .with_context(|| format!("could not copy the store in {from} to {name}"))?;
    say(&format!("{}", to.display()));
    note(&format!(
        "kassa: the installation key is not in it; keep a copy of {} apart from it",
        key_file(settings).display()
    ));
    let packages = settings.packages_dir();
    if packages.is_dir() {
        note(&format!(
            "kassa: the files of packages are not in it; copy {} after it: they never change, and \
             none that the backup names is missing then",
            packages.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ForStore;

    #[test]
    fn a_database_is_left_to_its_own_means() {
        let url = "postgres://kassa:hunter2@db/kassa".to_owned();
        let environment = |name: &str| (name == "KASSA_DATABASE_URL").then(|| url.clone());
        let settings = ForStore::default().resolve(&environment).unwrap();
        let error = run(&settings, Path::new("/no/such/file")).unwrap_err().to_string();
        for part in ["postgresql://db/kassa", "pg_basebackup", "WAL", "docs/operations.md"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }
}
