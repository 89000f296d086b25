//! What payers type in, read field by field.
//!
//! The limits are those of the API's parameters `card.*` and `virtualAccount.accountId`.
//!
//! Invariant: a security code (CVV) is checked here and forgotten.

use ledger::CardExpiry;
use payments::{Brand, CardNumber};
use zeroize::Zeroizing;

use super::till::{CardEntry, Fault, Field, Mistake};
use crate::payments_v3::form::Form;

/// What of a card may be shown again in a form: never the number, never the security code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) holder: String,
    pub(super) month: String,
    pub(super) year: String,
    pub(super) is_saved: bool,
}

/// Longest text that is shown again, in characters: as much as the longest field takes.
const SHOWN_CHARS_MAX: usize = 128;

/// What was typed into a field, without white space around it; empty where it cannot be read.
pub(super) fn typed<'f>(form: &'f Form, name: &str) -> &'f str {
    form.text(name).unwrap_or_default().trim()
}

/// What may be shown again of a field. A payer who types a card's number into the wrong field does
/// not get it shown either.
pub(super) fn again(form: &Form, name: &str) -> String {
    let text = typed(form, name).chars().take(SHOWN_CHARS_MAX).collect();
    without_card_number(text)
}

/// What may be shown again of a card form.
pub(super) fn shown(form: &Form) -> Shown {
    Shown {
        holder: again(form, "holder"),
        month: again(form, "month"),
        year: again(form, "year"),
        is_saved: is_saved(form),
    }
}

/// Whether the holder wants the card kept for the next time.
pub(super) fn is_saved(form: &Form) -> bool {
    typed(form, "save") == "yes"
}

/// Reads a card; the mistakes are in the order of the fields.
pub(super) fn card(form: &Form) -> Result<CardEntry, Vec<Mistake>> {
    let number = number(typed(form, "number"));
    let holder = holder(typed(form, "holder"));
    let month = month(typed(form, "month"));
    let year = year(typed(form, "year"));
    let brand = number.as_ref().ok().map(|(_, brand)| *brand);
    let cvv = cvv(typed(form, "cvv"), brand);
    if let (Ok((number, brand)), Ok(holder), Ok(month), Ok(year), Ok(())) =
        (&number, &holder, &month, &year, &cvv)
    {
        return Ok(CardEntry {
            number: number.clone(),
            brand: *brand,
            holder: Some(holder.clone()),
            expiry: CardExpiry { year: *year, month: *month },
        });
    }
    let faults = [
        (Field::Number, number.err()),
        (Field::Holder, holder.err()),
        (Field::Month, month.err()),
        (Field::Year, year.err()),
        (Field::Cvv, cvv.err()),
    ];
    let mistake = |(field, fault): (_, Option<_>)| Some(Mistake { field, fault: fault? });
    Err(faults.into_iter().filter_map(mistake).collect())
}

/// Reads the number of a Swedish or foreign phone: `070-123 45 67`, `+46 70 123 45 67`,
/// `0046701234567`.
pub(super) fn phone(text: &str) -> Result<String, Fault> {
    let text = present(text)?;
    let (is_foreign, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let is_filling = |next: &char| !matches!(next, ' ' | '\u{a0}' | '-' | '(' | ')' | '.' | '/');
    let digits: String = rest.chars().filter(is_filling).collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Malformed);
    }
    let number = if is_foreign {
        digits
    } else if let Some(international) = digits.strip_prefix("00") {
        international.to_owned()
    } else if let Some(national) = digits.strip_prefix('0') {
        format!("46{national}")
    } else {
        digits
    };
    let fits = (8..=15).contains(&number.len()) && !number.starts_with('0');
    if fits { Ok(number) } else { Err(Fault::Malformed) }
}

fn present(text: &str) -> Result<&str, Fault> {
    if text.is_empty() { Err(Fault::Missing) } else { Ok(text) }
}

fn number(text: &str) -> Result<(CardNumber, Brand), Fault> {
    let text = present(text)?;
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    digits.extend(text.chars().filter(|next| !matches!(next, ' ' | '\u{a0}' | '-')));
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only || !(12..=19).contains(&digits.len()) {
        return Err(Fault::Malformed);
    }
    let number = CardNumber::parse(std::mem::take(&mut *digits)).ok_or(Fault::Unknown)?;
    let brand = Brand::of(&number).ok_or(Fault::Unknown)?;
    Ok((number, brand))
}

fn holder(text: &str) -> Result<String, Fault> {
    let text = present(text)?;
    let chars = text.chars().count();
    let fits = (3..=128).contains(&chars) && !text.chars().any(char::is_control);
    if !fits || without_card_number(text.to_owned()).is_empty() {
        return Err(Fault::Malformed);
    }
    Ok(text.to_owned())
}

fn month(text: &str) -> Result<u8, Fault> {
    let month = digits(present(text)?, 1, 2)?;
    let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month));
    month.ok_or(Fault::Malformed)
}

/// `34` and `2034` are the same year.
fn year(text: &str) -> Result<u16, Fault> {
    let year = match present(text)?.len() {
        2 => digits(text, 2, 2)?.saturating_add(2_000),
        _ => digits(text, 4, 4)?,
    };
    let year = u16::try_from(year).ok().filter(|year| (2_000..=2_099).contains(year));
    year.ok_or(Fault::Malformed)
}

