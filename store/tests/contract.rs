//! What every engine promises, one suite over all of them, with the engine in memory as the model.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::EngineError;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::engine::limit::{KEY_OCTETS_MAX, VALUE_OCTETS_MAX};
use store::engine::memory::MemoryEngine;
use store::engine::{Commit, Committed, Engine, Entry, Version};
use tokio::task::JoinSet;

/// Where an engine lives; the one in memory lives as long as this.
struct House {
    choice: EngineChoice,
    folder: tempfile::TempDir,
    memory: Arc<MemoryEngine>,
}

impl House {
    fn new(choice: EngineChoice) -> Self {
        Self { choice, folder: tempfile::tempdir().unwrap(), memory: Arc::default() }
    }

    fn open(&self) -> Arc<dyn Engine> {
        match self.choice {
            EngineChoice::Memory => Arc::clone(&self.memory) as Arc<dyn Engine>,
            choice => choice.open(self.folder.path(), CACHE_OCTETS).unwrap(),
        }
    }
}

macro_rules! on_every_engine {
    ($($test:ident,)+) => {
        on_every_engine!(@ memory Memory $($test,)+);
        on_every_engine!(@ redb Redb $($test,)+);
        on_every_engine!(@ sled Sled $($test,)+);
    };
    (@ $module:ident $choice:ident $($test:ident,)+) => {
        mod $module {
            use super::{EngineChoice, House};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(House::new(EngineChoice::$choice)).await;
                }
            )+
        }
    };
}

on_every_engine! {
    what_is_committed_is_read,
    many_are_read_like_each,
    a_commit_is_whole_or_not_at_all,
    versions_only_rise,
    scans_are_in_order_and_bounded,
    a_commit_that_only_looks_writes_nothing,
    large_values_come_back,
    what_no_engine_takes_is_refused,
    watchers_hear_of_commits,
    what_was_committed_is_there_when_opened_again,
    concurrent_increments_lose_nothing,
    a_scan_is_one_moment,
    a_refused_commit_does_not_take_its_group_along,
    each_does_what_the_model_does,
}

fn write(pairs: &[(&str, Option<&str>)]) -> Commit {
    expecting(&[], pairs)
}

fn expecting(expect: &[(&str, Version)], pairs: &[(&str, Option<&str>)]) -> Commit {
    Commit {
        expect: expect.iter().map(|(key, seen)| (key.as_bytes().to_vec(), *seen)).collect(),
        write: pairs
            .iter()
            .map(|(key, value)| (key.as_bytes().to_vec(), value.map(|value| value.as_bytes().to_vec())))
            .collect(),
    }
}

async fn at(engine: &Arc<dyn Engine>, commit: Commit) -> Version {
    match engine.commit(commit).await.unwrap() {
        Committed::At(version) => version,
        Committed::SeenHasMoved => panic!("the commit was refused"),
    }
}

async fn keys(engine: &Arc<dyn Engine>, from: &str, to: &str, limit: usize) -> Vec<String> {
    let entries = engine.scan(from.as_bytes(), to.as_bytes(), limit).await.unwrap();
    entries.into_iter().map(|entry| String::from_utf8(entry.key).unwrap()).collect()
}

async fn what_is_committed_is_read(house: House) {
    let engine = house.open();
    assert_eq!(engine.name(), house.choice.name());
    assert_eq!(engine.get(b"a").await.unwrap(), None);
    let version = at(&engine, write(&[("a", Some("1")), ("b", Some(""))])).await;
    let a = engine.get(b"a").await.unwrap().unwrap();
    assert_eq!((a.value.as_slice(), a.version), (b"1".as_slice(), version));
    assert_eq!(engine.get(b"b").await.unwrap().unwrap().value, b"");
    let removed = at(&engine, write(&[("a", None), ("never", None)])).await;
    assert!(removed > version);
    assert_eq!(engine.get(b"a").await.unwrap(), None);
    assert_eq!(engine.get(b"b").await.unwrap().unwrap().version, version);
}

async fn many_are_read_like_each(house: House) {
    let engine = house.open();
    let keys: Vec<Vec<u8>> = (0..200_u8).map(|key| vec![b'k', key]).collect();
    let written = keys.iter().step_by(3).map(|key| (key.clone(), Some(key.repeat(2)))).collect();
    at(&engine, Commit { expect: vec![], write: written }).await;
    for count in [0, 1, 32, 33, 200] {
        let read = engine.values(&keys[..count]).await.unwrap();
        assert_eq!(read.len(), count);
        for (key, read) in keys.iter().zip(read) {
            assert_eq!(read, engine.get(key).await.unwrap());
            assert_eq!(read.is_some(), key[1] % 3 == 0);
        }
    }
    assert!(engine.values(&[b"k".to_vec(), vec![]]).await.is_err());
}

