//! Swish for merchants: payment requests of version 2, read back and cancelled with version 1, and
//! refunds.
//!
//! A payment request and a refund are called what we called them when we made them, so both can be
//! read back even when every answer was lost.

pub mod errors;
#[cfg(test)]
mod tests;
mod wire;

use std::ops::ControlFlow::Continue;

use ledger::Currency;
use payments::{Payment, Report, Standing};

use crate::agreement::SWISH_ID;
use crate::calls::{Calls, Errand, Flow, is_amount, is_number};
use crate::exchange::Response;
use wire::Resource;

/// Does a piece of work.
pub(crate) fn work(calls: &mut Calls<'_>) -> Flow<Report> {
    let merchant = calls.agreed(SWISH_ID)?;
    match calls.errand()? {
        Errand::Pay => pay(calls, merchant),
        // The money is the merchant's at once: there is nothing left to capture.
        Errand::Read | Errand::Capture(_) => read(calls),
        // Swish holds nothing: what is not paid can be cancelled.
        Errand::Cancel | Errand::GiveUp => cancel(calls),
        Errand::Refund(original) => refund(calls, merchant, original),
        Errand::ReadRefund(original) => read_refund(calls, original),
    }
}

fn pay(calls: &mut Calls<'_>, merchant: &str) -> Flow<Report> {
    if calls.work.payment.amount.currency != Currency::SEK {
        return Continue(calls.rejected(errors::told("AM03", None)));
    }
    let response = calls.act(wire::payment_request(&calls.work, merchant))?;
    if response.status == 201 {
        calls.told.token = response.header("paymentrequesttoken").map(str::to_owned);
        return Continue(placed(calls, response));
    }
    not_taken(calls, response, read)
}

fn placed(calls: &mut Calls<'_>, response: &Response) -> Report {
    let name = response.located().unwrap_or(&calls.work.payment.instruction);
    calls.told.reference = Some(name.to_owned());
    calls.end(Standing::Waiting)
}

/// The request was not taken. Where it, or one before it, may be there all the same, it is read.
fn not_taken(
    calls: &mut Calls<'_>,
    response: &Response,
    read_back: impl FnOnce(&mut Calls<'_>) -> Flow<Report>,
) -> Flow<Report> {
    let codes = wire::codes(response);
    if codes.is_empty() && !response.is_refusal() {
        return Continue(calls.unclear(response));
    }
    let info = wire::info(response, &codes);
    let comes_to = |standing: &Standing| {
        codes.iter().any(|code| errors::of_request(&code.error_code) == *standing)
    };
    // Of several codes the most cautious one counts.
    let cautious = [Standing::Unknown, Standing::NotDone].into_iter().find(comes_to);
    let standing = cautious.unwrap_or(Standing::Refused);
    if standing != Standing::Unknown && !calls.is_repeated() {
        return Continue(calls.end(standing).with_info(info));
    }
    calls.told.info = Some(info);
    let report = read_back(calls)?;
    if report.standing == Standing::Missing && !codes.iter().any(wire::Code::is_taken) {
        let standing = if standing == Standing::NotDone { standing } else { Standing::Refused };
        return Continue(calls.end(standing));
    }
    Continue(report)
}

fn read(calls: &mut Calls<'_>) -> Flow<Report> {
    let response = calls.ask(wire::read_payment(calls.work.payment))?;
    Continue(read_as(calls, response, |resource, payment| {
        is_number(payment, resource.payee_payment_reference.as_deref())
    }))
}

fn cancel(calls: &mut Calls<'_>) -> Flow<Report> {
    let response = calls.act(wire::cancel(calls.work.payment))?;
    if response.status != 200 {
        // It cannot be cancelled any more, or was never there.
        return read(calls);
    }
    Continue(read_as(calls, response, |resource, payment| {
        is_number(payment, resource.payee_payment_reference.as_deref())
    }))
}

fn refund(calls: &mut Calls<'_>, merchant: &str, original: &Payment) -> Flow<Report> {
    let known = original.told.second_reference.clone();
    let paid = if let Some(paid) = known {
        paid
    } else {
        let response = calls.ask(wire::read_payment(original))?;
        let resource: Option<Resource> = response.read_ok();
        match resource.and_then(|resource| resource.payment_reference) {
            Some(paid) => paid,
            None => return Continue(calls.unclear(response)),
        }
    };
    let response = calls.act(wire::refund(&calls.work, merchant, &paid))?;
    if response.status == 201 {
        return Continue(placed(calls, response));
    }
    not_taken(calls, response, |calls| read_refund(calls, original))
}

fn read_refund(calls: &mut Calls<'_>, original: &Payment) -> Flow<Report> {
    let response = calls.ask(wire::read_refund(calls.work.payment))?;
    let paid = original.told.second_reference.as_deref();
    Continue(read_as(calls, response, |resource, _| {
        let named = resource.original_payment_reference.as_deref();
        named.is_none_or(|named| paid.is_none_or(|paid| paid == named))
    }))
}

/// What an answer says that has the whole payment or refund in it.
fn read_as(
    calls: &mut Calls<'_>,
    response: &Response,
    is_ours: impl FnOnce(&Resource, &Payment) -> bool,
) -> Report {
    if response.status == 404 {
        return calls.end(Standing::Missing);
    }
    let Some(resource) = response.read_ok::<Resource>() else { return calls.unclear(response) };
    let payment = calls.work.payment;
    if !is_amount(payment, resource.minor(), &resource.currency) || !is_ours(&resource, payment) {
        return calls.differs();
    }
    let code = resource.error_code.as_deref();
    let standing = match resource.status.as_str() {
        "CREATED" | "PENDING" | "INITIATED" | "VALIDATED" | "DEBITED" => Standing::Waiting,
        "PAID" => Standing::Paid,
        "DECLINED" => Standing::Declined,
        "CANCELLED" => Standing::Cancelled,
        "ERROR" => code.map_or(Standing::Failed, errors::of_result),
        _ => return calls.unclear(response),
    };
    let info = code.map(|code| errors::told(code, resource.error_message.as_deref()));
    calls.told.reference = Some(payment.instruction.clone());
    calls.told.second_reference = resource.payment_reference;
    // Of a refund it is the merchant.
    let is_payment = resource.original_payment_reference.is_none();
    calls.told.payer = resource.payer_alias.filter(|_| is_payment);
    calls.told.info = info;
    calls.end(standing)
}
