//! Turns among what goes to one host, so that one that is slow keeps only its own waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Gives each host so many turns at once.
pub(super) struct Turns {
    each: usize,
    /// Hosts that somebody has, or waits for, a turn of.
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A turn, which ends with this value.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    host: String,
    /// `None` while it waits.
    permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// So many for each.
    pub(super) fn new(each: usize) -> Turns {
        Turns { each, hosts: Mutex::default() }
    }

    /// Waits for a turn.
    pub(super) async fn take(&self, host: String) -> Turn<'_> {
        let permits = {
            let mut hosts = self.lock();
            let permits =
                hosts.entry(host.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.each)));
            Arc::clone(permits)
        };
        // Who gives up waiting drops it.
        let mut turn = Turn { turns: self, host, permit: None };
        // Nobody closes it.
        turn.permit = permits.acquire_owned().await.ok();
        turn
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.permit = None;
        let mut hosts = self.turns.lock();
        // Whoever has a turn or waits for one has a share of it.
        if hosts.get(&self.host).is_some_and(|permits| Arc::strong_count(permits) == 1) {
            hosts.remove(&self.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test(start_paused = true)]
    async fn each_host_has_its_own_turns() {
        let turns = Turns::new(2);
        let take = |host: &str| turns.take(host.to_owned());
        let (first, second) = (take("slow").await, take("slow").await);
        assert!(timeout(SOON, take("slow")).await.is_err());
        let other = timeout(SOON, take("other")).await.ok();
        assert!(other.is_some());
        drop(first);
        let third = timeout(SOON, take("slow")).await.ok();
        assert!(third.is_some());
        assert_eq!(turns.lock().len(), 2);
        drop((second, other));
        assert_eq!(turns.lock().len(), 1);
        drop(third);
        assert!(turns.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_nothing_behind() {
        let turns = Turns::new(1);
        let first = turns.take("slow".to_owned()).await;
        assert!(timeout(SOON, turns.take("slow".to_owned())).await.is_err());
        drop(first);
        assert!(turns.lock().is_empty());
    }
}
