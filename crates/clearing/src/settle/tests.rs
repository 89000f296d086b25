//! Settlement: by tables to the last minor unit, and by properties over any history.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use std::collections::BTreeMap;

use ledger::{Currency, PostingKind};
use proptest::prelude::*;

use super::world::{COMPANY, SELLERS, World, line};
use super::*;
use crate::command::Command;
use crate::fees::{CurrencyFees, FeeOwner, Rate, SetFees};

const ALL: usize = usize::MAX;

/// Sets the company's fees in SEK: 1.50 % and 0.50 of each purchase, and a least for each day.
fn set_fees(world: &mut World, seller: Option<&str>, minimum_minor: Option<i64>) {
    let rate = Rate { basis_points: 150, fixed_minor: 50 };
    let fees = CurrencyFees { rates: [(line("purchase"), rate)].into(), minimum_minor };
    let owner = FeeOwner { company: COMPANY.to_owned(), seller: seller.map(str::to_owned) };
    let currencies = BTreeMap::from([("SEK", fees)]);
    let command = SetFees { owner, currencies, actor: "test".to_owned() };
    world.clear(&Command::SetFees(command)).unwrap();
}

/// Does one step: words parted by spaces.
fn step(world: &mut World, step: &str) {
    let words: Vec<&str> = step.split_whitespace().collect();
    let minor = |at: usize| words[at].parse::<i64>().unwrap();
    let seller = words.get(2).copied().unwrap_or("654");
    let currency = words.get(3).copied().unwrap_or("SEK");
    match words[0] {
        "buy" => world.sell(PostingKind::Purchase, seller, currency, minor(1)),
        "cash" => world.sell(PostingKind::CashWithdrawal, seller, currency, minor(1)),
        "refund" => world.sell(PostingKind::Reversal, seller, currency, minor(1)),
        "correct" => world.correct(world.sold.len() - 1, minor(1)),
        "fees" => set_fees(world, None, None),
        "least" => set_fees(world, None, Some(minor(1))),
        "own" => set_fees(world, Some("655"), None),
        "day" => world.next_day(),
        "bounce" => {
            let newest = world.settlements().pop().unwrap();
            world.bounce(&newest);
        }
        "tally" => world.tally_all(3),
        "settle" => {
            world.tally_all(3);
            let day = world.day().plus_days(-1);
            world.settle(day, ALL);
        }
        other => panic!("{other}"),
    }
}

/// What the last settlement of each row says after its steps: owed, fees, carried in, net, and how
/// many days are in it.
#[track_caller]
fn check(table: &str) {
    for row in table.trim().lines() {
        let (steps, expected) = row.split_once('|').unwrap();
        let mut world = World::new();
        steps.split(';').for_each(|text| step(&mut world, text));
        let shown = world.settlements().pop().map_or("none".to_owned(), |last| {
            let SettlementOutcome { owed_minor, fees_minor, net_minor } = last.outcome;
            let (carried, days) = (last.carried_in_minor, last.days);
            assert_eq!(last.transfer.is_some(), net_minor > 0, "{row}");
            assert_eq!(last.fee.is_some(), fees_minor > 0, "{row}");
            format!("{owed_minor} {fees_minor} {carried} {net_minor} {days}")
        });
        assert_eq!(shown, expected.trim(), "{row}");
    }
}

