//! The texts of fields as amounts, currencies, days and references.

use ledger::limits::AMOUNT_MINOR_MAX;
use ledger::money::format_minor;
use ledger::transaction::Direction;
use ledger::{Currency, Date, Decimal, MoneyError};

use super::columns::{Columns, FieldError, Record};
use crate::limits::REPORT_REFERENCE_CHARS_MAX;
use crate::report::ItemKind;
use crate::report::error::ReportReason;
use crate::report::mapping::{CurrencyFrom, DateFormat, NumberForm, Sign};

/// Most characters of a field that a fault repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// The beginning of a text, to be repeated in a fault.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

pub(super) fn currency(record: &Record<'_>, columns: &Columns) -> Result<Currency, FieldError> {
    let at = match (&record.mapping.currency, columns.currency) {
        (CurrencyFrom::Constant(currency), _) => return Ok(*currency),
        (CurrencyFrom::Column(_), at) => at.unwrap_or(usize::MAX),
    };
    let code = record.text(at)?;
    let unknown = || (Record::column(at), ReportReason::UnknownCurrency(shown(&code)));
    Currency::parse(&code).ok_or_else(unknown)
}

/// Whether the amount has a minus, and how much it is in minor units.
pub(super) fn amount(
    record: &Record<'_>,
    at: usize,
    currency: Currency,
) -> Result<(bool, i64), FieldError> {
    let text = record.text(at)?;
    let wrong = |reason| (Record::column(at), reason);
    let not_one = || wrong(ReportReason::NotAnAmount(shown(&text)));
    let (is_negative, unsigned) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let form = record.mapping.number;
    let plain = plain(unsigned, form).ok_or_else(not_one)?;
    let decimal = Decimal::parse(&plain);
    let minor = if form.is_minor {
        decimal.map(Decimal::parts).and_then(whole)
    } else {
        decimal.and_then(|decimal| decimal.minor(currency))
    };
    match minor {
        Ok(minor) => Ok((is_negative && minor > 0, minor)),
        Err(MoneyError::NotExact) => Err(wrong(ReportReason::NotExact)),
        Err(MoneyError::OutOfRange) => Err(wrong(ReportReason::OutOfRange)),
        Err(MoneyError::NotANumber | MoneyError::Negative | MoneyError::CurrencyMismatch) => {
            Err(not_one())
        }
    }
}

/// What the PSP has kept of an amount, which is checked against what it says is left of it. A blank
/// fee is none.
pub(super) fn kept(
    record: &Record<'_>,
    columns: &Columns,
    (direction, amount_minor): (Direction, i64),
    currency: Currency,
) -> Result<i64, FieldError> {
    let (Some(form), Some(at)) = (&record.mapping.kept, columns.fee) else { return Ok(0) };
    let is_blank = record.text(at)?.is_empty();
    let fee = if is_blank { (false, 0) } else { amount(record, at, currency)? };
    let signed = |(is_negative, minor): (bool, i64)| {
        if is_negative { minor.saturating_neg() } else { minor }
    };
    let fee_minor = signed(fee);
    let kept_minor = if form.is_signed { fee_minor.saturating_neg() } else { fee_minor };
    let Some(at) = columns.net else { return Ok(kept_minor) };
    let (is_negative, net_minor) = amount(record, at, currency)?;
    // Where amounts have no sign, what is left has none either.
    let has_sign = record.mapping.sign == Sign::Signed;
    let left_minor = signed((direction == Direction::Debit, amount_minor));
    let left_minor = left_minor.saturating_sub(kept_minor);
    let expected = if has_sign { left_minor } else { left_minor.saturating_abs() };
    let found = signed((is_negative, net_minor));
    if is_negative && !has_sign {
        return Err((Record::column(at), ReportReason::Signed));
    }
    if expected == found {
        return Ok(kept_minor);
    }
    let shown = |minor| format_minor(minor, currency);
    let reason = ReportReason::NotNet { expected: shown(expected), found: shown(found) };
    Err((Record::column(at), reason))
}

/// A number of minor units, which has no decimals.
fn whole((digits, decimals): (i64, u32)) -> Result<i64, MoneyError> {
    if decimals > 0 {
        Err(MoneyError::NotExact)
    } else if digits > AMOUNT_MINOR_MAX {
        Err(MoneyError::OutOfRange)
    } else {
        Ok(digits)
    }
}

/// A number as the ledger reads it: `1.234,50` becomes `1234.50`.
///
/// Separators of thousands may be left out, but where one is, all are: else `1.5` would be taken
/// for fifteen.
fn plain(text: &str, form: NumberForm) -> Option<String> {
    let (whole, fraction) = match text.split_once(form.decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let is_space = |letter: char| matches!(letter, ' ' | '\u{A0}' | '\u{202F}');
    let is_separator = |letter: char| match form.thousands {
        Some(' ') => is_space(letter),
        Some(separator) => letter == separator,
        None => false,
    };
    let groups: Vec<&str> = whole.split(is_separator).collect();
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (first, others) = groups.split_first()?;
    let is_grouped = others.is_empty() || first.len() <= 3;
    if !is_grouped || !others.iter().all(|group| group.len() == 3) {
        return None;
    }
    if !groups.iter().all(|group| is_digits(group)) || !fraction.is_none_or(is_digits) {
        return None;
    }
    if form.is_minor && fraction.is_some() {
        return None;
    }
    let joined = groups.concat();
    let joined = joined.trim_start_matches('0');
    let joined = if joined.is_empty() { "0" } else { joined };
    Some(fraction.map_or(joined.to_owned(), |fraction| format!("{joined}.{fraction}")))
}

pub(super) fn reference(
    record: &Record<'_>,
    at: usize,
    kind: ItemKind,
) -> Result<String, FieldError> {
    let text = record.text(at)?;
    if text.is_empty() && kind != ItemKind::Fee {
        return Err((Record::column(at), ReportReason::NoReference));
    }
    if text.chars().count() > REPORT_REFERENCE_CHARS_MAX {
        let reason = ReportReason::LongReference(REPORT_REFERENCE_CHARS_MAX);
        return Err((Record::column(at), reason));
    }
    Ok(text.into_owned())
}

pub(super) fn date(record: &Record<'_>, columns: &Columns) -> Result<Option<Date>, FieldError> {
    let (Some(column), Some(at)) = (&record.mapping.date, columns.date) else { return Ok(None) };
    let text = record.text(at)?;
    let wrong = || {
        let reason = ReportReason::NotADate(shown(&text), column.format.0.clone());
        (Record::column(at), reason)
    };
    day(&text, &column.format).map(Some).ok_or_else(wrong)
}

/// Reads a day by the letters of its form.
fn day(text: &str, format: &DateFormat) -> Option<Date> {
    let (mut year, mut month, mut day) = (String::new(), String::new(), String::new());
    let mut letters = text.chars();
    let mut rest_allowed = false;
    for place in format.0.chars() {
        if place == '*' {
            rest_allowed = true;
            break;
        }
        let letter = letters.next()?;
        let part = match place {
            'Y' => &mut year,
            'M' => &mut month,
            'D' => &mut day,
            separator if separator == letter => continue,
            _ => return None,
        };
        part.push(letter);
    }
    if !rest_allowed && letters.next().is_some() {
        return None;
    }
    let century = if year.len() == 2 { "20" } else { "" };
    Date::parse(&format!("{century}{year}-{month}-{day}"))
}
