//! A made-up world of payments: the real engine and desk over the memory store, PSPs that are pure
//! machines, one clock that only this moves, and nothing that happens between two of its steps.

use std::collections::HashSet;
use std::sync::Arc;

use engine::effects::psp::Exchange;
use engine::{Clock as _, Desk, Handle, Queries, spawn};
use ledger::document::Kind;
use ledger::{Currency, Document, Fields, ReadSet, Timestamp};
use payments::Outcome as Done;
use payments::limits::CALL_MS_MAX;
use payments::payment::PAYMENTS;
use payments::{
    Amount, Asked, Capture, ChangePayee, Command, Event, Initialize, MerchantName, Payment,
    PaymentKind, Psp, Register, TermStep, Wake,
};
use simulators::{Callback, Outcome, Script, Simulator, Truth, WireRequest};
use store::{MemoryStore, Part, Store as _};
use tokio::sync::oneshot;

use super::faults::{LATE_REQUEST_MS, PAUSE_MS, Post, Way, Weather};
use super::wire::{
    Begins, Call, Mailbox, StepClock, begins, callback_url, called_about, desk, ends_as, exchange,
    name_of, reference, secret, wire_request,
};

/// 2026-11-20T09:00:00Z.
const START_MS: i64 = 1_795_165_200_000;

/// The merchant.
const CUSTOMER: i64 = 2;

/// 1000.00 SEK, which every PSP takes.
pub(super) const WHOLE_MINOR: i64 = 100_000;

const LOOK_MS: i64 = 5_000;

const TERMS: [(Psp, &str, &str); 6] = [
    (Psp::Swish, "SWISH_ID", "1231181189"),
    (Psp::Klarna, "KLARNA_MERCHANT_ID", "K123"),
    (Psp::Klarna, "KLARNA_PASSWORD", "password"),
    (Psp::Easy, "EASY_SECRET_KEY", "key"),
    (Psp::Santander, "SANTANDER_MERCHANT_ID", "S123"),
    (Psp::Santander, "SANTANDER_SECRET", "secret"),
];

/// A payer who has an address and never goes there.
const NEVER: Script =
    Script { outcome: Outcome::Approve, delay_ms: simulators::limits::DELAY_MS_MAX };

pub(super) struct World<W> {
    pub(super) weather: W,
    clock: Arc<StepClock>,
    store: MemoryStore,
    engine: Handle,
    queries: Queries,
    pub(super) desk: Desk,
    process: usize,
    mailbox: Mailbox,
    psps: simulators::World,
    /// What happens by itself, and when.
    later: Vec<(i64, Later)>,
    /// Calls of processes that are gone.
    dead: usize,
    /// What a PSP was made to begin by requests that it would recognize.
    begun: HashSet<String>,
    /// Payments with a page at the PSP whose address nobody has.
    orphaned: HashSet<i64>,
    /// Payments of which a PSP has told that they have ended in vain.
    heard: HashSet<i64>,
    looked_at: i64,
    drawn: u128,
    /// How often a PSP was called.
    served: u64,
}

enum Later {
    Reply(usize, oneshot::Sender<Exchange>, Exchange),
    Request(Psp, WireRequest),
    Post(Psp, Callback),
}

impl<W: Weather> World<W> {
    /// A merchant with an agreement with every PSP. The seed decides on the PSPs' ids.
    pub(super) async fn new(seed: u64, weather: W) -> World<W> {
        let clock = Arc::new(StepClock::new(START_MS));
        let mut store = MemoryStore::default();
        let name = Fields::default().with("name", Some("Kiosken på hörnet"));
        let customer = Document::new(Kind::Customer.id(CUSTOMER), name);
        store
            .transact(&ReadSet::default(), &mut |mut books| {
                books.put_document(customer.clone());
                books.close(Timestamp(START_MS))
            })
            .unwrap();
        let dynamic: Arc<dyn engine::Clock> = Arc::<StepClock>::clone(&clock);
        let (engine, _threads) = spawn(vec![Box::new(store.clone())], dynamic);
        let queries = Queries::new(store.source());
        let mailbox = Mailbox::default();
        let desk = desk(&engine, &queries, &clock, &mailbox, 0);
        let world = World {
            weather,
            clock,
            store,
            engine,
            queries,
            desk,
            process: 0,
            mailbox,
            psps: simulators::World::new(seed),
            later: Vec::new(),
            dead: 0,
            begun: HashSet::new(),
            orphaned: HashSet::new(),
            heard: HashSet::new(),
            looked_at: START_MS,
            drawn: u128::from(seed),
            served: 0,
        };
        let set = |(psp, name, value): (Psp, &str, &str)| {
            (psp, name.to_owned(), TermStep::Set(value.to_owned()))
        };
        let change = ChangePayee {
            customer: CUSTOMER,
            terms: TERMS.map(set).to_vec(),
            actor: "test".to_owned(),
            ..ChangePayee::default()
        };
        world.engine.submit(Command::ChangePayee(change)).await.unwrap();
        world
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().0
    }

