//! A neutral contract for loans with a redirect, in place of the bank's own, which is not public.
//!
//! - `POST /applications` with `merchantId`, `orderId`, `amount`, `currency`, `country`,
//!   `returnUrl`, `cancelUrl`, `callbackUrl`, and if need be `customer` and `orderLines`: 201 and
//!   the application, of which `redirectUrl` is where the applicant goes.
//! - `GET /applications/{id}`: 200 and the application.
//! - `GET /applications?orderId=`: 200 and `applications`, those of the same secret, oldest first.
//! - `POST /applications/{id}/deliver` with `amount`, in part or whole: 200 and the application.
//! - `POST /applications/{id}/cancel`: 200 and the application. After a delivery in part, the rest
//!   is let go.
//! - `POST /applications/{id}/refund` with `amount` and `reference`: 200 and the application, whose
//!   `refunds` have it.
//!
//! Amounts are minor units. Where there are order lines, each has a `grossAmount`, and they add up.
//! Loans are given in DK, FI, NO and SE, and have limits: 2,000 to 100,000 DKK, 300 to 7,500 EUR,
//! 1,990 to 50,000 NOK, 540 to 100,000 SEK.
//!
//! `Authorization: Bearer <merchant secret>`. Writes may carry an `Idempotency-Key`: the same key
//! with the same call and body is answered as before. Errors are `code` and `message`:
//! `INVALID_FIELD` 400, `UNAUTHORIZED` 401, `NOT_FOUND` 404, `NOT_ALLOWED` 409 (the status is
//! another), and 422 for `AMOUNT_LIMIT` (nothing so small or large is lent), `AMOUNT_EXCEEDED`
//! (more than is left), `KEY_REUSED` and `REFUSED`.
//!
//! Statuses: `CREATED` (nobody has the address yet), `WAITING_FOR_CONSUMER`, `WAITING_FOR_BANK`,
//! `APPROVED`, `DECLINED`, `CANCELLED`, `EXPIRED`, `FAILED`, `DELIVERED` (in part or whole, see
//! `deliveredAmount`), `REFUNDED` (all that was delivered).
//!
//! A callback says `applicationId`, `orderId` and `status`, for a refund also its `reference`, and
//! is signed: `x-signature: sha256=` and the hexadecimal HMAC-SHA256 of its body under the
//! merchant's secret. It follows what the applicant or the bank decides, and refunds. An answer
//! that repeats the address, or a reading, gives the applicant what was lost.

mod application;
mod error;
#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::agenda::Due;
use crate::backstage::Backstage;
use crate::fields::{integer, text};
use crate::ids::hex;
use crate::machine::{Machine, Reply};
use crate::outbox::Letter;
use crate::page::{Choice, Page};
use crate::plan::{Course, Ending};
use crate::psp::PspName;
use crate::shelf::{Forgettable, Shelf};
use crate::truth::{Effect, Standing, Truth};
use crate::wire::{WireAnswer, WireRequest};

use application::{Application, Refund, State, check};
use error::Fault;

/// The loan contract.
pub(crate) struct Santander {
    applications: Shelf<Application>,
    refunds: Shelf<Refunded>,
}

/// A refund's amount, in minor units.
struct Refunded(i64);

impl Forgettable for Refunded {
    fn is_at_rest(&self) -> bool {
        true
    }
}

impl Machine for Santander {
    fn answer(
        &mut self,
        request: &WireRequest,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let secret = request.header("authorization").and_then(|all| all.strip_prefix("Bearer "));
        let Some(secret) = secret.map(str::trim).filter(|secret| !secret.is_empty()) else {
            return Some(Fault::unauthorized().answer());
        };
        if request.method == "POST" {
            return self.write(request, secret, backstage, now_ms);
        }
        let read = match (request.method.as_str(), request.segments().as_slice()) {
            ("GET", ["applications"]) => self.find(request, secret, backstage, now_ms),
            ("GET", ["applications", id]) => self.read(id, secret, backstage, now_ms),
            _ => Err(Fault::missing()),
        };
        Some(read.unwrap_or_else(|fault| fault.answer()))
    }

    fn happen(&mut self, due: &Due, backstage: &mut Backstage, at_ms: i64) {
        match due {
            Due::Payment(id) => {
                let Some(application) = self.applications.get(id) else { return };
                let is_over = at_ms >= application.expires_ms();
                let ending = if is_over { Ending::Expired } else { application.plan.ending };
                self.end(id, ending, backstage, at_ms);
            }
            Due::Refund(_) | Due::Order(_) => {}
        }
    }

