//! Receivers of notifications, as tests have them.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use engine::effects::notifications::Office;
use engine::effects::post::{Delivery, Letter, Post, Posting, Refused};
use engine::{Clock, Courier, Handle, Queries, Randomness};
use ledger::Currency;
use payments::online::Online;
use payments::payment::{Amount, Asked, Cause, MerchantName};
use payments::{Command, Initialize, Method, Outcome, PaymentKind, Record, Report, Standing, Task};

use super::World;
use crate::Vault;

/// A post that keeps what it is given, and answers as the test says: 200 without a word from it.
#[derive(Default)]
pub(crate) struct TestPost {
    /// What was sent so far.
    pub(crate) letters: Mutex<Vec<Letter>>,
    /// What receivers answer; 0 stands for 200.
    pub(crate) status: AtomicU16,
}

impl Post for TestPost {
    fn check(&self, url: &str) -> Result<(), Refused> {
        match url.split_once("://") {
            Some(("https", host)) if !host.is_empty() => Ok(()),
            Some(("https", _)) | None => Err(Refused::NoUrl),
            Some(_) => Err(Refused::Scheme),
        }
    }

    fn send(&self, letter: Letter) -> Posting<'_> {
        self.letters.lock().unwrap().push(letter);
        let status = match self.status.load(Ordering::SeqCst) {
            0 => 200,
            status => status,
        };
        Box::pin(std::future::ready(Delivery::Answer { status, retry_after_seconds: None }))
    }
}

/// A courier that works with it.
pub(crate) fn courier(
    engine: &Handle,
    queries: &Queries,
    clock: Arc<dyn Clock>,
    vault: &Arc<Vault>,
    randomness: Arc<dyn Randomness>,
) -> (Courier, Arc<TestPost>) {
    let (post, directory) = (Arc::new(TestPost::default()), engine.clone());
    let office = Office {
        post: Arc::<TestPost>::clone(&post),
        opener: Arc::<Vault>::clone(vault),
        compose: Arc::new(move |payment| {
            crate::payments_v3::notification(&directory.directory(), payment)
        }),
        randomness,
        haste: 1,
    };
    (Courier::new(engine.clone(), queries.clone(), clock, office), post)
}

impl World {
    /// A payment over payments v3 of a merchant that has an agreement with Swish. The PSP has
    /// called to tell that it is paid, so that the merchant is notified.
    pub(crate) fn pay_online(&self, customer: i64) -> i64 {
        let initialize = Initialize {
            kind: PaymentKind::Payment,
            method: Method::Swish,
            merchant: MerchantName {
                customer,
                merchant_id: "KA1".to_owned(),
                company: "100".to_owned(),
                seller: "654".to_owned(),
            },
            amount: Amount {
                currency: Currency::SEK,
                total_minor: 10_000,
                vat_minor: 0,
                nominal_minor: 10_000,
            },
            asked: Asked::default(),
            original: None,
            online: Some(Online {
                brand: "SWISH".to_owned(),
                notification_url: Some("https://own.example/n".to_owned()),
                ..Online::default()
            }),
            kept: None,
            checkout: None,
            instruction: self.platform.uuid().replace('-', "").to_ascii_uppercase(),
            actor: "shop".to_owned(),
            idempotency: None,
        };
        let submit = |command: Command| self.platform.engine.submit_blocking(command).unwrap().done;
        let Outcome::Payment(payment, _) = submit(Command::Initialize(initialize)) else {
            panic!("it comes to a payment")
        };
        let task = Task { cause: Cause::Callback, ..payment.task.unwrap() };
        let (payment, report) = (payment.number, Report::new(Standing::Paid));
        submit(Command::Record(Record { payment, original: None, task, report }));
        payment
    }
}
