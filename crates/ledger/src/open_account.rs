//! The decision to open a holder's account.

use crate::account::{Account, AccountKind, AccountStatus, Balance};
use crate::books::{Answer, Books, Done, ReadSet};
use crate::change::{Change, ChangeKind, Idempotency};
use crate::ids::{AccountId, RowId};
use crate::money::{Currency, Decimal};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Asks to open an account (operator API, POST accounts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAccount {
    /// The ledger, by number.
    pub company: String,
    /// Three letters; may be no currency at all.
    pub currency: String,
    /// How much the holder may owe, in major units; may be zero.
    pub credit_limit: Decimal,
    /// The holder's name.
    pub holder: String,
    /// Who asks.
    pub actor: String,
    /// The caller's key for this request.
    pub idempotency: Option<Idempotency>,
}

impl OpenAccount {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.company(&self.company);
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
    }
}

/// Decides one opening and places it in the books.
///
/// # Errors
/// [`Refusal`], in its order of precedence.
pub fn open_account(
    command: &OpenAccount,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(answer) = books.repeated(command.idempotency)? {
        return Ok(answer);
    }
    let company = books.directory.company(&command.company);
    let company = company.ok_or(Refusal::CompanyNotConfigured)?;
    let currency = Currency::parse(&command.currency);
    let currency = currency
        .filter(|currency| company.currencies.contains(currency))
        .ok_or(Refusal::CurrencyNotSupported)?;
    let credit_limit = command.credit_limit.minor(currency).map_err(Refusal::Amount)?;
    let id = AccountId(books.coming_id().0);
    let change = Change::about(RowId(0), ChangeKind::AccountOpened, &command.actor, now)
        .with("company_number", company.number.as_str())
        .with("currency", currency.code())
        .with("credit_limit", credit_limit.to_string());
    let change = Change { account: Some(id), ..change };
    books.put_account(Account {
        id,
        company: company.id,
        currency,
        kind: AccountKind::Credit,
        status: AccountStatus::Active,
        holder: command.holder.clone(),
        credit_limit,
        balance: Balance::default(),
        last: RowId(0),
        last_at: now,
    });
    let change = books.place_change(change, command.idempotency);
    Ok(Answer::new(Done::Changed(change)))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, check};
    use crate::{AccountKind, AccountStatus};

    #[test]
    fn the_first_reason_decides() {
        check(
            "
            before     | request                              | answer               | balance
            open key=k | open key=k company=999               | IdempotencyKeyReused |
                       | open company=999 currency=ZZZ        | CompanyNotConfigured |
                       | open currency=ZZZ limit=0.001        | CurrencyNotSupported |
                       | open currency=EUR                    | CurrencyNotSupported |
                       | open company=300                     | CurrencyNotSupported |
                       | open limit=0.001                     | Amount(NotExact)     |
                       | open limit=10000000000000.01         | Amount(OutOfRange)   |
                       | open currency=JPY limit=0.5          | Amount(NotExact)     |
                       | open                                 | changed              | written
                       | open limit=0                         | changed              | written
                       | open limit=10000000000000            | changed              | written
                       | open name=N currency=KWD limit=0.001 | changed              | N 0 0
            ",
        );
    }

    #[test]
    fn a_key_stands_for_one_request() {
        check(
            "
            before                     | request                 | answer               | balance
            open key=k                 | open key=k              | changed again        |
            open key=k; change limit=5 | open key=k              | changed again        |
            open key=k                 | open key=k limit=5      | IdempotencyKeyReused |
            add-card token=t key=k     | open key=k              | IdempotencyKeyReused |
            open                       | open                    | changed              | written
            open key=k                 | open key=l              | changed              | written
                                       | open key=k + open key=k | changed again        | written
            ",
        );
    }

    #[test]
    fn a_key_that_stands_for_no_change_is_in_use() {
        let mut world = World::new();
        world.run_all("authorize; open key=k");
        let opened = *world.rows.keys().next_back().unwrap();
        for row in world.keys.values_mut().filter(|row| **row == opened) {
            *row = crate::RowId(opened.0 - 1);
        }
        assert_eq!(world.run_all("open key=k"), ["IdempotencyKeyReused"]);
    }

    #[test]
    fn an_account_starts_empty_and_active() {
        let mut world = World::new();
        world.run_all("open name=N holder=Beata limit=12.5");
        let account = &world.accounts[&world.account("N")];
        assert_eq!((account.kind, account.status), (AccountKind::Credit, AccountStatus::Active));
        assert_eq!((account.credit_limit, account.available()), (1_250, 1_250));
        assert_eq!((account.holder.as_str(), account.last.0), ("Beata", account.id.0));
    }
}
