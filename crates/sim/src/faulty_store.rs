//! A store that refuses transactions, loses them, loses the news of them, decides twice, and
//! unwinds, as a plan says.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};

use ledger::{Books, Directory, ReadSet, WriteSet};
use store::{Reader, Source, Store, StoreError};

use crate::prng::Prng;

/// How often what goes wrong, per thousand transactions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    /// Fails before anything is decided.
    pub(crate) refuse: u64,
    /// Decides, and surely does not commit.
    pub(crate) lose_commit: u64,
    /// Decides, does not commit, and does not know.
    pub(crate) lose_all: u64,
    /// Commits, and does not know.
    pub(crate) lose_news: u64,
    /// Decides once for nothing, then again, as a database that asks for a retry.
    pub(crate) retry: u64,
    /// Unwinds before anything is decided.
    pub(crate) unwind: u64,
    /// Unwinds out of the decision.
    pub(crate) unwind_in_decide: u64,
    /// Has no reader to give.
    pub(crate) no_reader: u64,
}

/// What goes wrong next; shared between the store and whoever watches it.
#[derive(Clone)]
pub(crate) struct Plan(Arc<Mutex<(Prng, Rates)>>);

impl Plan {
    pub(crate) fn new(prng: Prng, rates: Rates) -> Plan {
        Plan(Arc::new(Mutex::new((prng, rates))))
    }

    /// From now on nothing goes wrong.
    pub(crate) fn end_faults(&self) {
        self.lock().1 = Rates::default();
    }

    fn lock(&self) -> MutexGuard<'_, (Prng, Rates)> {
        self.0.lock().unwrap()
    }

    fn lacks_reader(&self) -> bool {
        let (prng, rates) = &mut *self.lock();
        prng.per_mille(rates.no_reader)
    }

    fn draw(&self) -> Fault {
        let (prng, rates) = &mut *self.lock();
        let mut roll = prng.below(1_000);
        let faults = [
            (Fault::Refuse, rates.refuse),
            (Fault::LoseCommit, rates.lose_commit),
            (Fault::LoseAll, rates.lose_all),
            (Fault::LoseNews, rates.lose_news),
            (Fault::Retry, rates.retry),
            (Fault::Unwind, rates.unwind),
            (Fault::UnwindInDecide, rates.unwind_in_decide),
        ];
        for (fault, rate) in faults {
            if roll < rate {
                return fault;
            }
            roll -= rate;
        }
        Fault::None
    }
}

#[derive(Clone, Copy)]
enum Fault {
    None,
    Refuse,
    LoseCommit,
    LoseAll,
    LoseNews,
    Retry,
    Unwind,
    UnwindInDecide,
}

/// Wraps a store and follows a plan.
pub(crate) struct FaultyStore {
    inner: Box<dyn Store>,
    plan: Plan,
}

impl FaultyStore {
    pub(crate) fn new(inner: Box<dyn Store>, plan: Plan) -> FaultyStore {
        FaultyStore { inner, plan }
    }

    fn load(&self, reads: &ReadSet) -> Result<Books, StoreError> {
        self.inner.source().open()?.load(reads)
    }
}

/// Unwinds as a panic does, without its message on the terminal.
fn unwind() -> ! {
    resume_unwind(Box::new("a planned panic"))
}

impl Store for FaultyStore {
    fn transact(
        &mut self,
        reads: &ReadSet,
        decide: &mut dyn FnMut(Books) -> WriteSet,
    ) -> Result<(), StoreError> {
        match self.plan.draw() {
            Fault::None => self.inner.transact(reads, decide),
            Fault::Refuse => Err(StoreError::NotCommitted),
            Fault::LoseCommit => {
                decide(self.load(reads)?);
                Err(StoreError::NotCommitted)
            }
            Fault::LoseAll => {
                decide(self.load(reads)?);
                Err(StoreError::Unknown)
            }
            Fault::LoseNews => {
                self.inner.transact(reads, decide)?;
                Err(StoreError::Unknown)
            }
            Fault::Retry => {
                decide(self.load(reads)?);
                self.inner.transact(reads, decide)
            }
            Fault::Unwind => unwind(),
            Fault::UnwindInDecide => self.inner.transact(reads, &mut |books| {
                decide(books);
                unwind()
            }),
        }
    }

    fn directory(&self) -> Arc<Directory> {
        self.inner.directory()
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::new(FaultySource { inner: self.inner.source(), plan: self.plan.clone() })
    }

    fn maintain(&mut self) {
        self.inner.maintain();
    }
}

struct FaultySource {
    inner: Arc<dyn Source>,
    plan: Plan,
}

impl Source for FaultySource {
    fn open(&self) -> Result<Box<dyn Reader>, StoreError> {
        if self.plan.lacks_reader() { Err(StoreError::NotCommitted) } else { self.inner.open() }
    }
}
