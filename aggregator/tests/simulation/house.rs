//! One store, several nodes upon it, a clock, settings that change, feeds that change.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use aggregator::operation::collection;
use aggregator::owner::{
    IcsLocation, IcsSettings, Manner, Owner, Push, SourceKind, SourceSettings, Unreachable,
};
use aggregator::ports::{Clock, Entropy};
use aggregator::world::World;
use aggregator::{index, own};
use async_trait::async_trait;
use calendar::address::Address;
use calendar::collection::{CollectionName, PrincipalId};
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use store::collections::CollectionRecord;
use store::engine::memory::MemoryEngine;
use store::engine::{Commit, Committed, Engine, EngineError, Entry, Version, Versioned};
use store::{Change, Store};
use tokio::sync::watch;

use crate::chance::Chance;
use crate::events::{DAY, far, moment};

/// 2026-05-04T08:00:00Z.
const NOW: i64 = 1_777_881_600;

/// A source that is older than this many seconds makes everything busy.
pub(crate) const CLOSED_SECONDS: i64 = 40 * 86_400;

pub(crate) struct Standing(pub(crate) AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst))
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn draw(&self) -> [u8; 16] {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        octets
    }
}

/// Makes its callers wait at random, so that others come in between.
struct Hesitant {
    inner: MemoryEngine,
    chance: Mutex<Chance>,
    /// Whether it does: not while the state is checked.
    on: Arc<Mutex<bool>>,
}

impl Hesitant {
    async fn hesitate(&self) {
        let turns = if *self.on.lock().unwrap() { self.chance.lock().unwrap().below(4) } else { 0 };
        for _ in 0..turns {
            Pause(false).await;
        }
    }
}

struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[async_trait]
impl Engine for Hesitant {
    fn name(&self) -> &'static str {
        "hesitant"
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError> {
        self.hesitate().await;
        self.inner.get(key).await
    }

    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        self.hesitate().await;
        self.inner.scan(from, to, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
        self.hesitate().await;
        let committed = self.inner.commit(commit).await;
        // What is done may be long done before its caller hears of it.
        self.hesitate().await;
        committed
    }

    fn watch(&self) -> watch::Receiver<Version> {
        self.inner.watch()
    }
}

/// A feed: what it lists now, by UID.
pub(crate) type Feed = BTreeMap<String, Arc<[u8]>>;

pub(crate) struct House {
    /// Several processes upon one store; they share clock and settings.
    pub(crate) nodes: Vec<World>,
    pub(crate) clock: Arc<Standing>,
    pub(crate) feeds: BTreeMap<String, Feed>,
    /// What is asked for again and again.
    pub(crate) windows: Vec<Span>,
    hesitating: Arc<Mutex<bool>>,
}

fn source(id: &str, unreachable: Unreachable) -> SourceSettings {
    SourceSettings {
        id: id.to_owned(),
        name: id.to_owned(),
        kind: SourceKind::Ics(IcsSettings {
            location: IcsLocation::File("none".into()),
            credentials: None,
            allow_http: false,
            allow_private: false,
        }),
        account: None,
        poll_seconds: 300,
        counts_as_busy: true,
        in_unified: true,
        push: Push::Off,
        zone: None,
        unreachable,
    }
}

/// Ada as some settings have her.
pub(crate) fn ada(chance: &mut Chance) -> Owner {
    let zone = chance.of(&["Europe/Berlin", "Asia/Tokyo", "America/New_York"]);
    let addresses: &[&str] =
        chance.of(&[&["ada@example.org"][..], &["ada@example.org", "lovelace@example.org"][..]]);
    let mut sources = vec![
        source("work", Unreachable::StaleOk),
        source("home", Unreachable::Closed { after_seconds: CLOSED_SECONDS }),
    ];
    sources[0].counts_as_busy = !chance.once_in(4);
    Owner {
        id: "ada".to_owned(),
        name: "Ada".to_owned(),
        addresses: addresses.iter().map(|address| Address::parse(address)).collect(),
        zone: Zone::named(zone).expect("a known zone"),
        sources,
        manner: Manner::default(),
        passwords: Vec::new(),
    }
}

/// A day, eight weeks, a year and five near what matters, and some far away.
fn windows(chance: &mut Chance) -> Vec<Span> {
    let mut windows = Vec::new();
    for seconds in [DAY, 56 * DAY, 366 * DAY, 5 * 366 * DAY] {
        let start = moment(chance);
        windows.push(Span::new(start, start.plus(seconds)));
        let start = far(chance);
        windows.push(Span::new(start, start.plus(seconds)));
    }
    windows
}

impl House {
    pub(crate) async fn new(seed: u64) -> Self {
        let hesitating = Arc::new(Mutex::new(false));
        let engine = Hesitant {
            inner: MemoryEngine::new(),
            chance: Mutex::new(Chance::new(!seed)),
            on: Arc::clone(&hesitating),
        };
        let clock = Arc::new(Standing(AtomicI64::new(NOW)));
        let owner = Arc::new(ada(&mut Chance::new(seed)));
        let entropy = Arc::new(Counting(AtomicU64::new(seed)));
        let first =
            World::new(Store::new(Arc::new(engine)), clock.clone(), entropy, vec![Arc::clone(&owner)]);
        collection::ensure_home(&first, &owner).await.expect("a home");
        let mut change = Change::new();
        own::declare(&mut change, "ada", "own");
        first.store.commit(change).await.unwrap();
        // Another process has a store of its own upon the same engine.
        let other = || World {
            store: Store::new(Arc::clone(first.store.engine())),
            hot: Arc::default(),
            turns: Arc::default(),
            ..first.clone()
        };
        let nodes = vec![other(), other(), first.clone()];
        let windows = windows(&mut Chance::new(seed));
        Self { nodes, clock, feeds: BTreeMap::new(), windows, hesitating }
    }

    /// A world of the same time and settings in which nothing has happened.
    pub(crate) async fn empty(&self) -> World {
        let here = self.world();
        let store = Store::new(Arc::new(MemoryEngine::new()));
        let owner = here.owner("ada").expect("she is there");
        let entropy = Arc::new(Counting(AtomicU64::new(0)));
        let world = World::new(store, self.clock.clone(), entropy, vec![Arc::clone(&owner)]);
        collection::ensure_home(&world, &owner).await.expect("a home");
        let mut change = Change::new();
        own::declare(&mut change, "ada", "own");
        world.store.commit(change).await.expect("nobody is in the way");
        world
    }

    pub(crate) fn world(&self) -> &World {
        &self.nodes[0]
    }

    pub(crate) fn hesitate(&self, on: bool) {
        *self.hesitating.lock().unwrap() = on;
    }

    pub(crate) async fn collections(&self) -> Vec<(CollectionName, CollectionRecord)> {
        self.world().store.collections(&PrincipalId::new("ada")).await.unwrap()
    }

    /// What a worker does now and then.
    pub(crate) async fn tend(&self) {
        for (name, _) in self.collections().await {
            index::refresh(self.world(), &name).await.expect("nobody is in the way");
        }
    }
}

/// Whether a refusal is an answer and not a fault.
pub(crate) fn is_an_answer(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::Unavailable(_) | Refusal::Full | Refusal::NotValidObject { .. })
}
