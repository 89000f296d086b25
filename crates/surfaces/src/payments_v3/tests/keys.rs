//! Goal: a request that is sent again under its key does nothing, and gets the first answer, byte
//! for byte, whatever has happened since.

use super::*;

fn keyed(world: &World, path: &str, key: &str, form: &str) -> Reply {
    call_with(world, "POST", path, &[("idempotency-key", key)], form)
}

/// Sends a request twice, with something between.
#[track_caller]
fn check(world: &World, path: &str, form: &str, between: impl FnOnce(&World, &Reply)) {
    let first = keyed(world, path, "key-1", form);
    assert_eq!(first.header("idempotent-replayed"), "", "{first:?}");
    between(world, &first);
    world.clock.advance_ms(3_600_000);
    let again = keyed(world, path, "key-1", form);
    assert_eq!((again.status, &again.body), (first.status, &first.body), "{path} {form}");
    assert_eq!(again.header("idempotent-replayed"), "true", "{again:?}");
    let other =
        keyed(world, path, "key-1", &form.replace("92.00", "91.00").replace("2034", "2035"));
    assert_eq!(told(&other), (422, "200.300.405".to_owned()), "{other:?}");
    check_frame(&other);
}

#[test]
fn the_first_answer_stays() {
    let world = world();
    let nothing = |_: &World, _: &Reply| {};
    check(&world, "/v3/payments", &card("DB", VISA), nothing);
    check(&world, "/v3/registrations", &card("DB", VISA), nothing);
    check(&world, "/v3/checkouts", checkouts::FORM, nothing);
    let declined = card("DB", VISA).replace("Jane+Jones", "800.100.153");
    let world = super::world();
    check(&world, "/v3/payments", &declined, nothing);
}

#[test]
fn it_stays_whatever_has_happened_since() {
    let world = world();
    check(&world, "/v3/payments", &card("PA", VISA), |world, first| {
        followed(world, &id(first), "paymentType=RV", "000.100.110");
    });
    let payment = paid(&world, &card("DB", VISA), "000.100.110");
    let path = format!("/v3/payments/{payment}");
    check(&world, &path, "paymentType=RV&descriptor=92.00", |_, _| {});
    let payment = paid(&world, &card("PA", VISA), "000.100.110");
    let path = format!("/v3/payments/{payment}");
    check(&world, &path, "paymentType=CP&amount=92.00", |world, _| {
        followed(world, &payment, "paymentType=RF&amount=92.00", "000.100.110");
    });
    let kept = id(&post(&world, "/v3/registrations", &card("DB", VISA)));
    let path = format!("/v3/registrations/{kept}/payments");
    let form = "paymentType=DB&amount=92.00&currency=SEK";
    check(&world, &path, form, |world, _| {
        let gone = call(world, "DELETE", &format!("/v3/registrations/{kept}"), "");
        assert_eq!(gone.status, 200, "{gone:?}");
    });
    check(&world, "/v3/registrations", &card("DB", VISA), |world, first| {
        let path = format!("/v3/registrations/{}", id(first));
        assert_eq!(call(world, "DELETE", &path, "").status, 200);
    });
    let checkout = id(&post(&world, "/v3/checkouts", checkouts::FORM));
    check(&world, &format!("/v3/checkouts/{checkout}"), "amount=92.00", |_, _| {});
}

/// A card is past its last month when the request comes again.
#[test]
fn it_stays_though_the_card_has_expired() {
    let world = world();
    let form = card("DB", VISA).replace("expiryMonth=05", "expiryMonth=11");
    let form = form.replace("2034", "2026");
    let first = keyed(&world, "/v3/payments", "key-1", &form);
    assert_eq!(code(&first), "000.100.110", "{first:?}");
    world.clock.set("2026-12-10T11:00:00.000Z");
    assert_eq!(code(&pay(&world, &form)), "100.100.303");
    let again = keyed(&world, "/v3/payments", "key-1", &form);
    assert_eq!((again.status, &again.body), (200, &first.body));
}

#[test]
fn a_key_is_for_one_path_and_its_parameters_in_any_order() {
    let world = world();
    let form = "paymentType=DB&amount=92.00&currency=SEK&card.number=4200000000000000\
        &card.expiryMonth=05&card.expiryYear=2034&card.cvv=123";
    let first = keyed(&world, "/v3/payments", "key-1", form);
    let mut turned: Vec<&str> = form.split('&').collect();
    turned.reverse();
    let again = keyed(&world, "/v3/payments", "key-1", &turned.join("&"));
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &first.body));
    let elsewhere = keyed(&world, "/v3/registrations", "key-1", form);
    assert_eq!(elsewhere.header("idempotent-replayed"), "");
    let other = keyed(&world, "/v3/payments", "key-1", &form.replace("cvv=123", "cvv=124"));
    assert_eq!(other.status, 422, "the code is a part of the request: {other:?}");
    for key in ["", " ", "a b", "ä", &"k".repeat(256)] {
        let request = Request::post("/v3/payments")
            .header("authorization", format!("Bearer {SHOP_TOKEN_3}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header(
                "idempotency-key",
                axum::http::HeaderValue::from_bytes(key.as_bytes()).unwrap(),
            );
        let reply = world.send(request.body(Body::from(form.to_owned())).unwrap());
        assert_eq!((reply.status, bad(&reply)), (400, vec!["Idempotency-Key".to_owned()]));
    }
}

#[test]
fn of_many_at_once_one_is_done() {
    let world = world();
    let forms = vec![card("DB", VISA); 8];
    let replies = at_once(&world, "/v3/payments", &[("idempotency-key", "key-1")], &forms);
    let bodies: std::collections::BTreeSet<&String> = replies.iter().map(|it| &it.body).collect();
    assert_eq!(bodies.len(), 1, "{replies:?}");
    let first = replies.iter().filter(|it| it.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1, "{replies:?}");
}

/// A PSP answers late: the repeat waits for the first answer.
#[test]
fn a_repeat_waits_for_the_first_answer() {
    let world = world();
    swish(&world);
    let forms = vec![over("SWISH", "DB"); 4];
    let replies = at_once(&world, "/v3/payments", &[("idempotency-key", "key-1")], &forms);
    for reply in &replies {
        assert_eq!((reply.status, &reply.body), (200, &replies[0].body));
    }
    assert_eq!(world.psps.seen.lock().unwrap().len(), 1, "it was asked for once");
}
