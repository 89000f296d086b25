//! The machines on a socket: requests come in, callbacks go out.

mod courier;
mod index;
mod serve;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::psp::PspName;
use crate::script::Script;
use crate::truth::Truth;
use crate::world::World;

use courier::Courier;

/// The four PSPs, for as many tasks as like. Cheap to clone; all clones are the same PSPs.
///
/// A PSP's base address is `http://host/` and its word ([`PspName::as_str`]); below it, paths are
/// the PSP's own. [`Simulators::serve`] answers, and [`Simulators::run`] lets time pass and posts
/// callbacks: both are needed.
#[derive(Clone)]
pub struct Simulators {
    world: Arc<Mutex<World>>,
    now_ms: Arc<dyn Fn() -> i64 + Send + Sync>,
    courier: Courier,
}

impl Simulators {
    /// Four PSPs that know nothing. `now_ms` is the clock, in milliseconds since 1970; its first
    /// reading decides on the ids that are given out.
    pub fn new(now_ms: Arc<dyn Fn() -> i64 + Send + Sync>) -> Simulators {
        let seed = now_ms().unsigned_abs();
        let world = Arc::new(Mutex::new(World::new(seed)));
        Simulators { world, now_ms, courier: Courier::new() }
    }

    /// Says what becomes of the next `count` payments or refunds of a PSP.
    pub fn script(&self, psp: PspName, script: Script, count: u32) {
        self.lock().psp_mut(psp).script(script, count);
    }

    /// Has every answer of a PSP held for so many milliseconds of real time.
    pub fn set_latency(&self, psp: PspName, latency_ms: i64) {
        self.lock().psp_mut(psp).set_latency(latency_ms);
    }

    /// What a PSP knows of a merchant's reference.
    pub fn truth(&self, psp: PspName, our_reference: &str) -> Truth {
        self.lock().psp(psp).truth(our_reference)
    }

    /// The machines, for as long as the guard lives. Nothing waits while it does.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        (self.now_ms)()
    }
}
