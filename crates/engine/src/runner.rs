//! Runs batches against the store, and keeps what one command breaks from the others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ledger::document::Kind;
use ledger::{Answer, Books, Directory, Timestamp};
use store::{Store, StoreError};

use crate::batch::run_batch_watched;
use crate::command::{Command, Decision, Verb as _, Work};
use crate::fresh::Fresh;
use crate::handle::{Failure, SubmitError};
use crate::routes::Routes;

/// A writer: what an engine thread runs, and what a simulation runs without a thread.
pub struct Runner {
    store: Box<dyn Store>,
    routes: Arc<Routes>,
    fresh: Arc<Fresh>,
    batches: u64,
    failures: u64,
}

impl Runner {
    /// The only writer. Goes on where the store's journal ends.
    pub fn new(store: Box<dyn Store>) -> Runner {
        Runner::one_of_many(store, Arc::new(Routes::new(1)), Arc::default())
    }

    /// One of the writers between which `routes` chooses; teaches it whose accounts things are of,
    /// and tells `fresh` of new notifications.
    pub(crate) fn one_of_many(
        store: Box<dyn Store>,
        routes: Arc<Routes>,
        fresh: Arc<Fresh>,
    ) -> Runner {
        Runner { store, routes, fresh, batches: 0, failures: 0 }
    }

    /// As [`Runner::run_work`], for commands of the ledger alone.
    pub fn run(
        &mut self,
        commands: &[Command],
        clock: Timestamp,
    ) -> Vec<Result<Answer, SubmitError>> {
        let work: Vec<Work> = commands.iter().cloned().map(Work::Ledger).collect();
        let replies = self.run_work(&work, clock).into_iter();
        replies.map(|reply| Ok(Command::reply(reply?)?)).collect()
    }

    /// Runs the commands together or, when one of them hits a bug, one by one, so that only that
    /// one suffers. One reply each, in order.
    pub fn run_work(&mut self, work: &[Work], clock: Timestamp) -> Vec<Result<Decision, Failure>> {
        if let Some(replies) = self.run_together(work, clock) {
            return replies;
        }
        let one_by_one = work.iter().map(|command| {
            let reply = self.run_together(std::slice::from_ref(command), clock);
            reply.and_then(|mut replies| replies.pop()).unwrap_or(Err(Failure::Bug))
        });
        one_by_one.collect()
    }

    /// The directory as this writer last saw it committed.
    pub fn directory(&self) -> Arc<Directory> {
        self.store.directory()
    }

    /// Upkeep between two batches.
    pub fn maintain(&mut self) {
        self.store.maintain();
    }

    /// How many batches were committed.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// How many batches failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// `None` when a command hit a bug; then nothing was written.
    fn run_together(
        &mut self,
        work: &[Work],
        clock: Timestamp,
    ) -> Option<Vec<Result<Decision, Failure>>> {
        let (store, routes) = (self.store.as_mut(), self.routes.as_ref());
        let mut fresh = Vec::new();
        let mut learn = |books: &Books, replies: &[Decision]| {
            routes.learn(work, replies, books);
            fresh = books.new_documents(Kind::Notification).collect();
        };
        let run = || run_batch_watched(store, work, clock, &mut learn);
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(replies)) => {
                self.batches = self.batches.saturating_add(1);
                self.fresh.add(&fresh);
                Some(replies.into_iter().map(Ok).collect())
            }
            Ok(Err(error)) => Some(self.failed(work.len(), error)),
            Err(_) => {
                self.failures = self.failures.saturating_add(1);
                tracing::error!(commands = work.len(), "batch hit a bug and was rolled back");
                None
            }
        }
    }

    fn failed(&mut self, commands: usize, error: StoreError) -> Vec<Result<Decision, Failure>> {
        self.failures = self.failures.saturating_add(1);
        tracing::error!(commands, %error, "batch failed");
        let failure = match error {
            StoreError::NotCommitted => Failure::NotDone,
            StoreError::Unknown => Failure::Unknown,
        };
        vec![Err(failure); commands]
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("batches", &self.batches).finish_non_exhaustive()
    }
}
