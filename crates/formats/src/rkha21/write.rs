//! Writing: the same layouts the other way round. What does not fit is an error, never cut.

use super::profile::{Name, Profile};
use super::row::{Header, Row};

/// Writes a file piece by piece.
#[derive(Debug)]
pub struct Writer<'p> {
    profile: &'p Profile,
    out: Vec<u8>,
}

/// What cannot be written, or would not be read back as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Longer, or larger, than its positions.
    #[error("{0} does not fit into {1} positions")]
    TooLong(Name, usize),
    /// A value that a reader would refuse.
    #[error("{0} has a value that it cannot have")]
    Illegal(Name),
    /// Something is needed that is absent.
    #[error("{0} is required")]
    Required(Name),
    /// Something is there that the layout or the kind of row has no place for.
    #[error("there is no place for {0}")]
    NoPlace(Name),
}

impl<'p> Writer<'p> {
    /// Begins a file with its header.
    ///
    /// # Errors
    /// Where the header has a value that does not fit.
    pub fn new(profile: &'p Profile, header: &Header) -> Result<Writer<'p>, WriteError> {
        let _ = header;
        Ok(Writer { profile, out: Vec::new() })
    }

    /// Writes a row; its `line` does not matter. After an error nothing of it is written.
    ///
    /// # Errors
    /// Where it has a value that does not fit.
    pub fn row(&mut self, row: &Row) -> Result<(), WriteError> {
        let _ = (row, self.profile);
        Ok(())
    }

    /// Ends the file with its trailer, and gives the bytes that were not taken.
    ///
    /// # Errors
    /// Where the totals do not fit.
    pub fn finish(self) -> Result<Vec<u8>, WriteError> {
        Ok(self.out)
    }

    /// What was written since it was last asked.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

/// Writes one row alone, without the spaces at its end, as [`super::read_row`] takes it.
///
/// # Errors
/// Where it has a value that does not fit.
pub fn write_row(profile: &Profile, row: &Row) -> Result<String, WriteError> {
    let _ = (profile, row);
    Ok(String::new())
}
