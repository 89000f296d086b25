//! The limits of files: how long lines and fields may be, with where they come from.

/// Longest row that a profile of RKHA21 may declare, in characters. The known one has 380.
pub const ROW_CHARS_MAX: usize = 4_096;

/// Most digits of a number in a row of RKHA21: what 64 bits hold for sure.
pub const NUMBER_DIGITS_MAX: usize = 18;

/// Longest text of a profile, in bytes.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;

/// Longest record of a report, in bytes: a line, or several where a quoted field has line breaks.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// Most fields of a record of a report.
pub const RECORD_FIELDS_MAX: usize = 512;

/// Longest text of a mapping, in bytes.
pub const MAPPING_BYTES_MAX: usize = 16 * 1024;

/// Most lines of a report that a mapping may skip before its names of columns.
pub const SKIPPED_LINES_MAX: u32 = 100;

/// Longest reference in a report, in characters, as that of a transaction of the card ledger.
pub const REPORT_REFERENCE_CHARS_MAX: usize = 200;

/// Longest id in pain.001, in characters (ISO 20022, `Max35Text`).
pub const PAIN_ID_CHARS_MAX: usize = 35;

/// Longest name in pain.001, in characters. The schema allows 140; banks promise to keep 70 (EPC
/// implementation guidelines for SEPA credit transfers).
pub const PAIN_NAME_CHARS_MAX: usize = 70;

/// Longest remittance text in pain.001, in characters (ISO 20022, `Max140Text`).
pub const PAIN_REMITTANCE_CHARS_MAX: usize = 140;

/// Most digits of an amount in pain.001 (ISO 20022, total digits).
pub const PAIN_AMOUNT_DIGITS_MAX: usize = 18;

/// Most transfers of one pain.001 file.
pub const PAIN_TRANSFERS_MAX: usize = 100_000;
