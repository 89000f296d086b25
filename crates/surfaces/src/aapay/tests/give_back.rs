//! Goal: refunds and reversals give back what was paid, and no more of it.

use super::*;

fn give(world: &World, kind: &str, reference: &str, original: &str, sum: Value) -> Reply {
    let body = with(on_card(reference), "/originalReference", json!(original));
    initialize(world, kind, &with(body, "/purchaseAmount", sum))
}

#[test]
fn refunds_give_back_up_to_the_whole() {
    let world = world();
    let number = created(&world, "payment", &on_card("T-1")).to_string();
    let refund = |reference: &str, sum| give(&world, "refund", reference, &number, sum);
    let first = refund("R-1", amount(3_000, 1_000));
    assert_eq!(first.status, 202, "{first:?}");
    let body = first.json();
    let transaction = &body["response"]["request"]["transaction"];
    assert_eq!(
        (&transaction["state"], &transaction["accountState"]),
        (&json!("FINALIZED"), &json!("COMMIT"))
    );
    let parameter = json!({ "parameterId": 1, "key": "originalTransactionId", "value": number });
    assert_eq!(transaction["parameters"], json!([parameter]));
    let more = refund("R-2", amount(6_001, 0));
    refused(&more, 400, &["purchaseAmount.totalAmount"]);
    let params = &more.json()["error"]["componsiteFault"]["faults"][0]["params"];
    assert_eq!(params["remainingAmount"], 6_000);
    assert_eq!(refund("R-3", amount(6_000, 0)).status, 202);
    refused(&refund("R-4", amount(1, 0)), 400, &["purchaseAmount.totalAmount"]);
}

#[test]
fn of_two_refunds_at_once_beyond_the_rest_one_is_refused() {
    let world = world();
    let number = created(&world, "payment", &on_card("T-1")).to_string();
    let body = with(on_card("R-1"), "/originalReference", json!(number));
    let body = with(body, "/purchaseAmount", amount(6_000, 0));
    let other = with(body.clone(), "/terminalReference", json!("R-2"));
    let path = format!("{TRANSACTION}/refund/initialize");
    let replies = at_once(&world, &path, &[body, other]);
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 400]);
}

#[test]
fn a_reversal_undoes_the_whole_payment() {
    let world = world();
    let number = created(&world, "payment", &on_card("T-1"));
    refused(
        &give(&world, "reversal", "V-1", "T-1", amount(1, 0)),
        400,
        &["purchaseAmount.totalAmount"],
    );
    let reply = give(&world, "reversal", "V-1", "T-1", amount(8_000, 2_000));
    let body = reply.json();
    let transaction = &body["response"]["request"]["transaction"];
    assert_eq!((reply.status, &transaction["accountState"]), (202, &json!("COMMIT")), "{body}");
    let original = status(&world, number);
    assert_eq!(original["state"], "FINALIZED");
    let parameters = &original["response"]["request"]["transaction"]["parameters"];
    let reversal = super::number(&reply).to_string();
    assert_eq!(
        parameters[0],
        json!({
            "parameterId": 1, "key": "reversalTransactionId", "value": reversal
        })
    );
    refused(
        &give(&world, "reversal", "V-2", "T-1", amount(8_000, 2_000)),
        400,
        &["originalReference"],
    );
}

#[test]
fn a_reversal_of_what_is_held_releases_it() {
    let world = world();
    let held = created(&world, "payment", &without(on_card("T-1"), "/ecr2Naa"));
    let reply = give(&world, "reversal", "V-1", "T-1", amount(8_000, 2_000));
    let body = reply.json();
    let transaction = &body["response"]["request"]["transaction"];
    assert_eq!(
        (&transaction["state"], &transaction["accountState"]),
        (&json!("FINALIZED"), &json!("ROLLBACK")),
    );
    let original = status(&world, held);
    assert_eq!(
        (&original["state"], &original["response"]["responseCode"]),
        (&json!("CANCELLED"), &json!(-2))
    );
    assert_eq!(original["response"]["request"]["transaction"]["cancel"], true);
}

#[test]
fn a_reversal_is_of_the_newest_payment_of_that_name() {
    let world = world();
    let first = created(&world, "payment", &without(on_card("T-1"), "/ecr2Naa"));
    assert_eq!(give(&world, "reversal", "V-1", "T-1", amount(8_000, 2_000)).status, 202);
    let second = created(&world, "payment", &on_card("T-1"));
    assert_eq!(give(&world, "reversal", "V-2", "T-1", amount(8_000, 2_000)).status, 202);
    assert_eq!(status(&world, first)["state"], "CANCELLED");
    assert!(read(&world, second).reversal.is_some());
    // Refunds and reversals have names too, and are no originals.
    let reply = give(&world, "reversal", "V-3", "V-2", amount(8_000, 2_000));
    assert_eq!((reply.status, faults(&reply).len()), (404, 1));
}

#[test]
fn what_is_unknown_is_not_found() {
    let world = world();
    let unknown = "99999999999999999999";
    for (kind, original) in [("refund", "1"), ("refund", unknown), ("reversal", "T-9")] {
        let reply = give(&world, kind, "R-1", original, amount(1, 0));
        assert_eq!((reply.status, faults(&reply).len()), (404, 1), "{kind} {original}");
    }
}

#[test]
fn a_refund_over_a_psp_is_a_payment_back() {
    let world = world();
    let told = swish(&world);
    let number = created(&world, "payment", &payment());
    *told.lock().unwrap() = ("PAID", None);
    turn(&world);
    let body = with(payment(), "/originalReference", json!(number.to_string()));
    *told.lock().unwrap() = ("CREATED", None);
    let refund = created(&world, "refund", &body);
    assert_eq!(status(&world, refund)["state"], "INITIALIZED");
    *told.lock().unwrap() = ("PAID", None);
    turn(&world);
    let paid = status(&world, refund);
    assert_eq!(
        (&paid["state"], &paid["accountState"]),
        (&json!("FINALIZED"), &json!("COMMIT")),
        "{paid}"
    );
    let seen = world.psps.seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|line| line.starts_with("swish PUT /v2/refunds/")).count(), 1);
}
