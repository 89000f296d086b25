//! Every fault with every piece of work and every ending, at every PSP.
//!
//! A cell sets up what its work is about in fair weather, lets the fault come, and then steps
//! through time: what must always be so is checked after each step, and what we say must agree with
//! the PSP's truth within a minute after the fault and the payer are done with it. A process that
//! ended is replaced when its lease is over, so that a minute counts from there.

use payments::limits::TASK_LEASE_MS;
use payments::{Payment, PaymentKind, Psp, State};
use simulators::{Outcome, Script, Standing, Truth};

use super::faults::{ENDINGS, Fault, OneFault, WEEK_MS};
use super::truths::{agrees, check_safe};
use super::world::{WHOLE_MINOR, World};

const STEP_MS: i64 = 250;

/// How soon after a fault all must be well.
const SETTLED_MS: i64 = 60_000;

/// How long a payer may take to decide.
const PATIENCE_MS: i64 = 5 * 60_000;

/// A piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Pay {
        auto_capture: bool,
    },
    /// Of what was reserved so long before.
    Capture {
        minor: i64,
        age_ms: i64,
    },
    Refund {
        minor: i64,
    },
    ReverseOpen,
    ReverseHeld,
    ReversePaid,
}

/// The coordinates of a cell.
#[derive(Clone, Copy, Debug)]
struct Cell {
    psp: Psp,
    deed: Deed,
    outcome: Outcome,
    delay_ms: i64,
    fault: Fault,
}

/// What was asked for.
struct Asked {
    number: i64,
    asked_at: i64,
}

#[test]
fn swish_under_every_fault() {
    check_psp(Psp::Swish);
}

#[test]
fn klarna_under_every_fault() {
    check_psp(Psp::Klarna);
}

#[test]
fn easy_under_every_fault() {
    check_psp(Psp::Easy);
}

#[test]
fn santander_under_every_fault() {
    check_psp(Psp::Santander);
}

fn check_psp(psp: Psp) {
    let (mut cells, mut failures) = (0, Vec::new());
    for (deed, outcome, delay_ms) in rows(psp) {
        let cell = |fault| Cell { psp, deed, outcome, delay_ms, fault };
        let is_named = ENDINGS.contains(&outcome);
        let exchanges = check(cell(Fault::None), &mut failures).unwrap_or(0);
        cells += 1;
        // What a simulator does by itself is a fault already.
        for fault in Fault::all(exchanges.min(3)).into_iter().skip(1).filter(|_| is_named) {
            check(cell(fault), &mut failures);
            cells += 1;
        }
    }
    println!("{}: {cells} cells", psp.as_str());
    assert!(failures.is_empty(), "{} of {cells} cells:\n{}", failures.len(), failures.join("\n"));
}

/// Pieces of work with how they end and how long that takes.
fn rows(psp: Psp) -> Vec<(Deed, Outcome, i64)> {
    let mut rows = Vec::new();
    let may_hold = psp != Psp::Swish;
    for outcome in Outcome::ALL {
        rows.push((Deed::Pay { auto_capture: false }, outcome, 700));
        if may_hold && psp != Psp::Santander {
            rows.push((Deed::Pay { auto_capture: true }, outcome, 700));
        }
        rows.push((Deed::Refund { minor: WHOLE_MINOR }, outcome, 900));
        rows.push((Deed::ReversePaid, outcome, 900));
    }
    rows.push((Deed::Pay { auto_capture: false }, Outcome::Approve, 20_000));
    rows.push((Deed::Refund { minor: 40_000 }, Outcome::Approve, 0));
    // The payer decides much later, or just then.
    for delay_ms in [90_000, 3_500, 3_200] {
        rows.push((Deed::ReverseOpen, Outcome::Approve, delay_ms));
    }
    if may_hold {
        let captures = [(WHOLE_MINOR, 0), (60_000, 0), (WHOLE_MINOR, 9 * 3_600_000)];
        for (minor, age_ms) in captures {
            rows.push((Deed::Capture { minor, age_ms }, Outcome::Approve, 0));
        }
        rows.push((Deed::ReverseHeld, Outcome::Approve, 0));
    }
    rows
}

