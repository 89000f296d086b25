//! The decision to change an account's limit or status.

use crate::account::{AccountKind, AccountNo, AccountStatus};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::change::{Change, ChangeKind};
use crate::ids::RowId;
use crate::money::Decimal;
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Asks to change an account (operator API, PATCH accounts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeAccount {
    /// Which account.
    pub account: AccountNo,
    /// The new limit, in major units. It may be below what is owed and reserved: nothing new is
    /// authorized then, and `available` shows it.
    pub credit_limit: Option<Decimal>,
    /// The new status. A closed account stays closed; one with reservations is not closed.
    pub status: Option<AccountStatus>,
    /// Who asks.
    pub actor: String,
}

impl ChangeAccount {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.is_anybodys = true;
        reads.accounts.push(self.account.id());
    }
}

/// Decides one change and places it in the books. A change to what is already so does nothing.
///
/// # Errors
/// [`Refusal`], in its order of precedence.
pub fn change_account(
    command: &ChangeAccount,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let id = command.account.id();
    let account = books.accounts.get(&id).filter(|found| found.kind == AccountKind::Credit);
    let account = account.ok_or(Refusal::AccountNotFound)?;
    let limit = command.credit_limit.map(|limit| limit.minor(account.currency));
    let limit = limit.transpose().map_err(Refusal::Amount)?.unwrap_or(account.credit_limit);
    let status = command.status.unwrap_or(account.status);
    let reopens = account.status == AccountStatus::Closed && status != AccountStatus::Closed;
    let abandons = status == AccountStatus::Closed && account.balance.reserved != 0;
    if reopens || abandons {
        return Err(Refusal::StateConflict);
    }
    if limit == account.credit_limit && status == account.status {
        return Ok(Answer::new(Done::Nothing));
    }
    let change = Change::about(RowId(id.0), ChangeKind::AccountChanged, &command.actor, now)
        .with("credit_limit_before", account.credit_limit.to_string())
        .with("credit_limit", limit.to_string())
        .with("status_before", account.status.as_str())
        .with("status", status.as_str());
    let account = books.account_mut(id);
    account.credit_limit = limit;
    account.status = status;
    let change = books.place_change(Change { account: Some(id), ..change }, None);
    Ok(Answer::new(Done::Changed(change)))
}

#[cfg(test)]
mod tests {
    use crate::world::check;

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before    | request                                    | answer             | balance
                      | change account=0 limit=0.001               | AccountNotFound    |
                      | change account=payable limit=5             | AccountNotFound    |
                      | change account=C limit=0.001 status=active | Amount(NotExact)   |
                      | change limit=10000000000000.01             | Amount(OutOfRange) |
                      | change account=C status=active             | StateConflict      |
                      | change account=C status=blocked            | StateConflict      |
            authorize | change status=closed                       | StateConflict      |
            authorize; purchase amount=100 | change status=closed limit=5 | StateConflict |
                      | change                                     | nothing            |
                      | change limit=1000                          | nothing            |
                      | change limit=1000.00 status=active         | nothing            |
                      | change account=C status=closed             | nothing            |
            ",
        );
    }

    #[test]
    fn limit_and_status_change_and_balances_stay() {
        check(
            "
            before            | request                         | answer     | balance
                              | change limit=5                  | changed    | A 0 0
                              | change limit=0                  | changed    | A 0 0
            authorize         | change limit=5                  | changed    | A 0 30000
            authorize         | change status=blocked           | changed    | A 0 30000
            purchase offline  | change status=closed            | changed    | A 30000 0
                              | change status=closed limit=5    | changed    | A 0 0
                              | change account=C limit=5        | changed    | C 0 0
                              | change account=D status=active  | changed    | D 0 0
            change account=D status=active | authorize card=card-d | authorized | D 0 30000
            change limit=5    | authorize | declined InsufficientFunds | A 0 0
            authorize; cancel | change status=closed            | changed    | A 0 0
                              | change limit=5 + change limit=5 | nothing    | A 0 0
            authorize         | cancel + change status=closed   | changed    | A 0 0
            ",
        );
    }
}
