//! Rows from a table: what an acquirer's own system gives, as CSV with a line of names, to be
//! written by a [`Writer`](super::Writer).
//!
//! Invariant: a row comes out with all that its line says, or with a fault for each value that
//! cannot be read.

use std::collections::VecDeque;

use ledger::{CardAuthenticationMethod, Channel, Currency, Date, Decimal, MoneyError};

use super::profile::Name;
use super::row::{Header, Row, RowKind};
use super::write::WriteError;
use crate::report::ReportReason;
use crate::report::csv::{Csv, Step};

/// What there may be a column of. [`column_of`] tells what it is called.
const COLUMNS: [Name; 15] = [
    Name::Code,
    Name::Date,
    Name::AcquirerReference,
    Name::Amount,
    Name::Currency,
    Name::Authorization,
    Name::Withdrawal,
    Name::Seller,
    Name::CardToken,
    Name::Source,
    Name::PointOfSale,
    Name::Channel,
    Name::Method,
    Name::Corrects,
    Name::Receipt,
];

/// What there must be a column of.
const NEEDED: [Name; 7] = [
    Name::Code,
    Name::Date,
    Name::Amount,
    Name::Currency,
    Name::Seller,
    Name::CardToken,
    Name::Source,
];

/// How often a serial number's last digits come again in references that are drawn, and how many
/// rows there is room for between.
const SERIALS: u32 = 1_000;
const ROWS_PER_SERIAL: u64 = 100_000_000;

/// Most characters of a value that a fault repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// Reads rows from a table piece by piece: bytes are pushed in as they come, rows are asked for.
#[derive(Debug)]
pub struct TableReader {
    csv: Csv,
    columns: Known,
    serial: u32,
    /// How many rows there were so far.
    rows: u64,
    pending: VecDeque<TableError>,
}

/// A fault of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The line of the table where the row begins, from 1: that of the names.
    pub line: u64,
    /// The column's name, as `card_token`; empty for the line as a whole.
    pub column: String,
    /// What is wrong.
    pub reason: TableReason,
}

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableReason {
    /// Not even a line of names.
    #[error("the table is empty")]
    Empty,
    /// A name that is none of a column's.
    #[error("there is no such column")]
    UnknownColumn,
    /// A name is there twice.
    #[error("there are two such columns")]
    TwoColumns,
    /// A column is missing that every row needs.
    #[error("the column is missing")]
    NoColumn,
    /// The line is no record, or a value no text.
    #[error("{0}")]
    NotRead(ReportReason),
    /// The line has more or fewer values than there are names.
    #[error("the line has {0} values for {1} columns")]
    Values(usize, usize),
    /// Nothing where there must be something.
    #[error("there must be a value")]
    Blank,
    /// A value that the column cannot have.
    #[error("`{0}` is no value of this column")]
    Illegal(String),
    /// The amount has more decimals than its currency.
    #[error("the amount has more decimals than its currency")]
    NotExact,
    /// The amount is larger than an amount may be.
    #[error("the amount is out of range")]
    OutOfRange,
    /// The same source or reference as that of an earlier row of the same kind.
    #[error("the same as in line {0}")]
    Duplicate(u64),
    /// The row has no place in the layout.
    #[error("{0}")]
    NotWritten(WriteError),
}

/// Whether it is known which column is which.
#[derive(Debug)]
enum Known {
    NotYet,
    /// What each column is, from the left.
    Yes(Vec<Name>),
    /// The names are not in order: nothing more can be read.
    Never,
}

impl TableReader {
    /// A reader at the beginning of a table. The file's header is needed for the acquirer's
    /// references of rows that have none.
    pub fn new(header: &Header) -> TableReader {
        TableReader {
            csv: Csv::new(b',', Some(b'"'), 0, true),
            columns: Known::NotYet,
            serial: header.serial,
            rows: 0,
            pending: VecDeque::new(),
        }
    }

