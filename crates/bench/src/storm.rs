//! Many payments at a PSP that hangs, from a thread of their own.
//!
//! Invariant: tills begin as many payments as are wanted, and then some of them go on, so that some
//! always wait; payers take longer than the storm, so that none is decided in it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::task::JoinSet;
use tokio::time;

use crate::BenchError;
use crate::load::{Errors, all_ended};
use crate::payment_traffic::{Method, PaymentTraffic, Standing};
use crate::payments::{Payer, Payers};
use crate::till::{Counter, Till};

/// One of so many tills goes on when there are payments enough.
const TILLS_THAT_GO_ON: u64 = 8;
/// How often it is looked whether there are payments enough, and how many times.
const FULL_PAUSE: Duration = Duration::from_millis(5);
const FULL_LOOKS_MAX: u32 = 24_000;

/// Connections that look where payments stand.
const LOOKERS: usize = 8;
/// How long one of them waits after a payment that nobody has decided.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// What a storm is.
pub(crate) struct StormPlan {
    pub(crate) traffic: PaymentTraffic,
    pub(crate) payers: Arc<Payers>,
    /// How long each payer takes, from when the PSP has the payment.
    pub(crate) payer_ms: i64,
    /// Payments that are wanted at once.
    pub(crate) in_flight: u64,
    pub(crate) tills: u64,
    pub(crate) now: fn() -> Instant,
}

/// A storm under way.
pub(crate) struct Storm {
    progress: Arc<Progress>,
    in_flight: u64,
    now: fn() -> Instant,
    thread: JoinHandle<Result<Begun, BenchError>>,
}

/// What a storm leaves.
pub(crate) struct Begun {
    /// What was taken: its number, and when it was asked for.
    pub(crate) payments: Vec<(u64, Instant)>,
    /// When it was told to end.
    pub(crate) over_at: Instant,
    pub(crate) errors: Errors,
}

/// What became of a storm's payments.
pub(crate) struct Settled {
    pub(crate) finalized: u64,
    /// Until the last of them was known to be FINALIZED.
    pub(crate) elapsed: Duration,
    /// Others, and what could not be asked.
    pub(crate) errors: Errors,
}

/// What the storm's thread and its owner tell each other.
#[derive(Default)]
struct Progress {
    /// Payments that were taken, and requests that failed.
    answered: AtomicU64,
    is_over: AtomicBool,
}

impl Storm {
    /// Lets it begin.
    pub(crate) fn start(plan: StormPlan) -> Result<Storm, BenchError> {
        let progress = Arc::<Progress>::default();
        let (shared, in_flight, now) = (Arc::clone(&progress), plan.in_flight, plan.now);
        let thread = thread::Builder::new().name("bench-storm".to_owned());
        let thread = thread.spawn(move || runtime()?.block_on(rage(&plan, &shared)));
        let thread =
            thread.map_err(|source| BenchError::Io { doing: "starting the storm", source })?;
        Ok(Storm { progress, in_flight, now, thread })
    }

    /// Waits until there are as many payments as are wanted, a bounded time.
    pub(crate) fn wait_until_full(&self) {
        for _ in 0..FULL_LOOKS_MAX {
            let answered = self.progress.answered.load(Ordering::Relaxed);
            if answered >= self.in_flight || self.thread.is_finished() {
                return;
            }
            thread::sleep(FULL_PAUSE);
        }
    }

    /// Begins no more payments, and waits for what was asked.
    pub(crate) fn end(self) -> Result<Begun, BenchError> {
        let over_at = (self.now)();
        self.progress.is_over.store(true, Ordering::Relaxed);
        let begun = self.thread.join().map_err(|_| BenchError::Thread)??;
        Ok(Begun { over_at, ..begun })
    }
}

