//! Receivers with faults.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// Reads a request as it is sent, to the end of its body.
fn read_request(stream: &mut impl std::io::Read) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{\"a\":1}") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(request).ok()
}

/// Reads a request, and answers with these bytes.
pub(super) fn answer(mut stream: TcpStream, bytes: &[u8]) {
    if read_request(&mut stream).is_some() {
        // The client may hang up first.
        drop(stream.write_all(bytes));
    }
}

/// A receiver that does so with each connection, in a thread for each.
fn receiver(act: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let act = Arc::new(act);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (act, stream) = (Arc::clone(&act), stream.unwrap());
            std::thread::spawn(move || act(stream));
        }
    });
    address
}

fn saying(bytes: &'static str) -> SocketAddr {
    receiver(move |stream| answer(stream, bytes.as_bytes()))
}

/// Waits until the client hangs up.
fn hold(mut stream: TcpStream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
}

fn patient() -> NetworkPost {
    post_of("127.0.0.0/8", &Arc::default(), PATIENT)
}

async fn sent(post: &NetworkPost, to: SocketAddr) -> Delivery {
    timeout(LONG, post.send(letter(&format!("http://{to}/hook?a=1")))).await.unwrap()
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    let (tell, told): (_, Receiver<String>) = channel();
    let address = receiver(move |mut stream| {
        tell.send(read_request(&mut stream).unwrap()).unwrap();
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    });
    assert_eq!(sent(&patient(), address).await, answer_of(200, None));
    let request = told.recv().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    lines.sort_unstable();
    let host = format!("host: {address}");
    let agent = concat!("user-agent: kassa/", env!("CARGO_PKG_VERSION"));
    let expected = [
        "POST /hook?a=1 HTTP/1.1",
        "accept: */*",
        "content-length: 7",
        "content-type: application/json",
        &host,
        agent,
        "webhook-id: msg_1",
    ];
    assert_eq!((lines.as_slice(), body), (expected.as_slice(), "{\"a\":1}"));
}

fn answer_of(status: u16, retry_after_seconds: Option<u32>) -> Delivery {
    Delivery::Answer { status, retry_after_seconds }
}

#[tokio::test]
async fn answers_are_told_by_their_status() {
    let post = patient();
    let cases = [
        ("HTTP/1.1 204 No Content\r\n\r\n", answer_of(204, None)),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", answer_of(200, None)),
        ("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", answer_of(410, None)),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", answer_of(500, None)),
        (
            "HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n",
            answer_of(429, Some(120)),
        ),
        (
            "HTTP/1.1 503 Later\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Length: 0\r\n\r\n",
            answer_of(503, Some(0)),
        ),
        (
            "HTTP/1.1 429 Slow\r\nRetry-After: when it suits\r\nContent-Length: 0\r\n\r\n",
            answer_of(429, None),
        ),
        // What is only announced is waited for.
        (
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
            answer_of(202, None),
        ),
        // The body is nobody's concern: the receiver has said what it has to say.
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nreset", answer_of(200, None)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", answer_of(200, None)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(sent(&post, saying(bytes)).await, expected, "{bytes}");
    }
}

