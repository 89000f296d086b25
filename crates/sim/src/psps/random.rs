//! Many payments at once, with scripts, faults, restarts and lost callbacks that a seed chooses;
//! then calm, in which all of it must settle.

use payments::{Payment, PaymentKind, Psp, State};
use simulators::{Outcome, Script};

use super::faults::{ENDINGS, Post, WEEK_MS, Way, Weather};
use super::truths::{agrees, check_safe};
use super::wire::Begins;
use super::world::{WHOLE_MINOR, World};
use crate::options::{Announce, number, seeds};
use crate::prng::Prng;

const STEP_MS: i64 = 250;
const MINUTE_MS: i64 = 60_000;

/// How many payments there are, and how long the storm lasts.
const PAYMENTS: usize = 24;
const STORM_MS: i64 = 4 * MINUTE_MS;

/// How long it takes for all to settle: a payment that nobody decides on is given up after half an
/// hour, and some things are asked for only every ten minutes by then.
const CALM_MS: i64 = 55 * MINUTE_MS;

/// How often an exchange goes another way, per thousand.
const WAYS: [(Way, u64); 15] = [
    (Way::NotSent, 40),
    (Way::RequestLost, 40),
    (Way::ResponseLost, 60),
    (Way::Slow, 30),
    (Way::HalfOpen, 20),
    (Way::LateRequest, 20),
    (Way::Delayed(1_500), 60),
    (Way::Delayed(8_000), 20),
    (Way::Garbled(200, "{}"), 20),
    (Way::Garbled(500, "[]"), 20),
    (Way::Instead(503, ""), 60),
    (Way::Instead(429, "{}"), 20),
    (Way::Dies, 10),
    (Way::DiesAfter, 15),
    (Way::Pauses, 15),
];

/// Chance, while it storms.
struct Storm {
    prng: Prng,
    is_over: bool,
}

impl Weather for Storm {
    fn way(&mut self, psp: Psp, begins: Begins, _now_ms: i64) -> Way {
        if self.is_over {
            return Way::Whole;
        }
        // Nobody visits a page before its address has arrived.
        let is_page = begins == Begins::Payment && psp != Psp::Swish;
        let mut roll = self.prng.below(1_000);
        for (way, rate) in WAYS {
            if roll < rate {
                let is_slow = matches!(way, Way::Delayed(_));
                return if is_page && is_slow { Way::Whole } else { way };
            }
            roll -= rate;
        }
        Way::Whole
    }

    fn script(&mut self, _psp: Psp, begins: Begins) -> Script {
        let is_good = self.is_over || begins == Begins::Refund || self.prng.per_mille(650);
        let outcome = if is_good { Outcome::Approve } else { self.prng.pick(&ENDINGS) };
        Script { outcome, delay_ms: self.prng.between(0, 40_000) }
    }

    fn post(&mut self, _psp: Psp, _now_ms: i64) -> Post {
        match self.prng.below(100) {
            _ if self.is_over => Post::Once,
            0..15 => Post::Twice,
            15..40 => Post::Never,
            40..55 => Post::Later(self.prng.between(0, 2 * MINUTE_MS)),
            55..57 => Post::Later(WEEK_MS),
            _ => Post::Once,
        }
    }
}

#[test]
fn simulation_of_payments_over_psps() {
    let count = number("KASSA_SIM_SEEDS").unwrap_or(6);
    for seed in seeds(count) {
        let _announce = Announce { seed, step: 0 };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(seed));
        runtime.shutdown_background();
    }
}

