//! Is a file in order? Nothing is kept until all of it has been read.

use std::io::Read;
use std::path::Path;

use formats::rkha21::{Line, Name, Profile, Reader, Reason, Row, RowError, RowKind, Summary};

use crate::limits::{FILE_FAULTS_TOLD_MAX, FILE_PIECE_BYTES};
use crate::reconcile::Duplicates;

/// A file that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it comes to.
    pub summary: Summary,
}

/// What is wrong with a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, in the order of lines; at most [`FILE_FAULTS_TOLD_MAX`].
    pub first: Vec<RowError>,
    /// How many there are.
    pub count: u64,
}

/// Why a file was not found to be in order.
#[derive(Debug, thiserror::Error)]
pub enum NotChecked {
    /// It is not.
    #[error("{} faults", .0.count)]
    Faulty(Faults),
    /// It could not be read, or there was no room for what is noted of it.
    #[error("the file could not be read")]
    Disk(#[from] std::io::Error),
}

impl Faults {
    fn add(&mut self, fault: RowError) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < FILE_FAULTS_TOLD_MAX {
            self.first.push(fault);
        }
    }
}

/// Reads a file to its end. `dir` is where what does not fit into memory is noted for the while.
///
/// # Errors
/// [`NotChecked`].
pub fn check(mut file: impl Read, profile: &Profile, dir: &Path) -> Result<Checked, NotChecked> {
    let (mut faults, mut seen) = (Faults::default(), Seen::new(dir));
    let mut reader = Reader::new(profile);
    read_all(&mut file, &mut reader, |line, _| match line {
        Line::Row(row) => seen.add(&row).map_err(NotChecked::Disk),
        Line::Error(fault) => {
            faults.add(fault);
            Ok(())
        }
        Line::Header(_) | Line::Trailer => Ok(()),
    })?;
    seen.finish(profile, &mut faults)?;
    match reader.summary() {
        Some(summary) if faults.count == 0 => Ok(Checked { summary }),
        Some(_) | None => {
            faults.first.sort_by_key(|fault| (fault.line, fault.column));
            Err(NotChecked::Faulty(faults))
        }
    }
}

/// Shows `take` every line of a file, and its text.
pub(super) fn read_all(
    file: &mut impl Read,
    reader: &mut Reader<'_>,
    mut take: impl FnMut(Line, &Reader<'_>) -> Result<(), NotChecked>,
) -> Result<(), NotChecked> {
    let mut piece = vec![0; FILE_PIECE_BYTES];
    loop {
        let read = match file.read(&mut piece) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        match piece.get(..read) {
            Some(bytes) if read > 0 => reader.feed(bytes),
            Some(_) | None => reader.close(),
        }
        while let Some(line) = reader.next_line() {
            take(line, reader)?;
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// What must be unique among a file's rows, as far as they have been read. Noted with each is its
/// row's line and kind: the kind tells where in the line it is.
struct Seen {
    sources: Duplicates,
    references: Duplicates,
}

/// More than there are kinds.
const KINDS: u64 = 8;

impl Seen {
    fn new(dir: &Path) -> Seen {
        Seen { sources: Duplicates::new(dir), references: Duplicates::new(dir) }
    }

    fn add(&mut self, row: &Row) -> std::io::Result<()> {
        let kind = RowKind::ALL.into_iter().position(|kind| kind == row.kind).unwrap_or(0);
        let kind = u64::try_from(kind).unwrap_or(0);
        let place = row.line.saturating_mul(KINDS).saturating_add(kind);
        let keys = row.keys();
        self.sources.add(keys.source, place)?;
        self.references.add(keys.acquirer_reference, place)
    }

    fn finish(self, profile: &Profile, faults: &mut Faults) -> std::io::Result<()> {
        let Seen { sources, references } = self;
        let all = [(sources, Name::Source), (references, Name::AcquirerReference)];
        for (duplicates, name) in all {
            for found in duplicates.finish() {
                let (first, second) = found?;
                faults.add(fault_of(profile, name, first / KINDS, second));
            }
        }
        Ok(())
    }
}

fn fault_of(profile: &Profile, name: Name, first: u64, place: u64) -> RowError {
    let kind = usize::try_from(place % KINDS).ok().and_then(|at| RowKind::ALL.get(at).copied());
    let column = kind.map_or(1, |kind| profile.column(kind, name));
    RowError { line: place / KINDS, column, reason: Reason::Duplicate { name, first } }
}
