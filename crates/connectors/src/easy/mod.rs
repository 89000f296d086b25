//! Nexi Checkout (Nets Easy): a payment on a hosted page, its charges, cancellations and refunds.
//!
//! A payment has no status: how it stands follows from its sums. A payment whose name was lost with
//! the answer cannot be paid, because only that answer says where the payer has to go; so a payment
//! without a name is missing, and may be begun anew. A refund whose name was lost is sent again
//! under the same idempotency key, and so is missing too.

pub mod errors;
mod items;
#[cfg(test)]
mod tests;
mod wire;

use std::ops::ControlFlow::Continue;

use payments::{Operation, Payment, Report, Standing};

use crate::agreement::EASY_SECRET_KEY;
use crate::calls::{Calls, Errand, Flow, is_amount, is_number, not_captured};
use crate::exchange::{Request, Response, Verb};
use crate::idempotency;
use crate::request::segment;
use wire::{Kept, Shown, Summary};

/// Does a piece of work.
pub(crate) fn work(calls: &mut Calls<'_>) -> Flow<Report> {
    let key = calls.agreed(EASY_SECRET_KEY)?;
    let errand = calls.errand()?;
    let mut easy = Easy { calls, key };
    match errand {
        Errand::Pay => easy.pay(),
        Errand::Read => easy.read(),
        Errand::Capture(minor) => easy.capture(minor),
        Errand::Cancel => easy.cancel(),
        Errand::GiveUp => easy.give_up(),
        Errand::Refund(original) => easy.refund(original),
        Errand::ReadRefund(original) => easy.read_refund(original),
    }
}

struct Easy<'c, 'w> {
    calls: &'c mut Calls<'w>,
    key: &'w str,
}

