//! Payments, refunds and reversals begin here. The domain decides, the desk asks the PSP at once,
//! and what is known then is the answer; under a key, the first answer is the answer for ever.

use std::time::Duration;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::limits::PSP_ANSWER_WAIT_MAX;
use estate::draw::hex;
use ledger::{Idempotency, Key};
use payments::{
    Command, FirstAnswer, FixAnswer, Initialize, MerchantName, Outcome, Payment, PaymentKind,
};
use serde_json::{Map, Value};

use super::Answer;
use super::callers::Caller;
use super::frame::Frame;
use super::lookup::{View, first_answer, merchant_name, original, transaction};
use super::problem::Problem;
use super::reading::object;
use super::wire::Ask;
use crate::Platform;
use crate::http::body::{IDEMPOTENCY_KEY, fingerprint, mark_replayed};

/// Longest `Idempotency-Key`, in characters: as many as Nexi Checkout takes.
const KEY_CHARS_MAX: usize = 64;

/// How often a repeat looks for the answer that the first request has not been given yet.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The type in a path; it may be no text at all.
type KindPath = Result<Path<String>, PathRejection>;

/// A transaction that a request has made, or had made before.
enum Begun {
    Now(i64),
    Before(i64),
}

/// Initializes a transaction. Sent again, it initializes another one.
pub(super) async fn initialize(
    State(platform): State<Platform>,
    Extension(caller): Extension<Caller>,
    kind: KindPath,
    request: Request,
) -> Answer {
    let kind = kind_of(kind)?;
    let base = platform.public_url.or_host(request.headers());
    let ask = Ask::read(kind, &object(request).await?)?;
    let merchant = merchant(&platform, &caller, &ask)?;
    let (Begun::Now(number) | Begun::Before(number)) =
        begin(&platform, &caller, ask, merchant, None).await?;
    let (status, body) = known(&platform, number, &base).await?;
    Ok(answer(status, body))
}

/// Initializes a transaction under a key. Sent again, it gets the first answer again.
pub(super) async fn keyed(
    State(platform): State<Platform>,
    Extension(caller): Extension<Caller>,
    kind: KindPath,
    request: Request,
) -> Answer {
    let kind = kind_of(kind)?;
    let headers = request.headers().clone();
    let base = platform.public_url.or_host(&headers);
    let fields = object(request).await?;
    let ask = Ask::read(kind, &fields)?;
    let key = key_text(&headers, &ask)?;
    let merchant = merchant(&platform, &caller, &ask)?;
    let idempotency = idempotency(&platform, &caller, &merchant, (kind, &key), &fields);
    match begin(&platform, &caller, ask, merchant, Some(idempotency)).await? {
        Begun::Now(number) => {
            let (status, body) = known(&platform, number, &base).await?;
            let (first, is_ours) = fix(&platform, number, status, body).await?;
            sent_again(first, !is_ours)
        }
        Begun::Before(number) => {
            let first = if let Some(first) = awaited(&platform, number).await? {
                first
            } else {
                // Whoever has made it is gone, or has waited for the PSP in vain.
                let (status, body) = known(&platform, number, &base).await?;
                fix(&platform, number, status, body).await?.0
            };
            sent_again(first, true)
        }
    }
}

fn kind_of(kind: KindPath) -> Result<PaymentKind, Problem> {
    let kind = kind.ok().and_then(|Path(word)| PaymentKind::parse_aapay(&word));
    kind.ok_or_else(|| Problem::field("type", "must be payment, refund or reversal"))
}

fn merchant(platform: &Platform, caller: &Caller, ask: &Ask) -> Result<MerchantName, Problem> {
    let directory = platform.engine.directory();
    merchant_name(&caller.merchant(&directory, &ask.merchant_id)?)
}

/// The caller's key, or one that is made of what the caller calls the request.
fn key_text(headers: &HeaderMap, ask: &Ask) -> Result<String, Problem> {
    if let Some(header) = headers.get(IDEMPOTENCY_KEY) {
        let key = header.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
        let key = key.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
        let demand = format!("must be 1 to {KEY_CHARS_MAX} visible characters");
        let wrong = || Problem::field("Idempotency-Key", &demand);
        return key.map(|key| format!("sent {key}")).ok_or_else(wrong);
    }
    let terminal = ask.asked.terminal_reference.as_deref();
    let register = ask.asked.register.as_ref().and_then(|register| register.reference.as_deref());
    let register = register.filter(|reference| !reference.is_empty());
    if terminal.is_none() && register.is_none() {
        let demand = "is required without terminalReference and ecr2Naa.reference";
        return Err(Problem::field("Idempotency-Key", demand));
    }
    // The lengths keep two pairs apart that would be written alike.
    let (terminal, register) = (terminal.unwrap_or_default(), register.unwrap_or_default());
    Ok(format!("derived {} {terminal}|{register}", terminal.len()))
}

