//! Settlements, and the accounts of the house that they are booked on: opened once, found again,
//! and never forgotten by an audit. Each test runs on each store.

use ledger::audit::{Auditor, Verification};
use ledger::pay_out::{pay_out, settlement_key};
use ledger::return_settlement::return_settlement;
use ledger::{
    AccountId, AccountKind, Currency, Date, House, PaidOut, PayOut, ReadSet, Refusal,
    ReturnSettlement, Returned, Row, TransactionKind,
};
use store::{Record, Store};

use crate::commands::{COMPANY, NOW, company, seller, world};
use crate::subject::{Dump, Subject, subjects};

/// A settlement of 9.00 and a fee of 1.00 with the seller of the usual company.
pub(crate) fn payout(source: &str) -> PayOut {
    PayOut {
        company: COMPANY.to_owned(),
        seller: "1".to_owned(),
        currency: Currency::SEK,
        net_minor: 900,
        fee_minor: 100,
        source: source.to_owned(),
        value_date: Date::parse("2026-11-20").unwrap(),
    }
}

/// Settles in one batch.
pub(crate) fn settle(store: &mut dyn Store, payouts: &[PayOut]) -> Vec<Result<PaidOut, Refusal>> {
    let mut reads = ReadSet { commands: payouts.len(), ..ReadSet::default() };
    for payout in payouts {
        payout.read(&mut reads);
    }
    let mut replies = Vec::new();
    let decided = store.transact(&reads, &mut |mut books| {
        let now = books.time(NOW);
        replies = payouts.iter().map(|payout| pay_out(payout, &mut books, now)).collect();
        books.close(now)
    });
    decided.unwrap();
    replies
}

/// Says that a settlement came back.
pub(crate) fn give_back(
    store: &mut dyn Store,
    settlement: &str,
    source: &str,
) -> Result<Returned, Refusal> {
    let returned = ReturnSettlement {
        company: COMPANY.to_owned(),
        settlement: settlement.to_owned(),
        source: source.to_owned(),
        value_date: Date::parse("2026-11-23").unwrap(),
    };
    let mut reads = ReadSet { commands: 1, ..ReadSet::default() };
    returned.read(&mut reads);
    let mut reply = None;
    let decided = store.transact(&reads, &mut |mut books| {
        let now = books.time(NOW);
        reply = Some(return_settlement(&returned, &mut books, now));
        books.close(now)
    });
    decided.unwrap();
    reply.unwrap()
}

/// Audits what a store showed.
pub(crate) fn audit(dump: &Dump) -> Verification {
    let mut auditor = Auditor::new();
    for record in &dump.journal {
        if let Record::Row(row) = record {
            auditor.row(row);
        }
        if let Record::Seal(seal) = record {
            auditor.seal(seal);
        }
    }
    dump.accounts.iter().for_each(|account| auditor.account(account));
    dump.keys.iter().for_each(|(key, row)| auditor.key(*key, *row));
    dump.documents.iter().for_each(|document| auditor.document(document));
    dump.names.iter().for_each(|(name, id)| auditor.name(name, *id));
    dump.lists.iter().for_each(|(list, id)| auditor.listed(list, *id));
    auditor.finish()
}

fn house(subject: &mut Subject, house: House, currency: Currency) -> Option<AccountId> {
    let directory = subject.store().directory();
    directory.company(COMPANY).unwrap().house(house, currency)
}

/// What is on a house account, in minor units.
fn debt(subject: &mut Subject, of: House) -> i64 {
    let id = house(subject, of, Currency::SEK).unwrap();
    let reads = ReadSet { accounts: vec![id], ..ReadSet::default() };
    subject.load(&reads).accounts[0].1.balance.debt
}