impl<'w> Easy<'_, 'w> {
    fn request(&self, verb: Verb, path: impl Into<String>) -> Request {
        // The key stands alone, without a scheme.
        Request::new(verb, path).with("authorization", self.key)
    }

    /// A write that is recognized when it comes again.
    fn write(&self, path: impl Into<String>) -> Request {
        let work = self.calls.work;
        let name = idempotency::name(work.payment, work.operation);
        self.request(Verb::Post, path).with("idempotency-key", name)
    }

    fn pay(&mut self) -> Flow<Report> {
        let work = self.calls.work;
        if work.payment.told.reference.is_some() {
            // It is there: a second page could be paid as well.
            return self.read();
        }
        let request = self.request(Verb::Post, "/v1/payments").json(&wire::new_payment(&work));
        let response = self.calls.act(request)?;
        if response.is_refusal() {
            return Continue(self.calls.no_page(errors::info(response)));
        }
        let made = if response.status == 201 { response.read::<wire::Made>() } else { None };
        let Some(made) = made else { return Continue(self.calls.unclear(response)) };
        self.calls.told.reference = Some(made.payment_id);
        self.calls.told.redirect_url = Some(made.hosted_payment_page_url);
        Continue(self.calls.end(Standing::Waiting))
    }

    fn read(&mut self) -> Flow<Report> {
        let response = match self.get(self.calls.work.payment)? {
            Ok(response) => response,
            Err(missing) => return Continue(missing),
        };
        Continue(self.standing(response))
    }

    /// Reads a payment, of which there may be none.
    fn get(&mut self, payment: &Payment) -> Flow<Result<&'w Response, Report>> {
        let Some(id) = &payment.told.reference else {
            return Continue(Err(self.calls.end(Standing::Missing)));
        };
        let path = format!("/v1/payments/{}", segment(id));
        let response = self.calls.ask(self.request(Verb::Get, path))?;
        if response.status == 404 {
            return Continue(Err(self.calls.end(Standing::Missing)));
        }
        Continue(Ok(response))
    }

    /// How the payment stands that an answer shows.
    fn standing(&mut self, response: &Response) -> Report {
        let Some(Shown { payment: kept }) = response.read_ok() else {
            return self.calls.unclear(response);
        };
        let payment = self.calls.work.payment;
        let Summary { reserved, charged, cancelled } = kept.summary;
        let is_whole = reserved == 0 || reserved == payment.amount.total_minor;
        if !is_kept_for(payment, &kept) || !is_whole {
            return self.calls.differs();
        }
        let charge = kept.charges.into_iter().next();
        self.calls.told.second_reference = charge.map(|charge| charge.charge_id);
        if charged != 0 {
            // Money that was given back was taken before.
            return self.calls.taken(charged);
        }
        self.calls.end(match (reserved, cancelled) {
            (0, 0) if kept.terminated.is_some() => self.terminated(),
            (0, 0) => Standing::Waiting,
            (_, 0) => Standing::Reserved,
            (reserved, cancelled) if reserved == cancelled => Standing::Cancelled,
            _ => return self.calls.differs(),
        })
    }

    /// How a terminated payment stands: we have ended it, or nobody has paid in time.
    fn terminated(&self) -> Standing {
        match self.calls.work.operation {
            Operation::Cancel | Operation::GiveUp => Standing::Cancelled,
            Operation::Create | Operation::Read | Operation::Capture { .. } => Standing::Expired,
        }
    }

    fn capture(&mut self, minor: i64) -> Flow<Report> {
        let payment = self.calls.work.payment;
        let Some(id) = &payment.told.reference else {
            return Continue(self.calls.end(Standing::Missing));
        };
        let body = wire::part(payment, payment.number, minor);
        let request = self.write(format!("/v1/payments/{}/charges", segment(id))).json(&body);
        let response = self.calls.act(request)?;
        if response.status < 300 {
            let charge =
                if response.status == 201 { response.read::<wire::Charge>() } else { None };
            let Some(charge) = charge else { return Continue(self.calls.unclear(response)) };
            self.calls.told.second_reference = Some(charge.charge_id);
            return Continue(self.calls.end(Standing::Paid));
        }
        self.calls.told.info = Some(errors::info(response));
        Continue(not_captured(self.read()?))
    }

    fn cancel(&mut self) -> Flow<Report> {
        let payment = self.calls.work.payment;
        let report = self.read()?;
        match &payment.told.reference {
            Some(id) if report.standing == Standing::Reserved => {
                let body = wire::Cancel { amount: payment.amount.total_minor };
                let path = format!("/v1/payments/{}/cancels", segment(id));
                self.end(self.write(path).json(&body))
            }
            Some(id) if report.standing == Standing::Waiting => self.terminate(id),
            Some(_) | None => Continue(report),
        }
    }

    /// What is reserved stays so: Easy terminates only what nobody has paid for.
    fn give_up(&mut self) -> Flow<Report> {
        let report = self.read()?;
        match &self.calls.work.payment.told.reference {
            Some(id) if report.standing == Standing::Waiting => self.terminate(id),
            Some(_) | None => Continue(report),
        }
    }

    fn terminate(&mut self, id: &str) -> Flow<Report> {
        self.end(self.request(Verb::Put, format!("/v1/payments/{}/terminate", segment(id))))
    }

    fn end(&mut self, request: Request) -> Flow<Report> {
        let response = self.calls.act(request)?;
        let code = errors::code(response);
        if response.status == 204 || code.as_deref() == Some(errors::ALREADY_CANCELLED) {
            return Continue(self.calls.end(Standing::Cancelled));
        }
        if response.status < 300 {
            return Continue(self.calls.unclear(response));
        }
        self.calls.told.info = Some(errors::info(response));
        self.read()
    }

    fn refund(&mut self, original: &Payment) -> Flow<Report> {
        if self.calls.work.payment.told.reference.is_some() {
            return self.read_refund(original);
        }
        let charge = match &original.told.second_reference {
            Some(charge) => charge.clone(),
            None => match self.find_charge(original)? {
                Ok(charge) => charge,
                Err(report) => return Continue(report),
            },
        };
        let refund = self.calls.work.payment;
        let body = wire::part(original, refund.number, refund.amount.total_minor);
        let path = format!("/v1/charges/{}/refunds", segment(&charge));
        let request = self.write(path).json(&body);
        let response = self.calls.act(request)?;
        if response.is_refusal() || response.status == 404 {
            return self.not_refunded(original, errors::info(response));
        }
        let made = if response.status == 201 { response.read::<wire::MadeRefund>() } else { None };
        let Some(made) = made else { return Continue(self.calls.unclear(response)) };
        // It is there. Whether it is done already is worth a look, and no more than that.
        self.calls.told.reference = Some(made.refund_id.clone());
        self.calls.known = Standing::Waiting;
        match self.get(original)? {
            Ok(response) => {
                let mut report = self.find_refund(response, original, &made.refund_id);
                if matches!(report.standing, Standing::Missing | Standing::Unknown) {
                    report.standing = Standing::Waiting;
                }
                Continue(report)
            }
            Err(_) => Continue(self.calls.end(Standing::Waiting)),
        }
    }

    /// The refund was refused. Where a request before may have made it, it was not if the payment
    /// has no refund that is like it.
    fn not_refunded(&mut self, original: &Payment, info: String) -> Flow<Report> {
        if !self.calls.is_repeated() {
            return Continue(self.calls.rejected(info));
        }
        self.calls.told.info = Some(info);
        let Ok(response) = self.get(original)? else {
            return Continue(self.calls.end(Standing::Unknown));
        };
        let Some(Shown { payment: kept }) = response.read_ok() else {
            return Continue(self.calls.unclear(response));
        };
        if !is_kept_for(original, &kept) {
            return Continue(self.calls.differs());
        }
        let minor = self.calls.work.payment.amount.total_minor;
        let may_be_made = kept.refunds.iter().any(|made| made.amount == minor);
        let standing = if may_be_made { Standing::Unknown } else { Standing::Refused };
        Continue(self.calls.end(standing))
    }

    /// The charge of a payment whose own name for it we do not have.
    fn find_charge(&mut self, original: &Payment) -> Flow<Result<String, Report>> {
        let none = "the original was not charged";
        let Ok(response) = self.get(original)? else {
            return Continue(Err(self.calls.rejected(none)));
        };
        let Some(Shown { payment: kept }) = response.read_ok() else {
            return Continue(Err(self.calls.unclear(response)));
        };
        if !is_kept_for(original, &kept) {
            return Continue(Err(self.calls.differs()));
        }
        let charge = kept.charges.into_iter().next().map(|charge| charge.charge_id);
        Continue(charge.ok_or_else(|| self.calls.rejected(none)))
    }

    fn read_refund(&mut self, original: &Payment) -> Flow<Report> {
        let refund = self.calls.work.payment;
        let Some(id) = &refund.told.reference else {
            return Continue(self.calls.end(Standing::Missing));
        };
        match self.get(original)? {
            Ok(response) => Continue(self.find_refund(response, original, id)),
            Err(_) => Continue(self.calls.end(Standing::Unknown)),
        }
    }

    /// Looks for a refund among those of the payment.
    fn find_refund(&mut self, response: &Response, original: &Payment, id: &str) -> Report {
        let Some(Shown { payment: kept }) = response.read_ok() else {
            return self.calls.unclear(response);
        };
        if !is_kept_for(original, &kept) {
            return self.calls.differs();
        }
        let Some(made) = kept.refunds.iter().find(|made| made.id == id) else {
            return self.calls.end(Standing::Missing);
        };
        if !is_amount(self.calls.work.payment, Some(made.amount), &kept.order_details.currency) {
            return self.calls.differs();
        }
        let standing = match made.state.as_str() {
            "Completed" => Standing::Paid,
            "Pending" => Standing::Waiting,
            "Failed" | "Cancelled" | "Expired" => Standing::Failed,
            _ => return self.calls.unclear(response),
        };
        let info = format!("refund is {}", made.state);
        let report = self.calls.end(standing);
        if standing == Standing::Failed { report.with_info(info) } else { report }
    }
}

/// Whether what is kept there is a payment of ours.
fn is_kept_for(payment: &Payment, kept: &Kept) -> bool {
    let order = &kept.order_details;
    is_amount(payment, Some(order.amount), &order.currency)
        && is_number(payment, order.reference.as_deref())
}