    /// Takes the next bytes of the table, however many.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.csv.feed(bytes);
    }

    /// Says that there are no more bytes.
    pub fn close(&mut self) {
        self.csv.close();
    }

    /// The next row or fault; none when more bytes are needed or the table is at its end. A row's
    /// line is that of the table.
    ///
    /// # Errors
    /// A fault of the table. What follows can be read nevertheless.
    pub fn next_row(&mut self) -> Option<Result<Row, TableError>> {
        loop {
            if let Some(fault) = self.pending.pop_front() {
                return Some(Err(fault));
            }
            match self.csv.next() {
                Step::Record(line) => {
                    if let Some(row) = self.record(line) {
                        return Some(Ok(row));
                    }
                }
                Step::Fault(line, at, reason) => self.not_read(line, at, reason),
                Step::Nothing => return None,
                Step::End => match self.columns {
                    Known::NotYet => {
                        self.columns = Known::Never;
                        return Some(Err(TableError::of_line(1, TableReason::Empty)));
                    }
                    Known::Yes(_) | Known::Never => return None,
                },
            }
        }
    }

    fn not_read(&mut self, line: u64, at: u32, reason: ReportReason) {
        let before = usize::try_from(at).unwrap_or(usize::MAX).saturating_sub(1);
        let reason = TableReason::NotRead(reason);
        match &self.columns {
            Known::Never => {}
            Known::NotYet => {
                self.columns = Known::Never;
                self.pending.push_back(TableError::of_line(line, reason));
            }
            Known::Yes(columns) => {
                let column = columns.get(before).map_or_else(String::new, |name| column_of(*name));
                self.pending.push_back(TableError { line, column, reason });
            }
        }
    }

    fn record(&mut self, line: u64) -> Option<Row> {
        let columns = match &self.columns {
            Known::Yes(columns) => columns,
            Known::Never => return None,
            Known::NotYet => {
                let columns = names(&self.csv, line, &mut self.pending);
                let is_whole = self.pending.is_empty();
                self.columns = if is_whole { Known::Yes(columns) } else { Known::Never };
                return None;
            }
        };
        self.rows = self.rows.saturating_add(1);
        let (values, expected) = (self.csv.fields(), columns.len());
        if values != expected {
            let reason = TableReason::Values(values, expected);
            self.pending.push_back(TableError::of_line(line, reason));
            return None;
        }
        let faults = &mut self.pending;
        let mut values = Values { csv: &self.csv, columns, line, faults };
        let row = values.row();
        let number = self.rows % ROWS_PER_SERIAL;
        let drawn = || format!("{:03}{number:08}", self.serial % SERIALS);
        let given = values.text(Name::AcquirerReference);
        let row = row.map(|row| Row { acquirer_reference: given.unwrap_or_else(drawn), ..row });
        row.filter(|_| self.pending.is_empty())
    }
}

impl TableError {
    /// Why a row of the table cannot be written.
    pub fn of_writing(line: u64, error: WriteError) -> TableError {
        let (WriteError::TooLong(name, _) | WriteError::Illegal(name) | WriteError::NoPlace(name)) =
            error;
        TableError { line, column: column_of(name), reason: TableReason::NotWritten(error) }
    }

    /// The same source or acquirer's reference as in an earlier line.
    pub fn of_duplicate(line: u64, name: Name, earlier: u64) -> TableError {
        TableError { line, column: column_of(name), reason: TableReason::Duplicate(earlier) }
    }

    fn of_line(line: u64, reason: TableReason) -> TableError {
        TableError { line, column: String::new(), reason }
    }
}

/// What the column of a field is called: `kind`, and otherwise as in layouts.
fn column_of(name: Name) -> String {
    if name == Name::Code { "kind".to_owned() } else { name.as_str().replace('-', "_") }
}

/// What the columns are, by the line of names.
fn names(csv: &Csv, line: u64, faults: &mut VecDeque<TableError>) -> Vec<Name> {
    let mut found = Vec::new();
    for at in 0..csv.fields() {
        let word = String::from_utf8_lossy(csv.field(at).unwrap_or_default());
        let mut fault =
            |reason| faults.push_back(TableError { line, column: shown(&word), reason });
        match COLUMNS.into_iter().find(|name| column_of(*name) == word) {
            None => fault(TableReason::UnknownColumn),
            Some(name) if found.contains(&name) => fault(TableReason::TwoColumns),
            Some(name) => found.push(name),
        }
    }
    for name in NEEDED.into_iter().filter(|name| !found.contains(name)) {
        let reason = TableReason::NoColumn;
        faults.push_back(TableError { line, column: column_of(name), reason });
    }
    found
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

/// The values of a line.
struct Values<'r> {
    csv: &'r Csv,
    columns: &'r [Name],
    line: u64,
    faults: &'r mut VecDeque<TableError>,
}

