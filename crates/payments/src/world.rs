//! A small world for tests: a memory store with one merchant, what it has agreed with every PSP,
//! one card on the ledger, a clock that the test moves, and a language of one line per case in
//! which the commands' tests are written.
//!
//! A step is a verb and what differs from its usual parameters: `refund of=p amount=50.00 as=r`.
//! Steps joined by `;` run one after the other, by `+` in one batch. After every case the books
//! must be in order.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use std::collections::BTreeMap;

use ledger::add_card::add_card;
use ledger::audit::Auditor;
use ledger::configure::{add_company, add_seller};
use ledger::document::Kind;
use ledger::open_account::open_account;
use ledger::{
    AccountId, AccountNo, AddCard, AddCompany, AddSeller, Books, CardToken, ChangeCard, Currency,
    Decimal, Document, Fields, Fingerprint, Idempotency, Key, OpenAccount, ReadSet, Row, Timestamp,
    Zone,
};
use store::{MemoryStore, Part, Record as Seen, Store as _};

use crate::payment::{Amount, Asked, MerchantName, PAYMENTS, Register};
use crate::report::{Report, Standing, Told};
use crate::{
    Age, Answer, Begin, Capture, ChangePayee, CloseDay, Command, Initialize, Method, Online,
    Operation, Outcome, Payment, PaymentKind, PaymentType, Psp, Record, Refusal, Settle, Task,
    TermStep, Wake,
};

/// Noon in Stockholm.
const NOW: &str = "2026-11-20T11:00:00Z";

/// The merchant.
pub(crate) const CUSTOMER: i64 = 2;

/// A card whose holder may owe 500.00 SEK.
const CARD: &str = "card-a";

/// All that a PSP can say.
pub(crate) const STANDINGS: [(&str, Standing); 11] = [
    ("unknown", Standing::Unknown),
    ("notdone", Standing::NotDone),
    ("missing", Standing::Missing),
    ("waiting", Standing::Waiting),
    ("reserved", Standing::Reserved),
    ("paid", Standing::Paid),
    ("refused", Standing::Refused),
    ("declined", Standing::Declined),
    ("cancelled", Standing::Cancelled),
    ("expired", Standing::Expired),
    ("failed", Standing::Failed),
];

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) now: Timestamp,
    account: AccountId,
    drawn: u32,
    names: BTreeMap<String, i64>,
    /// A task that somebody has begun and not told of yet.
    kept: Option<Task>,
}

/// Runs a table: what happened before, a request, its answer, and how named payments and the
/// card's account stand after it. See [`World::shown`].
#[track_caller]
pub(crate) fn check(table: &str) {
    let rows = table.trim().lines().map(str::trim).filter(|row| !row.is_empty());
    for row in rows.skip(1) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let mut world = World::new();
        for answer in world.steps(cells[0]) {
            assert!(answer.is_ok(), "{row}: {answer:?}");
        }
        let before = world.all();
        let answer = world.steps(cells[1]).pop().expect("a request");
        let shown = match &answer {
            Ok(answer) => world.answer(answer),
            Err(refusal) => format!("{refusal:?}"),
        };
        assert_eq!(shown, cells[2], "{row}");
        if answer.is_err() && !cells[1].contains('+') {
            assert_eq!(world.all(), before, "{row}");
        }
        let others = cells.get(3).copied().unwrap_or_default();
        for other in others.split(',').map(str::trim).filter(|other| !other.is_empty()) {
            let (name, expected) = other.split_once('=').expect("name=how it stands");
            let found = match name {
                "card" => world.card(),
                name => world.shown(&world.read(world.names[name])),
            };
            assert_eq!(found, expected, "{row}: {name}");
        }
        world.verify();
    }
}

