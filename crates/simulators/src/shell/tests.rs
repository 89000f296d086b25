//! The shell on loopback sockets, with a clock that only the tests move.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout};

use super::Simulators;
use crate::psp::PspName;
use crate::script::{Outcome, Script};
use crate::truth::Standing;

/// Longer than anything here takes.
const WAIT_MAX: Duration = Duration::from_secs(20);

const ID: &str = "11A86BE70EA346E4B1C39C874173F088";

/// Simulators that run, and a merchant that is called back.
struct Stand {
    simulators: Simulators,
    clock: Arc<AtomicI64>,
    address: SocketAddr,
    merchant: SocketAddr,
    received: UnboundedReceiver<String>,
}

impl Stand {
    /// A merchant that answers callbacks with these statuses, and then with 200.
    async fn new(statuses: &[u16]) -> Stand {
        let clock = Arc::new(AtomicI64::new(1_700_000_000_000));
        let read = Arc::clone(&clock);
        let simulators = Simulators::new(Arc::new(move || read.load(Ordering::SeqCst)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(simulators.clone().serve(listener));
        let running = simulators.clone();
        tokio::spawn(async move { running.run().await });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let merchant = listener.local_addr().unwrap();
        let (sender, received) = unbounded_channel();
        tokio::spawn(receive(listener, statuses.to_vec(), sender));
        Stand { simulators, clock, address, merchant, received }
    }

    fn script(&self, outcome: Outcome) {
        self.simulators.script(PspName::Swish, Script { outcome, delay_ms: 300 }, 1);
    }

    fn advance(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// The request that creates a payment.
    fn creation(&self) -> String {
        let body = json!({
            "payeePaymentReference": "order-1",
            "callbackUrl": format!("http://{}/swish", self.merchant),
            "payerAlias": "46712345678",
            "payeeAlias": "1234679304",
            "amount": "1",
            "currency": "SEK",
        });
        request(&format!("PUT /swish/v2/paymentrequests/{ID}"), &body.to_string())
    }

    /// Sends a request on a connection of its own; what is answered, until the end.
    async fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(WAIT_MAX, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer
    }

    /// The body of the next callback.
    async fn next(&mut self) -> String {
        timeout(WAIT_MAX, self.received.recv()).await.unwrap().unwrap()
    }
}

/// A request whose answer ends the connection.
fn request(call: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{call} HTTP/1.1\r\nhost: psp\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// Takes callbacks, one a connection.
async fn receive(listener: TcpListener, statuses: Vec<u16>, sender: UnboundedSender<String>) {
    let mut statuses = statuses.into_iter();
    while let Ok((stream, _)) = listener.accept().await {
        let mut stream = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        while stream.read_line(&mut line).await.unwrap_or(0) > 2 {
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        sender.send(String::from_utf8(body).unwrap()).unwrap();
        let status = statuses.next().unwrap_or(200);
        let answer =
            format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_callback_arrives_once_and_after_the_answer() {
    let mut stand = Stand::new(&[]).await;
    let answer = stand.send(&stand.creation()).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(stand.received.try_recv().is_err());
    stand.advance(300);
    assert!(stand.next().await.contains("\"PAID\""));
    let read = stand.send(&request(&format!("GET /swish/v1/paymentrequests/{ID}"), "")).await;
    assert!(read.contains("\"PAID\""), "{read}");
    stand.advance(1_000_000);
    let read = stand.send(&request(&format!("GET /swish/v1/refunds/{ID}"), "")).await;
    assert!(read.starts_with("HTTP/1.1 404"), "{read}");
    assert!(stand.received.try_recv().is_err());
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_with_nothing_sent() {
    let mut stand = Stand::new(&[]).await;
    stand.script(Outcome::LoseRequest);
    assert_eq!(stand.send(&stand.creation()).await, "");
    assert_eq!(stand.simulators.truth(PspName::Swish, "order-1").standing, Standing::Unknown);
    stand.script(Outcome::CallbackOnly);
    assert_eq!(stand.send(&stand.creation()).await, "");
    stand.advance(300);
    assert!(stand.next().await.contains("\"PAID\""));
    let truth = stand.simulators.truth(PspName::Swish, "order-1");
    assert_eq!((truth.standing, truth.captured.times), (Standing::Paid, 1));
}

#[tokio::test]
async fn a_callback_can_come_first_or_twice() {
    let mut stand = Stand::new(&[]).await;
    stand.script(Outcome::CallbackFirst);
    let answer = stand.send(&stand.creation()).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(stand.received.try_recv().is_ok_and(|body| body.contains("\"PAID\"")));

    let mut stand = Stand::new(&[]).await;
    stand.script(Outcome::CallbackTwice);
    stand.send(&stand.creation()).await;
    stand.advance(300);
    assert_eq!(stand.next().await, stand.next().await);
}

#[tokio::test]
async fn a_callback_that_was_not_taken_comes_again() {
    let mut stand = Stand::new(&[500, 302]).await;
    stand.send(&stand.creation()).await;
    stand.advance(300);
    let first = stand.next().await;
    for _ in 0..2 {
        // The pause begins when the failure is known, which is soon, but not now.
        let again = timeout(WAIT_MAX, async {
            loop {
                stand.advance(60_000);
                let next = timeout(Duration::from_millis(50), stand.received.recv()).await;
                if let Ok(Some(next)) = next {
                    return next;
                }
            }
        });
        assert_eq!(again.await.unwrap(), first);
    }
}

#[tokio::test]
async fn answers_are_held_as_long_as_told() {
    let stand = Stand::new(&[]).await;
    stand.simulators.set_latency(PspName::Swish, 40);
    let started = Instant::now();
    stand.send(&stand.creation()).await;
    assert!(started.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn what_comes_next_is_said_over_http() {
    let stand = Stand::new(&[]).await;
    let cases = [
        ("POST /next/swish", r#"{"outcome":"refuse","count":1}"#, 200),
        ("POST /next/swish", "", 200),
        ("POST /next/paypal", "{}", 404),
        ("POST /next/swish", r#"{"outcome":"explode"}"#, 400),
        ("POST /next/swish", r#"{"outcome":1}"#, 400),
        ("POST /next/swish", r#"{"delay_ms":-1}"#, 400),
        ("POST /next/swish", r#"{"count":0}"#, 400),
        ("POST /next/swish", "[]", 400),
        ("GET /", "", 200),
        ("GET /paypal/v1", "", 404),
        ("GET /klarna/hpp/v1/sessions/a", "", 401),
        ("GET /easy/v1/payments/a", "", 401),
        ("GET /santander/applications/a", "", 401),
    ];
    for (call, body, status) in cases {
        let answer = stand.send(&request(call, body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{call} {body}: {answer}");
    }
    assert!(stand.send(&stand.creation()).await.contains("ACMT03"));
    let large = "x".repeat(crate::limits::BODY_BYTES_MAX + 1);
    let answer = stand.send(&request("POST /swish/v1/refunds", &large)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}
