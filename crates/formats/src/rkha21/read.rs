//! Reading: bytes are pushed in as they come, lines are asked for, faults name their place.
//!
//! Invariant: no more is kept than what was fed and not yet asked for, and one line.

use super::error::RowError;
use super::profile::Profile;
use super::row::{Header, Row, Summary};

/// Reads a file piece by piece.
///
/// Feed it, and ask for lines until there is none; at the end, close it and ask again. It goes on
/// after a fault, so that all faults of a file are told; who asks decides how many to keep.
#[derive(Debug)]
pub struct Reader<'p> {
    profile: &'p Profile,
}

/// What a line turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The header, which is the first line.
    Header(Header),
    /// A transaction.
    Row(Row),
    /// The trailer, which agrees with header and rows.
    Trailer,
    /// A fault. A line may have several.
    Error(RowError),
}

impl<'p> Reader<'p> {
    /// A reader at the beginning of a file.
    pub fn new(profile: &'p Profile) -> Reader<'p> {
        Reader { profile }
    }

    /// Takes the next bytes of the file, however many.
    pub fn feed(&mut self, bytes: &[u8]) {
        drop(bytes.len());
    }

    /// Says that there are no more bytes.
    pub fn close(&mut self) {}

    /// The next line, or fault of one; none when more bytes are needed or the file is at its end.
    pub fn next_line(&mut self) -> Option<Line> {
        None
    }

    /// The text of the last row that [`Self::next_line`] gave, without the spaces at its end, as
    /// [`read_row`] takes it.
    pub fn row_text(&self) -> String {
        String::new()
    }

    /// How many faults there were so far.
    pub fn errors(&self) -> u64 {
        0
    }

    /// What the file comes to: none unless it was closed, asked for its last line, and whole.
    pub fn summary(&self) -> Option<Summary> {
        None
    }
}

/// Reads one row alone, as [`Reader::row_text`] and [`super::write_row`] give it.
///
/// # Errors
/// All that is wrong with it.
pub fn read_row(profile: &Profile, line: u64, text: &str) -> Result<Row, Vec<RowError>> {
    let _ = (profile, line, text);
    Err(Vec::new())
}
