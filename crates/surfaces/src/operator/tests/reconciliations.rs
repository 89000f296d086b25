//! Comparisons: of acquirers' batches, and with reports of PSPs.

use payments::{Method, Payment, PaymentKind, Standing, Told};

use super::acquirer_files::{file, send};
use super::*;
use crate::testing::merchants::{PAYER, Wanted, wanted};

const BATCH: &str = "261120885020";

const COLUMNS: &str = "reference = ref\\namount = amt\\ncurrency = SEK\\nkind = kind\\n\
    payment-words = pay\\nrefund-words = refund\\nfee-words = fee\\n";

fn with_merchants() -> World {
    World::with_consumers(|platform| crate::router(platform, crate::Options::default()))
}

/// What was found: `matched 2, missing 1`.
fn outcomes(reply: &Reply) -> String {
    let json = reply.json();
    let shown = json["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", it["outcome"].as_str().unwrap(), it["count"]));
    format!(
        "{} {}: {}",
        reply.status,
        json["status"].as_str().unwrap(),
        shown.collect::<Vec<_>>().join(", ")
    )
}

/// The exceptions of a comparison: `missing p-1`, in the order of texts.
fn found(world: &World, comparison: &str) -> Vec<String> {
    let list = operate(world, &format!("GET /exceptions?comparison={comparison}")).json();
    let items = list["items"].as_array().unwrap().iter();
    let mut shown: Vec<String> = items
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("reason"), text("kind"), text("reference"))
        })
        .collect();
    shown.sort();
    shown
}

fn report(world: &World, query: &str, csv: impl Into<Vec<u8>>) -> Reply {
    report_under(world, None, query, csv)
}

fn report_under(world: &World, key: Option<&str>, query: &str, csv: impl Into<Vec<u8>>) -> Reply {
    let mut request = Request::post(format!("/operator/v1/psp-reports{query}"))
        .header("authorization", format!("Bearer {OPERATOR_KEY}"))
        .header("content-type", "text/csv");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    world.send(request.body(Body::from(csv.into())).unwrap())
}

fn set_mapping(world: &World, name: &str, reference: &str) -> Reply {
    let line = format!(
        "PUT /psp-report-mappings/{name} \
        {{\"psp\":\"swish\",\"reference\":\"{reference}\",\"columns\":\"{COLUMNS}\"}}"
    );
    operate(world, &line)
}

/// A payment over Swish whose money has moved.
fn paid(world: &World, minor: i64) -> Payment {
    let payment = world.initialize(&wanted(3, Method::Swish, PAYER, minor));
    let told = Told {
        reference: Some(format!("psp-{minor}")),
        second_reference: Some(format!("PAY{minor}")),
        ..Told::default()
    };
    world.record(&payment, Standing::Paid, told)
}

