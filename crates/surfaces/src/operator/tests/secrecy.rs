//! What must not be seen is not seen: card numbers anywhere, secrets but once.

use super::*;

const PAN: &str = "5555555555554444";

#[test]
fn a_card_number_is_nowhere_after_it_came_in() {
    let world = world();
    let mut seen = String::new();
    for line in [
        format!(r#"POST /accounts/{{A}}/cards {{"pan":"{PAN}","expiry":"2029-12"}}"#),
        // The same again, and in every wrong place.
        format!(r#"POST /accounts/{{A}}/cards {{"pan":"{PAN}"}}"#),
        format!(r#"POST /accounts/{{A}}/cards {{"pan":{PAN}}}"#),
        format!(r#"POST /accounts/{{A}}/cards {{"pan":"{PAN}1"}}"#),
        format!(r#"POST /accounts/{{A}}/cards {{"pan":["{PAN}"]}}"#),
        format!(r#"POST /accounts/{{A}}/cards {{"{PAN}":1}}"#),
        r#"POST /accounts/{A}/cards {"5555 5555 5555 4444":1}"#.to_owned(),
        format!(r#"POST /accounts/{{A}}/cards {{"expiry":"{PAN}"}}"#),
        format!(r#"POST /accounts/{{A}}/cards {{"pan":"{PAN}"#),
        format!("POST /accounts/{{A}}/cards {PAN}"),
        format!(r#"POST /accounts/{PAN}/cards {{"pan":"{PAN}"}}"#),
        format!("GET /cards/{PAN}"),
        format!("GET /accounts?card_token={PAN}"),
        format!("GET /accounts?{PAN}=1"),
        format!("GET /accounts/{PAN}"),
        "GET /accounts/{A}/cards".to_owned(),
        "GET /events?limit=200".to_owned(),
        "GET /ledger/verification".to_owned(),
    ] {
        let reply = operate(&world, &line);
        assert!(reply.status < 500, "{line}");
        writeln!(seen, "{reply:?}").unwrap();
    }
    let under = r#"POST /accounts/{A}/cards {"pan":"378282246310005"}"#;
    assert_eq!(operate_under(&world, "k", under).status, 201);
    writeln!(seen, "{:?}", operate_under(&world, "k", under)).unwrap();
    seen.push_str(&stored(&world));
    for pan in [PAN, "378282246310005", "5555 5555"] {
        assert!(!seen.contains(pan), "{pan} in {seen}");
    }
    assert!(seen.contains("555555") && seen.contains("4444"), "first six and last four are kept");
}

/// Everything that the store holds, as text.
fn stored(world: &World) -> String {
    let account = world.account.id();
    let query = world.platform.queries.read(move |reader| {
        let mut records = Vec::new();
        reader.audit(&mut |record| records.push(record))?;
        let cards = reader.cards_of(account, ledger::CardId(i64::MAX), 200)?;
        assert!(cards.iter().any(|card| card.fingerprint.is_some()));
        Ok(format!("{records:?} {cards:?}"))
    });
    world.block_on(query).unwrap()
}

#[test]
fn one_number_is_one_card() {
    let world = world();
    let line = format!(r#"POST /accounts/{{A}}/cards {{"pan":"{PAN}"}}"#);
    assert_eq!(operate(&world, &line).status, 201);
    assert_eq!(operate(&world, &line).status, 409);
    assert_eq!(operate(&world, "POST /accounts/{A}/cards {}").status, 201, "without a number");
}

#[test]
fn a_secret_is_shown_once() {
    let world = world();
    let line = r#"POST /credentials {"contract":"card_ledger","label":"L","company_number":"100"}"#;
    let issued = operate(&world, line).json();
    let secret = issued["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 43);
    let id = issued["id"].as_str().unwrap();
    for line in ["GET /credentials", &format!("GET /credentials/{id}"), "GET /events?limit=200"] {
        assert!(!operate(&world, line).body.contains(secret), "{line}");
    }
    assert!(!stored(&world).contains(secret));
    // It is good at once, its use is seen, and when it is revoked it is good no more.
    let purchase = "/ledger/card-transaction/v1/100/purchases";
    assert_eq!(world.call("GET", purchase, secret, "").status, 200);
    let shown = operate(&world, &format!("GET /credentials/{id}")).json();
    assert_eq!(shown["last_used_at"], "2026-11-20T11:00:00.000Z");
    assert_eq!(operate(&world, &format!("DELETE /credentials/{id}")).status, 204);
    assert_eq!(operate(&world, &format!("DELETE /credentials/{id}")).status, 204, "again");
    assert_eq!(world.call("GET", purchase, secret, "").status, 401);
    let events = operate(&world, "GET /events?limit=200").json();
    let told = events["items"].as_array().unwrap().iter();
    let told = told.filter(|event| event["data"]["credential_id"] == id);
    let kinds: Vec<&str> = told.map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["credential.issued", "credential.revoked"], "the feed says which");
}
