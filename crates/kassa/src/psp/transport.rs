//! How PSPs are called: over HTTPS, with the merchant's own certificate where the PSP wants one.
//!
//! Invariant: a request that was perhaps sent is never told to be not sent.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use engine::effects::psp::{Agreement, Exchange, Request, Response, Sending, Transport};
use payments::Psp;
use payments::limits::CALL_MS_MAX;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};

use super::identity::Identity;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(4);

/// Most clients that are kept for merchants' certificates. When there are more, all are forgotten:
/// a client costs a handshake.
const CLIENTS_MAX: usize = 1_000;

/// Calls PSPs over the network.
pub(super) struct NetworkTransport {
    bases: BTreeMap<Psp, String>,
    /// Certificates of authorities that are trusted beside the system's, as PEM.
    authorities: Vec<u8>,
    /// Each PSP has its own connections: one that hangs takes nothing from another.
    plain: BTreeMap<Psp, Client>,
    /// Clients that show a certificate, by its hash.
    with_identity: Mutex<HashMap<[u8; 32], Client>>,
}

impl NetworkTransport {
    /// A transport to these addresses.
    ///
    /// # Errors
    /// When there is no client to be had.
    pub(super) fn new(
        bases: BTreeMap<Psp, String>,
        authorities: Vec<u8>,
    ) -> anyhow::Result<NetworkTransport> {
        // One provider for the whole process: whoever comes first has installed it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut plain = BTreeMap::new();
        for psp in bases.keys() {
            plain.insert(*psp, client(&authorities, None)?);
        }
        Ok(NetworkTransport { bases, authorities, plain, with_identity: Mutex::default() })
    }

    /// The client for a merchant's agreement.
    fn client(&self, psp: Psp, agreement: &Agreement) -> anyhow::Result<Client> {
        let Some(identity) = Identity::of(psp, agreement)? else {
            return self.plain.get(&psp).cloned().context("the PSP is not configured");
        };
        let lock = || self.with_identity.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = lock().get(&identity.hash()) {
            return Ok(client.clone());
        }
        let made = client(&self.authorities, Some(&identity))?;
        let mut clients = lock();
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        clients.insert(identity.hash(), made.clone());
        Ok(made)
    }

    async fn exchange(&self, psp: Psp, request: Request, agreement: &Agreement) -> Exchange {
        let client = match self.client(psp, agreement) {
            Ok(client) => client,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(psp = psp.as_str(), error, "a PSP cannot be called");
                return Exchange::NotSent;
            }
        };
        let Some(base) = self.bases.get(&psp) else { return Exchange::NotSent };
        let method = Method::from_bytes(request.verb.as_str().as_bytes()).unwrap_or(Method::GET);
        let mut outgoing = client.request(method, format!("{base}{}", request.path));
        for (name, value) in request.headers {
            outgoing = outgoing.header(name, value);
        }
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        match outgoing.send().await {
            Ok(response) => whole(response).await,
            Err(error) if error.is_connect() || error.is_builder() => Exchange::NotSent,
            Err(_) => Exchange::Lost,
        }
    }
}

impl Transport for NetworkTransport {
    fn send<'t>(&'t self, psp: Psp, request: Request, agreement: &'t Agreement) -> Sending<'t> {
        Box::pin(self.exchange(psp, request, agreement))
    }
}

/// Reads an answer to its end.
async fn whole(mut response: reqwest::Response) -> Exchange {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or("").to_owned();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break,
            Err(_) => return Exchange::Lost,
        }
        if body.len() > ANSWER_BYTES_MAX {
            return Exchange::Lost;
        }
    }
    let body = String::from_utf8(body).unwrap_or_default();
    Exchange::Answer(Response { status, headers, body })
}

/// A client that trusts the system's authorities and these, and shows this identity.
fn client(authorities: &[u8], identity: Option<&Identity>) -> anyhow::Result<Client> {
    let limit = u64::try_from(CALL_MS_MAX).map(Duration::from_millis);
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_MAX)
        .timeout(limit.context("a call's limit")?)
        .user_agent(concat!("kassa/", env!("CARGO_PKG_VERSION")));
    if !authorities.is_empty() {
        let authorities = Certificate::from_pem_bundle(authorities);
        let authorities = authorities.context("the PSPs' authorities cannot be read")?;
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(identity) = identity {
        builder = builder.identity(identity.for_client()?);
    }
    builder.build().context("could not make a client for PSPs")
}

#[cfg(test)]
mod tests;
