//! Reading: bytes are pushed in as they come, lines are asked for, faults name their place.
//!
//! Invariant: no more is kept than what was fed and not yet asked for, and one line.

mod lines;
mod totals;

use std::collections::VecDeque;

use super::decode::{Decoder, latin1, trim_end};
use super::error::{Reason, RowError};
use super::profile::{Name, Profile, Record};
use super::row::{Header, Row, RowKind, Summary};
use lines::{Cut, Lines};
use totals::Totals;

/// Reads a file piece by piece.
///
/// Feed it, and ask for lines until there is none; at the end, close it and ask again. It goes on
/// after a fault, so that all faults of a file are told; who asks decides how many to keep.
#[derive(Debug)]
pub struct Reader<'p> {
    profile: &'p Profile,
    lines: Lines,
    /// The current line, filled up with spaces.
    row: Vec<u8>,
    line: u64,
    ended: bool,
    decoder: Decoder,
    header: Option<Header>,
    has_trailer: bool,
    totals: Totals,
    pending: VecDeque<RowError>,
    errors: u64,
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

/// Which record a line is by its code.
#[derive(Clone, Copy)]
enum Found<'p> {
    Header(&'p Record),
    Row(&'p Record, RowKind),
    Trailer(&'p Record),
    Unknown,
}

impl<'p> Reader<'p> {
    /// A reader at the beginning of a file.
    pub fn new(profile: &'p Profile) -> Reader<'p> {
        Reader {
            profile,
            lines: Lines::new(profile.length()),
            row: Vec::new(),
            line: 0,
            ended: false,
            decoder: Decoder::default(),
            header: None,
            has_trailer: false,
            totals: Totals::default(),
            pending: VecDeque::new(),
            errors: 0,
        }
    }

    /// Takes the next bytes of the file, however many.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.lines.feed(bytes);
    }

    /// Says that there are no more bytes.
    pub fn close(&mut self) {
        self.lines.close();
    }

    /// The next line, or fault of one; none when more bytes are needed or the file is at its end.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            if let Some(error) = self.pending.pop_front() {
                self.errors = self.errors.saturating_add(1);
                return Some(Line::Error(error));
            }
            match self.lines.next(&mut self.row) {
                Cut::Line => {
                    if let Some(line) = self.examine() {
                        return Some(line);
                    }
                }
                Cut::TooLong => self.too_long(),
                Cut::End if !self.ended => self.end(),
                Cut::Nothing | Cut::End => return None,
            }
        }
    }

    /// The text of the last row that [`Self::next_line`] gave, without the spaces at its end, as
    /// [`read_row`] takes it.
    pub fn row_text(&self) -> String {
        latin1(trim_end(&self.row))
    }

    /// How many faults there were so far.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// What the file comes to: none unless it was closed, asked for its last line, and whole.
    pub fn summary(&self) -> Option<Summary> {
        let whole = self.ended && self.errors == 0 && self.pending.is_empty() && self.has_trailer;
        let header = self.header.as_ref().filter(|_| whole)?;
        Some(self.totals.summary(header.clone()))
    }

    fn too_long(&mut self) {
        self.line = self.line.saturating_add(1);
        let column = self.profile.length().saturating_add(1);
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        self.spoilt(column, Reason::TooLong(self.profile.length()));
    }

    /// A line that could not be looked into.
    fn spoilt(&mut self, column: u32, reason: Reason) {
        let is_row = self.line > 1 && !self.has_trailer;
        let reason = if self.has_trailer { Reason::AfterTrailer } else { reason };
        self.fault(if self.has_trailer { 1 } else { column }, reason);
        if is_row {
            self.totals.spoil();
        }
    }

    fn fault(&mut self, column: u32, reason: Reason) {
        self.pending.push_back(RowError { line: self.line, column, reason });
    }

    /// Looks into the line in `row`.
    fn examine(&mut self) -> Option<Line> {
        self.line = self.line.saturating_add(1);
        let row = std::mem::take(&mut self.row);
        let line = self.line_of(&row);
        self.row = row;
        line
    }

    fn line_of(&mut self, row: &[u8]) -> Option<Line> {
        if let Some((column, reason)) = unreadable(row) {
            self.spoilt(column, reason);
            return None;
        }
        if self.has_trailer {
            self.fault(1, Reason::AfterTrailer);
            return None;
        }
        let found = find(self.profile, row);
        let is_header = matches!(found, Found::Header(_));
        if self.line == 1 && !is_header {
            self.fault(1, Reason::HeaderMissing);
        }
        match found {
            Found::Header(_) if self.line > 1 => {
                self.spoilt(1, Reason::HeaderTwice);
                None
            }
            Found::Header(record) => {
                self.header = self.decoder.header(record, row);
                self.pending.extend(self.decoder.take_faults(self.line));
                self.header.clone().map(Line::Header)
            }
            Found::Row(record, kind) => self.row_of(record, kind, row),
            Found::Trailer(record) => self.trailer_of(record, row),
            Found::Unknown if self.line == 1 => None,
            Found::Unknown => {
                let code = trim_end(row.get(..self.profile.code_length()).unwrap_or_default());
                self.spoilt(1, Reason::UnknownCode(latin1(code)));
                None
            }
        }
    }

    fn row_of(&mut self, record: &Record, kind: RowKind, row: &[u8]) -> Option<Line> {
        let read = self.decoder.row(record, kind, self.line, row);
        self.pending.extend(self.decoder.take_faults(self.line));
        let Some(row) = read else {
            self.totals.spoil();
            return None;
        };
        self.totals.add(kind, row.currency, row.amount_minor);
        Some(Line::Row(row))
    }

    fn trailer_of(&mut self, record: &Record, row: &[u8]) -> Option<Line> {
        self.has_trailer = true;
        let trailer = self.decoder.trailer(record, row);
        self.pending.extend(self.decoder.take_faults(self.line));
        let mut differs = Vec::new();
        if let Some(header) = &self.header {
            if trailer.date.is_some_and(|date| date != header.date) {
                differs.push((Name::Date, Reason::DiffersFromHeader(Name::Date)));
            }
            if trailer.sender.is_some_and(|sender| sender != header.sender) {
                differs.push((Name::Sender, Reason::DiffersFromHeader(Name::Sender)));
            }
            if trailer.cycle.is_some_and(|cycle| cycle != header.cycle) {
                differs.push((Name::Cycle, Reason::DiffersFromHeader(Name::Cycle)));
            }
        }
        for (name, declared) in [
            (Name::Rows, trailer.rows),
            (Name::Debit, trailer.debit),
            (Name::Credit, trailer.credit),
        ] {
            let counted = self.totals.figure(name);
            if let (Some(declared), Some(counted)) = (declared, counted)
                && declared != counted
            {
                differs.push((name, Reason::WrongTotal { name, declared, counted }));
            }
        }
        for (name, reason) in differs {
            self.fault(record.column(name), reason);
        }
        if self.pending.is_empty() { Some(Line::Trailer) } else { None }
    }

    /// What is wrong with the file once it is over. The line is the one that is missing.
    fn end(&mut self) {
        self.ended = true;
        let is_empty = self.line == 0;
        if !self.has_trailer {
            self.line = self.line.saturating_add(1);
            self.fault(1, if is_empty { Reason::Empty } else { Reason::TrailerMissing });
        }
    }
}

