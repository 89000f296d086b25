//! How async code hands a command to the engine thread and waits for its reply.
//!
//! Invariant: a command that was queued is run, whether or not its caller still waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use ledger::{Answer, Directory, Refusal};
use store::Store;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::command::Command;
use crate::limits::{BATCH_SIZE_MAX, OUTCOME_WAIT_MAX, QUEUE_LENGTH_MAX};
use crate::runner::Runner;

/// Submits commands. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// Why a command has no answer to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Decided, and the answer is no.
    #[error(transparent)]
    Refused(#[from] Refusal),
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

struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
    directory: RwLock<Arc<Directory>>,
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
    command: Command,
    reply_to: oneshot::Sender<Result<Answer, SubmitError>>,
}

impl Handle {
    /// Queues a command and waits until its batch is durable.
    ///
    /// # Errors
    /// [`SubmitError`]; `Unknown` after [`OUTCOME_WAIT_MAX`].
    pub async fn submit(&self, command: Command) -> Result<Answer, SubmitError> {
        let (reply_to, reply) = oneshot::channel();
        self.enqueue(Job { command, reply_to })?;
        match tokio::time::timeout(OUTCOME_WAIT_MAX, reply).await {
            Ok(Ok(reply)) => reply,
            // A dropped reply means the engine died in the middle of the batch.
            Ok(Err(_)) | Err(_) => Err(SubmitError::Unknown),
        }
    }

    /// As [`Handle::submit`], for threads that may block.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn submit_blocking(&self, command: Command) -> Result<Answer, SubmitError> {
        let (reply_to, reply) = oneshot::channel();
        self.enqueue(Job { command, reply_to })?;
        reply.blocking_recv().unwrap_or(Err(SubmitError::Unknown))
    }

    /// The directory as last committed.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.shared.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the engine has done so far.
    pub fn figures(&self) -> Figures {
        let shared = &self.shared;
        let waiting = shared.lock().jobs.len();
        Figures {
            batches: shared.batches.load(Ordering::Relaxed),
            commands: shared.commands.load(Ordering::Relaxed),
            failures: shared.failures.load(Ordering::Relaxed),
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
        }
    }

    /// Accepts no more commands; those that wait are still run. The thread ends after them.
    pub fn close(&self) {
        self.shared.lock().is_closed = true;
        self.shared.ready.notify_all();
    }

    fn enqueue(&self, job: Job) -> Result<(), SubmitError> {
        let mut queue = self.shared.lock();
        if queue.is_closed {
            return Err(SubmitError::NotDone);
        }
        if queue.jobs.len() >= QUEUE_LENGTH_MAX {
            return Err(SubmitError::Overloaded);
        }
        queue.jobs.push(job);
        let was_empty = queue.jobs.len() == 1;
        drop(queue);
        if was_empty {
            self.shared.ready.notify_one();
        }
        Ok(())
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("figures", &self.figures()).finish()
    }
}

impl Shared {
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

/// Starts the engine thread. It stops after [`Handle::close`], when all that waited is done.
pub fn spawn(store: Box<dyn Store>, clock: Arc<dyn Clock>) -> (Handle, JoinHandle<()>) {
    let shared = Arc::new(Shared {
        queue: Mutex::default(),
        ready: Condvar::new(),
        directory: RwLock::new(store.directory()),
        batches: AtomicU64::new(0),
        commands: AtomicU64::new(0),
        failures: AtomicU64::new(0),
    });
    let handle = Handle { shared: Arc::clone(&shared) };
    let thread = std::thread::spawn(move || {
        let mut engine = Engine { runner: Runner::new(store), clock, shared };
        while engine.turn() {}
    });
    (handle, thread)
}

struct Engine {
    runner: Runner,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

impl Engine {
    /// Runs one batch. False when there will be no more.
    fn turn(&mut self) -> bool {
        let jobs = self.shared.take_waiting();
        if jobs.is_empty() {
            return false;
        }
        let (commands, reply_to): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.command, job.reply_to)).unzip();
        let replies = self.runner.run(&commands, self.clock.now());
        let directory = self.runner.directory();
        *self.shared.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
        let count = u64::try_from(commands.len()).unwrap_or(u64::MAX);
        self.shared.commands.fetch_add(count, Ordering::Relaxed);
        self.shared.batches.store(self.runner.batches(), Ordering::Relaxed);
        self.shared.failures.store(self.runner.failures(), Ordering::Relaxed);
        for (to, reply) in reply_to.into_iter().zip(replies) {
            // The client may have hung up. What it asked for stands; a repeat will find it.
            drop(to.send(reply));
        }
        self.runner.maintain();
        true
    }
}

impl Drop for Engine {
    /// Whatever ends the thread, a bug in the store included: nobody waits for it in vain.
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.is_closed = true;
        queue.jobs.clear();
    }
}
