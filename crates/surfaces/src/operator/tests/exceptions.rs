//! Exceptions: how people find them, and how they deal with them.

use serde_json::Value;

use super::acquirer_files::{account, file, send};
use super::*;

/// A world with two exceptions of a file: a row on an authorization that has ended, and a row of
/// another amount than was booked. Their ids.
fn with_exceptions() -> (World, String, String) {
    let world = world();
    let ended = authorize(&world, "a-1", "10.00");
    pay(&world, &format!("authorizations/{ended}/cancellations"), "{}");
    let code = authorize(&world, "a-2", "100.00");
    purchase(&world, &code, "p-2", "70.00");
    let rows = format!("purchase p-1 5.00 on={ended}\npurchase p-2 60.00 on={code}");
    assert_eq!(send(&world, file(1, &rows)).json()["rows_refused"], 2);
    let items = listed(&world, "");
    let ids: Vec<String> = items.iter().map(id).collect();
    let [second, first] = ids.try_into().unwrap();
    (world, first, second)
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap().to_owned()
}

fn listed(world: &World, query: &str) -> Vec<Value> {
    let reply = operate(world, &format!("GET /exceptions{query}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["items"].as_array().unwrap().clone()
}

/// Sends a step; its status, and the code or status of what comes back.
#[track_caller]
fn check(world: &World, line: &str, expected: &str) {
    let reply = operate(world, line);
    let json = reply.json();
    let code = json["type"].as_str().and_then(|code| code.rsplit(':').next());
    let shown = code.or(json["status"].as_str()).unwrap_or_default();
    assert_eq!(format!("{} {shown}", reply.status), expected, "{line}: {json}");
}

#[test]
fn they_are_found_by_what_they_are_about() {
    let (world, first, second) = with_exceptions();
    let file = listed(&world, "")[0]["file_id"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("", vec![&second, &first]),
        ("?status=open", vec![&second, &first]),
        ("?status=resolved", vec![]),
        ("?reason=authorization-ended", vec![&first]),
        ("?reason=amount-differs&batch=261120885020", vec![&second]),
        ("?batch=261120885010", vec![]),
        (&format!("?file_id={file}"), vec![&second, &first]),
        ("?file_id=1", vec![]),
        ("?company_number=100&seller_number=654", vec![&second, &first]),
        ("?company_number=100", vec![&second, &first]),
        ("?seller_number=655", vec![]),
        ("?owner=nobody", vec![]),
        ("?comparison=batch:261120885020", vec![]),
    ] {
        let found: Vec<String> = listed(&world, query).iter().map(id).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    for bad in ["?status=x", "?reason=x", "?file_id=x", "?file_id=0", "?x=1", "?limit=0"] {
        assert_eq!(operate(&world, &format!("GET /exceptions{bad}")).status, 400, "{bad}");
    }
    let one = operate(&world, &format!("GET /exceptions/{second}")).json();
    assert_eq!(one["ours"], serde_json::json!({"amount": "70.00", "currency": "SEK"}));
    assert_eq!(one["theirs"], serde_json::json!({"amount": "60.00", "currency": "SEK"}));
    assert_eq!((&one["row"], &one["acquirer_batch_id"]), (&3.into(), &"261120885020".into()));
    for unknown in ["0", "x", "999999"] {
        assert_eq!(operate(&world, &format!("GET /exceptions/{unknown}")).status, 404);
    }
}

#[test]
fn pages_meet_though_there_are_two_lists() {
    let world = world();
    let rows: Vec<String> = (0..9).map(|at| format!("purchase p-{at} 1.00 card=none")).collect();
    assert_eq!(send(&world, file(1, &rows.join("\n"))).status, 201);
    let all = listed(&world, "");
    assert_eq!(all.len(), 9);
    for at in [1, 4, 5] {
        let path = format!("/exceptions/{}/resolve", id(&all[at]));
        let line = format!("POST {path} {{\"means\":\"accepted\",\"note\":\"x\"}}");
        check(&world, &line, "200 resolved");
    }
    for limit in [1, 2, 4, 9] {
        let found: Vec<String> = pages(&world, "/exceptions", limit).iter().map(id).collect();
        assert_eq!(found, all.iter().map(id).collect::<Vec<_>>(), "{limit}");
    }
    assert_eq!(listed(&world, "?status=resolved").len(), 3);
}

#[test]
fn they_are_taken_and_noted() {
    let (world, first, second) = with_exceptions();
    let taken = operate(&world, &format!("POST /exceptions/{first}/take")).json();
    assert_eq!(taken["owner"], "operator-key");
    check(&world, &format!("POST /exceptions/{first}/take {{\"owner\":\"Åsa\"}}"), "200 open");
    let note = format!("POST /exceptions/{first}/notes {{\"text\":\"asked the shop\"}}");
    assert_eq!(operate_under(&world, "n", &note).json()["notes"].as_array().unwrap().len(), 1);
    let again = operate_under(&world, "n", &note);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json()["notes"].as_array().unwrap().len(), 1, "kept once");
    check(&world, &note, "200 open");
    let shown = listed(&world, "?owner=%C3%85sa");
    assert_eq!(shown[0]["notes"][1]["text"], "asked the shop");
    let other = format!("POST /exceptions/{second}/notes {{\"text\":\"asked the shop\"}}");
    assert_eq!(operate_under(&world, "n", &other).status, 200, "another resource, another key");
    let text = "x".repeat(1_001);
    for (line, expected) in [
        (format!("POST /exceptions/{first}/notes {{}}"), "400 validation-error"),
        (format!("POST /exceptions/{first}/notes {{\"text\":\"{text}\"}}"), "400 validation-error"),
        (format!("POST /exceptions/{first}/take {{\"owner\":\"\"}}"), "400 validation-error"),
        ("POST /exceptions/7/take {}".to_owned(), "404 not-found"),
        ("POST /exceptions/7/notes {\"text\":\"x\"}".to_owned(), "404 not-found"),
    ] {
        check(&world, &line, expected);
    }
    for _ in 2..100 {
        check(&world, &note, "200 open");
    }
    check(&world, &note, "409 notes-full");
}

#[test]
fn a_row_is_posted_after_all() {
    let (world, first, _) = with_exceptions();
    let path = format!("/exceptions/{first}/resolve");
    assert_eq!(account(&world), "debt 70.00 reserved 30.00");
    check(
        &world,
        &format!("POST {path} {{\"means\":\"posted\",\"note\":\"x\"}}"),
        "409 ledger-refuses",
    );
    assert_eq!(listed(&world, "?status=open").len(), 2, "it stays open");
    let line = format!(
        "POST {path} {{\"means\":\"posted\",\"note\":\"x\",\"without_authorization\":true}}"
    );
    let reply = operate_under(&world, "k", &line);
    assert_eq!(reply.json()["resolution"]["means"], "posted", "{reply:?}");
    let number = reply.json()["resolution"]["transaction_id"].as_str().unwrap().to_owned();
    assert_eq!(account(&world), "debt 75.00 reserved 30.00");
    let shown =
        world.call("GET", "/ledger/card-transaction/v1/100/purchases/p-1", TOKEN, "").json();
    assert_eq!(shown["additionalReferences"]["acquirerBatchId"], "261120885020");
    let same = operate_under(&world, "k", &line);
    assert_eq!((same.header("idempotent-replayed"), same.json()), ("true", reply.json()));
    assert_eq!(account(&world), "debt 75.00 reserved 30.00", "once");
    check(&world, &line, "409 exception-resolved");
    check(&world, &format!("POST /exceptions/{first}/take {{}}"), "409 exception-resolved");
    let other = format!("POST {path} {{\"means\":\"accepted\",\"note\":\"x\"}}");
    assert_eq!(operate_under(&world, "k", &other).status, 422, "another request");
    // What is known later may still be noted.
    check(&world, &format!("POST /exceptions/{first}/notes {{\"text\":\"x\"}}"), "200 resolved");
    assert_eq!(operate(&world, "GET /ledger/verification").json()["ok"], true);
    let events = operate(&world, "GET /events?limit=200").body;
    assert!(events.contains("exception.resolved") && events.contains(&number), "{events}");
}

#[test]
fn a_transaction_is_corrected() {
    let (world, first, second) = with_exceptions();
    let resolve = |id: &str, rest: &str| {
        format!("POST /exceptions/{id}/resolve {{\"means\":\"corrected\",\"note\":\"x\"{rest}}}")
    };
    for (line, expected) in [
        (resolve(&second, ""), "400 validation-error"),
        (resolve(&second, ",\"amount\":\"0\""), "400 validation-error"),
        (resolve(&second, ",\"amount\":\"-1\""), "400 validation-error"),
        (resolve(&second, ",\"amount\":\"0.001\""), "400 validation-error"),
        (resolve(&second, ",\"amount\":10"), "400 validation-error"),
        (
            resolve(&second, ",\"amount\":\"1\",\"without_authorization\":true"),
            "400 validation-error",
        ),
        (resolve(&second, ",\"amount\":\"70.01\""), "409 ledger-refuses"),
        (resolve(&first, ",\"amount\":\"1.00\""), "409 nothing-to-correct"),
        (resolve("7", ",\"amount\":\"1.00\""), "404 not-found"),
    ] {
        check(&world, &line, expected);
    }
    let code = authorize(&world, "a-9", "10.00");
    purchase(&world, &code, "p-9", "10.00");
    correct(&world, "p-9", "taken", "1.00");
    check(
        &world,
        &resolve(&second, ",\"amount\":\"1\",\"source_id\":\"taken\""),
        "409 ledger-refuses",
    );
    check(&world, &resolve(&second, ",\"amount\":\"10.00\""), "200 resolved");
    assert_eq!(account(&world), "debt 69.00 reserved 30.00");
    let path = format!("/ledger/card-transaction/v1/100/purchases/p-2/corrections/exc-{second}");
    assert_eq!(world.call("GET", &path, TOKEN, "").status, 200);
    assert_eq!(operate(&world, "GET /ledger/verification").json()["ok"], true);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let (world, first, _) = with_exceptions();
    let path = format!("POST /exceptions/{first}/resolve");
    for body in [
        "{}",
        "{\"means\":\"paid\",\"note\":\"x\"}",
        "{\"means\":\"accepted\"}",
        "{\"means\":\"accepted\",\"note\":\"x\",\"amount\":\"1\"}",
        "{\"means\":\"accepted\",\"note\":\"x\",\"source_id\":\"1\"}",
        "{\"means\":\"accepted\",\"note\":\"x\",\"without_authorization\":false}",
        "{\"means\":\"posted\",\"note\":\"x\",\"without_authorization\":\"yes\"}",
        "{\"means\":\"accepted\",\"note\":\"x\",\"more\":1}",
    ] {
        check(&world, &format!("{path} {body}"), "400 validation-error");
    }
}
