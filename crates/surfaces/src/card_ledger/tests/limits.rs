//! Each limit at its edge: the last value that fits, and the first that does not.

use super::*;

/// Posts `make(value)` and says how it went.
#[track_caller]
fn check(path: &str, make: impl Fn(&str) -> String, fits: &str, does_not: &str, field: &str) {
    let world = world();
    let path = format!("{V1}/{path}");
    let reply = world.post(&path, &make(does_not));
    assert_eq!(reply.status, 400, "{field} {reply:?}");
    assert!(reply.problem().contains(&format!(" {field}: Invalid value: ")), "{reply:?}");
    let reply = world.post(&path, &make(fits));
    assert_eq!(reply.status, 201, "{field} {reply:?}");
    assert_eq!(world.get(reply.header("location")).status, 200);
}

#[test]
fn texts_are_counted_in_characters() {
    // å is two bytes and one character; 𝄞 is four bytes and two UTF-16 units.
    for letter in ["x", "å", "𝄞"] {
        let (fits, does_not) = (letter.repeat(50), letter.repeat(51));
        for field in ["sourceAuthorizationTransactionId", "pointOfSale"] {
            let make = |value: &str| authorization(json!({ field: value }));
            check("authorizations", make, &fits, &does_not, field);
        }
        for field in ["sourcePurchaseTransactionId", "sellerReceiptId", "pointOfSale"] {
            check("purchases", |value| offline(json!({ field: value })), &fits, &does_not, field);
        }
        for field in ["acquirerBatchId", "acquirerTransactionId"] {
            let make = |value: &str| offline(json!({ "additionalReferences": { field: value } }));
            let path = format!("additionalReferences.{field}");
            check("purchases", make, &fits, &does_not, &path);
        }
        let make = |value: &str| {
            offline(json!({ "offlineInfo": { "pointOfSale": value, "cardToken": CARD,
                "sellerNumber": "654", "currency": "SEK" } }))
        };
        check("purchases", make, &fits, &does_not, "offlineInfo.pointOfSale");
        for (path, field) in [
            ("cash-withdrawals", "sourceCashWithdrawalTransactionId"),
            ("reversals", "sourceReversalTransactionId"),
        ] {
            check(path, |value| offline(json!({ field: value })), &fits, &does_not, field);
        }
    }
}

#[test]
fn correction_ids_have_fifty_characters() {
    let world = world();
    let path = world.create(&format!("{V1}/purchases"), &offline(json!({})));
    let with = |count| {
        correction(json!({ "sourceCorrectionTransactionId": "å".repeat(count), "amount": 1 }))
    };
    let reply = world.post(&format!("{path}/corrections"), &with(51));
    assert_eq!(
        reply.problem(),
        "400 validation-error sourceCorrectionTransactionId: Invalid value: longer than 50 \
         characters"
    );
    let created = world.create(&format!("{path}/corrections"), &with(50));
    world.show(&created);
}

#[test]
fn names_that_are_looked_up_have_lengths_too() {
    let world = world();
    for (path, body, problem) in [
        (
            "authorizations",
            authorization(json!({ "sellerNumber": "6".repeat(15) })),
            "501 seller-no-not-registered",
        ),
        (
            "authorizations",
            authorization(json!({ "sellerNumber": "6".repeat(16) })),
            "400 validation-error sellerNumber: Invalid value: longer than 15 characters",
        ),
        (
            "authorizations",
            authorization(json!({ "cardToken": "6".repeat(64) })),
            "400 card-token-not-found",
        ),
        (
            "authorizations",
            authorization(json!({ "cardToken": "6".repeat(65) })),
            "400 validation-error cardToken: Invalid value: longer than 64 characters",
        ),
        (
            "authorizations",
            authorization(json!({ "cardToken": null, "accountNo": "6".repeat(50) })),
            "400 account-not-found",
        ),
        (
            "authorizations",
            authorization(json!({ "cardToken": null, "accountNo": "6".repeat(51) })),
            "400 validation-error accountNo: Invalid value: longer than 50 characters",
        ),
        ("purchases", purchase("ABCDEF", json!({})), "404 authorization-not-found"),
        (
            "purchases",
            purchase("ABCDEFG", json!({})),
            "400 validation-error authorizationId: Invalid value: longer than 6 characters",
        ),
        (
            "purchases",
            purchase("", json!({ "authorizationId": 999_999 })),
            "404 authorization-not-found",
        ),
        (
            "purchases",
            purchase("", json!({ "authorizationId": 1_000_000 })),
            "400 validation-error authorizationId: Invalid value: longer than 6 characters",
        ),
        (
            "purchases",
            purchase("", json!({ "authorizationId": -1 })),
            "400 validation-error authorizationId: Invalid value: must be a string or a whole \
             number",
        ),
        (
            "purchases",
            purchase("", json!({ "authorizationId": "" })),
            "400 validation-error authorizationId: Argument required: this or offlineInfo",
        ),
        (
            "purchases",
            purchase("", json!({ "authorizationId": null })),
            "400 validation-error authorizationId: Argument required: this or offlineInfo",
        ),
    ] {
        assert_eq!(world.post(&format!("{V1}/{path}"), &body).problem(), problem, "{body}");
    }
}

