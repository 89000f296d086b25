//! Those who settle while others pay: they follow the journal, settle days, and book back what
//! banks return.
//!
//! Goal: whatever fails, each transaction is settled once, nothing is paid twice, and the company's
//! own accounts have what settlements say. Method: one request at a time, made of what is stored
//! and repeated as it is until it has an answer, through the same faults and in the same batches as
//! everything else; then what is settled and open is held against the journal.

use std::collections::BTreeMap;

use clearing::fees::{CurrencyFees, FeeOwner, Rate};
use clearing::settlement::SettlementKey;
use clearing::tally::{Deltas, JournalMark, Line};
use clearing::{Command, Outcome, Refusal, ReturnPayout, SellerDay, SetFees, Settle, Settlement};
use engine::{SubmitError, Verb as _, Work};
use ledger::account::House;
use ledger::{Company, Currency, Directory, Position, ReadSet, Row};
use store::{Part, Reader};

use crate::prng::Prng;

/// More documents or rows than one run makes.
const ALL: usize = 1_000_000;

/// What it has asked for and has no answer to.
#[derive(Default)]
pub(crate) struct Treasury {
    waiting: Option<Command>,
}

impl Treasury {
    /// What it asks for now: what it has no answer to, or something new. `None` where there is
    /// nothing to do.
    pub(crate) fn ask(&mut self, prng: &mut Prng, reader: &mut dyn Reader) -> Option<Work> {
        if self.waiting.is_none() {
            self.waiting = think(prng, reader);
        }
        self.waits_for()
    }

    /// What it still has no answer to.
    pub(crate) fn waits_for(&self) -> Option<Work> {
        self.waiting.clone().map(Command::work)
    }

    /// Hears the answer, or that there is none. What it was, where something was done.
    pub(crate) fn hear(
        &mut self,
        reply: Result<clearing::Answer, SubmitError<Refusal>>,
    ) -> Option<&'static str> {
        match reply {
            Ok(answer) => {
                let asked = self.waiting.take().expect("nobody answers unasked");
                match (asked, answer.done) {
                    (Command::ReturnPayout(_), Outcome::Settlement(_)) => Some("payout return"),
                    (_, Outcome::Settlement(_)) if !answer.replayed => Some("settlement"),
                    (_, Outcome::Tallied) => Some("tally"),
                    _ => None,
                }
            }
            Err(SubmitError::Refused(refusal)) if may_be(&refusal) => {
                self.waiting = None;
                None
            }
            Err(SubmitError::Refused(refusal)) => panic!("{:?}: {refusal}", self.waiting),
            Err(SubmitError::Overloaded) => unreachable!("nothing here has a queue"),
            // No answer: ask again.
            Err(SubmitError::NotDone | SubmitError::Unknown | SubmitError::Bug) => None,
        }
    }
}

/// Whether a refusal is right: what was thought of may be early, late, or more than an amount or a
/// balance may be.
fn may_be(refusal: &Refusal) -> bool {
    use ledger::Refusal as No;

    matches!(
        refusal,
        Refusal::DayNotEnded
            | Refusal::PayoutReturned
            | Refusal::NothingPaidOut
            | Refusal::NotPaidOut(No::Amount(_) | No::BalanceOutOfRange)
    )
}

fn think(prng: &mut Prng, reader: &mut dyn Reader) -> Option<Command> {
    let directory = reader.load(&ReadSet::default()).unwrap().directory;
    let companies: Vec<&str> =
        directory.companies().map(|company| company.number.as_str()).collect();
    if companies.is_empty() {
        return None;
    }
    let company = prng.pick(&companies);
    match prng.below(20) {
        0 => Some(fees(prng, company)),
        1 | 2 => back(prng, reader, company),
        3..8 => settle(prng, reader, company),
        _ => tally(reader, 1 + prng.index(80)),
    }
}

/// Other fees, in one currency.
fn fees(prng: &mut Prng, company: &str) -> Command {
    let rate = Rate { basis_points: prng.between(0, 300), fixed_minor: prng.between(0, 50) };
    let fees = CurrencyFees {
        rates: [(Line::ALL[prng.index(Line::ALL.len())], rate)].into(),
        minimum_minor: prng.per_mille(500).then_some(prng.between(0, 1_000)),
    };
    let owner = FeeOwner { company: company.to_owned(), seller: None };
    let currencies = BTreeMap::from([("SEK", fees)]);
    Command::SetFees(SetFees { owner, currencies, actor: "treasury".to_owned() })
}

/// A settlement comes back from the bank, perhaps once more.
fn back(prng: &mut Prng, reader: &mut dyn Reader, company: &str) -> Option<Command> {
    let Settlement { number, key, .. } = prng.recent(&settlements(reader, company))?;
    Some(Command::ReturnPayout(ReturnPayout {
        settlement: number,
        key,
        reason: "AC04".to_owned(),
        actor: "treasury".to_owned(),
        idempotency: None,
    }))
}

