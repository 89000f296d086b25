//! `kassa bench notifications`: a receiver; a bare loop of a client, the post, and all that Kassa
//! does from a change to its delivery.

mod end_to_end;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use bench::receiver::Verify;
use bench::{NotificationsOptions, Received, Receiver, Way, run_notifications};
use engine::Clock as _;
use engine::effects::post::{Delivery, Letter, Post as _};
use engine::effects::webhook::{Message, Secret, post};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use self::end_to_end::Installed;
use super::print;
use crate::clock::{SystemClock, monotonic};
use crate::command_line::NotificationsBenchOptions;
use crate::post::NetworkPost;
use crate::post::networks::Networks;
use crate::serve::runtime;
use crate::terminal::note;

const SECRET: [u8; 32] = [7; 32];

/// One in so many signatures is verified.
const VERIFIED_EVERY: u64 = 100;

/// About as long as a payment's.
const BODY: &str = concat!(
    r#"{"id":"ID","paymentType":"DB","paymentBrand":"VISA","amount":"92.00","currency":"SEK","#,
    r#""descriptor":"Benchmark","merchantTransactionId":"order-ID","result":{"code":"#,
    r#""000.100.110","description":"Request successfully processed in 'Merchant in Integrator "#,
    r#"Test Mode'"},"card":{"bin":"420000","last4Digits":"0000","holder":"Jane Jones","#,
    r#""expiryMonth":"05","expiryYear":"2034"},"buildNumber":"0","timestamp":"#,
    r#""2026-01-02 03:04:05+0000","ndc":"8ac7a4c79394bdc801939736f17e063d_ID"}"#,
);

/// Where letters wait to be delivered.
type Pile = Arc<Mutex<Vec<Letter>>>;

/// Runs the benchmark and prints its report.
///
/// # Errors
/// When there is no receiver or client to be had, or something is not delivered.
pub(crate) fn notifications(options: &NotificationsBenchOptions) -> anyhow::Result<()> {
    let runtime = Arc::new(runtime()?);
    let receiver = Arc::new(Receiver::start(VERIFIED_EVERY, verify()?).context("no receiver")?);
    let network_post = {
        // The client of some names wants a runtime.
        let _inside = runtime.enter();
        NetworkPost::new(Networks::loopback(), Arc::new(SystemClock))?
    };
    let network_post = Arc::new(network_post);
    let client = Client::builder().no_proxy().redirect(Policy::none()).build();
    let client = client.context("could not make a client")?;
    let (handle, url) = (runtime.handle(), receiver.url());
    let in_flight = usize::from(options.in_flight);
    let bare =
        way("bare loop", handle, &url, in_flight, move |letter| bare(client.clone(), letter));
    let installed = Installed::start(&runtime, Arc::<NetworkPost>::clone(&network_post), &url)?;
    let end_to_end = installed.way(&runtime, &receiver);
    let guarded = way("post", handle, &url, in_flight, move |letter| {
        let network_post = Arc::clone(&network_post);
        async move { network_post.send(letter).await == ANSWERED }
    });
    let bench_options = NotificationsOptions {
        count: options.count,
        warmup: options.count / 10,
        in_flight,
        rounds: options.rounds,
        now: monotonic,
    };
    let report =
        run_notifications(&receiver, bare, vec![guarded, end_to_end], bench_options, &mut note)?;
    print(options.json, &report, || serde_json::to_string(&report))
}

const ANSWERED: Delivery = Delivery::Answer { status: 200, retry_after_seconds: None };

/// Posts with nothing around the client.
async fn bare(client: Client, letter: Letter) -> bool {
    let mut request = client.post(&letter.url).body(letter.body);
    for (name, value) in letter.headers {
        request = request.header(name, value);
    }
    let Ok(response) = request.send().await else { return false };
    response.status().as_u16() == 200 && response.bytes().await.is_ok()
}

/// A way that takes letters from a pile, so many at once.
fn way<D, F>(name: &'static str, runtime: &Handle, url: &str, in_flight: usize, deliver: D) -> Way
where
    D: Fn(Letter) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = bool> + Send + 'static,
{
    let pile = Pile::default();
    let (filled, url, mut made) = (Arc::clone(&pile), url.to_owned(), 0_u64);
    let prepare = move |count: u64| {
        let letters = (0..count).map(|_| {
            made = made.saturating_add(1);
            letter(&url, &format!("msg_{made:012}")).ok_or_else(|| "no letter".to_owned())
        });
        *filled.lock().unwrap_or_else(PoisonError::into_inner) =
            letters.collect::<Result<_, _>>()?;
        Ok(())
    };
    let runtime = runtime.clone();
    let deliver = move || {
        runtime.block_on(async {
            let mut loops = JoinSet::new();
            for _ in 0..in_flight {
                loops.spawn(take(Arc::clone(&pile), deliver.clone()));
            }
            let all = loops.join_all().await.into_iter().all(|is_delivered| is_delivered);
            all.then_some(()).ok_or_else(|| "one was not delivered".to_owned())
        })
    };
    Way { name, prepare: Box::new(prepare), deliver: Box::new(deliver) }
}

/// Delivers until the pile is empty. Whether all that it took was delivered.
async fn take<D, F>(pile: Pile, deliver: D) -> bool
where
    D: Fn(Letter) -> F,
    F: Future<Output = bool>,
{
    let next = || pile.lock().unwrap_or_else(PoisonError::into_inner).pop();
    while let Some(letter) = next() {
        if !deliver(letter).await {
            return false;
        }
    }
    true
}

/// A signed letter.
fn letter(url: &str, id: &str) -> Option<Letter> {
    let body = BODY.replace("ID", id);
    let at_seconds = SystemClock.now().0.div_euclid(1_000);
    let message = Message { id, at_seconds, body: body.as_bytes() };
    let posted = post(message, &[Secret::new(&SECRET)?]);
    Some(Letter { url: url.to_owned(), headers: posted.headers, body: posted.body })
}

/// What the receiver does with some of them: it signs them itself, and compares.
fn verify() -> anyhow::Result<Verify> {
    let secret = Secret::new(&SECRET).context("the secret is none")?;
    Ok(Arc::new(move |received: Received<'_>| {
        let Received { id, timestamp, signature, body } = received;
        let Ok(at_seconds) = timestamp.parse() else { return false };
        let expected = post(Message { id, at_seconds, body }, std::slice::from_ref(&secret));
        expected
            .headers
            .iter()
            .any(|(name, value)| *name == "webhook-signature" && value == signature)
    }))
}
