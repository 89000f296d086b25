//! A run of settlement that is killed in its middle.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use formats::rkha21::{Header, Profile, Row, RowKind, Writer};
use ledger::time::Zone;
use ledger::{Currency, Date, Timestamp};
use serde_json::{Value, json};

use super::{Day, applied, send};
use crate::crash::number;
use crate::http::Reply;
use crate::server::{CARD, Folder, OPERATOR_KEY, Server, demo_on, verify, wait_at_most};

/// How many sellers are settled with: several commits' worth.
const SELLERS: u32 = 400;

/// What a purchase costs its seller, in minor units.
const FEE_MINOR: i64 = 50;

const DAY_SECONDS: i64 = 24 * 3_600;

/// What a seller is to be paid, in minor units; below zero is what it owes.
type Owed = BTreeMap<String, i64>;

fn seller(at: u32) -> String {
    format!("S{at:03}")
}

/// One to three purchases of each seller; every tenth has given back more than it has sold.
fn sales() -> (Day, Owed) {
    let date = Date::parse("2026-11-20").unwrap();
    let header = Header { date, sender: "8850".to_owned(), cycle: "20".to_owned(), serial: 1 };
    let mut writer = Writer::new(Profile::open_v1(), &header).unwrap();
    let (mut rows, mut owed) = (0_u32, Owed::new());
    for at in 0..SELLERS {
        let refunds = usize::from(at % 10 == 3);
        let kinds = (0..=at % 3).map(|_| RowKind::Purchase);
        for kind in kinds.chain(std::iter::repeat_n(RowKind::Reversal, refunds)) {
            let is_refund = kind == RowKind::Reversal;
            let amount_minor = if is_refund { 50_000 } else { i64::from(1_000 + at) };
            writer.row(&row(kind, rows, amount_minor, at, date)).unwrap();
            rows += 1;
            let change = if is_refund { -amount_minor } else { amount_minor - FEE_MINOR };
            *owed.entry(seller(at)).or_default() += change;
        }
    }
    let bytes = writer.finish().unwrap();
    (Day { bytes, rows: i64::from(rows), refused: 0, debt_minor: 0 }, owed)
}

fn row(kind: RowKind, number: u32, amount_minor: i64, at: u32, date: Date) -> Row {
    Row {
        line: 0,
        kind,
        date,
        acquirer_reference: format!("{number:011}"),
        amount_minor,
        currency: Currency::SEK,
        authorization: None,
        withdrawal_minor: None,
        seller: seller(at),
        card_token: CARD.to_owned(),
        source: format!("sale-{number}"),
        point_of_sale: None,
        channel: None,
        method: None,
        corrects: None,
        receipt: None,
    }
}

/// Sends what must be done, over one connection.
fn do_all(server: &Server, requests: impl Iterator<Item = (&'static str, String, Value)>) {
    let mut connection = server.connection();
    for (method, path, body) in requests {
        let path = format!("/operator/v1{path}");
        let reply = connection.call(method, &path, OPERATOR_KEY, &body.to_string()).unwrap();
        assert!((200..300).contains(&reply.status), "{method} {path}: {}", reply.body);
    }
}

/// Sellers with accounts, and fees.
fn set_up(server: &Server) {
    let rates = json!([{"kind": "purchase", "fixed": "0.50"}]);
    let fees = json!({"currencies": [{"currency": "SEK", "rates": rates}]});
    let account = json!({"holder": "Shop", "iban": "SE4550000000058398257466"});
    let ours = [
        ("PUT", "/companies/100/fees".to_owned(), fees),
        ("PUT", "/companies/100/payout-account".to_owned(), account.clone()),
    ];
    let theirs = (0..SELLERS).flat_map(|at| {
        let new = json!({"seller_number": seller(at), "name": format!("Shop {at}")});
        let path = format!("/companies/100/sellers/{}/payout-account", seller(at));
        let added = ("POST", "/companies/100/sellers".to_owned(), new);
        [added, ("PUT", path, account.clone())]
    });
    do_all(server, ours.into_iter().chain(theirs));
}

/// Starts the program two days later, and says which day was the one before.
fn start_later(folder: &Folder) -> (Server, Date) {
    let server = Server::start(demo_on(folder.path()));
    let ahead = json!({"seconds": 2 * DAY_SECONDS});
    do_all(&server, [("POST", "/clock/advance".to_owned(), ahead)].into_iter());
    let clock = server.get("/operator/v1/clock", OPERATOR_KEY).json();
    let now = Timestamp::parse_rfc3339(clock["now"].as_str().unwrap()).unwrap();
    let zone = Zone::parse(Zone::DEFAULT_NAME).unwrap();
    (server, zone.day_of(now).plus_days(-1))
}

/// A request under a key that is the same in each life of the program; `None` where it has gone.
fn post(server: &Server, path: &str, body: &Value) -> Option<Reply> {
    let authorization = format!("Bearer {OPERATOR_KEY}");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "one"),
    ];
    let path = format!("/operator/v1{path}");
    server.connection().send("POST", &path, &headers, &body.to_string()).ok()
}

/// All items of a list.
fn list(server: &Server, path: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    let sign = if path.contains('?') { '&' } else { '?' };
    loop {
        let path = format!("/operator/v1{path}{sign}limit=200{after}");
        let page = server.get(&path, OPERATOR_KEY).json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return items };
        after = format!("&after={next}");
    }
}

