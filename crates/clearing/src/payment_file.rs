//! Payment files: settlements as the bank is told to pay them (ISO 20022, pain.001).
//!
//! Invariant: a settlement is in one file at most, and a file is kept as it was made: sellers may
//! change their accounts, and the bank may ask for the file again.

use std::collections::{BTreeMap, BTreeSet};

use formats::pain001::{Initiation, Party, PaymentBlock, Transfer, write};
use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, ClearingChange, Currency, Date, Document, DocumentId, Fields,
    Idempotency, ReadSet, RowId, Timestamp,
};

use crate::command::{Answer, Outcome, repeated};
use crate::limits::PAYMENTS_PER_FILE_MAX;
use crate::payout_account::{AccountOwner, PayoutAccount};
use crate::refusal::Refusal;
use crate::settlement::Settlement;

/// The list of all payment files.
pub const PAYMENT_FILES: &str = "payment_files";

/// A file for the bank. What it says is a document of its own, so that a list of files is short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFile {
    /// The row that made it.
    pub number: i64,
    /// The company's number.
    pub company: String,
    /// The day whose settlements it pays.
    pub day: Date,
    /// When the bank shall pay.
    pub execution_date: Date,
    /// How many it pays, and how much in minor units, by currency (ISO 4217).
    pub totals: BTreeMap<String, (i64, i64)>,
    /// Settlements whose sellers had no account, with the sellers' numbers.
    pub left_out: BTreeMap<i64, String>,
    /// When it was made.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: String,
}

/// Asks for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakePaymentFile {
    /// The company's number.
    pub company: String,
    /// The day whose settlements are paid.
    pub day: Date,
    /// When the bank shall pay.
    pub execution_date: Date,
    /// Settlements that were found to be unpaid, those without an account too. Those that are in a
    /// file by now, or not of the day, are passed over.
    pub settlements: Vec<i64>,
    /// Who asks for it.
    pub actor: String,
    /// The caller's key for the request.
    pub idempotency: Option<Idempotency>,
}

impl MakePaymentFile {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.extend(self.settlements.iter().map(|number| Settlement::id(*number)));
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

impl PaymentFile {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::PaymentFile.id(number)
    }

    /// The list of a company's files.
    pub fn company_list(company: &str) -> String {
        format!("payment_files.of:{company}")
    }

    /// Names the message for ever (`MsgId`).
    pub fn message_id(number: i64) -> String {
        format!("PAYOUT-{number}")
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<PaymentFile> {
        let fields = &document.fields;
        let text = |name: &str| fields.owned(name);
        let day = |name: &str| fields.text(name).and_then(Date::parse);
        let (counts, sums) = (fields.under("count."), fields.under("sum."));
        let total = |(code, _): (&str, &str)| {
            Some((code.to_owned(), (counts.number(code)?, sums.number(code)?)))
        };
        let left_out = fields.under("left_out.");
        let seller =
            |(number, seller): (&str, &str)| Some((number.parse().ok()?, seller.to_owned()));
        Some(PaymentFile {
            number: document.id.number,
            company: text("company")?,
            day: day("day")?,
            execution_date: day("execution_date")?,
            totals: counts.iter().filter_map(total).collect(),
            left_out: left_out.iter().filter_map(seller).collect(),
            at: fields.time("at")?,
            actor: text("actor")?,
        })
    }

    fn document(&self) -> Document {
        let mut fields = Fields::default()
            .with("company", Some(&self.company))
            .with("day", Some(self.day.to_string()))
            .with("execution_date", Some(self.execution_date.to_string()))
            .with("at", Some(self.at.0.to_string()))
            .with("actor", Some(&self.actor));
        for (code, (count, minor)) in &self.totals {
            fields.set(format!("count.{code}"), Some(count.to_string()));
            fields.set(format!("sum.{code}"), Some(minor.to_string()));
        }
        for (number, seller) in &self.left_out {
            fields.set(format!("left_out.{number}"), Some(seller.clone()));
        }
        let mut document = Document::new(PaymentFile::id(self.number), fields);
        document.lists.extend([PAYMENT_FILES.to_owned(), Self::company_list(&self.company)]);
        document
    }
}

/// The message of a file. It names accounts of people.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentMessage {
    /// The file's number.
    pub file: i64,
    /// The message, as it is sent.
    pub xml: String,
}

