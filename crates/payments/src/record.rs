//! The decision what a PSP's report changes. Answers, callbacks and our own asking all end here,
//! in any order and any number; the one table of states decides what is legal.
//!
//! Invariant: what is not known never becomes a no. A report that contradicts what has ended
//! changes nothing, and people are told.

use ledger::{Books, ReadSet, Timestamp};

use crate::command::{Answer, Outcome, find, put};
use crate::limits::{
    CAPTURES_SOON_MAX, LATE_READS_MAX, LATE_READS_SOON_MAX, OPEN_MS_MAX, PAUSE_MS_FIRST,
    PAUSE_MS_LATE, PAUSE_MS_MAX, TASK_LEASE_MS, UNDECIDED_MS_MAX,
};
use crate::payment::{Cause, Payment, PaymentKind, Task};
use crate::refusal::Refusal;
use crate::report::{Operation, Report, Standing, Told};
use crate::state::{Event, State};

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The payment whose task it was.
    pub payment: i64,
    /// What a refund or reversal is about.
    pub original: Option<i64>,
    /// The task as it was begun.
    pub task: Task,
    /// What the PSP says. Of a reversal that was to end its original, it is about the original.
    pub report: Report,
}

impl Record {
    /// What it needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        reads.documents.push(Payment::id(self.payment));
        reads.documents.extend(self.original.map(Payment::id));
    }
}

/// Decides what a report changes and places it in the books.
///
/// # Errors
/// [`Refusal::PaymentNotFound`].
pub fn record(command: &Record, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
    let before = find(books, command.payment).ok_or(Refusal::PaymentNotFound)?;
    let original_before = command.original.and_then(|number| find(books, number));
    let is_whole = before.kind == PaymentKind::Payment || original_before.is_some();
    assert!(is_whole, "a refund or reversal is read with what it is about");
    let mut payment = before.clone();
    let mut original = original_before.clone();
    let is_current = payment.task == Some(command.task);
    let step = Step { report: &command.report, task: command.task, is_current, now };
    match &mut original {
        Some(original) if payment.kind == PaymentKind::Capture => {
            step.take_from(&mut payment, original);
        }
        Some(original) if command.task.operation == Operation::Cancel => {
            step.end_original(&mut payment, original);
        }
        Some(original) if step.comes_too_late(&payment, original) => step.too_late(&mut payment),
        Some(_) | None => step.take_in(&mut payment),
    }
    if let Some(original) = &mut original {
        claim(&before, &payment, original);
    }
    put(books, &payment, &before, now);
    if let (Some(original), Some(before)) = (&original, &original_before) {
        put(books, original, before, now);
    }
    Ok(Answer::new(Outcome::Payment(Box::new(payment), original.map(Box::new))))
}

/// Keeps what is claimed of the original in step with the refund or reversal that claims it.
fn claim(before: &Payment, payment: &Payment, original: &mut Payment) {
    if payment.kind == PaymentKind::Capture {
        return;
    }
    let (was, is) = (claimed_minor(before), claimed_minor(payment));
    if was != is {
        let others = original.refunded_minor.saturating_sub(was);
        original.refunded_minor = others.saturating_add(is);
        let legal = 0..=original.captured_minor;
        assert!(legal.contains(&original.refunded_minor), "more is claimed than was taken");
    }
    let has_ended = payment.state.is_final() && !payment.state.is_committed();
    if has_ended && original.reversal == Some(payment.number) {
        original.reversal = None;
    }
    if !has_ended && payment.kind == PaymentKind::Reversal {
        original.reversal = Some(payment.number);
    }
}

/// What a refund or reversal claims of its original. A reversal that tries to end its original
/// claims nothing, nor does what has ended without giving anything back.
pub(crate) fn claimed_minor(payment: &Payment) -> i64 {
    let is_ending = payment.task.is_some_and(|task| task.operation == Operation::Cancel);
    if payment.state.is_committed() {
        payment.captured_minor
    } else if payment.state.is_final() || is_ending {
        0
    } else {
        payment.amount.total_minor
    }
}

