//! The engine as it really runs, with its thread and its queue, when too much or the wrong thing
//! is asked of it.
//!
//! No test here waits for time to pass: a gate in the store says when the engine is busy.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use engine::limits::{BATCH_SIZE_MAX, QUEUE_LENGTH_MAX};
use engine::{Clock, Command, Handle, SubmitError, spawn};
use ledger::{
    AccountId, AccountKind, AccountNo, Answer, AuthorizationKind, Authorize, Books, CardToken,
    Decimal, Directory, Instrument, Mount, ReadSet, Row, RowId, Timestamp, WriteSet,
};
use store::{MemoryStore, Reader, Source, Store, StoreError};
use tokio::task::JoinSet;

use crate::journal_check::check_journal;
use crate::prng::Prng;
use crate::traffic::Traffic;

/// How many more requests are sent than the engine takes.
const TOO_MANY: usize = 500;

type Outcome = Result<Answer, SubmitError>;

/// Goal: more than the engine takes is turned away, not piled up, and nothing is lost or doubled.
/// Method: hold the engine inside a batch, send more than fits, let it go, send again what was
/// turned away.
#[test]
fn overload_turns_away_and_loses_nothing() {
    let content = installation();
    let (store, gate) = GatedStore::new(content.clone());
    let (handle, thread) = start(Box::new(store));
    let sent = 1 + QUEUE_LENGTH_MAX + TOO_MANY;
    block_on(async {
        let mut replies = JoinSet::new();
        submit(&handle, 0, &mut replies);
        tokio::task::yield_now().await;
        gate.entered.recv().unwrap();
        (1..sent).for_each(|number| submit(&handle, number, &mut replies));
        let mut turned_away = Vec::new();
        for _ in 0..TOO_MANY {
            // While the engine is held, nobody has an answer but who is turned away.
            let (number, reply) = replies.join_next().await.unwrap().unwrap();
            assert_eq!(reply, Err(SubmitError::Overloaded));
            turned_away.push(number);
        }
        let waiting = handle.figures().waiting;
        assert_eq!(waiting, u64::try_from(QUEUE_LENGTH_MAX).unwrap(), "all others wait");
        gate.open.send(()).unwrap();
        assert_eq!(finish(replies).await, [], "all others are answered");
        assert_eq!(authorizations(&content), sent - TOO_MANY, "what was taken was done");
        let mut again = JoinSet::new();
        for number in turned_away {
            submit(&handle, number, &mut again);
        }
        assert_eq!(finish(again).await, [], "there is room again");
    });
    let figures = handle.figures();
    assert_eq!((figures.waiting, figures.failures), (0, 0));
    let least = u64::try_from(QUEUE_LENGTH_MAX.div_ceil(BATCH_SIZE_MAX)).unwrap();
    assert!(figures.batches > least, "no batch is larger than allowed: {figures:?}");
    handle.close();
    thread.join().unwrap();
    assert_eq!(authorizations(&content), sent);
    check_journal(&mut content.clone());
}

/// Goal: closing answers what waited and takes nothing more. Method: close while the engine is held
/// inside a batch and others wait.
#[test]
fn close_answers_everything_that_waited() {
    let content = installation();
    let (store, gate) = GatedStore::new(content.clone());
    let (handle, thread) = start(Box::new(store));
    block_on(async {
        let mut replies = JoinSet::new();
        submit(&handle, 0, &mut replies);
        tokio::task::yield_now().await;
        gate.entered.recv().unwrap();
        (1..200).for_each(|number| submit(&handle, number, &mut replies));
        while handle.figures().waiting < 199 {
            tokio::task::yield_now().await;
        }
        handle.close();
        let late = handle.submit(authorize(1_000)).await;
        assert_eq!(late, Err(SubmitError::NotDone));
        gate.open.send(()).unwrap();
        assert_eq!(finish(replies).await, [], "everyone who waited is answered");
    });
    thread.join().unwrap();
    assert_eq!(authorizations(&content), 200);
}

/// Goal: a command that hits a bug harms its own caller only. Method: one of many in a batch makes
/// the store panic whenever it is in the batch.
#[test]
fn poison_harms_only_its_own_caller() {
    let content = installation();
    let (store, gate) = GatedStore::new(content.clone());
    let (handle, thread) = start(Box::new(store));
    block_on(async {
        let mut replies = JoinSet::new();
        submit(&handle, 0, &mut replies);
        tokio::task::yield_now().await;
        gate.entered.recv().unwrap();
        (1..50).for_each(|number| submit(&handle, number, &mut replies));
        let poison = tokio::spawn({
            let handle = handle.clone();
            async move { handle.submit(poison()).await }
        });
        (50..100).for_each(|number| submit(&handle, number, &mut replies));
        while handle.figures().waiting < 100 {
            tokio::task::yield_now().await;
        }
        gate.open.send(()).unwrap();
        assert_eq!(finish(replies).await, [], "the others are done");
        assert_eq!(poison.await.unwrap(), Err(SubmitError::Bug));
        let repeat = handle.submit(authorize(60)).await.unwrap();
        assert!(repeat.replayed, "exactly once");
    });
    handle.close();
    thread.join().unwrap();
    assert_eq!(authorizations(&content), 100);
    check_journal(&mut content.clone());
}

/// Goal: when the engine itself dies, nobody waits for it for ever. Method: upkeep that panics.
#[test]
fn death_of_the_engine_is_noticed() {
    let (handle, thread) = start(Box::new(MortalStore(installation())));
    let answer = handle.submit_blocking(authorize(0));
    assert!(answer.is_ok(), "its batch was committed and answered: {answer:?}");
    assert!(thread.join().is_err(), "the bug is loud");
    assert_eq!(handle.submit_blocking(authorize(1)), Err(SubmitError::NotDone));
}

