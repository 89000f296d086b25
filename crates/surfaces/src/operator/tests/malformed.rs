//! Whatever is sent, the answer is the client's to understand: never a 5xx.

use proptest::prelude::*;

use super::*;
use crate::testing::BEGIN;

const POSTS: [(&str, &str); 27] = [
    ("POST", "/companies"),
    ("PATCH", "/companies/100"),
    ("POST", "/companies/100/sellers"),
    ("POST", "/accounts"),
    ("PATCH", "/accounts/{A}"),
    ("POST", "/accounts/{A}/cards"),
    ("PATCH", "/cards/5646735165"),
    ("POST", "/credentials"),
    ("POST", "/clock/advance"),
    ("POST", "/customers"),
    ("PATCH", "/customers/1"),
    ("PATCH", "/customers/1/configuration"),
    ("POST", "/rollouts"),
    ("POST", "/onboarding-requests/1/reject"),
    ("PATCH", "/terminals/KTAAAAAA/configuration"),
    ("POST", "/payments/1/settle"),
    ("PATCH", "/customers/1/payee"),
    ("PUT", "/customers/1/agreements/swish"),
    ("POST", "/simulators/swish/next"),
    ("POST", "/exceptions/1/notes"),
    ("POST", "/exceptions/1/resolve"),
    ("POST", "/reconciliations"),
    ("PUT", "/psp-report-mappings/swish"),
    ("PUT", "/companies/100/fees"),
    ("PUT", "/companies/100/payout-account"),
    ("POST", "/settlements"),
    ("POST", "/payment-files"),
];

#[test]
fn bodies_that_are_no_requests_are_refused() {
    let world = world();
    let deep = "[".repeat(20_000);
    for (method, path) in POSTS {
        for body in [
            "",
            " ",
            "null",
            "1",
            "[]",
            "\"x\"",
            "{",
            "{}x",
            "{\"a\":}",
            "{\"unknown\":1}",
            &deep,
            "{\"name\":1,\"status\":2,\"label\":3,\"pan\":4,\"seconds\":\"5\"}",
            "\u{feff}{}",
        ] {
            let line = format!("{method} {path} {body}");
            let reply = operate_under(&world, "k", &line);
            assert_eq!(reply.status, 400, "{line}");
            assert_eq!(reply.header("content-type"), "application/problem+json");
        }
    }
}

#[test]
fn media_types_and_sizes_are_checked() {
    let world = world();
    let send = |media: &str, body: Vec<u8>| {
        let request = Request::post("/operator/v1/credentials")
            .header("authorization", format!("Bearer {OPERATOR_KEY}"))
            .header("content-type", media);
        world.send(request.body(Body::from(body)).unwrap()).status
    };
    let good = br#"{"contract":"operator","label":"x"}"#.to_vec();
    assert_eq!(send("application/json", good.clone()), 201);
    assert_eq!(send("Application/JSON; charset=utf-8", good.clone()), 201);
    assert_eq!(send("text/plain", good.clone()), 415);
    assert_eq!(send("", good.clone()), 415);
    let max = engine::limits::BODY_BYTES_MAX;
    let padded = |size: usize| [good.clone(), vec![b' '; size - good.len()]].concat();
    assert_eq!(send("application/json", padded(max)), 201);
    assert_eq!(send("application/json", padded(max + 1)), 413);
    assert_eq!(send("application/json", b"\xff\xfe".to_vec()), 400);
}

#[test]
fn all_errors_of_a_body_are_listed() {
    let world = world();
    let line =
        r#"POST /accounts {"company_number":"","currency":"XXX","credit_limit":5,"extra":1}"#;
    let problem = operate(&world, line).json();
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/company_number", "/currency", "/credit_limit", "/holder", "/extra"]);
}

