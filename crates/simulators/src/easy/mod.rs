//! Nexi Checkout, formerly Nets Easy: payments on a hosted page, charges, cancels and refunds.
//!
//! The payer decides once: where a reservation failed, nobody tries again, unlike at the real one.
//! As there, such a payment reads as new, and only the webhook tells. A decline has the issuer's
//! code 33, a technical failure 1022. A payment that the payer gives up, or that is open for too
//! long, is terminated, of which no webhook tells; a payer who gives up comes to the shop's
//! `cancelUrl`. A partial charge or refund need not list its items.

mod check;
mod error;
mod movements;
mod payment;
#[cfg(test)]
mod tests;
mod webhook;

use serde_json::{Map, Value, json};

use crate::agenda::Due;
use crate::backstage::Backstage;
use crate::fields::{is_url, text};
use crate::machine::{Machine, Reply};
use crate::outbox::Letter;
use crate::page::{Choice, Page};
use crate::plan::{Course, Ending, Plan};
use crate::psp::PspName;
use crate::shelf::{Forgettable, Shelf};
use crate::truth::Truth;
use crate::wire::{WireAnswer, WireRequest};

use error::{ALREADY_RESERVED, Fault, HARD_DECLINE};
use payment::{Payment, Refund, State, failure};
use webhook::Event;

/// Nexi Checkout.
pub(crate) struct Easy {
    payments: Shelf<Payment>,
    /// Which payment a charge or refund belongs to.
    owners: Shelf<Owner>,
}

/// The id of the payment that a charge or refund belongs to.
struct Owner(String);

impl Forgettable for Owner {
    fn is_at_rest(&self) -> bool {
        true
    }
}

impl Machine for Easy {
    fn answer(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let key = request.header("authorization").unwrap_or_default();
        if key.is_empty() || key.contains(' ') {
            return Some(Fault::Unauthorized.answer());
        }
        let segments = request.segments();
        let outcome = match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["v1", "payments"]) => return self.create(request, backstage, now_ms),
            ("POST", ["v1", "payments", id, "charges"]) => {
                return self.charge(id, request, backstage, now_ms);
            }
            ("POST", ["v1", "payments", id, "refunds"]) => {
                return self.refund(id, None, request, backstage, now_ms);
            }
            ("POST", ["v1", "charges", charge_id, "refunds"]) => {
                let owner = self.owners.get(charge_id).map(|owner| owner.0.clone());
                let id = owner.unwrap_or_default();
                return self.refund(&id, Some(charge_id), request, backstage, now_ms);
            }
            ("GET", ["v1", "payments", id]) => self.read(id),
            ("PUT", ["v1", "payments", id, "terminate"]) => self.terminate(id, backstage, now_ms),
            ("PUT", ["v1", "payments", id, "referenceinformation"]) => {
                self.set_reference_information(id, request)
            }
            ("PUT", ["v1", "payments", id, "myreference"]) => self.set_my_reference(id, request),
            ("POST", ["v1", "payments", id, "cancels"]) => {
                self.cancel(id, request, backstage, now_ms)
            }
            ("POST", ["v1", "pending-refunds", refund_id, "cancel"]) => {
                self.cancel_refund(refund_id, backstage, now_ms)
            }
            _ => Err(Fault::Missing),
        };
        Some(outcome.unwrap_or_else(|fault| fault.answer()))
    }

    fn happen(&mut self, due: &Due, backstage: &mut Backstage, at_ms: i64) {
        match due {
            Due::Payment(id) => {
                let Some(payment) = self.payments.get(id) else { return };
                let is_over = at_ms >= payment.expires_ms();
                let ending = if is_over { Ending::Expired } else { payment.plan.ending };
                self.end(id, ending, backstage, at_ms);
            }
            Due::Refund(id) => self.finish_refund(id, backstage, at_ms),
            Due::Order(_) => {}
        }
    }

    fn open(&mut self, id: &str, _backstage: &mut Backstage, _now_ms: i64) -> Option<Page> {
        let payment = self.payments.get(id)?;
        let (outcome, address) = match payment.state {
            State::New => (None, None),
            State::Reserved => (Some("reserved"), Some("returnUrl")),
            State::Declined => (Some("declined"), Some("cancelUrl")),
            State::Failed => (Some("failed"), Some("cancelUrl")),
            State::Terminated => (Some("terminated"), Some("cancelUrl")),
            State::Expired => (Some("expired"), Some("cancelUrl")),
            State::Cancelled => (Some("cancelled by the shop"), Some("returnUrl")),
        };
        let address = address.and_then(|name| payment.checkout_field(name)?.as_str());
        Some(Page {
            amount_minor: payment.amount_minor(),
            currency: payment.currency().to_owned(),
            reference: payment.reference().to_owned(),
            outcome: outcome.map(str::to_owned),
            leads_to: address.map(|url| with_payment_id(url, id)),
        })
    }

    fn choose(&mut self, id: &str, choice: Choice, backstage: &mut Backstage, now_ms: i64) {
        backstage.agenda.cancel(&Due::Payment(id.to_owned()));
        self.end(id, choice.ending(), backstage, now_ms);
    }

    fn truth(&self, reference: &str) -> Option<Truth> {
        let payments = self.payments.about(reference).map(|(_, payment)| payment.truth());
        let refunds = self.owners.about(reference).filter_map(|(id, owner)| {
            let payment = self.payments.get(&owner.0)?;
            payment.refunds.iter().find(|refund| refund.id == id).map(Refund::truth)
        });
        Truth::of_all(payments).or_else(|| Truth::of_all(refunds))
    }
}

