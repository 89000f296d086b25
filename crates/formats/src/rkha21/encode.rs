//! One line the other way round: values into the fields of a record.

use ledger::{CardAuthenticationMethod, Channel, Currency, Date};

use super::decode::short_seller;
use super::profile::{Field, Kind, Name, Record};
use super::row::{Header, Row, yymmdd};
use super::write::WriteError;

/// What a line is made of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Given<'g> {
    Header(&'g Header),
    Row(&'g Row),
    Trailer(&'g Header, Figures),
}

/// What the rows came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) rows: i64,
    pub(super) debit_minor: i64,
    pub(super) credit_minor: i64,
}

/// A field's value.
#[derive(Clone, Copy, Debug)]
enum Value<'g> {
    Absent,
    Text(&'g str),
    Number(i64),
    Date(Date),
    Sign(char),
    Currency(Currency),
    Channel(Channel),
    Method(CardAuthenticationMethod),
}

/// Writes a line, whole and without its end.
pub(super) fn line(record: &Record, given: Given<'_>, out: &mut Vec<u8>) -> Result<(), WriteError> {
    let kind = given.row().map(|row| row.kind);
    let code = record.code(kind).ok_or(WriteError::NoPlace(Name::Code))?;
    for field in &record.fields {
        let before = out.len();
        match field.name {
            Some(Name::Code) => out.extend_from_slice(code.as_bytes()),
            Some(name) => put(field, name, given, out)?,
            None => {}
        }
        out.resize(before.saturating_add(field.length), b' ');
    }
    Ok(())
}

/// A value for which a record has no field.
pub(super) fn without_place(record: &Record, given: Given<'_>) -> Option<Name> {
    let is_there = |name: &Name| !matches!(given.value(*name), Value::Absent);
    let has_place = |name: &Name| record.fields.iter().any(|field| field.name == Some(*name));
    // The kind of a row says its sign.
    let matters = Name::ALL.into_iter().filter(|name| *name != Name::Sign);
    matters.filter(is_there).find(|name| !has_place(name))
}

impl<'g> Given<'g> {
    fn header(self) -> Option<&'g Header> {
        match self {
            Given::Header(header) | Given::Trailer(header, _) => Some(header),
            Given::Row(_) => None,
        }
    }

    fn row(self) -> Option<&'g Row> {
        match self {
            Given::Row(row) => Some(row),
            Given::Header(_) | Given::Trailer(..) => None,
        }
    }

    fn figure(self, pick: fn(Figures) -> i64) -> Value<'g> {
        match self {
            Given::Trailer(_, figures) => Value::Number(pick(figures)),
            Given::Header(_) | Given::Row(_) => Value::Absent,
        }
    }

    fn text(self, pick: fn(&'g Row) -> Option<&'g str>) -> Value<'g> {
        self.row().and_then(pick).map_or(Value::Absent, Value::Text)
    }

    fn value(self, name: Name) -> Value<'g> {
        let (header, row) = (self.header(), self.row());
        match name {
            // What has no value of its own.
            Name::Code | Name::SellerShort => Value::Absent,
            Name::Date => {
                let date = row.map(|row| row.date).or(header.map(|header| header.date));
                date.map_or(Value::Absent, Value::Date)
            }
            Name::Sender => header.map_or(Value::Absent, |header| Value::Text(&header.sender)),
            Name::Cycle => header.map_or(Value::Absent, |header| Value::Text(&header.cycle)),
            Name::Serial => match self {
                Given::Header(header) => Value::Number(i64::from(header.serial)),
                Given::Row(_) | Given::Trailer(..) => Value::Absent,
            },
            Name::Rows => self.figure(|figures| figures.rows),
            Name::Debit => self.figure(|figures| figures.debit_minor),
            Name::Credit => self.figure(|figures| figures.credit_minor),
            Name::AcquirerReference => self.text(|row| Some(&row.acquirer_reference)),
            Name::Sign => row.map_or(Value::Absent, |row| Value::Sign(row.kind.sign())),
            Name::Amount => row.map_or(Value::Absent, |row| Value::Number(row.amount_minor)),
            Name::Currency => row.map_or(Value::Absent, |row| Value::Currency(row.currency)),
            Name::Authorization => self.text(|row| row.authorization.as_deref()),
            Name::Withdrawal => {
                let part = row.and_then(|row| row.withdrawal_minor);
                part.map_or(Value::Absent, Value::Number)
            }
            Name::Seller => self.text(|row| Some(&row.seller)),
            Name::CardToken => self.text(|row| Some(&row.card_token)),
            Name::Source => self.text(|row| Some(&row.source)),
            Name::PointOfSale => self.text(|row| row.point_of_sale.as_deref()),
            Name::Channel => row.and_then(|row| row.channel).map_or(Value::Absent, Value::Channel),
            Name::Method => row.and_then(|row| row.method).map_or(Value::Absent, Value::Method),
            Name::Corrects => self.text(|row| row.corrects.as_deref()),
            Name::Receipt => self.text(|row| row.receipt.as_deref()),
        }
    }
}

