//! The busy index and what is kept of it in memory: what stands in it, what is read of it, what a change writes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aggregator::gate::{self, Edit};
use aggregator::operation::free_busy::owner_busy;
use aggregator::world::World;
use async_trait::async_trait;
use calendar::collection::{CollectionName, ObjectName};
use calendar::time::{Instant, Span};
use store::Store;
use store::engine::memory::MemoryEngine;
use store::engine::{Commit, Committed, Engine, EngineError, Entry, Version, Versioned};
use tokio::sync::watch;
use world::{ada, event, source};

/// Counts the scans of busy rows, and lets others go on before each.
#[derive(Default)]
struct Counted {
    inner: MemoryEngine,
    scans: AtomicUsize,
}

#[async_trait]
impl Engine for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError> {
        self.inner.get(key).await
    }

    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        if from.first() == Some(&b'b') {
            self.scans.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
        self.inner.scan(from, to, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
        self.inner.commit(commit).await
    }

    fn watch(&self) -> watch::Receiver<Version> {
        self.inner.watch()
    }
}

/// A world upon an engine that counts.
async fn counted() -> (World, Arc<Counted>) {
    let (world, _) = world::world(ada(vec![source("work")])).await;
    let engine = Arc::new(Counted::default());
    let counted = World { store: Store::new(engine.clone()), hot: Arc::default(), ..world };
    let owner = counted.owner("ada").unwrap();
    aggregator::operation::collection::ensure_home(&counted, &owner).await.unwrap();
    (counted, engine)
}

fn personal(member: &str) -> ObjectName {
    ObjectName::new(&CollectionName::new("ada", "personal"), member)
}

fn day(number: i64) -> Span {
    let start = Instant::from_unix(world::NOW - 8 * 3600).plus(number * 86_400);
    Span::new(start, start.plus(86_400))
}

/// How many periods are busy.
async fn busy(world: &World, window: Span) -> usize {
    let owner = world.owner("ada").unwrap();
    owner_busy(world, &owner, window, None).await.unwrap().busy.clipped(window).periods().len()
}

async fn put(world: &World, name: &str, octets: &Arc<[u8]>) {
    let edits = [Edit { name: personal(name), octets: Some(Arc::clone(octets)) }];
    gate::change(world, &edits, |_| Ok(())).await.unwrap();
}

async fn delete(world: &World, name: &str) {
    gate::change(world, &[Edit { name: personal(name), octets: None }], |_| Ok(())).await.unwrap();
}

fn lunch(uid: &str) -> Arc<[u8]> {
    event(uid, "20260504T090000Z", "20260504T100000Z", "")
}

#[tokio::test]
async fn what_ends_is_indexed_whole_and_what_does_not_is_listed() {
    let (world, _) = counted().await;
    let calendar = CollectionName::new("ada", "personal");
    let events = [
        ("past", "19950504T090000Z", "19950504T100000Z", ""),
        ("count", "20200504T090000Z", "20200504T100000Z", "RRULE:FREQ=MONTHLY;COUNT=30\r\n"),
        ("endless", "20150504T090000Z", "20150504T100000Z", "RRULE:FREQ=WEEKLY\r\n"),
        ("many", "20200504T090000Z", "20200504T100000Z", "RRULE:FREQ=DAILY;COUNT=1000\r\n"),
        ("wide", "20200504T090000Z", "20200504T100000Z", "RRULE:FREQ=YEARLY;COUNT=90\r\n"),
    ];
    for (uid, start, end, rule) in events {
        put(&world, &format!("{uid}.ics"), &event(uid, start, end, rule)).await;
    }
    let listed = world.store.busy_beyond(&calendar, None, 10).await.unwrap();
    let listed: Vec<&str> = listed.iter().map(|(member, _)| member.as_str()).collect();
    assert_eq!(listed, ["endless.ics", "many.ics", "wide.ics"]);
    let indexed = async |uid: &str| {
        let member = personal(&format!("{uid}.ics")).member;
        world.store.busy_of(&calendar, &member, Span::ALWAYS).await.unwrap().len()
    };
    assert_eq!([indexed("past").await, indexed("count").await, indexed("wide").await], [1, 30, 3]);
    let year = |year| {
        let first = Instant::from_utc(calendar::civil::date(year, 5, 4).at(0, 0, 0, 0));
        Span::new(first, first.plus(86_400))
    };
    for (asked, count) in [(1995, 1), (2020, 1), (2022, 1), (2023, 1), (2060, 1), (2014, 0)] {
        assert_eq!(busy(&world, year(asked)).await, count, "{asked}");
        // From memory, too.
        assert_eq!(busy(&world, year(asked)).await, count, "{asked}");
    }
    let before = busy(&world, year(2061)).await;
    delete(&world, "wide.ics").await;
    assert_eq!((before, busy(&world, year(2060)).await), (1, 0));
}

