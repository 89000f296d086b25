//! What Santander's loans may amount to (its product terms for the Nordic countries).

use ledger::Currency;
use ledger::money::format_minor;
use payments::Amount;

/// The smallest and the largest amount of each currency, in minor units.
const AMOUNTS: [(&str, i64, i64); 4] = [
    ("DKK", 200_000, 10_000_000),
    ("EUR", 30_000, 750_000),
    ("NOK", 199_000, 5_000_000),
    ("SEK", 54_000, 10_000_000),
];

/// Which limit an amount breaks, for people.
pub(super) fn broken(amount: Amount) -> Option<String> {
    let code = amount.currency.code();
    let Some((_, min, max)) = AMOUNTS.iter().find(|(currency, _, _)| *currency == code) else {
        return Some(format!("AMOUNT_LIMIT: no loans in {code}"));
    };
    if (*min..=*max).contains(&amount.total_minor) {
        return None;
    }
    let shown = |minor: i64, currency: Currency| format_minor(minor, currency);
    let (min, max) = (shown(*min, amount.currency), shown(*max, amount.currency));
    Some(format!("AMOUNT_LIMIT: a loan is between {min} and {max} {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_allowed() {
        let table = [
            ("DKK", 200_000, 10_000_000),
            ("EUR", 30_000, 750_000),
            ("NOK", 199_000, 5_000_000),
            ("SEK", 54_000, 10_000_000),
        ];
        for (code, min, max) in table {
            let currency = Currency::parse(code).unwrap();
            let is_broken = |total_minor| {
                let amount =
                    Amount { currency, total_minor, vat_minor: 0, nominal_minor: total_minor };
                broken(amount).is_some()
            };
            assert_eq!([min - 1, min, max, max + 1].map(is_broken), [true, false, false, true]);
        }
        let currency = Currency::parse("USD").unwrap();
        let amount = Amount { currency, total_minor: 100_000, vat_minor: 0, nominal_minor: 0 };
        assert_eq!(broken(amount).as_deref(), Some("AMOUNT_LIMIT: no loans in USD"));
    }
}
