//! Swish for merchants: payment requests and refunds.
//!
//! What differs from the real one: a certificate is not asked for; a request is not refused with
//! RP06 because the same payer has another one open, which would surprise in demonstrations (as a
//! message, `RP06` asks for it); a refund is refused with RF02, RF03 or RF08 where its original
//! does not allow it, which the public simulator does not check; and a refund beside another one
//! that is under way is taken, where the rest of the amount suffices. `/pay/{id}` is the payer's
//! phone.

mod amount;
mod codes;
mod payment;
mod refund;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::agenda::Due;
use crate::backstage::Backstage;
use crate::fields::{is_made_of, text};
use crate::machine::Machine;
use crate::page::{Choice, Page};
use crate::plan::{Course, Ending, Plan};
use crate::psp::PspName;
use crate::shelf::Shelf;
use crate::truth::Truth;
use crate::wire::{WireAnswer, WireRequest};

use codes::{
    ACMT03, AM04, Code, PA01, RF02, RF03, RF06, RF08, RP07, RP09, Step, refusal, refusal_with,
    trigger,
};
use payment::{Order, Payment, Status};
use refund::{Refund, RefundOrder, RefundStatus};

/// How long a payment request is open, in milliseconds.
const SESSION_MS: i64 = 3 * 60 * 1000;

/// Swish.
pub(crate) struct Swish {
    payments: Shelf<Payment>,
    refunds: Shelf<Refund>,
}

impl Machine for Swish {
    fn answer(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let segments = request.segments();
        match (request.method.as_str(), segments.as_slice()) {
            ("PUT", ["v2", "paymentrequests", id]) => {
                self.create_payment(id, request, backstage, now_ms)
            }
            ("POST", ["v1", "paymentrequests"]) => {
                let id = backstage.ids.hex().to_uppercase();
                self.create_payment(&id, request, backstage, now_ms)
            }
            ("GET", ["v1", "paymentrequests", id]) => Some(self.read_payment(id)),
            ("PATCH", ["v1", "paymentrequests", id]) => {
                Some(self.cancel(id, request, backstage, now_ms))
            }
            ("PUT", ["v2", "refunds", id]) => self.create_refund(id, request, backstage, now_ms),
            ("POST", ["v1", "refunds"]) => {
                let id = backstage.ids.hex().to_uppercase();
                self.create_refund(&id, request, backstage, now_ms)
            }
            ("GET", ["v1", "refunds", id]) => Some(self.read_refund(id)),
            _ => Some(WireAnswer::empty(404)),
        }
    }

    fn happen(&mut self, due: &Due, backstage: &mut Backstage, at_ms: i64) {
        match due {
            Due::Payment(id) => {
                let Some(payment) = self.payments.get(id) else { return };
                let is_over = at_ms >= payment.created_ms.saturating_add(SESSION_MS);
                let ending = if is_over { Ending::Expired } else { payment.plan.ending };
                self.end(id, ending, backstage, at_ms);
            }
            Due::Refund(id) => self.step(id, backstage, at_ms),
            Due::Order(_) => {}
        }
    }

    fn open(&mut self, id: &str, _backstage: &mut Backstage, _now_ms: i64) -> Option<Page> {
        let payment = self.payments.get(id)?;
        Some(Page {
            amount_minor: payment.order.amount_minor,
            currency: "SEK".to_owned(),
            reference: payment.order.reference.clone().unwrap_or_default(),
            outcome: (payment.status != Status::Created)
                .then(|| payment.status.as_str().to_lowercase()),
            leads_to: None,
        })
    }

    fn choose(&mut self, id: &str, choice: Choice, backstage: &mut Backstage, now_ms: i64) {
        backstage.agenda.cancel(&Due::Payment(id.to_owned()));
        self.end(id, choice.ending(), backstage, now_ms);
    }

    fn truth(&self, reference: &str) -> Option<Truth> {
        let payments = self.payments.about(reference).map(|(_, payment)| payment.truth());
        let refunds = self.refunds.about(reference).map(|(_, refund)| refund.truth());
        Truth::of_all(payments).or_else(|| Truth::of_all(refunds))
    }
}

impl Swish {
    pub(crate) fn new() -> Swish {
        Swish { payments: Shelf::new(), refunds: Shelf::new() }
    }

