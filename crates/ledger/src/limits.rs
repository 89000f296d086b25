//! The limits of the domain: lengths of texts and sizes of amounts, with where they come from.
//!
//! Limits of operation (queues, batches, time-outs) are in `engine::limits`.

/// Longest `source…TransactionId`, in characters (card ledger, Maxlength: 50).
pub const SOURCE_ID_CHARS_MAX: usize = 50;

/// Longest `sellerNumber`, in characters (card ledger, Maxlength: 15).
pub const SELLER_NUMBER_CHARS_MAX: usize = 15;

/// Longest company (ledger) number, in characters.
pub const COMPANY_NUMBER_CHARS_MAX: usize = 15;

/// Longest `pointOfSale`, in characters (card ledger, Maxlength: 50).
pub const POINT_OF_SALE_CHARS_MAX: usize = 50;

/// Longest `sellerReceiptId` and acquirer reference, in characters (card ledger, Maxlength: 50).
pub const REFERENCE_CHARS_MAX: usize = 50;

/// Longest `description` of a transaction, in characters (card ledger, Maxlength: 200).
pub const DESCRIPTION_CHARS_MAX: usize = 200;

/// Longest `cardToken`, in characters. The contract names no length; ours are UUIDs.
pub const CARD_TOKEN_CHARS_MAX: usize = 64;

/// Longest name of a company, seller, account holder or credential, in characters.
pub const NAME_CHARS_MAX: usize = 200;

/// Largest single amount or credit limit, in minor units: ten trillion major units of a currency
/// with two decimals. Small enough that a balance takes thousands of them before it overflows.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;

/// Largest debt or surplus of an account, in minor units. With a full limit and full reservations
/// on top, every sum of them still fits into 64 bits.
pub const BALANCE_MINOR_MAX: i64 = i64::MAX / 4;

/// Most currencies that one company may use.
pub const CURRENCIES_PER_COMPANY_MAX: usize = 50;

/// Longest time an authorization may be valid, in days after today.
pub const AUTHORIZATION_DAYS_MAX: i32 = 400;

/// Days an authorization is valid when neither the request nor the company says otherwise.
pub const AUTHORIZATION_DAYS_DEFAULT: i32 = 7;
