//! A small world for the surfaces' tests: a seeded platform on the memory store, whose clock and
//! chance the test owns.

pub(crate) mod log;
pub(crate) mod merchants;
pub(crate) mod post;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use base64::Engine as _;
use engine::effects::psp::{
    Agreement as PspAgreement, Exchange, Request as PspRequest, Sending, Transport,
};
use engine::{Clock, Command, Desk, Office, Queries, Randomness, VirtualClock, spawn};
use estate::Draw;
use estate::application::{
    Address, Agreement, Application, LanguageChoice, TerminalOrder, TransactionType,
    TransactionTypeChoice,
};
use estate::change_customer::AddCustomer;
use estate::command::Outcome;
use estate::review::{ApproveRequest, ChosenIdentities, Reviewer};
use estate::submit::SubmitRequest;
use http_body_util::BodyExt;
use ledger::books::Done;
use ledger::{
    AccountNo, AccountStatus, AddCard, AddCompany, AddSeller, Books, CardExpiry, CardStatus,
    CardToken, ChangeAccount, ChangeCard, Contract, CredentialId, Currency, Decimal, Directory,
    IssueCredential, MaskedPan, OpenAccount, ReadSet, RevokeCredential, Scope, Timestamp, WriteSet,
    Zone,
};
use payments::{ChangePayee, Psp};
use store::{MemoryStore, Source, Store, StoreError};
use tower::ServiceExt;
use zeroize::Zeroizing;

use crate::http::callers::Uses;
use crate::http::secrets::secret_hash;
use crate::{PackageFiles, Platform, PspAddresses, PublicUrl, Secrets, Uploads, Vault, VaultKey};

/// When the world begins: a Friday noon in Stockholm.
pub(crate) const BEGIN: &str = "2026-11-20T11:00:00.000Z";

/// Company 100, any seller.
pub(crate) const TOKEN: &str = "token-of-company-100";
/// Company 100, seller 654 only.
pub(crate) const TOKEN_654: &str = "token-of-company-100-seller-654";
/// Company 100, seller 655 only.
pub(crate) const TOKEN_655: &str = "token-of-company-100-seller-655";
/// Company 200, any seller.
pub(crate) const TOKEN_200: &str = "token-of-company-200";
/// Company 300, which is not configured.
pub(crate) const TOKEN_300: &str = "token-of-company-300";
/// Company 400, which has no currencies.
pub(crate) const TOKEN_400: &str = "token-of-company-400";
/// Company 100; expires one hour after [`BEGIN`].
pub(crate) const TOKEN_HOUR: &str = "token-for-one-hour";
/// Company 100; revoked.
pub(crate) const TOKEN_REVOKED: &str = "token-revoked";
/// The operator API, the whole installation.
pub(crate) const OPERATOR_KEY: &str = "operator-key";

/// SEK, limit 50 000.00.
pub(crate) const CARD: &str = "5646735165";
/// SEK, limit 500.00.
pub(crate) const CARD_500: &str = "546415646315";
/// Its account's currency, limit 1 000 000 major units.
pub(crate) const CARD_EUR: &str = "card-eur";
/// As [`CARD_EUR`]; no decimals.
pub(crate) const CARD_JPY: &str = "card-jpy";
/// As [`CARD_EUR`]; three decimals.
pub(crate) const CARD_KWD: &str = "card-kwd";
/// Blocked, on an account with limit 50 000.00 SEK.
pub(crate) const CARD_BLOCKED: &str = "card-blocked";
/// Past its last month, on an account with limit 50 000.00 SEK.
pub(crate) const CARD_EXPIRED: &str = "card-expired";
/// On a blocked account.
pub(crate) const CARD_ON_BLOCKED: &str = "card-on-blocked-account";
/// On a closed account.
pub(crate) const CARD_ON_CLOSED: &str = "card-on-closed-account";
/// Company 200, SEK, limit 50 000.00.
pub(crate) const CARD_200: &str = "card-of-company-200";

