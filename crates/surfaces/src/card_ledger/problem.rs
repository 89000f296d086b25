//! Problems: the one place of this surface that knows HTTP statuses. Shape: the contract's
//! `application/problem+json` with members in `PascalCase`.
//!
//! Invariant: nothing internal reaches a client; every problem's `Instance` is in the log.

use std::borrow::Cow;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Extensions, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::limits::RETRY_AFTER_SECONDS;
use engine::{StoreError, SubmitError};
use ledger::{AuthorizationId, DeclineReason, Money, MoneyError, PostingKind, Refusal};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use utoipa::ToSchema;

use super::views::Amount;
use crate::Platform;
use crate::http::body::mark_replayed;
use crate::http::callers::CallerError;
use crate::http::requests::RequestId;

/// Why a request has no other answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// All there is to say is in the kind.
    Plain(Kind),
    /// Every field that is missing or wrong.
    Validation(Vec<BadField>),
    /// The account or card says no.
    Declined {
        /// Why.
        reason: DeclineReason,
        /// The row that remembers it.
        authorization: Option<AuthorizationId>,
        /// Whether an earlier answer is repeated.
        replayed: bool,
    },
    /// More was asked than remains.
    Insufficient {
        /// What remains.
        available: Money,
    },
}

/// One entry of `Problems`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadField {
    /// Where it is in the body, or which query parameter.
    pub(super) path: &'static str,
    /// What is wrong with it.
    pub(super) message: Cow<'static, str>,
}

/// The codes of the contract, in the order of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    TokenExpired,
    TokenInvalid,
    SellerTokenMismatch,
    CompanyTokenMismatch,
    Validation,
    CardTokenNotFound,
    AccountNotFound,
    CurrencyNotSupported,
    AuthorizationDeclined,
    /// Of the contract's ancestor; nothing here leads to it.
    InvoiceAlreadyAuthorized,
    /// Of the contract's ancestor; nothing here leads to it.
    DuplicateInvoiceNumber,
    DuplicateAuthorization,
    Duplicate(PostingKind),
    DuplicateCorrection,
    AuthorizationCancelled,
    AuthorizationAlreadyPurchased,
    AuthorizationExpired,
    AuthorizationTypeMismatch,
    InsufficientDebitedAmount,
    BalanceOutOfRange,
    CompanyNotConfigured,
    CompanyMissingConfiguration,
    SellerNotRegistered,
    AuthorizationNotFound,
    NotFound(PostingKind),
    CorrectionNotFound,
    CancellationNotFound,
    NoSuchRoute,
    MethodNotAllowed,
    BodyTooLarge,
    UnsupportedMediaType,
    ServiceUnavailable,
    OutcomeUnknown,
    Internal,
}

/// The body of a problem.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Problem)]
pub(super) struct Body<'p> {
    /// `ledger.card-transaction.` and the problem's code.
    #[schema(example = "ledger.card-transaction.validation-error")]
    r#type: String,
    /// The code in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Names this occurrence; the server's log has it too.
    #[schema(example = "7b5a4f0e-9d0c-4a39-8f3e-2c1d0e9f8a7b")]
    instance: String,
    /// What to do about it.
    detail: String,
    /// Each wrong field and what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<std::collections::HashMap<String, String>>>)]
    problems: Option<&'p [BadField]>,
    /// Why an authorization was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What can still be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    available_amount: Option<Amount>,
}

impl BadField {
    pub(super) fn new(path: &'static str, message: impl Into<Cow<'static, str>>) -> BadField {
        BadField { path, message: message.into() }
    }
}

impl Serialize for BadField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.path, self.message.as_ref())?;
        map.end()
    }
}

impl Problem {
    /// One wrong field.
    pub(super) fn field(path: &'static str, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::Validation(vec![BadField::new(path, message)])
    }

    /// What becomes of a command without an answer. `amount_field` is what its body calls the
    /// amount.
    pub(super) fn of(error: SubmitError, amount_field: &'static str) -> Problem {
        match error {
            SubmitError::Refused(refusal) => Problem::refused(refusal, amount_field),
            SubmitError::Overloaded | SubmitError::NotDone => {
                Problem::Plain(Kind::ServiceUnavailable)
            }
            // Not a refusal: it may well have been done.
            SubmitError::Unknown => Problem::Plain(Kind::OutcomeUnknown),
            SubmitError::Bug => Problem::Plain(Kind::Internal),
        }
    }

