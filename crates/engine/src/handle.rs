//! How async code hands a command to an engine thread and waits for its reply. Each writer of the
//! store has a thread and a queue of its own.
//!
//! Invariant: a command that was queued is run, whether or not its caller still waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use ledger::{Directory, Refusal};
use store::Store;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::command::{Decision, Verb, Work};
use crate::fresh::Fresh;
use crate::limits::{BATCH_SIZE_MAX, OUTCOME_WAIT_MAX, QUEUE_LENGTH_MAX};
use crate::routes::Routes;
use crate::runner::Runner;

/// Submits commands. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// Why a command has no answer to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError<R = Refusal> {
    /// Decided, and the answer is no.
    #[error("{0}")]
    Refused(R),
    /// Never queued: the engine has as much work as it will accept.
    #[error("engine is overloaded")]
    Overloaded,
    /// Certainly not done: the store refused the whole batch, or the engine is shutting down.
    #[error("command was not done")]
    NotDone,
    /// Perhaps done: repeat with the same id to find out.
    #[error("command's outcome is unknown")]
    Unknown,
    /// Not done: this very command hit a bug, which is in the log.
    #[error("command hit a bug")]
    Bug,
}

/// Why a command was not decided: all of [`SubmitError`] but refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// See [`SubmitError::Overloaded`].
    Overloaded,
    /// See [`SubmitError::NotDone`].
    NotDone,
    /// See [`SubmitError::Unknown`].
    Unknown,
    /// See [`SubmitError::Bug`].
    Bug,
}

impl From<Refusal> for SubmitError {
    fn from(refusal: Refusal) -> SubmitError {
        SubmitError::Refused(refusal)
    }
}

impl<R> From<Failure> for SubmitError<R> {
    fn from(failure: Failure) -> SubmitError<R> {
        match failure {
            Failure::Overloaded => SubmitError::Overloaded,
            Failure::NotDone => SubmitError::NotDone,
            Failure::Unknown => SubmitError::Unknown,
            Failure::Bug => SubmitError::Bug,
        }
    }
}

/// What the engine has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Batches committed.
    pub batches: u64,
    /// Commands answered, refused ones included.
    pub commands: u64,
    /// Batches that a store failed.
    pub failures: u64,
    /// Commands waiting now.
    pub waiting: u64,
}

/// The engine's threads, one for each writer.
#[derive(Debug)]
pub struct Threads(Vec<JoinHandle<()>>);

struct Shared {
    writers: Vec<Writer>,
    /// The most commands that wait for one writer.
    queue_length_max: usize,
    routes: Arc<Routes>,
    fresh: Arc<Fresh>,
    directory: RwLock<Arc<Directory>>,
}

/// What a writer's thread shares with those who want something of it.
#[derive(Default)]
struct Writer {
    queue: Mutex<Queue>,
    ready: Condvar,
    batches: AtomicU64,
    commands: AtomicU64,
    failures: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    is_closed: bool,
}

struct Job {
    work: Work,
    reply_to: oneshot::Sender<Result<Decision, Failure>>,
}

impl Handle {
    /// Queues a command and waits until its batch is durable.
    ///
    /// # Errors
    /// [`SubmitError`]; `Unknown` after [`OUTCOME_WAIT_MAX`].
    pub async fn submit<V: Verb>(&self, command: V) -> Result<V::Answer, SubmitError<V::Refusal>> {
        let (reply_to, reply) = oneshot::channel();
        self.enqueue(Job { work: command.work(), reply_to })?;
        match tokio::time::timeout(OUTCOME_WAIT_MAX, reply).await {
            Ok(Ok(reply)) => V::reply(reply?).map_err(SubmitError::Refused),
            // A dropped reply means the engine died in the middle of the batch.
            Ok(Err(_)) | Err(_) => Err(SubmitError::Unknown),
        }
    }

