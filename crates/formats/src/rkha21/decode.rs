//! One line, of a known record: each field checked, then what fields say together.

use ledger::limits::AMOUNT_MINOR_MAX;
use ledger::{CardAuthenticationMethod, Channel, Currency, Date};

use super::error::{Reason, RowError};
use super::profile::{Field, Kind, Name, Record};
use super::row::{Header, Row, RowKind};

/// Reads lines. It remembers the last date and currency, which mostly come again.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    date: Option<([u8; 6], Date)>,
    currency: Option<([u8; 3], Currency)>,
    faults: Vec<(u32, Reason)>,
}

/// What a trailer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    pub(super) date: Option<Date>,
    pub(super) sender: Option<String>,
    pub(super) cycle: Option<String>,
    pub(super) rows: Option<i64>,
    pub(super) debit: Option<i64>,
    pub(super) credit: Option<i64>,
}

/// A field's value.
#[derive(Clone, Copy, Debug)]
enum Value<'r> {
    Absent,
    Text(&'r [u8]),
    Number(i64),
    Date(Date),
    Sign(char),
    Currency(Currency),
    Channel(Channel),
    Method(CardAuthenticationMethod),
}

/// The values of a line; none where blank or faulty.
#[derive(Debug, Default)]
struct Draft<'r> {
    date: Option<Date>,
    sender: Option<&'r [u8]>,
    cycle: Option<&'r [u8]>,
    serial: Option<i64>,
    acquirer_reference: Option<&'r [u8]>,
    sign: Option<char>,
    amount: Option<i64>,
    currency: Option<Currency>,
    authorization: Option<&'r [u8]>,
    withdrawal: Option<i64>,
    seller_short: Option<&'r [u8]>,
    seller: Option<&'r [u8]>,
    card_token: Option<&'r [u8]>,
    source: Option<&'r [u8]>,
    point_of_sale: Option<&'r [u8]>,
    channel: Option<Channel>,
    method: Option<CardAuthenticationMethod>,
    corrects: Option<&'r [u8]>,
    receipt: Option<&'r [u8]>,
    rows: Option<i64>,
    debit: Option<i64>,
    credit: Option<i64>,
}

impl Decoder {
    /// Reads a header. `row` has as many bytes as the profile says.
    pub(super) fn header(&mut self, record: &Record, row: &[u8]) -> Option<Header> {
        let draft = self.fields(record, None, row);
        if !self.faults.is_empty() {
            return None;
        }
        Some(Header {
            date: draft.date?,
            sender: latin1(draft.sender?),
            cycle: latin1(draft.cycle?),
            serial: draft.serial.and_then(|serial| u32::try_from(serial).ok())?,
        })
    }

    /// Reads a trailer, with what of it can be read.
    pub(super) fn trailer(&mut self, record: &Record, row: &[u8]) -> Trailer {
        let draft = self.fields(record, None, row);
        Trailer {
            date: draft.date,
            sender: draft.sender.map(latin1),
            cycle: draft.cycle.map(latin1),
            rows: draft.rows,
            debit: draft.debit,
            credit: draft.credit,
        }
    }

    /// Reads a row.
    pub(super) fn row(
        &mut self,
        record: &Record,
        kind: RowKind,
        line: u64,
        row: &[u8],
    ) -> Option<Row> {
        let draft = self.fields(record, Some(kind), row);
        self.together(record, kind, &draft);
        if !self.faults.is_empty() {
            return None;
        }
        Some(Row {
            line,
            kind,
            date: draft.date?,
            acquirer_reference: latin1(draft.acquirer_reference?),
            amount_minor: draft.amount?,
            currency: draft.currency?,
            authorization: draft.authorization.map(latin1),
            withdrawal_minor: draft.withdrawal.filter(|part| *part > 0),
            seller: latin1(draft.seller?),
            card_token: latin1(draft.card_token?),
            source: latin1(draft.source?),
            point_of_sale: draft.point_of_sale.map(latin1),
            channel: draft.channel,
            method: draft.method,
            corrects: draft.corrects.map(latin1),
            receipt: draft.receipt.map(latin1),
        })
    }