impl PaymentMessage {
    /// Names its document.
    pub fn id(file: i64) -> DocumentId {
        Kind::PaymentMessage.id(file)
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<PaymentMessage> {
        let xml = document.fields.text("xml")?.to_owned();
        Some(PaymentMessage { file: document.id.number, xml })
    }

    fn document(&self) -> Document {
        let fields = Fields::default().with("xml", Some(&self.xml));
        Document::new(PaymentMessage::id(self.file), fields)
    }
}

/// Decides to make a file of settlements that are to be paid.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`], [`Refusal::CompanyNotFound`],
/// [`Refusal::ExecutionDatePast`], [`Refusal::NoDebtorAccount`], [`Refusal::NothingToPay`],
/// [`Refusal::SumOutOfRange`], [`Refusal::PaymentFileNotWritable`]; with the books unchanged.
pub fn make_payment_file(
    command: &MakePaymentFile,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(number) = repeated(books, command.idempotency)? {
        return Ok(Answer::replayed(Outcome::Repeated(number)));
    }
    let company = books.directory.company(&command.company).ok_or(Refusal::CompanyNotFound)?;
    if command.execution_date < company.day_of(now) {
        return Err(Refusal::ExecutionDatePast);
    }
    let debtor = account(books, &command.company, None).ok_or(Refusal::NoDebtorAccount)?;
    let (paid, left_out) = payees(command, books);
    if paid.is_empty() {
        return Err(Refusal::NothingToPay { left_out: left_out.len() });
    }
    let number = books.coming_id().0;
    let initiation = initiation(command, number, &debtor, &paid, now);
    let xml = write(&initiation).map_err(|_| Refusal::PaymentFileNotWritable)?;
    let file = PaymentFile {
        number,
        company: command.company.clone(),
        day: command.day,
        execution_date: command.execution_date,
        totals: totals(&paid).ok_or(Refusal::SumOutOfRange)?,
        left_out,
        at: now,
        actor: command.actor.clone(),
    };
    books.put_document(PaymentMessage { file: number, xml }.document());
    place(&file, paid.into_iter().map(|(settlement, _)| settlement), command, books);
    Ok(Answer::new(Outcome::PaymentFile(number)))
}

fn place(
    file: &PaymentFile,
    paid: impl Iterator<Item = Settlement>,
    command: &MakePaymentFile,
    books: &mut Books,
) {
    let mut numbers = Vec::new();
    for settlement in paid {
        numbers.push(settlement.number.to_string());
        let paid = Settlement { payment_file: Some(file.number), ..settlement };
        books.put_document(paid.document());
    }
    let kind = ChangeKind::Clearing(ClearingChange::PaymentFileMade);
    let change = Change::about(RowId(0), kind, &file.actor, file.at)
        .with("company", file.company.as_str())
        .with("day", file.day.to_string())
        .with("execution_date", file.execution_date.to_string())
        .with("settlements", numbers.join(" "));
    let change = books.place_change(change, command.idempotency);
    debug_assert!(change.id.0 == file.number, "the file has another number than its row");
    books.put_document(file.document());
}

fn account(books: &Books, company: &str, seller: Option<&str>) -> Option<PayoutAccount> {
    let owner = AccountOwner { company: company.to_owned(), seller: seller.map(str::to_owned) };
    PayoutAccount::find(&books.directory, &owner)
}

/// The named settlements that are to be paid and meant, with who is paid; and those whose seller
/// has no account.
fn payees(
    command: &MakePaymentFile,
    books: &Books,
) -> (Vec<(Settlement, Party)>, BTreeMap<i64, String>) {
    let numbers: BTreeSet<i64> = command.settlements.iter().copied().collect();
    let found = numbers.into_iter().filter_map(|number| books.document(Settlement::id(number)));
    let is_meant = |it: &Settlement| {
        it.key.company == command.company && it.key.day == command.day && it.is_to_pay()
    };
    let (mut paid, mut left_out) = (Vec::new(), BTreeMap::new());
    for settlement in found.filter_map(Settlement::of).filter(is_meant) {
        let seller = settlement.key.seller.clone();
        match account(books, &command.company, Some(&seller)) {
            Some(found) if paid.len() < PAYMENTS_PER_FILE_MAX => {
                let party = found.account.party(&seller);
                paid.push((settlement, party));
            }
            Some(_) => {}
            None => drop(left_out.insert(settlement.number, seller)),
        }
    }
    (paid, left_out)
}

fn totals(paid: &[(Settlement, Party)]) -> Option<BTreeMap<String, (i64, i64)>> {
    let mut totals = BTreeMap::new();
    for (settlement, _) in paid {
        let code = settlement.key.currency.code().to_owned();
        let (count, minor): &mut (i64, i64) = totals.entry(code).or_default();
        *count = count.checked_add(1)?;
        *minor = minor.checked_add(settlement.outcome.paid_minor())?;
    }
    Some(totals)
}

fn initiation(
    command: &MakePaymentFile,
    number: i64,
    debtor: &PayoutAccount,
    paid: &[(Settlement, Party)],
    now: Timestamp,
) -> Initiation {
    let debtor = debtor.account.party(&command.company);
    let message_id = PaymentFile::message_id(number);
    let mut blocks: BTreeMap<&'static str, (Currency, Vec<Transfer>)> = BTreeMap::new();
    for (settlement, creditor) in paid {
        let currency = settlement.key.currency;
        let block = blocks.entry(currency.code()).or_insert((currency, Vec::new()));
        block.1.push(Transfer {
            end_to_end_id: settlement.reference(),
            amount_minor: settlement.outcome.paid_minor(),
            creditor: creditor.clone(),
            remittance: Some(format!("Settlement {} {}", settlement.key.day, settlement.number)),
        });
    }
    let payments = blocks.into_iter().map(|(code, (currency, transfers))| PaymentBlock {
        id: format!("{message_id}-{code}"),
        execution_date: command.execution_date,
        debtor: debtor.clone(),
        currency,
        transfers,
    });
    Initiation {
        message_id: message_id.clone(),
        created_at: now,
        initiating_party: debtor.name.clone(),
        payments: payments.collect(),
    }
}

#[cfg(test)]
mod tests;
