//! What happens to hosted pages: they are made, opened, paid at and closed.

use serde_json::{Value, json};

use super::error::Fault;
use super::hosted::{Hosted, PlaceOrder, Status, check_addresses};
use super::{Klarna, Outcome, body};
use crate::agenda::Due;
use crate::backstage::Backstage;
use crate::fields::{integer, text};
use crate::plan::{Course, Ending};
use crate::psp::PspName;
use crate::time;
use crate::wire::{WireAnswer, WireRequest};

impl Klarna {
    pub(super) fn create_page(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let mut page = match self.new_page(request, backstage, now_ms) {
            Ok(page) => page,
            Err(fault) => return Some(fault.answer(backstage)),
        };
        let reference = text(&page.order, "merchant_reference1").unwrap_or_default().to_owned();
        page.plan = match backstage.next_course(&reference) {
            Course::Lost => return None,
            Course::Refused => {
                let fault = Fault::forbidden("REJECTED", "The merchant cannot sell this");
                return Some(fault.answer(backstage));
            }
            Course::Done(plan) => plan,
        };
        page.is_found = page.plan.is_page_found;
        let answer = creation(&page, &request.base(PspName::Klarna));
        let (id, plan, expires_ms) = (page.id.clone(), page.plan, page.expires_ms());
        let due = Due::Payment(id.clone());
        if let Some(forgotten) = self.pages.put(&id, reference, page) {
            backstage.agenda.cancel(&Due::Payment(forgotten));
        }
        if plan.is_at_once {
            let mark = backstage.outbox.mark();
            self.end(&id, plan.ending, backstage, now_ms);
            backstage.press(mark);
        } else {
            let found_ms = now_ms.saturating_add(backstage.latency_ms);
            let acts_ms = found_ms.saturating_add(plan.delay_ms).min(expires_ms);
            backstage.agenda.plan(&due, if plan.is_page_found { acts_ms } else { expires_ms });
        }
        plan.pass(answer)
    }