#[test]
fn amounts_are_exact_and_bounded() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let post = |amount: &str| {
        let body = authorization(json!({
            "sourceAuthorizationTransactionId": format!("of {amount}"),
            "type": "reversal", "authorizationAmount": "AMOUNT",
        }));
        world.post(&path, &body.replace("\"AMOUNT\"", amount))
    };
    for good in ["0.01", "1e-2", "10000000000000", "1E13", "0.0100000"] {
        let reply = post(good);
        assert_eq!(reply.status, 201, "{good} {reply:?}");
    }
    let of = |message: &str| format!("400 validation-error authorizationAmount: {message}");
    for (bad, message) in [
        ("0", "Invalid value: must be above zero"),
        ("-0", "Invalid value: must be above zero"),
        ("0.000", "Invalid value: must be above zero"),
        ("0.001", "Invalid value: more decimals than the currency has"),
        ("10000000000000.01", "Invalid value: out of range"),
        ("1e99", "Invalid value: out of range"),
        ("1e999999999999999999999", "Invalid value: out of range"),
        ("-0.01", "Invalid value: must not be negative"),
        ("\"300.0\"", "Invalid value: must be a JSON number"),
        ("true", "Invalid value: must be a JSON number"),
        ("[300]", "Invalid value: must be a JSON number"),
        ("{}", "Invalid value: must be a JSON number"),
        ("null", "Argument required"),
    ] {
        assert_eq!(post(bad).problem(), of(message), "{bad}");
    }
    for no_json in ["01", "+1", "1.", ".5", "0x10", "NaN", "Infinity", "1,5"] {
        let problem = post(no_json).problem();
        assert!(problem.starts_with("400 validation-error"), "{no_json} {problem}");
    }
}

#[test]
fn last_days_are_from_today_to_four_hundred_days_on() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let post = |day: &str| {
        let changes = json!({ "sourceAuthorizationTransactionId": day, "validToDate": day });
        world.post(&path, &authorization(changes))
    };
    for good in ["2026-11-20", "2027-12-25"] {
        assert_eq!(post(good).status, 201, "{good}");
    }
    for bad in ["2026-11-19", "2027-12-26", "0001-01-01", "9999-12-31"] {
        assert_eq!(
            post(bad).problem(),
            "400 validation-error validToDate: Invalid value: past or too far ahead"
        );
    }
    for bad in ["2026-02-30", "20261120", "2026-11-20T00:00:00Z", "", " 2026-11-20"] {
        assert_eq!(
            post(bad).problem().replace("sourceAuthorizationTransactionId: Argument required ", ""),
            "400 validation-error validToDate: Invalid value: must be a date, YYYY-MM-DD"
        );
    }
}

#[test]
fn control_characters_and_dot_segments_are_no_ids() {
    let world = world();
    let path = format!("{V1}/authorizations");
    for bad in ["\u{0}", "a\nb", "\u{7f}", "\u{85}", "tab\t", ".", ".."] {
        let body = authorization(json!({ "sourceAuthorizationTransactionId": bad }));
        let problem = world.post(&path, &body).problem();
        let start = "400 validation-error sourceAuthorizationTransactionId: Invalid value: ";
        assert!(problem.starts_with(start), "{bad:?} {problem}");
    }
    // Half of a surrogate pair is no text.
    let body = authorization(json!({})).replace("auth-1", "\\ud834");
    assert_eq!(
        world.post(&path, &body).problem(),
        "400 validation-error sourceAuthorizationTransactionId: Invalid value: must be a string"
    );
    let pair = authorization(json!({})).replace("auth-1", "\\ud834\\udd1e \\\"\\\\/");
    let created = world.create(&path, &pair);
    assert_eq!(world.show(&created)["sourceAuthorizationTransactionId"], "𝄞 \"\\/");
}

#[test]
fn odd_source_ids_resolve() {
    let world = world();
    for source in ["a/b c?å", "%2F", "...", " ", "a+b&c=d#e", "\"", "🦀", "CON", "x;y,z"] {
        let body = offline(json!({ "sourcePurchaseTransactionId": source }));
        let path = world.create(&format!("{V1}/purchases"), &body);
        assert!(path.is_ascii());
        let shown = world.show(&path);
        assert_eq!(shown["sourcePurchaseTransactionId"], source);
        assert_eq!(shown["@id"], path.as_str());
        let corrections = format!("{path}/corrections");
        let body = correction(json!({ "sourceCorrectionTransactionId": source }));
        let correction = world.create(&corrections, &body);
        assert_eq!(world.show(&correction)["sourceCorrectionTransactionId"], source);
    }
}

#[test]
fn bodies_have_a_largest_size() {
    let world = world();
    let path = format!("{V1}/authorizations");
    let padded = |size: usize| {
        let body = authorization(json!({}));
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    let largest = engine::limits::BODY_BYTES_MAX;
    assert_eq!(world.post(&path, &padded(largest)).status, 201);
    assert_eq!(world.post(&path, &padded(largest + 1)).problem(), "413 body-too-large");
    let cancellations = format!("{V1}/authorizations/X/cancellations");
    let reply = world.post(&cancellations, &padded(largest + 1));
    assert_eq!(reply.problem(), "413 body-too-large");
}
