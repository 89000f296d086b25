//! The formats of parameters, and whether a value is in one.

use std::net::IpAddr;

use ledger::{Currency, Date, MaskedPan};
use zeroize::Zeroizing;

use crate::http::requests::has_card_number;

/// What a value may be. Lengths are in characters, from the shortest to the longest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    /// Any text.
    Text(usize, usize),
    /// Text of some characters only.
    Of(Set, usize, usize),
    /// One of some words.
    Word(&'static [&'static str]),
    /// A decimal number with two decimals or none, `[0-9]{1,10}(\.[0-9]{2})?`.
    Decimal,
    /// As [`Format::Decimal`], but above zero.
    Amount,
    /// A currency's letters (ISO 4217).
    Currency,
    /// A country's letters (ISO 3166-1).
    Country,
    /// A day, `yyyy-MM-dd`.
    Day,
    /// An IPv4 or IPv6 address.
    Ip,
    /// An email address of 6 to 128 characters.
    Email,
    /// A phone number of so many characters, which begins with a digit or `+`.
    Phone(usize, usize),
    /// A card number.
    CardNumber,
    /// Text that is no card number: people do paste it into the wrong field.
    Holder,
    /// A month of two digits.
    Month,
    /// A year of this century.
    Year,
    /// An international bank account number, by its shape.
    Iban,
    /// A bank's code of 8 or 11 characters (ISO 9362), by its shape.
    Bic,
    /// 28 characters of Base64: 20 bytes.
    VerificationId,
}

/// A set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// `[0-9]`
    Digits,
    /// `[a-f0-9]`
    Hex,
    /// `[a-zA-Z0-9]`
    Alphanumeric,
    /// `[a-zA-Z0-9_]`
    Word,
    /// `[a-zA-Z0-9.]`
    Dotted,
    /// `[0-9-]`
    Signed,
}

/// What is wrong with a value, as far as result codes tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is empty.
    Empty,
    /// It is too short.
    Short,
    /// It is too long, or too large.
    Long,
    /// Something else.
    Wrong,
}

impl Format {
    /// Whether a value has this format.
    pub(super) fn check(self, value: &str) -> Result<(), Fault> {
        match self {
            Format::Text(shortest, longest) => length(value, shortest, longest),
            Format::Of(set, shortest, longest) => {
                length(value, shortest, longest)?;
                so(value.chars().all(|character| set.has(character)))
            }
            Format::Word(words) => {
                length(value, 1, usize::MAX)?;
                so(words.contains(&value))
            }
            Format::Decimal => decimal(value),
            Format::Amount => {
                decimal(value)?;
                let is_zero = value.bytes().all(|byte| matches!(byte, b'0' | b'.'));
                if is_zero { Err(Fault::Empty) } else { Ok(()) }
            }
            Format::Currency => {
                length(value, 1, usize::MAX)?;
                so(Currency::parse(value).is_some())
            }
            Format::Country => {
                length(value, 1, usize::MAX)?;
                so(iso3166::Country::from_alpha2(value).is_some())
            }
            Format::Day => {
                length(value, 1, usize::MAX)?;
                so(Date::parse(value).is_some())
            }
            Format::Ip => {
                length(value, 1, 255)?;
                so(value.parse::<IpAddr>().is_ok())
            }
            Format::Email => email(value),
            Format::Phone(shortest, longest) => phone(value, shortest, longest),
            Format::CardNumber => {
                length(value, 1, usize::MAX)?;
                so(MaskedPan::of(value).is_some())
            }
            Format::Holder => {
                length(value, 3, 128)?;
                let unspaced = Zeroizing::new(value.replace([' ', '-'], ""));
                so(!has_card_number(&unspaced))
            }
            Format::Month => {
                length(value, 1, usize::MAX)?;
                so(value.len() == 2 && matches!(value.parse(), Ok(1_u8..=12)) && digits(value))
            }
            Format::Year => {
                length(value, 1, usize::MAX)?;
                so(value.len() == 4 && value.starts_with("20") && digits(value))
            }
            Format::Iban => iban(value),
            Format::Bic => bic(value),
            Format::VerificationId => {
                length(value, 1, usize::MAX)?;
                so(value.len() == 28 && value.ends_with('=') && base64(value))
            }
        }
    }

