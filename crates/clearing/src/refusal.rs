//! Every reason for which clearing and settlement are refused.

/// Why a command was refused, in the order in which the reasons are checked. What is wrong with a
/// file's rows, or with a request's form, is found before it becomes a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller's key stands for another request.
    #[error("idempotency key is used by another request")]
    IdempotencyKeyReused,
    /// No such file.
    #[error("acquirer file is unknown")]
    FileNotFound,
    /// A file with this date, sender, cycle and serial number was accepted before.
    #[error("a file with this date, sender, cycle and serial number was applied before")]
    FileKnown {
        /// Its number.
        file: i64,
    },
    /// Not all rows of the file were kept.
    #[error("not all rows of the file were kept")]
    FileIncomplete,
    /// No such exception.
    #[error("exception is unknown")]
    ExceptionNotFound,
    /// Somebody has dealt with the exception.
    #[error("exception is resolved")]
    ExceptionResolved,
    /// The exception has as many notes as it may have.
    #[error("exception has as many notes as it may have")]
    NotesFull,
    /// The exception is about no row of an acquirer's file that could be posted.
    #[error("exception is about no row that could be posted")]
    NothingToPost,
    /// The exception is about no transaction that could be corrected.
    #[error("exception is about no transaction that could be corrected")]
    NothingToCorrect,
    /// No such comparison.
    #[error("reconciliation is unknown")]
    ReconciliationNotFound,
    /// The token is not, or no longer, that of the terminal's device.
    #[error("the token is not that of the terminal's device")]
    NotThisDevice,
    /// The terminal's merchant is not there.
    #[error("the terminal has no merchant")]
    NoMerchant,
    /// The terminal has said something else of the day before.
    #[error("the terminal has told other totals of the day and currency before")]
    TotalsTold,
    /// The ledger refuses what would resolve the exception.
    #[error("the ledger refuses it: {0}")]
    Ledger(ledger::Refusal),
}