/// Access: customer 1 and all below it.
pub(crate) const ACCESS_KEY: &str = "access-key-of-customer-1";
/// Access: customer 2, which is none of customer 1's.
pub(crate) const ACCESS_KEY_OTHER: &str = "access-key-of-customer-2";
/// Terminals: customer 1 and all below it.
pub(crate) const APP: (&str, &str) = ("121212", "app-token-of-customer-1");
/// Terminals: customer 2.
pub(crate) const APP_OTHER: (&str, &str) = ("343434", "app-token-of-customer-2");
/// What the Terminals contract calls customer 3, an approved merchant below customer 1.
pub(crate) const ACCOUNT_ID: &str = "00000000-0000-4000-8000-000000000003";
/// The same of customer 4, an approved merchant below customer 2.
pub(crate) const ACCOUNT_ID_OTHER: &str = "00000000-0000-4000-8000-000000000004";

/// AAPay: key and secret of a consumer that acts for customer 1 and all below it.
pub(crate) const CONSUMER: (&str, &str) = ("consumer-1", "consumer-secret-of-customer-1");
/// AAPay: the same of customer 2.
pub(crate) const CONSUMER_OTHER: (&str, &str) = ("consumer-2", "consumer-secret-of-customer-2");
/// What alternative payments call customer 3, and customer 4.
pub(crate) const MERCHANT_ID: &str = "M3";
/// See [`MERCHANT_ID`].
pub(crate) const MERCHANT_ID_OTHER: &str = "M4";

/// Payments v3: customer 1 and all below it.
pub(crate) const SHOP_TOKEN: &str = "payments-token-of-customer-1";
/// Payments v3: customer 3 only.
pub(crate) const SHOP_TOKEN_3: &str = "payments-token-of-customer-3";
/// Payments v3: customer 2 and all below it.
pub(crate) const SHOP_TOKEN_OTHER: &str = "payments-token-of-customer-2";
/// The number of [`CARD`].
pub(crate) const PAN: &str = "4111111111111111";
/// The number of a card like [`CARD_500`]: SEK, limit 500.00.
pub(crate) const PAN_500: &str = "4000000000000002";
/// The number of a card on an account in EUR, limit 1 000 000 major units.
pub(crate) const PAN_EUR: &str = "4000000000000010";
/// The number of a blocked card.
pub(crate) const PAN_BLOCKED: &str = "4000000000000028";
/// The number of a card that is past its last month.
pub(crate) const PAN_EXPIRED: &str = "4000000000000036";
/// The number of a card on a blocked account.
pub(crate) const PAN_ON_BLOCKED: &str = "4000000000000044";
/// The number of a card of company 200, which is another merchant's.
pub(crate) const PAN_200: &str = "4000000000000051";

/// What customers 3 and 4 have agreed with PSPs.
const AGREED: [(Psp, &str, &str); 5] = [
    (Psp::Swish, "SWISH_ID", "1231181189"),
    (Psp::Klarna, "KLARNA_PASSWORD", "klarna_test_api_key"),
    (Psp::Easy, "EASY_SECRET_KEY", "test-secret-key"),
    (Psp::Santander, "SANTANDER_MERCHANT_ID", "SANTANDER-1"),
    (Psp::Santander, "SANTANDER_SECRET", "santander-secret"),
];

/// The platform, what serves it, and what drives it.
pub(crate) struct World {
    /// What is tested.
    pub(crate) app: Router,
    /// The time, which stands still unless told to go.
    pub(crate) clock: Arc<TestClock>,
    /// Behind `app`.
    pub(crate) platform: Platform,
    /// The number of [`CARD`]'s account.
    pub(crate) account: AccountNo,
    /// What becomes of the next batches.
    pub(crate) mood: Arc<Mutex<Mood>>,
    /// What stands for the PSPs.
    pub(crate) psps: Arc<TestPsps>,
    /// Receivers of notifications.
    pub(crate) post: Arc<post::TestPost>,
    runtime: tokio::runtime::Runtime,
    /// A directory of its own, for what comes as files.
    scratch: std::path::PathBuf,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What a store does with a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should.
    #[default]
    Fine,
    /// Refuses it.
    Refuses,
    /// Commits it, and loses the news of it.
    LosesTheNews,
    /// Hits a bug.
    Panics,
}

/// The memory store, in a mood.
struct MoodyStore {
    inner: MemoryStore,
    mood: Arc<Mutex<Mood>>,
}