async fn run(seed: u64) {
    let mut prng = Prng::new(seed);
    let storm = Storm { prng: prng.split(), is_over: false };
    let mut world = World::new(seed, storm).await;
    let storm_end = world.now_ms() + STORM_MS;
    let mut left = PAYMENTS;
    while world.now_ms() < storm_end {
        if left > 0 && prng.per_mille(80) {
            left -= 1;
            begin(&mut world, &mut prng).await;
        }
        if prng.per_mille(100) {
            follow(&mut world, &mut prng).await;
        }
        if prng.per_mille(4) {
            world.restart();
        }
        world.step(STEP_MS).await;
        check_safe(&world);
    }
    world.weather.is_over = true;
    let end_ms = world.now_ms() + CALM_MS;
    run_until(&mut world, end_ms).await;
    check_settled(&world);
    // What was a week on its way changes nothing.
    run_until(&mut world, end_ms + WEEK_MS + 15 * MINUTE_MS).await;
    check_settled(&world);
}

async fn run_until(world: &mut World<Storm>, end_ms: i64) {
    let mut mark = None;
    while world.now_ms() < end_ms {
        let soonest_ms = world.now_ms() + STEP_MS;
        let next_ms = world.next_ms().clamp(soonest_ms, end_ms.max(soonest_ms));
        world.step(next_ms - world.now_ms()).await;
        if mark != Some(world.mark()) {
            mark = Some(world.mark());
            check_safe(world);
        }
    }
}

fn check_settled(world: &World<Storm>) {
    for payment in world.payments() {
        let (truth, state) = (world.truth(&payment), payment.state.as_str());
        let is_settled = !payment.state.is_open() && agrees(world, &payment);
        assert!(is_settled, "{state} has not settled: {truth:?} {payment:#?}");
    }
}

/// A new payment.
async fn begin(world: &mut World<Storm>, prng: &mut Prng) {
    let psp = prng.pick(&Psp::ALL);
    let is_auto_capture = prng.per_mille(500);
    let minor = WHOLE_MINOR + prng.between(0, 100) * 100;
    let kind = PaymentKind::Payment;
    let (payment, _) = world.ask(psp, kind, minor, is_auto_capture, None).await.unwrap();
    begin_or_die(world, prng, payment, None).await;
}

/// Something is done with a payment that is there, where it may be.
async fn follow(world: &mut World<Storm>, prng: &mut Prng) {
    let all = world.payments();
    let payments: Vec<Payment> =
        all.into_iter().filter(|it| it.kind == PaymentKind::Payment).collect();
    let Some(payment) = prng.recent(&payments) else { return };
    let psp = payment.method.psp().unwrap();
    let whole_minor = payment.amount.total_minor;
    let is_held = matches!(payment.state, State::Reserved | State::Authorized);
    let (kind, minor) = match prng.below(10) {
        0 if payment.state.is_open() => return world.leave(payment.number).await,
        0..4 if is_held => {
            let minor = if prng.per_mille(500) { whole_minor } else { whole_minor / 3 };
            if prng.per_mille(500) {
                // As payments v3 asks for it.
                let kind = PaymentKind::Capture;
                let asked = world.ask(psp, kind, minor, false, Some(payment)).await;
                if let Some((capture, original)) = asked {
                    begin_or_die(world, prng, capture, original).await;
                }
                return;
            }
            if let Some(payment) = world.capture(payment, minor).await {
                begin_or_die(world, prng, payment, None).await;
            }
            return;
        }
        4..8 if payment.refundable_minor() > 0 => {
            (PaymentKind::Refund, prng.between(1, payment.refundable_minor()))
        }
        8.. if payment.state.is_committed() => (PaymentKind::Reversal, payment.captured_minor),
        9.. => (PaymentKind::Reversal, whole_minor),
        _ => return,
    };
    if let Some((payment, original)) = world.ask(psp, kind, minor, false, Some(payment)).await {
        begin_or_die(world, prng, payment, original).await;
    }
}

/// Begins what was asked for, unless the process ends before.
async fn begin_or_die(
    world: &mut World<Storm>,
    prng: &mut Prng,
    payment: Payment,
    original: Option<Payment>,
) {
    if prng.per_mille(30) {
        world.restart();
    } else {
        world.start(payment, original).await;
    }
}
