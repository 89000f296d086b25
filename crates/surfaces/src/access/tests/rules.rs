//! Every rule of `CreateRequest` at its edge: the last value that is taken, and the first that is
//! not, with the field that is named.

use super::*;

/// Sends the request with one place changed; it is taken when no field is expected.
#[track_caller]
fn check(world: &World, pointer: &str, value: Option<Value>, expected: &[&str]) {
    let shown = format!("{pointer} {value:?}");
    let body = changed(pointer, value);
    let reply = post(world, "/onboarding/CreateRequest", &body);
    if expected.is_empty() {
        assert_eq!(reply.status, 200, "{shown}: {reply:?}");
    } else {
        assert_eq!(fields(&reply, 400), expected, "{shown}");
    }
}

/// The path that errors name a place by.
fn field(pointer: &str) -> String {
    let names = pointer.split('/').skip(1).map(|name| match name.parse::<usize>() {
        Ok(at) => format!("[{at}]"),
        Err(_) => format!(".{name}"),
    });
    names.collect::<String>().trim_start_matches('.').to_owned()
}

#[test]
fn texts_have_their_lengths_in_characters() {
    let world = world();
    for (pointer, max) in [
        ("/OrganisationNo", 11),
        ("/Address/CompanyName", 100),
        ("/Address/Street", 40),
        ("/Address/ZipCode", 10),
        ("/Address/City", 20),
        ("/Address/Country", 50),
        ("/Address/ContactName", 50),
        ("/Address/ContactPhone", 20),
        ("/AcquiringAgreements/0/AgreementNumber", 50),
        ("/ReceiptMerchantName", 100),
        ("/TerminalSupportPhoneNumber", 20),
        ("/ReceiptPhoneNumber", 30),
        ("/RequestNotes", 1000),
    ] {
        let field = field(pointer);
        check(&world, pointer, Some("Å".repeat(max).into()), &[]);
        check(&world, pointer, Some("🦊".repeat(max).into()), &[]);
        check(&world, pointer, Some(format!(" {} ", "x".repeat(max - 2)).into()), &[]);
        check(&world, pointer, Some("x".repeat(max + 1).into()), &[&field]);
        check(&world, pointer, Some("x\u{0}".into()), &[&field]);
        for bad in [json!(true), json!(1.5), json!(-1), json!([]), json!({})] {
            check(&world, pointer, Some(bad), &[&field]);
        }
    }
    let email = |sides: usize| format!("{}@b.se", "a".repeat(sides));
    check(&world, "/Address/ContactEmail", Some(email(95).into()), &[]);
    check(&world, "/Address/ContactEmail", Some(email(96).into()), &["Address.ContactEmail"]);
}

