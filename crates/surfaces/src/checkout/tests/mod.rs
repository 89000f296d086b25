//! The page over a till in memory: what each page says, and what each request does.

mod api;
#[path = "../../../examples/checkout_page/fake.rs"]
mod fake;
mod handlers;
mod pages;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use engine::Randomness;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{Checkouts, View, router};
use fake::{Fake, LIFE_MS, view};

/// The id of the one checkout.
const ID: &str = "0123456789abcdef0123456789abcdef";

const RETURN_URL: &str = "https://shop.example/done?x=1";

/// A till with one checkout, and the page over it.
struct World {
    till: Arc<Fake>,
    now_ms: Arc<AtomicI64>,
    router: Router,
}

/// What a request got.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

/// Counts, where the real one draws.
struct Counter(AtomicU8);

impl Randomness for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

impl World {
    fn new() -> World {
        World::with(|_| ())
    }

    /// With a checkout that differs from the usual one.
    fn with(change: impl FnOnce(&mut View)) -> World {
        let now_ms = Arc::new(AtomicI64::new(0));
        let own = Arc::clone(&now_ms);
        let clock = move || own.load(Ordering::SeqCst);
        let till = Arc::new(Fake::new("https://psp.example".to_owned(), Box::new(clock)));
        let mut made = view(ID, RETURN_URL);
        change(&mut made);
        till.put(made);
        let randomness = Arc::new(Counter(AtomicU8::new(0x11)));
        let checkouts = Checkouts { till: till.clone(), randomness };
        World { till, now_ms, router: router(checkouts) }
    }

    /// Time goes on.
    fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    fn payments(&self) -> usize {
        self.till.with(ID, |kept| kept.payments).unwrap()
    }

    async fn get(&self, path: &str) -> Got {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Gets something of the checkout: the address goes on with `rest`.
    async fn page(&self, rest: &str) -> Got {
        self.get(&format!("/checkout/{ID}{rest}")).await
    }

    async fn post(&self, rest: &str, form: &str) -> Got {
        let request = Request::post(format!("/checkout/{ID}{rest}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Got { status: head.status, headers: head.headers, body }
    }
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