/// Checks a security code against what the card's brand has. Where the brand is not known, since
/// the number is wrong, three digits and four are as good.
fn cvv(text: &str, brand: Option<Brand>) -> Result<(), Fault> {
    match brand {
        Some(brand) if text.is_empty() && !brand.wants_cvv() => Ok(()),
        Some(brand) => {
            let length = brand.cvv_digits();
            digits(present(text)?, length, length).map(|_| ())
        }
        None => digits(present(text)?, 3, 4).map(|_| ()),
    }
}

/// A number of so many digits.
fn digits(text: &str, shortest: usize, longest: usize) -> Result<u32, Fault> {
    let fits = (shortest..=longest).contains(&text.len());
    let is_number = fits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or(Fault::Malformed)
}

/// The text, or nothing where it has as many digits as a card number has.
fn without_card_number(text: String) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    // The result codes that force a test's outcome have nine.
    if digits < 12 {
        return text;
    }
    drop(Zeroizing::new(text));
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card_of(text: &str) -> Result<CardEntry, Vec<Mistake>> {
        card(&Form::of_query(text).unwrap())
    }

    #[test]
    fn a_card_is_read_as_it_is_usually_written() {
        let read = card_of("number=4200+0000-0000+0000&holder=Al+Vi&month=5&year=34&cvv=123");
        let read = read.unwrap();
        assert_eq!((read.number.reveal(), read.brand), ("4200000000000000", Brand::Visa));
        assert_eq!(read.holder.as_deref(), Some("Al Vi"));
        assert_eq!(read.expiry, CardExpiry { year: 2034, month: 5 });
        let shown = format!("{read:?}");
        assert!(!shown.contains("4200000000000000") && !shown.contains("123"), "{shown}");
    }

    #[test]
    fn every_mistake_is_told_in_the_order_of_the_fields() {
        let mistakes = card_of("").unwrap_err();
        let fields: Vec<Field> = mistakes.iter().map(|mistake| mistake.field).collect();
        let all = [Field::Number, Field::Holder, Field::Month, Field::Year, Field::Cvv];
        assert_eq!(fields, all);
        assert!(mistakes.iter().all(|mistake| mistake.fault == Fault::Missing));
    }

    #[test]
    fn each_field_has_its_limits() {
        let number = |text| number(text).map(|(number, _)| number.reveal().to_owned());
        for (read, expected) in [
            (number("4444444444444444"), Err(Fault::Unknown)),
            (number("42000000000000000000"), Err(Fault::Malformed)),
            (number("42000000000"), Err(Fault::Malformed)),
            (number("4200a00000000000"), Err(Fault::Malformed)),
            // Luhn's check holds, and no brand has it.
            (number("0000000000000000"), Err(Fault::Unknown)),
            (number("6799998900000060018"), Ok("6799998900000060018")),
            (holder("Al"), Err(Fault::Malformed)),
            (holder("800.100.203"), Ok("800.100.203")),
            (holder("4200 0000 0000 0000"), Err(Fault::Malformed)),
            (holder("a\u{7}bc"), Err(Fault::Malformed)),
        ] {
            assert_eq!(read, expected.map(str::to_owned));
        }
        for (read, expected) in [
            (month("0"), Err(Fault::Malformed)),
            (month("13"), Err(Fault::Malformed)),
            (month("+1"), Err(Fault::Malformed)),
            (month("012"), Err(Fault::Malformed)),
            (month("12"), Ok(12)),
        ] {
            assert_eq!(read, expected);
        }
        for (read, expected) in [
            (year("1999"), Err(Fault::Malformed)),
            (year("2034"), Ok(2034)),
            (year("034"), Err(Fault::Malformed)),
            (year("+4"), Err(Fault::Malformed)),
        ] {
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn security_codes_are_as_long_as_their_brands() {
        for (text, brand, expected) in [
            ("123", Some(Brand::Visa), Ok(())),
            ("1234", Some(Brand::Visa), Err(Fault::Malformed)),
            ("1234", Some(Brand::Amex), Ok(())),
            ("123", Some(Brand::Amex), Err(Fault::Malformed)),
            ("", Some(Brand::Amex), Err(Fault::Missing)),
            ("", Some(Brand::Maestro), Ok(())),
            ("12a", None, Err(Fault::Malformed)),
            ("1234", None, Ok(())),
            ("12345", None, Err(Fault::Malformed)),
        ] {
            assert_eq!(cvv(text, brand), expected, "{text} {brand:?}");
        }
    }

    #[test]
    fn phones_are_read_with_and_without_a_country() {
        for (text, expected) in [
            ("070-123 45 67", Ok("46701234567")),
            ("+46 (70) 123 45 67", Ok("46701234567")),
            ("0046701234567", Ok("46701234567")),
            ("46701234567", Ok("46701234567")),
            ("", Err(Fault::Missing)),
            ("070", Err(Fault::Malformed)),
            ("+0701234567", Err(Fault::Malformed)),
            ("070123456x", Err(Fault::Malformed)),
            ("1234567890123456", Err(Fault::Malformed)),
        ] {
            assert_eq!(phone(text), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_number_in_the_wrong_field_is_not_shown_again() {
        let form = Form::of_query("holder=4200+0000+0000+0000&month=5&year=2034&save=yes").unwrap();
        let expected = Shown {
            holder: String::new(),
            month: "5".to_owned(),
            year: "2034".to_owned(),
            is_saved: true,
        };
        assert_eq!(shown(&form), expected);
    }
}
