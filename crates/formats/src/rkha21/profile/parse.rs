//! Reading a profile from its text, a line at a time.

use ledger::{CardAuthenticationMethod, Channel};

use super::{Field, Kind, Name, Profile, ProfileError, Record, RowKind};
use crate::limits::{NUMBER_DIGITS_MAX, PROFILE_BYTES_MAX, ROW_CHARS_MAX};

/// Most digits of a serial number: what 32 bits hold for sure.
const SERIAL_DIGITS_MAX: usize = 9;

/// What the parts of a file are called in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Header,
    Row,
    Trailer,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Draft {
    name: Option<String>,
    length: Option<usize>,
    records: Vec<(Part, Record)>,
}

pub(super) fn profile(text: &str) -> Result<Profile, ProfileError> {
    let whole = |what: String| ProfileError { line: 0, what };
    if text.len() > PROFILE_BYTES_MAX {
        return Err(whole(format!("longer than {PROFILE_BYTES_MAX} bytes")));
    }
    let mut draft = Draft::default();
    for (line, words) in (1_usize..).zip(text.lines()) {
        let words: Vec<&str> = words.split_whitespace().collect();
        draft.line(&words).map_err(|what| ProfileError { line, what })?;
    }
    draft.finish().map_err(whole)
}

impl Draft {
    fn line(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["profile", name] if self.name.is_none() && self.records.is_empty() => {
                self.name = Some((*name).to_owned());
                Ok(())
            }
            ["length", length] if self.length.is_none() && self.records.is_empty() => {
                let length = number(length)?;
                if length > ROW_CHARS_MAX {
                    return Err(format!("rows may have {ROW_CHARS_MAX} characters at most"));
                }
                self.length = Some(length);
                Ok(())
            }
            ["record", part, codes @ ..] => self.record(part, codes),
            [start, length, name, kind @ ..] => self.field(start, length, name, kind),
            [_] | [_, _] => Err("expected `profile`, `length`, `record` or a field".to_owned()),
        }
    }

    fn record(&mut self, part: &str, codes: &[&str]) -> Result<(), String> {
        let part = match part {
            "header" => Part::Header,
            "row" => Part::Row,
            "trailer" => Part::Trailer,
            other => return Err(format!("`{other}` is none of header, row, trailer")),
        };
        let unique = part == Part::Row || !self.records.iter().any(|(known, _)| *known == part);
        if !unique {
            return Err("there is one header and one trailer".to_owned());
        }
        let codes: Vec<_> =
            codes.iter().map(|word| code(part, word)).collect::<Result<_, String>>()?;
        if codes.is_empty() || (part != Part::Row && codes.len() > 1) {
            return Err("a header and a trailer have one code, rows one for each kind".to_owned());
        }
        for (index, (code, kind)) in codes.iter().enumerate() {
            let earlier = self.records.iter().flat_map(|(_, record)| &record.codes);
            for (known, known_kind) in earlier.chain(codes.iter().take(index)) {
                if known == code || (kind.is_some() && known_kind == kind) {
                    return Err(format!("the code `{code}` or its kind is there twice"));
                }
                if known.len() != code.len() {
                    return Err("record codes are equally long".to_owned());
                }
            }
        }
        self.records.push((part, Record { codes, fields: Vec::new() }));
        Ok(())
    }

    fn field(
        &mut self,
        start: &str,
        length: &str,
        name: &str,
        kind: &[&str],
    ) -> Result<(), String> {
        let Some((part, record)) = self.records.last_mut() else {
            return Err("a field before the first record".to_owned());
        };
        let start = number(start)?.saturating_sub(1);
        let length = number(length)?;
        let end = record.fields.last().map_or(0, |last| last.start.saturating_add(last.length));
        if start != end {
            return Err(format!("expected position {}", end.saturating_add(1)));
        }
        let name = match name {
            "-" => None,
            word => Some(Name::parse(word).ok_or_else(|| format!("unknown field `{word}`"))?),
        };
        if name.is_some() && record.fields.iter().any(|field| field.name == name) {
            return Err("the record has this field already".to_owned());
        }
        if let Some(name) = name.filter(|name| !belongs(*name, *part)) {
            return Err(format!("{name} is no field of this record"));
        }
        let kind = read_kind(name, kind)?;
        check_length(name, &kind, length)?;
        record.fields.push(Field { name, start, length, kind });
        Ok(())
    }

    fn finish(self) -> Result<Profile, String> {
        let name = self.name.ok_or("there is no name: `profile NAME`")?;
        let length = self.length.ok_or("there is no length: `length NUMBER`")?;
        let mut profile = Profile {
            name,
            length,
            code_length: 0,
            header: Record { codes: Vec::new(), fields: Vec::new() },
            rows: Vec::new(),
            trailer: Record { codes: Vec::new(), fields: Vec::new() },
        };
        for (part, record) in self.records {
            check_whole(part, &record, length)?;
            profile.code_length = record.codes.first().map_or(0, |(code, _)| code.len());
            match part {
                Part::Header => profile.header = record,
                Part::Row => profile.rows.push(record),
                Part::Trailer => profile.trailer = record,
            }
        }
        let has_all = !profile.header.codes.is_empty() && !profile.trailer.codes.is_empty();
        if !has_all || profile.rows.is_empty() {
            return Err("there must be a header, rows and a trailer".to_owned());
        }
        Ok(profile)
    }
}