    /// Lets time pass, and all happen that is due by then.
    pub(super) async fn step(&mut self, milliseconds: i64) {
        self.clock.advance(milliseconds);
        self.release().await;
        self.run_calls().await;
        self.post().await;
        self.desk.turn().await;
        self.run_calls().await;
        if self.now_ms() - self.looked_at >= LOOK_MS {
            self.looked_at = self.now_ms();
            self.desk.look().await.unwrap();
            self.run_calls().await;
        }
    }

    /// A mark: as long as it stays the same, nothing has happened, here or at a PSP.
    pub(super) fn mark(&self) -> (u64, u64, [Option<i64>; 4]) {
        let next = Psp::ALL.map(|psp| self.psp(psp).next_due_ms());
        (self.engine.figures().commands, self.served, next)
    }

    /// When something is due next, as far as anybody knows.
    pub(super) fn next_ms(&self) -> i64 {
        let psps = Psp::ALL.into_iter().filter_map(|psp| self.psp(psp).next_due_ms());
        let tasks = self.payments().into_iter().filter_map(|it| it.task).map(|task| task.due_at.0);
        let later = self.later.iter().map(|(at, _)| *at);
        psps.chain(tasks).chain(later).min().unwrap_or(i64::MAX)
    }

    /// What the simulator knows of a payment, refund or reversal.
    pub(super) fn truth(&self, payment: &Payment) -> Truth {
        let psp = payment.method.psp().unwrap();
        let is_by_instruction = match psp {
            Psp::Swish | Psp::Easy => false,
            Psp::Klarna | Psp::Santander => payment.kind != PaymentKind::Payment,
        };
        let number = payment.number.to_string();
        self.psp(psp).truth(if is_by_instruction { &payment.instruction } else { &number })
    }

    /// Whether the PSP has told us that a payment has ended in vain.
    pub(super) fn has_heard(&self, payment: &Payment) -> bool {
        self.heard.contains(&payment.number)
    }

    /// Whether the PSP has a page for a payment that nobody will ever see.
    pub(super) fn is_orphaned(&self, payment: &Payment) -> bool {
        self.orphaned.contains(&payment.number)
    }

    pub(super) fn find(&self, number: i64) -> Payment {
        let reads = ReadSet { documents: vec![Payment::id(number)], ..ReadSet::default() };
        let books = self.store.source().open().unwrap().load(&reads).unwrap();
        books.document(Payment::id(number)).and_then(Payment::of).unwrap()
    }

    /// All payments, refunds and reversals.
    pub(super) fn payments(&self) -> Vec<Payment> {
        let mut reader = self.store.source().open().unwrap();
        let found = reader.documents(PAYMENTS, Part::After(0), usize::MAX).unwrap();
        found.iter().filter_map(Payment::of).collect()
    }

    fn psp(&self, psp: Psp) -> &Simulator {
        self.psps.psp(name_of(psp))
    }
}

/// What the merchant does.
impl<W: Weather> World<W> {
    /// Asks for a payment, a refund or a reversal. It is left to whoever finds it due.
    pub(super) async fn ask(
        &mut self,
        psp: Psp,
        kind: PaymentKind,
        minor: i64,
        is_auto_capture: bool,
        original: Option<Payment>,
    ) -> Option<(Payment, Option<Payment>)> {
        self.drawn += 1 << 64;
        let register =
            Register { auto_capture: Some(is_auto_capture.to_string()), ..Register::default() };
        let vat_minor = minor / 5;
        let initialize = Initialize {
            online: None,
            kept: None,
            checkout: None,
            kind,
            method: psp.method(),
            merchant: MerchantName {
                customer: CUSTOMER,
                merchant_id: "KA1".to_owned(),
                company: "100".to_owned(),
                seller: "654".to_owned(),
            },
            amount: Amount {
                currency: Currency::SEK,
                total_minor: minor,
                vat_minor,
                nominal_minor: minor - vat_minor,
            },
            asked: Asked {
                consumer_id: "0701234567".to_owned(),
                consumer_name: "Åsa".to_owned(),
                register: Some(register),
                ..Asked::default()
            },
            original: original.map(Box::new),
            instruction: format!("{:032X}", self.drawn),
            actor: "KA1".to_owned(),
            idempotency: None,
        };
        let answer = self.engine.submit(Command::Initialize(initialize)).await;
        let Done::Payment(payment, original) = answer.ok()?.done else { panic!("a payment") };
        Some((*payment, original.map(|original| *original)))
    }

