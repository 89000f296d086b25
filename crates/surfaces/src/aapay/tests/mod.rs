//! The contract from outside: requests in, answers out, on the store in memory.

mod access;
mod aging;
mod documentation;
mod fields;
mod give_back;
mod hostile;
mod ledger_card;
mod receipts;
mod refusals;
mod repeats;
mod siblings;
mod swish;
mod tokens;
mod transcripts;

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use engine::effects::psp::{Exchange, Response};
use payments::Payment;
use serde_json::{Value, json};

use crate::testing::{CARD, CONSUMER, MERCHANT_ID, Reply, World};
use crate::{Options, router};

/// Where payments begin, without their kind.
const TRANSACTION: &str = "/ms/aapay/v2/transaction";

/// Merchants 3 and 4 belong to the consumers [`CONSUMER`] and `CONSUMER_OTHER`.
fn world() -> World {
    World::with_consumers(|platform| router(platform, Options::default()))
}

/// A request for a payment over Swish.
fn payment() -> Value {
    json!({
        "merchantId": MERCHANT_ID,
        "method": "SWISH_E_COM",
        "purchaseAmount": amount(8_000, 2_000),
        "consumer": { "consumerId": "0701234567", "name": "Åke Ödman" }
    })
}

/// A request for a payment on a card of the ledger, taken at once.
fn on_card(reference: &str) -> Value {
    json!({
        "merchantId": MERCHANT_ID,
        "method": "CARD_LEDGER",
        "purchaseAmount": amount(8_000, 2_000),
        "consumer": { "consumerId": CARD, "name": "Åke Ödman" },
        "terminalReference": reference,
        "ecr2Naa": { "autoCapture": "true" }
    })
}

fn amount(nominal: i64, vat: i64) -> Value {
    json!({
        "currencyCode": "SEK", "vatAmount": vat, "nominalAmount": nominal,
        "totalAmount": nominal + vat
    })
}

/// The same with another value where a JSON pointer leads. Objects on the way are made.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let mut at = &mut body;
    for part in pointer.split('/').skip(1) {
        if at.is_null() {
            *at = json!({});
        }
        at = match part.parse::<usize>() {
            Ok(number) if at.is_array() => &mut at[number],
            Ok(_) | Err(_) => &mut at[part],
        };
    }
    *at = value;
    body
}

/// The same without what a JSON pointer leads to.
fn without(mut body: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.remove(name).unwrap();
    body
}

fn call(world: &World, method: &str, path: &str, body: &str) -> Reply {
    world.call_aapay(method, path, CONSUMER, body)
}

fn initialize(world: &World, kind: &str, body: &Value) -> Reply {
    call(world, "POST", &format!("{TRANSACTION}/{kind}/initialize"), &body.to_string())
}

/// Initializes a transaction that must be created and not over; its number.
#[track_caller]
fn created(world: &World, kind: &str, body: &Value) -> i64 {
    let reply = initialize(world, kind, body);
    assert_eq!(reply.status, 202, "{reply:?}");
    number(&reply)
}

fn number(reply: &Reply) -> i64 {
    reply.json()["response"]["request"]["transaction"]["transactionId"].as_i64().unwrap()
}

#[track_caller]
fn status(world: &World, number: i64) -> Value {
    let reply = call(world, "GET", &format!("{TRANSACTION}/{number}/status"), "");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// The fields that an error in this contract's frame is about, in order. What is about no field is
/// its text.
#[track_caller]
fn faults(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "accountState",
            "error",
            "naa2Ecr",
            "nextLink",
            "payerId",
            "qrTrigger",
            "receipt",
            "response",
            "state",
            "timeStamp",
            "transactionId",
            "valid"
        ]
    );
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!((&body["valid"], &body["response"]), (&json!(false), &Value::Null));
    assert!(!body["error"]["message"].as_str().unwrap().is_empty(), "{body}");
    let faults = body["error"]["componsiteFault"]["faults"].as_array().unwrap().iter();
    let mut about: Vec<String> = faults
        .map(|fault| {
            let text = fault["explanationText"].as_str().unwrap();
            assert!(!text.is_empty() && fault["params"].is_object(), "{fault}");
            fault["params"]["field"].as_str().unwrap_or(text).to_owned()
        })
        .collect();
    about.sort_unstable();
    about
}

