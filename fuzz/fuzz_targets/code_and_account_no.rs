//! Names that clients send back: any text is one or none, and a good one survives a round trip.

#![no_main]

use ledger::{AccountNo, CardExpiry, CardToken, Code, Currency, Date, MaskedPan, RowId, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(code) = Code::parse(text) {
        assert_eq!(Code::parse(code.as_str()), Some(code));
        for row in code.rows(RowId(i64::MAX)).take(3) {
            assert_eq!(Code::of(row), code, "{row:?}");
        }
    }
    if let Some(number) = AccountNo::parse(text) {
        assert_eq!(number.to_string(), text);
        assert_eq!(AccountNo::of(number.id()), number);
    }
    if let Some(date) = Date::parse(text) {
        assert_eq!(date.to_string(), text);
    }
    if let Some(expiry) = CardExpiry::parse(text) {
        assert_eq!(expiry.to_string(), text);
    }
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        assert_eq!(Timestamp::parse_rfc3339(&at.rfc3339()), Some(at));
    }
    if let Some(token) = CardToken::parse(text) {
        assert_eq!(token.as_str(), text);
    }
    if let Some(pan) = MaskedPan::of(text) {
        assert_eq!((pan.bin.len(), pan.last4.len()), (6, 4));
    }
    if let Some(currency) = Currency::parse(text) {
        assert_eq!(currency.code(), text);
    }
});
