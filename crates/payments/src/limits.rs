//! The limits of payments: lengths of texts, sizes of amounts, and how long things may take.

/// Longest `merchantId`, in characters (AAPay administration service).
pub const MERCHANT_ID_CHARS_MAX: usize = 255;

/// Longest reference of a caller: terminal, original, order line. The contract names no length.
pub const REFERENCE_CHARS_MAX: usize = 100;

/// Longest name, unit, message or other short text, in characters.
pub const TEXT_CHARS_MAX: usize = 255;

/// How long a merchant's own name for a payment may not be used again for the same, in
/// milliseconds: a day (payments v3, `merchantTransactionId`).
pub const DUPLICATE_MS: i64 = 24 * 60 * 60 * 1_000;

/// How long a checkout may be paid, in milliseconds: 30 minutes.
pub const CHECKOUT_MS: i64 = 30 * 60 * 1_000;

/// How often a payer may ask for more time.
pub const CHECKOUT_EXTENSIONS_MAX: i64 = 20;

/// Most payments that are tried at one checkout.
pub const CHECKOUT_PAYMENTS_MAX: usize = 20;

/// Most captures of one payment.
pub const CAPTURES_MAX: usize = 50;

/// Largest amount, in minor units: ten billion major units.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;

/// Most lines of an order.
pub const ORDER_ITEMS_MAX: usize = 200;

/// Most additional properties.
pub const PROPERTIES_MAX: usize = 50;

/// Longest value of an additional property, in characters.
pub const PROPERTY_CHARS_MAX: usize = 1_000;

/// Longest text of a PSP's that is kept, in characters. Longer ones are cut.
pub const TOLD_CHARS_MAX: usize = 2_000;

/// Most transitions that a payment remembers. Real ones have fewer than ten.
pub const TRANSITIONS_MAX: usize = 100;

/// Age at which an undecided payment is stale, in percent of the method's mean delay (AAPay
/// terminal service, `staleAgePercent`).
pub const STALE_AGE_PERCENT: i64 = 300;

/// How long an undecided payment is waited for before it is given up, in milliseconds.
pub const OPEN_MS_MAX: i64 = 30 * 60 * 1_000;

/// How long one call to a PSP may take, in milliseconds.
pub const CALL_MS_MAX: i64 = 10_000;

/// How long who has begun a task keeps it to itself, in milliseconds: longer than all the calls of
/// one task may take together.
pub const TASK_LEASE_MS: i64 = 45_000;

/// The pause before a task is tried again for the first time, in milliseconds. It doubles each
/// time.
pub const PAUSE_MS_FIRST: i64 = 1_000;

/// The longest pause while somebody may be waiting, in milliseconds.
pub const PAUSE_MS_MAX: i64 = 30_000;

/// The longest pause once a task has been tried for [`OPEN_MS_MAX`], in milliseconds.
pub const PAUSE_MS_LATE: i64 = 10 * 60 * 1_000;

/// How often a payment is read, in vain, of which the PSP says that something has happened to it
/// after it was decided or given up.
pub const LATE_READS_MAX: i64 = 10;

/// After how many such readings the pauses are long.
pub const LATE_READS_SOON_MAX: i64 = 5;

/// How often a capture is tried before the pauses are long: for about half an hour.
pub const CAPTURES_SOON_MAX: i64 = 64;

/// How long a refund or reversal may be undecided before people are told, in milliseconds: a day.
pub const UNDECIDED_MS_MAX: i64 = 24 * 60 * 60 * 1_000;

/// Most payments that one command reports.
pub const REPORTED_AT_ONCE_MAX: usize = 256;

/// Longest stored first answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 512 * 1024;
