//! The courier on a clock that the test moves, before receivers with every fault: what was written
//! is delivered, in order, whoever dies in between.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ledger::document::Kind;
use ledger::{Books, Currency, Document, Fields, Timestamp};
use payments::notification::{FAILED, NOTIFICATIONS};
use payments::online::Online;
use payments::payment::{Amount, Asked, Cause, MerchantName};
use payments::{
    AddEndpoint, ChangeEndpoint, Event, Method, Operation, PaymentKind, Record, Redeliver, Report,
    Standing, State, Task,
};
use store::Store as _;
use tokio::sync::RwLock;

use super::super::post::{Letter, Posting};
use super::*;
use crate::VirtualClock;
use crate::handle::{Threads, spawn};
use crate::limits::{DELIVERIES_TO_ONE_MAX, DELIVERIES_WAITING_MAX};
use crate::testing::{SharedStore, StillClock};

const CUSTOMER: i64 = 2;
const HOUR_MS: i64 = 3_600_000;
const START: i64 = 1_800_000_000_000;

/// A receiver's answer, and whether it has the letter.
type Answer = (Delivery, bool);

/// Decides what a receiver answers, by how many letters came and how long it is since the start.
type Behaviour = Box<dyn Fn(usize, i64) -> Answer + Send + Sync>;

/// A letter that a receiver has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Taken {
    url: String,
    id: String,
    body: String,
    at: Timestamp,
}

/// A post to receivers that behave as they are told, and a process that dies when it is told.
struct World {
    clock: Arc<VirtualClock>,
    behaviours: HashMap<&'static str, Behaviour>,
    came: Mutex<HashMap<String, usize>>,
    taken: Mutex<Vec<Taken>>,
    /// Which letters, counted from the start, are the last that the process sends.
    dies_at: BTreeSet<usize>,
    sent: AtomicUsize,
    died: Notify,
    took: Notify,
    /// Receivers take nothing while it is written to.
    gate: RwLock<()>,
}

impl Post for World {
    fn check(&self, _: &str) -> Result<(), Refused> {
        Ok(())
    }

    fn send(&self, letter: Letter) -> Posting<'_> {
        Box::pin(async move {
            let _open = self.gate.read().await;
            let header = |wanted| {
                let mut found = letter.headers.iter().filter(|(name, _)| *name == wanted);
                found.next().map(|(_, value)| value.clone()).unwrap()
            };
            let at = self.clock.now();
            assert_eq!(header("webhook-timestamp"), at.0.div_euclid(1_000).to_string());
            assert!(header("webhook-signature").starts_with("v1,"));
            let came = {
                let mut came = self.came.lock().unwrap();
                let came = came.entry(letter.url.clone()).or_default();
                *came += 1;
                *came - 1
            };
            let number = self.sent.fetch_add(1, Ordering::SeqCst);
            let (answer, takes) = self.behaviours[letter.url.as_str()](came, at.0 - START);
            if takes {
                let body = String::from_utf8(letter.body.clone()).unwrap();
                let (url, id) = (letter.url.clone(), header("webhook-id"));
                self.taken.lock().unwrap().push(Taken { url, id, body, at });
                self.took.notify_one();
            }
            if self.dies_at.contains(&number) {
                self.died.notify_one();
                return std::future::pending().await;
            }
            if answer == Delivery::Failed(Trouble::Nonsense) {
                return std::future::pending().await;
            }
            answer
        })
    }
}

