//! Goal: a payer who has to prove who they are is sent to the issuer and back, what the issuer says
//! decides once, and who never comes back has not paid.

use super::*;

/// Begins a payment with a challenge; its id, and what the payer carries.
fn challenged(world: &World, form: &str) -> (String, String) {
    let reply = pay(world, &format!("{form}&shopperResultUrl={}", SHOP.replace('?', "%3F")));
    assert_eq!(told(&reply), (200, "000.200.000".to_owned()), "{reply:?}");
    let body = reply.json();
    let (id, redirect) = (id(&reply), &body["redirect"]);
    let url = format!("https://kassa.example/v3/threeDSecure/{id}/challenge");
    assert_eq!((&redirect["url"], &redirect["method"]), (&json!(url), &json!("POST")));
    let parameter = &redirect["parameters"][0];
    assert_eq!(parameter["name"], "challenge");
    (id, parameter["value"].as_str().unwrap().to_owned())
}

/// The payer's browser comes from the issuer's page.
fn come_back(world: &World, id: &str, secret: &str, outcome: &str) -> Reply {
    let form = format!("challenge={secret}&outcome={outcome}");
    world.call_shop("POST", &format!("/v3/threeDSecure/{id}"), "", &form)
}

#[test]
fn what_the_issuer_says_decides() {
    for (outcome, expected, proof) in [
        ("approve", "000.100.110", json!("Y")),
        ("reject", "100.380.401", json!("N")),
        ("cancel", "100.396.101", json!("N")),
    ] {
        for kind in ["DB", "PA"] {
            let world = world();
            let (id, secret) = challenged(&world, &card(kind, CHALLENGED));
            assert_eq!(standing(&world, &id), "000.200.000");
            let back = come_back(&world, &id, &secret, outcome);
            assert_eq!(back.status, 303, "{back:?}");
            let path = format!("{SHOP}&id={id}&resourcePath=%2Fv3%2Fpayments%2F{id}");
            assert_eq!(back.header("location"), path);
            let shown = get(&world, &format!("/v3/payments/{id}"));
            assert_eq!(code(&shown), expected, "{outcome}: {shown:?}");
            let body = shown.json();
            assert_eq!(body["threeDSecure"]["authenticationStatus"], proof);
            assert_eq!(
                (&body["threeDSecure"]["flow"], &body["redirect"]),
                (&json!("challenge"), &Value::Null)
            );
            // Whatever is said later, it stays so.
            for other in ["approve", "reject", "cancel"] {
                assert_eq!(come_back(&world, &id, &secret, other).status, 303);
                assert_eq!(standing(&world, &id), expected);
            }
        }
    }
}

#[test]
fn who_does_not_carry_the_secret_finds_nothing() {
    let world = world();
    let (id, secret) = challenged(&world, &card("DB", CHALLENGED));
    let (other, others) = challenged(&world, &card("DB", CHALLENGED));
    for (id, secret) in [
        (id.as_str(), "x"),
        (&id, ""),
        (&id, &secret[1..]),
        (&id, &others),
        (&other, &secret),
        ("x", &secret),
        ("%FF", &secret),
        (&"0".repeat(32), &secret),
    ] {
        let reply = come_back(&world, id, secret, "approve");
        assert_eq!(told(&reply), (404, "200.300.406".to_owned()), "{id}: {reply:?}");
        check_frame(&reply);
    }
    let reply = come_back(&world, &id, &secret, "perhaps");
    assert_eq!((reply.status, bad(&reply)), (400, vec!["outcome".to_owned()]));
    let done = paid(&world, &card("DB", VISA), "000.100.110");
    assert_eq!(come_back(&world, &done, &secret, "approve").status, 404);
    assert_eq!(standing(&world, &id), "000.200.000");
}

