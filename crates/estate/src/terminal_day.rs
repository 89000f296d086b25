//! What a terminal has uploaded of a day, in one currency: counted in the commit that books it.

use ledger::document::Kind;
use ledger::{Books, Currency, Date, Document, DocumentId, Fields, Timestamp};

/// Offline purchases of one terminal that are booked, of one day and currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalDay {
    /// The first of them.
    pub number: i64,
    /// Which day of which terminal.
    pub key: TerminalDayKey,
    /// How many they are.
    pub count: i64,
    /// What they sum up to, in minor units.
    pub minor: i64,
}

/// Names a day of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalDayKey {
    /// The terminal's number.
    pub terminal: i64,
    /// The day on which the device accepted them, in its company's zone.
    pub day: Date,
    /// The currency.
    pub currency: Currency,
}

impl TerminalDayKey {
    /// The name by which it is found.
    pub fn name(&self) -> String {
        format!("terminal_day:{}/{}/{}", self.terminal, self.day, self.currency.code())
    }

    /// All days that it may be at a moment, wherever the terminal is.
    pub fn around(terminal: i64, at: Timestamp, currency: Currency) -> [TerminalDayKey; 3] {
        let day = at.0.div_euclid(24 * 3_600 * 1_000);
        let day = Date(i32::try_from(day).unwrap_or(i32::MAX));
        [-1, 0, 1].map(|days| TerminalDayKey { terminal, day: day.plus_days(days), currency })
    }

    /// The day in loaded books. `None` where nothing of it is booked.
    pub fn find(&self, books: &Books) -> Option<TerminalDay> {
        books.named(&self.name()).and_then(TerminalDay::of)
    }
}

impl TerminalDay {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::TerminalDay.id(number)
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<TerminalDay> {
        let fields = &document.fields;
        Some(TerminalDay {
            number: document.id.number,
            key: TerminalDayKey {
                terminal: fields.number("terminal")?,
                day: Date::parse(fields.text("day")?)?,
                currency: Currency::parse(fields.text("currency")?)?,
            },
            count: fields.number("count")?,
            minor: fields.number("minor")?,
        })
    }

    /// Its document.
    pub fn document(&self) -> Document {
        let number = |number: i64| Some(number.to_string());
        let fields = Fields::default()
            .with("terminal", number(self.key.terminal))
            .with("day", Some(self.key.day.to_string()))
            .with("currency", Some(self.key.currency.code()))
            .with("count", number(self.count))
            .with("minor", number(self.minor));
        let mut document = Document::new(Self::id(self.number), fields);
        document.names.insert(self.key.name());
        document
    }
}

/// Counts one more purchase, which `transaction` is.
pub(crate) fn count(key: TerminalDayKey, transaction: i64, minor: i64, books: &mut Books) {
    let day =
        key.find(books).unwrap_or(TerminalDay { number: transaction, key, count: 0, minor: 0 });
    let day = TerminalDay {
        count: day.count.saturating_add(1),
        minor: day.minor.saturating_add(minor),
        ..day
    };
    books.put_document(day.document());
}
