//! What a merchant is told of a change of a payment: a row that is written in the same commit as
//! the change, and the attempts to deliver it.
//!
//! Invariant: a notification says what the payment was like at that moment, in every attempt. Of
//! the notifications of one payment to one endpoint, at most one is under way: the earliest that is
//! neither delivered nor given up.

use std::collections::BTreeSet;

use ledger::document::Kind;
use ledger::{
    Books, Change, ChangeKind, Document, DocumentId, Fields, PaymentsChange, RowId, Timestamp,
};

use crate::endpoint::Endpoint;
use crate::limits::{ATTEMPT_ERROR_CHARS_MAX, ATTEMPTS_KEPT_MAX, SYNCHRONOUS_MS_MAX};
use crate::payment::{Cause, Payment, number, time};

/// What a merchant is told, where, and how far that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The row that wrote it; what operators know it by.
    pub number: i64,
    /// The payment that has changed.
    pub payment: i64,
    /// Its merchant.
    pub customer: i64,
    /// The endpoint that it is for.
    pub endpoint: i64,
    /// Where it is sent: the endpoint's address when it was tried last, or the payment's own.
    pub url: String,
    /// Its place among the notifications of the payment: how often the payment's state had changed.
    pub sequence: i64,
    /// What receivers tell repeats by (Standard Webhooks, `webhook-id`). The same in each attempt.
    pub webhook_id: String,
    /// The payment as it was, as fields of its document.
    pub snapshot: Fields,
    /// How far it has come.
    pub status: Status,
    /// The attempts so far, oldest first; of many, the newest.
    pub attempts: Vec<Attempt>,
    /// How many attempts of the schedule are used up. Sending it anew begins with none.
    pub tried: i64,
    /// How often a delivery was begun.
    pub begun: i64,
    /// What it waits for, while it is pending.
    pub wait: Wait,
    /// When something has to be done, while it is pending.
    pub due_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
}

/// How far a notification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is still to be delivered.
    Pending,
    /// The receiver has it.
    Delivered,
    /// It was given up. It can be sent anew.
    Failed,
}

/// What a pending notification waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// Its time.
    Time,
    /// Who has begun an attempt, and has it for itself until the notification is due again.
    Attempt,
    /// An earlier notification of the payment. Who ends that lets this one go.
    Turn,
}

/// One attempt to deliver a notification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// What the receiver answered; `None` where nothing came, or nothing was sent.
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: i64,
    /// What went wrong.
    pub error: Option<String>,
}

/// All notifications.
pub const NOTIFICATIONS: &str = "notifications";

/// Those that are still to be delivered.
pub const PENDING: &str = "notifications.pending";

/// Those that were given up.
pub const FAILED: &str = "notifications.failed";

impl Status {
    /// All of them.
    pub const ALL: [Status; 3] = [Status::Pending, Status::Delivered, Status::Failed];

    /// The word used in rows and our own APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Delivered => "delivered",
            Status::Failed => "failed",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Status> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl Wait {
    /// All of them.
    pub const ALL: [Wait; 3] = [Wait::Time, Wait::Attempt, Wait::Turn];

    /// The word used in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Wait::Time => "time",
            Wait::Attempt => "attempt",
            Wait::Turn => "turn",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Wait> {
        Self::ALL.into_iter().find(|wait| wait.as_str() == word)
    }
}

impl Attempt {
    /// Whether the receiver has taken it: any 2xx.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver wants nothing any more: 410.
    pub fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// One line: when, the status or `-`, how long, and what went wrong.
    fn written(&self) -> String {
        let status = self.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let error = self.error.as_deref().unwrap_or_default();
        format!("{} {status} {} {error}", self.at.0, self.duration_ms)
    }

    fn read(line: &str) -> Option<Attempt> {
        let mut words = line.splitn(4, ' ');
        let at = Timestamp(words.next()?.parse().ok()?);
        let status = words.next()?.parse().ok();
        let duration_ms = words.next()?.parse().ok()?;
        let error = words.next().filter(|error| !error.is_empty()).map(str::to_owned);
        Some(Attempt { at, status, duration_ms, error })
    }
}

impl Notification {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::Notification.id(number)
    }

    /// The list of a merchant's notifications.
    pub fn merchant_list(customer: i64) -> String {
        format!("notifications.of:{customer}")
    }

    /// The list of a payment's notifications.
    pub fn payment_list(payment: i64) -> String {
        format!("notifications.payment:{payment}")
    }

    /// The list of those for an endpoint that were given up.
    pub fn failed_list(endpoint: i64) -> String {
        format!("notifications.failed:{endpoint}")
    }

    /// The list of those of a payment to an endpoint that are still to be delivered. There are
    /// never more than a payment has changes of state.
    pub fn line(payment: i64, endpoint: i64) -> String {
        format!("notifications.line:{payment}/{endpoint}")
    }

    /// The payment as it was, of which the body is made.
    pub fn payment(&self) -> Option<Payment> {
        Payment::of(&Document::new(Payment::id(self.payment), self.snapshot.clone()))
    }

    /// Its place in its line: the earliest goes first.
    pub(crate) fn place(&self) -> (i64, i64) {
        (self.sequence, self.number)
    }

