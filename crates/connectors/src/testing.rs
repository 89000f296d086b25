//! What the tests of all PSPs stand on: a payment, an agreement, answers, and a way to show steps.

use std::collections::BTreeMap;
use std::fmt::Write;

use ledger::{Currency, Timestamp};
use payments::{
    Amount, Asked, Item, MerchantName, Method, Operation, Order, Payment, PaymentKind, Psp,
    Register, State, Task, Told,
};

use crate::agreement::required;
use crate::exchange::{Addresses, Agreement, Exchange, Response, Step, Work};
use crate::step;

/// The instruction of [`payment`].
pub(crate) const INSTRUCTION: &str = "0123456789ABCDEF0123456789ABCDEF";

/// The instruction of [`refund`].
pub(crate) const REFUND_INSTRUCTION: &str = "FEDCBA9876543210FEDCBA9876543210";

/// A payment of 125.00 SEK, 25.00 of which are tax, that nothing has been told of.
pub(crate) fn payment() -> Payment {
    Payment {
        number: 1001,
        kind: PaymentKind::Payment,
        method: Method::Klarna,
        merchant: MerchantName {
            customer: 7,
            merchant_id: "shop".to_owned(),
            company: "100".to_owned(),
            seller: "200".to_owned(),
        },
        amount: amount(12_500, 2_500),
        asked: Asked {
            consumer_id: "+46 71-234 56 78".to_owned(),
            consumer_name: "Anna Ek".to_owned(),
            terminal_reference: Some("T-17".to_owned()),
            message: Some("Kaffe & bullar".to_owned()),
            ..Asked::default()
        },
        original: None,
        instruction: INSTRUCTION.to_owned(),
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
        created_at: Timestamp(0),
        changed_at: Timestamp(0),
    }
}

/// A refund of 50.00 SEK of it.
pub(crate) fn refund() -> Payment {
    Payment {
        number: 1002,
        kind: PaymentKind::Refund,
        amount: amount(5_000, 1_000),
        original: Some(1001),
        instruction: REFUND_INSTRUCTION.to_owned(),
        ..payment()
    }
}

/// An amount in SEK.
pub(crate) fn amount(total_minor: i64, vat_minor: i64) -> Amount {
    let nominal_minor = total_minor - vat_minor;
    Amount { currency: Currency::SEK, total_minor, vat_minor, nominal_minor }
}

/// The payment, known at the PSP by these two names.
pub(crate) fn placed(reference: &str, second_reference: &str) -> Payment {
    let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
    let told = Told {
        reference: named(reference),
        second_reference: named(second_reference),
        ..Told::default()
    };
    Payment { told, is_placed: true, ..payment() }
}

/// The same once more.
pub(crate) fn repeated(payment: Payment) -> Payment {
    let task = Task {
        operation: Operation::Create,
        due_at: Timestamp(0),
        attempts: 3,
        cause: payments::Cause::Internal,
    };
    Payment { task: Some(task), ..payment }
}

/// The payment with an order.
pub(crate) fn with_order(payment: Payment, auto_capture: bool, items: Vec<Item>) -> Payment {
    let order = Order { items, ..Order::default() };
    let register = Register {
        auto_capture: Some(auto_capture.to_string()),
        order: Some(order),
        ..Register::default()
    };
    let asked = Asked { register: Some(register), ..payment.asked };
    Payment { asked, ..payment }
}

/// A line: name, quantity, price of one without tax, tax rate, tax and gross of the whole line.
pub(crate) fn item(name: &str, numbers: [i64; 5]) -> Item {
    let [quantity, unit_price, rate, tax, gross] = numbers;
    Item {
        item_no: Some(format!("no-{name}")),
        reference: None,
        name: Some(name.to_owned()),
        quantity: Some(quantity),
        unit: Some("pc".to_owned()),
        unit_price_minor: Some(unit_price),
        tax_rate: Some(rate),
        tax_minor: Some(tax),
        gross_minor: Some(gross),
        net_minor: Some(gross - tax),
    }
}

