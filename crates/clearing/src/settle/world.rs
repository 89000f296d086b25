//! A small world for tests of settlement: a company with two sellers, on the memory store, and a
//! clock that the test owns.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use std::collections::BTreeMap;

use ledger::add_card::add_card;
use ledger::configure::{add_company, add_seller};
use ledger::correct::correct;
use ledger::open_account::open_account;
use ledger::post::post;
use ledger::return_settlement::return_settlement;
use ledger::{
    AccountId, AccountNo, AcquirerReferences, AddCard, AddCompany, AddSeller, Basis, Books,
    CardToken, Correct, Currency, Date, Decimal, Mount, OfflineClaims, OfflineInfo, OpenAccount,
    Position, Post, PostingKind, ReadSet, Row, Timestamp, Zone,
};
use store::{MemoryStore, Part, Reader, Store};

use super::Settle;
use crate::command::{Answer, Command, Outcome};
use crate::refusal::Refusal;
use crate::settlement::{Settlement, SettlementKey};
use crate::tally::line::Line;
use crate::tally::seller_day::SellerDay;
use crate::tally::{Deltas, JournalMark, Tally};

pub(crate) const COMPANY: &str = "100";
pub(crate) const SELLERS: [&str; 2] = ["654", "655"];
const HOUR_MS: i64 = 3_600_000;

pub(crate) struct World {
    pub(crate) store: Box<dyn Store>,
    pub(crate) now: Timestamp,
    /// What was sold, by source id.
    pub(crate) sold: Vec<(String, PostingKind)>,
    count: usize,
}

impl World {
    pub(crate) fn new() -> World {
        World::on(Box::new(MemoryStore::default()))
    }

    /// The same on another store.
    pub(crate) fn on(store: Box<dyn Store>) -> World {
        let now = Timestamp::parse_rfc3339("2026-11-20T11:00:00Z").unwrap();
        let mut world = World { store, now, sold: Vec::new(), count: 0 };
        let eur = Currency::parse("EUR").unwrap();
        let company = AddCompany {
            number: COMPANY.to_owned(),
            name: "Company".to_owned(),
            zone: Zone::parse("Europe/Stockholm").unwrap(),
            currencies: vec![Currency::SEK, eur],
            authorization_days: 7,
            actor: "test".to_owned(),
            idempotency: None,
        };
        world
            .run(|reads| company.read(reads), |books, now| add_company(&company, books, now))
            .unwrap();
        for number in SELLERS {
            let seller = AddSeller {
                company: COMPANY.to_owned(),
                number: number.to_owned(),
                name: format!("Seller {number}"),
                actor: "test".to_owned(),
                idempotency: None,
            };
            world
                .run(|reads| seller.read(reads), |books, now| add_seller(&seller, books, now))
                .unwrap();
        }
        for currency in ["SEK", "EUR"] {
            world.open(currency);
        }
        world
    }

    /// Opens an account in a currency, with a card that has its name.
    fn open(&mut self, currency: &str) {
        let open = OpenAccount {
            company: COMPANY.to_owned(),
            currency: currency.to_owned(),
            credit_limit: Decimal::parse("1000000").unwrap(),
            holder: "Holder".to_owned(),
            actor: "test".to_owned(),
            idempotency: None,
        };
        self.run(|reads| open.read(reads), |books, now| open_account(&open, books, now)).unwrap();
        let accounts = self.reader().accounts_before(AccountId(i64::MAX), 100).unwrap();
        let account = accounts.iter().find(|account| !account.holder.is_empty()).unwrap().id;
        let add = AddCard {
            account: AccountNo::of(account),
            token: CardToken::parse(currency).unwrap(),
            pan: None,
            expiry: None,
            actor: "test".to_owned(),
            idempotency: None,
        };
        self.run(|reads| add.read(reads), |books, now| add_card(&add, books, now)).unwrap();
    }

