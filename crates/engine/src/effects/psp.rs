//! What has to be done at PSPs. A task is a row of its payment before anything is sent; what comes
//! of it is a command. Whoever finds a task due may do it: beginning it is a commit, so that one
//! does, and what was begun and not ended becomes due again by itself.
//!
//! Each PSP has its own calls: one that hangs takes nothing from another.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connectors::{Addresses, Step, Work, step};
pub use connectors::{Agreement, Exchange, Request, Response, Verb};
use ledger::Timestamp;
use payments::limits::{CALL_MS_MAX, REPORTED_AT_ONCE_MAX};
use payments::payment::TASKS;
use payments::{
    Age, Begin, Command, Operation, Outcome, Payee, Payment, PaymentKind, Psp, Record, Report,
    Standing, State, Task,
};
use store::Part;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::commands::Commands;
use super::looking::look_about;
use super::pace::Pace;
use super::schedule::Schedule;
use crate::clock::Clock;
use crate::handle::{Handle, SubmitError};
use crate::limits::{
    DESK_COMMANDS_MAX, DESK_INTERVAL, PSP_CALLS_MAX, PSP_CALLS_PER_TASK_MAX, PSP_TASKS_WAITING_MAX,
    TASKS_READ_AT_A_TIME,
};
use crate::queries::Queries;
use crate::queries::payments::payments;

/// The duty of looking through all tasks.
const DUTY: &str = "psp";

/// What a transport's call comes to.
pub type Sending<'t> = Pin<Box<dyn Future<Output = Exchange> + Send + 't>>;

/// Sends requests to PSPs.
pub trait Transport: Send + Sync {
    /// Sends one request, and waits for the whole answer at most
    /// [`CALL_MS_MAX`]. The agreement has the certificate to show,
    /// where the PSP wants one.
    fn send<'t>(&'t self, psp: Psp, request: Request, agreement: &'t Agreement) -> Sending<'t>;
}

/// Opens what was enciphered.
pub trait Vault: Send + Sync {
    /// A value of a merchant's agreement. `None` where no key opens it.
    fn open(&self, customer: i64, psp: Psp, name: &str, sealed: &str) -> Option<String>;
}

/// What the desk works with.
#[derive(Clone)]
pub struct Office {
    /// How PSPs are called.
    pub transport: Arc<dyn Transport>,
    /// What opens merchants' agreements.
    pub vault: Arc<dyn Vault>,
    /// Where the PSP and the payer are sent for a payment.
    pub addresses: Arc<dyn Fn(&Payment) -> Addresses + Send + Sync>,
}

/// Does what has to be done at PSPs. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    commands: Commands,
    queries: Queries,
    clock: Arc<dyn Clock>,
    office: Office,
    permits: BTreeMap<Psp, Permits>,
    running: Mutex<HashMap<i64, Running>>,
    schedule: Mutex<Schedule>,
    woken: Notify,
    idle: Notify,
}

/// The calls that one PSP may have at once, those that wait for one of them, and how fast calls
/// may begin.
struct Permits {
    calls: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

impl Permits {
    fn new() -> Permits {
        Permits {
            calls: Arc::new(Semaphore::new(PSP_CALLS_MAX)),
            waiting: Arc::new(Semaphore::new(PSP_TASKS_WAITING_MAX)),
            pace: Mutex::default(),
        }
    }

    fn lock_pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is being done for a payment here.
#[derive(Default)]
struct Running {
    tasks: Vec<Task>,
    done: Arc<Notify>,
}

impl Desk {
    /// A desk that does nothing until it is told to.
    pub fn new(engine: Handle, queries: Queries, clock: Arc<dyn Clock>, office: Office) -> Desk {
        let inner = Inner {
            commands: Commands::new(engine, DESK_COMMANDS_MAX),
            queries,
            clock,
            office,
            permits: Psp::ALL.into_iter().map(|psp| (psp, Permits::new())).collect(),
            running: Mutex::default(),
            schedule: Mutex::default(),
            woken: Notify::new(),
            idle: Notify::new(),
        };
        Desk { inner: Arc::new(inner) }
    }

