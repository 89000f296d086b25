//! The courier: sends notifications to merchants. A notification is a row before anything is sent;
//! what comes of an attempt is a command. Whoever finds one due may make the attempt: beginning it
//! is a commit, so that one does, and what was begun and not ended becomes due again by itself.
//! So each is delivered at least once, and repeats have the same id.
//!
//! Each receiver has a line of its own: one that is slow, or takes nothing, delays no other.

mod letter;
mod lines;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::ReadSet;
use payments::notification::{PENDING, Status};
use payments::{
    Attempt, BeginDelivery, Command, Endpoint, InLine, Notification, Outcome, Payment,
    RecordDelivery,
};
use store::{Part, Reader, StoreError};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use self::lines::{Lines, Offered};
use super::commands::Commands;
use super::looking::look_about;
use super::post::{Delivery, Post, Refused, Trouble};
use super::schedule::Schedule;
use crate::clock::{Clock, Randomness};
use crate::handle::Handle;
use crate::limits::{COURIER_COMMANDS_MAX, COURIER_INTERVAL, DELIVERIES_MAX, TASKS_READ_AT_A_TIME};
use crate::queries::Queries;

/// The duty of looking through all pending notifications.
const DUTY: &str = "notifications";

/// Opens what was enciphered.
pub trait Opener: Send + Sync {
    /// A sealed text of one of a customer's endpoints. `None` where no key opens it.
    fn open_sealed(&self, customer: i64, purpose: Purpose, sealed: &str) -> Option<String>;
}

/// What a sealed text of an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign: `whsec_` and base64.
    Signing,
    /// To encipher bodies: 64 hexadecimal digits.
    Enciphering,
}

/// What makes a body of a payment: what an inquiry would answer.
pub type Compose = Arc<dyn Fn(&Payment) -> String + Send + Sync>;

/// What the courier works with.
#[derive(Clone)]
pub struct Office {
    /// How letters leave.
    pub post: Arc<dyn Post>,
    /// What opens the secrets of endpoints.
    pub opener: Arc<dyn Opener>,
    /// What makes bodies. The same payment must make the same body, whenever it is asked.
    pub compose: Compose,
    /// Chance, for enciphering.
    pub randomness: Arc<dyn Randomness>,
    /// By how much all pauses are divided: 1, and more where nobody has so much time.
    pub haste: i64,
}

/// Sends notifications. Cheap to clone.
#[derive(Clone)]
pub struct Courier {
    inner: Arc<Inner>,
}

struct Inner {
    commands: Commands,
    queries: Queries,
    clock: Arc<dyn Clock>,
    office: Office,
    lines: Mutex<Lines>,
    schedule: Mutex<Schedule>,
    deliveries: Semaphore,
    idle: Notify,
    /// A line had turned some away, and has room again.
    drained: Notify,
}

impl Courier {
    /// A courier that does nothing until it is told to.
    pub fn new(engine: Handle, queries: Queries, clock: Arc<dyn Clock>, office: Office) -> Courier {
        let inner = Inner {
            commands: Commands::new(engine, COURIER_COMMANDS_MAX),
            queries,
            clock,
            office,
            lines: Mutex::default(),
            schedule: Mutex::default(),
            deliveries: Semaphore::new(DELIVERIES_MAX),
            idle: Notify::new(),
            drained: Notify::new(),
        };
        Courier { inner: Arc::new(inner) }
    }

    /// Sends what was written since the last turn and what is known to be due. Returns how many
    /// were put into a line.
    pub async fn turn(&self) -> usize {
        let mut due = self.inner.commands.engine().take_fresh();
        due.extend(self.lock_schedule().take_due(self.inner.clock.now(), DELIVERIES_MAX));
        if due.is_empty() {
            return 0;
        }
        // Where the store is out of reach, all is found again by the next look.
        let found = self.inner.queries.read(move |reader| notifications(reader, &due)).await;
        self.offer_all(found.unwrap_or_default())
    }