    fn refused(refusal: Refusal, amount_field: &'static str) -> Problem {
        let kind = match refusal {
            Refusal::CompanyNotConfigured => Kind::CompanyNotConfigured,
            Refusal::CompanyIncomplete => Kind::CompanyMissingConfiguration,
            Refusal::Amount(error) => return Problem::field(amount_field, money(error)),
            Refusal::WithdrawalAmount(error) => {
                return Problem::field("withdrawalAmount", money(error));
            }
            Refusal::ValidTo => {
                return Problem::field("validToDate", "Invalid value: past or too far ahead");
            }
            Refusal::SellerNotRegistered => Kind::SellerNotRegistered,
            Refusal::CardNotFound => Kind::CardTokenNotFound,
            Refusal::AccountNotFound => Kind::AccountNotFound,
            Refusal::AuthorizationNotFound => Kind::AuthorizationNotFound,
            Refusal::TransactionNotFound(kind) => Kind::NotFound(kind),
            Refusal::CurrencyNotSupported => Kind::CurrencyNotSupported,
            Refusal::Declined { reason, authorization, replayed } => {
                return Problem::Declined { reason, authorization, replayed };
            }
            Refusal::DuplicateAuthorization => Kind::DuplicateAuthorization,
            Refusal::DuplicateTransaction(kind) => Kind::Duplicate(kind),
            Refusal::DuplicateCorrection => Kind::DuplicateCorrection,
            Refusal::AuthorizationTypeMismatch => Kind::AuthorizationTypeMismatch,
            Refusal::AuthorizationCancelled => Kind::AuthorizationCancelled,
            Refusal::AuthorizationUsedUp => Kind::AuthorizationAlreadyPurchased,
            Refusal::AuthorizationExpired => Kind::AuthorizationExpired,
            Refusal::InsufficientDebitedAmount { available } => {
                return Problem::Insufficient { available };
            }
            Refusal::BalanceOutOfRange => Kind::BalanceOutOfRange,
            // Administrative; no command of this contract is refused for them.
            Refusal::IdempotencyKeyReused
            | Refusal::NameTaken
            | Refusal::NotFound
            | Refusal::StateConflict
            | Refusal::DuplicateSettlement
            | Refusal::SettlementNotFound
            | Refusal::SettlementReturned => Kind::Internal,
        };
        Problem::Plain(kind)
    }

    fn kind(&self) -> Kind {
        match self {
            Problem::Plain(kind) => *kind,
            Problem::Validation(_) => Kind::Validation,
            Problem::Declined { .. } => Kind::AuthorizationDeclined,
            Problem::Insufficient { .. } => Kind::InsufficientDebitedAmount,
        }
    }

    /// The answer to the request with these extensions. The request's id is logged with the
    /// `Instance`; its path is not, since what clients put there may be a card number.
    pub(super) fn answer(&self, platform: &Platform, request: &Extensions) -> Response {
        let kind = self.kind();
        // A repeated decline has to be the same to the last byte, so its instance is the row's.
        let (instance, replayed) = match self {
            Problem::Declined { authorization: Some(row), replayed, .. } => {
                (platform.secrets.row_uuid(row.0), *replayed)
            }
            Problem::Declined { authorization: None, .. }
            | Problem::Plain(_)
            | Problem::Validation(_)
            | Problem::Insufficient { .. } => (platform.uuid(), false),
        };
        let (status, code) = (kind.status(), kind.code());
        let request_id = request.get().map_or("none", RequestId::as_str);
        if status.is_server_error() {
            tracing::warn!(request_id, instance, code, "request has a problem");
        } else {
            tracing::info!(request_id, instance, code, "request has a problem");
        }
        let body = serde_json::to_string(&self.body(instance)).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(CONTENT_TYPE, content_type)], body).into_response();
        let headers = response.headers_mut();
        mark_replayed(headers, replayed);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }

    fn body(&self, instance: String) -> Body<'_> {
        let kind = self.kind();
        let mut body = Body {
            r#type: format!("ledger.card-transaction.{}", kind.code()),
            title: kind.title(),
            status: kind.status().as_u16(),
            instance,
            detail: kind.detail().to_owned(),
            problems: None,
            reason: None,
            available_amount: None,
        };
        match self {
            Problem::Plain(_) => {}
            Problem::Validation(fields) => body.problems = Some(fields),
            Problem::Declined { reason, .. } => body.reason = Some(reason.as_str()),
            Problem::Insufficient { available } => {
                let amount = Amount(available.minor(), available.currency());
                body.detail = format!("Insufficient debited amount {amount}.");
                body.available_amount = Some(amount);
            }
        }
        body
    }
}

