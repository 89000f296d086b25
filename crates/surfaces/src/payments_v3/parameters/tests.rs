//! Each parameter at the edges of its format, and requests as a whole.

mod edges;
mod requests;

use ledger::Date;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{BadParameters, Operation, Parameters};
use crate::payments_v3::form::Form;

/// The day on which all these requests come.
fn today() -> Date {
    Date::parse("2026-11-30").unwrap()
}

/// Reads parameters as they come from the wire.
fn read(operation: Operation, pairs: &[(&str, &str)]) -> Result<Parameters, BadParameters> {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pieces: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    Parameters::read(&Form::of_query(&pieces.join("&")).unwrap(), operation, today())
}
