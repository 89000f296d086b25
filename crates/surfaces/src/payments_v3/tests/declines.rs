//! Goal: whatever the ledger or the test acquirer says no with is the published code for it, and no
//! test card means anything where money is real.

use payments::ResultCode;
use payments::result_code::Standing;

use super::*;
use crate::testing::OPERATOR_KEY;
use crate::testing::{
    PAN, PAN_200, PAN_500, PAN_BLOCKED, PAN_EUR, PAN_EXPIRED, PAN_ON_BLOCKED, SHOP_TOKEN_OTHER,
};

#[test]
fn the_ledgers_declines() {
    for (world, success) in [(world(), "000.100.110"), (live(), "000.000.000")] {
        for (number, amount, currency, expected) in [
            (PAN, "50000.00", "SEK", success),
            (PAN, "0.01", "SEK", "800.100.203"),
            (PAN_500, "500.01", "SEK", "800.100.203"),
            (PAN_500, "500.00", "SEK", success),
            (PAN_BLOCKED, "1.00", "SEK", "800.100.168"),
            (PAN_EXPIRED, "1.00", "SEK", "100.100.303"),
            (PAN_EUR, "1.00", "SEK", "600.200.500"),
            (PAN_EUR, "1.00", "EUR", success),
            (PAN_ON_BLOCKED, "1.00", "SEK", "800.100.152"),
        ] {
            let reply = pay(&world, &card_of("DB", number, amount, currency));
            let status = if expected == success { 200 } else { 400 };
            assert_eq!(told(&reply), (status, expected.to_owned()), "{number}: {reply:?}");
            // A decline is told with the whole frame, and kept.
            let body = reply.json();
            assert_eq!((&body["amount"], &body["paymentType"]), (&json!(amount), &json!("DB")));
            assert_eq!(standing(&world, &id(&reply)), expected);
        }
    }
}

/// Another company's card is a card like any other.
#[test]
fn another_companys_card_is_no_ledger_card() {
    assert_eq!(code(&pay(&world(), &card("DB", PAN_200))), "000.100.110");
    assert_eq!(code(&pay(&live(), &card("DB", PAN_200))), "600.200.800");
}

#[test]
fn every_code_can_be_asked_for_by_the_holders_name() {
    let world = world();
    let mut count = 0;
    for wanted in ResultCode::all().filter(|code| !code.as_str().starts_with("000")) {
        count += 1;
        let form = card("DB", VISA).replace("Jane+Jones", wanted.as_str());
        let reply = pay(&world, &form);
        assert_eq!(code(&reply), wanted.as_str(), "{reply:?}");
        let status = super::super::status::status_of(wanted).as_u16();
        assert_eq!(reply.status, status, "{reply:?}");
        let description = reply.json()["result"]["description"].clone();
        assert_eq!(description, wanted.description(), "{wanted}");
        let shown = get(&world, &format!("/v3/payments/{}", id(&reply)));
        assert_eq!((shown.status, shown.body), (reply.status, reply.body), "{wanted}");
    }
    assert!(count > 580, "{count}");
}

#[test]
fn it_goes_for_each_type_and_for_ledger_cards() {
    let world = world();
    for number in [VISA, PAN] {
        for kind in ["PA", "DB", "CD"] {
            let form = card(kind, number).replace("Jane+Jones", "800.100.159");
            assert_eq!(code(&pay(&world, &form)), "800.100.159", "{kind} {number}");
        }
    }
    let form = card("DB", VISA);
    for (holder, expected) in [
        ("999.888.777", "600.200.810"),
        ("000.100.110", "000.100.110"),
        ("000.200.000", "000.100.110"),
        ("100.100.10", "000.100.110"),
        ("100.100.1000", "000.100.110"),
        ("a00.100.100", "000.100.110"),
    ] {
        let reply = pay(&world, &form.replace("Jane+Jones", holder));
        assert_eq!(code(&reply), expected, "{holder}");
    }
    // A rebill is charged as its payment was, whose holder is asked no more for a decline.
    let payment = paid(&world, &form, "000.100.110");
    followed(&world, &payment, "paymentType=RB&amount=1.00", "000.100.110");
}

#[test]
fn test_modes() {
    let world = world();
    for (mode, expected) in
        [("INTERNAL", "000.100.110"), ("EXTERNAL", "600.200.701"), ("OTHER", "100.300.101")]
    {
        let form = format!("{}&testMode={mode}", card("DB", VISA));
        assert_eq!(code(&pay(&world, &form)), expected, "{mode}");
    }
}

