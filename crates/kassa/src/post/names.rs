//! Who is asked for a name's addresses, and what is let through of the answer.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use engine::effects::post::Trouble;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::Guard;

/// A name's addresses, when they have been found.
pub(super) type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Knows names' addresses.
pub(super) trait Names: Send + Sync {
    /// Asks for a name's addresses.
    fn addresses(&self, name: &str) -> Addresses;
}

/// As the system knows them.
pub(super) struct SystemNames;

impl Names for SystemNames {
    fn addresses(&self, name: &str) -> Addresses {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|found| found.ip()).collect())
        })
    }
}

/// Names whose addresses are all let through, or none: one bad address makes a name suspect.
pub(super) struct CheckedNames {
    names: Arc<dyn Names>,
    guard: Guard,
    is_encrypted: bool,
}

impl CheckedNames {
    /// Names for connections that are encrypted, or are not.
    pub(super) fn new(names: Arc<dyn Names>, guard: Guard, is_encrypted: bool) -> CheckedNames {
        CheckedNames { names, guard, is_encrypted }
    }
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (asked, guard) = (self.names.addresses(name.as_str()), self.guard.clone());
        let is_encrypted = self.is_encrypted;
        Box::pin(async move {
            let found = asked.await.map_err(|_| Trouble::Name)?;
            if found.is_empty() {
                return Err(Trouble::Name.into());
            }
            for address in &found {
                guard.address(*address, is_encrypted)?;
            }
            // Port 0 becomes the URL's.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            let addresses: Addrs = Box::new(addresses);
            Ok(addresses)
        })
    }
}