impl Begun {
    /// How many payments were surely undecided when the storm was told to end: those whose payers,
    /// who take so long, could not have paid.
    pub(crate) fn undecided(&self, payer_time: Duration) -> u64 {
        let is_undecided = |(_, asked_at): &&(u64, Instant)| {
            *asked_at <= self.over_at && self.over_at.duration_since(*asked_at) < payer_time
        };
        let count = self.payments.iter().filter(is_undecided).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

fn runtime() -> Result<LocalRuntime, BenchError> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    runtime.map_err(|source| BenchError::Io { doing: "starting the storm", source })
}

async fn rage(plan: &StormPlan, progress: &Arc<Progress>) -> Result<Begun, BenchError> {
    let begun = Rc::new(Beginning {
        counter: Counter::new(plan.traffic.clone()),
        payers: Arc::clone(&plan.payers),
        payer_ms: plan.payer_ms,
        left: Cell::new(plan.in_flight),
        payments: RefCell::default(),
        progress: Arc::clone(progress),
        now: plan.now,
    });
    let mut tills = JoinSet::new();
    for number in 0..plan.tills {
        let goes_on = number.is_multiple_of(TILLS_THAT_GO_ON);
        tills.spawn_local(Rc::clone(&begun).work(goes_on));
    }
    all_ended(&mut tills).await?;
    let (payments, errors) = (begun.payments.take(), begun.counter.errors.take());
    Ok(Begun { payments, over_at: (plan.now)(), errors })
}

/// What the storm's tills share.
struct Beginning {
    counter: Rc<Counter>,
    payers: Arc<Payers>,
    payer_ms: i64,
    /// Payments that are wanted and not yet asked for.
    left: Cell<u64>,
    payments: RefCell<Vec<(u64, Instant)>>,
    progress: Arc<Progress>,
    now: fn() -> Instant,
}

impl Beginning {
    async fn work(self: Rc<Beginning>, goes_on: bool) {
        let mut till = Till::new(&self.counter);
        while !self.progress.is_over.load(Ordering::Relaxed) {
            match self.left.get().checked_sub(1) {
                Some(left) => self.left.set(left),
                None if goes_on => {}
                None => return,
            }
            (self.payers)(Payer::PaysAfter(self.payer_ms));
            let since = (self.now)();
            let taken = till.initialize(Method::Swish).await;
            self.progress.answered.fetch_add(1, Ordering::Relaxed);
            let Some(payment) = taken else { return };
            self.payments.borrow_mut().push((payment, since));
        }
    }
}

/// Waits until all payments are FINALIZED, so long at most. Blocks.
pub(crate) fn settle(
    payments: impl Iterator<Item = u64>,
    traffic: &PaymentTraffic,
    now: fn() -> Instant,
    patience: Duration,
) -> Result<Settled, BenchError> {
    let waiting = Rc::new(Waiting {
        counter: Counter::new(traffic.clone()),
        payments: RefCell::new(payments.collect()),
        finalized: Cell::new(0),
        finalized_at: Cell::new(now()),
        now,
    });
    let start = now();
    runtime()?.block_on(async {
        let mut lookers = JoinSet::new();
        for _ in 0..LOOKERS {
            lookers.spawn_local(Rc::clone(&waiting).look());
        }
        time::timeout(patience, all_ended(&mut lookers)).await.unwrap_or(Ok(()))
    })?;
    let mut errors = waiting.counter.errors.take();
    errors.unanswered += u64::try_from(waiting.payments.borrow().len()).unwrap_or(u64::MAX);
    let elapsed = waiting.finalized_at.get().saturating_duration_since(start);
    Ok(Settled { finalized: waiting.finalized.get(), elapsed, errors })
}

/// What the lookers share.
struct Waiting {
    counter: Rc<Counter>,
    /// Those that are not known to be decided and that nobody looks at just now.
    payments: RefCell<VecDeque<u64>>,
    finalized: Cell<u64>,
    finalized_at: Cell<Instant>,
    now: fn() -> Instant,
}

impl Waiting {
    async fn look(self: Rc<Waiting>) {
        let mut till = Till::new(&self.counter);
        loop {
            let next = self.payments.borrow_mut().pop_front();
            let Some(payment) = next else { return };
            match till.look(payment).await {
                Some(Standing::Finalized) => {
                    self.finalized.set(self.finalized.get() + 1);
                    self.finalized_at.set((self.now)());
                }
                Some(Standing::Undecided) => {
                    self.payments.borrow_mut().push_back(payment);
                    time::sleep(LOOK_PAUSE).await;
                }
                None => {}
            }
        }
    }
}
