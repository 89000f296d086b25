//! Captures of payments v3 over a PSP: what a report says of the original is what becomes of the
//! capture that takes from it.

use super::*;
use crate::{Method, Outcome, PaymentType, Refusal};

/// A preauthorization over Klarna that is reserved, and a capture of 40.00 SEK of it that was
/// begun.
fn begun(world: &mut World) -> (Payment, Payment) {
    let command = world.asked_online(PaymentType::Preauthorization, Method::Klarna, None, 10_000);
    let payment = world.made(command);
    let payment = told(world, &payment, None, payment.task.unwrap(), Standing::Reserved);
    assert_eq!(payment.state, State::Reserved);
    let command = world.asked_online(PaymentType::Capture, Method::Klarna, Some(&payment), 4_000);
    let capture = world.made(command);
    assert_eq!(capture.task.unwrap().operation, CAPTURE);
    (world.read(payment.number), capture)
}

fn told(
    world: &mut World,
    payment: &Payment,
    original: Option<i64>,
    task: Task,
    standing: Standing,
) -> Payment {
    let report = Report::new(standing);
    let command = Record { payment: payment.number, original, task, report };
    let answer = world.run(Command::Record(command)).unwrap();
    let Outcome::Payment(payment, _) = answer.done else { panic!() };
    *payment
}

#[test]
fn what_the_psp_says_of_the_original_decides_on_the_capture() {
    use Standing::{
        Cancelled, Declined, Expired, Failed, Missing, NotDone, Paid, Refused, Reserved, Unknown,
        Waiting,
    };
    for (standing, expected, original, count) in [
        (Paid, "FINALIZED 4000/0", "FINALIZED 4000/0", 1),
        (Refused, "REJECTED", "RESERVED", 0),
        (Unknown, "PENDING capture:4000+1", "RESERVED", 1),
        (NotDone, "INITIALIZED capture:4000+1", "RESERVED", 1),
        (Waiting, "INITIALIZED capture:4000+1", "RESERVED", 1),
        (Reserved, "INITIALIZED capture:4000+1", "RESERVED", 1),
        (Missing, "REJECTED", "RESERVED", 0),
        (Cancelled, "REJECTED", "CANCELLED", 0),
        (Declined, "REJECTED", "REJECTED", 0),
        (Expired, "REJECTED", "CANCELLED", 0),
        (Failed, "REJECTED", "FAILED", 0),
    ] {
        let mut world = World::new();
        let (payment, capture) = begun(&mut world);
        let task = capture.task.unwrap();
        let after = told(&mut world, &capture, Some(payment.number), task, standing);
        let of = world.read(payment.number);
        let found = (world.shown(&after), world.shown(&of), of.captures.len());
        assert_eq!(found, (expected.to_owned(), original.to_owned(), count), "{standing:?}");
        // The same again is nothing new.
        let again = told(&mut world, &capture, Some(payment.number), task, standing);
        assert_eq!((again.state, world.read(payment.number)), (after.state, of), "{standing:?}");
        world.verify();
    }
}

#[test]
fn one_capture_is_made_at_a_time_and_one_succeeds() {
    let mut world = World::new();
    let (payment, capture) = begun(&mut world);
    let second = |world: &mut World| {
        let of = world.read(payment.number);
        let command = world.asked_online(PaymentType::Capture, Method::Klarna, Some(&of), 1_000);
        world.run(Command::Initialize(command)).map(|answer| {
            let Outcome::Payment(payment, _) = answer.done else { panic!() };
            *payment
        })
    };
    let too_large = Err(Refusal::CaptureTooLarge { minor: 0 });
    assert_eq!(second(&mut world), too_large);
    let task = capture.task.unwrap();
    told(&mut world, &capture, Some(payment.number), task, Standing::Refused);
    let other = second(&mut world).unwrap();
    let task = other.task.unwrap();
    told(&mut world, &other, Some(payment.number), task, Standing::Paid);
    assert_eq!(world.shown(&world.read(payment.number)), "FINALIZED 1000/0");
    assert_eq!(second(&mut world), too_large);
    world.verify();
}

/// What comes late of a task that was begun anew is evidence of the original, and no more.
#[test]
fn a_late_report_does_not_decide_on_the_capture() {
    let mut world = World::new();
    let (payment, capture) = begun(&mut world);
    let first = capture.task.unwrap();
    let pending = told(&mut world, &capture, Some(payment.number), first, Standing::Unknown);
    let late = told(&mut world, &capture, Some(payment.number), first, Standing::Refused);
    assert_eq!(late, pending);
    let task = late.task.unwrap();
    let done = told(&mut world, &capture, Some(payment.number), task, Standing::Paid);
    assert_eq!(world.shown(&done), "FINALIZED 4000/0");
    world.verify();
}
