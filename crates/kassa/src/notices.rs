//! Notifications as the program sees them: how they leave, what they say, and how patiently they
//! are repeated.

use std::sync::Arc;

use engine::effects::notifications::Office;
use engine::{Clock, Courier, Handle, Queries};
use surfaces::Vault;

use crate::clock::OsRandomness;
use crate::post::NetworkPost;
use crate::post::networks::Networks;

/// What notifications are set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoticeSettings {
    /// Where they may go beside the public Internet.
    pub(crate) networks: Networks,
    /// By how much all pauses between attempts are divided.
    pub(crate) haste: i64,
}

/// The pauses of the demo are minutes where others are hours: nobody watches it for three days.
const HASTE_OF_DEMO: i64 = 60;

impl NoticeSettings {
    /// A server's.
    pub(crate) fn of_server(networks: Networks) -> NoticeSettings {
        NoticeSettings { networks, haste: 1 }
    }

    /// The demo's: receivers are on this machine.
    pub(crate) fn of_demo() -> NoticeSettings {
        NoticeSettings { networks: Networks::loopback(), haste: HASTE_OF_DEMO }
    }

    /// What sends them.
    ///
    /// # Errors
    /// When there is no client to be had.
    pub(crate) fn courier(
        &self,
        engine: &Handle,
        queries: &Queries,
        clock: &Arc<dyn Clock>,
        vault: &Arc<Vault>,
    ) -> anyhow::Result<Courier> {
        let post = NetworkPost::new(self.networks.clone(), Arc::clone(clock))?;
        let directory = engine.clone();
        let office = Office {
            post: Arc::new(post),
            opener: Arc::<Vault>::clone(vault),
            compose: Arc::new(move |payment| {
                surfaces::payments_v3::notification(&directory.directory(), payment)
            }),
            randomness: Arc::new(OsRandomness),
            haste: self.haste,
        };
        Ok(Courier::new(engine.clone(), queries.clone(), Arc::clone(clock), office))
    }
}

impl Default for NoticeSettings {
    fn default() -> NoticeSettings {
        NoticeSettings::of_server(Networks::default())
    }
}
