//! What a request must say, by what it asks for.

use payments::{Brand, PaymentType, ResultCode};

use super::faults::Faults;
use super::format::Fault;
use super::name::Name;
use super::sent::Sent;
use super::table::Rule;

/// What a request with parameters asks for, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `POST /v3/payments`.
    Payment,
    /// What a payer enters on the hosted page; the rest is the checkout's.
    PagePayment,
    /// `POST /v3/registrations/{id}/payments`.
    TokenPayment,
    /// `POST /v3/payments/{id}`.
    FollowUp,
    /// `POST /v3/registrations`.
    Registration,
    /// `POST /v3/checkouts`.
    Checkout,
    /// `POST /v3/checkouts/{id}`.
    CheckoutUpdate,
}

/// What a request asks for, by its path and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A payment with a card.
    CardPayment,
    /// A payment with a brand that answers later.
    AsynchronousPayment,
    /// A payment with neither a card nor a brand.
    UnclearPayment,
    /// A payment with a card on the hosted page.
    PageCardPayment,
    /// Another payment on the hosted page.
    PagePayment,
    /// A payment with a token.
    TokenPayment,
    /// A follow-up that takes, or gives back, an amount.
    FollowUp,
    /// A reversal, which needs no amount; or a follow-up that does not say what it is.
    Reversal,
    /// A registration of a card.
    Registration,
    /// A new checkout.
    Checkout,
    /// A change of a checkout.
    CheckoutUpdate,
}

/// The brand whose payers are reached by a number.
const REACHED_BY_NUMBER: &str = "SWISH";

/// The brands that the payer has to be sent to.
const REDIRECTING: [&str; 3] = ["KLARNA", "SANTANDER", "EASY"];

/// The parameters without which a request cannot be carried out. `entityId` is not among them: it
/// is decided with the caller.
pub(crate) fn required(request: Request) -> &'static [&'static str] {
    match request {
        Request::CardPayment => &[
            "amount",
            "currency",
            "paymentType",
            "card.number",
            "card.expiryMonth",
            "card.expiryYear",
        ],
        Request::AsynchronousPayment | Request::UnclearPayment => {
            &["amount", "currency", "paymentBrand", "paymentType"]
        }
        Request::TokenPayment => &["amount", "currency", "paymentType"],
        Request::FollowUp => &["paymentType", "amount"],
        Request::Reversal => &["paymentType"],
        Request::PageCardPayment | Request::Registration => {
            &["card.number", "card.expiryMonth", "card.expiryYear"]
        }
        Request::PagePayment => &["paymentBrand"],
        Request::Checkout => &["amount", "currency", "paymentType", "shopperResultUrl"],
        Request::CheckoutUpdate => &[],
    }
}

/// Notes what is missing.
pub(super) fn check(sent: &Sent<'_>, operation: Operation, faults: &mut Faults<'_>) {
    for name in required(operation.request(sent)) {
        if !sent.has(name) {
            missing(name, faults);
        }
    }
    let is_on_page = operation == Operation::PagePayment;
    if operation != Operation::Payment && !is_on_page {
        return;
    }
    let Some(brand) = sent.text("paymentBrand") else { return };
    if REDIRECTING.contains(&brand) && !is_on_page && !sent.has("shopperResultUrl") {
        missing("shopperResultUrl", faults);
    }
    let has_number = sent.has("virtualAccount.accountId") || sent.has("customer.mobile");
    if brand == REACHED_BY_NUMBER && !has_number {
        missing("virtualAccount.accountId", faults);
    }
}

impl Operation {
    /// Whether payments of a type are made in this way.
    pub(super) fn takes(self, payment_type: PaymentType) -> bool {
        let (is_first, is_follow_up) = match payment_type {
            PaymentType::Preauthorization | PaymentType::Debit => (true, false),
            PaymentType::Credit => (true, true),
            PaymentType::Capture
            | PaymentType::Refund
            | PaymentType::Reversal
            | PaymentType::Rebill => (false, true),
        };
        match self {
            Operation::Payment
            | Operation::PagePayment
            | Operation::TokenPayment
            | Operation::Registration
            | Operation::Checkout
            | Operation::CheckoutUpdate => is_first,
            Operation::FollowUp => is_follow_up,
        }
    }

    /// The types of payments that are made in this way, for people.
    pub(super) fn types(self) -> &'static str {
        match self {
            Operation::Payment
            | Operation::PagePayment
            | Operation::TokenPayment
            | Operation::Registration
            | Operation::Checkout
            | Operation::CheckoutUpdate => "must be PA, DB or CD here",
            Operation::FollowUp => "must be CP, RF, RV, RB or CD here",
        }
    }

    fn request(self, sent: &Sent<'_>) -> Request {
        let brand = sent.text("paymentBrand");
        let is_card = sent.has_card() || brand.and_then(Brand::parse).is_some();
        match self {
            Operation::Payment if is_card => Request::CardPayment,
            Operation::Payment if brand.is_some() => Request::AsynchronousPayment,
            Operation::Payment => Request::UnclearPayment,
            Operation::PagePayment if is_card => Request::PageCardPayment,
            Operation::PagePayment => Request::PagePayment,
            Operation::TokenPayment => Request::TokenPayment,
            Operation::FollowUp => match sent.payment_type() {
                None | Some(PaymentType::Reversal) => Request::Reversal,
                Some(
                    PaymentType::Preauthorization
                    | PaymentType::Debit
                    | PaymentType::Credit
                    | PaymentType::Capture
                    | PaymentType::Refund
                    | PaymentType::Rebill,
                ) => Request::FollowUp,
            },
            Operation::Registration => Request::Registration,
            Operation::Checkout => Request::Checkout,
            Operation::CheckoutUpdate => Request::CheckoutUpdate,
        }
    }
}

fn missing(name: &str, faults: &mut Faults<'_>) {
    let rule = Name::of(name).as_ref().and_then(Rule::of);
    let code = rule.map_or(ResultCode::BAD_PARAMETER, |rule| rule.code(Fault::Empty));
    faults.missing(name, "is required", code);
}
