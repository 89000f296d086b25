//! Goal: over PSPs, what is not decided is pending and never declined, and what the PSP says later
//! is what the payment comes to; captures and refunds go the same way.

use super::*;

#[test]
fn swish_is_pending_until_it_says() {
    for (status, error, expected) in [
        ("PAID", None, "000.100.110"),
        ("DECLINED", None, "800.100.152"),
        ("CANCELLED", None, "100.396.101"),
        ("ERROR", Some("TM01"), "100.396.104"),
        ("ERROR", Some("FF08"), "900.100.200"),
    ] {
        let world = world();
        let told = swish(&world);
        let reply = pay(&world, &over("SWISH", "DB"));
        assert_eq!(super::told(&reply), (200, "000.200.000".to_owned()), "{reply:?}");
        assert_eq!(reply.json()["redirect"], Value::Null, "nobody is sent anywhere");
        let payment = id(&reply);
        turn(&world);
        assert_eq!(standing(&world, &payment), "000.200.000");
        *told.lock().unwrap() = (status, error);
        world.clock.advance_ms(60_000);
        look(&world);
        let found = standing(&world, &payment);
        assert_eq!(found, expected, "{status} {error:?}");
        let shown = get(&world, &format!("/v3/payments/{payment}"));
        assert_eq!(shown.status, if expected == "000.100.110" { 200 } else { 400 });
    }
}

#[test]
fn what_nobody_knows_is_pending() {
    let world = world();
    for exchange in [Exchange::NotSent, Exchange::Lost] {
        let says = exchange.clone();
        world.psps.answer(move |_, _| says.clone());
        let payment = paid(&world, &over("SWISH", "DB"), "000.200.000");
        for _ in 0..5 {
            turn(&world);
            assert_eq!(standing(&world, &payment), "000.200.000");
        }
        world.clock.advance_ms(31 * 60 * 1_000);
        look(&world);
        // What certainly was never sent cannot be paid any more; of everything else, silence tells
        // nothing.
        let is_sent = exchange == Exchange::Lost;
        let expected = if is_sent { "000.200.000" } else { "100.396.104" };
        assert_eq!(standing(&world, &payment), expected);
    }
}

#[test]
fn a_refund_over_swish_is_pending_too() {
    let world = world();
    let told = swish(&world);
    let payment = paid(&world, &over("SWISH", "DB"), "000.200.000");
    followed(&world, &payment, "paymentType=RF&amount=1.00", "700.400.570");
    *told.lock().unwrap() = ("PAID", None);
    turn(&world);
    assert_eq!(standing(&world, &payment), "000.100.110");
    world.psps.answer(|_, request| {
        let status = if request.verb.as_str() == "PUT" { 201 } else { 200 };
        let body = json!({ "status": "VALIDATED", "amount": 50.00, "currency": "SEK" });
        Exchange::Answer(Response { status, headers: Vec::new(), body: body.to_string() })
    });
    let refund = followed(&world, &payment, "paymentType=RF&amount=50.00", "000.200.000");
    followed(&world, &payment, "paymentType=RF&amount=42.01", "700.400.200");
    followed(&world, &refund, "paymentType=RF&amount=1.00", "700.400.570");
    world.psps.answer(|_, _| {
        let body = json!({ "status": "PAID", "amount": 50.00, "currency": "SEK" });
        Exchange::Answer(Response { status: 200, headers: Vec::new(), body: body.to_string() })
    });
    world.clock.advance_ms(60_000);
    look(&world);
    assert_eq!(standing(&world, &refund), "000.100.110");
    followed(&world, &payment, "paymentType=CP&amount=1.00", "700.400.510");
    for kind in ["RB", "CD"] {
        let form = format!("paymentType={kind}&amount=1.00");
        followed(&world, &payment, &form, "600.200.310");
    }
}