    /// Looks through all pending notifications, of whatever process: notes when they are due, and
    /// sends those that are. Returns how many were put into a line; none where another node has
    /// the turn.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn look(&self) -> Result<usize, StoreError> {
        if self.inner.queries.take_turn(DUTY).await?.is_none() {
            return Ok(0);
        }
        self.offer_from(0, || false).await
    }

    /// Goes on where lines had turned some away, once they have room again: a receiver that has
    /// more than a line holds waits for no look. Returns how many were put into a line; none where
    /// another node has the turn to look, which finds them.
    async fn refill(&self) -> usize {
        let drained = self.lock_lines().take_drained();
        if drained.is_empty() || !matches!(self.inner.queries.take_turn(DUTY).await, Ok(Some(_))) {
            return 0;
        }
        let mut offered = 0_usize;
        for (receiver, first) in drained {
            let is_full = || self.lock_lines().is_full(&receiver);
            // Where the store is out of reach, all is found again by the next look.
            let more = self.offer_from(first.saturating_sub(1), is_full).await;
            offered = offered.saturating_add(more.unwrap_or(0));
        }
        offered
    }

    /// Offers all pending notifications after a number, until that is enough. Returns how many
    /// were put into a line.
    async fn offer_from(
        &self,
        mut after: i64,
        is_enough: impl Fn() -> bool,
    ) -> Result<usize, StoreError> {
        let mut offered = 0_usize;
        loop {
            let part = Part::After(after);
            let read = move |reader: &mut dyn Reader| {
                reader.documents(PENDING, part, TASKS_READ_AT_A_TIME)
            };
            let found = self.inner.queries.read(read).await?;
            let Some(last) = found.last().map(|last| last.id.number) else { return Ok(offered) };
            after = last;
            let found = found.iter().filter_map(Notification::of).collect();
            offered = offered.saturating_add(self.offer_all(found));
            if is_enough() {
                return Ok(offered);
            }
        }
    }

    /// Whether letters may go to a URL, as far as can be said before any is sent.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &str) -> Result<(), Refused> {
        self.inner.office.post.check(url)
    }

    /// Notes that a notification may be due now.
    pub fn due_now(&self, notification: i64) {
        self.lock_schedule().put(notification, ledger::Timestamp(0));
    }

    /// Waits until nothing is on its way from here, and nothing waits in a line.
    pub async fn idle(&self) {
        loop {
            let notified = self.inner.idle.notified();
            if self.lock_lines().is_empty() {
                return;
            }
            notified.await;
        }
    }

    /// How many notifications are on their way from here, or wait in a line.
    pub fn running(&self) -> usize {
        self.lock_lines().len()
    }

    /// Puts those that are due into their lines, and notes the time of the others.
    fn offer_all(&self, found: Vec<Notification>) -> usize {
        let (now, mut count) = (self.inner.clock.now(), 0_usize);
        for notification in found.into_iter().filter(|it| it.status == Status::Pending) {
            if notification.due_at > now {
                self.lock_schedule().put(notification.number, notification.due_at);
                continue;
            }
            let what = InLine::of(&notification);
            let receiver = self.receiver(&notification);
            let begin = BeginDelivery { what, begun: notification.begun };
            let outcome = self.lock_lines().offer(&receiver, begin);
            match outcome {
                Offered::Go => {
                    // It is spawned before anything else can take its place.
                    let place = Place { courier: self.clone(), receiver, number: None };
                    tokio::spawn(place.work(begin));
                }
                Offered::Waits => {}
                Offered::Known | Offered::Full => continue,
            }
            count = count.saturating_add(1);
        }
        count
    }

    /// Who receives a notification: an endpoint; or, where that stands for the addresses that
    /// payments bring along, one of their hosts.
    fn receiver(&self, notification: &Notification) -> String {
        let endpoint = notification.endpoint;
        match Endpoint::find(&self.inner.commands.engine().directory(), endpoint) {
            Some(Endpoint { url: None, .. }) => {
                let after_scheme = notification.url.split("://").nth(1).unwrap_or_default();
                let host = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
                format!("{endpoint} {host}")
            }
            Some(_) | None => endpoint.to_string(),
        }
    }

    /// Begins an attempt, unless somebody else was faster or it is another's turn, and makes it.
    async fn deliver(&self, begin: BeginDelivery) {
        // It ends with the courier, and never before.
        let Ok(_permit) = self.inner.deliveries.acquire().await else { return };
        match self.inner.commands.submit(Command::BeginDelivery(begin)).await {
            Ok(payments::Answer { done: Outcome::Delivery(found, next), .. }) => {
                if found.status == Status::Pending {
                    self.attempt(&found).await;
                } else {
                    self.ended(&found, next);
                }
            }
            Ok(_) => {}
            Err(error) => {
                let notification = begin.what.notification;
                tracing::warn!(notification, %error, "could not begin a delivery; will try again");
            }
        }
    }

    /// Makes one attempt, and records how it ended.
    async fn attempt(&self, notification: &Notification) {
        let at = self.inner.clock.now();
        let directory = self.inner.commands.engine().directory();
        let endpoint = Endpoint::find(&directory, notification.endpoint);
        let office = &self.inner.office;
        let outcome = match letter::write(office, endpoint.as_ref(), notification, at) {
            Ok(letter) => office.post.send(letter).await,
            Err(error) => return self.record(notification, Some(failed(at, error)), None).await,
        };
        let duration_ms = self.inner.clock.now().0.saturating_sub(at.0).max(0);
        let attempt = Attempt { at, duration_ms, ..Attempt::default() };
        match outcome {
            Delivery::Answer { status, retry_after_seconds } => {
                let pause_ms = retry_after_seconds.map(|it| i64::from(it).saturating_mul(1_000));
                let attempt = Attempt { status: Some(status), ..attempt };
                self.record(notification, Some(attempt), pause_ms).await;
            }
            Delivery::Refused(refused) => {
                let error = Some(refused.to_string());
                self.record(notification, Some(Attempt { error, ..attempt }), None).await;
            }
            // It was not tried.
            Delivery::Failed(Trouble::Busy) => self.record(notification, None, None).await,
            Delivery::Failed(trouble) => {
                let error = Some(trouble.to_string());
                self.record(notification, Some(Attempt { error, ..attempt }), None).await;
            }
        }
    }

    /// Records how an attempt ended. If it never is, the notification becomes due again.
    async fn record(
        &self,
        notification: &Notification,
        attempt: Option<Attempt>,
        retry_after_ms: Option<i64>,
    ) {
        let (what, begun, haste) =
            (InLine::of(notification), notification.begun, self.inner.office.haste);
        let command =
            Command::RecordDelivery(RecordDelivery { what, begun, attempt, retry_after_ms, haste });
        match self.inner.commands.record(command).await {
            Ok(payments::Answer { done: Outcome::Delivery(now, next), .. }) => {
                self.ended(&now, next);
            }
            Ok(_) => {}
            Err(error) => {
                let number = notification.number;
                tracing::warn!(notification = number, %error, "could not record a delivery");
            }
        }
    }

    /// Notes what is to be done next, after an attempt.
    fn ended(&self, notification: &Notification, next: Option<i64>) {
        let number = notification.number;
        match notification.status {
            Status::Pending => self.lock_schedule().put(number, notification.due_at),
            Status::Delivered => {}
            Status::Failed => {
                let endpoint = notification.endpoint;
                tracing::warn!(notification = number, endpoint, "gave a notification up");
            }
        }
        if let Some(next) = next {
            self.due_now(next);
        }
    }

    fn lock_lines(&self) -> MutexGuard<'_, Lines> {
        self.inner.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_schedule(&self) -> MutexGuard<'_, Schedule> {
        self.inner.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt that failed before anything was sent.
