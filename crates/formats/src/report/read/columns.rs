//! Which column of a record is which, and the text in it.

use std::borrow::Cow;

use crate::report::csv::Csv;
use crate::report::error::ReportReason;
use crate::report::mapping::{Column, CurrencyFrom, Encoding, Mapping, Sign};

/// What is wrong, and in which column, from 1.
pub(super) type FieldError = (u32, ReportReason);

/// The columns that the mapping names, by their index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub(super) reference: usize,
    pub(super) amount: usize,
    pub(super) fee: Option<usize>,
    pub(super) net: Option<usize>,
    pub(super) currency: Option<usize>,
    pub(super) kind: Option<usize>,
    pub(super) direction: Option<usize>,
    pub(super) date: Option<usize>,
}

/// The record at hand.
pub(super) struct Record<'r> {
    pub(super) csv: &'r Csv,
    pub(super) mapping: &'r Mapping,
}

impl Columns {
    /// Columns of a table without names.
    pub(super) fn numbered(mapping: &Mapping) -> Columns {
        let found = Columns::find(mapping, |column| match column {
            Column::Numbered(number) => Ok(number.saturating_sub(1)),
            // The mapping was checked to have none.
            Column::Named(_) => Ok(usize::MAX),
        });
        found.unwrap_or_else(|never: std::convert::Infallible| match never {})
    }

    /// Columns of a table by its line of names.
    pub(super) fn named(record: &Record<'_>) -> Result<Columns, FieldError> {
        let names: Vec<Cow<'_, str>> =
            (0..record.csv.fields()).map(|at| record.text(at)).collect::<Result<_, _>>()?;
        Columns::find(record.mapping, |column| match column {
            Column::Numbered(number) => Ok(number.saturating_sub(1)),
            Column::Named(wanted) => {
                let mut found = (0_usize..).zip(&names).filter(|(_, name)| *name == wanted);
                match (found.next(), found.next()) {
                    (Some((at, _)), None) => Ok(at),
                    (None, _) => Err((0, ReportReason::NoColumn(wanted.clone()))),
                    (Some(_), Some((second, _))) => {
                        Err((Record::column(second), ReportReason::TwoColumns(wanted.clone())))
                    }
                }
            }
        })
    }

    fn find<E>(
        mapping: &Mapping,
        place: impl Fn(&Column) -> Result<usize, E>,
    ) -> Result<Columns, E> {
        let currency = match &mapping.currency {
            CurrencyFrom::Constant(_) => None,
            CurrencyFrom::Column(column) => Some(column),
        };
        let direction = match &mapping.sign {
            Sign::Column { column, .. } => Some(column),
            Sign::Signed | Sign::Unsigned => None,
        };
        let kind = mapping.kind.as_ref().map(|kind| &kind.column);
        let date = mapping.date.as_ref().map(|date| &date.column);
        let kept = mapping.kept.as_ref();
        let net = kept.and_then(|kept| kept.net.as_ref());
        Ok(Columns {
            reference: place(&mapping.reference)?,
            amount: place(&mapping.amount)?,
            fee: kept.map(|kept| place(&kept.fee)).transpose()?,
            net: net.map(&place).transpose()?,
            currency: currency.map(&place).transpose()?,
            kind: kind.map(&place).transpose()?,
            direction: direction.map(&place).transpose()?,
            date: date.map(&place).transpose()?,
        })
    }
}

impl<'r> Record<'r> {
    /// An index as people count.
    pub(super) fn column(at: usize) -> u32 {
        u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The text of a field, without the white space around it.
    pub(super) fn text(&self, at: usize) -> Result<Cow<'r, str>, FieldError> {
        let wrong = |reason| (Record::column(at), reason);
        let missing = || wrong(ReportReason::FieldMissing(self.csv.fields()));
        let bytes = self.csv.field(at).ok_or_else(missing)?;
        let text = match self.mapping.encoding {
            Encoding::Latin1 => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
            Encoding::Utf8 => match str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => return Err(wrong(ReportReason::NotUtf8)),
            },
        };
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        match text.chars().find(|letter| letter.is_control()) {
            None => Ok(text),
            Some(control) => {
                let code = u8::try_from(control).unwrap_or_default();
                Err(wrong(ReportReason::ControlCharacter(code)))
            }
        }
    }
}
