//! What is wrong with a line of a file, and where.

use super::profile::Name;

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The line of the file; the header is 1.
    pub line: u64,
    /// The first position of what is wrong, from 1.
    pub column: u32,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong. As text, a fragment for the person who sent the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// There is no line at all.
    #[error("the file is empty")]
    Empty,
    /// The first line is no header.
    #[error("the first line must be the header")]
    HeaderMissing,
    /// A header after the first line.
    #[error("a header may be the first line only")]
    HeaderTwice,
    /// The last line is no trailer.
    #[error("the trailer is missing: the file may have been cut off")]
    TrailerMissing,
    /// A line after the trailer.
    #[error("nothing may follow the trailer")]
    AfterTrailer,
    /// A line without anything.
    #[error("the line is empty")]
    BlankLine,
    /// More characters than a row has.
    #[error("the line is longer than {0} characters")]
    TooLong(usize),
    /// A control character: NUL, a tab, a stray carriage return.
    #[error("control character 0x{0:02X}")]
    ControlCharacter(u8),
    /// A character that the file's encoding does not have. In a row that is read alone only.
    #[error("`{0}` is not in ISO 8859-1")]
    NotLatin1(char),
    /// The record code is none of the profile's.
    #[error("unknown record code `{0}`")]
    UnknownCode(String),
    /// Something is needed here.
    #[error("{0} is required")]
    Required(Name),
    /// A filler that is not blank.
    #[error("these positions must be blank")]
    NotBlank,
    /// Something other than digits.
    #[error("{0} must be digits, filled with zeros")]
    NotDigits(Name),
    /// No day of the calendar.
    #[error("{0} must be a date that exists, as YYMMDD")]
    NotADate(Name),
    /// None of the values that it may have.
    #[error("{0} is none of {1}")]
    NotOneOf(Name, String),
    /// No ISO 4217 currency with minor units.
    #[error("unknown currency `{0}`")]
    UnknownCurrency(String),
    /// A text that begins with a space.
    #[error("{0} must start at its first position")]
    NotLeftJustified(Name),
    /// A name with a space in it, or with a letter outside ASCII.
    #[error("{0} may have visible ASCII characters only, and no space between them")]
    NotAWord(Name),
    /// A sign that a row of this kind cannot have.
    #[error("the sign must be `{0}` for this kind of row")]
    WrongSign(char),
    /// An amount of nothing.
    #[error("the amount must be above zero")]
    ZeroAmount,
    /// More than the ledger takes.
    #[error("{0} is out of range")]
    OutOfRange(Name),
    /// The short seller number is not that of the full one.
    #[error("the two seller numbers differ: expected {0}")]
    SellersDiffer(String),
    /// The cash part is more than the whole.
    #[error("the withdrawal part is larger than the amount")]
    WithdrawalAboveAmount,
    /// Something that a row of this kind does not have.
    #[error("{0} is not for this kind of row")]
    NotForKind(Name),
    /// The trailer says another thing than the header.
    #[error("{0} differs from the header's")]
    DiffersFromHeader(Name),
    /// The trailer says another figure than the rows come to.
    #[error("{name} says {declared}, but the rows come to {counted}")]
    WrongTotal {
        /// Which figure.
        name: Name,
        /// What the trailer says.
        declared: i64,
        /// What it should say.
        counted: i64,
    },
    /// Another row of the kind has the same value, which must be unique. Found by who keeps the
    /// rows' [`RowKeys`](super::RowKeys).
    #[error("{name} is the same as in line {first}")]
    Duplicate {
        /// Which field.
        name: Name,
        /// The line that had it first.
        first: u64,
    },
}
