//! Klarna: payments sessions, hosted payment pages and order management.
//!
//! A hosted page takes the script, since it is what a payer can pay at. Its payer decides once: a
//! page that was declined or failed is not tried again, unlike at the real one. A refund is
//! decided at once, so that every ending but success is a refusal, and nothing is called back. A
//! page that was open for too long reads `DISABLED`, and its callback says `TIMEOUT`. The address
//! of the QR code is the page's own. What is not here, such as customer tokens, answers 404.

mod error;
mod hosted;
mod order;
mod pages;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::agenda::Due;
use crate::backstage::Backstage;
use crate::fields::{integer, text};
use crate::machine::{Machine, Reply};
use crate::page::{Choice, Page};
use crate::plan::{Course, Ending};
use crate::psp::PspName;
use crate::shelf::{Forgettable, Shelf};
use crate::truth::{Effect, Standing, Truth};
use crate::wire::{WireAnswer, WireRequest};

use error::Fault;
use hosted::Hosted;
use order::{AUTHORIZATION_MS, Movement, Order};
use session::Session;

/// What a call comes to.
type Outcome = Result<WireAnswer, Fault>;

/// Klarna.
pub(crate) struct Klarna {
    sessions: Shelf<Session>,
    pages: Shelf<Hosted>,
    orders: Shelf<Order>,
    refunds: Shelf<Refunded>,
}

/// A refund's amount, in minor units.
struct Refunded(i64);

impl Forgettable for Refunded {
    fn is_at_rest(&self) -> bool {
        true
    }
}

impl Machine for Klarna {
    fn answer(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let credentials =
            request.header("authorization").and_then(|all| all.strip_prefix("Basic "));
        if credentials.is_none_or(|credentials| credentials.trim().is_empty()) {
            return Some(Fault::new(401, "UNAUTHORIZED", "Unauthorized").answer(backstage));
        }
        let segments = request.segments();
        match segments.as_slice() {
            ["hpp", "v1", "sessions"] if request.method == "POST" => {
                self.create_page(request, backstage, now_ms)
            }
            ["ordermanagement", "v1", "orders", id, rest @ ..] if request.method != "GET" => {
                self.write_order(id, rest, request, backstage, now_ms)
            }
            _ => {
                let outcome = self.answer_plainly(&segments, request, backstage, now_ms);
                Some(outcome.unwrap_or_else(|fault| fault.answer(backstage)))
            }
        }
    }

    fn happen(&mut self, due: &Due, backstage: &mut Backstage, at_ms: i64) {
        match due {
            Due::Payment(id) => {
                let Some(page) = self.pages.get(id) else { return };
                let is_over = at_ms >= page.expires_ms();
                let ending = if is_over { Ending::Expired } else { page.plan.ending };
                self.end(id, ending, backstage, at_ms);
            }
            Due::Order(id) => {
                if let Some(order) = self.orders.get_mut(id) {
                    order.expire();
                }
            }
            Due::Refund(_) => {}
        }
    }

    fn open(&mut self, id: &str, backstage: &mut Backstage, now_ms: i64) -> Option<Page> {
        self.enter(id, backstage, now_ms);
        let page = self.pages.get(id)?;
        let ordered = |name| text(&page.order, name).unwrap_or_default().to_owned();
        Some(Page {
            amount_minor: integer(&page.order, "order_amount").unwrap_or(0),
            currency: ordered("purchase_currency"),
            reference: ordered("merchant_reference1"),
            outcome: (!page.is_open()).then(|| page.status.as_str().to_lowercase()),
            leads_to: page.leads_to(),
        })
    }

    fn choose(&mut self, id: &str, choice: Choice, backstage: &mut Backstage, now_ms: i64) {
        backstage.agenda.cancel(&Due::Payment(id.to_owned()));
        self.end(id, choice.ending(), backstage, now_ms);
    }

    fn truth(&self, reference: &str) -> Option<Truth> {
        let pages = self.pages.about(reference).map(|(_, page)| {
            let order = page.order_id.as_ref().and_then(|id| self.orders.get(id));
            order.map_or_else(|| page.truth(), Order::truth)
        });
        let orders = self.orders.about(reference).map(|(_, order)| order.truth());
        let refunds = self.refunds.about(reference).map(|(_, refund)| Truth {
            refunded: Effect::once(refund.0),
            ..Truth::standing(Standing::Paid)
        });
        Truth::of_all(pages).or_else(|| Truth::of_all(orders)).or_else(|| Truth::of_all(refunds))
    }
}