async fn a_commit_is_whole_or_not_at_all(house: House) {
    let engine = house.open();
    let version = at(&engine, expecting(&[("a", 0)], &[("a", Some("1"))])).await;
    for wrong in [0, version + 1, u64::MAX] {
        let commit = expecting(&[("b", 0), ("a", wrong)], &[("a", Some("2")), ("b", Some("2"))]);
        assert_eq!(engine.commit(commit).await.unwrap(), Committed::SeenHasMoved);
    }
    assert_eq!(engine.get(b"a").await.unwrap().unwrap().value, b"1");
    assert_eq!(engine.get(b"b").await.unwrap(), None);
    at(&engine, expecting(&[("b", 0), ("a", version)], &[("a", Some("2")), ("b", Some("2"))])).await;
    assert_eq!(engine.get(b"b").await.unwrap().unwrap().value, b"2");
}

async fn versions_only_rise(house: House) {
    let mut newest = 0;
    for round in 0..3 {
        let engine = house.open();
        assert_eq!(*engine.watch().borrow(), newest, "round {round}");
        for _ in 0..3 {
            let version = at(&engine, write(&[("a", Some("x"))])).await;
            assert!(version > newest);
            newest = version;
            let version = at(&engine, write(&[("a", None)])).await;
            assert!(version > newest, "a removal is a commit like any");
            newest = version;
        }
    }
}

async fn scans_are_in_order_and_bounded(house: House) {
    let engine = house.open();
    at(&engine, write(&[("b", Some("2")), ("a", Some("1")), ("ab", Some("3")), ("c", Some("4"))])).await;
    assert_eq!(keys(&engine, "a", "c", 9).await, ["a", "ab", "b"]);
    assert_eq!(keys(&engine, "aa", "cc", 9).await, ["ab", "b", "c"]);
    assert_eq!(keys(&engine, "a", "z", 2).await, ["a", "ab"]);
    assert_eq!(keys(&engine, "a", "z", usize::MAX).await.len(), 4);
    assert!(keys(&engine, "a", "z", 0).await.is_empty());
    assert!(keys(&engine, "a", "a", 9).await.is_empty());
    assert!(keys(&engine, "z", "a", 9).await.is_empty());
    assert!(keys(&engine, "a", "", 9).await.is_empty());
    assert_eq!(keys(&engine, "", "b", 9).await, ["a", "ab"]);
}

async fn a_commit_that_only_looks_writes_nothing(house: House) {
    let engine = house.open();
    assert_eq!(engine.commit(expecting(&[("a", 0)], &[])).await.unwrap(), Committed::At(0));
    let version = at(&engine, write(&[("a", Some("1"))])).await;
    assert_eq!(engine.commit(expecting(&[("a", version)], &[])).await.unwrap(), Committed::At(version));
    assert_eq!(engine.commit(expecting(&[("a", 0)], &[])).await.unwrap(), Committed::SeenHasMoved);
    assert_eq!(*engine.watch().borrow(), version);
}

async fn large_values_come_back(house: House) {
    let engine = house.open();
    let value =
        |octets: usize, seed: usize| -> Vec<u8> { (0..octets).map(|i| (i * 31 + seed) as u8).collect() };
    for (octets, seed) in [(2_000_000, 1), (4_000, 2), (4_097, 3), (700_000, 4), (0, 5)] {
        let write =
            vec![(b"large".to_vec(), Some(value(octets, seed))), (b"m".to_vec(), Some(value(9_000, seed)))];
        at(&engine, Commit { expect: vec![], write }).await;
        assert!(engine.get(b"large").await.unwrap().unwrap().value == value(octets, seed), "{octets} octets");
        let entries = engine.scan(b"l", b"z", 9).await.unwrap();
        assert!(entries[1].value == value(9_000, seed));
    }
    drop(engine);
    let engine = house.open();
    assert_eq!(engine.get(b"large").await.unwrap().unwrap().value.len(), 0);
    assert!(engine.get(b"m").await.unwrap().unwrap().value == value(9_000, 5));
}

async fn what_no_engine_takes_is_refused(house: House) {
    let engine = house.open();
    let commit = |key: usize, value: usize| Commit {
        expect: vec![],
        write: vec![(b"ok".to_vec(), Some(vec![])), (vec![1; key], Some(vec![0; value]))],
    };
    for wrong in [commit(KEY_OCTETS_MAX + 1, 1), commit(0, 1), commit(1, VALUE_OCTETS_MAX + 1)] {
        assert!(matches!(engine.commit(wrong).await, Err(EngineError::Io(_))));
    }
    assert!(matches!(engine.get(&[1; KEY_OCTETS_MAX + 1]).await, Err(EngineError::Io(_))));
    assert_eq!(engine.get(b"ok").await.unwrap(), None);
    at(&engine, commit(KEY_OCTETS_MAX, 1)).await;
    assert_eq!(engine.scan(&[1], &[2], 9).await.unwrap().len(), 1);
    let beyond = [1; KEY_OCTETS_MAX + 1];
    assert_eq!(engine.scan(&beyond, &[2], 9).await.unwrap().len(), 0, "a bound may be longer than any key");
}

