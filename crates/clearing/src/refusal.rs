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
    /// No such company.
    #[error("company is unknown")]
    CompanyNotFound,
    /// The company has no such seller.
    #[error("seller is unknown")]
    SellerNotFound,
    /// The day that is to be settled has not ended for the company.
    #[error("the day has not ended")]
    DayNotEnded,
    /// Something that was booked before the end of the day is not summed up yet.
    #[error("not all that was booked on the day is summed up: try again in some seconds")]
    NotSummedUp,
    /// The bank was to pay in the past.
    #[error("the execution date is past")]
    ExecutionDatePast,
    /// The company has said no account to pay from.
    #[error("the company has no account to pay from")]
    NoDebtorAccount,
    /// No settlement is to be paid that can be.
    #[error("no settlement is to be paid, but for {left_out} whose sellers have no account")]
    NothingToPay {
        /// How many sellers have no account.
        left_out: usize,
    },
    /// Something in the payment file breaks the rules of the message.
    #[error("the payment file breaks the rules of its message")]
    PaymentFileNotWritable,
    /// A sum is more than there are numbers for.
    #[error("a sum is out of range")]
    SumOutOfRange,
    /// No such settlement.
    #[error("settlement is unknown")]
    SettlementNotFound,
    /// The settlement has paid out nothing that could come back.
    #[error("the settlement has paid out nothing")]
    NothingPaidOut,
    /// What the settlement has paid out came back before.
    #[error("what the settlement has paid out came back before")]
    PayoutReturned,
    /// The ledger does not book what is paid out, or came back.
    #[error("the ledger does not book it: {0}")]
    NotPaidOut(ledger::Refusal),
}
