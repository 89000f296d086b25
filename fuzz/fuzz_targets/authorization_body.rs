//! Bodies of POST authorizations and POST purchases through the whole contract: whatever is sent,
//! the answer is one that the contract documents, and the server lives.

#![no_main]

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use engine::{Clock, Command, Handle, Queries, Randomness, spawn};
use http_body_util::BodyExt;
use ledger::books::Done;
use ledger::{
    AccountId, AccountNo, AddCard, AddCompany, AddSeller, CardToken, Contract, Currency, Decimal,
    IssueCredential, OpenAccount, RowId, Scope, Timestamp, Zone,
};
use libfuzzer_sys::fuzz_target;
use store::{MemoryStore, Store};
use surfaces::http::callers::Uses;
use surfaces::http::secrets::secret_hash;
use surfaces::{Platform, Secrets};
use tokio::runtime::Runtime;
use tower::ServiceExt;

const TOKEN: &str = "fuzz-token";
const PATHS: [&str; 2] =
    ["/ledger/card-transaction/v1/100/authorizations", "/ledger/card-transaction/v1/100/purchases"];

thread_local! {
    static SERVER: OnceCell<(Runtime, Router)> = const { OnceCell::new() };
}

fuzz_target!(|body: &[u8]| {
    SERVER.with(|server| {
        let (runtime, router) = server.get_or_init(server_with_a_card);
        for path in PATHS {
            let request = Request::post(path)
                .header("authorization", format!("Bearer {TOKEN}"))
                .header("content-type", "application/json")
                .body(Body::from(body.to_vec()))
                .expect("a request");
            let (status, answer) = runtime.block_on(async {
                let response = router.clone().oneshot(request).await.expect("an answer");
                let status = response.status().as_u16();
                (status, response.into_body().collect().await.expect("a body").to_bytes())
            });
            let documented = [201, 400, 404, 409, 413, 415, 422, 501];
            assert!(documented.contains(&status), "{path} answers {status}");
            if !answer.is_empty() {
                serde_json::from_slice::<serde_json::Value>(&answer).expect("JSON");
            }
        }
    });
});

fn server_with_a_card() -> (Runtime, Router) {
    let store = MemoryStore::default();
    let queries = Queries::new(store.source());
    let clock: Arc<dyn Clock> = Arc::new(StandingClock);
    let (engine, _thread) = spawn(Box::new(store), Arc::clone(&clock));
    configure(&engine);
    let platform = Platform {
        engine,
        queries,
        clock,
        randomness: Arc::new(Counter(AtomicU8::new(0))),
        secrets: Arc::new(Secrets::new([7; 32])),
        uses: Arc::new(Uses::default()),
        virtual_clock: None,
        monotonic: Instant::now,
        draining: Arc::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    (runtime.expect("a runtime"), surfaces::card_ledger::router(platform))
}

/// Company 100 with seller 654, a card on an account in crowns, and a token.
fn configure(engine: &Handle) {
    let actor = || "fuzz".to_owned();
    let company = || "100".to_owned();
    submit(
        engine,
        Command::AddCompany(AddCompany {
            number: company(),
            name: "Company".to_owned(),
            zone: Zone::parse(Zone::DEFAULT_NAME).expect("a zone"),
            currencies: vec![Currency::SEK],
            authorization_days: 7,
            actor: actor(),
            idempotency: None,
        }),
    );
    submit(
        engine,
        Command::AddSeller(AddSeller {
            company: company(),
            number: "654".to_owned(),
            name: "Seller".to_owned(),
            actor: actor(),
            idempotency: None,
        }),
    );
    let account = submit(
        engine,
        Command::OpenAccount(OpenAccount {
            company: company(),
            currency: "SEK".to_owned(),
            credit_limit: Decimal::parse("50000").expect("a decimal"),
            holder: "Holder".to_owned(),
            actor: actor(),
            idempotency: None,
        }),
    );
    submit(
        engine,
        Command::AddCard(AddCard {
            account: AccountNo::of(AccountId(account.0)),
            token: CardToken::parse("5646735165").expect("a token"),
            pan: None,
            expiry: None,
            actor: actor(),
            idempotency: None,
        }),
    );
    submit(
        engine,
        Command::IssueCredential(IssueCredential {
            contract: Contract::CardLedger,
            label: "fuzz".to_owned(),
            scope: Scope::Company { number: company(), seller: None },
            secret_hash: secret_hash(TOKEN),
            salt: [0; 16],
            expires_at: None,
            actor: actor(),
            idempotency: None,
        }),
    );
}

/// Does a command and returns the row that it made.
fn submit(engine: &Handle, command: Command) -> RowId {
    match engine.submit_blocking(command).expect("granted").done {
        Done::Changed(change) => change.id,
        other => panic!("no change: {other:?}"),
    }
}

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_165_200_000)
    }
}

struct Counter(AtomicU8);

impl Randomness for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
    }
}