async fn watchers_hear_of_commits(house: House) {
    let engine = house.open();
    let mut watch = engine.watch();
    let version = at(&engine, write(&[("a", Some("1"))])).await;
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), version);
    assert_eq!(engine.commit(expecting(&[("a", 0)], &[("a", None)])).await.unwrap(), Committed::SeenHasMoved);
    assert!(!watch.has_changed().unwrap(), "a refused commit is none");
}

async fn what_was_committed_is_there_when_opened_again(house: House) {
    let engine = house.open();
    let first = at(&engine, write(&[("a", Some("1")), ("b", Some("1"))])).await;
    let second = at(&engine, write(&[("b", None), ("c", Some("2"))])).await;
    drop(engine);
    let engine = house.open();
    let entries = engine.scan(b"a", b"z", 9).await.unwrap();
    let expected = [("a", "1", first), ("c", "2", second)].map(|(key, value, version)| Entry {
        key: key.into(),
        value: value.into(),
        version,
    });
    assert_eq!(entries, expected);
    assert_eq!(engine.commit(expecting(&[("a", first)], &[])).await.unwrap(), Committed::At(second));
}

async fn concurrent_increments_lose_nothing(house: House) {
    const TASKS: u64 = 16;
    const EACH: u64 = 12;
    let engine = house.open();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            for _ in 0..EACH {
                loop {
                    let seen = engine.get(b"count").await.unwrap();
                    let (count, version) = seen.map_or((0, 0), |row| {
                        (u64::from_be_bytes(row.value.try_into().unwrap()), row.version)
                    });
                    let commit = Commit {
                        expect: vec![(b"count".to_vec(), version)],
                        write: vec![(b"count".to_vec(), Some((count + 1).to_be_bytes().to_vec()))],
                    };
                    if let Committed::At(at) = engine.commit(commit).await.unwrap() {
                        assert!(at > version);
                        break;
                    }
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let count = engine.get(b"count").await.unwrap().unwrap();
    assert_eq!(count.value, (TASKS * EACH).to_be_bytes());
    assert_eq!(count.version, TASKS * EACH);
}

async fn a_scan_is_one_moment(house: House) {
    const KEYS: u32 = 60;
    let engine = house.open();
    let commit = |round: u32| Commit {
        expect: vec![],
        write: (0..KEYS)
            .map(|key| {
                (key.to_be_bytes().to_vec(), Some(vec![round as u8; if key % 9 == 0 { 5_000 } else { 5 }]))
            })
            .collect(),
    };
    at(&engine, commit(0)).await;
    let done = Arc::new(AtomicBool::new(false));
    let (writer, told) = (Arc::clone(&engine), Arc::clone(&done));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut round = 0;
        while !told.load(Ordering::Relaxed) {
            round += 1;
            at(&writer, commit(round)).await;
            tokio::task::yield_now().await;
        }
    });
    let mut moments = std::collections::BTreeSet::new();
    for scan in 0.. {
        if scan > 40 && moments.len() > 20 {
            break;
        }
        let limit = if scan % 2 == 0 { usize::MAX } else { 30 };
        let entries = engine.scan(&[0], &KEYS.to_be_bytes(), limit).await.unwrap();
        assert_eq!(entries.len(), limit.min(KEYS as usize));
        let first = &entries[0];
        moments.insert(first.version);
        for entry in &entries {
            assert_eq!((entry.version, entry.value[0]), (first.version, first.value[0]));
            assert!(entry.value.iter().all(|octet| *octet == first.value[0]));
        }
    }
    done.store(true, Ordering::Relaxed);
    tasks.join_next().await.unwrap().unwrap();
}

