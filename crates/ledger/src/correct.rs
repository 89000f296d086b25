//! The decision to take back a monetary transaction, or part of it.

use crate::account::{Account, Balance};
use crate::authorize::positive_minor;
use crate::books::{Answer, Books, Done, ReadSet};
use crate::ids::{Fingerprint, Hasher, Key, RowId, TransactionId};
use crate::money::{Decimal, Money};
use crate::post::{acquirer_key, is_in_scope, posting_key};
use crate::refusal::Refusal;
use crate::time::{Date, Timestamp};
use crate::transaction::{
    AcquirerReferences, Direction, Mount, PostingKind, Transaction, TransactionKind,
};

/// Asks to correct a monetary transaction (card ledger, POST corrections).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correct {
    /// The ledger, by number.
    pub company: String,
    /// The only seller that the caller may act for, by number.
    pub seller_scope: Option<String>,
    /// The name of the contract that was used.
    pub mount: Mount,
    /// The kind of what is corrected.
    pub kind: PostingKind,
    /// The caller's id of what is corrected.
    pub corrected: String,
    /// The caller's id of the correction, unique per company.
    pub source: String,
    /// How much, in major units of the account's currency.
    pub amount: Decimal,
    /// The acquirer's references.
    pub references: AcquirerReferences,
    /// The day for which it counts; today when absent.
    pub value_date: Option<Date>,
}

impl Correct {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.push(posting_key(&self.company, self.kind, &self.corrected));
        reads.keys.extend(self.keys());
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys = vec![correction_key(&self.company, &self.source)];
        keys.extend(acquirer_key(&self.company, "correction", &self.references));
        keys
    }

    fn fingerprint(&self) -> Fingerprint {
        let (digits, decimals) = self.amount.parts();
        let hash = Hasher::new("correct")
            .text(self.kind.as_str())
            .text(&self.corrected)
            .number(digits)
            .number(i64::from(decimals))
            .optional(self.references.batch.as_deref())
            .optional(self.references.transaction.as_deref())
            .optional(self.value_date.map(|day| day.to_string()).as_deref())
            .finish();
        Fingerprint(hash)
    }
}

/// What the source id of a correction uses up.
pub fn correction_key(company: &str, source: &str) -> Key {
    Key(Hasher::new("correction").text(company).text(source).finish())
}

/// Decides one correction and places it in the books. The authorization stays as it is.
///
/// # Errors
/// [`Refusal`], in its order of precedence.
pub fn correct(command: &Correct, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let (keys, fingerprint) = (command.keys(), command.fingerprint());
    let first = keys.first().and_then(|key| books.transaction(*key));
    if let Some(first) = first.filter(|first| first.fingerprint == fingerprint) {
        return Ok(Answer::replayed(done(command, first.mount)));
    }
    let directory = &books.directory;
    let company = directory.company(&command.company).ok_or(Refusal::CompanyNotConfigured)?;
    let unknown = Refusal::TransactionNotFound(command.kind);
    let key = posting_key(&command.company, command.kind, &command.corrected);
    let corrected = books.transaction(key).ok_or(unknown)?;
    let seller = directory.seller_by_id(corrected.seller).ok_or(unknown)?;
    if !is_in_scope(seller, command.seller_scope.as_deref()) {
        return Err(unknown);
    }
    let account = books.accounts.get(&corrected.account).ok_or(unknown)?;
    let amount = positive_minor(command.amount, corrected.currency)?;
    if keys.iter().any(|key| books.keys.contains_key(key)) {
        return Err(Refusal::DuplicateCorrection);
    }
    let correctable = correctable(command.kind, corrected, account);
    if amount > correctable {
        let available = Money::from_minor(correctable, corrected.currency);
        let available = available.map_err(Refusal::Amount)?;
        return Err(Refusal::InsufficientDebitedAmount { available });
    }
    let value_date = command.value_date.unwrap_or(company.day_of(now));
    let row = row(command, corrected, amount, fingerprint, value_date, now);
    books.place_transaction(row, &keys)?;
    Ok(Answer::new(done(command, command.mount)))
}

fn done(command: &Correct, mount: Mount) -> Done {
    Done::Corrected {
        kind: command.kind,
        corrected: command.corrected.clone(),
        source: command.source.clone(),
        mount,
    }
}

/// How much can be taken back. Taking back a reversal debits the holder, and only what happened
/// offline may debit more than is available.
fn correctable(kind: PostingKind, corrected: &Transaction, account: &Account) -> i64 {
    match TransactionKind::Correction(kind).direction() {
        Some(Direction::Debit) => corrected.correctable().min(account.available().max(0)),
        Some(Direction::Credit) | None => corrected.correctable(),
    }
}

fn row(
    command: &Correct,
    corrected: &Transaction,
    amount: i64,
    fingerprint: Fingerprint,
    value_date: Date,
    now: Timestamp,
) -> Transaction {
    Transaction {
        id: TransactionId(0),
        at: now,
        kind: TransactionKind::Correction(command.kind),
        corrects: Some(corrected.id),
        source: command.source.clone(),
        fingerprint,
        posted: amount,
        released: 0,
        withdrawal: None,
        references: command.references.clone(),
        receipt: None,
        point_of_sale: None,
        method: None,
        channel: None,
        value_date,
        mount: command.mount,
        offline_info: false,
        over_limit: false,
        despite_block: false,
        balance: Balance::default(),
        previous: RowId(0),
        sibling: RowId(0),
        corrected: 0,
        last_child: RowId(0),
        ..corrected.clone()
    }
}
