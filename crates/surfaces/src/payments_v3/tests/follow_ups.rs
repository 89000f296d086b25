//! Goal: what may follow from which payment is as the contract's graph says, and sums are exact.

use super::*;
use crate::testing::merchants::wanted;

/// A payment type, and what it is asked for with.
const FOLLOW_UPS: [(&str, &str); 5] = [
    ("CP", "paymentType=CP&amount=10.00"),
    ("RF", "paymentType=RF&amount=10.00"),
    ("RV", "paymentType=RV"),
    ("RB", "paymentType=RB&amount=10.00"),
    ("CD", "paymentType=CD&amount=10.00"),
];

/// Brings about what a row is about.
fn referenced(world: &World, what: &str) -> String {
    let ok = "000.100.110";
    let pa = || paid(world, &card("PA", VISA), ok);
    let db = || paid(world, &card("DB", VISA), ok);
    match what {
        "PA" => pa(),
        "DB" => db(),
        "CD" => paid(world, &card("CD", VISA), ok),
        "declined" => declined(world, "DB"),
        "declined PA" => declined(world, "PA"),
        "waiting" => {
            let form = format!("{}&shopperResultUrl={SHOP}", card("PA", CHALLENGED));
            paid(world, &form, "000.200.000")
        }
        "PA, captured in part" => {
            let payment = pa();
            followed(world, &payment, "paymentType=CP&amount=40.00", ok);
            payment
        }
        "PA, captured whole" => {
            let payment = pa();
            followed(world, &payment, "paymentType=CP&amount=92.00", ok);
            payment
        }
        "PA, void" => {
            let payment = pa();
            followed(world, &payment, "paymentType=RV", ok);
            payment
        }
        "PA, the rest void" => {
            let payment = referenced(world, "PA, captured in part");
            followed(world, &payment, "paymentType=RV", ok);
            payment
        }
        "CP" => followed(world, &pa(), "paymentType=CP&amount=40.00", ok),
        "CP, reversed" => {
            let capture = referenced(world, "CP");
            followed(world, &capture, "paymentType=RV", ok);
            capture
        }
        "CP of a void rest" => {
            let payment = pa();
            let capture = followed(world, &payment, "paymentType=CP&amount=40.00", ok);
            followed(world, &payment, "paymentType=RV", ok);
            capture
        }
        "DB, refunded in part" => {
            let payment = db();
            followed(world, &payment, "paymentType=RF&amount=40.00", ok);
            payment
        }
        "DB, refunded whole" => {
            let payment = db();
            followed(world, &payment, "paymentType=RF&amount=92.00", ok);
            payment
        }
        "DB, reversed" => {
            let payment = db();
            followed(world, &payment, "paymentType=RV", ok);
            payment
        }
        "RF" => followed(world, &db(), "paymentType=RF&amount=40.00", ok),
        "RV" => followed(world, &db(), "paymentType=RV", ok),
        "RB" => followed(world, &db(), "paymentType=RB&amount=40.00", ok),
        other => panic!("{other}"),
    }
}

fn declined(world: &World, kind: &str) -> String {
    let form = card(kind, VISA).replace("Jane+Jones", "800.100.152");
    paid(world, &form, "800.100.152")
}