#[test]
fn what_is_owed_is_captures_less_the_rest() {
    check(
        "
        day; settle                                         | none
        buy 10000; settle                                   | none
        buy 10000; day; settle                              | 10000 0 0 10000 1
        buy 10000; cash 500; refund 700; day; settle        | 9800 0 0 9800 1
        buy 10000; correct 2500; day; settle                | 7500 0 0 7500 1
        refund 700; correct 200; day; settle                | -500 0 0 -500 1
        buy 10000; day; buy 1; day; settle                  | 10001 0 0 10001 2
        buy 10000; day; settle; buy 1; day; settle          | 1 0 0 1 1
        fees; buy 10000; day; settle                        | 10000 200 0 9800 1
        fees; buy 33; buy 33; day; settle                   | 66 101 0 -35 1
        fees; buy 33; day; buy 33; day; settle              | 66 100 0 -34 2
        fees; refund 33; day; settle                        | -33 0 0 -33 1
        least 1000; buy 10000; day; settle                  | 10000 1000 0 9000 1
        least 1000; buy 10000; day; buy 10; day; settle     | 10010 2000 0 8010 2
        refund 700; day; settle; buy 200; day; settle       | 200 0 -700 -500 1
        refund 7; day; settle; refund 2; day; settle; buy 10; day; settle | 10 0 -9 1 1
        refund 7; day; settle; buy 7; day; settle           | 7 0 -7 0 1
        refund 7; day; settle; buy 9; day; settle; buy 1; day; settle | 1 0 0 1 1
        fees; buy 10000; day; settle; bounce; day; settle   | 9800 0 0 9800 1
        least 1000; buy 10000; day; settle; bounce; day; settle | 9000 0 0 9000 1
        least 1000; buy 10000; day; settle; bounce; buy 9; day; settle | 9009 1000 0 8009 1
        fees; buy 1 655; day; settle                        | 1 50 0 -49 1
        own; buy 1 655; day; settle                         | 1 50 0 -49 1
        own; buy 1; day; settle                             | 1 0 0 1 1
        fees; buy 100 654 EUR; day; settle                  | 100 0 0 100 1
        ",
    );
}

#[test]
fn what_comes_late_is_settled_next_and_costs_no_least_again() {
    let mut world = World::new();
    set_fees(&mut world, None, Some(1_000));
    world.sell(PostingKind::Purchase, "654", "SEK", 10_000);
    world.tally_all(100);
    let day = world.day();
    // Another writer commits a row of the day after the day was settled.
    world.sell(PostingKind::Purchase, "654", "SEK", 5_000);
    let late = world.next_tally(100).unwrap();
    world.next_day();
    world.settle(day, ALL);
    world.clear(&Command::Tally(late)).unwrap();
    assert_eq!(world.open_days().iter().map(|open| open.is_late).collect::<Vec<_>>(), [true]);
    world.settle(day, ALL);
    assert_eq!(world.settlements().len(), 1, "of a day there is one settlement");
    world.next_day();
    world.tally_all(100);
    world.settle(day.plus_days(1), ALL);
    let settlements = world.settlements();
    let shown = settlements.iter().map(|it| (it.outcome.owed_minor, it.outcome.fees_minor));
    let shown: Vec<_> = shown.collect();
    assert_eq!(shown, [(10_000, 1_000), (5_000, 125)]);
    assert_eq!(settlements[1].first_day, day);
    assert_eq!((world.open_days().len(), world.payable("654", Currency::SEK)), (0, 0));
}

#[test]
fn what_cannot_be_settled_changes_nothing() {
    let mut world = World::new();
    world.sell(PostingKind::Purchase, "654", "SEK", 10_000);
    world.tally_all(100);
    let day = world.day();
    let command = world.run_of(day).remove(0);
    let check = |world: &mut World, command: &Settle, expected: Result<Outcome, Refusal>| {
        let rows = world.rows().len();
        let reply = world.clear(&Command::Settle(command.clone()));
        assert_eq!(reply.map(|answer| answer.done), expected);
        assert_eq!(world.rows().len(), rows);
    };
    check(&mut world, &command, Err(Refusal::DayNotEnded));
    world.next_day();
    let with = |change: &dyn Fn(&mut Settle)| {
        let mut command = command.clone();
        change(&mut command);
        command
    };
    let no_company = with(&|command| command.key.company = "101".to_owned());
    check(&mut world, &no_company, Err(Refusal::CompanyNotFound));
    let no_seller = with(&|command| command.key.seller = "700".to_owned());
    check(&mut world, &no_seller, Err(Refusal::SellerNotFound));
    let others = with(&|command| command.key.seller = "655".to_owned());
    check(&mut world, &others, Ok(Outcome::Nothing));
    let earlier = with(&|command| command.key.day = day.plus_days(-1));
    check(&mut world, &earlier, Ok(Outcome::Nothing));
    let unknown = with(&|command| command.days = vec![77]);
    check(&mut world, &unknown, Ok(Outcome::Nothing));
    let first = world.clear(&Command::Settle(command.clone())).unwrap();
    assert!(!first.replayed);
    check(&mut world, &command, Ok(first.done));
    let again = with(&|command| command.key.day = day.plus_days(1));
    world.next_day();
    check(&mut world, &again, Ok(Outcome::Nothing));
}