/// One report being taken in.
struct Step<'r> {
    report: &'r Report,
    task: Task,
    /// Whether the task is still the one that was begun: numbers of attempts start again when a
    /// task is done. If not, the report is evidence all the same, but says nothing about what to
    /// do next.
    is_current: bool,
    now: Timestamp,
}

impl Step<'_> {
    /// The report is about the payment, refund or reversal itself.
    fn take_in(&self, payment: &mut Payment) {
        if self.is_current || self.is_same(payment) {
            payment.hear(self.report.told.clone());
        }
        if self.is_current {
            payment.task = None;
        }
        match self.report.standing {
            Standing::Unknown => self.unknown(payment),
            Standing::NotDone => self.not_done(payment),
            Standing::Missing => self.missing(payment),
            Standing::Waiting => self.waiting(payment),
            // Nothing is held for the merchant where money goes back.
            Standing::Reserved if payment.kind != PaymentKind::Payment => self.waiting(payment),
            Standing::Reserved => self.reserved(payment),
            Standing::Paid => self.paid(payment),
            Standing::Refused => self.refused(payment),
            Standing::Declined => self.ended(payment, Event::Reject),
            Standing::Cancelled => self.ended(payment, self.cancelled_event(payment)),
            Standing::Expired => self.ended(payment, expired_event(payment)),
            Standing::Failed => self.ended(payment, Event::Fail),
        }
    }

    /// Whether a report that comes late is about the same thing at the PSP: another page may have
    /// been made since, and that one is what the payer sees.
    fn is_same(&self, payment: &Payment) -> bool {
        match (&self.report.told.reference, &payment.told.reference) {
            (Some(theirs), Some(ours)) => theirs == ours,
            (None, _) | (_, None) => true,
        }
    }

    /// Nobody knows. It is asked again: what was perhaps begun is read before it is begun anew.
    fn unknown(&self, payment: &mut Payment) {
        if matches!(payment.state, State::Initialized | State::Stale) {
            payment.pass(Event::Resend, self.task.cause, self.now);
        }
        let next = match self.task.operation {
            Operation::Create | Operation::Read => Operation::Read,
            Operation::Capture { minor } => Operation::Capture { minor },
            Operation::Cancel => Operation::Cancel,
            Operation::GiveUp => Operation::GiveUp,
        };
        self.again(payment, next);
    }

    /// It certainly was not sent. Where it never was, nothing can be there when its time is over.
    fn not_done(&self, payment: &mut Payment) {
        if self.is_current {
            payment.unsent = payment.unsent.saturating_add(1);
        }
        let is_nowhere = !payment.is_placed && payment.unsent >= self.task.attempts;
        let is_over = self.now >= payment.given_up_at();
        if self.task.operation == Operation::GiveUp && is_nowhere && is_over {
            self.give_up(payment);
        } else {
            self.again(payment, self.task.operation);
        }
    }

    /// The PSP knows nothing of it. Where it has never confirmed it, it is begun anew.
    fn missing(&self, payment: &mut Payment) {
        match self.task.operation {
            Operation::GiveUp => self.give_up(payment),
            Operation::Create | Operation::Read if !payment.is_placed => {
                if payment.state.is_open() && self.is_current {
                    self.next(payment, Operation::Create, self.now);
                }
            }
            Operation::Create | Operation::Read | Operation::Capture { .. } | Operation::Cancel => {
                self.unknown(payment);
            }
        }
    }

    /// The PSP has it and has not decided.
    fn waiting(&self, payment: &mut Payment) {
        payment.is_placed = true;
        match self.task.operation {
            // The last reading shows it unpaid, and its time is over.
            Operation::GiveUp => self.give_up(payment),
            Operation::Capture { minor } => self.again(payment, Operation::Capture { minor }),
            Operation::Create | Operation::Read | Operation::Cancel => {
                if payment.state.is_open() {
                    self.again(payment, Operation::Read);
                }
            }
        }
    }

    fn reserved(&self, payment: &mut Payment) {
        payment.is_placed = true;
        match self.task.operation {
            Operation::Capture { minor } if is_held(payment) => {
                self.again(payment, Operation::Capture { minor });
            }
            // Where it could not be given up, it is paid for after all.
            Operation::Create
            | Operation::Read
            | Operation::Cancel
            | Operation::GiveUp
            | Operation::Capture { .. } => {
                self.revive(payment);
                self.hold_or_tell(payment);
                let minor = payment.amount.total_minor;
                let wants_capture = payment.is_taken_at_once()
                    && payment.task.is_none()
                    && payment.reversal.is_none();
                if payment.state == State::Reserved && wants_capture {
                    self.next(payment, Operation::Capture { minor }, self.now);
                }
            }
        }
    }

    fn paid(&self, payment: &mut Payment) {
        payment.is_placed = true;
        self.revive(payment);
        if payment.state.is_committed() {
            return;
        }
        if payment.pass(Event::Finalize, self.task.cause, self.now) {
            payment.captured_minor = self.captured_minor(payment);
            payment.task = None;
        } else {
            self.tell(payment, "the PSP says that it is paid");
        }
    }

    /// How much was taken: what was asked for, by this task or by the one that has come since.
    fn captured_minor(&self, payment: &Payment) -> i64 {
        match (self.task.operation, payment.task.map(|task| task.operation)) {
            (Operation::Capture { minor }, _) | (_, Some(Operation::Capture { minor })) => minor,
            (Operation::Create | Operation::Read | Operation::Cancel | Operation::GiveUp, _) => {
                payment.amount.total_minor
            }
        }
    }

    /// The PSP does not take it. What it has taken before stays as it is: it may refuse a request
    /// because it has it already.
    fn refused(&self, payment: &mut Payment) {
        match self.task.operation {
            Operation::Create if !payment.is_placed => self.end(payment, Event::Reject),
            Operation::Capture { .. } if self.is_current && is_held(payment) => {
                self.tell(payment, "the PSP refuses the capture");
            }
            Operation::Capture { .. } => {}
            Operation::Create | Operation::Read | Operation::Cancel | Operation::GiveUp => {
                self.unknown(payment);
            }
        }
    }

    /// Its time is over, and the last reading shows it unpaid. Where another task has come since,
    /// this reading was not the last; where its time is not over, what was told of it was not so.
    fn give_up(&self, payment: &mut Payment) {
        if self.now < payment.given_up_at() {
            payment.ends_as = None;
            self.again(payment, Operation::Read);
        } else if self.is_current && payment.state.is_open() {
            self.end(payment, Event::TimeOut);
        }
    }

    /// The PSP says that it has ended without money.
    fn ended(&self, payment: &mut Payment, event: Event) {
        payment.is_placed = true;
        self.end(payment, event);
    }

    /// It has ended without money.
    fn end(&self, payment: &mut Payment, event: Event) {
        let event = match (payment.state, event) {
            // What was held and is no more is released.
            (State::Reserved | State::Authorized, Event::TimeOut) => Event::Cancel,
            // Another no is nothing new.
            (State::Rejected | State::Cancelled | State::Failed | State::TimedOut, _) => return,
            (_, event) => event,
        };
        if payment.pass(event, self.task.cause, self.now) {
            payment.task = None;
        } else {
            self.tell(payment, "the PSP says that it has ended without money");
        }
    }

    /// What it is that a payment was cancelled at the PSP. Where we had it cancelled, it was
    /// because of what was told of it, or because its time was over.
    fn cancelled_event(&self, payment: &Payment) -> Event {
        let ours = payment.ends_as.unwrap_or(Event::TimeOut);
        if self.task.operation == Operation::GiveUp { ours } else { Event::Cancel }
    }

    /// The report is about the original that a reversal is to end. Of the original it is evidence
    /// whatever became of the reversal in the meantime.
    fn end_original(&self, reversal: &mut Payment, original: &mut Payment) {
        let about_original = Step { is_current: false, ..*self };
        let has_ended = match self.report.standing {
            Standing::Cancelled | Standing::Declined | Standing::Expired | Standing::Failed => {
                original.hear(self.report.told.clone());
                about_original.ended(original, Event::Cancel);
                true
            }
            Standing::Paid => {
                about_original.take_in(original);
                false
            }
            Standing::Missing => original.state.is_final() && !original.state.is_committed(),
            Standing::Unknown
            | Standing::NotDone
            | Standing::Waiting
            | Standing::Reserved
            | Standing::Refused => false,
        };
        let is_ending = reversal.task.is_some_and(|task| task.operation == Operation::Cancel);
        if is_ending && has_ended {
            self.reversed_without_money(reversal);
        } else if is_ending && self.is_current {
            // Where it is not, who has begun it since will hear how it stands now.
            self.not_ended(reversal, original);
        }
    }

    /// The original has not ended, or not yet.
    fn not_ended(&self, reversal: &mut Payment, original: &Payment) {
        reversal.task = None;
        match self.report.standing {
            Standing::Paid => self.give_back(reversal, original),
            Standing::Refused => {
                reversal.hear(self.report.told.clone());
                self.end(reversal, Event::Reject);
            }
            Standing::Unknown => self.unknown(reversal),
            Standing::NotDone
            | Standing::Missing
            | Standing::Waiting
            | Standing::Reserved
            | Standing::Declined
            | Standing::Cancelled
            | Standing::Expired
            | Standing::Failed => self.again(reversal, Operation::Cancel),
        }
    }

    /// The report is about the original from which a capture takes. Of the original it is evidence
    /// whatever became of the capture in the meantime.
    fn take_from(&self, capture: &mut Payment, original: &mut Payment) {
        let about_original = Step { is_current: false, ..*self };
        about_original.take_in(original);
        if !self.is_current || !capture.state.is_open() {
            return;
        }
        capture.task = None;
        let minor = capture.amount.total_minor;
        match self.report.standing {
            Standing::Paid => {
                capture.is_placed = true;
                capture.captured_minor = minor;
                capture.pass(Event::Finalize, self.task.cause, self.now);
            }
            Standing::Refused
            | Standing::Missing
            | Standing::Declined
            | Standing::Cancelled
            | Standing::Expired
            | Standing::Failed => {
                capture.hear(self.report.told.clone());
                self.end(capture, Event::Reject);
                original.captures.retain(|it| it.instruction != capture.instruction);
            }
            Standing::Unknown | Standing::NotDone | Standing::Waiting | Standing::Reserved => {
                if self.report.standing == Standing::Unknown && capture.state != State::Pending {
                    capture.pass(Event::Resend, self.task.cause, self.now);
                }
                self.again(capture, Operation::Capture { minor });
            }
        }
    }

    fn reversed_without_money(&self, reversal: &mut Payment) {
        reversal.is_placed = true;
        reversal.pass(Event::Finalize, self.task.cause, self.now);
        reversal.task = None;
    }

    /// It was paid before it could be ended: what was taken is given back instead, unless less was
    /// taken, or a refund came first.
    fn give_back(&self, reversal: &mut Payment, original: &Payment) {
        if reversal.amount.total_minor > original.refundable_minor() {
            let info = Some("less is left to give back".to_owned());
            reversal.hear(Told { info, ..Told::default() });
            self.end(reversal, Event::Reject);
        } else {
            self.next(reversal, Operation::Create, self.now);
        }
    }

    /// Whether a refund or reversal was made after it was given up and what it claimed was claimed
    /// by another.
    fn comes_too_late(&self, payment: &Payment, original: &Payment) -> bool {
        self.report.standing == Standing::Paid
            && payment.state == State::TimedOut
            && payment.amount.total_minor > original.refundable_minor()
    }

    fn too_late(&self, payment: &mut Payment) {
        if self.is_current {
            payment.task = None;
        }
        self.tell(payment, "the PSP says that it is paid");
    }

    /// Brings back a payment that was given up.
    fn revive(&self, payment: &mut Payment) {
        if payment.state == State::TimedOut {
            payment.pass(Event::Resend, self.task.cause, self.now);
        }
    }

    fn hold_or_tell(&self, payment: &mut Payment) {
        if is_held(payment) || payment.state.is_committed() {
            return;
        }
        if payment.pass(Event::Reserve, self.task.cause, self.now) {
            // It is neither begun again nor given up; what a call of the PSP's made due is.
            payment.task = payment.task.filter(|task| task.operation == Operation::Read);
        } else {
            self.tell(payment, "the PSP says that it is reserved");
        }
    }

    /// Tells people.
    #[expect(clippy::unused_self, reason = "reads as the others do")]
    fn tell(&self, payment: &mut Payment, what: &str) {
        let reason = format!("{what}, but it is {}", payment.state.as_str());
        payment.attention.get_or_insert(reason);
    }

    /// Sets what is to be done next, unless the payment has ended or another task has come.
    fn next(&self, payment: &mut Payment, operation: Operation, due_at: Timestamp) {
        if payment.task.is_none() {
            let attempts = self.task.attempts;
            payment.task = Some(Task { operation, due_at, attempts, cause: Cause::Internal });
        }
    }

    /// Tries again after a pause that grows.
    fn again(&self, payment: &mut Payment, operation: Operation) {
        if !self.is_current || !self.may_follow(payment, operation) {
            return;
        }
        let is_late = self.is_late(payment, operation);
        let is_told = matches!(self.report.standing, Standing::Waiting | Standing::Reserved);
        let age_ms = self.now.0.saturating_sub(payment.created_at.0);
        let is_undecided = payment.kind != PaymentKind::Payment && age_ms >= UNDECIDED_MS_MAX;
        if is_late && !is_told {
            let reason = || "the PSP does not tell what became of it".to_owned();
            payment.attention.get_or_insert_with(reason);
        } else if is_undecided {
            let reason = || "the PSP does not decide on it".to_owned();
            payment.attention.get_or_insert_with(reason);
        }
        let pause_ms = pause_ms(self.task.attempts, is_late);
        self.next(payment, operation, self.now.plus_ms(pause_ms));
    }

    /// Whether it has been tried for so long that nobody waits for it any more. What is done with a
    /// payment after it was decided does not count from its creation.
    fn is_late(&self, payment: &Payment, operation: Operation) -> bool {
        if payment.state.is_open() {
            return self.now >= payment.created_at.plus_ms(OPEN_MS_MAX);
        }
        let is_reading = operation == Operation::Read;
        let soon_max = if is_reading { LATE_READS_SOON_MAX } else { CAPTURES_SOON_MAX };
        self.task.attempts >= soon_max
    }

    fn may_follow(&self, payment: &Payment, operation: Operation) -> bool {
        match operation {
            Operation::Create | Operation::Cancel | Operation::GiveUp => payment.state.is_open(),
            Operation::Capture { .. } if payment.kind == PaymentKind::Capture => {
                payment.state.is_open()
            }
            Operation::Capture { .. } => is_held(payment),
            // Where the PSP called to tell something and could not be asked, that must not be lost;
            // but nothing is asked for ever that may never change again.
            Operation::Read => {
                let is_silent =
                    matches!(self.report.standing, Standing::Unknown | Standing::NotDone);
                let may_change = is_held(payment) || payment.state == State::TimedOut;
                let is_first = self.task.attempts < LATE_READS_MAX;
                payment.state.is_open() || (is_silent && may_change && is_first)
            }
        }
    }
}

/// What it is that a payment reads as expired. Where we have ended it at the PSP, it may read so
/// too.
fn expired_event(payment: &Payment) -> Event {
    let ours = payment.reversal.map(|_| Event::Cancel);
    ours.or(payment.ends_as).unwrap_or(Event::TimeOut)
}

/// Whether the payer's money is held.
fn is_held(payment: &Payment) -> bool {
    matches!(payment.state, State::Reserved | State::Authorized)
}

/// How long to wait after so many tries.
fn pause_ms(attempts: i64, is_late: bool) -> i64 {
    if is_late {
        return PAUSE_MS_LATE;
    }
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    PAUSE_MS_FIRST.saturating_mul(1_i64.wrapping_shl(doublings)).min(PAUSE_MS_MAX)
}

const _: () = assert!(PAUSE_MS_MAX < TASK_LEASE_MS, "a pause is no lease");

#[cfg(test)]
mod tests;
