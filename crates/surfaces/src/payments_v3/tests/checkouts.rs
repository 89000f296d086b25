//! Goal: a checkout is prepared, changed while nothing was tried, and asked about.

use engine::SubmitError;
use ledger::{CardExpiry, MaskedPan, ReadSet};
use payments::{
    Asked, Authentication, CardShown, Checkout, Command, Initialize, Method, Online, Outcome,
    PaymentKind, Refusal,
};

use super::*;

/// A checkout of 92.00 SEK.
pub(super) const FORM: &str = "paymentType=DB&amount=92.00&currency=SEK\
    &shopperResultUrl=https://shop.example/thanks&merchantTransactionId=order-4711";

fn result(world: &World, id: &str) -> Reply {
    get(world, &format!("/v3/checkouts/{id}/payment"))
}

#[test]
fn a_checkout_is_prepared_and_changed() {
    let world = world();
    let reply = post(&world, "/v3/checkouts", FORM);
    assert_eq!(told(&reply), (200, "000.200.100".to_owned()));
    let (id, body) = (id(&reply), reply.json());
    let url = format!("https://kassa.example/checkout/{id}");
    assert_eq!((&body["redirect"]["url"], &body["ndc"]), (&json!(url), &json!(id)));
    let path = format!("/v3/checkouts/{id}");
    for (form, expected) in [
        ("amount=80.00", "000.200.101"),
        ("currency=EUR&amount=9.20", "000.200.101"),
        ("currency=EUR", "000.200.101"),
        ("currency=SEK", "100.550.300"),
        ("paymentType=PA&customer.email=a@example.com", "000.200.101"),
        ("", "000.200.101"),
        ("paymentType=CP", "600.200.300"),
        ("shopperResultUrl=https://evil.example/", "600.300.211"),
        ("amount=0.00", "100.550.300"),
    ] {
        let reply = post(&world, &path, form);
        assert_eq!(code(&reply), expected, "{form}: {reply:?}");
    }
    assert_eq!(told(&result(&world, &id)), (200, "000.200.000".to_owned()));
}

#[test]
fn what_is_missing_is_told() {
    let world = world();
    let reply = post(&world, "/v3/checkouts", "");
    assert_eq!(code(&reply), "200.300.404");
    assert_eq!(bad(&reply), ["amount", "currency", "paymentType", "shopperResultUrl"]);
    let evil = FORM.replace("shop.example", "evil.example");
    assert_eq!(code(&post(&world, "/v3/checkouts", &evil)), "600.300.211");
}

#[test]
fn it_ends_after_half_an_hour() {
    let world = world();
    let id = id(&post(&world, "/v3/checkouts", FORM));
    let path = format!("/v3/checkouts/{id}");
    world.clock.advance_ms(30 * 60 * 1_000 - 1);
    assert_eq!(code(&result(&world, &id)), "000.200.000");
    assert_eq!(code(&post(&world, &path, "amount=80.00")), "000.200.101");
    world.clock.advance_ms(1);
    assert_eq!(told(&result(&world, &id)), (400, "200.300.404".to_owned()));
    assert_eq!(told(&post(&world, &path, "amount=80.00")), (400, "200.300.404".to_owned()));
    assert_eq!(told(&result(&world, &"0".repeat(32))), (404, "200.300.406".to_owned()));
}

/// An amount keeps its worth in minor units when only the currency changes.
#[test]
fn an_amount_that_its_new_currency_cannot_have_is_told() {
    let world = world();
    let id = id(&post(&world, "/v3/checkouts", FORM));
    let reply = post(&world, &format!("/v3/checkouts/{id}"), "currency=JPY&amount=92.50");
    assert_eq!(code(&reply), "100.550.303", "{reply:?}");
}

