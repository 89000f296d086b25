//! What benchmarks of the ledger fill it with: one company, its sellers, holders' accounts, cards,
//! and who may call.

use anyhow::Context as _;
use engine::Command;
use ledger::books::Done;
use ledger::limits::{AMOUNT_MINOR_MAX, AUTHORIZATION_DAYS_DEFAULT};
use ledger::{
    AccountId, AccountNo, AddCard, AddCompany, AddSeller, Answer, CardToken, Contract, Currency,
    Decimal, IssueCredential, OpenAccount, Scope, Zone,
};
use surfaces::http::secrets::secret_hash;

use super::ACTOR;

/// The company's number.
pub(super) const COMPANY: &str = "100";

/// Its first seller's number.
pub(super) const SELLER: &str = "654";

pub(super) fn company(currencies: &[Currency]) -> anyhow::Result<Command> {
    Ok(Command::AddCompany(AddCompany {
        number: COMPANY.to_owned(),
        name: "Benchmark".to_owned(),
        zone: Zone::parse(Zone::DEFAULT_NAME).context("the time zone")?,
        currencies: currencies.to_vec(),
        authorization_days: AUTHORIZATION_DAYS_DEFAULT,
        actor: ACTOR.to_owned(),
        idempotency: None,
    }))
}

pub(super) fn seller(number: &str) -> Command {
    Command::AddSeller(AddSeller {
        company: COMPANY.to_owned(),
        number: number.to_owned(),
        name: "Benchmark".to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

/// Who calls with a token.
pub(super) fn credential(contract: Contract, scope: Scope, token: &str) -> Command {
    Command::IssueCredential(IssueCredential {
        login: None,
        contract,
        label: "benchmark".to_owned(),
        scope,
        secret_hash: secret_hash(token),
        salt: [0; 16],
        expires_at: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

/// Opens a holder's account that has room for all that a benchmark buys.
pub(super) fn open_account(currency: Currency) -> anyhow::Result<Command> {
    let limit = Decimal::parse(&(AMOUNT_MINOR_MAX / 100).to_string()).context("the limit")?;
    Ok(Command::OpenAccount(OpenAccount {
        company: COMPANY.to_owned(),
        currency: currency.code().to_owned(),
        credit_limit: limit,
        holder: "Benchmark".to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    }))
}

/// The account that was opened.
pub(super) fn opened(answer: &Answer) -> Option<AccountNo> {
    match &answer.done {
        Done::Changed(change) => Some(AccountNo::of(AccountId(change.id.0))),
        Done::Authorized { .. }
        | Done::Posted { .. }
        | Done::Corrected { .. }
        | Done::Cancelled { .. }
        | Done::Expired(_)
        | Done::Nothing => None,
    }
}

pub(super) fn add_card(account: AccountNo, token: CardToken) -> Command {
    Command::AddCard(AddCard {
        account,
        token,
        pan: None,
        expiry: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}