    /// Asks for a capture. It is left to whoever finds it due.
    pub(super) async fn capture(&mut self, payment: Payment, minor: i64) -> Option<Payment> {
        let command = Capture {
            payment: Box::new(payment),
            minor: Some(minor),
            actor: "KA1".to_owned(),
            idempotency: None,
        };
        let answer = self.engine.submit(Command::Capture(command)).await.ok()?;
        let Done::Payment(payment, _) = answer.done else { panic!("a payment") };
        Some(*payment)
    }

    /// Does at once what was asked for, as its asker does.
    pub(super) async fn start(&mut self, payment: Payment, original: Option<Payment>) {
        self.desk.start(payment, original);
        self.run_calls().await;
    }

    /// Another process takes the place of this one, which stands still.
    pub(super) fn replace(&mut self) {
        self.process += 1;
        self.desk = desk(&self.engine, &self.queries, &self.clock, &self.mailbox, self.process);
    }

    /// This process ends, with all that it waits for, and another one begins.
    pub(super) fn restart(&mut self) {
        let process = self.process;
        let mut mailbox = self.mailbox.lock().unwrap();
        let calls = mailbox.extract_if(.., |call| call.process == process).count();
        drop(mailbox);
        let is_its =
            |(_, later): &mut (i64, Later)| matches!(later, Later::Reply(of, ..) if *of == process);
        self.dead += calls + self.later.extract_if(.., is_its).count();
        self.replace();
    }
}

/// What happens on the wire.
impl<W: Weather> World<W> {
    /// Waits until all that is done here waits for a PSP.
    async fn settle(&self) {
        let metrics = tokio::runtime::Handle::current().metrics();
        loop {
            let is_reply = |(_, later): &&(i64, Later)| matches!(later, Later::Reply(..));
            let replies = self.later.iter().filter(is_reply).count();
            let held = self.mailbox.lock().unwrap().len() + replies + self.dead;
            if metrics.num_alive_tasks() <= held {
                return;
            }
            tokio::task::yield_now().await;
            std::thread::yield_now();
        }
    }

    /// Lets something come of every call that was made, in an order that chance has no part in.
    async fn run_calls(&mut self) {
        loop {
            self.settle().await;
            let call = {
                let mut mailbox = self.mailbox.lock().unwrap();
                let key = |at: &usize| {
                    let request = &mailbox[*at].request;
                    (request.path.clone(), request.body.clone(), mailbox[*at].process)
                };
                let first = (0..mailbox.len()).min_by_key(key);
                first.map(|first| mailbox.swap_remove(first))
            };
            let Some(call) = call else { return };
            self.serve(call).await;
        }
    }

