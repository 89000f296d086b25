//! Cards: what is paid with one is decided in the same commit, by our own ledger where the card is
//! one of its, or by the test acquirer. Nobody is called, and nothing is ever unknown.

use ledger::{Books, ReadSet, Timestamp};

use crate::command::put;
use crate::initialize::Initialize;
use crate::limits::CAPTURES_MAX;
use crate::method::Method;
use crate::on_ledger;
use crate::online::Online;
use crate::payment::{Captured, Cause, Payment, PaymentKind};
use crate::refusal::Refusal;
use crate::report::Told;
use crate::result_code::ResultCode;
use crate::state::Event;
use crate::test_acquirer;

/// Why a card was not charged.
pub(crate) struct Denied {
    /// As payments v3 says it.
    pub(crate) code: ResultCode,
    /// For people.
    pub(crate) info: String,
}

/// What a new payment, refund or reversal needs to be decided.
pub(crate) fn read(command: &Initialize, reads: &mut ReadSet) {
    if command.method != Method::CardLedger {
        return;
    }
    match (command.kind, command.original.as_deref()) {
        (PaymentKind::Payment, _) => on_ledger::read_payment(&command.charge(), reads),
        (PaymentKind::Credit, _) => on_ledger::read_credit(&command.charge(), reads),
        (PaymentKind::Capture, Some(original)) => {
            on_ledger::read_take(original, &command.instruction, reads);
        }
        (PaymentKind::Refund | PaymentKind::Reversal, Some(original)) => {
            on_ledger::read_give_back(original, &command.instruction, reads);
        }
        (PaymentKind::Capture | PaymentKind::Refund | PaymentKind::Reversal, None) => {}
    }
}

/// Checks what is to be done with an original beside what holds for every method.
///
/// # Errors
/// [`Refusal::OriginalChanged`], [`Refusal::MoreThanRemains`], [`Refusal::AlreadyGivenBack`].
pub(crate) fn check(command: &Initialize, original: &Payment) -> Result<(), Refusal> {
    if original.method.psp().is_some() {
        return Ok(());
    }
    let known = command.original.as_ref();
    if known.is_none_or(|known| !is_known(original, known)) {
        return Err(Refusal::OriginalChanged);
    }
    let is_refund = command.kind == PaymentKind::Refund;
    let only = named_capture(command.online.as_ref(), original);
    let undone = only.and_then(|only| capture(original, only)).map(|capture| capture.minor);
    let minor = if is_refund { Some(command.amount.total_minor) } else { undone };
    let Some(minor) = minor.filter(|_| command.kind != PaymentKind::Capture) else { return Ok(()) };
    let shares = shares(&original.captures, minor, only);
    // A reversal takes back the whole of the capture that it names, or nothing.
    let otherwise = |minor| {
        if is_refund { Refusal::MoreThanRemains { minor } } else { Refusal::AlreadyGivenBack }
    };
    shares.map(drop).map_err(otherwise)
}

/// Decides what was just created, and what becomes of what it is about.
pub(crate) fn decide(
    payment: &mut Payment,
    original: Option<Payment>,
    books: &mut Books,
    now: Timestamp,
) {
    payment.is_placed = true;
    let Some(before) = original else {
        return match payment.kind {
            PaymentKind::Credit => credit(payment, books, now),
            PaymentKind::Payment
            | PaymentKind::Capture
            | PaymentKind::Refund
            | PaymentKind::Reversal => charge(payment, books, now),
        };
    };
    let mut after = before.clone();
    let is_void =
        after.is_void_to_come() && named_capture(payment.online.as_ref(), &after).is_none();
    match payment.kind {
        PaymentKind::Capture => capture_part(payment, &mut after, books, now),
        PaymentKind::Reversal if is_void => void(payment, &mut after, books, now),
        PaymentKind::Payment
        | PaymentKind::Credit
        | PaymentKind::Refund
        | PaymentKind::Reversal => give_back(payment, &mut after, books, now),
    }
    put(books, &after, &before, now);
}

