//! What is wrong with a line of a report, and where.

/// One fault of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportError {
    /// The line of the file, from 1.
    pub line: u64,
    /// The column of the table, from 1; 0 for the line as a whole.
    pub column: u32,
    /// What is wrong.
    pub reason: ReportReason,
}

/// What is wrong. As text, a fragment for the person who sent the report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportReason {
    /// No line at all, or none after those that are skipped.
    #[error("the report is empty")]
    Empty,
    /// The line of names lacks a column that the mapping names.
    #[error("there is no column `{0}`")]
    NoColumn(String),
    /// Two columns have the name that the mapping names.
    #[error("there are two columns `{0}`")]
    TwoColumns(String),
    /// The line has fewer fields than the mapping needs.
    #[error("the line has {0} fields only")]
    FieldMissing(usize),
    /// More bytes than a record may have.
    #[error("the line is longer than {0} bytes")]
    TooLong(usize),
    /// More fields than a record may have.
    #[error("the line has more than {0} fields")]
    TooManyFields(usize),
    /// A quote inside a field that does not begin with one.
    #[error("a quote inside a field without quotes")]
    StrayQuote,
    /// Something between the closing quote and the delimiter.
    #[error("text behind the closing quote")]
    AfterQuote,
    /// The last quote is never closed.
    #[error("the quote is not closed")]
    OpenQuote,
    /// Bytes that are no text in the encoding.
    #[error("bytes that are not UTF-8")]
    NotUtf8,
    /// A control character: NUL, a stray carriage return.
    #[error("control character 0x{0:02X}")]
    ControlCharacter(u8),
    /// The reference is blank.
    #[error("the reference is blank")]
    NoReference,
    /// The reference is longer than a reference may be.
    #[error("the reference is longer than {0} characters")]
    LongReference(usize),
    /// The amount is no number as the mapping has it.
    #[error("`{0}` is no amount")]
    NotAnAmount(String),
    /// The amount has more decimals than the currency.
    #[error("the amount has more decimals than its currency")]
    NotExact,
    /// The amount is larger than an amount may be.
    #[error("the amount is out of range")]
    OutOfRange,
    /// A minus where the mapping says that amounts have none.
    #[error("the amount has a sign")]
    Signed,
    /// The amount, the fee and the net amount do not go together.
    #[error("the amount less the fee is {expected}, and not {found}")]
    NotNet {
        /// The amount less the fee, in major units.
        expected: String,
        /// The net amount.
        found: String,
    },
    /// The currency is none.
    #[error("unknown currency `{0}`")]
    UnknownCurrency(String),
    /// The word in the kind column is not in the mapping.
    #[error("unknown kind `{0}`")]
    UnknownKind(String),
    /// The word in the debit and credit column is not in the mapping.
    #[error("unknown direction `{0}`")]
    UnknownDirection(String),
    /// The date is none, or not in the mapping's form.
    #[error("`{0}` is no date of the form {1}")]
    NotADate(String, String),
}
