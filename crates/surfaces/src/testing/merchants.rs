//! What the world's merchants do: payments over PSPs, as commands bring them about.

use engine::effects::psp::{Exchange, Response};
use estate::Customer;
use ledger::{Currency, Date};
use payments::{
    Amount, Answer, Asked, BatchReport, ChangePayee, CloseDay, Command, Initialize, MerchantName,
    Method, Outcome, Payment, PaymentKind, Psp, Record, Report, Standing, TermStep, Told,
};

use super::{BEGIN, World};
use crate::PspScripts;

/// What the world's payers are called where they are called by a number.
pub(crate) const PAYER: &str = "0701234567";

/// A payment, refund or reversal to bring about.
pub(crate) struct Wanted<'w> {
    pub(crate) customer: i64,
    pub(crate) kind: PaymentKind,
    pub(crate) method: Method,
    pub(crate) consumer: &'w str,
    pub(crate) minor: i64,
    pub(crate) original: Option<&'w Payment>,
}

/// A payment of a merchant, and the card token or number of who pays.
pub(crate) fn wanted(customer: i64, method: Method, consumer: &str, minor: i64) -> Wanted<'_> {
    Wanted { customer, kind: PaymentKind::Payment, method, consumer, minor, original: None }
}

/// Scripts of simulators that take every outcome, and do nothing about it.
#[derive(Debug)]
pub(crate) struct Approving;

impl PspScripts for Approving {
    fn next(&self, _: Psp, _: &str, _: i64, _: u32) -> bool {
        true
    }
}

/// An answer of a PSP without a body.
pub(crate) fn psp_answers(status: u16) -> Exchange {
    Exchange::Answer(Response { status, headers: Vec::new(), body: String::new() })
}

impl World {
    /// Submits a command of payments and expects it to be granted.
    pub(crate) fn submit_payments(&self, command: Command) -> Answer {
        self.platform.engine.submit_blocking(command).unwrap()
    }

    /// Gives a merchant an agreement with a PSP, sealed as the operator API does.
    pub(crate) fn agree(&self, customer: i64, psp: Psp, values: &[(&str, &str)]) {
        let (vault, randomness) = (&self.platform.vault, self.platform.randomness.as_ref());
        let term = |(name, value): &(&str, &str)| {
            let sealed = vault.seal(randomness, customer, psp, name, value).unwrap();
            (psp, (*name).to_owned(), TermStep::Set(sealed))
        };
        let terms = values.iter().map(term).collect();
        let actor = "test".to_owned();
        let change = ChangePayee { customer, terms, actor, ..ChangePayee::default() };
        self.submit_payments(Command::ChangePayee(change));
    }

    /// Brings about a payment, refund or reversal. Nobody is told to do its task.
    pub(crate) fn initialize(&self, wanted: &Wanted<'_>) -> Payment {
        let customer = Customer::find(&self.platform.engine.directory(), wanted.customer).unwrap();
        let merchant = customer.merchant.unwrap();
        let mut bytes = [0; 16];
        self.platform.randomness.fill(&mut bytes);
        let vat_minor = wanted.minor / 5;
        let command = Initialize {
            online: None,
            kept: None,
            checkout: None,
            kind: wanted.kind,
            method: wanted.method,
            merchant: MerchantName {
                customer: wanted.customer,
                merchant_id: merchant.merchant_id,
                company: merchant.company_number,
                seller: merchant.seller_number,
            },
            amount: Amount {
                currency: Currency::SEK,
                total_minor: wanted.minor,
                vat_minor,
                nominal_minor: wanted.minor - vat_minor,
            },
            asked: Asked {
                consumer_id: wanted.consumer.to_owned(),
                consumer_name: "Åke Ödman".to_owned(),
                terminal_reference: Some(format!("T-{}", estate::draw::hex(&bytes[..4]))),
                ..Asked::default()
            },
            original: wanted.original.cloned().map(Box::new),
            instruction: estate::draw::hex(&bytes).to_uppercase(),
            actor: "test".to_owned(),
            idempotency: None,
        };
        payment_of(self.submit_payments(Command::Initialize(command)))
    }

    /// Records what a PSP says, in answer to the payment's task.
    pub(crate) fn record(&self, payment: &Payment, standing: Standing, told: Told) -> Payment {
        let record = Record {
            payment: payment.number,
            original: payment.original,
            task: payment.task.unwrap(),
            report: Report { standing, told },
        };
        payment_of(self.submit_payments(Command::Record(record)))
    }

    /// A payment of merchant 3 over Klarna that waits for its capture.
    pub(crate) fn reserved_at_klarna(&self, minor: i64) -> Payment {
        let values = [("KLARNA_MERCHANT_ID", "PK1_1"), ("KLARNA_PASSWORD", "klarna-word")];
        self.agree(3, Psp::Klarna, &values);
        let payment = self.initialize(&wanted(3, Method::Klarna, PAYER, minor));
        let told = Told {
            reference: Some("session-1".to_owned()),
            second_reference: Some("order-1".to_owned()),
            payer: Some("Åke Ödman, 0701234567".to_owned()),
            redirect_url: Some("https://pay.klarna.example/session-1".to_owned()),
            ..Told::default()
        };
        self.record(&payment, Standing::Reserved, told)
    }

    /// Takes payments of a merchant into the report of the world's first day.
    pub(crate) fn close_day(&self, customer: i64, payments: &[&Payment]) -> BatchReport {
        let close = CloseDay {
            customer,
            day: Date::parse(&BEGIN[..10]).unwrap(),
            until: self.platform.now(),
            payments: payments.iter().map(|payment| payment.number).collect(),
        };
        let answer = self.submit_payments(Command::CloseDay(close));
        let Outcome::Report(report) = answer.done else { panic!("{answer:?}") };
        report
    }
}

fn payment_of(answer: Answer) -> Payment {
    let Outcome::Payment(payment, _) = answer.done else { panic!("{answer:?}") };
    *payment
}