/// Goal: a run that stops anywhere is ended by the next one, as if it had not stopped. Method: two
/// sellers, two currencies, each number of commits before the stop.
#[test]
fn a_run_that_stops_is_ended_by_the_next() {
    let history = |stop_after: usize| {
        let mut world = World::new();
        set_fees(&mut world, None, Some(1_000));
        for (seller, currency) in [("654", "SEK"), ("655", "SEK"), ("654", "EUR"), ("655", "EUR")] {
            world.sell(PostingKind::Purchase, seller, currency, 10_000);
            world.sell(PostingKind::Reversal, seller, currency, 2_000);
        }
        let day = world.day();
        world.next_day();
        world.tally_all(2);
        world.settle(day, stop_after);
        assert_eq!(world.settlements().len(), stop_after.min(4));
        world.settle(day, ALL);
        let rows = world.rows().len();
        world.settle(day, ALL);
        assert_eq!(world.rows().len(), rows, "the same run again changes nothing");
        let shown = world.settlements();
        let shown = shown.iter().map(|it| (it.key.name(), it.outcome, it.sums.clone()));
        shown.collect::<Vec<_>>()
    };
    let expected = history(ALL);
    assert_eq!(expected.len(), 4);
    for stop_after in 0..4 {
        assert_eq!(history(stop_after), expected, "stopped after {stop_after}");
    }
}

