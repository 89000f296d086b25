//! What happens to the money of a payment: charges, cancels and refunds.

use serde_json::{Map, Value, json};

use super::check::check_items;
use super::error::{
    CHARGE_NOT_FOUND, Code, Fault, INVALID_REFUND, OTHER_CHARGE, OTHER_REFUND,
    REFUND_CANCEL_FAILED, REFUND_FAILED,
};
use super::payment::{Charge, Refund, RefundState};
use super::webhook::{self, Event};
use super::{Easy, Owner, event_amount, object, settle};
use crate::agenda::Due;
use crate::backstage::Backstage;
use crate::fields::{integer, list, text};
use crate::machine::Reply;
use crate::plan::{Course, Ending, Plan};
use crate::wire::{WireAnswer, WireRequest};

impl Easy {
    pub(super) fn charge(
        &mut self,
        id: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let said = match Said::read(id, request) {
            Ok(said) => said,
            Err(fault) => return Some(fault.answer()),
        };
        if let Some(answer) = said.replay(OTHER_CHARGE, backstage) {
            return Some(answer);
        }
        let answer = self.charge_once(id, &said, backstage, now_ms);
        settle(answer.map(Reply::Answered), said.key(), &said.what, backstage)
    }

    fn charge_once(
        &mut self,
        id: &str,
        said: &Said,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<WireAnswer, Fault> {
        let payment = self.payments.get(id).ok_or(Fault::Missing)?;
        payment.check_charge(said.amount_minor)?;
        check_items(&said.body, said.amount_minor)?;
        let charge_id =
            self.add_charge(id, said.amount_minor, said.body.clone(), backstage, now_ms);
        Ok(WireAnswer::json(201, &json!({ "chargeId": charge_id })))
    }

    /// Charges what is known to be reserved.
    pub(super) fn add_charge(
        &mut self,
        id: &str,
        amount_minor: i64,
        body: Value,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> String {
        let charge_id = backstage.ids.hex();
        let Some(payment) = self.payments.get_mut(id) else { return charge_id };
        let items = match list(&body, "orderItems") {
            [] => payment.body.get("order").and_then(|order| order.get("items")).cloned(),
            items => Some(Value::Array(items.to_vec())),
        };
        let mut data = event_amount(amount_minor, payment.currency());
        data.insert("chargeId".to_owned(), json!(charge_id));
        data.insert("orderItems".to_owned(), items.unwrap_or_default());
        let charge = Charge { id: charge_id.clone(), amount_minor, at_ms: now_ms, body };
        payment.charges.push(charge);
        self.owners.put(&charge_id, "", Owner(id.to_owned()));
        for name in ["payment.charge.created", "payment.charge.created.v2"] {
            self.tell(id, name, data.clone(), backstage, now_ms);
        }
        charge_id
    }

    pub(super) fn cancel(
        &mut self,
        id: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<WireAnswer, Fault> {
        let body = object(request)?;
        let payment = self.payments.get_mut(id).ok_or(Fault::Missing)?;
        let amount_minor = amount(&body)?;
        payment.cancel(amount_minor)?;
        let mut data = event_amount(amount_minor, payment.currency());
        data.insert("cancelId".to_owned(), json!(backstage.ids.hex()));
        for name in ["payment.cancel.created", "payment.cancel.created.v2"] {
            self.tell(id, name, data.clone(), backstage, now_ms);
        }
        Ok(WireAnswer::empty(204))
    }

    /// Gives back of a payment, or of one of its charges.
    pub(super) fn refund(
        &mut self,
        id: &str,
        charge_id: Option<&str>,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let said = match Said::read(charge_id.unwrap_or(id), request) {
            Ok(said) => said,
            Err(fault) => return Some(fault.answer()),
        };
        if let Some(answer) = said.replay(OTHER_REFUND, backstage) {
            return Some(answer);
        }
        let reply = self.refund_once(id, charge_id, &said, backstage, now_ms);
        settle(reply, said.key(), &said.what, backstage)
    }

    fn refund_once(
        &mut self,
        id: &str,
        charge_id: Option<&str>,
        said: &Said,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<Reply, Fault> {
        let payment = self.payments.get_mut(id);
        if payment.is_none() && charge_id.is_some() {
            return Err(Fault::Business(CHARGE_NOT_FOUND));
        }
        let payment = payment.ok_or(Fault::Missing)?;
        payment.check_refund(said.amount_minor)?;
        let charge = payment.charges.iter().find(|charge| Some(charge.id.as_str()) == charge_id);
        if charge.is_some_and(|charge| charge.amount_minor < said.amount_minor) {
            return Err(Fault::Business(INVALID_REFUND));
        }
        check_items(&said.body, said.amount_minor)?;
        let reference = text(&said.body, "myReference").map(str::to_owned);
        let known_as = reference.clone().unwrap_or_default();
        let plan = match backstage.next_course(&known_as) {
            Course::Refused => return Err(Fault::Business(REFUND_FAILED)),
            Course::Lost => return Ok(Reply::RequestLost),
            Course::Done(plan) => plan,
        };
        let refund_id = backstage.ids.hex();
        payment.refunds.push(Refund {
            id: refund_id.clone(),
            amount_minor: said.amount_minor,
            state: RefundState::Pending,
            changed_ms: now_ms,
            plan,
            reference,
        });
        if let Some(forgotten) = self.owners.put(&refund_id, known_as, Owner(id.to_owned())) {
            backstage.agenda.cancel(&Due::Refund(forgotten));
        }
        self.start_refund(&refund_id, plan, backstage, now_ms);
        Ok(plan.reply(WireAnswer::json(201, &json!({ "refundId": refund_id }))))
    }

    fn start_refund(&mut self, id: &str, plan: Plan, backstage: &mut Backstage, now_ms: i64) {
        let mark = backstage.outbox.mark();
        for name in ["payment.refund.initiated", "payment.refund.initiated.v2"] {
            self.tell_refund(id, name, None, backstage, now_ms);
        }
        if plan.is_at_once {
            self.finish_refund(id, backstage, now_ms);
            backstage.press(mark);
        } else {
            let at_ms = now_ms.saturating_add(plan.delay_ms);
            backstage.agenda.plan(&Due::Refund(id.to_owned()), at_ms);
        }
    }

    /// Ends a refund that is pending.
    pub(super) fn finish_refund(&mut self, id: &str, backstage: &mut Backstage, at_ms: i64) {
        let Some(refund) = self.refund_mut(id) else { return };
        if refund.state != RefundState::Pending {
            return;
        }
        refund.changed_ms = at_ms;
        if refund.plan.ending == Ending::Approved {
            refund.state = RefundState::Completed;
            self.tell_refund(id, "payment.refund.completed", None, backstage, at_ms);
        } else {
            refund.state = RefundState::Failed;
            let why = Some(REFUND_FAILED);
            self.tell_refund(id, "payment.refund.failed", why, backstage, at_ms);
        }
    }

    /// The merchant takes a refund back that is pending.
    pub(super) fn cancel_refund(
        &mut self,
        id: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<WireAnswer, Fault> {
        let refund = self.refund_mut(id).ok_or(Fault::Missing)?;
        if refund.state != RefundState::Pending {
            return Err(Fault::Business(REFUND_CANCEL_FAILED));
        }
        refund.state = RefundState::Cancelled;
        refund.changed_ms = now_ms;
        backstage.agenda.cancel(&Due::Refund(id.to_owned()));
        Ok(WireAnswer::empty(204))
    }

    fn tell_refund(
        &self,
        id: &str,
        name: &'static str,
        why: Option<Code>,
        backstage: &mut Backstage,
        at_ms: i64,
    ) {
        let Some(payment) = self.owners.get(id).and_then(|owner| self.payments.get(&owner.0))
        else {
            return;
        };
        let Some(refund) = payment.refunds.iter().find(|refund| refund.id == id) else { return };
        let mut data: Map<String, Value> = event_amount(refund.amount_minor, payment.currency());
        data.insert("refundId".to_owned(), json!(id));
        data.insert("myReference".to_owned(), json!(refund.reference));
        if let Some(code) = why {
            data.insert("error".to_owned(), code.to_json());
        }
        let copies = refund.plan.copies;
        let event = Event { name, data, payment_id: &payment.id, copies, at_ms };
        webhook::post(&payment.webhooks, event, backstage);
    }

    fn refund_mut(&mut self, id: &str) -> Option<&mut Refund> {
        let owner = self.owners.get(id)?;
        let payment = self.payments.get_mut(&owner.0)?;
        payment.refunds.iter_mut().find(|refund| refund.id == id)
    }
}

/// What a charge or refund says.
struct Said {
    body: Value,
    amount_minor: i64,
    /// The idempotency key, with whose it is.
    key: Option<String>,
    /// What a repetition with the same key is compared with.
    what: String,
}

impl Said {
    fn read(about: &str, request: &WireRequest) -> Result<Said, Fault> {
        let body = object(request)?;
        let amount_minor = amount(&body)?;
        let key = request.header("idempotency-key");
        if key.is_some_and(|key| key.is_empty() || key.len() > 64) {
            return Err(Fault::field("Idempotency-Key", "From 1 to 64 characters"));
        }
        let merchant = request.header("authorization").unwrap_or_default();
        let key = key.map(|key| format!("{merchant} {key}"));
        let what = format!("{about} {amount_minor}");
        Ok(Said { body, amount_minor, key, what })
    }

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The answer that was given to the same key before; `otherwise` where it was asked for
    /// something else.
    fn replay(&self, otherwise: Code, backstage: &Backstage) -> Option<WireAnswer> {
        let given = backstage.replays.get(self.key()?)?;
        if given.request == self.what {
            Some(given.answer.clone())
        } else {
            Some(Fault::Business(otherwise).answer())
        }
    }
}

fn amount(body: &Value) -> Result<i64, Fault> {
    integer(body, "amount").ok_or_else(|| Fault::field("amount", "A whole number"))
}
