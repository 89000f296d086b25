//! What other nodes change and every request here depends on: the directory.

use ledger::ReadSet;

use crate::handle::Handle;
use crate::limits::DIRECTORY_INTERVAL;
use crate::queries::Queries;

/// Looks for ever, every [`DIRECTORY_INTERVAL`], whether another node has changed the directory,
/// so that a credential revoked there is not good here, though this node has nothing to write.
/// Returns at once where the store has no other nodes.
pub async fn run_watch(handle: Handle, queries: Queries) {
    if !queries.has_other_nodes() {
        return;
    }
    let mut could_look = true;
    loop {
        let directory =
            queries.read(|reader| Ok(reader.load(&ReadSet::default())?.directory)).await;
        // An outage is told once, not at every look.
        match &directory {
            Ok(_) if !could_look => tracing::info!("looks for changes of the directory again"),
            Err(error) if could_look => {
                tracing::warn!(%error, "could not look for changes of the directory");
            }
            Ok(_) | Err(_) => {}
        }
        could_look = directory.is_ok();
        if let Ok(directory) = directory {
            handle.see(directory);
        }
        tokio::time::sleep(DIRECTORY_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ledger::Timestamp;
    use store::{Reader, Source, Store as _, StoreError};

    use super::*;
    use crate::testing::{SharedStore, StillClock, add_company, installation};
    use crate::{run_batch, spawn};

    /// A store that several nodes write to.
    struct Cluster(SharedStore);

    impl Source for Cluster {
        fn open(&self) -> Result<Box<dyn Reader>, StoreError> {
            self.0.source().open()
        }

        fn has_other_nodes(&self) -> bool {
            true
        }
    }

    /// Goal: what another node changes is seen without a command. Method: a batch beside the
    /// engine, then the watch, until it is seen.
    #[tokio::test]
    async fn what_others_change_is_seen() {
        let (mut store, _) = installation(1);
        let engine = Box::new(store.clone());
        let (handle, threads) = spawn(vec![engine], Arc::new(StillClock(Timestamp(0))));
        let added = run_batch(&mut store, [&add_company("200")], Timestamp(0)).unwrap();
        assert!(added.iter().all(Result::is_ok));
        let is_seen = || handle.directory().company("200").is_some();
        run_watch(handle.clone(), Queries::new(store.source())).await;
        assert!(!is_seen(), "where there is one node, nobody looks");
        let watch = run_watch(handle.clone(), Queries::new(Arc::new(Cluster(store))));
        let seen = async {
            while !is_seen() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = watch => panic!("the watch ended"),
            () = seen => {}
        }
        handle.close();
        threads.join().unwrap();
    }
}