#[test]
fn a_batch_is_compared_with_the_ledger() {
    let world = world();
    let start = format!("POST /reconciliations {{\"batch\":\"{BATCH}\"}}");
    assert_eq!(operate(&world, &start).status, 404, "no file yet");
    let code = authorize(&world, "a-1", "100.00");
    let body = format!(
        r#"{{"sourcePurchaseTransactionId":"lost","amount":5.00,"authorizationId":"{code}",
        "additionalReferences":{{"acquirerBatchId":"{BATCH}","acquirerTransactionId":"9"}}}}"#
    );
    pay(&world, "purchases", &body);
    purchase(&world, &code, "api", "7.00");
    let rows = "purchase f-1 10.00\npurchase api 7.00\npurchase f-2 1.00 card=none";
    assert_eq!(send(&world, file(1, rows)).status, 201);
    let first = operate(&world, &start);
    assert_eq!(outcomes(&first), "201 ended: matched 2, known 1, missing 1");
    let scope = format!("batch:{BATCH}");
    assert_eq!(found(&world, &scope), ["missing purchase lost"]);
    let again = operate(&world, &start);
    assert_eq!(outcomes(&again), outcomes(&first));
    assert_eq!(again.header("location"), first.header("location"), "it is the same comparison");
    assert_eq!(found(&world, &scope), ["missing purchase lost"], "and finds nothing twice");
    let shown = first.header("location").strip_prefix("/operator/v1").unwrap().to_owned();
    assert_eq!(operate(&world, &format!("GET {shown}")).json(), again.json());
    let list = operate(&world, "GET /reconciliations").json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    // What is missing is corrected: it should not have been booked.
    let id = operate(&world, &format!("GET /exceptions?comparison={scope}")).json();
    let id = id["items"][0]["id"].as_str().unwrap().to_owned();
    let line = "{\"means\":\"corrected\",\"note\":\"x\",\"amount\":\"5.00\"}";
    let resolved = operate(&world, &format!("POST /exceptions/{id}/resolve {line}"));
    assert_eq!(resolved.json()["status"], "resolved", "{resolved:?}");
    for bad in ["{}", "{\"batch\":\"\"}", "{\"batch\":\"a/b\"}", "{\"batch\":1}", "[]", "x"] {
        assert_eq!(operate(&world, &format!("POST /reconciliations {bad}")).status, 400, "{bad}");
    }
    assert_eq!(operate(&world, "GET /reconciliations/0").status, 404);
    assert_eq!(operate(&world, "GET /reconciliations/x").status, 404);
}

#[test]
fn mappings_are_declared_and_shown() {
    let world = world();
    let first = set_mapping(&world, "swish", "instruction");
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(operate(&world, "GET /psp-report-mappings/swish").json(), first.json());
    assert_eq!(set_mapping(&world, "swish", "id").json()["reference"], "id");
    let list = operate(&world, "GET /psp-report-mappings").json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(operate(&world, "GET /psp-report-mappings/none").status, 404);
    assert_eq!(operate(&world, "PUT /psp-report-mappings/a.b {}").status, 400);
    assert_eq!(set_mapping(&world, "a.b", "id").status, 404, "no name of a mapping");
    for bad in [
        "{\"psp\":\"paypal\",\"reference\":\"id\",\"columns\":\"reference = a\"}",
        "{\"psp\":\"swish\",\"reference\":\"x\",\"columns\":\"reference = a\\namount = b\"}",
        "{\"psp\":\"swish\",\"reference\":\"id\",\"columns\":\"what = a\"}",
        "{\"psp\":\"swish\",\"reference\":\"id\",\"columns\":\"\"}",
        "{\"psp\":\"swish\",\"reference\":\"id\"}",
    ] {
        let reply = operate(&world, &format!("PUT /psp-report-mappings/x {bad}"));
        assert_eq!(reply.status, 400, "{bad}");
    }
    let line = format!(
        "PUT /psp-report-mappings/x {{\"psp\":\"swish\",\"reference\":\"id\",\
        \"seller_number\":\"654\",\"columns\":\"{COLUMNS}\"}}"
    );
    assert_eq!(operate(&world, &line).status, 400, "a seller of which company?");
}

