//! Acquirers' files: what becomes of each kind of row, and of files that are not in order.

use std::sync::Arc;

use formats::rkha21::{Header, Profile, Row, RowKind, Writer};
use ledger::{Currency, Date};

use super::*;
use crate::testing::{CARD, CARD_200, CARD_BLOCKED, CARD_EUR};

/// A file of rows, one a line: `kind source amount` in major units, and then what differs from a
/// purchase made offline by seller 654 on the world's first card: `on=` authorization, `of=` what
/// it corrects, `card=`, `seller=`, `currency=`, `reference=` of the acquirer, `cash=`.
pub(super) fn file(serial: u32, rows: &str) -> Vec<u8> {
    let header = Header {
        date: Date::parse("2026-11-20").unwrap(),
        sender: "8850".to_owned(),
        cycle: "20".to_owned(),
        serial,
    };
    let mut writer = Writer::new(Profile::open_v1(), &header).unwrap();
    let lines = rows.lines().map(str::trim).filter(|line| !line.is_empty());
    for (at, line) in lines.enumerate() {
        writer.row(&row(line, serial * 1_000 + u32::try_from(at).unwrap())).unwrap();
    }
    writer.finish().unwrap()
}

fn row(line: &str, reference: u32) -> Row {
    let mut words = line.split_whitespace();
    let mut next = || words.next().unwrap().to_owned();
    let (kind, source, amount) = (RowKind::parse(&next()).unwrap(), next(), next());
    let more: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
    let of = |name: &str| more.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let owned = |name: &str| of(name).map(str::to_owned);
    let minor = |amount: &str| {
        let (major, minor) = amount.split_once('.').unwrap_or((amount, "00"));
        format!("{major}{minor}").parse::<i64>().unwrap()
    };
    Row {
        line: 0,
        kind,
        date: Date::parse("2026-11-19").unwrap(),
        acquirer_reference: owned("reference").unwrap_or(format!("{reference:011}")),
        amount_minor: minor(&amount),
        currency: Currency::parse(of("currency").unwrap_or("SEK")).unwrap(),
        authorization: owned("on"),
        withdrawal_minor: of("cash").map(minor),
        seller: owned("seller").unwrap_or("654".to_owned()),
        card_token: owned("card").unwrap_or(CARD.to_owned()),
        source,
        point_of_sale: Some("Åhlén".to_owned()),
        channel: None,
        method: None,
        corrects: owned("of"),
        receipt: Some("R1".to_owned()),
    }
}

/// Sends a file, and waits until it is applied.
pub(super) fn send(world: &World, file: Vec<u8>) -> Reply {
    send_under(world, "", file)
}

fn send_under(world: &World, key: &str, file: Vec<u8>) -> Reply {
    let platform = &world.platform;
    let (engine, queries) = (platform.engine.clone(), platform.queries.clone());
    let importing = engine::imports::run_imports(engine, queries, Arc::clone(&platform.rkha21));
    let importing = world.block_on(async { tokio::spawn(importing).abort_handle() });
    let mut request = Request::post("/operator/v1/acquirer-files")
        .header("authorization", format!("Bearer {OPERATOR_KEY}"));
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    let reply = world.send(request.body(Body::from(file)).unwrap());
    importing.abort();
    reply
}

/// What became of the rows: the counts, and each refused row with its reason.
fn fates(reply: &Reply) -> String {
    let json = reply.json();
    let count = |name: &str| json[name].as_i64().unwrap();
    let mut fates = format!(
        "{} of {}: {} posted, {} matched, {} refused",
        reply.status,
        count("rows"),
        count("rows_posted"),
        count("rows_matched"),
        count("rows_refused")
    );
    for refused in json["refused_rows"].as_array().unwrap() {
        write!(fates, "; {} {}", refused["row"], refused["reason"].as_str().unwrap()).unwrap();
    }
    fates
}

pub(super) fn account(world: &World) -> String {
    let account = operate(world, "GET /accounts/{A}").json();
    let of = |name: &str| account[name].as_str().unwrap().to_owned();
    format!("debt {} reserved {}", of("debt"), of("reserved_amount"))
}