    /// As [`Handle::submit`], for threads that may block.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn submit_blocking<V: Verb>(
        &self,
        command: V,
    ) -> Result<V::Answer, SubmitError<V::Refusal>> {
        let (reply_to, reply) = oneshot::channel();
        self.enqueue(Job { work: command.work(), reply_to })?;
        let reply = reply.blocking_recv().unwrap_or(Err(Failure::Unknown))?;
        V::reply(reply).map_err(SubmitError::Refused)
    }

    /// The newest directory that was seen committed.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.shared.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows a directory that was read from the store. An older one than is known changes nothing.
    pub fn see(&self, directory: Arc<Directory>) {
        self.shared.see(directory);
    }

    /// Takes the numbers of notifications that were written since it was asked last.
    pub(crate) fn take_fresh(&self) -> Vec<i64> {
        self.shared.fresh.take()
    }

    /// What the engine has done so far, all writers together.
    pub fn figures(&self) -> Figures {
        let mut sum = Figures::default();
        for writer in &self.shared.writers {
            let waiting = u64::try_from(writer.lock().jobs.len()).unwrap_or(u64::MAX);
            sum.waiting = sum.waiting.saturating_add(waiting);
            let add = |sum: &mut u64, figure: &AtomicU64| {
                *sum = sum.saturating_add(figure.load(Ordering::Relaxed));
            };
            add(&mut sum.batches, &writer.batches);
            add(&mut sum.commands, &writer.commands);
            add(&mut sum.failures, &writer.failures);
        }
        sum
    }

    /// Accepts no more commands; those that wait are still run. The threads end after them.
    pub fn close(&self) {
        self.shared.close();
    }

    fn enqueue(&self, job: Job) -> Result<(), Failure> {
        let writer = self.shared.routes.writer(&job.work);
        let Some(writer) = self.shared.writers.get(writer) else {
            unreachable!("there is no writer {writer}")
        };
        let mut queue = writer.lock();
        if queue.is_closed {
            return Err(Failure::NotDone);
        }
        if queue.jobs.len() >= self.shared.queue_length_max {
            return Err(Failure::Overloaded);
        }
        queue.jobs.push(job);
        let was_empty = queue.jobs.len() == 1;
        drop(queue);
        if was_empty {
            writer.ready.notify_one();
        }
        Ok(())
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("figures", &self.figures()).finish()
    }
}

impl Threads {
    /// Waits for all of them. They end after [`Handle::close`]; or when one ends by a bug, after
    /// which the others only finish what they have.
    ///
    /// # Errors
    /// What the first one of them that ended by a bug panicked with.
    pub fn join(self) -> std::thread::Result<()> {
        let outcomes: Vec<_> = self.0.into_iter().map(JoinHandle::join).collect();
        outcomes.into_iter().collect()
    }
}

impl Shared {
    fn close(&self) {
        for writer in &self.writers {
            writer.lock().is_closed = true;
            writer.ready.notify_all();
        }
    }

    /// Two writers may show what they saw in the wrong order: what is known never goes back.
    fn see(&self, directory: Arc<Directory>) {
        let known = self.directory.read().unwrap_or_else(PoisonError::into_inner).version();
        if directory.version() > known {
            let mut known = self.directory.write().unwrap_or_else(PoisonError::into_inner);
            if directory.version() > known.version() {
                *known = directory;
            }
        }
    }
}

