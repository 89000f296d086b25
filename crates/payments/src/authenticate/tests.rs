//! What follows when a payer has proved who they are, has not, and when they never come back.

use ledger::{CardExpiry, MaskedPan};

use super::*;
use crate::limits::OPEN_MS_MAX;
use crate::registration::Kept;
use crate::world::World;
use crate::{Begin, CardShown, Command, PaymentType, RegistrationStatus};

fn challenged(world: &mut World, kind: PaymentType, is_kept: bool) -> Payment {
    let mut command = world.asked_online(kind, Method::CardLedger, None, 10_000);
    if let Some(online) = &mut command.online {
        online.authentication = Some(Authentication::Awaited);
    }
    command.kept = is_kept.then(|| Kept {
        id: "0".repeat(32),
        brand: "VISA".to_owned(),
        card: CardShown {
            number: MaskedPan { bin: "411111".to_owned(), last4: "1111".to_owned() },
            holder: None,
            expiry: CardExpiry { year: 2034, month: 5 },
        },
        token: None,
        sealed: Some("sealed".to_owned()),
        is_test: true,
    });
    world.made(command)
}

fn tell(world: &mut World, payment: &Payment, proof: Proof) -> Payment {
    let command = Authenticate { payment: Box::new(payment.clone()), proof };
    let answer = world.run(Command::Authenticate(command)).unwrap();
    let Outcome::Payment(payment, _) = answer.done else { panic!() };
    *payment
}

fn kept(world: &mut World, number: i64) -> (RegistrationStatus, bool) {
    let mut found = None;
    let reads = ReadSet { documents: vec![Registration::id(number)], ..ReadSet::default() };
    let now = world.now;
    store::Store::transact(&mut world.store, &reads, &mut |books| {
        found = books.document(Registration::id(number)).and_then(Registration::of);
        books.close(now)
    })
    .unwrap();
    let found = found.unwrap();
    (found.status, found.kept.sealed.is_some())
}

#[test]
fn nothing_is_held_before_the_proof() {
    let mut world = World::new();
    let payment = challenged(&mut world, PaymentType::Debit, false);
    assert_eq!((payment.result(), world.card()), (ResultCode::PENDING, "0 0".to_owned()));
    assert_eq!(world.shown(&payment), format!("INITIALIZED give-up+{}", OPEN_MS_MAX / 1_000));
    world.verify();
}

#[test]
fn each_proof_comes_to_one_thing() {
    use PaymentType::{Debit, Preauthorization};
    for (kind, proof, code, card, status) in [
        (Debit, Proof::Given, "000.100.110", "10000 0", RegistrationStatus::Active),
        (Preauthorization, Proof::Given, "000.100.110", "0 10000", RegistrationStatus::Active),
        (Debit, Proof::Failed, "100.380.401", "0 0", RegistrationStatus::Deleted),
        (Debit, Proof::Cancelled, "100.396.101", "0 0", RegistrationStatus::Deleted),
    ] {
        let mut world = World::new();
        let payment = challenged(&mut world, kind, true);
        assert_eq!(kept(&mut world, payment.number), (RegistrationStatus::Pending, true));
        let after = tell(&mut world, &payment, proof);
        assert_eq!((after.result().as_str(), world.card().as_str()), (code, card), "{proof:?}");
        assert!(after.task.is_none() && !after.state.is_open(), "{after:?}");
        let is_sealed = status == RegistrationStatus::Active;
        assert_eq!(kept(&mut world, payment.number), (status, is_sealed));
        // Told again, and told otherwise, it changes nothing.
        for other in [Proof::Given, Proof::Failed, Proof::Cancelled] {
            assert_eq!(tell(&mut world, &payment, other), after, "{proof:?} {other:?}");
        }
        world.verify();
    }
}

#[test]
fn a_proof_does_not_help_where_there_is_no_money() {
    let mut world = World::new();
    let payments: Vec<Payment> =
        (0..6).map(|_| challenged(&mut world, PaymentType::Debit, false)).collect();
    let codes = payments.iter().map(|it| tell(&mut world, it, Proof::Given).result());
    let codes: Vec<&str> = codes.map(ResultCode::as_str).collect();
    assert_eq!(codes, [["000.100.110"; 5].as_slice(), &["800.100.203"]].concat());
    world.verify();
}

#[test]
fn who_never_comes_back_is_given_up() {
    let mut world = World::new();
    let payment = challenged(&mut world, PaymentType::Debit, true);
    let begin = Command::Begin(Begin::of(&payment, payment.task.unwrap()));
    world.wait_ms(OPEN_MS_MAX - 1);
    world.run(begin.clone()).unwrap();
    assert_eq!(world.read(payment.number).result(), ResultCode::PENDING);
    world.wait_ms(1);
    world.run(begin).unwrap();
    let after = world.read(payment.number);
    assert_eq!((after.result(), after.task), (ResultCode::PAYER_TIMED_OUT, None));
    assert_eq!(kept(&mut world, payment.number), (RegistrationStatus::Deleted, false));
    assert_eq!(tell(&mut world, &payment, Proof::Given), after, "too late");
    assert_eq!(world.card(), "0 0");
    world.verify();
}

#[test]
fn what_is_not_awaited_is_not_changed() {
    let mut world = World::new();
    let command = world.asked_online(PaymentType::Debit, Method::CardLedger, None, 10_000);
    let payment = world.made(command);
    assert_eq!(tell(&mut world, &payment, Proof::Failed), payment);
    let nobody = Payment { number: 987_654, ..payment };
    let command = Authenticate { payment: Box::new(nobody), proof: Proof::Given };
    let answer = world.run(Command::Authenticate(command));
    assert_eq!(answer.unwrap_err(), Refusal::PaymentNotFound);
}
