//! The one domain behind all contracts, as handlers get it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use engine::{Clock, Courier, Desk, Handle, Queries, Randomness, VirtualClock};
use estate::Draw;
use estate::draw::uuid_text;
use formats::rkha21::Profiles;
use ledger::Timestamp;

use crate::http::callers::Uses;
use crate::http::package_files::PackageFiles;
use crate::http::psp_addresses::PublicUrl;
use crate::http::secrets::Secrets;
use crate::http::uploads::Uploads;
use crate::http::vault::Vault;

/// Everything a handler may use. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The one way to change state.
    pub engine: Handle,
    /// The way to read it.
    pub queries: Queries,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// The one source of chance.
    pub randomness: Arc<dyn Randomness>,
    /// What is derived from the installation's key.
    pub secrets: Arc<Secrets>,
    /// Who has called since the last report.
    pub uses: Arc<Uses>,
    /// What does what has to be done at PSPs.
    pub desk: Desk,
    /// What sends notifications to merchants.
    pub courier: Courier,
    /// What seals merchants' agreements with PSPs.
    pub vault: Arc<Vault>,
    /// Where the world finds us.
    pub public_url: Arc<PublicUrl>,
    /// Where the bytes of packages for terminals are.
    pub packages: Arc<PackageFiles>,
    /// Where files are while they are read that are not kept as files.
    pub spool: Arc<Uploads>,
    /// The layouts of acquirers' files.
    pub rkha21: Arc<Profiles>,
    /// The clock that the demo may move. `None` where time cannot be moved.
    pub virtual_clock: Option<Arc<VirtualClock>>,
    /// Measures how long things take. Tells no time of day.
    pub monotonic: fn() -> Instant,
    /// Set when the program is about to end: `/readyz` says no from then on.
    pub draining: Arc<AtomicBool>,
}

impl Platform {
    /// Now, by the platform's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A random (version 4) UUID as text, for ids that mean nothing.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.randomness.fill(&mut bytes);
        uuid_text(bytes, 4)
    }

    /// Chance for a decision.
    pub fn draw(&self) -> Draw {
        let mut draw = Draw([0; 32]);
        self.randomness.fill(&mut draw.0);
        draw
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").field("engine", &self.engine).finish_non_exhaustive()
    }
}
