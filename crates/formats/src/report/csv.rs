//! Tables with separators: bytes to fields, strictly (after RFC 4180).
//!
//! A quote that is open, or stands where none may, is a fault: a reader that guesses would take
//! one line's amount for another's.

use super::error::ReportReason;
use crate::limits::{RECORD_BYTES_MAX, RECORD_FIELDS_MAX};

/// What precedes UTF-8 where a spreadsheet wrote it.
const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Cuts bytes into records.
#[derive(Debug)]
pub(crate) struct Csv {
    delimiter: u8,
    quote: Option<u8>,
    /// Whether a mark at the very beginning is passed over.
    has_mark: bool,
    fed: Vec<u8>,
    at: usize,
    closed: bool,
    state: State,
    /// Lines that are no records yet.
    skip: u32,
    line: u64,
    first_line: u64,
    /// The fields of the record, one behind the other.
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Whether that record was given, and is to be forgotten.
    given: bool,
}

/// Where in a record the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the beginning of a field.
    Start,
    /// In a field without quotes.
    Plain,
    /// In a field with quotes.
    Quoted,
    /// Behind a quote in such a field: its end, or the first of two.
    QuoteSeen,
    /// Behind a carriage return outside quotes.
    ReturnSeen,
    /// In a line that is passed over.
    Skip,
}

/// What is at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A record that begins on this line.
    Record(u64),
    /// A record that cannot be read, and the field where.
    Fault(u64, u32, ReportReason),
    /// More bytes are needed.
    Nothing,
    /// There are no more records.
    End,
}

impl Csv {
    pub(crate) fn new(delimiter: u8, quote: Option<u8>, skip: u32, has_mark: bool) -> Csv {
        Csv {
            delimiter,
            quote,
            has_mark,
            fed: Vec::new(),
            at: 0,
            closed: false,
            state: if skip > 0 { State::Skip } else { State::Start },
            skip,
            line: 1,
            first_line: 1,
            text: Vec::new(),
            ends: Vec::new(),
            given: false,
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.fed.drain(..self.at.min(self.fed.len()));
        self.at = 0;
        self.fed.extend_from_slice(bytes);
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// A field of the record that was given last.
    pub(crate) fn field(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).unwrap_or(&0);
        self.text.get(*start..end)
    }

    /// How many fields it has.
    pub(crate) fn fields(&self) -> usize {
        self.ends.len()
    }

    /// The next record. One without anything in it is passed over.
    pub(crate) fn next(&mut self) -> Step {
        if self.has_mark {
            let rest = self.fed.get(self.at..).unwrap_or_default();
            if rest.len() < BYTE_ORDER_MARK.len() && !self.closed {
                return Step::Nothing;
            }
            let mark = if rest.starts_with(&BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            self.at = self.at.saturating_add(mark);
            self.has_mark = false;
        }
        if std::mem::replace(&mut self.given, false) {
            self.begin();
        }
        while let Some(byte) = self.fed.get(self.at).copied() {
            self.at = self.at.saturating_add(1);
            if self.state == State::Start && self.ends.is_empty() {
                self.first_line = self.line;
            }
            let is_whole = self.byte(byte);
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
            }
            match is_whole {
                Ok(false) => {}
                Ok(true) if self.text.is_empty() && self.ends.len() == 1 => self.begin(),
                Ok(true) => {
                    self.given = true;
                    return Step::Record(self.first_line);
                }
                Err(reason) => return self.fault(reason, byte != b'\n'),
            }
        }
        if self.closed { self.last() } else { Step::Nothing }
    }

    /// What is at hand when there are no more bytes.
    fn last(&mut self) -> Step {
        match self.state {
            State::Skip => Step::End,
            State::Start if self.ends.is_empty() => Step::End,
            State::Quoted => self.fault(ReportReason::OpenQuote, false),
            State::Start | State::Plain | State::QuoteSeen | State::ReturnSeen => {
                match self.end_field() {
                    Ok(()) => {
                        self.given = true;
                        Step::Record(self.first_line)
                    }
                    Err(reason) => self.fault(reason, false),
                }
            }
        }
    }

    /// Gives a record up, and the rest of its line.
    fn fault(&mut self, reason: ReportReason, has_rest: bool) -> Step {
        let column = u32::try_from(self.ends.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.begin();
        if has_rest {
            self.state = State::Skip;
            self.skip = 1;
        }
        Step::Fault(self.first_line, column, reason)
    }

    /// Takes a byte; tells whether a record ends with it.
    fn byte(&mut self, byte: u8) -> Result<bool, ReportReason> {
        let is_quote = self.quote == Some(byte);
        let is_delimiter = self.delimiter == byte;
        match self.state {
            State::Skip => {
                self.skip_byte(byte);
                return Ok(false);
            }
            State::Quoted if is_quote => self.state = State::QuoteSeen,
            State::QuoteSeen if is_quote => {
                self.state = State::Quoted;
                self.push(byte)?;
            }
            State::Quoted => self.push(byte)?,
            State::Start if is_quote => self.state = State::Quoted,
            State::Plain if is_quote => return Err(ReportReason::StrayQuote),
            State::ReturnSeen if byte != b'\n' => {
                return Err(ReportReason::ControlCharacter(b'\r'));
            }
            State::Start | State::Plain | State::QuoteSeen | State::ReturnSeen => match byte {
                b'\n' => return self.end_field().map(|()| true),
                b'\r' => self.state = State::ReturnSeen,
                _ if is_delimiter => {
                    self.end_field()?;
                    self.state = State::Start;
                }
                _ if self.state == State::QuoteSeen => return Err(ReportReason::AfterQuote),
                _ => {
                    self.state = State::Plain;
                    self.push(byte)?;
                }
            },
        }
        Ok(false)
    }

    fn skip_byte(&mut self, byte: u8) {
        if byte == b'\n' {
            self.skip = self.skip.saturating_sub(1);
            if self.skip == 0 {
                self.begin();
            }
        }
    }

    fn push(&mut self, byte: u8) -> Result<(), ReportReason> {
        if self.text.len() < RECORD_BYTES_MAX {
            self.text.push(byte);
            return Ok(());
        }
        let is_open = self.state == State::Quoted;
        Err(if is_open { ReportReason::OpenQuote } else { ReportReason::TooLong(RECORD_BYTES_MAX) })
    }

    fn end_field(&mut self) -> Result<(), ReportReason> {
        if self.ends.len() == RECORD_FIELDS_MAX {
            return Err(ReportReason::TooManyFields(RECORD_FIELDS_MAX));
        }
        self.ends.push(self.text.len());
        Ok(())
    }

    /// Forgets what was taken of a record.
    fn begin(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.state = State::Start;
    }
}
