//! One request: guarded, answered by its surface, told in the log.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use bytes::Bytes;
use dav::backend::ClientAddress;
use http::header::{AUTHORIZATION, HeaderValue, STRICT_TRANSPORT_SECURITY};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::answer::{self, Body};
use super::body::{self, BodyFault, BodyRoom, Held};
use super::client;
use super::compress;
use super::peers::Peer;
use super::rate::{Penalties, Rate};
use super::redirect;
use super::route;
use crate::config::settings::{Limits, Surface};
use crate::health;
use crate::house::{House, Houses};

/// Octets of a form.
const FORM_OCTETS_MAX: usize = 256 * 1024;
/// Browsers ask over TLS alone for a year from the last answer (RFC 6797).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// Wrong passwords a minute from one address, whatever the names: more is guessing.
const SIGN_INS_FAILED_PER_MINUTE: u32 = 100;

/// How a request came in.
#[derive(Clone, Debug)]
pub struct Came {
    /// From where.
    pub from: SocketAddr,
    /// What is served at the listener that took it.
    pub surfaces: Arc<BTreeSet<Surface>>,
    /// Whether nobody on the way could read it.
    pub secure: bool,
}

/// The door that every request passes.
pub struct Door {
    houses: Houses,
    limits: Limits,
    bodies: BodyRoom,
    bookings: Rate,
    sign_ins: Penalties,
    count: AtomicU64,
    /// Drawn at start, so that ids of two runs differ in the log.
    run: u64,
}

impl Door {
    /// A door to whatever house is in force.
    pub fn new(houses: Houses, limits: Limits) -> Self {
        let run = houses.current().world.draw_number();
        Self {
            houses,
            limits,
            bodies: BodyRoom::new(limits.body_octets, limits.body_timeout),
            bookings: Rate::per_minute(limits.bookings_per_minute),
            sign_ins: Penalties::new(SIGN_INS_FAILED_PER_MINUTE),
            count: AtomicU64::new(0),
            run,
        }
    }

    /// Whether a peer stands for many, so that it is not counted as one.
    pub fn is_trusted(&self, peer: IpAddr) -> bool {
        client::is_trusted(peer, &self.houses.current().settings.server.trusted_proxies)
    }

    /// Forgets peers that have not come for a while.
    pub fn forget_old(&self) {
        self.bookings.forget_old();
        self.sign_ins.forget_old();
    }

