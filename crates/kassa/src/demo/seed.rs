//! The fixed content of the demo: one company, one seller, two accounts with a card each, and
//! credentials that everybody knows.
//!
//! Invariant: seeding a second time changes nothing, and `kassa serve` never gets here.

use anyhow::Context as _;
use engine::{Command, Handle, SubmitError};
use ledger::books::Done;
use ledger::ids::Hasher;
use ledger::limits::AUTHORIZATION_DAYS_DEFAULT;
use ledger::{
    AccountId, AddCard, AddCompany, AddSeller, CardToken, Contract, Currency, Decimal, Fingerprint,
    Idempotency, IssueCredential, Key, OpenAccount, Refusal, Scope, Zone,
};
use surfaces::http::secrets::secret_hash;

/// The company.
pub(super) const COMPANY: &str = "100";
/// Its seller.
pub(super) const SELLER: &str = "654";
/// The card with room: 50 000.00 SEK.
pub(super) const CARD: &str = "5646735165";
/// The card with little room: 500.00 SEK.
pub(super) const SMALL_CARD: &str = "546415646315";
/// The bearer token of the card ledger, bound to the company.
pub(super) const LEDGER_TOKEN: &str = "demo-ledger-token-000000000000000";
/// The key of the operator API.
pub(super) const OPERATOR_KEY: &str = "demo-operator-key-00000000000000";

const ACTOR: &str = "demo";

/// A holder, the limit in major units, and the card.
const HOLDERS: [(&str, &str, &str); 2] =
    [("Alma Demo", "50000", CARD), ("Bo Demo", "500", SMALL_CARD)];

/// Puts the demo's content into the store, as far as it is not there.
///
/// # Errors
/// When the store fails.
pub(super) fn seed(engine: &Handle) -> anyhow::Result<()> {
    unless_taken(engine, Command::AddCompany(company()?))?;
    unless_taken(engine, Command::AddSeller(seller()))?;
    let scope = Scope::Company { number: COMPANY.to_owned(), seller: None };
    unless_taken(engine, credential(Contract::CardLedger, scope, LEDGER_TOKEN))?;
    unless_taken(engine, credential(Contract::Operator, Scope::Installation, OPERATOR_KEY))?;
    for (holder, limit, card) in HOLDERS {
        let opening = Command::OpenAccount(account(holder, limit)?);
        let opened = engine.submit_blocking(opening).context("could not open an account")?;
        let Done::Changed(change) = opened.done else {
            anyhow::bail!("opening an account changed nothing")
        };
        let card = AddCard {
            account: ledger::AccountNo::of(AccountId(change.id.0)),
            token: CardToken::parse(card).context("the demo's card token")?,
            pan: None,
            expiry: None,
            actor: ACTOR.to_owned(),
            idempotency: None,
        };
        unless_taken(engine, Command::AddCard(card))?;
    }
    Ok(())
}

/// Submits what has a name of its own: where the name is taken, it was there before.
fn unless_taken(engine: &Handle, command: Command) -> anyhow::Result<()> {
    match engine.submit_blocking(command) {
        Ok(_) | Err(SubmitError::Refused(Refusal::NameTaken)) => Ok(()),
        Err(error) => Err(error).context("could not put the demo's content into the store"),
    }
}

fn company() -> anyhow::Result<AddCompany> {
    let currencies = ["SEK", "EUR"].into_iter().filter_map(Currency::parse).collect();
    Ok(AddCompany {
        number: COMPANY.to_owned(),
        name: "Demo Credit".to_owned(),
        zone: Zone::parse(Zone::DEFAULT_NAME).context("the demo's time zone")?,
        currencies,
        authorization_days: AUTHORIZATION_DAYS_DEFAULT,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

fn seller() -> AddSeller {
    AddSeller {
        company: COMPANY.to_owned(),
        number: SELLER.to_owned(),
        name: "Demo Shop".to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    }
}

fn credential(contract: Contract, scope: Scope, secret: &str) -> Command {
    Command::IssueCredential(IssueCredential {
        login: None,
        contract,
        label: "demo".to_owned(),
        scope,
        secret_hash: secret_hash(secret),
        salt: [0; 16],
        expires_at: None,
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

/// Accounts have no name of their own, so a key tells that one was opened before.
fn account(holder: &str, credit_limit: &str) -> anyhow::Result<OpenAccount> {
    let name = Hasher::new("demo account").text(holder).finish();
    Ok(OpenAccount {
        company: COMPANY.to_owned(),
        currency: "SEK".to_owned(),
        credit_limit: Decimal::parse(credit_limit).context("the demo's credit limit")?,
        holder: holder.to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: Some(Idempotency { key: Key(name), fingerprint: Fingerprint(name) }),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use store::{MemoryStore, Store as _};

    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn seeding_twice_is_seeding_once() {
        let store = MemoryStore::default();
        let source = store.source();
        let (engine, thread) = engine::spawn(vec![Box::new(store)], Arc::new(SystemClock));
        let rows = || source.open().unwrap().rows_after(ledger::RowId(0), 1_000).unwrap();
        seed(&engine).unwrap();
        let first = rows();
        seed(&engine).unwrap();
        assert_eq!(rows(), first);
        let company = engine.directory().company(COMPANY).unwrap().clone();
        let codes: Vec<&str> = company.currencies.iter().map(|found| found.code()).collect();
        assert_eq!(codes, ["SEK", "EUR"]);
        assert!(engine.directory().seller(company.id, SELLER).is_some());
        let accounts = source.open().unwrap().accounts_before(AccountId(i64::MAX), 10).unwrap();
        let mut limits: Vec<i64> = accounts.iter().map(|account| account.credit_limit).collect();
        limits.sort_unstable();
        // Two holders' accounts, and what is owed to the seller in two currencies.
        assert_eq!(limits, [0, 0, 50_000, 5_000_000]);
        engine.close();
        thread.join().unwrap();
    }
}