    /// Does what a payment's task says, which the caller has begun: it created the payment, or
    /// asked for the capture. Goes on though nobody waits.
    pub fn start(&self, payment: Payment, original: Option<Payment>) {
        let (Some(task), Some(psp)) = (payment.task, payment.method.psp()) else { return };
        let Some(permits) = self.inner.permits.get(&psp) else { return };
        if self.is_running(payment.number, Some(task)) {
            return;
        }
        // Where too many wait, it is left to whoever finds it due.
        let Ok(place) = Arc::clone(&permits.waiting).try_acquire_owned() else {
            return self.lock_schedule().put(payment.number, task.due_at);
        };
        let (desk, calls) = (self.clone(), Arc::clone(&permits.calls));
        let number = payment.number;
        self.lock_running().entry(number).or_default().tasks.push(task);
        tokio::spawn(async move {
            // Removed however this ends, a bug included.
            let _running = Ended { desk: desk.clone(), number, task };
            let call = calls.acquire_owned().await;
            drop(place);
            if call.is_ok() {
                desk.carry_out(psp, payment, original, task).await;
            }
        });
    }

    /// Waits until what is being done for a payment here is done, at most so long.
    pub async fn wait(&self, payment: i64, at_most: Duration) {
        drop(tokio::time::timeout(at_most, self.ended(payment)).await);
    }

    /// Begins at once what a payment's task says, in place of waiting for a turn, and waits until
    /// it is done, at most so long. Goes on though nobody waits.
    pub async fn hurry(&self, payment: Payment, at_most: Duration) {
        let (desk, number) = (self.clone(), payment.number);
        let begun = tokio::spawn(async move {
            // Somebody else was faster, or it could not be begun: a turn finds out.
            if desk.begin(payment).await == 0 {
                desk.due_now(number);
            }
        });
        let done = async {
            drop(begun.await);
            self.ended(number).await;
        };
        drop(tokio::time::timeout(at_most, done).await);
    }

    async fn ended(&self, payment: i64) {
        loop {
            let done = match self.lock_running().get(&payment) {
                Some(running) => Arc::clone(&running.done),
                None => return,
            };
            let notified = done.notified();
            // It may have ended in between.
            if !self.lock_running().contains_key(&payment) {
                return;
            }
            notified.await;
        }
    }

    /// Notes that a payment's task is due now: the PSP has called.
    pub fn due_now(&self, payment: i64) {
        self.lock_schedule().put(payment, Timestamp(0));
        self.inner.woken.notify_one();
    }

    /// Does what is known to be due. Returns how much was begun.
    pub async fn turn(&self) -> usize {
        let now = self.inner.clock.now();
        let due = self.lock_schedule().take_due(now, PSP_CALLS_MAX);
        if due.is_empty() {
            return 0;
        }
        // Where the store is out of reach, all is found again by the next look.
        let found = self.inner.queries.read(move |reader| payments(reader, &due)).await;
        let found = found.unwrap_or_default();
        self.begin_all(found).await
    }

    /// Looks through all tasks, of whatever process: notes when they are due, begins those that
    /// are, and counts payments as stale that nothing was heard of. Returns how much was begun;
    /// nothing where another node has the turn.
    ///
    /// # Errors
    /// The first failure; what is left is found again by the next look.
    pub async fn look(&self) -> Result<usize, SubmitError<payments::Refusal>> {
        let turn = self.inner.queries.take_turn(DUTY).await.map_err(|_| SubmitError::NotDone)?;
        if turn.is_none() {
            return Ok(0);
        }
        let (mut after, mut begun) = (0, 0_usize);
        loop {
            let part = Part::After(after);
            let read = move |reader: &mut dyn store::Reader| {
                reader.documents(TASKS, part, TASKS_READ_AT_A_TIME)
            };
            let found = self.inner.queries.read(read).await.map_err(|_| SubmitError::NotDone)?;
            let Some(last) = found.last().map(|last| last.id.number) else { return Ok(begun) };
            after = last;
            let payments: Vec<Payment> = found.iter().filter_map(Payment::of).collect();
            self.age(&payments).await?;
            let idle = payments.into_iter().filter(|it| !self.is_running(it.number, None));
            begun = begun.saturating_add(self.begin_all(idle.collect()).await);
        }
    }

