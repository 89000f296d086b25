//! What stands for a merchant that takes notifications: answers each with 200, and keeps count.
//!
//! Invariant: nothing is counted twice; what is no notification, or is wrongly signed, is a fault.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// Longest head and longest body that are taken, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 256 * 1024;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A notification as it came.
#[derive(Clone, Copy, Debug)]
pub struct Received<'r> {
    /// `webhook-id`.
    pub id: &'r str,
    /// `webhook-timestamp`.
    pub timestamp: &'r str,
    /// `webhook-signature`.
    pub signature: &'r str,
    /// What was signed.
    pub body: &'r [u8],
}

/// Whether a notification is signed as it must be.
pub type Verify = Arc<dyn Fn(Received<'_>) -> bool + Send + Sync>;

/// A receiver that answers for as long as this value lives.
pub struct Receiver {
    address: SocketAddr,
    tally: Arc<Mutex<Tally>>,
    /// What it runs on: a thread of its own.
    _runtime: Runtime,
}

/// What has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Notifications, each once.
    pub delivered: u64,
    /// Those that came again.
    pub repeated: u64,
    /// Signatures that were looked at and are good.
    pub verified: u64,
    /// Signatures that are not, and requests that are no notifications.
    pub faults: u64,
}

#[derive(Default)]
struct Tally {
    ids: HashSet<String>,
    counts: Counts,
}

impl Receiver {
    /// Starts one on a free port of this machine. One in `every` signatures is verified.
    ///
    /// # Errors
    /// When the system gives no port or no thread.
    pub fn start(every: u64, verify: Verify) -> io::Result<Receiver> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let (address, tally) = (listener.local_addr()?, Arc::new(Mutex::new(Tally::default())));
        let taking = Arc::clone(&tally);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tally, verify) = (Arc::clone(&taking), Arc::clone(&verify));
                tokio::spawn(async move {
                    // Who hangs up has nothing more to say.
                    drop(take_all(stream, every, &tally, &verify).await);
                });
            }
        });
        Ok(Receiver { address, tally, _runtime: runtime })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/notifications", self.address)
    }

    /// How many notifications have come since the counts were taken last.
    pub fn delivered(&self) -> u64 {
        lock(&self.tally).counts.delivered
    }

    /// What has come since it was asked last.
    pub fn take_counts(&self) -> Counts {
        std::mem::take(&mut *lock(&self.tally)).counts
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn take_all(
    mut stream: TcpStream,
    every: u64,
    tally: &Mutex<Tally>,
    verify: &Verify,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::new();
    loop {
        let length = match whole(&bytes) {
            Whole::Yes { head, length } => {
                note(&bytes, head, length, every, tally, verify);
                length
            }
            Whole::NotYet => {
                if stream.read_buf(&mut bytes).await? == 0 {
                    return Ok(());
                }
                continue;
            }
            Whole::Never => {
                lock(tally).counts.faults += 1;
                return Ok(());
            }
        };
        bytes.drain(..length);
        stream.write_all(ANSWER).await?;
    }
}

/// Whether bytes begin with a whole request, how long its head is, and it itself.
enum Whole {
    Yes { head: usize, length: usize },
    NotYet,
    Never,
}

fn whole(bytes: &[u8]) -> Whole {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_BYTES_MAX { Whole::Never } else { Whole::NotYet };
    };
    let head = end + 4;
    let text = bytes.get(..end).and_then(|head| str::from_utf8(head).ok()).unwrap_or_default();
    let body = header(text, "content-length").parse().unwrap_or(usize::MAX);
    if !text.starts_with("POST ") || body > BODY_BYTES_MAX {
        return Whole::Never;
    }
    let length = head + body;
    if bytes.len() < length { Whole::NotYet } else { Whole::Yes { head, length } }
}

/// The value of a header; empty where it is not there.
fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim()).unwrap_or_default()
}

fn note(
    bytes: &[u8],
    head: usize,
    length: usize,
    every: u64,
    tally: &Mutex<Tally>,
    verify: &Verify,
) {
    let text = bytes.get(..head).and_then(|head| str::from_utf8(head).ok()).unwrap_or_default();
    let received = Received {
        id: header(text, "webhook-id"),
        timestamp: header(text, "webhook-timestamp"),
        signature: header(text, "webhook-signature"),
        body: bytes.get(head..length).unwrap_or_default(),
    };
    let is_looked_at = {
        let mut tally = lock(tally);
        if !tally.ids.insert(received.id.to_owned()) {
            tally.counts.repeated += 1;
            return;
        }
        tally.counts.delivered += 1;
        tally.counts.delivered.is_multiple_of(every.max(1))
    };
    if is_looked_at {
        let is_good = verify(received);
        let counts = &mut lock(tally).counts;
        counts.verified += u64::from(is_good);
        counts.faults += u64::from(!is_good);
    }
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn request(id: &str, signature: &str) -> String {
        format!(
            "POST /notifications HTTP/1.1\r\nHost: a\r\nWebhook-Id: {id}\r\n\
             webhook-timestamp: 7\r\nwebhook-signature: {signature}\r\n\
             Content-Length: 2\r\n\r\n{{}}"
        )
    }

    #[test]
    fn it_counts_each_once_and_looks_at_some() {
        let verify = |received: Received<'_>| {
            (received.timestamp, received.body) == ("7", b"{}") && received.signature == "good"
        };
        let receiver = Receiver::start(2, Arc::new(verify)).unwrap();
        let mut stream = std::net::TcpStream::connect(receiver.address).unwrap();
        let requests = [("1", "bad"), ("2", "good"), ("1", "good"), ("3", "bad"), ("4", "bad")];
        let all: String = requests.map(|(id, signature)| request(id, signature)).concat();
        // In two pieces, the second one with the end of a head.
        let (first, second) = all.split_at(200);
        for piece in [first, second] {
            stream.write_all(piece.as_bytes()).unwrap();
        }
        let mut answers = vec![0; ANSWER.len() * requests.len()];
        stream.read_exact(&mut answers).unwrap();
        assert!(answers.starts_with(ANSWER) && answers.ends_with(ANSWER));
        let expected = Counts { delivered: 4, repeated: 1, verified: 1, faults: 1 };
        assert_eq!(receiver.delivered(), 4);
        assert_eq!(receiver.take_counts(), expected);
        assert_eq!((receiver.take_counts(), receiver.delivered()), (Counts::default(), 0));
    }

    #[test]
    fn what_is_no_notification_is_a_fault() {
        let receiver = Receiver::start(1, Arc::new(|_| true)).unwrap();
        let long = format!("POST / HTTP/1.1\r\nx: {}", "a".repeat(HEAD_BYTES_MAX));
        let bad = [
            "GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
            &long,
        ];
        for request in bad {
            let mut stream = std::net::TcpStream::connect(receiver.address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            // It may be closed with something unread, which is a reset.
            drop(stream.read_to_end(&mut Vec::new()));
        }
        assert_eq!(receiver.take_counts(), Counts { faults: 4, ..Counts::default() });
    }
}