/// Reads one row alone, as [`Reader::row_text`] and [`super::write_row`] give it.
///
/// # Errors
/// All that is wrong with it.
pub fn read_row(profile: &Profile, line: u64, text: &str) -> Result<Row, Vec<RowError>> {
    let fault = |column: usize, reason| {
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        vec![RowError { line, column, reason }]
    };
    let mut row = Vec::with_capacity(profile.length());
    for (column, letter) in (1_usize..).zip(text.chars()) {
        if column > profile.length() {
            return Err(fault(column, Reason::TooLong(profile.length())));
        }
        row.push(u8::try_from(letter).map_err(|_| fault(column, Reason::NotLatin1(letter)))?);
    }
    row.resize(profile.length(), b' ');
    if let Some((column, reason)) = unreadable(&row) {
        return Err(vec![RowError { line, column, reason }]);
    }
    let Found::Row(record, kind) = find(profile, &row) else {
        let code = trim_end(row.get(..profile.code_length()).unwrap_or_default());
        return Err(fault(1, Reason::UnknownCode(latin1(code))));
    };
    let mut decoder = Decoder::default();
    let read = decoder.row(record, kind, line, &row);
    read.ok_or_else(|| decoder.take_faults(line).collect())
}

fn find<'p>(profile: &'p Profile, row: &[u8]) -> Found<'p> {
    let code = row.get(..profile.code_length()).unwrap_or_default();
    let has = |record: &Record| record.codes.iter().any(|(known, _)| known.as_bytes() == code);
    for record in profile.rows() {
        let known = record.codes.iter().find(|(known, _)| known.as_bytes() == code);
        if let Some((_, Some(kind))) = known {
            return Found::Row(record, *kind);
        }
    }
    if has(profile.header()) {
        Found::Header(profile.header())
    } else if has(profile.trailer()) {
        Found::Trailer(profile.trailer())
    } else {
        Found::Unknown
    }
}

/// What keeps a line from being looked into.
fn unreadable(row: &[u8]) -> Option<(u32, Reason)> {
    let is_control = |byte: u8| byte < b' ' || (0x7F..=0x9F).contains(&byte);
    // Without a way out in between, so that many bytes are compared at once.
    let (controls, ink) = row.iter().fold((0_u8, 0_u8), |(controls, ink), byte| {
        (controls | u8::from(is_control(*byte)), ink | (byte ^ b' '))
    });
    if ink == 0 {
        return Some((1, Reason::BlankLine));
    }
    if controls == 0 {
        return None;
    }
    let (column, byte) = (1_u32..).zip(row).find(|(_, byte)| is_control(**byte))?;
    Some((column, Reason::ControlCharacter(*byte)))
}