/// Goal: the ledger's time never goes back, though the clock does while the engine is down.
/// Method: restart on an earlier clock and look at the journal.
#[test]
fn time_does_not_go_back_over_a_restart() {
    let content = installation();
    for (number, clock) in [5_000_000, 4_000_000].into_iter().enumerate() {
        let clock = FixedClock(AtomicI64::new(clock));
        let (handle, thread) = spawn(vec![Box::new(content.clone())], Arc::new(clock));
        handle.submit_blocking(authorize(number)).unwrap();
        handle.close();
        thread.join().unwrap();
    }
    let newest = content.clone().rows_before(RowId(i64::MAX), 2).unwrap();
    assert_eq!(newest.iter().map(Row::at).collect::<Vec<_>>(), [Timestamp(5_000_000); 2]);
    check_journal(&mut content.clone());
}

/// The account that everything here is charged to: the first that the installation opens.
const ACCOUNT: AccountId = AccountId(19);

/// A store with companies and accounts in it.
fn installation() -> MemoryStore {
    let mut store = MemoryStore::default();
    let mut traffic = Traffic::new(Prng::new(1));
    for prepare in [Traffic::companies, Traffic::accounts] {
        let commands = prepare(&mut traffic);
        for reply in engine::run_batch(&mut store, &commands, Timestamp(0)).unwrap() {
            reply.unwrap();
        }
    }
    let oldest = store.accounts_before(AccountId(ACCOUNT.0 + 1), 2).unwrap();
    let kinds: Vec<AccountKind> = oldest.iter().map(|account| account.kind).collect();
    assert!(matches!(kinds[..], [AccountKind::Credit, AccountKind::Payable(_)]), "{oldest:?}");
    store
}

fn authorize(number: usize) -> Command {
    Command::Authorize(request(number))
}

fn request(number: usize) -> Authorize {
    Authorize {
        company: "100".to_owned(),
        mount: Mount::CardTransaction,
        source: format!("source-{number}"),
        seller: "654".to_owned(),
        instrument: Instrument::Account(Some(AccountNo::of(ACCOUNT))),
        kind: AuthorizationKind::Reversal,
        point_of_sale: "Kiosk".to_owned(),
        amount: Decimal::parse("0.01").unwrap(),
        currency: "SEK".to_owned(),
        valid_to: None,
        method: None,
        channel: None,
    }
}

/// The token at which the gated store panics.
const POISON: &str = "poison";

fn poison() -> Command {
    let instrument = Instrument::Card(CardToken::parse(POISON).unwrap());
    Command::Authorize(Authorize { source: POISON.to_owned(), instrument, ..request(0) })
}

fn submit(handle: &Handle, number: usize, replies: &mut JoinSet<(usize, Outcome)>) {
    let handle = handle.clone();
    replies.spawn(async move { (number, handle.submit(authorize(number)).await) });
}

/// Waits for all; returns what was not granted.
async fn finish(mut replies: JoinSet<(usize, Outcome)>) -> Vec<(usize, Outcome)> {
    let mut failed = Vec::new();
    while let Some(reply) = replies.join_next().await {
        let (number, reply) = reply.unwrap();
        if reply.is_err() {
            failed.push((number, reply));
        }
    }
    failed
}

fn authorizations(content: &MemoryStore) -> usize {
    let rows = content.clone().rows_after(RowId(0), usize::MAX).unwrap();
    rows.iter().filter(|row| matches!(row, Row::Authorization(_))).count()
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future);
}

fn start(store: Box<dyn Store>) -> (Handle, engine::Threads) {
    spawn(vec![store], Arc::new(FixedClock(AtomicI64::new(1))))
}

struct FixedClock(AtomicI64);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// The memory store behind a gate that holds its first batch, and with a token that it dies of.
struct GatedStore {
    inner: MemoryStore,
    entered: Sender<()>,
    open: Mutex<Option<Receiver<()>>>,
}

/// The test's side of the gate.
struct Gate {
    entered: Receiver<()>,
    open: Sender<()>,
}

impl GatedStore {
    fn new(inner: MemoryStore) -> (GatedStore, Gate) {
        let ((entered, has_entered), (open, is_open)) = (channel(), channel());
        let store = GatedStore { inner, entered, open: Mutex::new(Some(is_open)) };
        (store, Gate { entered: has_entered, open })
    }
}

impl Store for GatedStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        if let Some(gate) = self.open.lock().unwrap().take() {
            self.entered.send(()).unwrap();
            gate.recv().unwrap();
        }
        let is_poisoned = reads.cards.iter().any(|token| token.as_str() == POISON);
        self.inner.transact(reads, &mut |books| {
            let writes = decide(books);
            if is_poisoned {
                std::panic::resume_unwind(Box::new("poison"));
            }
            writes
        })
    }

    fn directory(&self) -> Arc<Directory> {
        self.inner.directory()
    }

    fn source(&self) -> Arc<dyn Source> {
        self.inner.source()
    }
}

/// The memory store with upkeep that panics.
struct MortalStore(MemoryStore);

impl Store for MortalStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        self.0.transact(reads, decide)
    }

    fn directory(&self) -> Arc<Directory> {
        self.0.directory()
    }

    fn source(&self) -> Arc<dyn Source> {
        self.0.source()
    }

    fn maintain(&mut self) {
        std::panic::resume_unwind(Box::new("a planned panic"));
    }
}