#[test]
fn what_is_required_must_be_there_and_say_something() {
    let world = world();
    for pointer in [
        "/ParentId",
        "/OrganisationNo",
        "/Address",
        "/Address/CompanyName",
        "/Address/Street",
        "/Address/ZipCode",
        "/Address/City",
        "/Address/Country",
        "/Address/ContactName",
        "/Address/ContactPhone",
        "/Address/ContactEmail",
        "/TransactionTypes",
        "/AcquiringAgreements",
        "/AcquiringAgreements/0/CardBrandId",
        "/AcquiringAgreements/0/AgreementNumber",
        "/AcquiringAgreements/0/AcquirerId",
        "/Languages",
        "/Languages/0/LanguageId",
        "/MccCode",
        "/CountryCodeNumeric",
        "/CurrencyCode",
        "/ReceiptMerchantName",
    ] {
        let field = field(pointer);
        check(&world, pointer, None, &[&field]);
        check(&world, pointer, Some(Value::Null), &[&field]);
        check(&world, pointer, Some("".into()), &[&field]);
        check(&world, pointer, Some("  ".into()), &[&field]);
    }
    for pointer in [
        "/RequestNotes",
        "/TerminalSupportPhoneNumber",
        "/ReceiptPhoneNumber",
        "/CustomerId",
        "/Password",
        "/TerminalidOrder",
        "/SiteLanguage",
        "/EndOfDayTime",
        "/Tipping",
        "/Signature",
    ] {
        check(&world, pointer, Some(Value::Null), &[]);
    }
    for pointer in [
        "/RequestNotes",
        "/TerminalSupportPhoneNumber",
        "/ReceiptPhoneNumber",
        "/CustomerId",
        "/Password",
    ] {
        check(&world, pointer, Some("".into()), &[]);
    }
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let world = world();
    let reply = post(&world, "/onboarding/CreateRequest", &json!({}));
    let expected = [
        "ParentId",
        "OrganisationNo",
        "Address",
        "TransactionTypes",
        "AcquiringAgreements",
        "Languages",
        "MccCode",
        "CountryCodeNumeric",
        "CurrencyCode",
        "ReceiptMerchantName",
    ];
    assert_eq!(fields(&reply, 400), expected);
    let mut body = request();
    for (pointer, value) in [
        ("/ParentId", json!("x")),
        ("/Address/City", json!("x".repeat(21))),
        ("/Address/ContactEmail", json!("nobody")),
        ("/TransactionTypes/Sale", json!({ "Active": true })),
        ("/AcquiringAgreements/0/CardBrandId", json!(99)),
        ("/Languages", json!([{ "LanguageId": 1 }, { "LanguageId": 77 }])),
        ("/SiteLanguage", json!("sv")),
        ("/Password", json!("12345")),
        ("/Signature", json!("false")),
        ("/TerminalidOrder", json!({ "Quantity": 11, "TerminalModelId": 5 })),
    ] {
        change(&mut body, pointer, Some(value));
    }
    let expected = [
        "ParentId",
        "Address.City",
        "Address.ContactEmail",
        "TransactionTypes.Sale",
        "AcquiringAgreements[0].CardBrandId",
        "Languages[1].LanguageId",
        "SiteLanguage",
        "Password",
        "Signature",
        "TerminalidOrder.Quantity",
        "TerminalidOrder.TerminalModelId",
        "TerminalidOrder.TerminalOperatingModeId",
    ];
    assert_eq!(fields(&post(&world, "/onboarding/CreateRequest", &body), 400), expected);
}

#[test]
fn ids_are_numbers_or_digits_and_known() {
    let world = world();
    for (pointer, good, bad) in [
        ("/AcquiringAgreements/0/CardBrandId", [1, 7], [0, 8]),
        ("/AcquiringAgreements/0/AcquirerId", [1, 7], [0, 8]),
        ("/Languages/0/LanguageId", [1, 5], [0, 6]),
    ] {
        for good in good {
            check(&world, pointer, Some(good.into()), &[]);
            check(&world, pointer, Some(good.to_string().into()), &[]);
        }
        for bad in bad {
            check(&world, pointer, Some(bad.into()), &[&field(pointer)]);
            check(&world, pointer, Some(bad.to_string().into()), &[&field(pointer)]);
        }
    }
    for bad in [
        json!("1.0"),
        json!(1.5),
        json!("+1"),
        json!(-1),
        json!(" 1"),
        json!(true),
        json!([1]),
        json!("99999999999999999999"),
        json!("Å"),
    ] {
        for pointer in ["/ParentId", "/CustomerId", "/Languages/0/LanguageId"] {
            check(&world, pointer, Some(bad.clone()), &[&field(pointer)]);
        }
    }
}

