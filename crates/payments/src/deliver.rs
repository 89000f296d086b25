//! The decisions around the delivery of notifications: who makes an attempt, what follows from how
//! it ended, when nothing is sent to an endpoint any more, and what is sent anew.
//!
//! Invariant: an attempt is made by one at a time, and only by the earliest notification of its
//! payment to its endpoint that is pending.

use ledger::document::Kind;
use ledger::{
    Books, Document, DocumentId, Fields, Idempotency, PaymentsChange, ReadSet, Timestamp,
};

use crate::command::{Answer, Outcome};
use crate::endpoint::{Endpoint, disable};
use crate::limits::{
    DELIVERY_JITTER_PERCENT, DELIVERY_LEASE_MS, DELIVERY_PARKED_MS, DELIVERY_PAUSES_MS,
    DELIVERY_PUT_OFF_MS, ENDPOINT_FAILING_MS_MAX, ENDPOINT_QUIET_MS, RETRY_AFTER_MS_MAX,
};
use crate::notification::{Attempt, Notification, Status, Wait, change_of};
use crate::payment::time;
use crate::refusal::Refusal;

/// Names a notification with the line that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InLine {
    /// The notification.
    pub notification: i64,
    /// Its payment.
    pub payment: i64,
    /// Its endpoint.
    pub endpoint: i64,
}

/// Asks for the right to make an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeginDelivery {
    /// What is to be delivered.
    pub what: InLine,
    /// How often that had been begun when it was found due.
    pub begun: i64,
}

/// Tells how an attempt has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDelivery {
    /// What was to be delivered.
    pub what: InLine,
    /// Which beginning of it this was.
    pub begun: i64,
    /// How it ended. `None` where it was not tried after all: it is tried again soon, and nothing
    /// is held against the receiver.
    pub attempt: Option<Attempt>,
    /// The pause that the receiver asks for (`Retry-After`), in milliseconds.
    pub retry_after_ms: Option<i64>,
    /// By how much all pauses are divided: 1, and more where time is short.
    pub haste: i64,
}

/// Asks to send notifications anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeliver {
    /// Which ones. At most [`crate::limits::REDELIVERED_AT_ONCE_MAX`].
    pub notifications: Vec<i64>,
    /// Who asks.
    pub actor: String,
    /// The caller's key. Only where it is about one notification.
    pub idempotency: Option<Idempotency>,
}

/// How an endpoint has taken what it was sent, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reception {
    /// Since when it has taken nothing, where that is so.
    pub failing_since: Option<Timestamp>,
    /// When it has failed last.
    pub failed_at: Option<Timestamp>,
}

/// Why a notification is given up that nobody wants.
const DISABLED: &str = "the endpoint is disabled";

impl InLine {
    /// That of a notification.
    pub fn of(notification: &Notification) -> InLine {
        InLine {
            notification: notification.number,
            payment: notification.payment,
            endpoint: notification.endpoint,
        }
    }

    fn read(self, reads: &mut ReadSet) {
        reads.documents.push(Notification::id(self.notification));
        reads.lists.push(Notification::line(self.payment, self.endpoint));
    }

    /// All that stand in the line, the first one first.
    fn all(self, books: &Books) -> Vec<Notification> {
        let line = Notification::line(self.payment, self.endpoint);
        let mut all: Vec<_> = books.listed(&line).filter_map(Notification::of).collect();
        all.sort_by_key(Notification::place);
        all
    }
}

impl BeginDelivery {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        self.what.read(reads);
    }
}

impl RecordDelivery {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        self.what.read(reads);
        reads.documents.push(Reception::id(self.what.endpoint));
    }
}

impl Redeliver {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.keys.extend(self.idempotency.map(|idempotency| idempotency.key));
        reads.documents.extend(self.notifications.iter().map(|it| Notification::id(*it)));
    }
}