/// The embedded store keeps what the memory store keeps.
#[test]
fn stores_settle_alike() {
    let name = format!("kassa-settle-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let store = store::SqliteStore::open(&folder, store::Options::default()).unwrap();
    let outcome = |mut world: World| {
        let steps = "least 1000; buy 10000; refund 90 655; day; tally; buy 5 655; day; settle; \
                     buy 7 654 EUR; correct 2; day; settle; bounce; day; settle";
        steps.split(';').for_each(|text| step(&mut world, text));
        check_whole(&mut world);
        (world.settlements(), world.open_days(), world.rows().len())
    };
    let (embedded, memory) = (outcome(World::on(Box::new(store))), outcome(World::new()));
    assert_eq!(embedded, memory);
    assert_eq!(memory.0.len(), 4, "{:?}", memory.0);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Something that happens to sellers.
#[derive(Clone, Debug)]
enum Event {
    Sell(PostingKind, usize, bool, i64),
    Correct(usize, i64),
    Bounce(usize),
    NextDay,
    Tally(usize),
    Settle(i32, usize),
    Fees(Option<i64>),
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        4 => Just(PostingKind::Purchase),
        1 => Just(PostingKind::CashWithdrawal),
        2 => Just(PostingKind::Reversal),
    ];
    prop_oneof![
        8 => (kind, 0..2_usize, any::<bool>(), 1..5_000_i64)
            .prop_map(|(kind, seller, is_eur, minor)| Event::Sell(kind, seller, is_eur, minor)),
        3 => (any::<usize>(), 1..5_000_i64).prop_map(|(at, minor)| Event::Correct(at, minor)),
        1 => any::<usize>().prop_map(Event::Bounce),
        3 => Just(Event::NextDay),
        2 => (1..20_usize).prop_map(Event::Tally),
        3 => (0..4_i32, 0..5_usize).prop_map(|(ago, most)| Event::Settle(ago, most)),
        1 => prop::option::of(0..500_i64).prop_map(Event::Fees),
    ]
}

fn happen(world: &mut World, event: &Event) {
    match event {
        Event::Sell(kind, seller, is_eur, minor) => {
            world.sell(*kind, SELLERS[*seller], if *is_eur { "EUR" } else { "SEK" }, *minor);
        }
        Event::Correct(at, minor) => {
            let at = at.checked_rem(world.sold.len()).unwrap_or(0);
            world.correct(at, *minor);
        }
        Event::Bounce(at) => {
            let settlements = world.settlements();
            if let Some(at) = at.checked_rem(settlements.len()) {
                world.bounce(&settlements[at]);
            }
        }
        Event::NextDay => world.next_day(),
        Event::Tally(rows) => {
            if let Some(tally) = world.next_tally(*rows) {
                world.clear(&Command::Tally(tally)).unwrap();
            }
        }
        // Also days of which not everything is summed up yet: what comes late must not be lost.
        Event::Settle(ago, most) => world.settle(world.day().plus_days(-1 - ago), *most),
        Event::Fees(minimum) => set_fees(world, None, *minimum),
    }
}

/// Everything that must be so at the end of any history: what is settled and open is what the
/// payable account says, nothing is settled twice, and what is carried over is not lost.
fn check_whole(world: &mut World) {
    for seller in SELLERS {
        for currency in ["SEK", "EUR"].map(|code| Currency::parse(code).unwrap()) {
            let owed = world.owed(seller, currency);
            assert_eq!(owed, world.payable(seller, currency), "{seller} {currency:?}");
            let settlements = world.settlements();
            let mut carried = 0;
            for made in settlements
                .iter()
                .filter(|made| made.key.seller == seller && made.key.currency == currency)
            {
                assert_eq!(made.carried_in_minor, carried, "{made:?}");
                assert_eq!(made.sums.owed(), Some(made.outcome.owed_minor));
                let fees: i64 = made.fees.values().sum::<i64>() + made.top_up_minor;
                assert_eq!(fees, made.outcome.fees_minor);
                let net = made.outcome.owed_minor - fees + carried;
                assert_eq!(made.outcome.net_minor, net);
                carried = made.outcome.carried_out_minor();
                check_days(world, made);
            }
        }
    }
}

/// A settlement is the sum of its days, and each day is in one settlement.
fn check_days(world: &mut World, made: &Settlement) {
    let list = SellerDay::settlement_list(made.number);
    let found = world.reader().documents(&list, store::Part::After(0), 10_000);
    let days: Vec<SellerDay> = found.unwrap().iter().filter_map(SellerDay::of).collect();
    let (mut sums, mut fees) = (Sums::default(), DayFees::default());
    for day in &days {
        let settled = day.settled.as_ref().unwrap();
        assert_eq!(settled.settlement, made.number);
        assert!(day.key.day <= made.key.day && day.key.day >= made.first_day);
        sums = sums.plus(&day.sums).unwrap();
        fees = fees.plus(&settled.fees).unwrap();
    }
    assert_eq!((i64::try_from(days.len()).unwrap(), &sums), (made.days, &made.sums));
    assert_eq!((fees.by_line, fees.top_up_minor), (made.fees.clone(), made.top_up_minor));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_paid_twice(events in prop::collection::vec(event(), 0..60)) {
        let mut world = World::new();
        for event in &events {
            happen(&mut world, event);
        }
        world.tally_all(7);
        check_whole(&mut world);
        world.next_day();
        let day = world.day().plus_days(-1);
        world.settle(day, ALL);
        check_whole(&mut world);
        // All is settled that can be: of a day that was settled before, what is late waits.
        let waits = world.open_days().iter().all(|open| {
            world.settlements().iter().any(|made| {
                made.key.seller == open.key.seller
                    && made.key.currency.code() == open.key.currency
                    && made.key.day == day
            })
        });
        prop_assert!(waits);
    }
}
