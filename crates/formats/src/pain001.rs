//! Payments to a bank: ISO 20022 customer credit transfer initiation, `pain.001.001.09`.
//!
//! Everything is checked before anything is written: the order, lengths, patterns and digits of
//! the message's schema, and the narrower rules that banks have for names and texts.

mod check;
#[cfg(test)]
mod tests;
mod text;
mod xml;

use ledger::{Currency, Date, Timestamp};

pub use text::{fitting, is_bic, is_iban};

/// A file of payments to a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initiation {
    /// Names the file for ever, at most 35 characters (`MsgId`).
    pub message_id: String,
    /// When it was made (`CreDtTm`).
    pub created_at: Timestamp,
    /// Who sends it (`InitgPty`).
    pub initiating_party: String,
    /// One for each execution date, debtor's account and currency (`PmtInf`).
    pub payments: Vec<PaymentBlock>,
}

/// What is paid from one account, on one day, in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentBlock {
    /// Names the block within the file, at most 35 characters (`PmtInfId`).
    pub id: String,
    /// When the bank shall pay (`ReqdExctnDt`).
    pub execution_date: Date,
    /// Who pays, and from which account (`Dbtr`, `DbtrAcct`, `DbtrAgt`).
    pub debtor: Party,
    /// The currency of all amounts.
    pub currency: Currency,
    /// What is paid, one at least (`CdtTrfTxInf`).
    pub transfers: Vec<Transfer>,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Travels with the payment to its end, at most 35 characters (`EndToEndId`).
    pub end_to_end_id: String,
    /// How much, in minor units: above zero (`InstdAmt`).
    pub amount_minor: i64,
    /// Who is paid, and on which account (`Cdtr`, `CdtrAcct`, `CdtrAgt`).
    pub creditor: Party,
    /// What the payee reads, at most 140 characters (`Ustrd`).
    pub remittance: Option<String>,
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// At most 70 characters; see [`fitting`].
    pub name: String,
    /// The account, without spaces.
    pub iban: String,
    /// The bank, for who is not reached by IBAN alone.
    pub bic: Option<String>,
}

/// A rule that a value breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {rule}")]
pub struct Breach {
    /// Where, by the message's own tags, as `PmtInf[1]/CdtTrfTxInf[3]/Cdtr/Nm`.
    pub path: String,
    /// What is broken.
    pub rule: Rule,
}

/// What values are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Nothing is there.
    #[error("must not be empty")]
    Empty,
    /// Longer than the schema or the banks allow.
    #[error("longer than {0} characters")]
    TooLong(usize),
    /// A character outside what banks take, or a `/` where an id must have none.
    #[error("has characters that banks do not take")]
    Characters,
    /// Not two letters, two digits and up to thirty more.
    #[error("no IBAN")]
    NotAnIban,
    /// The check digits are not those of the rest (ISO 7064, mod 97-10).
    #[error("the check digits of the IBAN are wrong")]
    IbanCheck,
    /// Not eight or eleven letters and digits in the BIC's order.
    #[error("no BIC")]
    NotABic,
    /// No amount that can be paid.
    #[error("the amount must be above zero and have at most 18 digits and 5 decimals")]
    Amount,
    /// All amounts together are more than a control sum may be.
    #[error("the sum has more than 18 digits")]
    Sum,
    /// Two things have one id.
    #[error("used twice")]
    Repeated,
    /// No date of four digits for the year.
    #[error("no date that the message can carry")]
    Date,
    /// More than a file may have.
    #[error("more than {0}")]
    TooMany(usize),
}

/// Writes the message, as UTF-8.
///
/// # Errors
/// With every rule that is broken; then nothing is written.
pub fn write(initiation: &Initiation) -> Result<String, Vec<Breach>> {
    let breaches = check::breaches(initiation);
    if breaches.is_empty() { Ok(xml::message(initiation)) } else { Err(breaches) }
}
