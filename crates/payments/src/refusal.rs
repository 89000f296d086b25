//! Every reason for which payments over PSPs are refused.

/// Why a command was refused, in the order in which the reasons are checked. What is wrong with a
/// request's form is found before it becomes a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller's key stands for another request.
    #[error("idempotency key is used by another request")]
    IdempotencyKeyReused,
    /// No such merchant.
    #[error("merchant is unknown")]
    MerchantNotFound,
    /// The merchant is not active.
    #[error("merchant is not active")]
    MerchantInactive,
    /// The merchant has no agreement with the PSP behind the method.
    #[error("merchant has no agreement for this method")]
    NoAgreement,
    /// The method does not take this currency.
    #[error("currency is not supported by this method")]
    CurrencyNotSupported,
    /// Another payment of the merchant that is not final has this reference.
    #[error("terminal reference is in use")]
    ReferenceInUse,
    /// The merchant has asked for the same before, by its own name for it.
    #[error("the same payment was asked for before")]
    Duplicate,
    /// No such checkout.
    #[error("checkout is unknown")]
    CheckoutNotFound,
    /// The checkout's time is over, or too much was tried.
    #[error("checkout has expired")]
    CheckoutExpired,
    /// A payment of the checkout is undecided, or was made.
    #[error("checkout has another payment")]
    CheckoutBusy,
    /// The payment that a refund or reversal is about is unknown.
    #[error("original payment is unknown")]
    OriginalNotFound,
    /// A refund or reversal is about a payment, not about another refund or reversal.
    #[error("original is no payment")]
    OriginalNotPayment,
    /// The original was paid in another way.
    #[error("original has another method")]
    MethodDiffers,
    /// The original is in another currency.
    #[error("original has another currency")]
    CurrencyDiffers,
    /// No money was taken, so that none can be given back.
    #[error("original is not paid")]
    OriginalNotPaid,
    /// The original is in a batch report.
    #[error("original is reported")]
    OriginalReported,
    /// The original has ended without money.
    #[error("original has ended")]
    OriginalEnded,
    /// Another reversal, or a refund, of the original came first.
    #[error("original is already given back")]
    AlreadyGivenBack,
    /// A reversal is of the whole amount.
    #[error("a reversal must be of the whole amount")]
    NotWhole,
    /// More is asked back than is left.
    #[error("more than remains of the original")]
    MoreThanRemains {
        /// What remains, in minor units.
        minor: i64,
    },
    /// More was captured of the original since it was read.
    #[error("original has changed meanwhile")]
    OriginalChanged,
    /// The original was captured in too many parts.
    #[error("original has too many captures")]
    TooManyCaptures,
    /// No such payment, or one outside what the caller may reach.
    #[error("payment is unknown")]
    PaymentNotFound,
    /// Only what is reserved can be captured.
    #[error("payment is not reserved")]
    NotReserved,
    /// More is to be captured than is reserved.
    #[error("more than is reserved")]
    CaptureTooLarge {
        /// What is reserved, in minor units.
        minor: i64,
    },
    /// No such registration, or one outside what the caller may reach.
    #[error("registration is unknown")]
    RegistrationNotFound,
    /// The card was deregistered before.
    #[error("registration is deleted")]
    RegistrationDeleted,
    /// The agreement, or the value of it, was deleted before.
    #[error("agreement is deleted")]
    AgreementDeleted,
    /// No such agreement, or no such value of it.
    #[error("agreement is unknown")]
    AgreementNotFound,
    /// No such endpoint.
    #[error("endpoint is unknown")]
    EndpointNotFound,
    /// The merchant has as many endpoints as it may have.
    #[error("merchant has too many endpoints")]
    TooManyEndpoints,
    /// The merchant is notified there already.
    #[error("merchant has an endpoint with this address")]
    EndpointTwice,
    /// What stands for the addresses that payments bring along has none of its own.
    #[error("endpoint has no address of its own")]
    EndpointHasNoUrl,
    /// Nothing is sent to this endpoint.
    #[error("endpoint is disabled or deleted")]
    EndpointDisabled,
    /// No such notification.
    #[error("notification is unknown")]
    NotificationNotFound,
}
