//! Stand-ins for PSPs in the benchmark's own process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bench::Payer;
use payments::Psp;
use simulators::{Outcome, PspName, Script, Simulators};
use tokio::runtime::Runtime;

use crate::clock::SystemClock;
use crate::psp::Stage;
use crate::serve::runtime;

/// Stand-ins that answer and call back for as long as this value lives.
pub(super) struct StandIns {
    simulators: Simulators,
    address: SocketAddr,
    bases: BTreeMap<Psp, String>,
    /// What they run on.
    _runtime: Runtime,
}

impl StandIns {
    /// Starts them, on a free port.
    ///
    /// # Errors
    /// When the system gives no port or no threads.
    pub(super) fn start() -> anyhow::Result<StandIns> {
        let stage = Stage::open((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(SystemClock))?;
        let (simulators, address, bases) = (stage.simulators(), stage.address(), stage.bases());
        let runtime = runtime()?;
        runtime.spawn(stage.play());
        Ok(StandIns { simulators, address, bases, _runtime: runtime })
    }

    /// Where each PSP's API is.
    pub(super) fn bases(&self) -> BTreeMap<Psp, String> {
        self.bases.clone()
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
