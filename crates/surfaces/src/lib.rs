//! What the world sees: one folder per published contract, our own APIs, and what they share.
//!
//! Invariant: surfaces know commands and queries, never SQL; wire types never leave their folder.

pub mod aapay;
pub mod access;
pub mod callbacks;
pub mod card_ledger;
pub mod checkout;
pub mod device;
#[cfg(test)]
mod failures;
pub mod http;
pub mod operator;
pub mod payments_v3;
pub mod service;
#[cfg(test)]
mod tenants;
pub mod terminals;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use engine::limits::BODY_BYTES_MAX;

use crate::http::requests::{Requests, no_route, observe};

pub use http::package_files::PackageFiles;
pub use http::platform::Platform;
pub use http::psp_addresses::{PspAddresses, PublicUrl};
pub use http::secrets::Secrets;
pub use http::uploads::Uploads;
pub use http::vault::{Vault, VaultKey};
pub use operator::PspScripts;
pub use service::{StoreBytes, StoreFacts, StoreKind};

/// What may be chosen about the surfaces.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether to serve what the benchmark compares with.
    pub ceiling: bool,
    /// What is told of the store.
    pub store: StoreFacts,
    /// How the Terminals contract is throttled; `None`: not at all.
    pub throttling: Option<terminals::Throttling>,
    /// What scripts the simulated PSPs; `None` where there are none.
    pub scripts: Option<Arc<dyn PspScripts>>,
    /// Whether no real money can move over payments v3: see [`payments_v3::router`].
    pub is_test: bool,
    /// The PSPs that are simulated. `/readyz` tells, so that nobody takes their money for real.
    pub simulated_psps: Vec<&'static str>,
    /// The networks that notifications may go to beside the public Internet. `/readyz` tells.
    pub notify_networks: Vec<String>,
}

/// Serves everything: all contracts, our own APIs, and what watches over the program.
pub fn router(platform: Platform, options: Options) -> Router {
    let requests = Arc::new(Requests::new(&platform));
    let mut router = Router::new()
        .merge(aapay::router(platform.clone()))
        .merge(access::router(platform.clone()))
        .merge(callbacks::router(platform.clone()))
        .merge(card_ledger::router(platform.clone()))
        .merge(device::router(platform.clone()))
        .merge(terminals::router(platform.clone(), options.throttling))
        .merge(payments_v3::router(&platform, options.is_test))
        .merge(service::router(platform.clone(), Arc::clone(&requests), &options))
        .merge(operator::router(platform.clone(), options.scripts));
    if options.ceiling {
        router = router.merge(card_ledger::ceiling(platform.clone()));
        router = router.merge(device::ceiling(platform));
    }
    router
        .fallback(no_route)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(requests, observe))
}
