//! Stand-ins for PSPs in the benchmark's own process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use bench::Payer;
use engine::Clock as _;
use payments::Psp;
use simulators::{Outcome, PspName, Script, Simulators};
use tokio::runtime::Runtime;

use crate::clock::SystemClock;
use crate::serve::runtime;

/// Stand-ins that answer and call back for as long as this value lives.
pub(super) struct StandIns {
    simulators: Simulators,
    address: SocketAddr,
    /// What they run on.
    _runtime: Runtime,
}

impl StandIns {
    /// Starts them, on a free port.
    ///
    /// # Errors
    /// When the system gives no port or no threads.
    pub(super) fn start() -> anyhow::Result<StandIns> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.context("no port for stand-ins")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime()?;
        let simulators = Simulators::new(Arc::new(|| SystemClock.now().0));
        let (serving, times) = (simulators.clone(), simulators.clone());
        let entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(entered);
        runtime.spawn(serving.serve(listener));
        runtime.spawn(async move { times.run().await });
        Ok(StandIns { simulators, address, _runtime: runtime })
    }

    /// Where each PSP's API is.
    pub(super) fn bases(&self) -> BTreeMap<Psp, String> {
        let base = |psp: Psp| (psp, format!("http://{}/{}", self.address, psp.as_str()));
        Psp::ALL.map(base).into()
    }

    /// What the benchmark needs of them. `swish_merchant` is the merchant's number at Swish.
    pub(super) fn for_bench(&self, swish_merchant: &str) -> bench::StandIns {
        let (holding, paying) = (self.simulators.clone(), self.simulators.clone());
        bench::StandIns {
            address: self.address,
            swish_path: format!("/{}", Psp::Swish.as_str()),
            swish_merchant: swish_merchant.to_owned(),
            hold_swish: Box::new(move |latency_ms| {
                holding.set_latency(PspName::Swish, latency_ms);
            }),
            payers: Arc::new(move |payer| paying.script(PspName::Swish, script(payer), 1)),
        }
    }
}

fn script(payer: Payer) -> Script {
    match payer {
        Payer::PaysAfter(delay_ms) => Script { outcome: Outcome::Approve, delay_ms },
        Payer::PaysUnheard => Script { outcome: Outcome::Silence, delay_ms: 0 },
    }
}