    /// Begins the tasks that are due, and notes those that are not.
    async fn begin_all(&self, payments: Vec<Payment>) -> usize {
        let (now, mut begins, mut begun) = (self.inner.clock.now(), JoinSet::new(), 0_usize);
        for payment in payments {
            match payment.task {
                Some(task) if task.due_at > now => {
                    self.lock_schedule().put(payment.number, task.due_at);
                }
                Some(_) => {
                    let desk = self.clone();
                    begins.spawn(async move { desk.begin(payment).await });
                }
                None => {}
            }
        }
        while let Some(one) = begins.join_next().await {
            begun = begun.saturating_add(one.unwrap_or(0));
        }
        begun
    }

    async fn age(&self, payments: &[Payment]) -> Result<(), SubmitError<payments::Refusal>> {
        let now = self.inner.clock.now();
        let is_stale =
            |payment: &&Payment| payment.state == State::Initialized && payment.stale_at() <= now;
        let stale: Vec<i64> = payments.iter().filter(is_stale).map(|it| it.number).collect();
        for some in stale.chunks(REPORTED_AT_ONCE_MAX) {
            let command = Command::Age(Age { payments: some.to_vec() });
            self.inner.commands.submit(command).await?;
        }
        Ok(())
    }

    /// Begins a payment's task, unless somebody else was faster.
    async fn begin(&self, payment: Payment) -> usize {
        let Some(task) = payment.task else { return 0 };
        let (number, command) = (payment.number, Begin::of(&payment, task));
        match self.inner.commands.submit(Command::Begin(command)).await {
            Ok(payments::Answer { done: Outcome::Payment(payment, original), .. }) => {
                self.start(*payment, original.map(|original| *original));
                1
            }
            Ok(_) => 0,
            Err(error) => {
                tracing::warn!(payment = number, %error, "could not begin a task; will try again");
                0
            }
        }
    }

    /// Does a task that was begun, and what follows from it at once.
    async fn carry_out(
        &self,
        psp: Psp,
        mut payment: Payment,
        mut original: Option<Payment>,
        mut task: Task,
    ) {
        loop {
            // Who waited for its turn too long does not begin any more: another may have.
            if self.is_over(task) {
                return self.lock_schedule().put(payment.number, task.due_at);
            }
            let report = self.exchange(psp, &payment, original.as_ref(), task).await;
            let recorded = self.record(&payment, task, report).await;
            let Some(now_payment) = recorded else { return };
            payment = now_payment;
            let Some(next) = payment.task else { return };
            if next.due_at > self.inner.clock.now() {
                return self.lock_schedule().put(payment.number, next.due_at);
            }
            let command = Command::Begin(Begin::of(&payment, next));
            match self.inner.commands.submit(command).await {
                Ok(payments::Answer { done: Outcome::Payment(begun, about), .. }) => {
                    (payment, original) = (*begun, about.map(|about| *about));
                }
                Ok(_) | Err(_) => return,
            }
            let Some(following) = payment.task else { return };
            task = following;
        }
    }

    /// Talks to the PSP until a report comes of it.
    async fn exchange(
        &self,
        psp: Psp,
        payment: &Payment,
        original: Option<&Payment>,
        task: Task,
    ) -> Report {
        let (office, operation) = (&self.inner.office, task.operation);
        // A reversal of what is not paid ends the original; a capture takes from it.
        let is_about_original = match operation {
            Operation::Cancel => payment.kind == PaymentKind::Reversal,
            Operation::Capture { .. } => payment.kind == PaymentKind::Capture,
            Operation::Create | Operation::Read | Operation::GiveUp => false,
        };
        let (about, original) = match original {
            Some(original) if is_about_original => (original, None),
            original => (payment, original),
        };
        let Some(agreement) = self.agreement(psp, payment.merchant.customer) else {
            // Nothing was sent. Another node may have the key, or this one after its next start.
            return Report::new(Standing::NotDone).with_info("the agreement cannot be opened");
        };
        let addresses = (office.addresses)(about);
        let work = Work {
            operation,
            payment: about,
            original,
            agreement: &agreement,
            addresses: &addresses,
        };
        let mut so_far = Vec::new();
        while so_far.len() < PSP_CALLS_PER_TASK_MAX {
            let request = match step(psp, &work, &so_far) {
                Step::Done(report) => return report,
                Step::Call(request) => request,
            };
            self.keep_pace(psp).await;
            // Meanwhile a process may have stood still, and another one may have begun.
            if self.is_over(task) {
                break;
            }
            so_far.push(self.send(psp, request, &agreement).await);
        }
        Report::new(Standing::Unknown).with_info("the PSP's answers lead nowhere in time")
    }