    /// Remembers an attempt.
    pub(crate) fn note(&mut self, mut attempt: Attempt) {
        attempt.error = attempt.error.as_deref().map(one_line);
        if self.attempts.len() >= ATTEMPTS_KEPT_MAX {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<Notification> {
        let fields = &document.fields;
        let attempts = fields.text("attempts").unwrap_or_default().lines().map(Attempt::read);
        Some(Notification {
            number: document.id.number,
            payment: fields.number("payment")?,
            customer: fields.number("customer")?,
            endpoint: fields.number("endpoint")?,
            url: fields.owned("url")?,
            sequence: fields.number("sequence")?,
            webhook_id: fields.owned("webhook_id")?,
            snapshot: fields.under("payment."),
            status: Status::parse(fields.text("status")?)?,
            attempts: attempts.collect::<Option<_>>()?,
            tried: fields.number("tried").unwrap_or(0),
            begun: fields.number("begun").unwrap_or(0),
            wait: Wait::parse(fields.text("wait")?)?,
            due_at: fields.time("due_at")?,
            created_at: fields.time("created_at")?,
        })
    }

    /// As a document.
    pub fn document(&self) -> Document {
        let attempts: Vec<String> = self.attempts.iter().map(Attempt::written).collect();
        let count = |count: i64| number(Some(count).filter(|count| *count != 0));
        let fields = Fields::default()
            .with("payment", number(self.payment))
            .with("customer", number(self.customer))
            .with("endpoint", number(self.endpoint))
            .with("url", Some(&self.url))
            .with("sequence", number(self.sequence))
            .with("webhook_id", Some(&self.webhook_id))
            .with("status", Some(self.status.as_str()))
            .with("attempts", Some(attempts.join("\n")).filter(|text| !text.is_empty()))
            .with("tried", count(self.tried))
            .with("begun", count(self.begun))
            .with("wait", Some(self.wait.as_str()))
            .with("due_at", time(self.due_at))
            .with("created_at", time(self.created_at))
            .with_all("payment.", &self.snapshot);
        let mut document = Document::new(Notification::id(self.number), fields);
        document.lists = self.lists();
        document
    }

    fn lists(&self) -> BTreeSet<String> {
        let mut lists = BTreeSet::from([
            NOTIFICATIONS.to_owned(),
            Notification::merchant_list(self.customer),
            Notification::payment_list(self.payment),
        ]);
        match self.status {
            Status::Pending => {
                lists.insert(PENDING.to_owned());
                lists.insert(Notification::line(self.payment, self.endpoint));
            }
            Status::Failed => {
                lists.insert(FAILED.to_owned());
                lists.insert(Notification::failed_list(self.endpoint));
            }
            Status::Delivered => {}
        }
        lists
    }
}

/// Writes what has to be told of a change of a payment that payments v3 shows, to each endpoint of
/// its merchant. Nothing where its result stays the same, and where the answer to the very request
/// that created it tells it.
pub(crate) fn notify(books: &mut Books, payment: &Payment, before: &Payment, now: Timestamp) {
    let Some(online) = &payment.online else { return };
    if !is_news(payment, before) || is_answered(payment, before, now) {
        return;
    }
    let customer = payment.merchant.customer;
    for endpoint in Endpoint::all(&books.directory, customer) {
        let own = online.notification_url.as_ref();
        let Some(url) = endpoint.url.as_ref().or(own) else { continue };
        let number = books.coming_id().0;
        let is_active = endpoint.is_active();
        let notification = Notification {
            number,
            payment: payment.number,
            customer,
            endpoint: endpoint.number,
            url: url.clone(),
            sequence: i64::try_from(payment.transitions.len()).unwrap_or(i64::MAX),
            webhook_id: format!("{}-{number}", payment.instruction.to_ascii_lowercase()),
            snapshot: payment.document().fields,
            // What nobody wants now can be sent later.
            status: if is_active { Status::Pending } else { Status::Failed },
            attempts: Vec::new(),
            tried: 0,
            begun: 0,
            wait: Wait::Time,
            due_at: now,
            created_at: now,
        };
        let kind = PaymentsChange::NotificationWritten;
        let change = change_of(&notification, kind, Cause::Internal.as_str(), now);
        books.place_change(change, None);
        books.put_document(notification.document());
    }
}

/// A change of a notification. It tells nothing of what the notification says.
pub(crate) fn change_of(
    notification: &Notification,
    kind: PaymentsChange,
    actor: &str,
    now: Timestamp,
) -> Change {
    let subject = RowId(notification.number);
    Change::about(subject, ChangeKind::Payments(kind), actor, now)
        .with("payment_id", notification.payment.to_string())
        .with("endpoint_id", notification.endpoint.to_string())
        .with("sequence", notification.sequence.to_string())
        .with("status", notification.status.as_str())
}

/// Whether an inquiry would be answered differently.
fn is_news(payment: &Payment, before: &Payment) -> bool {
    payment.result() != before.result() || is_proof(payment, before)
}

/// Whether it has turned out who the payer is.
fn is_proof(payment: &Payment, before: &Payment) -> bool {
    let authentication = |payment: &Payment| payment.online.as_ref().map(|it| it.authentication);
    authentication(payment) != authentication(before)
}

/// Whether the request that created the payment is still being answered, and it is that request
/// that has changed it.
fn is_answered(payment: &Payment, before: &Payment, now: Timestamp) -> bool {
    let cause = payment.transitions.last().map(|transition| transition.cause);
    let is_in_time = now <= payment.created_at.plus_ms(SYNCHRONOUS_MS_MAX);
    cause == Some(Cause::Call) && is_in_time && !is_proof(payment, before)
}

/// A text as it is kept.
fn one_line(text: &str) -> String {
    let kept = text.chars().take(ATTEMPT_ERROR_CHARS_MAX);
    kept.map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
