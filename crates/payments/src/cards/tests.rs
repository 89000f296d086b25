//! Captures part by part, what is given back of them, and a run of all of that at random.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::world::World;
use crate::{CloseDay, Command, Outcome, PaymentType, Refusal};

#[test]
fn what_is_given_back_is_shared_out_oldest_first() {
    let capture = |name: &str, minor, refunded_minor| Captured {
        instruction: name.to_owned(),
        minor,
        refunded_minor,
    };
    let captures = [capture("A", 100, 100), capture("B", 50, 20), capture("C", 70, 0)];
    assert_eq!(shares(&captures, 30, None), Ok(vec![(1, 30)]));
    assert_eq!(shares(&captures, 31, None), Ok(vec![(1, 30), (2, 1)]));
    assert_eq!(shares(&captures, 100, None), Ok(vec![(1, 30), (2, 70)]));
    assert_eq!(shares(&captures, 101, None), Err(100));
    assert_eq!(shares(&captures, 70, Some("c")), Ok(vec![(2, 70)]));
    assert_eq!(shares(&captures, 71, Some("c")), Err(70));
    assert_eq!(shares(&captures, 1, Some("a")), Err(0));
    assert_eq!(shares(&[], 1, None), Err(0));
}

/// Runs a row's steps on a payment of 100.00 SEK; what the row shows then.
fn run(steps: &str, method: Method) -> Vec<String> {
    let mut world = World::new();
    let (mut captures, mut told): (Vec<Payment>, _) = (Vec::new(), "made".to_owned());
    let mut payment: Option<i64> = None;
    for step in steps.split_whitespace() {
        let (what, minor) = step.split_once(':').unwrap_or((step, "0"));
        let (kind, named) = what.split_once('@').unwrap_or((what, "-"));
        let kind = PaymentType::parse(kind).unwrap();
        let Some(number) = payment else {
            let command = world.asked_online(kind, method, None, 10_000);
            payment = Some(world.made(command).number);
            continue;
        };
        let root = world.read(number);
        let mut command = world.asked_online(kind, method, Some(&root), minor.parse().unwrap());
        if let Some(capture) = named.parse().ok().and_then(|at: usize| captures.get(at)) {
            command.online.as_mut().unwrap().referenced = Some(capture.online_id());
        }
        let answer = world.run(Command::Initialize(command));
        told = match answer {
            Ok(answer) => {
                let Outcome::Payment(made, _) = answer.done else { panic!() };
                let state = made.state.as_str().to_owned();
                captures.extend(Some(*made).filter(|_| kind == PaymentType::Capture));
                state
            }
            Err(refusal) => format!("{refusal:?}"),
        };
    }
    let payment = world.read(payment.unwrap());
    world.verify();
    let sums = format!("{} {}", payment.captured_minor, payment.refunded_minor);
    vec![told, sums, world.card()]
}

/// The first payment and what follows: a type, `@` and the number of the capture that is named,
/// and `:` and how much. Then the last answer, what was captured and given back, and the account.
const PARTS: &str = "
    PA                            | made                             | 0 0         | 0 10000
    PA CP:4000                    | FINALIZED                        | 4000 0      | 4000 6000
    PA CP:4000 CP:6000            | FINALIZED                        | 10000 0     | 10000 0
    PA CP:4000 CP:6001            | CaptureTooLarge { minor: 6000 }  | 4000 0      | 4000 6000
    PA CP:4000 CP:6000 CP:1       | CaptureTooLarge { minor: 0 }     | 10000 0     | 10000 0
    PA RV                         | FINALIZED                        | 0 0         | 0 0
    PA RV CP:1                    | NotReserved                      | 0 0         | 0 0
    PA RV RV                      | OriginalEnded                    | 0 0         | 0 0
    PA CP:4000 RV                 | FINALIZED                        | 4000 0      | 4000 0
    PA CP:4000 RV CP:1            | AlreadyGivenBack                 | 4000 0      | 4000 0
    PA CP:4000 RV RV              | AlreadyGivenBack                 | 4000 0      | 4000 0
    PA CP:4000 RV RF:4000         | FINALIZED                        | 4000 4000   | 0 0
    PA CP:4000 RV@0               | FINALIZED                        | 4000 4000   | 0 6000
    PA CP:4000 RV@0 RV@0          | AlreadyGivenBack                 | 4000 4000   | 0 6000
    PA CP:4000 CP:1000 RF@0:1 RV@1| FINALIZED                        | 5000 1001   | 3999 5000
    PA CP:4000 CP:6000 RF@0:1 RV@1| FINALIZED                        | 10000 6001  | 3999 0
    PA CP:4000 RF@0:1 RV@0        | AlreadyGivenBack                 | 4000 1      | 3999 6000
    PA CP:4000 RF:4001            | MoreThanRemains { minor: 4000 }  | 4000 0      | 4000 6000
    PA CP:4000 CP:500 RF@1:501    | MoreThanRemains { minor: 500 }   | 4500 0      | 4500 5500
    PA RF:1                       | OriginalNotPaid                  | 0 0         | 0 10000
    DB                            | made                             | 10000 0     | 10000 0
    DB CP:1                       | CaptureTooLarge { minor: 0 }     | 10000 0     | 10000 0
    DB RV                         | FINALIZED                        | 10000 10000 | 0 0
    DB RF:1 RV                    | AlreadyGivenBack                 | 10000 1     | 9999 0
    DB RV RF:1                    | MoreThanRemains { minor: 0 }     | 10000 10000 | 0 0
    DB RF:10000 RF:1              | MoreThanRemains { minor: 0 }     | 10000 10000 | 0 0
