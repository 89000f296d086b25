//! Goal: what a merchant asks for twice under one name of its own is done once a day.

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn named(form: &str, name: &str) -> String {
    format!("{form}&merchantTransactionId={name}")
}

#[test]
fn the_same_is_done_once_a_day() {
    let world = world();
    let form = named(&card("DB", VISA), "order-4711");
    let first = paid(&world, &form, "000.100.110");
    let again = pay(&world, &form);
    assert_eq!(told(&again), (400, "800.110.100".to_owned()));
    assert_eq!(again.json()["id"], Value::Null);
    world.clock.advance_ms(DAY_MS - 1);
    assert_eq!(code(&pay(&world, &form)), "800.110.100");
    world.clock.advance_ms(1);
    let second = paid(&world, &form, "000.100.110");
    assert_ne!(first, second);
    assert_eq!(code(&pay(&world, &form)), "800.110.100");
    world.clock.advance_ms(DAY_MS);
    paid(&world, &form, "000.100.110");
}

#[test]
fn what_differs_is_something_else() {
    let world = world();
    let form = named(&card("DB", VISA), "order-4711");
    paid(&world, &form, "000.100.110");
    for (from, to) in [
        ("DB", "PA"),
        ("DB", "CD"),
        ("92.00", "92.01"),
        ("SEK", "EUR"),
        ("order-4711", "order-4712"),
        ("order-4711", "Order-4711"),
    ] {
        paid(&world, &form.replace(from, to), "000.100.110");
        assert_eq!(code(&pay(&world, &form.replace(from, to))), "800.110.100", "{from} {to}");
    }
    // Neither the brand nor how the amount is written is a difference.
    for (from, to) in [("92.00", "92"), ("4200000000000000", "5454545454545454")] {
        assert_eq!(code(&pay(&world, &form.replace(from, to))), "800.110.100", "{from} {to}");
    }
    paid(&world, &card("DB", VISA), "000.100.110");
    paid(&world, &card("DB", VISA), "000.100.110");
}

#[test]
fn what_was_declined_may_be_tried_again() {
    let world = world();
    let form = named(&card("DB", VISA), "order-4711");
    let declined = form.replace("Jane+Jones", "800.100.152");
    paid(&world, &declined, "800.100.152");
    paid(&world, &declined, "800.100.152");
    paid(&world, &form, "000.100.110");
    assert_eq!(code(&pay(&world, &declined)), "800.110.100");
}

#[test]
fn what_waits_counts() {
    let world = world();
    let told = swish(&world);
    let form = named(&over("SWISH", "DB"), "order-4711");
    let payment = paid(&world, &form, "000.200.000");
    assert_eq!(code(&pay(&world, &form)), "800.110.100");
    *told.lock().unwrap() = ("DECLINED", None);
    turn(&world);
    assert_eq!(standing(&world, &payment), "800.100.152");
    paid(&world, &form, "000.200.000");
}

/// Decision 52: a duplicate is told before what is not set up.
#[test]
fn a_duplicate_is_told_first() {
    let world = world();
    swish(&world);
    let form = named(&over("SWISH", "DB"), "order-4711");
    paid(&world, &form, "000.200.000");
    let change = payments::ChangePayee {
        customer: 3,
        terms: vec![(payments::Psp::Swish, "SWISH_ID".to_owned(), payments::TermStep::Delete)],
        actor: "test".to_owned(),
        ..payments::ChangePayee::default()
    };
    world.submit_payments(payments::Command::ChangePayee(change));
    assert_eq!(code(&pay(&world, &form)), "800.110.100");
    assert_eq!(code(&pay(&world, &over("SWISH", "DB"))), "600.200.800");
}

#[test]
fn each_capture_of_a_name_is_one() {
    let world = world();
    let payment = paid(&world, &card("PA", VISA), "000.100.110");
    let form = named("paymentType=CP&amount=10.00", "capture-1");
    followed(&world, &payment, &form, "000.100.110");
    followed(&world, &payment, &form, "800.110.100");
    followed(&world, &payment, &form.replace("capture-1", "capture-2"), "000.100.110");
}

#[test]
fn of_many_at_once_one_is_done() {
    let world = world();
    let forms = vec![named(&card("DB", VISA), "order-4711"); 6];
    let replies = at_once(&world, "/v3/payments", &[], &forms);
    let done = replies.iter().filter(|it| it.status == 200).count();
    let refused = replies.iter().filter(|it| code(it) == "800.110.100").count();
    assert_eq!((done, refused), (1, 5));
}