#[test]
fn codes_are_those_of_the_standards() {
    let world = world();
    for (pointer, good, bad) in [
        (
            "/MccCode",
            vec![json!("0742"), json!("6300"), json!("9402"), json!("3000"), json!(742)],
            vec![json!("742"), json!("0741"), json!("00742"), json!("6300 "), json!(99_999)],
        ),
        (
            "/CountryCodeNumeric",
            vec![json!("752"), json!("578"), json!("208"), json!("040"), json!(40)],
            vec![json!("40"), json!("999"), json!("000"), json!("SE"), json!("SWE"), json!(7520)],
        ),
        (
            "/CurrencyCode",
            vec![json!("SEK"), json!("NOK"), json!("EUR"), json!("JPY")],
            vec![json!("sek"), json!("SE"), json!("SEKR"), json!("XQX"), json!(752)],
        ),
        (
            "/SiteLanguage",
            vec![json!("en-GB"), json!("sv-SE")],
            vec![json!("en-gb"), json!("sv"), json!("nb-NO"), json!(1), json!("")],
        ),
        (
            "/EndOfDayTime",
            vec![json!("01:00"), json!("06:00")],
            vec![json!("1:00"), json!("02:00"), json!("06:00:00"), json!(6), json!("")],
        ),
        (
            "/Address/ContactEmail",
            vec![json!("a@b"), json!("Å.Ö+x@exempel.se"), json!("🦊@räv.se")],
            vec![json!("a"), json!("@b"), json!("a@"), json!("a@b@c"), json!(" @b"), json!("@")],
        ),
        ("/Tipping", vec![json!(true), json!(false)], vec![json!("true"), json!(1), json!("")]),
        ("/Signature", vec![json!(true), json!(false)], vec![json!("false"), json!(0)]),
    ] {
        for good in good {
            check(&world, pointer, Some(good), &[]);
        }
        for bad in bad {
            check(&world, pointer, Some(bad), &[&field(pointer)]);
        }
    }
}

#[test]
fn codes_may_be_whole_numbers() {
    let world = world();
    for pointer in [
        "/OrganisationNo",
        "/Address/ZipCode",
        "/Address/ContactPhone",
        "/AcquiringAgreements/0/AgreementNumber",
        "/ReceiptPhoneNumber",
    ] {
        check(&world, pointer, Some(json!(12345)), &[]);
    }
    for pointer in ["/Address/CompanyName", "/ReceiptMerchantName", "/RequestNotes"] {
        check(&world, pointer, Some(json!(12345)), &[&field(pointer)]);
    }
}

#[test]
fn at_least_one_transaction_type_is_active_and_all_are_known() {
    let world = world();
    let types = "TransactionTypes";
    let reversed = "TransactionTypes.Reversed Acquiring.Active";
    let cases = [
        (json!({}), vec![types]),
        (json!({ "Purchase": { "Active": false } }), vec![types]),
        (json!({ "Purchase": {} }), vec![types]),
        (json!({ "Purchase": null }), vec![types]),
        (json!({ "Purchase": { "Active": null, "Password": null } }), vec![types]),
        (json!({ "Refund": { "Active": true } }), vec![]),
        (json!({ "Cash advance": { "Active": true, "Password": false } }), vec![]),
        (json!({ "Purchase": { "Active": true }, "Refund": null }), vec![]),
        (json!({ "Reversed Acquiring": { "Active": true } }), vec![reversed]),
        (
            json!({ "Purchase": { "Active": true }, "Reversed Acquiring": { "Active": true } }),
            vec![reversed],
        ),
        (
            json!({ "Purchase": { "Active": true }, "Reversed Acquiring": { "Active": false } }),
            vec![],
        ),
        (json!({ "purchase": { "Active": true } }), vec!["TransactionTypes.purchase"]),
        (
            json!({ "Purchase": { "Active": true }, "Cash Advance": {} }),
            vec!["TransactionTypes.Cash Advance"],
        ),
        (json!({ "Purchase": true }), vec!["TransactionTypes.Purchase"]),
        (json!({ "Purchase": { "Active": "true" } }), vec!["TransactionTypes.Purchase.Active"]),
        (
            json!({ "Purchase": { "Active": true, "Password": 1 } }),
            vec!["TransactionTypes.Purchase.Password"],
        ),
        (json!([]), vec![types]),
    ];
    for (value, expected) in cases {
        check(&world, "/TransactionTypes", Some(value), &expected);
    }
}

