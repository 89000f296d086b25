//! How notifications leave: over HTTPS, to public addresses, and to those networks that the
//! operator allows.
//!
//! Invariant: no connection is made but to an address that [`networks`] lets through. A name is
//! asked for once for each connection, all that it answers is checked, and the connection goes to
//! what was checked: there is no second answer to be another one. Nothing is followed and no proxy
//! is asked.

mod answer;
mod guard;
mod names;
pub(crate) mod networks;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use engine::Clock;
use engine::effects::post::{Delivery, Letter, Post, Posting, Refused, Trouble};
use engine::limits::{POSTING_ATTEMPT_MAX, POSTING_MAX};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};
use tokio::time::timeout;

use guard::Guard;
use names::{CheckedNames, Names, SystemNames};
use networks::Networks;
use turns::Turns;

/// Most letters that are on their way to one host at once, and most connections to it that are
/// kept. More wait, and keep nobody else waiting.
const HOST_LETTERS_MAX: usize = 64;

/// How much of an answer's body is read, in bytes. Nobody looks at it: a connection whose answer
/// was read to its end can be used again.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long a connection that nobody uses is kept. Less than most servers keep it, so that a letter
/// does not meet the end of its connection on the way: many end it after five seconds.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// How long each part of a posting may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until its turn among those to the same host.
    turn: Duration,
    /// For name, connection and TLS.
    connect: Duration,
    /// From its turn to the answer's head.
    attempt: Duration,
    /// For the answer's body.
    body: Duration,
}

impl Patience {
    /// As a server has it.
    pub(crate) const SERVER: Patience = Patience {
        turn: POSTING_MAX.saturating_sub(POSTING_ATTEMPT_MAX),
        connect: Duration::from_secs(5),
        attempt: POSTING_ATTEMPT_MAX.saturating_sub(Duration::from_secs(1)),
        body: Duration::from_secs(1),
    };
}

/// Posts over the network.
pub(crate) struct NetworkPost {
    guard: Guard,
    /// Over TLS, to all public addresses.
    encrypted: Client,
    /// Without TLS, to allowed networks only.
    plain: Client,
    turns: Turns,
    patience: Patience,
    clock: Arc<dyn Clock>,
}

impl NetworkPost {
    /// A post that reaches public addresses and these networks.
    ///
    /// # Errors
    /// When there is no client to be had.
    pub(crate) fn new(networks: Networks, clock: Arc<dyn Clock>) -> anyhow::Result<NetworkPost> {
        let names: Arc<dyn Names> = Arc::new(SystemNames);
        NetworkPost::with(networks, clock, &names, Patience::SERVER, &[])
    }

    /// The same with names, limits and authorities (as PEM, beside the system's) of one's own.
    fn with(
        networks: Networks,
        clock: Arc<dyn Clock>,
        names: &Arc<dyn Names>,
        patience: Patience,
        authorities: &[u8],
    ) -> anyhow::Result<NetworkPost> {
        // One provider for the whole process: whoever comes first has installed it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let guard = Guard::new(networks);
        let client = |is_encrypted| {
            let checked = CheckedNames::new(Arc::clone(names), guard.clone(), is_encrypted);
            client(checked, patience, authorities)
        };
        let (encrypted, plain) = (client(true)?, client(false)?);
        let turns = Turns::new(HOST_LETTERS_MAX);
        Ok(NetworkPost { guard, encrypted, plain, turns, patience, clock })
    }

    async fn post(&self, letter: Letter) -> Delivery {
        let url = match self.guard.url(&letter.url) {
            Ok(url) => url,
            Err(refused) => return Delivery::Refused(refused),
        };
        let Ok(_turn) = timeout(self.patience.turn, self.turns.take(host_of(&url))).await else {
            return Delivery::Failed(Trouble::Busy);
        };
        let client = if url.scheme() == "https" { &self.encrypted } else { &self.plain };
        let mut request = client.post(url).body(letter.body);
        for (name, value) in letter.headers {
            request = request.header(name, value);
        }
        match timeout(self.patience.attempt, request.send()).await {
            Ok(Ok(response)) => {
                let delivery = answer::told(&response, self.clock.now());
                // Whatever becomes of the body, the receiver has said what it has to say.
                drop(timeout(self.patience.body, read_to_end(response)).await);
                delivery
            }
            Ok(Err(error)) => answer::trouble(&error),
            Err(_) => Delivery::Failed(Trouble::Time),
        }
    }
}

impl Post for NetworkPost {
    fn check(&self, url: &str) -> Result<(), Refused> {
        self.guard.url(url).map(drop)
    }

    fn send(&self, letter: Letter) -> Posting<'_> {
        Box::pin(self.post(letter))
    }
}

impl std::fmt::Debug for NetworkPost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkPost").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// What shares its turns and connections.
fn host_of(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// Reads a body to its end, or as much of it as is read at most; the connection is closed then.
async fn read_to_end(mut response: Response) {
    let mut left = ANSWER_BYTES_MAX;
    while let Ok(Some(piece)) = response.chunk().await {
        let Some(less) = left.checked_sub(piece.len()) else { return };
        left = less;
    }
}

fn client(names: CheckedNames, patience: Patience, authorities: &[u8]) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .dns_resolver(names)
        .connect_timeout(patience.connect)
        .pool_max_idle_per_host(HOST_LETTERS_MAX)
        .pool_idle_timeout(IDLE_MAX)
        .user_agent(concat!("kassa/", env!("CARGO_PKG_VERSION")));
    if !authorities.is_empty() {
        let authorities = Certificate::from_pem_bundle(authorities);
        builder = builder.tls_certs_merge(authorities.context("authorities cannot be read")?);
    }
    builder.build().context("could not make a client for notifications")
}

#[cfg(test)]
mod tests;