impl Easy {
    pub(crate) fn new() -> Easy {
        Easy { payments: Shelf::new(), owners: Shelf::new() }
    }

    fn create(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let body = match checked(request) {
            Ok(body) => body,
            Err(fault) => return Some(fault.answer()),
        };
        let reference = body.get("order").and_then(|order| text(order, "reference"));
        let reference = reference.unwrap_or_default().to_owned();
        let plan = match backstage.next_course(&reference) {
            Course::Refused => return Some(Fault::Business(HARD_DECLINE).answer()),
            Course::Lost => return None,
            Course::Done(plan) => plan,
        };
        let id = backstage.ids.hex();
        let mut answer = json!({ "paymentId": id });
        let checkout = body.get("checkout").unwrap_or(&Value::Null);
        if let Some(fields) = answer.as_object_mut()
            && text(checkout, "integrationType") == Some("HostedPaymentPage")
        {
            let url = format!("{}/pay/{id}", request.base(PspName::Easy));
            fields.insert("hostedPaymentPageUrl".to_owned(), json!(url));
        }
        self.take(&id, reference, body, plan, backstage, now_ms);
        plan.pass(WireAnswer::json(201, &answer))
    }

    fn take(
        &mut self,
        id: &str,
        reference: String,
        body: Value,
        plan: Plan,
        backstage: &mut Backstage,
        now_ms: i64,
    ) {
        let payment = Payment {
            id: id.to_owned(),
            webhooks: webhook::registered(&body),
            body,
            plan,
            state: State::New,
            created_ms: now_ms,
            terminated_ms: None,
            charges: Vec::new(),
            refunds: Vec::new(),
        };
        let expires_ms = payment.expires_ms();
        if let Some(forgotten) = self.payments.put(id, reference, payment) {
            backstage.agenda.cancel(&Due::Payment(forgotten));
        }
        let mark = backstage.outbox.mark();
        self.tell(id, "payment.created", Map::new(), backstage, now_ms);
        if plan.is_at_once {
            self.end(id, plan.ending, backstage, now_ms);
            backstage.press(mark);
            return;
        }
        let found_ms = now_ms.saturating_add(backstage.latency_ms);
        let acts_ms = found_ms.saturating_add(plan.delay_ms).min(expires_ms);
        let at_ms = if plan.is_page_found { acts_ms } else { expires_ms };
        backstage.agenda.plan(&Due::Payment(id.to_owned()), at_ms);
    }

    fn read(&self, id: &str) -> Result<WireAnswer, Fault> {
        let payment = self.payments.get(id).ok_or(Fault::Missing)?;
        Ok(WireAnswer::json(200, &payment.to_json()))
    }

    /// Ends a payment that nobody has decided on.
    fn end(&mut self, id: &str, ending: Ending, backstage: &mut Backstage, at_ms: i64) {
        let Some(payment) = self.payments.get_mut(id) else { return };
        if payment.state != State::New {
            return;
        }
        payment.end(ending, at_ms);
        let is_charged = payment.is_charged_at_once() && payment.state == State::Reserved;
        let amount_minor = payment.amount_minor();
        if let Some(code) = failure(payment.state) {
            let error = Map::from_iter([("error".to_owned(), code.to_json())]);
            return self.tell(id, "payment.reservation.failed", error, backstage, at_ms);
        }
        if payment.state == State::Terminated {
            return self.send_away(id, backstage, at_ms);
        }
        if payment.state != State::Reserved {
            return;
        }
        let amount = || event_amount(amount_minor, payment.currency());
        let (reserved, completed) = (amount(), amount());
        for name in ["payment.reservation.created", "payment.reservation.created.v2"] {
            self.tell(id, name, reserved.clone(), backstage, at_ms);
        }
        self.tell(id, "payment.checkout.completed", completed, backstage, at_ms);
        if is_charged {
            self.add_charge(id, amount_minor, Value::Null, backstage, at_ms);
        }
    }