#[test]
fn nothing_of_tests_where_money_is_real() {
    let world = live();
    let number = payments::CardNumber::parse(VISA.to_owned()).unwrap();
    assert!(payments::Brand::of(&number).is_some());
    for (form, expected) in [
        (card("DB", VISA), "600.200.800"),
        (card("PA", CHALLENGED), "600.200.800"),
        (card("CD", VISA), "600.200.800"),
        (card("DB", PAN).replace("Jane+Jones", "800.100.159"), "000.000.000"),
        (format!("{}&testMode=INTERNAL", card("DB", PAN)), "600.200.701"),
        (format!("{}&testMode=EXTERNAL", card("DB", PAN)), "600.200.701"),
        (format!("{}&customParameters[3DS2_enrolled]=true", card("DB", PAN)), "000.000.000"),
    ] {
        assert_eq!(code(&pay(&world, &form)), expected, "{form}");
    }
    let kept = id(&post(&world, "/v3/registrations", &card("DB", VISA)));
    let path = format!("/v3/registrations/{kept}/payments");
    let form = "paymentType=DB&amount=1.00&currency=SEK";
    assert_eq!(code(&post(&world, &path, form)), "600.200.800");
    let kept = id(&post(&world, "/v3/registrations", &card("DB", PAN)));
    let path = format!("/v3/registrations/{kept}/payments");
    assert_eq!(code(&post(&world, &path, form)), "000.000.000");
    let secret = [("challenge", "x"), ("outcome", "approve")].map(|(a, b)| format!("{a}={b}"));
    let path = format!("/v3/threeDSecure/{}", "0".repeat(32));
    assert_eq!(post(&world, &path, &secret.join("&")).status, 404);
}

#[test]
fn brands_are_what_their_numbers_say() {
    let world = world();
    for (extra, expected) in [
        ("&paymentBrand=VISA", "000.100.110"),
        ("&paymentBrand=MASTER", "100.100.700"),
        ("&paymentBrand=KLARNA&shopperResultUrl=https://shop.example/", "100.100.501"),
        ("&paymentBrand=", "100.100.500"),
    ] {
        let form = format!("{}{extra}", card("DB", VISA));
        assert_eq!(code(&pay(&world, &form)), expected, "{extra}");
    }
    let form = "paymentType=DB&amount=1.00&currency=SEK&paymentBrand=NEWPAY";
    assert_eq!(code(&pay(&world, form)), "600.200.800");
    assert_eq!(code(&pay(&world, &over("KLARNA", "CD"))), "600.200.310");
    assert_eq!(code(&pay(&world, &over("SWISH", "PA"))), "600.200.310");
    assert_eq!(code(&pay(&world, &over("SANTANDER", "DB"))), "600.200.310");
    let dollars = over("SWISH", "DB").replace("SEK", "EUR");
    assert_eq!(code(&pay(&world, &dollars)), "600.200.500");
    // Merchant 4 has an agreement as well; without one, the brand is not set up.
    let change = payments::ChangePayee {
        customer: 4,
        terms: vec![(payments::Psp::Swish, "SWISH_ID".to_owned(), payments::TermStep::Delete)],
        actor: "test".to_owned(),
        ..payments::ChangePayee::default()
    };
    world.submit_payments(payments::Command::ChangePayee(change));
    let form = format!("{}&entityId={}", over("SWISH", "DB"), world.entity_id(4));
    let reply = world.call_shop("POST", "/v3/payments", SHOP_TOKEN_OTHER, &form);
    assert_eq!(code(&reply), "600.200.800");
}

#[test]
fn payers_are_sent_to_listed_places_only() {
    let world = world();
    for (url, expected) in [
        ("https://shop.example/a", "000.100.110"),
        ("http://127.0.0.1:8080/a", "000.100.110"),
        ("https://evil.example/a", "600.300.211"),
        ("http://shop.example/a", "600.300.211"),
        ("javascript:alert(1)", "600.300.211"),
    ] {
        let form = format!("{}&shopperResultUrl={url}", card("DB", VISA));
        assert_eq!(code(&pay(&world, &form)), expected, "{url}");
    }
}

/// A payment may bring along where it is told only where its merchant takes such addresses.
#[test]
fn payments_are_told_at_places_that_the_merchant_takes() {
    let world = world();
    let told = |url: &str| {
        let form = format!("{}&notificationUrl={url}", card("DB", VISA));
        code(&pay(&world, &form))
    };
    assert_eq!(told("https://hooks.example/a"), "600.300.210");
    let path = "/operator/v1/customers/3/notification-endpoints";
    let added = world.call("POST", path, OPERATOR_KEY, "{}");
    assert_eq!(added.status, 201, "{added:?}");
    for (url, expected) in [
        ("https://hooks.example/a", "000.100.110"),
        ("http://hooks.example/a", "600.300.210"),
        ("no address", "600.300.210"),
    ] {
        assert_eq!(told(url), expected, "{url}");
    }
}

/// What is pending for days is forced too; nothing follows from it.
#[test]
fn a_forced_pending_code_is_no_success() {
    let world = world();
    let pending = ResultCode::parse("800.400.500").unwrap();
    assert_eq!(pending.standing(), Standing::Pending);
    let form = card("PA", VISA).replace("Jane+Jones", "800.400.500");
    let payment = paid(&world, &form, "800.400.500");
    followed(&world, &payment, "paymentType=CP&amount=1.00", "700.400.570");
}
