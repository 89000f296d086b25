//! The error codes of Nexi Checkout (Checkout API, error codes), and what its answers say went
//! wrong.
//!
//! A code of a request that begins something comes to a refusal. After a code of a charge or a
//! cancellation the payment is read, and its sums decide; only 1019 (already cancelled) is an
//! answer of its own.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::answer::explained;
use crate::exchange::Response;

/// It was cancelled before.
pub(super) const ALREADY_CANCELLED: &str = "1019";

/// The codes and what they mean.
const TEXTS: [(&str, &str); 33] = [
    ("1000", "unknown error"),
    ("1001", "more would be charged than is reserved"),
    ("1002", "the amount is zero"),
    ("1003", "nothing is reserved"),
    ("1004", "it is reserved already"),
    ("1005", "the amount is not the sum of the items"),
    ("1006", "the payment has no consumer"),
    ("1007", "a part cannot be cancelled"),
    ("1008", "it is charged already"),
    ("1009", "the amount of the refund is invalid"),
    ("1010", "the reservation has expired"),
    ("1011", "there is no such charge"),
    ("1012", "the refund was cancelled"),
    ("1013", "the refund has expired"),
    ("1014", "the refund failed"),
    ("1015", "the items are missing"),
    ("1016", "the order's reference was set before"),
    ("1017", "the checkout's domain cannot be changed"),
    ("1018", "the payment has no reference of its order"),
    ("1019", "it is cancelled already"),
    ("1020", "the payment method failed to charge"),
    ("1021", "the shipping cost is not specified"),
    ("1022", "the payment method failed to reserve"),
    ("1023", "it is refunded already"),
    ("1024", "a part cannot be charged"),
    ("1025", "the refund cannot be cancelled"),
    ("1026", "it was to be charged before with another amount"),
    ("1027", "it was to be refunded before with another amount"),
    ("1028", "the order could not be changed at the invoice provider"),
    ("1029", "the card's issuer declines for good"),
    ("1030", "the subscription has expired"),
    ("1031", "the subscription is invalid"),
    ("1032", "the subscription is not traced to a genuine one"),
];

/// A rule of the business was broken.
#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    message: String,
}

/// Fields were wrong.
#[derive(Deserialize)]
struct Faults {
    errors: BTreeMap<String, Vec<String>>,
}

/// What a code means, for people.
pub fn text(code: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// The code of an answer.
pub(super) fn code(response: &Response) -> Option<String> {
    response.read().map(|problem: Problem| problem.code)
}

/// What an answer says went wrong.
pub(super) fn info(response: &Response) -> String {
    if let Some(problem) = response.read::<Problem>() {
        return explained(&problem.code, text(&problem.code), Some(&problem.message));
    }
    let faults = response.read::<Faults>().map(|faults| faults.errors).unwrap_or_default();
    if faults.is_empty() {
        return format!("HTTP {}", response.status);
    }
    let told = |(field, texts): (String, Vec<String>)| format!("{field}: {}", texts.join(", "));
    faults.into_iter().map(told).collect::<Vec<_>>().join("; ")
}
