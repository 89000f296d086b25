//! Goal: a payment over a PSP is told as it stands, from the first answer to the last.

use super::*;

/// State, account's state and both codes of a status, and how the state changed last.
fn facts(status: &Value) -> (String, String, i64, i64, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let response = &status["response"];
    let transaction = &response["request"]["transaction"];
    assert_eq!(transaction["state"], status["state"]);
    assert_eq!(transaction["accountState"], status["accountState"]);
    (
        text(&status["state"]),
        text(&status["accountState"]),
        response["responseCode"].as_i64().unwrap(),
        response["extendedResponseCode"].as_i64().unwrap(),
        text(&response["request"]["channel"]),
    )
}

fn expected(
    state: &str,
    account: &str,
    code: i64,
    channel: &str,
) -> (String, String, i64, i64, String) {
    (state.to_owned(), account.to_owned(), code, code, channel.to_owned())
}

#[test]
fn a_payment_is_undecided_until_the_payer_has_paid() {
    let world = world();
    let told = swish(&world);
    let reply = initialize(&world, "payment", &payment());
    assert_eq!(reply.status, 202);
    let body = reply.json();
    assert_eq!(body["valid"], true);
    assert_eq!(body["response"]["responseCode"], 0);
    assert_eq!(body["response"]["extendedResponseCode"], -3);
    let number = number(&reply);
    assert_eq!(facts(&status(&world, number)), expected("INITIALIZED", "ROLLBACK", -3, "WS_REST"));
    turn(&world);
    assert_eq!(status(&world, number)["state"], "INITIALIZED");
    *told.lock().unwrap() = ("PAID", None);
    world.clock.advance_ms(1_000);
    turn(&world);
    let paid = status(&world, number);
    assert_eq!(facts(&paid), expected("FINALIZED", "COMMIT", 0, "INTERNAL"));
    assert_eq!((&paid["payerId"], &paid["qrTrigger"]), (&json!("46701234567"), &json!("0")));
    assert_eq!(paid["receipt"]["receiptId"], number);
    assert_eq!(paid["naa2Ecr"], paid["response"]["naa2Ecr"]);
}

#[test]
fn every_end_has_its_word() {
    for (status_word, code, state, response_code) in [
        ("DECLINED", None, "REJECTED", -1),
        ("CANCELLED", None, "CANCELLED", -2),
        ("ERROR", Some("TM01"), "TIMEDOUT", -1),
        ("ERROR", Some("FF08"), "FAILED", -1),
    ] {
        let world = world();
        let told = swish(&world);
        let number = created(&world, "payment", &payment());
        *told.lock().unwrap() = (status_word, code);
        turn(&world);
        let ended = status(&world, number);
        assert_eq!(facts(&ended), expected(state, "ROLLBACK", response_code, "INTERNAL"));
        assert!(!ended["naa2Ecr"]["additionalInfo"].as_str().unwrap().is_empty(), "{ended}");
        assert_eq!((&ended["valid"], &ended["error"]), (&json!(true), &Value::Null));
        assert_eq!(ended["receipt"]["receiptClass"], "CUSTOMER");
    }
}

#[test]
fn a_payment_that_is_refused_at_once_was_created_in_vain() {
    let world = world();
    swish_refuses(&world);
    let reply = initialize(&world, "payment", &payment());
    assert_eq!(reply.status, 201);
    let body = reply.json();
    assert_eq!(body["valid"], false);
    let transaction = &body["response"]["request"]["transaction"];
    assert_eq!(
        (&transaction["state"], &transaction["cancel"]),
        (&json!("REJECTED"), &json!(false))
    );
    assert_eq!(body["response"]["responseCode"], -1);
    let why = body["response"]["naa2Ecr"]["additionalInfo"].as_str().unwrap();
    assert!(why.contains("RP02"), "{why}");
    let fault = &body["error"]["componsiteFault"]["faults"][0];
    assert_eq!(fault, &json!({ "explanationText": why, "params": { "state": "REJECTED" } }));
}