impl Writer {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work. Empty only when there will be no more.
    fn take_waiting(&self) -> Vec<Job> {
        let mut queue = self.lock();
        while queue.jobs.is_empty() && !queue.is_closed {
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.jobs.len() <= BATCH_SIZE_MAX {
            return std::mem::take(&mut queue.jobs);
        }
        let later = queue.jobs.split_off(BATCH_SIZE_MAX);
        std::mem::replace(&mut queue.jobs, later)
    }
}

/// Starts the engine: a thread for each of `stores`, which are writers of one store, 1 to
/// [`WRITERS_MAX`](crate::limits::WRITERS_MAX). They stop after [`Handle::close`], when all that
/// waited is done.
pub fn spawn(stores: Vec<Box<dyn Store>>, clock: Arc<dyn Clock>) -> (Handle, Threads) {
    let newest = stores.iter().map(|store| store.directory()).max_by_key(|found| found.version());
    let shared = Arc::new(Shared {
        writers: stores.iter().map(|_| Writer::default()).collect(),
        queue_length_max: QUEUE_LENGTH_MAX.div_ceil(stores.len().max(1)),
        routes: Arc::new(Routes::new(stores.len())),
        fresh: Arc::default(),
        directory: RwLock::new(newest.unwrap_or_default()),
    });
    let handle = Handle { shared: Arc::clone(&shared) };
    let start = move |(number, store)| {
        let (routes, fresh) = (Arc::clone(&shared.routes), Arc::clone(&shared.fresh));
        let runner = Runner::one_of_many(store, routes, fresh);
        let (clock, shared) = (Arc::clone(&clock), Arc::clone(&shared));
        let mut engine = Engine { number, runner, clock, shared };
        std::thread::spawn(move || while engine.turn() {})
    };
    (handle, Threads(stores.into_iter().enumerate().map(start).collect()))
}

struct Engine {
    number: usize,
    runner: Runner,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

impl Engine {
    /// Runs one batch. False when there will be no more.
    fn turn(&mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        let Some(writer) = shared.writers.get(self.number) else { return false };
        let jobs = writer.take_waiting();
        if jobs.is_empty() {
            return false;
        }
        let (work, reply_to): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.work, job.reply_to)).unzip();
        let replies = self.runner.run_work(&work, self.clock.now());
        shared.see(self.runner.directory());
        let count = u64::try_from(work.len()).unwrap_or(u64::MAX);
        writer.commands.fetch_add(count, Ordering::Relaxed);
        writer.batches.store(self.runner.batches(), Ordering::Relaxed);
        writer.failures.store(self.runner.failures(), Ordering::Relaxed);
        for (to, reply) in reply_to.into_iter().zip(replies) {
            // The client may have hung up. What it asked for stands; a repeat will find it.
            drop(to.send(reply));
        }
        self.runner.maintain();
        true
    }
}