    /// Waits until the next call to a PSP may begin.
    async fn keep_pace(&self, psp: Psp) {
        let Some(permits) = self.inner.permits.get(&psp) else { return };
        let wait = permits.lock_pace().place(self.inner.clock.now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    async fn send(&self, psp: Psp, request: Request, agreement: &Agreement) -> Exchange {
        let clock = &self.inner.clock;
        let began = clock.now();
        let exchange = self.inner.office.transport.send(psp, request, agreement).await;
        if let Some(permits) = self.inner.permits.get(&psp) {
            permits.lock_pace().learn(began, clock.now());
        }
        exchange
    }

    /// Whether there is no time left for another call before somebody else may begin the task.
    fn is_over(&self, task: Task) -> bool {
        self.inner.clock.now() >= task.due_at.plus_ms(CALL_MS_MAX.saturating_neg())
    }

    /// What the merchant has from the PSP, in the clear. `None` where a part of it cannot be
    /// opened: what is left is another agreement, which the PSP would refuse.
    fn agreement(&self, psp: Psp, customer: i64) -> Option<Agreement> {
        let payee = Payee::find(&self.inner.commands.engine().directory(), customer);
        let vault = &self.inner.office.vault;
        let open = |(name, sealed): (&str, &str)| {
            let value = vault.open(customer, psp, name, sealed);
            if value.is_none() {
                tracing::error!(customer, psp = psp.as_str(), name, "no key opens an agreement");
            }
            Some((name.to_owned(), value?))
        };
        Some(Agreement(payee.terms(psp).map(open).collect::<Option<_>>()?))
    }

    /// Records a report. If it never is, the task becomes due again.
    async fn record(&self, payment: &Payment, task: Task, report: Report) -> Option<Payment> {
        let (number, original) = (payment.number, payment.original);
        let command = Command::Record(Record { payment: number, original, task, report });
        match self.inner.commands.record(command).await {
            Ok(payments::Answer { done: Outcome::Payment(payment, _), .. }) => Some(*payment),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(payment = number, %error, "could not record a PSP's answer");
                None
            }
        }
    }

    /// Waits until nothing is being done here.
    pub async fn idle(&self) {
        loop {
            let notified = self.inner.idle.notified();
            if self.lock_running().is_empty() {
                return;
            }
            notified.await;
        }
    }

    /// How many payments something is being done for here.
    pub fn running(&self) -> usize {
        self.lock_running().len()
    }

    /// Whether this task of a payment, or anything, is being done here.
    fn is_running(&self, number: i64, task: Option<Task>) -> bool {
        let running = self.lock_running();
        let tasks = running.get(&number).map(|running| &running.tasks);
        tasks.is_some_and(|tasks| task.is_none_or(|task| tasks.contains(&task)))
    }

    fn lock_running(&self) -> MutexGuard<'_, HashMap<i64, Running>> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_schedule(&self) -> MutexGuard<'_, Schedule> {
        self.inner.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends what is running for a payment when it is dropped.
struct Ended {
    desk: Desk,
    number: i64,
    task: Task,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let mut running = self.desk.lock_running();
        if let Some(entry) = running.get_mut(&self.number) {
            let place = entry.tasks.iter().position(|task| *task == self.task);
            place.map(|place| entry.tasks.swap_remove(place));
            if entry.tasks.is_empty() {
                let ended = running.remove(&self.number);
                if let Some(ended) = ended {
                    ended.done.notify_waiters();
                }
            }
        }
        if running.is_empty() {
            self.desk.inner.idle.notify_waiters();
        }
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("running", &self.running()).finish_non_exhaustive()
    }
}

/// Does for ever what is due at PSPs.
pub async fn run_desk(desk: Desk) {
    let (mut loops, clock) = (JoinSet::new(), Arc::clone(&desk.inner.clock));
    loops.spawn(take_turns(desk.clone()));
    let look = move || {
        let desk = desk.clone();
        async move { desk.look().await }
    };
    loops.spawn(look_about("tasks at PSPs", clock, look));
    // Neither ends; both end with this.
    loops.join_next().await;
}

async fn take_turns(desk: Desk) {
    loop {
        desk.turn().await;
        // Until a PSP calls, or a while has passed.
        drop(tokio::time::timeout(DESK_INTERVAL, desk.inner.woken.notified()).await);
    }
}