    /// Answers `request`, whatever happens.
    pub async fn answer(&self, request: Request<Incoming>, came: Came) -> Response<Body> {
        let began = Instant::now();
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:08x}-{number:x}", self.run & 0xffff_ffff);
        let method = request.method().clone();
        let path = route::told(request.uri().path());
        let house = self.houses.current();
        let proxies = &house.settings.server.trusted_proxies;
        let client = client::client(request.headers(), came.from.ip(), proxies);
        let mut response = Box::pin(self.guarded(&house, request, (&came, client), &id)).await;
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-request-id", value);
        }
        if came.secure {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HSTS);
        }
        let status = response.status().as_u16();
        let millis = began.elapsed().as_secs_f64() * 1000.0;
        let peer = client.unwrap_or_else(|| came.from.ip());
        if status >= 500 {
            tracing::error!(target: "kalends::request", %method, path, status, millis, id, %peer);
        } else {
            tracing::info!(target: "kalends::request", %method, path, status, millis, id, %peer);
        }
        response
    }

    async fn guarded(
        &self,
        house: &Arc<House>,
        request: Request<Incoming>,
        (came, client): (&Came, Option<IpAddr>),
        id: &str,
    ) -> Response<Body> {
        if came.surfaces.contains(&Surface::Redirect) {
            return redirect::answer(&request, &house.settings.server.public_url);
        }
        let path = request.uri().path().to_owned();
        let surface = route::surface_of(request.method(), &path);
        if !came.surfaces.contains(&surface) || !surface.is_served() {
            return answer::and_close(answer::not_here());
        }
        let in_the_open =
            !came.secure && !client::is_trusted(came.from.ip(), &house.settings.server.trusted_proxies);
        if in_the_open && route::wants_password(surface, &path) {
            return answer::and_close(answer::not_in_the_open());
        }
        // This machine itself, and a proxy that does not say for whom it asks, are not counted.
        let peer = client.map(Peer::of);
        if let Some(seconds) = peer.and_then(|peer| self.held_off(peer, surface, request.method())) {
            return answer::and_close(answer::too_often(seconds));
        }
        let has_password = request.headers().contains_key(AUTHORIZATION);
        let most = if surface == Surface::CalDav { self.limits.body_octets } else { FORM_OCTETS_MAX };
        let (parts, body) = request.into_parts();
        let is_nobody = surface == Surface::CalDav && !has_password && !route::is_setup(&path);
        let held = if is_nobody {
            // Whatever it is, the answer is to sign in, or is the same without it.
            body::pass_over(&parts.headers, body).await;
            Held::nothing()
        } else {
            match self.bodies.read(&parts.headers, body, most).await {
                Ok(held) => held,
                Err(fault) => return answer::and_close(refused(fault, most)),
            }
        };
        // Nothing that holds a password is packed: its length would tell of it.
        let packs =
            surface == Surface::CalDav && !route::is_setup(&path) && compress::is_wanted(&parts.headers);
        let mut request = Request::from_parts(parts, held.octets);
        request
            .extensions_mut()
            .insert(ClientAddress(client.unwrap_or_else(|| came.from.ip()).to_canonical()));
        let whole = caught(dispatch(house, surface, request));
        let response = match tokio::time::timeout(self.limits.request_timeout, whole).await {
            Ok(Ok(response)) if packs => compress::packed(response),
            Ok(Ok(response)) => response,
            Ok(Err(Panicked)) => answer::our_fault(id),
            Err(_) => answer::not_now("This took too long. Please try again."),
        };
        drop(held.room);
        if let (Some(peer), true, StatusCode::UNAUTHORIZED) = (peer, has_password, response.status()) {
            self.sign_ins.count(peer);
        }
        response
    }

    /// Seconds that a peer has to wait, if it came too often.
    fn held_off(&self, peer: Peer, surface: Surface, method: &Method) -> Option<u64> {
        match surface {
            Surface::CalDav => self.sign_ins.seconds_left(peer),
            Surface::Booking if *method == Method::POST => self.bookings.check(peer).err(),
            _ => None,
        }
    }
}

async fn dispatch(house: &Arc<House>, surface: Surface, request: Request<Bytes>) -> Response<Body> {
    match surface {
        Surface::CalDav if route::is_setup(request.uri().path()) => {
            Box::pin(house.pages.set_up(request)).await.map(answer::whole)
        }
        Surface::CalDav => house.dav.handle(request).await,
        Surface::Booking => house.pages.handle(request).await.map(answer::whole),
        Surface::Metrics => health::answer(house, &request).await,
        Surface::Admin | Surface::Api | Surface::Agent | Surface::Redirect => answer::not_here(),
    }
}

fn refused(fault: BodyFault, most: usize) -> Response<Body> {
    match fault {
        BodyFault::TooLarge => answer::page(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Too large",
            &format!("At most {most} octets are taken here."),
        ),
        BodyFault::TooSlow => {
            answer::page(StatusCode::REQUEST_TIMEOUT, "Too slow", "The request did not arrive in time.")
        }
        BodyFault::NoRoom => answer::not_now("There are too many large requests at once. Please try again."),
        BodyFault::Broken => {
            answer::page(StatusCode::BAD_REQUEST, "Not understood", "The request broke off before its end.")
        }
    }
}

/// A panic while a request was answered; what it said is in the log.
struct Panicked;

/// `work`, with a panic in it as an error: it is that request's own, not the server's.
async fn caught<F: Future>(work: F) -> Result<F::Output, Panicked> {
    let mut work = pin!(work);
    std::future::poll_fn(move |context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_caught_and_work_goes_on() {
        let failed: Result<(), Panicked> = caught(async { panic!("one request fails") }).await;
        assert!(failed.is_err());
        assert!(matches!(caught(async { 7 }).await, Ok(7)));
    }
}
