//! What is held against the truth after every step, and when a payment agrees with it.

use payments::{Event, Payment, PaymentKind, Psp, State};
use simulators::{Standing, Truth};

use super::faults::Weather;
use super::world::World;

/// Checks what must be so at any time, whatever is lost or late: money moves once, and we never
/// say that it has moved or has not where that is otherwise.
pub(super) fn check_safe<W: Weather>(world: &World<W>) {
    let payments = world.payments();
    for payment in &payments {
        let truth = world.truth(payment);
        check_transitions(payment);
        assert!(truth.reserved.times <= 1, "reserved twice: {payment:#?} {truth:?}");
        assert!(truth.captured.times <= 1, "captured twice: {payment:#?} {truth:?}");
        let is_about =
            |it: &&Payment| it.original == Some(payment.number) && it.kind != PaymentKind::Capture;
        let about = payments.iter().filter(is_about);
        match payment.kind {
            PaymentKind::Payment => {
                let is_orphaned = world.is_orphaned(payment);
                check_payment(payment, truth, &about.collect::<Vec<_>>(), is_orphaned);
            }
            PaymentKind::Refund | PaymentKind::Reversal => {
                let original = payments.iter().find(|it| Some(it.number) == payment.original);
                check_refund(payment, truth, has_ended(world, original.unwrap()));
            }
            PaymentKind::Capture => {
                let original = world.find(payment.original.unwrap());
                check_capture(payment, world.truth(&original));
            }
            PaymentKind::Credit => panic!("no PSP gives credit: {payment:#?}"),
        }
    }
}

/// Whether a payment, refund or reversal says what the PSP knows, and nothing is left to be done.
pub(super) fn agrees<W: Weather>(world: &World<W>, payment: &Payment) -> bool {
    let truth = world.truth(payment);
    let psp = payment.method.psp().unwrap();
    let original = payment.original.map(|number| world.find(number));
    let says = match (payment.kind, &original) {
        (PaymentKind::Capture, Some(original)) => {
            let captured = world.truth(original).captured;
            payment.state.is_committed() || payment.state == State::Rejected || captured.times == 0
        }
        (_, Some(original)) => refund_may_be(world, payment, truth, original),
        (_, None) => payment_may_be(world, payment, psp, truth.standing),
    };
    says && (payment.task.is_none() || payment.state.is_open())
}

fn check_transitions(payment: &Payment) {
    let mut state = None;
    for transition in &payment.transitions {
        assert_eq!(transition.from, state, "{payment:#?}");
        state = State::after(state, transition.event);
        assert!(state.is_some(), "an illegal transition: {payment:#?}");
    }
    assert_eq!(state, Some(payment.state), "{payment:#?}");
}

fn check_payment(payment: &Payment, truth: Truth, about: &[&Payment], is_orphaned: bool) {
    let count = u32::try_from(about.len()).unwrap();
    assert!(truth.refunded.times <= count, "refunded twice: {payment:#?} {truth:?}");
    let given_minor = truth.refunded.amount_minor;
    assert!(given_minor <= truth.captured.amount_minor, "{payment:#?} {truth:?}");
    let claimed: i64 =
        about.iter().filter(|it| it.state.is_committed()).map(|it| it.captured_minor).sum();
    // What a page that nobody sees waits for never happens.
    assert!(claimed <= payment.refunded_minor, "{payment:#?} {about:#?}");
    assert!(payment.refunded_minor <= payment.captured_minor, "{payment:#?}");
    match payment.state {
        State::Finalized | State::Reported => {
            assert_eq!(truth.captured.times, 1, "not paid: {payment:#?} {truth:?}");
            assert_eq!(truth.captured.amount_minor, payment.captured_minor, "{payment:#?}");
        }
        State::Rejected | State::Cancelled | State::Failed => {
            assert_eq!(truth.captured.times, 0, "paid: {payment:#?} {truth:?}");
            let may_be = match truth.standing {
                Standing::Declined
                | Standing::Refused
                | Standing::Cancelled
                | Standing::Expired
                | Standing::Failed
                | Standing::Unknown => true,
                Standing::Waiting => is_orphaned,
                Standing::Reserved | Standing::Paid => false,
            };
            assert!(may_be, "not ended: {payment:#?} {truth:?}");
        }
        State::Reserved | State::Authorized => {
            let is_held = truth.reserved.times == 1;
            assert!(is_held || payment.reversal.is_some(), "not held: {payment:#?} {truth:?}");
        }
        State::Initialized | State::Stale | State::Pending | State::TimedOut => {}
    }
}

