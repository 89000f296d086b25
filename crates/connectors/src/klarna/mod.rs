//! Klarna: a session of Klarna Payments, shown by the Hosted Payment Page, which places the order;
//! captures, cancellations and refunds by Order Management.
//!
//! A session whose name was lost with the answer cannot be paid, because only that answer says
//! where the payer has to go. So a payment without a name is missing, and may be begun anew.

pub mod errors;
mod lines;
#[cfg(test)]
mod tests;
mod wire;

use std::ops::ControlFlow::Continue;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payments::{Operation, Payment, Report, Standing};

use crate::agreement::{KLARNA_MERCHANT_ID, KLARNA_PASSWORD};
use crate::calls::{Calls, Errand, Flow, is_amount, is_number, not_captured};
use crate::exchange::{Request, Response, Verb};
use crate::idempotency;
use crate::request::segment;
use wire::{HostedPage, Order, Session};

/// Does a piece of work.
pub(crate) fn work(calls: &mut Calls<'_>) -> Flow<Report> {
    let authorization = authorization(calls)?;
    let errand = calls.errand()?;
    let mut klarna = Klarna { calls, authorization };
    match errand {
        Errand::Pay => klarna.pay(),
        Errand::Read => klarna.read(),
        Errand::Capture(minor) => klarna.capture(minor),
        Errand::Cancel => klarna.cancel(),
        Errand::GiveUp => klarna.give_up(),
        Errand::Refund(original) => klarna.refund(original),
        Errand::ReadRefund(original) => klarna.read_refund(original),
    }
}