#[test]
fn the_graph() {
    let ok = "000.100.110";
    let table = [
        // what                    CP             RF             RV             RB             CD
        ("PA", [ok, "700.400.520", ok, ok, ok]),
        ("PA, captured in part", [ok, ok, ok, ok, ok]),
        ("PA, captured whole", ["700.400.100", ok, ok, ok, ok]),
        ("PA, void", ["700.400.300", "700.400.520", "700.400.300", ok, ok]),
        ("PA, the rest void", ["700.400.300", ok, "700.400.300", ok, ok]),
        ("DB", ["700.400.510", ok, ok, ok, ok]),
        ("DB, refunded in part", ["700.400.510", ok, "700.400.300", ok, ok]),
        ("DB, refunded whole", ["700.400.510", "700.400.200", "700.400.300", ok, ok]),
        ("DB, reversed", ["700.400.510", "700.400.300", "700.400.300", ok, ok]),
        ("CP", ["700.400.510", ok, ok, ok, ok]),
        ("CP, reversed", ["700.400.510", "700.400.200", "700.400.300", ok, ok]),
        ("CP of a void rest", ["700.400.510", ok, "700.400.300", ok, ok]),
        ("RB", ["700.400.510", ok, ok, ok, ok]),
        ("CD", ["700.400.510", "700.400.520", "700.400.530", "600.200.310", "600.200.310"]),
        ("RF", ["700.400.510", "700.400.520", "700.400.530", "600.200.310", "600.200.310"]),
        ("RV", ["700.400.510", "700.400.520", "700.400.530", "600.200.310", "600.200.310"]),
        ("declined", ["700.300.200"; 5]),
        ("declined PA", ["700.300.200"; 5]),
        ("waiting", ["700.400.570"; 5]),
    ];
    let world = world();
    for (what, expected) in table {
        for ((kind, form), expected) in FOLLOW_UPS.into_iter().zip(expected) {
            let id = referenced(&world, what);
            let before = get(&world, &format!("/v3/payments/{id}"));
            let reply = follow(&world, &id, form);
            let status = if expected == ok { 200 } else { 400 };
            assert_eq!(told(&reply), (status, expected.to_owned()), "{kind} of {what}: {reply:?}");
            let body = reply.json();
            if expected == ok {
                assert_eq!(
                    (&body["referencedId"], &body["paymentType"]),
                    (&json!(id), &json!(kind))
                );
            } else {
                assert_eq!(body["id"], Value::Null, "{kind} of {what} made something: {body}");
                // What was refused has changed nothing.
                assert_eq!(get(&world, &format!("/v3/payments/{id}")).body, before.body);
            }
        }
    }
}

#[test]
fn amounts_and_currencies_are_those_of_the_payment() {
    let world = world();
    let payment = paid(&world, &card("PA", VISA), "000.100.110");
    for (form, expected) in [
        ("paymentType=CP&amount=92.01", "700.400.100"),
        ("paymentType=CP&amount=10.00&currency=EUR", "700.100.500"),
        ("paymentType=RB&amount=10.00&currency=EUR", "700.100.500"),
        ("paymentType=CP&amount=60.00&currency=SEK", "000.100.110"),
        ("paymentType=CP&amount=32.01", "700.400.100"),
        ("paymentType=CP&amount=32", "000.100.110"),
        ("paymentType=CP&amount=0.01", "700.400.100"),
        ("paymentType=RF&amount=92.01", "700.400.200"),
        ("paymentType=RF&amount=10.00&currency=EUR", "700.100.500"),
        ("paymentType=RF&amount=91.99", "000.100.110"),
        ("paymentType=RF&amount=0.02", "700.400.200"),
        ("paymentType=RF&amount=0.01", "000.100.110"),
        ("paymentType=RF&amount=0.01", "700.400.200"),
    ] {
        followed(&world, &payment, form, expected);
    }
}

#[test]
fn one_capture_of_several_is_given_back() {
    let world = world();
    let payment = paid(&world, &card("PA", VISA), "000.100.110");
    let first = followed(&world, &payment, "paymentType=CP&amount=40.00", "000.100.110");
    let second = followed(&world, &payment, "paymentType=CP&amount=30.00", "000.100.110");
    for (id, form, expected) in [
        (&first, "paymentType=RF&amount=40.01", "700.400.200"),
        (&first, "paymentType=RF&amount=39.00", "000.100.110"),
        (&first, "paymentType=RF&amount=1.01", "700.400.200"),
        (&first, "paymentType=RV", "700.400.300"),
        (&second, "paymentType=RV", "000.100.110"),
        (&second, "paymentType=RF&amount=0.01", "700.400.200"),
        (&second, "paymentType=RV", "700.400.300"),
        (&payment, "paymentType=RF&amount=1.01", "700.400.200"),
        (&payment, "paymentType=RF&amount=1.00", "000.100.110"),
        // The rest is held for as long as nobody voids it.
        (&payment, "paymentType=CP&amount=22.01", "700.400.100"),
        (&payment, "paymentType=CP&amount=12.00", "000.100.110"),
        (&payment, "paymentType=RV", "000.100.110"),
        (&payment, "paymentType=CP&amount=0.01", "700.400.300"),
        (&payment, "paymentType=RV", "700.400.300"),
        // What was captured before can still be given back.
        (&payment, "paymentType=RF&amount=12.01", "700.400.200"),
        (&payment, "paymentType=RF&amount=12.00", "000.100.110"),
    ] {
        followed(&world, id, form, expected);
    }
    let reply = follow(&world, &second, "paymentType=RV");
    assert_eq!(reply.json()["id"], Value::Null);
}