fn failed(at: ledger::Timestamp, error: &str) -> Attempt {
    Attempt { at, status: None, duration_ms: 0, error: Some(error.to_owned()) }
}

/// Those of the notifications that are there.
fn notifications(
    reader: &mut dyn Reader,
    numbers: &[i64],
) -> Result<Vec<Notification>, StoreError> {
    let ids = numbers.iter().map(|number| Notification::id(*number));
    let reads = ReadSet { documents: ids.collect(), ..ReadSet::default() };
    let books = reader.load(&reads)?;
    let found = reads.documents.iter().filter_map(|id| books.document(*id));
    Ok(found.filter_map(Notification::of).collect())
}

/// A place at the head of a receiver's line.
struct Place {
    courier: Courier,
    receiver: String,
    /// The notification that is on its way from it.
    number: Option<i64>,
}

impl Place {
    /// Makes the first attempt, and those that wait behind it, until nobody does.
    async fn work(mut self, first: BeginDelivery) {
        let mut next = Some(first);
        while let Some(begin) = next {
            self.number = Some(begin.what.notification);
            self.courier.deliver(begin).await;
            self.number = None;
            let mut lines = self.courier.lock_lines();
            next = lines.next(&self.receiver, begin.what.notification);
            if lines.has_drained() {
                self.courier.inner.drained.notify_one();
            }
        }
    }
}

impl Drop for Place {
    /// However it ends, a bug included: nothing waits in a line in vain.
    fn drop(&mut self) {
        let mut lines = self.courier.lock_lines();
        if let Some(number) = self.number {
            lines.leave(&self.receiver, number);
        }
        if lines.is_empty() {
            self.courier.inner.idle.notify_waiters();
        }
    }
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("running", &self.running()).finish_non_exhaustive()
    }
}

/// Sends for ever what is due.
pub async fn run_courier(courier: Courier) {
    let (mut loops, clock) = (JoinSet::new(), Arc::clone(&courier.inner.clock));
    loops.spawn(take_turns(courier.clone()));
    loops.spawn(fill_up(courier.clone()));
    let look = move || {
        let courier = courier.clone();
        async move { courier.look().await }
    };
    loops.spawn(look_about("pending notifications", clock, look));
    // None ends; all end with this.
    loops.join_next().await;
}

async fn take_turns(courier: Courier) {
    loop {
        courier.turn().await;
        tokio::time::sleep(COURIER_INTERVAL).await;
    }
}

async fn fill_up(courier: Courier) {
    loop {
        courier.inner.drained.notified().await;
        courier.refill().await;
    }
}

#[cfg(test)]
mod tests;
