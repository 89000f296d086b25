//! The limits of clearing and settlement.

/// How many rows of an acquirer's file are kept and applied together.
pub const ROWS_PER_CHUNK: usize = 500;

/// The most chunks of one file: some 32 million rows. A chunk's number is made of its file's and
/// its own.
pub const CHUNKS_MAX: i64 = 1 << 16;

/// The most notes of one exception.
pub const NOTES_MAX: usize = 100;

/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// Longest name of who looks at an exception, in characters.
pub const OWNER_CHARS_MAX: usize = 100;

/// The most findings of a comparison that are put on the list of exceptions in one commit.
pub const RAISED_AT_ONCE_MAX: usize = 200;

/// Most sellers that are named in what one acquirer's batch came to.
pub const BATCH_MERCHANTS_MAX: usize = 1_000;

/// Most days of a seller that one settlement takes. Where more wait, an earlier day is settled
/// first.
pub const SETTLED_DAYS_MAX: usize = 1_000;

/// Most payments of one file for the bank: what it says is kept in one document. More come into
/// the next file.
pub const PAYMENTS_PER_FILE_MAX: usize = 1_000;
