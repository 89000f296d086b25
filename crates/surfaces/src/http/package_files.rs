//! The bytes of packages: files in one directory, named after their content.
//!
//! Invariant: a file with a hash for its name has that content, whole; what is on its way has
//! another name.

use std::path::PathBuf;

/// Where packages' bytes are.
#[derive(Clone, Debug)]
pub struct PackageFiles {
    dir: PathBuf,
    bytes_max: u64,
}

impl PackageFiles {
    /// Keeps files in `dir`, which is made when the first one comes; none longer than `bytes_max`.
    pub fn new(dir: PathBuf, bytes_max: u64) -> PackageFiles {
        PackageFiles { dir, bytes_max }
    }

    /// Where the bytes with this SHA-256, as 64 lower-case hexadecimal digits, are kept.
    pub fn path_of(&self, sha256: &str) -> PathBuf {
        self.dir.join(sha256)
    }

    /// The most bytes of one file.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }
}