/// Runs a cell, and says how many exchanges its work took.
fn check(cell: Cell, failures: &mut Vec<String>) -> Option<usize> {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let exchanges = runtime.block_on(run(cell));
        runtime.shutdown_background();
        exchanges
    };
    match std::panic::catch_unwind(run) {
        Ok(exchanges) => Some(exchanges),
        Err(cause) => {
            let said = cause.downcast_ref::<String>().cloned().unwrap_or_default();
            failures.push(format!("{cell:?}: {}", said.lines().next().unwrap_or_default()));
            None
        }
    }
}

async fn run(cell: Cell) -> usize {
    let Cell { psp, deed, outcome, delay_ms, fault } = cell;
    let fair = OneFault::new(Fault::None, Script { outcome: Outcome::Approve, delay_ms: 300 });
    let mut world = World::new(1, fair).await;
    let original = set_up(&mut world, psp, deed, delay_ms).await;
    world.weather = OneFault::new(fault, Script { outcome, delay_ms });
    let asked = begin(&mut world, cell, original).await;
    let bound_ms = SETTLED_MS + if fault.is_restart() { TASK_LEASE_MS } else { 0 };
    let (mut truth, mut changed_ms) = (Truth::default(), world.now_ms());
    let (mut mark, mut is_waited_for) = (None, false);
    loop {
        if mark != Some(world.mark()) {
            mark = Some(world.mark());
            check_safe(&world);
            let payment = world.find(asked.number);
            let truth_now = truth_about(&world, &payment);
            if truth != truth_now {
                (truth, changed_ms) = (truth_now, world.now_ms());
            }
            is_waited_for = is_well(&world, &payment);
            if is_waited_for && is_decided(&payment, truth) {
                break;
            }
        }
        if is_waited_for {
            // The payer takes its time.
            changed_ms = world.now_ms();
        }
        assert!(changed_ms <= asked.asked_at + PATIENCE_MS, "nobody decides: {truth:?}");
        let since_ms = changed_ms.max(world.weather.over_ms());
        if world.now_ms() > since_ms + bound_ms {
            let payment = world.find(asked.number);
            panic!("does not agree in time: {} {truth:?} {payment:#?}", payment.state.as_str());
        }
        interfere(&mut world, fault, &asked).await;
        world.step(STEP_MS).await;
    }
    let exchanges = world.weather.exchanges();
    stay_well(&mut world, cell, &asked).await;
    exchanges
}

/// Somebody calls us who is not the PSP, or has nothing to tell.
async fn interfere(world: &mut World<OneFault>, fault: Fault, asked: &Asked) {
    let after_ms = world.now_ms() - asked.asked_at;
    let payment = |world: &World<OneFault>| world.find(asked.number);
    if fault == Fault::Forged && after_ms % 1_000 == 0 {
        let payment = payment(world);
        world.forge(&payment).await;
    }
    if fault == Fault::PayerLeaves && after_ms == 2 * STEP_MS {
        let payment = payment(world);
        world.leave(payment.original.unwrap_or(payment.number)).await;
    }
}

/// Makes what the work is about.
async fn set_up(
    world: &mut World<OneFault>,
    psp: Psp,
    deed: Deed,
    delay_ms: i64,
) -> Option<Payment> {
    let (auto_capture, wanted) = match deed {
        Deed::Pay { .. } => return None,
        Deed::Capture { .. } | Deed::ReverseHeld => (false, State::Reserved),
        Deed::Refund { .. } | Deed::ReversePaid => (true, State::Finalized),
        Deed::ReverseOpen => (false, State::Initialized),
    };
    if deed == Deed::ReverseOpen {
        let script = Script { outcome: Outcome::Approve, delay_ms };
        world.weather = OneFault::new(Fault::None, script);
    }
    let kind = PaymentKind::Payment;
    let (payment, _) = world.ask(psp, kind, WHOLE_MINOR, auto_capture, None).await.unwrap();
    let number = payment.number;
    world.start(payment, None).await;
    for _ in 0..12 {
        world.step(STEP_MS).await;
    }
    if let Deed::Capture { age_ms, .. } = deed {
        world.step(age_ms).await;
    }
    // Loans wait for delivery, whatever was asked for.
    if auto_capture && psp == Psp::Santander {
        let payment = world.capture(world.find(number), WHOLE_MINOR).await.unwrap();
        world.start(payment, None).await;
    }
    let payment = world.find(number);
    assert_eq!(payment.state, wanted, "not set up: {payment:#?}");
    Some(payment)
}