    /// A page as the merchant asks for it. Its plan is still to come.
    fn new_page(
        &self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<Hosted, Fault> {
        let body = body(request)?;
        let missing = || Fault::bad_values(vec!["payment_session_url".to_owned()]);
        let session_url = text(&body, "payment_session_url").ok_or_else(missing)?;
        let session_id = session_url.rsplit('/').next().unwrap_or_default();
        let session = self.sessions.get(session_id).ok_or(Fault::not_found("NOT_FOUND"))?;
        if session.is_complete {
            return Err(Fault::not_found("SESSION_COMPLETED"));
        }
        let mode = PlaceOrder::read(&body)?;
        let urls = body.get("merchant_urls").cloned().unwrap_or(Value::Null);
        check_addresses(&urls)?;
        Ok(Hosted {
            id: backstage.ids.uuid(),
            session_id: session_id.to_owned(),
            order: session.order.clone(),
            mode,
            urls,
            plan: crate::plan::UNTOLD,
            status: Status::Waiting,
            is_found: false,
            created_ms: now_ms,
            updated_ms: now_ms,
            order_id: None,
            authorization_token: None,
            klarna_reference: None,
        })
    }

    /// A person opens the page.
    pub(super) fn enter(&mut self, id: &str, backstage: &mut Backstage, now_ms: i64) {
        let Some(page) = self.pages.get_mut(id) else { return };
        if page.status == Status::Waiting {
            page.status = Status::InProgress;
            page.updated_ms = now_ms;
            self.tell(id, backstage, now_ms);
        }
    }

    /// Ends a page that is open.
    pub(super) fn end(&mut self, id: &str, ending: Ending, backstage: &mut Backstage, at_ms: i64) {
        let Some(page) = self.pages.get_mut(id).filter(|page| page.is_open()) else { return };
        page.status = Status::of(ending);
        page.updated_ms = at_ms;
        let mode = page.mode;
        if page.status == Status::Completed {
            let session = self.sessions.get_mut(&page.session_id);
            let was_complete = session.as_ref().is_some_and(|session| session.is_complete);
            if was_complete {
                // Several pages may be made for one session. One of them can be paid at.
                page.status = Status::Disabled;
            } else {
                if let Some(session) = session {
                    session.is_complete = true;
                }
                self.authorize(id, mode, backstage, at_ms);
            }
        }
        self.tell(id, backstage, at_ms);
    }

    fn authorize(&mut self, id: &str, mode: PlaceOrder, backstage: &mut Backstage, at_ms: i64) {
        match mode {
            PlaceOrder::None => {
                let token = backstage.ids.uuid();
                if let Some(page) = self.pages.get_mut(id) {
                    page.authorization_token = Some(token.clone());
                }
                self.pages.name(id, &token);
            }
            PlaceOrder::Place => self.place_for_page(id, false, backstage, at_ms),
            PlaceOrder::Capture => self.place_for_page(id, true, backstage, at_ms),
        }
    }

    fn place_for_page(
        &mut self,
        id: &str,
        is_captured: bool,
        backstage: &mut Backstage,
        at_ms: i64,
    ) {
        let Some(order) = self.pages.get(id).map(|page| page.order.clone()) else { return };
        let order_id = self.place(&order, is_captured, backstage, at_ms);
        let klarna_reference =
            self.orders.get(&order_id).map(|order| order.klarna_reference.clone());
        if let Some(page) = self.pages.get_mut(id) {
            page.order_id = Some(order_id);
            page.klarna_reference = klarna_reference;
        }
    }

    /// Posts the callback that says where a page stands.
    fn tell(&self, id: &str, backstage: &mut Backstage, at_ms: i64) {
        let Some(page) = self.pages.get(id) else { return };
        let event_id = backstage.ids.uuid();
        if let Some(letter) = page.letter(&event_id) {
            backstage.outbox.post(&letter, page.plan.copies, at_ms);
        }
    }

    /// The merchant closes a page.
    pub(super) fn disable(&mut self, id: &str, backstage: &mut Backstage, now_ms: i64) -> Outcome {
        let page = self.pages.get_mut(id).ok_or(Fault::not_found("NOT_FOUND"))?;
        if page.status == Status::Completed {
            return Err(Fault::new(400, "BAD_REQUEST", "The session is completed"));
        }
        if page.is_open() {
            page.status = Status::Disabled;
            page.updated_ms = now_ms;
            backstage.agenda.cancel(&Due::Payment(id.to_owned()));
            self.tell(id, backstage, now_ms);
        }
        Ok(WireAnswer::empty(204))
    }

    /// The merchant has the address sent to the payer, who then has it.
    pub(super) fn distribute(
        &mut self,
        id: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Outcome {
        let body = body(request)?;
        let page = self.pages.get_mut(id).ok_or(Fault::not_found("NOT_FOUND"))?;
        if !matches!(text(&body, "method"), Some("sms" | "email" | "token")) {
            return Err(Fault::bad_values(vec!["method".to_owned()]));
        }
        if !page.is_open() {
            return Err(Fault::new(400, "BAD_REQUEST", "The session is over"));
        }
        if !page.is_found {
            page.is_found = true;
            let acts_ms = now_ms.saturating_add(page.plan.delay_ms).min(page.expires_ms());
            backstage.agenda.plan(&Due::Payment(id.to_owned()), acts_ms);
        }
        Ok(WireAnswer::empty(201))
    }

    /// The merchant places the order that a page has authorized.
    pub(super) fn place_authorized(
        &mut self,
        token: &str,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Outcome {
        let body = body(request)?;
        let is_open = |page: &&Hosted| {
            page.authorization_token.as_deref() == Some(token) && page.order_id.is_none()
        };
        let page = self.pages.get(token).filter(is_open).ok_or(Fault::not_found("NOT_FOUND"))?;
        let is_same = integer(&body, "order_amount") == integer(&page.order, "order_amount")
            && text(&body, "purchase_currency") == text(&page.order, "purchase_currency");
        if !is_same {
            let message = "The order differs from the session";
            return Err(Fault::new(409, "BAD_VALUE", message));
        }
        let is_captured = body.get("auto_capture").and_then(Value::as_bool).unwrap_or(false);
        let (id, redirect_url) = (page.id.clone(), page.leads_to());
        self.place_for_page(&id, is_captured, backstage, now_ms);
        let order_id = self.pages.get(&id).and_then(|page| page.order_id.clone());
        let answer = json!({
            "order_id": order_id,
            "redirect_url": redirect_url,
            "fraud_status": "ACCEPTED",
            "authorized_payment_method": { "type": "invoice", "number_of_installments": 1 },
        });
        Ok(WireAnswer::json(200, &answer))
    }

    /// The merchant gives up an authorization.
    pub(super) fn drop_authorization(&mut self, token: &str, now_ms: i64) -> Outcome {
        let is_open = |page: &&mut Hosted| {
            page.authorization_token.as_deref() == Some(token) && page.order_id.is_none()
        };
        let page =
            self.pages.get_mut(token).filter(is_open).ok_or(Fault::not_found("NOT_FOUND"))?;
        page.authorization_token = None;
        page.status = Status::Disabled;
        page.updated_ms = now_ms;
        Ok(WireAnswer::empty(204))
    }
}

/// The answer to the making of a page.
fn creation(page: &Hosted, base: &str) -> WireAnswer {
    let session_url = format!("{base}/hpp/v1/sessions/{}", page.id);
    let page_url = format!("{base}/pay/{}", page.id);
    let answer = json!({
        "session_id": page.id,
        "redirect_url": page_url,
        "session_url": session_url,
        "qr_code_url": page_url,
        "distribution_url": format!("{session_url}/distribution"),
        "manual_identification_check_url": format!("{session_url}/manual-id-check"),
        "expires_at": time::text(page.expires_ms()),
        "distribution_module": { "generation_url": page_url },
    });
    WireAnswer::json(201, &answer)
}
