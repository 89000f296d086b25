//! Amounts of money, exact from the first digit of the request to the last row.

use iso_currency::Currency as Iso;

use crate::limits::AMOUNT_MINOR_MAX;

/// An ISO 4217 currency that has minor units (of 0, 2, 3 or 4 decimals).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(Iso);

/// A non-negative amount in minor units (öre, cents, whole yen) of one currency.
///
/// Direction is never a sign: which account is debited and which is credited says it.
/// Invariant: `0 <= minor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// An exact decimal number as a client wrote it, before its currency is known.
///
/// Invariant: `digits` has no trailing zeros unless `decimals` is 0, so that equal numbers are
/// equal values (`300.0` and `3e2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    digits: i64,
    decimals: u32,
}

/// Why an amount could not be built or combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a JSON number.
    #[error("not a decimal number")]
    NotANumber,
    /// The amount was below zero.
    #[error("amount is negative")]
    Negative,
    /// The amount has more decimals than its currency.
    #[error("more decimals than the currency has")]
    NotExact,
    /// The amount is larger than an amount may be.
    #[error("amount is out of range")]
    OutOfRange,
    /// The two amounts are in different currencies.
    #[error("currencies differ")]
    CurrencyMismatch,
}

impl Currency {
    /// The Swedish krona, for tests and the demo.
    pub const SEK: Currency = Currency(Iso::SEK);

    /// Looks up an upper-case alphabetic code. Codes without minor units (gold, `XXX`) are none.
    pub fn parse(code: &str) -> Option<Currency> {
        let currency = Iso::from_code(code).filter(|currency| currency.exponent().is_some())?;
        Some(Currency(currency))
    }

    /// The alphabetic code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimals of the minor unit (ISO 4217, exponent).
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl Money {
    /// Builds an amount from minor units, as our tables carry it.
    ///
    /// # Errors
    /// [`MoneyError::Negative`] when `minor < 0`.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Money, MoneyError> {
        if minor < 0 {
            return Err(MoneyError::Negative);
        }
        Ok(Money { minor, currency })
    }

    /// The amount in minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency, which decides how many minor units make a major one.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Adds two amounts of the same currency.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], or [`MoneyError::OutOfRange`] past `i64::MAX`.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Money { minor, currency: self.currency })
    }
}

/// Shows minor units in major units with all decimals of the currency: `300.00`.
pub fn format_minor(minor: i64, currency: Currency) -> String {
    let exponent = usize::try_from(currency.exponent()).unwrap_or(0);
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = exponent.saturating_add(1));
    let (major, fraction) = digits.split_at(digits.len().saturating_sub(exponent));
    let sign = if minor < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{major}") } else { format!("{sign}{major}.{fraction}") }
}

impl Decimal {
    /// Reads a JSON number (RFC 8259 §6) without passing through a float.
    ///
    /// # Errors
    /// [`MoneyError::NotANumber`]; [`MoneyError::Negative`] below zero;
    /// [`MoneyError::OutOfRange`] when it has more than 18 significant digits or does not fit.
    pub fn parse(text: &str) -> Result<Decimal, MoneyError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(MoneyError::NotANumber),
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::NotANumber);
        }
        let decimal = assemble(whole, fraction, exponent)?;
        if negative && decimal.digits != 0 { Err(MoneyError::Negative) } else { Ok(decimal) }
    }

    /// An amount of minor units. Below zero there is none: it becomes zero.
    pub fn of_minor(minor: i64, currency: Currency) -> Decimal {
        Decimal { digits: minor.max(0), decimals: currency.exponent() }
    }

    /// The number zero or not.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The amount in minor units of `currency`.
    ///
    /// # Errors
    /// [`MoneyError::NotExact`] when it has more decimals than the currency;
    /// [`MoneyError::OutOfRange`] above [`AMOUNT_MINOR_MAX`].
    pub fn minor(self, currency: Currency) -> Result<i64, MoneyError> {
        let missing = currency.exponent().checked_sub(self.decimals).ok_or(MoneyError::NotExact)?;
        let factor = 10_i64.checked_pow(missing).ok_or(MoneyError::OutOfRange)?;
        let minor = self.digits.checked_mul(factor).ok_or(MoneyError::OutOfRange)?;
        if minor > AMOUNT_MINOR_MAX { Err(MoneyError::OutOfRange) } else { Ok(minor) }
    }

    /// The digits without the decimal point, and how many of them follow it. For hashing.
    pub fn parts(self) -> (i64, u32) {
        (self.digits, self.decimals)
    }
}

/// Reads the part after `e`. Far beyond what an amount can be, its exact size is irrelevant.
fn parse_exponent(text: &str) -> Result<i64, MoneyError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MoneyError::NotANumber);
    }
    let size = digits.bytes().fold(0_i64, |size, byte| {
        let digit = i64::from(byte.saturating_sub(b'0'));
        size.saturating_mul(10).saturating_add(digit).min(1_000_000)
    });
    Ok(if negative { size.saturating_neg() } else { size })
}