    /// The faults of the line that was read last, in the order of columns.
    pub(super) fn take_faults(&mut self, line: u64) -> impl Iterator<Item = RowError> {
        let mut faults = std::mem::take(&mut self.faults);
        faults.sort_by_key(|(column, _)| *column);
        faults.into_iter().map(move |(column, reason)| RowError { line, column, reason })
    }

    fn fields<'r>(&mut self, record: &Record, kind: Option<RowKind>, row: &'r [u8]) -> Draft<'r> {
        self.faults.clear();
        let mut draft = Draft::default();
        for field in &record.fields {
            let end = field.start.saturating_add(field.length);
            let bytes = row.get(field.start..end).unwrap_or_default();
            match self.value(field, kind, bytes) {
                Ok(value) => draft.put(field.name, value),
                Err((offset, reason)) => {
                    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
                    self.faults.push((field.column().saturating_add(offset), reason));
                }
            }
        }
        draft
    }

    /// The value of a field, or what is wrong with it and how far behind its first position.
    fn value<'r>(
        &mut self,
        field: &Field,
        kind: Option<RowKind>,
        bytes: &'r [u8],
    ) -> Result<Value<'r>, (usize, Reason)> {
        // Only fillers have no name, and nothing is said of them that needs one.
        let name = field.name.unwrap_or(Name::Code);
        let value = match &field.kind {
            Kind::Code | Kind::Ignored => Value::Absent,
            Kind::Blank if is_blank(bytes) => Value::Absent,
            Kind::Blank => return Err((first(bytes, |byte| byte != b' '), Reason::NotBlank)),
            Kind::OneOf(list) => {
                if !list.iter().any(|text| text.as_bytes() == bytes) {
                    return Err((0, Reason::NotOneOf(name, list.join(", "))));
                }
                Value::Text(bytes)
            }
            Kind::Digits => number(name, bytes).map(|_| Value::Text(bytes))?,
            Kind::Number => number(name, bytes).map(Value::Number)?,
            Kind::Date => Value::Date(self.date(name, bytes)?),
            Kind::Sign => match bytes {
                b"+" => Value::Sign('+'),
                b"-" => Value::Sign('-'),
                _ => return Err((0, Reason::NotOneOf(name, "+, -".to_owned()))),
            },
            Kind::Currency => Value::Currency(self.currency(bytes)?),
            Kind::Text => text(name, bytes)?,
            Kind::Word => word(name, bytes)?,
            Kind::Channel(list) => choice(name, bytes, list)?.map_or(Value::Absent, Value::Channel),
            Kind::Method(list) => choice(name, bytes, list)?.map_or(Value::Absent, Value::Method),
        };
        let is_absent = matches!(value, Value::Absent);
        let corrects = kind.filter(|_| name == Name::Corrects).map(RowKind::is_correction);
        let is_needed = matches!(name, Name::Seller | Name::CardToken | Name::Source);
        if is_absent && (is_needed || corrects == Some(true)) {
            return Err((0, Reason::Required(name)));
        }
        if !is_absent && corrects == Some(false) {
            return Err((0, Reason::NotForKind(name)));
        }
        Ok(value)
    }

    fn date(&mut self, name: Name, bytes: &[u8]) -> Result<Date, (usize, Reason)> {
        number(name, bytes)?;
        if let Some((_, date)) = self.date.filter(|(known, _)| known == bytes) {
            return Ok(date);
        }
        let [y1, y2, m1, m2, d1, d2] = *<&[u8; 6]>::try_from(bytes).unwrap_or(&[b'0'; 6]);
        let text = [b'2', b'0', y1, y2, b'-', m1, m2, b'-', d1, d2];
        let date = str::from_utf8(&text).ok().and_then(Date::parse);
        let date = date.ok_or((0, Reason::NotADate(name)))?;
        self.date = Some(([y1, y2, m1, m2, d1, d2], date));
        Ok(date)
    }

    fn currency(&mut self, bytes: &[u8]) -> Result<Currency, (usize, Reason)> {
        if let Some((_, currency)) = self.currency.filter(|(known, _)| known == bytes) {
            return Ok(currency);
        }
        let known = str::from_utf8(bytes).ok().and_then(Currency::parse);
        let currency = known.ok_or_else(|| (0, Reason::UnknownCurrency(latin1(bytes))))?;
        self.currency = bytes.try_into().ok().map(|code| (code, currency));
        Ok(currency)
    }

    /// What fields say together. A fault of one field is not told again.
    fn together(&mut self, record: &Record, kind: RowKind, draft: &Draft<'_>) {
        let mut fault = |name, reason| self.faults.push((record.column(name), reason));
        if draft.sign.is_some_and(|sign| sign != kind.sign()) {
            fault(Name::Sign, Reason::WrongSign(kind.sign()));
        }
        match draft.amount {
            Some(0) => fault(Name::Amount, Reason::ZeroAmount),
            Some(amount) if amount > AMOUNT_MINOR_MAX => {
                fault(Name::Amount, Reason::OutOfRange(Name::Amount));
            }
            Some(_) | None => {}
        }
        match draft.withdrawal {
            Some(0) | None => {}
            Some(_) if kind != RowKind::Purchase => {
                fault(Name::Withdrawal, Reason::NotForKind(Name::Withdrawal));
            }
            Some(part) if draft.amount.is_some_and(|amount| part > amount) => {
                fault(Name::Withdrawal, Reason::WithdrawalAboveAmount);
            }
            Some(_) => {}
        }
        if let (Some(short), Some(seller)) = (draft.seller_short, draft.seller)
            && !is_short_of(short, seller)
        {
            let expected = latin1(&short_seller(seller, short.len()));
            fault(Name::SellerShort, Reason::SellersDiffer(expected));
        }
    }
}

