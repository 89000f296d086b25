//! Notifications leave, whatever happens to who sends them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{SUCCESS, code, id, in_test_mode, send, text};
use crate::payments::{script, stand_ins, with_psps};
use crate::server::{Folder, OPERATOR_KEY, Server, serve_on, wait_at_most};

const CYCLES: u64 = 3;
const PAYMENTS: usize = 25;

/// Method: payments over Swish are asked for, some of which the payer declines, while the server is
/// killed again and again; the receiver drops every fourth notification when it first sees it. In
/// the end every payment's outcome has arrived, the same under the same id, and the last thing that
/// was told of each payment is what it came to.
#[test]
fn none_is_lost_when_the_sender_is_killed() {
    let folder = Folder::with_demo("notices-crash");
    let psps = stand_ins();
    let receiver = Receiver::start();
    let start = || {
        let mut serve = in_test_mode(with_psps(serve_on(folder.path()), psps.address));
        serve.env("KASSA_NOTIFY_NETWORKS", "127.0.0.0/8");
        Server::start(serve)
    };
    let mut ids = Vec::new();
    for cycle in 0..CYCLES {
        let server = start();
        if cycle == 0 {
            listen(&server, receiver.address);
        }
        script(&psps, "swish", "decline", 5);
        let mut connection = server.connection();
        for number in 0..PAYMENTS {
            let form = format!(
                "paymentType=DB&amount=10.00&currency=SEK&paymentBrand=SWISH&\
                 virtualAccount.accountId=46701234567&merchantInvoiceId=notice-{cycle}-{number:02}"
            );
            let asked = send(&mut connection, "payments", &form, &format!("{cycle}-{number}"));
            ids.push(id(&asked.unwrap()));
        }
        thread::sleep(Duration::from_millis(200 * cycle));
        server.kill();
    }
    let server = start();
    let is_told = |told: &BTreeMap<String, Vec<String>>| {
        ids.iter().all(|id| told.get(id).is_some_and(|codes| codes.iter().any(|it| is_end(it))))
    };
    wait_at_most(Duration::from_mins(2), "every outcome is told", || is_told(&receiver.told()));
    let told = receiver.told();
    let mut connection = server.connection();
    for id in &ids {
        let path = format!("/v3/payments/{id}?{}", super::ENTITY);
        let shown = connection.get(&path, super::TOKEN).unwrap();
        assert_eq!(told[id].last(), Some(&code(&shown)), "{id}: {:?}", told[id]);
    }
    let ends = told.values().filter(|codes| codes.last().is_some_and(|it| it == SUCCESS)).count();
    assert!(ends > 0 && ends < ids.len(), "{ends} of {} have succeeded", ids.len());
    receiver.check_repeats();
    drop(server);
    crate::server::verify(folder.path());
}

fn is_end(code: &str) -> bool {
    code != "000.200.000"
}

#[track_caller]
fn listen(server: &Server, receiver: SocketAddr) {
    let body = json!({ "url": format!("http://{receiver}/hook") }).to_string();
    let path = "/operator/v1/customers/2/notification-endpoints";
    let made = server.post(path, OPERATOR_KEY, &body);
    assert_eq!(made.status, 201, "{}", made.body);
}

/// What has come: the id of the notification, what it said, and whether it was taken.
type Arrivals = Vec<(String, String, bool)>;

/// Takes notifications, but for every fourth when it first comes.
struct Receiver {
    address: SocketAddr,
    arrivals: Arc<Mutex<Arrivals>>,
}

impl Receiver {
    fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let arrivals = Arc::new(Mutex::new(Arrivals::new()));
        let kept = Arc::clone(&arrivals);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let arrivals = Arc::clone(&kept);
                thread::spawn(move || receive(stream, &arrivals));
            }
        });
        Receiver { address, arrivals }
    }

    fn lock(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap()
    }

    /// The result codes that were told of each payment, in the order of their first arrival.
    fn told(&self) -> BTreeMap<String, Vec<String>> {
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut seen = Vec::new();
        for (notice, body, is_taken) in self.lock().iter() {
            if seen.contains(notice) || !is_taken {
                continue;
            }
            seen.push(notice.clone());
            let frame: Value = serde_json::from_str(body).unwrap();
            told.entry(text(&frame, "/id")).or_default().push(text(&frame, "/result/code"));
        }
        told
    }

    /// What came twice under one id was the same.
    #[track_caller]
    fn check_repeats(&self) {
        let mut bodies: BTreeMap<String, String> = BTreeMap::new();
        for (notice, body, _) in self.lock().iter() {
            let first = bodies.entry(notice.clone()).or_insert_with(|| body.clone());
            assert_eq!(first, body, "{notice} said something else before");
        }
    }
}

fn receive(stream: TcpStream, arrivals: &Mutex<Arrivals>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut notice, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("webhook-id: ") {
                value.clone_into(&mut notice);
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let body = String::from_utf8(body).unwrap();
        let is_taken = {
            let mut arrivals = arrivals.lock().unwrap();
            let is_new = arrivals.iter().all(|(known, ..)| *known != notice);
            let number: u32 = notice.bytes().map(u32::from).sum();
            let is_taken = !is_new || !number.is_multiple_of(4);
            arrivals.push((notice, body, is_taken));
            is_taken
        };
        if !is_taken {
            return;
        }
        let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
        if stream.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}
