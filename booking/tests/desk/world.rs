//! The stage on which desk tests play.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use aggregator::operation::collection::ensure_home;
use aggregator::owner::{
    IcsLocation, IcsSettings, Manner, Owner, Push, SourceKind, SourceSettings, Unreachable,
};
use aggregator::ports::{Clock, Entropy};
use aggregator::sync::Freshen;
use aggregator::world::World;
use async_trait::async_trait;
use booking::desk::{Correspondence, Desk, Host, NotBooked, Request};
use booking::event_type::{Buffer, EventType, Grid, Hours, Interval, Limit};
use calendar::address::Address;
use calendar::busy::BusyType;
use calendar::civil::{Date, date};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use store::Store;
use store::engine::memory::MemoryEngine;
use store::engine::{Commit, Committed, Engine, EngineError, Entry, Version, Versioned};
use store::outbox::Letter;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3600;

/// The Tuesday on which most tests book; the clock stands at nine in Paris the day before.
pub(crate) const TUESDAY: Date = date(2026, 11, 24);

/// The instant at which UTC clocks show this; Paris is an hour ahead in November.
pub(crate) fn utc(day: Date, hour: i8, minute: i8) -> Instant {
    Instant::from_utc(day.at(hour, minute, 0, 0))
}

/// All of an owner-local day in Paris in winter.
pub(crate) fn whole(day: Date) -> Span {
    let midnight = utc(day, 0, 0).plus(-HOUR);
    Span::new(midnight, midnight.plus(24 * HOUR))
}

/// A clock that is set by hand.
pub(crate) struct Hands(AtomicI64);

impl Hands {
    pub(crate) fn set(&self, now: Instant) {
        self.0.store(now.as_unix(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst))
    }
}

struct Dice(AtomicU64);

impl Entropy for Dice {
    fn draw(&self) -> [u8; 16] {
        let drawn = self.0.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut octets = [7; 16];
        octets[..8].copy_from_slice(&drawn.to_be_bytes());
        octets
    }
}

/// Counts how often it is asked.
#[derive(Default)]
pub(crate) struct Quiet(pub(crate) AtomicUsize);