impl World {
    pub(crate) fn new() -> World {
        let mut world = World {
            store: MemoryStore::default(),
            now: Timestamp::parse_rfc3339(NOW).unwrap(),
            account: AccountId(0),
            drawn: 0,
            names: BTreeMap::new(),
            kept: None,
        };
        world.configure();
        world.account = world.open_account();
        world.add_card();
        world.write(|books| {
            let name = Fields::default().with("name", Some("Kiosken på hörnet"));
            books.put_document(Document::new(Kind::Customer.id(CUSTOMER), name));
        });
        let set = |psp| (psp, "key".to_owned(), TermStep::Set("sealed".to_owned()));
        let terms = Psp::ALL.map(set).to_vec();
        world.run(World::payee(|change| change.terms = terms)).unwrap();
        world
    }

    fn configure(&mut self) {
        let (actor, now) = ("test".to_owned(), self.now);
        let company = AddCompany {
            number: "100".to_owned(),
            name: "Company".to_owned(),
            zone: Zone::parse("Europe/Stockholm").unwrap(),
            currencies: vec![Currency::SEK],
            authorization_days: 7,
            actor: actor.clone(),
            idempotency: None,
        };
        let seller = AddSeller {
            company: "100".to_owned(),
            number: "654".to_owned(),
            name: "Seller".to_owned(),
            actor,
            idempotency: None,
        };
        self.write(|books| {
            add_company(&company, books, now).unwrap();
            add_seller(&seller, books, now).unwrap();
        });
    }

    fn open_account(&mut self) -> AccountId {
        let open = OpenAccount {
            company: "100".to_owned(),
            currency: "SEK".to_owned(),
            credit_limit: Decimal::parse("500.00").unwrap(),
            holder: "Åsa".to_owned(),
            actor: "test".to_owned(),
            idempotency: None,
        };
        let (mut opened, now) = (AccountId(0), self.now);
        self.write(|books| {
            opened = AccountId(books.coming_id().0);
            open_account(&open, books, now).unwrap();
        });
        opened
    }

    fn add_card(&mut self) {
        let card = AddCard {
            account: AccountNo::of(self.account),
            token: CardToken::parse(CARD).unwrap(),
            pan: None,
            expiry: None,
            actor: "test".to_owned(),
            idempotency: None,
        };
        let mut reads = ReadSet::default();
        card.read(&mut reads);
        let now = self.now;
        self.transact(&reads, |books| drop(add_card(&card, books, now).unwrap()));
    }

    /// Writes by hand. Documents that are written must be new.
    pub(crate) fn write(&mut self, write: impl FnMut(&mut Books)) {
        self.transact(&ReadSet::default(), write);
    }

    /// Changes payments by hand.
    pub(crate) fn put(&mut self, payments: &[&Payment]) {
        let mut reads = ReadSet::default();
        reads.documents.extend(payments.iter().map(|payment| Payment::id(payment.number)));
        self.transact(&reads, |books| {
            for payment in payments {
                books.put_document(payment.document());
            }
        });
    }

    fn transact(&mut self, reads: &ReadSet, mut write: impl FnMut(&mut Books)) {
        let now = self.now;
        self.store
            .transact(reads, &mut |mut books| {
                write(&mut books);
                books.close(now)
            })
            .unwrap();
    }

    pub(crate) fn run(&mut self, command: Command) -> Result<Answer, Refusal> {
        self.batch(vec![command]).pop().unwrap()
    }

    /// Runs commands in one batch.
    pub(crate) fn batch(&mut self, commands: Vec<Command>) -> Vec<Result<Answer, Refusal>> {
        let mut reads = ReadSet::default();
        for command in &commands {
            command.read(&mut reads);
        }
        let (mut answers, now) = (Vec::new(), self.now);
        self.transact(&reads, |books| {
            answers = commands.iter().map(|command| command.decide(books, now)).collect();
        });
        drop(commands);
        answers
    }

    pub(crate) fn wait_ms(&mut self, milliseconds: i64) {
        self.now = self.now.plus_ms(milliseconds);
    }