    fn create_payment(
        &mut self,
        id: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let body = match self.body(id, request) {
            Ok(body) => body,
            Err(refusal) => return Some(refusal),
        };
        let order = match Order::read(&body) {
            Ok(order) => order,
            Err(wrong) => return Some(refusal(&wrong)),
        };
        let reference = order.reference.clone().unwrap_or_else(|| id.to_owned());
        if let Some(code) = refused_by_trigger(order.message.as_deref()) {
            backstage.refuse(&reference);
            return Some(refusal(&[code]));
        }
        let plan = match backstage.next_course(&reference) {
            Course::Refused => return Some(refusal(&[ACMT03])),
            Course::Lost => return None,
            Course::Done(plan) => plan,
        };
        let location = format!("{}/v1/paymentrequests/{id}", request.base(PspName::Swish));
        let mut answer = WireAnswer::empty(201).with("location", location);
        if order.payer_alias.is_none() {
            answer = answer.with("paymentrequesttoken", backstage.ids.hex());
        }
        self.take_payment(id, reference, order, plan, backstage, now_ms);
        plan.pass(answer)
    }

    fn take_payment(
        &mut self,
        id: &str,
        reference: String,
        order: Order,
        plan: Plan,
        backstage: &mut Backstage,
        now_ms: i64,
    ) {
        let payment = Payment {
            id: id.to_owned(),
            order,
            plan,
            status: Status::Created,
            error: None,
            created_ms: now_ms,
            paid_ms: None,
            bank_reference: String::new(),
            claimed_minor: 0,
            refunded: Vec::new(),
        };
        if let Some(forgotten) = self.payments.put(id, reference, payment) {
            backstage.agenda.cancel(&Due::Payment(forgotten));
        }
        if plan.is_at_once {
            let mark = backstage.outbox.mark();
            self.end(id, plan.ending, backstage, now_ms);
            backstage.press(mark);
        } else {
            let delay_ms = plan.delay_ms.min(SESSION_MS);
            backstage.agenda.plan(&Due::Payment(id.to_owned()), now_ms.saturating_add(delay_ms));
        }
    }

    fn read_payment(&self, id: &str) -> WireAnswer {
        let payment = self.payments.get(id);
        payment.map_or_else(
            || WireAnswer::empty(404),
            |payment| WireAnswer::json(200, &payment.to_json()),
        )
    }

