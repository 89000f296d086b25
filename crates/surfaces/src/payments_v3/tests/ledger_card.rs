//! Goal: what is paid here on a card of the ledger is on the ledger, to the öre, and the other
//! contracts show it.

use super::*;
use crate::testing::{OPERATOR_KEY, PAN, TOKEN};

/// What the card's holder owes, and what is reserved.
fn balance(world: &World) -> (String, String) {
    let path = format!("/operator/v1/accounts/{}", world.account);
    let shown = world.call("GET", &path, OPERATOR_KEY, "").json();
    let of = |name: &str| shown[name].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
    (of("debt"), of("reserved_amount"))
}

#[test]
fn each_step_is_on_the_account() {
    let world = world();
    let mut payment = String::new();
    let mut captures = Vec::new();
    let payment_form = card("PA", PAN);
    for (form, debt, reserved) in [
        (payment_form.as_str(), "0.00", "92.00"),
        ("paymentType=CP&amount=40.00", "40.00", "52.00"),
        ("paymentType=CP&amount=30.00", "70.00", "22.00"),
        ("paymentType=CP&amount=22.01", "70.00", "22.00"),
        ("paymentType=RF&amount=50.00", "20.00", "22.00"),
        ("paymentType=RF&amount=20.01", "20.00", "22.00"),
        ("paymentType=CP&amount=12.00", "32.00", "10.00"),
        ("paymentType=RV", "32.00", "0.00"),
        ("paymentType=RV", "32.00", "0.00"),
        ("paymentType=RF&amount=32.00", "0.00", "0.00"),
        ("paymentType=RB&amount=5.00", "5.00", "0.00"),
        ("paymentType=CD&amount=3.50", "1.50", "0.00"),
    ] {
        let reply =
            if payment.is_empty() { pay(&world, form) } else { follow(&world, &payment, form) };
        if payment.is_empty() {
            payment = id(&reply);
        }
        if form.contains("=CP") && reply.status == 200 {
            captures.push(id(&reply));
        }
        let expected = (debt.to_owned(), reserved.to_owned());
        assert_eq!(balance(&world), expected, "{form}: {reply:?}");
    }
    assert_eq!(captures.len(), 3);
}

#[test]
fn a_capture_is_undone_by_itself() {
    let world = world();
    let payment = paid(&world, &card("PA", PAN), "000.100.110");
    let first = followed(&world, &payment, "paymentType=CP&amount=40.00", "000.100.110");
    let second = followed(&world, &payment, "paymentType=CP&amount=30.00", "000.100.110");
    followed(&world, &first, "paymentType=RV", "000.100.110");
    assert_eq!(balance(&world), ("30.00".to_owned(), "22.00".to_owned()));
    followed(&world, &second, "paymentType=RF&amount=10.00", "000.100.110");
    assert_eq!(balance(&world), ("20.00".to_owned(), "22.00".to_owned()));
    followed(&world, &payment, "paymentType=RF&amount=20.01", "700.400.200");
    assert_eq!(balance(&world), ("20.00".to_owned(), "22.00".to_owned()));
}

#[test]
fn a_debit_is_taken_back_whole() {
    let world = world();
    let payment = paid(&world, &card("DB", PAN), "000.100.110");
    assert_eq!(balance(&world), ("92.00".to_owned(), "0.00".to_owned()));
    followed(&world, &payment, "paymentType=RV", "000.100.110");
    assert_eq!(balance(&world), ("0.00".to_owned(), "0.00".to_owned()));
}

#[test]
fn the_card_ledger_contract_shows_it() {
    let world = world();
    let reply = pay(&world, &card("PA", PAN));
    let authorization = reply.json()["resultDetails"]["ConnectorTxID1"].clone();
    let authorization = authorization.as_str().unwrap();
    let path = format!("/ledger/credit-account-acquiring/v1/100/authorizations/{authorization}");
    let shown = world.call("GET", &path, TOKEN, "");
    assert_eq!(shown.status, 200, "{shown:?}");
    assert!(shown.body.contains("92.0"), "{shown:?}");
}

/// Its last day is over: the ledger has released it.
#[test]
fn what_is_held_too_long_is_not_captured() {
    let world = world();
    let payment = paid(&world, &card("PA", PAN), "000.100.110");
    world.clock.set("2026-12-10T11:00:00.000Z");
    world.run_timers();
    assert_eq!(balance(&world), ("0.00".to_owned(), "0.00".to_owned()));
    followed(&world, &payment, "paymentType=CP&amount=1.00", "700.300.400");
    assert_eq!(balance(&world), ("0.00".to_owned(), "0.00".to_owned()));
    followed(&world, &payment, "paymentType=RV", "700.300.700");
}

#[test]
fn a_credit_needs_a_card_that_is_good() {
    let world = world();
    paid(&world, &card("CD", PAN), "000.100.110");
    assert_eq!(balance(&world), ("-92.00".to_owned(), "0.00".to_owned()));
    paid(&world, &card("CD", crate::testing::PAN_BLOCKED), "800.100.168");
    paid(&world, &card("CD", crate::testing::PAN_EUR), "600.200.500");
}
