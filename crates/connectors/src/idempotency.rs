//! Names for requests, by which a PSP recognizes that one was sent before.
//!
//! Invariant: the same thing done to the same payment has the same name, however often it is sent,
//! and different things have different names.

use payments::{Operation, Payment};

/// A name of at most 64 letters, digits and dashes.
pub(crate) fn name(payment: &Payment, operation: Operation) -> String {
    let instruction = &payment.instruction;
    match operation {
        Operation::Create | Operation::Read => instruction.clone(),
        Operation::Capture { minor } => format!("{instruction}-capture-{minor}"),
        Operation::Cancel | Operation::GiveUp => format!("{instruction}-cancel"),
    }
}

/// The same in the form of a UUID of version 4: the digits of the instruction, of which the one
/// that holds the variant tells the operation, and the last twelve the amount of a capture.
pub(crate) fn uuid(payment: &Payment, operation: Operation) -> String {
    let digits = payment.instruction.to_ascii_lowercase();
    let (variant, minor) = match operation {
        Operation::Create | Operation::Read => ('8', 0),
        Operation::Capture { minor } => ('9', minor),
        Operation::Cancel | Operation::GiveUp => ('a', 0),
    };
    shaped(&digits, variant, minor).unwrap_or_else(|| name(payment, operation))
}

fn shaped(digits: &str, variant: char, minor: i64) -> Option<String> {
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let last = u64::from_str_radix(digits.get(20..)?, 16).ok()?;
    // An amount is far below 48 bits.
    let last = (last ^ u64::try_from(minor).ok()?) & 0xFFFF_FFFF_FFFF;
    let (first, second) = (digits.get(..8)?, digits.get(8..12)?);
    let (third, fourth) = (digits.get(13..16)?, digits.get(17..20)?);
    Some(format!("{first}-{second}-4{third}-{variant}{fourth}-{last:012x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn different_things_have_different_names_that_do_not_change() {
        let payment = testing::payment();
        let operations = [
            (Operation::Create, "0123456789ABCDEF0123456789ABCDEF"),
            (Operation::Cancel, "0123456789ABCDEF0123456789ABCDEF-cancel"),
            (Operation::Capture { minor: 1 }, "0123456789ABCDEF0123456789ABCDEF-capture-1"),
            (Operation::Capture { minor: 15 }, "0123456789ABCDEF0123456789ABCDEF-capture-15"),
        ];
        for (operation, expected) in operations {
            assert_eq!(name(&payment, operation), expected);
        }
        let shaped: Vec<String> =
            operations.iter().map(|(operation, _)| uuid(&payment, *operation)).collect();
        assert_eq!(
            shaped,
            [
                "01234567-89ab-4def-8123-456789abcdef",
                "01234567-89ab-4def-a123-456789abcdef",
                "01234567-89ab-4def-9123-456789abcdee",
                "01234567-89ab-4def-9123-456789abcde0",
            ]
        );
    }

    #[test]
    fn names_are_short_and_an_odd_instruction_is_taken_as_it_is() {
        let mut payment = testing::payment();
        let largest = Operation::Capture { minor: payments::limits::AMOUNT_MINOR_MAX };
        assert!(name(&payment, largest).len() <= 64);
        payment.instruction = "å".to_owned();
        assert_eq!(uuid(&payment, Operation::Cancel), "å-cancel");
    }
}
