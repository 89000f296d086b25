//! SIGTERM under load: every request gets an answer or a clean refusal, and nothing that was
//! acknowledged is lost.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::http::{connect, read_reply};
use crate::replay::{Books, Client};
use crate::server::{
    CARD, Folder, LEDGER, LEDGER_TOKEN, Server, authorization, serve_on, verify, wait_until,
};

/// Method: clients with random traffic, SIGTERM in the middle, exit code 0; then a second server
/// on the same store is asked for everything again.
#[test]
fn a_shutdown_under_load_answers_what_it_took() {
    let folder = Folder::with_demo("shutdown");
    let mut server = Server::start(serve_on(folder.path()));
    let address = server.address;
    let stop = AtomicBool::new(false);
    let (mut operations, status) = thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|number| {
                let client = Client::new(address, format!("s-{number}"), number);
                let stop = &stop;
                scope.spawn(move || client.run(stop))
            })
            .collect();
        thread::sleep(Duration::from_millis(300));
        let status = server.terminate();
        stop.store(true, Ordering::Relaxed);
        let done: Vec<_> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        (done, status)
    });
    assert_eq!(status.code(), Some(0));
    assert!(operations.iter().any(|operation| operation.answer.is_some()), "there was no load");
    verify(folder.path());
    let server = Server::start(serve_on(folder.path()));
    Books::default().settle(&server, &mut operations);
    verify(folder.path());
}

/// Method: a request is half sent when SIGTERM comes; its other half is taken and answered, and
/// meanwhile /readyz says no and new connections are not taken.
#[test]
fn a_request_that_was_begun_is_answered() {
    let folder = Folder::with_demo("begun");
    let mut command = serve_on(folder.path());
    command.args(["--shutdown-delay", "1"]);
    let mut server = Server::start(command);
    let mut ready = server.connection();
    assert_eq!(ready.get("/readyz", "").unwrap().status, 200);
    let body = authorization(CARD, "begun", "10.00");
    let (first, second) = body.split_at(20);
    let mut stream = BufReader::new(connect(server.address).unwrap());
    let head = format!(
        "POST {LEDGER}/authorizations HTTP/1.1\r\nHost: kassa\r\nAuthorization: Bearer \
         {LEDGER_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{first}",
        body.len()
    );
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    server.signal_terminate();
    wait_until("readyz says no", || {
        ready.get("/readyz", "").is_ok_and(|reply| reply.status == 503)
    });
    assert_eq!(ready.get("/livez", "").unwrap().status, 200, "it still lives");
    wait_until("no connection is taken", || TcpStream::connect(server.address).is_err());
    stream.get_mut().write_all(second.as_bytes()).unwrap();
    let reply = read_reply(&mut stream).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(server.wait().code(), Some(0));
    let server = Server::start(serve_on(folder.path()));
    let again = server.post(&format!("{LEDGER}/authorizations"), LEDGER_TOKEN, &body);
    assert_eq!((again.status, &again.body), (201, &reply.body));
    assert!(again.is_replayed());
}
