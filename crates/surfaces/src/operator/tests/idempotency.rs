//! The same request under the same key has one effect and one answer.

use super::*;

/// Requests that add something, each with another request for the same resource.
const ADDITIONS: [[&str; 2]; 6] = [
    [
        r#"POST /companies {"company_number":"500","name":"Five","currencies":["SEK"]}"#,
        r#"POST /companies {"company_number":"501","name":"Five","currencies":["SEK"]}"#,
    ],
    [
        r#"POST /companies/100/sellers {"seller_number":"700","name":"Seven"}"#,
        r#"POST /companies/100/sellers {"seller_number":"701","name":"Seven"}"#,
    ],
    [
        r#"POST /accounts {"company_number":"100","currency":"SEK","credit_limit":"5",
            "holder":"H"}"#,
        r#"POST /accounts {"company_number":"100","currency":"SEK","credit_limit":"6",
            "holder":"H"}"#,
    ],
    [
        r#"POST /accounts/{A}/cards {"pan":"5555555555554444","expiry":"2029-12"}"#,
        r#"POST /accounts/{A}/cards {"pan":"378282246310005","expiry":"2029-12"}"#,
    ],
    [
        r#"POST /credentials {"contract":"card_ledger","label":"L","company_number":"100"}"#,
        r#"POST /credentials {"contract":"card_ledger","label":"M","company_number":"100"}"#,
    ],
    [
        r#"POST /customers {"name":"Nio","organisation_number":"9"}"#,
        r#"POST /customers {"name":"Tio","organisation_number":"9"}"#,
    ],
];

fn events(world: &World) -> usize {
    let mut after = String::new();
    let mut count = 0;
    loop {
        let list = operate(world, &format!("GET /events?limit=200{after}")).json();
        let page = list["items"].as_array().unwrap().len();
        if page == 0 {
            return count;
        }
        count += page;
        after = format!("&after={}", list["next"].as_str().unwrap());
    }
}

#[test]
fn a_repeat_gets_the_first_answer_byte_by_byte() {
    let world = world();
    for [line, _] in ADDITIONS {
        let first = operate_under(&world, "key-1", line);
        assert_eq!(
            (first.status, first.header("idempotent-replayed")),
            (201, ""),
            "{line} {first:?}"
        );
        let before = events(&world);
        world.clock.advance_ms(1_000);
        for key in ["key-1", "\"key-1\""] {
            let repeat = operate_under(&world, key, line);
            assert_eq!(repeat.status, 201, "{line}");
            assert_eq!(repeat.body, first.body, "{line}");
            assert_eq!(repeat.header("location"), first.header("location"), "{line}");
            assert_eq!(repeat.header("idempotent-replayed"), "true", "{line}");
        }
        assert_eq!(events(&world), before, "{line} had a second effect");
    }
}

