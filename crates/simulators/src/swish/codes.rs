//! Swish's error codes.

use serde_json::{Value, json};

use crate::wire::WireAnswer;

/// An error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// As it is written.
    pub(crate) word: &'static str,
    /// What it means.
    pub(crate) text: &'static str,
    /// When it comes up.
    pub(crate) step: Step,
}

/// When a code comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// At once, as a refusal.
    Create,
    /// Later, as the result.
    Result,
}

pub(crate) const ACMT01: Code = create("ACMT01", "Counterpart is not activated");
pub(crate) const ACMT03: Code = create("ACMT03", "Payer is not enrolled");
pub(crate) const ACMT07: Code = create("ACMT07", "Payee is not enrolled");
pub(crate) const AM02: Code = create("AM02", "Amount is too large");
pub(crate) const AM03: Code = create("AM03", "Currency is missing or invalid");
pub(crate) const AM04: Code = result("AM04", "Insufficient funds on the merchant's account");
pub(crate) const AM06: Code = create("AM06", "Amount is below the agreed minimum");
pub(crate) const BANKIDCL: Code = result("BANKIDCL", "Payer cancelled BankID signing");
pub(crate) const BE18: Code = create("BE18", "Payer alias is invalid");
pub(crate) const DS24: Code = result("DS24", "Timed out waiting for the banks, outcome unknown");
pub(crate) const FF08: Code = create("FF08", "Payment reference is invalid");
pub(crate) const FF10: Code = result("FF10", "Bank system error");
pub(crate) const PA01: Code = create("PA01", "A parameter is not correct");
pub(crate) const PA02: Code = create("PA02", "Amount is missing or not a number");
pub(crate) const RF02: Code = create("RF02", "Original payment not found or too old");
pub(crate) const RF03: Code = create("RF03", "Payer alias differs from the original payee");
pub(crate) const RF04: Code = create("RF04", "Organisation number differs from the original payee");
pub(crate) const RF06: Code = create("RF06", "Number of the original payer has a new owner");
pub(crate) const RF07: Code = result("RF07", "Transaction was declined");
pub(crate) const RF08: Code = create("RF08", "Amount is larger than what is left of the original");
pub(crate) const RF09: Code = create("RF09", "A refund is already in progress");
pub(crate) const RP01: Code = create("RP01", "Merchant's number is missing");
pub(crate) const RP02: Code = create("RP02", "Message is wrongly formatted");
pub(crate) const RP03: Code = create("RP03", "Callback address is missing or wrong");
pub(crate) const RP06: Code = create("RP06", "Payer has another active payment request");
pub(crate) const RP07: Code = create("RP07", "Payment request cannot be cancelled");
pub(crate) const RP09: Code = create("RP09", "Instruction UUID is already used");
pub(crate) const TM01: Code = result("TM01", "Timed out before the payment was started");
pub(crate) const VR01: Code = create("VR01", "Payer does not meet the age limit");
pub(crate) const VR02: Code = create("VR02", "Payer alias is not enrolled with that person");

/// Those that may be asked for by the message.
const TRIGGERS: [Code; 29] = [
    ACMT01, ACMT03, ACMT07, AM02, AM03, AM04, AM06, BANKIDCL, BE18, DS24, FF08, FF10, PA01, PA02,
    RF02, RF03, RF04, RF06, RF07, RF08, RF09, RP01, RP02, RP03, RP06, RP09, TM01, VR01, VR02,
];

const fn create(word: &'static str, text: &'static str) -> Code {
    Code { word, text, step: Step::Create }
}

const fn result(word: &'static str, text: &'static str) -> Code {
    Code { word, text, step: Step::Result }
}

/// The code that a message asks for: a message that is nothing but a code.
pub(crate) fn trigger(message: Option<&str>) -> Option<Code> {
    let message = message?;
    TRIGGERS.into_iter().find(|code| code.word == message)
}

/// A refusal with all that is wrong.
pub(crate) fn refusal(codes: &[Code]) -> WireAnswer {
    refusal_with(codes, None)
}

/// A refusal that says more.
pub(crate) fn refusal_with(codes: &[Code], more: Option<&str>) -> WireAnswer {
    let errors: Vec<Value> = codes
        .iter()
        .map(|code| {
            json!({
                "errorCode": code.word,
                "errorMessage": code.text,
                "additionalInformation": more,
            })
        })
        .collect();
    WireAnswer::json(422, &Value::Array(errors))
}