impl From<CallerError> for Problem {
    fn from(error: CallerError) -> Problem {
        Problem::Plain(match error {
            CallerError::Missing | CallerError::Unknown => Kind::TokenInvalid,
            CallerError::Expired => Kind::TokenExpired,
        })
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            // Of a read; so nothing is unknown.
            StoreError::NotCommitted | StoreError::Unknown => {
                Problem::Plain(Kind::ServiceUnavailable)
            }
        }
    }
}

/// What is wrong with an amount.
pub(super) fn money(error: MoneyError) -> &'static str {
    match error {
        MoneyError::NotANumber => "Invalid value: must be a JSON number",
        MoneyError::Negative => "Invalid value: must not be negative",
        MoneyError::NotExact => "Invalid value: more decimals than the currency has",
        MoneyError::OutOfRange => "Invalid value: out of range",
        MoneyError::CurrencyMismatch => "Invalid value: another currency",
    }
}

impl Kind {
    /// All kinds.
    pub(super) const ALL: [Kind; 38] = [
        Kind::TokenExpired,
        Kind::TokenInvalid,
        Kind::SellerTokenMismatch,
        Kind::CompanyTokenMismatch,
        Kind::Validation,
        Kind::CardTokenNotFound,
        Kind::AccountNotFound,
        Kind::CurrencyNotSupported,
        Kind::AuthorizationDeclined,
        Kind::InvoiceAlreadyAuthorized,
        Kind::DuplicateInvoiceNumber,
        Kind::DuplicateAuthorization,
        Kind::Duplicate(PostingKind::Purchase),
        Kind::Duplicate(PostingKind::CashWithdrawal),
        Kind::Duplicate(PostingKind::Reversal),
        Kind::DuplicateCorrection,
        Kind::AuthorizationCancelled,
        Kind::AuthorizationAlreadyPurchased,
        Kind::AuthorizationExpired,
        Kind::AuthorizationTypeMismatch,
        Kind::InsufficientDebitedAmount,
        Kind::BalanceOutOfRange,
        Kind::CompanyNotConfigured,
        Kind::CompanyMissingConfiguration,
        Kind::SellerNotRegistered,
        Kind::AuthorizationNotFound,
        Kind::NotFound(PostingKind::Purchase),
        Kind::NotFound(PostingKind::CashWithdrawal),
        Kind::NotFound(PostingKind::Reversal),
        Kind::CorrectionNotFound,
        Kind::CancellationNotFound,
        Kind::NoSuchRoute,
        Kind::MethodNotAllowed,
        Kind::BodyTooLarge,
        Kind::UnsupportedMediaType,
        Kind::ServiceUnavailable,
        Kind::OutcomeUnknown,
        Kind::Internal,
    ];