    /// 100.00 SEK, of which 20.00 are tax.
    pub(crate) fn initialize(&mut self, kind: PaymentKind, method: Method) -> Initialize {
        self.drawn = self.drawn.wrapping_add(1);
        Initialize {
            online: None,
            kept: None,
            checkout: None,
            kind,
            method,
            merchant: MerchantName {
                customer: CUSTOMER,
                merchant_id: "KA1".to_owned(),
                company: "100".to_owned(),
                seller: "654".to_owned(),
            },
            amount: Amount {
                currency: Currency::SEK,
                total_minor: 10_000,
                vat_minor: 2_000,
                nominal_minor: 8_000,
            },
            asked: Asked {
                consumer_id: CARD.to_owned(),
                consumer_name: "Åsa".to_owned(),
                ..Asked::default()
            },
            original: None,
            instruction: format!("{:032X}", self.drawn),
            actor: "KA1".to_owned(),
            idempotency: None,
        }
    }

    /// As [`World::initialize`], of payments v3: a payment, or what follows from one.
    pub(crate) fn asked_online(
        &mut self,
        kind: PaymentType,
        method: Method,
        of: Option<&Payment>,
        minor: i64,
    ) -> Initialize {
        let does = match kind {
            PaymentType::Preauthorization | PaymentType::Debit | PaymentType::Rebill => {
                PaymentKind::Payment
            }
            PaymentType::Credit => PaymentKind::Credit,
            PaymentType::Capture => PaymentKind::Capture,
            PaymentType::Refund => PaymentKind::Refund,
            PaymentType::Reversal => PaymentKind::Reversal,
        };
        let mut command = self.initialize(does, method);
        command.amount =
            Amount { total_minor: minor, vat_minor: 0, nominal_minor: minor, ..command.amount };
        command.online = Some(Online {
            kind,
            brand: "VISA".to_owned(),
            is_test: true,
            referenced: of.map(Payment::online_id),
            ..Online::default()
        });
        command.original = of.cloned().map(Box::new);
        command
    }

    /// Runs what creates a payment, and expects it to be granted.
    #[track_caller]
    pub(crate) fn made(&mut self, command: Initialize) -> Payment {
        let answer = self.run(Command::Initialize(command)).unwrap();
        let Outcome::Payment(payment, _) = answer.done else { panic!() };
        *payment
    }

    pub(crate) fn payee(edit: impl FnOnce(&mut ChangePayee)) -> Command {
        let mut change =
            ChangePayee { customer: CUSTOMER, actor: "op".to_owned(), ..ChangePayee::default() };
        edit(&mut change);
        Command::ChangePayee(change)
    }

    pub(crate) fn read(&self, number: i64) -> Payment {
        self.find(number).unwrap_or_else(|| panic!("there is no payment {number}"))
    }

    pub(crate) fn find(&self, number: i64) -> Option<Payment> {
        let mut reads = ReadSet::default();
        reads.documents.push(Payment::id(number));
        let books = self.store.source().open().unwrap().load(&reads).unwrap();
        books.document(Payment::id(number)).and_then(Payment::of)
    }

    /// All payments.
    pub(crate) fn all(&self) -> Vec<Payment> {
        self.listed(PAYMENTS)
    }

    /// The payments on a list.
    pub(crate) fn listed(&self, list: &str) -> Vec<Payment> {
        let mut reader = self.store.source().open().unwrap();
        let found = reader.documents(list, Part::After(0), 1_000).unwrap();
        found.iter().map(|document| Payment::of(document).unwrap()).collect()
    }

    /// The words of the changes in the journal that are about payments.
    pub(crate) fn changes(&self) -> Vec<String> {
        let mut reader = self.store.source().open().unwrap();
        let rows = reader.rows_after(ledger::RowId(0), 1_000).unwrap();
        let words = rows.into_iter().filter_map(|row| match row {
            Row::Change(change) => Some(change.kind.as_str().to_owned()),
            Row::Authorization(_) | Row::Transaction(_) => None,
        });
        words.filter(|word| word.starts_with("payment")).collect()
    }

