//! What there is to ask for of clearing and settlement. An operator may do everything: nothing is
//! foreign.

use engine::accountant::follow;
use engine::imports::run_imports;
use formats::rkha21::{Header, Profile, Row as FileRow, RowKind, Writer};
use ledger::{Currency, Date};

use super::Row;
use super::table::MAPPING;
use super::things::{Fixture, Scene, Scenes};
use crate::testing::{CARD, OPERATOR_KEY, Reply, TOKEN};

/// What rows name.
const NAMES: [&str; 15] = [
    "company",
    "seller",
    "date",
    "batch",
    "day",
    "file",
    "exception",
    "house_account",
    "reconciliation",
    "mapping",
    "report",
    "settlement",
    "open_day",
    "later",
    "payment_file",
];

const BATCH: &str = "261120885020";

/// What a row names.
pub(super) fn scenes(fixture: &Fixture, row: &Row) -> Scenes {
    let wanted = super::names(row);
    let names = NAMES.into_iter().filter(|name| wanted.contains(name));
    let own: Scene = names.map(|name| (name, thing(fixture, name))).collect();
    Scenes { own, others: Vec::new(), nobodys: Scene::new() }
}

fn thing(fixture: &Fixture, name: &str) -> String {
    match name {
        "company" => "100".to_owned(),
        "seller" => "654".to_owned(),
        "date" => "2026-11-20".to_owned(),
        // Nobody applies it: it must not be of the batch that is compared.
        "day" => file(fixture, "10"),
        "file" => text(&import(fixture), "/id"),
        "exception" => text(&import(fixture), "/refused_rows/0/exception_id"),
        "batch" => text(&import(fixture), "/acquirer_batch_id"),
        "reconciliation" => {
            import(fixture);
            let body = format!(r#"{{"batch":"{BATCH}"}}"#);
            text(&operate(fixture, "POST", "/reconciliations", &body), "/id")
        }
        "house_account" => {
            settle(fixture);
            let reply = operate(fixture, "GET", "/companies/100/house-accounts", "");
            text(&reply, "/items/0/account_no")
        }
        "mapping" => {
            operate(fixture, "PUT", "/psp-report-mappings/swish", MAPPING);
            "swish".to_owned()
        }
        "report" => format!("ref,amt,kind\n{},1.00,pay\n", fixture.fresh("R")),
        "settlement" => {
            let path = format!("/settlements?company_number=100&day={}", settle(fixture));
            text(&operate(fixture, "GET", &path, ""), "/items/0/id")
        }
        "open_day" => settle(fixture),
        "later" => later(fixture),
        "payment_file" => {
            let (day, later) = (settle(fixture), later(fixture));
            let body =
                format!(r#"{{"company_number":"100","day":"{day}","execution_date":"{later}"}}"#);
            text(&operate(fixture, "POST", "/payment-files", &body), "/id")
        }
        _ => panic!("nobody has {name}"),
    }
}

#[track_caller]
fn operate(fixture: &Fixture, method: &str, path: &str, body: &str) -> Reply {
    let path = format!("/operator/v1{path}");
    let reply = fixture.world.call(method, &path, OPERATOR_KEY, body);
    assert!((200..300).contains(&reply.status), "{method} {path}: {reply:?}");
    reply
}

#[track_caller]
fn text(reply: &Reply, pointer: &str) -> String {
    let json = reply.json();
    let text = json.pointer(pointer).and_then(serde_json::Value::as_str);
    text.unwrap_or_else(|| panic!("{pointer} of {reply:?}")).to_owned()
}

/// A file with one row, of a card that nobody has.
fn file(fixture: &Fixture, cycle: &str) -> String {
    let number: u32 = fixture.fresh("").parse().unwrap();
    let header = Header {
        date: Date::parse("2026-11-20").unwrap(),
        sender: "8850".to_owned(),
        cycle: cycle.to_owned(),
        serial: number,
    };
    let mut writer = Writer::new(Profile::open_v1(), &header).unwrap();
    let row = FileRow {
        line: 0,
        kind: RowKind::Purchase,
        date: header.date,
        acquirer_reference: format!("{number:011}"),
        amount_minor: 100,
        currency: Currency::SEK,
        authorization: None,
        withdrawal_minor: None,
        seller: "654".to_owned(),
        card_token: "nobodys".to_owned(),
        source: format!("row-{number}"),
        point_of_sale: None,
        channel: None,
        method: None,
        corrects: None,
        receipt: None,
    };
    writer.row(&row).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// A file that is applied, as it is shown.
fn import(fixture: &Fixture) -> Reply {
    let platform = &fixture.world.platform;
    let (engine, queries) = (platform.engine.clone(), platform.queries.clone());
    let importing = run_imports(engine, queries, std::sync::Arc::clone(&platform.rkha21));
    let importing = fixture.world.block_on(async { tokio::spawn(importing).abort_handle() });
    let reply = operate(fixture, "POST", "/acquirer-files", &file(fixture, "20"));
    importing.abort();
    reply
}

/// Ends a day on which something was sold, and settles it: the day.
fn settle(fixture: &Fixture) -> String {
    let world = &fixture.world;
    let account = r#"{"holder":"Kiosken","iban":"SE4550000000058398257466"}"#;
    for whose in ["/companies/100", "/companies/100/sellers/654"] {
        operate(fixture, "PUT", &format!("{whose}/payout-account"), account);
    }
    let day = world.platform.now().rfc3339()[..10].to_owned();
    let sale = format!(
        r#"{{"sourcePurchaseTransactionId":"{}","amount":10,"offlineInfo":{{"cardToken":"{CARD}",
        "sellerNumber":"654","currency":"SEK"}}}}"#,
        fixture.fresh("sale-")
    );
    let path = "/ledger/card-transaction/v1/100/purchases";
    assert_eq!(world.call("POST", path, TOKEN, &sale).status, 201);
    world.clock.advance_ms(24 * 3_600 * 1_000);
    let platform = &world.platform;
    while world.block_on(follow(&platform.engine, &platform.queries)).unwrap().rows > 0 {}
    let body = format!(r#"{{"company_number":"100","day":"{day}"}}"#);
    operate(fixture, "POST", "/settlements", &body);
    day
}

/// A day on which a bank may pay.
fn later(fixture: &Fixture) -> String {
    let later = fixture.world.platform.now().plus_ms(30 * 24 * 3_600 * 1_000);
    later.rfc3339()[..10].to_owned()
}
