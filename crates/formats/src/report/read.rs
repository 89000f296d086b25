//! Reading a report: bytes are pushed in as they come, items are asked for.
//!
//! Invariant: no more is kept than what was fed and not yet asked for, and one record.

mod columns;
mod values;

use ledger::Currency;
use ledger::transaction::Direction;

use super::csv::{Csv, Step};
use super::error::{ReportError, ReportReason};
use super::mapping::{Encoding, Mapping, Meaning, Sign};
use super::{Item, ItemKind};
use columns::{Columns, FieldError, Record};

/// Reads a report piece by piece, in the way of [`crate::rkha21::Reader`].
#[derive(Debug)]
pub struct ReportReader<'m> {
    mapping: &'m Mapping,
    csv: Csv,
    columns: Known,
    summary: ReportSummary,
    ended: bool,
    pending: Vec<ReportError>,
    errors: u64,
}

/// What a line turned out to be. Lines that the mapping ignores are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportLine {
    /// Something of money.
    Item(Item),
    /// A fault.
    Error(ReportError),
}

/// What a report comes to, once it was read to its end without a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSummary {
    /// How many items.
    pub items: u64,
    /// How many lines the mapping ignores.
    pub ignored: u64,
    /// The items of each kind, direction and currency, in the order in which they came first.
    pub groups: Vec<ReportGroup>,
}

/// The items of one kind, in one direction and currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportGroup {
    /// The kind.
    pub kind: ItemKind,
    /// Credit is to the merchant.
    pub direction: Direction,
    /// The currency.
    pub currency: Currency,
    /// How many.
    pub items: u64,
    /// What they sum up to, in minor units.
    pub amount_minor: i64,
}

/// Whether it is known where the columns are.
#[derive(Debug)]
enum Known {
    NotYet,
    Yes(Columns),
    /// The names lack one that is needed: nothing more can be read.
    Never,
}

impl<'m> ReportReader<'m> {
    /// A reader at the beginning of a report.
    pub fn new(mapping: &'m Mapping) -> ReportReader<'m> {
        let has_mark = mapping.encoding == Encoding::Utf8;
        let columns =
            if mapping.has_names { Known::NotYet } else { Known::Yes(Columns::numbered(mapping)) };
        ReportReader {
            mapping,
            csv: Csv::new(mapping.delimiter, mapping.quote, mapping.skip, has_mark),
            columns,
            summary: ReportSummary::default(),
            ended: false,
            pending: Vec::new(),
            errors: 0,
        }
    }

    /// Takes the next bytes of the report, however many.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.csv.feed(bytes);
    }

    /// Says that there are no more bytes.
    pub fn close(&mut self) {
        self.csv.close();
    }

    /// The next item or fault; none when more bytes are needed or the report is at its end.
    pub fn next_line(&mut self) -> Option<ReportLine> {
        loop {
            if let Some(error) = self.pending.pop() {
                self.errors = self.errors.saturating_add(1);
                return Some(ReportLine::Error(error));
            }
            match self.csv.next() {
                Step::Record(line) => {
                    if let Some(item) = self.record(line) {
                        return Some(ReportLine::Item(item));
                    }
                }
                Step::Fault(line, column, reason) => self.fault(line, column, reason),
                Step::End if !self.ended => self.end(),
                Step::Nothing | Step::End => return None,
            }
        }
    }

    /// How many faults there were so far.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// What the report comes to: none unless it was closed, asked for its last line, and whole.
    pub fn summary(&self) -> Option<ReportSummary> {
        let whole = self.ended && self.errors == 0 && self.pending.is_empty();
        Some(self.summary.clone()).filter(|_| whole)
    }

    fn end(&mut self) {
        self.ended = true;
        let nothing = self.summary.items == 0 && self.summary.ignored == 0 && self.errors == 0;
        let is_empty = match &self.columns {
            Known::NotYet => true,
            // Names without anything below them are a day without payments, and no fault.
            Known::Yes(_) => nothing && !self.mapping.has_names,
            Known::Never => false,
        };
        if is_empty {
            self.fault(1, 0, ReportReason::Empty);
        }
    }