#[test]
fn each_kind_of_row_is_posted() {
    let world = world();
    let code = authorize(&world, "a-1", "300.00");
    purchase(&world, &code, "api-1", "50.00");
    let rows = format!(
        "purchase p-1 100.00 on={code}
        purchase p-2 20.00 on={code}
        purchase p-3 70.50 cash=20.00
        cash-withdrawal w-1 40.00
        reversal r-1 10.00
        purchase-correction c-1 30.00 of=p-3
        cash-withdrawal-correction c-2 40.00 of=w-1
        reversal-correction c-3 1.00 of=r-1
        purchase-correction c-4 5.00 of=api-1
        purchase p-4 7.00 card={CARD_BLOCKED}
        purchase p-5 8.00 card={CARD_200}
        purchase p-6 9.00 card={CARD_EUR} currency=EUR"
    );
    let reply = send(&world, file(1, &rows));
    assert_eq!(fates(&reply), "201 of 12: 12 posted, 0 matched, 0 refused");
    assert_eq!(reply.json()["acquirer_batch_id"], "261120885020");
    // 50 by API, 100 + 20 captured, 70.50 + 40 - 10 offline, less 30 + 40 - 1 + 5. What was left of
    // the authorization, 130, is released.
    assert_eq!(account(&world), "debt 196.50 reserved 0.00");
    let path = "/ledger/card-transaction/v1/100/purchases/p-1";
    let shown = world.call("GET", path, TOKEN, "").json();
    assert_eq!(shown["additionalReferences"]["acquirerBatchId"], "261120885020");
    assert_eq!(shown["additionalReferences"]["acquirerTransactionId"], "00000001000");
    assert_eq!(shown["sellerReceiptId"], "R1");
    assert_eq!(operate(&world, "GET /ledger/verification").json()["ok"], true);
}

#[test]
fn rows_that_cannot_be_posted_are_exceptions_and_the_rest_posts() {
    let world = world();
    let code = authorize(&world, "a-1", "300.00");
    let ended = authorize(&world, "a-2", "10.00");
    pay(&world, &format!("authorizations/{ended}/cancellations"), "{}");
    let rows = format!(
        "purchase p-1 300.01 on={code}
        purchase p-2 1.00 on={ended}
        purchase p-3 1.00 on=ZZZZZZ
        cash-withdrawal w-1 1.00 on={code}
        purchase p-4 1.00 card=nobodys
        purchase p-5 1.00 seller=999
        purchase p-6 1.00 currency=EUR
        purchase-correction c-1 1.00 of=p-1
        purchase p-7 2.00
        purchase-correction c-2 2.01 of=p-7
        purchase p-8 299.00 on={code}"
    );
    let reply = send(&world, file(1, &rows));
    assert_eq!(
        fates(&reply),
        "201 of 11: 2 posted, 0 matched, 9 refused; 2 over-capture; 3 authorization-ended; \
         4 authorization-unknown; 5 authorization-type-mismatch; 6 card-unknown; \
         7 seller-unknown; 8 currency-not-supported; 9 original-unknown; 11 over-correction"
    );
    assert_eq!(account(&world), "debt 301.00 reserved 0.00");
    let again = operate(
        &world,
        reply
            .header("location")
            .strip_prefix("/operator/v1")
            .map_or(String::new(), |path| format!("GET {path}"))
            .as_str(),
    );
    assert_eq!(again.json(), reply.json(), "it is shown as it was answered");
}

