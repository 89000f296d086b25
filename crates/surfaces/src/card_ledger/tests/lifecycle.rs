//! The life of authorizations and transactions, as clients see it.

use engine::Command;
use expect_test::expect;
use ledger::{CardStatus, CardToken, ChangeCard};

use super::*;
use crate::testing::{CARD_500, CARD_BLOCKED, CARD_EUR, CARD_JPY, CARD_KWD};

#[test]
fn an_authorization_is_created_and_shown() {
    let world = world();
    let body = authorization(json!({
        "cardAuthenticationMethod": "chippin",
        "channel": "pos",
        "type": "Purchase",
    }));
    let reply = world.post(&format!("{V1}/authorizations"), &body);
    expect![[r#"
        201
        content-type: application/json
        location: /ledger/card-transaction/v1/100/authorizations/QLE3DU
        {
          "@id": "/ledger/card-transaction/v1/100/authorizations/QLE3DU"
        }
    "#]]
    .assert_eq(&reply.transcript());
    expect![[r#"
        200
        content-type: application/json
        {
          "sourceAuthorizationTransactionId": "auth-1",
          "authorizationId": "QLE3DU",
          "sellerNumber": "654",
          "cardToken": "5646735165",
          "accountNo": "8885438198885",
          "type": "purchase",
          "cardAuthenticationMethod": "ChipPin",
          "channel": "POS",
          "pointOfSale": "Testshop",
          "validToDate": "2026-11-27",
          "authorizationAmount": 300.00,
          "remainingAmount": 300.00,
          "currency": "SEK",
          "@id": "/ledger/card-transaction/v1/100/authorizations/QLE3DU",
          "purchases": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/purchases",
          "cancellations": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/cancellations",
          "schemaUri": "(schema)",
          "parentHREF": "/",
          "operations": [
            {
              "rel": "create-purchase",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/purchases"
            },
            {
              "rel": "create-Purchase",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/purchases"
            },
            {
              "rel": "create-cancellation",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/cancellations"
            }
          ]
        }
    "#]]
    .assert_eq(&world.get(reply.header("location")).transcript());
}

#[test]
fn an_authorization_by_account_number_shows_no_card() {
    let world = world();
    let account = world.account.to_string();
    let id = world.authorize(json!({ "cardToken": null, "accountNo": account }));
    let shown = world.show(&format!("{V1}/authorizations/{id}"));
    assert_eq!(shown["cardToken"], Value::Null);
    assert_eq!(shown["schemaUri"], SCHEMA_URI);
    assert_eq!(shown["accountNo"], account.as_str());
    assert_eq!(world.balance(), (0, 30_000));
}

#[test]
fn a_purchase_is_created_and_shown() {
    let world = world();
    let id = world.authorize(json!({}));
    let body = purchase(
        &id,
        json!({
            "sellerReceiptId": "receipt",
            "additionalReferences": {
                "acquirerBatchId": "batch",
                "acquirerTransactionId": "534313",
            },
            "withdrawalAmount": 20.5,
            "date": "2026-11-19",
        }),
    );
    let reply = world.post(&format!("{V1}/purchases"), &body);
    expect![[r#"
        201
        content-type: application/json
        location: /ledger/card-transaction/v1/100/purchases/purchase-1
        {
          "@id": "/ledger/card-transaction/v1/100/purchases/purchase-1"
        }
    "#]]
    .assert_eq(&reply.transcript());
    expect![[r#"
        200
        content-type: application/json
        {
          "description": "Testshop, ref. purchase-1",
          "authorizationId": "QLE3DU",
          "sourcePurchaseTransactionId": "purchase-1",
          "sellerReceiptId": "receipt",
          "additionalReferences": {
            "acquirerBatchId": "batch",
            "acquirerTransactionId": "534313"
          },
          "amount": 200.00,
          "withdrawalAmount": 20.50,
          "pointOfSale": "Testshop",
          "date": "2026-11-19",
          "corrections": "/ledger/card-transaction/v1/100/purchases/purchase-1/corrections",
          "@id": "/ledger/card-transaction/v1/100/purchases/purchase-1",
          "operations": [
            {
              "rel": "create-correction",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/purchases/purchase-1/corrections"
            },
            {
              "rel": "create-reversal",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/purchases/purchase-1/corrections"
            }
          ]
        }
    "#]]
    .assert_eq(&world.get(reply.header("location")).transcript());
    assert_eq!(world.balance(), (20_000, 10_000));
}

#[test]
fn an_offline_purchase_is_created_and_shown() {
    let world = world();
    let body = json!({
        "sourcePurchaseTransactionId": "offline-1",
        "amount": 200.0,
        "offlineInfo": {
            "pointOfSale": "Kiosk",
            "cardToken": CARD,
            "sellerNumber": "654",
            "currency": "SEK",
            "channel": "UnattendedPOS",
            "cardAuthenticationMethod": "ChipSign",
        },
    });
    let path = world.create(&format!("{V1}/purchases"), &body.to_string());
    expect![[r#"
        200
        content-type: application/json
        {
          "description": "Kiosk, ref. offline-1",
          "authorizationId": null,
          "sourcePurchaseTransactionId": "offline-1",
          "sellerReceiptId": null,
          "additionalReferences": null,
          "amount": 200.00,
          "withdrawalAmount": null,
          "pointOfSale": "Kiosk",
          "date": "2026-11-20",
          "offlineInfo": {
            "pointOfSale": "Kiosk",
            "cardToken": "5646735165",
            "sellerNumber": "654",
            "currency": "SEK",
            "cardAuthenticationMethod": "ChipSign",
            "channel": "UnattendedPOS"
          },
          "corrections": "/ledger/card-transaction/v1/100/purchases/offline-1/corrections",
          "@id": "/ledger/card-transaction/v1/100/purchases/offline-1",
          "operations": [
            {
              "rel": "create-correction",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/purchases/offline-1/corrections"
            },
            {
              "rel": "create-reversal",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/purchases/offline-1/corrections"
            }
          ]
        }
    "#]]
    .assert_eq(&world.get(&path).transcript());
    assert_eq!(world.balance(), (20_000, 0));
}

#[test]
fn a_correction_is_created_and_shown() {
    let world = world();
    let purchase = world.create(&format!("{V1}/purchases"), &offline(json!({})));
    let references = json!({ "acquirerBatchId": "batch" });
    let body = correction(json!({ "additionalReferences": references }));
    let reply = world.post(&format!("{purchase}/corrections"), &body);
    expect![[r#"
        201
        content-type: application/json
        location: /ledger/card-transaction/v1/100/purchases/offline-1/corrections/correction-1
        {
          "@id": "/ledger/card-transaction/v1/100/purchases/offline-1/corrections/correction-1"
        }
    "#]]
    .assert_eq(&reply.transcript());
    expect![[r#"
        200
        content-type: application/json
        {
          "sourceCorrectionTransactionId": "correction-1",
          "authorizationId": null,
          "additionalReferences": {
            "acquirerBatchId": "batch",
            "acquirerTransactionId": null
          },
          "amount": 50.00,
          "date": "2026-11-20",
          "@id": "/ledger/card-transaction/v1/100/purchases/offline-1/corrections/correction-1",
          "operations": []
        }
    "#]]
    .assert_eq(&world.get(reply.header("location")).transcript());
    assert_eq!(world.balance(), (15_000, 0));
}

#[test]
fn a_cancellation_is_created_and_shown() {
    let world = world();
    let id = world.authorize(json!({}));
    world.create(&format!("{V1}/purchases"), &purchase(&id, json!({ "amount": 100 })));
    let body = r#"{"cancellationDate": "2026-11-21"}"#;
    let reply = world.post(&format!("{V1}/authorizations/{id}/cancellations"), body);
    expect![[r#"
        201
        content-type: application/json
        location: /ledger/card-transaction/v1/100/authorizations/QLE3DU/cancellations/XNGHV8
        {
          "@id": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/cancellations/XNGHV8"
        }
    "#]]
    .assert_eq(&reply.transcript());
    expect![[r#"
        200
        content-type: application/json
        {
          "authorizationId": "QLE3DU",
          "cancellationDate": "2026-11-21",
          "cancelledAmount": 200.00,
          "@id": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/cancellations/XNGHV8",
          "operations": []
        }
    "#]]
    .assert_eq(&world.get(reply.header("location")).transcript());
    let list = world.get(&format!("{V1}/authorizations/{id}/cancellations"));
    expect![[r#"
        200
        content-type: application/json
        {
          "@id": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/cancellations",
          "cancellations": [
            {
              "authorizationId": "QLE3DU",
              "cancellationDate": "2026-11-21",
              "cancelledAmount": 200.00,
              "@id": "/ledger/card-transaction/v1/100/authorizations/QLE3DU/cancellations/XNGHV8",
              "operations": []
            }
          ],
          "operations": []
        }
    "#]]
    .assert_eq(&list.transcript());
    assert_eq!(world.balance(), (10_000, 0));
}

#[test]
fn operations_are_what_the_state_allows() {
    let world = world();
    let id = world.authorize(json!({}));
    assert_eq!(world.state(&id), "300.0 create-purchase create-Purchase create-cancellation");
    let path = world.create(&format!("{V1}/purchases"), &purchase(&id, json!({})));
    assert_eq!(world.state(&id), "100.0 create-purchase create-Purchase create-cancellation");
    assert_eq!(rels(&world.show(&path)), "create-correction create-reversal");
    let rest = json!({ "sourcePurchaseTransactionId": "purchase-2", "amount": 100 });
    world.create(&format!("{V1}/purchases"), &purchase(&id, rest));
    assert_eq!(world.state(&id), "0.0 ");
    world.create(&format!("{path}/corrections"), &correction(json!({ "amount": 200 })));
    assert_eq!(rels(&world.show(&path)), "");
    assert_eq!(world.state(&id), "0.0 ", "a correction does not reopen an authorization");
    let withdrawal = json!({
        "sourceAuthorizationTransactionId": "w", "type": "cash-withdrawal",
    });
    let id = world.authorize(withdrawal);
    assert_eq!(world.state(&id), "300.0 create-cash-withdrawal create-cancellation");
    let reversal = json!({ "sourceAuthorizationTransactionId": "r", "type": "reversal" });
    let id = world.authorize(reversal);
    assert_eq!(world.state(&id), "300.0 create-reversal create-cancellation");
    world.create(&format!("{V1}/authorizations/{id}/cancellations"), "");
    assert_eq!(world.state(&id), "0.0 ");
}

#[test]
fn an_authorization_is_captured_in_parts_and_no_further() {
    let world = world();
    let id = world.authorize(json!({}));
    let path = format!("{V1}/authorizations/{id}/purchases");
    let part = |source: &str, amount: Value| {
        purchase(&id, json!({ "sourcePurchaseTransactionId": source, "amount": amount }))
    };
    world.create(&path, &part("1", json!(100.01)));
    world.create(&path, &part("2", json!(100)));
    assert_eq!(
        world.post(&path, &part("3", json!(100))).problem(),
        "409 insufficient-debited-amount 99.99"
    );
    let detail = world.post(&path, &part("3", json!(100))).json()["Detail"].clone();
    assert_eq!(detail, "Insufficient debited amount 99.99.");
    world.create(&path, &part("3", json!(99.99)));
    assert_eq!(
        world.post(&path, &part("4", json!(0.01))).problem(),
        "409 authorization-already-purchased"
    );
    assert_eq!(world.balance(), (30_000, 0));
}

#[test]
fn withdrawals_reserve_and_reversals_do_not() {
    let world = world();
    let withdrawal = world.authorize(json!({
        "sourceAuthorizationTransactionId": "w", "type": "CashWithdrawal",
    }));
    assert_eq!(world.balance(), (0, 30_000));
    let reversal = world.authorize(json!({
        "sourceAuthorizationTransactionId": "r", "type": "REVERSAL",
        "authorizationAmount": 9_000_000,
    }));
    assert_eq!(world.balance(), (0, 30_000), "reversals are not limited and hold nothing");
    let body = json!({ "authorizationId": withdrawal,
        "sourceCashWithdrawalTransactionId": "1", "amount": 100 });
    let path = world.create(&format!("{V1}/cash-withdrawals"), &body.to_string());
    assert_eq!(world.balance(), (10_000, 20_000));
    world.create(&format!("{path}/corrections"), &correction(json!({ "amount": 100 })));
    assert_eq!(world.balance(), (0, 20_000));
    let body = json!({ "authorizationId": reversal,
        "sourceReversalTransactionId": "1", "amount": 500 });
    let path = world.create(&format!("{V1}/reversals"), &body.to_string());
    assert_eq!(world.balance(), (-50_000, 20_000));
    expect![[r#"
        200
        content-type: application/json
        {
          "description": "Testshop, ref. 1",
          "authorizationId": "C4FAMJ",
          "sourceReversalTransactionId": "1",
          "sellerReceiptId": null,
          "additionalReferences": null,
          "amount": 500.00,
          "pointOfSale": "Testshop",
          "date": "2026-11-20",
          "corrections": "/ledger/card-transaction/v1/100/reversals/1/corrections",
          "@id": "/ledger/card-transaction/v1/100/reversals/1",
          "operations": [
            {
              "rel": "create-correction",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/reversals/1/corrections"
            },
            {
              "rel": "create-reversal",
              "method": "post",
              "href": "/ledger/card-transaction/v1/100/reversals/1/corrections"
            }
          ]
        }
    "#]]
    .assert_eq(&world.get(&path).transcript());
    let body = correction(json!({ "sourceCorrectionTransactionId": "c2", "amount": 500 }));
    world.create(&format!("{path}/corrections"), &body);
    assert_eq!(world.balance(), (0, 20_000));
    let body = json!({ "authorizationId": reversal,
        "sourceReversalTransactionId": "2", "amount": 9_000_000 });
    assert_eq!(
        world.post(&format!("{V1}/reversals"), &body.to_string()).problem(),
        "409 insufficient-debited-amount 8999500.0"
    );
}

#[test]
fn kinds_must_match_the_authorization() {
    let world = world();
    let id = world.authorize(json!({}));
    for (path, source) in [
        ("cash-withdrawals", "sourceCashWithdrawalTransactionId"),
        ("reversals", "sourceReversalTransactionId"),
    ] {
        let body = json!({ "authorizationId": id, source: "1", "amount": 1 }).to_string();
        let reply = world.post(&format!("{V1}/{path}"), &body);
        assert_eq!(reply.problem(), "409 authorization-type-mismatch");
    }
}

#[test]
fn a_cancelled_authorization_stays_cancelled() {
    let world = world();
    let id = world.authorize(json!({}));
    let cancellations = format!("{V1}/authorizations/{id}/cancellations");
    world.create(&cancellations, "{}");
    assert_eq!(world.balance(), (0, 0));
    assert_eq!(world.post(&cancellations, "{}").problem(), "409 authorization-cancelled");
    let reply = world.post(&format!("{V1}/purchases"), &purchase(&id, json!({})));
    assert_eq!(reply.problem(), "409 authorization-cancelled");
}

#[test]
fn a_used_up_authorization_cannot_be_cancelled() {
    let world = world();
    let id = world.authorize(json!({ "authorizationAmount": 200 }));
    world.create(&format!("{V1}/purchases"), &purchase(&id, json!({})));
    let reply = world.post(&format!("{V1}/authorizations/{id}/cancellations"), "");
    assert_eq!(reply.problem(), "409 authorization-already-purchased");
}

#[test]
fn an_authorization_expires_at_the_end_of_its_last_day() {
    let world = world();
    let id = world.authorize(json!({ "validToDate": "2026-11-21" }));
    let path = format!("{V1}/purchases");
    world.clock.set("2026-11-21T22:59:59.999Z");
    world.create(&path, &purchase(&id, json!({ "amount": 100 })));
    world.clock.set("2026-11-21T23:00:00.000Z");
    assert_eq!(world.state(&id), "0.0 ", "at once, before the timer has come around");
    let late = purchase(&id, json!({ "sourcePurchaseTransactionId": "late", "amount": 1 }));
    assert_eq!(world.post(&path, &late).problem(), "409 authorization-expired");
    let cancellations = format!("{V1}/authorizations/{id}/cancellations");
    assert_eq!(world.post(&cancellations, "").problem(), "409 authorization-expired");
    assert_eq!(world.balance(), (10_000, 20_000));
    assert_eq!(world.run_timers(), 1);
    assert_eq!(world.balance(), (10_000, 0));
    assert_eq!(world.post(&path, &late).problem(), "409 authorization-expired");
    assert_eq!(world.show(&cancellations)["cancellations"], json!([]), "expiry is none");
}

#[test]
fn the_default_is_seven_days() {
    let world = world();
    let id = world.authorize(json!({}));
    let shown = world.show(&format!("{V1}/authorizations/{id}"));
    assert_eq!(shown["validToDate"], "2026-11-27");
}

#[test]
fn offline_purchases_book_over_the_limit_and_on_a_blocked_card() {
    let world = world();
    for (card, amount) in [(CARD_500, 10_000), (CARD_BLOCKED, 60_000)] {
        let body = json!({
            "sourcePurchaseTransactionId": card,
            "amount": amount,
            "offlineInfo": { "cardToken": card, "sellerNumber": "654", "currency": "SEK" },
        });
        world.create(&format!("{V1}/purchases"), &body.to_string());
    }
    let body = authorization(json!({ "cardToken": CARD_500, "authorizationAmount": 0.01 }));
    let reply = world.post(&format!("{V1}/authorizations"), &body);
    assert_eq!(reply.problem(), r#"422 authorization-declined "insufficient-funds""#);
}

#[test]
fn a_live_authorization_outlives_its_cards_blocking() {
    let world = world();
    let id = world.authorize(json!({}));
    world.submit(Command::ChangeCard(ChangeCard {
        token: CardToken::parse(CARD).unwrap(),
        status: CardStatus::Blocked,
        actor: "test".to_owned(),
    }));
    world.create(&format!("{V1}/purchases"), &purchase(&id, json!({})));
    let body = authorization(json!({ "sourceAuthorizationTransactionId": "auth-2" }));
    let reply = world.post(&format!("{V1}/authorizations"), &body);
    assert_eq!(reply.problem(), r#"422 authorization-declined "card-blocked""#);
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let world = world();
    for (card, currency, amount, shown, too_fine) in [
        (CARD, "SEK", "300.10", "300.10", "0.001"),
        (CARD_EUR, "EUR", "3.001e2", "300.10", "0.001"),
        (CARD_JPY, "JPY", "300.0", "300", "0.1"),
        (CARD_KWD, "KWD", "300.001", "300.001", "0.0001"),
    ] {
        let body = |amount: &str| {
            let body = authorization(json!({
                "sourceAuthorizationTransactionId": currency, "cardToken": card,
                "currency": currency, "authorizationAmount": "AMOUNT",
            }));
            body.replace("\"AMOUNT\"", amount)
        };
        let path = world.create(&format!("{V1}/authorizations"), &body(amount));
        let seen = world.get(&path).body;
        assert!(seen.contains(&format!("\"authorizationAmount\":{shown},")), "{seen}");
        assert_eq!(
            world.post(&format!("{V1}/authorizations"), &body(too_fine)).problem(),
            "400 validation-error authorizationAmount: Invalid value: more decimals than the \
             currency has"
        );
        // The currency of an authorization is the ledger's to know.
        let body = purchase(path.rsplit('/').next().unwrap(), json!({ "amount": "AMOUNT" }));
        let reply = world.post(&format!("{V1}/purchases"), &body.replace("\"AMOUNT\"", too_fine));
        assert_eq!(
            reply.problem(),
            "400 validation-error amount: Invalid value: more decimals than the currency has"
        );
    }
}

#[test]
fn corrections_are_bounded_by_what_they_correct() {
    let world = world();
    let purchase = world.create(&format!("{V1}/purchases"), &offline(json!({})));
    let path = format!("{purchase}/corrections");
    let part = |source: &str, amount: Value| {
        correction(json!({ "sourceCorrectionTransactionId": source, "amount": amount }))
    };
    world.create(&path, &part("1", json!(150)));
    assert_eq!(
        world.post(&path, &part("2", json!(50.01))).problem(),
        "409 insufficient-debited-amount 50.0"
    );
    world.create(&path, &part("2", json!(50)));
    assert_eq!(
        world.post(&path, &part("3", json!(0.01))).problem(),
        "409 insufficient-debited-amount 0.0"
    );
    assert_eq!(world.balance(), (0, 0));
}

#[test]
fn nested_paths_must_name_the_right_authorization() {
    let world = world();
    let one = world.authorize(json!({}));
    let other = world.authorize(json!({ "sourceAuthorizationTransactionId": "auth-2" }));
    let nested = |id: &str| format!("{V1}/authorizations/{id}/purchases");
    assert_eq!(
        world.post(&nested(&other), &purchase(&one, json!({}))).problem(),
        "400 validation-error authorizationId: Invalid value: the path names another authorization"
    );
    // The path alone is enough, and offlineInfo beside it makes nothing offline.
    let body = offline(json!({ "sourcePurchaseTransactionId": "purchase-1" }));
    let path = world.create(&nested(&one), &body);
    let shown = world.show(&path);
    assert_eq!(shown["authorizationId"], one.as_str());
    assert_eq!(shown["offlineInfo"]["cardToken"], CARD);
    let right = format!("{}/purchase-1", nested(&one));
    let wrong = format!("{}/purchase-1", nested(&other));
    assert_eq!(world.show(&right), shown);
    assert_eq!(world.get(&wrong).problem(), "404 purchase-not-found");
    let corrections = |path: &str| format!("{path}/corrections");
    let body = correction(json!({}));
    assert_eq!(world.post(&corrections(&wrong), &body).problem(), "404 purchase-not-found");
    assert_eq!(world.get(&corrections(&wrong)).problem(), "404 purchase-not-found");
    let created = world.create(&corrections(&right), &body);
    assert_eq!(created, format!("{V1}/purchases/purchase-1/corrections/correction-1"));
    assert_eq!(world.show(&format!("{right}/corrections/correction-1"))["amount"], 50.0);
    let reply = world.get(&format!("{wrong}/corrections/correction-1"));
    assert_eq!(reply.problem(), "404 purchase-not-found");
}

#[test]
fn the_singular_is_an_alias() {
    let world = world();
    let path = world.create(&format!("{V1}/authorization"), &authorization(json!({})));
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(path, format!("{V1}/authorizations/{id}"));
    let alias = format!("{V1}/authorization/{id}");
    assert_eq!(world.get(&alias), world.get(&path));
    world.create(&format!("{alias}/purchases"), &purchase(id, json!({})));
    assert_eq!(world.show(&format!("{alias}/purchases/purchase-1"))["amount"], 200.0);
    world.create(&format!("{alias}/cancellations"), "");
    let cancellations = format!("{alias}/cancellations");
    assert_eq!(world.show(&cancellations)["cancellations"].as_array().unwrap().len(), 1);
    assert_eq!(world.show(&format!("{V1}/authorization"))["authorizations"][0]["@id"], path);
}

#[test]
fn authorization_ids_are_read_as_clients_send_them() {
    let world = world();
    let id = world.authorize(json!({}));
    let shown = world.get(&format!("{V1}/authorizations/{}", id.to_lowercase()));
    assert_eq!(shown.status, 200);
    let body = purchase(&id.to_lowercase(), json!({}));
    world.create(&format!("{V1}/purchases"), &body);
    for number in ["0", "123", "999999"] {
        let body = purchase("ID", json!({})).replace("\"ID\"", number);
        let reply = world.post(&format!("{V1}/purchases"), &body);
        assert_eq!(reply.problem(), "404 authorization-not-found");
    }
}

#[test]
fn trailing_commas_are_passed_over() {
    let world = world();
    let body = r#"{
        "sourcePurchaseTransactionId" : "a,}b", "amount": 200.0, "extra": [1, 2, ],
        "offlineInfo" : { "pointOfSale": "Shop ,] \" ,}", "cardToken": "5646735165",
            "sellerNumber": "654", "currency": "SEK", },
    }"#;
    let path = world.create(&format!("{V1}/purchases"), body);
    let shown = world.show(&path);
    assert_eq!(shown["sourcePurchaseTransactionId"], "a,}b");
    assert_eq!(shown["pointOfSale"], "Shop ,] \" ,}");
    for bad in ["{,}", r#"{"a":1,,}"#, r#"{"a":[,]}"#, r#"{"a":1,"#, r#"{"a":1},"#] {
        let reply = world.post(&format!("{V1}/purchases"), bad);
        assert!(reply.problem().starts_with("400 validation-error body: "), "{bad} {reply:?}");
    }
}
