//! One piece of work as a course of calls. The course is written as if each answer came at once;
//! it is run from its beginning each time, and breaks off at the first call that has no answer yet.
//!
//! Invariant: the course up to a call depends on the work and on the answers before it, and on
//! nothing else, so that each run makes the same calls.

use std::ops::ControlFlow::{self, Break, Continue};
use std::slice;

use ledger::Currency;
use payments::{Operation, Payment, PaymentKind, Report, Standing, Told};

use crate::exchange::{Exchange, Request, Response, Step, Work};

/// What a part of a course gives, unless it breaks off with what to do next.
pub(crate) type Flow<T> = ControlFlow<Step, T>;

/// The calls of one piece of work.
pub(crate) struct Calls<'w> {
    /// The work.
    pub(crate) work: Work<'w>,
    /// What was told so far. It is part of every report.
    pub(crate) told: Told,
    /// How it stands if nothing more is heard.
    pub(crate) known: Standing,
    answers: slice::Iter<'w, Exchange>,
    has_acted: bool,
}

/// What is to be done, a payment's and a refund's told apart.
#[derive(Clone, Copy)]
pub(crate) enum Errand<'w> {
    /// Ask the payer for the payment.
    Pay,
    /// Read how the payment stands.
    Read,
    /// Take so many minor units.
    Capture(i64),
    /// End the payment without money.
    Cancel,
    /// End the payment where nothing is held.
    GiveUp,
    /// Give back the refund's amount of this payment.
    Refund(&'w Payment),
    /// Read how that refund stands.
    ReadRefund(&'w Payment),
}

impl<'w> Calls<'w> {
    /// Begins a run.
    pub(crate) fn new(work: Work<'w>, so_far: &'w [Exchange]) -> Calls<'w> {
        let (told, known) = (Told::default(), Standing::Unknown);
        Calls { work, told, known, answers: so_far.iter(), has_acted: false }
    }

    /// What is to be done. What makes no sense ends the work.
    pub(crate) fn errand(&self) -> Flow<Errand<'w>> {
        let Work { operation, payment, original, .. } = self.work;
        match payment.kind {
            PaymentKind::Payment => Continue(match operation {
                Operation::Create => Errand::Pay,
                Operation::Read => Errand::Read,
                Operation::Capture { minor } => Errand::Capture(minor),
                Operation::Cancel => Errand::Cancel,
                Operation::GiveUp => Errand::GiveUp,
            }),
            // Captures are made on the payment itself; credits are cards' only, and decided here.
            PaymentKind::Capture | PaymentKind::Credit => {
                let report = self.end(Standing::Unknown);
                Break(Step::Done(report.with_info("a PSP knows payments and refunds only")))
            }
            PaymentKind::Refund | PaymentKind::Reversal => {
                let Some(original) = original else {
                    return Break(Step::Done(self.rejected("the original is not known")));
                };
                match operation {
                    Operation::Create => Continue(Errand::Refund(original)),
                    Operation::Read => Continue(Errand::ReadRefund(original)),
                    Operation::Capture { .. } | Operation::Cancel | Operation::GiveUp => {
                        let report = self.end(Standing::Unknown);
                        let info = "a refund can only be made or read";
                        Break(Step::Done(report.with_info(info)))
                    }
                }
            }
        }
    }

    /// A value of the agreement. Where it is missing, that is the end.
    pub(crate) fn agreed(&self, name: &str) -> Flow<&'w str> {
        let value = self.work.agreement.get(name).filter(|value| !value.is_empty());
        if let Some(value) = value {
            return Continue(value);
        }
        let info = format!("agreement is not complete: {name} is missing");
        Break(Step::Done(self.rejected(info)))
    }

    /// Makes a call that cannot have an effect that matters.
    pub(crate) fn ask(&mut self, request: Request) -> Flow<&'w Response> {
        let Some(exchange) = self.answers.next() else { return Break(Step::Call(request)) };
        match exchange {
            Exchange::Answer(response) if response.says_something() => Continue(response),
            Exchange::Answer(response) => {
                let info = format!("HTTP {}", response.status);
                Break(Step::Done(self.end(self.known).with_info(info)))
            }
            Exchange::NotSent if !self.has_acted => {
                let info = "the PSP cannot be reached";
                Break(Step::Done(self.end(Standing::NotDone).with_info(info)))
            }
            Exchange::NotSent | Exchange::Lost => {
                Break(Step::Done(self.end(self.known).with_info("no answer")))
            }
        }
    }

    /// Makes a call that may have an effect, whatever comes of it, unless it was not sent.
    pub(crate) fn act(&mut self, request: Request) -> Flow<&'w Response> {
        let exchange = self.answers.as_slice().first();
        let is_sent = exchange.is_some_and(|exchange| *exchange != Exchange::NotSent);
        let answer = self.ask(request);
        self.has_acted |= is_sent;
        answer
    }

    /// The report, with what was told so far.
    pub(crate) fn end(&self, standing: Standing) -> Report {
        Report { standing, told: self.told.clone() }
    }

    /// The report after an answer that does not tell how it stands.
    pub(crate) fn unclear(&self, response: &Response) -> Report {
        let before = self.told.info.as_ref().map(|info| format!("{info}; "));
        let before = before.unwrap_or_default();
        let info = format!("{before}HTTP {}", response.status);
        self.end(Standing::Unknown).with_info(info)
    }

    /// The report when what the PSP has is not what was asked for.
    pub(crate) fn differs(&self) -> Report {
        self.end(Standing::Unknown).with_info("the PSP's amount differs")
    }

    /// The report when the request was not taken. Only of a first request to begin something does
    /// that say that it is not there.
    pub(crate) fn rejected(&self, info: impl Into<String>) -> Report {
        let is_first = self.work.operation == Operation::Create && !self.is_repeated();
        let standing = if is_first { Standing::Refused } else { Standing::Unknown };
        self.end(standing).with_info(info)
    }

    /// The report when a page was refused. Of one that was made before nobody has the address, so
    /// that nothing can come of it.
    pub(crate) fn no_page(&self, info: impl Into<String>) -> Report {
        let is_known = self.work.payment.is_placed;
        let standing = if is_known { Standing::Unknown } else { Standing::Refused };
        self.end(standing).with_info(info)
    }

    /// Whether the PSP may have been asked to begin it before.
    pub(crate) fn is_repeated(&self) -> bool {
        let payment = self.work.payment;
        let attempts = payment.task.map_or(0, |task| task.attempts);
        payment.is_placed || payment.told.reference.is_some() || attempts > 1
    }

    /// How it stands when so much of the money was taken: all that was to be taken, or else what
    /// only people can judge.
    pub(crate) fn taken(&self, minor: i64) -> Report {
        if minor == self.expected_minor() { self.end(Standing::Paid) } else { self.differs() }
    }

    /// How much has been taken when it is paid.
    fn expected_minor(&self) -> i64 {
        let payment = self.work.payment;
        match self.work.operation {
            Operation::Capture { minor } => minor,
            Operation::Create | Operation::Read | Operation::Cancel | Operation::GiveUp => {
                if payment.captured_minor > 0 {
                    payment.captured_minor
                } else {
                    payment.amount.total_minor
                }
            }
        }
    }
}

/// What a capture came to that was refused, from how the payment stands: what is still held, the
/// PSP will not let us take.
pub(crate) fn not_captured(mut read: Report) -> Report {
    if read.standing == Standing::Reserved {
        read.standing = Standing::Refused;
    }
    read
}

/// Whether an amount at the PSP is a payment's.
pub(crate) fn is_amount(payment: &Payment, minor: Option<i64>, currency: &str) -> bool {
    let amount = payment.amount;
    minor == Some(amount.total_minor) && Currency::parse(currency) == Some(amount.currency)
}

/// Whether a name at the PSP, where it repeats one, is the payment's number.
pub(crate) fn is_number(payment: &Payment, named: Option<&str>) -> bool {
    named.is_none_or(|named| named == payment.number.to_string())
}