#[test]
fn what_the_api_has_booked_is_matched_once() {
    let world = world();
    let code = authorize(&world, "a-1", "300.00");
    for (source, amount) in [("p-1", "100.00"), ("p-2", "50.00"), ("p-3", "5.00")] {
        purchase(&world, &code, source, amount);
    }
    let rows = format!(
        "purchase p-1 100.00 on={code}
        purchase p-2 50.01 on={code}
        purchase p-3 5.00 on={code} seller=655
        purchase p-4 1.00"
    );
    let reply = send(&world, file(1, &rows));
    assert_eq!(
        fates(&reply),
        "201 of 4: 1 posted, 1 matched, 2 refused; 3 amount-differs; 4 reference-differs"
    );
    // What was captured over the API may be captured again over the API: its rest stays reserved.
    assert_eq!(account(&world), "debt 156.00 reserved 145.00");
    let rows = "purchase p-1 100.00
        purchase p-4 1.00
        purchase p-5 2.00 reference=00000001003
        purchase p-2 50.00";
    let reply = send(&world, file(2, rows));
    assert_eq!(
        fates(&reply),
        "201 of 4: 0 posted, 1 matched, 3 refused; 2 duplicate; 3 duplicate; 4 duplicate"
    );
    assert_eq!(operate(&world, "GET /ledger/verification").json()["ok"], true);
}

#[test]
fn a_row_whose_references_stand_for_two_transactions_matches_neither() {
    let world = world();
    let code = authorize(&world, "a-1", "300.00");
    let body = format!(
        r#"{{"sourcePurchaseTransactionId":"p-1","amount":1.00,"authorizationId":"{code}",
        "additionalReferences":{{"acquirerBatchId":"261120885020",
        "acquirerTransactionId":"00000001000"}}}}"#
    );
    pay(&world, "purchases", &body);
    purchase(&world, &code, "p-2", "1.00");
    // The first row has the source id of one and the acquirer's reference of the other.
    let rows = format!(
        "purchase p-2 1.00 on={code}
        purchase p-3 1.00 on={code}"
    );
    let reply = send(&world, file(1, &rows));
    assert_eq!(fates(&reply), "201 of 2: 1 posted, 0 matched, 1 refused; 2 reference-differs");
    let rows = "purchase p-1 1.00 reference=00000001000\npurchase p-2 1.00";
    assert_eq!(fates(&send(&world, file(2, rows))), "201 of 2: 0 posted, 2 matched, 0 refused");
}

#[test]
fn a_file_is_applied_once() {
    let world = world();
    let bytes = file(1, "purchase p-1 100.00");
    let first = send_under(&world, "k", bytes.clone());
    assert_eq!(first.status, 201);
    let same = send_under(&world, "k", bytes.clone());
    assert_eq!((same.status, same.header("idempotent-replayed")), (201, "true"));
    assert_eq!(same.json(), first.json());
    let other_key = send(&world, bytes);
    assert_eq!(other_key.status, 409, "{other_key:?}");
    // Other rows under the same name are another file, which is refused.
    assert_eq!(send(&world, file(1, "purchase p-2 1.00")).status, 409);
    assert_eq!(send_under(&world, "k", file(2, "purchase p-2 1.00")).status, 422, "another file");
    assert_eq!(send(&world, file(2, "")).json()["rows"], 0, "a day without transactions");
    let list = operate(&world, "GET /acquirer-files").json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(account(&world), "debt 100.00 reserved 0.00");
}

#[test]
fn a_file_that_is_not_in_order_leaves_nothing() {
    let world = world();
    let good = file(1, "purchase p-1 100.00\npurchase p-2 1.00\npurchase p-1 2.00");
    let reply = send(&world, good);
    assert_eq!(reply.status, 422);
    let rows = reply.json()["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{reply:?}");
    assert_eq!((&rows[0]["row"], &rows[0]["column"]), (&4.into(), &118.into()));
    for bad in [&b""[..], b"\0\xff", b"01\r\n", &b"x".repeat(100_000)] {
        let reply = send(&world, bad.to_vec());
        assert_eq!(reply.status, 422, "{reply:?}");
        assert!(!reply.json()["rows"].as_array().unwrap().is_empty());
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    let mut cut = file(1, "purchase p-1 100.00");
    cut.truncate(400);
    assert_eq!(send(&world, cut).status, 422);
    assert_eq!(operate(&world, "GET /acquirer-files").json()["items"].as_array().unwrap().len(), 0);
    // It has used up no serial number.
    assert_eq!(send(&world, file(1, "purchase p-1 100.00")).status, 201);
    assert_eq!(operate(&world, "GET /acquirer-files/0").status, 404);
    assert_eq!(send(&world, vec![b'x'; 1024 * 1024 + 1]).status, 413);
}