#[test]
fn settlements_are_booked_once_and_come_back_whole() {
    for mut subject in subjects() {
        world(&mut subject, 1);
        let first = settle(subject.store(), &[payout("s1"), payout("s2")]);
        let ids: Vec<_> = first.iter().map(|paid| paid.unwrap()).collect();
        assert!(ids.iter().all(|paid| paid.settlement.is_some() && paid.fee.is_some()));
        subject.reopen();
        let again = settle(subject.store(), &[payout("s2")]);
        assert_eq!(again, [Ok(PaidOut { replayed: true, ..ids[1] })], "{}", subject.name);
        let other = PayOut { fee_minor: 0, ..payout("s2") };
        assert_eq!(settle(subject.store(), &[other]), [Err(Refusal::DuplicateSettlement)]);
        assert_eq!(debt(&mut subject, House::Settlement), -1_800, "{}", subject.name);
        assert_eq!(debt(&mut subject, House::Fees), -200, "{}", subject.name);

        let returned = give_back(subject.store(), "s2", "x").unwrap();
        assert!(!returned.replayed);
        assert!(give_back(subject.store(), "s2", "x").unwrap().replayed);
        assert_eq!(give_back(subject.store(), "s2", "y"), Err(Refusal::SettlementReturned));
        assert_eq!(give_back(subject.store(), "s3", "y"), Err(Refusal::SettlementNotFound));
        assert_eq!(debt(&mut subject, House::Settlement), -900, "{}", subject.name);
        let verification = audit(&subject.dump());
        assert!(verification.is_ok(), "{}: {verification:#?}", subject.name);
    }
}

#[test]
fn the_accounts_of_the_house_are_found_by_company_and_currency() {
    let yen = Currency::parse("JPY").unwrap();
    for mut subject in subjects() {
        let name = subject.name;
        world(&mut subject, 1);
        subject.grant(company("200"));
        subject.grant(seller("200", "1"));
        let named = |number: &str, currency| ReadSet {
            houses: vec![(number.to_owned(), currency), (number.to_owned(), currency)],
            ..ReadSet::default()
        };
        let kinds = |subject: &mut Subject, number: &str, currency| -> Vec<AccountKind> {
            let loaded = subject.load(&named(number, currency));
            loaded.accounts.iter().map(|(_, account)| account.kind).collect()
        };
        assert_eq!(kinds(&mut subject, COMPANY, Currency::SEK), [], "{name}");
        let only_net = PayOut { fee_minor: 0, ..payout("s1") };
        settle(subject.store(), std::slice::from_ref(&only_net)).remove(0).unwrap();
        let (settlement, fees) =
            (AccountKind::House(House::Settlement), AccountKind::House(House::Fees));
        assert_eq!(kinds(&mut subject, COMPANY, Currency::SEK), [settlement], "{name}");
        let in_yen = PayOut { currency: yen, ..payout("s2") };
        let others = PayOut { company: "200".to_owned(), ..payout("s1") };
        for reply in settle(subject.store(), &[in_yen, others, payout("s3")]) {
            reply.unwrap();
        }
        subject.reopen();
        for number in [COMPANY, "200"] {
            assert_eq!(kinds(&mut subject, number, Currency::SEK), [settlement, fees], "{name}");
        }
        assert_eq!(kinds(&mut subject, COMPANY, yen), [settlement, fees], "{name}");
        assert_eq!(kinds(&mut subject, "200", yen), [], "{name}");
        assert_eq!(kinds(&mut subject, "999", yen), [], "{name}");
        let sold = house(&mut subject, House::Settlement, Currency::SEK).unwrap();
        let key = settlement_key(COMPANY, TransactionKind::Settlement, "s3");
        let loaded = subject.load(&ReadSet { keys: vec![key], ..ReadSet::default() });
        assert_eq!(loaded.accounts.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [sold]);
        let opened = subject.dump().rows().iter().filter(|row| is_opening(row)).count();
        assert_eq!(opened, 6, "{name}: each once");
        assert!(audit(&subject.dump()).is_ok(), "{name}");
    }
}

fn is_opening(row: &Row) -> bool {
    match row {
        Row::Change(row) => row.kind == ledger::ChangeKind::HouseOpened,
        Row::Authorization(_) | Row::Transaction(_) => false,
    }
}
