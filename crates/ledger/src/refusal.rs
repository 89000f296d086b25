//! Every reason for which the ledger says no.

use crate::authorization::DeclineReason;
use crate::ids::AuthorizationId;
use crate::money::{Currency, Money, MoneyError};
use crate::transaction::PostingKind;

/// Why a command was refused. Listed in the order in which the reasons are checked: what is wrong
/// with the request, who is not configured, what does not exist, what the account declines, what
/// the present state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The amount is not exact in the currency, is zero, or is out of range.
    #[error("amount is not acceptable: {0}")]
    Amount(MoneyError),
    /// The cash part is more than the whole, or not exact in the currency.
    #[error("withdrawal part is not acceptable: {0}")]
    WithdrawalAmount(MoneyError),
    /// The ledger named in the request is not configured.
    #[error("company is not configured")]
    CompanyNotConfigured,
    /// The ledger has no currency to book in.
    #[error("company has no currencies")]
    CompanyIncomplete,
    /// The last day lies in the past or too far ahead.
    #[error("last day of validity is out of range")]
    ValidTo,
    /// The seller is not one of the company's.
    #[error("seller is not registered")]
    SellerNotRegistered,
    /// No card has this token.
    #[error("card token is unknown")]
    CardNotFound,
    /// No account has this number.
    #[error("account is unknown")]
    AccountNotFound,
    /// No authorization has this id.
    #[error("authorization is unknown")]
    AuthorizationNotFound,
    /// No transaction of this kind has this source id.
    #[error("transaction is unknown")]
    TransactionNotFound(PostingKind),
    /// The company or the account does not use this currency.
    #[error("currency is not supported")]
    CurrencyNotSupported,
    /// The account or card says no.
    #[error("authorization is declined")]
    Declined {
        /// Why.
        reason: DeclineReason,
        /// The row that remembers it. None where the source id already stands for another
        /// authorization, so that there is nothing to remember it by.
        authorization: Option<AuthorizationId>,
        /// Whether an earlier decision was repeated.
        replayed: bool,
    },
    /// The source id stands for another authorization.
    #[error("source id is used by another authorization")]
    DuplicateAuthorization,
    /// The source id, or the acquirer's references, stand for another transaction.
    #[error("a reference is used by another transaction")]
    DuplicateTransaction(PostingKind),
    /// The source id, or the acquirer's references, stand for another correction.
    #[error("a reference is used by another correction")]
    DuplicateCorrection,
    /// The source id stands for another settlement, or for another return of one.
    #[error("source id is used by another settlement")]
    DuplicateSettlement,
    /// No settlement has this source id.
    #[error("settlement is unknown")]
    SettlementNotFound,
    /// The settlement has been returned already.
    #[error("settlement is returned")]
    SettlementReturned,
    /// The authorization allows another kind of transaction.
    #[error("authorization is of another kind")]
    AuthorizationTypeMismatch,
    /// The authorization has been cancelled.
    #[error("authorization is cancelled")]
    AuthorizationCancelled,
    /// Nothing remains of the authorization.
    #[error("authorization is used up")]
    AuthorizationUsedUp,
    /// The authorization's last day is over.
    #[error("authorization has expired")]
    AuthorizationExpired,
    /// More was asked than remains.
    #[error("more than remains")]
    InsufficientDebitedAmount {
        /// What remains.
        available: Money,
    },
    /// A balance would no longer fit.
    #[error("balance is out of range")]
    BalanceOutOfRange,
    /// The idempotency key stands for another request.
    #[error("idempotency key is used by another request")]
    IdempotencyKeyReused,
    /// Another one has this name.
    #[error("name is taken")]
    NameTaken,
    /// No such company, card or credential.
    #[error("no such thing")]
    NotFound,
    /// The account is closed for good, or still has something to settle.
    #[error("state does not allow the change")]
    StateConflict,
}

impl Refusal {
    /// More was asked than the `remaining` minor units.
    pub(crate) fn insufficient(remaining: i64, currency: Currency) -> Refusal {
        match Money::from_minor(remaining, currency) {
            Ok(available) => Refusal::InsufficientDebitedAmount { available },
            Err(error) => Refusal::Amount(error),
        }
    }
}