    /// Its HTTP status.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Kind::TokenExpired
            | Kind::TokenInvalid
            | Kind::SellerTokenMismatch
            | Kind::CompanyTokenMismatch => StatusCode::UNAUTHORIZED,
            Kind::Validation | Kind::CardTokenNotFound | Kind::AccountNotFound => {
                StatusCode::BAD_REQUEST
            }
            Kind::CurrencyNotSupported | Kind::AuthorizationDeclined => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Kind::InvoiceAlreadyAuthorized
            | Kind::DuplicateInvoiceNumber
            | Kind::DuplicateAuthorization
            | Kind::Duplicate(_)
            | Kind::DuplicateCorrection
            | Kind::AuthorizationCancelled
            | Kind::AuthorizationAlreadyPurchased
            | Kind::AuthorizationExpired
            | Kind::AuthorizationTypeMismatch
            | Kind::InsufficientDebitedAmount
            | Kind::BalanceOutOfRange => StatusCode::CONFLICT,
            Kind::CompanyNotConfigured
            | Kind::CompanyMissingConfiguration
            | Kind::SellerNotRegistered => StatusCode::NOT_IMPLEMENTED,
            Kind::AuthorizationNotFound
            | Kind::NotFound(_)
            | Kind::CorrectionNotFound
            | Kind::CancellationNotFound
            | Kind::NoSuchRoute => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::ServiceUnavailable | Kind::OutcomeUnknown => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The last part of `Type`.
    pub(super) fn code(self) -> &'static str {
        match self {
            Kind::TokenExpired => "token-expired",
            Kind::TokenInvalid => "token-invalid",
            Kind::SellerTokenMismatch => "seller-number-token-mismatch",
            Kind::CompanyTokenMismatch => "company-number-token-mismatch",
            Kind::Validation => "validation-error",
            Kind::CardTokenNotFound => "card-token-not-found",
            Kind::AccountNotFound => "account-not-found",
            Kind::CurrencyNotSupported => "currency-not-supported",
            Kind::AuthorizationDeclined => "authorization-declined",
            Kind::InvoiceAlreadyAuthorized => "invoice-already-authorized",
            Kind::DuplicateInvoiceNumber => "duplicate-invoice-number",
            Kind::DuplicateAuthorization => "duplicate-authorization",
            Kind::Duplicate(PostingKind::Purchase) => "duplicate-purchase",
            Kind::Duplicate(PostingKind::CashWithdrawal) => "duplicate-cash-withdrawal",
            Kind::Duplicate(PostingKind::Reversal) => "duplicate-reversal",
            Kind::DuplicateCorrection => "duplicate-correction",
            Kind::AuthorizationCancelled => "authorization-cancelled",
            Kind::AuthorizationAlreadyPurchased => "authorization-already-purchased",
            Kind::AuthorizationExpired => "authorization-expired",
            Kind::AuthorizationTypeMismatch => "authorization-type-mismatch",
            Kind::InsufficientDebitedAmount => "insufficient-debited-amount",
            Kind::BalanceOutOfRange => "balance-out-of-range",
            Kind::CompanyNotConfigured => "company-not-configured",
            Kind::CompanyMissingConfiguration => "company-missing-configuration",
            Kind::SellerNotRegistered => "seller-no-not-registered",
            Kind::AuthorizationNotFound => "authorization-not-found",
            Kind::NotFound(PostingKind::Purchase) => "purchase-not-found",
            Kind::NotFound(PostingKind::CashWithdrawal) => "cash-withdrawal-not-found",
            Kind::NotFound(PostingKind::Reversal) => "reversal-not-found",
            Kind::CorrectionNotFound => "correction-not-found",
            Kind::CancellationNotFound => "cancellation-not-found",
            Kind::NoSuchRoute => "resource-not-found",
            Kind::MethodNotAllowed => "method-not-allowed",
            Kind::BodyTooLarge => "body-too-large",
            Kind::UnsupportedMediaType => "unsupported-media-type",
            Kind::ServiceUnavailable => "service-unavailable",
            Kind::OutcomeUnknown => "outcome-unknown",
            Kind::Internal => "internal-error",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Kind::TokenExpired => "Token expired",
            Kind::TokenInvalid => "Token invalid",
            Kind::SellerTokenMismatch => "SellerNumber does not match token",
            Kind::CompanyTokenMismatch => "CompanyNumber does not match token",
            Kind::Validation => "A validation error occurred",
            Kind::CardTokenNotFound => "Card token not found",
            Kind::AccountNotFound => "Account not found",
            Kind::CurrencyNotSupported => "Currency not supported",
            Kind::AuthorizationDeclined => "Authorization declined",
            Kind::InvoiceAlreadyAuthorized => "Invoice already authorized",
            Kind::DuplicateInvoiceNumber => "Duplicate InvoiceNumber",
            Kind::DuplicateAuthorization => "Duplicate authorization",
            Kind::Duplicate(PostingKind::Purchase) => "Duplicate purchase",
            Kind::Duplicate(PostingKind::CashWithdrawal) => "Duplicate cash withdrawal",
            Kind::Duplicate(PostingKind::Reversal) => "Duplicate reversal",
            Kind::DuplicateCorrection => "Duplicate correction",
            Kind::AuthorizationCancelled => "Authorization is cancelled",
            Kind::AuthorizationAlreadyPurchased => "Authorization already Purchased",
            Kind::AuthorizationExpired => "Authorization has expired",
            Kind::AuthorizationTypeMismatch => "Authorization is of another type",
            Kind::InsufficientDebitedAmount => "Insufficient debited amount",
            Kind::BalanceOutOfRange => "Balance out of range",
            Kind::CompanyNotConfigured => "CompanyNumber not configured",
            Kind::CompanyMissingConfiguration => "CompanyNumber missing configuration",
            Kind::SellerNotRegistered => "SellerNumber not configured",
            Kind::AuthorizationNotFound => "Authorization not found",
            Kind::NotFound(PostingKind::Purchase) => "Purchase not found",
            Kind::NotFound(PostingKind::CashWithdrawal) => "Cash withdrawal not found",
            Kind::NotFound(PostingKind::Reversal) => "Reversal not found",
            Kind::CorrectionNotFound => "Correction not found",
            Kind::CancellationNotFound => "Cancellation not found",
            Kind::NoSuchRoute => "Resource not found",
            Kind::MethodNotAllowed => "Method not allowed",
            Kind::BodyTooLarge => "Body too large",
            Kind::UnsupportedMediaType => "Unsupported media type",
            Kind::ServiceUnavailable => "Service unavailable",
            Kind::OutcomeUnknown => "Outcome unknown",
            Kind::Internal => "Internal error",
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Kind::TokenExpired => "The bearer token's time is over.",
            Kind::TokenInvalid => "The request needs a bearer token of this contract.",
            Kind::SellerTokenMismatch => "The token acts for another seller than the body names.",
            Kind::CompanyTokenMismatch => "The token acts for another company than the path names.",
            Kind::Validation => "Please fix the problems mentioned in `Problems`.",
            Kind::CardTokenNotFound => "No card has this `cardToken`.",
            Kind::AccountNotFound => "No account has this `accountNo`.",
            Kind::CurrencyNotSupported => "Company or account does not use this currency.",
            Kind::AuthorizationDeclined => "The account or card declined; `Reason` says why.",
            Kind::InvoiceAlreadyAuthorized => "The invoice is authorized already.",
            Kind::DuplicateInvoiceNumber => "The invoice number is used already.",
            Kind::DuplicateAuthorization => {
                "`sourceAuthorizationTransactionId` is used by another authorization."
            }
            Kind::Duplicate(_) => {
                "The source id, or the acquirer's references, are used by another transaction."
            }
            Kind::DuplicateCorrection => {
                "The source id, or the acquirer's references, are used by another correction."
            }
            Kind::AuthorizationCancelled => "The authorization was cancelled.",
            Kind::AuthorizationAlreadyPurchased => "Nothing remains of the authorization.",
            Kind::AuthorizationExpired => "The authorization's `validToDate` is over.",
            Kind::AuthorizationTypeMismatch => "The authorization's `type` does not allow this.",
            Kind::InsufficientDebitedAmount => "Less remains than was asked.",
            Kind::BalanceOutOfRange => "The account's balance would no longer fit.",
            Kind::CompanyNotConfigured => "The company number of the path is not configured.",
            Kind::CompanyMissingConfiguration => "The company has no currency to book in.",
            Kind::SellerNotRegistered => "The seller number is not registered with the company.",
            Kind::AuthorizationNotFound => "The company has no such authorization.",
            Kind::NotFound(_) => "The company has no such transaction.",
            Kind::CorrectionNotFound => "The transaction has no such correction.",
            Kind::CancellationNotFound => "The authorization has no such cancellation.",
            Kind::NoSuchRoute => "The path names nothing.",
            Kind::MethodNotAllowed => "`Allow` lists the methods that the path answers.",
            Kind::BodyTooLarge => "The request's body is larger than any valid one.",
            Kind::UnsupportedMediaType => "The body must be `application/json`.",
            Kind::ServiceUnavailable => "Nothing was done. Send the request again.",
            Kind::OutcomeUnknown => {
                "It may have been done. Repeat with the same source id to find out."
            }
            Kind::Internal => "Something broke. It is logged under `Instance`.",
        }
    }
}
