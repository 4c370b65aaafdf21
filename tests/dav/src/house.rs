//! The whole server in process: service, unified calendar, store; several owners, a clock that stands where it is put.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aggregator::dav_backend::DavBackend;
use aggregator::operation::collection;
use aggregator::owner::{
    IcsLocation, IcsSettings, Manner, Owner, PasswordCheck, Push, SourceKind, SourceSettings, Unreachable,
};
use aggregator::ports::{Clock, Entropy};
use aggregator::push::{self, channel::PushSettings};
use aggregator::world::{HouseRules, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use calendar::address::Address;
use calendar::time::Instant;
use calendar::zone::Zone;
use dav::service::Service;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use store::Store;
use store::engine::Engine;
use store::engine::memory::MemoryEngine;

/// Who there is: id, name. Their address is `mailto:ID@example.com`, their password `secret`.
pub const OWNERS: &[(&str, &str)] = &[
    ("ada", "Ada Lovelace"),
    ("bernard", "Bernard Desruisseaux"),
    ("cyrus", "Cyrus Daboo"),
    ("lisa", "Lisa Dusseault"),
    ("wilfredo", "Wilfredo Sanchez"),
];

/// 2006-01-01T00:00:00Z.
pub const NOW: i64 = 1_136_073_600;

struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// Chance that can be repeated.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn draw(&self) -> [u8; 16] {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let mut octets = [0xA5; 16];
        octets[8..].copy_from_slice(&number.to_be_bytes());
        octets[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        octets
    }
}

/// The server.
pub struct House {
    /// What it is over.
    pub world: World,
    service: Service,
    clock: Arc<Standing>,
}

/// An answer, its body read to the end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text where it is text.
    pub text: String,
}

/// A feed that nothing is read from; its mirror is read-only.
fn feed() -> SourceSettings {
    SourceSettings {
        id: "feed".to_owned(),
        name: "A feed".to_owned(),
        kind: SourceKind::Ics(IcsSettings {
            location: IcsLocation::File("none.ics".into()),
            credentials: None,
            allow_http: false,
            allow_private: false,
        }),
        account: None,
        poll_seconds: 300,
        counts_as_busy: false,
        in_unified: true,
        push: Push::Off,
        zone: None,
        unreachable: Unreachable::StaleOk,
    }
}

fn owner((id, name): &(&str, &str)) -> Arc<Owner> {
    Arc::new(Owner {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        addresses: vec![Address::parse(&format!("{id}@example.com"))],
        zone: Zone::named("America/New_York").unwrap(),
        sources: if *id == "ada" { vec![feed()] } else { Vec::new() },
        manner: Manner::default(),
        passwords: vec![PasswordCheck::Plain("secret".to_owned())],
    })
}

impl House {
    /// A new one that keeps nothing.
    pub async fn new() -> Self {
        Self::over(Arc::new(MemoryEngine::new()), 1).await
    }

    /// One over what an engine keeps; `chance` is where its chance begins.
    pub async fn over(engine: Arc<dyn Engine>, chance: u64) -> Self {
        let clock = Arc::new(Standing(AtomicI64::new(NOW)));
        let entropy = Arc::new(Counting(AtomicU64::new(chance)));
        let owners: Vec<_> = OWNERS.iter().map(owner).collect();
        let world = World::new(Store::new(engine), clock.clone(), entropy, owners.clone());
        // Small enough for a scenario to fill.
        world.replace_house_rules(HouseRules { quota_octets: 30 * 1024 * 1024, ..HouseRules::default() });
        for owner in &owners {
            collection::ensure_home(&world, owner).await.unwrap();
        }
        // Mail goes out, so that people elsewhere can be invited; nobody fetches the letters.
        world.replace_mail_sender(Some("calendar@example.com".to_owned()));
        // Devices are told of changes, as far as anybody here can see; nothing goes out.
        let identity = push::channel::identity(&world).await.unwrap();
        let settings =
            PushSettings { contact: "mailto:admin@example.com".to_owned(), ..PushSettings::default() };
        let backend = DavBackend::new(world.clone()).with_push(identity, settings);
        let service = Service::new(Arc::new(backend));
        Self { world, service, clock }
    }

    /// Puts the clock there.
    pub fn put_clock(&self, now: Instant) {
        self.clock.0.store(now.as_unix(), Ordering::SeqCst);
    }

    /// Sends a request with these headers and no others.
    pub async fn send(&self, line: (&str, &str), headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let mut request = Request::builder().method(line.0).uri(line.1);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let (head, body) = self.service.handle(request).await.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&octets).into_owned();
        Answer { status: head.status, headers: head.headers, text }
    }

    /// Sends a request of `owner`; `nobody` has no credentials.
    pub async fn send_as(
        &self,
        owner: &str,
        line: (&str, &str),
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let credentials = basic(owner);
        let mut all = headers.to_vec();
        if owner != "nobody" {
            all.push(("Authorization", &credentials));
        }
        self.send(line, &all, body).await
    }
}

/// What an owner's client sends as Authorization.
pub fn basic(owner: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{owner}:secret")))
}
