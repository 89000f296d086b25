//! What is written of a payment is read back the same, and how it is found.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::order::Item;

fn optional_text() -> impl Strategy<Value = Option<String>> {
    option::of(any::<String>())
}

fn optional_number() -> impl Strategy<Value = Option<i64>> {
    option::of(any::<i64>())
}

fn item() -> impl Strategy<Value = Item> {
    let texts = (optional_text(), optional_text(), optional_text(), optional_text());
    let numbers = vec(optional_number(), 6);
    (texts, numbers).prop_map(|((item_no, reference, name, unit), numbers)| Item {
        item_no,
        reference,
        name,
        unit,
        quantity: numbers[0],
        unit_price_minor: numbers[1],
        tax_rate: numbers[2],
        tax_minor: numbers[3],
        gross_minor: numbers[4],
        net_minor: numbers[5],
    })
}

fn register() -> impl Strategy<Value = Register> {
    let order = (vec(item(), 0..12), optional_number(), optional_text(), optional_text()).prop_map(
        |(items, amount_minor, currency, reference)| Order {
            items,
            amount_minor,
            currency,
            reference,
        },
    );
    let texts = vec(optional_text(), 4);
    (texts, option::of(order)).prop_map(|(texts, order)| Register {
        version: texts[0].clone(),
        reference: texts[1].clone(),
        language: texts[2].clone(),
        auto_capture: texts[3].clone(),
        order,
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    let texts = (any::<String>(), any::<String>(), vec(optional_text(), 4));
    let properties = vec((any::<String>(), any::<String>()), 0..12);
    (texts, optional_number(), option::of(register()), properties).prop_map(
        |((consumer_id, consumer_name, texts), batch, register, properties)| Asked {
            consumer_id,
            consumer_name,
            terminal_reference: texts[0].clone(),
            original_reference: texts[1].clone(),
            message: texts[2].clone(),
            trigger: texts[3].clone(),
            batch,
            register,
            properties,
        },
    )
}

fn task() -> impl Strategy<Value = Task> {
    let operation = prop_oneof![
        Just(Operation::Create),
        Just(Operation::Read),
        Just(Operation::Cancel),
        any::<i64>().prop_map(|minor| Operation::Capture { minor }),
    ];
    (operation, any::<i64>(), any::<i64>(), select(&Cause::ALL[..])).prop_map(
        |(operation, due_at, attempts, cause)| Task {
            operation,
            due_at: Timestamp(due_at),
            attempts,
            cause,
        },
    )
}

prop_compose! {
    /// What is the same for all of its life.
    fn new()(
        number in any::<i64>(),
        kind in select(&PaymentKind::ALL[..]),
        method in select(&Method::ALL[..]),
        customer in any::<i64>(),
        texts in vec(any::<String>(), 4),
        minor in vec(any::<i64>(), 3),
        code in select(vec!["SEK", "NOK", "EUR"]),
        asked in asked(),
        original in optional_number(),
        created_at in any::<i64>(),
    ) -> Payment {
        Payment {
            number,
            kind,
            method,
            merchant: MerchantName {
                customer,
                merchant_id: texts[0].clone(),
                company: texts[1].clone(),
                seller: texts[2].clone(),
            },
            amount: Amount {
                currency: Currency::parse(code).unwrap(),
                total_minor: minor[0],
                vat_minor: minor[1],
                nominal_minor: minor[2],
            },
            asked,
            original,
            instruction: texts[3].clone(),
            state: State::Initialized,
            transitions: Vec::new(),
            told: Told::default(),
            captured_minor: 0,
            captures: Vec::new(),
            refunded_minor: 0,
            reversal: None,
            task: None,
            ends_as: None,
            is_placed: false,
            unsent: 0,
            attention: None,
            report: None,
            online: None,
            created_at: Timestamp(created_at),
            changed_at: Timestamp(created_at),
        }
    }
}

prop_compose! {
    fn payment()(
        new in new(),
        events in vec((select(&Event::ALL[..]), select(&Cause::ALL[..]), any::<i64>()), 0..30),
        told in vec(optional_text(), 6),
        minor in vec(any::<i64>(), 2),
        numbers in vec(optional_number(), 2),
        task in option::of(task()),
        is_placed in any::<bool>(),
        attention in optional_text(),
    ) -> Payment {
        let mut payment = Payment {
            told: Told {
                reference: told[0].clone(),
                second_reference: told[1].clone(),
                payer: told[2].clone(),
                redirect_url: told[3].clone(),
                token: told[4].clone(),
                info: told[5].clone(),
            },
            captured_minor: minor[0],
            refunded_minor: minor[1],
            reversal: numbers[0],
            report: numbers[1],
            task,
            is_placed,
            attention,
            ..new
        };
        payment.pass(Event::Create, Cause::Call, payment.created_at);
        for (event, cause, at) in events {
            payment.pass(event, cause, Timestamp(at));
        }
        payment
    }
}

proptest! {
    #[test]
    fn payments_are_read_again(payment in payment()) {
        let document = payment.document();
        prop_assert_eq!(Payment::of(&document), Some(payment.clone()));
        prop_assert_eq!(document.lists.contains(TASKS), payment.task.is_some());
        prop_assert_eq!(document.lists.contains(ATTENTION), payment.attention.is_some());
    }

    /// Nothing of a document may be lost without being missed.
    #[test]
    fn what_lacks_a_field_is_no_payment(payment in payment()) {
        let document = payment.document();
        for name in ["kind", "method", "customer", "currency", "total", "state", "transitions"] {
            let mut document = document.clone();
            document.fields.set(name, None);
            prop_assert_eq!(Payment::of(&document), None);
        }
    }
}

#[test]
fn words_are_read_again() {
    for kind in PaymentKind::ALL {
        assert_eq!(PaymentKind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(PaymentKind::parse_aapay("purchase"), Some(PaymentKind::Payment));
    for cause in Cause::ALL {
        assert_eq!(Cause::parse(cause.as_str()), Some(cause));
    }
    assert_eq!((PaymentKind::parse("Refund"), Cause::parse("")), (None, None));
}

#[test]
fn what_was_asked_is_understood() {
    let asked = |trigger: Option<&str>, auto: Option<&str>| Asked {
        trigger: trigger.map(str::to_owned),
        register: Some(Register { auto_capture: auto.map(str::to_owned), ..Register::default() }),
        properties: vec![("Kassa".to_owned(), "7".to_owned())],
        ..Asked::default()
    };
    let cases = [
        (asked(None, None), false, false),
        (asked(Some("0"), Some("false")), false, false),
        (asked(Some("2"), Some("true")), true, true),
        (asked(Some("2 "), Some("TRUE")), false, true),
        (Asked::default(), false, false),
    ];
    for (asked, is_qr, is_auto_capture) in cases {
        assert_eq!((asked.is_qr(), asked.is_auto_capture()), (is_qr, is_auto_capture), "{asked:?}");
    }
    let asked = asked(None, None);
    assert_eq!((asked.property("KASSA"), asked.property("x")), (Some("7"), None));
    assert_eq!(asked.order(), None);
}

/// Texts of a PSP's are bounded, and what it does not tell stays.
#[test]
fn what_a_psp_tells_is_cut() {
    let mut world = crate::world::World::new();
    world.steps("pay");
    let mut payment = world.named("p");
    let long = "å".repeat(TOLD_CHARS_MAX + 1);
    payment.hear(Told { payer: Some("a".to_owned()), info: Some(long), ..Told::default() });
    payment.hear(Told::default());
    assert_eq!(payment.told.payer.as_deref(), Some("a"));
    assert_eq!(payment.told.info.map(|info| info.chars().count()), Some(TOLD_CHARS_MAX));
}

/// By which names and lists a payment is found in each state.
#[test]
fn what_is_final_gives_up_its_name() {
    let cases = [
        ("pay reference=t", true, true),
        ("pay reference=t; tell p paid", true, true),
        ("pay reference=t; tell p paid; close p", false, false),
        ("pay reference=t; tell p declined", false, false),
        ("pay reference=t; keep p; tell p expired", false, false),
        ("pay reference=t; keep p; tell p expired; tell p paid task=kept", false, true),
    ];
    for (steps, is_named, is_unreported) in cases {
        let mut world = crate::world::World::new();
        world.steps(steps);
        let document = world.named("p").document();
        let name = Payment::reference_name(2, PaymentKind::Payment, "t");
        let names: BTreeSet<String> = is_named.then_some(name).into_iter().collect();
        assert_eq!(document.names, names, "{steps}");
        let unreported = Payment::unreported_list(2);
        assert_eq!(document.lists.contains(&unreported), is_unreported, "{steps}");
        assert!(document.lists.contains(&Payment::reference_list(2, "t")), "{steps}");
        assert!(document.lists.contains(&Payment::merchant_list(2)), "{steps}");
    }
}

/// A history that has no end is cut off, and nothing is lost by it.
#[test]
fn a_payment_remembers_so_many_transitions() {
    let mut world = crate::world::World::new();
    world.steps("pay");
    let mut payment = world.named("p");
    let now = payment.created_at;
    while payment.pass(Event::Resend, Cause::Internal, now)
        || payment.pass(Event::Age, Cause::Internal, now)
    {}
    assert_eq!(payment.transitions.len(), TRANSITIONS_MAX);
    assert_eq!(Payment::of(&payment.document()), Some(payment));
}
