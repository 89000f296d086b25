//! What stands between a desk and the PSPs: calls wait here until the world decides on them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use engine::effects::psp::{Agreement, Exchange, Request, Sending};
use engine::effects::{Addresses, Office, Transport, Vault};
use engine::{Clock, Desk, Handle, Queries};
use ledger::Timestamp;
use payments::{Event, Payment, Psp};
use simulators::{PspName, WireAnswer, WireRequest};
use tokio::sync::oneshot;

/// A call that a desk waits for.
pub(super) struct Call {
    pub(super) psp: Psp,
    pub(super) request: Request,
    /// Of the processes that there were, which one waits.
    pub(super) process: usize,
    pub(super) reply: oneshot::Sender<Exchange>,
}

/// The calls that nothing has come of yet.
pub(super) type Mailbox = Arc<Mutex<Vec<Call>>>;

/// Tells the time that the world sets.
pub(super) struct StepClock(AtomicI64);

/// The way out of one process.
struct Line {
    mailbox: Mailbox,
    process: usize,
}

/// Everybody's agreement is kept in the clear.
struct OpenVault;

impl StepClock {
    pub(super) fn new(now_ms: i64) -> StepClock {
        StepClock(AtomicI64::new(now_ms))
    }

    pub(super) fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Transport for Line {
    fn send<'t>(&'t self, psp: Psp, request: Request, _agreement: &'t Agreement) -> Sending<'t> {
        let (reply, answer) = oneshot::channel();
        let call = Call { psp, request, process: self.process, reply };
        self.mailbox.lock().unwrap().push(call);
        Box::pin(async move {
            match answer.await {
                Ok(exchange) => exchange,
                // The process is gone.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

impl Vault for OpenVault {
    fn open(&self, _customer: i64, _psp: Psp, _name: &str, sealed: &str) -> Option<String> {
        Some(sealed.to_owned())
    }
}

/// The desk of a process that begins now.
pub(super) fn desk(
    engine: &Handle,
    queries: &Queries,
    clock: &Arc<StepClock>,
    mailbox: &Mailbox,
    process: usize,
) -> Desk {
    let office = Office {
        transport: Arc::new(Line { mailbox: Arc::clone(mailbox), process }),
        vault: Arc::new(OpenVault),
        addresses: Arc::new(addresses),
    };
    let clock: Arc<dyn Clock> = Arc::<StepClock>::clone(clock);
    Desk::new(engine.clone(), queries.clone(), clock, office)
}

/// The secret in a payment's callback address.
pub(super) fn secret(number: i64) -> String {
    format!("{:032x}", 0x9e37_79b9_7f4a_7c15_u128.wrapping_mul(u128::from(number.unsigned_abs())))
}

/// Where callbacks about a payment go.
pub(super) fn callback_url(psp: Psp, number: i64, secret: &str) -> String {
    format!("https://kassa.test/callbacks/{}/{number}/{secret}", psp.as_str())
}

fn addresses(payment: &Payment) -> Addresses {
    let secret = secret(payment.number);
    let psp = payment.method.psp().unwrap();
    Addresses {
        callback: callback_url(psp, payment.number, &secret),
        callback_secret: secret.clone(),
        done: "https://kassa.test/callbacks/done".to_owned(),
        given_up: format!("https://kassa.test/callbacks/given-up/{}/{secret}", payment.number),
        terms: "https://kassa.test/callbacks/terms".to_owned(),
        psp: format!("https://{}.test", psp.as_str()),
    }
}

pub(super) fn name_of(psp: Psp) -> PspName {
    PspName::parse(psp.as_str()).unwrap()
}

/// A request as the PSP gets it.
pub(super) fn wire_request(request: &Request) -> WireRequest {
    let headers = request.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    WireRequest {
        method: request.verb.as_str().to_owned(),
        path: request.path.clone(),
        headers: headers.chain([("host".to_owned(), "psp.test".to_owned())]).collect(),
        body: request.body.clone().unwrap_or_default(),
    }
}

/// An answer as we get it.
pub(super) fn exchange(answer: WireAnswer) -> Exchange {
    let WireAnswer { status, headers, body } = answer;
    let headers = headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    Exchange::Answer(engine::effects::psp::Response { status, headers, body })
}

/// What a request begins at the PSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    Payment,
    Refund,
    Nothing,
}

/// What this request begins at the PSP.
pub(super) fn begins(psp: Psp, request: &WireRequest) -> Begins {
    let path = request.path.as_str();
    let (is_payment, is_refund) = match psp {
        Psp::Swish => (path.starts_with("/v2/paymentrequests/"), path.starts_with("/v2/refunds/")),
        Psp::Klarna => (path == "/hpp/v1/sessions", path.ends_with("/refunds")),
        Psp::Easy => (path == "/v1/payments", path.ends_with("/refunds")),
        Psp::Santander => (path == "/applications", path.ends_with("/refund")),
    };
    match (request.method.as_str(), is_payment, is_refund) {
        ("PUT" | "POST", true, _) => Begins::Payment,
        ("PUT" | "POST", _, true) => Begins::Refund,
        _ => Begins::Nothing,
    }
}

/// What a PSP calls the payment in a callback, as the surface finds it.
pub(super) fn reference(psp: Psp, body: &str) -> Option<String> {
    let name = match psp {
        Psp::Swish => return None,
        Psp::Klarna => "\"session_id\":\"",
        Psp::Easy => "\"paymentId\":\"",
        Psp::Santander => "\"applicationId\":\"",
    };
    let (_, rest) = body.split_once(name)?;
    rest.split('"').next().map(str::to_owned)
}

/// How a callback says that a payment has ended without money, as the surface finds it.
pub(super) fn ends_as(psp: Psp, body: &str) -> Option<Event> {
    if psp != Psp::Easy || !body.contains("\"payment.reservation.failed\"") {
        return None;
    }
    let is_technical = body.to_lowercase().contains("\"source\":\"internal\"");
    Some(if is_technical { Event::Fail } else { Event::Reject })
}

/// The payment whose callback address a body names.
pub(super) fn called_about(psp: Psp, body: &str) -> Option<i64> {
    let address = format!("https://kassa.test/callbacks/{}/", psp.as_str());
    let (_, path) = body.split_once(&address)?;
    path.split('/').next()?.parse().ok()
}