    /// What a value should have been.
    pub(super) fn message(self) -> String {
        match self {
            Format::Text(shortest, longest) => {
                format!("must be {shortest} to {longest} characters long")
            }
            Format::Of(set, shortest, longest) if shortest == longest => {
                format!("must be {shortest} of {}", set.named())
            }
            Format::Of(set, shortest, longest) => {
                format!("must be {shortest} to {longest} of {}", set.named())
            }
            Format::Word(words) => format!("must be one of {}", words.join(", ")),
            Format::Decimal => "must be a number with two decimals or none, like 92.00".to_owned(),
            Format::Amount => {
                "must be above zero, of at most ten digits, with two decimals or none, like 92.00"
                    .to_owned()
            }
            Format::Currency => "must be a currency's three letters (ISO 4217)".to_owned(),
            Format::Country => "must be a country's two letters (ISO 3166-1)".to_owned(),
            Format::Day => "must be a day, like 1985-05-17".to_owned(),
            Format::Ip => "must be an IPv4 or IPv6 address".to_owned(),
            Format::Email => "must be an email address of 6 to 128 characters".to_owned(),
            Format::Phone(shortest, longest) => format!(
                "must begin with a digit or +, and be {shortest} to {longest} characters long"
            ),
            Format::CardNumber => "must be a card number: 12 to 19 digits, Luhn".to_owned(),
            Format::Holder => "must be a name of 3 to 128 characters".to_owned(),
            Format::Month => "must be a month of two digits, 01 to 12".to_owned(),
            Format::Year => "must be a year of four digits, like 2034".to_owned(),
            Format::Iban => "must be an IBAN".to_owned(),
            Format::Bic => "must be a BIC of 8 or 11 characters".to_owned(),
            Format::VerificationId => "must be 28 characters of Base64".to_owned(),
        }
    }
}

impl Set {
    fn has(self, character: char) -> bool {
        match self {
            Set::Digits => character.is_ascii_digit(),
            Set::Hex => matches!(character, '0'..='9' | 'a'..='f'),
            Set::Alphanumeric => character.is_ascii_alphanumeric(),
            Set::Word => character.is_ascii_alphanumeric() || character == '_',
            Set::Dotted => character.is_ascii_alphanumeric() || character == '.',
            Set::Signed => character.is_ascii_digit() || character == '-',
        }
    }

    fn named(self) -> &'static str {
        match self {
            Set::Digits => "0-9",
            Set::Hex => "a-f, 0-9",
            Set::Alphanumeric => "a-z, A-Z, 0-9",
            Set::Word => "a-z, A-Z, 0-9, _",
            Set::Dotted => "a-z, A-Z, 0-9, .",
            Set::Signed => "0-9, -",
        }
    }
}

fn length(value: &str, shortest: usize, longest: usize) -> Result<(), Fault> {
    let count = value.chars().count();
    if count == 0 && shortest > 0 {
        return Err(Fault::Empty);
    }
    if count < shortest {
        return Err(Fault::Short);
    }
    if count > longest { Err(Fault::Long) } else { Ok(()) }
}

fn so(holds: bool) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Wrong) }
}

fn digits(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

fn decimal(value: &str) -> Result<(), Fault> {
    length(value, 1, usize::MAX)?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "00"));
    so(!whole.is_empty() && digits(whole) && fraction.len() == 2 && digits(fraction))?;
    if whole.len() > 10 { Err(Fault::Long) } else { Ok(()) }
}

fn email(value: &str) -> Result<(), Fault> {
    length(value, 1, 128)?;
    let Some((local, domain)) = value.rsplit_once('@') else { return Err(Fault::Wrong) };
    let is_odd = |character: char| character.is_whitespace() || character.is_control();
    so(value.chars().count() >= 6 && !value.contains(is_odd))?;
    so(!local.is_empty() && !domain.is_empty() && !domain.starts_with('.'))
}

/// `[a-zA-Z0-9+-.]`, in which `+-.` is a range: `+`, `,`, `-` and `.`.
fn phone(value: &str, shortest: usize, longest: usize) -> Result<(), Fault> {
    length(value, shortest, longest)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+'..=b'.');
    so(value.starts_with(|first: char| first == '+' || first.is_ascii_digit()))?;
    so(value.bytes().all(fits))
}

/// `[a-zA-Z]{2}[0-9]{2}[a-zA-Z0-9]{11,27}`
fn iban(value: &str) -> Result<(), Fault> {
    length(value, 15, 31)?;
    so(value.chars().enumerate().all(|(place, character)| match place {
        0 | 1 => character.is_ascii_alphabetic(),
        2 | 3 => character.is_ascii_digit(),
        _ => character.is_ascii_alphanumeric(),
    }))
}

fn bic(value: &str) -> Result<(), Fault> {
    length(value, 8, 11)?;
    so(matches!(value.len(), 8 | 11) && value.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn base64(value: &str) -> bool {
    let body = value.trim_end_matches('=');
    value.len().saturating_sub(body.len()) <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}
