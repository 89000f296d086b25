//! Posts callbacks: several at a time, each with a time limit, and never under the machines' lock.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Simulators;
use crate::limits::{CALLBACK_WAIT_MAX, CALLBACKS_UNDER_WAY_MAX};
use crate::psp::PspName;
use crate::wire::Callback;

/// How long to rest between two looks at what is due.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Posts callbacks.
#[derive(Clone)]
pub(super) struct Courier {
    /// `None` where no client could be made: then nothing is ever received.
    client: Option<reqwest::Client>,
    places: Arc<Semaphore>,
}

impl Courier {
    pub(super) fn new() -> Courier {
        let places = Arc::new(Semaphore::new(CALLBACKS_UNDER_WAY_MAX));
        Courier { client: client(), places }
    }

    /// Posts, and tells whether it was received.
    async fn post(&self, psp: PspName, callback: &Callback) -> bool {
        let Some(client) = &self.client else { return false };
        let mut request = client.post(&callback.url).body(callback.body.clone());
        for (name, value) in &callback.headers {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(answer) => psp.is_received(answer.status().as_u16()),
            Err(error) => {
                let why = error.without_url();
                tracing::debug!(psp = psp.as_str(), error = %why, "a callback was not received");
                false
            }
        }
    }

    /// A place among those under way. `None` cannot be: the places are never closed.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

impl Simulators {
    /// Lets happen what is due, and delivers the callbacks, for ever. What is under way ends when
    /// the future is dropped.
    pub async fn run(&self) {
        let mut under_way = JoinSet::new();
        loop {
            for psp in PspName::ALL {
                let now_ms = self.now_ms();
                let due = self.lock().psp_mut(psp).due(now_ms);
                for callback in due {
                    let place = self.courier.place().await;
                    let simulators = self.clone();
                    under_way.spawn(async move {
                        simulators.deliver(psp, callback).await;
                        drop(place);
                    });
                }
            }
            while under_way.try_join_next().is_some() {}
            sleep(LOOK_PAUSE).await;
        }
    }

    /// Delivers one callback and tells the machine what came of it.
    pub(super) async fn deliver(&self, psp: PspName, callback: Callback) {
        let was_ok = self.courier.post(psp, &callback).await;
        let now_ms = self.now_ms();
        self.lock().psp_mut(psp).delivered(callback.id, was_ok, now_ms);
    }
}

/// A client that goes where it is sent, directly and without following redirects.
fn client() -> Option<reqwest::Client> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .timeout(CALLBACK_WAIT_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build();
    client.inspect_err(|error| tracing::error!(%error, "no client for callbacks")).ok()
}

/// TLS with the certificates that the system trusts, of which there may be none.
fn tls() -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.inspect_err(|error| tracing::error!(%error, "no TLS for callbacks"));
    Some(versions.ok()?.with_root_certificates(roots).with_no_client_auth())
}
