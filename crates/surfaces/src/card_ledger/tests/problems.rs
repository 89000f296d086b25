//! Every documented problem, its shape, and which of two comes first.

use axum::body::Body;
use axum::http::{Extensions, Request};
use engine::SubmitError;
use expect_test::expect;
use http_body_util::BodyExt;
use ledger::{Currency, Money, Refusal};

use super::*;
use crate::card_ledger::problem::Problem;
use crate::testing::log::Log;
use crate::testing::{
    CARD_500, CARD_BLOCKED, CARD_EXPIRED, CARD_ON_BLOCKED, CARD_ON_CLOSED, TOKEN_200, TOKEN_300,
    TOKEN_400, TOKEN_654,
};

/// The transcript of a problem, whose instance is another each time.
fn masked(reply: &Reply) -> String {
    let instance = reply.json()["Instance"].as_str().unwrap().to_owned();
    assert_eq!(instance.len(), 36);
    reply.transcript().replace(&instance, "(uuid)")
}

#[test]
fn problems_have_the_contracts_shape() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let body = authorization(json!({ "sellerNumber": null, "authorizationAmount": "300.0" }));
    expect![[r#"
        400
        content-type: application/problem+json
        {
          "Type": "ledger.card-transaction.validation-error",
          "Title": "A validation error occurred",
          "Status": 400,
          "Instance": "(uuid)",
          "Detail": "Please fix the problems mentioned in `Problems`.",
          "Problems": [
            {
              "sellerNumber": "Argument required"
            },
            {
              "authorizationAmount": "Invalid value: must be a JSON number"
            }
          ]
        }
    "#]]
    .assert_eq(&masked(&world.post(&path, &body)));
    let body = authorization(json!({
        "sourceAuthorizationTransactionId": "declined", "cardToken": CARD_BLOCKED,
    }));
    expect![[r#"
        422
        content-type: application/problem+json
        {
          "Type": "ledger.card-transaction.authorization-declined",
          "Title": "Authorization declined",
          "Status": 422,
          "Instance": "(uuid)",
          "Detail": "The account or card declined; `Reason` says why.",
          "Reason": "card-blocked"
        }
    "#]]
    .assert_eq(&masked(&world.post(&path, &body)));
}

#[test]
fn problems_tell_what_their_kind_needs() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let id = world.authorize(json!({}));
    let body = purchase(&id, json!({ "amount": 300.01 }));
    expect![[r#"
        409
        content-type: application/problem+json
        {
          "Type": "ledger.card-transaction.insufficient-debited-amount",
          "Title": "Insufficient debited amount",
          "Status": 409,
          "Instance": "(uuid)",
          "Detail": "Insufficient debited amount 300.00.",
          "AvailableAmount": 300.00
        }
    "#]]
    .assert_eq(&masked(&world.post(&format!("{V1}/purchases"), &body)));
    expect![[r#"
        401
        content-type: application/problem+json
        www-authenticate: Bearer
        {
          "Type": "ledger.card-transaction.token-invalid",
          "Title": "Token invalid",
          "Status": 401,
          "Instance": "(uuid)",
          "Detail": "The request needs a bearer token of this contract."
        }
    "#]]
    .assert_eq(&masked(&world.call("GET", &path, "", "")));
    let reply = world.post(&format!("{OLD}/purchases"), &purchase("ZZZZZZ", json!({})));
    expect![[r#"
        404
        content-type: application/problem+json
        {
          "Type": "ledger.card-transaction.authorization-not-found",
          "Title": "Authorization not found",
          "Status": 404,
          "Instance": "(uuid)",
          "Detail": "The company has no such authorization."
        }
    "#]]
    .assert_eq(&masked(&reply));
}

#[test]
fn all_bad_fields_of_an_authorization_are_listed() {
    let world = world();
    let path = format!("{V1}/authorizations");
    expect![[r"
        sourceAuthorizationTransactionId: Argument required
        sellerNumber: Argument required
        cardToken: Argument required: this or accountNo
        type: Argument required
        pointOfSale: Argument required
        currency: Argument required
        authorizationAmount: Argument required
    "]]
    .assert_eq(&listed(&world.post(&path, "{}")));
    let body = json!({
        "sourceAuthorizationTransactionId": 789,
        "sellerNumber": "",
        "cardToken": "with space",
        "type": "loan",
        "pointOfSale": ["x"],
        "authorizationAmount": -1,
        "currency": "sek",
        "validToDate": "2026-1-1",
        "cardAuthenticationMethod": "Wink",
        "channel": 1,
    });
    expect![[r"
        sourceAuthorizationTransactionId: Invalid value: must be a string
        sellerNumber: Argument required
        cardToken: Invalid value: must be visible ASCII characters
        type: Invalid value: must be one of purchase, reversal, cash-withdrawal
        pointOfSale: Invalid value: must be a string
        currency: Invalid value: must be three capital letters (ISO 4217)
        authorizationAmount: Invalid value: must not be negative
        validToDate: Invalid value: must be a date, YYYY-MM-DD
        cardAuthenticationMethod: Invalid value: must be one of (methods)
        channel: Invalid value: must be one of POS, UnattendedPOS, Ecom
    "]]
    .assert_eq(&listed(&world.post(&path, &body.to_string())));
}

#[test]
fn all_bad_fields_of_a_transaction_are_listed() {
    let world = world();
    let path = format!("{V1}/purchases");
    expect![[r"
        sourcePurchaseTransactionId: Argument required
        authorizationId: Argument required: this or offlineInfo
        amount: Argument required
    "]]
    .assert_eq(&listed(&world.post(&path, "{}")));
    expect![[r"
        sourcePurchaseTransactionId: Argument required
        offlineInfo.cardToken: Argument required
        offlineInfo.sellerNumber: Argument required
        offlineInfo.currency: Argument required
        amount: Argument required
    "]]
    .assert_eq(&listed(&world.post(&path, r#"{"offlineInfo": {}}"#)));
}

#[test]
fn wrong_types_are_listed() {
    let world = world();
    let path = format!("{V1}/purchases");
    let body = json!({
        "authorizationId": 1.5,
        "sourcePurchaseTransactionId": "\u{0}",
        "sellerReceiptId": {},
        "additionalReferences": { "acquirerBatchId": 1, "acquirerTransactionId": false },
        "amount": "200",
        "withdrawalAmount": true,
        "pointOfSale": "\u{85}",
        "date": 20_261_120,
        "offlineInfo": { "cardToken": 1, "sellerNumber": 1, "currency": "S",
            "channel": "x", "cardAuthenticationMethod": "x", "pointOfSale": 1 },
    });
    expect![[r"
        sourcePurchaseTransactionId: Invalid value: must not have control characters
        authorizationId: Invalid value: must be a string or a whole number
        offlineInfo.pointOfSale: Invalid value: must be a string
        offlineInfo.cardToken: Invalid value: must be a string
        offlineInfo.sellerNumber: Invalid value: must be a string
        offlineInfo.currency: Invalid value: must be three capital letters (ISO 4217)
        offlineInfo.cardAuthenticationMethod: Invalid value: must be one of (methods)
        offlineInfo.channel: Invalid value: must be one of POS, UnattendedPOS, Ecom
        amount: Invalid value: must be a JSON number
        withdrawalAmount: Invalid value: must be a JSON number
        additionalReferences.acquirerBatchId: Invalid value: must be a string
        additionalReferences.acquirerTransactionId: Invalid value: must be a string
        sellerReceiptId: Invalid value: must be a string
        pointOfSale: Invalid value: must not have control characters
        date: Invalid value: must be a date, YYYY-MM-DD
    "]]
    .assert_eq(&listed(&world.post(&path, &body.to_string())));
    let body = r#"{"offlineInfo": [], "additionalReferences": "x", "amount": 0}"#;
    expect![[r"
        sourcePurchaseTransactionId: Argument required
        offlineInfo: Invalid value: must be an object, each name once
        amount: Invalid value: must be above zero
        additionalReferences: Invalid value: must be an object, each name once
    "]]
    .assert_eq(&listed(&world.post(&path, body)));
    let path = format!("{V1}/purchases/1/corrections");
    expect![[r"
        sourceCorrectionTransactionId: Argument required
        amount: Argument required
        date: Invalid value: must be a date, YYYY-MM-DD
    "]]
    .assert_eq(&listed(&world.post(&path, r#"{"date": ""}"#)));
    let path = format!("{V1}/authorizations/1/cancellations");
    let body = r#"{"cancellationDate": "tomorrow"}"#;
    expect![[r"
        cancellationDate: Invalid value: must be a date, YYYY-MM-DD
    "]]
    .assert_eq(&listed(&world.post(&path, body)));
}

/// Each bad field on a line of its own.
fn listed(reply: &Reply) -> String {
    let body = reply.json();
    assert_eq!((reply.status, &body["Status"]), (400, &json!(400)), "{reply:?}");
    let problems = body["Problems"].as_array().unwrap();
    let lines = problems.iter().map(|problem| {
        let (name, message) = problem.as_object().unwrap().iter().next().unwrap();
        format!("{name}: {}\n", message.as_str().unwrap())
    });
    let text: String = lines.collect();
    text.replace("ChipPin, ChipSign, PanCvcExpr, RecurringToken, MagStripePin", "(methods)")
}

#[test]
fn declines_say_why() {
    let world = world();
    for (card, amount, reason) in [
        (CARD_ON_CLOSED, "1", "account-closed"),
        (CARD_ON_BLOCKED, "1", "account-blocked"),
        (CARD_BLOCKED, "1", "card-blocked"),
        (CARD_EXPIRED, "1", "card-expired"),
        (CARD_500, "500.01", "insufficient-funds"),
    ] {
        let amount: Value = serde_json::from_str(amount).unwrap();
        let body = authorization(json!({
            "sourceAuthorizationTransactionId": card, "cardToken": card,
            "authorizationAmount": amount,
        }));
        let reply = world.post(&format!("{V1}/authorizations"), &body);
        assert_eq!(reply.problem(), format!("422 authorization-declined \"{reason}\""));
    }
    let body = authorization(json!({ "cardToken": CARD_500, "authorizationAmount": 500 }));
    world.create(&format!("{V1}/authorizations"), &body);
}

#[test]
fn a_declined_authorization_is_nowhere() {
    let world = world();
    let path = format!("{V1}/authorizations");
    world.post(&path, &authorization(json!({ "cardToken": CARD_BLOCKED })));
    assert_eq!(world.show(&path)["authorizations"], json!([]));
    let query = format!("{path}?sourceAuthorizationTransactionId=auth-1");
    assert_eq!(world.show(&query)["authorizations"], json!([]));
}

#[test]
fn unknown_things_are_refused() {
    let world = world();
    let path = format!("{V1}/authorizations");
    for (changes, problem) in [
        (json!({ "sellerNumber": "999" }), "501 seller-no-not-registered"),
        (json!({ "cardToken": "nobody" }), "400 card-token-not-found"),
        (json!({ "cardToken": null, "accountNo": "12" }), "400 account-not-found"),
        (json!({ "cardToken": null, "accountNo": "0000000000000" }), "400 account-not-found"),
        (json!({ "currency": "USD" }), "422 currency-not-supported"),
        (json!({ "currency": "ZZZ" }), "422 currency-not-supported"),
        (json!({ "currency": "EUR" }), "422 currency-not-supported"),
    ] {
        assert_eq!(world.post(&path, &authorization(changes)).problem(), problem);
    }
    let path = format!("{V1}/purchases");
    for (info, problem) in [
        (
            json!({ "cardToken": CARD, "sellerNumber": "9", "currency": "SEK" }),
            "501 seller-no-not-registered",
        ),
        (
            json!({ "cardToken": "x", "sellerNumber": "654", "currency": "SEK" }),
            "400 card-token-not-found",
        ),
        (
            json!({ "cardToken": CARD, "sellerNumber": "654", "currency": "EUR" }),
            "422 currency-not-supported",
        ),
        (
            json!({ "cardToken": CARD, "sellerNumber": "654", "currency": "AAA" }),
            "422 currency-not-supported",
        ),
    ] {
        let body = offline(json!({ "offlineInfo": info }));
        assert_eq!(world.post(&path, &body).problem(), problem);
    }
    for id in ["ZZZZZZ", "A-1", "1"] {
        let reply = world.post(&path, &purchase(id, json!({})));
        assert_eq!(reply.problem(), "404 authorization-not-found");
        let reply = world.get(&format!("{V1}/authorizations/{id}"));
        assert_eq!(reply.problem(), "404 authorization-not-found");
        let reply = world.post(&format!("{V1}/authorizations/{id}/cancellations"), "");
        assert_eq!(reply.problem(), "404 authorization-not-found");
    }
    let id = world.authorize(json!({}));
    world.create(&path, &purchase(&id, json!({})));
    for (path, problem) in [
        ("purchases/x", "404 purchase-not-found"),
        ("cash-withdrawals/purchase-1", "404 cash-withdrawal-not-found"),
        ("reversals/purchase-1", "404 reversal-not-found"),
        ("purchases/x/corrections", "404 purchase-not-found"),
        ("cash-withdrawals/x/corrections", "404 cash-withdrawal-not-found"),
        ("reversals/x/corrections", "404 reversal-not-found"),
        ("purchases/purchase-1/corrections/x", "404 correction-not-found"),
        (&format!("authorizations/{id}/cancellations/{id}"), "404 cancellation-not-found"),
        (&format!("authorizations/{id}/cancellations/x-y"), "404 cancellation-not-found"),
    ] {
        assert_eq!(world.get(&format!("{V1}/{path}")).problem(), problem, "{path}");
    }
    for path in ["purchases", "cash-withdrawals", "reversals"] {
        let reply = world.post(&format!("{V1}/{path}/x/corrections"), &correction(json!({})));
        assert!(reply.problem().starts_with("404 "), "{reply:?}");
    }
}

#[test]
fn corrections_belong_to_what_they_correct() {
    let world = world();
    let path = format!("{V1}/purchases");
    let one = world.create(&path, &offline(json!({})));
    let two = world.create(&path, &offline(json!({ "sourcePurchaseTransactionId": "2" })));
    world.create(&format!("{one}/corrections"), &correction(json!({})));
    let reply = world.get(&format!("{two}/corrections/correction-1"));
    assert_eq!(reply.problem(), "404 correction-not-found");
    let reply = world.post(&format!("{two}/corrections"), &correction(json!({})));
    assert_eq!(reply.problem(), "409 duplicate-correction");
}

#[test]
fn exactly_one_instrument() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let both = authorization(json!({ "accountNo": world.account.to_string() }));
    assert_eq!(
        world.post(&path, &both).problem(),
        "400 validation-error accountNo: Invalid value: there is a cardToken already"
    );
    for neither in [json!({ "cardToken": null }), json!({ "cardToken": "", "accountNo": "" })] {
        assert_eq!(
            world.post(&path, &authorization(neither)).problem(),
            "400 validation-error cardToken: Argument required: this or accountNo"
        );
    }
    let account = world.account.to_string();
    world.create(&path, &authorization(json!({ "cardToken": "", "accountNo": account })));
}

#[test]
fn cash_parts_are_inside_their_amounts() {
    let world = world();
    let path = format!("{V1}/purchases");
    let with = |part: Value| offline(json!({ "withdrawalAmount": part }));
    assert_eq!(
        world.post(&path, &with(json!(200.01))).problem(),
        "400 validation-error withdrawalAmount: Invalid value: out of range"
    );
    assert_eq!(
        world.post(&path, &with(json!(0.001))).problem(),
        "400 validation-error withdrawalAmount: Invalid value: more decimals than the currency has"
    );
    let path = world.create(&path, &with(json!(200)));
    assert_eq!(world.show(&path)["withdrawalAmount"], 200.0);
}

#[test]
fn the_earlier_check_wins() {
    let world = world();
    let bad = authorization(json!({ "sellerNumber": null }));
    let v1 = "/ledger/card-transaction/v1";
    let all_wrong = authorization(json!({
        "sellerNumber": "9", "cardToken": "nobody", "currency": "USD",
    }));
    let wrong_card = authorization(json!({ "cardToken": "nobody", "currency": "USD" }));
    let wrong_currency = authorization(json!({ "cardToken": CARD_BLOCKED, "currency": "EUR" }));
    let declined = authorization(json!({ "cardToken": CARD_BLOCKED }));
    let bad_fields = "400 validation-error sellerNumber: Argument required";
    for (token, company, body, problem) in [
        ("nonsense", "200", &bad, "401 token-invalid"),
        (TOKEN, "200", &bad, "401 company-number-token-mismatch"),
        (TOKEN_300, "300", &bad, bad_fields),
        (TOKEN_400, "400", &bad, bad_fields),
        (TOKEN_654, "100", &bad, bad_fields),
        (TOKEN_654, "100", &all_wrong, "401 seller-number-token-mismatch"),
        (TOKEN_300, "300", &all_wrong, "501 company-not-configured"),
        (TOKEN_400, "400", &all_wrong, "501 company-missing-configuration"),
        (TOKEN_200, "200", &all_wrong, "501 seller-no-not-registered"),
        (TOKEN, "100", &all_wrong, "501 seller-no-not-registered"),
        (TOKEN, "100", &wrong_card, "400 card-token-not-found"),
        (TOKEN, "100", &wrong_currency, "422 currency-not-supported"),
    ] {
        let path = format!("{v1}/{company}/authorizations");
        assert_eq!(world.call("POST", &path, token, body).problem(), problem, "{body}");
    }
    // A decline comes before the conflict over its id.
    world.authorize(json!({}));
    let reply = world.post(&format!("{V1}/authorizations"), &declined);
    assert_eq!(reply.problem(), r#"422 authorization-declined "card-blocked""#);
    let granted = authorization(json!({ "pointOfSale": "x" }));
    let reply = world.post(&format!("{V1}/authorizations"), &granted);
    assert_eq!(reply.problem(), "409 duplicate-authorization");
}

#[test]
fn unknown_paths_and_methods_have_problems_too() {
    let world = world();
    for path in [
        "/ledger/nothing",
        "/ledger/card-transaction/v1",
        "/ledger/card-transaction/v2/100/authorizations",
        "/ledger/card-transaction/v1/100",
        "/ledger/card-transaction/v1/100/",
        "/ledger/card-transaction/v1/100/refunds",
        "/ledger/card-transaction/v1/999/refunds",
        "/ledger/card-transaction/v1/100/authorizations/",
        "/ledger/card-transaction/v1/100/authorizations/X/refunds",
        "/ledger/card-transaction/v1/100/purchases/x/corrections/y/z",
        "/ledger",
        "/ledger/",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let reply = world.call(method, path, TOKEN, "");
            assert_eq!(reply.problem(), "404 resource-not-found", "{method} {path}");
        }
    }
    for (path, allow) in [
        ("authorizations", "POST,GET,HEAD"),
        ("authorizations/X", "GET,HEAD"),
        ("purchases", "POST,GET,HEAD"),
        ("purchases/x/corrections/y", "GET,HEAD"),
        ("authorization/X/cancellations", "POST,GET,HEAD"),
    ] {
        for company in ["100", "999"] {
            let path = format!("/ledger/card-transaction/v1/{company}/{path}");
            for method in ["DELETE", "PUT", "PATCH", "OPTIONS"] {
                let reply = world.call(method, &path, TOKEN, "");
                assert_eq!(reply.problem(), "405 method-not-allowed", "{method} {path}");
                assert_eq!(reply.header("allow"), allow, "{method} {path}");
            }
        }
    }
    let reply = world.call("HEAD", &format!("{V1}/authorizations"), TOKEN, "");
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
}

#[test]
fn percent_encoding_that_cannot_be_decoded_names_nothing() {
    let world = world();
    for path in ["purchases/%FF", "purchases/%C3%28/corrections", "authorizations/%80"] {
        for method in ["GET", "POST"] {
            let reply = world.call(method, &format!("{V1}/{path}"), TOKEN, "");
            assert!([404, 405].contains(&reply.status), "{method} {path} {reply:?}");
            reply.problem();
        }
    }
    for path in ["purchases/%zz", "purchases/%", "purchases/%2", "purchases/%00"] {
        assert_eq!(world.get(&format!("{V1}/{path}")).problem(), "404 purchase-not-found");
    }
    let reply = world.get("/ledger/card-transaction/v1/%FF/authorizations");
    assert_eq!(reply.problem(), "404 resource-not-found");
    let reply = world.get("/ledger/card-transaction/v1/%31%30%30/authorizations");
    assert_eq!(reply.status, 200, "100 by another spelling");
}

#[test]
fn bodies_are_json_by_their_type() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let send = |content_type: Option<&str>, body: &str| {
        let mut request = Request::builder().method("POST").uri(&path);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        world.send(request.body(Body::from(body.to_owned())).unwrap())
    };
    let body = authorization(json!({}));
    for bad in [None, Some("text/plain"), Some("application/jsonx"), Some(""), Some("json")] {
        assert_eq!(send(bad, &body).problem(), "415 unsupported-media-type", "{bad:?}");
    }
    for good in ["application/json", "Application/JSON; charset=utf-8", "application/json;v=2"] {
        assert_eq!(send(Some(good), &body).status, 201, "{good}");
    }
    for empty in ["", " \n"] {
        let reply = send(Some("application/json"), empty);
        assert_eq!(reply.problem(), "400 validation-error body: Argument required");
    }
}

#[test]
fn bodies_are_one_json_object() {
    let world = world();
    let shape = "400 validation-error body: Invalid value: must be one JSON object, each name once";
    for path in ["authorizations", "purchases", "reversals", "purchases/x/corrections"] {
        let path = format!("{V1}/{path}");
        for bad in
            ["null", "[]", "[{}]", "\"x\"", "1", "{", "{}{}", "{]", "tru", "{'a':1}", "{a:1}"]
        {
            assert_eq!(world.post(&path, bad).problem(), shape, "{bad}");
        }
        let twice = r#"{"amount": 1, "amount": 2, "authorizationAmount": 1,
            "authorizationAmount": 2}"#;
        assert_eq!(world.post(&path, twice).problem(), shape);
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(world.post(&path, &deep).problem(), shape);
        let deep = format!("{{\"unknown\":{deep}}}");
        let reply = world.post(&path, &deep);
        assert!(reply.problem().starts_with("400 validation-error"), "{path}");
        let deep = format!("{{\"amount\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        assert!(world.post(&path, &deep).problem().starts_with("400 validation-error"));
    }
    let path = format!("{V1}/authorizations/X/cancellations");
    for bad in ["null", "[]", "{"] {
        assert_eq!(world.post(&path, bad).problem(), shape, "{bad}");
    }
    let request = Request::builder()
        .method("POST")
        .uri(&path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {TOKEN}"));
    let reply = world.send(request.body(Body::from(vec![b'{', 0xff, b'}'])).unwrap());
    assert_eq!(reply.problem(), "400 validation-error body: Invalid value: must be UTF-8");
}

#[test]
fn failures_say_what_may_have_happened() {
    let world = world();
    let sek = Money::from_minor(0, Currency::SEK).unwrap();
    for (error, problem, retry_after) in [
        (SubmitError::Overloaded, "503 service-unavailable", "1"),
        (SubmitError::NotDone, "503 service-unavailable", "1"),
        (SubmitError::Unknown, "503 outcome-unknown", "1"),
        (SubmitError::Bug, "500 internal-error", ""),
        (Refusal::BalanceOutOfRange.into(), "409 balance-out-of-range", ""),
        (
            Refusal::InsufficientDebitedAmount { available: sek }.into(),
            "409 insufficient-debited-amount 0.0",
            "",
        ),
    ] {
        let response = Problem::of(error, "amount").answer(&world.platform, &Extensions::new());
        let (head, body) = response.into_parts();
        let body = world.block_on(body.collect()).unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let reply = Reply { status: head.status.as_u16(), headers: head.headers, body };
        assert_eq!(reply.problem(), problem);
        assert_eq!(reply.header("retry-after"), retry_after);
    }
}

#[test]
fn instances_are_in_the_log_and_secrets_are_not() {
    let world = world();
    let log = Log::default();
    let body = authorization(json!({ "cardToken": CARD_BLOCKED }));
    let path = format!("{V1}/authorizations");
    let reply = tracing::subscriber::with_default(log.clone(), || world.post(&path, &body));
    let logged = log.text();
    let instance = reply.json()["Instance"].as_str().unwrap().to_owned();
    assert!(logged.contains(&format!("instance=\"{instance}\"")), "{logged}");
    assert!(logged.contains("code=\"authorization-declined\""), "{logged}");
    assert!(logged.contains("request_id="), "{logged}");
    assert!(!logged.contains(&path), "a path may hold a card number: {logged}");
    assert!(!logged.contains(TOKEN) && !logged.contains(CARD_BLOCKED), "{logged}");
}

#[test]
fn an_engine_that_stops_turns_clients_away() {
    let world = world();
    world.platform.engine.close();
    let reply = world.post(&format!("{V1}/authorizations"), &authorization(json!({})));
    assert_eq!(reply.problem(), "503 service-unavailable");
    assert_eq!(reply.header("retry-after"), "1");
}
