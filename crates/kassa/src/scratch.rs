//! A directory that is gone when it is dropped.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use engine::Randomness as _;

use crate::clock::OsRandomness;

/// A new directory under the system's place for temporary files.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes one; `purpose` is a part of its name.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new(purpose: &str) -> anyhow::Result<Scratch> {
        Scratch::new_in(None, purpose)
    }

    /// Makes one in `folder`, or where temporary files are.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new_in(folder: Option<&Path>, purpose: &str) -> anyhow::Result<Scratch> {
        let mut name = [0; 8];
        OsRandomness.fill(&mut name);
        let name = u64::from_be_bytes(name);
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = folder.join(format!("kassa-{purpose}-{name:016x}"));
        std::fs::create_dir(&path).with_context(|| format!("could not make {}", path.display()))?;
        Ok(Scratch { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which clears its temporary files.
        drop(std::fs::remove_dir_all(&self.path));
    }
}
