//! The contract from outside: requests in, answers out, on the store in memory.

mod access;
mod asynchronous;
mod challenges;
mod checkouts;
mod codes;
mod declines;
mod documentation;
mod duplicates;
mod follow_ups;
mod hostile;
mod keys;
mod ledger_card;
mod page;
mod registrations;
mod transcripts;

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use engine::effects::psp::{Exchange, Response};
use serde_json::{Value, json};

use crate::testing::{Reply, SHOP_TOKEN_3, World};
use crate::{Options, router};

/// A card of the test acquirer's that is charged at once.
const VISA: &str = "4200000000000000";

/// A card of the test acquirer's whose payer is asked who they are.
const CHALLENGED: &str = "4200000000000042";

/// Where payers of these tests go afterwards.
const SHOP: &str = "https://shop.example/thanks?cart=7";

/// Merchants 3 and 4 belong to the tokens `SHOP_TOKEN` and `SHOP_TOKEN_OTHER`; nothing moves real
/// money.
fn world() -> World {
    let options = Options { is_test: true, ..Options::default() };
    World::with_shops(|platform| router(platform, options))
}

/// As [`world`], where money is real.
fn live() -> World {
    World::with_shops(|platform| router(platform, Options::default()))
}

/// A payment of 92.00 SEK with a card.
fn card(kind: &str, number: &str) -> String {
    card_of(kind, number, "92.00", "SEK")
}

fn card_of(kind: &str, number: &str, amount: &str, currency: &str) -> String {
    format!(
        "paymentType={kind}&amount={amount}&currency={currency}&card.number={number}\
         &card.holder=Jane+Jones&card.expiryMonth=05&card.expiryYear=2034&card.cvv=123"
    )
}

/// A payment of 92.00 SEK over a PSP.
fn over(brand: &str, kind: &str) -> String {
    format!(
        "paymentType={kind}&amount=92.00&currency=SEK&paymentBrand={brand}\
         &shopperResultUrl=https://shop.example/thanks&virtualAccount.accountId=46701234567"
    )
}

/// Asks as merchant 3.
fn call(world: &World, method: &str, path: &str, form: &str) -> Reply {
    let reply = world.call_shop(method, path, SHOP_TOKEN_3, form);
    check_frame(&reply);
    reply
}

fn post(world: &World, path: &str, form: &str) -> Reply {
    call(world, "POST", path, form)
}

fn get(world: &World, path: &str) -> Reply {
    call(world, "GET", path, "")
}

/// Asks for a payment.
fn pay(world: &World, form: &str) -> Reply {
    post(world, "/v3/payments", form)
}

/// Asks for a payment that must come to this code; its id.
#[track_caller]
fn paid(world: &World, form: &str, expected: &str) -> String {
    let reply = pay(world, form);
    assert_eq!(code(&reply), expected, "{form}: {reply:?}");
    id(&reply)
}

/// Asks for a follow-up.
fn follow(world: &World, id: &str, form: &str) -> Reply {
    post(world, &format!("/v3/payments/{id}"), form)
}

/// Asks for a follow-up that must come to this code; its id, empty where nothing was made.
#[track_caller]
fn followed(world: &World, id: &str, form: &str, expected: &str) -> String {
    let reply = follow(world, id, form);
    assert_eq!(code(&reply), expected, "{form}: {reply:?}");
    reply.json()["id"].as_str().unwrap_or_default().to_owned()
}

/// How a payment stands.
#[track_caller]
fn standing(world: &World, id: &str) -> String {
    code(&get(world, &format!("/v3/payments/{id}")))
}

fn code(reply: &Reply) -> String {
    reply.json()["result"]["code"].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn id(reply: &Reply) -> String {
    reply.json()["id"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
}

/// The status and the code of an answer.
fn told(reply: &Reply) -> (u16, String) {
    (reply.status, code(reply))
}

/// The parameters that an answer is about, in its order.
fn bad(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    let list = body["result"]["parameterErrors"].as_array().cloned().unwrap_or_default();
    list.iter().map(|bad| bad["name"].as_str().unwrap().to_owned()).collect()
}

/// What holds for every answer: JSON whose every scalar is a text, with a result and the frame's
/// tail.
#[track_caller]
fn check_frame(reply: &Reply) {
    assert_eq!(reply.header("content-type").to_ascii_lowercase(), JSON, "{reply:?}");
    let body = reply.json();
    check_texts(&body);
    if body.get("resultCodes").is_some() {
        return;
    }
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    assert!(payments::ResultCode::parse(text("/result/code")).is_some(), "{reply:?}");
    assert!(!text("/result/description").is_empty(), "{reply:?}");
    assert_eq!(text("/buildNumber").len(), 66, "{reply:?}");
    assert_eq!(text("/timestamp").len(), "2026-11-20 11:00:00+0000".len(), "{reply:?}");
    assert!(text("/ndc").len() >= 32, "{reply:?}");
}

const JSON: &str = "application/json;charset=utf-8";

fn check_texts(value: &Value) {
    match value {
        Value::String(_) => {}
        Value::Array(entries) => entries.iter().for_each(check_texts),
        Value::Object(fields) => fields.values().for_each(check_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => panic!("{value} is no text"),
    }
}

/// Calls with headers of the test's choice beside those that are in order.
fn call_with(world: &World, method: &str, path: &str, extra: &[(&str, &str)], body: &str) -> Reply {
    world.send(request_with(method, path, extra, body))
}

fn request_with(method: &str, path: &str, extra: &[(&str, &str)], body: &str) -> Request<Body> {
    let bearer = format!("Bearer {SHOP_TOKEN_3}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.push(("content-type", "application/x-www-form-urlencoded"));
    headers.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    let mut request = Request::builder().method(method).uri(path);
    // An empty value stands for a header that is left out.
    for (name, value) in headers.iter().chain(extra).filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// Posts all these forms to one path at once; the replies, in their order.
fn at_once(world: &World, path: &str, extra: &[(&str, &str)], forms: &[String]) -> Vec<Reply> {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

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
        let requests = forms.iter().map(|form| request_with("POST", path, extra, form));
        let running: Vec<_> = requests.map(send).collect();
        let mut replies = Vec::new();
        for reply in running {
            replies.push(reply.await.unwrap());
        }
        replies
    })
}

/// What Swish says of a payment that is read back: its status, and the code of an error.
type Told = Arc<Mutex<(&'static str, Option<&'static str>)>>;

/// Has Swish take payments of 92 kronor, and say what the test chooses.
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
            "status": status, "amount": 92.00, "currency": "SEK", "errorCode": code,
            "paymentReference": "BANK-1", "payerAlias": "46701234567"
        });
        Exchange::Answer(Response { status: 200, headers: Vec::new(), body: body.to_string() })
    });
    told
}

/// A while later, what is due is done.
fn turn(world: &World) {
    world.clock.advance_ms(1_500);
    look(world);
}

/// What is due is done, of whatever process.
fn look(world: &World) {
    world.block_on(async {
        world.platform.desk.look().await.unwrap();
        world.platform.desk.turn().await;
        world.platform.desk.idle().await;
    });
}
