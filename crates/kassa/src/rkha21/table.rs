//! A file of the rows that a table has.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use engine::limits::{FILE_FAULTS_TOLD_MAX, FILE_PIECE_BYTES};
use engine::reconcile::Duplicates;
use formats::rkha21::{Header, Name, Row, TableError, TableReader, Writer};

use super::{Made, Watched, bar};

/// What is wrong with a table.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The first of them, in the order of lines.
    pub(super) first: Vec<TableError>,
    /// How many there are.
    pub(super) count: u64,
}

impl Faults {
    fn add(&mut self, fault: TableError) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < FILE_FAULTS_TOLD_MAX {
            self.first.push(fault);
        }
    }
}

/// Writes the rows of a table. All its faults are found, and what cannot be written is one.
///
/// # Errors
/// When the table cannot be read, or the file not be written.
pub(super) fn write(
    mut writer: Writer<'_>,
    header: &Header,
    table: &Path,
    file: File,
) -> anyhow::Result<Made> {
    let failed = || format!("could not read {}", table.display());
    let from = File::open(table).with_context(failed)?;
    let total = from.metadata().with_context(failed)?.len();
    let mut from = Watched { file: from, done: 0, total, word: "writing", bar: bar() };
    let (mut reader, mut out) = (TableReader::new(header), BufWriter::new(file));
    let (mut rows, mut faults, mut seen) = (0_u64, Faults::default(), Seen::new());
    let mut piece = vec![0; FILE_PIECE_BYTES];
    loop {
        let read = match from.read(&mut piece) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).with_context(failed),
        };
        match piece.get(..read) {
            Some(bytes) if read > 0 => reader.feed(bytes),
            Some(_) | None => reader.close(),
        }
        while let Some(found) = reader.next_row() {
            match found.and_then(|row| written(&mut writer, row)) {
                Ok(row) => {
                    seen.add(&row)?;
                    rows = rows.saturating_add(1);
                }
                Err(fault) => faults.add(fault),
            }
        }
        out.write_all(&writer.take())?;
        if read == 0 {
            break;
        }
    }
    seen.finish(&mut faults)?;
    if faults.count > 0 {
        faults.first.sort_by_key(|fault| fault.line);
        return Ok(Made::Not(faults));
    }
    out.write_all(&writer.finish()?)?;
    out.flush()?;
    Ok(Made::Rows(rows))
}

fn written(writer: &mut Writer<'_>, row: Row) -> Result<Row, TableError> {
    match writer.row(&row) {
        Ok(()) => Ok(row),
        Err(error) => Err(TableError::of_writing(row.line, error)),
    }
}

/// What must be unique among the rows of a file, with the table's lines.
struct Seen {
    sources: Duplicates,
    references: Duplicates,
}

impl Seen {
    fn new() -> Seen {
        let new = || Duplicates::new(&std::env::temp_dir());
        Seen { sources: new(), references: new() }
    }

    fn add(&mut self, row: &Row) -> std::io::Result<()> {
        let keys = row.keys();
        self.sources.add(keys.source, row.line)?;
        self.references.add(keys.acquirer_reference, row.line)
    }

    fn finish(self, faults: &mut Faults) -> std::io::Result<()> {
        let Seen { sources, references } = self;
        for (duplicates, name) in [(sources, Name::Source), (references, Name::AcquirerReference)] {
            for found in duplicates.finish() {
                let (first, line) = found?;
                faults.add(TableError::of_duplicate(line, name, first));
            }
        }
        Ok(())
    }
}