impl Opener for World {
    fn open_sealed(&self, customer: i64, purpose: Purpose, sealed: &str) -> Option<String> {
        assert_eq!((customer, purpose), (CUSTOMER, Purpose::Signing));
        (sealed == "sealed").then(|| "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned())
    }
}

impl Randomness for World {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn answer(status: u16) -> Answer {
    (Delivery::Answer { status, retry_after_seconds: None }, (200..300).contains(&status))
}

fn trouble(trouble: Trouble) -> Answer {
    (Delivery::Failed(trouble), false)
}

/// One installation, which outlives its couriers.
struct Stage {
    store: SharedStore,
    engine: Handle,
    threads: Option<Threads>,
    world: Arc<World>,
    endpoints: BTreeMap<&'static str, i64>,
}

impl Stage {
    fn new(behaviours: Vec<(&'static str, Behaviour)>, dies_at: &[usize]) -> Stage {
        let mut store = SharedStore::default();
        let mut write = |mut books: Books| {
            let name = Fields::default().with("name", Some("Kiosken"));
            books.put_document(Document::new(Kind::Customer.id(CUSTOMER), name));
            books.close(Timestamp(0))
        };
        store.transact(&ReadSet::default(), &mut write).unwrap();
        let clock = Arc::new(VirtualClock::new(Arc::new(StillClock(Timestamp(START)))));
        let writer = Box::new(store.clone());
        let (engine, threads) = spawn(vec![writer], Arc::<VirtualClock>::clone(&clock));
        let urls: Vec<&str> = behaviours.iter().map(|(url, _)| *url).collect();
        let world = World {
            clock,
            behaviours: behaviours.into_iter().collect(),
            came: Mutex::default(),
            taken: Mutex::default(),
            dies_at: dies_at.iter().copied().collect(),
            sent: AtomicUsize::new(0),
            died: Notify::new(),
            took: Notify::new(),
            gate: RwLock::default(),
        };
        let (threads, endpoints, world) = (Some(threads), BTreeMap::new(), Arc::new(world));
        let mut stage = Stage { store, engine, threads, world, endpoints };
        for url in urls {
            let endpoint = stage.add_endpoint(url);
            stage.endpoints.insert(url, endpoint);
        }
        stage
    }

    fn add_endpoint(&self, url: &str) -> i64 {
        let add = AddEndpoint {
            customer: CUSTOMER,
            url: Some(url.to_owned()),
            secret: "sealed".to_owned(),
            key: None,
            actor: "op".to_owned(),
            idempotency: None,
        };
        let answer = self.engine.submit_blocking(Command::AddEndpoint(add)).unwrap();
        let Outcome::Endpoint(endpoint) = answer.done else { panic!("{answer:?}") };
        endpoint.number
    }

    fn courier(&self) -> Courier {
        let office = Office {
            post: Arc::<World>::clone(&self.world),
            opener: Arc::<World>::clone(&self.world),
            compose: Arc::new(|payment| format!("{} {}", payment.number, payment.state.as_str())),
            randomness: Arc::<World>::clone(&self.world),
            haste: 1,
        };
        let clock = Arc::<VirtualClock>::clone(&self.world.clock);
        Courier::new(self.engine.clone(), Queries::new(self.store.source()), clock, office)
    }

    /// Payments that are given up, and paid for after all: two notifications each, to each
    /// endpoint.
    fn pay(&mut self, numbers: std::ops::Range<i64>) {
        let payments: Vec<Payment> = numbers.map(payment).collect();
        let mut write = |mut books: Books| {
            for payment in &payments {
                books.put_document(payment.document());
            }
            books.close(Timestamp(START))
        };
        self.store.transact(&ReadSet::default(), &mut write).unwrap();
        for standing in [Standing::Expired, Standing::Paid] {
            for payment in &payments {
                let record = Record {
                    payment: payment.number,
                    original: None,
                    task: payment.task.unwrap(),
                    report: Report::new(standing),
                };
                self.engine.submit_blocking(Command::Record(record)).unwrap();
            }
        }
    }

    fn notifications(&self, list: &str) -> Vec<Notification> {
        let mut reader = self.store.source().open().unwrap();
        let found = reader.documents(list, Part::After(0), 10_000).unwrap();
        found.iter().map(|document| Notification::of(document).unwrap()).collect()
    }

    fn taken(&self) -> Vec<Taken> {
        self.world.taken.lock().unwrap().clone()
    }

    /// Moves the clock to when something is due. False when nothing is.
    fn wait(&self) -> bool {
        let pending = self.notifications(PENDING);
        let Some(due_at) = pending.iter().map(|it| it.due_at).min() else { return false };
        let ms = (due_at.0 - self.world.clock.now().0).max(0);
        self.world.clock.advance(u32::try_from(ms).unwrap());
        true
    }

    /// Runs couriers, one after the other, until nothing is pending any more. Each lives until it
    /// has to die.
    fn run(&self) -> usize {
        let mut lives = 0;
        loop {
            lives += 1;
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let is_done = runtime.block_on(async {
                let courier = self.courier();
                courier.look().await.unwrap();
                loop {
                    tokio::select! {
                        () = self.world.died.notified() => return false,
                        () = courier.idle() => {}
                    }
                    // What one attempt has let go is there at once.
                    if courier.turn().await > 0 {
                        continue;
                    }
                    if !self.wait() {
                        return true;
                    }
                    // What waits for a turn is not remembered, and found by looking.
                    if courier.turn().await == 0 {
                        courier.look().await.unwrap();
                    }
                }
            });
            // Everything that it was about to do dies with it.
            runtime.shutdown_background();
            if is_done {
                return lives;
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.engine.close();
        if let Some(threads) = self.threads.take() {
            threads.join().unwrap();
        }
    }
}

fn payment(number: i64) -> Payment {
    let mut payment = Payment {
        number,
        kind: PaymentKind::Payment,
        method: Method::Santander,
        merchant: MerchantName {
            customer: CUSTOMER,
            merchant_id: "KA1".to_owned(),
            company: "100".to_owned(),
            seller: "654".to_owned(),
        },
        amount: Amount {
            currency: Currency::SEK,
            total_minor: 100,
            vat_minor: 0,
            nominal_minor: 100,
        },
        asked: Asked::default(),
        original: None,
        instruction: format!("{number:032X}"),
        state: State::Initialized,
        transitions: Vec::new(),
        told: payments::Told::default(),
        captured_minor: 0,
        captures: Vec::new(),
        refunded_minor: 0,
        reversal: None,
        task: Some(Task {
            operation: Operation::Read,
            due_at: Timestamp(START + HOUR_MS),
            attempts: 1,
            cause: Cause::Internal,
        }),
        ends_as: None,
        is_placed: true,
        unsent: 0,
        attention: None,
        report: None,
        online: Some(Online { brand: "SANTANDER".to_owned(), ..Online::default() }),
        created_at: Timestamp(START),
        changed_at: Timestamp(START),
    };
    payment.pass(Event::Create, Cause::Call, Timestamp(START));
    payment
}

/// The receivers of the simulation: each gets over its fault, but for the one that is gone.
fn faulty() -> Vec<(&'static str, Behaviour)> {
    let at_first = |count: usize, fault: Answer| -> Behaviour {
        Box::new(move |came, _| if came < count { fault } else { answer(200) })
    };
    vec![
        ("https://refused/", at_first(5, trouble(Trouble::Connect))),
        ("https://late/", at_first(5, trouble(Trouble::Time))),
        ("https://moved/", at_first(7, answer(301))),
        ("https://gone/", Box::new(|_, _| answer(410))),
        (
            "https://busy/",
            Box::new(|_, since| {
                let retry_after_seconds = Some(7_200);
                let busy = (Delivery::Answer { status: 429, retry_after_seconds }, false);
                if since < 2 * HOUR_MS { busy } else { answer(204) }
            }),
        ),
        // Every other one fails, for ever.
        ("https://broken/", Box::new(|came, _| answer(if came % 2 == 0 { 500 } else { 200 }))),
        // It has each letter, and its answer is lost every other time.
        (
            "https://lost/",
            Box::new(|came, _| match came % 2 {
                0 => (Delivery::Failed(Trouble::Reset), true),
                _ => answer(200),
            }),
        ),
        (
            "https://down/",
            Box::new(
                |_, since| {
                    if since < 48 * HOUR_MS { trouble(Trouble::Connect) } else { answer(200) }
                },
            ),
        ),
    ]
}

/// What each receiver but those that are gone must have: both notifications of each payment, in
/// order, with repeats only under the same id.
#[track_caller]
fn check_taken(stage: &Stage, payments: std::ops::Range<i64>, but: &[&str]) {
    let taken = stage.taken();
    for (url, endpoint) in stage.endpoints.iter().filter(|(url, _)| !but.contains(*url)) {
        for number in payments.clone() {
            let about = format!("{number} ");
            let mine = taken.iter().filter(|it| it.url == *url && it.body.starts_with(&about));
            let mut words: Vec<&str> = mine.clone().map(|it| it.body.as_str()).collect();
            words.dedup();
            let expected = ["TIMEDOUT", "FINALIZED"].map(|state| format!("{number} {state}"));
            assert_eq!(words, expected, "{url} {endpoint}");
            let ids: BTreeSet<(&str, &str)> =
                mine.map(|it| (it.id.as_str(), it.body.as_str())).collect();
            assert_eq!(ids.len(), 2, "{url}: {ids:?}");
        }
    }
}

/// Goal: nothing is lost and nothing comes in the wrong order, whatever receivers do. Method: ten
/// payments, eight receivers with a fault each, until nothing is pending.
#[test]
fn all_is_delivered_in_order_whatever_receivers_do() {
    let mut stage = Stage::new(faulty(), &[]);
    stage.pay(1..11);
    assert_eq!(stage.run(), 1);
    check_taken(&stage, 1..11, &["https://gone/"]);
    let taken = stage.taken();
    let first = taken.iter().find(|it| it.url == "https://busy/").unwrap();
    assert!(first.at.0 - START >= 2 * HOUR_MS, "as it has asked: {first:?}");
    let late = taken.iter().find(|it| it.url == "https://down/").unwrap();
    assert!(late.at.0 - START >= 48 * HOUR_MS);
    assert!(taken.len() > 7 * 20, "lost answers make repeats");
    // Who was gone has not been asked again and again, and can have it all later.
    let failed = stage.notifications(FAILED);
    assert_eq!(failed.len(), 20);
    let gone = stage.endpoints["https://gone/"];
    assert!(failed.iter().all(|it| it.endpoint == gone));
    let asked = stage.world.came.lock().unwrap()["https://gone/"];
    assert!(asked <= DELIVERIES_TO_ONE_MAX, "{asked}");
    let change = ChangeEndpoint {
        endpoint: gone,
        url: Some("https://refused/2".to_owned()),
        is_active: Some(true),
        actor: "op".to_owned(),
        ..ChangeEndpoint::default()
    };
    stage.engine.submit_blocking(Command::ChangeEndpoint(change)).unwrap();
    let sent = Redeliver {
        notifications: failed.iter().map(|it| it.number).collect(),
        actor: "op".to_owned(),
        idempotency: None,
    };
    let answer = stage.engine.submit_blocking(Command::Redeliver(sent)).unwrap();
    assert!(matches!(answer.done, Outcome::Redelivered(sent) if sent.len() == 20));
}

/// Goal: none is lost when the courier dies, whatever it was about to do. Method: as before, and
/// it dies after some letter, before it is known what came of it; 20 seeds.
#[test]
fn none_is_lost_when_the_courier_dies() {
    for seed in 1..=20_usize {
        let dies_at: Vec<usize> = (0..12).map(|number| number * 17 + seed * 3).collect();
        let mut stage = Stage::new(faulty(), &dies_at);
        stage.pay(1..7);
        let lives = stage.run();
        assert!(lives > 5, "seed {seed}: {lives} lives");
        check_taken(&stage, 1..7, &["https://gone/"]);
        assert_eq!(stage.notifications(NOTIFICATIONS).len(), 6 * 2 * 8, "seed {seed}");
    }
}

/// Goal: a receiver that never answers delays nobody. Method: it has a hundred notifications
/// before the others have one; the others get theirs while it is silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_delays_no_other() {
    let silent: Behaviour = Box::new(|_, _| trouble(Trouble::Nonsense));
    let quick: Behaviour = Box::new(|_, _| answer(200));
    let behaviours = vec![("https://silent/", silent), ("https://quick/", quick)];
    let stage = tokio::task::spawn_blocking(move || {
        let mut stage = Stage::new(behaviours, &[]);
        stage.pay(1..51);
        stage
    });
    let stage = stage.await.unwrap();
    let courier = stage.courier();
    assert_eq!(courier.turn().await, 200, "what was just written is known without looking");
    while stage.taken().len() < 100 {
        stage.world.took.notified().await;
        courier.turn().await;
    }
    check_taken(&stage, 1..51, &["https://silent/"]);
    assert_eq!(
        stage.world.came.lock().unwrap()["https://silent/"],
        DELIVERIES_TO_ONE_MAX,
        "so many and no more are on their way to it"
    );
    tokio::task::spawn_blocking(move || drop(stage)).await.unwrap();
}

/// Goal: a receiver that has more than its line holds gets all of it at its own speed. Method: it
/// has more than twice as many, and nobody looks a second time nor does time pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_line_is_filled_up_without_another_look() {
    let stage = tokio::task::spawn_blocking(|| {
        let quick: Behaviour = Box::new(|_, _| answer(200));
        let mut stage = Stage::new(vec![("https://quick/", quick)], &[]);
        stage.pay(1..1_201);
        stage
    });
    let stage = stage.await.unwrap();
    let courier = stage.courier();
    let shut = stage.world.gate.write().await;
    let most = DELIVERIES_TO_ONE_MAX + DELIVERIES_WAITING_MAX;
    assert_eq!(courier.look().await.unwrap(), most);
    assert_eq!(courier.refill().await, 0, "there is no room");
    drop(shut);
    while stage.taken().len() < 2_400 {
        let news = async {
            tokio::select! {
                () = courier.inner.drained.notified() => courier.refill().await,
                () = stage.world.took.notified() => 0,
            }
        };
        let patience = std::time::Duration::from_mins(1);
        tokio::time::timeout(patience, news).await.expect("a line with room is filled up");
    }
    courier.idle().await;
    check_taken(&stage, 1..1_201, &[]);
    assert_eq!(courier.refill().await, 0, "nobody was turned away since");
    tokio::task::spawn_blocking(move || drop(stage)).await.unwrap();
}

/// Goal: two processes that find the same are due send each once. Method: two couriers look at
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_couriers_one_sends() {
    let quick: Behaviour = Box::new(|_, _| answer(200));
    let stage = tokio::task::spawn_blocking(move || {
        let mut stage = Stage::new(vec![("https://quick/", quick)], &[]);
        stage.pay(1..51);
        stage
    });
    let stage = stage.await.unwrap();
    let (one, two) = (stage.courier(), stage.courier());
    while !stage.notifications(PENDING).is_empty() {
        let (first, second) = tokio::join!(one.look(), two.look());
        first.unwrap();
        second.unwrap();
        tokio::join!(one.idle(), two.idle());
        tokio::join!(one.turn(), two.turn());
    }
    check_taken(&stage, 1..51, &[]);
    assert_eq!(stage.taken().len(), 100);
    assert_eq!((one.running(), two.running()), (0, 0));
    tokio::task::spawn_blocking(move || drop(stage)).await.unwrap();
}

/// Goal: what cannot be signed is not sent, and operators see why. Method: an endpoint whose
/// secret no key opens.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_signed_is_not_sent() {
    static IS_ASKED: AtomicBool = AtomicBool::new(false);
    let never: Behaviour = Box::new(|_, _| {
        IS_ASKED.store(true, Ordering::SeqCst);
        answer(200)
    });
    let stage = tokio::task::spawn_blocking(move || {
        let mut stage = Stage::new(vec![("https://never/", never)], &[]);
        let change = ChangeEndpoint {
            endpoint: stage.endpoints["https://never/"],
            sealed: vec![("sealed".to_owned(), "of another key".to_owned())],
            actor: "op".to_owned(),
            ..ChangeEndpoint::default()
        };
        stage.engine.submit_blocking(Command::ChangeEndpoint(change)).unwrap();
        stage.pay(1..2);
        stage
    });
    let stage = stage.await.unwrap();
    let courier = stage.courier();
    courier.turn().await;
    courier.idle().await;
    let first = &stage.notifications(PENDING)[0];
    let error = first.attempts[0].error.as_deref();
    assert_eq!((first.tried, error), (1, Some("the secret cannot be opened")));
    assert!(!IS_ASKED.load(Ordering::SeqCst));
    tokio::task::spawn_blocking(move || drop(stage)).await.unwrap();
}