/// Writes a field, or less than its positions: they are filled up with spaces.
fn put(field: &Field, name: Name, given: Given<'_>, out: &mut Vec<u8>) -> Result<(), WriteError> {
    let illegal = WriteError::Illegal(name);
    match (&field.kind, given.value(name)) {
        (Kind::Digits, Value::Absent) if name == Name::SellerShort => {
            let seller = given.row().map(|row| row.seller.as_bytes()).unwrap_or_default();
            out.extend_from_slice(&short_seller(seller, field.length));
        }
        (Kind::Number, Value::Absent) => out.resize(out.len().saturating_add(field.length), b'0'),
        (Kind::Number, Value::Number(number)) if number >= 0 => {
            let digits = number.to_string();
            let zeros = field.length.checked_sub(digits.len());
            let zeros = zeros.ok_or(WriteError::TooLong(name, field.length))?;
            out.resize(out.len().saturating_add(zeros), b'0');
            out.extend_from_slice(digits.as_bytes());
        }
        (Kind::Date, Value::Date(date)) if is_of_this_century(date) => {
            out.extend_from_slice(yymmdd(date).as_bytes());
        }
        (Kind::Sign, Value::Sign(sign)) => out.extend(u8::try_from(sign)),
        (Kind::Currency, Value::Currency(currency)) => {
            out.extend_from_slice(currency.code().as_bytes());
        }
        (Kind::Channel(list), Value::Channel(channel)) => {
            let (text, _) = list.iter().find(|(_, known)| *known == channel).ok_or(illegal)?;
            out.extend_from_slice(text.as_bytes());
        }
        (Kind::Method(list), Value::Method(method)) => {
            let (text, _) = list.iter().find(|(_, known)| *known == method).ok_or(illegal)?;
            out.extend_from_slice(text.as_bytes());
        }
        (Kind::OneOf(_) | Kind::Digits | Kind::Text | Kind::Word, Value::Text(text)) => {
            // Spaces at its ends, or nothing, would be read as another value.
            if text.is_empty() || text.starts_with(' ') || text.ends_with(' ') {
                return Err(illegal);
            }
            let before = out.len();
            for letter in text.chars() {
                // A line break would begin a row of its own.
                let byte = u8::try_from(letter).ok().filter(|_| !letter.is_control());
                out.push(byte.ok_or_else(|| illegal.clone())?);
            }
            if out.len().saturating_sub(before) > field.length {
                return Err(WriteError::TooLong(name, field.length));
            }
        }
        (Kind::Text | Kind::Word | Kind::Channel(_) | Kind::Method(_), Value::Absent) => {}
        _ => return Err(illegal),
    }
    Ok(())
}

/// Whether two digits of the year say which one it is.
fn is_of_this_century(date: Date) -> bool {
    let text = date.to_string();
    text.len() == 10 && text.starts_with("20")
}
