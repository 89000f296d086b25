//! Nexi Checkout's errors.

use std::collections::BTreeMap;

use serde_json::json;

use crate::wire::WireAnswer;

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No credential, or one with a scheme before it.
    Unauthorized,
    /// There is no such thing.
    Missing,
    /// Fields that cannot be, each with what is wrong.
    Fields(BTreeMap<String, String>),
    /// A rule of the business, at the creation of a payment.
    Creation(Code),
    /// A rule of the business, later.
    Business(Code),
}

/// A business code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) number: &'static str,
    pub(super) name: &'static str,
    /// Whose rule it is.
    pub(super) source: &'static str,
}

pub(super) const OVER_CHARGE: Code = code("1001", "OverCharge");
pub(super) const ZERO_CHARGE: Code = code("1002", "ZeroCharge");
pub(super) const NOT_RESERVED: Code = code("1003", "NotReserved");
pub(super) const ALREADY_RESERVED: Code = code("1004", "AlreadyReserved");
pub(super) const AMOUNT_DIFFERS: Code = code("1005", "AmountDiffersFromOrderItems");
pub(super) const PARTIAL_CANCEL: Code = code("1007", "PartialCancelNotAllowed");
pub(super) const ALREADY_CHARGED: Code = code("1008", "AlreadyCharged");
pub(super) const INVALID_REFUND: Code = code("1009", "InvalidRefundAmount");
pub(super) const CHARGE_NOT_FOUND: Code = code("1011", "ChargeNotFound");
pub(super) const REFUND_FAILED: Code = code("1014", "RefundFailed");
pub(super) const ALREADY_CANCELLED: Code = code("1019", "AlreadyCancelled");
pub(super) const RESERVE_FAILED: Code = code("1022", "PaymentReserveMethodFailed");
pub(super) const ALREADY_REFUNDED: Code = code("1023", "PaymentAlreadyRefunded");
pub(super) const REFUND_CANCEL_FAILED: Code = code("1025", "RefundCancelFailed");
pub(super) const OTHER_CHARGE: Code = code("1026", "ChargeTriedWithDifferentAmount");
pub(super) const OTHER_REFUND: Code = code("1027", "RefundTriedWithDifferentAmount");
pub(super) const HARD_DECLINE: Code = code("1029", "HardDecline");
/// What a reservation fails with that the payer's bank declines.
pub(super) const REFUSED_BY_ISSUER: Code =
    Code { number: "33", name: "Refused by issuer", source: "Issuer" };

impl Fault {
    /// One field that cannot be.
    pub(super) fn field(name: impl Into<String>, what: impl Into<String>) -> Fault {
        Fault::Fields(BTreeMap::from([(name.into(), what.into())]))
    }

    pub(super) fn answer(&self) -> WireAnswer {
        match self {
            Fault::Unauthorized => WireAnswer::empty(401),
            Fault::Missing => WireAnswer::empty(404),
            Fault::Fields(fields) => {
                let errors: BTreeMap<&String, [&String; 1]> =
                    fields.iter().map(|(name, what)| (name, [what])).collect();
                WireAnswer::json(400, &json!({ "errors": errors }))
            }
            Fault::Creation(code) => WireAnswer::json(400, &code.to_json()),
            Fault::Business(code) => WireAnswer::json(402, &code.to_json()),
        }
    }
}

impl Code {
    pub(super) fn to_json(self) -> serde_json::Value {
        json!({ "code": self.number, "message": self.name, "source": self.source })
    }
}

const fn code(number: &'static str, name: &'static str) -> Code {
    Code { number, name, source: "Internal" }
}