/// A stand-in of Klarna's with one order.
#[derive(Clone, Debug)]
struct Klarna {
    page: &'static str,
    /// The status of captures.
    capture: u16,
    /// What reads of the order say: its status and what was captured.
    order: (&'static str, i64),
    reference: String,
}

fn klarna(world: &World) -> Arc<Mutex<Klarna>> {
    let klarna = Arc::new(Mutex::new(Klarna {
        page: "WAITING",
        capture: 201,
        order: ("AUTHORIZED", 0),
        reference: String::new(),
    }));
    let it = Arc::clone(&klarna);
    world.psps.answer(move |_, request| {
        let mut it = it.lock().unwrap();
        let path = request.path.as_str();
        let is_read = request.verb.as_str() == "GET";
        let (status, body) = if path == "/payments/v1/sessions" {
            let sent: Value = serde_json::from_str(request.body.as_ref().unwrap()).unwrap();
            it.reference = sent["merchant_reference1"].as_str().unwrap().to_owned();
            (200, json!({ "session_id": "kp-1", "client_token": "x" }))
        } else if path == "/hpp/v1/sessions" {
            let page = "https://pay.klarna.example/hpp-1";
            (201, json!({ "session_id": "hpp-1", "redirect_url": page }))
        } else if path.starts_with("/hpp/") {
            let order = (it.page == "COMPLETED").then_some("o-1");
            (200, json!({ "session_id": "hpp-1", "status": it.page, "order_id": order }))
        } else if is_read {
            let (status, captured) = it.order;
            (200, json!({
                "order_id": "o-1", "status": status, "fraud_status": "ACCEPTED",
                "order_amount": 9200, "original_order_amount": 9200, "captured_amount": captured,
                "refunded_amount": 0, "remaining_authorized_amount": 9200 - captured,
                "purchase_currency": "SEK", "merchant_reference1": it.reference,
                "captures": [], "refunds": []
            }))
        } else if path.ends_with("/captures") && it.capture != 201 {
            (it.capture, json!({ "error_code": "CAPTURE_NOT_ALLOWED", "error_messages": ["no"] }))
        } else {
            (if path.ends_with("/cancel") { 204 } else { 201 }, Value::Null)
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        Exchange::Answer(Response { status, headers: Vec::new(), body })
    });
    klarna
}

/// A preauthorization over Klarna that the payer has approved.
fn reserved(world: &World, klarna: &Mutex<Klarna>) -> String {
    let reply = pay(world, &over("KLARNA", "PA"));
    assert_eq!(told(&reply), (200, "000.200.000".to_owned()), "{reply:?}");
    let redirect = &reply.json()["redirect"];
    let page = json!({ "url": "https://pay.klarna.example/hpp-1", "method": "GET" });
    assert_eq!(redirect, &page);
    let payment = id(&reply);
    followed(world, &payment, "paymentType=CP&amount=1.00", "700.400.570");
    klarna.lock().unwrap().page = "COMPLETED";
    world.clock.advance_ms(60_000);
    look(world);
    assert_eq!(standing(world, &payment), "000.100.110");
    payment
}

#[test]
fn a_capture_over_klarna_is_done_once() {
    let world = world();
    let klarna = klarna(&world);
    let payment = reserved(&world, &klarna);
    followed(&world, &payment, "paymentType=CP&amount=92.01", "700.400.100");
    followed(&world, &payment, "paymentType=RF&amount=1.00", "700.400.520");
    let capture = follow(&world, &payment, "paymentType=CP&amount=50.00");
    assert_eq!(told(&capture), (200, "000.100.110".to_owned()), "{capture:?}");
    // A PSP lets go of the rest in its own time.
    followed(&world, &payment, "paymentType=CP&amount=1.00", "700.400.100");
    followed(&world, &payment, "paymentType=RF&amount=50.01", "700.400.200");
    let refund = follow(&world, &payment, "paymentType=RF&amount=20.00");
    assert_eq!(code(&refund), "000.100.110", "{refund:?}");
    followed(&world, &payment, "paymentType=RF&amount=30.01", "700.400.200");
    let of_capture = follow(&world, &id(&capture), "paymentType=RF&amount=30.00");
    assert_eq!(code(&of_capture), "000.100.110", "{of_capture:?}");
    followed(&world, &payment, "paymentType=RF&amount=0.01", "700.400.200");
}

#[test]
fn a_capture_that_klarna_refuses_may_be_tried_again() {
    let world = world();
    let klarna = klarna(&world);
    let payment = reserved(&world, &klarna);
    klarna.lock().unwrap().capture = 403;
    let capture = follow(&world, &payment, "paymentType=CP&amount=50.00");
    assert_eq!(told(&capture), (400, "800.100.152".to_owned()), "{capture:?}");
    assert_eq!(standing(&world, &payment), "000.100.110");
    klarna.lock().unwrap().capture = 201;
    followed(&world, &payment, "paymentType=CP&amount=60.00", "000.100.110");
    followed(&world, &payment, "paymentType=RF&amount=60.00", "000.100.110");
}

#[test]
fn a_capture_of_which_nobody_knows_is_pending() {
    let world = world();
    let klarna = klarna(&world);
    let payment = reserved(&world, &klarna);
    klarna.lock().unwrap().capture = 500;
    let capture = followed(&world, &payment, "paymentType=CP&amount=50.00", "000.200.000");
    followed(&world, &payment, "paymentType=CP&amount=1.00", "700.400.100");
    for _ in 0..3 {
        world.clock.advance_ms(60_000);
        look(&world);
        assert_eq!(standing(&world, &capture), "000.200.000");
    }
    klarna.lock().unwrap().capture = 201;
    world.clock.advance_ms(600_000);
    look(&world);
    assert_eq!(standing(&world, &capture), "000.100.110");
    assert_eq!(standing(&world, &payment), "000.100.110");
    followed(&world, &payment, "paymentType=RF&amount=50.00", "000.100.110");
}

#[test]
fn a_preauthorization_over_klarna_is_voided_once() {
    let world = world();
    let klarna = klarna(&world);
    let payment = reserved(&world, &klarna);
    let void = follow(&world, &payment, "paymentType=RV");
    assert_eq!((code(&void), &void.json()["amount"]), ("000.100.110".to_owned(), &json!("92.00")));
    followed(&world, &payment, "paymentType=RV", "700.400.300");
    followed(&world, &payment, "paymentType=CP&amount=1.00", "700.400.300");
}

#[test]
fn a_debit_over_klarna_is_captured_by_itself() {
    let world = world();
    let klarna = klarna(&world);
    let payment = paid(&world, &over("KLARNA", "DB"), "000.200.000");
    klarna.lock().unwrap().page = "COMPLETED";
    for _ in 0..3 {
        world.clock.advance_ms(60_000);
        look(&world);
    }
    assert_eq!(standing(&world, &payment), "000.100.110");
    followed(&world, &payment, "paymentType=CP&amount=1.00", "700.400.510");
    followed(&world, &payment, "paymentType=RF&amount=92.00", "000.100.110");
    followed(&world, &payment, "paymentType=RV", "700.400.300");
}

#[test]
fn payers_who_give_up_are_told_apart() {
    for (page, expected) in [
        ("CANCELLED", "100.396.101"),
        ("FAILED", "800.100.152"),
        ("TIMEOUT", "100.396.104"),
        ("ERROR", "900.100.200"),
    ] {
        let world = world();
        let klarna = klarna(&world);
        let payment = paid(&world, &over("KLARNA", "PA"), "000.200.000");
        klarna.lock().unwrap().page = page;
        world.clock.advance_ms(60_000);
        look(&world);
        assert_eq!(standing(&world, &payment), expected, "{page}");
        followed(&world, &payment, "paymentType=CP&amount=1.00", "700.300.200");
    }
}