/// Tries a payment on a checkout, as its page does; the id of the payment.
pub(super) fn try_payment(world: &World, checkout: &str, form: &str) -> Result<String, Refusal> {
    let name = Checkout::name(checkout);
    let reads = ReadSet { names: vec![name.clone()], ..ReadSet::default() };
    let query = world
        .platform
        .queries
        .read(move |reader| Ok(reader.load(&reads)?.named(&name).and_then(Checkout::of)));
    let known = world.block_on(query).unwrap().unwrap();
    let (is_declined, is_challenged) = (form.contains("800.100.152"), form.contains(CHALLENGED));
    let holder = if is_declined { "800.100.152" } else { "Jane Jones" };
    let online = Online {
        brand: "VISA".to_owned(),
        is_test: true,
        card: Some(CardShown {
            number: MaskedPan { bin: "420000".to_owned(), last4: "0000".to_owned() },
            holder: Some(holder.to_owned()),
            expiry: CardExpiry { year: 2034, month: 5 },
        }),
        authentication: is_challenged.then_some(Authentication::Awaited),
        checkout: Some(known.number),
        ..known.wanted.online.clone()
    };
    let command = Initialize {
        kind: PaymentKind::Payment,
        method: Method::Card,
        merchant: known.wanted.merchant.clone(),
        amount: known.wanted.amount,
        asked: Asked::default(),
        original: None,
        instruction: super::super::cashier::draw(&world.platform).to_uppercase(),
        online: Some(online),
        kept: None,
        checkout: Some(Box::new(known)),
        actor: "page".to_owned(),
        idempotency: None,
    };
    let answer = world.platform.engine.submit_blocking(Command::Initialize(command));
    match answer {
        Ok(answer) => {
            let Outcome::Payment(payment, _) = answer.done else { panic!() };
            Ok(payment.online_id())
        }
        Err(SubmitError::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other:?}"),
    }
}

/// Declined ones may be tried again; one that waits holds the checkout; one succeeds.
#[test]
fn its_result_is_that_of_the_newest_payment() {
    let world = world();
    let id = id(&post(&world, "/v3/checkouts", FORM));
    let declined = card("DB", VISA).replace("Jane+Jones", "800.100.152");
    for _ in 0..2 {
        let payment = try_payment(&world, &id, &declined).unwrap();
        let shown = result(&world, &id);
        assert_eq!(told(&shown), (400, "800.100.152".to_owned()));
        assert_eq!(super::id(&shown), payment);
    }
    let waiting = try_payment(&world, &id, &card("DB", CHALLENGED)).unwrap();
    assert_eq!(told(&result(&world, &id)), (200, "000.200.000".to_owned()));
    assert_eq!(try_payment(&world, &id, &card("DB", VISA)), Err(Refusal::CheckoutBusy));
    let secret = result(&world, &id).json()["redirect"]["parameters"][0]["value"].clone();
    let form = format!("challenge={}&outcome=reject", secret.as_str().unwrap());
    let back = world.call_shop("POST", &format!("/v3/threeDSecure/{waiting}"), "", &form);
    assert_eq!((back.status, back.header("location")), (303, format!("/checkout/{id}").as_str()));
    let payment = try_payment(&world, &id, &card("DB", VISA)).unwrap();
    assert_eq!(super::id(&result(&world, &id)), payment);
    assert_eq!(told(&result(&world, &id)), (200, "000.100.110".to_owned()));
    assert_eq!(try_payment(&world, &id, &card("DB", VISA)), Err(Refusal::CheckoutBusy));
    // It stays so when the checkout's time is over.
    world.clock.advance_ms(60 * 60 * 1_000);
    assert_eq!(told(&result(&world, &id)), (200, "000.100.110".to_owned()));
    let again = post(&world, "/v3/checkouts", FORM);
    assert_eq!(code(&again), "000.200.100", "a name is taken by payments, not by checkouts");
    let again = super::id(&again);
    assert_eq!(try_payment(&world, &again, &card("DB", VISA)), Err(Refusal::Duplicate));
}
