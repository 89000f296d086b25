//! Lists and looks at the past over more rows than one page looks at, and the pool of readers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ledger::{
    AccountId, AccountNo, AddCompany, AddSeller, Authorize, Cancel, Code, CompanyId, Currency,
    Decimal, Instrument, Mount, OpenAccount, Position, Post, RowId, Timestamp, Zone,
};
use ledger::{AuthorizationKind, Basis, PostingKind};
use store::{MemoryStore, Store};

use super::accounts::{account, accounts, house_accounts};
use super::balances::account_as_of;
use super::entries::{Reservation, entries, reservations};
use super::events::events;
use super::*;
use crate::limits::PAGE_ROWS_SCANNED_MAX;
use crate::{Command, run_batch};

/// One account with 1 purchase, then more declined authorizations than one page looks at. Row
/// number `n` was decided at `n` milliseconds.
struct World {
    store: MemoryStore,
    account: AccountNo,
}

impl World {
    fn new() -> World {
        let mut world =
            World { store: MemoryStore::default(), account: AccountNo::of(AccountId(5)) };
        let actor = || "test".to_owned();
        world.run(&[
            Command::AddCompany(AddCompany {
                number: "100".to_owned(),
                name: "Company".to_owned(),
                zone: Zone::parse("UTC").unwrap(),
                currencies: vec![Currency::SEK],
                authorization_days: 7,
                actor: actor(),
                idempotency: None,
            }),
            Command::AddSeller(AddSeller {
                company: "100".to_owned(),
                number: "654".to_owned(),
                name: "Seller".to_owned(),
                actor: actor(),
                idempotency: None,
            }),
        ]);
        let open = |limit| {
            Command::OpenAccount(OpenAccount {
                company: "100".to_owned(),
                currency: "SEK".to_owned(),
                credit_limit: Decimal::parse(limit).unwrap(),
                holder: "Holder".to_owned(),
                actor: actor(),
                idempotency: None,
            })
        };
        world.run(&[open("7"), open("10")]);
        world
    }

    fn run(&mut self, commands: &[Command]) {
        for command in commands {
            let at = self.newest().0 + 1;
            drop(run_batch(&mut self.store, [command], Timestamp(at)).unwrap());
        }
    }

    fn newest(&self) -> RowId {
        let mut reader = self.store.source().open().unwrap();
        reader.rows_before(RowId(i64::MAX), 1).unwrap().first().map_or(RowId(0), ledger::Row::id)
    }

    fn authorize(&mut self, source: &str, amount: &str) -> RowId {
        self.run(&[Command::Authorize(Authorize {
            company: "100".to_owned(),
            mount: Mount::CardTransaction,
            source: source.to_owned(),
            seller: "654".to_owned(),
            instrument: Instrument::Account(Some(self.account)),
            kind: AuthorizationKind::Purchase,
            point_of_sale: "Shop".to_owned(),
            amount: Decimal::parse(amount).unwrap(),
            currency: "SEK".to_owned(),
            valid_to: None,
            method: None,
            channel: None,
        })]);
        self.newest()
    }

    fn purchase(&mut self, authorization: RowId, amount: &str) -> RowId {
        self.run(&[Command::Post(Post {
            company: "100".to_owned(),
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind: PostingKind::Purchase,
            basis: Basis::Authorization(Some(Code::of(authorization))),
            offline_info: false,
            claims: ledger::OfflineClaims::default(),
            source: "p".to_owned(),
            amount: Decimal::parse(amount).unwrap(),
            withdrawal: None,
            references: ledger::AcquirerReferences::default(),
            receipt: None,
            point_of_sale: None,
            value_date: None,
        })]);
        self.newest()
    }
}

#[tokio::test]
async fn long_chains_are_walked_in_parts() {
    let mut world = World::new();
    let first = world.authorize("a", "6.00");
    let bought = world.purchase(first, "2.00");
    for number in 0..=PAGE_ROWS_SCANNED_MAX {
        world.authorize(&format!("declined {number}"), "1000.00");
    }
    let number = world.account;
    let queries = Queries::new(world.store.source());
    // As it stood right after each of the first rows, behind all those since.
    for (at, expected) in [(first, (0, 600)), (bought, (200, 400))] {
        let view = account_as_of(&queries, number, Timestamp(at.0)).await.unwrap().unwrap();
        let balance = view.account.balance;
        assert_eq!((balance.debt, balance.reserved), expected);
    }
    assert_eq!(account_as_of(&queries, number, Timestamp(4)).await, Ok(None));

    let mut reader = world.store.source().open().unwrap();
    let view = account(reader.as_mut(), number).unwrap().unwrap();
    let mut list = |from| entries(reader.as_mut(), &view.account, from, 10).unwrap().unwrap();
    let short = list(None);
    let rest = list(short.next.map(RowId));
    assert!(short.items.is_empty() && short.next.is_some(), "a page may be empty, not the list");
    assert_eq!((rest.items.len(), rest.next), (1, None));
    assert_eq!(rest.items[0].transaction.id.0, bought.0);

    let short = reservations(reader.as_mut(), &view.account, None, 10).unwrap().unwrap();
    assert!(short.items.is_empty() && short.next.is_some());
    let from = short.next.map(RowId);
    let rest = reservations(reader.as_mut(), &view.account, from, 10).unwrap().unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
}

