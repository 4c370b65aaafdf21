//! From an accepted socket to served requests, within bounds.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::door::{Came, Door};
use super::handshake;
use super::peers::{Peer, Peers};
use super::wire::{Activity, Patience, Watched};
use crate::config::settings::{Limits, Surface};

/// Streams that one HTTP/2 connection may have at once.
const STREAMS_MAX: u32 = 100;
/// Streams that the peer has reset and nobody has looked at yet: more is a flood, and ends the connection
/// (CVE-2023-44487).
const RESETS_PENDING_MAX: usize = 20;
/// Streams that we had to reset because of the peer's mistakes: more ends the connection (CVE-2025-8671).
const RESETS_OWN_MAX: usize = 100;
/// Header fields of one request.
const FIELDS_MAX: usize = 128;

/// What a listener serves, and how it speaks.
#[derive(Clone)]
pub struct Fronted {
    /// What is served there.
    pub surfaces: Arc<BTreeSet<Surface>>,
    /// Who shakes hands, if it speaks TLS.
    pub tls: Option<TlsAcceptor>,
}

/// Takes connections and serves them.
#[derive(Clone)]
pub struct Acceptor {
    limits: Limits,
    places: Arc<Semaphore>,
    peers: Peers,
    connections: TaskTracker,
    stop: CancellationToken,
}

impl Acceptor {
    /// An acceptor with so many places, whose connections are tracked by `connections` and end with `stop`.
    pub fn new((limits, places): (Limits, usize), connections: TaskTracker, stop: CancellationToken) -> Self {
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { limits, places, peers: Peers::default(), connections, stop }
    }

    /// Takes connections of one listener until it is told to stop.
    pub async fn run(&self, listener: TcpListener, front: Fronted, door: Arc<Door>) {
        loop {
            // The place comes first: when all are taken, newcomers wait in the system's queue.
            let place = tokio::select! {
                () = self.stop.cancelled() => return,
                place = Arc::clone(&self.places).acquire_owned() => place,
            };
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the peer is gone already: neither ends the listener.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // A trusted proxy has as many connections as it needs.
            let most =
                if door.is_trusted(from.ip()) { usize::MAX } else { self.limits.connections_per_address };
            let Some(pass) = self.peers.admit(Peer::of(from.ip()), most) else {
                tracing::debug!(peer = %from.ip(), "too many connections from one address");
                continue;
            };
            let (acceptor, front, door) = (self.clone(), front.clone(), Arc::clone(&door));
            self.connections.spawn(async move {
                acceptor.serve(stream, from, front, door).await;
                drop((pass, place));
            });
        }
    }

    async fn serve(&self, stream: TcpStream, from: SocketAddr, front: Fronted, door: Arc<Door>) {
        let _ = stream.set_nodelay(true);
        // Whoever has asked for nothing yet is not given the patience of one between two requests.
        let mut first = [0_u8; 1];
        tokio::select! {
            () = self.stop.cancelled() => return,
            seen = tokio::time::timeout(self.limits.header_timeout, stream.peek(&mut first)) => {
                if !matches!(seen, Ok(Ok(1))) {
                    return;
                }
            }
        }
        let came = Came { from, surfaces: front.surfaces, secure: front.tls.is_some() };
        let Some(tls) = front.tls else { return self.speak(stream, came, door).await };
        if first != [handshake::FIRST_OCTET] {
            return handshake::turn_away(stream).await;
        }
        let shaken = tokio::select! {
            () = self.stop.cancelled() => return,
            shaken = tokio::time::timeout(self.limits.handshake_timeout, tls.accept(stream)) => shaken,
        };
        match shaken {
            // On the heap: a connection without TLS does not carry what one with it needs.
            Ok(Ok(stream)) => Box::pin(self.speak(stream, came, door)).await,
            Ok(Err(error)) => tracing::debug!(peer = %from.ip(), %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %from.ip(), "a TLS handshake took too long"),
        }
    }

    async fn speak<S>(&self, stream: S, came: Came, door: Arc<Door>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let from = came.from;
        let activity = Activity::new();
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
        let answering = Arc::clone(&activity);
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mark = answering.answering(request.version());
            let (came, door) = (came.clone(), Arc::clone(&door));
            async move {
                // On the heap: the way to an answer is long, and every connection would carry it.
                let response = Box::pin(door.answer(request, came)).await;
                drop(mark);
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let patience = Patience { idle: self.limits.idle_timeout, head: self.limits.header_timeout };
        let builder = self.builder();
        let connection = builder.serve_connection(io, service);
        tokio::pin!(connection);
        let mut closing = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(peer = %from.ip(), %error, "a connection broke");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = activity.exhausts(patience) => return,
            }
        }
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            // Heads that dawdle are noticed with the rest, see `Activity`.
            .header_read_timeout(None)
            .max_buf_size(self.limits.header_octets.max(8192))
            .max_headers(FIELDS_MAX)
            .half_close(true);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_pending_accept_reset_streams(RESETS_PENDING_MAX)
            .max_local_error_reset_streams(RESETS_OWN_MAX)
            .max_header_list_size(u32::try_from(self.limits.header_octets).unwrap_or(u32::MAX))
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20));
        builder
    }
}