#[test]
fn silence_is_no_decline() {
    for exchange in [Exchange::NotSent, Exchange::Lost] {
        let world = world();
        let silence = exchange.clone();
        world.psps.answer(move |_, _| silence.clone());
        let reply = initialize(&world, "payment", &payment());
        assert_eq!(reply.status, 202, "{exchange:?}");
        let state = status(&world, number(&reply))["state"].clone();
        assert!(["INITIALIZED", "PENDING"].contains(&state.as_str().unwrap()), "{state}");
    }
}

#[test]
fn a_callback_is_a_channel_of_its_own() {
    let world = world();
    let told = swish(&world);
    let number = created(&world, "payment", &payment());
    *told.lock().unwrap() = ("PAID", None);
    let secret = world.platform.secrets.callback_secret(number);
    let reply = world.call("POST", &format!("/callbacks/swish/{number}/{secret}"), "", "{}");
    assert_eq!(reply.status, 200, "{reply:?}");
    turn(&world);
    let paid = status(&world, number);
    assert_eq!(facts(&paid), expected("FINALIZED", "COMMIT", 0, "WS_REST_CALLBACK"));
}

#[test]
fn a_code_is_read_where_the_caller_wants_one() {
    let world = world();
    swish(&world);
    let number = created(&world, "payment", &with(payment(), "/trigger", json!("2")));
    let shown = status(&world, number);
    assert_eq!(shown["qrTrigger"], "1");
    assert_eq!(shown["response"]["request"]["transaction"]["trigger"], "2");
    let number = created(&world, "payment", &payment());
    assert_eq!(status(&world, number)["response"]["request"]["transaction"]["trigger"], "0");
}

#[test]
fn links_lead_to_the_status() {
    let world = world();
    swish(&world);
    let reply = initialize(&world, "payment", &payment());
    let link = reply.json()["nextLink"].clone();
    let number = number(&reply);
    assert_eq!(
        link,
        json!({
            "type": "GET", "rel": "status", "rels": ["status"], "uriBuilder": null,
            "params": { "method": "SWISH_E_COM" }, "title": "Status of the transaction",
            "uri": format!("https://kassa.example{TRANSACTION}/{number}/status?method=SWISH_E_COM")
        })
    );
    let path = link["uri"].as_str().unwrap().strip_prefix("https://kassa.example").unwrap();
    assert_eq!(call(&world, "GET", path, "").status, 200);
}

#[test]
fn the_payer_is_sent_where_the_psp_wants() {
    let world = world();
    world.psps.answer(|_, _| {
        let body =
            json!({ "paymentId": "pay-1", "hostedPaymentPageUrl": "https://easy.example/1" });
        Exchange::Answer(Response { status: 201, headers: Vec::new(), body: body.to_string() })
    });
    let reply = initialize(&world, "payment", &with(payment(), "/method", json!("EASY")));
    assert_eq!(reply.status, 202, "{reply:?}");
    let body = reply.json();
    assert_eq!(body["response"]["naa2Ecr"]["additionalInfo"], "https://easy.example/1");
    assert_eq!(body["response"]["naa2Ecr"]["schemeId"], "205");
    let transaction = &body["response"]["request"]["transaction"];
    assert_eq!(transaction["referenceId"], "pay-1");
    assert_eq!(transaction["parameters"][0]["key"], "redirectUrl");
}

#[test]
fn every_method_of_the_contract_is_taken() {
    let world = world();
    for (method, scheme) in
        [("SWISH_E_COM", "201"), ("KLARNA", "202"), ("SANTANDER", "203"), ("EASY", "205")]
    {
        let body = with(payment(), "/method", json!(method));
        let reply =
            initialize(&world, "payment", &with(body, "/purchaseAmount", amount(800_000, 0)));
        assert_eq!(reply.status, 202, "{reply:?}");
        assert_eq!(reply.json()["response"]["naa2Ecr"]["schemeId"], scheme);
    }
    assert!(!world.psps.seen.lock().unwrap().is_empty());
}
