//! The socket. A lost answer is a connection that is closed with nothing sent.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Simulators, index};
use crate::limits::{BODY_BYTES_MAX, CONNECTIONS_MAX, REQUEST_READ_MAX};
use crate::psp::PspName;
use crate::wire::{WireAnswer, WireRequest};

/// How long to wait after the system refused a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The answer is lost, and with it the connection.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost")]
struct Lost;

impl Simulators {
    /// Serves, for ever. Connections are closed when the future is dropped.
    pub async fn serve(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            // Beyond the limit, connections wait in the system's queue.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, _)) => {
                    let simulators = self.clone();
                    connections.spawn(async move {
                        simulators.serve_connection(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a simulator could not accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn serve_connection(&self, stream: TcpStream) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let service = service_fn(|request| self.respond(request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(REQUEST_READ_MAX)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a simulator's connection ended early");
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
        let answer = match read(request).await {
            Ok(request) => self.answer(request).await.ok_or(Lost)?,
            Err(status) => WireAnswer::empty(status),
        };
        Ok(response(answer))
    }

    /// Has the right one answer; `None` where its answer is lost.
    async fn answer(&self, request: WireRequest) -> Option<WireAnswer> {
        let segments = request.segments();
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", []) => return Some(index::index()),
            ("POST", ["next", psp]) => return Some(index::next(self, psp, &request)),
            _ => {}
        }
        let word = segments.first().copied().unwrap_or_default();
        let Some(psp) = PspName::parse(word) else { return Some(WireAnswer::empty(404)) };
        let path = request.path.get(word.len().saturating_add(1)..).unwrap_or_default();
        let below = WireRequest { path: path.to_owned(), ..request };
        self.answer_as(psp, &below).await
    }

    async fn answer_as(&self, psp: PspName, request: &WireRequest) -> Option<WireAnswer> {
        let now_ms = self.now_ms();
        let handled = self.lock().psp_mut(psp).handle(request, now_ms);
        for callback in handled.callbacks_first {
            self.deliver(psp, callback).await;
        }
        if let Ok(wait_ms @ 1..) = u64::try_from(handled.wait_ms) {
            sleep(Duration::from_millis(wait_ms)).await;
        }
        handled.answer
    }
}

/// Reads a request whole.
///
/// # Errors
/// The status to answer where that fails.
async fn read(request: Request<Incoming>) -> Result<WireRequest, u16> {
    let (head, body) = request.into_parts();
    let body = timeout(REQUEST_READ_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    let body = body.map_err(|_| 408_u16)?.map_err(|_| 413_u16)?.to_bytes();
    let headers = head.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    Ok(WireRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).map_err(|_| 400_u16)?,
    })
}

fn response(answer: WireAnswer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
        if let Some((name, value)) = header {
            response.headers_mut().append(name, value);
        }
    }
    response
}