    /// What the card's holder owes, and what is reserved.
    pub(crate) fn card(&self) -> String {
        let mut reads = ReadSet::default();
        reads.accounts.push(self.account);
        let books = self.store.source().open().unwrap().load(&reads).unwrap();
        let balance = books.accounts[&self.account].balance;
        format!("{} {}", balance.debt, balance.reserved)
    }

    /// Checks everything that is stored against everything else.
    #[track_caller]
    pub(crate) fn verify(&self) {
        let mut auditor = Auditor::new();
        let mut reader = self.store.source().open().unwrap();
        let visited = reader.audit(&mut |record| match record {
            Seen::Row(row) => auditor.row(&row),
            Seen::Seal(seal) => auditor.seal(&seal),
            Seen::Account(account) => auditor.account(&account),
            Seen::Key(key, row) => auditor.key(key, row),
            Seen::Document(document) => auditor.document(&document),
            Seen::Name(name, id) => auditor.name(&name, id),
            Seen::Listed(list, id) => auditor.listed(&list, id),
            Seen::Unreadable(what) => panic!("unreadable: {what}"),
        });
        visited.unwrap();
        let verification = auditor.finish();
        assert!(verification.is_ok(), "{verification:#?}");
    }
}

/// The language.
impl World {
    /// Runs steps, and returns the answer to each.
    pub(crate) fn steps(&mut self, script: &str) -> Vec<Result<Answer, Refusal>> {
        let batches = script.split(';').map(str::trim).filter(|batch| !batch.is_empty());
        let mut answers = Vec::new();
        for batch in batches {
            if let Some(span) = batch.strip_prefix("wait ") {
                self.wait_ms(span_ms(span));
                continue;
            }
            if let Some(name) = batch.strip_prefix("keep ") {
                self.kept = self.named(name).task;
                continue;
            }
            if let Some(status) = batch.strip_prefix("card ") {
                self.change_card(status);
                continue;
            }
            let steps: Vec<Step<'_>> = batch.split('+').map(Step::of).collect();
            let commands = steps.iter().map(|step| self.command(step)).collect();
            let answered = self.batch(commands);
            for (step, answer) in steps.iter().zip(&answered) {
                if let (Some(name), Ok(Answer { done: Outcome::Payment(payment, _), .. })) =
                    (step.name(), answer)
                {
                    self.names.insert(name.to_owned(), payment.number);
                }
            }
            answers.extend(answered);
        }
        answers
    }

    pub(crate) fn named(&self, name: &str) -> Payment {
        self.read(self.number(name))
    }

    fn number(&self, name: &str) -> i64 {
        match self.names.get(name) {
            Some(number) => *number,
            None => name.parse().unwrap_or_else(|_| panic!("who is {name}?")),
        }
    }

    fn change_card(&mut self, status: &str) {
        let status = ledger::CardStatus::parse(status).unwrap();
        let token = CardToken::parse(CARD).unwrap();
        let change = ChangeCard { token, status, actor: "test".to_owned() };
        let mut reads = ReadSet::default();
        change.read(&mut reads);
        let now = self.now;
        self.transact(&reads, |books| {
            ledger::add_card::change_card(&change, books, now).unwrap();
        });
    }