    /// Runs one decision in a commit of its own.
    pub(crate) fn run<R>(
        &mut self,
        read: impl FnOnce(&mut ReadSet),
        decide: impl Fn(&mut Books, Timestamp) -> R,
    ) -> R {
        let mut reads = ReadSet { commands: 1, ..ReadSet::default() };
        read(&mut reads);
        let (mut reply, clock) = (None, self.now);
        let mut step = |mut books: Books| {
            let now = books.time(clock);
            reply = Some(decide(&mut books, now));
            books.close(now)
        };
        self.store.transact(&reads, &mut step).unwrap();
        reply.unwrap()
    }

    pub(crate) fn clear(&mut self, command: &Command) -> Result<Answer, Refusal> {
        self.run(|reads| command.read(reads), |books, now| command.decide(books, now))
    }

    pub(crate) fn reader(&self) -> Box<dyn Reader> {
        self.store.source().open().unwrap()
    }

    pub(crate) fn books(&self, reads: &ReadSet) -> Books {
        self.reader().load(reads).unwrap()
    }

    /// Books something offline.
    pub(crate) fn sell(&mut self, kind: PostingKind, seller: &str, currency: &str, minor: i64) {
        self.count += 1;
        let source = format!("s{}", self.count);
        let currency = Currency::parse(currency).unwrap();
        let info = OfflineInfo {
            card: CardToken::parse(currency.code()).unwrap(),
            seller: seller.to_owned(),
            currency: currency.code().to_owned(),
            method: None,
            channel: None,
        };
        let command = Post {
            company: COMPANY.to_owned(),
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind,
            basis: Basis::Offline(info),
            offline_info: true,
            claims: OfflineClaims::default(),
            source: source.clone(),
            amount: Decimal::of_minor(minor, currency),
            withdrawal: None,
            references: AcquirerReferences {
                batch: Some(format!("batch-{}", self.count % 2)),
                transaction: Some(source.clone()),
            },
            receipt: None,
            point_of_sale: None,
            value_date: None,
        };
        self.run(|reads| command.read(reads), |books, now| post(&command, books, now)).unwrap();
        self.sold.push((source, kind));
    }

    /// Takes back a part of what was booked; nothing where no more is left of it.
    pub(crate) fn correct(&mut self, at: usize, minor: i64) {
        let Some((corrected, kind)) = self.sold.get(at).cloned() else { return };
        self.count += 1;
        let command = Correct {
            company: COMPANY.to_owned(),
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind,
            corrected,
            source: format!("c{}", self.count),
            amount: Decimal::of_minor(minor, Currency::SEK),
            references: AcquirerReferences::default(),
            value_date: None,
        };
        let done =
            self.run(|reads| command.read(reads), |books, now| correct(&command, books, now));
        drop(done);
    }

    /// The bank returns what a settlement has paid, once.
    pub(crate) fn bounce(&mut self, settlement: &Settlement) -> bool {
        let command = ledger::return_settlement::ReturnSettlement {
            company: COMPANY.to_owned(),
            settlement: settlement.key.source(),
            source: format!("return-{}", settlement.number),
            value_date: settlement.key.day,
        };
        let done = self
            .run(|reads| command.read(reads), |books, now| return_settlement(&command, books, now));
        done.is_ok()
    }

    pub(crate) fn day(&self) -> Date {
        self.books(&ReadSet::default()).directory.company(COMPANY).unwrap().day_of(self.now)
    }

    pub(crate) fn next_day(&mut self) {
        self.now = self.now.plus_ms(24 * HOUR_MS);
    }

    /// What comes next for whoever follows the journal, `rows` at most.
    pub(crate) fn next_tally(&self, rows: usize) -> Option<Tally> {
        let reads = ReadSet { documents: vec![JournalMark::ID], ..ReadSet::default() };
        let books = self.books(&reads);
        let from = JournalMark::find(&books).position;
        let (found, until) = self.reader().news(&from, rows).unwrap();
        let mut deltas = Deltas::default();
        for row in &found {
            if let Row::Transaction(row) = row {
                deltas.add(row, &books.directory).unwrap();
            }
        }
        (!found.is_empty()).then_some(Tally { from, until, deltas })
    }