#[tokio::test]
async fn a_weekly_series_writes_few_rows() {
    let (world, _) = world::world(ada(vec![])).await;
    let count = async || world.store.engine().scan(&[0], &[0xFF], usize::MAX).await.unwrap().len();
    let versions = async || *world.store.engine().watch().borrow();
    let before = count().await;
    let weekly = |title: &str| {
        let more = format!("RRULE:FREQ=WEEKLY\r\nSUMMARY:{title}\r\n");
        event("weekly", "20150504T090000Z", "20150504T100000Z", &more)
    };
    put(&world, "weekly.ics", &weekly("one")).await;
    let rows = count().await - before;
    // Three years in buckets of 32 days; facts, octets, UID, log and list; facts, UID and log of the union.
    assert!((35 + 8..=36 + 8).contains(&rows), "{rows} rows");
    let seen = versions().await;
    put(&world, "weekly.ics", &weekly("two")).await;
    let entries = world.store.engine().scan(&[0], &[0xFF], usize::MAX).await.unwrap();
    let written = entries.iter().filter(|entry| entry.version > seen).count();
    assert!(written <= 8, "{written} rows for another title");
}

#[tokio::test]
async fn an_index_of_an_older_scheme_is_built_anew() {
    let (world, _) = world::world(ada(vec![])).await;
    let calendar = CollectionName::new("ada", "personal");
    put(&world, "a.ics", &lunch("a")).await;
    let (state, version) = aggregator::index::state(&world, &calendar).await.unwrap().unwrap();
    // As it was written before there were schemes, when a row could be missing that the index has now.
    let mut old = serde_json::to_value(&state).unwrap();
    old.as_object_mut().unwrap().remove("scheme");
    let mut change = store::Change::new();
    change.put_record(store::records::Table("index"), &["ada", "personal"], &old, version);
    let facts = world.store.facts(&personal("a.ics")).await.unwrap().unwrap();
    change.reindex(&calendar, &facts, facts.reach, (&[], None));
    world.store.commit(change).await.unwrap();
    assert_eq!(busy(&world, day(0)).await, 1, "it is not believed");
    assert!(aggregator::index::refresh(&world, &calendar).await.unwrap());
    assert_eq!(aggregator::index::state(&world, &calendar).await.unwrap().unwrap().0, state);
    assert_eq!(world.store.busy_in(&calendar, day(0)).await.unwrap().len(), 1);
}

/// Those who ask at once wait for one reading; a change is followed without any, and another process's is seen.
#[tokio::test]
async fn what_is_in_memory_is_read_once_and_follows() {
    let (world, engine) = counted().await;
    for number in 0..40 {
        put(&world, &format!("{number}.ics"), &lunch(&format!("e{number}"))).await;
    }
    let scans = || engine.scans.swap(0, Ordering::SeqCst);
    scans();
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..30 {
        let world = world.clone();
        asking.spawn(async move { busy(&world, day(number % 3)).await });
    }
    assert_eq!(asking.join_all().await.iter().sum::<usize>(), 10);
    // One bucket of each of two calendars.
    assert_eq!(scans(), 2);
    for number in 0..40 {
        delete(&world, &format!("{number}.ics")).await;
        assert_eq!(busy(&world, day(0)).await, usize::from(number < 39), "{number}");
    }
    put(&world, "weekly.ics", &event("w", "20250505T090000Z", "20250505T100000Z", "RRULE:FREQ=WEEKLY\r\n"))
        .await;
    assert_eq!((busy(&world, day(0)).await, scans()), (1, 0));

    let other = World { store: Store::new(engine.clone()), hot: Arc::default(), ..world.clone() };
    delete(&other, "weekly.ics").await;
    scans();
    assert_eq!((busy(&world, day(0)).await, scans()), (0, 1));
}
