//! A desk for tests and for the preview: memory engine, a clock that stands where it is put, chance that counts.

#![allow(dead_code, reason = "each test uses what it needs")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on says so")]

pub(crate) mod html;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use aggregator::gate::{self, Edit};
use aggregator::operation::collection;
use aggregator::owner::{Manner, Owner};
use aggregator::ports::{Clock, Entropy};
use aggregator::sync::Freshen;
use aggregator::world::World;
use booking::desk::{Correspondence, Desk, Host};
use booking::event_type::{Buffer, EventType, Grid, Hours, Interval, Limit};
use booking_ui::service::Service;
use bytes::Bytes;
use calendar::address::Address;
use calendar::busy::BusyType;
use calendar::collection::{CollectionName, ObjectName};
use calendar::time::Instant;
use calendar::zone::Zone;
use http::{Request, Response};
use store::Store;
use store::engine::memory::MemoryEngine;
use store::engine::{Commit, Committed, Engine, EngineError, Entry, Version, Versioned};

/// A clock that stands where it is put, UTC seconds.
pub(crate) struct StandingClock(AtomicI64);

impl StandingClock {
    /// Puts it to another reading, `20261120T081200Z` in words of RFC 3339.
    pub(crate) fn put(&self, at: &str) {
        self.0.store(instant(at).as_unix(), Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// Chance that can be repeated.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn draw(&self) -> [u8; 16] {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let mut octets = [0x5A; 16];
        octets[8..].copy_from_slice(&number.to_be_bytes());
        octets[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        octets
    }
}

/// An engine that fails while it is told to.
pub(crate) struct Fallible {
    engine: MemoryEngine,
    fails: AtomicBool,
}

impl Fallible {
    /// Makes every further answer a failure.
    pub(crate) fn fail(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }

    fn answers(&self) -> Result<(), EngineError> {
        let fails = self.fails.load(Ordering::SeqCst);
        if fails { Err(EngineError::Io("the disk is gone: /secret/path".to_owned())) } else { Ok(()) }
    }
}

#[async_trait::async_trait]
impl Engine for Fallible {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError> {
        self.answers()?;
        self.engine.get(key).await
    }

    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        self.answers()?;
        self.engine.scan(from, to, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
        self.answers()?;
        self.engine.commit(commit).await
    }

    fn watch(&self) -> tokio::sync::watch::Receiver<Version> {
        self.engine.watch()
    }
}

struct NothingToAsk;

#[async_trait::async_trait]
impl Freshen for NothingToAsk {
    async fn freshen(&self, _: &str, _: i64, _: std::time::Duration) {}
}

/// The instant at which UTC clocks show `2026-11-20T08:12:00`.
pub(crate) fn instant(reading: &str) -> Instant {
    Instant::from_utc(reading.parse().expect("a reading"))
}

/// When the tests begin: Friday 20 November 2026, 09:12 in Berlin.
pub(crate) const NOW: &str = "2026-11-20T08:12:00";

/// Ada in Berlin.
pub(crate) fn owner(id: &str, name: &str, zone: &str) -> Owner {
    Owner {
        id: id.to_owned(),
        name: name.to_owned(),
        addresses: vec![Address::parse(&format!("{id}@hidden.example"))],
        zone: Zone::iana(zone).expect("a known zone"),
        sources: vec![],
        manner: Manner::default(),
        passwords: vec![],
    }
}

/// An event type of 9 to 12 and 13 to 17 on working days, half-hourly, with four hours' notice and sixty days ahead.
pub(crate) fn event_type(slug: &str, title: &str, zone: &str) -> EventType {
    let day = vec![Interval { start: 540, end: 720 }, Interval { start: 780, end: 1020 }];
    let mut weekly = [const { Vec::new() }; 7];
    weekly[..5].fill(day);
    EventType {
        slug: slug.to_owned(),
        title: title.to_owned(),
        description: String::new(),
        durations: vec![1800],
        grid: Grid::Every(1800),
        hours: Hours { weekly, overrides: vec![] },
        zone: Zone::iana(zone).expect("a known zone"),
        buffer: Buffer::default(),
        notice: 4 * 3600,
        horizon_days: 60,
        limit: Limit::default(),
        blocks_from: BusyType::Tentative,
        location: None,
        active: true,
        listed: true,
    }
}

/// Pages over a desk of these hosts.
pub(crate) struct Pages {
    pub(crate) service: Service,
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) engine: Arc<Fallible>,
}

/// Ada with three event types: several lengths, one that is not listed, one that is not active any more.
pub(crate) async fn ada() -> Pages {
    let mut intro = event_type("intro", "Intro call", "Europe/Berlin");
    intro.durations = vec![1800, 900, 3600];
    "A first conversation: tell me what you are working on.\n\nNo preparation needed."
        .clone_into(&mut intro.description);
    intro.location = Some("https://meet.example/secret-room".to_owned());
    let mut hidden = event_type("friends", "Tea with friends", "Europe/Berlin");
    hidden.listed = false;
    let mut old = event_type("old", "Old offer", "Europe/Berlin");
    old.active = false;
    pages(vec![(owner("ada", "Ada Lovelace", "Europe/Berlin"), vec![intro, hidden, old])]).await
}

/// Pages over these hosts.
pub(crate) async fn pages(hosts: Vec<(Owner, Vec<EventType>)>) -> Pages {
    let clock = Arc::new(StandingClock(AtomicI64::new(instant(NOW).as_unix())));
    let engine = Arc::new(Fallible { engine: MemoryEngine::new(), fails: AtomicBool::new(false) });
    let store = Store::new(engine.clone());
    let hosts: Vec<Host> =
        hosts.into_iter().map(|(owner, event_types)| Host { owner: Arc::new(owner), event_types }).collect();
    let owners = hosts.iter().map(|host| Arc::clone(&host.owner)).collect();
    let world = World::new(store, clock.clone(), Arc::new(Counting(AtomicU64::new(1))), owners);
    for host in &hosts {
        collection::ensure_home(&world, &host.owner).await.expect("a home");
    }
    let desk = Desk {
        world,
        hosts: Arc::new(RwLock::new(Arc::new(hosts))),
        sources: Arc::new(NothingToAsk),
        correspondence: Arc::new(Correspondence {
            from: "calendar@cal.example".to_owned(),
            public_url: "https://cal.example".to_owned(),
        }),
    };
    Pages { service: Service::new(desk.clone()), desk, clock, engine }
}

/// What came back.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) response: Response<Bytes>,
    pub(crate) text: String,
}

