//! Reading a mapping from its text.

use ledger::Currency;

use super::{
    Column, CurrencyFrom, DateColumn, DateFormat, Encoding, KeptColumns, KindColumn, Mapping,
    MappingError, NumberForm, Sign,
};
use crate::limits::{MAPPING_BYTES_MAX, RECORD_FIELDS_MAX, SKIPPED_LINES_MAX};

/// All keys that a mapping may have.
const KEYS: [&str; 26] = [
    "encoding",
    "delimiter",
    "quote",
    "skip",
    "names",
    "reference",
    "amount",
    "decimal",
    "thousands",
    "unit",
    "fee",
    "fee-sign",
    "net",
    "sign",
    "direction",
    "debit-words",
    "credit-words",
    "currency",
    "currency-column",
    "kind",
    "payment-words",
    "refund-words",
    "fee-words",
    "ignored-words",
    "date",
    "date-format",
];

/// The values by their keys, each with its line, as long as they are not taken.
struct Entries<'t>(Vec<(&'t str, &'t str, usize)>);

pub(super) fn mapping(text: &str) -> Result<Mapping, MappingError> {
    let whole = |what: &str| MappingError { line: 0, what: what.to_owned() };
    if text.len() > MAPPING_BYTES_MAX {
        return Err(whole("longer than a mapping may be"));
    }
    let mut entries = entries(text)?;
    let mapping = Mapping {
        encoding: entries.choice(
            "encoding",
            &[("utf-8", Encoding::Utf8), ("iso-8859-1", Encoding::Latin1)],
            Encoding::Utf8,
        )?,
        delimiter: entries.delimiter()?,
        quote: entries.choice(
            "quote",
            &[("\"", Some(b'"')), ("'", Some(b'\'')), ("none", None)],
            Some(b'"'),
        )?,
        skip: entries.skip()?,
        has_names: entries.choice("names", &[("yes", true), ("no", false)], true)?,
        reference: entries.column("reference")?.ok_or_else(|| whole("`reference` is missing"))?,
        amount: entries.column("amount")?.ok_or_else(|| whole("`amount` is missing"))?,
        number: entries.number_form()?,
        kept: entries.kept()?,
        kind: entries.kind()?,
        sign: entries.sign()?,
        currency: entries.currency()?,
        date: entries.date()?,
    };
    // What a key needs was taken with it; what is left needs a key that is not there.
    if let Some((key, _, line)) = entries.0.first() {
        return Err(MappingError { line: *line, what: format!("`{key}` has no use here") });
    }
    if mapping.number.thousands == Some(mapping.number.decimal) {
        return Err(whole("`decimal` and `thousands` are the same"));
    }
    if mapping.sign == Sign::Unsigned && mapping.kind.is_none() {
        return Err(whole("`sign = unsigned` needs `kind`, which says the direction"));
    }
    if !mapping.has_names && named(&mapping) {
        return Err(whole("without names, columns are numbers: `#1`"));
    }
    Ok(mapping)
}

fn entries(text: &str) -> Result<Entries<'_>, MappingError> {
    let mut entries: Vec<(&str, &str, usize)> = Vec::new();
    for (line, entry) in (1_usize..).zip(text.lines()) {
        let entry = entry.trim();
        if entry.is_empty() || entry.starts_with('#') {
            continue;
        }
        let wrong = |what: String| MappingError { line, what };
        let (key, value) =
            entry.split_once('=').ok_or_else(|| wrong("expected `key = value`".to_owned()))?;
        let (key, value) = (key.trim(), value.trim());
        if !KEYS.contains(&key) {
            return Err(wrong(format!("unknown key `{key}`")));
        }
        if value.is_empty() || value.chars().any(char::is_control) {
            return Err(wrong(format!("`{key}` has no value that can be read")));
        }
        if entries.iter().any(|(known, _, _)| *known == key) {
            return Err(wrong(format!("`{key}` is there twice")));
        }
        entries.push((key, value, line));
    }
    Ok(Entries(entries))
}

