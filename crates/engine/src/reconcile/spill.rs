//! Records too many for memory, in partitions on disk: those of one key come to one partition, and
//! partitions are read one at a time.
//!
//! Invariant: in memory are one block for each partition and where the others are in the one file
//! of all partitions. The file has no name, so that nothing is left of it, however the program
//! ends.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits::{SPILL_BLOCK_BYTES, SPILL_PARTITIONS};

/// Records being written. What fits into the first blocks never reaches the disk.
#[derive(Debug)]
pub(super) struct Spill {
    directory: PathBuf,
    file: Option<File>,
    /// The file's length.
    end: u64,
    partitions: Vec<Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    /// Blocks in the file, in the order in which they were written.
    blocks: Vec<Block>,
    /// The block that is being filled.
    filling: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    at: u64,
    length: usize,
}

/// The records of one partition, in the order in which they were added.
#[derive(Debug)]
pub(super) struct Records<'s> {
    file: Option<&'s mut File>,
    blocks: std::vec::IntoIter<Block>,
    filling: Option<Vec<u8>>,
    /// The block that is being read, and how far.
    block: Vec<u8>,
    at: usize,
}

impl Spill {
    /// Nothing yet; its file will be in `directory`.
    pub(super) fn new(directory: &Path) -> Spill {
        let partitions = std::iter::repeat_with(Partition::default).take(SPILL_PARTITIONS);
        Spill {
            directory: directory.to_owned(),
            file: None,
            end: 0,
            partitions: partitions.collect(),
        }
    }

    /// Adds a record to the partition of `hash`, which has to be spread over all 64 bits.
    ///
    /// # Errors
    /// When the file cannot be made or written: a full disk, mostly. Nothing can be added then.
    pub(super) fn add(&mut self, hash: u64, record: &[u8]) -> io::Result<()> {
        let at = partition_of(hash);
        let length = u32::try_from(record.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let Some(partition) = self.partitions.get_mut(at) else { return Ok(()) };
        let grown = partition.filling.len().saturating_add(record.len()).saturating_add(4);
        if grown > SPILL_BLOCK_BYTES && !partition.filling.is_empty() {
            if self.file.is_none() {
                self.file = Some(unnamed(&self.directory)?);
            }
            if let Some(file) = &mut self.file {
                file.write_all(&partition.filling)?;
            }
            let block = Block { at: self.end, length: partition.filling.len() };
            self.end = self.end.saturating_add(u64::try_from(block.length).unwrap_or(u64::MAX));
            partition.blocks.push(block);
            partition.filling.clear();
        }
        partition.filling.extend_from_slice(&length.to_be_bytes());
        partition.filling.extend_from_slice(record);
        Ok(())
    }

    /// The records of a partition, from 0 to [`SPILL_PARTITIONS`]. They are given once.
    pub(super) fn take(&mut self, partition: usize) -> Records<'_> {
        let taken = self.partitions.get_mut(partition).map(std::mem::take).unwrap_or_default();
        Records {
            file: self.file.as_mut(),
            blocks: taken.blocks.into_iter(),
            filling: Some(taken.filling),
            block: Vec::new(),
            at: 0,
        }
    }

    /// How many bytes are on disk.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.end
    }
}

impl Records<'_> {
    /// The next record.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        while self.at >= self.block.len() {
            if !self.load()? {
                return Ok(None);
            }
        }
        let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let rest = self.block.get(self.at..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let record = rest.get(..length).ok_or_else(broken)?;
        self.at = self.at.saturating_add(length).saturating_add(4);
        Ok(Some(record))
    }

    /// Reads the next block.
    fn load(&mut self) -> io::Result<bool> {
        self.at = 0;
        let Some(block) = self.blocks.next() else {
            self.block = self.filling.take().unwrap_or_default();
            return Ok(!self.block.is_empty());
        };
        self.block.resize(block.length, 0);
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(block.at))?;
            file.read_exact(&mut self.block)?;
        }
        Ok(true)
    }
}

/// As much of a longer hash as partitions are told by.
pub(super) fn hash_of(hash: [u8; 16]) -> u64 {
    let first = hash.split_first_chunk::<8>();
    first.map_or(0, |(first, _)| u64::from_be_bytes(*first))
}

/// Which partition a hash is of.
fn partition_of(hash: u64) -> usize {
    let count = u64::try_from(SPILL_PARTITIONS).unwrap_or(1);
    usize::try_from(hash.checked_rem(count).unwrap_or(0)).unwrap_or(0)
}

/// A file that nobody else can open, and that is gone when it is closed. The directory is made
/// where there is none.
///
/// # Errors
/// When the directory cannot be written.
fn unnamed(directory: &Path) -> io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".spill-{}-{number}", std::process::id()));
        let opened = OpenOptions::new().read(true).append(true).create_new(true).open(&path);
        match opened {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            // Left by a program that had this number and was killed between the two lines above.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_read_again_in_its_order() {
        let mut spill = Spill::new(&std::env::temp_dir());
        let large = vec![b'x'; SPILL_BLOCK_BYTES * 8];
        for number in 0..40_000_u64 {
            let text = format!("{number}");
            let record = if number % 1_000 == 0 { &large } else { text.as_bytes() };
            spill.add(number % 300, record).unwrap();
        }
        assert!(spill.bytes() > 1_000_000, "most of it is on disk: {}", spill.bytes());
        let mut seen = 0;
        for partition in 0..SPILL_PARTITIONS {
            let mut records = spill.take(partition);
            let mut last = None;
            while let Some(record) = records.next().unwrap() {
                seen += 1;
                if record.len() > 8 {
                    assert_eq!(record, large);
                    continue;
                }
                let number: u64 = std::str::from_utf8(record).unwrap().parse().unwrap();
                assert_eq!(partition_of(number % 300), partition);
                assert!(last.is_none_or(|last| last < number));
                last = Some(number);
            }
        }
        assert_eq!(seen, 40_000);
    }

    #[test]
    fn little_needs_no_disk() {
        let mut spill = Spill::new(Path::new("/dev/null/directory"));
        spill.add(1, b"one").unwrap();
        assert_eq!(spill.take(1).next().unwrap(), Some(&b"one"[..]));
        assert_eq!(spill.take(1).next().unwrap(), None, "given once");
    }

    #[test]
    fn a_disk_that_cannot_be_written_is_an_error() {
        let mut spill = Spill::new(Path::new("/dev/null/directory"));
        let block = vec![0; SPILL_BLOCK_BYTES];
        spill.add(1, &block).unwrap();
        assert_eq!(spill.add(1, &block).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }
}
