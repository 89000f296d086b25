//! Requests for one payment that arrive at the same moment: it is made once, here and at the PSP,
//! and all are answered with the same bytes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use cluster::{Durability, Isolation};

use super::{PAYMENTS, ask, initialize, number, with_psps};
use crate::estate::crash::all_of;
use crate::http::Reply;
use crate::nodes::Site;
use crate::races::RACERS;
use crate::server::{Folder, Server, serve_on, verify};

#[test]
fn identical_requests_make_one_payment() {
    let folder = Folder::with_demo("payments-once");
    let psp = Counted::start();
    let server = Server::start(with_psps(serve_on(folder.path()), psp.address));
    check_once(&[&server], &psp);
    drop(server);
    verify(folder.path());
}

#[test]
fn identical_requests_to_two_nodes_make_one_payment() {
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let site = Site::with_demo(Durability::Fast, isolation);
        let psp = Counted::start();
        let start = || Server::start(with_psps(site.serve(), psp.address));
        let nodes = thread::scope(|scope| {
            let second = scope.spawn(start);
            [start(), second.join().unwrap()]
        });
        check_once(&[&nodes[0], &nodes[1]], &psp);
        site.verify();
        site.check_logs();
    }
}

/// Method: two rounds of 64 requests under one key each, and each key once more a while later.
#[track_caller]
fn check_once(servers: &[&Server], psp: &Counted) {
    for round in 1..=2 {
        let key = format!("once-{round}");
        let replies = race(servers, &key);
        let first = &replies[0];
        for reply in &replies {
            assert_eq!((reply.status, &reply.body), (202, &first.body));
        }
        let replayed = replies.iter().filter(|reply| reply.is_replayed()).count();
        assert_eq!(replayed, RACERS - 1, "one has made it");
        assert_eq!(psp.created(), round, "the PSP was asked once");
        for server in servers {
            let again = send(server, &key);
            assert_eq!((again.status, &again.body), (202, &first.body));
            assert!(again.is_replayed());
            let all = all_of(server, PAYMENTS);
            assert_eq!(all.len(), round);
            assert_eq!(all[0]["id"], number(first).to_string());
        }
    }
}

/// All racers ask for one payment, in turn at one of the servers.
fn race(servers: &[&Server], key: &str) -> Vec<Reply> {
    let start = Barrier::new(RACERS);
    thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let start = &start;
                let mut connection = servers[number % servers.len()].connection();
                scope.spawn(move || {
                    // The connection is opened first, so that the requests meet.
                    connection.get("/livez", "").unwrap();
                    let body = ask("SWISH_E_COM", key);
                    start.wait();
                    initialize(&mut connection, "payment", key, &body).unwrap()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

fn send(server: &Server, key: &str) -> Reply {
    initialize(&mut server.connection(), "payment", key, &ask("SWISH_E_COM", key)).unwrap()
}

/// A Swish that takes every payment, decides none, and counts.
pub(super) struct Counted {
    pub(super) address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    created: AtomicUsize,
    connections: AtomicUsize,
}

impl Counted {
    pub(super) fn start() -> Counted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let kept = Arc::clone(&counts);
        // Both end with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let counts = Arc::clone(&counts);
                counts.connections.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || answer(stream.unwrap(), &counts));
            }
        });
        Counted { address, counts: kept }
    }

    /// How many payments it was asked to make.
    fn created(&self) -> usize {
        self.counts.created.load(Ordering::SeqCst)
    }

    /// How often it was called at all.
    pub(super) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }
}

/// Answers until the other side ends.
fn answer(stream: TcpStream, counts: &Counts) {
    let mut stream = BufReader::new(stream);
    while let Some(line) = read_request(&mut stream) {
        let made = line.starts_with("PUT ");
        let head = if made {
            counts.created.fetch_add(1, Ordering::SeqCst);
            "HTTP/1.1 201 Created\r\nLocation: http://127.0.0.1/"
        } else {
            "HTTP/1.1 503 Unavailable\r\nRetry-After: 1"
        };
        let answer = format!("{head}\r\nContent-Length: 0\r\n\r\n");
        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads a request to its end; its first line.
fn read_request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line == "\r\n" {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).ok()?;
            return Some(first);
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        if first.is_empty() {
            first = line;
        }
    }
}