/// An API key stands alone; a password belongs to a user.
fn authorization(calls: &Calls<'_>) -> Flow<String> {
    let password = calls.agreed(KLARNA_PASSWORD)?;
    let has_user = calls.work.agreement.get(KLARNA_MERCHANT_ID).is_some_and(|id| !id.is_empty());
    let is_key = password.starts_with("klarna_") && password.contains("_api_");
    if is_key && !has_user {
        return Continue(format!("Basic {password}"));
    }
    let user = calls.agreed(KLARNA_MERCHANT_ID)?;
    Continue(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

struct Klarna<'c, 'w> {
    calls: &'c mut Calls<'w>,
    authorization: String,
}

impl<'w> Klarna<'_, 'w> {
    fn request(&self, verb: Verb, path: impl Into<String>) -> Request {
        Request::new(verb, path).with("authorization", self.authorization.clone())
    }

    /// A write of Order Management, which is recognized when it comes again.
    fn write(&self, order: &str, what: &str) -> Request {
        let Calls { work, .. } = &*self.calls;
        let path = format!("/ordermanagement/v1/orders/{}/{what}", segment(order));
        let name = idempotency::uuid(work.payment, work.operation);
        self.request(Verb::Post, path).with("klarna-idempotency-key", name)
    }

    fn pay(&mut self) -> Flow<Report> {
        let work = self.calls.work;
        if work.payment.told.reference.is_some() {
            // It is there: a second page could be paid as well.
            return self.read();
        }
        let request = self.request(Verb::Post, "/payments/v1/sessions");
        // Nothing comes of a session that no page shows.
        let response = self.calls.ask(request.json(&wire::new_session(work.payment)))?;
        let Some(session) = response.read_ok::<Session>() else {
            return Continue(self.not_begun(response));
        };
        let base = work.addresses.psp.trim_end_matches('/');
        let session = format!("{base}/payments/v1/sessions/{}", segment(&session.session_id));
        let request = self.request(Verb::Post, "/hpp/v1/sessions");
        let response = self.calls.act(request.json(&wire::new_page(&work, &session)))?;
        let page = if response.status == 201 { response.read::<wire::NewPage>() } else { None };
        let Some(page) = page else { return Continue(self.not_begun(response)) };
        self.calls.told.reference = Some(page.session_id);
        self.calls.told.redirect_url = Some(page.redirect_url);
        Continue(self.calls.end(Standing::Waiting))
    }

    fn not_begun(&self, response: &Response) -> Report {
        if response.is_refusal() || response.status == 404 {
            self.calls.no_page(errors::info(response))
        } else {
            self.calls.unclear(response)
        }
    }

    fn read(&mut self) -> Flow<Report> {
        match self.order_of(self.calls.work.payment)? {
            Ok(order) => self.read_order(&order),
            Err(report) => Continue(report),
        }
    }

    /// The order that a payment has become, or how the payment stands without one.
    fn order_of(&mut self, payment: &Payment) -> Flow<Result<String, Report>> {
        if let Some(order) = &payment.told.second_reference {
            return Continue(Ok(order.clone()));
        }
        let Some(page) = &payment.told.reference else {
            return Continue(Err(self.calls.end(Standing::Missing)));
        };
        let request = self.request(Verb::Get, format!("/hpp/v1/sessions/{}", segment(page)));
        let response = self.calls.ask(request)?;
        if response.status == 404 {
            return Continue(Err(self.calls.end(Standing::Missing)));
        }
        let Some(page) = response.read_ok::<HostedPage>() else {
            return Continue(Err(self.calls.unclear(response)));
        };
        if let (Some(order), "COMPLETED") = (page.order_id, page.status.as_str()) {
            return Continue(Ok(order));
        }
        let standing = match page.status.as_str() {
            "WAITING" | "IN_PROGRESS" | "MANUAL_ID_CHECK" | "BACK" => Standing::Waiting,
            "CANCELLED" => Standing::Cancelled,
            "FAILED" => Standing::Declined,
            "DISABLED" | "TIMEOUT" => Standing::Expired,
            "ERROR" => Standing::Failed,
            _ => return Continue(Err(self.calls.unclear(response))),
        };
        Continue(Err(self.calls.end(standing)))
    }

    fn get_order(&mut self, order: &str) -> Flow<&'w Response> {
        let path = format!("/ordermanagement/v1/orders/{}", segment(order));
        self.calls.ask(self.request(Verb::Get, path))
    }

    fn read_order(&mut self, id: &str) -> Flow<Report> {
        self.calls.told.second_reference = Some(id.to_owned());
        let response = self.get_order(id)?;
        // Klarna has named the order itself: that it cannot be found is no proof of anything.
        let Some(order) = response.read_ok::<Order>() else {
            return Continue(self.calls.unclear(response));
        };
        let payment = self.calls.work.payment;
        if !is_order_of(payment, &order) {
            return Continue(self.calls.differs());
        }
        self.calls.told.payer.clone_from(&order.klarna_reference);
        Continue(self.standing(&order, response))
    }

    fn standing(&self, order: &Order, response: &Response) -> Report {
        let calls = &self.calls;
        match (order.status.as_str(), order.captured_amount) {
            ("AUTHORIZED", 0) => calls.end(match order.fraud_status.as_deref() {
                Some("PENDING") => Standing::Waiting,
                Some("REJECTED") => Standing::Declined,
                Some(_) | None => Standing::Reserved,
            }),
            ("CANCELLED" | "CLOSED", 0) => calls.end(Standing::Cancelled),
            ("EXPIRED", 0) => calls.end(Standing::Expired),
            ("PART_CAPTURED" | "CAPTURED" | "CLOSED" | "EXPIRED", captured) => {
                calls.taken(captured)
            }
            _ => calls.unclear(response),
        }
    }

    fn capture(&mut self, minor: i64) -> Flow<Report> {
        let payment = self.calls.work.payment;
        let order = match self.order_of(payment)? {
            Ok(order) => order,
            Err(report) => return Continue(report),
        };
        self.calls.told.second_reference = Some(order.clone());
        let body = wire::Capture { captured_amount: minor, reference: payment.number.to_string() };
        let request = self.write(&order, "captures").json(&body);
        let response = self.calls.act(request)?;
        if response.status == 201 {
            return Continue(self.calls.end(Standing::Paid));
        }
        if response.status < 300 {
            return Continue(self.calls.unclear(response));
        }
        self.calls.told.info = Some(errors::info(response));
        Continue(not_captured(self.read_order(&order)?))
    }

    fn cancel(&mut self) -> Flow<Report> {
        if let Some(order) = &self.calls.work.payment.told.second_reference {
            return self.cancel_order(order);
        }
        let report = self.give_up()?;
        match self.calls.told.second_reference.clone() {
            // The payer was faster.
            Some(order) if report.standing == Standing::Reserved => self.cancel_order(&order),
            Some(_) | None => Continue(report),
        }
    }

    /// An order stays: only a page that nobody has paid on is taken away.
    fn give_up(&mut self) -> Flow<Report> {
        let payment = self.calls.work.payment;
        let (Some(page), None) = (&payment.told.reference, &payment.told.second_reference) else {
            return self.read();
        };
        let path = format!("/hpp/v1/sessions/{}", segment(page));
        let response = self.calls.act(self.request(Verb::Delete, path))?;
        if response.status != 204 && response.status < 300 {
            return Continue(self.calls.unclear(response));
        }
        let is_gone = response.status == 204;
        let mut report = self.read()?;
        let has_ended =
            matches!(report.standing, Standing::Waiting | Standing::Expired | Standing::Missing);
        if is_gone && has_ended {
            report.standing = Standing::Cancelled;
        }
        Continue(report)
    }

    fn cancel_order(&mut self, order: &str) -> Flow<Report> {
        self.calls.told.second_reference = Some(order.to_owned());
        let response = self.calls.act(self.write(order, "cancel"))?;
        if response.status == 204 {
            return Continue(self.calls.end(Standing::Cancelled));
        }
        if response.status < 300 {
            return Continue(self.calls.unclear(response));
        }
        self.calls.told.info = Some(errors::info(response));
        self.read_order(order)
    }

    fn refund(&mut self, original: &Payment) -> Flow<Report> {
        let order = match self.order_of(original)? {
            Ok(order) => order,
            Err(report) => return Continue(self.without_order(&report)),
        };
        let refund = self.calls.work.payment;
        let reference = refund.instruction.clone();
        let body = wire::Refund { refunded_amount: refund.amount.total_minor, reference };
        let request = self.write(&order, "refunds").json(&body);
        let response = self.calls.act(request)?;
        if response.status == 201 {
            let name = response.header("refund-id").or(response.located());
            self.calls.told.reference = Some(name.unwrap_or(&refund.instruction).to_owned());
            return Continue(self.calls.end(Standing::Paid));
        }
        let info = errors::info(response);
        let is_decided = errors::code(response).is_some() && response.status != 401;
        if response.status < 300 {
            return Continue(self.calls.unclear(response));
        }
        if !is_decided {
            return Continue(self.calls.rejected(info));
        }
        // Perhaps it was made by a request before, whose answer was lost.
        self.calls.told.info = Some(info);
        let mut report = self.find_refund(&order, original)?;
        if report.standing == Standing::Missing {
            report.standing = Standing::Refused;
        }
        Continue(report)
    }

    fn read_refund(&mut self, original: &Payment) -> Flow<Report> {
        match self.order_of(original)? {
            Ok(order) => self.find_refund(&order, original),
            Err(report) => Continue(self.without_order(&report)),
        }
    }

    /// A payment that is no order cannot have been paid, and nothing of it given back.
    fn without_order(&self, original: &Report) -> Report {
        let info = "the original has no order at Klarna";
        match (original.standing, self.calls.work.operation) {
            (Standing::Unknown, _) => original.clone(),
            (_, Operation::Create) => self.calls.rejected(info),
            (
                _,
                Operation::Read | Operation::Capture { .. } | Operation::Cancel | Operation::GiveUp,
            ) => self.calls.end(Standing::Missing).with_info(info),
        }
    }

    /// Looks for the refund among those of the order.
    fn find_refund(&mut self, id: &str, original: &Payment) -> Flow<Report> {
        let response = self.get_order(id)?;
        let Some(order) = response.read_ok::<Order>() else {
            return Continue(self.calls.unclear(response));
        };
        if !is_order_of(original, &order) {
            return Continue(self.calls.differs());
        }
        let refund = self.calls.work.payment;
        let is_it = |made: &&wire::MadeRefund| {
            made.reference.as_deref() == Some(refund.instruction.as_str())
        };
        let Some(made) = order.refunds.iter().find(is_it) else {
            return Continue(self.calls.end(Standing::Missing));
        };
        if !is_amount(refund, Some(made.refunded_amount), &order.purchase_currency) {
            return Continue(self.calls.differs());
        }
        let name = made.refund_id.as_ref().unwrap_or(&refund.instruction);
        self.calls.told.reference = Some(name.clone());
        self.calls.told.info = None;
        Continue(self.calls.end(Standing::Paid))
    }
}

/// Whether an order is a payment's.
fn is_order_of(payment: &Payment, order: &Order) -> bool {
    let minor = order.original_amount.or(order.amount);
    is_amount(payment, minor, &order.purchase_currency)
        && is_number(payment, order.merchant_reference1.as_deref())
}
