//! The end of a merchant's day: what is reserved is captured, and what is paid is reported.

use std::time::SystemTime;

use serde_json::json;

use super::{
    MERCHANT, amount, ask, ask_back, auto_capture, await_payment, end_day_in, initialize, make,
    number, pay, reach, shown,
};
use crate::server::{Folder, OPERATOR_KEY, Server, demo_on, verify};

/// Method: payments of all methods and a refund, and the clock is moved past the day's end. Then a
/// reversal comes too late, and a refund does not.
#[test]
fn what_is_paid_is_reported_when_the_day_has_ended() {
    let folder = Folder::new("end-of-day");
    let mut server = Server::start(demo_on(folder.path()));
    let end = end_day_in(&server, 5);
    let klarna = pay(&server, &ask("KLARNA", "klarna-reserved"));
    let mut taken = auto_capture(ask("KLARNA", "klarna-taken"));
    taken["purchaseAmount"] = amount(25_000);
    let taken = pay(&server, &taken);
    let easy = pay(&server, &ask("EASY", "easy-reserved"));
    let santander = pay(&server, &ask("SANTANDER", "santander-reserved"));
    let swish = pay(&server, &ask("SWISH_E_COM", "swish"));
    for (number, state) in [
        (klarna, "RESERVED"),
        (taken, "FINALIZED"),
        (easy, "RESERVED"),
        (santander, "RESERVED"),
        (swish, "FINALIZED"),
    ] {
        reach(&server, number, state);
    }
    let back = ask_back("SWISH_E_COM", "swish-back", &swish.to_string(), 3_000);
    let refund = make(&server, "refund", &back);
    reach(&server, refund, "FINALIZED");
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seconds = end.0 / 1_000 - i64::try_from(since.as_secs()).unwrap() + 10;
    let body = json!({ "seconds": seconds }).to_string();
    let moved = server.post("/operator/v1/clock/advance", OPERATOR_KEY, &body);
    assert_eq!(moved.status, 200, "{}", moved.body);
    for number in [klarna, taken, easy, swish, refund] {
        let shown = await_payment(&server, number, "reported", |it| !it["report_id"].is_null());
        assert_eq!(shown["state"], "REPORTED", "{shown}");
    }
    let waiting = reach(&server, santander, "RESERVED");
    assert!(waiting["report_id"].is_null() && waiting["task"].is_null(), "it waits for delivery");
    check_report(&server);
    check_afterwards(&server, klarna);
    assert!(server.terminate().success());
    verify(folder.path());
}

/// Checks that there is one report, with what the day came to.
#[track_caller]
fn check_report(server: &Server) {
    let path = format!("/operator/v1/batch-reports?customer_id={MERCHANT}");
    let reports = server.get(&path, OPERATOR_KEY).json();
    let [report] = reports["items"].as_array().unwrap().as_slice() else {
        panic!("one report: {reports}")
    };
    let mut lines = report["lines"].as_array().unwrap().clone();
    lines.sort_by_key(ToString::to_string);
    let line = |kind: &str, method: &str, count: u32, amount: &str| {
        json!({
            "kind": kind, "method": method, "currency": "SEK", "count": count, "amount": amount
        })
    };
    let mut expected = [
        line("payment", "KLARNA", 2, "1250.00"),
        line("payment", "EASY", 1, "1000.00"),
        line("payment", "SWISH_E_COM", 1, "1000.00"),
        line("refund", "SWISH_E_COM", 1, "30.00"),
    ];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(lines, expected);
}

/// A reversal is refused in the contract's words; a refund is made.
#[track_caller]
fn check_afterwards(server: &Server, klarna: i64) {
    let back = ask_back("KLARNA", "too-late", "klarna-reserved", 100_000);
    let refused = initialize(&mut server.connection(), "reversal", "too-late", &back).unwrap();
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("is reported: refund it"), "{}", refused.body);
    let back = ask_back("KLARNA", "in-time", &klarna.to_string(), 100_000);
    let taken = initialize(&mut server.connection(), "refund", "in-time", &back).unwrap();
    assert_eq!(taken.status, 202, "{}", taken.body);
    reach(server, number(&taken), "FINALIZED");
    let shown = shown(server, klarna);
    assert_eq!(
        (&shown["state"], &shown["refunded_amount"]),
        (&json!("REPORTED"), &json!("1000.00"))
    );
}
