//! Fees, payout accounts, settlements, statements and payment files as operators see them.

use engine::accountant::follow;
use serde_json::{Value, json};

use super::*;
use crate::testing::CARD_EUR;

const FEES: &str = r#"{"currencies":[{"currency":"SEK","minimum_per_day":"10.00","rates":[
    {"kind":"purchase","basis_points":150,"fixed":"0.50"},{"kind":"reversal","fixed":"2.00"}]}]}"#;
const ACCOUNT: &str =
    r#"{"holder":"Corner shop","iban":"se45 5000 0000 0583 9825 7466","bic":"ESSESESS"}"#;
const RUN: &str = r#"POST /settlements {"company_number":"100","day":"2026-11-20"}"#;
const FILE: &str = r#"POST /payment-files {"company_number":"100","day":"2026-11-20",
    "execution_date":"2026-11-23"}"#;

/// Books something offline at seller 654.
fn book(world: &World, resource: &str, source: &str, card: &str, currency: &str, amount: &str) {
    let name = match resource {
        "purchases" => "sourcePurchaseTransactionId",
        "cash-withdrawals" => "sourceCashWithdrawalTransactionId",
        _ => "sourceReversalTransactionId",
    };
    let body = format!(
        r#"{{"{name}":"{source}","amount":{amount},"offlineInfo":{{"pointOfSale":"Shop",
        "cardToken":"{card}","sellerNumber":"654","currency":"{currency}"}}}}"#
    );
    pay(world, resource, &body);
}

/// Two sales, one of them corrected in part, a withdrawal and a refund in SEK; a refund in EUR.
fn sell(world: &World) {
    book(world, "purchases", "p1", crate::testing::CARD, "SEK", "100.00");
    book(world, "purchases", "p2", crate::testing::CARD, "SEK", "200.33");
    correct(world, "p2", "c1", "50.00");
    book(world, "cash-withdrawals", "w1", crate::testing::CARD, "SEK", "20.00");
    book(world, "reversals", "r1", crate::testing::CARD, "SEK", "30.00");
    book(world, "reversals", "r2", CARD_EUR, "EUR", "5.00");
}

fn sum_up(world: &World) {
    let platform = &world.platform;
    while world.block_on(follow(&platform.engine, &platform.queries)).unwrap().rows > 0 {}
}

/// A world whose day is over, summed up and settled.
pub(super) fn settled() -> World {
    let world = world();
    assert_eq!(operate(&world, &format!("PUT /companies/100/fees {FEES}")).status, 200);
    sell(&world);
    world.clock.set("2026-11-21T08:00:00Z");
    sum_up(&world);
    let reply = operate(&world, RUN);
    assert_eq!(reply.status, 200, "{reply:?}");
    world
}

pub(super) fn list(world: &World, path: &str) -> Vec<Value> {
    let reply = operate(world, &format!("GET {path}"));
    assert_eq!(reply.status, 200, "{path} {reply:?}");
    reply.json()["items"].as_array().unwrap().clone()
}