/// The capture that payments v3 names, where it does not name the payment itself.
fn named_capture<'o>(online: Option<&'o Online>, original: &Payment) -> Option<&'o str> {
    let referenced = online?.referenced.as_deref()?;
    (referenced != original.online_id()).then_some(referenced)
}

fn capture<'o>(original: &'o Payment, name: &str) -> Option<&'o Captured> {
    original.captures.iter().find(|it| it.instruction.eq_ignore_ascii_case(name))
}

/// Charges the card, unless the payer has to prove first who they are.
pub(crate) fn charge(payment: &mut Payment, books: &mut Books, now: Timestamp) {
    let decided = match test_acquirer::forced(payment) {
        Some(code) => Err(Denied { code, info: code.description().to_owned() }),
        None if payment.method == Method::CardLedger => on_ledger::reserve(payment, books, now),
        None => Ok(()),
    };
    if let Err(denied) = decided {
        return deny(payment, denied, now);
    }
    if payment.is_taken_at_once() {
        payment.pass(Event::Authorize, Cause::Call, now);
        capture_whole(payment, payment.amount.total_minor, books, now);
    } else {
        payment.pass(Event::Reserve, Cause::Call, now);
    }
}

/// Takes what is reserved, at once and for good, and releases the rest.
pub(crate) fn capture_whole(payment: &mut Payment, minor: i64, books: &mut Books, now: Timestamp) {
    let instruction = payment.instruction.clone();
    match take(payment, &instruction, minor, books, now) {
        Ok(()) => {
            payment.pass(Event::Finalize, Cause::Call, now);
            let is_released =
                minor == payment.amount.total_minor || release(payment, books, now).is_ok();
            if !is_released {
                payment.attention.get_or_insert_with(|| "the rest is still reserved".to_owned());
            }
        }
        // Its last day is over, or somebody has cancelled it over the card-ledger contract. Where
        // it is another reason, nothing stays held for a payment that has ended.
        Err(refusal) => {
            let is_released = release(payment, books, now).is_ok();
            debug_assert!(is_released || payment.told.reference.is_some(), "it was held");
            payment.hear(Told { info: Some(refusal.to_string()), ..Told::default() });
            payment.pass(Event::Cancel, Cause::Call, now);
        }
    }
}

/// Takes a part of what is reserved; the rest stays so.
fn capture_part(part: &mut Payment, original: &mut Payment, books: &mut Books, now: Timestamp) {
    let minor = part.amount.total_minor;
    match take(original, &part.instruction, minor, books, now) {
        Ok(()) => {
            if !original.state.is_committed() {
                original.pass(Event::Finalize, Cause::Call, now);
            }
            part.captured_minor = minor;
            part.pass(Event::Finalize, Cause::Call, now);
        }
        Err(refusal) => {
            let (code, info) = (ResultCode::CAPTURE_TOO_LATE, refusal.to_string());
            deny(part, Denied { code, info }, now);
        }
    }
}

fn take(
    original: &mut Payment,
    instruction: &str,
    minor: i64,
    books: &mut Books,
    now: Timestamp,
) -> Result<(), ledger::Refusal> {
    if original.method == Method::CardLedger {
        on_ledger::take(original, instruction, minor, books, now)?;
    }
    original.captured_minor = original.captured_minor.saturating_add(minor);
    let instruction = instruction.to_owned();
    original.captures.push(Captured { instruction, minor, refunded_minor: 0 });
    debug_assert!(original.captures.len() <= CAPTURES_MAX, "checked before");
    Ok(())
}

