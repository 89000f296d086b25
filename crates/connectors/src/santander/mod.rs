//! Loans of Santander, over a neutral contract of our own (see `wire.rs`). A merchant's real
//! agreement needs an adapter that speaks this contract.
//!
//! An application is called by its order as well, which is the payment's number, so it can be found
//! even when the answer that named it was lost.

pub mod errors;
mod limits;
#[cfg(test)]
mod tests;
mod wire;

use std::ops::ControlFlow::Continue;

use payments::{Operation, Payment, Report, Standing};

use crate::agreement::{SANTANDER_MERCHANT_ID, SANTANDER_SECRET};
use crate::calls::{Calls, Errand, Flow, is_amount, is_number, not_captured};
use crate::exchange::{Request, Response, Verb};
use crate::idempotency;
use crate::request::segment;
use wire::Application;

/// Does a piece of work.
pub(crate) fn work(calls: &mut Calls<'_>) -> Flow<Report> {
    let merchant = calls.agreed(SANTANDER_MERCHANT_ID)?;
    let secret = calls.agreed(SANTANDER_SECRET)?;
    let errand = calls.errand()?;
    let mut santander = Santander { calls, merchant, secret };
    match errand {
        Errand::Pay => santander.pay(),
        Errand::Read => santander.read(),
        Errand::Capture(minor) => santander.deliver(minor),
        Errand::Cancel => santander.cancel(),
        Errand::GiveUp => santander.give_up(),
        Errand::Refund(original) => santander.refund(original),
        Errand::ReadRefund(original) => santander.read_refund(original),
    }
}

struct Santander<'c, 'w> {
    calls: &'c mut Calls<'w>,
    merchant: &'w str,
    secret: &'w str,
}

