//! Requests that arrive at several nodes at the same moment: one effect, and answers that agree.

use std::thread;

use cluster::{Durability, Isolation};

use super::Site;
use crate::http::Reply;
use crate::races::{RACERS, check_one_effect, check_refused, granted, race_to};
use crate::server::{CARD, LEDGER, LEDGER_TOKEN, OPERATOR_KEY, Server, authorization, purchase};

/// How often each race is run.
const ROUNDS: u32 = 4;

/// Clients of each node, and what each of them asks for, one after the other, in a rally.
const RALLY_CLIENTS: usize = 16;
const RALLY_REQUESTS: usize = 12;

#[test]
fn races_across_nodes_where_each_statement_has_its_snapshot() {
    check_races(Isolation::ReadCommitted);
}

#[test]
fn races_across_nodes_where_transactions_are_serializable() {
    check_races(Isolation::Serializable);
}

fn check_races(isolation: Isolation) {
    let site = Site::with_demo(Durability::Fast, isolation);
    let nodes = site.two_nodes();
    let nodes = [&nodes[0], &nodes[1]];
    nodes[0].raise_limit(CARD);
    let mut owed = rally_for_one_authorization(nodes);
    for round in 0..ROUNDS {
        owed += race_for_one_authorization(nodes, round);
        owed += race_with_one_source(nodes, round);
        race_with_one_source_and_two_amounts(nodes, round);
        race_for_a_name(nodes, round);
        let reserved = (round + 1) * (180 + 40);
        let [debt, reserved_shown, _] = nodes[1].balances(CARD);
        assert_eq!([debt, reserved_shown], [format!("{owed}.00"), format!("{reserved}.00")]);
    }
    site.verify();
    site.check_logs();
}

/// Goal: no capture is lost, and none too many is granted, however the nodes' batches fall. Method:
/// 384 captures of 1.00, one after the other from each of 32 clients, half of them on each node,
/// for an authorization of 300.00. Returns what is owed.
fn rally_for_one_authorization(nodes: [&Server; 2]) -> u32 {
    let id = nodes[0].authorize(CARD, "rally", "300.00");
    let run = |number: usize| {
        let mut connection = nodes[number % nodes.len()].connection();
        let path = format!("{LEDGER}/purchases");
        let capture = |at| purchase(&id, &format!("rally-{number}-{at}"), "1.00");
        let send = |at| connection.post(&path, LEDGER_TOKEN, &capture(at)).unwrap();
        (0..RALLY_REQUESTS).map(send).collect()
    };
    let replies: Vec<Reply> = thread::scope(|scope| {
        let clients: Vec<_> = (0..nodes.len() * RALLY_CLIENTS)
            .map(|number| scope.spawn(move || -> Vec<Reply> { run(number) }))
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(granted(&replies), 300);
    check_refused(&replies, "authorization-already-purchased");
    assert_eq!(nodes[1].balances(CARD)[..2], ["300.00", "0.00"]);
    300
}

/// Method: 64 captures of 7.00, half of them on each node, race for an authorization of 100.00,
/// which bears 14 of them; then the rest is taken. Returns what is owed.
fn race_for_one_authorization(nodes: [&Server; 2], round: u32) -> u32 {
    let id = nodes[0].authorize(CARD, &format!("race-{round}"), "100.00");
    let purchases = format!("{LEDGER}/purchases");
    let replies = race_to(&nodes, &purchases, LEDGER_TOKEN, |number| {
        purchase(&id, &format!("race-{round}-{number}"), "7.00")
    });
    assert_eq!(granted(&replies), 14);
    check_refused(&replies, "insufficient-debited-amount");
    let shown = nodes.map(|node| node.get(&format!("{LEDGER}/authorizations/{id}"), LEDGER_TOKEN));
    assert!(shown[0].body.contains(r#""remainingAmount":2.00"#), "{}", shown[0].body);
    assert_eq!(shown[0].body, shown[1].body);
    let rest = purchase(&id, &format!("rest-{round}"), "2.00");
    check_one_effect(&race_to(&nodes, &purchases, LEDGER_TOKEN, |_| rest.clone()));
    100
}

/// Method: each step of a payment is sent 64 times, half of them to each node. Leaves 180.00
/// reserved, and returns what is owed.
fn race_with_one_source(nodes: [&Server; 2], round: u32) -> u32 {
    let source = format!("same-{round}");
    let body = authorization(CARD, &source, "300.00");
    let replies =
        race_to(&nodes, &format!("{LEDGER}/authorizations"), LEDGER_TOKEN, |_| body.clone());
    check_one_effect(&replies);
    let id = replies[0].id();
    let purchases = format!("{LEDGER}/purchases");
    check_one_effect(&race_to(&nodes, &purchases, LEDGER_TOKEN, |_| {
        purchase(&id, &source, "120.00")
    }));
    let corrections = format!("{purchases}/{source}/corrections");
    check_one_effect(&race_to(&nodes, &corrections, LEDGER_TOKEN, |_| {
        format!(r#"{{"sourceCorrectionTransactionId":"{source}","amount":20.00}}"#)
    }));
    100
}

/// Method: two requests with one source id, 32 times each, one of them on each node. One of them
/// wins, and its repeats are told so; the other is told what is in its way. Leaves 40.00 reserved.
fn race_with_one_source_and_two_amounts(nodes: [&Server; 2], round: u32) {
    let path = format!("{LEDGER}/authorizations");
    let replies = race_to(&nodes, &path, LEDGER_TOKEN, |number| {
        let shop = if number % 2 == 0 { "Testshop" } else { "Othershop" };
        authorization(CARD, &format!("two-{round}"), "40.00").replace("Testshop", shop)
    });
    check_refused(&replies, "duplicate-authorization");
    let winners: Vec<Reply> = replies.into_iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(winners.len(), RACERS / 2);
    check_one_effect(&winners);
}

/// Method: a company is added 64 times; one time it was not there.
fn race_for_a_name(nodes: [&Server; 2], round: u32) {
    let body = format!(r#"{{"company_number":"c{round}","name":"A","currencies":["SEK"]}}"#);
    let replies = race_to(&nodes, "/operator/v1/companies", OPERATOR_KEY, |_| body.clone());
    assert_eq!(granted(&replies), 1);
    check_refused(&replies, "already-exists");
}
