//! The decision to take back a monetary transaction, or part of it.

use crate::account::Account;
use crate::authorize::{named_minor, positive_minor};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::ids::{Fingerprint, Hasher, Key};
use crate::money::Decimal;
use crate::post::{acquirer_key, is_visible, posting_key};
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
    /// The caller's id of the correction, unique per company and kind.
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
        reads.company(&self.company);
        reads.keys.push(posting_key(&self.company, self.kind, &self.corrected));
        reads.keys.extend(self.keys());
    }

    fn keys(&self) -> Vec<Key> {
        let word = TransactionKind::Correction(self.kind).as_str();
        let mut keys = vec![correction_key(&self.company, self.kind, &self.source)];
        keys.extend(acquirer_key(&self.company, word, &self.references));
        keys
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
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

/// What the source id of a correction uses up. `kind` is the kind of what it corrects.
pub fn correction_key(company: &str, kind: PostingKind, source: &str) -> Key {
    Key(Hasher::new(TransactionKind::Correction(kind).as_str()).text(company).text(source).finish())
}

/// Decides one correction and places it in the books. The authorization stays as it is.
///
/// # Errors
/// [`Refusal`], in its order of precedence.
pub fn correct(command: &Correct, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let (keys, fingerprint) = (command.keys(), command.fingerprint());
    let scope = command.seller_scope.as_deref();
    let first = keys.first().and_then(|key| books.transaction(*key));
    let first = first.filter(|first| first.fingerprint == fingerprint);
    if let Some(first) = first.filter(|first| is_visible(first, books, scope)) {
        return Ok(Answer::replayed(done(command, first.mount)));
    }
    named_minor(command.amount, None)?;
    let directory = &books.directory;
    let company = directory.company(&command.company).ok_or(Refusal::CompanyNotConfigured)?;
    let unknown = Refusal::TransactionNotFound(command.kind);
    let key = posting_key(&command.company, command.kind, &command.corrected);
    let corrected = books.transaction(key).ok_or(unknown)?;
    if !is_visible(corrected, books, scope) {
        return Err(unknown);
    }
    let account = books.accounts.get(&corrected.account).ok_or(unknown)?;
    let amount = positive_minor(command.amount, corrected.currency)?;
    if keys.iter().any(|key| books.keys.contains_key(key)) {
        return Err(Refusal::DuplicateCorrection);
    }
    let correctable = correctable(command.kind, corrected, account);
    if amount > correctable {
        return Err(Refusal::insufficient(correctable, corrected.currency));
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
    let kind = TransactionKind::Correction(command.kind);
    Transaction {
        card: corrected.card,
        authorization: corrected.authorization,
        corrects: Some(corrected.id),
        source: command.source.clone(),
        fingerprint,
        posted: amount,
        references: command.references.clone(),
        mount: command.mount,
        ..Transaction::bare(kind, corrected.between(), value_date, now)
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::BALANCE_MINOR_MAX;
    use crate::world::{World, check};

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before    | request                          | answer                        | balance
                      | correct amount=0 company=999     | Amount(OutOfRange)            |
                      | correct company=999              | CompanyNotConfigured          |
                      | correct amount=0.001             | TransactionNotFound(Purchase) |
                      | correct kind=reversal            | TransactionNotFound(Reversal) |
            purchase offline | correct kind=withdrawal | TransactionNotFound(CashWithdrawal) |
            purchase offline | correct of=p2 | TransactionNotFound(Purchase) |
            purchase offline | correct company=200 | TransactionNotFound(Purchase) |
            purchase offline | correct scope=655 amount=0.001 | TransactionNotFound(Purchase) |
            purchase offline; correct | correct of=c1 source=c2 | TransactionNotFound(Purchase) |
            authorize | correct of=a1                    | TransactionNotFound(Purchase) |
            purchase offline; correct amount=1 | correct amount=0.001 | Amount(NotExact) |
            purchase offline; correct amount=1 | \
                        correct amount=10000000000000.01 | Amount(OutOfRange)            |
            purchase offline; correct | correct amount=999 | DuplicateCorrection |
            purchase offline | correct amount=300.01 | only 30000 remains |
            purchase offline; correct amount=100 | \
                        correct source=c2 amount=200.01  | only 20000 remains            |
            purchase offline; correct | correct source=c2 amount=0.01 | only 0 remains |
            ",
        );
    }

    #[test]
    fn money_moves_back_and_the_authorization_stays_as_it_is() {
        check(
            "
            before           | request                 | answer                         | balance
            purchase offline | correct                 | c1 corrects purchase p1        | A 0 0
            purchase offline | correct scope=654       | c1 corrects purchase p1        | A 0 0
            purchase offline | correct amount=100      | c1 corrects purchase p1        | A 20000 0
            purchase offline; correct amount=100 | \
                               correct source=c2 amount=200 | c2 corrects purchase p1        | A 0 0
            withdraw offline | correct kind=withdrawal | c1 corrects cash-withdrawal p1 | A 0 0
            reverse offline  | correct kind=reversal   | c1 corrects reversal p1        | A 0 0
            purchase offline; change status=blocked | correct | c1 corrects purchase p1 | A 0 0
            authorize; purchase | correct | c1 corrects purchase p1 | A 0 0
            authorize; purchase; correct | purchase source=p2 | AuthorizationUsedUp |
            authorize; purchase amount=100; correct amount=100 | \
                               purchase source=p2 amount=200.01 | only 20000 remains             |
            authorize; purchase amount=100 | \
                               correct amount=100      | c1 corrects purchase p1        | A 0 20000
            authorize; purchase amount=100; cancel | \
                               correct amount=100      | c1 corrects purchase p1        | A 0 0
            purchase offline; withdraw offline | \
                               correct kind=withdrawal | c1 corrects cash-withdrawal p1 | A 30000 0
            purchase offline | correct mount=credit-account-acquiring | \
                               c1 corrects purchase p1 credit-account-acquiring | A 0 0
            purchase offline amount=2000 | correct amount=1 | c1 corrects purchase p1 | A 199900 0
            ",
        );
    }

    #[test]
    fn taking_back_a_reversal_is_bounded_by_what_is_available() {
        check(
            "
            before | request                             | answer                  | balance
            reverse offline; authorize amount=1300 | \
                     correct kind=reversal amount=0.01   | only 0 remains          |
            reverse offline; authorize amount=1200 | \
                     correct kind=reversal amount=100.01 | only 10000 remains      |
            reverse offline; authorize amount=1200 | \
                     correct kind=reversal amount=100    | c1 corrects reversal p1 | A -20000 120000
            reverse offline; authorize amount=1000 | \
                     correct kind=reversal               | c1 corrects reversal p1 | A 0 100000
            purchase offline source=x amount=2000; reverse offline | \
                     correct kind=reversal amount=0.01   | only 0 remains          |
            reverse offline; change limit=0 | \
                     correct kind=reversal               | c1 corrects reversal p1 | A 0 0
            reverse offline; change status=blocked | \
                     correct kind=reversal               | c1 corrects reversal p1 | A 0 0
            ",
        );
    }

    #[test]
    fn references_stand_for_one_correction() {
        check(
            "
            before | request                              | answer                        | balance
            purchase offline; correct | correct | c1 corrects purchase p1 again |
            purchase offline; correct | correct amount=300 | c1 corrects purchase p1 again |
            purchase offline; correct | correct scope=654 | c1 corrects purchase p1 again |
            purchase offline; correct | correct scope=655 | TransactionNotFound(Purchase) |
            purchase offline; correct mount=credit-account-acquiring | \
                correct | c1 corrects purchase p1 credit-account-acquiring again |
            purchase offline; correct amount=1; correct source=c2 amount=2 | \
                     correct amount=1                     | c1 corrects purchase p1 again |
            purchase offline; correct amount=1 | correct amount=2 | DuplicateCorrection |
            purchase offline; correct amount=1 | \
                     correct amount=1 date=2026-11-20     | DuplicateCorrection           |
            purchase offline; correct amount=1 | correct amount=1 batch=b | DuplicateCorrection |
            purchase offline; correct amount=1 | correct amount=1 ref=r | DuplicateCorrection |
            purchase offline; withdraw offline; correct | \
                     correct kind=withdrawal              | c1 corrects cash-withdrawal p1 | A 0 0
            purchase offline; purchase offline source=p2; correct | \
                     correct of=p2                        | DuplicateCorrection           |
            purchase offline; correct amount=1 batch=b ref=r | \
                     correct source=c2 amount=1 batch=b ref=r | DuplicateCorrection           |
            purchase offline; correct amount=1 batch=b ref=r | \
                correct source=c2 amount=1 batch=b ref=s | c2 corrects purchase p1 | A 29800 0
            purchase offline batch=b ref=r | correct batch=b ref=r | c1 corrects purchase p1 | A 0 0
                   | purchase offline + correct + correct | c1 corrects purchase p1 again | A 0 0
                   | purchase offline + correct amount=200 + correct source=c2 amount=200 | \
                     only 10000 remains | A 10000 0
            ",
        );
    }

    #[test]
    fn a_balance_stays_in_range() {
        let mut world = World::new();
        world.run_all("purchase offline");
        let id = world.account("A");
        world.accounts.get_mut(&id).unwrap().balance.debt = -BALANCE_MINOR_MAX;
        let before = world.clone();
        assert_eq!(world.run_all("correct"), ["BalanceOutOfRange"]);
        assert_eq!((world.rows, world.accounts), (before.rows, before.accounts));
    }
}
