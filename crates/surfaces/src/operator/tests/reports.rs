//! Reports of batches, merchants and days.

use engine::accountant::follow;
use serde_json::{Value, json};

use super::acquirer_files::{file, send};
use super::*;

const BATCH: &str = "/reports/batches/261120885020";
const MERCHANT: &str = "/reports/merchants/100/654?from=2026-11-20&to=2026-11-20";
const DAY: &str = "/reports/days/2026-11-20?company_number=100";

/// A day with a file: two rows are posted, one is matched, two are exceptions, of which one is
/// dealt with. A purchase of the API's is in no file.
fn with_a_day() -> World {
    let world = world();
    let code = authorize(&world, "a-1", "100.00");
    purchase(&world, &code, "api", "7.00");
    purchase(&world, &code, "other", "5.00");
    let rows = "purchase f-1 10.00\nreversal f-2 1.00\npurchase api 7.00\n\
        purchase f-3 1.00 card=none\npurchase f-4 2.00 card=none";
    assert_eq!(send(&world, file(1, rows)).status, 201);
    let list = operate(&world, "GET /exceptions").json();
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let line = format!("POST /exceptions/{id}/resolve {{\"means\":\"accepted\",\"note\":\"x\"}}");
    assert_eq!(operate(&world, &line).status, 200);
    let platform = &world.platform;
    while world.block_on(follow(&platform.engine, &platform.queries)).unwrap().rows > 0 {}
    world
}

fn report(world: &World, path: &str) -> Value {
    let reply = operate(world, &format!("GET {path}"));
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

#[test]
fn a_batch_is_what_its_files_and_the_ledger_say() {
    let world = with_a_day();
    assert_eq!(
        report(&world, BATCH),
        json!({
            "acquirer_batch_id": "261120885020",
            "rows": {"files": 1, "rows": 5, "posted": 2, "matched": 1, "refused": 2},
            "booked": [
                {"kind": "purchase", "currency": "SEK", "count": 1, "amount": "10.00"},
                {"kind": "reversal", "currency": "SEK", "count": 1, "amount": "1.00"},
            ],
            "exceptions": [{"reason": "card-unknown", "open": 1, "resolved": 1}],
            "complete": true,
        })
    );
}

#[test]
fn a_merchant_and_a_day_are_what_is_booked() {
    let world = with_a_day();
    let booked = json!([
        {"kind": "purchase", "currency": "SEK", "count": 3, "amount": "22.00"},
        {"kind": "reversal", "currency": "SEK", "count": 1, "amount": "1.00"},
    ]);
    let merchant = report(&world, MERCHANT);
    assert_eq!((&merchant["booked"], &merchant["rows"]), (&booked, &Value::Null));
    assert_eq!(report(&world, DAY)["booked"], booked);
    for path in [
        "/reports/merchants/100/654?from=2026-11-19",
        "/reports/merchants/100/655?from=2026-11-20",
        "/reports/days/2026-11-19?company_number=100",
        "/reports/days/2026-11-20?company_number=200",
    ] {
        assert_eq!(report(&world, path)["booked"], json!([]), "{path}");
    }
    // What is wrong with a row of a known card is its merchant's and its day's.
    let rows = "purchase f-9 1.00 currency=EUR";
    assert_eq!(send(&world, file(2, rows)).status, 201);
    let found = json!([{"reason": "currency-not-supported", "open": 1, "resolved": 0}]);
    let days = "/reports/merchants/100/654?from=2026-11-01&to=2026-11-30";
    assert_eq!(report(&world, days)["exceptions"], found);
    // The row is of the day before the file.
    let before = "/reports/days/2026-11-19?company_number=100";
    assert_eq!(report(&world, before)["exceptions"], found);
}

#[test]
fn programs_spreadsheets_and_people_read_the_same() {
    let world = with_a_day();
    let of = |path: &str, format: &str| {
        let sign = if path.contains('?') { '&' } else { '?' };
        operate(&world, &format!("GET {path}{sign}format={format}"))
    };
    for path in [BATCH, MERCHANT, DAY] {
        assert_eq!(of(path, "json").json(), report(&world, path));
        let csv = of(path, "csv");
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert!(csv.body.starts_with("part,name,currency,count,amount,open,resolved\r\n"));
        assert!(csv.body.contains("booked,reversal,SEK,1,1.00,,\r\n"), "{}", csv.body);
        let table = of(path, "table");
        assert_eq!(table.header("content-type"), "text/plain; charset=utf-8");
        assert!(table.body.contains("  reversal"), "{}", table.body);
        assert_eq!(table.header("cache-control"), "no-store");
    }
    assert!(of(BATCH, "table").body.contains("card-unknown  1 open  1 resolved"));
}

#[test]
fn what_nobody_knows_is_not_reported() {
    let world = world();
    for (path, status) in [
        ("/reports/batches/none", 404),
        ("/reports/batches/%3D1%2B1", 404),
        ("/reports/batches/none?format=xml", 400),
        ("/reports/batches/none?x=1", 400),
        ("/reports/merchants/100/none?from=2026-11-20", 404),
        ("/reports/merchants/none/654?from=2026-11-20", 404),
        ("/reports/merchants/100/654", 400),
        ("/reports/merchants/100/654?from=x", 400),
        ("/reports/merchants/100/654?from=2026-11-20&to=2026-11-19", 400),
        ("/reports/merchants/100/654?from=2026-11-20&to=2027-11-21", 400),
        ("/reports/days/x?company_number=100", 404),
        ("/reports/days/2026-11-20", 400),
        ("/reports/days/2026-11-20?company_number=none", 400),
    ] {
        assert_eq!(operate(&world, &format!("GET {path}")).status, status, "{path}");
    }
}