impl<'t> Entries<'t> {
    fn take(&mut self, key: &str) -> Option<(&'t str, usize)> {
        let index = self.0.iter().position(|(known, _, _)| *known == key)?;
        let (_, value, line) = self.0.remove(index);
        Some((value, line))
    }

    /// One of some values; `otherwise` when the key is not there.
    fn choice<T: Copy>(
        &mut self,
        key: &str,
        choices: &[(&str, T)],
        otherwise: T,
    ) -> Result<T, MappingError> {
        let Some((value, line)) = self.take(key) else { return Ok(otherwise) };
        let choice = choices.iter().find(|(word, _)| *word == value);
        choice.map(|(_, choice)| *choice).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            MappingError { line, what: format!("`{key}` is one of {}", words.join(", ")) }
        })
    }

    fn delimiter(&mut self) -> Result<u8, MappingError> {
        let choices = [(",", b','), (";", b';'), ("|", b'|'), ("tab", b'\t')];
        self.choice("delimiter", &choices, b',')
    }

    fn skip(&mut self) -> Result<u32, MappingError> {
        let Some((value, line)) = self.take("skip") else { return Ok(0) };
        let number = value.parse().ok().filter(|lines| *lines <= SKIPPED_LINES_MAX);
        let what = format!("`skip` is a number up to {SKIPPED_LINES_MAX}");
        number.ok_or(MappingError { line, what })
    }

    fn column(&mut self, key: &str) -> Result<Option<Column>, MappingError> {
        let Some((value, line)) = self.take(key) else { return Ok(None) };
        let Some(number) = value.strip_prefix('#') else {
            return Ok(Some(Column::Named(value.to_owned())));
        };
        let number = number.parse().ok().filter(|at| (1..=RECORD_FIELDS_MAX).contains(at));
        let what = format!("a column is a name, or a number from #1 to #{RECORD_FIELDS_MAX}");
        number.map(|at| Some(Column::Numbered(at))).ok_or(MappingError { line, what })
    }

    fn number_form(&mut self) -> Result<NumberForm, MappingError> {
        let thousands = [
            ("none", None),
            ("space", Some(' ')),
            (".", Some('.')),
            (",", Some(',')),
            ("'", Some('\'')),
        ];
        Ok(NumberForm {
            decimal: self.choice("decimal", &[(".", '.'), (",", ',')], '.')?,
            thousands: self.choice("thousands", &thousands, None)?,
            is_minor: self.choice("unit", &[("major", false), ("minor", true)], false)?,
        })
    }

    fn kept(&mut self) -> Result<Option<KeptColumns>, MappingError> {
        let Some(fee) = self.column("fee")? else { return Ok(None) };
        let is_signed = self.choice("fee-sign", &[("kept", false), ("signed", true)], false)?;
        Ok(Some(KeptColumns { fee, is_signed, net: self.column("net")? }))
    }

    fn words(&mut self, key: &str) -> Vec<String> {
        let value = self.take(key).map_or("", |(value, _)| value);
        let words = value.split('|').map(str::trim).filter(|word| !word.is_empty());
        words.map(|word| if word == "\"\"" { String::new() } else { word.to_owned() }).collect()
    }

    fn sign(&mut self) -> Result<Sign, MappingError> {
        match self.choice("sign", &[("signed", 0), ("unsigned", 1), ("column", 2)], 0)? {
            0 => return Ok(Sign::Signed),
            1 => return Ok(Sign::Unsigned),
            _ => {}
        }
        let column = self.column("direction")?;
        let (debit, credit) = (self.words("debit-words"), self.words("credit-words"));
        let is_whole = !debit.is_empty() && !credit.is_empty() && once(&[&debit, &credit]);
        column.filter(|_| is_whole).map(|column| Sign::Column { column, debit, credit }).ok_or_else(
            || MappingError {
                line: 0,
                what: "`sign = column` needs `direction`, `debit-words` and `credit-words`, \
                       without a word in both"
                    .to_owned(),
            },
        )
    }

    fn currency(&mut self) -> Result<CurrencyFrom, MappingError> {
        let constant = self.take("currency");
        let column = self.column("currency-column")?;
        match (constant, column) {
            (Some((code, line)), None) => {
                let what = format!("unknown currency `{code}`");
                let currency = Currency::parse(code).ok_or(MappingError { line, what })?;
                Ok(CurrencyFrom::Constant(currency))
            }
            (None, Some(column)) => Ok(CurrencyFrom::Column(column)),
            (None, None) | (Some(_), Some(_)) => Err(MappingError {
                line: 0,
                what: "there must be `currency` or `currency-column`, and not both".to_owned(),
            }),
        }
    }

    fn kind(&mut self) -> Result<Option<KindColumn>, MappingError> {
        let Some(column) = self.column("kind")? else { return Ok(None) };
        let kind = KindColumn {
            column,
            payment: self.words("payment-words"),
            refund: self.words("refund-words"),
            fee: self.words("fee-words"),
            ignored: self.words("ignored-words"),
        };
        let has_any = !kind.payment.is_empty() || !kind.refund.is_empty() || !kind.fee.is_empty();
        if has_any && once(&[&kind.payment, &kind.refund, &kind.fee, &kind.ignored]) {
            return Ok(Some(kind));
        }
        Err(MappingError {
            line: 0,
            what: "`kind` needs `payment-words`, `refund-words` or `fee-words`, without a word \
                   in two of them"
                .to_owned(),
        })
    }

    fn date(&mut self) -> Result<Option<DateColumn>, MappingError> {
        let Some(column) = self.column("date")? else { return Ok(None) };
        let (format, line) = self.take("date-format").unwrap_or(("YYYY-MM-DD", 0));
        let parts = |part: &str| format.matches(part).count();
        let years = parts("YYYY").saturating_mul(2);
        let has_each = (years == 2 || parts("YY") == 1) && parts("MM") == 1 && parts("DD") == 1;
        let rest = format.strip_suffix('*').unwrap_or(format);
        let rest = rest.replacen("YYYY", "", 1).replacen("YY", "", 1);
        let rest = rest.replacen("MM", "", 1).replacen("DD", "", 1);
        if !has_each || !rest.bytes().all(|byte| b"-/. ".contains(&byte)) {
            let what = "`date-format` has YYYY or YY, MM and DD, in any order, with `-`, `/`, `.` \
                        or spaces between them, and `*` at its end where a time follows";
            return Err(MappingError { line, what: what.to_owned() });
        }
        Ok(Some(DateColumn { column, format: DateFormat(format.to_owned()) }))
    }
}

/// Whether no word is there twice.
fn once(lists: &[&Vec<String>]) -> bool {
    let words: Vec<&String> = lists.iter().flat_map(|list| list.iter()).collect();
    words.iter().enumerate().all(|(index, word)| !words.iter().take(index).any(|one| one == word))
}

/// Whether a column is called by a name.
fn named(mapping: &Mapping) -> bool {
    let direction = match &mapping.sign {
        Sign::Column { column, .. } => Some(column),
        Sign::Signed | Sign::Unsigned => None,
    };
    let currency = match &mapping.currency {
        CurrencyFrom::Column(column) => Some(column),
        CurrencyFrom::Constant(_) => None,
    };
    let kind = mapping.kind.as_ref().map(|kind| &kind.column);
    let date = mapping.date.as_ref().map(|date| &date.column);
    let kept = mapping.kept.as_ref();
    let (fee, net) = (kept.map(|kept| &kept.fee), kept.and_then(|kept| kept.net.as_ref()));
    let columns = [
        Some(&mapping.reference),
        Some(&mapping.amount),
        fee,
        net,
        direction,
        currency,
        kind,
        date,
    ];
    columns.into_iter().flatten().any(|column| matches!(column, Column::Named(_)))
}
