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
        .with("company", company.number.as_str())
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
    });
    let change = books.place_change(change, command.idempotency);
    Ok(Answer::new(Done::Changed(change)))
}