impl<'r> Draft<'r> {
    fn put(&mut self, name: Option<Name>, value: Value<'r>) {
        match name {
            None | Some(Name::Code) => {}
            Some(Name::Date) => self.date = value.date(),
            Some(Name::Sender) => self.sender = value.text(),
            Some(Name::Cycle) => self.cycle = value.text(),
            Some(Name::Serial) => self.serial = value.number(),
            Some(Name::AcquirerReference) => self.acquirer_reference = value.text(),
            Some(Name::Sign) => self.sign = value.sign(),
            Some(Name::Amount) => self.amount = value.number(),
            Some(Name::Currency) => self.currency = value.currency(),
            Some(Name::Authorization) => self.authorization = value.text(),
            Some(Name::Withdrawal) => self.withdrawal = value.number(),
            Some(Name::SellerShort) => self.seller_short = value.text(),
            Some(Name::Seller) => self.seller = value.text(),
            Some(Name::CardToken) => self.card_token = value.text(),
            Some(Name::Source) => self.source = value.text(),
            Some(Name::PointOfSale) => self.point_of_sale = value.text(),
            Some(Name::Channel) => self.channel = value.channel(),
            Some(Name::Method) => self.method = value.method(),
            Some(Name::Corrects) => self.corrects = value.text(),
            Some(Name::Receipt) => self.receipt = value.text(),
            Some(Name::Rows) => self.rows = value.number(),
            Some(Name::Debit) => self.debit = value.number(),
            Some(Name::Credit) => self.credit = value.number(),
        }
    }
}