#[test]
fn limits_hold_at_their_edges() {
    let world = world();
    let text = |length: usize| "å".repeat(length);
    let digits = |length: usize| "7".repeat(length);
    let company = |number: &str, name: &str, days: &str| {
        format!(
            r#"POST /companies {{"company_number":"{number}","name":"{name}",
            "currencies":[],"authorization_days":{days}}}"#
        )
    };
    let account = |limit: &str, currency: &str| {
        format!(
            r#"POST /accounts {{"company_number":"100","currency":"{currency}",
            "credit_limit":"{limit}","holder":"H"}}"#
        )
    };
    for (line, status) in [
        (company(&digits(15), &text(200), "400"), 201),
        (company(&digits(16), "x", "0"), 400),
        (company("a_b-C", "x", "0"), 201),
        (company("a.b", "x", "0"), 400),
        (company("a/b", "x", "0"), 400),
        (company("801", &text(201), "0"), 400),
        (company("801", " ", "0"), 400),
        (company("801", "a\\nb", "0"), 400),
        (company("801", "x", "-1"), 400),
        (company("801", "x", "401"), 400),
        (company("801", "x", "1.5"), 400),
        (company("801", "x", "1e300"), 400),
        (account("0", "SEK"), 201),
        (account("10000000000000.00", "SEK"), 201),
        (account("10000000000000.01", "SEK"), 400),
        (account("0.001", "SEK"), 400),
        (account("0.001", "KWD"), 201),
        (account("1.5", "JPY"), 400),
        (account("-1", "SEK"), 400),
        (account("1e2", "SEK"), 400),
        (account("99999999999999999999", "SEK"), 400),
        (account("5", "USD"), 400),
        (account("5", "sek"), 400),
        (r#"POST /clock/advance {"seconds":0}"#.to_owned(), 400),
        (r#"POST /clock/advance {"seconds":315360001}"#.to_owned(), 400),
        (r#"POST /clock/advance {"seconds":315360000}"#.to_owned(), 200),
    ] {
        let reply = operate(&world, &line);
        assert_eq!(reply.status, status, "{line} {reply:?}");
    }
    let clock = operate(&world, "GET /clock").json();
    assert_eq!(clock["now"], "2036-11-17T11:00:00.000Z");
}

#[test]
fn a_field_is_given_once() {
    let world = world();
    let reply = operate(&world, r#"POST /clock/advance {"seconds":1,"seconds":2,"x":0,"x":0}"#);
    let errors = reply.json()["errors"].to_string();
    assert_eq!(reply.status, 400);
    assert_eq!(errors.matches("is given twice").count(), 2, "{errors}");
    let clock = operate(&world, "GET /clock").json();
    assert_eq!(clock["now"], BEGIN);
}

#[test]
fn the_clock_stops_before_years_have_five_digits() {
    let world = world();
    let line = r#"POST /clock/advance {"seconds":315360000}"#;
    let moved = (0..1_000).take_while(|_| operate(&world, line).status == 200).count();
    assert_eq!(moved, 697, "times ten years, from 2026");
    assert_eq!(operate(&world, line).json()["errors"][0]["pointer"], "/seconds");
    let now = operate(&world, "GET /clock").json()["now"].as_str().unwrap().to_owned();
    assert!(now.starts_with("8992-"), "{now}");
}

fn json() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "company_number",
        "name",
        "currencies",
        "time_zone",
        "authorization_days",
        "currency",
        "credit_limit",
        "holder",
        "pan",
        "expiry",
        "status",
        "contract",
        "label",
        "expires_at",
        "seller_number",
        "customer_id",
        "seconds",
        "note",
        "active",
        "end_of_day",
        "values",
        "outcome",
        "x",
    ]);
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just(r#"["SEK","SEK"]"#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| serde_json::Value::from(number).to_string()),
        "[ -~åäö\u{0}\n]{0,20}".prop_map(|text| serde_json::Value::from(text).to_string()),
        prop::sample::select(vec![
            "\"SEK\"",
            "\"active\"",
            "\"100\"",
            "\"operator\"",
            "\"card_ledger\"",
            "\"2029-12\"",
            "\"Europe/Stockholm\"",
            "\"9999-12-31T23:59:59.999Z\"",
            "\"5.00\"",
            "true",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec((name, value), 0..6).prop_map(|fields| {
        let fields: Vec<String> =
            fields.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

/// Goal: no body and no query makes a 5xx but the honest 501.
/// Method: bodies of known fields with any values, and any bytes, to every route that takes one;
/// any text as parameters and path segments.
#[test]
fn nothing_that_is_sent_is_our_fault() {
    let world = world();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let input = (0..POSTS.len(), prop_oneof![json(), ".{0,40}"], "[!-~]{0,20}");
    let outcome = runner.run(&input, |(route, body, text)| {
        let (method, path) = POSTS[route];
        let reply = operate(&world, &format!("{method} {path} {body}"));
        prop_assert!(reply.status < 500 || reply.status == 501, "{path} {body} {reply:?}");
        let text = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
        for line in [
            format!("GET /accounts/{text}"),
            format!("GET /cards/{text}"),
            format!("GET /credentials/{text}"),
            format!("GET /companies/{text}/sellers/{text}"),
            format!("GET /accounts?after={text}&limit={text}&company_number={text}"),
            format!("GET /accounts/{{A}}?as_of={text}"),
            format!("GET /events?after={text}"),
            format!("GET /payments?state={text}&kind={text}&needs_attention={text}"),
            format!("GET /payments/{text}"),
            format!("POST /payments/{text}/capture {body}"),
            format!("GET /batch-reports?customer_id={text}"),
            format!("GET /batch-reports/{text}"),
            format!("GET /customers/{text}/payee"),
            format!("DELETE /customers/1/agreements/{text}"),
        ] {
            let reply = operate(&world, &line);
            prop_assert!(reply.status < 500, "{line} {reply:?}");
        }
        Ok(())
    });
    outcome.unwrap();
}