#[test]
fn fees_are_set_and_shown() {
    let world = world();
    let path = "/companies/100/fees";
    let none = json!({"company_number": "100", "currencies": []});
    assert_eq!(operate(&world, &format!("GET {path}")).json(), none);
    let reply = operate(&world, &format!("PUT {path} {FEES}"));
    let rates = json!([
        {"kind": "purchase", "basis_points": 150, "fixed": "0.50"},
        {"kind": "reversal", "basis_points": 0, "fixed": "2.00"},
    ]);
    let sek = json!([{"currency": "SEK", "minimum_per_day": "10.00", "rates": rates}]);
    assert_eq!(reply.json(), json!({"company_number": "100", "currencies": sek}));
    assert_eq!(operate(&world, &format!("GET {path}")).json(), reply.json());
    let own = "/companies/100/sellers/654/fees";
    let reply = operate(&world, &format!("PUT {own} {}", r#"{"currencies":[]}"#));
    let none = json!({"company_number": "100", "seller_number": "654", "currencies": []});
    assert_eq!((reply.status, reply.json()), (200, none));
    for (path, status) in [("/companies/999/fees", 404), ("/companies/100/sellers/9/fees", 404)] {
        assert_eq!(operate(&world, &format!("GET {path}")).status, status);
        assert_eq!(operate(&world, &format!("PUT {path} {FEES}")).status, status);
    }
    for (body, pointer) in [
        ("{}", "/currencies"),
        (r#"{"currencies":[{"currency":"XXX"}]}"#, "/currencies/0/currency"),
        (r#"{"currencies":[{"currency":"SEK"},{"currency":"SEK"}]}"#, "/currencies"),
        (
            r#"{"currencies":[{"currency":"JPY","minimum_per_day":"1.5"}]}"#,
            "/currencies/0/minimum_per_day",
        ),
        (
            r#"{"currencies":[{"currency":"SEK","rates":[{"kind":"purchase","fixed":"0.001"}]}]}"#,
            "/currencies/0/rates/0/fixed",
        ),
        (
            r#"{"currencies":[{"currency":"SEK",
                "rates":[{"kind":"purchase","basis_points":10001}]}]}"#,
            "/currencies/0/rates/0/basis_points",
        ),
        (
            r#"{"currencies":[{"currency":"SEK","rates":[{"kind":"sale"}]}]}"#,
            "/currencies/0/rates/0/kind",
        ),
        (
            r#"{"currencies":[{"currency":"SEK",
                "rates":[{"kind":"purchase"},{"kind":"purchase"}]}]}"#,
            "/currencies/0/rates/1/kind",
        ),
    ] {
        let reply = operate(&world, &format!("PUT /companies/100/fees {body}"));
        assert_eq!(
            (reply.status, reply.json()["errors"][0]["pointer"].as_str()),
            (400, Some(pointer)),
            "{body}"
        );
    }
}

