//! Killed at any moment: what was acknowledged is there, and nothing half (specification 7.4).
//!
//! A child process (this program again) commits numbered groups in several lanes at once and tells each
//! acknowledgement on its standard output, until it is killed. `KALENDS_KILL_ROUNDS` raises the number of rounds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::engine::{Commit, Committed, Engine, Version};
use tokio::task::JoinSet;

const LANES: u8 = 6;
const ROUNDS: u32 = 20;

/// Keys of a lane that each commit overwrites.
const SLOTS: u64 = 7;

fn open(choice: EngineChoice, folder: &Path) -> Arc<dyn Engine> {
    choice.open(folder, CACHE_OCTETS).unwrap()
}

fn number_of(octets: &[u8]) -> u64 {
    u64::from_be_bytes(octets[..8].try_into().unwrap())
}

/// What commit `number` of a lane writes under its slot: short, or in several pieces.
fn content(lane: u8, number: u64) -> Vec<u8> {
    let octets = if number.is_multiple_of(5) { 9_000 + number as usize % 4_000 } else { 40 };
    let mut content = number.to_be_bytes().to_vec();
    content.extend((0..octets).map(|i| (i as u64 * 13 + number + u64::from(lane)) as u8));
    content
}

fn group(lane: u8, number: u64, seen: Version) -> Commit {
    let slot = (number % SLOTS) as u8;
    let gone = ((number + 1) % SLOTS) as u8;
    Commit {
        expect: vec![(vec![b'n', lane], seen)],
        write: vec![
            (vec![b'n', lane], Some(number.to_be_bytes().to_vec())),
            (vec![b's', lane, slot], Some(content(lane, number))),
            (vec![b's', lane, gone], None),
            ([&[b'e', lane][..], &number.to_be_bytes()].concat(), Some(number.to_be_bytes().to_vec())),
        ],
    }
}

async fn run_lane(engine: Arc<dyn Engine>, lane: u8) {
    let row = engine.get(&[b'n', lane]).await.unwrap();
    let (mut number, mut seen) = row.map_or((0, 0), |row| (number_of(&row.value), row.version));
    loop {
        number += 1;
        match engine.commit(group(lane, number, seen)).await.unwrap() {
            Committed::At(version) => seen = version,
            Committed::SeenHasMoved => panic!("a lane has one writer"),
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {lane} {number} {seen}").unwrap();
        out.flush().unwrap();
    }
}

/// Not a test by itself: what the child runs.
#[test]
#[ignore = "run by the other tests, as the process that is killed"]
fn child() {
    let (Some(choice), Some(folder)) =
        (env::var_os("KALENDS_KILL_ENGINE"), env::var_os("KALENDS_KILL_FOLDER"))
    else {
        return;
    };
    let engine = open(choice.to_str().unwrap().parse().unwrap(), Path::new(&folder));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let mut lanes = JoinSet::new();
        for lane in 0..LANES {
            lanes.spawn(run_lane(Arc::clone(&engine), lane));
        }
        lanes.join_next().await.unwrap().unwrap();
    });
}

fn start(choice: EngineChoice, folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture", "--quiet"])
        .env("KALENDS_KILL_ENGINE", choice.name())
        .env("KALENDS_KILL_FOLDER", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Runs the child until it has acknowledged something and `pause` has passed; the newest (number, version) of each
/// lane that it told.
fn run_and_kill(choice: EngineChoice, folder: &Path, pause: Duration) -> BTreeMap<u8, (u64, Version)> {
    let mut child = start(choice, folder);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut told = BTreeMap::new();
    let mut hear = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["acknowledged", lane, number, version] = words[..] {
            told.insert(lane.parse().unwrap(), (number.parse().unwrap(), version.parse().unwrap()));
        }
    };
    let first = lines.by_ref().find(|line| line.starts_with("acknowledged")).expect("the child commits");
    hear(&first);
    std::thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    let rest: Vec<String> = lines.collect();
    // The last line may have been cut by the kill, and then is no acknowledgement that anybody heard.
    for line in &rest {
        if line.split(' ').count() == 4 && line.split(' ').all(|word| !word.is_empty()) {
            hear(line);
        }
    }
    told
}

async fn verify(engine: &Arc<dyn Engine>, told: &BTreeMap<u8, (u64, Version)>) {
    let newest = *engine.watch().borrow();
    for lane in 0..LANES {
        let row = engine.get(&[b'n', lane]).await.unwrap();
        let (number, version) = row.map_or((0, 0), |row| (number_of(&row.value), row.version));
        let (acknowledged, at) = told.get(&lane).copied().unwrap_or_default();
        assert!(number >= acknowledged, "lane {lane}: {acknowledged} was acknowledged, {number} is there");
        assert!(number != acknowledged || version == at);
        assert!(version <= newest);
        let entries = engine.scan(&[b'e', lane], &[b'e', lane + 1], usize::MAX).await.unwrap();
        let numbers: Vec<u64> = entries.iter().map(|entry| number_of(&entry.value)).collect();
        assert_eq!(numbers, (1..=number).collect::<Vec<_>>(), "lane {lane}: whole commits only");
        assert!(entries.is_sorted_by_key(|entry| entry.version));
        assert!(entries.last().is_none_or(|entry| entry.version == version));
        let slots = engine.scan(&[b's', lane], &[b's', lane + 1], usize::MAX).await.unwrap();
        let expected: BTreeMap<u64, u64> = (number.saturating_sub(SLOTS - 2).max(1)..=number)
            .map(|number| (number % SLOTS, number))
            .collect();
        assert_eq!(slots.len(), expected.len(), "lane {lane} at {number}");
        for slot in slots {
            let number = expected[&u64::from(slot.key[2])];
            assert!(slot.value == content(lane, number), "lane {lane}: the octets of {number}");
        }
    }
}

fn survives(choice: EngineChoice) {
    let rounds = env::var_os("KALENDS_KILL_ROUNDS")
        .map_or(ROUNDS, |rounds| rounds.to_str().unwrap().parse().expect("a number of rounds"));
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let pause = Duration::from_micros(u64::from(round) * 7_919 % 90_000);
        let told = run_and_kill(choice, folder.path(), pause);
        acknowledged = told.values().map(|(number, _)| number).sum();
        let engine = open(choice, folder.path());
        runtime.block_on(verify(&engine, &told));
    }
    assert!(acknowledged > u64::from(rounds), "the child came to commit");
}

#[test]
fn redb_survives_kills() {
    survives(EngineChoice::Redb);
}

#[test]
fn sled_survives_kills() {
    survives(EngineChoice::Sled);
}