    async fn serve(&mut self, call: Call) {
        let Call { psp, request, process, reply } = call;
        let now_ms = self.now_ms();
        let request = wire_request(&request);
        let way = self.weather.way(psp, begins(psp, &request), now_ms);
        let timed_out = now_ms + CALL_MS_MAX;
        match way {
            Way::Whole => drop(reply.send(self.act(psp, &request, way).await)),
            Way::NotSent => drop(reply.send(Exchange::NotSent)),
            Way::RequestLost => drop(reply.send(Exchange::Lost)),
            Way::ResponseLost => {
                self.act(psp, &request, way).await;
                drop(reply.send(Exchange::Lost));
            }
            Way::Slow => {
                self.act(psp, &request, way).await;
                self.later.push((timed_out, Later::Reply(process, reply, Exchange::Lost)));
            }
            Way::HalfOpen | Way::LateRequest => {
                self.later.push((timed_out, Later::Reply(process, reply, Exchange::Lost)));
                if way == Way::LateRequest {
                    self.later.push((now_ms + LATE_REQUEST_MS, Later::Request(psp, request)));
                }
            }
            Way::Delayed(milliseconds) => {
                let answer = self.act(psp, &request, way).await;
                let at = now_ms + milliseconds;
                self.later.push((at, Later::Reply(process, reply, answer)));
            }
            Way::Garbled(status, body) => {
                self.act(psp, &request, way).await;
                drop(reply.send(garbage(status, body)));
            }
            Way::Instead(status, body) => drop(reply.send(garbage(status, body))),
            Way::Dies | Way::DiesAfter => {
                if way == Way::DiesAfter {
                    self.act(psp, &request, way).await;
                }
                drop(reply);
                self.dead += 1;
                self.restart();
            }
            Way::Pauses => {
                let answer = self.act(psp, &request, way).await;
                self.later.push((now_ms + PAUSE_MS, Later::Reply(process, reply, answer)));
                self.replace();
            }
        }
    }

    /// The PSP acts on a request.
    async fn act(&mut self, psp: Psp, request: &WireRequest, way: Way) -> Exchange {
        let now_ms = self.now_ms();
        self.served += 1;
        let begins = begins(psp, request);
        if let Some(script) = self.script(psp, begins, request, way) {
            self.psps.psp_mut(name_of(psp)).script(script, 1);
        }
        let handled = self.psps.psp_mut(name_of(psp)).handle(request, now_ms);
        for callback in handled.callbacks_first {
            self.deliver(psp, callback).await;
        }
        handled.answer.map_or(Exchange::Lost, exchange)
    }

    /// What the payer does about what a request begins. A page whose address reaches nobody is
    /// not paid at; a request that the PSP has seen before begins nothing.
    fn script(
        &mut self,
        psp: Psp,
        begins: Begins,
        request: &WireRequest,
        way: Way,
    ) -> Option<Script> {
        if begins == Begins::Nothing {
            return None;
        }
        let script = self.weather.script(psp, begins);
        let is_begun_anew = begins == Begins::Payment && matches!(psp, Psp::Klarna | Psp::Easy);
        // These refuse a refund, or make it.
        let decides_at_once =
            begins == Begins::Refund && matches!(psp, Psp::Klarna | Psp::Santander);
        let is_no = matches!(
            script.outcome,
            Outcome::Decline | Outcome::Cancel | Outcome::Expire | Outcome::Error
        );
        let is_refused = script.outcome == Outcome::Refuse || (decides_at_once && is_no);
        let what = format!("{} {} {}", psp.as_str(), request.path, request.body);
        if !is_begun_anew && self.begun.contains(&what) {
            return None;
        }
        if !is_refused {
            self.begun.insert(what);
        }
        let is_page = begins == Begins::Payment && psp != Psp::Swish;
        if is_refused || !is_page || !way.is_unheard() {
            return Some(script);
        }
        if is_begun_anew {
            self.orphaned.extend(called_about(psp, &request.body));
        }
        Some(match (way, psp) {
            (Way::Pauses, Psp::Klarna | Psp::Easy) => NEVER,
            (Way::Pauses, _) => script,
            _ => Script { outcome: Outcome::LoseResponse, ..script },
        })
    }

    /// Lets happen by itself what is due.
    async fn release(&mut self) {
        let now_ms = self.now_ms();
        // One by one: what is taken out is not waited for.
        loop {
            let first = (0..self.later.len()).min_by_key(|at| self.later[*at].0);
            let Some(first) = first.filter(|at| self.later[*at].0 <= now_ms) else { return };
            let (_, later) = self.later.remove(first);
            match later {
                Later::Reply(_, reply, answer) => drop(reply.send(answer)),
                Later::Request(psp, request) => {
                    self.act(psp, &request, Way::LateRequest).await;
                }
                Later::Post(psp, callback) => self.deliver(psp, callback).await,
            }
            self.settle().await;
        }
    }

