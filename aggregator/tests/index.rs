//! The busy index and what is kept of it in memory: what stands in it, what is read of it, what a change writes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that fails may panic, and has tasks of its own"
)]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
    /// Whether it does so before each reading.
    restless: AtomicBool,
}

#[async_trait]
impl Engine for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError> {
        if self.restless.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        self.inner.get(key).await
    }

    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        if from.first() == Some(&b'b') || self.restless.load(Ordering::SeqCst) {
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

/// Settings that change and change back before anybody has built the index anew leave nothing behind.
#[tokio::test]
async fn what_was_written_by_other_settings_is_not_believed() {
    let (world, _) = counted().await;
    let berlin = world.owner("ada").unwrap();
    let tokyo = calendar::zone::Zone::named("Asia/Tokyo").unwrap();
    let tokyo =
        Arc::new(aggregator::owner::Owner { zone: tokyo, ..aggregator::owner::Owner::clone(&berlin) });
    let all_day = |uid: &str| {
        let text = event(uid, "20260504", "20260505", "");
        let text = String::from_utf8_lossy(&text).replace("DTSTART", "DTSTART;VALUE=DATE");
        Arc::from(text.into_bytes())
    };
    let collection = personal("a.ics").collection;
    let found = async || {
        let owner = world.owner("ada").unwrap();
        let seen = owner_busy(&world, &owner, Span::new(day(-3).start, day(3).end), None).await.unwrap();
        let start = seen.busy.clipped(Span::new(day(-3).start, day(3).end)).periods()[0].span.start;
        start.since(day(0).start) / 3600
    };
    world.replace_owners(vec![Arc::clone(&tokyo)]);
    put(&world, "a.ics", &all_day("a")).await;
    assert_eq!(found().await, -9);
    world.replace_owners(vec![Arc::clone(&berlin)]);
    assert_eq!(found().await, -2, "it is read live");
    assert!(aggregator::index::refresh(&world, &collection).await.unwrap());
    assert_eq!(found().await, -2);
    let (state, _) = aggregator::index::state(&world, &collection).await.unwrap().unwrap();
    let reading = |owner| {
        aggregator::reading::Reading::new(
            owner,
            &aggregator::operation::collection::blank(&world, store::collections::Role::Personal, "", &[]),
            &world.limits,
        )
    };
    assert!(state.is_believed(&reading(&berlin)) && !state.is_believed(&reading(&tokyo)));
}

/// However much is asked at once, no free time looks busy: a century of days passes the limit of one expansion.
#[tokio::test]
async fn a_long_window_is_answered_as_its_parts_are() {
    let (world, _) = counted().await;
    put(&world, "daily.ics", &event("d", "20150504T090000Z", "20150504T100000Z", "RRULE:FREQ=DAILY\r\n"))
        .await;
    let century = Span::new(day(0).start, day(36_525).start);
    assert_eq!(busy(&world, century).await, 36_525);
}

/// Changes so fast that no two readings of the index fit together; the answer is right all the same.
#[tokio::test]
async fn an_index_that_never_stands_still_is_not_believed() {
    let (world, engine) = counted().await;
    // Beyond the extent, where a series is listed and what ends stands in rows: it goes to and fro.
    let far = Span::new(day(10 * 365).start, day(11 * 365).start);
    let series = event("s", "20200101T090000Z", "20200101T100000Z", "RRULE:FREQ=YEARLY\r\n");
    let single = event("s", "20361001T090000Z", "20361001T100000Z", "");
    put(&world, "s.ics", &series).await;
    engine.restless.store(true, Ordering::SeqCst);
    let writer = {
        let world = world.clone();
        let engine = Arc::clone(&engine);
        async move {
            while engine.restless.load(Ordering::SeqCst) {
                for octets in [&single, &series] {
                    put(&world, "s.ics", octets).await;
                }
            }
        }
    };
    let writer = tokio::spawn(writer);
    for _ in 0..12 {
        world.hot.forget_all();
        assert_eq!(busy(&world, far).await, 1);
        let owner = world.owner("ada").unwrap();
        let without = owner_busy(&world, &owner, far, Some("nobody")).await.unwrap();
        assert_eq!(without.busy.clipped(far).periods().len(), 1);
    }
    engine.restless.store(false, Ordering::SeqCst);
    writer.await.unwrap();
}
