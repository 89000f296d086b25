//! `kassa backup`: a consistent copy of the store, whether or not a server runs on it.

use std::path::Path;

use anyhow::{Context as _, ensure};
use store::SqliteStore;

use crate::installation::key_file;
use crate::settings::StoreSettings;
use crate::terminal::{note, say};

/// Copies the store into one file.
///
/// # Errors
/// When the file exists, or the copy fails.
pub(crate) fn run(settings: &StoreSettings, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} exists; a backup never replaces a file", to.display());
    let (from, name) = (settings.data_dir.display(), to.display());
    SqliteStore::back_up(&settings.data_dir, to)
        .with_context(|| format!("could not copy the store in {from} to {name}"))?;
    say(&format!("{}", to.display()));
    note(&format!(
        "kassa: the installation key is not in it; keep a copy of {} apart from it",
        key_file(settings).display()
    ));
    Ok(())
}
