//! `kassa openapi`: writes the documents that the server shows, for the repository and for tools.

use std::path::Path;

use anyhow::Context as _;

use crate::terminal::say;

/// Writes one file for each document.
///
/// # Errors
/// When the folder or a file cannot be written.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make {}", folder.display()))?;
    for (name, document) in surfaces::service::documents() {
        let path = folder.join(name);
        std::fs::write(&path, document)
            .with_context(|| format!("could not write {}", path.display()))?;
        say(&format!("{}", path.display()));
    }
    Ok(())
}