#[async_trait]
impl Freshen for Quiet {
    async fn freshen(&self, _owner: &str, _max_age_seconds: i64, _deadline: std::time::Duration) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The map in memory, giving way to others at every step, and failing on demand.
pub(crate) struct Shaky {
    inner: MemoryEngine,
    /// Reads fail.
    pub(crate) deaf: AtomicBool,
    /// A commit is applied and then said to have failed.
    pub(crate) mute: AtomicBool,
    /// Commits that found something moved.
    pub(crate) moved: AtomicUsize,
}

impl Shaky {
    async fn give_way(&self) -> Result<(), EngineError> {
        tokio::task::yield_now().await;
        if self.deaf.load(Ordering::SeqCst) { Err(EngineError::Io("no disk".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Engine for Shaky {
    fn name(&self) -> &'static str {
        "shaky"
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError> {
        self.give_way().await?;
        self.inner.get(key).await
    }

    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        self.give_way().await?;
        self.inner.scan(from, to, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
        self.give_way().await?;
        let committed = self.inner.commit(commit).await?;
        if committed == Committed::SeenHasMoved {
            self.moved.fetch_add(1, Ordering::SeqCst);
        }
        if self.mute.swap(false, Ordering::SeqCst) {
            return Err(EngineError::Io("the answer was lost".into()));
        }
        Ok(committed)
    }

    fn watch(&self) -> tokio::sync::watch::Receiver<Version> {
        self.inner.watch()
    }
}

/// A desk with everything behind it.
pub(crate) struct Stage {
    pub(crate) desk: Desk,
    pub(crate) engine: Arc<Shaky>,
    pub(crate) hands: Arc<Hands>,
    pub(crate) sources: Arc<Quiet>,
}

pub(crate) fn interval(start: u16, end: u16) -> Interval {
    Interval { start, end }
}

/// Half an hour, weekdays nine to five in Paris, every quarter.
pub(crate) fn intro() -> EventType {
    let mut weekly: [Vec<Interval>; 7] = std::array::from_fn(|_| vec![interval(540, 1020)]);
    weekly[5].clear();
    weekly[6].clear();
    EventType {
        slug: "intro".into(),
        title: "Intro call".into(),
        description: String::new(),
        durations: vec![30 * MINUTE],
        grid: Grid::Every(15 * MINUTE),
        hours: Hours { weekly, overrides: Vec::new() },
        zone: paris(),
        buffer: Buffer::default(),
        notice: 0,
        horizon_days: 400,
        limit: Limit::default(),
        blocks_from: BusyType::Tentative,
        location: Some("https://meet.example.org/ada".into()),
        active: true,
        listed: true,
    }
}

/// An event type of another length.
pub(crate) fn lasting(slug: &str, minutes: i64) -> EventType {
    EventType { slug: slug.into(), durations: vec![minutes * MINUTE], ..intro() }
}

pub(crate) fn paris() -> Zone {
    Zone::iana("Europe/Paris").unwrap()
}

fn source(id: &str, account: Option<&str>, push: Push) -> SourceSettings {
    SourceSettings {
        id: id.into(),
        name: id.into(),
        kind: SourceKind::Ics(IcsSettings {
            location: IcsLocation::File("calendar.ics".into()),
            credentials: None,
            allow_http: false,
            allow_private: false,
        }),
        account: account.map(Address::parse),
        poll_seconds: 900,
        counts_as_busy: true,
        in_unified: true,
        push,
        zone: None,
        unreachable: Unreachable::StaleOk,
    }
}

/// Ada, with two linked accounts that are invited (one of them linked twice) and two calendars that are not.
pub(crate) fn ada() -> Owner {
    Owner {
        id: "ada".into(),
        name: "Ada Lovelace".into(),
        addresses: vec![Address::parse("ada@example.org")],
        zone: paris(),
        sources: vec![
            source("work", Some("ada@work.example"), Push::Invite),
            source("home", Some("ada@home.example"), Push::Invite),
            source("home-too", Some("Ada@Home.example"), Push::Invite),
            source("team", Some("team@work.example"), Push::Off),
            source("holidays", None, Push::Invite),
        ],
        manner: Manner::default(),
        passwords: Vec::new(),
    }
}

impl Stage {
    pub(crate) async fn of(event_types: Vec<EventType>) -> Self {
        Self::with(ada(), event_types).await
    }

    pub(crate) async fn with(owner: Owner, event_types: Vec<EventType>) -> Self {
        let engine = Arc::new(Shaky {
            inner: MemoryEngine::new(),
            deaf: AtomicBool::new(false),
            mute: AtomicBool::new(false),
            moved: AtomicUsize::new(0),
        });
        let hands = Arc::new(Hands(AtomicI64::new(utc(TUESDAY, 8, 0).plus(-24 * HOUR).as_unix())));
        let owner = Arc::new(owner);
        let world = World::new(
            Store::new(engine.clone()),
            hands.clone(),
            Arc::new(Dice(AtomicU64::new(1))),
            vec![owner.clone()],
        );
        ensure_home(&world, &owner).await.unwrap();
        let sources = Arc::new(Quiet::default());
        let desk = Desk {
            world,
            hosts: Arc::new(std::sync::RwLock::new(Arc::new(vec![Host { owner, event_types }]))),
            sources: sources.clone(),
            correspondence: Arc::new(Correspondence {
                from: "booking@kalends.example".into(),
                public_url: "https://book.example.org".into(),
            }),
        };
        Self { desk, engine, hands, sources }
    }

    /// Puts other event types in force.
    pub(crate) fn set_types(&self, event_types: Vec<EventType>) {
        let owner = self.desk.hosts_now()[0].owner.clone();
        *self.desk.hosts.write().unwrap() = Arc::new(vec![Host { owner, event_types }]);
    }

    pub(crate) async fn letters(&self, uid: &str) -> Vec<Letter> {
        let letters = self.desk.world.store.letters_of_topic(uid).await.unwrap();
        letters.into_iter().map(|(letter, _)| letter).collect()
    }

    /// The event of a booking in the host's collection.
    pub(crate) async fn event(&self, uid: &str) -> Option<CalendarObject> {
        let bookings = calendar::collection::CollectionName::new("ada", "bookings");
        let name = calendar::collection::ObjectName::new(&bookings, &format!("{uid}.ics"));
        let stored = self.desk.world.store.object(&name).await.unwrap()?;
        Some(CalendarObject::read(stored.octets, &Limits::default()).unwrap())
    }

    /// The starts that are open on a day.
    pub(crate) async fn open(&self, slug: &str, day: Date) -> Vec<Instant> {
        let (_, event_type) = self.desk.event_type("ada", slug).unwrap();
        let duration = event_type.durations[0];
        let slots = self.desk.open_slots("ada", slug, duration, whole(day)).await.unwrap();
        slots.iter().map(|slot| slot.span.start).collect()
    }
}

/// Grace asks for half an hour.
pub(crate) fn request(start: Instant) -> Request {
    Request {
        owner: "ada".into(),
        event_type: "intro".into(),
        start,
        duration: 30 * MINUTE,
        name: "Grace Hopper".into(),
        email: "grace@navy.example".into(),
        notes: "About compilers.".into(),
        time_zone: "America/New_York".into(),
        idempotency_key: None,
        channel: "web".into(),
    }
}

/// The name of the reason, or what else happened.
pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T, NotBooked>) -> String {
    match outcome {
        Err(NotBooked::Rejected { why, .. }) => why.name.to_owned(),
        Err(NotBooked::Invalid(fields)) => {
            format!("invalid {}", fields.iter().map(|(field, _)| *field).collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}"),
    }
}
