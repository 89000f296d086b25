//! A closed loop of tills: each asks for a payment, looks until it is paid, and begins the next.
//!
//! Invariant: a loop ends with its time or its count, whichever is first, and then waits a bounded
//! time for the payments under way; what is missing then is an error in the outcome.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions};
use tokio::task::JoinSet;
use tokio::time;

use crate::BenchError;
use crate::load::{Latencies, Outcome, Plan, all_ended};
use crate::payment_traffic::{Method, PaymentTraffic, Standing};
use crate::payments::{Payer, Payers};
use crate::probe::{CpuTicks, process_cpu};
use crate::till::{Counter, Till};

/// How long a till waits before it looks again.
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// How long the payments under way at the end are waited for.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// Failures in a row after which a till takes no more part.
const FAILURES_IN_A_ROW_MAX: u32 = 3;

/// What is sold, and how much of it at most.
pub(crate) struct Sales {
    pub(crate) traffic: PaymentTraffic,
    pub(crate) payers: Arc<Payers>,
    pub(crate) payments_max: u64,
}

/// Runs the loop over Swish payments whose payers pay at once. A payment counts when it is paid,
/// and its latency is the time until its till knows.
///
/// Must be called outside of an asynchronous runtime: it runs its own on this thread.
///
/// # Errors
/// [`BenchError`]; payments that are not paid are no error of the loop but part of its outcome.
pub(crate) fn sell(plan: &Plan, sales: Sales) -> Result<Outcome, BenchError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(|source| BenchError::Io { doing: "starting the tills", source })?;
    runtime.block_on(async {
        let mut selling = Selling::start(plan, sales);
        let measured = selling.measure(plan).await;
        selling.shared.is_over.set(true);
        if let Ok(ended) = time::timeout(DRAIN_TIME_MAX, all_ended(&mut selling.tills)).await {
            ended?;
        }
        let (start, end) = measured?;
        Ok(selling.outcome(start, end))
    })
}

/// The tills at work.
struct Selling {
    tills: JoinSet<()>,
    shared: Rc<Shared>,
}

/// What all tills share.
struct Shared {
    counter: Rc<Counter>,
    payers: Arc<Payers>,
    now: fn() -> Instant,
    left: Cell<u64>,
    under_way: Cell<u64>,
    paid: Cell<u64>,
    measured_from: Cell<Instant>,
    latencies: RefCell<Latencies>,
    is_over: Cell<bool>,
}

/// Counters at one end of the measured time.
#[derive(Clone, Copy)]
struct Edge {
    at: Instant,
    paid: u64,
    server_cpu: CpuTicks,
    client_cpu: CpuTicks,
}

impl Selling {
    fn start(plan: &Plan, sales: Sales) -> Selling {
        let shared = Rc::new(Shared {
            counter: Counter::new(sales.traffic),
            payers: sales.payers,
            now: plan.now,
            left: Cell::new(sales.payments_max),
            under_way: Cell::new(0),
            paid: Cell::new(0),
            measured_from: Cell::new((plan.now)()),
            latencies: RefCell::default(),
            is_over: Cell::new(false),
        });
        let mut tills = JoinSet::new();
        for _ in 0..plan.connections {
            tills.spawn_local(work(Rc::clone(&shared)));
        }
        Selling { tills, shared }
    }

    /// Waits until the tills have had their time or have ended by themselves.
    async fn measure(&mut self, plan: &Plan) -> Result<(Edge, Edge), BenchError> {
        let shared = Rc::clone(&self.shared);
        let start = Cell::new(shared.edge(plan)?);
        let timed = async {
            // Even a sleep of no time is one.
            if !plan.warmup.is_zero() {
                time::sleep(plan.warmup).await;
                start.set(shared.edge(plan)?);
                shared.measured_from.set(start.get().at);
                shared.latencies.borrow_mut().clear();
            }
            time::sleep(plan.measured).await;
            Ok::<(), BenchError>(())
        };
        tokio::select! {
            ended = timed => { ended?; }
            ended = all_ended(&mut self.tills) => { ended?; }
        }
        Ok((start.get(), self.shared.edge(plan)?))
    }

    fn outcome(&self, start: Edge, end: Edge) -> Outcome {
        let shared = &self.shared;
        let mut errors = shared.counter.errors.borrow().clone();
        errors.unanswered += shared.under_way.get();
        Outcome {
            answered: end.paid - start.paid,
            answered_in_all: shared.paid.get(),
            elapsed: end.at.saturating_duration_since(start.at),
            server_cpu: end.server_cpu.since(start.server_cpu),
            client_cpu: end.client_cpu.since(start.client_cpu),
            latency: shared.latencies.borrow().summary(),
            errors,
        }
    }
}

impl Shared {
    fn edge(&self, plan: &Plan) -> Result<Edge, BenchError> {
        Ok(Edge {
            at: (self.now)(),
            paid: self.paid.get(),
            server_cpu: process_cpu(plan.server_pid)?,
            client_cpu: process_cpu(std::process::id())?,
        })
    }

    /// Takes one of the payments that are left to be made.
    fn take(&self) -> Option<()> {
        self.left.set(self.left.get().checked_sub(1)?);
        Some(())
    }

    fn count(&self, since: Instant) {
        self.paid.set(self.paid.get() + 1);
        if since >= self.measured_from.get() {
            let latency = (self.now)().saturating_duration_since(since);
            self.latencies.borrow_mut().record(latency);
        }
    }
}

/// One till's work.
async fn work(shared: Rc<Shared>) {
    let mut till = Till::new(&shared.counter);
    let mut failures_in_a_row = 0;
    while !shared.is_over.get() && failures_in_a_row < FAILURES_IN_A_ROW_MAX {
        let Some(()) = shared.take() else { return };
        let since = (shared.now)();
        shared.under_way.set(shared.under_way.get() + 1);
        let sold = one(&mut till, shared.payers.as_ref()).await;
        shared.under_way.set(shared.under_way.get() - 1);
        match sold {
            Some(()) => {
                failures_in_a_row = 0;
                shared.count(since);
            }
            None => failures_in_a_row += 1,
        }
    }
}

/// One payment, until it is paid.
async fn one(till: &mut Till, payers: &Payers) -> Option<()> {
    payers(Payer::PaysAfter(0));
    let payment = till.initialize(Method::Swish).await?;
    while till.look(payment).await? == Standing::Undecided {
        time::sleep(LOOK_PAUSE).await;
    }
    Some(())
}