#[test]
fn accounts_are_checked_and_shown() {
    let world = world();
    for path in ["/companies/100/payout-account", "/companies/100/sellers/654/payout-account"] {
        assert_eq!(operate(&world, &format!("GET {path}")).status, 404);
        let reply = operate(&world, &format!("PUT {path} {ACCOUNT}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["iban"], "SE4550000000058398257466");
        assert_eq!(operate(&world, &format!("GET {path}")).json(), reply.json());
        for (body, pointer) in [
            (r#"{"holder":"a","iban":"SE4550000000058398257467"}"#, "/iban"),
            (r#"{"holder":"a","iban":"SE4550000000058398257466","bic":"x"}"#, "/bic"),
            (r#"{"holder":"","iban":"SE4550000000058398257466"}"#, "/holder"),
        ] {
            let reply = operate(&world, &format!("PUT {path} {body}"));
            assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    let unknown = "/companies/100/sellers/9/payout-account";
    assert_eq!(operate(&world, &format!("PUT {unknown} {ACCOUNT}")).status, 404);
    let events = operate(&world, "GET /events?limit=200").body;
    assert!(events.contains("7466") && !events.contains("58398257466"), "{events}");
}

#[test]
fn a_day_is_settled_once_it_is_over_and_summed_up() {
    let world = world();
    sell(&world);
    let code = |reply: &Reply| reply.json()["type"].as_str().unwrap_or_default().to_owned();
    let early = operate(&world, RUN);
    assert!(early.status == 409 && code(&early).contains("day-not-ended"), "{early:?}");
    world.clock.set("2026-11-21T08:00:00Z");
    let unread = operate(&world, RUN);
    assert!(unread.status == 409 && code(&unread).contains("not-summed-up"), "{unread:?}");
    sum_up(&world);
    let first = operate(&world, RUN);
    let totals = json!([
        {"currency": "EUR", "settlements": 1, "owed": "-5.00", "fees": "0.00",
            "carried_in": "0.00", "paid": "0.00", "carried_out": "-5.00"},
        {"currency": "SEK", "settlements": 1, "owed": "240.33", "fees": "0.00",
            "carried_in": "0.00", "paid": "240.33", "carried_out": "0.00"},
    ]);
    let expected = json!({"company_number": "100", "day": "2026-11-20", "totals": totals,
        "not_settled": []});
    assert_eq!((first.status, first.json()), (200, expected));
    let again = operate(&world, RUN);
    assert_eq!((again.status, again.body), (200, first.body));
    for body in [r#"{"company_number":"100"}"#, r#"{"company_number":"100","day":"20 Nov"}"#] {
        assert_eq!(operate(&world, &format!("POST /settlements {body}")).status, 400);
    }
    let unknown = r#"POST /settlements {"company_number":"999","day":"2026-11-20"}"#;
    assert_eq!(operate(&world, unknown).status, 404);
    let nothing = r#"POST /settlements {"company_number":"200","day":"2026-11-20"}"#;
    assert_eq!(operate(&world, nothing).json()["totals"], json!([]));
    let verification = operate(&world, "GET /ledger/verification").json();
    assert_eq!(verification["ok"], true, "{verification}");
}

#[test]
fn settlements_are_listed_and_shown() {
    let world = settled();
    let all = list(&world, "/settlements");
    assert_eq!(all.len(), 2);
    let sek = all.iter().find(|one| one["currency"] == "SEK").unwrap();
    // 1.50 % of 300.33 is 4.50495: 4.50, and 0.50 for each of two; 2.00 for the refund. That is
    // 7.50, and a day costs 10.00.
    let lines = json!([
        {"kind": "purchase", "count": 2, "amount": "300.33", "fee": "5.50"},
        {"kind": "cash-withdrawal", "count": 1, "amount": "20.00", "fee": "0.00"},
        {"kind": "reversal", "count": 1, "amount": "-30.00", "fee": "2.00"},
        {"kind": "purchase-correction", "count": 1, "amount": "-50.00", "fee": "0.00"},
    ]);
    assert_eq!(sek["lines"], lines);
    for (name, value) in [
        ("minimum_fees", "2.50"),
        ("owed", "240.33"),
        ("fees", "10.00"),
        ("carried_in", "0.00"),
        ("net", "230.33"),
        ("paid", "230.33"),
        ("carried_out", "0.00"),
        ("first_day", "2026-11-20"),
        ("day", "2026-11-20"),
        ("seller_number", "654"),
    ] {
        assert_eq!(sek[name], value, "{name}");
    }
    assert!(sek["transfer_id"].is_string() && sek["fee_id"].is_string());
    let id = sek["id"].as_str().unwrap();
    assert_eq!(operate(&world, &format!("GET /settlements/{id}")).json(), *sek);
    for (query, count) in [
        ("?company_number=100", 2),
        ("?company_number=100&seller_number=654", 2),
        ("?company_number=100&seller_number=655", 0),
        ("?company_number=100&day=2026-11-20", 2),
        ("?company_number=100&day=2026-11-19", 0),
        ("?company_number=100&seller_number=654&day=2026-11-19", 0),
        ("?company_number=200", 0),
        ("?limit=1", 1),
    ] {
        assert_eq!(list(&world, &format!("/settlements{query}")).len(), count, "{query}");
    }
    for (path, status) in [
        ("/settlements?seller_number=654", 400),
        ("/settlements?day=2026-11-20", 400),
        ("/settlements?day=x", 400),
        ("/settlements/1", 404),
        ("/settlements/x", 404),
        ("/settlements/1/statement", 404),
    ] {
        assert_eq!(operate(&world, &format!("GET {path}")).status, status, "{path}");
    }
}

#[test]
fn what_a_seller_owes_is_carried_over() {
    let world = settled();
    book(&world, "purchases", "p3", CARD_EUR, "EUR", "12.00");
    world.clock.set("2026-11-22T08:00:00Z");
    sum_up(&world);
    let run = r#"POST /settlements {"company_number":"100","day":"2026-11-21"}"#;
    assert_eq!(operate(&world, run).status, 200);
    let made = list(&world, "/settlements?company_number=100&day=2026-11-21").remove(0);
    let shown = ["owed", "carried_in", "net", "paid", "carried_out"].map(|name| made[name].clone());
    assert_eq!(json!(shown), json!(["12.00", "-5.00", "7.00", "7.00", "0.00"]));
}

#[test]
fn statements_are_read_by_people_and_programs() {
    let world = settled();
    for settlement in list(&world, "/settlements") {
        let path = format!("/settlements/{}/statement", settlement["id"].as_str().unwrap());
        let html = operate(&world, &format!("GET {path}"));
        assert_eq!(html.body, operate(&world, &format!("GET {path}?format=html")).body);
        let policy = html.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(html.header("x-content-type-options"), "nosniff");
        assert!(!html.body.contains("<script") && !html.body.contains("http"), "{}", html.body);
        for piece in ["<html lang=\"en\">", "<caption>", "scope=\"row\"", "Paid out"] {
            assert!(html.body.contains(piece), "{piece}");
        }
        let is_paid = settlement["paid"] != "0.00";
        assert_eq!(html.body.contains("Nothing is paid out."), !is_paid);
        let csv = operate(&world, &format!("GET {path}?format=csv"));
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert!(csv.header("content-disposition").starts_with("attachment; filename="));
        let rows: Vec<&str> = csv.body.split_terminator("\r\n").collect();
        assert!(rows.iter().all(|row| row.matches(',').count() == 10), "{}", csv.body);
        let net = settlement["net"].as_str().unwrap();
        assert!(rows.iter().any(|row| row.ends_with(&format!(",net,,{net}"))), "{}", csv.body);
        assert_eq!(operate(&world, &format!("GET {path}?format=pdf")).status, 400);
    }
}

#[test]
fn names_in_statements_are_texts() {
    let world = world();
    let seller = r#"{"seller_number":"666","name":"=HYPERLINK(\"x\") <script>alert(1)</script>"}"#;
    assert_eq!(operate(&world, &format!("POST /companies/100/sellers {seller}")).status, 201);
    let body = format!(
        r#"{{"sourcePurchaseTransactionId":"p1","amount":1,"offlineInfo":{{"pointOfSale":"Shop",
        "cardToken":"{}","sellerNumber":"666","currency":"SEK"}}}}"#,
        crate::testing::CARD
    );
    pay(&world, "purchases", &body);
    world.clock.set("2026-11-21T08:00:00Z");
    sum_up(&world);
    assert_eq!(operate(&world, RUN).status, 200);
    let id = list(&world, "/settlements").remove(0)["id"].as_str().unwrap().to_owned();
    let html = operate(&world, &format!("GET /settlements/{id}/statement")).body;
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
    let csv = operate(&world, &format!("GET /settlements/{id}/statement?format=csv")).body;
    assert!(csv.contains("\"'=HYPERLINK(\"\"x\"\") <script>alert(1)</script>\""), "{csv}");
}

#[test]
fn a_payment_file_pays_each_settlement_once() {
    let world = settled();
    let code = |reply: &Reply| reply.json()["type"].as_str().unwrap_or_default().to_owned();
    let refused = operate(&world, FILE);
    assert!(refused.status == 409 && code(&refused).contains("no-debtor-account"), "{refused:?}");
    assert_eq!(
        operate(&world, &format!("PUT /companies/100/payout-account {ACCOUNT}")).status,
        200
    );
    let refused = operate(&world, FILE);
    assert!(refused.status == 409 && code(&refused).contains("nothing-to-pay"), "{refused:?}");
    let seller = "/companies/100/sellers/654/payout-account";
    assert_eq!(operate(&world, &format!("PUT {seller} {ACCOUNT}")).status, 200);
    let past = FILE.replace("2026-11-23", "2026-11-20");
    assert_eq!(operate(&world, &past).json()["errors"][0]["pointer"], "/execution_date");
    let made = operate_under(&world, "key", FILE);
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("/operator/v1/payment-files/{id}"));
    let totals = json!([{"currency": "SEK", "settlements": 1, "amount": "230.33"}]);
    assert_eq!(made.json()["totals"], totals);
    assert_eq!(made.json()["left_out"], json!([]));
    let xml = operate(&world, &format!("GET /payment-files/{id}"));
    assert_eq!(xml.header("content-type"), "application/xml");
    assert!(xml.body.contains("pain.001.001.09") && xml.body.contains(">230.33<"), "{}", xml.body);
    // Neither another account nor a repeat changes what was made.
    let other = ACCOUNT.replace("Corner shop", "Somebody");
    assert_eq!(operate(&world, &format!("PUT {seller} {other}")).status, 200);
    let again = operate_under(&world, "key", FILE);
    assert_eq!((again.status, &again.body), (201, &made.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(operate(&world, &format!("GET /payment-files/{id}")).body, xml.body);
    assert_eq!(operate(&world, FILE).status, 409, "nothing is left to pay");
    let paid = list(&world, "/settlements");
    let paid: Vec<&Value> = paid.iter().filter(|one| one["payment_file_id"] == id).collect();
    assert_eq!((paid.len(), &paid[0]["currency"]), (1, &json!("SEK")));
    assert_eq!(list(&world, "/payment-files"), [made.json()]);
    assert_eq!(list(&world, "/payment-files?company_number=100").len(), 1);
    assert_eq!(list(&world, "/payment-files?company_number=200").len(), 0);
    assert_eq!(operate(&world, "GET /payment-files/1").status, 404);
}

/// The run's news is lost in the middle; the repeat ends it.
#[test]
fn a_run_whose_news_is_lost_is_ended_by_the_next() {
    let world = world();
    sell(&world);
    world.clock.set("2026-11-21T08:00:00Z");
    sum_up(&world);
    *world.mood.lock().unwrap() = crate::testing::Mood::LosesTheNews;
    let lost = operate(&world, RUN);
    assert_eq!(lost.status, 504, "{lost:?}");
    *world.mood.lock().unwrap() = crate::testing::Mood::Fine;
    assert_eq!(operate(&world, RUN).status, 200);
    assert_eq!(list(&world, "/settlements").len(), 2);
}

#[test]
fn a_key_stands_for_one_run() {
    let world = world();
    sell(&world);
    let code = |reply: &Reply| reply.json()["type"].as_str().unwrap_or_default().to_owned();
    world.clock.set("2026-11-21T08:00:00Z");
    let unread = operate_under(&world, "key", RUN);
    assert!(unread.status == 409 && code(&unread).contains("not-summed-up"), "{unread:?}");
    sum_up(&world);
    let first = operate_under(&world, "key", RUN);
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, ""));
    let again = operate_under(&world, "key", RUN);
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(again.body, first.body);
    for other in [RUN.replace("\"100\"", "\"999\""), RUN.replace("11-20", "12-20")] {
        let refused = operate_under(&world, "key", &other);
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(code(&refused).contains("idempotency-key-reused"), "{refused:?}");
    }
    assert_eq!(operate_under(&world, "other", RUN).header("idempotent-replayed"), "");
    assert_eq!(list(&world, "/settlements").len(), 2);
}

/// Opens everything that a payment file needs.
fn set_accounts(world: &World) {
    for whose in ["/companies/100", "/companies/100/sellers/654"] {
        let reply = operate(world, &format!("PUT {whose}/payout-account {ACCOUNT}"));
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

#[test]
fn what_the_bank_returns_is_paid_by_the_next_settlement() {
    let world = settled();
    set_accounts(&world);
    let code = |reply: &Reply| reply.json()["type"].as_str().unwrap_or_default().to_owned();
    assert_eq!(operate(&world, FILE).status, 201);
    let of = |currency: &str, day: &str| {
        let all = list(&world, &format!("/settlements?company_number=100&day={day}"));
        all.into_iter().find(|one| one["currency"] == currency).unwrap()
    };
    let id = |settlement: &Value| settlement["id"].as_str().unwrap().to_owned();
    let (paid, owing) = (of("SEK", "2026-11-20"), of("EUR", "2026-11-20"));
    let back = |id: &str| format!("POST /settlements/{id}/return {{\"reason\":\"<Stängt>\"}}");
    let refused = operate(&world, &back(&id(&owing)));
    assert!(refused.status == 409 && code(&refused).contains("nothing-paid-out"), "{refused:?}");
    for (line, status) in [
        (back("1"), 404),
        (back("x"), 404),
        (format!("POST /settlements/{} {{}}", id(&paid)), 405),
        (format!("POST /settlements/{}/return {{}}", id(&paid)), 400),
        (format!("POST /settlements/{}/return {{\"reason\":\"\"}}", id(&paid)), 400),
    ] {
        assert_eq!(operate(&world, &line).status, status, "{line}");
    }
    let first = operate_under(&world, "key", &back(&id(&paid)));
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, ""), "{first:?}");
    assert_eq!(first.json()["returned"]["reason"], "<Stängt>");
    let again = operate_under(&world, "key", &back(&id(&paid)));
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(again.body, first.body);
    let other = back(&id(&paid)).replace("Stängt", "Annat");
    assert_eq!(operate_under(&world, "key", &other).status, 422);
    let refused = operate(&world, &other);
    assert!(refused.status == 409 && code(&refused).contains("payout-returned"), "{refused:?}");
    assert_eq!(operate(&world, &format!("GET /settlements/{}", id(&paid))).json(), first.json());
    check_statement(&world, &id(&paid));
    // The next run pays it, with its own file; a day of which nothing else came costs nothing.
    world.clock.set("2026-11-22T08:00:00Z");
    sum_up(&world);
    let run = RUN.replace("11-20", "11-21");
    assert_eq!(operate(&world, &run).status, 200);
    let next = of("SEK", "2026-11-21");
    let lines = json!([
        {"kind": "settlement-return", "count": 1, "amount": "230.33", "fee": "0.00"},
    ]);
    let shown = ["lines", "fees", "paid"].map(|name| next[name].clone());
    assert_eq!(json!(shown), json!([lines, "0.00", "230.33"]));
    assert_eq!(operate(&world, FILE).status, 409, "what came back is in no other file");
    let made = operate(&world, &FILE.replace("11-20", "11-21"));
    assert_eq!(made.status, 201, "{made:?}");
    let file = made.json()["id"].as_str().unwrap().to_owned();
    let xml = operate(&world, &format!("GET /payment-files/{file}")).body;
    assert!(xml.contains(">230.33<") && xml.contains(&format!("SETTLEMENT-{}", id(&next))));
    let verification = operate(&world, "GET /ledger/verification").json();
    assert_eq!(verification["ok"], true, "{verification}");
}

fn check_statement(world: &World, id: &str) {
    let html = operate(world, &format!("GET /settlements/{id}/statement")).body;
    for piece in ["Came back from the bank, owed again", "The reason: &lt;Stängt&gt;"] {
        assert!(html.contains(piece), "{piece}: {html}");
    }
    let csv = operate(world, &format!("GET /settlements/{id}/statement?format=csv")).body;
    assert!(csv.contains(",returned,,230.33\r\n"), "{csv}");
}

#[test]
fn what_came_back_before_it_was_sent_is_in_no_file() {
    let world = settled();
    set_accounts(&world);
    let settlements = list(&world, "/settlements");
    let paid = settlements.iter().find(|one| one["currency"] == "SEK").unwrap();
    let id = paid["id"].as_str().unwrap();
    let line = format!("POST /settlements/{id}/return {{\"reason\":\"No account\"}}");
    assert_eq!(operate(&world, &line).status, 200);
    let refused = operate(&world, FILE);
    assert_eq!(refused.status, 409, "{refused:?}");
}
