//! A server of canned answers, for the tests of the benchmarks.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::probe;
use crate::rounds::{Pace, Server};

/// A server that is not looked at, at an address.
pub(crate) fn server(address: SocketAddr) -> Server {
    Server {
        address,
        pid: std::process::id(),
        data_dir: PathBuf::new(),
        bytes_on_disk: Box::new(probe::bytes_on_disk),
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests stand in for `kassa`")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// One and three connections, 20 requests a phase.
pub(crate) fn small_pace() -> Pace {
    Pace {
        connections: vec![1, 3],
        measured: Duration::from_mins(1),
        warmup: Duration::ZERO,
        requests_max: 20,
        ..Pace::new(now)
    }
}

/// Does something with a canned server, whose data directory is named for it; gives what came of it
/// and how often each path was asked.
pub(crate) fn on_canned<T>(
    name: &str,
    status: fn(&str, u64) -> u16,
    act: impl FnOnce(Server) -> T,
) -> (T, BTreeMap<String, u64>) {
    let canned = CannedServer::start(status);
    let data_dir = std::env::temp_dir().join(format!("kassa-bench-{name}-{}", std::process::id()));
    fs::create_dir_all(&data_dir).unwrap();
    let done = act(Server { data_dir: data_dir.clone(), ..server(canned.address) });
    assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 0, "the probe leaves no file");
    fs::remove_dir_all(&data_dir).unwrap();
    (done, canned.stop())
}

/// Answers each request on a thread of its own, with the status that `status` gives for the
/// path and the number of the request.
struct CannedServer {
    address: SocketAddr,
    seen: Arc<Mutex<BTreeMap<String, u64>>>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl CannedServer {
    fn start(status: fn(&str, u64) -> u16) -> CannedServer {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let accept = async {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        tokio::spawn(serve(stream, Arc::clone(&shared), status));
                    }
                };
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
        });
        CannedServer { address, seen, stop, thread }
    }

    fn stop(self) -> BTreeMap<String, u64> {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap();
        let seen = self.seen.lock().unwrap();
        seen.clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: Arc<Mutex<BTreeMap<String, u64>>>,
    status: fn(&str, u64) -> u16,
) {
    stream.set_nodelay(true).unwrap();
    let mut received = Vec::new();
    while stream.read_buf(&mut received).await.unwrap_or(0) > 0 {
        let text = String::from_utf8(received.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split_once("Content-Length: ").unwrap().1.parse().unwrap();
        if body.len() < length {
            continue;
        }
        assert_eq!(body.len(), length);
        received.clear();
        if !body.is_empty() {
            let _: serde_json::Value = serde_json::from_str(body).unwrap();
        }
        let path = head.split(' ').nth(1).unwrap();
        let number = {
            let mut seen = seen.lock().unwrap();
            *seen.entry(path.to_owned()).or_default() += 1;
            seen.values().sum::<u64>()
        };
        // Everything that a benchmark looks for.
        let body = format!(
            "{{\"@id\": \"{path}/N{number}\",\"transactionId\":{number},\"state\":\"FINALIZED\"}}"
        );
        let length = body.len();
        let status = status(path, number);
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
        // In two parts, so that the client has to put the answer together.
        for part in [&answer[..30], &answer[30..]] {
            stream.write_all(part.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
    }
}
