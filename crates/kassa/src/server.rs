//! Sockets: accepts connections up to a limit, speaks HTTP/1.1 on them, with or without TLS, and
//! stops without dropping what it has taken.

mod body;
mod open_files;
mod stream;
pub(crate) mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use engine::limits::{REQUEST_READ_MAX, SHUTDOWN_WAIT_MAX};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use body::TimedBody;
use open_files::connections_that_fit;
use stream::TimedStream;

/// Longest request line with all headers, in bytes; hyper answers 431 above.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long a client may take for the TLS handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection, which it does when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound socket and what answers on it.
pub(crate) struct Server {
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    connections: Arc<Semaphore>,
}

impl Server {
    /// Binds.
    ///
    /// # Errors
    /// When the address is not to be had.
    pub(crate) async fn bind(
        address: SocketAddr,
        router: Router,
        tls: Option<TlsAcceptor>,
        connections_max: usize,
    ) -> anyhow::Result<Server> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("could not listen at {address}"))?;
        let connections = Arc::new(Semaphore::new(connections_that_fit(connections_max)));
        Ok(Server { listener, router, tls, connections })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("the socket has no address")
    }

    /// Serves until `stop`; then takes no more connections and answers what it has taken, for at
    /// most [`SHUTDOWN_WAIT_MAX`].
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        tokio::select! {
            () = stop => {}
            () = self.accept(&graceful) => {}
        }
        drop(self.listener);
        if timeout(SHUTDOWN_WAIT_MAX, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were not done in time and are cut off");
        }
    }

    /// Accepts for ever.
    async fn accept(&self, graceful: &GracefulShutdown) {
        loop {
            // The place is taken first: beyond the limit, connections wait in the system's queue.
            let Ok(place) = Arc::clone(&self.connections).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let connection = Connection {
                        router: self.router.clone(),
                        watcher: graceful.watcher(),
                        place,
                    };
                    tokio::spawn(connection.start(stream, self.tls.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// What one connection needs. It holds its place among all until it ends.
struct Connection {
    router: Router,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
}

impl Connection {
    async fn start(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "connection is gone before it began");
            return;
        }
        let Some(tls) = tls else { return self.serve(stream).await };
        match timeout(HANDSHAKE_MAX, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let Connection { router, watcher, place } = self;
        let service = service_fn(move |request: Request<Incoming>| {
            router.clone().oneshot(request.map(|body| Body::new(TimedBody::new(body))))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // Who has no more to send may still wait for the answer.
            .half_close(true)
            .header_read_timeout(REQUEST_READ_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(TimedStream::new(stream)), service);
        if let Err(error) = watcher.watch(connection).await {
            // A client that leaves, stalls or speaks something else; hyper has answered it.
            tracing::debug!(%error, "connection ended early");
        }
        drop(place);
    }
}