#[test]
fn a_repeat_gets_the_first_answer_whatever_has_changed_since() {
    let world = world();
    let open = ADDITIONS[2][0];
    let first = operate_under(&world, "k", open);
    let account = first.json()["account_no"].as_str().unwrap().to_owned();
    let change = format!(r#"PATCH /accounts/{account} {{"credit_limit":"9","status":"blocked"}}"#);
    assert_eq!(operate(&world, &change).status, 200);
    assert_eq!(operate_under(&world, "k", open).body, first.body);
    let card = operate_under(&world, "k", ADDITIONS[3][0]);
    let token = card.json()["card_token"].as_str().unwrap().to_owned();
    let block = format!(r#"PATCH /cards/{token} {{"status":"blocked"}}"#);
    assert_eq!(operate(&world, &block).status, 200);
    assert_eq!(operate_under(&world, "k", ADDITIONS[3][0]).body, card.body);
    let customer = operate_under(&world, "k", ADDITIONS[5][0]);
    assert_eq!(operate(&world, r#"PATCH /customers/1 {"name":"Elva"}"#).status, 200);
    assert_eq!(operate_under(&world, "k", ADDITIONS[5][0]).body, customer.body);
    let credential = operate_under(&world, "k", ADDITIONS[4][0]);
    let id = credential.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(operate(&world, &format!("DELETE /credentials/{id}")).status, 204);
    assert_eq!(operate_under(&world, "k", ADDITIONS[4][0]).body, credential.body);
}

#[test]
fn the_same_key_for_another_request_is_refused() {
    let world = world();
    for [line, other] in ADDITIONS {
        assert_eq!(operate_under(&world, "key-2", line).status, 201, "{line}");
        let refused = operate_under(&world, "key-2", other);
        assert_eq!(refused.status, 422, "{other}");
        assert_eq!(refused.json()["type"], "urn:kassa:problem:idempotency-key-reused");
        assert_eq!(operate_under(&world, "key-3", other).status, 201, "{other}");
    }
}

#[test]
fn equal_requests_may_be_written_differently() {
    let world = world();
    let first = operate_under(
        &world,
        "k",
        r#"POST /accounts {"company_number":"100","currency":"SEK","credit_limit":"5",
            "holder":"Å"}"#,
    );
    let repeat = operate_under(
        &world,
        "k",
        r#"POST /accounts { "holder": "\u00c5", "credit_limit": "5",
            "currency":"SEK","company_number":"100" }"#,
    );
    assert_eq!((repeat.status, repeat.body), (201, first.body));
}

#[test]
fn a_refused_request_does_not_use_its_key_up() {
    let world = world();
    let bad = r#"POST /companies {"company_number":"100","name":"Taken","currencies":[]}"#;
    assert_eq!(operate_under(&world, "k", bad).status, 409);
    assert_eq!(operate_under(&world, "k", "POST /companies {}").status, 400);
    assert_eq!(operate_under(&world, "k", ADDITIONS[0][0]).status, 201);
}

#[test]
fn keys_are_scoped_to_the_caller_and_the_resource() {
    let world = world();
    assert_eq!(operate_under(&world, "k", ADDITIONS[0][0]).status, 201);
    assert_eq!(operate_under(&world, "k", ADDITIONS[1][0]).status, 201);
    let issued = operate(&world, r#"POST /credentials {"contract":"operator","label":"other"}"#);
    let secret = issued.json()["secret"].as_str().unwrap().to_owned();
    let request = Request::post("/operator/v1/companies")
        .header("authorization", format!("Bearer {secret}"))
        .header("content-type", "application/json")
        .header("idempotency-key", "k");
    let body = r#"{"company_number":"502","name":"Other","currencies":[]}"#;
    let reply = world.send(request.body(Body::from(body)).unwrap());
    assert_eq!((reply.status, reply.header("idempotent-replayed")), (201, ""));
}

#[test]
fn a_key_must_be_fit_to_be_one() {
    let world = world();
    let line = r#"POST /credentials {"contract":"operator","label":"x"}"#;
    for (key, status) in [
        ("k", 201),
        (&"k".repeat(255), 201),
        (&"k".repeat(256), 400),
        ("", 400),
        ("a b", 400),
        ("\"\"", 400),
    ] {
        assert_eq!(operate_under(&world, key, line).status, status, "{key}");
    }
}

#[test]
fn two_at_once_have_one_effect() {
    let world = world();
    let before = events(&world);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let call = || {
            // Each with a runtime of its own, so that both are in flight together.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let request = Request::post("/operator/v1/credentials")
                .header("authorization", format!("Bearer {OPERATOR_KEY}"))
                .header("content-type", "application/json")
                .header("idempotency-key", "both");
            let body = r#"{"contract":"operator","label":"twin"}"#;
            let request = request.body(Body::from(body)).unwrap();
            let app = world.app.clone();
            runtime.unwrap().block_on(async move {
                use http_body_util::BodyExt as _;
                use tower::ServiceExt as _;
                let (head, body) = app.oneshot(request).await.unwrap().into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let body = String::from_utf8(body.to_vec()).unwrap();
                Reply { status: head.status.as_u16(), headers: head.headers, body }
            })
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(replies.iter().all(|reply| reply.status == 201 && reply.body == replies[0].body));
    let first = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1);
    assert_eq!(events(&world), before + 1);
}

#[test]
fn the_clock_moves_once_under_a_key() {
    let world = world();
    let line = r#"POST /clock/advance {"seconds":60}"#;
    let first = operate_under(&world, "k", line);
    assert_eq!(first.body, r#"{"now":"2026-11-20T11:01:00.000Z","released":0}"#);
    let repeat = operate_under(&world, "k", line);
    assert_eq!((repeat.status, repeat.body), (200, first.body));
    assert_eq!(repeat.headers["idempotent-replayed"], "true");
    assert_eq!(operate_under(&world, "k", r#"POST /clock/advance {"seconds":61}"#).status, 422);
    let clock = operate(&world, "GET /clock").json();
    assert_eq!(clock["now"], "2026-11-20T11:01:00.000Z");
}