impl Drop for Engine {
    /// Whatever ends the thread, a bug in the store included: nobody waits for it in vain, and
    /// the others do not go on without it.
    fn drop(&mut self) {
        self.shared.close();
        if let Some(writer) = self.shared.writers.get(self.number) {
            writer.lock().jobs.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use ledger::books::Done;
    use ledger::{
        AccountId, Answer, AuthorizationId, Basis, Books, Code, OfflineInfo, ReadSet, Row, RowId,
        Timestamp, WriteSet,
    };
    use store::{Reader as _, Source, StoreError};

    use super::*;
    use crate::Command;
    use crate::testing::{
        SharedStore, StillClock, add_company, authorize, by_card, by_number, capture, card,
        installation, purchase,
    };

    const ACCOUNTS: usize = 6;

    /// Goal: however commands name their accounts, each gets one answer, and those on one account
    /// are done in the order they came. Method: after each account was seen once, queue random
    /// commands without waiting, and compare the journal.
    #[test]
    fn each_account_is_served_in_order() {
        for (seed, writers) in (0..24).zip((1..=4).cycle()) {
            let (store, accounts) = installation(ACCOUNTS);
            let (handle, threads) = start(&vec![store.clone(); writers]);
            let codes: Vec<Code> = (0..ACCOUNTS)
                .map(|number| {
                    granted(&handle, authorize(&format!("{number}"), by_card(number), None))
                })
                .map(|id| Code::of(RowId(id.0)))
                .collect();
            let mut random = Random(seed);
            let mut expected: HashMap<AccountId, Vec<String>> = HashMap::new();
            let replies: Vec<_> = (0..400)
                .map(|number| {
                    let (at, source) = (random.below(ACCOUNTS), format!("s{number}"));
                    expected.entry(accounts[at]).or_default().push(source.clone());
                    let command = match random.below(4) {
                        0 => authorize(&source, by_card(at), None),
                        1 => authorize(&source, by_number(accounts[at]), None),
                        2 => capture(&source, codes[at]),
                        _ => purchase(&source, Basis::Offline(offline(at))),
                    };
                    queue(&handle, command)
                })
                .collect();
            for reply in replies {
                // The hundred captures that an authorization has room for, and no more.
                answer(reply);
            }
            assert_eq!(journal(&store, ACCOUNTS), expected, "seed {seed}, {writers} writers");
            let figures = handle.figures();
            assert_eq!((figures.commands, figures.waiting, figures.failures), (406, 0, 0));
            handle.close();
            threads.join().unwrap();
        }
    }

    /// Goal: a route that nothing is known of costs no answer. Method: one more engine on a store
    /// that others filled, repeats from all sides at once.
    #[test]
    fn unknown_names_are_answered_too() {
        let (store, _) = installation(ACCOUNTS);
        let (before, threads) = start(&vec![store.clone(); 1]);
        let ids: Vec<_> = (0..ACCOUNTS)
            .map(|number| granted(&before, authorize(&format!("{number}"), by_card(number), None)))
            .collect();
        before.close();
        threads.join().unwrap();
        let (handle, threads) = start(&vec![store.clone(); 3]);
        let replies: Vec<_> = (0..ACCOUNTS)
            .map(|number| {
                let code = Code::of(RowId(ids[number].0));
                let first = queue(&handle, capture(&format!("c{number}"), code));
                let repeat = authorize(&format!("{number}"), by_card(number), None);
                let repeat = queue(&handle, repeat);
                (first, repeat, queue(&handle, capture(&format!("c{number}"), code)))
            })
            .collect();
        for (first, repeat, second) in replies {
            assert!(answer(repeat).replayed);
            // What is learned in between may send the second one another way, and past the first.
            assert_ne!(answer(first).replayed, answer(second).replayed, "done once");
        }
        handle.close();
        threads.join().unwrap();
    }

    #[test]
    fn the_directory_never_goes_back() {
        let (store, _) = installation(1);
        let (handle, threads) = start(&vec![store; 2]);
        let old = handle.directory();
        handle.submit_blocking(add_company("200")).unwrap();
        let new = handle.directory();
        assert!(new.company("200").is_some(), "seen by who asked for it");
        handle.see(Arc::clone(&old));
        assert!(Arc::ptr_eq(&handle.directory(), &new));
        let version = new.version() + 1;
        let newer = Arc::new(Directory::clone(&old).as_of(version, RowId(0)));
        handle.see(Arc::clone(&newer));
        assert!(Arc::ptr_eq(&handle.directory(), &newer), "another node knows better");
        handle.close();
        threads.join().unwrap();
    }

    /// Goal: a slow writer turns away what is meant for it, and nothing else. Method: hold all
    /// writers but one inside a batch, fill the queue of one of them.
    #[test]
    fn a_held_writer_leaves_the_others_their_room() {
        let (store, accounts) = installation(40);
        let (entered, has_entered) = channel();
        let (gates, stores): (Vec<_>, Vec<_>) = (0..2).map(|_| held(&store, &entered)).unzip();
        let (handle, threads) = spawn(stores, Arc::new(StillClock(Timestamp(0))));
        let routes = &handle.shared.routes;
        let of = |writer| {
            let found = accounts.iter().map(|account| by_number(*account));
            let mut found =
                found.filter(|to| routes.writer(&authorize("", to.clone(), None).work()) == writer);
            found.next().unwrap()
        };
        let (slow, quick) = (of(0), of(1));
        let first = queue(&handle, authorize("first", slow.clone(), None));
        has_entered.recv().unwrap();
        let room = QUEUE_LENGTH_MAX / 2;
        let mut replies: Vec<_> = (0..room)
            .map(|number| queue(&handle, authorize(&format!("{number}"), slow.clone(), None)))
            .collect();
        let one_more = handle.submit_blocking(authorize("one more", slow, None));
        assert_eq!(one_more, Err(SubmitError::Overloaded));
        assert_eq!(handle.figures().waiting, u64::try_from(room).unwrap());
        gates[1].send(()).unwrap();
        handle.submit_blocking(authorize("quick", quick, None)).unwrap();
        gates[0].send(()).unwrap();
        handle.close();
        replies.push(first);
        assert!(replies.into_iter().all(|reply| !answer(reply).replayed));
        threads.join().unwrap();
    }

    /// Goal: when one writer dies, the process is told, and the others take nothing more. Method:
    /// a store that unwinds in its upkeep, where nothing catches it.
    #[test]
    fn death_of_one_writer_ends_all() {
        let (store, accounts) = installation(40);
        let stores: Vec<Box<dyn Store>> =
            vec![Box::new(store.clone()), Box::new(Mortal(store.clone())), Box::new(store)];
        let (handle, threads) = spawn(stores, Arc::new(StillClock(Timestamp(0))));
        let to =
            |account: &AccountId| authorize(&format!("a{}", account.0), by_number(*account), None);
        let routes = &handle.shared.routes;
        let mortal = accounts.iter().find(|id| routes.writer(&to(id).work()) == 1).unwrap();
        assert!(handle.submit_blocking(to(mortal)).is_ok(), "committed and answered");
        assert!(threads.join().is_err(), "the bug is loud");
        for account in &accounts {
            assert_eq!(handle.submit_blocking(to(account)), Err(SubmitError::NotDone));
        }
    }

    fn start(stores: &[SharedStore]) -> (Handle, Threads) {
        let stores = stores.iter().map(|store| Box::new(store.clone()) as Box<dyn Store>);
        spawn(stores.collect(), Arc::new(StillClock(Timestamp(0))))
    }

    type Waiting = oneshot::Receiver<Result<Decision, Failure>>;

    fn queue(handle: &Handle, command: Command) -> Waiting {
        let (reply_to, reply) = oneshot::channel();
        handle.enqueue(Job { work: command.work(), reply_to }).unwrap();
        reply
    }

    fn answer(waiting: Waiting) -> Answer {
        Command::reply(waiting.blocking_recv().expect("one answer").expect("decided")).unwrap()
    }

    fn granted(handle: &Handle, command: Command) -> AuthorizationId {
        let answer = handle.submit_blocking(command).unwrap();
        let Done::Authorized { authorization, .. } = answer.done else { panic!("{answer:?}") };
        authorization
    }

    fn offline(number: usize) -> OfflineInfo {
        OfflineInfo {
            card: card(number),
            seller: "654".to_owned(),
            currency: "SEK".to_owned(),
            method: None,
            channel: None,
        }
    }

    /// The source ids of what happened on each account, in order, but the first few of all.
    fn journal(store: &SharedStore, but: usize) -> HashMap<AccountId, Vec<String>> {
        let rows = store.content.clone().rows_after(RowId(0), usize::MAX).unwrap();
        let sources = rows.into_iter().filter_map(|row| match row {
            Row::Authorization(row) => Some((row.account, row.source)),
            Row::Transaction(row) => Some((row.account, row.source)),
            Row::Change(_) => None,
        });
        let mut journal: HashMap<AccountId, Vec<String>> = HashMap::new();
        for (account, source) in sources.skip(but) {
            journal.entry(account).or_default().push(source);
        }
        journal
    }

    /// A small generator (Knuth's MMIX constants), so that a seed gives the same run again.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % end
        }
    }

    /// Waits in its first batch until it is let go.
    struct Held {
        inner: SharedStore,
        entered: Sender<()>,
        gate: Mutex<Option<Receiver<()>>>,
    }

    fn held(inner: &SharedStore, entered: &Sender<()>) -> (Sender<()>, Box<dyn Store>) {
        let (open, gate) = channel();
        let (inner, entered, gate) = (inner.clone(), entered.clone(), Mutex::new(Some(gate)));
        (open, Box::new(Held { inner, entered, gate }))
    }

    impl Store for Held {
        fn transact(
            &mut self,
            reads: &ReadSet,
            decide: &mut dyn FnMut(Books) -> WriteSet,
        ) -> Result<(), StoreError> {
            if let Some(gate) = self.gate.lock().unwrap().take() {
                self.entered.send(()).unwrap();
                gate.recv().unwrap();
            }
            self.inner.transact(reads, decide)
        }

        fn directory(&self) -> Arc<Directory> {
            self.inner.directory()
        }

        fn source(&self) -> Arc<dyn Source> {
            self.inner.source()
        }
    }

    struct Mortal(SharedStore);

    impl Store for Mortal {
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
}
