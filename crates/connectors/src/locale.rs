//! Where a payer is and what the payer reads: the additional properties `country` and `lang`
//! (AAPay), the language of the terminal, and what follows from the currency.

use payments::Payment;

/// The country, in two upper-case letters. Sweden where nothing tells.
pub(crate) fn country(payment: &Payment) -> String {
    let told = payment.asked.property("country").filter(|country| is_letters(country));
    let by_currency = match payment.amount.currency.code() {
        "NOK" => "NO",
        "DKK" => "DK",
        "EUR" => "FI",
        _ => "SE",
    };
    told.unwrap_or(by_currency).to_ascii_uppercase()
}

/// Language and country: `sv-SE`. The country's own language where nothing tells.
pub(crate) fn locale(payment: &Payment) -> String {
    let country = country(payment);
    let register = payment.asked.register.as_ref();
    let told = payment.asked.property("lang");
    let told = told.or(register.and_then(|register| register.language.as_deref()));
    let mut parts = told.unwrap_or_default().split(['-', '_']);
    let language = parts.next().filter(|language| is_letters(language));
    let of = parts.next().filter(|country| is_letters(country)).map(str::to_ascii_uppercase);
    let language = match language.map(str::to_ascii_lowercase).as_deref() {
        // Norwegian is written in one of two ways; this is what nearly everybody reads.
        Some("no") => "nb".to_owned(),
        Some(language) => language.to_owned(),
        None => of_country(&country).to_owned(),
    };
    format!("{language}-{}", of.unwrap_or(country))
}

fn of_country(country: &str) -> &'static str {
    match country {
        "SE" => "sv",
        "NO" => "nb",
        "DK" => "da",
        "FI" => "fi",
        _ => "en",
    }
}

fn is_letters(word: &str) -> bool {
    word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use ledger::Currency;
    use payments::Register;

    use super::*;
    use crate::testing;

    /// `lang` and `country` as properties, the terminal's language, the currency.
    fn check(told: [&str; 4], expected: &str) {
        let [lang, country_told, language, currency] = told;
        let mut payment = testing::payment();
        for (name, value) in [("lang", lang), ("Country", country_told)] {
            if !value.is_empty() {
                payment.asked.properties.push((name.to_owned(), value.to_owned()));
            }
        }
        let language = Some(language.to_owned()).filter(|language| !language.is_empty());
        payment.asked.register = Some(Register { language, ..Register::default() });
        payment.amount.currency = Currency::parse(currency).unwrap();
        assert_eq!(format!("{} {}", country(&payment), locale(&payment)), expected);
    }

    #[test]
    fn what_was_told_comes_before_the_currency() {
        check(["", "", "", "SEK"], "SE sv-SE");
        check(["", "", "", "NOK"], "NO nb-NO");
        check(["", "", "", "DKK"], "DK da-DK");
        check(["", "", "", "EUR"], "FI fi-FI");
        check(["", "de", "", "EUR"], "DE en-DE");
        check(["en", "", "", "SEK"], "SE en-SE");
        check(["", "", "fi", "SEK"], "SE fi-SE");
        check(["EN_gb", "no", "fi", "SEK"], "NO en-GB");
        check(["no", "", "", "NOK"], "NO nb-NO");
        check(["swedish", "Sweden", "", "SEK"], "SE sv-SE");
    }
}
