//! The double-entry card ledger: accounts, cards, authorizations, transactions, and every rule
//! that binds them.
//!
//! Invariant: nothing here does IO, reads a clock, draws a random number or logs. Time and ids
//! are arguments; a decision takes loaded rows and returns rows to write.

#![deny(clippy::arithmetic_side_effects, clippy::float_arithmetic, clippy::as_conversions)]

pub mod account;
pub mod add_card;
pub mod audit;
pub mod authorization;
pub mod authorize;
pub mod books;
pub mod cancel;
pub mod card;
pub mod change;
pub mod change_account;
pub mod configure;
pub mod correct;
pub mod credentials;
pub mod directory;
pub mod document;
pub mod expire;
pub mod ids;
pub mod journal;
pub mod limits;
pub mod money;
pub mod open_account;
pub mod pay_out;
pub mod post;
#[cfg(test)]
mod properties;
pub mod refusal;
pub mod return_settlement;
pub mod time;
pub mod transaction;
#[cfg(test)]
mod world;

pub use account::{Account, AccountKind, AccountNo, AccountStatus, Balance, House};
pub use add_card::{AddCard, ChangeCard};
pub use authorization::{
    Authorization, AuthorizationKind, AuthorizationState, CardAuthenticationMethod, Channel,
    DeclineReason,
};
pub use authorize::{Authorize, Instrument};
pub use books::{Answer, Books, ReadSet, WriteSet};
pub use cancel::Cancel;
pub use card::{Card, CardExpiry, CardStatus, CardToken, MaskedPan, PanFingerprint};
pub use change::{Change, ChangeKind, ClearingChange, EstateChange, Idempotency, PaymentsChange};
pub use change_account::ChangeAccount;
pub use configure::{AddCompany, AddSeller, ChangeCompany};
pub use correct::Correct;
pub use credentials::{IssueCredential, RevokeCredential};
pub use directory::{Company, Contract, Credential, Directory, HouseAccount, Scope, Seller};
pub use document::{Document, DocumentId, Fields, WrittenDocument};
pub use expire::Expire;
pub use ids::{
    AccountId, AuthorizationId, CardId, Code, CompanyId, CredentialId, Fingerprint, Key, RowId,
    SellerId, TransactionId,
};
pub use journal::{Head, Lane, Position, Row, Seal};
pub use money::{Currency, Decimal, Money, MoneyError};
pub use open_account::OpenAccount;
pub use pay_out::{PaidOut, PayOut};
pub use post::{Basis, OfflineClaims, OfflineInfo, Post};
pub use refusal::Refusal;
pub use return_settlement::{ReturnSettlement, Returned};
pub use time::{Date, Timestamp, Zone};
pub use transaction::{AcquirerReferences, Mount, PostingKind, Transaction, TransactionKind};