impl Klarna {
    pub(crate) fn new() -> Klarna {
        Klarna {
            sessions: Shelf::new(),
            pages: Shelf::new(),
            orders: Shelf::new(),
            refunds: Shelf::new(),
        }
    }

    /// Answers what takes no script and no key.
    fn answer_plainly(
        &mut self,
        segments: &[&str],
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Outcome {
        match (request.method.as_str(), segments) {
            ("POST", ["payments", "v1", "sessions"]) => {
                self.create_session(request, backstage, now_ms)
            }
            ("POST", ["payments", "v1", "sessions", id]) => self.update_session(id, request),
            ("GET", ["payments", "v1", "sessions", id]) => {
                let session = self.sessions.get(id).ok_or(Fault::not_found("NOT_FOUND"))?;
                Ok(WireAnswer::json(200, &session.to_json()))
            }
            ("POST", ["payments", "v1", "authorizations", token, "order"]) => {
                self.place_authorized(token, request, backstage, now_ms)
            }
            ("DELETE", ["payments", "v1", "authorizations", token]) => {
                self.drop_authorization(token, now_ms)
            }
            ("GET", ["hpp", "v1", "sessions", id]) => {
                let page = self.pages.get(id).ok_or(Fault::not_found("NOT_FOUND"))?;
                Ok(WireAnswer::json(200, &page.to_json()))
            }
            ("DELETE", ["hpp", "v1", "sessions", id]) => self.disable(id, backstage, now_ms),
            ("POST", ["hpp", "v1", "sessions", id, "distribution"]) => {
                self.distribute(id, request, backstage, now_ms)
            }
            ("GET", ["ordermanagement", "v1", "orders", id, rest @ ..]) => {
                self.read_order(id, rest)
            }
            _ => Err(Fault::not_found("NOT_FOUND")),
        }
    }

    fn create_session(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Outcome {
        let order = body(request)?;
        session::check(&order)?;
        let id = backstage.ids.uuid();
        let session = Session {
            order: Arc::new(order),
            client_token: backstage.ids.hex(),
            created_ms: now_ms,
            is_complete: false,
        };
        let answer = json!({
            "session_id": id,
            "client_token": session.client_token,
            "payment_method_categories": [
                { "identifier": "pay_later", "name": "Pay later" },
                { "identifier": "pay_over_time", "name": "Pay over time" },
            ],
        });
        self.sessions.put(&id, "", session);
        Ok(WireAnswer::json(200, &answer))
    }

    fn update_session(&mut self, id: &str, request: &WireRequest) -> Outcome {
        let session = self.sessions.get_mut(id).ok_or(Fault::not_found("NOT_FOUND"))?;
        if session.is_complete {
            return Err(Fault::not_found("SESSION_COMPLETED"));
        }
        let mut order = (*session.order).clone();
        if let (Some(fields), Value::Object(changes)) = (order.as_object_mut(), body(request)?) {
            fields.extend(changes);
        }
        session::check(&order)?;
        session.order = Arc::new(order);
        Ok(WireAnswer::empty(204))
    }

    /// Makes an order.
    fn place(
        &mut self,
        ordered: &Arc<Value>,
        is_captured: bool,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> String {
        let id = backstage.ids.uuid();
        let mut order = Order {
            id: id.clone(),
            ordered: Arc::clone(ordered),
            klarna_reference: backstage.ids.hex().to_uppercase().chars().take(8).collect(),
            captures: Vec::new(),
            refunds: Vec::new(),
            released_minor: 0,
            is_cancelled: false,
            is_expired: false,
            created_ms: now_ms,
            expires_ms: now_ms.saturating_add(AUTHORIZATION_MS),
        };
        if is_captured {
            order.captures.push(Movement {
                id: backstage.ids.uuid(),
                amount_minor: order.amount_minor(),
                at_ms: now_ms,
                body: Value::Null,
            });
        } else {
            backstage.agenda.plan(&Due::Order(id.clone()), order.expires_ms);
        }
        let reference = text(ordered, "merchant_reference1").unwrap_or_default();
        if let Some(forgotten) = self.orders.put(&id, reference, order) {
            backstage.agenda.cancel(&Due::Order(forgotten));
        }
        id
    }

    fn read_order(&self, id: &str, rest: &[&str]) -> Outcome {
        let order = self.orders.get(id).ok_or(Fault::not_found("NO_SUCH_ORDER"))?;
        let find = |movements: &[Movement], id: &str| {
            movements.iter().find(|movement| movement.id == id).cloned()
        };
        let read = match rest {
            [] => order.to_json(),
            ["captures"] => {
                order.captures.iter().map(|capture| order.capture_json(capture)).collect()
            }
            ["captures", id] => {
                let capture = find(&order.captures, id);
                order.capture_json(&capture.ok_or(Fault::not_found("NO_SUCH_CAPTURE"))?)
            }
            ["refunds", id] => {
                let refund = find(&order.refunds, id);
                refund.ok_or(Fault::not_found("NOT_FOUND"))?.refund_json()
            }
            _ => return Err(Fault::not_found("NOT_FOUND")),
        };
        Ok(WireAnswer::json(200, &read))
    }

    /// Changes an order, once for each idempotency key. Only the key counts, not the body.
    fn write_order(
        &mut self,
        id: &str,
        rest: &[&str],
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let key = request.header("klarna-idempotency-key").filter(|key| !key.is_empty());
        let merchant = request.header("authorization").unwrap_or_default();
        let key = key.map(|key| format!("{merchant} {key}"));
        if let Some(given) = key.as_ref().and_then(|key| backstage.replays.get(key)) {
            return Some(given.answer.clone());
        }
        let reply = if rest == ["refunds"] {
            self.refund(id, request, backstage, now_ms)
        } else {
            self.change_order(id, rest, request, backstage, now_ms).map(Reply::Answered)
        };
        let reply = reply.unwrap_or_else(|fault| Reply::Answered(fault.answer(backstage)));
        reply.settle(key.as_deref(), "", backstage)
    }

    fn change_order(
        &mut self,
        id: &str,
        rest: &[&str],
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Outcome {
        let order = self.orders.get_mut(id).ok_or(Fault::not_found("NO_SUCH_ORDER"))?;
        let mut answer = WireAnswer::empty(204);
        match (request.method.as_str(), rest) {
            ("POST", ["acknowledge"]) => {}
            ("POST", ["cancel"]) => order.cancel()?,
            ("POST", ["release-remaining-authorization"]) => order.release()?,
            ("POST", ["extend-authorization-time"]) => order.extend()?,
            ("POST", ["captures"]) => {
                let body = body(request)?;
                let amount_minor = order::amount(&body, "captured_amount")?;
                let capture_id = backstage.ids.uuid();
                let base = request.base(PspName::Klarna);
                let path = format!("ordermanagement/v1/orders/{id}/captures/{capture_id}");
                answer = WireAnswer::empty(201)
                    .with("capture-id", &capture_id)
                    .with("location", format!("{base}/{path}"));
                order.capture(Movement { id: capture_id, amount_minor, at_ms: now_ms, body })?;
            }
            _ => return Err(Fault::not_found("NOT_FOUND")),
        }
        let due = Due::Order(id.to_owned());
        if order.remaining_minor() == 0 {
            backstage.agenda.cancel(&due);
        } else {
            backstage.agenda.plan(&due, order.expires_ms);
        }
        Ok(answer)
    }

    fn refund(
        &mut self,
        id: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<Reply, Fault> {
        let order = self.orders.get_mut(id).ok_or(Fault::not_found("NO_SUCH_ORDER"))?;
        if request.method != "POST" {
            return Err(Fault::not_found("NOT_FOUND"));
        }
        let body = body(request)?;
        let amount_minor = order::amount(&body, "refunded_amount")?;
        order.check_refund(amount_minor)?;
        let reference = text(&body, "reference").unwrap_or_default().to_owned();
        let plan = match backstage.next_course(&reference) {
            Course::Lost => return Ok(Reply::RequestLost),
            Course::Done(plan) if plan.ending == Ending::Approved => plan,
            Course::Refused | Course::Done(_) => {
                backstage.refuse(&reference);
                return Err(Fault::forbidden("REFUND_NOT_ALLOWED", "The refund is not allowed"));
            }
        };
        let refund_id = backstage.ids.uuid();
        order.refund(Movement { id: refund_id.clone(), amount_minor, at_ms: now_ms, body })?;
        self.refunds.put(&refund_id, reference, Refunded(amount_minor));
        let base = request.base(PspName::Klarna);
        let location = format!("{base}/ordermanagement/v1/orders/{id}/refunds/{refund_id}");
        let answer =
            WireAnswer::empty(201).with("refund-id", &refund_id).with("location", location);
        Ok(plan.reply(answer))
    }
}

/// The body of a call that has one.
fn body(request: &WireRequest) -> Result<Value, Fault> {
    request.object().ok_or_else(|| Fault::new(400, "BAD_REQUEST", "The body is no JSON object"))
}