/// Gives back what was taken, part by part where it was taken so. All of it or nothing.
fn give_back(payment: &mut Payment, original: &mut Payment, books: &mut Books, now: Timestamp) {
    let minor = payment.amount.total_minor;
    let only = named_capture(payment.online.as_ref(), original);
    let is_part = only.is_some();
    let shares = shares(&original.captures, minor, only);
    let shares = shares.unwrap_or_else(|_| unreachable!("checked before"));
    if !is_part && payment.kind == PaymentKind::Reversal {
        original.reversal = Some(payment.number);
    }
    if original.method == Method::CardLedger {
        let mut tried = books.clone();
        let instruction = &payment.instruction;
        if let Err(refusal) = on_ledger::give_back(original, instruction, &shares, &mut tried, now)
        {
            original.reversal = original.reversal.filter(|number| *number != payment.number);
            let (code, info) = (ResultCode::CANNOT_REFUND, refusal.to_string());
            return deny(payment, Denied { code, info }, now);
        }
        *books = tried;
    }
    for (at, minor) in shares {
        if let Some(capture) = original.captures.get_mut(at) {
            capture.refunded_minor = capture.refunded_minor.saturating_add(minor);
        }
    }
    original.refunded_minor = original.refunded_minor.saturating_add(minor);
    payment.captured_minor = minor;
    payment.pass(Event::Finalize, Cause::Call, now);
}

/// How much is given back of which capture, oldest first. As an error, how much could be.
fn shares(captures: &[Captured], minor: i64, only: Option<&str>) -> Result<Vec<(usize, i64)>, i64> {
    let (mut left, mut shares) = (minor, Vec::new());
    for (at, capture) in captures.iter().enumerate() {
        let is_meant = only.is_none_or(|only| capture.instruction.eq_ignore_ascii_case(only));
        let share = capture.minor.saturating_sub(capture.refunded_minor).min(left);
        if is_meant && share > 0 {
            shares.push((at, share));
            left = left.saturating_sub(share);
        }
    }
    if left == 0 { Ok(shares) } else { Err(minor.saturating_sub(left)) }
}

/// Releases what is still held.
fn void(payment: &mut Payment, original: &mut Payment, books: &mut Books, now: Timestamp) {
    match release(original, books, now) {
        Ok(()) => {
            original.reversal = Some(payment.number);
            if !original.state.is_committed() {
                original.pass(Event::Cancel, Cause::Call, now);
            }
            payment.pass(Event::Finalize, Cause::Call, now);
        }
        Err(refusal) => {
            let (code, info) = (ResultCode::REVERSAL_TOO_LATE, refusal.to_string());
            deny(payment, Denied { code, info }, now);
        }
    }
}

fn release(original: &Payment, books: &mut Books, now: Timestamp) -> Result<(), ledger::Refusal> {
    if original.method == Method::CardLedger {
        on_ledger::release(original, books, now)?;
    }
    Ok(())
}

/// Gives money without anything having been taken.
fn credit(payment: &mut Payment, books: &mut Books, now: Timestamp) {
    let decided = match test_acquirer::forced(payment) {
        Some(code) => Err(Denied { code, info: code.description().to_owned() }),
        None if payment.method == Method::CardLedger => on_ledger::credit(payment, books, now),
        None => Ok(()),
    };
    match decided {
        Ok(()) => {
            payment.captured_minor = payment.amount.total_minor;
            payment.pass(Event::Finalize, Cause::Call, now);
        }
        Err(denied) => deny(payment, denied, now),
    }
}

fn deny(payment: &mut Payment, denied: Denied, now: Timestamp) {
    payment.hear(Told { info: Some(denied.info), ..Told::default() });
    if let Some(online) = &mut payment.online {
        online.result = Some(denied.code);
    }
    payment.pass(Event::Reject, Cause::Call, now);
}

/// Whether every capture is one of those that were loaded: those known when it was read, and the
/// capture of the whole.
fn is_known(original: &Payment, known: &Payment) -> bool {
    let is_whole = |it: &Captured| known.captures.is_empty() && it.instruction == known.instruction;
    let is_loaded =
        |it: &Captured| known.captures.iter().any(|known| known.instruction == it.instruction);
    original.captures.iter().all(|it| is_loaded(it) || is_whole(it))
}

#[cfg(test)]
mod tests;
