//! Requests that arrive at the same moment, over HTTP: one effect, and answers that agree.

use std::sync::Barrier;
use std::thread;

use crate::http::Reply;
use crate::server::{
    CARD, Folder, LEDGER, LEDGER_TOKEN, Server, authorization, demo_on, purchase, verify,
};

/// Requests at once, each on a connection of its own.
pub(crate) const RACERS: usize = 64;

/// Sends `body(n)` to `path` from all racers, as much at once as can be.
fn race(server: &Server, path: &str, body: impl Fn(usize) -> String + Sync) -> Vec<Reply> {
    race_to(&[server], path, LEDGER_TOKEN, body)
}

/// As [`race`], to one of `servers` in turn.
pub(crate) fn race_to(
    servers: &[&Server],
    path: &str,
    token: &str,
    body: impl Fn(usize) -> String + Sync,
) -> Vec<Reply> {
    let start = Barrier::new(RACERS);
    thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let (start, body) = (&start, &body);
                let mut connection = servers[number % servers.len()].connection();
                scope.spawn(move || {
                    // The connection is opened first, so that the requests meet.
                    connection.get("/livez", "").unwrap();
                    start.wait();
                    connection.post(path, token, &body(number)).unwrap()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

/// Goal: captures never take more than was authorized, whatever their order. Method: 64 captures
/// of 7.00 race for an authorization of 100.00, which bears 14 of them; then 2.00 is left.
#[test]
fn parallel_captures_take_what_there_is_and_no_more() {
    let folder = Folder::new("race-captures");
    let server = Server::start(demo_on(folder.path()));
    let id = server.authorize(CARD, "race", "100.00");
    let replies = race(&server, &format!("{LEDGER}/purchases"), |number| {
        purchase(&id, &format!("race-{number}"), "7.00")
    });
    assert_eq!(granted(&replies), 14);
    check_refused(&replies, "insufficient-debited-amount");
    assert_eq!(server.balances(CARD), ["98.00", "2.00", "49900.00"]);
    let last = server.post(
        &format!("{LEDGER}/purchases"),
        LEDGER_TOKEN,
        &purchase(&id, "race-last", "2.00"),
    );
    assert_eq!(last.status, 201, "{}", last.body);
    let found = server.get(&format!("{LEDGER}/authorizations/{id}"), LEDGER_TOKEN);
    assert!(found.body.contains(r#""remainingAmount":0.00"#), "{}", found.body);
    assert_eq!(server.balances(CARD), ["100.00", "0.00", "49900.00"]);
    verify(folder.path());
}

/// Goal: one source id, one effect. Method: 64 identical requests; one is new, 63 say that they
/// were answered before, and all bodies are the same bytes.
#[test]
fn identical_requests_have_one_effect_and_one_answer() {
    let folder = Folder::new("race-same");
    let server = Server::start(demo_on(folder.path()));
    let body = authorization(CARD, "same", "300.00");
    let replies = race(&server, &format!("{LEDGER}/authorizations"), |_| body.clone());
    check_one_effect(&replies);
    assert_eq!(server.balances(CARD), ["0.00", "300.00", "49700.00"]);
    let id = replies[0].id();
    let replies =
        race(&server, &format!("{LEDGER}/purchases"), |_| purchase(&id, "same", "120.00"));
    check_one_effect(&replies);
    assert_eq!(server.balances(CARD), ["120.00", "180.00", "49700.00"]);
    let path = format!("{LEDGER}/purchases/same/corrections");
    let replies = race(&server, &path, |_| {
        r#"{"sourceCorrectionTransactionId":"same","amount":20.00}"#.to_owned()
    });
    check_one_effect(&replies);
    assert_eq!(server.balances(CARD), ["100.00", "180.00", "49720.00"]);
    verify(folder.path());
}

/// Checks the answers to one request that all racers sent.
#[track_caller]
pub(crate) fn check_one_effect(replies: &[Reply]) {
    let first = &replies[0];
    for reply in replies {
        assert_eq!((reply.status, &reply.body), (201, &first.body));
        assert_eq!(reply.header("location"), first.header("location"));
    }
    let replayed = replies.iter().filter(|reply| reply.is_replayed()).count();
    assert_eq!(replayed, replies.len() - 1);
}

/// How many did something.
pub(crate) fn granted(replies: &[Reply]) -> usize {
    replies.iter().filter(|reply| reply.status == 201).count()
}

/// Checks that whoever was not granted was refused for this reason.
#[track_caller]
pub(crate) fn check_refused(replies: &[Reply], code: &str) {
    for refused in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(refused.body.contains(code), "{}", refused.body);
    }
}

/// Goal: a cancellation and captures that race leave nothing reserved and nothing taken twice.
/// Method: 63 captures of 1.00 and one cancellation; what was captured is owed, the rest is free.
#[test]
fn a_cancellation_among_captures_ends_the_authorization() {
    let folder = Folder::new("race-cancel");
    let server = Server::start(demo_on(folder.path()));
    let id = server.authorize(CARD, "cancel", "100.00");
    let start = Barrier::new(2);
    let cancel = format!("{LEDGER}/authorizations/{id}/cancellations");
    let (captures, cancelled) = thread::scope(|scope| {
        let cancelling = scope.spawn(|| {
            start.wait();
            server.post(&cancel, LEDGER_TOKEN, "{}")
        });
        start.wait();
        let captures = race(&server, &format!("{LEDGER}/purchases"), |number| {
            purchase(&id, &format!("cancel-{number}"), "1.00")
        });
        (captures, cancelling.join().unwrap())
    });
    assert_eq!(cancelled.status, 201, "{}", cancelled.body);
    let taken = granted(&captures);
    check_refused(&captures, "authorization-cancelled");
    let available = 50_000 - taken;
    let expected = [format!("{taken}.00"), "0.00".to_owned(), format!("{available}.00")];
    assert_eq!(server.balances(CARD), expected);
    verify(folder.path());
}