async fn a_refused_commit_does_not_take_its_group_along(house: House) {
    let engine = house.open();
    at(&engine, write(&[("taken", Some("x"))])).await;
    let mut tasks = JoinSet::new();
    for task in 0..48_u32 {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            let key = format!("k{task}");
            let seen = if task % 3 == 0 { [("taken", 999)] } else { [("free", 0)] };
            let committed = engine.commit(expecting(&seen, &[(&key, Some("x"))])).await.unwrap();
            assert_eq!(committed == Committed::SeenHasMoved, task % 3 == 0);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(keys(&engine, "k", "l", usize::MAX).await.len(), 32);
}

/// A commit in terms of few keys, so that they meet.
#[derive(Clone, Debug)]
struct Step {
    expect: Vec<(u8, Seen)>,
    write: Vec<(u8, Option<usize>)>,
}

#[derive(Clone, Copy, Debug)]
enum Seen {
    Now,
    Nothing,
    Wrong(Version),
}

fn step() -> impl Strategy<Value = Step> {
    let seen = prop_oneof![
        6 => Just(Seen::Now),
        1 => Just(Seen::Nothing),
        1 => (0_u64..40).prop_map(Seen::Wrong),
    ];
    let length = prop_oneof![8 => 0_usize..40, 1 => 4_000_usize..4_200, 1 => 8_000_usize..20_000];
    let value = prop_oneof![1 => Just(None), 3 => length.prop_map(Some)];
    (proptest::collection::vec((0_u8..6, seen), 0..3), proptest::collection::btree_map(0_u8..6, value, 0..4))
        .prop_map(|(expect, write)| Step { expect, write: write.into_iter().collect() })
}

fn key(number: u8) -> Vec<u8> {
    // Some are beginnings of others, and one holds octets that sort at the edges.
    [&b"k"[..], b"k\0", b"kk", b"k\xFF", b"\xFF\xFF", b"\0"][usize::from(number)].to_vec()
}

async fn as_commit(step: &Step, model: &MemoryEngine) -> Commit {
    let mut commit = Commit::default();
    for (number, seen) in &step.expect {
        let version = match seen {
            Seen::Now => model.get(&key(*number)).await.unwrap().map_or(0, |row| row.version),
            Seen::Nothing => 0,
            Seen::Wrong(version) => *version,
        };
        commit.expect.push((key(*number), version));
    }
    for (number, octets) in &step.write {
        let value = octets.map(|octets| (0..octets).map(|i| (i + octets) as u8).collect());
        commit.write.push((key(*number), value));
    }
    commit
}

/// Groups of three commits that wait together, now and then opening anew, beside the same in the model.
async fn each_does_what_the_model_does(house: House) {
    let cases = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let groups = proptest::collection::vec(([step(), step(), step()], proptest::bool::weighted(0.1)), 1..12);
    let choice = house.choice;
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        TestRunner::new(cases)
            .run(&groups, |groups| {
                let house = House::new(choice);
                runtime.block_on(compare(&house, &groups));
                Ok(())
            })
            .unwrap();
    })
    .await
    .unwrap();
}

async fn compare(house: &House, groups: &[([Step; 3], bool)]) {
    let model = MemoryEngine::new();
    let mut engine = house.open();
    for (steps, reopens) in groups {
        let commits = [
            as_commit(&steps[0], &model).await,
            as_commit(&steps[1], &model).await,
            as_commit(&steps[2], &model).await,
        ];
        let mut expected = Vec::new();
        for commit in &commits {
            expected.push(model.commit(commit.clone()).await.unwrap());
        }
        let [first, second, third] = commits;
        let (first, second, third) =
            tokio::join!(engine.commit(first), engine.commit(second), engine.commit(third));
        assert_eq!([first.unwrap(), second.unwrap(), third.unwrap()], expected[..]);
        if *reopens {
            drop(engine);
            engine = house.open();
        }
        let everything: (&[u8], &[u8]) = (&[0], &[0xFF, 0xFF, 0xFF]);
        assert_eq!(
            engine.scan(everything.0, everything.1, usize::MAX).await.unwrap(),
            model.scan(everything.0, everything.1, usize::MAX).await.unwrap()
        );
        for number in 0..6 {
            assert_eq!(engine.get(&key(number)).await.unwrap(), model.get(&key(number)).await.unwrap());
        }
        assert_eq!(*engine.watch().borrow(), *model.watch().borrow());
    }
}

#[tokio::test]
async fn a_store_is_opened_once() {
    for choice in [EngineChoice::Redb, EngineChoice::Sled] {
        let house = House::new(choice);
        let engine = house.open();
        let second = choice.open(house.folder.path(), CACHE_OCTETS);
        assert!(matches!(second.err(), Some(EngineError::InUse(_))), "{choice}");
        at(&engine, write(&[("a", Some("1"))])).await;
        drop(engine);
        assert!(house.open().get(b"a").await.unwrap().is_some(), "{choice}");
    }
}

#[test]
fn engines_are_chosen_by_name() {
    for choice in EngineChoice::ALL {
        assert_eq!(choice.name().parse(), Ok(choice));
    }
    assert!("sqlite".parse::<EngineChoice>().unwrap_err().contains("sqlite"));
}