fn number(word: &str) -> Result<usize, String> {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_digit()) && !word.starts_with('0');
    let number = word.parse().ok().filter(|_| is_plain);
    number.ok_or_else(|| format!("`{word}` is no number above zero"))
}

fn code(part: Part, word: &str) -> Result<(String, Option<RowKind>), String> {
    let (code, kind) = match (part, word.split_once('=')) {
        (Part::Header | Part::Trailer, None) => (word, None),
        (Part::Row, Some((code, kind))) => {
            let kind = RowKind::parse(kind).ok_or_else(|| format!("`{kind}` is no kind"))?;
            (code, Some(kind))
        }
        (Part::Row, None) => return Err(format!("`{word}` says no kind: `CODE=KIND`")),
        (Part::Header | Part::Trailer, Some(_)) => return Err("only rows have kinds".to_owned()),
    };
    if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("`{code}` is no record code"));
    }
    Ok((code.to_owned(), kind))
}

fn belongs(name: Name, part: Part) -> bool {
    match name {
        Name::Code | Name::Date => true,
        Name::Sender | Name::Cycle => part != Part::Row,
        Name::Serial => part == Part::Header,
        Name::Rows | Name::Debit | Name::Credit => part == Part::Trailer,
        Name::AcquirerReference
        | Name::Sign
        | Name::Amount
        | Name::Currency
        | Name::Authorization
        | Name::Withdrawal
        | Name::SellerShort
        | Name::Seller
        | Name::CardToken
        | Name::Source
        | Name::PointOfSale
        | Name::Channel
        | Name::Method
        | Name::Corrects
        | Name::Receipt => part == Part::Row,
    }
}

/// Reads the words after the name; each name has its kinds.
fn read_kind(name: Option<Name>, words: &[&str]) -> Result<Kind, String> {
    let owned = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    let kind = match words {
        ["code"] => Kind::Code,
        ["one-of", list @ ..] if !list.is_empty() => Kind::OneOf(owned(list)),
        ["digits"] => Kind::Digits,
        ["number"] => Kind::Number,
        ["date"] => Kind::Date,
        ["sign"] => Kind::Sign,
        ["currency"] => Kind::Currency,
        ["text"] => Kind::Text,
        ["word"] => Kind::Word,
        ["blank"] => Kind::Blank,
        ["ignored"] => Kind::Ignored,
        ["choice", list @ ..] if name == Some(Name::Channel) => {
            Kind::Channel(choices(list, Channel::parse)?)
        }
        ["choice", list @ ..] if name == Some(Name::Method) => {
            Kind::Method(choices(list, CardAuthenticationMethod::parse)?)
        }
        _ => return Err(format!("`{}` is no kind of this field", words.join(" "))),
    };
    if suits(name, &kind) {
        Ok(kind)
    } else {
        Err(format!("`{}` is no kind of this field", words.join(" ")))
    }
}

/// Reads `P=POS E=Ecom`.
fn choices<T>(list: &[&str], read: fn(&str) -> Option<T>) -> Result<Vec<(String, T)>, String> {
    let choice = |word: &&str| {
        let choice = word.split_once('=').and_then(|(text, word)| Some((text, read(word)?)));
        choice
            .map(|(text, value)| (text.to_owned(), value))
            .ok_or_else(|| format!("`{word}` is no choice of this field"))
    };
    let choices: Vec<(String, T)> = list.iter().map(choice).collect::<Result<_, String>>()?;
    let once = |(index, (text, _)): (usize, &(String, T))| {
        !choices.iter().take(index).any(|(known, _)| known == text)
    };
    if choices.is_empty() || !choices.iter().enumerate().all(once) {
        return Err("the choices are empty, or one is there twice".to_owned());
    }
    Ok(choices)
}