    /// The payer who gives up is sent to the shop's page for that. The visit is posted, since a
    /// courier has no browser.
    fn send_away(&self, id: &str, backstage: &mut Backstage, at_ms: i64) {
        let Some(payment) = self.payments.get(id) else { return };
        let Some(url) = payment.checkout_field("cancelUrl").and_then(Value::as_str) else { return };
        let visit = Letter { url: url.to_owned(), headers: Vec::new(), body: String::new() };
        backstage.outbox.post(&visit, payment.plan.copies, at_ms);
    }

    fn terminate(
        &mut self,
        id: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<WireAnswer, Fault> {
        let payment = self.payments.get_mut(id).ok_or(Fault::Missing)?;
        match payment.state {
            State::Reserved | State::Cancelled => Err(Fault::Business(ALREADY_RESERVED)),
            State::New | State::Declined | State::Failed => {
                if payment.state == State::New {
                    payment.state = State::Terminated;
                }
                payment.terminated_ms = Some(now_ms);
                backstage.agenda.cancel(&Due::Payment(id.to_owned()));
                Ok(WireAnswer::empty(204))
            }
            State::Terminated | State::Expired => Ok(WireAnswer::empty(204)),
        }
    }

    fn set_reference_information(
        &mut self,
        id: &str,
        request: &WireRequest,
    ) -> Result<WireAnswer, Fault> {
        let body = object(request)?;
        let payment = self.payments.get_mut(id).ok_or(Fault::Missing)?;
        let url = text(&body, "checkoutUrl").filter(|url| is_url(url));
        let url = url.ok_or_else(|| Fault::field("checkoutUrl", "An address is required"))?;
        let reference = text(&body, "reference").unwrap_or_default();
        for (part, name, value) in [("checkout", "url", url), ("order", "reference", reference)] {
            if let Some(fields) = payment.body.get_mut(part).and_then(Value::as_object_mut) {
                fields.insert(name.to_owned(), json!(value));
            }
        }
        Ok(WireAnswer::empty(204))
    }

    fn set_my_reference(&mut self, id: &str, request: &WireRequest) -> Result<WireAnswer, Fault> {
        let body = object(request)?;
        let payment = self.payments.get_mut(id).ok_or(Fault::Missing)?;
        if let Some(fields) = payment.body.as_object_mut() {
            fields.insert("myReference".to_owned(), json!(text(&body, "myReference")));
        }
        Ok(WireAnswer::empty(204))
    }

    /// Posts an event of a payment to whoever registered for it.
    fn tell(
        &self,
        id: &str,
        name: &'static str,
        data: Map<String, Value>,
        backstage: &mut Backstage,
        at_ms: i64,
    ) {
        let Some(payment) = self.payments.get(id) else { return };
        let event = Event { name, data, payment_id: id, copies: payment.plan.copies, at_ms };
        webhook::post(&payment.webhooks, event, backstage);
    }
}

/// What comes of a call that may be repeated with the same key.
fn settle(
    reply: Result<Reply, Fault>,
    key: Option<&str>,
    request: &str,
    backstage: &mut Backstage,
) -> Option<WireAnswer> {
    let reply = reply.unwrap_or_else(|fault| Reply::Answered(fault.answer()));
    reply.settle(key, request, backstage)
}

/// The body of a new payment.
fn checked(request: &WireRequest) -> Result<Value, Fault> {
    let body = object(request)?;
    check::check(&body)?;
    Ok(body)
}

fn object(request: &WireRequest) -> Result<Value, Fault> {
    request.object().ok_or_else(|| Fault::field("", "The body is no JSON object"))
}

/// An event's amount.
fn event_amount(amount_minor: i64, currency: &str) -> Map<String, Value> {
    let amount = json!({ "amount": amount_minor, "currency": currency });
    Map::from_iter([("amount".to_owned(), amount)])
}

fn with_payment_id(url: &str, id: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}paymentid={id}")
}