    fn open(&mut self, id: &str, _backstage: &mut Backstage, now_ms: i64) -> Option<Page> {
        let application = self.applications.get(id)?;
        let sent = |name| text(&application.body, name).unwrap_or_default().to_owned();
        let address = match application.state {
            State::Open => None,
            State::Approved | State::Delivered => Some("returnUrl"),
            State::Declined | State::Cancelled | State::Expired | State::Failed => {
                Some("cancelUrl")
            }
        };
        Some(Page {
            amount_minor: application.amount_minor(),
            currency: sent("currency"),
            reference: sent("orderId"),
            outcome: address.map(|_| application.status(now_ms).to_lowercase()),
            leads_to: address.map(sent),
        })
    }

    fn choose(&mut self, id: &str, choice: Choice, backstage: &mut Backstage, now_ms: i64) {
        self.end(id, choice.ending(), backstage, now_ms);
    }

    fn truth(&self, reference: &str) -> Option<Truth> {
        let applications = self.applications.about(reference).map(|(_, one)| one.truth());
        let refunds = self.refunds.about(reference).map(|(_, refund)| Truth {
            refunded: Effect::once(refund.0),
            ..Truth::standing(Standing::Paid)
        });
        Truth::of_all(applications).or_else(|| Truth::of_all(refunds))
    }
}

impl Santander {
    pub(crate) fn new() -> Santander {
        Santander { applications: Shelf::new(), refunds: Shelf::new() }
    }

