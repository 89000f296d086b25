//! What the columns of a report mean, as who imports it declares.

mod parse;

use ledger::Currency;
use ledger::transaction::Direction;

use super::ItemKind;

/// What the columns of a report mean. Read from a text of `key = value` lines, and shown as one
/// (`docs/formats/psp-reports.md`).
///
/// Invariant: it is whole and does not contradict itself, as [`Mapping::parse`] checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub(super) encoding: Encoding,
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    /// Lines before the names, or before the first record, that are no table.
    pub(super) skip: u32,
    /// Whether a line of names comes first.
    pub(super) has_names: bool,
    pub(super) reference: Column,
    pub(super) amount: Column,
    pub(super) number: NumberForm,
    pub(super) kept: Option<KeptColumns>,
    pub(super) sign: Sign,
    pub(super) currency: CurrencyFrom,
    pub(super) kind: Option<KindColumn>,
    pub(super) date: Option<DateColumn>,
}

/// How bytes become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Latin1,
}

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// By what the line of names calls it.
    Named(String),
    /// By its place, from 1.
    Numbered(usize),
}

/// How amounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumberForm {
    pub(super) decimal: char,
    /// What stands between thousands. A space is any space that does not break a line.
    pub(super) thousands: Option<char>,
    /// In minor units, without decimals.
    pub(super) is_minor: bool,
}

/// Where the direction of money is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A minus is from the merchant.
    Signed,
    /// By the kind: payments are to the merchant, refunds and fees from it.
    Unsigned,
    /// A column with a word for each.
    Column { column: Column, debit: Vec<String>, credit: Vec<String> },
}

/// Columns with what the PSP has kept of an amount, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptColumns {
    pub(super) fee: Column,
    /// Whether a fee is written as what changes the merchant's money: with a minus.
    pub(super) is_signed: bool,
    pub(super) net: Option<Column>,
}

/// Where the currency is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CurrencyFrom {
    Constant(Currency),
    Column(Column),
}

/// A column that says what a line is. A line with a word in `ignored` is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KindColumn {
    pub(super) column: Column,
    pub(super) payment: Vec<String>,
    pub(super) refund: Vec<String>,
    pub(super) fee: Vec<String>,
    pub(super) ignored: Vec<String>,
}

/// What a line is by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Item(ItemKind),
    Ignored,
}

/// A column with a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateColumn {
    pub(super) column: Column,
    pub(super) format: DateFormat,
}

/// How days are written: `YYYY` or `YY`, `MM` and `DD`, with something between them or not. A `*`
/// at the end lets anything follow, as a time of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateFormat(pub(super) String);

/// Why a text is no mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the mapping: {what}")]
pub struct MappingError {
    /// The line of the text, from 1; 0 for the text as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// With the first line that is wrong, or with what the whole lacks.
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        parse::mapping(text)
    }

    /// The mapping as a text, which reads back the same.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: &str| {
            text.extend([key, " = ", value, "\n"]);
        };
        let column = |column: &Column| match column {
            Column::Named(name) => name.clone(),
            Column::Numbered(number) => format!("#{number}"),
        };
        line("encoding", self.encoding.as_str());
        line("delimiter", &character(char::from(self.delimiter)));
        line("quote", &self.quote.map_or("none".to_owned(), |quote| character(quote.into())));
        line("skip", &self.skip.to_string());
        line("names", if self.has_names { "yes" } else { "no" });
        line("reference", &column(&self.reference));
        line("amount", &column(&self.amount));
        line("decimal", &character(self.number.decimal));
        line("thousands", &self.number.thousands.map_or("none".to_owned(), character));
        line("unit", if self.number.is_minor { "minor" } else { "major" });
        if let Some(kept) = &self.kept {
            line("fee", &column(&kept.fee));
            line("fee-sign", if kept.is_signed { "signed" } else { "kept" });
            if let Some(net) = &kept.net {
                line("net", &column(net));
            }
        }
        match &self.sign {
            Sign::Signed => line("sign", "signed"),
            Sign::Unsigned => line("sign", "unsigned"),
            Sign::Column { column: direction, debit, credit } => {
                line("sign", "column");
                line("direction", &column(direction));
                line("debit-words", &words(debit));
                line("credit-words", &words(credit));
            }
        }
        match &self.currency {
            CurrencyFrom::Constant(currency) => line("currency", currency.code()),
            CurrencyFrom::Column(from) => line("currency-column", &column(from)),
        }
        if let Some(kind) = &self.kind {
            line("kind", &column(&kind.column));
            let lists = [
                ("payment-words", &kind.payment),
                ("refund-words", &kind.refund),
                ("fee-words", &kind.fee),
                ("ignored-words", &kind.ignored),
            ];
            for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
                line(key, &words(list));
            }
        }
        if let Some(date) = &self.date {
            line("date", &column(&date.column));
            line("date-format", &date.format.0);
        }
        text
    }
}

impl Encoding {
    fn as_str(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Latin1 => "iso-8859-1",
        }
    }
}

impl Sign {
    /// What a word in the column says.
    pub(super) fn direction(debit: &[String], credit: &[String], word: &str) -> Option<Direction> {
        let has = |list: &[String]| list.iter().any(|known| known == word);
        if has(debit) { Some(Direction::Debit) } else { has(credit).then_some(Direction::Credit) }
    }
}

impl KindColumn {
    /// What a word says a line is.
    pub(super) fn meaning(&self, word: &str) -> Option<Meaning> {
        let has = |list: &[String]| list.iter().any(|known| known == word);
        let lists = [
            (&self.payment, Meaning::Item(ItemKind::Payment)),
            (&self.refund, Meaning::Item(ItemKind::Refund)),
            (&self.fee, Meaning::Item(ItemKind::Fee)),
            (&self.ignored, Meaning::Ignored),
        ];
        lists.into_iter().find(|(list, _)| has(list)).map(|(_, meaning)| meaning)
    }
}

/// A character, or the word for one that would not be seen.
fn character(character: char) -> String {
    match character {
        '\t' => "tab".to_owned(),
        ' ' => "space".to_owned(),
        seen => seen.to_string(),
    }
}

/// A list of words; one without letters is shown as quotes.
fn words(list: &[String]) -> String {
    let shown = |word: &String| if word.is_empty() { "\"\"".to_owned() } else { word.clone() };
    list.iter().map(shown).collect::<Vec<_>>().join(" | ")
}
