//! What payers type in, read field by field.
//!
//! The limits are those of the API's parameters `card.*` and `virtualAccount.accountId`.

use zeroize::Zeroizing;

use super::form::Form;
use super::till::{CardEntry, Fault, Field, Mistake};

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

/// What may be shown again of a card form.
pub(super) fn shown(form: &Form) -> Shown {
    let text = |name| form.get(name).chars().take(SHOWN_CHARS_MAX).collect();
    Shown {
        // A payer who puts the number into the wrong field does not get it shown either.
        holder: without_card_number(text("holder")),
        month: without_card_number(text("month")),
        year: without_card_number(text("year")),
        is_saved: form.get("save") == "yes",
    }
}

/// Reads a card; the mistakes are in the order of the fields.
pub(super) fn card(form: &Form) -> Result<CardEntry, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut kept = |field, read: Result<String, Fault>| {
        let noted = |fault| mistakes.push(Mistake { field, fault });
        read.map_err(noted).unwrap_or_default()
    };
    let entry = CardEntry {
        number: Zeroizing::new(kept(Field::Number, number(form.get("number")))),
        holder: kept(Field::Holder, holder(form.get("holder"))),
        expiry_month: kept(Field::Month, month(form.get("month"))),
        expiry_year: kept(Field::Year, year(form.get("year"))),
        cvv: Zeroizing::new(kept(Field::Cvv, cvv(form.get("cvv")))),
        is_saved: form.get("save") == "yes",
    };
    if mistakes.is_empty() { Ok(entry) } else { Err(mistakes) }
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

fn number(text: &str) -> Result<String, Fault> {
    let text = present(text)?;
    let mut digits = String::with_capacity(text.len());
    digits.extend(text.chars().filter(|next| !matches!(next, ' ' | '\u{a0}' | '-')));
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only || !(12..=19).contains(&digits.len()) {
        drop(Zeroizing::new(digits));
        return Err(Fault::Malformed);
    }
    if !passes_luhn(&digits) {
        drop(Zeroizing::new(digits));
        return Err(Fault::Unknown);
    }
    Ok(digits)
}

/// Luhn's check (ISO/IEC 7812-1, annex B).
fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte.saturating_sub(b'0')))
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => digit.saturating_mul(2),
            (_, digit) => digit.saturating_mul(2).saturating_sub(9),
        })
        .sum();
    sum.is_multiple_of(10)
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

fn month(text: &str) -> Result<String, Fault> {
    match present(text)?.parse() {
        Ok(month @ 1..=12) if is_digits(text, 2) => Ok(format!("{month:02}")),
        Ok::<u8, _>(_) | Err(_) => Err(Fault::Malformed),
    }
}

/// `34` and `2034` are the same year.
fn year(text: &str) -> Result<String, Fault> {
    let text = present(text)?;
    match text.len() {
        2 if is_digits(text, 2) => Ok(format!("20{text}")),
        4 if is_digits(text, 4) && text.starts_with("20") => Ok(text.to_owned()),
        _ => Err(Fault::Malformed),
    }
}

fn cvv(text: &str) -> Result<String, Fault> {
    let text = present(text)?;
    let fits = text.len() >= 3 && is_digits(text, 4);
    if fits { Ok(text.to_owned()) } else { Err(Fault::Malformed) }
}

fn is_digits(text: &str, digits_max: usize) -> bool {
    text.len() <= digits_max && text.bytes().all(|byte| byte.is_ascii_digit())
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
        card(&Form::of_text(text))
    }

    #[test]
    fn a_card_is_read_as_it_is_usually_written() {
        let read = card_of("number=4200+0000-0000+0000&holder=Al+Vi&month=5&year=34&cvv=123");
        let read = read.unwrap();
        assert_eq!(read.number.as_str(), "4200000000000000");
        assert_eq!((read.holder.as_str(), read.cvv.as_str()), ("Al Vi", "123"));
        assert_eq!((read.expiry_month.as_str(), read.expiry_year.as_str()), ("05", "2034"));
        assert!(!read.is_saved);
        assert_eq!(format!("{read:?}"), "CardEntry(hidden)");
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
        for (read, expected) in [
            (number("4444444444444444"), Err(Fault::Unknown)),
            (number("42000000000000000000"), Err(Fault::Malformed)),
            (number("42000000000"), Err(Fault::Malformed)),
            (number("4200a00000000000"), Err(Fault::Malformed)),
            (number("6799998900000060018"), Ok("6799998900000060018")),
            (holder("Al"), Err(Fault::Malformed)),
            (holder("800.100.203"), Ok("800.100.203")),
            (holder("4200 0000 0000 0000"), Err(Fault::Malformed)),
            (holder("a\u{7}bc"), Err(Fault::Malformed)),
            (month("0"), Err(Fault::Malformed)),
            (month("13"), Err(Fault::Malformed)),
            (month("+1"), Err(Fault::Malformed)),
            (month("012"), Err(Fault::Malformed)),
            (month("12"), Ok("12")),
            (year("1999"), Err(Fault::Malformed)),
            (year("2034"), Ok("2034")),
            (year("034"), Err(Fault::Malformed)),
            (cvv("12"), Err(Fault::Malformed)),
            (cvv("1234"), Ok("1234")),
            (cvv("12345"), Err(Fault::Malformed)),
            (cvv("12a"), Err(Fault::Malformed)),
        ] {
            assert_eq!(read, expected.map(str::to_owned));
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
        let form = Form::of_text("holder=4200+0000+0000+0000&month=5&year=2034&save=yes");
        let expected = Shown {
            holder: String::new(),
            month: "5".to_owned(),
            year: "2034".to_owned(),
            is_saved: true,
        };
        assert_eq!(shown(&form), expected);
    }
}