impl Values<'_> {
    /// The row, but for the acquirer's reference. Every value is looked at, so that all faults are
    /// told at once.
    fn row(&mut self) -> Option<Row> {
        let kind = self.needed(Name::Code, RowKind::parse);
        let date = self.needed(Name::Date, Date::parse);
        let currency = self.needed(Name::Currency, Currency::parse);
        let amount_minor = self.amount(Name::Amount, currency);
        if self.is_blank(Name::Amount) {
            self.fault(Name::Amount, TableReason::Blank);
        }
        let withdrawal_minor = self.amount(Name::Withdrawal, currency);
        let anything = |text: &str| Some(text.to_owned());
        let seller = self.needed(Name::Seller, anything);
        let card_token = self.needed(Name::CardToken, anything);
        let source = self.needed(Name::Source, anything);
        let channel = self.optional(Name::Channel, Channel::parse);
        let method = self.optional(Name::Method, CardAuthenticationMethod::parse);
        let authorization = self.text(Name::Authorization);
        let point_of_sale = self.text(Name::PointOfSale);
        let corrects = self.text(Name::Corrects);
        let receipt = self.text(Name::Receipt);
        Some(Row {
            line: self.line,
            kind: kind?,
            date: date?,
            acquirer_reference: String::new(),
            amount_minor: amount_minor?,
            currency: currency?,
            authorization,
            withdrawal_minor,
            seller: seller?,
            card_token: card_token?,
            source: source?,
            point_of_sale,
            channel,
            method,
            corrects,
            receipt,
        })
    }

    /// The bytes of a value; none where there is no such column.
    fn bytes(&self, name: Name) -> Option<&[u8]> {
        self.csv.field(self.columns.iter().position(|column| *column == name)?)
    }

    fn is_blank(&self, name: Name) -> bool {
        self.bytes(name).is_none_or(<[u8]>::is_empty)
    }

    /// A value as a text; none where it is blank, or there is no such column.
    fn text(&mut self, name: Name) -> Option<String> {
        let bytes = self.bytes(name).filter(|bytes| !bytes.is_empty())?;
        let text = str::from_utf8(bytes).ok().map(str::to_owned);
        if text.is_none() {
            self.fault(name, TableReason::NotRead(ReportReason::NotUtf8));
        }
        text
    }

    fn needed<T>(&mut self, name: Name, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        if self.is_blank(name) {
            self.fault(name, TableReason::Blank);
        }
        self.optional(name, parse)
    }

    fn optional<T>(&mut self, name: Name, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.fault(name, TableReason::Illegal(shown(&text)));
        }
        value
    }

    /// An amount in major units as minor ones. Where the currency is unknown, that is the fault.
    fn amount(&mut self, name: Name, currency: Option<Currency>) -> Option<i64> {
        let text = self.text(name)?;
        // No exponents, which the ledger's own reader takes.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let decimal = if is_plain { Decimal::parse(&text) } else { Err(MoneyError::NotANumber) };
        let minor = match (decimal, currency) {
            (Ok(decimal), Some(currency)) => decimal.minor(currency),
            (Ok(_), None) => return None,
            (Err(error), _) => Err(error),
        };
        let reason = match minor {
            Ok(minor) => return Some(minor),
            Err(MoneyError::NotExact) => TableReason::NotExact,
            Err(MoneyError::OutOfRange) => TableReason::OutOfRange,
            Err(MoneyError::NotANumber | MoneyError::Negative | MoneyError::CurrencyMismatch) => {
                TableReason::Illegal(shown(&text))
            }
        };
        self.fault(name, reason);
        None
    }

    fn fault(&mut self, name: Name, reason: TableReason) {
        self.faults.push_back(TableError { line: self.line, column: column_of(name), reason });
    }
}
