//! Acquirers' files on a running server, which is killed while it applies them.

mod settlement;

use std::thread;
use std::time::Duration;

use formats::rkha21::{Header, Profile, Row, RowKind, Writer};
use ledger::{Currency, Date};

use crate::crash::number;
use crate::replay::Numbers;
use crate::server::{
    CARD, Folder, OPERATOR_KEY, Server, serve_on, verify, wait_at_most, wait_until,
};

/// The resource of files.
pub(crate) const FILES: &str = "/operator/v1/acquirer-files";

/// A synthetic day, and what is to become of it.
pub(crate) struct Day {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: i64,
    pub(crate) refused: i64,
    /// What it adds to the debt of [`CARD`]'s account, in minor units.
    pub(crate) debt_minor: i64,
}

/// Purchases, corrections of some of them, and rows of cards that nobody has.
pub(crate) fn day(serial: u32, rows: u32) -> Day {
    let header = Header {
        date: Date::parse("2026-11-20").unwrap(),
        sender: "8850".to_owned(),
        cycle: "20".to_owned(),
        serial,
    };
    let mut writer = Writer::new(Profile::open_v1(), &header).unwrap();
    let (mut refused, mut debt_minor) = (0, 0);
    for at in 0..rows {
        let amount_minor = i64::from(100 + at % 1_000);
        let is_nobodys = at % 50 == 7;
        let is_correction = at % 10 == 1;
        let corrected = format!("{serial}-{}", at.saturating_sub(1));
        writer
            .row(&Row {
                line: 0,
                kind: if is_correction { RowKind::PurchaseCorrection } else { RowKind::Purchase },
                date: Date::parse("2026-11-19").unwrap(),
                acquirer_reference: format!("{serial:03}{at:08}"),
                amount_minor: if is_correction { 1 } else { amount_minor },
                currency: Currency::parse("SEK").unwrap(),
                authorization: None,
                withdrawal_minor: None,
                seller: "654".to_owned(),
                card_token: if is_nobodys { "nobodys" } else { CARD }.to_owned(),
                source: format!("{serial}-{at}"),
                point_of_sale: None,
                channel: None,
                method: None,
                corrects: is_correction.then_some(corrected),
                receipt: None,
            })
            .unwrap();
        debt_minor += match (is_nobodys, is_correction) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => amount_minor,
        };
        refused += i64::from(is_nobodys);
    }
    Day { bytes: writer.finish().unwrap(), rows: i64::from(rows), refused, debt_minor }
}

/// Sends a file; `None` when the server has gone meanwhile.
pub(crate) fn send(server: &Server, day: &Day) -> Option<u16> {
    let mut connection = server.connection();
    let body = str::from_utf8(&day.bytes).unwrap();
    let headers = [("Content-Type", "text/plain")];
    let authorization = format!("Bearer {OPERATOR_KEY}");
    let headers = [&[("Authorization", authorization.as_str())], &headers[..]].concat();
    connection.send("POST", FILES, &headers, body).ok().map(|reply| reply.status)
}

/// The only file there is, when it is applied.
pub(crate) fn applied(server: &Server) -> Option<serde_json::Value> {
    let list = server.get(FILES, OPERATOR_KEY).json();
    let file = list["items"].as_array()?.first()?.clone();
    (file["status"] == "applied").then_some(file)
}

/// Checks that a day was applied, every row of it once.
#[track_caller]
pub(crate) fn check_applied(server: &Server, day: &Day) {
    let file = applied(server).expect("it is applied");
    let count = |name: &str| file[name].as_i64().unwrap();
    assert_eq!(count("rows"), day.rows, "{file}");
    assert_eq!(count("rows_refused"), day.refused, "{file}");
    assert_eq!(count("rows_posted"), day.rows - day.refused, "{file}");
    assert_eq!(count("rows_matched"), 0, "{file}");
    let debt = format!("{}.{:02}", day.debt_minor / 100, day.debt_minor % 100);
    assert_eq!(server.balances(CARD)[0], debt);
}

/// Goal: a file is applied whole and once, whenever the program is killed: while the file comes,
/// while its rows are kept, while they are applied. Method: SIGKILL at random moments, a restart,
/// the file sent again where it had not been accepted; then the counts and the balance.
#[test]
fn a_file_is_applied_once_whenever_the_program_is_killed() {
    let kills = number("KASSA_CRASH_CYCLES", 5);
    let seed = number("KASSA_CRASH_SEED", u64::from(std::process::id()));
    println!("{kills} kills; KASSA_CRASH_SEED={seed} gives the same moments");
    let folder = Folder::with_demo("clearing");
    let mut numbers = Numbers::new(seed);
    let day = day(1, 6_000);
    for _ in 0..kills {
        let server = Server::start(serve_on(folder.path()));
        thread::scope(|scope| {
            let sending = scope.spawn(|| send(&server, &day));
            thread::sleep(Duration::from_millis(50 + numbers.below(500)));
            server.kill_in_place();
            drop(sending.join());
        });
    }
    let server = Server::start(serve_on(folder.path()));
    let status = send(&server, &day);
    assert!([Some(201), Some(202), Some(409)].contains(&status), "{status:?}");
    wait_at_most(Duration::from_mins(1), "the file is applied", || applied(&server).is_some());
    check_applied(&server, &day);
    assert_eq!(send(&server, &day), Some(409));
    check_applied(&server, &day);
    check_compared(&server, &day);
    drop(server);
    verify(folder.path());
}

/// Checks that the ledger was compared with the day's batch, without anybody's asking.
#[track_caller]
fn check_compared(server: &Server, day: &Day) {
    let mut found = serde_json::Value::Null;
    wait_at_most(Duration::from_mins(1), "the file is compared", || {
        let list = server.get("/operator/v1/reconciliations", OPERATOR_KEY).json();
        found = list["items"].clone();
        found[0]["status"] == "ended"
    });
    let outcomes = found[0]["outcomes"].as_array().unwrap().iter();
    let outcomes: Vec<_> =
        outcomes.map(|it| (it["outcome"].as_str(), it["count"].as_i64())).collect();
    let (matched, known) = (day.rows - day.refused, day.refused);
    assert_eq!(outcomes, [(Some("matched"), Some(matched)), (Some("known"), Some(known))]);
    assert_eq!(found.as_array().unwrap().len(), 1);
}

/// Goal: of files under one name, one is applied. Method: eight clients send two files with the
/// same header and other rows, all at once.
#[test]
fn of_files_under_one_name_one_is_applied() {
    let folder = Folder::with_demo("clearing-race");
    let server = Server::start(serve_on(folder.path()));
    let days = [day(1, 700), day(1, 900)];
    let statuses: Vec<Vec<Option<u16>>> = days
        .iter()
        .map(|day| {
            thread::scope(|scope| {
                let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| send(&server, day))).collect();
                clients.into_iter().map(|client| client.join().unwrap()).collect()
            })
        })
        .collect();
    let accepted: Vec<usize> = statuses
        .iter()
        .map(|all| all.iter().filter(|status| matches!(status, Some(201 | 202))).count())
        .collect();
    assert_eq!(accepted.iter().sum::<usize>(), 1, "{statuses:?}");
    wait_until("the file is applied", || applied(&server).is_some());
    let winner = accepted.iter().position(|count| *count == 1).unwrap();
    check_applied(&server, &days[winner]);
}