";

#[test]
fn parts_are_taken_and_given_back() {
    for row in PARTS.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (kinds, expected) = (cells[0], &cells[1..]);
        assert_eq!(run(kinds, Method::CardLedger), expected, "{row}");
        // The test acquirer decides alike, and touches no account.
        assert_eq!(run(kinds, Method::Card)[..2], expected[..2], "{row}");
    }
}

#[test]
fn what_was_captured_since_it_was_read_is_known_only_when_it_is_read_again() {
    let mut world = World::new();
    let command =
        world.asked_online(PaymentType::Preauthorization, Method::CardLedger, None, 10_000);
    let payment = world.made(command);
    let refund = world.asked_online(PaymentType::Refund, Method::CardLedger, Some(&payment), 100);
    let capture = world.asked_online(PaymentType::Capture, Method::CardLedger, Some(&payment), 100);
    let stale = world.asked_online(PaymentType::Capture, Method::CardLedger, Some(&payment), 200);
    world.made(capture);
    for command in [refund, stale] {
        let answer = world.run(Command::Initialize(command));
        assert_eq!(answer.unwrap_err(), Refusal::OriginalChanged);
    }
    world.verify();
}

#[test]
fn holders_names_force_codes_in_tests_only() {
    for (holder, is_test, expected) in [
        ("800.100.153", true, Some("800.100.153")),
        ("800.100.153", false, None),
        ("000.400.109", true, None),
        ("123.456.789", true, Some("600.200.810")),
        ("Jane Jones", true, None),
        ("800.100.15x", true, None),
        ("800-100-153", true, None),
        (" 800.100.153", true, None),
    ] {
        let mut world = World::new();
        let mut command = world.asked_online(PaymentType::Debit, Method::CardLedger, None, 10_000);
        let online = command.online.as_mut().unwrap();
        online.is_test = is_test;
        online.card = Some(crate::CardShown {
            number: ledger::MaskedPan { bin: "411111".to_owned(), last4: "1111".to_owned() },
            holder: Some(holder.to_owned()),
            expiry: ledger::CardExpiry { year: 2034, month: 5 },
        });
        let payment = world.made(command);
        let success = if is_test { "000.100.110" } else { "000.000.000" };
        assert_eq!(payment.result().as_str(), expected.unwrap_or(success), "{holder}");
        let owed = if expected.is_some() { "0 0" } else { "10000 0" };
        assert_eq!(world.card(), owed, "{holder}");
        world.verify();
    }
}

fn follow_up() -> impl Strategy<Value = (PaymentType, Option<Index>, i64)> {
    let kinds = vec![
        PaymentType::Capture,
        PaymentType::Capture,
        PaymentType::Refund,
        PaymentType::Refund,
        PaymentType::Reversal,
    ];
    let minor = prop_oneof![1..40_i64, 1..12_000_i64, Just(10_000)];
    (prop::sample::select(kinds), prop::option::of(any::<Index>()), minor)
}

proptest! {
    // Each is a whole run.
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is captured, refunded and reversed, no more is taken than was held, and no more
    /// given back than was taken: of the payment, of each capture, and on the account.
    #[test]
    fn nothing_is_taken_or_given_twice(
        is_on_ledger in any::<bool>(),
        steps in vec((follow_up(), any::<bool>()), 1..24),
    ) {
        let method = if is_on_ledger { Method::CardLedger } else { Method::Card };
        let mut world = World::new();
        let command = world.asked_online(PaymentType::Preauthorization, method, None, 10_000);
        let number = world.made(command).number;
        let mut captures: Vec<Payment> = Vec::new();
        let (mut taken, mut given) = (0, 0);
        let mut stale = None;
        for ((kind, named, minor), is_stale) in steps {
            let root = world.read(number);
            let known = stale.take().filter(|_| is_stale).unwrap_or_else(|| root.clone());
            stale = Some(root.clone());
            let mut command = world.asked_online(kind, method, Some(&known), minor);
            if let Some(capture) = named.filter(|_| !captures.is_empty()) {
                let online = command.online.as_mut().unwrap();
                if kind != PaymentType::Capture {
                    online.referenced = Some(capture.get(&captures).online_id());
                }
            }
            if let Ok(answer) = world.run(Command::Initialize(command)) {
                let Outcome::Payment(made, _) = answer.done else { panic!() };
                let has_moved = made.state.is_committed();
                let moved = if has_moved { made.captured_minor } else { 0 };
                if kind == PaymentType::Capture {
                    taken += moved;
                    captures.push(*made);
                } else {
                    given += moved;
                }
            }
            let after = world.read(number);
            prop_assert!(taken <= 10_000 && given <= taken, "{after:?}");
            prop_assert_eq!((after.captured_minor, after.refunded_minor), (taken, given));
            let sums = after.captures.iter().fold((0, 0), |(minor, refunded), it| {
                assert!((0..=it.minor).contains(&it.refunded_minor), "{it:?}");
                (minor + it.minor, refunded + it.refunded_minor)
            });
            prop_assert_eq!(sums, (taken, given));
            if is_on_ledger {
                let held = if after.reversal.is_some() { 0 } else { 10_000 - taken };
                prop_assert_eq!(world.card(), format!("{} {held}", taken - given));
            }
        }
        let close = CloseDay {
            customer: crate::world::CUSTOMER,
            day: ledger::Date::parse("2026-11-20").unwrap(),
            until: world.now,
            payments: world.all().iter().map(|payment| payment.number).collect(),
        };
        world.run(Command::CloseDay(close)).unwrap();
        world.verify();
    }
}