#[test]
fn cards_and_parameters_say_how() {
    let world = world();
    let flow = |number: &str, extra: &str| {
        let form = format!("{}&shopperResultUrl=https://shop.example/{extra}", card("DB", number));
        let reply = pay(&world, &form);
        let body = reply.json();
        (code(&reply), body["threeDSecure"]["flow"].as_str().unwrap_or("-").to_owned())
    };
    let own = |(code, flow): (&str, &str)| (code.to_owned(), flow.to_owned());
    let enrolled = |it: &str| format!("&customParameters[3DS2_enrolled]={it}");
    let wanted = |it: &str| format!("&customParameters[3DS2_flow]={it}");
    let (ok, waits) = ("000.100.110", "000.200.000");
    for (number, extra, expected) in [
        (VISA, String::new(), (ok, "-")),
        (CHALLENGED, String::new(), (waits, "-")),
        ("5200000000000015", String::new(), (waits, "-")),
        ("4200000000000067", String::new(), (ok, "frictionless")),
        (VISA, enrolled("true"), (waits, "-")),
        (VISA, wanted("challenge"), (waits, "-")),
        (VISA, wanted("frictionless"), (ok, "frictionless")),
        (CHALLENGED, enrolled("false"), (ok, "-")),
        (CHALLENGED, enrolled("true") + &wanted("frictionless"), (ok, "frictionless")),
        (crate::testing::PAN, enrolled("true"), (waits, "-")),
    ] {
        assert_eq!(flow(number, &extra), own(expected), "{number} {extra}");
    }
    // Without a way back nobody is sent anywhere.
    let reply = pay(&world, &card("DB", CHALLENGED));
    assert_eq!(
        (code(&reply), bad(&reply)),
        ("200.300.404".to_owned(), vec!["shopperResultUrl".to_owned()])
    );
    // Who gets money proves nothing.
    paid(&world, &card("CD", CHALLENGED), ok);
}

#[test]
fn who_never_comes_back_has_not_paid() {
    let world = world();
    let (id, secret) = challenged(&world, &card("DB", CHALLENGED));
    world.clock.advance_ms(30 * 60 * 1_000 - 1_000);
    look(&world);
    assert_eq!(standing(&world, &id), "000.200.000");
    world.clock.advance_ms(1_000);
    look(&world);
    assert_eq!(standing(&world, &id), "100.396.103");
    let shown = get(&world, &format!("/v3/payments/{id}")).json();
    assert_eq!(shown["threeDSecure"]["authenticationStatus"], "N");
    assert_eq!(come_back(&world, &id, &secret, "approve").status, 303);
    assert_eq!(standing(&world, &id), "100.396.103");
}

#[test]
fn a_ledger_card_is_held_only_afterwards() {
    let world = world();
    let form = card_of("PA", crate::testing::PAN_500, "500.00", "SEK");
    let enrolled = format!("{form}&customParameters[3DS2_enrolled]=true");
    let (first, secret) = challenged(&world, &enrolled);
    let (second, other) = challenged(&world, &enrolled);
    come_back(&world, &first, &secret, "approve");
    come_back(&world, &second, &other, "approve");
    assert_eq!(standing(&world, &first), "000.100.110");
    assert_eq!(standing(&world, &second), "800.100.203");
}

/// A holder's name that asks for a code gets it once the payer has proved who they are.
#[test]
fn a_forced_decline_comes_after_the_proof() {
    let world = world();
    let form = card("DB", CHALLENGED).replace("Jane+Jones", "800.100.153");
    let (id, secret) = challenged(&world, &form);
    come_back(&world, &id, &secret, "approve");
    assert_eq!(standing(&world, &id), "800.100.153");
}

#[test]
fn of_two_answers_at_once_one_decides() {
    let world = world();
    let (id, secret) = challenged(&world, &card("DB", CHALLENGED));
    let forms = ["approve", "reject", "cancel", "approve"]
        .map(|outcome| format!("challenge={secret}&outcome={outcome}"));
    let replies = at_once(&world, &format!("/v3/threeDSecure/{id}"), &[], &forms);
    assert!(replies.iter().all(|reply| reply.status == 303), "{replies:?}");
    let first = standing(&world, &id);
    assert!(["000.100.110", "100.380.401", "100.396.101"].contains(&first.as_str()));
    assert_eq!(standing(&world, &id), first);
}