impl<'w> Santander<'_, 'w> {
    fn request(&self, verb: Verb, path: impl Into<String>) -> Request {
        Request::new(verb, path).with("authorization", format!("Bearer {}", self.secret))
    }

    /// A write, which is recognized when it comes again.
    fn write(&self, path: impl Into<String>) -> Request {
        let work = self.calls.work;
        let name = idempotency::name(work.payment, work.operation);
        self.request(Verb::Post, path).with("idempotency-key", name)
    }

    fn pay(&mut self) -> Flow<Report> {
        let work = self.calls.work;
        if work.payment.told.reference.is_some() {
            return self.read();
        }
        if let Some(info) = limits::broken(work.payment.amount) {
            return Continue(self.calls.rejected(info));
        }
        let body = wire::new_application(&work, self.merchant);
        let response = self.calls.act(self.write("/applications").json(&body))?;
        if response.is_refusal() {
            let info = errors::info(response);
            if !self.calls.is_repeated() {
                return Continue(self.calls.rejected(info));
            }
            // Perhaps it was begun by a request before, whose answer was lost.
            self.calls.told.info = Some(info);
            let mut report = self.read()?;
            if report.standing == Standing::Missing {
                report.standing = Standing::Refused;
            }
            return Continue(report);
        }
        let made = if response.status == 201 { response.read::<Application>() } else { None };
        Continue(match made {
            Some(application) => self.standing(&application, response),
            None => self.calls.unclear(response),
        })
    }

    fn read(&mut self) -> Flow<Report> {
        let payment = self.calls.work.payment;
        let Some(id) = &payment.told.reference else {
            return Continue(match self.find(payment)? {
                Ok((application, response)) => self.standing(&application, response),
                Err(report) => report,
            });
        };
        let path = format!("/applications/{}", segment(id));
        let response = self.calls.ask(self.request(Verb::Get, path))?;
        if response.status == 404 {
            return Continue(self.calls.end(Standing::Missing));
        }
        Continue(match response.read_ok::<Application>() {
            Some(application) => self.standing(&application, response),
            None => self.calls.unclear(response),
        })
    }

    /// Finds the application of a payment by its order.
    fn find(&mut self, payment: &Payment) -> Flow<Result<(Application, &'w Response), Report>> {
        let path = format!("/applications?orderId={}", payment.number);
        let response = self.calls.ask(self.request(Verb::Get, path))?;
        let Some(found) = response.read_ok::<wire::Found>() else {
            return Continue(Err(self.calls.unclear(response)));
        };
        let number = payment.number.to_string();
        let mut ours = found.applications.into_iter().filter(|found| found.order_id == number);
        Continue(match (ours.next(), ours.next()) {
            (Some(application), None) => Ok((application, response)),
            (None, _) => Err(self.calls.end(Standing::Missing)),
            (Some(_), Some(_)) => {
                let info = "the order has more than one application";
                Err(self.calls.end(Standing::Unknown).with_info(info))
            }
        })
    }

    /// What an application is called whose answer may have been lost.
    fn name_of(&mut self, payment: &Payment) -> Flow<Result<String, Report>> {
        if let Some(id) = &payment.told.reference {
            return Continue(Ok(id.clone()));
        }
        Continue(self.find(payment)?.map(|(application, _)| application.id))
    }

    fn standing(&mut self, application: &Application, response: &Response) -> Report {
        let payment = self.calls.work.payment;
        if !is_application_of(payment, application) {
            return self.calls.differs();
        }
        self.calls.told.reference = Some(application.id.clone());
        self.calls.told.redirect_url.clone_from(&application.redirect_url);
        let standing = match application.status.as_str() {
            "CREATED" | "WAITING_FOR_CONSUMER" | "WAITING_FOR_BANK" => Standing::Waiting,
            "APPROVED" => Standing::Reserved,
            "DECLINED" => Standing::Declined,
            "CANCELLED" => Standing::Cancelled,
            "EXPIRED" => Standing::Expired,
            "FAILED" => Standing::Failed,
            "DELIVERED" | "REFUNDED" => {
                let delivered = application.delivered_amount;
                return self.calls.taken(delivered.unwrap_or(application.amount));
            }
            _ => return self.calls.unclear(response),
        };
        self.calls.end(standing)
    }

    fn deliver(&mut self, minor: i64) -> Flow<Report> {
        let id = match self.name_of(self.calls.work.payment)? {
            Ok(id) => id,
            Err(report) => return Continue(report),
        };
        let request = self.write(format!("/applications/{}/deliver", segment(&id)));
        let response = self.calls.act(request.json(&wire::Deliver { amount: minor }))?;
        Continue(not_captured(self.after(response)?))
    }

    fn cancel(&mut self) -> Flow<Report> {
        let id = match self.name_of(self.calls.work.payment)? {
            Ok(id) => id,
            Err(report) => return Continue(report),
        };
        let response =
            self.calls.act(self.write(format!("/applications/{}/cancel", segment(&id))))?;
        self.after(response)
    }

    /// What is approved stays so.
    fn give_up(&mut self) -> Flow<Report> {
        let report = self.read()?;
        if report.standing == Standing::Waiting { self.cancel() } else { Continue(report) }
    }

    /// How the payment stands after a delivery or cancellation: as the answer says, or as reading
    /// it does where it was not possible.
    fn after(&mut self, response: &Response) -> Flow<Report> {
        if response.status < 300 {
            return Continue(match response.read_ok::<Application>() {
                Some(application) => self.standing(&application, response),
                None => self.calls.unclear(response),
            });
        }
        self.calls.told.info = Some(errors::info(response));
        self.read()
    }

    fn refund(&mut self, original: &Payment) -> Flow<Report> {
        let id = match self.name_of(original)? {
            Ok(id) => id,
            Err(report) => return Continue(self.without_application(&report)),
        };
        let refund = self.calls.work.payment;
        let reference = refund.instruction.clone();
        let body = wire::Refund { amount: refund.amount.total_minor, reference };
        let request = self.write(format!("/applications/{}/refund", segment(&id)));
        let response = self.calls.act(request.json(&body))?;
        if response.status < 300 {
            let mut report = self.find_refund(response, original);
            if report.standing == Standing::Missing {
                report.standing = Standing::Unknown;
            }
            return Continue(report);
        }
        let info = errors::info(response);
        if !self.calls.is_repeated() {
            let is_refusal = response.is_refusal() || response.status == 404;
            let report = self.calls.rejected(info);
            return Continue(if is_refusal { report } else { self.calls.unclear(response) });
        }
        self.calls.told.info = Some(info);
        let mut report = self.look_for_refund(&id, original)?;
        if report.standing == Standing::Missing {
            report.standing = Standing::Refused;
        }
        Continue(report)
    }

    fn read_refund(&mut self, original: &Payment) -> Flow<Report> {
        match self.name_of(original)? {
            Ok(id) => self.look_for_refund(&id, original),
            Err(report) => Continue(self.without_application(&report)),
        }
    }

    fn without_application(&self, original: &Report) -> Report {
        let info = "the original has no application";
        match (original.standing, self.calls.work.operation) {
            (Standing::Unknown, _) => original.clone(),
            (_, Operation::Create) => self.calls.rejected(info),
            (
                _,
                Operation::Read | Operation::Capture { .. } | Operation::Cancel | Operation::GiveUp,
            ) => self.calls.end(Standing::Missing).with_info(info),
        }
    }

    fn look_for_refund(&mut self, id: &str, original: &Payment) -> Flow<Report> {
        let path = format!("/applications/{}", segment(id));
        let response = self.calls.ask(self.request(Verb::Get, path))?;
        Continue(self.find_refund(response, original))
    }

    /// Looks for the refund among those of the application.
    fn find_refund(&mut self, response: &Response, original: &Payment) -> Report {
        let Some(application) = response.read_ok::<Application>() else {
            return self.calls.unclear(response);
        };
        if !is_application_of(original, &application) {
            return self.calls.differs();
        }
        let refund = self.calls.work.payment;
        let mut refunds = application.refunds.iter();
        let Some(made) = refunds.find(|made| made.reference == refund.instruction) else {
            return self.calls.end(Standing::Missing);
        };
        if !is_amount(refund, Some(made.amount), &application.currency) {
            return self.calls.differs();
        }
        self.calls.told.reference = Some(made.reference.clone());
        self.calls.told.info = None;
        self.calls.end(Standing::Paid)
    }
}

/// Whether an application is a payment's.
fn is_application_of(payment: &Payment, application: &Application) -> bool {
    is_amount(payment, Some(application.amount), &application.currency)
        && is_number(payment, Some(&application.order_id))
}