impl Reception {
    /// Names its document.
    pub fn id(endpoint: i64) -> DocumentId {
        Kind::Reception.id(endpoint)
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Reception {
        let fields = &document.fields;
        Reception {
            failing_since: fields.time("failing_since"),
            failed_at: fields.time("failed_at"),
        }
    }

    fn document(self, endpoint: i64) -> Document {
        let fields = Fields::default()
            .with("failing_since", time(self.failing_since))
            .with("failed_at", time(self.failed_at));
        Document::new(Reception::id(endpoint), fields)
    }

    /// The endpoint has failed once more. A failure long after the one before it is the first one
    /// of another time.
    fn fail(self, now: Timestamp) -> Reception {
        let is_quiet = self.failed_at.is_none_or(|at| at.plus_ms(ENDPOINT_QUIET_MS) < now);
        let since = self.failing_since.filter(|_| !is_quiet);
        Reception { failing_since: Some(since.unwrap_or(now)), failed_at: Some(now) }
    }

    /// Whether it has failed for too long.
    fn is_hopeless(self, now: Timestamp, haste: i64) -> bool {
        let patience_ms = hurried(ENDPOINT_FAILING_MS_MAX, haste);
        self.failing_since.is_some_and(|since| since.plus_ms(patience_ms) <= now)
    }
}

/// Decides who makes the next attempt: who comes first, unless an earlier notification of the same
/// payment is still to be delivered. Then this one waits, and whoever ends the earlier one lets it
/// go. Where nothing is sent to the endpoint any more, it is given up.
///
/// # Errors
/// [`Refusal::NotificationNotFound`].
pub fn begin_delivery(
    command: &BeginDelivery,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut notification = find(books, command.what.notification)?;
    let is_due = notification.status == Status::Pending && notification.due_at <= now;
    if !is_due || notification.begun != command.begun {
        return Ok(Answer::nothing());
    }
    let Some(url) = address(&notification, books) else {
        notification.note(Attempt { at: now, error: Some(DISABLED.to_owned()), ..<_>::default() });
        let next = give_up(notification, books, now);
        return Ok(Answer::new(Outcome::Delivery(Box::new(next.0), next.1)));
    };
    let keeps_back = |other: &Notification| {
        let is_under_way = other.wait == Wait::Attempt && other.due_at > now;
        other.place() < notification.place() || is_under_way
    };
    if command.what.all(books).iter().any(keeps_back) {
        notification.wait = Wait::Turn;
        notification.due_at = now.plus_ms(DELIVERY_PARKED_MS);
        books.put_document(notification.document());
        return Ok(Answer::nothing());
    }
    notification.url = url;
    notification.begun = notification.begun.saturating_add(1);
    notification.wait = Wait::Attempt;
    notification.due_at = now.plus_ms(DELIVERY_LEASE_MS);
    books.put_document(notification.document());
    Ok(Answer::new(Outcome::Delivery(Box::new(notification), None)))
}

/// Decides what follows from how an attempt has ended. What was taken is delivered, whoever has
/// begun it since; a failure counts only where nobody has.
///
/// # Errors
/// [`Refusal::NotificationNotFound`].
pub fn record_delivery(
    command: &RecordDelivery,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let mut notification = find(books, command.what.notification)?;
    let is_current = notification.begun == command.begun;
    let Some(attempt) = &command.attempt else {
        if is_current && notification.status == Status::Pending {
            notification.wait = Wait::Time;
            notification.due_at = now.plus_ms(DELIVERY_PUT_OFF_MS);
            books.put_document(notification.document());
        }
        return Ok(Answer::new(Outcome::Delivery(Box::new(notification), None)));
    };
    notification.note(attempt.clone());
    judge(attempt, command.haste, &notification, books, now);
    if notification.status != Status::Pending || !(is_current || attempt.is_taken()) {
        books.put_document(notification.document());
        return Ok(Answer::new(Outcome::Delivery(Box::new(notification), None)));
    }
    if attempt.is_taken() {
        notification.status = Status::Delivered;
        books.put_document(notification.document());
        let next = let_next_go(&notification, books, now);
        return Ok(Answer::new(Outcome::Delivery(Box::new(notification), next)));
    }
    notification.tried = notification.tried.saturating_add(1);
    let pause_ms = pause_ms(&notification, command.haste).filter(|_| !attempt.is_gone());
    let Some(pause_ms) = pause_ms else {
        let (notification, next) = give_up(notification, books, now);
        return Ok(Answer::new(Outcome::Delivery(Box::new(notification), next)));
    };
    let asked_ms = command.retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MS_MAX);
    notification.wait = Wait::Time;
    notification.due_at = now.plus_ms(pause_ms.max(asked_ms));
    books.put_document(notification.document());
    Ok(Answer::new(Outcome::Delivery(Box::new(notification), None)))
}

/// Decides that notifications are sent anew: at once, with the whole schedule before them. Those
/// whose endpoint takes nothing are left as they are, unless it is about one alone.
///
/// # Errors
/// [`Refusal::IdempotencyKeyReused`]; of one alone, [`Refusal::NotificationNotFound`],
/// [`Refusal::EndpointDisabled`].
pub fn redeliver(
    command: &Redeliver,
    books: &mut Books,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if let Some(number) = crate::command::repeated(books, command.idempotency)? {
        return Ok(Answer::replayed(Outcome::Redelivered(vec![number])));
    }
    let mut sent = Vec::new();
    for number in &command.notifications {
        match send_anew(*number, command, books, now) {
            Ok(()) => sent.push(*number),
            Err(refusal) if command.notifications.len() == 1 => return Err(refusal),
            Err(_) => {}
        }
    }
    Ok(Answer::new(Outcome::Redelivered(sent)))
}

