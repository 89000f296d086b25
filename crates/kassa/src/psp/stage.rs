//! The PSPs' stand-ins beside a server: inside the demo, and as a program of their own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use engine::Clock;
use payments::Psp;
use simulators::{Outcome, PspName, Script, Simulators};
use surfaces::PspScripts;

/// Stand-ins with an address, which do not answer yet.
pub(crate) struct Stage {
    listener: std::net::TcpListener,
    address: SocketAddr,
    simulators: Simulators,
}

/// Tells the stand-ins what shall happen next.
#[derive(Clone)]
pub(crate) struct Scripts(Simulators);

impl Stage {
    /// Takes an address.
    ///
    /// # Errors
    /// When it is not to be had.
    pub(crate) fn open(address: SocketAddr, clock: Arc<dyn Clock>) -> anyhow::Result<Stage> {
        let listener = std::net::TcpListener::bind(address);
        let listener = listener.with_context(|| format!("could not listen at {address}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let simulators = Simulators::new(Arc::new(move || clock.now().0));
        Ok(Stage { listener, address, simulators })
    }

    /// Where they are.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where each PSP's API is.
    pub(crate) fn bases(&self) -> BTreeMap<Psp, String> {
        let base = |psp: Psp| (psp, format!("http://{}/{}", self.address, psp.as_str()));
        Psp::ALL.map(base).into()
    }

    /// What tells them what shall happen next.
    pub(crate) fn scripts(&self) -> Scripts {
        Scripts(self.simulators.clone())
    }

    /// The stand-ins themselves.
    pub(crate) fn simulators(&self) -> Simulators {
        self.simulators.clone()
    }

    /// Answers and calls back, for ever.
    ///
    /// # Errors
    /// When the runtime does not take the socket.
    pub(crate) async fn play(self) -> anyhow::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let times = self.simulators.clone();
        tokio::join!(self.simulators.serve(listener), async move { times.run().await });
        Ok(())
    }
}

impl PspScripts for Scripts {
    fn next(&self, psp: Psp, outcome: &str, delay_ms: i64, count: u32) -> bool {
        let Some(outcome) = Outcome::parse(outcome) else { return false };
        let psp = match psp {
            Psp::Swish => PspName::Swish,
            Psp::Klarna => PspName::Klarna,
            Psp::Easy => PspName::Easy,
            Psp::Santander => PspName::Santander,
        };
        self.0.script(psp, Script { outcome, delay_ms }, count);
        true
    }
}

impl std::fmt::Debug for Scripts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripts")
    }
}
