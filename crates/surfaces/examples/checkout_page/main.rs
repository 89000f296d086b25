//! The checkout page over a till in memory, with a shop, a bank and a PSP around it, for the tests
//! in a browser. Prints its address and serves until it is killed.

mod fake;

/// What the fake till is made of.
mod api {
    pub(crate) use surfaces::checkout::{
        Answer, Attempt, CardEntry, Decline, Ending, Fault, Field, Framer, Means, Mistake, Outcome,
        Redirect, RedirectMethod, Standing, Till, Unanswered, View, Waiting, Way, Whose,
    };
}

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::{HOST, LOCATION};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine::Randomness;
use serde_json::{Value, json};
use surfaces::checkout::{
    Checkouts, Decline, Ending, Framer, Standing, View, Way, router as checkout_router,
};
use tokio::net::TcpListener;

use fake::{Fake, view};

/// Parameters of a query or a form.
type Fields = BTreeMap<String, String>;

#[derive(Clone)]
struct World {
    till: Arc<Fake>,
    ahead_ms: Arc<AtomicI64>,
}

/// Numbers in place of chance: nobody but a test is here.
#[derive(Default)]
struct Counter(AtomicU64);

impl Randomness for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for (byte, value) in bytes.iter_mut().zip(number.to_be_bytes().into_iter().cycle()) {
            *byte = value;
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let ahead_ms = Arc::new(AtomicI64::new(0));
    let started = started();
    let ahead = Arc::clone(&ahead_ms);
    let clock = move || {
        let elapsed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        elapsed.saturating_add(ahead.load(Ordering::SeqCst))
    };
    let till = Arc::new(Fake::new(base.clone(), Box::new(clock)));
    let world = World { till: Arc::clone(&till), ahead_ms };
    let app = Router::new()
        .route("/fake/checkouts", post(make))
        .route("/fake/checkouts/{id}", get(kept))
        .route("/fake/approve/{id}", post(approve))
        .route("/fake/advance/{ms}", post(advance))
        .route("/fake/acs", post(bank))
        .route("/fake/psp", get(psp))
        .route("/fake/done", post(done))
        .route("/shop/done", get(thanks))
        .route("/shop/cart", get(cart))
        .with_state(world)
        .merge(checkout_router(Checkouts { till, randomness: Arc::new(Counter::default()) }));
    writeln!(std::io::stdout(), "{base}")?;
    axum::serve(listener, app).await
}

#[expect(clippy::disallowed_methods, reason = "a program of its own reads its own clock")]
fn started() -> Instant {
    Instant::now()
}

/// Makes a checkout: `brands` (words), `left_ms`, `merchant`, each where it is to differ.
async fn make(
    State(world): State<World>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> Response {
    let id = format!("{:032x}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut made = view(&id, &format!("{}/shop/done?order=42", world.till.base));
    if let Some(words) = asked.get("brands").and_then(Value::as_array) {
        made.ways = words.iter().filter_map(way).collect();
    }
    if let Some(left_ms) = asked.get("left_ms").and_then(Value::as_i64) {
        made.left_ms = left_ms;
    }
    if let Some(merchant) = asked.get("merchant").and_then(Value::as_str) {
        merchant.clone_into(&mut made.merchant);
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let hosts = [format!("http://{host}"), world.till.base.clone()];
    made.framers = hosts.into_iter().map(Framer::Origin).collect();
    world.till.put(made);
    Json(json!({ "id": id })).into_response()
}

/// Makes ids differ.
static COUNT: AtomicU64 = AtomicU64::new(1);

fn way(word: &Value) -> Option<Way> {
    match word.as_str()? {
        "CARD" => Some(Way::Card),
        "SWISH" => Some(Way::Swish),
        "KLARNA" => Some(Way::Klarna),
        "EASY" => Some(Way::Easy),
        "SANTANDER" => Some(Way::Santander),
        _ => None,
    }
}

/// How many payments a checkout has.
async fn kept(State(world): State<World>, Path(id): Path<String>) -> Json<Value> {
    let payments = world.till.with(&id, |kept| kept.payments);
    Json(json!({ "payments": payments }))
}

/// The payer approves in the app.
async fn approve(State(world): State<World>, Path(id): Path<String>) {
    settle(&world, &id, Standing::Paid);
}

/// Time goes on.
async fn advance(State(world): State<World>, Path(ms): Path<i64>) {
    world.ahead_ms.fetch_add(ms, Ordering::SeqCst);
}

fn settle(world: &World, id: &str, standing: Standing) {
    let change = |view: &mut View| {
        if matches!(view.standing, Standing::Waiting(_)) {
            view.standing = standing;
        }
    };
    world.till.with(id, |kept| change(&mut kept.view));
}

/// The bank asks its customer.
async fn bank(body: String) -> Html<String> {
    let fields = fields(&body);
    choices("Bank", fields.get("threeDSSessionData").map_or("", String::as_str))
}

/// The PSP's page.
async fn psp(Query(fields): Query<Fields>) -> Html<String> {
    choices("PSP", fields.get("id").map_or("", String::as_str))
}

fn choices(title: &str, id: &str) -> Html<String> {
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    Html(format!(
        "<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>\
         <form method=post action=/fake/done><input type=hidden name=id value={id}>\
         <button name=act value=approve>approve</button>\
         <button name=act value=reject>reject</button></form>"
    ))
}

/// The payer comes back from the bank or the PSP.
async fn done(State(world): State<World>, body: String) -> Response {
    let fields = fields(&body);
    let id = fields.get("id").cloned().unwrap_or_default();
    let standing = if fields.get("act").is_some_and(|act| act == "approve") {
        Standing::Paid
    } else {
        Standing::Open(Some(Ending::Declined(Decline::NotAuthenticated)))
    };
    settle(&world, &id, standing);
    (axum::http::StatusCode::SEE_OTHER, [(LOCATION, format!("/checkout/{id}"))]).into_response()
}

/// The shop, after the purchase.
async fn thanks(Query(fields): Query<Fields>) -> Html<String> {
    let told: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let told = told.join(";").replace('<', "&lt;");
    Html(format!("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1><p>{told}</p>"))
}

/// The shop's own page, with the widget in it.
async fn cart(Query(fields): Query<Fields>) -> Html<String> {
    let id = fields.get("id").cloned().unwrap_or_default();
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let integrity = surfaces::checkout::widget_integrity();
    Html(format!(
        "<!doctype html><html lang=en><title>Cart</title><h1>Cart</h1>\
         <script src=\"/v3/paymentWidgets.js?checkoutId={id}\" integrity=\"{integrity}\" \
         crossorigin=anonymous></script>\
         <form class=paymentWidgets action=/shop/done data-brands=\"VISA SWISH\"></form>"
    ))
}

/// The fields of a form of ours: plain words only.
fn fields(body: &str) -> Fields {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