    /// Does what is to be done, once for each idempotency key.
    fn write(
        &mut self,
        request: &WireRequest,
        secret: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Option<WireAnswer> {
        let key = request.header("idempotency-key").filter(|key| !key.is_empty());
        let key = key.map(|key| format!("{secret} {key}"));
        let what = hex(Sha256::digest(format!("{} {}", request.path, request.body)));
        if let Some(given) = key.as_ref().and_then(|key| backstage.replays.get(key)).cloned() {
            if given.request != what {
                return Some(Fault::key_reused().answer());
            }
            self.show_address(&given.answer, backstage, now_ms);
            return Some(given.answer);
        }
        let reply = match request.segments().as_slice() {
            ["applications"] => self.create(request, secret, backstage, now_ms),
            ["applications", id, "refund"] => self.refund(id, request, secret, backstage, now_ms),
            ["applications", id, action] => {
                let changed = self.change(id, action, request, secret, backstage, now_ms);
                changed.map(Reply::Answered)
            }
            _ => Err(Fault::missing()),
        };
        let reply = reply.unwrap_or_else(|fault| Reply::Answered(fault.answer()));
        reply.settle(key.as_deref(), &what, backstage)
    }

    fn create(
        &mut self,
        request: &WireRequest,
        secret: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<Reply, Fault> {
        let body = request.object().ok_or_else(Fault::malformed)?;
        check(&body)?;
        let reference = text(&body, "orderId").unwrap_or_default().to_owned();
        let plan = match backstage.next_course(&reference) {
            Course::Refused => {
                return Err(Fault::refused());
            }
            Course::Lost => return Ok(Reply::RequestLost),
            Course::Done(plan) => plan,
        };
        let id = backstage.ids.uuid();
        let found_ms = now_ms.saturating_add(backstage.latency_ms);
        let application = Application {
            redirect_url: format!("{}/pay/{id}", request.base(PspName::Santander)),
            id: id.clone(),
            body,
            secret: secret.to_owned(),
            plan,
            state: State::Open,
            found_ms: plan.is_page_found.then_some(found_ms),
            created_ms: now_ms,
            delivered: Vec::new(),
            refunds: Vec::new(),
        };
        let answer = application.creation();
        let decided_ms = application.decided_ms();
        if let Some(forgotten) = self.applications.put(&id, reference, application) {
            backstage.agenda.cancel(&Due::Payment(forgotten));
        }
        if plan.is_at_once {
            let mark = backstage.outbox.mark();
            self.end(&id, plan.ending, backstage, now_ms);
            backstage.press(mark);
        } else {
            backstage.agenda.plan(&Due::Payment(id), decided_ms);
        }
        Ok(plan.reply(WireAnswer::json(201, &answer)))
    }

    fn read(
        &mut self,
        id: &str,
        secret: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<WireAnswer, Fault> {
        let is_theirs = |application: &&Application| application.secret == secret;
        let application = self.applications.get(id).filter(is_theirs);
        let read = application.ok_or_else(Fault::missing)?.to_json(now_ms);
        self.find_out(id, backstage, now_ms);
        Ok(WireAnswer::json(200, &read))
    }

    fn find(
        &mut self,
        request: &WireRequest,
        secret: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<WireAnswer, Fault> {
        let order_id = request.parameter("orderId");
        let order_id = order_id.ok_or_else(|| Fault::invalid("orderId", "is required"))?;
        let theirs = self.applications.about(&order_id).filter(|(_, one)| one.secret == secret);
        let (ids, read): (Vec<String>, Vec<Value>) =
            theirs.map(|(id, one)| (id.to_owned(), one.to_json(now_ms))).unzip();
        for id in ids {
            self.find_out(&id, backstage, now_ms);
        }
        Ok(WireAnswer::json(200, &json!({ "applications": read })))
    }

    fn change(
        &mut self,
        id: &str,
        action: &str,
        request: &WireRequest,
        secret: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<WireAnswer, Fault> {
        let body = request.object_or_nothing().ok_or_else(Fault::malformed)?;
        let application = self.theirs(id, secret)?;
        match action {
            "deliver" => application.deliver(amount(&body)?)?,
            "cancel" => application.cancel()?,
            _ => return Err(Fault::missing()),
        }
        let changed = application.to_json(now_ms);
        backstage.agenda.cancel(&Due::Payment(id.to_owned()));
        Ok(WireAnswer::json(200, &changed))
    }

    fn refund(
        &mut self,
        id: &str,
        request: &WireRequest,
        secret: &str,
        backstage: &mut Backstage,
        now_ms: i64,
    ) -> Result<Reply, Fault> {
        let body = request.object().ok_or_else(Fault::malformed)?;
        let application = self.theirs(id, secret)?;
        let amount_minor = amount(&body)?;
        application.check_refund(amount_minor)?;
        let reference = text(&body, "reference").filter(|reference| !reference.is_empty());
        let reference = reference.ok_or_else(|| Fault::invalid("reference", "is required"))?;
        let plan = match backstage.next_course(reference) {
            Course::Lost => return Ok(Reply::RequestLost),
            Course::Done(plan) if plan.ending == Ending::Approved => plan,
            Course::Refused | Course::Done(_) => {
                backstage.refuse(reference);
                return Err(Fault::refused());
            }
        };
        let refund_id = backstage.ids.uuid();
        let reference = reference.to_owned();
        let refund = Refund { id: refund_id.clone(), amount_minor, reference: reference.clone() };
        application.refunds.push(refund);
        let answer = WireAnswer::json(200, &application.to_json(now_ms));
        let letter = letter(application, Some(&reference), now_ms);
        let mark = backstage.outbox.mark();
        let told_ms = now_ms.saturating_add(plan.delay_ms);
        backstage.outbox.post(&letter, plan.copies, told_ms);
        if plan.is_at_once {
            backstage.press(mark);
        }
        self.refunds.put(&refund_id, reference, Refunded(amount_minor));
        Ok(plan.reply(answer))
    }

    fn theirs(&mut self, id: &str, secret: &str) -> Result<&mut Application, Fault> {
        let application = self.applications.get_mut(id);
        application.filter(|one| one.secret == secret).ok_or_else(Fault::missing)
    }

    /// Decides on an application that is open.
    fn end(&mut self, id: &str, ending: Ending, backstage: &mut Backstage, at_ms: i64) {
        let Some(application) = self.applications.get_mut(id) else { return };
        if application.state != State::Open {
            return;
        }
        application.end(ending);
        backstage.agenda.cancel(&Due::Payment(id.to_owned()));
        let letter = letter(application, None, at_ms);
        backstage.outbox.post(&letter, application.plan.copies, at_ms);
    }

    /// An answer that was lost is given again, and the applicant gets the address in it.
    fn show_address(&mut self, answer: &WireAnswer, backstage: &mut Backstage, now_ms: i64) {
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if let Some(id) = text(&body, "applicationId") {
            self.find_out(id, backstage, now_ms);
        }
    }

    /// The merchant has the address now, and so has the applicant.
    fn find_out(&mut self, id: &str, backstage: &mut Backstage, now_ms: i64) {
        let Some(application) = self.applications.get_mut(id) else { return };
        if application.state == State::Open && application.found_ms.is_none() {
            application.found_ms = Some(now_ms);
            let decided_ms = application.decided_ms();
            backstage.agenda.plan(&Due::Payment(id.to_owned()), decided_ms);
        }
    }
}

fn amount(body: &Value) -> Result<i64, Fault> {
    let amount = integer(body, "amount").filter(|amount| *amount > 0);
    amount.ok_or_else(|| Fault::invalid("amount", "a whole number above 0"))
}

/// The signed callback that tells where an application stands.
fn letter(application: &Application, reference: Option<&str>, now_ms: i64) -> Letter {
    let mut said = json!({
        "applicationId": application.id,
        "orderId": application.order_id(),
        "status": application.status(now_ms),
    });
    if let (Some(fields), Some(reference)) = (said.as_object_mut(), reference) {
        fields.insert("reference".to_owned(), json!(reference));
    }
    let body = said.to_string();
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-signature".to_owned(), signature(&application.secret, &body)),
    ];
    let url = text(&application.body, "callbackUrl").unwrap_or_default().to_owned();
    Letter { url, headers, body }
}

/// `sha256=` and the HMAC of a body.
fn signature(secret: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of any length");
    };
    mac.update(body.as_bytes());
    format!("sha256={}", hex(mac.finalize().into_bytes()))
}
