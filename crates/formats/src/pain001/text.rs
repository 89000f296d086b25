//! What ids, names, accounts and texts may look like between banks.

/// Punctuation that every bank takes (EPC, the Latin character set of SEPA).
const PUNCTUATION: &str = "/-?:().,'+ ";

/// Whether every bank takes a character in an id.
pub(super) fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || PUNCTUATION.contains(letter)
}

/// Whether banks take a character in a name or text: the plain ones, and the letters of Western
/// Europe, without which Nordic names are not theirs.
pub(super) fn is_text(letter: char) -> bool {
    let is_latin = ('\u{C0}'..='\u{FF}').contains(&letter) && !matches!(letter, '×' | '÷');
    is_plain(letter) || is_latin
}

/// The text with what banks do not take replaced, cut to `chars_max` characters: for names and
/// remittance texts that people have written. May come out empty.
pub fn fitting(text: &str, chars_max: usize) -> String {
    let mut fitting = String::new();
    for letter in text.chars() {
        match letter {
            '&' => fitting.push('+'),
            '"' | '´' | '`' | '’' | '‘' | '”' | '“' => fitting.push('\''),
            '–' | '—' | '_' => fitting.push('-'),
            letter if is_text(letter) => fitting.push(letter),
            _ => fitting.push(' '),
        }
    }
    // White space is worth a character once, and nothing at the ends.
    let words: Vec<&str> = fitting.split_whitespace().collect();
    let cut: String = words.join(" ").chars().take(chars_max).collect();
    cut.trim_end().to_owned()
}

/// Whether a text is an IBAN with the right check digits (ISO 13616), without spaces.
pub fn is_iban(text: &str) -> bool {
    has_iban_form(text) && has_iban_check(text)
}

/// Two letters, two digits, and up to thirty letters and digits (`IBAN2007Identifier`; capital
/// letters, as banks want them).
pub(super) fn has_iban_form(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_rest = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    match bytes.split_at_checked(4) {
        Some(([a, b, c, d], rest)) => {
            a.is_ascii_uppercase()
                && b.is_ascii_uppercase()
                && c.is_ascii_digit()
                && d.is_ascii_digit()
                && (1..=30).contains(&rest.len())
                && rest.iter().all(is_rest)
        }
        _ => false,
    }
}

/// ISO 7064, mod 97-10: the first four characters behind the others, letters as 10 to 35.
pub(super) fn has_iban_check(text: &str) -> bool {
    let Some((first, rest)) = text.split_at_checked(4) else { return false };
    let remainder = rest.chars().chain(first.chars()).try_fold(0_u32, |remainder, letter| {
        let digit = letter.to_digit(36)?;
        let shifted = remainder.checked_mul(if digit < 10 { 10 } else { 100 })?;
        shifted.checked_add(digit)?.checked_rem(97)
    });
    remainder == Some(1)
}

/// Whether a text has the form of a BIC (ISO 9362): four letters or digits, two letters, two of
/// either, and perhaps three more (`BICFIDec2014Identifier`).
pub fn is_bic(text: &str) -> bool {
    let is_either = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let country = text.as_bytes().get(4..6).unwrap_or_default();
    matches!(text.len(), 8 | 11)
        && text.bytes().all(|byte| is_either(&byte))
        && country.iter().all(u8::is_ascii_uppercase)
}
