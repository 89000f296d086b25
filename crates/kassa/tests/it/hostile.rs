//! Clients that misbehave: the server answers them or hangs up, and goes on serving the others.

use std::io::{BufReader, Read as _, Write as _};
use std::time::Duration;

use crate::http::{connect, read_reply};
use crate::server::{CARD, Folder, LEDGER_TOKEN, Server, authorization, demo_on, serve_on, verify};

/// Goal: no bytes end the server or disturb another client. Method: each kind of nonsense on a
/// connection of its own; after each, a payment goes through.
#[test]
fn nonsense_ends_its_connection_and_nothing_else() {
    let folder = Folder::new("nonsense");
    let mut server = Server::start(demo_on(folder.path()));
    let long_header = format!("GET /livez HTTP/1.1\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    let many_headers = format!("GET /livez HTTP/1.1\r\n{}\r\n", "X-Many: 1\r\n".repeat(2_000));
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: k\r\n\r\n", "a".repeat(100_000));
    let cases: [&[u8]; 12] = [
        b"",
        b"\0\0\0\0\xff\xff\xff\xff",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: k\r\nContent-Length: -1\r\n\r\n",
        b"POST /livez HTTP/1.1\r\nHost: k\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        b"POST /livez HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /livez HTTP/1.1\r\nHost: k\r\nBroken\r\n\r\n",
        long_header.as_bytes(),
        many_headers.as_bytes(),
        long_path.as_bytes(),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let answer = exchange(&server, case);
        assert!(!answer.starts_with("HTTP/1.1 2"), "case {number}: {answer}");
        assert!(!answer.starts_with("HTTP/1.1 5"), "case {number}: {answer}");
        server.authorize(CARD, &format!("nonsense-{number}"), "1.00");
    }
    assert!(server.is_running());
    assert!(server.terminate().success());
    verify(folder.path());
}

/// Sends bytes, says that there are no more, and gives what comes back.
fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server.address).unwrap();
    // The server may hang up before it has read all.
    stream.write_all(bytes).ok();
    stream.shutdown(std::net::Shutdown::Write).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Goal: a client that says at once that it has no more to send gets its answer: it is the answer
/// to a payment.
#[test]
fn a_client_that_has_no_more_to_send_is_answered() {
    let folder = Folder::new("half-closed");
    let server = Server::start(demo_on(folder.path()));
    for number in 0..20 {
        let body = authorization(CARD, &format!("half-{number}"), "1.00");
        let message = format!(
            "POST /ledger/card-transaction/v1/100/authorizations HTTP/1.1\r\nHost: k\r\n\
             Authorization: Bearer {LEDGER_TOKEN}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = exchange(&server, message.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
}

/// Goal: clients that send slowly, or stop in the middle, hold up nobody. Method: 200 of them in
/// every state of a request, and payments beside them.
#[test]
fn slow_clients_hold_up_nobody() {
    let folder = Folder::new("slow");
    let server = Server::start(demo_on(folder.path()));
    let halves: [&[u8]; 4] = [
        b"",
        b"POST /ledger/card-transaction/v1/100/auth",
        b"POST /ledger/card-transaction/v1/100/authorizations HTTP/1.1\r\nHost: k\r\n",
        b"POST /ledger/card-transaction/v1/100/authorizations HTTP/1.1\r\nHost: k\r\n\
          Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ];
    let stalled: Vec<_> = halves
        .iter()
        .cycle()
        .take(200)
        .map(|half| {
            let mut stream = connect(server.address).unwrap();
            stream.write_all(half).unwrap();
            stream
        })
        .collect();
    for number in 0..20 {
        server.authorize(CARD, &format!("slow-{number}"), "1.00");
    }
    drop(stalled);
    server.authorize(CARD, "slow-after", "1.00");
}

/// Goal: beyond the limit a connection waits and is served when another one ends.
#[test]
fn connections_beyond_the_limit_wait_for_their_turn() {
    let folder = Folder::with_demo("limit");
    let mut command = serve_on(folder.path());
    command.args(["--connections-max", "3"]);
    let server = Server::start(command);
    let mut held: Vec<_> = (0..3).map(|_| server.connection()).collect();
    for connection in &mut held {
        assert_eq!(connection.get("/livez", "").unwrap().status, 200);
    }
    let mut waiting = BufReader::new(connect(server.address).unwrap());
    waiting.get_mut().write_all(b"GET /livez HTTP/1.1\r\nHost: k\r\n\r\n").unwrap();
    waiting.get_mut().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(read_reply(&mut waiting).is_err(), "the fourth is not served yet");
    held.pop();
    waiting.get_mut().set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(read_reply(&mut waiting).unwrap().status, 200);
}

/// Goal: idle connections, which anybody may open, do not take the files that a payment needs.
/// Method: a small limit on open files, more connections than that, and the server's first payment.
#[cfg(target_os = "linux")]
#[test]
fn idle_connections_leave_files_for_the_store() {
    let folder = Folder::with_demo("files");
    let plain = serve_on(folder.path());
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]);
    command.arg(plain.get_program()).args(plain.get_args());
    let server = Server::start(command);
    let mut first = server.connection();
    assert_eq!(first.get("/livez", "").unwrap().status, 200);
    let idle: Vec<_> = (0..150).map(|_| connect(server.address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(300));
    let path = "/ledger/card-transaction/v1/100/authorizations";
    let answer = first.post(path, LEDGER_TOKEN, &authorization(CARD, "files", "1.00")).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    drop(idle);
}

/// Goal: a body beyond the limit is refused, whether or not it says how long it is.
#[test]
fn large_bodies_are_refused() {
    let folder = Folder::new("large");
    let server = Server::start(demo_on(folder.path()));
    let path = "/ledger/card-transaction/v1/100/authorizations";
    let body = " ".repeat(200_000);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: k\r\nAuthorization: Bearer {LEDGER_TOKEN}\r\n\
         Content-Type: application/json\r\n"
    );
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n30d40\r\n{body}\r\n0\r\n\r\n");
    let sized = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    for message in [chunked, sized] {
        let answer = exchange(&server, message.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        server.authorize(CARD, &format!("large-{}", message.len()), "1.00");
    }
}
