//! A directory that is gone when it is dropped.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use engine::Randomness as _;

use crate::clock::OsRandomness;

/// A new directory under the system's place for temporary files, for its owner alone.
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
        let mut builder = DirBuilder::new();
        builder.recursive(false);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("could not make {}", path.display()))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look_into_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let scratch = Scratch::new("modes").unwrap();
        let mode = std::fs::metadata(scratch.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
