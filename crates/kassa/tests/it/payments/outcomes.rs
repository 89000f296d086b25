//! Every outcome that a PSP's stand-in can be told ends as docs/psps says.

use std::thread;

use serde_json::json;

use super::{ask, initialize, keep_day_open, number, reach};
use crate::server::{Folder, OPERATOR_KEY, Server, demo_on, verify};

/// A method, its PSP, and what a payment ends as that the payer approves.
type Method = (&'static str, &'static str, &'static str);

const METHODS: [Method; 4] = [
    ("SWISH_E_COM", "swish", "FINALIZED"),
    ("KLARNA", "klarna", "RESERVED"),
    ("EASY", "easy", "RESERVED"),
    ("SANTANDER", "santander", "RESERVED"),
];

/// Outcomes and what a payment ends as; an empty word stands for what an approved one ends as.
const OUTCOMES: [(&str, &str); 12] = [
    ("approve", ""),
    ("decline", "REJECTED"),
    ("cancel", "CANCELLED"),
    ("error", "FAILED"),
    ("refuse", "REJECTED"),
    ("silence", ""),
    ("lose_request", ""),
    ("lose_response", ""),
    ("callback_first", ""),
    ("callback_twice", ""),
    ("callback_only", ""),
    ("expire", "TIMEDOUT"),
];

/// Method: all outcomes of each PSP, one after the other, the PSPs beside each other, in one demo.
/// Nets Easy does not tell that nobody came: its last payment is given up after half an hour.
#[test]
fn every_outcome_ends_as_it_is_written() {
    let folder = Folder::new("outcomes");
    let mut server = Server::start(demo_on(folder.path()));
    keep_day_open(&server);
    thread::scope(|scope| {
        let psps = METHODS.map(|method| {
            let server = &server;
            scope.spawn(move || check_outcomes(server, method))
        });
        for psp in psps {
            psp.join().unwrap();
        }
    });
    let half_an_hour = r#"{"seconds":1800}"#;
    let moved = server.post("/operator/v1/clock/advance", OPERATOR_KEY, half_an_hour);
    assert_eq!(moved.status, 200, "{}", moved.body);
    let mut last = server.connection();
    let again = initialize(&mut last, "payment", "easy-expire", &ask("EASY", "easy-expire"));
    reach(&server, number(&again.unwrap()), "TIMEDOUT");
    let attention = server.get("/operator/v1/payments?needs_attention=true", OPERATOR_KEY);
    assert_eq!(attention.json()["items"], json!([]), "nobody has to look at anything");
    assert!(server.terminate().success());
    verify(folder.path());
}

fn check_outcomes(server: &Server, (method, psp, approved): Method) {
    let mut connection = server.connection();
    for (outcome, state) in OUTCOMES {
        let path = format!("/operator/v1/simulators/{psp}/next");
        let body = json!({ "outcome": outcome, "delay_ms": 100 }).to_string();
        let scripted = connection.post(&path, OPERATOR_KEY, &body).unwrap();
        assert_eq!(scripted.status, 200, "{}", scripted.body);
        let key = format!("{psp}-{outcome}");
        let body = ask(method, &key);
        let reply = initialize(&mut connection, "payment", &key, &body).unwrap();
        // What is refused at once is over at once.
        let status = if outcome == "refuse" { 201 } else { 202 };
        assert_eq!(reply.status, status, "{key}: {}", reply.body);
        assert_eq!(reply.json()["valid"], status == 202, "{key}: {}", reply.body);
        let number = number(&reply);
        if (psp, outcome) == ("easy", "expire") {
            continue;
        }
        let shown = reach(server, number, if state.is_empty() { approved } else { state });
        assert_eq!(shown["attention"], json!(null), "{key}: {shown}");
    }
}
