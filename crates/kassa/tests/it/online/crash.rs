//! A server that is killed while payments are made: what it has answered it answers again, byte by
//! byte, and everything was done once or not at all.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{LEDGER_CARD, SUCCESS, balances, card, code, id, in_test_mode, send};
use crate::http::Connection;
use crate::server::{Folder, Server, serve_on, verify};

const CYCLES: usize = 4;
const TILLS: usize = 8;

/// Method: tills hold and capture under keys of their own until the server is killed; then each
/// request is sent again. What was answered has the same answer, and the account owes the sum of
/// all captures and holds the rest.
#[test]
fn what_is_acknowledged_survives_a_kill() {
    let folder = Folder::with_demo("online-crash");
    let all = Mutex::new(Vec::new());
    let numbers = AtomicUsize::new(0);
    for cycle in 0..CYCLES {
        let server = Server::start(in_test_mode(serve_on(folder.path())));
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..TILLS {
                let connection = server.connection();
                let (all, numbers, ends) = (&all, &numbers, &ends);
                scope.spawn(move || sell(connection, all, numbers, ends));
            }
            thread::sleep(Duration::from_millis(150 + 70 * u64::try_from(cycle).unwrap()));
            server.kill();
            ends.store(true, Ordering::SeqCst);
        });
    }
    let server = Server::start(in_test_mode(serve_on(folder.path())));
    let all = all.into_inner().unwrap();
    let unanswered = all.iter().filter(|sale| sale.captured.is_none()).count();
    assert!(all.len() > 20 && unanswered > 0, "{} sales, {unanswered} unanswered", all.len());
    let mut connection = server.connection();
    for sale in &all {
        let held = send(&mut connection, "payments", &sale.form(), &sale.key("h")).unwrap();
        assert_eq!(code(&held), SUCCESS, "{}", held.body);
        check_same(sale.held.as_deref(), &held.body);
        let path = format!("payments/{}", id(&held));
        let captured = send(&mut connection, &path, CAPTURE, &sale.key("c")).unwrap();
        assert_eq!(code(&captured), SUCCESS, "{}", captured.body);
        check_same(sale.captured.as_deref(), &captured.body);
    }
    let count = all.len();
    let amounts = (format!("{}.00", count * 2), format!("{count}.00"));
    assert_eq!(balances(&server), amounts, "each was held once and captured once");
    drop(server);
    verify(folder.path());
}

const CAPTURE: &str = "paymentType=CP&amount=1.00";

/// A sale of 3.00, of which 1.00 is captured, with the answers that were heard.
struct Sale {
    number: usize,
    held: Option<String>,
    captured: Option<String>,
}

impl Sale {
    fn form(&self) -> String {
        card(LEDGER_CARD, "PA", "3.00") + &format!("&merchantInvoiceId=sale-{:06}", self.number)
    }

    fn key(&self, what: &str) -> String {
        format!("{what}-{}", self.number)
    }
}

fn sell(
    mut connection: Connection,
    all: &Mutex<Vec<Sale>>,
    numbers: &AtomicUsize,
    ends: &AtomicBool,
) {
    while !ends.load(Ordering::SeqCst) {
        let number = numbers.fetch_add(1, Ordering::SeqCst);
        let mut sale = Sale { number, held: None, captured: None };
        let held = send(&mut connection, "payments", &sale.form(), &sale.key("h"));
        if let Ok(held) = held {
            assert_eq!(code(&held), SUCCESS, "{}", held.body);
            let path = format!("payments/{}", id(&held));
            let captured = send(&mut connection, &path, CAPTURE, &sale.key("c"));
            sale.captured = captured.ok().map(|captured| captured.body);
            sale.held = Some(held.body);
        }
        let is_lost = sale.captured.is_none();
        all.lock().unwrap().push(sale);
        if is_lost {
            return;
        }
    }
}

#[track_caller]
fn check_same(before: Option<&str>, now: &str) {
    if let Some(before) = before {
        assert_eq!(before, now, "another answer than before");
    }
}