/// A seller and currency are settled with, up to a day that has perhaps not ended.
fn settle(prng: &mut Prng, reader: &mut dyn Reader, company: &str) -> Option<Command> {
    let open = open_days(reader, company);
    if open.is_empty() {
        return None;
    }
    let SellerDay { key, .. } = prng.pick(&open);
    let is_whose =
        |found: &&SellerDay| found.key.seller == key.seller && found.key.currency == key.currency;
    let days = open.iter().filter(is_whose).map(|found| found.number).collect();
    let key = SettlementKey {
        company: key.company,
        seller: key.seller,
        currency: Currency::parse(key.currency).unwrap(),
        day: key.day.plus_days(i32::from(prng.per_mille(200))),
    };
    Some(Command::Settle(Settle { key, days, actor: "treasury".to_owned() }))
}

/// The next rows of the journal are summed up.
fn tally(reader: &mut dyn Reader, rows: usize) -> Option<Command> {
    let (from, until, deltas) = news(reader, rows);
    let tally = clearing::Tally { from, until, deltas };
    (tally.from != tally.until).then_some(Command::Tally(tally))
}

/// What is not summed up yet, so many rows at most.
fn news(reader: &mut dyn Reader, rows: usize) -> (Position, Position, Deltas) {
    let reads = ReadSet { documents: vec![JournalMark::ID], ..ReadSet::default() };
    let books = reader.load(&reads).unwrap();
    let from = JournalMark::find(&books).position;
    let (found, until) = reader.news(&from, rows).unwrap();
    let mut deltas = Deltas::default();
    for row in &found {
        if let Row::Transaction(row) = row {
            deltas.add(row, &books.directory).expect("everything can be summed up");
        }
    }
    let until = if found.is_empty() { from.clone() } else { until };
    (from, until, deltas)
}

fn settlements(reader: &mut dyn Reader, company: &str) -> Vec<Settlement> {
    let list = Settlement::company_list(company);
    let found = reader.documents(&list, Part::After(0), ALL).unwrap();
    found.iter().map(|found| Settlement::of(found).expect("a settlement can be read")).collect()
}

fn open_days(reader: &mut dyn Reader, company: &str) -> Vec<SellerDay> {
    let list = SellerDay::unsettled_list(company);
    let found = reader.documents(&list, Part::After(0), ALL).unwrap();
    found.iter().map(|found| SellerDay::of(found).expect("a day can be read")).collect()
}

/// What each seller is owed is what its newest settlement carries over, its open days and what is
/// not summed up yet; and the company's own accounts have what all settlements have paid and kept.
pub(crate) fn check(reader: &mut dyn Reader) {
    let directory = reader.load(&ReadSet::default()).unwrap().directory;
    let rows = reader.rows_after(ledger::RowId(0), ALL).unwrap();
    let (_, _, coming) = news(reader, ALL);
    for company in directory.companies() {
        let made = settlements(reader, &company.number);
        check_houses(company, &made, reader);
        let mut owed: BTreeMap<(String, &str), i64> = BTreeMap::new();
        for newest in made.iter().filter(|made| made.is_newest) {
            let whose = (newest.key.seller.clone(), newest.key.currency.code());
            let carried = newest.outcome.carried_out_minor();
            assert_eq!(owed.insert(whose, carried), None, "two are the newest: {newest:?}");
        }
        for day in open_days(reader, &company.number) {
            *owed.entry((day.key.seller, day.key.currency)).or_default() +=
                day.sums.owed().unwrap();
        }
        for (key, sums) in coming.days.iter().filter(|(key, _)| key.company == company.number) {
            *owed.entry((key.seller.clone(), key.currency)).or_default() += sums.owed().unwrap();
        }
        owed.retain(|_, minor| *minor != 0);
        assert_eq!(owed, payable(company, &directory, &rows), "company {}", company.number);
    }
}

/// What the journal says that sellers are owed, where it is anything.
fn payable<'d>(
    company: &Company,
    directory: &'d Directory,
    rows: &[Row],
) -> BTreeMap<(String, &'d str), i64> {
    let mut owed: BTreeMap<(String, &str), i64> = BTreeMap::new();
    for row in rows {
        let Row::Transaction(row) = row else { continue };
        if row.company != company.id || row.direction().is_none() {
            continue;
        }
        let (_, credit) = row.debit_and_credit();
        let seller = directory.seller_by_id(row.seller).unwrap();
        let minor = if credit == row.payable { row.posted } else { -row.posted };
        *owed.entry((seller.number.clone(), row.currency.code())).or_default() += minor;
    }
    owed.retain(|_, minor| *minor != 0);
    owed
}

fn check_houses(company: &Company, made: &[Settlement], reader: &mut dyn Reader) {
    let accounts = company.houses.iter().map(|house| house.account).collect();
    let loaded = reader.load(&ReadSet { accounts, ..ReadSet::default() }).unwrap().accounts;
    for house in &company.houses {
        let of_currency = made.iter().filter(|made| made.key.currency == house.currency);
        let expected: i64 = of_currency
            .map(|made| match house.house {
                House::Settlement if made.returned.is_some() => 0,
                House::Settlement => made.outcome.paid_minor(),
                House::Fees => made.outcome.fees_minor,
            })
            .sum();
        assert_eq!(-loaded[&house.account].balance.debt, expected, "{house:?}");
    }
}