    /// Delivers the callbacks that PSPs have to deliver.
    async fn post(&mut self) {
        let now_ms = self.now_ms();
        for psp in Psp::ALL {
            for callback in self.psps.psp_mut(name_of(psp)).due(now_ms) {
                let again = |after_ms| (now_ms + after_ms, Later::Post(psp, callback.clone()));
                match self.weather.post(psp, now_ms) {
                    Post::Once => self.deliver(psp, callback).await,
                    Post::Twice => {
                        self.later.push(again(2_000));
                        self.deliver(psp, callback).await;
                    }
                    Post::Later(after_ms) => self.later.push(again(after_ms)),
                    // It counts as taken: a PSP that tries again is no fault.
                    Post::Never => self.delivered(psp, callback.id, true),
                }
            }
        }
    }

    async fn deliver(&mut self, psp: Psp, callback: Callback) {
        let Callback { id, url, headers, body } = callback;
        let is_taken = self.call_back(&url, &headers, &body).await;
        assert!(is_taken, "{url}: a PSP's own callback is taken");
        self.delivered(psp, id, is_taken);
    }

    fn delivered(&mut self, psp: Psp, id: u64, is_taken: bool) {
        let now_ms = self.now_ms();
        self.psps.psp_mut(name_of(psp)).delivered(id, is_taken, now_ms);
    }

    /// What the surface does when somebody calls. Says whether it was taken.
    async fn call_back(&mut self, url: &str, headers: &[(String, String)], body: &str) -> bool {
        let path = url.strip_prefix("https://kassa.test/callbacks/").unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let [place, number, given] = parts.as_slice() else { panic!("{url}") };
        let number = number.parse().unwrap();
        if *place == "given-up" {
            assert_eq!(*given, secret(number), "{url}");
            self.heard.insert(number);
            self.leave(number).await;
            return true;
        }
        let psp = Psp::parse(place).unwrap();
        let header = match psp {
            Psp::Swish => Some("callbackidentifier"),
            Psp::Easy => Some("authorization"),
            Psp::Klarna | Psp::Santander => None,
        };
        let header = headers.iter().find(|(name, _)| Some(name.as_str()) == header);
        let ours = secret(number);
        let is_theirs = self.payments().iter().any(|it| it.number == number);
        if !is_theirs || *given != ours || header.is_some_and(|(_, value)| *value != ours) {
            return false;
        }
        let is_signed = headers.iter().any(|(name, _)| name == "x-signature");
        if psp == Psp::Santander && !is_signed {
            return false;
        }
        let ends_as = ends_as(psp, body);
        if ends_as.is_some() {
            self.heard.insert(number);
        }
        let wake = Wake { payment: number, reference: reference(psp, body), ends_as };
        if self.engine.submit(Command::Wake(wake)).await.is_err() {
            return false;
        }
        self.desk.due_now(number);
        true
    }

    /// The payer comes to our page for those who have given up.
    pub(super) async fn leave(&self, number: i64) {
        let wake = Wake { payment: number, reference: None, ends_as: Some(Event::Cancel) };
        self.engine.submit(Command::Wake(wake)).await.unwrap();
        self.desk.due_now(number);
    }

    /// Somebody calls who is not the PSP, in every way that there is. Nobody listens.
    pub(super) async fn forge(&mut self, payment: &Payment) {
        let psp = payment.method.psp().unwrap();
        let (number, ours) = (payment.number, secret(payment.number));
        let body = "{\"session\":{\"session_id\":\"evil\"},\"data\":{\"paymentId\":\"evil\"},\
                    \"applicationId\":\"evil\",\"status\":\"PAID\"}";
        let urls = [
            callback_url(psp, number, "00000000000000000000000000000000"),
            callback_url(psp, number, ""),
            callback_url(psp, number, &secret(number + 1)),
            callback_url(psp, number + 1, &ours),
            callback_url(psp, number + 1_000, &secret(number + 1_000)),
        ];
        for url in urls {
            assert!(!self.call_back(&url, &[], body).await, "{url}");
        }
        if let Psp::Swish | Psp::Easy = psp {
            let wrong = |name: &str| (name.to_owned(), "wrong".to_owned());
            let headers = [wrong("callbackidentifier"), wrong("authorization")];
            assert!(!self.call_back(&callback_url(psp, number, &ours), &headers, body).await);
        }
        assert_eq!(self.find(number), *payment, "a forged callback changes nothing");
    }
}

impl<W> Drop for World<W> {
    fn drop(&mut self) {
        self.engine.close();
    }
}

fn garbage(status: u16, body: &str) -> Exchange {
    let (headers, body) = (Vec::new(), body.to_owned());
    Exchange::Answer(engine::effects::psp::Response { status, headers, body })
}