#[test]
fn payments_are_compared_with_a_report() {
    let world = with_merchants();
    set_mapping(&world, "swish", "instruction");
    let same = paid(&world, 10_000);
    let other_amount = paid(&world, 20_000);
    let missing = paid(&world, 30_000);
    let twice = paid(&world, 40_000);
    let refund = world.initialize(&Wanted {
        kind: PaymentKind::Refund,
        original: Some(&same),
        ..wanted(3, Method::Swish, PAYER, 2_500)
    });
    let refund = world.record(&refund, Standing::Paid, Told::default());
    // Not paid, and another PSP's: neither is due.
    world.initialize(&wanted(3, Method::Swish, PAYER, 50_000));
    world.reserved_at_klarna(60_000);
    let csv = format!(
        "ref,amt,kind\n{},100.00,pay\n{},200.01,pay\n{},400.00,pay\n{},400.00,pay\n\
        {},-25.00,refund\nnobodys,1.00,pay\nfee,-2.00,fee\n",
        same.instruction.to_lowercase(),
        other_amount.instruction,
        twice.instruction,
        twice.instruction,
        refund.instruction,
    );
    let query = "?mapping=swish&day=2026-11-20";
    let first = report(&world, query, csv.clone());
    let expected = "matched 3, missing 1, extra 1, amount-differs 1, duplicate 1";
    assert_eq!(outcomes(&first), format!("201 ended: {expected}"), "{first:?}");
    let scope = "psp:swish/2026-11-20";
    let exceptions = found(&world, scope);
    assert_eq!(exceptions.len(), 4, "{exceptions:?}");
    assert!(exceptions.contains(&"extra payment NOBODYS".to_owned()), "{exceptions:?}");
    assert!(exceptions.contains(&format!("missing payment {}", missing.instruction)));
    let again = report(&world, query, csv.clone());
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json(), first.json(), "the same report changes nothing");
    assert_eq!(found(&world, scope), exceptions);
    // One that was put right leaves what was found, and finds nothing anew.
    let right = csv.replace("200.01", "200.00");
    let second = report(&world, query, right);
    assert_eq!(outcomes(&second), "201 ended: matched 4, missing 1, extra 1, duplicate 1",);
    assert_eq!(found(&world, scope), exceptions);
    let item = operate(&world, "GET /exceptions?reason=amount-differs").json()["items"][0].clone();
    assert_eq!(item["payment_id"], other_amount.number.to_string());
    assert_eq!(item["ours"]["amount"], "200.00");
}

#[test]
fn what_a_psp_has_kept_is_checked_and_shown() {
    let world = with_merchants();
    let columns = "reference = ref\\namount = gross\\nfee = fee\\nnet = net\\ncurrency = SEK\\n\
        kind = kind\\npayment-words = pay\\nfee-words = fee\\n";
    let line = format!(
        "PUT /psp-report-mappings/swish \
        {{\"psp\":\"swish\",\"reference\":\"psp\",\"columns\":\"{columns}\"}}"
    );
    assert_eq!(operate(&world, &line).status, 200);
    paid(&world, 10_000);
    paid(&world, 20_000);
    let query = "?mapping=swish&day=2026-11-20";
    let head = "ref,gross,fee,net,kind\n";
    let wrong =
        format!("{head}psp-10000,100.00,1.50,98.50,pay\npsp-20000,200.00,2.00,198.01,pay\n");
    let refused = report(&world, query, wrong);
    let fault = &refused.json()["rows"][0];
    assert_eq!((refused.status, &fault["row"], &fault["column"]), (422, &3.into(), &4.into()));
    assert_eq!(fault["reason"], "the amount less the fee is 198.00, and not 198.01");
    let right = format!(
        "{head}psp-10000,100.00,1.50,98.50,pay\npsp-20000,200.00,2.00,198.00,pay\n\
        month,-10.00,,-10.00,fee\n"
    );
    let reply = report(&world, query, right);
    assert_eq!(outcomes(&reply), "201 ended: matched 2", "payments are compared by what was paid");
    let fees = serde_json::json!([{"currency": "SEK", "amount": "13.50"}]);
    assert_eq!(reply.json()["fees"], fees);
}

#[test]
fn a_report_may_use_any_reference() {
    let world = with_merchants();
    let payment = paid(&world, 10_000);
    let merchants = payment.asked.terminal_reference.clone().unwrap();
    for (kind, reference) in [
        ("instruction", payment.instruction.as_str()),
        ("psp", "psp-10000"),
        ("psp-second", "PAY10000"),
        ("merchant", &merchants),
        ("id", &payment.number.to_string()),
    ] {
        assert_eq!(set_mapping(&world, kind, kind).status, 200);
        let csv = format!("ref,amt,kind\n{reference},100.00,pay\n");
        let reply = report(&world, &format!("?mapping={kind}&day=2026-11-20"), csv);
        assert_eq!(outcomes(&reply), "201 ended: matched 1", "{kind}");
    }
    // The day before it is not due yet, and a report may have it all the same; long before it is
    // not looked for.
    let empty = "ref,amt,kind\n";
    let reply = report(&world, "?mapping=psp&day=2026-11-19", empty);
    assert_eq!(outcomes(&reply), "201 ended: not-due 1");
    let reply = report(&world, "?mapping=id&day=2026-11-10", empty);
    assert_eq!(outcomes(&reply), "201 ended: ");
}