/// Asks for the work, and begins it unless the process ends before.
async fn begin(world: &mut World<OneFault>, cell: Cell, original: Option<Payment>) -> Asked {
    let asked_at = world.now_ms();
    let psp = cell.psp;
    let (payment, original) = match cell.deed {
        Deed::Pay { auto_capture } => {
            let kind = PaymentKind::Payment;
            world.ask(psp, kind, WHOLE_MINOR, auto_capture, None).await.unwrap()
        }
        Deed::Capture { minor, .. } => {
            (world.capture(original.unwrap(), minor).await.unwrap(), None)
        }
        Deed::Refund { minor } => {
            world.ask(psp, PaymentKind::Refund, minor, false, original).await.unwrap()
        }
        Deed::ReverseOpen | Deed::ReverseHeld | Deed::ReversePaid => {
            let kind = PaymentKind::Reversal;
            world.ask(psp, kind, WHOLE_MINOR, false, original).await.unwrap()
        }
    };
    let number = payment.number;
    if cell.fault == Fault::RestartBefore {
        world.restart();
    } else {
        world.start(payment, original).await;
    }
    Asked { number, asked_at }
}

/// What the PSP knows of it and of what it is about.
fn truth_about(world: &World<OneFault>, payment: &Payment) -> Truth {
    let truth = world.truth(payment);
    match payment.original.map(|number| world.truth(&world.find(number))) {
        Some(original) if truth == Truth::default() => original,
        _ => truth,
    }
}

/// Whether the payer, or the bank, is done with it.
fn is_decided(payment: &Payment, truth: Truth) -> bool {
    truth.standing != Standing::Waiting || payment.state.is_final()
}

/// Whether it agrees with the truth, and so does what it is about.
fn is_well(world: &World<OneFault>, payment: &Payment) -> bool {
    let original = payment.original.map(|number| world.find(number));
    let is_captured = !payment.is_taken_at_once() || payment.state != State::Reserved;
    is_captured
        && agrees(world, payment)
        && original.is_none_or(|original| agrees(world, &original))
}

/// Lets everything come that is on its way, and holds that against the truth too.
async fn stay_well(world: &mut World<OneFault>, cell: Cell, asked: &Asked) {
    let is_patient = cell.fault == Fault::None || cell.fault == Fault::CallbackLost;
    let last_ms = if cell.fault == Fault::CallbackAfterWeek {
        asked.asked_at + WEEK_MS + 120_000
    } else if is_patient {
        asked.asked_at + 32 * 60_000
    } else {
        world.now_ms().max(world.weather.over_ms()) + 40_000
    };
    // What changes at the very end is seen by the next reading.
    while world.now_ms() < last_ms + SETTLED_MS {
        if world.now_ms() > last_ms && is_well(world, &world.find(asked.number)) {
            break;
        }
        let next_ms = world.next_ms().clamp(world.now_ms() + STEP_MS, last_ms + SETTLED_MS);
        world.step(next_ms - world.now_ms()).await;
        check_safe(world);
    }
    let payment = world.find(asked.number);
    assert!(is_well(world, &payment), "does not stay well: {payment:#?}");
    let is_over = !is_patient || !payment.state.is_open();
    assert!(is_over, "is not given up: {payment:#?}");
}