impl Store for MoodyStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fine => self.inner.transact(reads, decide),
            Mood::Refuses => Err(StoreError::NotCommitted),
            Mood::LosesTheNews => {
                self.inner.transact(reads, decide)?;
                Err(StoreError::Unknown)
            }
            Mood::Panics => panic!("a bug, on purpose"),
        }
    }

    fn directory(&self) -> Arc<Directory> {
        self.inner.directory()
    }

    fn source(&self) -> Arc<dyn Source> {
        self.inner.source()
    }
}

/// Says what comes of a request to a PSP.
type Answering = Box<dyn FnMut(Psp, &PspRequest) -> Exchange + Send>;

/// PSPs that answer as the test says. Without a word from it, nobody reaches them.
#[derive(Default)]
pub(crate) struct TestPsps {
    answering: Mutex<Option<Answering>>,
    /// The requests so far: the PSP, the method and the path.
    pub(crate) seen: Mutex<Vec<String>>,
}

impl TestPsps {
    /// From now on, requests come to what `answering` says.
    pub(crate) fn answer(
        &self,
        answering: impl FnMut(Psp, &PspRequest) -> Exchange + Send + 'static,
    ) {
        *self.answering.lock().unwrap() = Some(Box::new(answering));
    }
}

impl Transport for TestPsps {
    fn send<'t>(&'t self, psp: Psp, request: PspRequest, _: &'t PspAgreement) -> Sending<'t> {
        let line = format!("{} {} {}", psp.as_str(), request.verb.as_str(), request.path);
        self.seen.lock().unwrap().push(line);
        let mut answering = self.answering.lock().unwrap();
        let exchange = match answering.as_mut() {
            Some(answering) => answering(psp, &request),
            None => Exchange::NotSent,
        };
        Box::pin(std::future::ready(exchange))
    }
}

/// A clock that the test moves.
pub(crate) struct TestClock(AtomicI64);

/// The same numbers in every run.
struct TestRandomness(AtomicU64);

