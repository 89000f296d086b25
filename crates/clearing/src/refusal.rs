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
}
