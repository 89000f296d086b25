//! Amounts: any text is a decimal or an error, and what is read back is what was read.

#![no_main]

use ledger::money::format_minor;
use ledger::{Currency, Decimal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(decimal) = Decimal::parse(text) else { return };
    assert!(
        serde_json::from_str::<serde_json::Number>(text).is_ok() || is_beyond_a_float(text),
        "{text} is no JSON number"
    );
    for code in ["SEK", "JPY", "KWD", "CLF"] {
        let currency = Currency::parse(code).expect("a currency");
        let Ok(minor) = decimal.minor(currency) else { continue };
        assert!(minor >= 0, "{text} is negative");
        let shown = format_minor(minor, currency);
        let again = Decimal::parse(&shown).expect("what we show is a decimal");
        assert_eq!(again, decimal, "{text} is shown as {shown}");
        assert_eq!(again.minor(currency), Ok(minor));
    }
});

/// The other reader goes through a float and refuses exponents that do not fit into one.
fn is_beyond_a_float(text: &str) -> bool {
    text.contains(['e', 'E']) || text.len() > 300
}