/// Scoped to the caller's customer, the merchant and what is asked for.
fn idempotency(
    platform: &Platform,
    caller: &Caller,
    merchant: &MerchantName,
    (kind, key): (PaymentKind, &str),
    fields: &Map<String, Value>,
) -> Idempotency {
    let hasher = caller.hasher("aapay idempotency key").number(merchant.customer);
    let key = Key(hasher.text(kind.as_str()).text(key).finish());
    Idempotency { key, fingerprint: fingerprint(platform, fields) }
}

/// Has it decided, and the PSP asked. Waits for what the PSP says at once.
async fn begin(
    platform: &Platform,
    caller: &Caller,
    ask: Ask,
    merchant: MerchantName,
    idempotency: Option<Idempotency>,
) -> Result<Begun, Problem> {
    let original = original(platform, &ask, merchant.customer).await?;
    let mut instruction = [0; 16];
    platform.randomness.fill(&mut instruction);
    let command = Initialize {
        kind: ask.kind,
        method: ask.method,
        merchant,
        amount: ask.amount,
        asked: ask.asked,
        original: original.map(Box::new),
        instruction: hex(&instruction).to_uppercase(),
        online: None,
        kept: None,
        checkout: None,
        actor: caller.actor(),
        idempotency,
    };
    let decided = platform.engine.submit(Command::Initialize(command)).await;
    let done = decided.map_err(Problem::not_submitted)?.done;
    if let Outcome::Repeated(number) = done {
        return Ok(Begun::Before(number));
    }
    let Outcome::Payment(payment, original) = done else { return Err(Problem::bug()) };
    let number = payment.number;
    if payment.task.is_some() {
        platform.desk.start(*payment, original.map(|original| *original));
        platform.desk.wait(number, PSP_ANSWER_WAIT_MAX).await;
    }
    Ok(Begun::Now(number))
}

/// What is known of a transaction now, as an answer.
async fn known(
    platform: &Platform,
    number: i64,
    base: &str,
) -> Result<(StatusCode, String), Problem> {
    let payment = transaction(platform, number).await?.ok_or_else(Problem::bug)?;
    let view = View::of(&platform.engine.directory(), payment, base.to_owned())?;
    let (status, frame) = Frame::initialized(&view);
    Ok((status, frame.text()))
}

/// Makes this the first answer, unless there is one. Says whether it is what was handed in.
async fn fix(
    platform: &Platform,
    payment: i64,
    status: StatusCode,
    body: String,
) -> Result<(FirstAnswer, bool), Problem> {
    let ours = FirstAnswer { payment, status: status.as_u16(), body };
    let fixed = platform.engine.submit(Command::FixAnswer(FixAnswer(ours.clone()))).await;
    let done = fixed.map_err(Problem::not_submitted)?.done;
    let Outcome::FirstAnswer(first) = done else { return Err(Problem::bug()) };
    let is_ours = first == ours;
    Ok((first, is_ours))
}

/// The first answer, waited for as long as the request that made the transaction may still give it.
async fn awaited(platform: &Platform, number: i64) -> Result<Option<FirstAnswer>, Problem> {
    let looks = PSP_ANSWER_WAIT_MAX.as_millis().div_ceil(LOOK_INTERVAL.as_millis());
    for _ in 0..looks {
        if let Some(first) = first_answer(platform, number).await? {
            return Ok(Some(first));
        }
        let payment = transaction(platform, number).await?;
        if !payment.is_some_and(|payment| is_being_made(platform, &payment)) {
            break;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    Ok(None)
}

fn is_being_made(platform: &Platform, payment: &Payment) -> bool {
    let wait_ms = i64::try_from(PSP_ANSWER_WAIT_MAX.as_millis()).unwrap_or(i64::MAX);
    payment.state.is_open() && platform.now() < payment.created_at.plus_ms(wait_ms)
}

/// Sends an answer that is kept.
fn sent_again(first: FirstAnswer, replayed: bool) -> Answer {
    let status = StatusCode::from_u16(first.status).map_err(|_| Problem::bug())?;
    let mut response = answer(status, first.body);
    mark_replayed(response.headers_mut(), replayed);
    Ok(response)
}

/// Sends a frame.
pub(super) fn answer(status: StatusCode, body: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, json)], body).into_response()
}