    fn command(&mut self, step: &Step<'_>) -> Command {
        let about = step.words.first().copied().unwrap_or("p");
        match step.verb {
            "pay" => self.initialized(step, PaymentKind::Payment),
            "refund" => self.initialized(step, PaymentKind::Refund),
            "reverse" => self.initialized(step, PaymentKind::Reversal),
            "tell" => self.told(about, step),
            "begin" => {
                let payment = self.find(self.number(about));
                let attempts = payment.as_ref().and_then(|it| it.task).map_or(0, |it| it.attempts);
                Command::Begin(Begin {
                    payment: self.number(about),
                    method: payment.as_ref().map_or(Method::Swish, |payment| payment.method),
                    original: payment.and_then(|payment| payment.original),
                    attempts: step.number("attempts").unwrap_or(attempts),
                })
            }
            "wake" => {
                let reference = step.get("reference").map(str::to_owned);
                Command::Wake(Wake { payment: self.number(about), reference, ends_as: None })
            }
            "age" => {
                let payments = step.words.iter().map(|name| self.number(name)).collect();
                Command::Age(Age { payments })
            }
            "capture" => {
                let mut payment = self.find(self.number(about)).unwrap_or_else(|| self.named("p"));
                payment.number = self.number(about);
                Command::Capture(Capture {
                    payment: Box::new(payment),
                    minor: step.get("amount").map(minor),
                    actor: "op".to_owned(),
                    idempotency: step.idempotency(),
                })
            }
            "close" => Command::CloseDay(CloseDay {
                customer: step.number("customer").unwrap_or(CUSTOMER),
                day: ledger::Date::parse(step.get("day").unwrap_or("2026-11-20")).unwrap(),
                until: self.now,
                payments: step.words.iter().map(|name| self.number(name)).collect(),
            }),
            "settle" => {
                let (note, actor) = ("Ringde banken 🏦".to_owned(), "op".to_owned());
                Command::Settle(Settle { payment: self.number(about), note, actor })
            }
            "payee" => {
                let is_inactive = step.get("inactive").map(|it| it == "true");
                let off = step.get("off").and_then(Psp::parse);
                let switch = |psp| (psp, "key".to_owned(), TermStep::Switch { off: true });
                World::payee(|change| {
                    change.is_inactive = is_inactive;
                    change.terms = off.map(switch).into_iter().collect();
                })
            }
            other => panic!("{other}"),
        }
    }

    fn initialized(&mut self, step: &Step<'_>, kind: PaymentKind) -> Command {
        let original = (kind != PaymentKind::Payment)
            .then(|| step.get("of").unwrap_or("p"))
            .filter(|name| *name != "-")
            .map(|name| match self.names.get(name) {
                Some(number) => self.read(*number),
                None => Payment { number: name.parse().unwrap(), ..self.named("p") },
            });
        let method = match (step.get("method"), &original) {
            (Some(method), _) => Method::parse(method).unwrap(),
            (None, Some(original)) => original.method,
            (None, None) => Method::Swish,
        };
        let mut command = self.initialize(kind, method);
        if let Some(total_minor) = step.get("amount").map(minor) {
            command.amount.total_minor = total_minor;
            (command.amount.vat_minor, command.amount.nominal_minor) = (0, total_minor);
        }
        if let Some(code) = step.get("currency") {
            command.amount.currency = Currency::parse(code).unwrap();
        }
        command.merchant.customer = step.number("customer").unwrap_or(CUSTOMER);
        command.asked.terminal_reference = step.get("reference").map(str::to_owned);
        command.asked.consumer_id = step.get("card").unwrap_or(CARD).to_owned();
        let auto_capture = step.get("auto").map(str::to_owned);
        command.asked.register = Some(Register { auto_capture, ..Register::default() });
        command.original = original.map(Box::new);
        command.idempotency = step.idempotency();
        Command::Initialize(command)
    }

    /// What came of the task that there is, or of the one that was kept.
    fn told(&self, about: &str, step: &Step<'_>) -> Command {
        let payment = self.find(self.number(about));
        let present = payment.as_ref().and_then(|payment| payment.task);
        let kept = self.kept.filter(|_| step.get("task") == Some("kept"));
        let word = step.words.get(1).copied().unwrap();
        let (_, standing) = STANDINGS.into_iter().find(|(it, _)| *it == word).unwrap();
        let told = Told { info: step.get("info").map(str::to_owned), ..Told::default() };
        Command::Record(Record {
            payment: self.number(about),
            original: payment.and_then(|payment| payment.original),
            task: kept.or(present).unwrap_or(Task {
                operation: Operation::Read,
                due_at: self.now,
                attempts: 1,
                cause: crate::Cause::Internal,
            }),
            report: Report { standing, told },
        })
    }