fn assemble(whole: &str, fraction: &str, exponent: i64) -> Result<Decimal, MoneyError> {
    let fraction_len = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let digits = whole.bytes().chain(fraction.bytes());
    let significant: Vec<u8> = digits.skip_while(|byte| *byte == b'0').collect();
    let zeros = significant.iter().rev().take_while(|byte| **byte == b'0').count();
    let kept = significant.len().saturating_sub(zeros);
    let Some(kept_digits) = significant.get(..kept).filter(|kept| !kept.is_empty()) else {
        return Ok(Decimal { digits: 0, decimals: 0 });
    };
    if kept_digits.len() > 18 {
        return Err(MoneyError::OutOfRange);
    }
    let number = kept_digits.iter().fold(0_i64, |number, byte| {
        let digit = i64::from(byte.saturating_sub(b'0'));
        number.saturating_mul(10).saturating_add(digit)
    });
    let zeros = i64::try_from(zeros).unwrap_or(i64::MAX);
    let decimals = fraction_len.saturating_sub(exponent).saturating_sub(zeros);
    if let Ok(decimals) = u32::try_from(decimals) {
        return Ok(Decimal { digits: number, decimals });
    }
    let shift = u32::try_from(decimals.saturating_neg()).unwrap_or(u32::MAX);
    let factor = 10_i64.checked_pow(shift).ok_or(MoneyError::OutOfRange)?;
    let digits = number.checked_mul(factor).ok_or(MoneyError::OutOfRange)?;
    Ok(Decimal { digits, decimals: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        check(
            "
            text                     currency  minor
            300.0                    SEK       30000
            300.00                   SEK       30000
            3e2                      SEK       30000
            0.3E+3                   SEK       30000
            300.000                  SEK       30000
            30000e-2                 SEK       30000
            0.01                     SEK       1
            1e-2                     SEK       1
            0.1                      SEK       10
            0                        SEK       0
            -0                       SEK       0
            0e999999999999           SEK       0
            0.000                    JPY       0
            300.0                    JPY       300
            1.5                      JPY       NotExact
            0.001                    SEK       NotExact
            0.001                    KWD       1
            1e-9999999999999999999   SEK       NotExact
            10000000000000           SEK       1000000000000000
            10000000000000.01        SEK       OutOfRange
            1e99                     SEK       OutOfRange
            1e9999999999999999999    SEK       OutOfRange
            1234567890123456789      SEK       OutOfRange
            0.10000000000000000000   SEK       10
            0.10000000000000000001   SEK       OutOfRange
            -0.01                    SEK       Negative
            -1e5                     SEK       Negative
            01                       SEK       NotANumber
            .5                       SEK       NotANumber
            5.                       SEK       NotANumber
            +5                       SEK       NotANumber
            1e                       SEK       NotANumber
            1e+                      SEK       NotANumber
            1.e2                     SEK       NotANumber
            1,5                      SEK       NotANumber
            0x10                     SEK       NotANumber
            NaN                      SEK       NotANumber
            -                        SEK       NotANumber
            ١٢                       SEK       NotANumber
            ",
        );
    }

    #[track_caller]
    fn check(table: &str) {
        for row in table.trim().lines().skip(1) {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let currency = Currency::parse(cells[1]).unwrap();
            let outcome = match Decimal::parse(cells[0]).and_then(|amount| amount.minor(currency)) {
                Ok(minor) => minor.to_string(),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(outcome, cells[2], "{row}");
        }
    }

    #[test]
    fn amounts_are_shown_with_the_decimals_of_their_currency() {
        let shown = |minor, code| format_minor(minor, Currency::parse(code).unwrap());
        assert_eq!(shown(30_000, "SEK"), "300.00");
        assert_eq!(shown(5, "SEK"), "0.05");
        assert_eq!(shown(-5, "SEK"), "-0.05");
        assert_eq!(shown(300, "JPY"), "300");
        assert_eq!(shown(1, "KWD"), "0.001");
        assert_eq!(shown(i64::MIN, "SEK"), "-92233720368547758.08");
    }

    #[test]
    fn currencies_are_upper_case_codes_with_minor_units() {
        assert_eq!(Currency::parse("SEK"), Some(Currency::SEK));
        for bad in ["sek", "", "SE", "ZZZ", "XAU", "XXX"] {
            assert_eq!(Currency::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn addition_stays_in_one_currency_and_in_range() {
        let sek = |minor| Money::from_minor(minor, Currency::SEK).unwrap();
        let eur = Money::from_minor(1, Currency::parse("EUR").unwrap()).unwrap();
        assert_eq!(sek(2).checked_add(sek(3)), Ok(sek(5)));
        assert_eq!(sek(2).checked_add(eur), Err(MoneyError::CurrencyMismatch));
        assert_eq!(sek(i64::MAX).checked_add(sek(1)), Err(MoneyError::OutOfRange));
        assert_eq!(Money::from_minor(-1, Currency::SEK), Err(MoneyError::Negative));
    }
}
