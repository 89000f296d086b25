//! Merchants and terminals on two nodes: whoever asks which node, it is one estate.

use std::collections::BTreeSet;
use std::io::Result;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use cluster::{Durability, Isolation};
use serde_json::{Value, json};

use super::{Site, wait_at_most};
use crate::estate::crash::{Totals, check_packages_dir, check_totals, settle, under_load};
use crate::estate::{
    ACCESS_KEY, ACCOUNT_ID, APP, Device, Ordered, PARTNER, TRANSACTIONS, activate, activated,
    activation, approval_path, approved, ask, call_home, choose, merchant, offline,
    offline_settings, package_form, post_under, request_of, upload,
};
use crate::http::{Connection, Reply};
use crate::server::{CARD, OPERATOR_KEY, Server};

/// How often each race is run.
const ROUNDS: u32 = 4;

/// Racers of each race, half of them on each node.
const RACERS: usize = 8;

/// Wrong codes that lock an activation.
const WRONG_CODES: usize = 5;

/// How soon a node tells what another one was told, at most.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// The terminals of the rollout, and the stages in which it reaches them, in percent.
const ROLLOUT_TERMINALS: usize = 20;
const STAGES: [u64; 2] = [25, 100];

/// Has all racers do something at once, in turn on one of the nodes.
fn race(
    nodes: [&Server; 2],
    racers: usize,
    run: impl Fn(usize, &mut Connection) -> Result<Reply> + Sync,
) -> Vec<Reply> {
    let start = Barrier::new(racers);
    thread::scope(|scope| {
        let racers: Vec<_> = (0..racers)
            .map(|number| {
                let (start, run) = (&start, &run);
                let mut connection = nodes[number % 2].connection();
                scope.spawn(move || {
                    connection.get("/livez", "").unwrap();
                    start.wait();
                    run(number, &mut connection).unwrap()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

/// How many answers have this status; all others must have the other one.
#[track_caller]
fn count(replies: &[Reply], status: u16, other: u16) -> usize {
    for reply in replies {
        assert!([status, other].contains(&reply.status), "{}: {}", reply.status, reply.body);
    }
    replies.iter().filter(|reply| reply.status == status).count()
}

/// Goal: what may happen once happens once, whichever nodes are asked. Method: each race on both.
#[test]
fn merchants_and_terminals_are_made_once_on_two_nodes() {
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let site = Site::with_demo(Durability::Fast, isolation);
        let nodes = site.two_nodes();
        let nodes = [&nodes[0], &nodes[1]];
        choose(&mut nodes[0].connection(), OPERATOR_KEY, PARTNER, &offline_settings());
        for round in 0..ROUNDS {
            race_for_an_approval(nodes, round);
            race_with_one_request(nodes, round);
            race_for_a_serial_number(nodes, round);
            race_for_a_terminal(nodes, round);
        }
        site.verify();
        site.check_logs();
    }
}

/// A request that waits for a reviewer.
fn request(node: &Server, name: &str) -> i64 {
    request_of(&ask(&mut node.connection(), ACCESS_KEY, PARTNER, name, 1).unwrap())
}

/// Method: operators approve one request, each for himself.
fn race_for_an_approval(nodes: [&Server; 2], round: u32) {
    let path = approval_path(request(nodes[0], &format!("Ett {round}")));
    let replies = race(nodes, RACERS, |number, to| {
        let key = format!("approval-{round}-{number}");
        post_under(to, &path, OPERATOR_KEY, &key, "{}")
    });
    assert_eq!(count(&replies, 200, 409), 1);
    let winner = replies.iter().find(|reply| reply.status == 200).unwrap();
    let (customer, _) = approved(winner);
    let made = nodes.map(|node| {
        wait_at_most(Duration::from_secs(3), "the merchant is known", || {
            let path = format!("/operator/v1/customers/{customer}");
            node.get(&path, OPERATOR_KEY).status == 200
        });
        let path = format!("/operator/v1/terminals?customer_id={customer}");
        node.get(&path, OPERATOR_KEY).json()["items"].as_array().unwrap().len()
    });
    assert_eq!(made, [1, 1]);
}

/// Method: one approval is sent by all, and then one activation.
fn race_with_one_request(nodes: [&Server; 2], round: u32) {
    let path = approval_path(request(nodes[1], &format!("Två {round}")));
    let key = format!("one-{round}");
    let replies = race(nodes, RACERS, |_, to| post_under(to, &path, OPERATOR_KEY, &key, "{}"));
    check_one_effect(&replies, 200);
    let (_, terminals) = approved(&replies[0]);
    let key = format!("device-{round}");
    let replies = race(nodes, RACERS, |_, to| activate(to, &terminals[0], &key));
    check_one_effect(&replies, 201);
}

/// Checks the answers to one request that all racers sent.
#[track_caller]
fn check_one_effect(replies: &[Reply], status: u16) {
    assert_eq!(count(replies, status, status), RACERS);
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    assert_eq!(replies.iter().filter(|reply| !reply.is_replayed()).count(), 1);
}

/// Method: a device is onboarded by several at once.
fn race_for_a_serial_number(nodes: [&Server; 2], round: u32) {
    let body = json!({
        "account_id": ACCOUNT_ID, "serial_number": format!("RACE-{round}"),
        "model": "verifone_p400",
        "terminal_configuration": {
            "name": "Kassa å",
            "address": {
                "line1": "1 Elm Street", "city": "Tahoe", "region": "CA", "postal_code": "96150",
                "country": "US"
            },
            "timezone": "US/Pacific", "currency": "USD"
        }
    });
    let body = body.to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("Api-Version", "3.0"),
        ("App-Id", APP.0),
        ("App-Token", APP.1),
    ];
    // The contract has a throttle; it is not what this is about.
    let replies = race(nodes, 2, |_, to| to.send("POST", "/terminals", &headers, &body));
    assert_eq!(count(&replies, 201, 400), 1);
    let refused = replies.iter().find(|reply| reply.status == 400).unwrap();
    assert!(refused.body.contains("DUPLICATE_RESOURCE"), "{}", refused.body);
}

/// Method: several devices want to be one terminal, with the right code.
fn race_for_a_terminal(nodes: [&Server; 2], round: u32) {
    let (_, terminals) = merchant(&mut nodes[1].connection(), &format!("Tre {round}"), 1);
    let replies = race(nodes, RACERS, |number, to| {
        let serial = format!("D-{}-{number}", terminals[0].id);
        to.post("/device/v1/activate", "", &activation(&terminals[0], &serial))
    });
    assert_eq!(count(&replies, 201, 409), 1);
    let device = activated(replies.iter().find(|reply| reply.status == 201).unwrap());
    for node in nodes {
        let told = call_home(&mut node.connection(), &device).unwrap();
        assert_eq!(told.status, 200, "{}", told.body);
    }
    race_with_one_upload(nodes, &device, round + 1);
}

/// Method: a device uploads the same purchases again and again, beside its calls home. `uploads`
/// are those up to this one.
fn race_with_one_upload(nodes: [&Server; 2], device: &Device, uploads: u32) {
    let ids: Vec<String> = (0..5).map(|id| format!("{id:06}")).collect();
    let body = offline(CARD, &ids);
    let replies = race(nodes, 2 * RACERS, |number, to| match number / 2 % 2 {
        0 => to.post(TRANSACTIONS, &device.token, &body),
        _ => call_home(to, device),
    });
    assert_eq!(count(&replies, 200, 200), 2 * RACERS);
    let items = replies.iter().filter_map(|reply| reply.json()["transactions"].as_array().cloned());
    let items: Vec<Value> = items.flatten().collect();
    assert_eq!(items.len(), ids.len() * RACERS);
    let first = items.iter().filter(|item| item["replayed"] == false).count();
    let booked: BTreeSet<&str> =
        items.iter().map(|item| item["transaction_id"].as_str().unwrap()).collect();
    assert_eq!((first, booked.len()), (ids.len(), ids.len()));
    let debt = nodes.map(|node| node.balances(CARD)[0].clone());
    assert_eq!(debt, [format!("{}.00", 5 * uploads), format!("{}.00", 5 * uploads)]);
}

/// Goal: guessing on many nodes is guessing on one. Method: wrong codes for one terminal come to
/// both nodes, one after the other and at once; the sixth, and the right one, find it locked.
#[test]
fn wrong_codes_lock_an_activation_on_all_nodes() {
    let site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let nodes = site.two_nodes();
    let nodes = [&nodes[0], &nodes[1]];
    let (_, terminals) = merchant(&mut nodes[0].connection(), "Låset 🔒", 2);
    let wrong = |terminal: &Ordered| {
        let code = if terminal.code == "00000000" { "00000001" } else { "00000000" };
        activation(&Ordered { code: code.to_owned(), ..terminal.clone() }, "SN-1")
    };
    let statuses = |terminal: &Ordered, body: &str| {
        nodes.map(|node| {
            let reply = node.post("/device/v1/activate", "", body);
            assert!(!reply.body.contains(&terminal.code), "{}", reply.body);
            reply.status
        })
    };
    let body = wrong(&terminals[0]);
    assert_eq!(statuses(&terminals[0], &body), [401, 401]);
    assert_eq!(statuses(&terminals[0], &body), [401, 401]);
    assert_eq!(statuses(&terminals[0], &body), [401, 423], "the fifth is the last");
    let body = wrong(&terminals[1]);
    let replies = race(nodes, 4 * RACERS, |_, to| to.post("/device/v1/activate", "", &body));
    assert_eq!(count(&replies, 401, 423), WRONG_CODES);
    for terminal in &terminals {
        assert_eq!(statuses(terminal, &activation(terminal, "SN-1")), [423, 423]);
    }
    let path = format!("/operator/v1/terminals/{}/reset-activation", terminals[0].id);
    let fresh = nodes[1].post(&path, OPERATOR_KEY, "{}");
    assert_eq!(fresh.status, 200, "{}", fresh.body);
    let code = fresh.json()["activation_code"].as_str().unwrap().to_owned();
    let fresh = Ordered { code, ..terminals[0].clone() };
    assert_eq!(activate(&mut nodes[0].connection(), &fresh, "fresh").unwrap().status, 201);
    site.check_logs();
}

/// Goal: a device may talk to any node, and is told the same. Method: it activates on one node and
/// calls the other at once; its merchant's settings are changed on one node, and told by the other.
#[test]
fn what_one_node_is_told_the_other_tells_devices() {
    let site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let [first, second] = site.two_nodes();
    let (customer, terminals) = merchant(&mut first.connection(), "Båda", 2);
    for (terminal, on, other) in
        [(&terminals[0], &first, &second), (&terminals[1], &second, &first)]
    {
        let mut to = other.connection();
        let device = activated(&activate(&mut on.connection(), terminal, "both").unwrap());
        let told = call_home(&mut to, &device).unwrap();
        assert_eq!(told.status, 200, "{}", told.body);
        let mut version = told.json()["configuration_version"].clone();
        for name in ["Kassa å", "Kassa 🦊"] {
            choose(
                &mut on.connection(),
                OPERATOR_KEY,
                customer,
                &json!({ "name": name }).to_string(),
            );
            let took = wait_at_most(TOLD_WITHIN, "the other node tells of it", || {
                call_home(&mut to, &device).unwrap().json()["configuration"]["name"] == name
            });
            println!("told after {took:?}");
            let told = call_home(&mut to, &device).unwrap().json()["configuration_version"].clone();
            assert_ne!(told, version);
            version = told;
            let same = call_home(&mut on.connection(), &device).unwrap().json();
            assert_eq!(same["configuration_version"], version);
        }
    }
    site.check_logs();
}

/// Goal: a rollout reaches no more terminals than its stage has, and counts each once, whichever
/// nodes they call. Method: all terminals call at once, half of them on each node, and install what
/// they are told of, again and again, until all have it.
#[test]
fn a_rollout_keeps_to_its_stages_on_two_nodes() {
    let site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let nodes = site.two_nodes();
    let nodes = [&nodes[0], &nodes[1]];
    let (customer, devices) = devices(nodes);
    let rollout = start_rollout(nodes[0], customer);
    let path = format!("/operator/v1/rollouts/{rollout}");
    let known = || nodes[1].get(&path, OPERATOR_KEY).status == 200;
    wait_at_most(Duration::from_secs(3), "the other node knows of it", known);
    let told = Mutex::new(BTreeSet::new());
    let mut first_round = true;
    wait_at_most(Duration::from_secs(20), "all have it", || {
        let replies = race(nodes, devices.len(), |number, to| call_home(to, &devices[number]));
        let shown = nodes[0].get(&path, OPERATOR_KEY).json();
        check_tally(&shown, &told.lock().unwrap());
        let offers: Vec<(usize, String)> = (0..).zip(&replies).filter_map(offer).collect();
        if first_round {
            assert_eq!(offers.len(), 5, "a quarter is reached at first: {shown}");
            assert_eq!(shown["tally"]["reached"], 5, "{shown}");
            first_round = false;
        }
        thread::scope(|scope| {
            for (number, update) in offers {
                told.lock().unwrap().insert(number);
                let device = &devices[number];
                // Not the node that told it.
                let mut to = nodes[(number + 1) % 2].connection();
                scope.spawn(move || install(&mut to, device, &update));
            }
        });
        nodes[1].get(&path, OPERATOR_KEY).json()["tally"]["installed"] == ROLLOUT_TERMINALS
    });
    let shown = nodes[1].get(&path, OPERATOR_KEY).json();
    assert_eq!(told.lock().unwrap().len(), ROLLOUT_TERMINALS);
    assert_eq!((&shown["tally"]["reached"], &shown["tally"]["under_way"]), (&json!(20), &json!(0)));
    wait_at_most(Duration::from_secs(3), "it is completed for both", || {
        nodes.iter().all(|node| node.get(&path, OPERATOR_KEY).json()["state"] == "completed")
    });
    site.verify();
    site.check_logs();
}

/// Goal: what a node has acknowledged is not lost with it, and what it has not is found out from
/// any other. Method: it is killed under load; every request is sent again, twice, to the other.
#[test]
fn what_a_killed_node_was_asked_the_other_answers() {
    let site = Site::with_demo(Durability::Fast, Isolation::ReadCommitted);
    let [mut doomed, survivor] = site.two_nodes();
    survivor.raise_limit(CARD);
    choose(&mut survivor.connection(), OPERATOR_KEY, PARTNER, &offline_settings());
    let mut totals = Totals::default();
    for cycle in 1..=2 {
        for done in under_load(doomed, site.data_dir(), cycle, Duration::from_millis(200)) {
            settle(&survivor, done, &mut totals);
        }
        check_totals(&survivor, &totals);
        doomed = site.node();
        check_packages_dir(site.data_dir());
        check_totals(&doomed, &totals);
    }
    assert!(totals.answered > 5, "there was too little traffic to show anything");
    site.verify();
    site.check_logs();
}

/// Two merchants, and the devices of their terminals, activated on both nodes.
fn devices(nodes: [&Server; 2]) -> (i64, Vec<Device>) {
    let mut devices = Vec::new();
    let body =
        json!({ "parent_id": PARTNER, "name": "Kedjan", "organisation_number": "556677-8899" });
    let chain = nodes[0].post("/operator/v1/customers", OPERATOR_KEY, &body.to_string());
    let chain = chain.json()["id"].as_i64().unwrap();
    let mut to = nodes.map(Server::connection);
    for name in ["Butik Å", "Butik Ä"] {
        let asked = ask(&mut to[0], ACCESS_KEY, chain, name, 10).unwrap();
        let path = approval_path(request_of(&asked));
        let body = json!({ "company_number": "100" }).to_string();
        let (_, terminals) = approved(&to[0].post(&path, OPERATOR_KEY, &body).unwrap());
        for (at, terminal) in terminals.iter().enumerate() {
            devices.push(activated(&activate(&mut to[at % 2], terminal, "device").unwrap()));
        }
    }
    assert_eq!(devices.len(), ROLLOUT_TERMINALS);
    (chain, devices)
}

fn start_rollout(node: &Server, customer: i64) -> String {
    let form = package_form(customer, "Kassa Terminal 3", "abc");
    let package = upload(&mut node.connection(), OPERATOR_KEY, "package", &form).unwrap();
    assert_eq!(package.status, 201, "{}", package.body);
    let body = json!({
        "customer_id": customer, "package_id": package.json()["id"], "stages": STAGES
    });
    let started = node.post("/operator/v1/rollouts", OPERATOR_KEY, &body.to_string());
    assert_eq!(started.status, 201, "{}", started.body);
    assert_eq!(started.json()["population"], ROLLOUT_TERMINALS, "{}", started.body);
    started.json()["id"].as_str().unwrap().to_owned()
}

/// The update that a device is told of.
#[track_caller]
fn offer((number, reply): (usize, &Reply)) -> Option<(usize, String)> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let updates = reply.json()["updates"].as_array().unwrap().clone();
    Some((number, updates.first()?["update_id"].as_str().unwrap().to_owned()))
}

fn install(to: &mut Connection, device: &Device, update: &str) {
    let path = format!("/device/v1/updates/{update}/status");
    for status in ["downloaded", "installed"] {
        let body = json!({ "status": status }).to_string();
        let reply = to.post(&path, &device.token, &body).unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
}

/// Figures that no moment may show otherwise. `told` are the devices that earlier rounds told.
#[track_caller]
fn check_tally(shown: &Value, told: &BTreeSet<usize>) {
    let tally = |name: &str| shown["tally"][name].as_u64().unwrap();
    let stage = usize::try_from(shown["stage"].as_u64().unwrap()).unwrap();
    let population = shown["population"].as_u64().unwrap();
    assert!(tally("reached") <= (population * STAGES[stage - 1]).div_ceil(100), "{shown}");
    assert!(tally("under_way") <= 5, "{shown}");
    assert_eq!(tally("reached"), tally("under_way") + tally("installed"), "{shown}");
    assert_eq!(tally("installed"), u64::try_from(told.len()).unwrap(), "{shown}");
    assert_eq!(tally("failed"), 0, "{shown}");
}
