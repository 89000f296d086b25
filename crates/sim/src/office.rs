//! The office that adds customers and packages while others pay.
//!
//! Goal: what is not about money is no less acknowledged, done once and kept. Method: one request
//! at a time, under a key, repeated until it has an answer, through the same faults and in the same
//! batches as everything else.

use engine::{SubmitError, Verb as _, Work};
use estate::change_customer::AddCustomer;
use estate::command::Outcome;
use estate::package::AddPackage;
use estate::{Command, Customer, Draw};
use ledger::{Directory, Fingerprint, Idempotency, Key};

use crate::prng::Prng;

/// Where its keys begin, so that they are nobody else's.
const KEYS: u128 = 0xee << 120;

/// What it has asked for, and what it was told.
#[derive(Default)]
pub(crate) struct Office {
    asked: u64,
    waiting: Option<Command>,
    answered: Vec<(Command, Outcome)>,
}

impl Office {
    /// What it asks for now: what it has no answer to, or something new.
    pub(crate) fn ask(&mut self, prng: &mut Prng) -> Work {
        let command = match self.waiting.take() {
            Some(command) => command,
            None => self.think(prng),
        };
        self.waiting = Some(command.clone());
        command.work()
    }

    /// What it still has no answer to.
    pub(crate) fn waits_for(&self) -> Option<Work> {
        self.waiting.clone().map(Command::work)
    }

    fn think(&mut self, prng: &mut Prng) -> Command {
        self.asked += 1;
        let bytes = (KEYS + u128::from(self.asked)).to_be_bytes();
        let idempotency = Some(Idempotency { key: Key(bytes), fingerprint: Fingerprint(bytes) });
        let mut draw = [0; 32];
        draw[..16].copy_from_slice(&bytes);
        let known = self.customers().last().map(|customer| customer.number);
        let (name, actor) = (format!("Kund {} \u{e5}", self.asked), "office".to_owned());
        match known {
            Some(customer) if prng.per_mille(400) => Command::AddPackage(AddPackage {
                customer,
                name,
                model_name: "ALL".to_owned(),
                notes: None,
                size: 1,
                sha256: String::new(),
                actor,
                idempotency,
            }),
            Some(_) | None => Command::AddCustomer(AddCustomer {
                parent: known.filter(|_| prng.per_mille(700)).unwrap_or(0),
                name,
                organisation_number: "5560000000".to_owned(),
                draw: Draw(draw),
                actor,
                idempotency,
            }),
        }
    }

    fn customers(&self) -> impl Iterator<Item = &Customer> {
        self.answered.iter().filter_map(|(_, outcome)| {
            let Outcome::Customer(customer) = outcome else { return None };
            Some(customer)
        })
    }

    /// Hears the answer, or that there is none.
    pub(crate) fn hear(&mut self, reply: Result<estate::Answer, SubmitError<estate::Refusal>>) {
        match reply {
            Ok(answer) => {
                let asked = self.waiting.take().expect("nobody answers unasked");
                self.answered.push((asked, answer.done));
            }
            Err(SubmitError::Refused(refusal)) => panic!("{:?}: {refusal}", self.waiting),
            Err(SubmitError::Overloaded) => unreachable!("nothing here has a queue"),
            // No answer: ask again.
            Err(SubmitError::NotDone | SubmitError::Unknown | SubmitError::Bug) => {}
        }
    }

    /// All that was answered is in the directory once, with numbers that follow each other, and
    /// nothing else but perhaps what it waits for.
    pub(crate) fn check(&self, directory: &Directory) {
        let answered: Vec<&Customer> = self.customers().collect();
        let stored: Vec<Customer> = directory
            .documents_on(estate::customer::CUSTOMERS)
            .map(|found| Customer::of(found).expect("a customer can be read"))
            .collect();
        let more = usize::from(matches!(self.waiting, Some(Command::AddCustomer(_))));
        assert!((answered.len()..=answered.len() + more).contains(&stored.len()), "{stored:?}");
        assert!(stored.iter().zip(answered).all(|(stored, answered)| stored == answered));
        for (number, customer) in (1..).zip(&stored) {
            assert_eq!(customer.number, number, "numbers follow each other");
        }
    }

    /// All that was answered, to be asked again.
    pub(crate) fn answered(&self) -> &[(Command, Outcome)] {
        &self.answered
    }
}