    fn cancel(
        &mut self,
        id: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> WireAnswer {
        if !request.is_of_type("application/json-patch+json") {
            return WireAnswer::empty(415);
        }
        let patch: Vec<Value> = serde_json::from_str(&request.body).unwrap_or_default();
        if !patch.first().is_some_and(is_cancellation) {
            return refusal(&[PA01]);
        }
        let Some(payment) = self.payments.get_mut(id) else { return WireAnswer::empty(404) };
        if payment.status != Status::Created {
            return refusal(&[RP07]);
        }
        payment.status = Status::Cancelled;
        backstage.agenda.cancel(&Due::Payment(id.to_owned()));
        backstage.outbox.post(&payment.letter(), payment.plan.copies, now_ms);
        WireAnswer::json(200, &payment.to_json())
    }

    /// Ends a payment that is open.
    fn end(&mut self, id: &str, ending: Ending, backstage: &mut Backstage, at_ms: i64) {
        let Some(payment) = self.payments.get_mut(id) else { return };
        if payment.status != Status::Created {
            return;
        }
        payment.end(ending, backstage.ids.hex().to_uppercase(), at_ms);
        backstage.outbox.post(&payment.letter(), payment.plan.copies, at_ms);
        let bank_reference = payment.bank_reference.clone();
        if !bank_reference.is_empty() {
            self.payments.name(id, &bank_reference);
        }
    }

    fn create_refund(
        &mut self,
        id: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let body = match self.body(id, request) {
            Ok(body) => body,
            Err(refusal) => return Some(refusal),
        };
        let order = match RefundOrder::read(&body) {
            Ok(order) => order,
            Err(wrong) => return Some(refusal(&wrong)),
        };
        let reference = order.reference.clone().unwrap_or_else(|| id.to_owned());
        if let Some(code) = refused_by_trigger(order.message.as_deref()) {
            backstage.refuse(&reference);
            return Some(refusal(&[code]));
        }
        if let Some(refusal) = self.refund_fault(&order) {
            return Some(refusal);
        }
        let plan = match backstage.next_course(&reference) {
            Course::Refused => return Some(refusal(&[RF06])),
            Course::Lost => return None,
            Course::Done(plan) => plan,
        };
        let location = format!("{}/v1/refunds/{id}", request.base(PspName::Swish));
        self.take_refund(id, reference, order, plan, backstage, now_ms);
        plan.pass(WireAnswer::empty(201).with("location", location))
    }

    /// What the original says against a refund.
    fn refund_fault(&self, order: &RefundOrder) -> Option<WireAnswer> {
        let original = self.payments.get(&order.original);
        let is_payment = |payment: &&Payment| payment.bank_reference == order.original;
        let Some(original) = original.filter(is_payment) else { return Some(refusal(&[RF02])) };
        if original.order.payee_alias != order.payer_alias {
            return Some(refusal(&[RF03]));
        }
        let rest_minor = original.order.amount_minor.saturating_sub(original.claimed_minor);
        (order.amount_minor > rest_minor)
            .then(|| refusal_with(&[RF08], Some(&amount::text(rest_minor))))
    }

    fn take_refund(
        &mut self,
        id: &str,
        reference: String,
        order: RefundOrder,
        plan: Plan,
        backstage: &mut Backstage,
        now_ms: i64,
    ) {
        let asked_for = trigger(order.message.as_deref());
        let failure = asked_for.or((plan.ending != Ending::Approved).then_some(AM04));
        let original = self.payments.get_mut(&order.original);
        let payee_alias = original.and_then(|original| {
            original.claimed_minor = original.claimed_minor.saturating_add(order.amount_minor);
            original.order.payer_alias.clone()
        });
        let refund = Refund {
            id: id.to_owned(),
            order,
            plan,
            status: RefundStatus::Created,
            failure,
            payee_alias,
            created_ms: now_ms,
            paid_ms: None,
            bank_reference: backstage.ids.hex().to_uppercase(),
        };
        if let Some(forgotten) = self.refunds.put(id, reference, refund) {
            backstage.agenda.cancel(&Due::Refund(forgotten));
        }
        if plan.is_at_once {
            let mark = backstage.outbox.mark();
            while self.next_step_ms(id).is_some() {
                self.step(id, backstage, now_ms);
            }
            backstage.agenda.cancel(&Due::Refund(id.to_owned()));
            backstage.press(mark);
        } else if let Some(at_ms) = self.next_step_ms(id) {
            backstage.agenda.plan(&Due::Refund(id.to_owned()), at_ms);
        }
    }

    fn next_step_ms(&self, id: &str) -> Option<i64> {
        self.refunds.get(id)?.next_step_ms()
    }

    /// Moves a refund on by one step.
    fn step(&mut self, id: &str, backstage: &mut Backstage, at_ms: i64) {
        let Some(refund) = self.refunds.get_mut(id) else { return };
        refund.step(at_ms);
        if refund.is_told() {
            backstage.outbox.post(&refund.letter(), refund.plan.copies, at_ms);
        }
        if let Some(next_ms) = refund.next_step_ms() {
            backstage.agenda.plan(&Due::Refund(id.to_owned()), next_ms);
            return;
        }
        let amount_minor = refund.order.amount_minor;
        let Some(original) = self.payments.get_mut(&refund.order.original) else { return };
        if refund.status == RefundStatus::Paid {
            original.refunded.push(amount_minor);
        } else {
            original.claimed_minor = original.claimed_minor.saturating_sub(amount_minor);
        }
    }

    fn read_refund(&self, id: &str) -> WireAnswer {
        let refund = self.refunds.get(id);
        refund.map_or_else(
            || WireAnswer::empty(404),
            |refund| WireAnswer::json(200, &refund.to_json()),
        )
    }

    /// The body of a creating call under a new id.
    fn body(&self, id: &str, request: &WireRequest) -> Result<Value, WireAnswer> {
        if !request.is_of_type("application/json") {
            return Err(WireAnswer::empty(415));
        }
        let body = request.object().ok_or_else(|| WireAnswer::empty(400))?;
        let is_digit = |next: char| next.is_ascii_digit() || ('A'..='F').contains(&next);
        if !is_made_of(id, 32..=32, is_digit) {
            return Err(refusal(&[PA01]));
        }
        if self.payments.get(id).is_some() || self.refunds.get(id).is_some() {
            return Err(refusal(&[RP09]));
        }
        Ok(body)
    }
}

/// The refusal that a message asks for.
fn refused_by_trigger(message: Option<&str>) -> Option<Code> {
    trigger(message).filter(|code| code.step == Step::Create)
}

fn is_cancellation(operation: &Value) -> bool {
    text(operation, "op") == Some("replace")
        && text(operation, "path") == Some("/status")
        && text(operation, "value") == Some("cancelled")
}
