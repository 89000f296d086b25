//! Requests that meet: one effect, and never more than there is.

use std::sync::Barrier;
use std::thread;

use cluster::{Durability, Isolation};

use super::{
    LEDGER_CARD, SUCCESS, TEST_CARD, ask, balances, card, code, id, in_test_mode, send, show,
};
use crate::http::{Connection, Reply};
use crate::nodes::Site;
use crate::races::RACERS;
use crate::server::{Folder, Server, serve_on, verify};

/// Method: as below, at two servers on one database, at either isolation.
#[test]
fn identical_requests_to_two_nodes_make_one_payment() {
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let site = Site::with_demo(Durability::Fast, isolation);
        let start = || Server::start(in_test_mode(site.serve()));
        let nodes = thread::scope(|scope| {
            let second = scope.spawn(start);
            [start(), second.join().unwrap()]
        });
        let form = card(LEDGER_CARD, "PA", "10.00");
        let replies = race(&[&nodes[0], &nodes[1]], |_, connection| {
            send(connection, "payments", &form, "one")
        });
        for reply in &replies {
            assert_eq!((reply.status, &reply.body), (200, &replies[0].body));
        }
        assert_eq!(replies.iter().filter(|reply| reply.is_replayed()).count(), RACERS - 1);
        let path = format!("payments/{}", id(&replies[0]));
        let captures = race(&[&nodes[0], &nodes[1]], |_, connection| {
            send(connection, &path, "paymentType=CP&amount=3.00", "")
        });
        assert!(count(&captures, SUCCESS) <= 3, "never more than is held");
        while code(&ask(&nodes[1], &path, "paymentType=CP&amount=3.00")) == SUCCESS {}
        assert_eq!(balances(&nodes[0]), ("1.00".to_owned(), "9.00".to_owned()));
        site.verify();
        site.check_logs();
    }
}

fn server(name: &str) -> (Folder, Server) {
    let folder = Folder::with_demo(name);
    let server = Server::start(in_test_mode(serve_on(folder.path())));
    (folder, server)
}

/// Sends from all racers, to one of the servers in turn, as much at once as can be.
fn race(
    servers: &[&Server],
    send: impl Fn(usize, &mut Connection) -> std::io::Result<Reply> + Sync,
) -> Vec<Reply> {
    let start = Barrier::new(RACERS);
    thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let (start, send) = (&start, &send);
                let mut connection = servers[number % servers.len()].connection();
                scope.spawn(move || {
                    // The connection is opened first, so that the requests meet.
                    connection.get("/livez", "").unwrap();
                    start.wait();
                    send(number, &mut connection).unwrap()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

#[track_caller]
fn count(replies: &[Reply], expected: &str) -> usize {
    replies.iter().filter(|reply| code(reply) == expected).count()
}

#[test]
fn identical_requests_make_one_payment() {
    let (folder, server) = server("online-once");
    let form = card(LEDGER_CARD, "PA", "10.00");
    let replies = race(&[&server], |_, connection| send(connection, "payments", &form, "one"));
    for reply in &replies {
        assert_eq!((reply.status, &reply.body), (200, &replies[0].body));
    }
    assert_eq!(replies.iter().filter(|reply| reply.is_replayed()).count(), RACERS - 1);
    assert_eq!(balances(&server), ("10.00".to_owned(), "0.00".to_owned()));
    let other = card(LEDGER_CARD, "PA", "11.00");
    let reused = send(&mut server.connection(), "payments", &other, "one").unwrap();
    assert_eq!((reused.status, code(&reused).as_str()), (422, "200.300.405"));
    drop(server);
    verify(folder.path());
}

/// Method: 64 captures of 7.00 race for 100.00, which bears 14 of them; then 64 refunds of 5.00 for
/// the 98.00 that were taken, which bear 19; then 64 reversals for the rest, of which one wins.
#[test]
fn follow_ups_take_and_give_back_what_there_is() {
    let (folder, server) = server("online-follow-ups");
    let held = ask(&server, "payments", &card(LEDGER_CARD, "PA", "100.00"));
    let path = format!("payments/{}", id(&held));
    let all = |form: &str| race(&[&server], |_, connection| send(connection, &path, form, ""));
    let captures = all("paymentType=CP&amount=7.00");
    // Who finds it changed again and again is told so: ask anew.
    let rest = captures.iter().filter(|reply| reply.status == 409).count();
    assert_eq!(count(&captures, SUCCESS) + count(&captures, "700.400.100"), RACERS);
    assert!(count(&captures, SUCCESS) == 14 || rest > 0, "{rest} were told to ask anew");
    while code(&ask(&server, &path, "paymentType=CP&amount=7.00")) == SUCCESS {}
    assert_eq!(balances(&server), ("2.00".to_owned(), "98.00".to_owned()));
    let refunds = all("paymentType=RF&amount=5.00");
    assert_eq!((count(&refunds, SUCCESS), count(&refunds, "700.400.200")), (19, RACERS - 19));
    assert_eq!(balances(&server), ("2.00".to_owned(), "3.00".to_owned()));
    let reversals = all("paymentType=RV");
    assert_eq!((count(&reversals, SUCCESS), count(&reversals, "700.400.300")), (1, RACERS - 1));
    assert_eq!(balances(&server), ("0.00".to_owned(), "3.00".to_owned()));
    drop(server);
    verify(folder.path());
}

/// Method: 64 browsers pay one checkout, each with a form of its own, and half of them twice.
#[test]
fn a_checkout_is_paid_once() {
    let (folder, server) = server("online-checkout");
    let form = "paymentType=DB&amount=12.00&currency=SEK&\
                shopperResultUrl=https%3A%2F%2Fshop.example%2Fdone";
    let checkout = id(&ask(&server, "checkouts", form));
    let path = format!("/checkout/{checkout}/card");
    let replies = race(&[&server], |number, connection| {
        let nonce = number / 2;
        let body = format!(
            "nonce={nonce:032x}&number={LEDGER_CARD}&holder=Al+Vi&month=05&year=34&cvv=123"
        );
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        connection.send("POST", &path, &headers, &body)
    });
    assert!(replies.iter().all(|reply| reply.status == 303), "all see how it stands");
    let paid = show(&server, &format!("checkouts/{checkout}/payment"));
    assert_eq!(code(&paid), SUCCESS, "{}", paid.body);
    assert_eq!(balances(&server), ("0.00".to_owned(), "12.00".to_owned()));
    drop(server);
    verify(folder.path());
}

/// The merchant's own name for a payment is used once a day for one amount, however many ask.
#[test]
fn a_merchants_own_name_makes_one_payment() {
    let (folder, server) = server("online-duplicates");
    let form = format!("{}&merchantTransactionId=order-4711", card(TEST_CARD, "DB", "9.00"));
    let replies = race(&[&server], |_, connection| send(connection, "payments", &form, ""));
    assert_eq!((count(&replies, SUCCESS), count(&replies, "800.110.100")), (1, RACERS - 1));
    drop(server);
    verify(folder.path());
}