impl Answered {
    /// The value of a header field; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value of the first field called `name` in the form.
    pub(crate) fn input(&self, name: &str) -> String {
        let from = self.text.find(&format!("name=\"{name}\" value=\"")).expect("a field of that name");
        let rest = &self.text[from..].split_once("value=\"").expect("a value").1;
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

impl Pages {
    /// Plants an event in `owner`'s own calendar.
    pub(crate) async fn plant(&self, owner: &str, uid: &str, (start, end): (&str, &str), title: &str) {
        let (start, end) = (instant(start).to_ical(), instant(end).to_ical());
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
             DTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:{title}\r\nLOCATION:{title} place\r\n\
             END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let name = ObjectName::new(&CollectionName::new(owner, "personal"), &format!("{uid}.ics"));
        let edits = [Edit { name, octets: Some(text.into_bytes().into()) }];
        gate::change(&self.desk.world, &edits, |_| Ok(())).await.expect("planted");
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Answered {
        let response = self.service.handle(request).await;
        let text = String::from_utf8(response.body().to_vec()).expect("text");
        Answered { status: response.status().as_u16(), response, text }
    }

    /// Looks at an address.
    pub(crate) async fn look(&self, address: &str) -> Answered {
        self.send(Request::get(address).body(Bytes::new()).expect("a request")).await
    }

    /// Sends a form, as a browser does.
    pub(crate) async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Answered {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = Request::post(address)
            .header("host", "cal.example")
            .header("sec-fetch-site", "same-origin")
            .header("origin", "null")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(body.finish()))
            .expect("a request");
        self.send(request).await
    }

    /// Books `start` (`20261124T090000Z`) of Ada's intro call and gives the path of the booking.
    pub(crate) async fn book(&self, start: &str) -> String {
        let fields = [
            ("s", start),
            ("name", "Grace Hopper"),
            ("email", "grace@navy.example"),
            ("tz", "America/New_York"),
        ];
        let answered = self.post("/ada/intro/book", &fields).await;
        assert_eq!(answered.status, 303, "{}", answered.text);
        answered.field("location").to_owned()
    }
}
