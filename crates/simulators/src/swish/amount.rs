//! Swish's amounts: text on the way in, a JSON number on the way out.

use serde_json::Value;

use super::codes::{AM02, AM06, Code, PA02};
use crate::limits::AMOUNT_MINOR_MAX;

/// The amount in öre. Whole kronor, or kronor and two digits of öre.
///
/// # Errors
/// The code that says what is wrong with it.
pub(super) fn read(amount: Option<&Value>) -> Result<i64, Code> {
    let written = match amount {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(PA02),
    };
    let (kronor, ore) = written.split_once('.').unwrap_or((&written, "00"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|next| next.is_ascii_digit());
    if !is_digits(kronor) || !is_digits(ore) || ore.len() != 2 {
        return Err(PA02);
    }
    let minor = format!("{kronor}{ore}").parse::<i64>().map_err(|_| AM02)?;
    match minor {
        0 => Err(AM06),
        1..=AMOUNT_MINOR_MAX => Ok(minor),
        _ => Err(AM02),
    }
}

/// The amount in kronor.
pub(super) fn write(minor: i64) -> Value {
    serde_json::from_str(&text(minor)).unwrap_or(Value::Null)
}

/// The amount in kronor, as text.
pub(super) fn text(minor: i64) -> String {
    format!("{}.{:02}", minor.div_euclid(100), minor.rem_euclid(100))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(amount: &Value, expected: Result<i64, Code>) {
        assert_eq!(read(Some(amount)), expected, "{amount}");
    }

    #[test]
    fn amounts_are_read() {
        check(&json!("100"), Ok(10_000));
        check(&json!("0.01"), Ok(1));
        check(&json!("999999999999.99"), Ok(AMOUNT_MINOR_MAX));
        check(&json!(12), Ok(1200));
        check(&json!("0"), Err(AM06));
        check(&json!("0.00"), Err(AM06));
        check(&json!("1000000000000"), Err(AM02));
        check(&json!("99999999999999999999"), Err(AM02));
        for bad in ["", "1.", "1.5", "1.555", "-1", "1,00", " 1", ".50", "1e3"] {
            check(&json!(bad), Err(PA02));
        }
        check(&json!(true), Err(PA02));
        assert_eq!(read(None), Err(PA02));
    }

    #[test]
    fn amounts_are_written_as_numbers() {
        assert_eq!(write(10_050).to_string(), "100.5");
        assert_eq!(write(1).to_string(), "0.01");
        assert_eq!(write(AMOUNT_MINOR_MAX).to_string(), "999999999999.99");
    }
}