#[test]
fn a_report_is_taken_whole_or_not() {
    let world = with_merchants();
    set_mapping(&world, "swish", "instruction");
    let query = "?mapping=swish&day=2026-11-20";
    let reply = report(&world, query, "ref,amt,kind\na,1.00,pay\nb,x,pay\nc,1.00,what\n");
    assert_eq!(reply.status, 422);
    let rows: Vec<i64> = reply.json()["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["row"].as_i64().unwrap())
        .collect();
    assert_eq!(rows, [3, 4], "{reply:?}");
    for bad in [&b""[..], b"\0\xff", b"ref\n", &b"x".repeat(200_000), b"ref,amt,kind\n\"a"] {
        assert_eq!(report(&world, query, bad).status, 422);
    }
    assert_eq!(report(&world, query, vec![b'x'; 1024 * 1024 + 1]).status, 413);
    assert!(operate(&world, "GET /reconciliations").json()["items"].as_array().unwrap().is_empty());
    for bad in [
        "",
        "?mapping=swish",
        "?day=2026-11-20",
        "?mapping=none&day=2026-11-20",
        "?mapping=swish&day=x",
        "?mapping=swish&day=2026-11-20&x=1",
    ] {
        assert_eq!(report(&world, bad, "ref,amt,kind\n").status, 400, "{bad}");
    }
}

#[test]
fn a_key_stands_for_one_comparison_of_a_batch() {
    let world = world();
    for serial in [1, 2] {
        let rows = format!("purchase f-{serial} 10.00 card=none");
        assert_eq!(send(&world, file(serial, &rows)).status, 201);
    }
    let start = format!("POST /reconciliations {{\"batch\":\"{BATCH}\"}}");
    let first = operate_under(&world, "key", &start);
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""), "{first:?}");
    world.clock.advance_ms(1_000);
    let again = operate_under(&world, "key", &start);
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"), "{again:?}");
    assert_eq!(again.body, first.body);
    let other = operate_under(&world, "key", "POST /reconciliations {\"batch\":\"other\"}");
    assert_eq!(other.status, 404, "it is looked at first whether there is a batch");
    let fresh = operate_under(&world, "other", &start);
    assert_eq!((fresh.status, fresh.header("idempotent-replayed")), (201, ""), "{fresh:?}");
    assert_ne!(fresh.json()["started_at"], first.json()["started_at"]);
}

#[test]
fn a_key_stands_for_one_report() {
    let world = with_merchants();
    for name in ["swish", "other"] {
        assert_eq!(set_mapping(&world, name, "psp").status, 200);
    }
    let (query, csv) = ("?mapping=swish&day=2026-11-20", "ref,amt,kind\nR1,1.00,pay\n");
    let send = |key, query: &str, csv: &str| {
        let reply = report_under(&world, Some(key), query, csv.as_bytes());
        (reply.status, reply.header("idempotent-replayed").to_owned())
    };
    let (fresh, replayed) = (String::new(), "true".to_owned());
    assert_eq!(send("key", query, csv), (201, fresh.clone()));
    assert_eq!(send("key", query, csv), (201, replayed.clone()));
    // Another key for what was compared before stands for it too.
    assert_eq!(send("late", query, csv), (201, replayed));
    let other = "ref,amt,kind\nR2,1.00,pay\n";
    for (key, query, csv) in [
        ("key", query, other),
        ("key", "?mapping=other&day=2026-11-20", csv),
        ("key", "?mapping=swish&day=2026-11-21", csv),
        ("late", query, other),
    ] {
        assert_eq!(send(key, query, csv).0, 422, "{key} {query}");
    }
    assert_eq!(send("third", query, other), (201, fresh));
}