/// A capture that says that it was made was made, of so much.
fn check_capture(capture: &Payment, truth: Truth) {
    if capture.state.is_committed() {
        assert_eq!(truth.captured.times, 1, "not captured: {capture:#?} {truth:?}");
        assert_eq!(truth.captured.amount_minor, capture.captured_minor, "{capture:#?} {truth:?}");
    }
}

fn check_refund(refund: &Payment, truth: Truth, has_original_ended: bool) {
    assert!(truth.refunded.times <= 1, "refunded twice: {refund:#?} {truth:?}");
    match refund.state {
        State::Finalized | State::Reported => {
            let is_given_back = truth.refunded.times == 1;
            let is_ended = refund.kind == PaymentKind::Reversal && has_original_ended;
            assert!(is_given_back || is_ended, "not done: {refund:#?} {truth:?}");
            if is_given_back {
                assert_eq!(truth.refunded.amount_minor, refund.captured_minor, "{refund:#?}");
            }
        }
        State::Rejected | State::Cancelled | State::Failed => {
            assert_eq!(truth.refunded.times, 0, "done: {refund:#?} {truth:?}");
            assert_ne!(truth.standing, Standing::Waiting, "not ended: {refund:#?} {truth:?}");
        }
        State::Initialized
        | State::Stale
        | State::Pending
        | State::Reserved
        | State::Authorized
        | State::TimedOut => {}
    }
}

/// Whether no money will move for a payment, as far as the PSP knows. What waits on a page that
/// nobody ever sees does not count.
fn has_ended<W: Weather>(world: &World<W>, payment: &Payment) -> bool {
    let standing = world.truth(payment).standing;
    is_moneyless(standing) || (standing == Standing::Waiting && world.is_orphaned(payment))
}

fn is_moneyless(standing: Standing) -> bool {
    match standing {
        Standing::Declined
        | Standing::Refused
        | Standing::Cancelled
        | Standing::Expired
        | Standing::Failed => true,
        Standing::Unknown | Standing::Waiting | Standing::Reserved | Standing::Paid => false,
    }
}

/// Whether a payment may be in its state for good when the PSP says this.
///
/// At Nexi Checkout a payment whose reservation failed reads as new, so that it waits until the
/// callback tells or it is given up, and one that the payer has given up reads as terminated, as if
/// nobody had acted in time, unless the payer's visit told before.
fn payment_may_be<W: Weather>(
    world: &World<W>,
    payment: &Payment,
    psp: Psp,
    standing: Standing,
) -> bool {
    let state = payment.state;
    // A reversal, or we, may have ended what the payer has ended too.
    // So may the payer, on another page than the one that nobody saw.
    let is_ended = state.is_final() && !state.is_committed();
    let is_elsewhere = world.is_orphaned(payment) && is_ended;
    let has_left = payment.reversal.is_some() || payment.ends_as == Some(Event::Cancel);
    let is_given_up = payment.changed_at >= payment.given_up_at();
    let is_ended_by_us =
        (state == State::Cancelled && has_left) || (state == State::TimedOut && is_given_up);
    let is_unheard = psp == Psp::Easy && !world.has_heard(payment);
    match standing {
        Standing::Unknown => false,
        Standing::Waiting => state.is_open() || is_elsewhere,
        Standing::Reserved => matches!(state, State::Reserved | State::Authorized),
        Standing::Paid => state.is_committed(),
        _ if is_ended_by_us || is_elsewhere => true,
        Standing::Declined | Standing::Failed if is_unheard => state.is_open(),
        Standing::Cancelled if psp == Psp::Easy => {
            matches!(state, State::Cancelled | State::TimedOut)
        }
        Standing::Declined | Standing::Refused => state == State::Rejected,
        Standing::Cancelled => state == State::Cancelled,
        Standing::Expired => state == State::TimedOut,
        Standing::Failed => state == State::Failed,
    }
}

fn refund_may_be<W: Weather>(
    world: &World<W>,
    refund: &Payment,
    truth: Truth,
    original: &Payment,
) -> bool {
    let state = refund.state;
    if refund.kind == PaymentKind::Reversal && !original.state.is_committed() {
        return has_ended(world, original)
            && state == State::Finalized
            && original.state.is_final();
    }
    match truth.standing {
        Standing::Paid => state.is_committed(),
        // Less may be left than it was to give back, so that it was never asked for.
        Standing::Refused | Standing::Declined | Standing::Unknown => state == State::Rejected,
        Standing::Failed => state == State::Failed,
        Standing::Cancelled => state == State::Cancelled,
        Standing::Expired => state == State::TimedOut,
        Standing::Waiting | Standing::Reserved => false,
    }
}