impl<'r> Value<'r> {
    fn text(self) -> Option<&'r [u8]> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    fn number(self) -> Option<i64> {
        if let Value::Number(number) = self { Some(number) } else { None }
    }

    fn date(self) -> Option<Date> {
        if let Value::Date(date) = self { Some(date) } else { None }
    }

    fn sign(self) -> Option<char> {
        if let Value::Sign(sign) = self { Some(sign) } else { None }
    }

    fn currency(self) -> Option<Currency> {
        if let Value::Currency(currency) = self { Some(currency) } else { None }
    }

    fn channel(self) -> Option<Channel> {
        if let Value::Channel(channel) = self { Some(channel) } else { None }
    }

    fn method(self) -> Option<CardAuthenticationMethod> {
        if let Value::Method(method) = self { Some(method) } else { None }
    }
}

/// Reads digits in every position. More than 18 stay at the end of the range.
fn number(name: Name, bytes: &[u8]) -> Result<i64, (usize, Reason)> {
    let mut number = 0_i64;
    for (offset, byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Err((offset, Reason::NotDigits(name)));
        }
        number = number.saturating_mul(10).saturating_add(i64::from(byte.saturating_sub(b'0')));
    }
    Ok(number)
}

fn text(name: Name, bytes: &[u8]) -> Result<Value<'_>, (usize, Reason)> {
    let text = trim_end(bytes);
    match text.first() {
        None => Ok(Value::Absent),
        Some(b' ') => Err((0, Reason::NotLeftJustified(name))),
        Some(_) => Ok(Value::Text(text)),
    }
}

fn word(name: Name, bytes: &[u8]) -> Result<Value<'_>, (usize, Reason)> {
    let value = text(name, bytes)?;
    if let Value::Text(text) = value
        && !text.iter().all(u8::is_ascii_graphic)
    {
        let offset = first(text, |byte| !byte.is_ascii_graphic());
        return Err((offset, Reason::NotAWord(name)));
    }
    Ok(value)
}

fn choice<T: Copy>(
    name: Name,
    bytes: &[u8],
    list: &[(String, T)],
) -> Result<Option<T>, (usize, Reason)> {
    if is_blank(bytes) {
        return Ok(None);
    }
    if let Some((_, value)) = list.iter().find(|(text, _)| text.as_bytes() == bytes) {
        return Ok(Some(*value));
    }
    let texts: Vec<&str> = list.iter().map(|(text, _)| text.as_str()).collect();
    Err((0, Reason::NotOneOf(name, texts.join(", "))))
}

/// Whether the short seller number is that of the full one.
fn is_short_of(short: &[u8], seller: &[u8]) -> bool {
    match short.len().checked_sub(seller.len()).map(|zeros| short.split_at(zeros)) {
        Some((zeros, rest)) if seller.iter().all(u8::is_ascii_digit) => {
            rest == seller && zeros.iter().all(|byte| *byte == b'0')
        }
        _ => short.iter().all(|byte| *byte == b'0'),
    }
}

/// The seller number from the right and filled with zeros, where it is digits and fits; else zeros.
pub(super) fn short_seller(seller: &[u8], length: usize) -> Vec<u8> {
    match length.checked_sub(seller.len()) {
        Some(zeros) if seller.iter().all(u8::is_ascii_digit) => {
            let mut short = vec![b'0'; zeros];
            short.extend_from_slice(seller);
            short
        }
        _ => vec![b'0'; length],
    }
}

/// ISO 8859-1 as text: its code points are those of Unicode.
pub(super) fn latin1(bytes: &[u8]) -> String {
    let ascii = bytes.is_ascii().then(|| str::from_utf8(bytes).ok()).flatten();
    ascii.map_or_else(|| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// Without the spaces at the end.
pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last.saturating_add(1));
    bytes.get(..end).unwrap_or_default()
}

fn is_blank(bytes: &[u8]) -> bool {
    // Without a way out in between, so that many bytes are compared at once.
    bytes.iter().fold(0_u8, |ink, byte| ink | (byte ^ b' ')) == 0
}

/// The index of the first byte that is so.
fn first(bytes: &[u8], is_so: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| is_so(*byte)).unwrap_or(0)
}
