//! The doors: where connections are taken, within bounds, and what becomes of a request.
//!
//! Every connection meets its guards before a parser sees an octet of it: how many there may be in all and from one
//! address, how long the first octet, a header, a body and silence may last, how large each may be.

pub mod answer;
pub mod body;
pub mod client;
pub mod compress;
pub mod connection;
pub mod door;
pub mod handshake;
pub mod peers;
pub mod rate;
pub mod redirect;
pub mod route;
pub mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::settings::{Limits, Listen};
use crate::house::Houses;
use crate::tls::certificates::Certificates;
use connection::{Acceptor, Fronted};
use door::Door;

/// A listener that has its address.
pub struct Bound {
    listener: TcpListener,
    /// The address that it has.
    pub address: SocketAddr,
    /// What is served there.
    pub listen: Listen,
}

/// A listener with how it speaks.
pub struct Ready {
    bound: Bound,
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// Reads what the listeners present.
///
/// # Errors
/// What is wrong with the files of a certificate, with the remedy.
pub fn present(bound: Vec<Bound>, certificates: &Certificates) -> Result<Vec<Ready>, String> {
    bound
        .into_iter()
        .map(|bound| {
            let tls = certificates
                .open(&bound.listen)
                .map_err(|fault| format!("cannot present a certificate at {}: {fault}", bound.address))?;
            Ok(Ready { bound, tls })
        })
        .collect()
}

/// Takes the addresses of `listens`.
///
/// # Errors
/// Which address could not be taken, and why.
pub async fn bind(listens: &[Listen]) -> Result<Vec<Bound>, BindError> {
    let mut bound = Vec::new();
    for listen in listens {
        let failed = |reason| BindError { address: listen.address, reason };
        let listener = TcpListener::bind(listen.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        bound.push(Bound { listener, address, listen: listen.clone() });
    }
    Ok(bound)
}

/// An address that could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}{}", remedy(reason, *address))]
pub struct BindError {
    /// Which.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub reason: std::io::Error,
}

fn remedy(reason: &std::io::Error, address: SocketAddr) -> String {
    match reason.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!(
                "; another program has it (`ss -ltnp 'sport = :{}'` says which): choose another port in [[listen]]",
                address.port()
            )
        }
        std::io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need the capability CAP_NET_BIND_SERVICE: choose another port in [[listen]]"
                .to_owned()
        }
        std::io::ErrorKind::AddrNotAvailable => "; this machine does not have that address".to_owned(),
        _ => String::new(),
    }
}

/// All doors, open.
pub struct Doors {
    connections: TaskTracker,
    accepting: TaskTracker,
    stop: CancellationToken,
}

impl Doors {
    /// Opens the doors: requests are answered from whatever house is in force when they come.
    pub fn open(ready: Vec<Ready>, houses: &Houses, limits: Limits) -> Self {
        let doors = Self {
            connections: TaskTracker::new(),
            accepting: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let door = Arc::new(Door::new(houses.clone(), limits));
        // A listener that waits holds a place; what the others hold must not count against one.
        let places = limits.connections.saturating_add(ready.len().saturating_sub(1));
        let acceptor = Acceptor::new((limits, places), doors.connections.clone(), doors.stop.clone());
        for Ready { bound, tls } in ready {
            let (acceptor, door) = (acceptor.clone(), Arc::clone(&door));
            let front =
                Fronted { surfaces: Arc::new(bound.listen.surfaces), tls: tls.map(TlsAcceptor::from) };
            doors.accepting.spawn(async move {
                acceptor.run(bound.listener, front, door).await;
            });
        }
        let (stop, rate) = (doors.stop.clone(), door);
        doors.accepting.spawn(async move {
            // What attackers leave behind in the tables of limits is thrown away every minute.
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(60)) => rate.forget_old(),
                }
            }
        });
        doors.accepting.close();
        doors
    }

    /// Takes no more connections, lets requests under way end, and after `patience` cuts what is left: how many.
    pub async fn close(self, patience: Duration) -> usize {
        self.stop.cancel();
        self.accepting.wait().await;
        self.connections.close();
        if tokio::time::timeout(patience, self.connections.wait()).await.is_ok() {
            return 0;
        }
        self.connections.len()
    }
}