/// A complete agreement.
pub(crate) fn agreement(psp: Psp) -> Agreement {
    let mut values: BTreeMap<String, String> =
        required(psp).iter().map(|name| ((*name).to_owned(), format!("value of {name}"))).collect();
    match psp {
        Psp::Swish => drop(values.insert("SWISH_ID".to_owned(), "1234679304".to_owned())),
        Psp::Klarna => {
            values.insert("KLARNA_MERCHANT_ID".to_owned(), "K1".to_owned());
            values.insert("KLARNA_PASSWORD".to_owned(), "pw".to_owned());
        }
        Psp::Easy | Psp::Santander => {}
    }
    Agreement(values)
}

/// Where everything is.
pub(crate) fn addresses() -> Addresses {
    Addresses {
        callback: "https://kassa.test/callbacks/1001/s3cret".to_owned(),
        callback_secret: "00112233445566778899aabbccddeeff".to_owned(),
        done: "https://kassa.test/done".to_owned(),
        given_up: "https://kassa.test/given-up".to_owned(),
        terms: "https://kassa.test/terms".to_owned(),
        psp: "https://psp.test/".to_owned(),
    }
}

/// An answer without headers.
pub(crate) fn answer(status: u16, body: &str) -> Exchange {
    answer_with(status, &[], body)
}

/// An answer.
pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let headers =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Exchange::Answer(Response { status, headers, body: body.to_owned() })
}

/// What comes next of a work with a payment, or a refund of [`placed`].
pub(crate) fn next(
    psp: Psp,
    operation: Operation,
    payment: &Payment,
    original: Option<&Payment>,
    so_far: &[Exchange],
) -> Step {
    let (agreement, addresses) = (agreement(psp), addresses());
    let work = Work { operation, payment, original, agreement: &agreement, addresses: &addresses };
    step(psp, &work, so_far)
}

/// A step as text: a request with its headers, secrets replaced, and its body on many lines; or a
/// report in one line with what was told.
pub(crate) fn shown(step: &Step) -> String {
    match step {
        Step::Call(request) => {
            let mut text = format!("{} {}\n", request.verb.as_str(), request.path);
            for (name, value) in &request.headers {
                let value = if *name == "authorization" { &hidden(value) } else { value };
                writeln!(text, "{name}: {value}").unwrap();
            }
            if let Some(body) = &request.body {
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                writeln!(text, "{}", serde_json::to_string_pretty(&body).unwrap()).unwrap();
            }
            text
        }
        Step::Done(report) => {
            let told = &report.told;
            let mut text = format!("{:?}", report.standing);
            for (name, value) in [
                ("reference", &told.reference),
                ("second", &told.second_reference),
                ("payer", &told.payer),
                ("redirect", &told.redirect_url),
                ("token", &told.token),
                ("info", &told.info),
            ] {
                if let Some(value) = value {
                    write!(text, " {name}={value}").unwrap();
                }
            }
            text
        }
    }
}

fn hidden(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme @ ("Basic" | "Bearer"), _)) => format!("{scheme} ..."),
        Some(_) | None => "...".to_owned(),
    }
}

/// A whole course: each request, and in the end the report, as the answers come in.
pub(crate) fn transcript(
    psp: Psp,
    operation: Operation,
    payment: &Payment,
    original: Option<&Payment>,
    answers: &[Exchange],
) -> String {
    let steps = (0..=answers.len()).map(|count| {
        let so_far = answers.get(..count).unwrap();
        let step = next(psp, operation, payment, original, so_far);
        assert_eq!(matches!(step, Step::Done(_)), count == answers.len(), "{}", shown(&step));
        shown(&step)
    });
    steps.collect::<Vec<_>>().join("\n") + "\n"
}

/// The report after these answers, in one line.
pub(crate) fn outcome(
    psp: Psp,
    operation: Operation,
    payment: &Payment,
    original: Option<&Payment>,
    answers: &[Exchange],
) -> String {
    let step = next(psp, operation, payment, original, answers);
    assert!(matches!(step, Step::Done(_)), "one more call: {}", shown(&step));
    shown(&step)
}
