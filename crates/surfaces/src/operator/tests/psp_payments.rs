//! Payments over PSPs as operators see, capture and settle them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::effects::psp::Exchange;
use payments::{Method, Payment, PaymentKind, Psp, Standing, Told};
use serde_json::{Value, json};

use super::*;
use crate::testing::merchants::{PAYER, Wanted, psp_answers, wanted};
use crate::testing::{CARD, Mood};

/// A payment of merchant 3 that is reserved on our own ledger.
fn reserved(world: &World, minor: i64) -> Payment {
    world.initialize(&wanted(3, Method::CardLedger, CARD, minor))
}

fn shown(world: &World, payment: &Payment) -> Value {
    let reply = operate(world, &format!("GET /payments/{}", payment.number));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// Numbers of the payments that a query finds.
fn found(world: &World, query: &str) -> Vec<i64> {
    let reply = operate(world, &format!("GET /payments{query}"));
    assert_eq!(reply.status, 200, "{query} {reply:?}");
    let id = |item: &Value| item["id"].as_str().unwrap().parse().unwrap();
    reply.json()["items"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn a_payment_is_shown_without_its_payer() {
    let world = world_with_estate();
    let payment = world.reserved_at_klarna(30_000);
    let merchant = operate(&world, "GET /customers/3").json()["identities"].clone();
    let expected = json!({
        "id": payment.number.to_string(), "kind": "payment", "method": "KLARNA", "psp": "klarna",
        "customer_id": 3, "merchant_id": merchant["merchant_id"],
        "amount": "300.00", "vat_amount": "60.00", "currency": "SEK",
        "captured_amount": "0.00", "refunded_amount": "0.00",
        "state": "RESERVED", "account_state": "ROLLBACK",
        "transitions": [
            {"at": "2026-11-20T11:00:00.000Z", "from": null, "to": "INITIALIZED",
                "event": "CREATE", "channel": "WS_REST"},
            {"at": "2026-11-20T11:00:00.000Z", "from": "INITIALIZED", "to": "RESERVED",
                "event": "RESERVE", "channel": "WS_REST"},
        ],
        "original_id": null, "reversal_id": null,
        "terminal_reference": payment.asked.terminal_reference, "original_reference": null,
        "consumer_id": "…4567",
        "psp_reference": "session-1", "psp_second_reference": "order-1",
        "instruction": payment.instruction,
        "redirect_url": "https://pay.klarna.example/session-1",
        "info": null, "task": null, "attention": null, "report_id": null,
        "created_at": "2026-11-20T11:00:00.000Z", "changed_at": "2026-11-20T11:00:00.000Z",
    });
    assert_eq!(shown(&world, &payment), expected);
    assert_eq!(operate(&world, "GET /payments").json()["items"], json!([expected]));
    let events = operate(&world, "GET /events?limit=200").body;
    for secret in [PAYER, "Ödman"] {
        assert!(!expected.to_string().contains(secret) && !events.contains(secret), "{secret}");
    }
    for id in ["0", "-1", "x", "1", "99999999999999999999", "3"] {
        let reply = operate(&world, &format!("GET /payments/{id}"));
        assert_eq!(
            (reply.status, &reply.json()["detail"]),
            (404, &json!("no payment has this id"))
        );
    }
    assert_eq!(operate(&world, &format!("GET /payments/{}?x=1", payment.number)).status, 400);
}

#[test]
fn refunds_and_reversals_say_what_they_are_about() {
    let world = world_with_estate();
    let (taken, held) = (reserved(&world, 30_000), reserved(&world, 20_000));
    assert_eq!(operate(&world, &format!("POST /payments/{}/capture", taken.number)).status, 200);
    let give_back = |kind, original: &Payment, minor| {
        let original = Some(original);
        let wanted = wanted(3, Method::CardLedger, CARD, minor);
        world.initialize(&Wanted { kind, original, ..wanted })
    };
    let refund = give_back(PaymentKind::Refund, &taken, 10_000);
    let reversal = give_back(PaymentKind::Reversal, &held, 20_000);
    let body = shown(&world, &refund);
    assert_eq!((&body["kind"], &body["original_id"]), (&json!("refund"), &json!(id(&taken))));
    assert_eq!(body["account_state"], "COMMIT");
    assert_eq!(shown(&world, &taken)["refunded_amount"], "100.00");
    let body = shown(&world, &reversal);
    assert_eq!((&body["kind"], &body["state"]), (&json!("reversal"), &json!("FINALIZED")));
    assert_eq!(body["account_state"], "ROLLBACK", "no funds have changed owner");
    let body = shown(&world, &held);
    assert_eq!(
        (&body["state"], &body["reversal_id"]),
        (&json!("CANCELLED"), &json!(id(&reversal)))
    );
    assert_eq!(found(&world, "?kind=refund"), [refund.number]);
    assert_eq!(found(&world, "?kind=reversal"), [reversal.number]);
}

fn id(payment: &Payment) -> String {
    payment.number.to_string()
}

#[test]
fn payments_are_found_by_what_is_known_of_them() {
    let world = world_with_estate();
    let first = reserved(&world, 100);
    let other = world.initialize(&wanted(4, Method::CardLedger, CARD, 200));
    let refused = world.initialize(&wanted(3, Method::CardLedger, "no-card", 300));
    let raised = raised(&world);
    let all = [raised.number, refused.number, other.number, first.number];
    for (query, expected) in [
        ("", &all[..]),
        ("?customer_id=3", &[raised.number, refused.number, first.number]),
        ("?customer_id=4", &[other.number]),
        ("?customer_id=99", &[]),
        ("?state=RESERVED", &[other.number, first.number]),
        ("?state=REJECTED&customer_id=3", &[raised.number, refused.number]),
        ("?state=REPORTED", &[]),
        ("?kind=payment", &all),
        ("?kind=refund", &[]),
        ("?needs_attention=true", &[raised.number]),
        ("?needs_attention=true&customer_id=4", &[]),
        ("?needs_attention=false", &all[1..]),
        ("?needs_attention=false&customer_id=3&kind=payment&state=REJECTED", &[refused.number]),
    ] {
        assert_eq!(found(&world, query), expected, "{query}");
    }
    let paged = pages(&world, "/payments", 3);
    let numbers: Vec<String> = all.iter().map(ToString::to_string).collect();
    let ids: Vec<&str> = paged.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, numbers);
    for (query, pointer) in [
        ("customer_id=0", "?customer_id"),
        ("customer_id=x", "?customer_id"),
        ("state=reserved", "?state"),
        ("state=", "?state"),
        ("kind=purchase", "?kind"),
        ("needs_attention=1", "?needs_attention"),
        ("limit=0", "?limit"),
        ("limit=201", "?limit"),
        ("after=x", "?after"),
        ("colour=red", "?colour"),
    ] {
        let reply = operate(&world, &format!("GET /payments?{query}"));
        let errors = reply.json()["errors"].clone();
        assert_eq!((reply.status, &errors[0]["pointer"]), (400, &json!(pointer)), "{query}");
    }
}

/// A payment that was rejected, and that the PSP says later is paid.
fn raised(world: &World) -> Payment {
    world.agree(3, Psp::Klarna, &[("KLARNA_PASSWORD", "klarna_test_api_x")]);
    let payment = world.initialize(&wanted(3, Method::Klarna, PAYER, 400));
    world.record(&payment, Standing::Declined, Told::default());
    world.record(&payment, Standing::Paid, Told::default())
}

#[test]
fn people_settle_what_they_have_looked_at() {
    let world = world_with_estate();
    let payment = raised(&world);
    let reason = "the PSP says that it is paid, but it is REJECTED";
    assert_eq!(shown(&world, &payment)["attention"], reason);
    let line = format!(r#"POST /payments/{}/settle {{"note":"Paid back\nby hand"}}"#, id(&payment));
    let settled = operate_under(&world, "k", &line);
    assert_eq!(settled.status, 200, "{settled:?}");
    let body = settled.json();
    assert_eq!((&body["attention"], &body["state"]), (&Value::Null, &json!("REJECTED")));
    assert_eq!(shown(&world, &payment), body);
    assert_eq!(found(&world, "?needs_attention=true"), [0_i64; 0]);
    let events = || {
        let events = operate(&world, "GET /events?limit=200").json()["items"].clone();
        let events = events.as_array().unwrap().iter();
        events.filter(|it| it["kind"] == "payment.settled").cloned().collect::<Vec<Value>>()
    };
    assert_eq!(events().len(), 1);
    let data = &events()[0]["data"];
    assert_eq!((&data["note"], &data["reason"]), (&json!("Paid back\nby hand"), &json!(reason)));
    assert_eq!(
        (&data["actor"], &data["payment_id"]),
        (&json!(OPERATOR_KEY), &json!(payment.number))
    );
    let again = operate_under(&world, "k", &line);
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(again.body, settled.body);
    let other = line.replace("hand", "foot");
    assert_eq!(operate_under(&world, "k", &other).status, 422);
    assert_eq!(operate(&world, &other).status, 200, "there is nothing to look at any more");
    assert_eq!(events().len(), 1);
    for body in ["{}", r#"{"note":""}"#, r#"{"note":" "}"#, r#"{"note":1}"#, r#"{"note":null}"#] {
        let reply = operate(&world, &format!("POST /payments/{}/settle {body}", id(&payment)));
        let pointer = reply.json()["errors"][0]["pointer"].clone();
        assert_eq!((reply.status, pointer), (400, json!("/note")), "{body}");
    }
    let note =
        |chars: usize| format!(r#"POST /payments/1/settle {{"note":"{}"}}"#, "å".repeat(chars));
    assert_eq!(operate(&world, &note(255)).status, 404, "no payment");
    assert_eq!(operate(&world, &note(256)).status, 400);
    assert_eq!(operate(&world, r#"POST /payments/x/settle {"note":"n"}"#).status, 404);
}

#[test]
fn a_reservation_on_the_ledger_is_captured() {
    let world = world_with_estate();
    let payment = reserved(&world, 30_000);
    let capture = |body: &str| format!("POST /payments/{}/capture {body}", id(&payment));
    for (amount, detail) in [
        (r#""0""#, "must not be 0"),
        (r#""0.001""#, "more decimals than the currency has"),
        (r#""99999999999999999""#, "amount is out of range"),
        (r#""-1""#, "must be a decimal number in a string, like \"300.00\""),
        ("1", "must be a string"),
    ] {
        let reply = operate(&world, &capture(&format!(r#"{{"amount":{amount}}}"#)));
        let error = json!({"pointer": "/amount", "detail": detail});
        assert_eq!((reply.status, &reply.json()["errors"]), (400, &json!([error])), "{amount}");
    }
    for body in ["[]", "{", r#"{"amount":"1","x":1}"#, "null"] {
        assert_eq!(operate(&world, &capture(body)).status, 400, "{body}");
    }
    let too_much = operate_under(&world, "k", &capture(r#"{"amount":"300.01"}"#));
    let problem = too_much.json();
    assert_eq!(
        (too_much.status, &problem["type"]),
        (409, &json!("urn:kassa:problem:capture-too-large"))
    );
    assert_eq!(problem["detail"], "300.00 SEK is reserved, and no more");
    let part = capture(r#"{"amount":"120.5"}"#);
    let first = operate_under(&world, "k", &part);
    let body = first.json();
    assert_eq!((first.status, &body["state"]), (200, &json!("FINALIZED")), "{first:?}");
    assert_eq!(
        (&body["captured_amount"], &body["account_state"]),
        (&json!("120.50"), &json!("COMMIT"))
    );
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = operate_under(&world, "k", &part);
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(operate_under(&world, "k", &capture("{}")).status, 422, "another request");
    let reply = operate(&world, &capture(""));
    assert_eq!(
        (reply.status, &reply.json()["type"]),
        (409, &json!("urn:kassa:problem:not-reserved"))
    );
    for id in ["x", "0", "1", "3"] {
        assert_eq!(operate(&world, &format!("POST /payments/{id}/capture")).status, 404, "{id}");
    }
    let account = operate(&world, "GET /accounts/{A}").json();
    assert_eq!((&account["debt"], &account["reserved_amount"]), (&json!("120.50"), &json!("0.00")));
}

#[test]
fn a_capture_is_told_as_the_psp_tells_it() {
    let world = world_with_estate();
    let captures = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&captures);
    world.psps.answer(move |_, request| {
        assert!(request.path.ends_with("/orders/order-1/captures"), "{}", request.path);
        counted.fetch_add(1, Ordering::SeqCst);
        psp_answers(201)
    });
    let payment = world.reserved_at_klarna(30_000);
    let line = format!(r#"POST /payments/{}/capture {{"amount":"200"}}"#, id(&payment));
    let first = operate_under(&world, "k", &line);
    let body = first.json();
    assert_eq!((first.status, &body["state"]), (200, &json!("FINALIZED")), "{first:?}");
    assert_eq!((&body["captured_amount"], &body["task"]), (&json!("200.00"), &Value::Null));
    assert_eq!(operate_under(&world, "k", &line).body, first.body);
    assert_eq!(operate(&world, &line).status, 409);
    assert_eq!(captures.load(Ordering::SeqCst), 1, "once");
}

#[test]
fn a_capture_that_nobody_answers_is_done_later() {
    let world = world_with_estate();
    world.psps.answer(|_, _| Exchange::Lost);
    let payment = world.reserved_at_klarna(30_000);
    let line = format!("POST /payments/{}/capture", id(&payment));
    let first = operate_under(&world, "k", &line).json();
    assert_eq!(
        (&first["state"], &first["task"]["operation"]),
        (&json!("RESERVED"), &json!("capture"))
    );
    assert_eq!(
        (&first["task"]["amount"], &first["task"]["attempts"]),
        (&json!("300.00"), &json!(1))
    );
    assert_eq!(first["task"]["due_at"], "2026-11-20T11:00:01.000Z");
    let calls = world.psps.seen.lock().unwrap().len();
    assert_eq!(operate_under(&world, "k", &line).json(), first, "asked for before");
    assert_eq!(operate(&world, &line).json(), first, "under way");
    assert_eq!(world.psps.seen.lock().unwrap().len(), calls, "and left to who has begun it");
    world.psps.answer(|_, _| psp_answers(201));
    let advance = |world: &World| operate(world, r#"POST /clock/advance {"seconds":1}"#).status;
    assert_eq!(advance(&world), 200);
    let body = shown(&world, &payment);
    assert_eq!((&body["state"], &body["captured_amount"]), (&json!("FINALIZED"), &json!("300.00")));
    let last = &body["transitions"][2];
    assert_eq!(
        (&last["event"], &last["at"]),
        (&json!("FINALIZE"), &json!("2026-11-20T11:00:01.000Z"))
    );
}

#[test]
fn the_clock_moves_though_psps_fail() {
    let world = world_with_estate();
    let payment = world.reserved_at_klarna(30_000);
    let capture = operate(&world, &format!("POST /payments/{}/capture", id(&payment)));
    assert_eq!(capture.json()["task"]["operation"], "capture", "nobody reaches the PSP");
    let moved = operate(&world, r#"POST /clock/advance {"seconds":10}"#);
    assert_eq!(moved.body, r#"{"now":"2026-11-20T11:00:10.000Z","released":0}"#);
    assert_eq!(shown(&world, &payment)["task"]["attempts"], 2);
}

#[test]
fn a_capture_whose_news_was_lost_is_done_all_the_same() {
    let world = world_with_estate();
    world.psps.answer(|_, _| psp_answers(201));
    let payment = world.reserved_at_klarna(30_000);
    let line = format!("POST /payments/{}/capture", id(&payment));
    let failed = |mood| {
        *world.mood.lock().unwrap() = mood;
        let reply = operate_under(&world, "k", &line);
        *world.mood.lock().unwrap() = Mood::Fine;
        reply.status
    };
    assert_eq!((failed(Mood::Refuses), failed(Mood::LosesTheNews)), (503, 504));
    assert!(world.psps.seen.lock().unwrap().is_empty());
    let again = operate_under(&world, "k", &line);
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    assert_eq!(again.json()["task"]["due_at"], "2026-11-20T11:00:45.000Z");
    assert_eq!(operate(&world, r#"POST /clock/advance {"seconds":45}"#).status, 200);
    assert_eq!(shown(&world, &payment)["state"], "FINALIZED");
    let settle = format!(r#"POST /payments/{}/settle {{"note":"n"}}"#, id(&payment));
    *world.mood.lock().unwrap() = Mood::Refuses;
    assert_eq!(operate_under(&world, "s", &settle).status, 503);
    *world.mood.lock().unwrap() = Mood::Fine;
    let settled = operate_under(&world, "s", &settle);
    assert_eq!((settled.status, settled.header("idempotent-replayed")), (200, ""));
}

#[test]
fn batch_reports_are_listed_and_shown() {
    let world = world_with_estate();
    let payments = [reserved(&world, 30_000), reserved(&world, 12_345)];
    for payment in &payments {
        assert_eq!(operate(&world, &format!("POST /payments/{}/capture", id(payment))).status, 200);
    }
    let refund = world.initialize(&Wanted {
        kind: PaymentKind::Refund,
        original: Some(&payments[0]),
        ..wanted(3, Method::CardLedger, CARD, 100)
    });
    let report = world.close_day(3, &[&payments[0], &payments[1], &refund]);
    let line = |kind: &str, count: i64, amount: &str| {
        let (method, currency) = ("CARD_LEDGER", "SEK");
        json!({
            "kind": kind, "method": method, "currency": currency, "count": count,
            "amount": amount,
        })
    };
    let expected = json!({
        "id": report.number.to_string(), "customer_id": 3, "day": "2026-11-20",
        "until": "2026-11-20T11:00:00.000Z", "created_at": "2026-11-20T11:00:00.000Z",
        "lines": [line("payment", 2, "423.45"), line("refund", 1, "1.00")],
    });
    let one = operate(&world, &format!("GET /batch-reports/{}", report.number));
    assert_eq!((one.status, one.json()), (200, expected.clone()));
    let list = operate(&world, "GET /batch-reports?customer_id=3").json();
    assert_eq!(list, json!({"items": [expected], "next": null}));
    let body = shown(&world, &payments[0]);
    let reported = json!(report.number.to_string());
    assert_eq!((&body["report_id"], &body["state"]), (&reported, &json!("REPORTED")));
    for (customer, count) in [("4", 0), ("99", 0), ("3&limit=1", 1)] {
        let list = operate(&world, &format!("GET /batch-reports?customer_id={customer}")).json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(count), "{customer}");
    }
    for query in
        ["", "?customer_id=", "?customer_id=0", "?customer_id=3&x=1", "?customer_id=3&after=x"]
    {
        assert_eq!(operate(&world, &format!("GET /batch-reports{query}")).status, 400, "{query}");
    }
    for id in ["0", "x", &id(&payments[0]), "99999999"] {
        assert_eq!(operate(&world, &format!("GET /batch-reports/{id}")).status, 404, "{id}");
    }
}