    fn answer(&self, answer: &Answer) -> String {
        let done = match &answer.done {
            Outcome::Payment(payment, _) => {
                assert_eq!(**payment, self.read(payment.number), "what is told is what is kept");
                self.shown(payment)
            }
            Outcome::Repeated(_) => "repeated".to_owned(),
            Outcome::Aged(payments) => format!("{} aged", payments.len()),
            Outcome::FirstAnswer(first) => first.body.clone(),
            Outcome::Report(report) => {
                let sums = report.sums.iter();
                let lines = sums.map(|(line, (count, sum))| format!("{line} {count} {sum}"));
                lines.collect::<Vec<_>>().join(", ")
            }
            Outcome::Payee(payee) => format!("{} agreements", payee.agreements.len()),
            Outcome::Registration(it) => format!("registration {}", it.status.as_str()),
            Outcome::Checkout(it) => format!("checkout of {}", it.payments.len()),
            Outcome::Endpoint(endpoint) => format!("endpoint {}", endpoint.number),
            Outcome::Delivery(notification, _) => notification.status.as_str().to_owned(),
            Outcome::Redelivered(notifications) => format!("{} sent anew", notifications.len()),
            Outcome::Nothing => "nothing".to_owned(),
        };
        if answer.replayed { format!("again: {done}") } else { done }
    }

    /// The state, the next task and in how many seconds it is due, what was taken and what is
    /// claimed of it, and `!` where people have to look.
    pub(crate) fn shown(&self, payment: &Payment) -> String {
        let mut words = vec![payment.state.as_str().to_owned()];
        words.extend(payment.task.map(|task| {
            let seconds = (task.due_at.0 - self.now.0) / 1_000;
            format!("{}+{seconds}", operation(task.operation))
        }));
        if payment.captured_minor > 0 {
            words.push(format!("{}/{}", payment.captured_minor, payment.refunded_minor));
        }
        if payment.attention.is_some() {
            words.push("!".to_owned());
        }
        words.join(" ")
    }
}

fn operation(operation: Operation) -> String {
    match operation {
        Operation::Create => "create".to_owned(),
        Operation::Read => "read".to_owned(),
        Operation::Capture { minor } => format!("capture:{minor}"),
        Operation::Cancel => "cancel".to_owned(),
        Operation::GiveUp => "give-up".to_owned(),
    }
}

/// A verb, words, and parameters.
struct Step<'s> {
    verb: &'s str,
    words: Vec<&'s str>,
    given: BTreeMap<&'s str, &'s str>,
}

impl<'s> Step<'s> {
    fn of(step: &'s str) -> Step<'s> {
        let mut parts = step.split_whitespace();
        let verb = parts.next().expect("a verb");
        let (given, words): (Vec<&str>, Vec<&str>) = parts.partition(|part| part.contains('='));
        let given = given.into_iter().filter_map(|part| part.split_once('=')).collect();
        Step { verb, words, given }
    }

    fn get(&self, name: &str) -> Option<&'s str> {
        self.given.get(name).copied()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name).map(|number| number.parse().unwrap())
    }

    /// What a new payment shall be called.
    fn name(&self) -> Option<&'s str> {
        let usual = match self.verb {
            "pay" => "p",
            "refund" => "r",
            "reverse" => "v",
            _ => return None,
        };
        Some(self.get("as").unwrap_or(usual))
    }

    fn idempotency(&self) -> Option<Idempotency> {
        let byte = |name| self.get(name).map(|text: &str| text.as_bytes()[0]);
        let key = Key([byte("key")?; 16]);
        Some(Idempotency { key, fingerprint: Fingerprint([byte("asks").unwrap_or(1); 16]) })
    }
}

fn minor(amount: &str) -> i64 {
    Decimal::parse(amount).unwrap().minor(Currency::SEK).unwrap()
}

fn span_ms(span: &str) -> i64 {
    let (number, unit) = span.split_at(span.len() - 1);
    let number: i64 = number.parse().unwrap();
    match unit {
        "s" => number * 1_000,
        "m" => number * 60_000,
        "d" => number * 24 * 60 * 60_000,
        other => panic!("{other}"),
    }
}
