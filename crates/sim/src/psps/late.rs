//! A payment that was given up because the PSP would not know of it, and a word a week later.

use payments::{PaymentKind, Psp, State};
use simulators::{Outcome, Script, Standing};

use super::faults::{Post, WEEK_MS, Way, Weather};
use super::truths::{agrees, check_safe};
use super::wire::Begins;
use super::world::{WHOLE_MINOR, World};

const MINUTE_MS: i64 = 60_000;

/// The PSP takes payments, and then knows nothing of them for so long. After that some answers are
/// lost.
struct Amnesia {
    until_ms: i64,
    lost: usize,
}

/// The PSP cannot be reached, and nobody knows whether the request with this number was.
struct Outage {
    exchanges: usize,
    unsure: usize,
}

impl Weather for Amnesia {
    fn way(&mut self, _psp: Psp, begins: Begins, now_ms: i64) -> Way {
        if self.until_ms > 0 && now_ms > self.until_ms && self.lost > 0 {
            self.lost -= 1;
            return Way::ResponseLost;
        }
        let is_known = begins == Begins::Payment || now_ms >= self.until_ms;
        if is_known || self.until_ms == 0 { Way::Whole } else { Way::Instead(404, "") }
    }

    fn script(&mut self, _psp: Psp, _begins: Begins) -> Script {
        Script { outcome: Outcome::Approve, delay_ms: 700 }
    }

    fn post(&mut self, _psp: Psp, _now_ms: i64) -> Post {
        Post::Later(WEEK_MS)
    }
}

impl Weather for Outage {
    fn way(&mut self, _psp: Psp, _begins: Begins, _now_ms: i64) -> Way {
        self.exchanges += 1;
        if self.exchanges == self.unsure { Way::RequestLost } else { Way::NotSent }
    }

    fn script(&mut self, _psp: Psp, _begins: Begins) -> Script {
        Script::DEFAULT
    }

    fn post(&mut self, _psp: Psp, _now_ms: i64) -> Post {
        Post::Once
    }
}

#[test]
fn a_late_callback_revives_what_was_given_up() {
    for psp in Psp::ALL {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(check_late(psp));
        runtime.shutdown_background();
    }
}

/// What certainly never left is given up after its time; what perhaps did waits for an answer.
#[test]
fn only_what_was_never_sent_is_given_up_unread() {
    for psp in [Psp::Swish, Psp::Santander] {
        for (unsure, expected) in [(0, State::TimedOut), (1, State::Pending), (9, State::Pending)] {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(check_outage(psp, unsure, expected));
            runtime.shutdown_background();
        }
    }
}

async fn check_outage(psp: Psp, unsure: usize, expected: State) {
    let mut world = World::new(1, Outage { exchanges: 0, unsure }).await;
    let kind = PaymentKind::Payment;
    let (payment, _) = world.ask(psp, kind, WHOLE_MINOR, false, None).await.unwrap();
    let (number, asked_at) = (payment.number, world.now_ms());
    world.start(payment, None).await;
    run_until(&mut world, asked_at + 45 * MINUTE_MS).await;
    let payment = world.find(number);
    assert_eq!(payment.state, expected, "{psp:?} {unsure}: {payment:#?}");
    let is_raised = payment.attention.is_some();
    assert_eq!(is_raised, expected == State::Pending, "{psp:?} {unsure}: {payment:#?}");
}

async fn check_late(psp: Psp) {
    let mut world = World::new(1, Amnesia { until_ms: 0, lost: 3 }).await;
    let kind = PaymentKind::Payment;
    let (payment, _) = world.ask(psp, kind, WHOLE_MINOR, false, None).await.unwrap();
    let (number, asked_at) = (payment.number, world.now_ms());
    world.start(payment, None).await;
    world.weather.until_ms = asked_at + 35 * MINUTE_MS;
    run_until(&mut world, asked_at + 40 * MINUTE_MS).await;
    let given_up = world.find(number);
    assert_eq!(given_up.state, State::TimedOut, "{given_up:#?}");
    let standing = world.truth(&given_up).standing;
    let is_paid = matches!(standing, Standing::Paid | Standing::Reserved);
    assert!(is_paid, "{psp:?}: {standing:?}");
    run_until(&mut world, asked_at + WEEK_MS + MINUTE_MS).await;
    let revived = world.find(number);
    assert!(agrees(&world, &revived), "is not revived: {revived:#?}");
    assert!(revived.attention.is_none(), "{revived:#?}");
}

async fn run_until<W: Weather>(world: &mut World<W>, end_ms: i64) {
    while world.now_ms() < end_ms {
        let next_ms = world.next_ms().clamp(world.now_ms() + 250, end_ms.max(world.now_ms() + 250));
        world.step(next_ms - world.now_ms()).await;
        check_safe(world);
    }
}
