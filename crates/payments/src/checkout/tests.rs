//! When a checkout may be paid, changed and extended.

use super::*;
use crate::world::World;
use crate::{Authentication, Command, Method, PaymentType};

fn prepared(world: &mut World) -> Checkout {
    let command = world.asked_online(PaymentType::Debit, Method::Card, None, 10_000);
    let wanted = Wanted {
        id: "c".repeat(32),
        merchant: command.merchant,
        amount: command.amount,
        online: command.online.unwrap(),
        may_keep: true,
    };
    let command = Prepare { wanted, actor: "shop".to_owned(), idempotency: None };
    checkout_of(world.run(Command::Prepare(command)))
}

fn checkout_of(answer: Result<Answer, Refusal>) -> Checkout {
    let Outcome::Checkout(checkout) = answer.unwrap().done else { panic!() };
    *checkout
}

/// Tries to pay; an authentication keeps it waiting, a code as the holder's name declines it.
fn attempt(
    world: &mut World,
    known: &Checkout,
    authentication: Option<Authentication>,
    holder: &str,
) -> Result<Payment, Refusal> {
    let mut command = world.asked_online(PaymentType::Debit, Method::Card, None, 10_000);
    let online = command.online.as_mut().unwrap();
    online.authentication = authentication;
    online.card = Some(crate::CardShown {
        number: ledger::MaskedPan { bin: "420000".to_owned(), last4: "0000".to_owned() },
        holder: Some(holder.to_owned()),
        expiry: ledger::CardExpiry { year: 2034, month: 5 },
    });
    command.checkout = Some(Box::new(known.clone()));
    let answer = world.run(Command::Initialize(command))?;
    let Outcome::Payment(payment, _) = answer.done else { panic!() };
    Ok(*payment)
}

fn read(world: &World, number: i64) -> Checkout {
    let reads = ReadSet { documents: vec![Checkout::id(number)], ..ReadSet::default() };
    let source = store::Store::source(&world.store);
    let books = source.open().unwrap().load(&reads).unwrap();
    books.document(Checkout::id(number)).and_then(Checkout::of).unwrap()
}

const DECLINED: &str = "800.100.152";

#[test]
fn declined_ones_may_be_tried_again_and_one_succeeds() {
    let mut world = World::new();
    let known = prepared(&mut world);
    let first = attempt(&mut world, &known, None, DECLINED).unwrap();
    // Who has not read that it was tried is told to look.
    assert_eq!(attempt(&mut world, &known, None, "Jane"), Err(Refusal::CheckoutBusy));
    let known = read(&world, known.number);
    assert_eq!(known.payments, [first.number]);
    let paid = attempt(&mut world, &known, None, "Jane").unwrap();
    let known = read(&world, known.number);
    assert_eq!(known.payments, [first.number, paid.number]);
    assert_eq!(attempt(&mut world, &known, None, "Jane"), Err(Refusal::CheckoutBusy));
    world.verify();
}

#[test]
fn of_two_at_once_one_is_tried() {
    let mut world = World::new();
    let known = prepared(&mut world);
    let commands = (0..3).map(|_| {
        let mut command = world.asked_online(PaymentType::Debit, Method::Card, None, 10_000);
        command.checkout = Some(Box::new(known.clone()));
        Command::Initialize(command)
    });
    let commands: Vec<Command> = commands.collect();
    let answers = world.batch(commands);
    assert!(answers[0].is_ok());
    for answer in &answers[1..] {
        assert_eq!(answer.as_ref().unwrap_err(), &Refusal::CheckoutBusy);
    }
    world.verify();
}

#[test]
fn one_that_waits_holds_it() {
    let mut world = World::new();
    let known = prepared(&mut world);
    let waiting = Some(Authentication::Awaited);
    attempt(&mut world, &known, waiting, "Jane").unwrap();
    let known = read(&world, known.number);
    assert_eq!(attempt(&mut world, &known, None, "Jane"), Err(Refusal::CheckoutBusy));
    let rearrange = Rearrange {
        checkout: known.number,
        wanted: known.wanted.clone(),
        actor: "shop".to_owned(),
        idempotency: None,
    };
    let answer = world.run(Command::Rearrange(rearrange));
    assert_eq!(answer.unwrap_err(), Refusal::CheckoutBusy);
}

#[test]
fn it_ends_and_can_be_extended_before() {
    let mut world = World::new();
    let known = prepared(&mut world);
    world.wait_ms(CHECKOUT_MS - 1);
    let extend = || Command::Extend(Extend { checkout: known.number });
    let extended = checkout_of(world.run(extend()));
    assert_eq!(extended.expires_at, world.now.plus_ms(CHECKOUT_MS));
    world.wait_ms(CHECKOUT_MS);
    assert_eq!(attempt(&mut world, &extended, None, "Jane"), Err(Refusal::CheckoutExpired));
    assert_eq!(world.run(extend()).unwrap_err(), Refusal::CheckoutExpired);
    let nobody = Command::Extend(Extend { checkout: 987_654 });
    assert_eq!(world.run(nobody).unwrap_err(), Refusal::CheckoutNotFound);
}

#[test]
fn more_time_is_given_so_often_only() {
    let mut world = World::new();
    let known = prepared(&mut world);
    for _ in 0..CHECKOUT_EXTENSIONS_MAX {
        world.wait_ms(1_000);
        let extended = checkout_of(world.run(Command::Extend(Extend { checkout: known.number })));
        assert_eq!(extended.expires_at, world.now.plus_ms(CHECKOUT_MS));
    }
    let last = read(&world, known.number);
    world.wait_ms(1_000);
    let extended = checkout_of(world.run(Command::Extend(Extend { checkout: known.number })));
    assert_eq!(extended, last);
}

#[test]
fn payments_are_tried_so_often_only() {
    let mut world = World::new();
    let number = prepared(&mut world).number;
    for _ in 0..CHECKOUT_PAYMENTS_MAX {
        let known = read(&world, number);
        attempt(&mut world, &known, None, DECLINED).unwrap();
    }
    let known = read(&world, number);
    assert_eq!(attempt(&mut world, &known, None, "Jane"), Err(Refusal::CheckoutExpired));
}

#[test]
fn what_is_kept_is_read_again() {
    let mut world = World::new();
    let checkout = prepared(&mut world);
    assert_eq!(Checkout::of(&checkout.document()), Some(checkout.clone()));
    assert_eq!(read(&world, checkout.number), checkout);
}