/// Kills the program as soon as it has settled with more sellers than before; how many that are.
fn kill_in_the_middle(server: &Server, run: &Value, settlements: &str, before: usize) {
    thread::scope(|scope| {
        let running = scope.spawn(|| post(server, "/settlements", run));
        let mut connection = server.connection();
        let path = format!("/operator/v1{settlements}&limit=200");
        loop {
            let page = connection.get(&path, OPERATOR_KEY).unwrap().json();
            let is_more = page["items"].as_array().unwrap().len() > before.min(199);
            if is_more || running.is_finished() || page["next"].is_string() {
                break;
            }
        }
        server.kill_in_place();
        drop(running.join());
    });
}

/// Goal: a run of settlement that is killed in its middle is ended by the next one: each seller is
/// paid once, and what is paid, kept and carried over is what was owed. Method: some hundred
/// sellers; the program is killed as soon as a run has come further than before, several times, and
/// the same run is asked for again under the same key. Then the payment file, before and after one
/// more kill.
#[test]
fn each_seller_is_paid_once_whenever_a_run_is_killed() {
    let folder = Folder::new("settlement");
    let server = Server::start(demo_on(folder.path()));
    set_up(&server);
    let (sales, owed) = sales();
    assert!([Some(201), Some(202)].contains(&send(&server, &sales)));
    let minute = Duration::from_mins(1);
    wait_at_most(minute, "the file is applied", || applied(&server).is_some());
    server.kill();
    let (server, day) = start_later(&folder);
    let run = json!({"company_number": "100", "day": day.to_string()});
    let settlements = format!("/settlements?company_number=100&day={day}");
    // The sums are kept a moment after what they are made of.
    wait_at_most(minute, "all is summed up", || {
        let (last, from) = (seller(SELLERS - 1), day.plus_days(-5));
        let path = format!("/operator/v1/reports/merchants/100/{last}?from={from}&to={day}");
        server.get(&path, OPERATOR_KEY).body.contains("purchase")
    });
    drop(server);
    let mut done = 0;
    for _ in 0..number("KASSA_CRASH_CYCLES", 4).min(10) {
        let (server, _) = start_later(&folder);
        kill_in_the_middle(&server, &run, &settlements, done);
        let (server, _) = start_later(&folder);
        done = list(&server, &settlements).len();
        println!("{done} of {SELLERS} are settled with");
    }
    let (server, _) = start_later(&folder);
    wait_at_most(minute, "all is summed up", || {
        post(&server, "/settlements", &run).is_some_and(|reply| reply.status == 200)
    });
    check_settled(&server, &run, &settlements, &owed);
    let file = json!({
        "company_number": "100", "day": day.to_string(),
        // The demo goes on with the clock where it was: each life of it is two days later.
        "execution_date": day.plus_days(365).to_string(),
    });
    let made = post(&server, "/payment-files", &file).unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/operator/v1/payment-files/{id}");
    let xml = server.get(&path, OPERATOR_KEY).body;
    let paid = owed.values().filter(|minor| **minor > 0).count();
    assert_eq!(xml.matches("<CdtTrfTxInf>").count(), paid);
    server.kill();
    let (server, _) = start_later(&folder);
    let again = post(&server, "/payment-files", &file).unwrap();
    assert_eq!((again.status, &again.body), (201, &made.body));
    assert_eq!(server.get(&path, OPERATOR_KEY).body, xml, "byte for byte");
    check_settled(&server, &run, &settlements, &owed);
    drop(server);
    verify(folder.path());
}

fn minor(value: &Value) -> i64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Checks that each seller has one settlement of what it was owed, and that the company's own
/// accounts have all of it.
#[track_caller]
fn check_settled(server: &Server, run: &Value, settlements: &str, owed: &Owed) {
    let answer = post(server, "/settlements", run).unwrap();
    assert_eq!((answer.status, answer.is_replayed()), (200, true), "{}", answer.body);
    assert_eq!(answer.json()["not_settled"], json!([]));
    let made = list(server, settlements);
    assert_eq!(made.len(), owed.len());
    let (mut found, mut fees) = (Owed::new(), 0);
    for settlement in &made {
        let whose = settlement["seller_number"].as_str().unwrap().to_owned();
        let net = minor(&settlement["paid"]) + minor(&settlement["carried_out"]);
        assert_eq!(found.insert(whose, net), None, "{settlement}");
        fees += minor(&settlement["fees"]);
    }
    assert_eq!(&found, owed);
    let total = &answer.json()["totals"][0];
    let paid = owed.values().filter(|minor| **minor > 0).sum::<i64>();
    let carried = owed.values().filter(|minor| **minor < 0).sum::<i64>();
    assert_eq!((minor(&total["paid"]), minor(&total["carried_out"])), (paid, carried));
    assert_eq!(minor(&total["owed"]) - minor(&total["fees"]), paid + carried);
    let houses = list(server, "/companies/100/house-accounts");
    let houses: BTreeMap<&str, i64> = houses
        .iter()
        .map(|house| (house["house"].as_str().unwrap(), minor(&house["balance"])))
        .collect();
    assert_eq!(houses, BTreeMap::from([("fees", fees), ("settlement", paid)]));
}