#[test]
fn a_password_is_six_digits_and_required_when_an_active_type_wants_it() {
    let world = world();
    let types = |wants: Value, active: bool| {
        let refund = json!({ "Active": active, "Password": wants });
        json!({ "Purchase": { "Active": true }, "Refund": refund })
    };
    for (wants, active, password, expected) in [
        (json!(true), true, Some(json!("000000")), vec![]),
        (json!(true), true, None, vec!["Password"]),
        (json!(true), true, Some(Value::Null), vec!["Password"]),
        (json!(true), true, Some(json!("")), vec!["Password"]),
        (json!(true), false, None, vec![]),
        (json!(null), true, None, vec![]),
        (json!(false), true, None, vec![]),
        (json!(false), true, Some(json!("123456")), vec![]),
        (json!(false), true, Some(json!("12345")), vec!["Password"]),
        (json!(false), true, Some(json!("1234567")), vec!["Password"]),
        (json!(false), true, Some(json!("12345a")), vec!["Password"]),
        (json!(false), true, Some(json!("12 456")), vec!["Password"]),
        (json!(false), true, Some(json!("١٢٣٤٥٦")), vec!["Password"]),
        (json!(false), true, Some(json!(123_456)), vec!["Password"]),
    ] {
        let mut body = changed("/Password", password);
        change(&mut body, "/TransactionTypes", Some(types(wants, active)));
        let reply = post(&world, "/onboarding/CreateRequest", &body);
        if expected.is_empty() {
            assert_eq!(reply.status, 200, "{body}: {reply:?}");
        } else {
            assert_eq!(fields(&reply, 400), expected, "{body}");
        }
        let shown = reply.body.contains("12345");
        assert!(!shown, "a password is never shown: {reply:?}");
    }
}

#[test]
fn one_to_three_languages_with_one_default() {
    let world = world();
    let language =
        |id: i64, is_default: Value| json!({ "LanguageId": id, "IsDefault": is_default });
    let (yes, no) = (json!(true), json!(false));
    let cases = [
        (vec![], vec!["Languages"]),
        (vec![language(1, no.clone())], vec!["Languages"]),
        (vec![json!({ "LanguageId": 1 })], vec!["Languages"]),
        (vec![language(5, yes.clone())], vec![]),
        (vec![language(1, no.clone()), language(2, yes.clone()), language(3, json!(null))], vec![]),
        (vec![language(1, yes.clone()), language(2, yes.clone())], vec!["Languages"]),
        (
            vec![language(1, yes.clone()), language(2, no.clone()), language(1, no.clone())],
            vec!["Languages[2].LanguageId"],
        ),
        ((1..=4).map(|id| language(id, json!(id == 1))).collect(), vec!["Languages"]),
        (vec![language(1, json!("true"))], vec!["Languages[0].IsDefault"]),
        (vec![json!("1")], vec!["Languages[0]"]),
        (vec![json!(null), language(1, yes)], vec!["Languages[0]"]),
    ];
    for (languages, expected) in cases {
        check(&world, "/Languages", Some(languages.into()), &expected);
    }
    check(&world, "/Languages", Some(json!({ "LanguageId": 1 })), &["Languages"]);
}

#[test]
fn agreements_are_one_to_fifty() {
    let world = world();
    let agreement = json!({ "CardBrandId": "3", "AgreementNumber": "Å-1", "AcquirerId": "7" });
    for (count, expected) in [
        (0, vec!["AcquiringAgreements"]),
        (1, vec![]),
        (50, vec![]),
        (51, vec!["AcquiringAgreements"]),
    ] {
        let agreements = vec![agreement.clone(); count];
        check(&world, "/AcquiringAgreements", Some(agreements.into()), &expected);
    }
    let bad = json!([agreement, 1, { "CardBrandId": 1, "AcquirerId": 8 }]);
    let expected = [
        "AcquiringAgreements[1]",
        "AcquiringAgreements[2].AgreementNumber",
        "AcquiringAgreements[2].AcquirerId",
    ];
    check(&world, "/AcquiringAgreements", Some(bad), &expected);
}