fn send_anew(
    number: i64,
    command: &Redeliver,
    books: &mut Books,
    now: Timestamp,
) -> Result<(), Refusal> {
    let mut notification = find(books, number)?;
    if address(&notification, books).is_none() {
        return Err(Refusal::EndpointDisabled);
    }
    // What is under way, or waits for its turn, stays where it is.
    if notification.status != Status::Pending {
        notification.wait = Wait::Time;
    }
    if notification.wait == Wait::Time {
        notification.due_at = now;
    }
    notification.status = Status::Pending;
    notification.tried = 0;
    let kind = PaymentsChange::NotificationRedelivered;
    let change = change_of(&notification, kind, &command.actor, now);
    // A key stands for one row.
    let idempotency = command.idempotency.filter(|_| command.notifications.len() == 1);
    books.place_change(change, idempotency);
    books.put_document(notification.document());
    Ok(())
}

/// Where a notification goes now. `None` where it goes nowhere.
fn address(notification: &Notification, books: &Books) -> Option<String> {
    let endpoint = Endpoint::find(&books.directory, notification.endpoint)?;
    endpoint.is_active().then(|| endpoint.url.unwrap_or_else(|| notification.url.clone()))
}

/// Judges an endpoint by how an attempt has ended. Those that stand for the addresses of payments
/// are not judged: each address is another receiver.
fn judge(
    attempt: &Attempt,
    haste: i64,
    notification: &Notification,
    books: &mut Books,
    now: Timestamp,
) {
    let found = Endpoint::find(&books.directory, notification.endpoint);
    let is_judged = |it: &Endpoint| it.is_active() && it.url.as_ref() == Some(&notification.url);
    let Some(endpoint) = found.filter(is_judged) else { return };
    let number = endpoint.number;
    let before = books.document(Reception::id(number)).map(Reception::of).unwrap_or_default();
    let mut after = Reception::default();
    if attempt.is_gone() {
        disable(books, endpoint, "the receiver answered 410: it wants nothing any more", now);
    } else if !attempt.is_taken() {
        after = before.fail(now);
        if after.is_hopeless(now, haste) {
            disable(books, endpoint, "it has taken nothing for five days", now);
            after = Reception::default();
        }
    }
    if after != before {
        books.put_document(after.document(number));
    }
}

/// Gives a notification up, and lets the next one go.
fn give_up(
    mut notification: Notification,
    books: &mut Books,
    now: Timestamp,
) -> (Notification, Option<i64>) {
    notification.status = Status::Failed;
    let change = change_of(&notification, PaymentsChange::NotificationFailed, "INTERNAL", now);
    books.place_change(change, None);
    books.put_document(notification.document());
    let next = let_next_go(&notification, books, now);
    (notification, next)
}

/// Lets the first one go that waits behind what has just ended. A receiver that has missed one
/// notification of a payment for good is told the later ones all the same: each says how things
/// are, and needs none of the others.
fn let_next_go(ended: &Notification, books: &mut Books, now: Timestamp) -> Option<i64> {
    let next = InLine::of(ended).all(books).into_iter().next();
    let mut next = next.filter(|next| next.wait == Wait::Turn)?;
    next.wait = Wait::Time;
    next.due_at = now;
    books.put_document(next.document());
    Some(next.number)
}

/// The pause before the next attempt, or `None` where there is none. What is added by chance
/// follows from the notification's number, so that many that failed at once do not all come back
/// at once.
fn pause_ms(notification: &Notification, haste: i64) -> Option<i64> {
    let at = usize::try_from(notification.tried.saturating_sub(1)).ok()?;
    let pause_ms = hurried(*DELIVERY_PAUSES_MS.get(at)?, haste);
    let chance = spread(notification.number, notification.begun);
    let most_ms = pause_ms.saturating_mul(DELIVERY_JITTER_PERCENT).div_euclid(100);
    Some(pause_ms.saturating_add(most_ms.saturating_mul(chance).div_euclid(1_000)))
}

fn hurried(milliseconds: i64, haste: i64) -> i64 {
    milliseconds.div_euclid(haste.max(1))
}

/// A number from 0 to 999 that looks like chance (the finalizer of `SplitMix64`).
fn spread(number: i64, begun: i64) -> i64 {
    let seed = number.cast_unsigned().rotate_left(32) ^ begun.cast_unsigned();
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    i64::try_from((mixed ^ (mixed >> 31)) % 1_000).unwrap_or(0)
}

fn find(books: &Books, number: i64) -> Result<Notification, Refusal> {
    let found = books.document(Notification::id(number)).and_then(Notification::of);
    found.ok_or(Refusal::NotificationNotFound)
}

#[cfg(test)]
mod tests;
