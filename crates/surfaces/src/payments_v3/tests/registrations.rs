//! Goal: a card is kept where that is wanted and its payment has succeeded, it can be paid with
//! until it is forgotten, and nothing of its number stays then.

use ledger::ReadSet;
use payments::Registration;

use super::*;
use crate::testing::PAN;

const PAYMENT: &str = "paymentType=DB&amount=92.00&currency=SEK";

fn kept(world: &World, number: &str) -> String {
    let reply = post(world, "/v3/registrations", &card("DB", number));
    assert_eq!(told(&reply), (200, "000.100.110".to_owned()), "{reply:?}");
    id(&reply)
}

fn pay_with(world: &World, id: &str, form: &str) -> Reply {
    post(world, &format!("/v3/registrations/{id}/payments"), form)
}

fn shown(world: &World, id: &str) -> (u16, String) {
    told(&get(world, &format!("/v3/registrations/{id}")))
}

/// A registration as the domain has it.
fn read(world: &World, id: &str) -> Registration {
    let name = Registration::name(id);
    let reads = ReadSet { names: vec![name.clone()], ..ReadSet::default() };
    let query = world
        .platform
        .queries
        .read(move |reader| Ok(reader.load(&reads)?.named(&name).and_then(Registration::of)));
    world.block_on(query).unwrap().unwrap()
}

#[test]
fn a_kept_card_is_paid_with() {
    let world = world();
    for number in [VISA, PAN] {
        let id = kept(&world, number);
        let reply = pay_with(&world, &id, PAYMENT);
        assert_eq!(told(&reply), (200, "000.100.110".to_owned()), "{reply:?}");
        let body = reply.json();
        assert_eq!(body["registrationId"], id);
        assert_eq!(body["card"]["last4Digits"], number[12..]);
        assert!(!reply.body.contains(number));
        let payment = super::id(&reply);
        let rebill = follow(&world, &payment, "paymentType=RB&amount=1.00").json();
        assert_eq!(rebill["registrationId"], id);
        for kind in ["PA", "CD"] {
            let form = PAYMENT.replace("DB", kind);
            assert_eq!(code(&pay_with(&world, &id, &form)), "000.100.110", "{kind}");
        }
    }
}

#[test]
fn a_forgotten_card_is_gone() {
    let world = world();
    let id = kept(&world, VISA);
    assert!(read(&world, &id).kept.sealed.is_some());
    let path = format!("/v3/registrations/{id}");
    assert_eq!(told(&call(&world, "DELETE", &path, "")), (200, "000.100.110".to_owned()));
    assert_eq!(read(&world, &id).kept.sealed, None, "its number is wiped");
    let gone = (400, "100.150.202".to_owned());
    assert_eq!(shown(&world, &id), gone);
    assert_eq!(told(&call(&world, "DELETE", &path, "")), gone);
    assert_eq!(told(&pay_with(&world, &id, PAYMENT)), gone);
}

#[test]
fn a_card_is_kept_with_its_payment() {
    let world = world();
    for kind in ["DB", "PA", "CD"] {
        let form = format!("{}&createRegistration=true", card(kind, VISA));
        let reply = pay(&world, &form);
        let id = reply.json()["registrationId"].as_str().unwrap().to_owned();
        assert_eq!(shown(&world, &id), (200, "000.100.110".to_owned()));
        assert_eq!(code(&pay_with(&world, &id, PAYMENT)), "000.100.110");
    }
    let reply = pay(&world, &format!("{}&createRegistration=false", card("DB", VISA)));
    assert_eq!(reply.json()["registrationId"], Value::Null);
}

#[test]
fn a_declined_payment_keeps_no_card() {
    let world = world();
    let form = format!("{}&createRegistration=true", card("DB", VISA));
    let reply = pay(&world, &form.replace("Jane+Jones", "800.100.152"));
    assert_eq!(code(&reply), "800.100.152");
    if let Some(id) = reply.json()["registrationId"].as_str() {
        assert_eq!(shown(&world, id), (400, "100.150.202".to_owned()));
        assert_eq!(read(&world, id).kept.sealed, None);
    }
}

#[test]
fn a_card_waits_for_its_payers_proof() {
    let world = world();
    for (outcome, expected) in
        [("approve", "000.100.110"), ("reject", "100.150.202"), ("never", "100.150.202")]
    {
        let form = format!(
            "{}&createRegistration=true&shopperResultUrl=https://shop.example/",
            card("DB", CHALLENGED)
        );
        let reply = pay(&world, &form);
        let body = reply.json();
        let kept = body["registrationId"].as_str().unwrap();
        assert_eq!(shown(&world, kept), (400, "100.150.200".to_owned()));
        assert_eq!(code(&pay_with(&world, kept, PAYMENT)), "100.150.200");
        if outcome == "never" {
            world.clock.advance_ms(30 * 60 * 1_000);
            look(&world);
        } else {
            let secret = body["redirect"]["parameters"][0]["value"].as_str().unwrap();
            let form = format!("challenge={secret}&outcome={outcome}");
            let path = format!("/v3/threeDSecure/{}", id(&reply));
            assert_eq!(world.call_shop("POST", &path, "", &form).status, 303);
        }
        assert_eq!(shown(&world, kept).1, expected, "{outcome}");
        let is_sealed = read(&world, kept).kept.sealed.is_some();
        assert_eq!(is_sealed, outcome == "approve");
    }
}

#[test]
fn what_is_sealed_is_the_number_and_only_sealed() {
    let world = world();
    let id = kept(&world, VISA);
    let sealed = read(&world, &id).kept.sealed.unwrap();
    assert!(!sealed.contains(VISA), "{sealed}");
    let stored = world.platform.queries.read(|reader| {
        let mut found = Vec::new();
        reader.audit(&mut |record| {
            let text = format!("{record:?}");
            if text.contains(VISA) {
                found.push(text);
            }
        })?;
        Ok(found)
    });
    assert_eq!(world.block_on(stored).unwrap(), Vec::<String>::new());
}