/// A refusal about exactly these fields.
#[track_caller]
fn refused(reply: &Reply, status: u16, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!((reply.status, faults(reply)), (status, owned(&expected)), "{reply:?}");
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// What Swish says of a payment that is read back: its status, and the code of an error.
type Told = Arc<Mutex<(&'static str, Option<&'static str>)>>;

/// Has Swish take payments of 100 kronor, and refunds of them, and say what the test chooses.
fn swish(world: &World) -> Told {
    let told: Told = Arc::new(Mutex::new(("CREATED", None)));
    let says = Arc::clone(&told);
    world.psps.answer(move |_, request| {
        let headers = vec![("paymentrequesttoken".to_owned(), "token-1".to_owned())];
        if request.verb.as_str() == "PUT" {
            return Exchange::Answer(Response { status: 201, headers, body: String::new() });
        }
        let (status, code) = *says.lock().unwrap();
        let body = json!({
            "status": status, "amount": 100.00, "currency": "SEK", "errorCode": code,
            "paymentReference": "BANK-1", "payerAlias": "46701234567"
        });
        Exchange::Answer(Response { status: 200, headers: Vec::new(), body: body.to_string() })
    });
    told
}

/// Has Swish refuse payments at once.
fn swish_refuses(world: &World) {
    world.psps.answer(|_, _| {
        let body = json!([{ "errorCode": "RP02", "errorMessage": "Wrong message" }]).to_string();
        Exchange::Answer(Response { status: 422, headers: Vec::new(), body })
    });
}

/// A while later, what is due at PSPs is done.
fn turn(world: &World) {
    world.clock.advance_ms(1_500);
    world.block_on(async {
        world.platform.desk.turn().await;
        world.platform.desk.idle().await;
    });
}

/// Reads a transaction as the domain has it.
fn read(world: &World, number: i64) -> Payment {
    let found = world.block_on(crate::aapay::lookup::transaction(&world.platform, number));
    found.unwrap().unwrap()
}

/// Calls with headers of the test's choice beside those that are in order.
fn call_with(world: &World, method: &str, path: &str, extra: &[(&str, &str)], body: &str) -> Reply {
    let bearer = format!("Bearer {}", crate::testing::basic(CONSUMER));
    let mut headers = vec![("authorization", bearer.as_str())];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    headers.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    let mut request = Request::builder().method(method).uri(path);
    // An empty value stands for a header that is left out.
    for (name, value) in headers.iter().chain(extra).filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::from(body.to_owned())).unwrap())
}

/// Posts all these at once; the replies, in their order.
fn at_once(world: &World, path: &str, bodies: &[Value]) -> Vec<Reply> {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    let bearer = format!("Bearer {}", crate::testing::basic(CONSUMER));
    let request = |body: &Value| {
        let request = Request::post(path)
            .header("authorization", bearer.as_str())
            .header("content-type", "application/json")
            .header("idempotency-key", "key-1");
        request.body(Body::from(body.to_string())).unwrap()
    };
    world.block_on(async {
        let send = |request: Request<Body>| {
            let app = world.app.clone();
            tokio::spawn(async move {
                let (head, body) = app.oneshot(request).await.unwrap().into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let body = String::from_utf8(body.to_vec()).unwrap();
                Reply { status: head.status.as_u16(), headers: head.headers, body }
            })
        };
        let running: Vec<_> = bodies.iter().map(request).map(send).collect();
        let mut replies = Vec::new();
        for reply in running {
            replies.push(reply.await.unwrap());
        }
        replies
    })
}