impl World {
    /// A seeded platform, served by what `build` makes of it.
    pub(crate) fn new(build: impl FnOnce(Platform) -> Router) -> World {
        let begin = Timestamp::parse_rfc3339(BEGIN).unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(begin.0)));
        let mood = Arc::new(Mutex::new(Mood::Fine));
        let store = MoodyStore { inner: MemoryStore::default(), mood: Arc::clone(&mood) };
        let queries = Queries::new(store.source());
        let base: Arc<dyn Clock> = Arc::<TestClock>::clone(&clock);
        let virtual_clock = Arc::new(VirtualClock::new(base));
        let clock_of_engine = Arc::<VirtualClock>::clone(&virtual_clock) as Arc<dyn Clock>;
        let (engine, _threads) = spawn(vec![Box::new(store)], Arc::clone(&clock_of_engine));
        let secrets = Arc::new(Secrets::new([7; 32]));
        let public_url = Arc::new(PublicUrl::known("https://kassa.example"));
        let key = VaultKey { id: "test".to_owned(), key: Zeroizing::new([9; 32]) };
        let vault = Arc::new(Vault::new(vec![key]));
        let psps = Arc::new(TestPsps::default());
        let addresses = PspAddresses {
            public_url: Arc::clone(&public_url),
            psps: Psp::ALL.map(|psp| (psp, format!("https://{}.example", psp.as_str()))).into(),
            secrets: Arc::clone(&secrets),
        };
        let office = Office {
            transport: Arc::<TestPsps>::clone(&psps),
            vault: Arc::<Vault>::clone(&vault),
            addresses: Arc::new(move |payment| addresses.of(payment)),
        };
        let desk = Desk::new(engine.clone(), queries.clone(), clock_of_engine, office);
        let randomness: Arc<dyn Randomness> = Arc::new(TestRandomness(AtomicU64::new(1)));
        let scratch = scratch_dir();
        let clock_of_courier = Arc::<VirtualClock>::clone(&virtual_clock) as Arc<dyn Clock>;
        let (courier, post) =
            post::courier(&engine, &queries, clock_of_courier, &vault, Arc::clone(&randomness));
        let platform = Platform {
            engine,
            queries,
            clock: Arc::<VirtualClock>::clone(&virtual_clock) as Arc<dyn Clock>,
            randomness,
            secrets,
            desk,
            courier,
            vault,
            public_url,
            uses: Arc::new(Uses::default()),
            virtual_clock: Some(virtual_clock),
            draining: Arc::default(),
            monotonic: || tokio::time::Instant::now().into_std(),
            packages: Arc::new(PackageFiles::new(scratch.join("packages"), 1024 * 1024)),
            spool: Arc::new(Uploads::new(scratch.join("spool"), 1024 * 1024)),
            rkha21: Arc::default(),
        };
        let account = Seed(&platform).all();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let app = build(platform.clone());
        World { app, clock, platform, account, mood, psps, post, runtime, scratch }
    }

    /// As [`World::new`], with customers: 1 and 2 are partners, 3 and 4 merchants of theirs.
    pub(crate) fn with_estate(build: impl FnOnce(Platform) -> Router) -> World {
        let world = World::new(build);
        Seed(&world.platform).estate();
        world
    }

    /// As [`World::with_estate`], with consumers of AAPay, and with agreements of both merchants
    /// with every PSP.
    pub(crate) fn with_consumers(build: impl FnOnce(Platform) -> Router) -> World {
        let world = World::with_estate(build);
        Seed(&world.platform).consumers();
        for merchant in [3, 4] {
            for (psp, key, value) in AGREED {
                world.agree(merchant, psp, &[(key, value)]);
            }
        }
        world
    }

    /// As [`World::with_consumers`], with tokens of payments v3, with cards whose numbers are
    /// known, and with merchants whose payers may be sent to `https://shop.example` and to this
    /// machine.
    pub(crate) fn with_shops(build: impl FnOnce(Platform) -> Router) -> World {
        let world = World::with_consumers(build);
        Seed(&world.platform).shops();
        for customer in [3, 4] {
            let origins = ["https://shop.example", "loopback"].map(str::to_owned).into();
            let return_origins = Some(origins);
            let change =
                ChangePayee { customer, return_origins, actor: actor(), ..ChangePayee::default() };
            world.submit_payments(payments::Command::ChangePayee(change));
        }
        world
    }

    /// What payments v3 calls a merchant.
    pub(crate) fn entity_id(&self, customer: i64) -> String {
        let directory = self.platform.engine.directory();
        let customer = estate::Customer::find(&directory, customer).unwrap();
        customer.merchant.unwrap().entity_id
    }

    /// Calls payments v3 with a form as it is sent; without one, or a token, where they are empty.
    pub(crate) fn call_shop(&self, method: &str, path: &str, token: &str, form: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !form.is_empty() {
            let media_type = "application/x-www-form-urlencoded; charset=UTF-8";
            request = request.header("content-type", media_type);
        }
        self.send(request.body(Body::from(form.to_owned())).unwrap())
    }

    /// Submits a command of the estate and expects it to be granted.
    pub(crate) fn submit_estate(&self, command: estate::Command) -> estate::Answer {
        self.platform.engine.submit_blocking(command).unwrap()
    }

    /// Calls with a JSON body and an API key of Access; without a body or a key where empty.
    pub(crate) fn call_access(&self, method: &str, path: &str, key: &str, body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header("authorization", format!("apikey {key}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
    }

    /// Calls the Terminals contract as an application.
    pub(crate) fn call_terminals(
        &self,
        method: &str,
        path: &str,
        (id, token): (&str, &str),
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("api-version", "3.0");
        request = request.header("app-id", id).header("app-token", token);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
    }

    /// Calls with a JSON body; without a body or a token where they are empty.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
    }

    /// Calls AAPay as a consumer with a JSON body; without a body where it is empty.
    pub(crate) fn call_aapay(
        &self,
        method: &str,
        path: &str,
        consumer: (&str, &str),
        body: &str,
    ) -> Reply {
        self.call(method, path, &basic(consumer), body)
    }

    /// Calls with any request.
    pub(crate) fn send(&self, request: Request<Body>) -> Reply {
        self.runtime.block_on(async {
            let response = self.app.clone().oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            Reply { status: head.status.as_u16(), headers: head.headers, body }
        })
    }

    /// Runs a future to its end.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Submits a command and expects it to be granted.
    pub(crate) fn submit(&self, command: Command) {
        self.platform.engine.submit_blocking(command).unwrap();
    }

    /// Releases what has expired by now, as the timer does.
    pub(crate) fn run_timers(&self) -> usize {
        let platform = &self.platform;
        let due = engine::run_due(&platform.engine, &platform.queries, platform.clock.as_ref());
        self.runtime.block_on(due).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.platform.engine.close();
        // Most tests put nothing there.
        drop(std::fs::remove_dir_all(&self.scratch));
    }
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl TestClock {
    /// Moves on.
    pub(crate) fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Moves to an instant.
    pub(crate) fn set(&self, at: &str) {
        self.0.store(Timestamp::parse_rfc3339(at).unwrap().0, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Randomness for TestRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            // A splitmix64 step, so that ids do not look like counters.
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Fills a platform.
struct Seed<'p>(&'p Platform);

impl Seed<'_> {
    /// Returns the number of [`CARD`]'s account.
    fn all(&self) -> AccountNo {
        self.company("100", &["SEK", "EUR", "JPY", "KWD"], &["654", "655"]);
        self.company("200", &["SEK"], &["654"]);
        self.company("400", &[], &[]);
        let account = self.card("100", "SEK", "50000", CARD);
        self.card("100", "SEK", "500", CARD_500);
        self.card("100", "EUR", "1000000", CARD_EUR);
        self.card("100", "JPY", "1000000", CARD_JPY);
        self.card("100", "KWD", "1000000", CARD_KWD);
        self.card("200", "SEK", "50000", CARD_200);
        self.card("100", "SEK", "50000", CARD_BLOCKED);
        let (token, status) = (token(CARD_BLOCKED), CardStatus::Blocked);
        self.submit(Command::ChangeCard(ChangeCard { token, status, actor: actor() }));
        let open = self.account("100", "SEK", "50000");
        self.add_card(open, CARD_EXPIRED, CardExpiry::parse("2026-10"));
        for (card, status) in
            [(CARD_ON_BLOCKED, AccountStatus::Blocked), (CARD_ON_CLOSED, AccountStatus::Closed)]
        {
            let account = self.card("100", "SEK", "50000", card);
            self.submit(Command::ChangeAccount(ChangeAccount {
                account,
                credit_limit: None,
                status: Some(status),
                actor: actor(),
            }));
        }
        self.credentials();
        account
    }

    fn credentials(&self) {
        let company = |number: &str, seller: Option<&str>| Scope::Company {
            number: number.to_owned(),
            seller: seller.map(str::to_owned),
        };
        let hour = Timestamp::parse_rfc3339(BEGIN).unwrap().plus_ms(3_600_000);
        self.credential(TOKEN, Contract::CardLedger, company("100", None), None);
        self.credential(TOKEN_654, Contract::CardLedger, company("100", Some("654")), None);
        self.credential(TOKEN_655, Contract::CardLedger, company("100", Some("655")), None);
        self.credential(TOKEN_200, Contract::CardLedger, company("200", None), None);
        self.credential(TOKEN_300, Contract::CardLedger, company("300", None), None);
        self.credential(TOKEN_400, Contract::CardLedger, company("400", None), None);
        self.credential(TOKEN_HOUR, Contract::CardLedger, company("100", None), Some(hour));
        self.credential(OPERATOR_KEY, Contract::Operator, Scope::Installation, None);
        self.credential(TOKEN_REVOKED, Contract::CardLedger, company("100", None), None);
        let directory = self.0.engine.directory();
        let revoked = directory.credential_by_hash(&secret_hash(TOKEN_REVOKED)).unwrap().id;
        let revoke = RevokeCredential { credential: revoked, actor: actor() };
        self.submit(Command::RevokeCredential(revoke));
    }

    fn estate(&self) {
        for number in [1, 2] {
            let add = AddCustomer {
                parent: 0,
                name: format!("Partner {number}"),
                organisation_number: "556677-8899".to_owned(),
                draw: Draw([200 + number; 32]),
                actor: actor(),
                idempotency: None,
            };
            self.submit_estate(estate::Command::AddCustomer(add));
        }
        for (customer, key, (id, token), account) in
            [(1, ACCESS_KEY, APP, ACCOUNT_ID), (2, ACCESS_KEY_OTHER, APP_OTHER, ACCOUNT_ID_OTHER)]
        {
            self.credential(key, Contract::Access, Scope::Customer(customer), None);
            self.login(Contract::Terminals, (id, token), Scope::Customer(customer));
            self.merchant(customer, account);
        }
    }

    fn consumers(&self) {
        for (customer, consumer) in [(1, CONSUMER), (2, CONSUMER_OTHER)] {
            self.login(Contract::Aapay, consumer, Scope::Customer(customer));
        }
    }

    fn shops(&self) {
        for (token, customer) in [(SHOP_TOKEN, 1), (SHOP_TOKEN_3, 3), (SHOP_TOKEN_OTHER, 2)] {
            self.credential(token, Contract::Payments, Scope::Customer(customer), None);
        }
        for (pan, company, currency, limit) in [
            (PAN_500, "100", "SEK", "500"),
            (PAN_EUR, "100", "EUR", "1000000"),
            (PAN_BLOCKED, "100", "SEK", "50000"),
            (PAN_ON_BLOCKED, "100", "SEK", "50000"),
            (PAN_200, "200", "SEK", "50000"),
            (PAN_EXPIRED, "100", "SEK", "50000"),
        ] {
            let account = self.account(company, currency, limit);
            let known = (MaskedPan::of(pan).unwrap(), self.0.secrets.pan_fingerprint(pan));
            let card = format!("card-{pan}");
            let expiry = CardExpiry::parse("2026-10").filter(|_| pan == PAN_EXPIRED);
            self.submit(Command::AddCard(AddCard {
                account,
                token: token(&card),
                pan: Some(known),
                expiry,
                actor: actor(),
                idempotency: None,
            }));
            if pan == PAN_BLOCKED {
                let (token, status) = (token(&card), CardStatus::Blocked);
                self.submit(Command::ChangeCard(ChangeCard { token, status, actor: actor() }));
            }
            if pan == PAN_ON_BLOCKED {
                self.submit(Command::ChangeAccount(ChangeAccount {
                    account,
                    credit_limit: None,
                    status: Some(AccountStatus::Blocked),
                    actor: actor(),
                }));
            }
        }
    }

    /// Adds a merchant below a customer, with one ordered terminal of model C100+.
    fn merchant(&self, parent: i64, account_id: &str) {
        let by = |number| CredentialId(number);
        let submit = SubmitRequest {
            application: Box::new(application(parent)),
            customer: None,
            root: parent,
            credential: by(i64::MAX),
            actor: actor(),
        };
        let submitted = self.submit_estate(estate::Command::SubmitRequest(submit));
        let Outcome::Request(request) = submitted.done else { panic!("{submitted:?}") };
        let approve = ApproveRequest {
            request: request.number,
            identities: ChosenIdentities {
                company_number: Some("100".to_owned()),
                account_id: Some(account_id.to_owned()),
                ..ChosenIdentities::default()
            },
            draw: Draw([u8::try_from(parent).unwrap(); 32]),
            reviewer: Reviewer { credential: by(i64::MAX - 1), actor: actor() },
            idempotency: None,
        };
        self.submit_estate(estate::Command::ApproveRequest(approve));
    }

    fn login(&self, contract: Contract, (login, secret): (&str, &str), scope: Scope) {
        self.submit(Command::IssueCredential(IssueCredential {
            login: Some(login.to_owned()),
            contract,
            label: secret.to_owned(),
            scope,
            secret_hash: secret_hash(secret),
            salt: [0; 16],
            expires_at: None,
            actor: actor(),
            idempotency: None,
        }));
    }

    fn submit_estate(&self, command: estate::Command) -> estate::Answer {
        self.0.engine.submit_blocking(command).unwrap()
    }

    fn company(&self, number: &str, currencies: &[&str], sellers: &[&str]) {
        self.submit(Command::AddCompany(AddCompany {
            number: number.to_owned(),
            name: format!("Company {number}"),
            zone: Zone::parse(Zone::DEFAULT_NAME).unwrap(),
            currencies: currencies.iter().map(|code| Currency::parse(code).unwrap()).collect(),
            authorization_days: 7,
            actor: actor(),
            idempotency: None,
        }));
        for seller in sellers {
            self.submit(Command::AddSeller(AddSeller {
                company: number.to_owned(),
                number: (*seller).to_owned(),
                name: format!("Seller {seller}"),
                actor: actor(),
                idempotency: None,
            }));
        }
    }

    fn account(&self, company: &str, currency: &str, limit: &str) -> AccountNo {
        let done = self.submit(Command::OpenAccount(OpenAccount {
            company: company.to_owned(),
            currency: currency.to_owned(),
            credit_limit: Decimal::parse(limit).unwrap(),
            holder: "Test Holder".to_owned(),
            actor: actor(),
            idempotency: None,
        }));
        let Done::Changed(change) = done else { panic!("{done:?}") };
        AccountNo::of(change.account.unwrap())
    }

    fn card(&self, company: &str, currency: &str, limit: &str, card: &str) -> AccountNo {
        let account = self.account(company, currency, limit);
        self.add_card(account, card, None);
        account
    }

    fn add_card(&self, account: AccountNo, card: &str, expiry: Option<CardExpiry>) {
        let pan = (card == CARD).then(|| {
            let pan = "4111111111111111";
            (MaskedPan::of(pan).unwrap(), self.0.secrets.pan_fingerprint(pan))
        });
        let (token, idempotency) = (token(card), None);
        let add = AddCard { account, token, pan, expiry, actor: actor(), idempotency };
        self.submit(Command::AddCard(add));
    }

    fn credential(
        &self,
        secret: &str,
        contract: Contract,
        scope: Scope,
        expires_at: Option<Timestamp>,
    ) {
        self.submit(Command::IssueCredential(IssueCredential {
            login: None,
            contract,
            label: secret.to_owned(),
            scope,
            secret_hash: secret_hash(secret),
            salt: [0; 16],
            expires_at,
            actor: actor(),
            idempotency: None,
        }));
    }

    fn submit(&self, command: Command) -> Done {
        self.0.engine.submit_blocking(command).unwrap().done
    }
}

/// A consumer's key and secret as AAPay wants them.
pub(crate) fn basic((key, secret): (&str, &str)) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{key}:{secret}"))
}

/// A merchant's application that is in order.
pub(crate) fn application(parent: i64) -> Application {
    let text = str::to_owned;
    Application {
        notes: Some(text("Ring på dörren 🔔")),
        parent,
        organisation_number: text("123456-7890"),
        address: Address {
            company_name: format!("Åkes Ägg & Öl {parent}"),
            street: text("Kanalvägen 14"),
            zip_code: text("19461"),
            city: text("UPPLANDS VÄSBY"),
            country: text("Sweden"),
            contact_name: text("Åke Ödman"),
            contact_phone: text("08-123456"),
            contact_email: text("ake@example.com"),
        },
        transaction_types: vec![TransactionTypeChoice {
            kind: TransactionType::Purchase,
            is_active: true,
            wants_password: false,
        }],
        agreements: vec![Agreement { card_brand: 1, number: text("123456"), acquirer: 6 }],
        languages: vec![LanguageChoice { language: 1, is_default: true }],
        site_language: text("sv-SE"),
        mcc: text("5411"),
        country_numeric: text("752"),
        currency: text("SEK"),
        end_of_day: text("01:00"),
        password_hash: None,
        receipt_name: text("ÅKES ÄGG & ÖL"),
        support_phone: None,
        receipt_phone: None,
        tipping: false,
        signature: false,
        order: Some(TerminalOrder { quantity: 1, model: 9, operating_mode: 2, notes: None }),
    }
}

/// A directory of this test's own, which is not made yet.
fn scratch_dir() -> std::path::PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::SeqCst);
    std::env::temp_dir().join(format!("kassa-surfaces-{}-{number}", std::process::id()))
}

fn actor() -> String {
    "test".to_owned()
}

fn token(card: &str) -> CardToken {
    CardToken::parse(card).unwrap()
}
