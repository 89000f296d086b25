//! Writing: the same layouts the other way round. What does not fit is an error, never cut.

use ledger::transaction::Direction;

use super::decode::{Decoder, latin1, trim_end};
use super::encode::{Figures, Given, line, without_place};
use super::profile::{Name, Profile, Record};
use super::row::{Header, Row, RowKind};

/// Writes a file piece by piece, its lines ended by CR and LF.
#[derive(Debug)]
pub struct Writer<'p> {
    profile: &'p Profile,
    header: Header,
    figures: Figures,
    decoder: Decoder,
    out: Vec<u8>,
}

/// What cannot be written, or would not be read back as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Longer, or larger, than its positions.
    #[error("{0} does not fit into {1} positions")]
    TooLong(Name, usize),
    /// A value that a reader would refuse, or would read as another.
    #[error("{0} has a value that it cannot have")]
    Illegal(Name),
    /// Something is there that the layout has no place for; as the code, the whole kind of row.
    #[error("there is no place for this {0}")]
    NoPlace(Name),
}

impl<'p> Writer<'p> {
    /// Begins a file with its header.
    ///
    /// # Errors
    /// Where the header has a value that does not fit.
    pub fn new(profile: &'p Profile, header: &Header) -> Result<Writer<'p>, WriteError> {
        let mut writer = Writer {
            profile,
            header: header.clone(),
            figures: Figures::default(),
            decoder: Decoder::default(),
            out: Vec::new(),
        };
        line(profile.header(), Given::Header(header), &mut writer.out)?;
        let read = writer.decoder.header(profile.header(), &writer.out);
        if read.as_ref() != Some(header) {
            return Err(writer.unlike(profile.header(), Name::Date));
        }
        writer.out.extend_from_slice(b"\r\n");
        Ok(writer)
    }

    /// Writes a row; its `line` does not matter. After an error nothing of it is written.
    ///
    /// # Errors
    /// Where it has a value that does not fit.
    pub fn row(&mut self, row: &Row) -> Result<(), WriteError> {
        let before = self.out.len();
        let written = self.checked(row, before);
        match written {
            Ok(()) => self.out.extend_from_slice(b"\r\n"),
            Err(_) => self.out.truncate(before),
        }
        written
    }

    /// Ends the file with its trailer, and gives the bytes that were not taken.
    ///
    /// # Errors
    /// Where the totals do not fit.
    pub fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        let given = Given::Trailer(&self.header, self.figures);
        line(self.profile.trailer(), given, &mut self.out)?;
        self.out.extend_from_slice(b"\r\n");
        Ok(self.out)
    }

    /// What was written since it was last asked.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn checked(&mut self, row: &Row, before: usize) -> Result<(), WriteError> {
        let record = record(self.profile, row.kind)?;
        line(record, Given::Row(row), &mut self.out)?;
        let bytes = self.out.get(before..).unwrap_or_default();
        // Read again: what a reader would refuse, or take for something else, is not sent.
        let read = self.decoder.row(record, row.kind, row.line, bytes);
        if read.as_ref() != Some(row) {
            let missing = without_place(record, Given::Row(row));
            return Err(
                missing.map_or_else(|| self.unlike(record, Name::Withdrawal), WriteError::NoPlace)
            );
        }
        let figures = &mut self.figures;
        let sum = match row.kind.direction() {
            Direction::Debit => &mut figures.debit_minor,
            Direction::Credit => &mut figures.credit_minor,
        };
        *sum = sum.saturating_add(row.amount_minor);
        figures.rows = figures.rows.saturating_add(1);
        Ok(())
    }

    /// Why a line that was written is not read back the same. Where the reader finds no fault, it
    /// is `otherwise`: the one value that blank positions can be taken for.
    fn unlike(&mut self, record: &Record, otherwise: Name) -> WriteError {
        let faults = self.decoder.take_faults(0);
        let columns: Vec<u32> = faults.map(|fault| fault.column).collect();
        let at = |column: u32| {
            let fields = record.fields.iter().rev();
            fields.into_iter().find(|field| field.column() <= column)?.name
        };
        let name = columns.first().and_then(|column| at(*column));
        WriteError::Illegal(name.unwrap_or(otherwise))
    }
}

/// Writes one row alone, without the spaces at its end, as [`super::read_row`] takes it.
///
/// # Errors
/// Where it has a value that does not fit.
pub fn write_row(profile: &Profile, row: &Row) -> Result<String, WriteError> {
    let mut writer = Writer {
        profile,
        header: Header { date: row.date, sender: String::new(), cycle: String::new(), serial: 0 },
        figures: Figures::default(),
        decoder: Decoder::default(),
        out: Vec::new(),
    };
    writer.checked(row, 0)?;
    Ok(latin1(trim_end(&writer.out)))
}

fn record(profile: &Profile, kind: RowKind) -> Result<&Record, WriteError> {
    let record = profile.rows().iter().find(|record| record.code(Some(kind)).is_some());
    record.ok_or(WriteError::NoPlace(Name::Code))
}