#[test]
fn a_reversal_says_how_much_it_was_about() {
    let world = world();
    let payment = paid(&world, &card("PA", VISA), "000.100.110");
    let capture = followed(&world, &payment, "paymentType=CP&amount=40.00", "000.100.110");
    let undone = follow(&world, &capture, "paymentType=RV").json();
    assert_eq!((&undone["amount"], &undone["currency"]), (&json!("40.00"), &json!("SEK")));
    let void = follow(&world, &payment, "paymentType=RV&amount=1.00").json();
    assert_eq!(void["amount"], "52.00", "an amount is passed over: {void}");
    let payment = paid(&world, &card("DB", VISA), "000.100.110");
    assert_eq!(follow(&world, &payment, "paymentType=RV").json()["amount"], "92.00");
}

#[test]
fn what_a_day_has_reported_is_not_reversed() {
    let world = world();
    let payment = paid(&world, &card("DB", VISA), "000.100.110");
    let found = world.block_on(super::super::cashier::payment_by_id(&world.platform, &payment));
    let found = found.unwrap().unwrap();
    world.close_day(3, &[&found]);
    followed(&world, &payment, "paymentType=RV", "700.300.700");
    followed(&world, &payment, "paymentType=RF&amount=92.00", "000.100.110");
}

#[test]
fn types_are_made_where_they_belong() {
    let world = world();
    let payment = paid(&world, &card("DB", VISA), "000.100.110");
    for (kind, expected) in [
        ("PA", "600.200.300"),
        ("DB", "600.200.300"),
        ("CB", "700.400.402"),
        ("RC", "600.200.400"),
        ("XX", "600.200.300"),
    ] {
        followed(&world, &payment, &format!("paymentType={kind}&amount=1.00"), expected);
    }
    for kind in ["CP", "RF", "RV", "RB"] {
        assert_eq!(code(&pay(&world, &card(kind, VISA))), "600.200.300", "{kind}");
    }
    let unknown = follow(&world, &"0".repeat(32), "paymentType=RV");
    assert_eq!(told(&unknown), (404, "200.300.406".to_owned()));
}

#[test]
fn of_two_captures_at_once_beyond_the_sum_one_is_refused() {
    let world = world();
    for (kind, referenced) in [("CP", "PA"), ("RF", "DB")] {
        let payment = paid(&world, &card(referenced, VISA), "000.100.110");
        let path = format!("/v3/payments/{payment}");
        let forms = vec![format!("paymentType={kind}&amount=30.00"); 6];
        let replies = at_once(&world, &path, &[], &forms);
        let done = replies.iter().filter(|it| it.status == 200).count();
        assert_eq!(done, 3, "{replies:?}");
    }
}

/// Payments of other contracts have no face here.
#[test]
fn payments_of_aapay_are_unknown_here() {
    let world = world();
    let payment =
        world.initialize(&wanted(3, payments::Method::CardLedger, crate::testing::CARD, 5));
    let reply = get(&world, &format!("/v3/payments/{}", payment.online_id()));
    assert_eq!(told(&reply), (404, "200.300.406".to_owned()));
}