    /// Sums up everything, `rows` at a time, and each lot twice.
    pub(crate) fn tally_all(&mut self, rows: usize) {
        while let Some(tally) = self.next_tally(rows) {
            for done in [Outcome::Tallied, Outcome::Nothing] {
                assert_eq!(self.clear(&Command::Tally(tally.clone())).unwrap().done, done);
            }
        }
    }

    pub(crate) fn open_days(&mut self) -> Vec<SellerDay> {
        let list = SellerDay::unsettled_list(COMPANY);
        let found = self.reader().documents(&list, Part::After(0), 10_000).unwrap();
        found.iter().filter_map(SellerDay::of).collect()
    }

    /// All settlements, oldest first.
    pub(crate) fn settlements(&mut self) -> Vec<Settlement> {
        let list = Settlement::company_list(COMPANY);
        let found = self.reader().documents(&list, Part::After(0), 10_000).unwrap();
        found.iter().map(|document| Settlement::of(document).unwrap()).collect()
    }

    /// The commands of a run.
    pub(crate) fn run_of(&mut self, day: Date) -> Vec<Settle> {
        let mut open: BTreeMap<(String, &str), Vec<i64>> = BTreeMap::new();
        for found in self.open_days().into_iter().filter(|found| found.key.day <= day) {
            let key = (found.key.seller, found.key.currency);
            open.entry(key).or_default().push(found.number);
        }
        let command = |((seller, code), days): ((String, &str), Vec<i64>)| {
            let (company, currency) = (COMPANY.to_owned(), Currency::parse(code).unwrap());
            let key = SettlementKey { company, seller, currency, day };
            Settle { key, days, actor: "test".to_owned() }
        };
        open.into_iter().map(command).collect()
    }

    /// Settles a day, at most so many of its sellers.
    pub(crate) fn settle(&mut self, day: Date, at_most: usize) {
        for command in self.run_of(day).into_iter().take(at_most) {
            self.clear(&Command::Settle(command)).unwrap();
        }
    }

    /// All rows of the journal.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.reader().news(&Position::default(), 1_000_000).unwrap().0
    }

    /// What the journal says that a seller is owed, in minor units.
    pub(crate) fn payable(&self, seller: &str, currency: Currency) -> i64 {
        let directory = self.books(&ReadSet::default()).directory;
        let company = directory.company(COMPANY).unwrap().id;
        let payable = directory.seller(company, seller).unwrap().payable(currency).unwrap();
        let moved = |row: &Row| {
            let Row::Transaction(row) = row else { return 0 };
            let (debit, credit) = row.debit_and_credit();
            if row.direction().is_none() {
                0
            } else if credit == payable {
                row.posted
            } else if debit == payable {
                -row.posted
            } else {
                0
            }
        };
        self.rows().iter().map(moved).sum()
    }

    /// What settlements and open days say that a seller is owed, in minor units.
    pub(crate) fn owed(&mut self, seller: &str, currency: Currency) -> i64 {
        let is_whose = |key: &SettlementKey| key.seller == seller && key.currency == currency;
        let settlements = self.settlements();
        let newest: Vec<&Settlement> = settlements
            .iter()
            .filter(|settlement| is_whose(&settlement.key) && settlement.is_newest)
            .collect();
        assert!(newest.len() <= 1, "{newest:?}");
        let carried: i64 = newest.iter().map(|newest| newest.outcome.carried_out_minor()).sum();
        let open = self.open_days();
        let open = open
            .iter()
            .filter(|day| day.key.seller == seller && day.key.currency == currency.code());
        carried + open.map(|day| day.sums.owed().unwrap()).sum::<i64>()
    }
}

/// The kind of line that a word names.
pub(crate) fn line(word: &str) -> Line {
    Line::parse(word).unwrap()
}