fn suits(name: Option<Name>, kind: &Kind) -> bool {
    let Some(name) = name else { return matches!(kind, Kind::Blank | Kind::Ignored) };
    match name {
        Name::Code => matches!(kind, Kind::Code),
        Name::Date => matches!(kind, Kind::Date),
        Name::Sender | Name::Cycle => matches!(kind, Kind::OneOf(_) | Kind::Digits),
        Name::Serial
        | Name::Amount
        | Name::Withdrawal
        | Name::Rows
        | Name::Debit
        | Name::Credit => matches!(kind, Kind::Number),
        Name::AcquirerReference | Name::SellerShort => matches!(kind, Kind::Digits),
        Name::Sign => matches!(kind, Kind::Sign),
        Name::Currency => matches!(kind, Kind::Currency),
        Name::Authorization | Name::Seller | Name::CardToken => matches!(kind, Kind::Word),
        Name::Source | Name::PointOfSale | Name::Corrects | Name::Receipt => {
            matches!(kind, Kind::Text | Kind::Word)
        }
        Name::Channel => matches!(kind, Kind::Channel(_)),
        Name::Method => matches!(kind, Kind::Method(_)),
    }
}

fn check_length(name: Option<Name>, kind: &Kind, length: usize) -> Result<(), String> {
    let digits_max = if name == Some(Name::Serial) { SERIAL_DIGITS_MAX } else { NUMBER_DIGITS_MAX };
    let all = |mut texts: Box<dyn Iterator<Item = &String> + '_>| {
        texts.all(|text| text.len() == length && text.is_ascii())
    };
    let fits = match kind {
        Kind::Code | Kind::Digits | Kind::Text | Kind::Word | Kind::Blank | Kind::Ignored => true,
        Kind::Number => length <= digits_max,
        Kind::Date => length == 6,
        Kind::Sign => length == 1,
        Kind::Currency => length == 3,
        Kind::OneOf(list) => all(Box::new(list.iter())),
        Kind::Channel(list) => all(Box::new(list.iter().map(|(text, _)| text))),
        Kind::Method(list) => all(Box::new(list.iter().map(|(text, _)| text))),
    };
    if fits { Ok(()) } else { Err(format!("this field cannot have {length} positions")) }
}

/// Whether a record begins with its code, has all it needs, and ends where a row ends.
fn check_whole(part: Part, record: &Record, length: usize) -> Result<(), String> {
    let first = record.codes.first().map(|(code, _)| code.clone()).unwrap_or_default();
    let starts = record
        .fields
        .first()
        .is_some_and(|field| field.kind == Kind::Code && field.length == first.len());
    if !starts {
        return Err(format!("record {first} must begin with its code, as long as the code is"));
    }
    let end = record.fields.last().map_or(0, |last| last.start.saturating_add(last.length));
    if end != length {
        return Err(format!("record {first} has {end} positions, not {length}"));
    }
    let corrects = record.codes.iter().any(|(_, kind)| kind.is_some_and(RowKind::is_correction));
    let needed = |name: &Name| match name {
        Name::Sign
        | Name::Authorization
        | Name::Withdrawal
        | Name::SellerShort
        | Name::PointOfSale
        | Name::Channel
        | Name::Method
        | Name::Receipt => false,
        Name::Corrects => corrects,
        Name::Code
        | Name::Date
        | Name::Sender
        | Name::Cycle
        | Name::Serial
        | Name::AcquirerReference
        | Name::Amount
        | Name::Currency
        | Name::Seller
        | Name::CardToken
        | Name::Source
        | Name::Rows
        | Name::Debit
        | Name::Credit => true,
    };
    let lacks = |name: &Name| !record.fields.iter().any(|field| field.name == Some(*name));
    let missing = Name::ALL.into_iter().filter(|name| belongs(*name, part)).filter(needed);
    match missing.into_iter().find(lacks) {
        Some(name) => Err(format!("record {first} has no {name}")),
        None => Ok(()),
    }
}