/// A date in the time to come is seconds from now.
#[tokio::test]
async fn a_date_to_retry_after_is_told_in_seconds() {
    let text = "HTTP/1.1 429 Slow\r\nRetry-After: Thu, 31 Dec 2099 23:59:59 GMT\r\n\
                Content-Length: 0\r\n\r\n";
    let Delivery::Answer { status: 429, retry_after_seconds } =
        sent(&patient(), saying(text)).await
    else {
        panic!("an answer was expected")
    };
    let until_2099 = i64::from(retry_after_seconds.unwrap()) + SystemClock.now().0 / 1_000;
    assert!((until_2099 - 4_102_444_799).abs() < 60, "{until_2099}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reached);
    let target = receiver(move |stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        answer(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let post = patient();
    for status in [300_u16, 301, 302, 303, 307, 308] {
        let text = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n"
        );
        let from = receiver(move |stream| answer(stream, text.as_bytes()));
        assert_eq!(sent(&post, from).await, answer_of(status, None));
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_answer_is_told_by_its_trouble() {
    let post = patient();
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    assert_eq!(sent(&post, nobody).await, Delivery::Failed(Trouble::Connect));
    let cases = [
        ("", Trouble::Reset),
        ("HTTP/1.1 200 OK\r\nContent-Le", Trouble::Reset),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", Trouble::Nonsense),
        ("HTTP/1.1 abc OK\r\n\r\n", Trouble::Nonsense),
        ("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", Trouble::Nonsense),
    ];
    for (bytes, expected) in cases {
        assert_eq!(sent(&post, saying(bytes)).await, Delivery::Failed(expected), "{bytes}");
    }
    // Who speaks no TLS.
    let plain = receiver(move |mut stream| {
        let _read = stream.read(&mut [0; 4096]).unwrap();
        drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    let delivery = post.send(letter(&format!("https://{plain}/"))).await;
    assert_eq!(delivery, Delivery::Failed(Trouble::Tls));
}

#[tokio::test]
async fn who_takes_too_long_is_given_up() {
    let hasty = |patience| post_of("127.0.0.0/8", &Arc::default(), patience);
    let post = hasty(Patience { attempt: SHORT, ..PATIENT });
    // Takes the connection, and reads nothing.
    let silent = receiver(|_stream| {
        loop {
            std::thread::park();
        }
    });
    assert_eq!(sent(&post, silent).await, Delivery::Failed(Trouble::Time));
    // Reads, and never answers.
    assert_eq!(sent(&post, receiver(hold)).await, Delivery::Failed(Trouble::Time));
    // Sends a head that never ends, a byte now and then.
    let dripping = receiver(|mut stream| {
        read_request(&mut stream).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: "));
        while stream.write_all(b"a").is_ok() {
            // Nothing comes, which takes as long as it may.
            drop(stream.read(&mut [0; 4096]));
        }
    });
    assert_eq!(sent(&post, dripping).await, Delivery::Failed(Trouble::Time));
    // Answers, and never ends the body.
    let endless = receiver(|mut stream| {
        read_request(&mut stream).unwrap();
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        hold(stream);
    });
    let post = hasty(Patience { body: SHORT, ..PATIENT });
    assert_eq!(sent(&post, endless).await, answer_of(200, None));
}

/// Names that are never found.
struct Silence;

impl Names for Silence {
    fn addresses(&self, _: &str) -> Addresses {
        Box::pin(std::future::pending())
    }
}

/// Neither a name nor TLS may take longer than a connection.
#[tokio::test]
async fn what_comes_before_the_request_has_a_limit_too() {
    let patience = Patience { connect: SHORT, ..PATIENT };
    let (clock, silence): (_, Arc<dyn Names>) = (Arc::new(SystemClock), Arc::new(Silence));
    let post = NetworkPost::with(Networks::loopback(), clock, &silence, patience, &[]).unwrap();
    let delivery = timeout(LONG, post.send(letter("https://silent.test/"))).await.unwrap();
    assert_eq!(delivery, Delivery::Failed(Trouble::Time));
    let url = format!("https://{}/", receiver(hold));
    let delivery = timeout(LONG, post.send(letter(&url))).await.unwrap();
    assert_eq!(delivery, Delivery::Failed(Trouble::Time));
}

/// Method: a body without end, which is sent as fast as it is taken.
#[tokio::test]
async fn a_body_is_read_so_far_and_no_further() {
    let (tell, told) = channel();
    let address = receiver(move |mut stream| {
        read_request(&mut stream).unwrap();
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        let mut bytes = 0_u64;
        while stream.write_all(&[b'a'; 4096]).is_ok() {
            bytes += 4096;
        }
        tell.send(bytes).unwrap();
    });
    assert_eq!(sent(&patient(), address).await, answer_of(200, None));
    // What the system holds in between is more than what is read.
    let taken = tokio::task::spawn_blocking(move || told.recv_timeout(LONG));
    let taken = taken.await.unwrap().unwrap();
    assert!(taken < 64 * 1024 * 1024, "{taken}");
}

/// A host whose turns are all taken keeps nobody else waiting.
#[tokio::test]
async fn a_slow_host_keeps_only_itself_waiting() {
    let patience = Patience { turn: SHORT, ..PATIENT };
    let post = Arc::new(post_of("127.0.0.0/8", &Arc::default(), patience));
    let begun = Arc::new(AtomicUsize::new(0));
    let begun_by = Arc::clone(&begun);
    let slow = receiver(move |stream| {
        begun_by.fetch_add(1, Ordering::SeqCst);
        hold(stream);
    });
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..HOST_LETTERS_MAX {
        let post = Arc::clone(&post);
        waiting.spawn(async move { sent(&post, slow).await });
    }
    while begun.load(Ordering::SeqCst) < HOST_LETTERS_MAX {
        tokio::task::yield_now().await;
    }
    assert_eq!(sent(&post, slow).await, Delivery::Failed(Trouble::Busy));
    let quick = saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(sent(&post, quick).await, answer_of(200, None));
    waiting.abort_all();
    while waiting.join_next().await.is_some() {}
}

/// Connections are used again, so that a receiver is not asked for a handshake each time.
#[tokio::test]
async fn a_connection_is_used_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let address = receiver(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        while read_request(&mut stream).is_some() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
    });
    let post = patient();
    for _ in 0..5 {
        assert_eq!(sent(&post, address).await, answer_of(200, None));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// Over TLS a receiver is known by its name, though the connection goes to an address.
#[tokio::test]
async fn a_receiver_is_known_by_its_certificate() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["good.test".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &root).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let address = receiver(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        if read_request(&mut stream).is_some() {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
            drop(stream.flush());
        }
    });
    let names = ["good.test", "other.test"];
    let script =
        names.iter().fold(Script::default(), |script, name| script.name(name, &["127.0.0.1"]));
    let clock = Arc::new(SystemClock);
    let (script, authorities): (Arc<dyn Names>, _) = (Arc::new(script), root.pem());
    let with = |authorities: &[u8]| {
        let clock = Arc::<SystemClock>::clone(&clock);
        NetworkPost::with(Networks::loopback(), clock, &script, PATIENT, authorities)
    };
    let to = |name: &str| letter(&format!("https://{name}:{}/", address.port()));
    let trusting = with(authorities.as_bytes()).unwrap();
    assert_eq!(trusting.send(to("good.test")).await, answer_of(200, None));
    // Another name, and an authority that nobody trusts.
    let refused = Delivery::Failed(Trouble::Tls);
    assert_eq!(trusting.send(to("other.test")).await, refused);
    assert_eq!(with(&[]).unwrap().send(to("good.test")).await, refused);
}
