//! What the tests of several modules build on: an installation, and stores with a will.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use ledger::{
    AccountId, AccountNo, AcquirerReferences, AddCard, AddCompany, AddSeller, AuthorizationId,
    AuthorizationKind, Authorize, Basis, Books, CardToken, Code, Currency, Date, Decimal,
    Directory, Instrument, Mount, OfflineClaims, OpenAccount, Post, PostingKind, ReadSet,
    Timestamp, WriteSet, Zone,
};
use store::{MemoryStore, Reader as _, Source, Store, StoreError};

use crate::{Clock, Command, run_batch};

/// The memory store as several writers share it: one batch at a time, as if each took all locks.
#[derive(Clone, Default)]
pub(crate) struct SharedStore {
    pub(crate) content: MemoryStore,
    lock: Arc<Mutex<()>>,
    /// Batches that read one of these unwind.
    pub(crate) poison: HashSet<AuthorizationId>,
}

impl Store for SharedStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        let guard = self.lock.lock().unwrap();
        if reads.authorizations.iter().any(|id| self.poison.contains(id)) {
            drop(guard);
            std::panic::resume_unwind(Box::new("poison"));
        }
        self.content.transact(reads, decide)
    }

    fn directory(&self) -> Arc<Directory> {
        self.content.directory()
    }

    fn source(&self) -> Arc<dyn Source> {
        self.content.source()
    }
}

/// A clock that stands still.
pub(crate) struct StillClock(pub(crate) Timestamp);

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A company, a seller and `count` accounts with plenty of credit and a card each: [`card`].
pub(crate) fn installation(count: usize) -> (SharedStore, Vec<AccountId>) {
    let mut store = SharedStore::default();
    let mut run = |commands: &[Command]| {
        for reply in run_batch(&mut store, commands, Timestamp(0)).unwrap() {
            reply.unwrap();
        }
    };
    run(&[add_company("100")]);
    run(&[Command::AddSeller(AddSeller {
        company: "100".to_owned(),
        number: "654".to_owned(),
        name: "Seller".to_owned(),
        actor: "test".to_owned(),
        idempotency: None,
    })]);
    run(&vec![open_account(); count]);
    let payable = 1;
    let all = store.content.accounts_before(AccountId(i64::MAX), count + payable).unwrap();
    let holders = all.iter().filter(|account| !account.holder.is_empty());
    let accounts: BTreeSet<AccountId> = holders.map(|account| account.id).collect();
    assert_eq!(accounts.len(), count);
    for (number, account) in accounts.iter().enumerate() {
        let reply = run_batch(&mut store, [&add_card(*account, number)], Timestamp(0));
        reply.unwrap().remove(0).unwrap();
    }
    (store, accounts.into_iter().collect())
}

pub(crate) fn add_company(number: &str) -> Command {
    Command::AddCompany(AddCompany {
        number: number.to_owned(),
        name: "Company".to_owned(),
        zone: Zone::parse("UTC").unwrap(),
        currencies: vec![Currency::SEK],
        authorization_days: 7,
        actor: "test".to_owned(),
        idempotency: None,
    })
}

pub(crate) fn open_account() -> Command {
    Command::OpenAccount(OpenAccount {
        company: "100".to_owned(),
        currency: "SEK".to_owned(),
        credit_limit: Decimal::parse("1000000").unwrap(),
        holder: "Holder".to_owned(),
        actor: "test".to_owned(),
        idempotency: None,
    })
}

fn add_card(account: AccountId, number: usize) -> Command {
    Command::AddCard(AddCard {
        account: AccountNo::of(account),
        token: card(number),
        pan: None,
        expiry: None,
        actor: "test".to_owned(),
        idempotency: None,
    })
}

/// The card of the account with this number among those of [`installation`].
pub(crate) fn card(number: usize) -> CardToken {
    CardToken::parse(&format!("card-{number}")).unwrap()
}

pub(crate) fn by_card(number: usize) -> Instrument {
    Instrument::Card(card(number))
}

pub(crate) fn by_number(account: AccountId) -> Instrument {
    Instrument::Account(Some(AccountNo::of(account)))
}

/// Reserves 1.00.
pub(crate) fn authorize(source: &str, instrument: Instrument, valid_to: Option<Date>) -> Command {
    Command::Authorize(Authorize {
        company: "100".to_owned(),
        mount: Mount::CardTransaction,
        source: source.to_owned(),
        seller: "654".to_owned(),
        instrument,
        kind: AuthorizationKind::Purchase,
        point_of_sale: "Shop".to_owned(),
        amount: Decimal::parse("1.00").unwrap(),
        currency: "SEK".to_owned(),
        valid_to,
        method: None,
        channel: None,
    })
}

/// Takes 0.01.
pub(crate) fn purchase(source: &str, basis: Basis) -> Command {
    Command::Post(Post {
        company: "100".to_owned(),
        seller_scope: None,
        mount: Mount::CardTransaction,
        kind: PostingKind::Purchase,
        offline_info: matches!(basis, Basis::Offline(_)),
        basis,
        claims: OfflineClaims::default(),
        source: source.to_owned(),
        amount: Decimal::parse("0.01").unwrap(),
        withdrawal: None,
        references: AcquirerReferences::default(),
        receipt: None,
        point_of_sale: None,
        value_date: None,
    })
}

/// Takes 0.01 of an authorization.
pub(crate) fn capture(source: &str, code: Code) -> Command {
    purchase(source, Basis::Authorization(Some(code)))
}