    fn fault(&mut self, line: u64, column: u32, reason: ReportReason) {
        match self.columns {
            // One fault says it; the table that follows cannot be read.
            Known::Never => {}
            Known::NotYet => {
                self.columns = Known::Never;
                self.pending.push(ReportError { line, column, reason });
            }
            Known::Yes(_) => self.pending.push(ReportError { line, column, reason }),
        }
    }

    fn record(&mut self, line: u64) -> Option<Item> {
        let record = Record { csv: &self.csv, mapping: self.mapping };
        let columns = match &self.columns {
            Known::Yes(columns) => columns,
            Known::Never => return None,
            Known::NotYet => {
                match Columns::named(&record) {
                    Ok(columns) => self.columns = Known::Yes(columns),
                    Err((column, reason)) => self.fault(line, column, reason),
                }
                return None;
            }
        };
        match item(&record, columns, line) {
            Ok(Some(item)) => {
                self.summary.add(&item);
                return Some(item);
            }
            Ok(None) => self.summary.ignored = self.summary.ignored.saturating_add(1),
            Err((column, reason)) => self.fault(line, column, reason),
        }
        None
    }
}

impl ReportSummary {
    fn add(&mut self, item: &Item) {
        self.items = self.items.saturating_add(1);
        let is_it = |group: &&mut ReportGroup| {
            group.kind == item.kind
                && group.direction == item.direction
                && group.currency == item.currency
        };
        if let Some(group) = self.groups.iter_mut().find(is_it) {
            group.items = group.items.saturating_add(1);
            group.amount_minor = group.amount_minor.saturating_add(item.amount_minor);
            return;
        }
        let Item { kind, direction, currency, amount_minor, .. } = *item;
        self.groups.push(ReportGroup { kind, direction, currency, items: 1, amount_minor });
    }
}

/// What a record says; none where the mapping ignores it.
fn item(record: &Record<'_>, columns: &Columns, line: u64) -> Result<Option<Item>, FieldError> {
    let mapping = record.mapping;
    let kind = match (&mapping.kind, columns.kind) {
        (Some(words), Some(at)) => {
            let word = record.text(at)?;
            let unknown = || (Record::column(at), ReportReason::UnknownKind(values::shown(&word)));
            match words.meaning(&word).ok_or_else(unknown)? {
                Meaning::Item(kind) => Some(kind),
                Meaning::Ignored => return Ok(None),
            }
        }
        _ => None,
    };
    let currency = values::currency(record, columns)?;
    let (is_negative, amount_minor) = values::amount(record, columns.amount, currency)?;
    let unsigned = |direction| {
        if is_negative {
            return Err((Record::column(columns.amount), ReportReason::Signed));
        }
        Ok(direction)
    };
    let direction = match (&mapping.sign, columns.direction) {
        (Sign::Signed, _) if is_negative => Direction::Debit,
        (Sign::Signed, _) => Direction::Credit,
        (Sign::Column { debit, credit, .. }, Some(at)) => {
            let word = record.text(at)?;
            let reason = || ReportReason::UnknownDirection(values::shown(&word));
            let direction = Sign::direction(debit, credit, &word);
            unsigned(direction.ok_or_else(|| (Record::column(at), reason()))?)?
        }
        (Sign::Unsigned, _) | (Sign::Column { .. }, None) => match kind {
            Some(ItemKind::Payment) | None => unsigned(Direction::Credit)?,
            Some(ItemKind::Refund | ItemKind::Fee) => unsigned(Direction::Debit)?,
        },
    };
    let kind = kind.unwrap_or(match direction {
        Direction::Credit => ItemKind::Payment,
        Direction::Debit => ItemKind::Refund,
    });
    let reference = values::reference(record, columns.reference, kind)?;
    let date = values::date(record, columns)?;
    let kept_minor = values::kept(record, columns, (direction, amount_minor), currency)?;
    let item = Item { line, reference, kind, direction, amount_minor, kept_minor, currency, date };
    Ok(Some(item))
}
