//! Which follow-up may be about which payment: the graph of references, as one pure decision. What
//! depends on amounts is decided with the books.

use payments::result_code::Standing;
use payments::{Payment, PaymentKind, PaymentType, ResultCode};

/// A follow-up that is asked for.
pub(super) struct FollowUp<'p> {
    /// What is asked for.
    pub(super) kind: PaymentType,
    /// The transaction that the path names.
    pub(super) referenced: &'p Payment,
    /// The payment that it belongs to: a capture's is what it was taken from.
    pub(super) root: &'p Payment,
}

impl FollowUp<'_> {
    /// Whether it may be, in the order: type, standing, what it is about.
    ///
    /// # Errors
    /// The code that says why not.
    pub(super) fn check(&self) -> Result<(), ResultCode> {
        let referenced_kind = self.referenced.online.as_ref().map(|online| online.kind);
        let referenced_kind = referenced_kind.ok_or(ResultCode::REFERENCE_NOT_FOUND)?;
        match self.referenced.result().standing() {
            Standing::Pending => return Err(ResultCode::REFERENCE_PENDING),
            Standing::Rejected | Standing::Chargeback => {
                return Err(ResultCode::REFERENCE_REJECTED);
            }
            Standing::Accepted | Standing::AcceptedReview => {}
        }
        let (may, otherwise) = self.may(referenced_kind);
        if !may {
            return Err(otherwise);
        }
        let is_money_wanted =
            matches!(self.kind, PaymentType::Capture | PaymentType::Refund | PaymentType::Reversal);
        let is_void = self.root.is_taken_in_parts() && self.root.captured_minor > 0;
        let is_reversed = self.root.reversal.is_some();
        // What was captured before the rest was released can still be given back.
        if is_money_wanted && is_reversed && !(is_void && self.kind == PaymentType::Refund) {
            return Err(ResultCode::CANNOT_REVERSE);
        }
        Ok(())
    }

    fn may(&self, referenced: PaymentType) -> (bool, ResultCode) {
        use PaymentType::{Capture, Credit, Debit, Preauthorization, Rebill, Refund, Reversal};

        let has_taken = matches!(referenced, Capture | Debit | Rebill)
            || (referenced == Preauthorization && self.root.captured_minor > 0);
        let is_card = self.root.method.psp().is_none() && self.root.kind == PaymentKind::Payment;
        match self.kind {
            Capture => (referenced == Preauthorization, ResultCode::CAPTURE_NEEDS_PA),
            Refund => (has_taken, ResultCode::REFUND_NEEDS_DEBIT),
            Reversal => {
                let may = has_taken || referenced == Preauthorization;
                (may, ResultCode::REVERSAL_NEEDS_PAYMENT)
            }
            // Only a card can be charged, or be given money, without its payer.
            Rebill | Credit => {
                let is_payment = has_taken || referenced == Preauthorization;
                (is_card && is_payment, ResultCode::WRONG_TYPE_FOR_METHOD)
            }
            Preauthorization | Debit => (false, ResultCode::BAD_PAYMENT_TYPE),
        }
    }
}
