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

/// Most endpoints of a merchant, the one for addresses that payments bring along included.
pub const ENDPOINTS_MAX: usize = 8;

/// Longest address of an endpoint, in characters.
pub const ENDPOINT_URL_CHARS_MAX: usize = 2_048;

/// The longest time for which a secret that was followed by another one signs too, in
/// milliseconds: a week.
pub const OVERLAP_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1_000;

/// That time where nothing is said, in milliseconds: a day.
pub const OVERLAP_MS_DEFAULT: i64 = 24 * 60 * 60 * 1_000;

/// For how long after its creation what a payment's own request has come to is told in the answer
/// to it, in milliseconds: a little less than what that answer waits for, so that in doubt it is
/// told twice and not never.
pub const SYNCHRONOUS_MS_MAX: i64 = 1_500;

/// How long who has begun a delivery keeps it to itself, in milliseconds: longer than sending it
/// may take.
pub const DELIVERY_LEASE_MS: i64 = 60_000;

/// The pauses between the ten attempts of a delivery, in milliseconds (Standard Webhooks,
/// "Deliverability and reliability"): 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, which
/// are 75 h 35 min 5 s in all.
pub const DELIVERY_PAUSES_MS: [i64; 9] = [
    5_000,
    5 * 60_000,
    30 * 60_000,
    2 * 3_600_000,
    5 * 3_600_000,
    10 * 3_600_000,
    14 * 3_600_000,
    20 * 3_600_000,
    24 * 3_600_000,
];

/// By how much a pause may be longer by chance, in percent.
pub const DELIVERY_JITTER_PERCENT: i64 = 10;

/// The longest pause that a receiver may ask for (`Retry-After`), in milliseconds: a day.
pub const RETRY_AFTER_MS_MAX: i64 = 24 * 3_600_000;

/// How long a notification waits for an earlier one of the same payment before it looks again by
/// itself, in milliseconds. Whoever ends the earlier one sends it on its way at once.
pub const DELIVERY_PARKED_MS: i64 = 3_600_000;

/// When a delivery is tried again that could not be tried, in milliseconds.
pub const DELIVERY_PUT_OFF_MS: i64 = 2_000;

/// How long an endpoint may fail without a success before it is disabled, in milliseconds: five
/// days.
pub const ENDPOINT_FAILING_MS_MAX: i64 = 5 * 24 * 3_600_000;

/// Failures so far apart are not one time of failing, in milliseconds: longer than the longest
/// pause between two attempts.
pub const ENDPOINT_QUIET_MS: i64 = 36 * 3_600_000;

/// Most attempts that a notification remembers; the oldest are forgotten first.
pub const ATTEMPTS_KEPT_MAX: usize = 30;

/// Longest word on why an attempt failed, in characters. Longer ones are cut.
pub const ATTEMPT_ERROR_CHARS_MAX: usize = 200;

/// Most notifications that one command sends anew.
pub const REDELIVERED_AT_ONCE_MAX: usize = 256;