#[test]
fn terminals_are_ordered_one_to_ten_of_a_known_model_and_mode() {
    let world = world();
    let order = |quantity: Value, model: Value, mode: Value| {
        let (model, mode) = (("TerminalModelId", model), ("TerminalOperatingModeId", mode));
        let members = [("Quantity", quantity), model, mode];
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect())
    };
    let quantity = "TerminalidOrder.Quantity";
    let model = "TerminalidOrder.TerminalModelId";
    let mode = "TerminalidOrder.TerminalOperatingModeId";
    for (value, expected) in [
        (order(json!(1), json!(1), json!(1)), vec![]),
        (order(json!("10"), json!("9"), json!("5")), vec![]),
        (order(json!(0), json!(9), json!(2)), vec![quantity]),
        (order(json!("0"), json!(9), json!(2)), vec![quantity]),
        (order(json!(11), json!(9), json!(2)), vec![quantity]),
        (order(json!(-1), json!(9), json!(2)), vec![quantity]),
        (order(json!(1.5), json!(9), json!(2)), vec![quantity]),
        (order(json!(null), json!(9), json!(2)), vec![quantity]),
        (order(json!(1), json!(5), json!(2)), vec![model]),
        (order(json!(1), json!(10), json!(2)), vec![model]),
        (order(json!(1), json!("C100+"), json!(2)), vec![model]),
        (order(json!(1), json!(9), json!(6)), vec![mode]),
        (order(json!(1), json!(9), json!(0)), vec![mode]),
        (json!({}), vec![quantity, model, mode]),
        (json!([]), vec!["TerminalidOrder"]),
        (json!("1"), vec!["TerminalidOrder"]),
    ] {
        check(&world, "/TerminalidOrder", Some(value), &expected);
    }
    let mut noted = order(json!(1), json!(9), json!(2));
    for (notes, expected) in [
        (json!("Lämnas\ni dörren 🚪"), vec![]),
        (json!("x".repeat(1000)), vec![]),
        (json!("x".repeat(1001)), vec!["TerminalidOrder.CustomerNotes"]),
        (json!(1), vec!["TerminalidOrder.CustomerNotes"]),
        (json!(""), vec![]),
    ] {
        noted["CustomerNotes"] = notes;
        check(&world, "/TerminalidOrder", Some(noted.clone()), &expected);
    }
}

#[test]
fn names_of_members_are_read_without_regard_to_case() {
    let world = world();
    let body = request().to_string();
    for (from, to) in [
        ("\"ParentId\"", "\"parentId\""),
        ("\"Address\"", "\"address\""),
        ("\"CompanyName\"", "\"COMPANYNAME\""),
        ("\"LanguageId\"", "\"languageid\""),
    ] {
        let body: Value = serde_json::from_str(&body.replace(from, to)).unwrap();
        assert_eq!(post(&world, "/onboarding/CreateRequest", &body).status, 200, "{to}");
    }
    let mut body = request();
    body["TerminalIdOrder"] = json!({ "Quantity": 0 });
    let expected = ["Quantity", "TerminalModelId", "TerminalOperatingModeId"]
        .map(|name| format!("TerminalidOrder.{name}"));
    assert_eq!(fields(&post(&world, "/onboarding/CreateRequest", &body), 400), expected);
    body["Unknown"] = json!({ "fields": "are for later versions" });
    body["TerminalIdOrder"] = Value::Null;
    assert_eq!(post(&world, "/onboarding/CreateRequest", &body).status, 200);
}
