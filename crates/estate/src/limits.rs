//! The limits of the estate: lengths and counts, with where they come from.
//!
//! Limits of operation (throttles, sizes of uploads) are in `engine::limits`.

/// Longest `RequestNotes` (Access, `CreateRequest`), in characters.
pub const REQUEST_NOTES_CHARS_MAX: usize = 1000;
/// Longest `OrganisationNo` (Access), in characters.
pub const ORGANISATION_NUMBER_CHARS_MAX: usize = 11;
/// Longest `Address.CompanyName` (Access), in characters.
pub const COMPANY_NAME_CHARS_MAX: usize = 100;
/// Longest `Address.Street` (Access), in characters.
pub const STREET_CHARS_MAX: usize = 40;
/// Longest `Address.ZipCode` (Access), in characters.
pub const ZIP_CODE_CHARS_MAX: usize = 10;
/// Longest `Address.City` (Access), in characters.
pub const CITY_CHARS_MAX: usize = 20;
/// Longest `Address.Country` (Access), in characters.
pub const COUNTRY_CHARS_MAX: usize = 50;
/// Longest `Address.ContactName` (Access), in characters.
pub const CONTACT_NAME_CHARS_MAX: usize = 50;
/// Longest `Address.ContactPhone` (Access), in characters.
pub const CONTACT_PHONE_CHARS_MAX: usize = 20;
/// Longest `Address.ContactEmail` (Access), in characters.
pub const CONTACT_EMAIL_CHARS_MAX: usize = 100;
/// Longest `AcquiringAgreements[].AgreementNumber` (Access), in characters.
pub const AGREEMENT_NUMBER_CHARS_MAX: usize = 50;
/// Most acquiring agreements of one request. The contract names no number.
pub const AGREEMENTS_MAX: usize = 50;
/// Most languages of one request (Access, 1-3).
pub const LANGUAGES_MAX: usize = 3;
/// Longest `ReceiptMerchantName` (Access), in characters.
pub const RECEIPT_NAME_CHARS_MAX: usize = 100;
/// Longest `TerminalSupportPhoneNumber` (Access), in characters.
pub const SUPPORT_PHONE_CHARS_MAX: usize = 20;
/// Longest `ReceiptPhoneNumber` (Access), in characters.
pub const RECEIPT_PHONE_CHARS_MAX: usize = 30;
/// Digits of `Password` (Access): exactly so many.
pub const PASSWORD_DIGITS: usize = 6;
/// Most terminal ids of one order (Access, `TerminalidOrder.Quantity`).
pub const ORDER_QUANTITY_MAX: i64 = 10;
/// Longest `TerminalidOrder.CustomerNotes`, in characters. The contract names no length.
pub const ORDER_NOTES_CHARS_MAX: usize = 1000;
/// Longest message with which a request is rejected, in characters.
pub const REJECT_MESSAGE_CHARS_MAX: usize = 1000;
/// Longest organisation number and name of a customer that an operator adds, in characters.
pub const CUSTOMER_NAME_CHARS_MAX: usize = 100;

/// Longest ids, names and references of the Terminals contract, in characters (1..255).
pub const ID_CHARS_MAX: usize = 255;
/// Longest part of an address (Terminals, `address`), in characters. The contract names no length.
pub const ADDRESS_PART_CHARS_MAX: usize = 255;
/// Longest name of a time zone, in characters: those of the database are less than half of it.
pub const ZONE_NAME_CHARS_MAX: usize = 64;
/// Largest amount of deferred authorizations, in minor units: twelve digits, as many as a card
/// message has (ISO 8583, field 4).
pub const DEFERRED_AMOUNT_MINOR_MAX: i64 = 999_999_999_999;
/// Most deferred authorizations that a terminal may be told to keep.
pub const DEFERRED_COUNT_MAX: i64 = 10_000;
/// Longest serial number (Terminals, 1..32).
pub const SERIAL_CHARS_MAX: usize = 32;
/// Longest application version that a device tells, in characters.
pub const VERSION_CHARS_MAX: usize = 64;
/// How many wrong activation codes lock a terminal's activation.
pub const WRONG_CODES_MAX: i64 = 5;

/// Longest name of a package, in characters.
pub const PACKAGE_NAME_CHARS_MAX: usize = 200;
/// Longest notes on a package, in characters.
pub const PACKAGE_NOTES_CHARS_MAX: usize = 2000;
/// Most updates of one terminal that have not ended.
pub const OPEN_UPDATES_MAX: usize = 8;
/// Most serial numbers of one order of updates.
pub const SERIALS_PER_ORDER_MAX: usize = 1000;
/// Longest message of a device about an update, in characters.
pub const UPDATE_MESSAGE_CHARS_MAX: usize = 500;

/// Most stages of a rollout.
pub const ROLLOUT_STAGES_MAX: usize = 10;
/// Most rollouts that are not over.
pub const ROLLOUTS_MAX: usize = 100;
/// Most rollouts that a terminal remembers to have been reached by, newest first. Of those for the
/// same models and customers only the newest can still tell terminals of its package.
pub const REMEMBERED_ROLLOUTS_MAX: usize = 8;
/// Finished updates after which the share of failures counts; before it, as if there were so many.
pub const ROLLOUT_SAMPLE: i64 = 50;
/// Terminals that may always be under way in a rollout, however few its first stage has.
pub const ROLLOUT_UNDER_WAY_MIN: i64 = 5;
/// Longest time that a rollout may give a terminal to answer, in hours.
pub const ROLLOUT_ANSWER_HOURS_MAX: i64 = 24 * 30;

/// Seconds after which a device calls home again, where nothing else says otherwise.
pub const CALL_HOME_SECONDS: i64 = 3600;
/// The same while an update waits for the device's next call.
pub const CALL_HOME_SOON_SECONDS: i64 = 60;

/// Most items of one upload of offline transactions.
pub const OFFLINE_ITEMS_MAX: usize = 200;
/// Longest id that a device gives a transaction, in characters.
pub const OFFLINE_ID_CHARS_MAX: usize = 32;
