//! The cells of a row: as they are written, and as they are read one after the other.

use std::borrow::Cow;

use ledger::{Balance, Currency};

use crate::codes::Coded;

/// What one column of one row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'r> {
    Int(Option<i64>),
    Text(Option<Cow<'r, str>>),
    Bytes(Option<&'r [u8]>),
}

/// Reads the cells of a row one after the other.
pub(crate) trait Cells {
    /// How a database says that it cannot.
    type Error;

    /// The next cell, a number or nothing.
    fn next_int(&mut self) -> Result<Option<i64>, Self::Error>;

    /// What `read` makes of the next cell, a text or nothing.
    fn next_text<T>(&mut self, read: impl FnOnce(&str) -> T) -> Result<Option<T>, Self::Error>;

    /// The next cell, so many bytes or nothing.
    fn next_bytes<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Self::Error>;

    /// The error that the last cell cannot be read.
    fn unreadable(&self, what: String) -> Self::Error;

    fn unknown(&self, what: &str, value: impl std::fmt::Display) -> Self::Error {
        self.unreadable(format!("unknown {what} {value}"))
    }

    fn present<T>(&self, cell: Option<T>) -> Result<T, Self::Error> {
        cell.ok_or_else(|| self.unreadable("unexpected NULL".to_owned()))
    }

    fn int(&mut self) -> Result<i64, Self::Error> {
        let cell = self.next_int()?;
        self.present(cell)
    }

    fn optional_int(&mut self) -> Result<Option<i64>, Self::Error> {
        self.next_int()
    }

    fn narrow(&mut self) -> Result<i32, Self::Error> {
        let number = self.int()?;
        i32::try_from(number).map_err(|_| self.unknown("number", number))
    }

    fn flag(&mut self) -> Result<bool, Self::Error> {
        match self.int()? {
            0 => Ok(false),
            1 => Ok(true),
            number => Err(self.unknown("flag", number)),
        }
    }

    fn text(&mut self) -> Result<String, Self::Error> {
        let cell = self.next_text(str::to_owned)?;
        self.present(cell)
    }

    fn optional_text(&mut self) -> Result<Option<String>, Self::Error> {
        self.next_text(str::to_owned)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Self::Error> {
        let cell = self.next_bytes()?;
        self.present(cell)
    }

    /// A text that has a meaning.
    fn parsed<T>(
        &mut self,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Self::Error> {
        let cell = self.next_text(|text| parse(text).ok_or_else(|| text.to_owned()))?;
        self.present(cell)?.map_err(|text| self.unknown(what, format_args!("{text:?}")))
    }

    fn coded<T: Coded>(&mut self) -> Result<T, Self::Error> {
        let code = self.int()?;
        T::of(code).ok_or_else(|| self.unknown("code", code))
    }

    fn optional_coded<T: Coded>(&mut self) -> Result<Option<T>, Self::Error> {
        let Some(code) = self.next_int()? else { return Ok(None) };
        T::of(code).map(Some).ok_or_else(|| self.unknown("code", code))
    }

    fn currency(&mut self) -> Result<Currency, Self::Error> {
        self.parsed("currency", Currency::parse)
    }

    fn balance(&mut self) -> Result<Balance, Self::Error> {
        Ok(Balance { debt: self.int()?, reserved: self.int()? })
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Cell::Int(Some(number))
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(number: Option<i64>) -> Self {
        Cell::Int(number)
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Cell::Text(Some(Cow::Owned(text)))
    }
}

impl<'r> From<&'r str> for Cell<'r> {
    fn from(text: &'r str) -> Self {
        Cell::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'r> From<Option<&'r str>> for Cell<'r> {
    fn from(text: Option<&'r str>) -> Self {
        Cell::Text(text.map(Cow::Borrowed))
    }
}

impl<'r> From<&'r [u8]> for Cell<'r> {
    fn from(bytes: &'r [u8]) -> Self {
        Cell::Bytes(Some(bytes))
    }
}

impl<'r> From<Option<&'r [u8]>> for Cell<'r> {
    fn from(bytes: Option<&'r [u8]>) -> Self {
        Cell::Bytes(bytes)
    }
}
