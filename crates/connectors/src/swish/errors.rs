//! The error codes of Swish (Swish Merchant Integration Guide, error codes).
//!
//! | code | when | what it comes to |
//! |---|---|---|
//! | FF08 RP01 RP02 RP03 RP04 PA01 PA02 AM02 AM03 AM06 BE18 | request | refused |
//! | ACMT01 ACMT03 ACMT07 VR01 VR02 | request | refused |
//! | RP06 RP09 | request | it may be there already: it is read |
//! | RF02 RF03 RF04 RF06 RF08 | refund request | refused |
//! | RF09 | refund request | not done: another refund is being made, this one may be sent again |
//! | RF07 | result | declined |
//! | BANKIDCL RP08 | result | cancelled |
//! | TM01 | result | expired |
//! | DS24 | result | unknown: the banks may still pay |
//! | FF10 AM04 BANKIDONGOING BANKIDUNKN, any other | result | failed |

use payments::Standing;

use crate::answer::explained;

/// The codes and what they mean.
const TEXTS: [(&str, &str); 30] = [
    ("FF08", "the payment reference is invalid"),
    ("RP01", "the merchant's Swish number is missing"),
    ("RP02", "the message is wrongly formatted"),
    ("RP03", "the callback address is missing or not https"),
    ("RP04", "there is no payment request for the token"),
    ("RP06", "the payer has another payment request open"),
    ("RP08", "the payment request was cancelled"),
    ("RP09", "the instruction was used before"),
    ("PA01", "a parameter is not correct, or the Swish number is not the certificate's"),
    ("PA02", "the amount is missing or not a number"),
    ("AM02", "the amount is too large"),
    ("AM03", "the currency is missing or not SEK"),
    ("AM04", "the merchant's account has not enough money"),
    ("AM06", "the amount is below the agreed minimum"),
    ("BE18", "the payer's number is invalid"),
    ("ACMT01", "the counterpart is not activated"),
    ("ACMT03", "the payer has no Swish"),
    ("ACMT07", "the merchant has no Swish"),
    ("VR01", "the payer is too young"),
    ("VR02", "the payer's number is not enrolled with that identity"),
    ("RF02", "the original payment was not found or is more than 13 months old"),
    ("RF03", "the refund's payer is not the original's payee"),
    ("RF04", "the organisation number is not the original's"),
    ("RF06", "the payer's number has another owner now"),
    ("RF07", "the transaction was declined"),
    ("RF08", "the amount is larger than what is left of the payment"),
    ("RF09", "a refund of the payment is being made"),
    ("BANKIDCL", "the payer cancelled the signing"),
    ("TM01", "nobody acted in time"),
    ("DS24", "the banks did not answer in time, the outcome is unknown"),
];

/// More of them, which only the result of a payment has.
const TEXTS_OF_RESULTS: [(&str, &str); 3] = [
    ("FF10", "the bank had an error"),
    ("BANKIDONGOING", "the payer was signing something else"),
    ("BANKIDUNKN", "the payer's BankID does not work"),
];

/// What a code means, for people.
pub fn text(code: &str) -> Option<&'static str> {
    let mut texts = TEXTS.iter().chain(&TEXTS_OF_RESULTS);
    texts.find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// The code with its text.
pub(super) fn told(code: &str, theirs: Option<&str>) -> String {
    explained(code, text(code), theirs)
}

/// What a code of a request that was not taken comes to, if it was the first request. `Unknown`
/// where the thing may be there all the same.
pub(super) fn of_request(code: &str) -> Standing {
    match code {
        "RP06" | "RP09" => Standing::Unknown,
        "RF09" => Standing::NotDone,
        _ => Standing::Refused,
    }
}

/// What the code of a result comes to (status ERROR).
pub(super) fn of_result(code: &str) -> Standing {
    match code {
        "RF07" => Standing::Declined,
        "BANKIDCL" | "RP08" => Standing::Cancelled,
        "TM01" => Standing::Expired,
        "DS24" => Standing::Unknown,
        _ => Standing::Failed,
    }
}