#[test]
fn a_walk_ends_where_all_that_is_reserved_is_found() {
    let mut world = World::new();
    let gone = world.authorize("a", "1.00");
    world.authorize("b", "2.00");
    world.authorize("c", "3.00");
    world.run(&[Command::Cancel(Cancel {
        company: "100".to_owned(),
        seller_scope: None,
        mount: Mount::CardTransaction,
        code: Some(Code::of(gone)),
        value_date: None,
    })]);
    let mut reader = world.store.source().open().unwrap();
    let view = account(reader.as_mut(), world.account).unwrap().unwrap();
    let mut list =
        |from, limit| reservations(reader.as_mut(), &view.account, from, limit).unwrap().unwrap();
    let sources = |slice: &Slice<Reservation>| -> Vec<String> {
        slice.items.iter().map(|item| item.authorization.source.clone()).collect()
    };
    let whole = list(None, 10);
    assert_eq!((sources(&whole), whole.next), (vec!["c".to_owned(), "b".to_owned()], None));
    let one = list(None, 1);
    assert_eq!(sources(&one), ["c"]);
    let two = list(one.next.map(RowId), 1);
    assert_eq!(sources(&two), ["b"]);
    assert_eq!(list(two.next.map(RowId), 1).items.len(), 0, "the cancelled one holds nothing");
}

#[test]
fn rows_of_others_are_no_place_to_go_on_from() {
    let mut world = World::new();
    world.authorize("a", "1.00");
    let mut reader = world.store.source().open().unwrap();
    let view = account(reader.as_mut(), world.account).unwrap().unwrap();
    let other = account(reader.as_mut(), AccountNo::of(AccountId(4))).unwrap().unwrap();
    for from in [other.account.last, RowId(1), RowId(999)] {
        assert_eq!(entries(reader.as_mut(), &view.account, Some(from), 5).unwrap(), None);
    }
}

#[test]
fn accounts_and_events_are_listed() {
    let world = World::new();
    let mut reader = world.store.source().open().unwrap();
    let all = accounts(reader.as_mut(), None, None, 10).unwrap();
    let ids: Vec<i64> = all.items.iter().map(|view| view.account.id.0).collect();
    assert_eq!((ids, all.next), (vec![5, 4], None), "payable accounts are not among them");
    let one = accounts(reader.as_mut(), None, None, 1).unwrap();
    let two = accounts(reader.as_mut(), None, one.next.map(AccountId), 1).unwrap();
    assert_eq!((two.items[0].account.id.0, two.next), (4, None));
    let (three, five) = (Position::at(RowId(3)), Position::at(RowId(5)));
    let (items, next) = events(reader.as_mut(), &three, 10).unwrap();
    assert_eq!((items.len(), &next), (2, &five));
    assert_eq!(events(reader.as_mut(), &five, 10).unwrap(), (Vec::new(), five));
}

#[test]
fn accounts_of_the_house_are_found_and_are_nobodys() {
    let mut world = World::new();
    let paid = ledger::PayOut {
        company: "100".to_owned(),
        seller: "654".to_owned(),
        currency: Currency::SEK,
        net_minor: 900,
        fee_minor: 100,
        source: "s1".to_owned(),
        value_date: ledger::Date::parse("2026-11-20").unwrap(),
    };
    let mut reads = ledger::ReadSet::default();
    paid.read(&mut reads);
    let decided = world.store.transact(&reads, &mut |mut books| {
        ledger::pay_out::pay_out(&paid, &mut books, Timestamp(9_000)).unwrap();
        books.close(Timestamp(9_000))
    });
    decided.unwrap();
    let mut reader = world.store.source().open().unwrap();
    let houses = house_accounts(reader.as_mut(), CompanyId(1)).unwrap();
    let debts: Vec<i64> = houses.iter().map(|account| account.balance.debt).collect();
    assert_eq!(debts, [-900, -100]);
    for house in &houses {
        let booked = entries(reader.as_mut(), house, None, 5).unwrap().unwrap().items;
        let posted: Vec<i64> = booked.iter().map(|entry| entry.transaction.posted).collect();
        assert_eq!(posted, [-house.balance.debt]);
        assert_eq!(account(reader.as_mut(), house.number()).unwrap(), None);
    }
    let all = accounts(reader.as_mut(), None, None, 10).unwrap();
    assert_eq!(all.items.len(), 2, "they are not among holders'");
    assert_eq!(house_accounts(reader.as_mut(), CompanyId(2)).unwrap(), []);
}

/// Goal: there are never more readers than [`READERS_MAX`], not even when callers hang up while
/// their queries run.
#[tokio::test]
async fn a_query_keeps_its_place_when_its_caller_has_left() {
    let queries = Queries::new(MemoryStore::default().source());
    let running = Arc::new(AtomicUsize::new(0));
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    for _ in 0..3 * READERS_MAX {
        let (running, released) = (Arc::clone(&running), Arc::clone(&released));
        let query = queries.read(move |_| {
            running.fetch_add(1, Ordering::SeqCst);
            // Ends when the test lets go of the other side.
            released.lock().unwrap().recv().unwrap_err();
            Ok(())
        });
        // Where there is a place the query begins, and then its caller leaves.
        assert!(tokio::time::timeout(Duration::from_millis(20), query).await.is_err());
    }
    assert_eq!(queries.pool.permits.available_permits(), 0, "all places are taken");
    assert!(running.load(Ordering::SeqCst) <= READERS_MAX);
    drop(release);
    assert_eq!(queries.read(|_| Ok(7)).await, Ok(7), "the places come free");
}

/// A query that hits a bug takes nothing with it.
#[tokio::test]
async fn a_query_with_a_bug_frees_its_place() {
    let queries = Queries::new(MemoryStore::default().source());
    for _ in 0..2 * READERS_MAX {
        let bug = queries.read(|_| -> Result<(), StoreError> { panic!("a bug") });
        assert_eq!(bug.await, Err(StoreError::NotCommitted));
    }
    assert_eq!(queries.read(|_| Ok(7)).await, Ok(7));
}
